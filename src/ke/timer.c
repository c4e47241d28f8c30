/* src/ke/timer.c: timers in the timer table of the first processor.
 *
 * As on Windows 7 a running timer hangs in one of 256 lists, chosen by bits of its due time
 * (Header.Hand says which), sorted by due time; the list's Time repeats the first one's. Finding
 * the next timer of all looks at 256 words. DueTime is interrupt time, also for absolute timers.
 *
 *      TimerEntries[hand]: Time, Entry <-> KTIMER <-> KTIMER      hand = (DueTime >> 18) & 0xFF
 */
#include "ke/dispatcher.h"

#include "ke/ki.h"

enum { HANDS = 256, HAND_SHIFT = 18 };

_Static_assert(sizeof(((KTIMER_TABLE *)0)->TimerEntries) / sizeof(KTIMER_TABLE_ENTRY) == HANDS,
               "one list per hand");

static KTIMER_TABLE *timer_table(struct ke *ke)
{
    ASSERT(ke->processors.count > 0);
    return &ke->processors.prcb[0]->TimerTable;
}

/* The list's first timer changed. */
static void refresh_time(struct ke *ke, KTIMER_TABLE_ENTRY *list)
{
    if (ke_list_empty(&ke->ks, &list->Entry))
        list->Time.QuadPart = UINT64_MAX;
    else
        list->Time =
            ke_list_entry(k2h(&ke->ks, list->Entry.Flink), KTIMER, TimerListEntry)->DueTime;
}

static void insert_timer(struct ke *ke, KTIMER *timer, uint64_t due)
{
    unsigned hand = due >> HAND_SHIFT & (HANDS - 1);
    KTIMER_TABLE_ENTRY *list = &timer_table(ke)->TimerEntries[hand];
    LIST_ENTRY *after = &list->Entry;

    ke_list_for_each(&ke->ks, entry, &list->Entry)
    {
        if (ke_list_entry(entry, KTIMER, TimerListEntry)->DueTime.QuadPart > due) {
            after = entry;
            break;
        }
    }
    timer->DueTime.QuadPart = due;
    timer->Header.Hand = (UCHAR)hand;
    timer->Header.Inserted = 1;
    ke_list_insert_tail(&ke->ks, after, &timer->TimerListEntry);
    refresh_time(ke, list);
}

static void remove_timer(struct ke *ke, KTIMER *timer)
{
    ke_list_remove(&ke->ks, &timer->TimerListEntry);
    timer->Header.Inserted = 0;
    refresh_time(ke, &timer_table(ke)->TimerEntries[timer->Header.Hand]);
}

void ke_initialize_timer(struct ke *ke, KTIMER *timer, bool synchronization)
{
    ki_initialize_header(ke, &timer->Header,
                         synchronization ? TimerSynchronizationObject : TimerNotificationObject,
                         sizeof(*timer), 0);
    timer->Header.Size = 0; /* the byte is Hand in a timer */
    timer->DueTime.QuadPart = 0;
    timer->Dpc.va = 0;
    timer->Processor = 0;
    timer->Period = 0;
}

bool ke_set_timer(struct ke *ke, KTIMER *timer, int64_t due, uint32_t period)
{
    int64_t time;
    bool running;

    ke_acquire_lock(&ke->dispatcher_lock);
    time = ke_due_time(ke, due); /* the time of day is set under this lock as well */
    running = timer->Header.Inserted;
    if (running)
        remove_timer(ke, timer);
    timer->Header.Absolute = due >= 0;
    timer->Period = period;
    __atomic_store_n(&timer->Header.SignalState, 0, __ATOMIC_RELAXED);
    insert_timer(ke, timer, time < 0 ? 0 : (uint64_t)time);
    ke_release_lock(&ke->dispatcher_lock);
    ke_poke_clock(ke);
    return running;
}

bool ke_cancel_timer(struct ke *ke, KTIMER *timer)
{
    bool running;

    ke_acquire_lock(&ke->dispatcher_lock);
    running = timer->Header.Inserted;
    if (running)
        remove_timer(ke, timer);
    while (ke->clock.expiring == timer && !pthread_equal(pthread_self(), ke->clock.thread)) {
        uint32_t change = __atomic_load_n(&ke->clock.expired, __ATOMIC_ACQUIRE);

        ke_release_lock(&ke->dispatcher_lock);
        ke_futex_wait(&ke->clock.expired, change, KE_FUTEX_HOST, NULL);
        ke_acquire_lock(&ke->dispatcher_lock);
    }
    ke_release_lock(&ke->dispatcher_lock);
    return running;
}

