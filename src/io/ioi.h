/* src/io/ioi.h: the inside of io.
 *
 *      FILE_OBJECT --FsContext2--> struct io_open       what one open means: kind, scan of a
 * directory
 *                                     |
 *                                     v
 *                                  struct io_fcb        one file, however often it is open:
 * descriptor, |                 share access, pending deletion
 *                                     v
 *                                  struct io_mount      a host folder and the overlay above it
 *
 * Locks: `volume` (KE_RANK_VOLUME) for mounts' layers, control blocks and share access; the table
 * of opens has one of its own, innermost.
 */
#pragma once

#include <sys/stat.h>

#include "base/list.h"
#include "host/host.h"
#include "io/io.h"
#include "ke/dispatcher.h"
#include "ke/list.h"

#define IO_NAME_MAX 255 /* UTF-16 units in a component */

/* ---- names (path.c) ---- */

/* A path on the volume: UTF-8 with '/' between components, none at either end; "" is the root. */
struct io_path {
    char text[HOST_PATH_MAX];
    bool directory_only; /* written with a backslash at the end */
};

/* => STATUS_OBJECT_NAME_INVALID, STATUS_NAME_TOO_LONG */
NTSTATUS io_path_from_name(const WCHAR *name, size_t length, struct io_path *path);
/* UTF-8 to UTF-16 without terminator. => units, or -1: not UTF-8 or more than `capacity` */
int io_utf16(const char *text, WCHAR *out, size_t capacity);
/* The last component, and what comes before it ("" when there is nothing). */
const char *io_path_leaf(const char *path);
void io_path_parent(const char *path, char parent[HOST_PATH_MAX]);
/* Is `path` equal to `prefix` or below it? => what follows prefix, without '/'; NULL: no */
const char *io_path_below(const char *path, const char *prefix);
/* Equal but for case. */
bool io_equal_names(const WCHAR *a, size_t a_chars, const WCHAR *b, size_t b_chars);
/* DOS wildcards: * ? < > " as NtQueryDirectoryFile has them; case does not count. */
bool io_name_matches(const WCHAR *pattern, size_t pattern_chars, const WCHAR *name, size_t chars);

/* ---- the volume (volume.c, overlay.c) ---- */

/* The volume's object id, a GUID, and its name as that: links and queries tell the same. */
#define IO_VOLUME_ID                                                                               \
    {                                                                                              \
        0x4D, 0x4D, 0x54, 0x4E, 0x01, 0x76, 0xE1, 0x11, 0x80, 0x6E, 0x6F, 0x6E, 0x69, 0x63, 0x65,  \
            0x01                                                                                   \
    }
#define IO_VOLUME_GUID "{4e544d4d-7601-11e1-806e-6f6e69636501}"

struct io_mount {
    struct list_node node; /* io.mounts, longest path first */
    enum io_mount_mode mode;
    int base;      /* the host's folder */
    int upper;     /* overlay folder; -1: not made yet */
    char **hidden; /* paths (below the mount) whose base is gone: they and all below them */
    size_t hidden_count;
    unsigned index;
    char path[]; /* on the volume */
};

enum io_layer { IO_LAYER_BASE, IO_LAYER_UPPER, IO_LAYER_VIRTUAL };

/* What is at a path. */
struct io_node {
    struct io_mount *mount; /* NULL: a folder that only leads to mounts */
    enum io_layer layer;
    char path[HOST_PATH_MAX]; /* below the mount, in true case; where it would be when not found */
    struct stat stat;
};

/* => STATUS_OBJECT_NAME_NOT_FOUND (node->mount and path say where it would be),
 *    STATUS_OBJECT_PATH_NOT_FOUND, STATUS_NOT_A_DIRECTORY as path not found */
