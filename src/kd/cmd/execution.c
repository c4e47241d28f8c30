/* src/kd/cmd/execution.c: g, gh, gn, gc, gu, p, t and their kin: letting the target run, and why it
 * stopped.
 *
 * p is t but for calls, which run up to the instruction behind them. pt, pc, pa step until a
 * return, a call or an address is next; tt, tc, ta do so into calls. gu goes to the caller.
 *
 * Source: debugger documentation, "g (Go)", "p (Step)", "t (Trace)", "gu (Go Up)", "pt", "pc",
 * "pa". */
#include <inttypes.h>
#include <string.h>

#include "kd/breakpoints.h"
#include "kd/disasm.h"
#include "kd/events.h"
#include "kd/run.h"
#include "kd/stack.h"
#include "kd/symbols.h"

#define BREAK_INSTRUCTION 0x80000003
#define STEP_LIMIT 0x10000

/* ---- why it stopped ---------------------------------------------------------------------------
 */

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
    if (rip == 0 && kd_current_thread(kd) == 0) {
        kd_printf(kd, "No thread is running: all of them wait\n");
        return;
    }
    if (kd->symbols != NULL && kd_symbol_name(kd->symbols, rip, name, sizeof name)) {
        kd_printf(kd, "%s:\n", name);
    }
    kd_show_instruction(kd, rip);
}

static void show_reason(struct kd *kd, const struct kd_event *event)
{
    switch (event->kind) {
    case KD_EVENT_NONE:
    case KD_EVENT_INITIAL:
    case KD_EVENT_SINGLE_STEP:
    case KD_EVENT_PROCESS_EXIT: /* told when it came */
    case KD_EVENT_MODULE_LOAD:
        break;
    case KD_EVENT_BREAKPOINT:
        if (kd->hit < 0) {
            kd_show_exception(kd, BREAK_INSTRUCTION, true);
        } else if (kd->hit != KD_BREAKPOINT_TEMPORARY) {
            kd_printf(kd, "Breakpoint %d hit\n", kd->hit);
        }
        break;
    case KD_EVENT_WATCH:
        kd_printf(kd, "Breakpoint %d hit\n", kd->hit);
        break;
    case KD_EVENT_BREAK_IN:
    case KD_EVENT_ATTACHED:
        kd_show_exception(kd, BREAK_INSTRUCTION, true);
        break;
    case KD_EVENT_EXCEPTION:
        kd_show_exception(kd, event->code, event->first_chance);
        break;
    case KD_EVENT_BUGCHECK:
        show_bugcheck(kd, event);
        break;
    case KD_EVENT_ENDED:
        kd_printf(kd, "All programs have ended, exit status %08" PRIx32 "\n", event->code);
        break;
    }
}

/* A dump of a machine that bugchecked: the exception in its header is that of the last break. */
static void show_crash(struct kd *kd, const struct kd_crash *crash)
{
    const uint64_t *p = crash->parameter;
    kd_printf(kd,
              "Use !analyze -v to get detailed debugging information.\n\n"
              "BugCheck %" PRIX32 ", {%" PRIx64 ", %" PRIx64 ", %" PRIx64 ", %" PRIx64 "}\n\n",
              crash->code, p[0], p[1], p[2], p[3]);
}

void kd_show_event(struct kd *kd)
{
    const struct kd_crash *crash = kd->target->crash;
    const struct kd_event *event = &kd->target->last_event;
    bool breakpoint = event->kind == KD_EVENT_BREAKPOINT || event->kind == KD_EVENT_WATCH;
    if (breakpoint && kd->pending != NULL) {
        return; /* its commands speak first, and may go on */
    }
    kd_style_begin(kd, KD_STYLE_EVENT);
    if (crash != NULL && crash->code != 0) {
        show_crash(kd, crash);
    } else {
        show_reason(kd, event);
    }
    kd_style_end(kd);
    if (event->kind != KD_EVENT_ENDED) {
        kd_show_location(kd);
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
        kd_run_to(kd, address, 0, 0);
    }
    if (!kd_run(kd, how)) {
        return false;
    }
    kd_show_event(kd);
    return true;
}

