/* src/host/beneath.c: files under a root, and nothing else.
 *
 * Two questions are kept apart. Which host name does a Windows path mean: resolve walks the
 * components, taking each as it is written or else searching its directory for one that differs
 * only in case. May it be opened: open_raw leaves that to the kernel, openat2 with RESOLVE_BENEATH,
 * so no race between the walk and the open can lead outside.
 *
 *      "Docs/README.TXT"  --resolve-->  "docs/ReadMe.txt"  --open_raw-->  descriptor, fstat
 *
 * Before a file is opened for real it is opened with O_PATH and looked at: opening a device or a
 * pipe can have effects. Where openat2 does not exist, the walk is by descriptors and refuses every
 * symbolic link.
 */
#include "host/host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/name.h"

#define NEW_FILE_MODE 0666
#define NEW_DIRECTORY_MODE 0777
#define RACE_RETRIES 16 /* openat2 gives EAGAIN when a directory moves meanwhile */

/* ---- opening exactly this path ------------------------------------------------------------ */

/* Component by component, following no link. => descriptor, or -1 with errno */
static int open_nofollow(int root, const char *path, int flags, mode_t mode)
{
    char component[NAME_MAX + 1];
    int directory = root;
    for (;;) {
        size_t length = strcspn(path, "/");
        bool last = path[length] == '\0';
        int fd = -1;
        if (length >= sizeof(component)) {
            errno = ENAMETOOLONG;
        } else {
            memcpy(component, path, length);
            component[length] = '\0';
            fd = openat(directory, component,
                        (last ? flags : O_PATH | O_DIRECTORY | O_CLOEXEC) | O_NOFOLLOW,
                        last ? mode : 0);
        }
        int error = errno;
        if (directory != root)
            close(directory);
        errno = error;
        if (fd < 0 || last)
            return fd;
        directory = fd;
        path += length + 1;
    }
}

/* => STATUS_ACCESS_DENIED also for a path that leads outside */
static NTSTATUS open_raw(int root, const char *path, int flags, int *fd)
{
    struct open_how how = {
        .flags = (uint64_t)flags | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    if (!(flags & O_PATH))
        how.flags |= O_NOCTTY | O_NONBLOCK;
    if (flags & O_CREAT)
        how.mode = NEW_FILE_MODE;
    if (path[0] == '\0')
        path = ".";
    long result = -1;
    for (int i = 0; i < RACE_RETRIES; i++) {
        result = syscall(SYS_openat2, root, path, &how, sizeof(how));
        if (result >= 0 || errno != EAGAIN)
            break;
    }
    if (result < 0 && errno == ENOSYS)
        result = open_nofollow(root, path, (int)how.flags, (mode_t)how.mode);
    if (result < 0)
        return errno == EXDEV ? STATUS_ACCESS_DENIED : host_status(errno);
    *fd = (int)result;
    return STATUS_SUCCESS;
}

/* stat of what the path leads to. */
static NTSTATUS look_at(int root, const char *path, struct stat *info)
{
    int fd;
    NTSTATUS status = open_raw(root, path, O_PATH, &fd);
    if (status != STATUS_SUCCESS)
        return status;
    if (fstat(fd, info) != 0)
        status = host_status(errno);
    close(fd);
    return status;
}

/* ---- finding the true case ---------------------------------------------------------------- */

static bool component_valid(const char *component, size_t length)
{
    if (length == 0 || length > NAME_MAX)
        return false;
    return !(component[0] == '.' && (length == 1 || (length == 2 && component[1] == '.')));
}

/* "" names the root; every other path has valid components only. */
static bool path_valid(const char *path)
{
    if (strlen(path) >= HOST_PATH_MAX)
        return false;
    if (path[0] == '\0')
        return true;
    for (;;) {
        size_t length = strcspn(path, "/");
        if (!component_valid(path, length))
            return false;
        if (path[length] == '\0')
            return true;
        path += length + 1;
    }
}

/* Find the entry of `directory` that equals the component but for case; the first in byte order.
 * => STATUS_OBJECT_NAME_NOT_FOUND */
static NTSTATUS search_directory(int root, const char *directory, const char *component,
                                 size_t length, char found[NAME_MAX + 1])
{
    int fd;
    NTSTATUS status = open_raw(root, directory, O_RDONLY | O_DIRECTORY, &fd);
    if (status != STATUS_SUCCESS)
        return status;
    DIR *entries = fdopendir(fd);
    if (!entries) {
        close(fd);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    status = STATUS_OBJECT_NAME_NOT_FOUND;
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        if (!name_equal(component, length, entry->d_name))
            continue;
        if (status == STATUS_SUCCESS && strcmp(entry->d_name, found) >= 0)
            continue;
        snprintf(found, NAME_MAX + 1, "%s", entry->d_name);
        status = STATUS_SUCCESS;
    }
    closedir(entries);
    return status;
}

/* Append one component to resolved[0 .. *length), in the case in which it exists; as written when
 * it does not (STATUS_OBJECT_NAME_NOT_FOUND). */
static NTSTATUS resolve_component(int root, char *resolved, size_t *length, const char *component,
                                  size_t component_length, struct stat *info)
{
    char found[NAME_MAX + 1];
    size_t start = *length + (*length > 0);
    if (start + NAME_MAX + 1 > HOST_PATH_MAX)
        return STATUS_NAME_TOO_LONG;

    NTSTATUS searched = STATUS_OBJECT_NAME_NOT_FOUND;
    if (*length > 0)
        resolved[*length] = '/';
    memcpy(resolved + start, component, component_length);
    resolved[start + component_length] = '\0';
    NTSTATUS status = look_at(root, resolved, info);
    if (status == STATUS_OBJECT_NAME_NOT_FOUND) {
        resolved[*length] = '\0';
        searched = search_directory(root, resolved, component, component_length, found);
        resolved[*length] = *length > 0 ? '/' : component[0];
    }
    if (searched == STATUS_SUCCESS) {
        component_length = strlen(found);
        memcpy(resolved + start, found, component_length + 1);
        status = look_at(root, resolved, info);
    }
    *length = start + component_length;
    return status;
}

NTSTATUS host_resolve_beneath(int root, const char *path, char *resolved, struct stat *info)
{
    if (!path_valid(path))
        return STATUS_OBJECT_NAME_INVALID;
    /* Nearly always the name is written as it is. */
    NTSTATUS status = look_at(root, path, info);
    if (status == STATUS_SUCCESS) {
        snprintf(resolved, HOST_PATH_MAX, "%s", path);
        return STATUS_SUCCESS;
    }
    size_t length = 0;
    resolved[0] = '\0';
    for (;;) {
        size_t component = strcspn(path, "/");
        bool last = path[component] == '\0';
        status = resolve_component(root, resolved, &length, path, component, info);
        if (last)
            return status == STATUS_NOT_A_DIRECTORY ? STATUS_OBJECT_PATH_NOT_FOUND : status;
        if (status == STATUS_OBJECT_NAME_NOT_FOUND || status == STATUS_NOT_A_DIRECTORY)
            return STATUS_OBJECT_PATH_NOT_FOUND;
        if (status != STATUS_SUCCESS)
            return status;
        path += component + 1;
    }
}

/* ---- opening ------------------------------------------------------------------------------ */

static NTSTATUS check_kind(const struct stat *info, int flags)
{
    if (S_ISDIR(info->st_mode)) {
        bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC);
        return writes ? STATUS_FILE_IS_A_DIRECTORY : STATUS_SUCCESS;
    }
    if (!S_ISREG(info->st_mode))
        return STATUS_ACCESS_DENIED;
    return flags & O_DIRECTORY ? STATUS_NOT_A_DIRECTORY : STATUS_SUCCESS;
}

