/* tests/ob/test_name.c: the namespace. */
#include "executive.h"

static NTSTATUS find(struct executive *e, struct ob_attributes name, OBJECT_TYPE *type,
                     void **object)
{
    struct ob_caller kernel = {.mode = KernelMode};

    return ob_reference_object_by_name(e->ob, &kernel, &name, type, 0, NULL, object);
}

static void names_are_followed(void **state)
{
    struct executive *e = executive_create();
    void *object;

    (void)state;
    static const struct {
        const WCHAR *name;
        size_t chars;
        NTSTATUS status;
    } cases[] = {
#define CASE(text, status) {u"" text, sizeof(text) - 1, status}
        CASE("\\", STATUS_SUCCESS),
        CASE("\\ObjectTypes", STATUS_SUCCESS),
        CASE("\\objecttypes\\EVENT", STATUS_SUCCESS),
        CASE("\\\?\?", STATUS_SUCCESS),
        CASE("\\BaseNamedObjects\\Global\\Local\\Global", STATUS_SUCCESS),
        CASE("\\GLOBAL\?\?\\GLOBALROOT\\Device", STATUS_SUCCESS),
        CASE("", STATUS_OBJECT_NAME_INVALID),
        CASE("Device", STATUS_OBJECT_PATH_SYNTAX_BAD),
        CASE("\\Device\\", STATUS_OBJECT_NAME_INVALID),
        CASE("\\\\Device", STATUS_OBJECT_NAME_INVALID),
        CASE("\\Nothing", STATUS_OBJECT_NAME_NOT_FOUND),
        CASE("\\Nothing\\More", STATUS_OBJECT_PATH_NOT_FOUND),
        CASE("\\ObjectTypes\\Event\\More", STATUS_OBJECT_PATH_NOT_FOUND),
        CASE("\\loop\\x", STATUS_OBJECT_NAME_NOT_FOUND),
#undef CASE
    };
    assert_ok(ob_create_symbolic_link(e->ob, "\\loop", "\\loop"));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ob_attributes name = {.name = cases[i].name,
                                     .name_length = (USHORT)(2 * cases[i].chars)};

        assert_status(cases[i].status, find(e, name, NULL, &object));
        if (NT_SUCCESS(cases[i].status))
            ob_dereference_object(e->ob, object);
    }
    assert_status(STATUS_OBJECT_TYPE_MISMATCH, find(e, NAME("\\Device"), event_type(e), &object));
    executive_destroy(e);
}

static void named_objects_live_with_their_handles(void **state)
{
    struct executive *e = executive_create();
    EPROCESS *process = executive_process(e, NULL);
    struct ob_caller caller = user_of(process);
    struct ob_attributes name = NAME("\\BaseNamedObjects\\Ready"), again = name;
    void *event = make_event(e, &name), *found;
    uint64_t first, second;

    (void)state;
    assert_ok(ob_insert_object(e->ob, &caller, event, &name, GENERIC_ALL, &first, NULL));
    assert_status(
        STATUS_OBJECT_NAME_COLLISION,
        ob_insert_object(e->ob, &caller, make_event(e, &name), &name, GENERIC_ALL, &second, NULL));
    again.flags |= OBJ_OPENIF;
    assert_status(STATUS_OBJECT_NAME_EXISTS,
                  ob_insert_object(e->ob, &caller, make_event(e, &again), &again, GENERIC_READ,
                                   &second, &found));
    assert_ptr_equal(found, event);
    assert_int_equal(handles(event), 2);
    assert_ok(ob_close_handle(e->ob, &caller, first));
    assert_ok(find(e, NAME("\\basenamedobjects\\READY"), event_type(e), &found));
    assert_ok(ob_close_handle(e->ob, &caller, second));
    /* The name is gone; the reference keeps the object. */
    assert_status(STATUS_OBJECT_NAME_NOT_FOUND, find(e, name, NULL, &event));
    assert_int_equal(pointers(found), 1);
    ob_dereference_object(e->ob, found);
    assert_int_equal(event_type(e)->TotalNumberOfObjects, 0);

    /* In a place that cannot be. */
    struct ob_attributes nowhere = NAME("\\Nothing\\Ready"), type = NAME("\\ObjectTypes\\Event\\x");
    assert_status(STATUS_OBJECT_PATH_NOT_FOUND,
                  ob_insert_object(e->ob, &caller, make_event(e, &nowhere), &nowhere, GENERIC_ALL,
                                   &first, NULL));
    assert_status(
        STATUS_OBJECT_PATH_NOT_FOUND,
        ob_insert_object(e->ob, &caller, make_event(e, &type), &type, GENERIC_ALL, &first, NULL));
    assert_int_equal(event_type(e)->TotalNumberOfObjects, 0);
    executive_end_process(e, process);
    executive_destroy(e);
}

