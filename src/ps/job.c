/* src/ps/job.c: jobs, groups of processes with common limits.
 *
 *      EPROCESS.Job --> EJOB.ProcessListHead <-> EPROCESS.JobLinks <-> ...
 *
 *      in the job    assigned, or born of a process in it          ActiveProcesses, ProcessListHead
 *         | ends     its figures are added to the job's            ProcessListHead
 *         | deleted  list and reference go                         -
 *
 * A process belongs to one job at most, and never leaves it. Limits are kept in the EJOB: how many
 * processes may be in it, their priority class and processors, and commit: ProcessMemoryLimit
 * becomes each process's CommitChargeLimit, and JobMemoryLimit is held against CurrentJobMemoryUsed
 * by mm (both in pages, 0: none). Limits on time and working sets are not enforced, so they are
 * refused.
 *
 * Lock: ps->lock for the list, the counts and the limits (EJOB.JobLock is not used); what mm counts
 * changes atomically.
 * Source: "Job Objects", documentation; the fields of EJOB by their names.
 */
#include <string.h>

#include "ke/dispatcher.h"
#include "ke/list.h"
#include "nt/info.h"
#include "ps/psi.h"

#define LIMITS_KNOWN                                                                               \
    (JOB_OBJECT_LIMIT_ACTIVE_PROCESS | JOB_OBJECT_LIMIT_AFFINITY |                                 \
     JOB_OBJECT_LIMIT_PRIORITY_CLASS | JOB_OBJECT_LIMIT_PRESERVE_JOB_TIME |                        \
     JOB_OBJECT_LIMIT_SCHEDULING_CLASS | JOB_OBJECT_LIMIT_PROCESS_MEMORY |                         \
     JOB_OBJECT_LIMIT_JOB_MEMORY | JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION |                   \
     JOB_OBJECT_LIMIT_BREAKAWAY_OK | JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK |                        \
     JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE)
#define SCHEDULING_CLASS_MOST 9u
#define SCHEDULING_CLASS_DEFAULT 5u

EJOB *ps_job_of(const struct ps_process *p)
{
    uint64_t va = __atomic_load_n(&p->process->Job.va, __ATOMIC_ACQUIRE);
    return va ? kspace_host(&p->ps->ke->ks, va) : NULL;
}

/* ---- the object ---- */

static struct ps *ps_of(struct ob *ob, void *object)
{
    return ob_type_ops_of(ob, ob_object_type(ob, object))->owner;
}

static void close_job(struct ob *ob, const struct ob_caller *caller, void *object, LONG64 handles)
{
    EJOB *job = object;
    (void)caller;
    if (handles == 0 && (job->LimitFlags & JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE)) {
        ps_terminate_job(ps_of(ob, object), job, NULL, STATUS_SUCCESS);
    }
}

static const struct ob_type_ops job_type = {
    .name = "Job",
    .body_size = sizeof(EJOB),
    .mapping = {READ_CONTROL | JOB_OBJECT_QUERY,
                READ_CONTROL | JOB_OBJECT_ASSIGN_PROCESS | JOB_OBJECT_SET_ATTRIBUTES |
                    JOB_OBJECT_TERMINATE,
                READ_CONTROL | SYNCHRONIZE, JOB_OBJECT_ALL_ACCESS},
    .valid_access = JOB_OBJECT_ALL_ACCESS,
    .wait_offset = offsetof(EJOB, Event),
    .close = close_job,
};

NTSTATUS psp_create_job_type(struct ps *ps)
{
    ps->job_ops = job_type;
    ps->job_ops.owner = ps;
    NTSTATUS status = ob_create_type(ps->ob, &ps->job_ops, &ps->job_type);
    if (NT_SUCCESS(status)) {
        ps->ke->nt.PsJobType->va = h2k(&ps->ke->ks, ps->job_type);
    }
    return status;
}

