/* Names of objects: namespaces of sessions, case, collisions with and without OBJ_OPENIF, objects
 * of another type, objects that stay, names that are none. */
#include "rows.h"

#define SERVICES(X)                                                                                \
    X(NtCreateEvent)                                                                               \
    X(NtOpenEvent)                                                                                 \
    X(NtCreateMutant)                                                                              \
    X(NtCreateSection)                                                                             \
    X(NtOpenSection)                                                                               \
    X(NtOpenDirectoryObject)                                                                       \
    X(NtMakeTemporaryObject)                                                                       \
    X(NtMakePermanentObject)                                                                       \
    X(NtQueryObject)                                                                               \
    X(NtClose)
#define POINTER(name) static status (*Sys_##name)();
SERVICES(POINTER)

#define OBJECT_NAME_EXISTS 0x40000000
#define OBJECT_NAME_INVALID 0xC0000033
#define DIRECTORY_ALL_ACCESS 0xF000F
#define EXISTING OBJ_OPENIF
#define SESSION L"\\Sessions\\1\\BaseNamedObjects\\"

static word event, directory;

struct name {
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING string;
};

static OBJECT_ATTRIBUTES *make(struct name *n, const WCHAR *text, word root, ULONG flags)
{
    RtlInitUnicodeString(&n->string, text);
    n->attributes = (OBJECT_ATTRIBUTES){.Length = sizeof n->attributes,
                                        .RootDirectory = (HANDLE)root,
                                        .ObjectName = text ? &n->string : NULL,
                                        .Attributes = flags};
    return &n->attributes;
}

static status closed(status s, const word *handle)
{
    if (s >= 0)
        Sys_NtClose(*handle);
    return s;
}

/* name, root, flags */
static status create_event(const word *v)
{
    struct name n;
    word handle = 0;
    OBJECT_ATTRIBUTES *a = make(&n, (const WCHAR *)v[0], v[1], (ULONG)v[2]);
    return closed(Sys_NtCreateEvent(&handle, EVENT_ALL_ACCESS, a, (word)0, (word)0), &handle);
}

static status open_event(const word *v)
{
    struct name n;
    word handle = 0;
    OBJECT_ATTRIBUTES *a = make(&n, (const WCHAR *)v[0], v[1], (ULONG)v[2]);
    return closed(Sys_NtOpenEvent(&handle, EVENT_ALL_ACCESS, a), &handle);
}

static status create_mutant(const word *v)
{
    struct name n;
    word handle = 0;
    OBJECT_ATTRIBUTES *a = make(&n, (const WCHAR *)v[0], v[1], (ULONG)v[2]);
    return closed(Sys_NtCreateMutant(&handle, MUTANT_ALL_ACCESS, a, (word)0), &handle);
}

static status open_section(const word *v)
{
    struct name n;
    word handle = 0;
    OBJECT_ATTRIBUTES *a = make(&n, (const WCHAR *)v[0], v[1], (ULONG)v[2]);
    return closed(Sys_NtOpenSection(&handle, SECTION_ALL_ACCESS, a), &handle);
}

static status open_directory(const word *v)
{
    struct name n;
    word handle = 0;
    OBJECT_ATTRIBUTES *a = make(&n, (const WCHAR *)v[0], v[1], (ULONG)v[2]);
    return closed(Sys_NtOpenDirectoryObject(&handle, DIRECTORY_ALL_ACCESS, a), &handle);
}

#define NAME(text) (word) text

