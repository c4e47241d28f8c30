/* tests/mm/test_writer.c: modified pages on their way to files and paging files, what may happen
 * meanwhile, and who sees to it when pages run short. */
#include "support.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "mm/section.h"
#include "pe/pe.h"
#include "sample.h"

#define RAM (32 * MB)
#define PAGES 24u

static struct machine machine;
static struct mm_space *space;
static struct test_file *file;
static SEGMENT *segment;
static uint64_t view; /* of the whole file */

static void up(size_t capacity, uint64_t pagefile, int flags)
{
    machine_create_on(&machine, RAM, pagefile, WITH_ENGINE | flags, &test_paging_ops);
    space = process_create(&machine);
    file = test_file_create(&machine, capacity);
    file->size = capacity;
    for (size_t i = 0; i < capacity / PAGE_SIZE; i++)
        file->bytes[i * PAGE_SIZE] = (uint8_t)i;
    assert_ok(mm_create_file_section(machine.mm, file->object, file->size, &segment));
    struct mm_view map = {.segment = segment, .protect = PAGE_READWRITE, .inherit = 2};
    assert_ok(mm_map_view(space, &map));
    view = map.base;
}

static void down(void)
{
    mm_close_section(machine.mm, segment);
    process_destroy(&machine, space);
    assert_int_equal(file->references, 0);
    test_file_destroy(file);
    machine_destroy(&machine);
}

static const MMPFN *page_of_file(unsigned page)
{
    struct mi_run run;
    const struct mi_control *control = mi_control_of(machine.mm, segment);

    assert_true(mi_next_run(control, page, &run));
    return mi_pfn(machine.mm, mi_read_pte(&run.ptes[page - run.first]).u.Hard.PageFrameNumber);
}

static uint8_t byte_at(uint64_t va)
{
    uint8_t byte = 0;

    assert_ok(read_byte(space, va, &byte));
    return byte;
}

/* Change pages first .. end - 1 of the view, and have them leave the working set. */
static void modify(unsigned first, unsigned end, uint8_t byte)
{
    for (unsigned i = first; i < end; i++)
        assert_ok(write_byte(space, view + i * PAGE_SIZE, byte));
    mm_empty_working_set(space);
}

/* ---- the mapped page writer ------------------------------------------------------------------ */

/* Neighbours go together, whatever order they were changed in. */
static void neighbours_are_written_together(void **state)
{
    (void)state;
    up(PAGES * PAGE_SIZE, 0, 0);
    modify(7, 8, 99);
    modify(4, 7, 99);
    modify(10, 11, 99);
    assert_int_equal(page_of_file(5)->u3.e1.PageLocation, ModifiedPageList);
    assert_consistent(&machine);
    size_t writes = file->writes;
    assert_int_equal(mm_write_modified_pages(machine.mm, 100), 5);
    assert_int_equal(file->writes - writes, 2); /* 4..7 and 10 */
    for (unsigned i = 0; i < PAGES; i++) {
        bool changed = (i >= 4 && i < 8) || i == 10;
        assert_int_equal(file->bytes[i * PAGE_SIZE], changed ? 99 : i);
    }
    assert_int_equal(page_of_file(5)->u3.e1.PageLocation, StandbyPageList);
    assert_int_equal(mm_section_control_area(machine.mm, segment)->ModifiedWriteCount, 0);
    assert_consistent(&machine);
    assert_int_equal(mm_write_modified_pages(machine.mm, 100), 0);
    take_all_frames(&machine);
    assert_int_equal(mm_section_control_area(machine.mm, segment)->NumberOfPfnReferences, 0);
    assert_int_equal(byte_at(view + 4 * PAGE_SIZE), 99);
    down();
}

/* A page that cannot be written costs no other, and is written when it can be. */
static void bad_page_of_a_file(void **state)
{
    (void)state;
    up(PAGES * PAGE_SIZE, 0, 0);
    modify(0, PAGES, 50);
    file->bad_page = 3;
    mm_write_modified_pages(machine.mm, 100);
    for (unsigned i = 0; i < PAGES; i++)
        assert_int_equal(file->bytes[i * PAGE_SIZE], i == 3 ? 3 : 50);
    assert_int_equal(page_of_file(3)->u3.e1.PageLocation, ModifiedPageList);
    assert_int_equal(page_of_file(4)->u3.e1.PageLocation, StandbyPageList);
    assert_consistent(&machine);
    take_all_frames(&machine);
    assert_int_equal(byte_at(view + 3 * PAGE_SIZE), 50); /* still in memory */
    mm_empty_working_set(space);
    file->bad_page = NO_BAD_PAGE;
    assert_int_equal(mm_write_modified_pages(machine.mm, 100), 1);
    assert_int_equal(file->bytes[3 * PAGE_SIZE], 50);
    down();
}