static void directories_and_links(void **state)
{
    struct executive *e = executive_create();
    EPROCESS *process = executive_process(e, NULL);
    struct ob_caller caller = user_of(process);
    struct ob_attributes directory = NAME("\\Mine"), link = NAME("shortcut"), event = NAME("it");
    uint64_t root, shortcut, handle;
    WCHAR name[64];
    void *found;

    (void)state;
    assert_ok(ob_create_directory_object(e->ob, &caller, GENERIC_ALL, &directory, &root));
    link.root = event.root = root;
    assert_ok(ob_create_symbolic_link_object(e->ob, &caller, GENERIC_ALL, &link, u"\\Mine\\it", 16,
                                             &shortcut));
    assert_ok(ob_insert_object(e->ob, &caller, make_event(e, &event), &event, GENERIC_ALL, &handle,
                               &found));
    assert_int_equal(ob_query_name(e->ob, found, name, sizeof(name)), 16);
    assert_int_equal(memcmp(name, u"\\Mine\\it", 16), 0);
    assert_int_equal(ob_query_name(e->ob, found, name, 4), 16); /* cut, but how long it is */

    assert_ok(find(e, NAME("\\Mine\\shortcut"), event_type(e), &found));
    ob_dereference_object(e->ob, found);
    struct ob_attributes open_link = NAME("\\Mine\\shortcut");
    open_link.flags |= OBJ_OPENLINK;
    assert_ok(find(e, open_link, NULL, &found));
    assert_ptr_not_equal(ob_object_type(e->ob, found), event_type(e));
    ob_dereference_object(e->ob, found);

    unsigned count = 0;
    assert_ok(ob_reference_object_by_handle(e->ob, &caller, root, 0, NULL, &found, NULL));
    for (void *entry; (entry = ob_directory_entry(e->ob, found, count)) != NULL; count++)
        ob_dereference_object(e->ob, entry);
    assert_int_equal(count, 2);
    ob_dereference_object(e->ob, found);

    assert_ok(ob_close_handle(e->ob, &caller, handle));
    assert_status(STATUS_OBJECT_NAME_NOT_FOUND, find(e, NAME("\\Mine\\shortcut"), NULL, &found));
    /* The directory's name goes while there is something in it: that keeps it. */
    assert_ok(ob_close_handle(e->ob, &caller, root));
    assert_status(STATUS_OBJECT_PATH_NOT_FOUND, find(e, NAME("\\Mine\\shortcut"), NULL, &found));
    assert_ok(ob_close_handle(e->ob, &caller, shortcut));
    executive_end_process(e, process);
    executive_destroy(e);
}

static void permanent_until_told_otherwise(void **state)
{
    struct executive *e = executive_create();
    void *object, *gone;

    (void)state;
    assert_ok(ob_create_directory(e->ob, "\\Stays"));
    assert_ok(find(e, NAME("\\Stays"), NULL, &object));
    assert_int_equal(pointers(object), 2);
    ob_make_temporary_object(e->ob, object);
    assert_status(STATUS_OBJECT_NAME_NOT_FOUND, find(e, NAME("\\Stays"), NULL, &gone));
    assert_int_equal(pointers(object), 1);
    ob_dereference_object(e->ob, object);
    executive_destroy(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_followed),
        cmocka_unit_test(named_objects_live_with_their_handles),
        cmocka_unit_test(directories_and_links),
        cmocka_unit_test(permanent_until_told_otherwise),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
