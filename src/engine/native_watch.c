/* src/engine/native_watch.c: hardware breakpoints without debug registers.
 *
 * Linux gives a sandbox no debug registers (docs/native.md), so page rights stand for them: a page
 * with a watched byte is mapped without the rights of the watched accesses, as long as a thread of
 * the space is in user code (`inside`) whose context watches it.
 *
 *      watched for     withheld
 *      execution       PROT_EXEC
 *      writing         PROT_WRITE
 *      any access      all: it is not mapped
 *
 * Who touches such a page comes here. The instruction is then executed by itself, in a window: its
 * pages are mapped with all rights, the step flag is set, and no other watching thread is in user
 * code, since it could touch the page unseen. Behind it the instruction's operands tell whether it
 * touched watched bytes; then #DB is raised as a CPU does, behind the instruction, with DR6. For
 * execution it is raised before the instruction, unless RF is set, and nothing is executed.
 *
 *      fault -> window opens: other watchers are kicked out, and wait
 *               map, step                        -- another page? map that one too
 *               window closes: pages withheld again
 *      -> #DB, or on with the next instruction
 *
 * Everything here that changes is protected by space.lock: `window`, `inside`, the watchers, and
 * what each watches.
 */
#define _GNU_SOURCE
#include "engine/native.h"

#include <string.h>
#include <sys/mman.h>

enum {
    DR7 = 7,
    DR7_ENABLE_BITS = 2,
    DR7_ENABLE_MASK = 3,
    DR7_FIELDS = 16, /* R/W and LEN, four bits for each */
    DR7_FIELD_BITS = 4,
    DR7_RW_MASK = 3,
    DR7_LEN_SHIFT = 2,
};
enum { RW_EXECUTE, RW_WRITE, RW_IO, RW_ACCESS };
enum { PF_FETCH = 0x10, FLAG_RESUME = 1 << 16, FLAG_STEP = 1 << 8 };
static const uint64_t dr6_initial = 0xFFFF0FF0, dr6_single_step = 0x4000;

/* ---- what a context watches ---- */

static struct native_watch watch_of(const struct engine_context *c, unsigned i)
{
    static const uint8_t lengths[] = {1, 2, 8, 4}; /* SDM volume 3, 18.2.4 */
    uint64_t enabled = c->dr[DR7] >> (i * DR7_ENABLE_BITS) & DR7_ENABLE_MASK;
    uint64_t field = c->dr[DR7] >> (DR7_FIELDS + i * DR7_FIELD_BITS);
    unsigned rw = field & DR7_RW_MASK, length = lengths[field >> DR7_LEN_SHIFT & DR7_RW_MASK];
    struct native_watch watch = {.va = c->dr[i] & ~(uint64_t)(length - 1), .length = length};
    if (!enabled || rw == RW_IO || watch.va >= NATIVE_GUEST_END) {
        watch.withheld = 0;
    } else {
        watch.withheld = rw == RW_EXECUTE ? PROT_EXEC
                         : rw == RW_WRITE ? PROT_WRITE
                                          : PROT_READ | PROT_WRITE | PROT_EXEC;
    }
    watch.execute = rw == RW_EXECUTE;
    return watch;
}

static bool watches(const struct engine_context *c)
{
    int withheld = 0;
    for (unsigned i = 0; c->dr[DR7] && i < NATIVE_WATCHES; i++) {
        withheld |= watch_of(c, i).withheld;
    }
    return withheld != 0;
}

static bool same_page(uint64_t a, uint64_t b)
{
    return a >> NATIVE_PAGE_SHIFT == b >> NATIVE_PAGE_SHIFT;
}

int native_watch_withheld(const struct engine_space *space, uint64_t va)
{
    int withheld = 0;
    for (unsigned i = 0; space->inside_or_held && i < space->engine->cpus; i++) {
        const struct engine_cpu *cpu = space->watchers[i];
        for (unsigned k = 0; cpu && k < NATIVE_WATCHES; k++) {
            withheld |= same_page(cpu->watch[k].va, va) ? cpu->watch[k].withheld : 0;
        }
    }
    return withheld;
}

