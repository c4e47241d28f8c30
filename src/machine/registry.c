/* src/machine/registry.c: what the registry begins with: facts of this machine.
 *
 * Written by tables of rows (path, name, what), in which texts and numbers that only the running
 * machine knows are filled in. It is written when somebody first looks at the registry (cm_ready),
 * or at boot when the machine has the system's processes. Nothing here describes what the machine
 * does not have; SAM and SECURITY are not there, since there are no accounts to log on to.
 *
 * Source: Windows Internals 6, part 1, ch. 4 "The Registry"; the documented values of Session
 * Manager, Windows NT\CurrentVersion and CentralProcessor.
 */
#include "machine/registry.h"

#include <cpuid.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cm/cm.h"
#include "machine/command_line.h"
#include "se/se.h"

#define MACHINE_KEY "\\REGISTRY\\MACHINE\\"
#define SYSTEM_KEY MACHINE_KEY "SYSTEM\\"
#define CONTROL_KEY SYSTEM_KEY "ControlSet001\\Control\\"
#define MEMORY_KEY CONTROL_KEY "Session Manager\\Memory Management"
#define VERSION_KEY MACHINE_KEY "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"
#define PROCESSOR_KEY MACHINE_KEY "HARDWARE\\DESCRIPTION\\System\\CentralProcessor"
#define USER_KEY "\\REGISTRY\\USER\\"
#define USER_NAME "user"

struct text_row {
    const char *path, *name;
    ULONG type;
    const char *text;
};

static const struct text_row texts[] = {
    {CONTROL_KEY "ComputerName\\ComputerName", "ComputerName", REG_SZ, MACHINE_COMPUTER_NAME},
    {CONTROL_KEY "ComputerName\\ActiveComputerName", "ComputerName", REG_SZ, MACHINE_COMPUTER_NAME},
    {CONTROL_KEY "ProductOptions", "ProductType", REG_SZ, "WinNT"},
    {CONTROL_KEY "Session Manager\\Environment", "ComSpec", REG_EXPAND_SZ,
     "%SystemRoot%\\system32\\cmd.exe"},
    {CONTROL_KEY "Session Manager\\Environment", "OS", REG_SZ, "Windows_NT"},
    {CONTROL_KEY "Session Manager\\Environment", "Path", REG_EXPAND_SZ,
     "%SystemRoot%\\system32;%SystemRoot%"},
    {CONTROL_KEY "Session Manager\\Environment", "PATHEXT", REG_SZ, ".COM;.EXE;.BAT;.CMD"},
    {CONTROL_KEY "Session Manager\\Environment", "PROCESSOR_ARCHITECTURE", REG_SZ, "AMD64"},
    {CONTROL_KEY "Session Manager\\Environment", "windir", REG_EXPAND_SZ, "%SystemRoot%"},
    {VERSION_KEY, "BuildLab", REG_SZ, "7601.win7sp1_rtm.101119-1850"},
    {VERSION_KEY, "BuildLabEx", REG_SZ, "7601.17514.amd64fre.win7sp1_rtm.101119-1850"},
    {VERSION_KEY, "CSDVersion", REG_SZ, "Service Pack 1"},
    {VERSION_KEY, "CurrentBuild", REG_SZ, "7601"},
    {VERSION_KEY, "CurrentBuildNumber", REG_SZ, "7601"},
    {VERSION_KEY, "CurrentType", REG_SZ, "Multiprocessor Free"},
    {VERSION_KEY, "CurrentVersion", REG_SZ, "6.1"},
    {VERSION_KEY, "InstallationType", REG_SZ, "Client"},
    {VERSION_KEY, "PathName", REG_SZ, "C:\\Windows"},
    {VERSION_KEY, "ProductName", REG_SZ, "Windows 7"},
    {VERSION_KEY, "RegisteredOwner", REG_SZ, USER_NAME},
    {VERSION_KEY, "SoftwareType", REG_SZ, "System"},
    {VERSION_KEY, "SystemRoot", REG_SZ, "C:\\Windows"},
};

struct number_row {
    const char *path, *name;
    ULONG number;
};

static const struct number_row numbers[] = {
    {SYSTEM_KEY "Select", "Current", 1},         {SYSTEM_KEY "Select", "Default", 1},
    {SYSTEM_KEY "Select", "Failed", 0},          {SYSTEM_KEY "Select", "LastKnownGood", 1},
    {MEMORY_KEY, "ClearPageFileAtShutdown", 0},  {MEMORY_KEY, "LargeSystemCache", 0},
    {MEMORY_KEY, "PhysicalAddressExtension", 1},
};

#define PAGING_FILE_TEXT (MM_PAGING_NAME_MOST + 64) /* characters */

/* `text` and its end, at `used` of `to`. => where the next one goes */
static size_t append(WCHAR *to, size_t used, const char *text)
{
    do {
        to[used++] = (unsigned char)*text;
    } while (*text++);
    return used;
}

