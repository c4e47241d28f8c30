/* tests/fuzz/fuzz_symbols.c: text that says where symbols are.
 *
 * The first byte chooses: a symbol path, the contents of a file.ptr, or a name that becomes a place
 * in a store. Whatever is accepted must keep what the headers promise. */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kd/sympath.h"
#include "kd/symstore.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
    if (!holds) {
        abort();
    }
}

static void take_path(const char *text, const char *store)
{
    struct sympath path;
    if (!sympath_parse(text, store, &path)) {
        return;
    }
    for (size_t i = 0; i < path.count; i++) {
        const struct sympath_element *element = &path.elements[i];
        check(element->count > 0 && element->text != NULL && strchr(element->text, ';') == NULL);
        check(element->chain || element->count == 1);
        for (size_t k = 0; k < element->count; k++) {
            const struct sympath_place *place = &element->places[k];
            check(place->where != NULL && !(place->remote && place->foreign));
        }
    }
    sympath_deinit(&path);
}

/* Whole or not at all, and nothing that a terminal would obey. */
static void take_pointer(const char *bytes, size_t size)
{
    char text[300];
    const size_t rooms[] = {1, 2, 16, sizeof text};
    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
        memset(text, 'x', sizeof text);
        if (symstore_parse_pointer(bytes, size, text, rooms[i]) == SYMSTORE_POINTER_BAD) {
            continue;
        }
        size_t length = strnlen(text, sizeof text);
        check(length > 0 && length < rooms[i] && memmem(bytes, size, text, length) != NULL);
        for (size_t k = 0; k < length; k++) {
            check(!iscntrl((unsigned char)text[k]));
        }
    }
}

static void take_name(const char *name)
{
    for (int form = 0; form < SYMSTORE_FORMS && *name != '\0'; form++) {
        for (int tiers = 0; tiers < 2; tiers++) {
            char *path = symstore_relative(tiers != 0, name, "0123ABCD", (enum symstore_form)form);
            check(path == NULL || strstr(path, "/0123ABCD/") != NULL);
            free(path);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    char *text = malloc(size);
    check(text != NULL);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    switch (data[0] % 3) {
    case 0:
        take_path(text, NULL);
        take_path(text, "/store");
        break;
    case 1:
        take_pointer(text, size - 1);
        break;
    default:
        take_name(text);
        break;
    }
    free(text);
    return 0;
}
