/* src/mm/vad.c: which parts of a process's address space are in use.
 *
 * A process's ranges never overlap and are kept in an AVL tree ordered by StartingVpn, rooted in
 * EPROCESS.VadRoot: BalancedRoot is a sentinel whose right child is the top. The tree answers what
 * is at this address (fault, query) and is this range free (allocate at an address), in vadfind.c,
 * and where is a hole of this size, in vadhole.c.
 *
 *      0x10000      0x20000            0x40000000   0x40001000
 *         |--VAD A--|                       |--VAD B--|
 *     ^ null guard            hole                       hole ...
 *
 * Balance (-1, 0, +1: the higher side) lives in the two low bits of the parent link, as in Windows
 * 7. Each node also knows the room in front of it and the most room in front of any node of either
 * subtree (struct mi_vad_gap); rotations and every change of a neighbour keep that up to date.
 *
 * Locks: to change the tree, address creation lock and working set lock; to read it, either.
 */
#include <string.h>

#include "mm/vad.h"

/* What the functions on nodes need: the tree and a way between links and pointers. Only VADs know
 * gaps. */
struct tree {
    const struct mm *mm;
    MM_AVL_TABLE *table;
    MMADDRESS_NODE *sentinel;
    uint64_t start; /* of nonpaged pool, where nodes and sentinels are */
    char *host;
    bool gaps;
};

static struct tree plain_tree(const struct mm *mm, MM_AVL_TABLE *table)
{
    const struct mi_region *pool = &mm->nonpaged;

    return (struct tree){mm, table, &table->BalancedRoot, pool->start, pool->host, false};
}

static struct tree tree_of(const struct mm_space *space)
{
    struct tree tree = plain_tree(space->mm, &space->process->VadRoot);

    tree.gaps = true;
    return tree;
}

static MMADDRESS_NODE *to_host(const struct tree *tree, uint64_t va)
{
    return va ? (MMADDRESS_NODE *)(tree->host + (va - tree->start)) : NULL;
}

static uint64_t to_kernel(const struct tree *tree, const MMADDRESS_NODE *node)
{
    return node ? tree->start + (uint64_t)((const char *)node - tree->host) : 0;
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

    return to_host(tree, link - link % MI_VAD_BALANCE_VALUES);
}

static void set_link(MMADDRESS_NODE *node, uint64_t parent_va, int64_t balance)
{
    node->u1.Parent.va = parent_va + (uint64_t)balance % MI_VAD_BALANCE_VALUES;
}

static void set_parent(const struct tree *tree, MMADDRESS_NODE *node, const MMADDRESS_NODE *to)
{
    set_link(node, to_kernel(tree, to), node->u1.Balance);
}

