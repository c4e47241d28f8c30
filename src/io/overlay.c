/* src/io/overlay.c: changing things, without changing what is not to be changed.
 *
 * Under IO_MOUNT_OVERLAY all changes go to a folder of the mount's own inside one temporary folder
 * of the machine, made at the first write and removed with the machine. To change something of the
 * base it is copied there first, with the folders that lead to it; to remove it, its path becomes
 * hidden. Under IO_MOUNT_READ_WRITE the base is changed, and nothing else is different.
 *
 * => volume lock held, for all of it
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/ioi.h"

enum { COPY_CHUNK = 1 << 20, TREE_DESCRIPTORS = 16 };

/* ---- the overlay's folders ---- */

static NTSTATUS make_overlay(struct io *io)
{
    const char *root = io->overlay_root ? io->overlay_root : getenv("TMPDIR");
    char path[HOST_PATH_MAX];

    if (io->overlay)
        return STATUS_SUCCESS;
    if (snprintf(path, sizeof(path), "%s/ntmm-XXXXXX", root ? root : "/tmp") >= (int)sizeof(path))
        return STATUS_NAME_TOO_LONG;
    if (!mkdtemp(path))
        return host_status(errno);
    io->overlay = strdup(path);
    return io->overlay ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

static NTSTATUS make_upper(struct io *io, struct io_mount *mount)
{
    char path[HOST_PATH_MAX + 16];
    NTSTATUS status;

    if (mount->upper >= 0)
        return STATUS_SUCCESS;
    status = make_overlay(io);
    if (!NT_SUCCESS(status))
        return status;
    snprintf(path, sizeof(path), "%s/%u", io->overlay, mount->index);
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return host_status(errno);
    mount->upper = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return mount->upper < 0 ? host_status(errno) : STATUS_SUCCESS;
}

static int remove_entry(const char *path, const struct stat *stat, int kind, struct FTW *walk)
{
    (void)stat;
    (void)kind;
    (void)walk;
    return remove(path);
}

void io_destroy_mounts(struct io *io)
{
    struct list_node *node;

    while ((node = list_pop_head(&io->mounts)) != NULL) {
        struct io_mount *mount = list_entry(node, struct io_mount, node);

        close(mount->base);
        if (mount->upper >= 0)
            close(mount->upper);
        for (size_t i = 0; i < mount->hidden_count; i++)
            free(mount->hidden[i]);
        free(mount->hidden);
        free(mount);
    }
    io_abandon(io);
    free(io->overlay);
    io->overlay = NULL;
}

void io_abandon(struct io *io)
{
    if (io && io->overlay)
        nftw(io->overlay, remove_entry, TREE_DESCRIPTORS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* Nothing of the base shows at `path` and below any more. */
static NTSTATUS hide(struct io_mount *mount, const char *path)
{
    char **hidden;
    char *copy;

    if (io_is_hidden(mount, path))
        return STATUS_SUCCESS;
    hidden = realloc(mount->hidden, (mount->hidden_count + 1) * sizeof(*hidden));
    if (!hidden)
        return STATUS_INSUFFICIENT_RESOURCES;
    mount->hidden = hidden;
    if (!(copy = strdup(path)))
        return STATUS_INSUFFICIENT_RESOURCES;
    mount->hidden[mount->hidden_count++] = copy;
    return STATUS_SUCCESS;
}

/* Where changes to the mount go; for an overlay its folder is made. => -1 and *status */
static int writable_root(struct io *io, struct io_mount *mount, NTSTATUS *status)
{
    *status = io_check_writable(mount);
    if (!NT_SUCCESS(*status))
        return -1;
    if (mount->mode == IO_MOUNT_READ_WRITE)
        return mount->base;
    *status = make_upper(io, mount);
    return NT_SUCCESS(*status) ? mount->upper : -1;
}

/* Make the folders that lead to `path` in the writable layer, as they are called in the base. */
static NTSTATUS make_parents(int root, const char *path)
{
    char folder[HOST_PATH_MAX];

    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        NTSTATUS status;

        memcpy(folder, path, (size_t)(slash - path));
        folder[slash - path] = 0;
        status = host_make_directory_beneath(root, folder);
        if (!NT_SUCCESS(status) && status != STATUS_OBJECT_NAME_COLLISION)
            return status;
    }
    return STATUS_SUCCESS;
}

static enum io_layer writable_layer(const struct io_mount *mount)
{
    return mount->mode == IO_MOUNT_OVERLAY ? IO_LAYER_UPPER : IO_LAYER_BASE;
}

/* Look again at what node->path names in its new layer. */
static NTSTATUS refresh(int root, struct io_node *node)
{
    char path[HOST_PATH_MAX];

    strcpy(path, node->path);
    return host_resolve_beneath(root, path, node->path, &node->stat);
}

/* ---- copying up ---- */

static NTSTATUS copy_contents(int from, int to)
{
    char *buffer = malloc(COPY_CHUNK);
    NTSTATUS status = STATUS_SUCCESS;
    ssize_t got;

    if (!buffer)
        return STATUS_INSUFFICIENT_RESOURCES;
    while ((got = read(from, buffer, COPY_CHUNK)) > 0) {
        for (ssize_t put = 0, n; put < got; put += n) {
            n = write(to, buffer + put, (size_t)(got - put));
            if (n < 0) {
                status = host_status(errno);
                goto out;
            }
        }
    }
    if (got < 0)
        status = host_status(errno);
out:
    free(buffer);
    return status;
}

static NTSTATUS copy_file_up(struct io_node *node, int root)
{
    struct timespec times[2] = {node->stat.st_atim, node->stat.st_mtim};
    int from, to;
    NTSTATUS status = host_open_beneath(node->mount->base, node->path, O_RDONLY, &from);

    if (!NT_SUCCESS(status))
        return status;
    status = host_open_beneath(root, node->path, O_RDWR | O_CREAT | O_EXCL, &to);
    if (NT_SUCCESS(status)) {
        status = copy_contents(from, to);
        if (NT_SUCCESS(status) &&
            (fchmod(to, node->stat.st_mode & 0777) != 0 || futimens(to, times) != 0))
            status = host_status(errno);
        close(to);
        if (!NT_SUCCESS(status))
            (void)host_remove_beneath(root, node->path);
    }
    close(from);
    return status;
}

NTSTATUS io_copy_up(struct io *io, struct io_node *node)
{
    NTSTATUS status;
    int root = writable_root(io, node->mount, &status);

    if (root < 0 || node->layer == writable_layer(node->mount))
        return status;
    status = make_parents(root, node->path);
    if (!NT_SUCCESS(status))
        return status;
    if (io_node_is_directory(node))
        status = host_make_directory_beneath(root, node->path);
    else
        status = copy_file_up(node, root);
    if (!NT_SUCCESS(status))
        return status;
    node->layer = IO_LAYER_UPPER;
    return refresh(root, node);
}

/* ---- making, removing, moving ---- */

/* Prepare to make something at node->path. => descriptor of the layer, -1 and *status */
static int prepare_place(struct io *io, struct io_node *node, NTSTATUS *status)
{
    int root = writable_root(io, node->mount, status);

    if (root < 0)
        return -1;
    node->layer = writable_layer(node->mount);
    if (node->layer == IO_LAYER_UPPER)
        *status = make_parents(root, node->path);
    return NT_SUCCESS(*status) ? root : -1;
}

NTSTATUS io_make_file(struct io *io, struct io_node *node, int *fd)
{
    NTSTATUS status;
    int root = prepare_place(io, node, &status);

    if (root < 0)
        return status;
    status = host_open_beneath(root, node->path, O_RDWR | O_CREAT | O_EXCL, fd);
    if (NT_SUCCESS(status) && fstat(*fd, &node->stat) != 0) {
        status = host_status(errno);
        close(*fd);
    }
    return status;
}

NTSTATUS io_make_directory(struct io *io, struct io_node *node)
{
    NTSTATUS status;
    int root = prepare_place(io, node, &status);

    if (root < 0)
        return status;
    status = host_make_directory_beneath(root, node->path);
    return NT_SUCCESS(status) ? refresh(root, node) : status;
}

NTSTATUS io_remove(struct io *io, struct io_node *node)
{
    NTSTATUS status;
    int root = writable_root(io, node->mount, &status);

    if (root < 0)
        return status;
    if (!*node->path) /* a mount itself */
        return STATUS_ACCESS_DENIED;
    if (node->layer == writable_layer(node->mount)) {
        status = host_remove_beneath(root, node->path);
        if (!NT_SUCCESS(status))
            return status;
    }
    return node->mount->mode == IO_MOUNT_OVERLAY ? hide(node->mount, node->path) : status;
}

NTSTATUS io_move(struct io *io, struct io_node *from, struct io_node *to)
{
    NTSTATUS status = io_copy_up(io, from);
    int root;

    if (!NT_SUCCESS(status))
        return status;
    if ((root = prepare_place(io, to, &status)) < 0)
        return status;
    /* A folder whose contents are still in the base cannot move as one. */
    if (from->mount->mode == IO_MOUNT_OVERLAY && io_node_is_directory(from) &&
        !io_is_hidden(from->mount, from->path)) {
        struct io_node base = {.mount = from->mount};

        if (NT_SUCCESS(host_resolve_beneath(from->mount->base, from->path, base.path, &base.stat)))
            return STATUS_NOT_SUPPORTED;
    }
    status = host_rename_beneath(root, from->path, to->path, false);
    if (!NT_SUCCESS(status))
        return status;
    if (from->mount->mode == IO_MOUNT_OVERLAY)
        status = hide(from->mount, from->path);
    memcpy(from->path, to->path, sizeof(from->path));
    return status;
}

NTSTATUS io_link(struct io *io, struct io_node *from, struct io_node *to)
{
    NTSTATUS status = io_copy_up(io, from);
    int root;

    if (!NT_SUCCESS(status))
        return status;
    root = prepare_place(io, to, &status);
    return root < 0 ? status : host_link_beneath(root, from->path, to->path);
}
