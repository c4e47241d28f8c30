/* pdb_members.c: members of structures and unions, values of enumerations.
 *
 * The record of a structure holds the number of a field list; a field list that grew too long goes
 * on in another one (LF_INDEX). Lists are decoded once and kept, ordered by their number.
 *
 * A hostile list continues in itself, or is shared by every record of the file: continuations are
 * followed only while the bytes walked stay below the stream's size, and all decoded members
 * together are limited to what the stream can hold once.
 */
#include "kd/pdb_types.h"
#include <stdlib.h>

struct member_builder {
    struct pdb_member *list;
    size_t count;
    size_t room;
    bool failed;
};

static void add_member(struct pdb_type_table *t, struct member_builder *b, struct pdb_member m)
{
    if (t->member_budget == 0) {
        b->failed = true;
        return;
    }
    if (b->count == b->room) {
        size_t room = b->room ? 2 * b->room : 16;
        struct pdb_member *list = realloc(b->list, room * sizeof *list);
        if (!list) {
            b->failed = true;
            return;
        }
        b->list = list;
        b->room = room;
    }
    b->list[b->count++] = m;
    t->member_budget--;
}

/* Skip what C structures do not have: methods, static members, nested names, virtual tables.
 * => false: a leaf of unknown length, the list cannot be read further */
static bool skip_field(struct pdb_cursor *c, uint16_t leaf)
{
    enum { METHOD_KIND_SHIFT = 2, METHOD_KIND_MASK = 7, INTRODUCING = 4, PURE_INTRODUCING = 6 };
    uint16_t attributes = pdb_u16(c);
    unsigned method = attributes >> METHOD_KIND_SHIFT & METHOD_KIND_MASK;
    pdb_skip(c, 4); /* type */
    switch (leaf) {
    case LF_VFUNCTAB:
        return true;
    case LF_VBCLASS:
    case LF_IVBCLASS:
        pdb_skip(c, 4);
        pdb_number(c);
        pdb_number(c);
        return true;
    case LF_ONEMETHOD:
        if (method == INTRODUCING || method == PURE_INTRODUCING)
            pdb_skip(c, 4);
        pdb_string(c);
        return true;
    case LF_STMEMBER:
    case LF_METHOD:
    case LF_NESTTYPE:
        pdb_string(c);
        return true;
    default:
        return false;
    }
}

/* One field of the list; *next is set when the list goes on in another record. */
static bool read_field(struct pdb *pdb, struct pdb_cursor *c, struct member_builder *b,
                       uint32_t *next)
{
    struct pdb_member m = {.name = ""};
    struct pdb_definition base;
    uint16_t leaf = pdb_u16(c);
    switch (leaf) {
    case LF_MEMBER:
        pdb_skip(c, 2);
        m.type = pdb_u32(c);
        m.offset = (uint64_t)pdb_number(c);
        m.name = pdb_string(c);
        break;
    case LF_ENUMERATE:
        pdb_skip(c, 2);
        m.value = pdb_number(c);
        m.name = pdb_string(c);
        break;
    case LF_BCLASS:
        pdb_skip(c, 2);
        m.type = pdb_u32(c);
        m.offset = (uint64_t)pdb_number(c);
        if (pdb_type_definition(&pdb->types, m.type, &base))
            m.name = base.name;
        break;
    case LF_INDEX:
        pdb_skip(c, 2);
        *next = pdb_u32(c);
        return !c->bad;
    default:
        return skip_field(c, leaf) && !c->bad;
    }
    if (!c->bad)
        add_member(&pdb->types, b, m);
    return !c->bad && !b->failed;
}

static void read_field_list(struct pdb *pdb, uint32_t index, struct member_builder *b)
{
    const struct pdb_type_table *t = &pdb->types;
    size_t walked = 0;
    while (index && walked <= t->records.size) {
        uint16_t leaf;
        struct pdb_cursor c;
        if (!pdb_type_record(t, index, &leaf, &c) || leaf != LF_FIELDLIST)
            return;
        walked += pdb_left(&c) + 4;
        index = 0;
        while (pdb_left(&c) > 0) {
            if (*c.at >= LF_PAD0) { /* low nibble: bytes up to the next field */
                size_t pad = (size_t)*c.at - LF_PAD0;
                pdb_skip(&c, pad ? pad : 1);
                continue;
            }
            if (!read_field(pdb, &c, b, &index))
                return;
        }
    }
}

/* Where the list is, or belongs, in the cache. */
static size_t list_slot(const struct pdb_type_table *t, uint32_t field_list)
{
    size_t low = 0;
    size_t high = t->list_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (t->lists[middle].field_list < field_list)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool insert_list(struct pdb_type_table *t, size_t slot, struct pdb_member_list list)
{
    if (t->list_count == t->list_room) {
        size_t room = t->list_room ? 2 * t->list_room : 64;
        struct pdb_member_list *lists = realloc(t->lists, room * sizeof *lists);
        if (!lists)
            return false;
        t->lists = lists;
        t->list_room = room;
    }
    memmove(&t->lists[slot + 1], &t->lists[slot], (t->list_count - slot) * sizeof *t->lists);
    t->lists[slot] = list;
    t->list_count++;
    return true;
}

/* Some compilers write the bits of a negative value as a number without sign: the underlying type
 * tells what is meant. */
static void set_signs(struct pdb *pdb, const struct pdb_type *type, struct member_builder *b)
{
    struct pdb_type underlying;
    if (type->kind != PDB_TYPE_ENUM || !pdb_type_get(pdb, type->target, &underlying) ||
        underlying.size == 0 || underlying.size >= sizeof(int64_t))
        return;
    bool is_unsigned = underlying.basic == PDB_UNSIGNED || underlying.basic == PDB_UCHAR ||
                       underlying.basic == PDB_WCHAR || underlying.basic == PDB_BOOL;
    unsigned shift = 64 - 8 * (unsigned)underlying.size;
    for (size_t i = 0; i < b->count; i++) {
        uint64_t bits = (uint64_t)b->list[i].value << shift;
        b->list[i].value = is_unsigned ? (int64_t)(bits >> shift) : (int64_t)bits >> shift;
    }
}

const struct pdb_member *pdb_type_members(struct pdb *pdb, uint32_t index, size_t *count)
{
    *count = 0;
    struct pdb_type type;
    struct pdb_definition d;
    struct pdb_type_table *t = &pdb->types;
    if (!pdb_type_get(pdb, index, &type) || !pdb_type_definition(t, type.index, &d) ||
        !d.field_list)
        return NULL;
    size_t slot = list_slot(t, d.field_list);
    if (slot == t->list_count || t->lists[slot].field_list != d.field_list) {
        struct member_builder b = {0};
        read_field_list(pdb, d.field_list, &b);
        set_signs(pdb, &type, &b);
        struct pdb_member_list list = {d.field_list, b.count, b.list};
        if (!insert_list(t, slot, list)) {
            free(b.list);
            return NULL;
        }
    }
    *count = t->lists[slot].count;
    return t->lists[slot].members;
}
