/* guest/msvcrt/arguments.c: a command line taken apart.
 *
 *   program name   up to white space, or between quotes; backslashes are nothing special
 *   2n   backslashes + quote    n backslashes, and the quote begins or ends a quoted part
 *   2n+1 backslashes + quote    n backslashes and a quote character
 *   backslashes elsewhere       themselves
 *   ""   inside a quoted part   a quote character, and the quoted part ends
 *
 * Source: "Parsing C command-line arguments", documentation; the last rule is msvcrt.dll's. */
#include "crt.h"

struct parser {
    const WCHAR *in;
    WCHAR *out; /* NULL on the counting pass */
    ULONG64 characters;
};

static void emit(struct parser *p, WCHAR c)
{
    if (p->out)
        *p->out++ = c;
    p->characters++;
}

static BOOL is_blank(WCHAR c)
{
    return c == ' ' || c == '\t';
}

static void program(struct parser *p)
{
    BOOL quoted = FALSE;
    for (; *p->in && (quoted || !is_blank(*p->in)); p->in++) {
        if (*p->in == '"')
            quoted = !quoted;
        else
            emit(p, *p->in);
    }
    emit(p, 0);
}

static void argument(struct parser *p)
{
    BOOL quoted = FALSE;
    while (*p->in && (quoted || !is_blank(*p->in))) {
        ULONG slashes = 0;
        while (*p->in == '\\') {
            slashes++;
            p->in++;
        }
        BOOL at_quote = *p->in == '"';
        for (ULONG i = 0; i < (at_quote ? slashes / 2 : slashes); i++)
            emit(p, '\\');
        if (at_quote && slashes % 2 == 0) {
            if (quoted && p->in[1] == '"') {
                emit(p, '"');
                p->in++;
            }
            quoted = !quoted;
            p->in++;
        } else if (*p->in && (quoted || !is_blank(*p->in))) {
            emit(p, *p->in++);
        }
    }
    emit(p, 0);
}

/* Count (vector and text NULL) or store the arguments; *text_size gets their characters in all. */
void crt_parse_command_line(const WCHAR *line, int *count, WCHAR **vector, WCHAR *text,
                            ULONG64 *text_size)
{
    struct parser p = {line, text, 0};
    int n = 0;
    if (vector)
        vector[n] = p.out;
    program(&p);
    n++;
    for (;;) {
        while (is_blank(*p.in))
            p.in++;
        if (!*p.in)
            break;
        if (vector)
            vector[n] = p.out;
        argument(&p);
        n++;
    }
    if (vector)
        vector[n] = NULL;
    *count = n;
    *text_size = p.characters;
}