/* Pages of a file that is not to be written by itself wait on a list of their own, until somebody
 * flushes it or it may be written again. */
static void held_back_until_flushed(void **state)
{
    (void)state;
    up(PAGES * PAGE_SIZE, 0, 0);
    CONTROL_AREA *area = mm_section_control_area(machine.mm, segment);
    const MMPFNLIST *held_back = machine.ke.nt.MmModifiedNoWritePageListHead;

    modify(0, 2, 60); /* on the modified list already */
    area->u.Flags.NoModifiedWriting = 1;
    modify(4, 6, 61);
    assert_int_equal(page_of_file(1)->u3.e1.PageLocation, ModifiedPageList);
    assert_int_equal(page_of_file(5)->u3.e1.PageLocation, ModifiedNoWritePageList);
    assert_consistent(&machine);
    size_t writes = file->writes;
    assert_int_equal(mm_write_modified_pages(machine.mm, 100), 0);
    assert_int_equal(file->writes, writes);
    assert_int_equal(held_back->Total, 4);
    assert_consistent(&machine);
    take_all_frames(&machine); /* they are nobody's to be had */
    assert_int_equal(held_back->Total, 4);
    assert_int_equal(byte_at(view + 5 * PAGE_SIZE), 61); /* a soft fault */
    mm_empty_working_set(space);
    assert_int_equal(held_back->Total, 4);
    assert_ok(mm_flush_file(machine.mm, test_file_sections(file)));
    assert_int_equal(held_back->Total, 0);
    assert_int_equal(page_of_file(5)->u3.e1.PageLocation, StandbyPageList);
    assert_int_equal(file->bytes[0], 60);
    assert_int_equal(file->bytes[5 * PAGE_SIZE], 61);
    modify(7, 8, 62);
    assert_int_equal(held_back->Total, 1);
    area->u.Flags.NoModifiedWriting = 0;
    assert_int_equal(mm_write_modified_pages(machine.mm, 100), 1);
    assert_int_equal(file->bytes[7 * PAGE_SIZE], 62);
    /* What is held back when the last one goes is written then. */
    area->u.Flags.NoModifiedWriting = 1;
    modify(9, 10, 63);
    assert_int_equal(held_back->Total, 1);
    assert_ok(mm_unmap_view(space, view));
    mm_close_section(machine.mm, segment);
    assert_int_equal(file->bytes[9 * PAGE_SIZE], 63);
    assert_int_equal(held_back->Total, 0);
    assert_consistent(&machine);
    process_destroy(&machine, space);
    test_file_destroy(file);
    machine_destroy(&machine);
}

static void change_page_2(void)
{
    assert_true(page_of_file(2)->u3.e1.WriteInProgress);
    assert_ok(write_byte(space, view + 2 * PAGE_SIZE, 61));
    mm_empty_working_set(space);
    assert_true(page_of_file(2)->u3.e1.Modified);
}

/* A page that is changed while it is written is written again. */
static void changed_meanwhile(void **state)
{
    (void)state;
    up(PAGES * PAGE_SIZE, 0, 0);
    modify(0, 4, 60);
    machine.recorder.during_write = change_page_2;
    mi_write_mapped(machine.mm, 4);
    assert_int_equal(page_of_file(1)->u3.e1.PageLocation, StandbyPageList);
    assert_int_equal(page_of_file(2)->u3.e1.PageLocation, ModifiedPageList);
    assert_consistent(&machine);
    assert_int_equal(mi_write_mapped(machine.mm, 4), 1);
    assert_int_equal(file->bytes[2 * PAGE_SIZE], 61);
    down();
}

static pthread_t other;

static void *flush_file(void *context)
{
    (void)context;
    assert_ok(mm_flush_file(machine.mm, test_file_sections(file)));
    assert_int_equal(file->bytes[PAGE_SIZE], 70);
    return NULL;
}

static void *cut_file(void *context)
{
    (void)context;
    mm_set_file_size(machine.mm, test_file_sections(file), PAGE_SIZE);
    memset(file->bytes + PAGE_SIZE, 0, file->capacity - PAGE_SIZE);
    __atomic_store_n(&file->size, PAGE_SIZE, __ATOMIC_RELAXED);
    return NULL;
}

static void start_flush(void)
{
    assert_int_equal(pthread_create(&other, NULL, flush_file, NULL), 0);
    usleep(2000); /* let it come to the page; whether it does changes nothing about the outcome */
}

