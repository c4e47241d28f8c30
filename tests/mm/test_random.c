/* tests/mm/test_random.c: random calls over several processes and threads, checked.
 *
 * In the first test one thread works and the whole state is checked after every step; each page's
 * expected state is kept beside it, so that statuses and contents are checked too:
 *
 *      model       one byte of state per page of a small arena in each process
 *      machine     what queries, reads and writes say about the same page
 *
 * Now and then a process ends and another is cloned in its place, so pages of forks in all their
 * states, and of forks of forks, are among those.
 *
 * In the second, threads work at once on shared processes, and the state is checked after each
 * round of theirs. NTMM_SEED repeats a run: it is printed when a test starts. NTMM_LONGER
 * multiplies the number of steps.
 */
#include "support.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define ARENA 0x10000000ull
#define LARGE_ARENA 0x20000000ull
#define ARENA_PAGES 512u /* across several page tables when spread */
#define PROCESSES 4u
#define THREADS 8u
#define STEPS_PER_ROUND 200u
#define PAGING_FILE (512 * PAGE_SIZE)

/* ---- the model ------------------------------------------------------------------------------ */

enum page_state { PAGE_FREE, PAGE_RESERVED, PAGE_COMMITTED };

struct page {
    uint8_t state;
    uint8_t value;       /* of the first byte */
    uint16_t allocation; /* number of its VAD; 0: free */
    uint32_t protect;
};

struct process {
    struct mm_space *space;
    struct page page[ARENA_PAGES];
    uint16_t allocations;
};

/* Pages lie 48 KB apart now and then, so that tables come and go: page i is at this address. */
static uint64_t address(unsigned page)
{
    return ARENA + (uint64_t)page * PAGE_SIZE;
}

static const uint32_t protections[] = {PAGE_NOACCESS,
                                       PAGE_READONLY,
                                       PAGE_READWRITE,
                                       PAGE_READWRITE,
                                       PAGE_EXECUTE_READ,
                                       PAGE_EXECUTE_READWRITE,
                                       PAGE_READWRITE | PAGE_GUARD,
                                       PAGE_READONLY | PAGE_GUARD};

static uint32_t random_protection(uint64_t *state)
{
    return protections[random_below(state, sizeof(protections) / sizeof(protections[0]))];
}

static bool is_writable(uint32_t protect)
{
    return protect == PAGE_READWRITE || protect == PAGE_EXECUTE_READWRITE;
}

struct span {
    unsigned first, count;
};

/* Mostly short, at times long, inside of the arena. */
static struct span random_span(uint64_t *state)
{
    struct span span = {.first = random_below(state, ARENA_PAGES)};
    unsigned most = random_below(state, 4) ? 8 : 200;

    span.count = 1 + random_below(state, most);
    if (span.first + span.count > ARENA_PAGES)
        span.count = ARENA_PAGES - span.first;
    return span;
}

static bool one_allocation(const struct process *p, struct span span)
{
    for (unsigned i = 0; i < span.count; i++) {
        if (p->page[span.first + i].allocation != p->page[span.first].allocation)
            return false;
    }
    return p->page[span.first].allocation != 0;
}

static void step_allocate(struct process *p, uint64_t *random, bool with_commit)
{
    struct span span = random_span(random);
    uint32_t to = random_protection(random);
    span.first &= ~15u;
    if (span.first + span.count > ARENA_PAGES)
        span.count = ARENA_PAGES - span.first;
    bool free_range = true;
    for (unsigned i = 0; i < span.count; i++)
        free_range &= p->page[span.first + i].state == PAGE_FREE;
    uint64_t base = address(span.first), size = span.count * PAGE_SIZE;
    uint32_t type = MEM_RESERVE | (with_commit ? MEM_COMMIT : 0);
    NTSTATUS status = mm_allocate_virtual_memory(p->space, &base, 0, &size, type, to);
    if (!free_range) {
        assert_status(STATUS_CONFLICTING_ADDRESSES, status);
        return;
    }
    assert_ok(status);
    p->allocations++;
    for (unsigned i = 0; i < span.count; i++) {
        p->page[span.first + i] =
            (struct page){.state = with_commit ? PAGE_COMMITTED : PAGE_RESERVED,
                          .allocation = p->allocations,
                          .protect = to};
    }
}

