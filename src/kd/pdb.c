/* pdb.c: opening a PDB: identity, sections and the list of compiled units.
 *
 *      stream 1  info    GUID, age, names of named streams
 *      stream 2  TPI     types                              pdb_types.c
 *      stream 3  DBI     age, units, optional debug streams
 *                |-- record stream      publics, globals    pdb_symbols.c
 *                |-- one stream a unit  procedures, lines   pdb_symbols.c, pdb_lines.c
 *                `-- section headers, address maps (OMAP)
 *
 * Symbols say section:offset. The section headers make an RVA of it; programs whose code was moved
 * around after linking also have an OMAP, which leads from the addresses of the link to the final
 * ones.
 */
#include "kd/pdb_int.h"
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTION_HEADER_SIZE 40
#define UNIT_HEADER_SIZE 64

/* Slots of the optional debug header, each the number of a stream. */
enum { DEBUG_OMAP_FROM_SOURCE = 4, DEBUG_SECTIONS = 5, DEBUG_SECTIONS_ORIGINAL = 10, DEBUG_SLOTS };

struct dbi_layout {
    uint32_t age;
    struct pdb_bytes units;
    struct pdb_bytes debug;
};

static bool read_info(struct pdb *pdb)
{
    struct pdb_cursor c = pdb_cursor_at(msf_stream(&pdb->msf, STREAM_INFO), 0);
    pdb_skip(&c, 8); /* version, time stamp */
    pdb->info_age = pdb_u32(&c);
    struct pdb_bytes guid = pdb_run(&c, sizeof pdb->id.guid);
    if (c.bad)
        return false;
    memcpy(pdb->id.guid, guid.data, guid.size);
    pdb->id.age = pdb->info_age;
    return true;
}

/* Header of DBI and the two substreams of it that we use. */
static bool read_dbi_header(struct pdb *pdb, struct dbi_layout *dbi)
{
    struct pdb_cursor c = pdb_cursor_at(msf_stream(&pdb->msf, STREAM_DBI), 0);
    pdb_skip(&c, 8); /* signature, version */
    dbi->age = pdb_u32(&c);
    pdb_skip(&c, 8); /* globals, build, publics, version */
    pdb->record_stream = pdb_u16(&c);
    pdb_skip(&c, 2);
    uint32_t unit_bytes = pdb_u32(&c);
    uint32_t contribution_bytes = pdb_u32(&c);
    uint32_t map_bytes = pdb_u32(&c);
    uint32_t source_bytes = pdb_u32(&c);
    uint32_t server_bytes = pdb_u32(&c);
    pdb_skip(&c, 4);
    uint32_t debug_bytes = pdb_u32(&c);
    uint32_t edit_bytes = pdb_u32(&c);
    pdb_skip(&c, 8); /* flags, machine, padding */

    dbi->units = pdb_run(&c, unit_bytes);
    pdb_skip(&c, (size_t)contribution_bytes + map_bytes + source_bytes + server_bytes + edit_bytes);
    dbi->debug = pdb_run(&c, debug_bytes);
    return !c.bad;
}

static bool read_units(struct pdb *pdb, struct pdb_bytes bytes)
{
    pdb->units = calloc(bytes.size / UNIT_HEADER_SIZE + 1, sizeof *pdb->units);
    if (!pdb->units)
        return false;
    struct pdb_cursor c = pdb_cursor_at(bytes, 0);
    while (pdb_left(&c) >= UNIT_HEADER_SIZE) {
        struct pdb_unit unit;
        pdb_skip(&c, 4 + 28 + 2); /* unused, first section contribution, flags */
        unit.stream = pdb_u16(&c);
        unit.symbol_bytes = pdb_u32(&c);
        unit.c11_bytes = pdb_u32(&c);
        unit.c13_bytes = pdb_u32(&c);
        pdb_skip(&c, 16); /* source files, name offsets */
        pdb_string(&c);   /* unit */
        pdb_string(&c);   /* object file */
        if (c.bad)
            break;
        pdb->units[pdb->unit_count++] = unit;
        size_t used = (size_t)(c.at - bytes.data);
        if (used % 4)
            pdb_skip(&c, 4 - used % 4);
    }
    return true;
}

static struct pdb_bytes debug_stream(struct pdb *pdb, struct pdb_bytes slots, unsigned slot)
{
    struct pdb_cursor c = pdb_cursor_at(slots, 2 * (size_t)slot);
    uint16_t stream = pdb_u16(&c);
    return c.bad ? (struct pdb_bytes){NULL, 0} : msf_stream(&pdb->msf, stream);
}

static bool read_sections(struct pdb *pdb, struct pdb_bytes slots)
{
    struct pdb_bytes headers = debug_stream(pdb, slots, DEBUG_SECTIONS);
    struct pdb_bytes original = debug_stream(pdb, slots, DEBUG_SECTIONS_ORIGINAL);
    pdb->omap = debug_stream(pdb, slots, DEBUG_OMAP_FROM_SOURCE);
    if (pdb->omap.size && original.size)
        headers = original;

    size_t count = headers.size / SECTION_HEADER_SIZE;
    pdb->sections = calloc(count + 1, sizeof *pdb->sections);
    if (!pdb->sections)
        return false;
    pdb->section_count = count;
    for (size_t i = 0; i < count; i++) {
        struct pdb_cursor c = pdb_cursor_at(headers, i * SECTION_HEADER_SIZE + 8);
        pdb->sections[i].size = pdb_u32(&c);
        pdb->sections[i].rva = pdb_u32(&c);
    }
    return true;
}