static void start_cut(void)
{
    assert_int_equal(pthread_create(&other, NULL, cut_file, NULL), 0);
    usleep(2000);
}

/* A flush is not over before the writes that are on their way are. */
static void flush_waits(void **state)
{
    (void)state;
    up(PAGES * PAGE_SIZE, 0, 0);
    modify(0, 3, 70);
    machine.recorder.during_write = start_flush;
    assert_int_equal(mi_write_mapped(machine.mm, 3), 3);
    pthread_join(other, NULL);
    assert_consistent(&machine);
    down();
}

/* What is cut off a file is not brought back by a write that was on its way. */
static void cutting_waits(void **state)
{
    (void)state;
    up(PAGES * PAGE_SIZE, 0, 0);
    modify(0, 3, 71);
    assert_ok(mm_unmap_view(space, view));
    machine.recorder.during_write = start_cut;
    (void)mi_write_mapped(machine.mm, 3);
    pthread_join(other, NULL);
    assert_consistent(&machine);
    (void)mi_write_mapped(machine.mm, 3);
    assert_int_equal(file->bytes[0], 71);
    assert_int_equal(file->bytes[PAGE_SIZE], 0);
    assert_int_equal(file->bytes[2 * PAGE_SIZE], 0);
    down();
}

/* Pages of an image that all may change are nothing to be written to its file. */
static void shared_image_pages_go_to_the_paging_file(void **state)
{
    static uint8_t bytes[SAMPLE_SIZE];
    struct pe_image image;
    (void)state;

    up(PAGE_SIZE, 8 * MB, 0);
    sample_make(bytes);
    sample_sections(bytes)[2].Characteristics |= IMAGE_SCN_MEM_SHARED | IMAGE_SCN_MEM_WRITE;
    assert_int_equal(pe_open(&image, bytes, sizeof(bytes)), PE_OK);
    struct mm_view map = {.protect = PAGE_EXECUTE_READ, .inherit = 1};
    assert_ok(mm_create_image_section(machine.mm, &image, NULL, &map.segment));
    assert_ok(mm_map_view(space, &map));
    const CONTROL_AREA *area = mm_section_control_area(machine.mm, map.segment);
    uint64_t at = map.base + 0x3000;
    assert_ok(write_byte(space, at + 0x100, 88));
    uint64_t in_memory = area->NumberOfPfnReferences;
    mm_empty_working_set(space);
    assert_int_equal(area->NumberOfPfnReferences, in_memory - 1); /* no longer the file's */
    assert_consistent(&machine);
    assert_int_equal(mm_write_modified_pages(machine.mm, 100), 1);
    assert_int_equal(machine.recorder.writes, 1);
    take_all_frames(&machine);
    assert_consistent(&machine);
    assert_int_equal(byte_at(at + 0x100), 88);
    assert_int_equal(machine.recorder.reads, 1);
    assert_ok(mm_unmap_view(space, map.base));
    mm_close_section(machine.mm, map.segment);
    down();
}

/* ---- the modified page writer ---------------------------------------------------------------- */

static uint64_t memory; /* private, 4 pages */

static void change_memory(void)
{
    assert_ok(write_byte(space, memory + PAGE_SIZE, 41));
    mm_empty_working_set(space);
}

static void give_memory_up(void)
{
    assert_ok(decommit(space, memory + PAGE_SIZE, 2 * PAGE_SIZE));
}

static uint64_t free_slots(void)
{
    return ((MMPAGING_FILE *)k2h(&machine.ke.ks, machine.ke.nt.MmPagingFile[0]))->FreeSpace;
}

static void memory_up(void (*during_write)(void))
{
    up(PAGE_SIZE, 8 * MB, 0);
    memory = allocate(space, 0, 4 * PAGE_SIZE, PAGE_READWRITE);
    for (unsigned i = 0; i < 4; i++)
        assert_ok(write_byte(space, memory + i * PAGE_SIZE, 40));
    mm_empty_working_set(space);
    machine.recorder.during_write = during_write;
}

/* The slot of a page that changes while it is written is free when the write is over. */
static void memory_changed_meanwhile(void **state)
{
    (void)state;
    memory_up(change_memory);
    uint64_t before = free_slots();
    assert_int_equal(mi_write_modified(machine.mm, 4), 4);
    assert_int_equal(free_slots(), before - 3);
    assert_consistent(&machine);
    assert_int_equal(mi_write_modified(machine.mm, 4), 1);
    take_all_frames(&machine);
    assert_int_equal(byte_at(memory + PAGE_SIZE), 41);
    assert_int_equal(byte_at(memory + 2 * PAGE_SIZE), 40);
    down();
}

