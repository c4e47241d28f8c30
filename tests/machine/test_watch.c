/* tests/machine/test_watch.c: the debugger's hardware breakpoints in a thread's debug registers.
 *
 * Many hosts have no debug registers to give, so the registers and the traps are made here: what
 * is loaded for which process, what a trap is taken for, and that the thread gets its own back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "machine/debug.h"
#include "machine/exception.h"

#define OWN_DR0 0x1234u
#define OWN_DR7 0x401u

struct fixture {
    struct ntmm_machine machine;
    struct machine_thread thread;
    struct ps_thread ps_thread;
    struct ps_process process;
};

static struct fixture *make(void)
{
    static struct fixture f;
    memset(&f, 0, sizeof f);
    f.process.va = 0xFFFFFA8000001000;
    f.ps_thread.process = &f.process;
    f.thread.thread = &f.ps_thread;
    f.thread.registers.dr[0] = OWN_DR0;
    f.thread.registers.dr[7] = OWN_DR7;
    return &f;
}

static void watch(struct fixture *f, uint64_t process, uint64_t address, unsigned length,
                  enum kd_watch_access access)
{
    f->machine.debug.watch[f->machine.debug.watch_count++] = (struct kd_watch){
        .process = process, .address = address, .length = length, .access = access};
}

/* Intel SDM volume 3, 17.2.4: enable bits 0, 2, 4, 6; R/W 0, 1, 3; LEN 0, 1, 3, 2. */
static void test_registers(void **state)
{
    struct fixture *f = make();
    struct debug_watching w;
    (void)state;
    watch(f, f->process.va, 0x401000, 1, KD_WATCH_EXECUTE);
    watch(f, 0, 0x40000002, 2, KD_WATCH_WRITE);
    watch(f, f->process.va, 0x40000008, 8, KD_WATCH_ACCESS);
    watch(f, 0, 0x40000010, 4, KD_WATCH_ACCESS);
    debug_watch_begin(&f->machine, &f->thread, &w);
    const uint64_t *dr = f->thread.registers.dr;
    assert_int_equal(dr[0], 0x401000);
    assert_int_equal(dr[1], 0x40000002);
    assert_int_equal(dr[2], 0x40000008);
    assert_int_equal(dr[3], 0x40000010);
    assert_int_equal(dr[7], 0x55 | 0x0u << 16 | 0x5u << 20 | 0xBu << 24 | 0xFull << 28);
}

static void test_another_process(void **state)
{
    struct fixture *f = make();
    struct debug_watching w;
    struct engine_trap trap = {
        .kind = ENGINE_TRAP_EXCEPTION, .vector = VECTOR_DEBUG, .dr6 = 0xFFFF0FF1};
    unsigned index = 99;
    (void)state;
    watch(f, 0xFFFFFA8000002000, 0x401000, 1, KD_WATCH_EXECUTE);
    debug_watch_begin(&f->machine, &f->thread, &w);
    assert_int_equal(f->thread.registers.dr[7], 0);
    /* A trap that says so all the same is none of ours: its bit was not enabled. */
    assert_false(debug_watch_end(&f->machine, &f->thread, &w, &trap, &index));
    assert_int_equal(f->thread.registers.dr[0], OWN_DR0);
    assert_int_equal(f->thread.registers.dr[7], OWN_DR7);
}

static void test_traps(void **state)
{
    struct fixture *f = make();
    struct debug_watching w;
    struct engine_trap trap = {
        .kind = ENGINE_TRAP_EXCEPTION, .vector = VECTOR_DEBUG, .dr6 = 0xFFFF0FF2};
    unsigned index = 99;
    (void)state;
    watch(f, 0, 0x401000, 1, KD_WATCH_EXECUTE);
    watch(f, 0, 0x40000000, 8, KD_WATCH_WRITE);
    debug_watch_begin(&f->machine, &f->thread, &w);
    assert_true(debug_watch_end(&f->machine, &f->thread, &w, &trap, &index));
    assert_int_equal(index, 1);
    assert_int_equal(f->thread.registers.dr[7], OWN_DR7);

    const uint64_t single_step = 0xFFFF4FF0; /* no address bit */
    trap.dr6 = single_step;
    debug_watch_begin(&f->machine, &f->thread, &w);
    assert_false(debug_watch_end(&f->machine, &f->thread, &w, &trap, &index));

    trap = (struct engine_trap){.kind = ENGINE_TRAP_SYSCALL, .dr6 = 0xFFFF0FF1};
    debug_watch_begin(&f->machine, &f->thread, &w);
    assert_false(debug_watch_end(&f->machine, &f->thread, &w, &trap, &index));
    assert_int_equal(f->thread.registers.dr[0], OWN_DR0);
}

static void test_without_any(void **state)
{
    struct fixture *f = make();
    struct debug_watching w;
    const struct engine_trap trap = {
        .kind = ENGINE_TRAP_EXCEPTION, .vector = VECTOR_DEBUG, .dr6 = 0xFFFF0FF1};
    unsigned index;
    (void)state;
    debug_watch_begin(&f->machine, &f->thread, &w);
    assert_int_equal(f->thread.registers.dr[7], OWN_DR7); /* the program's own */
    assert_false(debug_watch_end(&f->machine, &f->thread, &w, &trap, &index));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registers),
        cmocka_unit_test(test_another_process),
        cmocka_unit_test(test_traps),
        cmocka_unit_test(test_without_any),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
