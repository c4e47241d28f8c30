/* Every status that the documentation of the virtual memory and section calls names: wrong
 * handles, bases, sizes, protections, flags that exclude each other. One table per call; a row is
 * a status and the call's arguments, and what is not as it says is printed. Calls that fail must
 * leave base and size as they were. */
#include "rows.h"

/* ---- the services ---- */

#define SERVICES(X)                                                                                \
    X(NtAllocateVirtualMemory)                                                                     \
    X(NtFreeVirtualMemory)                                                                         \
    X(NtProtectVirtualMemory)                                                                      \
    X(NtQueryVirtualMemory)                                                                        \
    X(NtReadVirtualMemory)                                                                         \
    X(NtWriteVirtualMemory)                                                                        \
    X(NtFlushVirtualMemory)                                                                        \
    X(NtGetWriteWatch)                                                                             \
    X(NtResetWriteWatch)                                                                           \
    X(NtCreateSection)                                                                             \
    X(NtOpenSection)                                                                               \
    X(NtMapViewOfSection)                                                                          \
    X(NtUnmapViewOfSection)                                                                        \
    X(NtQuerySection)                                                                              \
    X(NtExtendSection)                                                                             \
    X(NtAreMappedFilesTheSame)
#define POINTER(name) static status (*Sys_##name)();
SERVICES(POINTER)

/* ---- what the rows name ---- */

#define RESERVED 0x40000000  /* 1 MB; 0x4000 bytes at 0x10000 are committed */
#define COMMITTED 0x41000000 /* 64 KB in one go */
#define VIEW 0x42000000      /* 128 KB of memory */
#define READ_VIEW 0x43000000 /* of a section that is read-only */
#define FILE_VIEW 0x44000000
#define WATCHED 0x45000000 /* 64 KB whose writes are watched */
#define NOTHING 0x50000000
#define NOBODYS 0x7FFFFFE0000 /* the last 64 KB of user space */
#define SHARED_DATA 0x7FFE0000
#define SIZE 0x20000
#define RW PAGE_READWRITE

static word image, event, limited, ended, section, read_section, reserve_section, image_section,
    file_section, read_only_file_section, no_rights, map_read, read_file, write_file, empty_file,
    folder, read_only_handle;

/* ---- virtual memory ---- */

/* process, base, zero bits, size, type, protection */
static status allocate(const word *v)
{
    word base = v[1], size = v[3];
    status s = Sys_NtAllocateVirtualMemory(v[0], pointer(&base), v[2], pointer(&size), v[4], v[5]);
    s = unchanged(s, v[1], base, v[3], size);
    if (s >= 0 && v[4] & MEM_RESERVE) {
        size = 0;
        Sys_NtFreeVirtualMemory(v[0], &base, &size, MEM_RELEASE);
    }
    return s;
}

