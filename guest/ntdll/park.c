/* guest/ntdll/park.c: sleeping on an address.
 *
 * SRW locks, condition variables and run-once blocks are one pointer wide and have nowhere to keep
 * a queue. Their waiters wait here: a hash table of queues, each with a spin lock, of records on
 * the waiters' stacks.
 *
 *      waiter                                      waker
 *      bucket = park_lock(key)                     bucket = park_lock(key)
 *      look at the word once more                  change the word
 *      park_enqueue(bucket, &self, key)            list = park_dequeue(bucket, key) ...
 *      park_unlock(bucket)                         park_unlock(bucket)
 *      park_wait(&self, timeout)  <--- event ----- park_wake(list)
 *
 * Events come from a small cache, so that a wait costs two system calls, not four. Bucket locks are
 * held for a few instructions only. */
#include "ntdllp.h"

#define BUCKETS 64u
#define CACHED_EVENTS 32u

struct park_bucket {
    LONG lock;
    LIST_ENTRY waiters;
};

static struct park_bucket buckets[BUCKETS];
static struct {
    LONG lock;
    ULONG count;
    HANDLE events[CACHED_EVENTS];
} cache;

static void spin_lock(LONG *lock)
{
    ULONG spins = 0;
    while (__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE)) {
        while (__atomic_load_n(lock, __ATOMIC_RELAXED)) {
            if (++spins % 256) {
                __builtin_ia32_pause();
            } else {
                NtYieldExecution();
            }
        }
    }
}

static void spin_unlock(LONG *lock)
{
    __atomic_store_n(lock, 0, __ATOMIC_RELEASE);
}

/* An event for one wait; NULL when there is no handle to be had. */
static HANDLE get_event(void)
{
    HANDLE event = NULL;
    spin_lock(&cache.lock);
    if (cache.count) {
        event = cache.events[--cache.count];
    }
    spin_unlock(&cache.lock);
    if (!event &&
        !NT_SUCCESS(NtCreateEvent(&event, EVENT_ALL_ACCESS, NULL, SynchronizationEvent, 0))) {
        event = NULL;
    }
    return event;
}

static void put_event(HANDLE event)
{
    spin_lock(&cache.lock);
    if (cache.count < CACHED_EVENTS) {
        cache.events[cache.count++] = event;
        event = NULL;
    }
    spin_unlock(&cache.lock);
    if (event) {
        NtClose(event);
    }
}

struct park_bucket *park_lock(const void *key)
{
    ULONG64 hash = ((ULONG64)key >> 3) * 0x9E3779B97F4A7C15ull;
    struct park_bucket *bucket = &buckets[hash >> 58];
    spin_lock(&bucket->lock);
    if (!bucket->waiters.Flink) {
        list_init(&bucket->waiters);
    }
    return bucket;
}

void park_unlock(struct park_bucket *bucket)
{
    spin_unlock(&bucket->lock);
}

/* => bucket locked; `self` stays valid until park_wait() returns */
void park_enqueue(struct park_bucket *bucket, struct parked *self, const void *key, ULONG tag)
{
    self->key = key;
    self->tag = tag;
    self->woken = false;
    self->event = NULL;
    list_append(&bucket->waiters, &self->link);
}

struct parked *park_first(struct park_bucket *bucket, const void *key)
{
    LIST_ENTRY *head = &bucket->waiters;
    for (LIST_ENTRY *link = head->Flink; link != head; link = link->Flink) {
        struct parked *waiter = CONTAINER(link, struct parked, link);
        if (waiter->key == key) {
            return waiter;
        }
    }
    return NULL;
}

/* Take the longest waiting one out; to be woken after the unlock. => bucket locked */
struct parked *park_dequeue(struct park_bucket *bucket, const void *key)
{
    struct parked *waiter = park_first(bucket, key);
    if (waiter) {
        list_remove(&waiter->link);
        waiter->link.Flink = NULL;
    }
    return waiter;
}

/* Wake a list of dequeued waiters, chained by link.Flink. Each record is gone once it is woken. */
void park_wake(struct parked *list)
{
    while (list) {
        struct parked *next =
            list->link.Flink ? CONTAINER(list->link.Flink, struct parked, link) : NULL;
        struct park_bucket *bucket = park_lock(list->key);
        HANDLE event = list->event;
        list->woken = true;
        park_unlock(bucket);
        if (event) {
            NtSetEvent(event, NULL);
        }
        list = next;
    }
}

static bool is_woken(struct parked *self)
{
    struct park_bucket *bucket = park_lock(self->key);
    bool woken = self->woken;
    park_unlock(bucket);
    return woken;
}

/* Timed out: leave the queue. false when a waker has taken the record already, who must be awaited.
 */
static bool give_up(struct parked *self)
{
    struct park_bucket *bucket = park_lock(self->key);
    bool queued = self->link.Flink && !self->woken;
    if (queued) {
        for (LIST_ENTRY *link = bucket->waiters.Flink; link != &bucket->waiters;
             link = link->Flink) {
            if (link == &self->link) {
                list_remove(link);
                park_unlock(bucket);
                return true;
            }
        }
    }
    park_unlock(bucket);
    return false;
}

/* Sleep until woken. => false: the time is up first, and `self` is out of the queue */
bool park_wait(struct parked *self, LARGE_INTEGER *timeout)
{
    HANDLE event = get_event();
    LARGE_INTEGER pause = {.QuadPart = -10000};
    bool timed_out = false;

    struct park_bucket *bucket = park_lock(self->key);
    bool woken = self->woken;
    self->event = event;
    park_unlock(bucket);

    while (!woken) {
        if (shutdown_by_this_thread()) { /* whoever should wake us is dead */
            NtTerminateProcess(NtCurrentProcess(), shutdown_status());
        }
        if (event) {
            timed_out = NtWaitForSingleObject(event, 0, timeout) == STATUS_TIMEOUT;
        } else {
            NtDelayExecution(0, &pause);
            timed_out = timeout != NULL;
        }
        if (timed_out) {
            if (give_up(self)) {
                break;
            }
            timeout = NULL; /* a waker has us in hand */
        }
        woken = is_woken(self);
    }
    if (event) {
        put_event(event);
    }
    return woken;
}
