/* pdb.h: symbols and types out of a program database (PDB, MSF 7.0).
 *
 * A PDB is hostile input: every function here is bounds-checked, ends, and uses memory in
 * proportion to the file. What cannot be read is absent (false, 0, NULL), never an assertion.
 *
 * A `struct pdb` is not locked: one thread at a time. Everything that is returned by pointer lives
 * until pdb_close().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pdb;

enum pdb_status {
    PDB_OK,
    PDB_NOT_FOUND, /* no such file, or not readable */
    PDB_CORRUPT,   /* not a PDB, or damaged where we need it */
    PDB_NO_MEMORY,
};

/* What the RSDS record of an image names: a PDB belongs to an image when both are equal. */
struct pdb_id {
    uint8_t guid[16];
    uint32_t age;
};

/* Open the PDB file at `path`. The file stays mapped; streams are parsed when first asked for. */
enum pdb_status pdb_open(const char *path, struct pdb **out);

/* The same over `size` bytes at `bytes`, which must outlive the PDB. */
enum pdb_status pdb_open_memory(const void *bytes, size_t size, struct pdb **out);

void pdb_close(struct pdb *pdb);
const char *pdb_status_text(enum pdb_status status);
struct pdb_id pdb_id(const struct pdb *pdb);

/* Does an image with this RSDS record belong to the PDB? A PDB has two ages, one of which linkers
 * that rewrite it in place do not count up; either may be the image's. */
bool pdb_matches(const struct pdb *pdb, const struct pdb_id *id);

/* ---- symbols ---- */

enum pdb_symbol_kind {
    PDB_PUBLIC_DATA,     /* a linker symbol: a name and an address */
    PDB_PUBLIC_FUNCTION, /* the same, marked as code */
    PDB_DATA,            /* a variable with a type */
    PDB_FUNCTION,        /* a procedure with type and length */
};

struct pdb_symbol {
    const char *name;
    uint32_t rva;
    uint32_t size; /* bytes of code; 0 unless PDB_FUNCTION */
    uint32_t type; /* type index; 0: not known */
    enum pdb_symbol_kind kind;
};

struct symtab; /* symtab.h: find by name, by address, or walk in order of address */

/* All symbols of the PDB. */
const struct symtab *pdb_symbols(struct pdb *pdb);

/* ---- line numbers ---- */

struct pdb_line {
    const char *file;
    uint32_t line;
    uint32_t rva; /* first byte of the line's code */
};

/* The source line of the code at `rva`. */
bool pdb_line_at(struct pdb *pdb, uint32_t rva, struct pdb_line *line);

/* ---- types ---- */

enum pdb_type_kind {
    PDB_TYPE_NONE,
    PDB_TYPE_BASIC,
    PDB_TYPE_POINTER,
    PDB_TYPE_ARRAY,
    PDB_TYPE_STRUCT, /* and class */
    PDB_TYPE_UNION,
    PDB_TYPE_ENUM,
    PDB_TYPE_BITFIELD,
    PDB_TYPE_FUNCTION,
};

enum pdb_basic {
    PDB_VOID,
    PDB_SIGNED,
    PDB_UNSIGNED,
    PDB_CHAR,
    PDB_UCHAR,
    PDB_WCHAR, /* 16-bit character */
    PDB_BOOL,
    PDB_FLOAT,
    PDB_HRESULT,
};

struct pdb_type {
    uint32_t index;
    enum pdb_type_kind kind;
    enum pdb_basic basic; /* PDB_TYPE_BASIC only */
    const char *name;     /* structure, union, enum; "" otherwise */
    uint64_t size;        /* bytes */
    uint32_t target;      /* pointee, element, underlying, bit field's storage, return type */
    uint64_t count;       /* array: elements */
    uint8_t bit_position; /* bit field */
    uint8_t bit_count;
    uint32_t members; /* number that the record claims */
};

struct pdb_member {
    const char *name;
    uint32_t type;
    uint64_t offset; /* bytes, in a structure or union */
    int64_t value;   /* in an enumeration */
};

/* The type with this index; modifiers (const, volatile) are looked through and forward
 * references replaced by their definition where there is one. */
bool pdb_type_get(struct pdb *pdb, uint32_t index, struct pdb_type *type);

/* Index of the structure, union or enumeration called `name`; 0: none. A name that is spelled
 * without its leading underscore is found too (`EPROCESS` for `_EPROCESS`), as in WinDbg. */
uint32_t pdb_type_find(struct pdb *pdb, const char *name);

/* Members of a structure or union, or values of an enumeration, in order of declaration. */
const struct pdb_member *pdb_type_members(struct pdb *pdb, uint32_t index, size_t *count);

/* Call `visit` for each defined (not forward) named structure, union and enumeration, in order of
 * definition, until it returns false. */
void pdb_types_each(struct pdb *pdb, bool (*visit)(void *context, const struct pdb_type *type),
                    void *context);
