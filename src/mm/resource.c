/* src/mm/resource.c: see resource.h.
 *
 * ERESOURCE.SpinLock guards the rest of one resource, ExpResourceSpinLock the list; both are held
 * for a few instructions and taken as push locks are, so that nobody spins on a processor that its
 * holder needs. Who has to wait sleeps on ActiveEntries, which everybody who waits looks at again
 * when it has become 0.
 */
#include "mm/resource.h"
#include "mm/mi.h"

#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ke/futex.h"
#include "ke/list.h"
#include "ke/pushlock.h"

#define RESOURCE_NOT_OWNED 0xE3u
#define OWNER_TABLE_TAG mm_tag("ReTa")
#define TABLE_STEP 4u    /* owners that a table grows by */
#define OWNER_POINTER 3u /* low bits: no thread */
#define OWNER_POINTER_BITS 2

static EX_PUSH_LOCK *guard_of(ERESOURCE *resource)
{
    return (EX_PUSH_LOCK *)(void *)&resource->SpinLock;
}

static void guard(ERESOURCE *resource)
{
    ex_acquire_push_lock_exclusive(guard_of(resource), KE_RANK_RESOURCE);
}

static void unguard(ERESOURCE *resource)
{
    ex_release_push_lock_exclusive(guard_of(resource), KE_RANK_RESOURCE);
}

static uint64_t current_owner(const struct ke *ke)
{
    uint64_t thread = ke->ops && ke->ops->current_thread ? ke->ops->current_thread(ke->owner) : 0;

    return thread ? thread : (uint64_t)syscall(SYS_gettid) << OWNER_POINTER_BITS | OWNER_POINTER;
}

/* ---- the list ---- */

static EX_PUSH_LOCK *list_lock(struct mm *mm)
{
    return (EX_PUSH_LOCK *)(void *)mm->ke->nt.ExpResourceSpinLock;
}

void ex_resources_init(struct mm *mm)
{
    ke_list_init(&mm->ke->ks, mm->ke->nt.ExpSystemResourcesList);
}

void ex_initialize_resource(struct mm *mm, ERESOURCE *resource)
{
    memset(resource, 0, sizeof *resource);
    ex_acquire_push_lock_exclusive(list_lock(mm), KE_RANK_RESOURCE);
    ke_list_insert_tail(&mm->ke->ks, mm->ke->nt.ExpSystemResourcesList,
                        &resource->SystemResourcesList);
    ex_release_push_lock_exclusive(list_lock(mm), KE_RANK_RESOURCE);
}

void ex_delete_resource(struct mm *mm, ERESOURCE *resource)
{
    OWNER_ENTRY *table = k2h(&mm->ke->ks, resource->OwnerTable);

    ASSERT(resource->ActiveEntries == 0 && resource->NumberOfSharedWaiters == 0 &&
           resource->NumberOfExclusiveWaiters == 0);
    ex_acquire_push_lock_exclusive(list_lock(mm), KE_RANK_RESOURCE);
    ke_list_remove(&mm->ke->ks, &resource->SystemResourcesList);
    ex_release_push_lock_exclusive(list_lock(mm), KE_RANK_RESOURCE);
    if (table)
        ex_free_pool(mm, table);
}

/* ---- owners; the resource is guarded ---- */

/* The entry of `owner`; with 0 one that is not in use. NULL: there is none. */
static OWNER_ENTRY *find_entry(struct mm *mm, ERESOURCE *resource, uint64_t owner)
{
    OWNER_ENTRY *table = k2h(&mm->ke->ks, resource->OwnerTable);

    if (resource->OwnerEntry.OwnerThread == owner)
        return &resource->OwnerEntry;
    for (unsigned i = 1; table && i < table->TableSize; i++) {
        if (table[i].OwnerThread == owner)
            return &table[i];
    }
    return NULL;
}

/* An entry that is not in use, the table made longer if need be; it lets go of the guard for that.
 * => NULL: no memory */
static OWNER_ENTRY *free_entry(struct mm *mm, ERESOURCE *resource)
{
    OWNER_ENTRY *entry;

    while (!(entry = find_entry(mm, resource, 0))) {
        OWNER_ENTRY *old = k2h(&mm->ke->ks, resource->OwnerTable);
        unsigned had = old ? old->TableSize : 1, size = had + TABLE_STEP;
        unguard(resource);
        OWNER_ENTRY *table =
            ex_allocate_pool(mm, NonPagedPool, size * sizeof *table, OWNER_TABLE_TAG);
        guard(resource);
        if (!table)
            return NULL;
        if (k2h(&mm->ke->ks, resource->OwnerTable) == old) {
            memset(table, 0, size * sizeof *table);
            if (old)
                memcpy(table, old, had * sizeof *table);
            table->TableSize = size;
            resource->OwnerTable.va = h2k(&mm->ke->ks, table);
            table = old;
        }
        if (table) { /* the one before, or ours when somebody was faster */
            unguard(resource);
            ex_free_pool(mm, table);
            guard(resource);
        }
    }
    return entry;
}

