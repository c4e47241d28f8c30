/* src/ke/processor.c: handing out processors, and stopping the world.
 *
 * One lock for all of it. A processor is in one of two states: CurrentThread runs, or it is idle
 * and nobody who may use it is ready (unless the machine is frozen). Every function restores that
 * before it releases the lock. Inside (inside.h) are running threads that are not parked, and who
 * came through ke_enter.
 */
#include "ke/processor.h"

#include "ke/ki.h"

enum { PRIORITIES = 32 };

static bool may_run_on(const KTHREAD *thread, unsigned index)
{
    return thread->Affinity.Mask == 0 || (thread->Affinity.Mask >> index & 1);
}

static unsigned priority_of(const KTHREAD *thread)
{
    return thread->Priority < 0 ? 0 : (unsigned)thread->Priority % PRIORITIES;
}

static KTHREAD *current_on(struct ke *ke, unsigned index)
{
    return k2h(&ke->ks, ke->processors.prcb[index]->CurrentThread);
}

static bool is_busy(struct ke *ke, unsigned index)
{
    KPRCB *prcb = ke->processors.prcb[index];

    return prcb->CurrentThread.va != prcb->IdleThread.va;
}

/* Sleep until nobody freezes the machine. => lock held on entry and exit, given up meanwhile */
static void await_thaw(struct ke_processors *p)
{
    while (ke_freeze_requested(p)) {
        ke_release_lock(&p->lock);
        ke_inside_await_thaw(&p->inside);
        ke_acquire_lock(&p->lock);
    }
}

/* ---- ready threads ---- */

static void enqueue(struct ke *ke, KTHREAD *thread)
{
    struct ke_processors *p = &ke->processors;
    KPRCB *prcb = p->prcb[thread->IdealProcessor % p->count];
    unsigned priority = priority_of(thread);

    ki_set_state(thread, KE_THREAD_READY);
    ke_list_insert_tail(&ke->ks, &prcb->DispatcherReadyListHead[priority], &thread->WaitListEntry);
    prcb->ReadySummary |= 1u << priority;
    p->ready++;
}

/* The first thread of `prcb`'s ready list `priority` that may run on processor `index`. */
static KTHREAD *first_allowed(struct ke *ke, KPRCB *prcb, unsigned priority, unsigned index)
{
    ke_list_for_each(&ke->ks, entry, &prcb->DispatcherReadyListHead[priority])
    {
        KTHREAD *thread = ke_list_entry(entry, KTHREAD, WaitListEntry);

        if (may_run_on(thread, index))
            return thread;
    }
    return NULL;
}

/* The ready thread of the highest priority, at least `least`, for processor `index`; own list
 * first. */
static KTHREAD *dequeue(struct ke *ke, unsigned index, unsigned least)
{
    struct ke_processors *p = &ke->processors;

    if (p->ready == 0)
        return NULL;
    for (unsigned priority = PRIORITIES; priority-- > least;) {
        for (unsigned i = 0; i < p->count; i++) {
            KPRCB *prcb = p->prcb[(index + i) % p->count];
            KTHREAD *thread;

            if (!(prcb->ReadySummary >> priority & 1) ||
                !(thread = first_allowed(ke, prcb, priority, index)))
                continue;
            ke_list_remove(&ke->ks, &thread->WaitListEntry);
            if (ke_list_empty(&ke->ks, &prcb->DispatcherReadyListHead[priority]))
                prcb->ReadySummary &= ~(1u << priority);
            p->ready--;
            return thread;
        }
    }
    return NULL;
}

/* ---- taking and giving ---- */

/* `thread` gets the idle processor `index`, and is inside. */
static void take(struct ke *ke, unsigned index, KTHREAD *thread)
{
    struct ke_processors *p = &ke->processors;
    KPRCB *prcb = p->prcb[index];

    prcb->CurrentThread.va = h2k(&ke->ks, thread);
    prcb->QuantumEnd = 0;
    prcb->KeContextSwitches++;
    thread->ContextSwitches++;
    __atomic_store_n(&thread->NextProcessor, index, __ATOMIC_RELAXED);
    p->taken_at[index] = ke_query_interrupt_time(ke);
    ke_inside_add(&p->inside);
    __atomic_store_n(&thread->Running, 1, __ATOMIC_RELAXED);
    ki_set_state(thread, KE_THREAD_RUNNING);
    if (p->busy++ == 0) {
        ki_update_shared_time(ke);
        ke_poke_clock(ke);
    }
}