static void test_allocate(void)
{
    const word both = MEM_RESERVE | MEM_COMMIT;
    const struct row rows[] = {
        ROW(SUCCESS, SELF, 0, 0, 1, both, RW),
        ROW(SUCCESS, SELF, NOTHING + 0x1234, 0, 1, MEM_RESERVE, RW),
        ROW(SUCCESS, SELF, 0, 4, 1, MEM_RESERVE, RW),
        ROW(SUCCESS, SELF, 0, 0, 1, both, PAGE_EXECUTE_READWRITE | PAGE_NOCACHE),
        ROW(SUCCESS, SELF, 0, 0, 1, both, PAGE_READONLY | PAGE_WRITECOMBINE),
        ROW(SUCCESS, SELF, 0, 0, 1, both, PAGE_READONLY | PAGE_GUARD),
        ROW(SUCCESS, SELF, RESERVED + 0x10000, 0, 1, MEM_COMMIT, RW),
        ROW(SUCCESS, SELF, RESERVED + 0x10000, 0, 1, MEM_RESET, RW),
        ROW(INVALID_HANDLE, CLOSED, 0, 0, 1, both, RW),
        ROW(OBJECT_TYPE_MISMATCH, event, 0, 0, 1, both, RW),
        ROW(ACCESS_DENIED, limited, 0, 0, 1, both, RW),
        ROW(PROCESS_IS_TERMINATING, ended, 0, 0, 1, both, RW),
        ROW(ACCESS_VIOLATION, SELF, BAD_POINTER, 0, 1 << 12, both, RW),
        ROW(ACCESS_VIOLATION, SELF, 0, 0, BAD_POINTER, both, RW),
        ROW(INVALID_PARAMETER_2, SELF, 0x1000, 0, 0x1000, MEM_RESERVE, RW),
        ROW(INVALID_PARAMETER_2, SELF, NOBODYS, 0, 0x1000, MEM_RESERVE, RW),
        ROW(INVALID_PARAMETER_2, SELF, KERNEL, 0, 0x1000, MEM_RESERVE, RW),
        ROW(INVALID_PARAMETER_2, SELF, (word)-0x1000, 0, 0x1000, MEM_RESERVE, RW),
        ROW(INVALID_PARAMETER_3, SELF, 0, 22, 0x1000, MEM_RESERVE, RW),
        ROW(INVALID_PARAMETER_3, SELF, 0, 32, 0x1000, MEM_RESERVE, RW),
        ROW(INVALID_PARAMETER_4, SELF, 0, 0, 0, MEM_RESERVE, RW),
        ROW(INVALID_PARAMETER_4, SELF, NOTHING, 0, (word)-0x1000, MEM_RESERVE, RW),
        ROW(INVALID_PARAMETER_4, SELF, NOTHING, 0, NOBODYS, MEM_RESERVE, RW),
        ROW(INVALID_PARAMETER_4, SELF, 0, 0, (word)-1, MEM_RESERVE, RW),
        ROW(INVALID_PARAMETER_5, SELF, 0, 0, 0x1000, 0, RW),
        ROW(INVALID_PARAMETER_5, SELF, 0, 0, 0x1000, MEM_TOP_DOWN, RW),
        ROW(INVALID_PARAMETER_5, SELF, 0, 0, 0x1000, MEM_RESERVE | 1, RW),
        ROW(INVALID_PARAMETER_5, SELF, 0, 0, 0x1000, MEM_RESERVE | MEM_DECOMMIT, RW),
        ROW(INVALID_PARAMETER_5, SELF, 0, 0, 0x1000, MEM_RESERVE | MEM_RELEASE, RW),
        ROW(INVALID_PARAMETER_5, SELF, RESERVED, 0, 0x1000, MEM_RESET | MEM_COMMIT, RW),
        ROW(INVALID_PARAMETER_5, SELF, RESERVED, 0, 0x1000, MEM_RESET | MEM_RESERVE, RW),
        ROW(INVALID_PARAMETER_5, SELF, RESERVED, 0, 0x1000, MEM_RESET | MEM_TOP_DOWN, RW),
        ROW(INVALID_PARAMETER_5, SELF, 0, 0, 0x1000, MEM_PHYSICAL, RW),
        ROW(INVALID_PARAMETER_5, SELF, 0, 0, 0x1000, MEM_PHYSICAL | both, RW),
        ROW(INVALID_PARAMETER_5, SELF, 0, 0, 0x1000, MEM_PHYSICAL | MEM_COMMIT, RW),
        ROW(INVALID_PARAMETER_5, SELF, 0, 0, 0x1000, MEM_PHYSICAL | MEM_RESERVE | MEM_WRITE_WATCH,
            RW),
        ROW(INVALID_PARAMETER_5, SELF, 0, 0, 0x200000, MEM_LARGE_PAGES | MEM_RESERVE, RW),
        ROW(INVALID_PARAMETER_5, SELF, 0, 0, 0x200000, MEM_LARGE_PAGES | MEM_COMMIT, RW),
        ROW(INVALID_PARAMETER_5, SELF, RESERVED, 0, 0x1000, MEM_WRITE_WATCH | MEM_COMMIT, RW),
        ROW(SUCCESS, SELF, 0, 0, 0x1000, MEM_PHYSICAL | MEM_RESERVE, RW),
        ROW(INVALID_PARAMETER_6, SELF, 0, 0, 0x1000, MEM_PHYSICAL | MEM_RESERVE, PAGE_READONLY),
        ROW(INVALID_PARAMETER_6, SELF, 0, 0, 0x1000, MEM_PHYSICAL | MEM_RESERVE, RW | PAGE_NOCACHE),
        ROW(PRIVILEGE_NOT_HELD, SELF, 0, 0, 0x200000, MEM_LARGE_PAGES | both, RW),
        ROW(INVALID_PAGE_PROTECTION, SELF, 0, 0, 0x1000, both, 0),
        ROW(INVALID_PAGE_PROTECTION, SELF, 0, 0, 0x1000, both, PAGE_READONLY | PAGE_READWRITE),
        ROW(INVALID_PAGE_PROTECTION, SELF, 0, 0, 0x1000, both, PAGE_READONLY | PAGE_EXECUTE),
        ROW(INVALID_PAGE_PROTECTION, SELF, 0, 0, 0x1000, both, PAGE_WRITECOPY),
        ROW(INVALID_PAGE_PROTECTION, SELF, 0, 0, 0x1000, both, PAGE_EXECUTE_WRITECOPY),
        ROW(INVALID_PAGE_PROTECTION, SELF, 0, 0, 0x1000, both, RW | PAGE_GUARD | PAGE_NOCACHE),
        ROW(INVALID_PAGE_PROTECTION, SELF, 0, 0, 0x1000, both, RW | PAGE_GUARD | PAGE_WRITECOMBINE),
        ROW(INVALID_PAGE_PROTECTION, SELF, 0, 0, 0x1000, both,
            RW | PAGE_NOCACHE | PAGE_WRITECOMBINE),
        ROW(INVALID_PAGE_PROTECTION, SELF, 0, 0, 0x1000, both, PAGE_NOACCESS | PAGE_GUARD),
        ROW(INVALID_PAGE_PROTECTION, SELF, 0, 0, 0x1000, both, PAGE_NOACCESS | PAGE_NOCACHE),
        ROW(INVALID_PAGE_PROTECTION, SELF, 0, 0, 0x1000, both, PAGE_NOACCESS | PAGE_WRITECOMBINE),
        ROW(INVALID_PAGE_PROTECTION, SELF, 0, 0, 0x1000, both, RW | 0x800),
        ROW(CONFLICTING_ADDRESSES, SELF, RESERVED, 0, 0x1000, MEM_RESERVE, RW),
        ROW(CONFLICTING_ADDRESSES, SELF, RESERVED - 0x10000, 0, 0x11000, MEM_RESERVE, RW),
        ROW(CONFLICTING_ADDRESSES, SELF, RESERVED - 0x10000, 0, 0x1000000, MEM_RESERVE, RW),
        ROW(CONFLICTING_ADDRESSES, SELF, VIEW, 0, 0x1000, both, RW),
        ROW(CONFLICTING_ADDRESSES, SELF, NOTHING, 0, 0x1000, MEM_COMMIT, RW),
        ROW(CONFLICTING_ADDRESSES, SELF, NOTHING, 0, 0x1000, MEM_RESET, RW),
        ROW(CONFLICTING_ADDRESSES, SELF, RESERVED + 0xFF000, 0, 0x2000, MEM_COMMIT, RW),
        ROW(CONFLICTING_ADDRESSES, SELF, RESERVED - 0x1000, 0, 0x2000, MEM_COMMIT, RW),
        ROW(SUCCESS, SELF, VIEW, 0, 1, MEM_RESET, RW),
        ROW(SUCCESS, SELF, 0, 0, 1, MEM_RESERVE | MEM_WRITE_WATCH, RW),
        ROW(SUCCESS, SELF, 0, 0, 1, both | MEM_WRITE_WATCH | MEM_TOP_DOWN, RW),
        ROW(USER_MAPPED_FILE, SELF, FILE_VIEW, 0, 1, MEM_RESET, RW),
        ROW(USER_MAPPED_FILE, SELF, image, 0, 1, MEM_RESET, RW),
        ROW(ALREADY_COMMITTED, SELF, VIEW, 0, 0x1000, MEM_COMMIT, RW),
        ROW(ALREADY_COMMITTED, SELF, image, 0, 0x1000, MEM_COMMIT, RW),
        ROW(NO_MEMORY, SELF, 0, 21, 0x1000, MEM_RESERVE, RW),
        ROW(NO_MEMORY, SELF, 0, 0, 0x7FFFFFD0000, MEM_RESERVE, RW),
        ROW(COMMITMENT_LIMIT, SELF, 0, 0, 0x10000000000, both, RW),
        ROW(INVALID_PAGE_PROTECTION, SELF, SHARED_DATA, 0, 0x1000, MEM_COMMIT, RW),
    };
    CHECK(allocate, rows);
}

/* process, base, size, type */
static status release(const word *v)
{
    word base = v[1], size = v[2];
    status s = Sys_NtFreeVirtualMemory(v[0], pointer(&base), pointer(&size), v[3]);
    return unchanged(s, v[1], base, v[2], size);
}

