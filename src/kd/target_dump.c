/* src/kd/target_dump.c: dumps as targets.
 *
 * The memory of a dump does not change and its machine does not run, so a target over it is reading
 * and the registers of the one processor whose CONTEXT the header has. Where the kernel is, the
 * debugger data block says; without one the debugger looks for it. */
#include "kd/target_dump.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hw/walk.h"
#include "nt/image.h"
#include "nt/kdbg.h"

#define SECOND 10000000ull           /* 100 ns */
#define EPOCH_SECONDS 11644473600ull /* 1601 to 1970 */

struct dump_target {
    struct kd_target target;
    struct kd_target_ops ops;
    struct dump_file *file;
    const struct dump_info *info;
    struct kd_crash crash;
};

static const struct dump_target *of(const struct kd_target *target)
{
    return (const struct dump_target *)target;
}

static int read_physical(struct kd_target *target, uint64_t pa, void *buffer, size_t size)
{
    return dump_read_physical(of(target)->file, pa, buffer, size);
}

static bool next_physical(struct kd_target *target, uint64_t pa, uint64_t *found)
{
    return dump_next_physical(of(target)->file, pa, found);
}

static size_t read_saved(struct kd_target *target, uint64_t va, void *buffer, size_t size)
{
    return dump_read_virtual(of(target)->file, va, buffer, size);
}

static bool next_saved(struct kd_target *target, uint64_t va, uint64_t *found)
{
    return dump_next_virtual(of(target)->file, va, found);
}

static bool get_module(struct kd_target *target, size_t i, struct kd_target_module *out)
{
    struct dump_module module;
    *out = (struct kd_target_module){0};
    if (i >= dump_module_count(of(target)->file)) {
        return false;
    }
    if (dump_get_module(of(target)->file, i, &module)) {
        out->base = module.base;
        out->size = module.size;
        out->checksum = module.checksum;
        out->timestamp = module.timestamp;
        snprintf(out->name, sizeof out->name, "%s", module.name);
        out->has_debug_record = module.has_debug_record;
        memcpy(out->guid, module.guid, sizeof out->guid);
        out->age = module.age;
        snprintf(out->pdb, sizeof out->pdb, "%s", module.pdb);
    }
    return true;
}

static void take_context(const struct _CONTEXT *c, struct kd_registers *out)
{
    *out = (struct kd_registers){
        .gpr = {c->Rax, c->Rcx, c->Rdx, c->Rbx, c->Rsp, c->Rbp, c->Rsi, c->Rdi, c->R8, c->R9,
                c->R10, c->R11, c->R12, c->R13, c->R14, c->R15},
        .rip = c->Rip,
        .rflags = c->EFlags,
        .cs = c->SegCs,
        .ds = c->SegDs,
        .es = c->SegEs,
        .fs = c->SegFs,
        .gs = c->SegGs,
        .ss = c->SegSs,
        .dr = {c->Dr0, c->Dr1, c->Dr2, c->Dr3, 0, 0, c->Dr6, c->Dr7},
    };
}

static int get_registers(struct kd_target *target, unsigned processor, struct kd_registers *out)
{
    const struct dump_info *info = of(target)->info;
    if (!info->has_context || processor != target->last_event.processor) {
        return -ENOTSUP;
    }
    take_context(&info->context, out);
    out->cr3 = info->directory_base;
    return 0;
}

/* ---- one process: its threads stand where processors stand elsewhere ---- */

static bool get_thread(struct kd_target *target, unsigned i, struct kd_target_thread *out)
{
    struct dump_thread thread;
    bool found = dump_get_thread(of(target)->file, i, &thread);
    *out = (struct kd_target_thread){thread.id, thread.suspended, thread.teb};
    return found;
}

static int get_thread_registers(struct kd_target *target, unsigned i, struct kd_registers *out)
{
    struct dump_thread thread;
    if (!dump_get_thread(of(target)->file, i, &thread) || !thread.has_context) {
        return -ENOTSUP;
    }
    take_context(&thread.context, out);
    out->gs_base = thread.teb;
    return 0;
}

static bool get_region(struct kd_target *target, size_t i, struct dump_region *out)
{
    return dump_get_region(of(target)->file, i, out);
}

static bool get_handle(struct kd_target *target, size_t i, struct dump_handle *out)
{
    return dump_get_handle(of(target)->file, i, out);
}

