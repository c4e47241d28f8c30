/* src/mm/bootpfn.c: the first contents of the PFN database.
 *
 * Frames that boot gave away get their entries from the page tables that map them. All others are
 * on the zeroed lists, each colour's in ascending order, since a new memory file reads as zeroes:
 *
 *      frame 1 ...                            late                                     RAM
 *            |tables, nt, database, pool, free |               free                     |
 *            |<---- written in place --------->|<---- streamed into the RAM file ------>|
 *
 * The database of 512 MB is 6 MB, nearly all of it about free frames. To write those through a
 * mapping, Linux has to zero and map every page of it first; composed in a buffer that stays in the
 * cache and written to the file, they cost half, and no mapping that has to be taken down again.
 * Still that is a quarter of what starting and ending a small program takes, so it is done when
 * there is a need:
 *
 *      early frames run short       the zero-page thread lists the late ones, beside the program
 *      the lists are empty          who finds them so does it, or waits for who is at it
 *      somebody looks at memory     likewise: debugger, checker, dump
 *
 * Until then late frames are on no list (struct mm.listed_frames), and their part of the database
 * is a hole of the RAM file. They count as available and zeroed all the time, so nothing that a
 * program can ask for depends on when they are listed.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/host.h"
#include "ke/futex.h"
#include "mm/color.h"
#include "mm/frames.h"

#define LARGE_PAGE_FRAMES 512u
#define EARLY_FREE_FRAMES 1024u /* free frames to boot with, at least */
#define EARLY_FREE_LEAST 512u   /* fewer than these: it is time for the others */
/* Frames whose entries fill whole pages, and a buffer that fits into the second-level cache. */
#define STREAM_FRAMES 1024u
_Static_assert(STREAM_FRAMES * sizeof(MMPFN) % PAGE_SIZE == 0, "whole pages of the database");
_Static_assert(MI_TABLE_SPAN / PAGE_SIZE * sizeof(MMPFN) % PAGE_SIZE == 0, "and of its last part");
_Static_assert(MI_TABLE_SPAN / PAGE_SIZE % MI_COLORS_MOST == 0,
               "colors have equally many late ones");

void mi_boot_divide_frames(struct mm *mm, uint64_t first_free)
{
    uint64_t late = (first_free + EARLY_FREE_FRAMES + STREAM_FRAMES - 1) / STREAM_FRAMES;

    late *= STREAM_FRAMES;
    mm->listed_frames = late < mm->frames ? late : mm->frames;
}

/* What is known about holes of the RAM file: frames from `start` on and below `end` were never
 * touched, so that they read as zeroes. */
struct account {
    struct mm *mm;
    uint64_t start, end;
};

/* To look into a page of zeroes would make Linux allocate it. */
static bool is_untouched(struct account *account, uint64_t pfn)
{
    if (pfn < account->start || pfn >= account->end) {
        account->start = pfn;
        account->end =
            MI_VPN(host_memory_next_data(account->mm->ram_fd, MI_VA(pfn), account->mm->ram_size));
    }
    return pfn < account->end;
}

/* A frame that boot gave away: for good, and mapped by the PTE at `pte_va` of `table`. */
static void enter_frame(struct mm *mm, uint64_t pfn, uint64_t pte_va, uint64_t table)
{
    mi_page_taken(mi_pfn(mm, pfn));
    mi_initialize_pfn(mm, pfn, pte_va, table, MM_EXECUTE_READWRITE);
}

/* Account for the table `pfn` of `level`, whose first entry the self map shows at `entry_va`, and
 * for all that it maps. The PML4's own rows of user space and the self map are no business of
 * boot. */
static void enter_table(struct account *account, uint64_t pfn, unsigned level, uint64_t entry_va)
{
    struct mm *mm = account->mm;
    const MMPTE *table = mi_frame(mm, pfn);

    if (is_untouched(account, pfn))
        return;
    for (unsigned i = 0; i < MI_PTES_PER_TABLE; i++, entry_va += sizeof(MMPTE)) {
        MMPTE entry = table[i];
        if (!entry.u.Hard.Valid || (level == 4 && i == PXE_SELFMAP_SLOT))
            continue;
        uint64_t target = entry.u.Hard.PageFrameNumber;
        uint64_t frames = entry.u.Hard.LargePage ? LARGE_PAGE_FRAMES : 1;
        for (uint64_t f = 0; f < frames; f++)
            enter_frame(mm, target + f, entry_va, pfn);
        if (level < 4) {
            mi_pfn(mm, pfn)->UsedPageTableEntries++;
            mi_pfn(mm, pfn)->u2.ShareCount++;
        }
        if (level > 1 && !entry.u.Hard.LargePage)
            enter_table(account, target, level - 1, mi_va_of_pte(entry_va));
    }
}

