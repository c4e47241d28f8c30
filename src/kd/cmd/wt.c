/* src/kd/cmd/wt.c: wt: trace and watch: what a function calls until it returns.
 *
 *      instructions here, in callees [depth] function
 *         5     0 [  0] a!main
 *        12     0 [  1]   a!add
 *         9    12 [  0] a!main
 *
 * The target is stepped instruction by instruction. A call pushes a frame, a return to where the
 * call came from pops one; frames that are left by other ways (longjmp) are popped by the stack
 * pointer. Calls deeper than -l, or out of the modules given with -m, run at full speed.
 *
 * Source: debugger documentation, "wt (Trace and Watch Data)". */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kd/breakpoints.h"
#include "kd/disasm.h"
#include "kd/run.h"
#include "kd/stack.h"
#include "kd/symbols.h"

#define DEPTH_MOST 256
#define FUNCTIONS_MOST 4096
#define NAME_SIZE 128
#define INDENT 2

struct function {
    char name[NAME_SIZE];
    uint64_t invocations, fewest, most, instructions;
};

struct frame {
    size_t function;
    uint64_t own, below;  /* instructions: of this call, of those that it made */
    uint64_t back, stack; /* return address; rsp once it has returned is above `stack` */
};

struct watch {
    struct frame frame[DEPTH_MOST];
    unsigned depth; /* frames in use; the first is the function that is watched */
    struct function *function;
    size_t functions;
    uint64_t instructions, events, system_calls;
    uint64_t deepest;    /* -l */
    char module[64];     /* -m */
    bool silent, counts; /* -nc: no tree; -ns: no summary */
    uint64_t thread;
    bool failed; /* the target could not be stepped: an error was printed */
};

/* ---- what is counted --------------------------------------------------------------------------
 */

static size_t function_at(struct kd *kd, struct watch *w, uint64_t rip)
{
    char name[NAME_SIZE];
    struct kd_symbol symbol;
    uint64_t offset;
    if (kd->symbols != NULL && kd_symbol_at(kd->symbols, rip, &symbol, &offset)) {
        snprintf(name, sizeof name, "%s!%s", symbol.module->name, symbol.name);
    } else {
        snprintf(name, sizeof name, "0x%" PRIx64, rip);
    }
    for (size_t i = 0; i < w->functions; i++) {
        if (strcmp(w->function[i].name, name) == 0) {
            return i;
        }
    }
    if (w->functions == FUNCTIONS_MOST) {
        return FUNCTIONS_MOST - 1; /* what is too much is counted together */
    }
    struct function *f = &w->function[w->functions];
    memcpy(f->name, name, sizeof name);
    f->fewest = UINT64_MAX;
    return w->functions++;
}

static void show_frame(struct kd *kd, const struct watch *w, unsigned depth)
{
    const struct frame *f = &w->frame[depth];
    if (!w->silent) {
        kd_printf(kd, "%5" PRIu64 " %5" PRIu64 " [%3u] %*s%s\n", f->own, f->below, depth,
                  (int)(INDENT * depth), "", w->function[f->function].name);
    }
}

static void pop(struct kd *kd, struct watch *w)
{
    struct frame *f = &w->frame[--w->depth];
    struct function *function = &w->function[f->function];
    show_frame(kd, w, w->depth);
    function->invocations++;
    function->instructions += f->own;
    function->fewest = f->own < function->fewest ? f->own : function->fewest;
    function->most = f->own > function->most ? f->own : function->most;
    if (w->depth > 0) {
        w->frame[w->depth - 1].below += f->own + f->below;
    }
}

static void push(struct kd *kd, struct watch *w, uint64_t rip, uint64_t back, uint64_t stack)
{
    if (w->depth > 0) {
        show_frame(kd, w, w->depth - 1);
    }
    w->frame[w->depth++] =
        (struct frame){.function = function_at(kd, w, rip), .back = back, .stack = stack};
}

/* ---- stepping ---------------------------------------------------------------------------------
 */

static bool wants_inside(struct kd *kd, const struct watch *w, uint64_t rip)
{
    const struct kd_module *module = kd->symbols ? kd_module_at(kd->symbols, rip) : NULL;
    return w->depth < DEPTH_MOST && w->depth <= w->deepest &&
           (w->module[0] == '\0' || (module != NULL && kd_wildcard_match(w->module, module->name)));
}

/* Let the target step, or run to where a call comes back. => false: it stopped for another reason
 */
static bool move(struct kd *kd, struct watch *w, uint64_t back, uint64_t stack)
{
    w->events++;
    if (back != 0) {
        kd_run_to(kd, back, w->thread, stack);
    }
    if (!kd_run(kd, back != 0 ? KD_RESUME_HANDLED : KD_RESUME_STEP)) {
        w->failed = true;
        return false;
    }
    enum kd_event_kind kind = kd->target->last_event.kind;
    return kind == KD_EVENT_SINGLE_STEP ||
           (kind == KD_EVENT_BREAKPOINT && kd->hit == KD_BREAKPOINT_TEMPORARY);
}

