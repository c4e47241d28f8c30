/* dump_parts.c: see dump_parts.h.
 *
 * What a triage dump has to hold is little: the processor, its thread and process, the stack, the
 * list of drivers. We add what the commands that one types first over it look at:
 *
 *      .bugcheck version    KUSER_SHARED_DATA, nt's writable sections
 *      r u k                memory around what the registers point to
 *      lm x dt              headers and debug records of all images, loader lists
 *      !process 0 0         every EPROCESS and ETHREAD with its object header
 *      !peb !teb            PEB, parameters, environment, TEBs of the current process
 *
 * All layouts come from nt's types. Whatever cannot be read is left out when the file is written.
 */
#include "kd/dump_parts.h"

#include <stdlib.h>
#include <string.h>

#include "hw/bits.h"
#include "kd/cmd/cmd.h"
#include "kd/kdi.h"
#include "kd/symbols.h"
#include "kd/types.h"
#include "nt/kdbg.h"
#include "pe/pe.h"

#define KERNEL_SHARED_DATA 0xFFFFF78000000000ull
#define USER_SHARED_DATA 0x7FFE0000ull
#define FIRST_KERNEL_ADDRESS 0xFFFF800000000000ull
#define OBJECT_REACH 0x80u        /* pool and object headers in front of an object */
#define REGISTER_REACH 0x100u     /* bytes on both sides of what a register points to */
#define STACK_MOST 0x10000u       /* bytes of a stack */
#define STRING_MOST 0x10000u      /* bytes of a UNICODE_STRING */
#define WRITABLE_MOST (1u << 20)  /* bytes of nt's variables */
#define ENVIRONMENT_MOST 0x10000u /* bytes */
#define OBJECTS_MOST 4096u        /* of a list */

/* ---- lists ---- */

static void add(struct kd_dump_parts *parts, uint64_t va, uint64_t size)
{
    struct dump_triage *triage = &parts->triage;
    if (va == 0 || size == 0 || parts->failed) {
        return;
    }
    if (triage->block_count == parts->block_room) {
        size_t room = parts->block_room ? 2 * parts->block_room : 256;
        struct dump_block *blocks = realloc(parts->blocks, room * sizeof *blocks);
        if (blocks == NULL) {
            parts->failed = true;
            return;
        }
        parts->blocks = blocks;
        parts->block_room = room;
    }
    parts->blocks[triage->block_count++] = (struct dump_block){va, size};
}

static void add_module(struct kd_dump_parts *parts, const struct kd_module *module)
{
    struct dump_triage *triage = &parts->triage;
    if (triage->module_count == parts->module_room) {
        size_t room = parts->module_room ? 2 * parts->module_room : 64;
        struct dump_module *modules = realloc(parts->modules, room * sizeof *modules);
        if (modules == NULL) {
            parts->failed = true;
            return;
        }
        parts->modules = modules;
        parts->module_room = room;
    }
    struct dump_module *to = &parts->modules[triage->module_count++];
    *to = (struct dump_module){
        .base = module->base,
        .size = (uint32_t)module->size,
        .checksum = module->checksum,
        .timestamp = module->timestamp,
    };
    _Static_assert(sizeof to->name == sizeof module->image, "the same limit of a path");
    memcpy(to->name, module->image, sizeof to->name);
}

static struct dump_block of_type(struct kd *kd, const char *type, uint64_t va)
{
    return (struct dump_block){va, va ? kd_type_size(kd->symbols, "nt", type) : 0};
}

static void add_type(struct kd_dump_parts *parts, const char *type, uint64_t va)
{
    add(parts, va, of_type(parts->kd, type, va).size);
}

/* An object with its headers. */
static void add_object(struct kd_dump_parts *parts, const char *type, uint64_t va)
{
    if (va > OBJECT_REACH) {
        add(parts, va - OBJECT_REACH, OBJECT_REACH + of_type(parts->kd, type, va).size);
    }
}

/* The text of the UNICODE_STRING member `path`. */
static void add_string(struct kd_dump_parts *parts, const char *type, uint64_t va, const char *path)
{
    char length[64], buffer[64];
    snprintf(length, sizeof length, "%s.Length", path);
    snprintf(buffer, sizeof buffer, "%s.Buffer", path);
    uint64_t size = kd_field(parts->kd, type, va, length);
    add(parts, kd_field(parts->kd, type, va, buffer), size < STRING_MOST ? size : 0);
}

/* ---- images ---- */

struct recorder {
    struct kd_dump_parts *parts;
    uint64_t base;
};

/* Reads for the PE reader, and keeps what it wanted. */
static bool fetch_and_keep(void *context, uint64_t offset, void *buffer, size_t size)
{
    struct recorder *recorder = context;
    if (!kd_read(recorder->parts->kd, recorder->base + offset, buffer, size)) {
        return false;
    }
    add(recorder->parts, recorder->base + offset, size);
    return true;
}