/* Open a resolved path, and look again at what came out. */
static NTSTATUS open_resolved(int root, const char *resolved, int flags, int *fd)
{
    struct stat info;
    NTSTATUS status = open_raw(root, resolved, flags, fd);
    if (status != STATUS_SUCCESS)
        return status;
    status = fstat(*fd, &info) == 0 ? check_kind(&info, flags) : host_status(errno);
    if (status != STATUS_SUCCESS)
        close(*fd);
    return status;
}

NTSTATUS host_open_beneath(int root, const char *path, int flags, int *fd)
{
    char resolved[HOST_PATH_MAX];
    struct stat info;
    const int create = O_CREAT | O_EXCL;

    NTSTATUS status = host_resolve_beneath(root, path, resolved, &info);
    if (status == STATUS_OBJECT_NAME_NOT_FOUND && (flags & O_CREAT))
        return open_resolved(root, resolved, flags | create, fd);
    if (status != STATUS_SUCCESS)
        return status;
    if ((flags & create) == create)
        return STATUS_OBJECT_NAME_COLLISION;
    status = check_kind(&info, flags);
    return status == STATUS_SUCCESS ? open_resolved(root, resolved, flags & ~create, fd) : status;
}

/* ---- changing directories ----------------------------------------------------------------- */

/* Open the directory of a resolved path; *name is the last component, inside `resolved`. */
static NTSTATUS open_parent(int root, char *resolved, int *parent, const char **name)
{
    char *slash = strrchr(resolved, '/');
    if (resolved[0] == '\0') /* the root itself stays as it is */
        return STATUS_ACCESS_DENIED;
    *name = slash ? slash + 1 : resolved;
    if (!slash)
        return open_raw(root, "", O_PATH | O_DIRECTORY, parent);
    *slash = '\0';
    NTSTATUS status = open_raw(root, resolved, O_PATH | O_DIRECTORY, parent);
    *slash = '/';
    return status;
}

