/* The PDB reader alone: what it finds in a PDB of lld-link's, compared with llvm-pdbutil, and what
 * it does with damaged ones. */
#define _GNU_SOURCE 1

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kd/pdb.h"
#include "kd/symtab.h"
#include "support.h"

static struct pdb *open_sample(void)
{
    struct pdb *pdb;
    assert_int_equal(pdb_open(SAMPLES "/sample.pdb", &pdb), PDB_OK);
    return pdb;
}

/* ---- identity and symbols ---- */

static void test_identity(void **state)
{
    (void)state;
    struct pdb *pdb = open_sample();
    struct pdb_id id = pdb_id(pdb);
    static const uint8_t zero[16] = {0};
    assert_memory_not_equal(id.guid, zero, sizeof zero);
    assert_true(pdb_matches(pdb, &id));
    id.guid[3] ^= 1;
    assert_false(pdb_matches(pdb, &id));
    id = pdb_id(pdb);
    id.age += 7;
    assert_false(pdb_matches(pdb, &id));
    pdb_close(pdb);
}

static void test_symbols(void **state)
{
    (void)state;
    struct pdb *pdb = open_sample();
    const struct symtab *names = pdb_symbols(pdb);
    const struct pdb_symbol *system = symtab_find(names, "PsSystem");
    assert_non_null(system);
    assert_int_equal(system->kind, PDB_DATA);
    assert_int_not_equal(system->type, 0);
    assert_ptr_equal(symtab_find(names, "pssystem"), system);
    const struct pdb_symbol *statics = symtab_find(names, "hidden_static");
    assert_non_null(statics);
    assert_int_not_equal(statics->type, 0);
    const struct pdb_symbol *function = symtab_find(names, "UseStatic");
    assert_non_null(function);
    assert_int_equal(function->kind, PDB_FUNCTION);
    assert_true(function->size > 0 && function->size < 64);
    const struct pdb_symbol *assembler = symtab_find(names, "KiSampleRoutine");
    assert_non_null(assembler);
    assert_int_equal(assembler->kind, PDB_PUBLIC_FUNCTION);
    assert_string_equal(symtab_at(names, assembler->rva + 5)->name, "KiSampleRoutine");
    assert_null(symtab_find(names, "NoSuchName"));
    assert_null(symtab_at(names, 0));
    pdb_close(pdb);
}

static void test_symbol_order(void **state)
{
    (void)state;
    struct pdb *pdb = open_sample();
    const struct symtab *names = pdb_symbols(pdb);
    for (size_t i = 1; i < names->count; i++)
        assert_true(names->list[i - 1].rva <= names->list[i].rva);
    for (size_t i = 1; i < names->count; i++)
        assert_true(symtab_name_compare(names->list[names->by_name[i - 1]].name,
                                        names->list[names->by_name[i]].name) <= 0);
    for (size_t i = 0; i < names->count; i++) {
        const struct pdb_symbol *found = symtab_find(names, names->list[i].name);
        assert_non_null(found);
        assert_string_equal(found->name, names->list[i].name);
    }
    pdb_close(pdb);
}

static void test_lines(void **state)
{
    (void)state;
    struct pdb *pdb = open_sample();
    struct pdb_line line;
    const struct pdb_symbol *function = symtab_find(pdb_symbols(pdb), "UseStatic");
    assert_true(pdb_line_at(pdb, function->rva, &line));
    assert_non_null(strstr(line.file, "sample.c"));
    assert_int_equal(line.rva, function->rva);
    assert_true(line.line > 100 && line.line < 140);
    assert_false(pdb_line_at(pdb, 0, &line));
    assert_false(pdb_line_at(pdb, 0x7fffffff, &line));
    pdb_close(pdb);
}

/* ---- types ---- */

static const struct pdb_member *member(struct pdb *pdb, const char *type, const char *name)
{
    size_t count;
    const struct pdb_member *m = pdb_type_members(pdb, pdb_type_find(pdb, type), &count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(m[i].name, name) == 0)
            return &m[i];
    }
    fail_msg("%s has no member %s", type, name);
    return NULL;
}

static struct pdb_type type_of(struct pdb *pdb, const char *type, const char *name)
{
    struct pdb_type result;
    assert_true(pdb_type_get(pdb, member(pdb, type, name)->type, &result));
    return result;
}

