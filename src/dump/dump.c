/* src/dump/dump.c: opening a file, and reading through its format.
 *
 * A Windows dump's header is the same for all its types, so it is taken apart here; the formats
 * then build the table that says where memory is. Nothing of the memory itself is touched. */
#include "dump/dump_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MACHINE_AMD64 0x8664u
#define MOST_PROCESSORS 2048u
#define SIGNATURE_PAGE32 0x504D5544u /* DUMP, where 64-bit dumps have DU64 */

static const struct dump_format *const formats[] = {
    &dump_format_full,     &dump_format_bitmap, &dump_format_ranges, &dump_format_triage,
    &dump_format_minidump, &dump_format_lime,   &dump_format_elf,    &dump_format_raw,
};

int dump_damaged(struct dump_file *file, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(file->reason, DUMP_REASON_SIZE, format, list);
    va_end(list);
    return -ENOEXEC;
}

/* ---- ranges ---- */

int dump_add_range(struct dump_file *file, uint64_t start, uint64_t size, uint64_t offset)
{
    if (size == 0) {
        return 0;
    }
    if (size - 1 > UINT64_MAX - start) {
        return dump_damaged(file, "damaged: memory at 0x%llx wraps around the address space",
                            (unsigned long long)start);
    }
    if (!reader_has(&file->reader, offset, size)) {
        return dump_damaged(file,
                            "truncated: memory at 0x%llx should be at offset 0x%llx, but the file "
                            "ends at 0x%llx",
                            (unsigned long long)start, (unsigned long long)offset,
                            (unsigned long long)file->reader.size);
    }
    if (file->range_count == file->range_room) {
        size_t room = file->range_room ? 2 * file->range_room : 64;
        if (room > DUMP_MOST_RANGES) {
            return dump_damaged(file, "damaged: more than %u pieces of memory", DUMP_MOST_RANGES);
        }
        struct dump_range *ranges = realloc(file->ranges, room * sizeof *ranges);
        if (!ranges) {
            return -ENOMEM;
        }
        file->ranges = ranges;
        file->range_room = room;
    }
    file->ranges[file->range_count++] =
        (struct dump_range){.start = start, .size = size, .offset = offset};
    return 0;
}

