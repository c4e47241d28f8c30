/* src/kd/cmd/memory.c: looking at memory: d* for virtual, !d* for physical addresses.
 *
 * A dump is lines of units. What a line looks like is a row of `formats`; where the bytes come from
 * is virtual or physical memory. Bytes that are not in memory are never made up: each unit that
 * misses one prints as question marks, and the next page gets its own chance.
 *
 *      00000000`40000000  61 61 61 61 61 61 61 61-?? ?? ?? ?? ?? ?? ?? ??  aaaaaaaa????????
 *
 * Source: debugger documentation, "d, da, db, dc, dd, dD, df, dp, dq, du, dw" and "!db, !dc, ...".
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "hw/bits.h"
#include "kd/cmd/cmd.h"
#include "kd/kdi.h"
#include "kd/symbols.h"

#define LINE_BYTES 64
#define STRING_LINE 32 /* characters of da and du */
#define STRING_LIMIT 0x4000
#define TEXT_SIZE 768

enum kind { HEX, FLOAT, BITS, POINTERS };

enum target_of_pointer { SYMBOL, POINTER, ANSI, WIDE };

struct format {
    const char *name;
    enum kind kind;
    unsigned unit;          /* bytes */
    unsigned per_line;      /* units */
    unsigned default_count; /* units */
    bool ascii;
    enum target_of_pointer shows; /* POINTERS */
};

enum { DB, DW, DWW, DD, DC, DQ, DF, DDBL, DYB, DYD, DDS, DQS, DPP, DPA, DPU, FORMATS };

static const struct format formats[FORMATS] = {
    [DB] = {"db", HEX, 1, 16, 128, true, SYMBOL},
    [DW] = {"dw", HEX, 2, 8, 64, false, SYMBOL},
    [DWW] = {"dW", HEX, 2, 8, 64, true, SYMBOL},
    [DD] = {"dd", HEX, 4, 4, 32, false, SYMBOL},
    [DC] = {"dc", HEX, 4, 4, 32, true, SYMBOL},
    [DQ] = {"dq", HEX, 8, 2, 16, false, SYMBOL},
    [DF] = {"df", FLOAT, 4, 4, 16, false, SYMBOL},
    [DDBL] = {"dD", FLOAT, 8, 3, 15, false, SYMBOL},
    [DYB] = {"dyb", BITS, 1, 4, 32, false, SYMBOL},
    [DYD] = {"dyd", BITS, 4, 1, 8, false, SYMBOL},
    [DDS] = {"dds", POINTERS, 4, 1, 32, false, SYMBOL},
    [DQS] = {"dps", POINTERS, 8, 1, 16, false, SYMBOL},
    [DPP] = {"dpp", POINTERS, 8, 1, 16, false, POINTER},
    [DPA] = {"dpa", POINTERS, 8, 1, 16, false, ANSI},
    [DPU] = {"dpu", POINTERS, 8, 1, 16, false, WIDE},
};

/* ---- where bytes come from --------------------------------------------------------------------
 */

struct line {
    uint64_t address;
    unsigned size; /* bytes */
    uint8_t byte[LINE_BYTES];
    bool valid[LINE_BYTES];
};

static size_t read_piece(struct kd *kd, bool physical, uint64_t at, void *buffer, size_t size)
{
    if (!physical) {
        return kd_read_virtual(kd, at, buffer, size);
    }
    return kd_read_physical(kd, at, buffer, size) ? size : 0;
}

/* A line may cross into another page, so each page's part is read by itself. */
static void read_line(struct kd *kd, bool physical, struct line *line)
{
    memset(line->valid, 0, sizeof line->valid);
    for (unsigned done = 0; done < line->size;) {
        uint64_t at = line->address + done;
        size_t piece = HW_PAGE_SIZE - at % HW_PAGE_SIZE;
        piece = piece < line->size - done ? piece : line->size - done;
        size_t got = read_piece(kd, physical, at, line->byte + done, piece);
        memset(line->valid + done, true, got);
        done += (unsigned)piece;
    }
}

