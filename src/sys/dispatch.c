/* src/sys/dispatch.c: from a service number to the C function that serves it.
 *
 * The number indexes KiServiceTable in guest memory. An entry holds, as on Windows 7 x64, the
 * distance of the service's code from the table, shifted left by four, and in the low four bits how
 * many arguments lie on the stack. The code is a 16-byte stub of nt, one per service in order;
 * which stub an entry leads to decides who serves the call, so a patched table has the effect it
 * has on Windows as long as it stays among nt's services.
 */
#include <string.h>

#include "base/log.h"
#include "mm/mm.h"
#include "sys/sys.h"

#define STUB_SIZE 16
#define STACK_ARGUMENTS_MASK 0xF
#define OFFSET_SHIFT 4
#define REGISTER_ARGUMENTS 4
#define STACK_ARGUMENTS_OFFSET 0x28 /* return address and four home slots */
#define SERVICE_NUMBER_MASK 0xFFF
#define SERVICE_TABLE_SHIFT 12 /* bits 12 and 13: 0 for nt, 1 for win32k */

static const char *const service_names[NT_SERVICE_COUNT] = {
#define X(number, name, arguments) [number] = #name,
    NT_SERVICES(X)
#undef X
};

static const struct sys_family *const families[] = {
    &sys_memory_family,       &sys_section_family,  &sys_file_family,        &sys_process_family,
    &sys_process_info_family, &sys_create_family,   &sys_clone_family,       &sys_thread_family,
    &sys_sync_family,         &sys_object_family,   &sys_system_family,      &sys_exception_family,
    &sys_token_family,        &sys_watch_family,    &sys_job_family,         &sys_awe_family,
    &sys_working_set_family,  &sys_registry_family, &sys_paging_file_family,
};

NTSTATUS sys_init(struct sys *sys)
{
    for (size_t f = 0; f < sizeof families / sizeof *families; f++) {
        for (size_t i = 0; i < families[f]->count; i++) {
            sys->handler[families[f]->entries[i].number] = families[f]->entries[i].handler;
        }
    }
    if (!sys->table || !sys->stubs_va) {
        return STATUS_INVALID_IMAGE_FORMAT;
    }
    return sys_create_section_type(sys);
}

static NTSTATUS not_implemented(struct sys *sys, unsigned service)
{
    if (!atomic_exchange(&sys->reported[service], true)) {
        log_warning(sys->ps->log, "%s (service 0x%x) is not implemented", service_names[service],
                    service);
    }
    return STATUS_NOT_IMPLEMENTED;
}

NTSTATUS sys_dispatch(struct sys *sys, struct ps_thread *thread, uint32_t number,
                      const uint64_t first_four[4], uint64_t user_rsp)
{
    uint32_t index = number & SERVICE_NUMBER_MASK;
    if (number >> SERVICE_TABLE_SHIFT || index >= *sys->ke->nt.KiServiceLimit ||
        index >= NT_SERVICE_COUNT) {
        return STATUS_INVALID_SYSTEM_SERVICE;
    }
    LONG entry = __atomic_load_n(&sys->table[index], __ATOMIC_RELAXED);
    uint64_t target = sys->table_va + (int64_t)(entry >> OFFSET_SHIFT);
    uint64_t service = (target - sys->stubs_va) / STUB_SIZE;
    if ((target - sys->stubs_va) % STUB_SIZE || service >= NT_SERVICE_COUNT) {
        return STATUS_INVALID_SYSTEM_SERVICE;
    }

    struct sys_call call = {
        .sys = sys,
        .thread = thread,
        .process = thread->process,
        .space = thread->process->space,
        .number = (unsigned)service,
    };
    memcpy(call.arg, first_four, REGISTER_ARGUMENTS * sizeof *first_four);
    size_t stacked = (size_t)(entry & STACK_ARGUMENTS_MASK);
    if (stacked > SYS_MAX_ARGUMENTS - REGISTER_ARGUMENTS) {
        stacked = SYS_MAX_ARGUMENTS - REGISTER_ARGUMENTS;
    }
    if (stacked) {
        NTSTATUS status =
            mm_copy_from_user(call.space, call.arg + REGISTER_ARGUMENTS,
                              user_rsp + STACK_ARGUMENTS_OFFSET, stacked * sizeof *call.arg);
        if (!NT_SUCCESS(status)) {
            return status;
        }
    }
    sys_handler handler = sys->handler[service];
    return handler ? handler(&call) : not_implemented(sys, (unsigned)service);
}
