/* src/mm/resource.h: executive resources: locks that one thread has exclusively or several share.
 *
 * An ERESOURCE lives in nonpaged pool. Unlike a push lock it knows its owners, so that it can be
 * taken again by who has it, and `!locks` can say who that is:
 *
 *      free         ActiveEntries 0
 *      exclusive    ActiveEntries 1, ResourceOwnedExclusive, OwnerEntry: the thread, how often
 *      shared       ActiveEntries n: OwnerEntry and OwnerTable[1 ..] (TableSize of entry 0), a
 * thread each, how often; a thread waits behind those that wait for it exclusively
 *
 * All of them are on nt!ExpSystemResourcesList. An owner is a KTHREAD; a thread of the host that
 * runs no guest thread counts by its id, with the two low bits set, as values of
 * ExSetResourceOwnerPointer are.
 *
 * They are here and not in ke because the table of owners is pool.
 * Source: "Introduction to ERESOURCE Routines", driver documentation; flags of wdm.h.
 */
#pragma once

#include "ke/lock_order.h"
#include "nt/ex.h"

struct mm;

enum {
    RESOURCE_OWNED_EXCLUSIVE = 0x80, /* ERESOURCE.Flag */
};

/* Make the list empty; once, before the first resource. */
void ex_resources_init(struct mm *mm);

/* => the resource is in nonpaged pool, and stays there until ex_delete_resource */
void ex_initialize_resource(struct mm *mm, ERESOURCE *resource);
/* => nobody owns it or waits for it */
void ex_delete_resource(struct mm *mm, ERESOURCE *resource);

/* Take it; who has it exclusively may take it again, either way. Who only shares it must not ask
 * for it exclusively: he would wait for himself. `rank`: what it protects, for the check of the
 * order. */
void ex_acquire_resource_exclusive(struct mm *mm, ERESOURCE *resource, enum ke_lock_rank rank);
void ex_acquire_resource_shared(struct mm *mm, ERESOURCE *resource, enum ke_lock_rank rank);
/* Give back one acquisition. => a bugcheck (RESOURCE_NOT_OWNED) when the caller has none */
void ex_release_resource(struct mm *mm, ERESOURCE *resource, enum ke_lock_rank rank);
