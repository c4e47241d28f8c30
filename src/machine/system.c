/* src/machine/system.c: the processes that Windows 7 has after boot.
 *
 * They are small programs of ours (guest/system) under Windows' names, command lines, sessions and
 * base priorities, in the order in which Windows starts them, so that client ids tell the same
 * story. The session manager's copies, which start a session's processes and end, and userinit.exe
 * are left out: who would be their child is the child of the one that started them.
 *
 *      System ── smss ─┬─ csrss (0)
 *                      ├─ wininit (0) ─┬─ services ── svchost -k ...
 *                      │               ├─ lsass
 *                      │               └─ lsm
 *                      ├─ csrss (1)
 *                      └─ winlogon (1) ── explorer
 *
 * Each runs until all of its threads wait for good; after that they cost nothing. They begin side
 * by side while the programs of the user are made, and those start when the last of them has
 * settled (system_settle). They belong to nobody's run: what the user started decides when the
 * machine has come to its end.
 *
 * Source: Windows Internals 6, part 1, ch. 2 "System processes" and part 2, ch. 13 "Smss, Csrss,
 * and Wininit"; command lines as tools list them on Windows 7.
 */
#include "machine/system.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "machine/boot.h"
#include "machine/command_line.h"
#include "machine/launch.h"

enum {
    SYSTEM,
    SMSS,
    CSRSS_0,
    WININIT,
    CSRSS_1,
    WINLOGON,
    SERVICES,
    LSASS,
    LSM,
    HOST_DCOM,
    HOST_RPC,
    HOST_NETWORK_RESTRICTED,
    HOST_SYSTEM_RESTRICTED,
    HOST_LOCAL,
    HOST_NETSVCS,
    HOST_NETWORK,
    SHELL,
    PROGRAM_COUNT
};

#define VOLUME_WINDOWS "\\Device\\HarddiskVolume1\\Windows\\"
#define IN_SYSTEM32(name) .file = "System32\\" name, .path = "C:\\Windows\\system32\\" name
#define CSRSS                                                                                      \
    IN_SYSTEM32("csrss.exe"),                                                                      \
        .command_line = "%SystemRoot%\\system32\\csrss.exe ObjectDirectory=\\Windows "             \
                        "SharedSection=1024,20480,768 Windows=On SubSystemType=Windows "           \
                        "ServerDll=basesrv,1 ServerDll=winsrv:UserServerDllInitialization,3 "      \
                        "ServerDll=winsrv:ConServerDllInitialization,2 ServerDll=sxssrv,4 "        \
                        "ProfileControl=Off MaxRequestThreads=16",                                 \
        .parent = SMSS, .priority = 13, .critical = true, .identity = SE_SYSTEM
#define SVCHOST(group, as)                                                                         \
    {                                                                                              \
        IN_SYSTEM32("svchost.exe"),                                                                \
            .command_line = "C:\\Windows\\system32\\svchost.exe -k " group, .parent = SERVICES,    \
            .priority = 8, .identity = as                                                          \
    }

static const struct system_program {
    const char *file;         /* below C:\Windows */
    const char *path;         /* as the process is told */
    const char *command_line; /* NULL: the path */
    unsigned parent;          /* SYSTEM, or the row above whose process it is a child of */
    unsigned session;
    int priority;
    bool critical; /* Windows stops when it ends */
    enum se_identity identity;
} programs[PROGRAM_COUNT] = {
    [SMSS] = {.file = "System32\\smss.exe",
              .path = "\\SystemRoot\\System32\\smss.exe",
              .parent = SYSTEM,
              .session = PS_NO_SESSION,
              .priority = 11,
              .critical = true,
              .identity = SE_SYSTEM},
    [CSRSS_0] = {CSRSS},
    [WININIT] = {IN_SYSTEM32("wininit.exe"), .command_line = "wininit.exe", .parent = SMSS,
                 .priority = 13, .identity = SE_SYSTEM},
    [CSRSS_1] = {CSRSS, .session = 1},
    [WINLOGON] = {IN_SYSTEM32("winlogon.exe"), .command_line = "winlogon.exe", .parent = SMSS,
                  .session = 1, .priority = 13, .identity = SE_SYSTEM},
    [SERVICES] = {IN_SYSTEM32("services.exe"), .parent = WININIT, .priority = 9, .critical = true,
                  .identity = SE_SYSTEM},
    [LSASS] = {IN_SYSTEM32("lsass.exe"), .parent = WININIT, .priority = 9, .identity = SE_SYSTEM},
    [LSM] = {IN_SYSTEM32("lsm.exe"), .parent = WININIT, .priority = 8, .identity = SE_SYSTEM},
    [HOST_DCOM] = SVCHOST("DcomLaunch", SE_SYSTEM),
    [HOST_RPC] = SVCHOST("RPCSS", SE_NETWORK_SERVICE),
    [HOST_NETWORK_RESTRICTED] = SVCHOST("LocalServiceNetworkRestricted", SE_LOCAL_SERVICE),
    [HOST_SYSTEM_RESTRICTED] = SVCHOST("LocalSystemNetworkRestricted", SE_SYSTEM),
    [HOST_LOCAL] = SVCHOST("LocalService", SE_LOCAL_SERVICE),
    [HOST_NETSVCS] = SVCHOST("netsvcs", SE_SYSTEM),
    [HOST_NETWORK] = SVCHOST("NetworkService", SE_NETWORK_SERVICE),
    [SHELL] = {.file = "explorer.exe",
               .path = "C:\\Windows\\Explorer.EXE",
               .parent = WINLOGON,
               .session = 1,
               .priority = 8},
};

