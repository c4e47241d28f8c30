/* tests/cm/test_registry.c: the registry over a small machine: keys and values, and random changes
 * against a model, with the whole-state checker after each. */
#include "executive.h"

#include <time.h>

#include "cm/cm.h"

struct fixture {
    struct executive *executive;
    struct cm *cm;
    struct ob_caller caller;
};

#define SOFTWARE "\\REGISTRY\\MACHINE\\SOFTWARE"

static NTSTATUS fill(void *owner, struct cm *cm)
{
    (void)owner;
    assert_ok(cm_boot_hive(cm, SOFTWARE, CM_HIVE_STABLE));
    assert_ok(cm_boot_hive(cm, "\\REGISTRY\\MACHINE\\HARDWARE", CM_HIVE_VOLATILE));
    assert_ok(cm_boot_number(cm, SOFTWARE "\\One\\Two", "Number", 7));
    assert_ok(cm_boot_text(cm, SOFTWARE "\\One", "Text", REG_SZ, "text"));
    assert_ok(cm_boot_number(cm, "\\REGISTRY\\MACHINE\\HARDWARE\\Cpu", "Mhz", 1));
    assert_ok(cm_boot_link(cm, SOFTWARE "\\Link", SOFTWARE "\\One"));
    assert_ok(cm_boot_link(cm, SOFTWARE "\\Loop", SOFTWARE "\\Loop"));
    return STATUS_SUCCESS;
}

static struct fixture create(void)
{
    struct fixture f = {.executive = executive_create(), .caller = {.mode = KernelMode}};
    const struct cm_config config = {.ob = f.executive->ob, .fill = fill};

    assert_ok(cm_create(&config, &f.cm));
    return f;
}

static void destroy(struct fixture *f)
{
    assert_int_equal(cm_check(f->cm), 0);
    executive_destroy(f->executive);
    cm_destroy(f->cm);
}

/* ASCII to UTF-16. */
static struct cm_text wide(const char *text, WCHAR buffer[300])
{
    ULONG i = 0;

    for (; text[i]; i++)
        buffer[i] = (WCHAR)text[i];
    return (struct cm_text){buffer, i * (ULONG)sizeof(WCHAR)};
}

static NTSTATUS open_with(struct fixture *f, uint64_t root, const char *path, ULONG flags,
                          struct cm_open *how, uint64_t *handle)
{
    WCHAR buffer[300];
    struct cm_text name = wide(path, buffer);
    const struct ob_attributes attributes = {
        .root = root, .name = name.text, .name_length = (USHORT)name.length, .flags = flags};

    return cm_open_key(f->cm, &f->caller, &attributes, KEY_ALL_ACCESS, how, handle);
}

static NTSTATUS open_path(struct fixture *f, const char *path, uint64_t *handle)
{
    struct cm_open how = {.create = false};

    return open_with(f, 0, path, 0, &how, handle);
}

static NTSTATUS make(struct fixture *f, uint64_t root, const char *path, ULONG options,
                     uint64_t *handle, ULONG *disposition)
{
    struct cm_open how = {.create = true, .options = options};
    NTSTATUS status = open_with(f, root, path, 0, &how, handle);

    *disposition = how.disposition;
    return status;
}

static CM_KEY_BODY *key_of(struct fixture *f, uint64_t handle)
{
    void *object;

    assert_ok(ob_reference_object_by_handle(f->executive->ob, &f->caller, handle, 0,
                                            cm_key_type(f->cm), &object, NULL));
    ob_dereference_object(f->executive->ob, object); /* the handle keeps it */
    return object;
}

static void close_key(struct fixture *f, uint64_t handle)
{
    assert_ok(ob_close_handle(f->executive->ob, &f->caller, handle));
}

/* ---- names ---- */

static void names_lead_to_keys(void **state)
{
    static const struct {
        const char *path;
        NTSTATUS status;
    } cases[] = {
        {"\\REGISTRY", STATUS_SUCCESS},
        {"\\Registry\\Machine", STATUS_SUCCESS},
        {"\\registry\\machine\\software\\one\\TWO", STATUS_SUCCESS},
        {SOFTWARE "\\One\\", STATUS_SUCCESS},
        {SOFTWARE "\\\\One", STATUS_SUCCESS},
        {SOFTWARE "\\Link\\Two", STATUS_SUCCESS},
        {"\\REGISTRY\\MACHINE\\HARDWARE\\Cpu", STATUS_SUCCESS},
        {SOFTWARE "\\Three", STATUS_OBJECT_NAME_NOT_FOUND},
        {SOFTWARE "\\Three\\Four", STATUS_OBJECT_NAME_NOT_FOUND},
        {SOFTWARE "\\Loop", STATUS_OBJECT_NAME_NOT_FOUND},
        {"\\BaseNamedObjects", STATUS_OBJECT_TYPE_MISMATCH},
        {"REGISTRY", STATUS_OBJECT_PATH_SYNTAX_BAD},
        {"", STATUS_OBJECT_NAME_INVALID},
    };
    struct fixture f = create();
    uint64_t handle;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        NTSTATUS status = open_path(&f, cases[i].path, &handle);
        assert_status(cases[i].status, status);
        if (NT_SUCCESS(status))
            close_key(&f, handle);
    }
    destroy(&f);
}

