/* tests/mm/test_large.c: large pages: what they are made of, that they stay, and what can be done
 * with them; at random against a model, among small pages that come and go. */
#include "support.h"

#include "mm/frames.h"
#include "mm/vad.h"
#include "nt/info.h"

#define LARGE (2 * MB)

static struct machine machine;
static struct mm_space *space;
static struct mm_statistics before;

static int setup(void **state)
{
    (void)state;
    machine_create_on(&machine, 64 * MB, 64 * MB, WITH_ENGINE, &test_paging_ops);
    before = settled(&machine);
    space = process_create(&machine);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_consistent(&machine);
    process_destroy(&machine, space);
    struct mm_statistics after = settled(&machine);
    assert_same_pages(&before, &after);
    machine_destroy(&machine);
    return 0;
}

static NTSTATUS try_large(uint64_t *base, uint64_t size, uint32_t protect_as)
{
    const uint32_t type = MEM_RESERVE | MEM_COMMIT | MEM_LARGE_PAGES;

    return mm_allocate_virtual_memory(space, base, 0, &size, type, protect_as);
}

static uint64_t large(uint64_t base, uint64_t size)
{
    assert_ok(try_large(&base, size, PAGE_READWRITE));
    return base;
}

static MEMORY_WORKING_SET_EX_BLOCK attributes(uint64_t va)
{
    MEMORY_WORKING_SET_EX_INFORMATION item = {.VirtualAddress.va = va};

    assert_status(STATUS_SUCCESS, mm_query_working_set_ex(space, &item, 1));
    return item.VirtualAttributes;
}

/* ---- what it is ---- */

static void one_entry_maps_it(void **state)
{
    uint64_t base = large(0, 2 * LARGE), pa, next;
    (void)state;

    assert_int_equal(base % LARGE, 0);
    assert_null(mi_find_pte(space, base));
    MMPTE pde = mi_read_pte(mi_find_large(space, base + LARGE));
    assert_true(pde.u.Hard.Valid && pde.u.Hard.LargePage && pde.u.Hard.Write && pde.u.Hard.Owner);
    assert_int_equal(pde.u.Hard.PageFrameNumber % MI_LARGE_FRAMES, 0);
    assert_true(mm_translate(space, base, &pa));
    assert_int_equal(pa % LARGE, 0);
    for (uint64_t offset = 0; offset < LARGE; offset += 0x1234) {
        assert_true(mm_translate(space, base + offset, &next));
        assert_int_equal(next, pa + offset);
        assert_int_equal(mm_ram(machine.mm)[next], 0);
    }
    const MMPFN *page = mi_pfn(machine.mm, pde.u.Hard.PageFrameNumber + 77);
    assert_int_equal(page->PteAddress.va, mi_pte_va(mi_pte_va(base + LARGE)));
    assert_int_equal(page->u2.ShareCount, 1);
    assert_int_equal(page->u3.e1.PageLocation, ActiveAndValid);
}

static void is_charged_and_no_working_set(void **state)
{
    const EPROCESS *process = mm_space_process(space);
    uint64_t commit_before = process->CommitCharge, size_before = process->VirtualSize;
    uint64_t resident = process->Vm.WorkingSetSize;
    (void)state;

    uint64_t base = large(0, LARGE);
    assert_true(process->CommitCharge >= commit_before + MI_LARGE_FRAMES);
    assert_int_equal(process->VirtualSize, size_before + LARGE);
    assert_ok(write_byte(space, base + 5, 1));
    assert_int_equal(process->Vm.WorkingSetSize, resident);
    MEMORY_WORKING_SET_EX_BLOCK block = attributes(base + LARGE - 1);
    assert_true(block.Valid && block.LargePage && !block.Shared);
    assert_int_equal(block.Win32Protection, PAGE_READWRITE);
    uint64_t small = allocate(space, 0, PAGE_SIZE, PAGE_READWRITE);
    assert_ok(write_byte(space, small, 1));
    assert_false(attributes(small).LargePage);
}

