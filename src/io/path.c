/* src/io/path.c: names of files: what is one, and which pattern it matches.
 *
 * The guest writes UTF-16 with backslashes, the host has UTF-8 with slashes. Going over, every
 * component is checked against what Windows allows, so that nothing but plain names reaches the
 * host: no "..", no slash, no control character, no stream. */
#include <string.h>

#include "base/upcase.h"
#include "io/ioi.h"

/* Source: "Naming Files, Paths, and Namespaces", documentation. */
static bool is_name_character(WCHAR c)
{
    return c >= 0x20 && !(c < 0x80 && strchr("\"*/:<>?|\\", c));
}

/* Append one UTF-16 character (one or two units, *used) as UTF-8. => bytes, 0: not a character */
static size_t put_utf8(const WCHAR *name, size_t chars, char out[4], size_t *used)
{
    uint32_t c = name[0];

    *used = 1;
    if (c >= 0xD800 && c < 0xE000) {
        if (c >= 0xDC00 || chars < 2 || name[1] < 0xDC00 || name[1] >= 0xE000)
            return 0;
        c = 0x10000 + ((c - 0xD800) << 10) + (name[1] - 0xDC00u);
        *used = 2;
    }
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

/* One component at `name`. => its length in units; 0: not a valid one */
static size_t check_component(const WCHAR *name, size_t chars)
{
    size_t n = 0;

    while (n < chars && name[n] != '\\') {
        if (!is_name_character(name[n]))
            return 0;
        n++;
    }
    if (n > IO_NAME_MAX || (n == 1 && name[0] == '.') ||
        (n == 2 && name[0] == '.' && name[1] == '.'))
        return 0;
    return n;
}

NTSTATUS io_path_from_name(const WCHAR *name, size_t length, struct io_path *path)
{
    size_t chars = length / sizeof(WCHAR), used = 0;

    path->directory_only = false;
    path->text[0] = 0;
    if (chars > 0 && name[0] == '\\') {
        name++;
        chars--;
    }
    if (chars > 0 && name[chars - 1] == '\\') {
        path->directory_only = true;
        if (--chars == 0)
            return STATUS_OBJECT_NAME_INVALID;
    }
    while (chars > 0) {
        size_t n = check_component(name, chars);

        if (n == 0)
            return STATUS_OBJECT_NAME_INVALID;
        for (size_t i = 0, units; i < n; i += units) {
            size_t bytes;

            if (used + 6 > sizeof(path->text))
                return STATUS_NAME_TOO_LONG;
            if ((bytes = put_utf8(name + i, n - i, path->text + used, &units)) == 0)
                return STATUS_OBJECT_NAME_INVALID;
            used += bytes;
        }
        name += n;
        chars -= n;
        if (chars > 0) { /* over the backslash */
            path->text[used++] = '/';
            name++;
            if (--chars == 0)
                return STATUS_OBJECT_NAME_INVALID;
        }
    }
    path->text[used] = 0;
    return STATUS_SUCCESS;
}

/* Length of the sequence that `lead` begins; 0: none. */
static int sequence_length(unsigned char lead)
{
    if (lead < 0x80)
        return 1;
    if (lead >= 0xC2 && lead < 0xE0)
        return 2;
    if (lead >= 0xE0 && lead < 0xF0)
        return 3;
    return lead >= 0xF0 && lead < 0xF5 ? 4 : 0;
}

int io_utf16(const char *text, WCHAR *out, size_t capacity)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t count = 0;

    while (*text) {
        int n = sequence_length((unsigned char)*text);
        uint32_t c = n == 1 ? (unsigned char)*text : (unsigned char)*text & (0x7Fu >> n);

        if (n == 0 || count + 2 > capacity + (n < 4))
            return -1;
        for (int i = 1; i < n; i++) {
            if (((unsigned char)text[i] & 0xC0) != 0x80)
                return -1;
            c = c << 6 | ((unsigned char)text[i] & 0x3F);
        }
        if (c < least[n] || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000))
            return -1;
        if (c >= 0x10000) {
            out[count++] = (WCHAR)(0xD7C0 + (c >> 10));
            c = 0xDC00 + (c & 0x3FF);
        }
        out[count++] = (WCHAR)c;
        text += n;
    }
    return (int)count;
}

