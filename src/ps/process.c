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

NTSTATUS psp_copy_audit_name(struct ps *ps, const EPROCESS *from, EPROCESS *to)
{
    const OBJECT_NAME_INFORMATION *name =
        k2h(&ps->ke->ks, from->SeAuditProcessCreationInfo.ImageFileName);
    return name ? set_audit_name(ps, to, k2h(&ps->ke->ks, name->Name.Buffer)) : STATUS_SUCCESS;
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

/* What a child has of its parent, or of the creator's wishes. Source: CreateProcess, documentation:
 * idle and below normal priority are inherited, and so is the error mode. */
static void inherit_values(EPROCESS *process, const struct ps_program *program)
{
    const EPROCESS *parent = program->parent ? program->parent->process : NULL;
    uint8_t class = program->priority_class;
    if (!class) {
        bool low = parent && (parent->PriorityClass == PROCESS_PRIORITY_CLASS_IDLE ||
                              parent->PriorityClass == PROCESS_PRIORITY_CLASS_BELOW_NORMAL);
        class = low ? parent->PriorityClass : PROCESS_PRIORITY_CLASS_NORMAL;
    }
    process->PriorityClass = class;
    process->Pcb.BasePriority =
        program->base_priority ? (CHAR)program->base_priority : psp_base_priority(class);
    process->InheritedFromUniqueProcessId.va = program->parent_id;
    if (parent) {
        process->InheritedFromUniqueProcessId.va = parent->UniqueProcessId.va;
        process->DefaultHardErrorProcessing = parent->DefaultHardErrorProcessing;
        process->Pcb.Affinity = parent->Pcb.Affinity;
    }
    if (program->set_error_mode) {
        process->DefaultHardErrorProcessing = program->error_mode;
    }
}

static void initialize_process(struct ps *ps, EPROCESS *process, const struct ps_program *program)
{
    const struct kspace *ks = &ps->ke->ks;
    ke_initialize_process(ps->ke, &process->Pcb, process->Pcb.DirectoryTableBase);
    ke_list_init(ks, &process->ThreadListHead);
    process->CreateTime.QuadPart = ke_query_system_time(ps->ke);
    process->ExitStatus = STATUS_PENDING;
    process->PriorityClass = PROCESS_PRIORITY_CLASS_NORMAL;
    process->DefaultPagePriority = MEMORY_PRIORITY_NORMAL;
    if (program) {
        inherit_values(process, program);
    }
    pthread_mutex_lock(&ps->lock);
    ke_list_insert_tail(ks, ps->ke->nt.PsActiveProcessHead, &process->ActiveProcessLinks);
    pthread_mutex_unlock(&ps->lock);
    process->ProcessInserted = 1;
}

/* A copy of the parent's token, or that of whom the program says. */
static NTSTATUS give_token(struct ps *ps, EPROCESS *process, const struct ps_program *program)
{
    const struct se_duplicate same = {.type = TokenPrimary};
    EPROCESS *parent = program && program->parent ? program->parent->process : NULL;
    TOKEN *from = parent ? se_reference_primary_token(&ps->se, parent) : NULL, *token;
    NTSTATUS status;
    if (from) {
        status = se_duplicate_token(&ps->se, from, &same, NULL, &token);
        se_dereference_primary_token(&ps->se, parent, from);
    } else {
        enum se_identity identity = program ? program->identity : SE_SYSTEM;
        unsigned session = program && program->session != PS_NO_SESSION ? program->session : 0;
        status = se_create_token(&ps->se, identity, session, &token);
    }
    if (NT_SUCCESS(status)) {
        se_assign_primary_token(&ps->se, process, token);
    }
    return status;
}

/* The handle table: empty, or with copies of what the parent lets it inherit. */
static NTSTATUS create_handles(struct ps *ps, EPROCESS *process, const struct ps_program *program)
{
    if (!program || !program->inherit_handles || !program->parent) {
        return ob_init_process(ps->ob, NULL, process);
    }
    EPROCESS *parent = program->parent->process;
    const struct ob_inheritance from = {
        .parent = parent, .only = program->inherit_only, .count = program->inherit_count};
    if (!ex_acquire_rundown_protection(&parent->RundownProtect)) {
        return STATUS_PROCESS_IS_TERMINATING;
    }
    NTSTATUS status = ob_init_process(ps->ob, &from, process);
    ex_release_rundown_protection(&parent->RundownProtect);
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
    p->program = program != NULL;
    p->background = program && program->background;
    p->session = !program          ? PS_NO_SESSION
                 : program->parent ? program->parent->session
                                   : program->session;
    p->process = object;
    p->va = h2k(&ps->ke->ks, object);
    EPROCESS *process = p->process;
    status = psp_allocate_id(ps, p->va, p, NULL, &process->UniqueProcessId.va);
    if (!NT_SUCCESS(status)) {
        free(p); /* without an id the object's deletion finds no companion */
        ob_dereference_object(ps->ob, object);
        return status;
    }
    status = mm_space_create(ps->mm, process, system, &p->space);
    if (NT_SUCCESS(status)) {
        mm_space_set_owner(p->space, p);
        status = give_token(ps, process, program);
    }
    if (NT_SUCCESS(status)) {
        status = create_handles(ps, process, program);
    }
    if (!NT_SUCCESS(status)) {
        p->gone = true;
        ob_dereference_object(ps->ob, object);
        return status;
    }
    initialize_process(ps, process, program);
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

/* Map an image. What its headers say goes to *about, with the entry point where it is in this
 * process. */
static NTSTATUS map_image(struct ps_process *p, SEGMENT *segment, SECTION_IMAGE_INFORMATION *about,
                          uint64_t *base)
{
    struct ps *ps = p->ps;
    struct mm_view view = {
        .segment = segment, .protect = PAGE_EXECUTE_READ, .inherit = ViewUnmap, .prefetch = true};
    NTSTATUS status = mm_map_view(p->space, &view);
    mm_query_image_section(ps->mm, segment, about);
    about->TransferAddress.va += view.base - segment->BasedAddress.va;
    *base = view.base;
    return status;
}

static NTSTATUS map_program(struct ps_process *p, const struct ps_program *program,
                            struct psp_image *info)
{
    struct ps *ps = p->ps;
    SECTION_IMAGE_INFORMATION about;
    SEGMENT *segment = kspace_host(&ps->ke->ks, program->image->Segment.va);
    ob_reference_object(ps->ob, program->image);
    p->process->SectionObject.va = h2k(&ps->ke->ks, program->image);
    NTSTATUS status = map_image(p, segment, &about, &info->base);
    if (NT_SUCCESS(status) && (about.ImageCharacteristics & IMAGE_FILE_DLL)) {
        status = STATUS_INVALID_IMAGE_FORMAT;
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    info->stack_reserve = p->stack_reserve = about.MaximumStackSize;
    info->stack_commit = p->stack_commit = about.CommittedStackSize;
    info->subsystem = (USHORT)about.SubSystemType;
    info->subsystem_major = about.SubSystemMajorVersion;
    info->subsystem_minor = about.SubSystemMinorVersion;
    info->entry = about.TransferAddress.va;
    p->process->SectionBaseAddress.va = info->base;
    if (program->about) {
        *program->about = about;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS map_ntdll(struct ps_process *p)
{
    static const WCHAR path[] = u"\\SystemRoot\\System32\\ntdll.dll";
    struct ps *ps = p->ps;
    SECTION_IMAGE_INFORMATION about;
    SEGMENT *segment;
    uint64_t base = 0;
    NTSTATUS status =
        io_create_image_section_of(ps->io, path, sizeof path / sizeof *path - 1, &segment);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = map_image(p, segment, &about, &base);
    mm_close_section(ps->mm, segment);
    if (NT_SUCCESS(status) && base != ps->ntdll_base) {
        status = STATUS_CONFLICTING_ADDRESSES; /* the program sits where ntdll must be */
    }
    return status;
}

/* Map the program and ntdll, and give the process what it finds in its PEB. */
static NTSTATUS populate(struct ps_process *p, const struct ps_program *program)
{
    struct psp_image info = {0};
    uint64_t standard_handle[3] = {0};
    /* Before the images: these can go elsewhere. */
    NTSTATUS status =
        program->parent ? mm_inherit_views(program->parent->space, p->space) : STATUS_SUCCESS;
    if (NT_SUCCESS(status)) {
        status = map_program(p, program, &info);
    }
    if (NT_SUCCESS(status)) {
        status = map_ntdll(p);
    }
    if (NT_SUCCESS(status) && program->open_standard_handles) {
        status = program->open_standard_handles(program->context, p, standard_handle);
    }
    if (NT_SUCCESS(status)) {
        status = psp_create_peb(p, program->parameters, &info, standard_handle);
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
        p->process->BreakOnTermination = program->critical;
        set_image_file_name(p->process, program->nt_path);
        status = p->session == PS_NO_SESSION ? STATUS_SUCCESS
                                             : mm_session_join(ps->mm, p->process, p->session);
        if (NT_SUCCESS(status)) {
            status = psp_inherit_job(p, program);
        }
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
    if (!program) { /* else it can be found when it has its first thread */
        pthread_mutex_lock(&ps->lock);
        p->findable = true;
        pthread_mutex_unlock(&ps->lock);
    }
    *out = p;
    return STATUS_SUCCESS;
}

void psp_check_critical(struct ps_process *p)
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
    psp_check_critical(p);
    if (ps->ops->process_ending) {
        ps->ops->process_ending(ps->owner, p);
    }
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
    psp_end_in_job(p);
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
    if (process->SectionObject.va) {
        ob_dereference_object(ps->ob, kspace_host(&ps->ke->ks, process->SectionObject.va));
    }
    if (p->space) {
        if (!process->ProcessInserted) {
            mm_space_clean(p->space);
        }
        mm_space_destroy(p->space);
    }
    psp_leave_job(ps, process);
    free(p);
}
