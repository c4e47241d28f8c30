/* src/io/io.h: files and devices.
 *
 * A FILE_OBJECT in guest memory is what a handle to a file leads to; its FsContext2 is an index
 * into io's host table of open files (struct io_open), which knows the host descriptor. Three
 * devices, each a DEVICE_OBJECT of a DRIVER_OBJECT in the namespace:
 *
 *      \Device\HarddiskVolume1   \??\C: and \SystemRoot lead there; a tree of mounts, below
 *      \Device\Console           \??\CON, CONIN$, CONOUT$: the host's standard files
 *      \Device\Null              \??\NUL
 *
 * The volume is put together from mounts, each a folder of the host at a guest path; the longest
 * one that matches a name serves it. Names compare without case. A mount is read-only, read-write,
 * or (the default) covered by an overlay: what is written there goes to a temporary folder that is
 * removed at the end, and the host's own files stay as they were:
 *
 *      \work\a.txt  read                  -> host folder
 *                   opened for writing    -> copied up, then the overlay
 *                   deleted               -> a whiteout in the overlay hides the host's file
 *
 * Nothing else of the host can be reached: every component is looked up by io below an open
 * directory,
 * `..` is refused, links that lead out of a mount are not followed.
 *
 * Contract for services: buffers here are host memory, arguments were captured. Blocking calls take
 * the calling thread (or NULL: not a guest thread) and are given up with
 * STATUS_THREAD_IS_TERMINATING when it is told to end. Source: NtCreateFile, NtReadFile,
 * NtQueryInformationFile, ... documentation; [MS-FSA].
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nt/file.h"
#include "nt/status.h"
#include "ob/ob.h"
#include "pe/pe.h"

struct io;
struct iovec;

enum io_mount_mode {
    IO_MOUNT_OVERLAY,    /* writes go to the overlay */
    IO_MOUNT_READ_ONLY,  /* writes fail: STATUS_MEDIA_WRITE_PROTECTED (system files: ACCESS_DENIED)
                          */
    IO_MOUNT_READ_WRITE, /* writes go to the host's folder */
};

struct io_config {
    struct ob *ob;
    struct ke *ke;
    int console[3]; /* host descriptors of standard input, output, error; -1: none. Stay the
                       caller's */
    const char *overlay_root; /* where to make the overlay's folder; NULL: $TMPDIR or /tmp */
};

/* Make types File, Device, Driver; devices and names. Volumes are empty: every folder between
 * mounts exists and is empty.
 * => STATUS_INSUFFICIENT_RESOURCES, a host error */
NTSTATUS io_create(const struct io_config *config, struct io **out);
/* Remove the overlay. => all files are closed */
void io_destroy(struct io *io);
/* Remove the overlay from the host's file system, nothing else, and without a lock: for a machine
 * that stopped where it was. NULL: nothing. */
void io_abandon(struct io *io);

/* Let `host_dir` appear at `guest_path` (UTF-8, "\\Windows\\System32", "\\" for the root of C:).
 * Before any program runs.
 * => STATUS_OBJECT_NAME_COLLISION (there is one there), STATUS_OBJECT_PATH_NOT_FOUND,
 * STATUS_NOT_A_DIRECTORY, STATUS_OBJECT_NAME_INVALID, STATUS_ACCESS_DENIED */
NTSTATUS io_mount(struct io *io, const char *guest_path, const char *host_dir,
                  enum io_mount_mode mode);

/* ---- opening ---- */

struct io_create {
    struct ob_attributes attributes; /* full NT name (\??\C:\work\a.txt), or relative to a root */
    ULONG access;
    ULONG file_attributes; /* FILE_ATTRIBUTE_* of a new file */
    ULONG share;           /* FILE_SHARE_* */
    ULONG disposition;     /* FILE_OPEN ... */
    ULONG options;         /* FILE_DIRECTORY_FILE ... */
    int64_t allocation_size;
    bool pipe; /* NtCreateNamedPipeFile: make the pipe, be its server end */
};

