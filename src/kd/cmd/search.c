/* src/kd/cmd/search.c: s, search memory.
 *
 * Ranges may span the whole address space (`s -u 0 L?7fffffff0000 "x"`), so the search goes from
 * present page to present page, skipping absent page tables as a whole. A match may cross pages
 * that are both present:
 *
 *      | page, searched | tail of pattern size - 1 |  next page ...  |
 *                         `------ kept in front of the next page -----'
 *
 * Matches start at multiples of the unit (2 for -w and -u, 4, 8) from the start of the range.
 * Source: debugger documentation, "s (Search Memory)". */
#include <inttypes.h>
#include <string.h>

#include "hw/bits.h"
#include "kd/lines.h"

#define PATTERN_SIZE 1024

struct search {
    uint8_t pattern[PATTERN_SIZE];
    size_t size;
    unsigned unit;
    const char *format; /* of the lines that are shown */
    bool addresses_only;
    uint64_t start;
    uint64_t last; /* last byte that may belong to a match */
};

static const struct {
    char letter;
    unsigned unit;
    const char *format;
} types[] = {{'b', 1, "db"}, {'w', 2, "dW"}, {'d', 4, "dc"},
             {'q', 8, "dq"}, {'a', 1, "db"}, {'u', 2, "dW"}};

/* ---- arguments --------------------------------------------------------------------------------
 */

static bool set_type(struct search *s, char letter)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (types[i].letter == letter) {
            s->unit = types[i].unit;
            s->format = types[i].format;
            return true;
        }
    }
    return false;
}

/* -b, -u, -[1]b, -[w]a, ... ; *text is at the dash */
static bool parse_options(struct kd *kd, const char **text, struct search *s, char *type)
{
    char word[32];
    if (!kd_word(text, word, sizeof word)) {
        return kd_error(kd, "Syntax error in the options of s");
    }
    const char *at = word + 1;
    if (*at == '[') {
        for (at++; *at != ']'; at++) {
            if (*at == '1') {
                s->addresses_only = true;
            } else if (*at != 'w') { /* writable only: everything in physical memory is */
                return kd_error(kd, "Syntax error: flag '%c' of s is not known", *at);
            }
        }
        at++;
    }
    *type = *at != '\0' ? *at : 'b';
    if (!set_type(s, *type) || (at[0] != '\0' && at[1] != '\0')) {
        return kd_error(kd, "Syntax error: s -b -w -d -q -a -u, not '%s'", word);
    }
    return true;
}

static bool append(struct kd *kd, struct search *s, uint64_t value, unsigned unit)
{
    if (s->size + unit > sizeof s->pattern) {
        return kd_error(kd, "Pattern is longer than %zu bytes", sizeof s->pattern);
    }
    memcpy(s->pattern + s->size, &value, unit);
    s->size += unit;
    return true;
}

/* A string in quotes; without them, the rest of the line. */
static bool parse_string(struct kd *kd, const char **text, struct search *s)
{
    bool quoted = **text == '"';
    *text += quoted;
    while (**text != '\0' && (!quoted || **text != '"')) {
        if (!append(kd, s, (uint8_t) * (*text)++, s->unit)) {
            return false;
        }
    }
    if (quoted && **text != '"') {
        return kd_error(kd, "Syntax error: the string has no end");
    }
    *text += quoted;
    return true;
}

static bool parse_pattern(struct kd *kd, const char *text, struct search *s, char type)
{
    for (text = kd_skip(text); *text != '\0'; text = kd_skip(text)) {
        uint64_t value;
        if (type == 'a' || type == 'u' || *text == '"') {
            if (!parse_string(kd, &text, s)) {
                return false;
            }
        } else if (!kd_evaluate(kd, &text, &value) || !append(kd, s, value, s->unit)) {
            return false;
        }
    }
    return s->size > 0 || kd_error(kd, "Syntax error: s needs a pattern");
}

/* ---- searching --------------------------------------------------------------------------------
 */

static void show_match(struct kd *kd, const struct search *s, uint64_t address)
{
    if (s->addresses_only) {
        kd_printf(kd, "0x%016" PRIx64 "\n", address);
    } else {
        kd_show_memory_line(kd, s->format, address);
    }
}

/* Show matches in `size` bytes that stand for memory at `va`. */
static void search_bytes(struct kd *kd, const struct search *s, uint64_t va, const uint8_t *bytes,
                         size_t size)
{
    size_t at = 0;
    const uint8_t *hit;
    while (at < size && !kd_interrupted(kd) &&
           (hit = memmem(bytes + at, size - at, s->pattern, s->size)) != NULL) {
        uint64_t address = va + (uint64_t)(hit - bytes);
        if ((address - s->start) % s->unit == 0) {
            show_match(kd, s, address);
        }
        at = (size_t)(hit - bytes) + 1;
    }
}

static void search_pages(struct kd *kd, const struct search *s)
{
    uint8_t window[PATTERN_SIZE + HW_PAGE_SIZE];
    size_t kept = 0; /* bytes in front, of memory right before `va` */
    uint64_t va = s->start, expected = s->start;
    while (kd_next_present(kd, va, s->last, &va)) {
        kept = va == expected ? kept : 0;
        uint64_t page_left = HW_PAGE_SIZE - va % HW_PAGE_SIZE;
        uint64_t range_left = s->last - va + 1;
        size_t size = (size_t)(range_left != 0 && range_left < page_left ? range_left : page_left);
        size_t got = kd_read_virtual(kd, va, window + kept, size);
        size_t total = kept + got;
        search_bytes(kd, s, va - kept, window, total);
        if (size > s->last - va || va + page_left == 0) {
            break;
        }
        va += page_left;
        expected = va;
        kept = got < size ? 0 : total < s->size - 1 ? total : s->size - 1;
        memmove(window, window + total - kept, kept);
    }
}

static bool cmd_search(struct kd *kd, const char *args)
{
    struct search s = {.unit = 1, .format = "db"};
    struct kd_range range;
    char type = 'b';
    if (*args == '-' && !parse_options(kd, &args, &s, &type)) {
        return false;
    }
    if (!kd_evaluate_range(kd, &args, 1, s.unit, &range)) {
        return false;
    }
    if (!range.explicit_end) {
        return kd_error(kd, "Syntax error: s needs a range, START END or START LCOUNT");
    }
    if (!parse_pattern(kd, args, &s, type)) {
        return false;
    }
    if (range.size == 0) {
        return true;
    }
    s.start = range.start;
    s.last = range.start + range.size - 1;
    search_pages(kd, &s);
    return true;
}

const struct kd_command kd_commands_search[] = {
    {"s", "s [-[1]b|w|d|q|a|u] RANGE PATTERN", "search memory for values or a string", cmd_search},
    {NULL, NULL, NULL, NULL},
};
