/* tests/mm/test_pagedpool.c: pages of paged pool on their way out of memory and back. */
#include "support.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mm/section.h"
#include "mm/system.h"
#include "mm/vad.h"

#define PAGEFILE (64 * MB)
#define TAG mm_tag("Test")

static struct machine machine;

static void up_with(uint64_t pagefile)
{
    machine_create_on(&machine, 32 * MB, pagefile, WITH_ENGINE, &test_paging_ops);
}

static void up(void)
{
    up_with(PAGEFILE);
}

static void down(void)
{
    machine_destroy(&machine);
}

/* ---- what is known of a page ----------------------------------------------------------------- */

static MMPTE pte_of(const void *block)
{
    return mi_read_pte(&machine.mm->paged.ptes[mi_region_index(&machine.mm->paged, block)]);
}

static const MMPFN *page_of(const void *block)
{
    return mi_pfn(machine.mm, pte_of(block).u.Hard.PageFrameNumber);
}

static const MMSUPPORT *working_set(void)
{
    return machine.ke.nt.MmPagedPoolWs;
}

static const MMPAGING_FILE *paging_file(void)
{
    return k2h(&machine.ke.ks, machine.ke.nt.MmPagingFile[0]);
}

static uint64_t slots_in_use(void)
{
    return paging_file()->Size - 1 - paging_file()->FreeSpace;
}

static char *pages(size_t count)
{
    char *block = ex_allocate_pool(machine.mm, PagedPool, count * PAGE_SIZE, TAG);

    assert_non_null(block);
    for (size_t i = 0; i < count; i++)
        memset(block + i * PAGE_SIZE, (int)(i + 1), PAGE_SIZE);
    return block;
}

/* All that may go, used or not. */
static void trim_pool(void)
{
    bool busy = false;

    mi_trim_paged_pool(machine.mm, SIZE_MAX, true, &busy);
    assert_false(busy);
}

/* To the paging file with it. */
static void page_out(void)
{
    trim_pool();
    (void)mm_write_modified_pages(machine.mm, SIZE_MAX);
    take_all_frames(&machine);
}

/* ---- one page -------------------------------------------------------------------------------- */

/* Everything that can be seen on the way. */
static void journey(void **state)
{
    (void)state;
    up();
    char *block = pages(1);
    ULONG resident = working_set()->WorkingSetSize;
    assert_true(pte_of(block).u.Hard.Valid && pte_of(block).u.Hard.Dirty);
    assert_consistent(&machine);

    trim_pool();
    assert_true(mi_pte_is_transition(pte_of(block)));
    assert_int_equal(pte_of(block).u.Trans.Owner, 0);
    assert_int_equal(page_of(block)->u3.e1.PageLocation, ModifiedPageList);
    assert_int_equal(working_set()->WorkingSetSize, 0);
    assert_consistent(&machine);
    assert_true(mi_pte_is_transition(pte_of(block))); /* to check is not to touch */

    (void)mm_write_modified_pages(machine.mm, SIZE_MAX);
    assert_int_equal(page_of(block)->u3.e1.PageLocation, StandbyPageList);
    assert_true(mi_pte_in_page_file(page_of(block)->OriginalPte));
    assert_consistent(&machine);

    take_all_frames(&machine);
    MMPTE pte = pte_of(block);
    uint64_t slots = slots_in_use();
    assert_true(mi_pte_in_page_file(pte));
    assert_true(slots >= resident);
    assert_consistent(&machine);
    assert_true(mi_pte_in_page_file(pte_of(block)));

    /* Read: clean, and its slot is kept. */
    assert_int_equal(*(volatile char *)(block + 77), 1);
    assert_true(pte_of(block).u.Hard.Valid && pte_of(block).u.Hard.Accessed);
    assert_false(pte_of(block).u.Hard.Dirty);
    assert_int_equal(page_of(block)->OriginalPte.u.Long, pte.u.Long);
    assert_int_equal(working_set()->HardFaultCount, 1);
    assert_int_equal(slots_in_use(), slots);
    assert_consistent(&machine);

    /* So it leaves without being written. */
    size_t writes = machine.recorder.writes;
    trim_pool();
    assert_int_equal(page_of(block)->u3.e1.PageLocation, StandbyPageList);
    assert_int_equal(machine.recorder.writes, writes);

    /* Written: the slot is worth nothing. */
    ULONG faults = working_set()->PageFaultCount;
    *(volatile char *)(block + 77) = 99;
    assert_int_equal(working_set()->PageFaultCount, faults + 1);
    assert_int_equal(working_set()->HardFaultCount, 1);
    assert_true(pte_of(block).u.Hard.Dirty);
    assert_int_equal(slots_in_use(), slots - 1);
    assert_consistent(&machine);

    page_out();
    assert_int_equal(*(volatile char *)(block + 77), 99);
    assert_int_equal(*(volatile char *)(block + 78), 1);
    ex_free_pool(machine.mm, block);
    down();
}

