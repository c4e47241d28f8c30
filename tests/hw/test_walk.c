/* tests/hw/test_walk.c: the MMU walk over a few pages of physical memory.
 *
 * Physical memory is an array of 8 pages; a mapping under test is built with one table per level:
 *
 *      page 1 PML4   page 2 PDPT   page 3 PD   page 4 PT   page 5 data
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "hw/walk.h"

#define PAGES 8

static const hw_va address = {0x0000012345678ABCull};

struct memory {
    uint64_t words[PAGES][HW_ENTRIES];
    struct hw_mmu mmu;
};

static bool read_physical(void *context, hw_pa pa, uint64_t *value)
{
    struct memory *memory = context;
    assert_int_equal(pa.value % sizeof(uint64_t), 0);
    if (pa.value >= sizeof(memory->words))
        return false;
    *value = memory->words[pa.value / HW_PAGE_SIZE][pa.value % HW_PAGE_SIZE / sizeof(uint64_t)];
    return true;
}

static hw_entry all_rights(uint64_t pfn)
{
    hw_entry entry = hw_entry_set_pfn((hw_entry){0}, pfn);
    entry = hw_entry_set_present(entry, 1);
    entry = hw_entry_set_writable(entry, 1);
    return hw_entry_set_user(entry, 1);
}

/* The entry at `level` that `address` goes through. */
static hw_entry *entry_at(struct memory *memory, unsigned level)
{
    return (hw_entry *)&memory->words[HW_LEVELS + 1 - level][hw_va_index(address, level)];
}

static void setup(struct memory *memory)
{
    memset(memory, 0, sizeof(*memory));
    for (unsigned level = HW_LEVELS; level >= 1; level--)
        *entry_at(memory, level) = all_rights(HW_LEVELS + 2 - level);
    memory->mmu = (struct hw_mmu){
        .cr3 = {HW_PAGE_SIZE},
        .maxphyaddr = 40,
        .nx = true,
        .wp = true,
        .read_physical = read_physical,
        .context = memory,
    };
}

static struct hw_walk walk(struct memory *memory, struct hw_access access)
{
    struct hw_walk result;
    hw_walk(&memory->mmu, address, access, &result);
    return result;
}

static const struct hw_access user_read = {.user = true};
static const struct hw_access user_write = {.user = true, .write = true};
static const struct hw_access user_fetch = {.user = true, .fetch = true};
static const struct hw_access kernel_read = {0};
static const struct hw_access kernel_write = {.write = true};
static const struct hw_access kernel_fetch = {.fetch = true};

/* Error codes as the manual writes them: P W U R I. */
enum { P = 1, W = 2, U = 4, R = 8, I = 16 };

static void expect_fault(struct memory *memory, struct hw_access access, uint32_t code)
{
    struct hw_walk result = walk(memory, access);
    assert_int_equal(result.result, HW_PAGE_FAULT);
    assert_int_equal(result.fault.value, code);
}

static void expect_ok(struct memory *memory, struct hw_access access)
{
    assert_int_equal(walk(memory, access).result, HW_OK);
}

static void test_accessors(void **state)
{
    (void)state;
    hw_entry entry = {UINT64_MAX};
    assert_int_equal(hw_entry_pfn(entry), 0xFFFFFFFFFFull);
    entry = hw_entry_set_pfn(entry, 0);
    assert_int_equal(entry.value, 0xFFF0000000000FFFull);
    entry = hw_entry_set_no_execute((hw_entry){0}, 1);
    assert_int_equal(entry.value, 0x8000000000000000ull);
    assert_int_equal(hw_entry_set_accessed((hw_entry){0}, 1).value, 0x20);
    assert_int_equal(hw_entry_set_dirty((hw_entry){0}, 3).value, 0x40); /* one bit wide */
    assert_int_equal(hw_va_pml4e_index((hw_va){0xFFFFF6FB7DBEDF68ull}), 0x1ED);
    assert_int_equal(hw_va_pte_index(address), hw_va_index(address, 1));
    assert_int_equal(hw_va_pml4e_index(address), hw_va_index(address, 4));
}

