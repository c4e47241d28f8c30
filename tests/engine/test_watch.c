/* tests/engine/test_watch.c: hardware breakpoints for data and execution, as the architecture has
 * them (SDM volume 3, 18.2 and 18.3): which accesses meet them, when the trap comes, what DR6 says.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "rig.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { EXECUTE = 0, WRITE = 1, ACCESS = 3, VECTOR_DB = 1 };
enum { FLAG_TF = 0x100, FLAG_RF = 0x10000, DR6_BS = 0x4000, DR6_HITS = 0xF };
#define WATCHED (RIG_DATA + 0x100)

struct fixture {
    struct rig rig;
    struct rig_space space;
    uint8_t *data;
    atomic_bool stop;
};

static int setup(void **state)
{
    static struct fixture fixture;
    struct engine_probe probe;
    *state = NULL;
    rig_engine()->probe(&probe);
    if (probe.usable && !probe.debug_registers) {
        print_message("engine %s has no hardware breakpoints here: %s\n", rig_engine()->name,
                      probe.why);
        return 0;
    }
    if (rig_setup(state, &fixture, &fixture.rig, &fixture.space)) {
        return -1;
    }
    if (!*state) {
        return 0;
    }
    fixture.data = rig_frame(&fixture.rig, rig_map(&fixture.space, RIG_DATA, RIG_RW));
    rig_map(&fixture.space, RIG_STACK_TOP - RIG_PAGE, RIG_RW);
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    if (f) {
        rig_teardown(&f->rig, &f->space);
    }
    return 0;
}

static struct fixture *fixture_of(void **state)
{
    return rig_fixture(state);
}

static void watch(struct engine_context *c, unsigned i, uint64_t va, unsigned kind, unsigned length)
{
    static const uint8_t codes[] = {[1] = 0, [2] = 1, [4] = 3, [8] = 2};
    c->dr[i] = va;
    c->dr[7] |= UINT64_C(1) << (2 * i) | (uint64_t)(kind | codes[length] << 2) << (16 + 4 * i);
}

/* ---- which accesses ---- */

struct access_case {
    const char *name;
    uint8_t code[8]; /* rbx, rsi: WATCHED; rdi: WATCHED + 0x80; rcx: 3 */
    unsigned size;
    int offset; /* of what is watched from WATCHED */
    unsigned kind, length;
    bool hit;
};

static const struct access_case access_cases[] = {
    {"a write to it", {0x88, 0x03}, 2, 0, WRITE, 1, true},
    {"a write beside it", {0x88, 0x03}, 2, 1, WRITE, 1, false},
    {"a write before it", {0x88, 0x03}, 2, -1, WRITE, 1, false},
    {"a read, watched for writing", {0x8A, 0x03}, 2, 0, WRITE, 1, false},
    {"a read", {0x8A, 0x03}, 2, 0, ACCESS, 1, true},
    {"a read beside it", {0x8A, 0x03}, 2, 8, ACCESS, 8, false},
    {"a write, watched for both", {0x88, 0x03}, 2, 0, ACCESS, 1, true},
    {"8 bytes that end in it", {0x48, 0x89, 0x03}, 3, 7, WRITE, 1, true},
    {"8 bytes that end before it", {0x48, 0x89, 0x03}, 3, 8, WRITE, 8, false},
    {"a byte of 8 that are watched", {0x88, 0x43, 0x05}, 3, 0, WRITE, 8, true},
    {"a word across its beginning", {0x66, 0x89, 0x43, 0x03}, 4, 4, WRITE, 4, true},
    {"read, modify, write", {0xFE, 0x03}, 2, 0, WRITE, 1, true},
    {"exchange", {0x86, 0x03}, 2, 0, WRITE, 1, true},
    {"compare", {0x38, 0x03}, 2, 0, ACCESS, 1, true},
    {"compare, watched for writing", {0x38, 0x03}, 2, 0, WRITE, 1, false},
    {"its address only", {0x48, 0x8D, 0x03}, 3, 0, ACCESS, 8, false},
    {"movsb, source", {0xA4}, 1, 0, ACCESS, 1, true},
    {"movsb, source, watched for writing", {0xA4}, 1, 0, WRITE, 1, false},
    {"movsb, destination", {0xA4}, 1, 0x80, WRITE, 1, true},
    {"16 bytes", {0x0F, 0x11, 0x03}, 3, 12, WRITE, 4, true},
    {"16 bytes, behind them", {0x0F, 0x11, 0x03}, 3, 16, WRITE, 4, false},
    {"by base, index and displacement", {0x88, 0x44, 0x4B, 0x02}, 4, 8, WRITE, 1, true},
};

