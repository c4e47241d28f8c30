/* pdb_types.c: structures, unions, enumerations and what they are made of.
 *
 * The type stream is a list of records, numbered from `first` on; records refer to each other by
 * number, and numbers below 0x1000 are the basic types. Opening the list costs one pass that notes
 * where each record starts and sorts the named definitions; everything else is decoded when asked.
 *
 * Where a structure is only mentioned, its record is a forward reference without members: the
 * definition is the record with the same name.
 *
 * Hostile files build cycles (a modifier of itself): chains are followed at most MAX_CHAIN steps.
 */
#define _GNU_SOURCE 1 /* qsort_r */

#include "kd/pdb_types.h"

#include <stdlib.h>
#include <strings.h>

#define FIRST_RECORD_INDEX 0x1000u
#define MAX_CHAIN 16
/* ---- records ---- */

int64_t pdb_number(struct pdb_cursor *c)
{
    uint16_t leaf = pdb_u16(c);
    if (leaf < LF_NUMERIC)
        return leaf;
    switch (leaf) {
    case LF_CHAR:
        return (int8_t)pdb_u8(c);
    case LF_SHORT:
        return (int16_t)pdb_u16(c);
    case LF_USHORT:
        return pdb_u16(c);
    case LF_LONG:
        return (int32_t)pdb_u32(c);
    case LF_ULONG:
        return pdb_u32(c);
    case LF_QUADWORD:
    case LF_UQUADWORD:
        return (int64_t)pdb_get(c, 8);
    default:
        c->bad = true;
        return 0;
    }
}

bool pdb_type_record(const struct pdb_type_table *t, uint32_t index, uint16_t *leaf,
                     struct pdb_cursor *c)
{
    if (index < t->first || index - t->first >= t->count)
        return false;
    struct pdb_cursor at = pdb_cursor_at(t->records, t->offsets[index - t->first]);
    struct pdb_bytes record = pdb_run(&at, pdb_u16(&at));
    *c = pdb_cursor_at(record, 0);
    *leaf = pdb_u16(c);
    return !at.bad && !c->bad;
}

static bool is_definition_leaf(uint16_t leaf)
{
    return leaf == LF_STRUCTURE || leaf == LF_CLASS || leaf == LF_UNION || leaf == LF_ENUM;
}

static bool get_definition(struct pdb_cursor *c, uint16_t leaf, struct pdb_definition *d)
{
    *d = (struct pdb_definition){.leaf = leaf, .unique_name = ""};
    d->count = pdb_u16(c);
    d->property = pdb_u16(c);
    if (leaf == LF_ENUM)
        d->underlying = pdb_u32(c);
    d->field_list = pdb_u32(c);
    if (leaf == LF_STRUCTURE || leaf == LF_CLASS)
        pdb_skip(c, 8); /* derived from, virtual table shape */
    if (leaf != LF_ENUM)
        d->size = (uint64_t)pdb_number(c);
    d->name = pdb_string(c);
    if (c->bad)
        return false;
    if (d->property & PROPERTY_UNIQUE_NAME) {
        d->unique_name = pdb_string(c);
        if (c->bad)
            d->unique_name = "";
    }
    return true;
}

bool pdb_type_definition(const struct pdb_type_table *t, uint32_t index, struct pdb_definition *d)
{
    uint16_t leaf;
    struct pdb_cursor c;
    return pdb_type_record(t, index, &leaf, &c) && is_definition_leaf(leaf) &&
           get_definition(&c, leaf, d);
}

/* ---- opening the stream ---- */

static const char *name_of(const struct pdb_type_table *t, uint32_t index)
{
    struct pdb_definition d;
    return pdb_type_definition(t, index, &d) ? d.name : "";
}

static int by_name(const void *a, const void *b, void *table)
{
    uint32_t i = *(const uint32_t *)a;
    uint32_t j = *(const uint32_t *)b;
    int order = symtab_name_compare(name_of(table, i), name_of(table, j));
    return order ? order : (i > j) - (i < j);
}

