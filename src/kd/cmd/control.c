/* src/kd/cmd/control.c: q, .echo, .printf, .help, .hh, version, vertarget.
 *
 * Source: debugger documentation, ".echo", ".printf", ".help", "vertarget". */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kd/commands.h"
#include "kd/kdi.h"
#include "kd/symbols.h"
#include "kd/types.h"

#define STRING_LIMIT 4096

static bool cmd_quit(struct kd *kd, const char *args)
{
    (void)args;
    kd->quit = true;
    return true;
}

static bool cmd_echo(struct kd *kd, const char *args)
{
    size_t length = strlen(args);
    if (length >= 2 && args[0] == '"' && args[length - 1] == '"') {
        kd_printf(kd, "%.*s\n", (int)length - 2, args + 1);
    } else {
        kd_printf(kd, "%s\n", args);
    }
    return true;
}

/* ---- .printf ----------------------------------------------------------------------------------
 */

static void print_string(struct kd *kd, uint64_t at, unsigned unit)
{
    for (unsigned i = 0; i < STRING_LIMIT; i++) {
        uint16_t c = 0;
        if (!kd_read(kd, at + i * unit, &c, unit)) {
            kd_printf(kd, "????????");
            return;
        }
        if (c == 0) {
            return;
        }
        kd_printf(kd, "%c", c >= 0x20 && c < 0x7F ? (char)c : '.');
    }
}

static void print_unicode_string(struct kd *kd, uint64_t at)
{
    char text[STRING_LIMIT];
    if (kd->symbols != NULL && kd_read_unicode_string(kd->symbols, at, text, sizeof text)) {
        kd_printf(kd, "%s", text);
    } else {
        kd_printf(kd, "????????");
    }
}

static void print_symbol(struct kd *kd, uint64_t at)
{
    char name[512], text[KD_ADDRESS_TEXT];
    if (kd->symbols != NULL && kd_symbol_name(kd->symbols, at, name, sizeof name)) {
        kd_printf(kd, "%s", name);
    } else {
        kd_printf(kd, "%s", kd_address_text(at, text));
    }
}

