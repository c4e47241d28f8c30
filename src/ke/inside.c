/* src/ke/inside.c: see inside.h. */
#include "ke/inside.h"

#include <limits.h>
#include <sched.h>

#include "ke/futex.h"

unsigned ke_host_processor(void)
{
    return (unsigned)sched_getcpu();
}

/* The slot of the processor that the caller is on, for the moment. */
static int32_t *slot_here(struct ke_inside *inside)
{
    return &inside->slot[ke_host_processor() % KE_INSIDE_SLOTS].count;
}

static void leave_slot(struct ke_inside *inside, int32_t *slot)
{
    __atomic_fetch_sub(slot, 1, __ATOMIC_SEQ_CST);
    if (ke_inside_is_frozen(inside)) {
        __atomic_fetch_add(&inside->left, 1, __ATOMIC_SEQ_CST);
        ke_futex_wake(&inside->left, INT_MAX, KE_FUTEX_HOST);
    }
}

void ke_inside_add(struct ke_inside *inside)
{
    __atomic_fetch_add(slot_here(inside), 1, __ATOMIC_SEQ_CST);
}

void ke_inside_enter(struct ke_inside *inside)
{
    for (;;) {
        int32_t *slot = slot_here(inside);
        __atomic_fetch_add(slot, 1, __ATOMIC_SEQ_CST);
        if (__builtin_expect(!ke_inside_is_frozen(inside), 1))
            return;
        leave_slot(inside, slot);
        ke_inside_await_thaw(inside);
    }
}

void ke_inside_leave(struct ke_inside *inside)
{
    leave_slot(inside, slot_here(inside));
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
