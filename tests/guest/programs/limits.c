/* Every status that the documentation of these calls names: locks, physical pages, large pages,
 * jobs, priorities and limits of memory. See rows.h. */
#include "rows.h"

#define SERVICES(X)                                                                                \
    X(NtLockVirtualMemory)                                                                         \
    X(NtUnlockVirtualMemory)                                                                       \
    X(NtAllocateUserPhysicalPages)                                                                 \
    X(NtFreeUserPhysicalPages)                                                                     \
    X(NtMapUserPhysicalPages)                                                                      \
    X(NtMapUserPhysicalPagesScatter)                                                               \
    X(NtAllocateVirtualMemory)                                                                     \
    X(NtFreeVirtualMemory)                                                                         \
    X(NtProtectVirtualMemory)                                                                      \
    X(NtCreateSection)                                                                             \
    X(NtMapViewOfSection)                                                                          \
    X(NtUnmapViewOfSection)                                                                        \
    X(NtFlushVirtualMemory)                                                                        \
    X(NtCreateJobObject)                                                                           \
    X(NtOpenJobObject)                                                                             \
    X(NtAssignProcessToJobObject)                                                                  \
    X(NtIsProcessInJob)                                                                            \
    X(NtTerminateJobObject)                                                                        \
    X(NtQueryInformationJobObject)                                                                 \
    X(NtSetInformationJobObject)                                                                   \
    X(NtSetInformationThread)                                                                      \
    X(NtQueryInformationThread)                                                                    \
    X(NtSetInformationProcess)                                                                     \
    X(NtQueryInformationProcess)                                                                   \
    X(NtClose)
#define POINTER(name) static status (*Sys_##name)();
SERVICES(POINTER)

#define WAS_LOCKED 0x40000019
#define PROCESS_NOT_IN_JOB 0x00000123
#define PROCESS_IN_JOB 0x00000124
#define OBJECT_NAME_EXISTS 0x40000000
#define GUARD_PAGE_VIOLATION 0x80000001
#define NOT_LOCKED 0xC000002A
#define MAPPED_ALIGNMENT 0xC0000220
#define INSUFFICIENT_RESOURCES 0xC000009A
#define WORKING_SET_QUOTA 0xC00000A1
#define BAD_WORKING_SET_LIMIT 0xC000004C

#define MEMORY 0x40000000 /* 1 MB; all of it committed */
#define RESERVED 0x41000000
#define UNTOUCHABLE 0x42000000
#define GUARDED 0x43000000
#define WINDOW 0x44000000 /* 64 KB for physical pages */
#define LARGE 0x45000000  /* 4 MB in large pages */
#define LARGE_VIEW 0x46000000
#define VIEW 0x47000000 /* 64 KB of memory */
#define FILE_VIEW 0x48000000
#define NOTHING 0x50000000
#define NOBODYS 0x7FFFFFE0000 /* the last 64 KB of user space */
#define TWO_MB 0x200000
#define RW PAGE_READWRITE
#define MAP_PROCESS 1
#define MAP_SYSTEM 2

static word event, limited, ended, self, job, no_rights, large_section, frames[4];

static BOOL set_privilege(DWORD attributes)
{
    HANDLE token;
    TOKEN_PRIVILEGES one = {.PrivilegeCount = 1, .Privileges = {{.Attributes = attributes}}};
    OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES, &token);
    LookupPrivilegeValueA(NULL, "SeLockMemoryPrivilege", &one.Privileges[0].Luid);
    return AdjustTokenPrivileges(token, FALSE, &one, 0, NULL, NULL);
}

/* ---- locks: process, base, size, type ---- */

static status change_lock(const word *v, status (*call)())
{
    word base = v[1], size = v[2];
    status s = call(v[0], pointer(&base), pointer(&size), v[3]);
    return unchanged(s, v[1], base, v[2], size);
}

static status lock(const word *v)
{
    return change_lock(v, Sys_NtLockVirtualMemory);
}

static status unlock(const word *v)
{
    return change_lock(v, Sys_NtUnlockVirtualMemory);
}

