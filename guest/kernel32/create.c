/* guest/kernel32/create.c: CreateProcess.
 *
 *      CreateProcessA -> CreateProcessW -> CreateProcessInternalW
 *          which file?      the application's name, or searched by the command line's first word
 *          what to find?    RtlCreateProcessParametersEx
 *          NtCreateUserProcess
 *
 * The machine has one console, which all programs share: a new console and no window mean that one.
 * Source: CreateProcess, documentation. */
#include "k32.h"

#define LONGEST_COMMAND_LINE 32767u /* with its end */
#define PATH_ROOM 520u
#define DEBUG_PROCESS 0x1u
#define DEBUG_ONLY_THIS_PROCESS 0x2u
#define DETACHED_PROCESS 0x8u
#define CREATE_NEW_CONSOLE 0x10u
#define CREATE_UNICODE_ENVIRONMENT 0x400u
#define EXTENDED_STARTUPINFO_PRESENT 0x80000u
#define CREATE_BREAKAWAY_FROM_JOB 0x1000000u
#define CREATE_DEFAULT_ERROR_MODE 0x4000000u
#define STARTF_USESTDHANDLES 0x100u
#define PROC_THREAD_ATTRIBUTE_PARENT_PROCESS 0x20000u
#define PROC_THREAD_ATTRIBUTE_HANDLE_LIST 0x20002u

/* What PROC_THREAD_ATTRIBUTE_LIST points to; programs only know its size. */
struct proc_thread_list {
    ULONG room, count;
    struct {
        ULONG64 attribute, size;
        void *value;
    } entry[];
};

/* ---- which file ----
 */

static BOOL is_program(const WCHAR *path)
{
    ULONG attributes = GetFileAttributesW(path);
    return attributes != INVALID_FILE_ATTRIBUTES && !(attributes & FILE_ATTRIBUTE_DIRECTORY);
}

static BOOL append(WCHAR *to, const WCHAR *text, ULONG length)
{
    ULONG used = wide_length(to);
    if (used + length >= PATH_ROOM)
        return FALSE;
    copy_bytes(to + used, text, length * sizeof(WCHAR));
    to[used + length] = 0;
    return TRUE;
}

/* The part of a name after its last separator. */
static const WCHAR *last_part(const WCHAR *name)
{
    const WCHAR *part = name;
    for (; *name; name++)
        if (*name == '\\' || *name == '/' || *name == ':')
            part = name + 1;
    return part;
}

static BOOL has_extension(const WCHAR *name)
{
    for (name = last_part(name); *name; name++)
        if (*name == '.')
            return TRUE;
    return FALSE;
}

/* "folder\name" and "folder\name.exe". => TRUE: `path` is a program */
static BOOL try_folder(const WCHAR *folder, ULONG length, const WCHAR *name, WCHAR *path)
{
    path[0] = 0;
    if (!append(path, folder, length) ||
        (length && folder[length - 1] != '\\' && !append(path, L"\\", 1)) ||
        !append(path, name, wide_length(name)))
        return FALSE;
    if (is_program(path))
        return TRUE;
    return !has_extension(name) && append(path, L".exe", 4) && is_program(path);
}

static BOOL try_path_variable(const WCHAR *name, WCHAR *path)
{
    ULONG room = GetEnvironmentVariableW(L"PATH", NULL, 0);
    WCHAR *folders = room ? heap_alloc(room * sizeof(WCHAR)) : NULL;
    BOOL found = FALSE;
    if (folders && GetEnvironmentVariableW(L"PATH", folders, room) < room)
        for (const WCHAR *at = folders; *at && !found;) {
            ULONG length = 0;
            while (at[length] && at[length] != ';')
                length++;
            found = length && try_folder(at, length, name, path);
            at += length + (at[length] == ';');
        }
    heap_free(folders);
    return found;
}

/* A program by a name as it stands in a command line. The folders are, in order: the program's own,
 * the current one, the system's, Windows', those of PATH. */