/* The paging files there are: their NT names, and how they were asked for: Win32 name, minimum and
 * maximum in MB. Source: "PagingFiles", "ExistingPageFiles", documentation of Session Manager. */
static NTSTATUS fill_paging_files(struct ntmm_machine *m, struct cm *cm)
{
    const size_t prefix = 4; /* \??\ of NT names */
    const size_t most = NTMM_PAGEFILES * PAGING_FILE_TEXT + 1;
    WCHAR *asked = calloc(2 * most, sizeof *asked), *existing = asked + most;
    size_t asked_used = 0, existing_used = 0;
    struct mm_paging_file file;
    char sizes[64];
    if (!asked) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    for (unsigned i = 0; i < NTMM_PAGEFILES && mm_query_paging_file(m->mm, i, &file); i++) {
        size_t skipped = file.name_length > prefix ? prefix : 0;
        memcpy(existing + existing_used, file.name, file.name_length * sizeof(WCHAR));
        existing_used = append(existing, existing_used + file.name_length, "");
        memcpy(asked + asked_used, file.name + skipped,
               (file.name_length - skipped) * sizeof(WCHAR));
        snprintf(sizes, sizeof sizes, " %llu %llu", (unsigned long long)(file.minimum >> 8),
                 (unsigned long long)(file.maximum >> 8));
        asked_used = append(asked, asked_used + file.name_length - skipped, sizes);
    }
    NTSTATUS status = cm_boot_value(cm, MEMORY_KEY, "PagingFiles", REG_MULTI_SZ, asked,
                                    (asked_used + 1) * sizeof(WCHAR));
    if (NT_SUCCESS(status)) {
        status = cm_boot_value(cm, MEMORY_KEY, "ExistingPageFiles", REG_MULTI_SZ, existing,
                               (existing_used + 1) * sizeof(WCHAR));
    }
    free(asked);
    return status;
}

/* What the memory manager was started with. Pools are as large as mm has made their regions. */
static NTSTATUS fill_memory(struct ntmm_machine *m, struct cm *cm)
{
    const struct nt_globals *nt = &m->ke.nt;
    NTSTATUS status = fill_paging_files(m, cm);
    if (NT_SUCCESS(status)) {
        status = cm_boot_value(cm, MEMORY_KEY, "PagedPoolSize", REG_QWORD,
                               nt->MmSizeOfPagedPoolInBytes, sizeof(ULONG64));
    }
    if (NT_SUCCESS(status)) {
        status = cm_boot_value(cm, MEMORY_KEY, "NonPagedPoolSize", REG_QWORD,
                               nt->MmMaximumNonPagedPoolInBytes, sizeof(ULONG64));
    }
    return status;
}

/* ---- processors ---- */

struct processor_names {
    char vendor[13], brand[49], identifier[64];
};

/* Source: the CPUID instruction; the form of Identifier as tools show it. */
static void name_processor(struct processor_names *names)
{
    unsigned r[4];
    memset(names, 0, sizeof *names);
    __cpuid(0, r[0], r[1], r[2], r[3]);
    memcpy(names->vendor, &r[1], 4);
    memcpy(names->vendor + 4, &r[3], 4);
    memcpy(names->vendor + 8, &r[2], 4);
    for (unsigned i = 0; i < 3; i++) {
        if (__get_cpuid(0x80000002 + i, &r[0], &r[1], &r[2], &r[3])) {
            memcpy(names->brand + 16 * i, r, 16);
        }
    }
    __cpuid(1, r[0], r[1], r[2], r[3]);
    unsigned family = r[0] >> 8 & 0xF, model = r[0] >> 4 & 0xF, stepping = r[0] & 0xF;
    if (family == 6 || family == 15) {
        model |= (r[0] >> 16 & 0xF) << 4;
    }
    family += family == 15 ? r[0] >> 20 & 0xFF : 0;
    bool intel = !strcmp(names->vendor, "GenuineIntel");
    snprintf(names->identifier, sizeof names->identifier, "%s Family %u Model %u Stepping %u",
             intel ? "Intel64" : "AMD64", family, model, stepping);
}

static NTSTATUS fill_processors(struct ntmm_machine *m, struct cm *cm)
{
    struct processor_names names;
    name_processor(&names);
    const char *brand = names.brand + strspn(names.brand, " ");
    NTSTATUS status = STATUS_SUCCESS;
    for (unsigned i = 0; NT_SUCCESS(status) && i < m->cpu_count; i++) {
        char path[sizeof PROCESSOR_KEY + 12];
        snprintf(path, sizeof path, PROCESSOR_KEY "\\%u", i);
        status = cm_boot_text(cm, path, "Identifier", REG_SZ, names.identifier);
        if (NT_SUCCESS(status)) {
            status = cm_boot_text(cm, path, "ProcessorNameString", REG_SZ, brand);
        }
        if (NT_SUCCESS(status)) {
            status = cm_boot_text(cm, path, "VendorIdentifier", REG_SZ, names.vendor);
        }
    }
    char count[12];
    snprintf(count, sizeof count, "%u", m->cpu_count);
    return NT_SUCCESS(status) ? cm_boot_text(cm, CONTROL_KEY "Session Manager\\Environment",
                                             "NUMBER_OF_PROCESSORS", REG_SZ, count)
                              : status;
}

