/* tests/engine/test_invalidate.c: no stale translations, on the cpu that asks and on the
 * others.
 *
 * A watcher runs on cpu 1 all the time, without ever leaving ring 3:
 *
 *      again:  al = [rbx];  [rdi] = al;  counter at [rdi + 8]++;  goto again
 *
 * What it read before the counter went up twice after an invalidation may be old; what it reads
 * from then on may not.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "rig.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

enum { WATCH_CODE = 0x100, ROUNDS = 150 };
#define WATCH_OUT (RIG_DATA + 0x200000)

static const uint8_t watch_code[] = {
    0x8A, 0x03,             /* mov al, [rbx] */
    0x88, 0x07,             /* mov [rdi], al */
    0x48, 0xFF, 0x47, 0x08, /* inc qword [rdi + 8] */
    0xEB, 0xF6,             /* jmp again */
};
static const uint8_t read_code[] = {0x8A, 0x03, 0x0F, 0x05};  /* mov al, [rbx]; syscall */
static const uint8_t write_code[] = {0x88, 0x03, 0x0F, 0x05}; /* mov [rbx], al; syscall */
enum { READ_CODE = 0, WRITE_CODE = 0x10 };

struct fixture {
    struct rig rig;
    struct rig_space space;
    struct engine_context watcher;
    struct engine_trap watcher_trap;
    volatile uint8_t *out;
    atomic_bool stop, ended;
    pthread_t thread;
    bool watching;
};

static void add_code(struct rig_space *s)
{
    rig_code(s, READ_CODE, read_code, sizeof(read_code));
    rig_code(s, WRITE_CODE, write_code, sizeof(write_code));
    rig_code(s, WATCH_CODE, watch_code, sizeof(watch_code));
}

static int setup(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){0};
    if (rig_setup(state, &fixture, &fixture.rig, &fixture.space)) {
        return -1;
    }
    if (!*state) {
        return 0;
    }
    add_code(&fixture.space);
    fixture.out = rig_frame(&fixture.rig, rig_map(&fixture.space, WATCH_OUT, RIG_RW));
    return 0;
}

static void *watch(void *argument)
{
    struct fixture *f = argument;
    while (!atomic_load(&f->stop)) {
        rig_engine()->run(f->rig.cpu[1], f->space.space, &f->watcher, &f->watcher_trap);
        if (f->watcher_trap.kind != ENGINE_TRAP_KICKED) {
            break;
        }
    }
    atomic_store(&f->ended, true);
    return NULL;
}

static void start_watching(struct fixture *f, uint64_t va)
{
    f->watcher = rig_context(WATCH_CODE);
    f->watcher.gpr[ENGINE_RBX] = va;
    f->watcher.gpr[ENGINE_RDI] = WATCH_OUT;
    assert_int_equal(pthread_create(&f->thread, NULL, watch, f), 0);
    f->watching = true;
}

/* What the watcher sees now; -1 when it stopped running. */
static int watched_value(struct fixture *f)
{
    volatile uint64_t *counter = (volatile uint64_t *)(f->out + 8);
    uint64_t target = *counter + 2;
    while (*counter < target) {
        if (atomic_load(&f->ended)) {
            return -1;
        }
        sched_yield();
    }
    return f->out[0];
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    if (!f) {
        return 0;
    }
    if (f->watching) {
        atomic_store(&f->stop, true);
        rig_engine()->kick(f->rig.cpu[1]);
        pthread_join(f->thread, NULL);
    }
    rig_teardown(&f->rig, &f->space);
    return 0;
}

static struct fixture *fixture_of(void **state)
{
    return rig_fixture(state);
}

