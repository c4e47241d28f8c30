/* src/sys/system.c: what the whole system tells of itself, and time. */
#include <string.h>

#include "nt/info.h"
#include "nt/security.h"
#include "sys/sys.h"

#define PROCESSOR_ARCHITECTURE_AMD64 9
#define CLOCK_RESOLUTION 156250u /* 100 ns */

static NTSTATUS answer_system(struct sys_call *call, const void *answer, size_t size)
{
    /* (class, buffer, length, *return length) */
    uint32_t length = (uint32_t)size;
    NTSTATUS status = sys_put_optional(call, call->arg[3], &length, sizeof length);
    if (NT_SUCCESS(status) && (uint32_t)call->arg[2] < size) {
        status = STATUS_INFO_LENGTH_MISMATCH;
    }
    return NT_SUCCESS(status) ? sys_put(call, call->arg[1], answer, size) : status;
}

static NTSTATUS basic(struct sys_call *call)
{
    const struct nt_globals *nt = &call->sys->ke->nt;
    const SYSTEM_BASIC_INFORMATION information = {
        .TimerResolution = CLOCK_RESOLUTION,
        .PageSize = PAGE_SIZE,
        .NumberOfPhysicalPages = (ULONG)*nt->MmNumberOfPhysicalPages,
        .LowestPhysicalPageNumber = (ULONG)*nt->MmLowestPhysicalPage,
        .HighestPhysicalPageNumber = (ULONG)*nt->MmHighestPhysicalPage,
        .AllocationGranularity = (ULONG)MM_ALLOCATION_GRANULARITY,
        .MinimumUserModeAddress = MM_LOWEST_USER_ADDRESS,
        .MaximumUserModeAddress = MM_HIGHEST_USER_ADDRESS,
        .ActiveProcessorsAffinityMask = (1ull << *nt->KeNumberProcessors) - 1,
        .NumberOfProcessors = (CHAR)*nt->KeNumberProcessors,
    };
    return answer_system(call, &information, sizeof information);
}

static NTSTATUS processor(struct sys_call *call)
{
    const KPRCB *prcb = k2h(&call->sys->ke->ks, call->sys->ke->nt.KiProcessorBlock[0]);
    const SYSTEM_PROCESSOR_INFORMATION information = {
        .ProcessorArchitecture = PROCESSOR_ARCHITECTURE_AMD64,
        .ProcessorLevel = (USHORT)prcb->CpuType,
        .ProcessorRevision = (USHORT)prcb->CpuStep,
        .MaximumProcessors = (USHORT)*call->sys->ke->nt.KeNumberProcessors,
        .ProcessorFeatureBits = (ULONG)prcb->FeatureBits,
    };
    return answer_system(call, &information, sizeof information);
}

static NTSTATUS performance(struct sys_call *call)
{
    struct mm_statistics statistics;
    SYSTEM_PERFORMANCE_INFORMATION information;
    memset(&information, 0, sizeof information);
    mm_get_statistics(call->sys->mm, &statistics);
    information.AvailablePages = (ULONG)statistics.available_pages;
    information.CommittedPages = (ULONG)statistics.committed_pages;
    information.CommitLimit = (ULONG)statistics.commit_limit;
    information.PeakCommitment = (ULONG)statistics.peak_commit;
    information.PageFaultCount = (ULONG)statistics.faults;
    information.CopyOnWriteCount = (ULONG)statistics.copy_on_write_faults;
    information.TransitionCount = (ULONG)statistics.transition_faults;
    information.DemandZeroCount = (ULONG)statistics.demand_zero_faults;
    information.PageReadCount = (ULONG)statistics.pages_read;
    information.PageReadIoCount = (ULONG)statistics.reads;
    information.DirtyPagesWriteCount = (ULONG)statistics.pages_written;
    information.DirtyWriteIoCount = (ULONG)statistics.writes;
    information.MappedPagesWriteCount = (ULONG)statistics.mapped_pages_written;
    information.MappedWriteIoCount = (ULONG)statistics.mapped_writes;
    information.PagedPoolPages = (ULONG)(statistics.paged_pool_bytes / PAGE_SIZE);
    information.ResidentPagedPoolPage = (ULONG)statistics.resident_paged_pool;
    information.NonPagedPoolPages = (ULONG)(statistics.nonpaged_pool_bytes / PAGE_SIZE);
    return answer_system(call, &information, sizeof information);
}

