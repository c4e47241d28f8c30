/* tests/engine/test_kvm_attack.c: a guest that wants more of KVM's gate than system calls.
 *
 * Every test is a claim of docs/engine.md and the attack on it. A guest is free to ruin itself:
 * what must hold is that the engine gets its host thread and its processor back, and that another
 * process (the bystander) never notices.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "engine/kvm_gate.h"
#include "rig.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#define CONTROL(cpu) (KVM_GATE_BASE + (1 + 2 * (uint64_t)(cpu)) * RIG_PAGE)
#define MAILBOX(cpu) (CONTROL(cpu) + KVM_GATE_MAILBOX)

enum {
    CODE_CALLS = 0,
    CODE_WRITE = 0x40,
    CODE_SCRIBBLE = 0x60,
    CODE_FORGE = 0x80,
    CODE_JUMP = 0xA0,
    CODE_NO_FS = 0xC0,
    BACK = 10,
    CALLS = 100, /* enough for somebody to look at the mailbox */
};

struct fixture {
    struct rig rig;
    struct rig_space guest, bystander;
    struct engine_context well; /* the bystander's thread */
    uint8_t *data;              /* the guest's page at RIG_DATA */
    pthread_t kicker;
    bool kicked; /* there is a kicker */
    atomic_bool stop;
};

static void add_code(struct rig_space *s)
{
    static const uint8_t code_calls[] = {
        0x48, 0xFF, 0xC3,                         /* again: inc rbx */
        0x48, 0x8D, 0x0D, 0x03, 0x00, 0x00, 0x00, /* lea rcx, [back - 3 + 3] */
        0x41, 0xFF, 0xE7,                         /* jmp r15 */
        0xEB, 0xF1,                               /* back: jmp again */
    };
    static const uint8_t code_write[] = {0x88, 0x03, 0x0F, 0x05}; /* mov [rbx], al; syscall */
    static const uint8_t code_scribble[] = {0xF3, 0xAA,           /* rep stosb */
                                            0x0F, 0x05};
    static const uint8_t code_forge[] = {
        0x8B, 0x03,             /* again: mov eax, [rbx]: the number of the run */
        0x89, 0x07,             /* mov [rdi], eax: the event */
        0xF0, 0x48, 0xFF, 0x06, /* lock inc qword [rsi] */
        0xEB, 0xF6,             /* jmp again */
    };
    static const uint8_t code_jump[] = {0xFF, 0xE1};  /* jmp rcx */
    static const uint8_t code_no_fs[] = {0x8E, 0xE0,  /* mov fs, eax */
                                         0xFF, 0xE1}; /* jmp rcx */
    rig_code(s, CODE_CALLS, code_calls, sizeof(code_calls));
    rig_code(s, CODE_WRITE, code_write, sizeof(code_write));
    rig_code(s, CODE_SCRIBBLE, code_scribble, sizeof(code_scribble));
    rig_code(s, CODE_FORGE, code_forge, sizeof(code_forge));
    rig_code(s, CODE_JUMP, code_jump, sizeof(code_jump));
    rig_code(s, CODE_NO_FS, code_no_fs, sizeof(code_no_fs));
}

static struct engine_context caller(void)
{
    struct engine_context c = rig_context(CODE_CALLS);
    c.gpr[15] = engine_kvm.gate;
    return c;
}

static int setup(void **state)
{
    static struct fixture fixture;
    struct engine_probe probe;
    fixture = (struct fixture){0};
    *state = NULL;
    engine_kvm.probe(&probe);
    if (!probe.usable) {
        print_message("engine kvm is not usable here: %s\n", probe.why);
        return 0;
    }
    if (rig_init(&fixture.rig, &engine_kvm)) {
        return -1;
    }
    rig_space_init(&fixture.rig, &fixture.bystander);
    rig_space_init(&fixture.rig, &fixture.guest);
    add_code(&fixture.bystander);
    add_code(&fixture.guest);
    fixture.data = rig_frame(&fixture.rig, rig_map(&fixture.guest, RIG_DATA, RIG_RW));
    fixture.well = caller();
    *state = &fixture;
    return 0;
}

