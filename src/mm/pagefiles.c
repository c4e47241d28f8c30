/* src/mm/pagefiles.c: which paging files there are: they are made, become larger, end.
 *
 * The user of a machine says how much of the host's disk it may fill: with the maxima of the files
 * that it begins with. A program that may create paging files moves within that (limit), as if the
 * disk ended there:
 *
 *      limit  |------- maximum of the 1st -------|--- of the 2nd ---|
 *             |-- Size --|-- Size --|-- another's Size --|   room   |
 *
 * So a file that is added takes from what others could have grown by.
 *
 * A file is structures in nonpaged pool, the bitmap in a block of its own, since a file whose
 * maximum is raised gets a new one. Nothing is made before all that can fail was done, and then
 * under the lock of the slots.
 *
 * Source: NtCreatePagingFile and the statuses of its parameters, as tools that manage paging files
 * describe it; Windows Internals 6, part 2, ch. 10 "Page Files". That a file never becomes smaller
 * while the system runs is documented there; which status says so was decided here.
 */
#include <stdio.h>
#include <string.h>

#include "base/upcase.h"
#include "mm/mi.h"

#define SLOTS_MOST 0xFFFFFFFFull /* PageFileHigh has 32 bits */
#define ADDED_LEAST 256u         /* slots of one that a program makes: 1 MB */

struct wanted_file {
    const WCHAR *name;
    size_t length;        /* characters */
    uint64_t slots, most; /* at first, and later */
    bool bounded;         /* by the limit; else it raises that */
};

static NTSTATUS check_sizes(const struct wanted_file *wanted, uint64_t least)
{
    if (wanted->slots < least || wanted->slots > SLOTS_MOST)
        return STATUS_INVALID_PARAMETER_2;
    if (wanted->most < wanted->slots || wanted->most > SLOTS_MOST)
        return STATUS_INVALID_PARAMETER_3;
    return STATUS_SUCCESS;
}

static bool has_name(const struct mm *mm, const MMPAGING_FILE *file, const WCHAR *name,
                     size_t length)
{
    const WCHAR *text = kspace_host(&mm->ke->ks, file->PageFileName.Buffer.va);

    if (file->PageFileName.Length != length * sizeof(WCHAR))
        return false;
    for (size_t i = 0; i < length; i++) {
        if (upcase(text[i]) != upcase(name[i]))
            return false;
    }
    return true;
}

/* ---- structures ------------------------------------------------------------------------------ */

/* `slots` clear bits, with room for `most`. NULL: no pool */
static RTL_BITMAP *make_bitmap(struct mm *mm, uint64_t slots, uint64_t most)
{
    size_t size = sizeof(RTL_BITMAP) + BITMAP_WORDS(most) * sizeof(uint64_t);
    RTL_BITMAP *map = ex_allocate_pool(mm, NonPagedPool, size, mm_tag("MmPb"));

    if (!map)
        return NULL;
    memset(map, 0, size);
    map->SizeOfBitMap = (ULONG)slots;
    map->Buffer.va = h2k(&mm->ke->ks, map + 1);
    return map;
}

static void free_file(struct mm *mm, MMPAGING_FILE *file)
{
    ex_free_pool(mm, k2h(&mm->ke->ks, file->Bitmap));
    ex_free_pool(mm, file);
}

/* A file with its name behind it, and its bitmap. */
static MMPAGING_FILE *make_file(struct mm *mm, unsigned number, const struct wanted_file *wanted)
{
    const struct kspace *ks = &mm->ke->ks;
    size_t name_size = wanted->length * sizeof(WCHAR);
    size_t size = sizeof(MMPAGING_FILE) + name_size + sizeof(WCHAR);
    RTL_BITMAP *map = make_bitmap(mm, wanted->slots, wanted->most);
    MMPAGING_FILE *file = map ? ex_allocate_pool(mm, NonPagedPool, size, mm_tag("MmPf")) : NULL;

    if (!file) {
        if (map)
            ex_free_pool(mm, map);
        return NULL;
    }
    memset(file, 0, size);
    memcpy(file + 1, wanted->name, name_size);
    file->Size = file->MinimumSize = wanted->slots;
    file->MaximumSize = wanted->most;
    file->FreeSpace = wanted->slots - 1;
    file->Bitmap.va = h2k(ks, map);
    file->BitmapHint = 1;
    file->PageFileNumber = (USHORT)(number & 15);
    file->PageFileName.Length = (USHORT)name_size;
    file->PageFileName.MaximumLength = (USHORT)(name_size + sizeof(WCHAR));
    file->PageFileName.Buffer.va = h2k(ks, file + 1);
    *(uint64_t *)kspace_host(ks, map->Buffer.va) = 1; /* slot 0 */
    return file;
}

