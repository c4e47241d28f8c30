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
NTSTATUS psp_create_peb(struct ps_process *process, const struct ps_program *program,
                        const struct psp_image *image);

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

/* Client ids (cid.c). An id is taken with its companion and given back when the object is deleted.
 */
NTSTATUS psp_allocate_id(struct ps *ps, void *object, struct ps_process *process,
                         struct ps_thread *thread, uint64_t *id);
void psp_free_id(struct ps *ps, uint64_t id);

/* Object types (types.c), their delete procedures (process.c, thread.c). */
NTSTATUS psp_create_types(struct ps *ps);
void psp_delete_process(void *context, void *object);
void psp_delete_thread(void *context, void *object);
/* Close handles, free user memory, signal: the last thread is gone, or there never was one. */
void psp_exit_process(struct ps_process *process);
