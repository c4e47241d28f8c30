/* tests/api/support.c: see support.h. */
#include "support.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

ntmm_machine *machine_create(uint64_t ram, uint64_t pagefile)
{
    char error[256] = "";
    ntmm_machine *machine = NULL;
    const ntmm_options options = {.ram_size = ram,
                                  .pagefile_size = pagefile,
                                  .cpus = 2,
                                  .engine = "none",
                                  .log_level = NTMM_LOG_WARNING,
                                  .system_root = NTMM_GUEST_OUTPUT};
    ntmm_status status = ntmm_machine_create(&options, &machine, error, sizeof error);
    if (status < 0) {
        print_error("%s\n", error);
    }
    assert_ok(status);
    return machine;
}

void machine_destroy(ntmm_machine *machine)
{
    assert_consistent(machine);
    ntmm_machine_destroy(machine);
}

ntmm_process *process_create(ntmm_machine *machine)
{
    ntmm_process *process = NULL;
    assert_ok(ntmm_process_create(machine, NULL, &process, NULL, 0));
    return process;
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
    assert_int_equal(a->total_pages, b->total_pages);
    assert_int_equal(a->available_pages, b->available_pages);
    assert_int_equal(a->zeroed, b->zeroed);
    assert_int_equal(a->free, b->free);
    assert_int_equal(a->standby, b->standby);
    assert_int_equal(a->modified, b->modified);
    assert_int_equal(a->modified_no_write, b->modified_no_write);
    assert_int_equal(a->bad, b->bad);
    assert_int_equal(a->active, b->active);
    assert_int_equal(a->committed_pages, b->committed_pages);
    assert_int_equal(a->commit_limit, b->commit_limit);
    assert_int_equal(a->nonpaged_pool_bytes, b->nonpaged_pool_bytes);
    assert_int_equal(a->paged_pool_bytes, b->paged_pool_bytes);
    assert_int_equal(a->page_table_pages, b->page_table_pages);
}

void assert_consistent(ntmm_machine *machine)
{
    assert_int_equal(ntmm_check(machine), 0);
}

size_t count_entries(const char *folder)
{
    size_t count = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    }
    closedir(dir);
    return count;
}

ntmm_status allocate(ntmm_process *process, uint64_t base, uint64_t size, uint32_t type,
                     uint32_t to)
{
    return ntmm_allocate(process, &base, 0, &size, type, to);
}

uint64_t committed(ntmm_process *process, uint64_t size, uint32_t to)
{
    uint64_t base = 0;
    assert_ok(ntmm_allocate(process, &base, 0, &size, NTMM_MEM_RESERVE | NTMM_MEM_COMMIT, to));
    return base;
}

ntmm_status decommit(ntmm_process *process, uint64_t base, uint64_t size)
{
    return ntmm_free(process, &base, &size, NTMM_MEM_DECOMMIT);
}

ntmm_status release(ntmm_process *process, uint64_t base, uint64_t size)
{
    return ntmm_free(process, &base, &size, NTMM_MEM_RELEASE);
}

ntmm_status protect(ntmm_process *process, uint64_t base, uint64_t size, uint32_t to)
{
    uint32_t old;
    return ntmm_protect(process, &base, &size, to, &old);
}

ntmm_region query(ntmm_process *process, uint64_t address)
{
    ntmm_region region = {0};
    assert_ok(ntmm_query(process, address, &region));
    return region;
}
