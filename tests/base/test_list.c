/* tests/base/test_list.c: lists, and the log's levels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/list.h"
#include "base/log.h"

struct item {
    int value;
    struct list_node node;
};

static int value_of(struct list_node *node)
{
    return list_entry(node, struct item, node)->value;
}

static void test_order(void **state)
{
    (void)state;
    struct list_node head = LIST_INIT(head);
    struct item items[4] = {{.value = 0}, {.value = 1}, {.value = 2}, {.value = 3}};
    int expected = 0;

    assert_true(list_empty(&head));
    assert_null(list_pop_head(&head));
    list_insert_tail(&items[2].node, &head);
    list_insert_head(&items[0].node, &head);
    list_insert_after(&items[1].node, &items[0].node);
    list_insert_tail(&items[3].node, &head);
    list_for_each(node, &head) assert_int_equal(value_of(node), expected++);
    assert_int_equal(expected, 4);
    assert_int_equal(list_length(&head), 4);
    list_for_each_safe(node, &head)
    {
        if (value_of(node) % 2)
            list_remove(node);
    }
    assert_int_equal(list_length(&head), 2);
    list_remove(&items[1].node); /* again: harmless */
    assert_int_equal(value_of(list_pop_head(&head)), 0);
    assert_int_equal(value_of(list_pop_head(&head)), 2);
    assert_true(list_empty(&head));
}

struct captured {
    int count;
    enum log_level level;
    char text[2048];
};

static void capture(void *context, enum log_level level, const char *message)
{
    struct captured *captured = context;
    captured->count++;
    captured->level = level;
    strncpy(captured->text, message, sizeof(captured->text) - 1);
}

static void test_log(void **state)
{
    (void)state;
    struct captured captured = {0};
    struct log log = {.level = LOG_WARNING, .write = capture, .context = &captured};
    enum log_level level;

    log_warning(&log, "%s returns %#x", "NtFoo", 0xC0000002);
    assert_int_equal(captured.count, 1);
    assert_int_equal(captured.level, LOG_WARNING);
    assert_string_equal(captured.text, "NtFoo returns 0xc0000002");
    log_info(&log, "dropped");
    assert_int_equal(captured.count, 1);
    log_error(NULL, "nobody listens");
    log_error(&log, "%2000s", "long messages are cut");
    assert_int_equal(strlen(captured.text), 1023);
    assert_true(log_level_parse("debug", &level));
    assert_int_equal(level, LOG_DEBUG);
    assert_false(log_level_parse("loud", &level));
    assert_string_equal(log_level_name(LOG_INFO), "info");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
