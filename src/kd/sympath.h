/* sympath.h: a symbol path, taken apart.
 *
 *      FOLDER                   a folder with files
 *      srv*NEAR*...*FAR         symbol stores, asked from left to right; what a far one has is kept
 * in the nearest. A place that begins with http:// or https:// is a server. symsrv*LIBRARY*...
 * means the same srv*URL, srv**URL        kept in the default store srv*                     the
 * default store, then Microsoft's public server cache*FOLDER             a store that keeps what
 * servers to its right deliver
 *
 * Elements stand between `;`. Source: debugger documentation, "Symbol path for Windows debuggers",
 * "Using SymSrv".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define SYMPATH_PUBLIC_SERVER "https://msdl.microsoft.com/download/symbols"

struct sympath_place {
    char *where;  /* folder of the host, or URL without a slash at its end */
    bool remote;  /* a URL */
    bool foreign; /* a path of Windows was named, which this host does not have; `where` is the
                     default store instead, or "" */
};

struct sympath_element {
    bool chain; /* stores, the nearest first; else the one place is a folder with files */
    char *text; /* as it stands in the path */
    struct sympath_place *places;
    size_t count; /* at least 1 */
};

struct sympath {
    struct sympath_element *elements;
    size_t count;
};

/* Take `text` apart. `default_store` may be NULL: then a chain that names no store keeps nothing.
 * => false: out of memory; nothing to free */
bool sympath_parse(const char *text, const char *default_store, struct sympath *out);
void sympath_deinit(struct sympath *path);