/* NtCreateFile, NtOpenFile. *information is FILE_OPENED, FILE_CREATED, ...
 * => STATUS_INVALID_PARAMETER, STATUS_OBJECT_NAME_INVALID, STATUS_OBJECT_NAME_NOT_FOUND,
 *    STATUS_OBJECT_PATH_NOT_FOUND, STATUS_OBJECT_NAME_COLLISION, STATUS_FILE_IS_A_DIRECTORY,
 *    STATUS_NOT_A_DIRECTORY, STATUS_SHARING_VIOLATION, STATUS_ACCESS_DENIED, STATUS_DELETE_PENDING,
 *    STATUS_CANNOT_DELETE, STATUS_MEDIA_WRITE_PROTECTED, STATUS_DISK_FULL, ... */
NTSTATUS io_create_file(struct io *io, const struct ob_caller *caller,
                        const struct io_create *create, uint64_t *handle, uint64_t *information);

/* The same without a handle: *file is referenced (ob_dereference_object closes it). */
NTSTATUS io_open_file(struct io *io, const struct ob_caller *caller, const struct io_create *create,
                      FILE_OBJECT **file);

/* Open an existing file for reading and executing by an ASCII/UTF-8 NT path: the kernel's own use.
 */
NTSTATUS io_open_path(struct io *io, const char *path, FILE_OBJECT **file);

/* Standard input (0), output (1) or error (2) as an inheritable handle of the caller's process.
 * => STATUS_NO_SUCH_DEVICE when the host has none */
NTSTATUS io_open_console(struct io *io, const struct ob_caller *caller, unsigned index,
                         uint64_t *handle);

/* ---- data ---- */

/* Read at *offset; NULL or FILE_USE_FILE_POINTER_POSITION: at the current position of a synchronous
 * file (which every read moves). `granted` is the handle's access.
 * => *done bytes; STATUS_END_OF_FILE (none), STATUS_PIPE_BROKEN, STATUS_INVALID_PARAMETER (offset),
 *    STATUS_INVALID_DEVICE_REQUEST (a directory), STATUS_THREAD_IS_TERMINATING */
NTSTATUS io_read_file(struct io *io, KTHREAD *thread, FILE_OBJECT *file, void *buffer, size_t size,
                      const int64_t *offset, size_t *done);
/* Write; FILE_WRITE_TO_END_OF_FILE appends, as does a handle with FILE_APPEND_DATA alone
 * (`granted`).
 * => *done bytes; STATUS_DISK_FULL, STATUS_PIPE_CLOSING, STATUS_MEDIA_WRITE_PROTECTED, ... */
NTSTATUS io_write_file(struct io *io, KTHREAD *thread, FILE_OBJECT *file, ULONG granted,
                       const void *buffer, size_t size, const int64_t *offset, size_t *done);
NTSTATUS io_flush_buffers_file(struct io *io, FILE_OBJECT *file);

/* Does the file keep a position (FILE_SYNCHRONOUS_IO_*)? Else NtReadFile needs an offset. */
static inline bool io_is_synchronous(const FILE_OBJECT *file)
{
    return file->Flags & FO_SYNCHRONOUS_IO;
}

/* ---- information ---- */

/* *returned: bytes written. `granted`: the handle's access, for FileAccessInformation.
 * => STATUS_INVALID_INFO_CLASS, STATUS_INFO_LENGTH_MISMATCH, STATUS_BUFFER_OVERFLOW (a name did not
 * fit; the fixed part is there) */
NTSTATUS io_query_information_file(struct io *io, FILE_OBJECT *file, ULONG granted,
                                   enum _FILE_INFORMATION_CLASS class, void *buffer, size_t size,
                                   size_t *returned);
/* FileBasicInformation, FilePositionInformation, FileEndOfFileInformation,
 * FileAllocationInformation, FileDispositionInformation, FileRenameInformation (RootDirectory
 * resolved with `caller`).
 * => as above, STATUS_OBJECT_NAME_COLLISION, STATUS_ACCESS_DENIED, STATUS_CANNOT_DELETE,
 *    STATUS_DIRECTORY_NOT_EMPTY, STATUS_NOT_SAME_DEVICE, STATUS_MEDIA_WRITE_PROTECTED */
NTSTATUS io_set_information_file(struct io *io, const struct ob_caller *caller, FILE_OBJECT *file,
                                 enum _FILE_INFORMATION_CLASS class, const void *buffer,
                                 size_t size);
