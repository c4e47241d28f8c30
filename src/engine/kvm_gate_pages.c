/* src/engine/kvm_gate_pages.c: the gate's pages, in each address space.
 *
 * They are the engine's and must not lie in the program's memory, where the program sees them, the
 * memory manager pages them out, and another process writes to them. So they are in a memory slot
 * of their own, beyond RAM, and above the 8 TB of user space:
 *
 *      process's PML4 in RAM           page directory that vCPUs get, in the slot
 *      [0..15]    user      ------>    [0..15]     the same tables from here on
 *                                      [FC]        tables of the block: code, pages of processors
 *      [100..1FF] kernel    ------>    [100..1FF]  the same
 *
 * The copy follows its original: an entry comes when user code first needs it, and its A bit is set
 * in RAM then; what became invalid goes with kvm_invalidate_tables. A space that gets no block,
 * since there are too many, runs on its own PML4 and has no gate: a jump there faults, and is a
 * system call all the same.
 *
 *      slot:  code | block | block | ...
 *      block: PML4 | PDPT | PD | PT | (control page, mailbox) of each processor
 */
#define _GNU_SOURCE
#include "engine/kvm_gate.h"
#include "engine/kvm_vm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

enum {
    GATE_SLOT = 2,
    BLOCKS_MAX = 1024,
    TABLE_ENTRIES = 512,
    USER_ENTRIES = TABLE_ENTRIES / 2,
    PXE_SHIFT = 39,
    TABLE_PAGES = 4, /* PML4, PDPT, PD, PT */
    PAGES_EACH_CPU = 2,
    SLOT_ALIGNMENT = 1 << 21,
};

enum { PTE_VALID = 1 << 0, PTE_WRITE = 1 << 1, PTE_USER = 1 << 2, PTE_ACCESSED = 1 << 5 };
static const uint64_t pte_nx = UINT64_C(1) << 63;

extern const uint8_t kvm_gate_code[], kvm_gate_end[];

static size_t block_pages(const struct engine *engine)
{
    return TABLE_PAGES + (size_t)PAGES_EACH_CPU * engine->cpus;
}

static size_t block_size(const struct engine *engine)
{
    return block_pages(engine) * KVM_PAGE_SIZE;
}

static uint64_t pa_of(const struct engine *engine, const uint8_t *at)
{
    return engine->gate_pa + (uint64_t)(at - engine->gate);
}

int kvm_gate_slot_init(struct engine *engine, unsigned maxphyaddr)
{
    const uint64_t size = KVM_PAGE_SIZE + BLOCKS_MAX * (uint64_t)block_size(engine);
    const uint64_t alignment = SLOT_ALIGNMENT;
    engine->gate_pa = (engine->ram_size / alignment + 2) * alignment; /* behind the spare slot */
    if (engine->gate_pa + size > UINT64_C(1) << maxphyaddr) {
        return 0;
    }
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED) {
        return -errno;
    }
    engine->gate = pages;
    engine->gate_size = size;
    madvise(pages, size, MADV_NOHUGEPAGE);
    memcpy(pages, kvm_gate_code, (size_t)(kvm_gate_end - kvm_gate_code));
    struct kvm_userspace_memory_region region = {
        .slot = GATE_SLOT,
        .guest_phys_addr = engine->gate_pa,
        .memory_size = size,
        .userspace_addr = (uint64_t)pages,
    };
    return ioctl(engine->vm_fd, KVM_SET_USER_MEMORY_REGION, &region) ? -errno : 0;
}

void kvm_gate_slot_deinit(struct engine *engine)
{
    if (engine->gate) {
        munmap(engine->gate, engine->gate_size);
    }
}

/* ---- the directory that vCPUs get ---- */

static _Atomic uint64_t *own_entry(const struct engine_space *space, size_t index)
{
    return (_Atomic uint64_t *)(space->engine->ram + space->cr3) + index;
}

static _Atomic uint64_t *copied_entry(const struct engine_space *space, size_t index)
{
    return (_Atomic uint64_t *)space->block + index;
}

/* User entries without A are left out: the first use brings them, and sets it. */
static void follow(struct engine_space *space)
{
    for (size_t i = 0; space->block && i < TABLE_ENTRIES; i++) {
        uint64_t entry = atomic_load(own_entry(space, i));
        bool in_use = i >= USER_ENTRIES || entry & PTE_ACCESSED;
        if (i != KVM_GATE_PXE) {
            atomic_store(copied_entry(space, i), entry & PTE_VALID && in_use ? entry : 0);
        }
    }
}

void kvm_gate_follow_all(struct engine *engine)
{
    pthread_mutex_lock(&engine->spaces_lock);
    for (struct engine_space *space = engine->spaces; space; space = space->next) {
        follow(space);
    }
    pthread_mutex_unlock(&engine->spaces_lock);
}

