/* src/io/set.c: NtSetInformationFile. One function per class; each checks the size of what it gets.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/ioi.h"

/* The descriptor for writing, for changes of size, times and attributes. */
static NTSTATUS writable_descriptor(struct io *io, struct io_fcb *fcb, int *fd)
{
    NTSTATUS status;

    io_lock_volume(io);
    status = fcb->directory ? STATUS_INVALID_PARAMETER : io_fcb_open(io, fcb, true);
    *fd = fcb->fd;
    io_unlock_volume(io);
    return status;
}

/* A time to set: 0 and -1 leave it as it is. */
static struct timespec time_to_set(LONG64 time)
{
    if (time <= 0)
        return (struct timespec){.tv_nsec = UTIME_OMIT};
    return host_time_to_unix((uint64_t)time);
}

static NTSTATUS set_basic(struct io *io, struct io_open *open, const void *buffer)
{
    const FILE_BASIC_INFORMATION *in = buffer;
    struct timespec times[2] = {time_to_set(in->LastAccessTime.QuadPart),
                                time_to_set(in->LastWriteTime.QuadPart)};
    bool folder = open->fcb->directory;
    struct stat stat;
    mode_t mode;
    int fd;
    NTSTATUS status;

    if ((in->FileAttributes & FILE_ATTRIBUTE_DIRECTORY) && !folder)
        return STATUS_INVALID_PARAMETER;
    if (folder)
        return io_check_writable(open->fcb->where.mount);
    status = writable_descriptor(io, open->fcb, &fd);
    if (!NT_SUCCESS(status))
        return status;
    if (in->FileAttributes) {
        if (fstat(fd, &stat) != 0)
            return host_status(errno);
        mode = stat.st_mode & 0777;
        mode = in->FileAttributes & FILE_ATTRIBUTE_READONLY ? mode & ~0222u : mode | S_IWUSR;
        if (fchmod(fd, mode) != 0)
            return host_status(errno);
    }
    return futimens(fd, times) == 0 ? STATUS_SUCCESS : host_status(errno);
}

static NTSTATUS set_end_of_file(struct io *io, struct io_open *open, const void *buffer)
{
    LONG64 end = ((const FILE_END_OF_FILE_INFORMATION *)buffer)->EndOfFile;
    int fd;
    NTSTATUS status;

    if (end < 0)
        return STATUS_INVALID_PARAMETER;
    status = writable_descriptor(io, open->fcb, &fd);
    if (!NT_SUCCESS(status))
        return status;
    io_lock_size(open->fcb);
    status = io_set_size(io, open->fcb, (uint64_t)end);
    io_unlock_size(open->fcb);
    return status;
}

/* Space beyond the end is not kept; less than the size cuts the file. */
static NTSTATUS set_allocation(struct io *io, struct io_open *open, const void *buffer)
{
    LONG64 size = ((const FILE_ALLOCATION_INFORMATION *)buffer)->AllocationSize;
    struct stat stat;
    int fd;
    NTSTATUS status;

    if (size < 0)
        return STATUS_INVALID_PARAMETER;
    status = writable_descriptor(io, open->fcb, &fd);
    if (!NT_SUCCESS(status))
        return status;
    io_lock_size(open->fcb);
    if (fstat(fd, &stat) != 0)
        status = host_status(errno);
    else if (size < stat.st_size)
        status = io_set_size(io, open->fcb, (uint64_t)size);
    io_unlock_size(open->fcb);
    return status;
}

static NTSTATUS set_disposition(struct io *io, struct io_open *open, const void *buffer)
{
    bool delete = ((const FILE_DISPOSITION_INFORMATION *)buffer)->DeleteFile;
    struct io_fcb *fcb = open->fcb;
    NTSTATUS status = STATUS_SUCCESS;
    struct stat stat;

    io_lock_volume(io);
    if (delete) {
        status = io_check_writable(fcb->where.mount);
        if (NT_SUCCESS(status))
            status = io_fcb_stat(io, fcb, &stat);
        if (NT_SUCCESS(status) && (io_attributes_of(&stat) & FILE_ATTRIBUTE_READONLY))
            status = STATUS_CANNOT_DELETE;
        if (NT_SUCCESS(status) &&
            !mm_flush_image_section(ob_mm(io->ob), fcb->sections, MM_FLUSH_FOR_DELETE))
            status = STATUS_CANNOT_DELETE; /* mapped, or running */
        if (NT_SUCCESS(status) && fcb->directory && !io_directory_is_empty(io, fcb->volume_path))
            status = STATUS_DIRECTORY_NOT_EMPTY;
    }
    if (NT_SUCCESS(status))
        fcb->delete_pending = delete;
    io_unlock_volume(io);
    return status;
}

