/* src/engine/native_orders.c: having a task of a sandbox change its mappings.
 *
 *      engine                              performer (the mapper, or a guest task)
 *      ------------------------------      ----------------------------------
 *      a set of orders into its book
 *      its number, wake          ------->  sees a new number
 *                                          the orders, one system call each
 *      sees it complete          <-------  the number, written to the file that the book is part of
 *
 * The sandbox maps books read-only, and their performers write to the file where user code cannot:
 * no order and no answer can be forged. So an answer means that the orders were performed, which is
 * what invalidation relies on.
 *
 * Pages that a guest task needs to go on are ordered from that task itself: it performs them on its
 * way, nobody is woken, and the engine does not wait. Unmapping is always waited for. It is ordered
 * from a guest task that has just trapped and looks for orders, since it answers soonest; when
 * there is none, from the mapper.
 *
 * A guest that forged its event runs user code where the engine believes that it waits for orders.
 * It gets a kick then, as for one that does not trap: that brings any task here.
 */
#define _GNU_SOURCE
#include "engine/native.h"

#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct stub_order {
    uint64_t number;
    uint64_t arguments[NATIVE_ARGUMENTS];
    uint64_t unused;
};
_Static_assert(sizeof(struct stub_order) == STUB_ORDER_SIZE, "native_stub.h");

enum {
    REMINDER_NS = 5 * 1000 * 1000,
    REMINDERS_MOST = 1000,
};

long native_futex(_Atomic uint32_t *at, int operation, uint32_t value,
                  const struct timespec *timeout)
{
    return syscall(SYS_futex, at, operation, value, timeout, NULL, 0);
}

static _Atomic uint32_t *word(const struct native_book *book, size_t offset)
{
    return (_Atomic uint32_t *)(book->at + offset);
}

static void wake_task(const struct native_task *task)
{
    if (atomic_load((_Atomic uint32_t *)(task->area + STUB_SLEEPS))) {
        native_futex((_Atomic uint32_t *)(task->area + STUB_BELL), FUTEX_WAKE, 1, NULL);
    }
}

void native_task_wake(const struct native_task *task)
{
    atomic_fetch_add((_Atomic uint32_t *)(task->area + STUB_BELL), 1);
    wake_task(task);
}

void native_task_go_on(const struct native_task *task)
{
    const uint64_t order = STUB_ORDER_STEP, ring = UINT64_C(1) << 32;
    atomic_fetch_add((_Atomic uint64_t *)(task->area + STUB_GO), ring + order);
    wake_task(task);
}

static void kick(const struct engine_space *space, const struct native_task *task)
{
    syscall(SYS_tgkill, space->sandbox.pid, atomic_load(&task->tid), STUB_KICK_SIGNAL);
}

static void wake_performer(const struct native_book *book)
{
    if (book->task) {
        native_task_wake(book->task);
    } else {
        native_futex(word(book, STUB_ORDER_SET), FUTEX_WAKE, 1, NULL);
    }
}

static bool is_complete(const struct native_book *book)
{
    return atomic_load(word(book, STUB_COMPLETE)) == book->set;
}

int native_orders_check(struct engine_space *space, const struct native_book *book)
{
    uint8_t status = __atomic_load_n(book->at + STUB_STATUS, __ATOMIC_ACQUIRE);
    if (status) {
        atomic_store(&space->dead, true);
    }
    return -(int)status;
}

/* Nothing came for a while. false: it never will */
static bool remind(const struct engine_space *space, const struct native_book *book,
                   unsigned *reminders_left)
{
    if (native_sandbox_ended(space)) {
        return false;
    }
    if (!book->task) {
        return true;
    }
    kick(space, book->task);
    return (*reminders_left)-- != 0;
}

/* Sleep until the performer has done its set. 0, or -EPIPE: it never will. */
static int sleep_until_complete(struct engine_space *space, const struct native_book *book)
{
    const struct timespec timeout = {.tv_nsec = REMINDER_NS};
    unsigned reminders_left = REMINDERS_MOST;
    int rc = 0;
    atomic_store(word(book, STUB_ORDERER_SLEEPS), 1);
    while (!rc && !is_complete(book)) {
        uint32_t seen = atomic_load(word(book, STUB_COMPLETE));
        if (seen != book->set &&
            native_futex(word(book, STUB_COMPLETE), FUTEX_WAIT, seen, &timeout) &&
            errno == ETIMEDOUT && !remind(space, book, &reminders_left)) {
            atomic_store(&space->dead, true);
            rc = -EPIPE;
        }
    }
    atomic_store(word(book, STUB_ORDERER_SLEEPS), 0);
    return rc;
}

