/* src/kd/cmd/breakpoint.c: bp, bu, bl, bc, bd, be.
 *
 * Source: debugger documentation, "bp, bu, bm (Set Breakpoint)", "bl (Breakpoint List)". */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "kd/breakpoints.h"
#include "kd/kdi.h"
#include "kd/script.h"
#include "kd/symbols.h"

#define KERNEL_HALF 0xFFFF800000000000ull

struct request {
    uint64_t process, thread;
    bool match, once;
};

static bool parse_options(struct kd *kd, const char **args, struct request *request)
{
    while (**args == '/') {
        char letter = (*args)[1];
        *args += letter != '\0' ? 2 : 1;
        if (letter == '1') {
            request->once = true;
        } else if (letter == 'p') {
            request->match = true;
            if (!kd_evaluate(kd, args, &request->process)) {
                return false;
            }
        } else if (letter == 't') {
            if (!kd_evaluate(kd, args, &request->thread)) {
                return false;
            }
        } else {
            return kd_error(kd, "bp: option '/%c' is not known (/1 /p PROCESS /t THREAD)", letter);
        }
        *args = kd_skip(*args);
    }
    return true;
}

/* module!name that nothing knows yet: copied out, to be looked for whenever the target goes. */
static bool take_deferred(struct kd *kd, const char **args, char *out, size_t size)
{
    const char *at = *args;
    uint64_t ignored;
    if (strcspn(at, "!") >= strcspn(at, " \t\"+-") || !kd_word(&at, out, size) ||
        (kd->symbols != NULL && kd_symbol_address(kd->symbols, out, &ignored))) {
        return false;
    }
    *args = at;
    return true;
}

/* [PASSES] ["COMMAND"] */
static bool parse_tail(struct kd *kd, const char *args, struct kd_breakpoint *breakpoint)
{
    args = kd_skip(args);
    if (*args != '\0' && *args != '"' && !kd_evaluate(kd, &args, &breakpoint->passes)) {
        return false;
    }
    args = kd_skip(args);
    if (*args == '"') {
        breakpoint->command = kd_take_string(&args);
        if (breakpoint->command == NULL) {
            return kd_error(kd, "Syntax error: the command has no closing quote");
        }
    }
    return kd_at_end(args) || kd_error(kd, "Extra character error in '%s'", args);
}

static void bind_process(struct kd *kd, struct kd_breakpoint *breakpoint, uint64_t process)
{
    breakpoint->process = process;
    breakpoint->process_id = kd_field(kd, "_EPROCESS", process, "UniqueProcessId");
}

static bool cmd_set(struct kd *kd, const char *args)
{
    struct request request = {0};
    struct kd_breakpoint new = {.used = true, .enabled = true, .passes = 1};
    char deferred[256];
    if (!parse_options(kd, &args, &request)) {
        return false;
    }
    if (take_deferred(kd, &args, deferred, sizeof deferred)) {
        new.expression = strdup(deferred);
    } else if (!kd_evaluate(kd, &args, &new.address)) {
        return false;
    }
    struct kd_breakpoint *slot = kd_breakpoint_new(kd);
    if (!parse_tail(kd, args, &new) || slot == NULL) {
        kd_breakpoint_clear(&new);
        return slot != NULL
                   ? false
                   : kd_error(kd, "There are %d breakpoints already", KD_BREAKPOINT_TEMPORARY);
    }
    new.passes = new.passes > 0 ? new.passes : 1;
    new.remaining = new.passes;
    new.match = request.match;
    new.once = request.once;
    new.thread = request.thread;
    if (request.match) {
        bind_process(kd, &new, request.process);
    } else if (new.expression != NULL || new.address < KERNEL_HALF) {
        bind_process(kd, &new, kd_current_process(kd));
    }
    if (new.expression != NULL) {
        kd_printf(kd, "Bp expression '%s' could not be resolved, adding deferred bp\n", deferred);
    }
    *slot = new;
    return true;
}

