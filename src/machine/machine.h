/* src/machine/machine.h: one machine: RAM, engine, executive, and who may stop it.
 *
 * The machine owns every part and joins them: it hands mm what an engine has to forget, gives each
 * guest thread a host thread, turns traps into services, faults and exceptions, and is a target of
 * the debugger. include/ntmm.h is what outsiders see of it.
 *
 *      ntmm.h  ->  api.c      the public calls
 *                  boot.c     make and destroy
 *                  launch.c   a program on the host becomes a process
 *                  run.c      a guest thread's life; traps
 *                  debug.c    events and stopping for the debugger
 *                  target.c   struct kd_target
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/log.h"
#include "engine/engine.h"
#include "io/io.h"
#include "ke/ke.h"
#include "mm/mm.h"
#include "ntmm.h"
#include "ob/ob.h"
#include "ps/ps.h"
#include "sys/sys.h"

/* A virtual processor. Registers that are costly to move (x87, SSE, AVX) stay in the engine's
 * processor after a thread has left it; `loaded` says whose they are. (lock) */
struct machine_cpu {
    pthread_mutex_t lock;
    struct engine_cpu *engine;
    struct machine_thread *loaded;
    struct machine_thread *running; /* (atomic) in user mode, for kicks */
};

struct machine_thread {
    struct ps_thread *thread;
    struct engine_context registers;
    struct machine_cpu *loaded_on; /* where its costly registers are; NULL: in `registers` */
    pthread_t host;
    bool started;
    bool stop_at_first_instruction;
};

/* Events for a debugger; debug.c. */
struct machine_debug {
    bool attached;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct kd_event *pending; /* the event that stopped the machine */
    atomic_bool break_requested;
    _Atomic uint64_t break_on_process;
    struct machine_thread *stepping;
};

struct ntmm_machine {
    struct ke ke;
    struct mm *mm;
    struct ob *ob;
    struct io *io;
    struct ps ps;
    struct sys sys;
    struct log log;
    const struct engine_ops *engine_ops; /* NULL: no engine */
    struct engine *engine;
    unsigned cpu_count;
    struct machine_cpu cpus[KE_MAXIMUM_PROCESSORS];
    struct machine_debug debug;

    pthread_mutex_t lock; /* processes below */
    pthread_cond_t process_ended;
    unsigned live_processes;
};