static void test_free(void)
{
    const struct row rows[] = {
        ROW(SUCCESS, SELF, RESERVED + 0x80123, 1, MEM_DECOMMIT),
        ROW(INVALID_HANDLE, CLOSED, RESERVED, 0, MEM_RELEASE),
        ROW(OBJECT_TYPE_MISMATCH, event, RESERVED, 0, MEM_RELEASE),
        ROW(ACCESS_DENIED, limited, RESERVED, 0, MEM_RELEASE),
        ROW(PROCESS_IS_TERMINATING, ended, RESERVED, 0, MEM_RELEASE),
        ROW(ACCESS_VIOLATION, SELF, BAD_POINTER, 0, MEM_RELEASE),
        ROW(ACCESS_VIOLATION, SELF, RESERVED, BAD_POINTER, MEM_RELEASE),
        ROW(INVALID_PARAMETER_2, SELF, NOBODYS, 0, MEM_RELEASE),
        ROW(INVALID_PARAMETER_2, SELF, KERNEL, 0, MEM_RELEASE),
        ROW(INVALID_PARAMETER_3, SELF, RESERVED, (word)-0x1000, MEM_RELEASE),
        ROW(INVALID_PARAMETER_3, SELF, RESERVED, NOBODYS, MEM_DECOMMIT),
        ROW(INVALID_PARAMETER_4, SELF, RESERVED, 0, 0),
        ROW(INVALID_PARAMETER_4, SELF, RESERVED, 0, MEM_DECOMMIT | MEM_RELEASE),
        ROW(INVALID_PARAMETER_4, SELF, RESERVED, 0, MEM_RELEASE | MEM_COMMIT),
        ROW(INVALID_PARAMETER_4, SELF, RESERVED, 0, MEM_RELEASE | 1),
        ROW(INVALID_PARAMETER_4, SELF, RESERVED, 0, MEM_RESET),
        ROW(MEMORY_NOT_ALLOCATED, SELF, NOTHING, 0, MEM_RELEASE),
        ROW(MEMORY_NOT_ALLOCATED, SELF, NOTHING, 0x1000, MEM_DECOMMIT),
        ROW(MEMORY_NOT_ALLOCATED, SELF, 0, 0, MEM_RELEASE),
        ROW(UNABLE_TO_DELETE_SECTION, SELF, VIEW, 0, MEM_RELEASE),
        ROW(UNABLE_TO_DELETE_SECTION, SELF, image, 0x1000, MEM_DECOMMIT),
        ROW(FREE_VM_NOT_AT_BASE, SELF, RESERVED + 0x10000, 0, MEM_RELEASE),
        ROW(FREE_VM_NOT_AT_BASE, SELF, RESERVED + 0x1000, 0, MEM_DECOMMIT),
        ROW(FREE_VM_NOT_AT_BASE, SELF, WATCHED, 0x1000, MEM_RELEASE),
        ROW(UNABLE_TO_FREE_VM, SELF, RESERVED, 0x101000, MEM_RELEASE),
        ROW(UNABLE_TO_FREE_VM, SELF, RESERVED + 0xFF000, 0x1001, MEM_DECOMMIT),
        ROW(INVALID_PAGE_PROTECTION, SELF, SHARED_DATA, 0, MEM_RELEASE),
    };
    CHECK(release, rows);
}

/* process, base, size, protection, old: BAD_POINTER or 0 */
static status protect(const word *v)
{
    word base = v[1], size = v[2], old = v[4];
    status s =
        Sys_NtProtectVirtualMemory(v[0], pointer(&base), pointer(&size), v[3], pointer(&old));
    return unchanged(s, v[1], base, v[2], size);
}

static void test_protect(void)
{
    const word page = RESERVED + 0x10000;
    const struct row rows[] = {
        ROW(SUCCESS, SELF, page + 0x123, 1, RW),
        ROW(SUCCESS, SELF, page, 0x1000, PAGE_READONLY | PAGE_NOCACHE),
        ROW(SUCCESS, SELF, page, 0x1000, RW),
        ROW(SUCCESS, SELF, VIEW, 0x1000, PAGE_WRITECOPY),
        ROW(SUCCESS, SELF, VIEW, 0x1000, RW),
        ROW(INVALID_HANDLE, CLOSED, page, 1, RW),
        ROW(OBJECT_TYPE_MISMATCH, event, page, 1, RW),
        ROW(ACCESS_DENIED, limited, page, 1, RW),
        ROW(PROCESS_IS_TERMINATING, ended, page, 1, RW),
        ROW(ACCESS_VIOLATION, SELF, BAD_POINTER, 1 << 12, RW),
        ROW(ACCESS_VIOLATION, SELF, page, BAD_POINTER, RW),
        ROW(ACCESS_VIOLATION, SELF, page, 1 << 12, RW, BAD_POINTER),
        ROW(INVALID_PARAMETER_2, SELF, NOBODYS, 1 << 12, RW),
        ROW(INVALID_PARAMETER_2, SELF, KERNEL, 1 << 12, RW),
        ROW(INVALID_PARAMETER_3, SELF, page, 0, RW),
        ROW(INVALID_PARAMETER_3, SELF, page, (word)-0x1000, RW),
        ROW(INVALID_PARAMETER_3, SELF, page, NOBODYS, RW),
        ROW(INVALID_PAGE_PROTECTION, SELF, page, 0x1000, 0),
        ROW(INVALID_PAGE_PROTECTION, SELF, page, 0x1000, PAGE_READONLY | PAGE_READWRITE),
        ROW(INVALID_PAGE_PROTECTION, SELF, page, 0x1000, PAGE_WRITECOPY),
        ROW(INVALID_PAGE_PROTECTION, SELF, page, 0x1000, PAGE_EXECUTE_WRITECOPY),
        ROW(INVALID_PAGE_PROTECTION, SELF, page, 0x1000, PAGE_NOACCESS | PAGE_GUARD),
        ROW(INVALID_PAGE_PROTECTION, SELF, page, 0x1000, RW | PAGE_GUARD | PAGE_NOCACHE),
        ROW(INVALID_PAGE_PROTECTION, SELF, page, 0x1000, RW | PAGE_NOCACHE | PAGE_WRITECOMBINE),
        ROW(INVALID_PAGE_PROTECTION, SELF, page, 0x1000, RW | 0x1000),
        ROW(INVALID_PAGE_PROTECTION, SELF, VIEW, 0x1000, RW | PAGE_NOCACHE),
        ROW(INVALID_PAGE_PROTECTION, SELF, SHARED_DATA, 0x1000, PAGE_READONLY),
        ROW(CONFLICTING_ADDRESSES, SELF, NOTHING, 0x1000, RW),
        ROW(CONFLICTING_ADDRESSES, SELF, RESERVED + 0xFF000, 0x2000, RW),
        ROW(NOT_COMMITTED, SELF, RESERVED, 0x1000, RW),
        ROW(NOT_COMMITTED, SELF, page + 0x3000, 0x2000, RW),
        ROW(SECTION_PROTECTION, SELF, READ_VIEW, 0x1000, RW),
        ROW(SECTION_PROTECTION, SELF, VIEW, 0x1000, PAGE_EXECUTE_READ),
    };
    CHECK(protect, rows);
}

/* process, address, class, buffer (0: ours), length */
static status query(const word *v)
{
    char buffer[1024];
    SIZE_T returned;
    return Sys_NtQueryVirtualMemory(v[0], v[1], v[2], v[3] ? (void *)v[3] : buffer, v[4],
                                    &returned);
}

