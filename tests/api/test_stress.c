/* tests/api/test_stress.c: random calls over several processes, by one thread and by several.
 *
 * Whatever is written at an address is that address's stamp in that process, so any read can be
 * judged without knowing what others did: each byte is the stamp's or zero. A frame that was not
 * zeroed, or that two owners have, shows as somebody else's stamp.
 *
 *      one thread       every invariant is checked after every step
 *      several threads  a round of steps, barrier, one of them checks, barrier, the next round
 *
 * NTMM_SEED repeats a run, NTMM_LONGER multiplies its steps. */
#include "support.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { PROCESSES = 4, THREADS = 8, STEPS = 1500, ROUNDS = 20, STEPS_PER_ROUND = 150 };

#define ARENA 0x10000000ull
#define ARENA_PAGES 2048u /* 8 MB: four page tables and a bit of a 32 MB machine */
#define SPARSE 0x200000000ull
#define SPARSE_SLOTS 64u /* a page in each GB: tables of all levels come and go */

struct worker {
    ntmm_machine *machine;
    ntmm_process **processes;
    pthread_barrier_t *barrier;
    uint64_t random;
    size_t violations; /* found by this worker */
    const char *wrong; /* what it saw that may not be */
};

/* ---- judging ---- */

static void expect(struct worker *w, bool right, const char *what)
{
    if (!right && !w->wrong) {
        w->wrong = what;
    }
}

static bool is_any_of(ntmm_status status, const ntmm_status *statuses)
{
    while (*statuses != STATUS_SUCCESS) {
        if (status == *statuses++) {
            return true;
        }
    }
    return status == STATUS_SUCCESS;
}

#define EXPECT_STATUS(w, status, ...)                                                              \
    expect(w, is_any_of(status, (const ntmm_status[]){__VA_ARGS__, STATUS_SUCCESS}), __func__)

/* ---- places and stamps ---- */

struct place {
    uint64_t address, size;
};

static struct place random_place(uint64_t *random)
{
    if (random_below(random, 8) == 0) {
        uint64_t slot = random_below(random, SPARSE_SLOTS);
        return (struct place){SPARSE + (slot << 30), (1 + random_below(random, 16)) * PAGE};
    }
    uint64_t page = random_below(random, ARENA_PAGES);
    uint64_t most = random_below(random, 6) ? 12 : 300;
    uint64_t pages = 1 + random_below(random, (uint32_t)most);
    return (struct place){ARENA + page * PAGE, pages * PAGE};
}

static uint64_t stamp_of(const ntmm_process *process, uint64_t address)
{
    uint64_t stamp = (address ^ ntmm_process_id(process) << 48) * 0x9E3779B97F4A7C15ull;
    return stamp | 0x0101010101010101ull; /* no byte is zero */
}

/* Others may be writing: bytes of the stamp and zeros may be mixed. */
static bool is_stamp_or_zero(uint64_t value, uint64_t stamp)
{
    for (unsigned shift = 0; shift < 64; shift += 8) {
        uint8_t byte = (uint8_t)(value >> shift);
        if (byte != 0 && byte != (uint8_t)(stamp >> shift)) {
            return false;
        }
    }
    return true;
}

static uint32_t random_protection(uint64_t *random)
{
    static const uint32_t protections[] = {
        PAGE_NOACCESS,
        PAGE_READONLY,
        PAGE_READWRITE,
        PAGE_READWRITE,
        PAGE_EXECUTE_READ,
        PAGE_EXECUTE_READWRITE,
        PAGE_READWRITE,
        PAGE_EXECUTE,
        PAGE_READWRITE | PAGE_GUARD,
        PAGE_READWRITE,
        PAGE_READONLY | PAGE_GUARD,
    };
    return protections[random_below(random, sizeof protections / sizeof *protections)];
}

/* ---- steps ---- */

