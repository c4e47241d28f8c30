/* src/mm/pagefile.c: paging files: slots of one page each, and the storage behind them.
 *
 *      MmPagingFile[n] -> MMPAGING_FILE (nonpaged pool) -> Bitmap: which slots are in use
 *
 *      slot   0      1   2   3   4  ...  Size - 1
 *             never  ##  ##      ##               PageFileHigh 0 means demand zero
 *
 * A file has Size slots now and grows up to MaximumSize, when commitments would pass the limit
 * otherwise; its bitmap has room for that from the beginning. All of them together never have more
 * slots than the user of the machine allowed (pagefiles.c). Several files share the work: each
 * cluster goes to the next of them that has room.
 *
 * A slot belongs to the page that was written there, from the moment the writer takes it until the
 * page is changed, deleted, or its PTE goes: PTEs in page-file form name the slot of a page that is
 * only there, MMPFN.OriginalPte the slot of one that is in memory as well. Each slot has one owner,
 * which the checker holds against the bitmap.
 *
 * Storage is behind an ops table, so that tests can make it fail; by default it is a file of the
 * host that has no name, so it is gone with the machine however that ends. It is made by the first
 * write, as most machines never page: making one and giving it back is what a disk's file system
 * takes its time for.
 *
 * Source: MMPAGING_FILE by symbols; Windows Internals 6, part 2, ch. 10 "Page Files".
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/host.h"
#include "mm/mi.h"

#define SLACK_SHARE 64u  /* of what is asked for: a file grows by that more */
#define SLACK_LEAST 256u /* slots: 1 MB */

/* ---- storage in the host --------------------------------------------------------------------- */

struct host_storage {
    uint64_t size;
    pthread_mutex_t lock; /* fd */
    int fd;               /* -1: nothing was written yet */
};

static NTSTATUS host_open(void *owner, unsigned number, uint64_t size, void **storage)
{
    struct host_storage *s = malloc(sizeof(*s));

    (void)owner;
    (void)number;
    if (!s)
        return STATUS_INSUFFICIENT_RESOURCES;
    *s = (struct host_storage){.size = size, .fd = -1};
    pthread_mutex_init(&s->lock, NULL);
    *storage = s;
    return STATUS_SUCCESS;
}

static NTSTATUS host_read(void *storage, uint64_t offset, const struct iovec *parts, int count)
{
    struct host_storage *s = storage;

    pthread_mutex_lock(&s->lock);
    int fd = s->fd;
    pthread_mutex_unlock(&s->lock);
    return fd < 0 ? STATUS_END_OF_FILE : host_read_at(fd, offset, parts, count);
}

static NTSTATUS host_write(void *storage, uint64_t offset, const struct iovec *parts, int count)
{
    struct host_storage *s = storage;

    pthread_mutex_lock(&s->lock);
    NTSTATUS status = s->fd < 0 ? host_temporary_create(s->size, &s->fd) : STATUS_SUCCESS;
    int fd = s->fd;
    pthread_mutex_unlock(&s->lock);
    return NT_SUCCESS(status) ? host_write_at(fd, offset, parts, count) : status;
}

