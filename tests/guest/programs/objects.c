/* Every status that the documentation of the calls on handles, events, mutants and semaphores
 * names. What names may be is in names.c; jobs are in limits.c, sections in statuses.c. */
#include "rows.h"

#define SERVICES(X)                                                                                \
    X(NtClose)                                                                                     \
    X(NtDuplicateObject)                                                                           \
    X(NtOpenProcess)                                                                               \
    X(NtOpenThread)                                                                                \
    X(NtCreateEvent)                                                                               \
    X(NtOpenEvent)                                                                                 \
    X(NtSetEvent)                                                                                  \
    X(NtQueryEvent)                                                                                \
    X(NtCreateMutant)                                                                              \
    X(NtOpenMutant)                                                                                \
    X(NtReleaseMutant)                                                                             \
    X(NtCreateSemaphore)                                                                           \
    X(NtOpenSemaphore)                                                                             \
    X(NtReleaseSemaphore)                                                                          \
    X(NtWaitForSingleObject)                                                                       \
    X(NtWaitForMultipleObjects)
#define POINTER(name) static status (*Sys_##name)();
SERVICES(POINTER)

#define OBJECT_NAME_EXISTS 0x40000000
#define TIMEOUT 0x00000102
#define INVALID_CID 0xC000000B
#define INVALID_PARAMETER_MIX 0xC0000030
#define MUTANT_NOT_OWNED 0xC0000046
#define SEMAPHORE_LIMIT_EXCEEDED 0xC0000047
#define HANDLE_NOT_CLOSABLE 0xC0000235

#define SYSTEM_PROCESS 4
#define SESSION L"\\Sessions\\1\\BaseNamedObjects\\"

static word event, mutant, owned, semaphore, waits_only, kept, limited, ended, own_process;

/* ---- attributes ---- */

enum { NONE, TAKEN, WRONG_TYPE, NOBODYS, TOO_SHORT, NOWHERE };

/* By number, as above; a larger one is an address itself. */
static OBJECT_ATTRIBUTES *attributes(word which, ULONG flags)
{
    static const WCHAR *const names[] = {[TAKEN] = SESSION L"objects-event",
                                         [WRONG_TYPE] = SESSION L"objects-section",
                                         [NOBODYS] = SESSION L"objects-nobody",
                                         [TOO_SHORT] = SESSION L"objects-short",
                                         [NOWHERE] = L"\\NoFolder\\event"};
    static OBJECT_ATTRIBUTES made;
    static UNICODE_STRING string;
    if (which > NOWHERE)
        return (OBJECT_ATTRIBUTES *)which;
    if (which == NONE)
        return NULL;
    RtlInitUnicodeString(&string, names[which]);
    made = (OBJECT_ATTRIBUTES){
        .Length = which == TOO_SHORT ? 1 : sizeof made, .ObjectName = &string, .Attributes = flags};
    return &made;
}

static status closed(status s, const word *handle)
{
    if (s >= 0)
        Sys_NtClose(*handle);
    return s;
}

/* ---- events: where (BAD_POINTER), attributes, their flags, type ---- */

static status create_event(const word *v)
{
    word handle = 0;
    return closed(Sys_NtCreateEvent(v[0] ? INTO : (word)&handle, (word)EVENT_ALL_ACCESS,
                                    attributes(v[1], v[2]), v[3], (word)0),
                  &handle);
}

static status open_event(const word *v)
{
    word handle = 0;
    return closed(Sys_NtOpenEvent(v[0] ? INTO : (word)&handle, (word)EVENT_ALL_ACCESS,
                                  attributes(v[1], v[2])),
                  &handle);
}

/* handle, where the former state goes (BAD_POINTER) */
static status set_event(const word *v)
{
    return Sys_NtSetEvent(v[0], v[1] ? INTO : (word)0);
}

/* handle, class, length, where (BAD_POINTER) */
static status query_event(const word *v)
{
    ULONG answer[2];
    return Sys_NtQueryEvent(v[0], v[1], v[3] ? INTO : (word)answer, v[2], (word)0);
}

