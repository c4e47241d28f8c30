/* src/ps/ps.h: processes and threads.
 *
 * The truth is in guest memory: EPROCESS and ETHREAD objects, their lists, PEB, TEB, handle table.
 * struct ps_process and struct ps_thread are their host-side companions; they hold what NT has no
 * field for (the address space's host handle, the registers' owner) and are found by client id.
 *
 *      created                  ps_create_process: object, address space, images, PEB, parameters
 *        | ps_create_thread     object, TEB, user and kernel stack, initial context
 *      running                  ops->start_thread gave it a host thread
 *        | ps_exit_thread       each thread for itself, on its own host thread
 *      exited                   last thread: handles closed, user memory gone, object signalled
 *        | last reference
 *      deleted                  page directory and object given back
 *
 * A process is in PsActiveProcessHead, and a thread in its process's ThreadListHead, until their
 * objects are deleted, as on Windows.
 *
 * Lock: ps->lock (host) for the client-id tables, the process list and thread lists of processes.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "ke/ke.h"
#include "mm/mm.h"
#include "nt/access.h"
#include "nt/globals.h"
#include "nt/info.h"
#include "nt/status.h"
#include "ob/ob.h"
#include "pe/pe.h"
#include "se/se.h"

struct io;
struct ps;
struct ps_thread;

#define PS_NO_SESSION UINT32_MAX /* of the processes that are there before any session is */

struct ps_process {
    struct ps *ps;
    EPROCESS *process; /* guest object */
    uint64_t va;       /* its kernel address */
    struct mm_space *space;
    void *owner;                          /* the machine's (engine address space) */
    uint64_t entry;                       /* of the image; 0: none */
    uint64_t stack_reserve, stack_commit; /* bytes; from the image */
    bool program;                         /* has an image: is run, and counts as long as it lives */
    bool background;                      /* of the system itself: nobody's run waits for its end */
    unsigned session;                     /* or PS_NO_SESSION */
    bool findable;                        /* (lock) complete: ps_lookup_process gives it out */
    bool exiting;                         /* (lock) no new threads */
    bool ended;                           /* (atomic) what `gone` promises is done */
    bool gone;                            /* (lock) handles closed, user memory freed, signalled */
};

struct ps_thread {
    struct ps *ps;
    ETHREAD *thread; /* guest object */
    uint64_t va;
    struct ps_process *process; /* referenced */
    void *owner;                /* the machine's (registers, host thread) */
    uint64_t teb, stack;        /* lowest addresses of TEB and user stack; 0: gone */
    uint64_t kernel_stack;      /* lowest address */
    bool findable;              /* (lock) complete: ps_lookup_thread gives it out */
    bool left;                  /* (lock) its process counts it no more */
    NTSTATUS exit_status;       /* (atomic) what it ends with */
};

/* In its process's list, and counted. => ps->lock held */
static inline bool ps_thread_is_alive(const struct ps_thread *thread)
{
    return thread->findable && !thread->left;
}

/* What processes need from above. */
struct ps_ops {
    /* Make and drop the host side of an address space. */
    NTSTATUS (*process_created)(void *owner, struct ps_process *process);
    /* None of its threads will see user mode again; its memory goes next. */
    void (*process_ending)(void *owner, struct ps_process *process);
    void (*process_deleted)(void *owner, struct ps_process *process);
    /* Prepare a thread's registers; start it. */
    NTSTATUS (*thread_created)(void *owner, struct ps_thread *thread, const CONTEXT *context);
    NTSTATUS (*start_thread)(void *owner, struct ps_thread *thread);
    void (*thread_deleted)(void *owner, struct ps_thread *thread);
    /* Registers of a thread that is not running user code now (its own caller, or suspended). */
    void (*get_context)(void *owner, struct ps_thread *thread, CONTEXT *context);
    void (*set_context)(void *owner, struct ps_thread *thread, const CONTEXT *context);
    /* NtRaiseException: `context` becomes the thread's registers, then the exception happens. */
    void (*raise_exception)(void *owner, struct ps_thread *thread, const EXCEPTION_RECORD *record,
                            const CONTEXT *context, bool first_chance);
    /* Tell whoever waits for the machine: a process has ended. */
    void (*process_exited)(void *owner, struct ps_process *process);
};

