/* events.c: event filters, and the texts of events.
 *
 *      event --> row: av, ld, epr ... --> sxe  stop
 *                                         sxd  stop when it is unhandled (second chance)
 *                                         sxn  one line, go on
 *                                         sxi  go on
 *
 * Exceptions that are let pass go to the program as if there were no debugger. Modules and the end
 * of processes cost a stop each, so the target reports them only while somebody wants them;
 * deferred breakpoints do.
 *
 * Source: debugger documentation, "sx, sxd, sxe, sxi, sxn, sxr, sx- (Set Exceptions)".
 */
#include "kd/events.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "kd/breakpoints.h"
#include "kd/symbols.h"

#define BREAK_INSTRUCTION 0x80000003u

static const struct kd_filter defaults[] = {
    {"epr", "Exit process", 0, KD_FILTER_IGNORE, NULL},
    {"ld", "Load module", 0, KD_FILTER_IGNORE, NULL},
    {"gp", "Guard page violation", 0x80000001, KD_FILTER_BREAK, NULL},
    {"dm", "Data misaligned", 0x80000002, KD_FILTER_BREAK, NULL},
    {"bpe", "Break instruction exception", BREAK_INSTRUCTION, KD_FILTER_BREAK, NULL},
    {"sse", "Single step exception", 0x80000004, KD_FILTER_BREAK, NULL},
    {"av", "Access violation", 0xC0000005, KD_FILTER_BREAK, NULL},
    {"ip", "In-page I/O error", 0xC0000006, KD_FILTER_BREAK, NULL},
    {"ch", "Invalid handle", 0xC0000008, KD_FILTER_BREAK, NULL},
    {"ii", "Illegal instruction", 0xC000001D, KD_FILTER_BREAK, NULL},
    {"nc", "Noncontinuable exception", 0xC0000025, KD_FILTER_BREAK, NULL},
    {"fdz", "Floating-point divide-by-zero", 0xC000008E, KD_FILTER_BREAK, NULL},
    {"dz", "Integer divide-by-zero", 0xC0000094, KD_FILTER_BREAK, NULL},
    {"iov", "Integer overflow", 0xC0000095, KD_FILTER_BREAK, NULL},
    {"pi", "Privileged instruction", 0xC0000096, KD_FILTER_BREAK, NULL},
    {"sov", "Stack overflow", 0xC00000FD, KD_FILTER_BREAK, NULL},
    {"hc", "Heap corruption", 0xC0000374, KD_FILTER_BREAK, NULL},
    {"sbo", "Security check failure or stack buffer overrun", 0xC0000409, KD_FILTER_BREAK, NULL},
    {"eh", "C++ EH exception", 0xE06D7363, KD_FILTER_SECOND, NULL},
    {"*", "Other exception", 0, KD_FILTER_BREAK, NULL},
};

enum { EXIT_PROCESS, LOAD_MODULE, OTHER_EXCEPTION = sizeof defaults / sizeof defaults[0] - 1 };
#define NAMED (OTHER_EXCEPTION + 1)

struct kd_filters {
    struct kd_filter row[NAMED + KD_FILTER_CODES];
    size_t count;
    char module[64];
};

struct kd_filters *kd_filters_create(void)
{
    struct kd_filters *filters = calloc(1, sizeof *filters);
    if (filters != NULL) {
        memcpy(filters->row, defaults, sizeof defaults);
        filters->count = NAMED;
    }
    return filters;
}

static void drop_commands(struct kd_filters *filters)
{
    for (size_t i = 0; i < filters->count; i++) {
        free(filters->row[i].command);
        filters->row[i].command = NULL;
    }
}

void kd_filters_destroy(struct kd_filters *filters)
{
    drop_commands(filters);
    free(filters);
}

void kd_filters_reset(struct kd *kd)
{
    drop_commands(kd->filters);
    memcpy(kd->filters->row, defaults, sizeof defaults);
    kd->filters->count = NAMED;
    kd->filters->module[0] = '\0';
}

void kd_filters_module(struct kd *kd, const char *name)
{
    snprintf(kd->filters->module, sizeof kd->filters->module, "%s", name);
}

struct kd_filter *kd_filter_get(struct kd *kd, size_t i)
{
    return i < kd->filters->count ? &kd->filters->row[i] : NULL;
}

static struct kd_filter *by_code(struct kd_filters *filters, uint32_t code)
{
    for (size_t i = 0; i < filters->count; i++) {
        if (filters->row[i].code == code && code != 0) {
            return &filters->row[i];
        }
    }
    return NULL;
}

struct kd_filter *kd_filter_find(struct kd *kd, const char *name)
{
    struct kd_filters *filters = kd->filters;
    for (size_t i = 0; i < NAMED; i++) {
        if (strcasecmp(filters->row[i].name, name) == 0) {
            return &filters->row[i];
        }
    }
    char *end;
    unsigned long long code = strtoull(name, &end, 16);
    if (end == name || *end != '\0' || code == 0 || code > UINT32_MAX) {
        return NULL;
    }
    struct kd_filter *row = by_code(filters, (uint32_t)code);
    if (row == NULL && filters->count < NAMED + KD_FILTER_CODES) {
        row = &filters->row[filters->count++];
        *row = (struct kd_filter){.text = "User exception", .code = (uint32_t)code};
    }
    return row;
}

