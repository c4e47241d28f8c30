/* src/kd/cmd/process.c: !process, .process, .thread, .context.
 *
 * Source: debugger documentation, "!process" (flags), ".process (Set Process Context)". */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "kd/breakpoints.h"
#include "kd/cmd/cmd.h"
#include "kd/kdi.h"
#include "kd/symbols.h"
#include "kd/types.h"

#define PROCESS_LIMIT 100000
#define THREAD_LIMIT 100000
#define CID_LIMIT 0x100000ull /* smaller arguments are process ids, not addresses */
#define IMAGE_NAME_SIZE 16

/* Threads alone are lines; with what they wait for, they are long, and with both, their calls are
 * shown too. 8 asks for calls without arguments, 10 for them in their own process: both are so
 * anyhow. */
enum process_flags { DETAILS = 1, THREAD_WAITS = 2, THREADS = 4 };

/* Where KUSER_SHARED_DATA is mapped for the kernel on every x64 Windows. */
#define SHARED_USER_DATA 0xFFFFF78000000000ull

/* ---- times ------------------------------------------------------------------------------------
 */

uint64_t kd_clock_increment(struct kd *kd)
{
    uint64_t increment = 0;
    return kd_read_global(kd->symbols, "nt!KeMaximumIncrement", 4, &increment) ? increment : 0;
}

void kd_show_duration(struct kd *kd, uint64_t units, bool wide)
{
    uint64_t milliseconds = units / 10000;
    kd_printf(kd, wide ? "%02" PRIu64 ":%02u:%02u.%03u" : "%" PRIu64 ":%02u:%02u.%03u",
              milliseconds / 3600000, (unsigned)(milliseconds / 60000 % 60),
              (unsigned)(milliseconds / 1000 % 60), (unsigned)(milliseconds % 1000));
}

static uint64_t system_time(struct kd *kd)
{
    uint64_t low = kd_field(kd, "_KUSER_SHARED_DATA", SHARED_USER_DATA, "SystemTime.LowPart");
    uint64_t high = kd_field(kd, "_KUSER_SHARED_DATA", SHARED_USER_DATA, "SystemTime.High1Time");
    return high << 32 | low;
}

/* ---- one process ------------------------------------------------------------------------------
 */

static void image_name(struct kd *kd, uint64_t process, char out[IMAGE_NAME_SIZE])
{
    uint64_t offset;
    memset(out, 0, IMAGE_NAME_SIZE);
    if (kd_offset(kd, "_EPROCESS", "ImageFileName", &offset)) {
        kd_read_virtual(kd, process + offset, out, IMAGE_NAME_SIZE - 1);
    }
    for (char *c = out; *c != '\0'; c++) {
        *c = isprint((unsigned char)*c) ? *c : '.';
    }
}

void kd_show_process_summary(struct kd *kd, uint64_t process)
{
    char name[IMAGE_NAME_SIZE];
    uint64_t session = kd_field(kd, "_EPROCESS", process, "Session"), session_id;
    uint64_t table = kd_field(kd, "_EPROCESS", process, "ObjectTable");
    image_name(kd, process, name);
    kd_printf(kd, "PROCESS %016" PRIx64 "\n    SessionId: ", process);
    if (session != 0 && kd_read_nt(kd, "_MM_SESSION_SPACE", session, "SessionId", &session_id)) {
        kd_printf(kd, "%" PRIu64, session_id);
    } else {
        kd_printf(kd, "none");
    }
    kd_printf(kd, "  Cid: %04" PRIx64 "    Peb: %08" PRIx64 "  ParentCid: %04" PRIx64 "\n",
              kd_field(kd, "_EPROCESS", process, "UniqueProcessId"),
              kd_field(kd, "_EPROCESS", process, "Peb"),
              kd_field(kd, "_EPROCESS", process, "InheritedFromUniqueProcessId"));
    kd_printf(kd,
              "    DirBase: %08" PRIx64 "  ObjectTable: %08" PRIx64 "  HandleCount: %3" PRIu64
              ".\n    Image: %s\n",
              kd_field(kd, "_EPROCESS", process, "Pcb.DirectoryTableBase"), table,
              table != 0 ? kd_field(kd, "_HANDLE_TABLE", table, "HandleCount") : 0, name);
}

