/* The registry: every status that the documentation of NtCreateKey and its kin names, one table per
 * call; then ordinary use through advapi32, narrow and wide. It works below a volatile key of the
 * user's, which is gone afterwards. */
#include <stdio.h>
#include <string.h>
#include <windows.h>
#include <winternl.h>

typedef LONG status;

#define SUCCESS 0x00000000
#define BUFFER_OVERFLOW 0x80000005
#define NO_MORE_ENTRIES 0x8000001A
#define ACCESS_VIOLATION 0xC0000005
#define INVALID_HANDLE 0xC0000008
#define INVALID_PARAMETER 0xC000000D
#define ACCESS_DENIED 0xC0000022
#define BUFFER_TOO_SMALL 0xC0000023
#define OBJECT_TYPE_MISMATCH 0xC0000024
#define OBJECT_NAME_INVALID 0xC0000033
#define OBJECT_NAME_NOT_FOUND 0xC0000034
#define OBJECT_PATH_SYNTAX_BAD 0xC000003B
#define CANNOT_DELETE 0xC0000121
#define KEY_DELETED 0xC000017C
#define CHILD_MUST_BE_VOLATILE 0xC0000181

NTSTATUS NTAPI NtOpenKey(HANDLE *, ACCESS_MASK, OBJECT_ATTRIBUTES *);
NTSTATUS NTAPI NtCreateKey(HANDLE *, ACCESS_MASK, OBJECT_ATTRIBUTES *, ULONG, UNICODE_STRING *,
                           ULONG, ULONG *);
NTSTATUS NTAPI NtQueryKey(HANDLE, int, void *, ULONG, ULONG *);
NTSTATUS NTAPI NtEnumerateKey(HANDLE, ULONG, int, void *, ULONG, ULONG *);
NTSTATUS NTAPI NtQueryValueKey(HANDLE, UNICODE_STRING *, int, void *, ULONG, ULONG *);
NTSTATUS NTAPI NtEnumerateValueKey(HANDLE, ULONG, int, void *, ULONG, ULONG *);
NTSTATUS NTAPI NtSetValueKey(HANDLE, UNICODE_STRING *, ULONG, ULONG, void *, ULONG);
NTSTATUS NTAPI NtDeleteKey(HANDLE);
NTSTATUS NTAPI NtDeleteValueKey(HANDLE, UNICODE_STRING *);
NTSTATUS NTAPI NtFlushKey(HANDLE);

enum { BASIC = 0, NODE = 1, FULL = 2, NAME = 3 };            /* of keys */
enum { VALUE_BASIC = 0, VALUE_FULL = 1, VALUE_PARTIAL = 2 }; /* of values */

static HKEY base, read_only, deleted, child, stable;
static HANDLE event;

static void check(const char *what, int line, status got, ULONG expected)
{
    if ((ULONG)got != expected)
        printf("%s, line %d: %08lx, expected %08lx\n", what, line, (ULONG)got, expected);
}
#define CHECK(expected, call) check(#call, __LINE__, call, expected)

static UNICODE_STRING *text(const WCHAR *string)
{
    static UNICODE_STRING strings[4];
    static unsigned next;
    UNICODE_STRING *s = &strings[next++ % 4];
    RtlInitUnicodeString(s, string);
    return s;
}

static OBJECT_ATTRIBUTES *named(HANDLE root, const WCHAR *name)
{
    static OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, text(name), OBJ_CASE_INSENSITIVE, root, NULL);
    return &attributes;
}

static status open(HANDLE root, const WCHAR *name)
{
    HANDLE key;
    status s = NtOpenKey(&key, KEY_READ, named(root, name));
    if (s >= 0)
        NtClose(key);
    return s;
}

static status create(HANDLE root, const WCHAR *name, ULONG options)
{
    HANDLE key;
    ULONG disposition;
    status s = NtCreateKey(&key, KEY_ALL_ACCESS, named(root, name), 0, NULL, options, &disposition);
    if (s >= 0) {
        NtDeleteKey(key);
        NtClose(key);
    }
    return s;
}

