/* tests/engine/test_gate.c: system calls through an engine's gate, one after the other.
 *
 * An engine that sees many may have the thread wait for the answer where it is. Nothing of that may
 * show: registers, flags and x87/SSE state are as `syscall` leaves them, whatever happens between
 * two calls.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "rig.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

struct fixture {
    struct rig rig;
    struct rig_space space;
};

static int setup(void **state)
{
    static struct fixture fixture;
    return rig_setup(state, &fixture, &fixture.rig, &fixture.space);
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
    if (!rig_engine()->gate) {
        skip();
    }
    return rig_fixture(state);
}

/* rbx counts calls, r12 adds up what they return, r13 those that kept the carry flag, xmm1 adds
 * xmm0. The first three are the arguments of a call, too. */
static const uint8_t code_calls[] = {
    0x48, 0xFF, 0xC3,                         /* again: inc rbx */
    0x48, 0x89, 0xDA,                         /* mov rdx, rbx */
    0x4D, 0x89, 0xE0,                         /* mov r8, r12 */
    0x4D, 0x89, 0xE9,                         /* mov r9, r13 */
    0xF9,                                     /* stc */
    0x48, 0x8D, 0x0D, 0x03, 0x00, 0x00, 0x00, /* lea rcx, [back] */
    0x41, 0xFF, 0xE7,                         /* jmp r15 */
    0x49, 0x83, 0xD5, 0x00,                   /* back: adc r13, 0 */
    0x49, 0x01, 0xC4,                         /* add r12, rax */
    0x66, 0x0F, 0xD4, 0xC8,                   /* paddq xmm1, xmm0 */
    0xEB, 0xDC,                               /* jmp again */
};
enum { BACK = 23, ROUNDS = 2000 };

static struct engine_context caller(void)
{
    struct engine_context c = rig_context(0);
    c.gpr[15] = rig_engine()->gate;
    for (unsigned i = 5; i < 15; i++) {
        if (i == 12 || i == 13) {
            continue; /* they count */
        }
        c.gpr[i] = 0x1000 + i;
    }
    return c;
}

/* What is known of a call at once. */
static bool is_call(const struct engine_context *c, uint64_t count, uint64_t sum)
{
    return c->rip == RIG_CODE + BACK && c->gpr[ENGINE_RCX] == c->rip &&
           c->gpr[ENGINE_RSP] == RIG_STACK_TOP && c->gpr[ENGINE_RDX] == count && c->gpr[8] == sum &&
           c->gpr[9] == count - 1;
}

/* One more call of `c`, those before were answered with `sum` together. Now and then it is asked
 * for all registers. */
static void assert_next_call(struct fixture *f, unsigned cpu, struct engine_context *c,
                             uint64_t count, uint64_t sum)
{
    enum { LOOK_AT_ALL = 16 };
    assert_true(is_call(c, count, sum));
    if (count % LOOK_AT_ALL != 1) {
        return;
    }
    rig_engine()->sync_context(f->rig.cpu[cpu], c);
    assert_true(is_call(c, count, sum));
    assert_int_equal(c->gpr[ENGINE_RBX], count);
    assert_int_equal(c->gpr[12], sum);
    assert_int_equal(c->gpr[13], count - 1);
    assert_int_equal(c->rflags & 1, 1);
    assert_int_equal(c->gpr[11] & 1, 1);
    assert_int_equal(c->gpr[ENGINE_RBP], 0x1000 + ENGINE_RBP);
    assert_int_equal(c->gpr[ENGINE_RSI], 0x1000 + ENGINE_RSI);
    assert_int_equal(c->gpr[ENGINE_RDI], 0x1000 + ENGINE_RDI);
    assert_int_equal(c->gpr[14], 0x1000 + 14);
}

static void run_on(struct fixture *f, unsigned cpu, struct engine_context *c)
{
    assert_int_equal(rig_run_on(&f->space, cpu, c).kind, ENGINE_TRAP_SYSCALL);
}

static void test_many_calls(void **state)
{
    struct fixture *f = fixture_of(state);
    rig_code(&f->space, 0, code_calls, sizeof(code_calls));
    struct engine_context c = caller();
    uint64_t sum = 0;
    for (uint64_t i = 1; i <= ROUNDS; i++) {
        run_on(f, 0, &c);
        assert_next_call(f, 0, &c, i, sum);
        c.gpr[ENGINE_RAX] = i * 3;
        sum += i * 3;
    }
}

/* What else a kernel does between two calls: look at x87/SSE state, change it, let another thread
 * run, move the thread to another processor, take memory away, change registers. */