static void test_locks(void)
{
    const struct row either[] = {
        ROW(INVALID_HANDLE, CLOSED, MEMORY, 0x1000, MAP_PROCESS),
        ROW(OBJECT_TYPE_MISMATCH, event, MEMORY, 0x1000, MAP_PROCESS),
        ROW(ACCESS_DENIED, limited, MEMORY, 0x1000, MAP_PROCESS),
        ROW(PROCESS_IS_TERMINATING, ended, MEMORY, 0x1000, MAP_PROCESS),
        ROW(ACCESS_VIOLATION, SELF, BAD_POINTER, 0x1000, MAP_PROCESS),
        ROW(ACCESS_VIOLATION, SELF, MEMORY, BAD_POINTER, MAP_PROCESS),
        ROW(INVALID_PARAMETER, SELF, MEMORY, 0x1000, 0),
        ROW(INVALID_PARAMETER, SELF, MEMORY, 0x1000, 4),
        ROW(INVALID_PARAMETER, SELF, MEMORY, 0x1000, MAP_PROCESS | 8),
        ROW(INVALID_PARAMETER_2, SELF, KERNEL, 0x1000, MAP_PROCESS),
        ROW(INVALID_PARAMETER_2, SELF, NOBODYS, 0x1000, MAP_PROCESS),
        ROW(INVALID_PARAMETER_3, SELF, MEMORY, 0, MAP_PROCESS),
        ROW(INVALID_PARAMETER_3, SELF, MEMORY, NOBODYS, MAP_PROCESS),
        ROW(INVALID_PARAMETER_3, SELF, MEMORY, (word)-1, MAP_PROCESS),
        ROW(PRIVILEGE_NOT_HELD, SELF, MEMORY, 0x1000, MAP_SYSTEM),
        ROW(PRIVILEGE_NOT_HELD, SELF, MEMORY, 0x1000, MAP_SYSTEM | MAP_PROCESS),
    };
    CHECK(lock, either);
    CHECK(unlock, either);
    const struct row rows[] = {
        ROW(ACCESS_VIOLATION, SELF, NOTHING, 0x1000, MAP_PROCESS),
        ROW(ACCESS_VIOLATION, SELF, RESERVED, 0x1000, MAP_PROCESS),
        ROW(ACCESS_VIOLATION, SELF, UNTOUCHABLE, 0x1000, MAP_PROCESS),
        ROW(ACCESS_VIOLATION, SELF, MEMORY + 0xFF000, 0x2000, MAP_PROCESS),
        ROW(GUARD_PAGE_VIOLATION, SELF, GUARDED, 0x1000, MAP_PROCESS),
        ROW(SUCCESS, SELF, GUARDED, 0x1000, MAP_PROCESS),
        ROW(WORKING_SET_QUOTA, SELF, MEMORY, 0x100000, MAP_PROCESS),
        ROW(SUCCESS, SELF, MEMORY + 0x10, 0x2000, MAP_PROCESS),
        ROW(WAS_LOCKED, SELF, MEMORY + 0x1000, 0x2000, MAP_PROCESS),
    };
    CHECK(lock, rows);
    const struct row unlocks[] = {
        ROW(SUCCESS, SELF, MEMORY, 0x3000, MAP_PROCESS),
        ROW(NOT_LOCKED, SELF, MEMORY, 0x1000, MAP_PROCESS),
        ROW(NOT_LOCKED, SELF, NOTHING, 0x1000, MAP_PROCESS),
        ROW(SUCCESS, SELF, GUARDED, 1, MAP_PROCESS),
        ROW(NOT_LOCKED, SELF, GUARDED, 1, MAP_PROCESS),
    };
    CHECK(unlock, unlocks);
    set_privilege(SE_PRIVILEGE_ENABLED);
    const struct row privileged[] = {
        ROW(SUCCESS, SELF, MEMORY, 0x1000, MAP_SYSTEM),
        ROW(WAS_LOCKED, SELF, MEMORY, 0x1000, MAP_SYSTEM),
        ROW(SUCCESS, SELF, MEMORY, 0x1000, MAP_PROCESS),
        ROW(WAS_LOCKED, SELF, MEMORY, 0x1000, MAP_SYSTEM | MAP_PROCESS),
    };
    CHECK(lock, privileged);
    const struct row both[] = {
        ROW(SUCCESS, SELF, MEMORY, 0x1000, MAP_SYSTEM | MAP_PROCESS),
        ROW(NOT_LOCKED, SELF, MEMORY, 0x1000, MAP_SYSTEM),
    };
    CHECK(unlock, both);
    set_privilege(0);
}

/* ---- physical pages ---- */

/* process, count, where: 0: ours, BAD_POINTER */
static status own(const word *v)
{
    static word got[64];
    word count = v[1];
    status s = Sys_NtAllocateUserPhysicalPages(v[0], pointer(&count), v[2] ? INTO : (word)got);
    if (s >= 0) {
        if (count != v[1])
            return CHANGED;
        Sys_NtFreeUserPhysicalPages(SELF, &count, got);
    }
    return s;
}

/* process, count, frames: 0: ours that nobody owns, BAD_POINTER */
static status disown(const word *v)
{
    word count = v[1], nobodys[4] = {1, 1, 1, 1};
    return Sys_NtFreeUserPhysicalPages(v[0], pointer(&count), v[2] ? INTO : (word)nobodys);
}

/* address, count, frames: 0: none, 1: ours, 2: nobody's, 3: one twice, BAD_POINTER */
static status place(const word *v)
{
    word nobodys[2] = {1, 1}, twice[2] = {frames[0], frames[0]};
    const word *list[] = {NULL, frames, nobodys, twice};
    return Sys_NtMapUserPhysicalPages(v[0], v[1], v[2] < 4 ? (word)list[v[2]] : INTO);
}

/* the same, but two addresses, the second a page behind the first; count 0: addresses nowhere */
static status scatter(const word *v)
{
    word nobodys[2] = {1, 1}, twice[2] = {frames[0], frames[0]}, at[2] = {v[0], v[0] + 0x1000};
    const word *list[] = {NULL, frames, nobodys, twice};
    return Sys_NtMapUserPhysicalPagesScatter(v[1] ? (word)at : INTO, 2,
                                             v[2] < 4 ? (word)list[v[2]] : INTO);
}

