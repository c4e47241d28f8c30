/* symstore.c: see symstore.h. */
#define _GNU_SOURCE 1 /* asprintf */

#include "kd/symstore.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <mspack.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_MODE 0777         /* less the umask */
#define MOST_EXPANDED (1u << 30) /* bytes; PDBs of whole kernels have 20 MB */

/* ---- names ---- */

char *symstore_relative(bool two_tiers, const char *name, const char *key, enum symstore_form form)
{
    char *path;
    size_t length = strlen(name);
    int tier = two_tiers ? (length < 2 ? (int)length : 2) : 0;
    const char *file = form == SYMSTORE_POINTER ? "file.ptr" : name;
    if (asprintf(&path, "%.*s%s%s/%s/%s", tier, name, tier ? "/" : "", name, key, file) < 0)
        return NULL;
    if (form == SYMSTORE_COMPRESSED)
        path[strlen(path) - 1] = '_';
    return path;
}

static bool has_two_tiers(const char *root)
{
    char *index;
    if (asprintf(&index, "%s/index2.txt", root) < 0)
        return false;
    bool there = access(index, F_OK) == 0;
    free(index);
    return there;
}

char *symstore_path(const char *root, const char *name, const char *key, enum symstore_form form)
{
    char *path = NULL;
    char *relative = symstore_relative(has_two_tiers(root), name, key, form);
    if (relative && asprintf(&path, "%s/%s", root, relative) < 0)
        path = NULL;
    free(relative);
    return path;
}

enum symstore_pointer symstore_parse_pointer(const char *bytes, size_t length, char *text,
                                             size_t size)
{
    static const char path[] = "PATH:", message[] = "MSG:";
    enum symstore_pointer kind = SYMSTORE_POINTER_PATH; /* the prefix may be missing */
    while (length && isspace((unsigned char)bytes[length - 1]))
        length--;
    if (length >= sizeof path - 1 && memcmp(bytes, path, sizeof path - 1) == 0) {
        bytes += sizeof path - 1;
        length -= sizeof path - 1;
    } else if (length >= sizeof message - 1 && memcmp(bytes, message, sizeof message - 1) == 0) {
        kind = SYMSTORE_POINTER_MESSAGE;
        bytes += sizeof message - 1;
        length -= sizeof message - 1;
    }
    for (size_t i = 0; i < length; i++) {
        if (iscntrl((unsigned char)bytes[i]))
            return SYMSTORE_POINTER_BAD;
    }
    if (length == 0 || length >= size)
        return SYMSTORE_POINTER_BAD;
    memcpy(text, bytes, length);
    text[length] = 0;
    return kind;
}

/* ---- filling a store ---- */

/* Make every folder above the file `path`. */
static int make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        int error = mkdir(path, FOLDER_MODE) == 0 || errno == EEXIST ? 0 : -errno;
        *slash = '/';
        if (error)
            return error;
    }
    return 0;
}

/* Remove the two folders made for a file, as far as they are empty. */
static void remove_folders(const char *path)
{
    char *folder = strdup(path);
    for (int i = 0; folder && i < 2; i++) {
        char *slash = strrchr(folder, '/');
        if (!slash)
            break;
        *slash = 0;
        if (rmdir(folder) != 0)
            break;
    }
    free(folder);
}

int symstore_begin(const char *root, const char *name, const char *key, struct symstore_file *out)
{
    int error = -ENOMEM, fd = -1;
    *out = (struct symstore_file){.path = symstore_path(root, name, key, SYMSTORE_PLAIN)};
    if (!out->path || asprintf(&out->temporary, "%s.XXXXXX", out->path) < 0) {
        out->temporary = NULL;
        goto failed;
    }
    if ((error = make_folders(out->path)) != 0)
        goto failed;
    fd = mkostemp(out->temporary, O_CLOEXEC);
    out->stream = fd >= 0 ? fdopen(fd, "wb") : NULL;
    if (!out->stream) {
        error = -errno;
        if (fd >= 0) {
            close(fd);
            unlink(out->temporary);
        }
        remove_folders(out->path);
        goto failed;
    }
    return 0;
failed:
    symstore_free(out);
    return error;
}

int symstore_commit(struct symstore_file *file)
{
    int error = 0;
    mode_t mask = umask(0);
    umask(mask);
    /* mkostemp makes files that only their owner may read; a store may be shared. */
    if (fchmod(fileno(file->stream), 0666 & ~mask) != 0 || fflush(file->stream) != 0)
        error = -errno;
    if (fclose(file->stream) != 0 && !error)
        error = -errno;
    file->stream = NULL;
    if (!error && rename(file->temporary, file->path) != 0)
        error = -errno;
    if (error) {
        unlink(file->temporary);
        remove_folders(file->path);
    }
    return error;
}

void symstore_abort(struct symstore_file *file)
{
    if (file->stream)
        fclose(file->stream);
    unlink(file->temporary);
    remove_folders(file->path);
    symstore_free(file);
}

void symstore_free(struct symstore_file *file)
{
    free(file->path);
    free(file->temporary);
    *file = (struct symstore_file){0};
}

/* ---- cabinets ---- */

static const char *expand_first(struct mscab_decompressor *cab, struct mscabd_cabinet *cabinet,
                                const char *to)
{
    if (!cabinet->files)
        return "the cabinet is empty";
    if (cabinet->files->length > MOST_EXPANDED)
        return "the cabinet's file has more than 1 GB";
    if (cab->extract(cab, cabinet->files, to) == MSPACK_ERR_OK)
        return NULL;
    return cab->last_error(cab) == MSPACK_ERR_WRITE ? "the expanded file cannot be written"
                                                    : "the cabinet is damaged";
}

const char *symstore_expand(const char *from, const char *to)
{
    struct mscab_decompressor *cab = mspack_create_cab_decompressor(NULL);
    if (!cab)
        return "out of memory";
    struct mscabd_cabinet *cabinet = cab->open(cab, from);
    const char *wrong = cabinet ? expand_first(cab, cabinet, to) : "not a cabinet";
    if (cabinet)
        cab->close(cab, cabinet);
    mspack_destroy_cab_decompressor(cab);
    return wrong;
}
