/* fuzz_pdb.c: a PDB of any bytes may be refused, never crash, run away or eat memory. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "kd/pdb.h"
#include "kd/symtab.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static bool visit_type(void *context, const struct pdb_type *type)
{
    struct pdb *pdb = context;
    size_t count;
    const struct pdb_member *members = pdb_type_members(pdb, type->index, &count);
    for (size_t i = 0; i < count; i++) {
        struct pdb_type member;
        pdb_type_get(pdb, members[i].type, &member);
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct pdb *pdb;
    struct pdb_line line;
    if (pdb_open_memory(bytes, size, &pdb) != PDB_OK)
        return 0;
    const struct symtab *names = pdb_symbols(pdb);
    for (size_t i = 0; i < names->count && i < 64; i++) {
        if (!symtab_find(names, names->list[i].name) || !symtab_at(names, names->list[i].rva))
            abort();
        pdb_line_at(pdb, names->list[i].rva, &line);
    }
    pdb_types_each(pdb, visit_type, pdb);
    pdb_type_find(pdb, "_EPROCESS");
    pdb_close(pdb);
    return 0;
}