static void check_access(struct fixture *f, const struct access_case *a)
{
    uint8_t code[16];
    memcpy(code, a->code, a->size);
    memcpy(code + a->size, (const uint8_t[]){0x0F, 0x05}, 2); /* syscall */
    rig_code(&f->space, 0, code, a->size + 2);
    struct engine_context c = rig_context(0);
    c.gpr[ENGINE_RAX] = 0x1122334455667788;
    c.gpr[ENGINE_RBX] = c.gpr[ENGINE_RSI] = WATCHED;
    c.gpr[ENGINE_RDI] = WATCHED + 0x80;
    c.gpr[ENGINE_RCX] = 3;
    watch(&c, 1, WATCHED + (uint64_t)a->offset, a->kind, a->length);
    struct engine_trap trap = rig_run(&f->space, &c);
    if ((trap.kind == ENGINE_TRAP_EXCEPTION) != a->hit) {
        print_message("%s\n", a->name);
    }
    if (a->hit) {
        assert_int_equal(trap.kind, ENGINE_TRAP_EXCEPTION);
        assert_int_equal(trap.vector, VECTOR_DB);
        assert_int_equal(trap.dr6 & (DR6_HITS | DR6_BS), 2);
        assert_int_equal(c.rip, RIG_CODE + a->size);
        assert_int_equal(c.rflags & FLAG_TF, 0);
        trap = rig_run(&f->space, &c);
    }
    assert_int_equal(trap.kind, ENGINE_TRAP_SYSCALL);
    assert_int_equal(c.gpr[11] & FLAG_TF, 0);
}

static void test_which_accesses(void **state)
{
    struct fixture *f = fixture_of(state);
    for (size_t i = 0; i < sizeof(access_cases) / sizeof(access_cases[0]); i++) {
        memset(f->data, 0, RIG_PAGE);
        check_access(f, &access_cases[i]);
    }
}

/* What was written is there, and the page is accessed and dirty as ever. */
static void test_the_access_happens(void **state)
{
    struct fixture *f = fixture_of(state);
    rig_code(&f->space, 0, (uint8_t[]){0x88, 0x03, 0x0F, 0x05}, 4);
    struct engine_context c = rig_context(0);
    c.gpr[ENGINE_RAX] = 0x5A;
    c.gpr[ENGINE_RBX] = WATCHED;
    watch(&c, 0, WATCHED, WRITE, 1);
    assert_int_equal(rig_run(&f->space, &c).kind, ENGINE_TRAP_EXCEPTION);
    assert_int_equal(f->data[0x100], 0x5A);
    assert_int_equal(*rig_pte(&f->space, RIG_DATA) & (RIG_ACCESSED | RIG_DIRTY),
                     RIG_ACCESSED | RIG_DIRTY);
}

/* A page fault comes first, and the breakpoint when the instruction was executed. */
static void test_fault_then_breakpoint(void **state)
{
    struct fixture *f = fixture_of(state);
    rig_code(&f->space, 0, (uint8_t[]){0x88, 0x03, 0x0F, 0x05}, 4);
    struct engine_context c = rig_context(0);
    const uint64_t va = RIG_DATA + 5 * RIG_PAGE;
    c.gpr[ENGINE_RBX] = va;
    watch(&c, 2, va, ACCESS, 1);
    struct engine_trap trap = rig_run(&f->space, &c);
    assert_int_equal(trap.kind, ENGINE_TRAP_PAGE_FAULT);
    assert_int_equal(trap.address, va);
    assert_int_equal(trap.error_code, 6);
    assert_int_equal(c.rflags & FLAG_TF, 0);
    rig_map(&f->space, va, RIG_RW);
    trap = rig_run(&f->space, &c);
    assert_int_equal(trap.kind, ENGINE_TRAP_EXCEPTION);
    assert_int_equal(trap.dr6 & DR6_HITS, 4);
    assert_int_equal(rig_run(&f->space, &c).kind, ENGINE_TRAP_SYSCALL);
}

