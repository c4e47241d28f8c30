/* tests/engine/test_traps.c: every way out of ring 3 arrives as the architecture says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "rig.h"

#include <string.h>

#define RUN_CODE(...)                                                                              \
    do {                                                                                           \
        static const uint8_t code_[] = {__VA_ARGS__};                                              \
        rig_code(&f->space, 0, code_, sizeof(code_));                                              \
    } while (0)

struct fixture {
    struct rig rig;
    struct rig_space space;
    struct engine_probe probe;
};

static int setup(void **state)
{
    static struct fixture fixture;
    rig_engine()->probe(&fixture.probe);
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
    return rig_fixture(state);
}

static void assert_exception(const struct engine_trap *trap, unsigned vector)
{
    assert_int_equal(trap->kind, ENGINE_TRAP_EXCEPTION);
    assert_int_equal(trap->vector, vector);
}

static void test_syscall_keeps_registers(void **state)
{
    struct fixture *f = fixture_of(state);
    RUN_CODE(0x0F, 0x05, /* syscall */
             0x0F, 0x05);
    struct engine_context c = rig_context(0);
    for (int i = 0; i < 16; i++) {
        c.gpr[i] = UINT64_C(0x1122334455667700) + (unsigned)i;
    }
    c.rflags = 0x1 | 0x4 | 0x80; /* CF PF SF */
    for (uint64_t rip = RIG_CODE + 2; rip <= RIG_CODE + 4; rip += 2) {
        struct engine_trap trap = rig_run(&f->space, &c);
        assert_int_equal(trap.kind, ENGINE_TRAP_SYSCALL);
        assert_int_equal(c.rip, rip);
        assert_int_equal(c.rflags & 0xFFFF & ~0x202u, 0x85);
        for (int i = 0; i < 16; i++) {
            if (i != ENGINE_RCX && i != 11) { /* the instruction's own */
                assert_int_equal(c.gpr[i], UINT64_C(0x1122334455667700) + (unsigned)i);
            }
        }
        assert_int_equal(c.gpr[ENGINE_RCX], rip);
    }
}

struct fault_case {
    const char *what;
    uint64_t pte_flags; /* 0: not mapped */
    uint8_t code[2];    /* on [rax] */
    uint32_t error_code;
};

static const struct fault_case fault_cases[] = {
    {"read of nothing", 0, {0x8A, 0x00}, 0x4},
    {"write to nothing", 0, {0x88, 0x00}, 0x6},
    {"write to a read-only page", RIG_RO, {0x88, 0x00}, 0x7},
    {"read of a supervisor page", RIG_VALID | RIG_WRITE, {0x8A, 0x00}, 0x5},
    {"fetch from nothing", 0, {0xFF, 0xE0}, 0x14},
    {"fetch from a no-execute page", RIG_RW | RIG_NX, {0xFF, 0xE0}, 0x15},
};

static void test_page_faults(void **state)
{
    struct fixture *f = fixture_of(state);
    for (size_t i = 0; i < sizeof(fault_cases) / sizeof(fault_cases[0]); i++) {
        const struct fault_case *k = &fault_cases[i];
        uint64_t va = RIG_DATA + i * RIG_PAGE;
        if (k->pte_flags) {
            rig_map(&f->space, va, k->pte_flags);
        }
        rig_code(&f->space, 0, k->code, sizeof(k->code));
        struct engine_context c = rig_context(0);
        c.gpr[ENGINE_RAX] = va + 0x123;
        struct engine_trap trap = rig_run(&f->space, &c);
        print_message("%s\n", k->what);
        assert_int_equal(trap.kind, ENGINE_TRAP_PAGE_FAULT);
        assert_int_equal(trap.address, va + 0x123);
        assert_int_equal(trap.error_code, k->error_code);
        assert_int_equal(c.rip, k->code[0] == 0xFF ? va + 0x123 : RIG_CODE);
    }
}