static void relative_names(void **state)
{
    struct fixture f = create();
    struct cm_open how = {.create = false};
    uint64_t software, handle;

    (void)state;
    assert_ok(open_path(&f, SOFTWARE, &software));
    assert_ok(open_with(&f, software, "One\\Two", 0, &how, &handle));
    close_key(&f, handle);
    assert_ok(open_with(&f, software, "", 0, &how, &handle));
    close_key(&f, handle);
    assert_status(STATUS_OBJECT_PATH_SYNTAX_BAD,
                  open_with(&f, software, "\\One", 0, &how, &handle));
    close_key(&f, software);
    destroy(&f);
}

/* A link is followed unless it is itself what is wanted. */
static void links(void **state)
{
    struct fixture f = create();
    struct cm_open how = {.create = false};
    WCHAR name[200];
    uint64_t handle;

    (void)state;
    assert_ok(open_path(&f, SOFTWARE "\\Link", &handle));
    size_t length = ob_query_name(f.executive->ob, key_of(&f, handle), name, sizeof(name));
    assert_int_equal(length, sizeof(u"" SOFTWARE "\\One") - sizeof(WCHAR));
    assert_memory_equal(name, u"" SOFTWARE "\\One", length);
    close_key(&f, handle);
    assert_ok(open_with(&f, 0, SOFTWARE "\\Link", OBJ_OPENLINK, &how, &handle));
    length = ob_query_name(f.executive->ob, key_of(&f, handle), name, sizeof(name));
    assert_memory_equal(name, u"" SOFTWARE "\\Link", length);
    close_key(&f, handle);
    destroy(&f);
}

/* ---- making and deleting ---- */

static void keys_come_and_go(void **state)
{
    struct fixture f = create();
    uint64_t software, parent, child, again;
    ULONG how;

    (void)state;
    assert_ok(open_path(&f, SOFTWARE, &software));
    assert_ok(make(&f, software, "New", 0, &parent, &how));
    assert_int_equal(how, REG_CREATED_NEW_KEY);
    assert_ok(make(&f, software, "NEW", 0, &again, &how));
    assert_int_equal(how, REG_OPENED_EXISTING_KEY);
    assert_status(STATUS_OBJECT_NAME_NOT_FOUND, make(&f, parent, "a\\b", 0, &child, &how));
    assert_ok(make(&f, parent, "volatile", REG_OPTION_VOLATILE, &child, &how));
    uint64_t grandchild;
    assert_status(STATUS_CHILD_MUST_BE_VOLATILE, make(&f, child, "stable", 0, &grandchild, &how));
    assert_status(STATUS_CANNOT_DELETE, cm_delete_key(f.cm, key_of(&f, parent)));
    assert_status(STATUS_CANNOT_DELETE, cm_delete_key(f.cm, key_of(&f, software)));
    assert_ok(cm_delete_key(f.cm, key_of(&f, child)));
    assert_ok(cm_delete_key(f.cm, key_of(&f, parent)));
    assert_ok(cm_delete_key(f.cm, key_of(&f, again)));
    assert_status(STATUS_KEY_DELETED, cm_flush_key(f.cm, key_of(&f, again)));
    assert_status(STATUS_KEY_DELETED, make(&f, again, "x", 0, &grandchild, &how));
    assert_int_equal(cm_check(f.cm), 0);
    assert_ok(make(&f, software, "New", 0, &grandchild, &how));
    assert_int_equal(how, REG_CREATED_NEW_KEY);
    uint64_t all[] = {software, parent, child, again, grandchild};
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
        close_key(&f, all[i]);
    destroy(&f);
}

static void long_names(void **state)
{
    struct fixture f = create();
    char name[260];
    uint64_t software, handle;
    ULONG how;

    (void)state;
    assert_ok(open_path(&f, SOFTWARE, &software));
    memset(name, 'n', sizeof(name));
    name[255] = 0;
    assert_ok(make(&f, software, name, 0, &handle, &how));
    close_key(&f, handle);
    name[255] = 'n';
    name[256] = 0;
    assert_status(STATUS_INVALID_PARAMETER, make(&f, software, name, 0, &handle, &how));
    assert_status(STATUS_INVALID_PARAMETER,
                  make(&f, 0, "\\REGISTRY\\MACHINE\\x", 0, &handle, &how));
    assert_status(STATUS_INVALID_PARAMETER, make(&f, 0, "\\REGISTRY\\x", 0, &handle, &how));
    close_key(&f, software);
    destroy(&f);
}

