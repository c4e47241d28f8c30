/* src/machine/stuck.c: has the machine come to an end without ending?
 *
 * When every thread waits, none of them for a time to come, no timer is set and nobody waits for
 * the host, then nothing can ever happen again: only a debugger can go on. `g` breaks in then, so
 * that a script may let programs run until they have settled.
 */
#include "machine/boot.h"

#include "ke/list.h"
#include "ke/thread.h"
#include "ke/wait.h"

/* A wait that is over in some thousand years (Sleep(INFINITE)) counts as one without an end. */
#define FOREVER (1000ll * 365 * 24 * 3600 * KE_TICKS_PER_SECOND)

static bool waits_forever(const struct ntmm_machine *m, const KTHREAD *thread)
{
    if (thread->State != KE_THREAD_WAITING) {
        return false;
    }
    int64_t left = (int64_t)thread->Timer.DueTime.QuadPart - ke_query_interrupt_time(&m->ke);
    return !thread->TimerActive || left > FOREVER;
}

static bool timer_is_set(const struct ntmm_machine *m)
{
    const KTIMER_TABLE *table = &m->ke.processors.prcb[0]->TimerTable;
    for (size_t i = 0; i < sizeof table->TimerEntries / sizeof *table->TimerEntries; i++) {
        if (!ke_list_empty(&m->ke.ks, &table->TimerEntries[i].Entry)) {
            return true;
        }
    }
    return false;
}

bool machine_threads_wait(struct ntmm_machine *m, bool background)
{
    size_t threads = 0;
    bool wait = true;
    pthread_mutex_lock(&m->ps.lock);
    for (size_t i = 0; i < m->ps.id_slots && wait; i++) {
        const struct ps_thread *t = m->ps.thread_by_id[i];
        if (t && ps_thread_is_alive(t) && t->process->background == background) {
            threads++;
            wait = waits_forever(m, &t->thread->Tcb);
        }
    }
    pthread_mutex_unlock(&m->ps.lock);
    return wait && threads;
}

bool machine_is_stuck(struct ntmm_machine *m)
{
    return !m->ke.host_waits && !timer_is_set(m) && machine_threads_wait(m, false);
}