static void disturb(struct fixture *f, struct engine_context *c, unsigned *cpu, uint64_t round)
{
    static struct engine_context other;
    const struct engine_page page = {RIG_DATA, 0};
    switch (round % 97) {
    case 11:
        rig_engine()->sync_context(f->rig.cpu[*cpu], c);
        break;
    case 23:
    case 24:
        rig_engine()->sync_context(f->rig.cpu[*cpu], c);
        *cpu ^= 1;
        break;
    case 41:
        rig_engine()->sync_context(f->rig.cpu[*cpu], c);
        other = caller();
        run_on(f, *cpu, &other);
        assert_next_call(f, *cpu, &other, 1, 0);
        break;
    case 59:
        rig_engine()->invalidate(f->rig.engine, f->space.space, &page, 1);
        break;
    case 71:
        rig_engine()->invalidate_tables(f->rig.engine);
        break;
    case 83:
        rig_engine()->sync_context(f->rig.cpu[*cpu], c);
        c->gpr[ENGINE_RBP]++;
        break;
    case 84:
        rig_engine()->sync_context(f->rig.cpu[*cpu], c);
        assert_int_equal(c->gpr[ENGINE_RBP], 0x1000 + ENGINE_RBP + 1);
        c->gpr[ENGINE_RBP]--;
        break;
    case 91:
        c->gpr[10]++;
        break;
    case 92:
        assert_int_equal(c->gpr[10], 0x1000 + 10 + 1);
        c->gpr[10]--;
        break;
    default:
        break;
    }
}

static void test_calls_with_other_work_in_between(void **state)
{
    struct fixture *f = fixture_of(state);
    rig_code(&f->space, 0, code_calls, sizeof(code_calls));
    struct engine_context c = caller();
    const uint64_t one = 1;
    unsigned cpu = 0;
    uint64_t sum = 0, xmm1;
    rig_engine()->sync_context(f->rig.cpu[0], &c);
    memset(c.xsave, 0, sizeof(c.xsave));
    c.xsave[0] = 0x7F, c.xsave[1] = 2;        /* FCW */
    c.xsave[24] = 0x80, c.xsave[25] = 0x1F;   /* MXCSR */
    memcpy(c.xsave + 160, &one, sizeof(one)); /* xmm0 */
    c.xsave[512] = 3;                         /* x87 and SSE are there */
    c.xsave_valid = true;
    for (uint64_t i = 1; i <= ROUNDS; i++) {
        run_on(f, cpu, &c);
        if (i % 97 != 84) { /* rbp is another */
            assert_next_call(f, cpu, &c, i, sum);
        }
        c.gpr[ENGINE_RAX] = i;
        sum += i;
        disturb(f, &c, &cpu, i);
    }
    rig_engine()->sync_context(f->rig.cpu[cpu], &c);
    memcpy(&xmm1, c.xsave + 160 + 16, sizeof(xmm1));
    assert_int_equal(xmm1, ROUNDS - 1);
}

struct kicker {
    struct fixture *f;
    atomic_bool stop;
};

static void *kick_on_and_on(void *argument)
{
    struct kicker *k = argument;
    while (!atomic_load(&k->stop)) {
        rig_engine()->kick(k->f->rig.cpu[0]);
        nanosleep(&(struct timespec){.tv_nsec = 70000}, NULL);
    }
    return NULL;
}

/* Kicks hit the gate wherever it is: no call is lost, or seen twice. A thread that was kicked is in
 * its own code. */
static void test_calls_under_kicks(void **state)
{
    struct fixture *f = fixture_of(state);
    rig_code(&f->space, 0, code_calls, sizeof(code_calls));
    struct kicker kicker = {.f = f};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, kick_on_and_on, &kicker), 0);
    struct engine_context c = caller();
    uint64_t sum = 0;
    bool good = true;
    for (uint64_t i = 1; good && i <= ROUNDS; i++) {
        struct engine_trap trap;
        do {
            rig_engine()->run(f->rig.cpu[0], f->space.space, &c, &trap);
            good = good && (trap.kind != ENGINE_TRAP_KICKED || c.rip - RIG_CODE < RIG_PAGE ||
                            c.rip == rig_engine()->gate);
        } while (good && trap.kind == ENGINE_TRAP_KICKED);
        good = good && trap.kind == ENGINE_TRAP_SYSCALL && is_call(&c, i, sum);
        if (!good) {
            print_message("round %u: trap %d, vector %u, rip %llx, rdx %llu, r8 %llu of %llu\n",
                          (unsigned)i, (int)trap.kind, (unsigned)trap.vector,
                          (unsigned long long)c.rip, (unsigned long long)c.gpr[ENGINE_RDX],
                          (unsigned long long)c.gpr[8], (unsigned long long)sum);
        }
        c.gpr[ENGINE_RAX] = i;
        sum += i;
    }
    atomic_store(&kicker.stop, true);
    pthread_join(thread, NULL);
    assert_true(good);
}