static bool unit_valid(const struct line *line, unsigned at, unsigned unit)
{
    for (unsigned i = 0; i < unit; i++) {
        if (at + i >= line->size || !line->valid[at + i]) {
            return false;
        }
    }
    return true;
}

static uint64_t unit_value(const struct line *line, unsigned at, unsigned unit)
{
    uint64_t value = 0;
    memcpy(&value, line->byte + at, unit);
    return value;
}

/* ---- units ------------------------------------------------------------------------------------
 */

struct text {
    char chars[TEXT_SIZE];
    size_t length;
};

static void add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct text *text, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int length = vsnprintf(text->chars + text->length, TEXT_SIZE - text->length, format, list);
    va_end(list);
    if (length > 0) {
        text->length += (size_t)length;
        text->length = text->length < TEXT_SIZE ? text->length : TEXT_SIZE - 1;
    }
}

static void add_hex(struct text *text, uint64_t value, unsigned unit, bool valid)
{
    if (!valid) {
        add(text, "%s",
            unit == 8   ? "????????`????????"
            : unit == 4 ? "????????"
            : unit == 2 ? "????"
                        : "??");
    } else if (unit == 8) {
        add(text, "%08" PRIx64 "`%08" PRIx64, value >> 32, value & UINT32_MAX);
    } else {
        add(text, "%0*" PRIx64, (int)(2 * unit), value);
    }
}

static void add_float(struct text *text, uint64_t value, unsigned unit, bool valid)
{
    if (!valid) {
        add(text, "%24s", "????????????????");
    } else if (unit == 8) {
        double number;
        memcpy(&number, &value, sizeof number);
        add(text, "%24.16g", number);
    } else {
        float number;
        uint32_t low = (uint32_t)value;
        memcpy(&number, &low, sizeof number);
        add(text, "%16.8g", (double)number);
    }
}

static void add_bits(struct text *text, uint64_t value, bool valid)
{
    for (unsigned bit = 8; bit-- > 0;) {
        add(text, "%c", valid ? '0' + (char)(value >> bit & 1) : '?');
    }
}

static void add_ascii(struct text *text, const struct line *line)
{
    for (unsigned i = 0; i < line->size; i++) {
        uint8_t c = line->byte[i];
        add(text, "%c", !line->valid[i] ? '?' : c >= 0x20 && c < 0x7F ? c : '.');
    }
}

/* ---- lines ------------------------------------------------------------------------------------
 */

static void add_address(struct text *text, uint64_t address, bool physical)
{
    char buffer[KD_ADDRESS_TEXT];
    if (physical) {
        add(text, "#%8" PRIx64 " ", address);
    } else {
        add(text, "%s  ", kd_address_text(address, buffer));
    }
}

static void hex_line(struct text *text, const struct format *format, const struct line *line,
                     bool physical)
{
    for (unsigned i = 0; i < format->per_line; i++) {
        unsigned at = i * format->unit;
        if (at >= line->size && !format->ascii) {
            break;
        }
        if (i > 0) {
            add(text, "%s", format->unit == 1 && i == 8 && at < line->size ? "-" : " ");
        }
        if (at >= line->size) {
            add(text, "%*s", (int)(2 * format->unit), "");
        } else {
            add_hex(text, unit_value(line, at, format->unit), format->unit,
                    unit_valid(line, at, format->unit));
        }
    }
    if (format->ascii) {
        add(text, physical ? " " : "  ");
        add_ascii(text, line);
    }
}

static void float_line(struct text *text, const struct format *format, const struct line *line)
{
    for (unsigned at = 0; at < line->size; at += format->unit) {
        add_float(text, unit_value(line, at, format->unit), format->unit,
                  unit_valid(line, at, format->unit));
    }
}

/* dyb: bytes from left to right; dyd: one dword, its highest byte first. */
static void bits_line(struct text *text, const struct format *format, const struct line *line)
{
    for (unsigned i = 0; i < line->size; i++) {
        unsigned at = format->unit == 4 ? line->size - 1 - i : i;
        add(text, "%s", i > 0 ? " " : "");
        add_bits(text, line->byte[at], line->valid[at]);
    }
    add(text, " ");
    for (unsigned at = 0; at < line->size; at += format->unit) {
        add(text, " ");
        add_hex(text, unit_value(line, at, format->unit), format->unit,
                unit_valid(line, at, format->unit));
    }
}

