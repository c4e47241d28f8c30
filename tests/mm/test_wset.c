/* tests/mm/test_wset.c: working set lists, locks, limits, and what is told of them. */
#include "mm/frames.h"
#include "mm/space.h"
#include "support.h"

#include <pthread.h>
#include <string.h>

#define PAGES(n) ((n)*PAGE_SIZE)
#define FIRST_PAGE_ENTRIES 367u /* that fit behind the MMWSL */
#define LOCKABLE 37u            /* of a minimum of 50: not 5 fixed and 8 fluid ones */

static struct machine machine;
static struct mm_space *a, *b;

static int setup(void **state)
{
    (void)state;
    machine_create(&machine, 64 * MB, 64 * MB, WITH_ENGINE);
    a = process_create(&machine);
    b = process_create(&machine);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_consistent(&machine);
    process_destroy(&machine, a);
    process_destroy(&machine, b);
    machine_destroy(&machine);
    return 0;
}

static MMSUPPORT *vm(struct mm_space *space)
{
    return &mm_space_process(space)->Vm;
}

static uint64_t resident(struct mm_space *space)
{
    return vm(space)->WorkingSetSize - MI_FIXED_WSLES;
}

static void touch(struct mm_space *space, uint64_t base, uint64_t pages)
{
    for (uint64_t i = 0; i < pages; i++)
        assert_ok(write_byte(space, base + PAGES(i), (uint8_t)i));
}

static bool is_resident(struct mm_space *space, uint64_t va)
{
    MMPTE *pte = mi_find_pte(space, va);

    return pte && mi_read_pte(pte).u.Hard.Valid;
}

static uint64_t count_resident(struct mm_space *space, uint64_t base, uint64_t pages)
{
    uint64_t count = 0;

    for (uint64_t i = 0; i < pages; i++)
        count += is_resident(space, base + PAGES(i));
    return count;
}

/* What a processor does when it uses pages. */
static void use(struct mm_space *space, uint64_t base, uint64_t pages)
{
    const MMPTE accessed = {.u.Hard = {.Accessed = 1}};

    for (uint64_t i = 0; i < pages; i++)
        mi_find_pte(space, base + PAGES(i))->u.Long |= accessed.u.Long;
}

static SEGMENT *section(uint64_t size)
{
    SEGMENT *segment;

    assert_ok(mm_create_page_file_section(machine.mm, size, PAGE_READWRITE, SEC_COMMIT, &segment));
    return segment;
}

static uint64_t map(struct mm_space *space, SEGMENT *segment, uint32_t protect)
{
    struct mm_view view = {.segment = segment, .protect = protect, .inherit = 1};

    assert_ok(mm_map_view(space, &view));
    return view.base;
}

static NTSTATUS lock(struct mm_space *space, uint64_t base, uint64_t size)
{
    return mm_lock_virtual_memory(space, &base, &size, MAP_PROCESS);
}

static NTSTATUS unlock(struct mm_space *space, uint64_t base, uint64_t size)
{
    return mm_unlock_virtual_memory(space, &base, &size, MAP_PROCESS);
}

/* ---- the list ---- */

