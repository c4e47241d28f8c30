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

#include "ps/psi.h"

#define RTL_USER_PROC_PARAMS_NORMALIZED 1u
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

static const WCHAR system_path[] = u"C:\\Windows\\System32";

static size_t text_length(const WCHAR *text)
{
    size_t n = 0;
    while (text && text[n]) {
        n++;
    }
    return n;
}

/* Parameters under construction: host copy, its future address, and how much text is in. */
struct block {
    char *bytes;
    uint64_t va;
    size_t used, size;
};

static UNICODE_STRING add_string(struct block *block, const WCHAR *text, size_t capacity)
{
    size_t length = text_length(text) * sizeof(WCHAR);
    size_t room = capacity * sizeof(WCHAR) > length + sizeof(WCHAR) ? capacity * sizeof(WCHAR)
                                                                    : length + sizeof(WCHAR);
    UNICODE_STRING string = {.Length = (USHORT)length, .MaximumLength = (USHORT)room};
    string.Buffer.va = block->va + block->used;
    if (length) {
        memcpy(block->bytes + block->used, text, length);
    }
    block->used += (room + 7) / 8 * 8;
    return string;
}

static NTSTATUS allocate_block(struct mm_space *space, size_t size, uint64_t *va)
{
    uint64_t region = size;
    *va = 0;
    return mm_allocate_virtual_memory(space, va, 0, &region, MEM_RESERVE | MEM_COMMIT,
                                      PAGE_READWRITE);
}

static NTSTATUS put_environment(struct mm_space *space, const struct ps_program *program,
                                RTL_USER_PROCESS_PARAMETERS *parameters)
{
    static const WCHAR empty[2];
    const WCHAR *text = program->environment ? program->environment : empty;
    size_t size = (program->environment ? program->environment_length : 2) * sizeof(WCHAR);
    NTSTATUS status = allocate_block(space, size, &parameters->Environment.va);
    if (NT_SUCCESS(status)) {
        status = mm_copy_to_user(space, parameters->Environment.va, text, size);
        parameters->EnvironmentSize = size;
    }
    return status;
}

static NTSTATUS create_parameters(struct mm_space *space, const struct ps_program *program,
                                  const uint64_t standard_handle[3], uint64_t *va)
{
    const size_t longest = 0x7FFE; /* characters that a UNICODE_STRING's lengths can express */
    if (text_length(program->command_line) > longest || text_length(program->dos_path) > longest ||
        text_length(program->current_directory) > longest) {
        return STATUS_NAME_TOO_LONG;
    }
    struct block block = {.used = (sizeof(RTL_USER_PROCESS_PARAMETERS) + 7) / 8 * 8};
    block.size =
        block.used + 6 * 8 +
        sizeof(WCHAR) * (CURRENT_DIRECTORY_CHARACTERS + 6 +
                         text_length(program->current_directory) + text_length(system_path) +
                         2 * text_length(program->dos_path) + text_length(program->command_line));
    NTSTATUS status = allocate_block(space, block.size, &block.va);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    block.bytes = calloc(1, block.size);
    if (!block.bytes) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RTL_USER_PROCESS_PARAMETERS *p = (RTL_USER_PROCESS_PARAMETERS *)block.bytes;
    p->Flags = RTL_USER_PROC_PARAMS_NORMALIZED;
    p->StandardInput.va = standard_handle[0];
    p->StandardOutput.va = standard_handle[1];
    p->StandardError.va = standard_handle[2];
    p->CurrentDirectory.DosPath =
        add_string(&block, program->current_directory, CURRENT_DIRECTORY_CHARACTERS);
    p->DllPath = add_string(&block, system_path, 0);
    p->ImagePathName = add_string(&block, program->dos_path, 0);
    p->CommandLine = add_string(&block, program->command_line, 0);
    p->WindowTitle = add_string(&block, program->dos_path, 0);
    p->Length = p->MaximumLength = (ULONG)block.size;
    status = put_environment(space, program, p);
    if (NT_SUCCESS(status)) {
        status = mm_copy_to_user(space, block.va, block.bytes, block.size);
    }
    free(block.bytes);
    *va = block.va;
    return status;
}

NTSTATUS psp_create_peb(struct ps_process *process, const struct ps_program *program,
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
    status = create_parameters(space, program, standard_handle, &peb.ProcessParameters.va);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    peb.ImageBaseAddress.va = image->base;
    peb.SessionId = program->session == PS_NO_SESSION ? 0 : program->session;
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
