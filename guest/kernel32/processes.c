/* guest/kernel32/processes.c: see processes.h. What is read of another process is its own to change
 * at any moment, so every step is bounded. */
#include "processes.h"

#define FIRST_LIST_SIZE 0x10000u
#define MODULES_MOST 0x10000u

void *system_list(ULONG class, ULONG *length)
{
    ULONG size = FIRST_LIST_SIZE, needed = 0;
    for (;;) {
        void *list = heap_alloc(size);
        if (!list)
            return NULL;
        NTSTATUS status = NtQuerySystemInformation(class, list, size, &needed);
        if (NT_SUCCESS(status)) {
            *length = needed;
            return list;
        }
        heap_free(list);
        if (status != STATUS_INFO_LENGTH_MISMATCH) {
            fail_status(status);
            return NULL;
        }
        size = needed + needed / 4; /* it may have grown again when we ask */
    }
}

SYSTEM_PROCESS_INFORMATION *process_list(void)
{
    ULONG length;
    return system_list(SystemProcessInformation, &length);
}

const SYSTEM_PROCESS_INFORMATION *process_next(const SYSTEM_PROCESS_INFORMATION *p)
{
    return p->NextEntryOffset ? (const void *)((const char *)p + p->NextEntryOffset) : NULL;
}

PEB *peb_of(HANDLE process)
{
    PROCESS_BASIC_INFORMATION info;
    NTSTATUS status =
        NtQueryInformationProcess(process, ProcessBasicInformation, &info, sizeof info, NULL);
    if (!done(status))
        return NULL;
    if (!info.PebBaseAddress)
        SetLastError(ERROR_INVALID_HANDLE); /* the System process: no user memory */
    return info.PebBaseAddress;
}

BOOL read_remote(HANDLE process, const void *from, void *to, ULONG64 size)
{
    ULONG64 read;
    return ReadProcessMemory(process, from, to, size, &read);
}

BOOL module_walk_init(struct module_walk *walk, HANDLE process)
{
    PEB *peb = peb_of(process);
    PEB_LDR_DATA *ldr;
    LIST_ENTRY first;
    if (!peb || !read_remote(process, &peb->Ldr, &ldr, sizeof ldr))
        return FALSE;
    if (!ldr)
        return fail_error(ERROR_PARTIAL_COPY);
    *walk = (struct module_walk){.process = process, .head = &ldr->InLoadOrderModuleList};
    if (!read_remote(process, walk->head, &first, sizeof first))
        return FALSE;
    walk->link = first.Flink;
    return TRUE;
}

BOOL module_walk_next(struct module_walk *walk)
{
    if (!walk->link || walk->link == walk->head || walk->count++ == MODULES_MOST)
        return FALSE;
    const char *entry = (const char *)walk->link - offsetof(LDR_DATA_TABLE_ENTRY, InLoadOrderLinks);
    if (!read_remote(walk->process, entry, &walk->entry, sizeof walk->entry))
        return FALSE;
    walk->link = walk->entry.InLoadOrderLinks.Flink;
    return TRUE;
}

ULONG module_walk_string(const struct module_walk *walk, const UNICODE_STRING *string, WCHAR *text,
                         ULONG size)
{
    ULONG length = string->Length / sizeof(WCHAR);
    if (!size) {
        SetLastError(ERROR_INSUFFICIENT_BUFFER);
        return 0;
    }
    ULONG copied = length < size ? length : size - 1;
    if (!read_remote(walk->process, string->Buffer, text, copied * sizeof(WCHAR)))
        return 0;
    text[copied] = 0;
    return length;
}
