/* src/io/create.c: opening and creating: from a name to a FILE_OBJECT.
 *
 * The object manager leads a name to a device and calls its parse procedure with the rest; a name
 * relative to an open folder comes to the parse procedure of files. Both end in open_volume or
 * open_console. What a create does follows from two questions, asked under the volume's lock:
 *
 *                         exists                     does not
 *      FILE_OPEN          open                       OBJECT_NAME_NOT_FOUND
 *      FILE_CREATE        OBJECT_NAME_COLLISION      create
 *      FILE_OPEN_IF       open                       create
 *      FILE_OVERWRITE     truncate                   OBJECT_NAME_NOT_FOUND
 *      FILE_OVERWRITE_IF  truncate                   create
 *      FILE_SUPERSEDE     truncate                   create
 *
 * Source: NtCreateFile documentation.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/ioi.h"

enum {
    WRITE_RIGHTS = FILE_WRITE_DATA | FILE_APPEND_DATA,
    CHANGE_RIGHTS = WRITE_RIGHTS | FILE_WRITE_EA,
    DATA_RIGHTS = WRITE_RIGHTS | FILE_READ_DATA | FILE_EXECUTE,
};

struct io *io_of(struct ob *ob, void *object)
{
    return ob_type_ops_of(ob, ob_object_type(ob, object))->owner;
}

/* ---- what may be asked ---- */

static NTSTATUS check_create(const struct io_create *c, ULONG access)
{
    ULONG sync = FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT;
    bool folder = c->options & FILE_DIRECTORY_FILE;

    if (c->disposition > FILE_MAXIMUM_DISPOSITION || (c->options & ~FILE_VALID_OPTION_FLAGS) ||
        (c->share & ~FILE_SHARE_VALID_FLAGS) ||
        (c->file_attributes & ~(FILE_ATTRIBUTE_VALID_SET_FLAGS | FILE_ATTRIBUTE_DIRECTORY)))
        return STATUS_INVALID_PARAMETER;
    if ((c->options & sync) == sync || ((c->options & sync) && !(access & SYNCHRONIZE)))
        return STATUS_INVALID_PARAMETER;
    if ((c->options & FILE_DELETE_ON_CLOSE) && !(access & DELETE))
        return STATUS_INVALID_PARAMETER;
    if (folder && ((c->options & FILE_NON_DIRECTORY_FILE) ||
                   (c->disposition != FILE_CREATE && c->disposition != FILE_OPEN &&
                    c->disposition != FILE_OPEN_IF)))
        return STATUS_INVALID_PARAMETER;
    return c->options & FILE_OPEN_BY_FILE_ID ? STATUS_NOT_SUPPORTED : STATUS_SUCCESS;
}

static bool truncates(ULONG disposition)
{
    return disposition == FILE_OVERWRITE || disposition == FILE_OVERWRITE_IF ||
           disposition == FILE_SUPERSEDE;
}

static ULONG information_of(ULONG disposition)
{
    if (disposition == FILE_SUPERSEDE)
        return FILE_SUPERSEDED;
    return truncates(disposition) ? FILE_OVERWRITTEN : FILE_OPENED;
}

/* ---- on the volume: => lock held ---- */

static NTSTATUS check_existing(const struct io_create *c, ULONG access, const struct io_node *node,
                               const struct io_path *path)
{
    bool read_only = io_attributes_of(&node->stat) & FILE_ATTRIBUTE_READONLY;
    bool changes = (access & CHANGE_RIGHTS) || truncates(c->disposition);

    if (c->disposition == FILE_CREATE)
        return STATUS_OBJECT_NAME_COLLISION;
    if (io_node_is_directory(node)) {
        if (c->options & FILE_NON_DIRECTORY_FILE)
            return STATUS_FILE_IS_A_DIRECTORY;
        return truncates(c->disposition) ? STATUS_OBJECT_NAME_COLLISION : STATUS_SUCCESS;
    }
    if (path->directory_only)
        return STATUS_OBJECT_NAME_INVALID;
    if (c->options & FILE_DIRECTORY_FILE)
        return STATUS_NOT_A_DIRECTORY;
    if (read_only && (c->options & FILE_DELETE_ON_CLOSE))
        return STATUS_CANNOT_DELETE;
    if (read_only && changes)
        return STATUS_ACCESS_DENIED;
    if (changes || (c->options & FILE_DELETE_ON_CLOSE))
        return io_check_writable(node->mount);
    return STATUS_SUCCESS;
}