static void entries_follow_pages(void **state)
{
    uint64_t base = allocate(a, 0, PAGES(4), PAGE_READWRITE);
    const MMWSL *list = mi_wsl(a);
    (void)state;

    assert_int_equal(list->FirstDynamic, MI_FIXED_WSLES);
    assert_int_equal(mi_wsle_va(*mi_wsle(a, 0)), PXE_BASE);
    assert_int_equal(mi_wsle_va(*mi_wsle(a, 4)), MI_WORKING_SET_LIST);
    touch(a, base, 4);
    assert_int_equal(resident(a), 4);
    MMPTE pte = mi_read_pte(mi_find_pte(a, base + PAGES(2)));
    MMPFN *page = mi_pfn(machine.mm, pte.u.Hard.PageFrameNumber);
    MMWSLE entry = *mi_wsle(a, (uint32_t)page->u1.WsIndex);
    assert_true(entry.u1.e1.Valid && entry.u1.e1.Direct && !entry.u1.e1.Hashed);
    assert_int_equal(entry.u1.e1.VirtualPageNumber, MI_VPN(base) + 2);
    uint32_t index = (uint32_t)page->u1.WsIndex;
    assert_ok(decommit(a, base + PAGES(2), PAGE_SIZE));
    assert_int_equal(resident(a), 3);
    assert_int_equal(list->FirstFree, index);
    assert_ok(protect(a, base, PAGE_SIZE, PAGE_NOACCESS));
    assert_int_equal(resident(a), 2);
    assert_consistent(&machine);
    assert_ok(release(a, base, 0));
    assert_int_equal(resident(a), 0);
    assert_int_equal(vm(a)->PeakWorkingSetSize, MI_FIXED_WSLES + 4);
}

/* The array takes more pages, which are charged, and gives them back. */
static void list_grows_and_shrinks(void **state)
{
    uint64_t charge = a->process->CommitCharge, pages = 2000;
    uint64_t base = allocate(a, 0, PAGES(pages), PAGE_READWRITE);
    uint64_t kept = allocate(a, 0, PAGES(10), PAGE_READWRITE);
    (void)state;

    touch(a, base, FIRST_PAGE_ENTRIES - MI_FIXED_WSLES);
    assert_int_equal(vm(a)->ActualWslePages, 1);
    touch(a, base, pages);
    touch(a, kept, 10); /* at the end of the list */
    assert_int_equal(vm(a)->ActualWslePages, 5);
    assert_true(mi_wsl(a)->LastInitializedWsle >= pages);
    assert_consistent(&machine);
    assert_ok(release(a, base, 0));
    assert_consistent(&machine);
    assert_int_equal(resident(a), 10);
    assert_int_equal(vm(a)->ActualWslePages, 1);
    assert_int_equal(count_resident(a, kept, 10), 10);
    touch(a, allocate(a, 0, PAGES(pages), PAGE_READWRITE), pages);
    assert_consistent(&machine);
    mm_empty_working_set(a);
    assert_int_equal(vm(a)->ActualWslePages, 1);
    assert_int_equal(resident(a), 0);
    assert_true(a->process->CommitCharge > charge);
}

/* Each process has entries of its own; the table grows, and a copy leaves it. */
static void shared_pages_are_found(void **state)
{
    SEGMENT *segment = section(4 * MB);
    uint64_t at_a = map(a, segment, PAGE_READWRITE), at_b = map(b, segment, PAGE_WRITECOPY);
    uint8_t byte;
    (void)state;

    touch(a, at_a, 1024);
    for (int i = 0; i < 1024; i++)
        assert_ok(read_byte(b, at_b + PAGES(i), &byte));
    assert_int_equal(mi_wsl(a)->NonDirectCount, 1024);
    assert_int_equal(a->hash_pages, 8);
    assert_consistent(&machine);
    assert_ok(lock(b, at_b, PAGE_SIZE));
    touch(b, at_b, 600);
    assert_int_equal(mi_wsl(b)->NonDirectCount, 424);
    assert_int_equal(b->process->NumberOfPrivatePages, 600);
    assert_true(mi_page_is_locked(b, at_b)); /* the copy has its lock */
    assert_consistent(&machine);
    mm_empty_working_set(a);
    assert_int_equal(mi_wsl(a)->NonDirectCount, 0);
    assert_int_equal(a->hash_pages, 1);
    assert_ok(read_byte(a, at_a + PAGES(7), &byte));
    assert_int_equal(byte, 7);
    assert_ok(mm_unmap_view(b, at_b));
    assert_int_equal(resident(b), 0);
    assert_int_equal(mi_wsl(b)->FirstDynamic, MI_FIXED_WSLES);
    mm_close_section(machine.mm, segment);
}

