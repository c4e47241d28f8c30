/* tests/api/test_memory.c: each memory call through the library, with the statuses that Windows
 * documents for the service of its name. */
#include "support.h"

#include <string.h>

static ntmm_machine *machine;
static ntmm_process *process;

static int setup(void **state)
{
    (void)state;
    machine = machine_create(32 * MB, 64 * MB);
    process = process_create(machine);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ntmm_process_release(process);
    machine_destroy(machine);
    return 0;
}

/* ---- allocate ---- */

static void allocate_rounds_outwards(void **state)
{
    uint64_t base = 0x40001234, size = 1;
    (void)state;

    /* A reservation starts at 64 KB and ends at a page. */
    assert_ok(ntmm_allocate(process, &base, 0, &size, NTMM_MEM_RESERVE, NTMM_PAGE_READWRITE));
    assert_int_equal(base, 0x40000000);
    assert_int_equal(size, 2 * PAGE);
    /* Commit: pages. */
    base = 0x40000FFF;
    size = 2;
    assert_ok(ntmm_allocate(process, &base, 0, &size, NTMM_MEM_COMMIT, NTMM_PAGE_READWRITE));
    assert_int_equal(base, 0x40000000);
    assert_int_equal(size, 2 * PAGE);
}

static void allocate_chooses_a_place(void **state)
{
    uint64_t base = 0, size = PAGE;
    (void)state;
    assert_ok(ntmm_allocate(process, &base, 0, &size, NTMM_MEM_RESERVE, NTMM_PAGE_READWRITE));
    assert_int_equal(base % (64 * KB), 0);
    assert_true(base >= LOWEST && base < UPPER_GUARD);
    uint64_t high = 0;
    assert_ok(ntmm_allocate(process, &high, 0, &size, NTMM_MEM_RESERVE | NTMM_MEM_TOP_DOWN,
                            NTMM_PAGE_READWRITE));
    assert_true(high > base);
    assert_int_equal(high, UPPER_GUARD - 64 * KB);
    /* 10 zero bits: below 4 MB. */
    uint64_t low = 0;
    assert_ok(ntmm_allocate(process, &low, 10, &size, NTMM_MEM_RESERVE | NTMM_MEM_TOP_DOWN,
                            NTMM_PAGE_READWRITE));
    assert_true(low + size <= 4 * MB);
}

static const struct {
    uint64_t base, zero_bits, size;
    uint32_t type, protect, status;
} bad_allocations[] = {
    /* The null page and its neighbours, the upper guard, kernel space. */
    {PAGE, 0, PAGE, MEM_RESERVE, PAGE_READWRITE, STATUS_INVALID_PARAMETER_2},
    {LOWEST - 1, 0, PAGE, MEM_RESERVE, PAGE_READWRITE, STATUS_INVALID_PARAMETER_2},
    {UPPER_GUARD, 0, PAGE, MEM_RESERVE, PAGE_READWRITE, STATUS_INVALID_PARAMETER_2},
    {KERNEL, 0, PAGE, MEM_RESERVE, PAGE_READWRITE, STATUS_INVALID_PARAMETER_2},
    {UINT64_MAX, 0, PAGE, MEM_RESERVE, PAGE_READWRITE, STATUS_INVALID_PARAMETER_2},
    {0, 22, PAGE, MEM_RESERVE, PAGE_READWRITE, STATUS_INVALID_PARAMETER_3},
    {0, 0, 0, MEM_RESERVE, PAGE_READWRITE, STATUS_INVALID_PARAMETER_4},
    {0, 0, UINT64_MAX, MEM_RESERVE, PAGE_READWRITE, STATUS_INVALID_PARAMETER_4},
    {0x40000000, 0, UPPER_GUARD, MEM_RESERVE, PAGE_READWRITE, STATUS_INVALID_PARAMETER_4},
    {0, 0, PAGE, 0, PAGE_READWRITE, STATUS_INVALID_PARAMETER_5},
    {0, 0, PAGE, MEM_RELEASE, PAGE_READWRITE, STATUS_INVALID_PARAMETER_5},
    {0, 0, PAGE, MEM_RESERVE | MEM_RESET, PAGE_READWRITE, STATUS_INVALID_PARAMETER_5},
    {0, 0, PAGE, MEM_RESERVE, 0, STATUS_INVALID_PAGE_PROTECTION},
    {0, 0, PAGE, MEM_RESERVE, PAGE_READONLY | PAGE_READWRITE, STATUS_INVALID_PAGE_PROTECTION},
    {0, 0, PAGE, MEM_RESERVE, PAGE_NOACCESS | PAGE_GUARD, STATUS_INVALID_PAGE_PROTECTION},
    {0, 0, PAGE, MEM_RESERVE, PAGE_WRITECOPY, STATUS_INVALID_PAGE_PROTECTION},
    /* Nothing is reserved there. */
    {0x40000000, 0, PAGE, MEM_COMMIT, PAGE_READWRITE, STATUS_CONFLICTING_ADDRESSES},
    /* 0x50000000 .. 0x50010000 is taken. */
    {0x50000000, 0, PAGE, MEM_RESERVE, PAGE_READWRITE, STATUS_CONFLICTING_ADDRESSES},
    {0x4FFF0000, 0, 128 * KB, MEM_RESERVE, PAGE_READWRITE, STATUS_CONFLICTING_ADDRESSES},
    {0x50000000, 0, 128 * KB, MEM_COMMIT, PAGE_READWRITE, STATUS_CONFLICTING_ADDRESSES},
    /* KUSER_SHARED_DATA. */
    {0x7FFE0000, 0, PAGE, MEM_RESERVE, PAGE_READWRITE, STATUS_CONFLICTING_ADDRESSES},
    /* 32 MB of RAM and 64 MB of page file. */
    {0, 0, 128 * MB, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE, STATUS_COMMITMENT_LIMIT},
    /* Larger than any hole left. */
    {0, 0, UPPER_GUARD, MEM_RESERVE, PAGE_READWRITE, STATUS_NO_MEMORY},
    {0, 21, 64 * KB, MEM_RESERVE, PAGE_READWRITE, STATUS_NO_MEMORY},
};

