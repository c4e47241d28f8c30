/* src/ke/clock.h: time in the machine.
 *
 * NT counts in units of 100 ns. Interrupt time is what passed since boot, without the time that a
 * debugger kept the machine frozen; system time is interrupt time plus the time of day at boot
 * (since 1601, UTC). Both are readable in user mode through KUSER_SHARED_DATA, which the clock
 * thread brings up to date every KE_CLOCK_INTERVAL while user code runs; while none does, nobody
 * can look, and the thread sleeps until the next timer is due.
 *
 * The clock thread does what the clock interrupt does: shared time, expired timers, ends of
 * quantum.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "nt/ke.h"

struct ke;

#define KE_TICKS_PER_SECOND 10000000ll /* units of 100 ns */
#define KE_CLOCK_INTERVAL 156250ll     /* KeMaximumIncrement: 15.625 ms */
#define KE_QUANTUM (2 * KE_CLOCK_INTERVAL)

struct ke_clock {
    int64_t boot_monotonic;    /* host ns at boot */
    int64_t boot_system_time;  /* 100 ns since 1601, as the time was set last; atomic */
    int64_t frozen_total;      /* host ns spent frozen until now, (F) */
    int64_t frozen_since;      /* host ns; 0 while running, (F) */
    KUSER_SHARED_DATA *shared; /* or NULL */
    int64_t accounted;         /* tick up to which processor time was; 0: nobody had a processor */
    pthread_t thread;
    bool started;
    uint32_t stop;    /* atomic */
    uint32_t change;  /* futex: counts what the clock thread has to look at again */
    KTIMER *expiring; /* its DPC runs now; dispatcher lock */
    uint32_t expired; /* futex: counts DPCs that returned */
};
/* (F) written with the processors' lock held, read atomically */

/* Start the clock: boot is now. The clock thread starts with it.
 * => STATUS_INSUFFICIENT_RESOURCES: no thread */
NTSTATUS ke_start_clock(struct ke *ke);
/* Stop and join the clock thread. Harmless when it never started. */
void ke_stop_clock(struct ke *ke);

/* From now on keep the times in `shared` (host view of KI_USER_SHARED_DATA). */
void ke_set_shared_data(struct ke *ke, KUSER_SHARED_DATA *shared);

int64_t ke_query_interrupt_time(const struct ke *ke); /* 100 ns since boot */
int64_t ke_query_system_time(const struct ke *ke);    /* 100 ns since 1601, UTC */
/* Set the time of day. Timers due at a system time move with it, others do not; a thread that waits
 * until a system time waits as long as it meant to when it began. => the time until now
 * Source: NtSetSystemTime, SetSystemTime documentation. */
int64_t ke_set_system_time(struct ke *ke, int64_t time);
uint64_t ke_query_tick_count(const struct ke *ke); /* clock intervals since boot */
/* QueryPerformanceCounter: 10 MHz, monotonic. */
#define KE_PERFORMANCE_FREQUENCY KE_TICKS_PER_SECOND
int64_t ke_query_performance_counter(const struct ke *ke);

/* When a timeout is over, as interrupt time: negative is relative to now, else a system time.
 * Source: KeWaitForSingleObject documentation. */
int64_t ke_due_time(const struct ke *ke, int64_t timeout);

/* The clock thread has something new to look at (an earlier timer, a processor in use). */
void ke_poke_clock(struct ke *ke);