static void show_time_row(struct kd *kd, const char *label, uint64_t units)
{
    kd_printf(kd, "    %-33s ", label);
    kd_show_duration(kd, units, true);
    kd_printf(kd, "\n");
}

static void show_working_set(struct kd *kd, uint64_t process)
{
    uint64_t size = kd_field(kd, "_EPROCESS", process, "Vm.WorkingSetSize");
    uint64_t least = kd_field(kd, "_EPROCESS", process, "Vm.MinimumWorkingSetSize");
    uint64_t most = kd_field(kd, "_EPROCESS", process, "Vm.MaximumWorkingSetSize");
    uint64_t priority = kd_field(kd, "_EPROCESS", process, "Vm.Flags.MemoryPriority");
    kd_printf(kd,
              "    Working Set Sizes (now,min,max)  (%" PRIu64 ", %" PRIu64 ", %" PRIu64
              ") (%" PRIu64 "KB, %" PRIu64 "KB, %" PRIu64 "KB)\n",
              size, least, most, 4 * size, 4 * least, 4 * most);
    kd_printf(kd, "    %-33s %" PRIu64 "\n", "PeakWorkingSetSize",
              kd_field(kd, "_EPROCESS", process, "Vm.PeakWorkingSetSize"));
    kd_printf(kd, "    %-33s %" PRIu64 " Mb\n", "VirtualSize",
              kd_field(kd, "_EPROCESS", process, "VirtualSize") >> 20);
    kd_printf(kd, "    %-33s %" PRIu64 " Mb\n", "PeakVirtualSize",
              kd_field(kd, "_EPROCESS", process, "PeakVirtualSize") >> 20);
    kd_printf(kd, "    %-33s %" PRIu64 "\n", "PageFaultCount",
              kd_field(kd, "_EPROCESS", process, "Vm.PageFaultCount"));
    kd_printf(kd, "    %-33s %s\n", "MemoryPriority", priority ? "FOREGROUND" : "BACKGROUND");
}

static void show_details(struct kd *kd, uint64_t process)
{
    uint64_t tick = kd_clock_increment(kd), now = system_time(kd);
    uint64_t created = kd_field(kd, "_EPROCESS", process, "CreateTime.QuadPart");
    uint64_t exited = kd_field(kd, "_EPROCESS", process, "ExitTime.QuadPart");
    now = exited != 0 ? exited : now;
    kd_printf(kd,
              "    VadRoot %016" PRIx64 " Vads %" PRIu64 " Clone %" PRIx64 " Private %" PRIu64
              ". Modified %" PRIu64 ". Locked %" PRIu64 ".\n",
              kd_field(kd, "_EPROCESS", process, "VadRoot.BalancedRoot.RightChild"),
              kd_field(kd, "_EPROCESS", process, "VadRoot.NumberGenericTableElements"),
              kd_field(kd, "_EPROCESS", process, "CloneRoot"),
              kd_field(kd, "_EPROCESS", process, "NumberOfPrivatePages"),
              kd_field(kd, "_EPROCESS", process, "ModifiedPageCount"),
              kd_field(kd, "_EPROCESS", process, "NumberOfLockedPages"));
    kd_printf(kd, "    DeviceMap %016" PRIx64 "\n",
              kd_field(kd, "_EPROCESS", process, "DeviceMap"));
    kd_printf(kd, "    %-33s %016" PRIx64 "\n", "Token",
              kd_field(kd, "_EPROCESS", process, "Token.Object") & ~UINT64_C(15));
    show_time_row(kd, "ElapsedTime", created != 0 && now > created ? now - created : 0);
    show_time_row(kd, "UserTime", tick * kd_field(kd, "_EPROCESS", process, "Pcb.UserTime"));
    show_time_row(kd, "KernelTime", tick * kd_field(kd, "_EPROCESS", process, "Pcb.KernelTime"));
    kd_printf(kd, "    %-33s %" PRIu64 "\n", "QuotaPoolUsage[PagedPool]",
              kd_field(kd, "_EPROCESS", process, "ProcessQuotaUsage[1]"));
    kd_printf(kd, "    %-33s %" PRIu64 "\n", "QuotaPoolUsage[NonPagedPool]",
              kd_field(kd, "_EPROCESS", process, "ProcessQuotaUsage[0]"));
    show_working_set(kd, process);
    kd_printf(kd, "    %-33s %" PRIu64 "\n", "BasePriority",
              kd_field(kd, "_EPROCESS", process, "Pcb.BasePriority"));
    kd_printf(kd, "    %-33s %" PRIu64 "\n", "CommitCharge",
              kd_field(kd, "_EPROCESS", process, "CommitCharge"));
    uint64_t job = kd_field(kd, "_EPROCESS", process, "Job");
    if (job != 0) {
        kd_printf(kd, "    %-33s %016" PRIx64 "\n", "Job", job);
    }
    kd_printf(kd, "\n");
}

