/* support.c: the fake machine. */
#define _GNU_SOURCE 1

#include "support.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pe/pe.h"

enum { PRESENT = 1, WRITE = 2, USER = 4, LARGE = 0x80 };
enum { PML4 = 0x1000, KERNEL_PDPT = 0x2000, USER_PDPT = 0x3000, USER_PD = 0x4000 };

static struct fake_machine *machine_of(struct kd_target *target)
{
    return (struct fake_machine *)target;
}

static int fake_read(struct kd_target *target, uint64_t pa, void *buffer, size_t size)
{
    if (pa > FAKE_RAM_SIZE || size > FAKE_RAM_SIZE - pa)
        return -EFAULT;
    memcpy(buffer, machine_of(target)->ram + pa, size);
    return 0;
}

static void put_entry(struct fake_machine *m, uint64_t table, unsigned index, uint64_t entry)
{
    memcpy(m->ram + table + 8 * index, &entry, sizeof entry);
}

void fake_setup(struct fake_machine *m)
{
    *m = (struct fake_machine){.ram = calloc(1, FAKE_RAM_SIZE)};
    assert_non_null(m->ram);
    m->ops = (struct kd_target_ops){.name = "fake", .read_physical = fake_read};
    kd_target_complete(&m->ops);
    m->target = (struct kd_target){
        .ops = &m->ops,
        .processor_count = 1,
        .maxphyaddr = 40,
        .directory_base = PML4,
        .kernel_base = FAKE_NT_BASE,
        .physical_size = FAKE_RAM_SIZE,
    };
    put_entry(m, PML4, 0x1f0, KERNEL_PDPT | PRESENT | WRITE);
    put_entry(m, KERNEL_PDPT, 0, 0 | PRESENT | WRITE | LARGE);
    put_entry(m, PML4, 0, USER_PDPT | PRESENT | WRITE | USER);
    put_entry(m, USER_PDPT, 5, USER_PD | PRESENT | WRITE | USER);
    for (unsigned i = 0; i < 4; i++)
        put_entry(m, USER_PD, i, 0x800000u + i * 0x200000u + (PRESENT | WRITE | USER | LARGE));
}

void fake_teardown(struct fake_machine *m)
{
    if (m->kd)
        kd_destroy(m->kd);
    free(m->ram);
    free(m->text);
}

char *read_whole_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    fseek(file, 0, SEEK_END);
    long end = ftell(file);
    rewind(file);
    char *bytes = end >= 0 ? malloc((size_t)end + 1) : NULL;
    size_t got = bytes ? fread(bytes, 1, (size_t)end, file) : 0;
    fclose(file);
    if (bytes)
        bytes[got] = 0;
    if (size)
        *size = got;
    return bytes;
}

void fake_load_image(struct fake_machine *m, const char *path, uint64_t at)
{
    size_t size;
    struct pe_image image;
    struct pe_section range;
    char *bytes = read_whole_file(path, &size);
    assert_non_null(bytes);
    assert_int_equal(pe_open(&image, bytes, size), PE_OK);
    assert_true(at + pe_size_of_image(&image) <= FAKE_RAM_SIZE);
    for (uint32_t i = 0; pe_range(&image, i, &range) == PE_OK; i++)
        assert_int_equal(pe_read(&image, range.rva, m->ram + at + range.rva, range.virtual_size),
                         PE_OK);
    free(bytes);
}

static void collect(void *owner, const char *text, size_t length)
{
    struct fake_machine *m = owner;
    if (m->length + length + 1 > m->room) {
        m->room = 2 * (m->length + length + 1);
        m->text = realloc(m->text, m->room);
        assert_non_null(m->text);
    }
    memcpy(m->text + m->length, text, length);
    m->length += length;
    m->text[m->length] = 0;
}

void fake_start(struct fake_machine *m, const char *symbol_path)
{
    struct kd_config config = {
        .target = &m->target, .output = collect, .owner = m, .symbol_path = symbol_path};
    assert_int_equal(kd_create(&config, &m->kd), 0);
}

const char *fake_run(struct fake_machine *m, const char *line)
{
    m->length = 0;
    collect(m, "", 0);
    kd_execute(m->kd, line);
    return m->text;
}

/* ---- golden files ---- */

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* Length of an address `xxxxxxxx`xxxxxxxx` at `p`, or 0. */
static size_t address_length(const char *p)
{
    for (size_t i = 0; i < 17; i++) {
        if (i == 8 ? p[i] != '`' : !is_hex(p[i]))
            return 0;
    }
    return 17;
}

static void hide_addresses(char *text)
{
    for (char *p = text; *p; p++) {
        size_t length = address_length(p);
        for (size_t i = 0; i < length; i++)
            p[i] = p[i] == '`' ? '`' : 'x';
    }
}

/* The folder of the samples differs from machine to machine. */
static void hide_folder(char *text, const char *folder)
{
    static const char mark[] = "SAMPLES";
    size_t length = strlen(folder);
    for (char *p; (p = strstr(text, folder)) != NULL;) {
        memcpy(p, mark, sizeof mark - 1);
        memmove(p + sizeof mark - 1, p + length, strlen(p + length) + 1);
    }
}

/* What a session prints: each line of the script behind a prompt, then its output. */
static char *run_script(struct fake_machine *m, char *script)
{
    char *result = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&result, &size);
    assert_non_null(out);
    for (char *rest = script, *line; (line = strsep(&rest, "\n")) != NULL;) {
        if (*line)
            fprintf(out, "0: kd> %s\n%s", line, fake_run(m, line));
    }
    fclose(out);
    hide_addresses(result);
    hide_folder(result, SAMPLES);
    return result;
}

void fake_start_sample(struct fake_machine *m)
{
    fake_setup(m);
    fake_load_image(m, SAMPLES "/sample.exe", FAKE_NT_PA);
    fake_start(m, SAMPLES);
}

static void check(struct fake_machine *m, const char *name)
{
    char path[600];
    snprintf(path, sizeof path, GOLDEN "/%s.kd", name);
    char *script = read_whole_file(path, NULL);
    assert_non_null(script);
    char *result = run_script(m, script);
    snprintf(path, sizeof path, GOLDEN "/%s.txt", name);
    if (getenv("GOLDEN_WRITE")) {
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        fputs(result, file);
        fclose(file);
    }
    char *expected = read_whole_file(path, NULL);
    assert_non_null(expected);
    assert_string_equal(result, expected);
    free(expected);
    free(result);
    free(script);
}

void golden(const char *name)
{
    struct fake_machine m;
    fake_start_sample(&m);
    check(&m, name);
    fake_teardown(&m);
}
