/* src/kd/cmd/code.c: u, ub, uf.
 *
 * x86 code can only be read forwards. ub therefore looks for a place before the address from which
 * decoding arrives exactly at it: the start of the function when its name is known, else the
 * farthest one within reach. uf follows the flow from the start of the function: every instruction
 * that a jump or falling through can reach, in order of address, with a blank line at each gap.
 */
#include <stdlib.h>
#include <string.h>

#include "kd/disasm.h"
#include "kd/kdi.h"
#include "kd/symbols.h"

#define DEFAULT_COUNT 8
#define MOST_COUNT 100000 /* instructions of one u */
#define BACK_REACH 4096   /* bytes from a function's start that ub decodes through */
#define FLOW_MOST 20000   /* instructions of one uf */

/* "module!name+0x12:" on a line of its own. */
static bool show_label(struct kd *kd, uint64_t address, bool always)
{
    struct kd_symbol symbol;
    uint64_t offset;
    char name[300];
    if (!kd->symbols || !kd_symbol_at(kd->symbols, address, &symbol, &offset))
        return false;
    if ((offset && !always) || !kd_symbol_name(kd->symbols, address, name, sizeof name))
        return false;
    kd_printf(kd, "%s:\n", name);
    return true;
}

/* ---- u ---- */

struct code_range {
    uint64_t start;
    uint64_t end;   /* last byte that counts; 0: count decides */
    uint64_t count; /* instructions */
};

/* `u`, `u START`, `u START END`, `u START LCOUNT`. */
static bool parse_range(struct kd *kd, const char *args, struct code_range *range)
{
    *range = (struct code_range){.start = kd->unassemble_cursor, .count = DEFAULT_COUNT};
    struct kd_registers registers;
    if (range->start == 0 && kd_get_registers(kd, &registers))
        range->start = registers.rip;
    if (kd_at_end(args))
        return true;
    if ((args[0] != 'L' && args[0] != 'l') || !strchr("0123456789abcdefABCDEF?", args[1]) ||
        !args[1]) {
        if (!kd_evaluate(kd, &args, &range->start))
            return false;
        args = kd_skip(args);
    }
    if (*args == 'L' || *args == 'l') {
        args += args[1] == '?' ? 2 : 1;
        if (!kd_evaluate(kd, &args, &range->count))
            return false;
    } else if (*args) {
        if (!kd_evaluate(kd, &args, &range->end))
            return false;
        range->count = MOST_COUNT;
    }
    if (range->count > MOST_COUNT)
        return kd_error(kd, "Range error: more than %u instructions", MOST_COUNT);
    return kd_at_end(args) || kd_error(kd, "Extra character error in '%s'", args);
}

static uint64_t show_code(struct kd *kd, const struct code_range *range)
{
    uint64_t at = range->start;
    for (uint64_t i = 0; i < range->count && !kd_interrupted(kd); i++) {
        if (range->end && at > range->end)
            break;
        show_label(kd, at, i == 0);
        unsigned length = kd_show_instruction(kd, at);
        if (length == 0)
            break;
        at += length;
    }
    return at;
}

static bool cmd_u(struct kd *kd, const char *args)
{
    struct code_range range;
    if (!parse_range(kd, args, &range))
        return false;
    kd->unassemble_cursor = show_code(kd, &range);
    return kd->unassemble_cursor != range.start || range.count == 0 ||
           kd_error(kd, "           ^ Memory access error in 'u %s'", args);
}

/* ---- ub ---- */

/* Decode from `start` to exactly `end`. The starts of the last `most` instructions go to `ring`.
 * => how many instructions; 0 when decoding does not meet `end` */
static size_t decode_to(struct kd *kd, uint64_t start, uint64_t end, uint64_t *ring, size_t most)
{
    size_t count = 0;
    uint64_t at = start;
    while (at < end) {
        struct kd_instruction instruction;
        if (!kd_instruction_at(kd, at, &instruction))
            return 0;
        ring[count++ % most] = at;
        at += instruction.length;
    }
    return at == end ? count : 0;
}

/* Fill `starts` with up to `most` instructions that end at `end`. */
static size_t find_back(struct kd *kd, uint64_t end, uint64_t *ring, size_t most)
{
    struct kd_symbol symbol;
    uint64_t offset;
    size_t count = 0;
    if (kd->symbols && kd_symbol_at(kd->symbols, end - 1, &symbol, &offset) && offset < BACK_REACH)
        count = decode_to(kd, symbol.address, end, ring, most);
    for (uint64_t back = KD_INSTRUCTION_MOST * most; count == 0 && back > 0; back--) {
        if (back <= end)
            count = decode_to(kd, end - back, end, ring, most);
    }
    return count;
}

