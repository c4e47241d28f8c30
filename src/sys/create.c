/* src/sys/create.c: NtCreateUserProcess: a program runs another.
 *
 * One call does what CreateProcess needs of the kernel, as since Windows Vista. The caller
 * describes the child in three ways: RTL_USER_PROCESS_PARAMETERS (what the child finds in its PEB),
 * a list of attributes (image, parent, handles to inherit, what to be told), and PS_CREATE_INFO,
 * which also says how far it came.
 *
 *      capture -> file -> section -> process (address space, handles, images, PEB) -> first thread
 *                 |PsCreateFailOnFileOpen                                             -> handles
 *                         |PsCreateFailOnSectionCreate
 *                                    |PsCreateFailExeFormat: a DLL
 *
 * Without parameters the child is a copy of the caller instead: clone.c.
 *
 * Source: Windows Internals 6, part 1, ch. 5 "Flow of CreateProcess"; names and layouts are those
 * of Windows 7's public symbols.
 */
#include "sys/creation.h"

#include <string.h>

/* ---- the child's handles ------------------------------------------------------------------------
 */

/* Has the child inherited this handle of the caller's already? */
static bool is_inherited(const struct creation *c, const struct ob_caller *from,
                         const struct ob_caller *to, uint64_t handle)
{
    struct ob *ob = c->call->sys->ob;
    void *theirs, *ours;
    bool same = false;
    if (!NT_SUCCESS(ob_reference_object_by_handle(ob, to, handle, 0, NULL, &theirs, NULL))) {
        return false;
    }
    if (NT_SUCCESS(ob_reference_object_by_handle(ob, from, handle, 0, NULL, &ours, NULL))) {
        same = ours == theirs;
        ob_dereference_object(ob, ours);
    }
    ob_dereference_object(ob, theirs);
    return same;
}

/* Copy one of the caller's handles. A value that is none there stays as it is: it is none in the
 * child. */
static NTSTATUS copy_handle(const struct creation *c, struct ps_process *child, uint64_t *handle)
{
    const struct ob_caller from = ps_caller(c->call->thread),
                           to = {.process = child->process, .mode = UserMode};
    uint64_t copy;
    if (!*handle || is_inherited(c, &from, &to, *handle)) {
        return STATUS_SUCCESS;
    }
    NTSTATUS status = ob_duplicate_object(c->call->sys->ob, &from, *handle, &to, &copy, 0, 0,
                                          DUPLICATE_SAME_ACCESS | DUPLICATE_SAME_ATTRIBUTES);
    if (NT_SUCCESS(status)) {
        *handle = copy;
    }
    return status == STATUS_INVALID_HANDLE ? STATUS_SUCCESS : status;
}

/* The child's standard handles: the values in its parameters. What it has not inherited it gets
 * copies of, if the creator wants that for programs of its kind. */
static NTSTATUS give_standard_handles(void *context, struct ps_process *child, uint64_t handle[3])
{
    struct creation *c = context;
    const RTL_USER_PROCESS_PARAMETERS *values = &c->parameters.values;
    bool wanted = c->standard.StdHandleState == PsAlwaysDuplicate ||
                  (c->standard.StdHandleState == PsRequestDuplicate &&
                   c->standard.StdHandleSubsystemType == c->about.SubSystemType);
    NTSTATUS status = STATUS_SUCCESS;
    handle[0] = values->StandardInput.va;
    handle[1] = values->StandardOutput.va;
    handle[2] = values->StandardError.va;
    for (unsigned i = 0; NT_SUCCESS(status) && wanted && i < 3; i++) {
        status = copy_handle(c, child, &handle[i]);
    }
    return status;
}

/* ---- the process --------------------------------------------------------------------------------
 */