NTSTATUS ps_create_job(struct ps *ps, const struct ob_attributes *attributes, unsigned session,
                       EJOB **out)
{
    void *object;
    NTSTATUS status = ob_create_object(ps->ob, attributes, ps->job_type, 0, &object);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    EJOB *job = object;
    ke_initialize_event(ps->ke, &job->Event, NotificationEvent, false);
    ke_list_init(&ps->ke->ks, &job->JobLinks);
    ke_list_init(&ps->ke->ks, &job->ProcessListHead);
    ke_list_init(&ps->ke->ks, &job->JobSetLinks);
    job->SchedulingClass = SCHEDULING_CLASS_DEFAULT;
    job->SessionId = session;
    *out = job;
    return STATUS_SUCCESS;
}

/* ---- processes ---- */

static bool is_full(const EJOB *job)
{
    return (job->LimitFlags & JOB_OBJECT_LIMIT_ACTIVE_PROCESS) &&
           job->ActiveProcesses >= job->ActiveProcessLimit;
}

/* The limits that a process has a place for. => ps->lock held */
static void give_commit_limit(const EJOB *job, EPROCESS *process)
{
    __atomic_store_n(&process->CommitChargeLimit, job->ProcessMemoryLimit, __ATOMIC_RELAXED);
}

/* The limits that change what a process is like. => no lock */
static void give_attributes(const EJOB *job, struct ps_process *p)
{
    /* They were valid when the job got them; a process that ends needs none. */
    if (job->LimitFlags & JOB_OBJECT_LIMIT_PRIORITY_CLASS) {
        NTSTATUS status = ps_set_priority_class(p, job->PriorityClass);
        (void)status;
    }
    if (job->LimitFlags & JOB_OBJECT_LIMIT_AFFINITY) {
        NTSTATUS status = ps_set_process_affinity(p, job->Affinity.Bitmap[0]);
        (void)status;
    }
}

