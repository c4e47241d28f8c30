/* src/kd/process_parts.c: see process_parts.h.
 *
 *      threads    ETHREADs of the process (of a minidump: its own list), registers from the
 * processor or the trap frame modules    those that lm lists for user memory memory     full:
 * whatever pages are there. Else stacks from the stack pointer on and code around the instruction
 * pointer, and what the wish adds
 *
 * Memory that is not there (never touched, or in a page file) is left out: nothing is made up, so
 * that the dump answers as the machine did. Every block is readable as a whole.
 */
#include "kd/process_parts.h"

#include <stdlib.h>
#include <string.h>

#include "dump/minidump_layout.h"
#include "hw/bits.h"
#include "kd/areas.h"
#include "kd/cmd/cmd.h"
#include "kd/handles.h"
#include "kd/kdi.h"
#include "kd/stack.h"
#include "kd/symbols.h"
#include "kd/types.h"

#define SHARED_DATA 0xFFFFF78000000000ull
#define LEAST_ROOM 64u
#define STACK_MOST 0x100000u
#define CONTEXT_PARTS 0x00100017u /* AMD64: control, integer, segments, debug registers */
#define THREAD_RUNNING 2u         /* KTHREAD.State */
#define SECOND 10000000ull        /* 100 ns */
#define EPOCH_SECONDS 11644473600ull
#define SERVICE_PACK_1 0x100u /* CmNtCSDVersion */

void *kd_process_parts_grow(struct kd_process_parts *parts, void *list, size_t count, size_t *room,
                            size_t size)
{
    if (parts->failed || count < *room) {
        return parts->failed ? NULL : list;
    }
    size_t wanted = *room ? 2 * *room : LEAST_ROOM;
    void *grown = realloc(list, wanted * size);
    parts->failed = grown == NULL;
    *room = grown != NULL ? wanted : *room;
    return grown;
}

/* ---- threads ----------------------------------------------------------------------------------
 */

void kd_context_of(const struct kd_registers *r, struct _CONTEXT *c)
{
    uint64_t *const to[KD_GPR_COUNT] = {&c->Rax, &c->Rcx, &c->Rdx, &c->Rbx, &c->Rsp, &c->Rbp,
                                        &c->Rsi, &c->Rdi, &c->R8,  &c->R9,  &c->R10, &c->R11,
                                        &c->R12, &c->R13, &c->R14, &c->R15};
    for (int i = 0; i < KD_GPR_COUNT; i++) {
        *to[i] = r->gpr[i];
    }
    c->ContextFlags = CONTEXT_PARTS;
    c->Rip = r->rip;
    c->EFlags = (uint32_t)r->rflags;
    c->SegCs = r->cs;
    c->SegDs = r->ds;
    c->SegEs = r->es;
    c->SegFs = r->fs;
    c->SegGs = r->gs;
    c->SegSs = r->ss;
    c->Dr0 = r->dr[0];
    c->Dr1 = r->dr[1];
    c->Dr2 = r->dr[2];
    c->Dr3 = r->dr[3];
    c->Dr6 = r->dr[6];
    c->Dr7 = r->dr[7];
}

/* The stack from its pointer up to its base. */
static void take_registers(struct kd *kd, const struct kd_registers *registers,
                           struct dump_minidump_thread *t)
{
    kd_context_of(registers, &t->thread.context);
    t->thread.has_context = true;
    uint64_t sp = registers->gpr[KD_RSP];
    uint64_t base = kd_field(kd, "_TEB", t->thread.teb, "NtTib.StackBase");
    if (base > sp && base - sp <= STACK_MOST) {
        t->stack = (struct dump_block){sp, base - sp};
    }
}