bool kd_processes_each(struct kd *kd, kd_element_visit *visit, void *context)
{
    uint64_t link;
    if (!kd_offset(kd, "_EPROCESS", "ActiveProcessLinks", &link)) {
        return kd_error(kd, "nt!_EPROCESS has no ActiveProcessLinks");
    }
    return kd_list_each(kd, kd_nt_address(kd, "PsActiveProcessHead"), link, PROCESS_LIMIT, visit,
                        context) ||
           kd_error(kd, "The list of processes is damaged or not in memory");
}

bool kd_threads_each(struct kd *kd, uint64_t process, kd_element_visit *visit, void *context)
{
    uint64_t head, link;
    return !kd_offset(kd, "_EPROCESS", "ThreadListHead", &head) ||
           !kd_offset(kd, "_ETHREAD", "ThreadListEntry", &link) ||
           kd_list_each(kd, process + head, link, THREAD_LIMIT, visit, context) ||
           kd_error(kd, "        The list of threads is damaged");
}

static bool show_one_thread(struct kd *kd, uint64_t thread, void *context)
{
    const uint64_t *flags = context;
    enum kd_thread_text how = !(*flags & THREAD_WAITS) ? KD_THREAD_LINE
                              : *flags & THREADS       ? KD_THREAD_CALLS
                                                       : KD_THREAD_DETAILS;
    kd_show_thread(kd, thread, how, 8);
    return true;
}

static void show_process(struct kd *kd, uint64_t process, uint64_t flags)
{
    kd_show_process_summary(kd, process);
    if (flags & DETAILS) {
        show_details(kd, process);
    }
    if (flags & (THREADS | THREAD_WAITS)) {
        kd_threads_each(kd, process, show_one_thread, &flags);
    }
    kd_printf(kd, "\n");
}

/* ---- !process ---------------------------------------------------------------------------------
 */

struct filter {
    uint64_t cid;
    bool by_cid;
    const char *name; /* NULL: any */
    uint64_t flags;
    unsigned shown;
};

static bool show_if_wanted(struct kd *kd, uint64_t process, void *context)
{
    struct filter *filter = context;
    char name[IMAGE_NAME_SIZE];
    image_name(kd, process, name);
    bool wanted = true;
    if (filter->by_cid) {
        wanted = kd_field(kd, "_EPROCESS", process, "UniqueProcessId") == filter->cid;
    } else if (filter->name != NULL) { /* ImageFileName keeps 14 characters */
        wanted = strncasecmp(name, filter->name, IMAGE_NAME_SIZE - 2) == 0;
    }
    if (wanted) {
        show_process(kd, process, filter->flags);
        filter->shown++;
    }
    return true;
}

static bool show_list(struct kd *kd, struct filter *filter)
{
    if (filter->by_cid) {
        kd_printf(kd, "Searching for Process with Cid == %" PRIx64 "\n", filter->cid);
    } else if (filter->name == NULL) {
        kd_printf(kd, "**** NT ACTIVE PROCESS DUMP ****\n");
    }
    if (!kd_processes_each(kd, show_if_wanted, filter)) {
        return false;
    }
    if (filter->shown == 0) {
        return kd_error(kd, "No process found");
    }
    return true;
}

