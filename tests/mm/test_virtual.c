/* tests/mm/test_virtual.c: private memory, call by call, with the documented statuses. */
#include "support.h"

#include <string.h>

#include "hw/bits.h"
#include "mm/space.h"

static struct machine machine;
static struct mm_space *space;

static int setup(void **state)
{
    (void)state;
    machine_create(&machine, 64 * MB, 0, WITH_ENGINE);
    space = process_create(&machine);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_consistent(&machine);
    process_destroy(&machine, space);
    machine_destroy(&machine);
    return 0;
}

static NTSTATUS allocate_status(uint64_t base, uint64_t zero_bits, uint64_t size, uint32_t type,
                                uint32_t to)
{
    uint64_t b = base, s = size;
    NTSTATUS status = mm_allocate_virtual_memory(space, &b, zero_bits, &s, type, to);

    if (!NT_SUCCESS(status)) { /* nothing changes on failure */
        assert_int_equal(b, base);
        assert_int_equal(s, size);
    }
    return status;
}

static NTSTATUS free_status(uint64_t base, uint64_t size, uint32_t type)
{
    return mm_free_virtual_memory(space, &base, &size, type);
}

/* ---- allocate ------------------------------------------------------------------------------- */

/* Reserve, commit, write, read back, decommit, release. */
static void life_of_a_page(void **state)
{
    uint8_t byte = 0;
    (void)state;

    uint64_t base = reserve(space, 0x40000000, 64 * KB);
    assert_int_equal(base, 0x40000000);
    assert_status(STATUS_ACCESS_VIOLATION, write_byte(space, base, 'a'));
    assert_ok(commit(space, base, 4096, PAGE_READWRITE));
    assert_ok(write_byte(space, base, 'a'));
    assert_ok(read_byte(space, base, &byte));
    assert_int_equal(byte, 'a');
    assert_consistent(&machine);
    assert_ok(decommit(space, base, 4096));
    assert_status(STATUS_ACCESS_VIOLATION, read_byte(space, base, &byte));
    assert_ok(commit(space, base, 4096, PAGE_READWRITE));
    assert_ok(read_byte(space, base, &byte));
    assert_int_equal(byte, 0);
    assert_ok(release(space, base, 0));
    assert_status(STATUS_ACCESS_VIOLATION, read_byte(space, base, &byte));
}

