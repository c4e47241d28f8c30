/* src/kd/cmd/crash.c: .bugcheck, .ecxr, .exr, .cxr: how the machine ended.
 *
 * Source: debugger documentation, ".bugcheck (Display Bug Check Data)", ".ecxr (Display
 * Exception Context Record)", ".exr", ".cxr". */
#include <inttypes.h>
#include <string.h>

#include "base/stopcode.h"
#include "dump/layout.h"
#include "kd/cmd/cmd.h"
#include "kd/kdi.h"
#include "kd/script.h"
#include "kd/target_dump.h"

bool kd_get_bugcheck(struct kd *kd, uint32_t *code, uint64_t parameter[4])
{
    const struct kd_event *event = &kd->target->last_event;
    const struct kd_crash *crash = kd->target->crash;
    *code = 0;
    memset(parameter, 0, 4 * sizeof *parameter);
    if (crash != NULL) {
        *code = crash->code;
        memcpy(parameter, crash->parameter, 4 * sizeof *parameter);
    } else if (event->kind == KD_EVENT_BUGCHECK) {
        *code = event->code;
        memcpy(parameter, event->parameter, 4 * sizeof *parameter);
    }
    return *code != 0;
}

static bool cmd_bugcheck(struct kd *kd, const char *args)
{
    uint32_t code;
    uint64_t parameter[4];
    char text[KD_ADDRESS_TEXT];
    (void)args;
    kd_get_bugcheck(kd, &code, parameter);
    kd_printf(kd, "Bugcheck code %08" PRIX32 "\nArguments", code);
    for (int i = 0; i < 4; i++) {
        kd_printf(kd, " %s", kd_address_text(parameter[i], text));
    }
    const struct stop_code *row = stop_code_find(code);
    kd_printf(kd, "\n");
    if (row != NULL) {
        kd_printf(kd, "%s\n", row->name);
    }
    return true;
}

/* Back to the thread and the registers of the exception that the target stopped for. */
static bool cmd_exception_context(struct kd *kd, const char *args)
{
    const struct kd_event *event = &kd->target->last_event;
    (void)args;
    if (!kd_event_is_exception(event)) {
        return kd_error(kd, "Unable to get exception context: no exception stopped this target");
    }
    kd->processor = event->processor;
    kd->implicit_thread = 0;
    kd_choose_registers(kd, NULL);
    kd_run_text(kd, "r");
    return true;
}

/* ---- records in memory ------------------------------------------------------------------------
 */

bool kd_last_exception(struct kd *kd, struct _EXCEPTION_RECORD64 *record)
{
    const struct kd_event *event = &kd->target->last_event;
    const uint32_t kept = sizeof event->parameter / sizeof event->parameter[0];
    *record = (struct _EXCEPTION_RECORD64){
        .ExceptionCode = event->code,
        .ExceptionAddress = event->address,
        .NumberParameters = event->parameter_count < kept ? event->parameter_count : kept};
    memcpy(record->ExceptionInformation, event->parameter, sizeof event->parameter);
    return kd_event_is_exception(event);
}

/* One at an address; -1: that of the last event. */
static bool cmd_exception_record(struct kd *kd, const char *args)
{
    struct _EXCEPTION_RECORD64 record;
    uint64_t address;
    if (!kd_evaluate(kd, &args, &address)) {
        return false;
    }
    if (address != UINT64_MAX) {
        if (!kd_read(kd, address, &record, sizeof record)) {
            return kd_error(kd, "The exception record at %016" PRIx64 " is not in memory", address);
        }
    } else if (!kd_last_exception(kd, &record)) {
        return kd_error(kd, "No exception stopped this target");
    }
    kd_show_exception_record(kd, &record);
    return true;
}

/* The registers of a CONTEXT become those that r, k and expressions see; without one, or with 0,
 * they are again those of the thread. */
static bool cmd_context_record(struct kd *kd, const char *args)
{
    struct _CONTEXT context;
    struct kd_registers registers;
    uint64_t address = 0;
    bool given;
    if (!kd_evaluate_optional(kd, &args, &address, &given)) {
        return false;
    }
    kd_choose_registers(kd, NULL);
    if (address == 0) {
        kd_printf(kd, "Resetting default scope\n");
        return true;
    }
    if (!kd_read(kd, address, &context, sizeof context)) {
        return kd_error(kd, "The context at %016" PRIx64 " is not in memory", address);
    }
    kd_take_context(&context, &registers);
    registers.gs_base =
        kd_current_thread(kd) != 0 ? kd_field(kd, "_ETHREAD", kd_current_thread(kd), "Tcb.Teb") : 0;
    registers.cr3 = kd->directory_base;
    kd_choose_registers(kd, &registers);
    kd_run_text(kd, "r");
    return true;
}

const struct kd_command kd_commands_crash[] = {
    {".exr", ".exr ADDRESS | -1", "an exception record in memory; -1: the last event's",
     cmd_exception_record, KD_NEEDS_NOTHING},
    {".cxr", ".cxr [ADDRESS]", "take the registers of a context in memory; none: no longer",
     cmd_context_record, KD_NEEDS_NOTHING},
    {".ecxr", ".ecxr", "the registers of the exception", cmd_exception_context, KD_NEEDS_NOTHING},
    {".bugcheck", ".bugcheck", "code and arguments of the bugcheck", cmd_bugcheck,
     KD_NEEDS_MACHINE},
    {"!bugcheck", "!bugcheck", "code and arguments of the bugcheck", cmd_bugcheck,
     KD_NEEDS_MACHINE},
    {0},
};
