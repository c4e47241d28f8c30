/* src/io/directory.c: listing folders.
 *
 * The first query takes a snapshot: the names of all layers, what is hidden left out, mounts put
 * in, sorted without case as Windows' file systems return them. Later queries go on in it, so
 * nothing that happens meanwhile makes a name come twice or skips another. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/upcase.h"
#include "io/ioi.h"

struct listing {
    struct io_scan_entry *entries;
    size_t count, capacity;
};

static int compare_entries(const void *a, const void *b)
{
    const struct io_scan_entry *x = a, *y = b;

    for (USHORT i = 0; i < x->chars && i < y->chars; i++) {
        int difference = upcase(x->name[i]) - upcase(y->name[i]);

        if (difference)
            return difference;
    }
    return x->chars - y->chars;
}

static bool has_name(const struct listing *list, const struct io_scan_entry *entry)
{
    for (size_t i = 0; i < list->count; i++) {
        if (compare_entries(&list->entries[i], entry) == 0)
            return true;
    }
    return false;
}

/* Add a name, unless it is there already. Names that Windows cannot have are left out. */
static NTSTATUS add_name(struct listing *list, const char *name, const struct stat *stat)
{
    struct io_scan_entry entry = {.stat = *stat};
    int chars = io_utf16(name, entry.name, IO_NAME_MAX);

    if (chars <= 0)
        return STATUS_SUCCESS;
    entry.chars = (USHORT)chars;
    if (has_name(list, &entry))
        return STATUS_SUCCESS;
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : 32;
        void *entries = realloc(list->entries, capacity * sizeof(*list->entries));

        if (!entries)
            return STATUS_INSUFFICIENT_RESOURCES;
        list->entries = entries;
        list->capacity = capacity;
    }
    list->entries[list->count++] = entry;
    return STATUS_SUCCESS;
}

/* `name` in the folder `path`. => false: too long */
static bool join(const char *path, const char *name, char full[HOST_PATH_MAX])
{
    return snprintf(full, HOST_PATH_MAX, "%s%s%s", path, *path ? "/" : "", name) < HOST_PATH_MAX;
}

