/* src/machine/crash.c: a bugcheck: the machine stops where it is, and memory says why.
 *
 *      whoever finds the machine broken             the debugger, if there is one
 *        ke: nt!KiBugCheckData
 *        no other processor runs user code any more
 *        registers into trap frames and KPRCBs
 *        the owner's `crashed`: a dump
 *        event                               --->     looks around; nothing runs ever again
 *        sleeps for good
 *
 * It may hold any lock, and others may wait for those, so nothing here takes a lock of the
 * executive, and nobody may take one afterwards: such a machine is never taken apart, it goes with
 * the host's process.
 */
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "machine/boot.h"
#include "machine/debug.h"
#include "machine/target.h"

#define EXIT_OF_SIGNAL 128 /* as shells tell it */

/* Give the others a moment to come out of user mode; those who wait for our locks never will. */
static void stop_others(struct ntmm_machine *m, const struct machine_thread *self)
{
    const struct timespec moment = {.tv_nsec = 1000000};
    ke_halt(&m->ke);
    for (unsigned i = 0; i < 50 && !ke_is_quiet(&m->ke, self != NULL); i++) {
        nanosleep(&moment, NULL);
    }
}

static _Noreturn void sleep_for_good(void)
{
    for (;;) {
        pause();
    }
}

/* Whoever made the machine looks at what is left of it. */
static bool tell_owner(struct ntmm_machine *m, const struct kd_event *event)
{
    struct kd_target *target = m->options.crashed ? target_of_crash(m, event) : NULL;
    return target && m->options.crashed(m->options.crashed_context, target);
}

_Noreturn void machine_bug_check(void *owner, uint32_t code, uint64_t p1, uint64_t p2, uint64_t p3,
                                 uint64_t p4)
{
    struct ntmm_machine *m = owner;
    if (atomic_exchange(&m->crashed, true)) {
        sleep_for_good(); /* another has stopped it already */
    }
    struct ps_thread *thread = pthread_getspecific(m->current_thread);
    struct machine_thread *self = thread ? thread->owner : NULL;
    stop_others(m, self);
    machine_store_trap_frames(m);
    log_error(&m->log, "*** STOP: 0x%08x (0x%llx, 0x%llx, 0x%llx, 0x%llx)", code,
              (unsigned long long)p1, (unsigned long long)p2, (unsigned long long)p3,
              (unsigned long long)p4);
    struct kd_event event = debug_take_bug_check(m, self,
                                                 (struct kd_event){.kind = KD_EVENT_BUGCHECK,
                                                                   .code = code,
                                                                   .parameter_count = 4,
                                                                   .parameter = {p1, p2, p3, p4}});
    bool kept = tell_owner(m, &event);
    if (!m->debug.attached && kept) {
        _exit(EXIT_OF_SIGNAL + SIGABRT); /* what there is to be seen is in the file */
    }
    if (!m->debug.attached) {
        abort();
    }
    debug_tell_bug_check(m);
    sleep_for_good();
}
