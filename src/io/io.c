/* src/io/io.c: the I/O manager's life: types, drivers, devices and their names. */
#include "io/io.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/ioi.h"

enum { VOLUME_SERIAL = 0x4E544D4D /* "NTMM" */, BYTE_ALIGNMENT = 0 };

static const struct ob_caller kernel = {.mode = KernelMode};

/* ---- the type File ---- */

static void clean_up(struct io *io, struct io_open *open)
{
    if (open->pipe)
        io_close_pipe_end(io, open);
    else
        io_cleanup(io, open);
}

static void close_file(struct ob *ob, const struct ob_caller *caller, void *object, LONG64 handles)
{
    struct io *io = io_of(ob, object);
    FILE_OBJECT *file = object;

    (void)caller;
    if (handles > 0 || file->FsContext2.va == 0)
        return;
    clean_up(io, io_open_of(io, file));
    __atomic_or_fetch(&file->Flags, FO_CLEANUP_COMPLETE, __ATOMIC_RELAXED);
}

static void delete_file(struct ob *ob, void *object)
{
    struct io *io = io_of(ob, object);
    FILE_OBJECT *file = object;

    if (file->FsContext2.va) {
        struct io_open *open = io_open_of(io, file);

        clean_up(io, open);
        if (open->pipe)
            io_put_pipe(io, open);
        if (open->fcb) {
            io_lock_volume(io);
            io_put_fcb(io, open->fcb);
            io_unlock_volume(io);
        }
        io_unregister_open(io, file);
        free(open->scan);
        free(open);
    }
    if (file->FileName.Buffer.va)
        ex_free_pool(ob_mm(ob), k2h(&io->ke->ks, file->FileName.Buffer));
}

static NTSTATUS create_types(struct io *io)
{
    static const GENERIC_MAPPING file_mapping = {FILE_GENERIC_READ, FILE_GENERIC_WRITE,
                                                 FILE_GENERIC_EXECUTE, FILE_ALL_ACCESS};
    static const struct ob_type_ops driver_ops = {.name = "Driver",
                                                  .body_size = sizeof(DRIVER_OBJECT),
                                                  .mapping = {0, 0, 0, STANDARD_RIGHTS_ALL},
                                                  .valid_access = STANDARD_RIGHTS_ALL,
                                                  .case_insensitive = true,
                                                  .wait_offset = -1};
    struct nt_globals *nt = &io->ke->nt;
    NTSTATUS status;

    io->device_ops = (struct ob_type_ops){.name = "Device",
                                          .body_size = sizeof(DEVICE_OBJECT),
                                          .mapping = file_mapping,
                                          .valid_access = FILE_ALL_ACCESS,
                                          .case_insensitive = true,
                                          .wait_offset = -1,
                                          .parse = io_parse_device,
                                          .owner = io};
    io->file_ops = (struct ob_type_ops){.name = "File",
                                        .body_size = sizeof(FILE_OBJECT),
                                        .mapping = file_mapping,
                                        .valid_access = FILE_ALL_ACCESS,
                                        .case_insensitive = true,
                                        .wait_offset = offsetof(FILE_OBJECT, Event),
                                        .close = close_file,
                                        .delete = delete_file,
                                        .parse = io_parse_file,
                                        .query_name = io_query_file_name,
                                        .owner = io};
    status = ob_create_type(io->ob, &io->device_ops, &io->device_type);
    if (NT_SUCCESS(status))
        status = ob_create_type(io->ob, &driver_ops, &io->driver_type);
    if (NT_SUCCESS(status))
        status = ob_create_type(io->ob, &io->file_ops, &io->file_type);
    if (!NT_SUCCESS(status))
        return status;
    nt->IoDeviceObjectType->va = h2k(&io->ke->ks, io->device_type);
    nt->IoDriverObjectType->va = h2k(&io->ke->ks, io->driver_type);
    nt->IoFileObjectType->va = h2k(&io->ke->ks, io->file_type);
    return STATUS_SUCCESS;
}

/* ---- drivers and devices ---- */

