/* src/kd/context.c: which kernel, processor, process and thread commands speak of.
 *
 *      target.last_event --> processor, process, thread --> directory base, user modules
 *                                  ^
 *      .process ADDR --------------'  (the implicit process, until the target runs again)
 *
 * All structure layouts come from nt's types; nothing here knows an offset. Without symbols the
 * debugger still reads memory through the target's system page directory. */
#include "kd/kdi.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "hw/bits.h"
#include "kd/symbols.h"
#include "kd/symhost.h"
#include "kd/types.h"
#include "nt/image.h"

/* Where the loader puts nt, and how much of that is looked at: at most this many present pages. */
#define KERNEL_SEARCH_START 0xFFFFF80000000000ull
#define KERNEL_SEARCH_END 0xFFFFF87FFFFFFFFFull
#define KERNEL_SEARCH_PAGES 0x20000

/* ---- structures by name -----------------------------------------------------------------------
 */

bool kd_read_nt(struct kd *kd, const char *type, uint64_t address, const char *path,
                uint64_t *value)
{
    *value = 0;
    return kd->symbols != NULL && kd_read_field(kd->symbols, type, address, path, value);
}

uint64_t kd_field(struct kd *kd, const char *type, uint64_t address, const char *path)
{
    uint64_t value;
    return kd_read_nt(kd, type, address, path, &value) ? value : 0;
}

bool kd_offset(struct kd *kd, const char *type, const char *path, uint64_t *offset)
{
    return kd->symbols != NULL && kd_type_field(kd->symbols, "nt", type, path, offset, NULL);
}

uint64_t kd_bits(struct kd *kd, const char *type, const char *path, uint64_t raw)
{
    struct kd_field field;
    if (kd->symbols == NULL || !kd_type_field_get(kd->symbols, "nt", type, path, &field) ||
        field.offset >= sizeof raw) {
        return 0;
    }
    uint64_t value = raw >> (8 * field.offset);
    if (field.bit_count != 0) {
        return value >> field.bit_position & hw_bits(0, field.bit_count);
    }
    return value & hw_bits(0, (unsigned)(8 * (field.size < 8 ? field.size : 8)));
}

uint64_t kd_nt_address(struct kd *kd, const char *name)
{
    char full[128] = "nt!";
    uint64_t address;
    strncat(full, name, sizeof full - 4);
    return kd->symbols && kd_symbol_address(kd->symbols, full, &address) ? address : 0;
}

uint64_t kd_nt_pointer(struct kd *kd, const char *name)
{
    uint64_t address = kd_nt_address(kd, name), value;
    return address != 0 && kd_read_u64(kd, address, &value) ? value : 0;
}

bool kd_list_each(struct kd *kd, uint64_t head, uint64_t offset, size_t limit,
                  bool (*visit)(struct kd *kd, uint64_t element, void *context), void *context)
{
    uint64_t entry, marker = head;
    if (head == 0 || !kd_read_u64(kd, head, &entry)) {
        return false;
    }
    /* Brent's loop detection: the marker jumps ahead at powers of two. */
    for (size_t i = 0, power = 1; entry != head; i++) {
        if (entry == marker || i == limit || kd_interrupted(kd)) {
            return false;
        }
        if (i == power) {
            marker = entry;
            power *= 2;
        }
        uint64_t next;
        if (!kd_read_u64(kd, entry, &next)) {
            return false;
        }
        if (!visit(kd, entry - offset, context)) {
            return true;
        }
        entry = next;
    }
    return true;
}

/* ---- the kernel -------------------------------------------------------------------------------
 */

static size_t read_for_symbols(void *context, uint64_t address, void *buffer, size_t size)
{
    return kd_read_virtual(context, address, buffer, size);
}

static bool has_types(struct kd *kd)
{
    const char *type = kd_target_is_process(kd->target) ? "_PEB" : "_EPROCESS";
    return kd_type_size(kd->symbols, "nt", type) != 0;
}

