/* src/base/assert.h: assertions in two prices.
 *
 *      ASSERT        always compiled in; cheap: a comparison or two
 *      ASSERT_SLOW   only with NTMM_DEBUG: may walk a list
 *
 * They state what our own code guarantees. What comes from a guest, a file or the network is
 * checked and refused, never asserted; a broken invariant of the executive is a bugcheck
 * (ke_bug_check).
 */
#pragma once

/* Say where and what on standard error, and abort. */
_Noreturn void assert_failed(const char *expression, const char *file, int line);

#define ASSERT(expression)                                                                         \
    (__builtin_expect(!!(expression), 1) ? (void)0 : assert_failed(#expression, __FILE__, __LINE__))

#ifdef NTMM_DEBUG
#define ASSERT_SLOW(expression) ASSERT(expression)
#else
#define ASSERT_SLOW(expression) ((void)sizeof(!!(expression)))
#endif
