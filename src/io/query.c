/* src/io/query.c: NtQueryInformationFile and NtQueryVolumeInformationFile.
 *
 * Every class of fixed size is a row: its size and a function that fills it. The classes that end
 * in a name are filled by hand: the fixed part must fit, the name may be cut
 * (STATUS_BUFFER_OVERFLOW). */
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "io/ioi.h"

/* What the functions that fill a class work from. */
struct query {
    struct io *io;
    FILE_OBJECT *file;
    struct io_open *open;
    struct stat stat;
    ULONG granted;
};

static bool is_directory(const struct query *q)
{
    return q->open->kind == IO_KIND_FILE && q->open->fcb->directory;
}

static ULONG attributes(const struct query *q)
{
    return q->open->kind == IO_KIND_FILE ? io_attributes_of(&q->stat) : FILE_ATTRIBUTE_NORMAL;
}

static LONG64 size_of(const struct query *q)
{
    return S_ISREG(q->stat.st_mode) ? q->stat.st_size : 0;
}

static LONG64 allocation_of(const struct query *q)
{
    return (size_of(q) + 4095) & ~4095ll;
}

/* Names of the file; a folder has one, and so has what is no file. */
static ULONG links_of(const struct query *q)
{
    return S_ISREG(q->stat.st_mode) && q->stat.st_nlink > 1 ? (ULONG)q->stat.st_nlink : 1;
}

static void fill_basic(const struct query *q, void *buffer)
{
    FILE_BASIC_INFORMATION *out = buffer;

    out->CreationTime.QuadPart = (LONG64)host_time_from_unix(q->stat.st_mtim);
    out->LastAccessTime.QuadPart = (LONG64)host_time_from_unix(q->stat.st_atim);
    out->LastWriteTime.QuadPart = (LONG64)host_time_from_unix(q->stat.st_mtim);
    out->ChangeTime.QuadPart = (LONG64)host_time_from_unix(q->stat.st_ctim);
    out->FileAttributes = attributes(q);
}

static void fill_standard(const struct query *q, void *buffer)
{
    FILE_STANDARD_INFORMATION *out = buffer;

    out->AllocationSize.QuadPart = allocation_of(q);
    out->EndOfFile.QuadPart = size_of(q);
    out->DeletePending = q->open->kind == IO_KIND_FILE && q->open->fcb->delete_pending;
    out->NumberOfLinks = links_of(q) - (out->DeletePending ? 1 : 0);
    out->Directory = is_directory(q);
}

static void fill_internal(const struct query *q, void *buffer)
{
    ((FILE_INTERNAL_INFORMATION *)buffer)->IndexNumber = (LONG64)q->stat.st_ino;
}

static void fill_nothing(const struct query *q, void *buffer)
{
    (void)q;
    (void)buffer;
}

static void fill_access(const struct query *q, void *buffer)
{
    ((FILE_ACCESS_INFORMATION *)buffer)->AccessFlags = q->granted;
}

static void fill_position(const struct query *q, void *buffer)
{
    ((FILE_POSITION_INFORMATION *)buffer)->CurrentByteOffset =
        __atomic_load_n(&q->file->CurrentByteOffset.QuadPart, __ATOMIC_RELAXED);
}

static void fill_mode(const struct query *q, void *buffer)
{
    ((FILE_MODE_INFORMATION *)buffer)->Mode =
        q->open->options &
        (FILE_WRITE_THROUGH | FILE_SEQUENTIAL_ONLY | FILE_NO_INTERMEDIATE_BUFFERING |
         FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT | FILE_DELETE_ON_CLOSE);
}

static void fill_network_open(const struct query *q, void *buffer)
{
    FILE_NETWORK_OPEN_INFORMATION *out = buffer;
    FILE_BASIC_INFORMATION basic = {0};

    fill_basic(q, &basic);
    out->CreationTime = basic.CreationTime;
    out->LastAccessTime = basic.LastAccessTime;
    out->LastWriteTime = basic.LastWriteTime;
    out->ChangeTime = basic.ChangeTime;
    out->FileAttributes = basic.FileAttributes;
    out->AllocationSize.QuadPart = allocation_of(q);
    out->EndOfFile.QuadPart = size_of(q);
}

