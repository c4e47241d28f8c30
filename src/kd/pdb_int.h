/* pdb_int.h: what the files of the PDB reader share.
 *
 * The file is a small file system (pdb_msf.c) of numbered streams. A stream is handed out as one
 * run of bytes: where its blocks happen to be consecutive that is the file itself, otherwise a
 * copy. Parsers walk those bytes with a cursor that can only fail, never overrun.
 */
#pragma once

#include "kd/pdb.h"
#include "kd/symtab.h"
#include <string.h>

/* ---- cursor ---- */

/* A position in some bytes. Reading past the end gives zeros and sets `bad` for good. */
struct pdb_cursor {
    const uint8_t *at;
    const uint8_t *end;
    bool bad;
};

struct pdb_bytes {
    const uint8_t *data;
    size_t size;
};

static inline struct pdb_cursor pdb_cursor_at(struct pdb_bytes bytes, size_t offset)
{
    static const uint8_t nothing;

    /* Not even zero may be added to a null pointer. */
    if (offset > bytes.size || !bytes.data)
        return (struct pdb_cursor){&nothing, &nothing, offset > bytes.size};
    return (struct pdb_cursor){bytes.data + offset, bytes.data + bytes.size, false};
}

static inline size_t pdb_left(const struct pdb_cursor *c)
{
    return (size_t)(c->end - c->at);
}

static inline void pdb_skip(struct pdb_cursor *c, size_t n)
{
    if (n > pdb_left(c)) {
        c->bad = true;
        c->at = c->end;
        return;
    }
    c->at += n;
}

/* The next n (at most 8) bytes as a little-endian number. */
static inline uint64_t pdb_get(struct pdb_cursor *c, size_t n)
{
    uint64_t value = 0;
    if (n > pdb_left(c)) {
        c->bad = true;
        c->at = c->end;
        return 0;
    }
    memcpy(&value, c->at, n);
    c->at += n;
    return value;
}

static inline uint8_t pdb_u8(struct pdb_cursor *c)
{
    return (uint8_t)pdb_get(c, 1);
}

static inline uint16_t pdb_u16(struct pdb_cursor *c)
{
    return (uint16_t)pdb_get(c, 2);
}

static inline uint32_t pdb_u32(struct pdb_cursor *c)
{
    return (uint32_t)pdb_get(c, 4);
}

/* The next n bytes as a run of their own; empty and bad when they are not there. */
static inline struct pdb_bytes pdb_run(struct pdb_cursor *c, size_t n)
{
    const uint8_t *start = c->at;
    pdb_skip(c, n);
    return c->bad ? (struct pdb_bytes){NULL, 0} : (struct pdb_bytes){start, n};
}

/* The NUL-terminated string here; "" and bad when there is no terminator. */
static inline const char *pdb_string(struct pdb_cursor *c)
{
    const uint8_t *nul = c->at == c->end ? NULL : memchr(c->at, 0, pdb_left(c));
    const char *start = (const char *)c->at;
    if (!nul) {
        c->bad = true;
        c->at = c->end;
        return "";
    }
    c->at = nul + 1;
    return start;
}

/* ---- MSF ---- */

#define MSF_NO_STREAM 0xffff

struct msf_stream {
    uint32_t size;
    uint64_t blocks;       /* byte offset of its block numbers in the directory */
    struct pdb_bytes data; /* once loaded */
    bool loaded;
    bool owned;
};

struct msf {
    const uint8_t *file;
    size_t file_size;
    uint32_t block_size;
    uint32_t block_count;
    struct pdb_bytes directory;
    bool directory_owned;
    struct msf_stream *streams;
    uint32_t stream_count;
    uint64_t copy_budget; /* bytes that may still be copied: blocks belong to one stream each */
};

/* Read superblock and directory of the `size` bytes at `file`; msf_deinit() also after failure. */
enum pdb_status msf_init(struct msf *msf, const void *file, size_t size);
void msf_deinit(struct msf *msf);

/* The bytes of a stream; empty when there is no such stream or it is damaged. */
struct pdb_bytes msf_stream(struct msf *msf, uint32_t index);

/* ---- the parsed PDB ---- */

enum { STREAM_INFO = 1, STREAM_TPI = 2, STREAM_DBI = 3 };

/* One compiled file of the program, as DBI lists it. */
struct pdb_unit {
    uint16_t stream;       /* its symbols and lines; MSF_NO_STREAM: none */
    uint32_t symbol_bytes; /* symbols, at the start of the stream */
    uint32_t c11_bytes;    /* old line format, skipped */
    uint32_t c13_bytes;    /* lines */
};

struct pdb_section {
    uint32_t rva;
    uint32_t size;
};

struct omap_entry {
    uint32_t from;
    uint32_t to;
};

struct pdb_member_list {
    uint32_t field_list;
    size_t count;
    struct pdb_member *members;
};

struct pdb_type_table {
    bool built;
    struct pdb_bytes records;
    uint32_t first;    /* index of the first record */
    uint32_t count;    /* records */
    uint32_t *offsets; /* of each record in `records` */
    uint32_t *by_name; /* indices of named definitions, ordered by name */
    size_t name_count;
    struct pdb_member_list *lists; /* ordered by field_list */
    size_t list_count;
    size_t list_room;
    size_t member_budget; /* members that may still be cached */
};

struct pdb_line_table {
    bool built;
    struct pdb_line *list; /* ordered by rva; line 0 ends a run */
    size_t count;
    size_t room;
};

struct pdb {
    struct msf msf;
    void *mapping; /* NULL: bytes are the caller's */
    size_t mapping_size;
    struct pdb_id id;
    uint32_t info_age;
    struct pdb_unit *units;
    size_t unit_count;
    struct pdb_section *sections;
    size_t section_count;
    struct pdb_bytes omap; /* from original to final addresses; empty: none */
    uint16_t record_stream;
    struct symtab symbols;
    bool symbols_built;
    struct pdb_type_table types;
    struct pdb_line_table lines;
};

/* Final RVA of section:offset; false when there is no such place in the image. */
bool pdb_section_rva(const struct pdb *pdb, uint16_t section, uint32_t offset, uint32_t *rva);

/* Index of the stream with this name in the info stream; MSF_NO_STREAM: none. */
uint32_t pdb_named_stream(struct pdb *pdb, const char *name);

void pdb_types_deinit(struct pdb *pdb);
void pdb_lines_deinit(struct pdb *pdb);
