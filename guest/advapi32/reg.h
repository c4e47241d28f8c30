/* guest/advapi32/reg.h: what the files of the registry functions share.
 *
 * They return an error code and leave the thread's last error alone. The W functions do the work,
 * or one function for both; the A twins translate names and texts. A predefined key
 * (HKEY_LOCAL_MACHINE) is opened for the one call, since it is no handle. Source: RegOpenKeyEx and
 * its kin, documentation. */
#pragma once

#include "advapi.h"

/* An open key: `handle`, which close_key closes if it was opened for it. */
struct key {
    HANDLE handle;
    BOOL opened;
};
ULONG open_key(HKEY key, ULONG access, struct key *out);
void close_key(struct key *key);

/* The same for MAXIMUM_ALLOWED, and a UNICODE_STRING of a name below it, empty for NULL: what most
 * calls begin with. => ERROR_INVALID_PARAMETER too: too long a name */
ULONG open_with_name(HKEY key, const WCHAR *name, struct key *root, UNICODE_STRING *string);
/* UTF-16 of a text of the ANSI code page, with its null; NULL for NULL. free_wide() it.
 * => ERROR_NOT_ENOUGH_MEMORY */
ULONG widen(const char *text, WCHAR **wide);
void free_wide(WCHAR *wide);

/* Memory for the time of a call. */
void *take_memory(ULONG64 size);
void give_memory(void *block);
static inline ULONG error_of(NTSTATUS status)
{
    return status == STATUS_BUFFER_OVERFLOW || status == STATUS_BUFFER_TOO_SMALL
               ? ERROR_MORE_DATA
               : RtlNtStatusToDosError(status);
}
static inline BOOL is_text(ULONG type)
{
    return type == REG_SZ || type == REG_EXPAND_SZ || type == REG_MULTI_SZ;
}
/* `length` characters and a null into a buffer of *size characters; *size becomes `length`.
 * => ERROR_MORE_DATA: does not fit, nothing was written */
ULONG put_wide(const WCHAR *text, ULONG length, WCHAR *to, ULONG *size);
ULONG put_ansi(const WCHAR *text, ULONG length, char *to, ULONG *size);