static int by_start(const void *left, const void *right)
{
    const struct dump_range *a = left, *b = right;
    if (a->start != b->start) {
        return a->start < b->start ? -1 : 1;
    }
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

int dump_sort_ranges(struct dump_file *file, bool may_overlap)
{
    struct dump_range *ranges = file->ranges;
    if (file->range_count == 0) {
        return dump_damaged(file, "damaged: the file holds no memory");
    }
    qsort(ranges, file->range_count, sizeof *ranges, by_start);
    size_t kept = 1;
    for (size_t i = 1; i < file->range_count; i++) {
        const struct dump_range *before = &ranges[kept - 1];
        struct dump_range next = ranges[i];
        uint64_t distance = next.start - before->start;
        if (distance < before->size) {
            uint64_t overlap = before->size - distance;
            if (!may_overlap) {
                return dump_damaged(file, "damaged: memory at 0x%llx is there twice",
                                    (unsigned long long)next.start);
            }
            if (overlap >= next.size) {
                continue;
            }
            next = (struct dump_range){next.start + overlap, next.size - overlap,
                                       next.offset + overlap};
        }
        ranges[kept++] = next;
    }
    file->range_count = kept;
    file->info.physical_size = ranges[kept - 1].start + ranges[kept - 1].size;
    return 0;
}

/* Index of the first range that begins above `address`. */
static size_t range_above(const struct dump_file *file, uint64_t address)
{
    size_t low = 0, high = file->range_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (file->ranges[middle].start <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

bool dump_locate_range(const struct dump_file *file, uint64_t address, uint64_t *offset,
                       uint64_t *available)
{
    size_t above = range_above(file, address);
    if (above == 0 || address - file->ranges[above - 1].start >= file->ranges[above - 1].size) {
        return false;
    }
    const struct dump_range *range = &file->ranges[above - 1];
    *offset = range->offset + (address - range->start);
    *available = range->size - (address - range->start);
    return true;
}

/* ---- the header of Windows dumps ---- */

static bool is_windows_dump(const struct dump_file *file)
{
    uint32_t signature, valid;
    return reader_u32(&file->reader, 0, &signature) && reader_u32(&file->reader, 4, &valid) &&
           signature == DUMP_SIGNATURE64 && valid == DUMP_VALID_DUMP64;
}

static bool repeats_page(const void *bytes)
{
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    return word == DUMP_SIGNATURE64;
}

static void take_header(struct dump_info *info, const struct _DUMP_HEADER64 *header)
{
    *info = (struct dump_info){
        .type = header->DumpType,
        .major = header->MajorVersion,
        .build = header->MinorVersion,
        .processors = header->NumberProcessors,
        .directory_base = header->DirectoryTableBase,
        .pfn_database = header->PfnDataBase,
        .loaded_modules = header->PsLoadedModuleList,
        .active_processes = header->PsActiveProcessHead,
        .debugger_data = header->KdDebuggerDataBlock,
        .bugcheck = header->BugCheckCode,
        .exception = header->Exception,
        .system_time = header->SystemTime,
        .up_time = header->SystemUpTime,
    };
    memcpy(info->bugcheck_parameter, header->BugCheckParameter, sizeof info->bugcheck_parameter);
    memcpy(&info->context, header->ContextRecord, sizeof info->context);
    info->has_context = !repeats_page(&info->context);
    info->has_exception = !repeats_page(&header->Exception) && header->Exception.ExceptionCode;
    if (!repeats_page(header->Comment)) {
        memcpy(info->comment, header->Comment, sizeof header->Comment);
    }
}

static int read_header(struct dump_file *file)
{
    struct _DUMP_HEADER64 *header = malloc(sizeof *header);
    int error = 0;
    if (!header) {
        return -ENOMEM;
    }
    if (!reader_read(&file->reader, 0, header, sizeof *header)) {
        error = dump_damaged(file, "truncated: 0x%llx bytes, and the header alone has 0x%x",
                             (unsigned long long)file->reader.size, DUMP_HEADER64_SIZE);
    } else if (header->MachineImageType != MACHINE_AMD64) {
        error = dump_damaged(file, "a dump of machine type 0x%x; only x64 (0x8664) can be read",
                             header->MachineImageType);
    } else if (header->NumberProcessors == 0 || header->NumberProcessors > MOST_PROCESSORS) {
        error =
            dump_damaged(file, "damaged: a machine with %u processors", header->NumberProcessors);
    } else {
        take_header(&file->info, header);
    }
    free(header);
    return error;
}

/* ---- opening ---- */

static int refuse_known(struct dump_file *file)
{
    uint32_t first = 0, second = 0;
    reader_u32(&file->reader, 0, &first);
    reader_u32(&file->reader, 4, &second);
    if (first == DUMP_SIGNATURE64 && second == SIGNATURE_PAGE32) {
        return dump_damaged(file, "a dump of a 32-bit machine; only x64 can be read");
    }
    return 0;
}

static int open_format(struct dump_file *file)
{
    int error = is_windows_dump(file) ? read_header(file) : refuse_known(file);
    if (error) {
        return error;
    }
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (!formats[i]->claims(file)) {
            continue;
        }
        file->format = formats[i];
        file->info.format = formats[i]->name;
        error = formats[i]->open(file);
        if (error == 0 && file->info.directory_base == 0 && !file->info.virtual_only) {
            dump_find_directory(file);
        }
        return error;
    }
    if (file->info.type != 0) {
        return dump_damaged(file, "a kernel dump of type %u, which cannot be read",
                            file->info.type);
    }
    return dump_damaged(file, "not a dump: no known signature, and no whole number of pages");
}

static int open_reader(struct byte_reader reader, struct dump_file **out,
                       char reason[DUMP_REASON_SIZE])
{
    struct dump_file *file = calloc(1, sizeof *file);
    if (!file) {
        snprintf(reason, DUMP_REASON_SIZE, "out of memory");
        return -ENOMEM;
    }
    file->reader = reader;
    file->reason = reason;
    int error =
        reader.size ? open_format(file) : dump_damaged(file, "not a dump: the file is empty");
    if (error) {
        if (error == -ENOMEM) {
            snprintf(reason, DUMP_REASON_SIZE, "out of memory");
        }
        dump_close(file);
        return error;
    }
    file->reason = NULL;
    if (file->info.processors == 0) {
        file->info.processors = 1;
    }
    *out = file;
    return 0;
}

int dump_open_bytes(const void *bytes, size_t size, struct dump_file **out,
                    char reason[DUMP_REASON_SIZE])
{
    return open_reader(reader_of_bytes(bytes, size), out, reason);
}

int dump_open(const char *path, struct dump_file **out, char reason[DUMP_REASON_SIZE])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0) {
        int error = -errno;
        snprintf(reason, DUMP_REASON_SIZE, "%s", strerror(-error));
        if (fd >= 0) {
            close(fd);
        }
        return error;
    }
    size_t size = S_ISREG(status.st_mode) && status.st_size > 0 ? (size_t)status.st_size : 0;
    void *map = size ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
    int error = map == MAP_FAILED ? -errno : 0;
    close(fd);
    if (error || !map) {
        snprintf(reason, DUMP_REASON_SIZE, "%s", error ? strerror(-error) : "not a dump: no bytes");
        return error ? error : -ENOEXEC;
    }
    error = open_reader(reader_of_bytes(map, size), out, reason);
    if (error) {
        munmap(map, size);
        return error;
    }
    (*out)->map = map;
    (*out)->map_size = size;
    return 0;
}