/* ---- users ---- */

/* "S-1-5-21-..." of who sits in front of the machine, as his tokens say. */
static NTSTATUS user_sid(struct ntmm_machine *m, char *text, size_t size)
{
    TOKEN *token;
    NTSTATUS status = se_create_token(&m->ps.se, SE_USER, 1, &token);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    const SID_AND_ATTRIBUTES *user = k2h(&m->ke.ks, token->UserAndGroups);
    const SID *sid = kspace_host(&m->ke.ks, user->Sid.va);
    size_t length =
        (size_t)snprintf(text, size, "S-%u-%u", sid->Revision, sid->IdentifierAuthority.Value[5]);
    for (unsigned i = 0; i < sid->SubAuthorityCount && length < size; i++) {
        const ULONG *part =
            (const ULONG *)(const void *)((const char *)sid + offsetof(SID, SubAuthority));
        length += (size_t)snprintf(text + length, size - length, "-%u", part[i]);
    }
    ob_dereference_object(m->ob, token);
    return STATUS_SUCCESS;
}

/* Hives of the user and of the system's accounts. LocalSystem's is another name for .DEFAULT. */
static NTSTATUS fill_users(struct ntmm_machine *m, struct cm *cm)
{
    char sid[96], path[160];
    NTSTATUS status = user_sid(m, sid, sizeof sid);
    if (NT_SUCCESS(status)) {
        status = cm_boot_hive(cm, USER_KEY ".DEFAULT", CM_HIVE_STABLE);
    }
    if (NT_SUCCESS(status)) {
        status = cm_boot_link(cm, USER_KEY "S-1-5-18", USER_KEY ".DEFAULT");
    }
    snprintf(path, sizeof path, USER_KEY "%s", sid);
    if (NT_SUCCESS(status)) {
        status = cm_boot_hive(cm, path, CM_HIVE_STABLE);
    }
    static const char *const keys[] = {USER_KEY ".DEFAULT\\Software", USER_KEY "%s\\Software"};
    for (size_t i = 0; NT_SUCCESS(status) && i < sizeof keys / sizeof *keys; i++) {
        snprintf(path, sizeof path, keys[i], sid);
        status = cm_boot_value(cm, path, NULL, REG_NONE, NULL, 0);
    }
    snprintf(path, sizeof path, USER_KEY "%s\\Environment", sid);
    if (NT_SUCCESS(status)) {
        status = cm_boot_text(cm, path, "TEMP", REG_EXPAND_SZ, "C:\\Temp");
    }
    return NT_SUCCESS(status) ? cm_boot_text(cm, path, "TMP", REG_EXPAND_SZ, "C:\\Temp") : status;
}

/* ---- all of it ---- */

static NTSTATUS create_hives(struct cm *cm)
{
    NTSTATUS status = cm_boot_hive(cm, MACHINE_KEY "SYSTEM", CM_HIVE_STABLE);
    if (NT_SUCCESS(status)) {
        status = cm_boot_hive(cm, MACHINE_KEY "HARDWARE", CM_HIVE_VOLATILE);
    }
    if (NT_SUCCESS(status)) {
        status = cm_boot_hive(cm, MACHINE_KEY "SOFTWARE", CM_HIVE_STABLE);
    }
    return status;
}

static NTSTATUS fill_tables(struct cm *cm)
{
    NTSTATUS status = STATUS_SUCCESS;
    for (size_t i = 0; NT_SUCCESS(status) && i < sizeof texts / sizeof *texts; i++) {
        status = cm_boot_text(cm, texts[i].path, texts[i].name, texts[i].type, texts[i].text);
    }
    for (size_t i = 0; NT_SUCCESS(status) && i < sizeof numbers / sizeof *numbers; i++) {
        status = cm_boot_number(cm, numbers[i].path, numbers[i].name, numbers[i].number);
    }
    return status;
}

static NTSTATUS fill(void *owner, struct cm *cm)
{
    struct ntmm_machine *m = owner;
    NTSTATUS status = create_hives(cm);
    if (NT_SUCCESS(status)) {
        status = fill_tables(cm);
    }
    if (NT_SUCCESS(status)) {
        status = cm_boot_link(cm, SYSTEM_KEY "CurrentControlSet", SYSTEM_KEY "ControlSet001");
    }
    if (NT_SUCCESS(status)) {
        status = fill_memory(m, cm);
    }
    if (NT_SUCCESS(status)) {
        status = fill_processors(m, cm);
    }
    if (NT_SUCCESS(status)) {
        status = registry_fill_services(cm);
    }
    return NT_SUCCESS(status) ? fill_users(m, cm) : status;
}

NTSTATUS registry_create(struct ntmm_machine *m)
{
    const struct cm_config config = {.ob = m->ob, .fill = fill, .owner = m};
    return cm_create(&config, &m->cm);
}