/* Nobody writes to a running image, and none is deleted. */
static NTSTATUS check_sections(struct io *io, const struct io_create *c, ULONG access,
                               struct io_fcb *fcb)
{
    struct mm *mm = ob_mm(io->ob);

    if ((c->options & FILE_DELETE_ON_CLOSE) &&
        !mm_flush_image_section(mm, fcb->sections, MM_FLUSH_FOR_DELETE))
        return STATUS_CANNOT_DELETE;
    if (((access & WRITE_RIGHTS) || truncates(c->disposition)) &&
        !mm_flush_image_section(mm, fcb->sections, MM_FLUSH_FOR_WRITE))
        return STATUS_SHARING_VIOLATION;
    return STATUS_SUCCESS;
}

/* Have the descriptor that the access needs. */
static NTSTATUS ready_file(struct io *io, const struct io_create *c, ULONG access,
                           struct io_fcb *fcb)
{
    NTSTATUS status = STATUS_SUCCESS;
    bool truncate = truncates(c->disposition);

    if (fcb->directory)
        return status;
    if ((access & DATA_RIGHTS) || truncate)
        status = io_fcb_open(io, fcb, truncate || (access & WRITE_RIGHTS));
    return status;
}

static NTSTATUS open_existing(struct io *io, const struct io_create *c, ULONG access,
                              const struct io_node *node, const struct io_path *path,
                              struct io_fcb **out)
{
    struct io_fcb *fcb;
    NTSTATUS status = check_existing(c, access, node, path);

    if (!NT_SUCCESS(status))
        return status;
    status = io_get_fcb(io, node, path->text, &fcb);
    if (!NT_SUCCESS(status))
        return status;
    status = fcb->delete_pending ? STATUS_DELETE_PENDING : check_sections(io, c, access, fcb);
    if (NT_SUCCESS(status))
        status = io_share(fcb, access, c->share);
    if (NT_SUCCESS(status)) {
        status = ready_file(io, c, access, fcb);
        if (!NT_SUCCESS(status))
            io_unshare(fcb, access, c->share);
    }
    if (!NT_SUCCESS(status)) {
        io_put_fcb(io, fcb);
        return status;
    }
    *out = fcb;
    return STATUS_SUCCESS;
}

static NTSTATUS create_new(struct io *io, const struct io_create *c, ULONG access,
                           struct io_node *node, const struct io_path *path, struct io_fcb **out)
{
    bool folder = c->options & FILE_DIRECTORY_FILE;
    int fd = -1;
    NTSTATUS status;

    if (path->directory_only && !folder)
        return STATUS_OBJECT_NAME_INVALID;
    status = io_check_writable(node->mount);
    if (NT_SUCCESS(status))
        status = folder ? io_make_directory(io, node) : io_make_file(io, node, &fd);
    if (!NT_SUCCESS(status))
        return status;
    if (!folder && (c->file_attributes & FILE_ATTRIBUTE_READONLY))
        (void)fchmod(fd, 0444);
    status = io_get_fcb(io, node, path->text, out);
    if (!NT_SUCCESS(status)) {
        if (fd >= 0)
            close(fd);
        return status;
    }
    (*out)->fd = fd;
    (*out)->writable = fd >= 0;
    return io_share(*out, access, c->share); /* the first: cannot conflict */
}

/* Open what `path` names on the volume. => *fcb referenced and shared */
static NTSTATUS open_on_volume(struct io *io, const struct io_create *c, ULONG access,
                               const struct io_path *path, struct io_fcb **fcb,
                               uint64_t *information)
{
    struct io_node node;
    NTSTATUS status = io_resolve(io, path->text, &node);

    if (NT_SUCCESS(status)) {
        *information = information_of(c->disposition);
        return open_existing(io, c, access, &node, path, fcb);
    }
    if (status != STATUS_OBJECT_NAME_NOT_FOUND || c->disposition == FILE_OPEN ||
        c->disposition == FILE_OVERWRITE)
        return status;
    *information = FILE_CREATED;
    return create_new(io, c, access, &node, path, fcb);
}

/* ---- file objects ---- */