static void test_4k(void **state)
{
    (void)state;
    struct memory memory;
    setup(&memory);
    struct hw_walk result = walk(&memory, user_read);

    assert_int_equal(result.result, HW_OK);
    assert_int_equal(result.pa.value, 5 * HW_PAGE_SIZE + 0xABC);
    assert_int_equal(result.page_size, HW_PAGE_SIZE);
    assert_int_equal(result.step_count, HW_LEVELS);
    for (unsigned i = 0; i < HW_LEVELS; i++) {
        assert_int_equal(result.step[i].level, HW_LEVELS - i);
        assert_int_equal(result.step[i].entry.value, all_rights(i + 2).value);
        assert_int_equal(result.step[i].address.value,
                         (i + 1) * HW_PAGE_SIZE + 8 * hw_va_index(address, HW_LEVELS - i));
    }
    assert_true(result.user && result.writable && result.executable);
}

static void test_large(void **state)
{
    (void)state;
    struct memory memory;
    const uint64_t large_pfn = 0x40000; /* 1 GB */

    setup(&memory);
    *entry_at(&memory, 2) = hw_entry_set_large(all_rights(large_pfn), 1);
    struct hw_walk result = walk(&memory, user_read);
    assert_int_equal(result.result, HW_OK);
    assert_int_equal(result.page_size, 0x200000);
    assert_int_equal(result.pa.value, 0x40000000 + hw_va_offset_2m(address));
    assert_int_equal(result.step_count, 3);

    *entry_at(&memory, 3) = hw_entry_set_large(all_rights(large_pfn), 1);
    result = walk(&memory, user_read);
    assert_int_equal(result.result, HW_OK);
    assert_int_equal(result.page_size, 0x40000000);
    assert_int_equal(result.pa.value, 0x40000000 + hw_va_offset_1g(address));
    assert_int_equal(result.step_count, 2);

    /* PAT in bit 12 is no frame bit. */
    *entry_at(&memory, 3) = hw_entry_set_large_pat(*entry_at(&memory, 3), 1);
    assert_int_equal(walk(&memory, user_read).pa.value, 0x40000000 + hw_va_offset_1g(address));

    memory.mmu.no_gigabyte_pages = true;
    expect_fault(&memory, user_read, P | U | R);
}

static void test_not_present(void **state)
{
    (void)state;
    struct memory memory;
    for (unsigned level = 1; level <= HW_LEVELS; level++) {
        setup(&memory);
        /* Whatever else a not-present entry holds is not looked at. */
        entry_at(&memory, level)->value = UINT64_MAX;
        *entry_at(&memory, level) = hw_entry_set_present(*entry_at(&memory, level), 0);
        expect_fault(&memory, user_read, U);
        expect_fault(&memory, user_write, U | W);
        expect_fault(&memory, user_fetch, U | I);
        expect_fault(&memory, kernel_read, 0);
        expect_fault(&memory, kernel_write, W);
        struct hw_walk result = walk(&memory, user_read);
        assert_int_equal(result.step_count, HW_LEVELS + 1 - level);
        assert_int_equal(result.page_size, 0);
    }
}

static void test_rights(void **state)
{
    (void)state;
    struct memory memory;
    for (unsigned level = 1; level <= HW_LEVELS; level++) {
        setup(&memory);
        *entry_at(&memory, level) = hw_entry_set_writable(*entry_at(&memory, level), 0);
        expect_ok(&memory, user_read);
        expect_fault(&memory, user_write, P | U | W);
        expect_fault(&memory, kernel_write, P | W);
        memory.mmu.wp = false;
        expect_ok(&memory, kernel_write);
        expect_fault(&memory, user_write, P | U | W);

        setup(&memory);
        *entry_at(&memory, level) = hw_entry_set_user(*entry_at(&memory, level), 0);
        expect_fault(&memory, user_read, P | U);
        expect_fault(&memory, user_fetch, P | U | I);
        expect_ok(&memory, kernel_write);
        expect_ok(&memory, kernel_fetch);

        setup(&memory);
        *entry_at(&memory, level) = hw_entry_set_no_execute(*entry_at(&memory, level), 1);
        expect_ok(&memory, user_write);
        expect_fault(&memory, user_fetch, P | U | I);
        expect_fault(&memory, kernel_fetch, P | I);
        assert_false(walk(&memory, user_read).executable);
        /* Without NXE the bit is reserved, and fetches are not told apart. */
        memory.mmu.nx = false;
        expect_fault(&memory, user_fetch, P | U | R);
        expect_fault(&memory, kernel_read, P | R);
    }
}

