/* tests/kd/match.c: see match.h. */
#include "match.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static bool hex_char(char c)
{
    return isxdigit((unsigned char)c) || c == '`';
}

static bool take(const char **pattern, const char *word)
{
    size_t length = strlen(word);
    if (strncmp(*pattern, word, length) != 0) {
        return false;
    }
    *pattern += length;
    return true;
}

static const char *find(const struct golden_values *values, const char *name, size_t length)
{
    for (size_t i = values->count; i-- > 0;) {
        const struct golden_value *v = &values->value[i];
        if (strlen(v->name) == length && strncmp(v->name, name, length) == 0) {
            return v->text;
        }
    }
    return NULL;
}

/* The value of a ${NAME} at *text, which moves behind it; NULL: there is none. */
static const char *take_value(const char **text, const struct golden_values *values)
{
    const char *end = strncmp(*text, "${", 2) == 0 ? strchr(*text, '}') : NULL;
    const char *value = end ? find(values, *text + 2, (size_t)(end - *text - 2)) : NULL;
    if (value) {
        *text = end + 1;
    }
    return value;
}

static bool keep(struct golden_values *values, const char *name, size_t name_length,
                 const char *text, size_t length)
{
    if (values->count == GOLDEN_VALUES || name_length >= GOLDEN_TEXT || length >= GOLDEN_TEXT) {
        return false;
    }
    struct golden_value *v = &values->value[values->count++];
    *v = (struct golden_value){0};
    memcpy(v->name, name, name_length);
    memcpy(v->text, text, length);
    return true;
}

/* <hex> and <hex:NAME>, of which "<hex" was taken. */
static bool match_hex(const char **pattern, const char **text, struct golden_values *values)
{
    const char *name = **pattern == ':' ? *pattern + 1 : NULL, *end = strchr(*pattern, '>');
    const char *start = *text;
    while (hex_char(**text)) {
        ++*text;
    }
    if (!end || *text == start) {
        return false;
    }
    *pattern = end + 1;
    return !name || keep(values, name, (size_t)(end - name), start, (size_t)(*text - start));
}

static bool match(const char *pattern, const char *text, struct golden_values *values)
{
    const char *value;
    while (*pattern != '\0') {
        if (take(&pattern, "<hex")) {
            if (!match_hex(&pattern, &text, values)) {
                return false;
            }
        } else if (take(&pattern, "<pad>")) {
            if (*text != ' ') {
                return false;
            }
            text += strspn(text, " ");
        } else if (take(&pattern, "<any>")) {
            text += strcspn(text, "\n");
        } else if (take(&pattern, "<lines>\n")) {
            size_t count = values->count;
            for (; text; text = strchr(text, '\n'), text = text ? text + 1 : NULL) {
                if (match(pattern, text, values)) {
                    return true;
                }
                values->count = count;
            }
            return false;
        } else if ((value = take_value(&pattern, values)) != NULL) {
            if (!take(&text, value)) {
                return false;
            }
        } else if (*pattern++ != *text++) {
            return false;
        }
    }
    return *text == '\0';
}

bool golden_match(const char *pattern, const char *text, struct golden_values *values)
{
    size_t count = values->count;
    if (match(pattern, text, values)) {
        return true;
    }
    values->count = count;
    return false;
}

char *golden_expand(const char *text, const struct golden_values *values)
{
    char *out = NULL;
    size_t size;
    FILE *file = open_memstream(&out, &size);
    if (!file) {
        return NULL;
    }
    while (*text != '\0') {
        const char *value = take_value(&text, values);
        if (value) {
            fputs(value, file);
        } else {
            fputc(*text++, file);
        }
    }
    fclose(file);
    return out;
}
