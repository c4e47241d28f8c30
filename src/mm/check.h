/* src/mm/check.h: what the whole-state checkers share. See check.c. */
#pragma once

#include "mm/mi.h"

struct mi_check {
    struct mm *mm;
    size_t violations;
    /* By frame: how often PTEs hold it (and, for a table, how many of its entries hold a frame),
     * whether a list or the quarantine has it, and whether PTEs or prototypes hold it nevertheless,
     * as they do on the standby and modified lists. */
    uint32_t *share;
    struct bitmap listed, kept;
    uint64_t tables, overhead; /* of all spaces */
    uint64_t user_commit, section_commit;
    uint64_t resident;               /* pages promised for good */
    uint64_t views;                  /* VADs that are views */
    uint8_t *slot[MI_PAGING_FILES];  /* by slot: how many PTEs and pages own it */
    const char **paged;              /* by page of paged pool: where it can be read, or NULL */
    struct mi_checked_clone *clones; /* headers of clone blocks that were met */
};

static inline bool mi_check_is_listed(const struct mi_check *check, uint64_t pfn)
{
    return bitmap_test(&check->listed, pfn);
}

/* Log a violation and count it. */
void mi_check_failed(struct mi_check *check, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#define MI_CHECK(check, condition, ...)                                                            \
    do {                                                                                           \
        if (!(condition))                                                                          \
            mi_check_failed((check), __VA_ARGS__);                                                 \
    } while (0)

/* The system's tables, and those of one process against its VADs and counts. */
void mi_check_system_tables(struct mi_check *check);
void mi_check_space(struct mi_check *check, struct mm_space *space);
/* The working set list of a process with so many valid user PTEs. */
void mi_check_working_set(struct mi_check *check, struct mm_space *space, uint64_t private,
                          uint64_t shared);
/* Sections: prototype PTEs against frames, references against views. After all spaces. */
void mi_check_sections(struct mi_check *check);
/* A prototype that holds a frame, against that; `own`: how many shares it counts itself. => the
 * page; NULL: it is none */
const MMPFN *mi_check_held_proto(struct mi_check *check, const MMPTE *proto, uint32_t own);
/* Pages of forks: the descriptors of a process, before its page tables. => how many PTEs they count
 */
uint64_t mi_check_clone_root(struct mi_check *check, const struct mm_space *space);
/* A PTE of such a page. */
void mi_check_clone_pte(struct mi_check *check, const struct mm_space *space, MMPTE pte);
/* Their blocks, after all spaces. */
void mi_check_clones(struct mi_check *check);
/* A PTE, or OriginalPte, in page-file form: its slot. */
void mi_check_slot(struct mi_check *check, MMPTE pte);
/* Slots against bitmaps and counts, after everything that may own one. */
void mi_check_paging_files(struct mi_check *check);
bool mi_check_paging_begin(struct mi_check *check);
void mi_check_paging_end(struct mi_check *check);
void mi_check_vads(struct mi_check *check, struct mm_space *space);
/* Physical pages that a process owns (awe.c). */
void mi_check_awe(struct mi_check *check, const struct mm_space *space);
/* A VAD with a write watch (watch.c). */
void mi_check_watch(struct mi_check *check, const MMVAD_SHORT *vad);
/* Paged pool is looked at without bringing any of it in: where its pages are, or in copies of those
 * that are in a paging file. => false: no memory, or the paging file cannot be read */
bool mi_check_paged_pool_begin(struct mi_check *check);
/* The working set of paged pool, and what prototype PTEs hold. */
void mi_check_paged_pool(struct mi_check *check);

/* Where to read what the kernel has at a host address, as far as that page goes. What is in no page
 * is read where it was thought to be, and is a fault there. */
static inline const void *mi_check_host(const struct mi_check *check, const void *host)
{
    const struct mi_region *region = &check->mm->paged;
    uint64_t offset = (uint64_t)((const char *)host - region->host);
    const char *page = offset < MI_VA(region->pages) ? check->paged[MI_VPN(offset)] : NULL;

    return page ? page + offset % PAGE_SIZE : host;
}
#define MI_CHECK_AT(check, p) ((__typeof__(p))(uintptr_t)mi_check_host((check), (p)))

void mi_check_regions(struct mi_check *check);
void mi_check_pools(struct mi_check *check);
