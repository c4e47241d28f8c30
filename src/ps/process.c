/* src/ps/process.c: from a program's image to a process, and back to nothing.
 *
 * Creation goes in steps, each undone by the same path that ends a process: once the object exists,
 * a failure terminates it like any other (psp_exit_process), so nothing has two ways to be freed.
 *
 *      object -> address space -> handle table -> client id -> lists -> image, ntdll -> PEB
 *
 * Source: Windows Internals 6, part 1, ch. 5 "Flow of CreateProcess" (stages 2 and 3).
 */
#include <stdlib.h>
#include <string.h>

#include "io/io.h"
#include "ke/list.h"
#include "ke/thread.h"
#include "nt/image.h"
#include "nt/info.h"
#include "ps/psi.h"

#define IMAGE_FILE_NAME_SIZE 15
#define NORMAL_PRIORITY_CLASS 2

static void free_audit_name(struct ps *ps, EPROCESS *process)
{
    OBJECT_NAME_INFORMATION *name =
        k2h(&ps->ke->ks, process->SeAuditProcessCreationInfo.ImageFileName);
    if (name) {
        process->SeAuditProcessCreationInfo.ImageFileName.va = 0;
        ex_free_pool(ps->mm, name);
    }
}

/* The full path of the image: a UNICODE_STRING with its text right behind it, in one pool block. */
static NTSTATUS set_audit_name(struct ps *ps, EPROCESS *process, const WCHAR *path)
{
    size_t length = 0;
    while (path[length]) {
        length++;
    }
    size_t bytes = length * sizeof(WCHAR);
    if (bytes + sizeof(WCHAR) > UINT16_MAX) {
        return STATUS_NAME_TOO_LONG;
    }
    OBJECT_NAME_INFORMATION *name =
        ex_allocate_pool(ps->mm, PagedPool, sizeof *name + bytes + sizeof(WCHAR), mm_tag("SeAu"));
    if (!name) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    WCHAR *text = (WCHAR *)(name + 1);
    memcpy(text, path, bytes);
    text[length] = 0;
    name->Name.Length = (USHORT)bytes;
    name->Name.MaximumLength = (USHORT)(bytes + sizeof(WCHAR));
    name->Name.Buffer.va = h2k(&ps->ke->ks, text);
    process->SeAuditProcessCreationInfo.ImageFileName.va = h2k(&ps->ke->ks, name);
    return STATUS_SUCCESS;
}

/* ImageFileName: the last component of the path, cut to 14 characters. */
static void set_image_file_name(EPROCESS *process, const WCHAR *path)
{
    const WCHAR *name = path;
    for (const WCHAR *p = path; *p; p++) {
        if (*p == '\\') {
            name = p + 1;
        }
    }
    for (size_t i = 0; i < IMAGE_FILE_NAME_SIZE - 1 && name[i]; i++) {
        process->ImageFileName[i] = name[i] < 0x80 ? (UCHAR)name[i] : '?';
    }
}

static void initialize_process(struct ps *ps, EPROCESS *process)
{
    const struct kspace *ks = &ps->ke->ks;
    ke_initialize_process(ps->ke, &process->Pcb, process->Pcb.DirectoryTableBase);
    ke_list_init(ks, &process->ThreadListHead);
    process->CreateTime.QuadPart = ke_query_system_time(ps->ke);
    process->ExitStatus = STATUS_PENDING;
    process->PriorityClass = NORMAL_PRIORITY_CLASS;
    pthread_mutex_lock(&ps->lock);
    ke_list_insert_tail(ks, ps->ke->nt.PsActiveProcessHead, &process->ActiveProcessLinks);
    pthread_mutex_unlock(&ps->lock);
    process->ProcessInserted = 1;
}

static NTSTATUS give_token(struct ps *ps, EPROCESS *process, const struct ps_program *program)
{
    enum se_identity identity = program ? program->identity : SE_SYSTEM;
    unsigned session = program && program->session != PS_NO_SESSION ? program->session : 0;
    TOKEN *token;
    NTSTATUS status = se_create_token(&ps->se, identity, session, &token);
    if (NT_SUCCESS(status)) {
        se_assign_primary_token(&ps->se, process, token);
    }
    return status;
}

