/* tests/mm/test_random_section.c: random calls on sections, over processes and threads, checked.
 *
 * In the first test one thread works on a few sections of memory and of files, with views of them
 * in several processes, whose pages leave memory and come back; the whole state is checked after
 * every step. Beside it is kept what every
 * byte that the calls look at should be:
 *
 *      section     one byte per page, the same for all views, reads and writes of it
 *      view        one byte per page that the process has a copy of
 *      file        what must be in it when nobody uses the section any more
 *
 * In the second, threads work at once and the state is checked at the end. NTMM_SEED repeats a run.
 */
#include "support.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mm/section.h"

#define SECTIONS 4u /* the first half are files */
#define FILES 2u
#define PROCESSES 4u
#define THREADS 8u
#define STEPS_OF_A_ROUND 50u /* of each thread */
#define VIEWS 4u             /* of a process */
#define PAGES_MOST 96u
#define PAGING_FILE (256 * PAGE_SIZE) /* full now and then */
#define UNIT_PAGES (MM_ALLOCATION_GRANULARITY / PAGE_SIZE)

/* ---- the model ------------------------------------------------------------------------------ */

struct section {
    SEGMENT *segment;       /* NULL: not open */
    struct test_file *file; /* NULL: memory */
    unsigned views;
    unsigned pages;
    bool reserved; /* not committed at once */
    uint8_t byte[PAGES_MOST];
    bool committed[PAGES_MOST];
};

struct view {
    struct section *section; /* NULL: none */
    uint64_t base;
    unsigned first, pages;
    bool copies, writable;
    bool own[PAGES_MOST]; /* copied */
    uint8_t byte[PAGES_MOST];
};

struct process {
    struct mm_space *space;
    struct view view[VIEWS];
};

struct world {
    struct machine machine;
    struct section section[SECTIONS];
    struct process process[PROCESSES];
    uint64_t random;
};

static bool in_use(const struct section *s)
{
    return s->segment || s->views > 0;
}

/* What a file has when nobody uses its section is what the model has. */
static void check_file(const struct section *s)
{
    if (!s->file || in_use(s))
        return;
    for (unsigned i = 0; i < s->pages; i++)
        assert_int_equal(s->file->bytes[i * PAGE_SIZE + 1], s->byte[i]);
    assert_int_equal(s->file->references, 0);
}

static void step_create(struct world *w, struct section *s)
{
    unsigned pages = 1 + random_below(&w->random, PAGES_MOST);

    if (s->segment)
        return;
    if (s->file) { /* grows, never shrinks */
        if (pages > s->pages) {
            s->pages = pages;
            s->file->size = pages * PAGE_SIZE - random_below(&w->random, PAGE_SIZE - 2);
        }
        assert_ok(
            mm_create_file_section(w->machine.mm, s->file->object, s->file->size, &s->segment));
        for (unsigned i = 0; i < s->pages; i++)
            s->committed[i] = true;
        return;
    }
    if (s->views > 0)
        return; /* of the one before, which the model still describes */
    memset(s->byte, 0, sizeof(s->byte));
    s->pages = pages;
    s->reserved = random_below(&w->random, 2);
    for (unsigned i = 0; i < pages; i++)
        s->committed[i] = !s->reserved;
    assert_ok(mm_create_page_file_section(w->machine.mm, pages * PAGE_SIZE, PAGE_EXECUTE_READWRITE,
                                          s->reserved ? SEC_RESERVE : SEC_COMMIT, &s->segment));
}

static void step_close(struct world *w, struct section *s)
{
    if (!s->segment)
        return;
    mm_close_section(w->machine.mm, s->segment);
    s->segment = NULL;
    check_file(s);
}

static struct view *random_view(struct world *w, struct process *p)
{
    return &p->view[random_below(&w->random, VIEWS)];
}

static void step_map(struct world *w, struct process *p)
{
    static const uint32_t protections[] = {PAGE_READWRITE, PAGE_READWRITE, PAGE_READONLY,
                                           PAGE_WRITECOPY, PAGE_EXECUTE_READ};
    struct view *v = random_view(w, p);
    struct section *s = &w->section[random_below(&w->random, SECTIONS)];
    uint32_t to = protections[random_below(&w->random, 5)];

    if (v->section || !s->segment)
        return;
    unsigned first = random_below(&w->random, (s->pages - 1) / UNIT_PAGES + 1) * UNIT_PAGES;
    unsigned pages =
        random_below(&w->random, 3) ? 1 + random_below(&w->random, s->pages - first) : 0;
    struct mm_view view = {.segment = s->segment,
                           .offset = first * PAGE_SIZE,
                           .size = pages * PAGE_SIZE,
                           .section_size = s->pages * PAGE_SIZE,
                           .protect = to,
                           .inherit = 2};
    assert_ok(mm_map_view(p->space, &view));
    memset(v, 0, sizeof(*v));
    *v = (struct view){.section = s,
                       .base = view.base,
                       .first = first,
                       .pages = pages ? pages : s->pages - first,
                       .copies = to == PAGE_WRITECOPY,
                       .writable = to == PAGE_WRITECOPY || to == PAGE_READWRITE};
    assert_int_equal(view.size, v->pages * PAGE_SIZE);
    s->views++;
}

