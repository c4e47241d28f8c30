/* run.c: letting the target run until something happens that somebody wants to see.
 *
 * Going on from a breakpoint of ours takes two moves, since its int3 must not be there for the one
 * instruction under it:
 *
 *      insert all but the one here -> step -> remove all -> insert all -> go -> event -> remove all
 *
 * Events that nobody asked to see (a pass count not used up, our int3 met by another process, an
 * exception that is filtered) send the target on its way again. An int3 of the program itself is
 * left behind by moving rip over it.
 */
#include "kd/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kd/breakpoints.h"
#include "kd/events.h"

#define INT3 0xCC

/* One resume of the target, with the breakpoints in memory. */
static int resume(struct kd *kd, enum kd_resume how, uint64_t except)
{
    struct kd_event event = {.kind = KD_EVENT_NONE};
    int error = kd_breakpoints_watch(kd, except);
    if (error != 0) {
        return error;
    }
    kd_breakpoints_insert(kd, except);
    kd_filters_apply(kd);
    atomic_store(&kd->running, true);
    if (kd_interrupted(kd)) {
        kd->target->ops->break_request(kd->target);
    }
    error = kd->target->ops->resume(kd->target, how, &event);
    atomic_store(&kd->running, false);
    if (event.kind == KD_EVENT_BREAK_IN) { /* else it is the command that still has to end */
        atomic_store(&kd->interrupt, false);
    }
    kd_breakpoints_remove(kd);
    if (error == 0) {
        kd->target->last_event = event;
        kd->stops++;
        kd->processor = event.processor;
    }
    return error;
}

/* The program's own int3: memory shows it although ours are removed. True when rip has moved. */
static bool leave_int3(struct kd *kd)
{
    const struct kd_event *event = &kd->target->last_event;
    uint64_t rip, directory = kd->directory_base;
    uint8_t byte;
    if (event->kind != KD_EVENT_BREAKPOINT || !kd_register_value(kd, "rip", &rip) ||
        rip != event->address) {
        return false;
    }
    kd_read_nt(kd, "_EPROCESS", event->process, "Pcb.DirectoryTableBase", &directory);
    uint64_t before = kd_use_directory(kd, directory ? directory : kd->directory_base);
    bool int3 = kd_read_u8(kd, rip, &byte) && byte == INT3;
    kd_use_directory(kd, before);
    return int3 && kd_register_assign(kd, "rip", rip + 1);
}

/* Decide about an event; true: stop there. Else *how says how to go on. */
static bool wanted(struct kd *kd, enum kd_resume *how)
{
    const struct kd_event *event = &kd->target->last_event;
    kd->hit = -1;
    *how = KD_RESUME_HANDLED;
    if (event->kind != KD_EVENT_BREAKPOINT && event->kind != KD_EVENT_WATCH) {
        return kd_filters_stop(kd, how);
    }
    struct kd_breakpoint *breakpoint = kd_breakpoint_for(kd, event);
    if (breakpoint == NULL) { /* ours, but for others: on; the program's own: stop */
        bool ours = event->kind == KD_EVENT_WATCH;
        for (size_t i = 0; i < KD_BREAKPOINTS && !ours; i++) {
            ours = kd_breakpoint_at_instruction(&kd->breakpoints->row[i], event->address);
        }
        return !ours;
    }
    uint64_t rsp;
    if (breakpoint->stack != 0 && kd_register_value(kd, "rsp", &rsp) && rsp <= breakpoint->stack) {
        return false;
    }
    if (breakpoint->remaining > 1) {
        breakpoint->remaining--;
        return false;
    }
    kd->hit = (int)(breakpoint - kd->breakpoints->row);
    free(kd->pending);
    kd->pending = breakpoint->command != NULL ? strdup(breakpoint->command) : NULL;
    if (breakpoint->once) {
        kd_breakpoint_clear(breakpoint);
    }
    return true;
}

