/* guest/ntdll/exception.c: from an exception to its handler.
 *
 *      kernel: KiUserExceptionDispatcher      RtlRaiseException
 *                        \                        /
 *                          RtlDispatchException
 *          vectored handlers, then each frame's language handler, innermost first
 *              continue execution: NtContinue      nobody: NtRaiseException, second chance
 *
 * A handler that takes the exception does not return: it unwinds (RtlUnwindEx). */
#include "ntdllp.h"

static VECTORED_HANDLER *top_level_filter; /* kernel32's UnhandledExceptionFilter, encoded */

void RtlSetUnhandledExceptionFilter(VECTORED_HANDLER *filter)
{
    top_level_filter = (VECTORED_HANDLER *)RtlEncodePointer((void *)filter);
}

/* The filter of RtlpUserThreadStart's frame, the outermost of every thread. */
LONG unhandled_filter(EXCEPTION_POINTERS *pointers)
{
    VECTORED_HANDLER *filter =
        top_level_filter ? (VECTORED_HANDLER *)RtlDecodePointer((void *)top_level_filter) : NULL;
    return filter ? filter(pointers) : EXCEPTION_CONTINUE_SEARCH;
}

static bool on_stack(ULONG64 frame)
{
    const NT_TIB *tib = &current_teb()->NtTib;
    return frame % 8 == 0 && frame >= (ULONG64)tib->StackLimit && frame < (ULONG64)tib->StackBase;
}

struct dispatch {
    EXCEPTION_RECORD *record;
    CONTEXT *context; /* of the exception */
    CONTEXT *caller;  /* of the frame at hand */
    ULONG64 nested;   /* up to this frame, handlers run inside of another exception's dispatch */
    DISPATCHER_CONTEXT dispatcher;
};

enum verdict { SEARCH, CONTINUE };

/* Call the handler of the frame that d->dispatcher describes. */
static enum verdict call_handler(struct dispatch *d)
{
    DISPATCHER_CONTEXT *dispatcher = &d->dispatcher;
    dispatcher->ScopeIndex = 0;
    for (;;) {
        ULONG64 frame = dispatcher->EstablisherFrame;
        dispatcher->ContextRecord = d->caller;
        d->record->ExceptionFlags &= ~EXCEPTION_NESTED_CALL;
        d->record->ExceptionFlags |= d->nested ? EXCEPTION_NESTED_CALL : 0;
        int disposition =
            RtlpExecuteHandlerForException(d->record, (void *)frame, d->context, dispatcher);
        if (d->nested && d->nested == frame) {
            d->nested = 0;
        }
        switch (disposition) {
        case ExceptionContinueExecution:
            if (d->record->ExceptionFlags & EXCEPTION_NONCONTINUABLE) {
                raise_at(STATUS_NONCONTINUABLE_EXCEPTION, EXCEPTION_NONCONTINUABLE,
                         (void *)d->context->Rip);
            }
            return CONTINUE;
        case ExceptionContinueSearch:
            return SEARCH;
        case ExceptionNestedException:
            if (dispatcher->EstablisherFrame > d->nested) {
                d->nested = dispatcher->EstablisherFrame;
            }
            return SEARCH;
        case ExceptionCollidedUnwind: { /* go on with the frame that the other unwind stood at */
            void *data;
            ULONG64 ignored;
            *d->caller = *dispatcher->ContextRecord;
            RtlVirtualUnwind(UNW_FLAG_NHANDLER, dispatcher->ImageBase, dispatcher->ControlPc,
                             dispatcher->FunctionEntry, d->caller, &data, &ignored, NULL);
            break;
        }
        default:
            raise_at(STATUS_INVALID_DISPOSITION, EXCEPTION_NONCONTINUABLE, (void *)d->context->Rip);
        }
    }
}

static enum verdict search_frames(struct dispatch *d)
{
    DISPATCHER_CONTEXT *dispatcher = &d->dispatcher;
    *d->caller = *d->context;
    while (d->caller->Rip && on_stack(d->caller->Rsp)) {
        ULONG64 frame, pc = d->caller->Rip;
        memset(dispatcher, 0, sizeof *dispatcher);
        dispatcher->ControlPc = pc;
        dispatcher->FunctionEntry = RtlLookupFunctionEntry(pc, &dispatcher->ImageBase, NULL);
        dispatcher->LanguageHandler = RtlVirtualUnwind(UNW_FLAG_EHANDLER, dispatcher->ImageBase, pc,
                                                       dispatcher->FunctionEntry, d->caller,
                                                       &dispatcher->HandlerData, &frame, NULL);
        if (!dispatcher->FunctionEntry) {
            continue;
        }
        if (!on_stack(frame)) {
            d->record->ExceptionFlags |= EXCEPTION_STACK_INVALID;
            return SEARCH;
        }
        dispatcher->EstablisherFrame = frame;
        if (dispatcher->LanguageHandler && call_handler(d) == CONTINUE) {
            return CONTINUE;
        }
    }
    return SEARCH;
}

/* => 1: continue with *context. 0: nobody wants it. Does not return when a frame takes it. */
BOOLEAN RtlDispatchException(EXCEPTION_RECORD *record, CONTEXT *context)
{
    CONTEXT caller __attribute__((aligned(16)));
    struct dispatch d = {.record = record, .context = context, .caller = &caller};
    if (!vectored_exception(record, context) && search_frames(&d) == SEARCH) {
        return 0;
    }
    vectored_continue(record, context);
    return 1;
}

static void dispatch_or_end(EXCEPTION_RECORD *record, CONTEXT *context)
{
    if (current_peb()->BeingDebugged) { /* the debugger is asked first, by the kernel */
        RtlRaiseStatus(NtRaiseException(record, context, 1));
    } else if (RtlDispatchException(record, context)) {
        NtContinue(context, 0);
    } else {
        NtRaiseException(record, context, 0);
    }
}

/* Undo the calling function's frame: `context`, captured in it, becomes its caller's. */
static inline void to_caller(CONTEXT *context)
{
    ULONG64 base, frame;
    void *data;
    IMAGE_RUNTIME_FUNCTION_ENTRY *function = RtlLookupFunctionEntry(context->Rip, &base, NULL);
    RtlVirtualUnwind(UNW_FLAG_NHANDLER, base, context->Rip, function, context, &data, &frame, NULL);
}

void RtlRaiseException(EXCEPTION_RECORD *record)
{
    CONTEXT context __attribute__((aligned(16)));
    RtlCaptureContext(&context);
    to_caller(&context);
    record->ExceptionAddress = (void *)context.Rip;
    dispatch_or_end(record, &context);
}

void RtlRaiseStatus(NTSTATUS status)
{
    CONTEXT context __attribute__((aligned(16)));
    EXCEPTION_RECORD record = {.ExceptionCode = status, .ExceptionFlags = EXCEPTION_NONCONTINUABLE};
    RtlCaptureContext(&context);
    to_caller(&context);
    record.ExceptionAddress = (void *)context.Rip;
    dispatch_or_end(&record, &context);
}

void raise_at(NTSTATUS status, ULONG flags, void *address)
{
    CONTEXT context __attribute__((aligned(16)));
    EXCEPTION_RECORD record = {
        .ExceptionCode = status, .ExceptionFlags = flags, .ExceptionAddress = address};
    RtlCaptureContext(&context);
    to_caller(&context);
    dispatch_or_end(&record, &context);
}