/* A page that was read is shown read-only: that it is written is noticed then. */
static void read_then_written(void **state)
{
    (void)state;
    up();
    char *block = pages(1);
    page_out();
    assert_int_equal(*(volatile char *)block, 1);
    assert_false(pte_of(block).u.Hard.Dirty);
    *(volatile char *)block = 55;
    assert_true(pte_of(block).u.Hard.Dirty);
    assert_false(mi_pte_in_page_file(page_of(block)->OriginalPte));
    page_out();
    assert_int_equal(*(volatile char *)block, 55);
    ex_free_pool(machine.mm, block);
    down();
}

/* What the host uses stays, what it does not goes: the Accessed mark says which. */
static void unused_pages_go_first(void **state)
{
    bool busy;
    (void)state;
    up();
    char *used = pages(1), *unused = pages(1);

    (void)mi_trim_paged_pool(machine.mm, SIZE_MAX, false, &busy); /* takes the marks away */
    assert_true(pte_of(used).u.Hard.Valid && !pte_of(used).u.Hard.Accessed);
    assert_consistent(&machine);
    assert_int_equal(*(volatile char *)used, 1);
    assert_true(pte_of(used).u.Hard.Accessed);
    assert_false(pte_of(unused).u.Hard.Accessed);
    assert_true(mi_trim_paged_pool(machine.mm, SIZE_MAX, false, &busy) > 0);
    assert_true(pte_of(used).u.Hard.Valid);
    assert_true(mi_pte_is_transition(pte_of(unused)));
    assert_consistent(&machine);
    ULONG hard = working_set()->HardFaultCount;
    assert_int_equal(*(volatile char *)unused, 1);
    assert_int_equal(working_set()->HardFaultCount, hard);
    ex_free_pool(machine.mm, used);
    ex_free_pool(machine.mm, unused);
    down();
}

/* Pages that are away are freed like others: no frame, slot or charge is left behind. */
static void freed_while_away(void **state)
{
    (void)state;
    up();
    struct mm_statistics before = settled(&machine), after;
    uint64_t slots = slots_in_use();
    char *standby = pages(200), *out = pages(200);

    page_out();
    for (size_t i = 0; i < 200; i++)
        assert_int_equal(*(volatile char *)(standby + i * PAGE_SIZE), (char)(i + 1));
    trim_pool(); /* those are on the standby list now */
    ex_free_pool(machine.mm, standby);
    ex_free_pool(machine.mm, out);
    assert_consistent(&machine);
    after = settled(&machine);
    assert_same_pages(&before, &after);
    assert_int_equal(slots_in_use(), slots);
    down();
}

/* The idle machine is as it was: what was away comes back. */
static void settling_brings_all_back(void **state)
{
    (void)state;
    up();
    char *block = pages(100);
    struct mm_statistics before = settled(&machine), after;
    ULONG resident = working_set()->WorkingSetSize;
    uint64_t slots = slots_in_use();

    page_out();
    assert_true(working_set()->WorkingSetSize < resident);
    after = settled(&machine);
    assert_same_pages(&before, &after);
    assert_int_equal(working_set()->WorkingSetSize, resident);
    assert_int_equal(slots_in_use(), slots);
    ex_free_pool(machine.mm, block);
    down();
}