static struct fixture *fixture_of(void **state)
{
    if (!*state) {
        skip();
    }
    return *state;
}

/* The bystander calls, and gets answers, as if it were alone. */
static void assert_bystander_well(struct fixture *f)
{
    for (unsigned i = 0; i < 20; i++) {
        uint64_t before = f->well.gpr[ENGINE_RBX];
        assert_int_equal(rig_run(&f->bystander, &f->well).kind, ENGINE_TRAP_SYSCALL);
        assert_int_equal(f->well.rip, RIG_CODE + BACK + 3);
        assert_int_equal(f->well.gpr[ENGINE_RBX], before + 1);
        assert_int_equal(f->well.gpr[ENGINE_RSP], RIG_STACK_TOP);
    }
    engine_kvm.sync_context(f->rig.cpu[0], &f->well);
}

static void *kick_on_and_on(void *argument)
{
    struct fixture *f = argument;
    while (!atomic_load(&f->stop)) {
        nanosleep(&(struct timespec){.tv_nsec = 300000}, NULL);
        engine_kvm.kick(f->rig.cpu[0]);
    }
    return NULL;
}

static void start_kicking(struct fixture *f)
{
    atomic_store(&f->stop, false);
    f->kicked = pthread_create(&f->kicker, NULL, kick_on_and_on, f) == 0;
    assert_true(f->kicked);
}

static void stop_kicking(struct fixture *f)
{
    atomic_store(&f->stop, true);
    if (f->kicked) {
        pthread_join(f->kicker, NULL);
    }
    f->kicked = false;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    if (f) {
        stop_kicking(f);
        assert_bystander_well(f);
        rig_space_deinit(&f->guest);
        rig_space_deinit(&f->bystander);
        rig_deinit(&f->rig);
    }
    return 0;
}

/* Have the processor's mailbox looked at. */
static void warm_up(struct fixture *f, struct engine_context *c)
{
    for (unsigned i = 0; i < CALLS; i++) {
        assert_int_equal(rig_run(&f->guest, c).kind, ENGINE_TRAP_SYSCALL);
    }
}

/* ---- the pages ---- */

static void test_only_mailboxes_can_be_written(void **state)
{
    struct fixture *f = fixture_of(state);
    for (unsigned page = 0; page < 3 + 2 * RIG_CPUS; page++) {
        struct engine_context c = rig_context(CODE_WRITE);
        c.gpr[ENGINE_RBX] = KVM_GATE_BASE + (uint64_t)page * RIG_PAGE + 0x800;
        bool mailbox = page && page % 2 == 0 && page <= 2 * RIG_CPUS;
        struct engine_trap trap = rig_run(&f->guest, &c);
        assert_int_equal(trap.kind, mailbox ? ENGINE_TRAP_SYSCALL : ENGINE_TRAP_PAGE_FAULT);
        if (!mailbox) {
            assert_int_equal(trap.address, c.gpr[ENGINE_RBX]);
        }
    }
}

/* No process reaches another's: the bystander's requests are not the guest's to write. */
static void test_mailboxes_are_each_process_s_own(void **state)
{
    struct fixture *f = fixture_of(state);
    for (unsigned i = 0; i < 10; i++) {
        assert_bystander_well(f);
        struct engine_context c = rig_context(CODE_SCRIBBLE);
        c.gpr[ENGINE_RDI] = MAILBOX(0);
        c.gpr[ENGINE_RCX] = RIG_PAGE;
        c.gpr[ENGINE_RAX] = i;
        assert_int_equal(rig_run(&f->guest, &c).kind, ENGINE_TRAP_SYSCALL);
        engine_kvm.sync_context(f->rig.cpu[0], &c);
    }
}

/* ---- the hand-over ---- */

/* Another thread of the process writes requests to the first processor's mailbox, without end. */
static void *forge_on_another_cpu(void *argument)
{
    struct fixture *f = argument;
    while (!atomic_load(&f->stop)) {
        struct engine_context c = rig_context(CODE_FORGE);
        c.gpr[ENGINE_RBX] = CONTROL(0);
        c.gpr[ENGINE_RDI] = MAILBOX(0);
        c.gpr[ENGINE_RSI] = MAILBOX(0) + 0x40 + 8 * 8;
        rig_enter(&f->guest, 1, &c);
    }
    return NULL;
}

