/* Pipes between threads and processes, and child processes by spawn and exec. */
#include <windows.h>

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <process.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *self;

/* What this program does as a child. */
static int child(int argc, char **argv)
{
    if (!strcmp(argv[1], "exit"))
        return argc > 2 ? atoi(argv[2]) : 0;
    if (!strcmp(argv[1], "environment")) {
        printf("child: NTMM_CHILD is %s\n", getenv("NTMM_CHILD"));
        return 0;
    }
    if (!strcmp(argv[1], "upper")) { /* standard input to standard output */
        for (int c; (c = getchar()) != EOF;)
            putchar(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
        return 5;
    }
    if (!strcmp(argv[1], "exec")) {
        _execl(argv[0], argv[0], "exit", "9", NULL);
        return 1;
    }
    return 2;
}

static DWORD WINAPI feed(void *handle)
{
    DWORD n;
    static char block[100000];
    memset(block, 'x', sizeof block);
    for (int i = 0; i < 5; i++)
        for (DWORD at = 0; at < sizeof block; at += n)
            if (!WriteFile(handle, block + at, sizeof block - at, &n, NULL))
                return 1;
    CloseHandle(handle);
    return 0;
}

static void threads(void)
{
    HANDLE read, write;
    DWORD n, available, total = 0;
    char buffer[4096];
    printf("%d", CreatePipe(&read, &write, NULL, 0));
    printf(" %d\n", GetFileType(read) == FILE_TYPE_PIPE && GetFileType(write) == FILE_TYPE_PIPE);
    printf("%d", PeekNamedPipe(read, NULL, 0, NULL, &available, NULL));
    printf(" %lu\n", available);
    WriteFile(write, "hello", 5, &n, NULL);
    printf("%d", PeekNamedPipe(read, buffer, 3, &n, &available, NULL));
    printf(" %lu %lu %.3s\n", n, available, buffer);
    ReadFile(read, buffer, sizeof buffer, &n, NULL);
    printf("%lu %.5s\n", n, buffer);
    printf("%d", WriteFile(read, "x", 1, &n, NULL));
    printf(" %lu", GetLastError());
    printf(" %d", ReadFile(write, buffer, 1, &n, NULL));
    printf(" %lu\n", GetLastError());
    HANDLE thread = CreateThread(NULL, 0, feed, write, 0, NULL);
    while (ReadFile(read, buffer, sizeof buffer, &n, NULL))
        total += n;
    printf("%lu bytes, then %lu\n", total, GetLastError());
    WaitForSingleObject(thread, INFINITE);
    printf("%d", PeekNamedPipe(read, NULL, 0, NULL, &available, NULL));
    printf(" %lu\n", GetLastError());
    CloseHandle(read);
    CreatePipe(&read, &write, NULL, 0);
    CloseHandle(read);
    printf("%d", WriteFile(write, "x", 1, &n, NULL));
    printf(" %lu\n", GetLastError());
    CloseHandle(write);
}

static void descriptors(void)
{
    int fds[2];
    char text[16] = "";
    printf("%d", _pipe(fds, 256, _O_BINARY));
    printf(" %d", _write(fds[1], "pipe\n", 5));
    printf(" %d", _read(fds[0], text, sizeof text));
    printf(" %s", text);
    _close(fds[1]);
    printf("%d", _read(fds[0], text, 1));
    printf(" %ld\n", _lseek(fds[0], 0, SEEK_SET));
    _close(fds[0]);
    printf("%d", _pipe(fds, 256, 0x12345));
    printf(" %d\n", errno == EINVAL);
}

/* A child that reads from one pipe and writes to another. */
static void filter(void)
{
    int in[2], out[2], saved_in = _dup(0), saved_out = _dup(1), status;
    char text[64] = "";
    fflush(stdout);
    _pipe(in, 0, _O_BINARY | _O_NOINHERIT);
    _pipe(out, 0, _O_BINARY | _O_NOINHERIT);
    _dup2(in[0], 0), _dup2(out[1], 1);
    intptr_t process = _spawnl(_P_NOWAIT, self, "pipes", "upper", NULL);
    _dup2(saved_in, 0), _dup2(saved_out, 1);
    _close(in[0]), _close(out[1]);
    _write(in[1], "through a child", 15);
    _close(in[1]);
    for (int at = 0, n; (n = _read(out[0], text + at, 16)) > 0;)
        at += n;
    printf("%d", process != -1);
    printf(" %d", _cwait(&status, process, 0) == process);
    printf(" %d %s\n", status, text);
    _close(out[0]);
}

static void children(void)
{
    const char *const environment[] = {"NTMM_CHILD=yes", "SystemRoot=C:\\Windows", NULL};
    const wchar_t *wide[] = {L"pipes", L"exit", L"44", NULL};
    wchar_t program[MAX_PATH];
    mbstowcs(program, self, MAX_PATH);
    printf("%d\n", (int)_spawnl(_P_WAIT, self, "pipes", "exit", "33", NULL));
    printf("%d\n", (int)_wspawnv(_P_WAIT, program, wide));
    printf("%d\n", (int)_spawnle(_P_WAIT, self, "pipes", "environment", NULL, environment));
    printf("%d", (int)_spawnl(_P_WAIT, "no such program", "x", NULL));
    printf(" %d\n", errno == ENOENT);
    printf("%d", (int)_spawnlp(_P_WAIT, "no such program", "x", NULL));
    printf(" %d\n", errno == ENOENT);
    printf("%d\n", (int)_spawnl(_P_WAIT, self, "pipes", "exit", NULL));
    printf("%d\n", (int)_spawnl(_P_WAIT, self, self, "exec", NULL) == 0);
}

int main(int argc, char **argv)
{
    char path[MAX_PATH];
    if (argc > 1)
        return child(argc, argv);
    setvbuf(stdout, NULL, _IONBF, 0);
    GetModuleFileNameA(NULL, path, sizeof path);
    self = path;
    threads();
    descriptors();
    filter();
    children();
    return 0;
}
