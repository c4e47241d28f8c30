/* src/ps/peb.c: what a new process finds: its PEB and its parameters.
 *
 * The parameters are one block: the structure, then the text of its strings, with pointers already
 * set (normalised). The environment is a block of its own, since the program replaces it as it
 * grows.
 *
 *      RTL_USER_PROCESS_PARAMETERS | current directory | DLL path | image path | command line |
 * title
 */
#include <stdlib.h>
#include <string.h>

#include "nt/info.h"
#include "ps/psi.h"

#define WINDOWS_MAJOR 6
#define WINDOWS_MINOR 1
#define WINDOWS_BUILD 7601
#define WINDOWS_CSD 0x100
#define VER_PLATFORM_WIN32_NT 2
#define CURRENT_DIRECTORY_CHARACTERS 260 /* room to change to a longer one */
#define HEAP_SEGMENT_RESERVE 0x100000
#define HEAP_SEGMENT_COMMIT 0x2000
#define HEAP_DECOMMIT_TOTAL 0x10000
#define HEAP_DECOMMIT_BLOCK 0x1000
#define CRITICAL_SECTION_TIMEOUT (-(30ll * 24 * 3600 * 10000000)) /* 30 days, relative */

/* Parameters under construction: host copy, its future address, and how much text is in. */
struct block {
    char *bytes;
    uint64_t va;
    size_t used, size;
};

static size_t room_for(struct ps_text text, size_t capacity)
{
    size_t characters = capacity > text.length ? capacity : text.length + 1;
    return (characters * sizeof(WCHAR) + 7) / 8 * 8;
}

static UNICODE_STRING add_string(struct block *block, struct ps_text text, size_t capacity)
{
    size_t length = text.length * sizeof(WCHAR), room = room_for(text, capacity);
    UNICODE_STRING string = {
        .Length = (USHORT)length,
        .MaximumLength =
            (USHORT)(capacity > text.length ? capacity * sizeof(WCHAR) : length + sizeof(WCHAR))};
    string.Buffer.va = block->va + block->used;
    if (length) {
        memcpy(block->bytes + block->used, text.text, length);
    }
    block->used += room;
    return string;
}

static NTSTATUS allocate_block(struct mm_space *space, size_t size, uint64_t *va)
{
    uint64_t region = size;
    *va = 0;
    return mm_allocate_virtual_memory(space, va, 0, &region, MEM_RESERVE | MEM_COMMIT,
                                      PAGE_READWRITE);
}

static NTSTATUS put_environment(struct mm_space *space, struct ps_text environment,
                                RTL_USER_PROCESS_PARAMETERS *parameters)
{
    static const WCHAR empty[2];
    struct ps_text text = environment.length ? environment : (struct ps_text){empty, 2};
    size_t size = text.length * sizeof(WCHAR);
    NTSTATUS status = allocate_block(space, size, &parameters->Environment.va);
    if (NT_SUCCESS(status)) {
        status = mm_copy_to_user(space, parameters->Environment.va, text.text, size);
        parameters->EnvironmentSize = size;
    }
    return status;
}

/* One string of the parameters: where it comes from, where it goes, room to change it. */
struct field {
    struct ps_text text;
    UNICODE_STRING *to;
    size_t capacity;
};

static NTSTATUS put_strings(struct mm_space *space, const struct ps_process_parameters *from,
                            RTL_USER_PROCESS_PARAMETERS *to, struct block *block)
{
    const size_t longest = 0x7FFE; /* characters that a UNICODE_STRING's lengths can express */
    const struct field fields[] = {
        {from->current_directory, &to->CurrentDirectory.DosPath, CURRENT_DIRECTORY_CHARACTERS},
        {from->dll_path, &to->DllPath, 0},
        {from->image_path, &to->ImagePathName, 0},
        {from->command_line, &to->CommandLine, 0},
        {from->window_title, &to->WindowTitle, 0},
        {from->desktop, &to->DesktopInfo, 0},
        {from->shell, &to->ShellInfo, 0},
        {from->runtime_data, &to->RuntimeData, 0},
    };
    const size_t count = sizeof fields / sizeof *fields;
    block->size = block->used = (sizeof *to + 7) / 8 * 8;
    for (size_t i = 0; i < count; i++) {
        if (fields[i].text.length > longest) {
            return STATUS_NAME_TOO_LONG;
        }
        block->size += room_for(fields[i].text, fields[i].capacity);
    }
    NTSTATUS status = allocate_block(space, block->size, &block->va);
    if (NT_SUCCESS(status) && !(block->bytes = calloc(1, block->size))) {
        status = STATUS_INSUFFICIENT_RESOURCES;
    }
    for (size_t i = 0; NT_SUCCESS(status) && i < count; i++) {
        *fields[i].to = add_string(block, fields[i].text, fields[i].capacity);
    }
    return status;
}

