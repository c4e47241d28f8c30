/* image_file.c: the host's copy of an image that is in guest memory.
 *
 * Pages of an image come into memory when they are first touched, so its exports, its debug record
 * and its unwind data may not be there. The file that the image was made of has them all; it lies
 * where the symbol path leads to under the image's name (symfind.h), and counts when size and time
 * stamp are equal.
 *
 * Names of files come from guest memory: only their last component is used.
 */
#include "kd/symbols_int.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

struct search {
    const struct kd_symbols *symbols;
    const struct kd_module *module;
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
static bool accept_image(void *context, const char *path)
{
    struct search *search = context;
    const struct kd_module *module = search->module;
    struct kd_image_file *file = &search->file;
    snprintf(file->path, sizeof file->path, "%s", path);
    if (!map_file(file))
        return false;
    bool image = pe_open(&file->image, file->bytes, file->size) == PE_OK;
    bool fits = image && pe_size_of_image(&file->image) == module->size &&
                (module->timestamp == 0 || file->image.file.TimeDateStamp == module->timestamp);
    kd_symbols_note(search->symbols, path,
                    fits    ? "OK"
                    : image ? "mismatched timestamp or size"
                            : "not an image, or damaged");
    if (!fits)
        close_image(file);
    return fits;
}

/* The folder in a symbol store: time stamp and size. */
static void store_key(const struct kd_module *module, char *text, size_t size)
{
    snprintf(text, size, "%08" PRIX32 "%" PRIx64, module->timestamp, module->size);
}

struct kd_image_file *kd_image_file(struct kd_symbols *symbols, struct kd_module_entry *entry)
{
    const struct kd_module *module = &entry->public;
    if (!entry->file_looked_for) {
        struct search search = {.symbols = symbols, .module = module};
        const char *name = kd_safe_file_name(module->image);
        char key[32];
        store_key(module, key, sizeof key);
        entry->file_looked_for = true;
        if (name && symfind_file(symbols->find, name, module->timestamp ? key : NULL, accept_image,
                                 &search)) {
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
