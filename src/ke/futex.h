/* src/ke/futex.h: sleeping on a word, the one primitive under every lock and wait of the kernel.
 *
 * Words in guest memory may be mapped at more than one host address, so their futexes are keyed by
 * the page (shared); words in host structures, and those that are only ever reached at one address,
 * use the cheaper private key.
 */
#pragma once

#include <limits.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum ke_futex_key {
    KE_FUTEX_GUEST = 0,
    KE_FUTEX_HOST = FUTEX_PRIVATE_FLAG,
};

/* Sleep while *word == expected, at most until `deadline` (CLOCK_MONOTONIC, absolute; NULL: for
 * ever). May return early for no reason: the caller looks at the word again.
 * => 0, or -1 with errno ETIMEDOUT, EAGAIN, EINTR */
static inline int ke_futex_wait(const uint32_t *word, uint32_t expected, enum ke_futex_key key,
                                const struct timespec *deadline)
{
    return (int)syscall(SYS_futex, word, FUTEX_WAIT_BITSET | (int)key, expected, deadline, NULL,
                        FUTEX_BITSET_MATCH_ANY);
}

/* Wake at most `count` sleepers. */
static inline void ke_futex_wake(const uint32_t *word, int count, enum ke_futex_key key)
{
    (void)syscall(SYS_futex, word, FUTEX_WAKE | (int)key, count, NULL, NULL, 0);
}

/* One turn of a spin loop. */
static inline void ke_spin_pause(void)
{
    __builtin_ia32_pause();
}