static void allocate_misuse(void **state)
{
    const uint32_t both = MEM_RESERVE | MEM_COMMIT;
    (void)state;

    assert_status(STATUS_INVALID_PARAMETER_2,
                  allocate_status(MM_HIGHEST_VAD_ADDRESS + 1, 0, 1, both, PAGE_READWRITE));
    assert_status(STATUS_INVALID_PARAMETER_2,
                  allocate_status(MM_SYSTEM_RANGE_START, 0, 1, both, PAGE_READWRITE));
    assert_status(STATUS_INVALID_PARAMETER_2, allocate_status(1, 0, 1, both, PAGE_READWRITE));
    assert_status(STATUS_INVALID_PARAMETER_2, allocate_status(0xFFFF, 0, 1, both, PAGE_READWRITE));
    assert_status(STATUS_INVALID_PARAMETER_3, allocate_status(0, 22, 1, both, PAGE_READWRITE));
    assert_status(STATUS_INVALID_PARAMETER_3, allocate_status(0, 32, 1, both, PAGE_READWRITE));
    assert_status(STATUS_INVALID_PARAMETER_4, allocate_status(0, 0, 0, both, PAGE_READWRITE));
    assert_status(STATUS_INVALID_PARAMETER_4,
                  allocate_status(0x10000, 0, UINT64_MAX, both, PAGE_READWRITE));
    assert_status(STATUS_INVALID_PARAMETER_4,
                  allocate_status(MM_HIGHEST_VAD_ADDRESS, 0, 2, both, PAGE_READWRITE));
    assert_status(STATUS_NO_MEMORY,
                  allocate_status(0, 0, MM_HIGHEST_VAD_ADDRESS, MEM_RESERVE, PAGE_READWRITE));
    static const uint32_t types[] = {0,
                                     MEM_RELEASE | MEM_COMMIT,
                                     MEM_TOP_DOWN,
                                     MEM_RESET | MEM_COMMIT,
                                     MEM_COMMIT | MEM_WRITE_WATCH,
                                     MEM_PHYSICAL | MEM_COMMIT,
                                     MEM_LARGE_PAGES | MEM_COMMIT,
                                     MEM_RESERVE | 1};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        assert_status(STATUS_INVALID_PARAMETER_5,
                      allocate_status(0, 0, 1, types[i], PAGE_READWRITE));
    static const uint32_t protections[] = {0,
                                           PAGE_READONLY | PAGE_READWRITE,
                                           PAGE_GUARD,
                                           PAGE_NOACCESS | PAGE_GUARD,
                                           PAGE_NOACCESS | PAGE_NOCACHE,
                                           PAGE_READWRITE | PAGE_GUARD | PAGE_NOCACHE,
                                           PAGE_WRITECOPY,
                                           PAGE_EXECUTE_WRITECOPY,
                                           0x800,
                                           0xFFFFFFFF};
    for (size_t i = 0; i < sizeof(protections) / sizeof(protections[0]); i++)
        assert_status(STATUS_INVALID_PAGE_PROTECTION,
                      allocate_status(0, 0, 1, both, protections[i]));
    assert_status(
        STATUS_INVALID_PARAMETER_5,
        allocate_status(0, 0, 2 * MB, both | MEM_LARGE_PAGES | MEM_WRITE_WATCH, PAGE_READWRITE));
    assert_status(STATUS_INVALID_PARAMETER_4,
                  allocate_status(0, 0, 3 * MB, both | MEM_LARGE_PAGES, PAGE_READWRITE));
    assert_status(STATUS_INVALID_PARAMETER_2,
                  allocate_status(0x10110000, 0, 2 * MB, both | MEM_LARGE_PAGES, PAGE_READWRITE));
    assert_status(STATUS_INVALID_PAGE_PROTECTION,
                  allocate_status(0, 0, 2 * MB, both | MEM_LARGE_PAGES, PAGE_NOACCESS));
    assert_status(
        STATUS_INVALID_PAGE_PROTECTION,
        allocate_status(0, 0, 2 * MB, both | MEM_LARGE_PAGES, PAGE_READWRITE | PAGE_GUARD));
    assert_status(STATUS_INSUFFICIENT_RESOURCES,
                  allocate_status(0, 0, 1ull << 40, both | MEM_LARGE_PAGES, PAGE_READWRITE));
    assert_status(STATUS_INVALID_PARAMETER_6,
                  allocate_status(0, 0, 1, MEM_RESERVE | MEM_PHYSICAL, PAGE_READONLY));
}

static void conflicts(void **state)
{
    (void)state;

    reserve(space, 0x40000000, 128 * KB);
    assert_status(STATUS_CONFLICTING_ADDRESSES,
                  allocate_status(0x40010000, 0, 1, MEM_RESERVE, PAGE_READWRITE));
    assert_status(STATUS_CONFLICTING_ADDRESSES,
                  allocate_status(0x3FFF0000, 0, 64 * KB + 1, MEM_RESERVE, PAGE_READWRITE));
    assert_ok(allocate_status(0x3FFF0000, 0, 64 * KB, MEM_RESERVE, PAGE_READWRITE));
    /* Commit where nothing is reserved, and across two reservations. */
    assert_status(STATUS_CONFLICTING_ADDRESSES, commit(space, 0x50000000, 1, PAGE_READWRITE));
    assert_status(STATUS_CONFLICTING_ADDRESSES,
                  commit(space, 0x3FFFF000, 2 * PAGE_SIZE, PAGE_READWRITE));
    assert_status(STATUS_CONFLICTING_ADDRESSES,
                  commit(space, 0x4001F000, 2 * PAGE_SIZE, PAGE_READWRITE));
}

static void rounding(void **state)
{
    uint64_t base = 0x40012345, size = 1;
    (void)state;

    /* Reservations start on 64 KB and end with a page. */
    assert_ok(mm_allocate_virtual_memory(space, &base, 0, &size, MEM_RESERVE, PAGE_READWRITE));
    assert_int_equal(base, 0x40010000);
    assert_int_equal(size, 0x3000);
    base = 0x40011FFF;
    size = 2;
    assert_ok(mm_allocate_virtual_memory(space, &base, 0, &size, MEM_COMMIT, PAGE_READWRITE));
    assert_int_equal(base, 0x40011000);
    assert_int_equal(size, 0x2000);
    /* The next one found by the system starts on the next 64 KB. */
    for (int i = 0; i < 3; i++)
        assert_int_equal(reserve(space, 0, 1) % MM_ALLOCATION_GRANULARITY, 0);
    /* Base 0 with MEM_COMMIT alone reserves as well. */
    base = 0;
    size = 5000;
    assert_ok(mm_allocate_virtual_memory(space, &base, 0, &size, MEM_COMMIT, PAGE_READWRITE));
    assert_int_equal(size, 8192);
    assert_ok(write_byte(space, base + 8191, 1));
}