static void test_fault_then_map_then_go_on(void **state)
{
    struct fixture *f = fixture_of(state);
    RUN_CODE(0xC6, 0x00, 0x5A, /* mov byte [rax], 0x5A */
             0x0F, 0x05);
    struct engine_context c = rig_context(0);
    c.gpr[ENGINE_RAX] = RIG_DATA + 5;
    assert_int_equal(rig_run(&f->space, &c).kind, ENGINE_TRAP_PAGE_FAULT);
    uint64_t frame = rig_map(&f->space, RIG_DATA, RIG_RW);
    assert_int_equal(rig_run(&f->space, &c).kind, ENGINE_TRAP_SYSCALL);
    assert_int_equal(((uint8_t *)rig_frame(&f->rig, frame))[5], 0x5A);
}

static void test_cpu_sets_accessed_and_dirty(void **state)
{
    struct fixture *f = fixture_of(state);
    RUN_CODE(0x8A, 0x00, /* mov al, [rax] */
             0x0F, 0x05, /* syscall */
             0x88, 0x03, /* mov [rbx], al */
             0x0F, 0x05);
    rig_map(&f->space, RIG_DATA, RIG_RW);
    rig_map(&f->space, RIG_DATA + RIG_PAGE, RIG_RW);
    rig_map(&f->space, RIG_DATA + 2 * RIG_PAGE, RIG_RW);
    struct engine_context c = rig_context(0);
    c.gpr[ENGINE_RAX] = RIG_DATA;
    c.gpr[ENGINE_RBX] = RIG_DATA + RIG_PAGE;
    const uint64_t both = RIG_ACCESSED | RIG_DIRTY;
    assert_int_equal(rig_run(&f->space, &c).kind, ENGINE_TRAP_SYSCALL);
    assert_int_equal(*rig_pte(&f->space, RIG_DATA) & both, RIG_ACCESSED);
    assert_int_equal(*rig_pte(&f->space, RIG_DATA + RIG_PAGE) & both, 0);
    assert_int_equal(rig_run(&f->space, &c).kind, ENGINE_TRAP_SYSCALL);
    assert_int_equal(*rig_pte(&f->space, RIG_DATA + RIG_PAGE) & both, both);
    assert_int_equal(*rig_pte(&f->space, RIG_DATA + 2 * RIG_PAGE) & both, 0);
}

struct exception_case {
    const char *what;
    uint8_t code[4];
    unsigned vector, error_code, rip_offset;
};

static const struct exception_case exception_cases[] = {
    {"int3", {0xCC}, 3, 0, 1},
    {"int 3", {0xCD, 0x03}, 3, 0, 2},
    {"ud2", {0x0F, 0x0B}, 6, 0, 0},
    {"div by zero", {0x31, 0xC9, 0xF7, 0xF1}, 0, 0, 2},
    {"int 29h", {0xCD, 0x29}, 0x29, 0, 2},
    {"int 2Ch", {0xCD, 0x2C}, 0x2C, 0, 2},
    {"int 2Dh", {0xCD, 0x2D}, 0x2D, 0, 2},
    {"int 2Eh", {0xCD, 0x2E}, 0x2E, 0, 2},
    {"int 20h", {0xCD, 0x20}, 13, 0x20 * 8 + 2, 0},
    {"int 80h", {0xCD, 0x80}, 13, 0x80 * 8 + 2, 0},
    {"int 0Eh", {0xCD, 0x0E}, 13, 0x0E * 8 + 2, 0},
    {"hlt", {0xF4}, 13, 0, 0},
    {"cli", {0xFA}, 13, 0, 0},
    {"in al, dx", {0xEC}, 13, 0, 0},
    {"mov rax, cr3", {0x0F, 0x20, 0xD8}, 13, 0, 0},
    {"icebp", {0xF1}, 1, 0, 1},
};

