/* src/kd/cmd/crash.c: .bugcheck, .ecxr: how the machine ended.
 *
 * Source: debugger documentation, ".bugcheck (Display Bug Check Data)", ".ecxr (Display
 * Exception Context Record)". */
#include <inttypes.h>
#include <string.h>

#include "base/stopcode.h"
#include "kd/cmd/cmd.h"
#include "kd/kdi.h"
#include "kd/script.h"

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
    kd_run_text(kd, "r");
    return true;
}

const struct kd_command kd_commands_crash[] = {
    {".ecxr", ".ecxr", "the registers of the exception", cmd_exception_context, KD_NEEDS_NOTHING},
    {".bugcheck", ".bugcheck", "code and arguments of the bugcheck", cmd_bugcheck,
     KD_NEEDS_MACHINE},
    {"!bugcheck", "!bugcheck", "code and arguments of the bugcheck", cmd_bugcheck,
     KD_NEEDS_MACHINE},
    {0},
};