static void placement(void **state)
{
    uint64_t low, high, base, size = 64 * KB;
    (void)state;

    low = reserve(space, 0, 64 * KB);
    assert_int_equal(low, MM_LOWEST_USER_ADDRESS);
    base = 0;
    assert_ok(mm_allocate_virtual_memory(space, &base, 0, &size, MEM_RESERVE | MEM_TOP_DOWN,
                                         PAGE_READWRITE));
    high = base;
    assert_int_equal(high, MM_HIGHEST_VAD_ADDRESS + 1 - 64 * KB);
    /* Lowest first fit: a hole of three units between others. */
    uint64_t block[6];
    for (int i = 0; i < 6; i++)
        block[i] = reserve(space, 0, 64 * KB);
    assert_ok(release(space, block[1], 0));
    assert_ok(release(space, block[3], 0));
    assert_ok(release(space, block[4], 0));
    assert_int_equal(reserve(space, 0, 128 * KB), block[3]);
    assert_int_equal(reserve(space, 0, 64 * KB), block[1]);
    /* ZeroBits: below 2^(32 - n), or below the mask. */
    for (uint64_t bits = 1; bits < 10; bits++) {
        base = 0;
        assert_ok(mm_allocate_virtual_memory(space, &base, bits, &size, MEM_RESERVE | MEM_TOP_DOWN,
                                             PAGE_READWRITE));
        assert_true(base + size <= 1ull << (32 - bits));
        assert_true(base + size > 1ull << (31 - bits));
    }
    base = 0;
    assert_ok(mm_allocate_virtual_memory(space, &base, 0x3FFFFFFFF, &size,
                                         MEM_RESERVE | MEM_TOP_DOWN, PAGE_READWRITE));
    assert_true(base < 0x400000000 && base >= 0x3FFFE0000);
    assert_status(STATUS_NO_MEMORY, allocate_status(0, 21, 1, MEM_RESERVE, PAGE_READWRITE));
}

/* Committing again gives the new protection, and keeps the contents. */
static void commit_again(void **state)
{
    uint8_t byte = 0;
    (void)state;

    uint64_t base = allocate(space, 0, 4 * PAGE_SIZE, PAGE_READWRITE);
    uint64_t charge = space->process->CommitCharge - space->tables;
    assert_ok(write_byte(space, base, 7));
    assert_ok(commit(space, base, 2 * PAGE_SIZE, PAGE_READONLY));
    assert_int_equal(space->process->CommitCharge - space->tables, charge);
    assert_ok(read_byte(space, base, &byte));
    assert_int_equal(byte, 7);
    assert_status(STATUS_ACCESS_VIOLATION, write_byte(space, base, 8));
    assert_status(STATUS_ACCESS_VIOLATION, write_byte(space, base + PAGE_SIZE, 8));
    assert_ok(write_byte(space, base + 2 * PAGE_SIZE, 8));
    assert_ok(allocate_status(base, 0, PAGE_SIZE, MEM_RESET, PAGE_READWRITE));
}

/* ---- free ----------------------------------------------------------------------------------- */

static void free_misuse(void **state)
{
    (void)state;

    uint64_t base = reserve(space, 0x40000000, 64 * KB);
    static const uint32_t types[] = {0, MEM_DECOMMIT | MEM_RELEASE, MEM_COMMIT, MEM_RELEASE | 1};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        assert_status(STATUS_INVALID_PARAMETER_4, free_status(base, 0, types[i]));
    assert_status(STATUS_INVALID_PARAMETER_2, free_status(MM_SYSTEM_RANGE_START, 0, MEM_RELEASE));
    assert_status(STATUS_INVALID_PARAMETER_3, free_status(base, UINT64_MAX, MEM_RELEASE));
    assert_status(STATUS_MEMORY_NOT_ALLOCATED, free_status(base - 1, 0, MEM_RELEASE));
    assert_status(STATUS_MEMORY_NOT_ALLOCATED, free_status(0, 0, MEM_RELEASE));
    assert_status(STATUS_FREE_VM_NOT_AT_BASE, free_status(base + PAGE_SIZE, 0, MEM_RELEASE));
    assert_status(STATUS_FREE_VM_NOT_AT_BASE, free_status(base + PAGE_SIZE, 0, MEM_DECOMMIT));
    assert_status(STATUS_UNABLE_TO_FREE_VM, free_status(base, 64 * KB + 1, MEM_RELEASE));
    assert_status(STATUS_UNABLE_TO_FREE_VM, free_status(base, 64 * KB + 1, MEM_DECOMMIT));
    /* KUSER_SHARED_DATA stays. */
    assert_status(STATUS_INVALID_PAGE_PROTECTION,
                  free_status(MM_SHARED_USER_DATA_VA, 0, MEM_RELEASE));
    assert_status(STATUS_INVALID_PAGE_PROTECTION,
                  protect(space, MM_SHARED_USER_DATA_VA, 1, PAGE_READWRITE));
    assert_status(STATUS_INVALID_PAGE_PROTECTION,
                  commit(space, MM_SHARED_USER_DATA_VA, 1, PAGE_READWRITE));
    assert_status(STATUS_ACCESS_VIOLATION, write_byte(space, MM_SHARED_USER_DATA_VA, 1));
}

