/* Modules, where their symbols come from, and types by path: over images in a fake machine's
 * memory. */
#define _GNU_SOURCE 1

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "kd/symbols.h"
#include "kd/types.h"
#include "support.h"

#define USER_PA 0x800000u

/* Virtual memory without a debugger: the two stretches that the fake machine maps. */
static size_t read_virtual(void *context, uint64_t address, void *buffer, size_t size)
{
    struct fake_machine *m = context;
    uint64_t pa = address >= FAKE_NT_BASE ? address - FAKE_NT_BASE + 0x200000
                                          : address - FAKE_USER_BASE + USER_PA;
    if (pa >= FAKE_RAM_SIZE || (address < FAKE_NT_BASE && address < FAKE_USER_BASE))
        return 0;
    size_t most = FAKE_RAM_SIZE - pa;
    memcpy(buffer, m->ram + pa, size < most ? size : most);
    return size < most ? size : most;
}

static struct kd_symbols *create(struct fake_machine *m, const char *path)
{
    const struct kd_memory memory = {.read = read_virtual, .context = m};
    fake_setup(m);
    fake_load_image(m, SAMPLES "/sample.exe", FAKE_NT_PA);
    fake_load_image(m, SAMPLES "/program.exe", USER_PA);
    struct kd_symbols *symbols = kd_symbols_create(&memory, path);
    assert_non_null(symbols);
    return symbols;
}

static void destroy(struct fake_machine *m, struct kd_symbols *symbols)
{
    kd_symbols_destroy(symbols);
    fake_teardown(m);
}

static void test_pdb_symbols(void **state)
{
    (void)state;
    struct fake_machine m;
    struct kd_symbols *s = create(&m, "/nowhere;" SAMPLES);
    kd_modules_load_kernel(s, FAKE_NT_BASE);
    const struct kd_module *nt = kd_module_find(s, "NT");
    assert_non_null(nt);
    assert_string_equal(nt->name, "nt");
    assert_string_equal(nt->pdb_name, "sample.pdb");
    assert_ptr_equal(kd_module_at(s, FAKE_NT_BASE + 5), nt);
    assert_null(kd_module_at(s, FAKE_NT_BASE - 1));
    assert_null(kd_module_at(s, nt->base + nt->size));
    assert_int_equal(kd_module_load(s, nt), KD_SYMBOLS_PDB);
    assert_string_equal(nt->symbol_file, SAMPLES "/sample.pdb");

    uint64_t address;
    char name[100];
    assert_true(kd_symbol_address(s, "nt!MmCounter", &address));
    uint32_t counter;
    assert_true(kd_symbols_read(s, address, &counter, sizeof counter));
    assert_int_equal(counter, 0x1234);
    assert_true(kd_symbol_address(s, "KiCallRoutine", &address));
    assert_true(kd_symbol_name(s, address, name, sizeof name));
    assert_string_equal(name, "nt!KiCallRoutine");
    assert_true(kd_symbol_name(s, address + 0x12, name, sizeof name));
    assert_string_equal(name, "nt!KiCallRoutine+0x12");
    assert_false(kd_symbol_name(s, 0x1000, name, sizeof name));
    assert_string_equal(name, "");
    assert_false(kd_symbol_address(s, "nt!Nothing", &address));
    assert_false(kd_symbol_address(s, "other!MmCounter", &address));
    destroy(&m, s);
}

static void test_exports_without_pdb(void **state)
{
    (void)state;
    struct fake_machine m;
    struct kd_symbols *s = create(&m, NULL);
    kd_modules_load_kernel(s, FAKE_NT_BASE);
    const struct kd_module *nt = kd_module_find(s, "nt");
    assert_int_equal(nt->source, KD_SYMBOLS_EXPORT);
    uint64_t address;
    assert_true(kd_symbol_address(s, "nt!KiTailRoutine", &address));
    assert_false(kd_symbol_address(s, "nt!MmCounter", &address));
    assert_int_equal(kd_type_size(s, "nt", "_EPROCESS"), 0);
    kd_symbols_set_path(s, SAMPLES, true);
    assert_true(kd_symbol_address(s, "nt!MmCounter", &address));
    assert_int_equal(nt->source, KD_SYMBOLS_PDB);
    assert_int_not_equal(kd_type_size(s, "nt", "_EPROCESS"), 0);
    destroy(&m, s);
}