NTSTATUS sys_open_program(struct sys *sys, const struct ob_caller *caller, struct ps_text path,
                          PS_CREATE_STATE *state, FILE_OBJECT **file, SECTION_OBJECT **section)
{
    const struct io_create create = {
        .attributes = {.name = path.text,
                       .name_length = (USHORT)(path.length * sizeof(WCHAR)),
                       .flags = OBJ_CASE_INSENSITIVE},
        .access = FILE_READ_DATA | FILE_EXECUTE | FILE_READ_ATTRIBUTES | SYNCHRONIZE,
        .share = FILE_SHARE_READ | FILE_SHARE_DELETE,
        .disposition = FILE_OPEN,
        .options = FILE_NON_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT,
    };
    *state = PsCreateFailOnFileOpen;
    if (path.length > UINT16_MAX / sizeof(WCHAR)) {
        return STATUS_NAME_TOO_LONG;
    }
    NTSTATUS status = io_open_file(sys->io, caller, &create, file);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    *state = PsCreateFailOnSectionCreate;
    status = sys_create_image_section(sys, *file, section);
    if (!NT_SUCCESS(status)) {
        ob_dereference_object(sys->ob, *file);
        return status;
    }
    *state = PsCreateSuccess;
    return status;
}

static NTSTATUS create_process(struct creation *c, struct ps_process **process)
{
    struct sys_call *call = c->call;
    const struct ob_caller caller = ps_caller(call->thread);
    struct ps_program program = {
        .nt_path = c->image_name,
        .parameters = &c->parameters,
        .parent = c->parent,
        .inherit_handles = call->arg[ARG_PROCESS_FLAGS] & PROCESS_CREATE_FLAGS_INHERIT_HANDLES,
        .inherit_only = c->handles,
        .inherit_count = c->handle_count,
        .break_away = call->arg[ARG_PROCESS_FLAGS] & PROCESS_CREATE_FLAGS_BREAKAWAY,
        .priority_class = c->priority_class,
        .error_mode = c->error_mode,
        .set_error_mode = c->set_error_mode,
        .open_standard_handles = give_standard_handles,
        .context = c,
        .about = &c->about,
    };
    NTSTATUS status =
        sys_open_program(call->sys, &caller, (struct ps_text){c->image_name, c->image_name_length},
                         &c->info.State, &c->file, &c->section);
    if (!NT_SUCCESS(status)) {
        c->file = NULL;
        c->section = NULL;
        return status;
    }
    program.image = c->section;
    status = ps_create_process(call->sys->ps, &program, process);
    if (status == STATUS_INVALID_IMAGE_FORMAT) {
        c->info.State = PsCreateFailExeFormat; /* a DLL */
    }
    return status;
}

/* ---- what the caller is told --------------------------------------------------------------------
 */

/* A handle for the caller; counted in, so that all can be taken back. */
struct told {
    uint64_t handles[4];
    unsigned count;
};

static NTSTATUS open_for_caller(struct creation *c, struct told *told, void *object, uint32_t flags,
                                uint32_t access, uint64_t *handle)
{
    struct ob_caller caller = ps_caller(c->call->thread);
    NTSTATUS status =
        ob_open_object_by_pointer(c->call->sys->ob, &caller, object, flags, access, NULL, handle);
    if (NT_SUCCESS(status)) {
        told->handles[told->count++] = *handle;
    }
    return status;
}

static void take_back(struct creation *c, const struct told *told)
{
    struct ob_caller caller = ps_caller(c->call->thread);
    for (unsigned i = 0; i < told->count; i++) {
        NTSTATUS status = ob_close_handle(c->call->sys->ob, &caller, told->handles[i]);
        (void)status; /* another thread may have done so */
    }
}

static NTSTATUS tell_attributes(struct creation *c, const struct ps_thread *thread)
{
    NTSTATUS status =
        sys_put_optional(c->call, c->client_id, &thread->thread->Cid, sizeof thread->thread->Cid);
    if (NT_SUCCESS(status)) {
        status = sys_put_optional(c->call, c->teb_address, &thread->teb, sizeof thread->teb);
    }
    return NT_SUCCESS(status) ? sys_put_optional(c->call, c->image_info, &c->about, sizeof c->about)
                              : status;
}