/* ---- values ---- */

static void check_value(struct fixture *f, CM_KEY_BODY *key, const char *name, ULONG size)
{
    const ULONG fixed = offsetof(KEY_VALUE_PARTIAL_INFORMATION, Data);
    WCHAR buffer[300];
    struct cm_answer answer = {.buffer = malloc(fixed + size + 1), .size = fixed + size};
    const KEY_VALUE_PARTIAL_INFORMATION *found = answer.buffer;

    assert_ok(cm_query_value(f->cm, key, wide(name, buffer), KeyValuePartialInformation, &answer));
    assert_int_equal(answer.needed, fixed + size);
    assert_int_equal(found->DataLength, size);
    for (ULONG i = 0; i < size; i++)
        assert_int_equal(found->Data[i], (UCHAR)(i * 7 + size));
    free(answer.buffer);
}

/* Data that stand in the value, in a cell, in one segment and in several. */
static void values_of_all_sizes(void **state)
{
    static const ULONG sizes[] = {0, 1, 4, 5, 16344, 16345, 40000, 4, 70000, 0};
    struct fixture f = create();
    WCHAR buffer[300];
    uint64_t handle;

    (void)state;
    assert_ok(open_path(&f, SOFTWARE "\\One", &handle));
    CM_KEY_BODY *key = key_of(&f, handle);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        UCHAR *data = malloc(sizes[i] + 1);
        for (ULONG j = 0; j < sizes[i]; j++)
            data[j] = (UCHAR)(j * 7 + sizes[i]);
        assert_ok(cm_set_value(f.cm, key, wide("value", buffer), REG_BINARY, data, sizes[i]));
        free(data);
        check_value(&f, key, "VALUE", sizes[i]);
        assert_int_equal(cm_check(f.cm), 0);
    }
    assert_ok(cm_delete_value(f.cm, key, wide("Value", buffer)));
    assert_status(STATUS_OBJECT_NAME_NOT_FOUND, cm_delete_value(f.cm, key, wide("Value", buffer)));
    close_key(&f, handle);
    destroy(&f);
}

static void answers_and_buffers(void **state)
{
    struct fixture f = create();
    char buffer[128];
    WCHAR name[300];
    uint64_t handle;

    (void)state;
    assert_ok(open_path(&f, SOFTWARE "\\One", &handle));
    CM_KEY_BODY *key = key_of(&f, handle);
    struct cm_answer answer = {.buffer = buffer, .size = 11};
    assert_status(STATUS_BUFFER_TOO_SMALL, cm_query_value(f.cm, key, wide("Text", name),
                                                          KeyValuePartialInformation, &answer));
    assert_int_equal(answer.needed, 12 + 10);
    answer.size = 14;
    assert_status(STATUS_BUFFER_OVERFLOW, cm_query_value(f.cm, key, wide("Text", name),
                                                         KeyValuePartialInformation, &answer));
    assert_memory_equal(buffer + 12, u"t", 2);
    assert_status(STATUS_INVALID_PARAMETER,
                  cm_query_value(f.cm, key, wide("Text", name), 99, &answer));
    assert_status(STATUS_OBJECT_NAME_NOT_FOUND,
                  cm_query_value(f.cm, key, wide("None", name), 99, &answer));
    assert_status(STATUS_NO_MORE_ENTRIES,
                  cm_enumerate_value(f.cm, key, 1, KeyValueFullInformation, &answer));
    answer.size = sizeof(buffer);
    assert_ok(cm_enumerate_key(f.cm, key, 0, KeyBasicInformation, &answer));
    assert_memory_equal(buffer + offsetof(KEY_BASIC_INFORMATION, Name), u"Two", 6);
    assert_status(STATUS_NO_MORE_ENTRIES,
                  cm_enumerate_key(f.cm, key, 1, KeyBasicInformation, &answer));
    answer.size = 43;
    assert_status(STATUS_BUFFER_TOO_SMALL, cm_query_key(f.cm, key, KeyFullInformation, &answer));
    answer.size = sizeof(buffer);
    assert_ok(cm_query_key(f.cm, key, KeyFullInformation, &answer));
    KEY_FULL_INFORMATION full;
    memcpy(&full, buffer, offsetof(KEY_FULL_INFORMATION, Class));
    assert_int_equal(full.SubKeys, 1);
    assert_int_equal(full.Values, 1);
    assert_int_equal(full.MaxNameLen, 6);
    assert_int_equal(full.MaxValueDataLen, 10);
    close_key(&f, handle);
    destroy(&f);
}

