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
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/log.h"
#include "cm/cm.h"
#include "engine/engine.h"
#include "host/host.h"
#include "io/io.h"
#include "kd/target.h"
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
};

struct machine_thread {
    struct ps_thread *thread;
    struct engine_context registers;
    pthread_mutex_t user;      /* held while user code runs with `registers` */
    _Atomic unsigned visitors; /* others who wait for it, and before whom the thread steps back */
    struct machine_cpu *loaded_on; /* (atomic) where its costly registers are; NULL: `registers` */
    bool registers_replaced;       /* by the service it is in (NtContinue): rax is not a status */
    bool stop_at_first_instruction;
    bool leaving;          /* (ps lock) on its way out, as the debugger sees it */
    enum kd_resume resume; /* (debug lock) how the debugger let it go on */
};

/* Events for a debugger; debug.c. */
struct machine_debug {
    bool attached;
    sem_t wake;           /* something for the debugger; posted from signal handlers too */
    pthread_mutex_t lock; /* the rest */
    bool event_pending;
    struct kd_event event;
    struct machine_thread *event_thread; /* NULL: break-in, end */
    struct machine_thread *stepping;
    _Atomic bool break_requested;
    _Atomic uint64_t break_on_process; /* EPROCESS; 0: none */
    _Atomic unsigned wanted;           /* enum kd_want */
    struct kd_watch watch[KD_WATCHES]; /* hardware breakpoints; changed while all stand still */
    size_t watch_count;
    int has_debug_registers; /* this host: 1 yes, -1 no, 0 not tried yet */
};

/* What the guest's C: shows of the host's folders with programs; launch.c. */
struct machine_folder {
    char *host;
    char *guest; /* "\\Programs\\tools" */
    struct machine_folder *next;
};

struct ntmm_machine {
    struct ke ke;
    struct mm *mm;
    struct ob *ob;
    struct io *io;
    struct cm *cm;
    struct ps ps;
    struct sys sys;
    struct log log;
    const struct engine_ops *engine_ops; /* NULL: no engine */
    struct engine *engine;
    unsigned cpu_count;
    struct machine_cpu cpus[KE_MAXIMUM_PROCESSORS];
    struct machine_debug debug;

    struct host_file_bytes nt, ntdll; /* ntoskrnl.exe, ntdll.dll */
    char *system_root, *work;
    pthread_mutex_t folders_lock; /* held while a folder is mounted */
    struct machine_folder *folders;
    struct machine_target *target;
    ntmm_options options;

    pthread_mutex_t check_lock; /* one ntmm_check at a time: it freezes the machine */

    pthread_key_t current_thread; /* struct ps_thread of a guest thread's host thread */

    _Atomic bool crashed; /* a bugcheck: nothing runs any more, and no lock may be taken */
    _Atomic bool ending;  /* the machine ends every process */

    pthread_mutex_t lock; /* the rest */
    pthread_cond_t changed;
    unsigned live_threads;    /* host threads of guest threads */
    unsigned leaving_threads; /* of those: whose guest thread is ending */
    unsigned live_processes;  /* programs created, by whomever, and not ended */
    bool first_ended;
    NTSTATUS first_exit_status;
    uint64_t first_process_id;
    uint64_t shell_id; /* client id of explorer.exe, the parent of what a user starts; 0: none */
};
