/* guest/ntdll/ldrload.c: modules come and go. */
#include "ldr.h"

/* Bits of base names, over the lists (ntdll!LdrpHashTable). */
static LIST_ENTRY LdrpHashTable[32];

static LIST_ENTRY *hash_bucket(const UNICODE_STRING *base_name)
{
    ULONG hash = 0;
    RtlHashUnicodeString(base_name, 1, 0, &hash);
    LIST_ENTRY *bucket = &LdrpHashTable[hash % ARRAY_COUNT(LdrpHashTable)];
    if (!bucket->Flink) {
        list_init(bucket);
    }
    return bucket;
}

struct ldr_module *ldr_find_name(const UNICODE_STRING *base_name)
{
    LIST_ENTRY *head = hash_bucket(base_name);
    for (LIST_ENTRY *link = head->Flink; link != head; link = link->Flink) {
        LDR_DATA_TABLE_ENTRY *entry = CONTAINER(link, LDR_DATA_TABLE_ENTRY, HashLinks);
        if (RtlEqualUnicodeString(&entry->BaseDllName, base_name, 1)) {
            return module_of(entry);
        }
    }
    return NULL;
}

static struct ldr_module *find_path(const UNICODE_STRING *path)
{
    LIST_ENTRY *head = &current_peb()->Ldr->InLoadOrderModuleList;
    for (LIST_ENTRY *link = head->Flink; link != head; link = link->Flink) {
        LDR_DATA_TABLE_ENTRY *entry = CONTAINER(link, LDR_DATA_TABLE_ENTRY, InLoadOrderLinks);
        if (RtlEqualUnicodeString(&entry->FullDllName, path, 1)) {
            return module_of(entry);
        }
    }
    return NULL;
}

struct ldr_module *ldr_find_address(const void *address)
{
    LIST_ENTRY *head = &current_peb()->Ldr->InLoadOrderModuleList;
    for (LIST_ENTRY *link = head->Flink; link != head; link = link->Flink) {
        LDR_DATA_TABLE_ENTRY *entry = CONTAINER(link, LDR_DATA_TABLE_ENTRY, InLoadOrderLinks);
        if ((ULONG64)address - (ULONG64)entry->DllBase < entry->SizeOfImage) {
            return module_of(entry);
        }
    }
    return NULL;
}

/* Enter a mapped image in the loader's lists, not yet bound. `size` 0: as the headers say.
 * => NULL: no memory, or the headers are none */
struct ldr_module *ldr_add_module(void *base, ULONG64 size, const UNICODE_STRING *path)
{
    IMAGE_NT_HEADERS64 *headers = RtlImageNtHeader(base);
    struct ldr_module *module = headers ? process_alloc(sizeof *module) : NULL;
    if (!module) {
        return NULL;
    }
    LDR_DATA_TABLE_ENTRY *entry = &module->entry;
    if (!NT_SUCCESS(RtlDuplicateUnicodeString(1, path, &entry->FullDllName))) {
        process_free(module);
        return NULL;
    }
    ULONG start = entry->FullDllName.Length / sizeof(WCHAR);
    while (start && entry->FullDllName.Buffer[start - 1] != '\\') {
        start--;
    }
    entry->BaseDllName.Buffer = entry->FullDllName.Buffer + start;
    entry->BaseDllName.Length = (USHORT)(entry->FullDllName.Length - start * sizeof(WCHAR));
    entry->BaseDllName.MaximumLength = (USHORT)(entry->BaseDllName.Length + sizeof(WCHAR));