static void open_and_create(void)
{
    HANDLE key;
    CHECK(SUCCESS, open(NULL, L"\\Registry\\Machine"));
    CHECK(SUCCESS, open(NULL, L"\\REGISTRY\\MACHINE\\system\\CurrentControlSet\\Services"));
    CHECK(SUCCESS, open(base, L"child"));
    CHECK(SUCCESS, open(base, L"CHILD\\grandchild"));
    CHECK(SUCCESS, open(base, L""));
    CHECK(OBJECT_NAME_NOT_FOUND, open(base, L"nothing"));
    CHECK(OBJECT_NAME_NOT_FOUND, open(base, L"nothing\\more"));
    CHECK(OBJECT_NAME_NOT_FOUND, open(NULL, L"\\Registry\\Machine\\nothing"));
    CHECK(OBJECT_PATH_SYNTAX_BAD, open(NULL, L"Registry"));
    CHECK(OBJECT_TYPE_MISMATCH, open(NULL, L"\\BaseNamedObjects"));
    CHECK(INVALID_HANDLE, open((HANDLE)0x7770, L"x"));
    CHECK(KEY_DELETED, open(deleted, L"x"));
    CHECK(ACCESS_VIOLATION, NtOpenKey((HANDLE *)16, KEY_READ, named(base, L"child")));
    CHECK(ACCESS_VIOLATION, NtOpenKey(&key, KEY_READ, (OBJECT_ATTRIBUTES *)16));
    CHECK(SUCCESS, create(base, L"new", REG_OPTION_VOLATILE));
    CHECK(OBJECT_NAME_NOT_FOUND, create(base, L"new\\deeper", REG_OPTION_VOLATILE));
    CHECK(CHILD_MUST_BE_VOLATILE, create(base, L"new", REG_OPTION_NON_VOLATILE));
    CHECK(INVALID_PARAMETER, create(base, L"new", 0x100));
    CHECK(KEY_DELETED, create(deleted, L"x", REG_OPTION_VOLATILE));
    CHECK(INVALID_PARAMETER, create(NULL, L"\\Registry\\Machine\\new", 0));
    CHECK(INVALID_PARAMETER, create(NULL, L"\\Registry\\User\\new", 0));
}

static void query(void)
{
    char buffer[256];
    ULONG size;
    CHECK(SUCCESS, NtQueryKey(base, FULL, buffer, sizeof buffer, &size));
    CHECK(SUCCESS, NtQueryKey(base, NAME, buffer, sizeof buffer, &size));
    CHECK(BUFFER_TOO_SMALL, NtQueryKey(base, FULL, buffer, 43, &size));
    CHECK(BUFFER_OVERFLOW, NtQueryKey(base, BASIC, buffer, 18, &size));
    CHECK(INVALID_PARAMETER, NtQueryKey(base, 99, buffer, sizeof buffer, &size));
    CHECK(INVALID_HANDLE, NtQueryKey((HANDLE)0x7770, FULL, buffer, sizeof buffer, &size));
    CHECK(OBJECT_TYPE_MISMATCH, NtQueryKey(event, FULL, buffer, sizeof buffer, &size));
    CHECK(KEY_DELETED, NtQueryKey(deleted, FULL, buffer, sizeof buffer, &size));
    CHECK(ACCESS_VIOLATION, NtQueryKey(base, FULL, (void *)16, sizeof buffer, &size));
    CHECK(SUCCESS, NtEnumerateKey(base, 0, BASIC, buffer, sizeof buffer, &size));
    CHECK(NO_MORE_ENTRIES, NtEnumerateKey(base, 5, BASIC, buffer, sizeof buffer, &size));
    CHECK(BUFFER_OVERFLOW, NtEnumerateKey(base, 0, BASIC, buffer, 18, &size));
    CHECK(BUFFER_TOO_SMALL, NtEnumerateKey(base, 0, BASIC, buffer, 15, &size));
    printf("name needs %lu\n", size);
    CHECK(KEY_DELETED, NtEnumerateKey(deleted, 0, BASIC, buffer, sizeof buffer, &size));
}

