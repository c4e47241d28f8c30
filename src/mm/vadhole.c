/* src/mm/vadhole.c: where is room for a new range.
 *
 * Each VAD knows the room in front of it, counted from the first 64 KB boundary behind its
 * predecessor, and the most room in front of any VAD of either subtree (vad.c). A search descends
 * only into one that has enough, so it costs the height of the tree, however many VADs and however
 * fragmented the space:
 *
 *      lowest hole:  left subtree, else in front of this node, else right subtree
 *      highest hole: the other way round, below the limit
 *
 * The room behind the last VAD belongs to no node and is looked at apart.
 */
#include "mm/vad.h"

static uint64_t round_down(uint64_t vpn)
{
    return vpn / MI_VAD_UNIT * MI_VAD_UNIT;
}

/* First page behind the last VAD where one could start. */
static uint64_t first_behind_all(const struct mm_space *space)
{
    const MMVAD_SHORT *last = mi_vad_last(space);

    return last ? round_down(last->EndingVpn + MI_VAD_UNIT) : MI_VAD_UNIT;
}

/* Whether `pages` pages fit between `low` (aligned) and `limit`; *first is the lowest or highest
 * place. */
static bool fits(uint64_t low, uint64_t limit, uint64_t pages, bool high, uint64_t *first)
{
    if (limit < low || limit - low < pages)
        return false;
    *first = high ? round_down(limit - pages) : low;
    return true;
}

static NTSTATUS find_lowest(const struct mm_space *space, uint64_t pages, uint64_t limit,
                            uint64_t *first)
{
    MMVAD_SHORT *vad = mi_vad_top(space);

    while (vad) {
        const struct mi_vad_gap *gap = mi_vad_gap(vad);
        if (gap->below[0] >= pages) {
            vad = mi_vad_left(space, vad);
        } else if (gap->own >= pages) {
            *first = vad->StartingVpn - gap->own;
            return *first + pages <= limit ? STATUS_SUCCESS : STATUS_NO_MEMORY;
        } else if (gap->below[1] >= pages) {
            vad = mi_vad_right(space, vad);
        } else {
            break; /* at the top: nowhere */
        }
    }
    return fits(first_behind_all(space), limit, pages, false, first) ? STATUS_SUCCESS
                                                                     : STATUS_NO_MEMORY;
}

/* The highest hole below `limit` in front of a node of this subtree. */
static bool find_highest_in(const struct mm_space *space, MMVAD_SHORT *vad, uint64_t pages,
                            uint64_t limit, uint64_t *first)
{
    while (vad) {
        const struct mi_vad_gap *gap = mi_vad_gap(vad);
        uint64_t end = vad->StartingVpn < limit ? vad->StartingVpn : limit;
        if (vad->EndingVpn < limit && gap->below[1] >= pages &&
            find_highest_in(space, mi_vad_right(space, vad), pages, limit, first))
            return true;
        if (gap->own >= pages && fits(vad->StartingVpn - gap->own, end, pages, true, first))
            return true;
        vad = gap->below[0] >= pages ? mi_vad_left(space, vad) : NULL;
    }
    return false;
}

NTSTATUS mi_vad_find_hole(const struct mm_space *space, uint64_t pages, uint64_t limit,
                          bool top_down, uint64_t *first)
{
    if (!top_down)
        return find_lowest(space, pages, limit, first);
    if (fits(first_behind_all(space), limit, pages, true, first) ||
        find_highest_in(space, mi_vad_top(space), pages, limit, first))
        return STATUS_SUCCESS;
    return STATUS_NO_MEMORY;
}

/* PEBs and TEBs are packed at the top of user space, so this finds room after few steps. */
NTSTATUS mi_vad_find_hole_by_page(const struct mm_space *space, uint64_t pages, uint64_t *first)
{
    uint64_t limit = MI_VPN(MM_HIGHEST_VAD_ADDRESS) + 1;

    for (MMVAD_SHORT *vad = mi_vad_last(space); vad; vad = mi_vad_previous(space, vad)) {
        if (limit - (vad->EndingVpn + 1) >= pages) {
            *first = limit - pages;
            return STATUS_SUCCESS;
        }
        limit = vad->StartingVpn;
    }
    if (limit < MI_VAD_UNIT + pages)
        return STATUS_NO_MEMORY;
    *first = limit - pages;
    return STATUS_SUCCESS;
}
