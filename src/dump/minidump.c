/* src/dump/minidump.c: dumps of one process.
 *
 *      directory -> SystemInfo    which Windows, which processor
 *                -> ThreadList    id, TEB, stack, context of each thread
 *                -> ModuleList    images with their debug records
 *                -> MemoryList    ranges, each with its offset
 *                -> Memory64List  ranges, one behind the other in the file
 *                -> Exception     why it was made: thread, record, context
 *                -> MemoryInfo    regions of the address space, as VirtualQuery tells them
 *                -> HandleData    open handles, types and names of their objects
 *
 * Memory goes into the table of ranges by virtual address. Stacks that only the thread list names
 * are memory too. Of a stream that is there twice the first counts.
 *
 * Source: documentation of minidumpapiset.h. */
#include "dump/dump_int.h"

#include "dump/minidump_layout.h"

#define MOST_STREAMS 4096u

/* The list at the start of a stream: a count, maybe padding, elements of `size` bytes each. */
struct list {
    uint64_t first;
    uint32_t count;
};

static bool claims(const struct dump_file *file)
{
    uint32_t signature;
    return file->info.type == 0 && reader_u32(&file->reader, 0, &signature) &&
           signature == MINIDUMP_SIGNATURE;
}

/* => false: there is no such stream, or it is not in the file */
static bool find_stream(const struct dump_file *file, enum minidump_stream type, size_t least,
                        struct _MINIDUMP_LOCATION *out)
{
    struct _MINIDUMP_HEADER header;
    reader_read(&file->reader, 0, &header, sizeof header);
    for (uint32_t i = 0; i < header.NumberOfStreams && i < MOST_STREAMS; i++) {
        struct _MINIDUMP_DIRECTORY entry;
        if (!reader_read(&file->reader, header.StreamDirectoryRva + (uint64_t)i * sizeof entry,
                         &entry, sizeof entry)) {
            return false;
        }
        if (entry.StreamType == type) {
            *out = entry.Location;
            return out->DataSize >= least && reader_has(&file->reader, out->Rva, out->DataSize);
        }
    }
    return false;
}

/* Some writers align the first element to 8 bytes; the stream's size tells. */
static bool find_list(const struct dump_file *file, enum minidump_stream type, size_t size,
                      struct list *out)
{
    struct _MINIDUMP_LOCATION at;
    *out = (struct list){0};
    if (!find_stream(file, type, sizeof out->count, &at) ||
        !reader_u32(&file->reader, at.Rva, &out->count)) {
        return false;
    }
    uint64_t bytes = (uint64_t)out->count * size;
    uint64_t start = at.DataSize == 8 + bytes ? 8 : 4;
    out->first = at.Rva + start;
    return start + bytes <= at.DataSize;
}

/* ---- threads ---- */

static bool read_context(const struct dump_file *file, struct _MINIDUMP_LOCATION at,
                         struct _CONTEXT *context)
{
    return at.DataSize >= sizeof *context &&
           reader_read(&file->reader, at.Rva, context, sizeof *context);
}

static bool read_thread(const struct dump_file *file, size_t i, struct _MINIDUMP_THREAD *out)
{
    return reader_read(&file->reader, file->threads_at + i * sizeof *out, out, sizeof *out);
}

bool dump_get_thread(const struct dump_file *file, size_t i, struct dump_thread *out)
{
    struct _MINIDUMP_THREAD thread;
    *out = (struct dump_thread){0};
    if (i >= file->info.threads || !read_thread(file, i, &thread)) {
        return false;
    }
    out->id = thread.ThreadId;
    out->suspended = thread.SuspendCount;
    out->teb = thread.Teb;
    if (file->info.has_exception && i == file->info.exception_thread && file->info.has_context) {
        out->context = file->info.context;
        out->has_context = true;
    } else {
        out->has_context = read_context(file, thread.ThreadContext, &out->context);
    }
    return true;
}

