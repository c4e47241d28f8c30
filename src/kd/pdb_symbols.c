/* pdb_symbols.c: names and addresses.
 *
 * Three sources name one place: the linker's publics (name and address only), the globals (typed
 * variables), and each unit's own records (procedures with length and type, statics). All of them
 * go into one list ordered by address; where name and address are equal the record that knows most
 * stays. A second list of indices, ordered by name without case, answers look-ups by name in
 * log2(n) comparisons whatever names a hostile file contains, which a hash could not promise.
 */
#include "kd/pdb_int.h"

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
    return !pdb_section_rva(pdb, section, offset, &symbol.rva) ||
           symtab_add(&pdb->symbols, &symbol);
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

static void build(struct pdb *pdb)
{
    if (pdb->symbols_built)
        return;
    pdb->symbols_built = true;
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
    symtab_finish(&pdb->symbols);
}

const struct symtab *pdb_symbols(struct pdb *pdb)
{
    build(pdb);
    return &pdb->symbols;
}
