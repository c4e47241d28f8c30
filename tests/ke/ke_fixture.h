/* tests/ke/ke_fixture.h: a kernel over plain host memory: one window, bump allocation, some
 * processors and threads, no memory manager. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "ke/dispatcher.h"
#include "ke/ke.h"
#include "ke/list.h"
#include "ke/thread.h"
#include "ke/wait.h"
#include "nt/layout.h"
#include "nt/ps.h"
#include "nt/status.h"

#define FIXTURE_MEMORY (4u << 20)
#define TICKS_PER_MS 10000ll

struct fixture {
    struct ke ke;
    struct ke_ops ops;
    char *memory;
    size_t used;
    EPROCESS *process;
    uint32_t preempted; /* bit per processor that was asked to come out */
};

static inline void *fixture_allocate(struct fixture *f, size_t size)
{
    void *block = f->memory + f->used;

    f->used += (size + 15) & ~(size_t)15;
    assert_true(f->used <= FIXTURE_MEMORY);
    return block;
}

static inline void fixture_preempt(void *owner, unsigned processor)
{
    struct fixture *f = owner;

    __atomic_or_fetch(&f->preempted, 1u << processor, __ATOMIC_ACQ_REL);
}

static inline struct fixture *fixture_create(unsigned processors)
{
    struct fixture *f = calloc(1, sizeof(*f));

    f->memory = aligned_alloc(4096, FIXTURE_MEMORY);
    memset(f->memory, 0, FIXTURE_MEMORY);
    ke_init(&f->ke);
    f->ke.owner = f;
    f->ops.preempt = fixture_preempt;
    f->ke.ops = &f->ops;
    kspace_add_window(&f->ke.ks, MM_PFN_DATABASE, FIXTURE_MEMORY, f->memory);
    for (unsigned i = 0; i < processors; i++)
        assert_int_equal(ke_add_processor(&f->ke, fixture_allocate(f, sizeof(KPCR)), NULL), 0);
    f->process = fixture_allocate(f, sizeof(EPROCESS));
    ke_initialize_process(&f->ke, &f->process->Pcb, 0);
    assert_int_equal(ke_start_clock(&f->ke), 0);
    return f;
}

static inline void fixture_destroy(struct fixture *f)
{
    ke_deinit(&f->ke);
    assert_int_equal(f->ke.processors.busy, 0);
    assert_int_equal(ke_inside_count(&f->ke.processors.inside), 0);
    free(f->memory);
    free(f);
}

static inline KTHREAD *fixture_thread(struct fixture *f)
{
    ETHREAD *thread = fixture_allocate(f, sizeof(ETHREAD));

    ke_initialize_thread(&f->ke, &thread->Tcb, &f->process->Pcb, 0);
    return &thread->Tcb;
}

static inline enum ke_thread_state fixture_state(const KTHREAD *thread)
{
    return (enum ke_thread_state)__atomic_load_n(&thread->State, __ATOMIC_ACQUIRE);
}

/* Let the test wait until another host thread brought `thread` into `state`. */
static inline void fixture_await_state(KTHREAD *thread, enum ke_thread_state state)
{
    while (fixture_state(thread) != state)
        sched_yield();
}

static inline struct ke_wait user_wait(const int64_t *timeout)
{
    return (struct ke_wait){.reason = UserRequest, .mode = UserMode, .timeout = timeout};
}

/* A guest thread of the test: its host thread gets a processor, runs `body`, exits. */
struct runner {
    struct fixture *f;
    KTHREAD *thread;
    void (*body)(struct runner *r);
    void *object;
    int64_t value;
    NTSTATUS status;
    pthread_t host;
};

static inline void *runner_main(void *context)
{
    struct runner *r = context;

    ke_acquire_processor(&r->f->ke, r->thread);
    r->body(r);
    ke_exit_thread(&r->f->ke, r->thread);
    return NULL;
}

static inline void runner_start(struct runner *r, struct fixture *f, void (*body)(struct runner *r),
                                void *object)
{
    *r = (struct runner){.f = f, .thread = fixture_thread(f), .body = body, .object = object};
    assert_int_equal(pthread_create(&r->host, NULL, runner_main, r), 0);
}

static inline void runner_join(struct runner *r)
{
    pthread_join(r->host, NULL);
}
