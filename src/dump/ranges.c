/* src/dump/ranges.c: LiME images and ELF cores of whole machines.
 *
 *      LiME    {magic, version, first address, last address, 8 bytes} then the bytes, repeated
 *      ELF     program headers: PT_LOAD with physical address, file offset and size
 *
 * Source: the LiME format document; the System V ABI, "Program Header". */
#include "dump/dump_int.h"

#include <elf.h>

#define LIME_MAGIC 0x4C694D45u
#define LIME_VERSION 1u

struct lime_header {
    uint32_t magic, version;
    uint64_t first, last; /* the last address counts */
    uint64_t reserved;
};

static bool claims_lime(const struct dump_file *file)
{
    uint32_t magic;
    return file->info.type == 0 && reader_u32(&file->reader, 0, &magic) && magic == LIME_MAGIC;
}

static int open_lime(struct dump_file *file)
{
    for (uint64_t at = 0; at < file->reader.size;) {
        struct lime_header header;
        if (!reader_read(&file->reader, at, &header, sizeof header)) {
            return dump_damaged(file, "truncated: a header at offset 0x%llx is not complete",
                                (unsigned long long)at);
        }
        if (header.magic != LIME_MAGIC || header.version != LIME_VERSION ||
            header.last < header.first || header.last - header.first >= file->reader.size) {
            return dump_damaged(file, "damaged: no header of memory at offset 0x%llx",
                                (unsigned long long)at);
        }
        uint64_t size = header.last - header.first + 1;
        int error = dump_add_range(file, header.first, size, at + sizeof header);
        if (error) {
            return error;
        }
        at += sizeof header + size;
    }
    return dump_sort_ranges(file, false);
}

static bool claims_elf(const struct dump_file *file)
{
    unsigned char ident[SELFMAG];
    return file->info.type == 0 && reader_read(&file->reader, 0, ident, sizeof ident) &&
           memcmp(ident, ELFMAG, SELFMAG) == 0;
}

static int open_elf(struct dump_file *file)
{
    Elf64_Ehdr header;
    if (!reader_read(&file->reader, 0, &header, sizeof header) ||
        header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
        header.e_type != ET_CORE || header.e_machine != EM_X86_64 ||
        header.e_phentsize != sizeof(Elf64_Phdr)) {
        return dump_damaged(file, "an ELF file, but no core of an x64 machine");
    }
    for (size_t i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr segment;
        if (header.e_phoff > file->reader.size ||
            !reader_read(&file->reader, header.e_phoff + i * sizeof segment, &segment,
                         sizeof segment)) {
            return dump_damaged(file, "truncated: %u program headers do not fit in the file",
                                header.e_phnum);
        }
        int error = segment.p_type == PT_LOAD
                        ? dump_add_range(file, segment.p_paddr, segment.p_filesz, segment.p_offset)
                        : 0;
        if (error) {
            return error;
        }
    }
    return dump_sort_ranges(file, true);
}

const struct dump_format dump_format_lime = {
    .name = "lime",
    .claims = claims_lime,
    .open = open_lime,
    .locate = dump_locate_range,
};

const struct dump_format dump_format_elf = {
    .name = "elf",
    .claims = claims_elf,
    .open = open_elf,
    .locate = dump_locate_range,
};