/* Read the byte at `va` in ring 3; -1 when that faults. */
static int guest_read(struct rig_space *s, uint64_t va)
{
    struct engine_context c = rig_context(READ_CODE);
    c.gpr[ENGINE_RBX] = va;
    struct engine_trap trap = rig_run(s, &c);
    if (trap.kind == ENGINE_TRAP_PAGE_FAULT) {
        return -1;
    }
    assert_int_equal(trap.kind, ENGINE_TRAP_SYSCALL);
    return (int)(c.gpr[ENGINE_RAX] & 0xFF);
}

static bool guest_can_write(struct rig_space *s, uint64_t va, uint8_t value)
{
    struct engine_context c = rig_context(WRITE_CODE);
    c.gpr[ENGINE_RBX] = va;
    c.gpr[ENGINE_RAX] = value;
    return rig_run(s, &c).kind == ENGINE_TRAP_SYSCALL;
}

static uint64_t frame_with(struct rig *rig, uint8_t value)
{
    uint64_t frame = rig_alloc(rig);
    memset(rig_frame(rig, frame), value, RIG_PAGE);
    return frame;
}

static void forget(struct rig_space *s, uint64_t va, uint64_t frame)
{
    const struct engine_page page = {.va = va, .pfn = frame};
    rig_engine()->invalidate(s->rig->engine, s->space, &page, 1);
}

static void test_retarget(void **state)
{
    struct fixture *f = fixture_of(state);
    const uint64_t frame[2] = {frame_with(&f->rig, 0xA0), frame_with(&f->rig, 0xA1)};
    volatile uint64_t *pte = rig_pte(&f->space, RIG_DATA);
    *pte = frame[0] * RIG_PAGE | RIG_RW;
    start_watching(f, RIG_DATA);
    for (unsigned i = 1; i < ROUNDS; i++) {
        *pte = frame[i % 2] * RIG_PAGE | RIG_RW;
        forget(&f->space, RIG_DATA, frame[(i + 1) % 2]);
        assert_int_equal(guest_read(&f->space, RIG_DATA), 0xA0 + i % 2);
        assert_int_equal(watched_value(f), 0xA0 + i % 2);
    }
}

static void test_weaken_and_unmap(void **state)
{
    struct fixture *f = fixture_of(state);
    uint64_t other = frame_with(&f->rig, 0x11);
    *rig_pte(&f->space, RIG_DATA + RIG_PAGE) = other * RIG_PAGE | RIG_RW;
    start_watching(f, RIG_DATA + RIG_PAGE);
    uint64_t frame = frame_with(&f->rig, 0);
    volatile uint64_t *pte = rig_pte(&f->space, RIG_DATA);
    for (unsigned i = 0; i < ROUNDS; i++) {
        *pte = frame * RIG_PAGE | RIG_RW;
        assert_true(guest_can_write(&f->space, RIG_DATA, (uint8_t)i));
        assert_int_equal(*(uint8_t *)rig_frame(&f->rig, frame), (uint8_t)i);
        *pte = frame * RIG_PAGE | RIG_RO;
        forget(&f->space, RIG_DATA, frame);
        assert_false(guest_can_write(&f->space, RIG_DATA, 0xEE));
        assert_int_equal(guest_read(&f->space, RIG_DATA), (uint8_t)i);
        *pte = 0;
        forget(&f->space, RIG_DATA, frame);
        assert_int_equal(guest_read(&f->space, RIG_DATA), -1);
    }
    assert_int_equal(watched_value(f), 0x11);
}

/* After the dirty bit is cleared and the page invalidated, the next write sets it again. */
static void test_dirty_bit_comes_back(void **state)
{
    struct fixture *f = fixture_of(state);
    uint64_t frame = frame_with(&f->rig, 0);
    volatile uint64_t *pte = rig_pte(&f->space, RIG_DATA);
    for (unsigned i = 0; i < ROUNDS / 3; i++) {
        *pte = frame * RIG_PAGE | RIG_RW;
        forget(&f->space, RIG_DATA, frame);
        assert_int_equal(guest_read(&f->space, RIG_DATA), (uint8_t)(i ? i - 1 : 0));
        assert_int_equal(*pte & (RIG_ACCESSED | RIG_DIRTY), RIG_ACCESSED);
        assert_true(guest_can_write(&f->space, RIG_DATA, (uint8_t)i));
        assert_int_equal(*pte & RIG_DIRTY, RIG_DIRTY);
    }
}

