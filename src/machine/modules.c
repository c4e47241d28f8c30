/* src/machine/modules.c: PsLoadedModuleList, the kernel's modules as debuggers list them. */
#include <string.h>

#include "ke/list.h"
#include "machine/boot.h"
#include "pe/pe.h"

/* A kernel string: text in pool, found through a UNICODE_STRING. */
static bool set_name(struct ntmm_machine *m, UNICODE_STRING *name, const WCHAR *text, size_t bytes)
{
    WCHAR *copy = ex_allocate_pool(m->mm, PagedPool, bytes, mm_tag("MmLd"));
    if (!copy) {
        return false;
    }
    memcpy(copy, text, bytes);
    name->Buffer.va = h2k(&m->ke.ks, copy);
    name->Length = (USHORT)(bytes - sizeof(WCHAR));
    name->MaximumLength = (USHORT)bytes;
    return true;
}

NTSTATUS modules_init(struct ntmm_machine *m)
{
    static const WCHAR base_name[] = u"ntoskrnl.exe";
    static const WCHAR full_name[] = u"\\SystemRoot\\system32\\ntoskrnl.exe";
    struct pe_image nt;
    LDR_DATA_TABLE_ENTRY *entry =
        ex_allocate_pool(m->mm, NonPagedPool, sizeof *entry, mm_tag("MmLd"));
    if (!entry || pe_open(&nt, m->nt.bytes, m->nt.size) != PE_OK) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    memset(entry, 0, sizeof *entry);
    entry->DllBase.va = m->ke.nt_base;
    entry->EntryPoint.va = m->ke.nt_base + nt.optional.AddressOfEntryPoint;
    entry->SizeOfImage = pe_size_of_image(&nt);
    entry->TimeDateStamp = nt.file.TimeDateStamp;
    entry->LoadCount = 1;
    if (!set_name(m, &entry->BaseDllName, base_name, sizeof base_name) ||
        !set_name(m, &entry->FullDllName, full_name, sizeof full_name)) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    ke_list_init(&m->ke.ks, m->ke.nt.PsLoadedModuleList);
    ke_list_insert_tail(&m->ke.ks, m->ke.nt.PsLoadedModuleList, &entry->InLoadOrderLinks);
    return STATUS_SUCCESS;
}
