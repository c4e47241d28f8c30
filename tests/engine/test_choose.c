/* tests/engine/test_choose.c: which engine "auto" takes, and what is kept of a trial. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "engine/engine.h"
#include "engine/recall.h"

/* Figures of hosts: exits in hardware, exits of a nested host. The first engine is KVM. */
static const struct engine_probe cheap_exits = {
    .usable = true, .debug_registers = true, .syscall_us = 2, .touch_us = 3, .forget_us = 1};
static const struct engine_probe dear_exits = {
    .usable = true, .syscall_us = 90, .touch_us = 90, .forget_us = 1.2};
static const struct engine_probe native = {
    .usable = true, .syscall_us = 1.6, .touch_us = 40, .forget_us = 5};
static const struct engine_probe unusable = {.why = "not here"};

static void cheapest(void **state)
{
    (void)state;
    assert_int_equal(engine_best((struct engine_probe[]){cheap_exits, native}, false), 0);
    assert_int_equal(engine_best((struct engine_probe[]){dear_exits, native}, false), 1);
    assert_true(engine_cost(&cheap_exits) < engine_cost(&native));
}

/* Cheap system calls are not all: a host where each first touch costs dear. */
static void all_figures_count(void **state)
{
    (void)state;
    struct engine_probe slow_touch = native, slow_forget = native, fair = dear_exits;
    slow_touch.touch_us = 500;
    slow_forget.forget_us = 1000;
    assert_int_equal(engine_best((struct engine_probe[]){fair, slow_touch}, false), 0);
    assert_int_equal(engine_best((struct engine_probe[]){fair, slow_forget}, false), 0);
}

static void only_usable_ones(void **state)
{
    (void)state;
    assert_int_equal(engine_best((struct engine_probe[]){unusable, native}, false), 1);
    assert_int_equal(engine_best((struct engine_probe[]){dear_exits, unusable}, false), 0);
    assert_int_equal(engine_best((struct engine_probe[]){unusable, unusable}, false), ENGINE_COUNT);
}

static void a_debugger_wants_breakpoints(void **state)
{
    (void)state;
    struct engine_probe dear = dear_exits;
    dear.debug_registers = true;
    assert_int_equal(engine_best((struct engine_probe[]){dear, native}, true), 0);
    assert_int_equal(engine_best((struct engine_probe[]){dear, native}, false), 1);
    assert_int_equal(engine_best((struct engine_probe[]){dear_exits, native}, true), 1);
}

static void names(void **state)
{
    (void)state;
    assert_ptr_equal(engine_named("kvm"), &engine_kvm);
    assert_ptr_equal(engine_named("native"), &engine_native);
    assert_null(engine_named("abacus"));
}

/* ---- recall.c ---- */

struct fixture {
    char folder[32], prefix[64], file[96];
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    strcpy(f->folder, "/tmp/ntmm-choose-XXXXXX");
    if (!mkdtemp(f->folder)) {
        return -1;
    }
    snprintf(f->prefix, sizeof(f->prefix), "%s/engines-", f->folder);
    snprintf(f->file, sizeof(f->file), "%s%u", f->prefix, (unsigned)geteuid());
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    unlink(f->file);
    int failed = rmdir(f->folder); /* nothing else was left there */
    free(f);
    return failed;
}

static bool recall(const struct fixture *f)
{
    struct engine_probe probes[ENGINE_COUNT];
    return engine_recall(f->prefix, probes);
}

static void remember(const struct fixture *f)
{
    engine_remember(f->prefix, (struct engine_probe[]){dear_exits, native});
    assert_true(recall(f));
}

static void what_was_remembered(void **state)
{
    const struct fixture *f = *state;
    struct engine_probe probes[ENGINE_COUNT];
    assert_false(recall(f));
    engine_remember(f->prefix, (struct engine_probe[]){cheap_exits, unusable});
    engine_remember(f->prefix, (struct engine_probe[]){dear_exits, native}); /* takes its place */
    assert_true(engine_recall(f->prefix, probes));
    assert_true(probes[0].usable && probes[1].usable);
    assert_false(probes[0].debug_registers);
    assert_true(probes[0].syscall_us == dear_exits.syscall_us);
    assert_true(probes[1].touch_us == native.touch_us);
    assert_true(probes[1].forget_us == native.forget_us);
    engine_remember(f->prefix, (struct engine_probe[]){cheap_exits, unusable});
    assert_true(engine_recall(f->prefix, probes));
    assert_true(probes[0].debug_registers);
    assert_false(probes[1].usable);
}

static void old_figures_are_not_believed(void **state)
{
    const struct fixture *f = *state;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    remember(f);
    const struct timespec old[2] = {{.tv_sec = now.tv_sec - 3600}, {.tv_sec = now.tv_sec - 3600}};
    assert_int_equal(utimensat(AT_FDCWD, f->file, old, 0), 0);
    assert_false(recall(f));
    const struct timespec future[2] = {{.tv_sec = now.tv_sec + 3600},
                                       {.tv_sec = now.tv_sec + 3600}};
    assert_int_equal(utimensat(AT_FDCWD, f->file, future, 0), 0);
    assert_false(recall(f));
}

static void others_are_not_believed(void **state)
{
    const struct fixture *f = *state;
    remember(f);
    assert_int_equal(chmod(f->file, 0622), 0);
    assert_false(recall(f));
    assert_int_equal(unlink(f->file), 0);
    assert_int_equal(symlink("/dev/null", f->file), 0);
    assert_false(recall(f));
    assert_int_equal(unlink(f->file), 0);
    assert_int_equal(mkfifo(f->file, 0600), 0);
    assert_false(recall(f));
}

/* Damage to any byte of the file either leaves its meaning or is noticed. */
static void damaged_files(void **state)
{
    const struct fixture *f = *state;
    char text[1024];
    remember(f);
    int fd = open(f->file, O_RDWR);
    ssize_t size = read(fd, text, sizeof(text));
    assert_true(size > 0 && size < (ssize_t)sizeof(text));
    for (ssize_t cut = 0; cut < size; cut++) {
        assert_int_equal(ftruncate(fd, cut), 0);
        assert_false(recall(f));
        assert_int_equal(pwrite(fd, text, (size_t)size, 0), size);
    }
    assert_int_equal(pwrite(fd, "more", 4, size), 4);
    assert_false(recall(f));
    assert_int_equal(pwrite(fd, "X", 1, 0), 1);
    assert_false(recall(f));
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cheapest),
        cmocka_unit_test(all_figures_count),
        cmocka_unit_test(only_usable_ones),
        cmocka_unit_test(a_debugger_wants_breakpoints),
        cmocka_unit_test(names),
        cmocka_unit_test_setup_teardown(what_was_remembered, setup, teardown),
        cmocka_unit_test_setup_teardown(old_figures_are_not_believed, setup, teardown),
        cmocka_unit_test_setup_teardown(others_are_not_believed, setup, teardown),
        cmocka_unit_test_setup_teardown(damaged_files, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
