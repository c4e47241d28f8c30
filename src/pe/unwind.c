/* src/pe/unwind.c: the exception directory.
 *
 * .pdata is a table of functions in address order: begin, end, and where the unwind information is.
 * UNWIND_INFO is a small header, an array of 16-bit codes that undo the prolog (last instruction
 * first), and then either a handler or the function that this fragment continues:
 *
 *      +0  version:3 flags:5   +1 prolog size   +2 code count   +3 frame register:4 offset:4
 *      +4  codes, padded to an even number      then handler RVA, handler data  |  chained entry
 *
 * Source: "x64 exception handling", documentation.
 */
#include "pe/pe.h"

#define VERSION_1 1u
#define VERSION_2 2u /* adds epilog codes, which describe where epilogs are and undo nothing */
#define UWOP_EPILOG 6u
#define SLOT_SIZE 2u

struct unwind_header {
    uint8_t version : 3, flags : 5;
    uint8_t prolog_size;
    uint8_t code_count; /* slots */
    uint8_t frame_register : 4, frame_offset : 4;
};
_Static_assert(sizeof(struct unwind_header) == 4, "UNWIND_INFO starts with four bytes");

struct unwind_slot {
    uint8_t prolog_offset;
    uint8_t operation : 4, info : 4;
};
_Static_assert(sizeof(struct unwind_slot) == SLOT_SIZE, "an unwind code has two bytes");

uint32_t pe_function_count(const struct pe_image *image)
{
    IMAGE_DATA_DIRECTORY directory;
    if (!pe_directory(image, IMAGE_DIRECTORY_ENTRY_EXCEPTION, &directory))
        return 0;
    return directory.Size / sizeof(IMAGE_RUNTIME_FUNCTION_ENTRY);
}

enum pe_status pe_function(const struct pe_image *image, uint32_t index,
                           IMAGE_RUNTIME_FUNCTION_ENTRY *function)
{
    IMAGE_DATA_DIRECTORY directory;
    if (index >= pe_function_count(image) ||
        !pe_directory(image, IMAGE_DIRECTORY_ENTRY_EXCEPTION, &directory))
        return PE_NOT_FOUND;
    return pe_read(image, directory.VirtualAddress + (uint64_t)index * sizeof(*function), function,
                   sizeof(*function));
}

enum pe_status pe_find_function(const struct pe_image *image, uint32_t rva,
                                IMAGE_RUNTIME_FUNCTION_ENTRY *function)
{
    uint32_t low = 0, high = pe_function_count(image);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        enum pe_status status = pe_function(image, middle, function);
        if (status != PE_OK)
            return status;
        if (rva < function->BeginAddress) {
            high = middle;
        } else if (rva >= function->EndAddress) {
            low = middle + 1;
        } else {
            /* An odd address leads to the entry of the function this one is a part of. */
            if (function->UnwindInfoAddress & 1)
                return pe_read(image, function->UnwindInfoAddress - 1, function, sizeof(*function));
            return PE_OK;
        }
    }
    return PE_NOT_FOUND;
}

/* How many slots follow an operation's first, and in which unit they count. => false: unknown */
static bool operand_shape(unsigned operation, unsigned info, unsigned *slots, unsigned *unit)
{
    *slots = 0;
    *unit = 1;
    switch (operation) {
    case UWOP_ALLOC_LARGE: /* one slot in units of 8 bytes, or two that count bytes */
        if (info > 1)
            return false;
        *slots = info + 1;
        *unit = info == 0 ? 8 : 1;
        return true;
    case UWOP_SAVE_NONVOL:
        *slots = 1;
        *unit = 8;
        return true;
    case UWOP_SAVE_XMM128:
        *slots = 1;
        *unit = 16;
        return true;
    case UWOP_SAVE_NONVOL_FAR:
    case UWOP_SAVE_XMM128_FAR:
        *slots = 2;
        return true;
    case UWOP_PUSH_NONVOL:
    case UWOP_ALLOC_SMALL:
    case UWOP_SET_FPREG:
    case UWOP_PUSH_MACHFRAME:
        return true;
    default:
        return false;
    }
}

static enum pe_status decode_codes(struct pe_unwind *unwind, const struct unwind_slot *slots,
                                   unsigned slot_count)
{
    for (unsigned i = 0; i < slot_count;) {
        struct unwind_slot slot = slots[i++];
        unsigned extra, unit;
        uint32_t operand = 0;

        if (unwind->version == VERSION_2 && slot.operation == UWOP_EPILOG)
            continue;
        if (!operand_shape(slot.operation, slot.info, &extra, &unit) || extra > slot_count - i)
            return PE_CORRUPT;
        memcpy(&operand, &slots[i], extra * SLOT_SIZE);
        i += extra;
        operand *= unit;
        if (slot.operation == UWOP_ALLOC_SMALL)
            operand = slot.info * 8u + 8u;
        unwind->code[unwind->code_count++] =
            (struct pe_unwind_code){slot.prolog_offset, slot.operation, slot.info, operand};
    }
    return PE_OK;
}

/* What follows the codes. */
static enum pe_status read_tail(const struct pe_image *image, uint64_t at, struct pe_unwind *unwind)
{
    unwind->chained = (unwind->flags & UNW_FLAG_CHAININFO) != 0;
    if (unwind->chained)
        return pe_read(image, at, &unwind->chain, sizeof(unwind->chain));
    unwind->has_handler = (unwind->flags & (UNW_FLAG_EHANDLER | UNW_FLAG_UHANDLER)) != 0;
    if (!unwind->has_handler)
        return PE_OK;
    unwind->handler_data = (uint32_t)(at + sizeof(unwind->handler));
    return pe_read(image, at, &unwind->handler, sizeof(unwind->handler));
}

enum pe_status pe_read_unwind(const struct pe_image *image, uint32_t rva, struct pe_unwind *unwind)
{
    struct unwind_header header;
    struct unwind_slot slots[UINT8_MAX + 2]; /* a far operand read at the end stays inside */
    const unsigned frame_unit = 16;

    enum pe_status status = pe_read(image, rva, &header, sizeof(header));
    if (status != PE_OK)
        return status;
    if (header.version != VERSION_1 && header.version != VERSION_2)
        return PE_CORRUPT;
    uint64_t at = (uint64_t)rva + sizeof(header);
    status = pe_read(image, at, slots, header.code_count * SLOT_SIZE);
    if (status != PE_OK)
        return status;
    *unwind = (struct pe_unwind){
        .version = header.version,
        .flags = header.flags,
        .prolog_size = header.prolog_size,
        .frame_register = header.frame_register,
        .frame_offset = header.frame_offset * frame_unit,
    };
    status = decode_codes(unwind, slots, header.code_count);
    if (status != PE_OK)
        return status;
    unsigned padded = (header.code_count + 1u) & ~1u;
    return read_tail(image, at + padded * SLOT_SIZE, unwind);
}