static void test_exceptions(void **state)
{
    struct fixture *f = fixture_of(state);
    for (size_t i = 0; i < sizeof(exception_cases) / sizeof(exception_cases[0]); i++) {
        const struct exception_case *k = &exception_cases[i];
        rig_code(&f->space, 0, k->code, sizeof(k->code));
        struct engine_context c = rig_context(0);
        struct engine_trap trap = rig_run(&f->space, &c);
        print_message("%s: kind %d vector %d error %#x rip +%d\n", k->what, trap.kind, trap.vector,
                      trap.error_code, (int)(c.rip - RIG_CODE));
        assert_exception(&trap, k->vector);
        assert_int_equal(trap.error_code, k->error_code);
        assert_int_equal(c.rip, RIG_CODE + k->rip_offset);
    }
}

static void test_non_canonical(void **state)
{
    struct fixture *f = fixture_of(state);
    RUN_CODE(0x8A, 0x00); /* mov al, [rax] */
    struct engine_context c = rig_context(0);
    c.gpr[ENGINE_RAX] = UINT64_C(1) << 63;
    struct engine_trap trap = rig_run(&f->space, &c);
    assert_exception(&trap, 13);
    c.rip = UINT64_C(0x8000000000000000);
    trap = rig_run(&f->space, &c);
    assert_exception(&trap, 13);
    assert_int_equal(c.rip, UINT64_C(0x8000000000000000));
}

static void test_jump_into_trap_page(void **state)
{
    struct fixture *f = fixture_of(state);
    RUN_CODE(0xFF, 0xE0); /* jmp rax */
    struct engine_context c = rig_context(0);
    c.gpr[ENGINE_RAX] = UINT64_C(0xFFFFF80000001000);
    struct engine_trap trap = rig_run(&f->space, &c);
    assert_int_equal(trap.kind, ENGINE_TRAP_PAGE_FAULT);
    assert_int_equal(trap.address, UINT64_C(0xFFFFF80000001000));
    /* Something is there, or an engine without a trap area has nothing there. */
    assert_int_equal(trap.error_code, rig_engine()->trap_area_pages(RIG_CPUS) ? 0x15 : 0x14);
}

static void test_hostile_flags(void **state)
{
    struct fixture *f = fixture_of(state);
    RUN_CODE(0x0F, 0x05);
    struct engine_context c = rig_context(0);
    c.rflags = ~UINT64_C(0) & ~UINT64_C(0x100); /* IOPL, VM, VIF...; no single step */
    assert_int_equal(rig_run(&f->space, &c).kind, ENGINE_TRAP_SYSCALL);
    assert_int_equal(c.rflags & 0x3000, 0);  /* IOPL */
    assert_int_equal(c.rflags & 0x20000, 0); /* VM */
    assert_int_equal(c.rflags & 0x202, 0x202);
}

static void test_single_step(void **state)
{
    struct fixture *f = fixture_of(state);
    RUN_CODE(0x90, 0x90,              /* nop; nop */
             0x0F, 0x05,              /* syscall */
             0x90, 0x8A, 0x00, 0x90); /* nop; mov al, [rax]; nop */
    struct engine_context c = rig_context(0);
    c.rflags = 0x100;
    for (uint64_t rip = RIG_CODE + 1; rip <= RIG_CODE + 2; rip++) {
        struct engine_trap trap = rig_run(&f->space, &c);
        assert_exception(&trap, 1);
        assert_int_equal(c.rip, rip);
        assert_int_equal(trap.dr6 & 0x4000, 0x4000); /* BS */
        assert_int_equal(c.rflags & 0x100, 0x100);
    }
    assert_int_equal(rig_run(&f->space, &c).kind, ENGINE_TRAP_SYSCALL);
    assert_int_equal(c.rip, RIG_CODE + 4);
    struct engine_trap trap = rig_run(&f->space, &c);
    assert_exception(&trap, 1);
    assert_int_equal(c.rip, RIG_CODE + 5);

    c.gpr[ENGINE_RAX] = RIG_DATA; /* not mapped: the fault comes first, then the step */
    assert_int_equal(rig_run(&f->space, &c).kind, ENGINE_TRAP_PAGE_FAULT);
    rig_map(&f->space, RIG_DATA, RIG_RW);
    trap = rig_run(&f->space, &c);
    assert_exception(&trap, 1);
    assert_int_equal(c.rip, RIG_CODE + 7);
}

