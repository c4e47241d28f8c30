/* src/kd/cmd/image.c: !dh, !lmi, !dlls: images and what their headers say.
 *
 * Source: debugger documentation, "!dh", "!lmi", "!dlls"; "PE Format". */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "kd/kdi.h"
#include "kd/symbols.h"
#include "kd/types.h"
#include "pe/pe.h"

#define MODULE_LIMIT 4096

static const char *time_text(uint32_t stamp, char out[40])
{
    time_t seconds = (time_t)stamp;
    struct tm tm;
    out[0] = '\0';
    if (gmtime_r(&seconds, &tm) != NULL) {
        strftime(out, 40, "%a %b %d %H:%M:%S %Y", &tm);
    }
    return out;
}

/* A module by name, or the one that holds an address. */
static const struct kd_module *take_module(struct kd *kd, const char *args)
{
    char name[64];
    const char *word = args;
    uint64_t address;
    if (kd->symbols == NULL || !kd_word(&word, name, sizeof name)) {
        kd_error(kd, "Which module? A name or an address");
        return NULL;
    }
    const struct kd_module *module = kd_module_find(kd->symbols, name);
    if (module == NULL && kd_evaluate(kd, &args, &address)) {
        module = kd_module_at(kd->symbols, address);
        if (module == NULL) {
            kd_error(kd, "No module is at %016" PRIx64, address);
        }
    }
    return module;
}

/* ---- !dh --------------------------------------------------------------------------------------
 */

struct bit_name {
    uint32_t bit;
    const char *name;
};

static void show_bits(struct kd *kd, uint32_t value, const struct bit_name *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (value & names[i].bit) {
            kd_printf(kd, "%12s%s\n", "", names[i].name);
        }
    }
}

static void show_file_header(struct kd *kd, const struct pe_image *image)
{
    static const struct bit_name names[] = {{0x0001, "Relocations stripped"},
                                            {0x0002, "Executable"},
                                            {0x0004, "Line numbers stripped"},
                                            {0x0008, "Symbols stripped"},
                                            {0x0020, "App can handle >2gb addresses"},
                                            {0x0100, "32 bit word machine"},
                                            {0x0200, "Debug information stripped"},
                                            {0x1000, "System"},
                                            {0x2000, "DLL"}};
    const IMAGE_FILE_HEADER *h = &image->file;
    char when[40];
    kd_printf(kd, "\nFile Type: %s\nFILE HEADER VALUES\n",
              h->Characteristics & 0x2000 ? "DLL" : "EXECUTABLE IMAGE");
    kd_printf(kd, "%8X machine (X64)\n%8X number of sections\n", h->Machine, h->NumberOfSections);
    kd_printf(kd, "%8" PRIX32 " time date stamp %s\n\n", (uint32_t)h->TimeDateStamp,
              time_text(h->TimeDateStamp, when));
    kd_printf(kd, "%8" PRIX32 " file pointer to symbol table\n%8" PRIX32 " number of symbols\n",
              (uint32_t)h->PointerToSymbolTable, (uint32_t)h->NumberOfSymbols);
    kd_printf(kd, "%8X size of optional header\n%8X characteristics\n", h->SizeOfOptionalHeader,
              h->Characteristics);
    show_bits(kd, h->Characteristics, names, sizeof names / sizeof names[0]);
}

static void show_directories(struct kd *kd, const struct pe_image *image)
{
    static const char *const names[] = {"Export",
                                        "Import",
                                        "Resource",
                                        "Exception",
                                        "Security",
                                        "Base Relocation",
                                        "Debug",
                                        "Description",
                                        "Special",
                                        "Thread Storage",
                                        "Load Configuration",
                                        "Bound Import",
                                        "Import Address Table",
                                        "Delay Import",
                                        "COR20 Header",
                                        "Reserved"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const IMAGE_DATA_DIRECTORY *d = &image->optional.DataDirectory[i];
        kd_printf(kd, "%8" PRIX32 " [%8" PRIX32 "] address [size] of %s Directory\n",
                  (uint32_t)d->VirtualAddress, (uint32_t)d->Size, names[i]);
    }
}

