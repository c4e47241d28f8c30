/* Jobs: who is in them, what their limits do, how they are counted, how they end. With arguments
 * the program is a process of a job. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define MB (1024 * 1024)

static const char *self;

static void *commit(SIZE_T size)
{
    return VirtualAlloc(NULL, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
}

static BOOL spawn(const char *how, DWORD flags, PROCESS_INFORMATION *info)
{
    STARTUPINFOA startup = {.cb = sizeof startup};
    char line[MAX_PATH + 32];
    snprintf(line, sizeof line, "%s %s", self, how);
    fflush(stdout);
    return CreateProcessA(NULL, line, NULL, NULL, FALSE, flags, NULL, NULL, &startup, info);
}

static DWORD finish(PROCESS_INFORMATION *info)
{
    DWORD code = 99;
    WaitForSingleObject(info->hProcess, INFINITE);
    GetExitCodeProcess(info->hProcess, &code);
    CloseHandle(info->hProcess);
    CloseHandle(info->hThread);
    return code;
}

/* A process that waits until it is told to go on, or ended. */
static HANDLE suspended(PROCESS_INFORMATION *info, DWORD flags)
{
    return spawn("wait", CREATE_SUSPENDED | flags, info) ? info->hProcess : NULL;
}

static int in_job(HANDLE process, HANDLE job)
{
    BOOL in = -1;
    return IsProcessInJob(process, job, &in) ? in : -1;
}

static void set_limits(HANDLE job, DWORD flags, DWORD active, SIZE_T process, SIZE_T all)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {
        .BasicLimitInformation = {.LimitFlags = flags, .ActiveProcessLimit = active},
        .ProcessMemoryLimit = process,
        .JobMemoryLimit = all};
    SetLastError(0);
    BOOL set =
        SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits);
    printf("limits %lx: %d %lu\n", flags, set, set ? 0 : GetLastError());
}

static void show_counts(const char *what, HANDLE job)
{
    JOBOBJECT_BASIC_ACCOUNTING_INFORMATION counts;
    QueryInformationJobObject(job, JobObjectBasicAccountingInformation, &counts, sizeof counts,
                              NULL);
    printf("%s: total %lu active %lu terminated %lu, faults %d\n", what, counts.TotalProcesses,
           counts.ActiveProcesses, counts.TotalTerminatedProcesses, counts.TotalPageFaultCount > 0);
}

/* ---- processes of a job ---- */

static int child(const char *how)
{
    if (strcmp(how, "memory") == 0) {
        int count = 0;
        while (commit(MB))
            count++;
        DWORD error = GetLastError();
        printf("  %d MB, error %lu\n", count, error);
        return count;
    }
    if (strcmp(how, "family") == 0) {
        PROCESS_INFORMATION info;
        printf("  in a job %d", in_job(GetCurrentProcess(), NULL));
        if (!spawn("grandchild", 0, &info)) {
            printf(", no child: %lu\n", GetLastError());
            return 1;
        }
        printf("\n");
        return finish(&info);
    }
    if (strcmp(how, "break") == 0) {
        PROCESS_INFORMATION info;
        if (!spawn("grandchild", CREATE_BREAKAWAY_FROM_JOB, &info)) {
            printf("  may not break away: %lu\n", GetLastError());
            return 1;
        }
        return finish(&info);
    }
    if (strcmp(how, "grandchild") == 0)
        return 10 + in_job(GetCurrentProcess(), NULL);
    return 0;
}

static DWORD run_in(HANDLE job, const char *how)
{
    PROCESS_INFORMATION info;
    if (!spawn(how, CREATE_SUSPENDED, &info))
        return 98;
    if (!AssignProcessToJobObject(job, info.hProcess))
        printf("cannot be assigned: %lu\n", GetLastError());
    ResumeThread(info.hThread);
    return finish(&info);
}

/* ---- tests ---- */

static void membership(void)
{
    PROCESS_INFORMATION info;
    HANDLE job = CreateJobObjectA(NULL, "Local\\ntmm-job"), other = CreateJobObjectA(NULL, NULL);
    HANDLE again = OpenJobObjectA(JOB_OBJECT_QUERY, FALSE, "Local\\ntmm-job");
    HANDLE process = suspended(&info, 0);
    printf("opened %d, in a job %d %d\n", again != NULL, in_job(process, NULL),
           in_job(process, job));
    printf("assign %d", AssignProcessToJobObject(job, process));
    printf(", in a job %d %d %d\n", in_job(process, NULL), in_job(process, again),
           in_job(process, other));
    printf("another: %d", AssignProcessToJobObject(other, process));
    printf(" %lu\n", GetLastError());
    printf("without the right: %d", AssignProcessToJobObject(again, GetCurrentProcess()));
    printf(" %lu\n", GetLastError());
    struct {
        JOBOBJECT_BASIC_PROCESS_ID_LIST list;
        ULONG_PTR more[4];
    } ids;
    printf("ids %d",
           QueryInformationJobObject(job, JobObjectBasicProcessIdList, &ids, sizeof ids, NULL));
    printf(" %lu %lu %d\n", ids.list.NumberOfAssignedProcesses, ids.list.NumberOfProcessIdsInList,
           ids.list.ProcessIdList[0] == info.dwProcessId);
    show_counts("one", job);
    TerminateJobObject(job, 77);
    printf("ended with %lu\n", finish(&info));
    show_counts("none", job);
    spawn("grandchild", 0, &info);
    WaitForSingleObject(info.hProcess, INFINITE);
    printf("one that has ended: %d", AssignProcessToJobObject(job, info.hProcess));
    printf(" %lu", GetLastError());
    printf(", %lu\n", finish(&info));
    CloseHandle(job);
    CloseHandle(again);
    printf("gone: %d\n", OpenJobObjectA(JOB_OBJECT_QUERY, FALSE, "Local\\ntmm-job") == NULL);
    CloseHandle(other);
}

