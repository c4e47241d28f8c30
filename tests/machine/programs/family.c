/* A program with children: family WHAT. They are the same program; each ends with the code that its
 * parent expects. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

enum { AT_ONCE = 4, ROUNDS = 2, MOST = 200, BAD = 250 };

static char self[MAX_PATH];

static BOOL start(const char *what, DWORD flags, BOOL inherit, PROCESS_INFORMATION *info)
{
    char line[MAX_PATH + 40];
    STARTUPINFOA startup = {.cb = sizeof startup};
    strcpy(line, self);
    strcat(line, " ");
    strcat(line, what);
    return CreateProcessA(NULL, line, NULL, NULL, inherit, flags, NULL, NULL, &startup, info);
}

static DWORD finish(PROCESS_INFORMATION *info)
{
    DWORD code = BAD;
    WaitForSingleObject(info->hProcess, INFINITE);
    GetExitCodeProcess(info->hProcess, &code);
    CloseHandle(info->hProcess);
    CloseHandle(info->hThread);
    return code;
}

/* Children in all ways: left alone, suspended and killed, written to, with handles, with a thread
 * of ours, one that ends us is in `murder`. */
static int work(void)
{
    SECURITY_ATTRIBUTES inheritable = {sizeof inheritable, NULL, TRUE};
    HANDLE event = CreateEventA(&inheritable, TRUE, FALSE, NULL);
    for (int round = 0; round < ROUNDS; round++) {
        PROCESS_INFORMATION info[AT_ONCE];
        HANDLE theirs;
        if (!start("quick", 0, round & 1, &info[0]) ||
            !start("quick", CREATE_SUSPENDED, TRUE, &info[1]) ||
            !start("wait", 0, FALSE, &info[2]) || !start("nest", 0, TRUE, &info[3])) {
            return BAD;
        }
        void *memory = VirtualAllocEx(info[1].hProcess, NULL, 0x5000, MEM_RESERVE | MEM_COMMIT,
                                      PAGE_READWRITE);
        WriteProcessMemory(info[1].hProcess, memory, self, sizeof self, NULL);
        DuplicateHandle(GetCurrentProcess(), event, info[1].hProcess, &theirs, 0, FALSE,
                        DUPLICATE_SAME_ACCESS);
        if (round & 1) {
            ResumeThread(info[1].hThread);
        } else {
            TerminateProcess(info[1].hProcess, 7);
        }
        CloseHandle(CreateRemoteThread(info[2].hProcess, NULL, 0,
                                       (LPTHREAD_START_ROUTINE)ExitProcess, (void *)7, 0, NULL));
        for (int i = 0; i < AT_ONCE; i++) {
            if (finish(&info[i]) != 7) {
                return BAD + 1;
            }
        }
    }
    return 7;
}

/* A child outlives its parent. */
static int orphan(void)
{
    PROCESS_INFORMATION info;
    return start("late", 0, FALSE, &info) ? 5 : BAD;
}

/* Never an end, and never the same processes. */
static void breed(void)
{
    PROCESS_INFORMATION info;
    for (;;) {
        if (start("breed", 0, TRUE, &info)) {
            CloseHandle(info.hProcess);
            CloseHandle(info.hThread);
        }
        Sleep(1);
    }
}

/* As many as there is memory for: then the documented error, and the others can be ended. */
static int crowd(void)
{
    static PROCESS_INFORMATION info[MOST];
    DWORD error = 0;
    int count = 0;
    while (count < MOST && start("wait", CREATE_SUSPENDED, FALSE, &info[count])) {
        VirtualAllocEx(info[count++].hProcess, NULL, 0x80000, MEM_RESERVE | MEM_COMMIT,
                       PAGE_READWRITE);
    }
    error = GetLastError();
    for (int i = 0; i < count; i++) {
        TerminateProcess(info[i].hProcess, 7);
        if (finish(&info[i]) != 7) {
            return BAD + 1;
        }
    }
    return count == MOST ? BAD + 2
           : error == ERROR_COMMITMENT_LIMIT || error == ERROR_NOT_ENOUGH_MEMORY ||
                   error == ERROR_NO_SYSTEM_RESOURCES
               ? 7
               : BAD + 3;
}

static int murder(const char *id)
{
    HANDLE parent = OpenProcess(PROCESS_TERMINATE | SYNCHRONIZE, FALSE, strtoul(id, NULL, 10));
    TerminateProcess(parent, 9);
    return WaitForSingleObject(parent, INFINITE) == WAIT_OBJECT_0 ? 0 : BAD;
}

static int victim(void)
{
    PROCESS_INFORMATION info;
    char what[40];
    sprintf(what, "murder %lu", GetCurrentProcessId());
    start(what, 0, FALSE, &info);
    Sleep(INFINITE);
    return BAD;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "work";
    PROCESS_INFORMATION info;
    GetModuleFileNameA(NULL, self, sizeof self);
    if (strcmp(what, "work") == 0) {
        return work();
    } else if (strcmp(what, "quick") == 0) {
        return 7;
    } else if (strcmp(what, "nest") == 0) {
        return start("quick", 0, TRUE, &info) ? finish(&info) : BAD;
    } else if (strcmp(what, "orphan") == 0) {
        return orphan();
    } else if (strcmp(what, "late") == 0) {
        Sleep(30);
        return 6;
    } else if (strcmp(what, "breed") == 0) {
        breed();
    } else if (strcmp(what, "crowd") == 0) {
        return crowd();
    } else if (strcmp(what, "victim") == 0) {
        return victim();
    } else if (strcmp(what, "murder") == 0) {
        return murder(argv[2]);
    }
    Sleep(INFINITE);
    return BAD;
}
