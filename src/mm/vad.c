/* src/mm/vad.c: which parts of a process's address space are in use.
 *
 * A process's ranges never overlap and are kept in an AVL tree ordered by StartingVpn, rooted in
 * EPROCESS.VadRoot: BalancedRoot is a sentinel whose right child is the top. The tree answers what
 * is at this address (fault, query), is this range free (allocate at an address), and, in
 * vadhole.c, where is a hole of this size.
 *
 *      0x10000      0x20000            0x40000000   0x40001000
 *         |--VAD A--|                       |--VAD B--|
 *     ^ null guard            hole                       hole ...
 *
 * Balance (-1, 0, +1: the higher side) lives in the two low bits of the parent link, as in Windows
 * 7. Each node also knows the room in front of it and the most room in front of any node of its
 * subtree (struct mi_vad_gap); rotations and every change of a neighbour keep that up to date.
 *
 * Locks: to change the tree, address creation lock and working set lock; to read it, either.
 */
#include <string.h>

#include "mm/vad.h"

#define VAD_UNIT (MM_ALLOCATION_GRANULARITY >> PAGE_SHIFT) /* pages */

#define BALANCE_VALUES 4u /* of the two bits below the parent link */

/* What the functions on nodes need: the tree and a way between links and pointers. Only VADs know
 * gaps. */
struct tree {
    struct mm *mm;
    MM_AVL_TABLE *table;
    MMADDRESS_NODE *sentinel;
    bool gaps;
};

static struct tree tree_of(const struct mm_space *space)
{
    MM_AVL_TABLE *table = &space->process->VadRoot;

    return (struct tree){space->mm, table, &table->BalancedRoot, true};
}

static struct tree plain_tree(struct mm *mm, MM_AVL_TABLE *table)
{
    return (struct tree){mm, table, &table->BalancedRoot, false};
}

static MMADDRESS_NODE *to_host(const struct tree *tree, uint64_t va)
{
    return va ? kspace_host(&tree->mm->ke->ks, va) : NULL;
}

/* Nodes, and the EPROCESS with the sentinel, are in nonpaged pool. */
static uint64_t to_kernel(const struct tree *tree, const MMADDRESS_NODE *node)
{
    const struct mi_region *region = &tree->mm->nonpaged;

    return node ? region->start + (uint64_t)((const char *)node - region->host) : 0;
}

static MMADDRESS_NODE *left(const struct tree *tree, const MMADDRESS_NODE *node)
{
    return to_host(tree, node->LeftChild.va);
}

static MMADDRESS_NODE *right(const struct tree *tree, const MMADDRESS_NODE *node)
{
    return to_host(tree, node->RightChild.va);
}

/* The link is written and read whole, Balance by arithmetic: writing the bit field alone would make
 * the next read of the link wait for it. */
static MMADDRESS_NODE *parent(const struct tree *tree, const MMADDRESS_NODE *node)
{
    uint64_t link = node->u1.Parent.va;

    return to_host(tree, link - link % BALANCE_VALUES);
}

static void set_link(MMADDRESS_NODE *node, uint64_t parent_va, int64_t balance)
{
    node->u1.Parent.va = parent_va + (uint64_t)balance % BALANCE_VALUES;
}

static void set_parent(const struct tree *tree, MMADDRESS_NODE *node, const MMADDRESS_NODE *to)
{
    set_link(node, to_kernel(tree, to), node->u1.Balance);
}

static void set_balance(MMADDRESS_NODE *node, int balance)
{
    uint64_t link = node->u1.Parent.va;

    set_link(node, link - link % BALANCE_VALUES, balance);
}

static void set_left(const struct tree *tree, MMADDRESS_NODE *node, MMADDRESS_NODE *child)
{
    node->LeftChild.va = to_kernel(tree, child);
    if (child)
        set_parent(tree, child, node);
}

static void set_right(const struct tree *tree, MMADDRESS_NODE *node, MMADDRESS_NODE *child)
{
    node->RightChild.va = to_kernel(tree, child);
    if (child)
        set_parent(tree, child, node);
}

static MMADDRESS_NODE *child_on(const struct tree *tree, MMADDRESS_NODE *node, int side)
{
    return side < 0 ? left(tree, node) : right(tree, node);
}

static void set_child_on(const struct tree *tree, MMADDRESS_NODE *node, int side,
                         MMADDRESS_NODE *child)
{
    if (side < 0)
        set_left(tree, node, child);
    else
        set_right(tree, node, child);
}

/* -1 when `node` is its parent's left child, else +1. */
static int side_of(const struct tree *tree, const MMADDRESS_NODE *above, const MMADDRESS_NODE *node)
{
    return left(tree, above) == node ? -1 : 1;
}

/* ---- gaps ---- */

static struct mi_vad_gap *gap_of(MMADDRESS_NODE *node)
{
    return mi_vad_gap((MMVAD_SHORT *)node);
}