static void test_physical(void)
{
    const struct row without[] = {ROW(PRIVILEGE_NOT_HELD, SELF, 1, 0)};
    CHECK(own, without);
    set_privilege(SE_PRIVILEGE_ENABLED);
    const struct row rows[] = {
        ROW(SUCCESS, SELF, 4, 0),
        ROW(SUCCESS, SELF, 0, 0),
        ROW(INVALID_HANDLE, CLOSED, 1, 0),
        ROW(OBJECT_TYPE_MISMATCH, event, 1, 0),
        ROW(ACCESS_DENIED, limited, 1, 0),
        ROW(ACCESS_VIOLATION, SELF, BAD_POINTER, 0),
        ROW(ACCESS_VIOLATION, SELF, 1, BAD_POINTER),
        ROW(PROCESS_IS_TERMINATING, ended, 1, 0),
    };
    CHECK(own, rows);
    const struct row frees[] = {
        ROW(SUCCESS, SELF, 0, 0),
        ROW(CONFLICTING_ADDRESSES, SELF, 1, 0),
        ROW(INVALID_HANDLE, CLOSED, 1, 0),
        ROW(OBJECT_TYPE_MISMATCH, event, 1, 0),
        ROW(ACCESS_DENIED, limited, 1, 0),
        ROW(ACCESS_VIOLATION, SELF, BAD_POINTER, 0),
        ROW(ACCESS_VIOLATION, SELF, 1, BAD_POINTER),
        ROW(INVALID_PARAMETER_2, SELF, (word)-1, 0),
    };
    CHECK(disown, frees);
    word count = 4;
    if (Sys_NtAllocateUserPhysicalPages(SELF, &count, frames) < 0 || count != 4)
        printf("no physical pages\n");
    const struct row maps[] = {
        ROW(SUCCESS, WINDOW, 2, 1),
        ROW(INVALID_PARAMETER_3, WINDOW + 0x2000, 2, 1),
        ROW(SUCCESS, WINDOW, 2, 0),
        ROW(SUCCESS, WINDOW, 2, 0),
        ROW(SUCCESS, WINDOW, 0, 1),
        ROW(INVALID_PARAMETER_3, WINDOW, 2, 3),
        ROW(CONFLICTING_ADDRESSES, WINDOW, 2, 2),
        ROW(INVALID_PARAMETER_1, MEMORY, 1, 1),
        ROW(INVALID_PARAMETER_1, NOTHING, 1, 1),
        ROW(INVALID_PARAMETER_1, KERNEL, 1, 1),
        ROW(INVALID_PARAMETER_1, WINDOW + 0xF000, 2, 1),
        ROW(INVALID_PARAMETER_2, WINDOW, (word)-1, 1),
        ROW(ACCESS_VIOLATION, WINDOW, 1, BAD_POINTER),
    };
    CHECK(place, maps);
    const struct row scatters[] = {
        ROW(SUCCESS, WINDOW + 0x3000, 2, 1),
        ROW(SUCCESS, WINDOW + 0x3000, 2, 0),
        ROW(INVALID_PARAMETER_3, WINDOW, 2, 3),
        ROW(CONFLICTING_ADDRESSES, WINDOW, 2, 2),
        ROW(INVALID_PARAMETER_1, WINDOW - 0x1000, 2, 1),
        ROW(INVALID_PARAMETER_1, WINDOW + 0xF000, 2, 1),
        ROW(ACCESS_VIOLATION, WINDOW, 2, BAD_POINTER),
        ROW(ACCESS_VIOLATION, WINDOW, 0, 1),
    };
    CHECK(scatter, scatters);
    set_privilege(0);
}

/* ---- large pages ---- */

/* process, base, size, type, protection */
static status allocate(const word *v)
{
    word base = v[1], size = v[2];
    status s = Sys_NtAllocateVirtualMemory(v[0], &base, 0, &size, v[3], v[4]);
    s = unchanged(s, v[1], base, v[2], size);
    if (s >= 0 && v[1] != LARGE) {
        size = 0;
        Sys_NtFreeVirtualMemory(v[0], &base, &size, MEM_RELEASE);
    }
    return s;
}

/* base, size, type */
static status release(const word *v)
{
    word base = v[0], size = v[1];
    return unchanged(Sys_NtFreeVirtualMemory(SELF, &base, &size, v[2]), v[0], base, v[1], size);
}

/* base, size, protection */
static status protect(const word *v)
{
    word base = v[0], size = v[1];
    ULONG old;
    return unchanged(Sys_NtProtectVirtualMemory(SELF, &base, &size, v[2], &old), v[0], base, v[1],
                     size);
}

/* size, protection, allocation */
static status create_section(const word *v)
{
    word handle = 0, size = v[0];
    status s =
        Sys_NtCreateSection(&handle, SECTION_ALL_ACCESS, (word)0, &size, v[1], v[2], (word)0);
    if (s >= 0)
        Sys_NtClose(handle);
    return s;
}

