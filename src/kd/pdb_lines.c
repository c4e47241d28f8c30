/* pdb_lines.c: which source line an address comes from.
 *
 * Behind the symbols of each unit stand subsections: one with the unit's source files, and one for
 * each run of code with (offset, line) pairs, in blocks of one file each. A file is named by an
 * offset into the file list, whose entry holds an offset into the string table `/names`.
 *
 * All pairs of all units become one list ordered by address. An entry with line 0 behind the end of
 * each run keeps what has no lines from being taken for the line before.
 */
#include "kd/pdb_int.h"
#include <stdlib.h>

enum { SUBSECTION_LINES = 0xf2, SUBSECTION_FILES = 0xf4 };

/* Line numbers that tell a debugger not to stop there; no source has that many lines. */
#define LINE_BITS 0xffffffu
#define LINE_HIDDEN 0xf00f00u
#define LINE_NEVER 0xfeefeeu

struct line_builder {
    struct pdb *pdb;
    struct pdb_bytes names;
    struct pdb_bytes files;
};

static bool add_line(struct pdb_line_table *t, struct pdb_line line)
{
    if (t->count == t->room) {
        size_t room = t->room ? 2 * t->room : 1024;
        struct pdb_line *list = realloc(t->list, room * sizeof *list);
        if (!list)
            return false;
        t->list = list;
        t->room = room;
    }
    t->list[t->count++] = line;
    return true;
}

static const char *file_name(const struct line_builder *b, uint32_t file)
{
    struct pdb_cursor entry = pdb_cursor_at(b->files, file);
    uint32_t offset = pdb_u32(&entry);
    struct pdb_cursor name = pdb_cursor_at(b->names, offset);
    return entry.bad ? "" : pdb_string(&name);
}

/* One run of code: a header, then blocks. */
static bool add_run(struct line_builder *b, struct pdb_cursor c)
{
    uint32_t start = pdb_u32(&c);
    uint16_t section = pdb_u16(&c);
    pdb_skip(&c, 2); /* flags: columns follow the lines of a block */
    uint32_t size = pdb_u32(&c);
    while (!c.bad && pdb_left(&c) >= 12) {
        struct pdb_line line = {.file = file_name(b, pdb_u32(&c))};
        uint32_t count = pdb_u32(&c);
        uint32_t bytes = pdb_u32(&c);
        if (bytes < 12)
            return true;
        struct pdb_bytes block = pdb_run(&c, bytes - 12);
        struct pdb_cursor l = pdb_cursor_at(block, 0);
        for (uint32_t i = 0; i < count && pdb_left(&l) >= 8; i++) {
            uint32_t offset = pdb_u32(&l);
            line.line = pdb_u32(&l) & LINE_BITS;
            bool shown = line.line != LINE_HIDDEN && line.line != LINE_NEVER;
            if (shown && pdb_section_rva(b->pdb, section, start + offset, &line.rva) &&
                !add_line(&b->pdb->lines, line))
                return false;
        }
    }
    struct pdb_line end = {.file = ""};
    return !pdb_section_rva(b->pdb, section, start + size, &end.rva) ||
           add_line(&b->pdb->lines, end);
}

/* The next subsection of `c`; its length is rounded up to 4. */
static bool next_subsection(struct pdb_cursor *c, uint32_t *kind, struct pdb_bytes *data)
{
    if (pdb_left(c) < 8)
        return false;
    *kind = pdb_u32(c);
    uint32_t length = pdb_u32(c);
    *data = pdb_run(c, length);
    if (length % 4 && pdb_left(c) >= 4 - length % 4)
        pdb_skip(c, 4 - length % 4);
    return !c->bad;
}

static bool add_unit(struct line_builder *b, const struct pdb_unit *unit)
{
    struct pdb_bytes stream = msf_stream(&b->pdb->msf, unit->stream);
    struct pdb_cursor at =
        pdb_cursor_at(stream, (size_t)unit->symbol_bytes + (size_t)unit->c11_bytes);
    struct pdb_bytes lines = pdb_run(&at, unit->c13_bytes);
    uint32_t kind;
    struct pdb_bytes data;
    b->files = (struct pdb_bytes){NULL, 0};
    for (struct pdb_cursor c = pdb_cursor_at(lines, 0); next_subsection(&c, &kind, &data);) {
        if (kind == SUBSECTION_FILES)
            b->files = data;
    }
    for (struct pdb_cursor c = pdb_cursor_at(lines, 0); next_subsection(&c, &kind, &data);) {
        if (kind == SUBSECTION_LINES && !add_run(b, pdb_cursor_at(data, 0)))
            return false;
    }
    return true;
}

/* At one address, the end of the run before comes first. */
static int by_address(const void *a, const void *b)
{
    const struct pdb_line *p = a;
    const struct pdb_line *q = b;
    if (p->rva != q->rva)
        return p->rva < q->rva ? -1 : 1;
    return (p->line > q->line) - (p->line < q->line);
}

static void build(struct pdb *pdb)
{
    if (pdb->lines.built)
        return;
    pdb->lines.built = true;
    struct line_builder b = {.pdb = pdb};
    b.names = msf_stream(&pdb->msf, pdb_named_stream(pdb, "/names"));
    struct pdb_cursor c = pdb_cursor_at(b.names, 8);
    uint32_t size = pdb_u32(&c);
    b.names = pdb_run(&c, size);
    for (size_t i = 0; i < pdb->unit_count; i++) {
        if (!add_unit(&b, &pdb->units[i]))
            break;
    }
    if (pdb->lines.count)
        qsort(pdb->lines.list, pdb->lines.count, sizeof *pdb->lines.list, by_address);
}

void pdb_lines_deinit(struct pdb *pdb)
{
    free(pdb->lines.list);
}

bool pdb_line_at(struct pdb *pdb, uint32_t rva, struct pdb_line *line)
{
    build(pdb);
    const struct pdb_line_table *t = &pdb->lines;
    size_t low = 0;
    size_t high = t->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (t->list[middle].rva <= rva)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || t->list[low - 1].line == 0)
        return false;
    *line = t->list[low - 1];
    return true;
}
