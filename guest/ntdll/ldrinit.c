/* guest/ntdll/ldrinit.c: the first instructions of every thread, and the last orderly ones.
 *
 * The first thread of a process finds PEB, TEB and process parameters made by the kernel, and both
 * images mapped. It makes the heap, the loader's lists, loads kernel32 (for console and window
 * programs) and what the program imports, initialises the modules, and continues at
 * RtlUserThreadStart. Later threads wait until that is done, then tell each module about
 * themselves. */
#include "ldr.h"

enum { INIT_NONE, INIT_RUNNING, INIT_DONE };

RTL_CRITICAL_SECTION LdrpLoaderLock = {.LockCount = -1};
RTL_CRITICAL_SECTION FastPebLock = {.LockCount = -1};
struct ldr_failure LdrpFailure;

static PEB_LDR_DATA PebLdr = {.Length = sizeof(PEB_LDR_DATA)};
static LONG LdrpInitState;
static struct ldr_module *LdrpImageEntry; /* the program */
static NTSTATUS LdrpShutdownStatus;
static void (*Kernel32ThreadInitThunkFunction)(ULONG reason, void *start, void *parameter);

/* TLS and FLS indices are handed out from these (64 + 1024 and 128). */
static RTL_BITMAP TlsBitMap, TlsExpansionBitMap, FlsBitMap;

bool shutdown_by_this_thread(void)
{
    return PebLdr.ShutdownInProgress &&
           PebLdr.ShutdownThreadId == current_teb()->ClientId.UniqueThread;
}

NTSTATUS shutdown_status(void)
{
    return LdrpShutdownStatus;
}

void ldr_set_failure(const UNICODE_STRING *dll)
{
    UNICODE_STRING *to = &LdrpFailure.dll;
    to->Buffer = LdrpFailure.name;
    to->MaximumLength = sizeof LdrpFailure.name;
    RtlCopyUnicodeString(to, dll);
}

/* The process cannot start: say why, once, and end. */
static _Noreturn void fail_process(NTSTATUS status)
{
    ULONG response;
    UNICODE_STRING searched = {.Length = 0};
    ULONG64 parameters[2] = {(ULONG64)&LdrpFailure.dll, (ULONG64)&searched};
    bool pair = status == STATUS_DLL_NOT_FOUND && NT_SUCCESS(ldr_default_path(&searched));
    NtRaiseHardError(status, pair ? 2 : 1, pair ? 3 : 1, parameters, OptionOk, &response);
    for (;;) {
        NtTerminateProcess(NtCurrentProcess(), status);
    }
}

static void init_peb(PEB *peb)
{
    list_init(&PebLdr.InLoadOrderModuleList);
    list_init(&PebLdr.InMemoryOrderModuleList);
    list_init(&PebLdr.InInitializationOrderModuleList);
    list_init(&peb->FlsListHead);
    peb->Ldr = &PebLdr;
    peb->LoaderLock = &LdrpLoaderLock;
    peb->FastPebLock = &FastPebLock;

    RtlInitializeBitMap(&TlsBitMap, peb->TlsBitmapBits, 64);
    RtlInitializeBitMap(&TlsExpansionBitMap, peb->TlsExpansionBitmapBits, 1024);
    RtlInitializeBitMap(&FlsBitMap, peb->FlsBitmapBits, 128);
    RtlSetBits(&TlsBitMap, 0, 1); /* index 0 is never handed out, as on Windows */
    RtlSetBits(&FlsBitMap, 0, 1);
    peb->TlsBitmap = &TlsBitMap;
    peb->TlsExpansionBitmap = &TlsExpansionBitMap;
    peb->FlsBitmap = &FlsBitMap;

    if (!peb->HeapSegmentReserve) {
        peb->HeapSegmentReserve = 0x100000;
        peb->HeapSegmentCommit = 0x2000;
        peb->HeapDeCommitTotalFreeThreshold = 0x10000;
        peb->HeapDeCommitFreeBlockThreshold = 0x1000;
    }
}

static NTSTATUS add_initial_modules(PEB *peb, void *ntdll_base, struct ldr_module **ntdll)
{
    IMAGE_NT_HEADERS64 *headers = RtlImageNtHeader(ntdll_base);
    UNICODE_STRING path;

    LdrpImageEntry =
        ldr_add_module(peb->ImageBaseAddress, 0, &peb->ProcessParameters->ImagePathName);
    RtlInitUnicodeString(&path, L"C:\\Windows\\System32\\ntdll.dll");
    *ntdll = ldr_add_module(ntdll_base, headers->OptionalHeader.SizeOfImage, &path);
    if (!LdrpImageEntry || !*ntdll) {
        return STATUS_NO_MEMORY;
    }
    LdrpImageEntry->entry.LoadCount = LDR_PINNED;
    (*ntdll)->entry.LoadCount = LDR_PINNED;
    (*ntdll)->entry.Flags |= LDRP_ENTRY_PROCESSED;
    (*ntdll)->entry.EntryPoint = NULL;
    list_append(&PebLdr.InInitializationOrderModuleList,
                &(*ntdll)->entry.InInitializationOrderLinks);
    (*ntdll)->entry.Flags &= ~LDRP_LOAD_IN_PROGRESS;
    return STATUS_SUCCESS;
}