struct ps {
    struct ke *ke;
    struct mm *mm;
    struct ob *ob;
    struct io *io;
    const struct log *log;
    const struct ps_ops *ops;
    void *owner;

    pthread_mutex_t lock;
    struct ps_process **process_by_id; /* index: id / 4 */
    struct ps_thread **thread_by_id;
    size_t id_slots;
    bool ending; /* (lock) ps_end_all: no new programs */

    struct se se; /* whose tokens the processes carry */
    struct ps_process *system;
    struct ob_type_ops process_ops, thread_ops, job_ops;
    OBJECT_TYPE *process_type, *thread_type, *job_type;
    /* ntdll, the same in every process; entry points found by name at boot. */
    uint64_t ntdll_base;
    struct ps_entry_points {
        uint64_t LdrInitializeThunk, RtlUserThreadStart, KiUserExceptionDispatcher,
            KiUserApcDispatcher;
    } entry;
};

/* ---- life of the part ---------------------------------------------------------------------------
 */

/* Make the object types and the System process. => ke, mm, ob, io, ops are set in *ps */
NTSTATUS ps_init(struct ps *ps);
void ps_deinit(struct ps *ps);
/* The image every process gets at the same address, from \SystemRoot: where it is and what is in
 * it. */
NTSTATUS ps_set_ntdll(struct ps *ps, const void *bytes, size_t size);

/* ---- processes
 * ----------------------------------------------------------------------------------- */

/* UTF-16 that need not end; `length` in characters. */
struct ps_text {
    const WCHAR *text;
    size_t length;
};

/* What a new process finds in its RTL_USER_PROCESS_PARAMETERS. All is copied. */
struct ps_process_parameters {
    RTL_USER_PROCESS_PARAMETERS values; /* numbers of it; strings, pointers, handles do not count */
    struct ps_text current_directory;   /* C:\work\ */
    struct ps_text dll_path, image_path /* C:\... */, command_line, window_title, desktop, shell;
    struct ps_text runtime_data; /* bytes of any kind, a whole number of characters */
    struct ps_text environment;  /* NAME=value strings, each terminated, then an empty one */
};

/* What to run. */
struct ps_program {
    SECTION_OBJECT *image; /* a section of the program's file */
    const WCHAR
        *nt_path; /* \Device\HarddiskVolume1\... : SeAuditProcessCreationInfo; ends with 0 */
    const struct ps_process_parameters *parameters;
    struct ps_process *parent;    /* its id and session, and what is inherited */
    uint64_t parent_id;           /* without `parent`: who is said to be it */
    unsigned session;             /* likewise; PS_NO_SESSION: as the session manager, in none */
    int base_priority;            /* 1 to 15; 0: by the priority class */
    enum se_identity identity;    /* likewise; whose token it gets */
    bool background;              /* a process of the system itself */
    bool critical;                /* the machine does not go on without it (BreakOnTermination) */
    bool inherit_handles;         /* the parent's inheritable ones */
    const uint64_t *inherit_only; /* of these the listed ones alone; NULL: all */
    size_t inherit_count;
    bool break_away;        /* from the parent's job */
    uint8_t priority_class; /* PROCESS_PRIORITY_CLASS_*; 0: as documented, by the parent's */
    uint32_t error_mode;    /* of a child, instead of the parent's */
    bool set_error_mode;
    /* Standard input, output, error as the new process is to find them; may be NULL: none. */
    NTSTATUS(*open_standard_handles)
    (void *context, struct ps_process *process, uint64_t handle[3]);
    void *context;
    SECTION_IMAGE_INFORMATION *about; /* out, may be NULL */
};

/* A process with its images mapped, PEB and parameters made, but no thread. `program` NULL: an
 * empty process, user memory and nothing in it. *out is referenced.
 * => STATUS_INVALID_IMAGE_*, STATUS_NO_MEMORY, STATUS_COMMITMENT_LIMIT, ...; nothing is left behind
 */
NTSTATUS ps_create_process(struct ps *ps, const struct ps_program *program,
                           struct ps_process **out);
