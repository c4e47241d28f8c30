/* Paging files that a program asks about, makes and enlarges. Run with --pagefile 4M:32M,2M. */
#include <windows.h>

#include <psapi.h>
#include <stdio.h>
#include <string.h>
#include <winternl.h>

#define FILES 16
#define PAGES(megabytes) ((megabytes)*256ull)

NTSTATUS NTAPI NtCreatePagingFile(UNICODE_STRING *name, LARGE_INTEGER *minimum,
                                  LARGE_INTEGER *maximum, ULONG priority);

struct page_file { /* SYSTEM_PAGEFILE_INFORMATION */
    ULONG next, total, in_use, peak;
    UNICODE_STRING name;
};

static NTSTATUS create_sized(const WCHAR *text, LONGLONG minimum, LONGLONG maximum)
{
    UNICODE_STRING name;
    LARGE_INTEGER low = {.QuadPart = minimum}, high = {.QuadPart = maximum};
    RtlInitUnicodeString(&name, text);
    return NtCreatePagingFile(&name, &low, &high, 0);
}

static void create(const WCHAR *text, LONGLONG minimum, LONGLONG maximum)
{
    printf("%ls, %lld to %lld MB: %08lx\n", text, minimum, maximum,
           (unsigned long)create_sized(text, minimum << 20, maximum << 20));
}

static BOOL CALLBACK show(void *context, ENUM_PAGE_FILE_INFORMATION *info, const WCHAR *name)
{
    ULONG *count = context;
    printf("  %ls: %llu pages, %s\n", name, (unsigned long long)info->TotalSize,
           info->TotalInUse <= info->PeakUsage && info->PeakUsage < info->TotalSize &&
                   info->cb == sizeof *info
               ? "used as it may be"
               : "wrong");
    ++*count;
    return TRUE;
}

static BOOL CALLBACK first_only(void *context, ENUM_PAGE_FILE_INFORMATION *info, const char *name)
{
    ULONG *count = context;
    printf("  the first: %s\n", name);
    ++*count;
    return FALSE;
}

static void list(const char *when)
{
    ULONG count = 0;
    printf("%s\n", when);
    BOOL ok = EnumPageFilesW(show, &count);
    printf("  %d, %lu files\n", ok, count);
}

static ULONGLONG commit_limit(void)
{
    MEMORYSTATUSEX status = {.dwLength = sizeof status};
    GlobalMemoryStatusEx(&status);
    return status.ullTotalPageFile / 4096;
}

static void query(void)
{
    static char buffer[0x4000];
    ULONG needed = 0, again = 0, count = 0;
    NTSTATUS status = NtQuerySystemInformation(18, NULL, 0, &needed);
    printf("query without a buffer: %08lx, %s\n", (unsigned long)status,
           needed > 2 * sizeof(struct page_file) ? "says how much" : "says nothing");
    status = NtQuerySystemInformation(18, buffer, needed - 1, &again);
    printf("one byte less: %08lx, %s\n", (unsigned long)status, needed == again ? "same" : "other");
    status = NtQuerySystemInformation(18, buffer, needed, NULL);
    printf("exactly: %08lx\n", (unsigned long)status);
    for (struct page_file *file = (void *)buffer;; file = (void *)((char *)file + file->next)) {
        BOOL inside = (char *)file->name.Buffer == (char *)(file + 1);
        printf("  %.*ls: %lu pages, name %s\n", file->name.Length / 2, file->name.Buffer,
               file->total,
               inside && !file->name.Buffer[file->name.Length / 2] ? "behind it" : "?");
        if (!file->next)
            break;
    }
}

static void enable_privilege(void)
{
    TOKEN_PRIVILEGES set = {.PrivilegeCount = 1};
    HANDLE token;
    OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY, &token);
    LookupPrivilegeValueW(NULL, L"SeCreatePagefilePrivilege", &set.Privileges[0].Luid);
    set.Privileges[0].Attributes = SE_PRIVILEGE_ENABLED;
    AdjustTokenPrivileges(token, FALSE, &set, 0, NULL, NULL);
    printf("privilege: error %lu\n", GetLastError());
    CloseHandle(token);
}

