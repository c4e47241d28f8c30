/* src/kd/kd.c: life of a debugger, and finding the command that a text means.
 *
 * script.c cuts lines into commands. A command's name ends at a blank, but WinDbg's users also
 * write `r@rax`, `s-u` or `?1+2`: when the whole word is no command, its longest beginning that is
 * one counts if a letter or digit does not follow. */
#include "kd/kdi.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "kd/breakpoints.h"
#include "kd/commands.h"
#include "kd/current.h"
#include "kd/events.h"
#include "kd/script.h"
#include "kd/symbols.h"
#include "kd/symhost.h"

int kd_create(const struct kd_config *config, struct kd **out)
{
    struct kd *kd = calloc(1, sizeof *kd);
    if (kd == NULL) {
        return -ENOMEM;
    }
    kd->target = config->target;
    kd->output = config->output;
    kd->output_owner = config->owner;
    kd->history = config->history;
    kd->restart = config->restart;
    kd->restart_owner = config->owner;
    kd->hit = -1;
    kd->directory_base = config->target->directory_base;
    kd->breakpoints = kd_breakpoints_create();
    kd->filters = kd_filters_create();
    strcpy(kd->dump_format, "db");
    if (!kd_symhost_init(kd, config) || kd->breakpoints == NULL || kd->filters == NULL) {
        kd_destroy(kd);
        return -ENOMEM;
    }
    kd_find_kernel(kd);
    kd_find_current(kd);
    kd_follow_event(kd);
    *out = kd;
    return 0;
}

void kd_destroy(struct kd *kd)
{
    if (kd == NULL) {
        return;
    }
    if (kd->breakpoints != NULL) {
        kd_breakpoints_destroy(kd, kd->breakpoints);
    }
    if (kd->symbols != NULL) {
        kd_symbols_destroy(kd->symbols);
    }
    if (kd->filters != NULL) {
        kd_filters_destroy(kd->filters);
    }
    kd_aliases_deinit(kd);
    free(kd->hits.at);
    if (kd->log != NULL) {
        fclose(kd->log);
    }
    free(kd->pending);
    kd_symhost_deinit(kd);
    free(kd);
}

unsigned kd_failed(const struct kd *kd)
{
    return kd->failures;
}

const char *kd_prompt(struct kd *kd)
{
    snprintf(kd->prompt, sizeof kd->prompt,
             kd_target_is_process(kd->target) ? "0:%03u> " : "%u: kd> ", kd->processor);
    return kd->prompt;
}

void kd_interrupt(struct kd *kd)
{
    atomic_store(&kd->interrupt, true);
    if (atomic_load(&kd->running)) {
        kd->target->ops->break_request(kd->target);
    }
}

/* ---- finding a command ------------------------------------------------------------------------
 */

/* Characters of `text` that name its command; *out is the row. 0: there is none. */
static size_t match_command(const char *text, const struct kd_command **out)
{
    size_t word = strcspn(text, " \t");
    *out = kd_command_find(text, word);
    for (size_t length = word; *out == NULL && length > 1;) {
        length--;
        if (!isalnum((unsigned char)text[length]) || !isalnum((unsigned char)text[length - 1])) {
            *out = kd_command_find(text, length);
            word = length;
        }
    }
    return *out != NULL ? word : 0;
}

static void unknown_command(struct kd *kd, const char *text)
{
    char near[160];
    int length = (int)strcspn(text, " \t");
    if (kd_command_near(text, (size_t)length, near, sizeof near)) {
        kd_error(kd, "No command '%.*s'. Near it: %s", length, text, near);
    } else {
        kd_error(kd, "No command '%.*s'. `.help` lists all of them", length, text);
    }
}

/* => false: this target is not what the command is for, which was printed */
static bool suits_target(struct kd *kd, const struct kd_command *command)
{
    const struct kd_target *target = kd->target;
    if (command->needs == KD_NEEDS_RUN) {
        return !target->from_file ||
               kd_error(kd, "No runnable debuggees error in '%s'", command->name);
    }
    if (command->needs != KD_NEEDS_NOTHING && kd_target_is_process(target)) {
        return kd_error(kd, "%s needs a kernel; this target is one process", command->name);
    }
    if (command->needs == KD_NEEDS_PHYSICAL && target->ops->read_virtual != NULL) {
        return kd_error(kd, "%s needs physical memory; this target has none", command->name);
    }
    return true;
}

void kd_run_command(struct kd *kd, char *text)
{
    for (size_t end = strlen(text); end > 0 && isspace((unsigned char)text[end - 1]); end--) {
        text[end - 1] = '\0';
    }
    const struct kd_command *command;
    size_t length = match_command(text, &command);
    if (length == 0) {
        unknown_command(kd, text);
        return;
    }
    if (suits_target(kd, command)) {
        command->function(kd, kd_skip(text + length));
    }
}

enum kd_verdict kd_execute(struct kd *kd, const char *line)
{
    atomic_store(&kd->interrupt, false);
    kd_screen_begin(kd);
    kd_run_text(kd, line);
    kd_screen_end(kd);
    return kd->quit ? KD_QUIT : KD_NEXT;
}
