/* src/sys/pagefile.c: paging files: making them, and what is told of them.
 *
 * A program that holds SeCreatePagefilePrivilege may add one, or let one become larger, within what
 * the user of the machine allowed (mm/pagefiles.c). The file itself is the machine's and is in no
 * folder of the guest's; its name has to be one that a file could have.
 *
 * Source: NtCreatePagingFile and SystemPageFileInformation, as published descriptions of the native
 * interface have them; EnumPageFiles, documentation. */
#include <stdlib.h>
#include <string.h>

#include "io/io.h"
#include "nt/info.h"
#include "nt/security.h"
#include "sys/sys.h"

static struct ob_attributes attributes_of(const struct sys_string *name, size_t length)
{
    return (struct ob_attributes){.name = name->text,
                                  .name_length = (USHORT)(length * sizeof(WCHAR)),
                                  .flags = OBJ_CASE_INSENSITIVE};
}

/* There may be a file of this name, but no folder. */
static NTSTATUS check_file(struct sys_call *call, const struct sys_string *name)
{
    const struct ob_caller caller = ps_caller(call->thread);
    const struct ob_attributes attributes = attributes_of(name, name->length);
    FILE_NETWORK_OPEN_INFORMATION information;
    NTSTATUS status = io_query_attributes_file(call->sys->io, &caller, &attributes, &information);
    if (NT_SUCCESS(status) && (information.FileAttributes & FILE_ATTRIBUTE_DIRECTORY)) {
        return STATUS_FILE_IS_A_DIRECTORY;
    }
    return status == STATUS_OBJECT_NAME_NOT_FOUND ? STATUS_SUCCESS : status;
}

/* And the folder that it is in has to be there. */
static NTSTATUS check_folder(struct sys_call *call, const struct sys_string *name)
{
    const struct ob_caller caller = ps_caller(call->thread);
    size_t length = name->length;
    FILE_OBJECT *folder;
    while (length > 0 && name->text[length - 1] != '\\') {
        length--;
    }
    const struct io_create open = {
        .attributes = attributes_of(name, length),
        .access = FILE_READ_ATTRIBUTES | SYNCHRONIZE,
        .share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
        .disposition = FILE_OPEN,
        .options = FILE_DIRECTORY_FILE,
    };
    NTSTATUS status = io_open_file(call->sys->io, &caller, &open, &folder);
    if (NT_SUCCESS(status)) {
        ob_dereference_object(call->sys->ob, folder);
    }
    return status;
}

static NTSTATUS check_name(struct sys_call *call, const struct sys_string *name)
{
    if (name->length == 0 || name->length > MM_PAGING_NAME_MOST) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    NTSTATUS status = check_file(call, name);
    return NT_SUCCESS(status) ? check_folder(call, name) : status;
}

/* NtCreatePagingFile(name, *minimum, *maximum, priority). Priority says nothing on this system. */
static NTSTATUS create_paging_file(struct sys_call *call)
{
    struct sys_string name;
    LARGE_INTEGER minimum, maximum;
    if (!se_process_has_privilege(&call->sys->ps->se, call->process->process,
                                  SE_CREATE_PAGEFILE_PRIVILEGE)) {
        return STATUS_PRIVILEGE_NOT_HELD;
    }
    NTSTATUS status = SYS_GET(call, minimum, call->arg[1]);
    if (NT_SUCCESS(status)) {
        status = SYS_GET(call, maximum, call->arg[2]);
    }
    if (NT_SUCCESS(status)) {
        status = sys_get_string(call, call->arg[0], &name);
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = check_name(call, &name);
    if (NT_SUCCESS(status)) {
        status = mm_add_paging_file(call->sys->mm, name.text, name.length,
                                    (uint64_t)minimum.QuadPart, (uint64_t)maximum.QuadPart);
    }
    sys_free_string(&name);
    return status;
}

/* ---- SystemPageFileInformation ---- */

struct page_file_list {
    uint8_t *bytes;
    size_t size;
};

/* One entry more at `list`, that will lie at `va` of the caller's. */
static void add_entry(struct page_file_list *list, uint64_t va, const struct mm_paging_file *file)
{
    const USHORT length = (USHORT)(file->name_length * sizeof(WCHAR));
    SYSTEM_PAGEFILE_INFORMATION entry = {
        .TotalSize = (ULONG)file->size,
        .TotalInUse = (ULONG)file->in_use,
        .PeakUsage = (ULONG)file->peak,
        .PageFileName = {.Length = length, .MaximumLength = (USHORT)(length + sizeof(WCHAR))},
    };
    entry.PageFileName.Buffer.va = va + list->size + sizeof entry;
    memcpy(list->bytes + list->size, &entry, sizeof entry);
    memcpy(list->bytes + list->size + sizeof entry, file->name, length);
}

/* Entries begin at multiples of 8. */
static size_t entry_size(const struct mm_paging_file *file)
{
    size_t size = sizeof(SYSTEM_PAGEFILE_INFORMATION) + (file->name_length + 1) * sizeof(WCHAR);
    return (size + 7) / 8 * 8;
}

NTSTATUS sys_query_paging_files(struct sys_call *call)
{
    /* (class, buffer, length, *return length) */
    struct page_file_list list = {0};
    struct mm_paging_file file;
    NTSTATUS status = STATUS_SUCCESS;
    size_t before = 0;
    for (unsigned i = 0; mm_query_paging_file(call->sys->mm, i, &file); i++) {
        size_t size = entry_size(&file);
        uint8_t *bytes = realloc(list.bytes, list.size + size);
        if (!bytes) {
            status = STATUS_INSUFFICIENT_RESOURCES;
            break;
        }
        list.bytes = bytes;
        memset(bytes + list.size, 0, size);
        add_entry(&list, call->arg[1], &file);
        if (i > 0) {
            const ULONG next = (ULONG)(list.size - before);
            memcpy(bytes + before, &next, sizeof next);
        }
        before = list.size;
        list.size += size;
    }
    if (NT_SUCCESS(status)) {
        status = sys_answer(call, 1, list.bytes, list.size);
    }
    free(list.bytes);
    return status;
}

static const struct sys_entry entries[] = {{SERVICE_NtCreatePagingFile, create_paging_file}};
const struct sys_family sys_paging_file_family = {entries, sizeof entries / sizeof *entries};
