/* guest/kernel32/support.c: last error, string arguments and small helpers of every other file. */
#include "k32.h"

ULONG GetLastError(void)
{
    return current_teb()->LastErrorValue;
}

void SetLastError(ULONG error)
{
    current_teb()->LastErrorValue = error;
}

BOOL fail_error(ULONG error)
{
    SetLastError(error);
    return FALSE;
}

BOOL fail_status(NTSTATUS status)
{
    return fail_error(RtlNtStatusToDosError(status));
}

BOOL done(NTSTATUS status)
{
    return NT_SUCCESS(status) ? TRUE : fail_status(status);
}

ULONG wide_length(const WCHAR *text)
{
    ULONG length = 0;
    while (text[length])
        length++;
    return length;
}

void copy_bytes(void *to, const void *from, ULONG64 bytes)
{
    __builtin_memcpy(to, from, bytes);
}

void zero_bytes(void *to, ULONG64 bytes)
{
    __builtin_memset(to, 0, bytes);
}

void *heap_alloc(ULONG64 bytes)
{
    void *block = RtlAllocateHeap(current_peb()->ProcessHeap, 0, bytes);
    if (!block)
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
    return block;
}

void heap_free(void *block)
{
    if (block)
        RtlFreeHeap(current_peb()->ProcessHeap, 0, block);
}

BOOL wide_arg_init(struct wide_arg *arg, const char *text)
{
    arg->text = NULL;
    if (!text)
        return TRUE;
    int length = MultiByteToWideChar(CP_ACP, 0, text, -1, NULL, 0);
    arg->text = arg->local;
    if (length > MAX_PATH)
        arg->text = heap_alloc((ULONG64)length * sizeof(WCHAR));
    if (!arg->text)
        return FALSE;
    MultiByteToWideChar(CP_ACP, 0, text, -1, arg->text, length);
    return TRUE;
}

void wide_arg_deinit(struct wide_arg *arg)
{
    if (arg->text != arg->local)
        heap_free(arg->text);
}

ULONG copy_out_wide(const WCHAR *text, ULONG length, WCHAR *buffer, ULONG size)
{
    if (length >= size || !buffer)
        return length + 1;
    copy_bytes(buffer, text, length * sizeof(WCHAR));
    buffer[length] = 0;
    return length;
}

ULONG copy_out_ansi(const WCHAR *text, ULONG length, char *buffer, ULONG size)
{
    ULONG needed =
        length ? (ULONG)WideCharToMultiByte(CP_ACP, 0, text, (int)length, NULL, 0, NULL, NULL) : 0;
    if (needed >= size || !buffer)
        return needed + 1;
    if (length)
        WideCharToMultiByte(CP_ACP, 0, text, (int)length, buffer, (int)needed, NULL, NULL);
    buffer[needed] = 0;
    return needed;
}

LARGE_INTEGER *nt_timeout(LARGE_INTEGER *storage, ULONG milliseconds)
{
    if (milliseconds == INFINITE)
        return NULL;
    storage->QuadPart = -(LONG64)milliseconds * 10000;
    return storage;
}

/* The directory of a session's named objects. Prefixes of names (Global\, Local\, Session\N\) are
 * links in it. Source: kernel object namespaces, documentation. => characters */
static ULONG put_object_directory(WCHAR *path)
{
    static const WCHAR services[] = L"\\BaseNamedObjects\\", sessions[] = L"\\Sessions\\";
    ULONG session = current_peb()->SessionId, length = 0, digits = 1;

    if (session != 0) {
        length = sizeof sessions / sizeof *sessions - 1;
        copy_bytes(path, sessions, length * sizeof(WCHAR));
        for (ULONG left = session; left >= 10; left /= 10)
            digits++;
        for (ULONG i = digits, left = session; i-- > 0; left /= 10)
            path[length + i] = (WCHAR)('0' + left % 10);
        length += digits;
    }
    copy_bytes(path + length, services, sizeof services);
    return length + sizeof services / sizeof *services - 1;
}

BOOL named_object_init(struct named_object *object, const SECURITY_ATTRIBUTES *security,
                       const WCHAR *name)
{
    zero_bytes(&object->attributes, sizeof object->attributes);
    object->attributes.Length = sizeof object->attributes;
    object->attributes.Attributes = OBJ_OPENIF;
    if (security && security->bInheritHandle)
        object->attributes.Attributes |= OBJ_INHERIT;
    if (security)
        object->attributes.SecurityDescriptor = security->lpSecurityDescriptor;
    if (!name || !*name)
        return TRUE; /* nobody else can open it */
    ULONG length = wide_length(name);
    if (length >= MAX_PATH)
        return fail_error(ERROR_FILENAME_EXCED_RANGE);
    ULONG prefix = put_object_directory(object->path);
    copy_bytes(object->path + prefix, name, (length + 1) * sizeof(WCHAR));
    object->name.Buffer = object->path;
    object->name.Length = (USHORT)((prefix + length) * sizeof(WCHAR));
    object->name.MaximumLength = (USHORT)(object->name.Length + sizeof(WCHAR));
    object->attributes.ObjectName = &object->name;
    return TRUE;
}

HANDLE created(NTSTATUS status, HANDLE handle)
{
    if (!NT_SUCCESS(status)) {
        fail_status(status);
        return NULL;
    }
    SetLastError(status == STATUS_OBJECT_NAME_EXISTS ? ERROR_ALREADY_EXISTS : ERROR_SUCCESS);
    return handle;
}

HANDLE open_named(open_service *open, ULONG access, BOOL inherit, const WCHAR *name)
{
    struct named_object object;
    HANDLE handle = NULL;
    if (!name) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    if (!*name) { /* what an empty name leads to is the directory, which is another type */
        SetLastError(ERROR_INVALID_HANDLE);
        return NULL;
    }
    if (!named_object_init(&object, NULL, name))
        return NULL;
    object.attributes.Attributes = inherit ? OBJ_INHERIT : 0;
    return done(open(&handle, access, &object.attributes)) ? handle : NULL;
}

HANDLE open_named_ansi(open_service *open, ULONG access, BOOL inherit, const char *name)
{
    struct wide_arg arg;
    if (!wide_arg_init(&arg, name))
        return NULL;
    HANDLE handle = open_named(open, access, inherit, arg.text);
    wide_arg_deinit(&arg);
    return handle;
}
