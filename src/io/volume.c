/* src/io/volume.c: the C: volume, put together from mounts.
 *
 * A path belongs to the mount with the longest matching path. Below a mount there are up to two
 * layers: the overlay, where written things are, covers the base, except that a path in `hidden`
 * (and all below it) lets nothing of the base through. A path above mounts that belongs to none is
 * a virtual folder.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/ioi.h"

static struct io_mount *mount_of(struct io *io, const char *path, const char **rest)
{
    list_for_each(node, &io->mounts)
    {
        struct io_mount *mount = list_entry(node, struct io_mount, node);

        if ((*rest = io_path_below(path, mount->path)) != NULL)
            return mount;
    }
    return NULL;
}

bool io_leads_to_mount(struct io *io, const char *path)
{
    if (!*path)
        return true;
    list_for_each(node, &io->mounts)
    {
        const char *rest = io_path_below(list_entry(node, struct io_mount, node)->path, path);

        if (rest && *rest)
            return true;
    }
    return false;
}

bool io_is_hidden(const struct io_mount *mount, const char *path)
{
    for (size_t i = 0; i < mount->hidden_count; i++) {
        if (io_path_below(path, mount->hidden[i]))
            return true;
    }
    return false;
}

int io_node_root(const struct io_node *node)
{
    return node->layer == IO_LAYER_UPPER ? node->mount->upper : node->mount->base;
}

NTSTATUS io_check_writable(const struct io_mount *mount)
{
    if (!mount)
        return STATUS_ACCESS_DENIED;
    return mount->mode == IO_MOUNT_READ_ONLY ? STATUS_ACCESS_DENIED : STATUS_SUCCESS;
}

static bool is_missing(NTSTATUS status)
{
    return status == STATUS_OBJECT_NAME_NOT_FOUND || status == STATUS_OBJECT_PATH_NOT_FOUND ||
           status == STATUS_NOT_A_DIRECTORY;
}

/* Look in the layers of node->mount. */
static NTSTATUS resolve_layers(struct io_node *node, const char *rest)
{
    struct io_mount *mount = node->mount;
    NTSTATUS status = STATUS_OBJECT_PATH_NOT_FOUND;

    if (mount->upper >= 0) {
        status = host_resolve_beneath(mount->upper, rest, node->path, &node->stat);
        node->layer = IO_LAYER_UPPER;
        if (!is_missing(status))
            return status;
    }
    if (io_is_hidden(mount, rest))
        return STATUS_OBJECT_NAME_NOT_FOUND;
    node->layer = IO_LAYER_BASE;
    return host_resolve_beneath(mount->base, rest, node->path, &node->stat);
}

/* A name is missing in a layer: is its folder there? Says where it would be. */
static NTSTATUS resolve_missing(struct io_node *node, const char *rest)
{
    char parent[HOST_PATH_MAX];
    struct io_node folder = {.mount = node->mount};
    const char *leaf = io_path_leaf(rest);
    size_t length;

    if (!*rest) /* the mount's own folder went away under us */
        return STATUS_OBJECT_PATH_NOT_FOUND;
    io_path_parent(rest, parent);
    if (!NT_SUCCESS(resolve_layers(&folder, parent)) || !io_node_is_directory(&folder))
        return STATUS_OBJECT_PATH_NOT_FOUND;
    length = strlen(folder.path);
    if (length + strlen(leaf) + 2 > sizeof(node->path))
        return STATUS_NAME_TOO_LONG;
    memcpy(node->path, folder.path, length);
    if (length > 0)
        node->path[length++] = '/';
    memcpy(node->path + length, leaf, strlen(leaf) + 1);
    return STATUS_OBJECT_NAME_NOT_FOUND;
}

NTSTATUS io_resolve(struct io *io, const char *path, struct io_node *node)
{
    const char *rest;
    NTSTATUS status;

    memset(&node->stat, 0, sizeof(node->stat));
    node->path[0] = 0;
    node->mount = mount_of(io, path, &rest);
    if (node->mount) {
        status = resolve_layers(node, rest);
        if (!is_missing(status))
            return status;
    }
    if (io_leads_to_mount(io, path)) {
        node->mount = NULL;
        node->layer = IO_LAYER_VIRTUAL;
        node->stat.st_mode = S_IFDIR | 0555;
        return STATUS_SUCCESS;
    }
    if (!node->mount) {
        char parent[HOST_PATH_MAX];

        io_path_parent(path, parent);
        return io_leads_to_mount(io, parent) ? STATUS_OBJECT_NAME_NOT_FOUND
                                             : STATUS_OBJECT_PATH_NOT_FOUND;
    }
    return resolve_missing(node, rest);
}

/* ---- mounting ---- */

/* "\\Windows\\System32" as a path on the volume. */
static NTSTATUS guest_path(const char *name, struct io_path *path)
{
    WCHAR wide[HOST_PATH_MAX];
    int chars = io_utf16(name, wide, HOST_PATH_MAX);

    if (chars < 0 || name[0] != '\\')
        return STATUS_OBJECT_NAME_INVALID;
    return io_path_from_name(wide, (size_t)chars * sizeof(WCHAR), path);
}

/* Longest first: more components before fewer. */
static void insert_mount(struct io *io, struct io_mount *mount)
{
    struct list_node *place = io->mounts.next;

    while (place != &io->mounts &&
           strlen(list_entry(place, struct io_mount, node)->path) >= strlen(mount->path))
        place = place->next;
    list_insert_tail(&mount->node, place);
}

NTSTATUS io_mount(struct io *io, const char *path, const char *host_dir, enum io_mount_mode mode)
{
    struct io_path name;
    struct io_mount *mount;
    NTSTATUS status = guest_path(path, &name);

    if (!NT_SUCCESS(status))
        return status;
    list_for_each(node, &io->mounts)
    {
        if (host_compare_names(list_entry(node, struct io_mount, node)->path, name.text) == 0)
            return STATUS_OBJECT_NAME_COLLISION;
    }
    if (!(mount = calloc(1, sizeof(*mount) + strlen(name.text) + 1)))
        return STATUS_INSUFFICIENT_RESOURCES;
    strcpy(mount->path, name.text);
    mount->mode = mode;
    mount->upper = -1;
    mount->base = open(host_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (mount->base < 0) {
        status = errno == ENOENT ? STATUS_OBJECT_PATH_NOT_FOUND : host_status(errno);
        free(mount);
        return status;
    }
    io_lock_volume(io);
    mount->index = ++io->mount_count;
    insert_mount(io, mount);
    io_unlock_volume(io);
    return STATUS_SUCCESS;
}