/* ---- ageing and trimming ---- */

static size_t trim(struct mm_space *space, size_t most, enum mi_trim which)
{
    mi_lock_working_set(space);
    size_t trimmed = mi_trim_working_set(space, most, which);
    mi_unlock_working_set(space);
    return trimmed;
}

static void the_oldest_go_first(void **state)
{
    uint64_t base = allocate(a, 0, PAGES(300), PAGE_READWRITE);
    (void)state;

    vm(a)->MinimumWorkingSetSize = 20;
    touch(a, base, 300);
    use(a, base, 300);
    assert_int_equal(trim(a, 10, MI_TRIM_OLD), 0); /* all were used; not any more */
    use(a, base + PAGES(100), 100);
    assert_int_equal(trim(a, 30, MI_TRIM_OLD), 30);
    assert_int_equal(count_resident(a, base + PAGES(100), 100), 100);
    use(a, base + PAGES(100), 200);
    assert_int_equal(trim(a, 70, MI_TRIM_OLD), 70);
    assert_int_equal(count_resident(a, base + PAGES(100), 200), 200);
    assert_int_equal(count_resident(a, base, 100), 0);
    assert_consistent(&machine);
    /* The minimum stays as long as there is another way; nothing stays when it is emptied. */
    use(a, base + PAGES(100), 200);
    assert_int_equal(trim(a, SIZE_MAX, MI_TRIM_OLD), 0);
    assert_int_equal(trim(a, SIZE_MAX, MI_TRIM_OLD), 200 + MI_FIXED_WSLES - 20);
    vm(a)->Flags.MinimumWorkingSetHard = 1;
    assert_int_equal(trim(a, SIZE_MAX, MI_TRIM_ANY), 0);
    vm(a)->Flags.MinimumWorkingSetHard = 0;
    assert_int_equal(trim(a, SIZE_MAX, MI_TRIM_ANY), 20 - MI_FIXED_WSLES);
    assert_int_equal(resident(a), 0);
}

static NTSTATUS limit(struct mm_space *space, uint64_t least, uint64_t most, uint32_t flags)
{
    return mm_set_working_set_limits(space, PAGES(least), PAGES(most), flags);
}

/* A hard maximum: pages replace each other, and none loses its contents. */
static void hard_maximum(void **state)
{
    uint64_t base = allocate(a, 0, PAGES(500), PAGE_READWRITE);
    uint8_t byte;
    (void)state;

    touch(a, base, 100);
    assert_int_equal(resident(a), 100); /* a soft one is passed */
    assert_ok(limit(a, 20, 40, QUOTA_LIMITS_HARDWS_MAX_ENABLE));
    assert_int_equal(vm(a)->WorkingSetSize, 40);
    touch(a, base, 500);
    assert_int_equal(vm(a)->WorkingSetSize, 40);
    for (int i = 0; i < 500; i++) {
        assert_ok(read_byte(a, base + PAGES(i), &byte));
        assert_int_equal(byte, (uint8_t)i);
        assert_true(vm(a)->WorkingSetSize <= 40);
    }
    assert_consistent(&machine);
    assert_ok(limit(a, 20, 40, QUOTA_LIMITS_HARDWS_MAX_DISABLE));
    touch(a, base, 500);
    assert_int_equal(resident(a), 500);
}

/* ---- limits ---- */