static void step_commit(struct process *p, uint64_t *random)
{
    struct span span = random_span(random);
    uint32_t to = random_protection(random);
    NTSTATUS status = commit(p->space, address(span.first), span.count * PAGE_SIZE, to);

    if (!one_allocation(p, span)) {
        assert_status(STATUS_CONFLICTING_ADDRESSES, status);
        return;
    }
    assert_ok(status);
    for (unsigned i = 0; i < span.count; i++) {
        struct page *page = &p->page[span.first + i];
        if (page->state == PAGE_RESERVED)
            page->value = 0;
        page->state = PAGE_COMMITTED;
        page->protect = to;
    }
}

static void step_decommit(struct process *p, uint64_t *random)
{
    struct span span = random_span(random);
    NTSTATUS status = decommit(p->space, address(span.first), span.count * PAGE_SIZE);

    if (!one_allocation(p, span)) {
        assert_status(p->page[span.first].state == PAGE_FREE ? STATUS_MEMORY_NOT_ALLOCATED
                                                             : STATUS_UNABLE_TO_FREE_VM,
                      status);
        return;
    }
    assert_ok(status);
    for (unsigned i = 0; i < span.count; i++)
        p->page[span.first + i].state = PAGE_RESERVED;
}

static void step_release(struct process *p, uint64_t *random)
{
    struct span span = random_span(random);
    NTSTATUS status = release(p->space, address(span.first), span.count * PAGE_SIZE);
    uint16_t allocation = p->page[span.first].allocation;

    if (!one_allocation(p, span)) {
        assert_status(allocation ? STATUS_UNABLE_TO_FREE_VM : STATUS_MEMORY_NOT_ALLOCATED, status);
        return;
    }
    assert_ok(status);
    for (unsigned i = 0; i < span.count; i++)
        p->page[span.first + i] = (struct page){.state = PAGE_FREE};
    p->allocations++; /* what lies above became an allocation of its own */
    for (unsigned i = span.first + span.count; i < ARENA_PAGES; i++) {
        if (p->page[i].allocation != allocation)
            break;
        p->page[i].allocation = p->allocations;
    }
}

static void step_protect(struct process *p, uint64_t *random)
{
    struct span span = random_span(random);
    uint32_t to = random_protection(random), old = 0;
    uint64_t base = address(span.first), size = span.count * PAGE_SIZE;
    NTSTATUS status = mm_protect_virtual_memory(p->space, &base, &size, to, &old);
    bool committed = true;

    if (!one_allocation(p, span)) {
        assert_status(STATUS_CONFLICTING_ADDRESSES, status);
        return;
    }
    for (unsigned i = 0; i < span.count; i++)
        committed &= p->page[span.first + i].state == PAGE_COMMITTED;
    if (!committed) {
        assert_status(STATUS_NOT_COMMITTED, status);
        return;
    }
    assert_ok(status);
    assert_int_equal(old, p->page[span.first].protect);
    for (unsigned i = 0; i < span.count; i++)
        p->page[span.first + i].protect = to;
}

/* What an access should say; takes the guard off, as the access does. */
static NTSTATUS expected_access(struct page *page, bool write)
{
    if (page->state != PAGE_COMMITTED || page->protect == PAGE_NOACCESS)
        return STATUS_ACCESS_VIOLATION;
    if (page->protect & PAGE_GUARD) {
        page->protect -= PAGE_GUARD;
        return STATUS_GUARD_PAGE_VIOLATION;
    }
    return write && !is_writable(page->protect) ? STATUS_ACCESS_VIOLATION : STATUS_SUCCESS;
}

