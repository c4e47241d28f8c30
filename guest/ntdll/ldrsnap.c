/* guest/ntdll/ldrsnap.c: exports, forwarders, and binding of import tables.
 *
 * An import that its DLL does not export is bound to a stub of its own: the program runs, and the
 * first call raises an exception that names function and DLL. Stubs live on pages of their own,
 * written once and then made executable:
 *
 *      mov rax, record
 *      jmp [rip]           ; LdrpMissingExportThunk
 */
#include "ldr.h"

#define FORWARDER_DEPTH 16
#define STUB_SIZE 32u
#define STUB_PAGE 0x1000u

struct missing_export {
    const char *dll;
    const char *name; /* NULL: by ordinal */
    ULONG ordinal;
};

struct stub_page { /* the page that the module being bound fills */
    UCHAR *code;
    ULONG used;
};

struct binding {
    struct ldr_module *module;
    const WCHAR *search_path;
    struct stub_page stubs;
};

void *ldr_rva(const struct ldr_module *module, ULONG rva, ULONG64 size)
{
    ULONG limit = module->entry.SizeOfImage;
    if (!rva || rva >= limit || size > limit - rva) {
        return NULL;
    }
    return (char *)module->entry.DllBase + rva;
}

const char *ldr_rva_string(const struct ldr_module *module, ULONG rva)
{
    const char *s = ldr_rva(module, rva, 1);
    if (!s || !memchr(s, 0, module->entry.SizeOfImage - rva)) {
        return NULL;
    }
    return s;
}

static void *directory(const struct ldr_module *module, ULONG index, ULONG *rva, ULONG *size)
{
    IMAGE_NT_HEADERS64 *headers = RtlImageNtHeader(module->entry.DllBase);
    if (!headers || index >= headers->OptionalHeader.NumberOfRvaAndSizes) {
        return NULL;
    }
    *rva = headers->OptionalHeader.DataDirectory[index].VirtualAddress;
    *size = headers->OptionalHeader.DataDirectory[index].Size;
    return ldr_rva(module, *rva, *size);
}

/* ---- exports ---- */

/* "DLL.Name" or "DLL.#number" in another module's name space. */
static NTSTATUS follow_forwarder(struct ldr_module *module, const char *target, ULONG depth,
                                 void **address)
{
    WCHAR text[128];
    UNICODE_STRING dll = {.Buffer = text, .MaximumLength = sizeof text};
    const char *dot = strrchr(target, '.');
    ULONG length = 0;
    struct ldr_module *to;

    if (!dot || (size_t)(dot - target) >= ARRAY_COUNT(text) - 5 || depth >= FORWARDER_DEPTH) {
        return STATUS_INVALID_IMAGE_FORMAT;
    }
    RtlMultiByteToUnicodeN(text, sizeof text, &length, target, (ULONG)(dot - target));
    dll.Length = (USHORT)length;
    RtlAppendUnicodeToString(&dll, L".dll");
    NTSTATUS status = ldr_load(NULL, &dll, module, &to);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    if (to == module) {
        ldr_release(to);
    } else {
        status = ldr_depend(module, to);
        if (!NT_SUCCESS(status)) {
            return status;
        }
    }
    if (dot[1] == '#') {
        return ldr_find_export(to, NULL, 0, strtoul(dot + 2, NULL, 10), depth + 1, address);
    }
    return ldr_find_export(to, dot + 1, 0, 0, depth + 1, address);
}

