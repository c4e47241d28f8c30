/* tests/mm/mix.c: every call on memory, in any order, by any number of threads.
 *
 * Each process has the same places, so that what an address may show is known without knowing what
 * others have done:
 *
 *      ARENA     private memory                     zero, or the stamp of process and address
 *      WATCHED   the same with a write watch        the same
 *      LARGE     the same in large pages            the same
 *      OWNED     physical pages (AWE)               zero, or the stamp of the process
 *      SHARED    views of section i at place i      zero, or the stamp of section and page
 *      COPIED    views whose pages are copied       that, or the stamp of process and address
 *      IMAGE     views of an image                  what is in the file, or the same
 *
 * So a frame with two owners, one that was not zeroed, or a copy that others see, shows as a stamp
 * that does not belong there. Any call may be aimed at any place; it succeeds, or says what its
 * documentation names.
 */
#include "mixsteps.h"

#include <stdio.h>
#include <string.h>

#define PAGING_FILE (1024 * PAGE_SIZE)
#define RAM (20 * MB)

/* ---- judging -------------------------------------------------------------------------------- */

void mix_expect(struct mix_worker *w, bool right, const char *what, uint64_t detail)
{
    if (right || w->wrong)
        return;
    w->wrong = what;
    w->detail = detail;
}

/* Whatever a call may say when there is not enough of something. */
static bool is_shortage(NTSTATUS status)
{
    return status == STATUS_NO_MEMORY || status == STATUS_COMMITMENT_LIMIT ||
           status == STATUS_INSUFFICIENT_RESOURCES;
}

void mix_expect_any(struct mix_worker *w, NTSTATUS status, const NTSTATUS *allowed,
                    const char *call)
{
    if (status == STATUS_SUCCESS || is_shortage(status))
        return;
    while (*allowed != STATUS_SUCCESS) {
        if (*allowed++ == status)
            return;
    }
    mix_expect(w, false, call, (uint32_t)status);
}

static uint64_t mixed(uint64_t value)
{
    return (value + 1) * 0x9E3779B97F4A7C15ull | 0x0101010101010101ull; /* no byte is zero */
}

static uint64_t private_stamp(const struct mix_worker *w, uint64_t va)
{
    uint64_t who = (uint64_t)(w->process - w->mix->process) + 1;

    return mixed(who << 48 | (va >= OWNED && va < LARGE ? OWNED : MI_VA(MI_VPN(va))));
}

uint64_t mix_section_stamp(unsigned section, uint64_t page)
{
    return mixed((uint64_t)section << 40 | page);
}

static unsigned section_at(uint64_t va, uint64_t *page)
{
    uint64_t offset = va - (va >= COPIED ? COPIED : SHARED);

    *page = MI_VPN(offset % PLACE_SPAN);
    return (unsigned)(offset / PLACE_SPAN);
}

static bool makes_copies(uint64_t va)
{
    uint64_t page;

    return va < SHARED || va >= COPIED || section_at(va, &page) == IMAGE;
}

bool mix_may_show(const struct mix_worker *w, uint64_t va, uint64_t value)
{
    uint64_t page;

    if (makes_copies(va) && value == private_stamp(w, va))
        return true;
    if (va < SHARED)
        return value == 0;
    unsigned section = section_at(va, &page);
    if (section == IMAGE)
        return value == w->mix->image_value[page];
    return value == 0 || value == mix_section_stamp(section, page);
}

uint64_t mix_stamp(const struct mix_worker *w, uint64_t va)
{
    uint64_t page;

    if (makes_copies(va))
        return private_stamp(w, va);
    unsigned section = section_at(va, &page);
    return mix_section_stamp(section, page);
}

/* ---- places --------------------------------------------------------------------------------- */

struct place mix_part(uint64_t *random, uint64_t base, unsigned pages, unsigned most)
{
    unsigned first = random_below(random, pages), count = 1 + random_below(random, most);

