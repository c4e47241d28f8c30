/* src/pe/pe.h: reading PE images of 64-bit Windows.
 *
 * An image is read through a byte_reader, in one of two layouts:
 *
 *      file      headers | .text | .data | .reloc | symbols      as on disk; RVAs go through the
 *                                                                section table
 *      mapped    headers |     .text     |   .data   | .reloc    as in memory; an RVA is an offset
 *
 * Every function here takes the same struct pe_image and works on both (COFF symbols are not mapped
 * and so only in files). The bytes are hostile: pe_open checks what a loader relies on, all else is
 * checked when it is read, and no content makes a function run away or read outside.
 *
 * Addresses are RVAs (offsets from the image's base) unless a name says otherwise.
 * Source of the format: "PE Format", documentation.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reader.h"
#include "nt/image.h"

enum pe_status {
    PE_OK,
    PE_NOT_FOUND,      /* what was asked for is not in the image */
    PE_NOT_MZ,         /* no DOS header: STATUS_INVALID_IMAGE_NOT_MZ */
    PE_NOT_PE,         /* MZ, but nothing more (DOS): STATUS_INVALID_IMAGE_PROTECT */
    PE_WIN16,          /* MZ with an NE or LE header: STATUS_INVALID_IMAGE_WIN_16 */
    PE_WRONG_MACHINE,  /* a PE for another processor: STATUS_IMAGE_MACHINE_TYPE_MISMATCH */
    PE_NOT_EXECUTABLE, /* an object or unfinished link: STATUS_INVALID_IMAGE_FORMAT */
    PE_TRUNCATED,      /* ends too early, or is unreadable: STATUS_INVALID_IMAGE_FORMAT */
    PE_CORRUPT,        /* contradicts itself: STATUS_INVALID_IMAGE_FORMAT */
    PE_STATUS_COUNT
};

enum pe_layout { PE_LAYOUT_FILE, PE_LAYOUT_MAPPED };

#define PE_NAME_MAX 512 /* longest name accepted from an image, terminator included */

struct pe_image {
    struct byte_reader reader;
    enum pe_layout layout;
    uint64_t base;           /* where it is, or wants to be: the header's ImageBase at first; the
                                reader of a relocated mapped image may set it */
    uint32_t headers_offset; /* of IMAGE_NT_HEADERS64 */
    uint32_t sections_offset;
    bool single_range; /* alignment below a page: mapped whole, RVA equals file offset */
    IMAGE_FILE_HEADER file;
    IMAGE_OPTIONAL_HEADER64 optional; /* directories beyond NumberOfRvaAndSizes are zero */
};

/* One line that says what the status means, without a full stop. */
const char *pe_status_text(enum pe_status status);

/* Look at a file of `size` bytes, which must outlive the image. Nothing is allocated; there is no
 * close. => PE_NOT_MZ .. PE_CORRUPT */
enum pe_status pe_open(struct pe_image *image, const void *bytes, size_t size);
/* The same over any reader, in either layout. */
enum pe_status pe_open_reader(struct pe_image *image, struct byte_reader reader,
                              enum pe_layout layout);

/* ---- headers and sections ---------------------------------------------------------------- */

struct pe_section {
    char name[9];
    uint32_t rva;
    uint32_t virtual_size;    /* bytes in memory, not rounded; raw_size when the header has 0 */
    uint32_t raw_offset;      /* in the file, as the loader rounds it (down to 512 bytes) */
    uint32_t raw_size;        /* bytes of file data that belong to memory: never above virtual_size
                                 rounded up to pages, 0 for uninitialised data */
    uint32_t characteristics; /* IMAGE_SCN_* */
};

/* Section number `index` from 0. => PE_NOT_FOUND behind the last */
enum pe_status pe_section(const struct pe_image *image, uint32_t index, struct pe_section *section);
/* The section that holds `rva`. => PE_NOT_FOUND: the headers, or nothing */
enum pe_status pe_find_section(const struct pe_image *image, uint32_t rva,
                               struct pe_section *section);

/* What the memory manager maps: range 0 is the headers, the others are the sections in order (an
 * image aligned below a page is a single range, writable and executable). Ranges are page aligned,
 * ascending and without holes, and end at pe_size_of_image. The bytes behind raw_size are zero. */
uint32_t pe_range_count(const struct pe_image *image);
enum pe_status pe_range(const struct pe_image *image, uint32_t index, struct pe_section *range);
/* Bytes of address space, a multiple of the page size. */
uint32_t pe_size_of_image(const struct pe_image *image);

/* A data directory entry; false when absent or empty. `index` is IMAGE_DIRECTORY_ENTRY_*. */
bool pe_directory(const struct pe_image *image, unsigned index, IMAGE_DATA_DIRECTORY *directory);

/* The bytes at `rva` as they are in memory before relocation; behind a section's file data they are
 * zero. => PE_TRUNCATED when not all of them are in the image */
enum pe_status pe_read(const struct pe_image *image, uint64_t rva, void *buffer, size_t size);
/* A NUL-terminated string of less than `capacity` bytes. => PE_CORRUPT: longer, or cut off */
enum pe_status pe_read_cstr(const struct pe_image *image, uint64_t rva, char *buffer,
                            size_t capacity);

/* The image checksum that the header should hold, over a file.
 * Source: documented behaviour of CheckSumMappedFile. */
enum pe_status pe_checksum(const struct pe_image *image, uint32_t *checksum);

/* ---- relocations -------------------------------------------------------------------------- */

