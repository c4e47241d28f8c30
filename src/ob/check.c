/* src/ob/check.c: is the object manager's state as a whole consistent?
 *
 * Counts are checked against what can be found: every handle of every table is one HandleCount and
 * one PointerCount of its object, every directory entry one PointerCount. References that nobody
 * stores (host code in the middle of something) only make PointerCount higher. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "ob/obi.h"

/* What was found to point to an object. */
struct found {
    OBJECT_HEADER *header;
    LONG64 handles, entries;
};

struct check {
    struct ob *ob;
    struct found *found;
    size_t count, capacity, violations;
    unsigned used; /* handles of the table in hand */
};

__attribute__((format(printf, 2, 3))) static void violation(struct check *c, const char *format,
                                                            ...)
{
    va_list args;

    va_start(args, format);
    fputs("ob_check: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    c->violations++;
}

static struct found *found_of(struct check *c, OBJECT_HEADER *header)
{
    for (size_t i = 0; i < c->count; i++) {
        if (c->found[i].header == header)
            return &c->found[i];
    }
    if (c->count == c->capacity) {
        c->capacity = c->capacity ? 2 * c->capacity : 64;
        c->found = realloc(c->found, c->capacity * sizeof(*c->found));
        ASSERT(c->found);
    }
    c->found[c->count] = (struct found){.header = header};
    return &c->found[c->count++];
}

static void check_header(struct check *c, OBJECT_HEADER *header)
{
    OBJECT_TYPE *type = ob_type_at(c->ob, header->TypeIndex);

    if (!type || type->Index != header->TypeIndex)
        violation(c, "object %p has no type: index %u", (void *)header, header->TypeIndex);
}

static bool check_handle(void *context, uint64_t handle, HANDLE_TABLE_ENTRY *entry)
{
    struct check *c = context;
    OBJECT_HEADER *header = kspace_host(obp_ks(c->ob), ex_handle_entry_pointer(entry));

    (void)handle;
    check_header(c, header);
    found_of(c, header)->handles++;
    c->used++;
    return false;
}

/* As many entries are free and used as the table has. */
static void check_table(struct check *c, HANDLE_TABLE *table)
{
    unsigned leaves = table->NextHandleNeedingPool / 0x400, free_entries = 0;
    uint64_t code = table->TableCode;

    c->used = 0;
    ex_enumerate_handles(c->ob, table, check_handle, c);
    if (c->used != table->HandleCount)
        violation(c, "table %p: HandleCount %u, found %u", (void *)table, table->HandleCount,
                  c->used);
    for (ULONG handle = table->FirstFreeHandle; handle && free_entries <= leaves * 255;) {
        HANDLE_TABLE_ENTRY *entry = ex_peek_handle(c->ob, table, handle);

        if (!entry || entry->Value != 0) {
            violation(c, "table %p (%llx): handle %x is on the free list", (void *)table,
                      (unsigned long long)code, handle);
            return;
        }
        handle = entry->NextFreeTableEntry;
        free_entries++;
    }
    if (free_entries + c->used != leaves * 255)
        violation(c, "table %p: %u free, %u used, %u in all", (void *)table, free_entries, c->used,
                  leaves * 255);
}

static bool is_object_table(struct check *c, const HANDLE_TABLE *table)
{
    return table == c->ob->kernel_table || table->QuotaProcess.va != 0;
}

static void check_directory(struct check *c, OBJECT_DIRECTORY *directory)
{
    for (unsigned index = 0;; index++) {
        void *object = ob_directory_entry(c->ob, directory, index);

        if (!object)
            return;
        check_header(c, ob_header(object));
        found_of(c, ob_header(object))->entries++;
        if (ob_name_info(c->ob, object)->Directory.va != h2k(obp_ks(c->ob), directory))
            violation(c, "object %p: its name is in another directory", object);
        if (ob_object_type(c->ob, object) == c->ob->directory_type)
            check_directory(c, object);
        ob_dereference_object(c->ob, object);
    }
}

size_t ob_check(struct ob *ob)
{
    struct check c = {.ob = ob};

    ke_list_for_each(obp_ks(ob), entry, ob->ke->nt.HandleTableListHead)
    {
        HANDLE_TABLE *table = ke_list_entry(entry, HANDLE_TABLE, HandleTableList);

        if (is_object_table(&c, table))
            check_table(&c, table);
    }
    check_directory(&c, ob->root);
    for (size_t i = 0; i < c.count; i++) {
        OBJECT_HEADER *header = c.found[i].header;

        if (header->HandleCount != c.found[i].handles)
            violation(&c, "object %p: HandleCount %lld, found %lld", (void *)header,
                      (long long)header->HandleCount, (long long)c.found[i].handles);
        if (header->PointerCount < c.found[i].handles + c.found[i].entries)
            violation(&c, "object %p: PointerCount %lld, found %lld", (void *)header,
                      (long long)header->PointerCount,
                      (long long)(c.found[i].handles + c.found[i].entries));
    }
    free(c.found);
    return c.violations;
}