static bool cmd_process_list(struct kd *kd, const char *args)
{
    uint64_t process = UINT64_MAX, flags = DETAILS | THREAD_WAITS;
    bool given, flags_given;
    char name[64];
    if (!kd_evaluate_optional(kd, &args, &process, &given) ||
        !kd_evaluate_optional(kd, &args, &flags, &flags_given) || !kd_need_symbols(kd)) {
        return false;
    }
    bool named = kd_word(&args, name, sizeof name);
    if (process == UINT64_MAX) {
        process = kd_current_process(kd);
    } else if (process < CID_LIMIT) {
        struct filter filter = {.flags = flags, .name = named ? name : NULL};
        filter.by_cid = process != 0;
        filter.cid = process;
        return show_list(kd, &filter);
    }
    uint64_t directory;
    if (!kd_read_nt(kd, "_EPROCESS", process, "Pcb.DirectoryTableBase", &directory)) {
        return kd_error(kd, "%016" PRIx64 ": no process there, the address is not in memory",
                        process);
    }
    if (kd_field(kd, "_EPROCESS", process, "Pcb.Header.Type") != KD_PROCESS_OBJECT) {
        return kd_error(kd, "TYPE mismatch for process object at %016" PRIx64, process);
    }
    show_process(kd, process, flags);
    return true;
}

/* ---- .process ---------------------------------------------------------------------------------
 */

struct options {
    bool invasive, translate, reload;
};

static bool parse_options(struct kd *kd, const char **args, struct options *options)
{
    while (**args == '/' || **args == '-') {
        const char *at = *args + 1;
        for (; *at != '\0' && *at != ' ' && *at != '\t'; at++) {
            switch (*at) {
            case 'i':
                options->invasive = true;
                break;
            case 'p':
            case 'P':
                options->translate = true;
                break;
            case 'r':
                options->reload = true;
                break;
            default:
                return kd_error(kd, ".process: option '%c' is not known (/i /p /r)", *at);
            }
        }
        *args = kd_skip(at);
    }
    return true;
}

static bool attach(struct kd *kd, uint64_t process)
{
    if (kd_field(kd, "_EPROCESS", process, "Pcb.Header.Type") != KD_PROCESS_OBJECT) {
        return kd_error(kd, "%016" PRIx64 " has invalid type: no process there", process);
    }
    int error = kd->target->ops->break_on_process(kd->target, process);
    if (error != 0) {
        return kd_error(kd, ".process /i: %s",
                        error == -ESRCH ? "the process has no thread that could run"
                                        : "this target cannot run");
    }
    kd_printf(kd, "You need to continue execution (press 'g' <enter>) for the context\n"
                  "to be switched. When the debugger breaks in again, you will be in\n"
                  "the new process context.\n");
    return true;
}

static bool cmd_set_process(struct kd *kd, const char *args)
{
    struct options options = {false, false, false};
    uint64_t process = 0;
    bool given;
    char text[KD_ADDRESS_TEXT];
    if (!parse_options(kd, &args, &options) || !kd_evaluate_optional(kd, &args, &process, &given) ||
        !kd_need_symbols(kd)) {
        return false;
    }
    if (given && process == 0) { /* back to that of the event */
        kd_follow_event(kd);
    } else if (given && options.invasive) {
        return attach(kd, process);
    } else if (given && !kd_set_process(kd, process)) {
        return kd_error(kd, "Process %s has invalid type: no process there",
                        kd_address_text(process, text));
    }
    kd_printf(kd, "Implicit process is now %s\n", kd_address_text(kd_current_process(kd), text));
    if (options.translate) {
        kd_printf(kd, ".cache forcedecodeuser done\n");
    }
    if (options.reload) {
        kd_printf(kd, "Loading User Symbols\n");
    }
    return true;
}

const struct kd_command kd_commands_process[] = {
    {"!process", "!process [0|ADDRESS|CID [FLAGS [NAME]]]",
     "processes: all, or one; flags 1 sizes and times, 2 threads with what they wait for, 4 lines, "
     "6 calls",
     cmd_process_list, KD_NEEDS_MACHINE},
    {".process", ".process [/i] [/p] [/r] [ADDRESS]",
     "choose the process whose memory commands read; /i lets it run up to there", cmd_set_process,
     KD_NEEDS_MACHINE},
    {0},
};