NTSTATUS host_make_directory_beneath(int root, const char *path)
{
    char resolved[HOST_PATH_MAX];
    struct stat info;
    const char *name;
    int parent;

    NTSTATUS status = host_resolve_beneath(root, path, resolved, &info);
    if (status == STATUS_SUCCESS)
        return STATUS_OBJECT_NAME_COLLISION;
    if (status != STATUS_OBJECT_NAME_NOT_FOUND)
        return status;
    status = open_parent(root, resolved, &parent, &name);
    if (status != STATUS_SUCCESS)
        return status;
    if (mkdirat(parent, name, NEW_DIRECTORY_MODE) != 0)
        status = host_status(errno);
    close(parent);
    return status;
}

NTSTATUS host_remove_beneath(int root, const char *path)
{
    char resolved[HOST_PATH_MAX];
    struct stat info;
    const char *name;
    int parent;

    NTSTATUS status = host_resolve_beneath(root, path, resolved, &info);
    if (status == STATUS_SUCCESS)
        status = open_parent(root, resolved, &parent, &name);
    if (status != STATUS_SUCCESS)
        return status;
    /* A link goes itself, whatever it leads to. */
    if (fstatat(parent, name, &info, AT_SYMLINK_NOFOLLOW) != 0 ||
        unlinkat(parent, name, S_ISDIR(info.st_mode) ? AT_REMOVEDIR : 0) != 0)
        status = host_status(errno);
    close(parent);
    return status;
}

/* What a rename's target resolves to, and whether taking its place is in order. */
static NTSTATUS resolve_target(int root, const char *to, const struct stat *source, bool *replace,
                               char *resolved)
{
    struct stat info;
    NTSTATUS status = host_resolve_beneath(root, to, resolved, &info);
    if (status == STATUS_OBJECT_NAME_NOT_FOUND) {
        *replace = false;
        return STATUS_SUCCESS;
    }
    if (status != STATUS_SUCCESS)
        return status;
    if (info.st_dev == source->st_dev && info.st_ino == source->st_ino) {
        /* The same file: only the case of its name changes, to the one written. */
        const char *written = strrchr(to, '/');
        char *slash = strrchr(resolved, '/');
        char *name = slash ? slash + 1 : resolved;
        written = written ? written + 1 : to;
        if (strlen(written) >= (size_t)(resolved + HOST_PATH_MAX - name))
            return STATUS_NAME_TOO_LONG;
        memcpy(name, written, strlen(written) + 1);
        *replace = true;
        return STATUS_SUCCESS;
    }
    if (!*replace)
        return STATUS_OBJECT_NAME_COLLISION;
    return S_ISDIR(info.st_mode) ? STATUS_ACCESS_DENIED : STATUS_SUCCESS;
}

NTSTATUS host_rename_beneath(int root, const char *from, const char *to, bool replace)
{
    char source[HOST_PATH_MAX], target[HOST_PATH_MAX];
    struct stat info;
    const char *source_name, *target_name;
    int source_parent, target_parent;

    NTSTATUS status = host_resolve_beneath(root, from, source, &info);
    if (status == STATUS_SUCCESS)
        status = resolve_target(root, to, &info, &replace, target);
    if (status == STATUS_SUCCESS)
        status = open_parent(root, source, &source_parent, &source_name);
    if (status != STATUS_SUCCESS)
        return status;
    status = open_parent(root, target, &target_parent, &target_name);
    if (status == STATUS_SUCCESS) {
        if (renameat2(source_parent, source_name, target_parent, target_name,
                      replace ? 0 : RENAME_NOREPLACE) != 0)
            status = host_status(errno);
        close(target_parent);
    }
    close(source_parent);
    return status;
}

NTSTATUS host_link_beneath(int root, const char *from, const char *to)
{
    char source[HOST_PATH_MAX], target[HOST_PATH_MAX];
    struct stat info, other;
    const char *source_name, *target_name;
    int source_parent, target_parent;

    NTSTATUS status = host_resolve_beneath(root, from, source, &info);
    if (status != STATUS_SUCCESS)
        return status;
    if (S_ISDIR(info.st_mode))
        return STATUS_FILE_IS_A_DIRECTORY;
    status = host_resolve_beneath(root, to, target, &other);
    if (status != STATUS_OBJECT_NAME_NOT_FOUND)
        return status == STATUS_SUCCESS ? STATUS_OBJECT_NAME_COLLISION : status;
    status = open_parent(root, source, &source_parent, &source_name);
    if (status != STATUS_SUCCESS)
        return status;
    status = open_parent(root, target, &target_parent, &target_name);
    if (status == STATUS_SUCCESS) {
        if (linkat(source_parent, source_name, target_parent, target_name, 0) != 0)
            status = errno == EMLINK ? STATUS_TOO_MANY_LINKS : host_status(errno);
        close(target_parent);
    }
    close(source_parent);
    return status;
}
