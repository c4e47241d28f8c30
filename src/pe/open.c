/* src/pe/open.c: headers, sections and the way from an RVA to bytes.
 *
 * pe_open checks once what everything else leans on:
 *
 *      - the headers are readable, for x86-64, and say "executable";
 *      - alignments are powers of two, section alignment is at least a page or equals file
 * alignment;
 *      - sections follow each other without overlap or hole, in page units, up to SizeOfImage;
 *      - what a section takes from the file is in the file.
 *
 * So an RVA below SizeOfImage is in the headers or in exactly one section.
 */
#include "pe/pe.h"

#include "nt/layout.h"

#define FILE_SECTOR 0x200u /* the loader rounds file offsets of sections down to this */
#define LOWEST_FILE_ALIGNMENT 0x200u
#define MOST_SECTIONS 96u           /* documented limit of the loader */
#define MOST_IMAGE_SIZE 0x77000000u /* the loader's limit, below 2 GB */
#define BASE_ALIGNMENT 0x10000u

static const char *const status_texts[PE_STATUS_COUNT] = {
    [PE_OK] = "no error",
    [PE_NOT_FOUND] = "not in the image",
    [PE_NOT_MZ] = "not an executable: no MZ header",
    [PE_NOT_PE] = "an MS-DOS program, not a Windows one",
    [PE_WIN16] = "a 16-bit Windows or OS/2 program",
    [PE_WRONG_MACHINE] = "a program for another processor; only x86-64 ones run",
    [PE_NOT_EXECUTABLE] = "not a finished executable: an object file or a failed link",
    [PE_TRUNCATED] = "the file ends too early",
    [PE_CORRUPT] = "the executable is corrupt: its headers contradict each other",
};

const char *pe_status_text(enum pe_status status)
{
    return (unsigned)status < PE_STATUS_COUNT ? status_texts[status] : "unknown status";
}