static int add_stacks(struct dump_file *file)
{
    for (size_t i = 0; i < file->info.threads; i++) {
        struct _MINIDUMP_THREAD thread;
        int error = 0;
        if (read_thread(file, i, &thread) && thread.Stack.Memory.Rva) {
            error = dump_add_range(file, thread.Stack.StartOfMemoryRange,
                                   thread.Stack.Memory.DataSize, thread.Stack.Memory.Rva);
        }
        if (error) {
            return error;
        }
    }
    return 0;
}

static int read_threads(struct dump_file *file)
{
    struct list list;
    if (!find_list(file, MINIDUMP_THREADS, sizeof(struct _MINIDUMP_THREAD), &list) ||
        list.count == 0) {
        return dump_damaged(file, "damaged: the minidump has no list of threads");
    }
    file->info.threads = list.count;
    file->threads_at = list.first;
    return add_stacks(file);
}

static void read_exception(struct dump_file *file)
{
    struct _MINIDUMP_LOCATION at;
    struct _MINIDUMP_EXCEPTION_STREAM exception;
    struct dump_info *info = &file->info;
    if (!find_stream(file, MINIDUMP_EXCEPTION_OF, sizeof exception, &at) ||
        !reader_read(&file->reader, at.Rva, &exception, sizeof exception)) {
        return;
    }
    for (size_t i = 0; i < info->threads; i++) {
        struct _MINIDUMP_THREAD thread;
        if (read_thread(file, i, &thread) && thread.ThreadId == exception.ThreadId) {
            info->exception = exception.ExceptionRecord;
            info->exception_thread = i;
            info->has_context = read_context(file, exception.ThreadContext, &info->context);
            info->has_exception = true;
            return;
        }
    }
}

/* ---- memory ---- */

static int add_memory(struct dump_file *file)
{
    struct list list;
    find_list(file, MINIDUMP_MEMORY, sizeof(struct _MINIDUMP_MEMORY_DESCRIPTOR), &list);
    for (uint64_t i = 0; i < list.count; i++) {
        struct _MINIDUMP_MEMORY_DESCRIPTOR range;
        if (!reader_read(&file->reader, list.first + i * sizeof range, &range, sizeof range)) {
            return dump_damaged(file, "truncated: %u ranges of memory do not fit in the file",
                                list.count);
        }
        int error =
            dump_add_range(file, range.StartOfMemoryRange, range.Memory.DataSize, range.Memory.Rva);
        if (error) {
            return error;
        }
    }
    return 0;
}

static int add_memory64(struct dump_file *file)
{
    struct _MINIDUMP_LOCATION at;
    struct _MINIDUMP_MEMORY64_LIST head;
    struct _MINIDUMP_MEMORY_DESCRIPTOR64 range;
    if (!find_stream(file, MINIDUMP_MEMORY64, sizeof head, &at) ||
        !reader_read(&file->reader, at.Rva, &head, sizeof head)) {
        return 0;
    }
    if (head.NumberOfMemoryRanges > (at.DataSize - sizeof head) / sizeof range) {
        return dump_damaged(file, "damaged: %llu ranges of memory do not fit in their stream",
                            (unsigned long long)head.NumberOfMemoryRanges);
    }
    uint64_t offset = head.BaseRva;
    for (uint64_t i = 0; i < head.NumberOfMemoryRanges; i++) {
        reader_read(&file->reader, at.Rva + sizeof head + i * sizeof range, &range, sizeof range);
        int error = dump_add_range(file, range.StartOfMemoryRange, range.DataSize, offset);
        if (error) {
            return error;
        }
        offset += range.DataSize;
    }
    return 0;
}

/* ---- modules ---- */