static void host_close(void *storage)
{
    struct host_storage *s = storage;

    if (s->fd >= 0)
        close(s->fd);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static NTSTATUS host_extend(void *storage, uint64_t size)
{
    struct host_storage *s = storage;
    NTSTATUS status = STATUS_SUCCESS;

    pthread_mutex_lock(&s->lock);
    if (s->fd >= 0 && ftruncate(s->fd, (off_t)size) != 0)
        status = host_status(errno);
    else
        s->size = size;
    pthread_mutex_unlock(&s->lock);
    return status;
}

const struct mm_paging_ops mi_host_paging = {.open = host_open,
                                             .read = host_read,
                                             .write = host_write,
                                             .extend = host_extend,
                                             .close = host_close};

/* ---- slots ----------------------------------------------------------------------------------- */

static struct bitmap used_slots(const struct mm *mm, const MMPAGING_FILE *file)
{
    const RTL_BITMAP *map = k2h(&mm->ke->ks, file->Bitmap);

    return (struct bitmap){.words = kspace_host(&mm->ke->ks, map->Buffer.va),
                           .bits = map->SizeOfBitMap};
}

/* Atomic for mi_paging_files_have_room. => paging lock held */
static void set_free_space(MMPAGING_FILE *file, uint64_t slots)
{
    __atomic_store_n(&file->FreeSpace, slots, __ATOMIC_RELAXED);
}

/* => paging lock held */
static struct mi_slots take_slots(struct mm *mm, unsigned number, size_t most)
{
    MMPAGING_FILE *file = mm->paging_files.files[number].file;
    struct bitmap used = used_slots(mm, file);

    for (size_t count = most; count > 0; count /= 2) {
        if (file->FreeSpace < count)
            continue;
        size_t first = bitmap_find_clear(&used, count, file->BitmapHint);
        if (first == BITMAP_NONE)
            continue;
        bitmap_set_range(&used, first, count);
        set_free_space(file, file->FreeSpace - count);
        file->BitmapHint = (ULONG)(first + count < used.bits ? first + count : 1);
        file->LastAllocationSize = (ULONG)count;
        if (file->Size - 1 - file->FreeSpace > file->PeakUsage)
            file->PeakUsage = file->Size - 1 - file->FreeSpace;
        if (first + count - 1 > file->HighestPage)
            file->HighestPage = first + count - 1;
        return (struct mi_slots){number, first, count};
    }
    return (struct mi_slots){.count = 0};
}

struct mi_slots mi_allocate_slots(struct mm *mm, size_t most)
{
    struct mi_paging *paging = &mm->paging_files;
    struct mi_slots slots = {.count = 0};

    ke_acquire_lock(&paging->lock);
    for (unsigned i = 0; i < paging->count && slots.count == 0; i++) {
        paging->rover = (paging->rover + 1) % paging->count;
        slots = take_slots(mm, paging->rover, most);
    }
    ke_release_lock(&paging->lock);
    return slots;
}

void mi_free_slot(struct mm *mm, MMPTE pte)
{
    struct mi_paging *paging = &mm->paging_files;

    ASSERT(mi_pte_in_page_file(pte) && pte.u.Soft.PageFileLow < paging->count);
    MMPAGING_FILE *file = paging->files[pte.u.Soft.PageFileLow].file;
    uint64_t slot = pte.u.Soft.PageFileHigh;
    ke_acquire_lock(&paging->lock);
    struct bitmap used = used_slots(mm, file);
    ASSERT(slot < used.bits && bitmap_test(&used, slot));
    bitmap_clear(&used, slot);
    set_free_space(file, file->FreeSpace + 1);
    ke_release_lock(&paging->lock);
}

bool mi_slot_is_used(struct mm *mm, MMPTE pte)
{
    struct mi_paging *paging = &mm->paging_files;

    if (pte.u.Soft.PageFileLow >= paging->count)
        return false;
    struct bitmap used = used_slots(mm, paging->files[pte.u.Soft.PageFileLow].file);
    return pte.u.Soft.PageFileHigh < used.bits && bitmap_test(&used, pte.u.Soft.PageFileHigh);
}

bool mi_paging_files_have_room(const struct mm *mm)
{
    const struct mi_paging *paging = &mm->paging_files;
    unsigned count = __atomic_load_n(&paging->count, __ATOMIC_ACQUIRE);

    for (unsigned i = 0; i < count; i++) {
        if (__atomic_load_n(&paging->files[i].file->FreeSpace, __ATOMIC_RELAXED) > 0)
            return true;
    }
    return false;
}

/* ---- growth ---------------------------------------------------------------------------------- */

uint64_t mi_paging_room_locked(const struct mm *mm)
{
    const struct mi_paging *paging = &mm->paging_files;
    uint64_t room = paging->limit;

    for (unsigned i = 0; i < paging->count; i++)
        room -= paging->files[i].file->Size;
    return room;
}

uint64_t mi_extend_file_locked(struct mm *mm, MMPAGING_FILE *file, uint64_t slots)
{
    RTL_BITMAP *map = k2h(&mm->ke->ks, file->Bitmap);
    uint64_t room = mi_paging_room_locked(mm);

    if (room > file->MaximumSize - file->Size)
        room = file->MaximumSize - file->Size;
    if (slots > room)
        slots = room;
    file->Size += slots;
    map->SizeOfBitMap += (ULONG)slots;
    set_free_space(file, file->FreeSpace + slots);
    __atomic_fetch_add(mm->ke->nt.MmTotalCommitLimit, slots, __ATOMIC_RELAXED);
    return slots;
}

bool mi_extend_paging_files(struct mm *mm, uint64_t slots)
{
    struct mi_paging *paging = &mm->paging_files;
    uint64_t room = 0, wanted = slots + slots / SLACK_SHARE + SLACK_LEAST;

    ke_acquire_lock(&paging->lock);
    for (unsigned i = 0; i < paging->count; i++)
        room += paging->files[i].file->MaximumSize - paging->files[i].file->Size;
    if (room > mi_paging_room_locked(mm))
        room = mi_paging_room_locked(mm);
    bool enough = slots > 0 && room >= slots;
    for (unsigned i = 0; enough && wanted > 0 && i < paging->count; i++)
        wanted -= mi_extend_file_locked(mm, paging->files[i].file, wanted);
    ke_release_lock(&paging->lock);
    return enough;
}

/* ---- input and output ------------------------------------------------------------------------ */

static void frames_to_parts(struct mm *mm, const uint64_t *pfn, size_t count, struct iovec *parts)
{
    for (size_t i = 0; i < count; i++)
        parts[i] = (struct iovec){mi_frame(mm, pfn[i]), PAGE_SIZE};
}

NTSTATUS mi_read_slots(struct mm *mm, const struct mi_slots *slots, const uint64_t *pfn)
{
    struct iovec parts[MI_READ_CLUSTER];

    ASSERT(slots->count <= MI_READ_CLUSTER);
    frames_to_parts(mm, pfn, slots->count, parts);
    return mm->paging_files.ops->read(mm->paging_files.files[slots->file].storage,
                                      MI_VA(slots->first), parts, (int)slots->count);
}

NTSTATUS mi_read_slot(struct mm *mm, MMPTE pte, void *page)
{
    const struct iovec part = {page, PAGE_SIZE};

    ke_acquire_lock(&mm->paging_files.lock);
    bool is_used = mi_slot_is_used(mm, pte);
    ke_release_lock(&mm->paging_files.lock);
    if (!is_used)
        return STATUS_INVALID_PARAMETER;
    return mm->paging_files.ops->read(mm->paging_files.files[pte.u.Soft.PageFileLow].storage,
                                      MI_VA(pte.u.Soft.PageFileHigh), &part, 1);
}

NTSTATUS mi_write_slots(struct mm *mm, const struct mi_slots *slots, const uint64_t *pfn)
{
    struct iovec parts[MI_WRITE_CLUSTER];

    ASSERT(slots->count <= MI_WRITE_CLUSTER);
    frames_to_parts(mm, pfn, slots->count, parts);
    return mm->paging_files.ops->write(mm->paging_files.files[slots->file].storage,
                                       MI_VA(slots->first), parts, (int)slots->count);
}
