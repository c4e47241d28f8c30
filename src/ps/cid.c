/* src/ps/cid.c: client ids.
 *
 * A process id and a thread id are handles of one table, PspCidTable, so no two are equal and all
 * are multiples of four. The entry holds the object; it is a weak pointer, gone before the object
 * is. The host companions are kept in arrays by the same number.
 */
#include <stdlib.h>
#include <string.h>

#include "ob/handle_table.h"
#include "ps/psi.h"

#define HANDLE_STEP 4
#define INITIAL_SLOTS 256

/* Make room for companions up to `slot`. => ps->lock held */
static bool grow(struct ps *ps, size_t slot)
{
    if (slot < ps->id_slots) {
        return true;
    }
    size_t slots = ps->id_slots ? ps->id_slots : INITIAL_SLOTS;
    while (slots <= slot) {
        slots *= 2;
    }
    void *processes = realloc(ps->process_by_id, slots * sizeof *ps->process_by_id);
    if (!processes) {
        return false;
    }
    ps->process_by_id = processes;
    void *threads = realloc(ps->thread_by_id, slots * sizeof *ps->thread_by_id);
    if (!threads) {
        return false;
    }
    ps->thread_by_id = threads;
    memset(ps->process_by_id + ps->id_slots, 0, (slots - ps->id_slots) * sizeof *ps->process_by_id);
    memset(ps->thread_by_id + ps->id_slots, 0, (slots - ps->id_slots) * sizeof *ps->thread_by_id);
    ps->id_slots = slots;
    return true;
}

NTSTATUS psp_allocate_id(struct ps *ps, uint64_t object_va, struct ps_process *process,
                         struct ps_thread *thread, uint64_t *id)
{
    HANDLE_TABLE *table = k2h(&ps->ke->ks, *ps->ke->nt.PspCidTable);
    NTSTATUS status = ex_create_handle(ps->ob, table, object_va, 0, id);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    pthread_mutex_lock(&ps->lock);
    bool fits = grow(ps, *id / HANDLE_STEP);
    if (fits) {
        ps->process_by_id[*id / HANDLE_STEP] = process;
        ps->thread_by_id[*id / HANDLE_STEP] = thread;
    }
    pthread_mutex_unlock(&ps->lock);
    if (!fits) {
        psp_free_id(ps, *id);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    return STATUS_SUCCESS;
}

void psp_free_id(struct ps *ps, uint64_t id)
{
    pthread_mutex_lock(&ps->lock);
    if (id / HANDLE_STEP < ps->id_slots) {
        ps->process_by_id[id / HANDLE_STEP] = NULL;
        ps->thread_by_id[id / HANDLE_STEP] = NULL;
    }
    pthread_mutex_unlock(&ps->lock);
    HANDLE_TABLE *table = k2h(&ps->ke->ks, *ps->ke->nt.PspCidTable);
    HANDLE_TABLE_ENTRY *entry = ex_lock_handle(ps->ob, table, id);
    if (entry) {
        ex_destroy_handle(ps->ob, table, id, entry);
    }
}

struct ps_process *psp_process_at(const struct ps *ps, const EPROCESS *process)
{
    size_t slot = process->UniqueProcessId.va / HANDLE_STEP;
    struct ps_process *found = slot < ps->id_slots ? ps->process_by_id[slot] : NULL;
    return found && found->process == process ? found : NULL;
}

struct ps_thread *psp_thread_at(const struct ps *ps, const ETHREAD *thread)
{
    size_t slot = thread->Cid.UniqueThread.va / HANDLE_STEP;
    struct ps_thread *found = slot < ps->id_slots ? ps->thread_by_id[slot] : NULL;
    return found && found->thread == thread ? found : NULL;
}

struct ps_process *psp_process_of(struct ps *ps, const EPROCESS *process)
{
    pthread_mutex_lock(&ps->lock);
    struct ps_process *found = psp_process_at(ps, process);
    pthread_mutex_unlock(&ps->lock);
    return found;
}

struct ps_thread *psp_thread_of(struct ps *ps, const ETHREAD *thread)
{
    pthread_mutex_lock(&ps->lock);
    struct ps_thread *found = psp_thread_at(ps, thread);
    pthread_mutex_unlock(&ps->lock);
    return found;
}

NTSTATUS ps_lookup_process(struct ps *ps, uint64_t id, struct ps_process **out)
{
    NTSTATUS status = STATUS_INVALID_CID;
    pthread_mutex_lock(&ps->lock);
    struct ps_process *p = id % HANDLE_STEP == 0 && id / HANDLE_STEP < ps->id_slots
                               ? ps->process_by_id[id / HANDLE_STEP]
                               : NULL;
    if (p && p->findable && ob_reference_object_safe(ps->ob, p->process)) {
        *out = p;
        status = STATUS_SUCCESS;
    }
    pthread_mutex_unlock(&ps->lock);
    return status;
}

NTSTATUS ps_lookup_thread(struct ps *ps, uint64_t id, struct ps_thread **out)
{
    NTSTATUS status = STATUS_INVALID_CID;
    pthread_mutex_lock(&ps->lock);
    struct ps_thread *t = id % HANDLE_STEP == 0 && id / HANDLE_STEP < ps->id_slots
                              ? ps->thread_by_id[id / HANDLE_STEP]
                              : NULL;
    if (t && t->findable && ob_reference_object_safe(ps->ob, t->thread)) {
        *out = t;
        status = STATUS_SUCCESS;
    }
    pthread_mutex_unlock(&ps->lock);
    return status;
}
