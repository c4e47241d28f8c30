/* src/mm/vadblock.c: the pool blocks that VADs lie in.
 *
 * A process keeps some blocks at hand, so that who maps and unmaps in turn, as most do, does not go
 * to the pool, which all processes share, each time. Blocks for private memory are taken several at
 * a time: neighbours in the pool are then mostly one process's, and processors do not take cache
 * lines from each other that hold ends of two processes' VADs.
 */
#include <string.h>

#include "mm/vad.h"

static size_t block_size(bool view)
{
    return (view ? sizeof(MMVAD) : sizeof(MMVAD_SHORT)) + sizeof(struct mi_vad_gap);
}

MMVAD_SHORT *mi_vad_allocate(struct mm *mm, bool view)
{
    size_t size = block_size(view);
    uint32_t tag = view ? mm_tag("Vad ") : mm_tag("VadS");
    MMVAD_SHORT *vad = ex_allocate_pool(mm, NonPagedPool, size, tag);

    if (!vad)
        return NULL;
    memset(vad, 0, size);
    vad->u.VadFlags.PrivateMemory = !view;
    return vad;
}

void mi_vad_free(struct mm *mm, MMVAD_SHORT *vad)
{
    if (vad->u.VadFlags.VadType == MI_VAD_WRITE_WATCH)
        mi_watch_free(mm, vad);
    ex_free_pool(mm, vad);
}

static bool replenish(struct mm_space *space)
{
    MMVAD_SHORT *more;

    while (space->spare_count < MI_SPARE_VADS && (more = mi_vad_allocate(space->mm, false)) != NULL)
        space->spare[space->spare_count++] = more;
    return space->spare_count > 0;
}

MMVAD_SHORT *mi_vad_take(struct mm_space *space)
{
    if (space->spare_count == 0 && !replenish(space))
        return NULL;
    MMVAD_SHORT *vad = space->spare[--space->spare_count];
    vad->u.LongFlags = 0;
    vad->u.VadFlags.PrivateMemory = 1;
    return vad;
}

void mi_vad_give(struct mm_space *space, MMVAD_SHORT *vad)
{
    if (space->spare_count == MI_SPARE_VADS || space->cleaned || vad->u.VadFlags.VadType)
        mi_vad_free(space->mm, vad);
    else
        space->spare[space->spare_count++] = vad;
}

MMVAD_SHORT *mi_vad_take_view(struct mm_space *space)
{
    MMVAD_SHORT *vad = space->spare_view;

    if (!vad)
        return mi_vad_allocate(space->mm, true);
    space->spare_view = NULL;
    memset(vad, 0, block_size(true));
    return vad;
}

void mi_vad_give_view(struct mm_space *space, MMVAD_SHORT *vad)
{
    if (space->spare_view || space->cleaned)
        mi_vad_free(space->mm, vad);
    else
        space->spare_view = vad;
}

void mi_vad_free_spares(struct mm_space *space)
{
    if (space->spare_view)
        mi_vad_free(space->mm, space->spare_view);
    space->spare_view = NULL;
    while (space->spare_count > 0)
        mi_vad_free(space->mm, space->spare[--space->spare_count]);
}

void mi_vad_free_all_spares(struct mm *mm)
{
    pthread_mutex_lock(&mm->spaces_lock);
    list_for_each(node, &mm->spaces)
    {
        struct mm_space *space = list_entry(node, struct mm_space, link);
        EX_PUSH_LOCK *lock = &space->process->AddressCreationLock;
        if (!ex_try_push_lock_exclusive(lock, KE_RANK_ADDRESS_CREATION))
            continue;
        mi_vad_free_spares(space);
        ex_release_push_lock_exclusive(lock, KE_RANK_ADDRESS_CREATION);
    }
    pthread_mutex_unlock(&mm->spaces_lock);
}
