/* support.h: a machine of a few megabytes with images in it, for tests of the debugger. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kd/kd.h"

#define FAKE_RAM_SIZE 0x1000000u
#define FAKE_NT_PA 0x200000u
#define FAKE_NT_BASE 0xfffff80000200000ull /* RAM from 2 MB on */
#define FAKE_USER_BASE 0x140000000ull      /* RAM from 8 MB on */

/* Page tables at physical 0x1000.. map the kernel addresses FFFFF800`00000000.. to RAM from 0 (one
 * 1 GB page) and the user addresses 1`40000000.. to the upper half of RAM (2 MB pages). */
struct fake_machine {
    struct kd_target target;
    struct kd_target_ops ops;
    uint8_t *ram;
    struct kd *kd;
    char *text; /* output since the last fake_run */
    size_t length;
    size_t room;
};

/* Memory with page tables and nothing else. */
void fake_setup(struct fake_machine *m);
void fake_teardown(struct fake_machine *m);

/* Put the PE file at `path` into RAM at physical `at`, as a loader would. */
void fake_load_image(struct fake_machine *m, const char *path, uint64_t at);

/* Create the debugger; `symbol_path` may be NULL. */
void fake_start(struct fake_machine *m, const char *symbol_path);

/* Run a command line and return what it printed. */
const char *fake_run(struct fake_machine *m, const char *line);

/* Whole file, zero-terminated; NULL when there is none. The caller frees it. */
char *read_whole_file(const char *path, size_t *size);

/* Memory with the sample kernel, and a debugger that has its PDB. */
void fake_start_sample(struct fake_machine *m);

/* Run every line of GOLDEN/NAME.kd over the sample kernel and compare with GOLDEN/NAME.txt, where
 * addresses stand as `xxxxxxxx`xxxxxxxx` and the folder of the samples as SAMPLES. With
 * GOLDEN_WRITE in the environment the file is written instead. */
void golden(const char *name);
