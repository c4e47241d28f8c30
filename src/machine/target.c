/* src/machine/target.c: a running machine as a target of the debugger (kd/target.h).
 *
 * The machine stands still whenever the debugger has it, except before its first event: programs
 * are made, but no thread has been started. The first thread of the first program is then started
 * alone, and stops before its first instruction; the others start with the first resume after that.
 */
#include "machine/target.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "machine/boot.h"
#include "machine/context.h"
#include "machine/launch.h"
#include "machine/run.h"
#include "machine/system.h"

struct machine_target {
    struct kd_target target; /* first */
    struct kd_target_ops ops;
    struct ntmm_machine *machine;
    bool frozen;                /* the debugger has the machine */
    bool over;                  /* ended, or a bugcheck */
    struct ps_thread **waiting; /* to be started */
    size_t waiting_count;
};

static struct machine_target *self(struct kd_target *target)
{
    return (struct machine_target *)target;
}

/* ---- memory
 * -------------------------------------------------------------------------------------- */

static bool in_ram(const struct ntmm_machine *m, uint64_t pa, size_t size)
{
    uint64_t ram = mm_ram_size(m->mm);
    return pa <= ram && size <= ram - pa;
}

static int read_physical(struct kd_target *target, uint64_t pa, void *buffer, size_t size)
{
    struct ntmm_machine *m = self(target)->machine;
    if (!in_ram(m, pa, size)) {
        return -EFAULT;
    }
    memcpy(buffer, mm_ram(m->mm) + pa, size);
    return 0;
}

static int write_physical(struct kd_target *target, uint64_t pa, const void *buffer, size_t size)
{
    struct ntmm_machine *m = self(target)->machine;
    if (!in_ram(m, pa, size)) {
        return -EFAULT;
    }
    memcpy(mm_ram(m->mm) + pa, buffer, size);
    mm_memory_edited(m->mm);
    /* It may have been a page table: an engine must not go by what it derived from the old one. */
    if (m->engine) {
        m->engine_ops->invalidate_tables(m->engine);
    }
    return 0;
}

/* ---- registers
 * ----------------------------------------------------------------------------------- */

/* The thread that has a processor; NULL when that is idle. */
static struct machine_thread *thread_on(struct ntmm_machine *m, unsigned processor)
{
    if (m->debug.event_thread && m->debug.event.processor == processor) {
        return m->debug.event_thread;
    }
    const KPRCB *prcb = m->ke.processors.prcb[processor];
    const KTHREAD *current = k2h(&m->ke.ks, prcb->CurrentThread);
    if (!current || !ke_owns_processor(current)) {
        return NULL;
    }
    struct machine_thread *found = NULL;
    bool lock = !atomic_load(&m->crashed);
    if (lock) {
        pthread_mutex_lock(&m->ps.lock);
    }
    for (size_t i = 0; i < m->ps.id_slots && !found; i++) {
        struct ps_thread *t = m->ps.thread_by_id[i];
        found = t && &t->thread->Tcb == current ? t->owner : NULL;
    }
    if (lock) {
        pthread_mutex_unlock(&m->ps.lock);
    }
    return found;
}

static int get_registers(struct kd_target *target, unsigned processor, struct kd_registers *out)
{
    struct ntmm_machine *m = self(target)->machine;
    if (processor >= m->cpu_count) {
        return -EINVAL;
    }
    memset(out, 0, sizeof *out);
    out->cr0 = SYSTEM_CR0;
    out->cr4 = SYSTEM_CR4;
    out->cr3 = MM_SYSTEM_PAGE_DIRECTORY;
    struct machine_thread *t = thread_on(m, processor);
    if (!t) {
        return 0; /* idle: nothing runs there */
    }
    const struct engine_context *r = &t->registers;
    memcpy(out->gpr, r->gpr, sizeof out->gpr);
    out->rip = r->rip;
    out->rflags = r->rflags;
    out->cs = KGDT64_R3_CODE;
    out->ss = out->ds = out->es = out->gs = KGDT64_R3_DATA;
    out->fs = KGDT64_R3_CMTEB;
    out->gs_base = r->gs_base;
    out->cr3 = mm_space_directory(t->thread->process->space);
    memcpy(out->dr, r->dr, sizeof out->dr);
    return 0;
}