static void step_touch(struct process *p, uint64_t *random)
{
    for (int i = 0; i < 8; i++) {
        unsigned number = random_below(random, ARENA_PAGES);
        struct page *page = &p->page[number];
        uint8_t byte = (uint8_t)random_below(random, 256);
        if (random_below(random, 2)) {
            assert_status(expected_access(page, true), write_byte(p->space, address(number), byte));
            if (page->state == PAGE_COMMITTED && is_writable(page->protect)) {
                assert_ok(write_byte(p->space, address(number), byte));
                page->value = byte;
            }
        } else {
            NTSTATUS status = expected_access(page, false);
            assert_status(status, read_byte(p->space, address(number), &byte));
            if (NT_SUCCESS(status))
                assert_int_equal(byte, page->value);
        }
    }
}

/* The whole arena, by queries. */
static void compare(struct process *p)
{
    for (unsigned i = 0; i < ARENA_PAGES;) {
        MEMORY_BASIC_INFORMATION q = query(p->space, address(i));
        unsigned pages = (unsigned)(q.RegionSize / PAGE_SIZE), next = i;
        const struct page *first = &p->page[i];
        static const uint32_t states[] = {MEM_FREE, MEM_RESERVE, MEM_COMMIT};
        assert_int_equal(q.State, states[first->state]);
        if (first->state == PAGE_COMMITTED)
            assert_int_equal(q.Protect, first->protect);
        while (next < ARENA_PAGES && p->page[next].allocation == first->allocation &&
               p->page[next].state == first->state &&
               (first->state != PAGE_COMMITTED || p->page[next].protect == first->protect))
            next++;
        if (next < ARENA_PAGES)
            assert_int_equal(pages, next - i);
        else
            assert_true(pages >= next - i);
        i = next;
    }
}

static void step(struct process *p, uint64_t *random)
{
    switch (random_below(random, 8)) {
    case 0:
        step_allocate(p, random, false);
        break;
    case 1:
        step_allocate(p, random, true);
        break;
    case 2:
    case 3:
        step_commit(p, random);
        break;
    case 4:
        step_decommit(p, random);
        break;
    case 5:
        step_release(p, random);
        break;
    case 6:
        step_protect(p, random);
        break;
    default:
        step_touch(p, random);
        break;
    }
}

/* A process ends; another takes its place: a new one, or a child of `parent`. */
static void replace(struct machine *machine, struct process *p, const struct process *parent)
{
    process_destroy(machine, p->space);
    memset(p, 0, sizeof(*p));
    if (parent)
        *p = *parent;
    p->space = process_create(machine);
    if (parent)
        assert_ok(mm_clone_address_space(parent->space, p->space));
}

static void one_thread(void **state)
{
    static struct process processes[PROCESSES];
    struct machine machine;
    uint64_t seed = random_seed(), random = seed;
    unsigned steps = random_steps(1500);
    (void)state;

    machine_create_on(&machine, 32 * MB, PAGING_FILE, WITH_ENGINE, &test_paging_ops);
    struct mm_statistics before = settled(&machine);
    memset(processes, 0, sizeof(processes));
    for (unsigned i = 0; i < PROCESSES; i++)
        processes[i].space = process_create(&machine);
    for (unsigned i = 0; i < steps; i++) {
        struct process *p = &processes[random_below(&random, PROCESSES)];
        step(p, &random);
        assert_consistent(&machine);
        if (i % 3 == 0) {
            disturb(&machine, &random);
            assert_consistent(&machine);
        }
        if (random_below(&random, 50) == 0)
            take_all_frames(&machine);
        if (i % 8 == 0)
            compare(p);
        if (random_below(&random, 100) == 0)
            replace(&machine, p, NULL);
        if (random_below(&random, 30) == 0) {
            const struct process *parent = &processes[random_below(&random, PROCESSES)];
            replace(&machine, p, parent != p ? parent : NULL);
            assert_consistent(&machine);
        }
    }
    for (unsigned i = 0; i < PROCESSES; i++)
        process_destroy(&machine, processes[i].space);
    struct mm_statistics after = settled(&machine);
    assert_same_pages(&before, &after);
    machine_destroy(&machine);
    random_report(steps, "", PROCESSES, 1, seed);
}

