/* source.c: see source.h. */
#include "kd/source.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "kd/script.h"

const char *kd_string_end(const char *text)
{
    const char *at = text + 1;
    while (*at != '\0' && *at != '"') {
        at += at[0] == '\\' && at[1] != '\0' ? 2 : 1;
    }
    return at;
}

char *kd_take_string(const char **text)
{
    const char *at = *text, *end = *at == '"' ? kd_string_end(at) : "";
    char *out = *end == '"' ? malloc((size_t)(end - at)) : NULL;
    if (out == NULL) {
        return NULL;
    }
    size_t length = 0;
    for (at++; at < end; at++) {
        at += at[0] == '\\' && at[1] == '"';
        out[length++] = *at;
    }
    out[length] = '\0';
    *text = end + 1;
    return out;
}

/* The closing partner of the bracket at `at`; NULL: none before `end`. */
const char *kd_source_closing(const char *at, const char *end, char open, char close)
{
    unsigned depth = 0;
    for (; at < end; at++) {
        if (*at == '"') {
            at = kd_string_end(at);
        } else if (*at == open) {
            depth++;
        } else if (*at == close && --depth == 0) {
            return at;
        }
    }
    return NULL;
}

const char *kd_source_command_end(const char *at, const char *end)
{
    while (at < end && *at != ';' && *at != '\n') {
        if (*at == '"') {
            at = kd_string_end(at);
        } else if (*at == '{') {
            const char *close = kd_source_closing(at, end, '{', '}');
            at = close != NULL ? close : end - 1;
        }
        at++;
    }
    return at < end ? at : end;
}

void kd_source_skip(struct kd_source *s)
{
    while (s->at < s->end && isspace((unsigned char)*s->at)) {
        s->at++;
    }
}

/* { text } or ( text ): *inside gets what is between. */
bool kd_source_block(struct kd_source *s, char open, char close, struct kd_source *inside)
{
    kd_source_skip(s);
    const char *end =
        s->at < s->end && *s->at == open ? kd_source_closing(s->at, s->end, open, close) : NULL;
    if (end == NULL) {
        return false;
    }
    *inside = (struct kd_source){s->at + 1, end};
    s->at = end + 1;
    return true;
}

bool kd_source_word(struct kd_source *s, const char *word)
{
    struct kd_source ahead = *s;
    kd_source_skip(&ahead);
    size_t length = strlen(word);
    if ((size_t)(ahead.end - ahead.at) < length || strncmp(ahead.at, word, length) != 0 ||
        (ahead.at + length < ahead.end && isalpha((unsigned char)ahead.at[length]))) {
        return false;
    }
    ahead.at += length;
    *s = ahead;
    return true;
}