static NTSTATUS create_parameters(struct mm_space *space, const struct ps_process_parameters *from,
                                  const uint64_t standard_handle[3], uint64_t *va)
{
    struct block block = {0};
    RTL_USER_PROCESS_PARAMETERS p = from->values;
    p.Flags |= RTL_USER_PROC_PARAMS_NORMALIZED;
    p.StandardInput.va = standard_handle[0];
    p.StandardOutput.va = standard_handle[1];
    p.StandardError.va = standard_handle[2];
    p.ConsoleHandle.va = p.CurrentDirectory.Handle.va = 0;
    memset(p.CurrentDirectores, 0, sizeof p.CurrentDirectores);
    NTSTATUS status = put_strings(space, from, &p, &block);
    if (NT_SUCCESS(status)) {
        status = put_environment(space, from->environment, &p);
    }
    if (NT_SUCCESS(status)) {
        p.Length = p.MaximumLength = (ULONG)block.size;
        memcpy(block.bytes, &p, sizeof p);
        status = mm_copy_to_user(space, block.va, block.bytes, block.size);
    }
    free(block.bytes);
    *va = block.va;
    return status;
}

NTSTATUS psp_create_peb(struct ps_process *process, const struct ps_process_parameters *parameters,
                        const struct psp_image *image, const uint64_t standard_handle[3])
{
    struct mm_space *space = process->space;
    uint64_t va;
    NTSTATUS status = mm_create_peb_or_teb(space, sizeof(PEB), &va);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    PEB peb;
    memset(&peb, 0, sizeof peb);
    status = create_parameters(space, parameters, standard_handle, &peb.ProcessParameters.va);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    peb.ImageBaseAddress.va = image->base;
    peb.SessionId = process->session == PS_NO_SESSION ? 0 : process->session;
    peb.NumberOfProcessors = *process->ps->ke->nt.KeNumberProcessors;
    peb.ActiveProcessAffinityMask = (1ull << peb.NumberOfProcessors) - 1;
    peb.CriticalSectionTimeout.QuadPart = CRITICAL_SECTION_TIMEOUT;
    peb.HeapSegmentReserve = HEAP_SEGMENT_RESERVE;
    peb.HeapSegmentCommit = HEAP_SEGMENT_COMMIT;
    peb.HeapDeCommitTotalFreeThreshold = HEAP_DECOMMIT_TOTAL;
    peb.HeapDeCommitFreeBlockThreshold = HEAP_DECOMMIT_BLOCK;
    peb.MaximumNumberOfHeaps = (PAGE_SIZE - sizeof peb) / sizeof(uint64_t);
    peb.ProcessHeaps.va = va + sizeof peb;
    peb.OSMajorVersion = WINDOWS_MAJOR;
    peb.OSMinorVersion = WINDOWS_MINOR;
    peb.OSBuildNumber = WINDOWS_BUILD;
    peb.OSCSDVersion = WINDOWS_CSD;
    peb.OSPlatformId = VER_PLATFORM_WIN32_NT;
    peb.ImageSubsystem = image->subsystem;
    peb.ImageSubsystemMajorVersion = image->subsystem_major;
    peb.ImageSubsystemMinorVersion = image->subsystem_minor;
    status = mm_copy_to_user(space, va, &peb, sizeof peb);
    process->process->Peb.va = va;
    return status;
}