static void fill_file_object(struct io *io, FILE_OBJECT *file, DEVICE_OBJECT *device,
                             const struct io_create *c, ULONG access)
{
    file->Type = IO_TYPE_FILE;
    file->Size = sizeof(*file);
    file->DeviceObject.va = h2k(&io->ke->ks, device);
    file->ReadAccess = (access & (FILE_READ_DATA | FILE_EXECUTE)) != 0;
    file->WriteAccess = (access & WRITE_RIGHTS) != 0;
    file->DeleteAccess = (access & DELETE) != 0;
    file->SharedRead = (c->share & FILE_SHARE_READ) != 0;
    file->SharedWrite = (c->share & FILE_SHARE_WRITE) != 0;
    file->SharedDelete = (c->share & FILE_SHARE_DELETE) != 0;
    file->Flags = FO_FILE_OPEN | FO_HANDLE_CREATED;
    if (c->options & (FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT))
        file->Flags |= FO_SYNCHRONOUS_IO;
    if (c->options & FILE_SYNCHRONOUS_IO_ALERT)
        file->Flags |= FO_ALERTABLE_IO;
    if (c->options & FILE_WRITE_THROUGH)
        file->Flags |= FO_WRITE_THROUGH;
    if (c->options & FILE_DELETE_ON_CLOSE)
        file->Flags |= FO_DELETE_ON_CLOSE;
    ke_initialize_event(io->ke, &file->Lock, SynchronizationEvent, false);
    ke_initialize_event(io->ke, &file->Event, NotificationEvent, false);
    ke_list_init(&io->ke->ks, &file->IrpList);
}

static NTSTATUS name_file_object(struct io *io, FILE_OBJECT *file, const WCHAR *name, size_t length)
{
    WCHAR *text;

    if (length == 0)
        return STATUS_SUCCESS;
    text = ex_allocate_pool(ob_mm(io->ob), PagedPool, length + sizeof(WCHAR), mm_tag("IoNm"));
    if (!text)
        return STATUS_INSUFFICIENT_RESOURCES;
    memcpy(text, name, length);
    text[length / sizeof(WCHAR)] = 0;
    file->FileName.Length = (USHORT)length;
    file->FileName.MaximumLength = (USHORT)(length + sizeof(WCHAR));
    file->FileName.Buffer.va = h2k(&io->ke->ks, text);
    return STATUS_SUCCESS;
}

/* A file object with its io_open, of `kind`; nothing opened yet. */
NTSTATUS io_make_file_object(struct io *io, DEVICE_OBJECT *device, const struct io_create *c,
                             ULONG access, const WCHAR *name, size_t length, enum io_kind kind,
                             FILE_OBJECT **out, struct io_open **out_open)
{
    struct io_open *open;
    void *object;
    NTSTATUS status = ob_create_object(io->ob, NULL, io->file_type, 0, &object);

    if (!NT_SUCCESS(status))
        return status;
    fill_file_object(io, object, device, c, access);
    status = name_file_object(io, object, name, length);
    open = calloc(1, sizeof(*open));
    if (NT_SUCCESS(status) && !open)
        status = STATUS_INSUFFICIENT_RESOURCES;
    if (NT_SUCCESS(status)) {
        *open = (struct io_open){
            .kind = kind, .access = access, .share = c->share, .options = c->options};
        status = io_register_open(io, object, open);
    }
    if (!NT_SUCCESS(status)) {
        free(open);
        ob_dereference_object(io->ob, object);
        return status;
    }
    *out = object;
    *out_open = open;
    return STATUS_SUCCESS;
}

static NTSTATUS open_volume(struct io *io, struct io_parse_context *context, ULONG access,
                            const WCHAR *name, size_t length, FILE_OBJECT **file)
{
    const struct io_create *c = context->create;
    struct io_path path;
    struct io_open *open;
    NTSTATUS status = io_path_from_name(name, length, &path);

    if (NT_SUCCESS(status))
        status = io_make_file_object(io, io->volume_device, c, access, name, length, IO_KIND_FILE,
                                     file, &open);
    if (!NT_SUCCESS(status))
        return status;
    io_lock_volume(io);
    status = open_on_volume(io, c, access, &path, &open->fcb, &context->information);
    if (NT_SUCCESS(status)) {
        open->fcb->opens++;
        open->delete_on_close = c->options & FILE_DELETE_ON_CLOSE;
        (*file)->Vpb.va = h2k(&io->ke->ks, io->vpb);
        (*file)->SectionObjectPointer.va = h2k(&io->ke->ks, open->fcb->sections);
    }
    io_unlock_volume(io);
    if (NT_SUCCESS(status) && context->information == information_of(c->disposition) &&
        truncates(c->disposition)) {
        io_lock_size(open->fcb);
        status = io_set_size(io, open->fcb, 0);
        io_unlock_size(open->fcb);
    }
    if (!NT_SUCCESS(status))
        ob_dereference_object(io->ob, *file);
    return status;
}

