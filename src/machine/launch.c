/* src/machine/launch.c: a program on the host, as the guest sees it.
 *
 *      C:\Windows\System32     our DLLs and the programs of the system, read-only
 *      C:\Windows              the folder `windows` among those, if there is one, read-only
 *      C:\Temp                 empty, writes go to the overlay
 *      C:\work                 the host's current folder; the current directory
 *      C:\Programs\NAME        the folder of a program that is not below the current one
 *
 * Nothing of the host's environment reaches the guest: a program may be malware, and what is in
 * there (names, paths, keys) is nobody's business.
 */
#include "machine/launch.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine/boot.h"
#include "machine/command_line.h"

#define SESSION_OF_USER 1 /* session 0 has the services alone, since Windows Vista */
#define DEVICE_OF_C "\\Device\\HarddiskVolume1"

/* ---- C:
 * ------------------------------------------------------------------------------------------ */

static NTSTATUS mount_one(struct ntmm_machine *m, const char *guest, const char *host,
                          enum io_mount_mode mode, char *error, size_t error_size)
{
    NTSTATUS status = io_mount(m->io, guest, host, mode);
    if (!NT_SUCCESS(status)) {
        machine_error(error, error_size, "cannot show %s as C:%s (status 0x%08x)", host, guest,
                      (unsigned)status);
    }
    return status;
}

static NTSTATUS mount_extra(struct ntmm_machine *m, const ntmm_mount *mount, char *error,
                            size_t error_size)
{
    const char *guest = mount->guest;
    if ((guest[0] != 'C' && guest[0] != 'c') || guest[1] != ':' || guest[2] != '\\') {
        machine_error(error, error_size, "%s: a mount must be a folder of C:, as C:\\data", guest);
        return STATUS_INVALID_PARAMETER;
    }
    return mount_one(m, guest + 2, mount->host,
                     mount->writable ? IO_MOUNT_READ_WRITE : IO_MOUNT_OVERLAY, error, error_size);
}

static NTSTATUS mount_windows(struct ntmm_machine *m, char *error, size_t error_size)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/windows", m->system_root);
    return access(path, F_OK) == 0
               ? mount_one(m, "\\Windows", path, IO_MOUNT_READ_ONLY, error, error_size)
               : STATUS_SUCCESS;
}

/* An empty folder, in memory if that can be had: on a disk, making one and giving it back takes
 * longer than all other mounts. */
static bool make_empty_folder(char *path, size_t size)
{
    const char *wanted = getenv("TMPDIR");
    const char *const roots[] = {wanted && *wanted ? wanted : "/dev/shm", "/tmp"};
    bool made = false;
    for (size_t i = 0; i < sizeof roots / sizeof *roots && !made; i++) {
        snprintf(path, size, "%s/ntmm-empty-XXXXXX", roots[i]);
        made = mkdtemp(path);
    }
    return made;
}

static NTSTATUS mount_temporary(struct ntmm_machine *m, char *error, size_t error_size)
{
    char path[PATH_MAX];
    if (!make_empty_folder(path, sizeof path)) {
        machine_error(error, error_size, "cannot make the folder %s", path);
        return STATUS_ACCESS_DENIED;
    }
    NTSTATUS status = mount_one(m, "\\Temp", path, IO_MOUNT_OVERLAY, error, error_size);
    rmdir(path); /* the mount has it open; nothing is left behind, however the machine ends */
    return status;
}

NTSTATUS launch_mount(struct ntmm_machine *m, char *error, size_t error_size)
{
    const ntmm_options *o = &m->options;
    NTSTATUS status =
        mount_one(m, "\\Windows\\System32", m->system_root, IO_MOUNT_READ_ONLY, error, error_size);
    if (NT_SUCCESS(status)) {
        status = mount_windows(m, error, error_size);
    }
    if (NT_SUCCESS(status)) {
        status = mount_temporary(m, error, error_size);
    }
    if (NT_SUCCESS(status) && o->work) {
        m->work = realpath(o->work, NULL);
        if (!m->work) {
            machine_error(error, error_size, "there is no folder %s", o->work);
            return STATUS_OBJECT_PATH_NOT_FOUND;
        }
        status =
            mount_one(m, "\\work", m->work,
                      o->work_writable ? IO_MOUNT_READ_WRITE : IO_MOUNT_OVERLAY, error, error_size);
    }
    for (size_t i = 0; NT_SUCCESS(status) && i < o->mount_count; i++) {
        status = mount_extra(m, &o->mounts[i], error, error_size);
    }
    return status;
}

static void free_folder(struct machine_folder *folder)
{
    free(folder->host);
    free(folder->guest);
    free(folder);
}

void launch_unmount(struct ntmm_machine *m)
{
    while (m->folders) {
        struct machine_folder *folder = m->folders;
        m->folders = folder->next;
        free_folder(folder);
    }
    free(m->work);
}

