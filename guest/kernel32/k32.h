/* guest/kernel32/k32.h: what the files of kernel32 share.
 *
 * kernel32 is a thin skin: each function checks its arguments, makes one or two Nt/Rtl calls and
 * turns the NTSTATUS into the thread's last error. The "A" functions convert their strings from the
 * ANSI code page and call the "W" ones. */
#pragma once

#include "kernel32.h"
#include "ntdll.h"
#include "win32.h"

/* A string argument of an "A" function as UTF-16. Short ones need no heap. */
struct wide_arg {
    WCHAR *text; /* NULL when the argument was NULL */
    WCHAR local[MAX_PATH];
};

/* => FALSE with the last error set when memory runs out; nothing to undo then */
BOOL wide_arg_init(struct wide_arg *arg, const char *text);
void wide_arg_deinit(struct wide_arg *arg);

/* Set the last error from a status. Both return what the caller usually returns. */
BOOL fail_status(NTSTATUS status);
BOOL fail_error(ULONG error);
/* TRUE for success; otherwise the last error is set and the result is FALSE. */
BOOL done(NTSTATUS status);

/* A relative timeout in NT form, or NULL for INFINITE. */
LARGE_INTEGER *nt_timeout(LARGE_INTEGER *storage, ULONG milliseconds);

/* Fill an OBJECT_ATTRIBUTES for an unnamed or \BaseNamedObjects object. */
struct named_object {
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name;
    WCHAR path[MAX_PATH + 48];
};
BOOL named_object_init(struct named_object *object, const SECURITY_ATTRIBUTES *security,
                       const WCHAR *name);
/* The end of every Create function: the last error is ERROR_ALREADY_EXISTS or 0. */
HANDLE created(NTSTATUS status, HANDLE handle);
/* All of an Open function. => NULL: the last error says why */
typedef NTSTATUS open_service(HANDLE *handle, ULONG access, OBJECT_ATTRIBUTES *attributes);
HANDLE open_named(open_service *open, ULONG access, BOOL inherit, const WCHAR *name);
HANDLE open_named_ansi(open_service *open, ULONG access, BOOL inherit, const char *name);

ULONG wide_length(const WCHAR *text);
void copy_bytes(void *to, const void *from, ULONG64 bytes);
void zero_bytes(void *to, ULONG64 bytes);
void *heap_alloc(ULONG64 bytes);
void heap_free(void *block);

/* Copy a converted string to a caller's buffer as the Get*A functions do: the number of characters
 * without the terminator, or the size needed, with it, when the buffer is too small. */
ULONG copy_out_ansi(const WCHAR *text, ULONG length, char *buffer, ULONG size);
ULONG copy_out_wide(const WCHAR *text, ULONG length, WCHAR *buffer, ULONG size);

/* NtQueryObject, ObjectHandleFlagInformation. Source: NtQueryObject documentation. */
typedef struct _OBJECT_HANDLE_FLAG_INFORMATION {
    BOOLEAN Inherit;
    BOOLEAN ProtectFromClose;
} OBJECT_HANDLE_FLAG_INFORMATION;

/* NT's number of the priority class in the flags of CreateProcess; 0: none is asked for. */
UCHAR priority_class_of(ULONG flags);

/* files */
BOOL nt_path(const WCHAR *dos, UNICODE_STRING *nt);
void nt_path_free(UNICODE_STRING *nt);
FILETIME filetime_of(LARGE_INTEGER time);
BOOL is_console(HANDLE handle);

BOOL DllMain(void *module, ULONG reason, void *reserved);

/* TLS and FLS clean-up when a thread ends. */
void fls_thread_detach(void);