/* Which of the three standard files "\Input", "\Output", "\Error" or "" means. -1: none */
static int console_index(const WCHAR *name, size_t length, ULONG access)
{
    static const struct {
        const WCHAR *name;
        size_t chars;
    } names[] = {{u"\\Input", 6}, {u"\\Output", 7}, {u"\\Error", 6}};

    if (length == 0)
        return access & WRITE_RIGHTS ? 1 : 0;
    for (int i = 0; i < 3; i++) {
        if (io_name_matches(names[i].name, names[i].chars, name, length / sizeof(WCHAR)))
            return i;
    }
    return -1;
}

static NTSTATUS open_console(struct io *io, struct io_parse_context *context, ULONG access,
                             const WCHAR *name, size_t length, FILE_OBJECT **file)
{
    int index = console_index(name, length, access);
    struct io_open *open;
    NTSTATUS status;

    if (index < 0)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    if (io->console[index] < 0)
        return STATUS_NO_SUCH_DEVICE;
    status = io_make_file_object(io, io->console_device, context->create, access, name, length,
                                 IO_KIND_CONSOLE, file, &open);
    if (NT_SUCCESS(status))
        open->console = index;
    context->information = FILE_OPENED;
    return status;
}

/* A device that is one thing, with nothing below it. */
static NTSTATUS open_plain(struct io *io, DEVICE_OBJECT *device, enum io_kind kind,
                           struct io_parse_context *context, ULONG access, const WCHAR *name,
                           size_t length, FILE_OBJECT **file)
{
    struct io_open *open;

    if (length > 0)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    context->information = FILE_OPENED;
    return io_make_file_object(io, device, context->create, access, name, length, kind, file,
                               &open);
}

/* ---- parse procedures ---- */

static NTSTATUS open_device(struct io *io, DEVICE_OBJECT *device, struct ob_parse *parse,
                            const WCHAR *name, size_t length)
{
    struct io_parse_context *context = parse->context;
    ULONG access = *parse->access;
    FILE_OBJECT *file = NULL;
    NTSTATUS status;

    if (!context) /* somebody opens the name as something else than a file */
        return STATUS_OBJECT_TYPE_MISMATCH;
    if (access & MAXIMUM_ALLOWED)
        access = (access & ~MAXIMUM_ALLOWED) | FILE_ALL_ACCESS;
    status = check_create(context->create, access);
    if (!NT_SUCCESS(status))
        return status;
    if (device == io->volume_device && !context->create->pipe)
        status = open_volume(io, context, access, name, length, &file);
    else if (device == io->pipe_device)
        status = io_open_pipe(io, context, access, name, length, &file);
    else if (context->create->pipe)
        status = STATUS_OBJECT_NAME_INVALID; /* no device for pipes */
    else if (device == io->console_device)
        status = open_console(io, context, access, name, length, &file);
    else
        status = open_plain(io, device, device == io->random_device ? IO_KIND_RANDOM : IO_KIND_NULL,
                            context, access, name, length, &file);
    parse->object = file;
    return status;
}

NTSTATUS io_parse_device(struct ob *ob, void *object, struct ob_parse *parse)
{
    return open_device(io_of(ob, object), object, parse, parse->rest, parse->rest_length);
}

/* A name relative to an open folder: put the two together. */
NTSTATUS io_parse_file(struct ob *ob, void *object, struct ob_parse *parse)
{
    struct io *io = io_of(ob, object);
    FILE_OBJECT *folder = object;
    DEVICE_OBJECT *device = k2h(&io->ke->ks, folder->DeviceObject);
    size_t base = folder->FileName.Length, length = base + sizeof(WCHAR) + parse->rest_length;
    const WCHAR *text = k2h(&io->ke->ks, folder->FileName.Buffer);
    NTSTATUS status;
    WCHAR *name;

    if (parse->rest_length == 0)
        return open_device(io, device, parse, text, base);
    if (parse->rest[0] == '\\' || length > UINT16_MAX - sizeof(WCHAR))
        return STATUS_OBJECT_NAME_INVALID;
    if (!(name = malloc(length)))
        return STATUS_INSUFFICIENT_RESOURCES;
    while (base > 0 && text[base / sizeof(WCHAR) - 1] == '\\')
        base -= sizeof(WCHAR);
    if (base > 0)
        memcpy(name, text, base);
    name[base / sizeof(WCHAR)] = '\\';
    memcpy(name + base / sizeof(WCHAR) + 1, parse->rest, parse->rest_length);
    status = open_device(io, device, parse, name, base + sizeof(WCHAR) + parse->rest_length);
    free(name);
    return status;
}