NTSTATUS io_resolve(struct io *io, const char *path, struct io_node *node);
static inline bool io_node_is_directory(const struct io_node *node)
{
    return node->layer == IO_LAYER_VIRTUAL || S_ISDIR(node->stat.st_mode);
}
/* Descriptor of the node's layer. */
int io_node_root(const struct io_node *node);
/* May something be written at this place? => STATUS_ACCESS_DENIED, STATUS_MEDIA_WRITE_PROTECTED */
NTSTATUS io_check_writable(const struct io_mount *mount);
/* Bring an existing file or folder into the layer that is written. Changes node->layer and path. */
NTSTATUS io_copy_up(struct io *io, struct io_node *node);
/* Make a file (*fd open for reading and writing) or folder at a path that does not exist. */
NTSTATUS io_make_file(struct io *io, struct io_node *node, int *fd);
NTSTATUS io_make_directory(struct io *io, struct io_node *node);
/* Remove what is there. A folder must be empty: STATUS_DIRECTORY_NOT_EMPTY. */
NTSTATUS io_remove(struct io *io, struct io_node *node);
/* Move `from` to `to` of the same mount, which does not exist. */
NTSTATUS io_move(struct io *io, struct io_node *from, struct io_node *to);
/* Give the file `from` a second name, `to` of the same mount, which does not exist. */
NTSTATUS io_link(struct io *io, struct io_node *from, struct io_node *to);
bool io_is_hidden(const struct io_mount *mount, const char *path);
/* Is there something on the volume at this path that is open or mounted below? */
bool io_leads_to_mount(struct io *io, const char *path);
void io_destroy_mounts(struct io *io);

/* ---- open files (fcb.c) ---- */

struct io_fcb {
    struct list_node node; /* io.fcbs */
    struct io_node where;
    char *volume_path; /* as opened first, for names */
    unsigned references;
    /* KE_RANK_FILE_SIZE. Shared: transfers within the file. Exclusive: its size changes, or it gets
     * a section, from when on transfers go through its cached pages. */
    EX_PUSH_LOCK size_lock;
    int fd;        /* -1: none needed yet */
    bool writable; /* fd is */
    bool directory;
    bool delete_pending;
    unsigned opens; /* not cleaned up */
    /* of those that read, write or delete: what they do and let others do */
    unsigned sharers, readers, writers, deleters, share_read, share_write, share_delete;
    SECTION_OBJECT_POINTERS *sections; /* guest memory */
    const void *bytes;                 /* io_file_host_bytes */
    size_t bytes_size;
};

enum io_kind { IO_KIND_FILE, IO_KIND_CONSOLE, IO_KIND_NULL, IO_KIND_RANDOM, IO_KIND_PIPE };

struct io_scan_entry;

struct io_open {
    EX_PUSH_LOCK transfer; /* KE_RANK_FILE: one transfer at a time */
    enum io_kind kind;
    struct io_fcb *fcb;   /* FILE */
    int console;          /* CONSOLE: index */
    struct io_pipe *pipe; /* PIPE, and which end of it */
    unsigned pipe_end;
    ULONG access, share; /* as granted at create */
    ULONG options;
    bool cleaned; /* share access given back */
    bool delete_on_close;
    struct io_scan_entry *scan; /* directory enumeration */
    size_t scan_count, scan_next;
    bool scanned;
};

struct io {
    struct ob *ob;
    struct ke *ke;
    OBJECT_TYPE *file_type, *device_type, *driver_type;
    struct ob_type_ops file_ops, device_ops;
    DEVICE_OBJECT *volume_device, *console_device, *null_device, *random_device, *pipe_device;
    VPB *vpb;
    int console[3];
    EX_PUSH_LOCK volume; /* KE_RANK_VOLUME */
    struct list_node mounts, fcbs, pipes;
    unsigned mount_count;
    char *overlay; /* host path of the overlay's folder, NULL: not made */
    const char *overlay_root;
    struct ke_lock opens_lock;
    struct io_open **opens; /* by FsContext2 - 1 */
    size_t open_capacity;
};

static inline void io_lock_volume(struct io *io)
{
    ex_acquire_push_lock_exclusive(&io->volume, KE_RANK_VOLUME);
}

static inline void io_unlock_volume(struct io *io)
{
    ex_release_push_lock_exclusive(&io->volume, KE_RANK_VOLUME);
}

/* The io_open of a file object. */
struct io_open *io_open_of(struct io *io, const FILE_OBJECT *file);
NTSTATUS io_register_open(struct io *io, FILE_OBJECT *file, struct io_open *open);
void io_unregister_open(struct io *io, FILE_OBJECT *file);

/* The control block of a node, referenced. => volume lock held */
NTSTATUS io_get_fcb(struct io *io, const struct io_node *node, const char *path,
                    struct io_fcb **fcb);
