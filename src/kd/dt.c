/* dt.c: structures member by member.
 *
 *      level 0     +0x000 Pcb              : _KPROCESS
 *      level 1        +0x000 Header           : _DISPATCHER_HEADER
 *
 * What opens a member: the depth of -r (pointers too), -b (embedded structures only), or a filter
 * that goes on behind it ("Pcb." or "Pcb.Header.Lock"). With -r a pointer to a type that is open
 * already is not opened again, so that lists end.
 */
#include "kd/dt.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#define INDENT 3
#define MOST_ELEMENTS 4096 /* of an array with -a or -b */
#define MOST_OPEN 32       /* structures open above each other */

/* The structures that are open, innermost last. */
struct open_types {
    uint32_t index[MOST_OPEN];
    size_t count;
};

struct walk {
    struct kd_dt dt;
    struct open_types *open;
    unsigned level;
    uint64_t offset; /* of the structure in the one whose offsets are shown */
};

static bool show_members(const struct walk *walk, struct kd_type type);

static void indent(struct kd *kd, unsigned level)
{
    kd_printf(kd, "%*s", (int)(INDENT * (level + 1)), "");
}

static bool is_aggregate(const struct pdb_type *type)
{
    return type->kind == PDB_TYPE_STRUCT || type->kind == PDB_TYPE_UNION;
}

/* ---- filters ---- */

/* Does the filter's first component name the member? *rest gets what follows its dot: NULL when it
 * ends here, "" for "Member." */
static bool filter_matches(const char *filter, const char *member, const char **rest)
{
    char first[128];
    size_t length = strcspn(filter, ".-");
    const char *dot = filter[length] ? filter + length : NULL;
    if (length >= sizeof first)
        return false;
    memcpy(first, filter, length);
    first[length] = 0;
    *rest = dot ? dot + strspn(dot, ".->") : NULL;
    return strpbrk(first, "*?") ? kd_wildcard_match(first, member) : strcasecmp(first, member) == 0;
}

/* Shall the member be shown? The filters for the structure inside it are collected in `inner`. */
static bool member_wanted(const struct kd_dt *dt, const char *member, const char **inner,
                          size_t *inner_count, bool *inside)
{
    bool wanted = dt->filter_count == 0;
    *inner_count = 0;
    *inside = false;
    for (size_t i = 0; i < dt->filter_count; i++) {
        const char *rest;
        if (!filter_matches(dt->filters[i], member, &rest))
            continue;
        wanted = true;
        *inside |= rest != NULL;
        if (rest && *rest)
            inner[(*inner_count)++] = rest;
    }
    return wanted;
}

bool kd_dt_names_member(struct kd_type type, const char *filter)
{
    size_t count;
    const char *rest;
    const struct pdb_member *members = pdb_type_members(type.pdb, type.index, &count);
    for (size_t i = 0; i < count; i++) {
        if (filter_matches(filter, members[i].name, &rest))
            return true;
    }
    return false;
}

/* ---- members ---- */

static bool is_open(const struct open_types *open, uint32_t index)
{
    for (size_t i = 0; i < open->count; i++) {
        if (open->index[i] == index)
            return true;
    }
    return false;
}

/* Show the structure inside a member, or behind a pointer, one level deeper. */
static bool descend(const struct walk *walk, struct kd_type type, uint64_t address, uint64_t offset,
                    const char *const *filters, size_t filter_count)
{
    struct walk inner = *walk;
    inner.dt.address = address;
    inner.dt.filters = filters;
    inner.dt.filter_count = filter_count;
    inner.dt.depth -= inner.dt.depth > 0;
    inner.level++;
    inner.offset = offset;
    return show_members(&inner, type);
}

static bool show_element(const struct walk *walk, struct kd_type type, uint64_t address, uint64_t i)
{
    struct pdb_type details;
    struct kd *kd = walk->dt.kd;
    bool ok = true;
    indent(kd, walk->level);
    kd_printf(kd, " [%02" PRIu64 "] ", i);
    ok = kd_dt_value(kd, type, address);
    kd_printf(kd, "\n");
    if (ok && pdb_type_get(type.pdb, type.index, &details) && is_aggregate(&details) &&
        (walk->dt.depth || walk->dt.blocks))
        ok = descend(walk, type, address, 0, NULL, 0);
    return ok;
}

static bool show_elements(const struct walk *walk, struct kd_type array,
                          const struct pdb_type *type, uint64_t address)
{
    struct pdb_type element;
    struct kd_type target = {array.pdb, type->target};
    bool ok = pdb_type_get(array.pdb, type->target, &element);
    for (uint64_t i = 0; ok && i < type->count && i < MOST_ELEMENTS; i++) {
        if (kd_interrupted(walk->dt.kd))
            break;
        ok = show_element(walk, target, address + i * element.size, i);
    }
    return ok;
}