static void test_query(void)
{
    enum { BASIC, WORKING_SET, NAME, REGION, WORKING_SET_EX };
    const struct row rows[] = {
        ROW(SUCCESS, SELF, NOTHING, BASIC, 0, 0x30),
        ROW(SUCCESS, SELF, NOBODYS, BASIC, 0, 0x30),
        ROW(SUCCESS, SELF, RESERVED, REGION, 0, 0x18),
        ROW(SUCCESS, SELF, image, NAME, 0, 1024),
        ROW(SUCCESS, SELF, FILE_VIEW + 0x1234, NAME, 0, 1024),
        ROW(INVALID_HANDLE, CLOSED, RESERVED, BASIC, 0, 0x30),
        ROW(OBJECT_TYPE_MISMATCH, event, RESERVED, BASIC, 0, 0x30),
        ROW(ACCESS_DENIED, limited, RESERVED, BASIC, 0, 0x30),
        ROW(PROCESS_IS_TERMINATING, ended, RESERVED, BASIC, 0, 0x30),
        ROW(PROCESS_IS_TERMINATING, ended, RESERVED, WORKING_SET, 0, 1024),
        ROW(PROCESS_IS_TERMINATING, ended, RESERVED, NAME, 0, 1024),
        ROW(PROCESS_IS_TERMINATING, ended, RESERVED, REGION, 0, 0x18),
        ROW(PROCESS_IS_TERMINATING, ended, RESERVED, WORKING_SET_EX, 0, 0x10),
        ROW(INVALID_INFO_CLASS, SELF, RESERVED, 0x7777, 0, 0x30),
        ROW(INFO_LENGTH_MISMATCH, SELF, RESERVED, BASIC, 0, 0x2F),
        ROW(INFO_LENGTH_MISMATCH, SELF, RESERVED, REGION, 0, 0x17),
        ROW(INFO_LENGTH_MISMATCH, SELF, image, NAME, 0, 0xF),
        ROW(BUFFER_OVERFLOW, SELF, image, NAME, 0, 0x10),
        ROW(ACCESS_VIOLATION, SELF, RESERVED, BASIC, INTO, 0x30),
        ROW(ACCESS_VIOLATION, SELF, RESERVED, REGION, 8, 0x18),
        ROW(ACCESS_VIOLATION, SELF, image, NAME, RESERVED, 1024),
        ROW(INVALID_PARAMETER, SELF, KERNEL, BASIC, 0, 0x30),
        ROW(INVALID_PARAMETER, SELF, NOBODYS + 0x10000, BASIC, 0, 0x30),
        ROW(INVALID_ADDRESS, SELF, NOTHING, REGION, 0, 0x18),
        ROW(INVALID_ADDRESS, SELF, NOTHING, NAME, 0, 1024),
        ROW(INVALID_ADDRESS, SELF, RESERVED, NAME, 0, 1024),
        ROW(FILE_INVALID, SELF, VIEW, NAME, 0, 1024),
    };
    CHECK(query, rows);
}

static char ours[0x3000] __attribute__((aligned(0x1000)));

/* process, address, buffer (0: ours), size */
static status read_memory(const word *v)
{
    SIZE_T done;
    return Sys_NtReadVirtualMemory(v[0], v[1], v[2] ? (void *)v[2] : ours, v[3], &done);
}

static status write_memory(const word *v)
{
    SIZE_T done;
    return Sys_NtWriteVirtualMemory(v[0], v[1], v[2] ? (void *)v[2] : ours, v[3], &done);
}

static void test_copies(void)
{
    const word page = RESERVED + 0x10000;
    const struct row either[] = {
        ROW(SUCCESS, SELF, page, 0, 0x1000),
        ROW(SUCCESS, SELF, NOTHING, 0, 0),
        ROW(PROCESS_IS_TERMINATING, ended, page, 0, 1),
        ROW(INVALID_HANDLE, CLOSED, page, 0, 1),
        ROW(OBJECT_TYPE_MISMATCH, event, page, 0, 1),
        ROW(ACCESS_DENIED, limited, page, 0, 1),
        ROW(ACCESS_VIOLATION, SELF, KERNEL, 0, 1),
        ROW(ACCESS_VIOLATION, SELF, NOBODYS + 0xFFFF, 0, 2),
        ROW(ACCESS_VIOLATION, SELF, page, KERNEL, 1),
        ROW(ACCESS_VIOLATION, SELF, page, 0, (word)-0x1000),
        ROW(PARTIAL_COPY, SELF, page + 0x3000, 0, 0x2000),
        ROW(PARTIAL_COPY, SELF, RESERVED, 0, 1),
        ROW(PARTIAL_COPY, SELF, NOTHING, 0, 1),
    };
    CHECK(read_memory, either);
    CHECK(write_memory, either);
    const struct row rows[] = {
        ROW(PARTIAL_COPY, SELF, READ_VIEW, 0, 1),
        ROW(PARTIAL_COPY, SELF, SHARED_DATA, 0, 1),
    };
    CHECK(write_memory, rows);
}

/* process, base, size, status block: BAD_POINTER or 0 */
static status flush(const word *v)
{
    word base = v[1], size = v[2], block[2] = {v[3]};
    status s = Sys_NtFlushVirtualMemory(v[0], pointer(&base), pointer(&size), pointer(block));
    return unchanged(s, v[1], base, v[2], size);
}

static void test_flush(void)
{
    const struct row rows[] = {
        ROW(SUCCESS, SELF, FILE_VIEW, 0),
        ROW(SUCCESS, SELF, FILE_VIEW + 0x1000, 0x1000),
        ROW(INVALID_HANDLE, CLOSED, FILE_VIEW, 0),
        ROW(OBJECT_TYPE_MISMATCH, event, FILE_VIEW, 0),
        ROW(ACCESS_DENIED, limited, FILE_VIEW, 0),
        ROW(PROCESS_IS_TERMINATING, ended, FILE_VIEW, 0),
        ROW(ACCESS_VIOLATION, SELF, BAD_POINTER, 0),
        ROW(ACCESS_VIOLATION, SELF, FILE_VIEW, BAD_POINTER),
        ROW(ACCESS_VIOLATION, SELF, FILE_VIEW, 0, BAD_POINTER),
        ROW(NOT_MAPPED_VIEW, SELF, NOTHING, 0),
        ROW(NOT_MAPPED_VIEW, SELF, RESERVED, 0),
        ROW(NOT_MAPPED_DATA, SELF, VIEW, 0),
    };
    CHECK(flush, rows);
}

/* process, flags, base, size, addresses (0: ours), count, granularity: BAD_POINTER or 0 */
static status get_watch(const word *v)
{
    void *pages[64];
    word count = v[5], granularity = v[6];
    return Sys_NtGetWriteWatch(v[0], v[1], v[2], v[3], v[4] ? (void *)v[4] : pages, pointer(&count),
                               pointer(&granularity));
}

/* process, base, size */
static status reset_watch(const word *v)
{
    return Sys_NtResetWriteWatch(v[0], v[1], v[2]);
}