/* The stack: what push and call write lies below the stack pointer. */
static void test_stack(void **state)
{
    struct fixture *f = fixture_of(state);
    static const uint8_t code[] = {0x50,                         /* push rax */
                                   0xE8, 0x00, 0x00, 0x00, 0x00, /* call the next */
                                   0x58,                         /* pop rax */
                                   0x0F, 0x05};
    rig_code(&f->space, 0, code, sizeof(code));
    for (unsigned i = 0; i < 2; i++) {
        struct engine_context c = rig_context(0);
        watch(&c, 0, RIG_STACK_TOP - 8 * (i + 1), WRITE, 8);
        struct engine_trap trap = rig_run(&f->space, &c);
        assert_int_equal(trap.kind, ENGINE_TRAP_EXCEPTION);
        assert_int_equal(c.rip, RIG_CODE + (i ? 6 : 1));
        assert_int_equal(rig_run(&f->space, &c).kind, ENGINE_TRAP_SYSCALL);
    }
    struct engine_context c = rig_context(0);
    watch(&c, 0, RIG_STACK_TOP, ACCESS, 8);
    assert_int_equal(rig_run(&f->space, &c).kind, ENGINE_TRAP_SYSCALL);
}

/* The program's flags are its own: those that it pushes, pops, and steps by. */
static void test_flags(void **state)
{
    struct fixture *f = fixture_of(state);
    static const uint8_t code[] = {0x9C, /* pushfq */
                                   0x9D, /* popfq */
                                   0x0F, 0x05};
    rig_code(&f->space, 0, code, sizeof(code));
    uint8_t *stack =
        rig_frame(&f->rig, *rig_pte(&f->space, RIG_STACK_TOP - RIG_PAGE) >> 12 & 0xFFFFFFF);
    struct engine_context c = rig_context(0);
    watch(&c, 0, RIG_STACK_TOP - 8, ACCESS, 8);
    assert_int_equal(rig_run(&f->space, &c).kind, ENGINE_TRAP_EXCEPTION);
    uint64_t pushed;
    memcpy(&pushed, stack + RIG_PAGE - 8, sizeof(pushed));
    assert_int_equal(pushed & FLAG_TF, 0);
    assert_int_equal(rig_run(&f->space, &c).kind, ENGINE_TRAP_EXCEPTION);
    assert_int_equal(c.rip, RIG_CODE + 2);
    assert_int_equal(c.rflags & FLAG_TF, 0);
    assert_int_equal(rig_run(&f->space, &c).kind, ENGINE_TRAP_SYSCALL);

    c = rig_context(0);
    c.rflags = FLAG_TF;
    watch(&c, 0, RIG_STACK_TOP - 8, WRITE, 8);
    struct engine_trap trap = rig_run(&f->space, &c);
    assert_int_equal(trap.kind, ENGINE_TRAP_EXCEPTION);
    assert_int_equal(trap.dr6 & (DR6_HITS | DR6_BS), 1 | DR6_BS);
    assert_int_equal(c.rip, RIG_CODE + 1);
    assert_int_equal(c.rflags & FLAG_TF, FLAG_TF);
    memcpy(&pushed, stack + RIG_PAGE - 8, sizeof(pushed));
    assert_int_equal(pushed & FLAG_TF, FLAG_TF);
}

/* Each iteration of a repeated instruction is an instruction. */
static void test_repeated(void **state)
{
    struct fixture *f = fixture_of(state);
    rig_code(&f->space, 0, (uint8_t[]){0xF3, 0xAA, 0x0F, 0x05}, 4); /* rep stosb */
    struct engine_context c = rig_context(0);
    c.gpr[ENGINE_RDI] = WATCHED - 4;
    c.gpr[ENGINE_RCX] = 16;
    watch(&c, 3, WATCHED, WRITE, 4);
    struct engine_trap trap = rig_run(&f->space, &c);
    unsigned hits = 0;
    for (; trap.kind == ENGINE_TRAP_EXCEPTION; hits++) {
        assert_int_equal(trap.dr6 & DR6_HITS, 8);
        assert_true(c.gpr[ENGINE_RDI] > WATCHED);
        trap = rig_run(&f->space, &c);
    }
    assert_in_range(hits, 1, 4); /* fast strings may report several as one */
    assert_int_equal(trap.kind, ENGINE_TRAP_SYSCALL);
    assert_int_equal(c.gpr[ENGINE_RCX], c.rip);
    assert_int_equal(c.gpr[ENGINE_RDI], WATCHED + 12);
}

/* ---- execution ---- */

