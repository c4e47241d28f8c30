/* src/kd/cmd/search.c: s: search virtual memory for values, strings or objects.
 *
 * Ranges may span the whole address space (`s -u 0 L?7fffffff0000 "x"`), so the search goes from
 * present page to present page, skipping absent page tables as a whole. A match may cross pages
 * that are both present:
 *
 *      | page, searched | tail of pattern size - 1 |  next page ...  |
 *                         `------ kept in front of the next page -----'
 *
 * Matches start at multiples of the unit (2 for -w and -u, 4, 8) from the start of the range.
 *
 *      s -[1w]u ...     1: addresses alone   w: writable pages alone   s: keep the hits
 *                       r: only among the hits that were kept   lN: strings of N characters
 *      s -sa, -su       any string of printable characters
 *      s -v RANGE X     objects of the same class as X: its first quadword, the virtual table
 *
 * Source: debugger documentation, "s (Search Memory)". */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "hw/walk.h"
#include "kd/lines.h"

#define PATTERN_SIZE 1024
#define STRING_LEAST 3  /* characters that make a string of -sa */
#define STRING_MOST 512 /* characters shown of one */
#define HITS_MOST 65536 /* kept for another search */

struct search {
    uint8_t pattern[PATTERN_SIZE];
    size_t size;
    unsigned unit;
    const char *format; /* of the lines that are shown */
    bool addresses_only, writable_only, keep, among_kept;
    bool any_string;       /* -sa, -su */
    uint64_t least_string; /* characters */
    uint64_t start;
    uint64_t last; /* last byte that may belong to a match */
    struct kd_hits found;
};

static const struct {
    const char *name;
    unsigned unit;
    const char *format;
} types[] = {{"b", 1, "db"}, {"w", 2, "dW"}, {"d", 4, "dc"},  {"q", 8, "dq"}, {"a", 1, "db"},
             {"u", 2, "dW"}, {"v", 8, "dq"}, {"sa", 1, "db"}, {"su", 2, "dW"}};

/* ---- arguments --------------------------------------------------------------------------------
 */

/* The flags in brackets; *at is behind the opening one. */
static bool parse_flags(struct kd *kd, const char **at, struct search *s)
{
    for (; **at != ']'; (*at)++) {
        switch (**at) {
        case '1':
            s->addresses_only = true;
            break;
        case 'w':
            s->writable_only = true;
            break;
        case 's':
            s->keep = true;
            break;
        case 'r':
            s->among_kept = true;
            break;
        case 'n': /* pages that are not resident too: they are in no target's memory */
            break;
        case 'l': {
            char *end;
            s->least_string = strtoull(*at + 1, &end, 10);
            *at = end - 1;
            break;
        }
        default:
            return kd_error(kd, "Syntax error: flag '%c' of s is not known (1 w s r n lN)", **at);
        }
    }
    (*at)++;
    return true;
}

/* -b, -u, -[1]b, -[w]a, -[l8]sa ... ; *text is at the dash. *type gets a row's name. */
static bool parse_options(struct kd *kd, const char **text, struct search *s, const char **type)
{
    char word[32];
    if (!kd_word(text, word, sizeof word)) {
        return kd_error(kd, "Syntax error in the options of s");
    }
    const char *at = word + 1;
    if (*at == '[') {
        at++;
        if (strchr(at, ']') == NULL) {
            return kd_error(kd, "Syntax error: '%s' has no closing bracket", word);
        }
        if (!parse_flags(kd, &at, s)) {
            return false;
        }
    }
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(types[i].name, *at != '\0' ? at : "b") == 0) {
            *type = types[i].name;
            s->unit = types[i].unit;
            s->format = types[i].format;
            s->any_string = types[i].name[0] == 's';
            return true;
        }
    }
    return kd_error(kd, "Syntax error: s -b -w -d -q -a -u -sa -su -v, not '%s'", word);
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

/* The pattern of -v: what the object begins with. */
static bool take_object(struct kd *kd, const char *text, struct search *s)
{
    uint64_t object, table;
    char address[KD_ADDRESS_TEXT];
    if (!kd_evaluate(kd, &text, &object)) {
        return false;
    }
    return kd_read_u64(kd, object, &table)
               ? append(kd, s, table, sizeof table)
               : kd_error(kd, "Memory access error at '%s'", kd_address_text(object, address));
}

static bool parse_pattern(struct kd *kd, const char *text, struct search *s, char type)
{
    if (type == 'v') {
        return take_object(kd, text, s);
    }
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
    return s->size > 0 || s->any_string || kd_error(kd, "Syntax error: s needs a pattern");
}

/* ---- hits -------------------------------------------------------------------------------------
 */