static void allocate_refuses(void **state)
{
    (void)state;
    assert_ok(allocate(process, 0x50000000, 64 * KB, MEM_RESERVE, PAGE_READWRITE));
    /* A process keeps the pool block of one VAD at hand; have it do so now. */
    assert_ok(release(process, committed(process, PAGE, PAGE_READWRITE), 0));
    ntmm_statistics before = settled(machine);
    for (size_t i = 0; i < sizeof bad_allocations / sizeof *bad_allocations; i++) {
        uint64_t base = bad_allocations[i].base, size = bad_allocations[i].size;
        ntmm_status status = ntmm_allocate(process, &base, bad_allocations[i].zero_bits, &size,
                                           bad_allocations[i].type, bad_allocations[i].protect);
        if ((uint32_t)status != bad_allocations[i].status) {
            print_error("row %zu\n", i);
        }
        assert_status(bad_allocations[i].status, status);
        assert_int_equal(base, bad_allocations[i].base);
        assert_int_equal(size, bad_allocations[i].size);
    }
    ntmm_statistics after = settled(machine);
    assert_same_counts(&before, &after);
}

/* ---- free ---- */

static void free_whole_and_part(void **state)
{
    (void)state;
    uint64_t base = committed(process, 64 * KB, PAGE_READWRITE);
    uint64_t part = base + 4 * PAGE, size = 2 * PAGE;
    assert_ok(ntmm_touch(process, part, NTMM_WRITE));
    assert_ok(ntmm_free(process, &part, &size, NTMM_MEM_DECOMMIT));
    assert_int_equal(query(process, part).state, MEM_RESERVE);
    assert_int_equal(query(process, base).size, 4 * PAGE);
    assert_ok(release(process, part, size));
    assert_int_equal(query(process, part).state, MEM_FREE);
    /* Two allocations now; each goes by its own base. */
    assert_int_equal(query(process, part + size).allocation_base, part + size);
    uint64_t rest = part + size, whole = 0;
    assert_ok(ntmm_free(process, &rest, &whole, NTMM_MEM_RELEASE));
    assert_int_equal(whole, 64 * KB - 6 * PAGE);
    assert_ok(release(process, base, 0));
}

