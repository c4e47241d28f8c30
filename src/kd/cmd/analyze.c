/* src/kd/cmd/analyze.c: !analyze: what went wrong, in one answer.
 *
 *      a bugcheck     its name, what its parameters mean, the instruction that they name
 *      an exception   its name, the access that failed, the instruction
 *      neither        why the target is stopped
 *
 * then process, calls, and the module that is most likely to blame: the first one on the stack that
 * is not part of the system. -v shows all of it, without it the answer is the short one.
 *
 * Source: debugger documentation, "!analyze". */
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/stopcode.h"
#include "kd/cmd/cmd.h"
#include "kd/disasm.h"
#include "kd/events.h"
#include "kd/kdi.h"
#include "kd/stack.h"
#include "kd/symbols.h"

#define FRAMES_MOST 64
#define ACCESS_VIOLATION 0xC0000005u

struct analysis {
    bool verbose;
    uint64_t instruction; /* to blame; 0: not known */
    struct kd_frame frame[FRAMES_MOST];
    size_t frames;
};

static void show_banner(struct kd *kd, const char *what)
{
    kd_printf(kd,
              "*******************************************************************************\n"
              "*                                                                             *\n"
              "*                        %-53s*\n"
              "*                                                                             *\n"
              "*******************************************************************************\n\n",
              what);
}

/* ---- what happened ----------------------------------------------------------------------------
 */

static void show_bugcheck(struct kd *kd, struct analysis *a, uint32_t code,
                          const uint64_t parameter[STOP_CODE_PARAMETERS])
{
    const struct stop_code *row = stop_code_find(code);
    show_banner(kd, "Bugcheck Analysis");
    kd_printf(kd, "%s (%" PRIx32 ")\n", row != NULL ? row->name : "Unknown bugcheck code", code);
    if (a->verbose) {
        kd_printf(kd, "Arguments:\n");
        for (int i = 0; i < STOP_CODE_PARAMETERS; i++) {
            const char *meaning = row != NULL ? row->meaning[i] : NULL;
            kd_printf(kd, "Arg%d: %016" PRIx64 "%s%s\n", i + 1, parameter[i],
                      meaning != NULL ? ", " : "", meaning != NULL ? meaning : "");
        }
    } else {
        kd_printf(kd,
                  "BugCheck %" PRIX32 ", {%" PRIx64 ", %" PRIx64 ", %" PRIx64 ", %" PRIx64 "}\n",
                  code, parameter[0], parameter[1], parameter[2], parameter[3]);
    }
    if (row != NULL && row->instruction != 0) {
        a->instruction = parameter[row->instruction - 1];
    }
    if (row != NULL && row->exception != 0 && a->verbose) {
        kd_printf(kd, "\nEXCEPTION_CODE: ");
        kd_show_exception(kd, (uint32_t)parameter[row->exception - 1], false);
    }
    kd_printf(kd, "\n");
}

static void show_access(struct kd *kd, const struct kd_event *event)
{
    if (event->code == ACCESS_VIOLATION && event->parameter_count >= 2) {
        uint64_t kind = event->parameter[0];
        kd_printf(kd, "Attempt to %s address %016" PRIx64 "\n",
                  kind == 0   ? "read from"
                  : kind == 1 ? "write to"
                              : "execute non-executable",
                  event->parameter[1]);
    }
}

static void show_exception(struct kd *kd, struct analysis *a, const struct kd_event *event)
{
    show_banner(kd, "Exception Analysis");
    a->instruction = event->address;
    kd_printf(kd, "EXCEPTION_RECORD:  (.lastevent)\n");
    kd_printf(kd, "ExceptionAddress: %016" PRIx64, event->address);
    char name[512];
    if (kd->symbols != NULL && kd_symbol_name(kd->symbols, event->address, name, sizeof name)) {
        kd_printf(kd, " (%s)", name);
    }
    kd_printf(kd, "\n   ExceptionCode: %08" PRIx32 "\nNumberParameters: %" PRIu32 "\n", event->code,
              event->parameter_count);
    for (uint32_t i = 0; i < event->parameter_count && i < 4; i++) {
        kd_printf(kd, "   Parameter[%" PRIu32 "]: %016" PRIx64 "\n", i, event->parameter[i]);
    }
    show_access(kd, event);
    kd_printf(kd, "\nEXCEPTION_CODE: ");
    kd_show_exception(kd, event->code, event->first_chance);
    kd_printf(kd, "\n");
}

/* ---- where ------------------------------------------------------------------------------------
 */

