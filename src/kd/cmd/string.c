/* src/kd/cmd/string.c: da, du, ds, dS: strings in memory.
 *
 *      da, du   characters of 8 or 16 bits up to a zero
 *      ds, dS   what a STRING or UNICODE_STRING says: Length bytes at Buffer
 *
 * A string ends where memory does: what is missing of a line prints as question marks.
 *
 * Source: debugger documentation, "da, du", "ds, dS (Display String)".
 */
#include <stdio.h>
#include <string.h>

#include "kd/cmd/cmd.h"
#include "kd/lines.h"

#define STRING_LINE 32 /* characters of a line */
#define STRING_LIMIT 0x4000

static void add_character(struct kd_text *text, unsigned c)
{
    bool surrogate = c >= 0xD800 && c < 0xE000;
    if ((c >= 0x20 && c < 0x7F)) {
        kd_text_add(text, "%c", (int)c);
    } else if (c < 0xA0 || surrogate || c > 0xFFFD) {
        kd_text_add(text, ".");
    } else if (c < 0x800) {
        kd_text_add(text, "%c%c", (int)(0xC0 | c >> 6), (int)(0x80 | (c & 0x3F)));
    } else {
        kd_text_add(text, "%c%c%c", (int)(0xE0 | c >> 12), (int)(0x80 | (c >> 6 & 0x3F)),
                    (int)(0x80 | (c & 0x3F)));
    }
}

/* One line of a string. Returns the characters that were there before its end: fewer than a full
 * line mean that it ended, by a zero (*zero) or because memory did. */
static unsigned string_line(struct kd *kd, bool physical, uint64_t at, unsigned unit, unsigned most,
                            bool *zero)
{
    struct kd_text text = {.length = 0};
    struct kd_line line = {.address = at, .size = unit * most};
    unsigned i = 0;
    kd_line_read(kd, physical, &line);
    kd_text_add_address(&text, at, physical);
    kd_text_add(&text, "\"");
    *zero = false;
    for (; i < most && kd_line_has(&line, i * unit, unit); i++) {
        unsigned c = (unsigned)kd_line_unit(&line, i * unit, unit);
        *zero = c == 0;
        if (c == 0) {
            break;
        }
        add_character(&text, unit == 1 && c >= 0x80 ? 0 : c);
    }
    for (unsigned rest = i; rest < most && !*zero; rest++) {
        kd_text_add(&text, "?");
    }
    kd_text_add(&text, "\"\n");
    kd_write(kd, text.chars, text.length);
    return i;
}

bool kd_dump_string(struct kd *kd, const char *name, const char *args, bool physical)
{
    uint64_t *cursor = physical ? &kd->physical_cursor : &kd->dump_cursor;
    unsigned unit = strcmp(name, "du") == 0 ? 2 : 1;
    struct kd_range range;
    if (!kd_dump_range(kd, args, *cursor, STRING_LIMIT, unit, &range)) {
        return false;
    }
    if (!physical) {
        snprintf(kd->dump_format, sizeof kd->dump_format, "%s", name);
    }
    uint64_t count = range.size / unit, done = 0;
    bool zero = false;
    while (done < count && !kd_interrupted(kd)) {
        unsigned most = count - done < STRING_LINE ? (unsigned)(count - done) : STRING_LINE;
        unsigned got = string_line(kd, physical, range.start + done * unit, unit, most, &zero);
        done += got;
        if (got < most) {
            break;
        }
    }
    *cursor = range.start + (done + zero) * unit;
    return true;
}
static bool cmd_da(struct kd *kd, const char *args)
{
    return kd_dump_string(kd, "da", args, false);
}

static bool cmd_du(struct kd *kd, const char *args)
{
    return kd_dump_string(kd, "du", args, false);
}

/* ---- counted strings --------------------------------------------------------------------------
 */

/* STRING and UNICODE_STRING of 64-bit Windows: USHORT Length, MaximumLength; pointer Buffer. */
struct counted {
    uint16_t length, maximum; /* bytes */
    uint32_t gap;
    uint64_t buffer;
};

static bool show_counted(struct kd *kd, const struct counted *string, unsigned unit)
{
    uint64_t count = string->length / unit, done = 0;
    bool zero = false;
    if (string->length > string->maximum || string->length % unit != 0) {
        return kd_error(kd, "No string: Length %x, MaximumLength %x", string->length,
                        string->maximum);
    }
    if (count == 0) {
        string_line(kd, false, string->buffer, unit, 0, &zero);
    }
    while (done < count && !kd_interrupted(kd)) {
        unsigned most = count - done < STRING_LINE ? (unsigned)(count - done) : STRING_LINE;
        unsigned got = string_line(kd, false, string->buffer + done * unit, unit, most, &zero);
        done += got;
        if (got < most) {
            break;
        }
    }
    return true;
}

/* Each structure of a range; one when no range is given. */
static bool dump_counted(struct kd *kd, unsigned unit, const char *args)
{
    struct kd_range range;
    struct counted string;
    if (!kd_dump_range(kd, args, kd->dump_cursor, 1, sizeof string, &range)) {
        return false;
    }
    uint64_t end = range.start + range.size / sizeof string * sizeof string;
    for (uint64_t at = range.start; at != end && !kd_interrupted(kd); at += sizeof string) {
        char text[KD_ADDRESS_TEXT];
        if (!kd_read(kd, at, &string, sizeof string)) {
            return kd_error(kd, "Memory access error at '%s'", kd_address_text(at, text));
        }
        if (!show_counted(kd, &string, unit)) {
            return false;
        }
    }
    kd->dump_cursor = end;
    return true;
}

static bool cmd_ds(struct kd *kd, const char *args)
{
    return dump_counted(kd, 1, args);
}

static bool cmd_dunicode(struct kd *kd, const char *args)
{
    return dump_counted(kd, 2, args);
}

const struct kd_command kd_commands_string[] = {
    {"da", "da [RANGE]", "string of 8-bit characters", cmd_da, KD_NEEDS_NOTHING},
    {"du", "du [RANGE]", "string of 16-bit characters", cmd_du, KD_NEEDS_NOTHING},
    {"ds", "ds [RANGE]", "the text of a STRING (ANSI_STRING) structure", cmd_ds, KD_NEEDS_NOTHING},
    {"dS", "dS [RANGE]", "the text of a UNICODE_STRING structure", cmd_dunicode, KD_NEEDS_NOTHING},
    {0},
};