/* The thread on processor `index` leaves it; the processor is idle then. */
static void give(struct ke *ke, unsigned index)
{
    struct ke_processors *p = &ke->processors;
    KTHREAD *thread = current_on(ke, index);

    __atomic_store_n(&thread->Running, 0, __ATOMIC_RELAXED);
    p->prcb[index]->CurrentThread.va = p->prcb[index]->IdleThread.va;
    p->busy--;
    ke_inside_remove(&p->inside);
}

/* Give the idle processor `index` to a ready thread, if there is one. */
static void serve_ready(struct ke *ke, unsigned index, unsigned least)
{
    KTHREAD *thread;

    if (ke_freeze_requested(&ke->processors) || !(thread = dequeue(ke, index, least)))
        return;
    take(ke, index, thread);
    ke_futex_wake(ki_state_word(thread), 1, KE_FUTEX_GUEST);
}

/* An idle processor for `thread`, the one it had last if possible; -1: none. */
static int find_idle(struct ke *ke, const KTHREAD *thread)
{
    struct ke_processors *p = &ke->processors;

    for (unsigned i = 0; i < p->count; i++) {
        unsigned index = (thread->NextProcessor + i) % p->count;

        if (may_run_on(thread, index) && !is_busy(ke, index))
            return (int)index;
    }
    return -1;
}

static void end_quantum(struct ke *ke, unsigned index)
{
    __atomic_store_n(&ke->processors.prcb[index]->QuantumEnd, 1, __ATOMIC_RELEASE);
    if (ke->ops && ke->ops->preempt)
        ke->ops->preempt(ke->owner, index);
}

/* A thread became ready and found no processor: one that runs something less urgent is to be freed.
 */
static void preempt_less_urgent(struct ke *ke, const KTHREAD *thread)
{
    unsigned least = priority_of(thread), victim = KE_MAXIMUM_PROCESSORS;

    for (unsigned index = 0; index < ke->processors.count; index++) {
        if (!may_run_on(thread, index) || !is_busy(ke, index))
            continue;
        if (priority_of(current_on(ke, index)) < least) {
            least = priority_of(current_on(ke, index));
            victim = index;
        }
    }
    if (victim != KE_MAXIMUM_PROCESSORS)
        end_quantum(ke, victim);
}

static void sleep_until_running(KTHREAD *thread)
{
    for (;;) {
        uint32_t word = __atomic_load_n(ki_state_word(thread), __ATOMIC_ACQUIRE);

        if (ki_state(thread) == KE_THREAD_RUNNING)
            return;
        ke_futex_wait(ki_state_word(thread), word, KE_FUTEX_GUEST, NULL);
    }
}

void ke_acquire_processor(struct ke *ke, KTHREAD *thread)
{
    struct ke_processors *p = &ke->processors;
    int index;

    ke_lock_order_none_held();
    ASSERT(p->count > 0 && !ke_owns_processor(thread));
    ki_set_state(thread, KE_THREAD_READY);
    ke_acquire_lock(&p->lock);
    await_thaw(p);
    index = find_idle(ke, thread);
    if (index >= 0) {
        take(ke, (unsigned)index, thread);
        ke_release_lock(&p->lock);
        return;
    }
    enqueue(ke, thread);
    preempt_less_urgent(ke, thread);
    ke_release_lock(&p->lock);
    ke_poke_clock(ke);
    sleep_until_running(thread);
}

void ke_release_processor(struct ke *ke, KTHREAD *thread)
{
    struct ke_processors *p = &ke->processors;
    unsigned index = ke_processor_number(thread);

    ke_lock_order_none_held();
    ke_acquire_lock(&p->lock);
    ASSERT(current_on(ke, index) == thread);
    give(ke, index);
    serve_ready(ke, index, 0);
    ke_release_lock(&p->lock);
}

