/* tests/ob/test_handle.c: handle tables and handles. */
#include "executive.h"

#include <pthread.h>

static void first_handles(void **state)
{
    struct executive *e = executive_create();
    EPROCESS *process = executive_process(e, NULL);
    HANDLE_TABLE *table = k2h(&e->machine.ke.ks, process->ObjectTable);
    struct ob_caller caller = user_of(process);
    void *event = make_event(e, NULL), *found;
    struct ob_handle_information information;
    HANDLE_TABLE_ENTRY *entry;
    uint64_t a, b;

    (void)state;
    assert_int_equal(table->UniqueProcessId.va, 0x123);
    assert_int_equal(table->TableCode & 7, 0);
    assert_ok(ob_open_object_by_pointer(e->ob, &caller, event, 0, EVENT_MODIFY_STATE, NULL, &a));
    assert_ok(ob_open_object_by_pointer(e->ob, &caller, event, OBJ_INHERIT, GENERIC_ALL, NULL, &b));
    assert_int_equal(a, 4);
    assert_int_equal(b, 8);
    assert_int_equal(pointers(event), 3);
    assert_int_equal(handles(event), 2);
    entry = (HANDLE_TABLE_ENTRY *)kspace_host(&e->machine.ke.ks, table->TableCode) + 2;
    assert_int_equal(entry->Value & ~7ull, h2k(&e->machine.ke.ks, ob_header(event)));
    assert_int_equal(entry->Value & 7, HANDLE_ENTRY_UNLOCKED | HANDLE_ENTRY_INHERIT);
    assert_int_equal(entry->GrantedAccess, EVENT_ALL_ACCESS);

    assert_ok(ob_reference_object_by_handle(e->ob, &caller, a, EVENT_MODIFY_STATE, event_type(e),
                                            &found, &information));
    assert_ptr_equal(found, event);
    assert_int_equal(information.access, EVENT_MODIFY_STATE);
    ob_dereference_object(e->ob, found);
    assert_status(STATUS_ACCESS_DENIED, ob_reference_object_by_handle(
                                            e->ob, &caller, a, SYNCHRONIZE, NULL, &found, NULL));
    assert_status(
        STATUS_OBJECT_TYPE_MISMATCH,
        ob_reference_object_by_handle(e->ob, &caller, a, 0, ob_type_at(e->ob, 2), &found, NULL));
    /* The low two bits do not count; nonsense does not lead anywhere. */
    assert_ok(ob_reference_object_by_handle(e->ob, &caller, a | 3, 0, NULL, &found, NULL));
    ob_dereference_object(e->ob, found);
    static const uint64_t bad[] = {0,          3,          0x400,          0xC,
                                   0x3FFFFFC,  UINT64_MAX, UINT64_MAX - 1, 0xFFFFFFFF80000004,
                                   1ull << 63, 0x100000004};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_status(STATUS_INVALID_HANDLE,
                      ob_reference_object_by_handle(e->ob, &caller, bad[i], 0, NULL, &found, NULL));
    assert_ok(ob_close_handle(e->ob, &caller, a));
    assert_status(STATUS_INVALID_HANDLE, ob_close_handle(e->ob, &caller, a));
    assert_ok(ob_open_object_by_pointer(e->ob, &caller, event, OBJ_PROTECT_CLOSE, 0, NULL, &a));
    assert_int_equal(a, 4); /* used again */
    assert_status(STATUS_HANDLE_NOT_CLOSABLE, ob_close_handle(e->ob, &caller, a));
    assert_ok(ob_set_handle_attributes(e->ob, &caller, a, false, false));
    assert_ok(ob_close_handle(e->ob, &caller, a));
    assert_status(STATUS_ACCESS_DENIED,
                  ob_open_object_by_pointer(e->ob, &caller, event, 0, 0x8000, NULL, &a));
    executive_end_process(e, process);
    assert_int_equal(pointers(event), 1);
    assert_int_equal(event_type(e)->TotalNumberOfHandles, 0);
    ob_dereference_object(e->ob, event);
    assert_int_equal(event_type(e)->TotalNumberOfObjects, 0);
    executive_destroy(e);
}

/* Through all three levels: 256 entries a page, 512 pages a middle page. */
static void three_levels(void **state)
{
    enum { COUNT = 255 * 512 + 1000 };
    struct executive *e = executive_create();
    struct mm_statistics before, after;
    HANDLE_TABLE *table;
    uint64_t handle;

    (void)state;
    mm_get_statistics(e->machine.mm, &before);
    table = ex_create_handle_table(e->ob, NULL);
    for (unsigned i = 0; i < COUNT; i++) {
        assert_ok(ex_create_handle(e->ob, table, 0xFFFFFA8000000000 + 16 * i, i, &handle));
        assert_int_not_equal(handle % 0x400, 0);
        if (i == 254)
            assert_int_equal(table->TableCode & 7, 0);
        if (i == 255)
            assert_int_equal(table->TableCode & 7, 1);
    }
    assert_int_equal(table->TableCode & 7, 2);
    assert_int_equal(table->HandleCount, COUNT);
    for (unsigned i = 0; i < COUNT; i++) {
        uint64_t value = 4 * (i + i / 255 + 1);
        HANDLE_TABLE_ENTRY *entry = ex_lock_handle(e->ob, table, value);

        assert_non_null(entry);
        assert_int_equal(ex_handle_entry_pointer(entry), 0xFFFFFA8000000000 + 16 * i);
        if (i % 2)
            ex_destroy_handle(e->ob, table, value, entry);
        else
            ex_unlock_handle(entry);
    }
    assert_int_equal(table->HandleCount, COUNT - COUNT / 2);
    ex_destroy_handle_table(e->ob, table);
    mm_get_statistics(e->machine.mm, &after);
    assert_int_equal(after.nonpaged_pool_bytes + after.paged_pool_bytes,
                     before.nonpaged_pool_bytes + before.paged_pool_bytes);
    executive_destroy(e);
}

