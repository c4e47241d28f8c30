/* src/ob/name.c: the namespace: directories and following names.
 *
 * A directory hashes names (upper case) into 37 buckets of OBJECT_DIRECTORY_ENTRY chains. An entry
 * has a reference to its object, the object's name header points back to the directory and has a
 * reference to it. Names compare without case when the caller asks for it (OBJ_CASE_INSENSITIVE),
 * or looks for an object of a type whose names do: files, devices, directories, links. Others, such
 * as events and sections, may differ by case alone. Source: CreateEvent, documentation ("name
 * comparison is case sensitive"); OBJECT_TYPE_INITIALIZER.CaseInsensitive, symbols.
 *
 * Following a name takes one component at a time and ends in one of four ways:
 *
 *      \Device\HarddiskVolume1\work\a.txt
 *       |directory             |its type has a parse procedure: it gets the rest and says what it
 * means
 *      \??\C:\work\a.txt
 *           |symbolic link: begin again with target + rest, at most 32 times
 *      \BaseNamedObjects\event
 *                        |the last component: this is it, or (insert) this is where it goes
 *      \BaseNamedObjects\event\more
 *                              |nothing leads further: not found
 */
#include <stdlib.h>
#include <string.h>

#include "base/upcase.h"
#include "ob/obi.h"

bool obp_names_equal(const WCHAR *a, const WCHAR *b, unsigned length)
{
    for (unsigned i = 0; i < length / sizeof(WCHAR); i++) {
        if (upcase(a[i]) != upcase(b[i]))
            return false;
    }
    return true;
}

/* ---- directories ---- */

/* A component of a name: not terminated, length in bytes. */
struct component {
    const WCHAR *text;
    USHORT length;
};

static bool matches(const WCHAR *text, struct component name, bool ignore_case)
{
    return ignore_case ? obp_names_equal(text, name.text, name.length)
                       : memcmp(text, name.text, name.length) == 0;
}

/* FNV-1a over the upper-case text. */
static ULONG hash_name(struct component name)
{
    ULONG hash = 0x811C9DC5u;

    for (unsigned i = 0; i < name.length / sizeof(WCHAR); i++)
        hash = (hash ^ upcase(name.text[i])) * 0x01000193u;
    return hash;
}

/* The link that points to the entry of that name, or to the null at the end of its chain.
 * => the directory's lock is held */
static uint64_t *find_link(struct ob *ob, OBJECT_DIRECTORY *directory, struct component name,
                           bool ignore_case)
{
    ULONG hash = hash_name(name);
    uint64_t *link = &directory->HashBuckets[hash % OBP_BUCKETS].va;

    while (*link) {
        OBJECT_DIRECTORY_ENTRY *entry = kspace_host(obp_ks(ob), *link);
        OBJECT_HEADER_NAME_INFO *info = ob_name_info(ob, k2h(obp_ks(ob), entry->Object));

        if (entry->HashValue == hash && info->Name.Length == name.length &&
            matches(k2h(obp_ks(ob), info->Name.Buffer), name, ignore_case))
            break;
        link = &entry->ChainLink.va;
    }
    return link;
}

/* => referenced, NULL: not there */
static void *find_entry(struct ob *ob, OBJECT_DIRECTORY *directory, struct component name,
                        bool ignore_case)
{
    void *object = NULL;
    uint64_t *link;

    ex_acquire_push_lock_shared(&directory->Lock, KE_RANK_OBJECT_DIRECTORY);
    link = find_link(ob, directory, name, ignore_case);
    if (*link) {
        OBJECT_DIRECTORY_ENTRY *entry = kspace_host(obp_ks(ob), *link);

        object = k2h(obp_ks(ob), entry->Object);
        ob_reference_object(ob, object);
    }
    ex_release_push_lock_shared(&directory->Lock, KE_RANK_OBJECT_DIRECTORY);
    return object;
}

/* Enter `object`. => *existing (referenced) when the name was taken meanwhile, else NULL;
 *    STATUS_INSUFFICIENT_RESOURCES */
