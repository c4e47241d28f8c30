/* src/kd/current.c: what ran when a dump was made.
 *
 * A dump's header has the registers of one processor and does not say which. The memory does:
 *
 *      KiProcessorBlock[i] -> KPRCB.CurrentThread -> kernel stack, TEB stack
 *                                                        ^
 *      CONTEXT.Rsp  --- lies in one of them -------------'
 *
 * Without registers (raw images) the first processor that was not idle is taken. A triage dump
 * names the thread itself; its processor is the one whose current thread that is. */
#include "kd/current.h"

#include "kd/kdi.h"
#include "kd/types.h"

/* Is `sp` on one of the thread's stacks? The user's is looked at in the thread's own process. */
static bool on_stack(struct kd *kd, uint64_t thread, uint64_t process, uint64_t sp)
{
    uint64_t low = kd_field(kd, "_ETHREAD", thread, "Tcb.StackLimit");
    uint64_t high = kd_field(kd, "_ETHREAD", thread, "Tcb.InitialStack");
    if (low != 0 && sp >= low && sp <= high) {
        return true;
    }
    uint64_t teb = kd_field(kd, "_ETHREAD", thread, "Tcb.Teb");
    uint64_t directory = kd_field(kd, "_EPROCESS", process, "Pcb.DirectoryTableBase");
    if (teb == 0 || directory == 0) {
        return false;
    }
    uint64_t before = kd_use_directory(kd, directory);
    low = kd_field(kd, "_TEB", teb, "NtTib.StackLimit");
    high = kd_field(kd, "_TEB", teb, "NtTib.StackBase");
    kd_use_directory(kd, before);
    return low != 0 && sp >= low && sp <= high;
}

/* Did it run a program, as far as it saved that? */
static bool was_busy(struct kd *kd, unsigned processor)
{
    struct kd_registers registers;
    return kd_processor_registers(kd, processor, &registers) && registers.rip != 0;
}

/* An image without a header does not say how many processors its machine had; nt does. */
static void count_processors(struct kd *kd)
{
    const uint64_t most = 2048;
    uint64_t count;
    if (kd->target->from_file && kd->target->crash == NULL &&
        kd_read_global(kd->symbols, "nt!KeNumberProcessors", 4, &count) && count > 0 &&
        count <= most) {
        kd->target->processor_count = (unsigned)count;
    }
}

void kd_find_current(struct kd *kd)
{
    struct kd_target *target = kd->target;
    struct kd_event *event = &target->last_event;
    struct kd_registers registers;
    uint64_t block = kd_nt_address(kd, "KiProcessorBlock");
    if (block == 0 || (event->thread != 0 && target->crash == NULL)) {
        return;
    }
    count_processors(kd);
    uint64_t named = event->thread;
    bool known = target->ops->get_registers(target, event->processor, &registers) == 0;
    for (unsigned i = 0; i < target->processor_count; i++) {
        uint64_t prcb, thread, process;
        if (!kd_read_u64(kd, block + i * sizeof prcb, &prcb) ||
            !kd_read_nt(kd, "_KPRCB", prcb, "CurrentThread", &thread) ||
            !kd_read_nt(kd, "_ETHREAD", thread, "Tcb.ApcState.Process", &process)) {
            continue;
        }
        bool here = named != 0 ? thread == named
                    : known    ? on_stack(kd, thread, process, registers.gpr[KD_RSP])
                               : was_busy(kd, i);
        if (here || event->thread == 0) {
            event->processor = i;
            event->thread = thread;
            event->process = process;
        }
        if (here) {
            return;
        }
    }
}
