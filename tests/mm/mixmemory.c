/* tests/mm/mixmemory.c: steps of a mix (mix.c) on private memory, contents and working sets. */
#include "mixsteps.h"

/* ---- private memory ------------------------------------------------------------------------- */

void mix_step_allocate(struct mix_worker *w)
{
    static const uint32_t types[] = {MEM_RESERVE, MEM_RESERVE | MEM_COMMIT, MEM_COMMIT, MEM_COMMIT};
    uint32_t type = types[random_below(&w->random, 4)];
    struct place at = type & MEM_RESERVE ? mix_place(w) : mix_used_place(w);

    if (at.base >= WATCHED && at.base < OWNED && type & MEM_RESERVE)
        type |= MEM_WRITE_WATCH;
    EXPECT(w,
           mm_allocate_virtual_memory(w->process->space, &at.base, 0, &at.size, type,
                                      mix_protection(&w->random)),
           STATUS_CONFLICTING_ADDRESSES, STATUS_INVALID_PAGE_PROTECTION, STATUS_ALREADY_COMMITTED,
           STATUS_SECTION_PROTECTION);
}

/* Large pages, or as many small ones, and gone again before long: they are a tenth of all RAM. */
void mix_step_large(struct mix_worker *w)
{
    uint64_t base = LARGE, size = MI_TABLE_SPAN;
    uint32_t type = MEM_RESERVE | MEM_COMMIT | (random_below(&w->random, 3) ? MEM_LARGE_PAGES : 0);

    if (random_below(&w->random, 3) == 0)
        EXPECT(w,
               mm_allocate_virtual_memory(w->process->space, &base, 0, &size, type, PAGE_READWRITE),
               STATUS_CONFLICTING_ADDRESSES);
    size = 0;
    if (random_below(&w->random, 3))
        EXPECT(w, mm_free_virtual_memory(w->process->space, &base, &size, MEM_RELEASE),
               STATUS_MEMORY_NOT_ALLOCATED, STATUS_FREE_VM_NOT_AT_BASE);
}

void mix_step_free(struct mix_worker *w)
{
    struct place at = mix_used_place(w);
    uint32_t type = random_below(&w->random, 2) ? MEM_DECOMMIT : MEM_RELEASE;

    if (random_below(&w->random, 3) == 0) { /* the whole of what is there */
        uint64_t base = query(w->process->space, at.base).AllocationBase.va;
        at = (struct place){base ? base : at.base, 0};
    }
    EXPECT(w, mm_free_virtual_memory(w->process->space, &at.base, &at.size, type),
           STATUS_MEMORY_NOT_ALLOCATED, STATUS_UNABLE_TO_FREE_VM, STATUS_FREE_VM_NOT_AT_BASE,
           STATUS_UNABLE_TO_DELETE_SECTION, STATUS_INVALID_PAGE_PROTECTION);
}

void mix_step_protect(struct mix_worker *w)
{
    struct place at = mix_used_place(w);
    uint32_t old, to = mix_protection(&w->random);

    EXPECT(w, mm_protect_virtual_memory(w->process->space, &at.base, &at.size, to, &old),
           STATUS_NOT_COMMITTED, STATUS_CONFLICTING_ADDRESSES, STATUS_INVALID_PAGE_PROTECTION,
           STATUS_SECTION_PROTECTION, STATUS_WAS_UNLOCKED);
}

void mix_step_reset(struct mix_worker *w)
{
    struct place at = mix_used_place(w);

    EXPECT(w,
           mm_allocate_virtual_memory(w->process->space, &at.base, 0, &at.size, MEM_RESET,
                                      PAGE_READWRITE),
           STATUS_CONFLICTING_ADDRESSES, STATUS_NOT_COMMITTED, STATUS_USER_MAPPED_FILE);
}

void mix_step_query(struct mix_worker *w)
{
    uint64_t va = mix_used_place(w).base + random_below(&w->random, PAGE_SIZE);
    MEMORY_BASIC_INFORMATION q = query(w->process->space, va);
    MEMORY_WORKING_SET_EX_INFORMATION item = {.VirtualAddress.va = va};
    MEMORY_REGION_INFORMATION region;
    uint64_t count;

    mix_expect(w, q.BaseAddress.va <= va && va - q.BaseAddress.va < q.RegionSize, "query's range",
               va);
    mix_expect(w, (q.State == MEM_RESERVE) == (q.Protect == 0), "query's state", va);
    EXPECT(w, mm_query_region(w->process->space, va, &region), STATUS_INVALID_ADDRESS);
    (void)mm_query_working_set_ex(w->process->space, &item, 1);
    (void)mm_query_working_set(w->process->space, NULL, 0, &count);
}

/* ---- contents ------------------------------------------------------------------------------- */

static NTSTATUS write_stamp(struct mix_worker *w, uint64_t va)
{
    uint64_t stamp = mix_stamp(w, va);

    return mm_copy_to_user(w->process->space, va + MIX_AT, &stamp, sizeof(stamp));
}

