/* tests/kd/test_damage.c: memory may hold anything; the debugger comes back from all of it.
 *
 * Lists that run in circles, trees that bite their tail, page tables full of noise: every command
 * must end, and say something. Also here: Ctrl-C, and the prompt through a pipe.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kd/kd.h"
#include "nt/mm.h"
#include "nt/ps.h"
#include "world.h"

#define ROUNDS 3000
#define TABLES 0x187000u
#define TABLES_SIZE 0x18000u
#define POOL 0x1000000u
#define POOL_SIZE 0x10000u
#define SEED 0x5EED2026u

struct fixture {
    struct world *world;
    struct kd *kd;
    char *text;
    size_t length;
    unsigned interrupt_after; /* pieces of output; 0: never */
};

static void collect(void *owner, const char *text, size_t length)
{
    struct fixture *f = owner;
    f->text = realloc(f->text, f->length + length + 1);
    assert_non_null(f->text);
    memcpy(f->text + f->length, text, length);
    f->length += length;
    f->text[f->length] = '\0';
    if (f->interrupt_after != 0 && --f->interrupt_after == 0) {
        kd_interrupt(f->kd);
    }
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->world = world_create(NTMM_GUEST);
    const struct kd_config config = {.target = &f->world->target, .output = collect, .owner = f};
    assert_int_equal(kd_create(&config, &f->kd), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    kd_destroy(f->kd);
    world_destroy(f->world);
    free(f->text);
    free(f);
    return 0;
}

static const char *run(struct fixture *f, const char *line)
{
    f->length = 0;
    collect(f, "", 0);
    kd_execute(f->kd, line);
    return f->text;
}

static void put(struct fixture *f, uint64_t va, uint64_t value)
{
    world_put(f->world, world_pool(va), value, 8);
}

static unsigned count(const char *text, const char *what)
{
    unsigned n = 0;
    for (const char *at = text; (at = strstr(at, what)) != NULL; at += strlen(what)) {
        n++;
    }
    return n;
}

/* alpha's link leads back to alpha: System, alpha, alpha, ... never the head again. */
static void test_process_list_loop(void **state)
{
    struct fixture *f = *state;
    uint64_t link = WORLD_ALPHA + offsetof(EPROCESS, ActiveProcessLinks);
    put(f, link, link);
    const char *text = run(f, "!process 0 0");
    assert_non_null(strstr(text, "list of processes is damaged"));
    assert_in_range(count(text, "Image: alpha.exe"), 1, 4);
    assert_int_equal(kd_failed(f->kd), 1);
}

static void test_process_list_into_nothing(void **state)
{
    struct fixture *f = *state;
    put(f, WORLD_ALPHA + offsetof(EPROCESS, ActiveProcessLinks), 0xFFFFFA8055550000);
    const char *text = run(f, "!process 0 0");
    assert_non_null(strstr(text, "Image: alpha.exe"));
    assert_null(strstr(text, "Image: beta.exe"));
    assert_non_null(strstr(text, "damaged"));
}

/* A VAD whose child is its parent. */
static void test_vad_loop(void **state)
{
    struct fixture *f = *state;
    put(f, 0xFFFFFA8001004200 + offsetof(MMVAD_SHORT, RightChild), 0xFFFFFA8001004000);
    const char *text = run(f, "!vad");
    assert_non_null(strstr(text, "tree of VADs is damaged"));
    assert_in_range(count(text, "Private"), 1, 200);
}

/* One stray word, half of the time in page tables, half in pool. */
static void put_noise(struct world *world)
{
    bool table = rand() % 2;
    uint64_t base = table ? TABLES : POOL, size = table ? TABLES_SIZE : POOL_SIZE;
    uint64_t value = (uint64_t)rand() << 33 ^ (uint64_t)rand() << 12 ^ (uint64_t)rand();
    world_put(world, base + ((uint64_t)rand() * 8) % size, table ? value % WORLD_RAM : value, 8);
}

static void test_noise(void **state)
{
    struct fixture *f = *state;
    static const char *const commands[] = {"!process 0 7",
                                           "!vad",
                                           "!pte 40000000",
                                           "!vtop 0 26e7b0",
                                           "db 40000000",
                                           "dps fffffa8001001060",
                                           "!thread",
                                           "!pfn 1801",
                                           "!peb 40000000",
                                           "!teb fffffa8001001060",
                                           "r",
                                           "lm",
                                           "k",
                                           "!address",
                                           "!address -summary",
                                           "!address 40000000",
                                           "!vm",
                                           "!memusage",
                                           "!sysptes",
                                           "!poolused 2",
                                           "!pool fffffa8001001060",
                                           "!poolfind *",
                                           "!object \\Device",
                                           "!object fffffa8001001060",
                                           "!dlls",
                                           "!dh nt",
                                           "!ssdt 10",
                                           "!handle",
                                           "!mmcheck",
                                           "!running -t",
                                           "!pcr",
                                           "!prcb",
                                           "!drvobj fffffa8001001060",
                                           "!fileobj fffffa8001001060",
                                           "gu",
                                           "pt",
                                           "u 401000",
                                           "du fffffa8001004c00",
                                           ".process fffffa8001002060",
                                           "s -a 40000000 L10000 \"zz\"",
                                           "dt nt!_EPROCESS fffffa8001001060",
                                           "dpa fffffa8001001060",
                                           "? poi(poi(fffffa80010011e8))",
                                           "t",
                                           "bp 401001",
                                           "g",
                                           "bc *",
                                           "version",
                                           "dS fffffa8001004a58",
                                           "ds fffffa8001004a58 L20",
                                           "dl nt!PsActiveProcessHead 1000",
                                           "dlb fffffa80010011e8 1000",
                                           "!search 6161616161616161 10",
                                           "s -sa 0 L?80000000",
                                           "s -[w1]su 26e000 L4000",
                                           "s -v 0 L?60000000 40000000",
                                           "dg 0 100",
                                           ".fnent nt!memcpy",
                                           "!irql",
                                           "!cpuinfo",
                                           "!token",
                                           "!job",
                                           "!ca fffffa8001004900",
                                           "!ready",
                                           "!stacks",
                                           "!timer",
                                           "!heap -a",
                                           "!heap -s",
                                           "!analyze -v",
                                           "~*kc",
                                           "wt -l 3",
                                           "ba w4 40000000; g; bc *",
                                           "j (poi(40000000)) '!vad' ; 'r'",
                                           ".kill",
                                           ".create x.exe",
                                           ".process 0"};
    uint8_t *tables = world_physical(f->world, TABLES), *pool = world_physical(f->world, POOL);
    uint8_t sound_tables[TABLES_SIZE], sound_pool[POOL_SIZE];
    memcpy(sound_tables, tables, TABLES_SIZE);
    memcpy(sound_pool, pool, POOL_SIZE);
    print_message("seed %#x\n", SEED);
    srand(SEED);
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < 8; i++) {
            put_noise(f->world);
        }
        f->interrupt_after = 5000; /* noise may map terabytes; a person would press Ctrl-C */
        run(f, commands[(unsigned)rand() % (sizeof commands / sizeof commands[0])]);
        f->interrupt_after = 0;
        memcpy(tables, sound_tables, TABLES_SIZE);
        memcpy(pool, sound_pool, POOL_SIZE);
    }
    assert_non_null(strstr(run(f, ".process 0; !process 0 0"), "Image: beta.exe"));
}

