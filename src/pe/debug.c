/* src/pe/debug.c: debug directory, COFF symbols and the TLS directory. */
#include "pe/pe.h"

#define RSDS_SIGNATURE 0x53445352u
#define MOST_DEBUG_ENTRIES 64u
#define SHORT_NAME 8u

struct rsds_header {
    uint32_t signature;
    uint8_t guid[16];
    uint32_t age;
};
_Static_assert(sizeof(struct rsds_header) == 24, "RSDS header has 24 bytes before the name");

/* Debug data need not be mapped (AddressOfRawData is then 0): a file has it at its file offset. */
static enum pe_status read_debug_data(const struct pe_image *image,
                                      const IMAGE_DEBUG_DIRECTORY *entry, uint32_t offset,
                                      void *buffer, size_t size)
{
    if (entry->AddressOfRawData != 0)
        return pe_read(image, (uint64_t)entry->AddressOfRawData + offset, buffer, size);
    if (image->layout != PE_LAYOUT_FILE)
        return PE_NOT_FOUND;
    uint64_t at = (uint64_t)entry->PointerToRawData + offset;
    return reader_read(&image->reader, at, buffer, size) ? PE_OK : PE_TRUNCATED;
}

static enum pe_status read_rsds(const struct pe_image *image, const IMAGE_DEBUG_DIRECTORY *entry,
                                struct pe_debug_id *id)
{
    struct rsds_header header;
    if (entry->SizeOfData < sizeof(header))
        return PE_NOT_FOUND;
    enum pe_status status = read_debug_data(image, entry, 0, &header, sizeof(header));
    if (status != PE_OK)
        return status;
    if (header.signature != RSDS_SIGNATURE)
        return PE_NOT_FOUND;
    *id = (struct pe_debug_id){.age = header.age, .time_stamp = entry->TimeDateStamp};
    memcpy(id->guid, header.guid, sizeof(id->guid));
    uint32_t length = entry->SizeOfData - (uint32_t)sizeof(header);
    if (length > sizeof(id->pdb) - 1)
        length = sizeof(id->pdb) - 1;
    status = read_debug_data(image, entry, sizeof(header), id->pdb, length);
    id->pdb[length] = '\0';
    return status;
}

enum pe_status pe_debug_id(const struct pe_image *image, struct pe_debug_id *id)
{
    IMAGE_DATA_DIRECTORY directory;
    IMAGE_DEBUG_DIRECTORY entry;
    if (!pe_directory(image, IMAGE_DIRECTORY_ENTRY_DEBUG, &directory))
        return PE_NOT_FOUND;
    uint32_t count = directory.Size / sizeof(entry);
    for (uint32_t i = 0; i < count && i < MOST_DEBUG_ENTRIES; i++) {
        uint64_t at = directory.VirtualAddress + (uint64_t)i * sizeof(entry);
        enum pe_status status = pe_read(image, at, &entry, sizeof(entry));
        if (status != PE_OK)
            return status;
        if (entry.Type != IMAGE_DEBUG_TYPE_CODEVIEW)
            continue;
        status = read_rsds(image, &entry, id);
        if (status != PE_NOT_FOUND)
            return status;
    }
    return PE_NOT_FOUND;
}

/* ---- COFF symbols ------------------------------------------------------------------------- */

struct __attribute__((packed)) coff_symbol {
    union {
        char short_name[SHORT_NAME]; /* not terminated when all are used */
        struct {
            uint32_t zero;
            uint32_t offset; /* into the string table */
        } long_name;
    };
    uint32_t value;
    int16_t section;
    uint16_t type;
    uint8_t storage_class;
    uint8_t auxiliary_count; /* records of the same size that follow and belong to this one */
};
_Static_assert(sizeof(struct coff_symbol) == 18, "COFF symbol record");

/* => false: the name is nowhere, or longer than we keep; the symbol is then left out */
static bool symbol_name(const struct byte_reader *strings, const struct coff_symbol *record,
                        char *name)
{
    if (record->long_name.zero == 0)
        return reader_cstr(strings, record->long_name.offset, name, PE_NAME_MAX);
    memcpy(name, record->short_name, SHORT_NAME);
    name[SHORT_NAME] = '\0';
    return true;
}

enum pe_status pe_foreach_symbol(const struct pe_image *image,
                                 bool (*visit)(void *context, const struct pe_symbol *symbol),
                                 void *context)
{
    const uint64_t table_at = image->file.PointerToSymbolTable;
    const uint64_t table_size = (uint64_t)image->file.NumberOfSymbols * sizeof(struct coff_symbol);
    struct byte_reader table, strings;
    struct coff_symbol record;
    struct pe_symbol symbol;
    struct pe_section section;

    if (image->layout != PE_LAYOUT_FILE || table_at == 0 || table_size == 0)
        return PE_NOT_FOUND;
    if (!reader_sub(&image->reader, table_at, table_size, &table) ||
        !reader_sub(&image->reader, table_at + table_size,
                    image->reader.size - (table_at + table_size), &strings))
        return PE_TRUNCATED;
    for (uint64_t at = 0; reader_read(&table, at, &record, sizeof(record));
         at += (1ull + record.auxiliary_count) * sizeof(record)) {
        if (!symbol_name(&strings, &record, symbol.name))
            continue;
        symbol.section = record.section;
        symbol.rva = record.value;
        symbol.type = record.type;
        symbol.storage_class = record.storage_class;
        if (record.section > 0) {
            if (pe_section(image, (uint32_t)record.section - 1, &section) != PE_OK)
                continue;
            symbol.rva += section.rva;
        }
        if (!visit(context, &symbol))
            break;
    }
    return PE_OK;
}

/* ---- thread-local storage ----------------------------------------------------------------- */

/* The directory holds addresses, already relocated in a mapped image. 0 stays 0. */
static bool address_to_rva(const struct pe_image *image, uint64_t address, uint32_t *rva)
{
    *rva = 0;
    if (address == 0)
        return true;
    if (address < image->base || address - image->base > pe_size_of_image(image))
        return false;
    *rva = (uint32_t)(address - image->base);
    return true;
}

enum pe_status pe_tls(const struct pe_image *image, struct pe_tls *tls)
{
    IMAGE_DATA_DIRECTORY where;
    IMAGE_TLS_DIRECTORY64 directory;
    uint32_t end;
    if (!pe_directory(image, IMAGE_DIRECTORY_ENTRY_TLS, &where))
        return PE_NOT_FOUND;
    enum pe_status status = pe_read(image, where.VirtualAddress, &directory, sizeof(directory));
    if (status != PE_OK)
        return status;
    *tls = (struct pe_tls){.zero_size = directory.SizeOfZeroFill,
                           .characteristics = directory.Characteristics};
    if (!address_to_rva(image, directory.StartAddressOfRawData, &tls->data) ||
        !address_to_rva(image, directory.EndAddressOfRawData, &end) ||
        !address_to_rva(image, directory.AddressOfIndex, &tls->index) ||
        !address_to_rva(image, directory.AddressOfCallBacks, &tls->callbacks) || end < tls->data)
        return PE_CORRUPT;
    tls->data_size = end - tls->data;
    return PE_OK;
}
