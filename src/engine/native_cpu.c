/* src/engine/native_cpu.c: a processor's way into user code and back.
 *
 * Each space that the processor runs has a task for it in its sandbox. The host thread in `run`
 * and that task hand control to and fro through two numbers, one written by each:
 *
 *      engine                                   task
 *      registers into the control page
 *      go = n                       ------->    sees go != n - 1: loads registers, user code runs
 *      waits for event == n                     ... signal: frame on its stack
 *      reads the frame              <-------    event = n, waits for go != n
 *
 * How they wait for each other is native_wait.c's.
 *
 * Kicking. `kicked` is set first; then, if a task runs user code, a signal is sent to it. `run`
 * announces the task, then looks at `kicked`. And as a signal that comes before the order to go on
 * means nothing to the task, it looks once more behind that order, and sends one itself.
 *
 * x87/SSE/AVX state of a context stays with the task, in the last frame and in the processor. A
 * task that is to run another context gets an image to load with the order to go on.
 */
#define _GNU_SOURCE
#include "engine/native.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { VIRTUAL_ADDRESS_BITS = 48 };
enum { USER_CS = 0x33, USER_SS = 0x2B };

/* Standard-format XSAVE image (SDM volume 1, 13.4). */
enum {
    XSAVE_FCW = 0,
    XSAVE_MXCSR = 24,
    XSAVE_SOFTWARE = 464, /* bytes 464..511 belong to software; Linux uses them */
    XSAVE_HEADER = 512,
    XSAVE_HEADER_END = 576,
    XSAVE_SIZE = 832, /* with AVX */
    XSTATE_LEGACY = 3,
    XSTATE_X87_SSE_AVX = 7,
    FCW_INITIAL = 0x27F, /* 53-bit precision, as Windows starts a thread */
    MXCSR_INITIAL = 0x1F80,
    MXCSR_VALID = 0xFFFF,
};

/* Offsets in struct ucontext, and in siginfo_t for SIGSYS. */
enum { UC_MCONTEXT = 40, INFO_CODE = 8, INFO_CALL = 16, INFO_ARCH = 28, INFO_SIZE = 128 };

struct control_registers { /* as `resume` of the stub takes them */
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
    uint64_t rip, cs, rflags, rsp, ss;
};

static void fail(struct engine_trap *trap, const char *reason)
{
    trap->kind = ENGINE_TRAP_FAILED;
    trap->reason = reason;
}

/* ---- kicks ---- */

void native_cpu_interrupt(struct engine_cpu *cpu)
{
    pthread_mutex_lock(&cpu->lock);
    if (cpu->running_tid) {
        syscall(SYS_tgkill, cpu->running_pid, cpu->running_tid, STUB_KICK_SIGNAL);
    }
    pthread_mutex_unlock(&cpu->lock);
}

void native_cpu_kick(struct engine_cpu *cpu)
{
    if (!atomic_exchange(&cpu->kicked, true)) {
        native_cpu_interrupt(cpu); /* else a signal is on its way already */
    }
}

/* Kicks are for this task from now on. It stays so until there is another: one that waits for its
 * next order does not mind. */
static void announce(struct engine_cpu *cpu, pid_t pid, pid_t tid)
{
    if (cpu->running_pid != pid || cpu->running_tid != tid) { /* others only withdraw others' */
        pthread_mutex_lock(&cpu->lock);
        cpu->running_pid = pid;
        cpu->running_tid = tid;
        pthread_mutex_unlock(&cpu->lock);
    }
}

/* The process is about to end, and its number will be another's. */
static void withdraw(struct engine_cpu *cpu, pid_t pid)
{
    pthread_mutex_lock(&cpu->lock);
    if (cpu->running_pid == pid) {
        cpu->running_pid = cpu->running_tid = 0;
    }
    pthread_mutex_unlock(&cpu->lock);
}

/* ---- registers ---- */

