/* complete.h: what Tab adds to a line. => complete.c */
#pragma once

#include "kd/kdi.h"

#define KD_COMPLETION_SIZE 256
#define KD_COMPLETION_LISTED 40

/* What all words that begin like the last one of `line` have in common behind it goes to `rest`, ""
 * when nothing. `each` (or NULL) gets the first KD_COMPLETION_LISTED of them.
 * => how many there are */
unsigned kd_complete(struct kd *kd, const char *line, char rest[KD_COMPLETION_SIZE],
                     void (*each)(void *context, const char *word), void *context);