static void inherited_and_duplicated(void **state)
{
    struct executive *e = executive_create();
    EPROCESS *parent = executive_process(e, NULL), *child;
    struct ob_caller from = user_of(parent), to;
    void *event = make_event(e, NULL), *found;
    uint64_t plain, inherited, copy;

    (void)state;
    assert_ok(ob_open_object_by_pointer(e->ob, &from, event, 0, GENERIC_ALL, NULL, &plain));
    assert_ok(ob_open_object_by_pointer(e->ob, &from, event, OBJ_INHERIT, GENERIC_READ, NULL,
                                        &inherited));
    child = executive_process(e, parent);
    to = user_of(child);
    assert_int_equal(handles(event), 3);
    assert_status(STATUS_INVALID_HANDLE,
                  ob_reference_object_by_handle(e->ob, &to, plain, 0, NULL, &found, NULL));
    assert_ok(ob_reference_object_by_handle(e->ob, &to, inherited, 0, NULL, &found, NULL));
    ob_dereference_object(e->ob, found);

    assert_ok(ob_duplicate_object(e->ob, &from, plain, &to, &copy, 0, OBJ_INHERIT,
                                  DUPLICATE_SAME_ACCESS));
    assert_int_equal(copy, plain); /* the lowest free one */
    assert_ok(
        ob_reference_object_by_handle(e->ob, &to, copy, EVENT_ALL_ACCESS, NULL, &found, NULL));
    ob_dereference_object(e->ob, found);
    assert_ok(ob_duplicate_object(e->ob, &from, plain, &to, &copy, EVENT_QUERY_STATE, 0,
                                  DUPLICATE_CLOSE_SOURCE));
    assert_status(STATUS_ACCESS_DENIED,
                  ob_reference_object_by_handle(e->ob, &to, copy, SYNCHRONIZE, NULL, &found, NULL));
    assert_status(STATUS_INVALID_HANDLE, ob_close_handle(e->ob, &from, plain));
    executive_end_process(e, parent);
    executive_end_process(e, child);
    assert_int_equal(handles(event), 0);
    assert_int_equal(pointers(event), 1);
    ob_dereference_object(e->ob, event);
    executive_destroy(e);
}

static void kernel_handles(void **state)
{
    struct executive *e = executive_create();
    EPROCESS *process = executive_process(e, NULL);
    struct ob_caller user = user_of(process), kernel = {.process = process, .mode = KernelMode};
    void *event = make_event(e, NULL), *found;
    uint64_t handle;

    (void)state;
    assert_ok(ob_open_object_by_pointer(e->ob, &kernel, event, OBJ_KERNEL_HANDLE, GENERIC_ALL, NULL,
                                        &handle));
    assert_int_equal(handle >> 31, 0x1FFFFFFFF);
    assert_ok(ob_reference_object_by_handle(e->ob, &kernel, handle, 0, NULL, &found, NULL));
    ob_dereference_object(e->ob, found);
    assert_status(STATUS_INVALID_HANDLE,
                  ob_reference_object_by_handle(e->ob, &user, handle, 0, NULL, &found, NULL));
    assert_ok(ob_close_handle(e->ob, &kernel, handle));
    /* A user's wish for one makes an ordinary handle. */
    assert_ok(ob_open_object_by_pointer(e->ob, &user, event, OBJ_KERNEL_HANDLE, GENERIC_ALL, NULL,
                                        &handle));
    assert_int_equal(handle, 4);
    ob_dereference_object(e->ob, event);
    executive_end_process(e, process);
    executive_destroy(e);
}

struct fight {
    struct executive *e;
    EPROCESS *process;
    void *event;
    unsigned seed;
};

static void *open_and_close(void *context)
{
    struct fight *f = context;
    struct ob_caller caller = user_of(f->process);
    uint64_t handle[8] = {0};

    for (int i = 0; i < 4000; i++) {
        unsigned slot = (f->seed = f->seed * 1103515245 + 12345) >> 16 & 7;
        void *found;

        if (handle[slot]) {
            assert_ok(ob_close_handle(f->e->ob, &caller, handle[slot]));
            handle[slot] = 0;
        } else {
            assert_ok(ob_open_object_by_pointer(f->e->ob, &caller, f->event, 0, GENERIC_ALL, NULL,
                                                &handle[slot]));
        }
        /* Somebody's handle, or nobody's. */
        if (NT_SUCCESS(ob_reference_object_by_handle(f->e->ob, &caller, 4 * (1 + slot), 0, NULL,
                                                     &found, NULL)))
            ob_dereference_object(f->e->ob, found);
    }
    return NULL;
}

static void threads_share_a_table(void **state)
{
    struct executive *e = executive_create();
    EPROCESS *process = executive_process(e, NULL);
    void *event = make_event(e, NULL);
    struct fight fight[3];
    pthread_t threads[3];

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        fight[i] = (struct fight){e, process, event, i};
        pthread_create(&threads[i], NULL, open_and_close, &fight[i]);
    }
    for (unsigned i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(ob_check(e->ob), 0);
    executive_end_process(e, process);
    assert_int_equal(handles(event), 0);
    assert_int_equal(pointers(event), 1);
    ob_dereference_object(e->ob, event);
    executive_destroy(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_handles),
        cmocka_unit_test(three_levels),
        cmocka_unit_test(inherited_and_duplicated),
        cmocka_unit_test(kernel_handles),
        cmocka_unit_test(threads_share_a_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
