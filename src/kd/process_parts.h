/* process_parts.h: what a dump of one process holds. => process_parts.c */
#pragma once

#include <stdbool.h>

#include "dump/write.h"

struct kd;
struct kd_registers;

/* What WinDbg's letters behind `.dump /m` ask for. */
struct kd_process_wish {
    bool full;       /* a, f: all memory */
    bool regions;    /* a, F: what VirtualQuery would tell of all regions */
    bool handles;    /* a, h: open handles with the names of their objects */
    bool times;      /* a, t: times and start addresses of threads */
    bool blocks;     /* a, p: PEB and TEBs with what they point to */
    bool referenced; /* i: memory that words on the stacks point to */
};

struct kd_process_parts {
    struct kd *kd;
    struct dump_minidump minidump; /* points into the lists */
    struct dump_minidump_thread *threads;
    struct dump_module *modules;
    struct dump_region *regions;
    struct dump_handle *handles;
    struct dump_block *blocks;
    size_t thread_room, module_room, region_room, handle_room, block_room;
    bool failed; /* out of memory */
};

/* Collect what there is of the current process, and complete `info`: process id, system, the
 * exception if one of its threads has one. => false: out of memory, interrupted, or there is no
 * process with user memory; an error was printed. deinit in both cases */
bool kd_process_parts_collect(struct kd *kd, const struct kd_process_wish *wish,
                              struct dump_info *info, struct kd_process_parts *parts);
void kd_process_parts_deinit(struct kd_process_parts *parts);

/* Choose the memory; the threads are known. => false: interrupted */
bool kd_process_parts_add_memory(struct kd_process_parts *parts,
                                 const struct kd_process_wish *wish);

/* Room for one more element of `size` bytes. => NULL: out of memory, and parts->failed says so */
void *kd_process_parts_grow(struct kd_process_parts *parts, void *list, size_t count, size_t *room,
                            size_t size);

/* A new element at the end of parts->LISTs, counted by parts->minidump.COUNT, or NULL. */
#define KD_PARTS_APPEND(parts, list, count)                                                        \
    ({                                                                                             \
        void *grown_ = kd_process_parts_grow(parts, (parts)->list##s, (parts)->minidump.count,     \
                                             &(parts)->list##_room, sizeof *(parts)->list##s);     \
        (parts)->list##s = grown_ != NULL ? grown_ : (parts)->list##s;                             \
        grown_ != NULL ? &(parts)->list##s[(parts)->minidump.count++] : NULL;                      \
    })

/* Registers as the CONTEXT that dumps hold. */
struct _CONTEXT;
void kd_context_of(const struct kd_registers *registers, struct _CONTEXT *context);
