/* src/dump/triage_write.c: writing triage dumps.
 *
 *      0       header
 *      2000    TRIAGE_DUMP64: where everything is
 *              KPRCB, EPROCESS, ETHREAD, call stack, KDDEBUGGER_DATA64
 *              driver list, names of the drivers
 *              block list, the blocks' memory
 *              the word TRGD: it is complete
 *
 * It is put together in memory, since only then it is known what could be read. */
#include "dump/write.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dump/dump_int.h"

#define ALIGNMENT 8u
#define LEAST_ROOM 0x40000u
#define ALL_OPTIONS 0xFFFFFFFFu

struct image {
    uint8_t *bytes;
    size_t size, room;
    int error;
    const struct dump_triage *parts;
};

/* Make room for `size` more bytes, which are zero. => where; NULL: error is set */
static void *grow(struct image *image, size_t size)
{
    size_t start = (image->size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (image->error) {
        return NULL;
    }
    if (size > DUMP_TRIAGE_MOST || start + size > DUMP_TRIAGE_MOST) {
        image->error = -E2BIG;
        return NULL;
    }
    if (start + size > image->room) {
        size_t room = 2 * (start + size) > LEAST_ROOM ? 2 * (start + size) : LEAST_ROOM;
        uint8_t *bytes = realloc(image->bytes, room);
        if (!bytes) {
            image->error = -ENOMEM;
            return NULL;
        }
        image->bytes = bytes;
        image->room = room;
    }
    memset(image->bytes + image->size, 0, start + size - image->size);
    image->size = start + size;
    return image->bytes + start;
}

/* Copy guest memory. => how many bytes were there, *offset says where they are now */
static uint32_t save(struct image *image, struct dump_block block, uint32_t *offset)
{
    const struct dump_triage *parts = image->parts;
    uint8_t *to = block.size ? grow(image, block.size) : NULL;
    *offset = 0;
    if (!to) {
        return 0;
    }
    size_t got = parts->read(parts->context, block.va, to, block.size);
    image->size -= block.size - got;
    *offset = got ? (uint32_t)(to - image->bytes) : 0;
    return (uint32_t)got;
}

/* The same, all or nothing: these have no size of their own. */
static uint32_t save_whole(struct image *image, struct dump_block block)
{
    size_t before = image->size;
    uint32_t offset;
    if (save(image, block, &offset) == block.size) {
        return offset;
    }
    image->size = before;
    return 0;
}

static void save_names(struct image *image, struct _TRIAGE_DUMP64 *triage)
{
    const struct dump_triage *parts = image->parts;
    triage->StringPoolOffset = (uint32_t)image->size;
    for (size_t i = 0; i < parts->module_count; i++) {
        const char *name = parts->modules[i].name;
        uint32_t length = (uint32_t)strlen(name);
        uint8_t *to = grow(image, sizeof length + (length + 1) * sizeof(uint16_t));
        if (!to) {
            return;
        }
        memcpy(to, &length, sizeof length);
        for (uint32_t k = 0; k < length; k++) {
            to[sizeof length + 2 * k] = (uint8_t)name[k];
        }
        const uint32_t offset = (uint32_t)(to - image->bytes);
        memcpy(image->bytes + triage->DriverListOffset + i * sizeof(struct _TRIAGE_DRIVER64),
               &offset, sizeof offset);
    }
    triage->StringPoolSize = (uint32_t)image->size - triage->StringPoolOffset;
}

static void save_drivers(struct image *image, struct _TRIAGE_DUMP64 *triage)
{
    const struct dump_triage *parts = image->parts;
    struct _TRIAGE_DRIVER64 *drivers = grow(image, parts->module_count * sizeof *drivers);
    if (!drivers) {
        return;
    }
    triage->DriverListOffset = (uint32_t)((uint8_t *)drivers - image->bytes);
    triage->DriverCount = (uint32_t)parts->module_count;
    for (size_t i = 0; i < parts->module_count; i++) {
        drivers[i] = (struct _TRIAGE_DRIVER64){
            .DllBase = parts->modules[i].base,
            .SizeOfImage = parts->modules[i].size,
            .CheckSum = parts->modules[i].checksum,
            .TimeDateStamp = parts->modules[i].timestamp,
        };
    }
    save_names(image, triage);
}

static void save_blocks(struct image *image, struct _TRIAGE_DUMP64 *triage)
{
    const struct dump_triage *parts = image->parts;
    void *list = grow(image, parts->block_count * sizeof(struct _TRIAGE_DATA_BLOCK));
    if (!list) {
        return;
    }
    triage->DataBlocksOffset = (uint32_t)((uint8_t *)list - image->bytes);
    for (size_t i = 0; i < parts->block_count && !image->error; i++) {
        struct _TRIAGE_DATA_BLOCK block = {.Address = parts->blocks[i].va};
        block.Size = save(image, parts->blocks[i], &block.Offset);
        if (block.Size) {
            memcpy(image->bytes + triage->DataBlocksOffset +
                       triage->DataBlocksCount++ * sizeof block,
                   &block, sizeof block);
        }
    }
}

static void build(struct image *image, const struct dump_info *info)
{
    const struct dump_triage *parts = image->parts;
    struct _TRIAGE_DUMP64 triage = {
        .ContextOffset = offsetof(struct _DUMP_HEADER64, ContextRecord),
        .ExceptionOffset = offsetof(struct _DUMP_HEADER64, Exception),
        .TriageOptions = ALL_OPTIONS,
        .TopOfStack = parts->stack.va,
    };
    grow(image, DUMP_HEADER64_SIZE);
    grow(image, sizeof triage);
    triage.PrcbOffset = save_whole(image, parts->prcb);
    triage.ProcessOffset = save_whole(image, parts->process);
    triage.ThreadOffset = save_whole(image, parts->thread);
    triage.DebuggerDataOffset = save_whole(image, parts->debugger_data);
    triage.DebuggerDataSize = triage.DebuggerDataOffset ? (uint32_t)parts->debugger_data.size : 0;
    triage.SizeOfCallStack = save(image, parts->stack, &triage.CallStackOffset);
    save_drivers(image, &triage);
    save_blocks(image, &triage);
    uint32_t *valid = grow(image, sizeof *valid);
    if (!valid) {
        return;
    }
    *valid = DUMP_TRIAGE_VALID;
    triage.ValidOffset = (uint32_t)(image->size - sizeof *valid);
    triage.SizeOfDump = (uint32_t)image->size;
    dump_fill_header(info, image->size, (struct _DUMP_HEADER64 *)image->bytes);
    memcpy(image->bytes + DUMP_HEADER64_SIZE, &triage, sizeof triage);
}

FILE *dump_create_file(const char *path)
{
    struct stat status;
    if (lstat(path, &status) == 0 && S_ISREG(status.st_mode) && unlink(path) != 0) {
        return NULL;
    }
    return fopen(path, "wbe");
}

void dump_remove_file(const char *path)
{
    struct stat status;
    if (lstat(path, &status) == 0 && S_ISREG(status.st_mode)) {
        unlink(path);
    }
}

int dump_write_bytes(const char *path, const void *bytes, size_t size)
{
    FILE *file = dump_create_file(path);
    if (!file) {
        return -errno;
    }
    int error = fwrite(bytes, size, 1, file) == 1 ? 0 : -EIO;
    if (fclose(file) && !error) {
        error = -EIO;
    }
    if (error) {
        dump_remove_file(path);
    }
    return error;
}

int dump_write_triage(const char *path, const struct dump_info *info,
                      const struct dump_triage *triage)
{
    struct image image = {.parts = triage};
    struct dump_info own = *info;
    own.type = DUMP_TYPE_TRIAGE;
    build(&image, &own);
    int error = image.error ? image.error : dump_write_bytes(path, image.bytes, image.size);
    free(image.bytes);
    return error;
}
