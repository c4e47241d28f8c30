/* src/ke/lock_order.c: what each host thread holds; more than a count only in debug builds.
 *
 * A thread's held ranks are a bit set: ranks are below 128. One rank is held twice only by a try,
 * which is counted apart. These are the thread-locals of the kernel: they describe the host thread,
 * not a machine. */
#include "ke/lock_order.h"

_Thread_local unsigned ke_raised;

#if defined(NTMM_DEBUG)

#include <stdio.h>
#include <stdlib.h>

typedef unsigned __int128 rank_set;

static _Thread_local rank_set held;
static _Thread_local unsigned char again[128]; /* how often besides */

static const char *rank_name(enum ke_lock_rank rank)
{
    switch (rank) {
#define X(name, value, what)                                                                       \
    case name:                                                                                     \
        return #name " (" what ")";
        KE_LOCK_RANKS(X)
#undef X
    }
    return "unknown rank";
}

/* The highest rank in `held`. => held is not empty */
static enum ke_lock_rank highest_held(void)
{
    unsigned long long high = (unsigned long long)(held >> 64), low = (unsigned long long)held;

    return (enum ke_lock_rank)(high ? 127 - __builtin_clzll(high) : 63 - __builtin_clzll(low));
}

_Noreturn static void violation(const char *what, enum ke_lock_rank rank)
{
    fprintf(stderr, "lock order: %s %s", what, rank_name(rank));
    if (held)
        fprintf(stderr, " while holding %s", rank_name(highest_held()));
    fputc('\n', stderr);
    abort();
}

void ke_lock_order_check(enum ke_lock_rank rank)
{
    if (rank != KE_RANK_UNCHECKED && held >> rank)
        violation("waiting for", rank);
}

void ke_lock_order_took(enum ke_lock_rank rank)
{
    if (rank == KE_RANK_UNCHECKED)
        return;
    if (held >> rank & 1)
        again[rank]++;
    held |= (rank_set)1 << rank;
}

void ke_lock_order_gave(enum ke_lock_rank rank)
{
    if (rank == KE_RANK_UNCHECKED)
        return;
    if (!(held >> rank & 1))
        violation("giving back what is not held:", rank);
    if (again[rank] > 0)
        again[rank]--;
    else
        held &= ~((rank_set)1 << rank);
}

void ke_lock_order_none_held(void)
{
    if (held)
        violation("no lock may be held here, but", highest_held());
}

#endif
