/* tests/base/test_kspace.c: kernel addresses to host pointers and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/kspace.h"
#include "nt/layout.h"
#include "nt/types.h"

static void test_windows(void **state)
{
    (void)state;
    static char pool[64], ptes[64];
    struct kspace ks;
    kspace_init(&ks);
    kspace_add_window(&ks, MM_PFN_DATABASE, sizeof(pool), pool);
    kspace_add_window(&ks, MM_SYSTEM_PTE_START, sizeof(ptes), ptes);

    assert_ptr_equal(kspace_host(&ks, MM_PFN_DATABASE), pool);
    assert_ptr_equal(kspace_host(&ks, MM_SYSTEM_PTE_START + 63), ptes + 63);
    assert_int_equal(h2k(&ks, pool + 8), MM_PFN_DATABASE + 8);
    assert_int_equal(h2k(&ks, ptes), MM_SYSTEM_PTE_START);
    assert_int_equal(h2k(&ks, &ks), 0);
    assert_int_equal(h2k(&ks, pool + sizeof(pool)) == MM_PFN_DATABASE + sizeof(pool), 0);
}

static void test_handles(void **state)
{
    (void)state;
    static uint32_t value = 7601;
    struct kspace ks;
    KPTR(uint32_t) pointer = {.va = MM_PFN_DATABASE};
    KPTR(uint32_t) null = {.va = 0};
    kspace_init(&ks);
    kspace_add_window(&ks, MM_PFN_DATABASE, sizeof(value), (void *)&value);
    assert_int_equal(*k2h(&ks, pointer), 7601);
    assert_null(k2h(&ks, null));
}

/* What no window covers comes out non-canonical, so touching it faults at once. */
static void test_no_window(void **state)
{
    (void)state;
    struct kspace ks;
    kspace_init(&ks);
    const uint64_t addresses[] = {MM_SYSTEM_PTE_START, MM_PAGED_POOL_START, UINT64_MAX - 8};
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        int64_t host = (int64_t)(uintptr_t)kspace_host(&ks, addresses[i]);
        assert_true(host >> 47 != 0 && host >> 47 != -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_handles),
        cmocka_unit_test(test_no_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