static void limits(void **state)
{
    const uint32_t enable = QUOTA_LIMITS_HARDWS_MIN_ENABLE | QUOTA_LIMITS_HARDWS_MAX_ENABLE;
    const uint32_t disable = QUOTA_LIMITS_HARDWS_MIN_DISABLE | QUOTA_LIMITS_HARDWS_MAX_DISABLE;
    uint64_t least, most;
    uint32_t flags;
    (void)state;

    mm_get_working_set_limits(a, &least, &most, &flags);
    assert_int_equal(least, PAGES(50));
    assert_int_equal(most, PAGES(345));
    assert_int_equal(flags, disable);
    assert_ok(limit(a, 100, 200, enable));
    mm_get_working_set_limits(a, &least, &most, &flags);
    assert_int_equal(least, PAGES(100));
    assert_int_equal(most, PAGES(200));
    assert_int_equal(flags, enable);
    assert_ok(limit(a, 60, 300, 0)); /* what is not said stays */
    mm_get_working_set_limits(a, &least, &most, &flags);
    assert_int_equal(flags, enable);
    assert_ok(limit(a, 1, 13, disable)); /* too small a minimum becomes 20 */
    mm_get_working_set_limits(a, &least, &most, &flags);
    assert_int_equal(least, PAGES(20));
    assert_int_equal(most, PAGES(20));
    assert_ok(limit(a, 50, UINT64_MAX / PAGE_SIZE, 0));
    mm_get_working_set_limits(a, &least, &most, &flags);
    assert_true(most < 64 * MB);

    assert_status(STATUS_BAD_WORKING_SET_LIMIT, limit(a, 0, 100, 0));
    assert_status(STATUS_BAD_WORKING_SET_LIMIT, limit(a, 101, 100, 0));
    assert_status(STATUS_BAD_WORKING_SET_LIMIT, limit(a, 12, 12, 0));
    assert_status(STATUS_INVALID_PARAMETER, limit(a, 50, 100, 1 | 2));
    assert_status(STATUS_INVALID_PARAMETER, limit(a, 50, 100, 4 | 8));
    assert_status(STATUS_INVALID_PARAMETER, limit(a, 50, 100, 16));
    assert_status(STATUS_INSUFFICIENT_RESOURCES, limit(a, 15800, 15900, 0));
    assert_ok(lock(a, allocate(a, 0, PAGES(30), PAGE_READWRITE), PAGES(30)));
    assert_status(STATUS_BAD_WORKING_SET_LIMIT, limit(a, 30, 100, 0)); /* more is locked */
    assert_ok(mm_set_working_set_limits(a, UINT64_MAX, UINT64_MAX, 0));
    assert_int_equal(resident(a), 30);
}

/* ---- locks ---- */

static void locked_pages_stay(void **state)
{
    uint64_t base = allocate(a, 0, PAGES(20), PAGE_READWRITE), from = base + 5, size = PAGE_SIZE;
    (void)state;

    touch(a, base, 3);
    assert_ok(mm_lock_virtual_memory(a, &from, &size, MAP_PROCESS));
    assert_int_equal(from, base); /* whole pages */
    assert_int_equal(size, PAGES(2));
    assert_int_equal(mi_wsl(a)->FirstDynamic, MI_FIXED_WSLES + 2);
    assert_ok(lock(a, base + PAGES(10), PAGES(2))); /* were not in memory */
    assert_consistent(&machine);
    mm_empty_working_set(a);
    assert_int_equal(resident(a), 4);
    assert_int_equal(count_resident(a, base, 2) + count_resident(a, base + PAGES(10), 2), 4);
    assert_status(STATUS_WAS_LOCKED, lock(a, base + PAGE_SIZE, PAGES(2)));
    assert_int_equal(mi_wsl(a)->FirstDynamic, MI_FIXED_WSLES + 5);
    assert_ok(unlock(a, base, PAGES(3)));
    assert_int_equal(mi_wsl(a)->FirstDynamic, MI_FIXED_WSLES + 2);
    assert_consistent(&machine);
    mm_empty_working_set(a);
    assert_int_equal(resident(a), 2);
    assert_ok(release(a, base, 0)); /* locked or not */
    assert_int_equal(resident(a), 0);
    assert_int_equal(mi_wsl(a)->FirstDynamic, MI_FIXED_WSLES);
}