/* section, base, offset, size, protection */
static status map(const word *v)
{
    word base = v[1], offset = v[2], size = v[3];
    status s = Sys_NtMapViewOfSection(v[0], SELF, &base, (word)0, (word)0, &offset, &size, (word)2,
                                      (word)0, v[4]);
    if (s >= 0 && v[1] != LARGE_VIEW)
        Sys_NtUnmapViewOfSection(SELF, base);
    return s;
}

static void test_large(void)
{
    const ULONG both = MEM_RESERVE | MEM_COMMIT, all = both | MEM_LARGE_PAGES;
    const ULONG section = SEC_COMMIT | SEC_LARGE_PAGES;
    const struct row without[] = {
        ROW(PRIVILEGE_NOT_HELD, SELF, 0, TWO_MB, all, RW),
        ROW(INVALID_PARAMETER_5, SELF, 0, TWO_MB, all | MEM_RESET, RW),
    };
    CHECK(allocate, without);
    const struct row section_without[] = {ROW(PRIVILEGE_NOT_HELD, TWO_MB, RW, section)};
    CHECK(create_section, section_without);
    set_privilege(SE_PRIVILEGE_ENABLED);
    const struct row rows[] = {
        ROW(SUCCESS, SELF, 0, TWO_MB, all, RW),
        ROW(SUCCESS, SELF, 0, TWO_MB, all | MEM_TOP_DOWN, PAGE_EXECUTE_READWRITE),
        ROW(SUCCESS, SELF, LARGE, 2 * TWO_MB, all, RW),
        ROW(CONFLICTING_ADDRESSES, SELF, LARGE + TWO_MB, TWO_MB, all, RW),
        ROW(CONFLICTING_ADDRESSES, SELF, LARGE, 0x1000, MEM_COMMIT, RW),
        ROW(INVALID_HANDLE, CLOSED, 0, TWO_MB, all, RW),
        ROW(OBJECT_TYPE_MISMATCH, event, 0, TWO_MB, all, RW),
        ROW(ACCESS_DENIED, limited, 0, TWO_MB, all, RW),
        ROW(PROCESS_IS_TERMINATING, ended, 0, TWO_MB, all, RW),
        ROW(INVALID_PARAMETER_2, SELF, LARGE + 0x10000, TWO_MB, all, RW),
        ROW(INVALID_PARAMETER_2, SELF, NOBODYS, TWO_MB, all, RW),
        ROW(INVALID_PARAMETER_4, SELF, 0, 0, all, RW),
        ROW(INVALID_PARAMETER_4, SELF, 0, 0x1000, all, RW),
        ROW(INVALID_PARAMETER_4, SELF, 0, TWO_MB + 1, all, RW),
        ROW(INVALID_PARAMETER_5, SELF, 0, TWO_MB, MEM_LARGE_PAGES, RW),
        ROW(INVALID_PARAMETER_5, SELF, 0, TWO_MB, MEM_LARGE_PAGES | MEM_RESERVE, RW),
        ROW(INVALID_PARAMETER_5, SELF, 0, TWO_MB, MEM_LARGE_PAGES | MEM_COMMIT, RW),
        ROW(INVALID_PARAMETER_5, SELF, 0, TWO_MB, all | MEM_WRITE_WATCH, RW),
        ROW(INVALID_PARAMETER_5, SELF, 0, TWO_MB, all | MEM_PHYSICAL, RW),
        ROW(INVALID_PAGE_PROTECTION, SELF, 0, TWO_MB, all, PAGE_NOACCESS),
        ROW(INVALID_PAGE_PROTECTION, SELF, 0, TWO_MB, all, RW | PAGE_GUARD),
        ROW(INVALID_PAGE_PROTECTION, SELF, 0, TWO_MB, all, PAGE_WRITECOPY),
        ROW(INVALID_PAGE_PROTECTION, SELF, 0, TWO_MB, all, 0),
        ROW(INSUFFICIENT_RESOURCES, SELF, 0, (word)1 << 40, all, RW),
    };
    CHECK(allocate, rows);
    const struct row protects[] = {
        ROW(CONFLICTING_ADDRESSES, LARGE, 0x1000, PAGE_READONLY),
        ROW(CONFLICTING_ADDRESSES, LARGE, TWO_MB + 1, PAGE_READONLY),
        ROW(CONFLICTING_ADDRESSES, LARGE, 3 * TWO_MB, PAGE_READONLY),
        ROW(INVALID_PAGE_PROTECTION, LARGE, TWO_MB, PAGE_NOACCESS),
        ROW(INVALID_PAGE_PROTECTION, LARGE, TWO_MB, RW | PAGE_GUARD),
        ROW(INVALID_PAGE_PROTECTION, LARGE, TWO_MB, PAGE_WRITECOPY),
        ROW(SUCCESS, LARGE, TWO_MB, PAGE_EXECUTE_READ),
    };
    CHECK(protect, protects);
    const struct row frees[] = {
        ROW(MEMORY_NOT_ALLOCATED, LARGE, TWO_MB, MEM_DECOMMIT),
        ROW(MEMORY_NOT_ALLOCATED, LARGE, 0, MEM_DECOMMIT),
        ROW(FREE_VM_NOT_AT_BASE, LARGE, TWO_MB, MEM_RELEASE),
        ROW(FREE_VM_NOT_AT_BASE, LARGE + TWO_MB, 0, MEM_RELEASE),
        ROW(UNABLE_TO_FREE_VM, LARGE, 3 * TWO_MB, MEM_RELEASE),
        ROW(SUCCESS, LARGE, 2 * TWO_MB, MEM_RELEASE),
    };
    CHECK(release, frees);
    const struct row sections[] = {
        ROW(SUCCESS, TWO_MB, RW, section),
        ROW(INVALID_PARAMETER_4, 0x1000, RW, section),
        ROW(INVALID_PARAMETER_4, TWO_MB + 0x1000, RW, section),
        ROW(INVALID_PARAMETER_6, TWO_MB, RW, SEC_RESERVE | SEC_LARGE_PAGES),
        ROW(INVALID_PARAMETER_6, TWO_MB, RW, SEC_LARGE_PAGES),
        ROW(INVALID_PAGE_PROTECTION, TWO_MB, PAGE_WRITECOPY, section),
        ROW(INVALID_PAGE_PROTECTION, TWO_MB, PAGE_NOACCESS, section),
        ROW(COMMITMENT_LIMIT, (word)1 << 40, RW, section),
    };
    CHECK(create_section, sections);
    word size = 2 * TWO_MB;
    Sys_NtCreateSection(&large_section, SECTION_ALL_ACCESS, (word)0, &size, (word)RW, (word)section,
                        (word)0);
    const struct row maps[] = {
        ROW(SUCCESS, large_section, 0, 0, 0, RW),
        ROW(SUCCESS, large_section, 0, TWO_MB, TWO_MB, PAGE_READONLY),
        ROW(SUCCESS, large_section, LARGE_VIEW, 0, 0, RW),
        ROW(CONFLICTING_ADDRESSES, large_section, LARGE_VIEW, 0, 0, RW),
        ROW(MAPPED_ALIGNMENT, large_section, LARGE + 0x10000, 0, 0, RW),
        ROW(MAPPED_ALIGNMENT, large_section, 0, 0x10000, 0, RW),
        ROW(INVALID_VIEW_SIZE, large_section, 0, 0, 0x1000, RW),
        ROW(INVALID_VIEW_SIZE, large_section, 0, TWO_MB, 2 * TWO_MB, RW),
        ROW(INVALID_PAGE_PROTECTION, large_section, 0, 0, 0, PAGE_NOACCESS),
        ROW(INVALID_PAGE_PROTECTION, large_section, 0, 0, 0, PAGE_WRITECOPY),
        ROW(SECTION_PROTECTION, large_section, 0, 0, 0, PAGE_EXECUTE_READ),
    };
    CHECK(map, maps);
    const struct row commits[] = {ROW(ALREADY_COMMITTED, SELF, LARGE_VIEW, 0x1000, MEM_COMMIT, RW)};
    CHECK(allocate, commits);
    const struct row view_protects[] = {
        ROW(CONFLICTING_ADDRESSES, LARGE_VIEW, 0x1000, PAGE_READONLY),
        ROW(SECTION_PROTECTION, LARGE_VIEW, TWO_MB, PAGE_EXECUTE_READ),
        ROW(INVALID_PAGE_PROTECTION, LARGE_VIEW, TWO_MB, PAGE_WRITECOPY),
        ROW(SUCCESS, LARGE_VIEW, TWO_MB, PAGE_READONLY),
    };
    CHECK(protect, view_protects);
    set_privilege(0);
}