static NTSTATUS time_of_day(struct sys_call *call)
{
    SYSTEM_TIMEOFDAY_INFORMATION information;
    memset(&information, 0, sizeof information);
    information.CurrentTime.QuadPart = ke_query_system_time(call->sys->ke);
    information.BootTime.QuadPart =
        information.CurrentTime.QuadPart - ke_query_interrupt_time(call->sys->ke);
    return answer_system(call, &information, sizeof information);
}

/* Each interrupt adds what it lasted: the time is not being adjusted. */
static NTSTATUS time_adjustment(struct sys_call *call)
{
    SYSTEM_QUERY_TIME_ADJUST_INFORMATION information;
    memset(&information, 0, sizeof information);
    information.TimeAdjustment = CLOCK_RESOLUTION;
    information.TimeIncrement = CLOCK_RESOLUTION;
    information.Enable = true; /* KeTimeSynchronization: the clock runs at its own rate */
    return answer_system(call, &information, sizeof information);
}

/* NtQuerySystemInformation(class, buffer, length, *return length) */
static NTSTATUS query_system_information(struct sys_call *call)
{
    switch ((uint32_t)call->arg[0]) {
    case SystemBasicInformation:
        return basic(call);
    case SystemProcessorInformation:
        return processor(call);
    case SystemPerformanceInformation:
        return performance(call);
    case SystemTimeOfDayInformation:
        return time_of_day(call);
    case SystemTimeAdjustmentInformation:
        return time_adjustment(call);
    case SystemProcessInformation:
        return sys_process_list(call);
    case SystemPageFileInformation:
        return sys_query_paging_files(call);
    default:
        return STATUS_INVALID_INFO_CLASS;
    }
}

/* NtQueryPerformanceCounter(*counter, *frequency) */
static NTSTATUS query_performance_counter(struct sys_call *call)
{
    const int64_t counter = ke_query_performance_counter(call->sys->ke),
                  frequency = KE_PERFORMANCE_FREQUENCY;
    NTSTATUS status = SYS_PUT(call, call->arg[0], counter);
    return NT_SUCCESS(status) ? sys_put_optional(call, call->arg[1], &frequency, sizeof frequency)
                              : status;
}

/* NtQuerySystemTime(*time) */
static NTSTATUS query_system_time(struct sys_call *call)
{
    const int64_t now = ke_query_system_time(call->sys->ke);
    return SYS_PUT(call, call->arg[0], now);
}

/* NtSetSystemTime(*time, *previous) */
static NTSTATUS set_system_time(struct sys_call *call)
{
    int64_t time;
    NTSTATUS status = SYS_GET(call, time, call->arg[0]);
    if (NT_SUCCESS(status) && time <= 0) {
        status = STATUS_INVALID_PARAMETER;
    }
    if (NT_SUCCESS(status) && !se_process_has_privilege(&call->sys->ps->se, call->process->process,
                                                        SE_SYSTEMTIME_PRIVILEGE)) {
        status = STATUS_PRIVILEGE_NOT_HELD;
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    const int64_t previous = ke_set_system_time(call->sys->ke, time);
    return sys_put_optional(call, call->arg[1], &previous, sizeof previous);
}

/* NtQueryTimerResolution(*coarsest, *finest, *current) */
static NTSTATUS query_timer_resolution(struct sys_call *call)
{
    const ULONG resolution = CLOCK_RESOLUTION;
    NTSTATUS status = SYS_PUT(call, call->arg[0], resolution);
    if (NT_SUCCESS(status)) {
        status = SYS_PUT(call, call->arg[1], resolution);
    }
    return NT_SUCCESS(status) ? SYS_PUT(call, call->arg[2], resolution) : status;
}

static const struct sys_entry entries[] = {
    {SERVICE_NtQuerySystemInformation, query_system_information},
    {SERVICE_NtQueryPerformanceCounter, query_performance_counter},
    {SERVICE_NtQuerySystemTime, query_system_time},
    {SERVICE_NtSetSystemTime, set_system_time},
    {SERVICE_NtQueryTimerResolution, query_timer_resolution},
};
const struct sys_family sys_system_family = {entries, sizeof entries / sizeof *entries};
