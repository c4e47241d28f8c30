/* src/kd/cmd/crash.c: .bugcheck: how the machine ended.
 *
 * Source: debugger documentation, ".bugcheck (Display Bug Check Data)". */
#include <inttypes.h>
#include <string.h>

#include "kd/bugcheck.h"
#include "kd/cmd/cmd.h"
#include "kd/kdi.h"

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
    const struct kd_bugcheck *row = kd_bugcheck_find(code);
    kd_printf(kd, "\n");
    if (row != NULL) {
        kd_printf(kd, "%s\n", row->name);
    }
    return true;
}

const struct kd_command kd_commands_crash[] = {
    {".bugcheck", ".bugcheck", "code and arguments of the bugcheck", cmd_bugcheck},
    {"!bugcheck", "!bugcheck", "code and arguments of the bugcheck", cmd_bugcheck},
    {NULL, NULL, NULL, NULL},
};