static void values(void)
{
    char buffer[256];
    ULONG size, number = 7;
    UNICODE_STRING odd = {3, 4, L"ab"};
    CHECK(SUCCESS, NtSetValueKey(base, text(L"number"), 0, REG_DWORD, &number, 4));
    CHECK(SUCCESS, NtSetValueKey(base, text(L""), 0, REG_SZ, L"default", 16));
    CHECK(ACCESS_DENIED, NtSetValueKey(read_only, text(L"number"), 0, REG_DWORD, &number, 4));
    CHECK(KEY_DELETED, NtSetValueKey(deleted, text(L"number"), 0, REG_DWORD, &number, 4));
    CHECK(ACCESS_VIOLATION, NtSetValueKey(base, text(L"number"), 0, REG_DWORD, (void *)16, 4));
    CHECK(INVALID_HANDLE, NtSetValueKey((HANDLE)0x7770, text(L"n"), 0, REG_DWORD, &number, 4));
    CHECK(SUCCESS, NtQueryValueKey(base, text(L"NUMBER"), VALUE_PARTIAL, buffer, 16, &size));
    printf("number %lu in %lu bytes\n", *(ULONG *)(buffer + 12), size);
    CHECK(BUFFER_OVERFLOW,
          NtQueryValueKey(base, text(L"number"), VALUE_PARTIAL, buffer, 12, &size));
    CHECK(BUFFER_TOO_SMALL,
          NtQueryValueKey(base, text(L"number"), VALUE_PARTIAL, buffer, 11, &size));
    CHECK(BUFFER_TOO_SMALL, NtQueryValueKey(base, text(L"number"), VALUE_FULL, buffer, 19, &size));
    printf("full needs %lu\n", size);
    CHECK(OBJECT_NAME_NOT_FOUND,
          NtQueryValueKey(base, text(L"none"), VALUE_PARTIAL, buffer, sizeof buffer, &size));
    CHECK(INVALID_PARAMETER, NtQueryValueKey(base, text(L"number"), 99, buffer, 16, &size));
    CHECK(SUCCESS, NtEnumerateValueKey(base, 1, VALUE_BASIC, buffer, sizeof buffer, &size));
    CHECK(NO_MORE_ENTRIES, NtEnumerateValueKey(base, 2, VALUE_BASIC, buffer, sizeof buffer, &size));
    CHECK(ACCESS_DENIED, NtDeleteValueKey(read_only, text(L"number")));
    CHECK(SUCCESS, NtDeleteValueKey(base, text(L"number")));
    CHECK(OBJECT_NAME_NOT_FOUND, NtDeleteValueKey(base, text(L"number")));
    CHECK(KEY_DELETED, NtDeleteValueKey(deleted, text(L"number")));
    CHECK(SUCCESS, NtDeleteValueKey(base, text(L"")));
}

static void deletion(void)
{
    CHECK(CANNOT_DELETE, NtDeleteKey(base));
    CHECK(ACCESS_DENIED, NtDeleteKey(read_only));
    CHECK(SUCCESS, NtDeleteKey(deleted));
    CHECK(KEY_DELETED, NtFlushKey(deleted));
    CHECK(OBJECT_TYPE_MISMATCH, NtDeleteKey(event));
    CHECK(INVALID_HANDLE, NtDeleteKey((HANDLE)0x7770));
    CHECK(SUCCESS, NtFlushKey(base));
}

/* ---- advapi32 ---- */

static void narrow(void)
{
    char name[64], data[64], small[4];
    DWORD size, type, index, length, number = 0x12345678;
    printf("set %ld", RegSetValueExA(base, "text", 0, REG_SZ, (BYTE *)"narrow", 7));
    printf(" %ld", RegSetValueExA(base, "number", 0, REG_DWORD, (BYTE *)&number, 4));
    printf(" %ld\n", RegSetValueExA(base, "list", 0, REG_MULTI_SZ, (BYTE *)"a\0bc\0", 6));
    size = sizeof data;
    printf("query %ld", RegQueryValueExA(base, "TEXT", NULL, &type, (BYTE *)data, &size));
    printf(": %s, type %lu, %lu bytes\n", data, type, size);
    size = sizeof small;
    printf("small %ld", RegQueryValueExA(base, "text", NULL, &type, (BYTE *)small, &size));
    printf(", needs %lu\n", size);
    printf("size %ld", RegQueryValueExA(base, "list", NULL, &type, NULL, &size));
    printf(": type %lu, %lu bytes\n", type, size);
    printf("none %ld\n", RegQueryValueExA(base, "none", NULL, &type, NULL, &size));
    for (index = 0;; index++) {
        length = sizeof name;
        size = sizeof data;
        LONG error = RegEnumValueA(base, index, name, &length, NULL, &type, (BYTE *)data, &size);
        if (error) {
            printf("values end with %ld\n", error);
            break;
        }
        printf("value %s (%lu): type %lu, %lu bytes\n", name, length, type, size);
    }
    length = 3;
    printf("short name %ld\n", RegEnumValueA(base, 0, name, &length, NULL, NULL, NULL, NULL));
}

