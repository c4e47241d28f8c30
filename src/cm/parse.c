/* src/cm/parse.c: from a name to a key.
 *
 * The object manager follows a name to \REGISTRY, or to a key that a handle stands for, and hands
 * over the rest. A walk goes down one component at a time and keeps the control block of where it
 * is, so that what it found cannot go meanwhile:
 *
 *      Machine \ System \ CurrentControlSet \ Services
 *         |        |             |  a symbolic link: begin again at its target + the rest
 *         |        |  a link node: the root of another hive
 *         |  a subkey
 *
 * Where a component is missing and the walk may create, the key is made there: the last component,
 * or all of them at boot. Empty components are passed over.
 */
#include <stdlib.h>

#include "cm/cmi.h"

struct state {
    const struct cmp_walk *walk;
    CM_KEY_CONTROL_BLOCK *at; /* referenced */
    struct cm_text rest;
    WCHAR *path; /* after a symbolic link: our own text */
    unsigned links;
};

/* The next component; an empty one: the path has ended. */
static struct cm_text next_component(struct state *s)
{
    ULONG chars = s->rest.length / sizeof(WCHAR), begin = 0, end;

    while (begin < chars && s->rest.text[begin] == '\\')
        begin++;
    for (end = begin; end < chars && s->rest.text[end] != '\\';)
        end++;
    struct cm_text name = {s->rest.text + begin, (ULONG)((end - begin) * sizeof(WCHAR))};
    while (end < chars && s->rest.text[end] == '\\')
        end++;
    s->rest = cmp_text(s->rest.text + end, (ULONG)((chars - end) * sizeof(WCHAR)));
    return name;
}

static void step_to(struct cm *cm, struct state *s, CM_KEY_CONTROL_BLOCK *kcb)
{
    cmp_dereference_kcb(cm, s->at);
    s->at = kcb;
}

void cmp_follow_hive(struct cm *cm, CMHIVE **hive, ULONG *cell)
{
    const CM_KEY_NODE *node = cmp_cell(cm, *hive, *cell);

    if (node->Flags & CMP_KEY_HIVE_EXIT) {
        *cell = node->ChildHiveReference.KeyCell;
        *hive = kspace_host(cmp_ks(cm), node->ChildHiveReference.KeyHive.va);
    }
}

/* ---- symbolic links ---- */

static const WCHAR link_value_name[] = u"SymbolicLinkValue";
static const WCHAR registry_prefix[] = u"\\REGISTRY";
enum { PREFIX = sizeof(registry_prefix) - sizeof(WCHAR) };

/* Does the text begin with \REGISTRY as a whole component? */
static bool is_registry_path(struct cm_text path)
{
    const struct cmp_stored_name prefix = {registry_prefix, PREFIX, false};

    return path.length >= PREFIX && cmp_compare_name(cmp_text(path.text, PREFIX), prefix) == 0 &&
           (path.length == PREFIX || path.text[PREFIX / sizeof(WCHAR)] == '\\');
}

/* Begin again at the target of the link we are at. */
static NTSTATUS follow_link(struct cm *cm, struct state *s)
{
    CMHIVE *hive = cmp_hive_of(cm, s->at);
    ULONG index;
    const CM_KEY_VALUE *value =
        cmp_find_value(cm, hive, cmp_node_of(cm, s->at),
                       cmp_text(link_value_name, sizeof(link_value_name) - sizeof(WCHAR)), &index);

    if (!value || value->Type != REG_LINK || ++s->links > CMP_MAX_LINKS)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    ULONG target = cmp_value_size(value) / sizeof(WCHAR) * sizeof(WCHAR);
    WCHAR *path = malloc(target + sizeof(WCHAR) + s->rest.length);
    if (!path)
        return STATUS_INSUFFICIENT_RESOURCES;
    cmp_read_value(cm, hive, value, path, target);
    path[target / sizeof(WCHAR)] = '\\';
    if (s->rest.length)
        memcpy(path + target / sizeof(WCHAR) + 1, s->rest.text, s->rest.length);
    free(s->path);
    s->path = path;
    if (!is_registry_path(cmp_text(path, target)))
        return STATUS_OBJECT_NAME_NOT_FOUND;
    s->rest = cmp_text(path + PREFIX / sizeof(WCHAR),
                       (ULONG)(target + sizeof(WCHAR) + s->rest.length - PREFIX));
    step_to(cm, s, cmp_root_kcb(cm));
    return STATUS_SUCCESS;
}

/* Where we stand is a link, and it is not the link itself that is wanted. */
static bool must_follow(const struct state *s)
{
    return s->at->Flags & CMP_KEY_SYM_LINK && (s->rest.length || !s->walk->open_link);
}

/* ---- making keys ---- */

/* In which storage a new subkey goes. => STATUS_CHILD_MUST_BE_VOLATILE */
static NTSTATUS choose_storage(const CM_KEY_NODE *parent, ULONG options, bool forced,
                               unsigned *storage)
{
    bool wanted = options & REG_OPTION_VOLATILE, needed = parent->Flags & CMP_KEY_VOLATILE;

    *storage = wanted || forced ? CMP_VOLATILE : CMP_STABLE;
    return needed && *storage == CMP_STABLE ? STATUS_CHILD_MUST_BE_VOLATILE : STATUS_SUCCESS;
}

