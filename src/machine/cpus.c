/* src/machine/cpus.c: the engine and the virtual processors, and what the executive asks of them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "machine/boot.h"
#include "machine/context.h"
#include "machine/debug.h"
#include "machine/run.h"
#include "nt/info.h"

#define PCR_PAGES ((sizeof(KPCR) + PAGE_SIZE - 1) / PAGE_SIZE)
#define INVALIDATE_BATCH 512

/* ---- processors ---------------------------------------------------------------------------------
 */

/* Processor 0's KPCR lies in nt (KiInitialPCR), the others' in system pages. */
NTSTATUS cpus_init(struct ntmm_machine *m)
{
    for (unsigned i = 0; i < m->cpu_count; i++) {
        KPCR *pcr = m->ke.nt.KiInitialPCR;
        if (i) {
            uint64_t va = mm_allocate_system_pages(m->mm, PCR_PAGES, false);
            if (!va) {
                return STATUS_INSUFFICIENT_RESOURCES;
            }
            pcr = kspace_host(&m->ke.ks, va);
        }
        mm_initialize_processor(m->mm, pcr);
        NTSTATUS status = ke_add_processor(&m->ke, pcr, NULL);
        if (!NT_SUCCESS(status)) {
            return status;
        }
        pthread_mutex_init(&m->cpus[i].lock, NULL);
    }
    return STATUS_SUCCESS;
}

static void prepare_frame(void *owner)
{
    struct ntmm_machine *m = owner;
    mm_prepare_frame(m->mm);
}

/* The engine's pages in kernel space, page by page as it wants to know them. */
static int create_engine(struct ntmm_machine *m)
{
    size_t pages = m->engine_ops->trap_area_pages(m->cpu_count);
    uint64_t va = pages ? mm_allocate_system_pages(m->mm, pages, true) : 0;
    uint64_t *pa = calloc(pages + 1, sizeof *pa);
    void **host = calloc(pages + 1, sizeof *host);
    int error = (va || !pages) && pa && host ? 0 : -ENOMEM;
    for (size_t i = 0; !error && i < pages; i++) {
        uint64_t page = va + i * PAGE_SIZE;
        host[i] = kspace_host(&m->ke.ks, page);
        error = mm_translate(m->ps.system->space, page, &pa[i]) ? 0 : -EFAULT;
    }
    if (!error) {
        const struct engine_config config = {
            .ram_fd = mm_ram_fd(m->mm),
            .ram_size = mm_ram_size(m->mm),
            .cpus = m->cpu_count,
            .maxphyaddr = m->options.maxphyaddr,
            .trap_area_va = va,
            .trap_area_pa = pa,
            .trap_area_host = host,
            .trap_area_pages = pages,
            .while_waiting = prepare_frame,
            .owner = m,
        };
        error = m->engine_ops->create(&config, &m->engine);
    }
    free(pa);
    free(host);
    for (unsigned i = 0; !error && i < m->cpu_count; i++) {
        error = m->engine_ops->cpu_create(m->engine, i, &m->cpus[i].engine);
    }
    return error;
}

/* What is known is enough to start with. When that engine does not start, a trial finds another, or
 * says what is wrong. */