static void memory_given_up_meanwhile(void **state)
{
    (void)state;
    memory_up(give_memory_up);
    uint64_t before = free_slots();
    (void)mi_write_modified(machine.mm, 4);
    assert_int_equal(free_slots(), before - 2);
    assert_consistent(&machine);
    down();
}

/* The paging file is full: what does not fit stays in memory, and nobody notices. */
static void full_paging_file(void **state)
{
    const unsigned pages = 64;
    (void)state;

    up(PAGE_SIZE, 33 * PAGE_SIZE, 0);
    memory = allocate(space, 0, pages * PAGE_SIZE, PAGE_READWRITE);
    for (unsigned i = 0; i < pages; i++)
        assert_ok(write_byte(space, memory + i * PAGE_SIZE, (uint8_t)(i + 1)));
    mm_empty_working_set(space);
    assert_int_equal(mi_write_modified(machine.mm, 100), 32);
    assert_false(mi_paging_files_have_room(machine.mm));
    take_all_frames(&machine);
    assert_consistent(&machine);
    for (unsigned i = 0; i < pages; i++)
        assert_int_equal(byte_at(memory + i * PAGE_SIZE), i + 1);
    down();
}

static NTSTATUS commit_more(uint64_t bytes)
{
    uint64_t base = 0, size = bytes;

    return mm_allocate_virtual_memory(space, &base, 0, &size, MEM_RESERVE | MEM_COMMIT,
                                      PAGE_READWRITE);
}

/* The disk of the paging file is full, whatever the size of that: who asks for more than there is
 * without it is told at once, and gets it when there is room on the disk again. */
static void full_disk(void **state)
{
    (void)state;
    memory_up(NULL);
    assert_ok(commit_more(4 * MB));
    machine.recorder.writes_left = 0;
    assert_int_equal(mi_write_modified(machine.mm, 4), 0);
    assert_status(STATUS_COMMITMENT_LIMIT, commit_more(30 * MB));
    assert_ok(commit_more(MB));
    assert_consistent(&machine);
    machine.recorder.writes_left = -1;
    assert_ok(commit_more(24 * MB));
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(byte_at(memory + i * PAGE_SIZE), 40);
    down();
}

/* ---- running short --------------------------------------------------------------------------- */

/* A file three times as large as memory, and no paging file: written through a view, and read. */
static void mapped_file_larger_than_memory(void **state)
{
    const uint64_t pages = 3 * RAM / PAGE_SIZE;
    (void)state;

    up(pages * PAGE_SIZE, 0, 0);
    for (uint64_t i = 0; i < pages; i++)
        assert_ok(write_byte(space, view + i * PAGE_SIZE + 8, (uint8_t)(i * 7)));
    assert_consistent(&machine);
    for (uint64_t i = 0; i < pages; i++) {
        assert_int_equal(byte_at(view + i * PAGE_SIZE + 8), (uint8_t)(i * 7));
        assert_int_equal(byte_at(view + i * PAGE_SIZE), (uint8_t)i);
    }
    assert_consistent(&machine);
    assert_ok(mm_unmap_view(space, view));
    assert_ok(mm_flush_file(machine.mm, test_file_sections(file)));
    for (uint64_t i = 0; i < pages; i++)
        assert_int_equal(file->bytes[i * PAGE_SIZE + 8], (uint8_t)(i * 7));
    down();
}

/* All of memory is in the working set of `space`, and can be written away. */
static void fill_memory(uint64_t size)
{
    memory = allocate(space, 0, size, PAGE_READWRITE);
    for (uint64_t va = memory; va < memory + size; va += PAGE_SIZE)
        assert_ok(write_byte(space, va, 1));
}

/* Who allocates under a lock of mm makes room like everybody else: reclaiming waits for none of
 * them. Builds with NTMM_DEBUG check the order of locks as well. */
static void room_is_made_under_any_lock(void **state)
{
    void *block[64];
    (void)state;

    up(PAGE_SIZE, 64 * MB, 0);
    struct mm_space *mine = process_create(&machine);
    fill_memory(40 * MB);
    mi_lock_address_space(mine);
    mi_lock_working_set(mine);
    ex_acquire_push_lock_exclusive(&segment->SegmentLock, KE_RANK_SECTION);
    for (unsigned i = 0; i < 64; i++) {
        block[i] = ex_allocate_pool(machine.mm, NonPagedPool, 256 * KB, mm_tag("Test"));
        if (i < 48) /* 12 MB, of which there are less */
            assert_non_null(block[i]);
    }
    uint64_t pages = mm_allocate_system_pages(machine.mm, 4, false);
    assert_int_not_equal(pages, 0);
    ex_release_push_lock_exclusive(&segment->SegmentLock, KE_RANK_SECTION);
    mi_unlock_working_set(mine);
    mi_unlock_address_space(mine);
    assert_consistent(&machine);
    mm_free_system_pages(machine.mm, pages, 4);
    for (unsigned i = 0; i < 64; i++) {
        if (block[i])
            ex_free_pool(machine.mm, block[i]);
    }
    process_destroy(&machine, mine);
    down();
}