static void test_types(void **state)
{
    (void)state;
    struct pdb *pdb = open_sample();
    struct pdb_type t;
    uint32_t process = pdb_type_find(pdb, "_EPROCESS");
    assert_int_not_equal(process, 0);
    assert_int_equal(pdb_type_find(pdb, "EPROCESS"), process);
    assert_int_equal(pdb_type_find(pdb, "_eprocess"), process);
    assert_int_equal(pdb_type_find(pdb, "_NOTHING"), 0);

    t = type_of(pdb, "_EPROCESS", "Pcb");
    assert_int_equal(t.kind, PDB_TYPE_STRUCT);
    assert_int_equal(t.size, 0x20);
    t = type_of(pdb, "_EPROCESS", "ImageFileName");
    assert_int_equal(t.kind, PDB_TYPE_ARRAY);
    assert_int_equal(t.count, 15);
    t = type_of(pdb, "_EPROCESS", "Table");
    assert_int_equal(t.count, 2);
    assert_int_equal(t.size, 24);
    t = type_of(pdb, "_EPROCESS", "Parent");
    assert_int_equal(t.kind, PDB_TYPE_POINTER);
    assert_true(pdb_type_get(pdb, t.target, &t)); /* a forward reference in the record */
    assert_int_equal(t.index, process);
    t = type_of(pdb, "_BITS", "Frame");
    assert_int_equal(t.kind, PDB_TYPE_BITFIELD);
    assert_int_equal(t.bit_position, 12);
    assert_int_equal(t.bit_count, 36);
    t = type_of(pdb, "_EPROCESS", "Colour");
    assert_int_equal(t.kind, PDB_TYPE_ENUM);
    assert_int_equal(t.size, 4);
    assert_int_equal(member(pdb, "_COLOUR", "ColourNone")->value, -5);
    pdb_close(pdb);
}

/* ---- against llvm-pdbutil ---- */

struct lookup {
    struct pdb *pdb;
    char *dump;
    size_t checked;
};

/* The dump has "name, size 16, ..." hidden in lines such as
 *     0x1003 | LF_STRUCTURE [size = 52] `_LIST_ENTRY`
 * followed by "options: ..., sizeof 16"; each definition must be there with its size. */
static bool check_type(void *context, const struct pdb_type *type)
{
    struct lookup *l = context;
    char quoted[300], size[64];
    bool found = false;
    snprintf(quoted, sizeof quoted, "`%s`", type->name);
    snprintf(size, sizeof size, "sizeof %llu", (unsigned long long)type->size);
    for (char *p = l->dump; !found && (p = strstr(p, quoted)) != NULL; p++) {
        char *next = strstr(p, " | LF_");
        size_t length = next ? (size_t)(next - p) : strlen(p);
        char *record = strndup(p, length);
        found =
            !strstr(record, "forward ref") && (type->kind == PDB_TYPE_ENUM || strstr(record, size));
        free(record);
    }
    if (!found)
        fail_msg("llvm-pdbutil does not know %s of %llu bytes", type->name,
                 (unsigned long long)type->size);
    l->checked++;
    return true;
}

static char *run_pdbutil(const char *options, const char *path)
{
    char command[1200];
    char *text = NULL;
    size_t size = 0;
    snprintf(command, sizeof command, "'%s' dump %s '%s'", PDBUTIL, options, path);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    FILE *copy = open_memstream(&text, &size);
    assert_non_null(copy);
    for (int c; (c = fgetc(pipe)) != EOF;)
        fputc(c, copy);
    fclose(copy);
    assert_int_equal(pclose(pipe), 0);
    return text;
}

/* Each "S_PUB32 [size = n] `name`" must be found; returns how many there are. */
static size_t check_publics(struct pdb *pdb, char *dump)
{
    size_t count = 0;
    for (char *p = dump; (p = strstr(p, "S_PUB32")) != NULL; p++) {
        char *start = strchr(p, '`');
        char *end = start ? strchr(start + 1, '`') : NULL;
        assert_non_null(end);
        char *name = strndup(start + 1, (size_t)(end - start - 1));
        if (!symtab_find(pdb_symbols(pdb), name))
            fail_msg("symbol %s is missing", name);
        free(name);
        count++;
    }
    return count;
}