/* A copy of a process, without a thread (clone.c). Of `how` counts what a child inherits and may be
 * told: handles, job, priority class, error mode. *out is referenced.
 * => STATUS_PROCESS_IS_TERMINATING, STATUS_COMMITMENT_LIMIT, STATUS_NO_MEMORY,
 *    STATUS_INSUFFICIENT_RESOURCES, ...; nothing is left behind */
NTSTATUS ps_clone_process(struct ps_process *parent, const struct ps_program *how,
                          struct ps_process **out);
/* Whose handles a service uses. */
struct ob_caller ps_caller(struct ps_thread *thread);
void ps_reference_process(struct ps_process *process);
void ps_dereference_process(struct ps_process *process);
NTSTATUS ps_reference_process_by_handle(struct ps_thread *caller, uint64_t handle, uint32_t access,
                                        struct ps_process **out);
/* The process or thread of a client id, referenced. What is still being made is not found.
 * => STATUS_INVALID_CID */
NTSTATUS ps_lookup_process(struct ps *ps, uint64_t id, struct ps_process **out);
NTSTATUS ps_lookup_thread(struct ps *ps, uint64_t id, struct ps_thread **out);

/* The next process of PsActiveProcessHead that can be found by its id, referenced, `after`
 * (dereferenced); NULL: first, and at the end. A caller that stops early dereferences what it has.
 */
struct ps_process *ps_next_process(struct ps *ps, struct ps_process *after);

/* End every program, and let none begin any more. */
void ps_end_all(struct ps *ps, NTSTATUS status);

/* End all threads of a process; those that run leave as soon as they come out of user mode or a
 * wait. The first `status` is the process's, whatever its threads end with. When `self` is one of
 * them it returns and must leave through ps_exit_thread. A process without threads is cleaned up at
 * once. STATUS_PROCESS_IS_TERMINATING when it already is. */
NTSTATUS ps_terminate_process(struct ps_process *process, struct ps_thread *self, NTSTATUS status);

/* ---- jobs
 * ---------------------------------------------------------------------------------------- */

/* An object of the type Job, to be inserted. => as ob_create_object */
NTSTATUS ps_create_job(struct ps *ps, const struct ob_attributes *attributes, unsigned session,
                       EJOB **out);
/* NULL: the process is in none. */
EJOB *ps_job_of(const struct ps_process *process);
/* => STATUS_ACCESS_DENIED (it has a job, or is of another session), STATUS_PROCESS_IS_TERMINATING,
 *    STATUS_QUOTA_EXCEEDED (the job is full: the process is ended) */
NTSTATUS ps_assign_process_to_job(EJOB *job, struct ps_process *process);
/* End every process of a job. `self`: the caller's thread, which may be of one of them. */
void ps_terminate_job(struct ps *ps, EJOB *job, struct ps_thread *self, NTSTATUS status);
/* Those of `valid` (JOB_OBJECT_LIMIT_*) that the information's flags do not name are lifted.
 * => STATUS_INVALID_PARAMETER, STATUS_PRIVILEGE_NOT_HELD, STATUS_NOT_SUPPORTED (not enforced) */
NTSTATUS ps_set_job_limits(struct ps *ps, EJOB *job,
                           const JOBOBJECT_EXTENDED_LIMIT_INFORMATION *limits, uint32_t valid);
void ps_query_job_limits(struct ps *ps, const EJOB *job, JOBOBJECT_EXTENDED_LIMIT_INFORMATION *out);
void ps_query_job_accounting(struct ps *ps, const EJOB *job,
                             JOBOBJECT_BASIC_AND_IO_ACCOUNTING_INFORMATION *out);
/* The ids of the processes in it that have not ended, `room` of them. => how many there are */
size_t ps_job_process_ids(struct ps *ps, const EJOB *job, uint64_t *ids, size_t room);

/* ---- threads
 * ------------------------------------------------------------------------------------- */

struct ps_thread_parameters {
    uint64_t start_address; /* as RtlUserThreadStart gets it */
    uint64_t argument;
    uint64_t stack_reserve; /* bytes; 0: the image's */
    uint64_t stack_commit;
    bool suspended;
    bool first; /* starts at the image's entry point, with the PEB, instead */
    /* Goes on where this one is, which makes a system call, in a clone of its process; instead. */
    struct ps_thread *clone_of;
    NTSTATUS clone_result; /* of the call, there */
};