static void misuse(void)
{
    UNICODE_STRING name, odd = {.Length = 3, .Buffer = L"ab"};
    LARGE_INTEGER size = {.QuadPart = 1 << 20};
    RtlInitUnicodeString(&name, L"\\??\\C:\\a.sys");
    printf("no name: %08lx\n", (unsigned long)NtCreatePagingFile(NULL, &size, &size, 0));
    printf("no minimum: %08lx\n", (unsigned long)NtCreatePagingFile(&name, NULL, &size, 0));
    printf("no maximum: %08lx\n", (unsigned long)NtCreatePagingFile(&name, &size, NULL, 0));
    printf("half a character: %08lx\n", (unsigned long)NtCreatePagingFile(&odd, &size, &size, 0));
    create(L"\\??\\C:\\a.sys", 0, 1);
    create(L"\\??\\C:\\a.sys", 2, 1);
    printf("less than 1 MB: %08lx\n",
           (unsigned long)create_sized(L"\\??\\C:\\a.sys", (1 << 20) - 1, 1 << 20));
    printf("negative: %08lx\n", (unsigned long)create_sized(L"\\??\\C:\\a.sys", -1, -1));
    printf("more than can be: %08lx\n",
           (unsigned long)create_sized(L"\\??\\C:\\a.sys", 1 << 20, 1ll << 44));
    create(L"", 1, 1);
    create(L"a.sys", 1, 1);
    create(L"\\??\\C:\\", 1, 1);
    create(L"\\??\\C:\\nowhere\\a.sys", 1, 1);
    create(L"\\??\\Q:\\a.sys", 1, 1);
    create(L"\\??\\C:\\Windows", 1, 1);
    create(L"\\nowhere", 1, 1);
    create(L"\\KnownDlls\\a.sys", 1, 1);
}

static void many(void)
{
    unsigned made = 0;
    NTSTATUS status;
    do {
        WCHAR name[40];
        swprintf(name, 40, L"\\??\\C:\\more%u.sys", made);
        status = create_sized(name, 1 << 20, 1 << 20);
        made += status == 0;
    } while (status == 0 && made < 100);
    printf("%u more, then %08lx\n", made, (unsigned long)status);
}

static void show_value(const WCHAR *name)
{
    const WCHAR *key = L"SYSTEM\\CurrentControlSet\\Control\\Session Manager\\Memory Management";
    WCHAR text[512] = {0};
    DWORD size = sizeof text - sizeof *text, type = 0;
    HKEY opened;
    LONG error = RegOpenKeyExW(HKEY_LOCAL_MACHINE, key, 0, KEY_READ, &opened);
    if (!error)
        error = RegQueryValueExW(opened, name, NULL, &type, (BYTE *)text, &size);
    printf("%ls: error %ld, type %lu\n", name, error, type);
    for (const WCHAR *one = text; *one; one += wcslen(one) + 1)
        printf("  %ls\n", one);
}

int main(void)
{
    ULONG count = 0;
    list("at first");
    show_value(L"PagingFiles");
    show_value(L"ExistingPageFiles");
    printf("%d\n", EnumPageFilesA(first_only, &count));
    query();
    create(L"\\??\\C:\\third.sys", 2, 64);
    enable_privilege();
    misuse();
    list("nothing changed");
    ULONGLONG before = commit_limit();
    create(L"\\??\\C:\\third.sys", 2, 64);
    printf("limit: %llu more\n", commit_limit() - before);
    create(L"\\??\\C:\\third.sys", 1, 64);
    create(L"\\??\\C:\\third.sys", 2, 1);
    create(L"\\??\\C:\\third.sys", 2, 4);
    create(L"\\??\\c:\\THIRD.sys", 3, 64);
    printf("limit: %llu more\n", commit_limit() - before);
    create(L"\\??\\C:\\pagefile2.sys", 3, 3);
    create(L"\\??\\C:\\large.sys", 64, 64);
    create(L"\\??\\C:\\third.sys", 33, 64);
    list("afterwards");
    many();
    return 0;
}
