/* src/kd/cmd/sympath.c: ld, .reload, !sym, .sympath, .symfix: where names come from.
 *
 * Source: debugger documentation, "ld (Load Symbols)", ".reload (Reload Module)", "!sym",
 * ".sympath (Set Symbol Path)", ".symfix (Set Symbol Store Path)". */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "kd/cmd/cmd.h"
#include "kd/kdi.h"
#include "kd/symbols.h"
#include "kd/symhost.h"
#include "kd/sympath.h"

#define PATH_SIZE 2048

/* ---- ld, .reload, !sym ---- */

/* "ntkrnlmp" of "ntkrnlmp.pdb" and of "\SystemRoot\system32\ntkrnlmp.exe". */
static bool stem_matches(const char *pattern, const char *path)
{
    char stem[64];
    const char *name = path + strlen(path);
    while (name > path && name[-1] != '\\' && name[-1] != '/') {
        name--;
    }
    snprintf(stem, sizeof stem, "%.*s", (int)strcspn(name, "."), name);
    return kd_wildcard_match(pattern, stem);
}

/* nt is called by the name of its file, too. */
static bool is_called(const struct kd_module *module, const char *pattern)
{
    return kd_wildcard_match(pattern, module->name) || stem_matches(pattern, module->image) ||
           (module->has_debug_record && stem_matches(pattern, module->pdb_name));
}

static size_t load_matching(struct kd *kd, const char *pattern)
{
    size_t count = 0;
    for (size_t i = 0; i < kd_module_count(kd->symbols) && !kd_interrupted(kd); i++) {
        const struct kd_module *module = kd_module_get(kd->symbols, i);
        if (!is_called(module, pattern))
            continue;
        count++;
        kd_module_load(kd->symbols, module);
    }
    return count;
}

static bool cmd_ld(struct kd *kd, const char *args)
{
    char pattern[64];
    if (!kd_need_modules(kd))
        return false;
    if (!kd_word(&args, pattern, sizeof pattern))
        return kd_error(kd, "ld: which modules? usage: ld MODULE, with * for all");
    if (load_matching(kd, pattern) == 0)
        return kd_error(kd, "No module '%s'", pattern);
    for (size_t i = 0; i < kd_module_count(kd->symbols); i++) {
        const struct kd_module *module = kd_module_get(kd->symbols, i);
        if (is_called(module, pattern))
            kd_printf(kd, "Symbols loaded for %s: %s %s\n", module->name,
                      kd_symbol_source_text(module), module->symbol_file);
    }
    return true;
}

/* !sym noisy, !sym quiet, !sym. */
static bool cmd_sym(struct kd *kd, const char *args)
{
    char word[16] = "";
    if (!kd_need_modules(kd))
        return false;
    if (kd_word(&args, word, sizeof word)) {
        if (strcmp(word, "noisy") != 0 && strcmp(word, "quiet") != 0)
            return kd_error(kd, "!sym noisy, or !sym quiet");
        kd->symbols_noisy = strcmp(word, "noisy") == 0;
        kd_symhost_attach(kd);
    }
    kd_printf(kd, "%s mode - symbol prompts off\n", kd->symbols_noisy ? "noisy" : "quiet");
    return true;
}

static bool cmd_reload(struct kd *kd, const char *args)
{
    char word[64], pattern[64] = "*";
    bool force = false;
    while (kd_word(&args, word, sizeof word)) {
        if (strcmp(word, "/f") == 0)
            force = true;
        else if (word[0] == '/')
            return kd_error(kd, ".reload has /f, and no '%s'", word);
        else
            snprintf(pattern, sizeof pattern, "%s", word);
        args = kd_skip(args);
    }
    if (kd->symbols) {
        kd_modules_clear(kd->symbols);
        kd_symbols_ask_again(kd->symbols);
    }
    kd_printf(kd, "Loading Kernel Symbols\n");
    if (!kd_find_kernel(kd))
        return kd_need_symbols(kd);
    kd_printf(kd, "Loading User Symbols\n");
    uint64_t chosen = kd->implicit_process;
    kd_set_process(kd, kd_current_process(kd));
    kd->implicit_process = chosen; /* looking again is no choice */
    if (force && load_matching(kd, pattern) == 0)
        return kd_error(kd, "No module '%s'", pattern);
    return true;
}

/* ---- .sympath, .symfix ---- */