static void add_symbol(struct kd *kd, struct text *text, uint64_t address)
{
    char name[512];
    if (kd->symbols != NULL && kd_symbol_name(kd->symbols, address, name, sizeof name)) {
        add(text, " %s", name);
    }
}

static void add_string(struct kd *kd, struct text *text, uint64_t at, unsigned unit)
{
    uint8_t bytes[2 * STRING_LINE];
    size_t got = kd_read_virtual(kd, at, bytes, unit * STRING_LINE);
    if (got < unit) {
        add(text, " \"????????\"");
        return;
    }
    add(text, " \"");
    for (size_t i = 0; i + unit <= got; i += unit) {
        unsigned c = unit == 2 ? bytes[i] | (unsigned)bytes[i + 1] << 8 : bytes[i];
        if (c == 0) {
            break;
        }
        add(text, "%c", c >= 0x20 && c < 0x7F ? (int)c : '.');
    }
    add(text, "\"");
}

static void pointer_line(struct kd *kd, struct text *text, const struct format *format,
                         const struct line *line)
{
    bool valid = unit_valid(line, 0, format->unit);
    uint64_t value = unit_value(line, 0, format->unit), inner = 0;
    add_hex(text, value, format->unit, valid);
    if (!valid) {
        return;
    }
    switch (format->shows) {
    case SYMBOL:
        add_symbol(kd, text, value);
        break;
    case POINTER:
        valid = kd_read_u64(kd, value, &inner);
        add(text, " ");
        add_hex(text, inner, 8, valid);
        if (valid) {
            add_symbol(kd, text, inner);
        }
        break;
    case ANSI:
    case WIDE:
        add_string(kd, text, value, format->shows == WIDE ? 2 : 1);
        break;
    }
}

static void show_line(struct kd *kd, const struct format *format, const struct line *line,
                      bool physical)
{
    struct text text = {.length = 0};
    add_address(&text, line->address, physical);
    switch (format->kind) {
    case HEX:
        hex_line(&text, format, line, physical);
        break;
    case FLOAT:
        float_line(&text, format, line);
        break;
    case BITS:
        bits_line(&text, format, line);
        break;
    case POINTERS:
        pointer_line(kd, &text, format, line);
        break;
    }
    add(&text, "\n");
    kd_write(kd, text.chars, text.length);
}

static void bits_header(struct kd *kd, const struct format *format)
{
    if (format->unit == 4) {
        kd_printf(kd, "%19s%s\n", "", " 3          2          1          0");
        kd_printf(kd, "%19s%s\n", "", "10987654 32109876 54321098 76543210");
    } else {
        kd_printf(kd, "%19s%s\n", "", "76543210 76543210 76543210 76543210");
    }
    kd_printf(kd, "%19s%s\n", "", "-------- -------- -------- --------");
}

/* The range of a dump: as given, or the default count at the cursor. */
static bool dump_range(struct kd *kd, const char *args, uint64_t cursor, uint64_t count,
                       unsigned unit, struct kd_range *range)
{
    if (kd_at_end(args)) {
        *range = (struct kd_range){.start = cursor, .size = count * unit};
        if (cursor != 0 && range->size > -cursor) {
            range->size = -cursor;
        }
        return true;
    }
    if (!kd_evaluate_range(kd, &args, count, unit, range)) {
        return false;
    }
    return kd_at_end(args) || kd_error(kd, "Extra character error in '%s'", args);
}