static void test_hardware_breakpoints(void **state)
{
    struct fixture *f = fixture_of(state);
    if (!f->probe.debug_registers) {
        print_message("this host does not honour a guest's debug registers\n");
        skip();
    }
    RUN_CODE(0x90, 0x90, /* nop; nop */
             0x88, 0x03, /* mov [rbx], al */
             0x0F, 0x05);
    rig_map(&f->space, RIG_DATA, RIG_RW);
    struct engine_context c = rig_context(0);
    c.gpr[ENGINE_RBX] = RIG_DATA + 8;
    c.dr[0] = RIG_CODE + 1; /* execution */
    c.dr[1] = RIG_DATA + 8; /* write, 1 byte */
    c.dr[7] = 0x1 | 0x4 | UINT64_C(1) << 20;
    struct engine_trap trap = rig_run(&f->space, &c);
    assert_exception(&trap, 1);
    assert_int_equal(c.rip, RIG_CODE + 1);
    assert_int_equal(trap.dr6 & 0xF, 1);
    c.rflags |= 0x10000; /* RF: past it */
    trap = rig_run(&f->space, &c);
    assert_exception(&trap, 1);
    assert_int_equal(c.rip, RIG_CODE + 4);
    assert_int_equal(trap.dr6 & 0xF, 2);
    assert_int_equal(rig_run(&f->space, &c).kind, ENGINE_TRAP_SYSCALL);
}

static void test_gs_base(void **state)
{
    struct fixture *f = fixture_of(state);
    RUN_CODE(0x65, 0x48, 0x8B, 0x04, 0x25, 0x30, 0x00, 0x00, 0x00, /* mov rax, gs:[30h] */
             0x0F, 0x05);
    uint64_t frame = rig_map(&f->space, RIG_DATA, RIG_RW);
    const uint64_t self = UINT64_C(0x7FFFFFDE000);
    memcpy((char *)rig_frame(&f->rig, frame) + 0x30, &self, sizeof(self));
    struct engine_context c = rig_context(0);
    c.gs_base = RIG_DATA;
    assert_int_equal(rig_run(&f->space, &c).kind, ENGINE_TRAP_SYSCALL);
    assert_int_equal(c.gpr[ENGINE_RAX], self);
}

static void test_unmapped_trap_area_is_a_failure(void **state)
{
    struct fixture *f = fixture_of(state);
    if (!rig_engine()->trap_area_pages(RIG_CPUS)) {
        skip();
    }
    RUN_CODE(0xCC);
    struct rig_space bare = f->space; /* the same tables without the kernel half */
    bare.cr3_frame = rig_alloc(&f->rig);
    memcpy(rig_frame(&f->rig, bare.cr3_frame), rig_frame(&f->rig, f->space.cr3_frame),
           RIG_PAGE / 2);
    assert_int_equal(
        rig_engine()->space_create(f->rig.engine, bare.cr3_frame * RIG_PAGE, &bare.space), 0);
    struct engine_context c = rig_context(0);
    struct engine_trap trap = rig_run(&bare, &c);
    assert_int_equal(trap.kind, ENGINE_TRAP_FAILED);
    assert_non_null(trap.reason);
    rig_space_deinit(&bare);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

static int run_group(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_syscall_keeps_registers),
        TEST(test_page_faults),
        TEST(test_fault_then_map_then_go_on),
        TEST(test_cpu_sets_accessed_and_dirty),
        TEST(test_exceptions),
        TEST(test_non_canonical),
        TEST(test_jump_into_trap_page),
        TEST(test_hostile_flags),
        TEST(test_single_step),
        TEST(test_hardware_breakpoints),
        TEST(test_gs_base),
        TEST(test_unmapped_trap_area_is_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv)
{
    return rig_each_engine(argc, argv, run_group);
}
