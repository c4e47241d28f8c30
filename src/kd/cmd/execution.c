/* src/kd/cmd/execution.c: g, gh, gn, p, t: letting the target run, and why it stopped.
 *
 * Going on from a breakpoint of ours takes two moves, since its int3 must not be there for the one
 * instruction under it:
 *
 *      insert all but the one here -> step -> remove all -> insert all -> go -> event -> remove all
 *
 * Events that nobody asked to see (a pass count not used up, our int3 met by another process) send
 * the target on its way again. An int3 of the program itself is left behind by moving rip over it.
 *
 * Source: debugger documentation, "g (Go)", "p (Step)", "t (Trace)". */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "kd/breakpoints.h"
#include "kd/disasm.h"
#include "kd/kdi.h"
#include "kd/symbols.h"

#define INT3 0xCC
#define STEP_LIMIT 0x10000

/* ---- why it stopped ---------------------------------------------------------------------------
 */

static const struct {
    uint32_t code;
    const char *name;
} exceptions[] = {
    {0x80000001, "Guard page violation"},
    {0x80000002, "Data misaligned"},
    {0x80000003, "Break instruction exception"},
    {0x80000004, "Single step exception"},
    {0xC0000005, "Access violation"},
    {0xC0000006, "In-page I/O error"},
    {0xC0000008, "Invalid handle"},
    {0xC000001D, "Illegal instruction"},
    {0xC0000025, "Noncontinuable exception"},
    {0xC000008E, "Floating-point divide-by-zero"},
    {0xC0000094, "Integer divide-by-zero"},
    {0xC0000095, "Integer overflow"},
    {0xC0000096, "Privileged instruction"},
    {0xC00000FD, "Stack overflow"},
    {0xC0000374, "Heap corruption"},
    {0xC0000409, "Security check failure or stack buffer overrun"},
    {0xE06D7363, "C++ EH exception"},
};

static void show_exception(struct kd *kd, uint32_t code, bool first_chance)
{
    const char *name = "Unknown exception";
    for (size_t i = 0; i < sizeof exceptions / sizeof exceptions[0]; i++) {
        if (exceptions[i].code == code) {
            name = exceptions[i].name;
        }
    }
    kd_printf(kd, "%s - code %08" PRIx32 " (%s)\n", name, code,
              first_chance ? "first chance" : "!!! second chance !!!");
    if (first_chance && code != 0x80000003) {
        kd_printf(kd, "First chance exceptions are reported before any exception handling.\n"
                      "This exception may be expected and handled.\n");
    }
}

static void show_bugcheck(struct kd *kd, const struct kd_event *event)
{
    kd_printf(kd, "\n*** Fatal System Error: 0x%08" PRIx32 "\n                       (",
              event->code);
    for (int i = 0; i < 4; i++) {
        kd_printf(kd, "0x%016" PRIX64 "%s", event->parameter[i], i < 3 ? "," : ")\n\n");
    }
}

void kd_show_location(struct kd *kd)
{
    char name[512];
    uint64_t rip;
    if (!kd_register_value(kd, "rip", &rip)) {
        return;
    }
    if (kd->symbols != NULL && kd_symbol_name(kd->symbols, rip, name, sizeof name)) {
        kd_printf(kd, "%s:\n", name);
    }
    kd_show_instruction(kd, rip);
}

void kd_show_event(struct kd *kd)
{
    const struct kd_event *event = &kd->target->last_event;
    switch (event->kind) {
    case KD_EVENT_NONE:
    case KD_EVENT_INITIAL:
    case KD_EVENT_SINGLE_STEP:
        break;
    case KD_EVENT_BREAKPOINT:
        if (kd->hit < 0) {
            show_exception(kd, 0x80000003, true);
        } else if (kd->hit != KD_BREAKPOINT_TEMPORARY) {
            kd_printf(kd, "Breakpoint %d hit\n", kd->hit);
        }
        break;
    case KD_EVENT_BREAK_IN:
    case KD_EVENT_ATTACHED:
        show_exception(kd, 0x80000003, true);
        break;
    case KD_EVENT_EXCEPTION:
        show_exception(kd, event->code, event->first_chance);
        break;
    case KD_EVENT_PROCESS_EXIT:
        kd_printf(kd, "Process %016" PRIx64 " has ended, status %08" PRIx32 "\n", event->process,
                  event->code);
        break;
    case KD_EVENT_BUGCHECK:
        show_bugcheck(kd, event);
        break;
    case KD_EVENT_ENDED:
        kd_printf(kd, "All programs have ended, exit status %08" PRIx32 "\n", event->code);
        return;
    }
    kd_show_location(kd);
}