/* With nowhere to go, pages stay. */
static void no_paging_file(void **state)
{
    (void)state;
    up_with(0);
    char *block = pages(10);
    ULONG resident = working_set()->WorkingSetSize;

    trim_pool();
    assert_int_equal(working_set()->WorkingSetSize, resident);
    assert_true(pte_of(block).u.Hard.Valid && pte_of(block).u.Hard.Accessed);
    ex_free_pool(machine.mm, block);
    down();
}

/* ---- prototype PTEs -------------------------------------------------------------------------- */

static uint64_t map_section(struct mm_space *space, SEGMENT *segment)
{
    struct mm_view view = {.segment = segment, .protect = PAGE_READWRITE, .inherit = 2};

    assert_ok(mm_map_view(space, &view));
    return view.base;
}

/* A page of prototype PTEs stays while one of them holds a frame, and goes when the last is gone:
 * the way back is two reads, one for it and one for the page that is wanted. */
static void prototypes_hold_their_page(void **state)
{
    SEGMENT *segment;
    uint8_t byte = 0;
    (void)state;

    up();
    struct mm_space *space = process_create(&machine);
    assert_ok(
        mm_create_page_file_section(machine.mm, 8 * MB, PAGE_READWRITE, SEC_COMMIT, &segment));
    uint64_t base = map_section(space, segment), va = base + 4 * MB;
    const MMPTE *proto = mi_proto_of(machine.mm, mi_vad_find(space, MI_VPN(base)), va);
    assert_ok(write_byte(space, va, 42));
    trim_pool();
    assert_true(pte_of(proto).u.Hard.Valid && pte_of(proto).u.Hard.Accessed);
    assert_false(pte_of(&proto[2 * PAGE_SIZE / sizeof(*proto)]).u.Hard.Valid);
    assert_consistent(&machine);

    mm_empty_working_set(space); /* in transition, it holds a frame as well */
    trim_pool();
    assert_true(pte_of(proto).u.Hard.Valid);
    page_out();
    page_out();
    assert_true(mi_pte_in_page_file(pte_of(proto)));
    assert_consistent(&machine);

    ULONG hard = working_set()->HardFaultCount;
    assert_ok(read_byte(space, va, &byte));
    assert_int_equal(byte, 42);
    assert_true(working_set()->HardFaultCount > hard);
    assert_consistent(&machine);

    /* Unmapped and closed while its prototypes are away: they are brought in to be deleted. */
    mm_empty_working_set(space);
    page_out();
    page_out();
    assert_ok(mm_unmap_view(space, base));
    mm_close_section(machine.mm, segment);
    process_destroy(&machine, space);
    down();
}

/* Pages of a file are written to it though its segment and prototypes' neighbours are away. */
static void files_are_written_meanwhile(void **state)
{
    SEGMENT *segment;
    (void)state;

    up();
    struct mm_space *space = process_create(&machine);
    struct test_file *file = test_file_create(&machine, 4 * MB);
    file->size = 4 * MB;
    assert_ok(mm_create_file_section(machine.mm, file->object, file->size, &segment));
    uint64_t base = map_section(space, segment);
    /* The last and the first prototype of two pages of them. */
    assert_ok(write_byte(space, base + 511 * PAGE_SIZE, 1));
    assert_ok(write_byte(space, base + 512 * PAGE_SIZE, 2));
    assert_ok(write_byte(space, base + 3 * PAGE_SIZE, 3));
    mm_empty_working_set(space);
    trim_pool();
    ke_acquire_lock(&machine.mm->reclaim_lock); /* as who makes room does it */
    assert_int_equal(mi_write_mapped(machine.mm, SIZE_MAX), 3);
    ke_release_lock(&machine.mm->reclaim_lock);
    assert_int_equal(file->bytes[511 * PAGE_SIZE], 1);
    assert_int_equal(file->bytes[512 * PAGE_SIZE], 2);
    page_out();
    assert_ok(write_byte(space, base + 512 * PAGE_SIZE, 4));
    assert_ok(mm_unmap_view(space, base));
    mm_close_section(machine.mm, segment);
    assert_int_equal(file->bytes[512 * PAGE_SIZE], 4);
    test_file_destroy(file);
    process_destroy(&machine, space);
    down();
}