static int set_registers(struct kd_target *target, unsigned processor,
                         const struct kd_registers *registers)
{
    struct ntmm_machine *m = self(target)->machine;
    struct machine_thread *t = processor < m->cpu_count ? thread_on(m, processor) : NULL;
    if (!t) {
        return -EINVAL;
    }
    struct engine_context *r = &t->registers;
    memcpy(r->gpr, registers->gpr, sizeof r->gpr);
    r->rip = registers->rip;
    r->rflags = (registers->rflags & EFLAGS_USER_MASK) | EFLAGS_ALWAYS;
    memcpy(r->dr, registers->dr, sizeof r->dr);
    return 0;
}

/* ---- running
 * ------------------------------------------------------------------------------------- */

static void start_waiting(struct machine_target *t)
{
    for (size_t i = 0; i < t->waiting_count; i++) {
        NTSTATUS status = ps_start_thread(t->waiting[i]);
        if (!NT_SUCCESS(status)) {
            log_error(&t->machine->log, "a thread cannot be started: status 0x%08x",
                      (unsigned)status);
        }
        ps_dereference_thread(t->waiting[i]);
    }
    t->waiting_count = 0;
}

NTSTATUS target_add_thread(struct ntmm_machine *m, struct ps_thread *thread)
{
    struct machine_target *t = m->target;
    struct ps_thread **grown = realloc(t->waiting, (t->waiting_count + 1) * sizeof *t->waiting);
    if (!grown) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    t->waiting = grown;
    t->waiting[t->waiting_count++] = thread;
    ps_reference_thread(thread);
    return STATUS_SUCCESS;
}

/* Until something is posted, but not for long. False: nothing was. */
static bool wait_a_while(struct machine_debug *d)
{
    const long quarter_second = 250000000, second = 1000000000;
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += quarter_second;
    until.tv_sec += until.tv_nsec / second;
    until.tv_nsec %= second;
    int error;
    do {
        error = sem_timedwait(&d->wake, &until) ? errno : 0;
    } while (error == EINTR);
    return error == 0;
}

/* Sleep until a guest thread has an event or somebody asks to break in; then have all of the
 * machine stand still. */
static void wait_for_event(struct machine_target *t, struct kd_event *event)
{
    struct ntmm_machine *m = t->machine;
    struct machine_debug *d = &m->debug;
    bool pending = false, requested = false, stuck = false;
    while (!pending && !requested && !stuck) {
        bool quiet = !wait_a_while(d);
        requested = atomic_exchange(&d->break_requested, false);
        pthread_mutex_lock(&d->lock);
        pending = d->event_pending;
        pthread_mutex_unlock(&d->lock);
        if (quiet && !pending && !requested && machine_is_stuck(m)) {
            ke_freeze(&m->ke);
            stuck = machine_is_stuck(m);
            if (!stuck) {
                ke_thaw(&m->ke);
            }
        }
    }
    if (!atomic_load(&m->crashed)) { /* else it stands still already, and its locks are held */
        ke_freeze(&m->ke);
        machine_store_trap_frames(m);
    }
    if (stuck) {
        log_warning(&m->log,
                    "every thread waits, and nothing is left that could end it: breaking in");
    }
    t->frozen = true;
    pthread_mutex_lock(&d->lock);
    if (!d->event_pending) {
        d->event_thread = NULL;
        d->event = (struct kd_event){.kind = KD_EVENT_BREAK_IN, .process = m->ps.system->va};
        struct machine_thread *running = thread_on(m, 0);
        if (running) {
            d->event.process = running->thread->process->va;
            d->event.thread = running->thread->va;
            d->event.address = running->registers.rip;
        }
    }
    *event = d->event;
    t->over = event->kind == KD_EVENT_ENDED || event->kind == KD_EVENT_BUGCHECK;
    pthread_mutex_unlock(&d->lock);
}

