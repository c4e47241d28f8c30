/* One program runs others: what they are told, what they inherit, how they end, what can be done to
 * them. Started with arguments it is one of the others. */
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include <winternl.h>

#define SHARED ((char *)0x50000000)

static const char *self; /* the program's path, which has no blanks */

/* ---- the others ---- */

static DWORD parent_of(HANDLE process)
{
    PROCESS_BASIC_INFORMATION info = {0};
    __typeof__(&NtQueryInformationProcess) query =
        (void *)GetProcAddress(GetModuleHandleA("ntdll"), "NtQueryInformationProcess");
    query(process, ProcessBasicInformation, &info, sizeof info, NULL);
    return (DWORD)(ULONG_PTR)info.InheritedFromUniqueProcessId;
}

static int child_handle(const char *text)
{
    HANDLE event = (HANDLE)(ULONG_PTR)strtoul(text, NULL, 16);
    printf("  set inherited event: %d\n", SetEvent(event));
    return 0;
}

static int child_streams(void)
{
    char line[100] = "";
    DWORD n = 0;
    ReadFile(GetStdHandle(STD_INPUT_HANDLE), line, sizeof line - 1, &n, NULL);
    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), line, n, &n, NULL);
    WriteFile(GetStdHandle(STD_ERROR_HANDLE), "error stream", 12, &n, NULL);
    return 0;
}

static int child_tree(int depth)
{
    char line[300];
    STARTUPINFOA startup = {.cb = sizeof startup};
    PROCESS_INFORMATION info;
    DWORD code = 0;
    if (depth == 0)
        return 1;
    for (int i = 0; i < 2; i++) {
        DWORD one;
        snprintf(line, sizeof line, "%s tree %d", self, depth - 1);
        if (!CreateProcessA(NULL, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &info))
            return 0;
        WaitForSingleObject(info.hProcess, INFINITE);
        GetExitCodeProcess(info.hProcess, &one);
        CloseHandle(info.hProcess);
        CloseHandle(info.hThread);
        code += one;
    }
    return code + 1;
}

static int child(int argc, char **argv)
{
    char folder[MAX_PATH], value[100] = "";
    if (strcmp(argv[1], "exit") == 0)
        return atoi(argv[2]);
    if (strcmp(argv[1], "words") == 0) {
        for (int i = 2; i < argc; i++)
            printf("  [%s]", argv[i]);
        printf("\n");
        return 0;
    }
    if (strcmp(argv[1], "place") == 0) {
        GetCurrentDirectoryA(sizeof folder, folder);
        GetEnvironmentVariableA("COLOUR", value, sizeof value);
        printf("  inner folder: %d, COLOUR %s, PATH %d\n", strstr(folder, "\\inner") != NULL, value,
               GetEnvironmentVariableA("PATH", NULL, 0) != 0);
        return 0;
    }
    if (strcmp(argv[1], "parent") == 0)
        return parent_of(GetCurrentProcess()) == strtoul(argv[2], NULL, 10) ? 1 : 2;
    if (strcmp(argv[1], "handle") == 0)
        return child_handle(argv[2]);
    if (strcmp(argv[1], "streams") == 0)
        return child_streams();
    if (strcmp(argv[1], "shared") == 0)
        return *(int *)SHARED;
    if (strcmp(argv[1], "tree") == 0)
        return child_tree(atoi(argv[2]));
    Sleep(INFINITE);
    return 99;
}

/* ---- running them ---- */

static BOOL start(PROCESS_INFORMATION *info, BOOL inherit, DWORD flags, const char *words)
{
    char line[400];
    STARTUPINFOA startup = {.cb = sizeof startup};
    snprintf(line, sizeof line, "%s %s", self, words);
    fflush(stdout);
    if (CreateProcessA(NULL, line, NULL, NULL, inherit, flags, NULL, NULL, &startup, info))
        return TRUE;
    printf("cannot start %s: %lu\n", words, GetLastError());
    return FALSE;
}

static DWORD finish(PROCESS_INFORMATION *info)
{
    DWORD code = 12345;
    if (WaitForSingleObject(info->hProcess, INFINITE) != WAIT_OBJECT_0)
        printf("wait fails: %lu\n", GetLastError());
    GetExitCodeProcess(info->hProcess, &code);
    CloseHandle(info->hThread);
    CloseHandle(info->hProcess);
    return code;
}

static DWORD run(const char *words, BOOL inherit)
{
    PROCESS_INFORMATION info;
    return start(&info, inherit, 0, words) ? finish(&info) : 54321;
}