/* ---- several at once ------------------------------------------------------------------------- */

static EX_PUSH_LOCK *push_lock;
static uint32_t waiter_has_it;

static void *wait_for_lock(void *context)
{
    (void)context;
    ex_acquire_push_lock_exclusive(push_lock, KE_RANK_OBJECT);
    __atomic_store_n(&waiter_has_it, 1, __ATOMIC_RELEASE);
    ex_release_push_lock_exclusive(push_lock, KE_RANK_OBJECT);
    return NULL;
}

/* Who sleeps on a lock in paged pool is woken, though its page left and came back elsewhere. */
static void lock_leaves_while_waited_for(void **state)
{
    pthread_t waiter;
    (void)state;

    up();
    push_lock = (EX_PUSH_LOCK *)(void *)pages(1);
    waiter_has_it = 0;
    for (int round = 0; round < 20; round++) {
        ex_initialize_push_lock(push_lock);
        waiter_has_it = 0;
        ex_acquire_push_lock_exclusive(push_lock, KE_RANK_OBJECT);
        assert_int_equal(pthread_create(&waiter, NULL, wait_for_lock, NULL), 0);
        while (ex_push_lock_waiters(push_lock) == 0)
            usleep(100);
        page_out();
        ex_release_push_lock_exclusive(push_lock, KE_RANK_OBJECT);
        pthread_join(waiter, NULL);
        assert_int_equal(waiter_has_it, 1);
    }
    ex_free_pool(machine.mm, push_lock);
    down();
}

/* Each machine's pages come back to it. */
static void several_machines(void **state)
{
    struct machine other;
    (void)state;

    up();
    char *mine = pages(4);
    page_out();
    machine_create(&other, 32 * MB, PAGEFILE, WITH_ENGINE);
    char *its = ex_allocate_pool(other.mm, PagedPool, PAGE_SIZE, TAG);
    assert_non_null(its);
    memset(its, 200, PAGE_SIZE);
    bool busy;
    mi_trim_paged_pool(other.mm, SIZE_MAX, true, &busy);
    assert_int_equal(*(volatile char *)(mine + PAGE_SIZE), 2);
    assert_int_equal(*(volatile unsigned char *)its, 200);
    ex_free_pool(other.mm, its);
    machine_destroy(&other);
    assert_int_equal(*(volatile char *)(mine + 2 * PAGE_SIZE), 3);
    ex_free_pool(machine.mm, mine);
    down();
}

#define THREADS 3u
#define BLOCKS 64u
#define STEPS 4000u

struct worker {
    pthread_t thread;
    uint64_t random;
};

static bool is_filled(const uint8_t *block, size_t size, uint8_t with)
{
    for (size_t i = 0; i < size; i++) {
        if (block[i] != with)
            return false;
    }
    return true;
}

/* Blocks of all sizes come and go; what is in them stays. */
static void *use_pool(void *context)
{
    struct worker *w = context;
    struct {
        uint8_t *bytes;
        size_t size;
        uint8_t with;
    } block[BLOCKS] = {{NULL, 0, 0}}, *b;

    for (unsigned i = 0; i < STEPS; i++) {
        b = &block[random_below(&w->random, BLOCKS)];
        if (b->bytes) {
            assert_true(is_filled(b->bytes, b->size, b->with));
            ex_free_pool(machine.mm, b->bytes);
            b->bytes = NULL;
            continue;
        }
        b->size = 1 + random_below(&w->random, random_below(&w->random, 4) ? 300 : 3 * PAGE_SIZE);
        b->with = (uint8_t)random_below(&w->random, 256);
        b->bytes = ex_allocate_pool(machine.mm, PagedPool, b->size, TAG);
        if (b->bytes)
            memset(b->bytes, b->with, b->size);
    }
    for (b = block; b < block + BLOCKS; b++) {
        if (b->bytes) {
            assert_true(is_filled(b->bytes, b->size, b->with));
            ex_free_pool(machine.mm, b->bytes);
        }
    }
    return NULL;
}