/* The room of a node behind `previous` (NULL: it is the first). */
static uint32_t room_before(const MMADDRESS_NODE *node, const MMADDRESS_NODE *previous)
{
    uint64_t low = VAD_UNIT;

    if (previous)
        low = (previous->EndingVpn + VAD_UNIT) / VAD_UNIT * VAD_UNIT;
    return node->StartingVpn > low ? (uint32_t)(node->StartingVpn - low) : 0;
}

/* => whether the answer changed, which the parent then depends on */
static bool refresh(const struct tree *tree, MMADDRESS_NODE *node)
{
    MMADDRESS_NODE *child[2] = {left(tree, node), right(tree, node)};

    if (!tree->gaps)
        return false;
    struct mi_vad_gap *gap = gap_of(node);
    uint32_t most = gap->own;
    for (int i = 0; i < 2; i++) {
        if (child[i] && gap_of(child[i])->subtree > most)
            most = gap_of(child[i])->subtree;
    }
    bool changed = gap->subtree != most;
    gap->subtree = most;
    return changed;
}

/* `node` has other room or other children than before: its answer, and those above it. */
static void refresh_up(const struct tree *tree, MMADDRESS_NODE *node)
{
    while (node != tree->sentinel && refresh(tree, node))
        node = parent(tree, node);
}

/* ---- walking ---- */

static MMADDRESS_NODE *leftmost(const struct tree *tree, MMADDRESS_NODE *node)
{
    MMADDRESS_NODE *below;

    while (node && (below = left(tree, node)))
        node = below;
    return node;
}

static MMADDRESS_NODE *rightmost(const struct tree *tree, MMADDRESS_NODE *node)
{
    MMADDRESS_NODE *below;

    while (node && (below = right(tree, node)))
        node = below;
    return node;
}

static MMADDRESS_NODE *next(const struct tree *tree, MMADDRESS_NODE *node)
{
    if (right(tree, node))
        return leftmost(tree, right(tree, node));
    MMADDRESS_NODE *above = parent(tree, node);
    while (above != tree->sentinel && side_of(tree, above, node) > 0) {
        node = above;
        above = parent(tree, node);
    }
    return above == tree->sentinel ? NULL : above;
}

static MMADDRESS_NODE *previous(const struct tree *tree, MMADDRESS_NODE *node)
{
    if (left(tree, node))
        return rightmost(tree, left(tree, node));
    MMADDRESS_NODE *above = parent(tree, node);
    while (above != tree->sentinel && side_of(tree, above, node) < 0) {
        node = above;
        above = parent(tree, node);
    }
    return above == tree->sentinel ? NULL : above;
}

/* ---- balance ---- */

/* The child of `node` on `side` takes its place; `node` becomes its child on the other side. */
static MMADDRESS_NODE *rotate(const struct tree *tree, MMADDRESS_NODE *node, int side)
{
    MMADDRESS_NODE *above = parent(tree, node), *up = child_on(tree, node, side);
    int node_side = above == tree->sentinel ? 1 : side_of(tree, above, node);

    set_child_on(tree, node, side, child_on(tree, up, -side));
    set_child_on(tree, up, -side, node);
    set_child_on(tree, above, node_side, up);
    refresh(tree, node);
    refresh(tree, up);
    return up;
}

/* `node` is two levels higher on `side`, where its child leans the other way. */
static MMADDRESS_NODE *rotate_twice(const struct tree *tree, MMADDRESS_NODE *node, int side)
{
    MMADDRESS_NODE *child = child_on(tree, node, side);
    MMADDRESS_NODE *top = child_on(tree, child, -side);
    int balance = (int)top->u1.Balance;

    rotate(tree, child, -side);
    rotate(tree, node, side);
    set_balance(node, balance == side ? -side : 0);
    set_balance(child, balance == -side ? side : 0);
    set_balance(top, 0);
    return top;
}

static void rebalance_after_insert(const struct tree *tree, MMADDRESS_NODE *child)
{
    MMADDRESS_NODE *node = parent(tree, child);

    while (node != tree->sentinel) {
        int side = side_of(tree, node, child);
        if (node->u1.Balance == -side) {
            set_balance(node, 0);
            return;
        }
        if (node->u1.Balance == side) {
            if (child->u1.Balance == side) {
                rotate(tree, node, side);
                set_balance(node, 0);
                set_balance(child, 0);
            } else {
                rotate_twice(tree, node, side);
            }
            return;
        }
        set_balance(node, side);
        child = node;
        node = parent(tree, node);
    }
    tree->table->DepthOfTree++;
}

