/* src/sys/file.c: files.
 *
 * Data goes through a bounce buffer between the caller's memory and io: user memory may fault,
 * vanish or change at any moment, host files may not. All I/O completes before the service returns;
 * an event is then set and an APC queued as if it had been asynchronous.
 */
#include <stdlib.h>
#include <string.h>

#include "io/io.h"
#include "ke/dispatcher.h"
#include "ke/thread.h"
#include "sys/sys.h"

#define TRANSFER_CHUNK (256u << 10)
#define INFORMATION_LIMIT (64u << 10)

/* Arguments that NtReadFile and NtWriteFile share. */
enum { HANDLE, EVENT, APC_ROUTINE, APC_CONTEXT, IO_STATUS, BUFFER, LENGTH, BYTE_OFFSET };

static NTSTATUS put_io_status(struct sys_call *call, uint64_t va, NTSTATUS status,
                              uint64_t information)
{
    IO_STATUS_BLOCK block;
    memset(&block, 0, sizeof block);
    block.Status = status;
    block.Information = information;
    return SYS_PUT(call, va, block);
}

/* The event that a finished operation sets, if any; not signalled until then. => to be dereferenced
 * STATUS_INVALID_HANDLE, STATUS_OBJECT_TYPE_MISMATCH, STATUS_ACCESS_DENIED */
static NTSTATUS get_event(struct sys_call *call, KEVENT **event)
{
    struct sys *sys = call->sys;
    void *object;
    *event = NULL;
    if (!call->arg[EVENT]) {
        return STATUS_SUCCESS;
    }
    NTSTATUS status = sys_get_object(call, call->arg[EVENT], EVENT_MODIFY_STATE,
                                     k2h(&sys->ke->ks, *sys->ke->nt.ExEventObjectType), &object);
    if (NT_SUCCESS(status)) {
        *event = object;
        (void)ke_reset_event(sys->ke, *event);
    }
    return status;
}

static void put_event(struct sys_call *call, KEVENT *event)
{
    if (event) {
        ob_dereference_object(call->sys->ob, event);
    }
}

/* What a finished operation owes: its status block, then event and APC. */
static NTSTATUS complete(struct sys_call *call, KEVENT *event, NTSTATUS status,
                         uint64_t information)
{
    struct sys *sys = call->sys;
    NTSTATUS said = put_io_status(call, call->arg[IO_STATUS], status, information);
    if (!NT_SUCCESS(said)) {
        return said;
    }
    if (event) {
        ke_set_event(sys->ke, event);
    }
    if (call->arg[APC_ROUTINE] && NT_SUCCESS(status)) {
        KAPC *apc = ex_allocate_pool(sys->mm, NonPagedPool, sizeof *apc, mm_tag("Apc "));
        if (!apc) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        ke_initialize_apc(sys->ke, apc, &call->thread->thread->Tcb, call->arg[APC_ROUTINE],
                          call->arg[APC_CONTEXT]);
        if (!ke_insert_queue_apc(sys->ke, apc, call->arg[IO_STATUS], 0)) {
            ex_free_pool(sys->mm, apc);
        }
    }
    return status;
}

NTSTATUS sys_get_file(struct sys_call *call, uint64_t handle, uint32_t access, FILE_OBJECT **file,
                      uint32_t *granted)
{
    struct sys *sys = call->sys;
    struct ob_caller caller = ps_caller(call->thread);
    struct ob_handle_information information;
    void *object;
    NTSTATUS status = ob_reference_object_by_handle(
        sys->ob, &caller, handle, access, k2h(&sys->ke->ks, *sys->ke->nt.IoFileObjectType), &object,
        &information);
    if (NT_SUCCESS(status)) {
        *file = object;
        *granted = information.access;
    }
    return status;
}

/* ---- reading and writing ------------------------------------------------------------------------
 */

/* Whether the rest of a transfer is worth another call: files give all they have, while a console
 * or pipe hands out what is there. */
static bool is_disk_file(struct sys *sys, const FILE_OBJECT *file)
{
    const DEVICE_OBJECT *device = k2h(&sys->ke->ks, file->DeviceObject);
    return device && device->DeviceType == FILE_DEVICE_DISK_FILE_SYSTEM;
}

struct transfer {
    FILE_OBJECT *file;
    uint32_t granted;
    uint8_t *bounce;
    size_t chunk;
    int64_t offset;
    bool has_offset; /* else the file's own position */
};