static void test_coff_symbols(void **state)
{
    (void)state;
    struct fake_machine m;
    struct kd_symbols *s = create(&m, SAMPLES);
    const struct kd_module *program =
        kd_module_add(s, FAKE_USER_BASE, "C:\\work\\Program.EXE", false);
    assert_non_null(program);
    assert_string_equal(program->name, "Program");
    uint64_t address;
    uint32_t value;
    assert_true(kd_symbol_address(s, "program!answer_of_program", &address));
    assert_true(kd_symbols_read(s, address, &value, sizeof value));
    assert_int_equal(value, 42);
    assert_int_equal(program->source, KD_SYMBOLS_COFF);
    struct kd_symbol symbol;
    uint64_t offset;
    assert_true(kd_symbol_find(s, "Program!ask_program", &symbol));
    assert_true(symbol.function);
    assert_true(kd_symbol_at(s, symbol.address + 1, &symbol, &offset));
    assert_string_equal(symbol.name, "ask_program");
    assert_int_equal(offset, 1);
    destroy(&m, s);
}

/* A PDB with the right name and the wrong GUID must not be used. */
static void test_wrong_pdb(void **state)
{
    (void)state;
    struct fake_machine m;
    struct kd_symbols *s = create(&m, SAMPLES);
    uint8_t *at = m.ram + 0x200000;
    uint8_t *end = m.ram + 0x200000 + 0x100000;
    while (at < end && memcmp(at, "RSDS", 4) != 0)
        at++;
    assert_true(at < end);
    at[4] ^= 0xff;
    kd_modules_load_kernel(s, FAKE_NT_BASE);
    assert_int_not_equal(kd_module_load(s, kd_module_find(s, "nt")), KD_SYMBOLS_PDB);
    destroy(&m, s);
}

static void copy_file(const char *from, const char *to)
{
    size_t size;
    char *bytes = read_whole_file(from, &size);
    FILE *file = fopen(to, "wb");
    assert_non_null(bytes);
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
    free(bytes);
}

/* STORE/sample.pdb/GUIDAGE/sample.pdb, found through `srv*STORE*URL`. */
static void test_symbol_store(void **state)
{
    (void)state;
    static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    char store[] = "/tmp/ntmm-store-XXXXXX", folder[300], path[400], search[300], key[40];
    struct pdb *pdb;
    assert_non_null(mkdtemp(store));
    assert_int_equal(pdb_open(SAMPLES "/sample.pdb", &pdb), PDB_OK);
    struct pdb_id id = pdb_id(pdb);
    pdb_close(pdb);
    for (size_t i = 0; i < 16; i++)
        snprintf(key + 2 * i, 3, "%02X", id.guid[order[i]]);
    snprintf(folder, sizeof folder, "%s/sample.pdb", store);
    assert_int_equal(mkdir(folder, 0700), 0);
    snprintf(folder, sizeof folder, "%s/sample.pdb/%s%X", store, key, id.age);
    assert_int_equal(mkdir(folder, 0700), 0);
    snprintf(path, sizeof path, "%s/sample.pdb", folder);
    copy_file(SAMPLES "/sample.pdb", path);

    struct fake_machine m;
    snprintf(search, sizeof search, "srv*%s*https://symbols.example/", store);
    struct kd_symbols *s = create(&m, search);
    kd_modules_load_kernel(s, FAKE_NT_BASE);
    const struct kd_module *nt = kd_module_find(s, "nt");
    assert_int_equal(kd_module_load(s, nt), KD_SYMBOLS_PDB);
    assert_string_equal(nt->symbol_file, path);
    destroy(&m, s);

    unlink(path);
    rmdir(folder);
    snprintf(folder, sizeof folder, "%s/sample.pdb", store);
    rmdir(folder);
    rmdir(store);
}

static void test_module_list(void **state)
{
    (void)state;
    struct fake_machine m;
    struct kd_symbols *s = create(&m, SAMPLES);
    kd_modules_load_kernel(s, FAKE_NT_BASE);
    assert_non_null(kd_module_add(s, FAKE_USER_BASE, "my-program.x.exe", false));
    assert_int_equal(kd_module_count(s), 2);
    assert_string_equal(kd_module_get(s, 0)->name, "my_program_x");
    assert_ptr_equal(kd_module_add(s, FAKE_USER_BASE, "my-program.x.exe", false),
                     kd_module_get(s, 0));
    assert_int_equal(kd_module_count(s), 2);
    assert_null(kd_module_add(s, FAKE_USER_BASE + 0x300000, NULL, false));
    kd_modules_load_kernel(s, FAKE_NT_BASE); /* user modules stay */
    assert_int_equal(kd_module_count(s), 2);
    kd_modules_load_user(s, 0);
    assert_int_equal(kd_module_count(s), 1);
    kd_modules_clear(s);
    assert_int_equal(kd_module_count(s), 0);
    assert_null(kd_module_get(s, 0));
    destroy(&m, s);
}

/* ---- the loader's list of a process, written field by field ---- */

