/* Files that are mapped: one copy of the bytes for views, ReadFile and WriteFile; how a mapping and
 * its file grow, what cannot be cut, deleted or written meanwhile; and every error that the
 * documentation of the calls names. The folder is fresh. */
#include <stdio.h>
#include <string.h>
#include <windows.h>

#define PAGE 0x1000

static HANDLE open_file(const char *name, DWORD access, DWORD how)
{
    return CreateFileA(name, access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                       how, FILE_ATTRIBUTE_NORMAL, NULL);
}

static HANDLE make_file(const char *name, size_t size)
{
    static char block[PAGE];
    HANDLE file = open_file(name, GENERIC_READ | GENERIC_WRITE, CREATE_ALWAYS);
    DWORD done;
    for (size_t at = 0; at < size; at += PAGE) {
        memset(block, 'a' + (int)(at / PAGE % 26), PAGE);
        WriteFile(file, block, size - at < PAGE ? (DWORD)(size - at) : PAGE, &done, NULL);
    }
    return file;
}

static DWORD read_at(HANDLE file, LONG offset, void *buffer, DWORD size)
{
    DWORD done = 0;
    SetFilePointer(file, offset, NULL, FILE_BEGIN);
    ReadFile(file, buffer, size, &done, NULL);
    return done;
}

static DWORD write_at(HANDLE file, LONG offset, const void *buffer, DWORD size)
{
    DWORD done = 0;
    SetFilePointer(file, offset, NULL, FILE_BEGIN);
    return WriteFile(file, buffer, size, &done, NULL) ? done : 0;
}

static int cut(HANDLE file, LONG size)
{
    SetFilePointer(file, size, NULL, FILE_BEGIN);
    SetLastError(0);
    return SetEndOfFile(file);
}

#define TELL(what, result)                                                                         \
    do {                                                                                           \
        SetLastError(0);                                                                           \
        int told = (result) != 0;                                                                  \
        printf("%s: %d %lu\n", what, told, told ? 0 : GetLastError());                             \
    } while (0)

static void one_copy(void)
{
    HANDLE file = make_file("one.txt", 3 * PAGE + 100);
    HANDLE map = CreateFileMappingA(file, NULL, PAGE_READWRITE, 0, 0, NULL);
    char *a = MapViewOfFile(map, FILE_MAP_WRITE, 0, 0, 0),
         *b = MapViewOfFile(map, FILE_MAP_READ, 0, 0, 0);
    char text[16] = "";
    printf("%c %c %c %d\n", a[0], a[PAGE], a[3 * PAGE + 99], a[3 * PAGE + 100]);
    memcpy(a + PAGE - 3, "viewed", 6);
    printf("%.6s\n", b + PAGE - 3);
    read_at(file, PAGE - 3, text, 6);
    printf("%s\n", text);
    write_at(file, 2 * PAGE - 3, "written", 7);
    printf("%.7s\n", b + 2 * PAGE - 3);

    /* Behind the end: the page has zeroes, and what is written there is not the file's. */
    a[3 * PAGE + 100] = 'x';
    printf("read at the end %lu\n", read_at(file, 3 * PAGE + 90, text, 16));
    printf("wrote %lu\n", write_at(file, 3 * PAGE + 104, "more", 4));
    printf("%d %d %.4s\n", b[3 * PAGE + 100], b[3 * PAGE + 103], b + 3 * PAGE + 104);
    write_at(file, 10 * PAGE, "far", 3);
    read_at(file, 10 * PAGE, text, 3);
    printf("%.3s, size %lu\n", text, GetFileSize(file, NULL));

    /* The file lives on without its handles, and what was written is there after the last view. */
    CloseHandle(file);
    CloseHandle(map);
    a[0] = 'A';
    printf("flush %d\n", FlushViewOfFile(a, 0));
    UnmapViewOfFile(a);
    UnmapViewOfFile(b);
    file = open_file("one.txt", GENERIC_READ, OPEN_EXISTING);
    read_at(file, PAGE - 3, text, 6);
    printf("%.6s ", text);
    read_at(file, 0, text, 1);
    printf("%c\n", text[0]);
    CloseHandle(file);
}

