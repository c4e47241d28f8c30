/* src/kd/cmd/cmd.h: what one family of commands lends to another. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kd;

/* The range of a dump: as given, or `count` units of `unit` bytes at `cursor`. */
struct kd_range;
bool kd_dump_range(struct kd *kd, const char *args, uint64_t cursor, uint64_t count, unsigned unit,
                   struct kd_range *range);

/* The string that `args` names, as da or du (`name`) shows it. */
bool kd_dump_string(struct kd *kd, const char *name, const char *args, bool physical);

/* "ReadWrite", "ReadWrite Guard", ... for the 5-bit protection of software PTEs and VADs; with
 * `vad`, "READWRITE" as !vad spells them. */
const char *kd_protection_text(uint64_t protection, bool vad, char *out, size_t size);

/* !thread's text for one ETHREAD: one line; what it waits for, times, stacks, priorities; its calls
 * too. */
enum kd_thread_text { KD_THREAD_LINE, KD_THREAD_DETAILS, KD_THREAD_CALLS };
void kd_show_thread(struct kd *kd, uint64_t thread, enum kd_thread_text how, int indent);

/* Times the debugger shows as h:mm:ss.mmm, from 100 ns units. `wide` pads the hours. */
void kd_show_duration(struct kd *kd, uint64_t units, bool wide);

/* Length of a clock tick in 100 ns units; 0 when unknown. */
uint64_t kd_clock_increment(struct kd *kd);

/* "  Type: (ADDRESS) Name" of the object behind an OBJECT_HEADER. */
void kd_show_object_type(struct kd *kd, uint64_t header);

/* The name of its type, "File"; "????" and false when it is not known. */
bool kd_object_type_name(struct kd *kd, uint64_t header, char *name, size_t size);

/* A number that stands alone: in `0 2 -1` nothing is subtracted. *value stays when no word is left.
 * => false: no number, which was printed */
bool kd_take_number(struct kd *kd, const char **args, uint64_t *value);

/* !handle over a dump of one process. */
bool kd_show_listed_handles(struct kd *kd, const char *args);

/* The name of the object behind an OBJECT_HEADER. => false: it has none */
bool kd_object_name(struct kd *kd, uint64_t header, char *name, size_t size);

/* The object that a path of the namespace (\A\B) leads to. => false: an error was printed */
bool kd_object_find(struct kd *kd, const char *path, uint64_t *object);

/* The parts of system space that nt's variables bound: first and last address; 0: not known. */
#define KD_SYSTEM_PARTS 9
struct kd_system_part {
    const char *name;
    uint64_t start, end;
};
void kd_system_parts(struct kd *kd, struct kd_system_part parts[KD_SYSTEM_PARTS]);

/* Visit each EPROCESS of nt's list, each ETHREAD of a process, until `visit` returns false.
 * => false: the list is damaged, and an error was printed */
typedef bool kd_element_visit(struct kd *kd, uint64_t element, void *context);
bool kd_processes_each(struct kd *kd, kd_element_visit *visit, void *context);
bool kd_threads_each(struct kd *kd, uint64_t process, kd_element_visit *visit, void *context);

/* A node of a VAD tree. */
struct kd_vad {
    uint64_t address;    /* of the MMVAD_SHORT */
    uint64_t start, end; /* page numbers, both inside */
    unsigned level;
};

/* Visit the nodes below `root` in order of address until `visit` returns false.
 * => false: the tree is damaged, and an error was printed */
typedef bool kd_vad_visit(struct kd *kd, const struct kd_vad *vad, void *context);
bool kd_vads_each(struct kd *kd, uint64_t root, kd_vad_visit *visit, void *context);

/* Visit the SUBSECTIONs of a control area in order until `visit` returns false.
 * => false: their list is damaged, and an error was printed */
bool kd_subsections_each(struct kd *kd, uint64_t area, kd_element_visit *visit, void *context);

/* Visit the working set list entries (raw MMWSLEs, free ones too) of the MMWSL at `list`, which is
 * the current process's or none, until `visit` returns false. => false: they could not all be read,
 * which was printed, or interrupted */
typedef bool kd_wsle_visit(struct kd *kd, uint64_t index, uint64_t entry, void *context);
bool kd_wsles_each(struct kd *kd, uint64_t list, kd_wsle_visit *visit, void *context);
/* Member `path` of an MMWSLE. */
uint64_t kd_wsle_bits(struct kd *kd, const char *path, uint64_t entry);

/* The root of a process's tree; 0: it is empty, or the process is not readable. */
uint64_t kd_vad_root(struct kd *kd, uint64_t process);

/* The KPRCB of a processor; 0: there is none, or it is not readable. */
uint64_t kd_prcb_of(struct kd *kd, uint64_t processor);
/* The processor that `args` names, or the current one, and its KPRCB. Prints why not. */
bool kd_take_processor(struct kd *kd, const char *args, uint64_t *processor, uint64_t *prcb);

/* `va` with bit 47 in all bits above it. */
uint64_t kd_sign_extend(uint64_t va);
/* Where the current page directory shows itself: the address of the PTE of address 0. */
uint64_t kd_self_map(struct kd *kd);
#define KD_SELF_MAP_SIZE (1ull << 39) /* 2^48 addresses, 8 bytes for each page */
/* The address at which nt sees the entry of `va` at `level` (1 PTE .. 4 PXE), by that base. */
uint64_t kd_entry_address(uint64_t base, uint64_t va, unsigned level);

/* The address that the PTE at `pte` (an address in the self map) maps; 0: it is not in there, as
 * those of page tables of other processes and prototype PTEs. */
uint64_t kd_pte_target(struct kd *kd, uint64_t pte);
/* Are modules known? Prints why not (symbols.c). */
bool kd_need_modules(struct kd *kd);
/* "(deferred)", "(pdb symbols)": where a module's names come from (symbols.c). */
struct kd_module;
const char *kd_symbol_source_text(const struct kd_module *module);

/* The exception that the target stopped for. => false: none did */
struct _EXCEPTION_RECORD64;
bool kd_last_exception(struct kd *kd, struct _EXCEPTION_RECORD64 *record);
/* Address, code, flags, parameters, and what an access violation tried. */
void kd_show_exception_record(struct kd *kd, const struct _EXCEPTION_RECORD64 *record);

/* Code and parameters of the bugcheck that ended the machine; all 0 without one (crash.c). */
bool kd_get_bugcheck(struct kd *kd, uint32_t *code, uint64_t parameter[4]);

/* The four lines of `!process 0 0` for one EPROCESS. */
void kd_show_process_summary(struct kd *kd, uint64_t process);
