/* src/ps/priority.c: priorities and affinities of processes and threads.
 *
 * A thread's base priority is its process's, by priority class, plus an increment of -2 to 2, or
 * saturated at 1 or 15. A program without privileges gets no realtime class.
 * Source: "Scheduling Priorities", documentation.
 *
 * Memory priorities are kept among flags that others change at the same time, hence atomically.
 */
#include "nt/info.h"
#include "ps/psi.h"

#define SATURATION 15 /* an increment of this or more is "time critical", of minus this "idle" */
#define WIDEST_INCREMENT 2
#define LOWEST 1
#define HIGHEST 15

/* Where memory priorities lie: DefaultPagePriority in EPROCESS.Flags2, ThreadPagePriority in
 * ETHREAD.CrossThreadFlags. Source: symbols. */
#define DEFAULT_PAGE_PRIORITY_SHIFT 12
#define THREAD_PAGE_PRIORITY_SHIFT 13
#define PAGE_PRIORITIES 8u

CHAR psp_base_priority(uint8_t priority_class)
{
    static const CHAR base[] = {
        [PROCESS_PRIORITY_CLASS_IDLE] = 4,   [PROCESS_PRIORITY_CLASS_BELOW_NORMAL] = 6,
        [PROCESS_PRIORITY_CLASS_NORMAL] = 8, [PROCESS_PRIORITY_CLASS_ABOVE_NORMAL] = 10,
        [PROCESS_PRIORITY_CLASS_HIGH] = 13,  [PROCESS_PRIORITY_CLASS_REALTIME] = 24,
    };
    return priority_class < sizeof base && base[priority_class]
               ? base[priority_class]
               : base[PROCESS_PRIORITY_CLASS_NORMAL];
}

static CHAR clamp(LONG priority)
{
    return (CHAR)(priority < LOWEST ? LOWEST : priority > HIGHEST ? HIGHEST : priority);
}

NTSTATUS ps_set_base_priority(struct ps_thread *thread, LONG increment)
{
    KTHREAD *t = &thread->thread->Tcb;
    LONG base = thread->process->process->Pcb.BasePriority;
    if (increment == SATURATION || increment == SATURATION + 1) {
        base = HIGHEST;
    } else if (increment == -SATURATION || increment == -SATURATION - 1) {
        base = LOWEST;
    } else if (increment >= -WIDEST_INCREMENT && increment <= WIDEST_INCREMENT) {
        base += increment;
    } else {
        return STATUS_INVALID_PARAMETER;
    }
    t->Saturation = (CHAR)(increment >= SATURATION ? 1 : increment <= -SATURATION ? -1 : 0);
    ke_set_base_priority(thread->ps->ke, t, clamp(base));
    return STATUS_SUCCESS;
}

LONG ps_base_priority_increment(const struct ps_thread *thread)
{
    const KTHREAD *t = &thread->thread->Tcb;
    return t->Saturation ? t->Saturation * (SATURATION + 1)
                         : t->BasePriority - thread->process->process->Pcb.BasePriority;
}

NTSTATUS ps_set_priority_class(struct ps_process *process, uint8_t priority_class)
{
    if (priority_class < PROCESS_PRIORITY_CLASS_IDLE ||
        priority_class > PROCESS_PRIORITY_CLASS_ABOVE_NORMAL) {
        return STATUS_INVALID_PARAMETER;
    }
    if (priority_class == PROCESS_PRIORITY_CLASS_REALTIME) {
        return STATUS_PRIVILEGE_NOT_HELD; /* SeIncreaseBasePriorityPrivilege: nobody has it */
    }
    KPROCESS *pcb = &process->process->Pcb;
    LONG change = psp_base_priority(priority_class) - pcb->BasePriority;
    process->process->PriorityClass = priority_class;
    pcb->BasePriority = psp_base_priority(priority_class);
    for (struct ps_thread *t = NULL; (t = ps_next_thread(process, t)) != NULL;) {
        KTHREAD *thread = &t->thread->Tcb;
        if (!thread->Saturation) {
            ke_set_base_priority(process->ps->ke, thread, clamp(thread->BasePriority + change));
        }
    }
    return STATUS_SUCCESS;
}

static bool is_affinity(const struct ps *ps, uint64_t mask, uint64_t within)
{
    uint64_t all = UINT64_MAX >> (64 - *ps->ke->nt.KeNumberProcessors);
    return mask && !(mask & ~(all & within));
}

NTSTATUS ps_set_process_affinity(struct ps_process *process, uint64_t mask)
{
    if (!is_affinity(process->ps, mask, UINT64_MAX)) {
        return STATUS_INVALID_PARAMETER;
    }
    process->process->Pcb.Affinity.Bitmap[0] = mask;
    for (struct ps_thread *t = NULL; (t = ps_next_thread(process, t)) != NULL;) {
        ke_set_affinity_thread(process->ps->ke, &t->thread->Tcb, mask);
    }
    return STATUS_SUCCESS;
}

NTSTATUS ps_set_thread_affinity(struct ps_thread *thread, uint64_t mask)
{
    const EPROCESS *process = thread->process->process;
    if (!is_affinity(thread->ps, mask, process->Pcb.Affinity.Bitmap[0])) {
        return STATUS_INVALID_PARAMETER;
    }
    ke_set_affinity_thread(thread->ps->ke, &thread->thread->Tcb, mask);
    return STATUS_SUCCESS;
}

/* ---- memory ---- */

static unsigned page_priority(const ULONG *flags, unsigned shift)
{
    return (__atomic_load_n(flags, __ATOMIC_RELAXED) >> shift) % PAGE_PRIORITIES;
}

static NTSTATUS set_page_priority(ULONG *flags, unsigned shift, unsigned priority)
{
    ULONG old = __atomic_load_n(flags, __ATOMIC_RELAXED), made;
    if (priority > MEMORY_PRIORITY_NORMAL) {
        return STATUS_INVALID_PARAMETER;
    }
    do {
        made = old + ((priority - (old >> shift) % PAGE_PRIORITIES) << shift);
    } while (
        !__atomic_compare_exchange_n(flags, &old, made, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return STATUS_SUCCESS;
}

unsigned ps_process_page_priority(const struct ps_process *process)
{
    return page_priority(&process->process->Flags2, DEFAULT_PAGE_PRIORITY_SHIFT);
}

unsigned ps_thread_page_priority(const struct ps_thread *thread)
{
    return page_priority(&thread->thread->CrossThreadFlags, THREAD_PAGE_PRIORITY_SHIFT);
}

unsigned ps_page_priority(const struct ps_thread *thread)
{
    unsigned own = ps_thread_page_priority(thread),
             most = ps_process_page_priority(thread->process);
    return own < most ? own : most;
}

NTSTATUS ps_set_process_page_priority(struct ps_process *process, unsigned priority)
{
    return set_page_priority(&process->process->Flags2, DEFAULT_PAGE_PRIORITY_SHIFT, priority);
}

NTSTATUS ps_set_thread_page_priority(struct ps_thread *thread, unsigned priority)
{
    return set_page_priority(&thread->thread->CrossThreadFlags, THREAD_PAGE_PRIORITY_SHIFT,
                             priority);
}