/* Console and window programs start and end their threads through kernel32, also when they do not
 * import it. */
static NTSTATUS load_kernel32(void)
{
    UNICODE_STRING name;
    struct ldr_module *kernel32;
    RtlInitUnicodeString(&name, L"kernel32.dll");
    NTSTATUS status = ldr_load(NULL, &name, NULL, &kernel32);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    void *thunk;
    if (NT_SUCCESS(ldr_find_export(kernel32, "BaseThreadInitThunk", 0, 0, 0, &thunk))) {
        Kernel32ThreadInitThunkFunction = (void (*)(ULONG, void *, void *))thunk;
    }
    return STATUS_SUCCESS;
}

static void pin_static_modules(void)
{
    LIST_ENTRY *head = &PebLdr.InLoadOrderModuleList;
    for (LIST_ENTRY *link = head->Flink; link != head; link = link->Flink) {
        LDR_DATA_TABLE_ENTRY *entry = CONTAINER(link, LDR_DATA_TABLE_ENTRY, InLoadOrderLinks);
        entry->LoadCount = LDR_PINNED;
        entry->Flags |= LDRP_STATIC_LINK;
    }
}

static NTSTATUS init_process(CONTEXT *context, void *ntdll_base)
{
    PEB *peb = current_peb();
    struct ldr_module *ntdll;

    init_peb(peb);
    IMAGE_NT_HEADERS64 *headers = RtlImageNtHeader(peb->ImageBaseAddress);
    if (!headers) {
        return STATUS_INVALID_IMAGE_FORMAT;
    }
    peb->ProcessHeap = RtlCreateHeap(HEAP_GROWABLE, NULL, headers->OptionalHeader.SizeOfHeapReserve,
                                     headers->OptionalHeader.SizeOfHeapCommit, NULL, NULL);
    if (!peb->ProcessHeap) {
        return STATUS_NO_MEMORY;
    }
    NTSTATUS status = add_initial_modules(peb, ntdll_base, &ntdll);
    if (NT_SUCCESS(status) && headers->OptionalHeader.Subsystem != IMAGE_SUBSYSTEM_NATIVE) {
        status = load_kernel32();
    }
    if (NT_SUCCESS(status)) {
        status = ldr_bind_module(LdrpImageEntry, NULL);
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    pin_static_modules();
    PebLdr.Initialized = 1;
    status = tls_add_thread();
    if (NT_SUCCESS(status)) {
        status = ldr_run_initializers(context);
    }
    if (NT_SUCCESS(status)) {
        LdrpImageEntry->entry.Flags |= LDRP_ENTRY_PROCESSED;
        tls_call_callbacks(LdrpImageEntry, DLL_PROCESS_ATTACH);
    }
    return status;
}

/* Tell every running module, in initialisation order or the reverse, then the program's TLS
 * callbacks. */
static void call_all(ULONG reason, bool reverse, void *context)
{
    LIST_ENTRY *head = &PebLdr.InInitializationOrderModuleList;
    LIST_ENTRY *link = reverse ? head->Blink : head->Flink;
    while (link != head) {
        struct ldr_module *module =
            module_of(CONTAINER(link, LDR_DATA_TABLE_ENTRY, InInitializationOrderLinks));
        ULONG flags = module->entry.Flags;
        bool thread = reason == DLL_THREAD_ATTACH || reason == DLL_THREAD_DETACH;
        link = reverse ? link->Blink : link->Flink;
        if ((flags & LDRP_PROCESS_ATTACH_CALLED) &&
            !(thread && (flags & LDRP_DONT_CALL_FOR_THREADS))) {
            ldr_call_initializers(module, reason, context);
        }
    }
    if (LdrpImageEntry->entry.Flags & LDRP_ENTRY_PROCESSED) {
        tls_call_callbacks(LdrpImageEntry, reason);
    }
}

static NTSTATUS init_thread(void)
{
    RtlEnterCriticalSection(&LdrpLoaderLock);
    NTSTATUS status = STATUS_SUCCESS;
    if (!current_teb()->SkipThreadAttach) {
        status = tls_add_thread();
        if (NT_SUCCESS(status)) {
            call_all(DLL_THREAD_ATTACH, false, NULL);
        }
    }
    RtlLeaveCriticalSection(&LdrpLoaderLock);
    return status;
}

void LdrpInitialize(CONTEXT *context, void *ntdll_base)
{
    LARGE_INTEGER pause = {.QuadPart = -10 * 10000};
    LONG before = INIT_NONE;
    NTSTATUS status;

    if (__atomic_compare_exchange_n(&LdrpInitState, &before, INIT_RUNNING, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE)) {
        RtlEnterCriticalSection(&LdrpLoaderLock);
        current_teb()->InitialThread = 1;
        status = init_process(context, ntdll_base);
        if (!NT_SUCCESS(status)) {
            fail_process(status);
        }
        current_teb()->RanProcessInit = 1;
        RtlLeaveCriticalSection(&LdrpLoaderLock);
        __atomic_store_n(&LdrpInitState, INIT_DONE, __ATOMIC_RELEASE);
    } else {
        while (__atomic_load_n(&LdrpInitState, __ATOMIC_ACQUIRE) != INIT_DONE) {
            NtDelayExecution(0, &pause);
        }
        status = init_thread();
        if (!NT_SUCCESS(status)) {
            NtTerminateThread(NtCurrentThread(), status);
        }
    }
    status = NtContinue(context, 1);
    RtlRaiseStatus(status);
    __builtin_unreachable();
}

void RtlpUserThreadStart(void *start, void *parameter)
{
    __try {
        if (Kernel32ThreadInitThunkFunction) {
            Kernel32ThreadInitThunkFunction(0, start, parameter);
        } else {
            RtlExitUserThread(((NTSTATUS(*)(void *))start)(parameter));
        }
    } __except (unhandled_filter(_exception_info())) {
        NtTerminateProcess(NtCurrentProcess(), _exception_code());
    }
    __builtin_trap();
}

/* ---- modules ---- */

BOOLEAN ldr_call_initializers(struct ldr_module *module, ULONG reason, void *context)
{
    BOOLEAN ok = 1;
    tls_call_callbacks(module, reason);
    if (module->entry.EntryPoint && (module->entry.Flags & LDRP_IMAGE_DLL)) {
        ok = ((DLL_MAIN *)module->entry.EntryPoint)(module->entry.DllBase, reason, context);
    }
    return ok;
}

NTSTATUS ldr_run_initializers(void *context)
{
    LIST_ENTRY *head = &PebLdr.InInitializationOrderModuleList;
    for (LIST_ENTRY *link = head->Flink; link != head; link = link->Flink) {
        struct ldr_module *module =
            module_of(CONTAINER(link, LDR_DATA_TABLE_ENTRY, InInitializationOrderLinks));
        if (module->entry.Flags & LDRP_ENTRY_PROCESSED) {
            continue;
        }
        module->entry.Flags |= LDRP_ENTRY_PROCESSED | LDRP_PROCESS_ATTACH_CALLED;
        PebLdr.EntryInProgress = module;
        BOOLEAN ok = ldr_call_initializers(module, DLL_PROCESS_ATTACH, context);
        PebLdr.EntryInProgress = NULL;
        if (!ok) {
            module->entry.Flags &= ~LDRP_PROCESS_ATTACH_CALLED;
            ldr_set_failure(&module->entry.BaseDllName);
            return STATUS_DLL_INIT_FAILED;
        }
    }
    return STATUS_SUCCESS;
}

/* ---- the end ---- */

NTSTATUS LdrShutdownThread(void)
{
    if (PebLdr.ShutdownInProgress) {
        return STATUS_SUCCESS;
    }
    RtlEnterCriticalSection(&LdrpLoaderLock);
    call_all(DLL_THREAD_DETACH, true, NULL);
    tls_remove_thread();
    RtlLeaveCriticalSection(&LdrpLoaderLock);
    return STATUS_SUCCESS;
}

NTSTATUS LdrShutdownProcess(void)
{
    if (PebLdr.ShutdownInProgress) {
        return STATUS_SUCCESS;
    }
    PebLdr.ShutdownThreadId = current_teb()->ClientId.UniqueThread;
    PebLdr.ShutdownInProgress = 1;
    RtlEnterCriticalSection(&LdrpLoaderLock);
    call_all(DLL_PROCESS_DETACH, true, (void *)1);
    RtlLeaveCriticalSection(&LdrpLoaderLock);
    return STATUS_SUCCESS;
}

/* End the process in order: hold the locks that the modules' last code needs while the other
 * threads die, so that none of them dies holding one. */
void RtlExitUserProcess(NTSTATUS status)
{
    RtlEnterCriticalSection(&LdrpLoaderLock);
    RtlAcquirePebLock();
    RtlLockHeap(current_peb()->ProcessHeap);
    LdrpShutdownStatus = status;
    NtTerminateProcess(NULL, status);
    RtlUnlockHeap(current_peb()->ProcessHeap);
    RtlReleasePebLock();
    LdrShutdownProcess();
    for (;;) {
        NtTerminateProcess(NtCurrentProcess(), status);
    }
}