/* The exception that the file was made for, else nothing. */
static struct kd_event get_event(const struct dump_info *info)
{
    const struct _EXCEPTION_RECORD64 *record = &info->exception;
    struct kd_event event = {.kind = KD_EVENT_NONE};
    if (info->has_exception) {
        event = (struct kd_event){
            .kind = KD_EVENT_EXCEPTION,
            .processor = (unsigned)info->exception_thread,
            .address = record->ExceptionAddress,
            .code = record->ExceptionCode,
            .first_chance = true,
            .parameter_count = record->NumberParameters < 4 ? record->NumberParameters : 4,
        };
        memcpy(event.parameter, record->ExceptionInformation, sizeof event.parameter);
    }
    return event;
}

/* ---- where the kernel is ---- */

static bool read_entry(void *context, hw_pa pa, uint64_t *value)
{
    return dump_read_physical(context, pa.value, value, sizeof *value) == 0;
}

static bool read_word(const struct dump_target *t, uint64_t va, uint64_t *value)
{
    if (t->info->virtual_only) {
        return dump_read_virtual(t->file, va, value, sizeof *value) == sizeof *value;
    }
    const struct hw_mmu mmu = {
        .cr3 = {t->info->directory_base},
        .maxphyaddr = HW_MAXPHYADDR_MOST,
        .nx = true,
        .read_physical = read_entry,
        .context = t->file,
    };
    struct hw_walk walk;
    hw_walk(&mmu, (hw_va){va}, (struct hw_access){0}, &walk);
    return walk.page_size != 0 && read_entry(t->file, walk.pa, value);
}

static uint64_t find_kernel(const struct dump_target *t)
{
    uint64_t tag, base, at = t->info->debugger_data;
    if (at == 0 || !read_word(t, at + offsetof(struct _KDDEBUGGER_DATA64, Header.OwnerTag), &tag) ||
        (uint32_t)tag != KDBG_TAG ||
        !read_word(t, at + offsetof(struct _KDDEBUGGER_DATA64, KernBase), &base)) {
        return 0;
    }
    return base;
}

/* ---- opening ---- */

static void fill_crash(struct kd_crash *crash, const struct dump_info *info)
{
    *crash = (struct kd_crash){
        .format = info->format,
        .major = info->one_process ? info->major : 0,
        .minor = info->minor,
        .build = info->build,
        .processors = info->processors,
        .is_free = info->major == 15 || info->one_process,
        .code = info->bugcheck,
        .system_time =
            info->one_process ? (info->time_stamp + EPOCH_SECONDS) * SECOND : info->system_time,
        .up_time = info->up_time,
        .loaded_modules = info->loaded_modules,
    };
    memcpy(crash->parameter, info->bugcheck_parameter, sizeof crash->parameter);
    memcpy(crash->comment, info->comment, sizeof crash->comment);
}

static void fill_target(struct dump_target *t)
{
    const struct dump_info *info = t->info;
    t->ops = (struct kd_target_ops){
        .name = "dump",
        .read_physical = info->virtual_only ? NULL : read_physical,
        .next_physical = info->virtual_only ? NULL : next_physical,
        .read_virtual = info->virtual_only ? read_saved : NULL,
        .next_virtual = info->virtual_only ? next_saved : NULL,
        .get_module = info->virtual_only ? get_module : NULL,
        .get_registers = info->one_process ? get_thread_registers : get_registers,
        .get_thread = info->one_process ? get_thread : NULL,
        .get_region = info->one_process ? get_region : NULL,
        .get_handle = info->one_process ? get_handle : NULL,
    };
    kd_target_complete(&t->ops);
    fill_crash(&t->crash, info);
    t->target = (struct kd_target){
        .ops = &t->ops,
        .processor_count = info->one_process ? (unsigned)info->threads : info->processors,
        .maxphyaddr = HW_MAXPHYADDR_MOST,
        .directory_base = info->directory_base,
        .kernel_base = info->one_process ? 0 : find_kernel(t),
        .physical_size = info->virtual_only ? 0 : info->physical_size,
        .process_id = info->process_id,
        .from_file = true,
        .last_event = get_event(info),
        .crash = info->type || info->one_process ? &t->crash : NULL,
    };
    t->target.last_event.process = info->process;
    t->target.last_event.thread = info->thread;
}

int kd_dump_open(const char *path, struct kd_target **out, char reason[DUMP_REASON_SIZE])
{
    struct dump_target *t = calloc(1, sizeof *t);
    if (!t) {
        snprintf(reason, DUMP_REASON_SIZE, "out of memory");
        return -ENOMEM;
    }
    int error = dump_open(path, &t->file, reason);
    if (error) {
        free(t);
        return error;
    }
    t->info = dump_get_info(t->file);
    fill_target(t);
    *out = &t->target;
    return 0;
}

void kd_dump_close(struct kd_target *target)
{
    struct dump_target *t = (struct dump_target *)target;
    if (t) {
        dump_close(t->file);
        free(t);
    }
}
