/* src/kd/cmd/script.c: $$< and its kin, aliases, .logopen, .logclose.
 *
 * Source: debugger documentation, "$<, $><, $$<, $$>< (Run Script File)", "as, aS", ".logopen". */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kd/script.h"

#define LARGEST_SCRIPT (1u << 20)

/* ---- scripts ---- */

static char *read_script(struct kd *kd, const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = file != NULL ? malloc(LARGEST_SCRIPT + 1) : NULL;
    if (text == NULL) {
        int error = file == NULL ? errno : ENOMEM;
        if (file != NULL) {
            fclose(file);
        }
        kd_error(kd, "Command file '%s' cannot be read: %s", path, strerror(error));
        return NULL;
    }
    size_t size = fread(text, 1, LARGEST_SCRIPT + 1, file);
    bool damaged = ferror(file) != 0;
    fclose(file);
    if (damaged || size > LARGEST_SCRIPT) {
        free(text);
        kd_error(kd, "Command file '%s' is no script of at most %u bytes", path, LARGEST_SCRIPT);
        return NULL;
    }
    text[size] = '\0';
    return text;
}

/* $<FILE runs line by line; $><FILE takes the file as one block, so that blocks may span lines. */
static bool cmd_lines(struct kd *kd, const char *args)
{
    char *text = read_script(kd, kd_skip(args)), *save = NULL;
    if (text == NULL) {
        return false;
    }
    for (char *line = strtok_r(text, "\r\n", &save);
         line != NULL && !kd->quit && !kd_interrupted(kd); line = strtok_r(NULL, "\r\n", &save)) {
        kd_run_text(kd, line);
    }
    free(text);
    return true;
}

static bool cmd_block(struct kd *kd, const char *args)
{
    char *text = read_script(kd, kd_skip(args));
    if (text == NULL) {
        return false;
    }
    kd_run_text(kd, text);
    free(text);
    return true;
}

/* ---- aliases ---- */

static bool cmd_alias(struct kd *kd, const char *args)
{
    char name[64];
    if (!kd_word(&args, name, sizeof name) || kd_at_end(args)) {
        return kd_error(kd, "Syntax error: as NAME TEXT");
    }
    return kd_alias_set(kd, name, kd_skip(args)) || kd_error(kd, "No room for another alias");
}

static bool cmd_alias_delete(struct kd *kd, const char *args)
{
    char name[64];
    if (!kd_word(&args, name, sizeof name)) {
        return kd_error(kd, "Syntax error: ad NAME, or ad *");
    }
    return kd_alias_remove(kd, name) || kd_error(kd, "There is no alias '%s'", name);
}

static bool cmd_alias_list(struct kd *kd, const char *args)
{
    (void)args;
    if (kd->aliases.count == 0) {
        kd_printf(kd, "No aliases\n");
        return true;
    }
    kd_printf(kd, "  Alias            Value  \n -------          ------- \n");
    for (size_t i = 0; i < kd->aliases.count; i++) {
        kd_printf(kd, " %-16s %s \n", kd->aliases.row[i].name, kd->aliases.row[i].value);
    }
    return true;
}

/* ---- logs ---- */

static bool open_log(struct kd *kd, const char *args, bool append)
{
    char path[512];
    bool option = strncmp(args, "/a", 2) == 0;
    args = option ? kd_skip(args + 2) : args;
    if (!kd_word(&args, path, sizeof path)) {
        return kd_error(kd, "Which file? .logopen FILE");
    }
    FILE *file = fopen(path, append || option ? "ae" : "we");
    if (file == NULL) {
        return kd_error(kd, "Log file '%s' cannot be opened: %s", path, strerror(errno));
    }
    if (kd->log != NULL) {
        fclose(kd->log);
    }
    kd->log = file;
    kd_printf(kd, "Opened log file '%s'\n", path);
    return true;
}

static bool cmd_log_open(struct kd *kd, const char *args)
{
    return open_log(kd, args, false);
}

static bool cmd_log_append(struct kd *kd, const char *args)
{
    return open_log(kd, args, true);
}

static bool cmd_log_close(struct kd *kd, const char *args)
{
    (void)args;
    if (kd->log == NULL) {
        return kd_error(kd, "No log file is open");
    }
    kd_printf(kd, "Closing open log file\n");
    FILE *log = kd->log;
    kd->log = NULL;
    return fclose(log) == 0 || kd_error(kd, "The log file is incomplete: %s", strerror(errno));
}

/* Words that script.c takes before commands are looked up; here for help and completion. */
static bool cmd_word(struct kd *kd, const char *args)
{
    (void)args;
    return kd_error(kd, "Syntax error: this word begins a block");
}

const struct kd_command kd_commands_script[] = {
    {"$<", "$<FILE", "run the commands of a file, line by line", cmd_lines, KD_NEEDS_NOTHING},
    {"$$<", "$$<FILE", "run the commands of a file, line by line", cmd_lines, KD_NEEDS_NOTHING},
    {"$><", "$><FILE", "run the commands of a file as one block", cmd_block, KD_NEEDS_NOTHING},
    {"$$><", "$$><FILE", "run the commands of a file as one block", cmd_block, KD_NEEDS_NOTHING},
    {".if", ".if (CONDITION) { COMMANDS } [.elsif (CONDITION) { COMMANDS }] [.else { COMMANDS }]",
     "run commands when a condition holds", cmd_word, KD_NEEDS_NOTHING},
    {".for", ".for (FIRST; CONDITION; STEP) { COMMANDS }", "run commands in a counting loop",
     cmd_word, KD_NEEDS_NOTHING},
    {".while", ".while (CONDITION) { COMMANDS }", "run commands while a condition holds", cmd_word,
     KD_NEEDS_NOTHING},
    {".foreach", ".foreach [/pS N] [/ps N] [/s] (NAME { COMMANDS } | \"STRING\") { COMMANDS }",
     "run commands for each word that others print", cmd_word, KD_NEEDS_NOTHING},
    {".block", ".block { COMMANDS }", "run commands, aliases replaced anew", cmd_word,
     KD_NEEDS_NOTHING},
    {".break", ".break", "leave a loop", cmd_word, KD_NEEDS_NOTHING},
    {".continue", ".continue", "begin the next round of a loop", cmd_word, KD_NEEDS_NOTHING},
    {"as", "as NAME TEXT", "set an alias: ${NAME}, or NAME as a word, means TEXT", cmd_alias,
     KD_NEEDS_NOTHING},
    {"aS", "aS NAME TEXT", "set an alias", cmd_alias, KD_NEEDS_NOTHING},
    {"ad", "ad NAME|*", "delete an alias", cmd_alias_delete, KD_NEEDS_NOTHING},
    {"al", "al", "list aliases", cmd_alias_list, KD_NEEDS_NOTHING},
    {".logopen", ".logopen [/a] FILE", "write all output to a file too", cmd_log_open,
     KD_NEEDS_NOTHING},
    {".logappend", ".logappend FILE", "write all output to the end of a file too", cmd_log_append,
     KD_NEEDS_NOTHING},
    {".logclose", ".logclose", "close the log file", cmd_log_close, KD_NEEDS_NOTHING},
    {0},
};