/* ---- jobs ---- */

static OBJECT_ATTRIBUTES named(const WCHAR *text, UNICODE_STRING *string)
{
    RtlInitUnicodeString(string, text);
    return (OBJECT_ATTRIBUTES){.Length = sizeof(OBJECT_ATTRIBUTES),
                               .ObjectName = string,
                               .Attributes = OBJ_CASE_INSENSITIVE};
}

/* where: 0: ours, BAD_POINTER; attributes */
static status create_job(const word *v)
{
    word handle = 0;
    status s =
        Sys_NtCreateJobObject(v[0] ? INTO : (word)&handle, JOB_OBJECT_ALL_ACCESS, (void *)v[1]);
    if (s >= 0)
        Sys_NtClose(handle);
    return s;
}

/* where, attributes, access */
static status open_job(const word *v)
{
    word handle = 0;
    status s = Sys_NtOpenJobObject(v[0] ? INTO : (word)&handle, v[2], (void *)v[1]);
    if (s >= 0)
        Sys_NtClose(handle);
    return s;
}

static status assign(const word *v)
{
    return Sys_NtAssignProcessToJobObject(v[0], v[1]);
}

static status in_job(const word *v)
{
    return Sys_NtIsProcessInJob(v[0], v[1]);
}

static status terminate_job(const word *v)
{
    return Sys_NtTerminateJobObject(v[0], 0);
}