static bool is_kernel_pdb(const struct kd_module *module)
{
    static const char *const names[] = {"ntkrnlmp.pdb", "ntoskrnl.pdb", "ntkrpamp.pdb"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (module->has_debug_record && strcasecmp(module->pdb_name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* A raw image does not say where its kernel is: look for a PE header whose RSDS record names it. */
static uint64_t search_kernel(struct kd *kd)
{
    uint64_t at = KERNEL_SEARCH_START;
    for (size_t i = 0; i < KERNEL_SEARCH_PAGES; i++) {
        uint16_t magic;
        if (!kd_next_present(kd, at, KERNEL_SEARCH_END, &at)) {
            break;
        }
        if (kd_read_u16(kd, at, &magic) && magic == 0x5A4D) { /* MZ */
            const struct kd_module *module = kd_module_add(kd->symbols, at, NULL, true);
            if (module != NULL && is_kernel_pdb(module)) {
                return at;
            }
        }
        at += HW_PAGE_SIZE;
    }
    return 0;
}

static void add_listed_modules(struct kd *kd)
{
    struct kd_target *target = kd->target;
    struct kd_target_module module;
    for (size_t i = 0; target->ops->get_module && target->ops->get_module(target, i, &module);
         i++) {
        kd_modules_add_listed(kd->symbols, &module, module.base == kd->kernel_base);
    }
}

bool kd_find_kernel(struct kd *kd)
{
    if (kd->symbols == NULL) {
        const struct kd_memory memory = {.read = read_for_symbols, .context = kd};
        kd->symbols = kd_symbols_create(&memory, kd->symbol_path);
        if (kd->symbols == NULL) {
            return false;
        }
        kd_symhost_attach(kd);
    }
    if (kd_target_is_process(kd->target)) {
        add_listed_modules(kd);
        return has_types(kd);
    }
    if (kd->kernel_base == 0) {
        kd->kernel_base = kd->target->kernel_base ? kd->target->kernel_base : search_kernel(kd);
        kd_modules_clear(kd->symbols);
    }
    if (kd->kernel_base == 0) {
        return false;
    }
    kd_modules_load_kernel(kd->symbols, kd->kernel_base);
    add_listed_modules(kd);
    return has_types(kd);
}

bool kd_need_symbols(struct kd *kd)
{
    if (kd->symbols != NULL && has_types(kd)) {
        return true;
    }
    if (kd_target_is_process(kd->target)) {
        return kd_error(kd,
                        "Types are missing: no PDB that fits ntdll in '%s'. "
                        "Use .sympath to say where it is, then .reload",
                        kd_symbols_path(kd->symbols));
    }
    if (kd->kernel_base == 0) {
        return kd_error(kd, "No kernel found in this memory");
    }
    return kd_error(kd,
                    "Kernel symbols are missing: no PDB that fits nt in '%s'. "
                    "Use .sympath to say where it is, then .reload",
                    kd_symbols_path(kd->symbols) ? kd_symbols_path(kd->symbols) : "");
}

/* ---- process and thread -----------------------------------------------------------------------
 */

uint64_t kd_current_process(struct kd *kd)
{
    if (kd->implicit_process != 0) {
        return kd->implicit_process;
    }
    const struct kd_event *event = &kd->target->last_event;
    return event->process != 0 ? event->process : kd_nt_pointer(kd, "PsInitialSystemProcess");
}

uint64_t kd_current_peb(struct kd *kd)
{
    uint64_t peb;
    return kd_register_value(kd, "$peb", &peb) ? peb : 0;
}

uint64_t kd_current_thread(struct kd *kd)
{
    return kd->implicit_thread != 0 ? kd->implicit_thread : kd->target->last_event.thread;
}

/* A process that has not run its loader yet has no list of modules, though it is in ntdll already:
 * look for the image that the code is in. */
static void add_image_around(struct kd *kd, uint64_t address)
{
    const uint64_t alignment = 0x10000; /* of views: the allocation granularity */
    const unsigned reach = 1024;
    if (kd->symbols == NULL || (int64_t)address < 0 || kd_module_at(kd->symbols, address) != NULL) {
        return;
    }
    uint64_t base = address & ~(alignment - 1);
    for (unsigned i = 0; i < reach && base >= i * alignment; i++) {
        uint64_t at = base - i * alignment;
        uint16_t magic;
        if (kd_read_u16(kd, at, &magic) && magic == IMAGE_DOS_SIGNATURE) {
            kd_module_add(kd->symbols, at, NULL, false);
            return;
        }
    }
}

bool kd_set_process(struct kd *kd, uint64_t process)
{
    uint64_t directory = kd->target->directory_base, type = KD_PROCESS_OBJECT, peb = 0;
    /* Through System's directory: that of the process before may be damaged. */
    uint64_t before = kd_use_directory(kd, kd->target->directory_base);
    if (process != 0) {
        type = kd_field(kd, "_EPROCESS", process, "Pcb.Header.Type");
        directory = kd_field(kd, "_EPROCESS", process, "Pcb.DirectoryTableBase");
        peb = kd_field(kd, "_EPROCESS", process, "Peb");
    }
    if (type != KD_PROCESS_OBJECT || directory == 0) {
        kd_use_directory(kd, before);
        return false;
    }
    kd->implicit_process = process;
    kd_use_directory(kd, directory);
    if (kd->symbols != NULL) {
        kd_modules_load_user(kd->symbols, peb);
    }
    const struct kd_event *event = &kd->target->last_event;
    struct kd_registers registers;
    if (process == event->process && kd_processor_registers(kd, event->processor, &registers)) {
        add_image_around(kd, registers.rip);
    }
    return true;
}

void kd_follow_event(struct kd *kd)
{
    const struct kd_event *event = &kd->target->last_event;
    kd->processor = event->processor < kd->target->processor_count ? event->processor : 0;
    kd->implicit_thread = 0;
    kd->implicit_process = 0;
    kd_use_directory(kd, kd->target->directory_base);
    uint64_t process = kd_current_process(kd);
    kd->saved_directory = kd_field(kd, "_EPROCESS", process, "Pcb.DirectoryTableBase");
    if (process != 0 && kd_set_process(kd, process)) {
        kd->implicit_process = 0;
    }
    if (event->kind == KD_EVENT_MODULE_LOAD && kd->symbols != NULL) {
        kd_module_add(kd->symbols, event->base, NULL, false); /* the loader has not listed it yet */
    }
    uint64_t rip;
    if (kd_register_value(kd, "rip", &rip)) {
        kd->dump_cursor = rip;
        kd->unassemble_cursor = rip;
    }
}
