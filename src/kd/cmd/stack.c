/* src/kd/cmd/stack.c: k, kb, kn, kv, kp: the calls of the current thread.
 *
 *      k    Child-SP          RetAddr           Call Site
 *      kb   RetAddr           : Args to Child                                  : Call Site
 *      kv   Child-SP  RetAddr : Args to Child                                  : Call Site
 *      n    adds the number of each frame
 *
 * "Args to Child" are the four home slots that the caller left for the function's register
 * arguments; optimised code seldom writes them.
 *
 * Source: debugger documentation, "k, kb, kc, kd, kp, kP, kv (Display Stack Backtrace)". */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "kd/stack.h"
#include "kd/symbols.h"

#define FRAMES_DEFAULT 0x100
#define FRAMES_MOST 0x10000
#define HOME_SLOTS 4

struct columns {
    bool number, stack, arguments, bare;
};

static void show_header(struct kd *kd, const struct columns *c)
{
    kd_printf(kd, "%s%s%s%sCall Site\n", c->number ? " # " : "",
              c->stack ? "Child-SP          " : "", c->bare ? "" : "RetAddr           ",
              c->arguments ? ": Args to Child                                                      "
                             "     : "
                           : "");
}

static void show_arguments(struct kd *kd, const struct kd_frame *frame)
{
    kd_printf(kd, ": ");
    for (unsigned i = 1; i <= HOME_SLOTS; i++) {
        char text[KD_ADDRESS_TEXT];
        uint64_t value;
        bool there = frame->slot != 0 && kd_read_u64(kd, frame->slot + i * sizeof value, &value);
        kd_printf(kd, "%s ", there ? kd_address_text(value, text) : "????????`????????");
    }
    kd_printf(kd, ": ");
}

static void show_frame(struct kd *kd, const struct kd_frame *frame, size_t number,
                       const struct columns *c)
{
    char text[KD_ADDRESS_TEXT], name[512];
    if (c->number) {
        kd_printf(kd, "%02zx ", number);
    }
    if (c->stack) {
        kd_printf(kd, "%s ", kd_address_text(frame->sp, text));
    }
    if (!c->bare) {
        kd_printf(kd, "%s ", kd_address_text(frame->return_address, text));
    }
    if (c->arguments) {
        show_arguments(kd, frame);
    }
    if (kd->symbols != NULL && kd_symbol_name(kd->symbols, frame->ip, name, sizeof name)) {
        kd_printf(kd, "%s\n", name);
    } else {
        kd_printf(kd, "0x%s\n", kd_address_text(frame->ip, text));
    }
}

/* A number of frames is the only argument. */
static bool show_stack(struct kd *kd, const char *args, const struct columns *columns)
{
    struct kd_registers registers;
    uint64_t most = FRAMES_DEFAULT;
    bool given;
    if (!kd_evaluate_optional(kd, &args, &most, &given)) {
        return false;
    }
    if (!kd_at_end(args) || most == 0 || most > FRAMES_MOST) {
        return kd_error(kd, "Range error: a number of frames, at most 0x%x", FRAMES_MOST);
    }
    if (!kd_get_registers(kd, &registers) || registers.rip == 0) {
        return kd_error(kd, "There is no current thread: no stack to walk");
    }
    struct kd_frame *frames = calloc(most, sizeof *frames);
    if (frames == NULL) {
        return kd_error(kd, "Out of memory");
    }
    size_t count = kd_stack_walk(kd, &registers, frames, most);
    show_header(kd, columns);
    for (size_t i = 0; i < count && !kd_interrupted(kd); i++) {
        show_frame(kd, &frames[i], i, columns);
    }
    free(frames);
    return true;
}

static bool cmd_k(struct kd *kd, const char *args)
{
    return show_stack(kd, args, &(struct columns){.stack = true});
}

static bool cmd_kb(struct kd *kd, const char *args)
{
    return show_stack(kd, args, &(struct columns){.arguments = true});
}

static bool cmd_kc(struct kd *kd, const char *args)
{
    return show_stack(kd, args, &(struct columns){.bare = true});
}

static bool cmd_kn(struct kd *kd, const char *args)
{
    return show_stack(kd, args, &(struct columns){.number = true, .stack = true});
}

static bool cmd_kv(struct kd *kd, const char *args)
{
    return show_stack(kd, args, &(struct columns){.stack = true, .arguments = true});
}

static bool cmd_kvn(struct kd *kd, const char *args)
{
    return show_stack(kd, args,
                      &(struct columns){.number = true, .stack = true, .arguments = true});
}

const struct kd_command kd_commands_stack[] = {
    {"k", "k [FRAMES]", "calls of the current thread", cmd_k, KD_NEEDS_NOTHING},
    {"kb", "kb [FRAMES]", "calls with what lies in the home area of the arguments", cmd_kb,
     KD_NEEDS_NOTHING},
    {"kc", "kc [FRAMES]", "calls, names only", cmd_kc, KD_NEEDS_NOTHING},
    {"kn", "kn [FRAMES]", "calls, numbered", cmd_kn, KD_NEEDS_NOTHING},
    {"kv", "kv [FRAMES]", "calls with stack pointer and home area", cmd_kv, KD_NEEDS_NOTHING},
    {"kvn", "kvn [FRAMES]", "the same, numbered", cmd_kvn, KD_NEEDS_NOTHING},
    {0},
};