/* `g` hands an exception to the program, as WinDbg does; a break is simply over. */
static enum kd_resume go_on(struct kd *kd)
{
    bool exception = kd->target->last_event.kind == KD_EVENT_EXCEPTION;
    return exception ? KD_RESUME_NOT_HANDLED : KD_RESUME_HANDLED;
}

static bool cmd_go(struct kd *kd, const char *args)
{
    return go(kd, args, go_on(kd));
}

static bool cmd_go_conditional(struct kd *kd, const char *args)
{
    if (!kd_at_end(args)) {
        return kd_error(kd, "Extra character error in '%s'", args);
    }
    if (!kd_run_on(kd, go_on(kd))) {
        return false;
    }
    kd_show_event(kd);
    return true;
}

static bool cmd_go_handled(struct kd *kd, const char *args)
{
    return go(kd, args, KD_RESUME_HANDLED);
}

static bool cmd_go_not_handled(struct kd *kd, const char *args)
{
    return go(kd, args, KD_RESUME_NOT_HANDLED);
}

/* To the caller: behind the call that led here, in this thread, with this function's stack gone. */
static bool cmd_go_up(struct kd *kd, const char *args)
{
    struct kd_registers registers;
    uint64_t slot;
    if (!kd_at_end(args)) {
        return kd_error(kd, "Extra character error in '%s'", args);
    }
    if (!kd_get_registers(kd, &registers) || !kd_unwind(kd, &registers, &slot, true)) {
        return kd_error(kd,
                        "The caller cannot be found: no registers, or the stack is not readable");
    }
    kd_run_to(kd, registers.rip, kd->target->last_event.thread, slot);
    if (!kd_run(kd, go_on(kd))) {
        return false;
    }
    kd_show_event(kd);
    return true;
}

/* ---- stepping ---------------------------------------------------------------------------------
 */

/* One instruction; over a call when `over`. *as_asked: nothing else stopped it. */
static bool step_once(struct kd *kd, bool over, bool *as_asked)
{
    struct kd_instruction instruction;
    uint64_t rip, rsp, behind = 0;
    if (over && kd_register_value(kd, "rip", &rip) && kd_register_value(kd, "rsp", &rsp) &&
        kd_instruction_at(kd, rip, &instruction) && instruction.call) {
        behind = rip + instruction.length;
        kd_run_to(kd, behind, kd->target->last_event.thread, rsp - 1);
    }
    if (!kd_run(kd, behind != 0 ? KD_RESUME_HANDLED : KD_RESUME_STEP)) {
        return false;
    }
    enum kd_event_kind kind = kd->target->last_event.kind;
    *as_asked = kind == KD_EVENT_SINGLE_STEP ||
                (kind == KD_EVENT_BREAKPOINT && kd->hit == KD_BREAKPOINT_TEMPORARY);
    return true;
}

static bool step(struct kd *kd, const char *args, bool over)
{
    uint64_t count = 1;
    bool given, as_asked = true;
    kd->implicit_thread = 0; /* what ran last is stepped */
    if (!kd_evaluate_optional(kd, &args, &count, &given)) {
        return false;
    }
    if (!kd_at_end(args) || count > STEP_LIMIT) {
        return kd_error(kd, "At most 0x%x steps at once", STEP_LIMIT);
    }
    for (uint64_t i = 0; i < count && as_asked && !kd_interrupted(kd); i++) {
        if (!step_once(kd, over, &as_asked)) {
            return false;
        }
        kd_show_event(kd);
    }
    return true;
}

enum step_end { AT_RETURN, AT_CALL, AT_ADDRESS };