static void test_watch(void)
{
    const struct row gets[] = {
        ROW(SUCCESS, SELF, 0, WATCHED, 0x10000, 0, 16),
        ROW(SUCCESS, SELF, 1, WATCHED + 0x1234, 1, 0, 1),
        ROW(INVALID_HANDLE, CLOSED, 0, WATCHED, 0x10000, 0, 16),
        ROW(OBJECT_TYPE_MISMATCH, event, 0, WATCHED, 0x10000, 0, 16),
        ROW(ACCESS_DENIED, limited, 0, WATCHED, 0x10000, 0, 16),
        ROW(PROCESS_IS_TERMINATING, ended, 0, WATCHED, 0x10000, 0, 16),
        ROW(ACCESS_VIOLATION, SELF, 0, WATCHED, 0x10000, INTO, 16),
        ROW(ACCESS_VIOLATION, SELF, 0, WATCHED, 0x10000, RESERVED, 16),
        ROW(ACCESS_VIOLATION, SELF, 0, WATCHED, 0x10000, 0, BAD_POINTER),
        ROW(ACCESS_VIOLATION, SELF, 0, WATCHED, 0x10000, 0, 16, BAD_POINTER),
        ROW(INVALID_PARAMETER_1, SELF, 0, RESERVED + 0x10000, 0x1000, 0, 16),
        ROW(INVALID_PARAMETER_1, SELF, 0, WATCHED, 0x11000, 0, 16),
        ROW(INVALID_PARAMETER_1, SELF, 0, NOTHING, 0x1000, 0, 16),
        ROW(INVALID_PARAMETER_1, SELF, 0, VIEW, 0x1000, 0, 16),
        ROW(INVALID_PARAMETER_2, SELF, 2, WATCHED, 0x10000, 0, 16),
        ROW(INVALID_PARAMETER_3, SELF, 0, WATCHED, 0, 0, 16),
        ROW(INVALID_PARAMETER_3, SELF, 0, KERNEL, 0x1000, 0, 16),
        ROW(INVALID_PARAMETER_3, SELF, 0, WATCHED, (word)-0x1000, 0, 16),
        ROW(INVALID_PARAMETER_5, SELF, 0, WATCHED, 0x10000, 0, 0),
    };
    CHECK(get_watch, gets);
    const struct row resets[] = {
        ROW(SUCCESS, SELF, WATCHED, 0x10000),
        ROW(INVALID_HANDLE, CLOSED, WATCHED, 0x10000),
        ROW(OBJECT_TYPE_MISMATCH, event, WATCHED, 0x10000),
        ROW(ACCESS_DENIED, limited, WATCHED, 0x10000),
        ROW(PROCESS_IS_TERMINATING, ended, WATCHED, 0x10000),
        ROW(INVALID_PARAMETER_1, SELF, RESERVED, 0x1000),
        ROW(INVALID_PARAMETER_1, SELF, WATCHED, 0x11000),
        ROW(INVALID_PARAMETER_2, SELF, WATCHED, 0),
        ROW(INVALID_PARAMETER_2, SELF, KERNEL, 0x1000),
    };
    CHECK(reset_watch, resets);
}

/* ---- sections ---- */

/* access, attributes, size (0: none), protection, allocation, file */
static status create(const word *v)
{
    LARGE_INTEGER size = {.QuadPart = v[2]};
    HANDLE handle;
    status s = Sys_NtCreateSection(v[0] == BAD_POINTER ? (HANDLE *)INTO : &handle,
                                   SECTION_ALL_ACCESS, v[1], v[2] ? &size : NULL, v[3], v[4], v[5]);
    if (s == 0)
        CloseHandle(handle);
    return s;
}

static OBJECT_ATTRIBUTES named(const WCHAR *text, UNICODE_STRING *string)
{
    OBJECT_ATTRIBUTES attributes;
    string->Buffer = (WCHAR *)text;
    string->Length = string->MaximumLength = wcslen(text) * sizeof(WCHAR);
    InitializeObjectAttributes(&attributes, string, 0, NULL, NULL);
    return attributes;
}