static void exit_codes(void)
{
    PROCESS_INFORMATION info;
    DWORD code;
    printf("exit codes: %lu", run("exit 0", FALSE));
    printf(" %lu", run("exit 77", FALSE));
    printf(" %lx\n", run("exit -2", TRUE));
    start(&info, FALSE, 0, "hang");
    GetExitCodeProcess(info.hProcess, &code);
    printf("runs: %d, wait times out: %d\n", code == STILL_ACTIVE,
           WaitForSingleObject(info.hProcess, 1) == WAIT_TIMEOUT);
    printf("ids: %d %d %d\n", GetProcessId(info.hProcess) == info.dwProcessId,
           GetProcessIdOfThread(info.hThread) == info.dwProcessId,
           GetThreadId(info.hThread) == info.dwThreadId);
    printf("terminate: %d", TerminateProcess(info.hProcess, 1234));
    WaitForSingleObject(info.hProcess, INFINITE);
    GetExitCodeThread(info.hThread, &code);
    printf(", thread %lu", code);
    printf(", again: %d", TerminateProcess(info.hProcess, 1));
    printf(" %lu", GetLastError());
    printf(", process %lu\n", finish(&info));
}

static void words(void)
{
    run("words one \"two three\" \"say \\\"x\\\"\"", FALSE);
    char text[40];
    snprintf(text, sizeof text, "parent %lu", GetCurrentProcessId());
    printf("parent id: %lu\n", run(text, FALSE));
}

static void places(void)
{
    char line[300], old[MAX_PATH];
    char ansi[] = "COLOUR=red\0PATH=x\0";
    WCHAR wide[] = L"COLOUR=blue\0";
    STARTUPINFOA startup = {.cb = sizeof startup};
    PROCESS_INFORMATION info;
    CreateDirectoryA("inner", NULL);
    CopyFileA(self, "inner\\helper.exe", FALSE);
    SetEnvironmentVariableA("COLOUR", "green");
    run("place", FALSE);
    fflush(stdout);
    snprintf(line, sizeof line, "%s place", self);
    CreateProcessA(NULL, line, NULL, NULL, FALSE, 0, ansi, "inner", &startup, &info);
    finish(&info);
    CreateProcessA(self, "\"any name\" place", NULL, NULL, FALSE, CREATE_UNICODE_ENVIRONMENT, wide,
                   "inner\\", &startup, &info);
    finish(&info);
    /* By the name alone: current folder, with and without extension; then PATH. */
    SetCurrentDirectoryA("inner");
    printf("helper: %d", CreateProcessA(NULL, "helper exit 5", NULL, NULL, FALSE, 0, NULL, NULL,
                                        &startup, &info));
    printf(" %lu", finish(&info));
    printf(", helper.exe: %d", CreateProcessA(NULL, "\"helper.exe\" exit 6", NULL, NULL, FALSE, 0,
                                              NULL, NULL, &startup, &info));
    printf(" %lu", finish(&info));
    GetCurrentDirectoryA(sizeof old, old);
    SetEnvironmentVariableA("PATH", old);
    SetCurrentDirectoryA("..");
    printf(", by PATH: %d", CreateProcessA(NULL, "helper exit 7", NULL, NULL, FALSE, 0, NULL, NULL,
                                           &startup, &info));
    printf(" %lu\n", finish(&info));
    printf("application without path or extension: %d",
           CreateProcessA("helper", "helper exit 8", NULL, NULL, FALSE, 0, NULL, NULL, &startup,
                          &info));
    printf(" error %lu\n", GetLastError());
}