/* A permanent object named `path` (ASCII). */
static NTSTATUS create_named(struct io *io, const char *path, OBJECT_TYPE *type, size_t size,
                             void **object)
{
    WCHAR name[64];
    int chars = io_utf16(path, name, 64);
    struct ob_attributes attributes = {.name = name,
                                       .name_length = (USHORT)((unsigned)chars * sizeof(WCHAR)),
                                       .flags = OBJ_PERMANENT | OBJ_CASE_INSENSITIVE};
    NTSTATUS status;

    ASSERT(chars > 0);
    status = ob_create_object(io->ob, &attributes, type, size, object);
    if (!NT_SUCCESS(status))
        return status;
    return ob_insert_object(io->ob, &kernel, *object, &attributes, 0, NULL, NULL);
}

/* What a driver object leads to: its extension and its full name. They have a block of their own,
 * since an object must end where its pool block ends: that is how it is found from its tag. */
struct driver_parts {
    DRIVER_EXTENSION extension;
    WCHAR name[64];
};

static NTSTATUS create_driver(struct io *io, const char *path, DRIVER_OBJECT **out)
{
    struct mm *mm = ob_mm(io->ob);
    struct driver_parts *parts = ex_allocate_pool(mm, NonPagedPool, sizeof(*parts), mm_tag("DrvE"));
    DRIVER_OBJECT *driver;
    void *object;
    NTSTATUS status = STATUS_INSUFFICIENT_RESOURCES;

    if (!parts)
        return status;
    memset(parts, 0, sizeof(*parts));
    status = create_named(io, path, io->driver_type, sizeof(*driver), &object);
    if (!NT_SUCCESS(status)) {
        ex_free_pool(mm, parts);
        return status;
    }
    driver = object;
    driver->Type = IO_TYPE_DRIVER;
    driver->Size = sizeof(*driver);
    driver->DriverExtension.va = h2k(&io->ke->ks, &parts->extension);
    parts->extension.DriverObject.va = h2k(&io->ke->ks, driver);
    driver->DriverName.Length =
        (USHORT)((size_t)io_utf16(path, parts->name, 64) * sizeof(*parts->name));
    driver->DriverName.MaximumLength = sizeof(parts->name);
    driver->DriverName.Buffer.va = h2k(&io->ke->ks, parts->name);
    *out = driver;
    return STATUS_SUCCESS;
}

static NTSTATUS create_device(struct io *io, const char *path, const char *driver_path, ULONG type,
                              DEVICE_OBJECT **out)
{
    const size_t size = sizeof(DEVICE_OBJECT) + sizeof(DEVOBJ_EXTENSION);
    DEVOBJ_EXTENSION *extension;
    DEVICE_OBJECT *device;
    DRIVER_OBJECT *driver;
    void *object;
    NTSTATUS status = create_driver(io, driver_path, &driver);

    if (NT_SUCCESS(status))
        status = create_named(io, path, io->device_type, size, &object);
    if (!NT_SUCCESS(status))
        return status;
    device = object;
    extension = (DEVOBJ_EXTENSION *)(device + 1);
    device->Type = IO_TYPE_DEVICE;
    device->Size = (USHORT)sizeof(*device);
    device->DeviceType = type;
    device->StackSize = 1;
    device->AlignmentRequirement = BYTE_ALIGNMENT;
    device->SectorSize = 512;
    device->DriverObject.va = h2k(&io->ke->ks, driver);
    device->DeviceObjectExtension.va = h2k(&io->ke->ks, extension);
    extension->DeviceObject.va = h2k(&io->ke->ks, device);
    ke_initialize_event(io->ke, &device->DeviceLock, SynchronizationEvent, true);
    driver->DeviceObject.va = h2k(&io->ke->ks, device);
    *out = device;
    return STATUS_SUCCESS;
}