static BOOL search_program(const WCHAR *name, WCHAR *path)
{
    WCHAR folder[PATH_ROOM];
    if (!*name)
        return FALSE;
    if (last_part(name) != name)
        return try_folder(L"", 0, name, path);
    const UNICODE_STRING *image = &current_peb()->ProcessParameters->ImagePathName;
    ULONG length = image->Length / sizeof(WCHAR);
    while (length && image->Buffer[length - 1] != '\\')
        length--;
    if (try_folder(image->Buffer, length, name, path))
        return TRUE;
    length = GetCurrentDirectoryW(PATH_ROOM, folder);
    if (length < PATH_ROOM && try_folder(folder, length, name, path))
        return TRUE;
    length = GetSystemDirectoryW(folder, PATH_ROOM);
    if (try_folder(folder, length, name, path))
        return TRUE;
    length = GetWindowsDirectoryW(folder, PATH_ROOM);
    return try_folder(folder, length, name, path) || try_path_variable(name, path);
}

static BOOL is_blank(WCHAR c)
{
    return c == ' ' || c == '\t';
}

/* The program that a command line begins with: what stands in quotes, or the shortest beginning up
 * to a blank that is one. => FALSE with the error of its first word */
static BOOL program_of_command_line(const WCHAR *line, WCHAR *path)
{
    WCHAR word[PATH_ROOM];
    ULONG start = line[0] == '"', end = start;
    ULONG error = ERROR_FILE_NOT_FOUND;
    do {
        while (line[end] && (start ? line[end] != '"' : !is_blank(line[end])))
            end++;
        if (end - start >= PATH_ROOM)
            break;
        copy_bytes(word, line + start, (end - start) * sizeof(WCHAR));
        word[end - start] = 0;
        if (search_program(word, path))
            return TRUE;
        if (last_part(word) != word && GetFileAttributesW(word) != INVALID_FILE_ATTRIBUTES)
            error = ERROR_ACCESS_DENIED; /* a folder */
        else if (last_part(word) != word && GetLastError() == ERROR_PATH_NOT_FOUND)
            error = ERROR_PATH_NOT_FOUND;
        while (is_blank(line[end]))
            end++;
    } while (line[end] && !start);
    return fail_error(error);
}

/* ---- what the child is to find ----
 */

/* Everything about one call. */
struct creation {
    WCHAR path[PATH_ROOM]; /* full name of the program */
    UNICODE_STRING nt_path;
    WCHAR directory[PATH_ROOM];
    WCHAR *environment; /* of the heap, when it had to be converted */
    RTL_USER_PROCESS_PARAMETERS *parameters;
    PS_CREATE_INFO info;
    PS_ATTRIBUTE_LIST list;
    PS_STD_HANDLE_INFO standard;
    UCHAR priority_class;
    ULONG error_mode;
    CLIENT_ID id;
};

static UNICODE_STRING string_of(const WCHAR *text)
{
    UNICODE_STRING string;
    RtlInitUnicodeString(&string, text);
    return string;
}

/* The child's current folder: full, and ending with a backslash. */
static BOOL set_directory(struct creation *c, const WCHAR *directory)
{
    ULONG length = GetFullPathNameW(directory, PATH_ROOM - 1, c->directory, NULL);
    ULONG attributes = length && length < PATH_ROOM - 1 ? GetFileAttributesW(c->directory)
                                                        : INVALID_FILE_ATTRIBUTES;
    if (attributes == INVALID_FILE_ATTRIBUTES || !(attributes & FILE_ATTRIBUTE_DIRECTORY))
        return fail_error(ERROR_DIRECTORY);
    if (c->directory[length - 1] != '\\')
        append(c->directory, L"\\", 1);
    return TRUE;
}

/* An environment in the ANSI code page, as Unicode. */
static WCHAR *convert_environment(const char *environment)
{
    ULONG size = 0;
    while (environment[size] || environment[size + 1])
        size++;
    size += 2;
    int length = MultiByteToWideChar(CP_ACP, 0, environment, (int)size, NULL, 0);
    WCHAR *wide = heap_alloc((ULONG64)length * sizeof(WCHAR));
    if (wide)
        MultiByteToWideChar(CP_ACP, 0, environment, (int)size, wide, length);
    return wide;
}