void mix_step_touch(struct mix_worker *w)
{
    struct place at = mix_used_place(w);
    bool write = random_below(&w->random, 2);

    for (uint64_t va = at.base; va < at.base + at.size && va < at.base + 16 * PAGE_SIZE;
         va += PAGE_SIZE) {
        uint64_t value = 0;
        NTSTATUS status =
            write ? write_stamp(w, va)
                  : mm_copy_from_user(w->process->space, &value, va + MIX_AT, sizeof(value));
        EXPECT(w, status, STATUS_ACCESS_VIOLATION, STATUS_GUARD_PAGE_VIOLATION,
               STATUS_IN_PAGE_ERROR);
        if (!write && NT_SUCCESS(status))
            mix_expect(w, mix_may_show(w, va, value), "bytes that belong elsewhere", va);
    }
}

/* ---- working sets --------------------------------------------------------------------------- */

void mix_step_lock(struct mix_worker *w)
{
    struct place at = mix_used_place(w);
    uint32_t type = 1 + random_below(&w->random, 3);

    if (random_below(&w->random, 2))
        EXPECT(w, mm_lock_virtual_memory(w->process->space, &at.base, &at.size, type),
               STATUS_ACCESS_VIOLATION, STATUS_GUARD_PAGE_VIOLATION, STATUS_WAS_LOCKED,
               STATUS_WORKING_SET_QUOTA, STATUS_IN_PAGE_ERROR);
    else
        EXPECT(w, mm_unlock_virtual_memory(w->process->space, &at.base, &at.size, type),
               STATUS_NOT_LOCKED);
}

void mix_step_limits(struct mix_worker *w)
{
    uint64_t least = 20 + random_below(&w->random, 60),
             most = least + random_below(&w->random, 300);

    if (random_below(&w->random, 3) == 0)
        least = most = UINT64_MAX;
    else
        least = MI_VA(least), most = MI_VA(most);
    EXPECT(w,
           mm_set_working_set_limits(w->process->space, least, most, random_below(&w->random, 16)),
           STATUS_BAD_WORKING_SET_LIMIT, STATUS_INVALID_PARAMETER);
    if (random_below(&w->random, 4) == 0)
        (void)mm_empty_working_set(w->process->space);
}

/* ---- write watches, physical pages ---------------------------------------------------------- */

void mix_step_watch(struct mix_worker *w)
{
    struct place at = mix_part(&w->random, WATCHED, WATCHED_PAGES, WATCHED_PAGES);
    uint64_t written[WATCHED_PAGES];
    size_t count = 0;
    NTSTATUS status =
        random_below(&w->random, 3)
            ? mm_get_write_watch(w->process->space, at.base, at.base + at.size,
                                 random_below(&w->random, 2), written, WATCHED_PAGES, &count)
            : mm_reset_write_watch(w->process->space, at.base, at.base + at.size);

    EXPECT(w, status, STATUS_INVALID_PARAMETER_1);
    for (size_t i = 0; NT_SUCCESS(status) && i < count; i++)
        mix_expect(w, written[i] >= at.base && written[i] < at.base + at.size, "a watched page",
                   written[i]);
}

static void own_pages(struct mix_worker *w, struct mix_process *p)
{
    size_t count = 1 + random_below(&w->random, 4);

    if (p->count + count > MIX_OWNED_MOST || random_below(&w->random, 3) == 0) {
        count = p->count;
        EXPECT(w, mm_free_physical_pages(p->space, p->owned, &count));
        mix_expect(w, count == p->count, "owned pages freed", count);
        p->count = 0;
        return;
    }
    if (NT_SUCCESS(mm_allocate_physical_pages(p->space, &p->owned[p->count], &count)))
        p->count += count;
}

void mix_step_physical(struct mix_worker *w)
{
    struct mix_process *p = w->process;
    uint64_t base = OWNED, size = MI_VA(OWNED_PAGES);
    uint64_t va = OWNED + MI_VA(random_below(&w->random, OWNED_PAGES));

    pthread_mutex_lock(&p->owning);
    switch (random_below(&w->random, 6)) {
    case 0:
        EXPECT(w,
               mm_allocate_virtual_memory(p->space, &base, 0, &size, MEM_RESERVE | MEM_PHYSICAL,
                                          PAGE_READWRITE),
               STATUS_CONFLICTING_ADDRESSES);
        break;
    case 1:
    case 2:
        own_pages(w, p);
        break;
    case 3:
        EXPECT(w, mm_map_physical_pages(p->space, &va, NULL, 1), STATUS_INVALID_PARAMETER_1);
        break;
    default:
        if (p->count > 0)
            EXPECT(w,
                   mm_map_physical_pages(
                       p->space, &va, &p->owned[random_below(&w->random, (uint32_t)p->count)], 1),
                   STATUS_INVALID_PARAMETER_1, STATUS_INVALID_PARAMETER_3);
        break;
    }
    pthread_mutex_unlock(&p->owning);
}
