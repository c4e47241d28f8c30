/* src/mm/wslimits.c: how large a working set may become, and stay.
 *
 *      0     20 pages            Minimum             Maximum
 *      |-------|--------------------|-------------------|--------------
 *                soft: kept until pages run very short    soft: grows as memory is there
 *                hard: kept                               hard: a page that comes replaces another
 *
 * Locked pages and some fluid ones fit into the minimum. A hard minimum is reserved: it goes off
 * MmResidentAvailablePages. A working set above its soft maximum is the first to be trimmed when
 * memory is not abundant (trim.c).
 *
 * Source: SetProcessWorkingSetSizeEx, documentation.
 */
#include "mm/frames.h"
#include "mm/wset.h"

#define LEAST_MINIMUM 20u /* pages; less is taken for it */
#define LEAST_MAXIMUM 13u /* pages; less is refused */
#define NOT_FOR_ONE 512u  /* pages that no maximum covers */

struct limits {
    uint64_t minimum, maximum; /* pages */
    uint32_t flags;
};

/* QUOTA_LIMITS_HARDWS_*: each limit may be made hard, or soft, but not both. */
static bool flags_are_valid(uint32_t flags)
{
    const uint32_t minimum = QUOTA_LIMITS_HARDWS_MIN_ENABLE | QUOTA_LIMITS_HARDWS_MIN_DISABLE;
    const uint32_t maximum = QUOTA_LIMITS_HARDWS_MAX_ENABLE | QUOTA_LIMITS_HARDWS_MAX_DISABLE;

    return !(flags & ~(minimum | maximum)) && (flags & minimum) != minimum &&
           (flags & maximum) != maximum;
}

/* As documented, what is too small for a minimum, or too large for a maximum, is corrected. */
static NTSTATUS check_limits(const struct mm *mm, struct limits *limits)
{
    uint64_t most = *mm->ke->nt.MmNumberOfPhysicalPages - NOT_FOR_ONE;

    if (!flags_are_valid(limits->flags))
        return STATUS_INVALID_PARAMETER;
    if (limits->minimum == 0 || limits->minimum > limits->maximum ||
        limits->maximum < LEAST_MAXIMUM)
        return STATUS_BAD_WORKING_SET_LIMIT;
    if (limits->maximum > most)
        limits->maximum = most;
    if (limits->minimum < LEAST_MINIMUM)
        limits->minimum = LEAST_MINIMUM;
    if (limits->maximum < limits->minimum)
        limits->maximum = limits->minimum;
    return STATUS_SUCCESS;
}

/* What a minimum takes off the pages that others may have for good. */
static uint64_t reserved(uint64_t minimum, bool hard)
{
    return hard ? minimum : 0;
}

/* Reserve what a new minimum needs more than the old one, or give back what it needs less. => (W)
 */
static NTSTATUS change_reserve(struct mm_space *space, const struct limits *limits, bool hard)
{
    const MMSUPPORT *vm = &space->process->Vm;
    uint64_t before = reserved(vm->MinimumWorkingSetSize, vm->Flags.MinimumWorkingSetHard);
    uint64_t after = reserved(limits->minimum, hard);

    if (after > before && !mi_charge_resident(space->mm, after - before))
        return STATUS_INSUFFICIENT_RESOURCES;
    if (after < before)
        mi_return_resident(space->mm, before - after);
    return STATUS_SUCCESS;
}

void mi_return_working_set_reserve(struct mm_space *space)
{
    MMSUPPORT *vm = &space->process->Vm;

    mi_return_resident(space->mm,
                       reserved(vm->MinimumWorkingSetSize, vm->Flags.MinimumWorkingSetHard));
    vm->Flags.MinimumWorkingSetHard = 0;
}

/* => (W) */
static NTSTATUS apply(struct mm_space *space, const struct limits *limits)
{
    MMSUPPORT *vm = &space->process->Vm;
    uint64_t now = vm->MinimumWorkingSetSize;
    uint64_t available = __atomic_load_n(space->mm->ke->nt.MmAvailablePages, __ATOMIC_RELAXED);

    if (space->cleaned)
        return STATUS_PROCESS_IS_TERMINATING;
    if (limits->minimum < mi_wsl(space)->FirstDynamic + MI_FLUID_PAGES)
        return STATUS_BAD_WORKING_SET_LIMIT;
    if (limits->minimum > now && limits->minimum - now + NOT_FOR_ONE > available)
        return STATUS_INSUFFICIENT_RESOURCES;
    bool hard =
        limits->flags & QUOTA_LIMITS_HARDWS_MIN_ENABLE ||
        (vm->Flags.MinimumWorkingSetHard && !(limits->flags & QUOTA_LIMITS_HARDWS_MIN_DISABLE));
    NTSTATUS status = change_reserve(space, limits, hard);
    if (!NT_SUCCESS(status))
        return status;
    vm->MinimumWorkingSetSize = (ULONG)limits->minimum;
    vm->MaximumWorkingSetSize = (ULONG)limits->maximum;
    vm->Flags.MinimumWorkingSetHard = hard;
    if (limits->flags & QUOTA_LIMITS_HARDWS_MAX_ENABLE)
        vm->Flags.MaximumWorkingSetHard = 1;
    if (limits->flags & QUOTA_LIMITS_HARDWS_MAX_DISABLE)
        vm->Flags.MaximumWorkingSetHard = 0;
    if (vm->Flags.MaximumWorkingSetHard && vm->WorkingSetSize > vm->MaximumWorkingSetSize)
        (void)mi_trim_working_set(space, vm->WorkingSetSize - vm->MaximumWorkingSetSize,
                                  MI_TRIM_EMPTY);
    return STATUS_SUCCESS;
}

NTSTATUS mm_set_working_set_limits(struct mm_space *space, uint64_t minimum, uint64_t maximum,
                                   uint32_t flags)
{
    struct limits limits = {MI_VPN(minimum), MI_VPN(maximum), flags};

    if (minimum == UINT64_MAX && maximum == UINT64_MAX) {
        (void)mm_empty_working_set(space);
        return STATUS_SUCCESS;
    }
    NTSTATUS status = check_limits(space->mm, &limits);
    if (!NT_SUCCESS(status))
        return status;
    mi_lock_working_set(space);
    status = apply(space, &limits);
    mi_unlock_working_set(space);
    return status;
}

void mm_get_working_set_limits(struct mm_space *space, uint64_t *minimum, uint64_t *maximum,
                               uint32_t *flags)
{
    const MMSUPPORT *vm = &space->process->Vm;

    mi_lock_working_set(space);
    *minimum = MI_VA(vm->MinimumWorkingSetSize);
    *maximum = MI_VA(vm->MaximumWorkingSetSize);
    *flags = (vm->Flags.MinimumWorkingSetHard ? QUOTA_LIMITS_HARDWS_MIN_ENABLE
                                              : QUOTA_LIMITS_HARDWS_MIN_DISABLE) |
             (vm->Flags.MaximumWorkingSetHard ? QUOTA_LIMITS_HARDWS_MAX_ENABLE
                                              : QUOTA_LIMITS_HARDWS_MAX_DISABLE);
    mi_unlock_working_set(space);
}