/* Only files and folders are shown, and links that lead to one of the same mount. */
static bool stat_entry(int root, const char *path, int folder, const char *name, struct stat *stat)
{
    char full[HOST_PATH_MAX], resolved[HOST_PATH_MAX];

    if (fstatat(folder, name, stat, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    if (S_ISLNK(stat->st_mode) &&
        !(join(path, name, full) && NT_SUCCESS(host_resolve_beneath(root, full, resolved, stat))))
        return false;
    return S_ISREG(stat->st_mode) || S_ISDIR(stat->st_mode);
}

/* Is the base's `name` in the folder `path` covered by a deletion? */
static bool is_hidden_name(const struct io_mount *mount, const char *path, const char *name)
{
    char full[HOST_PATH_MAX];

    if (!join(path, name, full))
        return true;
    return io_is_hidden(mount, full);
}

/* Add what one layer has. => a layer that has no such folder adds nothing */
static NTSTATUS list_layer(struct listing *list, const struct io_mount *mount, int root,
                           const char *path)
{
    NTSTATUS status = STATUS_SUCCESS;
    struct dirent *entry;
    DIR *directory;
    int fd;

    if (!NT_SUCCESS(host_open_beneath(root, path, O_RDONLY | O_DIRECTORY, &fd)))
        return STATUS_SUCCESS;
    if (!(directory = fdopendir(fd))) {
        close(fd);
        return host_status(errno);
    }
    while (NT_SUCCESS(status) && (entry = readdir(directory)) != NULL) {
        struct stat stat;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            !stat_entry(root, path, fd, entry->d_name, &stat))
            continue;
        if (root == mount->base && is_hidden_name(mount, path, entry->d_name))
            continue;
        status = add_name(list, entry->d_name, &stat);
    }
    closedir(directory);
    return status;
}

/* Mounts, and folders that lead to them, directly in `path`. */
static NTSTATUS list_mounts(struct io *io, struct listing *list, const char *path)
{
    const struct stat stat = {.st_mode = S_IFDIR | 0555};
    NTSTATUS status = STATUS_SUCCESS;

    list_for_each(node, &io->mounts)
    {
        const char *rest = io_path_below(list_entry(node, struct io_mount, node)->path, path);
        char name[HOST_PATH_MAX];
        size_t length;

        if (!rest || !*rest || !NT_SUCCESS(status))
            continue;
        length = strcspn(rest, "/");
        memcpy(name, rest, length);
        name[length] = 0;
        status = add_name(list, name, &stat);
    }
    return status;
}

NTSTATUS io_list_directory(struct io *io, const char *path, struct io_scan_entry **entries,
                           size_t *count)
{
    struct listing list = {0};
    struct io_node node;
    NTSTATUS status = io_resolve(io, path, &node);

    if (NT_SUCCESS(status) && node.mount && node.mount->upper >= 0)
        status = list_layer(&list, node.mount, node.mount->upper, node.path);
    if (NT_SUCCESS(status) && node.mount && !io_is_hidden(node.mount, node.path))
        status = list_layer(&list, node.mount, node.mount->base, node.path);
    if (NT_SUCCESS(status))
        status = list_mounts(io, &list, path);
    if (!NT_SUCCESS(status)) {
        free(list.entries);
        return status;
    }
    if (list.count > 1)
        qsort(list.entries, list.count, sizeof(*list.entries), compare_entries);
    *entries = list.entries;
    *count = list.count;
    return STATUS_SUCCESS;
}

bool io_directory_is_empty(struct io *io, const char *path)
{
    struct io_scan_entry *entries;
    size_t count;

    if (!NT_SUCCESS(io_list_directory(io, path, &entries, &count)))
        return false;
    free(entries);
    return count == 0;
}

/* ---- a scan: the snapshot, with . and .., and what the pattern lets through ---- */

static NTSTATUS add_dots(struct listing *list, const struct stat *stat)
{
    NTSTATUS status = add_name(list, ".", stat);

    return NT_SUCCESS(status) ? add_name(list, "..", stat) : status;
}

static NTSTATUS begin_scan(struct io *io, struct io_open *open, const WCHAR *pattern,
                           size_t pattern_chars)
{
    struct listing list = {0};
    struct io_scan_entry *found = NULL;
    struct stat stat = open->fcb->where.stat;
    size_t count = 0;
    NTSTATUS status = STATUS_SUCCESS;

    io_lock_volume(io);
    if (*open->fcb->volume_path)
        status = add_dots(&list, &stat);
    if (NT_SUCCESS(status))
        status = io_list_directory(io, open->fcb->volume_path, &found, &count);
    io_unlock_volume(io);
    if (NT_SUCCESS(status) && list.count > 0) {
        void *all = realloc(list.entries, (list.count + count) * sizeof(*found));

        if (all) {
            list.entries = all;
            if (count > 0)
                memcpy(list.entries + list.count, found, count * sizeof(*found));
            list.count += count;
        } else {
            status = STATUS_INSUFFICIENT_RESOURCES;
        }
        free(found);
    } else if (NT_SUCCESS(status)) {
        list = (struct listing){.entries = found, .count = count};
    }
    if (!NT_SUCCESS(status)) {
        free(list.entries);
        return status;
    }
    count = 0;
    for (size_t i = 0; i < list.count; i++) {
        if (pattern_chars == 0 ||
            io_name_matches(pattern, pattern_chars, list.entries[i].name, list.entries[i].chars))
            list.entries[count++] = list.entries[i];
    }
    free(open->scan);
    open->scan = list.entries;
    open->scan_count = count;
    open->scan_next = 0;
    open->scanned = true;
    return STATUS_SUCCESS;
}

/* ---- records ---- */

/* Offsets of the parts that records of a class have beside those all begin with. */
struct record_format {
    size_t name; /* where FileName is: the fixed size */
    size_t name_length;
    bool times; /* has times, sizes and attributes */
    size_t id;  /* FileId, or 0 */
};

static const struct record_format *format_of(enum _FILE_INFORMATION_CLASS class)
{
#define NAME_PARTS(type) offsetof(type, FileName), offsetof(type, FileNameLength)
    static const struct record_format formats[] = {
        [FileDirectoryInformation] = {NAME_PARTS(FILE_DIRECTORY_INFORMATION), true, 0},
        [FileFullDirectoryInformation] = {NAME_PARTS(FILE_FULL_DIR_INFORMATION), true, 0},
        [FileBothDirectoryInformation] = {NAME_PARTS(FILE_BOTH_DIR_INFORMATION), true, 0},
        [FileNamesInformation] = {NAME_PARTS(FILE_NAMES_INFORMATION), false, 0},
        [FileIdBothDirectoryInformation] = {NAME_PARTS(FILE_ID_BOTH_DIR_INFORMATION), true,
                                            offsetof(FILE_ID_BOTH_DIR_INFORMATION, FileId)},
        [FileIdFullDirectoryInformation] = {NAME_PARTS(FILE_ID_FULL_DIR_INFORMATION), true,
                                            offsetof(FILE_ID_FULL_DIR_INFORMATION, FileId)},
    };
#undef NAME_PARTS

    if ((size_t) class >= sizeof(formats) / sizeof(formats[0]) || formats[class].name == 0)
        return NULL;
    return &formats[class];
}

static void fill_times(FILE_DIRECTORY_INFORMATION *record, const struct stat *stat)
{
    record->CreationTime = (LONG64)host_time_from_unix(stat->st_mtim);
    record->LastAccessTime = (LONG64)host_time_from_unix(stat->st_atim);
    record->LastWriteTime = (LONG64)host_time_from_unix(stat->st_mtim);
    record->ChangeTime = (LONG64)host_time_from_unix(stat->st_ctim);
    record->FileAttributes = io_attributes_of(stat);
    if (!S_ISDIR(stat->st_mode)) {
        record->EndOfFile = stat->st_size;
        record->AllocationSize = (stat->st_size + 4095) & ~4095ll;
    }
}

/* One record at `at`, of which `room` bytes may be used. => bytes of the whole record; what did not
 * fit of the name is left out */
static size_t put_record(const struct record_format *format, const struct io_scan_entry *entry,
                         char *at, size_t room)
{
    size_t name_bytes = entry->chars * sizeof(WCHAR);
    size_t copied = room - format->name < name_bytes ? room - format->name : name_bytes;
    ULONG name_length = (ULONG)name_bytes;

    memset(at, 0, format->name);
    if (format->times) {
        FILE_DIRECTORY_INFORMATION fixed = {0};

        fill_times(&fixed, &entry->stat);
        memcpy(at, &fixed, offsetof(FILE_DIRECTORY_INFORMATION, FileNameLength));
    }
    if (format->id) {
        LONG64 id = (LONG64)entry->stat.st_ino;

        memcpy(at + format->id, &id, sizeof(id));
    }
    memcpy(at + format->name_length, &name_length, sizeof(name_length));
    memcpy(at + format->name, entry->name, copied);
    return format->name + name_bytes;
}

/* As many records as fit, each on an 8-byte boundary, chained by NextEntryOffset. */
static NTSTATUS put_records(struct io_open *open, const struct record_format *format, char *buffer,
                            size_t size, bool single, size_t *returned)
{
    size_t used = 0;
    ULONG *chain = NULL;

    while (open->scan_next < open->scan_count) {
        const struct io_scan_entry *entry = &open->scan[open->scan_next];
        size_t at = (used + 7) & ~(size_t)7, need = format->name + entry->chars * sizeof(WCHAR);
        ULONG step;

        if (at + need > size && used > 0)
            break;
        put_record(format, entry, buffer + at, size - at);
        if (at + need > size) { /* not even the first: the name is cut */
            *returned = size;
            return STATUS_BUFFER_OVERFLOW;
        }
        if (chain) {
            step = (ULONG)(at - (size_t)((char *)chain - buffer));
            memcpy(chain, &step, sizeof(step));
        }
        chain = (ULONG *)(void *)(buffer + at);
        used = at + need;
        open->scan_next++;
        if (single)
            break;
    }
    *returned = used;
    return used ? STATUS_SUCCESS : STATUS_NO_MORE_FILES;
}

NTSTATUS io_query_directory_file(struct io *io, FILE_OBJECT *file,
                                 enum _FILE_INFORMATION_CLASS class, void *buffer, size_t size,
                                 bool single, const WCHAR *pattern, USHORT pattern_length,
                                 bool restart, size_t *returned)
{
    struct io_open *open = io_open_of(io, file);
    const struct record_format *format = format_of(class);
    bool first = !open->scanned;
    NTSTATUS status;

    *returned = 0;
    if (open->kind != IO_KIND_FILE || !open->fcb->directory)
        return STATUS_INVALID_PARAMETER;
    if (!format)
        return STATUS_INVALID_INFO_CLASS;
    if (size < format->name + sizeof(WCHAR))
        return STATUS_INFO_LENGTH_MISMATCH;
    if (first || restart) {
        status = begin_scan(io, open, pattern, pattern ? pattern_length / sizeof(WCHAR) : 0);
        if (!NT_SUCCESS(status))
            return status;
        if (open->scan_count == 0)
            return first ? STATUS_NO_SUCH_FILE : STATUS_NO_MORE_FILES;
    }
    return put_records(open, format, buffer, size, single, returned);
}