NTSTATUS psp_enter_job(EJOB *job, struct ps_process *p)
{
    struct ps *ps = p->ps;
    EPROCESS *process = p->process;
    NTSTATUS status = STATUS_SUCCESS;
    pthread_mutex_lock(&ps->lock);
    if (process->Job.va) {
        status = STATUS_ACCESS_DENIED;
    } else if (p->exiting) {
        status = STATUS_PROCESS_IS_TERMINATING;
    } else if (is_full(job)) {
        status = STATUS_QUOTA_EXCEEDED;
    } else {
        ob_reference_object(ps->ob, job);
        ke_list_insert_tail(&ps->ke->ks, &job->ProcessListHead, &process->JobLinks);
        job->TotalProcesses++;
        job->ActiveProcesses++;
        give_commit_limit(job, process);
        __atomic_store_n(&process->Job.va, h2k(&ps->ke->ks, job), __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&ps->lock);
    if (NT_SUCCESS(status)) {
        mm_space_set_job(p->space, job);
        give_attributes(job, p);
    }
    return status;
}

NTSTATUS ps_assign_process_to_job(EJOB *job, struct ps_process *p)
{
    if (job->SessionId != p->session) {
        return STATUS_ACCESS_DENIED;
    }
    NTSTATUS status = psp_enter_job(job, p);
    if (status == STATUS_QUOTA_EXCEEDED) {
        NTSTATUS ended = ps_terminate_process(p, NULL, STATUS_QUOTA_EXCEEDED);
        (void)ended; /* by itself, perhaps */
        __atomic_fetch_add(&job->TotalTerminatedProcesses, 1, __ATOMIC_RELAXED);
    }
    return status;
}

NTSTATUS psp_inherit_job(struct ps_process *p, const struct ps_program *program)
{
    EJOB *job = program->parent ? ps_job_of(program->parent) : NULL;
    if (!job || (job->LimitFlags & JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK)) {
        return STATUS_SUCCESS;
    }
    if (program->break_away) {
        return job->LimitFlags & JOB_OBJECT_LIMIT_BREAKAWAY_OK ? STATUS_SUCCESS
                                                               : STATUS_ACCESS_DENIED;
    }
    return psp_enter_job(job, p);
}

/* The next process of a job that has not ended, referenced, `after` (dereferenced); NULL: first,
 * and at the end. */
static struct ps_process *next_in_job(struct ps *ps, const EJOB *job, struct ps_process *after)
{
    const struct kspace *ks = &ps->ke->ks;
    const LIST_ENTRY *head = &job->ProcessListHead;
    struct ps_process *next = NULL;
    pthread_mutex_lock(&ps->lock);
    const LIST_ENTRY *entry = after ? &after->process->JobLinks : head;
    while (!next && (entry = k2h(ks, entry->Flink)) != head) {
        EPROCESS *process = ke_list_entry(entry, EPROCESS, JobLinks);
        struct ps_process *p = psp_process_at(ps, process);
        if (p && !p->gone && ob_reference_object_safe(ps->ob, process)) {
            next = p;
        }
    }
    pthread_mutex_unlock(&ps->lock);
    if (after) {
        ps_dereference_process(after);
    }
    return next;
}

void ps_terminate_job(struct ps *ps, EJOB *job, struct ps_thread *self, NTSTATUS status)
{
    for (struct ps_process *p = NULL; (p = next_in_job(ps, job, p)) != NULL;) {
        bool own = self && self->process == p;
        NTSTATUS ended = ps_terminate_process(p, own ? self : NULL, status);
        (void)ended; /* by itself, perhaps */
    }
}

size_t ps_job_process_ids(struct ps *ps, const EJOB *job, uint64_t *ids, size_t room)
{
    size_t count = 0;
    for (struct ps_process *p = NULL; (p = next_in_job(ps, job, p)) != NULL; count++) {
        if (count < room) {
            ids[count] = p->process->UniqueProcessId.va;
        }
    }
    return count;
}

/* ---- accounting ---- */

/* Add what a process has used. */
static void add_usage(JOBOBJECT_BASIC_AND_IO_ACCOUNTING_INFORMATION *sum, const EPROCESS *process)
{
    LONG64 user = (LONG64)process->Pcb.UserTime * KE_CLOCK_INTERVAL;
    LONG64 kernel = (LONG64)process->Pcb.KernelTime * KE_CLOCK_INTERVAL;
    sum->BasicInfo.TotalUserTime.QuadPart += user;
    sum->BasicInfo.TotalKernelTime.QuadPart += kernel;
    sum->BasicInfo.ThisPeriodTotalUserTime.QuadPart += user;
    sum->BasicInfo.ThisPeriodTotalKernelTime.QuadPart += kernel;
    sum->BasicInfo.TotalPageFaultCount += process->Vm.PageFaultCount;
    sum->IoInfo.ReadOperationCount += (ULONG64)process->ReadOperationCount.QuadPart;
    sum->IoInfo.WriteOperationCount += (ULONG64)process->WriteOperationCount.QuadPart;
    sum->IoInfo.OtherOperationCount += (ULONG64)process->OtherOperationCount.QuadPart;
    sum->IoInfo.ReadTransferCount += (ULONG64)process->ReadTransferCount.QuadPart;
    sum->IoInfo.WriteTransferCount += (ULONG64)process->WriteTransferCount.QuadPart;
    sum->IoInfo.OtherTransferCount += (ULONG64)process->OtherTransferCount.QuadPart;
}

/* What the job has of processes that ended. => ps->lock held */
static JOBOBJECT_BASIC_AND_IO_ACCOUNTING_INFORMATION folded(const EJOB *job)
{
    return (JOBOBJECT_BASIC_AND_IO_ACCOUNTING_INFORMATION){
        .BasicInfo = {.TotalUserTime = job->TotalUserTime,
                      .TotalKernelTime = job->TotalKernelTime,
                      .ThisPeriodTotalUserTime = job->ThisPeriodTotalUserTime,
                      .ThisPeriodTotalKernelTime = job->ThisPeriodTotalKernelTime,
                      .TotalPageFaultCount = job->TotalPageFaultCount,
                      .TotalProcesses = job->TotalProcesses,
                      .ActiveProcesses = job->ActiveProcesses,
                      .TotalTerminatedProcesses = job->TotalTerminatedProcesses},
        .IoInfo = {job->ReadOperationCount, job->WriteOperationCount, job->OtherOperationCount,
                   job->ReadTransferCount, job->WriteTransferCount, job->OtherTransferCount}};
}

static void fold(EJOB *job, const EPROCESS *process)
{
    JOBOBJECT_BASIC_AND_IO_ACCOUNTING_INFORMATION sum = folded(job);
    add_usage(&sum, process);
    job->TotalUserTime = sum.BasicInfo.TotalUserTime;
    job->TotalKernelTime = sum.BasicInfo.TotalKernelTime;
    job->ThisPeriodTotalUserTime = sum.BasicInfo.ThisPeriodTotalUserTime;
    job->ThisPeriodTotalKernelTime = sum.BasicInfo.ThisPeriodTotalKernelTime;
    job->TotalPageFaultCount = sum.BasicInfo.TotalPageFaultCount;
    job->ReadOperationCount = sum.IoInfo.ReadOperationCount;
    job->WriteOperationCount = sum.IoInfo.WriteOperationCount;
    job->OtherOperationCount = sum.IoInfo.OtherOperationCount;
    job->ReadTransferCount = sum.IoInfo.ReadTransferCount;
    job->WriteTransferCount = sum.IoInfo.WriteTransferCount;
    job->OtherTransferCount = sum.IoInfo.OtherTransferCount;
}

void psp_end_in_job(struct ps_process *p)
{
    struct ps *ps = p->ps;
    EJOB *job = ps_job_of(p);
    if (!job) {
        return;
    }
    mm_space_set_job(p->space, NULL);
    pthread_mutex_lock(&ps->lock);
    job->ActiveProcesses--;
    fold(job, p->process);
    p->process->AccountingFolded = 1;
    pthread_mutex_unlock(&ps->lock);
}

void psp_leave_job(struct ps *ps, EPROCESS *process)
{
    if (!process->Job.va) {
        return;
    }
    pthread_mutex_lock(&ps->lock);
    ke_list_remove(&ps->ke->ks, &process->JobLinks);
    pthread_mutex_unlock(&ps->lock);
    ob_dereference_object(ps->ob, kspace_host(&ps->ke->ks, process->Job.va));
}

void ps_query_job_accounting(struct ps *ps, const EJOB *job,
                             JOBOBJECT_BASIC_AND_IO_ACCOUNTING_INFORMATION *out)
{
    pthread_mutex_lock(&ps->lock);
    *out = folded(job);
    ke_list_for_each(&ps->ke->ks, entry, &job->ProcessListHead)
    {
        const EPROCESS *process = ke_list_entry(entry, EPROCESS, JobLinks);
        if (!process->AccountingFolded) {
            add_usage(out, process);
        }
    }
    pthread_mutex_unlock(&ps->lock);
}

/* ---- limits ---- */

static NTSTATUS check_limits(const struct ps *ps,
                             const JOBOBJECT_EXTENDED_LIMIT_INFORMATION *limits, uint32_t valid)
{
    const JOBOBJECT_BASIC_LIMIT_INFORMATION *basic = &limits->BasicLimitInformation;
    uint32_t flags = basic->LimitFlags;
    uint64_t processors = (1ull << *ps->ke->nt.KeNumberProcessors) - 1;
    bool no_affinity = basic->Affinity == 0 || (basic->Affinity & ~processors) != 0;
    bool no_class = basic->PriorityClass < PROCESS_PRIORITY_CLASS_IDLE ||
                    basic->PriorityClass > PROCESS_PRIORITY_CLASS_ABOVE_NORMAL;
    if ((flags & ~valid) != 0 ||
        ((flags & JOB_OBJECT_LIMIT_ACTIVE_PROCESS) && basic->ActiveProcessLimit == 0) ||
        ((flags & JOB_OBJECT_LIMIT_AFFINITY) && no_affinity) ||
        ((flags & JOB_OBJECT_LIMIT_PRIORITY_CLASS) && no_class) ||
        ((flags & JOB_OBJECT_LIMIT_SCHEDULING_CLASS) &&
         basic->SchedulingClass > SCHEDULING_CLASS_MOST) ||
        ((flags & JOB_OBJECT_LIMIT_PRESERVE_JOB_TIME) && (flags & JOB_OBJECT_LIMIT_JOB_TIME)) ||
        ((flags & JOB_OBJECT_LIMIT_PROCESS_MEMORY) && limits->ProcessMemoryLimit < PAGE_SIZE) ||
        ((flags & JOB_OBJECT_LIMIT_JOB_MEMORY) && limits->JobMemoryLimit < PAGE_SIZE)) {
        return STATUS_INVALID_PARAMETER;
    }
    if (((flags & JOB_OBJECT_LIMIT_SCHEDULING_CLASS) &&
         basic->SchedulingClass == SCHEDULING_CLASS_MOST) ||
        ((flags & JOB_OBJECT_LIMIT_PRIORITY_CLASS) &&
         basic->PriorityClass == PROCESS_PRIORITY_CLASS_REALTIME)) {
        return STATUS_PRIVILEGE_NOT_HELD; /* SeIncreaseBasePriorityPrivilege */
    }
    return flags & ~LIMITS_KNOWN ? STATUS_NOT_SUPPORTED : STATUS_SUCCESS;
}

/* => ps->lock held */
static void store_limits(EJOB *job, const JOBOBJECT_EXTENDED_LIMIT_INFORMATION *limits,
                         uint32_t valid)
{
    const JOBOBJECT_BASIC_LIMIT_INFORMATION *basic = &limits->BasicLimitInformation;
    uint32_t flags = basic->LimitFlags;
    job->LimitFlags = (job->LimitFlags & ~valid) | flags;
    job->ActiveProcessLimit =
        flags & JOB_OBJECT_LIMIT_ACTIVE_PROCESS ? basic->ActiveProcessLimit : 0;
    job->PriorityClass = flags & JOB_OBJECT_LIMIT_PRIORITY_CLASS ? (UCHAR)basic->PriorityClass : 0;
    job->SchedulingClass = flags & JOB_OBJECT_LIMIT_SCHEDULING_CLASS ? basic->SchedulingClass
                                                                     : SCHEDULING_CLASS_DEFAULT;
    job->Affinity.Count = job->Affinity.Size = 1; /* groups of processors */
    job->Affinity.Bitmap[0] = flags & JOB_OBJECT_LIMIT_AFFINITY ? basic->Affinity : 0;
    if (valid & JOB_OBJECT_LIMIT_PROCESS_MEMORY) {
        job->ProcessMemoryLimit =
            flags & JOB_OBJECT_LIMIT_PROCESS_MEMORY ? limits->ProcessMemoryLimit / PAGE_SIZE : 0;
        uint64_t most =
            flags & JOB_OBJECT_LIMIT_JOB_MEMORY ? limits->JobMemoryLimit / PAGE_SIZE : 0;
        __atomic_store_n(&job->JobMemoryLimit, most, __ATOMIC_RELAXED);
    }
}

NTSTATUS ps_set_job_limits(struct ps *ps, EJOB *job,
                           const JOBOBJECT_EXTENDED_LIMIT_INFORMATION *limits, uint32_t valid)
{
    NTSTATUS status = check_limits(ps, limits, valid);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    pthread_mutex_lock(&ps->lock);
    store_limits(job, limits, valid);
    ke_list_for_each(&ps->ke->ks, entry, &job->ProcessListHead)
        give_commit_limit(job, ke_list_entry(entry, EPROCESS, JobLinks));
    pthread_mutex_unlock(&ps->lock);
    for (struct ps_process *p = NULL; (p = next_in_job(ps, job, p)) != NULL;) {
        give_attributes(job, p);
    }
    return STATUS_SUCCESS;
}

void ps_query_job_limits(struct ps *ps, const EJOB *job, JOBOBJECT_EXTENDED_LIMIT_INFORMATION *out)
{
    pthread_mutex_lock(&ps->lock);
    *out = (JOBOBJECT_EXTENDED_LIMIT_INFORMATION){
        .BasicLimitInformation = {.LimitFlags = job->LimitFlags,
                                  .ActiveProcessLimit = job->ActiveProcessLimit,
                                  .Affinity = job->Affinity.Bitmap[0],
                                  .PriorityClass = job->PriorityClass,
                                  .SchedulingClass = job->SchedulingClass},
        .ProcessMemoryLimit = job->ProcessMemoryLimit * PAGE_SIZE,
        .JobMemoryLimit = job->JobMemoryLimit * PAGE_SIZE,
        .PeakProcessMemoryUsed = job->PeakProcessMemoryUsed * PAGE_SIZE,
        .PeakJobMemoryUsed = job->PeakJobMemoryUsed * PAGE_SIZE};
    pthread_mutex_unlock(&ps->lock);
}
