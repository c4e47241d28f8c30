/* src/mm/vadfind.c: which VAD is at an address, and where a new one belongs.
 *
 * Short ways first. What was found last is in the tree's NodeHint. In a process with many VADs
 * the index (vadindex.c) knows one close to the address, from which the neighbours' links lead
 * there; the answer is then between two VADs that follow each other in the tree, which is all that
 * makes it right, whatever the index said. Else the way begins at the top.
 */
#include "mm/vad.h"

/* From a VAD close by: more steps than this are not better than the way from the top. */
#define MOST_STEPS 8u

static MMVAD_SHORT *find_from_top(const struct mm_space *space, uint64_t vpn, MMVAD_SHORT **before)
{
    MMADDRESS_NODE *in_front;
    MMVAD_SHORT *found =
        (MMVAD_SHORT *)mi_avl_find_between(space->mm, &space->process->VadRoot, vpn, &in_front);

    *before = (MMVAD_SHORT *)in_front;
    if (found && mi_vad_index_is_good(space))
        mi_vad_index_note(space, found);
    return found;
}

/* From a VAD that ends below `vpn` upwards. => false: it is far */
static bool find_above(const struct mm_space *space, MMVAD_SHORT *at, uint64_t vpn,
                       MMVAD_SHORT **found, MMVAD_SHORT **before)
{
    for (unsigned step = 0; step < MOST_STEPS; step++) {
        *before = at;
        at = mi_vad_next(space, at);
        if (!at || at->EndingVpn >= vpn) {
            *found = at;
            return true;
        }
    }
    return false;
}

/* From a VAD that does not downwards. */
static bool find_below(const struct mm_space *space, MMVAD_SHORT *at, uint64_t vpn,
                       MMVAD_SHORT **found, MMVAD_SHORT **before)
{
    for (unsigned step = 0; step < MOST_STEPS; step++) {
        *before = at->StartingVpn <= vpn ? NULL : mi_vad_previous(space, at);
        if (!*before || (*before)->EndingVpn < vpn) {
            *found = at;
            return true;
        }
        at = *before;
    }
    return false;
}

MMVAD_SHORT *mi_vad_find_between(const struct mm_space *space, uint64_t vpn, MMVAD_SHORT **before)
{
    MMVAD_SHORT *near = NULL, *found;

    if (mi_vad_index_is_good(space))
        near = mi_vad_index_near(space, vpn);
    if (near && (near->EndingVpn < vpn ? find_above : find_below)(space, near, vpn, &found, before))
        return found;
    return find_from_top(space, vpn, before);
}

MMVAD_SHORT *mi_vad_find_from(const struct mm_space *space, uint64_t vpn)
{
    MMVAD_SHORT *before;

    return mi_vad_find_between(space, vpn, &before);
}

MMVAD_SHORT *mi_vad_find(const struct mm_space *space, uint64_t vpn)
{
    MM_AVL_TABLE *table = &space->process->VadRoot;
    MMVAD_SHORT *hint = mi_vad_at(space, __atomic_load_n(&table->NodeHint.va, __ATOMIC_RELAXED));

    if (hint && hint->StartingVpn <= vpn && vpn <= hint->EndingVpn)
        return hint;
    MMVAD_SHORT *found = mi_vad_find_from(space, vpn);
    if (!found || found->StartingVpn > vpn)
        return NULL;
    __atomic_store_n(&table->NodeHint.va, mi_vad_va(space, found), __ATOMIC_RELAXED);
    return found;
}

bool mi_vad_range_is_free(const struct mm_space *space, uint64_t first, uint64_t last)
{
    mi_vad_prefetch(space, first, MI_VAD_GAPS_COMING);
    MMVAD_SHORT *vad = mi_vad_find_from(space, first);

    return !vad || vad->StartingVpn > last;
}