const char *io_path_leaf(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

void io_path_parent(const char *path, char parent[HOST_PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : 0;

    memcpy(parent, path, length);
    parent[length] = 0;
}

const char *io_path_below(const char *path, const char *prefix)
{
    char head[HOST_PATH_MAX];
    const char *end = path;
    size_t components = 1;

    if (!*prefix)
        return path;
    for (const char *p = prefix; *p; p++)
        components += *p == '/';
    for (; components > 0; components--) {
        end += *end == '/';
        if (!*end)
            return NULL;
        end += strcspn(end, "/");
    }
    memcpy(head, path, (size_t)(end - path));
    head[end - path] = 0;
    if (host_compare_names(head, prefix) != 0)
        return NULL;
    return *end == '/' ? end + 1 : end;
}

/* ---- wildcards ---- */

/* The name, and how much of it is before its last dot. */
struct subject {
    const WCHAR *name;
    size_t chars, last_dot; /* last_dot == chars: none */
};

/* Does one unit of the pattern (no star) take the unit at `at`? => units taken, -1: no match */
static int match_one(WCHAR p, const struct subject *s, size_t at)
{
    bool end = at == s->chars;

    switch (p) {
    case '?':
        return end ? -1 : 1;
    case '>': /* DOS_QM: a character, or nothing at a dot or the end */
        return end || s->name[at] == '.' ? 0 : 1;
    case '"': /* DOS_DOT: a dot, or nothing at the end */
        return end ? 0 : s->name[at] == '.' ? 1 : -1;
    default:
        return !end && upcase(s->name[at]) == upcase(p) ? 1 : -1;
    }
}

/* Which of the name's positions 0..chars can be reached by the pattern so far? One bit per
 * position: every pattern is matched in linear steps, whatever stars it has. */
struct positions {
    uint64_t bits[IO_NAME_MAX / 64 + 1];
};

static bool reaches(const struct positions *set, size_t at)
{
    return set->bits[at / 64] >> (at % 64) & 1;
}

static void reach(struct positions *set, size_t at)
{
    set->bits[at / 64] |= 1ull << (at % 64);
}

static struct positions advance(const struct positions *from, WCHAR p, const struct subject *s)
{
    struct positions to = {0};
    bool running = false;

    for (size_t at = 0; at <= s->chars; at++) {
        if (p == '*' || p == '<') {
            running |= reaches(from, at);
            if (running)
                reach(&to, at);
            /* DOS_STAR does not run over the last dot. */
            if (p == '<' && at == s->last_dot)
                running = false;
        } else if (reaches(from, at)) {
            int taken = match_one(p, s, at);

            if (taken >= 0)
                reach(&to, at + (size_t)taken);
        }
    }
    return to;
}

bool io_name_matches(const WCHAR *pattern, size_t pattern_chars, const WCHAR *name, size_t chars)
{
    struct subject s = {.name = name, .chars = chars, .last_dot = chars};
    struct positions set = {0};

    if (chars > IO_NAME_MAX)
        return false;
    for (size_t i = 0; i < chars; i++) {
        if (name[i] == '.')
            s.last_dot = i;
    }
    reach(&set, 0);
    for (size_t i = 0; i < pattern_chars; i++)
        set = advance(&set, pattern[i], &s);
    return reaches(&set, chars);
}

bool io_equal_names(const WCHAR *a, size_t a_chars, const WCHAR *b, size_t b_chars)
{
    if (a_chars != b_chars)
        return false;
    for (size_t i = 0; i < a_chars; i++)
        if (upcase(a[i]) != upcase(b[i]))
            return false;
    return true;
}