static void add_writable_sections(struct kd_dump_parts *parts, const struct pe_image *image,
                                  uint64_t base)
{
    struct pe_section section;
    for (uint32_t i = 0; pe_section(image, i, &section) == PE_OK; i++) {
        if (section.characteristics & IMAGE_SCN_MEM_WRITE && section.virtual_size < WRITABLE_MOST) {
            add(parts, base + section.rva, section.virtual_size);
        }
    }
}

static void add_image(struct kd_dump_parts *parts, const struct kd_module *module)
{
    struct recorder recorder = {parts, module->base};
    struct pe_image image;
    struct pe_debug_id id;
    struct byte_reader reader = reader_of_source(fetch_and_keep, &recorder, 0, module->size);
    if (module->kernel) {
        add_module(parts, module);
    }
    if (pe_open_reader(&image, reader, PE_LAYOUT_MAPPED) != PE_OK) {
        return;
    }
    add(parts, module->base, image.optional.SizeOfHeaders);
    pe_debug_id(&image, &id);
    if (strcmp(module->name, "nt") == 0) {
        add_writable_sections(parts, &image, module->base);
    }
}

static bool add_loader_entry(struct kd *kd, uint64_t entry, void *context)
{
    struct kd_dump_parts *parts = context;
    (void)kd;
    add_type(parts, "_LDR_DATA_TABLE_ENTRY", entry);
    add_string(parts, "_LDR_DATA_TABLE_ENTRY", entry, "FullDllName");
    add_string(parts, "_LDR_DATA_TABLE_ENTRY", entry, "BaseDllName");
    return true;
}

static void add_loader_list(struct kd_dump_parts *parts, uint64_t head)
{
    uint64_t link;
    if (kd_offset(parts->kd, "_LDR_DATA_TABLE_ENTRY", "InLoadOrderLinks", &link)) {
        kd_list_each(parts->kd, head, link, OBJECTS_MOST, add_loader_entry, parts);
    }
}

static void add_images(struct kd_dump_parts *parts)
{
    struct kd_symbols *symbols = parts->kd->symbols;
    for (size_t i = 0; i < kd_module_count(symbols); i++) {
        add_image(parts, kd_module_get(symbols, i));
    }
    add_loader_list(parts, kd_nt_address(parts->kd, "PsLoadedModuleList"));
}

/* ---- processes ---- */

static bool add_thread(struct kd *kd, uint64_t thread, void *context)
{
    struct kd_dump_parts *parts = context;
    add_object(parts, "_ETHREAD", thread);
    add_type(parts, "_KTRAP_FRAME", kd_field(kd, "_ETHREAD", thread, "Tcb.TrapFrame"));
    return true;
}

static bool add_process(struct kd *kd, uint64_t process, void *context)
{
    struct kd_dump_parts *parts = context;
    uint64_t head, link;
    add_object(parts, "_EPROCESS", process);
    uint64_t image = kd_field(kd, "_EPROCESS", process, "SeAuditProcessCreationInfo.ImageFileName");
    add_type(parts, "_OBJECT_NAME_INFORMATION", image);
    add_string(parts, "_OBJECT_NAME_INFORMATION", image, "Name");
    add_type(parts, "_MM_SESSION_SPACE", kd_field(kd, "_EPROCESS", process, "Session"));
    add_type(parts, "_HANDLE_TABLE", kd_field(kd, "_EPROCESS", process, "ObjectTable"));
    if (kd_offset(kd, "_EPROCESS", "ThreadListHead", &head) &&
        kd_offset(kd, "_ETHREAD", "ThreadListEntry", &link)) {
        kd_list_each(kd, process + head, link, OBJECTS_MOST, add_thread, context);
    }
    return !kd_interrupted(kd);
}

static void add_processes(struct kd_dump_parts *parts)
{
    uint64_t link;
    if (kd_offset(parts->kd, "_EPROCESS", "ActiveProcessLinks", &link)) {
        kd_list_each(parts->kd, kd_nt_address(parts->kd, "PsActiveProcessHead"), link, OBJECTS_MOST,
                     add_process, parts);
    }
}

static void add_parameters(struct kd_dump_parts *parts, uint64_t parameters)
{
    static const char type[] = "_RTL_USER_PROCESS_PARAMETERS";
    static const char *const strings[] = {"CurrentDirectory.DosPath", "WindowTitle",
                                          "ImagePathName", "CommandLine", "DllPath"};
    add_type(parts, type, parameters);
    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++) {
        add_string(parts, type, parameters, strings[i]);
    }
    uint64_t size = kd_field(parts->kd, type, parameters, "EnvironmentSize");
    add(parts, kd_field(parts->kd, type, parameters, "Environment"),
        size != 0 && size < ENVIRONMENT_MOST ? size : ENVIRONMENT_MOST);
}

static bool add_teb(struct kd *kd, uint64_t thread, void *context)
{
    add_type(context, "_TEB", kd_field(kd, "_ETHREAD", thread, "Tcb.Teb"));
    return true;
}

