/* tests/machine/test_images.c: damaged programs.
 *
 * A program of mingw's is cut short or has fields of its headers replaced, from a fixed seed, and
 * goes the whole way of ntmm_process_create: reading, mapping, PEB, undoing all of it. Without an
 * engine every one of them must end with a status and one line, and leave every count as it was.
 * With an engine those that can still be mapped also run for a moment. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MUTANTS = SANITIZED ? 1500 : 4000, HEADER_BYTES = 0x600, SEED = 20140731 };

struct image {
    unsigned char *bytes;
    size_t size;
};

static struct image load(const char *path)
{
    struct image image = {0};
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    image.size = (size_t)ftell(file);
    rewind(file);
    image.bytes = malloc(image.size);
    assert_non_null(image.bytes);
    assert_int_equal(fread(image.bytes, 1, image.size, file), image.size);
    fclose(file);
    return image;
}

static void store(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* A value that finds missing checks more often than chance does. */
static uint32_t nasty_value(uint64_t *random)
{
    static const uint32_t values[] = {0,          1,          0xFFFFFFFF, 0x7FFFFFFF, 0x80000000,
                                      0xFFFFF000, 0x00001000, 0x00000FFF, 0x00010000, 0xFFFF,
                                      0x10000000, 0xFFFFFFFE, 0x00000200, 0x40000000};
    uint32_t choice = random_below(random, sizeof values / sizeof *values + 2);
    return choice < sizeof values / sizeof *values ? values[choice]
                                                   : random_below(random, UINT32_MAX);
}

/* => bytes of the mutant that count */
static size_t mutate(const struct image *image, unsigned char *out, uint64_t *random)
{
    size_t size = image->size;
    memcpy(out, image->bytes, size);
    if (random_below(random, 8) == 0) {
        size = random_below(random, random_below(random, 2) ? HEADER_BYTES : (uint32_t)image->size);
    }
    for (unsigned changes = 1 + random_below(random, 4); changes; changes--) {
        size_t at = random_below(random, HEADER_BYTES) / 2 * 2;
        uint32_t value = nasty_value(random);
        memcpy(out + at, &value, random_below(random, 2) ? 4 : 2);
    }
    return size;
}

/* A folder of the test's own, and a file in it. */
struct place {
    char folder[64], path[80];
};

static void place_create(struct place *place)
{
    strcpy(place->folder, "/tmp/ntmm-test-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    snprintf(place->path, sizeof place->path, "%s/x.exe", place->folder);
}

static void place_remove(const struct place *place)
{
    unlink(place->path);
    assert_int_equal(rmdir(place->folder), 0);
}

static ntmm_status try(ntmm_machine *machine, const char *path, ntmm_process **process)
{
    char error[300] = "";
    const ntmm_program program = {.path = path};
    *process = NULL;
    ntmm_status status = ntmm_process_create(machine, &program, process, error, sizeof error);
    assert_int_equal(status < 0, *process == NULL);
    if (status < 0) {
        assert_non_null(strstr(error, path));
        assert_null(strchr(error, '\n'));
    }
    return status;
}

static void mutants_without_engine(void **state)
{
    struct place place;
    struct image image = load(PROGRAM("counter"));
    unsigned char *mutant = malloc(image.size);
    uint64_t random = SEED;
    unsigned mapped = 0;
    ntmm_process *process;
    (void)state;
    assert_non_null(mutant);
    place_create(&place);
    ntmm_machine *machine = machine_create_idle(64 * MB);
    store(place.path, image.bytes, image.size);
    assert_status(STATUS_NOT_SUPPORTED,
                  try(machine, place.path, &process)); /* sound, but no engine */
    ntmm_statistics before = settled(machine);
    for (unsigned i = 0; i < MUTANTS; i++) {
        store(place.path, mutant, mutate(&image, mutant, &random));
        ntmm_status status = try(machine, place.path, &process);
        assert_true(status < 0);
        mapped += status == STATUS_NOT_SUPPORTED;
        if (i % 500 == 0) {
            assert_int_equal(ntmm_check(machine), 0);
        }
    }
    ntmm_statistics after = settled(machine);
    assert_same_counts(&before, &after);
    assert_in_range(mapped, MUTANTS / 50, MUTANTS - MUTANTS / 50); /* both kinds were met */
    machine_destroy(machine);
    place_remove(&place);
    free(mutant);
    free(image.bytes);
}

/* Every length a file can be cut to: the headers byte by byte, the rest in steps. */
static void cut_short(void **state)
{
    struct place place;
    struct image image = load(PROGRAM("tiny"));
    ntmm_process *process;
    (void)state;
    place_create(&place);
    ntmm_machine *machine = machine_create_idle(64 * MB);
    store(place.path, image.bytes, image.size);
    assert_status(STATUS_NOT_SUPPORTED, try(machine, place.path, &process));
    ntmm_statistics before = settled(machine);
    for (size_t size = 0; size < image.size; size += size < HEADER_BYTES ? 3 : 211) {
        store(place.path, image.bytes, size);
        assert_true(try(machine, place.path, &process) < 0);
    }
    ntmm_statistics after = settled(machine);
    assert_same_counts(&before, &after);
    machine_destroy(machine);
    place_remove(&place);
    free(image.bytes);
}

static void mutants_run(void **state)
{
    enum { RUNS = SANITIZED ? 60 : 300 };
    struct place place;
    struct image image = load(PROGRAM("tiny"));
    unsigned char *mutant = malloc(image.size);
    uint64_t random = SEED;
    struct log_lines lines; /* what they die of is told, and of no interest here */
    (void)state;
    assert_non_null(mutant);
    place_create(&place);
    ntmm_machine *machine = machine_create(2, 128 * MB, 0, &lines);
    for (unsigned i = 0; i < RUNS; i++) {
        ntmm_process *process;
        store(place.path, mutant, mutate(&image, mutant, &random));
        if (try(machine, place.path, &process) < 0) {
            continue;
        }
        assert_ok(ntmm_process_start(process));
        usleep(2000);
        ntmm_status status = ntmm_process_terminate(process, 1);
        assert_true(status >= 0 || status == STATUS_PROCESS_IS_TERMINATING);
        (void)finish(process);
    }
    assert_int_equal(finish(start(machine, PROGRAM("tiny"), NULL)), 42);
    machine_destroy(machine);
    place_remove(&place);
    free(mutant);
    free(image.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mutants_without_engine),
        cmocka_unit_test(cut_short),
        cmocka_unit_test(mutants_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