/* Unlocking what is not locked takes it out of the working set, and says so. */
static void unlocking_trims(void **state)
{
    uint64_t base = allocate(a, 0, PAGES(4), PAGE_READWRITE);
    (void)state;

    touch(a, base, 4);
    assert_ok(lock(a, base + PAGES(2), PAGE_SIZE));
    assert_status(STATUS_NOT_LOCKED, unlock(a, base, PAGES(4)));
    assert_int_equal(count_resident(a, base, 4), 1);
    assert_true(is_resident(a, base + PAGES(2)));
    assert_ok(unlock(a, base + PAGES(2), PAGE_SIZE));
    assert_status(STATUS_NOT_LOCKED, unlock(a, base + PAGES(2), PAGE_SIZE));
    assert_status(STATUS_NOT_LOCKED, unlock(a, 0x7FF00000000, PAGE_SIZE));
    assert_int_equal(resident(a), 0);
}

static void lock_quota(void **state)
{
    uint64_t base = allocate(a, 0, PAGES(200), PAGE_READWRITE);
    (void)state;

    assert_status(STATUS_WORKING_SET_QUOTA, lock(a, base, PAGES(LOCKABLE + 1)));
    assert_status(STATUS_WORKING_SET_QUOTA, lock(a, base, PAGES(200)));
    assert_int_equal(mi_wsl(a)->FirstDynamic, MI_FIXED_WSLES);
    assert_ok(lock(a, base, PAGES(LOCKABLE)));
    assert_status(STATUS_WORKING_SET_QUOTA, lock(a, base + PAGES(LOCKABLE), PAGE_SIZE));
    assert_status(STATUS_WAS_LOCKED, lock(a, base, PAGES(LOCKABLE))); /* nothing more */
    assert_ok(limit(a, 100, 345, 0));
    assert_ok(lock(a, base + PAGES(LOCKABLE), PAGES(50)));
    assert_status(STATUS_WORKING_SET_QUOTA, lock(a, base + PAGES(150), PAGE_SIZE));
    assert_consistent(&machine);
}

static void lock_statuses(void **state)
{
    uint64_t base = allocate(a, 0, PAGES(4), PAGE_READWRITE), size = PAGE_SIZE,
             bare = reserve(a, 0, PAGES(1));
    (void)state;

    assert_status(STATUS_INVALID_PARAMETER, mm_lock_virtual_memory(a, &base, &size, 0));
    assert_status(STATUS_INVALID_PARAMETER, mm_lock_virtual_memory(a, &base, &size, 4));
    assert_status(STATUS_INVALID_PARAMETER, mm_unlock_virtual_memory(a, &base, &size, 0));
    assert_status(STATUS_INVALID_PARAMETER_2, lock(a, MM_HIGHEST_USER_ADDRESS, PAGE_SIZE));
    assert_status(STATUS_INVALID_PARAMETER_2, unlock(a, MM_SYSTEM_PAGE_DIRECTORY << 40, 1));
    assert_status(STATUS_INVALID_PARAMETER_3, lock(a, base, 0));
    assert_status(STATUS_INVALID_PARAMETER_3, lock(a, base, UINT64_MAX - base + 1));
    assert_status(STATUS_INVALID_PARAMETER_3, unlock(a, base, 0));
    assert_status(STATUS_ACCESS_VIOLATION, lock(a, bare, PAGE_SIZE));
    assert_status(STATUS_ACCESS_VIOLATION, lock(a, 0x7FF00000000, PAGE_SIZE));
    assert_status(STATUS_ACCESS_VIOLATION, lock(a, base + PAGES(3), PAGES(2)));
    assert_int_equal(mi_wsl(a)->FirstDynamic, MI_FIXED_WSLES);
    assert_ok(protect(a, base, PAGE_SIZE, PAGE_NOACCESS));
    assert_status(STATUS_ACCESS_VIOLATION, lock(a, base, PAGE_SIZE));
    assert_ok(protect(a, base, PAGE_SIZE, PAGE_READWRITE | PAGE_GUARD));
    assert_status(STATUS_GUARD_PAGE_VIOLATION, lock(a, base, PAGE_SIZE));
    assert_ok(lock(a, base, PAGE_SIZE)); /* only the first time */
    assert_status(STATUS_WAS_UNLOCKED, protect(a, base, PAGES(2), PAGE_NOACCESS));
    assert_int_equal(mi_wsl(a)->FirstDynamic, MI_FIXED_WSLES);
    assert_ok(protect(a, base, PAGES(2), PAGE_NOACCESS));
    assert_ok(lock(a, MM_SHARED_USER_DATA_VA, PAGE_SIZE)); /* is there for good */
    assert_status(STATUS_NOT_LOCKED, unlock(a, MM_SHARED_USER_DATA_VA, PAGE_SIZE));
    uint8_t byte;
    assert_ok(read_byte(a, MM_SHARED_USER_DATA_VA, &byte));
}

