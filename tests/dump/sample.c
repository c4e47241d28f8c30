/* tests/dump/sample.c: small files of every format, laid out by hand. */
#include "sample.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "dump/layout.h"
#include "dump/minidump_layout.h"
#include "nt/kdbg.h"

static const uint64_t present[] = {1, 2, 5};
#define PRESENT (sizeof present / sizeof present[0])

static const char *const names[] = {"full", "bitmap", "ranges", "lime",
                                    "elf",  "raw",    "triage", "minidump"};

const char *sample_name(enum sample_kind kind)
{
    return names[kind];
}

uint8_t sample_byte(uint64_t address)
{
    return (uint8_t)((address >> 12) * 37 + address * 3 + 1);
}

static void put(struct sample *s, size_t offset, const void *bytes, size_t size)
{
    if (offset + size > s->size) {
        s->bytes = realloc(s->bytes, offset + size);
        if (!s->bytes) {
            abort();
        }
        memset(s->bytes + s->size, 0, offset + size - s->size);
        s->size = offset + size;
    }
    memcpy(s->bytes + offset, bytes, size);
}

static void put_memory(struct sample *s, size_t offset, uint64_t address, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = sample_byte(address + i);
        put(s, offset + i, &byte, 1);
    }
}

static struct sample with_header(unsigned type)
{
    struct _DUMP_HEADER64 *header = malloc(sizeof *header);
    struct sample s = {0};
    if (!header) {
        abort();
    }
    const uint32_t filler = DUMP_SIGNATURE64;
    for (size_t i = 0; i < sizeof *header; i += sizeof filler) {
        memcpy((char *)header + i, &filler, sizeof filler);
    }
    struct _CONTEXT context = {.Rip = 0xFFFFF80400001234, .Rsp = SAMPLE_STACK};
    header->ValidDump = DUMP_VALID_DUMP64;
    header->MajorVersion = 15;
    header->MinorVersion = 7601;
    header->DirectoryTableBase = 0x187000;
    header->MachineImageType = 0x8664;
    header->NumberProcessors = 2;
    header->BugCheckCode = 0x7E;
    header->BugCheckParameter[0] = 0xC0000005;
    header->KdDebuggerDataBlock = 0xFFFFF80400002000;
    header->PhysicalMemoryBlock.NumberOfRuns = 2;
    header->PhysicalMemoryBlock.NumberOfPages = PRESENT;
    header->PhysicalMemoryBlock.Run[0] = (struct _PHYSICAL_MEMORY_RUN64){1, 2};
    header->PhysicalMemoryBlock.Run[1] = (struct _PHYSICAL_MEMORY_RUN64){5, 1};
    memcpy(header->ContextRecord, &context, sizeof context);
    header->Exception.ExceptionCode = 0x80000003;
    header->DumpType = type;
    put(&s, 0, header, sizeof *header);
    free(header);
    return s;
}

static void put_present(struct sample *s, size_t offset)
{
    for (size_t i = 0; i < PRESENT; i++) {
        put_memory(s, offset + i * SAMPLE_PAGE, present[i] * SAMPLE_PAGE, SAMPLE_PAGE);
    }
}

static struct sample make_full(void)
{
    struct sample s = with_header(DUMP_TYPE_FULL);
    put_present(&s, DUMP_HEADER64_SIZE);
    return s;
}

static struct sample make_bitmap(void)
{
    struct sample s = with_header(DUMP_TYPE_BITMAP_FULL);
    const struct _SUMMARY_DUMP64 summary = {
        .Signature = DUMP_SUMMARY_SIGNATURE,
        .ValidDump = DUMP_VALID_SUMMARY,
        .FirstPage = 0x3000,
        .TotalPresentPages = PRESENT,
        .BitmapPages = 64,
    };
    const uint64_t bits = 1u << 1 | 1u << 2 | 1u << 5;
    put(&s, DUMP_HEADER64_SIZE, &summary, sizeof summary);
    put(&s, DUMP_HEADER64_SIZE + sizeof summary, &bits, sizeof bits);
    put_present(&s, summary.FirstPage);
    return s;
}