static bool is_system(const struct kd_module *module)
{
    static const char *const names[] = {"nt", "ntdll", "kernel32", "kernelbase", "msvcrt", "hal"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcasecmp(module->name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* The first code on the stack that is not the system's; the instruction itself when all is. */
static uint64_t blame(struct kd *kd, const struct analysis *a)
{
    uint64_t first = a->instruction;
    for (size_t i = 0; i <= a->frames && kd->symbols != NULL; i++) {
        uint64_t ip = i == 0 ? a->instruction : a->frame[i - 1].ip;
        const struct kd_module *module = ip != 0 ? kd_module_at(kd->symbols, ip) : NULL;
        first = first == 0 ? ip : first;
        if (module != NULL && !is_system(module)) {
            return ip;
        }
    }
    return first;
}

static void show_blame(struct kd *kd, const struct analysis *a)
{
    uint64_t ip = blame(kd, a);
    const struct kd_module *module = kd->symbols ? kd_module_at(kd->symbols, ip) : NULL;
    char name[512];
    if (module == NULL) {
        kd_printf(kd, "Probably caused by : %s\n\n",
                  ip == 0 ? "nothing that is known" : "code outside of every module");
        return;
    }
    kd_symbol_name(kd->symbols, ip, name, sizeof name);
    if (a->verbose) {
        kd_printf(kd, "SYMBOL_NAME:  %s\n\nMODULE_NAME: %s\n\nIMAGE_NAME:  %s\n\n", name,
                  module->name, module->image);
    }
    kd_printf(kd, "Probably caused by : %s ( %s )\n\n", module->image, name);
}

/* The program that the PEB names: of a target without a kernel. */
static void show_program(struct kd *kd)
{
    uint64_t base = kd_field(kd, "_PEB", kd_current_peb(kd), "ImageBaseAddress");
    const struct kd_module *module =
        base != 0 && kd->symbols != NULL ? kd_module_at(kd->symbols, base) : NULL;
    if (module != NULL) {
        const char *slash = strrchr(module->image, '\\');
        kd_printf(kd, "PROCESS_NAME:  %s\n\n", slash != NULL ? slash + 1 : module->image);
    }
}

static void show_process(struct kd *kd)
{
    char name[16] = "";
    if (kd_target_is_process(kd->target)) {
        show_program(kd);
        return;
    }
    uint64_t offset, process = kd_current_process(kd);
    if (process != 0 && kd_offset(kd, "_EPROCESS", "ImageFileName", &offset) &&
        kd_read_virtual(kd, process + offset, name, sizeof name - 1) != 0) {
        for (char *c = name; *c != '\0'; c++) {
            *c = *c >= 0x20 && *c < 0x7F ? *c : '.';
        }
        kd_printf(kd, "PROCESS_NAME:  %s\n\n", name);
    }
}

static void show_place(struct kd *kd, const struct analysis *a)
{
    char name[512];
    if (a->instruction == 0) {
        return;
    }
    kd_printf(kd, "FAULTING_IP: \n");
    if (kd->symbols != NULL && kd_symbol_name(kd->symbols, a->instruction, name, sizeof name)) {
        kd_printf(kd, "%s\n", name);
    }
    kd_show_instruction(kd, a->instruction);
    kd_printf(kd, "\n");
}

static void show_calls(struct kd *kd, const struct analysis *a)
{
    char sp[KD_ADDRESS_TEXT], back[KD_ADDRESS_TEXT], name[512];
    kd_printf(kd, "STACK_TEXT:  \n");
    for (size_t i = 0; i < a->frames && !kd_interrupted(kd); i++) {
        const struct kd_frame *f = &a->frame[i];
        if (kd->symbols == NULL || !kd_symbol_name(kd->symbols, f->ip, name, sizeof name)) {
            kd_address_text(f->ip, name);
        }
        kd_printf(kd, "%s %s : %s\n", kd_address_text(f->sp, sp),
                  kd_address_text(f->return_address, back), name);
    }
    kd_printf(kd, "\n");
}

static bool cmd_analyze(struct kd *kd, const char *args)
{
    struct analysis a = {.instruction = 0};
    const struct kd_event *event = &kd->target->last_event;
    struct kd_registers registers;
    uint32_t code;
    uint64_t parameter[STOP_CODE_PARAMETERS];
    a.verbose = strstr(args, "-v") != NULL;
    bool crashed = kd_get_bugcheck(kd, &code, parameter);
    if (crashed) {
        show_bugcheck(kd, &a, code, parameter);
    } else if (kd_event_is_exception(event)) {
        show_exception(kd, &a, event);
    } else {
        kd_printf(kd, "No bugcheck and no exception: `.lastevent` says why the target is "
                      "stopped.\n\n");
    }
    if (kd_get_registers(kd, &registers) && registers.rip != 0) {
        a.frames = kd_stack_walk(kd, &registers, a.frame, FRAMES_MOST);
    }
    if (a.verbose) {
        show_place(kd, &a);
        show_process(kd);
        show_calls(kd, &a);
    }
    if (crashed || kd_event_is_exception(event)) {
        show_blame(kd, &a);
    }
    return true;
}

const struct kd_command kd_commands_analyze[] = {
    {"!analyze", "!analyze [-v]", "the bugcheck or exception, with instruction, calls and module",
     cmd_analyze, KD_NEEDS_NOTHING},
    {0},
};
