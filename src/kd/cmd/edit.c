/* src/kd/cmd/edit.c: changing memory: e*, f; !e* for physical addresses.
 *
 * Everything is parsed before the first byte is written. Source: debugger documentation, "e, ea,
 * eb, ed, ...", "f, fp (Fill Memory)", "!eb, !ed". */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kd/kdi.h"

#define VALUES_SIZE 4096 /* bytes of one e or f command */

struct bytes {
    uint8_t byte[VALUES_SIZE];
    size_t size;
};

static bool append(struct kd *kd, struct bytes *bytes, uint64_t value, unsigned unit)
{
    if (bytes->size + unit > sizeof bytes->byte) {
        return kd_error(kd, "Too many values: at most %zu bytes at once", sizeof bytes->byte);
    }
    memcpy(bytes->byte + bytes->size, &value, unit);
    bytes->size += unit;
    return true;
}

static bool append_string(struct kd *kd, const char **text, unsigned unit, struct bytes *bytes)
{
    char quote = *(*text)++;
    while (**text != quote) {
        if (**text == '\0') {
            return kd_error(kd, "Syntax error: the string has no end");
        }
        if (!append(kd, bytes, (uint8_t) * (*text)++, unit)) {
            return false;
        }
    }
    (*text)++;
    return true;
}

/* Values of `unit` bytes, or strings in quotes whose characters are widened to that. */
static bool parse_values(struct kd *kd, const char *text, unsigned unit, struct bytes *bytes)
{
    bytes->size = 0;
    for (text = kd_skip(text); *text != '\0'; text = kd_skip(text)) {
        uint64_t value;
        if (*text == '"' || *text == '\'') {
            if (!append_string(kd, &text, unit, bytes)) {
                return false;
            }
            continue;
        }
        if (!kd_evaluate(kd, &text, &value)) {
            return false;
        }
        if (unit < 8 && value >> (8 * unit) != 0 && (int64_t)value >> (8 * unit - 1) != -1) {
            return kd_error(kd, "Overflow error: %llx does not fit into %u bytes",
                            (unsigned long long)value, unit);
        }
        if (!append(kd, bytes, value, unit)) {
            return false;
        }
    }
    return true;
}

/* Numbers as C writes them, stored in single or double precision. */
static bool parse_floats(struct kd *kd, const char *text, unsigned unit, struct bytes *bytes)
{
    for (text = kd_skip(text); *text != '\0'; text = kd_skip(text)) {
        char *end;
        uint64_t image = 0;
        double number = strtod(text, &end);
        float single = (float)number;
        if (end == text || (*end != '\0' && *end != ' ' && *end != '\t')) {
            return kd_error(kd, "Numeric expression missing from '%s'", text);
        }
        if (unit == sizeof single && isinf(single) && !isinf(number)) {
            return kd_error(kd, "Overflow error: %g does not fit into single precision", number);
        }
        memcpy(&image, unit == sizeof single ? (void *)&single : (void *)&number, unit);
        if (!append(kd, bytes, image, unit)) {
            return false;
        }
        text = end;
    }
    return true;
}

static bool write_bytes(struct kd *kd, uint64_t at, const uint8_t *bytes, size_t size)
{
    size_t written = kd_write_virtual(kd, at, bytes, size);
    if (written < size) {
        char text[KD_ADDRESS_TEXT];
        return kd_error(kd, "Memory access error at '%s'", kd_address_text(at + written, text));
    }
    return true;
}

static bool write_physical(struct kd *kd, uint64_t at, const uint8_t *bytes, size_t size)
{
    int error = kd->target->ops->write_physical(kd->target, at, bytes, size);
    if (error == -ENOTSUP) {
        return kd_error(kd, "This target cannot be written to");
    }
    return error == 0 ||
           kd_error(kd, "Physical memory write at %" PRIx64 " failed: no memory there", at);
}

enum edit { EDIT_VALUES, EDIT_FLOATS, EDIT_STRING, EDIT_STRING_ZERO, EDIT_PHYSICAL };

static bool edit(struct kd *kd, const char *args, unsigned unit, enum edit kind)
{
    struct bytes bytes = {.size = 0};
    uint64_t address;
    if (!kd_evaluate(kd, &args, &address)) {
        return false;
    }
    args = kd_skip(args);
    bool string = kind == EDIT_STRING || kind == EDIT_STRING_ZERO;
    if (string && *args != '"') {
        return kd_error(kd, "Syntax error: a string in quotes is expected");
    }
    if (!(kind == EDIT_FLOATS ? parse_floats : parse_values)(kd, args, unit, &bytes)) {
        return false;
    }
    if (kind == EDIT_STRING_ZERO && !append(kd, &bytes, 0, unit)) {
        return false;
    }
    if (bytes.size == 0) {
        return kd_error(kd, "Syntax error: values are missing");
    }
    return (kind == EDIT_PHYSICAL ? write_physical : write_bytes)(kd, address, bytes.byte,
                                                                  bytes.size);
}

