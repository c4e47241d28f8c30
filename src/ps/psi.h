/* src/ps/psi.h: shared by the files of ps. */
#pragma once

#include "ps/ps.h"

/* What the image of a process says about its first thread and its PEB. */
struct psp_image {
    uint64_t base;
    uint64_t entry;
    uint64_t stack_reserve, stack_commit;
    uint16_t subsystem, subsystem_major, subsystem_minor;
};

/* PEB and RTL_USER_PROCESS_PARAMETERS of a new process (peb.c). Fills EPROCESS.Peb. */
NTSTATUS psp_create_peb(struct ps_process *process, const struct ps_process_parameters *parameters,
                        const struct psp_image *image, const uint64_t standard_handle[3]);

/* User memory of a thread (thread_memory.c). */
struct psp_stack {
    uint64_t allocation; /* lowest reserved address */
    uint64_t limit;      /* lowest committed one above the guard page */
    uint64_t base;       /* one past the highest */
};
/* => STATUS_INVALID_PARAMETER, STATUS_NO_MEMORY, STATUS_COMMITMENT_LIMIT; nothing is left behind */
NTSTATUS psp_create_stack(struct mm_space *space, uint64_t reserve, uint64_t commit,
                          struct psp_stack *stack);
NTSTATUS psp_create_teb(struct ps_process *process, const CLIENT_ID *id,
                        const struct psp_stack *stack, uint64_t *teb);
void psp_free_user_pages(struct mm_space *space, uint64_t base);

/* The same for a clone of a thread (clone.c): it has them already, in the copy of its process.
 * *entry gets the registers to go on with. => what reading and writing its TEB says */
NTSTATUS psp_clone_user_part(struct ps_thread *t, const struct ps_thread_parameters *wanted,
                             CONTEXT *entry);
/* SeAuditProcessCreationInfo of a process that runs the same image (process.c). */
NTSTATUS psp_copy_audit_name(struct ps *ps, const EPROCESS *from, EPROCESS *to);

/* Jobs (job.c). */
NTSTATUS psp_create_job_type(struct ps *ps);
/* => STATUS_ACCESS_DENIED (has one), STATUS_QUOTA_EXCEEDED (no more may be in it),
 *    STATUS_PROCESS_IS_TERMINATING */
NTSTATUS psp_enter_job(EJOB *job, struct ps_process *process);
/* A new process gets the job of the one that creates it, if that has one.
 * => also STATUS_ACCESS_DENIED: it may not break away */
NTSTATUS psp_inherit_job(struct ps_process *process, const struct ps_program *program);
/* It has ended, its memory is gone; its object goes. */
void psp_end_in_job(struct ps_process *process);
void psp_leave_job(struct ps *ps, EPROCESS *process);

/* Client ids (cid.c): handles of PspCidTable, and the host companions by id. */
NTSTATUS psp_allocate_id(struct ps *ps, uint64_t object_va, struct ps_process *process,
                         struct ps_thread *thread, uint64_t *id);
void psp_free_id(struct ps *ps, uint64_t id);
/* Companions of objects in the lists. => ps->lock held */
struct ps_process *psp_process_at(const struct ps *ps, const EPROCESS *process);
struct ps_thread *psp_thread_at(const struct ps *ps, const ETHREAD *thread);
/* Companion of an object that the caller holds a reference to. */
struct ps_process *psp_process_of(struct ps *ps, const EPROCESS *process);
struct ps_thread *psp_thread_of(struct ps *ps, const ETHREAD *thread);

/* Object types (types.c) and what their last reference does (process.c, thread.c). */
NTSTATUS psp_create_types(struct ps *ps);
/* A process object with an empty address space and handle table, in the lists (process.c). */
NTSTATUS psp_create_process_object(struct ps *ps, const struct ps_program *program, bool system,
                                   struct ps_process **out);
/* KPROCESS.BasePriority of a priority class. */
CHAR psp_base_priority(uint8_t priority_class);
void psp_delete_process(struct ps *ps, EPROCESS *process);
void psp_delete_thread(struct ps *ps, ETHREAD *thread);
/* Stop the machine when it cannot do without this process: Windows does not go on either.
 * Source: bugcheck code reference, CRITICAL_OBJECT_TERMINATION. */
void psp_check_critical(struct ps_process *process);
/* Close handles, free user memory, signal: the last thread is gone, or there never was one. */
void psp_exit_process(struct ps_process *process, NTSTATUS status);
/* A thread that leaves its process (thread.c): everything but its KTHREAD, which ke_exit_thread
 * ends, and its references. */
void psp_retire_thread(struct ps_thread *thread, NTSTATUS status);
void psp_free_thread_memory(struct ps_thread *thread);