/* ---- several threads ------------------------------------------------------------------------ */

struct worker {
    pthread_t thread;
    struct machine *machine;
    struct mm_space *space[2], *other;
    uint64_t random;
};

/* Calls that may collide with those of others: any documented status will do. */
static void collide(struct worker *w)
{
    struct mm_space *space = w->space[random_below(&w->random, 2)];
    struct span span = random_span(&w->random);
    uint64_t base = address(span.first), size = span.count * PAGE_SIZE, copied;
    uint32_t to = random_protection(&w->random), old;
    MEMORY_BASIC_INFORMATION q;
    uint8_t byte = 1;

    switch (random_below(&w->random, 9)) {
    case 0:
        (void)mm_allocate_virtual_memory(space, &base, 0, &size, MEM_RESERVE, to);
        break;
    case 1:
        (void)mm_allocate_virtual_memory(space, &base, 0, &size, MEM_RESERVE | MEM_COMMIT, to);
        break;
    case 2:
        (void)mm_allocate_virtual_memory(space, &base, 0, &size, MEM_COMMIT, to);
        break;
    case 3:
        (void)mm_free_virtual_memory(space, &base, &size, MEM_DECOMMIT);
        break;
    case 4:
        (void)mm_free_virtual_memory(space, &base, &size, MEM_RELEASE);
        break;
    case 5:
        (void)mm_protect_virtual_memory(space, &base, &size, to, &old);
        break;
    case 6:
        (void)mm_query_virtual_memory(space, base, &q);
        break;
    case 7:
        (void)mm_copy_virtual_memory(space, base, w->other, base, size, &copied);
        break;
    default:
        for (unsigned i = 0; i < span.count; i++)
            (void)mm_copy_to_user(space, base + i * PAGE_SIZE, &byte, 1);
        break;
    }
}

/* The same with large pages, and with small ones in their place. */
static void collide_large(struct worker *w)
{
    struct mm_space *space = w->space[random_below(&w->random, 2)];
    uint64_t base = LARGE_ARENA + random_below(&w->random, 2) * MI_TABLE_SPAN, copied;
    uint64_t size = MI_TABLE_SPAN;
    uint32_t type = MEM_RESERVE | MEM_COMMIT | (random_below(&w->random, 3) ? MEM_LARGE_PAGES : 0);
    uint32_t to = random_below(&w->random, 2) ? PAGE_READWRITE : PAGE_READONLY, old;
    uint8_t byte = 1;

    switch (random_below(&w->random, 5)) {
    case 0:
        (void)mm_allocate_virtual_memory(space, &base, 0, &size, type, PAGE_READWRITE);
        break;
    case 1:
        size = 0;
        (void)mm_free_virtual_memory(space, &base, &size, MEM_RELEASE);
        break;
    case 2:
        (void)mm_protect_virtual_memory(space, &base, &size, to, &old);
        break;
    case 3:
        (void)mm_copy_virtual_memory(space, base, w->other, address(0), 3 * PAGE_SIZE, &copied);
        break;
    default:
        for (uint64_t i = 0; i < size; i += 64 * PAGE_SIZE)
            (void)mm_copy_to_user(space, base + i, &byte, 1);
        break;
    }
}

/* Calls on memory of one's own, whose outcome is certain. */
static void own_memory(struct worker *w)
{
    struct mm_space *space = w->space[0];
    uint64_t pages = 1 + random_below(&w->random, 40);
    uint64_t base = allocate(space, 0, pages * PAGE_SIZE, PAGE_READWRITE);

    for (uint64_t i = 0; i < pages; i++) {
        uint64_t value = base + i, back = 0;
        assert_ok(mm_copy_to_user(space, base + i * PAGE_SIZE + 8, &value, sizeof(value)));
        assert_ok(mm_copy_from_user(space, &back, base + i * PAGE_SIZE + 8, sizeof(back)));
        assert_int_equal(back, value);
    }
    assert_ok(release(space, base, 0));
}