static bool dump(struct kd *kd, const struct format *format, const char *args, bool physical)
{
    uint64_t *cursor = physical ? &kd->physical_cursor : &kd->dump_cursor;
    struct kd_range range;
    if (!dump_range(kd, args, *cursor, format->default_count, format->unit, &range)) {
        return false;
    }
    if (!physical) {
        snprintf(kd->dump_format, sizeof kd->dump_format, "%s", format->name);
    }
    if (format->kind == BITS) {
        bits_header(kd, format);
    }
    unsigned line_size = format->unit * format->per_line;
    /* Whole units only: an end address may fall into the middle of one. */
    uint64_t size = range.size / format->unit * format->unit;
    size = size == 0 && range.size != 0 ? format->unit : size;
    for (uint64_t done = 0; done < size && !kd_interrupted(kd);) {
        struct line line = {.address = range.start + done};
        line.size = size - done < line_size ? (unsigned)(size - done) : line_size;
        read_line(kd, physical, &line);
        show_line(kd, format, &line, physical);
        done += line.size;
    }
    *cursor = range.start + size;
    return true;
}

void kd_show_memory_line(struct kd *kd, const char *name, uint64_t address)
{
    for (size_t i = 0; i < FORMATS; i++) {
        if (strcmp(formats[i].name, name) == 0) {
            struct line line = {.address = address, .size = formats[i].unit * formats[i].per_line};
            read_line(kd, false, &line);
            show_line(kd, &formats[i], &line, false);
        }
    }
}

/* ---- strings ----------------------------------------------------------------------------------
 */

static void add_character(struct text *text, unsigned c)
{
    bool surrogate = c >= 0xD800 && c < 0xE000;
    if ((c >= 0x20 && c < 0x7F)) {
        add(text, "%c", (int)c);
    } else if (c < 0xA0 || surrogate || c > 0xFFFD) {
        add(text, ".");
    } else if (c < 0x800) {
        add(text, "%c%c", (int)(0xC0 | c >> 6), (int)(0x80 | (c & 0x3F)));
    } else {
        add(text, "%c%c%c", (int)(0xE0 | c >> 12), (int)(0x80 | (c >> 6 & 0x3F)),
            (int)(0x80 | (c & 0x3F)));
    }
}

/* One line of a string. Returns the characters that were there before its end: fewer than a full
 * line mean that it ended, by a zero (*zero) or because memory did. */
static unsigned string_line(struct kd *kd, uint64_t at, unsigned unit, unsigned most, bool *zero)
{
    struct text text = {.length = 0};
    struct line line = {.address = at, .size = unit * most};
    unsigned i = 0;
    read_line(kd, false, &line);
    add_address(&text, at, false);
    add(&text, "\"");
    *zero = false;
    for (; i < most && unit_valid(&line, i * unit, unit); i++) {
        unsigned c = (unsigned)unit_value(&line, i * unit, unit);
        *zero = c == 0;
        if (c == 0) {
            break;
        }
        add_character(&text, unit == 1 && c >= 0x80 ? 0 : c);
    }
    for (unsigned rest = i; rest < most && !*zero; rest++) {
        add(&text, "?");
    }
    add(&text, "\"\n");
    kd_write(kd, text.chars, text.length);
    return i;
}

static bool dump_string(struct kd *kd, const char *name, unsigned unit, const char *args)
{
    struct kd_range range;
    if (!dump_range(kd, args, kd->dump_cursor, STRING_LIMIT, unit, &range)) {
        return false;
    }
    snprintf(kd->dump_format, sizeof kd->dump_format, "%s", name);
    uint64_t count = range.size / unit, done = 0;
    bool zero = false;
    while (done < count && !kd_interrupted(kd)) {
        unsigned most = count - done < STRING_LINE ? (unsigned)(count - done) : STRING_LINE;
        unsigned got = string_line(kd, range.start + done * unit, unit, most, &zero);
        done += got;
        if (got < most) {
            break;
        }
    }
    kd->dump_cursor = range.start + (done + zero) * unit;
    return true;
}

/* ---- the table --------------------------------------------------------------------------------
 */

#define DUMP(name, format)                                                                         \
    static bool cmd_##name(struct kd *kd, const char *args)                                        \
    {                                                                                              \
        return dump(kd, &formats[format], args, false);                                            \
    }
