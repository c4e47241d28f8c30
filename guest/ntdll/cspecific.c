/* guest/ntdll/cspecific.c: __C_specific_handler, the language handler of C's __try.
 *
 * Its data is a table of scopes, inner ones first, all relative to the image:
 *
 *      Begin .. End    the guarded code
 *      Handler         __except: filter function, or 1 for "always"; __finally: the block, as a
 * function JumpTarget      __except: where the block begins; 0: it is a __finally
 *
 * Source: "x64 exception handling", documentation. */
#include "ntdllp.h"

struct scope {
    ULONG Begin, End, Handler, JumpTarget;
};

struct scope_table {
    ULONG Count;
    struct scope Scopes[];
};

static bool covers(const struct scope *scope, ULONG64 rva)
{
    return rva >= scope->Begin && rva < scope->End;
}

static int search(EXCEPTION_RECORD *record, void *frame, CONTEXT *context,
                  DISPATCHER_CONTEXT *dispatcher)
{
    const struct scope_table *table = dispatcher->HandlerData;
    ULONG64 rva = dispatcher->ControlPc - dispatcher->ImageBase;
    EXCEPTION_POINTERS pointers = {.ExceptionRecord = record, .ContextRecord = context};
    for (ULONG i = dispatcher->ScopeIndex; i < table->Count; i++) {
        const struct scope *scope = &table->Scopes[i];
        if (!covers(scope, rva) || !scope->JumpTarget) {
            continue;
        }
        LONG answer = EXCEPTION_EXECUTE_HANDLER;
        if (scope->Handler != 1) {
            LONG(*filter)
            (EXCEPTION_POINTERS *, void *) =
                (LONG(*)(EXCEPTION_POINTERS *, void *))(dispatcher->ImageBase + scope->Handler);
            answer = filter(&pointers, frame);
        }
        if (answer < 0) {
            return ExceptionContinueExecution;
        }
        if (answer > 0) {
            RtlUnwindEx(frame, (void *)(dispatcher->ImageBase + scope->JumpTarget), record,
                        (void *)(ULONG64)(ULONG)record->ExceptionCode, context,
                        dispatcher->HistoryTable);
        }
    }
    return ExceptionContinueSearch;
}

/* Run the __finally blocks that are left; the unwind may end inside of this very frame. */
static int unwind(EXCEPTION_RECORD *record, void *frame, DISPATCHER_CONTEXT *dispatcher)
{
    const struct scope_table *table = dispatcher->HandlerData;
    ULONG64 rva = dispatcher->ControlPc - dispatcher->ImageBase;
    ULONG64 target = dispatcher->TargetIp - dispatcher->ImageBase;
    bool here = record->ExceptionFlags & EXCEPTION_TARGET_UNWIND;
    for (ULONG i = dispatcher->ScopeIndex; i < table->Count; i++) {
        const struct scope *scope = &table->Scopes[i];
        if (!covers(scope, rva)) {
            continue;
        }
        if (here && (covers(scope, target) || (scope->JumpTarget && scope->JumpTarget == target))) {
            break;
        }
        if (!scope->JumpTarget) {
            void (*finally)(BOOLEAN, void *) =
                (void (*)(BOOLEAN, void *))(dispatcher->ImageBase + scope->Handler);
            dispatcher->ScopeIndex = i + 1;
            finally(1, frame);
        }
    }
    return ExceptionContinueSearch;
}

int __C_specific_handler(EXCEPTION_RECORD *record, void *frame, CONTEXT *context,
                         DISPATCHER_CONTEXT *dispatcher)
{
    return record->ExceptionFlags & EXCEPTION_UNWIND ? unwind(record, frame, dispatcher)
                                                     : search(record, frame, context, dispatcher);
}