static int compare_addresses(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Hits come in order of address, so the ones that were kept can be looked up by halving. */
static bool was_kept(const struct kd *kd, uint64_t address)
{
    const struct kd_hits *hits = &kd->hits;
    return hits->count > 0 &&
           bsearch(&address, hits->at, hits->count, sizeof *hits->at, compare_addresses) != NULL;
}

static void keep(struct kd *kd, struct search *s, uint64_t address)
{
    if (s->found.count == HITS_MOST) {
        return;
    }
    if ((s->found.count & (s->found.count - 1)) == 0) { /* full at powers of two */
        size_t room = s->found.count > 0 ? 2 * s->found.count : 1;
        uint64_t *grown = realloc(s->found.at, room * sizeof *grown);
        if (grown == NULL) {
            kd_error(kd, "Out of memory");
            return;
        }
        s->found.at = grown;
    }
    s->found.at[s->found.count++] = address;
}

/* Does the hit count? It is then kept when asked for. */
static bool take_hit(struct kd *kd, struct search *s, uint64_t address)
{
    if (s->among_kept && !was_kept(kd, address)) {
        return false;
    }
    if (s->keep) {
        keep(kd, s, address);
    }
    return true;
}

static void show_match(struct kd *kd, struct search *s, uint64_t address)
{
    if (!take_hit(kd, s, address)) {
        return;
    }
    if (s->addresses_only) {
        kd_printf(kd, "0x%016" PRIx64 "\n", address);
    } else {
        kd_show_memory_line(kd, s->format, address);
    }
}

/* ---- searching --------------------------------------------------------------------------------
 */

/* Show matches in `size` bytes that stand for memory at `va`. */
static void search_bytes(struct kd *kd, struct search *s, uint64_t va, const uint8_t *bytes,
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

/* A string that may go on in the next page. */
struct run {
    uint64_t start;
    char text[STRING_MOST + 1];
    uint64_t length; /* characters; `text` has the first of them */
};

static void end_run(struct kd *kd, struct search *s, struct run *run)
{
    char address[KD_ADDRESS_TEXT];
    if (run->length >= s->least_string && take_hit(kd, s, run->start)) {
        run->text[run->length < STRING_MOST ? run->length : STRING_MOST] = '\0';
        if (s->addresses_only) {
            kd_printf(kd, "0x%016" PRIx64 "\n", run->start);
        } else {
            kd_printf(kd, "%s  \"%s\"\n", kd_address_text(run->start, address), run->text);
        }
    }
    run->length = 0;
}

static void search_strings(struct kd *kd, struct search *s, uint64_t va, const uint8_t *bytes,
                           size_t size, struct run *run)
{
    for (size_t i = 0; i + s->unit <= size && !kd_interrupted(kd); i += s->unit) {
        unsigned c = s->unit == 2 ? bytes[i] | (unsigned)bytes[i + 1] << 8 : bytes[i];
        if (c > 0x7E || !isprint((int)c)) {
            end_run(kd, s, run);
            continue;
        }
        run->start = run->length == 0 ? va + i : run->start;
        if (run->length < STRING_MOST) {
            run->text[run->length] = (char)c;
        }
        run->length++;
    }
}

static bool is_writable(struct kd *kd, uint64_t va)
{
    struct hw_walk walk;
    kd_walk(kd, kd->directory_base, va, &walk);
    return walk.page_size != 0 && walk.writable;
}

static void search_pages(struct kd *kd, struct search *s)
{
    uint8_t window[PATTERN_SIZE + HW_PAGE_SIZE];
    struct run run = {.length = 0};
    size_t kept = 0; /* bytes in front, of memory right before `va` */
    uint64_t va = s->start, expected = s->start;
    while (kd_next_present(kd, va, s->last, &va)) {
        uint64_t page_left = HW_PAGE_SIZE - va % HW_PAGE_SIZE;
        uint64_t range_left = s->last - va + 1;
        size_t size = (size_t)(range_left != 0 && range_left < page_left ? range_left : page_left);
        if (va != expected) {
            kept = 0;
            end_run(kd, s, &run);
        }
        if (!s->writable_only || is_writable(kd, va)) {
            size_t got = kd_read_virtual(kd, va, window + kept, size), total = kept + got;
            if (s->any_string) {
                search_strings(kd, s, va, window, total, &run);
            } else {
                search_bytes(kd, s, va - kept, window, total);
                kept = got < size ? 0 : total < s->size - 1 ? total : s->size - 1;
                memmove(window, window + total - kept, kept);
            }
            expected = va + page_left;
        }
        if (size > s->last - va || va + page_left == 0) {
            break;
        }
        kd_progress(kd, va - s->start, s->last - s->start);
        va += page_left;
    }
    end_run(kd, s, &run);
}

/* What this search has kept takes the place of what was kept before. */
static void finish(struct kd *kd, struct search *s)
{
    if (s->keep) {
        free(kd->hits.at);
        kd->hits = s->found;
        kd_printf(kd, "%zu hits are kept\n", kd->hits.count);
    }
}

static bool cmd_search(struct kd *kd, const char *args)
{
    struct search s = {.unit = 1, .format = "db", .least_string = STRING_LEAST};
    struct kd_range range;
    const char *type = "b";
    if (*args == '-' && !parse_options(kd, &args, &s, &type)) {
        return false;
    }
    if (!kd_evaluate_range(kd, &args, 1, s.unit, &range)) {
        return false;
    }
    if (!range.explicit_end) {
        return kd_error(kd, "Syntax error: s needs a range, START END or START LCOUNT");
    }
    if (!parse_pattern(kd, args, &s, *type)) {
        return false;
    }
    if (range.size == 0) {
        return true;
    }
    s.start = range.start;
    s.last = range.start + range.size - 1;
    search_pages(kd, &s);
    finish(kd, &s);
    return true;
}

const struct kd_command kd_commands_search[] = {
    {"s", "s [-[FLAGS]b|w|d|q|a|u|sa|su|v] RANGE PATTERN",
     "search memory for values or a string; flags 1 w s r lN", cmd_search, KD_NEEDS_NOTHING},
    {0},
};
