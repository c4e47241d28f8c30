/* tests/ob/test_object.c: headers, counts, types. */
#include "executive.h"

static int deleted, closed;

static void on_delete(struct ob *ob, void *object)
{
    (void)ob;
    (void)object;
    deleted++;
}

static void on_close(struct ob *ob, const struct ob_caller *caller, void *object, LONG64 left)
{
    (void)ob;
    (void)caller;
    (void)object;
    closed += left == 0 ? 100 : 1;
}

static const struct ob_type_ops widget_ops = {.name = "Widget",
                                              .body_size = 0x58,
                                              .valid_access = STANDARD_RIGHTS_ALL,
                                              .maintain_type_list = true,
                                              .wait_offset = -1,
                                              .delete = on_delete,
                                              .close = on_close};

static void type_table_has_no_gap(void **state)
{
    struct executive *e = executive_create();
    static const char *const names[] = {"Type",   "Directory", "SymbolicLink", "Event",
                                        "Mutant", "Semaphore", "Timer"};
    struct kspace *ks = &e->machine.ke.ks;

    (void)state;
    assert_null(ob_type_at(e->ob, 0));
    assert_null(ob_type_at(e->ob, 1));
    for (unsigned i = 0; i < 7; i++) {
        OBJECT_TYPE *type = ob_type_at(e->ob, 2 + i);
        const WCHAR *name = k2h(ks, type->Name.Buffer);

        assert_int_equal(type->Index, 2 + i);
        assert_int_equal(type->Name.Length, 2 * strlen(names[i]));
        for (size_t c = 0; c < strlen(names[i]); c++)
            assert_int_equal(name[c], names[i][c]);
        assert_ptr_equal(ob_object_type(e->ob, type), ob_type_at(e->ob, 2));
    }
    assert_null(ob_type_at(e->ob, 9));
    assert_int_equal(ob_type_at(e->ob, 2)->TotalNumberOfObjects, 7);
    assert_int_equal(memcmp(&ob_type_at(e->ob, 6)->Key, "Muta", 4), 0);
    executive_destroy(e);
}

/* Optional headers stand in front of the header, in the order that debuggers rely on. */
static void headers_in_front(void **state)
{
    struct executive *e = executive_create();
    struct kspace *ks = &e->machine.ke.ks;
    UCHAR *offsets = e->machine.ke.nt.ObpInfoMaskToOffset;
    struct ob_attributes name = NAME("\\BaseNamedObjects\\gadget");
    OBJECT_HEADER_NAME_INFO *info;
    POOL_HEADER *block;
    OBJECT_TYPE *type;
    void *object;

    (void)state;
    assert_int_equal(offsets[0x01], 0x20);
    assert_int_equal(offsets[0x03], 0x40);
    assert_int_equal(offsets[0x08], 0x20);
    assert_int_equal(offsets[0x1F], 0x80);
    assert_ok(ob_create_type(e->ob, &widget_ops, &type));
    assert_int_equal(type->Index, 9);
    assert_ok(ob_create_object(e->ob, &name, type, 0, &object));
    assert_int_equal(ob_header(object)->InfoMask, 3);
    assert_int_equal(ob_header(object)->TypeIndex, 9);
    info = ob_name_info(e->ob, object);
    assert_ptr_equal((char *)ob_header(object) - (char *)info, 0x40);
    assert_int_equal(info->Name.Length, 12);
    assert_int_equal(memcmp(kspace_host(ks, info->Name.Buffer.va), u"gadget", 12), 0);
    assert_int_equal((uintptr_t)object % 16, 0);

    /* The block's tag is protected, and the object ends where the block ends. */
    block = (POOL_HEADER *)(void *)info - 1;
    assert_int_equal(memcmp(&block->PoolTag, "Wid\xe7", 4), 0);
    assert_int_equal((char *)block + 16 * block->BlockSize - (char *)object, 0x60);
    assert_ptr_equal(k2h(ks, type->TypeList.Flink), &ob_creator_info(e->ob, object)->TypeList);
    deleted = 0;
    ob_reference_object(e->ob, object);
    ob_dereference_object(e->ob, object);
    assert_int_equal(deleted, 0);
    ob_dereference_object(e->ob, object);
    assert_int_equal(deleted, 1);
    assert_int_equal(type->TotalNumberOfObjects, 0);
    assert_int_equal(type->HighWaterNumberOfObjects, 1);
    executive_destroy(e);
}

static void last_handle_tells_the_type(void **state)
{
    struct executive *e = executive_create();
    EPROCESS *process = executive_process(e, NULL);
    struct ob_caller caller = user_of(process);
    OBJECT_TYPE *type;
    uint64_t a, b;
    void *object;

    (void)state;
    deleted = closed = 0;
    assert_ok(ob_create_type(e->ob, &widget_ops, &type));
    assert_ok(ob_create_object(e->ob, NULL, type, 0x200, &object));
    assert_ok(ob_insert_object(e->ob, &caller, object, NULL, DELETE, &a, NULL));
    assert_ok(ob_duplicate_object(e->ob, &caller, a, &caller, &b, 0, 0, DUPLICATE_SAME_ACCESS));
    assert_ok(ob_close_handle(e->ob, &caller, a));
    assert_int_equal(closed, 1);
    assert_int_equal(deleted, 0);
    assert_ok(ob_close_handle(e->ob, &caller, b));
    assert_int_equal(closed, 101);
    assert_int_equal(deleted, 1);
    executive_end_process(e, process);
    executive_destroy(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(type_table_has_no_gap),
        cmocka_unit_test(headers_in_front),
        cmocka_unit_test(last_handle_tells_the_type),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