static void compare_with_pdbutil(const char *path)
{
    struct lookup l = {.checked = 0};
    assert_int_equal(pdb_open(path, &l.pdb), PDB_OK);
    l.dump = run_pdbutil("-types", path);
    pdb_types_each(l.pdb, check_type, &l);
    assert_true(l.checked >= 5);
    free(l.dump);
    l.dump = run_pdbutil("-publics", path);
    assert_true(check_publics(l.pdb, l.dump) >= 5);
    free(l.dump);
    pdb_close(l.pdb);
}

static void test_against_pdbutil(void **state)
{
    (void)state;
    compare_with_pdbutil(SAMPLES "/sample.pdb");
}

/* The kernel's PDB, where the guest modules are built together with the tests. */
static void test_kernel_against_pdbutil(void **state)
{
    (void)state;
    struct pdb *pdb;
    if (pdb_open(GUEST "/ntkrnlmp.pdb", &pdb) != PDB_OK)
        skip();
    pdb_close(pdb);
    compare_with_pdbutil(GUEST "/ntkrnlmp.pdb");
}

/* ---- damage ---- */

static bool touch_type(void *context, const struct pdb_type *type)
{
    struct pdb *pdb = context;
    size_t count;
    const struct pdb_member *m = pdb_type_members(pdb, type->index, &count);
    for (size_t i = 0; i < count; i++) {
        struct pdb_type t;
        assert_non_null(m[i].name);
        pdb_type_get(pdb, m[i].type, &t);
    }
    return true;
}

/* Ask everything that there is to ask. */
static void use(const uint8_t *bytes, size_t size)
{
    struct pdb *pdb;
    struct pdb_line line;
    if (pdb_open_memory(bytes, size, &pdb) != PDB_OK) {
        assert_null(pdb);
        return;
    }
    const struct symtab *names = pdb_symbols(pdb);
    for (size_t i = 0; i < names->count; i++)
        assert_non_null(symtab_find(names, names->list[i].name));
    pdb_types_each(pdb, touch_type, pdb);
    pdb_type_find(pdb, "EPROCESS");
    pdb_line_at(pdb, 0x1000, &line);
    pdb_close(pdb);
}

static void test_truncated(void **state)
{
    (void)state;
    size_t size;
    uint8_t *bytes = (uint8_t *)read_whole_file(SAMPLES "/sample.pdb", &size);
    assert_non_null(bytes);
    for (size_t length = 0; length < size; length += length < 128 ? 1 : 509) {
        uint8_t *exact = malloc(length + 1); /* so that the sanitizer sees the end */
        memcpy(exact, bytes, length);
        use(exact, length);
        free(exact);
    }
    free(bytes);
}

/* Change a few bytes, thousands of times. */
static void test_random_damage(void **state)
{
    (void)state;
    size_t size;
    uint8_t *bytes = (uint8_t *)read_whole_file(SAMPLES "/sample.pdb", &size);
    uint8_t *damaged = malloc(size);
    uint64_t random = 20101120;
    assert_non_null(bytes);
    for (unsigned round = 0; round < 600; round++) {
        memcpy(damaged, bytes, size);
        for (unsigned i = 0; i < 1 + round % 40; i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            damaged[(random >> 20) % size] = (uint8_t)(random >> 56);
        }
        use(damaged, size);
    }
    free(damaged);
    free(bytes);
}

static void test_not_a_pdb(void **state)
{
    (void)state;
    struct pdb *pdb;
    assert_int_equal(pdb_open("/no/such/file.pdb", &pdb), PDB_NOT_FOUND);
    assert_int_equal(pdb_open("/", &pdb), PDB_NOT_FOUND);
    assert_int_equal(pdb_open(SAMPLES "/sample.exe", &pdb), PDB_CORRUPT);
    assert_int_equal(pdb_open_memory("", 0, &pdb), PDB_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_symbols),
        cmocka_unit_test(test_symbol_order),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_against_pdbutil),
        cmocka_unit_test(test_kernel_against_pdbutil),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_random_damage),
        cmocka_unit_test(test_not_a_pdb),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