size_t io_query_file_name(struct ob *ob, void *object, WCHAR *name, size_t capacity)
{
    struct io *io = io_of(ob, object);
    FILE_OBJECT *file = object;
    const WCHAR *text = k2h(&io->ke->ks, file->FileName.Buffer);
    size_t device = ob_query_name(ob, k2h(&io->ke->ks, file->DeviceObject), name, capacity);
    size_t length = file->FileName.Length, room = capacity > device ? capacity - device : 0;

    if (room > 0 && length > 0)
        memcpy((char *)name + device, text, length < room ? length : room);
    return device + length;
}

/* ---- for services and the kernel ---- */

NTSTATUS io_create_file(struct io *io, const struct ob_caller *caller,
                        const struct io_create *create, uint64_t *handle, uint64_t *information)
{
    struct io_parse_context context = {.create = create};
    NTSTATUS status = ob_open_object_by_name(io->ob, caller, &create->attributes, io->file_type,
                                             create->access, &context, handle);

    *information = context.information;
    return status;
}

NTSTATUS io_open_file(struct io *io, const struct ob_caller *caller, const struct io_create *create,
                      FILE_OBJECT **file)
{
    struct io_parse_context context = {.create = create};
    void *object;
    NTSTATUS status = ob_reference_object_by_name(io->ob, caller, &create->attributes,
                                                  io->file_type, create->access, &context, &object);

    if (NT_SUCCESS(status))
        *file = object;
    return status;
}

NTSTATUS io_open_path(struct io *io, const char *path, FILE_OBJECT **file)
{
    WCHAR name[HOST_PATH_MAX];
    int chars = io_utf16(path, name, HOST_PATH_MAX);
    struct ob_caller kernel = {.mode = KernelMode};
    struct io_create create = {
        .attributes = {.name = name, .flags = OBJ_CASE_INSENSITIVE},
        .access = FILE_READ_DATA | FILE_EXECUTE | FILE_READ_ATTRIBUTES | SYNCHRONIZE,
        .share = FILE_SHARE_READ | FILE_SHARE_DELETE,
        .disposition = FILE_OPEN,
        .options = FILE_NON_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT,
    };

    if (chars < 0)
        return STATUS_OBJECT_NAME_INVALID;
    create.attributes.name_length = (USHORT)((unsigned)chars * sizeof(WCHAR));
    return io_open_file(io, &kernel, &create, file);
}

NTSTATUS io_open_console(struct io *io, const struct ob_caller *caller, unsigned index,
                         uint64_t *handle)
{
    static const WCHAR *const names[] = {u"\\Device\\Console\\Input", u"\\Device\\Console\\Output",
                                         u"\\Device\\Console\\Error"};
    static const USHORT chars[] = {21, 22, 21};
    struct io_create create = {
        .attributes = {.name = names[index % 3],
                       .name_length = (USHORT)(chars[index % 3] * sizeof(WCHAR)),
                       .flags = OBJ_CASE_INSENSITIVE | OBJ_INHERIT},
        .access = FILE_GENERIC_READ | (index == 0 ? 0 : FILE_GENERIC_WRITE),
        .share = FILE_SHARE_READ | FILE_SHARE_WRITE,
        .disposition = FILE_OPEN,
        .options = FILE_SYNCHRONOUS_IO_NONALERT,
    };
    uint64_t information;

    return io_create_file(io, caller, &create, handle, &information);
}

/* NtQueryAttributesFile opens, asks, closes. */
NTSTATUS io_query_attributes_file(struct io *io, const struct ob_caller *caller,
                                  const struct ob_attributes *attributes,
                                  FILE_NETWORK_OPEN_INFORMATION *information)
{
    struct io_create create = {
        .attributes = *attributes,
        .access = FILE_READ_ATTRIBUTES,
        .share = FILE_SHARE_VALID_FLAGS,
        .disposition = FILE_OPEN,
    };
    FILE_OBJECT *file;
    size_t returned;
    NTSTATUS status = io_open_file(io, caller, &create, &file);

    if (!NT_SUCCESS(status))
        return status;
    status = io_query_information_file(io, file, create.access, FileNetworkOpenInformation,
                                       information, sizeof(*information), &returned);
    ob_dereference_object(io->ob, file);
    return status;
}