/* Note the start of each record, and which of them define a name. */
static void scan(struct pdb_type_table *t, uint32_t claimed)
{
    struct pdb_cursor c = pdb_cursor_at(t->records, 0);
    while (t->count < claimed && pdb_left(&c) >= 4) {
        uint32_t offset = (uint32_t)(c.at - t->records.data);
        pdb_skip(&c, pdb_u16(&c));
        if (c.bad)
            break;
        t->offsets[t->count++] = offset;
        struct pdb_definition d;
        uint32_t index = t->first + t->count - 1;
        if (pdb_type_definition(t, index, &d) && !(d.property & PROPERTY_FORWARD) && d.name[0])
            t->by_name[t->name_count++] = index;
    }
}

static void build(struct pdb *pdb)
{
    struct pdb_type_table *t = &pdb->types;
    if (t->built)
        return;
    t->built = true;
    struct pdb_bytes stream = msf_stream(&pdb->msf, STREAM_TPI);
    struct pdb_cursor c = pdb_cursor_at(stream, 4);
    uint32_t header_size = pdb_u32(&c);
    t->first = pdb_u32(&c);
    uint32_t end = pdb_u32(&c);
    uint32_t bytes = pdb_u32(&c);
    struct pdb_cursor body = pdb_cursor_at(stream, header_size);
    t->records = pdb_run(&body, bytes);
    if (c.bad || body.bad || t->first < FIRST_RECORD_INDEX || end < t->first)
        return;
    size_t most = bytes / 4 + 1; /* no record is shorter than length and leaf */
    uint32_t claimed = end - t->first < most ? end - t->first : (uint32_t)most;
    t->offsets = malloc((claimed + 1ull) * sizeof *t->offsets);
    t->by_name = malloc((claimed + 1ull) * sizeof *t->by_name);
    t->member_budget = bytes;
    if (!t->offsets || !t->by_name)
        return;
    scan(t, claimed);
    qsort_r(t->by_name, t->name_count, sizeof *t->by_name, by_name, t);
}

void pdb_types_deinit(struct pdb *pdb)
{
    struct pdb_type_table *t = &pdb->types;
    for (size_t i = 0; i < t->list_count; i++)
        free(t->lists[i].members);
    free(t->lists);
    free(t->offsets);
    free(t->by_name);
}

/* ---- names ---- */

