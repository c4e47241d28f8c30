/* guest/ntdll/critsec.c: critical sections.
 *
 * LockCount is -1 when free. As since Windows Vista, otherwise bit 0 is clear while it is owned,
 * bit 1 is clear while a waiter has been woken that has not yet taken it, and the rest counts
 * waiters down:
 *
 *      -1                  free
 *      -2                  owned, no waiter
 *      -2 - 4 * n          owned, n waiters
 *      bit 0 set           released while waiters sleep
 *
 * A newcomer may take a released section before the woken waiter; nobody convoys behind a sleeper.
 * Waiters sleep on LockSemaphore, an event made when the first one has to. */
#include "ntdllp.h"

#define FREE_BIT 1
#define WOKEN_BIT 2 /* clear: a waiter is on its way */
#define WAITER 4

#define SPIN_MASK 0xFFFFFFu

static void *current_thread_id(void)
{
    return current_teb()->ClientId.UniqueThread;
}

static HANDLE wait_event(RTL_CRITICAL_SECTION *section)
{
    HANDLE event = __atomic_load_n(&section->LockSemaphore, __ATOMIC_ACQUIRE);
    if (event) {
        return event;
    }
    HANDLE made, expected = NULL;
    NTSTATUS status = NtCreateEvent(&made, EVENT_ALL_ACCESS, NULL, SynchronizationEvent, 0);
    if (!NT_SUCCESS(status)) {
        return NULL;
    }
    if (!__atomic_compare_exchange_n(&section->LockSemaphore, &expected, made, false,
                                     __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        NtClose(made);
        return expected;
    }
    return made;
}

NTSTATUS RtlInitializeCriticalSectionEx(RTL_CRITICAL_SECTION *section, ULONG spin_count,
                                        ULONG flags)
{
    (void)flags;
    memset(section, 0, sizeof *section);
    section->DebugInfo = (void *)-1; /* as with RTL_CRITICAL_SECTION_FLAG_NO_DEBUG_INFO */
    section->LockCount = -1;
    section->SpinCount = SharedUserData->ActiveProcessorCount > 1 ? spin_count & SPIN_MASK : 0;
    return STATUS_SUCCESS;
}

NTSTATUS RtlInitializeCriticalSectionAndSpinCount(RTL_CRITICAL_SECTION *section, ULONG spin_count)
{
    return RtlInitializeCriticalSectionEx(section, spin_count, 0);
}

NTSTATUS RtlInitializeCriticalSection(RTL_CRITICAL_SECTION *section)
{
    return RtlInitializeCriticalSectionEx(section, 0, 0);
}

ULONG RtlSetCriticalSectionSpinCount(RTL_CRITICAL_SECTION *section, ULONG spin_count)
{
    ULONG old = (ULONG)section->SpinCount;
    section->SpinCount = SharedUserData->ActiveProcessorCount > 1 ? spin_count & SPIN_MASK : 0;
    return old;
}

NTSTATUS RtlDeleteCriticalSection(RTL_CRITICAL_SECTION *section)
{
    NTSTATUS status = section->LockSemaphore ? NtClose(section->LockSemaphore) : STATUS_SUCCESS;
    memset(section, 0, sizeof *section);
    return status;
}

static bool take(RTL_CRITICAL_SECTION *section, LONG seen, LONG wanted)
{
    return __atomic_compare_exchange_n(&section->LockCount, &seen, wanted, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

/* Take it if it is free, whoever sleeps. */
static bool try_take(RTL_CRITICAL_SECTION *section)
{
    LONG seen = __atomic_load_n(&section->LockCount, __ATOMIC_RELAXED);
    return (seen & FREE_BIT) && take(section, seen, seen & ~FREE_BIT);
}

static void own(RTL_CRITICAL_SECTION *section)
{
    section->OwningThread = current_thread_id();
    section->RecursionCount = 1;
}

/* Sleep until the releaser wakes somebody. In the thread that ends the process, the owner of a
 * section that is not free is dead: nothing can go on, so the process ends now, as on Windows. */
static void sleep_on(RTL_CRITICAL_SECTION *section)
{
    LARGE_INTEGER pause = {.QuadPart = -10000};
    if (shutdown_by_this_thread()) {
        NtTerminateProcess(NtCurrentProcess(), shutdown_status());
    }
    HANDLE event = wait_event(section);
    if (event) {
        NtWaitForSingleObject(event, 0, NULL);
    } else { /* no handle to be had: poll */
        NtDelayExecution(0, &pause);
    }
}

static void enter_contended(RTL_CRITICAL_SECTION *section)
{
    for (ULONG64 spins = section->SpinCount; spins; spins--) {
        if (try_take(section)) {
            return;
        }
        __builtin_ia32_pause();
    }
    for (;;) {
        LONG seen = __atomic_load_n(&section->LockCount, __ATOMIC_RELAXED);
        if (seen & FREE_BIT) {
            if (take(section, seen, seen & ~FREE_BIT)) {
                return;
            }
        } else if (take(section, seen, seen - WAITER)) {
            break;
        }
    }
    for (;;) {
        sleep_on(section);
        for (;;) { /* woken: say so and take it, or go back to sleep */
            LONG seen = __atomic_load_n(&section->LockCount, __ATOMIC_RELAXED);
            if (seen & FREE_BIT) {
                if (take(section, seen, ((seen & ~FREE_BIT) + WAITER) | WOKEN_BIT)) {
                    return;
                }
            } else if (take(section, seen, seen | WOKEN_BIT)) {
                break;
            }
        }
    }
}

NTSTATUS RtlEnterCriticalSection(RTL_CRITICAL_SECTION *section)
{
    if (take(section, -1, -2)) {
        own(section);
        return STATUS_SUCCESS;
    }
    if (section->OwningThread == current_thread_id()) {
        section->RecursionCount++;
        return STATUS_SUCCESS;
    }
    enter_contended(section);
    own(section);
    return STATUS_SUCCESS;
}

BOOLEAN RtlTryEnterCriticalSection(RTL_CRITICAL_SECTION *section)
{
    if (section->OwningThread == current_thread_id()) {
        section->RecursionCount++;
        return 1;
    }
    if (!try_take(section)) {
        return 0;
    }
    own(section);
    return 1;
}

NTSTATUS RtlLeaveCriticalSection(RTL_CRITICAL_SECTION *section)
{
    if (--section->RecursionCount) {
        return STATUS_SUCCESS;
    }
    section->OwningThread = NULL;
    for (;;) {
        LONG seen = __atomic_load_n(&section->LockCount, __ATOMIC_RELAXED);
        LONG freed = seen | FREE_BIT;
        bool wake = freed != -1 && (freed & WOKEN_BIT); /* sleepers, none of them woken yet */
        if (wake) {
            freed &= ~WOKEN_BIT;
        }
        if (!__atomic_compare_exchange_n(&section->LockCount, &seen, freed, false, __ATOMIC_RELEASE,
                                         __ATOMIC_RELAXED)) {
            continue;
        }
        if (wake) {
            HANDLE event = wait_event(section);
            if (event) {
                NtSetEvent(event, NULL);
            }
        }
        return STATUS_SUCCESS;
    }
}

BOOLEAN RtlIsCriticalSectionLocked(RTL_CRITICAL_SECTION *section)
{
    return !(section->LockCount & FREE_BIT);
}

BOOLEAN RtlIsCriticalSectionLockedByThread(RTL_CRITICAL_SECTION *section)
{
    return section->OwningThread == current_thread_id() && section->RecursionCount > 0;
}