/* Take the rights of watched accesses away where they are mapped. => space.lock held */
static void withhold(struct engine_space *space)
{
    for (unsigned i = 0; i < space->engine->cpus; i++) {
        const struct engine_cpu *cpu = space->watchers[i];
        for (unsigned k = 0; cpu && k < NATIVE_WATCHES; k++) {
            if (cpu->watch[k].withheld) {
                native_shadow_withhold(space, cpu->watch[k].va, cpu->watch[k].withheld);
            }
        }
    }
}

/* ---- being in user code ---- */

/* => space.lock held */
static void come_in(struct engine_space *space)
{
    while (space->window) {
        pthread_cond_wait(&space->watch_changed, &space->lock);
    }
    space->inside++;
}

static void step_out(struct engine_space *space)
{
    space->inside--;
    pthread_cond_broadcast(&space->watch_changed);
}

void native_watch_begin(struct engine_cpu *cpu, struct engine_space *space,
                        const struct engine_context *context)
{
    cpu->watching = watches(context);
    if (!cpu->watching) {
        return;
    }
    pthread_mutex_lock(&space->lock);
    for (unsigned i = 0; i < NATIVE_WATCHES; i++) {
        cpu->watch[i] = watch_of(context, i);
    }
    come_in(space);
    space->watchers[cpu->index] = cpu;
    space->inside_or_held++;
    withhold(space);
    pthread_mutex_unlock(&space->lock);
}

void native_watch_end(struct engine_cpu *cpu, struct engine_space *space)
{
    if (cpu->watching) {
        pthread_mutex_lock(&space->lock);
        space->watchers[cpu->index] = NULL;
        space->inside_or_held--;
        step_out(space);
        pthread_mutex_unlock(&space->lock);
        cpu->watching = false;
    }
}

void native_watch_pause(struct engine_cpu *cpu, struct engine_space *space)
{
    if (cpu->watching) {
        pthread_mutex_lock(&space->lock);
        if (space->window) {
            step_out(space);
            come_in(space);
        }
        pthread_mutex_unlock(&space->lock);
    }
}

/* ---- the window ---- */

/* The others come out when they are kicked; the kick of one that was on its way in is repeated. */
static void kick_watchers(struct engine_space *space)
{
    const long moment_ns = 1000 * 1000, second_ns = 1000 * 1000 * 1000;
    while (space->inside) {
        struct timespec until;
        for (unsigned i = 0; i < space->engine->cpus; i++) {
            if (space->watchers[i]) {
                native_cpu_interrupt(space->watchers[i]);
            }
        }
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += (until.tv_nsec + moment_ns) / second_ns;
        until.tv_nsec = (until.tv_nsec + moment_ns) % second_ns;
        pthread_cond_timedwait(&space->watch_changed, &space->lock, &until);
    }
}

static void open_window(struct engine_cpu *cpu, struct engine_space *space,
                        struct native_task *task)
{
    pthread_mutex_lock(&space->lock);
    if (cpu->watching) {
        step_out(space);
    }
    while (space->window) {
        pthread_cond_wait(&space->watch_changed, &space->lock);
    }
    space->window = task;
    kick_watchers(space);
    pthread_mutex_unlock(&space->lock);
}

static void close_window(struct engine_cpu *cpu, struct engine_space *space)
{
    pthread_mutex_lock(&space->lock);
    withhold(space);
    space->window = NULL;
    space->inside += cpu->watching;
    pthread_cond_broadcast(&space->watch_changed);
    pthread_mutex_unlock(&space->lock);
}

/* ---- #DB ---- */

static uint64_t touched(const struct engine_cpu *cpu, const struct native_accesses *accesses)
{
    uint64_t hits = 0;
    for (unsigned i = 0; cpu->watching && i < NATIVE_WATCHES; i++) {
        const struct native_watch *w = &cpu->watch[i];
        for (unsigned k = 0; w->withheld && !w->execute && k < accesses->count; k++) {
            const struct native_access *a = &accesses->access[k];
            bool overlap = a->va < w->va + w->length && w->va < a->va + a->size;
            if (overlap && (a->write || w->withheld & PROT_READ)) {
                hits |= UINT64_C(1) << i;
            }
        }
    }
    return hits;
}

static uint64_t about_to_execute(const struct engine_cpu *cpu, const struct engine_context *c)
{
    uint64_t hits = 0;
    for (unsigned i = 0; cpu->watching && !(c->rflags & FLAG_RESUME) && i < NATIVE_WATCHES; i++) {
        const struct native_watch *w = &cpu->watch[i];
        hits |= (uint64_t)(w->withheld && w->execute && w->va == c->rip) << i;
    }
    return hits;
}

