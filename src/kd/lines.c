/* lines.c: see lines.h. */
#include "kd/lines.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "hw/bits.h"
#include "kd/symbols.h"

#define STRING_LINE 32 /* characters of a string that is pointed at */

const struct kd_line_format kd_line_formats[KD_LINE_FORMATS] = {
    [KD_DB] = {"db", KD_LINE_HEX, 1, 16, 128, true, KD_SHOWS_SYMBOL},
    [KD_DW] = {"dw", KD_LINE_HEX, 2, 8, 64, false, KD_SHOWS_SYMBOL},
    [KD_DWW] = {"dW", KD_LINE_HEX, 2, 8, 64, true, KD_SHOWS_SYMBOL},
    [KD_DD] = {"dd", KD_LINE_HEX, 4, 4, 32, false, KD_SHOWS_SYMBOL},
    [KD_DC] = {"dc", KD_LINE_HEX, 4, 4, 32, true, KD_SHOWS_SYMBOL},
    [KD_DQ] = {"dq", KD_LINE_HEX, 8, 2, 16, false, KD_SHOWS_SYMBOL},
    [KD_DF] = {"df", KD_LINE_FLOAT, 4, 4, 16, false, KD_SHOWS_SYMBOL},
    [KD_DDBL] = {"dD", KD_LINE_FLOAT, 8, 3, 15, false, KD_SHOWS_SYMBOL},
    [KD_DYB] = {"dyb", KD_LINE_BITS, 1, 4, 32, false, KD_SHOWS_SYMBOL},
    [KD_DYD] = {"dyd", KD_LINE_BITS, 4, 1, 8, false, KD_SHOWS_SYMBOL},
    [KD_DDS] = {"dds", KD_LINE_POINTERS, 4, 1, 32, false, KD_SHOWS_SYMBOL},
    [KD_DQS] = {"dps", KD_LINE_POINTERS, 8, 1, 16, false, KD_SHOWS_SYMBOL},
    [KD_DPP] = {"dpp", KD_LINE_POINTERS, 8, 1, 16, false, KD_SHOWS_POINTER},
    [KD_DPA] = {"dpa", KD_LINE_POINTERS, 8, 1, 16, false, KD_SHOWS_ANSI},
    [KD_DPU] = {"dpu", KD_LINE_POINTERS, 8, 1, 16, false, KD_SHOWS_WIDE},
};

/* ---- where bytes come from --------------------------------------------------------------------
 */

static size_t read_piece(struct kd *kd, bool physical, uint64_t at, void *buffer, size_t size)
{
    if (!physical) {
        return kd_read_virtual(kd, at, buffer, size);
    }
    return kd_read_physical(kd, at, buffer, size) ? size : 0;
}

/* A line may cross into another page, so each page's part is read by itself. */
void kd_line_read(struct kd *kd, bool physical, struct kd_line *line)
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

bool kd_line_has(const struct kd_line *line, unsigned at, unsigned unit)
{
    for (unsigned i = 0; i < unit; i++) {
        if (at + i >= line->size || !line->valid[at + i]) {
            return false;
        }
    }
    return true;
}

uint64_t kd_line_unit(const struct kd_line *line, unsigned at, unsigned unit)
{
    uint64_t value = 0;
    memcpy(&value, line->byte + at, unit);
    return value;
}

/* ---- units ------------------------------------------------------------------------------------
 */

void kd_text_add(struct kd_text *text, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int length = vsnprintf(text->chars + text->length, KD_TEXT_SIZE - text->length, format, list);
    va_end(list);
    if (length > 0) {
        text->length += (size_t)length;
        text->length = text->length < KD_TEXT_SIZE ? text->length : KD_TEXT_SIZE - 1;
    }
}

static void add_hex(struct kd_text *text, uint64_t value, unsigned unit, bool valid)
{
    if (!valid) {
        kd_text_add(text, "%s",
                    unit == 8   ? "????????`????????"
                    : unit == 4 ? "????????"
                    : unit == 2 ? "????"
                                : "??");
    } else if (unit == 8) {
        kd_text_add(text, "%08" PRIx64 "`%08" PRIx64, value >> 32, value & UINT32_MAX);
    } else {
        kd_text_add(text, "%0*" PRIx64, (int)(2 * unit), value);
    }
}

static void add_float(struct kd_text *text, uint64_t value, unsigned unit, bool valid)
{
    if (!valid) {
        kd_text_add(text, "%24s", "????????????????");
    } else if (unit == 8) {
        double number;
        memcpy(&number, &value, sizeof number);
        kd_text_add(text, "%24.16g", number);
    } else {
        float number;
        uint32_t low = (uint32_t)value;
        memcpy(&number, &low, sizeof number);
        kd_text_add(text, "%16.8g", (double)number);
    }
}

static void add_bits(struct kd_text *text, uint64_t value, bool valid)
{
    for (unsigned bit = 8; bit-- > 0;) {
        kd_text_add(text, "%c", valid ? '0' + (char)(value >> bit & 1) : '?');
    }
}

static void add_ascii(struct kd_text *text, const struct kd_line *line)
{
    for (unsigned i = 0; i < line->size; i++) {
        uint8_t c = line->byte[i];
        kd_text_add(text, "%c", !line->valid[i] ? '?' : c >= 0x20 && c < 0x7F ? c : '.');
    }
}

