/* Hard links, volumes by letter and by name, the clock and who may set it, random bytes, the user.
 */
#include <windows.h>

#include <stdio.h>
#include <string.h>
#include <wctype.h>
#include <wincrypt.h>

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    fputs(text, file);
    fclose(file);
}

static const char *get(const char *path)
{
    static char text[64];
    FILE *file = fopen(path, "rb");
    size_t n = file ? fread(text, 1, sizeof text - 1, file) : 0;
    text[n] = 0;
    if (file)
        fclose(file);
    return file ? text : "(none)";
}

static DWORD links(const char *path)
{
    BY_HANDLE_FILE_INFORMATION info = {0};
    HANDLE file = CreateFileA(path, GENERIC_READ, 7, NULL, OPEN_EXISTING, 0, NULL);
    GetFileInformationByHandle(file, &info);
    CloseHandle(file);
    return info.nNumberOfLinks;
}

static void say(const char *what, BOOL ok)
{
    if (ok)
        printf("%s: ok\n", what);
    else
        printf("%s: error %lu\n", what, GetLastError());
}

static void hard_links(void)
{
    put("first", "one");
    printf("links %lu\n", links("first"));
    say("link", CreateHardLinkA("second", "first", NULL));
    printf("links %lu %lu\n", links("first"), links("second"));
    put("second", "changed");
    printf("first says %s\n", get("first"));
    say("again", CreateHardLinkA("second", "first", NULL));
    say("of nothing", CreateHardLinkW(L"third", L"nothing", NULL));
    CreateDirectoryA("folder", NULL);
    say("of a folder", CreateHardLinkA("third", "folder", NULL));
    say("into a folder", CreateHardLinkA("folder\\third", "first", NULL));
    say("to nowhere", CreateHardLinkA("nowhere\\third", "first", NULL));
    printf("links %lu\n", links("second"));
    DeleteFileA("first");
    printf("first is gone %d, second says %s, links %lu\n",
           GetFileAttributesA("first") == INVALID_FILE_ATTRIBUTES, get("second"), links("second"));
    HANDLE file = CreateFileA("second", GENERIC_WRITE, 7, NULL, OPEN_EXISTING, 0, NULL);
    SetFilePointer(file, 0, NULL, FILE_END);
    say("link of an open file", CreateHardLinkA("fourth", "second", NULL));
    DWORD n;
    WriteFile(file, "!", 1, &n, NULL);
    CloseHandle(file);
    printf("fourth says %s\n", get("fourth"));
    DeleteFileA("second"), DeleteFileA("fourth"), DeleteFileA("folder\\third");
    RemoveDirectoryA("folder");
}

static void volumes(void)
{
    char label[64], system[64];
    WCHAR name[64], again[64], short_name[8];
    DWORD serial, other, longest, flags;
    say("C:", GetVolumeInformationA("C:\\", label, sizeof label, &serial, &longest, &flags, system,
                                    sizeof system));
    printf("%s, names to %lu, %d\n", system, longest, serial != 0);
    say("parts", GetVolumeInformationA("C:\\", NULL, 0, &other, NULL, NULL, NULL, 0));
    printf("same %d\n", other == serial);
    say("current", GetVolumeInformationW(NULL, NULL, 0, &other, NULL, NULL, NULL, 0));
    say("no backslash", GetVolumeInformationA("C:", NULL, 0, &other, NULL, NULL, NULL, 0) ||
                            GetLastError() != ERROR_INVALID_NAME);
    say("no root", GetVolumeInformationA("C:\\Windows\\", NULL, 0, &other, NULL, NULL, NULL, 0));
    say("no room", GetVolumeInformationW(L"C:\\", NULL, 0, NULL, NULL, NULL, short_name, 2) ||
                       GetLastError() != ERROR_MORE_DATA);
    BOOL found = FALSE;
    say("name", GetVolumeNameForVolumeMountPointW(L"C:\\", name, 64));
    HANDLE search = FindFirstVolumeW(again, 64);
    do
        found |= !wcscmp(name, again);
    while (FindNextVolumeW(search, again, 64));
    printf("found %d, then %lu, closed %d\n", found, GetLastError(), FindVolumeClose(search));
    printf("named %.11ls, as a path %d\n", name,
           GetVolumeInformationW(name, NULL, 0, &other, NULL, NULL, NULL, 0) && other == serial);
    say("path", GetVolumePathNameA("C:\\Windows\\system32", label, sizeof label));
    printf("%s\n", label);
    char drives[128];
    DWORD length = GetLogicalDriveStringsA(sizeof drives, drives);
    found = FALSE;
    for (char *p = drives; *p; p += strlen(p) + 1)
        found |= !strcmp(p, "C:\\");
    printf("C: is a drive %d, asked for room %d\n", found,
           GetLogicalDriveStringsA(1, drives) == length + 1);
}