static void fill_attribute_tag(const struct query *q, void *buffer)
{
    ((FILE_ATTRIBUTE_TAG_INFORMATION *)buffer)->FileAttributes = attributes(q);
}

static void fill_all(const struct query *q, void *buffer)
{
    FILE_ALL_INFORMATION *out = buffer;

    fill_basic(q, &out->BasicInformation);
    fill_standard(q, &out->StandardInformation);
    fill_internal(q, &out->InternalInformation);
    fill_access(q, &out->AccessInformation);
    fill_position(q, &out->PositionInformation);
    fill_mode(q, &out->ModeInformation);
}

/* `access`: what a handle needs to ask. */
static const struct {
    size_t size;
    void (*fill)(const struct query *q, void *buffer);
    ULONG access;
    size_t name; /* where a FILE_NAME_INFORMATION follows, plus 1; 0: none */
} classes[FileMaximumInformation] = {
    [FileBasicInformation] = {sizeof(FILE_BASIC_INFORMATION), fill_basic, FILE_READ_ATTRIBUTES, 0},
    [FileStandardInformation] = {sizeof(FILE_STANDARD_INFORMATION), fill_standard, 0, 0},
    [FileInternalInformation] = {sizeof(FILE_INTERNAL_INFORMATION), fill_internal, 0, 0},
    [FileEaInformation] = {sizeof(FILE_EA_INFORMATION), fill_nothing, 0, 0},
    [FileAccessInformation] = {sizeof(FILE_ACCESS_INFORMATION), fill_access, 0, 0},
    [FileNameInformation] = {sizeof(FILE_NAME_INFORMATION), fill_nothing, 0, 1},
    [FilePositionInformation] = {sizeof(FILE_POSITION_INFORMATION), fill_position, 0, 0},
    [FileModeInformation] = {sizeof(FILE_MODE_INFORMATION), fill_mode, 0, 0},
    [FileAlignmentInformation] = {sizeof(FILE_ALIGNMENT_INFORMATION), fill_nothing, 0, 0},
    [FileAllInformation] = {offsetof(FILE_ALL_INFORMATION, NameInformation) +
                                sizeof(FILE_NAME_INFORMATION),
                            fill_all, FILE_READ_ATTRIBUTES,
                            1 + offsetof(FILE_ALL_INFORMATION, NameInformation)},
    [FileNetworkOpenInformation] = {sizeof(FILE_NETWORK_OPEN_INFORMATION), fill_network_open,
                                    FILE_READ_ATTRIBUTES, 0},
    [FileAttributeTagInformation] = {sizeof(FILE_ATTRIBUTE_TAG_INFORMATION), fill_attribute_tag,
                                     FILE_READ_ATTRIBUTES, 0},
};

ULONG io_information_access(enum _FILE_INFORMATION_CLASS class, bool set)
{
    if ((unsigned)class >= FileMaximumInformation)
        return 0;
    if (!set)
        return classes[class].access;
    switch (class) {
    case FileBasicInformation:
        return FILE_WRITE_ATTRIBUTES;
    case FileEndOfFileInformation:
    case FileAllocationInformation:
    case FileValidDataLengthInformation:
        return FILE_WRITE_DATA;
    case FileRenameInformation:
    case FileDispositionInformation:
    case FileShortNameInformation:
        return DELETE;
    default:
        return 0;
    }
}

static NTSTATUS stat_open(struct io *io, struct io_open *open, struct stat *stat)
{
    NTSTATUS status;

    memset(stat, 0, sizeof(*stat));
    if (open->kind != IO_KIND_FILE && open->kind != IO_KIND_CONSOLE)
        return STATUS_SUCCESS;
    if (open->kind == IO_KIND_CONSOLE)
        return fstat(io->console[open->console], stat) == 0 ? STATUS_SUCCESS
                                                            : STATUS_INVALID_DEVICE_REQUEST;
    io_lock_volume(io);
    status = io_fcb_stat(io, open->fcb, stat);
    io_unlock_volume(io);
    return status;
}

