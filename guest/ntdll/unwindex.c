/* guest/ntdll/unwindex.c: leaving frames: RtlUnwindEx and what continues after it.
 *
 * Source: documentation of RtlUnwindEx and "x64 exception handling". Frames from the caller up to
 * the target are visited; those with an unwind handler are told (EXCEPTION_UNWINDING, and
 * EXCEPTION_TARGET_UNWIND for the last). Two contexts travel along: `current`, the frame's own, and
 * `caller`, after undoing it. If a handler starts another unwind that passes it, that one meets the
 * handler's dispatcher context (RtlpUnwindHandler in entry.c's frame) and goes on where the first
 * stood: a collided unwind. */
#include "ntdllp.h"

#define STATUS_LONGJUMP ((NTSTATUS)0x80000026u)
#define STATUS_UNWIND_CONSOLIDATE ((NTSTATUS)0x80000029u)

struct jump_buffer { /* setjmp.h's _JUMP_BUFFER of x64 */
    ULONG64 Frame, Rbx, Rsp, Rbp, Rsi, Rdi, R12, R13, R14, R15, Rip;
    ULONG MxCsr;
    USHORT FpCsr;
    USHORT Spare;
    M128A Xmm[10]; /* 6 to 15 */
};

_Noreturn void RtlpRestoreContext(CONTEXT *context);
int RtlpExceptionHandler(EXCEPTION_RECORD *record, void *frame, CONTEXT *context,
                         DISPATCHER_CONTEXT *dispatcher);
int RtlpUnwindHandler(EXCEPTION_RECORD *record, void *frame, CONTEXT *context,
                      DISPATCHER_CONTEXT *dispatcher);

/* The dispatcher context that EXECUTE_HANDLER (entry.c) left in its frame. */
static DISPATCHER_CONTEXT *saved_dispatcher(void *frame)
{
    return *(DISPATCHER_CONTEXT **)((char *)frame + 0x20);
}

/* An exception inside an exception handler: say whose handler it was. */
int RtlpExceptionHandler(EXCEPTION_RECORD *record, void *frame, CONTEXT *context,
                         DISPATCHER_CONTEXT *dispatcher)
{
    (void)context;
    if (record->ExceptionFlags & EXCEPTION_UNWIND) {
        return ExceptionContinueSearch;
    }
    dispatcher->EstablisherFrame = saved_dispatcher(frame)->EstablisherFrame;
    return ExceptionNestedException;
}

/* An exception or unwind inside an unwind handler: hand over where that unwind stood. */
int RtlpUnwindHandler(EXCEPTION_RECORD *record, void *frame, CONTEXT *context,
                      DISPATCHER_CONTEXT *dispatcher)
{
    (void)record;
    (void)context;
    *dispatcher = *saved_dispatcher(frame);
    return ExceptionCollidedUnwind;
}

static bool on_stack(ULONG64 frame)
{
    const NT_TIB *tib = &current_teb()->NtTib;
    return frame % 8 == 0 && frame >= (ULONG64)tib->StackLimit && frame < (ULONG64)tib->StackBase;
}

struct unwind {
    EXCEPTION_RECORD *record;
    CONTEXT *original; /* what handlers get as the context of the exception */
    ULONG64 target_frame;
    ULONG64 target_ip;
    ULONG64 value;
    CONTEXT *current;
    CONTEXT *caller;
    DISPATCHER_CONTEXT dispatcher;
};

/* Call the frame's unwind handler, and those of frames that a collision leads to. => the frame
 * reached */
static ULONG64 call_unwind_handler(struct unwind *u)
{
    DISPATCHER_CONTEXT *d = &u->dispatcher;
    ULONG collided = 0;
    d->ScopeIndex = 0;
    for (;;) {
        ULONG64 frame = d->EstablisherFrame;
        d->TargetIp = u->target_ip;
        d->ContextRecord = u->current;
        u->current->Rax = u->value;
        u->record->ExceptionFlags &= ~(EXCEPTION_TARGET_UNWIND | EXCEPTION_COLLIDED_UNWIND);
        u->record->ExceptionFlags |=
            collided | (frame == u->target_frame ? EXCEPTION_TARGET_UNWIND : 0);
        int disposition = RtlpExecuteHandlerForUnwind(u->record, (void *)frame, u->original, d);
        if (disposition == ExceptionContinueSearch) {
            return frame;
        }
        if (disposition != ExceptionCollidedUnwind) {
            RtlRaiseStatus(STATUS_INVALID_DISPOSITION);
        }
        void *data;
        ULONG64 ignored;
        *u->current = *d->ContextRecord;
        *u->caller = *u->current;
        RtlVirtualUnwind(UNW_FLAG_NHANDLER, d->ImageBase, d->ControlPc, d->FunctionEntry, u->caller,
                         &data, &ignored, NULL);
        collided = EXCEPTION_COLLIDED_UNWIND;
    }
}