static void both_locks(void **state)
{
    uint64_t base = allocate(a, 0, PAGES(60), PAGE_READWRITE), size = PAGES(60);
    (void)state;

    assert_ok(mm_lock_virtual_memory(a, &base, &size, MAP_SYSTEM)); /* has no quota */
    assert_int_equal(a->process->NumberOfLockedPages, 60);
    assert_int_equal(mi_wsl(a)->FirstDynamic, MI_FIXED_WSLES);
    mm_empty_working_set(a);
    assert_int_equal(resident(a), 60);
    assert_ok(lock(a, base, PAGE_SIZE));
    assert_consistent(&machine);
    size = PAGE_SIZE;
    assert_ok(mm_unlock_virtual_memory(a, &base, &size, MAP_SYSTEM));
    assert_status(STATUS_NOT_LOCKED,
                  mm_unlock_virtual_memory(a, &base, &size, MAP_SYSTEM | MAP_PROCESS));
    assert_true(is_resident(a, base)); /* it has one of them */
    assert_ok(unlock(a, base, PAGE_SIZE));
    assert_ok(decommit(a, base + PAGE_SIZE, PAGE_SIZE));
    assert_int_equal(a->process->NumberOfLockedPages, 58);
}

/* ---- queries ---- */

static void what_is_told(void **state)
{
    uint64_t base = allocate(a, 0, PAGES(3), PAGE_READWRITE);
    SEGMENT *segment = section(PAGES(2));
    uint64_t view = map(a, segment, PAGE_READWRITE), other = map(b, segment, PAGE_READWRITE);
    MEMORY_WORKING_SET_BLOCK block[8];
    MEMORY_WORKING_SET_EX_INFORMATION item[6];
    (void)state;

    touch(a, base, 2);
    touch(a, view, 1);
    touch(b, other, 1);
    assert_ok(protect(a, base, PAGE_SIZE, PAGE_EXECUTE_READ));
    assert_ok(lock(a, base, PAGE_SIZE));
    uint64_t count;
    assert_ok(mm_query_working_set(a, block, 0, &count));
    assert_int_equal(count, 3);
    assert_ok(mm_query_working_set(a, block, 8, &count));
    assert_int_equal(count, 3);
    assert_int_equal(block[0].VirtualPage, MI_VPN(base));
    assert_int_equal(block[0].Protection, MM_EXECUTE_READ);
    assert_false(block[0].Shared);
    bool found = false;
    for (int i = 1; i < 3; i++) {
        if (block[i].VirtualPage != MI_VPN(view))
            continue;
        found = true;
        assert_true(block[i].Shared);
        assert_int_equal(block[i].ShareCount, 2);
        assert_int_equal(block[i].Protection, MM_READWRITE);
    }
    assert_true(found);

    const uint64_t va[] = {base + 17, base + PAGES(2), view, view + PAGE_SIZE, 0, UINT64_MAX};
    for (int i = 0; i < 6; i++)
        item[i].VirtualAddress.va = va[i];
    assert_ok(mm_query_working_set_ex(a, item, 6));
    assert_true(item[0].VirtualAttributes.Valid && item[0].VirtualAttributes.Locked);
    assert_int_equal(item[0].VirtualAttributes.Win32Protection, PAGE_EXECUTE_READ);
    assert_false(item[1].VirtualAttributes.Valid);
    assert_true(item[2].VirtualAttributes.Valid && item[2].VirtualAttributes.Shared);
    assert_int_equal(item[2].VirtualAttributes.ShareCount, 2);
    assert_false(item[2].VirtualAttributes.Locked);
    assert_true(!item[3].VirtualAttributes.Valid && item[3].VirtualAttributes.Shared);
    assert_false(item[4].VirtualAttributes.Valid || item[5].VirtualAttributes.Valid);
    mm_close_section(machine.mm, segment);
}