/* A running thread's registers are its processor's. */
static bool thread_registers(struct kd *kd, uint64_t thread, struct kd_registers *out)
{
    struct kd_target *target = kd->target;
    uint64_t number = kd_field(kd, "_ETHREAD", thread, "Tcb.NextProcessor");
    if (thread == target->last_event.thread) {
        return kd_processor_registers(kd, target->last_event.processor, out);
    }
    bool runs = kd_field(kd, "_ETHREAD", thread, "Tcb.State") == THREAD_RUNNING &&
                kd_field(kd, "_KPRCB", kd_prcb_of(kd, number), "CurrentThread") == thread;
    return (runs && kd_processor_registers(kd, (unsigned)number, out)) ||
           kd_thread_registers(kd, thread, out);
}

static bool add_thread(struct kd *kd, uint64_t thread, void *context)
{
    struct kd_process_parts *parts = context;
    uint64_t tick = kd_clock_increment(kd);
    struct dump_minidump_thread *t = KD_PARTS_APPEND(parts, thread, thread_count);
    if (t == NULL) {
        return false;
    }
    *t = (struct dump_minidump_thread){
        .thread = {.id = (uint32_t)kd_field(kd, "_ETHREAD", thread, "Cid.UniqueThread"),
                   .suspended = (uint32_t)kd_field(kd, "_ETHREAD", thread, "Tcb.SuspendCount"),
                   .teb = kd_field(kd, "_ETHREAD", thread, "Tcb.Teb")},
        .priority = (uint32_t)kd_field(kd, "_ETHREAD", thread, "Tcb.BasePriority"),
        .exit_status = (uint32_t)kd_field(kd, "_ETHREAD", thread, "ExitStatus"),
        .create_time = kd_field(kd, "_ETHREAD", thread, "CreateTime.QuadPart"),
        .kernel_time = tick * kd_field(kd, "_ETHREAD", thread, "Tcb.KernelTime"),
        .user_time = tick * kd_field(kd, "_ETHREAD", thread, "Tcb.UserTime"),
        .start_address = kd_field(kd, "_ETHREAD", thread, "Win32StartAddress"),
        .affinity = kd_field(kd, "_ETHREAD", thread, "Tcb.Affinity.Mask"),
    };
    struct kd_registers registers;
    if (thread_registers(kd, thread, &registers)) {
        take_registers(kd, &registers, t);
    }
    return !kd_interrupted(kd);
}

/* Threads of a target that is itself one process. */
static void add_listed_threads(struct kd_process_parts *parts)
{
    struct kd *kd = parts->kd;
    struct kd_target_thread listed;
    for (unsigned i = 0; kd->target->ops->get_thread(kd->target, i, &listed); i++) {
        struct dump_minidump_thread *t = KD_PARTS_APPEND(parts, thread, thread_count);
        struct kd_registers registers;
        if (t == NULL) {
            return;
        }
        *t = (struct dump_minidump_thread){
            .thread = {.id = listed.id, .suspended = listed.suspended, .teb = listed.teb}};
        if (kd->target->ops->get_registers(kd->target, i, &registers) == 0) {
            take_registers(kd, &registers, t);
        }
    }
}

/* ---- modules, regions, handles ----------------------------------------------------------------
 */

static void add_modules(struct kd_process_parts *parts)
{
    const struct kd_symbols *symbols = parts->kd->symbols;
    for (size_t i = 0; i < kd_module_count(symbols); i++) {
        const struct kd_module *module = kd_module_get(symbols, i);
        struct dump_module *to =
            module->kernel ? NULL : KD_PARTS_APPEND(parts, module, module_count);
        if (to == NULL) {
            continue;
        }
        *to = (struct dump_module){
            .base = module->base,
            .size = (uint32_t)module->size,
            .checksum = module->checksum,
            .timestamp = module->timestamp,
            .has_debug_record = module->has_debug_record,
            .age = module->id.age,
        };
        _Static_assert(sizeof to->name == sizeof module->image &&
                           sizeof to->pdb == sizeof module->pdb_name,
                       "the same limits");
        memcpy(to->name, module->image, sizeof to->name);
        memcpy(to->guid, module->id.guid, sizeof to->guid);
        memcpy(to->pdb, module->pdb_name, sizeof to->pdb);
    }
}

