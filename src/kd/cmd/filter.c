/* src/kd/cmd/filter.c: sx, sxe, sxd, sxn, sxi, sxr: which events stop the target.
 *
 * Source: debugger documentation, "sx, sxd, sxe, sxi, sxn, sxr, sx- (Set Exceptions)". */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "kd/events.h"
#include "kd/script.h"

static const char *mode_text(const struct kd_filter *row)
{
    static const char *const exceptions[] = {"break", "second-chance break", "output", "ignore"};
    static const char *const events[] = {"break", "ignore", "output", "ignore"};
    bool event = row->code == 0 && strcmp(row->name, "*") != 0;
    return (event ? events : exceptions)[row->mode];
}

static bool cmd_list(struct kd *kd, const char *args)
{
    const struct kd_filter *row;
    char code[16];
    (void)args;
    for (size_t i = 0; (row = kd_filter_get(kd, i)) != NULL; i++) {
        snprintf(code, sizeof code, "%08" PRIx32, row->code);
        kd_printf(kd, "%5s - %s - %s%s%s%s\n", row->name != NULL ? row->name : code, row->text,
                  mode_text(row), row->command ? " \"" : "", row->command ? row->command : "",
                  row->command ? "\"" : "");
    }
    return true;
}

/* -c "COMMANDS"; *command stays NULL without it. */
static bool take_command(struct kd *kd, const char **args, char **command)
{
    *args = kd_skip(*args);
    if (strncmp(*args, "-c", 2) != 0) {
        return true;
    }
    *args = kd_skip(*args + 2);
    free(*command);
    *command = kd_take_string(args);
    if (*command == NULL) {
        return kd_error(kd, "Syntax error: -c wants commands in quotes");
    }
    *args = kd_skip(*args);
    return true;
}

static bool set(struct kd *kd, const char *args, enum kd_filter_mode mode)
{
    char name[96], *command = NULL;
    if (!take_command(kd, &args, &command)) {
        return false;
    }
    bool given = kd_word(&args, name, sizeof name);
    char *module = given ? strchr(name, ':') : NULL;
    if (module != NULL) {
        *module++ = '\0';
    }
    struct kd_filter *row = given ? kd_filter_find(kd, name) : NULL;
    if (!take_command(kd, &args, &command) || row == NULL || !kd_at_end(args)) {
        free(command);
        return row == NULL ? kd_error(kd, "Which event? A name that `sx` lists, or a code")
                           : kd_error(kd, "Extra character error in '%s'", args);
    }
    row->mode = mode;
    free(row->command);
    row->command = command;
    if (strcmp(name, "ld") == 0) {
        kd_filters_module(kd, module != NULL ? module : "");
    }
    return true;
}

static bool cmd_break(struct kd *kd, const char *args)
{
    return set(kd, args, KD_FILTER_BREAK);
}

static bool cmd_second(struct kd *kd, const char *args)
{
    return set(kd, args, KD_FILTER_SECOND);
}

static bool cmd_notify(struct kd *kd, const char *args)
{
    return set(kd, args, KD_FILTER_NOTIFY);
}

static bool cmd_ignore(struct kd *kd, const char *args)
{
    return set(kd, args, KD_FILTER_IGNORE);
}

static bool cmd_reset(struct kd *kd, const char *args)
{
    (void)args;
    kd_filters_reset(kd);
    return true;
}

const struct kd_command kd_commands_filter[] = {
    {"sx", "sx", "list events and what is done about them", cmd_list, KD_NEEDS_NOTHING},
    {"sxe", "sxe [-c \"COMMANDS\"] EVENT[:MODULE]", "stop at an event", cmd_break,
     KD_NEEDS_NOTHING},
    {"sxd", "sxd EVENT", "stop at an exception only when nobody handles it", cmd_second,
     KD_NEEDS_NOTHING},
    {"sxn", "sxn EVENT", "tell of an event, and go on", cmd_notify, KD_NEEDS_NOTHING},
    {"sxi", "sxi EVENT", "let an event pass", cmd_ignore, KD_NEEDS_NOTHING},
    {"sxr", "sxr", "all events as at the start", cmd_reset, KD_NEEDS_NOTHING},
    {0},
};