static void test_events(void)
{
    const struct row creates[] = {
        ROW(SUCCESS, 0, NONE, 0, 0),
        ROW(SUCCESS, 0, NONE, 0, 1),
        ROW(OBJECT_NAME_EXISTS, 0, TAKEN, OBJ_OPENIF, 0),
        ROW(OBJECT_NAME_COLLISION, 0, TAKEN, 0, 0),
        ROW(OBJECT_TYPE_MISMATCH, 0, WRONG_TYPE, OBJ_OPENIF, 0),
        ROW(OBJECT_PATH_NOT_FOUND, 0, NOWHERE, 0, 0),
        ROW(INVALID_PARAMETER, 0, NONE, 0, 2),
        ROW(INVALID_PARAMETER, 0, NONE, 0, (word)-1),
        ROW(INVALID_PARAMETER, 0, TOO_SHORT, 0, 0),
        ROW(INVALID_PARAMETER, 0, NOBODYS, 0x800, 0),
        ROW(ACCESS_VIOLATION, BAD_POINTER, NONE, 0, 0),
        ROW(ACCESS_VIOLATION, 0, KERNEL, 0, 0),
    };
    CHECK(create_event, creates);
    const struct row opens[] = {
        ROW(SUCCESS, 0, TAKEN, 0),
        ROW(OBJECT_NAME_NOT_FOUND, 0, NOBODYS, 0),
        ROW(OBJECT_TYPE_MISMATCH, 0, WRONG_TYPE, 0),
        ROW(OBJECT_PATH_NOT_FOUND, 0, NOWHERE, 0),
        ROW(INVALID_PARAMETER, 0, TOO_SHORT, 0),
        ROW(ACCESS_VIOLATION, BAD_POINTER, TAKEN, 0),
        ROW(ACCESS_VIOLATION, 0, KERNEL, 0),
    };
    CHECK(open_event, opens);
    const struct row sets[] = {
        ROW(SUCCESS, event, 0),
        ROW(INVALID_HANDLE, CLOSED, 0),
        ROW(INVALID_HANDLE, 0, 0),
        ROW(OBJECT_TYPE_MISMATCH, mutant, 0),
        ROW(OBJECT_TYPE_MISMATCH, SELF, 0),
        ROW(ACCESS_DENIED, waits_only, 0),
        ROW(ACCESS_VIOLATION, event, BAD_POINTER),
    };
    CHECK(set_event, sets);
    const struct row queries[] = {
        ROW(SUCCESS, event, 0, 8),
        ROW(INVALID_INFO_CLASS, event, 1, 8),
        ROW(INFO_LENGTH_MISMATCH, event, 0, 7),
        ROW(INVALID_HANDLE, CLOSED, 0, 8),
        ROW(OBJECT_TYPE_MISMATCH, semaphore, 0, 8),
        ROW(ACCESS_DENIED, waits_only, 0, 8),
        ROW(ACCESS_VIOLATION, event, 0, 8, BAD_POINTER),
    };
    CHECK(query_event, queries);
}

/* ---- mutants: where (BAD_POINTER), attributes, their flags ---- */

static status create_mutant(const word *v)
{
    word handle = 0;
    return closed(Sys_NtCreateMutant(v[0] ? INTO : (word)&handle, (word)MUTANT_ALL_ACCESS,
                                     attributes(v[1], v[2]), (word)0),
                  &handle);
}

static status open_mutant(const word *v)
{
    word handle = 0;
    return closed(Sys_NtOpenMutant(v[0] ? INTO : (word)&handle, (word)MUTANT_ALL_ACCESS,
                                   attributes(v[1], v[2])),
                  &handle);
}

/* handle, where the former count goes (BAD_POINTER) */
static status release_mutant(const word *v)
{
    return Sys_NtReleaseMutant(v[0], v[1] ? INTO : (word)0);
}

