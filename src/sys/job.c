/* src/sys/job.c: job objects. Source: "Job Objects" and the functions of the same names without
 * their Nt, documentation. */
#include <stdlib.h>
#include <string.h>

#include "sys/sys.h"

#define IDS_MOST 0x10000u /* told at once */

static NTSTATUS reference_job(struct sys_call *call, uint64_t handle, uint32_t access, EJOB **job)
{
    void *object;
    NTSTATUS status = sys_get_object(call, handle, access, call->sys->ps->job_type, &object);
    *job = object;
    return status;
}

/* NtCreateJobObject(*handle, access, attributes) */
static NTSTATUS create(struct sys_call *call)
{
    struct sys_attributes attributes;
    EJOB *job;
    NTSTATUS status = sys_get_attributes(call, call->arg[2], &attributes);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    struct ob_attributes named = sys_ob_attributes(&attributes);
    status = ps_create_job(call->sys->ps, &named, call->process->session, &job);
    if (NT_SUCCESS(status)) {
        status = sys_insert(call, job, &named, (uint32_t)call->arg[1], call->arg[0]);
    }
    sys_free_attributes(&attributes);
    return status;
}

/* NtOpenJobObject(*handle, access, attributes) */
static NTSTATUS open(struct sys_call *call)
{
    return sys_open_named(call, call->sys->ps->job_type);
}

/* NtAssignProcessToJobObject(job, process) */
static NTSTATUS assign(struct sys_call *call)
{
    struct ps_process *process;
    EJOB *job;
    NTSTATUS status = reference_job(call, call->arg[0], JOB_OBJECT_ASSIGN_PROCESS, &job);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = sys_get_process(call, call->arg[1], PROCESS_SET_QUOTA | PROCESS_TERMINATE, &process);
    if (NT_SUCCESS(status)) {
        status = ps_assign_process_to_job(job, process);
        ps_dereference_process(process);
    }
    ob_dereference_object(call->sys->ob, job);
    return status;
}

/* NtTerminateJobObject(job, status) */
static NTSTATUS terminate(struct sys_call *call)
{
    EJOB *job;
    NTSTATUS status = reference_job(call, call->arg[0], JOB_OBJECT_TERMINATE, &job);
    if (NT_SUCCESS(status)) {
        ps_terminate_job(call->sys->ps, job, call->thread, (NTSTATUS)call->arg[1]);
        ob_dereference_object(call->sys->ob, job);
    }
    return status;
}

/* NtIsProcessInJob(process, job). Without a job: in any, or, of the caller itself, in the caller's.
 */
static NTSTATUS is_in_job(struct sys_call *call)
{
    struct ps_process *process;
    EJOB *job = NULL;
    NTSTATUS status = sys_get_process(call, call->arg[0], PROCESS_QUERY_INFORMATION, &process);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    if (call->arg[1]) {
        status = reference_job(call, call->arg[1], JOB_OBJECT_QUERY, &job);
    }
    if (NT_SUCCESS(status)) {
        const EJOB *has = ps_job_of(process);
        status = has && (!job || has == job) ? STATUS_PROCESS_IN_JOB : STATUS_PROCESS_NOT_IN_JOB;
    }
    if (job) {
        ob_dereference_object(call->sys->ob, job);
    }
    ps_dereference_process(process);
    return status;
}

/* ---- information: (job, class, buffer, length [, *return length]) ------------------------------
 */

enum { ARG_JOB, ARG_CLASS, ARG_BUFFER, ARG_LENGTH, ARG_RETURNED };

static NTSTATUS accounting(struct sys_call *call, EJOB *job)
{
    JOBOBJECT_BASIC_AND_IO_ACCOUNTING_INFORMATION information;
    bool basic = (uint32_t)call->arg[ARG_CLASS] == JobObjectBasicAccountingInformation;
    ps_query_job_accounting(call->sys->ps, job, &information);
    return sys_answer(call, ARG_BUFFER, &information,
                      basic ? sizeof information.BasicInfo : sizeof information);
}

static NTSTATUS limits(struct sys_call *call, EJOB *job)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION information;
    bool basic = (uint32_t)call->arg[ARG_CLASS] == JobObjectBasicLimitInformation;
    ps_query_job_limits(call->sys->ps, job, &information);
    if (basic) {
        information.BasicLimitInformation.LimitFlags &= JOB_OBJECT_BASIC_LIMIT_VALID_FLAGS;
    }
    return sys_answer(call, ARG_BUFFER, &information,
                      basic ? sizeof information.BasicLimitInformation : sizeof information);
}

static NTSTATUS ui_restrictions(struct sys_call *call, EJOB *job)
{
    return sys_answer(call, ARG_BUFFER, &job->UIRestrictionsClass, sizeof job->UIRestrictionsClass);
}