NTSTATUS psp_create_process_object(struct ps *ps, const struct ps_program *program, bool system,
                                   struct ps_process **out)
{
    struct ps_process *p = calloc(1, sizeof *p);
    if (!p) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    void *object;
    NTSTATUS status = ob_create_object(ps->ob, NULL, ps->process_type, 0, &object);
    if (!NT_SUCCESS(status)) {
        free(p);
        return status;
    }
    p->ps = ps;
    p->process = object;
    p->va = h2k(&ps->ke->ks, object);
    EPROCESS *process = p->process;
    status = psp_allocate_id(ps, p->va, p, NULL, &process->UniqueProcessId.va);
    if (!NT_SUCCESS(status)) {
        free(p); /* without an id the object's deletion finds no companion */
        ob_dereference_object(ps->ob, object);
        return status;
    }
    process->InheritedFromUniqueProcessId.va = program ? program->parent_id : 0;
    status = mm_space_create(ps->mm, process, system, &p->space);
    if (NT_SUCCESS(status)) {
        mm_space_set_owner(p->space, p);
        status = give_token(ps, process, program);
    }
    if (NT_SUCCESS(status)) {
        status = ob_init_process(ps->ob, NULL, process);
    }
    if (!NT_SUCCESS(status)) {
        p->gone = true;
        ob_dereference_object(ps->ob, object);
        return status;
    }
    initialize_process(ps, process);
    if (!system && ps->ops->process_created) {
        status = ps->ops->process_created(ps->owner, p);
        if (!NT_SUCCESS(status)) {
            psp_exit_process(p, status);
            ps_dereference_process(p);
            return status;
        }
    }
    *out = p;
    return STATUS_SUCCESS;
}

static size_t length_of(const WCHAR *text)
{
    size_t length = 0;
    while (text[length]) {
        length++;
    }
    return length;
}

/* Map the image file `path`; what its headers say goes to *about, with the entry point where it is
 * in this process. */
static NTSTATUS map_image(struct ps_process *p, const WCHAR *path, SECTION_IMAGE_INFORMATION *about,
                          uint64_t *base)
{
    struct ps *ps = p->ps;
    struct mm_view view = {.protect = PAGE_EXECUTE_READ, .inherit = ViewUnmap, .prefetch = true};
    NTSTATUS status = io_create_image_section_of(ps->io, path, length_of(path), &view.segment);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = mm_map_view(p->space, &view);
    mm_query_image_section(ps->mm, view.segment, about);
    about->TransferAddress.va += view.base - view.segment->BasedAddress.va;
    mm_close_section(ps->mm, view.segment);
    *base = view.base;
    return status;
}

/* Map the program and ntdll, and give the process what it finds in its PEB. */
static NTSTATUS populate(struct ps_process *p, const struct ps_program *program)
{
    struct ps *ps = p->ps;
    SECTION_IMAGE_INFORMATION about, ntdll;
    struct psp_image info = {0};
    NTSTATUS status = map_image(p, program->nt_path, &about, &info.base);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    if (about.ImageCharacteristics & IMAGE_FILE_DLL) {
        return STATUS_INVALID_IMAGE_FORMAT;
    }
    info.stack_reserve = about.MaximumStackSize;
    info.stack_commit = about.CommittedStackSize;
    info.subsystem = (USHORT)about.SubSystemType;
    info.subsystem_major = about.SubSystemMajorVersion;
    info.subsystem_minor = about.SubSystemMinorVersion;
    info.entry = about.TransferAddress.va;
    p->stack_reserve = info.stack_reserve;
    p->stack_commit = info.stack_commit;
    p->process->SectionBaseAddress.va = info.base;

    uint64_t base = 0;
    status = map_image(p, u"\\SystemRoot\\System32\\ntdll.dll", &ntdll, &base);
    if (NT_SUCCESS(status) && base != ps->ntdll_base) {
        status = STATUS_CONFLICTING_ADDRESSES; /* the program sits where ntdll must be */
    }
    uint64_t standard_handle[3] = {0};
    if (NT_SUCCESS(status) && program->open_standard_handles) {
        status = program->open_standard_handles(program->context, p, standard_handle);
    }
    if (NT_SUCCESS(status)) {
        status = psp_create_peb(p, program, &info, standard_handle);
    }
    if (NT_SUCCESS(status)) {
        p->entry = info.entry;
    }
    return status;
}

