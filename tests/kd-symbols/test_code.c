/* x, ln, lm, u, ub, uf as a user types them, against golden files; the symbol path. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support.h"

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

/* What the user sets is shown and judged; the target's own folders stay. */
static void test_symbol_path(void **state)
{
    (void)state;
    struct fake_machine m;
    fake_setup(&m);
    fake_load_image(&m, SAMPLES "/sample.exe", FAKE_NT_PA);
    m.target.symbol_path = SAMPLES;
    fake_start(&m, NULL);
    assert_string_equal(fake_run(&m, ".sympath"), "Symbol search path is: <empty>\n"
                                                  "and always: " SAMPLES "\n");
    const char *text =
        fake_run(&m, ".sympath \"/nowhere;srv*/nowhere*http://127.0.0.1:1;D:\\pdb\"");
    assert_non_null(strstr(text,
                           "\nError: no such folder            /nowhere\n"
                           "Deferred                         srv*/nowhere*http://127.0.0.1:1\n"
                           "Error: a path of Windows         D:\\pdb\n"
                           "OK                               " SAMPLES "\n"));
    fake_run(&m, ".symfix /store");
    assert_string_equal(fake_run(&m, ".sympath"),
                        "Symbol search path is: "
                        "srv*/store*https://msdl.microsoft.com/download/symbols\n"
                        "and always: " SAMPLES "\n");
    assert_string_equal(fake_run(&m, ".symfix"),
                        "There is no default store here; name a folder: .symfix FOLDER\n");
    fake_run(&m, ".sympath /nowhere");
    fake_run(&m, "!sym noisy");
    text = fake_run(&m, ".reload");
    assert_non_null(strstr(text, "DBGHELP: /nowhere/sample.pdb - file not found\n"));
    assert_non_null(strstr(text, "DBGHELP: " SAMPLES "/sample.pdb - OK\n"));
    fake_teardown(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unassemble),          cmocka_unit_test(test_unassemble_back),
        cmocka_unit_test(test_unassemble_function), cmocka_unit_test(test_examine),
        cmocka_unit_test(test_symbol_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
