/* src/engine/native_wait.c: how a host thread and its guest task wait for each other.
 *
 * Either side looks for a while, when such waits are usually short, then says that it sleeps, looks
 * again, and waits for a futex. How long user code runs, and how long the kernel takes in between,
 * are averages that the engine keeps for both.
 */
#define _GNU_SOURCE
#include "engine/native.h"

#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <time.h>

enum {
    ALIVE_CHECK_NS = 100 * 1000 * 1000,
    KICKS_SWALLOWED_MOST = 20,
    LEARNING = 8, /* a new duration's weight is one eighth */
};

void native_wait_order(struct native_task *task, uint64_t answer)
{
    task->order += STUB_ORDER_STEP;
    atomic_store_explicit(&task->running, true, memory_order_release);
    /* Right before the order, which lies in the same line: the task must not get that in between.
     */
    memcpy(task->area + STUB_ANSWER, &answer, sizeof(answer));
    native_task_go_on(task);
}

/* Moving average of durations; one very long one must not count for long. */
static void learn(const struct engine *engine, uint64_t *average, uint64_t sample)
{
    const uint64_t most = engine->spin.ticks / 2;
    sample = sample < most ? sample : most;
    *average = (*average * (LEARNING - 1) + sample) / LEARNING;
}

/* Looking is worth it when the wait is usually shorter than a sleep costs, and when the other side
 * has a processor to run on meanwhile. */
static bool worth_spinning(const struct engine *engine, uint64_t average)
{
    return engine->spin.pauses && average < engine->spin.ticks / 4;
}

/* Did the task post its event? `event` is what it has posted last. */
static bool is_present(const struct native_task *task, uint32_t event)
{
    return (event & ~(uint32_t)STUB_BY_GATE) == task->order;
}

static bool has_event(const struct native_task *task)
{
    return is_present(task, atomic_load(native_word(task, STUB_EVENT)));
}

/* Look for the event for as long as a sleep would cost. */
static bool spin_for_event(const struct engine *engine, const struct native_task *task)
{
    const uint64_t start = __builtin_ia32_rdtsc(), most = engine->spin.ticks >> task->event_doubt;
    enum { LOOKS = 16 };
    do {
        for (unsigned i = 0; i < LOOKS; i++) {
            if (has_event(task)) {
                return true;
            }
            __builtin_ia32_pause();
        }
    } while (__builtin_ia32_rdtsc() - start < most);
    return false;
}

/* What is left of our patience with a task that was kicked. */
struct patience {
    unsigned kicks;
    uint64_t worked_ns; /* processor time of the sandbox when it was kicked last */
};

/* Processor time that the tasks of a sandbox had. */
static uint64_t work_of(const struct engine_space *space)
{
    const uint64_t ns_per_second = 1000 * 1000 * 1000;
    struct timespec t = {0};
    clockid_t clock;
    if (clock_getcpuclockid(space->sandbox.pid, &clock) == 0) {
        clock_gettime(clock, &t);
    }
    return (uint64_t)t.tv_sec * ns_per_second + (uint64_t)t.tv_nsec;
}

/* Nothing came for a while. A guest that writes to its own mailbox can swallow a kick, so it gets
 * another; one that swallows many is not worth more patience. That takes it some time on a
 * processor, so one that got none, on a busy host, is not suspected.
 * => false: the sandbox ended */
static bool check_on_task(struct engine_cpu *cpu, struct engine_space *space, struct patience *left)
{
    if (atomic_load(&space->dead) || native_sandbox_ended(space)) {
        return false;
    }
    if (atomic_load(&cpu->kicked)) {
        uint64_t worked_ns = work_of(space);
        if (worked_ns != left->worked_ns) {
            left->worked_ns = worked_ns;
            left->kicks--;
        }
        native_cpu_interrupt(cpu);
        return left->kicks != 0;
    }
    return true;
}

/* Sleep until the task has posted its event. false: it died. */
static bool sleep_for_event(struct engine_cpu *cpu, struct engine_space *space,
                            struct native_task *task)
{
    const struct timespec timeout = {.tv_nsec = ALIVE_CHECK_NS};
    struct patience left = {.kicks = KICKS_SWALLOWED_MOST};
    bool arrived = false, alive = true;
    atomic_store(native_word(task, STUB_ENGINE_SLEEPS), 1);
    while (!arrived && alive) {
        uint32_t seen = atomic_load(native_word(task, STUB_EVENT));
        arrived = is_present(task, seen);
        if (!arrived && native_futex(native_word(task, STUB_EVENT), FUTEX_WAIT, seen, &timeout) &&
            errno == ETIMEDOUT) {
            alive = check_on_task(cpu, space, &left);
        }
    }
    atomic_store(native_word(task, STUB_ENGINE_SLEEPS), 0);
    return arrived;
}

/* How long user code ran, by the task's own clock: how long either side took to wake up must not
 * count, or who sleeps once would never spin again. A guest can forge it, and gets a slow engine.
 */
static uint64_t time_of_run(const struct native_task *task)
{
    uint64_t from, to;
    memcpy(&from, task->area + STUB_WENT_ON, sizeof(from));
    memcpy(&to, task->area + STUB_STOPPED, sizeof(to));
    return to - from;
}

bool native_wait_for_event(struct engine_cpu *cpu, struct engine_space *space,
                           struct native_task *task)
{
    const struct engine *engine = space->engine;
    bool arrived = false;
    if (worth_spinning(engine, task->run_ticks)) {
        arrived = spin_for_event(engine, task);
        engine_spin_learn(&task->event_doubt, arrived);
    }
    task->event_at = 0;
    bool looking_helped = arrived;
    arrived = arrived || sleep_for_event(cpu, space, task);
    if (native_control(task, STUB_STAMP)) {
        task->event_at = __builtin_ia32_rdtsc();
        learn(engine, &task->run_ticks, time_of_run(task));
    } else if (!looking_helped) {
        learn(engine, &task->run_ticks, UINT64_MAX); /* longer than we look */
    }
    return arrived;
}

/* Reading the clock and the task's times costs as much as all else here, so where waits are short
 * few are measured. */
static bool is_sampled(const struct engine *engine, const struct native_task *task)
{
    enum { SAMPLED = 8 * STUB_ORDER_STEP };
    return task->order % SAMPLED == 0 || !worth_spinning(engine, task->run_ticks) ||
           !worth_spinning(engine, task->service_ticks);
}

void native_wait_advise(const struct engine *engine, struct native_task *task)
{
    if (task->event_at) {
        learn(engine, &task->service_ticks, __builtin_ia32_rdtsc() - task->event_at);
    }
    engine_spin_learn(&task->order_doubt, !atomic_load(native_word(task, STUB_SLEEPS)));
    native_set_control(
        task, STUB_SPIN,
        worth_spinning(engine, task->service_ticks) ? engine->spin.pauses >> task->order_doubt : 0);
    native_set_control(task, STUB_STAMP, is_sampled(engine, task));
}