/* A MINIDUMP_STRING: its length in bytes, then UTF-16. */
static bool read_string(const struct dump_file *file, uint32_t at, char *text, size_t size)
{
    uint32_t bytes;
    return reader_u32(&file->reader, at, &bytes) &&
           dump_read_name(file, (uint64_t)at + sizeof bytes, bytes / sizeof(uint16_t), text, size);
}

static bool read_debug_record(const struct dump_file *file, struct _MINIDUMP_LOCATION at,
                              struct dump_module *out)
{
    struct _MINIDUMP_CODEVIEW record;
    if (at.DataSize <= sizeof record || !reader_has(&file->reader, at.Rva, at.DataSize) ||
        !reader_read(&file->reader, at.Rva, &record, sizeof record) ||
        record.Signature != MINIDUMP_RSDS) {
        return false;
    }
    size_t length = at.DataSize - sizeof record;
    if (length > sizeof out->pdb - 1) {
        length = sizeof out->pdb - 1;
    }
    reader_read(&file->reader, (uint64_t)at.Rva + sizeof record, out->pdb, length);
    out->pdb[length] = '\0';
    memcpy(out->guid, record.Guid, sizeof out->guid);
    out->age = record.Age;
    return out->pdb[0] != '\0';
}

static bool get_module(const struct dump_file *file, size_t i, struct dump_module *out)
{
    struct _MINIDUMP_MODULE module;
    if (!reader_read(&file->reader, file->modules_at + i * sizeof module, &module, sizeof module)) {
        return false;
    }
    *out = (struct dump_module){
        .base = module.BaseOfImage,
        .size = module.SizeOfImage,
        .checksum = module.CheckSum,
        .timestamp = module.TimeDateStamp,
    };
    out->has_debug_record = read_debug_record(file, module.CvRecord, out);
    return read_string(file, module.ModuleNameRva, out->name, sizeof out->name);
}

static size_t count_modules(const struct dump_file *file)
{
    return file->module_count;
}

/* A process without a list of images is odd, but can be looked at. */
static int read_modules(struct dump_file *file)
{
    struct list list;
    if (find_list(file, MINIDUMP_MODULES, sizeof(struct _MINIDUMP_MODULE), &list)) {
        file->modules_at = list.first;
        file->module_count = list.count;
    }
    return 0;
}

/* ---- regions and handles ---- */

/* A list whose head of `head` bytes tells how large its elements are; writers of newer systems make
 * them longer than the `least` bytes that are read. One that does not fit in its stream counts as
 * not there. */
static void take_list(struct _MINIDUMP_LOCATION at, uint32_t head, uint32_t size, uint32_t least,
                      uint64_t count, struct dump_list *out)
{
    if (size >= least && head <= at.DataSize && count <= (at.DataSize - head) / size) {
        *out = (struct dump_list){.first = (uint64_t)at.Rva + head, .count = count, .size = size};
    }
}

static void read_lists(struct dump_file *file)
{
    struct _MINIDUMP_LOCATION at;
    struct _MINIDUMP_MEMORY_INFO_LIST regions;
    struct _MINIDUMP_HANDLE_LIST handles;
    if (find_stream(file, MINIDUMP_REGIONS, sizeof regions, &at) &&
        reader_read(&file->reader, at.Rva, &regions, sizeof regions)) {
        take_list(at, regions.SizeOfHeader, regions.SizeOfEntry,
                  sizeof(struct _MINIDUMP_MEMORY_INFO), regions.NumberOfEntries, &file->regions);
    }
    if (find_stream(file, MINIDUMP_HANDLES, sizeof handles, &at) &&
        reader_read(&file->reader, at.Rva, &handles, sizeof handles)) {
        take_list(at, handles.SizeOfHeader, handles.SizeOfDescriptor,
                  sizeof(struct _MINIDUMP_HANDLE), handles.NumberOfDescriptors, &file->handles);
    }
}

static bool read_element(const struct dump_file *file, const struct dump_list *list, size_t i,
                         void *out, size_t size)
{
    return i < list->count && reader_read(&file->reader, list->first + i * list->size, out, size);
}

