/* image_file.c: the host's copy of an image that is in guest memory.
 *
 * Pages of an image come into memory when they are first touched, so its exports, its debug record
 * and its unwind data may not be there. The file that the image was made of has them all; it lies
 * in one of the folders of the symbol path, under the image's name, and counts when size and time
 * stamp are equal.
 *
 * Names of files come from guest memory: only their last component is used.
 */
#include "kd/symbols_int.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

const char *kd_safe_file_name(const char *path)
{
    const char *name = path;
    for (const char *p = path; *p; p++) {
        if (*p == '\\' || *p == '/' || *p == ':')
            name = p + 1;
    }
    return *name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 ? name : NULL;
}

bool kd_each_symbol_folder(const struct kd_symbols *symbols,
                           bool (*visit)(void *context, const char *folder), void *context)
{
    for (const char *p = symbols->path; *p;) {
        size_t length = strcspn(p, ";*");
        bool keyword =
            p[length] == '*' && (length == 3 || length == 5 || length == 6) &&
            (strncasecmp(p, "srv", length) == 0 || strncasecmp(p, "cache", length) == 0 ||
             strncasecmp(p, "symsrv", length) == 0);
        char *folder = keyword || length == 0 ? NULL : strndup(p, length);
        bool done = folder && !strstr(folder, "://") && visit(context, folder);
        free(folder);
        if (done)
            return true;
        p += length;
        p += *p != 0;
    }
    return false;
}

struct search {
    const struct kd_module *module;
    const char *name;
    struct kd_image_file file;
};

static void close_image(struct kd_image_file *file)
{
    if (file->bytes)
        munmap(file->bytes, file->size);
    file->bytes = NULL;
}

static bool map_file(struct kd_image_file *file)
{
    struct stat st;
    int fd = open(file->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    void *bytes = MAP_FAILED;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
        bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (bytes == MAP_FAILED)
        return false;
    file->bytes = bytes;
    file->size = (size_t)st.st_size;
    return true;
}

/* Is the file at `path` the image? A module whose headers are not in memory has no time stamp; its
 * size must do. */
static bool try_image(struct search *search)
{
    const struct kd_module *module = search->module;
    struct kd_image_file *file = &search->file;
    if (!map_file(file))
        return false;
    if (pe_open(&file->image, file->bytes, file->size) == PE_OK &&
        pe_size_of_image(&file->image) == module->size &&
        (module->timestamp == 0 || file->image.file.TimeDateStamp == module->timestamp))
        return true;
    close_image(file);
    return false;
}

static bool search_image(void *context, const char *folder)
{
    struct search *search = context;
    struct kd_image_file *file = &search->file;
    snprintf(file->path, sizeof file->path, "%s/%s", folder, search->name);
    if (try_image(search))
        return true;
    size_t start = strlen(folder) + 1;
    for (char *p = file->path; *p && start < sizeof file->path; p++) {
        if ((size_t)(p - file->path) >= start)
            *p = (char)tolower((unsigned char)*p);
    }
    return try_image(search);
}

struct kd_image_file *kd_image_file(struct kd_symbols *symbols, struct kd_module_entry *entry)
{
    if (!entry->file_looked_for) {
        struct search search = {.module = &entry->public,
                                .name = kd_safe_file_name(entry->public.image)};
        entry->file_looked_for = true;
        if (search.name && kd_each_symbol_folder(symbols, search_image, &search)) {
            entry->file = malloc(sizeof *entry->file);
            if (entry->file)
                *entry->file = search.file;
            else
                close_image(&search.file);
        }
    }
    return entry->file;
}

void kd_image_file_close(struct kd_module_entry *entry)
{
    if (entry->file)
        close_image(entry->file);
    free(entry->file);
    entry->file = NULL;
    entry->file_looked_for = false;
}

bool kd_module_image(struct kd_symbols *symbols, const struct kd_module *module,
                     struct pe_image *image)
{
    struct kd_image_file *file = kd_image_file(symbols, kd_module_entry(module));
    if (file) {
        *image = file->image;
        return true;
    }
    return kd_image_open(symbols, module->base, image) == PE_OK;
}