static void memory(void)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits;
    HANDLE job = CreateJobObjectA(NULL, NULL);
    set_limits(job, JOB_OBJECT_LIMIT_PROCESS_MEMORY, 0, 8 * MB, 0);
    DWORD count = run_in(job, "memory");
    printf("of 8 MB: %d\n", count >= 5 && count <= 7);
    QueryInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits, NULL);
    printf("limit %x, peak %d\n", (unsigned)limits.ProcessMemoryLimit,
           limits.PeakProcessMemoryUsed > count * MB && limits.PeakProcessMemoryUsed <= 8 * MB);
    CloseHandle(job);
    job = CreateJobObjectA(NULL, NULL);
    set_limits(job, JOB_OBJECT_LIMIT_JOB_MEMORY, 0, 0, 8 * MB);
    PROCESS_INFORMATION idle;
    AssignProcessToJobObject(job, suspended(&idle, 0));
    void *theirs =
        VirtualAllocEx(idle.hProcess, NULL, 4 * MB, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    DWORD half = run_in(job, "memory");
    printf("of what is left of 8 MB: %d\n", theirs && half >= 1 && half <= 3);
    TerminateProcess(idle.hProcess, 0);
    finish(&idle);
    count = run_in(job, "memory");
    printf("of all again: %d\n", count >= 5 && count <= 7);
    QueryInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits, NULL);
    printf("limit %x, peak %d\n", (unsigned)limits.JobMemoryLimit,
           limits.PeakJobMemoryUsed > count * MB && limits.PeakJobMemoryUsed <= 9 * MB);
    CloseHandle(job);
}

static void families(void)
{
    HANDLE job = CreateJobObjectA(NULL, NULL);
    printf("child's child: %lu\n", run_in(job, "family"));
    show_counts("two", job);
    printf("breaks away: %lu\n", run_in(job, "break"));
    set_limits(job, JOB_OBJECT_LIMIT_BREAKAWAY_OK, 0, 0, 0);
    printf("breaks away: %lu\n", run_in(job, "break"));
    set_limits(job, JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK, 0, 0, 0);
    printf("leaves: %lu\n", run_in(job, "family"));
    set_limits(job, JOB_OBJECT_LIMIT_ACTIVE_PROCESS, 1, 0, 0);
    printf("one only: %lu\n", run_in(job, "family"));
    PROCESS_INFORMATION first, second;
    AssignProcessToJobObject(job, suspended(&first, 0));
    printf("second: %d", AssignProcessToJobObject(job, suspended(&second, 0)));
    printf(" %lu", GetLastError());
    printf(", ended with %lx\n", finish(&second));
    show_counts("full", job);
    TerminateJobObject(job, 5);
    printf("first ended with %lu\n", finish(&first));
    CloseHandle(job);
}

static void ends(void)
{
    HANDLE job = CreateJobObjectA(NULL, NULL);
    PROCESS_INFORMATION info;
    set_limits(job, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE, 0, 0, 0);
    AssignProcessToJobObject(job, suspended(&info, 0));
    CloseHandle(job);
    printf("killed: %lu\n", finish(&info));
    job = CreateJobObjectA(NULL, NULL);
    AssignProcessToJobObject(job, suspended(&info, 0));
    JOBOBJECT_BASIC_LIMIT_INFORMATION basic = {.LimitFlags = JOB_OBJECT_LIMIT_PRIORITY_CLASS,
                                               .PriorityClass = IDLE_PRIORITY_CLASS};
    SetInformationJobObject(job, JobObjectBasicLimitInformation, &basic, sizeof basic);
    printf("priority class %lx", GetPriorityClass(info.hProcess));
    QueryInformationJobObject(job, JobObjectBasicLimitInformation, &basic, sizeof basic, NULL);
    printf(" %lx\n", basic.PriorityClass);
    TerminateJobObject(job, 0);
    finish(&info);
    CloseHandle(job);
}

static void misuse(void)
{
    HANDLE job = CreateJobObjectA(NULL, NULL), event = CreateEventA(NULL, 0, 0, NULL);
    JOBOBJECT_BASIC_ACCOUNTING_INFORMATION counts;
    set_limits(job, 0x8000, 0, 0, 0);
    set_limits(job, JOB_OBJECT_LIMIT_ACTIVE_PROCESS, 0, 0, 0);
    set_limits(job, JOB_OBJECT_LIMIT_PROCESS_MEMORY, 0, 100, 0);
    set_limits(job, JOB_OBJECT_LIMIT_JOB_TIME | JOB_OBJECT_LIMIT_PRESERVE_JOB_TIME, 0, 0, 0);
    set_limits(event, 0, 0, 0, 0);
    printf("short: %d", QueryInformationJobObject(job, JobObjectBasicAccountingInformation, &counts,
                                                  sizeof counts - 1, NULL));
    printf(" %lu\n", GetLastError());
    printf("no class: %d", QueryInformationJobObject(job, 99, &counts, sizeof counts, NULL));
    printf(" %lu\n", GetLastError());
    printf("set counts: %d", SetInformationJobObject(job, JobObjectBasicAccountingInformation,
                                                     &counts, sizeof counts));
    printf(" %lu\n", GetLastError());
    printf("not in a job: %d", QueryInformationJobObject(NULL, JobObjectBasicAccountingInformation,
                                                         &counts, sizeof counts, NULL));
    printf(" %lu\n", GetLastError());
    CloseHandle(job);
}

int main(int argc, char **argv)
{
    self = argv[0];
    if (argc > 1)
        return child(argv[1]);
    membership();
    memory();
    families();
    ends();
    misuse();
    return 0;
}