static void free_refuses(void **state)
{
    (void)state;
    uint64_t base = committed(process, 64 * KB, PAGE_READWRITE);
    const struct {
        uint64_t base, size;
        uint32_t type, status;
    } bad[] = {
        {base, 0, 0, STATUS_INVALID_PARAMETER_4},
        {base, 0, MEM_RELEASE | MEM_DECOMMIT, STATUS_INVALID_PARAMETER_4},
        {base, 0, MEM_COMMIT, STATUS_INVALID_PARAMETER_4},
        {KERNEL, 0, MEM_RELEASE, STATUS_INVALID_PARAMETER_2},
        {base, UINT64_MAX, MEM_RELEASE, STATUS_INVALID_PARAMETER_3},
        {base + 64 * KB, 0, MEM_RELEASE, STATUS_MEMORY_NOT_ALLOCATED},
        {base + PAGE, 0, MEM_RELEASE, STATUS_FREE_VM_NOT_AT_BASE},
        {base + PAGE, 0, MEM_DECOMMIT, STATUS_FREE_VM_NOT_AT_BASE},
        {base, 64 * KB + 1, MEM_RELEASE, STATUS_UNABLE_TO_FREE_VM},
        {base, 64 * KB + 1, MEM_DECOMMIT, STATUS_UNABLE_TO_FREE_VM},
        {0x7FFE0000, 0, MEM_RELEASE, STATUS_INVALID_PAGE_PROTECTION},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint64_t at = bad[i].base, size = bad[i].size;
        ntmm_status status = ntmm_free(process, &at, &size, bad[i].type);
        if ((uint32_t)status != bad[i].status) {
            print_error("row %zu\n", i);
        }
        assert_status(bad[i].status, status);
        assert_int_equal(at, bad[i].base);
        assert_int_equal(size, bad[i].size);
    }
    assert_int_equal(query(process, base).size, 64 * KB);
}

/* ---- protect ---- */

static void protect_tells_the_old(void **state)
{
    (void)state;
    uint64_t base = committed(process, 4 * PAGE, PAGE_READWRITE);
    uint64_t at = base + PAGE + 5, size = 1;
    uint32_t old = 0;
    assert_ok(ntmm_protect(process, &at, &size, NTMM_PAGE_READONLY, &old));
    assert_int_equal(at, base + PAGE);
    assert_int_equal(size, PAGE);
    assert_int_equal(old, PAGE_READWRITE);
    assert_ok(ntmm_protect(process, &at, &size, NTMM_PAGE_EXECUTE_READ, &old));
    assert_int_equal(old, PAGE_READONLY);
    ntmm_region region = query(process, at);
    assert_int_equal(region.protect, PAGE_EXECUTE_READ);
    assert_int_equal(region.allocation_protect, PAGE_READWRITE);
    assert_int_equal(region.size, PAGE);
}

static void protect_refuses(void **state)
{
    (void)state;
    uint64_t base = committed(process, 64 * KB, PAGE_READWRITE);
    assert_ok(decommit(process, base + PAGE, PAGE));
    assert_status(STATUS_INVALID_PAGE_PROTECTION, protect(process, base, PAGE, 0));
    assert_status(STATUS_INVALID_PAGE_PROTECTION, protect(process, base, PAGE, PAGE_WRITECOPY));
    assert_status(STATUS_INVALID_PAGE_PROTECTION, protect(process, base, PAGE, 0x1000));
    assert_status(STATUS_INVALID_PARAMETER_2, protect(process, KERNEL, PAGE, PAGE_READONLY));
    assert_status(STATUS_INVALID_PARAMETER_3, protect(process, base, 0, PAGE_READONLY));
    assert_status(STATUS_INVALID_PARAMETER_3, protect(process, base, UINT64_MAX, PAGE_READONLY));
    assert_status(STATUS_NOT_COMMITTED, protect(process, base, 2 * PAGE, PAGE_READONLY));
    assert_status(STATUS_CONFLICTING_ADDRESSES, protect(process, base, 64 * KB + 1, PAGE_READONLY));
    assert_int_equal(query(process, base).protect, PAGE_READWRITE);
}

/* ---- query ---- */

static void query_tells_states(void **state)
{
    (void)state;
    uint64_t base = 0x40000000;
    assert_ok(allocate(process, base, 64 * KB, MEM_RESERVE, PAGE_EXECUTE_READ));
    assert_ok(allocate(process, base + PAGE, 2 * PAGE, MEM_COMMIT, PAGE_READWRITE));

    ntmm_region region = query(process, base + PAGE + 17);
    assert_int_equal(region.base, base + PAGE);
    assert_int_equal(region.allocation_base, base);
    assert_int_equal(region.allocation_protect, PAGE_EXECUTE_READ);
    assert_int_equal(region.size, 2 * PAGE);
    assert_int_equal(region.state, MEM_COMMIT);
    assert_int_equal(region.protect, PAGE_READWRITE);
    assert_int_equal(region.type, MEM_PRIVATE);

    region = query(process, base + 3 * PAGE);
    assert_int_equal(region.state, MEM_RESERVE);
    assert_int_equal(region.protect, 0);
    assert_int_equal(region.size, 13 * PAGE);

    region = query(process, base + 64 * KB);
    assert_int_equal(region.state, MEM_FREE);
    assert_int_equal(region.protect, PAGE_NOACCESS);
    assert_int_equal(region.base + region.size, 0x7FFE0000);

    assert_int_equal(query(process, 0).state, MEM_FREE);
    assert_int_equal(query(process, 0).size, base);
    assert_int_equal(query(process, UPPER_GUARD).state, MEM_RESERVE);
    assert_status(STATUS_INVALID_PARAMETER, ntmm_query(process, USER_END, &region));
    assert_status(STATUS_INVALID_PARAMETER, ntmm_query(process, UINT64_MAX, &region));
}