/* Two values in turn for `count` pages whose frames lie `stride` apart, invalidated in one call and
 * in no order. */
static void retarget_batch(struct fixture *f, unsigned count, unsigned stride)
{
    enum { MAX = 100 };
    uint64_t frame[2][MAX];
    struct engine_page page[MAX];
    for (unsigned i = 0; i < count; i++) {
        uint64_t first = rig_alloc(&f->rig);
        while (f->rig.next_frame < first + stride) {
            rig_alloc(&f->rig);
        }
        frame[0][i] = first;
        frame[1][i] = first + 1;
        memset(rig_frame(&f->rig, first), 0x10, RIG_PAGE);
        memset(rig_frame(&f->rig, first + 1), 0x20, RIG_PAGE);
        *rig_pte(&f->space, RIG_DATA + i * RIG_PAGE) = frame[0][i] * RIG_PAGE | RIG_RW;
        assert_int_equal(guest_read(&f->space, RIG_DATA + i * RIG_PAGE), 0x10);
    }
    start_watching(f, RIG_DATA);
    for (unsigned round = 1; round < 5; round++) {
        for (unsigned i = 0; i < count; i++) {
            unsigned k = i * 7 % count; /* 7 divides none of the counts */
            page[i] = (struct engine_page){.va = RIG_DATA + k * RIG_PAGE,
                                           .pfn = frame[(round + 1) % 2][k]};
            *rig_pte(&f->space, page[i].va) = frame[round % 2][k] * RIG_PAGE | RIG_RW;
        }
        rig_engine()->invalidate(f->rig.engine, f->space.space, page, count);
        const int value = round % 2 ? 0x20 : 0x10;
        assert_int_equal(watched_value(f), value);
        for (unsigned i = 0; i < count; i++) {
            assert_int_equal(guest_read(&f->space, page[i].va), value);
        }
    }
}

static void test_batch_of_near_frames(void **state)
{
    retarget_batch(fixture_of(state), 100, 2);
}

static void test_batch_of_a_few_runs(void **state)
{
    retarget_batch(fixture_of(state), 10, 20);
}

static void test_batch_of_many_runs(void **state)
{
    retarget_batch(fixture_of(state), 30, 20);
}

static void test_frames_beyond_ram_are_ignored(void **state)
{
    struct fixture *f = fixture_of(state);
    const struct engine_page pages[] = {{.va = 0, .pfn = RIG_FRAMES - 1},
                                        {.va = 0, .pfn = RIG_FRAMES},
                                        {.va = 0, .pfn = UINT64_MAX},
                                        {.va = 0, .pfn = 0}};
    rig_engine()->invalidate(f->rig.engine, f->space.space, pages, 4);
    assert_int_equal(guest_read(&f->space, RIG_DATA), -1);
}

enum { PAGES_PER_TABLE = 8 };

/* One page table goes round between two processes, mapping one's pages or the other's at the same
 * addresses, or is a data page for a while. Neither may ever see the other's, nor may a
 * translation of the table's former life survive. The watcher runs in a third. */