#define DUMP_PHYSICAL(name, format)                                                                \
    static bool cmd_physical_##name(struct kd *kd, const char *args)                               \
    {                                                                                              \
        return dump(kd, &formats[format], args, true);                                             \
    }
DUMP(db, DB)
DUMP(dw, DW)
DUMP(dww, DWW)
DUMP(dd, DD)
DUMP(dc, DC)
DUMP(dq, DQ)
DUMP(df, DF)
DUMP(ddouble, DDBL)
DUMP(dyb, DYB)
DUMP(dyd, DYD)
DUMP(dds, DDS)
DUMP(dps, DQS)
DUMP(dpp, DPP)
DUMP(dpa, DPA)
DUMP(dpu, DPU)
DUMP_PHYSICAL(db, DB)
DUMP_PHYSICAL(dw, DW)
DUMP_PHYSICAL(dd, DD)
DUMP_PHYSICAL(dc, DC)
DUMP_PHYSICAL(dq, DQ)

static bool cmd_da(struct kd *kd, const char *args)
{
    return dump_string(kd, "da", 1, args);
}

static bool cmd_du(struct kd *kd, const char *args)
{
    return dump_string(kd, "du", 2, args);
}

/* A bare `d` repeats the kind of the last one. */
static bool cmd_d(struct kd *kd, const char *args)
{
    if (strcmp(kd->dump_format, "da") == 0) {
        return cmd_da(kd, args);
    }
    if (strcmp(kd->dump_format, "du") == 0) {
        return cmd_du(kd, args);
    }
    for (size_t i = 0; i < FORMATS; i++) {
        if (strcmp(kd->dump_format, formats[i].name) == 0) {
            return dump(kd, &formats[i], args, false);
        }
    }
    return dump(kd, &formats[DB], args, false);
}

const struct kd_command kd_commands_memory[] = {
    {"d", "d [RANGE]", "memory, in the format of the last d command", cmd_d},
    {"da", "da [RANGE]", "string of 8-bit characters", cmd_da},
    {"db", "db [RANGE]", "bytes and characters", cmd_db},
    {"dc", "dc [RANGE]", "dwords and characters", cmd_dc},
    {"dd", "dd [RANGE]", "dwords (4 bytes)", cmd_dd},
    {"dD", "dD [RANGE]", "double-precision numbers", cmd_ddouble},
    {"df", "df [RANGE]", "single-precision numbers", cmd_df},
    {"dp", "dp [RANGE]", "pointers, as dq", cmd_dq},
    {"dq", "dq [RANGE]", "quadwords (8 bytes)", cmd_dq},
    {"du", "du [RANGE]", "string of 16-bit characters", cmd_du},
    {"dw", "dw [RANGE]", "words (2 bytes)", cmd_dw},
    {"dW", "dW [RANGE]", "words and characters", cmd_dww},
    {"dyb", "dyb [RANGE]", "bits of bytes", cmd_dyb},
    {"dyd", "dyd [RANGE]", "bits of dwords", cmd_dyd},
    {"dds", "dds [RANGE]", "dwords with the symbols that they are", cmd_dds},
    {"dps", "dps [RANGE]", "pointers with the symbols that they point at", cmd_dps},
    {"dqs", "dqs [RANGE]", "quadwords with the symbols that they are", cmd_dps},
    {"dpp", "dpp [RANGE]", "pointers, what they point at, and its symbol", cmd_dpp},
    {"dpa", "dpa [RANGE]", "pointers to strings of 8-bit characters", cmd_dpa},
    {"dpu", "dpu [RANGE]", "pointers to strings of 16-bit characters", cmd_dpu},
    {"!db", "!db [RANGE]", "physical memory: bytes and characters", cmd_physical_db},
    {"!dc", "!dc [RANGE]", "physical memory: dwords and characters", cmd_physical_dc},
    {"!dd", "!dd [RANGE]", "physical memory: dwords", cmd_physical_dd},
    {"!dq", "!dq [RANGE]", "physical memory: quadwords", cmd_physical_dq},
    {"!dw", "!dw [RANGE]", "physical memory: words", cmd_physical_dw},
    {NULL, NULL, NULL, NULL},
};
