/* Environment, time, version, modules, error texts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <windows.h>

int main(void)
{
    char text[300];
    putenv("GUEST_TEST=one");
    printf("%s\n", getenv("guest_test"));
    GetEnvironmentVariableA("GUEST_TEST", text, sizeof text);
    printf("%s\n", text);
    SetEnvironmentVariableA("GUEST_TEST", NULL);
    printf("%lu", GetEnvironmentVariableA("GUEST_TEST", text, sizeof text));
    printf(" %lu\n", GetLastError());
    SetEnvironmentVariableA("A_B", "expanded");
    ExpandEnvironmentStringsA("[%A_B%] [%NONE_SUCH%] 5%", text, sizeof text);
    printf("%s\n", text);

    time_t epoch = 86400 * 365;
    struct tm *tm = gmtime(&epoch);
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %a %b %j", tm);
    printf("%s\n", text);
    struct tm date = {.tm_year = 124, .tm_mon = 1, .tm_mday = 30};
    printf("%d", mktime(&date) != -1);
    printf(" %d-%d\n", date.tm_mon + 1, date.tm_mday);
    printf("%s", asctime(&date));
    SYSTEMTIME system = {2011, 2, 0, 22, 10, 30, 15, 500}, back;
    FILETIME file;
    SystemTimeToFileTime(&system, &file);
    FileTimeToSystemTime(&file, &back);
    printf("%lx%08lx %d-%d-%d weekday %d ms %d\n", file.dwHighDateTime, file.dwLowDateTime,
           back.wYear, back.wMonth, back.wDay, back.wDayOfWeek, back.wMilliseconds);
    ULONGLONG tick = GetTickCount64();
    Sleep(30);
    tick = GetTickCount64() - tick;
    printf("slept %d\n", tick >= 15 && tick < 5000);

    HMODULE kernel32 = GetModuleHandleA("kernel32.dll");
    printf("GetProcAddress %d %d\n", GetProcAddress(kernel32, "Sleep") != NULL,
           GetProcAddress(kernel32, "NoSuchFunction") == NULL);
    printf("error %lu\n", GetLastError());
    printf("LoadLibrary %d", LoadLibraryA("no_such_library.dll") == NULL);
    printf(" error %lu\n", GetLastError());
    GetModuleFileNameA(NULL, text, sizeof text);
    printf("%s\n", strrchr(text, '\\') + 1);
    FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM, NULL, ERROR_ACCESS_DENIED, 0, text, sizeof text,
                   NULL);
    printf("%s", text);
    printf("%s\n", strerror(2));
    WCHAR wide[8];
    int n = MultiByteToWideChar(CP_UTF8, 0, "\xc3\xa9\xe2\x82\xac", -1, wide, 8);
    printf("%d %x %x\n", n, wide[0], wide[1]);
    n = WideCharToMultiByte(CP_ACP, 0, wide, -1, text, sizeof text, NULL, NULL);
    printf("%d %x %x\n", n, (unsigned char)text[0], (unsigned char)text[1]);
    return 0;
}
