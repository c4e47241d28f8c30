/* src/machine/registry_services.c: SYSTEM\CurrentControlSet\Services and the groups of svchost.
 *
 * A row is a driver of io or a service that one of the system's processes stands for
 * (machine/system.c): services.exe builds its database from these keys and finds the process of a
 * service by its ImagePath, so a row's command line is that of a row there. Processes are small
 * programs of ours that only wait; so are the services in them.
 * Source: the documented values of a service's key; names and groups as on Windows 7.
 */
#include "machine/registry.h"

#include <stdio.h>

#include "cm/cm.h"

#define SERVICES_KEY "\\REGISTRY\\MACHINE\\SYSTEM\\ControlSet001\\Services\\"
#define SVCHOST_KEY "\\REGISTRY\\MACHINE\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\SvcHost"
#define SVCHOST "%SystemRoot%\\system32\\svchost.exe -k "

/* Values of Type, Start and ErrorControl. Source: CreateService, documentation. */
enum { KERNEL_DRIVER = 1, FILE_SYSTEM_DRIVER = 2, SHARE_PROCESS = 0x20 };
enum { BOOT_START = 0, SYSTEM_START = 1, AUTO_START = 2 };
enum { ERROR_NORMAL = 1 };

static const struct service {
    const char *name, *display;
    ULONG type, start;
    const char *group;   /* of svchost; NULL: not in one */
    const char *image;   /* NULL: svchost's */
    const char *account; /* drivers: NULL */
} services[] = {
    {"Console", "Console", KERNEL_DRIVER, SYSTEM_START, NULL, NULL, NULL},
    {"Null", "Null", KERNEL_DRIVER, SYSTEM_START, NULL, NULL, NULL},
    {"Ntfs", "Ntfs", FILE_SYSTEM_DRIVER, BOOT_START, NULL, NULL, NULL},
    {"CryptSvc", "Cryptographic Services", SHARE_PROCESS, AUTO_START, "NetworkService", NULL,
     "NT Authority\\NetworkService"},
    {"DcomLaunch", "DCOM Server Process Launcher", SHARE_PROCESS, AUTO_START, "DcomLaunch", NULL,
     "LocalSystem"},
    {"EventLog", "Windows Event Log", SHARE_PROCESS, AUTO_START, "LocalServiceNetworkRestricted",
     NULL, "NT AUTHORITY\\LocalService"},
    {"EventSystem", "COM+ Event System", SHARE_PROCESS, AUTO_START, "LocalService", NULL,
     "NT AUTHORITY\\LocalService"},
    {"PlugPlay", "Plug and Play", SHARE_PROCESS, AUTO_START, "DcomLaunch", NULL, "LocalSystem"},
    {"RpcSs", "Remote Procedure Call (RPC)", SHARE_PROCESS, AUTO_START, "RPCSS", NULL,
     "NT AUTHORITY\\NetworkService"},
    {"SamSs", "Security Accounts Manager", SHARE_PROCESS, AUTO_START, NULL,
     "%SystemRoot%\\system32\\lsass.exe", "LocalSystem"},
    {"Schedule", "Task Scheduler", SHARE_PROCESS, AUTO_START, "netsvcs", NULL, "LocalSystem"},
    {"SysMain", "Superfetch", SHARE_PROCESS, AUTO_START, "LocalSystemNetworkRestricted", NULL,
     "LocalSystem"},
};

static const char *const groups[][2] = {
    {"DcomLaunch", "DcomLaunch\nPlugPlay\n"},
    {"LocalService", "EventSystem\n"},
    {"LocalServiceNetworkRestricted", "EventLog\n"},
    {"LocalSystemNetworkRestricted", "SysMain\n"},
    {"NetworkService", "CryptSvc\n"},
    {"RPCSS", "RpcSs\n"},
    {"netsvcs", "Schedule\n"},
};

static NTSTATUS fill_service(struct cm *cm, const struct service *service)
{
    char path[160], image[120];
    snprintf(path, sizeof path, SERVICES_KEY "%s", service->name);
    snprintf(image, sizeof image, "%s%s", service->group ? SVCHOST : "",
             service->group   ? service->group
             : service->image ? service->image
                              : "");
    const struct {
        const char *name;
        ULONG number;
    } numbers[] = {
        {"Type", service->type}, {"Start", service->start}, {"ErrorControl", ERROR_NORMAL}};
    NTSTATUS status = cm_boot_text(cm, path, "DisplayName", REG_SZ, service->display);
    for (size_t i = 0; NT_SUCCESS(status) && i < sizeof numbers / sizeof *numbers; i++) {
        status = cm_boot_number(cm, path, numbers[i].name, numbers[i].number);
    }
    if (NT_SUCCESS(status) && *image) {
        status = cm_boot_text(cm, path, "ImagePath", REG_EXPAND_SZ, image);
    }
    if (NT_SUCCESS(status) && service->account) {
        status = cm_boot_text(cm, path, "ObjectName", REG_SZ, service->account);
    }
    return status;
}

NTSTATUS registry_fill_services(struct cm *cm)
{
    NTSTATUS status = STATUS_SUCCESS;
    for (size_t i = 0; NT_SUCCESS(status) && i < sizeof services / sizeof *services; i++) {
        status = fill_service(cm, &services[i]);
    }
    for (size_t i = 0; NT_SUCCESS(status) && i < sizeof groups / sizeof *groups; i++) {
        status = cm_boot_text(cm, SVCHOST_KEY, groups[i][0], REG_MULTI_SZ, groups[i][1]);
    }
    return status;
}
