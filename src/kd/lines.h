/* lines.h: memory as the lines that d* and !d* print. => lines.c
 *
 * A line is up to KD_LINE_BYTES bytes from virtual or physical memory, cut into units. What it
 * looks like is a row of kd_line_formats. Bytes that are not in memory are never made up: each unit
 * that misses one prints as question marks.
 *
 *      00000000`40000000  61 61 61 61 61 61 61 61-?? ?? ?? ?? ?? ?? ?? ??  aaaaaaaa????????
 */
#pragma once

#include "kd/kdi.h"

#define KD_LINE_BYTES 64
#define KD_TEXT_SIZE 768

enum kd_line_kind { KD_LINE_HEX, KD_LINE_FLOAT, KD_LINE_BITS, KD_LINE_POINTERS };

/* What KD_LINE_POINTERS shows of what is pointed at. */
enum kd_line_shows { KD_SHOWS_SYMBOL, KD_SHOWS_POINTER, KD_SHOWS_ANSI, KD_SHOWS_WIDE };

struct kd_line_format {
    const char *name;
    enum kd_line_kind kind;
    unsigned unit;          /* bytes */
    unsigned per_line;      /* units */
    unsigned default_count; /* units */
    bool ascii;
    enum kd_line_shows shows; /* KD_LINE_POINTERS */
};

enum kd_line_format_index {
    KD_DB,
    KD_DW,
    KD_DWW,
    KD_DD,
    KD_DC,
    KD_DQ,
    KD_DF,
    KD_DDBL,
    KD_DYB,
    KD_DYD,
    KD_DDS,
    KD_DQS,
    KD_DPP,
    KD_DPA,
    KD_DPU,
    KD_LINE_FORMATS
};
extern const struct kd_line_format kd_line_formats[KD_LINE_FORMATS];

struct kd_line {
    uint64_t address;
    unsigned size; /* bytes */
    uint8_t byte[KD_LINE_BYTES];
    bool valid[KD_LINE_BYTES];
};

/* Fill `byte` and `valid` of a line whose address and size are set. */
void kd_line_read(struct kd *kd, bool physical, struct kd_line *line);
/* Are all bytes of the unit at offset `at` there? Its value, as if they were. */
bool kd_line_has(const struct kd_line *line, unsigned at, unsigned unit);
uint64_t kd_line_unit(const struct kd_line *line, unsigned at, unsigned unit);

void kd_line_show(struct kd *kd, const struct kd_line_format *format, const struct kd_line *line,
                  bool physical);

/* Read and show one whole line at `address`; `name` is that of a row: "db", "dW". */
void kd_show_memory_line(struct kd *kd, const char *name, uint64_t address);

/* ---- one line of text, cut where it gets too long ---- */

struct kd_text {
    char chars[KD_TEXT_SIZE];
    size_t length;
};

void kd_text_add(struct kd_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void kd_text_add_address(struct kd_text *text, uint64_t address, bool physical);