static NTSTATUS read_chunk(struct sys_call *call, struct transfer *t, uint64_t va, size_t size,
                           size_t *done)
{
    /* What comes from a console or pipe comes once. */
    NTSTATUS status = sys_probe_write(call, va, size);
    if (NT_SUCCESS(status)) {
        status = io_read_file(call->sys->io, &call->thread->thread->Tcb, t->file, t->bounce, size,
                              t->has_offset ? &t->offset : NULL, done);
    }
    return NT_SUCCESS(status) ? sys_put(call, va, t->bounce, *done) : status;
}

static NTSTATUS write_chunk(struct sys_call *call, struct transfer *t, uint64_t va, size_t size,
                            size_t *done)
{
    NTSTATUS status = sys_get(call, t->bounce, va, size);
    return NT_SUCCESS(status)
               ? io_write_file(call->sys->io, &call->thread->thread->Tcb, t->file, t->granted,
                               t->bounce, size, t->has_offset ? &t->offset : NULL, done)
               : status;
}

static NTSTATUS transfer_all(struct sys_call *call, struct transfer *t,
                             NTSTATUS (*chunk)(struct sys_call *, struct transfer *, uint64_t,
                                               size_t, size_t *),
                             uint64_t *total)
{
    uint64_t va = call->arg[BUFFER];
    size_t left = (uint32_t)call->arg[LENGTH];
    NTSTATUS status;
    *total = 0;
    do {
        size_t size = left < t->chunk ? left : t->chunk, done = 0;
        status = chunk(call, t, va, size, &done);
        if (!NT_SUCCESS(status)) {
            break;
        }
        *total += done;
        va += done;
        left -= done;
        t->offset += t->offset >= 0 ? (int64_t)done : 0; /* negative: append, stays */
        if (done < size || !is_disk_file(call->sys, t->file)) {
            break;
        }
    } while (left);
    return *total ? STATUS_SUCCESS : status;
}

static NTSTATUS transfer_file(struct sys_call *call, struct transfer *t, KEVENT *event, bool write)
{
    NTSTATUS status;
    uint32_t needed = write ? FILE_WRITE_DATA | FILE_APPEND_DATA : FILE_READ_DATA;
    size_t size = (uint32_t)call->arg[LENGTH];
    uint64_t total = 0;
    t->chunk = size < TRANSFER_CHUNK ? size : TRANSFER_CHUNK;
    t->bounce = malloc(t->chunk ? t->chunk : 1);
    if (!(t->granted & needed)) {
        status = STATUS_ACCESS_DENIED;
    } else if (!t->has_offset && !io_is_synchronous(t->file) && is_disk_file(call->sys, t->file)) {
        status = STATUS_INVALID_PARAMETER;
    } else if (!t->bounce) {
        status = STATUS_INSUFFICIENT_RESOURCES;
    } else {
        status = transfer_all(call, t, write ? write_chunk : read_chunk, &total);
        status = complete(call, event, status, total);
    }
    free(t->bounce);
    return status;
}

