/* tests/machine/snapshot.h: the memory of a stopped process as text.
 *
 * Two runs of one program are in the same state when their texts are equal. Frame numbers and
 * addresses of pool blocks, which may differ, are left out: what a frame holds stands for it. Where
 * times of day are kept, contents are not told: KUSER_SHARED_DATA, the process heap (the loader's
 * list) and images other than the program's.
 */
#pragma once

#include <stdint.h>

#include "kd/target.h"

/* Working-set counts, the VAD tree, and all entries of all page tables of the user half, one line
 * each. `process` is the kernel address of the EPROCESS. NULL: out of memory, or a table lies
 * outside of RAM. The caller frees it. */
char *snapshot_take(struct kd_target *target, uint64_t process);

/* Print the lines of two snapshots that differ, the first few. Returns how many there are. */
unsigned snapshot_compare(const char *a, const char *b);
