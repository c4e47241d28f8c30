/* src/pe/reloc.c: base relocations.
 *
 * The directory is a row of blocks, each a page's RVA, its own size, and 16-bit entries of a type
 * (4 bits) and an offset (12 bits). An entry may reach over the end of its page:
 *
 *      page n                            | page n+1
 *      ............................[ 8-by|te word ].......
 *
 * pe_relocate_range then takes the other half's original value from the image, so that each page
 * can be relocated without its neighbour.
 */
#include "pe/pe.h"

#define ENTRY_BATCH 128     /* entries read at a time */
#define BLOCK_REACH 0x1000u /* a 12-bit offset from the block's RVA */
#define WIDEST 8u           /* bytes that one relocation changes at most */

/* Bytes that a relocation type changes; 0 for types that x86-64 images do not have. */
static unsigned type_width(unsigned type)
{
    switch (type) {
    case IMAGE_REL_BASED_HIGH:
    case IMAGE_REL_BASED_LOW:
        return sizeof(uint16_t);
    case IMAGE_REL_BASED_HIGHLOW:
        return sizeof(uint32_t);
    case IMAGE_REL_BASED_DIR64:
        return sizeof(uint64_t);
    default:
        return 0;
    }
}

bool pe_is_relocatable(const struct pe_image *image)
{
    IMAGE_DATA_DIRECTORY directory;
    return !(image->file.Characteristics & IMAGE_FILE_RELOCS_STRIPPED) &&
           pe_directory(image, IMAGE_DIRECTORY_ENTRY_BASERELOC, &directory);
}

struct range_visit {
    const struct pe_image *image;
    uint64_t start, end; /* RVAs */
    bool (*visit)(void *context, uint32_t rva, unsigned type);
    void *context;
    bool stopped;
};

static bool overlaps(const struct range_visit *v, uint64_t rva, uint64_t size)
{
    return rva < v->end && rva + size > v->start;
}

static enum pe_status visit_entries(struct range_visit *v, uint32_t block_rva,
                                    const uint16_t *entries, size_t count)
{
    for (size_t i = 0; i < count && !v->stopped; i++) {
        unsigned type = entries[i] >> 12;
        uint64_t rva = (uint64_t)block_rva + entries[i] % BLOCK_REACH;
        if (type == IMAGE_REL_BASED_ABSOLUTE)
            continue;
        unsigned width = type_width(type);
        if (width == 0 || rva + width > pe_size_of_image(v->image))
            return PE_CORRUPT;
        if (overlaps(v, rva, width))
            v->stopped = !v->visit(v->context, (uint32_t)rva, type);
    }
    return PE_OK;
}

/* The entries of one block: `size` bytes at `at`. */
static enum pe_status visit_block(struct range_visit *v, uint32_t block_rva, uint64_t at,
                                  uint32_t size)
{
    uint16_t entries[ENTRY_BATCH];
    uint32_t left = size / sizeof(entries[0]);
    while (left > 0 && !v->stopped) {
        uint32_t count = left < ENTRY_BATCH ? left : ENTRY_BATCH;
        enum pe_status status = pe_read(v->image, at, entries, count * sizeof(entries[0]));
        if (status == PE_OK)
            status = visit_entries(v, block_rva, entries, count);
        if (status != PE_OK)
            return status;
        at += count * sizeof(entries[0]);
        left -= count;
    }
    return PE_OK;
}

enum pe_status pe_foreach_relocation(const struct pe_image *image, uint32_t rva, uint64_t size,
                                     bool (*visit)(void *context, uint32_t rva, unsigned type),
                                     void *context)
{
    struct range_visit v = {.image = image, .start = rva, .visit = visit, .context = context};
    IMAGE_DATA_DIRECTORY directory;
    IMAGE_BASE_RELOCATION block;

    v.end = size > UINT64_MAX - rva ? UINT64_MAX : rva + size;
    if (!pe_directory(image, IMAGE_DIRECTORY_ENTRY_BASERELOC, &directory))
        return PE_OK;
    uint64_t at = directory.VirtualAddress;
    uint64_t end = at + directory.Size;
    while (end - at >= sizeof(block) && !v.stopped) {
        enum pe_status status = pe_read(image, at, &block, sizeof(block));
        if (status != PE_OK)
            return status;
        if (block.SizeOfBlock < sizeof(block) || block.SizeOfBlock > end - at ||
            block.VirtualAddress >= pe_size_of_image(image))
            return PE_CORRUPT;
        if (overlaps(&v, block.VirtualAddress, BLOCK_REACH + WIDEST))
            status = visit_block(&v, block.VirtualAddress, at + sizeof(block),
                                 block.SizeOfBlock - (uint32_t)sizeof(block));
        if (status != PE_OK)
            return status;
        at += block.SizeOfBlock;
    }
    return PE_OK;
}

/* ---- applying ----------------------------------------------------------------------------- */

struct apply {
    const struct pe_image *image;
    uint64_t delta;
    uint64_t rva; /* of bytes[0] */
    uint8_t *bytes;
    uint64_t size;
    enum pe_status status;
};

/* The low `type_width(type)` bytes of the result are what the site holds afterwards. */
static uint64_t relocated_value(unsigned type, uint64_t value, uint64_t delta)
{
    if (type == IMAGE_REL_BASED_HIGH)
        return ((value << 16) + delta) >> 16;
    return value + delta;
}

static bool apply_one(void *context, uint32_t rva, unsigned type)
{
    struct apply *a = context;
    uint64_t value = 0;
    unsigned width = type_width(type);
    bool inside = rva >= a->rva && rva + width <= a->rva + a->size;

    if (inside)
        memcpy(&value, a->bytes + (rva - a->rva), width);
    else
        a->status = pe_read(a->image, rva, &value, width);
    if (a->status != PE_OK)
        return false;
    value = relocated_value(type, value, a->delta);
    for (unsigned i = 0; i < width; i++, value >>= 8) {
        uint64_t byte_rva = (uint64_t)rva + i;
        if (byte_rva >= a->rva && byte_rva - a->rva < a->size)
            a->bytes[byte_rva - a->rva] = (uint8_t)value;
    }
    return true;
}

enum pe_status pe_relocate_range(const struct pe_image *image, uint64_t delta, uint32_t rva,
                                 void *bytes, size_t size)
{
    struct apply a = {.image = image, .delta = delta, .rva = rva, .bytes = bytes, .size = size};
    if (delta == 0)
        return PE_OK;
    if (!pe_is_relocatable(image))
        return PE_NOT_FOUND;
    enum pe_status status = pe_foreach_relocation(image, rva, size, apply_one, &a);
    return status == PE_OK ? a.status : status;
}

enum pe_status pe_relocate(const struct pe_image *image, void *mapped, size_t size, uint64_t delta)
{
    return pe_relocate_range(image, delta, 0, mapped, size);
}
