/* src/engine/recall.h: what the last trials of the engines found. */
#pragma once

#include "engine/engine.h"

/* Where: memory that is gone when the host restarts. The user's number is appended. */
#define ENGINE_RECALL_FILE "/dev/shm/ntmm-engines-"

/* Figures of all engines from the last ten minutes, by this very executable. false: there are none
 * that can be trusted; *probes is then undefined. The `why` of what comes back is empty. */
bool engine_recall(const char *file, struct engine_probe probes[ENGINE_COUNT]);
/* Keep figures for the next start. Where that is not possible, the next start measures again. */
void engine_remember(const char *file, const struct engine_probe probes[ENGINE_COUNT]);