static void inheritance(void)
{
    SECURITY_ATTRIBUTES inheritable = {sizeof inheritable, NULL, TRUE};
    HANDLE given = CreateEventA(&inheritable, TRUE, FALSE, NULL);
    HANDLE kept = CreateEventA(NULL, TRUE, FALSE, NULL);
    char text[60];
    snprintf(text, sizeof text, "handle %lx", (ULONG)(ULONG_PTR)given);
    run(text, TRUE);
    printf("set by child: %d\n", WaitForSingleObject(given, 0) == WAIT_OBJECT_0);
    ResetEvent(given);
    run(text, FALSE);
    printf("not when nothing is inherited: %d\n", WaitForSingleObject(given, 0) == WAIT_TIMEOUT);
    snprintf(text, sizeof text, "handle %lx", (ULONG)(ULONG_PTR)kept);
    run(text, TRUE);
    printf("nor one that is not inheritable: %d\n", WaitForSingleObject(kept, 0) == WAIT_TIMEOUT);
    SetHandleInformation(kept, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    run(text, TRUE);
    printf("until it is: %d\n", WaitForSingleObject(kept, 0) == WAIT_OBJECT_0);
}

static void streams(void)
{
    SECURITY_ATTRIBUTES inheritable = {sizeof inheritable, NULL, TRUE};
    STARTUPINFOA startup = {.cb = sizeof startup, .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION info;
    char line[300], text[100];
    DWORD n;
    HANDLE in = CreateFileA("in.txt", GENERIC_READ | GENERIC_WRITE, 3, &inheritable, CREATE_ALWAYS,
                            0, NULL);
    HANDLE out = CreateFileA("out.txt", GENERIC_READ | GENERIC_WRITE, 3, &inheritable,
                             CREATE_ALWAYS, 0, NULL);
    HANDLE err = CreateFileA("err.txt", GENERIC_READ | GENERIC_WRITE, 3, &inheritable,
                             CREATE_ALWAYS, 0, NULL);
    WriteFile(in, "from parent", 11, &n, NULL);
    SetFilePointer(in, 0, NULL, FILE_BEGIN);
    startup.hStdInput = in;
    startup.hStdOutput = out;
    startup.hStdError = err;
    snprintf(line, sizeof line, "%s streams", self);
    CreateProcessA(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &info);
    finish(&info);
    SetFilePointer(out, 0, NULL, FILE_BEGIN);
    ReadFile(out, text, sizeof text, &n, NULL);
    printf("out: %.*s", (int)n, text);
    SetFilePointer(err, 0, NULL, FILE_BEGIN);
    ReadFile(err, text, sizeof text, &n, NULL);
    printf(", err: %.*s\n", (int)n, text);
    CloseHandle(in);
    CloseHandle(out);
    CloseHandle(err);
}

/* ---- into another process ---- */

static void suspended(void)
{
    PROCESS_INFORMATION info;
    SIZE_T done = 0;
    int value = 4711, back = 0;
    DWORD old;
    HANDLE theirs = NULL, mine = CreateEventA(NULL, TRUE, FALSE, NULL);
    MEMORY_BASIC_INFORMATION region;
    start(&info, FALSE, CREATE_SUSPENDED, "shared");
    printf("suspended: %d\n", WaitForSingleObject(info.hProcess, 20) == WAIT_TIMEOUT);
    printf("allocate: %d", VirtualAllocEx(info.hProcess, SHARED, 0x2000, MEM_RESERVE | MEM_COMMIT,
                                          PAGE_READWRITE) == SHARED);
    printf(" write: %d", WriteProcessMemory(info.hProcess, SHARED, &value, sizeof value, &done));
    printf(" %d", (int)done);
    printf(" protect: %d", VirtualProtectEx(info.hProcess, SHARED, 0x1000, PAGE_READONLY, &old));
    printf(" %lx", old);
    printf(" query: %d", VirtualQueryEx(info.hProcess, SHARED, &region, sizeof region) != 0);
    printf(" %lx %x", region.Protect, (unsigned)region.RegionSize);
    printf(" read: %d", ReadProcessMemory(info.hProcess, SHARED, &back, sizeof back, &done));
    printf(" %d\n", back);
    printf("duplicate: %d", DuplicateHandle(GetCurrentProcess(), mine, info.hProcess, &theirs, 0,
                                            FALSE, DUPLICATE_SAME_ACCESS));
    HANDLE again = NULL;
    printf(" and back: %d", DuplicateHandle(info.hProcess, theirs, GetCurrentProcess(), &again, 0,
                                            FALSE, DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE));
    SetEvent(again);
    printf(" same object: %d", WaitForSingleObject(mine, 0) == WAIT_OBJECT_0);
    printf(" source closed: %d", DuplicateHandle(info.hProcess, theirs, GetCurrentProcess(), &again,
                                                 0, FALSE, DUPLICATE_SAME_ACCESS));
    printf(" %lu\n", GetLastError());
    printf("suspend: %lu", SuspendThread(info.hThread));
    printf(" resume: %lu", ResumeThread(info.hThread));
    printf(" %lu", ResumeThread(info.hThread));
    printf(" exit %lu\n", finish(&info));
}

static void remote_thread(void)
{
    PROCESS_INFORMATION info;
    HANDLE thread;
    DWORD id, code;
    start(&info, FALSE, 0, "hang");
    thread = CreateRemoteThread(info.hProcess, NULL, 0, (LPTHREAD_START_ROUTINE)ExitThread,
                                (void *)55, 0, &id);
    printf("remote thread: %d", thread != NULL);
    WaitForSingleObject(thread, INFINITE);
    GetExitCodeThread(thread, &code);
    printf(" %lu of child: %d\n", code, GetProcessIdOfThread(thread) == info.dwProcessId);
    CloseHandle(thread);
    thread = CreateRemoteThread(info.hProcess, NULL, 0, (LPTHREAD_START_ROUTINE)ExitProcess,
                                (void *)56, 0, &id);
    CloseHandle(thread);
    printf("ends the process: %lu\n", finish(&info));
}

static void by_id(void)
{
    PROCESS_INFORMATION info;
    DWORD code;
    char byte;
    SIZE_T n;
    start(&info, FALSE, 0, "hang");
    HANDLE limited = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, info.dwProcessId);
    printf("limited: %d, code %d", limited != NULL,
           GetExitCodeProcess(limited, &code) && code == STILL_ACTIVE);
    printf(", terminate %d", TerminateProcess(limited, 1));
    printf(" %lu", GetLastError());
    printf(", read %d", ReadProcessMemory(limited, SHARED, &byte, 1, &n));
    printf(" %lu", GetLastError());
    printf(", wait %d", WaitForSingleObject(limited, 0) == WAIT_FAILED);
    printf(" %lu\n", GetLastError());
    CloseHandle(limited);
    HANDLE thread = OpenThread(THREAD_SUSPEND_RESUME, FALSE, info.dwThreadId);
    printf("thread: %lu", SuspendThread(thread));
    printf(" %lu", ResumeThread(thread));
    printf(", terminate %d", TerminateThread(thread, 1));
    printf(" %lu\n", GetLastError());
    CloseHandle(thread);
    HANDLE all = OpenProcess(PROCESS_TERMINATE | SYNCHRONIZE, FALSE, info.dwProcessId);
    printf("terminate: %d", TerminateProcess(all, 3));
    printf(", wait %lu", WaitForSingleObject(all, INFINITE));
    CloseHandle(all);
    printf(", code %lu\n", finish(&info));
    printf("no such id: %d", OpenProcess(SYNCHRONIZE, FALSE, 0x7FFFFFF0) == NULL);
    printf(" %lu", GetLastError());
    printf(" %d", OpenThread(SYNCHRONIZE, FALSE, 0x7FFFFFF0) == NULL);
    printf(" %lu\n", GetLastError());
}

/* ---- what fails ---- */

static void fails(const char *what, const char *application, const char *line, DWORD flags,
                  const char *folder)
{
    char text[400];
    STARTUPINFOA startup = {.cb = sizeof startup};
    PROCESS_INFORMATION info;
    snprintf(text, sizeof text, "%s", line ? line : "");
    SetLastError(0);
    BOOL ok = CreateProcessA(application, line ? text : NULL, NULL, NULL, FALSE, flags, NULL,
                             folder, &startup, &info);
    printf("%s: %d %lu\n", what, ok, GetLastError());
    if (ok)
        finish(&info);
}

static void failures(void)
{
    HANDLE file = CreateFileA("text.exe", GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    DWORD n, code;
    WriteFile(file, "not a program, just some text of a certain length", 49, &n, NULL);
    CloseHandle(file);
    fails("no such file", "nothing.exe", NULL, 0, NULL);
    fails("nor in a command line", NULL, "nothing.exe x", 0, NULL);
    fails("no such folder", "no\\such\\folder.exe", NULL, 0, NULL);
    fails("a folder", "inner", NULL, 0, NULL);
    fails("a text", "text.exe", NULL, 0, NULL);
    fails("a DLL", "C:\\Windows\\System32\\kernel32.dll", NULL, 0, NULL);
    fails("a current folder that is none", self, "x exit 1", 0, "nowhere");
    fails("two consoles", self, "x exit 1", DETACHED_PROCESS | CREATE_NEW_CONSOLE, NULL);
    printf("no handle: %d", GetExitCodeProcess(NULL, &code));
    printf(" %lu", GetLastError());
    printf(" %d", TerminateProcess((HANDLE)0x7654, 1));
    printf(" %lu", GetLastError());
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL);
    printf(", an event: %d", TerminateProcess(event, 1));
    printf(" %lu\n", GetLastError());
}

static void several(void)
{
    PROCESS_INFORMATION info[8];
    HANDLE handles[8];
    DWORD sum = 0;
    for (int i = 0; i < 8; i++) {
        char text[20];
        snprintf(text, sizeof text, "exit %d", i + 1);
        start(&info[i], FALSE, 0, text);
        handles[i] = info[i].hProcess;
    }
    printf("all: %lu", WaitForMultipleObjects(8, handles, TRUE, INFINITE));
    for (int i = 0; i < 8; i++)
        sum += finish(&info[i]);
    printf(" sum %lu, tree of %lu\n", sum, run("tree 3", FALSE));
}

int main(int argc, char **argv)
{
    static char path[MAX_PATH];
    GetModuleFileNameA(NULL, path, sizeof path);
    self = path;
    if (argc > 1)
        return child(argc, argv);
    exit_codes();
    words();
    places();
    inheritance();
    streams();
    suspended();
    remote_thread();
    by_id();
    failures();
    several();
    return 0;
}
