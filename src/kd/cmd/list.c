/* src/kd/cmd/list.c: dl: a linked list, link by link.
 *
 * A list may be damaged: it ends where memory does, at a null, when it is back at its start, and
 * after as many elements as were asked for.
 *
 * Source: debugger documentation, "dl (Display Linked List)". */
#include "kd/kdi.h"

#define ELEMENTS_DEFAULT 0x20
#define POINTERS_DEFAULT 2
#define POINTERS_MOST 16

/* What is shown of an element: its first pointers. `back`: the links lead through the second. */
struct shape {
    uint64_t start, count, pointers;
    bool back;
};

static bool show_element(struct kd *kd, uint64_t at, const struct shape *shape, uint64_t *next)
{
    char text[KD_ADDRESS_TEXT];
    kd_printf(kd, "%s ", kd_address_text(at, text));
    bool more = false;
    for (uint64_t i = 0; i < shape->pointers; i++) {
        uint64_t value;
        bool there = kd_read_u64(kd, at + i * sizeof value, &value);
        if (i > 0 && i % 2 == 0) {
            kd_printf(kd, "\n%18s", "");
        }
        kd_printf(kd, " %s", there ? kd_address_text(value, text) : "????????`????????");
        if (there && i == (shape->back ? 1 : 0)) {
            *next = value;
            more = true;
        }
    }
    kd_printf(kd, "\n");
    return more;
}

static bool dump_list(struct kd *kd, const char *args, bool back)
{
    struct shape shape = {.count = ELEMENTS_DEFAULT, .pointers = POINTERS_DEFAULT, .back = back};
    bool given;
    if (!kd_evaluate(kd, &args, &shape.start) ||
        !kd_evaluate_optional(kd, &args, &shape.count, &given) ||
        !kd_evaluate_optional(kd, &args, &shape.pointers, &given)) {
        return false;
    }
    if (shape.pointers < POINTERS_DEFAULT || shape.pointers > POINTERS_MOST) {
        return kd_error(kd, "Range error: %d to %d pointers of each element", POINTERS_DEFAULT,
                        POINTERS_MOST);
    }
    uint64_t at = shape.start;
    for (uint64_t i = 0; i < shape.count && !kd_interrupted(kd); i++) {
        if (!show_element(kd, at, &shape, &at) || at == 0 || at == shape.start) {
            break;
        }
    }
    return true;
}

static bool cmd_forward(struct kd *kd, const char *args)
{
    return dump_list(kd, args, false);
}

static bool cmd_backward(struct kd *kd, const char *args)
{
    return dump_list(kd, args, true);
}

const struct kd_command kd_commands_list[] = {
    {"dl", "dl ADDRESS [COUNT [POINTERS]]", "a linked list, forwards", cmd_forward,
     KD_NEEDS_NOTHING},
    {"dlb", "dlb ADDRESS [COUNT [POINTERS]]", "a linked list of LIST_ENTRYs, backwards",
     cmd_backward, KD_NEEDS_NOTHING},
    {0},
};
