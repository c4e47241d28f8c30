/* src/cli/session.c: from a command line to a machine with programs in it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cli/cli.h"
#include "kd/kd.h"

const char cli_session_options[] =
    "  -p, --program \"X.exe ARGS\"  start another program beside it, at the same time "
    "(repeatable)\n"
    "  --ram SIZE           guest RAM, as 512M (default) or 2G\n"
    "  --pagefile SIZE[:MAX][,SIZE[:MAX]...]  page files that the commit limit counts beside RAM\n"
    "                       (default 1G); each grows up to MAX when programs commit more;\n"
    "                       those that programs make stay within the sum of what is here\n"
    "  --maxphyaddr N       physical address bits, 36 to 52 (default 40)\n"
    "  --cpus N             virtual processors (default: those of this host, at most 8)\n"
    "  --engine NAME        what runs the programs: auto, kvm, native (default: NTMM_ENGINE in "
    "the\n"
    "                       environment, or auto)\n"
    "  --rw                 C:\\work is this folder itself; else what is written there is thrown "
    "away\n"
    "  --mount C:\\X=DIR[:rw]  show another folder (repeatable)\n"
    "  --dump FILE          a bugcheck writes all memory to this file (a full kernel dump); the\n"
    "                       machine then has the processes of a booted Windows\n"
    "  --bare               without the processes that a booted Windows has (smss.exe and on)\n"
    "  --system DIR         folder of the guest's system files (default: beside the command)\n"
    "  NTMM_LOG=error|warning|info|debug in the environment sets how much is told\n";

/* ---- values
 * --------------------------------------------------------------------------------------- */

/* 512M, 2G, 65536K, 1048576. */
static bool parse_size(const char *text, uint64_t *size)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 0);
    unsigned shift = *end == 'K' || *end == 'k'   ? 10
                     : *end == 'M' || *end == 'm' ? 20
                     : *end == 'G' || *end == 'g' ? 30
                                                  : 0;
    end += shift != 0;
    if (errno || end == text || *end || *text == '-' || value > UINT64_MAX >> shift || !value) {
        return false;
    }
    *size = (uint64_t)value << shift;
    return true;
}

/* SIZE[:MAX], changing `text`. */
static bool parse_pagefile(char *text, ntmm_pagefile *file)
{
    char *most = strchr(text, ':');
    *file = (ntmm_pagefile){0};
    if (most) {
        *most++ = 0;
    }
    return parse_size(text, &file->minimum) && (!most || parse_size(most, &file->maximum)) &&
           (!most || file->maximum >= file->minimum);
}

/* SIZE[:MAX][,SIZE[:MAX]...] */
static bool parse_pagefiles(struct cli_session *s, const char *text)
{
    char *copy = strdup(text), *next = copy;
    size_t count = 0;
    bool good = copy != NULL;
    while (good && next) {
        char *one = strsep(&next, ",");
        good = count < NTMM_PAGEFILES && parse_pagefile(one, &s->pagefiles[count++]);
    }
    free(copy);
    s->options.pagefiles = s->pagefiles;
    s->options.pagefile_count = count;
    return good;
}

static bool parse_number(const char *text, unsigned *number)
{
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (errno || end == text || *end || *text == '-' || !value || value > 1000) {
        return false;
    }
    *number = (unsigned)value;
    return true;
}

static char *own(struct cli_session *s, const char *text)
{
    char **owned = realloc(s->owned, (s->owned_count + 1) * sizeof *owned);
    char *copy = owned ? strdup(text) : NULL;
    if (owned) {
        s->owned = owned;
    }
    if (copy) {
        s->owned[s->owned_count++] = copy;
    }
    return copy;
}

static ntmm_program *add_program(struct cli_session *s, size_t at)
{
    ntmm_program *programs = realloc(s->programs, (s->program_count + 1) * sizeof *programs);
    if (!programs) {
        return NULL;
    }
    s->programs = programs;
    memmove(programs + at + 1, programs + at, (s->program_count - at) * sizeof *programs);
    s->program_count++;
    programs[at] = (ntmm_program){0};
    return &programs[at];
}

/* "B.exe one two": the name ends at the first blank outside quotes. */
static bool parse_program(struct cli_session *s, const char *text)
{
    char *copy = own(s, text);
    ntmm_program *program = add_program(s, s->program_count);
    if (!copy || !program) {
        cli_error("out of memory");
        return false;
    }
    char *rest;
    if (*copy == '"') {
        program->path = copy + 1;
        rest = strchr(copy + 1, '"');
    } else {
        program->path = copy;
        rest = strpbrk(copy, " \t");
    }
    if (rest) {
        *rest++ = 0;
        rest += strspn(rest, " \t");
    }
    program->command_line = rest ? rest : "";
    return true;
}