/* Front, back and middle; the rest keeps its contents. */
static void release_parts(void **state)
{
    uint8_t byte;
    (void)state;

    uint64_t base = allocate(space, 0x40000000, 16 * PAGE_SIZE, PAGE_READWRITE);
    for (unsigned i = 0; i < 16; i++)
        assert_ok(write_byte(space, base + i * PAGE_SIZE, (uint8_t)i));
    assert_ok(release(space, base + 6 * PAGE_SIZE, 4 * PAGE_SIZE));
    assert_consistent(&machine);
    assert_ok(release(space, base, PAGE_SIZE));
    assert_ok(release(space, base + 15 * PAGE_SIZE, PAGE_SIZE));
    assert_consistent(&machine);
    for (unsigned i = 0; i < 16; i++) {
        bool gone = i == 0 || i == 15 || (i >= 6 && i < 10);
        assert_status(gone ? STATUS_ACCESS_VIOLATION : STATUS_SUCCESS,
                      read_byte(space, base + i * PAGE_SIZE, &byte));
        if (!gone)
            assert_int_equal(byte, i);
    }
    MEMORY_BASIC_INFORMATION q = query(space, base + 10 * PAGE_SIZE);
    assert_int_equal(q.AllocationBase.va, base + 10 * PAGE_SIZE);
    assert_int_equal(q.RegionSize, 5 * PAGE_SIZE);
    assert_int_equal(query(space, base + PAGE_SIZE).AllocationBase.va, base + PAGE_SIZE);
}

/* Of a range committed as a whole: part, the part again, the rest by size 0. */
static void decommit_parts(void **state)
{
    uint64_t base = allocate(space, 0, 8 * PAGE_SIZE, PAGE_READWRITE);
    uint64_t before = space->process->CommitCharge - space->tables;
    (void)state;

    assert_ok(decommit(space, base + 2 * PAGE_SIZE, 2 * PAGE_SIZE));
    assert_int_equal(space->process->CommitCharge - space->tables, before - 2);
    assert_ok(decommit(space, base + 2 * PAGE_SIZE, 3 * PAGE_SIZE));
    assert_int_equal(space->process->CommitCharge - space->tables, before - 3);
    assert_status(STATUS_ACCESS_VIOLATION, write_byte(space, base + 4 * PAGE_SIZE, 1));
    assert_ok(write_byte(space, base + 5 * PAGE_SIZE, 1));
    assert_status(STATUS_NOT_COMMITTED, protect(space, base, 8 * PAGE_SIZE, PAGE_READONLY));
    assert_ok(decommit(space, base, 0));
    assert_int_equal(space->process->CommitCharge - space->tables, before - 8);
    assert_int_equal(query(space, base).State, MEM_RESERVE);
    assert_int_equal(query(space, base).RegionSize, 8 * PAGE_SIZE);
}

/* ---- protect, query -------------------------------------------------------------------------- */

