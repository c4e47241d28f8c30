/* src/kd/kdi.h: the inside of the debugger, for its own files.
 *
 *      line -> kd.c splits it -> row of a command table -> function(kd, arguments)
 *                                                             |
 *             expr.c: expressions   memory.c: virtual memory  |  symbols.h, types.h: names, layouts
 *                     `---------------- all over --------------------'
 *                                   target.h: physical memory, registers
 *
 * A command reports by kd_printf and fails with kd_error, which prints and returns false, so that
 * `return kd_error(...)` reads well. Loops over guest memory call kd_interrupted now and then and
 * are bounded: memory may hold anything.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "kd/kd.h"
#include "kd/screen.h"

struct kd_symbols; /* symbols.h */
struct kd_breakpoints;
struct kd_filters;

/* ---- commands ---------------------------------------------------------------------------------
 */

/* `args` is what follows the name, leading blanks skipped, never NULL. Returns false after
 * kd_error. */
typedef bool kd_command_fn(struct kd *kd, const char *args);

/* What a target must have for a command to make sense. */
enum kd_needs {
    KD_NEEDS_NOTHING,
    KD_NEEDS_MACHINE,  /* a kernel: more than one process */
    KD_NEEDS_PHYSICAL, /* a kernel, and memory by physical address */
    KD_NEEDS_RUN,      /* something that can run */
};

struct kd_command {
    const char *name;  /* as typed: "db", "!pte", ".process" */
    const char *usage; /* "!pte ADDRESS" */
    const char *help;  /* one line */
    kd_command_fn *function;
    enum kd_needs needs; /* refused elsewhere */
};

/* One table per file of cmd/; ends with a row whose name is NULL. */
extern const struct kd_command kd_commands_expression[];
extern const struct kd_command kd_commands_memory[];
extern const struct kd_command kd_commands_string[];
extern const struct kd_command kd_commands_edit[];
extern const struct kd_command kd_commands_search[];
extern const struct kd_command kd_commands_paging[];
extern const struct kd_command kd_commands_pfn[];
extern const struct kd_command kd_commands_pte[];
extern const struct kd_command kd_commands_foreach[];
extern const struct kd_command kd_commands_vad[];
extern const struct kd_command kd_commands_process[];
extern const struct kd_command kd_commands_thread[];
extern const struct kd_command kd_commands_user[];
extern const struct kd_command kd_commands_handle[];
extern const struct kd_command kd_commands_registers[];
extern const struct kd_command kd_commands_execution[];
extern const struct kd_command kd_commands_breakpoint[];
extern const struct kd_command kd_commands_filter[];
extern const struct kd_command kd_commands_stack[];
extern const struct kd_command kd_commands_script[];
extern const struct kd_command kd_commands_pool[];
extern const struct kd_command kd_commands_vm[];
extern const struct kd_command kd_commands_wsle[];
extern const struct kd_command kd_commands_memusage[];
extern const struct kd_command kd_commands_ssdt[];
extern const struct kd_command kd_commands_address[];
extern const struct kd_command kd_commands_transfer[];
extern const struct kd_command kd_commands_image[];
extern const struct kd_command kd_commands_object[];
extern const struct kd_command kd_commands_crash[];
extern const struct kd_command kd_commands_dump[];
extern const struct kd_command kd_commands_system[];
extern const struct kd_command kd_commands_mmcheck[];
extern const struct kd_command kd_commands_physical[];
extern const struct kd_command kd_commands_list[];
extern const struct kd_command kd_commands_unwind[];
extern const struct kd_command kd_commands_cpu[];
extern const struct kd_command kd_commands_program[];
extern const struct kd_command kd_commands_wt[];
extern const struct kd_command kd_commands_analyze[];
extern const struct kd_command kd_commands_heap[];
extern const struct kd_command kd_commands_job[];
extern const struct kd_command kd_commands_schedule[];
extern const struct kd_command kd_commands_section[];
extern const struct kd_command kd_commands_token[];
extern const struct kd_command kd_commands_control[];
extern const struct kd_command kd_commands_symbols[]; /* x, lm, ln */
extern const struct kd_command kd_commands_sympath[]; /* .reload, .sympath */
extern const struct kd_command kd_commands_types[];   /* dt */
extern const struct kd_command kd_commands_code[];    /* u, uf, k */

/* ---- context ----------------------------------------------------------------------------------
 */

/* DISPATCHER_HEADER.Type. Source: Windows Internals, KOBJECTS. */
enum { KD_PROCESS_OBJECT = 3, KD_THREAD_OBJECT = 6 };

#define KD_PSEUDO_REGISTERS 20 /* $t0..$t19 */