static struct sample make_ranges(void)
{
    struct sample s = with_header(DUMP_TYPE_RANGE_COMPLETE);
    const struct _PHYSICAL_MEMORY_RUN64 runs[] = {{1, 2}, {5, 1}};
    const struct _RDMP_HEADER64 header = {
        .Marker = DUMP_RANGE_MARKER,
        .Signature = DUMP_RANGE_SIGNATURE,
        .ValidDump = DUMP_VALID_SUMMARY,
        .MetadataSize = 0x30,
        .FirstPage = DUMP_HEADER64_SIZE + 0x50,
    };
    put(&s, DUMP_HEADER64_SIZE, &header, sizeof header);
    put(&s, DUMP_HEADER64_SIZE + 0x30, runs, sizeof runs);
    put_present(&s, header.FirstPage);
    return s;
}

static void put_lime(struct sample *s, uint64_t first, uint64_t size)
{
    const struct {
        uint32_t magic, version;
        uint64_t first, last, reserved;
    } header = {0x4C694D45, 1, first, first + size - 1, 0};
    put(s, s->size, &header, sizeof header);
    put_memory(s, s->size, first, size);
}

static struct sample make_lime(void)
{
    struct sample s = {0};
    put_lime(&s, 0x1000, 0x2000);
    put_lime(&s, 0x5000, 0x1000);
    return s;
}

static struct sample make_elf(void)
{
    struct sample s = {0};
    const Elf64_Ehdr header = {
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_CORE,
        .e_machine = EM_X86_64,
        .e_phoff = sizeof header,
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = 2,
    };
    const Elf64_Phdr segment[] = {
        {.p_type = PT_LOAD, .p_offset = 0x1000, .p_paddr = 0x1000, .p_filesz = 0x2000},
        {.p_type = PT_LOAD, .p_offset = 0x3000, .p_paddr = 0x5000, .p_filesz = 0x1000},
    };
    put(&s, 0, &header, sizeof header);
    put(&s, sizeof header, segment, sizeof segment);
    put_present(&s, 0x1000);
    return s;
}

static struct sample make_raw(void)
{
    struct sample s = {0};
    uint64_t directory[512] = {[0x1ED] = SAMPLE_DIRECTORY | 3};
    for (unsigned i = 0; i < 6; i++) {
        directory[0x1F0 + i] = 0x4000 | 3;
    }
    put_memory(&s, 0, 0, 8 * SAMPLE_PAGE);
    put(&s, SAMPLE_DIRECTORY, directory, sizeof directory);
    return s;
}

/*      2000 TRIAGE_DUMP64   2100 KPRCB   2200 ETHREAD   2300 EPROCESS   2400 stack
 *      2500 driver list     2600 string  2700 KDBG      2B00 blocks     2C00 their memory */
static struct sample make_triage(void)
{
    struct sample s = with_header(DUMP_TYPE_TRIAGE);
    const uint64_t thread = SAMPLE_THREAD, process = SAMPLE_PROCESS;
    const struct _TRIAGE_DUMP64 triage = {
        .PrcbOffset = 0x2100,
        .ThreadOffset = 0x2200,
        .ProcessOffset = 0x2300,
        .CallStackOffset = 0x2400,
        .SizeOfCallStack = 0x100,
        .TopOfStack = SAMPLE_STACK,
        .DriverListOffset = 0x2500,
        .DriverCount = 1,
        .DebuggerDataOffset = 0x2700,
        .DebuggerDataSize = sizeof(struct _KDDEBUGGER_DATA64),
        .DataBlocksOffset = 0x2B00,
        .DataBlocksCount = 3,
    };
    const struct _KDDEBUGGER_DATA64 kdbg = {
        .Header = {.OwnerTag = KDBG_TAG},
        .KernBase = 0xFFFFF80400000000,
        .OffsetPrcbCurrentThread = 8,
        .OffsetKThreadApcProcess = 0xB8,
        .SizeEThread = 0x100,
        .SizeEProcess = 0x100,
    };
    const struct _TRIAGE_DRIVER64 driver = {
        .DriverNameOffset = 0x2600, .DllBase = kdbg.KernBase, .SizeOfImage = 0x5000};
    const struct {
        uint32_t length;
        uint16_t text[8];
    } name = {7, {'w', 'i', 'n', '.', 's', 'y', 's'}};
    /* Out of order, the second inside the first, the third reaching over its end. */
    const struct _TRIAGE_DATA_BLOCK block[] = {{SAMPLE_BLOCK + 0x30, 0x2C30, 0x20},
                                               {SAMPLE_BLOCK + 8, 0x2C08, 8},
                                               {SAMPLE_BLOCK, 0x2C00, 0x40}};
    put(&s, 0x2000, &triage, sizeof triage);
    put(&s, 0x2108, &thread, sizeof thread);
    put(&s, 0x22B8, &process, sizeof process);
    put_memory(&s, 0x2400, SAMPLE_STACK, 0x100);
    put(&s, 0x2500, &driver, sizeof driver);
    put(&s, 0x2600, &name, sizeof name);
    put(&s, 0x2700, &kdbg, sizeof kdbg);
    put(&s, 0x2B00, block, sizeof block);
    put_memory(&s, 0x2C00, SAMPLE_BLOCK, 0x50);
    return s;
}

