/* src/kd/cmd/system.c: !pcr, !prcb, !running, !drvobj, !devobj, !fileobj, .lastevent.
 *
 *      nt!KiProcessorBlock[n] -> KPRCB, the member Prcb of processor n's KPCR
 *
 * Source: debugger documentation, "!pcr", "!prcb", "!running", "!drvobj", "!devobj", "!fileobj". */
#include <inttypes.h>
#include <string.h>

#include "kd/cmd/cmd.h"
#include "kd/events.h"
#include "kd/kdi.h"
#include "kd/symbols.h"
#include "kd/types.h"

#define PROCESSORS_MOST 64
#define DEVICE_LIMIT 1024
#define TEXT_SIZE 512

/* ---- processors -------------------------------------------------------------------------------
 */

uint64_t kd_prcb_of(struct kd *kd, uint64_t processor)
{
    uint64_t block = kd_nt_address(kd, "KiProcessorBlock"), prcb;
    return block != 0 && processor < PROCESSORS_MOST &&
                   kd_read_u64(kd, block + processor * sizeof prcb, &prcb)
               ? prcb
               : 0;
}

bool kd_take_processor(struct kd *kd, const char *args, uint64_t *processor, uint64_t *prcb)
{
    bool given;
    if (!kd_evaluate_optional(kd, &args, processor, &given) || !kd_need_symbols(kd)) {
        return false;
    }
    *processor = given ? *processor : kd->processor;
    *prcb = kd_prcb_of(kd, *processor);
    return *prcb != 0 || kd_error(kd, "There is no processor %" PRIu64, *processor);
}

static bool cmd_prcb(struct kd *kd, const char *args)
{
    uint64_t processor = 0, prcb;
    if (!kd_take_processor(kd, args, &processor, &prcb)) {
        return false;
    }
    kd_printf(kd, "PRCB for Processor %" PRIu64 " at %016" PRIx64 ":\n", processor, prcb);
    kd_printf(kd, "Threads--  Current %016" PRIx64 " Next %016" PRIx64 " Idle %016" PRIx64 "\n",
              kd_field(kd, "_KPRCB", prcb, "CurrentThread"),
              kd_field(kd, "_KPRCB", prcb, "NextThread"),
              kd_field(kd, "_KPRCB", prcb, "IdleThread"));
    kd_printf(kd, "Processor Index %" PRIu64 " GroupSetMember %" PRIx64 "\n",
              kd_field(kd, "_KPRCB", prcb, "Number"),
              kd_field(kd, "_KPRCB", prcb, "GroupSetMember"));
    kd_printf(kd, "Interrupt Count -- %08" PRIx64 "\n",
              kd_field(kd, "_KPRCB", prcb, "InterruptCount"));
    kd_printf(kd,
              "Times -- Dpc    %08" PRIx64 " Interrupt %08" PRIx64 "\n"
              "         Kernel %08" PRIx64 " User      %08" PRIx64 "\n",
              kd_field(kd, "_KPRCB", prcb, "DpcTime"),
              kd_field(kd, "_KPRCB", prcb, "InterruptTime"),
              kd_field(kd, "_KPRCB", prcb, "KernelTime"), kd_field(kd, "_KPRCB", prcb, "UserTime"));
    return true;
}

static bool cmd_pcr(struct kd *kd, const char *args)
{
    static const struct {
        const char *label, *path;
    } rows[] = {{"Self", "Self"},       {"CurrentPrcb", "CurrentPrcb"}, {"GdtBase", "GdtBase"},
                {"IdtBase", "IdtBase"}, {"TssBase", "TssBase"},         {"UserRsp", "UserRsp"}};
    uint64_t processor = 0, prcb, offset;
    if (!kd_take_processor(kd, args, &processor, &prcb)) {
        return false;
    }
    if (!kd_offset(kd, "_KPCR", "Prcb", &offset)) {
        return kd_error(kd, "The symbols have no nt!_KPCR");
    }
    uint64_t pcr = prcb - offset;
    kd_printf(kd,
              "KPCR for Processor %" PRIu64 " at %016" PRIx64 ":\n    Major %" PRIu64
              " Minor %" PRIu64 "\n",
              processor, pcr, kd_field(kd, "_KPCR", pcr, "MajorVersion"),
              kd_field(kd, "_KPCR", pcr, "MinorVersion"));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        kd_printf(kd, "%20s: %016" PRIx64 "\n", rows[i].label,
                  kd_field(kd, "_KPCR", pcr, rows[i].path));
    }
    kd_printf(kd, "%20s: %02" PRIx64 "\n", "Irql", kd_field(kd, "_KPCR", pcr, "Irql"));
    return true;
}