/* Show a host folder as the `number`th with programs. */
static NTSTATUS mount_folder(struct ntmm_machine *m, const char *host, unsigned number,
                             struct machine_folder **out, char *error, size_t error_size)
{
    struct machine_folder *folder = calloc(1, sizeof *folder);
    const char *name = strrchr(host, '/') + 1;
    if (!folder) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    folder->host = strdup(host);
    if (!folder->host ||
        asprintf(&folder->guest, "\\Programs\\%s%s%u", name, *name ? "-" : "", number) < 0) {
        folder->guest = NULL;
        free_folder(folder);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    NTSTATUS status = mount_one(m, folder->guest, host, IO_MOUNT_OVERLAY, error, error_size);
    if (!NT_SUCCESS(status)) {
        free_folder(folder);
        return status;
    }
    *out = folder;
    return STATUS_SUCCESS;
}

/* The guest's name of a host folder with a program in it, mounting it when it is new. Programs may
 * be started by several host threads: a folder is in the list once, and not before it is mounted.
 */
static NTSTATUS folder_for(struct ntmm_machine *m, const char *host, const char **guest,
                           char *error, size_t error_size)
{
    NTSTATUS status = STATUS_SUCCESS;
    unsigned count = 1;
    pthread_mutex_lock(&m->folders_lock);
    struct machine_folder *folder = m->folders;
    while (folder && strcmp(folder->host, host) != 0) {
        folder = folder->next;
        count++;
    }
    if (!folder) {
        status = mount_folder(m, host, count, &folder, error, error_size);
        if (NT_SUCCESS(status)) {
            folder->next = m->folders;
            m->folders = folder;
        }
    }
    if (NT_SUCCESS(status)) {
        *guest = folder->guest; /* stays while the machine does */
    }
    pthread_mutex_unlock(&m->folders_lock);
    return status;
}

/* Guest path of a program, from C:'s root, with backslashes. */
static NTSTATUS guest_path(struct ntmm_machine *m, const char *host, char *out, size_t size,
                           char *error, size_t error_size)
{
    size_t work = m->work ? strlen(m->work) : 0;
    if (work && strncmp(host, m->work, work) == 0 && (host[work] == '/' || work == 1)) {
        snprintf(out, size, "\\work%s", host + (work == 1 ? 0 : work));
    } else {
        char folder[PATH_MAX];
        const char *guest, *slash = strrchr(host, '/');
        snprintf(folder, sizeof folder, "%.*s", slash == host ? 1 : (int)(slash - host), host);
        NTSTATUS status = folder_for(m, folder, &guest, error, error_size);
        if (!NT_SUCCESS(status)) {
            return status;
        }
        snprintf(out, size, "%s\\%s", guest, slash + 1);
    }
    for (char *p = out; *p; p++) {
        *p = *p == '/' ? '\\' : *p;
    }
    return STATUS_SUCCESS;
}

/* ---- programs
 * ------------------------------------------------------------------------------------ */

static NTSTATUS open_standard_handles(void *context, struct ps_process *process, uint64_t handle[3])
{
    struct ntmm_machine *m = context;
    const struct ob_caller caller = {.process = process->process, .mode = KernelMode};
    for (unsigned i = 0; i < 3; i++) {
        NTSTATUS status = io_open_console(m->io, &caller, i, &handle[i]);
        if (!NT_SUCCESS(status) && status != STATUS_NO_SUCH_DEVICE) {
            return status;
        }
    }
    return STATUS_SUCCESS;
}

/* One line for a status that starting a program commonly ends with. */
static const char *why(NTSTATUS status)
{
    switch (status) {
    case STATUS_INVALID_IMAGE_NOT_MZ:
        return "not a Windows program";
    case STATUS_INVALID_IMAGE_PROTECT:
        return "a DOS program";
    case STATUS_INVALID_IMAGE_WIN_16:
        return "a 16-bit Windows program";
    case STATUS_INVALID_IMAGE_FORMAT:
        return "not a valid 64-bit Windows program (wrong processor, a DLL, truncated or damaged)";
    case STATUS_OBJECT_NAME_NOT_FOUND:
        return "no such file";
    case STATUS_FILE_IS_A_DIRECTORY:
        return "a folder";
    case STATUS_ACCESS_DENIED:
        return "permission denied";
    case STATUS_COMMITMENT_LIMIT:
        return "not enough RAM and page file for it";
    case STATUS_NO_MEMORY:
    case STATUS_INSUFFICIENT_RESOURCES:
        return "not enough memory for it";
    case STATUS_CONFLICTING_ADDRESSES:
        return "its fixed base address is taken, and it cannot be relocated";
    default:
        return "it cannot be started";
    }
}

/* The text of a ps_program, which has to be built and freed. */
struct program_text {
    WCHAR *nt_path, *dos_path, *command_line, *environment;
    size_t environment_length;
};

static void free_text(struct program_text *text)
{
    free(text->nt_path);
    free(text->dos_path);
    free(text->command_line);
    free(text->environment);
}

static NTSTATUS build_text(struct ntmm_machine *m, const ntmm_program *program, const char *guest,
                           struct program_text *text)
{
    char path[PATH_MAX + 64];
    snprintf(path, sizeof path, DEVICE_OF_C "%s", guest);
    text->nt_path = text_to_utf16(path);
    snprintf(path, sizeof path, "C:%s", guest);
    text->dos_path = text_to_utf16(path);
    char *line = command_line_build(path, program->arguments, program->argument_count,
                                    program->command_line);
    text->command_line = line ? text_to_utf16(line) : NULL;
    free(line);
    text->environment = environment_build(m->cpu_count, &text->environment_length);
    return text->nt_path && text->dos_path && text->command_line && text->environment
               ? STATUS_SUCCESS
               : STATUS_INSUFFICIENT_RESOURCES;
}

struct ps_text launch_text(const WCHAR *text)
{
    size_t length = 0;
    while (text[length]) {
        length++;
    }
    return (struct ps_text){text, length};
}

NTSTATUS launch_create_process(struct ntmm_machine *m, struct ps_program *program,
                               struct ps_process **process)
{
    const struct ob_caller kernel = {.mode = KernelMode};
    PS_CREATE_STATE state;
    FILE_OBJECT *file;
    NTSTATUS status = sys_open_program(&m->sys, &kernel, launch_text(program->nt_path), &state,
                                       &file, &program->image);
    if (NT_SUCCESS(status)) {
        status = ps_create_process(&m->ps, program, process);
        ob_dereference_object(m->ob, program->image);
        ob_dereference_object(m->ob, file);
    }
    return status;
}

static NTSTATUS create_process(struct ntmm_machine *m, const struct program_text *text,
                               struct ps_process **process)
{
    const struct ps_process_parameters parameters = {
        .current_directory = launch_text(m->work ? u"C:\\work\\" : u"C:\\"),
        .dll_path = launch_text(u"C:\\Windows\\System32"),
        .image_path = launch_text(text->dos_path),
        .command_line = launch_text(text->command_line),
        .window_title = launch_text(text->dos_path),
        .desktop = launch_text(u"Winsta0\\Default"),
        .environment = {text->environment, text->environment_length},
    };
    struct ps_program program = {
        .nt_path = text->nt_path,
        .parameters = &parameters,
        .parent_id = m->shell_id,
        .session = SESSION_OF_USER,
        .open_standard_handles = open_standard_handles,
        .context = m,
    };
    return launch_create_process(m, &program, process);
}

static NTSTATUS create(struct ntmm_machine *m, const ntmm_program *program, const char *host,
                       struct ps_process **process, char *error, size_t error_size)
{
    char guest[PATH_MAX];
    struct program_text text = {0};
    NTSTATUS status = guest_path(m, host, guest, sizeof guest, error, error_size);
    if (NT_SUCCESS(status)) {
        status = build_text(m, program, guest, &text);
    }
    if (NT_SUCCESS(status)) {
        status = create_process(m, &text, process);
    }
    free_text(&text);
    return status;
}

NTSTATUS launch_program(struct ntmm_machine *m, const ntmm_program *program,
                        struct ps_process **process, struct ps_thread **thread, char *error,
                        size_t error_size)
{
    char *host = realpath(program->path, NULL);
    if (!host) {
        machine_error(error, error_size, "%s: no such file", program->path);
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    const struct ps_thread_parameters first = {.first = true};
    NTSTATUS status = create(m, program, host, process, error, error_size);
    if (NT_SUCCESS(status)) {
        pthread_mutex_lock(&m->lock);
        if (!m->first_process_id) {
            m->first_process_id = (*process)->process->UniqueProcessId.va;
        }
        pthread_mutex_unlock(&m->lock);
        status = ps_create_thread(*process, &first, thread);
        if (!NT_SUCCESS(status)) {
            NTSTATUS ended = ps_terminate_process(*process, NULL, status);
            (void)ended; /* by somebody else, perhaps */
            ps_dereference_process(*process);
        }
    }
    if (!NT_SUCCESS(status)) {
        machine_error(error, error_size, "%s: %s (status 0x%08x)", program->path, why(status),
                      (unsigned)status);
    }
    free(host);
    return status;
}

void launch_terminate_all(struct ntmm_machine *m, NTSTATUS status)
{
    atomic_store(&m->ending, true);
    ps_end_all(&m->ps, status);
}

void launch_end_all(struct ntmm_machine *m)
{
    if (!m->ps.process_by_id) {
        return;
    }
    ntmm_debug_end(m);
    ke_enter(&m->ke);
    launch_terminate_all(m, STATUS_CONTROL_C_EXIT);
    ke_leave(&m->ke);
    pthread_mutex_lock(&m->lock);
    while (m->live_threads) {
        pthread_cond_wait(&m->changed, &m->lock);
    }
    pthread_mutex_unlock(&m->lock);
}