    ULONG entry_point = headers->OptionalHeader.AddressOfEntryPoint;
    entry->DllBase = base;
    entry->SizeOfImage = size ? (ULONG)size : headers->OptionalHeader.SizeOfImage;
    entry->EntryPoint =
        entry_point && entry_point < entry->SizeOfImage ? (char *)base + entry_point : NULL;
    entry->Flags = LDRP_LOAD_IN_PROGRESS | LDRP_ENTRY_INSERTED |
                   (headers->FileHeader.Characteristics & IMAGE_FILE_DLL ? LDRP_IMAGE_DLL : 0);
    entry->TimeDateStamp = headers->FileHeader.TimeDateStamp;
    entry->OriginalBase = headers->OptionalHeader.ImageBase;
    RtlpGetSystemTime(&entry->LoadTime);
    module->tls_index = LDR_NO_TLS;
    list_init(&entry->ForwarderLinks);
    list_init(&entry->ServiceTagLinks);
    list_init(&entry->StaticLinks);
    list_init(&entry->InInitializationOrderLinks);

    PEB_LDR_DATA *ldr = current_peb()->Ldr;
    list_append(&ldr->InLoadOrderModuleList, &entry->InLoadOrderLinks);
    list_append(&ldr->InMemoryOrderModuleList, &entry->InMemoryOrderLinks);
    list_append(hash_bucket(&entry->BaseDllName), &entry->HashLinks);
    return module;
}

/* Forget a module; its memory stays mapped when it is not a view of ours. */
static void remove_module(struct ldr_module *module)
{
    LDR_DATA_TABLE_ENTRY *entry = &module->entry;
    list_remove(&entry->InLoadOrderLinks);
    list_remove(&entry->InMemoryOrderLinks);
    list_remove(&entry->InInitializationOrderLinks);
    list_remove(&entry->HashLinks);
    tls_remove_module(module);
    NtUnmapViewOfSection(NtCurrentProcess(), entry->DllBase);
    RtlFreeUnicodeString(&entry->FullDllName);
    process_free(module->depends);
    process_free(module);
}

/* Record that `module` needs `on`, once, taking over a reference to it. */
NTSTATUS ldr_depend(struct ldr_module *module, struct ldr_module *on)
{
    for (ULONG i = 0; i < module->depends_count; i++) {
        if (module->depends[i] == on) {
            ldr_release(on);
            return STATUS_SUCCESS;
        }
    }
    ULONG64 size = (module->depends_count + 1) * sizeof *module->depends;
    struct ldr_module **grown =
        module->depends ? RtlReAllocateHeap(current_peb()->ProcessHeap, 0, module->depends, size)
                        : process_alloc(size);
    if (!grown) {
        ldr_release(on);
        return STATUS_NO_MEMORY;
    }
    grown[module->depends_count++] = on;
    module->depends = grown;
    return STATUS_SUCCESS;
}

/* Drop one reference; with the last one the module is told, unmapped, and what it needed is
 * dropped. */
void ldr_release(struct ldr_module *module)
{
    LDR_DATA_TABLE_ENTRY *entry = &module->entry;
    if (entry->LoadCount == LDR_PINNED || --entry->LoadCount ||
        (entry->Flags & LDRP_UNLOAD_IN_PROGRESS)) {
        return;
    }
    entry->Flags |= LDRP_UNLOAD_IN_PROGRESS;
    if (entry->Flags & LDRP_PROCESS_ATTACH_CALLED) {
        ldr_call_initializers(module, DLL_PROCESS_DETACH, NULL);
        entry->Flags &= ~LDRP_PROCESS_ATTACH_CALLED;
    }
    for (ULONG i = module->depends_count; i-- > 0;) {
        ldr_release(module->depends[i]);
    }
    remove_module(module);
}

/* Map the image file at a DOS path.
 * => STATUS_IMAGE_NOT_AT_BASE: elsewhere than linked for, relocated */
