/* symtab.h: a table of names and addresses, whatever file they come from.
 *
 * Filled with symtab_add, closed with symtab_finish, then only read. Two orders: `list` by address,
 * `by_name` (indices) by name without case. Both are searched by halving, so that no choice of
 * names in a hostile file can make a look-up slow.
 */
#pragma once

#include "kd/pdb.h"

struct symtab {
    struct pdb_symbol *list;
    size_t count;
    size_t room;
    uint32_t *by_name;
    bool owns_names; /* names were allocated for this table */
};

/* False when out of memory. */
bool symtab_add(struct symtab *table, const struct pdb_symbol *symbol);

/* The same with a copy of the name; not to be mixed with symtab_add in one table. */
bool symtab_add_copy(struct symtab *table, const struct pdb_symbol *symbol);

/* Sort; of symbols with equal name and address the one that knows most stays. */
void symtab_finish(struct symtab *table);
void symtab_deinit(struct symtab *table);

/* The symbol called `name`: exact spelling first, else the first that differs only in case. */
const struct pdb_symbol *symtab_find(const struct symtab *table, const char *name);

/* The best symbol at the highest address that is not above `rva`. */
const struct pdb_symbol *symtab_at(const struct symtab *table, uint32_t rva);

/* Index in `list` of the first symbol above `rva`; `count` when there is none. */
size_t symtab_above(const struct symtab *table, uint32_t rva);

/* Order of names: without case first, then by spelling. */
int symtab_name_compare(const char *a, const char *b);