/* Lines put together from pieces of scripts: most are wrong, and all of them end. */
static void test_script_noise(void **state)
{
    struct fixture *f = *state;
    static const char *const pieces[] = {".if",
                                         ".elsif",
                                         ".else",
                                         ".for",
                                         ".while",
                                         ".foreach",
                                         ".block",
                                         ".break",
                                         "(",
                                         ")",
                                         "{",
                                         "}",
                                         "\"",
                                         "\\\"",
                                         ";",
                                         "(0)",
                                         "(1)",
                                         "{ }",
                                         "(;0;)",
                                         "{ .echo a; }",
                                         "(x { .echo 1 2 })",
                                         "/pS 1",
                                         "as x y",
                                         "${x}",
                                         "${",
                                         "x",
                                         "al",
                                         "ad *",
                                         "$$",
                                         "*",
                                         "\n",
                                         ".echo",
                                         "? 1 +",
                                         "r $t0=1",
                                         "k",
                                         "sxe -c \"k\" av",
                                         "sxr",
                                         "bp 401000 \".if (0) {\"",
                                         "bl",
                                         "bc *",
                                         ".continue",
                                         ".printf \"%d\", 1"};
    srand(SEED);
    for (unsigned round = 0; round < ROUNDS; round++) {
        char line[512] = "";
        for (unsigned i = (unsigned)rand() % 14 + 1; i > 0; i--) {
            strcat(line, pieces[(unsigned)rand() % (sizeof pieces / sizeof pieces[0])]);
            strcat(line, rand() % 4 ? " " : "");
        }
        f->interrupt_after = 5000;
        run(f, line);
        f->interrupt_after = 0;
    }
    assert_string_equal(run(f, "ad *; al"), "No aliases\n");
    assert_string_equal(run(f, ".if (1) { .echo alive }"), "alive\n");
}