static void forget_view(struct view *v)
{
    struct section *s = v->section;

    v->section = NULL;
    s->views--;
    check_file(s);
}

static void step_unmap(struct world *w, struct process *p)
{
    struct view *v = random_view(w, p);

    if (!v->section) {
        assert_status(STATUS_NOT_MAPPED_VIEW, mm_unmap_view(p->space, 0));
        return;
    }
    uint64_t inside = random_below(&w->random, v->pages) * PAGE_SIZE;
    assert_ok(mm_unmap_view(p->space, v->base + inside));
    forget_view(v);
}

static void touch_page(struct world *w, struct process *p, struct view *v, unsigned i)
{
    struct section *s = v->section;
    unsigned page = v->first + i;
    uint8_t byte = (uint8_t)random_below(&w->random, 256);
    uint64_t va = v->base + i * PAGE_SIZE + 1;

    if (!s->committed[page]) {
        assert_status(STATUS_ACCESS_VIOLATION, write_byte(p->space, va, byte));
        return;
    }
    if (random_below(&w->random, 2)) {
        assert_ok(read_byte(p->space, va, &byte));
        assert_int_equal(byte, v->own[i] ? v->byte[i] : s->byte[page]);
        return;
    }
    assert_status(v->writable ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION,
                  write_byte(p->space, va, byte));
    if (!v->writable)
        return;
    v->own[i] |= v->copies;
    if (v->own[i])
        v->byte[i] = byte;
    else
        s->byte[page] = byte;
}

static void step_touch(struct world *w, struct process *p)
{
    struct view *v = random_view(w, p);

    for (int i = 0; v->section && i < 6; i++)
        touch_page(w, p, v, random_below(&w->random, v->pages));
}

static void step_commit(struct world *w, struct process *p)
{
    struct view *v = random_view(w, p);

    if (!v->section || v->copies)
        return;
    struct section *s = v->section;
    unsigned i = random_below(&w->random, v->pages), pages = 1 + random_below(&w->random, 8);
    if (pages > v->pages - i)
        pages = v->pages - i;
    uint32_t to = v->writable ? PAGE_READWRITE : PAGE_READONLY;
    NTSTATUS status = commit(p->space, v->base + i * PAGE_SIZE, pages * PAGE_SIZE, to);
    if (s->file || !s->reserved) {
        assert_status(STATUS_ALREADY_COMMITTED, status);
        return;
    }
    assert_ok(status);
    for (unsigned page = v->first + i; page < v->first + i + pages; page++)
        s->committed[page] = true;
}

/* Rights that come and go change nothing about contents. */
static void step_protect(struct world *w, struct process *p)
{
    struct view *v = random_view(w, p);
    uint32_t usual = v->copies ? PAGE_WRITECOPY : PAGE_READWRITE;

    if (!v->section || !v->writable || v->section->reserved)
        return;
    unsigned i = random_below(&w->random, v->pages), pages = 1 + random_below(&w->random, 8);
    if (pages > v->pages - i)
        pages = v->pages - i;
    uint64_t at = v->base + i * PAGE_SIZE, size = pages * PAGE_SIZE;
    assert_ok(
        protect(p->space, at, size, random_below(&w->random, 2) ? PAGE_READONLY : PAGE_NOACCESS));
    assert_status(STATUS_ACCESS_VIOLATION, write_byte(p->space, at, 1));
    assert_int_equal(mm_check(w->machine.mm), 0);
    assert_ok(protect(p->space, at, size, usual));
}

/* As NtReadFile and NtWriteFile do. */
static void step_copy(struct world *w, struct section *s)
{
    unsigned page = random_below(&w->random, PAGES_MOST);
    uint8_t byte = (uint8_t)random_below(&w->random, 256), back = 0;
    size_t done;

    if (!s->file || !in_use(s) || page >= s->pages)
        return;
    uint64_t offset = page * PAGE_SIZE + 1;
    if (random_below(&w->random, 2)) {
        assert_ok(mm_copy_file(w->machine.mm, test_file_sections(s->file), offset, &byte, 1, true,
                               &done));
        s->byte[page] = byte;
    }
    assert_ok(
        mm_copy_file(w->machine.mm, test_file_sections(s->file), offset, &back, 1, false, &done));
    assert_int_equal(done, 1);
    assert_int_equal(back, s->byte[page]);
}