/* Index of `name` in the name table, or count. The table is sorted; the hint is tried first. */
static ULONG find_name(const struct ldr_module *module, const ULONG *names, ULONG count,
                       const char *name, USHORT hint)
{
    if (hint < count) {
        const char *s = ldr_rva_string(module, names[hint]);
        if (s && !strcmp(s, name)) {
            return hint;
        }
    }
    for (ULONG low = 0, high = count; low < high;) {
        ULONG middle = low + (high - low) / 2;
        const char *s = ldr_rva_string(module, names[middle]);
        int order = s ? strcmp(name, s) : -1;
        if (!order) {
            return middle;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return count;
}

NTSTATUS ldr_find_export(struct ldr_module *module, const char *name, USHORT hint, ULONG ordinal,
                         ULONG depth, void **address)
{
    NTSTATUS missing = name ? STATUS_ENTRYPOINT_NOT_FOUND : STATUS_ORDINAL_NOT_FOUND;
    ULONG rva, size;
    IMAGE_EXPORT_DIRECTORY *exports = directory(module, IMAGE_DIRECTORY_ENTRY_EXPORT, &rva, &size);
    if (!exports || size < sizeof *exports) {
        return missing;
    }
    ULONG count = exports->NumberOfFunctions;
    ULONG *functions = ldr_rva(module, exports->AddressOfFunctions, count * 4ull);
    ULONG index;
    if (name) {
        ULONG named = exports->NumberOfNames;
        ULONG *names = ldr_rva(module, exports->AddressOfNames, named * 4ull);
        USHORT *ordinals = ldr_rva(module, exports->AddressOfNameOrdinals, named * 2ull);
        ULONG i = names && ordinals ? find_name(module, names, named, name, hint) : named;
        if (i == named) {
            return missing;
        }
        index = ordinals[i];
    } else {
        index = ordinal - exports->Base;
    }
    if (!functions || index >= count || !functions[index]) {
        return missing;
    }
    ULONG function = functions[index];
    if (function - rva < size) {
        const char *target = ldr_rva_string(module, function);
        return target ? follow_forwarder(module, target, depth, address)
                      : STATUS_INVALID_IMAGE_FORMAT;
    }
    *address = ldr_rva(module, function, 1);
    return *address ? STATUS_SUCCESS : STATUS_INVALID_IMAGE_FORMAT;
}

/* ---- what is missing ---- */

static void seal_stubs(struct stub_page *stubs)
{
    if (stubs->code) {
        void *base = stubs->code;
        ULONG64 size = STUB_PAGE;
        ULONG old;
        NtProtectVirtualMemory(NtCurrentProcess(), &base, &size, PAGE_EXECUTE_READ, &old);
        NtFlushInstructionCache(NtCurrentProcess(), stubs->code, STUB_PAGE);
    }
    stubs->code = NULL;
    stubs->used = 0;
}

static NTSTATUS make_stub(struct stub_page *stubs, const char *dll, const char *name, ULONG ordinal,
                          void **address)
{
    if (stubs->code && stubs->used + STUB_SIZE > STUB_PAGE) {
        seal_stubs(stubs);
    }
    if (!stubs->code) {
        void *base = NULL;
        ULONG64 size = STUB_PAGE;
        NTSTATUS status = NtAllocateVirtualMemory(NtCurrentProcess(), &base, 0, &size,
                                                  MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
        if (!NT_SUCCESS(status)) {
            return status;
        }
        stubs->code = base;
    }
    struct missing_export *record = process_alloc(sizeof *record);
    if (!record) {
        return STATUS_NO_MEMORY;
    }
    *record = (struct missing_export){dll, name, ordinal};

    UCHAR *code = stubs->code + stubs->used;
    void (*thunk)(void) = LdrpMissingExportThunk;
    static const UCHAR mov_rax[] = {0x48, 0xB8}, jmp[] = {0xFF, 0x25, 0, 0, 0, 0};
    memcpy(code, mov_rax, sizeof mov_rax);
    memcpy(code + 2, &record, sizeof record);
    memcpy(code + 10, jmp, sizeof jmp);
    memcpy(code + 16, &thunk, sizeof thunk);
    memset(code + 24, 0xCC, STUB_SIZE - 24);
    stubs->used += STUB_SIZE;
    *address = code;
    return STATUS_SUCCESS;
}

/* A program called an import that nobody exports. */
void LdrpMissingExport(void *context, void *caller)
{
    const struct missing_export *record = context;
    NTSTATUS status = record->name ? STATUS_ENTRYPOINT_NOT_FOUND : STATUS_ORDINAL_NOT_FOUND;
    WCHAR dll_text[128], name_text[256];
    UNICODE_STRING dll = {.Buffer = dll_text, .MaximumLength = sizeof dll_text};
    UNICODE_STRING name = {.Buffer = name_text, .MaximumLength = sizeof name_text};
    ULONG length, response;

    RtlMultiByteToUnicodeN(dll_text, sizeof dll_text, &length, record->dll,
                           (ULONG)strlen(record->dll));
    dll.Length = (USHORT)length;
    if (record->name) {
        RtlMultiByteToUnicodeN(name_text, sizeof name_text, &length, record->name,
                               (ULONG)strlen(record->name));
        name.Length = (USHORT)length;
    } else {
        RtlIntegerToUnicodeString(record->ordinal, 10, &name);
    }
    ULONG64 by_name[2] = {(ULONG64)&name, (ULONG64)&dll};
    ULONG64 by_ordinal[2] = {record->ordinal, (ULONG64)&dll};
    NtRaiseHardError(status, 2, record->name ? 3 : 2, record->name ? by_name : by_ordinal, OptionOk,
                     &response);
    raise_at(status, EXCEPTION_NONCONTINUABLE, caller);
    for (;;) {
        NtTerminateProcess(NtCurrentProcess(), status);
    }
}

/* ---- imports ---- */

static NTSTATUS bind_entry(struct binding *b, struct ldr_module *from, const char *dll,
                           ULONG64 entry, void **address)
{
    NTSTATUS status;
    const char *name = NULL;
    ULONG ordinal = 0;
    if (entry & IMAGE_ORDINAL_FLAG64) {
        ordinal = (USHORT)entry;
        status = ldr_find_export(from, NULL, 0, ordinal, 0, address);
    } else {
        const USHORT *hint = entry <= 0x7FFFFFFF ? ldr_rva(b->module, (ULONG)entry, 3) : NULL;
        name = hint ? ldr_rva_string(b->module, (ULONG)entry + 2) : NULL;
        if (!name) {
            return STATUS_INVALID_IMAGE_FORMAT;
        }
        status = ldr_find_export(from, name, *hint, 0, 0, address);
    }
    if (status == STATUS_ENTRYPOINT_NOT_FOUND || status == STATUS_ORDINAL_NOT_FOUND) {
        return make_stub(&b->stubs, dll, name, ordinal, address);
    }
    return status;
}

/* Make the import address table writable, where its section is not. */
static NTSTATUS unprotect(struct ldr_module *module, void *start, ULONG64 bytes, ULONG *old)
{
    IMAGE_NT_HEADERS64 *headers = RtlImageNtHeader(module->entry.DllBase);
    IMAGE_SECTION_HEADER *section =
        (IMAGE_SECTION_HEADER *)((char *)&headers->OptionalHeader +
                                 headers->FileHeader.SizeOfOptionalHeader);
    ULONG rva = (ULONG)((char *)start - (char *)module->entry.DllBase);
    *old = 0;
    for (ULONG i = 0; i < headers->FileHeader.NumberOfSections; i++, section++) {
        if (rva - section->VirtualAddress < section->Misc.VirtualSize &&
            (section->Characteristics & IMAGE_SCN_MEM_WRITE)) {
            return STATUS_SUCCESS;
        }
    }
    return NtProtectVirtualMemory(NtCurrentProcess(), &start, &bytes, PAGE_READWRITE, old);
}

static NTSTATUS bind_thunks(struct binding *b, const IMAGE_IMPORT_DESCRIPTOR *descriptor,
                            struct ldr_module *from, const char *dll)
{
    struct ldr_module *module = b->module;
    ULONG lookup =
        descriptor->OriginalFirstThunk ? descriptor->OriginalFirstThunk : descriptor->FirstThunk;
    ULONG count = 0, old;
    const ULONG64 *entry;
    for (;; count++) {
        entry = ldr_rva(module, lookup + count * 8, 8);
        if (!entry) {
            return STATUS_INVALID_IMAGE_FORMAT;
        }
        if (!*entry) {
            break;
        }
    }
    void **table = ldr_rva(module, descriptor->FirstThunk, count * 8ull);
    if (!count) {
        return STATUS_SUCCESS;
    }
    if (!table) {
        return STATUS_INVALID_IMAGE_FORMAT;
    }
    NTSTATUS status = unprotect(module, table, count * 8ull, &old);
    for (ULONG i = 0; i < count && NT_SUCCESS(status); i++) {
        void *address;
        entry = ldr_rva(module, lookup + i * 8, 8);
        status = bind_entry(b, from, dll, *entry, &address);
        if (NT_SUCCESS(status)) {
            table[i] = address;
        }
    }
    if (old) {
        void *base = table;
        ULONG64 bytes = count * 8ull;
        NtProtectVirtualMemory(NtCurrentProcess(), &base, &bytes, old, &old);
    }
    return status;
}

static NTSTATUS bind_descriptor(struct binding *b, const IMAGE_IMPORT_DESCRIPTOR *descriptor)
{
    WCHAR text[260];
    UNICODE_STRING name = {.Buffer = text};
    ULONG length;
    struct ldr_module *from;
    const char *dll = ldr_rva_string(b->module, descriptor->Name);
    if (!dll) {
        return STATUS_INVALID_IMAGE_FORMAT;
    }
    RtlMultiByteToUnicodeN(text, sizeof text - sizeof(WCHAR), &length, dll, (ULONG)strlen(dll));
    text[length / sizeof(WCHAR)] = 0;
    name.Length = (USHORT)length;
    name.MaximumLength = (USHORT)(length + sizeof(WCHAR));
    NTSTATUS status = ldr_load(b->search_path, &name, b->module, &from);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = ldr_depend(b->module, from);
    return NT_SUCCESS(status) ? bind_thunks(b, descriptor, from, dll) : status;
}

NTSTATUS ldr_snap_imports(struct ldr_module *module, const WCHAR *search_path)
{
    struct binding b = {.module = module, .search_path = search_path};
    ULONG rva = 0, size = 0;
    NTSTATUS status = STATUS_SUCCESS;
    if (!directory(module, IMAGE_DIRECTORY_ENTRY_IMPORT, &rva, &size)) {
        return rva ? STATUS_INVALID_IMAGE_FORMAT : STATUS_SUCCESS;
    }
    for (; NT_SUCCESS(status); rva += sizeof(IMAGE_IMPORT_DESCRIPTOR)) {
        const IMAGE_IMPORT_DESCRIPTOR *descriptor = ldr_rva(module, rva, sizeof *descriptor);
        if (!descriptor) {
            status = STATUS_INVALID_IMAGE_FORMAT;
        } else if (!descriptor->Name || !descriptor->FirstThunk) {
            break;
        } else {
            status = bind_descriptor(&b, descriptor);
        }
    }
    if (status == STATUS_INVALID_IMAGE_FORMAT && !LdrpFailure.dll.Length) {
        ldr_set_failure(&module->entry.BaseDllName);
    }
    seal_stubs(&b.stubs);
    return status;
}