/* ---- lines ------------------------------------------------------------------------------------
 */

void kd_text_add_address(struct kd_text *text, uint64_t address, bool physical)
{
    char buffer[KD_ADDRESS_TEXT];
    if (physical) {
        kd_text_add(text, "#%8" PRIx64 " ", address);
    } else {
        kd_text_add(text, "%s  ", kd_address_text(address, buffer));
    }
}

static void hex_line(struct kd_text *text, const struct kd_line_format *format,
                     const struct kd_line *line, bool physical)
{
    for (unsigned i = 0; i < format->per_line; i++) {
        unsigned at = i * format->unit;
        if (at >= line->size && !format->ascii) {
            break;
        }
        if (i > 0) {
            kd_text_add(text, "%s", format->unit == 1 && i == 8 && at < line->size ? "-" : " ");
        }
        if (at >= line->size) {
            kd_text_add(text, "%*s", (int)(2 * format->unit), "");
        } else {
            add_hex(text, kd_line_unit(line, at, format->unit), format->unit,
                    kd_line_has(line, at, format->unit));
        }
    }
    if (format->ascii) {
        kd_text_add(text, physical ? " " : "  ");
        add_ascii(text, line);
    }
}

static void float_line(struct kd_text *text, const struct kd_line_format *format,
                       const struct kd_line *line)
{
    for (unsigned at = 0; at < line->size; at += format->unit) {
        add_float(text, kd_line_unit(line, at, format->unit), format->unit,
                  kd_line_has(line, at, format->unit));
    }
}

/* dyb: bytes from left to right; dyd: one dword, its highest byte first. */
static void bits_line(struct kd_text *text, const struct kd_line_format *format,
                      const struct kd_line *line)
{
    for (unsigned i = 0; i < line->size; i++) {
        unsigned at = format->unit == 4 ? line->size - 1 - i : i;
        kd_text_add(text, "%s", i > 0 ? " " : "");
        add_bits(text, line->byte[at], line->valid[at]);
    }
    kd_text_add(text, " ");
    for (unsigned at = 0; at < line->size; at += format->unit) {
        kd_text_add(text, " ");
        add_hex(text, kd_line_unit(line, at, format->unit), format->unit,
                kd_line_has(line, at, format->unit));
    }
}

static void add_symbol(struct kd *kd, struct kd_text *text, uint64_t address)
{
    char name[512];
    if (kd->symbols != NULL && kd_symbol_name(kd->symbols, address, name, sizeof name)) {
        kd_text_add(text, " %s", name);
    }
}

static void add_string(struct kd *kd, struct kd_text *text, uint64_t at, unsigned unit)
{
    uint8_t bytes[2 * STRING_LINE];
    size_t got = kd_read_virtual(kd, at, bytes, unit * STRING_LINE);
    if (got < unit) {
        kd_text_add(text, " \"????????\"");
        return;
    }
    kd_text_add(text, " \"");
    for (size_t i = 0; i + unit <= got; i += unit) {
        unsigned c = unit == 2 ? bytes[i] | (unsigned)bytes[i + 1] << 8 : bytes[i];
        if (c == 0) {
            break;
        }
        kd_text_add(text, "%c", c >= 0x20 && c < 0x7F ? (int)c : '.');
    }
    kd_text_add(text, "\"");
}

static void pointer_line(struct kd *kd, struct kd_text *text, const struct kd_line_format *format,
                         const struct kd_line *line)
{
    bool valid = kd_line_has(line, 0, format->unit);
    uint64_t value = kd_line_unit(line, 0, format->unit), inner = 0;
    add_hex(text, value, format->unit, valid);
    if (!valid) {
        return;
    }
    switch (format->shows) {
    case KD_SHOWS_SYMBOL:
        add_symbol(kd, text, value);
        break;
    case KD_SHOWS_POINTER:
        valid = kd_read_u64(kd, value, &inner);
        kd_text_add(text, " ");
        add_hex(text, inner, 8, valid);
        if (valid) {
            add_symbol(kd, text, inner);
        }
        break;
    case KD_SHOWS_ANSI:
    case KD_SHOWS_WIDE:
        add_string(kd, text, value, format->shows == KD_SHOWS_WIDE ? 2 : 1);
        break;
    }
}

void kd_line_show(struct kd *kd, const struct kd_line_format *format, const struct kd_line *line,
                  bool physical)
{
    struct kd_text text = {.length = 0};
    kd_text_add_address(&text, line->address, physical);
    switch (format->kind) {
    case KD_LINE_HEX:
        hex_line(&text, format, line, physical);
        break;
    case KD_LINE_FLOAT:
        float_line(&text, format, line);
        break;
    case KD_LINE_BITS:
        bits_line(&text, format, line);
        break;
    case KD_LINE_POINTERS:
        pointer_line(kd, &text, format, line);
        break;
    }
    kd_text_add(&text, "\n");
    kd_write(kd, text.chars, text.length);
}

void kd_show_memory_line(struct kd *kd, const char *name, uint64_t address)
{
    for (size_t i = 0; i < KD_LINE_FORMATS; i++) {
        const struct kd_line_format *format = &kd_line_formats[i];
        if (strcmp(format->name, name) == 0) {
            struct kd_line line = {.address = address, .size = format->unit * format->per_line};
            kd_line_read(kd, false, &line);
            kd_line_show(kd, format, &line, false);
        }
    }
}
