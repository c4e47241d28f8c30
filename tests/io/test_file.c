/* tests/io/test_file.c: files on the volume. */
#include "volume.h"

static char buffer[256];

static void reading(void **state)
{
    struct volume *v = volume_create(NULL);
    struct opened o;
    int64_t offset = 2;
    size_t done;
    uint64_t size;
    const void *bytes;
    WCHAR name[128];

    (void)state;
    assert_ok(open_as(v, "\\WORK\\A.TXT", GENERIC_READ, FILE_SHARE_READ, FILE_OPEN, 0, &o));
    assert_int_equal(o.information, FILE_OPENED);
    assert_ok(io_read_file(v->io, NULL, o.file, buffer, 3, NULL, &done));
    assert_memory_equal(buffer, "alp", 3);
    assert_ok(io_read_file(v->io, NULL, o.file, buffer, 100, NULL, &done));
    assert_int_equal(done, 2);
    assert_status(STATUS_END_OF_FILE, io_read_file(v->io, NULL, o.file, buffer, 1, NULL, &done));
    assert_ok(io_read_file(v->io, NULL, o.file, buffer, 2, &offset, &done));
    assert_memory_equal(buffer, "ph", 2);
    assert_int_equal(o.file->CurrentByteOffset.QuadPart, 4);
    offset = -5;
    assert_status(STATUS_INVALID_PARAMETER,
                  io_read_file(v->io, NULL, o.file, buffer, 2, &offset, &done));
    assert_ok(io_file_host_bytes(v->io, o.file, &bytes, &size));
    assert_int_equal(size, 5);
    assert_memory_equal(bytes, "alpha", 5);
    size = ob_query_name(v->e->ob, o.file, name, sizeof(name));
    assert_int_equal(size, 2 * strlen("\\Device\\HarddiskVolume1\\WORK\\A.TXT"));
    assert_memory_equal(name + 23, u"\\WORK\\A.TXT", 22);
    assert_int_equal(o.file->Type, 5);
    close_it(v, &o);
    assert_string_equal(read_guest(v, "\\SystemRoot\\system32\\KERNEL.DLL", buffer), "MZ");
    assert_string_equal(read_guest(v, "\\Device\\HarddiskVolume1\\work\\sub\\B.txt", buffer),
                        "beta");
    volume_destroy(v);
}