static void test_supervisor_protection(void **state)
{
    (void)state;
    struct memory memory;
    setup(&memory);
    memory.mmu.smep = true;
    expect_fault(&memory, kernel_fetch, P | I);
    expect_ok(&memory, kernel_read);
    memory.mmu.nx = false; /* SMEP alone also makes fetches visible */
    expect_fault(&memory, kernel_fetch, P | I);
    memory.mmu.smap = true;
    expect_fault(&memory, kernel_read, P);
    expect_fault(&memory, kernel_write, P | W);
    expect_ok(&memory, user_write);
    *entry_at(&memory, 4) = hw_entry_set_user(*entry_at(&memory, 4), 0);
    expect_ok(&memory, kernel_read);
    expect_ok(&memory, kernel_fetch);
}

static void test_reserved(void **state)
{
    (void)state;
    static const unsigned widths[] = {36, 40, 52};
    struct memory memory;
    for (size_t w = 0; w < sizeof(widths) / sizeof(widths[0]); w++) {
        for (unsigned level = 1; level <= HW_LEVELS; level++) {
            for (unsigned bit = 35; bit < 52; bit++) {
                setup(&memory);
                memory.mmu.maxphyaddr = widths[w];
                entry_at(&memory, level)->value |= 1ull << bit;
                if (bit >= widths[w])
                    expect_fault(&memory, user_read, P | U | R);
                else if (level == 1)
                    expect_ok(&memory, user_read);
                else
                    assert_int_equal(walk(&memory, user_read).result, HW_NO_MEMORY);
            }
        }
    }
    /* PS is reserved in a PML4E, and is PAT in a PTE. */
    setup(&memory);
    *entry_at(&memory, 4) = hw_entry_set_large(*entry_at(&memory, 4), 1);
    expect_fault(&memory, kernel_read, P | R);
    setup(&memory);
    *entry_at(&memory, 1) = hw_entry_set_large(*entry_at(&memory, 1), 1);
    expect_ok(&memory, user_read);
}

static void test_reserved_large(void **state)
{
    (void)state;
    struct memory memory;
    for (unsigned level = 2; level <= 3; level++) {
        unsigned frame_start = level == 2 ? 21 : 30;
        for (unsigned bit = 13; bit < 35; bit++) {
            setup(&memory);
            *entry_at(&memory, level) = hw_entry_set_large(all_rights(0), 1);
            entry_at(&memory, level)->value |= 1ull << bit;
            if (bit < frame_start)
                expect_fault(&memory, user_write, P | U | W | R);
            else
                expect_ok(&memory, user_write);
        }
    }
}

/* A reserved bit is found on the way down, before rights are judged. */
static void test_priority(void **state)
{
    (void)state;
    struct memory memory;
    setup(&memory);
    *entry_at(&memory, 4) = hw_entry_set_user(*entry_at(&memory, 4), 0);
    entry_at(&memory, 2)->value |= 1ull << 45;
    expect_fault(&memory, user_read, P | U | R);
    *entry_at(&memory, 3) = (hw_entry){0};
    expect_fault(&memory, user_read, U);
}

static void test_canonical(void **state)
{
    (void)state;
    static const struct {
        uint64_t va;
        bool canonical;
    } cases[] = {
        {0, true},
        {0x00007FFFFFFFFFFFull, true},
        {0x0000800000000000ull, false},
        {0xFFFF7FFFFFFFFFFFull, false},
        {0xFFFF800000000000ull, true},
        {UINT64_MAX, true},
        {0x8000000000000000ull, false},
    };
    struct memory memory;
    struct hw_walk result;
    setup(&memory);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        hw_walk(&memory.mmu, (hw_va){cases[i].va}, user_read, &result);
        assert_int_equal(result.result == HW_NOT_CANONICAL, !cases[i].canonical);
        assert_int_equal(result.step_count, cases[i].canonical ? 1 : 0);
    }
}

static void test_no_memory(void **state)
{
    (void)state;
    struct memory memory;
    setup(&memory);
    *entry_at(&memory, 3) = all_rights(PAGES);
    struct hw_walk result = walk(&memory, user_read);
    assert_int_equal(result.result, HW_NO_MEMORY);
    assert_int_equal(result.step_count, 2);
    /* Bits of CR3 below the page and above MAXPHYADDR do not matter. */
    setup(&memory);
    memory.mmu.cr3.value |= 0x8000000000000FFFull;
    expect_ok(&memory, user_read);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accessors), cmocka_unit_test(test_4k),
        cmocka_unit_test(test_large),     cmocka_unit_test(test_not_present),
        cmocka_unit_test(test_rights),    cmocka_unit_test(test_supervisor_protection),
        cmocka_unit_test(test_reserved),  cmocka_unit_test(test_reserved_large),
        cmocka_unit_test(test_priority),  cmocka_unit_test(test_canonical),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