#define EDIT(name, unit, kind)                                                                     \
    static bool cmd_##name(struct kd *kd, const char *args)                                        \
    {                                                                                              \
        return edit(kd, args, unit, kind);                                                         \
    }
EDIT(eb, 1, EDIT_VALUES)
EDIT(ew, 2, EDIT_VALUES)
EDIT(ed, 4, EDIT_VALUES)
EDIT(eq, 8, EDIT_VALUES)
EDIT(ef, 4, EDIT_FLOATS)
EDIT(eD, 8, EDIT_FLOATS)
EDIT(ea, 1, EDIT_STRING)
EDIT(eza, 1, EDIT_STRING_ZERO)
EDIT(eu, 2, EDIT_STRING)
EDIT(ezu, 2, EDIT_STRING_ZERO)
EDIT(physical_eb, 1, EDIT_PHYSICAL)
EDIT(physical_ew, 2, EDIT_PHYSICAL)
EDIT(physical_ed, 4, EDIT_PHYSICAL)
EDIT(physical_eq, 8, EDIT_PHYSICAL)

static bool cmd_fill(struct kd *kd, const char *args)
{
    struct kd_range range;
    struct bytes pattern;
    if (!kd_evaluate_range(kd, &args, 1, 1, &range) || !parse_values(kd, args, 1, &pattern)) {
        return false;
    }
    if (!range.explicit_end || pattern.size == 0) {
        return kd_error(kd, "Syntax error: f RANGE PATTERN");
    }
    /* Whole repetitions of the pattern, so that every piece starts with its first byte. */
    uint8_t piece[VALUES_SIZE];
    size_t piece_size = sizeof piece / pattern.size * pattern.size;
    for (size_t i = 0; i < piece_size; i++) {
        piece[i] = pattern.byte[i % pattern.size];
    }
    for (uint64_t done = 0; done < range.size && !kd_interrupted(kd);) {
        size_t size = range.size - done < piece_size ? (size_t)(range.size - done) : piece_size;
        if (!write_bytes(kd, range.start + done, piece, size)) {
            return false;
        }
        done += size;
    }
    kd_printf(kd, "Filled 0x%llx bytes\n", (unsigned long long)range.size);
    return true;
}

const struct kd_command kd_commands_edit[] = {
    {"eb", "eb ADDRESS VALUES", "write bytes", cmd_eb, KD_NEEDS_NOTHING},
    {"ew", "ew ADDRESS VALUES", "write words", cmd_ew, KD_NEEDS_NOTHING},
    {"ed", "ed ADDRESS VALUES", "write dwords", cmd_ed, KD_NEEDS_NOTHING},
    {"eq", "eq ADDRESS VALUES", "write quadwords", cmd_eq, KD_NEEDS_NOTHING},
    {"ef", "ef ADDRESS NUMBERS", "write single-precision numbers", cmd_ef, KD_NEEDS_NOTHING},
    {"eD", "eD ADDRESS NUMBERS", "write double-precision numbers", cmd_eD, KD_NEEDS_NOTHING},
    {"ea", "ea ADDRESS \"TEXT\"", "write 8-bit characters", cmd_ea, KD_NEEDS_NOTHING},
    {"eza", "eza ADDRESS \"TEXT\"", "write 8-bit characters and a zero", cmd_eza, KD_NEEDS_NOTHING},
    {"eu", "eu ADDRESS \"TEXT\"", "write 16-bit characters", cmd_eu, KD_NEEDS_NOTHING},
    {"ezu", "ezu ADDRESS \"TEXT\"", "write 16-bit characters and a zero", cmd_ezu,
     KD_NEEDS_NOTHING},
    {"ep", "ep ADDRESS VALUES", "write pointers, as eq", cmd_eq, KD_NEEDS_NOTHING},
    {"!eb", "!eb PHYSICAL VALUES", "write bytes of physical memory", cmd_physical_eb,
     KD_NEEDS_PHYSICAL},
    {"!ew", "!ew PHYSICAL VALUES", "write words of physical memory", cmd_physical_ew,
     KD_NEEDS_PHYSICAL},
    {"!ed", "!ed PHYSICAL VALUES", "write dwords of physical memory", cmd_physical_ed,
     KD_NEEDS_PHYSICAL},
    {"!eq", "!eq PHYSICAL VALUES", "write quadwords of physical memory", cmd_physical_eq,
     KD_NEEDS_PHYSICAL},
    {"f", "f RANGE PATTERN", "fill memory with a pattern of bytes", cmd_fill, KD_NEEDS_NOTHING},
    {0},
};
