/* src/machine/debug.c: stopping the machine for a debugger.
 *
 * The debugger is a host thread outside of the machine. A guest thread that has something to tell
 * it leaves the event, asks for everybody to be stopped, and parks like everybody else:
 *
 *      guest thread                         debugger (target.c: resume)
 *        event, event_pending = true  --->    wakes up
 *        ke_request_freeze                    ke_freeze: waits until all stand still
 *        ke_safe_point: parked                looks around, changes memory and registers
 *                                             t->resume = how; event_pending = false; ke_thaw
 *        goes on as t->resume says    <---    sleeps
 *
 * If an event is pending already, the thread parks first and tells its own after the thaw, as if it
 * had come to it only then.
 */
#include "machine/debug.h"

#include <string.h>

#include "machine/exception.h"
#include "machine/run.h"

#define TRAP_FLAG 0x100u
#define CURRENT_PROCESS UINT64_MAX /* NtCurrentProcess() */

void debug_init(struct ntmm_machine *m, bool attached)
{
    m->debug.attached = attached;
    pthread_mutex_init(&m->debug.lock, NULL);
    sem_init(&m->debug.wake, 0, 0);
}

void debug_deinit(struct ntmm_machine *m)
{
    pthread_mutex_destroy(&m->debug.lock);
    sem_destroy(&m->debug.wake);
}

/* Tell the debugger and stand still until it lets the machine run. */
static enum kd_resume report(struct ntmm_machine *m, struct machine_thread *t,
                             struct kd_event event)
{
    struct machine_debug *d = &m->debug;
    KTHREAD *thread = &t->thread->thread->Tcb;
    run_collect_registers(m, t);
    pthread_mutex_lock(&d->lock);
    while (d->event_pending) {
        pthread_mutex_unlock(&d->lock);
        ke_safe_point(&m->ke, thread);
        pthread_mutex_lock(&d->lock);
    }
    event.processor = ke_processor_number(thread);
    event.process = t->thread->process->va;
    event.thread = t->thread->va;
    event.address = t->registers.rip;
    d->event = event;
    d->event_thread = t;
    d->event_pending = true;
    t->resume = KD_RESUME_HANDLED;
    ke_request_freeze(&m->ke);
    sem_post(&d->wake);
    pthread_mutex_unlock(&d->lock);

    ke_safe_point(&m->ke, thread);

    pthread_mutex_lock(&d->lock);
    enum kd_resume how = t->resume;
    if (how == KD_RESUME_STEP) {
        d->stepping = t;
        t->registers.rflags |= TRAP_FLAG;
    }
    pthread_mutex_unlock(&d->lock);
    return how;
}

/* Notes to a debugger in the shape of exceptions: a thread's name, OutputDebugString. They stop it
 * only when nobody takes them. Source: defaults of WinDbg's event filters. */
static bool is_note(NTSTATUS code)
{
    const NTSTATUS thread_name = (NTSTATUS)0x406D1388, print = (NTSTATUS)0x40010006,
                   print_wide = (NTSTATUS)0x4001000A;
    return code == thread_name || code == print || code == print_wide;
}

static bool is_step(struct machine_debug *d, struct machine_thread *t,
                    const EXCEPTION_RECORD *record)
{
    pthread_mutex_lock(&d->lock);
    bool step = d->stepping == t && record->ExceptionCode == STATUS_SINGLE_STEP;
    if (step) {
        d->stepping = NULL;
        t->registers.rflags &= ~(uint64_t)TRAP_FLAG;
    }
    pthread_mutex_unlock(&d->lock);
    return step;
}

/* The instruction to be stepped raised another exception: the step is over, and the program must
 * not find its trap flag set in the context that its handler gets. */
static void cancel_step(struct machine_debug *d, struct machine_thread *t)
{
    pthread_mutex_lock(&d->lock);
    if (d->stepping == t) {
        d->stepping = NULL;
        t->registers.rflags &= ~(uint64_t)TRAP_FLAG;
    }
    pthread_mutex_unlock(&d->lock);
}