/* The file's name at `at` of the buffer. => STATUS_BUFFER_OVERFLOW: cut */
static NTSTATUS put_name(struct io *io, const FILE_OBJECT *file, char *buffer, size_t at,
                         size_t size, size_t *returned)
{
    size_t room = size - at - sizeof(ULONG), length = file->FileName.Length;
    size_t copied = length < room ? length : room & ~(size_t)1;
    ULONG name_length = (ULONG)length;

    memcpy(buffer + at, &name_length, sizeof(name_length));
    if (copied > 0)
        memcpy(buffer + at + sizeof(ULONG), kspace_host(&io->ke->ks, file->FileName.Buffer.va),
               copied);
    *returned = at + sizeof(ULONG) + copied;
    return copied < length ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

NTSTATUS io_query_information_file(struct io *io, FILE_OBJECT *file, ULONG granted,
                                   enum _FILE_INFORMATION_CLASS class, void *buffer, size_t size,
                                   size_t *returned)
{
    struct query q = {.io = io, .file = file, .open = io_open_of(io, file), .granted = granted};
    FILE_ALL_INFORMATION fixed = {0}; /* the largest */
    NTSTATUS status;

    *returned = 0;
    if ((unsigned)class >= FileMaximumInformation || !classes[class].fill)
        return STATUS_INVALID_INFO_CLASS;
    if (size < classes[class].size)
        return STATUS_INFO_LENGTH_MISMATCH;
    status = stat_open(io, q.open, &q.stat);
    if (!NT_SUCCESS(status))
        return status;
    classes[class].fill(&q, &fixed);
    memcpy(buffer, &fixed, classes[class].size);
    *returned = classes[class].size;
    if (classes[class].name == 0)
        return STATUS_SUCCESS;
    return put_name(io, file, buffer, classes[class].name - 1, size, returned);
}

/* ---- volumes ---- */

enum { CLUSTER = 4096, SECTOR = 512 };

static void fill_space(struct io *io, const struct io_open *open,
                       FILE_FS_FULL_SIZE_INFORMATION *out)
{
    struct statvfs space;
    int fd = -1;

    *out = (FILE_FS_FULL_SIZE_INFORMATION){.SectorsPerAllocationUnit = CLUSTER / SECTOR,
                                           .BytesPerSector = SECTOR};
    io_lock_volume(io);
    if (open->kind == IO_KIND_FILE && open->fcb->where.mount)
        fd = io_node_root(&open->fcb->where);
    if (fd >= 0 && fstatvfs(fd, &space) == 0) {
        out->TotalAllocationUnits = (LONG64)(space.f_blocks * space.f_frsize / CLUSTER);
        out->CallerAvailableAllocationUnits = (LONG64)(space.f_bavail * space.f_frsize / CLUSTER);
        out->ActualAvailableAllocationUnits = (LONG64)(space.f_bfree * space.f_frsize / CLUSTER);
    }
    io_unlock_volume(io);
}

static void fill_size(const FILE_FS_FULL_SIZE_INFORMATION *full, FILE_FS_SIZE_INFORMATION *out)
{
    *out = (FILE_FS_SIZE_INFORMATION){
        .TotalAllocationUnits = full->TotalAllocationUnits,
        .AvailableAllocationUnits = full->CallerAvailableAllocationUnits,
        .SectorsPerAllocationUnit = full->SectorsPerAllocationUnit,
        .BytesPerSector = full->BytesPerSector,
    };
}

static void fill_device(struct io *io, const struct io_open *open, FILE_FS_DEVICE_INFORMATION *out)
{
    switch (open->kind) {
    case IO_KIND_CONSOLE:
        out->DeviceType = io_console_device_type(io->console[open->console]);
        break;
    case IO_KIND_NULL:
        out->DeviceType = FILE_DEVICE_NULL;
        break;
    case IO_KIND_PIPE:
        out->DeviceType = FILE_DEVICE_NAMED_PIPE;
        break;
    case IO_KIND_RANDOM:
        out->DeviceType = FILE_DEVICE_KSEC;
        break;
    case IO_KIND_FILE:
        out->DeviceType = FILE_DEVICE_DISK;
        out->Characteristics = FILE_DEVICE_IS_MOUNTED;
        break;
    }
}

/* A fixed part and a text behind it. */
static NTSTATUS put_text(char *buffer, size_t size, const void *fixed, size_t fixed_size,
                         const WCHAR *text, size_t length, size_t *returned)
{
    size_t copied = size - fixed_size < length ? (size - fixed_size) & ~(size_t)1 : length;

    memcpy(buffer, fixed, fixed_size);
    memcpy(buffer + fixed_size, text, copied);
    *returned = fixed_size + copied;
    return copied < length ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

NTSTATUS io_query_volume_information_file(struct io *io, FILE_OBJECT *file, enum _FSINFOCLASS class,
                                          void *buffer, size_t size, size_t *returned)
{
    static const WCHAR label[] = u"Windows", system[] = u"NTFS";
    const size_t text_sizes[] = {
        [FileFsVolumeInformation] = offsetof(FILE_FS_VOLUME_INFORMATION, VolumeLabel),
        [FileFsSizeInformation] = sizeof(FILE_FS_SIZE_INFORMATION),
        [FileFsDeviceInformation] = sizeof(FILE_FS_DEVICE_INFORMATION),
        [FileFsAttributeInformation] = offsetof(FILE_FS_ATTRIBUTE_INFORMATION, FileSystemName),
        [FileFsFullSizeInformation] = sizeof(FILE_FS_FULL_SIZE_INFORMATION),
        [FileFsObjectIdInformation] = sizeof(FILE_FS_OBJECTID_INFORMATION),
    };
    static const FILE_FS_OBJECTID_INFORMATION id = {.ObjectId = IO_VOLUME_ID};
    struct io_open *open = io_open_of(io, file);
    FILE_FS_FULL_SIZE_INFORMATION full;
    FILE_FS_SIZE_INFORMATION space;
    FILE_FS_DEVICE_INFORMATION device = {0};
    FILE_FS_ATTRIBUTE_INFORMATION attribute = {
        .FileSystemAttributes = FILE_CASE_PRESERVED_NAMES | FILE_UNICODE_ON_DISK,
        .MaximumComponentNameLength = IO_NAME_MAX,
        .FileSystemNameLength = sizeof(system) - sizeof(WCHAR),
    };
    FILE_FS_VOLUME_INFORMATION volume = {
        .VolumeSerialNumber = io->vpb->SerialNumber,
        .VolumeLabelLength = sizeof(label) - sizeof(WCHAR),
    };

    *returned = 0;
    if ((size_t) class >= sizeof(text_sizes) / sizeof(text_sizes[0]) || text_sizes[class] == 0)
        return STATUS_INVALID_INFO_CLASS;
    if (size < text_sizes[class])
        return STATUS_INFO_LENGTH_MISMATCH;
    if (open->kind != IO_KIND_FILE && class != FileFsDeviceInformation)
        return STATUS_INVALID_DEVICE_REQUEST;
    switch (class) {
    case FileFsVolumeInformation:
        return put_text(buffer, size, &volume, text_sizes[class], label, volume.VolumeLabelLength,
                        returned);
    case FileFsAttributeInformation:
        return put_text(buffer, size, &attribute, text_sizes[class], system,
                        attribute.FileSystemNameLength, returned);
    case FileFsDeviceInformation:
        fill_device(io, open, &device);
        memcpy(buffer, &device, sizeof(device));
        break;
    case FileFsObjectIdInformation:
        memcpy(buffer, &id, sizeof(id));
        break;
    case FileFsSizeInformation:
        fill_space(io, open, &full);
        fill_size(&full, &space);
        memcpy(buffer, &space, sizeof(space));
        break;
    default:
        fill_space(io, open, &full);
        memcpy(buffer, &full, sizeof(full));
        break;
    }
    *returned = text_sizes[class];
    return STATUS_SUCCESS;
}
