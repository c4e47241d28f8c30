/* guest/kernel32/toolhelp.c: snapshots of processes, threads, modules and heaps.
 *
 * A snapshot is a section with everything in it, in the form in which the functions give it out,
 * and how far each of them has come:
 *
 *      struct snapshot | processes | threads | modules | heaps
 *
 * So it is closed with CloseHandle, and inherited and duplicated like any handle.
 * Source: CreateToolhelp32Snapshot, documentation. */
#include "toolhelp.h"
#include "processes.h"

#define TH32CS_SNAPHEAPLIST 0x1u
#define TH32CS_SNAPPROCESS 0x2u
#define TH32CS_SNAPTHREAD 0x4u
#define TH32CS_SNAPMODULE 0x8u
#define TH32CS_SNAPMODULE32 0x10u /* 32-bit modules, of which a 64-bit process has none */
#define TH32CS_INHERIT 0x80000000u
#define HEAP_DEFAULT 1u /* HF32_DEFAULT */
#define HEAPS_MOST 512u

enum { PROCESSES, THREADS, MODULES, HEAPS, KINDS };

static const ULONG entry_size[KINDS] = {
    [PROCESSES] = sizeof(PROCESSENTRY32W),
    [THREADS] = sizeof(THREADENTRY32),
    [MODULES] = sizeof(MODULEENTRY32W),
    [HEAPS] = sizeof(HEAPLIST32),
};

struct snapshot {
    ULONG count[KINDS], next[KINDS];
    ULONG64 offset[KINDS];
};

/* A growing array of entries of one kind. */
struct entries {
    char *bytes;
    ULONG count, room;
};

static void *add(struct entries *entries, ULONG kind)
{
    if (entries->count == entries->room) {
        ULONG room = entries->room ? 2 * entries->room : 32;
        char *bytes = heap_alloc((ULONG64)room * entry_size[kind]);
        if (!bytes)
            return NULL;
        copy_bytes(bytes, entries->bytes, (ULONG64)entries->count * entry_size[kind]);
        heap_free(entries->bytes);
        entries->bytes = bytes;
        entries->room = room;
    }
    void *entry = entries->bytes + (ULONG64)entries->count++ * entry_size[kind];
    zero_bytes(entry, entry_size[kind]);
    *(ULONG *)entry = entry_size[kind]; /* dwSize */
    return entry;
}

/* ---- taking ----
 */

static BOOL add_process(struct entries *all, const SYSTEM_PROCESS_INFORMATION *p)
{
    PROCESSENTRY32W *entry = add(&all[PROCESSES], PROCESSES);
    if (!entry)
        return FALSE;
    ULONG length = p->ImageName.Length / sizeof(WCHAR);
    entry->th32ProcessID = (ULONG)(ULONG64)p->UniqueProcessId;
    entry->th32ParentProcessID = (ULONG)(ULONG64)p->InheritedFromUniqueProcessId;
    entry->cntThreads = p->NumberOfThreads;
    entry->pcPriClassBase = p->BasePriority;
    copy_bytes(entry->szExeFile, p->ImageName.Buffer,
               (length < MAX_PATH ? length : MAX_PATH - 1) * sizeof(WCHAR));
    return TRUE;
}

static BOOL add_threads(struct entries *all, const SYSTEM_PROCESS_INFORMATION *p)
{
    for (ULONG i = 0; i < p->NumberOfThreads; i++) {
        THREADENTRY32 *entry = add(&all[THREADS], THREADS);
        if (!entry)
            return FALSE;
        entry->th32ThreadID = (ULONG)(ULONG64)p->Threads[i].ClientId.UniqueThread;
        entry->th32OwnerProcessID = (ULONG)(ULONG64)p->UniqueProcessId;
        entry->tpBasePri = p->Threads[i].BasePriority;
    }
    return TRUE;
}

static BOOL take_list(struct entries *all, ULONG flags)
{
    SYSTEM_PROCESS_INFORMATION *list = process_list();
    BOOL ok = list != NULL;
    for (const SYSTEM_PROCESS_INFORMATION *p = list; ok && p; p = process_next(p))
        ok = (!(flags & TH32CS_SNAPPROCESS) || add_process(all, p)) &&
             (!(flags & TH32CS_SNAPTHREAD) || add_threads(all, p));
    heap_free(list);
    return ok;
}