static void set_standard_handles(struct creation *c, const STARTUPINFOW *startup, ULONG flags)
{
    const RTL_USER_PROCESS_PARAMETERS *own = current_peb()->ProcessParameters;
    RTL_USER_PROCESS_PARAMETERS *p = c->parameters;
    if (startup->dwFlags & STARTF_USESTDHANDLES) {
        p->StandardInput = startup->hStdInput;
        p->StandardOutput = startup->hStdOutput;
        p->StandardError = startup->hStdError;
    } else if (!(flags & DETACHED_PROCESS)) {
        p->StandardInput = own->StandardInput;
        p->StandardOutput = own->StandardOutput;
        p->StandardError = own->StandardError;
        c->standard.StdHandleState = PsRequestDuplicate;
        c->standard.StdHandleSubsystemType = IMAGE_SUBSYSTEM_WINDOWS_CUI;
    }
}

static BOOL set_parameters(struct creation *c, const WCHAR *command_line, void *environment,
                           const WCHAR *directory, const STARTUPINFOW *startup, ULONG flags)
{
    const RTL_USER_PROCESS_PARAMETERS *own = current_peb()->ProcessParameters;
    UNICODE_STRING image = string_of(c->path), line = string_of(command_line),
                   folder = string_of(c->directory),
                   title = string_of(startup->lpTitle ? startup->lpTitle : c->path),
                   desktop = startup->lpDesktop ? string_of(startup->lpDesktop) : own->DesktopInfo,
                   shell = string_of(startup->lpReserved),
                   runtime = {startup->cbReserved2, startup->cbReserved2,
                              (WCHAR *)startup->lpReserved2};
    if (environment && !(flags & CREATE_UNICODE_ENVIRONMENT)) {
        environment = c->environment = convert_environment(environment);
        if (!environment)
            return FALSE;
    }
    NTSTATUS status = RtlCreateProcessParametersEx(
        &c->parameters, &image, NULL, directory ? &folder : NULL, &line, environment, &title,
        &desktop, &shell, &runtime, RTL_USER_PROC_PARAMS_NORMALIZED);
    if (!done(status))
        return FALSE;
    RTL_USER_PROCESS_PARAMETERS *p = c->parameters;
    p->StartingX = startup->dwX;
    p->StartingY = startup->dwY;
    p->CountX = startup->dwXSize;
    p->CountY = startup->dwYSize;
    p->CountCharsX = startup->dwXCountChars;
    p->CountCharsY = startup->dwYCountChars;
    p->FillAttribute = startup->dwFillAttribute;
    p->WindowFlags = startup->dwFlags;
    p->ShowWindowFlags = startup->wShowWindow;
    set_standard_handles(c, startup, flags);
    return TRUE;
}

/* ---- attributes for the kernel ----
 */

static void add_attribute(struct creation *c, ULONG64 attribute, void *value, ULONG64 size)
{
    PS_ATTRIBUTE_LIST *list = &c->list;
    ULONG n = (ULONG)((list->TotalLength - offsetof(PS_ATTRIBUTE_LIST, Attributes)) /
                      sizeof(PS_ATTRIBUTE));
    list->Attributes[n] = (PS_ATTRIBUTE){.Attribute = attribute, .Size = size};
    list->Attributes[n].ValuePtr = value;
    list->TotalLength += sizeof(PS_ATTRIBUTE);
}

static void add_extended(struct creation *c, const struct proc_thread_list *list)
{
    for (ULONG i = 0; list && i < list->count; i++) {
        if (list->entry[i].attribute == PROC_THREAD_ATTRIBUTE_PARENT_PROCESS)
            add_attribute(c, PS_ATTRIBUTE_PARENT_PROCESS, *(void **)list->entry[i].value,
                          sizeof(HANDLE));
        else
            add_attribute(c, PS_ATTRIBUTE_HANDLE_LIST, list->entry[i].value, list->entry[i].size);
    }
}

