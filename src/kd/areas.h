/* areas.h: the regions of the current process's user memory, as VirtualQuery would tell them. =>
 * areas.c */
#pragma once

#include "kd/kdi.h"

enum kd_area_state { KD_MEM_COMMIT = 0x1000, KD_MEM_RESERVE = 0x2000, KD_MEM_FREE = 0x10000 };
enum kd_area_type { KD_MEM_PRIVATE = 0x20000, KD_MEM_MAPPED = 0x40000, KD_MEM_IMAGE = 0x1000000 };

enum kd_usage {
    KD_USAGE_FREE,
    KD_USAGE_UNKNOWN,
    KD_USAGE_IMAGE,
    KD_USAGE_MAPPED,
    KD_USAGE_STACK,
    KD_USAGE_TEB,
    KD_USAGE_PEB,
    KD_USAGE_HEAP,
    KD_USAGE_OTHER,
};

struct kd_area {
    uint64_t start, end; /* addresses; `end` is behind the last byte */
    uint64_t base;       /* of the VAD; a hole is its own */
    uint32_t state, type;
    uint32_t protect, base_protect; /* PAGE_*; 0 where nothing is committed */
    enum kd_usage usage;
};

/* Visit all regions in order, holes included. => false: the VADs (in a dump of one process:
 * its list of regions) are damaged or not there, an error was printed
 */
typedef void kd_area_visit(struct kd *kd, const struct kd_area *area, void *context);
bool kd_areas_each(struct kd *kd, kd_area_visit *visit, void *context);

/* "PAGE_READWRITE | PAGE_GUARD", "MEM_COMMIT", "MEM_IMAGE", "Stack". */
#define KD_PROTECT_TEXT 64
const char *kd_protect_name(uint32_t protect, char out[KD_PROTECT_TEXT]);
const char *kd_state_name(uint32_t state);
const char *kd_type_name(uint32_t type);
const char *kd_usage_name(enum kd_usage usage);