static void add_region(struct kd *kd, const struct kd_area *area, void *context)
{
    struct kd_process_parts *parts = context;
    struct dump_region *region = KD_PARTS_APPEND(parts, region, region_count);
    (void)kd;
    if (region != NULL) {
        bool free = area->state == KD_MEM_FREE;
        *region = (struct dump_region){
            .base = area->start,
            .allocation_base = free ? 0 : area->base,
            .size = area->end - area->start,
            .allocation_protect = free ? 0 : area->base_protect,
            .state = area->state,
            .protect = area->protect,
            .type = free ? 0 : area->type,
        };
    }
}

static bool add_handle(struct kd *kd, const struct kd_handle *handle, void *context)
{
    struct kd_process_parts *parts = context;
    struct dump_handle *to = KD_PARTS_APPEND(parts, handle, handle_count);
    if (to == NULL) {
        return false;
    }
    *to = (struct dump_handle){
        .handle = handle->value,
        .attributes = handle->attributes,
        .access = handle->access,
        .handles = (uint32_t)kd_field(kd, "_OBJECT_HEADER", handle->header, "HandleCount"),
        .pointers = (uint32_t)kd_field(kd, "_OBJECT_HEADER", handle->header, "PointerCount"),
    };
    kd_object_type_name(kd, handle->header, to->type, sizeof to->type);
    kd_object_name(kd, handle->header, to->name, sizeof to->name);
    return true;
}

static void add_handles(struct kd_process_parts *parts)
{
    struct kd_handle_table table;
    uint64_t process = kd_current_process(parts->kd);
    if (kd_field(parts->kd, "_EPROCESS", process, "ObjectTable") != 0 &&
        kd_handle_table_open(parts->kd, process, &table)) {
        kd_handles_each(parts->kd, &table, add_handle, parts);
    }
}

/* ---- the whole --------------------------------------------------------------------------------
 */

/* What the header of a minidump and its small streams say. */
static void take_system(struct kd *kd, struct dump_info *info, struct kd_process_parts *parts)
{
    const struct kd_crash *crash = kd->target->crash;
    const char shared[] = "_KUSER_SHARED_DATA";
    uint64_t process = kd_current_process(kd), build = 0, pid = 0, pack = 0;
    uint64_t tick = kd_clock_increment(kd);
    kd_register_value(kd, "$tpid", &pid);
    info->process_id = (uint32_t)pid;
    info->processors = kd->target->processor_count;
    if (kd_target_is_process(kd->target) && crash != NULL) {
        info->major = crash->major;
        info->minor = crash->minor;
        info->build = crash->build;
        info->processors = crash->processors;
        info->time_stamp = (uint32_t)(crash->system_time / SECOND - EPOCH_SECONDS);
        return;
    }
    kd_read_global(kd->symbols, "nt!NtBuildNumber", 4, &build);
    kd_read_global(kd->symbols, "nt!CmNtCSDVersion", 4, &pack);
    info->major = (uint32_t)kd_field(kd, shared, SHARED_DATA, "NtMajorVersion");
    info->minor = (uint32_t)kd_field(kd, shared, SHARED_DATA, "NtMinorVersion");
    info->build = build & UINT16_MAX;
    info->time_stamp = (uint32_t)(info->system_time / SECOND - EPOCH_SECONDS);
    parts->minidump.service_pack = pack == SERVICE_PACK_1 ? "Service Pack 1" : "";
    parts->minidump.create_time =
        (uint32_t)(kd_field(kd, "_EPROCESS", process, "CreateTime.QuadPart") / SECOND -
                   EPOCH_SECONDS);
    parts->minidump.user_time =
        (uint32_t)(tick * kd_field(kd, "_EPROCESS", process, "Pcb.UserTime") / SECOND);
    parts->minidump.kernel_time =
        (uint32_t)(tick * kd_field(kd, "_EPROCESS", process, "Pcb.KernelTime") / SECOND);
}