static BOOL take_modules(struct entries *all, HANDLE process, ULONG id)
{
    struct module_walk walk;
    if (!module_walk_init(&walk, process))
        return FALSE;
    while (module_walk_next(&walk)) {
        MODULEENTRY32W *entry = add(&all[MODULES], MODULES);
        if (!entry)
            return FALSE;
        entry->th32ModuleID = 1;
        entry->th32ProcessID = id;
        entry->GlblcntUsage = entry->ProccntUsage = walk.entry.LoadCount;
        entry->modBaseAddr = walk.entry.DllBase;
        entry->modBaseSize = walk.entry.SizeOfImage;
        entry->hModule = walk.entry.DllBase;
        module_walk_string(&walk, &walk.entry.BaseDllName, entry->szModule,
                           sizeof entry->szModule / sizeof(WCHAR));
        module_walk_string(&walk, &walk.entry.FullDllName, entry->szExePath, MAX_PATH);
    }
    return TRUE;
}

static BOOL take_heaps(struct entries *all, HANDLE process, ULONG id)
{
    const PEB *peb = peb_of(process);
    void *heaps[HEAPS_MOST], **where, *main_heap;
    ULONG count;
    if (!peb || !read_remote(process, &peb->NumberOfHeaps, &count, sizeof count) ||
        !read_remote(process, &peb->ProcessHeaps, &where, sizeof where) ||
        !read_remote(process, &peb->ProcessHeap, &main_heap, sizeof main_heap))
        return FALSE;
    count = count < HEAPS_MOST ? count : HEAPS_MOST;
    if (count && !read_remote(process, where, heaps, count * sizeof *heaps))
        return FALSE;
    for (ULONG i = 0; i < count; i++) {
        HEAPLIST32 *entry = add(&all[HEAPS], HEAPS);
        if (!entry)
            return FALSE;
        entry->dwSize = sizeof *entry;
        entry->th32ProcessID = id;
        entry->th32HeapID = (ULONG64)heaps[i];
        entry->dwFlags = heaps[i] == main_heap ? HEAP_DEFAULT : 0;
    }
    return TRUE;
}

/* What one process has. */
static BOOL take_process(struct entries *all, ULONG flags, ULONG id)
{
    const ULONG rights = 0x0410; /* PROCESS_QUERY_INFORMATION | PROCESS_VM_READ */
    id = id ? id : GetCurrentProcessId();
    HANDLE process = OpenProcess(rights, FALSE, id);
    if (!process)
        return FALSE;
    BOOL ok =
        (!(flags & (TH32CS_SNAPMODULE | TH32CS_SNAPMODULE32)) || take_modules(all, process, id)) &&
        (!(flags & TH32CS_SNAPHEAPLIST) || take_heaps(all, process, id));
    ULONG error = GetLastError();
    CloseHandle(process);
    return ok ? TRUE : fail_error(error);
}

/* ---- keeping ----
 */

static struct snapshot *map(HANDLE section)
{
    void *base = NULL;
    ULONG64 size = 0;
    NTSTATUS status = NtMapViewOfSection(section, CURRENT_PROCESS, &base, 0, 0, NULL, &size,
                                         ViewUnmap, 0, PAGE_READWRITE);
    return done(status) ? base : NULL;
}

static void unmap(struct snapshot *snapshot)
{
    NtUnmapViewOfSection(CURRENT_PROCESS, snapshot);
}

static HANDLE keep(const struct entries *all, ULONG flags)
{
    OBJECT_ATTRIBUTES attributes = {.Length = sizeof attributes,
                                    .Attributes = flags & TH32CS_INHERIT ? OBJ_INHERIT : 0};
    struct snapshot header;
    LARGE_INTEGER size = {.QuadPart = sizeof header};
    HANDLE section;
    zero_bytes(&header, sizeof header);
    for (ULONG kind = 0; kind < KINDS; kind++) {
        header.count[kind] = all[kind].count;
        header.offset[kind] = (ULONG64)size.QuadPart;
        size.QuadPart += ((LONG64)all[kind].count * entry_size[kind] + 7) / 8 * 8;
    }
    if (!done(NtCreateSection(&section, SECTION_ALL_ACCESS, &attributes, &size, PAGE_READWRITE,
                              SEC_COMMIT, NULL)))
        return INVALID_HANDLE_VALUE;
    struct snapshot *snapshot = map(section);
    if (!snapshot) {
        NtClose(section);
        return INVALID_HANDLE_VALUE;
    }
    *snapshot = header;
    for (ULONG kind = 0; kind < KINDS; kind++)
        copy_bytes((char *)snapshot + header.offset[kind], all[kind].bytes,
                   (ULONG64)all[kind].count * entry_size[kind]);
    unmap(snapshot);
    return section;
}

HANDLE CreateToolhelp32Snapshot(ULONG flags, ULONG id)
{
    struct entries all[KINDS];
    HANDLE snapshot = INVALID_HANDLE_VALUE;
    BOOL ok = TRUE;
    zero_bytes(all, sizeof all);
    if (flags & (TH32CS_SNAPPROCESS | TH32CS_SNAPTHREAD))
        ok = take_list(all, flags);
    if (ok && (flags & (TH32CS_SNAPMODULE | TH32CS_SNAPMODULE32 | TH32CS_SNAPHEAPLIST)))
        ok = take_process(all, flags, id);
    if (ok)
        snapshot = keep(all, flags);
    for (ULONG kind = 0; kind < KINDS; kind++)
        heap_free(all[kind].bytes);
    return snapshot;
}