NTSTATUS engine_init(struct ntmm_machine *m, char *error, size_t error_size)
{
    const char *name = m->options.engine;
    if (strcmp(name, "none") == 0) {
        return STATUS_SUCCESS;
    }
    bool debugger = m->options.debugger;
    m->engine_ops = strcmp(name, "auto") == 0 ? engine_guess(debugger) : engine_named(name);
    if (m->engine_ops && create_engine(m) == 0) {
        log_debug(&m->log, "engine %s", m->engine_ops->name);
        return STATUS_SUCCESS;
    }
    engine_deinit(m);
    struct engine_probe probe;
    int code = engine_choose(name, debugger, &m->engine_ops, &probe);
    if (code) {
        m->engine_ops = NULL;
        machine_error(error, error_size,
                      code == -ENOENT ? "there is no engine called %s"
                                      : "engine %s cannot be used here: %s",
                      name, probe.why);
        return STATUS_NOT_SUPPORTED;
    }
    code = create_engine(m);
    if (code) {
        machine_error(error, error_size, "engine %s failed to start: %s", m->engine_ops->name,
                      strerror(-code));
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    return STATUS_SUCCESS;
}

void engine_deinit(struct ntmm_machine *m)
{
    for (unsigned i = 0; m->engine && i < m->cpu_count; i++) {
        if (m->cpus[i].engine) {
            m->engine_ops->cpu_destroy(m->cpus[i].engine);
            m->cpus[i].engine = NULL;
        }
    }
    if (m->engine) {
        m->engine_ops->destroy(m->engine);
    }
    m->engine = NULL;
}

static void preempt(void *owner, unsigned processor)
{
    struct ntmm_machine *m = owner;
    if (m->cpus[processor].engine) {
        m->engine_ops->kick(m->cpus[processor].engine);
    }
}

static uint64_t current_thread(void *owner)
{
    struct ntmm_machine *m = owner;
    const struct ps_thread *thread = pthread_getspecific(m->current_thread);

    return thread ? h2k(&m->ke.ks, &thread->thread->Tcb) : 0;
}

const struct ke_ops machine_ke_ops = {.preempt = preempt, .current_thread = current_thread};

/* ---- memory -------------------------------------------------------------------------------------
 */

static void invalidate(void *owner, struct mm_space *space, const struct mm_page *pages,
                       size_t count)
{
    struct ntmm_machine *m = owner;
    struct ps_process *process = mm_space_owner(space);
    if (!m->engine || !process || !process->owner) {
        return;
    }
    struct engine_page batch[INVALIDATE_BATCH];
    for (size_t done = 0; done < count;) {
        size_t n = count - done < INVALIDATE_BATCH ? count - done : INVALIDATE_BATCH;
        for (size_t i = 0; i < n; i++) {
            batch[i] = (struct engine_page){pages[done + i].va, pages[done + i].pfn};
        }
        m->engine_ops->invalidate(m->engine, process->owner, batch, n);
        done += n;
    }
}

static void invalidate_tables(void *owner)
{
    struct ntmm_machine *m = owner;
    if (m->engine) {
        m->engine_ops->invalidate_tables(m->engine);
    }
}

static NTSTATUS guard_page(void *owner, struct mm_space *space, uint64_t va)
{
    struct ntmm_machine *m = owner;
    struct ps_thread *thread = pthread_getspecific(m->current_thread);
    return thread && thread->process->space == space ? ps_grow_stack(thread, va)
                                                     : STATUS_GUARD_PAGE_VIOLATION;
}

static unsigned page_priority(void *owner)
{
    struct ntmm_machine *m = owner;
    const struct ps_thread *thread = pthread_getspecific(m->current_thread);
    return thread ? ps_page_priority(thread) : MEMORY_PRIORITY_NORMAL;
}

static void reference_file(void *owner, FILE_OBJECT *file)
{
    struct ntmm_machine *m = owner;
    ob_reference_object(m->ob, file);
}

static void dereference_file(void *owner, FILE_OBJECT *file)
{
    struct ntmm_machine *m = owner;
    ob_dereference_object(m->ob, file);
}

static NTSTATUS read_file(void *owner, FILE_OBJECT *file, uint64_t offset,
                          const struct iovec *parts, size_t count, size_t *done)
{
    struct ntmm_machine *m = owner;
    return io_paging_read(m->io, file, offset, parts, count, done);
}

static NTSTATUS write_file(void *owner, FILE_OBJECT *file, uint64_t offset,
                           const struct iovec *parts, size_t count)
{
    struct ntmm_machine *m = owner;
    return io_paging_write(m->io, file, offset, parts, count);
}

#define OPS_OF_ALL                                                                                 \
    .guard_page = guard_page, .page_priority = page_priority, .reference_file = reference_file,    \
    .dereference_file = dereference_file, .read_file = read_file, .write_file = write_file

static const struct mm_ops ops_with_engine = {OPS_OF_ALL, .invalidate = invalidate,
                                              .invalidate_tables = invalidate_tables};
static const struct mm_ops ops_without_engine = {OPS_OF_ALL};

const struct mm_ops *machine_mm_ops(const struct ntmm_machine *m)
{
    return strcmp(m->options.engine, "none") == 0 ? &ops_without_engine : &ops_with_engine;
}

/* ---- processes and threads ----------------------------------------------------------------------
 */

static NTSTATUS process_created(void *owner, struct ps_process *process)
{
    struct ntmm_machine *m = owner;
    struct engine_space *space = NULL;
    if (process->program && !process->background) {
        pthread_mutex_lock(&m->lock);
        m->live_processes++;
        pthread_mutex_unlock(&m->lock);
    }
    if (m->engine &&
        m->engine_ops->space_create(m->engine, mm_space_directory(process->space), &space)) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    process->owner = space;
    return STATUS_SUCCESS;
}

static void process_ending(void *owner, struct ps_process *process)
{
    struct ntmm_machine *m = owner;
    if (process->owner && m->engine_ops->space_retire) {
        m->engine_ops->space_retire(process->owner);
    }
}

static void process_deleted(void *owner, struct ps_process *process)
{
    struct ntmm_machine *m = owner;
    if (process->owner) {
        m->engine_ops->space_destroy(process->owner);
        process->owner = NULL;
    }
}

static NTSTATUS thread_created(void *owner, struct ps_thread *thread, const CONTEXT *context)
{
    struct ntmm_machine *m = owner;
    if (!m->engine) {
        return STATUS_NOT_SUPPORTED;
    }
    struct machine_thread *t = aligned_alloc(_Alignof(struct machine_thread), sizeof *t);
    if (!t) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    memset(t, 0, sizeof *t);
    pthread_mutex_init(&t->user, NULL);
    t->thread = thread;
    context_init(&t->registers);
    context_to_engine(&t->registers, context);
    t->registers.gs_base = thread->teb;
    thread->owner = t;
    return STATUS_SUCCESS;
}

static void *thread_main(void *argument)
{
    struct machine_thread *t = argument;
    struct ntmm_machine *m = t->thread->ps->owner;
    run_thread(t);
    pthread_mutex_lock(&m->lock);
    m->live_threads--;
    m->leaving_threads--;
    pthread_cond_broadcast(&m->changed);
    pthread_mutex_unlock(&m->lock);
    return NULL;
}

static NTSTATUS start_thread(void *owner, struct ps_thread *thread)
{
    struct ntmm_machine *m = owner;
    pthread_attr_t attributes;
    pthread_t host;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_mutex_lock(&m->lock);
    int error = pthread_create(&host, &attributes, thread_main, thread->owner);
    if (!error) {
        m->live_threads++;
    }
    pthread_mutex_unlock(&m->lock);
    pthread_attr_destroy(&attributes);
    return error ? STATUS_INSUFFICIENT_RESOURCES : STATUS_SUCCESS;
}

static void thread_deleted(void *owner, struct ps_thread *thread)
{
    struct ntmm_machine *m = owner;
    if (thread->owner) {
        debug_thread_gone(m, thread->owner);
        run_forget_registers(thread->owner);
        pthread_mutex_destroy(&((struct machine_thread *)thread->owner)->user);
        free(thread->owner);
        thread->owner = NULL;
    }
}

static void get_context(void *owner, struct ps_thread *thread, CONTEXT *context)
{
    struct machine_thread *t = thread->owner;
    run_hold_out_of_user_mode(owner, t);
    run_collect_registers(owner, t);
    context_from_engine(context, &t->registers);
    run_let_go(t);
}

static void set_context(void *owner, struct ps_thread *thread, const CONTEXT *context)
{
    struct machine_thread *t = thread->owner;
    run_hold_out_of_user_mode(owner, t);
    run_collect_registers(owner, t);
    context_to_engine(&t->registers, context);
    t->registers_replaced = true;
    run_let_go(t);
}

static void raise_exception(void *owner, struct ps_thread *thread, const EXCEPTION_RECORD *record,
                            const CONTEXT *context, bool first_chance)
{
    struct machine_thread *t = thread->owner;
    t->registers_replaced = true;
    run_raise_exception(owner, t, record, context, first_chance);
}

static void process_exited(void *owner, struct ps_process *process)
{
    struct ntmm_machine *m = owner;
    if (process->background && !m->ending) {
        log_warning(&m->log, "%s, a process of the system, has ended with status 0x%08x",
                    process->process->ImageFileName, (unsigned)process->process->ExitStatus);
    }
    pthread_mutex_lock(&m->lock);
    if (process->process->UniqueProcessId.va == m->first_process_id && !m->first_ended) {
        m->first_exit_status = process->process->ExitStatus;
        m->first_ended = true; /* its id may be another's now */
    }
    bool last =
        process->program && !process->background && --m->live_processes == 0 && m->first_process_id;
    NTSTATUS status = m->first_exit_status;
    pthread_cond_broadcast(&m->changed);
    pthread_mutex_unlock(&m->lock);
    if (last) {
        debug_ended(m, status);
    }
}

const struct ps_ops machine_ps_ops = {
    .process_created = process_created,
    .process_ending = process_ending,
    .process_deleted = process_deleted,
    .thread_created = thread_created,
    .start_thread = start_thread,
    .thread_deleted = thread_deleted,
    .get_context = get_context,
    .set_context = set_context,
    .raise_exception = raise_exception,
    .process_exited = process_exited,
};