static void never_leaves(void **state)
{
    uint64_t base = large(0, LARGE), pa, again;
    uint8_t byte;
    (void)state;

    for (uint64_t offset = 0; offset < LARGE; offset += PAGE_SIZE)
        assert_ok(write_byte(space, base + offset, (uint8_t)(offset / PAGE_SIZE + 1)));
    assert_true(mm_translate(space, base, &pa));
    (void)mm_empty_working_set(space);
    take_all_frames(&machine);
    assert_int_equal(machine.recorder.writes, 0);
    assert_true(mm_translate(space, base, &again));
    assert_int_equal(again, pa);
    for (uint64_t offset = 0; offset < LARGE; offset += PAGE_SIZE) {
        assert_ok(read_byte(space, base + offset, &byte));
        assert_int_equal(byte, (uint8_t)(offset / PAGE_SIZE + 1));
    }
}

/* ---- changing it ---- */

static void protection_of_whole_pages(void **state)
{
    uint64_t base = large(0, 3 * LARGE), at = base, size = LARGE;
    uint32_t old;
    (void)state;

    assert_status(STATUS_CONFLICTING_ADDRESSES, protect(space, base, PAGE_SIZE, PAGE_READONLY));
    assert_status(STATUS_CONFLICTING_ADDRESSES,
                  protect(space, base + PAGE_SIZE, LARGE, PAGE_READONLY));
    assert_status(STATUS_INVALID_PAGE_PROTECTION, protect(space, base, LARGE, PAGE_NOACCESS));
    assert_status(STATUS_INVALID_PAGE_PROTECTION,
                  protect(space, base, LARGE, PAGE_READWRITE | PAGE_GUARD));
    assert_int_equal(query(space, base).RegionSize, 3 * LARGE);
    at += LARGE;
    size_t told = machine.recorder.pages;
    assert_ok(mm_protect_virtual_memory(space, &at, &size, PAGE_READONLY, &old));
    assert_int_equal(old, PAGE_READWRITE);
    assert_int_equal(machine.recorder.pages - told, MI_LARGE_FRAMES);
    assert_status(STATUS_ACCESS_VIOLATION, write_byte(space, at + 0x5432, 1));
    assert_ok(write_byte(space, at - 1, 1));
    assert_status(STATUS_ACCESS_VIOLATION, execute(space, base));
    assert_int_equal(query(space, base).RegionSize, LARGE);
    assert_int_equal(query(space, at).Protect, PAGE_READONLY);
    assert_int_equal(query(space, at + PAGE_SIZE).RegionSize, LARGE - PAGE_SIZE);
    assert_int_equal(query(space, at).AllocationProtect, PAGE_READWRITE);
    assert_consistent(&machine);
    assert_ok(protect(space, base, 3 * LARGE, PAGE_EXECUTE_READWRITE));
    assert_int_equal(query(space, base).RegionSize, 3 * LARGE);
    assert_ok(execute(space, at));
    assert_ok(write_byte(space, at, 1));
}

static void goes_as_a_whole(void **state)
{
    uint64_t base = large(0, 2 * LARGE), top;
    struct mm_statistics full = settled(&machine);
    (void)state;

    assert_status(STATUS_MEMORY_NOT_ALLOCATED, decommit(space, base, LARGE));
    assert_status(STATUS_FREE_VM_NOT_AT_BASE, release(space, base, LARGE));
    assert_status(STATUS_FREE_VM_NOT_AT_BASE, release(space, base + LARGE, 0));
    assert_status(STATUS_CONFLICTING_ADDRESSES, commit(space, base, PAGE_SIZE, PAGE_READWRITE));
    size_t tables = machine.recorder.table_calls;
    assert_ok(release(space, base, 0));
    assert_true(machine.recorder.table_calls > tables);
    struct mm_statistics empty = settled(&machine);
    assert_true(empty.available_pages >= full.available_pages + 2 * MI_LARGE_FRAMES);
    assert_true(full.committed_pages >= empty.committed_pages + 2 * MI_LARGE_FRAMES);
    /* The same place for small pages, and then again. */
    assert_int_equal(allocate(space, base, LARGE, PAGE_READWRITE), base);
    for (uint64_t va = base; va < base + LARGE; va += PAGE_SIZE)
        assert_ok(write_byte(space, va, 1));
    top = base;
    assert_status(STATUS_CONFLICTING_ADDRESSES, try_large(&top, LARGE, PAGE_READWRITE));
    assert_ok(release(space, base, 0));
    assert_int_equal(large(base, LARGE), base);
    assert_consistent(&machine);
}