NTSTATUS ps_create_process(struct ps *ps, const struct ps_program *program, struct ps_process **out)
{
    struct ps_process *p;
    NTSTATUS status = psp_create_process_object(ps, program, false, &p);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    if (program) {
        p->background = program->background;
        p->process->BreakOnTermination = program->critical;
        if (program->base_priority) {
            p->process->Pcb.BasePriority = (CHAR)program->base_priority;
        }
        set_image_file_name(p->process, program->dos_path);
        status = program->session == PS_NO_SESSION
                     ? STATUS_SUCCESS
                     : mm_session_join(ps->mm, p->process, program->session);
        if (NT_SUCCESS(status)) {
            status = set_audit_name(ps, p->process, program->nt_path);
        }
        if (NT_SUCCESS(status)) {
            status = populate(p, program);
        }
    }
    if (!NT_SUCCESS(status)) {
        psp_exit_process(p, status);
        ps_dereference_process(p);
        return status;
    }
    pthread_mutex_lock(&ps->lock);
    p->findable = true;
    pthread_mutex_unlock(&ps->lock);
    *out = p;
    return STATUS_SUCCESS;
}

/* Windows does not go on without a process that it cannot do without.
 * Source: bugcheck code reference, CRITICAL_OBJECT_TERMINATION. */
static void check_critical(struct ps_process *p)
{
    const uint32_t critical_object_termination = 0xF4;
    const uint64_t a_process = 3;
    if (p->process->BreakOnTermination) {
        ke_bug_check(p->ps->ke, critical_object_termination, a_process, p->va,
                     p->va + offsetof(EPROCESS, ImageFileName), 0);
    }
}

void psp_exit_process(struct ps_process *p, NTSTATUS status)
{
    struct ps *ps = p->ps;
    EPROCESS *process = p->process;
    pthread_mutex_lock(&ps->lock);
    bool first = !p->gone;
    p->exiting = p->gone = true;
    pthread_mutex_unlock(&ps->lock);
    if (!first) {
        return;
    }
    check_critical(p);
    process->ProcessExiting = 1;
    if (process->ExitStatus == STATUS_PENDING) {
        process->ExitStatus = status;
    }
    process->ExitTime.QuadPart = ke_query_system_time(ps->ke);
    /* Others may be copying handles from or to its table. */
    ex_wait_for_rundown_protection_release(&process->RundownProtect);
    ob_kill_process(ps->ob, process);
    mm_space_clean(p->space);
    mm_session_leave(ps->mm, process);
    process->VmDeleted = 1;
    ke_set_process(ps->ke, &process->Pcb);
    __atomic_store_n(&p->ended, true, __ATOMIC_RELEASE);
    if (ps->ops->process_exited) {
        ps->ops->process_exited(ps->owner, p);
    }
}

void psp_delete_process(struct ps *ps, EPROCESS *process)
{
    struct ps_process *p = psp_process_of(ps, process);
    if (!p) {
        return; /* creation failed before it had one */
    }
    if (process->ProcessInserted) {
        psp_exit_process(p, process->ExitStatus); /* never had a thread */
        pthread_mutex_lock(&ps->lock);
        ke_list_remove(&ps->ke->ks, &process->ActiveProcessLinks);
        pthread_mutex_unlock(&ps->lock);
        if (ps->ops->process_deleted) {
            ps->ops->process_deleted(ps->owner, p);
        }
    }
    psp_free_id(ps, process->UniqueProcessId.va);
    free_audit_name(ps, process);
    se_drop_primary_token(&ps->se, process);
    if (p->space) {
        if (!process->ProcessInserted) {
            mm_space_clean(p->space);
        }
        mm_space_destroy(p->space);
    }
    free(p);
}

NTSTATUS ps_terminate_process(struct ps_process *p, struct ps_thread *self, NTSTATUS status)
{
    struct ps *ps = p->ps;
    check_critical(p);
    pthread_mutex_lock(&ps->lock);
    bool was_exiting = p->exiting;
    p->exiting = true;
    if (p->process->ExitStatus == STATUS_PENDING) {
        p->process->ExitStatus = status;
    }
    bool threads = p->process->ActiveThreads != 0;
    for (size_t i = 0; threads && i < ps->id_slots; i++) {
        struct ps_thread *t = ps->thread_by_id[i];
        if (t && t->process == p && !ke_is_terminating(&t->thread->Tcb)) {
            __atomic_store_n(&t->exit_status, status, __ATOMIC_RELEASE);
            ke_terminate_thread(ps->ke, &t->thread->Tcb);
        }
    }
    pthread_mutex_unlock(&ps->lock);
    if (!threads) {
        psp_exit_process(p, status);
    }
    return was_exiting && !self ? STATUS_PROCESS_IS_TERMINATING : STATUS_SUCCESS;
}