/* Another processor's fault may have brought the entry while ours was on its way. */
bool kvm_gate_follow_fault(const struct engine_cpu *cpu, struct engine_space *space, uint64_t va)
{
    size_t index = va >> PXE_SHIFT;
    if (!space->block || index >= USER_ENTRIES || index == KVM_GATE_PXE) {
        return false;
    }
    pthread_mutex_lock(&space->engine->spaces_lock);
    uint64_t entry = atomic_load(own_entry(space, index));
    if (entry & PTE_VALID) {
        entry = atomic_fetch_or(own_entry(space, index), PTE_ACCESSED) | PTE_ACCESSED;
        if (atomic_exchange(copied_entry(space, index), entry) != entry) {
            atomic_fetch_add(&space->entries_added, 1);
        }
    }
    pthread_mutex_unlock(&space->engine->spaces_lock);
    return atomic_load(&space->entries_added) != cpu->entries_seen;
}

/* ---- blocks ---- */

static void set_entry(uint8_t *table, size_t index, uint64_t entry)
{
    memcpy(table + index * sizeof(entry), &entry, sizeof(entry));
}

static void build_block(struct engine_space *space)
{
    const struct engine *engine = space->engine;
    const uint64_t table = PTE_VALID | PTE_WRITE | PTE_USER | PTE_ACCESSED;
    const uint64_t page = PTE_VALID | PTE_USER;
    uint8_t *pml4 = space->block, *pdpt = pml4 + KVM_PAGE_SIZE, *pd = pdpt + KVM_PAGE_SIZE;
    uint8_t *pt = pd + KVM_PAGE_SIZE, *first = pt + KVM_PAGE_SIZE;
    set_entry(pml4, KVM_GATE_PXE, pa_of(engine, pdpt) | table);
    set_entry(pdpt, 0, pa_of(engine, pd) | table);
    set_entry(pd, 0, pa_of(engine, pt) | table);
    set_entry(pt, 0, engine->gate_pa | page);
    for (unsigned i = 0; i < engine->cpus; i++) {
        uint8_t *control = first + (size_t)PAGES_EACH_CPU * i * KVM_PAGE_SIZE;
        set_entry(pt, 1 + PAGES_EACH_CPU * i, pa_of(engine, control) | page | pte_nx);
        set_entry(pt, 2 + PAGES_EACH_CPU * i,
                  pa_of(engine, control + KVM_PAGE_SIZE) | page | PTE_WRITE | pte_nx);
        uint64_t va = kvm_gate_control_va(i);
        set_entry(control, KVM_GATE_STACK / sizeof(va), va + KVM_GATE_MAILBOX_END);
        set_entry(control, KVM_GATE_FLAGS_AT / sizeof(va), va + KVM_GATE_FLAGS);
    }
}

uint64_t kvm_gate_control_va(unsigned cpu)
{
    return KVM_GATE_BASE + (1 + (uint64_t)PAGES_EACH_CPU * cpu) * KVM_PAGE_SIZE;
}

uint8_t *kvm_gate_control(const struct engine_space *space, unsigned cpu)
{
    return space->block
               ? space->block + (TABLE_PAGES + (size_t)PAGES_EACH_CPU * cpu) * KVM_PAGE_SIZE
               : NULL;
}

/* => spaces_lock held. false: there is none left */
static bool take_block(struct engine_space *space, bool *used_before)
{
    struct engine *engine = space->engine;
    *used_before = engine->free_blocks != NULL;
    if (*used_before) {
        space->block = engine->free_blocks;
        memcpy(&engine->free_blocks, space->block, sizeof(engine->free_blocks));
        memset(space->block, 0, block_size(engine));
    } else if (engine->gate && engine->blocks < BLOCKS_MAX) {
        space->block = engine->gate + KVM_PAGE_SIZE + engine->blocks++ * block_size(engine);
    }
    return space->block != NULL;
}

void kvm_gate_add_space(struct engine_space *space)
{
    struct engine *engine = space->engine;
    bool used_before;
    pthread_mutex_lock(&engine->spaces_lock);
    space->run_cr3 = space->cr3;
    if (take_block(space, &used_before)) {
        build_block(space);
        follow(space);
        space->run_cr3 = pa_of(engine, space->block);
    }
    space->next = engine->spaces;
    engine->spaces = space;
    pthread_mutex_unlock(&engine->spaces_lock);
    if (used_before) {
        kvm_forget_all(engine); /* KVM may know the pages as another space's tables */
    }
}

void kvm_gate_remove_space(struct engine_space *space)
{
    struct engine *engine = space->engine;
    pthread_mutex_lock(&engine->spaces_lock);
    struct engine_space **link = &engine->spaces;
    while (*link != space) {
        link = &(*link)->next;
    }
    *link = space->next;
    if (space->block) {
        memcpy(space->block, &engine->free_blocks, sizeof(engine->free_blocks));
        engine->free_blocks = space->block;
    }
    pthread_mutex_unlock(&engine->spaces_lock);
}
