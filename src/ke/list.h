/* src/ke/list.h: LIST_ENTRY rings in guest memory.
 *
 * Links hold kernel addresses, so that the debugger and dumps can follow them; functions take host
 * pointers and a kspace to go between the two. The lock of whatever the list belongs to is held.
 * A ring that does not close is a broken executive: the unlink asserts both neighbours.
 */
#pragma once

#include <stdbool.h>

#include "base/assert.h"
#include "base/kspace.h"
#include "nt/rtl.h"

#define ke_list_entry(entry, type, member)                                                         \
    ((type *)(void *)((char *)(entry)-offsetof(type, member)))

/* Visit each entry of `head`; the body may unlink `entry`. */
#define ke_list_for_each(ks, entry, head)                                                          \
    for (LIST_ENTRY *entry = k2h((ks), (head)->Flink), *entry##_next = k2h((ks), entry->Flink);    \
         entry != (head); entry = entry##_next, entry##_next = k2h((ks), entry->Flink))

static inline void ke_list_init(const struct kspace *ks, LIST_ENTRY *head)
{
    head->Flink.va = head->Blink.va = h2k(ks, head);
}

static inline bool ke_list_empty(const struct kspace *ks, const LIST_ENTRY *head)
{
    return k2h(ks, head->Flink) == head;
}

/* Put `entry` between `before` and `after`, which are neighbours. */
static inline void ke_list_link(const struct kspace *ks, LIST_ENTRY *entry, LIST_ENTRY *before,
                                LIST_ENTRY *after)
{
    uint64_t va = h2k(ks, entry);

    entry->Flink = before->Flink;
    entry->Blink = after->Blink;
    before->Flink.va = va;
    after->Blink.va = va;
}

static inline void ke_list_insert_tail(const struct kspace *ks, LIST_ENTRY *head, LIST_ENTRY *entry)
{
    ke_list_link(ks, entry, k2h(ks, head->Blink), head);
}

static inline void ke_list_insert_head(const struct kspace *ks, LIST_ENTRY *head, LIST_ENTRY *entry)
{
    ke_list_link(ks, entry, head, k2h(ks, head->Flink));
}

static inline void ke_list_remove(const struct kspace *ks, LIST_ENTRY *entry)
{
    LIST_ENTRY *before = k2h(ks, entry->Blink), *after = k2h(ks, entry->Flink);

    ASSERT(k2h(ks, before->Flink) == entry && k2h(ks, after->Blink) == entry);
    before->Flink = entry->Flink;
    after->Blink = entry->Blink;
}