/* An int3 in memory at rip is ours to step over, whoever it was set for. */
static uint64_t breakpoint_here(struct kd *kd)
{
    uint64_t rip;
    if (!kd_register_value(kd, "rip", &rip)) {
        return 0;
    }
    for (size_t i = 0; i < KD_BREAKPOINTS; i++) {
        if (kd_breakpoint_at_instruction(&kd->breakpoints->row[i], rip)) {
            return rip;
        }
    }
    return 0;
}

/* An access to data stops behind its instruction: a breakpoint at the next one is still to be met.
 */
static bool stopped_by_data(struct kd *kd)
{
    const struct kd_event *event = &kd->target->last_event;
    const struct kd_breakpoint *row =
        event->kind == KD_EVENT_WATCH ? kd_breakpoint_for(kd, event) : NULL;
    return row != NULL && row->watch.access != KD_WATCH_EXECUTE;
}

/* One move on: over the breakpoint at rip when there is one, else all the way. *step is cleared
 * once the instruction under a breakpoint is done. */
static int run_until_wanted(struct kd *kd, enum kd_resume how)
{
    kd->processor = kd->target->last_event.processor; /* `~Ns` may have chosen another */
    kd->implicit_thread = 0;
    bool moved = how != KD_RESUME_NOT_HANDLED && leave_int3(kd);
    for (;; moved = stopped_by_data(kd)) {
        /* A breakpoint right behind the int3 has not been met yet. */
        uint64_t here = moved ? 0 : breakpoint_here(kd);
        bool single = how == KD_RESUME_STEP;
        int error = 0;
        if (single || here != 0) {
            error = resume(kd, KD_RESUME_STEP, here);
            bool stepped = error == 0 && kd->target->last_event.kind == KD_EVENT_SINGLE_STEP;
            if (error != 0 || (stepped && single) || (!stepped && wanted(kd, &how))) {
                return error;
            }
            if (!stepped) {
                continue;
            }
            how = KD_RESUME_HANDLED;
        }
        error = resume(kd, how, 0);
        if (error != 0 || wanted(kd, &how)) {
            return error;
        }
    }
}

bool kd_run_on(struct kd *kd, enum kd_resume how)
{
    kd->run_to = false;
    int error = run_until_wanted(kd, how);
    if (error != 0 || kd->pending == NULL) {
        kd_breakpoint_clear(&kd->breakpoints->row[KD_BREAKPOINT_TEMPORARY]);
    }
    if (error == -ENOTSUP) {
        return kd_error(kd, "No runnable debuggees: this target is a %s", kd->target->ops->name);
    }
    if (error == -ESHUTDOWN) {
        return kd_error(kd, "No runnable debuggees: all programs have ended");
    }
    if (error == -ENOSPC) {
        return kd_error(kd, "Too many hardware breakpoints: a processor has %d", KD_WATCHES);
    }
    if (error != 0) {
        return kd_error(kd, "The target cannot run: %s", strerror(-error));
    }
    kd_follow_event(kd);
    return true;
}

bool kd_run(struct kd *kd, enum kd_resume how)
{
    if (!kd->run_to) {
        kd_breakpoint_clear(&kd->breakpoints->row[KD_BREAKPOINT_TEMPORARY]);
    }
    return kd_run_on(kd, how);
}

void kd_run_to(struct kd *kd, uint64_t address, uint64_t thread, uint64_t stack)
{
    struct kd_breakpoint *row = &kd->breakpoints->row[KD_BREAKPOINT_TEMPORARY];
    kd->run_to = true;
    kd_breakpoint_clear(row);
    *row = (struct kd_breakpoint){.used = true,
                                  .enabled = true,
                                  .address = address,
                                  .passes = 1,
                                  .remaining = 1,
                                  .thread = thread,
                                  .stack = stack};
    if ((int64_t)address >= 0) {
        row->process = kd_current_process(kd);
        row->process_id = kd_field(kd, "_EPROCESS", row->process, "UniqueProcessId");
    }
}