bool debug_exception(struct ntmm_machine *m, struct machine_thread *t,
                     const EXCEPTION_RECORD *record, bool first_chance)
{
    struct machine_debug *d = &m->debug;
    if (!d->attached) {
        return false;
    }
    struct kd_event event = {.code = (uint32_t)record->ExceptionCode, .first_chance = first_chance};
    if (first_chance && is_step(d, t, record)) {
        event.kind = KD_EVENT_SINGLE_STEP;
        report(m, t, event);
        return true;
    }
    cancel_step(d, t);
    if (first_chance && is_note(record->ExceptionCode)) {
        return false;
    }
    event.kind = first_chance && record->ExceptionCode == STATUS_BREAKPOINT ? KD_EVENT_BREAKPOINT
                                                                            : KD_EVENT_EXCEPTION;
    const size_t room = sizeof event.parameter / sizeof *event.parameter;
    event.parameter_count =
        record->NumberParameters < room ? record->NumberParameters : (uint32_t)room;
    memcpy(event.parameter, record->ExceptionInformation,
           event.parameter_count * sizeof *event.parameter);
    return report(m, t, event) != KD_RESUME_NOT_HANDLED;
}

/* ---- hardware breakpoints -----------------------------------------------------------------------
 *
 * DR7: two enable bits for each address, then for each 4 bits from 16 on: access (2), length (2).
 * Source: Intel SDM volume 3, 17.2.4 "Debug Control Register".
 */

enum { DR7 = 7, DR7_ENABLE_STEP = 2, DR7_ACCESS = 16, DR7_ACCESS_STEP = 4 };

static uint64_t dr7_length(unsigned bytes)
{
    static const uint64_t codes[] = {[1] = 0, [2] = 1, [4] = 3, [8] = 2};
    return codes[bytes];
}

void debug_watch_begin(struct ntmm_machine *m, struct machine_thread *t, struct debug_watching *w)
{
    const struct machine_debug *d = &m->debug;
    w->active = d->watch_count != 0;
    if (!w->active) {
        return;
    }
    struct engine_context *r = &t->registers;
    memcpy(w->dr, r->dr, sizeof w->dr);
    memset(r->dr, 0, sizeof r->dr);
    for (unsigned i = 0; i < d->watch_count; i++) {
        const struct kd_watch *watch = &d->watch[i];
        if (watch->process && watch->process != t->thread->process->va) {
            continue;
        }
        uint64_t kind = watch->access | dr7_length(watch->length) << 2;
        r->dr[i] = watch->address;
        r->dr[DR7] |= 1ull << (i * DR7_ENABLE_STEP) | kind << (DR7_ACCESS + i * DR7_ACCESS_STEP);
    }
}

bool debug_watch_end(struct ntmm_machine *m, struct machine_thread *t, struct debug_watching *w,
                     const struct engine_trap *trap, unsigned *index)
{
    if (!w->active) {
        return false;
    }
    uint64_t enabled = t->registers.dr[DR7];
    memcpy(t->registers.dr, w->dr, sizeof w->dr);
    if (trap->kind != ENGINE_TRAP_EXCEPTION || trap->vector != VECTOR_DEBUG) {
        return false;
    }
    for (unsigned i = 0; i < m->debug.watch_count; i++) {
        if (trap->dr6 >> i & enabled >> (i * DR7_ENABLE_STEP) & 1) {
            *index = i;
            return true;
        }
    }
    return false;
}

void debug_watch_report(struct ntmm_machine *m, struct machine_thread *t, unsigned index)
{
    cancel_step(&m->debug, t);
    report(m, t, (struct kd_event){.kind = KD_EVENT_WATCH, .watch = index});
}

bool debug_before_user_mode(struct ntmm_machine *m, struct machine_thread *t)
{
    struct machine_debug *d = &m->debug;
    if (!d->attached) {
        return false;
    }
    if (t->stop_at_first_instruction) {
        t->stop_at_first_instruction = false;
        report(m, t, (struct kd_event){.kind = KD_EVENT_INITIAL});
        return true;
    }
    uint64_t wanted = atomic_load(&d->break_on_process);
    if (wanted && wanted == t->thread->process->va &&
        atomic_compare_exchange_strong(&d->break_on_process, &wanted, 0)) {
        report(m, t, (struct kd_event){.kind = KD_EVENT_ATTACHED});
        return true;
    }
    return false;
}

