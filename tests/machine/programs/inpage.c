/* Memory that cannot be had, and how a program is told.
 *
 *      inpage file     map file.bin, look at its first page, say so by making "mapped", wait until
 *                      somebody has made "cut", and look at a later page, which is not there any
 * more inpage memory   touch memory until there is none left inpage small    be a small program
 * beside that one, until "enough" is there
 *
 * Exit code: 0 as expected, 1 a call failed, 2 no exception came, 3 memory is wrong; else the low
 * byte of the status in the exception's third parameter. */
#include <stdint.h>
#include <string.h>
#include <windows.h>

#define PAGE 4096u
#define STATUS_IN_PAGE_ERROR_ 0xC0000006u

static LONG CALLBACK on_exception(EXCEPTION_POINTERS *info)
{
    const EXCEPTION_RECORD *record = info->ExceptionRecord;
    if (record->ExceptionCode != STATUS_IN_PAGE_ERROR_ || record->NumberParameters != 3) {
        return EXCEPTION_CONTINUE_SEARCH;
    }
    ExitProcess(record->ExceptionInformation[2] & 0xFF);
}

static void make(const char *name)
{
    CloseHandle(CreateFileA(name, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL));
}

static void await(const char *name)
{
    while (GetFileAttributesA(name) == INVALID_FILE_ATTRIBUTES) {
        Sleep(5);
    }
}

static int file(void)
{
    HANDLE opened = CreateFileA("file.bin", GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                                OPEN_EXISTING, 0, NULL);
    HANDLE section = CreateFileMappingA(opened, NULL, PAGE_READONLY, 0, 0, NULL);
    const volatile char *view = MapViewOfFile(section, FILE_MAP_READ, 0, 0, 0);
    if (!view || view[0] != 'x') {
        return 1;
    }
    make("mapped");
    await("cut");
    if (view[0] != 'x') {
        return 3;
    }
    (void)view[64 * PAGE];
    return 2;
}

static int memory(void)
{
    const size_t size = 48u << 20;
    volatile char *at = VirtualAlloc(NULL, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (!at) {
        return GetLastError() == ERROR_COMMITMENT_LIMIT ? 4 : 1;
    }
    for (size_t i = 0; i < size; i += PAGE) {
        at[i] = 1;
    }
    return 2;
}

static int small(void)
{
    static volatile uint32_t number[64 * PAGE / sizeof(uint32_t)];
    const size_t count = sizeof number / sizeof *number;
    for (uint32_t i = 0; i < count; i++) {
        number[i] = i * 2654435761u;
    }
    make("ready");
    while (GetFileAttributesA("enough") == INVALID_FILE_ATTRIBUTES) {
        for (uint32_t i = 0; i < count; i += 100) {
            if (number[i] != i * 2654435761u) {
                return 3;
            }
        }
        Sleep(2);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (number[i] != i * 2654435761u) {
            return 3;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    AddVectoredExceptionHandler(1, on_exception);
    if (argc != 2) {
        return 1;
    }
    if (strcmp(argv[1], "file") == 0) {
        return file();
    }
    return strcmp(argv[1], "memory") == 0 ? memory() : small();
}