static void wide(void)
{
    WCHAR name[64], data[64], class[32];
    DWORD size = sizeof data, type, subkeys, longest, values, longest_name, longest_data, length;
    HKEY key;
    printf("query %ld", RegQueryValueExW(base, L"text", NULL, &type, (BYTE *)data, &size));
    printf(": %ls, %lu bytes\n", data, size);
    printf("create %ld", RegCreateKeyExW(base, L"a\\b\\c", 0, L"kind", REG_OPTION_VOLATILE,
                                         KEY_ALL_ACCESS, NULL, &key, &type));
    printf(", disposition %lu\n", type);
    length = 32;
    printf("class %ld", RegQueryInfoKeyW(key, class, &length, NULL, NULL, NULL, NULL, NULL, NULL,
                                         NULL, NULL, NULL));
    printf(": %ls (%lu)\n", class, length);
    RegCloseKey(key);
    printf("info %ld", RegQueryInfoKeyW(base, NULL, NULL, NULL, &subkeys, &longest, NULL, &values,
                                        &longest_name, &longest_data, NULL, NULL));
    printf(": %lu subkeys, longest %lu, %lu values, longest %lu, data %lu\n", subkeys, longest,
           values, longest_name, longest_data);
    for (DWORD index = 0;; index++) {
        length = 64;
        LONG error = RegEnumKeyExW(base, index, name, &length, NULL, NULL, NULL, NULL);
        if (error) {
            printf("keys end with %ld\n", error);
            break;
        }
        printf("key %ls (%lu)\n", name, length);
    }
    printf("delete %ld", RegDeleteKeyW(base, L"a"));
    printf(" %ld", RegDeleteKeyW(base, L"a\\b\\c"));
    printf(" %ld", RegDeleteKeyW(base, L"a\\b"));
    printf(" %ld", RegDeleteKeyW(base, L"a"));
    printf(" %ld\n", RegDeleteKeyW(base, L"a"));
}

/* Facts of the system, through predefined keys. */
static void system_keys(void)
{
    char data[64];
    DWORD size = sizeof data, type;
    HKEY key;
    printf("version %ld",
           RegOpenKeyExA(HKEY_LOCAL_MACHINE, "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion", 0,
                         KEY_READ, &key));
    printf(" %ld", RegQueryValueExA(key, "SystemRoot", NULL, &type, (BYTE *)data, &size));
    _strlwr(data);
    printf(": %s\n", data);
    RegCloseKey(key);
    printf("users %ld\n", RegOpenKeyExA(HKEY_USERS, ".DEFAULT", 0, KEY_READ, &key));
    RegCloseKey(key);
    printf("nothing %ld\n",
           RegOpenKeyExA(HKEY_LOCAL_MACHINE, "SOFTWARE\\nothing", 0, KEY_READ, &key));
    printf("close %ld\n", RegCloseKey(HKEY_LOCAL_MACHINE));
}

int main(void)
{
    HKEY user;
    if (RegOpenKeyExA(HKEY_CURRENT_USER, "Software", 0, KEY_ALL_ACCESS, &user) ||
        RegCreateKeyExA(user, "ntmm test", 0, NULL, REG_OPTION_VOLATILE, KEY_ALL_ACCESS, NULL,
                        &base, NULL) ||
        RegCreateKeyExA(base, "child\\grandchild", 0, NULL, REG_OPTION_VOLATILE, KEY_ALL_ACCESS,
                        NULL, &child, NULL) ||
        RegCreateKeyExA(base, "gone", 0, NULL, REG_OPTION_VOLATILE, KEY_ALL_ACCESS, NULL, &deleted,
                        NULL) ||
        RegOpenKeyExA(base, "child", 0, KEY_READ, &read_only)) {
        printf("no key to work with\n");
        return 1;
    }
    event = CreateEventA(NULL, FALSE, FALSE, NULL);
    NtDeleteKey(deleted);
    open_and_create();
    query();
    values();
    deletion();
    narrow();
    wide();
    system_keys();
    printf("clean up %ld", RegDeleteKeyA(base, "child\\grandchild"));
    printf(" %ld", RegDeleteKeyA(base, "child"));
    printf(" %ld\n", RegDeleteKeyA(user, "ntmm test"));
    return 0;
}