static void growing(void)
{
    HANDLE file = make_file("grow.txt", 10), again;
    char text[8] = "";
    TELL("larger, read-only", CreateFileMappingA(file, NULL, PAGE_READONLY, 0, PAGE, NULL));
    HANDLE map = CreateFileMappingA(file, NULL, PAGE_READWRITE, 0, 100000, NULL);
    printf("size %lu\n", GetFileSize(file, NULL));
    char *a = MapViewOfFile(map, FILE_MAP_WRITE, 0, 0, 0);
    MEMORY_BASIC_INFORMATION q;
    VirtualQuery(a, &q, sizeof q);
    printf("view 0x%lx bytes, type 0x%lx, protect 0x%lx\n", (DWORD)q.RegionSize, q.Type, q.Protect);
    printf("%c %d\n", a[9], a[10]);
    a[99999] = 'z';
    read_at(file, 99999, text, 1);
    printf("%c\n", text[0]);
    again = CreateFileMappingA(file, NULL, PAGE_READWRITE, 0, 300000, NULL);
    char *b = MapViewOfFile(again, FILE_MAP_WRITE, 0, 0, 0);
    b[299999] = 'y';
    b[99998] = 'w';
    printf("%c %c\n", a[99998], b[99999]);
    TELL("beyond the first mapping", MapViewOfFile(map, FILE_MAP_READ, 0, 0x10000, 0x10000));
    TELL("offset behind it", MapViewOfFile(map, FILE_MAP_READ, 0, 0x20000, 0));
    UnmapViewOfFile(a);
    CloseHandle(map);
    UnmapViewOfFile(b);
    CloseHandle(again);
    read_at(file, 299999, text, 1);
    printf("%c, size %lu\n", text[0], GetFileSize(file, NULL));

    /* A mapping smaller than the file. */
    map = CreateFileMappingA(file, NULL, PAGE_READONLY, 0, 5000, NULL);
    a = MapViewOfFile(map, FILE_MAP_READ, 0, 0, 0);
    VirtualQuery(a, &q, sizeof q);
    printf("view 0x%lx bytes\n", (DWORD)q.RegionSize);
    UnmapViewOfFile(a);
    CloseHandle(map);
    CloseHandle(file);
}

static void copies(void)
{
    HANDLE file = make_file("copy.txt", 2 * PAGE);
    HANDLE map = CreateFileMappingA(file, NULL, PAGE_WRITECOPY, 0, 0, NULL);
    char *copy = MapViewOfFile(map, FILE_MAP_COPY, 0, 0, 0), text[4] = "";
    write_at(file, 0, "1", 1);
    printf("%c\n", copy[0]);
    copy[0] = '2';
    write_at(file, 0, "3", 1);
    write_at(file, 1, "4", 1);
    write_at(file, PAGE, "5", 1);
    read_at(file, 0, text, 2);
    printf("copy %.2s, file %.2s, other page %c\n", copy, text, copy[PAGE]);
    TELL("write view of a copying section", MapViewOfFile(map, FILE_MAP_WRITE, 0, 0, 0));
    UnmapViewOfFile(copy);
    CloseHandle(map);
    read_at(file, 0, text, 2);
    printf("file %.2s\n", text);
    CloseHandle(file);
}

static void in_the_way(void)
{
    HANDLE file = make_file("held.txt", 3 * PAGE);
    HANDLE map = CreateFileMappingA(file, NULL, PAGE_READWRITE, 0, 0, NULL);
    char *a = MapViewOfFile(map, FILE_MAP_WRITE, 0, 0, 0);
    CloseHandle(map);
    printf("cut %d", cut(file, PAGE));
    printf(" %lu\n", GetLastError());
    printf("lengthen %d\n", cut(file, 5 * PAGE));
    TELL("delete", DeleteFileA("held.txt"));
    TELL("overwrite", open_file("held.txt", GENERIC_WRITE, CREATE_ALWAYS) != INVALID_HANDLE_VALUE);
    make_file("other.txt", 10);
    UnmapViewOfFile(a);
    printf("cut %d", cut(file, PAGE + 5));
    printf(", size %lu\n", GetFileSize(file, NULL));
    map = CreateFileMappingA(file, NULL, PAGE_READWRITE, 0, 3 * PAGE, NULL);
    a = MapViewOfFile(map, FILE_MAP_WRITE, 0, 0, 0);
    printf("%c %d %d\n", a[PAGE + 4], a[PAGE + 5], a[2 * PAGE]);
    UnmapViewOfFile(a);
    CloseHandle(map);
    CloseHandle(file);
    TELL("delete", DeleteFileA("held.txt"));
}