/* Which access a handle needs for a class; 0: none; for sys. */
ULONG io_information_access(enum _FILE_INFORMATION_CLASS class, bool set);

/* FileFsDevice, Size, FullSize, Attribute, Volume. */
NTSTATUS io_query_volume_information_file(struct io *io, FILE_OBJECT *file, enum _FSINFOCLASS class,
                                          void *buffer, size_t size, size_t *returned);

/* NtQueryDirectoryFile: FileDirectory, FullDirectory, BothDirectory, IdBothDirectory,
 * IdFullDirectory, Names. `pattern` (may be NULL) counts on the first call or with `restart`.
 * => STATUS_NO_SUCH_FILE (first call finds nothing), STATUS_NO_MORE_FILES, STATUS_BUFFER_OVERFLOW
 * (not even one name fits), STATUS_INFO_LENGTH_MISMATCH, STATUS_INVALID_PARAMETER (no directory) */
NTSTATUS io_query_directory_file(struct io *io, FILE_OBJECT *file,
                                 enum _FILE_INFORMATION_CLASS class, void *buffer, size_t size,
                                 bool single, const WCHAR *pattern, USHORT pattern_length,
                                 bool restart, size_t *returned);

/* NtQueryAttributesFile, NtQueryFullAttributesFile. */
NTSTATUS io_query_attributes_file(struct io *io, const struct ob_caller *caller,
                                  const struct ob_attributes *attributes,
                                  FILE_NETWORK_OPEN_INFORMATION *information);

/* ---- for sections and images ---- */

/* The whole file as read-only host memory, valid while the file object lives: a mapping, shared by
 * all callers of the same file object. Files of overlay and system mounts are not changed by
 * others; of a file that can be (a read-write mount) the bytes are a private copy.
 * => STATUS_INVALID_FILE_FOR_SECTION (a device or directory), STATUS_INSUFFICIENT_RESOURCES */
NTSTATUS io_file_host_bytes(struct io *io, FILE_OBJECT *file, const void **bytes, size_t *size);
NTSTATUS io_file_size(struct io *io, FILE_OBJECT *file, uint64_t *size);
/* The section of a data file, referenced: mm_close_section. *size is what is wanted; 0: as large as
 * the file is, which it then says. A file that is smaller grows if the section is `writable`.
 * => STATUS_INVALID_FILE_FOR_SECTION, STATUS_MAPPED_FILE_SIZE_ZERO, STATUS_SECTION_TOO_BIG (cannot
 *    grow), STATUS_DISK_FULL, as mm_create_file_section */
NTSTATUS io_create_data_section(struct io *io, FILE_OBJECT *file, bool writable, uint64_t *size,
                                SEGMENT **segment);
/* mm_ops.read_file and write_file. */
NTSTATUS io_paging_read(struct io *io, FILE_OBJECT *file, uint64_t offset,
                        const struct iovec *parts, size_t count, size_t *done);
NTSTATUS io_paging_write(struct io *io, FILE_OBJECT *file, uint64_t offset,
                         const struct iovec *parts, size_t count);

/* What a file that is no image says to who wants to map it. */
NTSTATUS io_image_status(enum pe_status status);
/* The section of an image file, referenced: mm_close_section. The same for all who ask.
 * => STATUS_INVALID_IMAGE_*, as io_file_host_bytes and mm_create_image_section */
NTSTATUS io_create_image_section(struct io *io, FILE_OBJECT *file, SEGMENT **segment);
/* The same by the NT path of the file, `length` characters: the kernel's own use. */
NTSTATUS io_create_image_section_of(struct io *io, const WCHAR *path, size_t length,
                                    SEGMENT **segment);

/* FSCTL_PIPE_PEEK: what waits at this end of a pipe, and up to `room` bytes of it behind *out.
 * => STATUS_INVALID_DEVICE_REQUEST: no pipe; STATUS_PIPE_LISTENING, STATUS_PIPE_BROKEN;
 *    STATUS_BUFFER_OVERFLOW: there is more */
NTSTATUS io_peek_pipe(struct io *io, FILE_OBJECT *file, FILE_PIPE_PEEK_BUFFER *out, size_t room,
                      size_t *copied);