static LONGLONG now(void)
{
    FILETIME time;
    GetSystemTimeAsFileTime(&time);
    return (LONGLONG)((ULONGLONG)time.dwHighDateTime << 32 | time.dwLowDateTime);
}

#define HOUR 36000000000ll

static void clocks(void)
{
    SYSTEMTIME time, local;
    FILETIME file;
    WORD date, clock;
    DWORD adjustment, increment;
    BOOL disabled;
    say("adjustment", GetSystemTimeAdjustment(&adjustment, &increment, &disabled));
    printf("%lu %d %d\n", increment, adjustment == increment, disabled);
    SYSTEMTIME day = {2011, 7, 0, 15, 13, 4, 6, 0};
    SystemTimeToFileTime(&day, &file);
    FileTimeToDosDateTime(&file, &date, &clock);
    DosDateTimeToFileTime(date, clock, &file);
    FileTimeToSystemTime(&file, &time);
    printf("DOS %04x %04x: %u-%u-%u %u:%u:%u\n", date, clock, time.wYear, time.wMonth, time.wDay,
           time.wHour, time.wMinute, time.wSecond);
    TIME_ZONE_INFORMATION berlin = {-60, L"", {0, 10, 0, 5, 3}, 0, L"", {0, 3, 0, 5, 2}, -60};
    SystemTimeToTzSpecificLocalTime(&berlin, &day, &local);
    TzSpecificLocalTimeToSystemTime(&berlin, &local, &time);
    printf("summer %u:%02u, back %u\n", local.wHour, local.wMinute, time.wHour);
    SYSTEMTIME edge = {2011, 10, 0, 30, 0, 59, 0, 0};
    SystemTimeToTzSpecificLocalTime(&berlin, &edge, &local);
    edge.wHour = 1;
    SystemTimeToTzSpecificLocalTime(&berlin, &edge, &time);
    printf("autumn %u:%02u, then %u:%02u\n", local.wHour, local.wMinute, time.wHour, time.wMinute);
    SYSTEMTIME wrong = {2011, 13, 0, 1};
    say("month 13", SetSystemTime(&wrong));
}

/* Not on a machine that others use. */
static void set_clock(void)
{
    SYSTEMTIME time;
    FILETIME file;
    LONGLONG before = now(), moved;
    HANDLE at = CreateWaitableTimerA(NULL, TRUE, NULL),
           after = CreateWaitableTimerA(NULL, TRUE, NULL);
    LARGE_INTEGER due = {.QuadPart = before + HOUR / 2}, relative = {.QuadPart = -HOUR / 2};
    SetWaitableTimer(at, &due, 0, NULL, NULL, FALSE);
    SetWaitableTimer(after, &relative, 0, NULL, NULL, FALSE);
    moved = before + HOUR;
    file = (FILETIME){(DWORD)moved, (DWORD)(moved >> 32)};
    FileTimeToSystemTime(&file, &time);
    say("set", SetSystemTime(&time));
    moved = now() - before;
    printf("an hour later %d\n", moved > HOUR - HOUR / 60 && moved < 2 * HOUR);
    printf("the absolute timer is due %d, the relative one %d\n",
           WaitForSingleObject(at, INFINITE) == WAIT_OBJECT_0,
           WaitForSingleObject(after, 0) == WAIT_OBJECT_0);
    file = (FILETIME){(DWORD)before, (DWORD)(before >> 32)};
    FileTimeToSystemTime(&file, &time);
    say("back", SetSystemTime(&time));
}

static void random_and_user(void)
{
    HCRYPTPROV provider;
    BYTE a[32] = {0}, b[32] = {0};
    char name[64];
    DWORD size = sizeof name;
    say("context", CryptAcquireContextA(&provider, NULL, NULL, PROV_RSA_FULL,
                                        CRYPT_VERIFYCONTEXT | CRYPT_SILENT));
    say("random", CryptGenRandom(provider, sizeof a, a) && CryptGenRandom(provider, sizeof b, b));
    printf("differ %d\n", memcmp(a, b, sizeof a) != 0);
    say("release", CryptReleaseContext(provider, 0));
    CryptAcquireContextW(&provider, NULL, NULL, 0, CRYPT_VERIFYCONTEXT);
    printf("type 0: %lx\n", GetLastError());
    CryptAcquireContextW(&provider, NULL, L"No such provider", PROV_RSA_FULL, CRYPT_VERIFYCONTEXT);
    printf("unknown: %lx\n", GetLastError());
    CryptAcquireContextW(&provider, L"no such keys", NULL, PROV_RSA_FULL, 0);
    printf("no keys: %lx\n", GetLastError());
    say("user", GetUserNameA(name, &size) && size == strlen(name) + 1);
    size = 1;
    say("no room", GetUserNameA(name, &size));
}

int main(int argc, char **argv)
{
    hard_links();
    volumes();
    clocks();
    if (argc > 1)
        set_clock();
    random_and_user();
    return 0;
}