/* The subtree of `node` on `side` became one level lower. */
static void rebalance_after_remove(const struct tree *tree, MMADDRESS_NODE *node, int side)
{
    while (node != tree->sentinel) {
        if (node->u1.Balance == 0) {
            set_balance(node, -side);
            return;
        }
        if (node->u1.Balance == side) {
            set_balance(node, 0);
        } else {
            MMADDRESS_NODE *sibling = child_on(tree, node, -side);
            int balance = (int)sibling->u1.Balance;
            if (balance == side) {
                node = rotate_twice(tree, node, -side);
            } else {
                rotate(tree, node, -side);
                set_balance(node, balance == 0 ? -side : 0);
                set_balance(sibling, balance == 0 ? side : 0);
                if (balance == 0)
                    return;
                node = sibling;
            }
        }
        MMADDRESS_NODE *above = parent(tree, node);
        side = above == tree->sentinel ? 1 : side_of(tree, above, node);
        node = above;
    }
    tree->table->DepthOfTree--;
}

/* ---- the tree ---- */

void mi_avl_initialize(struct mm *mm, MM_AVL_TABLE *table)
{
    struct tree tree = plain_tree(mm, table);

    memset(tree.table, 0, sizeof(*tree.table));
    set_parent(&tree, tree.sentinel, tree.sentinel);
}

void mi_vad_table_initialize(struct mm *mm, EPROCESS *process)
{
    mi_avl_initialize(mm, &process->VadRoot);
}

/* Where a node belongs, and its neighbours. */
struct place {
    MMADDRESS_NODE *above, *before, *behind;
    int side;
};

static struct place find_place(const struct tree *tree, const MMADDRESS_NODE *node)
{
    struct place place = {.above = tree->sentinel, .side = 1};

    for (MMADDRESS_NODE *at = right(tree, tree->sentinel); at;
         at = child_on(tree, at, place.side)) {
        place.above = at;
        place.side = node->StartingVpn < at->StartingVpn ? -1 : 1;
        if (place.side < 0)
            place.behind = at;
        else
            place.before = at;
    }
    ASSERT(!place.before || place.before->EndingVpn < node->StartingVpn);
    ASSERT(!place.behind || place.behind->StartingVpn > node->EndingVpn);
    return place;
}

static void link_node(const struct tree *tree, MMADDRESS_NODE *node, const struct place *place)
{
    node->LeftChild.va = 0;
    node->RightChild.va = 0;
    set_balance(node, 0);
    set_child_on(tree, place->above, place->side, node);
}

void mi_vad_insert(struct mm_space *space, MMVAD_SHORT *vad)
{
    struct tree tree = tree_of(space);
    MMADDRESS_NODE *node = (MMADDRESS_NODE *)vad;
    struct place place = find_place(&tree, node);

    link_node(&tree, node, &place);
    *gap_of(node) = (struct mi_vad_gap){.own = room_before(node, place.before)};
    refresh_up(&tree, node);
    if (place.behind) {
        gap_of(place.behind)->own = room_before(place.behind, node);
        refresh_up(&tree, place.behind);
    }
    rebalance_after_insert(&tree, node);
    tree.table->NumberGenericTableElements++;
}

/* Put the lowest node of the right subtree where `node` was. => where the tree became lower */
static MMADDRESS_NODE *replace_by_successor(const struct tree *tree, MMADDRESS_NODE *node,
                                            int *lower_side)
{
    MMADDRESS_NODE *heir = leftmost(tree, right(tree, node));
    MMADDRESS_NODE *lower = heir, *above = parent(tree, node);
    int side = above == tree->sentinel ? 1 : side_of(tree, above, node);

    *lower_side = 1;
    if (heir != right(tree, node)) {
        lower = parent(tree, heir);
        *lower_side = -1;
        set_left(tree, lower, right(tree, heir));
        set_right(tree, heir, right(tree, node));
    }
    set_left(tree, heir, left(tree, node));
    set_balance(heir, (int)node->u1.Balance);
    if (tree->gaps)
        gap_of(heir)->subtree = gap_of(node)->subtree; /* what those above know */
    set_child_on(tree, above, side, heir);
    return lower;
}

/* Take a node out. => where the tree became lower */
static MMADDRESS_NODE *unlink_node(const struct tree *tree, MMADDRESS_NODE *node, int *lower_side)
{
    if (left(tree, node) && right(tree, node))
        return replace_by_successor(tree, node, lower_side);
    MMADDRESS_NODE *lower = parent(tree, node);
    *lower_side = lower == tree->sentinel ? 1 : side_of(tree, lower, node);
    set_child_on(tree, lower, *lower_side, left(tree, node) ? left(tree, node) : right(tree, node));
    return lower;
}