static bool arrived(struct kd *kd, enum step_end end, uint64_t address)
{
    struct kd_instruction instruction;
    uint64_t rip;
    if (!kd_register_value(kd, "rip", &rip)) {
        return true;
    }
    if (end == AT_ADDRESS) {
        return rip == address;
    }
    if (!kd_instruction_at(kd, rip, &instruction)) {
        return true;
    }
    return end == AT_CALL ? instruction.call : instruction.ret;
}

/* Step until what is next is what was asked for; shows only where that is. */
static bool step_until(struct kd *kd, const char *args, bool over, enum step_end end)
{
    uint64_t address = 0;
    bool as_asked = true, there = false;
    kd->implicit_thread = 0;
    if (end == AT_ADDRESS && !kd_evaluate(kd, &args, &address)) {
        return false;
    }
    if (!kd_at_end(args)) {
        return kd_error(kd, "Extra character error in '%s'", args);
    }
    for (unsigned i = 0; i < STEP_LIMIT && as_asked && !there && !kd_interrupted(kd); i++) {
        if (!step_once(kd, over, &as_asked)) {
            return false;
        }
        there = arrived(kd, end, address);
    }
    kd_show_event(kd);
    return there || !as_asked || kd_error(kd, "Not reached in 0x%x steps", STEP_LIMIT);
}

static bool cmd_step(struct kd *kd, const char *args)
{
    return step(kd, args, true);
}

static bool cmd_trace(struct kd *kd, const char *args)
{
    return step(kd, args, false);
}

static bool cmd_step_return(struct kd *kd, const char *args)
{
    return step_until(kd, args, true, AT_RETURN);
}

static bool cmd_step_call(struct kd *kd, const char *args)
{
    return step_until(kd, args, true, AT_CALL);
}

static bool cmd_step_address(struct kd *kd, const char *args)
{
    return step_until(kd, args, true, AT_ADDRESS);
}

static bool cmd_trace_return(struct kd *kd, const char *args)
{
    return step_until(kd, args, false, AT_RETURN);
}

static bool cmd_trace_call(struct kd *kd, const char *args)
{
    return step_until(kd, args, false, AT_CALL);
}

static bool cmd_trace_address(struct kd *kd, const char *args)
{
    return step_until(kd, args, false, AT_ADDRESS);
}

const struct kd_command kd_commands_execution[] = {
    {"g", "g [ADDRESS]", "go, until something happens or ADDRESS is reached", cmd_go, KD_NEEDS_RUN},
    {"gc", "gc", "go, from the commands of a breakpoint", cmd_go_conditional, KD_NEEDS_RUN},
    {"gh", "gh [ADDRESS]", "go, the exception is handled", cmd_go_handled, KD_NEEDS_RUN},
    {"gn", "gn [ADDRESS]", "go, the exception is not handled", cmd_go_not_handled, KD_NEEDS_RUN},
    {"gu", "gu", "go up: until this function has returned", cmd_go_up, KD_NEEDS_RUN},
    {"p", "p [COUNT]", "step one instruction, over calls", cmd_step, KD_NEEDS_RUN},
    {"pa", "pa ADDRESS", "step to ADDRESS, over calls", cmd_step_address, KD_NEEDS_RUN},
    {"pc", "pc", "step to the next call", cmd_step_call, KD_NEEDS_RUN},
    {"pt", "pt", "step to the next return, over calls", cmd_step_return, KD_NEEDS_RUN},
    {"t", "t [COUNT]", "step one instruction, into calls", cmd_trace, KD_NEEDS_RUN},
    {"ta", "ta ADDRESS", "step to ADDRESS, into calls", cmd_trace_address, KD_NEEDS_RUN},
    {"tc", "tc", "step to the next call, also of functions called", cmd_trace_call, KD_NEEDS_RUN},
    {"tt", "tt", "step to the next return, also of functions called", cmd_trace_return,
     KD_NEEDS_RUN},
    {0},
};
