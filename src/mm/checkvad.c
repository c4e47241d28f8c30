/* src/mm/checkvad.c: the VAD tree of a process, its index, and its charges. See check.c. */
#include "ke/list.h"
#include "mm/check.h"
#include "mm/section.h"
#include "mm/vad.h"

#define DEEPEST 64u

struct tree_walk {
    struct mi_check *check;
    struct mm_space *space;
    const MMVAD_SHORT *previous;
    uint64_t count, pages, commit;
    uint64_t indexed; /* found by the index of VADs */
};

/* Room before a VAD, from its predecessor, as vad.c keeps it. */
static uint64_t room_before(const MMVAD_SHORT *vad, const MMVAD_SHORT *previous)
{
    uint64_t low =
        previous ? (previous->EndingVpn + MI_VAD_UNIT) / MI_VAD_UNIT * MI_VAD_UNIT : MI_VAD_UNIT;

    return vad->StartingVpn > low ? vad->StartingVpn - low : 0;
}

/* As mi_view_charge, without bringing in the prototypes. */
static uint64_t view_charge(const struct tree_walk *walk, const MMVAD_SHORT *vad)
{
    const struct mm *mm = walk->space->mm;
    uint64_t charge = 0;

    for (uint64_t vpn = vad->StartingVpn; vpn <= vad->EndingVpn; vpn++) {
        MMPTE pte = mi_pte_or_zero(walk->space, MI_VA(vpn));
        MMPTE proto = mi_read_pte(MI_CHECK_AT(walk->check, mi_proto_of(mm, vad, MI_VA(vpn))));
        unsigned protection;
        (void)mi_view_page_by(mm, vad, pte, proto, &protection);
        charge += mi_view_page_is_charged(mm, pte, protection);
    }
    return charge;
}

static void check_commit(struct tree_walk *walk, const MMVAD_SHORT *vad)
{
    uint64_t committed = mi_vad_is_view(vad) ? view_charge(walk, vad)
                                             : mi_count_committed(walk->space, vad,
                                                                  vad->StartingVpn, vad->EndingVpn);

    if (vad->u.VadFlags.NoChange || vad->u.VadFlags.VadType == MI_VAD_AWE)
        committed =
            0; /* shared user data, charged to the system; pages charged as they are owned */
    MI_CHECK(walk->check, mi_vad_commit(vad) == committed,
             "VAD %llx: commit charge %llu, %llu pages are committed",
             (unsigned long long)vad->StartingVpn, (unsigned long long)mi_vad_commit(vad),
             (unsigned long long)committed);
    walk->commit += mi_vad_commit(vad);
}

/* A view lies within its section, whose list of views has it. */
static void check_view(struct tree_walk *walk, const MMVAD *vad)
{
    struct mm *mm = walk->space->mm;
    const struct kspace *ks = &mm->ke->ks;
    struct mi_control *control = mi_control_of_vad(mm, (const MMVAD_SHORT *)vad);
    uint64_t pages = vad->EndingVpn - vad->StartingVpn + 1, listed = 0, first;
    struct mi_run run;

    first = mi_view_first_page(mm, (const MMVAD_SHORT *)vad);
    bool found =
        first + pages <= control->pages && mi_next_run(control, first, &run) && run.first <= first;
    uint64_t here = found ? run.first + run.count - first : 0;
    if (here > pages)
        here = pages;
    MI_CHECK(walk->check,
             found && vad->FirstPrototypePte.va == h2k(ks, run.ptes + (first - run.first)) &&
                 vad->LastContiguousPte.va - vad->FirstPrototypePte.va < here * sizeof(MMPTE),
             "VAD %llx: its prototypes are not the section's",
             (unsigned long long)vad->StartingVpn);
    ke_list_for_each(ks, entry, &control->area->ViewList) listed += entry == &vad->ViewLinks;
    MI_CHECK(walk->check, listed == 1, "VAD %llx: %llu times among its section's views",
             (unsigned long long)vad->StartingVpn, (unsigned long long)listed);
    MI_CHECK(walk->check, vad->VadsProcess.va == h2k(ks, walk->space->process),
             "VAD %llx: names another process", (unsigned long long)vad->StartingVpn);
    walk->check->views++;
}

