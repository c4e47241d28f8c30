/* symbols_int.h: what the files of the symbol manager share.
 *
 *      symbols.c   the manager itself, names to addresses and back
 *      modules.c   which images are in memory
 *      symload.c   where the symbols of an image come from
 *      image_file.c  the host's copy of an image
 *      symfind.c   files along the symbol path
 */
#pragma once

#include "kd/symbols.h"
#include "kd/symfind.h"
#include "kd/symtab.h"
#include "pe/pe.h"

/* The host's copy of an image, mapped. */
struct kd_image_file {
    char path[512];
    void *bytes;
    size_t size;
    struct pe_image image;
};

/* What is known about a module beyond what others may see; the public part comes first. */
struct kd_module_entry {
    struct kd_module public;
    struct pdb *pdb;            /* of the cache; NULL: none */
    struct symtab names;        /* COFF symbols or exports, when there is no PDB */
    struct kd_image_file *file; /* NULL: not found, or not looked for */
    bool file_looked_for;
    bool stale; /* not yet seen in the walk that renews the list */
};

/* PDBs that are open, by host path. */
struct kd_pdb_file {
    char *path;
    struct pdb *pdb;
};

struct kd_field_cache; /* types.c */

struct kd_symbols {
    struct kd_memory memory;
    struct kd_symbols_host host;
    struct symfind *find;
    char *path;                       /* as the user set it; never NULL */
    struct kd_module_entry **modules; /* in order of address; entries do not move */
    size_t module_count;
    size_t module_room;
    struct kd_pdb_file *files;
    size_t file_count;
    size_t file_room;
    struct kd_field_cache *fields;
    unsigned generation; /* grows when types may have changed: caches start over */
};

/* An image in guest memory, read where it is. => PE_TRUNCATED .. when its headers are not there */
enum pe_status kd_image_open(const struct kd_symbols *symbols, uint64_t base,
                             struct pe_image *image);

/* The host's copy of the module; NULL: the symbol path does not lead to it. */
struct kd_image_file *kd_image_file(struct kd_symbols *symbols, struct kd_module_entry *entry);
void kd_image_file_close(struct kd_module_entry *entry);

/* Tell of a file that is looked at: "DBGHELP: SUBJECT - WHAT". */
void kd_symbols_note(const struct kd_symbols *symbols, const char *subject, const char *what);

/* The last component of a path of either system; NULL when it is no file name. */
const char *kd_safe_file_name(const char *path);

/* Forget the symbols of a module, so that the next question loads them anew. */
void kd_module_forget(struct kd_symbols *symbols, struct kd_module_entry *entry);

/* The module's names, loaded when needed; NULL when there are none. */
const struct symtab *kd_module_names(struct kd_symbols *symbols, struct kd_module_entry *entry);

/* Close the PDBs of the cache. */
void kd_symload_deinit(struct kd_symbols *symbols);

/* Free the cache of types.c. */
void kd_types_deinit(struct kd_symbols *symbols);

static inline struct kd_module_entry *kd_module_entry(const struct kd_module *module)
{
    return (struct kd_module_entry *)module;
}
