/* A job with limits, in which this program and a child of it are, and a break. */
#include <windows.h>

int main(int argc, char **argv)
{
    HANDLE job = CreateJobObjectA(NULL, NULL);
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {
        .BasicLimitInformation = {.LimitFlags = JOB_OBJECT_LIMIT_ACTIVE_PROCESS |
                                                JOB_OBJECT_LIMIT_PROCESS_MEMORY |
                                                JOB_OBJECT_LIMIT_JOB_MEMORY |
                                                JOB_OBJECT_LIMIT_PRIORITY_CLASS,
                                  .ActiveProcessLimit = 3,
                                  .PriorityClass = BELOW_NORMAL_PRIORITY_CLASS},
        .ProcessMemoryLimit = 0x1000000,
        .JobMemoryLimit = 0x2000000};
    STARTUPINFOA startup = {.cb = sizeof startup};
    PROCESS_INFORMATION child;

    if (argc > 1)
        return 0;
    if (!SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits) ||
        !AssignProcessToJobObject(job, GetCurrentProcess()) ||
        !CreateProcessA(argv[0], "job child", NULL, NULL, FALSE, CREATE_SUSPENDED, NULL, NULL,
                        &startup, &child))
        return 1;
    __debugbreak();
    TerminateJobObject(job, 7);
    return 2;
}
