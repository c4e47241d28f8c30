/* mmcheck.h: what the parts of !mmcheck share. */
#pragma once

#include "kd/kdi.h"

struct kd_mm_check {
    uint64_t database, entry_size, pages; /* of the PFN database */
    unsigned problems;
    uint64_t available; /* counted */
    unsigned processes;
};

/* Count a problem, and print one of the first. */
void kd_mm_problem(struct kd *kd, struct kd_mm_check *check, const char *subject, const char *text,
                   uint64_t where, uint64_t expected, uint64_t found);

/* Page tables of all processes and of the system against the PFN database (mmtables.c). */
void kd_mm_check_tables(struct kd *kd, struct kd_mm_check *check);
