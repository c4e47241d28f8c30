/* Console functions on handles that are no console: they fail with ERROR_INVALID_HANDLE, and the
 * program goes on as text. */
#include <windows.h>

#include <stdio.h>

#define SAY(call)                                                                                  \
    SetLastError(0);                                                                               \
    printf("%s: %d", #call, (int)(call));                                                          \
    printf(" %lu\n", GetLastError())

int main(void)
{
    HANDLE out =
        CreateFileA("plain.txt", GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    CONSOLE_SCREEN_BUFFER_INFO screen;
    CONSOLE_CURSOR_INFO cursor = {25, TRUE};
    INPUT_RECORD record;
    COORD origin = {0, 0}, largest;
    DWORD n, mode;
    SAY(GetConsoleMode(out, &mode));
    SAY(GetConsoleScreenBufferInfo(out, &screen));
    SAY(SetConsoleCursorPosition(out, origin));
    SAY(SetConsoleTextAttribute(out, FOREGROUND_RED));
    SAY(GetConsoleCursorInfo(out, &cursor));
    SAY(SetConsoleCursorInfo(out, &cursor));
    SAY(FillConsoleOutputCharacterA(out, ' ', 10, origin, &n));
    SAY(FillConsoleOutputAttribute(out, 7, 10, origin, &n));
    SAY(WriteConsoleOutputCharacterA(out, "x", 1, origin, &n));
    SAY(ReadConsoleInputA(out, &record, 1, &n));
    SAY(PeekConsoleInputW(out, &record, 1, &n));
    SAY(GetNumberOfConsoleInputEvents(out, &n));
    SAY(WriteConsoleA(out, "x", 1, &n, NULL));
    largest = GetLargestConsoleWindowSize(out);
    printf("%d %d\n", largest.X, largest.Y);
    CloseHandle(out);
    DeleteFileA("plain.txt");
    return 0;
}