static void locks_and_copies(void **state)
{
    uint64_t base = large(0, LARGE), at = base + LARGE - 4 * PAGE_SIZE, size = 4 * PAGE_SIZE,
             copied;
    char text[] = "over the edge of a small page", back[sizeof text];
    (void)state;

    assert_ok(mm_lock_virtual_memory(space, &at, &size, MAP_PROCESS));
    assert_ok(mm_copy_to_user(space, base + PAGE_SIZE - 7, text, sizeof text));
    uint64_t small = allocate(space, 0, PAGE_SIZE, PAGE_READWRITE);
    assert_ok(
        mm_copy_virtual_memory(space, base + PAGE_SIZE - 7, space, small, sizeof text, &copied));
    assert_ok(mm_copy_from_user(space, back, small, sizeof back));
    assert_memory_equal(text, back, sizeof text);
    MMPTE pde = mi_read_pte(mi_find_large(space, base));
    assert_true(pde.u.Hard.Accessed && pde.u.Hard.Dirty);
}

/* ---- when there is none ---- */

/* RAM in which every 2 MB has a page in use that cannot move. */
static void none_in_one_piece(void **state)
{
    struct mm *mm = machine.mm;
    uint64_t stones[64], base = 0, taken[32];
    size_t count = 0, pages = 0;
    (void)state;

    while (mi_take_large_pages(mm, &taken[count], 1) == STATUS_SUCCESS)
        count++;
    assert_true(count >= 8);
    for (size_t i = 0; i < count; i++) { /* all but one frame of each */
        stones[pages++] = taken[i] + 100;
        for (uint64_t frame = 0; frame < MI_LARGE_FRAMES; frame++)
            if (frame != 100)
                mi_free_page(mm, taken[i] + frame);
    }
    struct mm_statistics statistics = settled(&machine);
    assert_true(statistics.available_pages > 8 * MI_LARGE_FRAMES);
    uint64_t charge = mm_space_process(space)->CommitCharge;
    assert_status(STATUS_INSUFFICIENT_RESOURCES, try_large(&base, LARGE, PAGE_READWRITE));
    assert_int_equal(mm_space_process(space)->CommitCharge, charge);
    for (size_t i = 0; i < pages; i++)
        mi_free_page(mm, stones[i]);
    mi_return_resident(mm, count * MI_LARGE_FRAMES);
    assert_ok(try_large(&base, LARGE, PAGE_READWRITE));
}

static uint64_t map_all(SEGMENT *segment)
{
    struct mm_view view = {.segment = segment, .inherit = ViewUnmap, .protect = PAGE_READWRITE};

    assert_ok(mm_map_view(space, &view));
    return view.base;
}

/* Pages of a section that nobody maps make room, and are not lost. */
static void others_make_room(void **state)
{
    const uint64_t size = 50 * MB;
    uint64_t base = 0;
    SEGMENT *segment;
    uint8_t byte;
    (void)state;

    machine.recorder.writes_left = machine.recorder.reads_left = 1000000;
    assert_ok(mm_create_page_file_section(machine.mm, size, PAGE_READWRITE, SEC_COMMIT, &segment));
    uint64_t view = map_all(segment);
    for (uint64_t offset = 0; offset < size; offset += PAGE_SIZE)
        assert_ok(write_byte(space, view + offset, (uint8_t)(offset / PAGE_SIZE + 3)));
    assert_ok(mm_unmap_view(space, view));
    assert_ok(try_large(&base, 6 * LARGE, PAGE_READWRITE));
    assert_true(machine.recorder.writes > 0);
    assert_consistent(&machine);
    for (uint64_t offset = 0; offset < 6 * LARGE; offset += PAGE_SIZE) {
        assert_ok(read_byte(space, base + offset, &byte));
        assert_int_equal(byte, 0);
    }
    assert_ok(release(space, base, 0));
    view = map_all(segment);
    for (uint64_t offset = 0; offset < size; offset += PAGE_SIZE) {
        assert_ok(read_byte(space, view + offset, &byte));
        assert_int_equal(byte, (uint8_t)(offset / PAGE_SIZE + 3));
    }
    assert_ok(mm_unmap_view(space, view));
    mm_close_section(machine.mm, segment);
}

/* ---- sections ---- */

static SEGMENT *large_section(uint64_t pages)
{
    SEGMENT *segment;

    assert_ok(mm_create_page_file_section(machine.mm, pages * LARGE, PAGE_READWRITE,
                                          SEC_COMMIT | SEC_LARGE_PAGES, &segment));
    return segment;
}