/* As many ids as there is room for; STATUS_BUFFER_OVERFLOW tells that there are more. */
static NTSTATUS process_ids(struct sys_call *call, EJOB *job)
{
    JOBOBJECT_BASIC_PROCESS_ID_LIST list;
    uint32_t length = (uint32_t)call->arg[ARG_LENGTH];
    if (length < sizeof list) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    size_t room = (length - sizeof list) / sizeof(uint64_t);
    room = room < IDS_MOST ? room : IDS_MOST;
    uint64_t *ids = calloc(room + 1, sizeof *ids);
    if (!ids) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    size_t count = ps_job_process_ids(call->sys->ps, job, ids, room);
    size_t told = count < room ? count : room;
    list.NumberOfAssignedProcesses = (ULONG)count;
    list.NumberOfProcessIdsInList = (ULONG)told;
    NTSTATUS status = SYS_PUT(call, call->arg[ARG_BUFFER], list);
    if (NT_SUCCESS(status)) {
        status = sys_put(call, call->arg[ARG_BUFFER] + sizeof list, ids, told * sizeof *ids);
    }
    free(ids);
    if (NT_SUCCESS(status)) {
        uint32_t written = (uint32_t)(sizeof list + told * sizeof *ids);
        status = sys_put_optional(call, call->arg[ARG_RETURNED], &written, sizeof written);
    }
    return NT_SUCCESS(status) && told < count ? STATUS_BUFFER_OVERFLOW : status;
}

static NTSTATUS set_limits(struct sys_call *call, EJOB *job)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION information;
    bool basic = (uint32_t)call->arg[ARG_CLASS] == JobObjectBasicLimitInformation;
    memset(&information, 0, sizeof information);
    NTSTATUS status =
        sys_get(call, &information, call->arg[ARG_BUFFER],
                basic ? sizeof information.BasicLimitInformation : sizeof information);
    return NT_SUCCESS(status) ? ps_set_job_limits(call->sys->ps, job, &information,
                                                  basic ? JOB_OBJECT_BASIC_LIMIT_VALID_FLAGS
                                                        : JOB_OBJECT_EXTENDED_LIMIT_VALID_FLAGS)
                              : status;
}

/* There is no desktop to restrict the use of, but who asks is told what was set. */
static NTSTATUS set_ui_restrictions(struct sys_call *call, EJOB *job)
{
    ULONG class;
    NTSTATUS status = SYS_GET(call, class, call->arg[ARG_BUFFER]);
    if (NT_SUCCESS(status) && (class & ~JOB_OBJECT_UI_VALID_FLAGS)) {
        status = STATUS_INVALID_PARAMETER;
    }
    if (NT_SUCCESS(status)) {
        __atomic_store_n(&job->UIRestrictionsClass, class, __ATOMIC_RELAXED);
    }
    return status;
}

static const struct class_row {
    uint32_t class;
    uint32_t size; /* to be set; 0: cannot be */
    NTSTATUS (*query)(struct sys_call *call, EJOB *job);
    NTSTATUS (*set)(struct sys_call *call, EJOB *job);
} rows[] = {
    {JobObjectBasicAccountingInformation, 0, accounting, NULL},
    {JobObjectBasicLimitInformation, sizeof(JOBOBJECT_BASIC_LIMIT_INFORMATION), limits, set_limits},
    {JobObjectBasicProcessIdList, 0, process_ids, NULL},
    {JobObjectBasicUIRestrictions, sizeof(ULONG), ui_restrictions, set_ui_restrictions},
    {JobObjectBasicAndIoAccountingInformation, 0, accounting, NULL},
    {JobObjectExtendedLimitInformation, sizeof(JOBOBJECT_EXTENDED_LIMIT_INFORMATION), limits,
     set_limits},
};

static const struct class_row *find_class(uint32_t class)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].class == class) {
            return &rows[i];
        }
    }
    return NULL;
}

/* NtQueryInformationJobObject. Without a job: the caller's. */
static NTSTATUS query(struct sys_call *call)
{
    const struct class_row *row = find_class((uint32_t)call->arg[ARG_CLASS]);
    EJOB *job;
    if (!row) {
        return STATUS_INVALID_INFO_CLASS;
    }
    if (!call->arg[ARG_JOB]) {
        job = ps_job_of(call->process);
        return job ? row->query(call, job) : STATUS_ACCESS_DENIED;
    }
    NTSTATUS status = reference_job(call, call->arg[ARG_JOB], JOB_OBJECT_QUERY, &job);
    if (NT_SUCCESS(status)) {
        status = row->query(call, job);
        ob_dereference_object(call->sys->ob, job);
    }
    return status;
}

static NTSTATUS set(struct sys_call *call)
{
    const struct class_row *row = find_class((uint32_t)call->arg[ARG_CLASS]);
    EJOB *job;
    if (!row || !row->set) {
        return STATUS_INVALID_INFO_CLASS;
    }
    if ((uint32_t)call->arg[ARG_LENGTH] != row->size) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    NTSTATUS status = reference_job(call, call->arg[ARG_JOB], JOB_OBJECT_SET_ATTRIBUTES, &job);
    if (NT_SUCCESS(status)) {
        status = row->set(call, job);
        ob_dereference_object(call->sys->ob, job);
    }
    return status;
}

static const struct sys_entry entries[] = {
    {SERVICE_NtCreateJobObject, create},          {SERVICE_NtOpenJobObject, open},
    {SERVICE_NtAssignProcessToJobObject, assign}, {SERVICE_NtTerminateJobObject, terminate},
    {SERVICE_NtIsProcessInJob, is_in_job},        {SERVICE_NtQueryInformationJobObject, query},
    {SERVICE_NtSetInformationJobObject, set},
};
const struct sys_family sys_job_family = {entries, sizeof entries / sizeof *entries};
