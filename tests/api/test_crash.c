/* tests/api/test_crash.c: page tables that somebody has broken end the machine with a bugcheck: a
 * report on standard error, and exit code NTMM_EXIT_BUG_CHECK. Each case runs in a process of its
 * own, since that is what ends.
 */
#include "support.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define BASE 0x40000000ull
#define RAM (32 * MB)
#define VALID 1ull
#define FRAME_MASK 0xFFFFFFFFF000ull
#define PTE_OF_BASE "0xFFFFF68000200000"

/* One page of a process, and the only valid entry of its page table that leads to it. */
struct victim {
    ntmm_machine *machine;
    ntmm_process *process;
    uint64_t *pte;
};

static struct victim make_victim(void)
{
    struct victim v = {.machine = machine_create(RAM, 0)};
    uint64_t physical, size;
    v.process = process_create(v.machine);
    assert_ok(allocate(v.process, BASE, PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE));
    assert_ok(ntmm_write(v.process, BASE, "x", 1, NULL));
    assert_true(ntmm_translate(v.process, BASE, &physical));
    uint64_t *ram = (uint64_t *)ntmm_ram(v.machine, &size);
    for (size_t i = 0; i < size / sizeof *ram; i++) {
        if ((ram[i] & (FRAME_MASK | VALID)) == (physical | VALID)) {
            assert_null(v.pte);
            v.pte = &ram[i];
        }
    }
    assert_non_null(v.pte);
    return v;
}

static void zero_pte(void)
{
    struct victim v = make_victim();
    *v.pte = 0;
    ntmm_process_release(v.process); /* its page table counts one entry more than it has */
}

static void pte_beyond_memory(void)
{
    struct victim v = make_victim();
    *v.pte = (*v.pte & ~FRAME_MASK) | 0x12345000ull << 8;
    ntmm_process_release(v.process);
}

/* Its frame would be freed twice. */
static void pte_of_another_page(void)
{
    struct victim v = make_victim();
    assert_ok(allocate(v.process, BASE + MB, PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE));
    assert_ok(ntmm_write(v.process, BASE + MB, "y", 1, NULL));
    *v.pte = v.pte[MB / PAGE];
    ntmm_process_release(v.process);
}

/* It would be on its list twice. */
static void pte_of_a_free_page(void)
{
    struct victim v = make_victim();
    *v.pte = (*v.pte & ~FRAME_MASK) | (RAM - PAGE);
    ntmm_process_release(v.process);
}

static void table_beyond_memory(void)
{
    struct victim v = make_victim();
    uint64_t size, *ram = (uint64_t *)ntmm_ram(v.machine, &size);
    uint64_t table = (uint64_t)((char *)v.pte - (char *)ram) & FRAME_MASK;
    for (size_t i = 0; i < size / sizeof *ram; i++) {
        if ((ram[i] & (FRAME_MASK | VALID)) == (table | VALID)) {
            ram[i] |= 0xFFFull << 36;
        }
    }
    ntmm_read(v.process, BASE, &(char){0}, 1, NULL);
}

/* Run `break_it`; what it said, and its exit code. */
static int run(void (*break_it)(void), char *text, size_t size)
{
    int ends[2], status;
    size_t used = 0;
    ssize_t count;
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        break_it();
        _exit(0);
    }
    close(ends[1]);
    while (used < size - 1 && (count = read(ends[0], text + used, size - 1 - used)) > 0) {
        used += (size_t)count;
    }
    text[used] = 0;
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void expect_stop(void (*break_it)(void), const char *stop, const char *name)
{
    char text[4096];
    int code = run(break_it, text, sizeof text);
    if (code != NTMM_EXIT_BUG_CHECK || !strstr(text, stop) || !strstr(text, name)) {
        fail_msg("exit code %d, and on standard error:\n%s", code, text);
    }
}

static void broken_tables_stop_the_machine(void **state)
{
    (void)state;
    expect_stop(zero_pte, "STOP: 0x0000001A (0x0000000000041790, 0xFFFFFA80", "MEMORY_MANAGEMENT");
    expect_stop(pte_beyond_memory,
                "STOP: 0x0000001A (0x0000000000041792, " PTE_OF_BASE ", 0x0000000034500",
                "MEMORY_MANAGEMENT");
    expect_stop(pte_of_another_page, "STOP: 0x0000001A (0x0000000000041792, " PTE_OF_BASE ", ",
                "MEMORY_MANAGEMENT");
    expect_stop(pte_of_a_free_page, "STOP: 0x0000001A (0x0000000000041792, " PTE_OF_BASE ", ",
                "MEMORY_MANAGEMENT");
    expect_stop(table_beyond_memory, "STOP: 0x0000001A (0x0000000000041792, 0xFFFFF6FB",
                "MEMORY_MANAGEMENT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(broken_tables_stop_the_machine)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
