/* Symbol paths taken apart, and what stands in a store. */
#define _GNU_SOURCE 1

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "kd/sympath.h"
#include "kd/symstore.h"

/* "folder(/a) chain(/b,http://c!)": places that are remote end in !, foreign ones in ?. */
static void describe(const struct sympath *path, char *text, size_t size)
{
    size_t n = 0;
    text[0] = 0;
    for (size_t i = 0; i < path->count; i++) {
        const struct sympath_element *element = &path->elements[i];
        n += (size_t)snprintf(text + n, size - n, "%s%s(", i ? " " : "",
                              element->chain ? "chain" : "folder");
        for (size_t k = 0; k < element->count; k++)
            n += (size_t)snprintf(text + n, size - n, "%s%s%s%s", k ? "," : "",
                                  element->places[k].where, element->places[k].remote ? "!" : "",
                                  element->places[k].foreign ? "?" : "");
        n += (size_t)snprintf(text + n, size - n, ")");
    }
}

static void check(const char *text, const char *store, const char *expected)
{
    struct sympath path;
    char got[1024];
    assert_true(sympath_parse(text, store, &path));
    describe(&path, got, sizeof got);
    assert_string_equal(got, expected);
    sympath_deinit(&path);
}

static void test_elements(void **state)
{
    (void)state;
    check("", "/d", "");
    check(" ; ;;", "/d", "");
    check("/a", "/d", "folder(/a)");
    check(" /a b ;/c/", "/d", "folder(/a b) folder(/c)");
    check("/", "/d", "folder(/)");
    check("srv*/s*http://h/x", "/d", "chain(/s,http://h/x!)");
    check("SRV*/s/*/t*HTTPS://h/x/", "/d", "chain(/s,/t,HTTPS://h/x!)");
    check("srv*/s", "/d", "chain(/s)");
    check("symsrv*symsrv.dll*/s*http://h", "/d", "chain(/s,http://h!)");
    check("symsrv*symsrv.dll", NULL, "chain(" SYMPATH_PUBLIC_SERVER "!)");
    check("/a;srv*/s;/b", "/d", "folder(/a) chain(/s) folder(/b)");
    check("server", "/d", "folder(server)");
}

static void test_default_store(void **state)
{
    (void)state;
    check("srv*", "/d", "chain(/d," SYMPATH_PUBLIC_SERVER "!)");
    check("srv*http://h", "/d", "chain(/d,http://h!)");
    check("srv**http://h", "/d", "chain(/d,http://h!)");
    check("srv*http://h", NULL, "chain(http://h!)");
    check("srv**http://h", NULL, "chain(http://h!)");
    check("cache*", "/d", "chain(/d)");
    check("cache*", NULL, "");
}

static void test_cache(void **state)
{
    (void)state;
    check("cache*/c;srv*http://h;srv*/s*http://g", "/d",
          "chain(/c) chain(/c,http://h!) chain(/c,/s,http://g!)");
    check("srv*http://h;cache*/c", "/d", "chain(/d,http://h!) chain(/c)");
}

static void test_foreign(void **state)
{
    (void)state;
    check("srv*c:\\symbols*http://h", "/d", "chain(/d?,http://h!)");
    check("srv*\\\\server\\share", NULL, "chain(?)");
    check("D:\\pdb;/a", "/d", "folder(?) folder(/a)");
}

static void test_names(void **state)
{
    (void)state;
    static const struct {
        bool two;
        enum symstore_form form;
        const char *name, *path;
    } cases[] = {
        {false, SYMSTORE_PLAIN, "nt.pdb", "nt.pdb/1A2/nt.pdb"},
        {false, SYMSTORE_COMPRESSED, "nt.pdb", "nt.pdb/1A2/nt.pd_"},
        {false, SYMSTORE_POINTER, "nt.pdb", "nt.pdb/1A2/file.ptr"},
        {true, SYMSTORE_PLAIN, "nt.pdb", "nt/nt.pdb/1A2/nt.pdb"},
        {true, SYMSTORE_PLAIN, "x", "x/x/1A2/x"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *path = symstore_relative(cases[i].two, cases[i].name, "1A2", cases[i].form);
        assert_string_equal(path, cases[i].path);
        free(path);
    }
}

static void check_pointer(const char *bytes, enum symstore_pointer kind, const char *expected)
{
    char text[32] = "";
    assert_int_equal(symstore_parse_pointer(bytes, strlen(bytes), text, sizeof text), kind);
    if (kind != SYMSTORE_POINTER_BAD)
        assert_string_equal(text, expected);
}

static void test_pointers(void **state)
{
    (void)state;
    check_pointer("PATH:\\\\s\\nt.pdb\r\n", SYMSTORE_POINTER_PATH, "\\\\s\\nt.pdb");
    check_pointer("/srv/nt.pdb", SYMSTORE_POINTER_PATH, "/srv/nt.pdb");
    check_pointer("MSG: removed", SYMSTORE_POINTER_MESSAGE, " removed");
    check_pointer("", SYMSTORE_POINTER_BAD, NULL);
    check_pointer("PATH:", SYMSTORE_POINTER_BAD, NULL);
    check_pointer("a\nb", SYMSTORE_POINTER_BAD, NULL);
    check_pointer("a path that does not fit into the buffer", SYMSTORE_POINTER_BAD, NULL);
}

static void test_filling(void **state)
{
    (void)state;
    char root[] = "/tmp/ntmm-store-XXXXXX", path[200];
    struct symstore_file file;
    struct stat status;
    assert_non_null(mkdtemp(root));
    assert_int_equal(symstore_begin(root, "a.pdb", "1", &file), 0);
    snprintf(path, sizeof path, "%s/a.pdb/1/a.pdb", root);
    assert_string_equal(file.path, path);
    fputs("bytes", file.stream);
    assert_int_not_equal(stat(path, &status), 0); /* not before it is complete */
    assert_int_equal(symstore_commit(&file), 0);
    symstore_free(&file);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_size, 5);

    assert_int_equal(symstore_begin(root, "b.pdb", "1", &file), 0);
    symstore_abort(&file);
    snprintf(path, sizeof path, "%s/b.pdb", root);
    assert_int_not_equal(stat(path, &status), 0);
    assert_true(symstore_begin("/dev/null", "b.pdb", "1", &file) < 0);
    snprintf(path, sizeof path, "rm -r %s", root);
    assert_int_equal(system(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_elements), cmocka_unit_test(test_default_store),
        cmocka_unit_test(test_cache),    cmocka_unit_test(test_foreign),
        cmocka_unit_test(test_names),    cmocka_unit_test(test_pointers),
        cmocka_unit_test(test_filling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