static void test_forged_requests_of_another_thread(void **state)
{
    struct fixture *f = fixture_of(state);
    pthread_t forger;
    struct engine_context c = caller();
    atomic_store(&f->stop, false);
    assert_int_equal(pthread_create(&forger, NULL, forge_on_another_cpu, f), 0);
    for (unsigned i = 0; i < 3 * CALLS; i++) {
        struct engine_trap trap = rig_enter(&f->guest, 0, &c);
        assert_int_not_equal(trap.kind, ENGINE_TRAP_FAILED);
        if (trap.kind != ENGINE_TRAP_SYSCALL || i % 50 == 49) {
            engine_kvm.sync_context(f->rig.cpu[0], &c);
            c = caller(); /* it runs where the forger's registers lead it */
        }
        if (i % 50 == 49) {
            assert_bystander_well(f);
        }
    }
    engine_kvm.sync_context(f->rig.cpu[0], &c);
    atomic_store(&f->stop, true);
    engine_kvm.kick(f->rig.cpu[1]);
    pthread_join(forger, NULL);
}

static uint64_t count_of(struct fixture *f)
{
    return atomic_load((_Atomic uint64_t *)f->data);
}

/* A thread that goes on behind a forged request. */
static struct engine_context forger(struct fixture *f)
{
    struct engine_context c = caller();
    warm_up(f, &c);
    engine_kvm.sync_context(f->rig.cpu[0], &c);
    c.rip = RIG_CODE + CODE_FORGE;
    c.gpr[ENGINE_RBX] = CONTROL(0);
    c.gpr[ENGINE_RDI] = MAILBOX(0);
    c.gpr[ENGINE_RSI] = RIG_DATA;
    memset(f->data, 0, RIG_PAGE);
    return c;
}

static void assert_stands_still(struct fixture *f)
{
    uint64_t count = count_of(f);
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    assert_int_equal(count_of(f), count);
}

/* It is out of the guest once somebody asks for its registers, takes its processor, or its process
 * goes. */
static void test_who_forges_a_request_is_stopped(void **state)
{
    struct fixture *f = fixture_of(state);
    start_kicking(f);
    for (unsigned i = 0; i < 12; i++) {
        struct engine_context c = forger(f);
        assert_int_not_equal(rig_enter(&f->guest, 0, &c).kind, ENGINE_TRAP_FAILED);
        switch (i % 3) {
        case 0:
            engine_kvm.sync_context(f->rig.cpu[0], &c);
            break;
        case 1:
            assert_bystander_well(f);
            break;
        default:
            engine_kvm.space_retire(f->guest.space);
            break;
        }
        assert_stands_still(f);
        engine_kvm.sync_context(f->rig.cpu[0], &c);
    }
    stop_kicking(f);
}

/* ---- jumps ---- */

/* To each byte of the gate's page, with the step flag and without, FS base or none. */
static void test_jump_to_every_byte_of_the_gate(void **state)
{
    struct fixture *f = fixture_of(state);
    start_kicking(f);
    for (unsigned i = 0; i < 4 * 0x140; i++) {
        unsigned variant = i / 0x140;
        struct engine_context c = caller();
        if (i % 32 == 0) {
            warm_up(f, &c);
            assert_bystander_well(f);
        }
        c = rig_context(variant & 2 ? CODE_NO_FS : CODE_JUMP);
        c.gpr[ENGINE_RCX] = KVM_GATE_BASE + i % 0x140;
        c.rflags |= variant & 1 ? 0x100 : 0;
        for (unsigned k = 0; k < 4; k++) {
            assert_int_not_equal(rig_enter(&f->guest, 0, &c).kind, ENGINE_TRAP_FAILED);
        }
    }
    stop_kicking(f);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_only_mailboxes_can_be_written),     TEST(test_mailboxes_are_each_process_s_own),
        TEST(test_forged_requests_of_another_thread), TEST(test_who_forges_a_request_is_stopped),
        TEST(test_jump_to_every_byte_of_the_gate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