/* ---- many ---- */

/* More keys than a leaf holds, in an order that makes leaves split everywhere, then away again. */
static void many_subkeys(void **state)
{
    enum { COUNT = 3000 };
    struct fixture f = create();
    uint64_t software, handle;
    char name[32];
    ULONG how;

    (void)state;
    assert_ok(open_path(&f, SOFTWARE, &software));
    for (unsigned i = 0; i < COUNT; i++) {
        snprintf(name, sizeof(name), "key %u", i * 1009 % COUNT);
        assert_ok(make(&f, software, name, i % 3 ? 0 : REG_OPTION_VOLATILE, &handle, &how));
        assert_int_equal(how, REG_CREATED_NEW_KEY);
        close_key(&f, handle);
    }
    assert_int_equal(cm_check(f.cm), 0);
    for (unsigned i = 0; i < COUNT; i++) {
        struct cm_open existing = {.create = false};
        snprintf(name, sizeof(name), "KEY %u", i * 2003 % COUNT);
        assert_ok(open_with(&f, software, name, 0, &existing, &handle));
        assert_ok(cm_delete_key(f.cm, key_of(&f, handle)));
        close_key(&f, handle);
        if (i % 500 == 0)
            assert_int_equal(cm_check(f.cm), 0);
    }
    close_key(&f, software);
    destroy(&f);
}

/* Random changes against a model: which of 40 keys are there, and how large value v of each is. */
enum { KEYS = 40, VALUES = 4, ABSENT = -1 };

struct model {
    uint64_t handle[KEYS]; /* 0: the key is not there */
    int size[KEYS][VALUES];
};

static void make_random(struct fixture *f, struct model *m, uint64_t root, int key)
{
    char name[16];
    ULONG how;

    snprintf(name, sizeof(name), "k%d", key);
    assert_ok(make(f, root, name, key % 4 ? 0 : REG_OPTION_VOLATILE, &m->handle[key], &how));
    assert_int_equal(how, REG_CREATED_NEW_KEY);
    for (int v = 0; v < VALUES; v++)
        m->size[key][v] = ABSENT;
}

static void change_random(struct fixture *f, struct model *m, int key, int v)
{
    CM_KEY_BODY *body = key_of(f, m->handle[key]);
    WCHAR buffer[300];
    char name[16];

    snprintf(name, sizeof(name), "v%d", v);
    if (rand() % 3) {
        int size = rand() % 8 ? rand() % 200 : rand() % 40000;
        UCHAR *data = malloc((size_t)size + 1);
        for (int i = 0; i < size; i++)
            data[i] = (UCHAR)(i * 7 + size);
        assert_ok(cm_set_value(f->cm, body, wide(name, buffer), REG_BINARY, data, (ULONG)size));
        free(data);
        m->size[key][v] = size;
    } else {
        assert_status(m->size[key][v] == ABSENT ? STATUS_OBJECT_NAME_NOT_FOUND : STATUS_SUCCESS,
                      cm_delete_value(f->cm, body, wide(name, buffer)));
        m->size[key][v] = ABSENT;
    }
    if (m->size[key][v] != ABSENT)
        check_value(f, body, name, (ULONG)m->size[key][v]);
}

static void random_changes(void **state)
{
    struct fixture f = create();
    struct model m = {{0}, {{0}}};
    unsigned seed = (unsigned)time(NULL);
    uint64_t root;

    (void)state;
    print_message("seed %u\n", seed);
    srand(seed);
    assert_ok(open_path(&f, SOFTWARE "\\One", &root));
    for (int step = 0; step < 3000; step++) {
        int key = rand() % KEYS;
        if (!m.handle[key]) {
            make_random(&f, &m, root, key);
        } else if (rand() % 10 == 0) {
            assert_ok(cm_delete_key(f.cm, key_of(&f, m.handle[key])));
            close_key(&f, m.handle[key]);
            m.handle[key] = 0;
        } else {
            change_random(&f, &m, key, rand() % VALUES);
        }
        assert_int_equal(cm_check(f.cm), 0);
    }
    for (int key = 0; key < KEYS; key++) {
        if (m.handle[key])
            close_key(&f, m.handle[key]);
    }
    close_key(&f, root);
    destroy(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_lead_to_keys),
        cmocka_unit_test(relative_names),
        cmocka_unit_test(links),
        cmocka_unit_test(keys_come_and_go),
        cmocka_unit_test(long_names),
        cmocka_unit_test(values_of_all_sizes),
        cmocka_unit_test(answers_and_buffers),
        cmocka_unit_test(many_subkeys),
        cmocka_unit_test(random_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