/* ---- read, write ---- */

static void copies_across_pages(void **state)
{
    char out[3 * 4096], in[3 * 4096];
    size_t done = 0;
    (void)state;
    uint64_t base = committed(process, 4 * PAGE, PAGE_READWRITE);
    for (size_t i = 0; i < sizeof out; i++) {
        out[i] = (char)(i * 7 + i / 4096);
    }
    assert_ok(ntmm_write(process, base + 100, out, sizeof out, &done));
    assert_int_equal(done, sizeof out);
    assert_ok(ntmm_read(process, base + 100, in, sizeof in, &done));
    assert_int_equal(done, sizeof in);
    assert_memory_equal(in, out, sizeof in);
    /* What was not written is zero. */
    assert_ok(ntmm_read(process, base, in, 100, NULL));
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(in[i], 0);
    }
    assert_ok(ntmm_write(process, base, out, 0, &done));
    assert_int_equal(done, 0);
}

/*      |---- written ----|---- read-only or reserved ----|
 *                   ^ a copy starts here                       the first part is done and counted
 */
static void copies_stop_at_the_first_bad_page(void **state)
{
    char buffer[2 * 4096];
    size_t done = 77;
    (void)state;
    memset(buffer, 'x', sizeof buffer);
    uint64_t base = committed(process, 2 * PAGE, PAGE_READWRITE);
    assert_ok(protect(process, base + PAGE, PAGE, PAGE_READONLY));
    assert_status(STATUS_PARTIAL_COPY, ntmm_write(process, base + PAGE - 10, buffer, 100, &done));
    assert_int_equal(done, 10);
    assert_ok(ntmm_read(process, base + PAGE - 10, buffer, 20, &done));
    assert_int_equal(done, 20);
    assert_int_equal(buffer[9], 'x');
    assert_int_equal(buffer[10], 0);

    assert_ok(decommit(process, base + PAGE, PAGE));
    assert_status(STATUS_PARTIAL_COPY, ntmm_read(process, base, buffer, sizeof buffer, &done));
    assert_int_equal(done, PAGE);
    assert_status(STATUS_ACCESS_VIOLATION, ntmm_read(process, base + PAGE, buffer, 1, &done));
    assert_int_equal(done, 0);
    assert_status(STATUS_ACCESS_VIOLATION, ntmm_read(process, 0, buffer, 1, NULL));
    assert_status(STATUS_ACCESS_VIOLATION, ntmm_read(process, KERNEL, buffer, 1, NULL));
    assert_status(STATUS_ACCESS_VIOLATION, ntmm_write(process, KERNEL, buffer, 1, NULL));
    assert_status(STATUS_ACCESS_VIOLATION, ntmm_read(process, UINT64_MAX, buffer, 16, NULL));
    assert_status(STATUS_ACCESS_VIOLATION, ntmm_write(process, 0x7FFE0000, buffer, 1, NULL));
    assert_ok(ntmm_read(process, 0x7FFE0000, buffer, 16, NULL));
}

/* ---- touch: the exceptions of user code ---- */