/*      20 directory   100 system   140 misc   160 threads   200 modules   280 name   2C0 debug
 * record 2E0 name of a type   300 memory list   340 exception   400 memory64 list   440 regions
 * 500 context of the exception   9D0 handles   A00 context of thread 0   F00 memory   1000 memory64
 */
static struct sample make_minidump(void)
{
    struct sample s = {0};
    const struct _MINIDUMP_HEADER header = {
        .Signature = MINIDUMP_SIGNATURE,
        .Version = MINIDUMP_VERSION,
        .NumberOfStreams = 9,
        .StreamDirectoryRva = 0x20,
        .TimeDateStamp = 0x4CE7951A,
    };
    const struct _MINIDUMP_DIRECTORY directory[] = {
        {MINIDUMP_SYSTEM, {0x38, 0x100}},   {MINIDUMP_MISC, {0x18, 0x140}},
        {MINIDUMP_THREADS, {0x64, 0x160}},  {MINIDUMP_MODULES, {0x70, 0x200}},
        {MINIDUMP_MEMORY, {0x14, 0x300}},   {MINIDUMP_EXCEPTION_OF, {0xA8, 0x340}},
        {MINIDUMP_MEMORY64, {0x30, 0x400}}, {MINIDUMP_REGIONS, {0x90, 0x440}},
        {MINIDUMP_HANDLES, {0x30, 0x9D0}},
    };
    const struct _MINIDUMP_SYSTEM_INFO system = {
        .ProcessorArchitecture = MINIDUMP_AMD64,
        .NumberOfProcessors = 3,
        .MajorVersion = 6,
        .MinorVersion = 1,
        .BuildNumber = 7601,
    };
    const struct _MINIDUMP_MISC_INFO misc = {
        .SizeOfInfo = sizeof misc, .Flags1 = MINIDUMP_MISC_PROCESS_ID, .ProcessId = 0x1A4};
    const struct _MINIDUMP_THREAD thread[] = {
        {.ThreadId = 0x10, .Teb = 0x7FFFFFDE000, .ThreadContext = {0x4D0, 0xA00}},
        {.ThreadId = 0x14, .SuspendCount = 1, .Teb = 0x7FFFFFDC000},
    };
    const struct _MINIDUMP_MODULE module = {
        .BaseOfImage = SAMPLE_USER,
        .SizeOfImage = 0x5000,
        .CheckSum = 7,
        .TimeDateStamp = 8,
        .ModuleNameRva = 0x280,
        .CvRecord = {0x18 + 6, 0x2C0},
    };
    const struct {
        uint32_t bytes;
        uint16_t text[10];
    } name = {16, {'C', ':', '\\', 'a', '.', 'e', 'x', 'e'}};
    const struct _MINIDUMP_CODEVIEW debug = {
        .Signature = MINIDUMP_RSDS, .Guid = {1, 2, 3}, .Age = 9};
    const struct _MINIDUMP_MEMORY_DESCRIPTOR memory = {SAMPLE_USER, {0x100, 0xF00}};
    const struct _MINIDUMP_MEMORY64_LIST list64 = {2, 0x1000};
    const struct _MINIDUMP_MEMORY_DESCRIPTOR64 memory64[] = {{SAMPLE_USER64, 0x80},
                                                             {SAMPLE_USER64_NEXT, 0x40}};
    const struct _MINIDUMP_EXCEPTION_STREAM exception = {
        .ThreadId = 0x14,
        .ExceptionRecord = {.ExceptionCode = 0xC0000005,
                            .ExceptionAddress = SAMPLE_USER + 0x10,
                            .NumberParameters = 2,
                            .ExceptionInformation = {1, 0x1234}},
        .ThreadContext = {0x4D0, 0x500},
    };
    const struct _CONTEXT faulting = {.Rip = SAMPLE_USER + 0x10, .Rsp = SAMPLE_USER + 0x80};
    const struct _CONTEXT other = {.Rip = SAMPLE_USER + 0x20, .Rsp = SAMPLE_USER + 0x90};
    /* As a newer system would write it: elements longer than what is known of them. */
    const struct _MINIDUMP_MEMORY_INFO_LIST regions = {sizeof regions, 0x40, 2};
    const struct _MINIDUMP_MEMORY_INFO region[] = {
        {.BaseAddress = 0, .RegionSize = SAMPLE_USER, .State = 0x10000, .Protect = 1},
        {.BaseAddress = SAMPLE_USER,
         .AllocationBase = SAMPLE_USER,
         .AllocationProtect = 0x80,
         .RegionSize = 0x5000,
         .State = 0x1000,
         .Protect = 0x20,
         .Type = 0x1000000},
    };
    const struct {
        struct _MINIDUMP_HANDLE_LIST head;
        struct _MINIDUMP_HANDLE handle;
    } handles = {{sizeof handles.head, sizeof handles.handle, 1, 0},
                 {.Handle = 0x24,
                  .TypeNameRva = 0x2E0,
                  .GrantedAccess = 0x100003,
                  .HandleCount = 2,
                  .PointerCount = 3}};
    const struct {
        uint32_t bytes;
        uint16_t text[6];
    } event = {10, {'E', 'v', 'e', 'n', 't'}};
    const uint32_t threads = 2, one = 1;
    put(&s, 0, &header, sizeof header);
    put(&s, 0x20, directory, sizeof directory);
    put(&s, 0x100, &system, sizeof system);
    put(&s, 0x140, &misc, sizeof misc);
    put(&s, 0x160, &threads, sizeof threads);
    put(&s, 0x164, thread, sizeof thread);
    put(&s, 0x200, &one, sizeof one);
    put(&s, 0x204, &module, sizeof module);
    put(&s, 0x280, &name, sizeof name);
    put(&s, 0x2C0, &debug, sizeof debug);
    put(&s, 0x2D8, "a.pdb", 6);
    put(&s, 0x2E0, &event, sizeof event);
    put(&s, 0x300, &one, sizeof one);
    put(&s, 0x304, &memory, sizeof memory);
    put(&s, 0x340, &exception, sizeof exception);
    put(&s, 0x400, &list64, sizeof list64);
    put(&s, 0x410, memory64, sizeof memory64);
    put(&s, 0x440, &regions, sizeof regions);
    put(&s, 0x450, &region[0], sizeof region[0]);
    put(&s, 0x490, &region[1], sizeof region[1]);
    put(&s, 0x500, &faulting, sizeof faulting);
    put(&s, 0x9D0, &handles, sizeof handles);
    put(&s, 0xA00, &other, sizeof other);
    put_memory(&s, 0xF00, SAMPLE_USER, 0x100);
    put_memory(&s, 0x1000, SAMPLE_USER64, 0xC0);
    return s;
}

struct sample sample_make(enum sample_kind kind)
{
    static struct sample (*const makers[SAMPLE_KINDS])(void) = {
        make_full, make_bitmap, make_ranges, make_lime,
        make_elf,  make_raw,    make_triage, make_minidump,
    };
    return makers[kind]();
}