/* The same by several threads, while everything is trimmed and written at random. */
static void threads_under_pressure(void **state)
{
    struct worker worker[THREADS];
    struct disturber disturber;
    uint64_t random = random_seed();
    (void)state;

    up();
    struct mm_statistics before = settled(&machine);
    char *ballast = pages(300);
    disturber_start(&disturber, &machine, random);
    for (unsigned i = 0; i < THREADS; i++) {
        worker[i].random = random + i + 1;
        assert_int_equal(pthread_create(&worker[i].thread, NULL, use_pool, &worker[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(worker[i].thread, NULL);
    disturber_stop(&disturber);
    assert_consistent(&machine);
    for (size_t i = 0; i < 300; i++)
        assert_int_equal(*(volatile char *)(ballast + i * PAGE_SIZE), (char)(i + 1));
    ex_free_pool(machine.mm, ballast);
    struct mm_statistics after = settled(&machine);
    assert_same_pages(&before, &after);
    down();
}

/* ---- what cannot be ends the machine --------------------------------------------------------- */

static void on_bug_check(void *owner, uint32_t code, uint64_t p1, uint64_t p2, uint64_t p3,
                         uint64_t p4)
{
    (void)owner, (void)p1, (void)p2, (void)p3, (void)p4;
    _exit((int)code);
}

/* Run `touch` on a page that is away, in a process of its own. => the bugcheck code, 0: it
 * survived */
static int bug_check_of(void (*touch)(volatile char *block))
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        up();
        machine.ke.bug_check = on_bug_check;
        char *block = pages(1);
        page_out();
        touch(block);
        _exit(0);
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void just_touch(volatile char *block)
{
    (void)*block;
}

static void with_pfn_lock(volatile char *block)
{
    ke_acquire_lock(&machine.mm->pfn_lock);
    (void)*block;
}

static void with_dispatcher_lock(volatile char *block)
{
    struct ke_lock lock = KE_LOCK_INIT(KE_RANK_DISPATCHER);

    ke_acquire_lock(&lock);
    *block = 1;
}

static void with_working_set_lock(volatile char *block)
{
    mi_lock_working_set(&machine.mm->pool_space);
    (void)*block;
}

static void with_pool_lock(volatile char *block)
{
    ke_acquire_lock(&machine.mm->pool[PagedPool].lock);
    (void)*block;
    ke_release_lock(&machine.mm->pool[PagedPool].lock);
}

static void with_bad_disk(volatile char *block)
{
    machine.recorder.reads_left = 0;
    (void)*block;
}

static void behind_the_pool(volatile char *block)
{
    (void)block;
    (void)*(volatile char *)mi_region_host(&machine.mm->paged, machine.mm->paged.pages - 1);
}

static void touches_that_end_it(void **state)
{
    (void)state;
    assert_int_equal(bug_check_of(just_touch), 0);
    assert_int_equal(bug_check_of(with_pool_lock), 0);
    assert_int_equal(bug_check_of(with_pfn_lock), 0x0A);
    assert_int_equal(bug_check_of(with_dispatcher_lock), 0x0A);
    assert_int_equal(bug_check_of(with_working_set_lock), 0x0A);
    assert_int_equal(bug_check_of(with_bad_disk), 0x7A);
    assert_int_equal(bug_check_of(behind_the_pool), 0x50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(journey),
        cmocka_unit_test(read_then_written),
        cmocka_unit_test(unused_pages_go_first),
        cmocka_unit_test(freed_while_away),
        cmocka_unit_test(settling_brings_all_back),
        cmocka_unit_test(no_paging_file),
        cmocka_unit_test(prototypes_hold_their_page),
        cmocka_unit_test(files_are_written_meanwhile),
        cmocka_unit_test(lock_leaves_while_waited_for),
        cmocka_unit_test(several_machines),
        cmocka_unit_test(threads_under_pressure),
        cmocka_unit_test(touches_that_end_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