static void test_create(void)
{
    UNICODE_STRING s1, s2, s3;
    OBJECT_ATTRIBUTES taken = named(L"\\BaseNamedObjects\\statuses", &s1),
                      nowhere = named(L"\\Nowhere\\statuses", &s2),
                      wrong = named(L"\\BaseNamedObjects\\other", &s3);
    wrong.Length = 1;
    const struct row rows[] = {
        ROW(SUCCESS, 0, 0, SIZE, RW, SEC_COMMIT, 0),
        ROW(SUCCESS, 0, 0, SIZE, RW, SEC_RESERVE, 0),
        ROW(SUCCESS, 0, 0, SIZE, RW, SEC_COMMIT | SEC_NOCACHE, 0),
        ROW(SUCCESS, 0, 0, SIZE, RW, SEC_RESERVE | SEC_WRITECOMBINE, 0),
        ROW(SUCCESS, 0, 0, 0, PAGE_READONLY, SEC_COMMIT, read_file),
        ROW(SUCCESS, 0, 0, 0, PAGE_WRITECOPY, SEC_COMMIT, read_file),
        ROW(ACCESS_VIOLATION, BAD_POINTER, 0, SIZE, RW, SEC_COMMIT, 0),
        ROW(ACCESS_VIOLATION, 0, KERNEL, SIZE, RW, SEC_COMMIT, 0),
        ROW(INVALID_PARAMETER, 0, (word)&wrong, SIZE, RW, SEC_COMMIT, 0),
        ROW(OBJECT_NAME_COLLISION, 0, (word)&taken, SIZE, RW, SEC_COMMIT, 0),
        ROW(OBJECT_PATH_NOT_FOUND, 0, (word)&nowhere, SIZE, RW, SEC_COMMIT, 0),
        ROW(INVALID_PARAMETER_4, 0, 0, 0, RW, SEC_COMMIT, 0),
        ROW(INVALID_PARAMETER_4, 0, 0, (word)-1, RW, SEC_COMMIT, 0),
        ROW(INVALID_PARAMETER_4, 0, 0, (word)-1, RW, SEC_COMMIT, write_file),
        ROW(INVALID_PARAMETER_6, 0, 0, SIZE, RW, 0, 0),
        ROW(INVALID_PARAMETER_6, 0, 0, SIZE, RW, SEC_COMMIT | SEC_RESERVE, 0),
        ROW(INVALID_PARAMETER_6, 0, 0, SIZE, RW, SEC_COMMIT | SEC_IMAGE, 0),
        ROW(INVALID_PARAMETER_6, 0, 0, SIZE, RW, SEC_RESERVE | SEC_IMAGE, 0),
        ROW(INVALID_PARAMETER_6, 0, 0, SIZE, RW, SEC_NOCACHE, 0),
        ROW(INVALID_PARAMETER_6, 0, 0, SIZE, RW, SEC_WRITECOMBINE, 0),
        ROW(INVALID_PARAMETER_6, 0, 0, SIZE, RW, SEC_COMMIT | SEC_NOCACHE | SEC_WRITECOMBINE, 0),
        ROW(INVALID_PARAMETER_6, 0, 0, SIZE, RW, SEC_COMMIT | 1, 0),
        ROW(INVALID_PARAMETER_6, 0, 0, SIZE, RW, SEC_COMMIT | SEC_FILE, 0), /* only told */
        ROW(INVALID_PARAMETER_6, 0, 0, SIZE, RW, SEC_RESERVE | SEC_LARGE_PAGES, 0),
        ROW(INVALID_PARAMETER_6, 0, 0, SIZE, RW, SEC_LARGE_PAGES, 0),
        ROW(INVALID_PARAMETER_6, 0, 0, 0, PAGE_READONLY, SEC_IMAGE | SEC_NOCACHE, read_file),
        ROW(INVALID_PARAMETER_6, 0, 0, 0, PAGE_READONLY, SEC_IMAGE | SEC_WRITECOMBINE, read_file),
        ROW(INVALID_PARAMETER_6, 0, 0, 0, PAGE_READONLY, SEC_IMAGE | SEC_LARGE_PAGES, read_file),
        ROW(PRIVILEGE_NOT_HELD, 0, 0, 0x200000, RW, SEC_COMMIT | SEC_LARGE_PAGES, 0),
        ROW(INVALID_PARAMETER_6, 0, 0, SIZE, RW, SEC_COMMIT | SEC_LARGE_PAGES, write_file),
        ROW(INVALID_PAGE_PROTECTION, 0, 0, SIZE, 0, SEC_COMMIT, 0),
        ROW(INVALID_PAGE_PROTECTION, 0, 0, SIZE, PAGE_NOACCESS, SEC_COMMIT, 0),
        ROW(INVALID_PAGE_PROTECTION, 0, 0, SIZE, RW | PAGE_READONLY, SEC_COMMIT, 0),
        ROW(INVALID_PAGE_PROTECTION, 0, 0, SIZE, RW | PAGE_GUARD, SEC_COMMIT, 0),
        ROW(INVALID_PAGE_PROTECTION, 0, 0, SIZE, RW | PAGE_NOCACHE, SEC_COMMIT, 0),
        ROW(INVALID_PAGE_PROTECTION, 0, 0, SIZE, RW | PAGE_WRITECOMBINE, SEC_COMMIT, 0),
        ROW(INVALID_PAGE_PROTECTION, 0, 0, 0, PAGE_NOACCESS, SEC_COMMIT, read_file),
        ROW(INVALID_PAGE_PROTECTION, 0, 0, 0, PAGE_READONLY | PAGE_GUARD, SEC_COMMIT, read_file),
        ROW(INVALID_FILE_FOR_SECTION, 0, 0, 0, PAGE_READONLY, SEC_IMAGE, 0),
        ROW(INVALID_FILE_FOR_SECTION, 0, 0, 0, PAGE_READONLY, SEC_COMMIT, folder),
        ROW(INVALID_HANDLE, 0, 0, 0, PAGE_READONLY, SEC_COMMIT, CLOSED),
        ROW(OBJECT_TYPE_MISMATCH, 0, 0, 0, PAGE_READONLY, SEC_COMMIT, event),
        ROW(ACCESS_DENIED, 0, 0, 0, RW, SEC_COMMIT, read_file),
        ROW(ACCESS_DENIED, 0, 0, 0, PAGE_EXECUTE_READ, SEC_COMMIT, read_file),
        ROW(MAPPED_FILE_SIZE_ZERO, 0, 0, 0, PAGE_READONLY, SEC_COMMIT, empty_file),
        ROW(SECTION_TOO_BIG, 0, 0, 0x100000, PAGE_READONLY, SEC_COMMIT, read_file),
        ROW(SECTION_TOO_BIG, 0, 0, 0x7000000000000000, RW, SEC_RESERVE, 0),
        ROW(COMMITMENT_LIMIT, 0, 0, 0x10000000000, RW, SEC_COMMIT, 0),
        ROW(INVALID_IMAGE_NOT_MZ, 0, 0, 0, PAGE_READONLY, SEC_IMAGE, read_file),
    };
    CHECK(create, rows);
}

/* attributes; handle: BAD_POINTER or 0 */
static status open(const word *v)
{
    HANDLE handle;
    status s =
        Sys_NtOpenSection(v[1] == BAD_POINTER ? (HANDLE *)INTO : &handle, SECTION_MAP_READ, v[0]);
    if (s == 0)
        CloseHandle(handle);
    return s;
}

static void test_open(void)
{
    UNICODE_STRING s1, s2, s3, s4, s5;
    OBJECT_ATTRIBUTES there = named(L"\\BaseNamedObjects\\statuses", &s1),
                      nobody = named(L"\\BaseNamedObjects\\nobody", &s2),
                      nowhere = named(L"\\Nowhere\\statuses", &s3),
                      relative = named(L"statuses", &s4),
                      event_name = named(L"\\BaseNamedObjects\\statuses-event", &s5), wrong = there;
    wrong.Length--;
    const struct row rows[] = {
        ROW(SUCCESS, (word)&there),
        ROW(ACCESS_VIOLATION, (word)&there, BAD_POINTER),
        ROW(ACCESS_VIOLATION, KERNEL),
        ROW(INVALID_PARAMETER, (word)&wrong),
        ROW(OBJECT_NAME_NOT_FOUND, (word)&nobody),
        ROW(OBJECT_PATH_NOT_FOUND, (word)&nowhere),
        ROW(OBJECT_PATH_SYNTAX_BAD, (word)&relative),
        ROW(OBJECT_TYPE_MISMATCH, (word)&event_name),
    };
    CHECK(open, rows);
}

/* section, process, base, zero bits, commit, offset, size, inherit, type, protection */
static status map(const word *v)
{
    word base = v[2], size = v[6], offset = v[5];
    status s =
        Sys_NtMapViewOfSection(v[0], v[1], pointer(&base), v[3], v[4],
                               offset ? pointer(&offset) : NULL, pointer(&size), v[7], v[8], v[9]);
    s = unchanged(s, v[2], base, v[6], size);
    if (s >= 0)
        Sys_NtUnmapViewOfSection(v[1], base);
    return s;
}

