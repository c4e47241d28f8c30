/* guest/ntdll/ldr.h: the loader's inside.
 *
 * A module is an LDR_DATA_TABLE_ENTRY, which debuggers and programs walk, with what else the loader
 * remembers behind it. Its life:
 *
 *      mapped      in the lists, LDRP_LOAD_IN_PROGRESS
 *      bound       imports resolved, in the initialisation order list (behind its dependencies)
 *      running     LDRP_ENTRY_PROCESSED; LDRP_PROCESS_ATTACH_CALLED when it has an entry point
 *      gone        LDRP_UNLOAD_IN_PROGRESS while DllMain(DETACH) runs
 *
 * LoadCount counts LdrLoadDll calls and modules that depend on this one; LDR_PINNED never changes.
 * A cycle of dependencies keeps its modules loaded.
 *
 * Everything here is called with the loader lock held. */
#pragma once

#include "ntdllp.h"

#define LDRP_STATIC_LINK 0x00000002u
#define LDRP_IMAGE_DLL 0x00000004u
#define LDRP_LOAD_IN_PROGRESS 0x00001000u
#define LDRP_UNLOAD_IN_PROGRESS 0x00002000u
#define LDRP_ENTRY_PROCESSED 0x00004000u
#define LDRP_ENTRY_INSERTED 0x00008000u
#define LDRP_DONT_CALL_FOR_THREADS 0x00040000u
#define LDRP_PROCESS_ATTACH_CALLED 0x00080000u
#define LDRP_IMAGE_NOT_AT_BASE 0x00200000u

#define LDR_PINNED 0xFFFFu
#define LDR_NO_TLS 0xFFFFFFFFu

struct ldr_module {
    LDR_DATA_TABLE_ENTRY entry;
    struct ldr_module **depends; /* each counted in its LoadCount */
    ULONG depends_count;
    ULONG tls_index; /* LDR_NO_TLS: no TLS directory */
};

struct ldr_failure { /* what a failed load was about, for the message */
    UNICODE_STRING dll;
    WCHAR name[260];
};

typedef BOOLEAN DLL_MAIN(void *base, ULONG reason, void *context);

static inline struct ldr_module *module_of(LDR_DATA_TABLE_ENTRY *entry)
{
    return (struct ldr_module *)entry;
}

/* ldrinit.c */
extern struct ldr_failure LdrpFailure;
/* Call a module's TLS callbacks and DllMain. FALSE only from DllMain(PROCESS_ATTACH). */
BOOLEAN ldr_call_initializers(struct ldr_module *module, ULONG reason, void *context);
/* Initialise all modules that are bound and not yet running, dependencies first. */
NTSTATUS ldr_run_initializers(void *context);
void ldr_set_failure(const UNICODE_STRING *dll);

/* ldrload.c */
NTSTATUS ldr_load(const WCHAR *search_path, const UNICODE_STRING *name, struct ldr_module *importer,
                  struct ldr_module **out);
void ldr_release(struct ldr_module *module);
struct ldr_module *ldr_add_module(void *base, ULONG64 size, const UNICODE_STRING *path);
NTSTATUS ldr_bind_module(struct ldr_module *module, const WCHAR *search_path);
struct ldr_module *ldr_find_address(const void *address);
struct ldr_module *ldr_find_name(const UNICODE_STRING *base_name);
NTSTATUS ldr_depend(struct ldr_module *module, struct ldr_module *on);

/* ldrpath.c */
/* Complete a DLL name for the search: API set to its host, ".dll" added. `buffer` holds the text.
 */
NTSTATUS ldr_normalise_name(const UNICODE_STRING *name, WCHAR *buffer, size_t room,
                            UNICODE_STRING *out);
NTSTATUS ldr_default_path(UNICODE_STRING *out);
bool ldr_has_path(const UNICODE_STRING *name);
/* Full DOS path of a DLL on the search path, in a string of the process heap. */
NTSTATUS ldr_search(const WCHAR *search_path, const UNICODE_STRING *name, UNICODE_STRING *path);

/* ldrsnap.c */
/* A pointer to `size` bytes at `rva` of a mapped module; NULL when they are not all inside. */
void *ldr_rva(const struct ldr_module *module, ULONG rva, ULONG64 size);
const char *ldr_rva_string(const struct ldr_module *module, ULONG rva);
NTSTATUS ldr_find_export(struct ldr_module *module, const char *name, USHORT hint, ULONG ordinal,
                         ULONG depth, void **address);
NTSTATUS ldr_snap_imports(struct ldr_module *module, const WCHAR *search_path);
_Noreturn void LdrpMissingExport(void *record, void *caller);

/* ldrtls.c */
NTSTATUS tls_add_module(struct ldr_module *module);
void tls_remove_module(struct ldr_module *module);
NTSTATUS tls_add_thread(void);
void tls_remove_thread(void);
void tls_call_callbacks(struct ldr_module *module, ULONG reason);