/* PROCESS_PRIORITY_CLASS as SetPriorityClass has it. */
static uint32_t priority_class(struct kd *kd)
{
    static const uint32_t classes[] = {0, 0x40, 0x20, 0x80, 0x100, 0x4000, 0x8000};
    uint64_t index = kd_field(kd, "_EPROCESS", kd_current_process(kd), "PriorityClass");
    return index < sizeof classes / sizeof classes[0] ? classes[index] : 0;
}

/* The exception that stopped the target, if a thread of this process had it. */
static void take_exception(struct kd_process_parts *parts, struct dump_info *info)
{
    struct kd *kd = parts->kd;
    const struct kd_event *event = &kd->target->last_event;
    bool listed = kd_target_is_process(kd->target);
    uint64_t id = kd_field(kd, "_ETHREAD", event->thread, "Cid.UniqueThread");
    info->has_exception = false;
    if (!kd_event_is_exception(event)) {
        return;
    }
    for (size_t i = 0; i < parts->minidump.thread_count; i++) {
        if (listed ? i == event->processor : parts->threads[i].thread.id == id) {
            info->has_exception = true;
            info->exception_thread = i;
        }
    }
}

static uint64_t flags_of(const struct kd_process_wish *wish)
{
    return (wish->full ? MINIDUMP_WITH_FULL_MEMORY : 0) |
           (wish->handles ? MINIDUMP_WITH_HANDLES : 0) |
           (wish->referenced ? MINIDUMP_WITH_REFERENCED : 0) |
           (wish->blocks ? MINIDUMP_WITH_PROCESS_BLOCKS : 0) |
           (wish->regions ? MINIDUMP_WITH_REGIONS : 0) |
           (wish->times ? MINIDUMP_WITH_THREAD_TIMES : 0);
}

static size_t read_virtual(void *context, uint64_t va, void *buffer, size_t size)
{
    return kd_read_virtual(context, va, buffer, size);
}

static bool go_on(void *context, uint64_t done, uint64_t all)
{
    kd_progress(context, done, all);
    return !kd_interrupted(context);
}

static void publish(struct kd_process_parts *parts)
{
    parts->minidump.threads = parts->threads;
    parts->minidump.modules = parts->modules;
    parts->minidump.regions = parts->regions;
    parts->minidump.handles = parts->handles;
    parts->minidump.blocks = parts->blocks;
}

bool kd_process_parts_collect(struct kd *kd, const struct kd_process_wish *wish,
                              struct dump_info *info, struct kd_process_parts *parts)
{
    bool listed = kd_target_is_process(kd->target);
    *parts = (struct kd_process_parts){.kd = kd,
                                       .minidump = {.service_pack = "",
                                                    .flags = flags_of(wish),
                                                    .full = wish->full,
                                                    .with_thread_times = wish->times && !listed,
                                                    .read = read_virtual,
                                                    .go_on = go_on,
                                                    .context = kd}};
    take_system(kd, info, parts);
    if (listed) {
        add_listed_threads(parts);
    } else {
        parts->minidump.priority_class = priority_class(kd);
        kd_threads_each(kd, kd_current_process(kd), add_thread, parts);
    }
    take_exception(parts, info);
    add_modules(parts);
    if (wish->regions && !listed) {
        kd_areas_each(kd, add_region, parts);
    }
    if (wish->handles && !listed) {
        add_handles(parts);
    }
    bool complete = kd_process_parts_add_memory(parts, wish);
    publish(parts);
    if (parts->failed || !complete) {
        return kd_error(kd, "Dump creation failed: %s",
                        parts->failed ? "out of memory" : "interrupted");
    }
    return (parts->minidump.thread_count != 0 && parts->minidump.block_count != 0) ||
           kd_error(kd, "Dump creation failed: the current process has no threads, or no memory of "
                        "it is there");
}

void kd_process_parts_deinit(struct kd_process_parts *parts)
{
    free(parts->threads);
    free(parts->modules);
    free(parts->regions);
    free(parts->handles);
    free(parts->blocks);
    *parts = (struct kd_process_parts){0};
}
