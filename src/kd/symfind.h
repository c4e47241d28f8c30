/* symfind.h: finding a file along the symbol path: in folders, in stores, on servers.
 *
 *      symload.c (PDBs), image_file.c (images)
 *            | name, key, accept()
 *      symfind.c ---- element by element, place by place
 *         |               |              |
 *      sympath.h      symstore.h      http.h
 *      the path       folders         servers
 *
 * What a server once said stays said until symfind_forget: one that cannot be reached is not asked
 * for the next 150 modules, and a file that it does not have is not asked for again.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kd/sympath.h"

struct symfind;
struct kd_symbols_host; /* symbols.h */

/* `host` outlives it. NULL: out of memory. */
struct symfind *symfind_create(const struct kd_symbols_host *host);
void symfind_destroy(struct symfind *find);

/* Take another path. => false: out of memory; the path is then as before */
bool symfind_set_path(struct symfind *find, const char *path);
/* The path, taken apart; valid until the next symfind_set_path. */
const struct sympath *symfind_path(const struct symfind *find);

/* Ask servers anew from now on. */
void symfind_forget(struct symfind *find);

/* Is the file at `path`, which exists, the right one? */
typedef bool symfind_accept(void *context, const char *path);

/* Call `accept` with each file `name` that the path leads to until it says yes. `name` is a file
 * name without folders; `key` its folder in a store, or NULL: not to be found in stores. Downloads
 * what a server has. => whether a file was accepted */
bool symfind_file(struct symfind *find, const char *name, const char *key, symfind_accept *accept,
                  void *context);