static void load_registers(struct native_task *task, const struct engine_context *c)
{
    const struct control_registers r = {
        .r15 = c->gpr[15],
        .r14 = c->gpr[14],
        .r13 = c->gpr[13],
        .r12 = c->gpr[12],
        .r11 = c->gpr[11],
        .r10 = c->gpr[10],
        .r9 = c->gpr[9],
        .r8 = c->gpr[8],
        .rdi = c->gpr[ENGINE_RDI],
        .rsi = c->gpr[ENGINE_RSI],
        .rbp = c->gpr[ENGINE_RBP],
        .rbx = c->gpr[ENGINE_RBX],
        .rdx = c->gpr[ENGINE_RDX],
        .rcx = c->gpr[ENGINE_RCX],
        .rax = c->gpr[ENGINE_RAX],
        .rip = c->rip,
        .cs = USER_CS,
        .rflags = native_user_flags(c->rflags),
        .rsp = c->gpr[ENGINE_RSP],
        .ss = USER_SS,
    };
    memcpy(task->area + STUB_REGISTERS, &r, sizeof(r));
    if (task->gs_base != c->gs_base) {
        task->gs_base = c->gs_base;
        memcpy(task->area + STUB_GS_BASE, &c->gs_base, sizeof(c->gs_base));
    }
}

static void store_registers(const struct native_frame *f, struct engine_context *c)
{
    const uint64_t gpr[16] = {f->rax, f->rcx, f->rdx, f->rbx, f->rsp, f->rbp, f->rsi, f->rdi,
                              f->r8,  f->r9,  f->r10, f->r11, f->r12, f->r13, f->r14, f->r15};
    memcpy(c->gpr, gpr, sizeof(gpr));
    c->rip = f->rip;
    c->rflags = native_user_flags(f->rflags);
}

