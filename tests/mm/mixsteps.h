/* tests/mm/mixsteps.h: what the steps of a mix (mix.c) share. */
#pragma once

#include "mix.h"

#define ARENA 0x10000000ull
#define ARENA_PAGES 256u
#define WATCHED 0x20000000ull
#define WATCHED_PAGES 32u
#define OWNED 0x30000000ull
#define OWNED_PAGES 16u
#define LARGE 0x40000000ull
#define LARGE_PAGES 512u
#define SHARED 0x50000000ull
#define COPIED 0x58000000ull
#define PLACE_SPAN (2 * MB)
#define SECTION_PAGES 48u
#define MIX_AT                                                                                     \
    0x808u /* where stamps are in their pages; the sample image has nothing else there             \
            */

enum section_kind { COMMITTED, RESERVED, FILE_A, FILE_B, LARGE_SECTION, IMAGE };

struct place {
    uint64_t base, size;
};

/* The first thing that is wrong is kept. */
void mix_expect(struct mix_worker *w, bool right, const char *what, uint64_t detail);
void mix_expect_any(struct mix_worker *w, NTSTATUS status, const NTSTATUS *allowed,
                    const char *call);
/* The call succeeded, lacked something, or says one of these. */
#define EXPECT(w, status, ...)                                                                     \
    mix_expect_any((w), (status), (const NTSTATUS[]){__VA_ARGS__ __VA_OPT__(, ) STATUS_SUCCESS},   \
                   __func__)

/* Part of some place that is so many pages large. */
struct place mix_part(uint64_t *random, uint64_t base, unsigned pages, unsigned most);
/* Where views of a section are, of one kind or the other. */
uint64_t mix_view_place(uint64_t *random, unsigned section);
/* Part of any place: mostly short, at times long. */
struct place mix_place(struct mix_worker *w);
uint32_t mix_protection(uint64_t *random);

/* What the page at `va` gets when its process writes there. */
uint64_t mix_stamp(const struct mix_worker *w, uint64_t va);
uint64_t mix_section_stamp(unsigned section, uint64_t page);
/* Whether that may be found there. Eight bytes are written at once, so none is seen in part. */
bool mix_may_show(const struct mix_worker *w, uint64_t va, uint64_t value);

/* mixmemory.c */
void mix_step_allocate(struct mix_worker *w);
void mix_step_large(struct mix_worker *w);
void mix_step_free(struct mix_worker *w);
void mix_step_protect(struct mix_worker *w);
void mix_step_reset(struct mix_worker *w);
void mix_step_query(struct mix_worker *w);
void mix_step_touch(struct mix_worker *w);
void mix_step_lock(struct mix_worker *w);
void mix_step_limits(struct mix_worker *w);
void mix_step_watch(struct mix_worker *w);
void mix_step_physical(struct mix_worker *w);
/* mixsection.c */
NTSTATUS mix_open_section(struct mix *mix, enum section_kind kind, SEGMENT **segment);
void mix_step_section(struct mix_worker *w);
void mix_step_map(struct mix_worker *w);
void mix_step_unmap(struct mix_worker *w);
void mix_step_flush(struct mix_worker *w);
void mix_step_file(struct mix_worker *w);
void mix_step_fail(struct mix_worker *w);
void mix_step_copy(struct mix_worker *w);
