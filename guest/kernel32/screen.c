/* guest/kernel32/screen.c: the calls about a console's screen buffer and input records.
 *
 * The console is a stream of bytes (console.c): it has neither, so every one of these fails with
 * ERROR_INVALID_HANDLE, as on Windows for a handle that is redirected to a file or a pipe. Programs
 * that check go on with plain text. Source: "Console Functions", documentation. */
#include "k32.h"

/* A COORD, two 16-bit numbers, is passed as one value. */
#define NO_SCREEN(name, ...)                                                                       \
    BOOL name(HANDLE handle UNUSED, __VA_ARGS__)                                                   \
    {                                                                                              \
        return fail_error(ERROR_INVALID_HANDLE);                                                   \
    }
#define UNUSED __attribute__((unused))

NO_SCREEN(SetConsoleCursorPosition, ULONG position UNUSED)
NO_SCREEN(SetConsoleScreenBufferSize, ULONG size UNUSED)
NO_SCREEN(SetConsoleWindowInfo, BOOL absolute UNUSED, const void *window UNUSED)
NO_SCREEN(GetConsoleCursorInfo, void *info UNUSED)
NO_SCREEN(SetConsoleCursorInfo, const void *info UNUSED)
NO_SCREEN(GetConsoleScreenBufferInfoEx, void *info UNUSED)
NO_SCREEN(FillConsoleOutputCharacterA, char c UNUSED, ULONG count UNUSED, ULONG at UNUSED,
          ULONG *written UNUSED)
NO_SCREEN(FillConsoleOutputCharacterW, WCHAR c UNUSED, ULONG count UNUSED, ULONG at UNUSED,
          ULONG *written UNUSED)
NO_SCREEN(FillConsoleOutputAttribute, USHORT attribute UNUSED, ULONG count UNUSED, ULONG at UNUSED,
          ULONG *written UNUSED)
NO_SCREEN(ScrollConsoleScreenBufferA, const void *rectangle UNUSED, const void *clip UNUSED,
          ULONG to UNUSED, const void *fill UNUSED)
NO_SCREEN(ScrollConsoleScreenBufferW, const void *rectangle UNUSED, const void *clip UNUSED,
          ULONG to UNUSED, const void *fill UNUSED)
NO_SCREEN(WriteConsoleOutputA, const void *cells UNUSED, ULONG size UNUSED, ULONG from UNUSED,
          void *region UNUSED)
NO_SCREEN(WriteConsoleOutputW, const void *cells UNUSED, ULONG size UNUSED, ULONG from UNUSED,
          void *region UNUSED)
NO_SCREEN(WriteConsoleOutputCharacterA, const char *text UNUSED, ULONG count UNUSED,
          ULONG at UNUSED, ULONG *written UNUSED)
NO_SCREEN(WriteConsoleOutputCharacterW, const WCHAR *text UNUSED, ULONG count UNUSED,
          ULONG at UNUSED, ULONG *written UNUSED)
NO_SCREEN(WriteConsoleOutputAttribute, const USHORT *attributes UNUSED, ULONG count UNUSED,
          ULONG at UNUSED, ULONG *written UNUSED)
NO_SCREEN(ReadConsoleOutputA, void *cells UNUSED, ULONG size UNUSED, ULONG to UNUSED,
          void *region UNUSED)
NO_SCREEN(ReadConsoleOutputW, void *cells UNUSED, ULONG size UNUSED, ULONG to UNUSED,
          void *region UNUSED)
NO_SCREEN(ReadConsoleOutputCharacterA, char *text UNUSED, ULONG count UNUSED, ULONG at UNUSED,
          ULONG *read UNUSED)
NO_SCREEN(ReadConsoleOutputCharacterW, WCHAR *text UNUSED, ULONG count UNUSED, ULONG at UNUSED,
          ULONG *read UNUSED)
NO_SCREEN(ReadConsoleInputA, void *records UNUSED, ULONG count UNUSED, ULONG *read UNUSED)
NO_SCREEN(ReadConsoleInputW, void *records UNUSED, ULONG count UNUSED, ULONG *read UNUSED)
NO_SCREEN(PeekConsoleInputA, void *records UNUSED, ULONG count UNUSED, ULONG *read UNUSED)
NO_SCREEN(PeekConsoleInputW, void *records UNUSED, ULONG count UNUSED, ULONG *read UNUSED)
NO_SCREEN(WriteConsoleInputA, const void *records UNUSED, ULONG count UNUSED, ULONG *written UNUSED)
NO_SCREEN(WriteConsoleInputW, const void *records UNUSED, ULONG count UNUSED, ULONG *written UNUSED)
NO_SCREEN(GetNumberOfConsoleInputEvents, ULONG *count UNUSED)

BOOL SetConsoleActiveScreenBuffer(HANDLE handle)
{
    (void)handle;
    return fail_error(ERROR_INVALID_HANDLE);
}

/* The largest window of no screen: 0 by 0. */
ULONG GetLargestConsoleWindowSize(HANDLE handle)
{
    (void)handle;
    SetLastError(ERROR_INVALID_HANDLE);
    return 0;
}