static void step_allocate(struct worker *w, ntmm_process *p)
{
    static const uint32_t types[] = {MEM_RESERVE, MEM_RESERVE | MEM_COMMIT, MEM_COMMIT,
                                     MEM_RESERVE | MEM_COMMIT | MEM_TOP_DOWN, MEM_RESET};
    struct place at = random_place(&w->random);
    uint32_t type = types[random_below(&w->random, sizeof types / sizeof *types)];
    if (type & MEM_TOP_DOWN) { /* anywhere; kept short, for nobody finds it again */
        uint64_t size = at.size % (4 * PAGE) + PAGE;
        at.address = 0;
        if (ntmm_allocate(p, &at.address, 0, &size, type, NTMM_PAGE_READWRITE) >= 0) {
            uint64_t value = stamp_of(p, at.address), whole = 0;
            ntmm_status status = ntmm_write(p, at.address, &value, sizeof value, NULL);
            EXPECT_STATUS(w, status, STATUS_NO_MEMORY, STATUS_COMMITMENT_LIMIT);
            expect(w, ntmm_free(p, &at.address, &whole, NTMM_MEM_RELEASE) >= 0, "own release");
        }
        return;
    }
    uint64_t base = at.address, size = at.size;
    ntmm_status status = ntmm_allocate(p, &base, 0, &size, type, random_protection(&w->random));
    EXPECT_STATUS(w, status, STATUS_CONFLICTING_ADDRESSES, STATUS_COMMITMENT_LIMIT,
                  STATUS_NO_MEMORY, STATUS_INSUFFICIENT_RESOURCES);
    expect(w, status < 0 || (base <= at.address && base + size >= at.address + at.size),
           "allocated range");
}

static void step_free(struct worker *w, ntmm_process *p)
{
    struct place at = random_place(&w->random);
    bool decommit_it = random_below(&w->random, 2);
    if (random_below(&w->random, 3) == 0) { /* the whole of what is there */
        ntmm_region region = {0};
        expect(w, ntmm_query(p, at.address, &region) >= 0, "query");
        at = (struct place){region.allocation_base ? region.allocation_base : at.address, 0};
    }
    EXPECT_STATUS(w, ntmm_free(p, &at.address, &at.size, decommit_it ? MEM_DECOMMIT : MEM_RELEASE),
                  STATUS_MEMORY_NOT_ALLOCATED, STATUS_UNABLE_TO_FREE_VM, STATUS_FREE_VM_NOT_AT_BASE,
                  STATUS_COMMITMENT_LIMIT, STATUS_NO_MEMORY, STATUS_INSUFFICIENT_RESOURCES);
}

static void step_protect(struct worker *w, ntmm_process *p)
{
    struct place at = random_place(&w->random);
    uint32_t old;
    EXPECT_STATUS(w, ntmm_protect(p, &at.address, &at.size, random_protection(&w->random), &old),
                  STATUS_NOT_COMMITTED, STATUS_CONFLICTING_ADDRESSES, STATUS_COMMITMENT_LIMIT,
                  STATUS_NO_MEMORY);
}

static void step_query(struct worker *w, ntmm_process *p)
{
    uint64_t address = random_place(&w->random).address + random_below(&w->random, 4096);
    ntmm_region region = {0};
    expect(w, ntmm_query(p, address, &region) >= 0, "query");
    expect(w, region.base <= address && address - region.base < region.size, "query's range");
    expect(w, (region.state == MEM_COMMIT) == (region.type != 0 && region.protect != 0),
           "query's state");
}

static void step_write(struct worker *w, ntmm_process *p)
{
    struct place at = random_place(&w->random);
    uint64_t page = at.address;
    for (; page < at.address + at.size && page < at.address + 24 * PAGE; page += PAGE) {
        uint64_t value = stamp_of(p, page);
        EXPECT_STATUS(w, ntmm_write(p, page, &value, sizeof value, NULL), STATUS_ACCESS_VIOLATION,
                      STATUS_GUARD_PAGE_VIOLATION, STATUS_NO_MEMORY, STATUS_COMMITMENT_LIMIT);
    }
}

static void step_read(struct worker *w, ntmm_process *p)
{
    struct place at = random_place(&w->random);
    uint64_t page = at.address;
    for (; page < at.address + at.size && page < at.address + 24 * PAGE; page += PAGE) {
        uint64_t value[2] = {0};
        size_t done = 0;
        ntmm_status status = ntmm_read(p, page, value, sizeof value, &done);
        EXPECT_STATUS(w, status, STATUS_ACCESS_VIOLATION, STATUS_GUARD_PAGE_VIOLATION,
                      STATUS_NO_MEMORY, STATUS_COMMITMENT_LIMIT);
        expect(w, is_stamp_or_zero(value[0], stamp_of(p, page)) && value[1] == 0,
               "somebody else's bytes");
        expect(w, done == (status >= 0 ? sizeof value : 0), "bytes counted");
    }
}

