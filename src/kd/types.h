/* types.h: the types of modules by name, members by path, and their values in guest memory.
 *
 * Commands that look at kernel structures use these, never a kernel header: the same code then
 * works for every system that a PDB describes. Look-ups are cached by name; a command may ask again
 * for each element of a list.
 */
#pragma once

#include "kd/symbols.h"

/* A type of one PDB. */
struct kd_type {
    struct pdb *pdb;
    uint32_t index;
};

/* Where a member path leads. */
struct kd_field {
    struct kd_type type;
    uint64_t offset; /* bytes from the start of the outermost structure */
    uint64_t size;   /* bytes of the member, of its storage for a bit field */
    uint8_t bit_position;
    uint8_t bit_count; /* 0: not a bit field */
};

/* Find a structure, union or enumeration: "module!name" or "name" (nt first, then all modules). */
bool kd_type_find(struct kd_symbols *symbols, const char *name, struct kd_type *type);

/* Follow `path` ("a.b", "a[2].b") through members of `type` without reading memory.
 * => false: no such member, or the path goes through a pointer */
bool kd_type_path(struct kd_type type, const char *path, struct kd_field *field);

/* Field `path` of `module`!`type`; cached. `offset` and `size` (bytes) may be NULL. */
bool kd_type_field(struct kd_symbols *symbols, const char *module, const char *type,
                   const char *path, uint64_t *offset, uint64_t *size);
bool kd_type_field_get(struct kd_symbols *symbols, const char *module, const char *type,
                       const char *path, struct kd_field *field);

/* sizeof(`module`!`type`) in bytes; 0: not known. */
uint64_t kd_type_size(struct kd_symbols *symbols, const char *module, const char *type);

/* Read a number of at most 8 bytes (bit fields shifted down, no sign extension) at member `path` of
 * the `type` at `address`. `type` may be "nt!_EPROCESS" or "_EPROCESS" (nt).
 * => false: no such member, or not readable; *value is then 0 */
bool kd_read_field(struct kd_symbols *symbols, const char *type, uint64_t address, const char *path,
                   uint64_t *value);

/* The same where the field has been looked up before. */
bool kd_field_read(struct kd_symbols *symbols, const struct kd_field *field, uint64_t address,
                   uint64_t *value);

/* The name of an enumeration's value; NULL: none. */
const char *kd_type_enumerator(struct kd_type type, int64_t value);

/* By name: kd_enum_name(s, "nt", "_KWAIT_REASON", 2) is "PageIn", kd_enum_value the way back. */
const char *kd_enum_name(struct kd_symbols *symbols, const char *module, const char *type,
                         int64_t value);
bool kd_enum_value(struct kd_symbols *symbols, const char *module, const char *type,
                   const char *name, int64_t *value);

/* Read the global variable `name` ("nt!MmPfnDatabase") of `size` <= 8 bytes. */
bool kd_read_global(struct kd_symbols *symbols, const char *name, size_t size, uint64_t *value);

/* Read the UNICODE_STRING at `address` as UTF-8, at most `size` - 1 bytes. */
bool kd_read_unicode_string(struct kd_symbols *symbols, uint64_t address, char *buffer,
                            size_t size);

/* UTF-16 up to its end or a NUL as UTF-8 of at most `size` - 1 bytes; control characters and broken
 * pairs become '.', so that guest memory cannot talk to a terminal. */
void kd_utf16_text(const uint16_t *from, size_t count, char *buffer, size_t size);