/* job, class, length, where */
static status query_job(const word *v)
{
    static char answer[0x200];
    return Sys_NtQueryInformationJobObject(v[0], v[1], v[3] ? INTO : (word)answer, v[2], 0);
}

/* job, class, length, flags of limits, where */
static status set_job(const word *v)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {.BasicLimitInformation.LimitFlags = v[3],
                                                   .ProcessMemoryLimit = 1 << 30,
                                                   .JobMemoryLimit = 1 << 30};
    return Sys_NtSetInformationJobObject(v[0], v[1], v[4] ? INTO : (word)&limits, v[2]);
}

enum { BASIC_ACCOUNTING = 1, BASIC_LIMIT, PROCESS_IDS, UI_RESTRICTIONS, EXTENDED_LIMIT = 9 };

static void test_jobs(void)
{
    UNICODE_STRING strings[4];
    OBJECT_ATTRIBUTES taken = named(L"\\BaseNamedObjects\\limits-event", &strings[0]);
    OBJECT_ATTRIBUTES nowhere = named(L"\\NoFolder\\job", &strings[1]);
    OBJECT_ATTRIBUTES nobody = named(L"\\BaseNamedObjects\\limits-nobody", &strings[2]);
    OBJECT_ATTRIBUTES wrong = {.Length = 1};
    const word length = sizeof(JOBOBJECT_EXTENDED_LIMIT_INFORMATION),
               basic = sizeof(JOBOBJECT_BASIC_LIMIT_INFORMATION);
    const struct row creates[] = {
        ROW(SUCCESS, 0, 0),
        ROW(ACCESS_VIOLATION, BAD_POINTER, 0),
        ROW(ACCESS_VIOLATION, 0, KERNEL),
        ROW(INVALID_PARAMETER, 0, (word)&wrong),
        ROW(OBJECT_NAME_COLLISION, 0, (word)&taken),
        ROW(OBJECT_PATH_NOT_FOUND, 0, (word)&nowhere),
    };
    CHECK(create_job, creates);
    const struct row opens[] = {
        ROW(OBJECT_TYPE_MISMATCH, 0, (word)&taken, JOB_OBJECT_QUERY),
        ROW(OBJECT_NAME_NOT_FOUND, 0, (word)&nobody, JOB_OBJECT_QUERY),
        ROW(OBJECT_PATH_NOT_FOUND, 0, (word)&nowhere, JOB_OBJECT_QUERY),
        ROW(ACCESS_VIOLATION, BAD_POINTER, (word)&nobody, JOB_OBJECT_QUERY),
    };
    CHECK(open_job, opens);
    const struct row asks[] = {
        ROW(PROCESS_NOT_IN_JOB, SELF, 0),    ROW(PROCESS_NOT_IN_JOB, SELF, job),
        ROW(INVALID_HANDLE, CLOSED, 0),      ROW(INVALID_HANDLE, SELF, CLOSED),
        ROW(OBJECT_TYPE_MISMATCH, event, 0), ROW(OBJECT_TYPE_MISMATCH, SELF, event),
        ROW(ACCESS_DENIED, limited, 0),      ROW(ACCESS_DENIED, SELF, no_rights),
    };
    CHECK(in_job, asks);
    const struct row assigns[] = {
        ROW(INVALID_HANDLE, CLOSED, SELF),       ROW(INVALID_HANDLE, job, CLOSED),
        ROW(OBJECT_TYPE_MISMATCH, event, SELF),  ROW(OBJECT_TYPE_MISMATCH, job, event),
        ROW(ACCESS_DENIED, no_rights, SELF),     ROW(ACCESS_DENIED, job, limited),
        ROW(PROCESS_IS_TERMINATING, job, ended), ROW(SUCCESS, job, SELF),
        ROW(ACCESS_DENIED, job, SELF),
    };
    CHECK(assign, assigns);
    const struct row members[] = {
        ROW(PROCESS_IN_JOB, SELF, 0),
        ROW(PROCESS_IN_JOB, SELF, job),
    };
    CHECK(in_job, members);
    const struct row queries[] = {
        ROW(SUCCESS, job, EXTENDED_LIMIT, length),
        ROW(SUCCESS, 0, EXTENDED_LIMIT, length),
        ROW(SUCCESS, job, BASIC_LIMIT, basic),
        ROW(SUCCESS, job, BASIC_ACCOUNTING, sizeof(JOBOBJECT_BASIC_ACCOUNTING_INFORMATION)),
        ROW(SUCCESS, job, PROCESS_IDS, 0x100),
        ROW(INVALID_INFO_CLASS, job, 0, length),
        ROW(INVALID_INFO_CLASS, job, 0x7FFF, length),
        ROW(INFO_LENGTH_MISMATCH, job, EXTENDED_LIMIT, length - 1),
        ROW(INFO_LENGTH_MISMATCH, job, PROCESS_IDS, 4),
        ROW(INVALID_HANDLE, CLOSED, EXTENDED_LIMIT, length),
        ROW(OBJECT_TYPE_MISMATCH, event, EXTENDED_LIMIT, length),
        ROW(ACCESS_DENIED, no_rights, EXTENDED_LIMIT, length),
        ROW(ACCESS_VIOLATION, job, EXTENDED_LIMIT, length, BAD_POINTER),
    };
    CHECK(query_job, queries);
    const struct row sets[] = {
        ROW(SUCCESS, job, EXTENDED_LIMIT, length, JOB_OBJECT_LIMIT_PROCESS_MEMORY),
        ROW(SUCCESS, job, EXTENDED_LIMIT, length, JOB_OBJECT_LIMIT_JOB_MEMORY),
        ROW(SUCCESS, job, EXTENDED_LIMIT, length, 0),
        ROW(SUCCESS, job, BASIC_LIMIT, basic, 0),
        ROW(INVALID_PARAMETER, job, EXTENDED_LIMIT, length, 0x80000000),
        ROW(INVALID_PARAMETER, job, BASIC_LIMIT, basic, JOB_OBJECT_LIMIT_PROCESS_MEMORY),
        ROW(INVALID_INFO_CLASS, job, 0, length, 0),
        ROW(INVALID_INFO_CLASS, job, BASIC_ACCOUNTING, length, 0),
        ROW(INFO_LENGTH_MISMATCH, job, EXTENDED_LIMIT, length - 8, 0),
        ROW(INVALID_HANDLE, CLOSED, EXTENDED_LIMIT, length, 0),
        ROW(OBJECT_TYPE_MISMATCH, event, EXTENDED_LIMIT, length, 0),
        ROW(ACCESS_DENIED, no_rights, EXTENDED_LIMIT, length, 0),
        ROW(ACCESS_VIOLATION, job, EXTENDED_LIMIT, length, 0, BAD_POINTER),
    };
    CHECK(set_job, sets);
    const struct row ends[] = {
        ROW(INVALID_HANDLE, CLOSED),
        ROW(OBJECT_TYPE_MISMATCH, event),
        ROW(ACCESS_DENIED, no_rights),
    };
    CHECK(terminate_job, ends);
}

