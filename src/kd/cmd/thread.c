/* src/kd/cmd/thread.c: !thread, .thread, ~: threads and processors.
 *
 * Source: debugger documentation, "!thread", ".thread (Set Register Context)", "~ (Processor)". */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "kd/cmd/cmd.h"
#include "kd/kdi.h"
#include "kd/script.h"
#include "kd/stack.h"
#include "kd/types.h"

#define WAIT_BLOCK_LIMIT 64 /* MAXIMUM_WAIT_OBJECTS */

enum thread_state { INITIALIZED, READY, RUNNING, STANDBY, TERMINATED, WAITING, TRANSITION };

static uint64_t field(struct kd *kd, uint64_t thread, const char *path)
{
    return kd_field(kd, "_ETHREAD", thread, path);
}

static void show_state(struct kd *kd, uint64_t thread)
{
    static const char *const names[] = {"INITIALIZED", "READY",      "RUNNING",
                                        "STANDBY",     "TERMINATED", "WAIT",
                                        "TRANSITION",  "READY",      "WAIT"};
    uint64_t state = field(kd, thread, "Tcb.State");
    uint64_t processor = field(kd, thread, "Tcb.NextProcessor");
    if (state == WAITING) {
        const char *reason = kd_enum_name(kd->symbols, "nt", "_KWAIT_REASON",
                                          (int64_t)field(kd, thread, "Tcb.WaitReason"));
        kd_printf(kd, "WAIT: (%s) %s %s", reason ? reason : "Unknown",
                  field(kd, thread, "Tcb.WaitMode") ? "UserMode" : "KernelMode",
                  field(kd, thread, "Tcb.Alertable") ? "Alertable" : "Non-Alertable");
    } else if (state == READY || state == RUNNING) {
        kd_printf(kd, "%s on processor %" PRIu64, names[state], processor);
    } else {
        kd_printf(kd, "%s", state < sizeof names / sizeof names[0] ? names[state] : "????");
    }
}

static const char *object_kind(uint64_t type)
{
    static const char *const names[] = {"NotificationEvent",
                                        "SynchronizationEvent",
                                        "Mutant",
                                        "ProcessObject",
                                        "QueueObject",
                                        "Semaphore",
                                        "Thread",
                                        "Gate",
                                        "NotificationTimer",
                                        "SynchronizationTimer"};
    return type < sizeof names / sizeof names[0] ? names[type] : "Unknown";
}

static void show_waits(struct kd *kd, uint64_t thread, int indent)
{
    uint64_t first = field(kd, thread, "Tcb.WaitBlockList"), block = first, object;
    for (unsigned i = 0; i < WAIT_BLOCK_LIMIT && block != 0; i++) {
        if (!kd_read_nt(kd, "_KWAIT_BLOCK", block, "Object", &object)) {
            break;
        }
        kd_printf(kd, "%*s%016" PRIx64 "  %s\n", indent, "", object,
                  object_kind(kd_field(kd, "_DISPATCHER_HEADER", object, "Type")));
        block = kd_field(kd, "_KWAIT_BLOCK", block, "NextWaitBlock");
        if (block == first) {
            break;
        }
    }
}

static void show_times(struct kd *kd, uint64_t thread, int indent)
{
    uint64_t tick = kd_clock_increment(kd);
    kd_printf(kd, "%*sContext Switch Count      %" PRIu64 "\n", indent, "",
              field(kd, thread, "Tcb.ContextSwitches"));
    kd_printf(kd, "%*sUserTime                  ", indent, "");
    kd_show_duration(kd, tick * field(kd, thread, "Tcb.UserTime"), true);
    kd_printf(kd, "\n%*sKernelTime                ", indent, "");
    kd_show_duration(kd, tick * field(kd, thread, "Tcb.KernelTime"), true);
    kd_printf(kd, "\n");
}