static void test_mutants(void)
{
    const struct row creates[] = {
        ROW(SUCCESS, 0, NONE, 0),
        ROW(OBJECT_NAME_COLLISION, 0, TAKEN, 0),
        ROW(OBJECT_TYPE_MISMATCH, 0, TAKEN, OBJ_OPENIF),
        ROW(OBJECT_PATH_NOT_FOUND, 0, NOWHERE, 0),
        ROW(INVALID_PARAMETER, 0, TOO_SHORT, 0),
        ROW(ACCESS_VIOLATION, BAD_POINTER, NONE, 0),
    };
    CHECK(create_mutant, creates);
    const struct row opens[] = {
        ROW(OBJECT_NAME_NOT_FOUND, 0, NOBODYS, 0),
        ROW(OBJECT_TYPE_MISMATCH, 0, TAKEN, 0),
        ROW(OBJECT_PATH_NOT_FOUND, 0, NOWHERE, 0),
        ROW(ACCESS_VIOLATION, BAD_POINTER, TAKEN, 0),
    };
    CHECK(open_mutant, opens);
    const struct row releases[] = {
        ROW(MUTANT_NOT_OWNED, mutant, 0),    ROW(SUCCESS, owned, 0),
        ROW(MUTANT_NOT_OWNED, owned, 0),     ROW(INVALID_HANDLE, CLOSED, 0),
        ROW(OBJECT_TYPE_MISMATCH, event, 0),
    };
    CHECK(release_mutant, releases);
}

/* ---- semaphores: where (BAD_POINTER), attributes, their flags, count, limit ---- */

static status create_semaphore(const word *v)
{
    word handle = 0;
    return closed(Sys_NtCreateSemaphore(v[0] ? INTO : (word)&handle, (word)SEMAPHORE_ALL_ACCESS,
                                        attributes(v[1], v[2]), v[3], v[4]),
                  &handle);
}

static status open_semaphore(const word *v)
{
    word handle = 0;
    return closed(Sys_NtOpenSemaphore(v[0] ? INTO : (word)&handle, (word)SEMAPHORE_ALL_ACCESS,
                                      attributes(v[1], v[2])),
                  &handle);
}

/* handle, by, where the former count goes (BAD_POINTER) */
static status release_semaphore(const word *v)
{
    return Sys_NtReleaseSemaphore(v[0], v[1], v[2] ? INTO : (word)0);
}

static void test_semaphores(void)
{
    const word most = 0x7FFFFFFF, negative = 0x80000000;
    const struct row creates[] = {
        ROW(SUCCESS, 0, NONE, 0, 0, 1),
        ROW(SUCCESS, 0, NONE, 0, most, most),
        ROW(INVALID_PARAMETER, 0, NONE, 0, 0, 0),
        ROW(INVALID_PARAMETER, 0, NONE, 0, 2, 1),
        ROW(INVALID_PARAMETER, 0, NONE, 0, negative, 1),
        ROW(INVALID_PARAMETER, 0, NONE, 0, 0, negative),
        ROW(OBJECT_NAME_COLLISION, 0, TAKEN, 0, 0, 1),
        ROW(OBJECT_TYPE_MISMATCH, 0, TAKEN, OBJ_OPENIF, 0, 1),
        ROW(OBJECT_PATH_NOT_FOUND, 0, NOWHERE, 0, 0, 1),
        ROW(ACCESS_VIOLATION, BAD_POINTER, NONE, 0, 0, 1),
    };
    CHECK(create_semaphore, creates);
    const struct row opens[] = {
        ROW(OBJECT_NAME_NOT_FOUND, 0, NOBODYS, 0),
        ROW(OBJECT_TYPE_MISMATCH, 0, TAKEN, 0),
        ROW(OBJECT_PATH_NOT_FOUND, 0, NOWHERE, 0),
        ROW(ACCESS_VIOLATION, BAD_POINTER, TAKEN, 0),
    };
    CHECK(open_semaphore, opens);
    const struct row releases[] = {
        ROW(SUCCESS, semaphore, 1, 0),
        ROW(SEMAPHORE_LIMIT_EXCEEDED, semaphore, 2, 0),
        ROW(SEMAPHORE_LIMIT_EXCEEDED, semaphore, most, 0),
        ROW(INVALID_PARAMETER, semaphore, 0, 0),
        ROW(INVALID_PARAMETER, semaphore, negative, 0),
        ROW(INVALID_HANDLE, CLOSED, 1, 0),
        ROW(OBJECT_TYPE_MISMATCH, event, 1, 0),
        ROW(ACCESS_VIOLATION, semaphore, 1, BAD_POINTER),
    };
    CHECK(release_semaphore, releases);
}

