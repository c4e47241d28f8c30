/* src/base/words.c: see words.h. */
#include "base/words.h"

#define BLOCK 16u /* words looked at at once, without a branch between them */

/* The sanitizers would look at each word before we do. What is found here is read once more by who
 * asked, under their eyes. */
__attribute__((no_sanitize("address"), no_sanitize("thread"))) size_t
words_next_nonzero(const uint64_t *words, size_t from, size_t count)
{
    size_t i = from;

    for (; i + BLOCK <= count; i += BLOCK) {
        uint64_t any = 0;
        for (size_t k = 0; k < BLOCK; k++)
            any |= words[i + k];
        if (any != 0)
            break;
    }
    while (i < count && words[i] == 0)
        i++;
    return i;
}
