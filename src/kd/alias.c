/* alias.c: names that stand for text.
 *
 * ${NAME} is replaced wherever it stands, NAME alone only as a word between blanks, quotes,
 * parentheses or semicolons. What was put in is not looked at again, so no alias can run in
 * circles.
 *
 * Source: debugger documentation, "as, aS (Set Alias)", "${ } (Alias Interpreter)".
 */
#include "kd/script.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST_TEXT (1u << 20) /* bytes after replacing */
#define MOST_ALIASES 1024

static struct kd_alias *find(const struct kd_alias *aliases, size_t count, const char *name,
                             size_t length)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(aliases[i].name) == length && strncmp(aliases[i].name, name, length) == 0) {
            return (struct kd_alias *)&aliases[i];
        }
    }
    return NULL;
}

bool kd_alias_set(struct kd *kd, const char *name, const char *value)
{
    struct kd_aliases *all = &kd->aliases;
    char *copy = strdup(value);
    struct kd_alias *old = find(all->row, all->count, name, strlen(name));
    if (copy == NULL) {
        return false;
    }
    if (old != NULL) {
        free(old->value);
        old->value = copy;
        return true;
    }
    struct kd_alias *grown =
        all->count < MOST_ALIASES ? realloc(all->row, (all->count + 1) * sizeof *grown) : NULL;
    char *own = strdup(name);
    all->row = grown != NULL ? grown : all->row;
    if (grown == NULL || own == NULL) {
        free(copy);
        free(own);
        return false;
    }
    all->row[all->count++] = (struct kd_alias){own, copy};
    return true;
}

bool kd_alias_remove(struct kd *kd, const char *name)
{
    struct kd_aliases *all = &kd->aliases;
    if (strcmp(name, "*") == 0) {
        kd_aliases_deinit(kd);
        return true;
    }
    struct kd_alias *row = find(all->row, all->count, name, strlen(name));
    if (row == NULL) {
        return false;
    }
    free(row->name);
    free(row->value);
    *row = all->row[--all->count];
    return true;
}

void kd_aliases_deinit(struct kd *kd)
{
    for (size_t i = 0; i < kd->aliases.count; i++) {
        free(kd->aliases.row[i].name);
        free(kd->aliases.row[i].value);
    }
    free(kd->aliases.row);
    kd->aliases = (struct kd_aliases){NULL, 0};
}

static bool is_edge(char c)
{
    return c == '\0' || isspace((unsigned char)c) || strchr(";\"'(){},", c) != NULL;
}

/* The alias that `at` begins with, and how many characters name it there. */
static const struct kd_alias *alias_at(const struct kd_alias *aliases, size_t count,
                                       const char *text, const char *at, size_t *length)
{
    if (at[0] == '$' && at[1] == '{') {
        size_t inside = strcspn(at + 2, "}");
        *length = inside + (at[2 + inside] == '}') + 2;
        return find(aliases, count, at + 2, inside);
    }
    if (at > text && !is_edge(at[-1])) {
        return NULL;
    }
    *length = 0;
    while (!is_edge(at[*length])) {
        ++*length;
    }
    return *length > 0 ? find(aliases, count, at, *length) : NULL;
}

char *kd_alias_replace(const struct kd_alias *aliases, size_t count, const char *text)
{
    char *out = NULL;
    size_t size = 0, length;
    FILE *stream = count > 0 ? open_memstream(&out, &size) : NULL;
    if (stream == NULL) {
        return count == 0 ? strdup(text) : NULL;
    }
    long written = 0;
    for (const char *at = text; *at != '\0' && written < LONGEST_TEXT;) {
        const struct kd_alias *alias = alias_at(aliases, count, text, at, &length);
        if (alias != NULL) {
            fputs(alias->value, stream);
            at += length;
        } else {
            fputc(*at++, stream);
        }
        written = ftell(stream);
    }
    if (fclose(stream) != 0 || size >= LONGEST_TEXT) {
        free(out);
        return NULL;
    }
    return out;
}
