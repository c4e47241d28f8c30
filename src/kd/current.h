/* src/kd/current.h: what ran when a dump was made. */
#pragma once

struct kd;

/* For a target that does not know the thread of its last event: find it through the processors'
 * control blocks, and with it the process and the processor that the registers belong to. */
void kd_find_current(struct kd *kd);
