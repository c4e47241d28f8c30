/* src/base/list.h: doubly linked lists of host structures.
 *
 * A ring of struct list_node with a head of the same type; an empty list is a head that points at
 * itself. The node is a member of the element, list_entry goes from node to element. (Lists that
 * live in guest memory are LIST_ENTRY and have functions of their own.)
 *
 *      head <-> element.node <-> element.node <-> head
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/assert.h"

struct list_node {
    struct list_node *next, *previous;
};

#define LIST_INIT(head)                                                                            \
    {                                                                                              \
        &(head), &(head)                                                                           \
    }

#define list_entry(node, type, member) ((type *)((char *)(node)-offsetof(type, member)))

/* Visit each node; the list must not change meanwhile. */
#define list_for_each(node, head)                                                                  \
    for (struct list_node *node = (head)->next; node != (head); node = node->next)

/* The same, where the body may remove `node`. */
#define list_for_each_safe(node, head)                                                             \
    for (struct list_node *node = (head)->next, *node##_next = node->next; node != (head);         \
         node = node##_next, node##_next = node->next)

static inline void list_init(struct list_node *head)
{
    head->next = head->previous = head;
}

static inline bool list_empty(const struct list_node *head)
{
    return head->next == head;
}

static inline void list_insert_after(struct list_node *node, struct list_node *place)
{
    ASSERT(place->next->previous == place);
    node->next = place->next;
    node->previous = place;
    place->next->previous = node;
    place->next = node;
}

static inline void list_insert_head(struct list_node *node, struct list_node *head)
{
    list_insert_after(node, head);
}

static inline void list_insert_tail(struct list_node *node, struct list_node *head)
{
    list_insert_after(node, head->previous);
}

/* Take `node` out of its list; it is then an empty list of its own, so removing again is harmless.
 */
static inline void list_remove(struct list_node *node)
{
    ASSERT(node->next->previous == node && node->previous->next == node);
    node->next->previous = node->previous;
    node->previous->next = node->next;
    list_init(node);
}

/* The first node, taken out; NULL when the list is empty. */
static inline struct list_node *list_pop_head(struct list_node *head)
{
    struct list_node *node = head->next;
    if (node == head)
        return NULL;
    list_remove(node);
    return node;
}

static inline size_t list_length(const struct list_node *head)
{
    size_t length = 0;
    for (const struct list_node *node = head->next; node != head; node = node->next)
        length++;
    return length;
}
