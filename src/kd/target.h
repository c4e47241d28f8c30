/* src/kd/target.h: what the debugger looks at.
 *
 * A target is physical memory, the registers of its processors and, when it is alive, a way to let
 * it run until something happens. Everything else (virtual memory, processes, modules, symbols)
 * the debugger works out from memory itself, so a live machine, a dump and a raw image differ in
 * nothing but this table.
 *
 *      live machine   every slot
 *      full dump      read_physical, get_registers
 *      raw image      read_physical
 *      triage dump    read_virtual, next_virtual, get_module, get_registers
 *      minidump       the same and get_thread, get_region, get_handle: one process, no kernel
 *
 * A slot that a target does not have is filled by kd_target_complete with a stub that returns
 * -ENOTSUP. Errors are negative errno values.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* General registers in hardware encoding order, as everywhere in this project. */
enum kd_gpr {
    KD_RAX,
    KD_RCX,
    KD_RDX,
    KD_RBX,
    KD_RSP,
    KD_RBP,
    KD_RSI,
    KD_RDI,
    KD_R8,
    KD_R9,
    KD_R10,
    KD_R11,
    KD_R12,
    KD_R13,
    KD_R14,
    KD_R15,
    KD_GPR_COUNT
};

struct kd_registers {
    uint64_t gpr[KD_GPR_COUNT];
    uint64_t rip;
    uint64_t rflags;
    uint16_t cs, ds, es, fs, gs, ss;
    uint64_t fs_base, gs_base;
    uint64_t cr0, cr2, cr3, cr4, cr8;
    uint64_t dr[8]; /* 4 and 5 unused */
};

enum kd_event_kind {
    KD_EVENT_NONE,         /* stopped for no reason of its own (dump, image) */
    KD_EVENT_INITIAL,      /* the initial break: first instruction of the first program */
    KD_EVENT_BREAKPOINT,   /* int3 executed; `address` and the thread's rip are at the int3 */
    KD_EVENT_SINGLE_STEP,  /* the step that was asked for is done */
    KD_EVENT_EXCEPTION,    /* code, address, first_chance, parameter[] */
    KD_EVENT_PROCESS_EXIT, /* the last thread of a process is about to leave, all its memory is
                              still there; `code` is its status. Only when wanted */
    KD_EVENT_MODULE_LOAD,  /* an image has been mapped at `base` into a process. Only when wanted */
    KD_EVENT_WATCH,        /* hardware breakpoint `watch` of the list given to the target. One for
                              data comes behind the access, one for execution before it */
    KD_EVENT_BREAK_IN,     /* break_request (Ctrl-C) */
    KD_EVENT_ATTACHED,     /* the process given to break_on_process is current on a processor */
    KD_EVENT_BUGCHECK,     /* code, parameter[0..3]; memory can be looked at, not resumed */
    KD_EVENT_ENDED,        /* every program has ended: `code` is the exit status of the first.
                              Memory stays readable; resume is over */
};

struct kd_event {
    enum kd_event_kind kind;
    unsigned processor; /* on which it happened; becomes the current processor */
    uint64_t process;   /* kernel address of the EPROCESS */
    uint64_t thread;    /* kernel address of the ETHREAD */
    uint64_t address;   /* of the instruction */
    uint32_t code;      /* exception code or exit status */
    bool first_chance;
    uint64_t base;  /* of the module */
    unsigned watch; /* index */
    uint32_t parameter_count;
    uint64_t
        parameter[4]; /* exception information: access violation: 0 read 1 write 8 execute, VA */
};

/* Events that come only when asked for: bits of want_events. */
enum kd_want {
    KD_WANT_PROCESS_EXIT = 1,
    KD_WANT_MODULE_LOAD = 2,
};

/* A hardware breakpoint. The accesses have the numbers of DR7's R/W fields. */
enum kd_watch_access { KD_WATCH_EXECUTE = 0, KD_WATCH_WRITE = 1, KD_WATCH_ACCESS = 3 };

struct kd_watch {
    uint64_t process; /* EPROCESS whose threads it is for; 0: all */
    uint64_t address; /* a multiple of the length */
    unsigned length;  /* 1, 2, 4 or 8 bytes; 1 for execution */
    enum kd_watch_access access;
};

#define KD_WATCHES 4 /* a processor has so many */

/* Did an exception of the program stop the target? int3 raises one too. */
static inline bool kd_event_is_exception(const struct kd_event *event)
{
    return event->kind == KD_EVENT_EXCEPTION || event->kind == KD_EVENT_BREAKPOINT;
}

/* How to go on from an event. */
enum kd_resume {
    KD_RESUME_HANDLED,     /* `gh`, and `g` after everything but an exception */
    KD_RESUME_NOT_HANDLED, /* `gn`: hand the exception to the program */
    KD_RESUME_STEP,        /* as HANDLED, for one instruction of the event's thread. The other
                              threads run only while that one waits in a system service */
};

/* A module that the target itself lists. */
struct kd_target_module {
    uint64_t base;
    uint32_t size, checksum, timestamp;
    char name[260];
    bool has_debug_record; /* the next three are what the image's RSDS record says */
    uint8_t guid[16];
    uint32_t age;
    char pdb[260];
};

/* A thread of a target that is one process. */
struct kd_target_thread {
    uint32_t id, suspended;
    uint64_t teb;
};

