/* src/host/name.c: comparing names without regard to case.
 *
 * NT compares upcased UTF-16 code units, one by one. The table has the alphabets in which case is a
 * matter of arithmetic; letters outside it compare by identity. Bytes that are not UTF-8 stand for
 * themselves, beyond all characters.
 */
#include "host/name.h"

#include <stdint.h>
#include <string.h>

#include "host/host.h"

struct case_range {
    uint32_t first, last; /* small letters, every `step`th */
    uint32_t step;
    int32_t to_upper; /* added */
};

static const struct case_range case_ranges[] = {
    {'a', 'z', 1, -32},       {0xE0, 0xF6, 1, -32},     {0xF8, 0xFE, 1, -32},
    {0xFF, 0xFF, 1, 121},     {0x101, 0x12F, 2, -1},    {0x133, 0x137, 2, -1},
    {0x13A, 0x148, 2, -1},    {0x14B, 0x177, 2, -1},    {0x17A, 0x17E, 2, -1},
    {0x3AC, 0x3AC, 1, -38},   {0x3AD, 0x3AF, 1, -37},   {0x3B1, 0x3C1, 1, -32},
    {0x3C3, 0x3CB, 1, -32},   {0x3CC, 0x3CC, 1, -64},   {0x3CD, 0x3CE, 1, -63},
    {0x430, 0x44F, 1, -32},   {0x450, 0x45F, 1, -80},   {0x461, 0x481, 2, -1},
    {0x48B, 0x4BF, 2, -1},    {0x4C2, 0x4CE, 2, -1},    {0x4D1, 0x52F, 2, -1},
    {0x561, 0x586, 1, -48},   {0x1E01, 0x1E95, 2, -1},  {0x1EA1, 0x1EFF, 2, -1},
    {0x24D0, 0x24E9, 1, -26}, {0xFF41, 0xFF5A, 1, -32},
};

static uint32_t upcase(uint32_t c)
{
    for (size_t i = 0; i < sizeof(case_ranges) / sizeof(case_ranges[0]); i++) {
        const struct case_range *range = &case_ranges[i];
        if (c >= range->first && c <= range->last && (c - range->first) % range->step == 0)
            return c + (uint32_t)range->to_upper;
    }
    return c;
}

#define NOT_UTF8 0x110000u /* plus the byte */

/* Take one character from *text, which ends at `end`. => *text < end */
static uint32_t next_character(const char **text, const char *end)
{
    const uint8_t *p = (const uint8_t *)*text;
    static const struct {
        uint8_t lead_mask, lead;
        uint32_t least;
    } forms[] = {{0x80, 0x00, 0}, {0xE0, 0xC0, 0x80}, {0xF0, 0xE0, 0x800}, {0xF8, 0xF0, 0x10000}};

    for (size_t extra = 0; extra < sizeof(forms) / sizeof(forms[0]); extra++) {
        if ((p[0] & forms[extra].lead_mask) != forms[extra].lead)
            continue;
        if ((size_t)(end - *text) <= extra)
            break;
        uint32_t c = p[0] & (uint8_t)~forms[extra].lead_mask;
        bool valid = true;
        for (size_t i = 1; i <= extra; i++) {
            valid &= (p[i] & 0xC0) == 0x80;
            c = c << 6 | (p[i] & 0x3F);
        }
        if (!valid || c < forms[extra].least)
            break;
        *text += extra + 1;
        return c;
    }
    *text += 1;
    return NOT_UTF8 + p[0];
}

static int compare(const char *a, const char *a_end, const char *b, const char *b_end)
{
    while (a < a_end && b < b_end) {
        uint32_t x = upcase(next_character(&a, a_end));
        uint32_t y = upcase(next_character(&b, b_end));
        if (x != y)
            return x < y ? -1 : 1;
    }
    return (a < a_end) - (b < b_end);
}

int host_compare_names(const char *a, const char *b)
{
    return compare(a, a + strlen(a), b, b + strlen(b));
}

bool name_equal(const char *a, size_t length, const char *b)
{
    return compare(a, a + length, b, b + strlen(b)) == 0;
}