static void raise_debug(struct engine_trap *trap, uint64_t conditions)
{
    trap->kind = ENGINE_TRAP_EXCEPTION;
    trap->vector = NATIVE_VECTOR_DB;
    trap->error_code = 0;
    trap->dr6 = dr6_initial | conditions;
}

/* The step flag was ours: the program must not see it, in RFLAGS or where the instruction has put
 * them. Behind POPF it is what was popped. */
static void hide_step(struct engine_space *space, const struct native_accesses *accesses,
                      bool executed, struct engine_context *c, const struct engine_trap *trap)
{
    enum { STEP_BYTE = 1, STEP_BIT = FLAG_STEP >> 8 };
    if (!(executed && accesses->loads_flags)) {
        c->rflags &= ~(uint64_t)FLAG_STEP;
    }
    if (executed && accesses->pushes_flags) {
        native_shadow_clear_bits(space, c->gpr[ENGINE_RSP] + STEP_BYTE, STEP_BIT);
    }
    if (!executed && trap->kind == ENGINE_TRAP_SYSCALL) {
        c->gpr[11] &= ~(uint64_t)FLAG_STEP;
    }
}

/* ---- one instruction ---- */

enum step {
    STEP_ON,     /* go on in the window: a page more is needed, or nothing happened yet */
    STEP_DONE,   /* the instruction was executed */
    STEP_TRAP,   /* it led to something else: *trap */
    STEP_NOTHING /* nothing to report, but begin anew */
};

static enum step fill(struct engine_space *space, struct native_task *task, uint64_t va,
                      uint32_t error_code, struct engine_trap *trap)
{
    bool reported = native_page_fault(space, task, va, error_code, trap);
    return reported ? STEP_TRAP : STEP_ON;
}

static enum step step_once(struct engine_cpu *cpu, struct engine_space *space,
                           struct native_task *task, struct engine_context *context,
                           struct engine_trap *trap)
{
    struct native_event event;
    context->rflags |= FLAG_STEP;
    if (!native_cpu_run_task(cpu, space, task, context, &event, trap)) {
        return STEP_TRAP;
    }
    uint64_t before = context->rip;
    bool kicked = event.signal == STUB_KICK_SIGNAL;
    if (native_cpu_take_event(cpu, space, task, &event, context, trap)) {
        bool stepped = trap->kind == ENGINE_TRAP_EXCEPTION && trap->vector == NATIVE_VECTOR_DB;
        return stepped ? STEP_DONE : STEP_TRAP;
    }
    return kicked || context->rip == before ? STEP_ON : STEP_NOTHING; /* CPUID was executed */
}

/* => the window is open */
static enum step step_in_window(struct engine_cpu *cpu, struct engine_space *space,
                                struct native_task *task, struct engine_context *context,
                                const struct native_fault *fault, struct engine_trap *trap)
{
    enum step step = fill(space, task, fault->address, fault->error_code, trap);
    while (step == STEP_ON) {
        step = step_once(cpu, space, task, context, trap);
    }
    return step;
}

bool native_watch_step(struct engine_cpu *cpu, struct engine_space *space, struct native_task *task,
                       struct engine_context *context, const struct native_fault *fault,
                       struct engine_trap *trap)
{
    uint64_t hits = fault->error_code & PF_FETCH ? about_to_execute(cpu, context) : 0;
    if (hits) {
        raise_debug(trap, hits);
        return true;
    }
    const bool own_step = context->rflags & FLAG_STEP;
    struct native_accesses accesses;
    open_window(cpu, space, task);
    native_accesses(space, context, &accesses);
    enum step step = step_in_window(cpu, space, task, context, fault, trap);
    close_window(cpu, space);
    if (!own_step) {
        hide_step(space, &accesses, step == STEP_DONE, context, trap);
    }
    if (step == STEP_DONE) {
        hits = touched(cpu, &accesses);
        if (hits || own_step) {
            raise_debug(trap, hits | (own_step ? dr6_single_step : 0));
            return true;
        }
        *trap = (struct engine_trap){.kind = ENGINE_TRAP_KICKED}; /* nothing happened */
    }
    return step == STEP_TRAP;
}