    if (count > pages - first)
        count = pages - first;
    return (struct place){base + MI_VA(first), MI_VA(count)};
}

uint64_t mix_view_place(uint64_t *random, unsigned section)
{
    return (random_below(random, 2) ? COPIED : SHARED) + section * PLACE_SPAN;
}

/* Mostly short, at times long. */
struct place mix_place(struct mix_worker *w)
{
    uint64_t *random = &w->random;
    unsigned most = random_below(random, 6) ? 8 : 100;

    switch (random_below(random, 10)) {
    case 0:
        return mix_part(random, WATCHED, WATCHED_PAGES, most);
    case 1:
        return mix_part(random, OWNED, OWNED_PAGES, most);
    case 2:
        return mix_part(random, LARGE, LARGE_PAGES, most);
    case 3:
    case 4:
    case 5: {
        unsigned section = random_below(random, MIX_SECTIONS);
        unsigned pages = section == IMAGE ? SAMPLE_IMAGE_SIZE / PAGE_SIZE : SECTION_PAGES;
        return mix_part(random, mix_view_place(random, section), pages, most);
    }
    default:
        return mix_part(random, ARENA, ARENA_PAGES, most);
    }
}

uint32_t mix_protection(uint64_t *random)
{
    static const uint32_t protections[] = {PAGE_READWRITE,
                                           PAGE_READWRITE,
                                           PAGE_READWRITE,
                                           PAGE_READWRITE,
                                           PAGE_READONLY,
                                           PAGE_NOACCESS,
                                           PAGE_EXECUTE,
                                           PAGE_EXECUTE_READ,
                                           PAGE_EXECUTE_READWRITE,
                                           PAGE_WRITECOPY,
                                           PAGE_EXECUTE_WRITECOPY,
                                           PAGE_READWRITE | PAGE_GUARD,
                                           PAGE_READONLY | PAGE_GUARD,
                                           PAGE_READWRITE | PAGE_NOCACHE,
                                           PAGE_READWRITE | PAGE_WRITECOMBINE};

    return protections[random_below(random, sizeof(protections) / sizeof(protections[0]))];
}

/* ---- what else happens ---------------------------------------------------------------------- */

static void step_disturb(struct mix_worker *w)
{
    disturb(&w->mix->machine, &w->random);
    if (w->mix->alone && random_below(&w->random, 40) == 0)
        take_all_frames(&w->mix->machine);
}

static void step_pools(struct mix_worker *w)
{
    struct mm *mm = w->mix->machine.mm;
    void *block[8];

    for (int i = 0; i < 8; i++) {
        size_t size = 1 + random_below(&w->random, random_below(&w->random, 8) ? 300 : 9000);
        enum _POOL_TYPE type = random_below(&w->random, 2) ? PagedPool : NonPagedPool;
        block[i] = ex_allocate_pool(mm, type, size, mm_tag("Rand"));
        if (block[i])
            memset(block[i], 0xA5, size);
    }
    for (int i = 0; i < 8; i++) {
        if (block[(i * 3) % 8])
            ex_free_pool(mm, block[(i * 3) % 8]);
    }
}

/* Another process takes its place, which nobody is in. */
static void step_exit(struct mix_worker *w)
{
    struct mix_process *p = w->process;

    if (random_below(&w->random, 12) > 0 || pthread_rwlock_trywrlock(&p->life) != 0)
        return;
    process_destroy(&w->mix->machine, p->space);
    p->count = 0;
    p->space = process_create(&w->mix->machine);
    pthread_rwlock_unlock(&p->life);
}