static NTSTATUS map_image(const UNICODE_STRING *dos_path, void **base, ULONG64 *size)
{
    UNICODE_STRING nt_path;
    if (!RtlDosPathNameToNtPathName_U(dos_path->Buffer, &nt_path, NULL, NULL)) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    OBJECT_ATTRIBUTES attributes = {
        .Length = sizeof attributes, .ObjectName = &nt_path, .Attributes = OBJ_CASE_INSENSITIVE};
    IO_STATUS_BLOCK iosb;
    HANDLE file, section;
    NTSTATUS status = NtOpenFile(&file, FILE_READ_DATA | FILE_TRAVERSE /* execute */ | SYNCHRONIZE,
                                 &attributes, &iosb, FILE_SHARE_READ | FILE_SHARE_DELETE,
                                 FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE);
    RtlFreeUnicodeString(&nt_path);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = NtCreateSection(
        &section, SECTION_QUERY | SECTION_MAP_READ | SECTION_MAP_WRITE | SECTION_MAP_EXECUTE, NULL,
        NULL, PAGE_EXECUTE, SEC_IMAGE, file);
    NtClose(file);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    *base = NULL;
    *size = 0;
    status = NtMapViewOfSection(section, NtCurrentProcess(), base, 0, 0, NULL, size, ViewShare, 0,
                                PAGE_READWRITE);
    NtClose(section);
    return status;
}

/* Resolve a module's imports and give it its place in the initialisation order.
 * => undone by the caller's ldr_release() */
NTSTATUS ldr_bind_module(struct ldr_module *module, const WCHAR *search_path)
{
    NTSTATUS status = tls_add_module(module);
    if (NT_SUCCESS(status)) {
        status = ldr_snap_imports(module, search_path);
    }
    if (NT_SUCCESS(status)) {
        module->entry.Flags &= ~LDRP_LOAD_IN_PROGRESS;
        if (module->entry.Flags & LDRP_IMAGE_DLL) {
            list_append(&current_peb()->Ldr->InInitializationOrderModuleList,
                        &module->entry.InInitializationOrderLinks);
        }
    }
    return status;
}

static NTSTATUS load_file(const WCHAR *search_path, const UNICODE_STRING *path,
                          struct ldr_module **out)
{
    void *base;
    ULONG64 size;
    NTSTATUS status = map_image(path, &base, &size);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    struct ldr_module *module = ldr_add_module(base, size, path);
    if (!module) {
        NtUnmapViewOfSection(NtCurrentProcess(), base);
        return STATUS_NO_MEMORY;
    }
    module->entry.LoadCount = 1;
    if (status == STATUS_IMAGE_NOT_AT_BASE) {
        module->entry.Flags |= LDRP_IMAGE_NOT_AT_BASE;
    }
    status = ldr_bind_module(module, search_path);
    if (!NT_SUCCESS(status)) {
        ldr_release(module);
        return status;
    }
    *out = module;
    return STATUS_SUCCESS;
}

/* A reference to the module `name`, loaded and bound now if it was not.
 * `importer`: who asks, NULL for LdrLoadDll.
 * => STATUS_DLL_NOT_FOUND, statuses of NtCreateSection; LdrpFailure then names the file */
NTSTATUS ldr_load(const WCHAR *search_path, const UNICODE_STRING *name, struct ldr_module *importer,
                  struct ldr_module **out)
{
    WCHAR text[260];
    UNICODE_STRING wanted, path;
    struct ldr_module *module;

    (void)importer;
    NTSTATUS status = ldr_normalise_name(name, text, ARRAY_COUNT(text), &wanted);
    if (!NT_SUCCESS(status)) {
        ldr_set_failure(name);
        return status;
    }
    module = ldr_has_path(&wanted) ? NULL : ldr_find_name(&wanted);
    if (!module) {
        status = ldr_search(search_path, &wanted, &path);
        if (!NT_SUCCESS(status)) {
            ldr_set_failure(&wanted);
            return status;
        }
        module = find_path(&path);
        if (!module) {
            status = load_file(search_path, &path, out);
            if (!NT_SUCCESS(status) && !LdrpFailure.dll.Length) {
                ldr_set_failure(&wanted);
            }
            RtlFreeUnicodeString(&path);
            return status;
        }
        RtlFreeUnicodeString(&path);
    }
    if (module->entry.Flags & LDRP_UNLOAD_IN_PROGRESS) {
        return STATUS_DLL_NOT_FOUND;
    }
    if (module->entry.LoadCount != LDR_PINNED) {
        module->entry.LoadCount++;
    }
    *out = module;
    return STATUS_SUCCESS;
}