/* NtMapViewOfSection(section, process, *base, ...) into its own process. */
static void report_mapping(struct ntmm_machine *m, struct machine_thread *t,
                           const uint64_t arguments[4])
{
    uint64_t base;
    if (arguments[1] == CURRENT_PROCESS &&
        NT_SUCCESS(
            mm_copy_from_user(t->thread->process->space, &base, arguments[2], sizeof base))) {
        report(m, t, (struct kd_event){.kind = KD_EVENT_MODULE_LOAD, .base = base});
    }
}

void debug_service_done(struct ntmm_machine *m, struct machine_thread *t,
                        const uint64_t arguments[4], NTSTATUS status)
{
    struct machine_debug *d = &m->debug;
    if (!d->attached) {
        return;
    }
    if ((atomic_load(&d->wanted) & KD_WANT_MODULE_LOAD) && NT_SUCCESS(status) &&
        t->thread->thread->Tcb.SystemCallNumber == SERVICE_NtMapViewOfSection) {
        report_mapping(m, t, arguments);
    }
    const EXCEPTION_RECORD step = {.ExceptionCode = STATUS_SINGLE_STEP};
    if (is_step(d, t, &step)) {
        report(m, t, (struct kd_event){.kind = KD_EVENT_SINGLE_STEP});
    }
}

/* Whoever finds all others of the process leaving is the last, also when several leave at once. */
static bool is_last_to_leave(struct ntmm_machine *m, struct machine_thread *t)
{
    bool last = true;
    pthread_mutex_lock(&m->ps.lock);
    t->leaving = true;
    for (size_t i = 0; i < m->ps.id_slots && last; i++) {
        const struct ps_thread *other = m->ps.thread_by_id[i];
        if (other && other->process == t->thread->process && ps_thread_is_alive(other)) {
            last = ((const struct machine_thread *)other->owner)->leaving;
        }
    }
    pthread_mutex_unlock(&m->ps.lock);
    return last;
}

void debug_before_exit(struct ntmm_machine *m, struct machine_thread *t)
{
    struct machine_debug *d = &m->debug;
    if (d->attached && is_last_to_leave(m, t) && (atomic_load(&d->wanted) & KD_WANT_PROCESS_EXIT)) {
        NTSTATUS status = t->thread->process->process->ExitStatus;
        if (status == STATUS_PENDING) {
            status = t->thread->exit_status;
        }
        report(m, t, (struct kd_event){.kind = KD_EVENT_PROCESS_EXIT, .code = (uint32_t)status});
    }
}

void debug_thread_gone(struct ntmm_machine *m, struct machine_thread *t)
{
    struct machine_debug *d = &m->debug;
    pthread_mutex_lock(&d->lock);
    if (d->stepping == t) {
        d->stepping = NULL;
    }
    if (d->event_thread == t) {
        d->event_thread = NULL;
    }
    pthread_mutex_unlock(&d->lock);
}

void debug_ended(struct ntmm_machine *m, NTSTATUS status)
{
    struct machine_debug *d = &m->debug;
    if (!d->attached) {
        return;
    }
    pthread_mutex_lock(&d->lock);
    d->event = (struct kd_event){.kind = KD_EVENT_ENDED, .code = (uint32_t)status};
    d->event_thread = NULL;
    d->event_pending = true;
    sem_post(&d->wake);
    pthread_mutex_unlock(&d->lock);
}

struct kd_event debug_take_bug_check(struct ntmm_machine *m, struct machine_thread *t,
                                     struct kd_event event)
{
    struct machine_debug *d = &m->debug;
    event.process = t ? t->thread->process->va : m->ps.system->va;
    if (t) {
        event.processor = ke_processor_number(&t->thread->thread->Tcb);
        event.thread = t->thread->va;
        event.address = t->registers.rip;
    }
    pthread_mutex_lock(&d->lock);
    d->event = event; /* whatever else there was to tell can wait for good */
    d->event_thread = t;
    d->event_pending = true;
    pthread_mutex_unlock(&d->lock);
    return event;
}

void debug_tell_bug_check(struct ntmm_machine *m)
{
    sem_post(&m->debug.wake);
}