/* ---- anything ---- */

#define ARENA 1024u /* pages; half private, half a view */

/* One of everything that changes a working set; any status will do, the state is checked. */
static void step(struct mm_space *space, uint64_t arena, uint64_t view, uint64_t *random)
{
    uint64_t page = random_below(random, ARENA), pages = 1 + random_below(random, 60),
             size = PAGES(pages);
    uint64_t at = page < ARENA / 2 ? arena + PAGES(page) : view + PAGES(page - ARENA / 2);
    uint32_t old;

    switch (random_below(random, 12)) {
    case 0:
        (void)lock(space, at, size);
        break;
    case 1:
        (void)unlock(space, at, size);
        break;
    case 2:
        (void)limit(space, 20 + random_below(random, 200), 220 + random_below(random, 400),
                    random_below(random, 16));
        break;
    case 3:
        trim(space, random_below(random, 200), (enum mi_trim)random_below(random, 3));
        break;
    case 4:
        (void)mm_protect_virtual_memory(
            space, &at, &size, random_below(random, 2) ? PAGE_NOACCESS : PAGE_READWRITE, &old);
        break;
    case 5:
        (void)mm_free_virtual_memory(space, &at, &size, MEM_DECOMMIT);
        break;
    case 6:
        (void)mm_allocate_virtual_memory(space, &at, 0, &size, MEM_COMMIT, PAGE_READWRITE);
        break;
    case 7:
        (void)mm_lock_virtual_memory(space, &at, &size, MAP_SYSTEM);
        break;
    case 8:
        (void)mm_unlock_virtual_memory(space, &at, &size, MAP_SYSTEM);
        break;
    default:
        for (uint64_t i = 0; i < pages; i++)
            (void)write_byte(space, at + PAGES(i), 1);
    }
}

/* Two processes with memory of their own, and views of one section. */
struct world {
    struct mm_space *space[2];
    uint64_t arena[2], view[2];
    uint64_t random; /* the thread's own */
    unsigned steps;
    bool check;
};

static struct world make_world(unsigned steps, bool check)
{
    struct world world = {.space = {a, b}, .random = random_seed(), .steps = steps, .check = check};
    SEGMENT *segment = section(PAGES(ARENA / 2));

    for (int i = 0; i < 2; i++) {
        world.arena[i] = allocate(world.space[i], 0, PAGES(ARENA / 2), PAGE_READWRITE);
        world.view[i] = map(world.space[i], segment, i ? PAGE_WRITECOPY : PAGE_READWRITE);
    }
    mm_close_section(machine.mm, segment);
    return world;
}

static void *run_steps(void *argument)
{
    struct world *world = argument;

    for (unsigned i = 0; i < world->steps; i++) {
        unsigned who = random_below(&world->random, 2);
        step(world->space[who], world->arena[who], world->view[who], &world->random);
        if (world->check && i % 5 == 0)
            assert_consistent(&machine);
    }
    return NULL;
}