static NTSTATUS make_key(struct cm *cm, struct state *s, struct cm_text name, ULONG *cell)
{
    struct cm_open *open = s->walk->open;
    CMHIVE *hive = cmp_hive_of(cm, s->at);
    struct cmp_new_node new_node = {.name = name, .parent = s->at->KeyCell};

    /* Source: RegCreateKeyEx, documentation: no direct child of HKEY_LOCAL_MACHINE or HKEY_USERS.
     */
    if (hive == k2h(cmp_ks(cm), *cm->ke->nt.CmpMasterHive) &&
        __atomic_load_n(&cm->filled, __ATOMIC_ACQUIRE))
        return STATUS_INVALID_PARAMETER;
    NTSTATUS status =
        choose_storage(cmp_node_of(cm, s->at), open->options,
                       (hive->Hive.HiveFlags & CMP_HIVE_VOLATILE) != 0, &new_node.storage);

    if (!NT_SUCCESS(status))
        return status;
    if (!s->rest.length) {
        new_node.class_name = open->class_name;
        new_node.flags = open->options & REG_OPTION_CREATE_LINK ? CMP_KEY_SYM_LINK : 0;
    }
    *cell = cmp_create_subkey(cm, hive, s->at->KeyCell, &new_node);
    if (*cell == CMP_NIL)
        return STATUS_INSUFFICIENT_RESOURCES;
    cmp_refresh_kcb(cm, s->at);
    open->disposition = REG_CREATED_NEW_KEY;
    return STATUS_SUCCESS;
}

/* One component further down. */
static NTSTATUS descend(struct cm *cm, struct state *s, struct cm_text name)
{
    bool last = !s->rest.length, may_make = s->walk->open && s->walk->open->create;
    CMHIVE *hive = cmp_hive_of(cm, s->at);

    if (name.length > CMP_MAX_NAME || s->at->TotalLevels >= CMP_MAX_LEVELS)
        return STATUS_INVALID_PARAMETER;
    if (s->at->Delete)
        return STATUS_KEY_DELETED;
    ULONG cell = cmp_find_subkey(cm, hive, cmp_node_of(cm, s->at), name);
    if (cell == CMP_NIL) {
        if (!may_make || !(last || s->walk->all))
            return STATUS_OBJECT_NAME_NOT_FOUND;
        NTSTATUS status = make_key(cm, s, name, &cell);
        if (!NT_SUCCESS(status))
            return status;
    } else if (last && may_make && s->walk->open->options & REG_OPTION_CREATE_LINK) {
        return STATUS_OBJECT_NAME_COLLISION;
    }
    WCHAR text[CMP_MAX_NAME / sizeof(WCHAR)]; /* as the key was made, not as it is asked for */
    name = cmp_widen_name(cmp_node_name(cmp_cell(cm, hive, cell)), text);
    cmp_follow_hive(cm, &hive, &cell);
    CM_KEY_CONTROL_BLOCK *child = cmp_reference_kcb(cm, s->at, hive, cell, name);
    if (!child)
        return STATUS_INSUFFICIENT_RESOURCES;
    step_to(cm, s, child);
    return STATUS_SUCCESS;
}

NTSTATUS cmp_walk(struct cm *cm, const struct cmp_walk *walk, CM_KEY_CONTROL_BLOCK **kcb)
{
    struct state s = {.walk = walk, .at = walk->from, .rest = walk->path};
    NTSTATUS status = STATUS_SUCCESS;
    struct cm_text name;

    s.at->RefCount++;
    if (walk->open)
        walk->open->disposition = REG_OPENED_EXISTING_KEY;
    if (s.at->Delete)
        status = STATUS_KEY_DELETED;
    while (NT_SUCCESS(status) && (name = next_component(&s)).length) {
        status = descend(cm, &s, name);
        if (NT_SUCCESS(status) && must_follow(&s))
            status = follow_link(cm, &s);
    }
    free(s.path);
    if (!NT_SUCCESS(status)) {
        cmp_dereference_kcb(cm, s.at);
        return status;
    }
    *kcb = s.at;
    return STATUS_SUCCESS;
}

/* ---- the object manager's side ---- */

/* A key object for the key that the rest of the name leads to. */
NTSTATUS cmp_parse(struct ob *ob, void *object, struct ob_parse *parse)
{
    struct cm *cm = ob_type_ops_of(ob, ob_object_type(ob, object))->owner;
    bool from_root = object == cm->root_object;
    struct cmp_walk walk = {
        .path = {parse->rest, parse->rest_length},
        .open_link = parse->attributes & OBJ_OPENLINK,
        .open = parse->context,
    };
    CM_KEY_CONTROL_BLOCK *kcb;
    void *body;

    if (!from_root && parse->rest_length && parse->rest[0] == '\\')
        return STATUS_OBJECT_PATH_SYNTAX_BAD;
    NTSTATUS status = cm_ready(cm);
    if (NT_SUCCESS(status))
        status = ob_create_object(ob, NULL, cm->key_type, 0, &body);
    if (!NT_SUCCESS(status))
        return status;
    if (walk.open)
        walk.open_link |=
            (walk.open->options & (REG_OPTION_OPEN_LINK | REG_OPTION_CREATE_LINK)) != 0;

    cmp_lock(cm);
    walk.from = k2h(cmp_ks(cm), ((CM_KEY_BODY *)object)->KeyControlBlock);
    status = cmp_walk(cm, &walk, &kcb);
    if (NT_SUCCESS(status)) {
        cmp_enlist_body(cm, body, kcb);
        if (parse->caller->process)
            ((CM_KEY_BODY *)body)->ProcessID.va = parse->caller->process->UniqueProcessId.va;
    }
    cmp_unlock(cm);
    if (!NT_SUCCESS(status)) {
        ob_dereference_object(ob, body);
        return status;
    }
    parse->object = body;
    return STATUS_SUCCESS;
}