static void step_flush(struct world *w, struct process *p)
{
    struct view *v = random_view(w, p);

    if (!v->section)
        return;
    uint64_t base = v->base, size = 0;
    struct section *s = v->section;
    assert_status(s->file ? STATUS_SUCCESS : STATUS_NOT_MAPPED_DATA,
                  mm_flush_virtual_memory(p->space, &base, &size));
    if (s->file)
        assert_ok(mm_flush_file(w->machine.mm, test_file_sections(s->file)));
}

/* Some write fails now and then; what it was about stays. */
static void step_fail(struct world *w, struct process *p)
{
    struct view *v = random_view(w, p);

    if (!v->section || !v->section->file)
        return;
    v->section->file->bad_page = random_below(&w->random, v->section->pages);
    uint64_t base = v->base, size = 0;
    (void)mm_flush_virtual_memory(p->space, &base, &size);
    v->section->file->bad_page = NO_BAD_PAGE;
}

/* Pages leave working sets, are written, and go to others. */
static void step_disturb(struct world *w)
{
    disturb(&w->machine, &w->random);
    if (random_below(&w->random, 20) == 0)
        take_all_frames(&w->machine);
}

static void step_exit(struct world *w, struct process *p)
{
    process_destroy(&w->machine, p->space);
    for (unsigned i = 0; i < VIEWS; i++) {
        if (p->view[i].section)
            forget_view(&p->view[i]);
    }
    p->space = process_create(&w->machine);
}

static void step(struct world *w)
{
    struct process *p = &w->process[random_below(&w->random, PROCESSES)];
    struct section *s = &w->section[random_below(&w->random, SECTIONS)];

    switch (random_below(&w->random, 18)) {
    case 0:
    case 1:
        step_create(w, s);
        break;
    case 2:
        step_close(w, s);
        break;
    case 3:
    case 4:
    case 5:
        step_map(w, p);
        break;
    case 6:
        step_unmap(w, p);
        break;
    case 7:
        step_commit(w, p);
        break;
    case 8:
        step_protect(w, p);
        break;
    case 9:
        step_copy(w, s);
        break;
    case 10:
        step_flush(w, p);
        break;
    case 11:
        step_fail(w, p);
        break;
    case 12:
        if (random_below(&w->random, 12) == 0)
            step_exit(w, p);
        break;
    case 13:
    case 14:
        step_disturb(w);
        break;
    default:
        step_touch(w, p);
        break;
    }
}

static void world_create(struct world *w, int flags)
{
    memset(w, 0, sizeof(*w));
    w->random = random_seed();
    machine_create_on(&w->machine, 32 * MB, PAGING_FILE, WITH_ENGINE | flags, &test_paging_ops);
}

static void world_populate(struct world *w)
{
    for (unsigned i = 0; i < FILES; i++)
        w->section[i].file = test_file_create(&w->machine, PAGES_MOST * PAGE_SIZE);
    for (unsigned i = 0; i < PROCESSES; i++)
        w->process[i].space = process_create(&w->machine);
}

static void world_destroy(struct world *w, const struct mm_statistics *before)
{
    for (unsigned i = 0; i < PROCESSES; i++)
        process_destroy(&w->machine, w->process[i].space);
    for (unsigned i = 0; i < SECTIONS; i++) {
        if (w->section[i].segment)
            mm_close_section(w->machine.mm, w->section[i].segment);
        w->section[i].segment = NULL;
        w->section[i].views = 0;
        check_file(&w->section[i]);
        if (w->section[i].file)
            test_file_destroy(w->section[i].file);
    }
    struct mm_statistics after = settled(&w->machine);
    assert_same_pages(before, &after);
    machine_destroy(&w->machine);
}

static void one_thread(void **state)
{
    static struct world w;
    unsigned steps = random_steps(3000);
    (void)state;

    world_create(&w, 0);
    uint64_t seed = w.random;
    struct mm_statistics before = settled(&w.machine);
    world_populate(&w);
    for (unsigned i = 0; i < steps; i++) {
        step(&w);
        assert_consistent(&w.machine);
    }
    world_destroy(&w, &before);
    random_report(steps, "", PROCESSES, 1, seed);
}

/* ---- several threads ------------------------------------------------------------------------ */

struct worker {
    pthread_t thread;
    struct world *world;
    struct mm_space *space;
    uint64_t random;
    unsigned number;
    uint8_t mine[PAGES_MOST]; /* this thread's byte of each page of the file */
};

/* A file section that comes and goes with others working on it; each thread has a byte of its own
 * in every page, which nobody else may change, and which must be in the file in the end. */
