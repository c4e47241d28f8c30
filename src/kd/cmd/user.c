/* src/kd/cmd/user.c: !peb, !teb: what a process knows of itself.
 *
 * Both lie in user memory: what the program has overwritten or paged out shows as it is.
 * Source: debugger documentation, "!peb", "!teb". */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "kd/kdi.h"
#include "kd/symbols.h"
#include "kd/types.h"

#define MODULE_LIMIT 4096
#define TEXT_SIZE 1024
#define ENVIRONMENT_LIMIT 1000

static uint64_t peb_field(struct kd *kd, uint64_t peb, const char *path)
{
    return kd_field(kd, "_PEB", peb, path);
}

static void show_flag(struct kd *kd, const char *label, uint64_t set)
{
    kd_printf(kd, "    %-26s%s\n", label, set ? "Yes" : "No");
}

/* A UNICODE_STRING member in quotes. */
static void show_string(struct kd *kd, const char *label, const char *type, uint64_t at,
                        const char *path)
{
    char text[TEXT_SIZE] = "";
    uint64_t offset;
    bool ok = kd_offset(kd, type, path, &offset) &&
              kd_read_unicode_string(kd->symbols, at + offset, text, sizeof text);
    kd_printf(kd, "    %-19s'%s'\n", label, ok ? text : "< Name not readable >");
}

static bool show_module(struct kd *kd, uint64_t entry, void *context)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char name[TEXT_SIZE] = "", when[32] = "";
    uint64_t offset;
    struct tm tm;
    (void)context;
    uint64_t stamp = kd_field(kd, "_LDR_DATA_TABLE_ENTRY", entry, "TimeDateStamp");
    time_t seconds = (time_t)stamp;
    if (gmtime_r(&seconds, &tm) != NULL) {
        snprintf(when, sizeof when, "%s %02d %02d:%02d:%02d %d", months[tm.tm_mon], tm.tm_mday,
                 tm.tm_hour, tm.tm_min, tm.tm_sec, tm.tm_year + 1900);
    }
    if (kd_offset(kd, "_LDR_DATA_TABLE_ENTRY", "FullDllName", &offset)) {
        kd_read_unicode_string(kd->symbols, entry + offset, name, sizeof name);
    }
    kd_printf(kd, "%16" PRIx64 " %08" PRIx64 " %s %s\n",
              kd_field(kd, "_LDR_DATA_TABLE_ENTRY", entry, "DllBase"), stamp, when, name);
    return true;
}

static void show_list(struct kd *kd, uint64_t ldr, const char *label, const char *list)
{
    char flink[64], blink[64];
    snprintf(flink, sizeof flink, "%s.Flink", list);
    snprintf(blink, sizeof blink, "%s.Blink", list);
    kd_printf(kd, "    Ldr.%-32s %016" PRIx64 " . %016" PRIx64 "\n", label,
              kd_field(kd, "_PEB_LDR_DATA", ldr, flink), kd_field(kd, "_PEB_LDR_DATA", ldr, blink));
}

static void show_loader(struct kd *kd, uint64_t ldr)
{
    uint64_t initialized, head, link;
    kd_printf(kd, "    %-26s%016" PRIx64 "\n", "Ldr", ldr);
    if (!kd_read_nt(kd, "_PEB_LDR_DATA", ldr, "Initialized", &initialized)) {
        kd_printf(kd, "    *** unable to read Ldr table at %016" PRIx64 "\n", ldr);
        return;
    }
    show_flag(kd, "Ldr.Initialized:", initialized);
    show_list(kd, ldr, "InInitializationOrderModuleList:", "InInitializationOrderModuleList");
    show_list(kd, ldr, "InLoadOrderModuleList:", "InLoadOrderModuleList");
    show_list(kd, ldr, "InMemoryOrderModuleList:", "InMemoryOrderModuleList");
    kd_printf(kd, "            Base TimeStamp                     Module\n");
    if (!kd_offset(kd, "_PEB_LDR_DATA", "InLoadOrderModuleList", &head) ||
        !kd_offset(kd, "_LDR_DATA_TABLE_ENTRY", "InLoadOrderLinks", &link) ||
        !kd_list_each(kd, ldr + head, link, MODULE_LIMIT, show_module, NULL)) {
        kd_error(kd, "    *** the list of modules is damaged");
    }
}

/* NAME=VALUE strings one behind the other, ended by an empty one. */
static void show_environment(struct kd *kd, uint64_t at)
{
    for (unsigned i = 0; i < ENVIRONMENT_LIMIT && at != 0 && !kd_interrupted(kd); i++) {
        uint16_t text[TEXT_SIZE];
        char utf8[TEXT_SIZE];
        size_t got = kd_read_virtual(kd, at, text, sizeof text) / sizeof *text, length = 0;
        while (length < got && text[length] != 0) {
            length++;
        }
        if (length == 0) {
            return;
        }
        kd_utf16_text(text, length, utf8, sizeof utf8);
        kd_printf(kd, "        %s\n", utf8);
        if (length == got) {
            return; /* longer than any sound one, or not in memory */
        }
        at += (length + 1) * sizeof *text;
    }
}

