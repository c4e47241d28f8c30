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
 * Without a debugger there is nothing to be done with such a machine: a report on standard error,
 * and the host's process ends with NTMM_EXIT_BUG_CHECK.
 *
 * It may hold any lock, and others may wait for those, so nothing here takes a lock of the
 * executive, and nobody may take one afterwards: such a machine is never taken apart, it goes with
 * the host's process.
 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/stopcode.h"
#include "machine/boot.h"
#include "machine/debug.h"
#include "machine/target.h"

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
static void tell_owner(struct ntmm_machine *m, const struct kd_event *event)
{
    struct kd_target *target = m->options.crashed ? target_of_crash(m, event) : NULL;
    if (target) {
        m->options.crashed(m->options.crashed_context, target);
    }
}

/* What a user of Windows would see in white on blue. */
static void report(const struct machine_thread *self, const struct kd_event *event)
{
    const struct stop_code *known = stop_code_find((uint32_t)event->code);
    const uint64_t *p = event->parameter;
    fflush(stdout);
    fprintf(stderr,
            "\n*** STOP: 0x%08" PRIX32 " (0x%016" PRIX64 ", 0x%016" PRIX64 ", 0x%016" PRIX64
            ", 0x%016" PRIX64 ")\n\n    %s\n\n",
            (uint32_t)event->code, p[0], p[1], p[2], p[3],
            known ? known->name : "not a documented stop code");
    for (unsigned i = 0; known && i < STOP_CODE_PARAMETERS; i++) {
        if (known->meaning[i]) {
            fprintf(stderr, "    %016" PRIX64 "  %s\n", p[i], known->meaning[i]);
        }
    }
    if (self) {
        const struct ps_process *process = self->thread->process;
        fprintf(stderr, "\n    while %.*s was running, at %016" PRIX64 "\n",
                (int)sizeof process->process->ImageFileName,
                (const char *)process->process->ImageFileName, self->registers.rip);
    }
    fprintf(stderr, "\nThe machine has stopped: its kernel found itself inconsistent, and going on "
                    "could damage data.\nUnder `ntmm kd` the debugger takes over at this point.\n");
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
    struct kd_event event =
        debug_take_bug_check(m, self,
                             (struct kd_event){.kind = KD_EVENT_BUGCHECK,
                                               .code = code,
                                               .parameter_count = STOP_CODE_PARAMETERS,
                                               .parameter = {p1, p2, p3, p4}});
    if (!m->debug.attached) {
        report(self, &event);
    }
    tell_owner(m, &event);
    if (!m->debug.attached) {
        io_abandon(m->io);
        _exit(NTMM_EXIT_BUG_CHECK);
    }
    debug_tell_bug_check(m);
    sleep_for_good();
}