/* The state components that the kernel enabled. */
static uint64_t enabled_state(void)
{
    uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

/* XRSTOR must not fault, whatever the image says. */
static void sanitise_image(uint8_t image[XSAVE_SIZE])
{
    uint32_t mxcsr;
    memcpy(&mxcsr, image + XSAVE_MXCSR, sizeof(mxcsr));
    mxcsr &= MXCSR_VALID;
    memcpy(image + XSAVE_MXCSR, &mxcsr, sizeof(mxcsr));
    uint64_t present;
    memcpy(&present, image + XSAVE_HEADER, sizeof(present));
    present &= XSTATE_X87_SSE_AVX & enabled_state();
    memset(image + XSAVE_SOFTWARE, 0, XSAVE_HEADER_END - XSAVE_SOFTWARE);
    memcpy(image + XSAVE_HEADER, &present, sizeof(present));
}

static void initial_image(uint8_t image[XSAVE_SIZE])
{
    const uint16_t fcw = FCW_INITIAL;
    const uint32_t mxcsr = MXCSR_INITIAL;
    const uint64_t present = XSTATE_LEGACY;
    memset(image, 0, XSAVE_SIZE);
    memcpy(image + XSAVE_FCW, &fcw, sizeof(fcw));
    memcpy(image + XSAVE_MXCSR, &mxcsr, sizeof(mxcsr));
    memcpy(image + XSAVE_HEADER, &present, sizeof(present));
}

/* Have the task load the context's x87/SSE/AVX state, unless it has it. 0 or -errno. */
static int load_state(struct engine_cpu *cpu, struct engine_space *space, struct native_task *task,
                      struct engine_context *context)
{
    bool live = cpu->owner == context && context->engine_private == cpu;
    uint8_t *image = task->area + STUB_IMAGE;
    if (live && !context->xsave_valid && cpu->owner_space != space) {
        native_cpu_sync_context(cpu, context); /* it changed its address space */
    }
    if (context->xsave_valid) {
        memcpy(image, context->xsave, XSAVE_SIZE);
        sanitise_image(image);
    } else if (live) {
        return 0; /* in the task, or still in its image */
    } else if (context->engine_private) {
        return -ESTALE; /* its state is in another processor: sync_context was forgotten */
    } else {
        initial_image(image);
    }
    cpu->owner = context;
    cpu->owner_space = space;
    cpu->in_call = false;
    context->engine_private = cpu;
    context->xsave_valid = false;
    task->image_loaded = false;
    return 0;
}

void native_cpu_sync_context(struct engine_cpu *cpu, struct engine_context *context)
{
    if (context->xsave_valid || cpu->owner != context || context->engine_private != cpu) {
        return;
    }
    native_gate_complete(cpu, context);
    const struct native_task *task = &cpu->owner_space->tasks[cpu->index];
    memcpy(context->xsave, task->area + (task->image_loaded ? task->fpstate : STUB_IMAGE),
           XSAVE_SIZE);
    sanitise_image(context->xsave);
    context->xsave_valid = true;
}

/* ---- events ---- */

/* A pointer into the task's signal stack that the guest may have forged, as an offset in the area.
 * 0: `size` bytes there are not within the stack. */
static uint64_t stack_offset(const struct engine_cpu *cpu, uint64_t pointer, uint64_t size)
{
    uint64_t area = STUB_AREAS + (uint64_t)STUB_AREA_SIZE * (1 + cpu->index);
    uint64_t offset = pointer - area;
    return offset >= STUB_STACK && offset <= STUB_AREA_SIZE - size ? offset : 0;
}

/* The frame is most likely where the last one was, and comes from another processor's cache. */
static void fetch_frame(const struct native_task *task)
{
    enum { LINE = 64 };
    for (size_t i = 0; task->frame && i <= UC_MCONTEXT + sizeof(struct native_frame); i += LINE) {
        __builtin_prefetch(task->area + task->frame + i);
    }
}

static bool read_event(const struct engine_cpu *cpu, struct native_task *task,
                       struct native_event *event)
{
    uint64_t frame, info;
    event->code = 0;
    event->call = event->call_arch = 0;
    if (atomic_load(native_word(task, STUB_EVENT)) & STUB_BY_GATE) {
        event->signal = STUB_GATE_SIGNAL;
        event->fpstate = STUB_KEPT_STATE;
        native_gate_read(task, &event->gate);
        return true;
    }
    memcpy(&event->signal, task->area + STUB_SIGNAL, sizeof(event->signal));
    fetch_frame(task);
    memcpy(&frame, task->area + STUB_FRAME, sizeof(frame));
    memcpy(&info, task->area + STUB_INFO, sizeof(info));
    frame = stack_offset(cpu, frame, UC_MCONTEXT + sizeof(event->frame));
    info = stack_offset(cpu, info, INFO_SIZE);
    if (!frame || !info) {
        return false;
    }
    memcpy(&event->frame, task->area + frame + UC_MCONTEXT, sizeof(event->frame));
    task->frame = frame;
    if (event->signal != STUB_FAULT_SIGNAL) { /* of which the frame says all */
        memcpy(&event->code, task->area + info + INFO_CODE, sizeof(event->code));
        memcpy(&event->call, task->area + info + INFO_CALL, sizeof(event->call));
        memcpy(&event->call_arch, task->area + info + INFO_ARCH, sizeof(event->call_arch));
    }
    event->fpstate = stack_offset(cpu, event->frame.fpstate, XSAVE_SIZE);
    return event->fpstate != 0;
}

/* The task is on its way; with a processor of its own, ours has nothing to do for a while. */
static void use_wait(struct engine_cpu *cpu)
{
    const struct engine *engine = cpu->engine;
    if (cpu->after_fault && engine->while_waiting && engine->spin.pauses) {
        engine->while_waiting(engine->owner);
    }
    cpu->after_fault = false;
}

bool native_cpu_run_task(struct engine_cpu *cpu, struct engine_space *space,
                         struct native_task *task, struct engine_context *context,
                         struct native_event *event, struct engine_trap *trap)
{
    if (!native_gate_answer(cpu, task, context)) {
        load_registers(task, context);
    }
    native_wait_advise(space->engine, task);
    native_set_control(task, STUB_LOAD_IMAGE, !task->image_loaded);
    announce(cpu, space->sandbox.pid, task->tid);
    native_wait_order(task, context->gpr[ENGINE_RAX]);
    if (atomic_load(&cpu->kicked)) {
        native_cpu_interrupt(cpu);
    }
    use_wait(cpu);
    bool arrived = native_wait_for_event(cpu, space, task);
    atomic_store_explicit(&task->running, false, memory_order_release);
    if (atomic_load_explicit(&space->last_stopped, memory_order_relaxed) != cpu->index) {
        atomic_store_explicit(&space->last_stopped, cpu->index, memory_order_relaxed);
    }
    if (!arrived) {
        fail(trap, "the sandbox of the process ended");
    } else if (!read_event(cpu, task, event)) {
        fail(trap, "the process destroyed its own trap frame");
    } else {
        return true;
    }
    native_sandbox_kill(space);
    return false;
}

static bool in_stub(uint64_t rip)
{
    return rip >= STUB_BASE && rip < STUB_BASE + STUB_TEXT_SIZE;
}

bool native_cpu_take_event(struct engine_cpu *cpu, struct engine_space *space,
                           struct native_task *task, const struct native_event *event,
                           struct engine_context *context, struct engine_trap *trap)
{
    task->fpstate = event->fpstate;
    if (event->signal != SIGBUS) {
        task->bus_left = 0;
    }
    if (event->signal == STUB_KICK_SIGNAL) {
        if (!in_stub(event->frame.rip)) {
            task->image_loaded = true;
            store_registers(&event->frame, context);
            cpu->in_call = false;
        } /* else user code was not reached */
        return atomic_exchange(&cpu->kicked, false);
    }
    task->image_loaded = true;
    if (event->signal == STUB_GATE_SIGNAL) {
        native_gate_take(cpu, &event->gate, context);
        trap->kind = ENGINE_TRAP_SYSCALL;
        return true;
    }
    store_registers(&event->frame, context);
    cpu->in_call = false;
    return native_decode(space, task, event, context, trap);
}

static bool is_canonical(uint64_t va)
{
    return (uint64_t)((int64_t)(va << (64 - VIRTUAL_ADDRESS_BITS)) >>
                      (64 - VIRTUAL_ADDRESS_BITS)) == va;
}

/* The task of this processor in `space`, which gets one when it has none. */
static struct native_task *task_of(struct engine_cpu *cpu, struct engine_space *space)
{
    struct native_task *task = &space->tasks[cpu->index];
    if (!task->tid) {
        pthread_mutex_lock(&space->lock);
        int rc = native_sandbox_add_task(space, cpu->index);
        pthread_mutex_unlock(&space->lock);
        if (rc) {
            return NULL;
        }
    }
    return task;
}

/* The context that had a page fault goes on where it had it: by now the page can be mapped, and
 * will be touched. That saves the trap which would find out. */
static void fill_ahead(struct engine_cpu *cpu, struct engine_space *space, struct native_task *task,
                       const struct engine_context *context)
{
    uint32_t fault_code;
    if (cpu->faulted.context == context && cpu->faulted.rip == context->rip) {
        cpu->after_fault = true;
        native_shadow_fill(space, task, cpu->faulted.address, cpu->faulted.error_code, &fault_code);
    }
    cpu->faulted.context = NULL;
}

/* A fault has set RF; it is as it was if `context` stands where it stood. */
static void restore_resume_flag(struct engine_context *context, uint64_t rip, uint64_t rflags)
{
    const uint64_t resume_flag = 1 << 16;
    uint64_t kept = context->rip == rip ? rflags & resume_flag : 0;
    context->rflags = (context->rflags & ~resume_flag) | kept;
}

/* => false: nothing to report, run on */
static bool run_once(struct engine_cpu *cpu, struct engine_space *space, struct native_task *task,
                     struct engine_context *context, struct engine_trap *trap)
{
    struct native_event event;
    const uint64_t rip = context->rip, rflags = context->rflags;
    if (rip >= NATIVE_GUEST_END) {
        native_gate_complete(cpu, context);
    }
    if (!is_canonical(rip)) {
        trap->kind = ENGINE_TRAP_EXCEPTION;
        trap->vector = NATIVE_VECTOR_GP;
        return true;
    }
    if (rip >= NATIVE_GUEST_END) {
        native_decode_bad_rip(space, task, context, trap);
        return true;
    }
    native_watch_pause(cpu, space);
    task->is_watched = false;
    if (!native_cpu_run_task(cpu, space, task, context, &event, trap) ||
        native_cpu_take_event(cpu, space, task, &event, context, trap)) {
        return true;
    }
    if (!task->is_watched) {
        return false;
    }
    restore_resume_flag(context, rip, rflags);
    return native_watch_step(cpu, space, task, context, &task->watched, trap);
}

void native_cpu_run(struct engine_cpu *cpu, struct engine_space *space,
                    struct engine_context *context, struct engine_trap *trap)
{
    *trap = (struct engine_trap){.kind = ENGINE_TRAP_KICKED};
    if (atomic_load(&cpu->kicked) && atomic_exchange(&cpu->kicked, false)) {
        return;
    }
    struct native_task *task = atomic_load(&space->dead) ? NULL : task_of(cpu, space);
    int rc = task ? load_state(cpu, space, task, context) : 0;
    if (!task || rc) {
        fail(trap, rc ? "context left another processor without sync_context"
                      : "the sandbox of the process ended");
        return;
    }
    native_watch_begin(cpu, space, context);
    fill_ahead(cpu, space, task, context);
    while (!run_once(cpu, space, task, context, trap)) {
    }
    native_watch_end(cpu, space);
    if (trap->kind == ENGINE_TRAP_PAGE_FAULT) {
        cpu->faulted =
            (struct native_fault){context, context->rip, trap->address, trap->error_code};
    }
}

/* ---- life ---- */

int native_cpu_create(struct engine *engine, unsigned index, struct engine_cpu **out)
{
    if (index >= engine->cpus) {
        return -EINVAL;
    }
    pthread_mutex_lock(&engine->lock);
    struct engine_cpu *cpu = engine->cpu[index] ? NULL : calloc(1, sizeof(*cpu));
    int rc = cpu ? 0 : engine->cpu[index] ? -EEXIST : -ENOMEM;
    if (cpu) {
        cpu->engine = engine;
        cpu->index = index;
        pthread_mutex_init(&cpu->lock, NULL);
        engine->cpu[index] = cpu;
        *out = cpu;
    }
    pthread_mutex_unlock(&engine->lock);
    return rc;
}

void native_cpu_destroy(struct engine_cpu *cpu)
{
    struct engine *engine = cpu->engine;
    pthread_mutex_lock(&engine->lock);
    engine->cpu[cpu->index] = NULL;
    pthread_mutex_unlock(&engine->lock);
    pthread_mutex_destroy(&cpu->lock);
    free(cpu);
}

/* => no context of the space is running */
void native_cpu_forget_space(struct engine *engine, struct engine_space *space)
{
    for (unsigned i = 0; i < engine->cpus; i++) {
        struct engine_cpu *cpu = engine->cpu[i];
        if (cpu && cpu->owner_space == space) {
            cpu->owner = NULL;
            cpu->owner_space = NULL;
            cpu->in_call = false;
        }
        if (cpu) {
            withdraw(cpu, space->sandbox.pid);
        }
    }
}