static void show_parameters(struct kd *kd, uint64_t parameters)
{
    static const struct {
        const char *label, *path;
    } strings[] = {{"CurrentDirectory:", "CurrentDirectory.DosPath"},
                   {"WindowTitle:", "WindowTitle"},
                   {"ImageFile:", "ImagePathName"},
                   {"CommandLine:", "CommandLine"},
                   {"DllPath:", "DllPath"}};
    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++) {
        show_string(kd, strings[i].label, "_RTL_USER_PROCESS_PARAMETERS", parameters,
                    strings[i].path);
    }
    uint64_t environment = kd_field(kd, "_RTL_USER_PROCESS_PARAMETERS", parameters, "Environment");
    kd_printf(kd, "    %-19s%016" PRIx64 "\n", "Environment:", environment);
    show_environment(kd, environment);
}

/* The address given, or the one that `pseudo` says. */
static bool address_or(struct kd *kd, const char *args, const char *pseudo, uint64_t *address)
{
    bool given;
    if (!kd_evaluate_optional(kd, &args, address, &given) || !kd_need_symbols(kd)) {
        return false;
    }
    if (!given && (!kd_register_value(kd, pseudo, address) || *address == 0)) {
        return kd_error(kd, "The current process has no %s", pseudo + 1);
    }
    return true;
}

static bool cmd_peb(struct kd *kd, const char *args)
{
    uint64_t peb, ignored;
    if (!address_or(kd, args, "$peb", &peb)) {
        return false;
    }
    kd_printf(kd, "PEB at %016" PRIx64 "\n", peb);
    if (!kd_read_nt(kd, "_PEB", peb, "BeingDebugged", &ignored)) {
        return kd_error(kd, "error 1 InitTypeRead( nt!_PEB at %016" PRIx64 ")...", peb);
    }
    show_flag(kd, "InheritedAddressSpace:", peb_field(kd, peb, "InheritedAddressSpace"));
    show_flag(kd, "ReadImageFileExecOptions:", peb_field(kd, peb, "ReadImageFileExecOptions"));
    show_flag(kd, "BeingDebugged:", peb_field(kd, peb, "BeingDebugged"));
    kd_printf(kd, "    %-26s%016" PRIx64 "\n",
              "ImageBaseAddress:", peb_field(kd, peb, "ImageBaseAddress"));
    show_loader(kd, peb_field(kd, peb, "Ldr"));
    kd_printf(kd, "    %-19s%016" PRIx64 "\n",
              "SubSystemData:", peb_field(kd, peb, "SubSystemData"));
    kd_printf(kd, "    %-19s%016" PRIx64 "\n", "ProcessHeap:", peb_field(kd, peb, "ProcessHeap"));
    uint64_t parameters = peb_field(kd, peb, "ProcessParameters");
    kd_printf(kd, "    %-19s%016" PRIx64 "\n", "ProcessParameters:", parameters);
    if (parameters != 0) {
        show_parameters(kd, parameters);
    }
    return true;
}

static bool cmd_teb(struct kd *kd, const char *args)
{
    static const struct {
        const char *label, *path;
    } rows[] = {{"ExceptionList:", "NtTib.ExceptionList"},
                {"StackBase:", "NtTib.StackBase"},
                {"StackLimit:", "NtTib.StackLimit"},
                {"SubSystemTib:", "NtTib.SubSystemTib"},
                {"FiberData:", "NtTib.FiberData"},
                {"ArbitraryUserPointer:", "NtTib.ArbitraryUserPointer"},
                {"Self:", "NtTib.Self"},
                {"EnvironmentPointer:", "EnvironmentPointer"}};
    uint64_t teb, value;
    if (!address_or(kd, args, "$teb", &teb)) {
        return false;
    }
    kd_printf(kd, "TEB at %016" PRIx64 "\n", teb);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!kd_read_nt(kd, "_TEB", teb, rows[i].path, &value)) {
            return kd_error(kd, "error InitTypeRead( TEB )...");
        }
        kd_printf(kd, "    %-22s%016" PRIx64 "\n", rows[i].label, value);
    }
    kd_printf(kd, "    %-22s%016" PRIx64 " . %016" PRIx64 "\n",
              "ClientId:", kd_field(kd, "_TEB", teb, "ClientId.UniqueProcess"),
              kd_field(kd, "_TEB", teb, "ClientId.UniqueThread"));
    kd_printf(kd, "    %-22s%016" PRIx64 "\n",
              "Tls Storage:", kd_field(kd, "_TEB", teb, "ThreadLocalStoragePointer"));
    kd_printf(kd, "    %-22s%016" PRIx64 "\n",
              "PEB Address:", kd_field(kd, "_TEB", teb, "ProcessEnvironmentBlock"));
    kd_printf(kd, "    %-22s%" PRIx64 "\n",
              "LastErrorValue:", kd_field(kd, "_TEB", teb, "LastErrorValue"));
    kd_printf(kd, "    %-22s%" PRIx64 "\n",
              "LastStatusValue:", kd_field(kd, "_TEB", teb, "LastStatusValue"));
    kd_printf(kd, "    %-22s%" PRIx64 "\n",
              "Count Owned Locks:", kd_field(kd, "_TEB", teb, "CountOfOwnedCriticalSections"));
    return true;
}

const struct kd_command kd_commands_user[] = {
    {"!peb", "!peb [ADDRESS]", "process environment block, modules, command line", cmd_peb,
     KD_NEEDS_NOTHING},
    {"!teb", "!teb [ADDRESS]", "thread environment block", cmd_teb, KD_NEEDS_NOTHING},
    {0},
};
