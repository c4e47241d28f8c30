/* src/kd/target_dump.h: a dump or an image of memory as a target. */
#pragma once

#include "dump/dump.h"
#include "kd/target.h"

/* Open `path`. => 0, or negative errno and a line in `reason`, as dump_open */
int kd_dump_open(const char *path, struct kd_target **out, char reason[DUMP_REASON_SIZE]);
void kd_dump_close(struct kd_target *target);

/* The registers that a CONTEXT has; all others are 0. */
struct _CONTEXT;
void kd_take_context(const struct _CONTEXT *context, struct kd_registers *out);
