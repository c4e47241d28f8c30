/* guest/kernel32/job.c: job objects. */
#include "k32.h"

HANDLE CreateJobObjectW(const SECURITY_ATTRIBUTES *security, const WCHAR *name)
{
    struct named_object object;
    HANDLE job = NULL;
    if (!named_object_init(&object, security, name))
        return NULL;
    NTSTATUS status = NtCreateJobObject(&job, JOB_OBJECT_ALL_ACCESS, &object.attributes);
    return created(status, job);
}

HANDLE CreateJobObjectA(const SECURITY_ATTRIBUTES *security, const char *name)
{
    struct wide_arg arg;
    if (!wide_arg_init(&arg, name))
        return NULL;
    HANDLE job = CreateJobObjectW(security, arg.text);
    wide_arg_deinit(&arg);
    return job;
}

HANDLE OpenJobObjectW(ULONG access, BOOL inherit, const WCHAR *name)
{
    return open_named(NtOpenJobObject, access, inherit, name);
}

HANDLE OpenJobObjectA(ULONG access, BOOL inherit, const char *name)
{
    return open_named_ansi(NtOpenJobObject, access, inherit, name);
}

BOOL AssignProcessToJobObject(HANDLE job, HANDLE process)
{
    return done(NtAssignProcessToJobObject(job, process));
}

BOOL TerminateJobObject(HANDLE job, ULONG code)
{
    return done(NtTerminateJobObject(job, (NTSTATUS)code));
}

BOOL IsProcessInJob(HANDLE process, HANDLE job, BOOL *result)
{
    NTSTATUS status = NtIsProcessInJob(process, job);
    if (!done(status))
        return FALSE;
    *result = status == STATUS_PROCESS_IN_JOB;
    return TRUE;
}

/* The priority class is one of kernel32's flags outside, and a number inside. */
static ULONG priority_flag(ULONG class)
{
    static const ULONG flags[] = {[PROCESS_PRIORITY_CLASS_IDLE] = 0x40,
                                  [PROCESS_PRIORITY_CLASS_NORMAL] = 0x20,
                                  [PROCESS_PRIORITY_CLASS_HIGH] = 0x80,
                                  [PROCESS_PRIORITY_CLASS_REALTIME] = 0x100,
                                  [PROCESS_PRIORITY_CLASS_BELOW_NORMAL] = 0x4000,
                                  [PROCESS_PRIORITY_CLASS_ABOVE_NORMAL] = 0x8000};
    return class < sizeof flags / sizeof *flags ? flags[class] : 0;
}

static BOOL has_limits(ULONG class)
{
    return class == JobObjectBasicLimitInformation || class == JobObjectExtendedLimitInformation;
}

BOOL QueryInformationJobObject(HANDLE job, ULONG class, void *information, ULONG length,
                               ULONG *returned)
{
    NTSTATUS status = NtQueryInformationJobObject(job, class, information, length, returned);
    if (NT_SUCCESS(status) && has_limits(class)) {
        JOBOBJECT_BASIC_LIMIT_INFORMATION *limits = information; /* both begin with it */
        limits->PriorityClass = priority_flag(limits->PriorityClass);
    }
    return status == STATUS_BUFFER_OVERFLOW ? fail_status(status) : done(status);
}

BOOL SetInformationJobObject(HANDLE job, ULONG class, void *information, ULONG length)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION copy;
    if (has_limits(class) && length >= sizeof copy.BasicLimitInformation && length <= sizeof copy) {
        copy_bytes(&copy, information, length);
        copy.BasicLimitInformation.PriorityClass =
            priority_class_of(copy.BasicLimitInformation.PriorityClass);
        information = &copy;
    }
    return done(NtSetInformationJobObject(job, class, information, length));
}