static void show_details(struct kd *kd, uint64_t thread, int indent)
{
    uint64_t process = field(kd, thread, "Tcb.Process"), offset;
    char name[16] = "";
    if (kd_offset(kd, "_EPROCESS", "ImageFileName", &offset)) {
        kd_read_virtual(kd, process + offset, name, sizeof name - 1);
    }
    if (field(kd, thread, "Tcb.State") == WAITING) {
        show_waits(kd, thread, indent);
    }
    kd_printf(kd, "%*sNot impersonating\n", indent, "");
    kd_printf(kd, "%*sOwning Process            %016" PRIx64 "       Image:         %s\n", indent,
              "", process, name);
    kd_printf(kd, "%*sAttached Process          N/A            Image:         N/A\n", indent, "");
    show_times(kd, thread, indent);
    kd_printf(kd, "%*sWin32 Start Address 0x%016" PRIx64 "\n", indent, "",
              field(kd, thread, "Win32StartAddress"));
    kd_printf(kd, "%*sStack Init %016" PRIx64 " Current %016" PRIx64 "\n", indent, "",
              field(kd, thread, "Tcb.InitialStack"), field(kd, thread, "Tcb.KernelStack"));
    kd_printf(kd, "%*sBase %016" PRIx64 " Limit %016" PRIx64 " Call 0\n", indent, "",
              field(kd, thread, "Tcb.StackBase"), field(kd, thread, "Tcb.StackLimit"));
    kd_printf(kd,
              "%*sPriority %" PRIu64 " BasePriority %" PRIu64 " UnusualBoost %" PRIu64
              " ForegroundBoost %" PRIu64 " IoPriority %" PRIu64 " PagePriority %" PRIu64 "\n",
              indent, "", field(kd, thread, "Tcb.Priority"), field(kd, thread, "Tcb.BasePriority"),
              field(kd, thread, "Tcb.UnusualBoost"), field(kd, thread, "Tcb.ForegroundBoost"),
              field(kd, thread, "ThreadIoPriority"), field(kd, thread, "ThreadPagePriority"));
}

void kd_show_thread(struct kd *kd, uint64_t thread, enum kd_thread_text how, int indent)
{
    kd_printf(kd,
              "%*sTHREAD %016" PRIx64 "  Cid %04" PRIx64 ".%04" PRIx64 "  Teb: %016" PRIx64
              " Win32Thread: %016" PRIx64 " ",
              indent, "", thread, field(kd, thread, "Cid.UniqueProcess"),
              field(kd, thread, "Cid.UniqueThread"), field(kd, thread, "Tcb.Teb"),
              field(kd, thread, "Tcb.Win32Thread"));
    show_state(kd, thread);
    kd_printf(kd, "\n");
    if (how != KD_THREAD_LINE) {
        show_details(kd, thread, indent + 4);
    }
    if (how == KD_THREAD_CALLS) {
        kd_show_stack(kd, thread, indent + 4);
    }
    if (how != KD_THREAD_LINE) {
        kd_printf(kd, "\n");
    }
}

static bool check_thread(struct kd *kd, uint64_t thread)
{
    if (kd_field(kd, "_ETHREAD", thread, "Tcb.Header.Type") != KD_THREAD_OBJECT) {
        return kd_error(kd, "TYPE mismatch for thread object at %016" PRIx64, thread);
    }
    return true;
}

static bool cmd_thread(struct kd *kd, const char *args)
{
    uint64_t thread = 0;
    bool given;
    if (!kd_evaluate_optional(kd, &args, &thread, &given) || !kd_need_symbols(kd)) {
        return false;
    }
    if (!given || thread == UINT64_MAX) {
        thread = kd_current_thread(kd);
    }
    if (thread == 0) {
        return kd_error(kd, "There is no current thread");
    }
    if (!check_thread(kd, thread)) {
        return false;
    }
    kd_show_thread(kd, thread, KD_THREAD_CALLS, 0);
    return true;
}

