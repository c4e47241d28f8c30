/* src/kd/cmd/schedule.c: !ready, !stacks, !timer, !locks: who waits to run, where, and for what.
 *
 *      KPRCB.DispatcherReadyListHead[priority] <-> KTHREAD.WaitListEntry   threads that could run
 *      KPRCB.TimerTable.TimerEntries[256].Entry <-> KTIMER.TimerListEntry  timers that are set
 *      nt!ExpSystemResourcesList <-> ERESOURCE.SystemResourcesList         executive resources
 *
 * Source: debugger documentation, "!ready", "!stacks", "!timer", "!locks (!kdext*.locks)". */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "kd/cmd/cmd.h"
#include "kd/kdi.h"
#include "kd/stack.h"
#include "kd/symbols.h"
#include "kd/types.h"

#define PRIORITIES 32u
#define LIST_LIMIT 100000
#define TIMER_LISTS 256u

/* Where KUSER_SHARED_DATA is mapped for the kernel on every x64 Windows. */
#define SHARED_USER_DATA 0xFFFFF78000000000ull

/* ---- !ready -----------------------------------------------------------------------------------
 */

static bool show_ready(struct kd *kd, uint64_t thread, void *context)
{
    unsigned *count = context;
    kd_show_thread(kd, thread, false, 4);
    ++*count;
    return true;
}

static bool ready_of(struct kd *kd, unsigned processor, uint64_t prcb)
{
    uint64_t heads, link, summary = kd_field(kd, "_KPRCB", prcb, "ReadySummary");
    unsigned total = 0;
    if (!kd_offset(kd, "_KPRCB", "DispatcherReadyListHead", &heads) ||
        !kd_offset(kd, "_ETHREAD", "Tcb.WaitListEntry", &link)) {
        return kd_error(kd, "The symbols have no lists of ready threads");
    }
    for (unsigned priority = PRIORITIES; priority-- > 0 && !kd_interrupted(kd);) {
        uint64_t head = prcb + heads + priority * 2 * sizeof head, first;
        if ((summary >> priority & 1) == 0 || !kd_read_u64(kd, head, &first) || first == head) {
            continue;
        }
        kd_printf(kd, "Processor %u: Ready Threads at priority %u\n", processor, priority);
        if (!kd_list_each(kd, head, link, LIST_LIMIT, show_ready, &total)) {
            return kd_error(kd, "The list of ready threads is damaged");
        }
    }
    if (total == 0) {
        kd_printf(kd, "Processor %u: No threads in READY state\n", processor);
    }
    return true;
}

static bool cmd_ready(struct kd *kd, const char *args)
{
    bool sound = true;
    (void)args;
    if (!kd_need_symbols(kd)) {
        return false;
    }
    for (unsigned i = 0; i < kd->target->processor_count && !kd_interrupted(kd); i++) {
        uint64_t prcb = kd_prcb_of(kd, i);
        sound = (prcb == 0 || ready_of(kd, i, prcb)) && sound;
    }
    return sound;
}

/* ---- !stacks ----------------------------------------------------------------------------------
 */

struct stacks {
    const char *filter;
    uint64_t now; /* in clock ticks */
    bool shown;   /* the process's line */
    uint64_t process;
};

static const char *state_name(uint64_t state)
{
    static const char *const names[] = {"INIT",    "READY", "RUNNING", "STANDBY", "TERM",
                                        "Blocked", "TRANS", "DEFER",   "GATE"};
    return state < sizeof names / sizeof names[0] ? names[state] : "????";
}

/* Where the thread is: the function of its user registers, seen in its own process. */
static void place_of(struct kd *kd, uint64_t thread, char *out, size_t size)
{
    struct kd_registers registers;
    bool running = thread == kd->target->last_event.thread;
    *out = '\0';
    if (running ? kd_processor_registers(kd, kd->target->last_event.processor, &registers)
                : kd_thread_registers(kd, thread, &registers)) {
        if (!kd_symbol_name(kd->symbols, registers.rip, out, size)) {
            snprintf(out, size, "0x%" PRIx64, registers.rip);
        }
    }
}

static void show_owner(struct kd *kd, struct stacks *s)
{
    char name[16] = "";
    uint64_t offset;
    if (s->shown) {
        return;
    }
    if (kd_offset(kd, "_EPROCESS", "ImageFileName", &offset)) {
        kd_read_virtual(kd, s->process + offset, name, sizeof name - 1);
    }
    kd_printf(kd, "                            [%016" PRIx64 " %s]\n", s->process, name);
    s->shown = true;
}

