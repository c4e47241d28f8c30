/* src/ps/clone.c: a process that is a copy of another, and the thread that goes on in it.
 *
 * NT's fork. The child's user memory is the parent's (mm_clone_address_space), PEB included, so it
 * needs no image mapped and no loader: what the kernel knows of the program is copied beside it.
 * Handles are inherited as by any child. It has no thread; a thread cloned into it has the
 * registers, the stack and the TEB, at the same address, of the one it is cloned from, and returns
 * from its system call with another status. Ids in the TEB become its own.
 *
 * Source: Windows Internals 6, part 1, ch. 5, on process cloning; TEB.ClonedThread and
 * ETHREAD.ClonedThread by symbols.
 */
#include <string.h>

#include "ps/psi.h"

#define CONTEXT_ALL_AMD64 0x10001Fu

/* What the kernel knows of the parent's program. */
static void copy_values(struct ps_process *p, const struct ps_process *parent)
{
    EPROCESS *to = p->process;
    const EPROCESS *from = parent->process;
    p->entry = parent->entry;
    p->stack_reserve = parent->stack_reserve;
    p->stack_commit = parent->stack_commit;
    memcpy(to->ImageFileName, from->ImageFileName, sizeof to->ImageFileName);
    to->SectionBaseAddress = from->SectionBaseAddress;
    to->Peb = from->Peb;
    if (from->SectionObject.va) {
        ob_reference_object(p->ps->ob, kspace_host(&p->ps->ke->ks, from->SectionObject.va));
        to->SectionObject = from->SectionObject;
    }
}

NTSTATUS ps_clone_process(struct ps_process *parent, const struct ps_program *how,
                          struct ps_process **out)
{
    struct ps *ps = parent->ps;
    struct ps_program program = *how;
    struct ps_process *p;
    program.parent = parent;
    NTSTATUS status = psp_create_process_object(ps, &program, false, &p);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    copy_values(p, parent);
    status = p->session == PS_NO_SESSION ? STATUS_SUCCESS
                                         : mm_session_join(ps->mm, p->process, p->session);
    if (NT_SUCCESS(status)) {
        status = psp_inherit_job(p, &program);
    }
    if (NT_SUCCESS(status)) {
        status = psp_copy_audit_name(ps, parent->process, p->process);
    }
    if (NT_SUCCESS(status)) {
        status = mm_clone_address_space(parent->space, p->space);
    }
    if (!NT_SUCCESS(status)) {
        psp_exit_process(p, status);
        ps_dereference_process(p);
        return status;
    }
    *out = p;
    return STATUS_SUCCESS;
}

/* The copy of a TEB says whose it is now. */
static NTSTATUS own_teb(const struct ps_thread *t)
{
    struct mm_space *space = t->process->space;
    const CLIENT_ID *id = &t->thread->Cid;
    TEB teb;
    NTSTATUS status = mm_copy_from_user(
        space, &teb.SameTebFlags, t->teb + offsetof(TEB, SameTebFlags), sizeof teb.SameTebFlags);
    if (NT_SUCCESS(status)) {
        teb.ClonedThread = 1;
        status = mm_copy_to_user(space, t->teb + offsetof(TEB, SameTebFlags), &teb.SameTebFlags,
                                 sizeof teb.SameTebFlags);
    }
    if (NT_SUCCESS(status)) {
        status = mm_copy_to_user(space, t->teb + offsetof(TEB, ClientId), id, sizeof *id);
    }
    return NT_SUCCESS(status)
               ? mm_copy_to_user(space, t->teb + offsetof(TEB, RealClientId), id, sizeof *id)
               : status;
}

NTSTATUS psp_clone_user_part(struct ps_thread *t, const struct ps_thread_parameters *wanted,
                             CONTEXT *entry)
{
    struct ps_thread *from = wanted->clone_of;
    t->teb = from->teb;
    t->stack = from->stack;
    t->thread->StartAddress = from->thread->StartAddress;
    t->thread->Win32StartAddress = from->thread->Win32StartAddress;
    t->thread->ClonedThread = 1;
    memset(entry, 0, sizeof *entry);
    entry->ContextFlags = CONTEXT_ALL_AMD64;
    t->ps->ops->get_context(t->ps->owner, from, entry);
    entry->Rax = wanted->clone_result;
    return own_teb(t);
}