static int resume(struct kd_target *target, enum kd_resume how, struct kd_event *event)
{
    struct machine_target *t = self(target);
    struct ntmm_machine *m = t->machine;
    struct machine_debug *d = &m->debug;
    if (t->over) {
        return -ESHUTDOWN;
    }
    pthread_mutex_lock(&d->lock);
    if (d->event_thread) {
        d->event_thread->resume = how;
    }
    d->event_pending = false;
    pthread_mutex_unlock(&d->lock);
    start_waiting(t);
    t->frozen = false;
    ke_thaw(&m->ke);
    wait_for_event(t, event);
    target->last_event = *event;
    return 0;
}

static int break_request(struct kd_target *target)
{
    struct machine_debug *d = &self(target)->machine->debug;
    atomic_store(&d->break_requested, true);
    sem_post(&d->wake);
    return 0;
}

static int break_on_process(struct kd_target *target, uint64_t process)
{
    struct ntmm_machine *m = self(target)->machine;
    bool alive = false;
    pthread_mutex_lock(&m->ps.lock);
    for (size_t i = 0; i < m->ps.id_slots && !alive; i++) {
        const struct ps_process *p = m->ps.process_by_id[i];
        alive = p && p->va == process && p->process->ActiveThreads;
    }
    pthread_mutex_unlock(&m->ps.lock);
    if (!alive) {
        return -ESRCH;
    }
    atomic_store(&m->debug.break_on_process, process);
    return 0;
}

static int want_events(struct kd_target *target, unsigned wanted)
{
    atomic_store(&self(target)->machine->debug.wanted, wanted);
    return 0;
}

static int watch(struct kd_target *target, const struct kd_watch *watches, size_t count)
{
    struct ntmm_machine *m = self(target)->machine;
    struct machine_debug *d = &m->debug;
    if (count && !d->has_debug_registers) {
        struct engine_probe probe = {.usable = false};
        if (m->engine_ops) {
            m->engine_ops->probe(&probe);
        }
        d->has_debug_registers = probe.debug_registers ? 1 : -1;
    }
    if (count && d->has_debug_registers < 0) {
        return -ENODEV;
    }
    memcpy(d->watch, watches, count * sizeof *watches);
    d->watch_count = count;
    return 0;
}

/* ---- programs
 * ------------------------------------------------------------------------------------ */

static int create_program(struct kd_target *target, const char *path, const char *arguments,
                          char *error, size_t error_size)
{
    struct machine_target *t = self(target);
    const ntmm_program program = {.path = path, .command_line = arguments};
    struct ps_process *process;
    struct ps_thread *thread;
    if (t->over) {
        snprintf(error, error_size, "all programs have ended: .restart begins again");
        return -ESHUTDOWN;
    }
    if (!NT_SUCCESS(launch_program(t->machine, &program, &process, &thread, error, error_size))) {
        return -ENOEXEC;
    }
    ((struct machine_thread *)thread->owner)->stop_at_first_instruction = true;
    NTSTATUS status = target_add_thread(t->machine, thread);
    if (!NT_SUCCESS(status)) {
        ps_abandon_thread(thread);
        ps_dereference_process(process);
        snprintf(error, error_size, "out of host memory");
        return -ENOMEM;
    }
    ps_dereference_thread(thread);
    ps_dereference_process(process);
    return 0;
}

static int kill_process(struct kd_target *target, uint64_t va, uint32_t status)
{
    struct ntmm_machine *m = self(target)->machine;
    struct ps_process *found = NULL;
    pthread_mutex_lock(&m->ps.lock);
    for (size_t i = 0; i < m->ps.id_slots && !found; i++) {
        struct ps_process *p = m->ps.process_by_id[i];
        found = p && p->va == va && p != m->ps.system && p->process->ActiveThreads ? p : NULL;
    }
    if (found) {
        ps_reference_process(found);
    }
    pthread_mutex_unlock(&m->ps.lock);
    if (!found) {
        return -ESRCH;
    }
    NTSTATUS result = ps_terminate_process(found, NULL, (NTSTATUS)status);
    ps_dereference_process(found);
    return NT_SUCCESS(result) ? 0 : -ESRCH;
}