static NTSTATUS try_view(struct mm_space *where, SEGMENT *segment, struct mm_view *view)
{
    view->segment = segment;
    view->inherit = ViewUnmap;
    return mm_map_view(where, view);
}

static void views_share_large_pages(void **state)
{
    SEGMENT *segment = large_section(3);
    struct mm_space *other = process_create(&machine);
    struct mm_view all = {.protect = PAGE_READWRITE};
    struct mm_view part = {.protect = PAGE_READONLY, .offset = LARGE, .size = LARGE};
    uint64_t charge = mm_space_process(space)->CommitCharge;
    uint8_t byte;
    (void)state;

    assert_ok(try_view(space, segment, &all));
    assert_ok(try_view(other, segment, &part));
    assert_int_equal(all.base % LARGE, 0);
    assert_int_equal(all.size, 3 * LARGE);
    assert_int_equal(part.base % LARGE, 0);
    assert_true(mm_space_process(space)->CommitCharge < charge + 8);
    MMPTE here = mi_read_pte(mi_find_large(space, all.base + LARGE));
    MMPTE there = mi_read_pte(mi_find_large(other, part.base));
    assert_int_equal(here.u.Hard.PageFrameNumber, there.u.Hard.PageFrameNumber);
    const MMPFN *page = mi_pfn(machine.mm, here.u.Hard.PageFrameNumber + 9);
    assert_true(page->u4.PrototypePte && page->u2.ShareCount == 3);
    assert_ok(write_byte(space, all.base + LARGE + 0x54321, 77));
    assert_ok(read_byte(other, part.base + 0x54321, &byte));
    assert_int_equal(byte, 77);
    assert_status(STATUS_ACCESS_VIOLATION, write_byte(other, part.base, 1));
    MEMORY_WORKING_SET_EX_BLOCK block = attributes(all.base + LARGE);
    assert_true(block.LargePage && block.Shared && block.ShareCount == 2);
    assert_int_equal(query(other, part.base).RegionSize, LARGE);
    assert_int_equal(query(other, part.base).Protect, PAGE_READONLY);
    assert_int_equal(query(space, all.base + PAGE_SIZE).Type, MEM_MAPPED);
    assert_consistent(&machine);
    (void)mm_empty_working_set(other);
    take_all_frames(&machine);
    process_destroy(&machine, other);
    assert_ok(mm_unmap_view(space, all.base));
    assert_consistent(&machine);
    assert_ok(try_view(space, segment, &all)); /* what is in it stays while nobody maps it */
    mm_close_section(machine.mm, segment);
    assert_ok(read_byte(space, all.base + LARGE + 0x54321, &byte));
    assert_int_equal(byte, 77);
    assert_consistent(&machine);
    assert_ok(mm_unmap_view(space, all.base));
}