/* One instruction of the watched thread. => false: over, or stopped for another reason */
static bool watch_one(struct kd *kd, struct watch *w)
{
    struct kd_instruction instruction;
    uint64_t rip, rsp;
    if (!kd_register_value(kd, "rip", &rip) || !kd_register_value(kd, "rsp", &rsp) ||
        !kd_instruction_at(kd, rip, &instruction)) {
        return false;
    }
    w->frame[w->depth - 1].own++;
    w->instructions++;
    w->system_calls += instruction.system_call;
    if (!move(kd, w, 0, 0)) {
        return false;
    }
    uint64_t now, stack;
    if (!kd_register_value(kd, "rip", &now) || !kd_register_value(kd, "rsp", &stack)) {
        return false;
    }
    if (instruction.call && stack < rsp) {
        uint64_t back = rip + instruction.length;
        if (!wants_inside(kd, w, now)) {
            return move(kd, w, back, stack);
        }
        push(kd, w, now, back, stack);
        return true;
    }
    while (w->depth > 0 && stack > w->frame[w->depth - 1].stack) {
        pop(kd, w);
    }
    return w->depth > 0;
}

/* ---- results ----------------------------------------------------------------------------------
 */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct function *)a)->name, ((const struct function *)b)->name);
}

static void show_results(struct kd *kd, struct watch *w)
{
    kd_printf(kd,
              "\n%" PRIu64 " instructions were executed in %" PRIu64
              " events (0 from other threads)\n\n",
              w->instructions, w->events);
    if (!w->counts) {
        return;
    }
    kd_printf(kd, "%-42s  Invocations MinInst MaxInst AvgInst\n", "Function Name");
    qsort(w->function, w->functions, sizeof *w->function, by_name);
    for (size_t i = 0; i < w->functions; i++) {
        const struct function *f = &w->function[i];
        if (f->invocations != 0) {
            kd_printf(kd, "%-42s %12" PRIu64 " %7" PRIu64 " %7" PRIu64 " %7" PRIu64 "\n", f->name,
                      f->invocations, f->fewest, f->most, f->instructions / f->invocations);
        }
    }
    kd_printf(kd, "\n%" PRIu64 " system call%s executed\n\n", w->system_calls,
              w->system_calls == 1 ? " was" : "s were");
}

static bool parse(struct kd *kd, const char *args, struct watch *w)
{
    char word[64];
    while (*(args = kd_skip(args)) == '-') {
        kd_word(&args, word, sizeof word);
        if (strcmp(word, "-l") == 0) {
            if (!kd_evaluate(kd, &args, &w->deepest)) {
                return false;
            }
        } else if (strcmp(word, "-m") == 0) {
            if (!kd_word(&args, w->module, sizeof w->module)) {
                return kd_error(kd, "wt -m: which module?");
            }
        } else if (strcmp(word, "-nc") == 0) {
            w->silent = true;
        } else if (strcmp(word, "-ns") == 0) {
            w->counts = false;
        } else {
            return kd_error(kd, "wt: option '%s' is not known (-l DEPTH -m MODULE -nc -ns)", word);
        }
    }
    return *args == '\0' || kd_error(kd, "Extra character error in '%s'", args);
}

/* The function that is watched: it ends when its own return has been executed. */
static bool begin(struct kd *kd, struct watch *w)
{
    struct kd_registers registers;
    uint64_t slot;
    char text[KD_ADDRESS_TEXT];
    if (!kd_get_registers(kd, &registers)) {
        return kd_error(kd, "There are no registers: nothing to step");
    }
    uint64_t rip = registers.rip;
    if (!kd_unwind(kd, &registers, &slot, true)) {
        return kd_error(kd, "The caller cannot be found: the stack is not readable");
    }
    push(kd, w, rip, registers.rip, slot);
    kd_printf(kd, "Tracing %s to return address %s\n", w->function[0].name,
              kd_address_text(registers.rip, text));
    return true;
}

static bool cmd_watch(struct kd *kd, const char *args)
{
    struct watch *w = calloc(1, sizeof *w);
    struct function *functions = calloc(FUNCTIONS_MOST, sizeof *functions);
    if (w == NULL || functions == NULL) {
        free(w);
        free(functions);
        return kd_error(kd, "Out of memory");
    }
    kd->implicit_thread = 0; /* what ran last is stepped */
    w->function = functions;
    w->deepest = DEPTH_MOST;
    w->counts = true;
    w->thread = kd->target->last_event.thread;
    bool started = parse(kd, args, w) && begin(kd, w);
    if (started) {
        while (!kd_interrupted(kd) && watch_one(kd, w)) {
        }
        while (w->depth > 0) { /* stopped within */
            pop(kd, w);
        }
        show_results(kd, w);
        kd_show_event(kd);
    }
    bool done = started && !w->failed;
    free(functions);
    free(w);
    return done;
}

const struct kd_command kd_commands_wt[] = {
    {"wt", "wt [-l DEPTH] [-m MODULE] [-nc] [-ns]",
     "trace this function up to its return: who calls whom, with how many instructions", cmd_watch,
     KD_NEEDS_RUN},
    {0},
};