void dump_close(struct dump_file *file)
{
    if (!file) {
        return;
    }
    if (file->map) {
        munmap(file->map, file->map_size);
    }
    free(file->ranges);
    free(file->rank);
    free(file);
}

/* ---- reading ---- */

const struct dump_info *dump_get_info(const struct dump_file *file)
{
    return &file->info;
}

size_t dump_copy(const struct dump_file *file, uint64_t address, void *buffer, size_t size)
{
    size_t done = 0;
    while (done < size && done <= UINT64_MAX - address) {
        uint64_t offset, available;
        if (!file->format->locate(file, address + done, &offset, &available)) {
            break;
        }
        size_t piece = available < size - done ? (size_t)available : size - done;
        if (!reader_read(&file->reader, offset, (char *)buffer + done, piece)) {
            break;
        }
        done += piece;
    }
    return done;
}

int dump_read_physical(const struct dump_file *file, uint64_t pa, void *buffer, size_t size)
{
    if (file->info.virtual_only) {
        return -ENOTSUP;
    }
    return dump_copy(file, pa, buffer, size) == size ? 0 : -EFAULT;
}

size_t dump_read_virtual(const struct dump_file *file, uint64_t va, void *buffer, size_t size)
{
    return file->info.virtual_only ? dump_copy(file, va, buffer, size) : 0;
}

size_t dump_module_count(const struct dump_file *file)
{
    return file->format->count_modules ? file->format->count_modules(file) : 0;
}

bool dump_get_module(const struct dump_file *file, size_t i, struct dump_module *out)
{
    *out = (struct dump_module){0};
    return i < dump_module_count(file) && file->format->get_module(file, i, out);
}

bool dump_read_name(const struct dump_file *file, uint64_t offset, uint32_t count, char *name,
                    size_t size)
{
    if (count == 0 || count >= size) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint16_t unit;
        if (!reader_u16(&file->reader, offset + i * sizeof unit, &unit)) {
            return false;
        }
        name[i] = unit >= 0x20 && unit < 0x7F ? (char)unit : '?';
    }
    name[count] = '\0';
    return true;
}

/* The first address in the table of ranges that is not below `address`. */
static bool next_in_ranges(const struct dump_file *file, uint64_t address, uint64_t *found)
{
    uint64_t offset, available;
    if (dump_locate_range(file, address, &offset, &available)) {
        *found = address;
        return true;
    }
    size_t above = range_above(file, address);
    if (above == file->range_count) {
        return false;
    }
    *found = file->ranges[above].start;
    return true;
}

bool dump_next_virtual(const struct dump_file *file, uint64_t va, uint64_t *found)
{
    return file->info.virtual_only && next_in_ranges(file, va, found);
}

bool dump_next_physical(const struct dump_file *file, uint64_t pa, uint64_t *found)
{
    if (file->info.virtual_only) {
        return false;
    }
    return file->format->next ? file->format->next(file, pa, found)
                              : next_in_ranges(file, pa, found);
}