#define PEB_VA (FAKE_USER_BASE + 0x200000)
#define LDR_VA (PEB_VA + 0x100)
#define PARAMETERS_VA (PEB_VA + 0x200)
#define ENTRY_VA(i) (PEB_VA + 0x1000 + 0x100 * (uint64_t)(i))
#define TEXT_VA(i) (PEB_VA + 0x3000 + 0x100 * (uint64_t)(i))

struct process {
    struct fake_machine *m;
    struct kd_symbols *s;
};

static void put(struct process *p, uint64_t va, const void *bytes, size_t size)
{
    memcpy(p->m->ram + USER_PA + (va - FAKE_USER_BASE), bytes, size);
}

static void put_field(struct process *p, const char *type, uint64_t va, const char *path,
                      uint64_t value)
{
    uint64_t offset, size;
    assert_true(kd_type_field(p->s, "nt", type, path, &offset, &size));
    assert_true(size <= sizeof value);
    put(p, va + offset, &value, size);
}

static void put_text(struct process *p, const char *type, uint64_t va, const char *path, unsigned i,
                     const char *text)
{
    char field[80];
    uint16_t wide[64];
    size_t length = strlen(text);
    for (size_t k = 0; k < length; k++)
        wide[k] = (unsigned char)text[k];
    put(p, TEXT_VA(i), wide, 2 * length);
    snprintf(field, sizeof field, "%s.Length", path);
    put_field(p, type, va, field, 2 * length);
    snprintf(field, sizeof field, "%s.Buffer", path);
    put_field(p, type, va, field, TEXT_VA(i));
}

static void put_entry(struct process *p, unsigned i, uint64_t next, uint64_t base, uint64_t size,
                      const char *path)
{
    static const char type[] = "_LDR_DATA_TABLE_ENTRY";
    put_field(p, type, ENTRY_VA(i), "InLoadOrderLinks.Flink", next);
    put_field(p, type, ENTRY_VA(i), "DllBase", base);
    put_field(p, type, ENTRY_VA(i), "SizeOfImage", size);
    put_text(p, type, ENTRY_VA(i), "FullDllName", i, path);
}

static void put_peb(struct process *p, uint64_t ldr)
{
    put_field(p, "_PEB", PEB_VA, "ImageBaseAddress", FAKE_USER_BASE);
    put_field(p, "_PEB", PEB_VA, "Ldr", ldr);
    put_field(p, "_PEB", PEB_VA, "ProcessParameters", PARAMETERS_VA);
    put_text(p, "_RTL_USER_PROCESS_PARAMETERS", PARAMETERS_VA, "ImagePathName", 30,
             "C:\\work\\first.exe");
}

static void test_user_modules(void **state)
{
    (void)state;
    struct fake_machine m;
    struct process p = {.m = &m, .s = create(&m, SAMPLES)};
    kd_modules_load_kernel(p.s, FAKE_NT_BASE);

    put_peb(&p, 0); /* the loader has not run */
    kd_modules_load_user(p.s, PEB_VA);
    assert_int_equal(kd_module_count(p.s), 2);
    assert_string_equal(kd_module_get(p.s, 0)->name, "first");

    put_peb(&p, LDR_VA);
    uint64_t head, offset;
    assert_true(kd_type_field(p.s, "nt", "_PEB_LDR_DATA", "InLoadOrderModuleList", &offset, NULL));
    head = LDR_VA + offset;
    put_field(&p, "_PEB_LDR_DATA", LDR_VA, "InLoadOrderModuleList.Flink", ENTRY_VA(0));
    put_entry(&p, 0, ENTRY_VA(1), FAKE_USER_BASE, 0x1000, "C:\\work\\first.exe");
    put_entry(&p, 1, head, 0x77880000, 0x20000, "C:\\Windows\\System32\\ntdll.dll");
    const struct kd_module *first = kd_module_get(p.s, 0);
    kd_modules_load_user(p.s, PEB_VA);
    assert_int_equal(kd_module_count(p.s), 3);
    const struct kd_module *ntdll = kd_module_find(p.s, "ntdll"); /* headers are not in memory */
    assert_non_null(ntdll);
    assert_int_equal(ntdll->size, 0x20000);
    assert_false(ntdll->kernel);
    assert_ptr_equal(kd_module_find(p.s, "first"), first); /* stayed, with its symbols */

    put_entry(&p, 1, ENTRY_VA(1), 0x77880000, 0x20000, "ntdll.dll"); /* a list without end */
    kd_modules_load_user(p.s, PEB_VA);
    assert_int_equal(kd_module_count(p.s), 3);
    put_entry(&p, 1, 0xdead0000, FAKE_NT_BASE, 0x20000, "liar.sys"); /* not a user's address */
    kd_modules_load_user(p.s, PEB_VA);
    assert_int_equal(kd_module_count(p.s), 2);
    kd_modules_load_user(p.s, 0x1234);
    assert_int_equal(kd_module_count(p.s), 1);
    destroy(&m, p.s);
}