bool ke_yield_processor(struct ke *ke, KTHREAD *thread)
{
    struct ke_processors *p = &ke->processors;
    unsigned index = ke_processor_number(thread);
    KTHREAD *next;

    ke_lock_order_none_held();
    ke_acquire_lock(&p->lock);
    if (!may_run_on(thread, index)) {
        ke_release_lock(&p->lock);
        ke_release_processor(ke, thread);
        ke_acquire_processor(ke, thread);
        return true;
    }
    __atomic_store_n(&p->prcb[index]->QuantumEnd, 0, __ATOMIC_RELAXED);
    p->taken_at[index] = ke_query_interrupt_time(ke);
    next = ke_freeze_requested(p) ? NULL : dequeue(ke, index, priority_of(thread));
    if (next) {
        give(ke, index);
        take(ke, index, next);
        enqueue(ke, thread);
        ke_futex_wake(ki_state_word(next), 1, KE_FUTEX_GUEST);
    }
    ke_release_lock(&p->lock);
    if (next)
        sleep_until_running(thread);
    return next != NULL;
}

void ki_kick(struct ke *ke, KTHREAD *thread)
{
    if (ke_owns_processor(thread) && ke->ops && ke->ops->preempt)
        ke->ops->preempt(ke->owner, ke_processor_number(thread));
}

void ke_check_quantum(struct ke *ke)
{
    struct ke_processors *p = &ke->processors;
    int64_t now = ke_query_interrupt_time(ke);

    ke_acquire_lock(&p->lock);
    for (unsigned index = 0; p->ready > 0 && index < p->count; index++) {
        if (is_busy(ke, index) && now - p->taken_at[index] >= KE_QUANTUM)
            end_quantum(ke, index);
    }
    ke_release_lock(&p->lock);
}

void ke_account_time(struct ke *ke, uint32_t ticks)
{
    struct ke_processors *p = &ke->processors;

    ke_acquire_lock(&p->lock);
    for (unsigned index = 0; p->busy > 0 && index < p->count; index++) {
        KTHREAD *thread = current_on(ke, index);
        KPROCESS *process;

        if (!is_busy(ke, index))
            continue;
        process = k2h(&ke->ks, thread->Process);
        if (__atomic_load_n(&p->in_user[index], __ATOMIC_RELAXED)) {
            thread->UserTime += ticks;
            process->UserTime += ticks;
            p->prcb[index]->UserTime += ticks;
        } else {
            thread->KernelTime += ticks;
            process->KernelTime += ticks;
            p->prcb[index]->KernelTime += ticks;
        }
    }
    ke_release_lock(&p->lock);
}

void ke_set_affinity_thread(struct ke *ke, KTHREAD *thread, uint64_t mask)
{
    struct ke_processors *p = &ke->processors;

    ke_acquire_lock(&p->lock);
    thread->UserAffinity.Mask = thread->Affinity.Mask = mask;
    if (ke_owns_processor(thread) && !may_run_on(thread, ke_processor_number(thread)))
        end_quantum(ke, ke_processor_number(thread));
    ke_release_lock(&p->lock);
}

void ke_set_base_priority(struct ke *ke, KTHREAD *thread, CHAR priority)
{
    ke_acquire_lock(&ke->processors.lock);
    thread->BasePriority = thread->Priority = priority;
    ke_release_lock(&ke->processors.lock);
}

/* ---- stopping the world ---- */

void ke_enter(struct ke *ke)
{
    ke_inside_enter(&ke->processors.inside);
}

void ke_leave(struct ke *ke)
{
    ke_inside_leave(&ke->processors.inside);
}

void ke_safe_point(struct ke *ke, KTHREAD *thread)
{
    struct ke_processors *p = &ke->processors;

    ASSERT(ke_owns_processor(thread));
    if (!ke_freeze_requested(p))
        return;
    ke_lock_order_none_held();
    ke_acquire_lock(&p->lock);
    if (ke_freeze_requested(p)) {
        ke_inside_remove(&p->inside);
        await_thaw(p);
        ke_inside_add(&p->inside);
    }
    ke_release_lock(&p->lock);
}