static void *call_on_and_on(void *argument)
{
    struct kicker *k = argument;
    struct engine_context c = caller();
    uint64_t count = 0;
    while (!atomic_load(&k->stop)) {
        struct engine_trap trap;
        rig_engine()->run(k->f->rig.cpu[1], k->f->space.space, &c, &trap);
        if (trap.kind == ENGINE_TRAP_SYSCALL) {
            count++;
        }
        bool right = trap.kind != ENGINE_TRAP_SYSCALL || c.gpr[ENGINE_RDX] == count;
        if (trap.kind > ENGINE_TRAP_KICKED || !right) {
            return argument; /* anything but NULL: wrong */
        }
    }
    return NULL;
}

/* Two threads of a process, each on a processor of its own. */
static void test_two_callers(void **state)
{
    struct fixture *f = fixture_of(state);
    rig_code(&f->space, 0, code_calls, sizeof(code_calls));
    struct kicker other = {.f = f};
    pthread_t thread;
    void *wrong;
    assert_int_equal(pthread_create(&thread, NULL, call_on_and_on, &other), 0);
    struct engine_context c = caller();
    for (uint64_t i = 1; i <= ROUNDS / 2; i++) {
        run_on(f, 0, &c);
        assert_next_call(f, 0, &c, i, 0);
        c.gpr[ENGINE_RAX] = 0;
    }
    atomic_store(&other.stop, true);
    rig_engine()->kick(f->rig.cpu[1]);
    pthread_join(thread, &wrong);
    assert_null(wrong);
}

/* A process ends in a call: its processor goes on with others. */
static void test_space_goes_in_a_call(void **state)
{
    struct fixture *f = fixture_of(state);
    rig_code(&f->space, 0, code_calls, sizeof(code_calls));
    for (unsigned i = 0; i < 4; i++) {
        struct rig_space gone;
        rig_space_init(&f->rig, &gone);
        rig_code(&gone, 0, code_calls, sizeof(code_calls));
        struct engine_context c = caller();
        for (unsigned k = 0; k < 50; k++) {
            assert_int_equal(rig_run(&gone, &c).kind, ENGINE_TRAP_SYSCALL);
        }
        if (rig_engine()->space_retire) {
            rig_engine()->space_retire(gone.space);
        }
        memset(rig_frame(&f->rig, gone.cr3_frame), 0, RIG_PAGE / 2);
        rig_engine()->invalidate_tables(f->rig.engine);
        rig_space_deinit(&gone);
        c = caller();
        run_on(f, 0, &c);
        assert_next_call(f, 0, &c, 1, 0);
    }
}

/* A step that ends at the gate, and an address to go on at that is none. */
static void test_calls_with_odd_registers(void **state)
{
    struct fixture *f = fixture_of(state);
    static const uint8_t jump[] = {0x41, 0xFF, 0xE7};
    const uint64_t trap_flag = 0x100;
    rig_code(&f->space, 0, code_calls, sizeof(code_calls));
    rig_code(&f->space, 0x100, jump, sizeof(jump));
    for (unsigned i = 0; i < 60; i++) {
        struct engine_context c = caller();
        c.rip += 0x100;
        c.gpr[ENGINE_RCX] = RIG_CODE;
        c.rflags = trap_flag;
        run_on(f, 0, &c);
        assert_int_equal(c.rip, RIG_CODE);
        rig_engine()->sync_context(f->rig.cpu[0], &c);
        assert_int_equal(c.rflags & trap_flag, trap_flag);
        c = caller();
        c.rip += 0x100;
        c.gpr[ENGINE_RCX] = UINT64_C(1) << 63;
        run_on(f, 0, &c);
        assert_int_equal(c.rip, UINT64_C(1) << 63);
        struct engine_trap trap = rig_run(&f->space, &c);
        assert_int_equal(trap.kind, ENGINE_TRAP_EXCEPTION);
        assert_int_equal(trap.vector, 13);
    }
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

static int run_group(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_many_calls),           TEST(test_calls_with_other_work_in_between),
        TEST(test_calls_under_kicks),    TEST(test_two_callers),
        TEST(test_space_goes_in_a_call), TEST(test_calls_with_odd_registers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv)
{
    return rig_each_engine(argc, argv, run_group);
}