static void what_cannot_be_opened(void **state)
{
    struct volume *v = volume_create(NULL);
    static const struct {
        const char *path;
        ULONG access, disposition, options;
        NTSTATUS status;
    } cases[] = {
        {"\\work\\none", GENERIC_READ, FILE_OPEN, 0, STATUS_OBJECT_NAME_NOT_FOUND},
        {"\\work\\none\\x", GENERIC_READ, FILE_OPEN, 0, STATUS_OBJECT_PATH_NOT_FOUND},
        {"\\none\\x", GENERIC_READ, FILE_OPEN_IF, 0, STATUS_OBJECT_PATH_NOT_FOUND},
        {"\\none", GENERIC_WRITE, FILE_OPEN_IF, 0, STATUS_ACCESS_DENIED},
        {"\\work\\a.txt\\x", GENERIC_READ, FILE_OPEN, 0, STATUS_OBJECT_PATH_NOT_FOUND},
        {"\\work\\a.txt", GENERIC_READ, FILE_CREATE, 0, STATUS_OBJECT_NAME_COLLISION},
        {"\\work\\A.TXT", GENERIC_READ, FILE_CREATE, 0, STATUS_OBJECT_NAME_COLLISION},
        {"\\work\\none", GENERIC_READ, FILE_OVERWRITE, 0, STATUS_OBJECT_NAME_NOT_FOUND},
        {"\\work\\Sub", GENERIC_READ, FILE_OPEN, FILE_NON_DIRECTORY_FILE,
         STATUS_FILE_IS_A_DIRECTORY},
        {"\\work\\a.txt", GENERIC_READ, FILE_OPEN, FILE_DIRECTORY_FILE, STATUS_NOT_A_DIRECTORY},
        {"\\work\\a.txt\\", GENERIC_READ, FILE_OPEN, 0, STATUS_OBJECT_NAME_INVALID},
        {"\\Windows\\System32\\kernel.dll", GENERIC_WRITE, FILE_OPEN, 0, STATUS_ACCESS_DENIED},
        {"\\Windows\\System32\\new", GENERIC_WRITE, FILE_CREATE, 0, STATUS_ACCESS_DENIED},
        {"\\Windows\\System32\\kernel.dll", GENERIC_READ, FILE_OVERWRITE_IF, 0,
         STATUS_ACCESS_DENIED},
        {"\\Windows\\System32\\kernel.dll", GENERIC_READ | DELETE, FILE_OPEN, FILE_DELETE_ON_CLOSE,
         STATUS_ACCESS_DENIED},
        {"\\work\\..\\..\\etc\\passwd", GENERIC_READ, FILE_OPEN, 0, STATUS_OBJECT_NAME_INVALID},
        {"\\work\\../../etc/passwd", GENERIC_READ, FILE_OPEN, 0, STATUS_OBJECT_NAME_INVALID},
        {"\\work\\a.txt:x", GENERIC_READ, FILE_OPEN, 0, STATUS_OBJECT_NAME_INVALID},
        {"\\work\\a.txt", GENERIC_READ, 6, 0, STATUS_INVALID_PARAMETER},
        {"\\work\\a.txt", GENERIC_READ, FILE_OPEN, FILE_DIRECTORY_FILE | FILE_NON_DIRECTORY_FILE,
         STATUS_INVALID_PARAMETER},
        {"\\work\\a.txt", GENERIC_READ, FILE_OPEN, FILE_DELETE_ON_CLOSE, STATUS_INVALID_PARAMETER},
        {"\\Device\\Console\\Nothing", GENERIC_READ, FILE_OPEN, 0, STATUS_OBJECT_NAME_NOT_FOUND},
        {"\\Device\\Console\\Input", GENERIC_READ, FILE_OPEN, 0, STATUS_NO_SUCH_DEVICE},
        {"\\Device\\Nothing\\x", GENERIC_READ, FILE_OPEN, 0, STATUS_OBJECT_PATH_NOT_FOUND},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_status(cases[i].status, try_open(v, cases[i].path, cases[i].access,
                                                cases[i].disposition, cases[i].options));
    assert_false(NT_SUCCESS(try_open(v, "\\work\\escape\\passwd", GENERIC_READ, FILE_OPEN, 0)));
    assert_false(NT_SUCCESS(try_open(v, "\\work\\escape\\new", GENERIC_WRITE, FILE_OPEN_IF, 0)));
    volume_destroy(v);
}

static void the_overlay_keeps_the_host_as_it_was(void **state)
{
    struct volume *v = volume_create(NULL);
    struct opened reader;
    char host[256];
    size_t done;

    (void)state;
    /* A reader from before sees what is written later: it is one file. */
    assert_ok(
        open_as(v, "\\work\\a.txt", GENERIC_READ, FILE_SHARE_VALID_FLAGS, FILE_OPEN, 0, &reader));
    write_guest(v, "\\work\\a.txt", FILE_OPEN, "AL");
    assert_ok(io_read_file(v->io, NULL, reader.file, buffer, 10, NULL, &done));
    assert_memory_equal(buffer, "ALpha", 5);
    close_it(v, &reader);
    assert_string_equal(read_guest(v, "\\work\\a.txt", buffer), "ALpha");
    assert_string_equal(read_host(v, "work/a.txt", host), "alpha");

    write_guest(v, "\\work\\Sub\\new.txt", FILE_CREATE, "new");
    assert_string_equal(read_guest(v, "\\work\\sub\\NEW.txt", buffer), "new");
    assert_null(read_host(v, "work/Sub/new.txt", host));
    write_guest(v, "\\work\\sub\\b.txt", FILE_OVERWRITE, "B");
    assert_string_equal(read_guest(v, "\\work\\Sub\\b.txt", buffer), "B");
    assert_string_equal(read_host(v, "work/Sub/b.txt", host), "beta");

    /* Deleting hides; creating again starts from nothing. */
    assert_ok(try_open(v, "\\work\\a.txt", DELETE, FILE_OPEN, FILE_DELETE_ON_CLOSE));
    assert_null(read_guest(v, "\\work\\a.txt", buffer));
    assert_string_equal(read_host(v, "work/a.txt", host), "alpha");
    write_guest(v, "\\work\\a.txt", FILE_OPEN_IF, "x");
    assert_string_equal(read_guest(v, "\\work\\a.txt", buffer), "x");
    assert_ok(try_open(v, "\\work\\Sub\\empty", DELETE, FILE_OPEN,
                       FILE_DIRECTORY_FILE | FILE_DELETE_ON_CLOSE));
    assert_status(STATUS_OBJECT_NAME_NOT_FOUND,
                  try_open(v, "\\work\\Sub\\empty", GENERIC_READ, FILE_OPEN, 0));
    assert_ok(try_open(v, "\\work\\Sub\\empty", GENERIC_READ, FILE_CREATE, FILE_DIRECTORY_FILE));

    write_guest(v, "\\rw\\c.txt", FILE_OVERWRITE_IF, "written");
    assert_string_equal(read_host(v, "rw/c.txt", host), "written");
    volume_destroy(v);
}

static void sharing(void **state)
{
    struct volume *v = volume_create(NULL);
    struct opened first, second;

    (void)state;
    assert_ok(open_as(v, "\\work\\a.txt", GENERIC_READ, FILE_SHARE_READ, FILE_OPEN, 0, &first));
    assert_status(STATUS_SHARING_VIOLATION, open_as(v, "\\work\\a.txt", GENERIC_WRITE,
                                                    FILE_SHARE_READ, FILE_OPEN, 0, &second));
    assert_status(STATUS_SHARING_VIOLATION,
                  open_as(v, "\\work\\A.txt", GENERIC_READ, 0, FILE_OPEN, 0, &second));
    assert_status(STATUS_SHARING_VIOLATION, open_as(v, "\\work\\a.txt", DELETE,
                                                    FILE_SHARE_VALID_FLAGS, FILE_OPEN, 0, &second));
    /* Attributes can always be had. */
    assert_ok(open_as(v, "\\work\\a.txt", FILE_READ_ATTRIBUTES, 0, FILE_OPEN, 0, &second));
    close_it(v, &second);
    assert_ok(open_as(v, "\\work\\a.txt", GENERIC_READ, FILE_SHARE_READ, FILE_OPEN, 0, &second));
    close_it(v, &second);
    close_it(v, &first);
    assert_ok(open_as(v, "\\work\\a.txt", GENERIC_WRITE, 0, FILE_OPEN, 0, &second));
    close_it(v, &second);
    volume_destroy(v);
}

static NTSTATUS set(struct volume *v, struct opened *o, enum _FILE_INFORMATION_CLASS class,
                    const void *information, size_t size)
{
    return io_set_information_file(v->io, &v->caller, o->file, class, information, size);
}

static void deletion_waits_for_the_last_close(void **state)
{
    struct volume *v = volume_create(NULL);
    FILE_DISPOSITION_INFORMATION yes = {1}, no = {0};
    struct opened a, b;
    size_t done;

    (void)state;
    assert_ok(open_as(v, "\\work\\a.txt", GENERIC_READ | DELETE, FILE_SHARE_VALID_FLAGS, FILE_OPEN,
                      0, &a));
    assert_ok(open_as(v, "\\work\\a.txt", GENERIC_READ, FILE_SHARE_VALID_FLAGS, FILE_OPEN, 0, &b));
    assert_ok(set(v, &a, FileDispositionInformation, &yes, 1));
    assert_status(STATUS_DELETE_PENDING, try_open(v, "\\work\\a.txt", GENERIC_READ, FILE_OPEN, 0));
    assert_ok(set(v, &a, FileDispositionInformation, &no, 1));
    assert_ok(try_open(v, "\\work\\a.txt", GENERIC_READ, FILE_OPEN, 0));
    assert_ok(set(v, &a, FileDispositionInformation, &yes, 1));
    close_it(v, &a);
    assert_ok(io_read_file(v->io, NULL, b.file, buffer, 5, NULL, &done));
    assert_status(STATUS_DELETE_PENDING, try_open(v, "\\work\\a.txt", GENERIC_READ, FILE_OPEN, 0));
    close_it(v, &b);
    assert_status(STATUS_OBJECT_NAME_NOT_FOUND,
                  try_open(v, "\\work\\a.txt", GENERIC_READ, FILE_OPEN, 0));
    assert_ok(open_as(v, "\\work\\Sub", GENERIC_READ | DELETE, FILE_SHARE_VALID_FLAGS, FILE_OPEN,
                      FILE_DIRECTORY_FILE, &a));
    assert_status(STATUS_DIRECTORY_NOT_EMPTY, set(v, &a, FileDispositionInformation, &yes, 1));
    close_it(v, &a);
    volume_destroy(v);
}

static NTSTATUS set_name(struct volume *v, struct opened *o, const char *to, bool replace,
                         enum _FILE_INFORMATION_CLASS class)
{
    union {
        FILE_RENAME_INFORMATION information;
        char bytes[512];
    } in = {0};
    size_t n = 0;

    in.information.ReplaceIfExists = replace;
    for (; to[n]; n++)
        in.information.FileName[n] = (WCHAR)to[n];
    in.information.FileNameLength = (ULONG)(2 * n);
    return set(v, o, class, &in, sizeof(in));
}

static NTSTATUS rename_to(struct volume *v, struct opened *o, const char *to, bool replace)
{
    return set_name(v, o, to, replace, FileRenameInformation);
}

static NTSTATUS link_to(struct volume *v, struct opened *o, const char *to, bool replace)
{
    return set_name(v, o, to, replace, FileLinkInformation);
}

static ULONG links_of(struct volume *v, struct opened *o)
{
    FILE_STANDARD_INFORMATION standard;
    size_t done;

    assert_ok(io_query_information_file(v->io, o->file, 0, FileStandardInformation, &standard,
                                        sizeof(standard), &done));
    return standard.NumberOfLinks;
}

/* Under an overlay the host's file stays as it is; both names are of the copy. */
static void linking(void **state)
{
    struct volume *v = volume_create(NULL);
    struct opened o;
    char host[256];

    (void)state;
    assert_ok(open_as(v, "\\work\\a.txt", GENERIC_WRITE, 7, FILE_OPEN, 0, &o));
    assert_int_equal(links_of(v, &o), 1);
    assert_ok(link_to(v, &o, "second.txt", false));
    assert_status(STATUS_OBJECT_NAME_COLLISION, link_to(v, &o, "SECOND.txt", false));
    assert_status(STATUS_OBJECT_NAME_COLLISION, link_to(v, &o, "a.txt", false));
    assert_ok(link_to(v, &o, "a.txt", true)); /* its own name */
    assert_ok(link_to(v, &o, "\\\?\?\\C:\\work\\Sub\\b.txt", true));
    assert_status(STATUS_NOT_SAME_DEVICE, link_to(v, &o, "\\\?\?\\C:\\rw\\a.txt", false));
    assert_status(STATUS_OBJECT_PATH_NOT_FOUND,
                  link_to(v, &o, "\\\?\?\\C:\\work\\none\\a.txt", false));
    assert_int_equal(links_of(v, &o), 3);
    close_it(v, &o);
    assert_string_equal(read_guest(v, "\\work\\SECOND.txt", buffer), "alpha");
    assert_string_equal(read_guest(v, "\\work\\Sub\\b.txt", buffer), "alpha");
    assert_string_equal(read_host(v, "work/Sub/b.txt", host), "beta");
    assert_ok(
        open_as(v, "\\work\\Sub", FILE_LIST_DIRECTORY, 7, FILE_OPEN, FILE_DIRECTORY_FILE, &o));
    assert_status(STATUS_FILE_IS_A_DIRECTORY, link_to(v, &o, "third", false));
    close_it(v, &o);
    volume_destroy(v);
}

static void renaming(void **state)
{
    struct volume *v = volume_create(NULL);
    struct opened o;
    char host[256];

    (void)state;
    assert_ok(open_as(v, "\\work\\a.txt", DELETE, FILE_SHARE_VALID_FLAGS, FILE_OPEN, 0, &o));
    assert_status(STATUS_OBJECT_NAME_COLLISION,
                  rename_to(v, &o, "\\\?\?\\C:\\work\\Sub\\b.txt", false));
    assert_status(STATUS_NOT_SAME_DEVICE, rename_to(v, &o, "\\\?\?\\C:\\rw\\a.txt", false));
    assert_status(STATUS_OBJECT_PATH_NOT_FOUND,
                  rename_to(v, &o, "\\\?\?\\C:\\work\\none\\a.txt", false));
    assert_ok(rename_to(v, &o, "other.txt", false));
    assert_memory_equal(kspace_host(&v->e->machine.ke.ks, o.file->FileName.Buffer.va),
                        u"\\work\\other.txt", 30);
    assert_null(read_guest(v, "\\work\\a.txt", buffer));
    assert_string_equal(read_guest(v, "\\work\\OTHER.txt", buffer), "alpha");
    assert_ok(rename_to(v, &o, "\\\?\?\\C:\\work\\Sub\\b.txt", true));
    close_it(v, &o);
    assert_string_equal(read_guest(v, "\\work\\Sub\\b.txt", buffer), "alpha");
    assert_string_equal(read_host(v, "work/Sub/b.txt", host), "beta");
    assert_ok(open_as(v, "\\rw\\c.txt", DELETE, FILE_SHARE_VALID_FLAGS, FILE_OPEN, 0, &o));
    assert_ok(rename_to(v, &o, "C.TXT", false)); /* only the case */
    close_it(v, &o);
    assert_string_equal(read_host(v, "rw/C.TXT", host), "gamma");
    volume_destroy(v);
}

static void appending_and_sizes(void **state)
{
    struct volume *v = volume_create(NULL);
    FILE_END_OF_FILE_INFORMATION end = {3};
    FILE_POSITION_INFORMATION position = {1};
    FILE_STANDARD_INFORMATION standard;
    FILE_BASIC_INFORMATION basic = {.FileAttributes = FILE_ATTRIBUTE_READONLY};
    int64_t at_end = FILE_WRITE_TO_END_OF_FILE;
    struct opened o;
    size_t done;

    (void)state;
    assert_ok(open_as(v, "\\work\\a.txt", FILE_APPEND_DATA, 7, FILE_OPEN, 0, &o));
    assert_ok(io_write_file(v->io, NULL, o.file, FILE_APPEND_DATA, "1", 1, NULL, &done));
    assert_ok(io_write_file(v->io, NULL, o.file, FILE_APPEND_DATA, "2", 1, NULL, &done));
    close_it(v, &o);
    assert_string_equal(read_guest(v, "\\work\\a.txt", buffer), "alpha12");
    assert_ok(open_as(v, "\\work\\a.txt", GENERIC_READ | GENERIC_WRITE, 7, FILE_OPEN, 0, &o));
    assert_ok(set(v, &o, FileEndOfFileInformation, &end, sizeof(end)));
    assert_ok(io_write_file(v->io, NULL, o.file, FILE_WRITE_DATA, "3", 1, &at_end, &done));
    assert_ok(set(v, &o, FilePositionInformation, &position, sizeof(position)));
    assert_ok(io_read_file(v->io, NULL, o.file, buffer, 10, NULL, &done));
    assert_memory_equal(buffer, "lp3", 3);
    assert_ok(io_query_information_file(v->io, o.file, 0, FileStandardInformation, &standard,
                                        sizeof(standard), &done));
    assert_int_equal(standard.EndOfFile.QuadPart, 4);
    assert_int_equal(standard.AllocationSize.QuadPart, 4096);
    assert_status(
        STATUS_INFO_LENGTH_MISMATCH,
        io_query_information_file(v->io, o.file, 0, FileStandardInformation, &standard, 8, &done));
    assert_status(STATUS_INVALID_INFO_CLASS,
                  io_query_information_file(v->io, o.file, 0, FileMaximumInformation, &standard,
                                            sizeof(standard), &done));
    assert_ok(set(v, &o, FileBasicInformation, &basic, sizeof(basic)));
    close_it(v, &o);
    assert_status(STATUS_ACCESS_DENIED, try_open(v, "\\work\\a.txt", GENERIC_WRITE, FILE_OPEN, 0));
    assert_status(STATUS_CANNOT_DELETE,
                  try_open(v, "\\work\\a.txt", DELETE, FILE_OPEN, FILE_DELETE_ON_CLOSE));
    volume_destroy(v);
}

/* Names of a folder that match, joined by commas. */
static const char *list(struct volume *v, const char *path, const WCHAR *pattern, size_t chars,
                        char out[256])
{
    _Alignas(8) char records[300];
    struct opened o;
    size_t returned, n = 0;
    NTSTATUS status;

    assert_ok(open_as(v, path, GENERIC_READ, 7, FILE_OPEN, FILE_DIRECTORY_FILE, &o));
    out[0] = 0;
    while ((status = io_query_directory_file(v->io, o.file, FileBothDirectoryInformation, records,
                                             sizeof(records), false, pattern, (USHORT)(2 * chars),
                                             false, &returned)) == STATUS_SUCCESS) {
        for (char *at = records;;) {
            FILE_BOTH_DIR_INFORMATION *record = (void *)at;

            for (ULONG i = 0; i < record->FileNameLength / 2; i++)
                out[n++] = (char)record->FileName[i];
            out[n++] = record->FileAttributes & FILE_ATTRIBUTE_DIRECTORY ? '/' : ',';
            out[n] = 0;
            if (record->NextEntryOffset == 0)
                break;
            at += record->NextEntryOffset;
        }
    }
    close_it(v, &o);
    if (n == 0)
        assert_status(STATUS_NO_SUCH_FILE, status);
    else
        assert_status(STATUS_NO_MORE_FILES, status);
    return out;
}

static void listing(void **state)
{
    struct volume *v = volume_create(NULL);
    char out[256];
    struct opened o;
    FILE_NAMES_INFORMATION small[2];
    size_t returned;

    (void)state;
    assert_string_equal(list(v, "\\work", NULL, 0, out), "./../a.txt,Sub/");
    assert_string_equal(list(v, "\\", NULL, 0, out), "rw/Windows/work/");
    assert_string_equal(list(v, "\\Windows", NULL, 0, out), "./../System32/");
    assert_string_equal(list(v, "\\work", u"*.TXT", 5, out), "a.txt,");
    assert_string_equal(list(v, "\\work", u"none", 4, out), "");
    /* Layers come together; what is deleted is out. */
    write_guest(v, "\\work\\B.txt", FILE_CREATE, "");
    write_guest(v, "\\work\\A.txt", FILE_OPEN, "x");
    for (char name[] = "\\work\\f0.dat"; name[7] < '8'; name[7]++)
        write_guest(v, name, FILE_CREATE, "");
    assert_string_equal(list(v, "\\work", u"*", 1, out),
                        "./../a.txt,B.txt,f0.dat,f1.dat,f2.dat,f3.dat,f4.dat,f5.dat,f6.dat,f7.dat,"
                        "Sub/");
    assert_ok(try_open(v, "\\work\\a.txt", DELETE, FILE_OPEN, FILE_DELETE_ON_CLOSE));
    assert_string_equal(list(v, "\\work", u"?.txt", 5, out), "B.txt,");

    assert_ok(open_as(v, "\\work", GENERIC_READ, 7, FILE_OPEN, FILE_DIRECTORY_FILE, &o));
    assert_status(STATUS_BUFFER_OVERFLOW,
                  io_query_directory_file(v->io, o.file, FileNamesInformation, small, 14, true,
                                          u"f0.dat", 12, false, &returned));
    assert_status(STATUS_INFO_LENGTH_MISMATCH,
                  io_query_directory_file(v->io, o.file, FileNamesInformation, small, 4, true, NULL,
                                          0, false, &returned));
    assert_status(STATUS_INVALID_INFO_CLASS,
                  io_query_directory_file(v->io, o.file, FileBasicInformation, small, 14, true,
                                          NULL, 0, false, &returned));
    close_it(v, &o);
    volume_destroy(v);
}

static void relative_names(void **state)
{
    struct volume *v = volume_create(NULL);
    struct opened folder;
    uint64_t handle, information;
    struct io_create create = {.attributes = NAME("b.txt"),
                               .access = FILE_READ_DATA,
                               .share = 7,
                               .disposition = FILE_OPEN};
    FILE_NETWORK_OPEN_INFORMATION network;
    WCHAR text[512];
    struct ob_attributes name = full_name("\\work\\a.txt", text);

    (void)state;
    assert_ok(
        open_as(v, "\\work\\Sub\\", GENERIC_READ, 7, FILE_OPEN, FILE_DIRECTORY_FILE, &folder));
    create.attributes.root = folder.handle;
    assert_ok(io_create_file(v->io, &v->caller, &create, &handle, &information));
    assert_ok(ob_close_handle(v->e->ob, &v->caller, handle));
    create.attributes = NAME("..\\a.txt");
    create.attributes.root = folder.handle;
    assert_status(STATUS_OBJECT_NAME_INVALID,
                  io_create_file(v->io, &v->caller, &create, &handle, &information));
    create.attributes = NAME("\\b.txt");
    create.attributes.root = folder.handle;
    assert_status(STATUS_OBJECT_NAME_INVALID,
                  io_create_file(v->io, &v->caller, &create, &handle, &information));
    close_it(v, &folder);
    assert_ok(io_query_attributes_file(v->io, &v->caller, &name, &network));
    assert_int_equal(network.EndOfFile.QuadPart, 5);
    assert_int_equal(network.FileAttributes, FILE_ATTRIBUTE_ARCHIVE);
    volume_destroy(v);
}

static void all_information(void **state)
{
    struct volume *v = volume_create(NULL);
    struct opened o;
    _Alignas(8) char out[200];
    FILE_ALL_INFORMATION *all = (void *)out;
    FILE_FS_DEVICE_INFORMATION device;
    size_t returned;

    (void)state;
    assert_ok(open_as(v, "\\work\\a.txt", GENERIC_READ, 7, FILE_OPEN, 0, &o));
    assert_ok(io_query_information_file(v->io, o.file, 0x120089, FileAllInformation, out,
                                        sizeof(out), &returned));
    assert_int_equal(returned, 0x64 + 22);
    assert_int_equal(all->AccessInformation.AccessFlags, 0x120089);
    assert_int_equal(all->NameInformation.FileNameLength, 22);
    assert_memory_equal(all->NameInformation.FileName, u"\\work\\a.txt", 22);
    assert_status(
        STATUS_BUFFER_OVERFLOW,
        io_query_information_file(v->io, o.file, 0, FileAllInformation, out, 0x64 + 7, &returned));
    assert_int_equal(returned, 0x64 + 6);
    assert_status(
        STATUS_BUFFER_OVERFLOW,
        io_query_information_file(v->io, o.file, 0, FileNameInformation, out, 8, &returned));
    assert_ok(io_query_volume_information_file(v->io, o.file, FileFsDeviceInformation, &device,
                                               sizeof(device), &returned));
    assert_int_equal(device.DeviceType, FILE_DEVICE_DISK);
    assert_status(STATUS_BUFFER_OVERFLOW,
                  io_query_volume_information_file(v->io, o.file, FileFsAttributeInformation, out,
                                                   16, &returned));
    close_it(v, &o);
    volume_destroy(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading),
        cmocka_unit_test(what_cannot_be_opened),
        cmocka_unit_test(the_overlay_keeps_the_host_as_it_was),
        cmocka_unit_test(sharing),
        cmocka_unit_test(deletion_waits_for_the_last_close),
        cmocka_unit_test(renaming),
        cmocka_unit_test(linking),
        cmocka_unit_test(appending_and_sizes),
        cmocka_unit_test(listing),
        cmocka_unit_test(relative_names),
        cmocka_unit_test(all_information),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