static NTSTATUS insert_entry(struct ob *ob, OBJECT_DIRECTORY *directory, struct component name,
                             bool ignore_case, void *object, void **existing)
{
    OBJECT_DIRECTORY_ENTRY *entry =
        ex_allocate_pool(ob->mm, PagedPool, sizeof(*entry), mm_tag("ObDi"));
    OBJECT_HEADER_NAME_INFO *info = ob_name_info(ob, object);
    uint64_t *link;

    *existing = NULL;
    if (!entry)
        return STATUS_INSUFFICIENT_RESOURCES;
    ex_acquire_push_lock_exclusive(&directory->Lock, KE_RANK_OBJECT_DIRECTORY);
    link = find_link(ob, directory, name, ignore_case);
    if (*link) {
        *existing =
            k2h(obp_ks(ob), ((OBJECT_DIRECTORY_ENTRY *)kspace_host(obp_ks(ob), *link))->Object);
        ob_reference_object(ob, *existing);
    } else {
        entry->ChainLink.va = 0;
        entry->Object.va = h2k(obp_ks(ob), object);
        entry->HashValue = hash_name(name);
        *link = h2k(obp_ks(ob), entry);
        __atomic_store_n(&info->Directory.va, h2k(obp_ks(ob), directory), __ATOMIC_RELEASE);
        ob_reference_object(ob, object);
        ob_reference_object(ob, directory);
    }
    ex_release_push_lock_exclusive(&directory->Lock, KE_RANK_OBJECT_DIRECTORY);
    if (*existing)
        ex_free_pool(ob->mm, entry);
    return STATUS_SUCCESS;
}

/* Take the object's entry out of its directory if it may go. => the entry, NULL: it stays */
static OBJECT_DIRECTORY_ENTRY *unlink_entry(struct ob *ob, OBJECT_DIRECTORY *directory,
                                            void *object, OBJECT_HEADER_NAME_INFO *info)
{
    OBJECT_HEADER *header = ob_header(object);
    struct component name = {k2h(obp_ks(ob), info->Name.Buffer), info->Name.Length};
    OBJECT_DIRECTORY_ENTRY *entry = NULL;

    ex_acquire_push_lock_exclusive(&directory->Lock, KE_RANK_OBJECT_DIRECTORY);
    if (info->Directory.va == h2k(obp_ks(ob), directory) &&
        __atomic_load_n(&header->HandleCount, __ATOMIC_ACQUIRE) == 0 &&
        !(__atomic_load_n(&header->Flags, __ATOMIC_ACQUIRE) & OBP_FLAG_PERMANENT)) {
        uint64_t *link = find_link(ob, directory, name, false);

        entry = kspace_host(obp_ks(ob), *link);
        ASSERT(entry->Object.va == h2k(obp_ks(ob), object));
        *link = entry->ChainLink.va;
        __atomic_store_n(&info->Directory.va, 0, __ATOMIC_RELEASE);
    }
    ex_release_push_lock_exclusive(&directory->Lock, KE_RANK_OBJECT_DIRECTORY);
    return entry;
}

void obp_delete_name(struct ob *ob, void *object)
{
    OBJECT_HEADER_NAME_INFO *info = ob_name_info(ob, object);
    OBJECT_DIRECTORY_ENTRY *entry;
    OBJECT_DIRECTORY *directory;
    uint64_t directory_va;

    if (!info)
        return;
    /* An object enters at most one directory, once, so what is read here can only become 0. */
    directory_va = __atomic_load_n(&info->Directory.va, __ATOMIC_ACQUIRE);
    if (!directory_va)
        return;
    directory = kspace_host(obp_ks(ob), directory_va);
    if ((entry = unlink_entry(ob, directory, object, info)) == NULL)
        return;
    ex_free_pool(ob->mm, entry);
    ob_dereference_object(ob, directory);
    ob_dereference_object(ob, object);
}

void obp_delete_directory(struct ob *ob, void *object)
{
    OBJECT_DIRECTORY *directory = object;

    (void)ob;
    for (int i = 0; i < OBP_BUCKETS; i++) /* every entry's object has a reference to us */
        ASSERT(directory->HashBuckets[i].va == 0);
}

void obp_delete_link(struct ob *ob, void *object)
{
    OBJECT_SYMBOLIC_LINK *link = object;

    if (link->LinkTarget.Buffer.va)
        ex_free_pool(ob->mm, k2h(obp_ks(ob), link->LinkTarget.Buffer));
}

void *ob_directory_entry(struct ob *ob, OBJECT_DIRECTORY *directory, unsigned index)
{
    void *object = NULL;

    ex_acquire_push_lock_shared(&directory->Lock, KE_RANK_OBJECT_DIRECTORY);
    for (int bucket = 0; bucket < OBP_BUCKETS && !object; bucket++) {
        for (uint64_t va = directory->HashBuckets[bucket].va; va; index--) {
            OBJECT_DIRECTORY_ENTRY *entry = kspace_host(obp_ks(ob), va);

            if (index == 0) {
                object = k2h(obp_ks(ob), entry->Object);
                ob_reference_object(ob, object);
                break;
            }
            va = entry->ChainLink.va;
        }
    }
    ex_release_push_lock_shared(&directory->Lock, KE_RANK_OBJECT_DIRECTORY);
    return object;
}