static void step_touch(struct worker *w, ntmm_process *p)
{
    uint64_t address = random_place(&w->random).address, physical, size;
    EXPECT_STATUS(w, ntmm_touch(p, address, (int)random_below(&w->random, 3)),
                  STATUS_ACCESS_VIOLATION, STATUS_GUARD_PAGE_VIOLATION, STATUS_NO_MEMORY,
                  STATUS_COMMITMENT_LIMIT);
    if (ntmm_translate(p, address, &physical)) {
        (void)ntmm_ram(w->machine, &size);
        expect(w, physical < size && physical % PAGE == 0, "translation");
    }
}

/* A process of its own: made, used, and gone again. */
static void step_process(struct worker *w, ntmm_process *unused)
{
    ntmm_process *p;
    (void)unused;
    ntmm_status status = ntmm_process_create(w->machine, NULL, &p, NULL, 0);
    EXPECT_STATUS(w, status, STATUS_NO_MEMORY, STATUS_COMMITMENT_LIMIT,
                  STATUS_INSUFFICIENT_RESOURCES);
    if (status < 0) {
        return;
    }
    for (unsigned i = 0; i < 4; i++) {
        step_allocate(w, p);
        step_write(w, p);
        step_read(w, p);
    }
    if (random_below(&w->random, 2)) {
        expect(w, ntmm_process_terminate(p, 1) >= 0, "terminate");
        expect(w, allocate(p, 0, PAGE, MEM_RESERVE, PAGE_READONLY) == STATUS_PROCESS_IS_TERMINATING,
               "memory for the dead");
    }
    ntmm_process_release(p);
}

static void step(struct worker *w)
{
    static void (*const steps[])(struct worker *, ntmm_process *) = {
        step_allocate, step_allocate, step_allocate, step_free, step_free,  step_protect,
        step_query,    step_write,    step_write,    step_read, step_touch, step_process,
    };
    ntmm_process *p = w->processes[random_below(&w->random, PROCESSES)];
    steps[random_below(&w->random, sizeof steps / sizeof *steps)](w, p);
}

/* ---- the tests ---- */

static ntmm_machine *machine;
static ntmm_process *processes[PROCESSES];
static ntmm_statistics before;

static int setup(void **state)
{
    (void)state;
    machine = machine_create(32 * MB, 16 * MB);
    before = settled(machine);
    for (unsigned i = 0; i < PROCESSES; i++) {
        processes[i] = process_create(machine);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PROCESSES; i++) {
        ntmm_process_release(processes[i]);
    }
    ntmm_statistics after = settled(machine);
    assert_same_counts(&before, &after);
    machine_destroy(machine);
    return 0;
}

static void one_thread(void **state)
{
    uint64_t seed = random_seed();
    struct worker w = {.machine = machine, .processes = processes, .random = seed};
    unsigned steps = random_steps(STEPS);
    (void)state;
    for (unsigned i = 0; i < steps; i++) {
        step(&w);
        if (w.wrong) {
            print_error("step %u: %s\n", i, w.wrong);
        }
        assert_null(w.wrong);
        assert_int_equal(ntmm_check(machine), 0);
    }
    random_report(steps, "", PROCESSES, 1, seed);
}

static void *work(void *argument)
{
    struct worker *w = argument;
    for (unsigned rounds = random_steps(ROUNDS); rounds; rounds--) {
        for (unsigned i = 0; i < STEPS_PER_ROUND; i++) {
            step(w);
        }
        if (pthread_barrier_wait(w->barrier) == PTHREAD_BARRIER_SERIAL_THREAD) {
            w->violations += ntmm_check(w->machine);
        }
        pthread_barrier_wait(w->barrier);
    }
    return NULL;
}

static void several_threads(void **state)
{
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    pthread_barrier_t barrier;
    uint64_t seed = random_seed();
    (void)state;
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.machine = machine,
                                     .processes = processes,
                                     .barrier = &barrier,
                                     .random = seed + i * 0x9E3779B97F4A7C15ull};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    pthread_barrier_destroy(&barrier);
    for (unsigned i = 0; i < THREADS; i++) {
        if (workers[i].wrong) {
            print_error("thread %u: %s\n", i, workers[i].wrong);
        }
        assert_null(workers[i].wrong);
        assert_int_equal(workers[i].violations, 0);
    }
    random_report((uint64_t)random_steps(ROUNDS) * STEPS_PER_ROUND * THREADS, " round of 1200",
                  PROCESSES, THREADS, seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_thread, setup, teardown),
        cmocka_unit_test_setup_teardown(several_threads, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