static void protect_misuse(void **state)
{
    uint64_t base = allocate(space, 0x40000000, 16 * PAGE_SIZE, PAGE_READWRITE);
    (void)state;

    reserve(space, 0x40010000, 64 * KB);
    assert_status(STATUS_INVALID_PAGE_PROTECTION, protect(space, base, 1, 0));
    assert_status(STATUS_INVALID_PAGE_PROTECTION, protect(space, base, 1, PAGE_WRITECOPY));
    assert_status(STATUS_INVALID_PARAMETER_2,
                  protect(space, MM_SYSTEM_RANGE_START, 1, PAGE_READONLY));
    assert_status(STATUS_INVALID_PARAMETER_3, protect(space, base, 0, PAGE_READONLY));
    assert_status(STATUS_INVALID_PARAMETER_3, protect(space, base, UINT64_MAX, PAGE_READONLY));
    assert_status(STATUS_CONFLICTING_ADDRESSES, protect(space, base - 1, 1, PAGE_READONLY));
    assert_status(STATUS_CONFLICTING_ADDRESSES,
                  protect(space, base, 17 * PAGE_SIZE, PAGE_READONLY));
    assert_status(STATUS_NOT_COMMITTED, protect(space, base + 64 * KB, 1, PAGE_READONLY));
}

/* Every protection, on a page that is resident and on one that is not. */
static void rights(void **state)
{
    static const struct {
        uint32_t protect;
        bool read, write, execute;
    } table[] = {{PAGE_NOACCESS, false, false, false},
                 {PAGE_READONLY, true, false, false},
                 {PAGE_READWRITE, true, true, false},
                 {PAGE_EXECUTE, true, false, true},
                 {PAGE_EXECUTE_READ, true, false, true},
                 {PAGE_EXECUTE_READWRITE, true, true, true},
                 {PAGE_READWRITE | PAGE_NOCACHE, true, true, false},
                 {PAGE_READWRITE | PAGE_WRITECOMBINE, true, true, false}};
    uint64_t base = allocate(space, 0, 2 * PAGE_SIZE, PAGE_READWRITE);
    uint8_t byte;
    (void)state;

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        for (int resident = 0; resident < 2; resident++) {
            uint64_t va = base + (uint64_t)resident * PAGE_SIZE;
            assert_ok(protect(space, va, 1, PAGE_READWRITE));
            if (resident)
                assert_ok(write_byte(space, va, 9));
            assert_ok(protect(space, va, 1, table[i].protect));
            assert_int_equal(query(space, va).Protect, table[i].protect);
            assert_status(table[i].execute ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION,
                          execute(space, va));
            assert_status(table[i].read ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION,
                          read_byte(space, va, &byte));
            if (table[i].read)
                assert_int_equal(byte, resident ? 9 : 0);
            assert_status(table[i].write ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION,
                          write_byte(space, va, resident ? 9 : 0));
            assert_consistent(&machine);
        }
        assert_ok(decommit(space, base, PAGE_SIZE));
        assert_ok(commit(space, base, PAGE_SIZE, PAGE_READWRITE));
    }
}

/* The entry that the processor gets: software's bits right, A and D left to the processor. */
static void hardware_bits(void **state)
{
    uint64_t base = allocate(space, 0, PAGE_SIZE, PAGE_READWRITE);
    (void)state;

    assert_ok(mm_access_fault(space, base, hw_fault_set_write((hw_fault){0}, 1).value));
    MMPTE pte = mi_read_pte(mi_find_pte(space, base));
    assert_int_equal(pte.u.Hard.Valid, 1);
    assert_int_equal(pte.u.Hard.Dirty1, 1);
    assert_int_equal(pte.u.Hard.Write, 1);
    assert_int_equal(pte.u.Hard.Owner, 1);
    assert_int_equal(pte.u.Hard.NoExecute, 1);
    assert_int_equal(pte.u.Hard.Accessed, 0);
    assert_int_equal(pte.u.Hard.Dirty, 0);
    const MMPFN *pfn = mi_pfn(machine.mm, pte.u.Hard.PageFrameNumber);
    assert_int_equal(pfn->PteAddress.va, mi_pte_va(base));
    assert_int_equal(pfn->OriginalPte.u.Soft.Protection, MM_READWRITE);
    /* A copy sets them as the MMU would. */
    uint8_t byte;
    assert_ok(read_byte(space, base, &byte));
    assert_int_equal(mi_read_pte(mi_find_pte(space, base)).u.Hard.Accessed, 1);
    assert_int_equal(mi_read_pte(mi_find_pte(space, base)).u.Hard.Dirty, 0);
    assert_ok(write_byte(space, base, 1));
    assert_int_equal(mi_read_pte(mi_find_pte(space, base)).u.Hard.Dirty, 1);
}