static void views_of_whole_pages(void **state)
{
    SEGMENT *segment = large_section(2), *none;
    (void)state;
    static const struct {
        NTSTATUS status;
        struct mm_view view;
    } rows[] = {
        {STATUS_MAPPED_ALIGNMENT, {.protect = PAGE_READWRITE, .base = 0x40010000}},
        {STATUS_MAPPED_ALIGNMENT, {.protect = PAGE_READWRITE, .offset = 0x10000}},
        {STATUS_INVALID_VIEW_SIZE, {.protect = PAGE_READWRITE, .size = PAGE_SIZE}},
        {STATUS_INVALID_VIEW_SIZE, {.protect = PAGE_READWRITE, .size = 3 * LARGE}},
        {STATUS_INVALID_PAGE_PROTECTION, {.protect = PAGE_NOACCESS}},
        {STATUS_INVALID_PAGE_PROTECTION, {.protect = PAGE_WRITECOPY}},
        {STATUS_SECTION_PROTECTION, {.protect = PAGE_EXECUTE_READ}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct mm_view view = rows[i].view;
        assert_status(rows[i].status, try_view(space, segment, &view));
    }
    struct mm_view view = {.protect = PAGE_READWRITE, .base = 0x40000000};
    assert_ok(try_view(space, segment, &view));
    assert_int_equal(view.base, 0x40000000);
    assert_status(STATUS_CONFLICTING_ADDRESSES, protect(space, view.base, KB, PAGE_READONLY));
    assert_status(STATUS_SECTION_PROTECTION, protect(space, view.base, LARGE, PAGE_EXECUTE_READ));
    assert_status(STATUS_INVALID_PAGE_PROTECTION, protect(space, view.base, LARGE, PAGE_WRITECOPY));
    assert_ok(protect(space, view.base, LARGE, PAGE_READONLY));
    assert_int_equal(query(space, view.base).RegionSize, LARGE);
    assert_status(STATUS_ACCESS_VIOLATION, write_byte(space, view.base, 1));
    assert_ok(write_byte(space, view.base + LARGE, 1));
    assert_status(STATUS_ALREADY_COMMITTED, commit(space, view.base, KB, PAGE_READWRITE));
    assert_status(STATUS_UNABLE_TO_DELETE_SECTION, release(space, view.base, 0));
    mm_close_section(machine.mm, segment);
    const uint32_t kind = SEC_COMMIT | SEC_LARGE_PAGES;
    assert_status(STATUS_INVALID_PARAMETER_4,
                  mm_create_page_file_section(machine.mm, MB, PAGE_READWRITE, kind, &none));
    assert_status(STATUS_INVALID_PAGE_PROTECTION,
                  mm_create_page_file_section(machine.mm, LARGE, PAGE_WRITECOPY, kind, &none));
    assert_status(STATUS_INSUFFICIENT_RESOURCES,
                  mm_create_page_file_section(machine.mm, 64 * MB, PAGE_READWRITE, kind, &none));
}

/* ---- at random ---- */

#define ARENA 0x40000000ull
#define UNITS 12u /* of 2 MB */
#define SECTION_PAGES 4u

enum kind { NOTHING, SMALL, BIG, VIEW };

struct unit {
    enum kind kind;
    unsigned allocation;
    uint8_t value; /* of the byte at `where` */
    uint32_t where;
    bool writable;
};

struct model {
    SEGMENT *segment; /* SECTION_PAGES, each with its number in the first byte */
    struct unit unit[UNITS];
    unsigned allocations;
};

static bool is_free(const struct model *m, unsigned first, unsigned count)
{
    for (unsigned i = first; i < first + count; i++) {
        if (m->unit[i].kind != NOTHING)
            return false;
    }
    return true;
}

static void step_allocate(struct model *m, uint64_t *random)
{
    unsigned first = random_below(random, UNITS), count = 1 + random_below(random, 3);
    enum kind kind = random_below(random, 3) ? BIG : SMALL;

    if (first + count > UNITS)
        count = UNITS - first;
    uint64_t base = ARENA + first * LARGE, size = count * LARGE;
    uint32_t type = MEM_RESERVE | MEM_COMMIT | (kind == BIG ? MEM_LARGE_PAGES : 0);
    NTSTATUS status = mm_allocate_virtual_memory(space, &base, 0, &size, type, PAGE_READWRITE);
    if (!is_free(m, first, count)) {
        assert_true(status == STATUS_CONFLICTING_ADDRESSES ||
                    status == STATUS_INSUFFICIENT_RESOURCES);
        return;
    }
    if (status == STATUS_INSUFFICIENT_RESOURCES && kind == BIG)
        return; /* RAM may well be in pieces by now */
    assert_ok(status);
    m->allocations++;
    for (unsigned i = first; i < first + count; i++)
        m->unit[i] = (struct unit){.kind = kind, .allocation = m->allocations, .writable = true};
}

static void step_map(struct model *m, uint64_t *random)
{
    unsigned first = random_below(random, UNITS), page = random_below(random, SECTION_PAGES);
    struct mm_view view = {.protect = PAGE_EXECUTE_READ,
                           .base = ARENA + first * LARGE,
                           .offset = page * LARGE,
                           .size = LARGE};
    NTSTATUS status = try_view(space, m->segment, &view);

    if (!is_free(m, first, 1)) {
        assert_status(STATUS_CONFLICTING_ADDRESSES, status);
        return;
    }
    assert_ok(status);
    m->unit[first] =
        (struct unit){.kind = VIEW, .allocation = ++m->allocations, .value = (uint8_t)page};
}

static void step_release(struct model *m, uint64_t *random)
{
    unsigned at = random_below(random, UNITS), allocation = m->unit[at].allocation;

    if (m->unit[at].kind == NOTHING)
        return;
    while (at > 0 && m->unit[at - 1].allocation == allocation)
        at--;
    assert_ok(m->unit[at].kind == VIEW ? mm_unmap_view(space, ARENA + at * LARGE)
                                       : release(space, ARENA + at * LARGE, 0));
    for (; at < UNITS && m->unit[at].allocation == allocation; at++)
        m->unit[at] = (struct unit){.kind = NOTHING};
}

static void step_protect(struct model *m, uint64_t *random)
{
    unsigned at = random_below(random, UNITS);
    bool writable = random_below(random, 2);

    if (m->unit[at].kind == NOTHING || m->unit[at].kind == VIEW)
        return;
    assert_ok(
        protect(space, ARENA + at * LARGE, LARGE, writable ? PAGE_READWRITE : PAGE_EXECUTE_READ));
    m->unit[at].writable = writable;
}

static void step_touch(struct model *m, uint64_t *random)
{
    unsigned at = random_below(random, UNITS);
    struct unit *unit = &m->unit[at];
    uint8_t byte = 0;

    if (unit->kind == NOTHING)
        return;
    NTSTATUS status = read_byte(space, ARENA + at * LARGE + unit->where, &byte);
    assert_ok(status);
    assert_int_equal(byte, unit->value);
    uint32_t where = random_below(random, LARGE);
    if (!unit->writable) {
        assert_status(STATUS_ACCESS_VIOLATION, write_byte(space, ARENA + at * LARGE + where, 1));
        return;
    }
    assert_ok(write_byte(space, ARENA + at * LARGE + unit->where, 0));
    unit->where = where;
    unit->value = (uint8_t)random_below(random, 256);
    assert_ok(write_byte(space, ARENA + at * LARGE + where, unit->value));
}

static void compare(const struct model *m)
{
    for (unsigned i = 0; i < UNITS; i++) {
        uint64_t va = ARENA + i * LARGE;
        MEMORY_BASIC_INFORMATION q = query(space, va);
        assert_int_equal(q.State, m->unit[i].kind == NOTHING ? MEM_FREE : MEM_COMMIT);
        assert_int_equal(attributes(va).LargePage, m->unit[i].kind >= BIG);
        assert_int_equal(mi_find_large(space, va) != NULL, m->unit[i].kind >= BIG);
        if (m->unit[i].kind != NOTHING)
            assert_int_equal(q.Protect, m->unit[i].writable ? PAGE_READWRITE : PAGE_EXECUTE_READ);
    }
}

static void among_others(void **state)
{
    void (*const steps[])(struct model *, uint64_t *) = {
        step_allocate, step_map, step_release, step_protect, step_touch, step_touch, step_touch};
    struct mm_view view = {.protect = PAGE_EXECUTE_READWRITE};
    struct model model = {.allocations = 0};
    uint64_t random = random_seed();
    (void)state;

    assert_ok(mm_create_page_file_section(machine.mm, SECTION_PAGES * LARGE, PAGE_EXECUTE_READWRITE,
                                          SEC_COMMIT | SEC_LARGE_PAGES, &model.segment));
    assert_ok(try_view(space, model.segment, &view));
    for (unsigned i = 0; i < SECTION_PAGES; i++)
        assert_ok(write_byte(space, view.base + i * LARGE, (uint8_t)i));
    assert_ok(mm_unmap_view(space, view.base));

    for (int i = 0; i < 600; i++) {
        steps[random_below(&random, sizeof(steps) / sizeof(steps[0]))](&model, &random);
        if (i % 5 == 0)
            disturb(&machine, &random);
        if (i % 4 == 0) {
            assert_consistent(&machine);
            compare(&model);
        }
    }
    mm_close_section(machine.mm, model.segment); /* views keep it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_entry_maps_it, setup, teardown),
        cmocka_unit_test_setup_teardown(is_charged_and_no_working_set, setup, teardown),
        cmocka_unit_test_setup_teardown(never_leaves, setup, teardown),
        cmocka_unit_test_setup_teardown(protection_of_whole_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(goes_as_a_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(locks_and_copies, setup, teardown),
        cmocka_unit_test_setup_teardown(none_in_one_piece, setup, teardown),
        cmocka_unit_test_setup_teardown(others_make_room, setup, teardown),
        cmocka_unit_test_setup_teardown(views_share_large_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(views_of_whole_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(among_others, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
