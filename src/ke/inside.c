/* src/ke/inside.c: see inside.h. */
#include "ke/inside.h"

#include <limits.h>
#include <sched.h>

#include "ke/futex.h"

unsigned ke_ask_host_processor(void)
{
    return (unsigned)sched_getcpu();
}

void ke_inside_add(struct ke_inside *inside)
{
    __atomic_fetch_add(ke_inside_slot(inside), 1, __ATOMIC_SEQ_CST);
}

void ke_inside_left_frozen(struct ke_inside *inside)
{
    __atomic_fetch_add(&inside->left, 1, __ATOMIC_SEQ_CST);
    ke_futex_wake(&inside->left, INT_MAX, KE_FUTEX_HOST);
}

void ke_inside_enter_frozen(struct ke_inside *inside, int32_t *slot)
{
    do {
        __atomic_fetch_sub(slot, 1, __ATOMIC_SEQ_CST);
        ke_inside_left_frozen(inside);
        ke_inside_await_thaw(inside);
        slot = ke_inside_slot(inside);
        __atomic_fetch_add(slot, 1, __ATOMIC_SEQ_CST);
    } while (ke_inside_is_frozen(inside));
}

uint32_t ke_inside_count(const struct ke_inside *inside)
{
    int32_t sum = 0;

    for (unsigned i = 0; i < KE_INSIDE_SLOTS; i++)
        sum += __atomic_load_n(&inside->slot[i].count, __ATOMIC_SEQ_CST);
    return sum > 0 ? (uint32_t)sum : 0;
}

void ke_inside_await_none(struct ke_inside *inside)
{
    for (;;) {
        uint32_t left = __atomic_load_n(&inside->left, __ATOMIC_SEQ_CST);
        if (ke_inside_count(inside) == 0)
            return;
        ke_futex_wait(&inside->left, left, KE_FUTEX_HOST, NULL);
    }
}

void ke_inside_await_thaw(struct ke_inside *inside)
{
    while (ke_inside_is_frozen(inside))
        ke_futex_wait(&inside->frozen, 1, KE_FUTEX_HOST, NULL);
}

void ke_inside_thaw(struct ke_inside *inside)
{
    __atomic_store_n(&inside->frozen, 0, __ATOMIC_SEQ_CST);
    ke_futex_wake(&inside->frozen, INT_MAX, KE_FUTEX_HOST);
}