static bool cmd_set_thread(struct kd *kd, const char *args)
{
    uint64_t thread = 0;
    bool given;
    char text[KD_ADDRESS_TEXT];
    if (!kd_evaluate_optional(kd, &args, &thread, &given) || !kd_need_symbols(kd)) {
        return false;
    }
    if (given) {
        if (thread != 0 && !check_thread(kd, thread)) {
            return false;
        }
        kd->implicit_thread = thread;
    }
    kd_printf(kd, "Implicit thread is now %s\n", kd_address_text(kd_current_thread(kd), text));
    return true;
}

/* One line of `~`. In a dump of one process, its threads stand where processors stand elsewhere. */
static void show_processor(struct kd *kd, unsigned i)
{
    struct kd_target_thread thread;
    char teb[KD_ADDRESS_TEXT];
    kd_printf(kd, "%s%3u", i == kd->processor ? "." : " ", i);
    if (kd_target_is_process(kd->target) && kd->target->ops->get_thread(kd->target, i, &thread)) {
        kd_printf(kd, "  Id: %" PRIx32 ".%" PRIx32 " Suspend: %" PRIu32 " Teb: %s Unfrozen",
                  kd->target->process_id, thread.id, thread.suspended,
                  kd_address_text(thread.teb, teb));
    }
    kd_printf(kd, "\n");
}

/* Run a command once for a processor; what is idle has nothing to show. */
static void run_for(struct kd *kd, unsigned processor, const char *command)
{
    struct kd_registers registers;
    kd->processor = processor;
    bool idle = !kd_processor_registers(kd, processor, &registers) || registers.rip == 0;
    kd_printf(kd, "%s%3u%s\n", processor == kd->target->last_event.processor ? "." : " ", processor,
              idle ? "  idle" : "");
    if (!idle) {
        kd_run_text(kd, command);
        kd_printf(kd, "\n");
    }
}

/* `~`: the processors; `~1s`: make processor 1 the current one; `~1k`, `~*k`: a command for one or
 * all of them. */
static bool cmd_processor(struct kd *kd, const char *args)
{
    unsigned count = kd->target->processor_count;
    unsigned long first = 0, last = count - 1;
    const char *command = args + 1;
    if (*args == '\0') {
        for (unsigned i = 0; i < count && !kd_interrupted(kd); i++) {
            show_processor(kd, i);
        }
        return true;
    }
    if (*args != '*') {
        char *end;
        first = last = strtoul(args, &end, 10);
        command = end;
        if (end == args) {
            return kd_error(kd, "Syntax error: ~, ~Ns, ~NCOMMAND or ~*COMMAND, not '~%s'", args);
        }
    }
    command = kd_skip(command);
    if (first >= count) {
        return kd_error(kd, "%lu is not a valid %s number", first,
                        kd_target_is_process(kd->target) ? "thread" : "processor");
    }
    if (strcmp(command, "s") == 0 && *args != '*') {
        kd->processor = (unsigned)first;
        return true;
    }
    if (*command == '\0') {
        return kd_error(kd, "Syntax error: ~, ~Ns, ~NCOMMAND or ~*COMMAND, not '~%s'", args);
    }
    unsigned before = kd->processor, stops = kd->stops;
    uint64_t thread = kd->implicit_thread;
    kd->implicit_thread = 0;
    for (unsigned long i = first; i <= last && !kd_interrupted(kd); i++) {
        run_for(kd, (unsigned)i, command);
    }
    if (kd->stops == stops) { /* else the command has let the target run */
        kd->processor = before;
        kd->implicit_thread = thread;
    }
    return true;
}

const struct kd_command kd_commands_thread[] = {
    {"!thread", "!thread [ADDRESS]", "one thread", cmd_thread, KD_NEEDS_MACHINE},
    {".thread", ".thread [ADDRESS]", "choose the thread whose registers and stack are shown",
     cmd_set_thread, KD_NEEDS_MACHINE},
    {"~", "~ | ~Ns | ~N|*COMMAND", "processors; choose one; a command for one or all",
     cmd_processor, KD_NEEDS_NOTHING},
    {0},
};