/* Visit the frame of u->current. => the frame reached; u->caller is behind it */
static ULONG64 unwind_frame(struct unwind *u)
{
    DISPATCHER_CONTEXT *d = &u->dispatcher;
    ULONG64 frame;
    memset(d, 0, sizeof *d);
    d->ControlPc = u->current->Rip;
    d->FunctionEntry = RtlLookupFunctionEntry(d->ControlPc, &d->ImageBase, NULL);
    *u->caller = *u->current;
    d->LanguageHandler =
        RtlVirtualUnwind(UNW_FLAG_UHANDLER, d->ImageBase, d->ControlPc, d->FunctionEntry, u->caller,
                         &d->HandlerData, &frame, NULL);
    if (!d->FunctionEntry) {
        return 0; /* a leaf cannot be a target */
    }
    if (!on_stack(frame) || (u->target_frame && u->target_frame < frame)) {
        RtlRaiseStatus(on_stack(frame) ? STATUS_INVALID_UNWIND_TARGET : STATUS_BAD_STACK);
    }
    d->EstablisherFrame = frame;
    return d->LanguageHandler ? call_unwind_handler(u) : frame;
}

/* Unwind to `target_frame` (an establisher frame; NULL: all frames, then the process ends) and
 * continue at `target_ip` with `value` in rax. `context` is the context of the exception, for the
 * handlers. */
void RtlUnwindEx(void *target_frame, void *target_ip, EXCEPTION_RECORD *record, void *value,
                 CONTEXT *context, void *history)
{
    CONTEXT current __attribute__((aligned(16)));
    CONTEXT caller __attribute__((aligned(16)));
    EXCEPTION_RECORD own = {.ExceptionCode = STATUS_UNWIND, .ExceptionAddress = target_ip};
    (void)history;
    if (!record) {
        record = &own;
    }
    record->ExceptionFlags |= EXCEPTION_UNWINDING | (target_frame ? 0 : EXCEPTION_EXIT_UNWIND);
    struct unwind u = {.record = record,
                       .original = context,
                       .target_frame = (ULONG64)target_frame,
                       .target_ip = (ULONG64)target_ip,
                       .value = (ULONG64)value,
                       .current = &current,
                       .caller = &caller};
    RtlCaptureContext(&current);
    while (current.Rip && on_stack(current.Rsp)) {
        ULONG64 frame = unwind_frame(&u);
        if (target_frame && frame == u.target_frame) {
            current.Rax = u.value;
            if (record->ExceptionCode != STATUS_UNWIND_CONSOLIDATE) {
                current.Rip = u.target_ip;
            }
            RtlRestoreContext(&current, record);
        }
        current = caller;
    }
    if (!target_frame) {
        NtTerminateProcess(NtCurrentProcess(), record->ExceptionCode);
    }
    NtRaiseException(record, &current, 0);
}

void RtlUnwind(void *target_frame, void *target_ip, EXCEPTION_RECORD *record, void *value)
{
    CONTEXT context __attribute__((aligned(16)));
    RtlCaptureContext(&context);
    RtlUnwindEx(target_frame, target_ip, record, value, &context, NULL);
}

static void restore_jump(CONTEXT *context, const struct jump_buffer *jump)
{
    context->Rbx = jump->Rbx;
    context->Rsp = jump->Rsp;
    context->Rbp = jump->Rbp;
    context->Rsi = jump->Rsi;
    context->Rdi = jump->Rdi;
    context->R12 = jump->R12;
    context->R13 = jump->R13;
    context->R14 = jump->R14;
    context->R15 = jump->R15;
    context->Rip = jump->Rip;
    context->MxCsr = jump->MxCsr;
    context->FltSave.MxCsr = jump->MxCsr;
    context->FltSave.ControlWord = jump->FpCsr;
    memcpy(&context->Xmm6, jump->Xmm, sizeof jump->Xmm);
}

/* Go on with `context`. The record of a longjmp names a jump buffer to take registers from; that of
 * a consolidating unwind, a function that says where to go on. */
void RtlRestoreContext(CONTEXT *context, EXCEPTION_RECORD *record)
{
    if (record && record->ExceptionCode == STATUS_LONGJUMP && record->NumberParameters >= 1) {
        restore_jump(context, (const struct jump_buffer *)record->ExceptionInformation[0]);
    } else if (record && record->ExceptionCode == STATUS_UNWIND_CONSOLIDATE &&
               record->NumberParameters >= 1) {
        ULONG64(*callback)
        (EXCEPTION_RECORD *) = (ULONG64(*)(EXCEPTION_RECORD *))record->ExceptionInformation[0];
        context->Rip = callback(record);
    }
    RtlpRestoreContext(context);
}
