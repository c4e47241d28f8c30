/* sympath.c: see sympath.h. */
#define _GNU_SOURCE 1 /* strndup */

#include "kd/sympath.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct parser {
    const char *default_store; /* NULL: none */
    const char *cache;         /* of the last cache* element; NULL: none */
    struct sympath *path;
};

static void deinit_element(struct sympath_element *element)
{
    for (size_t i = 0; i < element->count; i++)
        free(element->places[i].where);
    free(element->places);
    free(element->text);
}

void sympath_deinit(struct sympath *path)
{
    for (size_t i = 0; i < path->count; i++)
        deinit_element(&path->elements[i]);
    free(path->elements);
    *path = (struct sympath){0};
}

static bool is_remote(const char *text, size_t length)
{
    return (length > 7 && strncasecmp(text, "http://", 7) == 0) ||
           (length > 8 && strncasecmp(text, "https://", 8) == 0);
}

/* `c:\symbols`, `\\server\share`. */
static bool is_foreign(const char *text, size_t length)
{
    return (length >= 2 && isalpha((unsigned char)text[0]) && text[1] == ':') ||
           (length >= 2 && text[0] == '\\' && text[1] == '\\');
}

static bool add_place(struct parser *p, struct sympath_element *element, const char *text,
                      size_t length)
{
    struct sympath_place place = {
        .remote = is_remote(text, length),
        .foreign = is_foreign(text, length),
    };
    while (length > 1 && text[length - 1] == '/')
        length--;
    if (place.foreign)
        place.where = strdup(element->chain && p->default_store ? p->default_store : "");
    else
        place.where = strndup(text, length);
    struct sympath_place *places =
        realloc(element->places, (element->count + 1) * sizeof(*element->places));
    if (places)
        element->places = places;
    if (!places || !place.where) {
        free(place.where);
        return false;
    }
    element->places[element->count++] = place;
    return true;
}

/* Does a chain whose next place is `text` begin with a store that is not written there? */
static const char *implied_store(const struct parser *p, bool first, const char *text,
                                 size_t length)
{
    if (!first)
        return NULL;
    if (p->cache)
        return p->cache;
    return length == 0 || is_remote(text, length) ? p->default_store : NULL;
}

/* What follows `srv*`: places between `*`. */
static bool parse_chain(struct parser *p, struct sympath_element *element, const char *text,
                        size_t length)
{
    const char *end = text + length;
    bool nothing = length == 0;
    element->chain = true;
    for (bool first = true; text <= end; first = false) {
        const char *star = memchr(text, '*', (size_t)(end - text));
        size_t piece = (size_t)((star ? star : end) - text);
        const char *store = implied_store(p, first, text, piece);
        if ((store && !add_place(p, element, store, strlen(store))) ||
            (piece && !add_place(p, element, text, piece)))
            return false;
        text += piece + 1;
    }
    return !nothing ||
           add_place(p, element, SYMPATH_PUBLIC_SERVER, sizeof SYMPATH_PUBLIC_SERVER - 1);
}

static bool parse_cache(struct parser *p, struct sympath_element *element, const char *text,
                        size_t length)
{
    element->chain = true;
    if (length == 0 && p->default_store) {
        text = p->default_store;
        length = strlen(text);
    }
    if (length && !add_place(p, element, text, length))
        return false;
    if (element->count && !element->places[0].remote)
        p->cache = element->places[0].where;
    return true;
}

static bool parse_element(struct parser *p, struct sympath_element *element, const char *text,
                          size_t length)
{
    const char *star = memchr(text, '*', length);
    size_t word = star ? (size_t)(star - text) : length;
    const char *rest = star ? star + 1 : text + length;
    size_t rest_length = length - (size_t)(rest - text);
    if (star && word == 3 && strncasecmp(text, "srv", 3) == 0)
        return parse_chain(p, element, rest, rest_length);
    if (star && word == 5 && strncasecmp(text, "cache", 5) == 0)
        return parse_cache(p, element, rest, rest_length);
    if (star && word == 6 && strncasecmp(text, "symsrv", 6) == 0) {
        const char *library_end = memchr(rest, '*', rest_length);
        const char *places = library_end ? library_end + 1 : rest + rest_length;
        return parse_chain(p, element, places, rest_length - (size_t)(places - rest));
    }
    return add_place(p, element, text, length);
}

static bool add_element(struct parser *p, const char *text, size_t length)
{
    struct sympath *path = p->path;
    struct sympath_element element = {.text = strndup(text, length)};
    struct sympath_element *elements =
        realloc(path->elements, (path->count + 1) * sizeof(*path->elements));
    if (elements)
        path->elements = elements;
    if (!elements || !element.text || !parse_element(p, &element, text, length)) {
        deinit_element(&element);
        return false;
    }
    if (element.count)
        path->elements[path->count++] = element;
    else
        deinit_element(&element);
    return true;
}

bool sympath_parse(const char *text, const char *default_store, struct sympath *out)
{
    struct parser p = {.default_store = default_store, .path = out};
    *out = (struct sympath){0};
    while (*text) {
        size_t length = strcspn(text, ";"), start = strspn(text, " \t");
        const char *next = text + length + (text[length] == ';');
        while (length > start && isspace((unsigned char)text[length - 1]))
            length--;
        if (length > start && !add_element(&p, text + start, length - start)) {
            sympath_deinit(out);
            return false;
        }
        text = next;
    }
    return true;
}