static const char *judge_folder(const char *folder)
{
    struct stat status;
    if (stat(folder, &status) != 0)
        return "Error: no such folder";
    return S_ISDIR(status.st_mode) ? "OK" : "Error: not a folder";
}

/* Servers are asked when symbols are; stores are made when they are needed. */
static const char *judge(const struct sympath_element *element)
{
    for (size_t i = 0; i < element->count; i++) {
        if (element->places[i].foreign && !element->places[i].where[0])
            return "Error: a path of Windows";
    }
    return element->chain ? "Deferred" : judge_folder(element->places[0].where);
}

static void show_summary(struct kd *kd)
{
    const struct sympath *path = kd_symbols_elements(kd->symbols);
    kd_printf(kd, "\n************* Path validation summary **************\n"
                  "Response                         Location\n");
    for (size_t i = 0; i < path->count; i++) {
        const struct sympath_element *element = &path->elements[i];
        kd_printf(kd, "%-32s %s\n", judge(element), element->text);
        for (size_t k = 0; k < element->count; k++) {
            if (element->places[k].foreign && element->places[k].where[0])
                kd_printf(kd, "%-32s this host has no such path: %s is used\n", "",
                          element->places[k].where);
        }
    }
}

/* The path may stand in quotes, since ';' also ends a command. */
static void set_path(struct kd *kd, const char *args, bool append)
{
    char path[PATH_SIZE];
    bool quoted = args[0] == '"';
    snprintf(path, sizeof path, "%s", args + quoted);
    size_t length = strlen(path);
    if (quoted && length && path[length - 1] == '"')
        path[length - 1] = 0;
    kd_symbols_set_path(kd->symbols, path, append);
}

static bool show_path(struct kd *kd, const char *args, bool append)
{
    if (!kd->symbols && !kd_find_kernel(kd) && !kd->symbols)
        return kd_error(kd, "Out of memory");
    if (args[0])
        set_path(kd, args, append);
    const char *path = kd_symbols_path(kd->symbols);
    kd_printf(kd, "Symbol search path is: %s\n", path[0] ? path : "<empty>");
    if (kd->target->symbol_path)
        kd_printf(kd, "and always: %s\n", kd->target->symbol_path);
    if (args[0])
        show_summary(kd);
    return true;
}

static bool cmd_sympath(struct kd *kd, const char *args)
{
    return show_path(kd, args, false);
}

static bool cmd_sympath_append(struct kd *kd, const char *args)
{
    return show_path(kd, args, true);
}

/* srv*STORE*Microsoft's server; STORE is the default store unless one is named. */
static bool fix_path(struct kd *kd, const char *args, bool append)
{
    char path[PATH_SIZE];
    const char *store = args[0] ? args : kd->symbol_store;
    if (!store[0])
        return kd_error(kd, "There is no default store here; name a folder: .symfix FOLDER");
    snprintf(path, sizeof path, "srv*%s*%s", store, SYMPATH_PUBLIC_SERVER);
    if (!kd->symbols && !kd_find_kernel(kd) && !kd->symbols)
        return kd_error(kd, "Out of memory");
    kd_symbols_set_path(kd->symbols, path, append);
    return true;
}

static bool cmd_symfix(struct kd *kd, const char *args)
{
    return fix_path(kd, args, false);
}

static bool cmd_symfix_append(struct kd *kd, const char *args)
{
    return fix_path(kd, args, true);
}

const struct kd_command kd_commands_sympath[] = {
    {"ld", "ld MODULE", "load symbols now", cmd_ld, KD_NEEDS_NOTHING},
    {"!sym", "!sym noisy|quiet", "tell of every file that is looked at for symbols", cmd_sym,
     KD_NEEDS_NOTHING},
    {".reload", ".reload [/f] [MODULE]", "look for modules again; /f: load their symbols now",
     cmd_reload, KD_NEEDS_NOTHING},
    {".sympath", ".sympath [PATH]", "where to look for symbols", cmd_sympath, KD_NEEDS_NOTHING},
    {".sympath+", ".sympath+ PATH", "look for symbols there too", cmd_sympath_append,
     KD_NEEDS_NOTHING},
    {".symfix", ".symfix [FOLDER]", "get symbols from Microsoft's server, kept in FOLDER",
     cmd_symfix, KD_NEEDS_NOTHING},
    {".symfix+", ".symfix+ [FOLDER]", "the same after the present path", cmd_symfix_append,
     KD_NEEDS_NOTHING},
    {0},
};