void mi_vad_remove(struct mm_space *space, MMVAD_SHORT *vad)
{
    struct tree tree = tree_of(space);
    MMADDRESS_NODE *node = (MMADDRESS_NODE *)vad;
    MMADDRESS_NODE *before = previous(&tree, node), *behind = next(&tree, node);
    int side;
    MMADDRESS_NODE *lower = unlink_node(&tree, node, &side);

    refresh_up(&tree, lower);
    if (behind) {
        gap_of(behind)->own = room_before(behind, before);
        refresh_up(&tree, behind);
    }
    rebalance_after_remove(&tree, lower, side);
    tree.table->NumberGenericTableElements--;
    if (tree.table->NodeHint.va == to_kernel(&tree, node))
        __atomic_store_n(&tree.table->NodeHint.va, 0, __ATOMIC_RELAXED);
}

void mi_vad_resize(struct mm_space *space, MMVAD_SHORT *vad, uint64_t first, uint64_t last)
{
    struct tree tree = tree_of(space);
    MMADDRESS_NODE *node = (MMADDRESS_NODE *)vad, *behind = next(&tree, node);

    node->StartingVpn = first;
    node->EndingVpn = last;
    gap_of(node)->own = room_before(node, previous(&tree, node));
    refresh_up(&tree, node);
    if (behind) {
        gap_of(behind)->own = room_before(behind, node);
        refresh_up(&tree, behind);
    }
}

/* ---- looking ---- */

/* The lowest node that ends at or above `key`. */
static MMADDRESS_NODE *find_from(const struct tree *tree, uint64_t key)
{
    MMADDRESS_NODE *best = NULL;

    for (MMADDRESS_NODE *at = right(tree, tree->sentinel); at;) {
        if (at->EndingVpn < key) {
            at = right(tree, at);
        } else {
            best = at;
            if (at->StartingVpn <= key)
                break;
            at = left(tree, at);
        }
    }
    return best;
}

MMVAD_SHORT *mi_vad_find_from(const struct mm_space *space, uint64_t vpn)
{
    struct tree tree = tree_of(space);

    return (MMVAD_SHORT *)find_from(&tree, vpn);
}

MMVAD_SHORT *mi_vad_find(const struct mm_space *space, uint64_t vpn)
{
    struct tree tree = tree_of(space);
    MMADDRESS_NODE *hint =
        to_host(&tree, __atomic_load_n(&tree.table->NodeHint.va, __ATOMIC_RELAXED));

    if (hint && hint->StartingVpn <= vpn && vpn <= hint->EndingVpn)
        return (MMVAD_SHORT *)hint;
    MMADDRESS_NODE *found = (MMADDRESS_NODE *)mi_vad_find_from(space, vpn);
    if (!found || found->StartingVpn > vpn)
        return NULL;
    __atomic_store_n(&tree.table->NodeHint.va, to_kernel(&tree, found), __ATOMIC_RELAXED);
    return (MMVAD_SHORT *)found;
}

bool mi_vad_range_is_free(const struct mm_space *space, uint64_t first, uint64_t last)
{
    MMVAD_SHORT *vad = mi_vad_find_from(space, first);

    return !vad || vad->StartingVpn > last;
}

MMVAD_SHORT *mi_vad_first(const struct mm_space *space)
{
    struct tree tree = tree_of(space);

    return (MMVAD_SHORT *)leftmost(&tree, right(&tree, tree.sentinel));
}

MMVAD_SHORT *mi_vad_last(const struct mm_space *space)
{
    struct tree tree = tree_of(space);

    return (MMVAD_SHORT *)rightmost(&tree, right(&tree, tree.sentinel));
}

MMVAD_SHORT *mi_vad_next(const struct mm_space *space, MMVAD_SHORT *vad)
{
    struct tree tree = tree_of(space);

    return (MMVAD_SHORT *)next(&tree, (MMADDRESS_NODE *)vad);
}

MMVAD_SHORT *mi_vad_previous(const struct mm_space *space, MMVAD_SHORT *vad)
{
    struct tree tree = tree_of(space);

    return (MMVAD_SHORT *)previous(&tree, (MMADDRESS_NODE *)vad);
}

/* ---- trees of other ranges ---- */

void mi_avl_insert(struct mm *mm, MM_AVL_TABLE *table, MMADDRESS_NODE *node)
{
    struct tree tree = plain_tree(mm, table);
    struct place place = find_place(&tree, node);

    link_node(&tree, node, &place);
    rebalance_after_insert(&tree, node);
    table->NumberGenericTableElements++;
}

void mi_avl_remove(struct mm *mm, MM_AVL_TABLE *table, MMADDRESS_NODE *node)
{
    struct tree tree = plain_tree(mm, table);
    int side;
    MMADDRESS_NODE *lower = unlink_node(&tree, node, &side);

    rebalance_after_remove(&tree, lower, side);
    table->NumberGenericTableElements--;
}

MMADDRESS_NODE *mi_avl_find_from(struct mm *mm, MM_AVL_TABLE *table, uint64_t key)
{
    struct tree tree = plain_tree(mm, table);

    return find_from(&tree, key);
}