static bool cmd_running(struct kd *kd, const char *args)
{
    bool stacks = strncmp(args, "-t", 2) == 0;
    if (!kd_need_symbols(kd)) {
        return false;
    }
    kd_printf(kd,
              "System Processors: %u\n\n     Prcbs             Current         (pri) Next"
              "             Idle\n",
              kd->target->processor_count);
    for (unsigned i = 0; i < kd->target->processor_count && !kd_interrupted(kd); i++) {
        uint64_t prcb = kd_prcb_of(kd, i), thread = kd_field(kd, "_KPRCB", prcb, "CurrentThread");
        kd_printf(
            kd,
            "%3u  %016" PRIx64 "  %016" PRIx64 " (%2" PRIu64 ") %016" PRIx64 " %016" PRIx64 "\n", i,
            prcb, thread, kd_field(kd, "_ETHREAD", thread, "Tcb.Priority"),
            kd_field(kd, "_KPRCB", prcb, "NextThread"), kd_field(kd, "_KPRCB", prcb, "IdleThread"));
        if (stacks && thread != 0 && thread != kd_field(kd, "_KPRCB", prcb, "IdleThread")) {
            kd_show_thread(kd, thread, true, 4);
        }
    }
    return true;
}

/* ---- drivers, devices, files ------------------------------------------------------------------
 */

static bool member_text(struct kd *kd, const char *type, uint64_t at, const char *member,
                        char text[TEXT_SIZE])
{
    uint64_t offset;
    text[0] = '\0';
    return kd_offset(kd, type, member, &offset) &&
           kd_read_unicode_string(kd->symbols, at + offset, text, TEXT_SIZE);
}

/* An address, or a path in the namespace; `type` is the object's I/O type number. */
static bool take_object(struct kd *kd, const char *args, const char *structure, uint64_t type,
                        uint64_t *object)
{
    char path[TEXT_SIZE];
    uint64_t found;
    if (!kd_need_symbols(kd)) {
        return false;
    }
    if (*args == '\\') {
        kd_word(&args, path, sizeof path);
        if (!kd_object_find(kd, path, object)) {
            return false;
        }
    } else if (!kd_evaluate(kd, &args, object)) {
        return false;
    }
    return (kd_read_nt(kd, structure, *object, "Type", &found) && found == type) ||
           kd_error(kd, "%016" PRIx64 ": is no %s", *object, structure);
}

enum io_type { IO_DEVICE = 3, IO_DRIVER = 4, IO_FILE = 5 }; /* IO_TYPE_* */

static bool cmd_drvobj(struct kd *kd, const char *args)
{
    uint64_t driver, device;
    char name[TEXT_SIZE];
    if (!take_object(kd, args, "_DRIVER_OBJECT", IO_DRIVER, &driver)) {
        return false;
    }
    member_text(kd, "_DRIVER_OBJECT", driver, "DriverName", name);
    kd_printf(kd, "Driver object (%016" PRIx64 ") is for:\n %s\n\nDevice Object list:\n", driver,
              name);
    device = kd_field(kd, "_DRIVER_OBJECT", driver, "DeviceObject");
    for (unsigned i = 0; i < DEVICE_LIMIT && device != 0 && !kd_interrupted(kd); i++) {
        kd_printf(kd, "%016" PRIx64 "\n", device);
        device = kd_field(kd, "_DEVICE_OBJECT", device, "NextDevice");
    }
    return true;
}

static bool cmd_devobj(struct kd *kd, const char *args)
{
    const char type[] = "_DEVICE_OBJECT";
    uint64_t device, body = 0;
    char name[TEXT_SIZE] = "", driver_name[TEXT_SIZE];
    if (!take_object(kd, args, type, IO_DEVICE, &device)) {
        return false;
    }
    uint64_t driver = kd_field(kd, type, device, "DriverObject");
    kd_offset(kd, "_OBJECT_HEADER", "Body", &body);
    kd_object_name(kd, device - body, name, sizeof name);
    member_text(kd, "_DRIVER_OBJECT", driver, "DriverName", driver_name);
    kd_printf(kd, "Device object (%016" PRIx64 ") is for:\n %s %s DriverObject %016" PRIx64 "\n",
              device, name, driver_name, driver);
    kd_printf(kd,
              "Current Irp %08" PRIx64 " RefCount %" PRIu64 " Type %08" PRIx64 " Flags %08" PRIx64
              "\nVpb %016" PRIx64 " DevExt %016" PRIx64 " DevObjExt %016" PRIx64
              "\nCharacteristics (0x%08" PRIx64 ")\nAttachedDevice (Upper) %016" PRIx64 "\n",
              kd_field(kd, type, device, "CurrentIrp"),
              kd_field(kd, type, device, "ReferenceCount"),
              kd_field(kd, type, device, "DeviceType"), kd_field(kd, type, device, "Flags"),
              kd_field(kd, type, device, "Vpb"), kd_field(kd, type, device, "DeviceExtension"),
              kd_field(kd, type, device, "DeviceObjectExtension"),
              kd_field(kd, type, device, "Characteristics"),
              kd_field(kd, type, device, "AttachedDevice"));
    return true;
}