/* ---- renaming ---- */

/* Make the target's place free. => lock held */
static NTSTATUS clear_target(struct io *io, struct io_fcb *fcb, struct io_node *target,
                             bool replace)
{
    if (target->mount == fcb->where.mount && strcmp(target->path, fcb->where.path) == 0)
        return STATUS_SUCCESS; /* only the case of the name changes, or nothing */
    if (!replace)
        return STATUS_OBJECT_NAME_COLLISION;
    if (io_node_is_directory(target) || (io_attributes_of(&target->stat) & FILE_ATTRIBUTE_READONLY))
        return STATUS_ACCESS_DENIED;
    list_for_each(link, &io->fcbs)
    {
        const struct io_fcb *other = list_entry(link, struct io_fcb, node);

        if (other->where.mount == target->mount &&
            host_compare_names(other->where.path, target->path) == 0)
            return STATUS_ACCESS_DENIED;
    }
    return io_remove(io, target);
}

/* Where `path` would be a new name, in the case it is written in. */
static NTSTATUS place_for(struct io *io, const char *path, struct io_node *place)
{
    char leaf[HOST_PATH_MAX];
    size_t folder;

    /* Ask for the place of a name that is not there, then put the wanted one in. */
    NTSTATUS status = io_resolve(io, path, place);

    if (status != STATUS_OBJECT_NAME_NOT_FOUND && !NT_SUCCESS(status))
        return status;
    strcpy(leaf, io_path_leaf(path));
    folder = (size_t)(io_path_leaf(place->path) - place->path);
    if (folder + strlen(leaf) + 1 > sizeof(place->path))
        return STATUS_NAME_TOO_LONG;
    strcpy(place->path + folder, leaf);
    return STATUS_SUCCESS;
}

/* What `path`, which the file is to be called, stands for now, if for anything.
 * => STATUS_NOT_SAME_DEVICE, as io_resolve */
static NTSTATUS resolve_target(struct io *io, const struct io_fcb *fcb, const char *path,
                               struct io_node *target, bool *there)
{
    NTSTATUS status = io_resolve(io, path, target);

    *there = NT_SUCCESS(status);
    if (!*there && status != STATUS_OBJECT_NAME_NOT_FOUND)
        return status;
    return target->mount == fcb->where.mount ? STATUS_SUCCESS : STATUS_NOT_SAME_DEVICE;
}

static NTSTATUS rename_locked(struct io *io, struct io_fcb *fcb, const char *path, bool replace)
{
    struct io_node target, place;
    NTSTATUS status = io_check_writable(fcb->where.mount);
    bool there;
    char *name;

    if (!NT_SUCCESS(status))
        return status;
    if (!*fcb->where.path || fcb->delete_pending || (fcb->directory && io_is_open_below(io, fcb)))
        return STATUS_ACCESS_DENIED;
    status = resolve_target(io, fcb, path, &target, &there);
    if (!NT_SUCCESS(status))
        return status;
    if (fcb->directory && io_path_below(target.path, fcb->where.path) &&
        strlen(target.path) > strlen(fcb->where.path))
        return STATUS_INVALID_PARAMETER; /* into itself */
    if (there)
        status = clear_target(io, fcb, &target, replace);
    if (NT_SUCCESS(status))
        status = place_for(io, path, &place);
    if (!NT_SUCCESS(status))
        return status;
    if (strcmp(place.path, fcb->where.path) == 0)
        return STATUS_SUCCESS;
    if (!(name = strdup(path)))
        return STATUS_INSUFFICIENT_RESOURCES;
    status = io_move(io, &fcb->where, &place);
    if (!NT_SUCCESS(status)) {
        free(name);
        return status;
    }
    free(fcb->volume_path);
    fcb->volume_path = name;
    return STATUS_SUCCESS;
}