/* ---- priorities and limits of memory ---- */

enum { PROCESS_QUOTA = 1, THREAD_PAGE_PRIORITY = 24, PROCESS_PAGE_PRIORITY = 39 };
#define THIS_THREAD ((word)-2)

/* thread, value, length, where: 0: ours, BAD_POINTER */
static status set_thread(const word *v)
{
    ULONG value = v[1], back = 99;
    status s = Sys_NtSetInformationThread(v[0], THREAD_PAGE_PRIORITY, v[3] ? INTO : (word)&value,
                                          (ULONG)v[2]);
    if (s < 0)
        return s;
    s = Sys_NtQueryInformationThread(v[0], THREAD_PAGE_PRIORITY, &back, sizeof back, 0);
    return s < 0 || back == value ? s : (status)CHANGED;
}

static status set_process(const word *v)
{
    ULONG value = v[1], back = 99;
    status s = Sys_NtSetInformationProcess(v[0], PROCESS_PAGE_PRIORITY, v[3] ? INTO : (word)&value,
                                           (ULONG)v[2]);
    if (s < 0)
        return s;
    s = Sys_NtQueryInformationProcess(v[0], PROCESS_PAGE_PRIORITY, &back, sizeof back, 0);
    return s < 0 || back == value ? s : (status)CHANGED;
}

/* process, minimum, maximum in pages, flags, length: 0: the right one */
static status set_limits(const word *v)
{
    struct {
        word paged, nonpaged, minimum, maximum, pagefile, time, reserved[4];
        ULONG flags, rate;
    } limits = {.minimum = v[1] << 12, .maximum = v[2] << 12, .flags = v[3]};
    return Sys_NtSetInformationProcess(v[0], PROCESS_QUOTA, &limits,
                                       (ULONG)(v[4] ? v[4] : sizeof limits));
}

