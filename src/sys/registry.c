/* src/sys/registry.c: the registry's services.
 *
 * Source of argument order, rights and statuses: documentation of ZwCreateKey, ZwOpenKeyEx,
 * ZwQueryKey, ZwEnumerateKey, ZwQueryValueKey, ZwEnumerateValueKey, ZwSetValueKey, ZwDeleteKey,
 * ZwDeleteValueKey, ZwFlushKey.
 */
#include <stdlib.h>

#include "cm/cm.h"
#include "sys/sys.h"

#define FIRST_ANSWER 1024u     /* bytes: most answers are smaller */
#define MOST_DATA (256u << 20) /* bytes of one value */

static NTSTATUS get_key(struct sys_call *call, uint64_t handle, uint32_t access, CM_KEY_BODY **key)
{
    void *object;
    NTSTATUS status = sys_get_object(call, handle, access, cm_key_type(call->sys->cm), &object);
    *key = object;
    return status;
}

static struct cm_text text_of(const struct sys_string *string)
{
    return (struct cm_text){string->text, (ULONG)(string->length * sizeof(WCHAR))};
}

/* ---- opening ---- */

static NTSTATUS open_key(struct sys_call *call, struct cm_open *open)
{
    struct ob_caller caller = ps_caller(call->thread);
    struct sys_attributes attributes;
    uint64_t handle = 0;
    NTSTATUS status = SYS_PUT(call, call->arg[0], handle);
    if (NT_SUCCESS(status)) {
        status = sys_get_attributes(call, call->arg[2], &attributes);
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    struct ob_attributes named = sys_ob_attributes(&attributes);
    status = cm_open_key(call->sys->cm, &caller, &named, (uint32_t)call->arg[1], open, &handle);
    sys_free_attributes(&attributes);
    return NT_SUCCESS(status) ? sys_put_handle(call, call->arg[0], handle, status) : status;
}

/* NtOpenKey(*handle, access, attributes) */
static NTSTATUS open_existing(struct sys_call *call)
{
    struct cm_open open = {.create = false};
    return open_key(call, &open);
}

/* NtOpenKeyEx(*handle, access, attributes, options) */
static NTSTATUS open_existing_ex(struct sys_call *call)
{
    struct cm_open open = {.options = (uint32_t)call->arg[3]};
    return open.options & ~(REG_OPTION_OPEN_LINK | REG_OPTION_BACKUP_RESTORE)
               ? STATUS_INVALID_PARAMETER
               : open_key(call, &open);
}

/* NtCreateKey(*handle, access, attributes, title index, *class, options, *disposition) */
static NTSTATUS create(struct sys_call *call)
{
    struct cm_open open = {.create = true, .options = (uint32_t)call->arg[5]};
    struct sys_string class_name = {NULL, 0};
    NTSTATUS status =
        open.options & ~REG_CREATE_OPTIONS ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;
    if (NT_SUCCESS(status) && call->arg[6]) {
        status = sys_probe_write(call, call->arg[6], sizeof(uint32_t));
    }
    if (NT_SUCCESS(status) && call->arg[4]) {
        status = sys_get_string(call, call->arg[4], &class_name);
    }
    if (NT_SUCCESS(status)) {
        open.class_name = text_of(&class_name);
        status = open_key(call, &open);
    }
    sys_free_string(&class_name);
    if (NT_SUCCESS(status)) {
        uint32_t disposition = open.disposition;
        NTSTATUS put = sys_put_optional(call, call->arg[6], &disposition, sizeof disposition);
        (void)put; /* it was probed; the key is open whatever another thread has done since */
    }
    return status;
}

/* ---- asking ---- */

/* A question: which of cm's functions, and what it is asked about. */
struct question {
    CM_KEY_BODY *key;
    struct sys_string name;
    uint32_t index, class;
    NTSTATUS (*ask)(struct cm *cm, const struct question *question, struct cm_answer *answer);
};

static NTSTATUS ask_key(struct cm *cm, const struct question *q, struct cm_answer *answer)
{
    return cm_query_key(cm, q->key, q->class, answer);
}

static NTSTATUS ask_subkey(struct cm *cm, const struct question *q, struct cm_answer *answer)
{
    return cm_enumerate_key(cm, q->key, q->index, q->class, answer);
}

static NTSTATUS ask_value(struct cm *cm, const struct question *q, struct cm_answer *answer)
{
    return cm_query_value(cm, q->key, text_of(&q->name), q->class, answer);
}

static NTSTATUS ask_value_at(struct cm *cm, const struct question *q, struct cm_answer *answer)
{
    return cm_enumerate_value(cm, q->key, q->index, q->class, answer);
}

/* Ask with a buffer of ours that is as large as the caller's, but not larger than the answer. What
 * is asked about may grow meanwhile, so this may take more than two rounds. free() the buffer. */
static NTSTATUS ask(struct sys_call *call, const struct question *q, uint32_t limit,
                    struct cm_answer *answer)
{
    NTSTATUS status = STATUS_SUCCESS;
    *answer = (struct cm_answer){.size = limit < FIRST_ANSWER ? limit : FIRST_ANSWER};
    for (;;) {
        answer->buffer = malloc(answer->size + 1);
        if (!answer->buffer) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        status = q->ask(call->sys->cm, q, answer);
        if (answer->needed <= answer->size || answer->size == limit) {
            return status;
        }
        answer->size = answer->needed < limit ? answer->needed : limit;
        free(answer->buffer);
    }
}

/* Answer into buffer, length, *result length: arguments `at` and up. */
static NTSTATUS reply(struct sys_call *call, const struct question *q, unsigned at)
{
    struct cm_answer answer;
    NTSTATUS status = ask(call, q, (uint32_t)call->arg[at + 1], &answer);
    bool written = NT_SUCCESS(status) || status == STATUS_BUFFER_OVERFLOW;
    NTSTATUS put = STATUS_SUCCESS;
    if (written || status == STATUS_BUFFER_TOO_SMALL) {
        uint32_t needed = answer.needed;
        put = SYS_PUT(call, call->arg[at + 2], needed);
    }
    if (written && NT_SUCCESS(put)) {
        uint32_t size = answer.needed < answer.size ? answer.needed : answer.size;
        put = sys_put(call, call->arg[at], answer.buffer, size);
    }
    free(answer.buffer);
    return NT_SUCCESS(put) ? status : put;
}

/* Reference the key, ask, reply. */
static NTSTATUS query(struct sys_call *call, struct question *q, uint32_t access, unsigned at)
{
    NTSTATUS status = get_key(call, call->arg[0], access, &q->key);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = reply(call, q, at);
    ob_dereference_object(call->sys->ob, q->key);
    return status;
}

/* NtQueryKey(handle, class, buffer, length, *result length) */
static NTSTATUS query_key(struct sys_call *call)
{
    struct question q = {.class = (uint32_t)call->arg[1], .ask = ask_key};
    return query(call, &q, q.class == KeyNameInformation ? 0 : KEY_QUERY_VALUE, 2);
}

/* NtEnumerateKey(handle, index, class, buffer, length, *result length) */
static NTSTATUS enumerate_key(struct sys_call *call)
{
    struct question q = {
        .index = (uint32_t)call->arg[1], .class = (uint32_t)call->arg[2], .ask = ask_subkey};
    return q.class == KeyNameInformation ? STATUS_INVALID_PARAMETER
                                         : query(call, &q, KEY_ENUMERATE_SUB_KEYS, 3);
}

/* NtQueryValueKey(handle, *name, class, buffer, length, *result length) */
static NTSTATUS query_value(struct sys_call *call)
{
    struct question q = {.class = (uint32_t)call->arg[2], .ask = ask_value};
    NTSTATUS status = sys_get_string(call, call->arg[1], &q.name);
    if (NT_SUCCESS(status)) {
        status = query(call, &q, KEY_QUERY_VALUE, 3);
    }
    sys_free_string(&q.name);
    return status;
}

/* NtEnumerateValueKey(handle, index, class, buffer, length, *result length) */
static NTSTATUS enumerate_value(struct sys_call *call)
{
    struct question q = {
        .index = (uint32_t)call->arg[1], .class = (uint32_t)call->arg[2], .ask = ask_value_at};
    return query(call, &q, KEY_QUERY_VALUE, 3);
}

/* ---- changing ---- */

static NTSTATUS set_captured(struct sys_call *call, const struct sys_string *name, const void *data)
{
    CM_KEY_BODY *key;
    NTSTATUS status = get_key(call, call->arg[0], KEY_SET_VALUE, &key);
    if (NT_SUCCESS(status)) {
        status = cm_set_value(call->sys->cm, key, text_of(name), (uint32_t)call->arg[3], data,
                              (uint32_t)call->arg[5]);
        ob_dereference_object(call->sys->ob, key);
    }
    return status;
}

/* NtSetValueKey(handle, *name, title index, type, data, size) */
static NTSTATUS set_value(struct sys_call *call)
{
    struct sys_string name;
    uint32_t size = (uint32_t)call->arg[5];
    NTSTATUS status = sys_get_string(call, call->arg[1], &name);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    void *data = size <= MOST_DATA ? malloc(size + 1) : NULL;
    status = data ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
    if (NT_SUCCESS(status) && size) {
        status = sys_get(call, data, call->arg[4], size);
    }
    if (NT_SUCCESS(status)) {
        status = set_captured(call, &name, data);
    }
    free(data);
    sys_free_string(&name);
    return status;
}

/* NtDeleteValueKey(handle, *name) */
static NTSTATUS delete_value(struct sys_call *call)
{
    struct sys_string name;
    CM_KEY_BODY *key;
    NTSTATUS status = sys_get_string(call, call->arg[1], &name);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = get_key(call, call->arg[0], KEY_SET_VALUE, &key);
    if (NT_SUCCESS(status)) {
        status = cm_delete_value(call->sys->cm, key, text_of(&name));
        ob_dereference_object(call->sys->ob, key);
    }
    sys_free_string(&name);
    return status;
}

/* NtDeleteKey(handle) */
static NTSTATUS delete_key(struct sys_call *call)
{
    CM_KEY_BODY *key;
    NTSTATUS status = get_key(call, call->arg[0], DELETE, &key);
    if (NT_SUCCESS(status)) {
        status = cm_delete_key(call->sys->cm, key);
        ob_dereference_object(call->sys->ob, key);
    }
    return status;
}

/* NtFlushKey(handle) */
static NTSTATUS flush(struct sys_call *call)
{
    CM_KEY_BODY *key;
    NTSTATUS status = get_key(call, call->arg[0], 0, &key);
    if (NT_SUCCESS(status)) {
        status = cm_flush_key(call->sys->cm, key);
        ob_dereference_object(call->sys->ob, key);
    }
    return status;
}

static const struct sys_entry entries[] = {
    {SERVICE_NtOpenKey, open_existing},
    {SERVICE_NtOpenKeyEx, open_existing_ex},
    {SERVICE_NtCreateKey, create},
    {SERVICE_NtQueryKey, query_key},
    {SERVICE_NtEnumerateKey, enumerate_key},
    {SERVICE_NtQueryValueKey, query_value},
    {SERVICE_NtEnumerateValueKey, enumerate_value},
    {SERVICE_NtSetValueKey, set_value},
    {SERVICE_NtDeleteKey, delete_key},
    {SERVICE_NtDeleteValueKey, delete_value},
    {SERVICE_NtFlushKey, flush},
};
const struct sys_family sys_registry_family = {entries, sizeof entries / sizeof *entries};