/* ---- texts ------------------------------------------------------------------------------------
 */

void kd_show_exception_name(struct kd *kd, uint32_t code, bool first_chance)
{
    const struct kd_filter *row = by_code(kd->filters, code);
    kd_printf(kd, "%s - code %08" PRIx32 " (%s)",
              row != NULL && row->name != NULL ? row->text : "Unknown exception", code,
              first_chance ? "first chance" : "!!! second chance !!!");
}

void kd_show_exception(struct kd *kd, uint32_t code, bool first_chance)
{
    kd_show_exception_name(kd, code, first_chance);
    kd_printf(kd, "\n");
    if (first_chance && code != BREAK_INSTRUCTION) {
        kd_printf(kd, "First chance exceptions are reported before any exception handling.\n"
                      "This exception may be expected and handled.\n");
    }
}

static void show_load(struct kd *kd, const struct kd_module *module)
{
    char start[KD_ADDRESS_TEXT], end[KD_ADDRESS_TEXT];
    kd_printf(kd, "ModLoad: %s %s   %s\n", kd_address_text(module->base, start),
              kd_address_text(module->base + module->size, end), module->image);
}

static void show_exit(struct kd *kd, const struct kd_event *event)
{
    kd_printf(kd, "Exit process %016" PRIx64 " (Cid %04" PRIx64 "), code %" PRIx32 "\n",
              event->process, kd_field(kd, "_EPROCESS", event->process, "UniqueProcessId"),
              event->code);
}

/* ---- deciding ---------------------------------------------------------------------------------
 */

static bool comes(enum kd_filter_mode mode)
{
    return mode == KD_FILTER_BREAK || mode == KD_FILTER_NOTIFY;
}

static bool has_deferred(struct kd *kd)
{
    for (size_t i = 0; i < KD_BREAKPOINTS; i++) {
        const struct kd_breakpoint *row = &kd->breakpoints->row[i];
        if (row->used && row->enabled && row->expression != NULL) {
            return true;
        }
    }
    return false;
}

void kd_filters_apply(struct kd *kd)
{
    const struct kd_filter *row = kd->filters->row;
    unsigned wanted = 0;
    wanted |= comes(row[EXIT_PROCESS].mode) ? KD_WANT_PROCESS_EXIT : 0;
    wanted |= comes(row[LOAD_MODULE].mode) || has_deferred(kd) ? KD_WANT_MODULE_LOAD : 0;
    kd->target->ops->want_events(kd->target, wanted); /* a target without them has none to report */
}

static void leave_command(struct kd *kd, const struct kd_filter *row)
{
    if (row->command != NULL) {
        free(kd->pending);
        kd->pending = strdup(row->command);
    }
}

static bool stop_at_load(struct kd *kd, const struct kd_event *event)
{
    const struct kd_filter *row = &kd->filters->row[LOAD_MODULE];
    const char *wanted = kd->filters->module;
    kd_set_process(kd, event->process);
    kd->implicit_process = 0;
    const struct kd_module *module =
        kd->symbols ? kd_module_add(kd->symbols, event->base, NULL, false) : NULL;
    if (module == NULL || !comes(row->mode) ||
        (*wanted != '\0' && !kd_wildcard_match(wanted, module->name))) {
        return false;
    }
    show_load(kd, module);
    if (row->mode == KD_FILTER_BREAK) {
        leave_command(kd, row);
        return true;
    }
    return false;
}

static bool stop_at_exit(struct kd *kd, const struct kd_event *event)
{
    const struct kd_filter *row = &kd->filters->row[EXIT_PROCESS];
    if (comes(row->mode)) {
        show_exit(kd, event);
    }
    if (row->mode == KD_FILTER_BREAK) {
        leave_command(kd, row);
        return true;
    }
    return false;
}

static bool stop_at_exception(struct kd *kd, const struct kd_event *event, enum kd_resume *how)
{
    const struct kd_filter *row = by_code(kd->filters, event->code);
    row = row != NULL ? row : &kd->filters->row[OTHER_EXCEPTION];
    bool stop =
        row->mode == KD_FILTER_BREAK || (row->mode == KD_FILTER_SECOND && !event->first_chance);
    if (stop) {
        leave_command(kd, row);
        return true;
    }
    if (row->mode == KD_FILTER_NOTIFY) {
        kd_show_exception(kd, event->code, event->first_chance);
    }
    *how = KD_RESUME_NOT_HANDLED;
    return false;
}

bool kd_filters_stop(struct kd *kd, enum kd_resume *how)
{
    const struct kd_event *event = &kd->target->last_event;
    *how = KD_RESUME_HANDLED;
    switch (event->kind) {
    case KD_EVENT_EXCEPTION:
        return stop_at_exception(kd, event, how);
    case KD_EVENT_MODULE_LOAD:
        return stop_at_load(kd, event);
    case KD_EVENT_PROCESS_EXIT:
        return stop_at_exit(kd, event);
    default:
        return true;
    }
}