static void random_operations(void **state)
{
    struct world world = make_world(random_steps(1500), true);
    (void)state;

    run_steps(&world);
}

/* The state is checked when all are done. */
static void random_threads(void **state)
{
    const struct world first = make_world(random_steps(1000), false);
    struct world world[3];
    pthread_t thread[3];
    (void)state;

    for (unsigned i = 0; i < 3; i++) {
        world[i] = first;
        world[i].random += i;
        assert_int_equal(pthread_create(&thread[i], NULL, run_steps, &world[i]), 0);
    }
    for (unsigned i = 0; i < 3; i++)
        pthread_join(thread[i], NULL);
}

/* A hard minimum is taken from what others may have for good. */
static void hard_minimum_is_reserved(void **state)
{
    const ULONG64 *left = machine.ke.nt.MmResidentAvailablePages;
    ULONG64 all = *left, most = all - 300;
    (void)state;

    assert_ok(limit(a, 1000, 2000, QUOTA_LIMITS_HARDWS_MIN_ENABLE));
    assert_int_equal(*left, all - 1000);
    assert_status(STATUS_INSUFFICIENT_RESOURCES,
                  limit(b, most, most, QUOTA_LIMITS_HARDWS_MIN_ENABLE));
    assert_int_equal(*left, all - 1000);
    assert_ok(limit(a, 600, 2000, 0)); /* still hard */
    assert_int_equal(*left, all - 600);
    assert_ok(limit(b, 700, 800, 0)); /* soft */
    assert_int_equal(*left, all - 600);
    assert_consistent(&machine);
    assert_ok(limit(a, 600, 2000, QUOTA_LIMITS_HARDWS_MIN_DISABLE));
    assert_int_equal(*left, all);
    struct mm_space *other = process_create(&machine);
    assert_ok(limit(other, 500, 2000, QUOTA_LIMITS_HARDWS_MIN_ENABLE));
    mm_space_clean(other);
    assert_int_equal(*left, all);
    assert_status(STATUS_PROCESS_IS_TERMINATING, limit(other, 700, 2000, 0));
    process_destroy(&machine, other);
    assert_int_equal(*left, all);
}

/* Who has more than its maximum gives pages first, down to that. */
static void above_the_soft_maximum(void **state)
{
    uint64_t here = allocate(a, 0, PAGES(900), PAGE_READWRITE);
    uint64_t there = allocate(b, 0, PAGES(900), PAGE_READWRITE);
    bool busy;
    (void)state;

    assert_ok(limit(a, 50, 2000, 0));
    assert_ok(limit(b, 50, 400, 0));
    touch(a, here, 900);
    touch(b, there, 900);
    assert_int_equal(count_resident(b, there, 900), 900); /* memory is abundant */
    mi_slist_drain_all(machine.mm);                       /* these would go first */
    uint64_t excess = vm(b)->WorkingSetSize - 400;
    assert_int_equal(mi_trim_all(machine.mm, excess, true, &busy), excess);
    assert_int_equal(count_resident(a, here, 900), 900);
    assert_int_equal(vm(b)->WorkingSetSize, 400);
    assert_int_equal(mi_trim_all(machine.mm, 1000, true, &busy), 1000);
    assert_true(count_resident(a, here, 900) < 900);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(entries_follow_pages),
        TEST(list_grows_and_shrinks),
        TEST(shared_pages_are_found),
        TEST(the_oldest_go_first),
        TEST(hard_maximum),
        TEST(limits),
        TEST(hard_minimum_is_reserved),
        TEST(above_the_soft_maximum),
        TEST(locked_pages_stay),
        TEST(unlocking_trims),
        TEST(lock_quota),
        TEST(lock_statuses),
        TEST(both_locks),
        TEST(what_is_told),
        TEST(random_operations),
        TEST(random_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