/* The process of a row, without a thread. */
static NTSTATUS create(struct ntmm_machine *m, const struct system_program *row, uint64_t parent_id,
                       const WCHAR *environment, size_t environment_length,
                       struct ps_process **process)
{
    char image[PATH_MAX];
    snprintf(image, sizeof image, VOLUME_WINDOWS "%s", row->file);
    WCHAR *nt_path = text_to_utf16(image), *dos_path = text_to_utf16(row->path),
          *line = text_to_utf16(row->command_line ? row->command_line : row->path);
    NTSTATUS status = STATUS_INSUFFICIENT_RESOURCES;
    if (nt_path && dos_path && line) {
        const struct ps_process_parameters parameters = {
            .current_directory = launch_text(u"C:\\Windows\\System32\\"),
            .dll_path = launch_text(u"C:\\Windows\\System32"),
            .image_path = launch_text(dos_path),
            .command_line = launch_text(line),
            .window_title = launch_text(dos_path),
            .environment = {environment, environment_length},
        };
        struct ps_program program = {
            .nt_path = nt_path,
            .parameters = &parameters,
            .parent_id = parent_id,
            .session = row->session,
            .identity = row->identity,
            .base_priority = row->priority,
            .background = true,
            .critical = row->critical,
        };
        status = launch_create_process(m, &program, process);
    }
    free(nt_path);
    free(dos_path);
    free(line);
    return status;
}

/* Let a process's first thread run; a process that cannot have one ends. */
static NTSTATUS run(struct ps_process *process)
{
    const struct ps_thread_parameters first = {.first = true};
    struct ps_thread *thread;
    NTSTATUS status = ps_create_thread(process, &first, &thread);
    if (!NT_SUCCESS(status)) {
        NTSTATUS ended = ps_terminate_process(process, NULL, status);
        (void)ended; /* nobody else knows it */
        return status;
    }
    status = ps_start_thread(thread);
    ps_dereference_thread(thread);
    return status;
}

NTSTATUS system_start(struct ntmm_machine *m, char *error, size_t error_size)
{
    uint64_t id[PROGRAM_COUNT] = {[SYSTEM] = m->ps.system->process->UniqueProcessId.va};
    size_t length;
    WCHAR *environment = environment_build(m->cpu_count, &length);
    NTSTATUS status = environment ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
    ke_enter(&m->ke);
    for (size_t i = SMSS; NT_SUCCESS(status) && i < PROGRAM_COUNT; i++) {
        struct ps_process *process;
        status = create(m, &programs[i], id[programs[i].parent], environment, length, &process);
        if (NT_SUCCESS(status)) {
            id[i] = process->process->UniqueProcessId.va;
            status = run(process);
            ps_dereference_process(process);
        }
        if (!NT_SUCCESS(status)) {
            machine_error(error, error_size, "C:\\Windows\\%s cannot be started (status 0x%08x)",
                          programs[i].file, (unsigned)status);
        }
    }
    ke_leave(&m->ke);
    m->shell_id = id[SHELL];
    free(environment);
    return status;
}

void system_settle(struct ntmm_machine *m)
{
    const struct timespec moment = {.tv_nsec = 200000};
    const unsigned patience = 50000; /* moments: 10 s, and a program that never waits is no reason
                                        to keep the user's from starting */
    for (unsigned i = 0; i < patience && !machine_threads_wait(m, true); i++) {
        nanosleep(&moment, NULL);
    }
}