/* C:\X=DIR or C:\X=DIR:rw */
static bool parse_mount(struct cli_session *s, const char *text)
{
    char *copy = own(s, text), *host = copy ? strchr(copy, '=') : NULL;
    ntmm_mount *mounts = realloc(s->mounts, (s->options.mount_count + 1) * sizeof *mounts);
    if (!host || !mounts) {
        cli_error("--mount wants C:\\FOLDER=DIR or C:\\FOLDER=DIR:rw, not %s", text);
        return false;
    }
    *host++ = 0;
    size_t length = strlen(host);
    bool writable = length > 3 && strcmp(host + length - 3, ":rw") == 0;
    if (writable) {
        host[length - 3] = 0;
    }
    s->mounts = mounts;
    s->mounts[s->options.mount_count++] = (ntmm_mount){copy, host, writable};
    s->options.mounts = s->mounts;
    return true;
}

/* ---- options
 * -------------------------------------------------------------------------------------- */

enum option {
    OPTION_PROGRAM,
    OPTION_RAM,
    OPTION_PAGEFILE,
    OPTION_MAXPHYADDR,
    OPTION_CPUS,
    OPTION_ENGINE,
    OPTION_RW,
    OPTION_MOUNT,
    OPTION_CRASH_DUMP,
    OPTION_SYSTEM,
    OPTION_BARE,
    OPTION_COMMANDS,
    OPTION_SCRIPT,
    OPTION_SYMBOLS,
    OPTION_DUMP,
    OPTION_HELP,
};

static const struct {
    const char *name, *alias;
    enum option option;
    bool value, debugger;
} options[] = {
    {"-p", "--program", OPTION_PROGRAM, true, false},
    {"--ram", NULL, OPTION_RAM, true, false},
    {"--pagefile", NULL, OPTION_PAGEFILE, true, false},
    {"--maxphyaddr", NULL, OPTION_MAXPHYADDR, true, false},
    {"--cpus", NULL, OPTION_CPUS, true, false},
    {"--engine", NULL, OPTION_ENGINE, true, false},
    {"--rw", NULL, OPTION_RW, false, false},
    {"--mount", NULL, OPTION_MOUNT, true, false},
    {"--dump", NULL, OPTION_CRASH_DUMP, true, false},
    {"--system", NULL, OPTION_SYSTEM, true, false},
    {"--bare", NULL, OPTION_BARE, false, false},
    {"-c", NULL, OPTION_COMMANDS, true, true},
    {"-cf", NULL, OPTION_SCRIPT, true, true},
    {"-y", NULL, OPTION_SYMBOLS, true, true},
    {"-z", NULL, OPTION_DUMP, true, true},
    {"--help", "-h", OPTION_HELP, false, false},
};

static bool bad_value(const char *name, const char *value, const char *wanted)
{
    cli_error("%s wants %s, not %s", name, wanted, value);
    return false;
}

static bool apply(struct cli_session *s, enum option option, const char *name, const char *value)
{
    switch (option) {
    case OPTION_PROGRAM:
        return parse_program(s, value);
    case OPTION_RAM:
        return parse_size(value, &s->options.ram_size) || bad_value(name, value, "a size as 512M");
    case OPTION_PAGEFILE:
        return parse_pagefiles(s, value) ||
               bad_value(name, value, "at most 16 sizes as 1G, or 256M:2G to grow");
    case OPTION_MAXPHYADDR:
        return parse_number(value, &s->options.maxphyaddr) ||
               bad_value(name, value, "a number from 36 to 52");
    case OPTION_CPUS:
        return parse_number(value, &s->options.cpus) || bad_value(name, value, "a number");
    case OPTION_ENGINE:
        s->options.engine = value;
        return true;
    case OPTION_RW:
        return s->options.work_writable = true;
    case OPTION_MOUNT:
        return parse_mount(s, value);
    case OPTION_CRASH_DUMP:
        s->crash_dump = value;
        return true;
    case OPTION_SYSTEM:
        s->options.system_root = value;
        return true;
    case OPTION_BARE:
        s->bare = true;
        return true;
    case OPTION_COMMANDS:
        s->commands = value;
        return true;
    case OPTION_SCRIPT:
        s->script = value;
        return true;
    case OPTION_SYMBOLS:
        s->symbol_path = value;
        return true;
    case OPTION_DUMP:
        s->dump = value;
        return true;
    case OPTION_HELP:
        return s->help = true;
    }
    return false;
}

