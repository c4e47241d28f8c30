/* pdb_symbols.c: names and addresses.
 *
 * Three sources name one place: the linker's publics (name and address only), the globals (typed
 * variables), and each unit's own records (procedures with length and type, statics). All of them
 * go into one list ordered by address; where name and address are equal the record that knows most
 * stays. A second list of indices, ordered by name without case, answers look-ups by name in
 * log2(n) comparisons whatever names a hostile file contains, which a hash could not promise.
 */
#include "kd/pdb_int.h"
#define _GNU_SOURCE 1 /* qsort_r */
#include <stdlib.h>
#include <strings.h>

enum {
    S_LDATA32 = 0x110c,
    S_GDATA32 = 0x110d,
    S_PUB32 = 0x110e,
    S_LPROC32 = 0x110f,
    S_GPROC32 = 0x1110,
    S_LPROC32_ID = 0x1146,
    S_GPROC32_ID = 0x1147,
};

#define PUBLIC_CODE 1u
#define PUBLIC_FUNCTION 2u
#define UNIT_SIGNATURE_SIZE 4

static bool add_symbol(struct pdb *pdb, struct pdb_symbol symbol, uint16_t section, uint32_t offset)
{
    struct pdb_symbol_table *t = &pdb->symbols;
    if (!pdb_section_rva(pdb, section, offset, &symbol.rva))
        return true;
    if (t->count == t->room) {
        size_t room = t->room ? 2 * t->room : 1024;
        struct pdb_symbol *list = realloc(t->list, room * sizeof *list);
        if (!list)
            return false;
        t->list = list;
        t->room = room;
    }
    t->list[t->count++] = symbol;
    return true;
}

static bool add_public(struct pdb *pdb, struct pdb_cursor *c)
{
    uint32_t flags = pdb_u32(c);
    uint32_t offset = pdb_u32(c);
    uint16_t section = pdb_u16(c);
    bool code = flags & (PUBLIC_CODE | PUBLIC_FUNCTION);
    struct pdb_symbol symbol = {
        .name = pdb_string(c),
        .kind = code ? PDB_PUBLIC_FUNCTION : PDB_PUBLIC_DATA,
    };
    return c->bad || add_symbol(pdb, symbol, section, offset);
}

static bool add_data(struct pdb *pdb, struct pdb_cursor *c)
{
    struct pdb_symbol symbol = {.kind = PDB_DATA, .type = pdb_u32(c)};
    uint32_t offset = pdb_u32(c);
    uint16_t section = pdb_u16(c);
    symbol.name = pdb_string(c);
    return c->bad || add_symbol(pdb, symbol, section, offset);
}

/* With `id`, the type field is an index into the id stream, which we do not read. */
static bool add_procedure(struct pdb *pdb, struct pdb_cursor *c, bool id)
{
    pdb_skip(c, 12); /* parent, end, next */
    struct pdb_symbol symbol = {.kind = PDB_FUNCTION, .size = pdb_u32(c)};
    pdb_skip(c, 8); /* where the frame is set up */
    uint32_t type = pdb_u32(c);
    symbol.type = id ? 0 : type;
    uint32_t offset = pdb_u32(c);
    uint16_t section = pdb_u16(c);
    pdb_skip(c, 1);
    symbol.name = pdb_string(c);
    return c->bad || add_symbol(pdb, symbol, section, offset);
}

static bool add_records(struct pdb *pdb, struct pdb_bytes records)
{
    struct pdb_cursor c = pdb_cursor_at(records, 0);
    while (pdb_left(&c) >= 4) {
        uint16_t length = pdb_u16(&c);
        struct pdb_bytes record = pdb_run(&c, length);
        if (c.bad || length < 2)
            break;
        struct pdb_cursor r = pdb_cursor_at(record, 0);
        uint16_t kind = pdb_u16(&r);
        bool ok = true;
        if (kind == S_PUB32)
            ok = add_public(pdb, &r);
        else if (kind == S_GDATA32 || kind == S_LDATA32)
            ok = add_data(pdb, &r);
        else if (kind == S_GPROC32 || kind == S_LPROC32)
            ok = add_procedure(pdb, &r, false);
        else if (kind == S_GPROC32_ID || kind == S_LPROC32_ID)
            ok = add_procedure(pdb, &r, true);
        if (!ok)
            return false;
    }
    return true;
}