/* Names that stand for text; script.h. */
struct kd_alias {
    char *name, *value;
};

struct kd_aliases {
    struct kd_alias *row;
    size_t count;
};

/* What `s -[s]` found, for `s -[r]`. */
struct kd_hits {
    uint64_t *at; /* ascending */
    size_t count;
};

struct kd {
    struct kd_target *target;
    kd_output_fn *output;
    void *output_owner;
    struct kd_target *(*restart)(void *owner);
    void *restart_owner;
    atomic_bool interrupt;
    atomic_bool running; /* the target runs: interrupts go to it */
    bool quit;
    unsigned failures;
    char prompt[32], styled_prompt[64];

    unsigned processor;        /* current */
    uint64_t implicit_process; /* EPROCESS chosen by .process; 0: that of the current thread */
    uint64_t implicit_thread;  /* ETHREAD chosen by .thread; 0: that of the last event */
    uint64_t directory_base;   /* CR3 through which virtual memory is read */
    uint64_t saved_directory;  /* CR3 of the last event's process; 0: unknown */

    uint64_t dump_cursor, physical_cursor; /* where d* and !d* go on */
    char dump_format[8];                   /* of a bare `d` */
    uint64_t unassemble_cursor;
    uint64_t pseudo[KD_PSEUDO_REGISTERS];
    uint64_t last_value; /* of the last expression: $exp */
    uint64_t kernel_base;
    bool symbols_noisy;                /* !sym noisy */
    char *symbol_path;                 /* as configured; `.sympath` changes that of `symbols` */
    char *symbol_store, *symbol_proxy; /* kd.h; "": none */
    char last_line[256];               /* repeated by an empty line at a terminal */

    struct kd_symbols *symbols; /* symbols.h; NULL until a module is known */
    struct kd_breakpoints *breakpoints;
    struct kd_filters *filters; /* events.h */
    int hit;                    /* the breakpoint of the last event; -1: none of ours */
    char *pending;              /* its commands, to be run; NULL: none */
    bool in_pending;            /* such commands run */
    bool run_to;                /* the next kd_run has an address to stop at */
    unsigned stops;             /* how often the target has stopped */
    unsigned depth;             /* of blocks and scripts */
    struct kd_aliases aliases;
    struct kd_hits hits;
    struct kd_screen screen;
    const char *history; /* file that keeps lines between sessions; NULL: none */
    FILE *log;           /* output goes there too; NULL: no */
};

/* ---- output -----------------------------------------------------------------------------------
 */