static void test_map(void)
{
    enum { SHARE = 1, UNMAP = 2 };
    const struct row rows[] = {
        ROW(SUCCESS, section, SELF, 0, 0, 0, 0, 0, UNMAP, 0, RW),
        ROW(SUCCESS, section, SELF, 0, 0, 0, 0x10000, 1 << 12, SHARE, MEM_TOP_DOWN, PAGE_READONLY),
        ROW(SUCCESS, section, SELF, 0, 0, 0, 0, 0, UNMAP, 0, PAGE_NOACCESS),
        ROW(SUCCESS, read_section, SELF, 0, 0, 0, 0, 0, UNMAP, 0, PAGE_WRITECOPY),
        ROW(SUCCESS, reserve_section, SELF, 0, 0, 0x1000, 0, 0, UNMAP, 0, RW),
        ROW(0x40000003, image_section, SELF, 0, 0, 0, 0, 0, SHARE, 0, RW),
        ROW(INVALID_HANDLE, CLOSED, SELF, 0, 0, 0, 0, 0, UNMAP, 0, RW),
        ROW(OBJECT_TYPE_MISMATCH, event, SELF, 0, 0, 0, 0, 0, UNMAP, 0, RW),
        ROW(ACCESS_DENIED, map_read, SELF, 0, 0, 0, 0, 0, UNMAP, 0, RW),
        ROW(ACCESS_DENIED, map_read, SELF, 0, 0, 0, 0, 0, UNMAP, 0, PAGE_EXECUTE_READ),
        ROW(ACCESS_DENIED, no_rights, SELF, 0, 0, 0, 0, 0, UNMAP, 0, PAGE_READONLY),
        ROW(INVALID_HANDLE, section, CLOSED, 0, 0, 0, 0, 0, UNMAP, 0, RW),
        ROW(OBJECT_TYPE_MISMATCH, section, event, 0, 0, 0, 0, 0, UNMAP, 0, RW),
        ROW(ACCESS_DENIED, section, limited, 0, 0, 0, 0, 0, UNMAP, 0, RW),
        ROW(PROCESS_IS_TERMINATING, section, ended, 0, 0, 0, 0, 0, UNMAP, 0, RW),
        ROW(ACCESS_VIOLATION, section, SELF, BAD_POINTER, 0, 0, 0, 0, UNMAP, 0, RW),
        ROW(ACCESS_VIOLATION, section, SELF, 0, 0, 0, BAD_POINTER, 0, UNMAP, 0, RW),
        ROW(ACCESS_VIOLATION, section, SELF, 0, 0, 0, 0, BAD_POINTER, UNMAP, 0, RW),
        ROW(INVALID_PARAMETER_3, section, SELF, NOBODYS, 0, 0, 0, 0, UNMAP, 0, RW),
        ROW(INVALID_PARAMETER_3, section, SELF, KERNEL, 0, 0, 0, 0, UNMAP, 0, RW),
        ROW(INVALID_PARAMETER_3, section, SELF, NOBODYS - 0x10000, 0, 0, 0, 0, UNMAP, 0, RW),
        ROW(INVALID_PARAMETER_4, section, SELF, 0, 22, 0, 0, 0, UNMAP, 0, RW),
        ROW(INVALID_PARAMETER_5, reserve_section, SELF, 0, 0, SIZE + 1, 0, 0, UNMAP, 0, RW),
        ROW(INVALID_PARAMETER_8, section, SELF, 0, 0, 0, 0, 0, 0, 0, RW),
        ROW(INVALID_PARAMETER_8, section, SELF, 0, 0, 0, 0, 0, 3, 0, RW),
        ROW(INVALID_PARAMETER_9, section, SELF, 0, 0, 0, 0, 0, UNMAP, MEM_COMMIT, RW),
        ROW(INVALID_PARAMETER_9, section, SELF, 0, 0, 0, 0, 0, UNMAP, MEM_PHYSICAL, RW),
        ROW(INVALID_PARAMETER_9, section, SELF, 0, 0, 0, 0, 0, UNMAP, 1, RW),
        ROW(MAPPED_ALIGNMENT, section, SELF, NOTHING + 0x1000, 0, 0, 0, 0, UNMAP, 0, RW),
        ROW(MAPPED_ALIGNMENT, section, SELF, 0, 0, 0, 0x1000, 0, UNMAP, 0, RW),
        ROW(INVALID_VIEW_SIZE, section, SELF, 0, 0, 0, SIZE, 0, UNMAP, 0, RW),
        ROW(INVALID_VIEW_SIZE, section, SELF, 0, 0, 0, 0, SIZE + 0x1000, UNMAP, 0, RW),
        ROW(INVALID_VIEW_SIZE, section, SELF, 0, 0, 0, 0x10000, SIZE, UNMAP, 0, RW),
        ROW(INVALID_VIEW_SIZE, section, SELF, 0, 0, 0, (word)-0x10000, 0, UNMAP, 0, RW),
        ROW(INVALID_VIEW_SIZE, section, SELF, 0, 0, 0, 0, (word)-0x1000, UNMAP, 0, RW),
        ROW(INVALID_VIEW_SIZE, file_section, SELF, 0, 0, 0, 0, 0x100000, UNMAP, 0, RW),
        ROW(INVALID_PAGE_PROTECTION, section, SELF, 0, 0, 0, 0, 0, UNMAP, 0, 0),
        ROW(INVALID_PAGE_PROTECTION, section, SELF, 0, 0, 0, 0, 0, UNMAP, 0, RW | PAGE_READONLY),
        ROW(INVALID_PAGE_PROTECTION, section, SELF, 0, 0, 0, 0, 0, UNMAP, 0, RW | PAGE_GUARD),
        ROW(INVALID_PAGE_PROTECTION, section, SELF, 0, 0, 0, 0, 0, UNMAP, 0, RW | PAGE_NOCACHE),
        ROW(INVALID_PAGE_PROTECTION, section, SELF, 0, 0, 0, 0, 0, UNMAP, 0,
            RW | PAGE_WRITECOMBINE),
        ROW(SECTION_PROTECTION, read_section, SELF, 0, 0, 0, 0, 0, UNMAP, 0, RW),
        ROW(SECTION_PROTECTION, section, SELF, 0, 0, 0, 0, 0, UNMAP, 0, PAGE_EXECUTE_READ),
        ROW(SECTION_PROTECTION, read_only_file_section, SELF, 0, 0, 0, 0, 0, UNMAP, 0, RW),
        ROW(CONFLICTING_ADDRESSES, section, SELF, RESERVED, 0, 0, 0, 0, UNMAP, 0, RW),
        ROW(CONFLICTING_ADDRESSES, section, SELF, RESERVED - 0x10000, 0, 0, 0, 0, UNMAP, 0, RW),
        ROW(CONFLICTING_ADDRESSES, image_section, SELF, RESERVED, 0, 0, 0, 0, UNMAP, 0, RW),
        ROW(NO_MEMORY, section, SELF, 0, 21, 0, 0, 0, UNMAP, 0, RW),
    };
    CHECK(map, rows);
}

/* process, base */
static status unmap(const word *v)
{
    return Sys_NtUnmapViewOfSection(v[0], v[1]);
}

/* section, class, buffer (0: ours), length */
static status query_section(const word *v)
{
    char buffer[64];
    SIZE_T returned;
    return Sys_NtQuerySection(v[0], v[1], v[2] ? (void *)v[2] : buffer, v[3], &returned);
}

/* section, size */
static status extend(const word *v)
{
    word size = v[1];
    return unchanged(Sys_NtExtendSection(v[0], pointer(&size)), 0, 0, v[1], size);
}

/* address, address */
static status same(const word *v)
{
    return Sys_NtAreMappedFilesTheSame(v[0], v[1]);
}

