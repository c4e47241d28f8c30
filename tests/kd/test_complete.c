/* tests/kd/test_complete.c: what Tab adds to a line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kd/complete.h"
#include "world.h"

struct fixture {
    struct world *world;
    struct kd *kd;
    unsigned listed;
    char last[KD_COMPLETION_SIZE];
};

static void ignore(void *owner, const char *text, size_t length)
{
    (void)owner, (void)text, (void)length;
}

static int setup(void **state)
{
    static struct fixture f;
    f.world = world_create(NTMM_GUEST);
    const struct kd_config config = {.target = &f.world->target, .output = ignore};
    assert_int_equal(kd_create(&config, &f.kd), 0);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    kd_destroy(f->kd);
    world_destroy(f->world);
    return 0;
}

static void list(void *context, const char *word)
{
    struct fixture *f = context;
    f->listed++;
    strncpy(f->last, word, sizeof f->last - 1);
}

static unsigned complete(struct fixture *f, const char *line, const char *expected)
{
    char rest[KD_COMPLETION_SIZE];
    f->listed = 0;
    unsigned count = kd_complete(f->kd, line, rest, list, f);
    assert_string_equal(rest, expected);
    assert_int_equal(f->listed, count < KD_COMPLETION_LISTED ? count : KD_COMPLETION_LISTED);
    return count;
}

static void test_commands(void **state)
{
    assert_int_equal(complete(*state, "!proc", "ess"), 1);
    assert_int_equal(complete(*state, "? 1; !proc", "ess"), 1);
    assert_int_equal(complete(*state, "!pool", ""), 3);
    assert_int_equal(complete(*state, "!nosuch", ""), 0);
    assert_true(complete(*state, "", "") > KD_COMPLETION_LISTED);
}

static void test_modules(void **state)
{
    assert_int_equal(complete(*state, "x n", "t!"), 1);
    assert_int_equal(complete(*state, "x zz", ""), 0);
}

static void test_symbols(void **state)
{
    assert_int_equal(complete(*state, "x nt!MmPfnData", "base"), 1);
    assert_int_equal(complete(*state, "? poi(nt!mmpfndata", "base"), 1);
    assert_int_equal(complete(*state, "x nt!NoSuchName", ""), 0);
    assert_int_equal(complete(*state, "x nosuch!Mm", ""), 0);
    assert_true(complete(*state, "x nt!Mm", "") > 10);
}

static void test_types(void **state)
{
    assert_int_equal(complete(*state, "dt nt!_OBJECT_DIRECTORY_E", "NTRY"), 1);
    assert_int_equal(complete(*state, "dt nt!_MMPFNL", "IST"), 1);
    assert_int_equal(complete(*state, "x nt!_MMPFNL", ""), 0);
}

/* A line of any length and content is only looked at. */
static void test_long_lines(void **state)
{
    char line[4096];
    memset(line, 'n', sizeof line);
    line[sizeof line - 1] = '\0';
    complete(*state, line, "");
    line[0] = 'x';
    line[1] = ' ';
    line[3000] = '!';
    complete(*state, line, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commands),   cmocka_unit_test(test_modules),
        cmocka_unit_test(test_symbols),    cmocka_unit_test(test_types),
        cmocka_unit_test(test_long_lines),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