/* What the header of a Windows dump tells about the end of its machine. */
struct kd_crash {
    const char *format;           /* one word: "full", "bitmap", "triage" ... */
    uint32_t major, minor, build; /* major, minor: minidumps only */
    unsigned processors;
    bool is_free;
    uint32_t code; /* of the bugcheck; 0: the dump was asked for */
    uint64_t parameter[4];
    uint64_t system_time, up_time; /* 100 ns; system_time since 1601 */
    uint64_t loaded_modules;       /* PsLoadedModuleList */
    char comment[129];
};

struct kd_target;
struct dump_region; /* dump/dump.h: a minidump's lists */
struct dump_handle;

struct kd_target_ops {
    const char *name; /* one word, for messages: "live", "dump", "image" */

    /* Copy guest RAM. Whole or nothing: 0, or -EFAULT when any byte is outside of RAM. */
    int (*read_physical)(struct kd_target *target, uint64_t pa, void *buffer, size_t size);
    int (*write_physical)(struct kd_target *target, uint64_t pa, const void *buffer, size_t size);

    /* The first address >= pa that there is RAM at. NULL: all of it is there, up to physical_size.
     * => false: there is none */
    bool (*next_physical)(struct kd_target *target, uint64_t pa, uint64_t *found);

    /* Registers of what runs on a processor: of the event's thread on the event's processor. */
    int (*get_registers)(struct kd_target *target, unsigned processor, struct kd_registers *out);
    int (*set_registers)(struct kd_target *target, unsigned processor,
                         const struct kd_registers *registers);

    /* Let all of the machine run until the next event, and stop all of it again. -ESHUTDOWN after
     * KD_EVENT_ENDED and KD_EVENT_BUGCHECK. */
    int (*resume)(struct kd_target *target, enum kd_resume how, struct kd_event *event);
    /* Make the present or next resume come back with KD_EVENT_BREAK_IN.
     * => any thread; async-signal-safe */
    int (*break_request)(struct kd_target *target);
    /* `.process /i`: the next resume comes back with KD_EVENT_ATTACHED as soon as a processor runs
     * a thread of this process. -ESRCH when it has no live thread. */
    int (*break_on_process)(struct kd_target *target, uint64_t process);
    /* From now on report the events of this set of enum kd_want, and no others that are optional.
     */
    int (*want_events)(struct kd_target *target, unsigned wanted);
    /* From the next resume on watch these addresses, at most KD_WATCHES of them, and no others.
     * -ENODEV when this host's processors have no debug registers to give. */
    int (*watch)(struct kd_target *target, const struct kd_watch *watches, size_t count);
    /* Start a program of the host beside those that run: `path` is its file, `arguments` the rest
     * of its command line. It stops before its first instruction (KD_EVENT_INITIAL) after one of
     * the next resumes. On failure `error` gets one line. */
    int (*create_program)(struct kd_target *target, const char *path, const char *arguments,
                          char *error, size_t error_size);
    /* End a process with the next resume. -ESRCH when it has no live thread. */
    int (*kill_process)(struct kd_target *target, uint64_t process, uint32_t status);
    /* Have the memory manager bring one page in, as a read by that process would (`.pagein`). */
    int (*page_in)(struct kd_target *target, uint64_t process, uint64_t va);

    /* The next three are of targets without physical memory (triage dumps) only; elsewhere they
     * stay NULL and virtual memory comes from page tables, modules from nt's list. */
    /* Bytes saved from `va` on, at most `size`, copied. */
    size_t (*read_virtual)(struct kd_target *target, uint64_t va, void *buffer, size_t size);
    /* The first saved address >= va. */
    bool (*next_virtual)(struct kd_target *target, uint64_t va, uint64_t *found);
    /* The i-th module; one that cannot be read has base 0. => false: there are fewer */
    bool (*get_module)(struct kd_target *target, size_t i, struct kd_target_module *out);
    /* Only of targets that are one process: what is called a processor is then a thread. */
    bool (*get_thread)(struct kd_target *target, unsigned i, struct kd_target_thread *out);
    /* Of those too: the i-th region of user memory, in order of address, and the i-th open handle.
     * => false: there are fewer, or the target does not know any */
    bool (*get_region)(struct kd_target *target, size_t i, struct dump_region *out);
    bool (*get_handle)(struct kd_target *target, size_t i, struct dump_handle *out);
};

/* An implementation embeds this as its first member. */
struct kd_target {
    const struct kd_target_ops *ops;
    unsigned processor_count;     /* at least 1 */
    unsigned maxphyaddr;          /* 36..52 */
    uint64_t directory_base;      /* physical: System's page directory (0x187000) */
    uint64_t kernel_base;         /* of nt; 0: unknown, the debugger looks for it */
    uint64_t physical_size;       /* bytes: one past the highest RAM address */
    uint32_t process_id;          /* of a target that is one process */
    bool from_file;               /* its machine is gone: what it does not tell is in memory */
    const char *symbol_path;      /* directories with PDB files, separated by `;` or NULL */
    struct kd_event last_event;   /* why it is stopped now; the debugger keeps it up to date */
    const struct kd_crash *crash; /* NULL: not from a Windows dump */
};

/* Is the target one process, without a kernel? */
static inline bool kd_target_is_process(const struct kd_target *target)
{
    return target->ops->get_thread != NULL;
}

/* Fill every NULL slot of `ops` with the "not supported" stub. `name` must be set. */
void kd_target_complete(struct kd_target_ops *ops);
