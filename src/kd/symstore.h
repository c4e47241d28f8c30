/* symstore.h: a symbol store in a folder of the host.
 *
 *      ROOT/NAME/KEY/NAME             ntkrnlmp.pdb/3844DBB9...2/ntkrnlmp.pdb
 *      ROOT/NA/NAME/KEY/NAME          when ROOT has a file index2.txt
 *
 * KEY is GUID and age of a PDB, time stamp and size of an image. Beside NAME there may be NAM_ (the
 * same, compressed as a cabinet) or file.ptr (a line that says where the file is). Who fills a
 * store writes a file beside its place and renames it, so that nobody ever sees half a file.
 *
 * Source: debugger documentation, "SymStore", "Using SymStore"; the layout of published stores.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Names of files in a place of a store: the file itself, compressed, a pointer to it. */
enum symstore_form { SYMSTORE_PLAIN, SYMSTORE_COMPRESSED, SYMSTORE_POINTER, SYMSTORE_FORMS };

/* "NAME/KEY/NAME", or its other forms, with two tiers when told so. NULL: out of memory. */
char *symstore_relative(bool two_tiers, const char *name, const char *key, enum symstore_form form);

/* The same below `root`, which is looked at for index2.txt. */
char *symstore_path(const char *root, const char *name, const char *key, enum symstore_form form);

/* What file.ptr says. */
enum symstore_pointer {
    SYMSTORE_POINTER_BAD,     /* neither of these */
    SYMSTORE_POINTER_PATH,    /* where the file is */
    SYMSTORE_POINTER_MESSAGE, /* why it is nowhere */
};
/* `text` gets path or message, whole or not at all. */
enum symstore_pointer symstore_parse_pointer(const char *bytes, size_t length, char *text,
                                             size_t size);

/* A file on its way into a store. */
struct symstore_file {
    char *path;      /* where it will be */
    char *temporary; /* where it is written */
    FILE *stream;
};

/* Make its folders and open it. => 0, or negative errno; then there is nothing to end */
int symstore_begin(const char *root, const char *name, const char *key, struct symstore_file *out);
/* Put it in its place. => 0, or negative errno; in both cases it is over, but `path` stays until
 * symstore_free */
int symstore_commit(struct symstore_file *file);
/* Forget it, and the folders that were made for it. */
void symstore_abort(struct symstore_file *file);
void symstore_free(struct symstore_file *file);

/* Write the first file of the cabinet `from` to `to`. => NULL, or what is wrong in one line */
const char *symstore_expand(const char *from, const char *to);
