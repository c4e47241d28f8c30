/* src/io/fcb.c: open files: one control block per file, one io_open per file object.
 *
 * However often a file is opened there is one descriptor, so that copying it up to the overlay
 * changes it for all: the new file is put under the old descriptor's number. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "io/ioi.h"

enum {
    READ_RIGHTS = FILE_READ_DATA | FILE_EXECUTE,
    WRITE_RIGHTS = FILE_WRITE_DATA | FILE_APPEND_DATA,
};

/* ---- the table of opens ---- */

struct io_open *io_open_of(struct io *io, const FILE_OBJECT *file)
{
    struct io_open *open = NULL;
    uint64_t index = file->FsContext2.va;

    ke_acquire_lock(&io->opens_lock);
    if (index > 0 && index <= io->open_capacity)
        open = io->opens[index - 1];
    ke_release_lock(&io->opens_lock);
    ASSERT(open);
    return open;
}

NTSTATUS io_register_open(struct io *io, FILE_OBJECT *file, struct io_open *open)
{
    size_t index = 0;

    ke_acquire_lock(&io->opens_lock);
    while (index < io->open_capacity && io->opens[index])
        index++;
    if (index == io->open_capacity) {
        size_t capacity = index ? 2 * index : 64;
        struct io_open **opens = realloc(io->opens, capacity * sizeof(struct io_open *));

        if (!opens) {
            ke_release_lock(&io->opens_lock);
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        memset(opens + index, 0, (capacity - index) * sizeof(struct io_open *));
        io->opens = opens;
        io->open_capacity = capacity;
    }
    io->opens[index] = open;
    file->FsContext2.va = index + 1;
    ke_release_lock(&io->opens_lock);
    return STATUS_SUCCESS;
}

void io_unregister_open(struct io *io, FILE_OBJECT *file)
{
    ke_acquire_lock(&io->opens_lock);
    io->opens[file->FsContext2.va - 1] = NULL;
    file->FsContext2.va = 0;
    ke_release_lock(&io->opens_lock);
}

/* ---- control blocks: => volume lock held ---- */

static struct io_fcb *find_fcb(struct io *io, const struct io_node *node, const char *path)
{
    list_for_each(link, &io->fcbs)
    {
        struct io_fcb *fcb = list_entry(link, struct io_fcb, node);

        if (fcb->where.mount != node->mount)
            continue;
        if (node->mount ? host_compare_names(fcb->where.path, node->path) == 0
                        : host_compare_names(fcb->volume_path, path) == 0)
            return fcb;
    }
    return NULL;
}

NTSTATUS io_get_fcb(struct io *io, const struct io_node *node, const char *path,
                    struct io_fcb **out)
{
    struct mm *mm = ob_mm(io->ob);
    struct io_fcb *fcb = find_fcb(io, node, path);

    if (!fcb) {
        if (!(fcb = calloc(1, sizeof(*fcb))))
            return STATUS_INSUFFICIENT_RESOURCES;
        fcb->volume_path = strdup(path);
        fcb->sections = ex_allocate_pool(mm, NonPagedPool, sizeof(*fcb->sections), mm_tag("IoSe"));
        if (!fcb->volume_path || !fcb->sections) {
            if (fcb->sections)
                ex_free_pool(mm, fcb->sections);
            free(fcb->volume_path);
            free(fcb);
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        memset(fcb->sections, 0, sizeof(*fcb->sections));
        fcb->where = *node;
        fcb->directory = io_node_is_directory(node);
        fcb->fd = -1;
        list_insert_tail(&fcb->node, &io->fcbs);
    }
    fcb->references++;
    *out = fcb;
    return STATUS_SUCCESS;
}

void io_put_fcb(struct io *io, struct io_fcb *fcb)
{
    if (--fcb->references > 0)
        return;
    list_remove(&fcb->node);
    if (fcb->bytes)
        munmap((void *)fcb->bytes, fcb->bytes_size); /* mapped file or copy alike */
    if (fcb->fd >= 0)
        close(fcb->fd);
    ex_free_pool(ob_mm(io->ob), fcb->sections);
    free(fcb->volume_path);
    free(fcb);
}

NTSTATUS io_fcb_open(struct io *io, struct io_fcb *fcb, bool writing)
{
    NTSTATUS status;
    int fd;

    if (fcb->fd >= 0 && (fcb->writable || !writing))
        return STATUS_SUCCESS;
    if (writing) {
        status = io_copy_up(io, &fcb->where);
        if (!NT_SUCCESS(status))
            return status;
    }
    status = host_open_beneath(io_node_root(&fcb->where), fcb->where.path,
                               writing ? O_RDWR : O_RDONLY, &fd);
    if (!NT_SUCCESS(status))
        return status;
    if (fcb->fd >= 0) {
        if (dup3(fd, fcb->fd, O_CLOEXEC) < 0)
            status = host_status(errno);
        close(fd);
    } else {
        fcb->fd = fd;
    }
    fcb->writable = NT_SUCCESS(status) && writing;
    return status;
}

NTSTATUS io_fcb_stat(struct io *io, struct io_fcb *fcb, struct stat *stat)
{
    char path[HOST_PATH_MAX];

    (void)io;
    if (fcb->fd >= 0)
        return fstat(fcb->fd, stat) == 0 ? STATUS_SUCCESS : host_status(errno);
    if (!fcb->where.mount) {
        *stat = fcb->where.stat;
        return STATUS_SUCCESS;
    }
    return host_resolve_beneath(io_node_root(&fcb->where), fcb->where.path, path, stat);
}

bool io_is_open_below(struct io *io, const struct io_fcb *fcb)
{
    list_for_each(link, &io->fcbs)
    {
        const struct io_fcb *other = list_entry(link, struct io_fcb, node);

        if (other != fcb && other->where.mount == fcb->where.mount &&
            io_path_below(other->where.path, fcb->where.path))
            return true;
    }
    return false;
}

ULONG io_attributes_of(const struct stat *stat)
{
    ULONG attributes = stat->st_mode & S_IWUSR ? 0 : FILE_ATTRIBUTE_READONLY;

    if (S_ISDIR(stat->st_mode)) /* a folder's mode does not make its contents read-only */
        return FILE_ATTRIBUTE_DIRECTORY;
    return attributes | FILE_ATTRIBUTE_ARCHIVE;
}

/* ---- share access. Source: IoCheckShareAccess documentation ---- */

NTSTATUS io_share(struct io_fcb *fcb, ULONG access, ULONG share)
{
    bool reads = access & READ_RIGHTS, writes = access & WRITE_RIGHTS, deletes = access & DELETE;

    if (!reads && !writes && !deletes)
        return STATUS_SUCCESS;
    if ((reads && fcb->share_read < fcb->sharers) || (writes && fcb->share_write < fcb->sharers) ||
        (deletes && fcb->share_delete < fcb->sharers) ||
        (fcb->readers && !(share & FILE_SHARE_READ)) ||
        (fcb->writers && !(share & FILE_SHARE_WRITE)) ||
        (fcb->deleters && !(share & FILE_SHARE_DELETE)))
        return STATUS_SHARING_VIOLATION;
    fcb->sharers++;
    fcb->readers += reads;
    fcb->writers += writes;
    fcb->deleters += deletes;
    fcb->share_read += (share & FILE_SHARE_READ) != 0;
    fcb->share_write += (share & FILE_SHARE_WRITE) != 0;
    fcb->share_delete += (share & FILE_SHARE_DELETE) != 0;
    return STATUS_SUCCESS;
}

void io_unshare(struct io_fcb *fcb, ULONG access, ULONG share)
{
    bool reads = access & READ_RIGHTS, writes = access & WRITE_RIGHTS, deletes = access & DELETE;

    if (!reads && !writes && !deletes)
        return;
    fcb->sharers--;
    fcb->readers -= reads;
    fcb->writers -= writes;
    fcb->deleters -= deletes;
    fcb->share_read -= (share & FILE_SHARE_READ) != 0;
    fcb->share_write -= (share & FILE_SHARE_WRITE) != 0;
    fcb->share_delete -= (share & FILE_SHARE_DELETE) != 0;
}

void io_cleanup(struct io *io, struct io_open *open)
{
    struct io_fcb *fcb = open->fcb;

    if (!fcb)
        return;
    io_lock_volume(io);
    if (!open->cleaned) {
        open->cleaned = true;
        io_unshare(fcb, open->access, open->share);
        fcb->delete_pending |= open->delete_on_close;
        if (--fcb->opens == 0 && fcb->delete_pending &&
            !(fcb->directory && !io_directory_is_empty(io, fcb->volume_path))) {
            /* Gone by name; whoever still has the object keeps the contents. */
            (void)io_remove(io, &fcb->where);
            list_remove(&fcb->node);
        }
    }
    io_unlock_volume(io);
}
