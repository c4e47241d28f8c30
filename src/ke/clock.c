/* src/ke/clock.c: time, and the thread that keeps it.
 *
 * Interrupt time is host monotonic time less boot and less what was spent frozen. A freeze notes
 * when it began; until the thaw the time reads as of then. */
#include "ke/clock.h"

#include <errno.h>
#include <signal.h>

#include "ke/ki.h"

#define NS_PER_TICK 100ll
#define NS_PER_SECOND 1000000000ll
#define SECONDS_1601_TO_1970 11644473600ll
/* 2^24 * milliseconds per clock interval: GetTickCount = (TickCount * this) >> 24. */
#define TICK_COUNT_MULTIPLIER ((ULONG)((KE_CLOCK_INTERVAL << 24) / 10000))

static int64_t host_ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

/* Host monotonic time, as the machine sees it. */
static int64_t machine_ns(const struct ke_clock *clock)
{
    int64_t since = __atomic_load_n(&clock->frozen_since, __ATOMIC_ACQUIRE);
    int64_t now = since ? since : host_ns(CLOCK_MONOTONIC);

    return now - __atomic_load_n(&clock->frozen_total, __ATOMIC_ACQUIRE) - clock->boot_monotonic;
}

void ki_stop_time(struct ke *ke)
{
    __atomic_store_n(&ke->clock.frozen_since, host_ns(CLOCK_MONOTONIC), __ATOMIC_RELEASE);
}

void ki_start_time(struct ke *ke)
{
    struct ke_clock *clock = &ke->clock;
    int64_t frozen = host_ns(CLOCK_MONOTONIC) - clock->frozen_since;

    __atomic_store_n(&clock->frozen_total, clock->frozen_total + frozen, __ATOMIC_RELEASE);
    __atomic_store_n(&clock->frozen_since, 0, __ATOMIC_RELEASE);
}

int64_t ke_query_interrupt_time(const struct ke *ke)
{
    return machine_ns(&ke->clock) / NS_PER_TICK;
}

static int64_t boot_system_time(const struct ke *ke)
{
    return __atomic_load_n(&ke->clock.boot_system_time, __ATOMIC_ACQUIRE);
}

int64_t ke_query_system_time(const struct ke *ke)
{
    return boot_system_time(ke) + ke_query_interrupt_time(ke);
}

uint64_t ke_query_tick_count(const struct ke *ke)
{
    return (uint64_t)(ke_query_interrupt_time(ke) / KE_CLOCK_INTERVAL);
}

int64_t ke_query_performance_counter(const struct ke *ke)
{
    return ke_query_interrupt_time(ke);
}

int64_t ke_due_time(const struct ke *ke, int64_t timeout)
{
    int64_t now, due;

    if (timeout >= 0)
        return timeout - boot_system_time(ke);
    now = ke_query_interrupt_time(ke);
    if (__builtin_sub_overflow(now, timeout, &due))
        return INT64_MAX;
    return due;
}

struct timespec ki_host_deadline(const struct ke *ke, int64_t due)
{
    const struct ke_clock *clock = &ke->clock;
    int64_t ns;

    if (__builtin_mul_overflow(due, NS_PER_TICK, &ns) ||
        __builtin_add_overflow(ns, clock->boot_monotonic, &ns) ||
        __builtin_add_overflow(ns, __atomic_load_n(&clock->frozen_total, __ATOMIC_ACQUIRE), &ns))
        ns = INT64_MAX;
    if (ns < 0)
        ns = 0;
    return (struct timespec){.tv_sec = ns / NS_PER_SECOND, .tv_nsec = ns % NS_PER_SECOND};
}

/* ---- KUSER_SHARED_DATA ---- */

/* Readers compare the two high parts and try again when they differ. */
static void store_system_time(KSYSTEM_TIME *time, int64_t value)
{
    __atomic_store_n(&time->High2Time, (LONG)(value >> 32), __ATOMIC_RELEASE);
    __atomic_store_n(&time->LowPart, (ULONG)value, __ATOMIC_RELEASE);
    __atomic_store_n(&time->High1Time, (LONG)(value >> 32), __ATOMIC_RELEASE);
}

void ki_update_shared_time(struct ke *ke)
{
    KUSER_SHARED_DATA *shared = ke->clock.shared;
    int64_t now, ticks;

    if (!shared)
        return;
    now = ke_query_interrupt_time(ke);
    ticks = now / KE_CLOCK_INTERVAL;
    store_system_time(&shared->InterruptTime, now);
    store_system_time(&shared->SystemTime, boot_system_time(ke) + now);
    store_system_time(&shared->TickCount, ticks);
    __atomic_store_n(&shared->TickCountLowDeprecated, (ULONG)ticks, __ATOMIC_RELEASE);
}