/* Whether the image may be placed elsewhere than at ImageBase. */
bool pe_is_relocatable(const struct pe_image *image);

/* Call `visit` with each relocation (IMAGE_REL_BASED_ABSOLUTE padding left out) that touches rva ..
 * rva + size, until it returns false. => PE_CORRUPT, PE_TRUNCATED; some may have been visited */
enum pe_status pe_foreach_relocation(const struct pe_image *image, uint32_t rva, uint64_t size,
                                     bool (*visit)(void *context, uint32_t rva, unsigned type),
                                     void *context);

/* Relocate `size` bytes that hold (or will hold) what pe_read gives at `rva`, by `delta` = new base
 * - ImageBase. Stateless, so pages can be done one by one in any order: a relocation across the
 * edge changes just the bytes that are inside. */
enum pe_status pe_relocate_range(const struct pe_image *image, uint64_t delta, uint32_t rva,
                                 void *bytes, size_t size);
/* Relocate a whole image in memory layout. */
enum pe_status pe_relocate(const struct pe_image *image, void *mapped, size_t size, uint64_t delta);

/* ---- exports and imports ------------------------------------------------------------------ */

struct pe_export {
    uint32_t rva;
    uint32_t ordinal;
    bool has_name, forwarded;
    char name[PE_NAME_MAX];
    char forwarder[PE_NAME_MAX]; /* "MODULE.Name" or "MODULE.#12" */
};

enum pe_status pe_find_export(const struct pe_image *image, const char *name,
                              struct pe_export *out);
enum pe_status pe_find_export_ordinal(const struct pe_image *image, uint32_t ordinal,
                                      struct pe_export *out);
/* All named exports in name order, then those that have only an ordinal, until `visit` returns
 * false. */
enum pe_status pe_foreach_export(const struct pe_image *image,
                                 bool (*visit)(void *context, const struct pe_export *export),
                                 void *context);
/* The module's own name for itself. */
enum pe_status pe_export_module_name(const struct pe_image *image, char *name, size_t capacity);

struct pe_import {
    char module[PE_NAME_MAX];
    char name[PE_NAME_MAX]; /* "" when by ordinal */
    bool by_ordinal;
    uint16_t ordinal; /* or the hint */
    uint32_t thunk;   /* RVA of the import address table slot */
};

enum pe_status pe_foreach_import(const struct pe_image *image,
                                 bool (*visit)(void *context, const struct pe_import *import),
                                 void *context);

/* ---- debug information -------------------------------------------------------------------- */

struct pe_debug_id {
    uint8_t guid[16]; /* as in the file: Data1-3 little-endian */
    uint32_t age;
    uint32_t time_stamp;
    char pdb[PE_NAME_MAX];
};

/* The RSDS record: which PDB belongs to the image. => PE_NOT_FOUND */
enum pe_status pe_debug_id(const struct pe_image *image, struct pe_debug_id *id);

struct pe_symbol {
    char name[PE_NAME_MAX];
    int16_t section; /* from 1; 0 undefined, -1 absolute, -2 debug */
    uint32_t rva;    /* of symbols in a section; else the bare value */
    uint16_t type;   /* 0x20: function */
    uint8_t storage_class;
};

/* The COFF symbol table that GNU ld leaves in programs; files only. => PE_NOT_FOUND: none */
enum pe_status pe_foreach_symbol(const struct pe_image *image,
                                 bool (*visit)(void *context, const struct pe_symbol *symbol),
                                 void *context);

/* ---- exception directory ------------------------------------------------------------------ */

uint32_t pe_function_count(const struct pe_image *image);
enum pe_status pe_function(const struct pe_image *image, uint32_t index,
                           IMAGE_RUNTIME_FUNCTION_ENTRY *function);
/* The function that holds `rva`, by binary search. => PE_NOT_FOUND: a leaf function */
enum pe_status pe_find_function(const struct pe_image *image, uint32_t rva,
                                IMAGE_RUNTIME_FUNCTION_ENTRY *function);

struct pe_unwind_code {
    uint8_t prolog_offset; /* behind the instruction */
    uint8_t operation;     /* UWOP_* */
    uint8_t info;          /* register, or for UWOP_PUSH_MACHFRAME whether there is an error code */
    uint32_t operand;      /* bytes: size of an allocation, or offset of a save */
};

struct pe_unwind {
    uint8_t version, flags; /* UNW_FLAG_* */
    uint8_t prolog_size;
    uint8_t frame_register; /* 0: none */
    uint32_t frame_offset;  /* bytes */
    unsigned code_count;
    struct pe_unwind_code code[255];
    bool has_handler, chained;
    uint32_t handler;      /* RVA of the language's handler */
    uint32_t handler_data; /* RVA of its data */
    IMAGE_RUNTIME_FUNCTION_ENTRY chain;
};

/* Decode the UNWIND_INFO at `rva`. Source: "x64 exception handling", documentation. */
enum pe_status pe_read_unwind(const struct pe_image *image, uint32_t rva, struct pe_unwind *unwind);

/* ---- thread-local storage ----------------------------------------------------------------- */

struct pe_tls {
    uint32_t data, data_size; /* initial contents */
    uint32_t zero_size;       /* zeroes behind them, bytes */
    uint32_t index;           /* RVA of the slot number; 0: none */
    uint32_t callbacks;       /* RVA of a zero-terminated array of addresses; 0: none */
    uint32_t characteristics;
};

enum pe_status pe_tls(const struct pe_image *image, struct pe_tls *tls);
