/* src/engine/native_shadow.c: what of a space's page tables is mapped in its sandbox.
 *
 * The shadow is a cache of translations, as a TLB is. A page gets in when user code touches it and
 * the page tables allow that; A (and D on a write) are then set as a CPU would. A page whose D is
 * clear is mapped without the right to write, so that the first write comes here. Pages near it
 * whose translation would change nothing in the tables (A is set already) come along.
 *
 *      page tables:   valid,A   valid,A,D,W   valid        invalid
 *      sandbox:       read      read+write    --           --
 *                                             (first touch sets A)
 *
 * A page leaves when it is invalidated. The order of events makes that safe: the kernel writes the
 * PTE, then calls; filling reads the PTE and maps with space.lock held, invalidating takes the same
 * lock. Either filling came first, then the shadow knows the page and it is unmapped, or it sees
 * the new PTE. Unmapping is complete when the mapper has answered, on all CPUs.
 *
 * `directories` mirrors the structure of the page tables: 8192 directories, one for each GB of the
 * 8 TB of user space, of 512 leaf tables, of 512 entries.
 */
#define _GNU_SOURCE
#include "engine/native.h"
#include "hw/walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    LEAF_SHIFT = 21,
    DIRECTORY_SHIFT = 30,
    TABLE_ENTRIES = 512,
    DIRECTORIES = 1 << (43 - DIRECTORY_SHIFT),
    AROUND = 16, /* pages in an aligned group that are mapped together */
};
_Static_assert((uint64_t)DIRECTORIES << DIRECTORY_SHIFT == NATIVE_GUEST_END, "user half");

/* A shadow entry: the page's address, and the rights it is mapped with in the low bits, as PROT_*.
 * 0: not mapped. PROT_READ is always among the rights. */
static uint64_t entry_of(uint64_t pa, int protection)
{
    return pa | (uint64_t)protection;
}

static const uint64_t protection_mask = PROT_READ | PROT_WRITE | PROT_EXEC;

static uint64_t page_of(uint64_t address)
{
    return address & ~(uint64_t)(NATIVE_PAGE_SIZE - 1);
}

static size_t leaf_index(uint64_t va)
{
    return va >> LEAF_SHIFT & (TABLE_ENTRIES - 1);
}

static size_t page_index(uint64_t va)
{
    return va >> NATIVE_PAGE_SHIFT & (TABLE_ENTRIES - 1);
}

uint64_t *native_shadow_find(const struct native_shadow *shadow, uint64_t va)
{
    uint64_t **directory = shadow->directories[va >> DIRECTORY_SHIFT];
    uint64_t *leaf = directory ? directory[leaf_index(va)] : NULL;
    return leaf ? &leaf[page_index(va)] : NULL;
}

/* The leaf table of `va`, made as needed; NULL without memory. */
static uint64_t *make_leaf(struct native_shadow *shadow, uint64_t va)
{
    uint64_t ***directory = &shadow->directories[va >> DIRECTORY_SHIFT];
    if (!*directory) {
        *directory = calloc(TABLE_ENTRIES, sizeof(**directory));
        if (!*directory) {
            return NULL;
        }
    }
    uint64_t **leaf = &(*directory)[leaf_index(va)];
    if (!*leaf) {
        *leaf = calloc(TABLE_ENTRIES, sizeof(**leaf));
    }
    return *leaf;
}

int native_shadow_init(struct native_shadow *shadow)
{
    *shadow =
        (struct native_shadow){.directories = calloc(DIRECTORIES, sizeof(*shadow->directories))};
    return shadow->directories ? 0 : -ENOMEM;
}

static void clear(struct native_shadow *shadow)
{
    for (size_t i = 0; i < DIRECTORIES; i++) {
        uint64_t **directory = shadow->directories[i];
        for (size_t k = 0; directory && k < TABLE_ENTRIES; k++) {
            free(directory[k]);
        }
        free(directory);
        shadow->directories[i] = NULL;
    }
    shadow->pages = 0;
}

void native_shadow_deinit(struct native_shadow *shadow)
{
    if (shadow->directories) {
        clear(shadow);
    }
    free(shadow->directories);
    shadow->directories = NULL;
}

/* ---- walking ---- */

static bool read_physical(void *context, hw_pa pa, uint64_t *value)
{
    const struct engine *engine = context;
    if (pa.value > engine->ram_size - sizeof(*value)) {
        return false;
    }
    *value = __atomic_load_n((uint64_t *)(engine->ram + pa.value), __ATOMIC_ACQUIRE);
    return true;
}

