/* tests/io/volume.h: a volume over folders made for the test:
 *
 *      \Windows\System32   read-only       kernel.dll
 *      \work               overlay         a.txt ("alpha"), Sub\b.txt, Sub\empty\, escape -> /etc
 *      \rw                 read-write      c.txt
 */
#pragma once

#include "executive.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/io.h"

struct volume {
    struct executive *e;
    struct io *io;
    EPROCESS *process;
    struct ob_caller caller;
    char root[64];
};

static inline void write_host(struct volume *v, const char *path, const char *text)
{
    char full[256];

    snprintf(full, sizeof(full), "%s/%s", v->root, path);
    FILE *file = fopen(full, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static inline void make_host_folder(struct volume *v, const char *path)
{
    char full[256];

    snprintf(full, sizeof(full), "%s/%s", v->root, path);
    assert_int_equal(mkdir(full, 0755), 0);
}

/* What the host has at `path`; NULL: nothing. */
static inline const char *read_host(struct volume *v, const char *path, char buffer[256])
{
    char full[256];

    snprintf(full, sizeof(full), "%s/%s", v->root, path);
    int fd = open(full, O_RDONLY);
    if (fd < 0)
        return NULL;
    ssize_t n = read(fd, buffer, 255);
    buffer[n < 0 ? 0 : n] = 0;
    close(fd);
    return buffer;
}

static inline void mount_host(struct volume *v, const char *guest, const char *path,
                              enum io_mount_mode mode)
{
    char full[256];

    snprintf(full, sizeof(full), "%s/%s", v->root, path);
    assert_ok(io_mount(v->io, guest, full, mode));
}

static inline struct volume *volume_create(const int console[3])
{
    static const int none[3] = {-1, -1, -1};
    struct volume *v = calloc(1, sizeof(*v));
    struct io_config config = {.overlay_root = v->root};
    char path[256];

    strcpy(v->root, "/tmp/ntmm-test-io-XXXXXX");
    assert_non_null(mkdtemp(v->root));
    v->e = executive_create();
    config.ob = v->e->ob;
    config.ke = &v->e->machine.ke;
    memcpy(config.console, console ? console : none, sizeof(config.console));
    assert_ok(io_create(&config, &v->io));
    v->process = executive_process(v->e, NULL);
    v->caller = user_of(v->process);
    make_host_folder(v, "system");
    make_host_folder(v, "work");
    make_host_folder(v, "work/Sub");
    make_host_folder(v, "work/Sub/empty");
    make_host_folder(v, "rw");
    write_host(v, "system/kernel.dll", "MZ");
    write_host(v, "work/a.txt", "alpha");
    write_host(v, "work/Sub/b.txt", "beta");
    write_host(v, "rw/c.txt", "gamma");
    snprintf(path, sizeof(path), "%s/work/escape", v->root);
    assert_int_equal(symlink("/etc", path), 0);
    mount_host(v, "\\Windows\\System32", "system", IO_MOUNT_READ_ONLY);
    mount_host(v, "\\work", "work", IO_MOUNT_OVERLAY);
    mount_host(v, "\\rw", "rw", IO_MOUNT_READ_WRITE);
    return v;
}

static inline int remove_one(const char *path, const struct stat *stat, int kind, struct FTW *walk)
{
    (void)stat;
    (void)kind;
    (void)walk;
    return remove(path);
}

static inline void volume_destroy(struct volume *v)
{
    struct stat stat;
    char path[256];

    executive_end_process(v->e, v->process);
    io_destroy(v->io);
    /* The overlay is gone: only our own folders are left. */
    snprintf(path, sizeof(path), "%s", v->root);
    assert_int_equal(lstat(path, &stat), 0);
    assert_int_equal(stat.st_nlink, 2 + 3);
    nftw(v->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    executive_destroy(v->e);
    free(v);
}

/* A full name from ASCII: "\\work\\a.txt" below \??\C:, anything that begins with \? or \D as it
 * is. */
static inline struct ob_attributes full_name(const char *path, WCHAR text[512])
{
    const char *prefix = path[1] == '?' || path[1] == 'D' || path[1] == 'S' ? "" : "\\\?\?\\C:";
    size_t n = 0;

    for (; *prefix; prefix++)
        text[n++] = (WCHAR)*prefix;
    for (; *path; path++)
        text[n++] = (WCHAR)(unsigned char)*path;
    return (struct ob_attributes){
        .name = text, .name_length = (USHORT)(2 * n), .flags = OBJ_CASE_INSENSITIVE};
}

struct opened {
    uint64_t handle, information;
    FILE_OBJECT *file; /* borrowed: lives as long as the handle */
};

static inline NTSTATUS open_as(struct volume *v, const char *path, ULONG access, ULONG share,
                               ULONG disposition, ULONG options, struct opened *out)
{
    WCHAR text[512];
    struct io_create create = {
        .attributes = full_name(path, text),
        .access = access | SYNCHRONIZE,
        .share = share,
        .disposition = disposition,
        .options = options | FILE_SYNCHRONOUS_IO_NONALERT,
        .file_attributes = FILE_ATTRIBUTE_NORMAL,
    };
    void *object;
    NTSTATUS status = io_create_file(v->io, &v->caller, &create, &out->handle, &out->information);

    if (!NT_SUCCESS(status))
        return status;
    assert_ok(
        ob_reference_object_by_handle(v->e->ob, &v->caller, out->handle, 0, NULL, &object, NULL));
    ob_dereference_object(v->e->ob, object);
    out->file = object;
    return status;
}

static inline void close_it(struct volume *v, struct opened *opened)
{
    assert_ok(ob_close_handle(v->e->ob, &v->caller, opened->handle));
}

static inline NTSTATUS try_open(struct volume *v, const char *path, ULONG access, ULONG disposition,
                                ULONG options)
{
    struct opened opened;
    NTSTATUS status =
        open_as(v, path, access, FILE_SHARE_VALID_FLAGS, disposition, options, &opened);

    if (NT_SUCCESS(status))
        close_it(v, &opened);
    return status;
}

/* The contents as the guest sees them; NULL: cannot be opened. */
static inline const char *read_guest(struct volume *v, const char *path, char buffer[256])
{
    struct opened opened;
    size_t done;

    if (!NT_SUCCESS(open_as(v, path, GENERIC_READ, FILE_SHARE_VALID_FLAGS, FILE_OPEN, 0, &opened)))
        return NULL;
    NTSTATUS status = io_read_file(v->io, NULL, opened.file, buffer, 255, NULL, &done);
    assert_true(status == STATUS_SUCCESS || status == STATUS_END_OF_FILE);
    buffer[done] = 0;
    close_it(v, &opened);
    return buffer;
}

static inline void write_guest(struct volume *v, const char *path, ULONG disposition,
                               const char *text)
{
    struct opened opened;
    size_t done;

    assert_ok(open_as(v, path, GENERIC_WRITE, FILE_SHARE_VALID_FLAGS, disposition, 0, &opened));
    assert_ok(
        io_write_file(v->io, NULL, opened.file, FILE_WRITE_DATA, text, strlen(text), NULL, &done));
    assert_int_equal(done, strlen(text));
    close_it(v, &opened);
}