/* The definition called `name`; with `unique`, the one of them whose unique name is that. */
static uint32_t find_definition(const struct pdb_type_table *t, const char *name,
                                const char *unique)
{
    size_t low = 0;
    size_t high = t->name_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcasecmp(name_of(t, t->by_name[middle]), name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    uint32_t loose = 0;
    for (size_t i = low; i < t->name_count; i++) {
        struct pdb_definition d;
        if (!pdb_type_definition(t, t->by_name[i], &d) || strcasecmp(d.name, name) != 0)
            break;
        if (unique && strcmp(d.unique_name, unique) != 0)
            continue;
        if (strcmp(d.name, name) == 0)
            return t->by_name[i];
        if (!loose)
            loose = t->by_name[i];
    }
    return loose;
}

uint32_t pdb_type_find(struct pdb *pdb, const char *name)
{
    build(pdb);
    uint32_t index = find_definition(&pdb->types, name, NULL);
    if (index == 0 && name[0] != '_' && strlen(name) < 255) {
        char underscored[256] = "_";
        strcpy(underscored + 1, name);
        index = find_definition(&pdb->types, underscored, NULL);
    }
    return index;
}

void pdb_types_each(struct pdb *pdb, bool (*visit)(void *context, const struct pdb_type *type),
                    void *context)
{
    build(pdb);
    const struct pdb_type_table *t = &pdb->types;
    for (uint32_t i = 0; i < t->count; i++) {
        struct pdb_definition d;
        struct pdb_type type;
        if (!pdb_type_definition(t, t->first + i, &d) || (d.property & PROPERTY_FORWARD) ||
            !d.name[0])
            continue;
        if (pdb_type_get(pdb, t->first + i, &type) && !visit(context, &type))
            return;
    }
}

/* ---- basic types ---- */

struct basic_type {
    uint8_t number; /* low byte of the type index */
    uint8_t size;
    enum pdb_basic basic;
};

static const struct basic_type basic_types[] = {
    {0x03, 0, PDB_VOID},     {0x08, 4, PDB_HRESULT},   {0x10, 1, PDB_CHAR},
    {0x11, 2, PDB_SIGNED},   {0x12, 4, PDB_SIGNED},    {0x13, 8, PDB_SIGNED},
    {0x14, 16, PDB_SIGNED},  {0x20, 1, PDB_UCHAR},     {0x21, 2, PDB_UNSIGNED},
    {0x22, 4, PDB_UNSIGNED}, {0x23, 8, PDB_UNSIGNED},  {0x24, 16, PDB_UNSIGNED},
    {0x30, 1, PDB_BOOL},     {0x31, 2, PDB_BOOL},      {0x32, 4, PDB_BOOL},
    {0x33, 8, PDB_BOOL},     {0x40, 4, PDB_FLOAT},     {0x41, 8, PDB_FLOAT},
    {0x42, 10, PDB_FLOAT},   {0x43, 16, PDB_FLOAT},    {0x44, 6, PDB_FLOAT},
    {0x45, 4, PDB_FLOAT},    {0x46, 2, PDB_FLOAT},     {0x68, 1, PDB_CHAR},
    {0x69, 1, PDB_UCHAR},    {0x70, 1, PDB_CHAR},      {0x71, 2, PDB_WCHAR},
    {0x72, 2, PDB_SIGNED},   {0x73, 2, PDB_UNSIGNED},  {0x74, 4, PDB_SIGNED},
    {0x75, 4, PDB_UNSIGNED}, {0x76, 8, PDB_SIGNED},    {0x77, 8, PDB_UNSIGNED},
    {0x78, 16, PDB_SIGNED},  {0x79, 16, PDB_UNSIGNED}, {0x7a, 2, PDB_WCHAR},
    {0x7b, 4, PDB_UNSIGNED}, {0x7c, 1, PDB_CHAR},
};

/* Index of a basic type: low byte says which, the next four bits whether it is a pointer to it. */
static bool get_basic(uint32_t index, struct pdb_type *type)
{
    enum { MODE_SHIFT = 8, MODE_NEAR32 = 4, MODE_FAR32 = 5, MODE_NEAR64 = 6 };
    unsigned mode = index >> MODE_SHIFT & 0xf;
    if (mode) {
        type->kind = PDB_TYPE_POINTER;
        type->size = mode == MODE_NEAR64 ? 8 : mode == MODE_NEAR32 || mode == MODE_FAR32 ? 4 : 2;
        type->target = index & 0xff;
        return true;
    }
    for (size_t i = 0; i < sizeof basic_types / sizeof *basic_types; i++) {
        if (basic_types[i].number == (index & 0xff)) {
            type->kind = PDB_TYPE_BASIC;
            type->basic = basic_types[i].basic;
            type->size = basic_types[i].size;
            return true;
        }
    }
    return false;
}

/* ---- types ---- */

static bool get_type(struct pdb *pdb, uint32_t index, struct pdb_type *type, unsigned depth);

static uint64_t size_of(struct pdb *pdb, uint32_t index, unsigned depth)
{
    struct pdb_type type;
    return get_type(pdb, index, &type, depth + 1) ? type.size : 0;
}

static bool get_named(struct pdb *pdb, const struct pdb_definition *d, struct pdb_type *type,
                      unsigned depth)
{
    type->name = d->name;
    type->size = d->size;
    type->members = d->count;
    if (d->leaf == LF_ENUM) {
        type->kind = PDB_TYPE_ENUM;
        type->target = d->underlying;
        type->size = size_of(pdb, d->underlying, depth);
    } else {
        type->kind = d->leaf == LF_UNION ? PDB_TYPE_UNION : PDB_TYPE_STRUCT;
    }
    return true;
}

static bool get_pointer(struct pdb_cursor *c, struct pdb_type *type)
{
    enum { SIZE_SHIFT = 13, SIZE_MASK = 0x3f, KIND_MASK = 0x1f, KIND_64 = 0xc };
    type->kind = PDB_TYPE_POINTER;
    type->target = pdb_u32(c);
    uint32_t attributes = pdb_u32(c);
    type->size = attributes >> SIZE_SHIFT & SIZE_MASK;
    if (type->size == 0)
        type->size = (attributes & KIND_MASK) == KIND_64 ? 8 : 4;
    return true;
}

static bool get_array(struct pdb *pdb, struct pdb_cursor *c, struct pdb_type *type, unsigned depth)
{
    type->kind = PDB_TYPE_ARRAY;
    type->target = pdb_u32(c);
    pdb_skip(c, 4); /* index type */
    type->size = (uint64_t)pdb_number(c);
    uint64_t element = size_of(pdb, type->target, depth);
    type->count = element ? type->size / element : 0;
    return true;
}

static bool get_bitfield(struct pdb *pdb, struct pdb_cursor *c, struct pdb_type *type,
                         unsigned depth)
{
    type->kind = PDB_TYPE_BITFIELD;
    type->target = pdb_u32(c);
    type->bit_count = pdb_u8(c);
    type->bit_position = pdb_u8(c);
    type->size = size_of(pdb, type->target, depth);
    return type->size <= 8 && type->bit_count && type->bit_position < 8 * type->size &&
           type->bit_count <= 8 * type->size - type->bit_position;
}

static bool get_record(struct pdb *pdb, uint16_t leaf, struct pdb_cursor *c, struct pdb_type *type,
                       unsigned depth)
{
    switch (leaf) {
    case LF_MODIFIER:
        return get_type(pdb, pdb_u32(c), type, depth + 1);
    case LF_POINTER:
        return get_pointer(c, type);
    case LF_ARRAY:
        return get_array(pdb, c, type, depth);
    case LF_BITFIELD:
        return get_bitfield(pdb, c, type, depth);
    case LF_PROCEDURE:
    case LF_MFUNCTION:
        type->kind = PDB_TYPE_FUNCTION;
        type->target = pdb_u32(c);
        return true;
    default:
        return false;
    }
}

static bool get_type(struct pdb *pdb, uint32_t index, struct pdb_type *type, unsigned depth)
{
    *type = (struct pdb_type){.index = index, .name = ""};
    if (depth > MAX_CHAIN)
        return false;
    if (index < FIRST_RECORD_INDEX)
        return get_basic(index, type);
    uint16_t leaf;
    struct pdb_cursor c;
    if (!pdb_type_record(&pdb->types, index, &leaf, &c))
        return false;
    if (!is_definition_leaf(leaf))
        return get_record(pdb, leaf, &c, type, depth) && !c.bad;

    struct pdb_definition d;
    if (!get_definition(&c, leaf, &d))
        return false;
    if (d.property & PROPERTY_FORWARD) {
        const char *unique = d.unique_name[0] ? d.unique_name : NULL;
        uint32_t full = find_definition(&pdb->types, d.name, unique);
        if (full && pdb_type_definition(&pdb->types, full, &d))
            type->index = full;
    }
    return get_named(pdb, &d, type, depth);
}

bool pdb_type_get(struct pdb *pdb, uint32_t index, struct pdb_type *type)
{
    build(pdb);
    return get_type(pdb, index, type, 0);
}