static void set_balance(MMADDRESS_NODE *node, int balance)
{
    uint64_t link = node->u1.Parent.va;

    set_link(node, link - link % MI_VAD_BALANCE_VALUES, balance);
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

/* -1 when `node` is its parent's left child, else +1. Which it is nobody can predict: no branch. */
static int side_of(const struct tree *tree, const MMADDRESS_NODE *above, const MMADDRESS_NODE *node)
{
    return 1 - 2 * (above->LeftChild.va == to_kernel(tree, node));
}

/* ---- gaps ---- */

static struct mi_vad_gap *gap_of(MMADDRESS_NODE *node)
{
    return mi_vad_gap((MMVAD_SHORT *)node);
}

/* Where room begins behind a node (NULL: in front of the first). */
static uint64_t room_behind(const MMADDRESS_NODE *node)
{
    return node ? (node->EndingVpn + MI_VAD_UNIT) / MI_VAD_UNIT * MI_VAD_UNIT : MI_VAD_UNIT;
}

/* The same for the one in front of a node, by what that knows of it: what room it has begins there,
 * and if it has none, that is on the next boundary, which may be within it. */
static uint64_t room_from(MMADDRESS_NODE *node)
{
    return (node->StartingVpn - gap_of(node)->own + MI_VAD_UNIT - 1) / MI_VAD_UNIT * MI_VAD_UNIT;
}

/* The most room in front of any node of the subtree on one side. */
static uint32_t *below(MMADDRESS_NODE *node, int side)
{
    return &gap_of(node)->below[side > 0];
}

/* In the subtree of a node. */
static uint32_t most_room(MMADDRESS_NODE *node)
{
    const struct mi_vad_gap *gap = gap_of(node);
    uint32_t most = gap->below[0] > gap->below[1] ? gap->below[0] : gap->below[1];

    return gap->own > most ? gap->own : most;
}

/* One of the three numbers of a node changes. => whether the most room in its subtree did */
static bool change_room(MMADDRESS_NODE *node, uint32_t *number, uint32_t room)
{
    uint32_t most = most_room(node);

    *number = room;
    return most_room(node) != most;
}

/* There is more or less room in the subtree of a node: those above it are to know. */
static void tell_above(const struct tree *tree, MMADDRESS_NODE *node)
{
    MMADDRESS_NODE *above = parent(tree, node);

    while (above != tree->sentinel &&
           change_room(above, below(above, side_of(tree, above, node)), most_room(node))) {
        node = above;
        above = parent(tree, node);
    }
}

/* Room in front of a node begins at `from` now. */
static void set_room(const struct tree *tree, MMADDRESS_NODE *node, uint64_t from)
{
    uint32_t room = node->StartingVpn > from ? (uint32_t)(node->StartingVpn - from) : 0;

    if (change_room(node, &gap_of(node)->own, room))
        tell_above(tree, node);
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

/* The child that Balance says is there. */
static MMADDRESS_NODE *heavy_child(const struct tree *tree, MMADDRESS_NODE *node, int side)
{
    MMADDRESS_NODE *child = child_on(tree, node, side);

    if (__builtin_expect(!child, 0))
        mi_corrupt_vad(tree->mm, node);
    return child;
}

/* The child of `node` on `side` takes its place; `node` becomes its child on the other side. */
static MMADDRESS_NODE *rotate(const struct tree *tree, MMADDRESS_NODE *node, int side)
{
    MMADDRESS_NODE *above = parent(tree, node), *up = heavy_child(tree, node, side);
    int node_side = above == tree->sentinel ? 1 : side_of(tree, above, node);

    set_child_on(tree, node, side, child_on(tree, up, -side));
    set_child_on(tree, up, -side, node);
    set_child_on(tree, above, node_side, up);
    if (tree->gaps) {
        *below(node, side) = *below(up, -side);
        *below(up, -side) = most_room(node);
    }
    return up;
}

/* `node` is two levels higher on `side`, where its child leans the other way. */
static MMADDRESS_NODE *rotate_twice(const struct tree *tree, MMADDRESS_NODE *node, int side)
{
    MMADDRESS_NODE *child = heavy_child(tree, node, side);
    MMADDRESS_NODE *top = heavy_child(tree, child, -side);
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
            MMADDRESS_NODE *sibling = heavy_child(tree, node, -side);
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

/* Enter a node between two that follow each other; either may be NULL. The one that is lower in the
 * tree has no child on the side of the other. */
static void link_node(const struct tree *tree, MMADDRESS_NODE *node, MMADDRESS_NODE *before,
                      MMADDRESS_NODE *behind)
{
    int side = behind && !left(tree, behind) ? -1 : 1;
    MMADDRESS_NODE *above = side < 0 ? behind : before ? before : tree->sentinel;

    if (__builtin_expect((before && before->EndingVpn >= node->StartingVpn) ||
                             (behind && behind->StartingVpn <= node->EndingVpn) ||
                             child_on(tree, above, side),
                         0))
        mi_corrupt_vad(tree->mm, above);
    node->LeftChild.va = 0;
    node->RightChild.va = 0;
    set_balance(node, 0);
    set_child_on(tree, above, side, node);
}

void mi_vad_insert(struct mm_space *space, MMVAD_SHORT *vad)
{
    struct tree tree = tree_of(space);
    MMADDRESS_NODE *node = (MMADDRESS_NODE *)vad;
    MMVAD_SHORT *previous_vad;
    MMADDRESS_NODE *behind =
        (MMADDRESS_NODE *)mi_vad_find_between(space, vad->StartingVpn, &previous_vad);
    MMADDRESS_NODE *before = (MMADDRESS_NODE *)previous_vad;

    link_node(&tree, node, before, behind);
    *gap_of(node) = (struct mi_vad_gap){.own = 0};
    set_room(&tree, node, room_behind(before));
    if (behind)
        set_room(&tree, behind, room_behind(node));
    rebalance_after_insert(&tree, node);
    tree.table->NumberGenericTableElements++;
    mi_vad_index_add(space, vad);
    if (mi_vad_index_is_good(space))
        mi_vad_index_note_way(space, vad);
}

/* `heir`, which was below `lower` unless that is itself, is where `node` was. */
static void hand_over_gaps(const struct tree *tree, MMADDRESS_NODE *node, MMADDRESS_NODE *heir,
                           MMADDRESS_NODE *lower)
{
    uint32_t behind_heir = *below(heir, 1);

    *below(heir, -1) = *below(node, -1);
    if (lower != heir) {
        *below(heir, 1) = *below(node, 1);
        if (change_room(lower, below(lower, -1), behind_heir))
            tell_above(tree, lower);
    }
    tell_above(tree, heir);
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
    set_child_on(tree, above, side, heir);
    if (tree->gaps)
        hand_over_gaps(tree, node, heir, lower);
    return lower;
}

/* The only child of `node`, or none, takes its place. => where the tree became lower */
static MMADDRESS_NODE *replace_by_child(const struct tree *tree, MMADDRESS_NODE *node, int *side)
{
    MMADDRESS_NODE *above = parent(tree, node);
    int child_side = left(tree, node) ? -1 : 1;

    *side = above == tree->sentinel ? 1 : side_of(tree, above, node);
    set_child_on(tree, above, *side, child_on(tree, node, child_side));
    if (tree->gaps && above != tree->sentinel &&
        change_room(above, below(above, *side), *below(node, child_side)))
        tell_above(tree, above);
    return above;
}

/* Take a node out. => where the tree became lower */
static MMADDRESS_NODE *unlink_node(const struct tree *tree, MMADDRESS_NODE *node, int *side)
{
    return left(tree, node) && right(tree, node) ? replace_by_successor(tree, node, side)
                                                 : replace_by_child(tree, node, side);
}

void mi_vad_remove(struct mm_space *space, MMVAD_SHORT *vad)
{
    struct tree tree = tree_of(space);
    MMADDRESS_NODE *node = (MMADDRESS_NODE *)vad, *behind = next(&tree, node);
    int side;

    mi_vad_index_remove(space, vad);
    MMADDRESS_NODE *lower = unlink_node(&tree, node, &side);
    if (behind)
        set_room(&tree, behind, room_from(node));
    rebalance_after_remove(&tree, lower, side);
    tree.table->NumberGenericTableElements--;
    if (tree.table->NodeHint.va == to_kernel(&tree, node))
        __atomic_store_n(&tree.table->NodeHint.va, 0, __ATOMIC_RELAXED);
}

void mi_vad_resize(struct mm_space *space, MMVAD_SHORT *vad, uint64_t first, uint64_t last)
{
    struct tree tree = tree_of(space);
    MMADDRESS_NODE *node = (MMADDRESS_NODE *)vad, *behind = next(&tree, node);

    mi_vad_index_remove(space, vad);
    uint64_t from = room_from(node);
    node->StartingVpn = first;
    node->EndingVpn = last;
    mi_vad_index_add(space, vad);
    set_room(&tree, node, from);
    if (behind)
        set_room(&tree, behind, room_behind(node));
}

/* ---- looking ---- */

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

/* ---- trees of any ranges ---- */

MMADDRESS_NODE *mi_avl_find_between(const struct mm *mm, MM_AVL_TABLE *table, uint64_t key,
                                    MMADDRESS_NODE **before)
{
    struct tree tree = plain_tree(mm, table);
    MMADDRESS_NODE *found = NULL;

    *before = NULL;
    for (MMADDRESS_NODE *at = right(&tree, tree.sentinel); at;) {
        if (at->EndingVpn < key) {
            *before = at;
            at = right(&tree, at);
        } else {
            found = at;
            if (at->StartingVpn <= key)
                break;
            at = left(&tree, at);
        }
    }
    return found;
}

void mi_avl_insert(struct mm *mm, MM_AVL_TABLE *table, MMADDRESS_NODE *node)
{
    struct tree tree = plain_tree(mm, table);
    MMADDRESS_NODE *before, *behind = mi_avl_find_between(mm, table, node->StartingVpn, &before);

    link_node(&tree, node, before, behind);
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