/* Open what the member holds, when options or filters ask for it. */
static bool open_member(const struct walk *walk, struct kd_type type,
                        const struct pdb_type *details, uint64_t address, bool inside,
                        const char *const *filters, size_t count)
{
    const struct kd_dt *dt = &walk->dt;
    bool wanted = inside || dt->depth > 0 || dt->blocks;
    if (is_aggregate(details))
        return !wanted || descend(walk, type, address, 0, filters, count);
    if (details->kind == PDB_TYPE_ARRAY && dt->has_address && (dt->arrays || dt->blocks))
        return show_elements(walk, type, details, address);
    if (details->kind != PDB_TYPE_POINTER || (!inside && (dt->blocks || dt->depth == 0)))
        return true;

    struct pdb_type pointee;
    uint64_t target = 0;
    if (!pdb_type_get(type.pdb, details->target, &pointee) || !is_aggregate(&pointee) ||
        (!inside && is_open(walk->open, pointee.index)))
        return true;
    if (dt->has_address && (!kd_read_u64(dt->kd, address, &target) || target == 0))
        return true;
    descend(walk, (struct kd_type){type.pdb, details->target}, target, 0, filters, count);
    return true; /* a pointer may lead anywhere */
}

static bool show_member(const struct walk *walk, struct kd_type parent,
                        const struct pdb_member *member)
{
    const struct kd_dt *dt = &walk->dt;
    const char *inner[KD_DT_FILTERS];
    size_t inner_count;
    bool inside;
    char text[400];
    struct pdb_type details;
    struct kd_type type = {parent.pdb, member->type};
    if (!member_wanted(dt, member->name, inner, &inner_count, &inside) ||
        !pdb_type_get(type.pdb, type.index, &details))
        return true;

    uint64_t address = dt->address + member->offset;
    bool ok = true;
    indent(dt->kd, walk->level);
    if (!dt->omit_offsets)
        kd_printf(dt->kd, "+0x%03" PRIx64 " ", walk->offset + member->offset);
    kd_printf(dt->kd, "%-16s : ", member->name);
    bool elements = details.kind == PDB_TYPE_ARRAY && (dt->arrays || dt->blocks);
    if (inside && is_aggregate(&details)) {
        /* what is asked for follows on its own lines */
    } else if (dt->has_address && !elements) {
        ok = kd_dt_value(dt->kd, type, address);
    } else if (!elements || !dt->has_address) {
        kd_dt_type_text(type, dt->verbose, text, sizeof text);
        kd_printf(dt->kd, "%s", text);
    }
    kd_printf(dt->kd, "\n");
    return open_member(walk, type, &details, address, inside, inner, inner_count) && ok;
}

/* => false: some memory could not be read */
static bool show_members(const struct walk *walk, struct kd_type type)
{
    size_t count;
    struct pdb_type details;
    const struct pdb_member *members = pdb_type_members(type.pdb, type.index, &count);
    if (walk->open->count == MOST_OPEN || !pdb_type_get(type.pdb, type.index, &details))
        return true;
    walk->open->index[walk->open->count++] = details.index;
    bool ok = true;
    for (size_t i = 0; i < count && !kd_interrupted(walk->dt.kd); i++)
        ok &= show_member(walk, type, &members[i]);
    walk->open->count--;
    return ok;
}

static void show_enumerators(struct kd *kd, struct kd_type type, unsigned level)
{
    size_t count;
    const struct pdb_member *values = pdb_type_members(type.pdb, type.index, &count);
    for (size_t i = 0; i < count; i++) {
        indent(kd, level);
        kd_printf(kd, "%s = 0n%" PRId64 "\n", values[i].name, values[i].value);
    }
}

/* What stands above the members: the value of strings and lists, with -v the size. */
static bool show_head(const struct kd_dt *dt, struct kd_type type, const struct pdb_type *details)
{
    char text[400];
    bool readable = true;
    if (dt->verbose) {
        kd_dt_type_text(type, true, text, sizeof text);
        kd_printf(dt->kd, "%s\n", text);
    }
    if (dt->has_address && dt->filter_count == 0 &&
        kd_dt_known(dt->kd, details, dt->address, &readable) && readable)
        kd_printf(dt->kd, "\n");
    return readable;
}

bool kd_dt_show(const struct kd_dt *dt, struct kd_type type, unsigned level)
{
    struct pdb_type details;
    struct open_types open = {.count = 0};
    struct walk walk = {.dt = *dt, .open = &open, .level = level};
    char text[KD_ADDRESS_TEXT];
    if (!pdb_type_get(type.pdb, type.index, &details))
        return false;
    bool named = dt->filter_count == 0;
    for (size_t i = 0; i < dt->filter_count; i++)
        named |= kd_dt_names_member(type, dt->filters[i]);
    if (!named)
        return false;
    if (details.kind == PDB_TYPE_ENUM && !dt->has_address) {
        show_enumerators(dt->kd, type, level);
        return true;
    }
    bool ok = show_head(dt, type, &details);
    if (is_aggregate(&details)) {
        ok &= show_members(&walk, type);
    } else {
        ok = kd_dt_value(dt->kd, type, dt->address);
        kd_printf(dt->kd, "\n");
    }
    if (!ok)
        kd_printf(dt->kd, "Memory read error %s\n", kd_address_text(dt->address, text));
    return true;
}
