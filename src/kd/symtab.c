/* symtab.c: names and addresses in two orders. */
#define _GNU_SOURCE 1 /* qsort_r */

#include "kd/symtab.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int symtab_name_compare(const char *a, const char *b)
{
    int order = strcasecmp(a, b);
    return order ? order : strcmp(a, b);
}

bool symtab_add(struct symtab *t, const struct pdb_symbol *symbol)
{
    if (t->count == t->room) {
        size_t room = t->room ? 2 * t->room : 1024;
        struct pdb_symbol *list = realloc(t->list, room * sizeof *list);
        if (!list)
            return false;
        t->list = list;
        t->room = room;
    }
    t->list[t->count++] = *symbol;
    return true;
}

bool symtab_add_copy(struct symtab *t, const struct pdb_symbol *symbol)
{
    struct pdb_symbol own = *symbol;
    char *name = strdup(symbol->name);
    own.name = name;
    t->owns_names = true;
    if (name && symtab_add(t, &own))
        return true;
    free(name);
    return false;
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
    int order = symtab_name_compare(p->name, q->name);
    return order ? order : rank(p) - rank(q);
}

static void drop_duplicates(struct symtab *t)
{
    size_t kept = 0;
    for (size_t i = 0; i < t->count; i++) {
        const struct pdb_symbol *last = kept ? &t->list[kept - 1] : NULL;
        if (last && last->rva == t->list[i].rva && strcmp(last->name, t->list[i].name) == 0) {
            if (t->owns_names)
                free((void *)t->list[i].name);
            continue;
        }
        t->list[kept++] = t->list[i];
    }
    t->count = kept;
}

static int by_name(const void *a, const void *b, void *list)
{
    const struct pdb_symbol *symbols = list;
    uint32_t i = *(const uint32_t *)a;
    uint32_t j = *(const uint32_t *)b;
    int order = symtab_name_compare(symbols[i].name, symbols[j].name);
    return order ? order : (i > j) - (i < j);
}

void symtab_finish(struct symtab *t)
{
    if (t->count)
        qsort(t->list, t->count, sizeof *t->list, by_address);
    drop_duplicates(t);
    t->by_name = malloc((t->count + 1) * sizeof *t->by_name);
    if (!t->by_name) {
        symtab_deinit(t);
        return;
    }
    for (size_t i = 0; i < t->count; i++)
        t->by_name[i] = (uint32_t)i;
    qsort_r(t->by_name, t->count, sizeof *t->by_name, by_name, t->list);
}

void symtab_deinit(struct symtab *t)
{
    for (size_t i = 0; t->owns_names && i < t->count; i++)
        free((void *)t->list[i].name);
    free(t->list);
    free(t->by_name);
    *t = (struct symtab){0};
}

const struct pdb_symbol *symtab_find(const struct symtab *t, const char *name)
{
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

size_t symtab_above(const struct symtab *t, uint32_t rva)
{
    size_t low = 0;
    size_t high = t->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (t->list[middle].rva <= rva)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct pdb_symbol *symtab_at(const struct symtab *t, uint32_t rva)
{
    size_t above = symtab_above(t, rva);
    if (above == 0)
        return NULL;
    const struct pdb_symbol *best = &t->list[above - 1];
    for (const struct pdb_symbol *s = best; s > t->list && s[-1].rva == best->rva;) {
        s--;
        if (rank(s) <= rank(best))
            best = s;
    }
    return best;
}
