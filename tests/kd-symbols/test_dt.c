/* dt as a user types it, against golden files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support.h"

static void test_layout(void **state)
{
    (void)state;
    golden("dt-layout");
}

static void test_values(void **state)
{
    (void)state;
    golden("dt-values");
}

static void test_members(void **state)
{
    (void)state;
    golden("dt-members");
}

static void test_recursion(void **state)
{
    (void)state;
    golden("dt-recursion");
}

static void test_errors(void **state)
{
    (void)state;
    golden("dt-errors");
}

/* The golden files hide addresses; here they are spelled out. */
static void test_addresses(void **state)
{
    (void)state;
    struct fake_machine m;
    fake_start_sample(&m);
    const char *text = fake_run(&m, "dt nt!_EPROCESS CreateTime UniqueProcessId nt!PsSystem");
    assert_string_equal(text, "   +0x020 CreateTime       : _LARGE_INTEGER 0x01cb8c5e`5f2c8c7a\n"
                              "   +0x040 UniqueProcessId  : 0x00000000`00000004 Void\n");
    char expected[100];
    uint64_t self;
    text = fake_run(&m, "x /1 nt!PsSystem");
    unsigned high, low;
    assert_int_equal(sscanf(text, "%8x`%8x", &high, &low), 2);
    self = (uint64_t)high << 32 | low;
    memcpy(&self, m.ram + (self - FAKE_NT_BASE + 0x200000) + 0x50, sizeof self); /* Parent */
    assert_int_equal(self, (uint64_t)high << 32 | low);
    snprintf(expected, sizeof expected, "   +0x050 Parent           : 0x%08x`%08x _EPROCESS\n",
             high, low);
    assert_string_equal(fake_run(&m, "dt nt!_EPROCESS Parent nt!PsSystem"), expected);
    fake_teardown(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout),  cmocka_unit_test(test_values),
        cmocka_unit_test(test_members), cmocka_unit_test(test_recursion),
        cmocka_unit_test(test_errors),  cmocka_unit_test(test_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