/* A second name. The descriptor moves to the written layer first, so that both names are one file.
 */
static NTSTATUS link_locked(struct io *io, struct io_fcb *fcb, const char *path, bool replace)
{
    struct io_node target, place;
    NTSTATUS status = io_check_writable(fcb->where.mount);
    bool there;

    if (!NT_SUCCESS(status))
        return status;
    if (fcb->directory)
        return STATUS_FILE_IS_A_DIRECTORY;
    if (fcb->delete_pending)
        return STATUS_ACCESS_DENIED;
    status = resolve_target(io, fcb, path, &target, &there);
    if (!NT_SUCCESS(status))
        return status;
    if (there && replace && strcmp(target.path, fcb->where.path) == 0)
        return STATUS_SUCCESS; /* it has that name already */
    if (there)
        status = replace ? clear_target(io, fcb, &target, true) : STATUS_OBJECT_NAME_COLLISION;
    if (NT_SUCCESS(status))
        status = place_for(io, path, &place);
    if (NT_SUCCESS(status))
        status = io_fcb_open(io, fcb, true);
    return NT_SUCCESS(status) ? io_link(io, &fcb->where, &place) : status;
}

/* The new name as a path on the volume, whatever way it was written. `full` gets the text for
 * FileName, allocated. */
static NTSTATUS target_name(struct io *io, const struct ob_caller *caller, FILE_OBJECT *file,
                            const FILE_RENAME_INFORMATION *in, const WCHAR *name, size_t length,
                            WCHAR **full, size_t *full_length)
{
    static const WCHAR prefixes[][32] = {u"\\\?\?\\C:", u"\\DosDevices\\C:",
                                         u"\\Device\\HarddiskVolume1"};
    FILE_OBJECT *folder = NULL;
    size_t base = 0, chars = length / sizeof(WCHAR);
    const WCHAR *text = NULL;
    void *object;
    NTSTATUS status;

    if (in->RootDirectory.va) {
        status = ob_reference_object_by_handle(io->ob, caller, in->RootDirectory.va, 0,
                                               io->file_type, &object, NULL);
        if (!NT_SUCCESS(status))
            return status;
        folder = object;
        base = folder->FileName.Length / sizeof(WCHAR);
        text = k2h(&io->ke->ks, folder->FileName.Buffer);
    } else if (name[0] != '\\') { /* a bare name: in the same folder */
        base = file->FileName.Length / sizeof(WCHAR);
        text = k2h(&io->ke->ks, file->FileName.Buffer);
        while (base > 0 && text[base - 1] != '\\')
            base--;
    }
    for (size_t i = 0; base == 0 && i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        size_t n = 0;

        while (prefixes[i][n])
            n++;
        if (chars > n &&
            io_name_matches(prefixes[i] + 4 * (i == 0), n - 4 * (i == 0), name + 4 * (i == 0),
                            n - 4 * (i == 0)) &&
            (i != 0 || memcmp(name, u"\\\?\?\\", 4 * sizeof(WCHAR)) == 0)) {
            name += n;
            chars -= n;
            break;
        }
    }
    *full_length = (base + 1 + chars) * sizeof(WCHAR);
    *full = malloc(*full_length);
    if (*full) {
        if (base > 0)
            memcpy(*full, text, base * sizeof(WCHAR));
        if (base > 0 && text[base - 1] != '\\')
            (*full)[base++] = '\\';
        memcpy(*full + base, name, chars * sizeof(WCHAR));
        *full_length = (base + chars) * sizeof(WCHAR);
    }
    if (folder)
        ob_dereference_object(io->ob, folder);
    return *full ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

/* The file object is called so from now on. */
static NTSTATUS rename_file_object(struct io *io, FILE_OBJECT *file, const WCHAR *name,
                                   size_t length)
{
    struct mm *mm = ob_mm(io->ob);
    WCHAR *text = ex_allocate_pool(mm, PagedPool, length + sizeof(WCHAR), mm_tag("IoNm"));
    void *old = k2h(&io->ke->ks, file->FileName.Buffer);

    if (!text)
        return STATUS_INSUFFICIENT_RESOURCES;
    memcpy(text, name, length);
    text[length / sizeof(WCHAR)] = 0;
    file->FileName.Buffer.va = h2k(&io->ke->ks, text);
    file->FileName.Length = (USHORT)length;
    file->FileName.MaximumLength = (USHORT)(length + sizeof(WCHAR));
    if (old)
        ex_free_pool(mm, old);
    return STATUS_SUCCESS;
}

/* FileRenameInformation and FileLinkInformation, whose structures are alike. */
static NTSTATUS set_name(struct io *io, const struct ob_caller *caller, FILE_OBJECT *file,
                         struct io_open *open, const void *buffer, size_t size, bool link)
{
    const FILE_RENAME_INFORMATION *in = buffer;
    const size_t fixed = offsetof(FILE_RENAME_INFORMATION, FileName);
    struct io_path path;
    size_t length;
    WCHAR *full;
    NTSTATUS status;

    if (in->FileNameLength == 0 || in->FileNameLength % sizeof(WCHAR) ||
        in->FileNameLength > size - fixed || in->FileNameLength > UINT16_MAX / 2)
        return STATUS_INVALID_PARAMETER;
    status = target_name(io, caller, file, in, in->FileName, in->FileNameLength, &full, &length);
    if (!NT_SUCCESS(status))
        return status;
    status = io_path_from_name(full, length, &path);
    if (NT_SUCCESS(status)) {
        io_lock_volume(io);
        status =
            (link ? link_locked : rename_locked)(io, open->fcb, path.text, in->ReplaceIfExists);
        io_unlock_volume(io);
    }
    if (NT_SUCCESS(status) && !link)
        status = rename_file_object(io, file, full, length);
    free(full);
    return status;
}

/* ---- positions ---- */

static NTSTATUS set_position(struct io *io, FILE_OBJECT *file, struct io_open *open,
                             const void *buffer)
{
    LONG64 position = ((const FILE_POSITION_INFORMATION *)buffer)->CurrentByteOffset;

    if (position < 0)
        return STATUS_INVALID_PARAMETER;
    if (open->kind == IO_KIND_CONSOLE)
        (void)lseek(io->console[open->console], position, SEEK_SET); /* a pipe has none */
    __atomic_store_n(&file->CurrentByteOffset.QuadPart, position, __ATOMIC_RELAXED);
    return STATUS_SUCCESS;
}

NTSTATUS io_set_information_file(struct io *io, const struct ob_caller *caller, FILE_OBJECT *file,
                                 enum _FILE_INFORMATION_CLASS class, const void *buffer,
                                 size_t size)
{
    static const size_t sizes[] = {
        [FileBasicInformation] = sizeof(FILE_BASIC_INFORMATION),
        [FileRenameInformation] = offsetof(FILE_RENAME_INFORMATION, FileName),
        [FileLinkInformation] = offsetof(FILE_RENAME_INFORMATION, FileName),
        [FileDispositionInformation] = sizeof(FILE_DISPOSITION_INFORMATION),
        [FilePositionInformation] = sizeof(FILE_POSITION_INFORMATION),
        [FileAllocationInformation] = sizeof(FILE_ALLOCATION_INFORMATION),
        [FileEndOfFileInformation] = sizeof(FILE_END_OF_FILE_INFORMATION),
    };
    struct io_open *open = io_open_of(io, file);

    if ((size_t) class >= sizeof(sizes) / sizeof(sizes[0]) || sizes[class] == 0)
        return STATUS_INVALID_INFO_CLASS;
    if (size < sizes[class])
        return STATUS_INFO_LENGTH_MISMATCH;
    if (class == FilePositionInformation)
        return set_position(io, file, open, buffer);
    if (open->kind != IO_KIND_FILE)
        return STATUS_INVALID_DEVICE_REQUEST;
    switch (class) {
    case FileBasicInformation:
        return set_basic(io, open, buffer);
    case FileRenameInformation:
    case FileLinkInformation:
        return set_name(io, caller, file, open, buffer, size, class == FileLinkInformation);
    case FileDispositionInformation:
        return set_disposition(io, open, buffer);
    case FileAllocationInformation:
        return set_allocation(io, open, buffer);
    default:
        return set_end_of_file(io, open, buffer);
    }
}