static void walk(struct engine_space *space, uint64_t va, struct hw_access access,
                 struct hw_walk *out)
{
    const struct hw_mmu mmu = {
        .cr3 = {space->cr3},
        .maxphyaddr = space->engine->maxphyaddr,
        .nx = true,
        .wp = true,
        .read_physical = read_physical,
        .context = space->engine,
    };
    hw_walk(&mmu, (hw_va){va}, access, out);
}

static bool set_in_memory(struct engine *engine, const struct hw_step *step, hw_entry wanted)
{
    uint64_t expected = step->entry.value;
    return expected == wanted.value ||
           __atomic_compare_exchange_n((uint64_t *)(engine->ram + step->address.value), &expected,
                                       wanted.value, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

/* Set A at each level, and D in the last for a write. false: an entry changed meanwhile; walk
 * again. */
static bool set_accessed(struct engine *engine, const struct hw_walk *w, bool write)
{
    for (unsigned i = 0; i < w->step_count; i++) {
        hw_entry wanted = hw_entry_set_accessed(w->step[i].entry, 1);
        if (write && i == w->step_count - 1) {
            wanted = hw_entry_set_dirty(wanted, 1);
        }
        if (!set_in_memory(engine, &w->step[i], wanted)) {
            return false;
        }
    }
    return true;
}

static hw_entry leaf_of(const struct hw_walk *w)
{
    return w->step[w->step_count - 1].entry;
}

static int rights(const struct hw_walk *w, bool dirty)
{
    return PROT_READ | (w->writable && dirty ? PROT_WRITE : 0) | (w->executable ? PROT_EXEC : 0);
}

/* ---- filling ---- */

static void remember(struct native_shadow *shadow, uint64_t *entry, uint64_t value)
{
    shadow->pages += (value != 0) - (*entry != 0);
    *entry = value;
}

/* Drop everything. */
static int drop_all(struct engine_space *space)
{
    struct native_book *mapper = &space->sandbox.mapper;
    int rc = native_orders_settle(space);
    if (!rc) {
        rc = native_order_unmap(space, mapper, 0, NATIVE_GUEST_END);
    }
    if (!rc) {
        rc = native_orders_flush(space, mapper);
    }
    if (!rc) {
        clear(&space->shadow);
        native_ahead_forget(space);
    }
    return rc;
}

/* What the page at `va` could be mapped as without touching the page tables; 0: it cannot. */
static uint64_t candidate(struct engine_space *space, uint64_t va)
{
    struct hw_walk w;
    walk(space, va, (struct hw_access){.user = true}, &w);
    if (w.result != HW_OK || w.pa.value >= space->engine->ram_size) {
        return 0;
    }
    for (unsigned i = 0; i < w.step_count; i++) {
        if (!hw_entry_accessed(w.step[i].entry)) {
            return 0;
        }
    }
    int withheld = native_watch_withheld(space, va);
    if (withheld & PROT_READ) {
        return 0;
    }
    return entry_of(page_of(w.pa.value), rights(&w, hw_entry_dirty(leaf_of(&w))) & ~withheld);
}

/* The wanted entries of an aligned group of pages as few mappings: adjacent in both spaces. */
static int map_group(struct engine_space *space, struct native_book *book, uint64_t base,
                     uint64_t *entries, const uint64_t *wanted)
{
    int rc = 0;
    for (unsigned i = 0, n; !rc && i < AROUND; i += n) {
        n = 1;
        if (!wanted[i]) {
            continue;
        }
        while (i + n < AROUND && wanted[i + n] == wanted[i] + n * (uint64_t)NATIVE_PAGE_SIZE) {
            n++;
        }
        rc = native_order_map(space, book, base + i * (uint64_t)NATIVE_PAGE_SIZE,
                              n * (size_t)NATIVE_PAGE_SIZE, (int)(wanted[i] & protection_mask),
                              wanted[i] & ~protection_mask);
        for (unsigned k = i; k < i + n; k++) {
            remember(&space->shadow, &entries[k], wanted[k]);
        }
    }
    native_orders_post_maps(space, book);
    return rc ? rc : native_orders_check(space, book);
}

/* Is the PTE `distance` entries from the one that the walk found worth a walk of its own? As a rule
 * it is not, where memory is touched for the first time. */
static bool may_come_along(struct engine_space *space, const struct hw_walk *w, int distance)
{
    const struct hw_step *last = &w->step[w->step_count - 1];
    hw_pa at = {last->address.value + (uint64_t)((int64_t)distance * (int64_t)sizeof(uint64_t))};
    hw_entry entry;
    return last->level != 1 || (read_physical(space->engine, at, &entry.value) &&
                                hw_entry_present(entry) && hw_entry_accessed(entry));
}

/* Map the page at `va` as `entry`, and those near it that are ready. It may be in the shadow
 * already: another task is about to map it. */
static int map(struct engine_space *space, struct native_task *task, uint64_t va,
               const struct hw_walk *w, uint64_t entry)
{
    if (space->shadow.pages >= space->engine->pages_max) {
        int rc = drop_all(space);
        if (rc) {
            return rc;
        }
    }
    uint64_t *leaf = make_leaf(&space->shadow, va);
    if (!leaf) {
        return -ENOMEM;
    }
    unsigned index = (unsigned)page_index(va);
    if (!leaf[index] && (entry & protection_mask) == (PROT_READ | PROT_WRITE)) {
        bool opened;
        int rc = native_ahead_map(space, task, page_of(va), entry & ~protection_mask, &opened);
        if (rc || opened) {
            remember(&space->shadow, &leaf[index], opened ? entry : 0);
            native_orders_post_maps(space, &task->book);
            return rc ? rc : native_orders_check(space, &task->book);
        }
    }
    unsigned first = index / AROUND * AROUND;
    uint64_t base = page_of(va) - (uint64_t)(index - first) * NATIVE_PAGE_SIZE;
    uint64_t wanted[AROUND];
    for (unsigned i = 0; i < AROUND; i++) {
        bool skipped = leaf[first + i] || !may_come_along(space, w, (int)(first + i - index));
        wanted[i] = first + i == index ? entry
                    : skipped          ? 0
                                       : candidate(space, base + i * (uint64_t)NATIVE_PAGE_SIZE);
    }
    return map_group(space, &task->book, base, leaf + first, wanted);
}

/* Are these rights withheld from the access? Reading is the least of all. */
static bool is_watched(int withheld, struct hw_access access)
{
    int needed = PROT_READ | (access.write ? PROT_WRITE : 0) | (access.fetch ? PROT_EXEC : 0);
    return withheld & needed;
}

static enum native_fill fill(struct engine_space *space, struct native_task *task, uint64_t va,
                             struct hw_access access, uint32_t *fault_code)
{
    struct hw_walk w;
    int withheld = space->window == task ? 0 : native_watch_withheld(space, va);
    do {
        walk(space, va, access, &w);
        if (w.result == HW_NO_MEMORY ||
            (w.result == HW_OK && w.pa.value >= space->engine->ram_size)) {
            return NATIVE_FILL_ERROR;
        }
        if (w.result != HW_OK || va >= NATIVE_GUEST_END) {
            *fault_code = w.fault.value;
            return NATIVE_FILL_FAULT;
        }
        if (is_watched(withheld, access)) {
            return NATIVE_FILL_WATCHED;
        }
    } while (!set_accessed(space->engine, &w, access.write));
    bool dirty = access.write || hw_entry_dirty(leaf_of(&w));
    uint64_t entry = entry_of(page_of(w.pa.value), rights(&w, dirty) & ~withheld);
    return map(space, task, va, &w, entry) ? NATIVE_FILL_ERROR : NATIVE_FILL_DONE;
}

enum native_fill native_shadow_fill(struct engine_space *space, struct native_task *task,
                                    uint64_t va, uint32_t error_code, uint32_t *fault_code)
{
    const hw_fault asked = {error_code};
    const struct hw_access access = {
        .user = true, .write = hw_fault_write(asked), .fetch = hw_fault_fetch(asked)};
    pthread_mutex_lock(&space->lock);
    enum native_fill result = fill(space, task, va, access, fault_code);
    pthread_mutex_unlock(&space->lock);
    return result;
}

int native_shadow_read_byte(struct engine_space *space, uint64_t va)
{
    struct hw_walk w;
    walk(space, va, (struct hw_access){.user = true}, &w);
    if (w.result != HW_OK || w.pa.value >= space->engine->ram_size) {
        return -1;
    }
    return space->engine->ram[w.pa.value];
}

void native_shadow_clear_bits(struct engine_space *space, uint64_t va, uint8_t bits)
{
    struct hw_walk w;
    walk(space, va, (struct hw_access){.user = true, .write = true}, &w);
    if (w.result == HW_OK && w.pa.value < space->engine->ram_size) {
        __atomic_fetch_and(&space->engine->ram[w.pa.value], (uint8_t)~bits, __ATOMIC_RELAXED);
    }
}

/* ---- forgetting ---- */

/* What invalidation gathers: pages to unmap, as long as they are adjacent. */
struct unmapping {
    struct engine_space *space;
    struct native_book *book;
    uint64_t from, to; /* not ordered yet; equal: none */
    int rc;
};

static void order_range(struct unmapping *u)
{
    if (!u->rc && u->from != u->to) {
        u->rc = native_order_unmap(u->space, u->book, u->from, u->to - u->from);
    }
    u->from = u->to = 0;
}

static void forget(struct unmapping *u, uint64_t va, uint64_t *entry)
{
    remember(&u->space->shadow, entry, 0);
    if (u->to != page_of(va)) {
        order_range(u);
        u->from = page_of(va);
    }
    u->to = page_of(va) + NATIVE_PAGE_SIZE;
}

/* Is there no sandbox any more that could hold translations? One that is ending is waited for. */
static bool is_gone(struct engine_space *space)
{
    bool dead = atomic_load(&space->dead);
    if (dead) {
        native_sandbox_kill(space);
    }
    return dead;
}

/* => space.lock held until perform_unmapping is done */
static struct unmapping begin_unmapping(struct engine_space *space)
{
    return (struct unmapping){.space = space, .book = native_orders_idle(space)};
}

/* A sandbox that does not do what it was told may keep a translation: it must not run any more. */
static void perform_unmapping(struct unmapping *u)
{
    order_range(u);
    if (!u->rc) {
        u->rc = native_orders_flush(u->space, u->book);
    }
    if (u->rc) {
        native_sandbox_kill(u->space);
    }
}

/* Orders to map a page may be on their way to any task: they must not come after ours. */
static void settle_once(struct unmapping *u, bool *settled)
{
    if (!*settled) {
        u->rc = native_orders_settle(u->space);
        *settled = true;
    }
}

void native_invalidate(struct engine *engine, struct engine_space *space,
                       const struct engine_page *pages, size_t count)
{
    (void)engine;
    if (is_gone(space)) {
        return;
    }
    bool settled = false;
    pthread_mutex_lock(&space->lock);
    struct unmapping u = begin_unmapping(space);
    for (size_t i = 0; !u.rc && i < count; i++) {
        uint64_t *entry =
            pages[i].va < NATIVE_GUEST_END ? native_shadow_find(&space->shadow, pages[i].va) : NULL;
        if (entry && *entry) {
            settle_once(&u, &settled);
            forget(&u, pages[i].va, entry);
        }
    }
    perform_unmapping(&u);
    pthread_mutex_unlock(&space->lock);
}

void native_shadow_withhold(struct engine_space *space, uint64_t va, int withheld)
{
    uint64_t *entry = native_shadow_find(&space->shadow, va);
    if (entry && *entry & (uint64_t)withheld) {
        bool settled = false;
        struct unmapping u = begin_unmapping(space);
        settle_once(&u, &settled);
        forget(&u, va, entry);
        perform_unmapping(&u);
    }
}

/* Unmap what the page tables no longer say. */
static void recheck_leaf(struct unmapping *u, uint64_t base, uint64_t *leaf)
{
    for (unsigned i = 0; !u->rc && i < TABLE_ENTRIES; i++) {
        uint64_t va = base + i * (uint64_t)NATIVE_PAGE_SIZE;
        if (leaf[i] && leaf[i] != candidate(u->space, va)) {
            forget(u, va, &leaf[i]);
        }
    }
}

static void recheck(struct engine_space *space)
{
    bool settled = false;
    pthread_mutex_lock(&space->lock);
    struct unmapping u = begin_unmapping(space);
    settle_once(&u, &settled);
    for (uint64_t i = 0; !u.rc && i < DIRECTORIES; i++) {
        uint64_t **directory = space->shadow.directories[i];
        for (uint64_t k = 0; !u.rc && directory && k < TABLE_ENTRIES; k++) {
            if (directory[k]) {
                recheck_leaf(&u, i << DIRECTORY_SHIFT | k << LEAF_SHIFT, directory[k]);
            }
        }
    }
    perform_unmapping(&u);
    pthread_mutex_unlock(&space->lock);
}

/* Nothing is derived from a page-table page but leaf translations, so all there is to do is to
 * compare these with the tables. */
void native_invalidate_tables(struct engine *engine)
{
    pthread_mutex_lock(&engine->lock);
    for (struct engine_space *space = engine->spaces; space; space = space->next) {
        if (!is_gone(space)) {
            recheck(space);
        }
    }
    pthread_mutex_unlock(&engine->lock);
}