static void test_interrupt(void **state)
{
    struct fixture *f = *state;
    f->interrupt_after = 10;
    const char *text = run(f, "db 40000000 L?100000000; .echo not reached");
    assert_in_range(count(text, "\n"), 5, 20);
    assert_null(strstr(text, "not reached"));
    assert_non_null(strstr(run(f, ".echo reached"), "reached"));
}

/* A host without debug registers: said in a line, and no breakpoint is left behind. */
static void test_no_hardware_breakpoints(void **state)
{
    struct fixture *f = *state;
    f->world->no_watches = true;
    assert_non_null(strstr(run(f, "ba w4 40000000"), "no hardware breakpoints"));
    assert_string_equal(run(f, "bl"), "");
    f->world->no_watches = false;
    assert_string_equal(run(f, "ba w4 40000000; ba w4 40000008; ba r8 40000010; ba e1 401000"), "");
    assert_non_null(strstr(run(f, "ba w1 40000001"), "a processor has 4"));
    assert_int_equal(count(run(f, "bl"), "\n"), 4);
}

static void to_stream(void *owner, const char *text, size_t length)
{
    fwrite(text, 1, length, owner);
}

/* Through a pipe: prompt before each line, nothing echoed, `q` ends it. */
static void test_pipe(void **state)
{
    struct fixture *f = *state;
    char script[] = "? 1\n\n.echo a;.echo b\nq\n.echo never\n";
    char *answer = NULL;
    size_t size = 0;
    FILE *in = fmemopen(script, strlen(script), "r"), *out = open_memstream(&answer, &size);
    assert_non_null(in);
    assert_non_null(out);
    struct kd *kd;
    const struct kd_config config = {
        .target = &f->world->target, .output = to_stream, .owner = out};
    assert_int_equal(kd_create(&config, &kd), 0);
    assert_true(kd_interact(kd, in, out));
    kd_destroy(kd);
    fclose(in);
    fclose(out);
    assert_string_equal(answer, "0: kd> Evaluate expression: 1 = 00000000`00000001\n"
                                "0: kd> 0: kd> a\nb\n0: kd> ");
    free(answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_process_list_loop, setup, teardown),
        cmocka_unit_test_setup_teardown(test_process_list_into_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_vad_loop, setup, teardown),
        cmocka_unit_test_setup_teardown(test_noise, setup, teardown),
        cmocka_unit_test_setup_teardown(test_script_noise, setup, teardown),
        cmocka_unit_test_setup_teardown(test_interrupt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_hardware_breakpoints, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pipe, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
