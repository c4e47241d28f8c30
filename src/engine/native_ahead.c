/* src/engine/native_ahead.c: pages that are mapped before they are touched, closed.
 *
 * A program that fills new memory touches page after page, and is given frame after frame. To map
 * each costs its task a window and an mmap. So when pages and frames follow one another, those to
 * come are mapped in one piece, and userfaultfd keeps everybody out of it: who touches a page there
 * gets a signal, as without the mapping, until the engine opens that page by one call of its own.
 * That comes when the page tables say the same; what the guess was costs nothing then but itself.
 *
 *      va          next page       end                order to the task: mmap, no rights
 *   ---+-------------+--------------+---              UFFDIO_REGISTER by the engine
 *      |  opened     |   closed     |                 order: mprotect, read and write
 *   ---+-------------+--------------+---              UFFDIO_CONTINUE by the engine, for each page
 *
 * At no time is there a mapping with rights that userfaultfd does not guard. Where it guards, Linux
 * enters no page by itself: a touch of one that RAM has is a minor fault, of one that it lacks a
 * missing one, both are answered with SIGBUS (UFFD_FEATURE_SIGBUS), and no fault enters pages
 * around the one it is for. Linux may take an opened page out again, to move it or to write it to
 * swap; then its next touch is a SIGBUS, too, and it is mapped by itself.
 *
 * What lies in [va, end) and is in the shadow was mapped over it, by an order of its own. What is
 * not in the shadow is closed, or not mapped at all: that was such a page and was unmapped. Opening
 * it fails then, and it is mapped by an order. No other mapping that userfaultfd guards lies in
 * there: that would open another frame. So a new one drops others that it meets.
 *
 * Source: userfaultfd(2), ioctl_userfaultfd(2).
 */
#define _GNU_SOURCE
#include "engine/native.h"

#include <errno.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

enum {
    PAGES_AHEAD = 128,
    PAGES_LEAST = 8,     /* that are worth it: it costs as much as four orders */
    LEAF_SIZE = 1 << 21, /* what one table of the shadow covers */
};

/* ---- dropping ---- */

static bool is_mapped(const struct engine_space *space, uint64_t va)
{
    const uint64_t *entry = native_shadow_find(&space->shadow, va);
    return entry && *entry;
}

/* Order to unmap what is still closed. */
static int drop(struct engine_space *space, struct native_book *book, struct native_ahead *ahead)
{
    int rc = 0;
    uint64_t from = ahead->va;
    for (uint64_t va = ahead->va; !rc && va < ahead->end; va += NATIVE_PAGE_SIZE) {
        bool mapped = is_mapped(space, va);
        uint64_t to = mapped ? va : va + NATIVE_PAGE_SIZE;
        if (to > from && (mapped || to == ahead->end)) {
            rc = native_order_unmap(space, book, from, to - from);
        }
        from = mapped ? va + NATIVE_PAGE_SIZE : from;
    }
    ahead->end = ahead->va;
    return rc;
}

/* The same for other tasks' that begin before `end` and end behind `va`. */
static int drop_others(struct engine_space *space, const struct native_task *task, uint64_t va,
                       uint64_t end)
{
    struct native_book *mapper = &space->sandbox.mapper;
    int rc = 0;
    bool any = false;
    for (unsigned i = 0; !rc && i < space->engine->cpus; i++) {
        struct native_ahead *other = &space->tasks[i].ahead;
        if (&space->tasks[i] == task || other->va == other->end || other->va >= end ||
            other->end <= va) {
            continue;
        }
        if (!any) { /* its task may not have given it its rights yet */
            rc = native_orders_settle(space);
            any = true;
        }
        if (!rc) {
            rc = drop(space, mapper, other);
        }
    }
    return any && !rc ? native_orders_flush(space, mapper) : rc;
}

void native_ahead_forget(struct engine_space *space)
{
    for (unsigned i = 0; i < space->engine->cpus; i++) {
        space->tasks[i].ahead = (struct native_ahead){0};
    }
}

/* ---- a new one ---- */

/* How many pages from `va` on could be mapped ahead. */
static size_t room_for(const struct engine_space *space, uint64_t va, uint64_t pa, size_t most)
{
    const uint64_t leaf_end = (va / LEAF_SIZE + 1) * LEAF_SIZE;
    size_t pages = 0;
    while (pages < most && va < leaf_end && pa < space->engine->ram_size && !is_mapped(space, va)) {
        pages++;
        va += NATIVE_PAGE_SIZE;
        pa += NATIVE_PAGE_SIZE;
    }
    return pages;
}