static void show(struct kd *kd, size_t id, const struct kd_breakpoint *breakpoint)
{
    char text[KD_ADDRESS_TEXT], name[512] = "";
    if (breakpoint->expression != NULL) {
        kd_printf(kd, "%2zu %cu                      %04" PRIx64 " (%04" PRIx64 ") (%s)", id,
                  breakpoint->enabled ? 'e' : 'd', breakpoint->remaining, breakpoint->passes,
                  breakpoint->expression);
    } else {
        if (kd->symbols != NULL) {
            kd_symbol_name(kd->symbols, breakpoint->address, name, sizeof name);
        }
        kd_printf(kd, "%2zu %c %s     %04" PRIx64 " (%04" PRIx64 ") %s", id,
                  breakpoint->enabled ? 'e' : 'd', kd_address_text(breakpoint->address, text),
                  breakpoint->remaining, breakpoint->passes, name);
    }
    if (breakpoint->command != NULL) {
        kd_printf(kd, " \"%s\"", breakpoint->command);
    }
    kd_printf(kd, "\n");
    if (breakpoint->match) {
        kd_printf(kd, "     Match process data %s\n", kd_address_text(breakpoint->process, text));
    }
    if (breakpoint->thread != 0) {
        kd_printf(kd, "     Match thread data %s\n", kd_address_text(breakpoint->thread, text));
    }
}

static bool cmd_list(struct kd *kd, const char *args)
{
    (void)args;
    for (size_t i = 0; i < KD_BREAKPOINT_TEMPORARY; i++) {
        if (kd->breakpoints->row[i].used) {
            show(kd, i, &kd->breakpoints->row[i]);
        }
    }
    return true;
}

enum change { CLEAR, DISABLE, ENABLE };

static void apply(struct kd_breakpoint *breakpoint, enum change change)
{
    if (change == CLEAR) {
        kd_breakpoint_clear(breakpoint);
    } else if (breakpoint->used) {
        breakpoint->enabled = change == ENABLE;
    }
}

/* `*`, or decimal numbers separated by blanks or commas, ranges as 0-3. */
static bool change_some(struct kd *kd, const char *args, enum change change)
{
    if (*args == '\0') {
        return kd_error(kd, "Which breakpoints? Numbers, or * for all");
    }
    while (*args != '\0') {
        unsigned long first = 0, last = KD_BREAKPOINT_TEMPORARY - 1;
        if (*args == '*') {
            args++;
        } else {
            char *end;
            first = last = strtoul(args, &end, 10);
            if (end == args) {
                return kd_error(kd, "Syntax error: '%s' is no breakpoint number", args);
            }
            last = *end == '-' ? strtoul(end + 1, &end, 10) : last;
            args = end;
        }
        if (last >= KD_BREAKPOINT_TEMPORARY || first > last) {
            return kd_error(kd, "There is no breakpoint %lu", last);
        }
        for (unsigned long i = first; i <= last; i++) {
            apply(&kd->breakpoints->row[i], change);
        }
        args += strspn(args, " \t,");
    }
    return true;
}

static bool cmd_clear(struct kd *kd, const char *args)
{
    return change_some(kd, args, CLEAR);
}

static bool cmd_disable(struct kd *kd, const char *args)
{
    return change_some(kd, args, DISABLE);
}

static bool cmd_enable(struct kd *kd, const char *args)
{
    return change_some(kd, args, ENABLE);
}

const struct kd_command kd_commands_breakpoint[] = {
    {"bp", "bp [/1] [/p PROCESS] [/t THREAD] ADDRESS [PASSES] [\"COMMANDS\"]", "set a breakpoint",
     cmd_set},
    {"bu", "bu [OPTIONS] MODULE!NAME [PASSES] [\"COMMANDS\"]",
     "set a breakpoint on a name that may come later", cmd_set},
    {"bl", "bl", "list breakpoints", cmd_list},
    {"bc", "bc NUMBERS|*", "clear breakpoints", cmd_clear},
    {"bd", "bd NUMBERS|*", "disable breakpoints", cmd_disable},
    {"be", "be NUMBERS|*", "enable breakpoints", cmd_enable},
    {NULL, NULL, NULL, NULL},
};