/* ---- running ----------------------------------------------------------------------------------
 */

/* One resume of the target, with the breakpoints in memory. */
static int resume(struct kd *kd, enum kd_resume how, uint64_t except)
{
    struct kd_event event = {.kind = KD_EVENT_NONE};
    kd_breakpoints_insert(kd, except);
    atomic_store(&kd->running, true);
    if (kd_interrupted(kd)) {
        kd->target->ops->break_request(kd->target);
    }
    int error = kd->target->ops->resume(kd->target, how, &event);
    atomic_store(&kd->running, false);
    atomic_store(&kd->interrupt, false);
    kd_breakpoints_remove(kd);
    if (error == 0) {
        kd->target->last_event = event;
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

/* Decide about an event; true: stop there. */
static bool wanted(struct kd *kd)
{
    const struct kd_event *event = &kd->target->last_event;
    kd->hit = -1;
    if (event->kind != KD_EVENT_BREAKPOINT) {
        return true;
    }
    struct kd_breakpoint *breakpoint = kd_breakpoint_for(kd, event);
    if (breakpoint == NULL) { /* ours, but for others: on; the program's own: stop */
        for (size_t i = 0; i < KD_BREAKPOINTS; i++) {
            const struct kd_breakpoint *row = &kd->breakpoints->row[i];
            if (row->used && row->enabled && row->address == event->address) {
                return false;
            }
        }
        return true;
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
        const struct kd_breakpoint *row = &kd->breakpoints->row[i];
        if (row->used && row->enabled && row->expression == NULL && row->address == rip) {
            return rip;
        }
    }
    return 0;
}

static int run_until_wanted(struct kd *kd, enum kd_resume how)
{
    kd->processor = kd->target->last_event.processor; /* `~Ns` may have chosen another */
    bool moved = how != KD_RESUME_NOT_HANDLED && leave_int3(kd);
    for (;; moved = false) {
        /* A breakpoint right behind the int3 has not been met yet. */
        uint64_t here = moved ? 0 : breakpoint_here(kd);
        int error = 0;
        if (how == KD_RESUME_STEP || here != 0) {
            error = resume(kd, KD_RESUME_STEP, here);
            bool stepped = kd->target->last_event.kind == KD_EVENT_SINGLE_STEP;
            if (error != 0 || how == KD_RESUME_STEP || (!stepped && wanted(kd))) {
                return error;
            }
            how = KD_RESUME_HANDLED;
            if (!stepped) {
                continue;
            }
        }
        error = resume(kd, how, 0);
        if (error != 0 || wanted(kd)) {
            return error;
        }
        how = KD_RESUME_HANDLED;
    }
}

static bool run(struct kd *kd, enum kd_resume how)
{
    int error = run_until_wanted(kd, how);
    kd_breakpoint_clear(&kd->breakpoints->row[KD_BREAKPOINT_TEMPORARY]);
    if (error == -ENOTSUP) {
        return kd_error(kd, "No runnable debuggees: this target is a %s", kd->target->ops->name);
    }
    if (error == -ESHUTDOWN) {
        return kd_error(kd, "No runnable debuggees: all programs have ended");
    }
    if (error != 0) {
        return kd_error(kd, "The target cannot run: %s", strerror(-error));
    }
    kd_follow_event(kd);
    return true;
}

/* Stop at `address` once, in the thread (0: any) of the current process. */
static void set_temporary(struct kd *kd, uint64_t address, uint64_t thread)
{
    struct kd_breakpoint *row = &kd->breakpoints->row[KD_BREAKPOINT_TEMPORARY];
    kd_breakpoint_clear(row);
    *row = (struct kd_breakpoint){.used = true,
                                  .enabled = true,
                                  .address = address,
                                  .passes = 1,
                                  .remaining = 1,
                                  .thread = thread};
    if ((int64_t)address >= 0) {
        row->process = kd_current_process(kd);
        row->process_id = kd_field(kd, "_EPROCESS", row->process, "UniqueProcessId");
    }
}

static bool go(struct kd *kd, const char *args, enum kd_resume how)
{
    uint64_t address;
    bool given;
    if (!kd_evaluate_optional(kd, &args, &address, &given)) {
        return false;
    }
    if (!kd_at_end(args)) {
        return kd_error(kd, "Extra character error in '%s'", args);
    }
    if (given) {
        set_temporary(kd, address, 0);
    }
    if (!run(kd, how)) {
        return false;
    }
    kd_show_event(kd);
    return true;
}

/* `g` hands an exception to the program, as WinDbg does; a break is simply over. */
static bool cmd_go(struct kd *kd, const char *args)
{
    bool exception = kd->target->last_event.kind == KD_EVENT_EXCEPTION;
    return go(kd, args, exception ? KD_RESUME_NOT_HANDLED : KD_RESUME_HANDLED);
}

static bool cmd_go_handled(struct kd *kd, const char *args)
{
    return go(kd, args, KD_RESUME_HANDLED);
}

static bool cmd_go_not_handled(struct kd *kd, const char *args)
{
    return go(kd, args, KD_RESUME_NOT_HANDLED);
}

/* ---- stepping ---------------------------------------------------------------------------------
 */

/* Where a call at rip comes back to; 0 when the instruction there is no call. */
static uint64_t behind_call(struct kd *kd)
{
    struct kd_instruction instruction;
    uint64_t rip;
    if (!kd_register_value(kd, "rip", &rip) || !kd_instruction_at(kd, rip, &instruction)) {
        return 0;
    }
    return instruction.call ? rip + instruction.length : 0;
}

static bool step(struct kd *kd, const char *args, bool over)
{
    uint64_t count = 1;
    bool given;
    if (!kd_evaluate_optional(kd, &args, &count, &given)) {
        return false;
    }
    if (count > STEP_LIMIT) {
        return kd_error(kd, "At most 0x%x steps at once", STEP_LIMIT);
    }
    for (uint64_t i = 0; i < count; i++) {
        uint64_t behind = over ? behind_call(kd) : 0;
        if (behind != 0) {
            set_temporary(kd, behind, kd->target->last_event.thread);
        }
        if (!run(kd, behind != 0 ? KD_RESUME_HANDLED : KD_RESUME_STEP)) {
            return false;
        }
        kd_show_event(kd);
        enum kd_event_kind kind = kd->target->last_event.kind;
        bool as_asked = kind == KD_EVENT_SINGLE_STEP ||
                        (kind == KD_EVENT_BREAKPOINT && kd->hit == KD_BREAKPOINT_TEMPORARY);
        if (!as_asked) {
            break;
        }
    }
    return true;
}

static bool cmd_step(struct kd *kd, const char *args)
{
    return step(kd, args, true);
}

static bool cmd_trace(struct kd *kd, const char *args)
{
    return step(kd, args, false);
}

const struct kd_command kd_commands_execution[] = {
    {"g", "g [ADDRESS]", "go, until something happens or ADDRESS is reached", cmd_go},
    {"gh", "gh [ADDRESS]", "go, the exception is handled", cmd_go_handled},
    {"gn", "gn [ADDRESS]", "go, the exception is not handled", cmd_go_not_handled},
    {"p", "p [COUNT]", "step one instruction, over calls", cmd_step},
    {"t", "t [COUNT]", "step one instruction, into calls", cmd_trace},
    {NULL, NULL, NULL, NULL},
};