/* A timer that is due at `now`; NULL: none, and *next is when the next one is. */
static KTIMER *due_timer(struct ke *ke, uint64_t now, int64_t *next)
{
    KTIMER_TABLE *table = timer_table(ke);
    uint64_t earliest = INT64_MAX;

    for (unsigned hand = 0; hand < HANDS; hand++) {
        uint64_t time = table->TimerEntries[hand].Time.QuadPart;

        if (time <= now)
            return ke_list_entry(k2h(&ke->ks, table->TimerEntries[hand].Entry.Flink), KTIMER,
                                 TimerListEntry);
        if (time < earliest)
            earliest = time;
    }
    *next = (int64_t)earliest;
    return NULL;
}

/* Signal `timer` and start a periodic one again, past what was missed. */
static void expire(struct ke *ke, KTIMER *timer, uint64_t now)
{
    uint64_t period = (uint64_t)timer->Period * (KE_TICKS_PER_SECOND / 1000);
    uint64_t due = timer->DueTime.QuadPart;

    remove_timer(ke, timer);
    if (period != 0)
        insert_timer(ke, timer, due + (now - due) / period * period + period);
    __atomic_store_n(&timer->Header.SignalState, 1, __ATOMIC_RELAXED);
    ki_wait_test(ke, &timer->Header);
}

/* Call the machine for a timer with a DPC, without the lock; ke_cancel_timer waits for it.
 * => lock held on entry and exit */
static void call_dpc(struct ke *ke, KTIMER *timer)
{
    ke->clock.expiring = timer;
    ke_release_lock(&ke->dispatcher_lock);
    ke->ops->timer_dpc(ke->owner, timer);
    ke_acquire_lock(&ke->dispatcher_lock);
    ke->clock.expiring = NULL;
    __atomic_add_fetch(&ke->clock.expired, 1, __ATOMIC_ACQ_REL);
    ke_futex_wake(&ke->clock.expired, INT_MAX, KE_FUTEX_HOST);
}

int64_t ke_expire_timers(struct ke *ke)
{
    uint64_t now = (uint64_t)ke_query_interrupt_time(ke);
    int64_t next = INT64_MAX;
    KTIMER *timer;

    if (ke->processors.count == 0)
        return next;
    ke_acquire_lock(&ke->dispatcher_lock);
    while ((timer = due_timer(ke, now, &next)) != NULL) {
        expire(ke, timer, now);
        if (timer->Dpc.va != 0 && ke->ops && ke->ops->timer_dpc)
            call_dpc(ke, timer);
    }
    ke_release_lock(&ke->dispatcher_lock);
    return next;
}

/* Take the absolute timers of all lists out, chained through TimerListEntry.Flink. */
static KTIMER *take_absolute_timers(struct ke *ke)
{
    KTIMER *chain = NULL;

    for (unsigned hand = 0; hand < HANDS; hand++) {
        ke_list_for_each(&ke->ks, entry, &timer_table(ke)->TimerEntries[hand].Entry)
        {
            KTIMER *timer = ke_list_entry(entry, KTIMER, TimerListEntry);

            if (!timer->Header.Absolute)
                continue;
            remove_timer(ke, timer);
            timer->TimerListEntry.Flink.va = chain ? h2k(&ke->ks, &chain->TimerListEntry) : 0;
            chain = timer;
        }
    }
    return chain;
}

void ki_move_absolute_timers(struct ke *ke, int64_t by)
{
    KTIMER *timer, *next;

    if (ke->processors.count == 0)
        return;
    for (timer = take_absolute_timers(ke); timer; timer = next) {
        LIST_ENTRY *link = k2h(&ke->ks, timer->TimerListEntry.Flink);
        int64_t due;

        next = link ? ke_list_entry(link, KTIMER, TimerListEntry) : NULL;
        if (__builtin_add_overflow((int64_t)timer->DueTime.QuadPart, by, &due))
            due = INT64_MAX;
        insert_timer(ke, timer, due < 0 ? 0 : (uint64_t)due);
    }
}
