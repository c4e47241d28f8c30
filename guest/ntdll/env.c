/* guest/ntdll/env.c: environment blocks: NAME=value strings, each terminated, an empty one at the
 * end. Names may begin with '=' (current folders of drives). The process's own block is guarded by
 * the PEB lock. */
#include "ntdllp.h"

static WCHAR *current_block(void)
{
    return current_peb()->ProcessParameters->Environment;
}

/* Characters of the block, with the terminator of the empty string. */
static size_t block_length(const WCHAR *block)
{
    const WCHAR *s = block;
    while (*s) {
        s += wcslen(s) + 1;
    }
    return (size_t)(s - block) + 1;
}

/* The string of the variable, and its value; NULL when there is none. */
static WCHAR *find(WCHAR *block, const UNICODE_STRING *name, WCHAR **value)
{
    for (WCHAR *s = block; s && *s; s += wcslen(s) + 1) {
        WCHAR *equals = wcschr(s + 1, '=');
        if (!equals) {
            continue;
        }
        UNICODE_STRING its = {.Buffer = s, .Length = (USHORT)((equals - s) * (long)sizeof(WCHAR))};
        if (RtlEqualUnicodeString(&its, name, 1)) {
            *value = equals + 1;
            return s;
        }
    }
    return NULL;
}

NTSTATUS RtlCreateEnvironment(BOOLEAN copy_current, WCHAR **environment)
{
    RtlAcquirePebLock();
    const WCHAR *from = copy_current && current_block() ? current_block() : L"";
    ULONG64 size = block_length(from) * sizeof(WCHAR);
    *environment = process_alloc(size);
    if (*environment) {
        memcpy(*environment, from, size);
    }
    RtlReleasePebLock();
    return *environment ? STATUS_SUCCESS : STATUS_NO_MEMORY;
}

NTSTATUS RtlDestroyEnvironment(WCHAR *environment)
{
    process_free(environment);
    return STATUS_SUCCESS;
}

/* environment NULL: the process's.
 * => STATUS_VARIABLE_NOT_FOUND; STATUS_BUFFER_TOO_SMALL with value->Length set to what is needed */
NTSTATUS RtlQueryEnvironmentVariable_U(WCHAR *environment, const UNICODE_STRING *name,
                                       UNICODE_STRING *value)
{
    NTSTATUS status = STATUS_VARIABLE_NOT_FOUND;
    WCHAR *text;
    RtlAcquirePebLock();
    if (find(environment ? environment : current_block(), name, &text)) {
        ULONG64 length = wcslen(text) * sizeof(WCHAR);
        status = STATUS_SUCCESS;
        if (length > value->MaximumLength) {
            status = STATUS_BUFFER_TOO_SMALL;
        } else {
            memcpy(value->Buffer, text, length);
            if (length + sizeof(WCHAR) <= value->MaximumLength) {
                value->Buffer[length / sizeof(WCHAR)] = 0;
            }
        }
        value->Length = (USHORT)(length < 0xFFFE ? length : 0xFFFE);
    }
    RtlReleasePebLock();
    return status;
}

/* Put a block of `length` characters in place of the old one. The process's first block is the
 * kernel's and not of the heap: only one that was put there before is freed. */
static void replace_block(WCHAR **environment, WCHAR *block, size_t length)
{
    static WCHAR *replaced; /* under the PEB lock */
    RTL_USER_PROCESS_PARAMETERS *parameters = current_peb()->ProcessParameters;
    if (environment) {
        process_free(*environment);
        *environment = block;
        return;
    }
    if (replaced && replaced == parameters->Environment)
        process_free(replaced);
    replaced = block;
    parameters->Environment = block;
    parameters->EnvironmentSize = length * sizeof(WCHAR);
    parameters->EnvironmentVersion++;
}

/* Set, or with value NULL delete. Variables stay in the order in which they were made.
 * environment NULL: the process's. => STATUS_INVALID_PARAMETER, STATUS_VARIABLE_NOT_FOUND (delete),
 * STATUS_NO_MEMORY */
NTSTATUS RtlSetEnvironmentVariable(WCHAR **environment, const UNICODE_STRING *name,
                                   const UNICODE_STRING *value)
{
    size_t name_length = name->Length / sizeof(WCHAR);
    size_t value_length = value ? value->Length / sizeof(WCHAR) : 0;
    for (size_t i = 0; i < name_length; i++) {
        if (!name->Buffer[i] || (i && name->Buffer[i] == '=')) {
            return STATUS_INVALID_PARAMETER;
        }
    }
    if (!name_length) {
        return STATUS_INVALID_PARAMETER;
    }
    RtlAcquirePebLock();
    WCHAR *old = environment ? *environment : current_block(), *text;
    WCHAR *entry = find(old, name, &text);
    size_t total = old ? block_length(old) : 1;
    size_t before = entry ? (size_t)(entry - old) : total - 1;
    size_t after = entry ? before + wcslen(entry) + 1 : before;
    size_t inserted = value ? name_length + 1 + value_length + 1 : 0;
    NTSTATUS status = !entry && !value ? STATUS_VARIABLE_NOT_FOUND : STATUS_SUCCESS;
    size_t length = total - (after - before) + inserted;
    WCHAR *block = NT_SUCCESS(status) ? process_alloc((length + 1) * sizeof(WCHAR)) : NULL;
    if (block) {
        WCHAR *to = block + before;
        memcpy(block, old ? old : L"", before * sizeof(WCHAR));
        if (value) {
            memcpy(to, name->Buffer, name_length * sizeof(WCHAR));
            to[name_length] = '=';
            memcpy(to + name_length + 1, value->Buffer, value_length * sizeof(WCHAR));
        }
        memcpy(to + inserted, old ? old + after : L"", (total - after) * sizeof(WCHAR));
        replace_block(environment, block, length);
    } else if (NT_SUCCESS(status)) {
        status = STATUS_NO_MEMORY;
    }
    RtlReleasePebLock();
    return status;
}

/* Replace %NAME% by its value; unknown ones stay. *returned: bytes needed, with the terminator.
 * => STATUS_BUFFER_TOO_SMALL */
NTSTATUS RtlExpandEnvironmentStrings_U(WCHAR *environment, const UNICODE_STRING *from,
                                       UNICODE_STRING *to, ULONG *returned)
{
    size_t length = from->Length / sizeof(WCHAR), needed = 0;
    size_t room = to->MaximumLength / sizeof(WCHAR);
    RtlAcquirePebLock();
    WCHAR *block = environment ? environment : current_block();
    for (size_t i = 0; i < length;) {
        const WCHAR *piece = from->Buffer + i;
        size_t piece_length = 1, used = 1;
        if (*piece == '%') {
            size_t end = i + 1;
            while (end < length && from->Buffer[end] != '%') {
                end++;
            }
            UNICODE_STRING name = {.Buffer = from->Buffer + i + 1,
                                   .Length = (USHORT)((end - i - 1) * sizeof(WCHAR))};
            WCHAR *value;
            if (end < length && name.Length && find(block, &name, &value)) {
                piece = value;
                piece_length = wcslen(value);
                used = end + 1 - i;
            }
        }
        if (needed + piece_length < room) {
            memcpy(to->Buffer + needed, piece, piece_length * sizeof(WCHAR));
        }
        needed += piece_length;
        i += used;
    }
    RtlReleasePebLock();
    if (returned) {
        *returned = (ULONG)((needed + 1) * sizeof(WCHAR));
    }
    if (needed >= room) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    to->Buffer[needed] = 0;
    to->Length = (USHORT)(needed * sizeof(WCHAR));
    return STATUS_SUCCESS;
}