/* Have the task map the pages without rights, register them, and queue the order for their rights.
 * Without userfaultfd's help nothing stays. */
static int map_ahead(struct engine_space *space, struct native_task *task, uint64_t va, uint64_t pa,
                     size_t size)
{
    struct native_book *book = &task->book;
    const uint64_t nothing[NATIVE_ARGUMENTS] = {
        va, size, PROT_NONE, MAP_SHARED | MAP_FIXED | MAP_NORESERVE, STUB_FD_RAM, pa};
    const uint64_t rights[NATIVE_ARGUMENTS] = {va, size, PROT_READ | PROT_WRITE};
    struct uffdio_register guard = {
        .range = {va, size}, .mode = UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_MINOR};
    int rc = native_order(space, book, SYS_mmap, nothing);
    if (!rc) {
        rc = native_orders_flush(space, book);
    }
    if (rc) {
        return rc;
    }
    if (ioctl(native_sandbox_userfault(space), UFFDIO_REGISTER, &guard)) {
        return native_order_unmap(space, book, va, size);
    }
    task->ahead.va = va;
    task->ahead.end = va + size;
    task->ahead.pa = pa;
    task->ahead.opened = 0;
    return native_order(space, book, SYS_mprotect, rights);
}

static int begin(struct engine_space *space, struct native_task *task, uint64_t va, uint64_t pa)
{
    struct native_ahead *ahead = &task->ahead;
    size_t left = ahead->va == va ? (ahead->end - va) / NATIVE_PAGE_SIZE : 0;
    size_t pages = room_for(space, va, pa, left > PAGES_AHEAD ? left : PAGES_AHEAD);
    if (pages < PAGES_LEAST) {
        return 0;
    }
    const uint64_t end = va + pages * (uint64_t)NATIVE_PAGE_SIZE;
    if (left) { /* the new ones lie on the old ones: what they cover need not be dropped */
        ahead->va = ahead->end < end ? ahead->end : end;
    }
    int rc = drop(space, &task->book, ahead);
    if (!rc) {
        rc = drop_others(space, task, va, end);
    }
    return rc ? rc : map_ahead(space, task, va, pa, end - va);
}

/* ---- opening ---- */

static bool is_closed(const struct native_ahead *ahead, uint64_t va, uint64_t pa)
{
    return va >= ahead->va && va < ahead->end && pa - ahead->pa == va - ahead->va;
}

/* 0 or -errno. */
static int continue_page(struct engine_space *space, uint64_t va)
{
    struct uffdio_continue page = {.range = {va, NATIVE_PAGE_SIZE},
                                   .mode = UFFDIO_CONTINUE_MODE_DONTWAKE};
    int rc;
    do {
        rc = ioctl(native_sandbox_userfault(space), UFFDIO_CONTINUE, &page) ? -errno : 0;
    } while (rc == -EAGAIN); /* another task changes its mappings */
    return rc;
}

static bool open_page(struct engine_space *space, struct native_ahead *ahead, uint64_t va,
                      uint64_t pa)
{
    int rc = continue_page(space, va);
    if (rc == -EFAULT) { /* nobody wrote to that frame yet: have Linux give it a page */
        (void)*(volatile uint8_t *)(space->engine->ram + pa);
        rc = continue_page(space, va);
    }
    ahead->va = va + NATIVE_PAGE_SIZE;
    ahead->pa = pa + NATIVE_PAGE_SIZE;
    ahead->opened++;
    return rc == 0;
}

int native_ahead_map(struct engine_space *space, struct native_task *task, uint64_t va, uint64_t pa,
                     bool *opened)
{
    struct native_ahead *ahead = &task->ahead;
    int rc = 0;
    *opened = false;
    if (native_sandbox_userfault(space) < 0) {
        return 0;
    }
    bool goes_on = va == ahead->next_va && (pa == ahead->next_pa || ahead->opened >= PAGES_LEAST);
    if (goes_on && !is_closed(ahead, va, pa)) {
        rc = begin(space, task, va, pa);
    }
    if (!rc && is_closed(ahead, va, pa)) {
        *opened = open_page(space, ahead, va, pa);
    }
    ahead->next_va = va + NATIVE_PAGE_SIZE;
    ahead->next_pa = pa + NATIVE_PAGE_SIZE;
    return rc;
}
