/* src/dump/minidump_write.c: writing dumps of one process.
 *
 *      header, directory of streams, streams       put together in memory: lists, names, contexts
 *      memory, range by range                      copied from the source, a piece at a time
 *
 * Where a range's bytes will be is known before any of them is read, so that lists can name it:
 * ranges are readable as a whole. A file that could not be completed is removed.
 *
 * Source: documentation of minidumpapiset.h. */
#include "dump/write.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dump/dump_int.h"
#include "dump/minidump_layout.h"

#define ALIGNMENT 8u
#define LEAST_ROOM 0x10000u
#define MOST_STREAMS 16u
#define MOST_METADATA (256u << 20)
#define PIECE 0x10000u
#define PRODUCT_WORKSTATION 1u
#define PLATFORM_NT 2u

struct image {
    uint8_t *bytes;
    size_t size, room;
    int error;
    const struct dump_info *info;
    const struct dump_minidump *parts;
    struct _MINIDUMP_DIRECTORY directory[MOST_STREAMS];
    uint32_t streams;
    uint64_t memory_at;  /* offset of the first range; the others follow */
    uint32_t threads_at; /* offset of the first MINIDUMP_THREAD */
};

/* Room for `size` more bytes, which are zero. => its offset; 0: error is set */
static uint32_t grow(struct image *image, size_t size)
{
    size_t start = (image->size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (image->error) {
        return 0;
    }
    if (size > MOST_METADATA || start + size > MOST_METADATA) {
        image->error = -E2BIG;
        return 0;
    }
    if (start + size > image->room) {
        size_t room = 2 * (start + size) > LEAST_ROOM ? 2 * (start + size) : LEAST_ROOM;
        uint8_t *bytes = realloc(image->bytes, room);
        if (!bytes) {
            image->error = -ENOMEM;
            return 0;
        }
        image->bytes = bytes;
        image->room = room;
    }
    memset(image->bytes + image->size, 0, start + size - image->size);
    image->size = start + size;
    return (uint32_t)start;
}

static void put_at(struct image *image, uint32_t offset, const void *bytes, size_t size)
{
    if (!image->error) {
        memcpy(image->bytes + offset, bytes, size);
    }
}

static struct _MINIDUMP_LOCATION put(struct image *image, const void *bytes, size_t size)
{
    uint32_t at = grow(image, size);
    put_at(image, at, bytes, size);
    return (struct _MINIDUMP_LOCATION){(uint32_t)size, at};
}

/* A MINIDUMP_STRING: bytes without the final zero, UTF-16. => its offset */
static uint32_t put_string(struct image *image, const char *text)
{
    uint32_t length = (uint32_t)strlen(text), bytes = length * (uint32_t)sizeof(uint16_t);
    uint32_t at = grow(image, sizeof bytes + bytes + sizeof(uint16_t));
    put_at(image, at, &bytes, sizeof bytes);
    for (uint32_t i = 0; i < length && !image->error; i++) {
        image->bytes[at + sizeof bytes + 2 * i] = (uint8_t)text[i];
    }
    return at;
}

static void add_stream(struct image *image, enum minidump_stream type,
                       struct _MINIDUMP_LOCATION location)
{
    image->directory[image->streams++] = (struct _MINIDUMP_DIRECTORY){type, location};
}

/* A stream that is a head and elements of `size` bytes. => offset of the first element */
static uint32_t add_list_with(struct image *image, enum minidump_stream type, const void *head,
                              size_t head_size, size_t count, size_t size)
{
    size_t bytes = head_size + count * size;
    uint32_t at = grow(image, bytes);
    put_at(image, at, head, head_size);
    add_stream(image, type, (struct _MINIDUMP_LOCATION){(uint32_t)bytes, at});
    return at + (uint32_t)head_size;
}

/* One whose head is a count: the elements follow it directly, which leaves them at 4 modulo 8. */
static uint32_t add_list(struct image *image, enum minidump_stream type, size_t count, size_t size)
{
    uint32_t number = (uint32_t)count;
    return add_list_with(image, type, &number, sizeof number, count, size);
}

/* ---- streams ---- */

static void add_system(struct image *image)
{
    const struct dump_info *info = image->info;
    const struct _MINIDUMP_SYSTEM_INFO system = {
        .ProcessorArchitecture = MINIDUMP_AMD64,
        .NumberOfProcessors = (UCHAR)info->processors,
        .ProductType = PRODUCT_WORKSTATION,
        .MajorVersion = info->major,
        .MinorVersion = info->minor,
        .BuildNumber = info->build,
        .PlatformId = PLATFORM_NT,
        .CSDVersionRva = put_string(image, image->parts->service_pack),
    };
    add_stream(image, MINIDUMP_SYSTEM, put(image, &system, sizeof system));
    const struct _MINIDUMP_MISC_INFO misc = {
        .SizeOfInfo = sizeof misc,
        .Flags1 = MINIDUMP_MISC_PROCESS_ID | MINIDUMP_MISC_TIMES,
        .ProcessId = info->process_id,
        .ProcessCreateTime = image->parts->create_time,
        .ProcessUserTime = image->parts->user_time,
        .ProcessKernelTime = image->parts->kernel_time,
    };
    add_stream(image, MINIDUMP_MISC, put(image, &misc, sizeof misc));
}

static struct _MINIDUMP_LOCATION put_context(struct image *image, const struct _CONTEXT *context)
{
    return put(image, context, sizeof *context);
}

/* Where the memory at `va` is in the file, if it is as a whole and within reach of 32 bits. */
static uint32_t offset_of(const struct image *image, struct dump_block wanted)
{
    uint64_t at = image->memory_at;
    for (size_t i = 0; i < image->parts->block_count; i++) {
        const struct dump_block *block = &image->parts->blocks[i];
        uint64_t distance = wanted.va - block->va;
        if (distance < block->size && wanted.size <= block->size - distance) {
            uint64_t offset = at + distance;
            return offset <= UINT32_MAX - wanted.size ? (uint32_t)offset : 0;
        }
        at += block->size;
    }
    return 0;
}

static void add_threads(struct image *image)
{
    const struct dump_minidump *parts = image->parts;
    uint32_t at =
        add_list(image, MINIDUMP_THREADS, parts->thread_count, sizeof(struct _MINIDUMP_THREAD));
    for (size_t i = 0; i < parts->thread_count; i++) {
        const struct dump_minidump_thread *t = &parts->threads[i];
        struct _MINIDUMP_THREAD thread = {
            .ThreadId = t->thread.id,
            .SuspendCount = t->thread.suspended,
            .PriorityClass = parts->priority_class,
            .Priority = t->priority,
            .Teb = t->thread.teb,
            .Stack = {t->stack.va, {(uint32_t)t->stack.size, 0}},
        };
        if (t->thread.has_context) {
            thread.ThreadContext = put_context(image, &t->thread.context);
        }
        put_at(image, at + (uint32_t)(i * sizeof thread), &thread, sizeof thread);
    }
    image->threads_at = at;
}

static struct _MINIDUMP_LOCATION put_debug_record(struct image *image,
                                                  const struct dump_module *module)
{
    if (!module->has_debug_record) {
        return (struct _MINIDUMP_LOCATION){0, 0};
    }
    struct _MINIDUMP_CODEVIEW record = {.Signature = MINIDUMP_RSDS, .Age = module->age};
    size_t name = strlen(module->pdb) + 1;
    memcpy(record.Guid, module->guid, sizeof record.Guid);
    uint32_t at = grow(image, sizeof record + name);
    put_at(image, at, &record, sizeof record);
    put_at(image, at + (uint32_t)sizeof record, module->pdb, name);
    return (struct _MINIDUMP_LOCATION){(uint32_t)(sizeof record + name), at};
}

static void add_modules(struct image *image)
{
    const struct dump_minidump *parts = image->parts;
    uint32_t at =
        add_list(image, MINIDUMP_MODULES, parts->module_count, sizeof(struct _MINIDUMP_MODULE));
    for (size_t i = 0; i < parts->module_count; i++) {
        const struct dump_module *m = &parts->modules[i];
        struct _MINIDUMP_MODULE module = {
            .BaseOfImage = m->base,
            .SizeOfImage = m->size,
            .CheckSum = m->checksum,
            .TimeDateStamp = m->timestamp,
            .ModuleNameRva = put_string(image, m->name),
        };
        module.CvRecord = put_debug_record(image, m);
        put_at(image, at + (uint32_t)(i * sizeof module), &module, sizeof module);
    }
}

static void add_exception(struct image *image)
{
    const struct dump_info *info = image->info;
    if (!info->has_exception || info->exception_thread >= image->parts->thread_count) {
        return;
    }
    const struct dump_minidump_thread *t = &image->parts->threads[info->exception_thread];
    struct _MINIDUMP_EXCEPTION_STREAM exception = {.ThreadId = t->thread.id,
                                                   .ExceptionRecord = info->exception};
    if (t->thread.has_context) {
        exception.ThreadContext = put_context(image, &t->thread.context);
    }
    add_stream(image, MINIDUMP_EXCEPTION_OF, put(image, &exception, sizeof exception));
}

static void add_thread_times(struct image *image)
{
    const struct dump_minidump *parts = image->parts;
    const struct _MINIDUMP_THREAD_INFO_LIST head = {
        sizeof head, sizeof(struct _MINIDUMP_THREAD_INFO), (ULONG)parts->thread_count};
    if (!parts->with_thread_times) {
        return;
    }
    uint32_t at = add_list_with(image, MINIDUMP_THREAD_TIMES, &head, sizeof head,
                                parts->thread_count, sizeof(struct _MINIDUMP_THREAD_INFO));
    for (size_t i = 0; i < parts->thread_count; i++) {
        const struct dump_minidump_thread *t = &parts->threads[i];
        const struct _MINIDUMP_THREAD_INFO info = {
            .ThreadId = t->thread.id,
            .ExitStatus = t->exit_status,
            .CreateTime = t->create_time,
            .ExitTime = t->exit_time,
            .KernelTime = t->kernel_time,
            .UserTime = t->user_time,
            .StartAddress = t->start_address,
            .Affinity = t->affinity,
        };
        put_at(image, at + (uint32_t)(i * sizeof info), &info, sizeof info);
    }
}

static void add_regions(struct image *image)
{
    const struct dump_minidump *parts = image->parts;
    const struct _MINIDUMP_MEMORY_INFO_LIST head = {
        sizeof head, sizeof(struct _MINIDUMP_MEMORY_INFO), parts->region_count};
    if (parts->region_count == 0) {
        return;
    }
    uint32_t at = add_list_with(image, MINIDUMP_REGIONS, &head, sizeof head, parts->region_count,
                                sizeof(struct _MINIDUMP_MEMORY_INFO));
    for (size_t i = 0; i < parts->region_count; i++) {
        const struct dump_region *r = &parts->regions[i];
        const struct _MINIDUMP_MEMORY_INFO info = {
            .BaseAddress = r->base,
            .AllocationBase = r->allocation_base,
            .AllocationProtect = r->allocation_protect,
            .RegionSize = r->size,
            .State = r->state,
            .Protect = r->protect,
            .Type = r->type,
        };
        put_at(image, at + (uint32_t)(i * sizeof info), &info, sizeof info);
    }
}

static void add_handles(struct image *image)
{
    const struct dump_minidump *parts = image->parts;
    const struct _MINIDUMP_HANDLE_LIST head = {sizeof head, sizeof(struct _MINIDUMP_HANDLE),
                                               (ULONG)parts->handle_count, 0};
    if (parts->handle_count == 0) {
        return;
    }
    uint32_t at = add_list_with(image, MINIDUMP_HANDLES, &head, sizeof head, parts->handle_count,
                                sizeof(struct _MINIDUMP_HANDLE));
    for (size_t i = 0; i < parts->handle_count; i++) {
        const struct dump_handle *h = &parts->handles[i];
        const struct _MINIDUMP_HANDLE handle = {
            .Handle = h->handle,
            .TypeNameRva = *h->type ? put_string(image, h->type) : 0,
            .ObjectNameRva = *h->name ? put_string(image, h->name) : 0,
            .Attributes = h->attributes,
            .GrantedAccess = h->access,
            .HandleCount = h->handles,
            .PointerCount = h->pointers,
        };
        put_at(image, at + (uint32_t)(i * sizeof handle), &handle, sizeof handle);
    }
}

/* ---- memory ---- */

/* The list; its offsets come when all streams have their place. => offset of its elements */
static uint32_t add_memory(struct image *image)
{
    const struct dump_minidump *parts = image->parts;
    if (!parts->full) {
        return add_list(image, MINIDUMP_MEMORY, parts->block_count,
                        sizeof(struct _MINIDUMP_MEMORY_DESCRIPTOR));
    }
    size_t size = sizeof(struct _MINIDUMP_MEMORY64_LIST) +
                  parts->block_count * sizeof(struct _MINIDUMP_MEMORY_DESCRIPTOR64);
    uint32_t at = grow(image, size);
    add_stream(image, MINIDUMP_MEMORY64, (struct _MINIDUMP_LOCATION){(ULONG)size, at});
    return at;
}

static void place_memory64(struct image *image, uint32_t at)
{
    const struct dump_minidump *parts = image->parts;
    const struct _MINIDUMP_MEMORY64_LIST head = {parts->block_count, image->memory_at};
    put_at(image, at, &head, sizeof head);
    for (size_t i = 0; i < parts->block_count; i++) {
        const struct _MINIDUMP_MEMORY_DESCRIPTOR64 range = {parts->blocks[i].va,
                                                            parts->blocks[i].size};
        put_at(image, at + (uint32_t)(sizeof head + i * sizeof range), &range, sizeof range);
    }
}

static void place_memory(struct image *image, uint32_t at)
{
    const struct dump_minidump *parts = image->parts;
    uint64_t offset = image->memory_at;
    for (size_t i = 0; i < parts->block_count && !image->error; i++) {
        const struct dump_block *block = &parts->blocks[i];
        if (block->size > UINT32_MAX - offset) {
            image->error = -E2BIG; /* such a list names offsets by 32 bits */
            return;
        }
        const struct _MINIDUMP_MEMORY_DESCRIPTOR range = {block->va,
                                                          {(ULONG)block->size, (ULONG)offset}};
        put_at(image, at + (uint32_t)(i * sizeof range), &range, sizeof range);
        offset += block->size;
    }
}

/* In a dump without all memory, stacks are found through their threads too. */
static void place_stacks(struct image *image)
{
    const size_t rva = offsetof(struct _MINIDUMP_THREAD, Stack.Memory.Rva);
    for (size_t i = 0; i < image->parts->thread_count; i++) {
        uint32_t offset = offset_of(image, image->parts->threads[i].stack);
        put_at(image, image->threads_at + (uint32_t)(i * sizeof(struct _MINIDUMP_THREAD) + rva),
               &offset, sizeof offset);
    }
}

/* ---- the file ---- */

static void build(struct image *image)
{
    const struct dump_minidump *parts = image->parts;
    grow(image, sizeof(struct _MINIDUMP_HEADER));
    uint32_t directory = grow(image, sizeof image->directory);
    add_system(image);
    add_threads(image);
    add_modules(image);
    add_exception(image);
    add_thread_times(image);
    add_regions(image);
    add_handles(image);
    uint32_t memory = add_memory(image);
    image->memory_at = grow(image, 0);
    if (parts->full) {
        place_memory64(image, memory);
    } else {
        place_memory(image, memory);
        place_stacks(image);
    }
    const struct _MINIDUMP_HEADER header = {
        .Signature = MINIDUMP_SIGNATURE,
        .Version = MINIDUMP_VERSION,
        .NumberOfStreams = image->streams,
        .StreamDirectoryRva = directory,
        .TimeDateStamp = image->info->time_stamp,
        .Flags = parts->flags,
    };
    put_at(image, 0, &header, sizeof header);
    put_at(image, directory, image->directory, image->streams * sizeof *image->directory);
}

static int write_block(FILE *file, const struct dump_minidump *parts,
                       const struct dump_block *block)
{
    uint8_t piece[PIECE];
    for (uint64_t done = 0; done < block->size;) {
        size_t size =
            block->size - done < sizeof piece ? (size_t)(block->size - done) : sizeof piece;
        if (parts->read(parts->context, block->va + done, piece, size) != size) {
            return -EFAULT;
        }
        if (fwrite(piece, size, 1, file) != 1) {
            return -EIO;
        }
        done += size;
    }
    return 0;
}

static int write_file(FILE *file, const struct image *image)
{
    const struct dump_minidump *parts = image->parts;
    if (fwrite(image->bytes, image->size, 1, file) != 1) {
        return -EIO;
    }
    for (size_t i = 0; i < parts->block_count; i++) {
        int error = write_block(file, parts, &parts->blocks[i]);
        if (error) {
            return error;
        }
        if (parts->go_on && !parts->go_on(parts->context, i, parts->block_count)) {
            return -EINTR;
        }
    }
    return 0;
}

int dump_write_minidump(const char *path, const struct dump_info *info,
                        const struct dump_minidump *parts)
{
    struct image image = {.info = info, .parts = parts};
    build(&image);
    int error = image.error;
    FILE *file = error ? NULL : dump_create_file(path);
    if (!error && !file) {
        error = -errno;
    }
    if (file) {
        error = write_file(file, &image);
        if (fclose(file) && !error) {
            error = -EIO;
        }
        if (error) {
            dump_remove_file(path);
        }
    }
    free(image.bytes);
    return error;
}