/* ---- creation -------------------------------------------------------------------------------- */

/* From here on the file is used. => false: that would pass the limit */
static bool publish(struct mm *mm, MMPAGING_FILE *file, void *storage, bool bounded)
{
    struct mi_paging *paging = &mm->paging_files;
    unsigned number = paging->count;

    ke_acquire_lock(&paging->lock);
    if (!bounded)
        paging->limit += file->MaximumSize;
    bool fits = mi_paging_room_locked(mm) >= file->Size;
    if (fits) {
        paging->files[number] = (struct mi_paging_file){file, storage};
        mm->ke->nt.MmPagingFile[number].va = h2k(&mm->ke->ks, file);
        *mm->ke->nt.MmNumberOfPagingFiles = number + 1;
        __atomic_fetch_add(mm->ke->nt.MmTotalCommitLimit, file->Size - 1, __ATOMIC_RELAXED);
        __atomic_store_n(&paging->count, number + 1, __ATOMIC_RELEASE);
    }
    ke_release_lock(&paging->lock);
    return fits;
}

/* => creation held */
static NTSTATUS create_file(struct mm *mm, const struct wanted_file *wanted)
{
    struct mi_paging *paging = &mm->paging_files;
    void *storage;

    if (paging->count == MI_PAGING_FILES)
        return STATUS_TOO_MANY_PAGING_FILES;
    MMPAGING_FILE *file = make_file(mm, paging->count, wanted);
    if (!file)
        return STATUS_INSUFFICIENT_RESOURCES;
    NTSTATUS status = paging->ops->open(mm->owner, paging->count, MI_VA(wanted->most), &storage);
    if (!NT_SUCCESS(status)) {
        free_file(mm, file);
        return status;
    }
    if (!publish(mm, file, storage, wanted->bounded)) {
        paging->ops->close(storage);
        free_file(mm, file);
        return STATUS_DISK_FULL;
    }
    return STATUS_SUCCESS;
}

NTSTATUS mm_create_paging_file(struct mm *mm, uint64_t minimum, uint64_t maximum)
{
    struct mi_paging *paging = &mm->paging_files;
    char text[40], which[4] = "";
    WCHAR name[sizeof(text)];
    struct wanted_file wanted = {.name = name, .slots = MI_VPN(minimum), .most = MI_VPN(maximum)};
    NTSTATUS status = check_sizes(&wanted, MI_LEAST_PAGING_FILE / PAGE_SIZE);

    if (!NT_SUCCESS(status))
        return status;
    pthread_mutex_lock(&paging->creation);
    if (paging->count > 0) /* the first is pagefile.sys, the others pagefile2.sys and so on */
        snprintf(which, sizeof(which), "%u", (paging->count + 1) % 100);
    snprintf(text, sizeof(text), "\\??\\C:\\pagefile%s.sys", which);
    for (; text[wanted.length]; wanted.length++)
        name[wanted.length] = (WCHAR)text[wanted.length];
    status = create_file(mm, &wanted);
    pthread_mutex_unlock(&paging->creation);
    return status;
}

/* ---- growth at somebody's wish --------------------------------------------------------------- */

/* => the old bitmap, of nobody now. NULL: all files would have more than the limit, and nothing
 * changed */
static RTL_BITMAP *enlarge(struct mm *mm, MMPAGING_FILE *file, RTL_BITMAP *larger,
                           const struct wanted_file *wanted)
{
    struct mi_paging *paging = &mm->paging_files;
    const struct kspace *ks = &mm->ke->ks;
    RTL_BITMAP *old = NULL;

    ke_acquire_lock(&paging->lock);
    uint64_t more = wanted->slots > file->Size ? wanted->slots - file->Size : 0;
    if (more <= mi_paging_room_locked(mm)) {
        old = k2h(ks, file->Bitmap);
        larger->SizeOfBitMap = old->SizeOfBitMap;
        memcpy(kspace_host(ks, larger->Buffer.va), kspace_host(ks, old->Buffer.va),
               BITMAP_WORDS(old->SizeOfBitMap) * sizeof(uint64_t));
        file->Bitmap.va = h2k(ks, larger);
        file->MinimumSize = wanted->slots;
        file->MaximumSize = wanted->most;
        mi_extend_file_locked(mm, file, more);
    }
    ke_release_lock(&paging->lock);
    return old;
}