/* Have an answer that may come late now. The task looks for that before it goes on to user code; if
 * it is there already, or about to be, a kick brings it here. */
static void ask(const struct engine_space *space, struct native_book *book)
{
    if (!book->late) {
        return;
    }
    book->late = false;
    atomic_store((_Atomic uint16_t *)(book->at + STUB_LATE), STUB_LATE_ENOUGH);
    if (atomic_load(&book->task->running)) {
        kick(space, book->task);
    } else {
        native_task_wake(book->task);
    }
}

static int wait_until_complete(struct engine_space *space, struct native_book *book)
{
    enum { LOOKS_UNASKED = 32 }; /* a task that stopped answers by itself */
    bool stopped = book->task && !atomic_load(&book->task->running);
    const unsigned unasked = stopped ? LOOKS_UNASKED : 0;
    for (unsigned i = 0; !is_complete(book) && i < space->engine->spin.pauses; i++) {
        if (i == unasked) {
            ask(space, book);
        }
        __builtin_ia32_pause();
    }
    int rc = 0;
    if (!is_complete(book)) {
        ask(space, book);
        rc = sleep_until_complete(space, book);
    }
    return rc ? rc : native_orders_check(space, book);
}

/* The number of the set, its size, and when it is to be answered: one word, behind the orders. */
static void hand_over(struct native_book *book, uint16_t late)
{
    enum {
        COUNT_SHIFT = 8 * (STUB_ORDER_COUNT - STUB_ORDER_SET),
        LATE_SHIFT = 8 * (STUB_LATE - STUB_ORDER_SET)
    };
    if (!book->count) {
        return;
    }
    uint64_t head =
        ++book->set | (uint64_t)book->count << COUNT_SHIFT | (uint64_t)late << LATE_SHIFT;
    book->count = 0;
    book->late = late != STUB_LATE_NEVER;
    atomic_store_explicit((_Atomic uint64_t *)(book->at + STUB_ORDER_SET), head,
                          memory_order_release);
    wake_performer(book);
}

void native_orders_post(struct native_book *book)
{
    hand_over(book, STUB_LATE_NEVER);
}

/* Does another task of the space run? */
static bool has_company(const struct engine_space *space, const struct native_task *task)
{
    for (unsigned i = 0; i < space->engine->cpus; i++) {
        if (&space->tasks[i] != task && atomic_load(&space->tasks[i].running)) {
            return true;
        }
    }
    return false;
}

void native_orders_post_maps(struct engine_space *space, struct native_book *book)
{
    hand_over(book, has_company(space, book->task) ? STUB_LATE_NEVER : STUB_LATE_ALLOWED);
}

int native_orders_flush(struct engine_space *space, struct native_book *book)
{
    native_orders_post(book);
    return wait_until_complete(space, book);
}

int native_orders_settle(struct engine_space *space)
{
    int rc = 0;
    for (unsigned i = 0; !rc && i < space->engine->cpus; i++) {
        if (atomic_load(&space->tasks[i].tid)) {
            rc = wait_until_complete(space, &space->tasks[i].book);
        }
    }
    return rc;
}

static bool is_idle(const struct native_task *task)
{
    return atomic_load(&task->tid) && !atomic_load(&task->running);
}

struct native_book *native_orders_idle(struct engine_space *space)
{
    struct native_task *last = &space->tasks[atomic_load(&space->last_stopped)];
    if (is_idle(last)) {
        return &last->book;
    }
    return &space->sandbox.mapper;
}

int native_order(struct engine_space *space, struct native_book *book, uint64_t number,
                 const uint64_t arguments[NATIVE_ARGUMENTS])
{
    int rc = 0;
    if (book->count == book->capacity) {
        native_orders_post(book);
    }
    if (!book->count) {
        rc = wait_until_complete(space, book); /* it may be reading the last set */
    }
    if (!rc) {
        struct stub_order order = {.number = number};
        memcpy(order.arguments, arguments, sizeof(order.arguments));
        memcpy(book->orders + book->count++ * sizeof(order), &order, sizeof(order));
    }
    return rc;
}

int native_order_map(struct engine_space *space, struct native_book *book, uint64_t va, size_t size,
                     int protection, uint64_t pa)
{
    const uint64_t arguments[NATIVE_ARGUMENTS] = {
        va, size, (uint64_t)protection, MAP_SHARED | MAP_FIXED | MAP_POPULATE, STUB_FD_RAM, pa};
    return native_order(space, book, SYS_mmap, arguments);
}

int native_order_unmap(struct engine_space *space, struct native_book *book, uint64_t va,
                       size_t size)
{
    const uint64_t arguments[NATIVE_ARGUMENTS] = {va, size};
    return native_order(space, book, SYS_munmap, arguments);
}
