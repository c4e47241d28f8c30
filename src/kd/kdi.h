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

#include "kd/kd.h"

struct kd_symbols; /* symbols.h */
struct kd_breakpoints;

/* ---- commands ---------------------------------------------------------------------------------
 */

/* `args` is what follows the name, leading blanks skipped, never NULL. Returns false after
 * kd_error. */
typedef bool kd_command_fn(struct kd *kd, const char *args);

struct kd_command {
    const char *name;  /* as typed: "db", "!pte", ".process" */
    const char *usage; /* "!pte ADDRESS" */
    const char *help;  /* one line */
    kd_command_fn *function;
};

/* One table per file of cmd/; ends with a row whose name is NULL. */
extern const struct kd_command kd_commands_memory[];
extern const struct kd_command kd_commands_expression[];
extern const struct kd_command kd_commands_paging[];
extern const struct kd_command kd_commands_process[];
extern const struct kd_command kd_commands_vad[];
extern const struct kd_command kd_commands_search[];
extern const struct kd_command kd_commands_execution[];
extern const struct kd_command kd_commands_registers[];
extern const struct kd_command kd_commands_control[];
extern const struct kd_command kd_commands_user[];
extern const struct kd_command kd_commands_symbols[]; /* x, lm, ln, .reload, .sympath */
extern const struct kd_command kd_commands_types[];   /* dt */
extern const struct kd_command kd_commands_code[];    /* u, uf, k */

/* ---- context ----------------------------------------------------------------------------------
 */

#define KD_PSEUDO_REGISTERS 20 /* $t0..$t19 */

/* Where d* commands go on from, one per kind of memory. */
struct kd_cursor {
    uint64_t next;
    char format[8]; /* of a bare `d` */
};

struct kd {
    struct kd_target *target;
    kd_output_fn *output;
    void *output_owner;
    atomic_bool interrupt;
    atomic_bool running; /* the target runs: interrupts go to it */
    bool quit;
    unsigned failures;
    char prompt[32];

    unsigned processor;        /* current */
    uint64_t implicit_process; /* EPROCESS chosen by .process; 0: that of the current thread */
    uint64_t implicit_thread;  /* ETHREAD chosen by .thread; 0: that of the last event */
    uint64_t directory_base;   /* CR3 through which virtual memory is read */

    struct kd_cursor virtual_cursor, physical_cursor;
    uint64_t unassemble_cursor;
    uint64_t pseudo[KD_PSEUDO_REGISTERS];
    uint64_t last_value; /* `?`'s result, $ans... of the next expression */

    struct kd_symbols *symbols; /* symbols.h; NULL until a module is known */
    struct kd_breakpoints *breakpoints;
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

/* Registers of the current processor. */
bool kd_get_registers(struct kd *kd, struct kd_registers *out);

/* Kernel address of the current EPROCESS and ETHREAD, 0 when unknown. */
uint64_t kd_current_process(struct kd *kd);
uint64_t kd_current_thread(struct kd *kd);
