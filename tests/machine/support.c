/* tests/machine/support.c: see support.h. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>

static void on_log(void *context, int level, const char *message)
{
    struct log_lines *lines = context;
    (void)level;
    __atomic_fetch_add(&lines->count, 1, __ATOMIC_RELAXED);
    snprintf(lines->last, sizeof lines->last, "%s", message);
}

static ntmm_machine *create_with(ntmm_options *options)
{
    char error[256] = "";
    ntmm_machine *machine = NULL;
    options->system_root = NTMM_GUEST_OUTPUT;
    options->log_level = NTMM_LOG_WARNING;
    ntmm_status status = ntmm_machine_create(options, &machine, error, sizeof error);
    if (status == STATUS_NOT_SUPPORTED) {
        print_message("%s\n", error);
        skip();
    }
    if (status < 0) {
        print_error("%s\n", error);
    }
    assert_ok(status);
    return machine;
}

ntmm_machine *machine_create(unsigned cpus, uint64_t ram, uint64_t pagefile,
                             struct log_lines *lines)
{
    const char *engine = getenv("NTMM_ENGINE");
    ntmm_options options = {.ram_size = ram,
                            .pagefile_size = pagefile,
                            .cpus = cpus,
                            .engine = engine ? engine : "auto"};
    if (lines) {
        *lines = (struct log_lines){0};
        options.log = on_log;
        options.log_context = lines;
    }
    return create_with(&options);
}

ntmm_machine *machine_create_in(const char *work, bool writable, unsigned cpus, uint64_t ram,
                                uint64_t pagefile)
{
    const char *engine = getenv("NTMM_ENGINE");
    ntmm_options options = {.ram_size = ram,
                            .pagefile_size = pagefile,
                            .cpus = cpus,
                            .engine = engine ? engine : "auto",
                            .work = work,
                            .work_writable = writable};
    return create_with(&options);
}

ntmm_machine *machine_create_idle(uint64_t ram)
{
    ntmm_options options = {.ram_size = ram, .cpus = 1, .engine = "none"};
    return create_with(&options);
}

void machine_destroy(ntmm_machine *machine)
{
    assert_int_equal(ntmm_check(machine), 0);
    ntmm_machine_destroy(machine);
}

ntmm_process *create(ntmm_machine *machine, const char *path, const char *argument)
{
    char error[256] = "";
    ntmm_process *process = NULL;
    const ntmm_program program = {.path = path, .command_line = argument ? argument : ""};
    ntmm_status status = ntmm_process_create(machine, &program, &process, error, sizeof error);
    if (status < 0) {
        print_error("%s\n", error);
    }
    assert_ok(status);
    return process;
}

ntmm_process *start(ntmm_machine *machine, const char *path, const char *argument)
{
    ntmm_process *process = create(machine, path, argument);
    assert_ok(ntmm_process_start(process));
    return process;
}

ntmm_status finish(ntmm_process *process)
{
    ntmm_status status = STATUS_PENDING;
    assert_ok(ntmm_process_wait(process, &status));
    ntmm_process_release(process);
    return status;
}

ntmm_statistics settled(ntmm_machine *machine)
{
    ntmm_statistics statistics;
    ntmm_settle(machine);
    ntmm_get_statistics(machine, &statistics);
    return statistics;
}

void assert_same_counts(const ntmm_statistics *a, const ntmm_statistics *b)
{
    assert_int_equal(a->available_pages, b->available_pages);
    assert_int_equal(a->zeroed, b->zeroed);
    assert_int_equal(a->free, b->free);
    assert_int_equal(a->standby, b->standby);
    assert_int_equal(a->modified, b->modified);
    assert_int_equal(a->modified_no_write, b->modified_no_write);
    assert_int_equal(a->bad, b->bad);
    assert_int_equal(a->active, b->active);
    assert_int_equal(a->committed_pages, b->committed_pages);
    assert_int_equal(a->nonpaged_pool_bytes, b->nonpaged_pool_bytes);
    assert_int_equal(a->paged_pool_bytes, b->paged_pool_bytes);
    assert_int_equal(a->page_table_pages, b->page_table_pages);
}