static void set_attributes(struct creation *c, const STARTUPINFOW *startup, ULONG flags)
{
    c->list.TotalLength = offsetof(PS_ATTRIBUTE_LIST, Attributes);
    add_attribute(c, PS_ATTRIBUTE_IMAGE_NAME, c->nt_path.Buffer, c->nt_path.Length);
    add_attribute(c, PS_ATTRIBUTE_CLIENT_ID, &c->id, sizeof c->id);
    add_attribute(c, PS_ATTRIBUTE_STD_HANDLE_INFO, &c->standard, sizeof c->standard);
    c->priority_class = priority_class_of(flags);
    if (c->priority_class)
        add_attribute(c, PS_ATTRIBUTE_PRIORITY_CLASS, &c->priority_class, sizeof c->priority_class);
    if (flags & CREATE_DEFAULT_ERROR_MODE)
        add_attribute(c, PS_ATTRIBUTE_ERROR_MODE, &c->error_mode, sizeof c->error_mode);
    if (flags & EXTENDED_STARTUPINFO_PRESENT)
        add_extended(c, ((const STARTUPINFOEXW *)startup)->lpAttributeList);
}

static OBJECT_ATTRIBUTES attributes_of(const SECURITY_ATTRIBUTES *security)
{
    return (OBJECT_ATTRIBUTES){.Length = sizeof(OBJECT_ATTRIBUTES),
                               .Attributes = security && security->bInheritHandle ? OBJ_INHERIT : 0,
                               .SecurityDescriptor =
                                   security ? security->lpSecurityDescriptor : NULL};
}

static BOOL start(struct creation *c, const SECURITY_ATTRIBUTES *process_security,
                  const SECURITY_ATTRIBUTES *thread_security, BOOL inherit, ULONG flags,
                  PROCESS_INFORMATION *out)
{
    OBJECT_ATTRIBUTES process = attributes_of(process_security),
                      thread = attributes_of(thread_security);
    ULONG process_flags = (inherit ? PROCESS_CREATE_FLAGS_INHERIT_HANDLES : 0) |
                          (flags & CREATE_BREAKAWAY_FROM_JOB ? PROCESS_CREATE_FLAGS_BREAKAWAY : 0);
    ULONG thread_flags = flags & CREATE_SUSPENDED ? THREAD_CREATE_FLAGS_CREATE_SUSPENDED : 0;
    c->info.Size = sizeof c->info;
    c->info.State = PsCreateInitialState;
    if (!done(NtCreateUserProcess(&out->hProcess, &out->hThread, PROCESS_ALL_ACCESS,
                                  THREAD_ALL_ACCESS, &process, &thread, process_flags, thread_flags,
                                  c->parameters, &c->info, &c->list)))
        return FALSE;
    NtClose(c->info.SuccessState.FileHandle);
    NtClose(c->info.SuccessState.SectionHandle);
    out->dwProcessId = (ULONG)(ULONG64)c->id.UniqueProcess;
    out->dwThreadId = (ULONG)(ULONG64)c->id.UniqueThread;
    return TRUE;
}

/* ---- the API ----
 */

static BOOL check_arguments(const WCHAR *application, const WCHAR *command_line,
                            const STARTUPINFOW *startup, ULONG flags)
{
    if (!application && !command_line)
        return fail_error(ERROR_INVALID_PARAMETER);
    if ((flags & EXTENDED_STARTUPINFO_PRESENT) && startup->cb != sizeof(STARTUPINFOEXW))
        return fail_error(ERROR_INVALID_PARAMETER);
    if ((flags & DETACHED_PROCESS) && (flags & CREATE_NEW_CONSOLE))
        return fail_error(ERROR_INVALID_PARAMETER);
    if (flags & (DEBUG_PROCESS | DEBUG_ONLY_THIS_PROCESS))
        return fail_error(ERROR_NOT_SUPPORTED); /* there are no debug objects */
    if (command_line && wide_length(command_line) >= LONGEST_COMMAND_LINE)
        return fail_error(ERROR_FILENAME_EXCED_RANGE);
    return TRUE;
}

static BOOL set_program(struct creation *c, const WCHAR *application, const WCHAR *command_line)
{
    if (!application)
        return program_of_command_line(command_line, c->path) && nt_path(c->path, &c->nt_path);
    ULONG length = GetFullPathNameW(application, PATH_ROOM, c->path, NULL);
    if (!length || length >= PATH_ROOM)
        return fail_error(length ? ERROR_FILENAME_EXCED_RANGE : ERROR_PATH_NOT_FOUND);
    return nt_path(c->path, &c->nt_path);
}