static NTSTATUS create_volume_block(struct io *io)
{
    VPB *vpb = ex_allocate_pool(ob_mm(io->ob), NonPagedPool, sizeof(*vpb), mm_tag("Vpb "));

    if (!vpb)
        return STATUS_INSUFFICIENT_RESOURCES;
    memset(vpb, 0, sizeof(*vpb));
    vpb->Type = IO_TYPE_VPB;
    vpb->Size = sizeof(*vpb);
    vpb->Flags = 1; /* VPB_MOUNTED */
    vpb->SerialNumber = VOLUME_SERIAL;
    vpb->DeviceObject.va = h2k(&io->ke->ks, io->volume_device);
    vpb->RealDevice.va = vpb->DeviceObject.va;
    memcpy(vpb->VolumeLabel, u"Windows", 7 * sizeof(WCHAR));
    vpb->VolumeLabelLength = 7 * sizeof(WCHAR);
    io->volume_device->Vpb.va = h2k(&io->ke->ks, vpb);
    io->vpb = vpb;
    return STATUS_SUCCESS;
}

static NTSTATUS create_links(struct io *io)
{
    static const char *const links[][2] = {
        {"\\GLOBAL\?\?\\C:", "\\Device\\HarddiskVolume1"},
        {"\\GLOBAL\?\?\\Volume" IO_VOLUME_GUID, "\\Device\\HarddiskVolume1"},
        {"\\SystemRoot", "\\Device\\HarddiskVolume1\\Windows"},
        {"\\GLOBAL\?\?\\CON", "\\Device\\Console"},
        {"\\GLOBAL\?\?\\CONIN$", "\\Device\\Console\\Input"},
        {"\\GLOBAL\?\?\\CONOUT$", "\\Device\\Console\\Output"},
        {"\\GLOBAL\?\?\\NUL", "\\Device\\Null"},
        {"\\GLOBAL\?\?\\PIPE", "\\Device\\NamedPipe"},
    };
    NTSTATUS status = STATUS_SUCCESS;

    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]) && NT_SUCCESS(status); i++)
        status = ob_create_symbolic_link(io->ob, links[i][0], links[i][1]);
    return status;
}

static NTSTATUS create_devices(struct io *io)
{
    NTSTATUS status = create_device(io, "\\Device\\HarddiskVolume1", "\\FileSystem\\Ntfs",
                                    FILE_DEVICE_DISK_FILE_SYSTEM, &io->volume_device);

    if (NT_SUCCESS(status))
        status = create_device(io, "\\Device\\Console", "\\Driver\\Console", FILE_DEVICE_CONSOLE,
                               &io->console_device);
    if (NT_SUCCESS(status))
        status = create_device(io, "\\Device\\Null", "\\Driver\\Null", FILE_DEVICE_NULL,
                               &io->null_device);
    if (NT_SUCCESS(status))
        status = create_device(io, "\\Device\\KsecDD", "\\Driver\\KSecDD", FILE_DEVICE_KSEC,
                               &io->random_device);
    if (NT_SUCCESS(status))
        status = create_device(io, "\\Device\\NamedPipe", "\\FileSystem\\Npfs",
                               FILE_DEVICE_NAMED_PIPE, &io->pipe_device);
    if (NT_SUCCESS(status))
        status = create_volume_block(io);
    return NT_SUCCESS(status) ? create_links(io) : status;
}

/* ---- life ---- */

NTSTATUS io_create(const struct io_config *config, struct io **out)
{
    struct io *io = calloc(1, sizeof(*io));
    NTSTATUS status;

    if (!io)
        return STATUS_INSUFFICIENT_RESOURCES;
    io->ob = config->ob;
    io->ke = config->ke;
    memcpy(io->console, config->console, sizeof(io->console));
    io->overlay_root = config->overlay_root;
    list_init(&io->mounts);
    list_init(&io->fcbs);
    list_init(&io->pipes);
    ke_lock_init(&io->opens_lock, KE_RANK_UNCHECKED);
    status = create_types(io);
    if (NT_SUCCESS(status))
        status = create_devices(io);
    if (!NT_SUCCESS(status)) {
        free(io);
        return status;
    }
    *out = io;
    return STATUS_SUCCESS;
}

void io_destroy(struct io *io)
{
    if (!io)
        return;
    io_destroy_mounts(io);
    free(io->opens);
    free(io);
}