static bool power_of_two(uint32_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

static uint64_t page_round_up(uint64_t value)
{
    return (value + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
}

/* ---- opening ------------------------------------------------------------------------------ */

static enum pe_status read_dos_header(struct pe_image *image)
{
    IMAGE_DOS_HEADER dos;
    uint16_t magic;
    if (!reader_u16(&image->reader, 0, &magic) || magic != IMAGE_DOS_SIGNATURE)
        return PE_NOT_MZ;
    if (!reader_read(&image->reader, 0, &dos, sizeof(dos)))
        return PE_NOT_PE;
    uint32_t signature;
    if (dos.e_lfanew <= 0 || !reader_u32(&image->reader, (uint64_t)dos.e_lfanew, &signature))
        return PE_NOT_PE;
    if (signature != IMAGE_NT_SIGNATURE) {
        uint16_t old = (uint16_t)signature;
        return old == IMAGE_OS2_SIGNATURE || old == IMAGE_OS2_SIGNATURE_LE ? PE_WIN16 : PE_NOT_PE;
    }
    if (dos.e_lfanew % sizeof(uint32_t) != 0)
        return PE_CORRUPT;
    image->headers_offset = (uint32_t)dos.e_lfanew;
    return PE_OK;
}

/* SizeOfOptionalHeader may be shorter than the structure: directories at the end are optional. */
static enum pe_status read_nt_headers(struct pe_image *image)
{
    const uint64_t file_offset = image->headers_offset + sizeof(uint32_t);
    const uint64_t optional_offset = file_offset + sizeof(IMAGE_FILE_HEADER);
    const size_t fixed = offsetof(IMAGE_OPTIONAL_HEADER64, DataDirectory);

    if (!reader_read(&image->reader, file_offset, &image->file, sizeof(image->file)))
        return PE_TRUNCATED;
    if (image->file.Machine != IMAGE_FILE_MACHINE_AMD64)
        return PE_WRONG_MACHINE;
    if (!(image->file.Characteristics & IMAGE_FILE_EXECUTABLE_IMAGE) ||
        image->file.SizeOfOptionalHeader == 0)
        return PE_NOT_EXECUTABLE;
    if (image->file.SizeOfOptionalHeader < fixed)
        return PE_CORRUPT;
    size_t size = image->file.SizeOfOptionalHeader;
    if (size > sizeof(image->optional))
        size = sizeof(image->optional);
    memset(&image->optional, 0, sizeof(image->optional));
    if (!reader_read(&image->reader, optional_offset, &image->optional, size))
        return PE_TRUNCATED;
    if (image->optional.Magic != IMAGE_NT_OPTIONAL_HDR64_MAGIC)
        return PE_CORRUPT;
    for (uint32_t i = image->optional.NumberOfRvaAndSizes; i < IMAGE_NUMBEROF_DIRECTORY_ENTRIES;
         i++)
        image->optional.DataDirectory[i] = (IMAGE_DATA_DIRECTORY){0};
    image->sections_offset = (uint32_t)optional_offset + image->file.SizeOfOptionalHeader;
    image->base = image->optional.ImageBase;
    return PE_OK;
}

static enum pe_status check_sizes(struct pe_image *image)
{
    const IMAGE_OPTIONAL_HEADER64 *optional = &image->optional;
    if (!power_of_two(optional->FileAlignment) || !power_of_two(optional->SectionAlignment) ||
        optional->SectionAlignment < optional->FileAlignment)
        return PE_CORRUPT;
    image->single_range = optional->SectionAlignment < PAGE_SIZE;
    if (image->single_range ? optional->SectionAlignment != optional->FileAlignment
                            : optional->FileAlignment < LOWEST_FILE_ALIGNMENT)
        return PE_CORRUPT;
    if (optional->SizeOfImage == 0 || optional->SizeOfImage > MOST_IMAGE_SIZE ||
        optional->SizeOfHeaders == 0 || optional->SizeOfHeaders > optional->SizeOfImage)
        return PE_CORRUPT;
    if (optional->ImageBase % BASE_ALIGNMENT != 0)
        return PE_CORRUPT;
    if (optional->AddressOfEntryPoint >= optional->SizeOfImage)
        return PE_CORRUPT;
    if (image->file.NumberOfSections > MOST_SECTIONS)
        return PE_CORRUPT;
    uint64_t table_size = (uint64_t)image->file.NumberOfSections * sizeof(IMAGE_SECTION_HEADER);
    if (!reader_has(&image->reader, image->sections_offset, table_size))
        return PE_TRUNCATED;
    return PE_OK;
}

/* Sections in ascending order without holes, inside the file. */
static enum pe_status check_sections(const struct pe_image *image)
{
    uint64_t next = page_round_up(image->optional.SizeOfHeaders);
    for (uint32_t i = 0; i < image->file.NumberOfSections; i++) {
        struct pe_section section;
        enum pe_status status = pe_section(image, i, &section);
        if (status != PE_OK)
            return status;
        uint64_t end = section.rva + (uint64_t)section.virtual_size;
        if (end > page_round_up(image->optional.SizeOfImage) || section.virtual_size == 0)
            return PE_CORRUPT;
        if (image->single_range)
            continue;
        bool behind_headers = i == 0 && section.rva > next && section.rva % PAGE_SIZE == 0;
        if (section.rva != next && !behind_headers)
            return PE_CORRUPT;
        next = page_round_up(end);
        if (image->layout == PE_LAYOUT_FILE &&
            !reader_has(&image->reader, section.raw_offset, section.raw_size))
            return PE_TRUNCATED;
    }
    return PE_OK;
}

enum pe_status pe_open_reader(struct pe_image *image, struct byte_reader reader,
                              enum pe_layout layout)
{
    *image = (struct pe_image){.reader = reader, .layout = layout};
    enum pe_status status = read_dos_header(image);
    if (status == PE_OK)
        status = read_nt_headers(image);
    if (status == PE_OK)
        status = check_sizes(image);
    if (status == PE_OK)
        status = check_sections(image);
    return status;
}

enum pe_status pe_open(struct pe_image *image, const void *bytes, size_t size)
{
    return pe_open_reader(image, reader_of_bytes(bytes, size), PE_LAYOUT_FILE);
}

/* ---- sections and ranges ------------------------------------------------------------------ */

static uint32_t least(uint64_t a, uint64_t b)
{
    return (uint32_t)(a < b ? a : b);
}

enum pe_status pe_section(const struct pe_image *image, uint32_t index, struct pe_section *section)
{
    IMAGE_SECTION_HEADER header;
    if (index >= image->file.NumberOfSections)
        return PE_NOT_FOUND;
    uint64_t offset = image->sections_offset + (uint64_t)index * sizeof(header);
    if (!reader_read(&image->reader, offset, &header, sizeof(header)))
        return PE_TRUNCATED;
    *section = (struct pe_section){
        .rva = header.VirtualAddress,
        .virtual_size = header.Misc.VirtualSize ? header.Misc.VirtualSize : header.SizeOfRawData,
        .characteristics = header.Characteristics,
    };
    memcpy(section->name, header.Name, sizeof(header.Name));
    if (header.PointerToRawData != 0) {
        uint32_t alignment = image->single_range ? 1 : FILE_SECTOR;
        section->raw_offset = header.PointerToRawData & ~(alignment - 1);
        section->raw_size = least(header.SizeOfRawData, page_round_up(section->virtual_size));
    }
    return PE_OK;
}

enum pe_status pe_find_section(const struct pe_image *image, uint32_t rva,
                               struct pe_section *section)
{
    for (uint32_t i = 0; i < image->file.NumberOfSections; i++) {
        enum pe_status status = pe_section(image, i, section);
        if (status != PE_OK)
            return status;
        if (rva >= section->rva && rva - section->rva < page_round_up(section->virtual_size))
            return PE_OK;
    }
    return PE_NOT_FOUND;
}

uint32_t pe_size_of_image(const struct pe_image *image)
{
    return (uint32_t)page_round_up(image->optional.SizeOfImage);
}

uint32_t pe_range_count(const struct pe_image *image)
{
    return image->single_range ? 1 : 1 + (uint32_t)image->file.NumberOfSections;
}

/* The headers run to the first section; a hole between them reads as zeroes. */
static enum pe_status headers_range(const struct pe_image *image, struct pe_section *range)
{
    struct pe_section first;
    *range = (struct pe_section){.name = "headers", .characteristics = IMAGE_SCN_MEM_READ};
    range->virtual_size = pe_size_of_image(image);
    range->raw_size = least(image->optional.SizeOfHeaders, image->reader.size);
    if (!image->single_range && image->file.NumberOfSections > 0) {
        enum pe_status status = pe_section(image, 0, &first);
        if (status != PE_OK)
            return status;
        range->virtual_size = first.rva;
    }
    if (image->single_range) {
        range->raw_size = least(pe_size_of_image(image), image->reader.size);
        range->characteristics |= IMAGE_SCN_MEM_WRITE | IMAGE_SCN_MEM_EXECUTE;
    }
    return PE_OK;
}

enum pe_status pe_range(const struct pe_image *image, uint32_t index, struct pe_section *range)
{
    if (index >= pe_range_count(image))
        return PE_NOT_FOUND;
    if (index == 0)
        return headers_range(image, range);
    enum pe_status status = pe_section(image, index - 1, range);
    if (status != PE_OK)
        return status;
    range->virtual_size = (uint32_t)page_round_up(range->virtual_size);
    if (index == image->file.NumberOfSections)
        range->virtual_size = pe_size_of_image(image) - range->rva;
    return PE_OK;
}

bool pe_directory(const struct pe_image *image, unsigned index, IMAGE_DATA_DIRECTORY *directory)
{
    if (index >= IMAGE_NUMBEROF_DIRECTORY_ENTRIES)
        return false;
    *directory = image->optional.DataDirectory[index];
    return directory->VirtualAddress != 0 && directory->Size != 0;
}

/* ---- bytes -------------------------------------------------------------------------------- */

/* The range that holds `rva`. => rva < pe_size_of_image */
static enum pe_status find_range(const struct pe_image *image, uint64_t rva,
                                 struct pe_section *range)
{
    for (uint32_t i = 0; i < pe_range_count(image); i++) {
        enum pe_status status = pe_range(image, i, range);
        if (status != PE_OK)
            return status;
        if (rva >= range->rva && rva - range->rva < range->virtual_size)
            return PE_OK;
    }
    return PE_CORRUPT;
}

static enum pe_status read_file_layout(const struct pe_image *image, uint64_t rva, uint8_t *buffer,
                                       size_t size)
{
    while (size > 0) {
        struct pe_section range;
        enum pe_status status = find_range(image, rva, &range);
        if (status != PE_OK)
            return status;
        uint64_t offset = rva - range.rva;
        size_t step = least(size, range.virtual_size - offset);
        size_t from_file = offset < range.raw_size ? least(step, range.raw_size - offset) : 0;
        if (from_file > 0 &&
            !reader_read(&image->reader, range.raw_offset + offset, buffer, from_file))
            return PE_TRUNCATED;
        memset(buffer + from_file, 0, step - from_file);
        rva += step;
        buffer += step;
        size -= step;
    }
    return PE_OK;
}

enum pe_status pe_read(const struct pe_image *image, uint64_t rva, void *buffer, size_t size)
{
    uint64_t end = pe_size_of_image(image);
    if (rva > end || size > end - rva)
        return PE_TRUNCATED;
    if (image->layout == PE_LAYOUT_MAPPED)
        return reader_read(&image->reader, rva, buffer, size) ? PE_OK : PE_TRUNCATED;
    return read_file_layout(image, rva, buffer, size);
}

enum pe_status pe_read_cstr(const struct pe_image *image, uint64_t rva, char *buffer,
                            size_t capacity)
{
    size_t length = 0;
    while (length < capacity) {
        /* Up to the next 64-byte line, so that a string at the very end can be read. */
        const uint64_t line = 64;
        size_t step = least(capacity - length, line - (rva + length) % line);
        enum pe_status status = pe_read(image, rva + length, buffer + length, step);
        if (status != PE_OK)
            return status;
        if (memchr(buffer + length, '\0', step))
            return PE_OK;
        length += step;
    }
    return PE_CORRUPT;
}

/* ---- checksum ----------------------------------------------------------------------------- */

/* Sum of all 16-bit words with end-around carry, the checksum field itself taken as zero, plus the
 * file's length. */
enum pe_status pe_checksum(const struct pe_image *image, uint32_t *checksum)
{
    const uint64_t field = image->headers_offset + offsetof(IMAGE_NT_HEADERS64, OptionalHeader) +
                           offsetof(IMAGE_OPTIONAL_HEADER64, CheckSum);
    uint64_t sum = 0;
    if (image->layout != PE_LAYOUT_FILE)
        return PE_NOT_FOUND;
    for (uint64_t offset = 0; offset < image->reader.size; offset += sizeof(uint16_t)) {
        uint16_t word = 0;
        size_t step = least(sizeof(word), image->reader.size - offset);
        if (offset >= field && offset < field + sizeof(uint32_t))
            continue;
        if (!reader_read(&image->reader, offset, &word, step))
            return PE_TRUNCATED;
        sum += word;
        sum = (sum & UINT16_MAX) + (sum >> 16);
    }
    *checksum = (uint32_t)(sum + image->reader.size);
    return PE_OK;
}
