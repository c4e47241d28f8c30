/* tests/ob/executive.h: an object manager over a small machine, with processes that have only a
 * handle table. */
#pragma once

#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ke/dispatcher.h"
#include "ob/handle_table.h"
#include "ob/ob.h"

struct executive {
    struct machine machine;
    struct ob *ob;
};

static inline struct executive *executive_create(void)
{
    struct executive *e = calloc(1, sizeof(*e));

    machine_create(&e->machine, 64 * MB, 0, 0);
    assert_ok(ob_create(e->machine.mm, &e->machine.ke, &e->ob));
    return e;
}

static inline void executive_destroy(struct executive *e)
{
    assert_int_equal(ob_check(e->ob), 0);
    ob_destroy(e->ob);
    machine_destroy(&e->machine);
    free(e);
}

static inline EPROCESS *executive_process(struct executive *e, EPROCESS *parent)
{
    EPROCESS *process =
        ex_allocate_pool(e->machine.mm, NonPagedPool, sizeof(*process), mm_tag("Proc"));

    memset(process, 0, sizeof(*process));
    process->UniqueProcessId.va = 0x123;
    assert_ok(ob_init_process(e->ob, &(struct ob_inheritance){.parent = parent}, process));
    return process;
}

static inline void executive_end_process(struct executive *e, EPROCESS *process)
{
    ob_kill_process(e->ob, process);
    ex_free_pool(e->machine.mm, process);
}

static inline struct ob_caller user_of(EPROCESS *process)
{
    return (struct ob_caller){.process = process, .mode = UserMode};
}

#define NAME(text)                                                                                 \
    (struct ob_attributes)                                                                         \
    {                                                                                              \
        .name = u"" text, .name_length = sizeof(u"" text) - sizeof(WCHAR),                         \
        .flags = OBJ_CASE_INSENSITIVE                                                              \
    }

static inline OBJECT_TYPE *event_type(struct executive *e)
{
    return k2h(&e->machine.ke.ks, *e->machine.ke.nt.ExEventObjectType);
}

static inline void *make_event(struct executive *e, const struct ob_attributes *attributes)
{
    void *object;

    assert_ok(ob_create_object(e->ob, attributes, event_type(e), 0, &object));
    ke_initialize_event(&e->machine.ke, object, NotificationEvent, false);
    return object;
}

static inline LONG64 pointers(const void *object)
{
    return ob_header(object)->PointerCount;
}

static inline LONG64 handles(const void *object)
{
    return ob_header(object)->HandleCount;
}