/* ---- following a name ---- */

/* The walk: where it is and what is left of the path. */
struct walk {
    struct ob *ob;
    const struct obp_lookup *lookup;
    WCHAR *path;           /* after a symbolic link: our own text */
    struct component rest; /* not yet looked at, without a leading backslash */
    void *at;              /* referenced */
    unsigned links;
    bool ignore_case;
    bool trailing; /* a backslash ends the path: only a parse procedure takes that */
};

static void walk_to(struct walk *w, void *object)
{
    if (w->at)
        ob_dereference_object(w->ob, w->at);
    w->at = object;
}

/* Split the next component off the rest. => false: it is empty (two backslashes) */
static bool next_component(struct walk *w, struct component *name)
{
    unsigned chars = w->rest.length / sizeof(WCHAR), i = 0;

    while (i < chars && w->rest.text[i] != '\\')
        i++;
    *name = (struct component){w->rest.text, (USHORT)(i * sizeof(WCHAR))};
    w->trailing = i + 1 == chars;
    if (i < chars)
        i++;
    w->rest = (struct component){w->rest.text + i, (USHORT)((chars - i) * sizeof(WCHAR))};
    return name->length > 0;
}

/* The text that follows `name` in the path, with its leading backslash. */
static struct component remaining(const struct walk *w, struct component name)
{
    const WCHAR *text = name.text + name.length / sizeof(WCHAR);
    USHORT length = w->rest.length;

    if (length > 0 || w->trailing)
        length += sizeof(WCHAR);
    return (struct component){text, length};
}

/* Begin again at `target` followed by `rest`. */
static NTSTATUS follow_link(struct walk *w, const OBJECT_SYMBOLIC_LINK *link, struct component rest)
{
    size_t target = link->LinkTarget.Length, length = target + rest.length;
    WCHAR *path;

    if (++w->links > OBP_MAX_LINKS)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    if (length > UINT16_MAX)
        return STATUS_NAME_TOO_LONG;
    if (!(path = malloc(length + sizeof(WCHAR))))
        return STATUS_INSUFFICIENT_RESOURCES;
    memcpy(path, kspace_host(obp_ks(w->ob), link->LinkTarget.Buffer.va), target);
    memcpy((char *)path + target, rest.text, rest.length);
    free(w->path);
    w->path = path;
    if (length < sizeof(WCHAR) || path[0] != '\\')
        return STATUS_OBJECT_PATH_SYNTAX_BAD;
    w->rest = (struct component){path + 1, (USHORT)(length - sizeof(WCHAR))};
    ob_reference_object(w->ob, w->ob->root);
    walk_to(w, w->ob->root);
    return STATUS_SUCCESS;
}

/* Let the type of where we are say what `rest` means. The walk is over. */
static NTSTATUS call_parse(struct walk *w, struct component rest)
{
    const struct obp_lookup *l = w->lookup;
    OBJECT_TYPE *type = ob_object_type(w->ob, w->at);
    ULONG access = ob_map_generic(&type->TypeInfo.GenericMapping, l->access);
    struct ob_parse parse = {
        .caller = l->caller,
        .rest = rest.text,
        .rest_length = rest.length,
        .attributes = l->attributes->flags,
        .access = &access,
        .context = l->context,
    };
    NTSTATUS status;

    if (l->insert)
        return STATUS_OBJECT_TYPE_MISMATCH;
    status = ob_type_ops_of(w->ob, type)->parse(w->ob, w->at, &parse);
    if (NT_SUCCESS(status))
        walk_to(w, parse.object);
    return status;
}

/* The last component is not there: enter the new object, if there is one. */
static NTSTATUS insert_here(struct walk *w, struct component name)
{
    void *existing;
    NTSTATUS status =
        insert_entry(w->ob, w->at, name, w->ignore_case, w->lookup->insert, &existing);

    if (!NT_SUCCESS(status))
        return status;
    if (!existing)
        ob_reference_object(w->ob, w->lookup->insert);
    walk_to(w, existing ? existing : w->lookup->insert);
    return existing ? STATUS_OBJECT_NAME_EXISTS : STATUS_SUCCESS;
}

enum step { WALK_ON, WALK_DONE };

/* One component further. => WALK_DONE: *status is the end of it */
static enum step walk_step(struct walk *w, NTSTATUS *status)
{
    const struct obp_lookup *l = w->lookup;
    struct component name, after;
    OBJECT_TYPE *type;
    void *object;
    bool last;