void ke_request_freeze(struct ke *ke)
{
    struct ke_processors *p = &ke->processors;

    ke_acquire_lock(&p->lock);
    if (!ke_freeze_requested(p)) {
        ke_inside_freeze(&p->inside);
        ki_stop_time(ke);
        for (unsigned index = 0; index < p->count; index++) {
            if (is_busy(ke, index) && ke->ops && ke->ops->preempt)
                ke->ops->preempt(ke->owner, index);
        }
    }
    ke_release_lock(&p->lock);
}

void ke_freeze(struct ke *ke)
{
    ke_request_freeze(ke);
    ke_inside_await_none(&ke->processors.inside);
}

void ke_halt(struct ke *ke)
{
    struct ke_processors *p = &ke->processors;

    ke_inside_freeze(&p->inside);
    for (unsigned index = 0; index < p->count; index++) {
        if (ke->ops && ke->ops->preempt)
            ke->ops->preempt(ke->owner, index);
    }
}

bool ke_is_quiet(const struct ke *ke, bool caller_is_inside)
{
    return ke_inside_count(&ke->processors.inside) <= caller_is_inside;
}

void ke_thaw(struct ke *ke)
{
    struct ke_processors *p = &ke->processors;

    ke_acquire_lock(&p->lock);
    if (ke_freeze_requested(p)) {
        ki_start_time(ke);
        ke_inside_thaw(&p->inside);
        for (unsigned index = 0; index < p->count; index++) {
            if (!is_busy(ke, index))
                serve_ready(ke, index, 0);
        }
    }
    ke_release_lock(&p->lock);
    ke_poke_clock(ke);
}

/* ---- boot ---- */

/* Timers of the machine are in the first processor's table; all tables are set up alike. */
static void initialize_timer_table(struct ke *ke, KTIMER_TABLE *table)
{
    for (size_t i = 0; i < sizeof(table->TimerEntries) / sizeof(table->TimerEntries[0]); i++) {
        ke_list_init(&ke->ks, &table->TimerEntries[i].Entry);
        table->TimerEntries[i].Time.QuadPart = UINT64_MAX;
    }
}

NTSTATUS ke_add_processor(struct ke *ke, KPCR *pcr, KTHREAD *idle)
{
    struct ke_processors *p = &ke->processors;
    KPRCB *prcb = &pcr->Prcb;
    unsigned index = p->count;

    if (index == KE_MAXIMUM_PROCESSORS)
        return STATUS_INSUFFICIENT_RESOURCES;
    pcr->Self.va = h2k(&ke->ks, pcr);
    pcr->CurrentPrcb.va = h2k(&ke->ks, prcb);
    pcr->MajorVersion = 1;
    pcr->MinorVersion = 1;
    prcb->MajorVersion = 1;
    prcb->MinorVersion = 1;
    prcb->Number = index;
    prcb->LegacyNumber = (UCHAR)index;
    prcb->GroupIndex = (UCHAR)index;
    prcb->GroupSetMember = 1ull << index;
    prcb->IdleThread.va = idle ? h2k(&ke->ks, idle) : 0;
    prcb->CurrentThread.va = prcb->IdleThread.va;
    ke_list_init(&ke->ks, &prcb->WaitListHead);
    for (unsigned priority = 0; priority < PRIORITIES; priority++)
        ke_list_init(&ke->ks, &prcb->DispatcherReadyListHead[priority]);
    initialize_timer_table(ke, &prcb->TimerTable);
    p->prcb[index] = prcb;
    p->count = index + 1;
    if (ke->nt.KiProcessorBlock)
        ke->nt.KiProcessorBlock[index].va = h2k(&ke->ks, prcb);
    if (ke->nt.KeNumberProcessors)
        *ke->nt.KeNumberProcessors = p->count;
    return STATUS_SUCCESS;
}