/* One exception per guarded page, on whatever access; then it is ordinary. */
static void guard_pages(void **state)
{
    uint8_t byte;
    (void)state;

    uint64_t base = allocate(space, 0, 4 * PAGE_SIZE, PAGE_READWRITE | PAGE_GUARD);
    assert_status(STATUS_GUARD_PAGE_VIOLATION, read_byte(space, base, &byte));
    assert_ok(read_byte(space, base, &byte));
    assert_status(STATUS_GUARD_PAGE_VIOLATION, write_byte(space, base + PAGE_SIZE, 1));
    assert_ok(write_byte(space, base + PAGE_SIZE, 1));
    assert_status(STATUS_GUARD_PAGE_VIOLATION, execute(space, base + 2 * PAGE_SIZE));
    assert_status(STATUS_ACCESS_VIOLATION, execute(space, base + 2 * PAGE_SIZE));
    assert_int_equal(query(space, base).Protect, PAGE_READWRITE);
    assert_int_equal(query(space, base).RegionSize, 3 * PAGE_SIZE);
    assert_int_equal(query(space, base + 3 * PAGE_SIZE).Protect, PAGE_READWRITE | PAGE_GUARD);
    assert_int_equal(query(space, base).AllocationProtect, PAGE_READWRITE | PAGE_GUARD);
    /* A resident page: it waits on the modified list and comes back with its contents. */
    assert_ok(protect(space, base + PAGE_SIZE, 1, PAGE_READWRITE | PAGE_GUARD));
    struct mm_statistics s;
    mm_get_statistics(machine.mm, &s);
    assert_int_equal(s.modified, 1);
    assert_consistent(&machine);
    assert_status(STATUS_GUARD_PAGE_VIOLATION, read_byte(space, base + PAGE_SIZE, &byte));
    assert_ok(read_byte(space, base + PAGE_SIZE, &byte));
    assert_int_equal(byte, 1);
    mm_get_statistics(machine.mm, &s);
    assert_int_equal(s.modified, 0);
}

static void old_protection(void **state)
{
    uint64_t base = allocate(space, 0, 4 * PAGE_SIZE, PAGE_READWRITE), at, size;
    uint32_t old;
    (void)state;

    assert_ok(protect(space, base + PAGE_SIZE, 1, PAGE_EXECUTE_READ));
    at = base + PAGE_SIZE + 5;
    size = 2 * PAGE_SIZE;
    assert_ok(mm_protect_virtual_memory(space, &at, &size, PAGE_NOACCESS, &old));
    assert_int_equal(old, PAGE_EXECUTE_READ); /* the first page's */
    assert_int_equal(at, base + PAGE_SIZE);
    assert_int_equal(size, 3 * PAGE_SIZE);
}

static void queries(void **state)
{
    MEMORY_BASIC_INFORMATION q;
    (void)state;

    assert_status(STATUS_INVALID_PARAMETER,
                  mm_query_virtual_memory(space, MM_HIGHEST_USER_ADDRESS + 1, &q));
    q = query(space, 0x1234);
    assert_int_equal(q.BaseAddress.va, 0x1000);
    assert_int_equal(q.State, MEM_FREE);
    assert_int_equal(q.Protect, PAGE_NOACCESS);
    assert_int_equal(q.AllocationProtect, 0);
    assert_int_equal(q.Type, 0);
    assert_int_equal(q.RegionSize, MM_SHARED_USER_DATA_VA - 0x1000);
    q = query(space, MM_SHARED_USER_DATA_VA);
    assert_int_equal(q.State, MEM_COMMIT);
    assert_int_equal(q.Protect, PAGE_READONLY);
    assert_int_equal(q.RegionSize, 0x1000);
    q = query(space, MM_HIGHEST_USER_ADDRESS);
    assert_int_equal(q.State, MEM_RESERVE);
    assert_int_equal(q.BaseAddress.va + q.RegionSize, MM_HIGHEST_USER_ADDRESS + 1);
    /* Regions merge over page-table edges, and do not merge two allocations. */
    uint64_t base = reserve(space, 0x40000000, 8 * MB);
    assert_ok(commit(space, base + 2 * MB - PAGE_SIZE, 2 * PAGE_SIZE, PAGE_READWRITE));
    reserve(space, base + 8 * MB, 64 * KB);
    q = query(space, base);
    assert_int_equal(q.RegionSize, 2 * MB - PAGE_SIZE);
    assert_int_equal(q.Protect, 0);
    assert_int_equal(q.Type, MEM_PRIVATE);
    q = query(space, base + 2 * MB);
    assert_int_equal(q.RegionSize, PAGE_SIZE);
    q = query(space, base + 2 * MB - PAGE_SIZE);
    assert_int_equal(q.RegionSize, 2 * PAGE_SIZE);
    q = query(space, base + 2 * MB + PAGE_SIZE);
    assert_int_equal(q.RegionSize, 6 * MB - PAGE_SIZE);
    assert_int_equal(q.AllocationBase.va, base);
}