/* ---- waits ---- */

/* handle, time (BAD_POINTER, or at once) */
static status wait_for(const word *v)
{
    LARGE_INTEGER now = {.QuadPart = 0};
    return Sys_NtWaitForSingleObject(v[0], (word)0, v[1] ? INTO : (word)&now);
}

/* how many, the second of the handles, all (0) or any (1), where they are (BAD_POINTER) */
static status wait_for_several(const word *v)
{
    LARGE_INTEGER now = {.QuadPart = 0};
    word handles[65] = {mutant, v[1]};
    return Sys_NtWaitForMultipleObjects(v[0], v[3] ? INTO : (word)handles, v[2], (word)0, &now);
}

static void test_waits(void)
{
    const struct row waits[] = {
        ROW(SUCCESS, mutant, 0),
        ROW(INVALID_HANDLE, CLOSED, 0),
        ROW(ACCESS_DENIED, own_process, 0),
        ROW(ACCESS_VIOLATION, mutant, BAD_POINTER),
        ROW(TIMEOUT, SELF, 0),
    };
    CHECK(wait_for, waits);
    const struct row several[] = {
        ROW(SUCCESS, 1, 0, 0),
        ROW(INVALID_HANDLE, 2, CLOSED, 0),
        ROW(INVALID_PARAMETER_MIX, 2, mutant, 0),
        ROW(INVALID_PARAMETER_1, 0, 0, 0),
        ROW(INVALID_PARAMETER_1, 65, 0, 0),
        ROW(INVALID_PARAMETER_3, 1, 0, 2),
        ROW(ACCESS_VIOLATION, 1, 0, 0, BAD_POINTER),
    };
    CHECK(wait_for_several, several);
}

/* ---- handles ---- */

static status close_handle(const word *v)
{
    return Sys_NtClose(v[0]);
}

/* from, handle, to, where (BAD_POINTER), access, options */
static status duplicate(const word *v)
{
    word handle = 0;
    status s =
        Sys_NtDuplicateObject(v[0], v[1], v[2], v[3] ? INTO : (word)&handle, v[4], (word)0, v[5]);
    return v[2] == SELF ? closed(s, &handle) : s;
}

/* attributes, process id, thread id, where those are (BAD_POINTER; 1: nowhere), where the handle
 * goes (BAD_POINTER) */
static status open_by_id(const word *v, status (*call)(), ULONG access)
{
    word handle = 0, id[2] = {v[1], v[2]};
    OBJECT_ATTRIBUTES empty = {.Length = sizeof empty};
    return closed(call(v[4] ? INTO : (word)&handle, (word)access,
                       v[0] ? attributes(v[0], 0) : &empty,
                       v[3] == BAD_POINTER ? INTO
                       : v[3]              ? (word)0
                                           : (word)id),
                  &handle);
}

static status open_process(const word *v)
{
    return open_by_id(v, Sys_NtOpenProcess, PROCESS_VM_READ);
}

static status open_thread(const word *v)
{
    return open_by_id(v, Sys_NtOpenThread, THREAD_SUSPEND_RESUME);
}