static void test_native(void)
{
    static WCHAR lengthy[32000];
    for (unsigned i = 0; i < sizeof lengthy / sizeof *lengthy - 1; i++)
        lengthy[i] = i == 0 ? '\\' : 'n';
    const struct row creates[] = {
        ROW(SUCCESS, 0, 0, 0),
        ROW(SUCCESS, NAME(SESSION L"names-new"), 0, 0),
        ROW(OBJECT_NAME_COLLISION, NAME(SESSION L"names-event"), 0, 0),
        ROW(OBJECT_NAME_EXISTS, NAME(SESSION L"names-event"), 0, EXISTING),
        ROW(OBJECT_NAME_EXISTS, NAME(SESSION L"Local\\names-event"), 0, EXISTING),
        ROW(OBJECT_NAME_EXISTS, NAME(SESSION L"Session\\1\\names-event"), 0, EXISTING),
        ROW(OBJECT_NAME_EXISTS, NAME(L"names-event"), directory, EXISTING),
        ROW(SUCCESS, NAME(SESSION L"NAMES-EVENT"), 0, 0),
        ROW(OBJECT_NAME_EXISTS, NAME(SESSION L"NAMES-EVENT"), 0, EXISTING | OBJ_CASE_INSENSITIVE),
        ROW(OBJECT_NAME_COLLISION, NAME(SESSION L"Names-Event"), 0, OBJ_CASE_INSENSITIVE),
        ROW(SUCCESS, NAME(SESSION L"Global\\names-event"), 0, 0),
        ROW(SUCCESS, NAME(L"\\BaseNamedObjects\\names-event"), 0, 0),
        ROW(OBJECT_TYPE_MISMATCH, NAME(SESSION L"names-mutex"), 0, EXISTING),
        ROW(OBJECT_NAME_COLLISION, NAME(SESSION L"names-mutex"), 0, 0),
        ROW(OBJECT_TYPE_MISMATCH, NAME(L"\\BaseNamedObjects"), 0, EXISTING),
        ROW(OBJECT_PATH_NOT_FOUND, NAME(L"\\BaseNamedObjects\\no-folder\\event"), 0, 0),
        ROW(OBJECT_PATH_NOT_FOUND, NAME(SESSION L"names-event\\more"), 0, 0),
        ROW(OBJECT_PATH_SYNTAX_BAD, NAME(L"names-event"), 0, 0),
        ROW(OBJECT_PATH_SYNTAX_BAD, NAME(L"\\names-event"), directory, 0),
        ROW(OBJECT_NAME_INVALID, NAME(L"\\BaseNamedObjects\\\\event"), 0, 0),
        ROW(OBJECT_NAME_INVALID, NAME(SESSION L"names-new\\"), 0, 0),
        ROW(OBJECT_TYPE_MISMATCH, NAME(L"names-new"), event, 0),
        ROW(INVALID_HANDLE, NAME(L"names-new"), CLOSED, 0),
        ROW(INVALID_PARAMETER, NAME(SESSION L"names-new"), 0, 0x800),
        ROW(INVALID_PARAMETER, NAME(SESSION L"names-new"), 0, 1),
        ROW(PRIVILEGE_NOT_HELD, NAME(SESSION L"names-new"), 0, OBJ_PERMANENT),
        ROW(SUCCESS, NAME(lengthy), 0, 0),
    };
    CHECK(create_event, creates);
    const struct row mutants[] = {
        ROW(OBJECT_TYPE_MISMATCH, NAME(SESSION L"names-event"), 0, EXISTING),
        ROW(OBJECT_NAME_COLLISION, NAME(SESSION L"names-event"), 0, 0),
        ROW(OBJECT_NAME_EXISTS, NAME(SESSION L"names-mutex"), 0, EXISTING),
    };
    CHECK(create_mutant, mutants);
    const struct row opens[] = {
        ROW(SUCCESS, NAME(SESSION L"names-event"), 0, 0),
        ROW(SUCCESS, NAME(SESSION L"Names-Event"), 0, OBJ_CASE_INSENSITIVE),
        ROW(OBJECT_NAME_NOT_FOUND, NAME(SESSION L"Names-Event"), 0, 0),
        ROW(SUCCESS, NAME(L"names-event"), directory, 0),
        ROW(OBJECT_NAME_NOT_FOUND, NAME(L"\\BaseNamedObjects\\names-event"), 0, 0),
        ROW(OBJECT_NAME_NOT_FOUND, NAME(SESSION L"Global\\names-event"), 0, 0),
        ROW(SUCCESS, NAME(SESSION L"Global\\names-global"), 0, 0),
        ROW(SUCCESS, NAME(L"\\BaseNamedObjects\\Global\\names-global"), 0, 0),
        ROW(SUCCESS, NAME(L"\\BaseNamedObjects\\Local\\names-global"), 0, 0),
        ROW(SUCCESS, NAME(SESSION L"Session\\0\\names-global"), 0, 0),
        ROW(SUCCESS, NAME(L"\\BaseNamedObjects\\Session\\1\\names-event"), 0, 0),
        ROW(OBJECT_PATH_NOT_FOUND, NAME(SESSION L"Session\\7\\names-event"), 0, 0),
        ROW(OBJECT_TYPE_MISMATCH, NAME(SESSION L"names-mutex"), 0, 0),
        ROW(OBJECT_TYPE_MISMATCH, NAME(L"\\BaseNamedObjects"), 0, 0),
        ROW(OBJECT_NAME_INVALID, NAME(L""), 0, 0),
        ROW(OBJECT_PATH_NOT_FOUND, NAME(L"\\no-folder\\event"), 0, 0),
    };
    CHECK(open_event, opens);
    const struct row sections[] = {
        ROW(OBJECT_TYPE_MISMATCH, NAME(SESSION L"names-event"), 0, 0),
        ROW(OBJECT_NAME_NOT_FOUND, NAME(SESSION L"names-nobody"), 0, 0),
        ROW(SUCCESS, NAME(SESSION L"names-section"), 0, 0),
    };
    CHECK(open_section, sections);
    const struct row directories[] = {
        ROW(SUCCESS, NAME(L"\\"), 0, 0),
        ROW(SUCCESS, NAME(L"\\basenamedobjects"), 0, 0),
        ROW(SUCCESS, NAME(SESSION L"Global"), 0, 0),
        ROW(OBJECT_TYPE_MISMATCH, NAME(SESSION L"names-event"), 0, 0),
        ROW(OBJECT_NAME_NOT_FOUND, NAME(L"\\no-folder"), 0, 0),
    };
    CHECK(open_directory, directories);
}