/* ---- limits --------------------------------------------------------------------------------- */

static void commit_limit(void **state)
{
    struct mm_statistics s;
    (void)state;

    mm_get_statistics(machine.mm, &s);
    uint64_t room = (s.commit_limit - s.committed_pages) * PAGE_SIZE;
    assert_status(STATUS_COMMITMENT_LIMIT,
                  allocate_status(0, 0, room, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE));
    reserve(space, 0x100000000, 1ull << 40); /* reserving costs nothing */
    assert_status(STATUS_COMMITMENT_LIMIT, commit(space, 0x100000000, room, PAGE_READWRITE));
    /* All that can be committed can be touched. */
    uint64_t size = room / 100 * 99 - 256 * KB;
    uint64_t base = allocate(space, 0, size, PAGE_READWRITE);
    for (uint64_t at = 0; at < size; at += PAGE_SIZE)
        assert_ok(write_byte(space, base + at, 1));
    assert_consistent(&machine);
    assert_ok(release(space, base, 0));
}

/* More is promised than RAM holds, and the paging file cannot be written. */
static void exhausted_ram(void **state)
{
    struct machine small;
    NTSTATUS status = STATUS_SUCCESS;
    (void)state;

    machine_create_on(&small, 32 * MB, 64 * MB, WITH_ENGINE, &test_paging_ops);
    small.recorder.writes_left = 0;
    struct mm_statistics before = settled(&small);
    struct mm_space *process = process_create(&small);
    uint64_t base = allocate(process, 0, 48 * MB, PAGE_READWRITE), at = 0;
    for (; at < 48 * MB && NT_SUCCESS(status); at += PAGE_SIZE)
        status = write_byte(process, base + at, 1);
    assert_status(STATUS_NO_MEMORY, status);
    assert_true(at > 8 * MB);
    assert_consistent(&small);
    assert_null(ex_allocate_pool(small.mm, PagedPool, 4 * MB, mm_tag("Test")));
    assert_int_equal(mm_allocate_system_pages(small.mm, 6, false), 0);
    assert_consistent(&small);
    process_destroy(&small, process);
    struct mm_statistics after = settled(&small);
    assert_same_pages(&before, &after);
    machine_destroy(&small);
}

/* ---- copies --------------------------------------------------------------------------------- */

static void copies(void **state)
{
    struct mm_space *other = process_create(&machine);
    char text[] = "across a page edge", back[sizeof(text)] = "";
    uint64_t copied;
    (void)state;

    uint64_t a = allocate(space, 0, 4 * PAGE_SIZE, PAGE_READWRITE);
    uint64_t b = allocate(other, 0, 4 * PAGE_SIZE, PAGE_READWRITE);
    assert_ok(mm_copy_to_user(space, a + PAGE_SIZE - 7, text, sizeof(text)));
    assert_ok(mm_copy_virtual_memory(space, a + PAGE_SIZE - 7, other, b + 2 * PAGE_SIZE - 3,
                                     sizeof(text), &copied));
    assert_int_equal(copied, sizeof(text));
    assert_ok(mm_copy_from_user(other, back, b + 2 * PAGE_SIZE - 3, sizeof(back)));
    assert_string_equal(back, text);
    /* Up to the first page that cannot be had. */
    assert_ok(decommit(space, a + 2 * PAGE_SIZE, PAGE_SIZE));
    assert_status(STATUS_PARTIAL_COPY,
                  mm_copy_virtual_memory(space, a, other, b, 4 * PAGE_SIZE, &copied));
    assert_int_equal(copied, 2 * PAGE_SIZE);
    assert_ok(protect(other, b + PAGE_SIZE, 1, PAGE_READONLY));
    assert_status(STATUS_PARTIAL_COPY,
                  mm_copy_virtual_memory(space, a, other, b, 2 * PAGE_SIZE, &copied));
    assert_int_equal(copied, PAGE_SIZE);
    /* Kernel addresses, the end of user space, overflow. */
    assert_status(STATUS_ACCESS_VIOLATION, mm_copy_from_user(space, back, MM_SYSTEM_PTE_START, 1));
    assert_status(STATUS_ACCESS_VIOLATION,
                  mm_copy_from_user(space, back, MM_HIGHEST_USER_ADDRESS, 2));
    assert_status(STATUS_ACCESS_VIOLATION, mm_copy_from_user(space, back, a, SIZE_MAX));
    assert_status(STATUS_ACCESS_VIOLATION, mm_copy_to_user(space, UINT64_MAX, back, 1));
    assert_ok(mm_copy_from_user(space, back, UINT64_MAX, 0));
    process_destroy(&machine, other);
}