    *status = STATUS_OBJECT_NAME_INVALID;
    if (!next_component(w, &name))
        return WALK_DONE;
    last = w->rest.length == 0;
    after = remaining(w, name);
    object = find_entry(w->ob, w->at, name, w->ignore_case);
    if (!object) {
        if (w->trailing)
            return WALK_DONE;
        *status = last ? STATUS_OBJECT_NAME_NOT_FOUND : STATUS_OBJECT_PATH_NOT_FOUND;
        if (last && l->insert)
            *status = insert_here(w, name);
        return WALK_DONE;
    }
    walk_to(w, object);
    if (last && l->insert) {
        *status = w->trailing ? STATUS_OBJECT_NAME_INVALID : STATUS_OBJECT_NAME_EXISTS;
        return WALK_DONE;
    }
    type = ob_object_type(w->ob, object);
    if (type == w->ob->link_type && !(last && (l->attributes->flags & OBJ_OPENLINK))) {
        *status = follow_link(w, object, after);
        return NT_SUCCESS(*status) ? WALK_ON : WALK_DONE;
    }
    if (ob_type_ops_of(w->ob, type)->parse) {
        *status = call_parse(w, after);
        return WALK_DONE;
    }
    if (w->trailing)
        return WALK_DONE;
    if (last || type != w->ob->directory_type) {
        *status = last ? STATUS_SUCCESS : STATUS_OBJECT_PATH_NOT_FOUND;
        return WALK_DONE;
    }
    return WALK_ON;
}

/* Begin at the root directory handle: a directory, or something with a parse procedure. */
static NTSTATUS begin_at_handle(struct walk *w, bool *done)
{
    const struct obp_lookup *l = w->lookup;
    void *object;
    NTSTATUS status = ob_reference_object_by_handle(w->ob, l->caller, l->attributes->root, 0, NULL,
                                                    &object, NULL);

    if (!NT_SUCCESS(status))
        return status;
    walk_to(w, object);
    if (ob_type_ops_of(w->ob, ob_object_type(w->ob, object))->parse) {
        *done = true;
        return call_parse(w, w->rest);
    }
    if (ob_object_type(w->ob, object) != w->ob->directory_type)
        return STATUS_OBJECT_TYPE_MISMATCH;
    if (w->rest.length > 0 && w->rest.text[0] == '\\')
        return STATUS_OBJECT_PATH_SYNTAX_BAD;
    *done = w->rest.length == 0;
    return STATUS_SUCCESS;
}

static NTSTATUS begin(struct walk *w, bool *done)
{
    const struct ob_attributes *attributes = w->lookup->attributes;

    w->rest = (struct component){attributes->name, attributes->name ? attributes->name_length : 0};
    *done = false;
    if (attributes->name_length % sizeof(WCHAR))
        return STATUS_OBJECT_NAME_INVALID;
    if (attributes->root)
        return begin_at_handle(w, done);
    if (w->rest.length == 0)
        return STATUS_OBJECT_NAME_INVALID;
    if (w->rest.text[0] != '\\')
        return STATUS_OBJECT_PATH_SYNTAX_BAD;
    w->rest.text++;
    w->rest.length -= sizeof(WCHAR);
    ob_reference_object(w->ob, w->ob->root);
    walk_to(w, w->ob->root);
    if (w->rest.length == 0)
        *done = true;
    return STATUS_SUCCESS;
}

static bool ignores_case(struct ob *ob, const struct obp_lookup *lookup)
{
    OBJECT_TYPE *type = lookup->insert ? ob_object_type(ob, lookup->insert) : lookup->type;

    return lookup->attributes->flags & OBJ_CASE_INSENSITIVE || !type ||
           type->TypeInfo.CaseInsensitive || ob_type_ops_of(ob, type)->parse;
}

NTSTATUS obp_lookup_name(struct ob *ob, const struct obp_lookup *lookup, void **object)
{
    struct walk w = {.ob = ob, .lookup = lookup, .ignore_case = ignores_case(ob, lookup)};
    bool done;
    NTSTATUS status = begin(&w, &done);

    if (NT_SUCCESS(status) && done && lookup->insert)
        status = STATUS_OBJECT_NAME_EXISTS;
    if (NT_SUCCESS(status) && !done) {
        while (walk_step(&w, &status) == WALK_ON)
            ;
    }
    if (NT_SUCCESS(status) && lookup->type && ob_object_type(ob, w.at) != lookup->type)
        status = STATUS_OBJECT_TYPE_MISMATCH;
    if (!NT_SUCCESS(status))
        walk_to(&w, NULL);
    free(w.path);
    *object = w.at;
    return status;
}