static bool show_stack_line(struct kd *kd, uint64_t thread, void *context)
{
    struct stacks *s = context;
    char place[512];
    place_of(kd, thread, place, sizeof place);
    if (*s->filter != '\0' && strcasestr(place, s->filter) == NULL) {
        return true;
    }
    uint64_t since = kd_field(kd, "_ETHREAD", thread, "Tcb.WaitTime");
    uint64_t waited = s->now > since ? s->now - since : 0;
    show_owner(kd, s);
    kd_printf(kd, "%4" PRIx64 ".%06" PRIx64 "  %016" PRIx64 " %07" PRIx64 " %-10s %s\n",
              kd_field(kd, "_ETHREAD", thread, "Cid.UniqueProcess"),
              kd_field(kd, "_ETHREAD", thread, "Cid.UniqueThread"), thread, waited & UINT32_MAX,
              state_name(kd_field(kd, "_ETHREAD", thread, "Tcb.State")), place);
    return !kd_interrupted(kd);
}

static bool show_process_stacks(struct kd *kd, uint64_t process, void *context)
{
    struct stacks *s = context;
    uint64_t head, link;
    s->process = process;
    s->shown = false;
    if (kd_offset(kd, "_EPROCESS", "ThreadListHead", &head) &&
        kd_offset(kd, "_ETHREAD", "ThreadListEntry", &link)) {
        kd_set_process(kd, process);
        kd_list_each(kd, process + head, link, LIST_LIMIT, show_stack_line, s);
    }
    if (s->shown) {
        kd_printf(kd, "\n");
    }
    return !kd_interrupted(kd);
}

/* !stacks [DETAIL [FILTER]]: detail is taken, and every level shows the same. */
static bool cmd_stacks(struct kd *kd, const char *args)
{
    uint64_t detail = 0, link;
    bool given;
    char filter[64] = "";
    if (!kd_evaluate_optional(kd, &args, &detail, &given) || !kd_need_symbols(kd)) {
        return false;
    }
    kd_word(&args, filter, sizeof filter);
    if (!kd_offset(kd, "_EPROCESS", "ActiveProcessLinks", &link)) {
        return kd_error(kd, "nt!_EPROCESS has no ActiveProcessLinks");
    }
    struct stacks s = {.filter = filter};
    s.now = kd_field(kd, "_KUSER_SHARED_DATA", SHARED_USER_DATA, "TickCountQuad");
    kd_printf(kd, "Proc.Thread  Thread           Ticks   ThreadState Blocker\n");
    uint64_t before = kd->implicit_process, directory = kd->directory_base;
    bool sound = kd_list_each(kd, kd_nt_address(kd, "PsActiveProcessHead"), link, LIST_LIMIT,
                              show_process_stacks, &s);
    kd->implicit_process = before;
    if (!kd_set_process(kd, kd_current_process(kd))) {
        kd_use_directory(kd, directory);
    }
    kd->implicit_process = before;
    return sound || kd_error(kd, "The list of processes is damaged or not in memory");
}

/* ---- !timer -----------------------------------------------------------------------------------
 */

struct timers {
    unsigned list, shown;
    uint64_t interrupt_time;
};

static void show_due(struct kd *kd, uint64_t due, uint64_t now)
{
    if (due > now) {
        kd_printf(kd, "in ");
        kd_show_duration(kd, due - now, true);
    } else {
        kd_printf(kd, "due            ");
    }
}

static bool show_timer(struct kd *kd, uint64_t timer, void *context)
{
    struct timers *t = context;
    uint64_t due = kd_field(kd, "_KTIMER", timer, "DueTime.QuadPart"), head, block, link;
    uint64_t dpc = kd_field(kd, "_KTIMER", timer, "Dpc"), thread = 0;
    uint64_t period = kd_field(kd, "_KTIMER", timer, "Period");
    if (kd_offset(kd, "_KTIMER", "Header.WaitListHead", &head) &&
        kd_offset(kd, "_KWAIT_BLOCK", "WaitListEntry", &link) &&
        kd_read_u64(kd, timer + head, &block) && block != timer + head) {
        thread = kd_field(kd, "_KWAIT_BLOCK", block - link, "Thread");
    }
    kd_printf(kd, "%3u %016" PRIx64 " %s %08" PRIx64 " %08" PRIx64 " ", t->list, timer,
              period != 0 ? "P" : " ", due & UINT32_MAX, due >> 32);
    show_due(kd, due, t->interrupt_time);
    if (dpc != 0) {
        kd_printf(kd, " DPC %016" PRIx64, dpc);
    }
    if (thread != 0) {
        kd_printf(kd, " thread %016" PRIx64, thread);
    }
    kd_printf(kd, "\n");
    t->shown++;
    return !kd_interrupted(kd);
}

static bool timers_of(struct kd *kd, uint64_t prcb, struct timers *t)
{
    uint64_t table, entry_size = kd_type_size(kd->symbols, "nt", "_KTIMER_TABLE_ENTRY"), list, link;
    if (!kd_offset(kd, "_KPRCB", "TimerTable.TimerEntries", &table) ||
        !kd_offset(kd, "_KTIMER_TABLE_ENTRY", "Entry", &list) ||
        !kd_offset(kd, "_KTIMER", "TimerListEntry", &link)) {
        return kd_error(kd, "The symbols have no timer table");
    }
    for (t->list = 0; t->list < TIMER_LISTS && !kd_interrupted(kd); t->list++) {
        uint64_t head = prcb + table + t->list * entry_size + list, first;
        /* Lists of processors that have none are zero. */
        if (!kd_read_u64(kd, head, &first) || first == 0) {
            continue;
        }
        if (!kd_list_each(kd, head, link, LIST_LIMIT, show_timer, t)) {
            return kd_error(kd, "Timer list %u is damaged", t->list);
        }
    }
    return true;
}