/* Working sets cannot be trimmed by who holds them; that ends in a status, not in a wait. */
static void own_working_set_is_passed_by(void **state)
{
    bool busy = false;
    (void)state;

    up(PAGE_SIZE, 64 * MB, 0);
    fill_memory(MB);
    mi_lock_working_set(space);
    mi_lock_working_set(&machine.mm->pool_space);
    assert_int_equal(mi_trim_all(machine.mm, 10, true, &busy), 0);
    assert_true(busy);
    mi_unlock_working_set(&machine.mm->pool_space);
    mi_unlock_working_set(space);
    assert_int_equal(mi_trim_all(machine.mm, 10, true, &busy), 10);
    assert_false(busy);
    down();
}

/* ---- the workers ----------------------------------------------------------------------------- */

static unsigned state_of(int worker)
{
    return __atomic_load_n(&machine.mm->worker[worker].state, __ATOMIC_SEQ_CST);
}

/* They are there when they are first needed, and not before. */
static void workers_come_when_needed(void **state)
{
    (void)state;
    up(48 * MB, 64 * MB, WITH_THREADS);
    fill_memory(4 * MB);
    assert_int_equal(state_of(MI_WORKER_BALANCE), MI_WORKER_ABSENT);
    assert_int_equal(state_of(MI_WORKER_MODIFIED), MI_WORKER_ABSENT);
    assert_int_equal(state_of(MI_WORKER_MAPPED), MI_WORKER_ABSENT);
    assert_ok(release(space, memory, 0));
    fill_memory(48 * MB);
    for (uint64_t va = view; va < view + 48 * MB; va += PAGE_SIZE)
        assert_ok(write_byte(space, va, 3));
    assert_int_not_equal(state_of(MI_WORKER_BALANCE), MI_WORKER_ABSENT);
    /* Whoever wrote them, these pages were trimmed and written; now the workers have time. */
    while (__atomic_load_n(machine.ke.nt.MmAvailablePages, __ATOMIC_RELAXED) <
           machine.mm->thresholds.low)
        usleep(1000);
    assert_consistent(&machine);
    for (uint64_t va = memory; va < memory + 48 * MB; va += PAGE_SIZE)
        assert_int_equal(byte_at(va), 1);
    down();
}

/* A machine that stands still does so in memory as well. */
static void workers_stand_still_with_the_machine(void **state)
{
    (void)state;

    up(PAGE_SIZE, 64 * MB, WITH_THREADS);
    ke_freeze(&machine.ke);
    fill_memory(28 * MB);
    mm_empty_working_set(space); /* enough to write */
    struct mm_statistics first, second;
    usleep(1000);
    mm_get_statistics(machine.mm, &first);
    usleep(20000);
    mm_get_statistics(machine.mm, &second);
    assert_true(first.modified > machine.mm->thresholds.modified);
    assert_memory_equal(&first, &second, sizeof(first));
    assert_int_equal(mm_check(machine.mm), 0);
    ke_thaw(&machine.ke);
    do {
        usleep(1000);
        mm_get_statistics(machine.mm, &second);
    } while (second.modified > machine.mm->thresholds.modified);
    down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neighbours_are_written_together),
        cmocka_unit_test(bad_page_of_a_file),
        cmocka_unit_test(held_back_until_flushed),
        cmocka_unit_test(changed_meanwhile),
        cmocka_unit_test(flush_waits),
        cmocka_unit_test(cutting_waits),
        cmocka_unit_test(shared_image_pages_go_to_the_paging_file),
        cmocka_unit_test(memory_changed_meanwhile),
        cmocka_unit_test(memory_given_up_meanwhile),
        cmocka_unit_test(full_paging_file),
        cmocka_unit_test(full_disk),
        cmocka_unit_test(mapped_file_larger_than_memory),
        cmocka_unit_test(room_is_made_under_any_lock),
        cmocka_unit_test(own_working_set_is_passed_by),
        cmocka_unit_test(workers_come_when_needed),
        cmocka_unit_test(workers_stand_still_with_the_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