/* A number: flags, width and precision as in C, but always of 64 bits; 32 without I64. */
static bool print_number(struct kd *kd, const char *spec, size_t length, bool wide, char kind,
                         uint64_t value)
{
    char format[32];
    if (length > 12 || strspn(spec, "-+ #0123456789.") < length) {
        return kd_error(kd, "Syntax error in the format '%%%.*s'", (int)length, spec);
    }
    snprintf(format, sizeof format, "%%%.*sll%c", (int)length, spec, kind);
    if (!wide) {
        bool is_signed = kind == 'd' || kind == 'i';
        value = is_signed ? (uint64_t)(int64_t)(int32_t)value : (uint32_t)value;
    }
    char text[1024];
    /* The format is made here from checked characters. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(text, sizeof text, format, (unsigned long long)value);
#pragma GCC diagnostic pop
    kd_printf(kd, "%s", text);
    return true;
}

/* One conversion; *format is behind the `%` and moves behind the conversion. */
static bool convert(struct kd *kd, const char **format, const char **arguments)
{
    const char *spec = *format;
    size_t length = strspn(spec, "-+ #0123456789.");
    const char *at = spec + length;
    bool wide = strncmp(at, "I64", 3) == 0 || strncmp(at, "ll", 2) == 0;
    at += strncmp(at, "I64", 3) == 0 ? 3 : strncmp(at, "ll", 2) == 0 ? 2 : 0;
    char kind = *at;
    char sub = (kind == 'm' || kind == 'y') ? at[1] : '\0';
    uint64_t value;
    char text[KD_ADDRESS_TEXT];
    *arguments += strspn(*arguments, " \t,");
    if (kind == '\0') {
        return kd_error(kd, "Syntax error: the format ends with '%%'");
    }
    if (!kd_evaluate(kd, arguments, &value)) {
        return false;
    }
    *format = at + 1;
    switch (kind) {
    case 'd':
    case 'i':
    case 'u':
    case 'x':
    case 'X':
    case 'o':
        return print_number(kd, spec, length, wide, kind, value);
    case 'c':
        kd_printf(kd, "%c", isprint((unsigned char)value) ? (int)(value & UINT8_MAX) : '.');
        return true;
    case 'p':
        kd_printf(kd, "%016" PRIx64, value);
        return true;
    case 'N':
        kd_printf(kd, "%s", kd_address_text(value, text));
        return true;
    case 'y':
        print_symbol(kd, value);
        return true;
    case 'm':
        *format += sub != '\0';
        if (sub == 'a' || sub == 'u') {
            print_string(kd, value, sub == 'u' ? 2 : 1);
        } else {
            print_unicode_string(kd, value);
        }
        return true;
    default:
        return kd_error(kd, "Syntax error: .printf has no conversion '%%%c'", kind);
    }
}

static void print_escape(struct kd *kd, char c)
{
    kd_printf(kd, "%c", c == 'n' ? '\n' : c == 't' ? '\t' : c);
}

static bool cmd_printf(struct kd *kd, const char *args)
{
    const char *at = args + 1, *end = strchr(args + (*args == '"'), '"');
    if (*args != '"' || end == NULL) {
        return kd_error(kd, "Syntax error: .printf \"FORMAT\", ARGUMENTS");
    }
    const char *arguments = end + 1;
    while (at < end) {
        if (*at == '\\' && at + 1 < end) {
            print_escape(kd, at[1]);
            at += 2;
        } else if (*at == '%' && at[1] == '%') {
            kd_printf(kd, "%%");
            at += 2;
        } else if (*at == '%') {
            at++;
            if (!convert(kd, &at, &arguments)) {
                return false;
            }
        } else {
            kd_write(kd, at++, 1);
        }
    }
    return true;
}

/* ---- help -------------------------------------------------------------------------------------
 */

static bool cmd_help(struct kd *kd, const char *args)
{
    const struct kd_command *row;
    (void)args;
    for (size_t i = 0; (row = kd_command_get(i)) != NULL; i++) {
        kd_printf(kd, "  %-10s %s\n", row->name, row->help);
    }
    return true;
}

static bool cmd_hh(struct kd *kd, const char *args)
{
    char near[160];
    size_t length = strcspn(args, " \t");
    if (length == 0) {
        return cmd_help(kd, args);
    }
    const struct kd_command *row = kd_command_find(args, length);
    if (row != NULL) {
        kd_printf(kd, "%s\n    %s\n", row->usage, row->help);
        return true;
    }
    if (kd_command_near(args, length, near, sizeof near)) {
        return kd_error(kd, "No command '%s'. Near it: %s", args, near);
    }
    return kd_error(kd, "No command '%s'. `.help` lists all of them", args);
}

/* ---- version ----------------------------------------------------------------------------------
 */

/* What a dump's header tells of its machine, for want of symbols. */
static void show_crashed(struct kd *kd, const struct kd_crash *crash)
{
    char text[KD_ADDRESS_TEXT];
    kd_printf(kd, "Windows Kernel Version %" PRIu32 " MP (%u procs) %s x64\n", crash->build,
              kd->target->processor_count, crash->is_free ? "Free" : "Checked");
    kd_printf(kd, "Kernel base = 0x%s", kd_address_text(kd->kernel_base, text));
    kd_printf(kd, " PsLoadedModuleList = 0x%s\n", kd_address_text(crash->loaded_modules, text));
}

static void show_crash_times(struct kd *kd, const struct kd_crash *crash)
{
    const uint64_t second = 10000000, epoch = 11644473600; /* 1601 to 1970 in seconds */
    time_t when = (time_t)(int64_t)(crash->system_time / second - epoch);
    struct tm tm;
    char text[64];
    if (gmtime_r(&when, &tm) != NULL && strftime(text, sizeof text, "%a %b %e %T %Y", &tm) != 0) {
        kd_printf(kd, "Debug session time: %s (UTC)\n", text);
    }
    uint64_t up = crash->up_time / second;
    if (!kd_target_is_process(kd->target))
        kd_printf(kd, "System Uptime: %" PRIu64 " days %" PRIu64 ":%02u:%02u\n", up / 86400,
                  up / 3600 % 24, (unsigned)(up / 60 % 60), (unsigned)(up % 60));
    kd_printf(kd, "Target: %s (%s)\n", kd->target->ops->name, crash->format);
}

static bool cmd_version(struct kd *kd, const char *args)
{
    const struct kd_crash *crash = kd->target->crash;
    uint64_t build = 0;
    char text[KD_ADDRESS_TEXT];
    (void)args;
    if (kd_target_is_process(kd->target)) {
        kd_printf(kd, "Windows %" PRIu32 ".%" PRIu32 " Version %" PRIu32 " MP (%u procs) %s x64\n",
                  crash->major, crash->minor, crash->build, crash->processors,
                  crash->is_free ? "Free" : "Checked");
        show_crash_times(kd, crash);
        return true;
    }
    if (crash != NULL && kd_nt_address(kd, "NtBuildNumber") == 0) {
        show_crashed(kd, crash);
        show_crash_times(kd, crash);
        return true;
    }
    if (!kd_need_symbols(kd)) {
        return false;
    }
    kd_read_global(kd->symbols, "nt!NtBuildNumber", 4, &build);
    bool is_free = build >> 28 == 0xF; /* the top nibble tells free from checked builds */
    kd_printf(kd, "Windows 7 Kernel Version %" PRIu64 " MP (%u procs) %s x64\n", build & UINT16_MAX,
              kd->target->processor_count, is_free ? "Free" : "Checked");
    kd_printf(kd, "Kernel base = 0x%s", kd_address_text(kd->kernel_base, text));
    kd_printf(kd, " PsLoadedModuleList = 0x%s\n",
              kd_address_text(kd_nt_address(kd, "PsLoadedModuleList"), text));
    if (crash != NULL) {
        show_crash_times(kd, crash);
    } else {
        kd_printf(kd, "Target: %s\n", kd->target->ops->name);
    }
    return true;
}

const struct kd_command kd_commands_control[] = {
    {"q", "q", "quit", cmd_quit, KD_NEEDS_NOTHING},
    {".echo", ".echo TEXT", "print a text", cmd_echo, KD_NEEDS_NOTHING},
    {".printf", ".printf \"FORMAT\", ARGUMENTS", "print values: %d %x %p %N %y %ma %mu %msu",
     cmd_printf, KD_NEEDS_NOTHING},
    {".help", ".help", "list all commands", cmd_help, KD_NEEDS_NOTHING},
    {".hh", ".hh NAME", "how to use one command", cmd_hh, KD_NEEDS_NOTHING},
    {"version", "version", "version of the target's kernel", cmd_version, KD_NEEDS_NOTHING},
    {"vertarget", "vertarget", "version of the target's kernel", cmd_version, KD_NEEDS_NOTHING},
    {0},
};