static int page_in(struct kd_target *target, uint64_t process, uint64_t va)
{
    struct ntmm_machine *m = self(target)->machine;
    struct mm_space *space = NULL;
    pthread_mutex_lock(&m->ps.lock);
    for (size_t i = 0; i < m->ps.id_slots && !space; i++) {
        const struct ps_process *p = m->ps.process_by_id[i];
        space = p && p->va == process && !p->gone ? p->space : NULL;
    }
    pthread_mutex_unlock(&m->ps.lock);
    const uint32_t user_read = 4;
    return space && NT_SUCCESS(mm_access_fault(space, va, user_read)) ? 0 : -EFAULT;
}

/* ---- life
 * ---------------------------------------------------------------------------------------- */

static struct machine_target *new_target(struct ntmm_machine *m)
{
    struct machine_target *t = calloc(1, sizeof *t);
    if (!t) {
        return NULL;
    }
    t->machine = m;
    t->ops = (struct kd_target_ops){
        .name = "live",
        .read_physical = read_physical,
        .write_physical = write_physical,
        .get_registers = get_registers,
        .set_registers = set_registers,
        .resume = resume,
        .break_request = break_request,
        .break_on_process = break_on_process,
        .want_events = want_events,
        .watch = watch,
        .create_program = create_program,
        .kill_process = kill_process,
        .page_in = page_in,
    };
    t->target = (struct kd_target){
        .ops = &t->ops,
        .processor_count = m->cpu_count,
        .maxphyaddr = m->options.maxphyaddr,
        .directory_base = MM_SYSTEM_PAGE_DIRECTORY,
        .kernel_base = m->ke.nt_base,
        .physical_size = mm_ram_size(m->mm),
        .symbol_path = m->system_root,
    };
    return t;
}

NTSTATUS target_create(struct ntmm_machine *m)
{
    m->target = new_target(m);
    return m->target ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

struct kd_target *target_of_crash(struct ntmm_machine *m, const struct kd_event *event)
{
    struct machine_target *t = new_target(m);
    if (!t) {
        return NULL;
    }
    t->over = true;
    t->target.last_event = *event;
    return &t->target;
}

/* The programs end while the machine still stands still, so that they do nothing any more. */
void ntmm_debug_end(ntmm_machine *m)
{
    struct machine_target *t = m->target;
    struct machine_debug *d = &m->debug;
    if (!t || atomic_load(&m->crashed)) {
        return;
    }
    for (size_t i = 0; i < t->waiting_count; i++) {
        ps_abandon_thread(t->waiting[i]);
    }
    t->waiting_count = 0;
    launch_terminate_all(m, STATUS_CONTROL_C_EXIT);
    pthread_mutex_lock(&d->lock);
    d->attached = false;
    d->event_pending = false;
    pthread_mutex_unlock(&d->lock);
    t->over = true;
    t->frozen = false;
    ke_thaw(&m->ke);
}

void target_destroy(struct ntmm_machine *m)
{
    struct machine_target *t = m->target;
    if (!t) {
        return;
    }
    free(t->waiting);
    free(t);
    m->target = NULL;
}

struct kd_target *ntmm_debug_target(ntmm_machine *m)
{
    struct machine_target *t = m->target;
    if (!t) {
        return NULL;
    }
    if (m->options.system_processes && !t->frozen) {
        system_settle(m);
    }
    if (!t->frozen && t->waiting_count) {
        /* The first program's first thread, alone, to its first instruction. */
        struct ps_thread *first = t->waiting[0];
        memmove(t->waiting, t->waiting + 1, --t->waiting_count * sizeof *t->waiting);
        ((struct machine_thread *)first->owner)->stop_at_first_instruction = true;
        NTSTATUS status = ps_start_thread(first);
        ps_dereference_thread(first);
        if (!NT_SUCCESS(status)) {
            return NULL;
        }
        wait_for_event(t, &t->target.last_event);
    } else if (!t->frozen) {
        /* Nothing but the system, if that: it has settled, and stands still. */
        break_request(&t->target);
        wait_for_event(t, &t->target.last_event);
    }
    return &t->target;
}