static void touch_honours_protections(void **state)
{
    static const struct {
        uint32_t protect;
        bool read, write, execute;
    } rights[] = {
        {PAGE_NOACCESS, false, false, false},   {PAGE_READONLY, true, false, false},
        {PAGE_READWRITE, true, true, false},    {PAGE_EXECUTE, true, false, true},
        {PAGE_EXECUTE_READ, true, false, true}, {PAGE_EXECUTE_READWRITE, true, true, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rights / sizeof *rights; i++) {
        const bool allowed[] = {rights[i].read, rights[i].write, rights[i].execute};
        for (int access = NTMM_READ; access <= NTMM_EXECUTE; access++) {
            /* An untouched page, then the same page once it is resident. */
            uint64_t base = committed(process, PAGE, rights[i].protect);
            uint32_t expected = allowed[access] ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
            assert_status(expected, ntmm_touch(process, base, access));
            if (rights[i].protect != PAGE_NOACCESS) {
                assert_ok(ntmm_touch(process, base, NTMM_READ));
            }
            assert_status(expected, ntmm_touch(process, base, access));
            assert_ok(release(process, base, 0));
        }
    }
}

static void touch_outside_of_memory(void **state)
{
    static const uint64_t nowhere[] = {0,      8,        LOWEST - 1, 0x40000000,        UPPER_GUARD,
                                       KERNEL, USER_END, UINT64_MAX, 0xFFFFF6FB7DBED000};
    (void)state;
    for (size_t i = 0; i < sizeof nowhere / sizeof *nowhere; i++) {
        for (int access = NTMM_READ; access <= NTMM_EXECUTE; access++) {
            assert_status(STATUS_ACCESS_VIOLATION, ntmm_touch(process, nowhere[i], access));
        }
    }
    assert_ok(ntmm_touch(process, 0x7FFE0000, NTMM_READ));
    assert_status(STATUS_ACCESS_VIOLATION, ntmm_touch(process, 0x7FFE0000, NTMM_WRITE));
    assert_status(STATUS_ACCESS_VIOLATION, ntmm_touch(process, 0x7FFE0000, NTMM_EXECUTE));
}

/* A guard page reports one access and is an ordinary page from then on. */
static void guard_pages_work_once(void **state)
{
    (void)state;
    uint64_t base = committed(process, 3 * PAGE, PAGE_READWRITE | PAGE_GUARD);
    for (unsigned page = 0; page < 2; page++) {
        uint64_t at = base + page * PAGE;
        int access = page ? NTMM_READ : NTMM_WRITE;
        assert_int_equal(query(process, at).protect, PAGE_READWRITE | PAGE_GUARD);
        assert_status(STATUS_GUARD_PAGE_VIOLATION, ntmm_touch(process, at, access));
        assert_int_equal(query(process, at).protect, PAGE_READWRITE);
        assert_ok(ntmm_touch(process, at, access));
    }
    assert_int_equal(query(process, base + 2 * PAGE).protect, PAGE_READWRITE | PAGE_GUARD);
    /* Set on a page in use. */
    assert_ok(protect(process, base, PAGE, PAGE_READONLY | PAGE_GUARD));
    assert_false(ntmm_translate(process, base, &(uint64_t){0}));
    assert_status(STATUS_GUARD_PAGE_VIOLATION, ntmm_touch(process, base, NTMM_READ));
    assert_ok(ntmm_touch(process, base, NTMM_READ));
    assert_status(STATUS_ACCESS_VIOLATION, ntmm_touch(process, base, NTMM_WRITE));
}

/* ---- translate ---- */

static void translate_leads_to_ram(void **state)
{
    uint64_t physical = 0, again = 0, size;
    (void)state;
    uint64_t base = committed(process, 2 * PAGE, PAGE_READWRITE);
    assert_false(ntmm_translate(process, base, &physical)); /* not touched: no page */
    assert_ok(ntmm_write(process, base + 5, "helloworld", 10, NULL));
    assert_true(ntmm_translate(process, base + 5, &physical));
    assert_int_equal(physical % PAGE, 5);
    assert_memory_equal(ntmm_ram(machine, &size) + physical, "helloworld", 10);
    assert_false(ntmm_translate(process, base + PAGE, &again));

    /* No access, no translation; the page and its contents stay. */
    assert_ok(protect(process, base, PAGE, PAGE_NOACCESS));
    assert_false(ntmm_translate(process, base, &again));
    assert_ok(protect(process, base, PAGE, PAGE_READONLY));
    char text[10];
    assert_ok(ntmm_read(process, base + 5, text, sizeof text, NULL));
    assert_memory_equal(text, "helloworld", 10);
    assert_true(ntmm_translate(process, base + 5, &again));
    assert_int_equal(again, physical);
    assert_ok(release(process, base, 0));
    assert_false(ntmm_translate(process, base, &again));
    /* Kernel addresses translate too: the page directory maps itself. */
    assert_true(ntmm_translate(process, 0xFFFFF6FB7DBED000, &physical));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(allocate_rounds_outwards),
        TEST(allocate_chooses_a_place),
        TEST(allocate_refuses),
        TEST(free_whole_and_part),
        TEST(free_refuses),
        TEST(protect_tells_the_old),
        TEST(protect_refuses),
        TEST(query_tells_states),
        TEST(copies_across_pages),
        TEST(copies_stop_at_the_first_bad_page),
        TEST(touch_honours_protections),
        TEST(touch_outside_of_memory),
        TEST(guard_pages_work_once),
        TEST(translate_leads_to_ram),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