static void test_limits(void)
{
    const struct row threads[] = {
        ROW(SUCCESS, THIS_THREAD, 1, 4),
        ROW(SUCCESS, THIS_THREAD, 5, 4),
        ROW(INVALID_PARAMETER, THIS_THREAD, 6, 4),
        ROW(INVALID_PARAMETER, THIS_THREAD, 0xFFFFFFFF, 4),
        ROW(INFO_LENGTH_MISMATCH, THIS_THREAD, 1, 8),
        ROW(INVALID_HANDLE, CLOSED, 1, 4),
        ROW(OBJECT_TYPE_MISMATCH, event, 1, 4),
        ROW(ACCESS_VIOLATION, THIS_THREAD, 1, 4, BAD_POINTER),
    };
    CHECK(set_thread, threads);
    const struct row processes[] = {
        ROW(SUCCESS, SELF, 2, 4),           ROW(SUCCESS, SELF, 5, 4),
        ROW(INVALID_PARAMETER, SELF, 7, 4), ROW(INFO_LENGTH_MISMATCH, SELF, 1, 2),
        ROW(INVALID_HANDLE, CLOSED, 1, 4),  ROW(OBJECT_TYPE_MISMATCH, event, 1, 4),
        ROW(ACCESS_DENIED, limited, 1, 4),  ROW(ACCESS_VIOLATION, SELF, 1, 4, BAD_POINTER),
    };
    CHECK(set_process, processes);
    const struct row limits[] = {
        ROW(PRIVILEGE_NOT_HELD, SELF, 100, 345, 0),
        ROW(PRIVILEGE_NOT_HELD, SELF, 50, 345, QUOTA_LIMITS_HARDWS_MIN_ENABLE),
        ROW(SUCCESS, SELF, 50, 345, 0),
        ROW(SUCCESS, SELF, 40, 400, QUOTA_LIMITS_HARDWS_MAX_DISABLE),
        ROW(BAD_WORKING_SET_LIMIT, SELF, 0, 345, 0),
        ROW(PRIVILEGE_NOT_HELD, SELF, 400, 345, 0),
        ROW(BAD_WORKING_SET_LIMIT, SELF, 30, 12, 0),
        ROW(INVALID_PARAMETER, SELF, 40, 345, 0x100),
        ROW(INVALID_PARAMETER, SELF, 40, 345, 0xC),
        ROW(INFO_LENGTH_MISMATCH, SELF, 40, 345, 0, 8),
        ROW(INVALID_HANDLE, CLOSED, 40, 345, 0),
        ROW(OBJECT_TYPE_MISMATCH, event, 40, 345, 0),
        ROW(ACCESS_DENIED, limited, 40, 345, 0),
    };
    CHECK(set_limits, limits);
    printf("by kernel32, which has the privilege enabled: %d\n",
           SetProcessWorkingSetSize(GetCurrentProcess(), 100 << 12, 345 << 12));
    const struct row again[] = {
        ROW(PRIVILEGE_NOT_HELD, SELF, 101, 345, 0),
        ROW(SUCCESS, SELF, 100, 345, 0),
    };
    CHECK(set_limits, again);
}

/* ---- NtFlushVirtualMemory: process, base, size ---- */

static status flush(const word *v)
{
    word base = v[1], size = v[2], block[2];
    return unchanged(Sys_NtFlushVirtualMemory(v[0], &base, &size, block), v[1], base, v[2], size);
}

static void test_flush(void)
{
    const struct row rows[] = {
        ROW(SUCCESS, SELF, FILE_VIEW, 0),
        ROW(SUCCESS, SELF, FILE_VIEW + 0x800, 1),
        ROW(SUCCESS, SELF, FILE_VIEW, 0x10000),
        ROW(INVALID_PARAMETER_2, SELF, FILE_VIEW, 0x11000),
        ROW(INVALID_PARAMETER_3, SELF, FILE_VIEW, (word)-1),
        ROW(INVALID_PARAMETER_2, SELF, KERNEL, 0),
        ROW(INVALID_PARAMETER_2, SELF, NOBODYS, 0),
        ROW(NOT_MAPPED_VIEW, SELF, MEMORY, 0),
        ROW(NOT_MAPPED_DATA, SELF, VIEW, 0),
        ROW(NOT_MAPPED_DATA, SELF, LARGE_VIEW, 0),
        ROW(NOT_MAPPED_DATA, SELF, (word)GetModuleHandleA("ntdll"), 0),
        ROW(PROCESS_IS_TERMINATING, ended, FILE_VIEW, 0),
    };
    CHECK(flush, rows);
}

/* ---- what the rows are about ---- */

static void make_memory(void)
{
    const DWORD both = MEM_RESERVE | MEM_COMMIT;
    HANDLE file = CreateFileA("limits.dat", GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS,
                              FILE_FLAG_DELETE_ON_CLOSE, NULL);
    HANDLE of_file = CreateFileMappingA(file, NULL, RW, 0, 0x10000, NULL);
    HANDLE of_memory = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, RW, 0, 0x10000, NULL);
    if (!VirtualAlloc((void *)MEMORY, 0x100000, both, RW) ||
        !VirtualAlloc((void *)RESERVED, 0x10000, MEM_RESERVE, RW) ||
        !VirtualAlloc((void *)UNTOUCHABLE, 0x1000, both, PAGE_NOACCESS) ||
        !VirtualAlloc((void *)GUARDED, 0x1000, both, RW | PAGE_GUARD) ||
        !VirtualAlloc((void *)WINDOW, 0x10000, MEM_RESERVE | MEM_PHYSICAL, RW) ||
        !MapViewOfFileEx(of_memory, FILE_MAP_WRITE, 0, 0, 0, (void *)VIEW) ||
        !MapViewOfFileEx(of_file, FILE_MAP_WRITE, 0, 0, 0, (void *)FILE_VIEW))
        printf("no memory\n");
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return 0;
#define FIND(name) Sys_##name = (void *)GetProcAddress(GetModuleHandleA("ntdll"), #name);
    SERVICES(FIND)
    event = (word)CreateEventA(NULL, FALSE, FALSE, "Global\\limits-event");
    limited = copy_of(SELF, SYNCHRONIZE);
    job = (word)CreateJobObjectA(NULL, NULL);
    no_rights = copy_of(job, READ_CONTROL);
    ended = end_process(argv[0]);
    make_memory();
    test_locks();
    test_physical();
    test_large();
    test_limits();
    test_flush();
    test_jobs();
    return 0;
}