static void test_handles(void)
{
    const word process = GetCurrentProcessId(), thread = GetCurrentThreadId(), nobody = 0x7FFFFFF0;
    const struct row closes[] = {
        ROW(INVALID_HANDLE, CLOSED),
        ROW(INVALID_HANDLE, 0),
        ROW(HANDLE_NOT_CLOSABLE, kept),
    };
    CHECK(close_handle, closes);
    const struct row duplicates[] = {
        ROW(SUCCESS, SELF, event, SELF, 0, 0, DUPLICATE_SAME_ACCESS),
        ROW(SUCCESS, SELF, event, SELF, 0, SYNCHRONIZE, 0),
        ROW(INVALID_HANDLE, SELF, CLOSED, SELF, 0, 0, DUPLICATE_SAME_ACCESS),
        ROW(INVALID_HANDLE, CLOSED, event, SELF, 0, 0, DUPLICATE_SAME_ACCESS),
        ROW(INVALID_HANDLE, SELF, event, CLOSED, 0, 0, DUPLICATE_SAME_ACCESS),
        ROW(OBJECT_TYPE_MISMATCH, event, event, SELF, 0, 0, DUPLICATE_SAME_ACCESS),
        ROW(OBJECT_TYPE_MISMATCH, SELF, event, event, 0, 0, DUPLICATE_SAME_ACCESS),
        ROW(ACCESS_DENIED, limited, event, SELF, 0, 0, DUPLICATE_SAME_ACCESS),
        ROW(ACCESS_DENIED, SELF, event, limited, 0, 0, DUPLICATE_SAME_ACCESS),
        ROW(PROCESS_IS_TERMINATING, ended, event, SELF, 0, 0, DUPLICATE_SAME_ACCESS),
        ROW(PROCESS_IS_TERMINATING, SELF, event, ended, 0, 0, DUPLICATE_SAME_ACCESS),
        ROW(ACCESS_VIOLATION, SELF, event, SELF, BAD_POINTER, 0, DUPLICATE_SAME_ACCESS),
    };
    CHECK(duplicate, duplicates);
    const struct row processes[] = {
        ROW(SUCCESS, NONE, process, 0),
        ROW(SUCCESS, NONE, 0, thread),
        ROW(SUCCESS, NONE, process, thread),
        ROW(INVALID_CID, NONE, nobody, 0),
        ROW(INVALID_CID, NONE, nobody, thread),
        ROW(INVALID_CID, NONE, process, nobody),
        ROW(ACCESS_DENIED, NONE, SYSTEM_PROCESS, 0),
        ROW(INVALID_PARAMETER_MIX, NONE, process, 0, 1),
        ROW(INVALID_PARAMETER_MIX, NOBODYS, process, 0),
        ROW(INVALID_PARAMETER_MIX, NOBODYS, process, 0, 1),
        ROW(INVALID_PARAMETER, TOO_SHORT, process, 0),
        ROW(ACCESS_VIOLATION, KERNEL, process, 0),
        ROW(ACCESS_VIOLATION, NONE, process, 0, BAD_POINTER),
        ROW(ACCESS_VIOLATION, NONE, process, 0, 0, BAD_POINTER),
    };
    CHECK(open_process, processes);
    const struct row threads[] = {
        ROW(SUCCESS, NONE, 0, thread),
        ROW(SUCCESS, NONE, process, thread),
        ROW(INVALID_CID, NONE, process, nobody),
        ROW(INVALID_CID, NONE, nobody, thread),
        ROW(INVALID_PARAMETER_MIX, NONE, process, thread, 1),
        ROW(INVALID_PARAMETER_MIX, NOBODYS, process, thread),
        ROW(ACCESS_VIOLATION, NONE, process, thread, BAD_POINTER),
        ROW(ACCESS_VIOLATION, NONE, process, thread, 0, BAD_POINTER),
    };
    CHECK(open_thread, threads);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return 0;
#define FIND(name) Sys_##name = (void *)GetProcAddress(GetModuleHandleA("ntdll"), #name);
    SERVICES(FIND)
    event = (word)CreateEventA(NULL, FALSE, FALSE, "Local\\objects-event");
    mutant = (word)CreateMutexA(NULL, FALSE, NULL);
    owned = (word)CreateMutexA(NULL, TRUE, NULL);
    semaphore = (word)CreateSemaphoreA(NULL, 0, 2, NULL);
    CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 0x1000,
                       "Local\\objects-section");
    kept = (word)CreateEventA(NULL, FALSE, FALSE, NULL);
    SetHandleInformation((HANDLE)kept, HANDLE_FLAG_PROTECT_FROM_CLOSE,
                         HANDLE_FLAG_PROTECT_FROM_CLOSE);
    waits_only = copy_of(event, SYNCHRONIZE);
    limited = copy_of(SELF, SYNCHRONIZE);
    own_process = copy_of(SELF, PROCESS_QUERY_INFORMATION);
    ended = end_process(argv[0]);
    test_events();
    test_mutants();
    test_semaphores();
    test_waits();
    test_handles();
    return 0;
}