static enum pdb_status read_dbi(struct pdb *pdb)
{
    struct dbi_layout dbi;
    if (msf_stream(&pdb->msf, STREAM_DBI).size == 0)
        return PDB_OK; /* types only */
    if (!read_dbi_header(pdb, &dbi))
        return PDB_CORRUPT;
    pdb->id.age = dbi.age;
    return read_units(pdb, dbi.units) && read_sections(pdb, dbi.debug) ? PDB_OK : PDB_NO_MEMORY;
}

static enum pdb_status open_bytes(struct pdb *pdb, const void *bytes, size_t size)
{
    pdb->record_stream = MSF_NO_STREAM;
    enum pdb_status status = msf_init(&pdb->msf, bytes, size);
    if (status == PDB_OK && !read_info(pdb))
        status = PDB_CORRUPT;
    if (status == PDB_OK)
        status = read_dbi(pdb);
    return status;
}

enum pdb_status pdb_open_memory(const void *bytes, size_t size, struct pdb **out)
{
    *out = NULL;
    struct pdb *pdb = calloc(1, sizeof *pdb);
    if (!pdb)
        return PDB_NO_MEMORY;
    enum pdb_status status = open_bytes(pdb, bytes, size);
    if (status == PDB_OK)
        *out = pdb;
    else
        pdb_close(pdb);
    return status;
}

enum pdb_status pdb_open(const char *path, struct pdb **out)
{
    *out = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return PDB_NOT_FOUND;
    struct stat st;
    void *bytes = MAP_FAILED;
    bool regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    if (regular && st.st_size > 0)
        bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (bytes == MAP_FAILED)
        return regular ? PDB_CORRUPT : PDB_NOT_FOUND;
    enum pdb_status status = pdb_open_memory(bytes, (size_t)st.st_size, out);
    if (status != PDB_OK) {
        munmap(bytes, (size_t)st.st_size);
        return status;
    }
    (*out)->mapping = bytes;
    (*out)->mapping_size = (size_t)st.st_size;
    return PDB_OK;
}

void pdb_close(struct pdb *pdb)
{
    if (!pdb)
        return;
    symtab_deinit(&pdb->symbols);
    pdb_types_deinit(pdb);
    pdb_lines_deinit(pdb);
    free(pdb->units);
    free(pdb->sections);
    msf_deinit(&pdb->msf);
    if (pdb->mapping)
        munmap(pdb->mapping, pdb->mapping_size);
    free(pdb);
}

const char *pdb_status_text(enum pdb_status status)
{
    switch (status) {
    case PDB_OK:
        return "ok";
    case PDB_NOT_FOUND:
        return "file not found";
    case PDB_CORRUPT:
        return "not a PDB of format MSF 7.0, or damaged";
    case PDB_NO_MEMORY:
        return "out of memory";
    }
    return "unknown";
}

struct pdb_id pdb_id(const struct pdb *pdb)
{
    return pdb->id;
}

bool pdb_matches(const struct pdb *pdb, const struct pdb_id *id)
{
    return memcmp(pdb->id.guid, id->guid, sizeof id->guid) == 0 &&
           (id->age == pdb->id.age || id->age == pdb->info_age);
}

/* Where an address of the link is now: the last map entry at or below it moves everything up to
 * the next one; target 0 means that the code was dropped. */
static bool omap_translate(struct pdb_bytes omap, uint32_t *rva)
{
    size_t low = 0;
    size_t high = omap.size / 8;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct pdb_cursor c = pdb_cursor_at(omap, middle * 8);
        if (pdb_u32(&c) <= *rva)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return false;
    struct pdb_cursor c = pdb_cursor_at(omap, (low - 1) * 8);
    uint32_t from = pdb_u32(&c);
    uint32_t to = pdb_u32(&c);
    *rva = *rva - from + to;
    return to != 0;
}

bool pdb_section_rva(const struct pdb *pdb, uint16_t section, uint32_t offset, uint32_t *rva)
{
    if (section == 0 || section > pdb->section_count)
        return false;
    uint64_t sum = (uint64_t)pdb->sections[section - 1].rva + offset;
    if (sum > UINT32_MAX)
        return false;
    *rva = (uint32_t)sum;
    return pdb->omap.size < 8 || omap_translate(pdb->omap, rva);
}

/* The map of names to streams: string bytes, then a hash table as used-bits, deleted-bits and
 * (string offset, stream) pairs for the used slots. The pairs alone are enough for us. */
uint32_t pdb_named_stream(struct pdb *pdb, const char *name)
{
    struct pdb_cursor c = pdb_cursor_at(msf_stream(&pdb->msf, STREAM_INFO), 28);
    struct pdb_bytes strings = pdb_run(&c, pdb_u32(&c));
    uint32_t count = pdb_u32(&c);
    pdb_skip(&c, 4); /* capacity */
    pdb_skip(&c, 4ull * pdb_u32(&c));
    pdb_skip(&c, 4ull * pdb_u32(&c));
    for (uint32_t i = 0; i < count && !c.bad; i++) {
        uint32_t offset = pdb_u32(&c);
        uint32_t stream = pdb_u32(&c);
        struct pdb_cursor s = pdb_cursor_at(strings, offset);
        if (!c.bad && strcmp(pdb_string(&s), name) == 0 && !s.bad)
            return stream;
    }
    return MSF_NO_STREAM;
}
