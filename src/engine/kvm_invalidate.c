/* src/engine/kvm_invalidate.c: make KVM forget translations.
 *
 * Where KVM shadows our page tables it learns nothing of what the host writes to them, and
 * where the CPU walks them its TLB keeps what it read. Two things reach both, on all vCPUs, before
 * they return, and while these run:
 *
 *   - Dropping a page of KVM's own mapping of RAM (MADV_DONTNEED; the memfd keeps the content). The
 * MMU notifier removes every translation *to* that frame. This serves single pages, whatever
 *     virtual addresses map them.
 *   - Moving a memory slot. KVM throws away all its page tables. The slot is a spare page that
 * nothing maps, so that no vCPU can miss it meanwhile. This serves recycled page-table pages, whose
 * shadow KVM would otherwise find again by the frame number, and large batches.
 *
 * The PTE is written before either is called. KVM reads it again under its MMU lock before it
 * installs what it derived from it, so a fault that raced either sees the new PTE, or installs the
 * old one before the lock is ours and loses it to us.
 */
#include "base/assert.h"
#include "engine/kvm_vm.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

enum {
    SPARE_SLOT = 1,
    SPARE_POSITIONS = 2,
    /* docs/engine.md has the measurements behind these. Dropping a few frames more costs their next
     * touch a little, one call more interrupts all running vCPUs. */
    MERGE_GAP = 16,         /* frames */
    GLOBAL_FLUSH_RUNS = 16, /* from here on, forgetting everything is cheaper */
    BATCH = 256,            /* pages sorted at once; more are forgotten as a whole */
};

static int place_spare(struct engine *engine, unsigned position)
{
    struct kvm_userspace_memory_region region = {
        .slot = SPARE_SLOT,
        .guest_phys_addr = engine->ram_size + position * KVM_PAGE_SIZE,
        .memory_size = KVM_PAGE_SIZE,
        .userspace_addr = (uint64_t)engine->spare,
    };
    int rc;
    do {
        rc = ioctl(engine->vm_fd, KVM_SET_USER_MEMORY_REGION, &region);
    } while (rc && errno == EINTR);
    return rc ? -errno : 0;
}

int kvm_spare_slot_init(struct engine *engine)
{
    void *page = mmap(NULL, KVM_PAGE_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) {
        return -errno;
    }
    engine->spare = page;
    return place_spare(engine, 0);
}

void kvm_invalidate_tables(struct engine *engine)
{
    kvm_gate_follow_all(engine);
    kvm_forget_all(engine);
}

void kvm_forget_all(struct engine *engine)
{
    pthread_mutex_lock(&engine->slot_lock);
    unsigned next = (engine->spare_position + 1) % SPARE_POSITIONS;
    if (place_spare(engine, next) == 0) {
        engine->spare_position = next;
    } else {
        /* Out of memory for the slot table. Dropping all of RAM has the same effect, slowly. Going
         * on without either would show one process the memory of another. */
        int dropped = madvise(engine->ram, engine->ram_size, MADV_DONTNEED);
        ASSERT(dropped == 0);
    }
    pthread_mutex_unlock(&engine->slot_lock);
}

struct frame_run {
    uint64_t pfn, count;
};

static int by_pfn(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The frames of `pages` as runs, small gaps included. Returns their number, or runs_max + 1 when
 * there are more. Frames beyond RAM were never translated and are left out.
 * => count <= BATCH */
static size_t collect_runs(const struct engine *engine, const struct engine_page *pages,
                           size_t count, struct frame_run *runs, size_t runs_max)
{
    uint64_t pfn[BATCH];
    size_t frames = 0, n = 0;
    for (size_t i = 0; i < count; i++) {
        if (pages[i].pfn < engine->ram_size >> KVM_PAGE_SHIFT) {
            pfn[frames++] = pages[i].pfn;
        }
    }
    qsort(pfn, frames, sizeof(pfn[0]), by_pfn);
    for (size_t i = 0; i < frames; i++) {
        if (n && pfn[i] - (runs[n - 1].pfn + runs[n - 1].count - 1) <= MERGE_GAP) {
            runs[n - 1].count = pfn[i] - runs[n - 1].pfn + 1;
        } else if (n < runs_max) {
            runs[n++] = (struct frame_run){.pfn = pfn[i], .count = 1};
        } else {
            return runs_max + 1;
        }
    }
    return n;
}

void kvm_invalidate(struct engine *engine, struct engine_space *space,
                    const struct engine_page *pages, size_t count)
{
    (void)space; /* frames, not addresses, are what KVM can be told to forget */
    struct frame_run runs[GLOBAL_FLUSH_RUNS];
    size_t n = count > BATCH ? GLOBAL_FLUSH_RUNS + 1
                             : collect_runs(engine, pages, count, runs, GLOBAL_FLUSH_RUNS);
    if (n > GLOBAL_FLUSH_RUNS) {
        kvm_forget_all(engine);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        if (madvise(engine->ram + (runs[i].pfn << KVM_PAGE_SHIFT), runs[i].count << KVM_PAGE_SHIFT,
                    MADV_DONTNEED)) {
            kvm_forget_all(engine); /* refused where memory is locked (mlockall) */
            return;
        }
    }
}