static void test_rest(void)
{
    enum { BASIC, IMAGE };
    const struct row unmaps[] = {
        ROW(INVALID_HANDLE, CLOSED, VIEW),   ROW(OBJECT_TYPE_MISMATCH, event, VIEW),
        ROW(ACCESS_DENIED, limited, VIEW),   ROW(PROCESS_IS_TERMINATING, ended, VIEW),
        ROW(NOT_MAPPED_VIEW, SELF, NOTHING), ROW(NOT_MAPPED_VIEW, SELF, RESERVED),
        ROW(NOT_MAPPED_VIEW, SELF, NOBODYS), ROW(NOT_MAPPED_VIEW, SELF, KERNEL),
    };
    CHECK(unmap, unmaps);
    const struct row queries[] = {
        ROW(SUCCESS, section, BASIC, 0, 0x18),
        ROW(SUCCESS, image_section, IMAGE, 0, 0x40),
        ROW(INVALID_HANDLE, CLOSED, BASIC, 0, 0x18),
        ROW(OBJECT_TYPE_MISMATCH, event, BASIC, 0, 0x18),
        ROW(ACCESS_DENIED, no_rights, BASIC, 0, 0x18),
        ROW(INVALID_INFO_CLASS, section, 7, 0, 0x18),
        ROW(INFO_LENGTH_MISMATCH, section, BASIC, 0, 0x17),
        ROW(INFO_LENGTH_MISMATCH, image_section, IMAGE, 0, 0x3F),
        ROW(SECTION_NOT_IMAGE, section, IMAGE, 0, 0x40),
        ROW(ACCESS_VIOLATION, section, BASIC, INTO, 0x18),
    };
    CHECK(query_section, queries);
    const struct row extends[] = {
        ROW(SUCCESS, file_section, 0x4000),
        ROW(INVALID_HANDLE, CLOSED, 0x100000),
        ROW(OBJECT_TYPE_MISMATCH, event, 0x100000),
        ROW(ACCESS_DENIED, map_read, 0x100000),
        ROW(ACCESS_VIOLATION, file_section, BAD_POINTER),
        ROW(SECTION_NOT_EXTENDED, section, 0x100000),
        ROW(SECTION_NOT_EXTENDED, image_section, 0x100000),
        ROW(SECTION_NOT_EXTENDED, read_only_file_section, 0x100000),
    };
    CHECK(extend, extends);
    const struct row sames[] = {
        ROW(SUCCESS, VIEW, VIEW + 0x1FFFF),         ROW(SUCCESS, image, image + 0x1000),
        ROW(INVALID_ADDRESS, NOTHING, VIEW),        ROW(INVALID_ADDRESS, VIEW, KERNEL),
        ROW(CONFLICTING_ADDRESSES, VIEW, RESERVED), ROW(NOT_SAME_DEVICE, VIEW, READ_VIEW),
        ROW(NOT_SAME_DEVICE, image, FILE_VIEW),
    };
    CHECK(same, sames);
}

/* ---- what they are called with ---- */

static word memory_section(ULONG protection, ULONG allocation, OBJECT_ATTRIBUTES *attributes)
{
    LARGE_INTEGER size = {.QuadPart = SIZE};
    HANDLE handle = NULL;
    Sys_NtCreateSection(&handle, SECTION_ALL_ACCESS, attributes, &size, protection, allocation,
                        NULL);
    return (word)handle;
}

static word section_of(word file, ULONG protection, ULONG allocation)
{
    HANDLE handle = NULL;
    Sys_NtCreateSection(&handle, SECTION_ALL_ACCESS, NULL, NULL, protection, allocation, file);
    return (word)handle;
}

static word view_of(word handle, word at, ULONG protection)
{
    SIZE_T size = 0;
    return Sys_NtMapViewOfSection(handle, SELF, &at, 0, 0, NULL, &size, 2, 0, protection) ? 0 : at;
}

static word open_file(const char *name, ULONG access, ULONG how, ULONG flags)
{
    return (word)CreateFileA(name, access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                             NULL, how, flags, NULL);
}

static void make_files(void)
{
    static char text[0x3064];
    DWORD done;
    memset(text, 'x', sizeof text);
    write_file = open_file("data", GENERIC_READ | GENERIC_WRITE, CREATE_ALWAYS, 0);
    WriteFile((HANDLE)write_file, text, sizeof text, &done, NULL);
    read_file = open_file("data", GENERIC_READ, OPEN_EXISTING, 0);
    empty_file = open_file("empty", GENERIC_READ | GENERIC_WRITE, CREATE_ALWAYS, 0);
    folder = open_file(".", GENERIC_READ, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS);
}

static void make_sections(void)
{
    char path[MAX_PATH];
    UNICODE_STRING string;
    OBJECT_ATTRIBUTES name = named(L"\\BaseNamedObjects\\statuses", &string);
    GetModuleFileNameA(GetModuleHandleA("ntdll"), path, sizeof path);
    section = memory_section(RW, SEC_COMMIT, &name);
    read_section = memory_section(PAGE_READONLY, SEC_COMMIT, NULL);
    reserve_section = memory_section(RW, SEC_RESERVE, NULL);
    file_section = section_of(write_file, RW, SEC_COMMIT);
    read_only_file_section = section_of(read_file, PAGE_READONLY, SEC_COMMIT);
    image_section = section_of(open_file(path, GENERIC_READ | GENERIC_EXECUTE, OPEN_EXISTING, 0),
                               PAGE_EXECUTE_READ, SEC_IMAGE);
    no_rights = copy_of(section, READ_CONTROL);
    map_read = copy_of(section, SECTION_MAP_READ);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return 0;
#define FIND(name) Sys_##name = (void *)GetProcAddress(GetModuleHandleA("ntdll"), #name);
    SERVICES(FIND)
    image = (word)GetModuleHandleA("ntdll");
    event = (word)CreateEventA(NULL, FALSE, FALSE, "Global\\statuses-event");
    limited = copy_of(SELF, SYNCHRONIZE);
    ended = end_process(argv[0]);
    make_files();
    make_sections();
    VirtualAlloc((void *)RESERVED, 0x100000, MEM_RESERVE, RW);
    VirtualAlloc((void *)(RESERVED + 0x10000), 0x4000, MEM_COMMIT, RW);
    VirtualAlloc((void *)WATCHED, 0x10000, MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH, RW);
    VirtualAlloc((void *)COMMITTED, 0x10000, MEM_RESERVE | MEM_COMMIT, RW);
    if (!view_of(section, VIEW, RW) || !view_of(read_section, READ_VIEW, PAGE_READONLY) ||
        !view_of(file_section, FILE_VIEW, RW) || !image_section)
        printf("no views\n");
    test_allocate();
    test_free();
    test_protect();
    test_query();
    test_copies();
    test_flush();
    test_watch();
    test_create();
    test_open();
    test_map();
    test_rest();
    return 0;
}