static void own(ERESOURCE *resource, OWNER_ENTRY *entry, uint64_t owner)
{
    entry->OwnerThread = owner;
    entry->OwnerCount = 1;
    resource->ActiveCount++;
    __atomic_store_n(&resource->ActiveEntries, resource->ActiveEntries + 1, __ATOMIC_RELAXED);
}

/* Sleep until nobody has it, or for no reason; the guard is given up meanwhile. */
static void wait_for(ERESOURCE *resource, ULONG *waiters, bool *waited)
{
    uint32_t seen = resource->ActiveEntries;

    resource->ContentionCount += !*waited;
    *waited = true;
    __atomic_add_fetch(waiters, 1, __ATOMIC_RELAXED); /* others look at it without the guard */
    unguard(resource);
    if (seen)
        ke_futex_wait(&resource->ActiveEntries, seen, KE_FUTEX_GUEST, NULL);
    else
        sched_yield(); /* those who wait exclusively have been woken, and come first */
    guard(resource);
    __atomic_sub_fetch(waiters, 1, __ATOMIC_RELAXED);
}

/* ---- taking and giving back ---- */

static bool is_exclusive(const ERESOURCE *resource)
{
    return resource->Flag & RESOURCE_OWNED_EXCLUSIVE;
}

/* It is the caller's own already, and he may have it again. */
static bool take_again(struct mm *mm, ERESOURCE *resource, uint64_t owner, bool exclusive)
{
    OWNER_ENTRY *entry = find_entry(mm, resource, owner);

    if (!entry || (exclusive && !is_exclusive(resource)))
        return false;
    entry->OwnerCount++;
    return true;
}

/* => true: it is taken. Otherwise the order allows to wait for it */
static bool taken_again(struct mm *mm, ERESOURCE *resource, uint64_t owner, bool exclusive,
                        enum ke_lock_rank rank)
{
    guard(resource);
    bool again = take_again(mm, resource, owner, exclusive);
    unguard(resource);
    if (!again)
        ke_lock_order_check(rank);
    return again;
}

void ex_acquire_resource_exclusive(struct mm *mm, ERESOURCE *resource, enum ke_lock_rank rank)
{
    uint64_t owner = current_owner(mm->ke);
    bool waited = false;

    if (!taken_again(mm, resource, owner, true, rank)) {
        guard(resource);
        while (resource->ActiveEntries)
            wait_for(resource, &resource->NumberOfExclusiveWaiters, &waited);
        resource->Flag |= RESOURCE_OWNED_EXCLUSIVE;
        own(resource, &resource->OwnerEntry, owner);
        unguard(resource);
    }
    ke_lock_order_took(rank);
}

/* Share it, if nobody has it exclusively or waits to. => false: wait */
static bool share(struct mm *mm, ERESOURCE *resource, uint64_t owner)
{
    if (is_exclusive(resource) || resource->NumberOfExclusiveWaiters)
        return false;
    OWNER_ENTRY *entry = free_entry(mm, resource);
    if (!entry || is_exclusive(resource)) /* it was not guarded all the time */
        return false;
    own(resource, entry, owner);
    return true;
}

void ex_acquire_resource_shared(struct mm *mm, ERESOURCE *resource, enum ke_lock_rank rank)
{
    uint64_t owner = current_owner(mm->ke);
    bool waited = false;

    if (!taken_again(mm, resource, owner, false, rank)) {
        guard(resource);
        while (!share(mm, resource, owner))
            wait_for(resource, &resource->NumberOfSharedWaiters, &waited);
        unguard(resource);
    }
    ke_lock_order_took(rank);
}

void ex_release_resource(struct mm *mm, ERESOURCE *resource, enum ke_lock_rank rank)
{
    uint64_t owner = current_owner(mm->ke);

    guard(resource);
    OWNER_ENTRY *entry = resource->ActiveEntries ? find_entry(mm, resource, owner) : NULL;
    if (!entry)
        ke_bug_check(mm->ke, RESOURCE_NOT_OWNED, h2k(&mm->ke->ks, resource), owner, 0, 1);
    bool wake = false;
    if (--entry->OwnerCount == 0) {
        entry->OwnerThread = 0;
        resource->ActiveCount--;
        resource->Flag &= (USHORT)~RESOURCE_OWNED_EXCLUSIVE;
        __atomic_store_n(&resource->ActiveEntries, resource->ActiveEntries - 1, __ATOMIC_RELAXED);
        wake = resource->ActiveEntries == 0 &&
               (resource->NumberOfSharedWaiters || resource->NumberOfExclusiveWaiters);
    }
    unguard(resource);
    ke_lock_order_gave(rank);
    if (wake)
        ke_futex_wake(&resource->ActiveEntries, INT_MAX, KE_FUTEX_GUEST);
}