static void test_fields(void **state)
{
    (void)state;
    struct fake_machine m;
    struct kd_symbols *s = create(&m, SAMPLES);
    struct kd_field field;
    uint64_t offset, size, value, system;
    kd_modules_load_kernel(s, FAKE_NT_BASE);
    for (unsigned again = 0; again < 2; again++) { /* found, then cached */
        assert_true(kd_type_field(s, "nt", "_EPROCESS", "CreateTime", &offset, &size));
        assert_int_equal(offset, 0x20);
        assert_int_equal(size, 8);
        assert_true(kd_type_field(s, "nt", "_EPROCESS", "Pcb.DirectoryTableBase", &offset, &size));
        assert_int_equal(offset, 0x10);
        assert_false(kd_type_field(s, "nt", "_EPROCESS", "Nothing", &offset, &size));
        assert_false(kd_type_field(s, "nt", "_EPROCESS", "Parent.Pcb", &offset, &size));
    }
    assert_true(kd_symbol_address(s, "nt!PsSystem", &system));
    assert_true(kd_read_field(s, "_EPROCESS", system, "Table[1][2]", &value));
    assert_int_equal(value, 12);
    assert_false(kd_read_field(s, "_EPROCESS", system, "Table[2][0]", &value));
    assert_true(kd_read_field(s, "nt!_EPROCESS", system, "Pair[1].A", &value));
    assert_int_equal(value, 3);
    assert_true(kd_read_field(s, "_EPROCESS", system, "Bits.Frame", &value));
    assert_int_equal(value, 0x12345);
    assert_true(kd_type_field_get(s, "nt", "_EPROCESS", "Bits.Protection", &field));
    assert_int_equal(field.bit_position, 1);
    assert_int_equal(field.bit_count, 5);
    assert_true(kd_read_field(s, "_EPROCESS", system, "Inside", &value)); /* of an unnamed union */
    assert_int_equal(value, 0x64636261);
    assert_false(kd_read_field(s, "_EPROCESS", 0x1000, "Inside", &value));
    assert_int_equal(value, 0);
    destroy(&m, s);
}

static void test_names_and_globals(void **state)
{
    (void)state;
    struct fake_machine m;
    struct kd_symbols *s = create(&m, SAMPLES);
    int64_t number;
    uint64_t value, offset, system;
    char text[64];
    kd_modules_load_kernel(s, FAKE_NT_BASE);
    assert_string_equal(kd_enum_name(s, "nt", "_COLOUR", 2), "ColourGreen");
    assert_string_equal(kd_enum_name(s, "nt", "_COLOUR", -5), "ColourNone");
    assert_null(kd_enum_name(s, "nt", "_COLOUR", 3));
    assert_true(kd_enum_value(s, "nt", "_COLOUR", "ColourNone", &number));
    assert_int_equal(number, -5);
    assert_true(kd_read_global(s, "nt!MmCounter", 4, &value));
    assert_int_equal(value, 0x1234);
    assert_true(kd_symbol_address(s, "nt!PsSystem", &system));
    assert_true(kd_type_field(s, "nt", "_EPROCESS", "Name", &offset, NULL));
    assert_true(kd_read_unicode_string(s, system + offset, text, sizeof text));
    assert_string_equal(text, "System");
    assert_true(kd_read_unicode_string(s, system + offset, text, 4));
    assert_string_equal(text, "Sys");
    assert_false(kd_read_unicode_string(s, 0x1000, text, sizeof text));
    destroy(&m, s);
}

static void test_text(void **state)
{
    (void)state;
    static const uint16_t units[] = {'a', 0x1b, 0xe9, 0x4e2d, 0xd83d, 0xde00, 0xd800, 'z', 0, 'x'};
    char text[32];
    kd_utf16_text(units, 10, text, sizeof text);
    assert_string_equal(text, "a.\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80.z");
    kd_utf16_text(units, 10, text, 5); /* no half characters */
    assert_string_equal(text, "a.\xc3\xa9");
    assert_true(kd_wildcard_match("Mm*List", "mmFreePageLIST"));
    assert_true(kd_wildcard_match("*", ""));
    assert_true(kd_wildcard_match("?x*", "axe"));
    assert_false(kd_wildcard_match("Mm*List", "MmFreePageListHead"));
    assert_false(kd_wildcard_match("?", ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pdb_symbols),  cmocka_unit_test(test_exports_without_pdb),
        cmocka_unit_test(test_coff_symbols), cmocka_unit_test(test_wrong_pdb),
        cmocka_unit_test(test_symbol_store), cmocka_unit_test(test_module_list),
        cmocka_unit_test(test_fields),       cmocka_unit_test(test_names_and_globals),
        cmocka_unit_test(test_text),         cmocka_unit_test(test_user_modules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
