/* tests/mm/mix.h: every call on memory, in any order, by any number of threads. See mix.c. */
#pragma once

#include "support.h"

#include <pthread.h>

#include "pe/pe.h"
#include "sample.h"

#define MIX_PROCESSES 4u
#define MIX_SECTIONS 6u
#define MIX_OWNED_MOST 12u /* physical pages of a process */

struct mix_process {
    struct mm_space *space;
    pthread_rwlock_t life; /* written by who ends the process and begins another */
    pthread_mutex_t owning;
    uint64_t owned[MIX_OWNED_MOST]; /* frames; the first `count` */
    size_t count;
};

struct mix_section {
    pthread_rwlock_t open; /* written by who opens or closes it */
    SEGMENT *segment;      /* NULL: closed */
    struct test_file *file;
    uint64_t pages;
};

struct mix {
    struct machine machine;
    struct mm_statistics before; /* once booted */
    bool alone;                  /* one thread works */
    struct mix_process process[MIX_PROCESSES];
    struct mix_section section[MIX_SECTIONS];
    uint8_t image_file[SAMPLE_SIZE];
    struct pe_image image;
    uint64_t image_value[SAMPLE_IMAGE_SIZE / PAGE_SIZE]; /* what a view of it shows */
};

struct mix_worker {
    struct mix *mix;
    uint64_t random;
    struct mix_process *process; /* of this step */
    const char *wrong;           /* the first thing seen that may not be; NULL: none */
    uint64_t detail;
    uint64_t steps;
};

void mix_create(struct mix *mix, int flags);
/* Ends everything; the machine is then as after boot. */
void mix_destroy(struct mix *mix);
/* One call, or a few that belong together, at random. */
void mix_step(struct mix_worker *worker);
/* Fails the test when something was wrong. */
void mix_assert_right(const struct mix_worker *worker);
