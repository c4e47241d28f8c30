/* dump_parts.h: what of a machine is worth keeping in a small dump. => dump_parts.c */
#pragma once

#include <stdbool.h>

#include "dump/write.h"

struct kd;

/* Lists that grow; all zero when empty. */
struct kd_dump_parts {
    struct kd *kd;
    struct dump_triage triage; /* points into the lists */
    struct dump_block *blocks;
    struct dump_module *modules;
    size_t block_room, module_room;
    bool failed; /* out of memory */
};

/* Choose. => false: out of memory, or there is no current thread; deinit in both cases */
bool kd_dump_parts_collect(struct kd *kd, struct kd_dump_parts *parts);
void kd_dump_parts_deinit(struct kd_dump_parts *parts);