/* ---- objects that stay ---- */

static BOOL enable_privilege(const char *name)
{
    HANDLE token;
    TOKEN_PRIVILEGES one = {.PrivilegeCount = 1,
                            .Privileges = {{.Attributes = SE_PRIVILEGE_ENABLED}}};
    OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES, &token);
    LookupPrivilegeValueA(NULL, name, &one.Privileges[0].Luid);
    return AdjustTokenPrivileges(token, FALSE, &one, 0, NULL, NULL) &&
           GetLastError() == ERROR_SUCCESS;
}

static void test_life(void)
{
    HANDLE one = CreateEventA(NULL, FALSE, FALSE, "names-life"), two;
    printf("permanent: %08lx\n", (ULONG)Sys_NtMakePermanentObject(one));
    printf("temporary: %08lx\n", (ULONG)Sys_NtMakeTemporaryObject(one));
    two = OpenEventA(SYNCHRONIZE, FALSE, "names-life");
    printf("still there: %d\n", two != NULL);
    printf("without DELETE: %08lx\n", (ULONG)Sys_NtMakeTemporaryObject(two));
    CloseHandle(one);
    CloseHandle(two);
    two = OpenEventA(SYNCHRONIZE, FALSE, "names-life");
    printf("gone with its last handle: %d %lu\n", two == NULL, GetLastError());
    printf("the right to make objects that stay: %d\n",
           enable_privilege("SeCreatePermanentPrivilege"));
}

/* ---- the same by kernel32 ---- */

static void tell(const char *what, HANDLE handle)
{
    DWORD error = GetLastError();
    printf("%-44s %d %lu\n", what, handle != NULL, error);
    if (handle != NULL)
        CloseHandle(handle);
}

static void test_kernel32(void)
{
    char name[300];
    tell("an event again", CreateEventA(NULL, FALSE, FALSE, "names-event"));
    tell("by its namespace", CreateEventA(NULL, FALSE, FALSE, "Local\\names-event"));
    tell("another of that name for all", CreateEventA(NULL, FALSE, FALSE, "Global\\names-event"));
    tell("the name in capitals", CreateEventA(NULL, FALSE, FALSE, "NAMES-EVENT"));
    tell("a namespace in capitals", CreateEventA(NULL, FALSE, FALSE, "LOCAL\\names-event"));
    tell("a mutex of that name", CreateMutexA(NULL, FALSE, "names-event"));
    tell("open it as a mutex", OpenMutexA(SYNCHRONIZE, FALSE, "names-event"));
    tell("a section of that name",
         CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 1, "names-event"));
    tell("a section again",
         CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 9, "names-section"));
    tell("a backslash in a name", CreateEventA(NULL, FALSE, FALSE, "a\\b"));
    tell("a namespace alone", CreateEventA(NULL, FALSE, FALSE, "Global\\"));
    tell("nobody's", OpenEventA(SYNCHRONIZE, FALSE, "names-nobody"));
    tell("nobody's in all sessions", OpenEventA(SYNCHRONIZE, FALSE, "Global\\names-event"));
    tell("no name", OpenEventA(SYNCHRONIZE, FALSE, NULL));
    memset(name, 'x', sizeof name);
    name[259] = 0;
    tell("259 characters", CreateEventA(NULL, FALSE, FALSE, name));
    name[259] = 'x';
    name[260] = 0;
    tell("260 characters", CreateEventA(NULL, FALSE, FALSE, name));
}

static void show_name(const char *what, HANDLE object)
{
    static struct {
        UNICODE_STRING name;
        WCHAR text[256];
    } answer;
    ULONG length;
    status s = Sys_NtQueryObject(object, (word)1, &answer, (word)sizeof answer, &length);
    printf("%s: %08lx %ls\n", what, (ULONG)s, s >= 0 ? answer.name.Buffer : L"");
}

int main(void)
{
    struct name n;
#define FIND(name) Sys_##name = (void *)GetProcAddress(GetModuleHandleA("ntdll"), #name);
    SERVICES(FIND)
    event = (word)CreateEventA(NULL, FALSE, FALSE, "names-event");
    HANDLE mutex = CreateMutexA(NULL, FALSE, "Local\\names-mutex");
    HANDLE global = CreateEventA(NULL, FALSE, FALSE, "Global\\names-global");
    HANDLE section =
        CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 1, "names-section");
    printf("created: %d\n", event && mutex && global && section);
    show_name("event", (HANDLE)event);
    show_name("mutex", mutex);
    show_name("global event", global);
    Sys_NtOpenDirectoryObject(&directory, DIRECTORY_ALL_ACCESS,
                              make(&n, L"\\Sessions\\1\\BaseNamedObjects", 0, 0));
    test_native();
    test_life();
    test_kernel32();
    return 0;
}
