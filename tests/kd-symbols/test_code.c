/* x, ln, lm, u, ub, uf as a user types them, against golden files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support.h"

static void golden(const char *name)
{
    struct fake_machine m;
    fake_setup(&m);
    fake_load_image(&m, SAMPLES "/sample.exe", 0x200000);
    fake_start(&m, SAMPLES);
    check_golden(&m, GOLDEN, name);
    fake_teardown(&m);
}

static void test_unassemble(void **state)
{
    (void)state;
    golden("u");
}

static void test_unassemble_back(void **state)
{
    (void)state;
    golden("ub");
}

static void test_unassemble_function(void **state)
{
    (void)state;
    golden("uf");
}

static void test_examine(void **state)
{
    (void)state;
    golden("x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unassemble),
        cmocka_unit_test(test_unassemble_back),
        cmocka_unit_test(test_unassemble_function),
        cmocka_unit_test(test_examine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