static void share_file(struct worker *w)
{
    struct test_file *file = w->world->section[0].file;
    struct mm *mm = w->world->machine.mm;
    SEGMENT *segment;
    uint8_t byte;
    size_t done;

    assert_ok(mm_create_file_section(mm, file->object, file->size, &segment));
    struct mm_view view = {.segment = segment, .protect = PAGE_READWRITE, .inherit = 2};
    assert_ok(mm_map_view(w->space, &view));
    if (random_below(&w->random, 2))
        mm_close_section(mm, segment), segment = NULL;
    for (int i = 0; i < 12; i++) {
        unsigned page = random_below(&w->random, PAGES_MOST);
        uint64_t at = page * PAGE_SIZE + 64 * w->number;
        if (random_below(&w->random, 2)) {
            assert_ok(read_byte(w->space, view.base + at, &byte));
        } else {
            assert_ok(mm_copy_file(mm, test_file_sections(file), at, &byte, 1, false, &done));
            assert_int_equal(done, 1);
        }
        assert_int_equal(byte, w->mine[page]);
        w->mine[page]++;
        if (random_below(&w->random, 2))
            assert_ok(write_byte(w->space, view.base + at, w->mine[page]));
        else
            assert_ok(
                mm_copy_file(mm, test_file_sections(file), at, &w->mine[page], 1, true, &done));
    }
    uint64_t base = view.base, size = 0;
    if (random_below(&w->random, 3) == 0)
        assert_ok(mm_flush_virtual_memory(w->space, &base, &size));
    assert_ok(mm_unmap_view(w->space, view.base));
    if (segment)
        mm_close_section(mm, segment);
}

/* Memory that this thread shares with itself, in another process, while others do likewise. */
static void share_memory(struct worker *w)
{
    struct mm *mm = w->world->machine.mm;
    struct mm_space *other = w->world->process[(w->number + 1) % PROCESSES].space;
    struct mm_view here = {.protect = PAGE_READWRITE, .inherit = 2}, there = here;
    uint8_t byte;

    assert_ok(mm_create_page_file_section(mm, 128 * KB, PAGE_READWRITE, SEC_COMMIT, &here.segment));
    there.segment = here.segment;
    there.protect = random_below(&w->random, 2) ? PAGE_WRITECOPY : PAGE_READONLY;
    assert_ok(mm_map_view(w->space, &here));
    assert_ok(mm_map_view(other, &there));
    mm_close_section(mm, here.segment);
    for (uint64_t at = 0; at < 128 * KB; at += PAGE_SIZE * (1 + random_below(&w->random, 5))) {
        assert_ok(write_byte(w->space, here.base + at, (uint8_t)(at >> PAGE_SHIFT)));
        assert_ok(read_byte(other, there.base + at, &byte));
        assert_int_equal(byte, (uint8_t)(at >> PAGE_SHIFT));
    }
    assert_ok(mm_unmap_view(w->space, here.base));
    assert_ok(read_byte(other, there.base, &byte));
    assert_ok(mm_unmap_view(other, there.base));
}

static void *work(void *context)
{
    struct worker *w = context;

    for (unsigned i = 0; i < STEPS_OF_A_ROUND; i++) {
        if (i % 3 == 0)
            share_memory(w);
        else
            share_file(w);
    }
    return NULL;
}

static void round_of(struct worker workers[THREADS], struct world *w)
{
    struct disturber disturber;

    disturber_start(&disturber, &w->machine, w->random);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(workers[i].thread, NULL);
    disturber_stop(&disturber);
    assert_consistent(&w->machine);
    (void)random_below(&w->random, 1);
}

static void several_threads(void **state)
{
    static struct world w;
    static struct worker workers[THREADS];
    unsigned rounds = random_steps(3);
    (void)state;

    world_create(&w, WITH_THREADS);
    uint64_t seed = w.random;
    struct mm_statistics before = settled(&w.machine);
    world_populate(&w);
    struct test_file *file = w.section[0].file;
    file->size = file->capacity;
    for (unsigned i = 0; i < THREADS; i++)
        workers[i] = (struct worker){.world = &w,
                                     .space = w.process[i % PROCESSES].space,
                                     .random = w.random + i,
                                     .number = i};
    for (unsigned i = 0; i < rounds; i++)
        round_of(workers, &w);
    for (unsigned i = 0; i < THREADS; i++)
        for (unsigned page = 0; page < PAGES_MOST; page++)
            assert_int_equal(file->bytes[page * PAGE_SIZE + 64 * i], workers[i].mine[page]);
    world_destroy(&w, &before);
    random_report((uint64_t)rounds * THREADS * STEPS_OF_A_ROUND, " round of 400", PROCESSES,
                  THREADS, seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_thread),
        cmocka_unit_test(several_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