/* ---- giving out ----
 */

/* Copy entry number `number`, or the next one, to a structure whose first member is its size. */
static BOOL give(HANDLE section, ULONG kind, BOOL first, void *to)
{
    if (!to || *(ULONG *)to < entry_size[kind])
        return fail_error(ERROR_INSUFFICIENT_BUFFER);
    struct snapshot *snapshot = map(section);
    if (!snapshot)
        return FALSE;
    ULONG number = first ? 0 : snapshot->next[kind];
    BOOL there = number < snapshot->count[kind];
    if (there) {
        snapshot->next[kind] = number + 1;
        copy_bytes(to,
                   (char *)snapshot + snapshot->offset[kind] + (ULONG64)number * entry_size[kind],
                   entry_size[kind]);
    }
    unmap(snapshot);
    return there ? TRUE : fail_error(ERROR_NO_MORE_FILES);
}

BOOL Process32FirstW(HANDLE snapshot, PROCESSENTRY32W *entry)
{
    return give(snapshot, PROCESSES, TRUE, entry);
}

BOOL Process32NextW(HANDLE snapshot, PROCESSENTRY32W *entry)
{
    return give(snapshot, PROCESSES, FALSE, entry);
}

BOOL Thread32First(HANDLE snapshot, THREADENTRY32 *entry)
{
    return give(snapshot, THREADS, TRUE, entry);
}

BOOL Thread32Next(HANDLE snapshot, THREADENTRY32 *entry)
{
    return give(snapshot, THREADS, FALSE, entry);
}

BOOL Module32FirstW(HANDLE snapshot, MODULEENTRY32W *entry)
{
    return give(snapshot, MODULES, TRUE, entry);
}

BOOL Module32NextW(HANDLE snapshot, MODULEENTRY32W *entry)
{
    return give(snapshot, MODULES, FALSE, entry);
}

/* HEAPLIST32.dwSize is a SIZE_T; its low half serves as well. */
BOOL Heap32ListFirst(HANDLE snapshot, HEAPLIST32 *entry)
{
    return give(snapshot, HEAPS, TRUE, entry);
}

BOOL Heap32ListNext(HANDLE snapshot, HEAPLIST32 *entry)
{
    return give(snapshot, HEAPS, FALSE, entry);
}

static BOOL give_process_ansi(HANDLE snapshot, BOOL first, PROCESSENTRY32 *entry)
{
    PROCESSENTRY32W wide = {.dwSize = sizeof wide};
    if (!entry || entry->dwSize < sizeof *entry)
        return fail_error(ERROR_INSUFFICIENT_BUFFER);
    if (!give(snapshot, PROCESSES, first, &wide))
        return FALSE;
    copy_bytes(entry, &wide, offsetof(PROCESSENTRY32, szExeFile));
    entry->dwSize = sizeof *entry;
    copy_out_ansi(wide.szExeFile, wide_length(wide.szExeFile), entry->szExeFile, MAX_PATH);
    return TRUE;
}

BOOL Process32First(HANDLE snapshot, PROCESSENTRY32 *entry)
{
    return give_process_ansi(snapshot, TRUE, entry);
}

BOOL Process32Next(HANDLE snapshot, PROCESSENTRY32 *entry)
{
    return give_process_ansi(snapshot, FALSE, entry);
}

static BOOL give_module_ansi(HANDLE snapshot, BOOL first, MODULEENTRY32 *entry)
{
    MODULEENTRY32W wide = {.dwSize = sizeof wide};
    if (!entry || entry->dwSize < sizeof *entry)
        return fail_error(ERROR_INSUFFICIENT_BUFFER);
    if (!give(snapshot, MODULES, first, &wide))
        return FALSE;
    copy_bytes(entry, &wide, offsetof(MODULEENTRY32, szModule));
    entry->dwSize = sizeof *entry;
    copy_out_ansi(wide.szModule, wide_length(wide.szModule), entry->szModule,
                  sizeof entry->szModule);
    copy_out_ansi(wide.szExePath, wide_length(wide.szExePath), entry->szExePath, MAX_PATH);
    return TRUE;
}

BOOL Module32First(HANDLE snapshot, MODULEENTRY32 *entry)
{
    return give_module_ansi(snapshot, TRUE, entry);
}

BOOL Module32Next(HANDLE snapshot, MODULEENTRY32 *entry)
{
    return give_module_ansi(snapshot, FALSE, entry);
}