static void show_optional_header(struct kd *kd, const struct pe_image *image)
{
    static const struct bit_name names[] = {{0x0020, "High entropy VA supported"},
                                            {0x0040, "Dynamic base"},
                                            {0x0100, "NX compatible"},
                                            {0x8000, "Terminal server aware"}};
    const IMAGE_OPTIONAL_HEADER64 *h = &image->optional;
    kd_printf(kd, "\nOPTIONAL HEADER VALUES\n%8X magic #\n%8u.%02u linker version\n", h->Magic,
              h->MajorLinkerVersion, h->MinorLinkerVersion);
    const struct {
        uint64_t value;
        const char *name;
    } rows[] = {{h->SizeOfCode, "size of code"},
                {h->SizeOfInitializedData, "size of initialized data"},
                {h->SizeOfUninitializedData, "size of uninitialized data"},
                {h->AddressOfEntryPoint, "address of entry point"},
                {h->BaseOfCode, "base of code"},
                {h->SectionAlignment, "section alignment"},
                {h->FileAlignment, "file alignment"},
                {h->Subsystem, "subsystem"},
                {h->SizeOfImage, "size of image"},
                {h->SizeOfHeaders, "size of headers"},
                {h->CheckSum, "checksum"},
                {h->SizeOfStackReserve, "size of stack reserve"},
                {h->SizeOfStackCommit, "size of stack commit"},
                {h->SizeOfHeapReserve, "size of heap reserve"},
                {h->SizeOfHeapCommit, "size of heap commit"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        kd_printf(kd, "%8" PRIX64 " %s\n", rows[i].value, rows[i].name);
    }
    kd_printf(kd, "%8X DLL characteristics\n", h->DllCharacteristics);
    show_bits(kd, h->DllCharacteristics, names, sizeof names / sizeof names[0]);
    show_directories(kd, image);
}

static void show_section(struct kd *kd, uint32_t number, const struct pe_section *s)
{
    static const struct bit_name names[] = {{0x00000020, "Code"},
                                            {0x00000040, "Initialized Data"},
                                            {0x00000080, "Uninitialized Data"},
                                            {0x02000000, "Discardable"},
                                            {0x10000000, "Shared"},
                                            {0x20000000, "Execute"},
                                            {0x40000000, "Read"},
                                            {0x80000000, "Write"}};
    kd_printf(kd,
              "\nSECTION HEADER #%" PRIX32 "\n%8s name\n%8" PRIX32 " virtual size\n%8" PRIX32
              " virtual address\n%8" PRIX32 " size of raw data\n%8" PRIX32
              " file pointer to raw data\n%8" PRIX32 " flags\n",
              number, s->name, s->virtual_size, s->rva, s->raw_size, s->raw_offset,
              s->characteristics);
    show_bits(kd, s->characteristics, names, sizeof names / sizeof names[0]);
}

static bool cmd_dh(struct kd *kd, const char *args)
{
    struct pe_image image;
    struct pe_section section;
    const struct kd_module *module = take_module(kd, args);
    if (module == NULL) {
        return false;
    }
    if (!kd_module_image(kd->symbols, module, &image)) {
        return kd_error(kd, "The headers of %s are not in memory", module->name);
    }
    show_file_header(kd, &image);
    show_optional_header(kd, &image);
    for (uint32_t i = 0; pe_section(&image, i, &section) == PE_OK && !kd_interrupted(kd); i++) {
        show_section(kd, i + 1, &section);
    }
    return true;
}

/* ---- !lmi -------------------------------------------------------------------------------------
 */

static bool cmd_lmi(struct kd *kd, const char *args)
{
    static const char *const sources[] = {"DEFERRED", "NONE", "EXPORT", "COFF", "PDB"};
    const struct kd_module *module = take_module(kd, args);
    char when[40];
    if (module == NULL) {
        return false;
    }
    enum kd_symbol_source source = kd_module_load(kd->symbols, module);
    kd_printf(kd, "Loaded Module Info: [%s]\n", module->name);
    kd_printf(kd, "         Module: %s\n   Base Address: %016" PRIx64 "\n     Image Name: %s\n",
              module->name, module->base, module->image);
    kd_printf(kd, "   Machine Type: 34404 (X64)\n     Time Stamp: %" PRIx32 " %s\n",
              module->timestamp, time_text(module->timestamp, when));
    kd_printf(kd, "           Size: %" PRIx64 "\n       CheckSum: %" PRIx32 "\n", module->size,
              module->checksum);
    if (module->has_debug_record) {
        kd_printf(kd, "     Debug Data: CODEVIEW, age %" PRIx32 ", PDB name: %s\n", module->id.age,
                  module->pdb_name);
    }
    kd_printf(kd, "    Symbol Type: %s%s%s\n", sources[source],
              module->symbol_file[0] ? " - loaded from " : "", module->symbol_file);
    return true;
}

/* ---- !dlls ------------------------------------------------------------------------------------
 */

static bool show_dll(struct kd *kd, uint64_t entry, void *context)
{
    const char type[] = "_LDR_DATA_TABLE_ENTRY";
    char name[512] = "";
    uint64_t offset, base;
    (void)context;
    if (!kd_read_nt(kd, type, entry, "DllBase", &base)) {
        return false;
    }
    if (kd_offset(kd, type, "FullDllName", &offset)) {
        kd_read_unicode_string(kd->symbols, entry + offset, name, sizeof name);
    }
    kd_printf(kd, "\n0x%08" PRIx64 ": %s\n", entry, name);
    kd_printf(
        kd,
        "      Base   0x%08" PRIx64 "  EntryPoint  0x%08" PRIx64 "  Size        0x%08" PRIx64 "\n",
        base, kd_field(kd, type, entry, "EntryPoint"), kd_field(kd, type, entry, "SizeOfImage"));
    kd_printf(kd,
              "      Flags  0x%08" PRIx64 "  TimeStamp   0x%08" PRIx64 "  LoadCount   0x%08" PRIx64
              "\n",
              kd_field(kd, type, entry, "Flags"), kd_field(kd, type, entry, "TimeDateStamp"),
              kd_field(kd, type, entry, "LoadCount"));
    return true;
}

static bool cmd_dlls(struct kd *kd, const char *args)
{
    uint64_t ldr, head, link;
    if (!kd_at_end(args)) {
        return kd_error(kd, "Extra character error in '%s'", args);
    }
    if (!kd_need_symbols(kd)) {
        return false;
    }
    uint64_t peb = kd_current_peb(kd);
    if (peb == 0 || !kd_read_nt(kd, "_PEB", peb, "Ldr", &ldr) || ldr == 0) {
        return kd_error(kd, "The current process has no list of modules");
    }
    return (kd_offset(kd, "_PEB_LDR_DATA", "InLoadOrderModuleList", &head) &&
            kd_offset(kd, "_LDR_DATA_TABLE_ENTRY", "InLoadOrderLinks", &link) &&
            kd_list_each(kd, ldr + head, link, MODULE_LIMIT, show_dll, NULL)) ||
           kd_error(kd, "The list of modules is damaged");
}

const struct kd_command kd_commands_image[] = {
    {"!dh", "!dh MODULE|ADDRESS", "headers and sections of an image", cmd_dh, KD_NEEDS_NOTHING},
    {"!lmi", "!lmi MODULE|ADDRESS", "one module, its debug record and symbols", cmd_lmi,
     KD_NEEDS_NOTHING},
    {"!dlls", "!dlls", "modules of the process as its loader lists them", cmd_dlls,
     KD_NEEDS_NOTHING},
    {0},
};
