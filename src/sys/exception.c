/* src/sys/exception.c: services that change the caller's own registers, and hard errors. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ke/thread.h"
#include "nt/info.h"
#include "sys/sys.h"

#define HARD_ERROR_PARAMETERS 5

/* NtContinue(context, test alert): go on with these registers. */
static NTSTATUS nt_continue(struct sys_call *call)
{
    CONTEXT context;
    NTSTATUS status = SYS_GET(call, context, call->arg[0]);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    call->sys->ps->ops->set_context(call->sys->ps->owner, call->thread, &context);
    if ((uint8_t)call->arg[1]) {
        ke_test_alert_thread(call->sys->ke, &call->thread->thread->Tcb, UserMode);
    }
    return STATUS_SUCCESS;
}

/* NtRaiseException(record, context, first chance) */
static NTSTATUS raise_exception(struct sys_call *call)
{
    EXCEPTION_RECORD record;
    CONTEXT context;
    NTSTATUS status = SYS_GET(call, record, call->arg[0]);
    if (NT_SUCCESS(status)) {
        status = SYS_GET(call, context, call->arg[1]);
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    if (record.NumberParameters > sizeof record.ExceptionInformation / sizeof(uint64_t)) {
        return STATUS_INVALID_PARAMETER;
    }
    call->sys->ps->ops->raise_exception(call->sys->ps->owner, call->thread, &record, &context,
                                        (uint8_t)call->arg[2] != 0);
    return STATUS_SUCCESS;
}

/* A parameter of a hard error as text: a string in user memory, or a number. */
static NTSTATUS parameter_text(struct sys_call *call, bool string, uint64_t value, char *text,
                               size_t size)
{
    if (!string) {
        snprintf(text, size, "0x%llx", (unsigned long long)value);
        return STATUS_SUCCESS;
    }
    struct sys_string wide;
    NTSTATUS status = sys_get_string(call, value, &wide);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    size_t n = 0;
    for (size_t i = 0; i < wide.length && n + 1 < size; i++) {
        text[n++] = wide.text[i] >= 0x20 && wide.text[i] < 0x7F ? (char)wide.text[i] : '?';
    }
    text[n] = 0;
    sys_free_string(&wide);
    return STATUS_SUCCESS;
}

static void say_hard_error(struct sys_call *call, NTSTATUS error, char text[][260])
{
    const struct log *log = call->sys->ps->log;
    const char *program = (const char *)call->process->process->ImageFileName;
    switch (error) {
    case STATUS_DLL_NOT_FOUND:
        log_error(log, "%s: %s was not found (searched %s)", program, text[0], text[1]);
        break;
    case STATUS_ENTRYPOINT_NOT_FOUND:
        log_error(log, "%s: %s is not in %s", program, text[0], text[1]);
        break;
    case STATUS_ORDINAL_NOT_FOUND:
        log_error(log, "%s: ordinal %s is not in %s", program, text[0], text[1]);
        break;
    case STATUS_INVALID_IMAGE_FORMAT:
        log_error(log, "%s: %s is not a valid 64-bit Windows image", program, text[0]);
        break;
    case STATUS_DLL_INIT_FAILED:
        log_error(log, "%s: %s failed to initialise", program, text[0]);
        break;
    default:
        log_error(log, "%s: hard error 0x%08x %s", program, (unsigned)error, text[0]);
        break;
    }
}

/* NtRaiseHardError(status, count, string mask, parameters, options, *response): there is nobody to
 * ask, so it is said in one line and answered with "OK". */
static NTSTATUS raise_hard_error(struct sys_call *call)
{
    uint64_t values[HARD_ERROR_PARAMETERS];
    char text[HARD_ERROR_PARAMETERS][260] = {{0}};
    size_t count = (uint32_t)call->arg[1];
    if (count > HARD_ERROR_PARAMETERS) {
        return STATUS_INVALID_PARAMETER_2;
    }
    NTSTATUS status = sys_get(call, values, call->arg[3], count * sizeof *values);
    for (size_t i = 0; NT_SUCCESS(status) && i < count; i++) {
        status = parameter_text(call, call->arg[2] >> i & 1, values[i], text[i], sizeof text[i]);
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    say_hard_error(call, (NTSTATUS)call->arg[0], text);
    const uint32_t response_ok = 6;
    return sys_put_optional(call, call->arg[5], &response_ok, sizeof response_ok);
}

static const struct sys_entry entries[] = {
    {SERVICE_NtContinue, nt_continue},
    {SERVICE_NtRaiseException, raise_exception},
    {SERVICE_NtRaiseHardError, raise_hard_error},
};
const struct sys_family sys_exception_family = {entries, sizeof entries / sizeof *entries};