void kd_printf(struct kd *kd, const char *format, ...) __attribute__((format(printf, 2, 3)));
void kd_write(struct kd *kd, const char *text, size_t length);
/* Print a message and a newline, count the failure, return false. */
bool kd_error(struct kd *kd, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "fffff800`02800000", WinDbg's way to write an address. Returns `out`. */
#define KD_ADDRESS_TEXT 18
char *kd_address_text(uint64_t va, char out[KD_ADDRESS_TEXT]);

/* How far a long command is, out of `all`; a person at a terminal sees it after a second. */
void kd_progress(struct kd *kd, uint64_t done, uint64_t all);

/* Ctrl-C was pressed: commands end early. Clears nothing; kd_execute does. */
bool kd_interrupted(const struct kd *kd);

/* ---- virtual memory (memory.c) ----------------------------------------------------------------
 */

/* Copy from the current address space. Returns how many bytes could be read from `va` on, up to
 * the first page that is not in memory; never more than `size`. */
size_t kd_read_virtual(struct kd *kd, uint64_t va, void *buffer, size_t size);
size_t kd_write_virtual(struct kd *kd, uint64_t va, const void *buffer, size_t size);

/* All or nothing. */
bool kd_read(struct kd *kd, uint64_t va, void *buffer, size_t size);
bool kd_read_u8(struct kd *kd, uint64_t va, uint8_t *out);
bool kd_read_u16(struct kd *kd, uint64_t va, uint16_t *out);
bool kd_read_u32(struct kd *kd, uint64_t va, uint32_t *out);
bool kd_read_u64(struct kd *kd, uint64_t va, uint64_t *out);
bool kd_read_physical(struct kd *kd, uint64_t pa, void *buffer, size_t size);

/* The first address >= pa that the target has RAM at. => false: there is none */
bool kd_next_physical(struct kd *kd, uint64_t pa, uint64_t *found);

/* The processor's walk of `va` through a page directory. */
struct hw_walk;
void kd_walk(struct kd *kd, uint64_t directory_base, uint64_t va, struct hw_walk *walk);

/* The first address behind what the walk's last entry covers: the next page, 2 MB, 1 GB or 512 GB;
 * 0 at the end of the address space. */
uint64_t kd_behind_walk(uint64_t va, const struct hw_walk *walk);

/* Physical address behind `va`; pages in transition are in memory, so they count. */
bool kd_translate(struct kd *kd, uint64_t va, uint64_t *pa);

/* The first address >= va whose page is in memory; false when there is none up to `end` (the last
 * address that counts). Skips absent page tables as a whole. */
bool kd_next_present(struct kd *kd, uint64_t va, uint64_t end, uint64_t *found);

/* Read virtual memory through another page directory for a while: returns the one before. */
uint64_t kd_use_directory(struct kd *kd, uint64_t directory_base);

/* ---- expressions (expr.c) ---------------------------------------------------------------------
 */

/* Parse an expression at *text and advance behind it. On failure an error is printed. */
bool kd_evaluate(struct kd *kd, const char **text, uint64_t *value);

/* Optional expression: true with *present false when nothing is left. */
bool kd_evaluate_optional(struct kd *kd, const char **text, uint64_t *value, bool *present);

/* A range: `START`, `START END`, `START LCOUNT`, `START L?COUNT`. Without an end, *size is
 * default_count * unit; counts are in units of `unit` bytes; an END is the last byte that counts.
 */
struct kd_range {
    uint64_t start;
    uint64_t size; /* bytes */
    bool explicit_end;
};
bool kd_evaluate_range(struct kd *kd, const char **text, uint64_t default_count, unsigned unit,
                       struct kd_range *out);

/* Text helpers: skip blanks; take a word (up to a blank) of at most size - 1 characters; true when
 * only blanks are left. */
const char *kd_skip(const char *text);
bool kd_word(const char **text, char *out, size_t size);
bool kd_at_end(const char *text);

/* The register or pseudo-register `name` (without @) of the current processor. Prints no error. */
bool kd_register_value(struct kd *kd, const char *name, uint64_t *value);
bool kd_register_assign(struct kd *kd, const char *name, uint64_t value);

/* The instruction at rip: its symbol, then the line that `u` shows. */
void kd_show_location(struct kd *kd);

/* Registers of the current processor, of any processor: as the target tells them, else as the
 * processor saved them when it stopped. => false: not known; *out is zero */
bool kd_get_registers(struct kd *kd, struct kd_registers *out);
bool kd_processor_registers(struct kd *kd, unsigned processor, struct kd_registers *out);

/* ---- where we are (context.c) -----------------------------------------------------------------
 */

/* Kernel address of the current EPROCESS and ETHREAD, 0 when unknown. */
uint64_t kd_current_process(struct kd *kd);
uint64_t kd_current_thread(struct kd *kd);

/* The PEB of the current process, which needs no kernel in a target that is one process; 0: none.
 */
uint64_t kd_current_peb(struct kd *kd);

/* Make `process` (an EPROCESS; 0: that of the last event) the one whose memory is read, and load
 * its list of modules. */
bool kd_set_process(struct kd *kd, uint64_t process);

/* Look for the kernel and its symbols; true when its types can be used. kd_need_symbols prints why
 * not. */
bool kd_find_kernel(struct kd *kd);
bool kd_need_symbols(struct kd *kd);

/* Take over the target's last event: processor, process, modules. */
void kd_follow_event(struct kd *kd);

/* ---- kernel structures by name (context.c) ----------------------------------------------------
 */

/* Member `path` of the nt structure `type` at `address`; 0 when it cannot be read. */
uint64_t kd_field(struct kd *kd, const char *type, uint64_t address, const char *path);
bool kd_read_nt(struct kd *kd, const char *type, uint64_t address, const char *path,
                uint64_t *value);
/* Offset of a member in bytes; false: the symbols have no such member. */
bool kd_offset(struct kd *kd, const char *type, const char *path, uint64_t *offset);
/* A bit field (or plain member) of `raw`, the value of the 8-byte structure `type`. */
uint64_t kd_bits(struct kd *kd, const char *type, const char *path, uint64_t raw);
/* The address of an nt symbol, 0 when unknown; the 8 bytes there. */
uint64_t kd_nt_address(struct kd *kd, const char *name);
uint64_t kd_nt_pointer(struct kd *kd, const char *name);

/* Walk a LIST_ENTRY list: calls `visit` with the address of each element (the list entry minus
 * `offset`) until it returns false. Ends at the head, at unreadable links, after `limit` elements,
 * and when the list runs in a circle that misses its head; false then. */
bool kd_list_each(struct kd *kd, uint64_t head, uint64_t offset, size_t limit,
                  bool (*visit)(struct kd *kd, uint64_t element, void *context), void *context);