/* Handle argv[*at]; moves *at over what was used. */
static bool parse_option(struct cli_session *s, int argc, char **argv, int *at, bool debugger)
{
    const char *name = argv[*at];
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        if ((strcmp(name, options[i].name) &&
             (!options[i].alias || strcmp(name, options[i].alias))) ||
            (options[i].debugger && !debugger)) {
            continue;
        }
        const char *value = NULL;
        if (options[i].value) {
            if (*at + 1 >= argc) {
                cli_error("%s wants a value", name);
                return false;
            }
            value = argv[++*at];
        }
        ++*at;
        return apply(s, options[i].option, name, value);
    }
    cli_error("unknown option %s; ntmm %s --help lists them", name, argv[0]);
    return false;
}

bool cli_parse_session(struct cli_session *s, int argc, char **argv, bool debugger)
{
    const char *level_name = getenv("NTMM_LOG"), *engine = getenv("NTMM_ENGINE");
    *s = (struct cli_session){
        .options = {.engine = engine ? engine : "auto", .work = ".", .debugger = debugger}};
    enum log_level level = LOG_WARNING;
    if (level_name && !log_level_parse(level_name, &level)) {
        cli_error("NTMM_LOG wants error, warning, info or debug, not %s", level_name);
        return false;
    }
    s->options.log_level = (int)level;
    int at = 1;
    while (at < argc && argv[at][0] == '-' && !s->help) {
        if (strcmp(argv[at], "--") == 0) {
            at++;
            break;
        }
        if (!parse_option(s, argc, argv, &at, debugger)) {
            return false;
        }
    }
    s->options.system_processes = (debugger || s->crash_dump) && !s->bare;
    if (at < argc) {
        ntmm_program *program = add_program(s, 0);
        if (!program) {
            cli_error("out of memory");
            return false;
        }
        program->path = argv[at];
        program->arguments = (const char *const *)&argv[at + 1];
        program->argument_count = (size_t)(argc - at - 1);
    }
    return true;
}

void cli_free_session(struct cli_session *s)
{
    for (size_t i = 0; i < s->owned_count; i++) {
        free(s->owned[i]);
    }
    free(s->owned);
    free(s->mounts);
    free(s->programs);
}

/* ---- the machine
 * ---------------------------------------------------------------------------------- */

static void log_line(void *context, int level, const char *message)
{
    (void)context;
    (void)level;
    fprintf(stderr, "ntmm: %s\n", message);
}

static void dump_output(void *owner, const char *text, size_t length)
{
    (void)owner;
    fwrite(text, 1, length, stderr);
}

/* The debugger writes the dump, as it would when asked: it knows only memory, and takes no lock. */
static void write_crash_dump(void *context, struct kd_target *target)
{
    const struct cli_session *s = context;
    const struct kd_config config = {.target = target, .output = dump_output};
    struct kd *kd;
    if (kd_create(&config, &kd) != 0) {
        cli_error("%s is not written: out of memory", s->crash_dump);
        return;
    }
    kd_write_dump(kd, "/f", s->crash_dump); /* says what fails */
}

bool cli_start(const struct cli_session *s, ntmm_machine **machine, ntmm_process ***processes)
{
    char error[512];
    ntmm_options o = s->options;
    o.log = log_line;
    o.crashed = s->crash_dump ? write_crash_dump : NULL;
    o.crashed_context = (void *)(uintptr_t)s;
    *processes = calloc(s->program_count + 1, sizeof **processes);
    if (!*processes) {
        cli_error("out of memory");
        return false;
    }
    if (ntmm_machine_create(&o, machine, error, sizeof error) < 0) {
        cli_error("%s", error);
        free(*processes);
        return false;
    }
    for (size_t i = 0; i < s->program_count; i++) {
        if (ntmm_process_create(*machine, &s->programs[i], &(*processes)[i], error, sizeof error) <
            0) {
            cli_error("%s", error);
            cli_stop(s, *machine, *processes);
            return false;
        }
    }
    for (size_t i = 0; i < s->program_count; i++) {
        if (ntmm_process_start((*processes)[i]) < 0) {
            cli_error("%s cannot be started: out of host resources", s->programs[i].path);
            cli_stop(s, *machine, *processes);
            return false;
        }
    }
    return true;
}

void cli_stop(const struct cli_session *s, ntmm_machine *machine, ntmm_process **processes)
{
    ntmm_debug_end(machine);
    for (size_t i = 0; i < s->program_count; i++) {
        if (processes[i]) {
            ntmm_process_release(processes[i]);
        }
    }
    free(processes);
    ntmm_machine_destroy(machine);
}
