/* tests/pe/sample.c: the sample, written field by field. */
#include "sample.h"

#include <string.h>

static const struct {
    const char *name;
    uint32_t rva, virtual_size, raw, raw_size, characteristics;
} sections[] = {
    {".text", 0x1000, 0x80, 0x400, 0x200,
     IMAGE_SCN_CNT_CODE | IMAGE_SCN_MEM_EXECUTE | IMAGE_SCN_MEM_READ},
    {".rdata", 0x2000, 0x900, 0x600, 0xA00, IMAGE_SCN_CNT_INITIALIZED_DATA | IMAGE_SCN_MEM_READ},
    {".data", 0x3000, 0x1800, 0x1000, 0x1200,
     IMAGE_SCN_CNT_INITIALIZED_DATA | IMAGE_SCN_MEM_READ | IMAGE_SCN_MEM_WRITE},
    {".reloc", 0x5000, 0x40, SAMPLE_RELOC_FILE, 0x200,
     IMAGE_SCN_CNT_INITIALIZED_DATA | IMAGE_SCN_MEM_READ | IMAGE_SCN_MEM_DISCARDABLE},
};
#define SECTION_COUNT (sizeof(sections) / sizeof(sections[0]))
#define SYMBOLS_FILE 0x2400u

static void put(uint8_t *file, uint32_t rva, const void *data, size_t size)
{
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        if (rva >= sections[i].rva && rva - sections[i].rva < sections[i].raw_size)
            memcpy(file + sections[i].raw + (rva - sections[i].rva), data, size);
    }
}

static void put_string(uint8_t *file, uint32_t rva, const char *text)
{
    put(file, rva, text, strlen(text) + 1);
}

static void put_u64(uint8_t *file, uint32_t rva, uint64_t value)
{
    put(file, rva, &value, sizeof(value));
}

static void make_headers(uint8_t *file)
{
    IMAGE_DOS_HEADER dos = {.e_magic = IMAGE_DOS_SIGNATURE, .e_lfanew = SAMPLE_NT_HEADERS};
    memcpy(file, &dos, sizeof(dos));
    *sample_headers(file) = (IMAGE_NT_HEADERS64){
        .Signature = IMAGE_NT_SIGNATURE,
        .FileHeader =
            {
                .Machine = IMAGE_FILE_MACHINE_AMD64,
                .NumberOfSections = SECTION_COUNT,
                .TimeDateStamp = 0x4CE7951A,
                .PointerToSymbolTable = SYMBOLS_FILE,
                .NumberOfSymbols = 4,
                .SizeOfOptionalHeader = sizeof(IMAGE_OPTIONAL_HEADER64),
                .Characteristics = IMAGE_FILE_EXECUTABLE_IMAGE | IMAGE_FILE_LARGE_ADDRESS_AWARE,
            },
        .OptionalHeader =
            {
                .Magic = IMAGE_NT_OPTIONAL_HDR64_MAGIC,
                .AddressOfEntryPoint = 0x1000,
                .ImageBase = SAMPLE_BASE,
                .SectionAlignment = 0x1000,
                .FileAlignment = 0x200,
                .SizeOfImage = SAMPLE_IMAGE_SIZE,
                .SizeOfHeaders = 0x400,
                .Subsystem = IMAGE_SUBSYSTEM_WINDOWS_CUI,
                .DllCharacteristics = IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE,
                .SizeOfStackReserve = 0x200000,
                .SizeOfStackCommit = 0x1000,
                .NumberOfRvaAndSizes = IMAGE_NUMBEROF_DIRECTORY_ENTRIES,
                .DataDirectory =
                    {
                        [IMAGE_DIRECTORY_ENTRY_EXPORT] = {0x2000, 0x100},
                        [IMAGE_DIRECTORY_ENTRY_IMPORT] = {0x2200, 0x3C},
                        [IMAGE_DIRECTORY_ENTRY_EXCEPTION] = {0x2500, 36},
                        [IMAGE_DIRECTORY_ENTRY_BASERELOC] = {0x5000, 24},
                        [IMAGE_DIRECTORY_ENTRY_DEBUG] = {0x2400, 28},
                        [IMAGE_DIRECTORY_ENTRY_TLS] = {0x2700, 0x28},
                    },
            },
    };
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        IMAGE_SECTION_HEADER *header = &sample_sections(file)[i];
        memcpy(header->Name, sections[i].name, strlen(sections[i].name));
        header->Misc.VirtualSize = sections[i].virtual_size;
        header->VirtualAddress = sections[i].rva;
        header->SizeOfRawData = sections[i].raw_size;
        header->PointerToRawData = sections[i].raw;
        header->Characteristics = sections[i].characteristics;
    }
}

