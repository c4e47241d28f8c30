/* src/kd/target.c: the slots that a target does not have.
 *
 * The stubs differ only in their parameters; each says "not supported" in the one way commands
 * know. */
#include "kd/target.h"

#include <errno.h>
#include <stdio.h>

static int no_physical_write(struct kd_target *target, uint64_t pa, const void *buffer, size_t size)
{
    (void)target, (void)pa, (void)buffer, (void)size;
    return -ENOTSUP;
}

static int no_physical_read(struct kd_target *target, uint64_t pa, void *buffer, size_t size)
{
    (void)target, (void)pa, (void)buffer, (void)size;
    return -ENOTSUP;
}

static int no_get_registers(struct kd_target *target, unsigned processor, struct kd_registers *out)
{
    (void)target, (void)processor, (void)out;
    return -ENOTSUP;
}

static int no_set_registers(struct kd_target *target, unsigned processor,
                            const struct kd_registers *registers)
{
    (void)target, (void)processor, (void)registers;
    return -ENOTSUP;
}

static int no_resume(struct kd_target *target, enum kd_resume how, struct kd_event *event)
{
    (void)target, (void)how, (void)event;
    return -ENOTSUP;
}

static int no_break_request(struct kd_target *target)
{
    (void)target;
    return -ENOTSUP;
}

static int no_break_on_process(struct kd_target *target, uint64_t process)
{
    (void)target, (void)process;
    return -ENOTSUP;
}

static int no_page_in(struct kd_target *target, uint64_t process, uint64_t va)
{
    (void)target, (void)process, (void)va;
    return -ENOTSUP;
}

static int no_want_events(struct kd_target *target, unsigned wanted)
{
    (void)target, (void)wanted;
    return -ENOTSUP;
}

static int no_watch(struct kd_target *target, const struct kd_watch *watches, size_t count)
{
    (void)target, (void)watches, (void)count;
    return -ENOTSUP;
}

static int no_create_program(struct kd_target *target, const char *path, const char *arguments,
                             char *error, size_t error_size)
{
    (void)target, (void)path, (void)arguments;
    snprintf(error, error_size, "this target cannot start programs");
    return -ENOTSUP;
}

static int no_kill_process(struct kd_target *target, uint64_t process, uint32_t status)
{
    (void)target, (void)process, (void)status;
    return -ENOTSUP;
}

#define FILL(ops, slot, stub) ((ops)->slot = (ops)->slot ? (ops)->slot : (stub))

void kd_target_complete(struct kd_target_ops *ops)
{
    FILL(ops, read_physical, no_physical_read);
    FILL(ops, write_physical, no_physical_write);
    FILL(ops, get_registers, no_get_registers);
    FILL(ops, set_registers, no_set_registers);
    FILL(ops, resume, no_resume);
    FILL(ops, break_request, no_break_request);
    FILL(ops, break_on_process, no_break_on_process);
    FILL(ops, page_in, no_page_in);
    FILL(ops, want_events, no_want_events);
    FILL(ops, watch, no_watch);
    FILL(ops, create_program, no_create_program);
    FILL(ops, kill_process, no_kill_process);
}
