/* symbols.h: which modules are in memory, and what the addresses in them are called.
 *
 * A module is an image seen in guest memory. Its names come, in this order, from the PDB that its
 * RSDS record asks for (searched along the symbol path, compared by GUID and age), from the COFF
 * symbols of the host's copy of the image, or from the exports in its memory. Symbols are loaded
 * when somebody first asks ("deferred" in lm).
 *
 * Kernel modules are the same in every process. User modules are those of one process at a time;
 * kd_modules_load_user() replaces them. PDBs stay open, so going back and forth costs nothing.
 *
 * Not locked: one thread at a time.
 */
#pragma once

#include "kd/pdb.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kd_symbols;

/* How to read the guest's virtual memory, in the process that the debugger looks at. `read` returns
 * the number of bytes read before the first that is not readable. */
struct kd_memory {
    size_t (*read)(void *context, uint64_t address, void *buffer, size_t size);
    void *context;
};

enum kd_symbol_source {
    KD_SYMBOLS_DEFERRED,
    KD_SYMBOLS_NONE,
    KD_SYMBOLS_EXPORT,
    KD_SYMBOLS_COFF,
    KD_SYMBOLS_PDB,
};

struct kd_module {
    uint64_t base;
    uint64_t size;
    char name[64];         /* as in `name!symbol`: no folder, no extension; the kernel is "nt" */
    char image[260];       /* file name as the loader knows it */
    char symbol_file[512]; /* host path of the PDB or image the symbols come from */
    uint32_t timestamp;    /* of the image headers, seconds since 1970 */
    uint32_t checksum;
    bool kernel;
    bool has_debug_record; /* the image has an RSDS record: pdb_name and id are valid */
    char pdb_name[260];
    struct pdb_id id;
    enum kd_symbol_source source;
};

/* A symbol with the module that it belongs to. */
struct kd_symbol {
    const struct kd_module *module;
    const char *name;
    uint64_t address;
    uint32_t size; /* code bytes; 0: not known */
    uint32_t type; /* type index in the module's PDB; 0: not known */
    bool function;
};

/* What the symbol manager wants of its debugger. Strings and functions may be NULL. */
struct kd_symbols_host {
    const char *own_path; /* searched after the symbol path, whatever that is set to */
    const char *store;    /* folder of the default store: where `srv*URL` keeps what it gets */
    const char *proxy;    /* through which servers are reached */
    /* A line of what has to be said in any case: a server that does not answer, a full disk. */
    void (*warn)(void *context, const char *line);
    /* A download goes on; called several times a second. `all` is 0 when it is not known. */
    void (*progress)(void *context, const char *url, uint64_t done, uint64_t all);
    /* Shall searches and downloads end? */
    bool (*interrupted)(void *context);
    /* A line for every file that is looked at (`!sym noisy`). */
    void (*note)(void *context, const char *line);
    void *context;
};

/* `path`: a symbol path (sympath.h), NULL: none. */
struct kd_symbols *kd_symbols_create(const struct kd_memory *memory, const char *path);
void kd_symbols_destroy(struct kd_symbols *symbols);

/* Say who is asked and told; until then nobody. The strings stay the caller's. */
void kd_symbols_set_host(struct kd_symbols *symbols, const struct kd_symbols_host *host);

/* Replace (or, with `append`, extend) the symbol path; modules without a PDB look again. */
void kd_symbols_set_path(struct kd_symbols *symbols, const char *path, bool append);
const char *kd_symbols_path(const struct kd_symbols *symbols);
/* The path taken apart, own_path at its end. */
struct sympath;
const struct sympath *kd_symbols_elements(const struct kd_symbols *symbols);

/* Ask servers again that did not answer, or did not have a file. */
void kd_symbols_ask_again(struct kd_symbols *symbols);

/* ---- modules ---- */

/* Add the image whose headers are at `base`. `name`: file name or NULL to take it from the image.
 * => NULL when there is no readable PE header. A module that is already there stays when it is the
 *    same image, else it is replaced */
struct kd_module *kd_module_add(struct kd_symbols *symbols, uint64_t base, const char *name,
                                bool kernel);

/* Rebuild the list of kernel modules: nt at `nt_base`, then what nt!PsLoadedModuleList says. */
void kd_modules_load_kernel(struct kd_symbols *symbols, uint64_t nt_base);

/* Add a module by what a target's own list says of it; its headers need not be in memory. */
struct kd_target_module;
void kd_modules_add_listed(struct kd_symbols *symbols, const struct kd_target_module *listed,
                           bool is_nt);

/* Replace the user modules by those of the process with this PEB (0: none). */
void kd_modules_load_user(struct kd_symbols *symbols, uint64_t peb);

/* Forget all modules; open PDBs stay. */
void kd_modules_clear(struct kd_symbols *symbols);

size_t kd_module_count(const struct kd_symbols *symbols);
/* The i-th module in order of address. */
const struct kd_module *kd_module_get(const struct kd_symbols *symbols, size_t i);
/* By name; where there is no kernel, "nt" is ntdll, whose PDB has the types of a process. */
const struct kd_module *kd_module_find(const struct kd_symbols *symbols, const char *name);
const struct kd_module *kd_module_at(const struct kd_symbols *symbols, uint64_t address);

/* Load the symbols of a module now; the result is also in module->source. */
enum kd_symbol_source kd_module_load(struct kd_symbols *symbols, const struct kd_module *module);

/* The module's PDB, loaded when needed; NULL when there is none. */
struct pdb *kd_module_pdb(struct kd_symbols *symbols, const struct kd_module *module);

/* The module's image: the host's copy, which is complete, when the symbol path leads to it, else
 * what is in memory. Valid until the list of modules changes.
 * => false: neither has readable headers */
struct pe_image;
bool kd_module_image(struct kd_symbols *symbols, const struct kd_module *module,
                     struct pe_image *image);

/* ---- names and addresses ---- */

/* `name` is "module!symbol" or "symbol" (searched in nt first, then in every module). */
bool kd_symbol_find(struct kd_symbols *symbols, const char *name, struct kd_symbol *symbol);
bool kd_symbol_address(struct kd_symbols *symbols, const char *name, uint64_t *address);

/* The symbol at or before `address` in its module; *offset gets the distance. */
bool kd_symbol_at(struct kd_symbols *symbols, uint64_t address, struct kd_symbol *symbol,
                  uint64_t *offset);

/* The first symbol above `address` in the same module. */
bool kd_symbol_after(struct kd_symbols *symbols, uint64_t address, struct kd_symbol *symbol);

/* The source line of the code at `address`; *offset gets the distance from the line's start. */
bool kd_source_line(struct kd_symbols *symbols, uint64_t address, struct pdb_line *line,
                    uint64_t *offset);

/* "module!name+0x12", "module!name", "module+0x123" without symbols. False and "" outside modules.
 */
bool kd_symbol_name(struct kd_symbols *symbols, uint64_t address, char *buffer, size_t size);

/* Each symbol of `module`, in order of address, until `visit` returns false. */
void kd_symbols_each(struct kd_symbols *symbols, const struct kd_module *module,
                     bool (*visit)(void *context, const struct kd_symbol *symbol), void *context);

/* Does `name` match `pattern` (* and ?, letters without case)? */
bool kd_wildcard_match(const char *pattern, const char *name);

/* Read from the guest's memory all of `size` bytes or say false. */
bool kd_symbols_read(const struct kd_symbols *symbols, uint64_t address, void *buffer, size_t size);