static bool cmd_fileobj(struct kd *kd, const char *args)
{
    static const struct {
        const char *member, *text;
    } rights[] = {{"ReadAccess", "Read "},         {"WriteAccess", "Write "},
                  {"DeleteAccess", "Delete "},     {"SharedRead", "SharedRead "},
                  {"SharedWrite", "SharedWrite "}, {"SharedDelete", "SharedDelete "}};
    const char type[] = "_FILE_OBJECT";
    uint64_t file;
    char name[TEXT_SIZE], driver_name[TEXT_SIZE];
    if (!take_object(kd, args, type, IO_FILE, &file)) {
        return false;
    }
    uint64_t device = kd_field(kd, type, file, "DeviceObject");
    member_text(kd, type, file, "FileName", name);
    member_text(kd, "_DRIVER_OBJECT", kd_field(kd, "_DEVICE_OBJECT", device, "DriverObject"),
                "DriverName", driver_name);
    kd_printf(kd, "\n%s\n\nDevice Object: 0x%016" PRIx64 "   %s\nVpb: 0x%016" PRIx64 "\nAccess: ",
              name[0] != '\0' ? name : "No File Name", device, driver_name,
              kd_field(kd, type, file, "Vpb"));
    for (size_t i = 0; i < sizeof rights / sizeof rights[0]; i++) {
        kd_printf(kd, "%s", kd_field(kd, type, file, rights[i].member) ? rights[i].text : "");
    }
    kd_printf(kd,
              "\n\nFlags:  0x%" PRIx64 "\n\nFsContext: 0x%016" PRIx64 "\tFsContext2: 0x%016" PRIx64
              "\nCurrentByteOffset: %" PRIx64 "\n\n",
              kd_field(kd, type, file, "Flags"), kd_field(kd, type, file, "FsContext"),
              kd_field(kd, type, file, "FsContext2"),
              kd_field(kd, type, file, "CurrentByteOffset.QuadPart"));
    return true;
}

/* ---- .lastevent -------------------------------------------------------------------------------
 */

static bool cmd_lastevent(struct kd *kd, const char *args)
{
    static const char *const names[] = {
        [KD_EVENT_NONE] = "none: this target does not run",
        [KD_EVENT_INITIAL] = "Initial breakpoint: first instruction of the first program",
        [KD_EVENT_SINGLE_STEP] = "Single step exception - code 80000004 (first chance)",
        [KD_EVENT_PROCESS_EXIT] = "Exit process",
        [KD_EVENT_MODULE_LOAD] = "Load module",
        [KD_EVENT_WATCH] = "Hardware breakpoint",
        [KD_EVENT_BREAK_IN] = "Break in",
        [KD_EVENT_ATTACHED] = "The process asked for is on a processor",
        [KD_EVENT_BUGCHECK] = "Bugcheck",
        [KD_EVENT_ENDED] = "All programs have ended"};
    const struct kd_event *event = &kd->target->last_event;
    (void)args;
    kd_printf(kd, "Last event: ");
    if (kd_event_is_exception(event)) {
        kd_show_exception_name(kd, event->code, event->first_chance);
    } else {
        kd_printf(kd, "%s", names[event->kind]);
    }
    if (event->kind == KD_EVENT_PROCESS_EXIT || event->kind == KD_EVENT_BUGCHECK ||
        event->kind == KD_EVENT_ENDED) {
        kd_printf(kd, ", code %" PRIx32, event->code);
    }
    kd_printf(kd, "\n  process %016" PRIx64 ", thread %016" PRIx64 ", processor %u\n",
              event->process, event->thread, event->processor);
    return true;
}

const struct kd_command kd_commands_system[] = {
    {"!pcr", "!pcr [PROCESSOR]", "a processor's control region", cmd_pcr, KD_NEEDS_MACHINE},
    {"!prcb", "!prcb [PROCESSOR]", "a processor's control block", cmd_prcb, KD_NEEDS_MACHINE},
    {"!running", "!running [-t]", "what runs on each processor; -t: with stacks", cmd_running,
     KD_NEEDS_MACHINE},
    {"!drvobj", "!drvobj ADDRESS|\\PATH", "a driver object and its devices", cmd_drvobj,
     KD_NEEDS_MACHINE},
    {"!devobj", "!devobj ADDRESS|\\PATH", "a device object", cmd_devobj, KD_NEEDS_MACHINE},
    {"!fileobj", "!fileobj ADDRESS", "a file object", cmd_fileobj, KD_NEEDS_MACHINE},
    {".lastevent", ".lastevent", "why the target stopped last", cmd_lastevent, KD_NEEDS_NOTHING},
    {0},
};