/* What the current process knows of itself, in its own memory. */
static void add_user_side(struct kd_dump_parts *parts, uint64_t process)
{
    struct kd *kd = parts->kd;
    uint64_t peb = kd_field(kd, "_EPROCESS", process, "Peb"), head, link;
    if (peb == 0) {
        return;
    }
    add_type(parts, "_PEB", peb);
    add_parameters(parts, kd_field(kd, "_PEB", peb, "ProcessParameters"));
    uint64_t ldr = kd_field(kd, "_PEB", peb, "Ldr");
    add_type(parts, "_PEB_LDR_DATA", ldr);
    if (ldr != 0 && kd_offset(kd, "_PEB_LDR_DATA", "InLoadOrderModuleList", &head)) {
        add_loader_list(parts, ldr + head);
    }
    if (kd_offset(kd, "_EPROCESS", "ThreadListHead", &head) &&
        kd_offset(kd, "_ETHREAD", "ThreadListEntry", &link)) {
        kd_list_each(kd, process + head, link, OBJECTS_MOST, add_teb, parts);
    }
}

/* ---- what ran ---- */

/* The rest of the stack: to its base where the TEB or the ETHREAD tells it. */
static struct dump_block stack_of(struct kd *kd, uint64_t thread, uint64_t sp)
{
    uint64_t teb = kd_field(kd, "_ETHREAD", thread, "Tcb.Teb");
    uint64_t base = sp >= FIRST_KERNEL_ADDRESS
                        ? kd_field(kd, "_ETHREAD", thread, "Tcb.InitialStack")
                        : kd_field(kd, "_TEB", teb, "NtTib.StackBase");
    uint64_t size = base > sp && base - sp < STACK_MOST ? base - sp : STACK_MOST;
    return (struct dump_block){sp, sp ? size : 0};
}

static void add_registers(struct kd_dump_parts *parts, const struct kd_registers *registers)
{
    uint64_t at[KD_GPR_COUNT + 1];
    memcpy(at, registers->gpr, sizeof registers->gpr);
    at[KD_GPR_COUNT] = registers->rip;
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        /* Two pieces: the page before may be missing. */
        uint64_t page = at[i] & ~(uint64_t)(HW_PAGE_SIZE - 1);
        uint64_t low = at[i] > REGISTER_REACH ? at[i] - REGISTER_REACH : 0;
        if (low < page) {
            add(parts, low, page - low);
            low = page;
        }
        add(parts, low, at[i] - low < UINT64_MAX - at[i] ? at[i] - low + REGISTER_REACH : 0);
    }
}

/* The processor on which the thread of the last event runs, or the current one. */
static uint64_t find_prcb(struct kd *kd, uint64_t thread)
{
    for (unsigned i = 0; i < kd->target->processor_count; i++) {
        uint64_t prcb = kd_prcb_of(kd, i);
        if (prcb != 0 && kd_field(kd, "_KPRCB", prcb, "CurrentThread") == thread) {
            return prcb;
        }
    }
    return kd_prcb_of(kd, kd->processor);
}

static bool add_current(struct kd_dump_parts *parts)
{
    struct kd *kd = parts->kd;
    struct dump_triage *triage = &parts->triage;
    struct kd_registers registers;
    uint64_t prcb = find_prcb(kd, kd->target->last_event.thread);
    uint64_t thread = kd_field(kd, "_KPRCB", prcb, "CurrentThread");
    uint64_t process = kd_field(kd, "_ETHREAD", thread, "Tcb.ApcState.Process");
    if (thread == 0 || process == 0) {
        return false;
    }
    triage->prcb = of_type(kd, "_KPRCB", prcb);
    triage->thread = of_type(kd, "_ETHREAD", thread);
    triage->process = of_type(kd, "_EPROCESS", process);
    for (unsigned i = 0; i < kd->target->processor_count; i++) {
        add_type(parts, "_KPRCB", kd_prcb_of(kd, i));
    }
    if (kd_processor_registers(kd, kd->target->last_event.processor, &registers)) {
        triage->stack = stack_of(kd, thread, registers.gpr[KD_RSP]);
        add_registers(parts, &registers);
    }
    add_user_side(parts, process);
    return true;
}

static size_t read_virtual(void *context, uint64_t va, void *buffer, size_t size)
{
    return kd_read_virtual(context, va, buffer, size);
}

bool kd_dump_parts_collect(struct kd *kd, struct kd_dump_parts *parts)
{
    *parts = (struct kd_dump_parts){.kd = kd, .triage = {.read = read_virtual, .context = kd}};
    uint64_t data = kd_nt_address(kd, "KdDebuggerDataBlock");
    parts->triage.debugger_data =
        (struct dump_block){data, data ? sizeof(struct _KDDEBUGGER_DATA64) : 0};
    if (!add_current(parts)) {
        return false;
    }
    add_type(parts, "_KUSER_SHARED_DATA", KERNEL_SHARED_DATA);
    add_type(parts, "_KUSER_SHARED_DATA", USER_SHARED_DATA);
    add_images(parts);
    add_processes(parts);
    parts->triage.blocks = parts->blocks;
    parts->triage.modules = parts->modules;
    return !parts->failed;
}

void kd_dump_parts_deinit(struct kd_dump_parts *parts)
{
    free(parts->blocks);
    free(parts->modules);
    *parts = (struct kd_dump_parts){0};
}