/* Ordinals 5..8: Beta, (unused), Gamma which is forwarded, and one without a name; Alpha is another
 * name of Beta. */
static void make_exports(uint8_t *file)
{
    const IMAGE_EXPORT_DIRECTORY directory = {
        .Name = 0x2080,
        .Base = 5,
        .NumberOfFunctions = 4,
        .NumberOfNames = 3,
        .AddressOfFunctions = 0x2030,
        .AddressOfNames = 0x2040,
        .AddressOfNameOrdinals = 0x2050,
    };
    const uint32_t functions[] = {0x1010, 0, 0x20C0, 0x1020}, names[] = {0x2090, 0x20A0, 0x20B0};
    const uint16_t ordinals[] = {0, 0, 2};
    put(file, 0x2000, &directory, sizeof(directory));
    put(file, 0x2030, functions, sizeof(functions));
    put(file, 0x2040, names, sizeof(names));
    put(file, 0x2050, ordinals, sizeof(ordinals));
    put_string(file, 0x2080, "sample.dll");
    put_string(file, 0x2090, "Alpha");
    put_string(file, 0x20A0, "Beta");
    put_string(file, 0x20B0, "Gamma");
    put_string(file, 0x20C0, "OTHER.Delta");
}

static void make_imports(uint8_t *file)
{
    const IMAGE_IMPORT_DESCRIPTOR modules[] = {
        {.OriginalFirstThunk = 0x2240, .Name = 0x2300, .FirstThunk = 0x2280},
        {.Name = 0x2310, .FirstThunk = 0x22A0}, /* without a lookup table */
        {0},
    };
    const uint16_t hint = 7;
    put(file, 0x2200, modules, sizeof(modules));
    put_u64(file, 0x2240, 0x2320);
    put_u64(file, 0x2248, IMAGE_ORDINAL_FLAG64 | 42);
    put_u64(file, 0x22A0, 0x2330);
    put_string(file, 0x2300, "first.dll");
    put_string(file, 0x2310, "second.dll");
    put(file, 0x2320, &hint, sizeof(hint));
    put_string(file, 0x2322, "One");
    put_string(file, 0x2332, "Two");
}