/* => creation held */
static NTSTATUS extend_file(struct mm *mm, struct mi_paging_file *paging_file,
                            const struct wanted_file *wanted)
{
    MMPAGING_FILE *file = paging_file->file;

    if (wanted->slots < file->MinimumSize)
        return STATUS_INVALID_PARAMETER_2;
    if (wanted->most < file->MaximumSize)
        return STATUS_INVALID_PARAMETER_3;
    RTL_BITMAP *larger = make_bitmap(mm, 0, wanted->most);
    if (!larger)
        return STATUS_INSUFFICIENT_RESOURCES;
    NTSTATUS status = mm->paging_files.ops->extend(paging_file->storage, MI_VA(wanted->most));
    RTL_BITMAP *old = NT_SUCCESS(status) ? enlarge(mm, file, larger, wanted) : NULL;
    ex_free_pool(mm, old ? old : larger);
    return old || !NT_SUCCESS(status) ? status : STATUS_DISK_FULL;
}

NTSTATUS mm_add_paging_file(struct mm *mm, const WCHAR *name, size_t length, uint64_t minimum,
                            uint64_t maximum)
{
    struct mi_paging *paging = &mm->paging_files;
    struct wanted_file wanted = {.name = name,
                                 .length = length,
                                 .slots = MI_VPN(minimum),
                                 .most = MI_VPN(maximum),
                                 .bounded = true};
    struct mi_paging_file *same = NULL;
    NTSTATUS status = check_sizes(&wanted, ADDED_LEAST);

    if (!NT_SUCCESS(status))
        return status;
    if (length == 0 || length > MM_PAGING_NAME_MOST)
        return STATUS_OBJECT_NAME_INVALID;
    pthread_mutex_lock(&paging->creation);
    /* What no file can ever have needs no bits. */
    if (wanted.slots > paging->limit)
        status = STATUS_DISK_FULL;
    else if (wanted.most > paging->limit)
        wanted.most = paging->limit;
    for (unsigned i = 0; i < paging->count; i++) {
        if (has_name(mm, paging->files[i].file, name, length))
            same = &paging->files[i];
    }
    if (NT_SUCCESS(status))
        status = same ? extend_file(mm, same, &wanted) : create_file(mm, &wanted);
    pthread_mutex_unlock(&paging->creation);
    return status;
}

/* ---- what there is --------------------------------------------------------------------------- */

bool mm_query_paging_file(struct mm *mm, unsigned number, struct mm_paging_file *out)
{
    struct mi_paging *paging = &mm->paging_files;

    ke_acquire_lock(&paging->lock);
    bool exists = number < paging->count;
    if (exists) {
        const MMPAGING_FILE *file = paging->files[number].file;
        *out = (struct mm_paging_file){.size = file->Size,
                                       .in_use = file->Size - 1 - file->FreeSpace,
                                       .peak = file->PeakUsage,
                                       .minimum = file->MinimumSize,
                                       .maximum = file->MaximumSize,
                                       .name_length = file->PageFileName.Length / sizeof(WCHAR)};
        memcpy(out->name, kspace_host(&mm->ke->ks, file->PageFileName.Buffer.va),
               file->PageFileName.Length);
    }
    ke_release_lock(&paging->lock);
    return exists;
}

void mi_paging_files_initialize(struct mm *mm, const struct mm_paging_ops *ops)
{
    mm->paging_files.ops = ops ? ops : &mi_host_paging;
    ke_lock_init(&mm->paging_files.lock, KE_RANK_PAGE_FILE);
    pthread_mutex_init(&mm->paging_files.creation, NULL);
}

void mi_paging_files_close(struct mm *mm)
{
    struct mi_paging *paging = &mm->paging_files;

    for (unsigned i = 0; i < paging->count; i++)
        paging->ops->close(paging->files[i].storage);
    paging->count = 0;
    pthread_mutex_destroy(&paging->creation);
}
