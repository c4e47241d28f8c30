/* tests/mm/mixsection.c: steps of a mix (mix.c) on sections, their views and files. */
#include "mixsteps.h"

#include "mm/section.h"

/* ---- sections ------------------------------------------------------------------------------- */

NTSTATUS mix_open_section(struct mix *mix, enum section_kind kind, SEGMENT **segment)
{
    struct mix_section *s = &mix->section[kind];
    struct mm *mm = mix->machine.mm;

    switch (kind) {
    case FILE_A:
    case FILE_B:
        return mm_create_file_section(mm, s->file->object, s->file->size, segment);
    case IMAGE:
        return mm_create_image_section(mm, &mix->image, NULL, segment);
    case LARGE_SECTION:
        return mm_create_page_file_section(mm, MI_TABLE_SPAN, PAGE_EXECUTE_READWRITE,
                                           SEC_COMMIT | SEC_LARGE_PAGES, segment);
    default:
        return mm_create_page_file_section(mm, MI_VA(s->pages), PAGE_EXECUTE_READWRITE,
                                           kind == RESERVED ? SEC_RESERVE : SEC_COMMIT, segment);
    }
}

void mix_step_section(struct mix_worker *w)
{
    enum section_kind kind = random_below(&w->random, MIX_SECTIONS);
    struct mix_section *s = &w->mix->section[kind];

    pthread_rwlock_wrlock(&s->open);
    if (s->segment) {
        mm_close_section(w->mix->machine.mm, s->segment);
        s->segment = NULL;
    } else {
        SEGMENT *segment;
        NTSTATUS status = mix_open_section(w->mix, kind, &segment);
        EXPECT(w, status);
        if (NT_SUCCESS(status))
            s->segment = segment;
    }
    pthread_rwlock_unlock(&s->open);
}

void mix_step_map(struct mix_worker *w)
{
    static const uint32_t rights[] = {PAGE_READWRITE, PAGE_READWRITE, PAGE_READONLY,
                                      PAGE_EXECUTE_READ, PAGE_NOACCESS};
    enum section_kind kind = random_below(&w->random, MIX_SECTIONS);
    struct mix_section *s = &w->mix->section[kind];
    uint64_t place = mix_view_place(&w->random, kind);
    uint32_t to = place >= COPIED ? PAGE_WRITECOPY : rights[random_below(&w->random, 5)];

    pthread_rwlock_rdlock(&s->open);
    if (s->segment) {
        struct mm_view view = {.segment = s->segment, .base = place, .protect = to, .inherit = 1};
        if (kind < LARGE_SECTION) {
            view.size = MI_VA(1 + random_below(&w->random, SECTION_PAGES));
            view.section_size = MI_VA(SECTION_PAGES);
        }
        EXPECT(w, mm_map_view(w->process->space, &view), STATUS_CONFLICTING_ADDRESSES,
               STATUS_IMAGE_NOT_AT_BASE, STATUS_INVALID_PAGE_PROTECTION);
    }
    pthread_rwlock_unlock(&s->open);
}

void mix_step_unmap(struct mix_worker *w)
{
    uint64_t place = mix_view_place(&w->random, random_below(&w->random, MIX_SECTIONS));

    EXPECT(w, mm_unmap_view(w->process->space, place), STATUS_NOT_MAPPED_VIEW);
}

void mix_step_flush(struct mix_worker *w)
{
    struct place at = mix_place(w);
    struct mix_section *s = &w->mix->section[FILE_A + random_below(&w->random, 2)];

    EXPECT(w, mm_flush_virtual_memory(w->process->space, &at.base, &at.size),
           STATUS_NOT_MAPPED_VIEW, STATUS_NOT_MAPPED_DATA, STATUS_INVALID_PARAMETER_2,
           STATUS_DISK_FULL);
    EXPECT(w, mm_flush_file(w->mix->machine.mm, test_file_sections(s->file)), STATUS_DISK_FULL);
}

/* As NtReadFile and NtWriteFile do. */
void mix_step_file(struct mix_worker *w)
{
    unsigned kind = FILE_A + random_below(&w->random, 2);
    uint64_t page = random_below(&w->random, SECTION_PAGES), stamp = mix_section_stamp(kind, page);
    struct test_file *file = w->mix->section[kind].file;
    bool write = random_below(&w->random, 2);
    uint64_t value = write ? stamp : 0;
    size_t done;

    NTSTATUS status = mm_copy_file(w->mix->machine.mm, test_file_sections(file),
                                   MI_VA(page) + MIX_AT, &value, sizeof(value), write, &done);
    EXPECT(w, status, STATUS_IN_PAGE_ERROR);
    if (NT_SUCCESS(status) && done == sizeof(value))
        mix_expect(w, value == 0 || value == stamp, "bytes that are not the file's", page);
}

/* Some page of a file cannot be read or written for a while. */
void mix_step_fail(struct mix_worker *w)
{
    struct test_file *file = w->mix->section[FILE_B].file;
    uint64_t page =
        random_below(&w->random, 3) ? NO_BAD_PAGE : random_below(&w->random, SECTION_PAGES);

    __atomic_store_n(&file->bad_page, page, __ATOMIC_RELAXED);
}

/* From one process to another, at the same place: of a section, since others show stamps. */
void mix_step_copy(struct mix_worker *w)
{
    unsigned section = random_below(&w->random, IMAGE);
    struct place at =
        mix_part(&w->random, SHARED + section * PLACE_SPAN, SECTION_PAGES, SECTION_PAGES);
    struct mix_process *to = &w->mix->process[random_below(&w->random, MIX_PROCESSES)];
    uint64_t copied = 0;

    if (pthread_rwlock_tryrdlock(&to->life) != 0)
        return;
    NTSTATUS status =
        mm_copy_virtual_memory(w->process->space, at.base, to->space, at.base, at.size, &copied);
    EXPECT(w, status, STATUS_PARTIAL_COPY);
    mix_expect(w, !NT_SUCCESS(status) || copied == at.size, "bytes copied", copied);
    pthread_rwlock_unlock(&to->life);
}