static void make_debug(uint8_t *file)
{
    const IMAGE_DEBUG_DIRECTORY entry = {
        .TimeDateStamp = 0x12345678,
        .Type = IMAGE_DEBUG_TYPE_CODEVIEW,
        .SizeOfData = 24 + sizeof("sample.pdb"),
        .AddressOfRawData = 0x2440,
        .PointerToRawData = 0xA40,
    };
    const uint8_t guid[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    const uint32_t age = 3;
    put(file, 0x2400, &entry, sizeof(entry));
    put(file, 0x2440, "RSDS", 4);
    put(file, 0x2444, guid, sizeof(guid));
    put(file, 0x2454, &age, sizeof(age));
    put_string(file, 0x2458, "sample.pdb");
}

static void make_functions(uint8_t *file)
{
    const IMAGE_RUNTIME_FUNCTION_ENTRY functions[] = {
        {0x1000, 0x1010, 0x2600},
        {0x1010, 0x1020, 0x2640},
        {0x1030, 0x1040, 0x2501}, /* a fragment of the first */
    };
    /* push rbx; sub rsp, 0x20; mov rbp-frame; save rsi, xmm6; big allocations; a handler */
    const uint8_t first[] = {0x09, 0x20, 11,   0x25, /* version 1, EHANDLER; frame rbp + 0x20 */
                             0x20, 0x68, 0x02, 0x00, /* save xmm6 at 0x20 */
                             0x1C, 0x64, 0x09, 0x00, /* save rsi at 0x48 */
                             0x18, 0x11, 0x00, 0x00, 0x10, 0x00, /* allocate 0x100000 */
                             0x10, 0x01, 0x00, 0x04,             /* allocate 0x2000 */
                             0x06, 0x32, 0x01, 0x30,             /* allocate 0x20; push rbx */
                             0x00, 0x00,                         /* padding */
                             0x70, 0x10, 0x00, 0x00, 0xAA, 0,
                             0,    0}; /* handler 0x1070, its data */
    const uint8_t second[] = {
        0x21, 0x04, 1,    0x00, 0x04, 0x70, 0x00, 0x00, /* CHAININFO; push rdi; padding */
        0x00, 0x10, 0x00, 0x00, 0x10, 0x10, 0x00, 0x00, 0x00, 0x26, 0x00, 0x00};
    put(file, 0x2500, functions, sizeof(functions));
    put(file, 0x2600, first, sizeof(first));
    put(file, 0x2640, second, sizeof(second));
}

static void make_data(uint8_t *file)
{
    const IMAGE_TLS_DIRECTORY64 tls = {
        .StartAddressOfRawData = SAMPLE_BASE + 0x3100,
        .EndAddressOfRawData = SAMPLE_BASE + 0x3110,
        .AddressOfIndex = SAMPLE_BASE + 0x3120,
        .SizeOfZeroFill = 0x30,
    };
    const IMAGE_BASE_RELOCATION block = {.VirtualAddress = 0x3000, .SizeOfBlock = 16};
    const uint16_t entries[] = {
        IMAGE_REL_BASED_DIR64 << 12 | (SAMPLE_POINTER_RVA - 0x3000),
        IMAGE_REL_BASED_DIR64 << 12 | (SAMPLE_STRADDLE_RVA - 0x3000),
        IMAGE_REL_BASED_HIGHLOW << 12 | (SAMPLE_LOW_RVA - 0x3000),
        IMAGE_REL_BASED_ABSOLUTE << 12,
    };
    const IMAGE_BASE_RELOCATION empty = {.VirtualAddress = 0x4000, .SizeOfBlock = 8};
    const uint32_t low = (uint32_t)SAMPLE_BASE + 0x1000;
    put(file, 0x2700, &tls, sizeof(tls));
    put_u64(file, SAMPLE_POINTER_RVA, SAMPLE_BASE + 0x1000);
    put_u64(file, SAMPLE_STRADDLE_RVA, SAMPLE_BASE + 0x2000);
    put(file, SAMPLE_LOW_RVA, &low, sizeof(low));
    put(file, 0x5000, &block, sizeof(block));
    put(file, 0x5008, entries, sizeof(entries));
    put(file, 0x5010, &empty, sizeof(empty));
}

/* A short name, one with an auxiliary record, and one from the string table. */
static void make_symbols(uint8_t *file)
{
    uint8_t *record = file + SYMBOLS_FILE;
    const uint8_t short_name[18] = {'m', 'a', 'i', 'n', 0, 0,    0, 0, 0x10,
                                    0,   0,   0,   1,   0, 0x20, 0, 2, 1};
    const uint8_t long_name[18] = {0, 0, 0, 0, 4, 0, 0, 0, 0x20, 0, 0, 0, 3, 0, 0, 0, 2, 0};
    const uint8_t absolute[18] = {'e', 'i', 'g', 'h',  't',  'c', 'h', 'r', 9,
                                  0,   0,   0,   0xFF, 0xFF, 0,   0,   3,   0};
    memcpy(record, short_name, 18);
    memcpy(record + 36, long_name, 18);
    memcpy(record + 54, absolute, 18);
    memcpy(record + 72 + 4, "a_name_of_some_length", 22);
}

void sample_make(uint8_t *file)
{
    memset(file, 0, SAMPLE_SIZE);
    make_headers(file);
    make_exports(file);
    make_imports(file);
    make_debug(file);
    make_functions(file);
    make_data(file);
    make_symbols(file);
}