/* A thread, ready to be started with ps_start_thread. *out is referenced.
 * => STATUS_PROCESS_IS_TERMINATING, STATUS_NO_MEMORY, STATUS_COMMITMENT_LIMIT, ... */
NTSTATUS ps_create_thread(struct ps_process *process, const struct ps_thread_parameters *parameters,
                          struct ps_thread **out);
/* Give it a host thread. => once; on failure the thread ends as if it had run */
NTSTATUS ps_start_thread(struct ps_thread *thread);
/* Not to be started after all: the thread ends, and its process when it has no other. Takes the
 * caller's reference. */
void ps_abandon_thread(struct ps_thread *thread);
/* What ends its creation: start it if all went well, else abandon it. Takes the caller's reference.
 * => `status`, or what ps_start_thread says */
NTSTATUS ps_finish_thread(struct ps_thread *thread, NTSTATUS status);
void ps_reference_thread(struct ps_thread *thread);
void ps_dereference_thread(struct ps_thread *thread);
NTSTATUS ps_reference_thread_by_handle(struct ps_thread *caller, uint64_t handle, uint32_t access,
                                       struct ps_thread **out);
/* The next thread of a process that has not left it, referenced, `after` (dereferenced); NULL:
 * first, and at the end. A caller that stops early dereferences what it has. */
struct ps_thread *ps_next_thread(struct ps_process *process, struct ps_thread *after);
/* End all other threads of the caller's process and wait until they have left.
 * => STATUS_THREAD_IS_TERMINATING: the caller was told to end meanwhile */
NTSTATUS ps_terminate_other_threads(struct ps_thread *self, NTSTATUS status);
/* SetThreadPriority: `increment` to the process's base, or one of the two saturating values.
 * => STATUS_INVALID_PARAMETER */
NTSTATUS ps_set_base_priority(struct ps_thread *thread, LONG increment);
/* What ps_set_base_priority was given last. */
LONG ps_base_priority_increment(const struct ps_thread *thread);
/* SetPriorityClass (PROCESS_PRIORITY_CLASS_*): the process's base, and with it its threads'.
 * => STATUS_INVALID_PARAMETER, STATUS_PRIVILEGE_NOT_HELD (realtime) */
NTSTATUS ps_set_priority_class(struct ps_process *process, uint8_t priority_class);
/* SetProcessAffinityMask, SetThreadAffinityMask: the processors (bits) that may be used; a
 * process's go to all its threads, a thread's are among its process's. => STATUS_INVALID_PARAMETER
 */
NTSTATUS ps_set_process_affinity(struct ps_process *process, uint64_t mask);
NTSTATUS ps_set_thread_affinity(struct ps_thread *thread, uint64_t mask);
/* Memory priorities (MEMORY_PRIORITY_*): a thread's pages have the lower one of its own and its
 * process's. => STATUS_INVALID_PARAMETER: above MEMORY_PRIORITY_NORMAL
 * Source: SetThreadInformation, SetProcessInformation, documentation. */
unsigned ps_page_priority(const struct ps_thread *thread);
unsigned ps_process_page_priority(const struct ps_process *process);
unsigned ps_thread_page_priority(const struct ps_thread *thread);
NTSTATUS ps_set_process_page_priority(struct ps_process *process, unsigned priority);
NTSTATUS ps_set_thread_page_priority(struct ps_thread *thread, unsigned priority);
/* `thread`, the caller's, hit a guard page at `va` of its process: grow its stack, if it is that.
 * => STATUS_STACK_OVERFLOW: no room or memory; STATUS_GUARD_PAGE_VIOLATION: it is not this thread's
 * stack */
NTSTATUS ps_grow_stack(struct ps_thread *thread, uint64_t va);
/* => STATUS_THREAD_IS_TERMINATING */
NTSTATUS ps_terminate_thread(struct ps_thread *thread, NTSTATUS status);
/* The end of the calling host thread's guest thread: signals it, frees TEB and stacks, ends the
 * process when it was the last. => called once, last, by the thread itself */
void ps_exit_thread(struct ps_thread *thread, NTSTATUS status);