/* Variables that a service reads and writes: in one page, across an edge, and none of them if one
 * cannot be written. */
static void variables(void **state)
{
    uint64_t first = 0x1122334455667788, second = 0x99AABBCCDDEEFF00, got[2] = {0, 0};
    (void)state;

    uint64_t a = allocate(space, 0, 3 * PAGE_SIZE, PAGE_READWRITE);
    struct mm_variable v[] = {{a + 8, &got[0], sizeof(got[0])},
                              {a + PAGE_SIZE - 3, &got[1], sizeof(got[1])}};
    assert_ok(mm_capture_variables(space, v, 2)); /* pages that nobody touched */
    assert_true(got[0] == 0 && got[1] == 0);
    assert_ok(mm_copy_to_user(space, v[0].va, &first, sizeof(first)));
    assert_ok(mm_copy_to_user(space, v[1].va, &second, sizeof(second)));
    assert_ok(mm_capture_variables(space, v, 2));
    assert_true(got[0] == first && got[1] == second);
    got[1]++; /* one is another now */
    assert_ok(mm_return_variables(space, v, 2));
    assert_ok(mm_copy_from_user(space, &first, v[0].va, sizeof(first)));
    assert_ok(mm_copy_from_user(space, &second, v[1].va, sizeof(second)));
    assert_true(got[0] == first && got[1] == second);
    /* Another thread changed what is returned as it was captured: the service has the last word. */
    uint64_t other = 5;
    assert_ok(mm_copy_to_user(space, v[0].va, &other, sizeof(other)));
    assert_ok(mm_return_variables(space, v, 2));
    assert_ok(mm_copy_from_user(space, &other, v[0].va, sizeof(other)));
    assert_int_equal(other, first);

    assert_ok(protect(space, a + PAGE_SIZE, 1, PAGE_READONLY));
    assert_status(STATUS_ACCESS_VIOLATION, mm_capture_variables(space, v, 2));
    assert_status(STATUS_ACCESS_VIOLATION, mm_return_variables(space, v, 2));
    assert_ok(protect(space, a + PAGE_SIZE, 1, PAGE_READWRITE | PAGE_GUARD));
    assert_status(STATUS_GUARD_PAGE_VIOLATION, mm_capture_variables(space, v, 2));
    assert_ok(mm_capture_variables(space, v, 2)); /* its guard is gone */
    const uint64_t bad[] = {0, MM_SYSTEM_PTE_START, MM_HIGHEST_USER_ADDRESS - 3, UINT64_MAX};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        v[1].va = bad[i];
        assert_status(STATUS_ACCESS_VIOLATION, mm_capture_variables(space, v, 2));
    }
    assert_ok(release(space, a, 0));
}

static void peb_and_teb(void **state)
{
    uint64_t peb, teb[3];
    (void)state;

    assert_ok(mm_create_peb_or_teb(space, PAGE_SIZE, &peb));
    assert_int_equal(peb, 0x7FFFFFDF000);
    for (int i = 0; i < 3; i++) {
        assert_ok(mm_create_peb_or_teb(space, 2 * PAGE_SIZE, &teb[i]));
        assert_ok(write_byte(space, teb[i], 1));
    }
    assert_int_equal(teb[0], peb - 2 * PAGE_SIZE);
    assert_int_equal(teb[2], peb - 6 * PAGE_SIZE);
    assert_ok(release(space, teb[1], 0));
    assert_ok(mm_create_peb_or_teb(space, 2 * PAGE_SIZE, &teb[1]));
    assert_int_equal(teb[1], peb - 4 * PAGE_SIZE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(life_of_a_page), TEST(allocate_misuse), TEST(conflicts),   TEST(rounding),
        TEST(placement),      TEST(commit_again),    TEST(free_misuse), TEST(release_parts),
        TEST(decommit_parts), TEST(protect_misuse),  TEST(rights),      TEST(hardware_bits),
        TEST(guard_pages),    TEST(old_protection),  TEST(queries),     TEST(commit_limit),
        TEST(exhausted_ram),  TEST(copies),          TEST(variables),   TEST(peb_and_teb),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
