/* src/base/poison.h: memory that nobody may touch, for the address sanitizer.
 *
 * Whoever hands out memory in pieces says which of it is nobody's at the moment: a build with the
 * address sanitizer then stops at the instruction that touches it. Other builds do nothing.
 */
#pragma once

#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISON_WORKS 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) && !defined(POISON_WORKS)
#define POISON_WORKS 1
#endif

#ifdef POISON_WORKS

#include <sanitizer/asan_interface.h>

/* `size` bytes at `p` are nobody's. Both are multiples of 8. */
static inline void poison(const void *p, size_t size)
{
    __asan_poison_memory_region(p, size);
}

/* They are somebody's again. */
static inline void unpoison(const void *p, size_t size)
{
    __asan_unpoison_memory_region(p, size);
}

#else

static inline void poison(const void *p, size_t size)
{
    (void)p;
    (void)size;
}

static inline void unpoison(const void *p, size_t size)
{
    (void)p;
    (void)size;
}

#endif