static NTSTATUS tell_success(struct creation *c, struct told *told, const struct ps_process *p)
{
    PS_CREATE_INFO *info = &c->info;
    const uint64_t peb = p->process->Peb.va;
    uint32_t file_access = SYNCHRONIZE | FILE_EXECUTE | info->InitState.AdditionalFileAccess;
    uint64_t parameters = 0;
    memset(&info->SuccessState, 0, sizeof info->SuccessState);
    NTSTATUS status = mm_copy_from_user(p->space, &parameters,
                                        peb + offsetof(PEB, ProcessParameters), sizeof parameters);
    if (NT_SUCCESS(status) && c->file) {
        status =
            open_for_caller(c, told, c->file, 0, file_access, &info->SuccessState.FileHandle.va);
    }
    if (NT_SUCCESS(status) && c->section) {
        status = open_for_caller(c, told, c->section, 0, SECTION_ALL_ACCESS,
                                 &info->SuccessState.SectionHandle.va);
    }
    info->SuccessState.PebAddressNative = peb;
    info->SuccessState.UserProcessParametersNative = parameters;
    info->SuccessState.CurrentParameterFlags =
        c->parameters.values.Flags | RTL_USER_PROC_PARAMS_NORMALIZED;
    return NT_SUCCESS(status) ? SYS_PUT(c->call, c->call->arg[ARG_CREATE_INFO], *info) : status;
}

static NTSTATUS tell(struct creation *c, const struct ps_process *process,
                     const struct ps_thread *thread)
{
    struct sys_call *call = c->call;
    struct told told = {.count = 0};
    uint64_t process_handle = 0, thread_handle = 0;
    NTSTATUS status = open_for_caller(c, &told, process->process, c->process_attributes,
                                      (uint32_t)call->arg[ARG_PROCESS_ACCESS], &process_handle);
    if (NT_SUCCESS(status)) {
        status = open_for_caller(c, &told, thread->thread, c->thread_attributes,
                                 (uint32_t)call->arg[ARG_THREAD_ACCESS], &thread_handle);
    }
    if (NT_SUCCESS(status)) {
        status = tell_success(c, &told, process);
    }
    if (NT_SUCCESS(status)) {
        status = tell_attributes(c, thread);
    }
    if (NT_SUCCESS(status)) {
        status = SYS_PUT(call, call->arg[ARG_PROCESS], process_handle);
    }
    if (NT_SUCCESS(status)) {
        status = SYS_PUT(call, call->arg[ARG_THREAD], thread_handle);
    }
    if (!NT_SUCCESS(status)) {
        take_back(c, &told);
    }
    return status;
}

/* The caller learns at which step it failed. */
static void tell_failure(struct creation *c)
{
    memset(&c->info.SuccessState, 0, sizeof c->info.SuccessState);
    if (c->info.State == PsCreateFailExeFormat) {
        c->info.ExeFormat.DllCharacteristics = c->about.DllCharacteristics;
    }
    NTSTATUS status = SYS_PUT(c->call, c->call->arg[ARG_CREATE_INFO], c->info);
    (void)status; /* the failure itself is what counts */
}

NTSTATUS sys_start_creation(struct creation *c, struct ps_process *process,
                            const struct ps_thread_parameters *parameters)
{
    struct ps_thread *thread;
    NTSTATUS status = ps_create_thread(process, parameters, &thread);
    if (!NT_SUCCESS(status)) {
        NTSTATUS ended = ps_terminate_process(process, NULL, status);
        (void)ended; /* by somebody else, perhaps */
        return status;
    }
    return ps_finish_thread(thread, tell(c, process, thread));
}

static NTSTATUS create(struct creation *c)
{
    const struct ps_thread_parameters first = {
        .first = true,
        .suspended = c->call->arg[ARG_THREAD_FLAGS] & THREAD_CREATE_FLAGS_CREATE_SUSPENDED,
    };
    struct ps_process *process;
    NTSTATUS status = create_process(c, &process);
    if (!NT_SUCCESS(status)) {
        tell_failure(c);
        return status;
    }
    status = sys_start_creation(c, process, &first);
    ps_dereference_process(process);
    return status;
}

static NTSTATUS create_user_process(struct sys_call *call)
{
    struct creation c = {.call = call};
    NTSTATUS status = sys_capture_creation(&c);
    if (NT_SUCCESS(status)) {
        status = sys_creation_is_clone(&c) ? sys_clone_caller(&c) : create(&c);
    }
    sys_release_creation(&c);
    return status;
}

static const struct sys_entry entries[] = {
    {SERVICE_NtCreateUserProcess, create_user_process},
};
const struct sys_family sys_create_family = {entries, sizeof entries / sizeof *entries};