static void initialize_lists(struct mm *mm)
{
    struct nt_globals *nt = &mm->ke->nt;

    mi_color_lists_initialize(mm);
    mi_list_initialize(nt->MmZeroedPageListHead, ZeroedPageList);
    mi_list_initialize(nt->MmFreePageListHead, FreePageList);
    for (unsigned i = 0; i < MI_PRIORITIES; i++)
        mi_list_initialize(&nt->MmStandbyPageListByPriority[i], StandbyPageList);
    mi_list_initialize(nt->MmModifiedPageListHead, ModifiedPageList);
    mi_list_initialize(nt->MmModifiedPageListByColor, ModifiedPageList);
    mi_list_initialize(nt->MmModifiedNoWritePageListHead, ModifiedNoWritePageList);
    mi_list_initialize(nt->MmBadPageListHead, BadPageList);
}

static void set_frames(struct mm *mm, enum mi_boot_frames state)
{
    __atomic_store_n(&mm->boot_frames, state, __ATOMIC_RELEASE);
    ke_futex_wake(&mm->boot_frames, INT_MAX, KE_FUTEX_HOST);
}

void mi_boot_early_frames(struct mm *mm)
{
    uint64_t directory = mi_system_directory_frame(), late = mm->listed_frames;
    struct account account = {.mm = mm};

    /* Have the host back what is about to be written at once, not page by page as it is touched.
     * Where that fails (an older host), touching does it. */
    madvise(mm->pfn, late * sizeof(MMPFN), MADV_POPULATE_WRITE);
    initialize_lists(mm);
    enter_frame(mm, directory, PXE_BASE + PXE_SELFMAP_SLOT * sizeof(MMPTE), directory);
    enter_table(&account, directory, 4, PXE_BASE);
    /* Frame 0 is never used: no page list and no PTE names it. */
    mi_page_taken(mi_pfn(mm, 0));
    for (uint64_t pfn = 1; pfn < late; pfn++) {
        /* The database was all zero: whoever has no reference is free. */
        if (mi_pfn(mm, pfn)->u3.e2.ReferenceCount == 0)
            mi_list_insert_tail(mm, mi_color_list(mm, ZeroedPageList, pfn), pfn);
    }
    *mm->ke->nt.MmAvailablePages += mm->frames - late;
    set_frames(mm, MI_FRAMES_EARLY);
}

/* ---- late frames ---------------------------------------------------------------------------- */

/* Write the entries of frames first .. first + count - 1 into the RAM file: on the zeroed list of
 * its colour, each has those one turn of colours before and after it for neighbours. `buffer` has
 * room for them. */
static void stream_entries(struct mm *mm, MMPFN *buffer, uint64_t first, uint64_t count)
{
    size_t size = count * sizeof(MMPFN);
    uint64_t offset = MI_VA(mm->database_frame) + first * sizeof(MMPFN);

    for (uint64_t i = 0; i < count; i++) {
        buffer[i] = (MMPFN){.u1.Flink = first + i + mm->colors, .u2.Blink = first + i - mm->colors};
        buffer[i].u3.e1.PageLocation = ZeroedPageList;
    }
    if (pwrite(mm->ram_fd, buffer, size, (off_t)offset) != (ssize_t)size)
        memcpy(mi_pfn(mm, first), buffer, size);
}

static void list_late_frames(struct mm *mm)
{
    MMPFN buffer[STREAM_FRAMES];
    uint64_t late = mm->listed_frames, count = mm->frames - late;

    for (uint64_t pfn = late; pfn < mm->frames; pfn += STREAM_FRAMES) {
        uint64_t left = mm->frames - pfn;
        stream_entries(mm, buffer, pfn, left < STREAM_FRAMES ? left : STREAM_FRAMES);
    }
    ke_acquire_lock(&mm->pfn_lock);
    if (count > 0) {
        ULONG64 *available = mm->ke->nt.MmAvailablePages;
        for (uint64_t pfn = late; pfn < late + mm->colors; pfn++)
            mi_list_append_run(mm, mi_color_list(mm, ZeroedPageList, pfn), pfn, count / mm->colors);
        __atomic_store_n(available, *available - count, __ATOMIC_RELAXED); /* counted twice now */
    }
    mm->listed_frames = mm->frames;
    ke_release_lock(&mm->pfn_lock);
}

void mi_list_all_frames(struct mm *mm)
{
    uint32_t state = MI_FRAMES_EARLY;

    if (__atomic_compare_exchange_n(&mm->boot_frames, &state, MI_FRAMES_LISTING, false,
                                    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        list_late_frames(mm);
        set_frames(mm, MI_FRAMES_ALL);
    }
    while (__atomic_load_n(&mm->boot_frames, __ATOMIC_ACQUIRE) == MI_FRAMES_LISTING)
        (void)ke_futex_wait(&mm->boot_frames, MI_FRAMES_LISTING, KE_FUTEX_HOST, NULL);
}

bool mi_early_frames_are_short(const struct mm *mm)
{
    const struct nt_globals *nt = &mm->ke->nt;

    return __atomic_load_n(&mm->boot_frames, __ATOMIC_RELAXED) == MI_FRAMES_EARLY &&
           __atomic_load_n(&nt->MmZeroedPageListHead->Total, __ATOMIC_RELAXED) +
                   __atomic_load_n(&nt->MmFreePageListHead->Total, __ATOMIC_RELAXED) <
               EARLY_FREE_LEAST;
}