/* What a record knows: the last one at a place names it best. */
static int rank(const struct pdb_symbol *s)
{
    return s->kind == PDB_FUNCTION ? 0 : s->kind == PDB_DATA ? 1 : 2;
}

static int by_address(const void *a, const void *b)
{
    const struct pdb_symbol *p = a;
    const struct pdb_symbol *q = b;
    if (p->rva != q->rva)
        return p->rva < q->rva ? -1 : 1;
    int order = pdb_name_compare(p->name, q->name);
    return order ? order : rank(p) - rank(q);
}

static void drop_duplicates(struct pdb_symbol_table *t)
{
    size_t kept = 0;
    for (size_t i = 0; i < t->count; i++) {
        const struct pdb_symbol *last = kept ? &t->list[kept - 1] : NULL;
        if (last && last->rva == t->list[i].rva && strcmp(last->name, t->list[i].name) == 0)
            continue;
        t->list[kept++] = t->list[i];
    }
    t->count = kept;
}

static int by_name(const void *a, const void *b, void *list)
{
    const struct pdb_symbol *symbols = list;
    uint32_t i = *(const uint32_t *)a;
    uint32_t j = *(const uint32_t *)b;
    int order = pdb_name_compare(symbols[i].name, symbols[j].name);
    return order ? order : (i > j) - (i < j);
}

static void build(struct pdb *pdb)
{
    struct pdb_symbol_table *t = &pdb->symbols;
    if (t->built)
        return;
    t->built = true;
    bool ok = add_records(pdb, msf_stream(&pdb->msf, pdb->record_stream));
    for (size_t i = 0; ok && i < pdb->unit_count; i++) {
        struct pdb_bytes unit = msf_stream(&pdb->msf, pdb->units[i].stream);
        if (unit.size < UNIT_SIGNATURE_SIZE || pdb->units[i].symbol_bytes > unit.size ||
            pdb->units[i].symbol_bytes < UNIT_SIGNATURE_SIZE)
            continue;
        unit.size = pdb->units[i].symbol_bytes - UNIT_SIGNATURE_SIZE;
        unit.data += UNIT_SIGNATURE_SIZE;
        ok = add_records(pdb, unit);
    }
    if (t->count)
        qsort(t->list, t->count, sizeof *t->list, by_address);
    drop_duplicates(t);
    t->by_name = malloc((t->count + 1) * sizeof *t->by_name);
    if (!t->by_name) {
        t->count = 0;
        return;
    }
    for (size_t i = 0; i < t->count; i++)
        t->by_name[i] = (uint32_t)i;
    qsort_r(t->by_name, t->count, sizeof *t->by_name, by_name, t->list);
}

void pdb_symbols_deinit(struct pdb *pdb)
{
    free(pdb->symbols.list);
    free(pdb->symbols.by_name);
}

const struct pdb_symbol *pdb_symbols(struct pdb *pdb, size_t *count)
{
    build(pdb);
    *count = pdb->symbols.count;
    return pdb->symbols.list;
}

const struct pdb_symbol *pdb_symbol_find(struct pdb *pdb, const char *name)
{
    build(pdb);
    const struct pdb_symbol_table *t = &pdb->symbols;
    size_t low = 0;
    size_t high = t->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcasecmp(t->list[t->by_name[middle]].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    const struct pdb_symbol *first = NULL;
    for (size_t i = low; i < t->count; i++) {
        const struct pdb_symbol *s = &t->list[t->by_name[i]];
        if (strcasecmp(s->name, name) != 0)
            break;
        if (strcmp(s->name, name) == 0)
            return s;
        if (!first)
            first = s;
    }
    return first;
}

const struct pdb_symbol *pdb_symbol_at(struct pdb *pdb, uint32_t rva)
{
    build(pdb);
    const struct pdb_symbol_table *t = &pdb->symbols;
    size_t low = 0;
    size_t high = t->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (t->list[middle].rva <= rva)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return NULL;
    const struct pdb_symbol *best = &t->list[low - 1];
    for (const struct pdb_symbol *s = best; s > t->list && s[-1].rva == best->rva;) {
        s--;
        if (rank(s) <= rank(best))
            best = s;
    }
    return best;
}