void io_put_fcb(struct io *io, struct io_fcb *fcb);
/* Have a descriptor, for writing if asked. => volume lock held; copies up */
NTSTATUS io_fcb_open(struct io *io, struct io_fcb *fcb, bool writing);
/* Add an open's access to the shares (take it away again). => STATUS_SHARING_VIOLATION */
NTSTATUS io_share(struct io_fcb *fcb, ULONG access, ULONG share);
void io_unshare(struct io_fcb *fcb, ULONG access, ULONG share);
/* The last handle goes: give shares back, delete what is to be deleted. */
void io_cleanup(struct io *io, struct io_open *open);
NTSTATUS io_fcb_stat(struct io *io, struct io_fcb *fcb, struct stat *stat);
ULONG io_attributes_of(const struct stat *stat);
/* Is another file open at or below this place? => volume lock held */
bool io_is_open_below(struct io *io, const struct io_fcb *fcb);
/* Is the folder empty, all layers taken together? => volume lock held */
bool io_directory_is_empty(struct io *io, const char *path);

/* ---- data (data.c) ---- */

/* The descriptor of a file, opened now if the create did not need one.
 * => STATUS_INVALID_DEVICE_REQUEST: a directory */
NTSTATUS io_descriptor_of(struct io *io, struct io_fcb *fcb, bool writing, int *fd);
/* Make a file, which has a writable descriptor, `size` bytes long. => size_lock held exclusively
 * STATUS_USER_MAPPED_FILE: processes have mapped what would be cut; STATUS_DISK_FULL */
NTSTATUS io_set_size(struct io *io, struct io_fcb *fcb, uint64_t size);

static inline void io_lock_size(struct io_fcb *fcb)
{
    ex_acquire_push_lock_exclusive(&fcb->size_lock, KE_RANK_FILE_SIZE);
}

static inline void io_unlock_size(struct io_fcb *fcb)
{
    ex_release_push_lock_exclusive(&fcb->size_lock, KE_RANK_FILE_SIZE);
}

/* ---- opening (create.c) ---- */

struct io_parse_context {
    const struct io_create *create;
    uint64_t information;
};

/* A file object of a device, registered, without anything behind it yet. */
NTSTATUS io_make_file_object(struct io *io, DEVICE_OBJECT *device, const struct io_create *c,
                             ULONG access, const WCHAR *name, size_t length, enum io_kind kind,
                             FILE_OBJECT **out, struct io_open **out_open);
NTSTATUS io_parse_device(struct ob *ob, void *object, struct ob_parse *parse);
NTSTATUS io_parse_file(struct ob *ob, void *object, struct ob_parse *parse);
size_t io_query_file_name(struct ob *ob, void *object, WCHAR *name, size_t capacity);
struct io *io_of(struct ob *ob, void *object);

/* ---- directories (directory.c) ---- */

struct io_scan_entry {
    WCHAR name[IO_NAME_MAX];
    USHORT chars;
    struct stat stat;
};

/* All names in the folder at `path`, without . and .., in order. => volume lock held */
NTSTATUS io_list_directory(struct io *io, const char *path, struct io_scan_entry **entries,
                           size_t *count);

/* ---- console (console.c) ---- */

ULONG io_console_device_type(int fd);
NTSTATUS io_console_read(struct io *io, KTHREAD *thread, int fd, void *buffer, size_t size,
                         const int64_t *offset, size_t *done);
NTSTATUS io_console_write(struct io *io, KTHREAD *thread, int fd, const void *buffer, size_t size,
                          const int64_t *offset, size_t *done);

/* ---- pipes (pipe.c) ---- */

/* Make a pipe (context->create->pipe) or open the client end of one.
 * => STATUS_INSTANCE_NOT_AVAILABLE, STATUS_OBJECT_NAME_NOT_FOUND, STATUS_PIPE_NOT_AVAILABLE */
NTSTATUS io_open_pipe(struct io *io, struct io_parse_context *context, ULONG access,
                      const WCHAR *name, size_t length, FILE_OBJECT **file);
/* The last handle of an end is gone; the last reference is. */
void io_close_pipe_end(struct io *io, struct io_open *open);
void io_put_pipe(struct io *io, struct io_open *open);
NTSTATUS io_read_pipe(struct io *io, KTHREAD *thread, struct io_open *open, void *buffer,
                      size_t size, size_t *done);
NTSTATUS io_write_pipe(struct io *io, KTHREAD *thread, struct io_open *open, const void *buffer,
                       size_t size, size_t *done);
