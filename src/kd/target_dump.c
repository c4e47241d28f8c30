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
    }
    return true;
}

static int get_registers(struct kd_target *target, unsigned processor, struct kd_registers *out)
{
    const struct dump_info *info = of(target)->info;
    const struct _CONTEXT *c = &info->context;
    if (!info->has_context || processor != target->last_event.processor) {
        return -ENOTSUP;
    }
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
        .cr3 = info->directory_base,
        .dr = {c->Dr0, c->Dr1, c->Dr2, c->Dr3, 0, 0, c->Dr6, c->Dr7},
    };
    return 0;
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
        .build = info->build,
        .is_free = info->major == 15,
        .code = info->bugcheck,
        .system_time = info->system_time,
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
        .read_virtual = info->virtual_only ? read_saved : NULL,
        .next_virtual = info->virtual_only ? next_saved : NULL,
        .get_module = info->virtual_only ? get_module : NULL,
        .get_registers = get_registers,
    };
    kd_target_complete(&t->ops);
    fill_crash(&t->crash, info);
    t->target = (struct kd_target){
        .ops = &t->ops,
        .processor_count = info->processors,
        .maxphyaddr = HW_MAXPHYADDR_MOST,
        .directory_base = info->directory_base,
        .kernel_base = find_kernel(t),
        .physical_size = info->physical_size,
        .last_event = {.kind = KD_EVENT_NONE, .process = info->process, .thread = info->thread},
        .crash = info->type ? &t->crash : NULL,
    };
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
