/* src/mm/wshash.c: from the address of a shared page to its working set list entry.
 *
 * A page that several processes map has an entry in each of their lists, so its MMPFN cannot name
 * them. NonDirectHash is an open-addressing table of MMWSLE_NONDIRECT_HASH: Key is the page's
 * address (0: free), Index its entry. A key is at its place, or behind it without a gap:
 *
 *      place(A)       place(B)
 *         v              v
 *      |  A  |  C  |  D  |  B  |     |        C and D have the places of A or later ones
 *
 * Removing closes the gap by moving back what may stand there. The table is a power of two of
 * pages, at least twice as large as what is in it (NonDirectCount); when it changes its size it is
 * filled again from the list, which is the truth.
 */
#include <string.h>

#include "mm/wset.h"

#define PER_PAGE (PAGE_SIZE / sizeof(MMWSLE_NONDIRECT_HASH))
#define SPARSE 8u /* the table shrinks when it is this much larger than its contents */

static uint32_t capacity(const struct mm_space *space)
{
    return space->hash_pages * (uint32_t)PER_PAGE;
}

static MMWSLE_NONDIRECT_HASH *slot(const struct mm_space *space, uint32_t at)
{
    return mi_hyperspace(space, MI_WSLE_HASH + at * sizeof(MMWSLE_NONDIRECT_HASH));
}

/* Neighbouring pages get neighbouring places; views, which begin on 64 KB, are spread. */
static uint32_t place(const struct mm_space *space, uint64_t va)
{
    uint64_t vpn = MI_VPN(va);

    return (uint32_t)(vpn + (vpn >> 9) * 0x9E3779B1u) & (capacity(space) - 1);
}

static uint32_t after(const struct mm_space *space, uint32_t at)
{
    return (at + 1) & (capacity(space) - 1);
}

/* Where `va` is. => capacity: nowhere */
static uint32_t look(const struct mm_space *space, uint64_t va)
{
    uint32_t end = capacity(space), at = end > 0 ? place(space, va) : 0;

    for (uint32_t n = 0; n < end; n++, at = after(space, at)) {
        uint64_t key = slot(space, at)->Key.va;
        if (key == va)
            return at;
        if (key == 0)
            break;
    }
    return end;
}

/* => it is there */
static uint32_t find(const struct mm_space *space, uint64_t va)
{
    uint32_t at = look(space, va);

    ASSERT(at < capacity(space));
    return at;
}

static void insert(struct mm_space *space, uint64_t va, uint32_t index)
{
    uint32_t at = place(space, va);

    while (slot(space, at)->Key.va != 0)
        at = after(space, at);
    slot(space, at)->Key.va = va;
    slot(space, at)->Index = index;
}

uint32_t mi_wshash_find(const struct mm_space *space, uint64_t va)
{
    return slot(space, find(space, va))->Index;
}

bool mi_wshash_look_up(const struct mm_space *space, uint64_t va, uint32_t *index)
{
    uint32_t at = look(space, va);

    if (at < capacity(space))
        *index = slot(space, at)->Index;
    return at < capacity(space);
}

uint32_t mi_wshash_count(const struct mm_space *space)
{
    uint32_t used = 0;

    for (uint32_t i = 0; i < capacity(space); i++)
        used += slot(space, i)->Key.va != 0;
    return used;
}

void mi_wshash_insert(struct mm_space *space, uint64_t va, uint32_t index)
{
    insert(space, va, index);
    mi_wsl(space)->NonDirectCount++;
}

void mi_wshash_move(struct mm_space *space, uint64_t va, uint32_t index)
{
    slot(space, find(space, va))->Index = index;
}

void mi_wshash_remove(struct mm_space *space, uint64_t va)
{
    uint32_t mask = capacity(space) - 1, gap = find(space, va);

    for (uint32_t at = after(space, gap); slot(space, at)->Key.va != 0; at = after(space, at)) {
        uint32_t home = place(space, slot(space, at)->Key.va);
        if (((at - home) & mask) < ((at - gap) & mask))
            continue; /* it would stand in front of its place */
        *slot(space, gap) = *slot(space, at);
        gap = at;
    }
    memset(slot(space, gap), 0, sizeof(MMWSLE_NONDIRECT_HASH));
    mi_wsl(space)->NonDirectCount--;
}

/* ---- size ------------------------------------------------------------------------------------ */

static void fill(struct mm_space *space)
{
    const MMWSL *list = mi_wsl(space);

    for (uint32_t i = 0; i < space->hash_pages; i++)
        memset(slot(space, i * (uint32_t)PER_PAGE), 0, PAGE_SIZE);
    for (uint32_t i = 0; i <= list->LastEntry; i++) {
        MMWSLE entry = *mi_wsle(space, i);
        if (entry.u1.e1.Valid && entry.u1.e1.Hashed)
            insert(space, mi_wsle_va(entry), i);
    }
}

static void remove_pages(struct mm_space *space, uint32_t from, uint32_t end)
{
    for (uint32_t i = from; i < end; i++)
        mi_hyperspace_remove(space, MI_WSLE_HASH + MI_VA(i));
}

NTSTATUS mi_wshash_reserve(struct mm_space *space)
{
    uint32_t pages = space->hash_pages, wanted = pages > 0 ? 2 * pages : 1;

    if (2 * (mi_wsl(space)->NonDirectCount + 1) <= capacity(space))
        return STATUS_SUCCESS;
    if (MI_WSLE_HASH + MI_VA(wanted) > MI_WSLE_HASH_END)
        return STATUS_NO_MEMORY;
    for (uint32_t i = pages; i < wanted; i++) {
        NTSTATUS status = mi_hyperspace_add(space, MI_WSLE_HASH + MI_VA(i));
        if (!NT_SUCCESS(status)) {
            remove_pages(space, pages, i);
            return status;
        }
    }
    space->hash_pages = wanted;
    mi_wsl(space)->NonDirectHash.va = MI_WSLE_HASH;
    fill(space);
    return STATUS_SUCCESS;
}

void mi_wshash_shrink(struct mm_space *space)
{
    uint32_t pages = space->hash_pages, needed = pages;

    while (needed > 1 && mi_wsl(space)->NonDirectCount * SPARSE < needed * PER_PAGE)
        needed /= 2;
    if (needed == pages)
        return;
    remove_pages(space, needed, pages);
    space->hash_pages = needed;
    fill(space);
}
