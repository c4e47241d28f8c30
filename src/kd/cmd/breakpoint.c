/* src/kd/cmd/breakpoint.c: bp, bu, ba, bl, bc, bd, be.
 *
 * Source: debugger documentation, "bp, bu, bm (Set Breakpoint)", "ba (Break on Access)", "bl
 * (Breakpoint List)". */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
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

/* The value of an option ends at a blank: what follows may be another slash. */
static bool take_value(struct kd *kd, const char **args, uint64_t *value)
{
    char word[128];
    const char *at = word;
    if (!kd_word(args, word, sizeof word)) {
        return kd_error(kd, "Expression is missing or incomplete");
    }
    return kd_evaluate(kd, &at, value) &&
           (kd_at_end(at) || kd_error(kd, "Extra character error in '%s'", at));
}

static bool parse_options(struct kd *kd, const char **args, struct request *request)
{
    while (**args == '/') {
        char letter = (*args)[1];
        *args += letter != '\0' ? 2 : 1;
        if (letter == '1') {
            request->once = true;
        } else if (letter == 'p') {
            request->match = true;
            if (!take_value(kd, args, &request->process)) {
                return false;
            }
        } else if (letter == 't') {
            if (!take_value(kd, args, &request->thread)) {
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

/* Give a parsed breakpoint a slot and take it over. => false: it was freed, an error printed */
static bool add(struct kd *kd, struct kd_breakpoint *new, const struct request *request)
{
    struct kd_breakpoint *slot = kd_breakpoint_new(kd);
    if (slot == NULL) {
        kd_breakpoint_clear(new);
        return kd_error(kd, "There are %d breakpoints already", KD_BREAKPOINT_TEMPORARY);
    }
    new->passes = new->passes > 0 ? new->passes : 1;
    new->remaining = new->passes;
    new->match = request->match;
    new->once = request->once;
    new->thread = request->thread;
    if (request->match) {
        bind_process(kd, new, request->process);
    } else if (new->expression != NULL || new->address < KERNEL_HALF) {
        bind_process(kd, new, kd_current_process(kd));
    }
    *slot = *new;
    return true;
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
    if (!parse_tail(kd, args, &new)) {
        kd_breakpoint_clear(&new);
        return false;
    }
    bool later = new.expression != NULL;
    if (!add(kd, &new, &request)) {
        return false;
    }
    if (later) {
        kd_printf(kd, "Bp expression '%s' could not be resolved, adding deferred bp\n", deferred);
    }
    return true;
}

/* ---- ba ---------------------------------------------------------------------------------------
 */

/* e1, w4, r8: what kind of access, and to how many bytes. */
static bool take_access(struct kd *kd, const char **args, struct kd_watch *watch)
{
    char letter = **args;
    *args += letter != '\0';
    switch (letter) {
    case 'e':
        watch->access = KD_WATCH_EXECUTE;
        break;
    case 'w':
        watch->access = KD_WATCH_WRITE;
        break;
    case 'r':
        watch->access = KD_WATCH_ACCESS;
        break;
    default:
        return kd_error(kd, "Syntax error: ba e|r|w SIZE ADDRESS (execute, read or write, write)");
    }
    *args = kd_skip(*args);
    char size = **args;
    if (size != '1' && size != '2' && size != '4' && size != '8') {
        return kd_error(kd, "Syntax error: ba watches 1, 2, 4 or 8 bytes");
    }
    ++*args;
    watch->length = (unsigned)(size - '0');
    return (watch->access != KD_WATCH_EXECUTE || watch->length == 1) ||
           kd_error(kd, "Data breakpoints for execution must be 1 byte long");
}

/* Have the target take the list with the new one in it; else it goes again. */
static bool try_watch(struct kd *kd)
{
    int error = kd_breakpoints_watch(kd, 0);
    if (error == -ENOSPC) {
        return kd_error(kd, "Too many hardware breakpoints: a processor has %d", KD_WATCHES);
    }
    if (error == -ENODEV) {
        return kd_error(kd, "This host's processors give no debug registers (`ntmm doctor`): no "
                            "hardware breakpoints. bp stops at instructions without them");
    }
    return error == 0 ||
           kd_error(kd, "No hardware breakpoints: this target is a %s", kd->target->ops->name);
}

static bool cmd_access(struct kd *kd, const char *args)
{
    struct request request = {0};
    struct kd_breakpoint new = {
        .used = true, .enabled = true, .passes = 1, .kind = KD_BREAK_HARDWARE};
    if (!parse_options(kd, &args, &request) || !take_access(kd, &args, &new.watch) ||
        !kd_evaluate(kd, &args, &new.address)) {
        return false;
    }
    if (new.address % new.watch.length != 0) {
        return kd_error(kd, "The address of a data breakpoint must be a multiple of its size");
    }
    if (!parse_tail(kd, args, &new)) {
        kd_breakpoint_clear(&new);
        return false;
    }
    struct kd_breakpoint *slot = kd_breakpoint_new(kd);
    if (!add(kd, &new, &request)) {
        return false;
    }
    if (!try_watch(kd)) {
        kd_breakpoint_clear(slot);
        return false;
    }
    return true;
}

/* ---- listing ----------------------------------------------------------------------------------
 */

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
        char access[8] = "   ";
        if (breakpoint->kind == KD_BREAK_HARDWARE) {
            snprintf(access, sizeof access, "%c %u", "ew?r"[breakpoint->watch.access],
                     breakpoint -> watch.length);
        }
        kd_printf(kd, "%2zu %c %s %s %04" PRIx64 " (%04" PRIx64 ") %s", id,
                  breakpoint->enabled ? 'e' : 'd', kd_address_text(breakpoint->address, text),
                  access, breakpoint->remaining, breakpoint->passes, name);
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
     cmd_set, KD_NEEDS_RUN},
    {"bu", "bu [OPTIONS] MODULE!NAME [PASSES] [\"COMMANDS\"]",
     "set a breakpoint on a name that may come later", cmd_set, KD_NEEDS_RUN},
    {"ba", "ba [OPTIONS] e|r|w SIZE ADDRESS [PASSES] [\"COMMANDS\"]",
     "break on access: a hardware breakpoint", cmd_access, KD_NEEDS_RUN},
    {"bl", "bl", "list breakpoints", cmd_list, KD_NEEDS_NOTHING},
    {"bc", "bc NUMBERS|*", "clear breakpoints", cmd_clear, KD_NEEDS_NOTHING},
    {"bd", "bd NUMBERS|*", "disable breakpoints", cmd_disable, KD_NEEDS_NOTHING},
    {"be", "be NUMBERS|*", "enable breakpoints", cmd_enable, KD_NEEDS_NOTHING},
    {0},
};