static bool cmd_ub(struct kd *kd, const char *args)
{
    struct code_range range;
    if (!parse_range(kd, args, &range))
        return false;
    size_t most = range.count ? (size_t)range.count : 1;
    uint64_t *ring = malloc(most * sizeof *ring);
    if (!ring)
        return kd_error(kd, "Out of memory");
    size_t count = range.start ? find_back(kd, range.start, ring, most) : 0;
    size_t shown = count < most ? count : most;
    for (size_t i = count - shown; i < count && !kd_interrupted(kd); i++) {
        show_label(kd, ring[i % most], i == count - shown);
        kd_show_instruction(kd, ring[i % most]);
    }
    if (shown)
        kd->unassemble_cursor = ring[(count - shown) % most];
    free(ring);
    return count ? true : kd_error(kd, "No instructions end at this address");
}

/* ---- uf ---- */

/* Instructions found, in order of address, and places still to be followed. */
struct flow {
    uint64_t *found;
    uint8_t *length;
    size_t count;
    uint64_t *todo;
    size_t todo_count;
};

static size_t flow_slot(const struct flow *flow, uint64_t address)
{
    size_t low = 0;
    size_t high = flow->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (flow->found[middle] < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Note the instruction; false when it is known already or there is no room. */
static bool flow_add(struct flow *flow, uint64_t address, unsigned length)
{
    size_t slot = flow_slot(flow, address);
    if (flow->count == FLOW_MOST || (slot < flow->count && flow->found[slot] == address))
        return false;
    size_t behind = flow->count - slot;
    memmove(&flow->found[slot + 1], &flow->found[slot], behind * sizeof *flow->found);
    memmove(&flow->length[slot + 1], &flow->length[slot], behind);
    flow->found[slot] = address;
    flow->length[slot] = (uint8_t)length;
    flow->count++;
    return true;
}

/* A jump out of the function (to the start of another one) is not followed. */
static bool in_function(struct kd *kd, uint64_t start, uint64_t target)
{
    struct kd_symbol here;
    struct kd_symbol there;
    uint64_t offset;
    if (!kd->symbols || !kd_symbol_at(kd->symbols, start, &here, &offset) ||
        !kd_symbol_at(kd->symbols, target, &there, &offset))
        return true;
    return here.address == there.address;
}

static void follow(struct kd *kd, struct flow *flow, uint64_t start)
{
    flow->todo[flow->todo_count++] = start;
    while (flow->todo_count && !kd_interrupted(kd)) {
        uint64_t at = flow->todo[--flow->todo_count];
        struct kd_instruction i;
        while (kd_instruction_at(kd, at, &i) && flow_add(flow, at, i.length)) {
            if (i.branch && i.has_target && flow->todo_count < FLOW_MOST &&
                in_function(kd, start, i.target))
                flow->todo[flow->todo_count++] = i.target;
            if (i.ends && !i.conditional)
                break;
            at += i.length;
            if (!in_function(kd, start, at))
                break;
        }
    }
}

static void show_flow(struct kd *kd, const struct flow *flow)
{
    uint64_t expected = 0;
    for (size_t i = 0; i < flow->count && !kd_interrupted(kd); i++) {
        bool gap = flow->found[i] != expected;
        if (gap && i)
            kd_printf(kd, "\n");
        show_label(kd, flow->found[i], gap);
        kd_show_instruction(kd, flow->found[i]);
        expected = flow->found[i] + flow->length[i];
    }
}

static bool cmd_uf(struct kd *kd, const char *args)
{
    struct code_range range;
    struct kd_symbol symbol;
    uint64_t offset;
    if (!parse_range(kd, args, &range))
        return false;
    if (kd->symbols && kd_symbol_at(kd->symbols, range.start, &symbol, &offset))
        range.start = symbol.address;
    struct flow flow = {
        .found = malloc(FLOW_MOST * sizeof *flow.found),
        .length = malloc(FLOW_MOST),
        .todo = malloc(FLOW_MOST * sizeof *flow.todo),
    };
    bool ok = flow.found && flow.length && flow.todo;
    if (ok) {
        follow(kd, &flow, range.start);
        show_flow(kd, &flow);
    }
    bool empty = flow.count == 0;
    free(flow.found);
    free(flow.length);
    free(flow.todo);
    if (!ok)
        return kd_error(kd, "Out of memory");
    return !empty || kd_error(kd, "No code found, aborting");
}

const struct kd_command kd_commands_code[] = {
    {"u", "u [START [END | LCOUNT]]", "disassemble", cmd_u, KD_NEEDS_NOTHING},
    {"ub", "ub [ADDRESS [LCOUNT]]", "disassemble what stands before an address", cmd_ub,
     KD_NEEDS_NOTHING},
    {"uf", "uf ADDRESS", "disassemble a whole function", cmd_uf, KD_NEEDS_NOTHING},
    {0},
};
