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
#include "engine/kvm_vm.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

enum {
    SPARE_SLOT = 1,
    SPARE_POSITIONS = 2,
    /* From this many runs of frames on, forgetting everything is cheaper (docs/engine.md). */
    GLOBAL_FLUSH_RUNS = 64,
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
    pthread_mutex_lock(&engine->slot_lock);
    unsigned next = (engine->spare_position + 1) % SPARE_POSITIONS;
    if (place_spare(engine, next) == 0) {
        engine->spare_position = next;
    } else {
        /* Out of memory for the slot table. Dropping all of RAM has the same effect, slowly. */
        madvise(engine->ram, engine->ram_size, MADV_DONTNEED);
    }
    pthread_mutex_unlock(&engine->slot_lock);
}

/* Length of the run of adjacent frames that starts at pages[0]. */
static size_t run_length(const struct engine_page *pages, size_t count)
{
    size_t n = 1;
    while (n < count && pages[n].pfn == pages[n - 1].pfn + 1) {
        n++;
    }
    return n;
}

static size_t count_runs(const struct engine_page *pages, size_t count)
{
    size_t runs = 0;
    for (size_t i = 0; i < count; i += run_length(pages + i, count - i)) {
        runs++;
    }
    return runs;
}

/* A frame beyond RAM was never translated: the range is cut there. */
static void drop_frames(struct engine *engine, uint64_t pfn, size_t count)
{
    uint64_t frames = engine->ram_size >> KVM_PAGE_SHIFT;
    if (pfn >= frames) {
        return;
    }
    if (count > frames - pfn) {
        count = frames - pfn;
    }
    madvise(engine->ram + (pfn << KVM_PAGE_SHIFT), count << KVM_PAGE_SHIFT, MADV_DONTNEED);
}

void kvm_invalidate(struct engine *engine, struct engine_space *space,
                    const struct engine_page *pages, size_t count)
{
    (void)space; /* frames, not addresses, are what KVM can be told to forget */
    if (count >= GLOBAL_FLUSH_RUNS && count_runs(pages, count) >= GLOBAL_FLUSH_RUNS) {
        kvm_invalidate_tables(engine);
        return;
    }
    for (size_t i = 0; i < count;) {
        size_t n = run_length(pages + i, count - i);
        drop_frames(engine, pages[i].pfn, n);
        i += n;
    }
}