static void check_in_order(struct tree_walk *walk, MMVAD_SHORT *vad)
{
    struct mi_check *check = walk->check;
    unsigned long long at = vad->StartingVpn;

    MI_CHECK(check, vad->StartingVpn <= vad->EndingVpn, "VAD %llx ends before it starts", at);
    MI_CHECK(check, vad->EndingVpn <= MI_VPN(MM_HIGHEST_VAD_ADDRESS), "VAD %llx ends too high", at);
    MI_CHECK(check, !walk->previous || walk->previous->EndingVpn < vad->StartingVpn,
             "VAD %llx overlaps the one before", at);
    MI_CHECK(check, mi_vad_gap(vad)->own == room_before(vad, walk->previous),
             "VAD %llx: wrong gap before it", at);
    check_commit(walk, vad);
    if (mi_vad_is_view(vad))
        check_view(walk, (const MMVAD *)vad);
    if (vad->u.VadFlags.VadType == MI_VAD_WRITE_WATCH)
        mi_check_watch(check, vad);
    walk->previous = vad;
    walk->count++;
    walk->indexed += mi_vad_index_has(walk->space, vad);
    walk->pages += mi_vad_pages(vad);
}

/* => height of the subtree; *most: largest gap in it */
static unsigned check_subtree(struct tree_walk *walk, MMVAD_SHORT *vad, unsigned depth,
                              uint32_t *most)
{
    uint32_t left_most = 0, right_most = 0;

    *most = 0;
    if (!vad)
        return 0;
    if (depth > DEEPEST) {
        mi_check_failed(walk->check, "VAD tree is a cycle, or very deep");
        return 0;
    }
    unsigned left = check_subtree(walk, mi_vad_left(walk->space, vad), depth + 1, &left_most);
    check_in_order(walk, vad);
    unsigned right = check_subtree(walk, mi_vad_right(walk->space, vad), depth + 1, &right_most);
    MI_CHECK(walk->check, (int)right - (int)left == vad->u1.Balance,
             "VAD %llx: balance %d, heights %u and %u", (unsigned long long)vad->StartingVpn,
             (int)vad->u1.Balance, left, right);
    const struct mi_vad_gap *gap = mi_vad_gap(vad);
    *most = gap->own;
    *most = left_most > *most ? left_most : *most;
    *most = right_most > *most ? right_most : *most;
    MI_CHECK(walk->check, gap->below[0] == left_most && gap->below[1] == right_most,
             "VAD %llx: wrong gap below it", (unsigned long long)vad->StartingVpn);
    return 1 + (left > right ? left : right);
}

/* Walking by parent links meets the same VADs as walking down. */
static uint64_t count_by_parents(const struct mm_space *space, uint64_t most)
{
    uint64_t count = 0;

    for (MMVAD_SHORT *vad = mi_vad_first(space); vad && count <= most;
         vad = mi_vad_next(space, vad))
        count++;
    return count;
}

void mi_check_vads(struct mi_check *check, struct mm_space *space)
{
    struct tree_walk walk = {.check = check, .space = space};
    const EPROCESS *process = space->process;
    const MM_AVL_TABLE *table = &process->VadRoot;
    uint32_t most;
    unsigned depth = check_subtree(&walk, mi_vad_top(space), 0, &most);

    MI_CHECK(check, table->NumberGenericTableElements == walk.count,
             "process %p: VadRoot counts %llu VADs, found %llu", (const void *)process,
             (unsigned long long)table->NumberGenericTableElements, (unsigned long long)walk.count);
    MI_CHECK(check, table->DepthOfTree == depth, "process %p: VAD tree of depth %u says %u",
             (const void *)process, depth, (unsigned)table->DepthOfTree);
    MI_CHECK(check, count_by_parents(space, walk.count) == walk.count,
             "process %p: parent links of the VAD tree are wrong", (const void *)process);
    MI_CHECK(check, mi_vad_index_count(space) == walk.indexed,
             "process %p: index of VADs names %llu, of which %llu are there", (const void *)process,
             (unsigned long long)mi_vad_index_count(space), (unsigned long long)walk.indexed);
    MI_CHECK(check, process->VirtualSize == MI_VA(walk.pages),
             "process %p: VirtualSize %llx, found %llx", (const void *)process,
             (unsigned long long)process->VirtualSize, (unsigned long long)MI_VA(walk.pages));
    uint64_t commit = walk.commit + space->tables + space->overhead + mi_awe_pages(space);
    MI_CHECK(check, process->CommitCharge == commit, "process %p: CommitCharge %llu, found %llu",
             (const void *)process, (unsigned long long)process->CommitCharge,
             (unsigned long long)commit);
    check->user_commit += walk.commit;
}
