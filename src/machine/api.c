/* src/machine/api.c: include/ntmm.h over the machine's parts.
 *
 * The caller's host thread is no guest thread: while it touches guest kernel memory it is bracketed
 * by ke_enter and ke_leave, so that it waits while a debugger has the machine.
 */
#include <stdlib.h>
#include <string.h>

#include "hw/walk.h"
#include "machine/boot.h"
#include "machine/launch.h"
#include "machine/target.h"

struct ntmm_process {
    struct ntmm_machine *machine;
    struct ps_process *process;
    struct ps_thread *first; /* not yet started; NULL afterwards */
};

struct ntmm_section {
    struct ntmm_machine *machine;
    SEGMENT *segment; /* with a reference */
};

const char *ntmm_machine_engine(const ntmm_machine *machine)
{
    return machine->engine_ops ? machine->engine_ops->name : NULL;
}

/* ---- processes ---- */

ntmm_status ntmm_process_create(ntmm_machine *m, const ntmm_program *program,
                                ntmm_process **process, char *error, size_t error_size)
{
    ntmm_process *p = calloc(1, sizeof *p);
    if (!p) {
        machine_error(error, error_size, "out of host memory");
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    p->machine = m;
    ke_enter(&m->ke);
    NTSTATUS status = program
                          ? launch_program(m, program, &p->process, &p->first, error, error_size)
                          : ps_create_process(&m->ps, NULL, &p->process);
    ke_leave(&m->ke);
    if (!NT_SUCCESS(status)) {
        free(p);
        return status;
    }
    *process = p;
    return status;
}

ntmm_status ntmm_process_start(ntmm_process *p)
{
    if (!p->first) {
        return p->process->exiting ? STATUS_PROCESS_IS_TERMINATING : STATUS_INVALID_PARAMETER;
    }
    NTSTATUS status =
        p->machine->target ? target_add_thread(p->machine, p->first) : ps_start_thread(p->first);
    ps_dereference_thread(p->first);
    p->first = NULL;
    return status;
}

ntmm_status ntmm_process_wait(ntmm_process *p, ntmm_status *exit_status)
{
    struct ntmm_machine *m = p->machine;
    pthread_mutex_lock(&m->lock);
    while (!__atomic_load_n(&p->process->ended, __ATOMIC_ACQUIRE)) {
        pthread_cond_wait(&m->changed, &m->lock);
    }
    pthread_mutex_unlock(&m->lock);
    if (exit_status) {
        *exit_status = p->process->process->ExitStatus;
    }
    return STATUS_SUCCESS;
}

ntmm_status ntmm_process_terminate(ntmm_process *p, ntmm_status exit_status)
{
    ke_enter(&p->machine->ke);
    NTSTATUS status = ps_terminate_process(p->process, NULL, exit_status);
    if (p->first) {
        ps_abandon_thread(p->first); /* it would never find its end by itself */
        p->first = NULL;
    }
    ke_leave(&p->machine->ke);
    return status;
}

void ntmm_process_release(ntmm_process *p)
{
    struct ntmm_machine *m = p->machine;
    if (!atomic_load(&m->crashed)) {
        ke_enter(&m->ke);
        if (p->first) {
            ps_abandon_thread(p->first);
        }
        ps_dereference_process(p->process);
        ke_leave(&m->ke);
    }
    free(p);
}

uint64_t ntmm_process_id(const ntmm_process *p)
{
    return p->process->process->UniqueProcessId.va;
}

void ntmm_wait_all(ntmm_machine *m)
{
    pthread_mutex_lock(&m->lock);
    while (m->live_processes) {
        pthread_cond_wait(&m->changed, &m->lock);
    }
    pthread_mutex_unlock(&m->lock);
}

void ntmm_terminate_all(ntmm_machine *m, ntmm_status exit_status)
{
    ke_enter(&m->ke);
    launch_terminate_all(m, exit_status);
    ke_leave(&m->ke);
}

/* ---- virtual memory ---- */

ntmm_status ntmm_allocate(ntmm_process *p, uint64_t *base, uint64_t zero_bits, uint64_t *size,
                          uint32_t type, uint32_t protect)
{
    ke_enter(&p->machine->ke);
    NTSTATUS status =
        mm_allocate_virtual_memory(p->process->space, base, zero_bits, size, type, protect);
    ke_leave(&p->machine->ke);
    return status;
}

ntmm_status ntmm_free(ntmm_process *p, uint64_t *base, uint64_t *size, uint32_t type)
{
    ke_enter(&p->machine->ke);
    NTSTATUS status = mm_free_virtual_memory(p->process->space, base, size, type);
    ke_leave(&p->machine->ke);
    return status;
}

ntmm_status ntmm_protect(ntmm_process *p, uint64_t *base, uint64_t *size, uint32_t protect,
                         uint32_t *old_protect)
{
    ke_enter(&p->machine->ke);
    NTSTATUS status =
        mm_protect_virtual_memory(p->process->space, base, size, protect, old_protect);
    ke_leave(&p->machine->ke);
    return status;
}

ntmm_status ntmm_query(ntmm_process *p, uint64_t address, ntmm_region *region)
{
    MEMORY_BASIC_INFORMATION information;
    memset(&information, 0, sizeof information);
    ke_enter(&p->machine->ke);
    NTSTATUS status = mm_query_virtual_memory(p->process->space, address, &information);
    ke_leave(&p->machine->ke);
    if (NT_SUCCESS(status)) {
        *region = (ntmm_region){
            .base = information.BaseAddress.va,
            .allocation_base = information.AllocationBase.va,
            .allocation_protect = information.AllocationProtect,
            .size = information.RegionSize,
            .state = information.State,
            .protect = information.Protect,
            .type = information.Type,
        };
    }
    return status;
}

/* Copy in pieces that end at page borders, so that what comes before a bad page is done and
 * counted. */
static NTSTATUS copy(ntmm_process *p, uint64_t address, void *buffer, size_t size, bool write,
                     size_t *done)
{
    NTSTATUS status = STATUS_SUCCESS;
    size_t n = 0;
    ke_enter(&p->machine->ke);
    while (n < size && NT_SUCCESS(status)) {
        size_t piece = PAGE_SIZE - (address + n) % PAGE_SIZE;
        piece = piece < size - n ? piece : size - n;
        status = write
                     ? mm_copy_to_user(p->process->space, address + n, (char *)buffer + n, piece)
                     : mm_copy_from_user(p->process->space, (char *)buffer + n, address + n, piece);
        n += NT_SUCCESS(status) ? piece : 0;
    }
    ke_leave(&p->machine->ke);
    if (done) {
        *done = n;
    }
    return !NT_SUCCESS(status) && n ? STATUS_PARTIAL_COPY : status;
}

ntmm_status ntmm_read(ntmm_process *p, uint64_t address, void *buffer, size_t size, size_t *done)
{
    return copy(p, address, buffer, size, false, done);
}

ntmm_status ntmm_write(ntmm_process *p, uint64_t address, const void *buffer, size_t size,
                       size_t *done)
{
    return copy(p, address, (void *)(uintptr_t)buffer, size, true, done);
}

ntmm_status ntmm_touch(ntmm_process *p, uint64_t address, int access)
{
    hw_fault code = hw_fault_set_user((hw_fault){0}, 1);
    code = hw_fault_set_write(code, access == NTMM_WRITE);
    code = hw_fault_set_fetch(code, access == NTMM_EXECUTE);
    ke_enter(&p->machine->ke);
    NTSTATUS status = mm_access_fault(p->process->space, address, code.value);
    ke_leave(&p->machine->ke);
    return status;
}

bool ntmm_translate(ntmm_process *p, uint64_t address, uint64_t *physical)
{
    ke_enter(&p->machine->ke);
    bool valid = mm_translate(p->process->space, address, physical);
    ke_leave(&p->machine->ke);
    return valid;
}

/* ---- sections ---- */

ntmm_status ntmm_section_create(ntmm_machine *m, uint64_t size, uint32_t protect,
                                ntmm_section **out)
{
    ntmm_section *section = calloc(1, sizeof *section);
    if (!section) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    section->machine = m;
    ke_enter(&m->ke);
    NTSTATUS status =
        mm_create_page_file_section(m->mm, size, protect, SEC_COMMIT, &section->segment);
    ke_leave(&m->ke);
    if (!NT_SUCCESS(status)) {
        free(section);
        return status;
    }
    *out = section;
    return status;
}

void ntmm_section_release(ntmm_section *section)
{
    struct ntmm_machine *m = section->machine;
    if (!atomic_load(&m->crashed)) {
        ke_enter(&m->ke);
        mm_close_section(m->mm, section->segment);
        ke_leave(&m->ke);
    }
    free(section);
}

ntmm_status ntmm_map_view(ntmm_process *p, ntmm_section *section, uint64_t *base, uint64_t offset,
                          uint64_t *size, uint32_t protect)
{
    struct mm_view view = {
        .segment = section->segment,
        .base = *base,
        .size = *size,
        .offset = offset,
        .inherit = ViewUnmap,
        .protect = protect,
    };
    ke_enter(&p->machine->ke);
    NTSTATUS status = mm_map_view(p->process->space, &view);
    ke_leave(&p->machine->ke);
    if (NT_SUCCESS(status)) {
        *base = view.base;
        *size = view.size;
    }
    return status;
}

ntmm_status ntmm_unmap_view(ntmm_process *p, uint64_t base)
{
    ke_enter(&p->machine->ke);
    NTSTATUS status = mm_unmap_view(p->process->space, base);
    ke_leave(&p->machine->ke);
    return status;
}

/* ---- the whole machine ---- */

const uint8_t *ntmm_ram(const ntmm_machine *m, uint64_t *size)
{
    mm_await_boot(m->mm);
    *size = mm_ram_size(m->mm);
    return mm_ram(m->mm);
}

void ntmm_get_statistics(ntmm_machine *m, ntmm_statistics *out)
{
    struct mm_statistics s;
    ke_enter(&m->ke);
    mm_get_statistics(m->mm, &s);
    ke_leave(&m->ke);
    *out = (ntmm_statistics){
        .total_pages = s.total_pages,
        .available_pages = s.available_pages,
        .zeroed = s.zeroed,
        .free = s.free,
        .modified = s.modified,
        .modified_no_write = s.modified_no_write,
        .bad = s.bad,
        .active = s.active,
        .committed_pages = s.committed_pages,
        .commit_limit = s.commit_limit,
        .nonpaged_pool_bytes = s.nonpaged_pool_bytes,
        .paged_pool_bytes = s.paged_pool_bytes,
        .page_table_pages = s.page_table_pages,
        .faults = s.faults,
        .demand_zero_faults = s.demand_zero_faults,
    };
    for (size_t i = 0; i < sizeof s.standby / sizeof *s.standby; i++) {
        out->standby += s.standby[i];
    }
}

void ntmm_settle(ntmm_machine *m)
{
    /* A process has ended before the last of its threads has given back its own things. */
    pthread_mutex_lock(&m->lock);
    while (m->leaving_threads) {
        pthread_cond_wait(&m->changed, &m->lock);
    }
    pthread_mutex_unlock(&m->lock);
    ke_enter(&m->ke);
    mm_settle(m->mm);
    ke_leave(&m->ke);
}

size_t ntmm_check(ntmm_machine *m)
{
    size_t violations;
    if (m->options.debugger) { /* it alone stops the machine and lets it go */
        ke_enter(&m->ke);
        violations = mm_check(m->mm);
        ke_leave(&m->ke);
        return violations;
    }
    pthread_mutex_lock(&m->check_lock);
    ke_freeze(&m->ke);
    violations = mm_check(m->mm);
    ke_thaw(&m->ke);
    pthread_mutex_unlock(&m->check_lock);
    return violations;
}