static void test_execution_among_other_code(void **state)
{
    struct fixture *f = fixture_of(state);
    static const uint8_t code[] = {0xFF, 0xC9,             /* again: dec ecx */
                                   0x48, 0xFF, 0xC3,       /* inc rbx */
                                   0x85, 0xC9, 0x75, 0xF7, /* test ecx, ecx; jnz again */
                                   0x0F, 0x05};
    rig_code(&f->space, 0, code, sizeof(code));
    struct engine_context c = rig_context(0);
    c.gpr[ENGINE_RCX] = 10;
    watch(&c, 0, RIG_CODE + 2, EXECUTE, 1);
    watch(&c, 2, RIG_CODE + 3, EXECUTE, 1); /* in the middle of an instruction */
    for (uint64_t i = 0; i < 10; i++) {
        struct engine_trap trap = rig_run(&f->space, &c);
        assert_int_equal(trap.kind, ENGINE_TRAP_EXCEPTION);
        assert_int_equal(trap.dr6 & DR6_HITS, 1);
        assert_int_equal(c.rip, RIG_CODE + 2);
        assert_int_equal(c.gpr[ENGINE_RBX], i);
        c.rflags |= FLAG_RF;
    }
    assert_int_equal(rig_run(&f->space, &c).kind, ENGINE_TRAP_SYSCALL);
    assert_int_equal(c.gpr[ENGINE_RBX], 10);
}

/* ---- several threads ---- */

enum { WRITES = 150 };

struct writer {
    struct fixture *f;
    unsigned cpu;
    bool watching;
    unsigned hits;
    bool good;
};

/* Writes to the watched word, and beside it, WRITES times. */
static void *write_on_and_on(void *argument)
{
    struct writer *w = argument;
    struct engine_context c = rig_context(0);
    struct engine_trap trap;
    c.gpr[ENGINE_RCX] = WRITES;
    c.gpr[ENGINE_RBX] = WATCHED;
    if (w->watching) {
        watch(&c, 0, WATCHED, WRITE, 4);
    }
    do {
        rig_engine()->run(w->f->rig.cpu[w->cpu], w->f->space.space, &c, &trap);
        w->hits += trap.kind == ENGINE_TRAP_EXCEPTION && trap.vector == VECTOR_DB &&
                   (trap.dr6 & DR6_HITS) == 1;
    } while (trap.kind == ENGINE_TRAP_EXCEPTION || trap.kind == ENGINE_TRAP_KICKED);
    w->good = trap.kind == ENGINE_TRAP_SYSCALL && c.gpr[ENGINE_RCX] == c.rip;
    return NULL;
}

static void *kick_on_and_on(void *argument)
{
    struct fixture *f = argument;
    while (!atomic_load(&f->stop)) {
        rig_engine()->kick(f->rig.cpu[0]);
        nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
    }
    return NULL;
}

/* Nobody's write is missed while another thread's is being looked at, and a thread that watches
 * nothing gets no trap. */
static void test_threads(void **state)
{
    struct fixture *f = fixture_of(state);
    static const uint8_t code[] = {0xF0, 0xFF, 0x03,       /* again: lock inc dword [rbx] */
                                   0x89, 0x4B, 0x40,       /* mov [rbx + 40h], ecx */
                                   0xFF, 0xC9, 0x75, 0xF6, /* dec ecx; jnz again */
                                   0x0F, 0x05};
    rig_code(&f->space, 0, code, sizeof(code));
    for (unsigned round = 0; round < 2; round++) {
        struct writer w[2] = {{.f = f, .watching = true}, {.f = f, .cpu = 1, .watching = !round}};
        pthread_t thread[2], kicker;
        uint32_t count;
        memset(f->data, 0, RIG_PAGE);
        atomic_store(&f->stop, false);
        assert_int_equal(pthread_create(&kicker, NULL, kick_on_and_on, f), 0);
        for (unsigned i = 0; i < 2; i++) {
            assert_int_equal(pthread_create(&thread[i], NULL, write_on_and_on, &w[i]), 0);
        }
        pthread_join(thread[0], NULL);
        pthread_join(thread[1], NULL);
        atomic_store(&f->stop, true);
        pthread_join(kicker, NULL);
        assert_true(w[0].good && w[1].good);
        assert_int_equal(w[0].hits, WRITES);
        assert_int_equal(w[1].hits, w[1].watching ? WRITES : 0);
        memcpy(&count, f->data + 0x100, sizeof(count));
        assert_int_equal(count, 2 * WRITES);
    }
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

static int run_group(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_which_accesses),
        TEST(test_the_access_happens),
        TEST(test_fault_then_breakpoint),
        TEST(test_stack),
        TEST(test_flags),
        TEST(test_repeated),
        TEST(test_execution_among_other_code),
        TEST(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv)
{
    return rig_each_engine(argc, argv, run_group);
}