bool dump_get_region(const struct dump_file *file, size_t i, struct dump_region *out)
{
    struct _MINIDUMP_MEMORY_INFO info;
    *out = (struct dump_region){0};
    if (!read_element(file, &file->regions, i, &info, sizeof info)) {
        return false;
    }
    *out = (struct dump_region){
        .base = info.BaseAddress,
        .allocation_base = info.AllocationBase,
        .size = info.RegionSize,
        .allocation_protect = info.AllocationProtect,
        .state = info.State,
        .protect = info.Protect,
        .type = info.Type,
    };
    return true;
}

bool dump_get_handle(const struct dump_file *file, size_t i, struct dump_handle *out)
{
    struct _MINIDUMP_HANDLE handle;
    *out = (struct dump_handle){0};
    if (!read_element(file, &file->handles, i, &handle, sizeof handle)) {
        return false;
    }
    *out = (struct dump_handle){
        .handle = handle.Handle,
        .attributes = handle.Attributes,
        .access = handle.GrantedAccess,
        .handles = handle.HandleCount,
        .pointers = handle.PointerCount,
    };
    if (handle.TypeNameRva && !read_string(file, handle.TypeNameRva, out->type, sizeof out->type)) {
        out->type[0] = '\0';
    }
    if (handle.ObjectNameRva &&
        !read_string(file, handle.ObjectNameRva, out->name, sizeof out->name)) {
        out->name[0] = '\0';
    }
    return true;
}

/* ---- opening ---- */

static int read_system(struct dump_file *file)
{
    struct _MINIDUMP_LOCATION at;
    struct _MINIDUMP_SYSTEM_INFO system;
    struct dump_info *info = &file->info;
    if (!find_stream(file, MINIDUMP_SYSTEM, sizeof system, &at) ||
        !reader_read(&file->reader, at.Rva, &system, sizeof system)) {
        return dump_damaged(file, "damaged: the minidump does not say of which system it is");
    }
    if (system.ProcessorArchitecture != MINIDUMP_AMD64) {
        return dump_damaged(file,
                            "a minidump of processor architecture %u; only x64 (9) can be read",
                            system.ProcessorArchitecture);
    }
    info->major = system.MajorVersion;
    info->minor = system.MinorVersion;
    info->build = system.BuildNumber;
    info->processors = system.NumberOfProcessors;
    struct _MINIDUMP_MISC_INFO misc;
    if (find_stream(file, MINIDUMP_MISC, sizeof misc, &at) &&
        reader_read(&file->reader, at.Rva, &misc, sizeof misc) &&
        misc.Flags1 & MINIDUMP_MISC_PROCESS_ID) {
        info->process_id = misc.ProcessId;
    }
    return 0;
}

static int open_minidump(struct dump_file *file)
{
    struct _MINIDUMP_HEADER header;
    file->info.virtual_only = file->info.one_process = true;
    if (!reader_read(&file->reader, 0, &header, sizeof header)) {
        return dump_damaged(file, "truncated: the header of the minidump is not complete");
    }
    if ((header.Version & UINT16_MAX) != MINIDUMP_VERSION) {
        return dump_damaged(file, "a minidump of version 0x%x, which cannot be read",
                            header.Version & UINT16_MAX);
    }
    file->info.time_stamp = header.TimeDateStamp;
    int (*const steps[])(struct dump_file *) = {read_system, read_threads, read_modules, add_memory,
                                                add_memory64};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        int error = steps[i](file);
        if (error) {
            return error;
        }
    }
    read_exception(file);
    read_lists(file);
    return dump_sort_ranges(file, true);
}

const struct dump_format dump_format_minidump = {
    .name = "minidump",
    .claims = claims,
    .open = open_minidump,
    .locate = dump_locate_range,
    .count_modules = count_modules,
    .get_module = get_module,
};