int64_t ke_set_system_time(struct ke *ke, int64_t time)
{
    int64_t now, old;

    ke_acquire_lock(&ke->dispatcher_lock);
    now = ke_query_interrupt_time(ke);
    old = boot_system_time(ke);
    __atomic_store_n(&ke->clock.boot_system_time, time - now, __ATOMIC_RELEASE);
    ki_move_absolute_timers(ke, old - (time - now));
    ke_release_lock(&ke->dispatcher_lock);
    ke_acquire_lock(&ke->processors.lock);
    ki_update_shared_time(ke);
    ke_release_lock(&ke->processors.lock);
    ke_poke_clock(ke);
    return old + now;
}

void ke_set_shared_data(struct ke *ke, KUSER_SHARED_DATA *shared)
{
    ke_acquire_lock(&ke->processors.lock);
    ke->clock.shared = shared;
    if (shared) {
        shared->TickCountMultiplier = TICK_COUNT_MULTIPLIER;
        ki_update_shared_time(ke);
    }
    ke_release_lock(&ke->processors.lock);
}

/* ---- the clock thread ---- */

void ke_poke_clock(struct ke *ke)
{
    __atomic_add_fetch(&ke->clock.change, 1, __ATOMIC_ACQ_REL);
    ke_futex_wake(&ke->clock.change, 1, KE_FUTEX_HOST);
}

/* Count the ticks since the last interrupt, if somebody ran then. => only the clock thread */
static void account_time(struct ke *ke, bool busy)
{
    struct ke_clock *clock = &ke->clock;
    int64_t tick = ke_query_interrupt_time(ke) / KE_CLOCK_INTERVAL;

    if (clock->accounted && tick > clock->accounted)
        ke_account_time(ke, (uint32_t)(tick - clock->accounted));
    clock->accounted = busy ? tick : 0;
}

/* One clock interrupt. => interrupt time of the next one that is needed, INT64_MAX: none */
static int64_t clock_interrupt(struct ke *ke)
{
    int64_t next, tick;
    bool busy;

    ke_enter(ke);
    next = ke_expire_timers(ke);
    ke_check_quantum(ke);
    ke_acquire_lock(&ke->processors.lock);
    ki_update_shared_time(ke);
    busy = ke->processors.busy > 0;
    ke_release_lock(&ke->processors.lock);
    account_time(ke, busy);
    ke_leave(ke);
    tick = (ke_query_interrupt_time(ke) / KE_CLOCK_INTERVAL + 1) * KE_CLOCK_INTERVAL;
    return busy && tick < next ? tick : next;
}

static void *clock_main(void *context)
{
    struct ke *ke = context;
    struct ke_clock *clock = &ke->clock;

    for (;;) { /* the count of changes before what may have changed: none is slept over */
        uint32_t change = __atomic_load_n(&clock->change, __ATOMIC_ACQUIRE);
        if (__atomic_load_n(&clock->stop, __ATOMIC_ACQUIRE))
            return NULL;
        int64_t next = clock_interrupt(ke);
        struct timespec deadline = ki_host_deadline(ke, next);

        ke_futex_wait(&clock->change, change, KE_FUTEX_HOST, next == INT64_MAX ? NULL : &deadline);
    }
}

/* Signals are for the threads of the command and the engine, not for this one. */
static int create_thread_without_signals(pthread_t *thread, void *(*start)(void *), void *context)
{
    sigset_t all, old;
    int error;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    error = pthread_create(thread, NULL, start, context);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return error;
}

NTSTATUS ke_start_clock(struct ke *ke)
{
    struct ke_clock *clock = &ke->clock;

    ASSERT(!clock->started);
    clock->boot_monotonic = host_ns(CLOCK_MONOTONIC);
    clock->boot_system_time =
        host_ns(CLOCK_REALTIME) / NS_PER_TICK + SECONDS_1601_TO_1970 * KE_TICKS_PER_SECOND;
    clock->stop = 0;
    if (create_thread_without_signals(&clock->thread, clock_main, ke) != 0)
        return STATUS_INSUFFICIENT_RESOURCES;
    clock->started = true;
    return STATUS_SUCCESS;
}

void ke_stop_clock(struct ke *ke)
{
    struct ke_clock *clock = &ke->clock;

    if (!clock->started)
        return;
    __atomic_store_n(&clock->stop, 1, __ATOMIC_RELEASE);
    ke_thaw(ke);
    ke_poke_clock(ke);
    pthread_join(clock->thread, NULL);
    clock->started = false;
}