static void test_recycled_tables(void **state)
{
    struct fixture *f = fixture_of(state);
    const uint64_t base = RIG_DATA + 0x40000000; /* a page directory without any other table */
    struct rig_space s[2];
    volatile uint64_t *pde[2];
    uint64_t frame[2][PAGES_PER_TABLE];
    for (unsigned p = 0; p < 2; p++) {
        rig_space_init(&f->rig, &s[p]);
        add_code(&s[p]);
        *rig_pte(&s[p], base + 0x200000) = 0; /* makes the directory */
        pde[p] = rig_pde(&s[p], base);
        for (unsigned i = 0; i < PAGES_PER_TABLE; i++) {
            frame[p][i] = frame_with(&f->rig, (uint8_t)(0x40 * (p + 1) + i));
        }
    }
    *rig_pte(&f->space, RIG_DATA) = frame_with(&f->rig, 0x99) * RIG_PAGE | RIG_RW;
    start_watching(f, RIG_DATA);
    uint64_t table = rig_alloc(&f->rig);
    volatile uint64_t *pte = rig_frame(&f->rig, table);
    for (unsigned round = 0; round < ROUNDS / 3; round++) {
        unsigned p = round % 2;
        memset((void *)pte, 0, RIG_PAGE);
        for (unsigned i = round % 3; i < PAGES_PER_TABLE; i++) { /* not always all of them */
            pte[i] = frame[p][i] * RIG_PAGE | RIG_RW;
        }
        *pde[p] = table * RIG_PAGE | RIG_RW;
        for (unsigned i = 0; i < PAGES_PER_TABLE; i++) {
            int want = i < round % 3 ? -1 : (int)(0x40 * (p + 1) + i);
            assert_int_equal(guest_read(&s[p], base + i * RIG_PAGE), want);
        }
        assert_int_equal(guest_read(&s[1 - p], base), -1);
        *pde[p] = 0;
        rig_engine()->invalidate_tables(f->rig.engine);
        assert_int_equal(guest_read(&s[p], base + 7 * RIG_PAGE), -1);
        assert_int_equal(watched_value(f), 0x99);
    }
    rig_space_deinit(&s[0]);
    rig_space_deinit(&s[1]);
}

/* A former page directory base serves a new process. */
static void test_recycled_root(void **state)
{
    struct fixture *f = fixture_of(state);
    struct rig_space s;
    rig_space_init(&f->rig, &s);
    uint64_t first_free = f->rig.next_frame;
    uint64_t kernel_half[RIG_PAGE / 2 / sizeof(uint64_t)];
    uint8_t *root = rig_frame(&f->rig, s.cr3_frame);
    memcpy(kernel_half, root + RIG_PAGE / 2, sizeof(kernel_half));
    start_watching(f, WATCH_OUT);
    for (unsigned round = 0; round < ROUNDS / 3; round++) {
        add_code(&s);
        uint64_t va = RIG_DATA + (round % 5) * RIG_PAGE;
        uint64_t frame = rig_map(&s, va, RIG_RW);
        memset(rig_frame(&f->rig, frame), (int)round, RIG_PAGE);
        assert_int_equal(guest_read(&s, va), (uint8_t)round);
        assert_int_equal(guest_read(&s, RIG_DATA + 5 * RIG_PAGE), -1);
        assert_int_equal(guest_read(&s, RIG_DATA + ((round + 1) % 5) * RIG_PAGE), -1);
        rig_space_deinit(&s);
        memset(root, 0, RIG_PAGE);
        memcpy(root + RIG_PAGE / 2, kernel_half, sizeof(kernel_half));
        rig_engine()->invalidate_tables(f->rig.engine);
        f->rig.next_frame = first_free; /* all its frames, tables too, start again as others */
        assert_int_equal(
            rig_engine()->space_create(f->rig.engine, s.cr3_frame * RIG_PAGE, &s.space), 0);
    }
    rig_space_deinit(&s);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

static int run_group(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_retarget),
        TEST(test_weaken_and_unmap),
        TEST(test_dirty_bit_comes_back),
        TEST(test_batch_of_near_frames),
        TEST(test_batch_of_a_few_runs),
        TEST(test_batch_of_many_runs),
        TEST(test_frames_beyond_ram_are_ignored),
        TEST(test_recycled_tables),
        TEST(test_recycled_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv)
{
    return rig_each_engine(argc, argv, run_group);
}