static BOOL create(struct creation *c, const WCHAR *application, const WCHAR *command_line,
                   void *environment, const WCHAR *directory, const STARTUPINFOW *startup,
                   ULONG flags)
{
    if (!set_program(c, application, command_line))
        return FALSE;
    if (directory && !set_directory(c, directory))
        return FALSE;
    if (!set_parameters(c, command_line ? command_line : application, environment, directory,
                        startup, flags))
        return FALSE;
    set_attributes(c, startup, flags);
    return TRUE;
}

/* Tokens are not looked at: every program is the same user's. */
BOOL CreateProcessInternalW(HANDLE token, const WCHAR *application, WCHAR *command_line,
                            const SECURITY_ATTRIBUTES *process_security,
                            const SECURITY_ATTRIBUTES *thread_security, BOOL inherit, ULONG flags,
                            void *environment, const WCHAR *directory, STARTUPINFOW *startup,
                            PROCESS_INFORMATION *out, HANDLE *restricted)
{
    (void)token, (void)restricted;
    if (!startup || !out)
        return fail_error(ERROR_INVALID_PARAMETER);
    zero_bytes(out, sizeof *out);
    if (!check_arguments(application, command_line, startup, flags))
        return FALSE;
    struct creation *c = heap_alloc(sizeof *c);
    if (!c)
        return FALSE;
    zero_bytes(c, sizeof *c);
    BOOL ok = create(c, application, command_line, environment, directory, startup, flags) &&
              start(c, process_security, thread_security, inherit, flags, out);
    ULONG error = GetLastError();
    if (c->parameters)
        RtlDestroyProcessParameters(c->parameters);
    if (c->nt_path.Buffer)
        nt_path_free(&c->nt_path);
    heap_free(c->environment);
    heap_free(c);
    if (!ok)
        SetLastError(error);
    return ok;
}

BOOL CreateProcessW(const WCHAR *application, WCHAR *command_line,
                    const SECURITY_ATTRIBUTES *process_security,
                    const SECURITY_ATTRIBUTES *thread_security, BOOL inherit, ULONG flags,
                    void *environment, const WCHAR *directory, STARTUPINFOW *startup,
                    PROCESS_INFORMATION *out)
{
    return CreateProcessInternalW(NULL, application, command_line, process_security,
                                  thread_security, inherit, flags, environment, directory, startup,
                                  out, NULL);
}

/* The strings of a STARTUPINFOA, as wide ones. */
struct wide_startup {
    STARTUPINFOEXW info;
    struct wide_arg desktop, title, reserved;
};

static BOOL wide_startup_init(struct wide_startup *wide, const STARTUPINFOA *startup, ULONG flags)
{
    copy_bytes(&wide->info, startup,
               flags & EXTENDED_STARTUPINFO_PRESENT ? sizeof(STARTUPINFOEXW) : sizeof *startup);
    wide->title.text = wide->reserved.text = NULL;
    if (!wide_arg_init(&wide->desktop, startup->lpDesktop) ||
        !wide_arg_init(&wide->title, startup->lpTitle) ||
        !wide_arg_init(&wide->reserved, startup->lpReserved))
        return FALSE;
    wide->info.StartupInfo.lpDesktop = wide->desktop.text;
    wide->info.StartupInfo.lpTitle = wide->title.text;
    wide->info.StartupInfo.lpReserved = wide->reserved.text;
    return TRUE;
}

static void wide_startup_deinit(struct wide_startup *wide)
{
    wide_arg_deinit(&wide->desktop);
    wide_arg_deinit(&wide->title);
    wide_arg_deinit(&wide->reserved);
}

/* The wide forms of what CreateProcessA was given; wide_launch_deinit gives them back. */
struct wide_launch {
    struct wide_arg application, command_line, directory;
    struct wide_startup startup;
};

static BOOL wide_launch_init(struct wide_launch *wide, const char *application, char *command_line,
                             const char *directory, const STARTUPINFOA *startup, ULONG flags)
{
    zero_bytes(wide, sizeof *wide);
    return wide_arg_init(&wide->application, application) &&
           wide_arg_init(&wide->command_line, command_line) &&
           wide_arg_init(&wide->directory, directory) &&
           wide_startup_init(&wide->startup, startup, flags);
}