void mix_step(struct mix_worker *w)
{
    static void (*const steps[])(struct mix_worker *) = {
        mix_step_allocate, mix_step_allocate, mix_step_allocate, mix_step_free,
        mix_step_free,     mix_step_protect,  mix_step_protect,  mix_step_reset,
        mix_step_query,    mix_step_touch,    mix_step_touch,    mix_step_touch,
        mix_step_touch,    mix_step_large,    mix_step_lock,     mix_step_limits,
        mix_step_watch,    mix_step_physical, mix_step_physical, mix_step_section,
        mix_step_map,      mix_step_map,      mix_step_unmap,    mix_step_flush,
        mix_step_file,     mix_step_fail,     mix_step_copy,     step_disturb,
        step_disturb,      step_pools};
    unsigned which = random_below(&w->random, sizeof(steps) / sizeof(steps[0]) + 1);

    w->process = &w->mix->process[random_below(&w->random, MIX_PROCESSES)];
    w->steps++;
    if (which == sizeof(steps) / sizeof(steps[0])) {
        step_exit(w);
        return;
    }
    pthread_rwlock_rdlock(&w->process->life);
    steps[which](w);
    pthread_rwlock_unlock(&w->process->life);
}

void mix_assert_right(const struct mix_worker *w)
{
    if (w->wrong)
        print_error("step %llu: %s: %llx\n", (unsigned long long)w->steps, w->wrong,
                    (unsigned long long)w->detail);
    assert_null(w->wrong);
}

/* ---- beginning and end ---------------------------------------------------------------------- */

/* What views of the image show where stamps are written. */
static void read_image(struct mix *mix)
{
    struct mm_space *space = process_create(&mix->machine);
    struct mm_view view = {.protect = PAGE_EXECUTE_READ, .inherit = 1};

    sample_make(mix->image_file);
    assert_int_equal(pe_open(&mix->image, mix->image_file, sizeof(mix->image_file)), PE_OK);
    assert_ok(mix_open_section(mix, IMAGE, &view.segment));
    assert_ok(mm_map_view(space, &view));
    mm_close_section(mix->machine.mm, view.segment);
    for (uint64_t i = 0; i < SAMPLE_IMAGE_SIZE / PAGE_SIZE; i++)
        assert_ok(mm_copy_from_user(space, &mix->image_value[i], view.base + MI_VA(i) + MIX_AT,
                                    sizeof(mix->image_value[i])));
    process_destroy(&mix->machine, space);
}

void mix_create(struct mix *mix, int flags)
{
    memset(mix, 0, sizeof(*mix));
    machine_create_on(&mix->machine, RAM, PAGING_FILE, WITH_ENGINE | flags, &test_paging_ops);
    mix->before = settled(&mix->machine);
    read_image(mix);
    for (unsigned i = 0; i < MIX_SECTIONS; i++) {
        struct mix_section *s = &mix->section[i];
        pthread_rwlock_init(&s->open, NULL);
        s->pages = SECTION_PAGES;
        if (i != FILE_A && i != FILE_B)
            continue;
        s->file = test_file_create(&mix->machine, SECTION_PAGES * PAGE_SIZE);
        s->file->size = SECTION_PAGES * PAGE_SIZE;
    }
    for (unsigned i = 0; i < MIX_PROCESSES; i++) {
        pthread_rwlock_init(&mix->process[i].life, NULL);
        pthread_mutex_init(&mix->process[i].owning, NULL);
        mix->process[i].space = process_create(&mix->machine);
    }
}

void mix_destroy(struct mix *mix)
{
    for (unsigned i = 0; i < MIX_PROCESSES; i++) {
        process_destroy(&mix->machine, mix->process[i].space);
        pthread_rwlock_destroy(&mix->process[i].life);
        pthread_mutex_destroy(&mix->process[i].owning);
    }
    for (unsigned i = 0; i < MIX_SECTIONS; i++) {
        struct mix_section *s = &mix->section[i];
        if (s->segment)
            mm_close_section(mix->machine.mm, s->segment);
        if (s->file)
            test_file_destroy(s->file);
        pthread_rwlock_destroy(&s->open);
    }
    struct mm_statistics after = settled(&mix->machine);
    assert_same_pages(&mix->before, &after);
    machine_destroy(&mix->machine);
}
