/* Names of files in other forms, searching a path, information by class, kinds of characters,
 * versions. */
#define _WIN32_WINNT 0x0601
#include <windows.h>

#include <stdio.h>
#include <string.h>

static void by_class(HANDLE file)
{
    FILE_BASIC_INFO basic;
    FILE_STANDARD_INFO standard;
    FILE_END_OF_FILE_INFO end = {.EndOfFile.QuadPart = 3};
    FILE_DISPOSITION_INFO disposition = {TRUE};
    FILE_NAME_INFO name;
    printf("%d", GetFileInformationByHandleEx(file, FileBasicInfo, &basic, sizeof basic));
    printf(" %d\n", (basic.FileAttributes & FILE_ATTRIBUTE_DIRECTORY) == 0);
    basic.FileAttributes |= FILE_ATTRIBUTE_READONLY;
    basic.LastWriteTime.QuadPart = 129000000000000000;
    printf("%d", SetFileInformationByHandle(file, FileBasicInfo, &basic, sizeof basic));
    printf(" %d", GetFileInformationByHandleEx(file, FileBasicInfo, &basic, sizeof basic));
    printf(" %d %d\n", (basic.FileAttributes & FILE_ATTRIBUTE_READONLY) != 0,
           basic.LastWriteTime.QuadPart == 129000000000000000);
    basic.FileAttributes = FILE_ATTRIBUTE_NORMAL;
    SetFileInformationByHandle(file, FileBasicInfo, &basic, sizeof basic);
    printf("%d", SetFileInformationByHandle(file, FileEndOfFileInfo, &end, sizeof end));
    printf(" %d", GetFileInformationByHandleEx(file, FileStandardInfo, &standard, sizeof standard));
    printf(" %d %lu\n", (int)standard.EndOfFile.QuadPart, standard.NumberOfLinks);
    printf("%d", GetFileInformationByHandleEx(file, FileBasicInfo, &basic, 4));
    printf(" %lu\n", GetLastError());
    printf("%d", GetFileInformationByHandleEx(file, FileNameInfo, &name, sizeof name));
    printf(" %lu\n", GetLastError());
    printf("%d", GetFileInformationByHandleEx(file, FileEndOfFileInfo, &end, sizeof end));
    printf(" %lu\n", GetLastError());
    printf("%d\n",
           SetFileInformationByHandle(file, FileDispositionInfo, &disposition, sizeof disposition));
}

static void names(void)
{
    char path[MAX_PATH], *part;
    WCHAR wide[MAX_PATH];
    HANDLE file = CreateFileA("Mixed Case.txt", GENERIC_READ | GENERIC_WRITE | DELETE, 7, NULL,
                              CREATE_ALWAYS, 0, NULL);
    DWORD n, length = GetFinalPathNameByHandleA(file, path, sizeof path, 0);
    WriteFile(file, "12345", 5, &n, NULL);
    printf("%d %s\n", length == strlen(path) && !strncmp(path, "\\\\?\\C:\\", 7),
           strrchr(path, '\\') + 1);
    printf("%d\n", GetFinalPathNameByHandleA(file, path, 4, 0) > length);
    GetFinalPathNameByHandleW(file, wide, MAX_PATH, VOLUME_NAME_NONE);
    printf("%d\n", wide[0] == '\\' && wide[1] != '\\');
    length = GetLongPathNameA("MIXED case.TXT", path, sizeof path);
    printf("%lu %s\n", length, path);
    length = GetLongPathNameA("c:\\WINDOWS\\system32\\KERNEL32.DLL", path, sizeof path);
    printf("%lu %d\n", length, !stricmp(path, "C:\\Windows\\System32\\kernel32.dll"));
    printf("%lu", GetLongPathNameA("no such file", path, sizeof path));
    printf(" %lu\n", GetLastError());
    printf("%d\n", GetShortPathNameA("Mixed Case.txt", path, sizeof path) > 0);
    length = SearchPathA(NULL, "KERNEL32", ".dll", sizeof path, path, &part);
    printf("%d %d %s\n", length == strlen(path), length > 12,
           part && !stricmp(part, "kernel32.dll") ? "found" : path);
    printf("%lu", SearchPathW(L"C:\\nowhere", L"kernel32.dll", NULL, MAX_PATH, wide, NULL));
    printf(" %lu\n", GetLastError());
    WIN32_FIND_DATAA data;
    HANDLE search =
        FindFirstFileExA("Mixed*", FindExInfoBasic, &data, FindExSearchNameMatch, NULL, 0);
    printf("%s\n", search == INVALID_HANDLE_VALUE ? "none" : data.cFileName);
    FindClose(search);
    by_class(file);
    CloseHandle(file);
    printf("%d\n", GetFileAttributesA("Mixed Case.txt") == INVALID_FILE_ATTRIBUTES);
}

static void characters(void)
{
    WORD types[8];
    static const WCHAR text[] = L"Aa1 ,\t\x00C4\x4E2D";
    printf("%d", GetStringTypeW(CT_CTYPE1, text, 8, types));
    for (int i = 0; i < 8; i++)
        printf(" %x", types[i] & 0x1FF);
    printf("\n%d", GetStringTypeA(LOCALE_USER_DEFAULT, CT_CTYPE1, "z\n", 2, types));
    printf(" %x %x\n", types[0] & 0x1FF, types[1] & 0x1FF);
    printf("%d", GetStringTypeW(99, text, 8, types));
    printf(" %lu\n", GetLastError());
    char mapped[16];
    printf("%d", LCMapStringA(LOCALE_USER_DEFAULT, LCMAP_UPPERCASE, "mixed Case", -1, mapped,
                              sizeof mapped));
    printf(" %s\n", mapped);
}

static void versions(void)
{
    OSVERSIONINFOEXW want = {
        .dwOSVersionInfoSize = sizeof want, .dwMajorVersion = 6, .dwMinorVersion = 0};
    DWORDLONG mask = VerSetConditionMask(0, VER_MAJORVERSION, VER_GREATER_EQUAL);
    mask = VerSetConditionMask(mask, VER_MINORVERSION, VER_GREATER_EQUAL);
    printf("%d", VerifyVersionInfoW(&want, VER_MAJORVERSION | VER_MINORVERSION, mask));
    want.dwMajorVersion = 5, want.dwMinorVersion = 9; /* 6.1 is more than 5.9 */
    printf(" %d", VerifyVersionInfoW(&want, VER_MAJORVERSION | VER_MINORVERSION, mask));
    want.dwMajorVersion = 99;
    printf(" %d", VerifyVersionInfoW(&want, VER_MAJORVERSION | VER_MINORVERSION, mask));
    printf(" %lu\n", GetLastError());
    printf("%d %d %d %d\n", MulDiv(7, 3, 2), MulDiv(-7, 3, 2), MulDiv(1, 1, 0),
           MulDiv(2000000000, 3, 2));
}

int main(void)
{
    names();
    characters();
    versions();
    return 0;
}