static void errors(void)
{
    HANDLE file = make_file("errors.txt", 3 * PAGE), empty = make_file("empty.txt", 0);
    HANDLE reader = open_file("errors.txt", GENERIC_READ, OPEN_EXISTING);
    HANDLE writer = open_file("errors.txt", GENERIC_WRITE, OPEN_EXISTING);
    HANDLE map = CreateFileMappingA(file, NULL, PAGE_READWRITE, 0, 0, NULL);
    HANDLE read_only = CreateFileMappingA(reader, NULL, PAGE_READONLY, 0, 0, NULL);
    TELL("empty file", CreateFileMappingA(empty, NULL, PAGE_READWRITE, 0, 0, NULL));
    TELL("write without access", CreateFileMappingA(reader, NULL, PAGE_READWRITE, 0, 0, NULL));
    TELL("read without access", CreateFileMappingA(writer, NULL, PAGE_READONLY, 0, 0, NULL));
    TELL("execute without access", CreateFileMappingA(file, NULL, PAGE_EXECUTE_READ, 0, 0, NULL));
    TELL("no access", CreateFileMappingA(file, NULL, PAGE_NOACCESS, 0, 0, NULL));
    TELL("two protections",
         CreateFileMappingA(file, NULL, PAGE_READONLY | PAGE_READWRITE, 0, 0, NULL));
    TELL("commit and reserve",
         CreateFileMappingA(file, NULL, PAGE_READONLY | SEC_COMMIT | SEC_RESERVE, 0, 0, NULL));
    TELL("no image", CreateFileMappingA(reader, NULL, PAGE_READONLY | SEC_IMAGE, 0, 0, NULL));
    TELL("not a handle", CreateFileMappingA((HANDLE)0x12340, NULL, PAGE_READONLY, 0, 0, NULL));
    TELL("not a file", CreateFileMappingA(map, NULL, PAGE_READONLY, 0, 0, NULL));
    TELL("offset", MapViewOfFile(map, FILE_MAP_READ, 0, PAGE, 0));
    TELL("too much", MapViewOfFile(map, FILE_MAP_READ, 0, 0, 4 * PAGE));
    TELL("far away", MapViewOfFile(map, FILE_MAP_READ, 1, 0, 0));
    TELL("write a read-only mapping", MapViewOfFile(read_only, FILE_MAP_WRITE, 0, 0, 0));
    TELL("execute", MapViewOfFile(read_only, FILE_MAP_READ | FILE_MAP_EXECUTE, 0, 0, 0));
    TELL("a file as mapping", MapViewOfFile(file, FILE_MAP_READ, 0, 0, 0));
    char *view = MapViewOfFile(map, FILE_MAP_READ, 0, 0, 0);
    TELL("place taken", MapViewOfFileEx(map, FILE_MAP_READ, 0, 0, 0, view));
    TELL("place not aligned", MapViewOfFileEx(map, FILE_MAP_READ, 0, 0, 0, view + PAGE));
    TELL("place in the kernel",
         MapViewOfFileEx(map, FILE_MAP_READ, 0, 0, 0, (void *)0xFFFF800000000000));
    TELL("place low", MapViewOfFileEx(map, FILE_MAP_READ, 0, 0, 0, (void *)0x1000));
    TELL("flush", FlushViewOfFile(view + PAGE, 1));
    TELL("flush too much", FlushViewOfFile(view, 4 * PAGE));
    TELL("unmap from within", UnmapViewOfFile(view + 2 * PAGE));
    TELL("unmap again", UnmapViewOfFile(view));
    TELL("flush nothing", FlushViewOfFile(view, 0));
    void *memory = VirtualAlloc(NULL, PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    TELL("unmap memory", UnmapViewOfFile(memory));
    TELL("flush memory", FlushViewOfFile(memory, 0));
    CloseHandle(map);
    TELL("closed handle", MapViewOfFile(map, FILE_MAP_READ, 0, 0, 0));
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    one_copy();
    growing();
    copies();
    in_the_way();
    errors();
    /* Left open and mapped: written back when the process is gone. */
    HANDLE file = make_file("left.txt", 2 * PAGE);
    HANDLE map = CreateFileMappingA(file, NULL, PAGE_READWRITE, 0, 0, NULL);
    strcpy((char *)MapViewOfFile(map, FILE_MAP_WRITE, 0, 0, 0) + PAGE, "left behind");
    return 0;
}
