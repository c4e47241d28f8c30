/* tests/io/test_path.c: names and wildcards. */
#include "volume.h"

#include "io/ioi.h"

#define WIDE(text) u"" text, (sizeof(u"" text) - 2)

static void names(void **state)
{
    struct io_path path;

    (void)state;
    assert_ok(io_path_from_name(WIDE("\\work\\a.txt"), &path));
    assert_string_equal(path.text, "work/a.txt");
    assert_ok(io_path_from_name(WIDE("\\work\\"), &path));
    assert_string_equal(path.text, "work");
    assert_true(path.directory_only);
    assert_ok(io_path_from_name(WIDE("\\"), &path));
    assert_string_equal(path.text, "");
    assert_ok(io_path_from_name(WIDE("\\\u00e4\u4e2d\U0001F600"), &path));
    assert_string_equal(path.text, "\u00e4\u4e2d\U0001F600");
    static const struct {
        const WCHAR *name;
        size_t length;
    } bad[] = {
        {WIDE("\\..\\etc")}, {WIDE("\\work\\..")}, {WIDE("\\work\\.")}, {WIDE("\\work\\\\a")},
        {WIDE("\\a/b")},     {WIDE("\\a:stream")}, {WIDE("\\a*")},      {WIDE("\\a?")},
        {WIDE("\\a\x01")},   {WIDE("\\a|b")},      {WIDE("\\a\xD800")}, {WIDE("\\a\xDC00\xD800")},
        {WIDE("\\a\"b")},    {WIDE("\\\\")},       {WIDE("\\a\0b")},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_status(STATUS_OBJECT_NAME_INVALID,
                      io_path_from_name(bad[i].name, bad[i].length, &path));
    WCHAR longest[1 + IO_NAME_MAX + 1];
    longest[0] = '\\';
    for (int i = 1; i < 2 + IO_NAME_MAX; i++)
        longest[i] = 'x';
    assert_ok(io_path_from_name(longest, 2 * (1 + IO_NAME_MAX), &path));
    assert_status(STATUS_OBJECT_NAME_INVALID,
                  io_path_from_name(longest, 2 * (2 + IO_NAME_MAX), &path));
}

static void below(void **state)
{
    (void)state;
    assert_string_equal(io_path_below("Work/Sub/x", "work"), "Sub/x");
    assert_string_equal(io_path_below("work", "WORK"), "");
    assert_string_equal(io_path_below("work", ""), "work");
    assert_null(io_path_below("works", "work"));
    assert_null(io_path_below("work", "work/sub"));
}

static void wildcards(void **state)
{
    static const struct {
        const WCHAR *pattern;
        size_t pattern_length;
        const WCHAR *name;
        size_t length;
        bool matches;
    } cases[] = {
        {WIDE("*"), WIDE("anything.txt"), true},
        {WIDE("*.txt"), WIDE("A.TXT"), true},
        {WIDE("*.TXT"), WIDE("a.txt.bak"), false},
        {WIDE("a?c"), WIDE("abc"), true},
        {WIDE("a?"), WIDE("a"), false},
        {WIDE("a>"), WIDE("a"), true}, /* DOS_QM at the end */
        {WIDE("a>>\"txt"), WIDE("ab.txt"), true},
        {WIDE("<.txt"), WIDE("a.b.txt"), true}, /* DOS_STAR up to the last dot */
        {WIDE("<"), WIDE("noext"), true},
        {WIDE("name\""), WIDE("name"), true}, /* DOS_DOT at the end */
        {WIDE("**a**b**"), WIDE("xxaxxbxx"), true},
        {WIDE("*a*a*a*a*a*a*a*a*b"), WIDE("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), false},
        {WIDE(""), WIDE("a"), false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(io_name_matches(cases[i].pattern, cases[i].pattern_length / 2,
                                         cases[i].name, cases[i].length / 2),
                         cases[i].matches);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(below),
        cmocka_unit_test(wildcards),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
