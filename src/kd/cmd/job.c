/* src/kd/cmd/job.c: !job: a job, its limits and its processes.
 *
 *      EPROCESS.Job -> EJOB.ProcessListHead <-> EPROCESS.JobLinks <-> ...
 *
 * Source: debugger documentation, "!job"; limits: JOBOBJECT_BASIC_LIMIT_INFORMATION. */
#include <inttypes.h>

#include "kd/cmd/cmd.h"
#include "kd/kdi.h"

#define PROCESS_LIMIT 65536

static const struct {
    const char *label, *path;
    bool hex;
} rows[] = {
    {"TotalPageFaultCount", "TotalPageFaultCount", false},
    {"TotalProcesses", "TotalProcesses", false},
    {"ActiveProcesses", "ActiveProcesses", false},
    {"TotalTerminatedProcesses", "TotalTerminatedProcesses", false},
    {"LimitFlags", "LimitFlags", true},
    {"MinimumWorkingSetSize", "MinimumWorkingSetSize", true},
    {"MaximumWorkingSetSize", "MaximumWorkingSetSize", true},
    {"ActiveProcessLimit", "ActiveProcessLimit", false},
    {"PriorityClass", "PriorityClass", true},
    {"SchedulingClass", "SchedulingClass", true},
    {"UIRestrictionsClass", "UIRestrictionsClass", true},
    {"CompletionPort", "CompletionPort", true},
    {"CompletionKey", "CompletionKey", true},
    {"ProcessMemoryLimit (pages)", "ProcessMemoryLimit", true},
    {"JobMemoryLimit (pages)", "JobMemoryLimit", true},
    {"PeakProcessMemoryUsed (pages)", "PeakProcessMemoryUsed", true},
    {"PeakJobMemoryUsed (pages)", "PeakJobMemoryUsed", true},
};

static const struct {
    uint32_t bit;
    const char *name;
} limits[] = {{0x0001, "JOB_OBJECT_LIMIT_WORKINGSET"},
              {0x0002, "JOB_OBJECT_LIMIT_PROCESS_TIME"},
              {0x0004, "JOB_OBJECT_LIMIT_JOB_TIME"},
              {0x0008, "JOB_OBJECT_LIMIT_ACTIVE_PROCESS"},
              {0x0010, "JOB_OBJECT_LIMIT_AFFINITY"},
              {0x0020, "JOB_OBJECT_LIMIT_PRIORITY_CLASS"},
              {0x0040, "JOB_OBJECT_LIMIT_PRESERVE_JOB_TIME"},
              {0x0080, "JOB_OBJECT_LIMIT_SCHEDULING_CLASS"},
              {0x0100, "JOB_OBJECT_LIMIT_PROCESS_MEMORY"},
              {0x0200, "JOB_OBJECT_LIMIT_JOB_MEMORY"},
              {0x0400, "JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION"},
              {0x0800, "JOB_OBJECT_LIMIT_BREAKAWAY_OK"},
              {0x1000, "JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK"},
              {0x2000, "JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE"}};

static bool show_member(struct kd *kd, uint64_t process, void *context)
{
    (void)context;
    kd_show_process_summary(kd, process);
    return true;
}

static bool show_job(struct kd *kd, uint64_t job, bool processes)
{
    uint64_t head, link, flags = kd_field(kd, "_EJOB", job, "LimitFlags");
    kd_printf(kd, "Job at %016" PRIx64 "\n", job);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t value = kd_field(kd, "_EJOB", job, rows[i].path);
        kd_printf(kd, rows[i].hex ? "  %-30s %" PRIx64 "\n" : "  %-30s %" PRIu64 "\n",
                  rows[i].label, value);
    }
    if (flags != 0) {
        kd_printf(kd, "\nLimits:\n");
    }
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        if (flags & limits[i].bit) {
            kd_printf(kd, "    %s\n", limits[i].name);
        }
    }
    if (!processes || !kd_offset(kd, "_EJOB", "ProcessListHead", &head) ||
        !kd_offset(kd, "_EPROCESS", "JobLinks", &link)) {
        return true;
    }
    kd_printf(kd, "\nProcesses assigned to this job:\n");
    return kd_list_each(kd, job + head, link, PROCESS_LIMIT, show_member, NULL) ||
           kd_error(kd, "The job's list of processes is damaged");
}

/* !job [PROCESS [FLAGS]]: an EPROCESS or an EJOB; flag 1 lists the processes. */
static bool cmd_job(struct kd *kd, const char *args)
{
    const uint64_t show_processes = 1;
    uint64_t address = 0, flags = show_processes, count;
    bool given;
    if (!kd_evaluate_optional(kd, &args, &address, &given)) {
        return false;
    }
    uint64_t wanted = address;
    if (!kd_evaluate_optional(kd, &args, &flags, &given) || !kd_need_symbols(kd)) {
        return false;
    }
    address = wanted != 0 ? wanted : kd_current_process(kd);
    if (kd_field(kd, "_EPROCESS", address, "Pcb.Header.Type") == KD_PROCESS_OBJECT) {
        uint64_t job = kd_field(kd, "_EPROCESS", address, "Job");
        if (job == 0) {
            kd_printf(kd, "Process %016" PRIx64 " is not part of a job\n", address);
            return true;
        }
        address = job;
    }
    if (!kd_read_nt(kd, "_EJOB", address, "TotalProcesses", &count)) {
        return kd_error(kd, "The job at %016" PRIx64 " is not in memory", address);
    }
    return show_job(kd, address, (flags & show_processes) != 0);
}

const struct kd_command kd_commands_job[] = {
    {"!job", "!job [PROCESS|JOB [FLAGS]]", "a job, its limits and its processes", cmd_job,
     KD_NEEDS_MACHINE},
    {0},
};