static void wide_launch_deinit(struct wide_launch *wide)
{
    wide_arg_deinit(&wide->application);
    wide_arg_deinit(&wide->command_line);
    wide_arg_deinit(&wide->directory);
    wide_startup_deinit(&wide->startup);
}

BOOL CreateProcessA(const char *application, char *command_line,
                    const SECURITY_ATTRIBUTES *process_security,
                    const SECURITY_ATTRIBUTES *thread_security, BOOL inherit, ULONG flags,
                    void *environment, const char *directory, STARTUPINFOA *startup,
                    PROCESS_INFORMATION *out)
{
    _Static_assert(sizeof(STARTUPINFOA) == sizeof(STARTUPINFOW), "same layout but for the strings");
    if (!startup || !out)
        return fail_error(ERROR_INVALID_PARAMETER);
    struct wide_launch *wide = heap_alloc(sizeof *wide);
    if (!wide)
        return FALSE;
    BOOL ok = wide_launch_init(wide, application, command_line, directory, startup, flags) &&
              CreateProcessW(wide->application.text, wide->command_line.text, process_security,
                             thread_security, inherit, flags, environment, wide->directory.text,
                             &wide->startup.info.StartupInfo, out);
    ULONG error = GetLastError();
    wide_launch_deinit(wide);
    heap_free(wide);
    if (!ok)
        SetLastError(error);
    return ok;
}

/* The 16-bit way. => above 31: it runs */
UINT WinExec(const char *command_line, UINT show)
{
    const UINT runs = 33;
    STARTUPINFOA startup = {.cb = sizeof startup, .dwFlags = 1, .wShowWindow = (USHORT)show};
    PROCESS_INFORMATION info;
    if (!CreateProcessA(NULL, (char *)command_line, NULL, NULL, FALSE, 0, NULL, NULL, &startup,
                        &info))
        return GetLastError() < 32 ? GetLastError() : ERROR_BAD_FORMAT;
    CloseHandle(info.hProcess);
    CloseHandle(info.hThread);
    return runs;
}

/* ---- attribute lists ----
 */

BOOL InitializeProcThreadAttributeList(struct proc_thread_list *list, ULONG count, ULONG flags,
                                       ULONG64 *size)
{
    ULONG64 needed = sizeof *list + count * sizeof list->entry[0];
    if (flags || count > 64)
        return fail_error(ERROR_INVALID_PARAMETER);
    BOOL fits = list && *size >= needed;
    *size = needed;
    if (!fits)
        return fail_error(ERROR_INSUFFICIENT_BUFFER);
    *list = (struct proc_thread_list){.room = count};
    return TRUE;
}

BOOL UpdateProcThreadAttribute(struct proc_thread_list *list, ULONG flags, ULONG64 attribute,
                               void *value, ULONG64 size, void *previous, ULONG64 *returned)
{
    if (flags || previous || returned)
        return fail_error(ERROR_INVALID_PARAMETER);
    if (attribute != PROC_THREAD_ATTRIBUTE_PARENT_PROCESS &&
        attribute != PROC_THREAD_ATTRIBUTE_HANDLE_LIST)
        return fail_error(ERROR_NOT_SUPPORTED);
    if (!size || size % sizeof(HANDLE) ||
        (attribute == PROC_THREAD_ATTRIBUTE_PARENT_PROCESS && size != sizeof(HANDLE)))
        return fail_error(ERROR_BAD_LENGTH);
    for (ULONG i = 0; i < list->count; i++)
        if (list->entry[i].attribute == attribute)
            return fail_error(ERROR_OBJECT_NAME_EXISTS);
    if (list->count == list->room)
        return fail_error(ERROR_GEN_FAILURE);
    list->entry[list->count].attribute = attribute;
    list->entry[list->count].size = size;
    list->entry[list->count++].value = value;
    return TRUE;
}

void DeleteProcThreadAttributeList(struct proc_thread_list *list)
{
    list->count = 0;
}