/* A shared process is cloned while others work in it; the clone has its pages as long as it lives.
 */
static void collide_clone(struct worker *w)
{
    struct mm_space *child = process_create(w->machine);
    struct span span = random_span(&w->random);
    uint8_t byte = 2, back = 0;

    assert_ok(mm_clone_address_space(w->space[random_below(&w->random, 2)], child));
    for (unsigned i = 0; i < span.count; i++) {
        uint64_t va = address(span.first + i);
        (void)mm_copy_from_user(child, &back, va, 1);
        if (i % 2 && NT_SUCCESS(mm_copy_to_user(child, va, &byte, 1))) {
            assert_ok(mm_copy_from_user(child, &back, va, 1));
            assert_int_equal(back, byte);
        }
    }
    process_destroy(w->machine, child);
}

static void pools(struct worker *w)
{
    void *block[24];

    for (int i = 0; i < 24; i++) {
        size_t size = random_below(&w->random, random_below(&w->random, 8) ? 300 : 9000);
        enum _POOL_TYPE type = random_below(&w->random, 2) ? PagedPool : NonPagedPool;
        block[i] = ex_allocate_pool(w->machine->mm, type, size, mm_tag("Rand"));
        assert_non_null(block[i]);
        memset(block[i], i, size);
    }
    for (int i = 0; i < 24; i++)
        ex_free_pool(w->machine->mm, block[(i * 7) % 24]);
}

static void *work(void *context)
{
    struct worker *w = context;

    for (unsigned i = 0; i < STEPS_PER_ROUND; i++) {
        if (i % 16 == 0)
            pools(w);
        else if (i % 8 == 0)
            own_memory(w);
        else if (i % 128 == 1)
            collide_large(w);
        else if (i % 32 == 5)
            collide_clone(w);
        else
            collide(w);
    }
    return NULL;
}

static void start(struct worker *w, struct machine *machine, struct mm_space *const *spaces,
                  uint64_t random)
{
    unsigned i = random_below(&random, PROCESSES);

    *w = (struct worker){.machine = machine,
                         .space = {spaces[i], spaces[(i + 1) % PROCESSES]},
                         .other = spaces[(i + 2) % PROCESSES],
                         .random = random};
    assert_int_equal(pthread_create(&w->thread, NULL, work, w), 0);
}

static void several_threads(void **state)
{
    struct machine machine;
    struct worker workers[THREADS];
    struct mm_space *spaces[PROCESSES];
    struct disturber disturber;
    uint64_t seed = random_seed(), random = seed;
    unsigned rounds = random_steps(3);
    (void)state;

    machine_create_on(&machine, 64 * MB, PAGING_FILE, WITH_ENGINE | WITH_THREADS, &test_paging_ops);
    struct mm_statistics before = settled(&machine);
    for (unsigned i = 0; i < PROCESSES; i++)
        spaces[i] = process_create(&machine);
    for (unsigned round = 0; round < rounds; round++) {
        disturber_start(&disturber, &machine, random);
        for (unsigned i = 0; i < THREADS; i++)
            start(&workers[i], &machine, spaces, random + i * 0x9E3779B97F4A7C15ull);
        for (unsigned i = 0; i < THREADS; i++)
            pthread_join(workers[i].thread, NULL);
        disturber_stop(&disturber);
        assert_consistent(&machine);
        (void)random_below(&random, 1);
    }
    for (unsigned i = 0; i < PROCESSES; i++)
        process_destroy(&machine, spaces[i]);
    struct mm_statistics after = settled(&machine);
    assert_same_pages(&before, &after);
    machine_destroy(&machine);
    random_report((uint64_t)rounds * THREADS * STEPS_PER_ROUND, " round of 1600", PROCESSES,
                  THREADS, seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_thread),
        cmocka_unit_test(several_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