static bool cmd_timer(struct kd *kd, const char *args)
{
    struct timers t = {0};
    bool sound = true;
    (void)args;
    if (!kd_need_symbols(kd)) {
        return false;
    }
    t.interrupt_time =
        kd_field(kd, "_KUSER_SHARED_DATA", SHARED_USER_DATA, "InterruptTime.High1Time") << 32 |
        kd_field(kd, "_KUSER_SHARED_DATA", SHARED_USER_DATA, "InterruptTime.LowPart");
    kd_printf(kd,
              "Dump system timers\n\nInterrupt time: %08" PRIx64 " %08" PRIx64 "\n\n"
              "List Timer            Interrupt Low/High Fires            DPC/thread\n",
              t.interrupt_time & UINT32_MAX, t.interrupt_time >> 32);
    for (unsigned i = 0; i < kd->target->processor_count && !kd_interrupted(kd); i++) {
        uint64_t prcb = kd_prcb_of(kd, i);
        sound = (prcb == 0 || timers_of(kd, prcb, &t)) && sound;
    }
    kd_printf(kd, "\nTotal Timers: %u\n", t.shown);
    return sound;
}

/* ---- !locks -----------------------------------------------------------------------------------
 */

struct locks {
    unsigned total, held;
    bool all; /* -v */
};

static bool show_lock(struct kd *kd, uint64_t resource, void *context)
{
    const char type[] = "_ERESOURCE";
    const uint64_t exclusive = 0x80; /* ResourceOwnedExclusive */
    struct locks *l = context;
    uint64_t active = kd_field(kd, type, resource, "ActiveEntries");
    uint64_t owner = kd_field(kd, type, resource, "OwnerEntry.OwnerThread");
    char name[512];
    l->total++;
    l->held += active != 0;
    if (active == 0 && !l->all) {
        return !kd_interrupted(kd);
    }
    if (!kd_symbol_name(kd->symbols, resource, name, sizeof name)) {
        *name = '\0';
    }
    bool alone = (kd_field(kd, type, resource, "Flag") & exclusive) != 0;
    kd_printf(kd, "Resource @ %s%s0x%016" PRIx64, name, *name != '\0' ? " " : "", resource);
    if (active == 0) {
        kd_printf(kd, "    Available\n");
    } else if (alone) {
        kd_printf(kd, "    Exclusively owned\n");
    } else {
        kd_printf(kd, "    Shared %" PRIu64 " owning threads\n", active);
    }
    kd_printf(kd,
              "    Contention Count = %" PRIu64 "\n    NumberOfSharedWaiters = %" PRIu64
              "\n    NumberOfExclusiveWaiters = %" PRIu64 "\n",
              kd_field(kd, type, resource, "ContentionCount"),
              kd_field(kd, type, resource, "NumberOfSharedWaiters"),
              kd_field(kd, type, resource, "NumberOfExclusiveWaiters"));
    if (active != 0) {
        kd_printf(kd, "     Threads: %016" PRIx64 "-%02" PRIu64 "\n", owner,
                  kd_field(kd, type, resource, "OwnerEntry.OwnerCount"));
    }
    return !kd_interrupted(kd);
}

static bool cmd_locks(struct kd *kd, const char *args)
{
    struct locks l = {.all = strncmp(args, "-v", 2) == 0};
    uint64_t head, link;
    if (!kd_need_symbols(kd)) {
        return false;
    }
    head = kd_nt_address(kd, "ExpSystemResourcesList");
    if (head == 0 || !kd_offset(kd, "_ERESOURCE", "SystemResourcesList", &link)) {
        return kd_error(kd, "This kernel has no executive resources: there is no "
                            "nt!ExpSystemResourcesList");
    }
    kd_printf(kd, "**** DUMP OF ALL RESOURCE OBJECTS ****\n");
    bool sound = kd_list_each(kd, head, link, LIST_LIMIT, show_lock, &l);
    kd_printf(kd, "%u total locks, %u locks currently held\n", l.total, l.held);
    return sound || kd_error(kd, "The list of resources is damaged");
}

const struct kd_command kd_commands_schedule[] = {
    {"!ready", "!ready", "threads that could run, by processor and priority", cmd_ready,
     KD_NEEDS_MACHINE},
    {"!stacks", "!stacks [DETAIL [FILTER]]", "all threads of all processes, with where they are",
     cmd_stacks, KD_NEEDS_MACHINE},
    {"!timer", "!timer", "timers that are set, and who waits for them", cmd_timer,
     KD_NEEDS_MACHINE},
    {"!locks", "!locks [-v]", "executive resources that are held; -v: all of them", cmd_locks,
     KD_NEEDS_MACHINE},
    {0},
};
