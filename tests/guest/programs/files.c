/* Streams and descriptors on files of the current folder. */
#include <direct.h>
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <windows.h>

static void text_and_binary(void)
{
    char raw[64];
    FILE *f = fopen("guest_text.txt", "w");
    fprintf(f, "line %d\nline %d\n", 1, 2);
    fputs("last", f);
    printf("wrote up to %ld\n", ftell(f));
    fclose(f);

    f = fopen("guest_text.txt", "rb");
    size_t n = fread(raw, 1, sizeof raw, f);
    printf("%d bytes raw, byte 6 is %d, eof %d\n", (int)n, raw[6], feof(f) != 0);
    fclose(f);

    f = fopen("guest_text.txt", "r");
    char line[32];
    while (fgets(line, sizeof line, f))
        printf("[%.*s] at %ld\n", (int)strcspn(line, "\n"), line, ftell(f));
    fseek(f, 0, SEEK_SET);
    int c = fgetc(f);
    ungetc('L', f);
    int pushed = fgetc(f), next = fgetc(f);
    printf("%c %c %c\n", c, pushed, next);
    fclose(f);
}

static void update(void)
{
    int a, b;
    FILE *f = fopen("guest_data.bin", "w+b");
    for (int i = 0; i < 1000; i++)
        fwrite(&i, sizeof i, 1, f);
    fseek(f, 500 * (long)sizeof(int), SEEK_SET);
    fread(&a, sizeof a, 1, f);
    fseek(f, -(long)sizeof(int), SEEK_END);
    fread(&b, sizeof b, 1, f);
    printf("%d %d\n", a, b);
    fseek(f, 0, SEEK_SET);
    a = 4711;
    fwrite(&a, sizeof a, 1, f);
    rewind(f);
    fread(&b, sizeof b, 1, f);
    printf("%d, length %ld\n", b, _filelength(_fileno(f)));
    fclose(f);

    f = fopen("guest_data.bin", "ab");
    fputs("tail", f);
    fclose(f);
    struct _stat st;
    printf("stat %d", _stat("guest_data.bin", &st));
    printf(" size %ld\n", (long)st.st_size);
}

static void descriptors(void)
{
    char buffer[16] = "";
    int fd = _open("guest_fd.txt", _O_CREAT | _O_TRUNC | _O_RDWR | _O_TEXT, 0600);
    printf("write %d\n", _write(fd, "a\nb\n", 4));
    printf("position %ld\n", _lseek(fd, 0, SEEK_CUR));
    _lseek(fd, 0, SEEK_SET);
    printf("read %d\n", _read(fd, buffer, sizeof buffer));
    printf("%d %d\n", buffer[0], buffer[1]);
    _close(fd);
    printf("closed: %d", _read(fd, buffer, 1));
    printf(", EBADF %d\n", errno == EBADF);
}

static void names(void)
{
    printf("missing: %d", fopen("guest_nothing", "r") == NULL);
    printf(" errno %d\n", errno);
    printf("exclusive: %d", _open("guest_fd.txt", _O_CREAT | _O_EXCL | _O_RDWR, 0600));
    printf(" errno %d\n", errno);
    printf("mkdir %d\n", _mkdir("guest_dir"));
    printf("again %d", _mkdir("guest_dir"));
    printf(" errno %d\n", errno);
    printf("rename %d\n", rename("guest_fd.txt", "guest_dir\\moved.txt"));
    printf("rmdir of a full one %d", _rmdir("guest_dir"));
    printf(" errno %d\n", errno);
    struct _finddata_t found;
    intptr_t search = _findfirst("guest_dir\\*.txt", &found);
    printf("found %s size %ld\n", found.name, (long)found.size);
    printf("next %d\n", _findnext(search, &found));
    _findclose(search);
    printf("remove %d\n", remove("guest_dir\\moved.txt"));
    printf("remove %d\n", remove("guest_text.txt"));
    printf("remove %d\n", remove("guest_data.bin"));
    printf("rmdir %d\n", _rmdir("guest_dir"));
    printf("access %d", _access("guest_text.txt", 0));
    printf(" errno %d\n", errno);
}

/* A read that could not say when it is done does not read. */
static void completion(void)
{
    HANDLE file = CreateFileA("guest_data.bin", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    HANDLE event = CreateEventA(NULL, TRUE, FALSE, NULL), mutex = CreateMutexA(NULL, FALSE, NULL);
    HANDLE wrong[] = {(HANDLE)0x7770, mutex};
    char bytes[8] = "before";
    DWORD done;

    for (int i = 0; i < 2; i++) {
        OVERLAPPED how = {.hEvent = wrong[i], .Offset = 4};
        BOOL read = ReadFile(file, bytes, 4, &done, &how);
        printf("%d %lu %s\n", read, GetLastError(), bytes);
    }
    OVERLAPPED how = {.hEvent = event, .Offset = 4};
    BOOL read = ReadFile(file, bytes, 4, &done, &how);
    printf("%d, %lu bytes, %d, event %lu\n", read, done, *(int *)(void *)bytes,
           WaitForSingleObject(event, 0));
    CloseHandle(mutex);
    CloseHandle(event);
    CloseHandle(file);
}

int main(void)
{
    text_and_binary();
    update();
    completion();
    descriptors();
    names();
    return 0;
}