static NTSTATUS transfer(struct sys_call *call, bool write)
{
    struct transfer t = {0};
    NTSTATUS status = put_io_status(call, call->arg[IO_STATUS], STATUS_PENDING, 0);
    if (NT_SUCCESS(status) && call->arg[BYTE_OFFSET]) {
        status = SYS_GET(call, t.offset, call->arg[BYTE_OFFSET]);
        t.has_offset = t.offset != FILE_USE_FILE_POINTER_POSITION;
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    KEVENT *event;
    status = get_event(call, &event);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = sys_get_file(call, call->arg[HANDLE], 0, &t.file, &t.granted);
    if (NT_SUCCESS(status)) {
        status = transfer_file(call, &t, event, write);
        ob_dereference_object(call->sys->ob, t.file);
    }
    put_event(call, event);
    return status;
}

/* NtReadFile(file, event, apc, apc context, *io status, buffer, length, *offset, *key) */
static NTSTATUS read_file(struct sys_call *call)
{
    return transfer(call, false);
}

/* NtWriteFile(file, event, apc, apc context, *io status, buffer, length, *offset, *key) */
static NTSTATUS write_file(struct sys_call *call)
{
    return transfer(call, true);
}

/* ---- opening
 * ------------------------------------------------------------------------------------- */

static NTSTATUS open_common(struct sys_call *call, struct io_create *create)
{
    struct ob_caller caller = ps_caller(call->thread);
    struct sys_attributes attributes;
    uint64_t handle, information = 0;
    NTSTATUS status = sys_get_attributes(call, call->arg[2], &attributes);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    create->attributes = sys_ob_attributes(&attributes);
    create->access = (uint32_t)call->arg[1];
    status = io_create_file(call->sys->io, &caller, create, &handle, &information);
    sys_free_attributes(&attributes);
    if (NT_SUCCESS(status)) {
        status = sys_put_handle(call, call->arg[0], handle, status);
    }
    NTSTATUS said = put_io_status(call, call->arg[3], status, information);
    return NT_SUCCESS(status) ? said : status;
}

/* NtCreateFile(*handle, access, attributes, *io status, *size, file attributes, share, disposition,
 * options, ea, ea length) */
static NTSTATUS create_file(struct sys_call *call)
{
    struct io_create create = {
        .file_attributes = (uint32_t)call->arg[5],
        .share = (uint32_t)call->arg[6],
        .disposition = (uint32_t)call->arg[7],
        .options = (uint32_t)call->arg[8],
    };
    NTSTATUS status = STATUS_SUCCESS;
    if (call->arg[4]) {
        status = SYS_GET(call, create.allocation_size, call->arg[4]);
    }
    return NT_SUCCESS(status) ? open_common(call, &create) : status;
}

/* NtOpenFile(*handle, access, attributes, *io status, share, options) */
static NTSTATUS open_file(struct sys_call *call)
{
    struct io_create create = {
        .share = (uint32_t)call->arg[4],
        .disposition = FILE_OPEN,
        .options = (uint32_t)call->arg[5],
    };
    return open_common(call, &create);
}

/* NtCreateNamedPipeFile(*handle, access, attributes, *io status, share, disposition, options, type,
 * read mode, completion mode, most instances, inbound quota, outbound quota, *timeout) */
static NTSTATUS create_named_pipe_file(struct sys_call *call)
{
    struct io_create create = {
        .share = (uint32_t)call->arg[4],
        .disposition = (uint32_t)call->arg[5],
        .options = (uint32_t)call->arg[6],
        .pipe = true,
    };
    const uint32_t type = (uint32_t)call->arg[7], mode = (uint32_t)call->arg[8];
    if (type != FILE_PIPE_BYTE_STREAM_TYPE || mode != FILE_PIPE_BYTE_STREAM_TYPE) {
        return STATUS_NOT_SUPPORTED; /* messages */
    }
    if (create.disposition < FILE_OPEN || create.disposition > FILE_OPEN_IF) {
        return STATUS_INVALID_PARAMETER;
    }
    return open_common(call, &create);
}

static NTSTATUS peek_pipe(struct sys_call *call, FILE_OBJECT *file, size_t size)
{
    const size_t fixed = offsetof(FILE_PIPE_PEEK_BUFFER, Data);
    size_t copied;
    if (size < fixed) {
        return STATUS_INVALID_PARAMETER;
    }
    FILE_PIPE_PEEK_BUFFER *answer = calloc(1, size);
    if (!answer) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    NTSTATUS status = io_peek_pipe(call->sys->io, file, answer, size - fixed, &copied);
    if (NT_SUCCESS(status) || status == STATUS_BUFFER_OVERFLOW) {
        NTSTATUS said = sys_put(call, call->arg[8], answer, fixed + copied);
        if (NT_SUCCESS(said)) {
            said = put_io_status(call, call->arg[IO_STATUS], status, fixed + copied);
        }
        status = NT_SUCCESS(said) ? status : said;
    }
    free(answer);
    return status;
}

/* NtFsControlFile(file, event, apc, apc context, *io status, code, input, length, output, length)
 */
static NTSTATUS fs_control_file(struct sys_call *call)
{
    size_t size = (uint32_t)call->arg[9];
    FILE_OBJECT *file;
    uint32_t granted;
    if ((uint32_t)call->arg[5] != FSCTL_PIPE_PEEK) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    NTSTATUS status = sys_get_file(call, call->arg[HANDLE], FILE_READ_DATA, &file, &granted);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = peek_pipe(call, file, size < INFORMATION_LIMIT ? size : INFORMATION_LIMIT);
    ob_dereference_object(call->sys->ob, file);
    return status;
}

static NTSTATUS query_attributes(struct sys_call *call, FILE_NETWORK_OPEN_INFORMATION *information)
{
    struct ob_caller caller = ps_caller(call->thread);
    struct sys_attributes attributes;
    NTSTATUS status = sys_get_attributes(call, call->arg[0], &attributes);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    struct ob_attributes named = sys_ob_attributes(&attributes);
    memset(information, 0, sizeof *information);
    status = io_query_attributes_file(call->sys->io, &caller, &named, information);
    sys_free_attributes(&attributes);
    return status;
}

/* NtQueryAttributesFile(attributes, *basic information) */
static NTSTATUS query_attributes_file(struct sys_call *call)
{
    FILE_NETWORK_OPEN_INFORMATION all;
    NTSTATUS status = query_attributes(call, &all);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    FILE_BASIC_INFORMATION basic;
    memset(&basic, 0, sizeof basic);
    basic.CreationTime = all.CreationTime;
    basic.LastAccessTime = all.LastAccessTime;
    basic.LastWriteTime = all.LastWriteTime;
    basic.ChangeTime = all.ChangeTime;
    basic.FileAttributes = all.FileAttributes;
    return SYS_PUT(call, call->arg[1], basic);
}

/* NtQueryFullAttributesFile(attributes, *network open information) */
static NTSTATUS query_full_attributes_file(struct sys_call *call)
{
    FILE_NETWORK_OPEN_INFORMATION all;
    NTSTATUS status = query_attributes(call, &all);
    return NT_SUCCESS(status) ? SYS_PUT(call, call->arg[1], all) : status;
}

/* ---- information
 * --------------------------------------------------------------------------------- */

/* Query services have the shape (file, *io status, buffer, length, class): answer from `fill`. */
struct query {
    FILE_OBJECT *file;
    uint32_t granted, class;
};

static NTSTATUS answer_query(struct sys_call *call, uint32_t access,
                             NTSTATUS (*fill)(struct sys_call *, const struct query *, void *,
                                              size_t, size_t *))
{
    struct query query = {.class = (uint32_t)call->arg[4]};
    size_t size = (uint32_t)call->arg[3], returned = 0;
    size = size < INFORMATION_LIMIT ? size : INFORMATION_LIMIT;
    NTSTATUS status = sys_get_file(call, call->arg[0], access, &query.file, &query.granted);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    void *buffer = calloc(1, size ? size : 1);
    status = buffer ? fill(call, &query, buffer, size, &returned) : STATUS_INSUFFICIENT_RESOURCES;
    ob_dereference_object(call->sys->ob, query.file);
    if (NT_SUCCESS(status) || status == STATUS_BUFFER_OVERFLOW) {
        NTSTATUS said = sys_put(call, call->arg[2], buffer, returned);
        if (NT_SUCCESS(said)) {
            said = put_io_status(call, call->arg[1], status, returned);
        }
        status = NT_SUCCESS(said) ? status : said;
    }
    free(buffer);
    return status;
}

static NTSTATUS fill_file(struct sys_call *call, const struct query *query, void *buffer,
                          size_t size, size_t *returned)
{
    return io_query_information_file(call->sys->io, query->file, query->granted,
                                     (enum _FILE_INFORMATION_CLASS)query->class, buffer, size,
                                     returned);
}

static NTSTATUS fill_volume(struct sys_call *call, const struct query *query, void *buffer,
                            size_t size, size_t *returned)
{
    return io_query_volume_information_file(
        call->sys->io, query->file, (enum _FSINFOCLASS)query->class, buffer, size, returned);
}

static NTSTATUS query_information_file(struct sys_call *call)
{
    return answer_query(
        call, io_information_access((enum _FILE_INFORMATION_CLASS)(uint32_t)call->arg[4], false),
        fill_file);
}

static NTSTATUS query_volume_information_file(struct sys_call *call)
{
    return answer_query(call, 0, fill_volume);
}

/* NtSetInformationFile(file, *io status, buffer, length, class) */
static NTSTATUS set_information_file(struct sys_call *call)
{
    enum _FILE_INFORMATION_CLASS class = (enum _FILE_INFORMATION_CLASS)(uint32_t)call->arg[4];
    struct ob_caller caller = ps_caller(call->thread);
    size_t size = (uint32_t)call->arg[3];
    FILE_OBJECT *file;
    uint32_t granted;
    if (size > INFORMATION_LIMIT) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    void *buffer = malloc(size ? size : 1);
    if (!buffer) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    NTSTATUS status = sys_get(call, buffer, call->arg[2], size);
    if (NT_SUCCESS(status)) {
        status =
            sys_get_file(call, call->arg[0], io_information_access(class, true), &file, &granted);
    }
    if (NT_SUCCESS(status)) {
        status = io_set_information_file(call->sys->io, &caller, file, class, buffer, size);
        ob_dereference_object(call->sys->ob, file);
    }
    free(buffer);
    if (NT_SUCCESS(status)) {
        NTSTATUS said = put_io_status(call, call->arg[1], status, 0);
        status = NT_SUCCESS(said) ? status : said;
    }
    return status;
}

/* NtQueryDirectoryFile(file, event, apc, apc context, *io status, buffer, length, class, single,
 * pattern, restart) */
static NTSTATUS query_directory_file(struct sys_call *call)
{
    struct sys_string pattern = {NULL, 0};
    size_t size = (uint32_t)call->arg[LENGTH], returned = 0;
    size = size < INFORMATION_LIMIT ? size : INFORMATION_LIMIT;
    FILE_OBJECT *file;
    uint32_t granted;
    NTSTATUS status = STATUS_SUCCESS;
    if (call->arg[9]) {
        status = sys_get_string(call, call->arg[9], &pattern);
    }
    if (NT_SUCCESS(status)) {
        status = sys_probe_write(call, call->arg[BUFFER], size); /* the scan moves on but once */
    }
    if (NT_SUCCESS(status)) {
        status = sys_get_file(call, call->arg[HANDLE], FILE_LIST_DIRECTORY, &file, &granted);
    }
    KEVENT *event = NULL;
    if (NT_SUCCESS(status)) {
        status = get_event(call, &event);
        if (!NT_SUCCESS(status)) {
            ob_dereference_object(call->sys->ob, file);
        }
    }
    if (!NT_SUCCESS(status)) {
        sys_free_string(&pattern);
        return status;
    }
    void *buffer = calloc(1, size ? size : 1);
    status = buffer
                 ? io_query_directory_file(call->sys->io, file,
                                           (enum _FILE_INFORMATION_CLASS)(uint32_t)call->arg[7],
                                           buffer, size, (uint8_t)call->arg[8] != 0, pattern.text,
                                           (USHORT)(pattern.length * sizeof(WCHAR)),
                                           (uint8_t)call->arg[10] != 0, &returned)
                 : STATUS_INSUFFICIENT_RESOURCES;
    if (NT_SUCCESS(status)) {
        status = sys_put(call, call->arg[BUFFER], buffer, returned);
    }
    if (NT_SUCCESS(status)) {
        status = complete(call, event, status, returned);
    }
    put_event(call, event);
    free(buffer);
    sys_free_string(&pattern);
    ob_dereference_object(call->sys->ob, file);
    return status;
}

/* NtFlushBuffersFile(file, *io status) */
static NTSTATUS flush_buffers_file(struct sys_call *call)
{
    FILE_OBJECT *file;
    uint32_t granted;
    NTSTATUS status = sys_get_file(call, call->arg[0], 0, &file, &granted);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = granted & (FILE_WRITE_DATA | FILE_APPEND_DATA)
                 ? io_flush_buffers_file(call->sys->io, file)
                 : STATUS_ACCESS_DENIED;
    ob_dereference_object(call->sys->ob, file);
    NTSTATUS said = put_io_status(call, call->arg[1], status, 0);
    return NT_SUCCESS(status) ? said : status;
}

static const struct sys_entry entries[] = {
    {SERVICE_NtReadFile, read_file},
    {SERVICE_NtWriteFile, write_file},
    {SERVICE_NtCreateFile, create_file},
    {SERVICE_NtCreateNamedPipeFile, create_named_pipe_file},
    {SERVICE_NtFsControlFile, fs_control_file},
    {SERVICE_NtOpenFile, open_file},
    {SERVICE_NtQueryAttributesFile, query_attributes_file},
    {SERVICE_NtQueryFullAttributesFile, query_full_attributes_file},
    {SERVICE_NtQueryInformationFile, query_information_file},
    {SERVICE_NtQueryVolumeInformationFile, query_volume_information_file},
    {SERVICE_NtSetInformationFile, set_information_file},
    {SERVICE_NtQueryDirectoryFile, query_directory_file},
    {SERVICE_NtFlushBuffersFile, flush_buffers_file},
};
const struct sys_family sys_file_family = {entries, sizeof entries / sizeof *entries};
