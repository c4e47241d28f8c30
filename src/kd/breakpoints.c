/* src/kd/breakpoints.c: see breakpoints.h. */
#include "kd/breakpoints.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "kd/kdi.h"
#include "kd/symbols.h"

#define INT3 0xCC

struct kd_breakpoints *kd_breakpoints_create(void)
{
    return calloc(1, sizeof(struct kd_breakpoints));
}

void kd_breakpoint_clear(struct kd_breakpoint *breakpoint)
{
    free(breakpoint->command);
    free(breakpoint->expression);
    *breakpoint = (struct kd_breakpoint){.used = false};
}

void kd_breakpoints_destroy(struct kd *kd, struct kd_breakpoints *breakpoints)
{
    kd_breakpoints_remove(kd);
    for (size_t i = 0; i < KD_BREAKPOINTS; i++) {
        kd_breakpoint_clear(&breakpoints->row[i]);
    }
    free(breakpoints);
}

struct kd_breakpoint *kd_breakpoint_new(struct kd *kd)
{
    for (size_t i = 0; i < KD_BREAKPOINT_TEMPORARY; i++) {
        if (!kd->breakpoints->row[i].used) {
            return &kd->breakpoints->row[i];
        }
    }
    return NULL;
}

/* The page directory through which a breakpoint's address is meant; false when its process has
 * gone and the memory of its EPROCESS perhaps means another one now. */
static bool directory_of(struct kd *kd, const struct kd_breakpoint *breakpoint, uint64_t *directory)
{
    if (breakpoint->process == 0) {
        *directory = kd->target->directory_base;
        return true;
    }
    uint64_t id;
    return kd_read_nt(kd, "_EPROCESS", breakpoint->process, "UniqueProcessId", &id) &&
           id == breakpoint->process_id &&
           kd_read_nt(kd, "_EPROCESS", breakpoint->process, "Pcb.DirectoryTableBase", directory) &&
           *directory != 0;
}

static bool find_page(struct kd *kd, const struct kd_breakpoint *breakpoint, uint64_t *physical)
{
    uint64_t directory;
    if (!directory_of(kd, breakpoint, &directory)) {
        return false;
    }
    uint64_t before = kd_use_directory(kd, directory);
    bool found = kd_translate(kd, breakpoint->address, physical);
    if (!found &&
        kd->target->ops->page_in(kd->target, breakpoint->process, breakpoint->address) == 0) {
        found = kd_translate(kd, breakpoint->address, physical);
    }
    kd_use_directory(kd, before);
    return found;
}

static bool write_byte(struct kd *kd, uint64_t physical, uint8_t byte)
{
    return kd->target->ops->write_physical(kd->target, physical, &byte, 1) == 0;
}

/* Several breakpoints may share a byte (one per thread, or p onto one of them): the first keeps the
 * original, the others find our int3 there. */
static bool already_inserted(const struct kd *kd, struct kd_breakpoint *breakpoint)
{
    for (size_t i = 0; i < KD_BREAKPOINTS; i++) {
        const struct kd_breakpoint *other = &kd->breakpoints->row[i];
        if (other != breakpoint && other->inserted && other->physical == breakpoint->physical) {
            breakpoint->original = other->original;
            return true;
        }
    }
    return false;
}

static bool insert(struct kd *kd, struct kd_breakpoint *breakpoint)
{
    if (!find_page(kd, breakpoint, &breakpoint->physical)) {
        return false;
    }
    if (!already_inserted(kd, breakpoint) &&
        (!kd_read_physical(kd, breakpoint->physical, &breakpoint->original, 1) ||
         !write_byte(kd, breakpoint->physical, INT3))) {
        return false;
    }
    breakpoint->inserted = true;
    return true;
}

/* The symbol of a deferred breakpoint may have become known. */
static bool resolve(struct kd *kd, struct kd_breakpoint *breakpoint)
{
    if (breakpoint->expression == NULL) {
        return true;
    }
    if (kd->symbols == NULL ||
        !kd_symbol_address(kd->symbols, breakpoint->expression, &breakpoint->address)) {
        return false;
    }
    free(breakpoint->expression);
    breakpoint->expression = NULL;
    return true;
}

bool kd_breakpoint_at_instruction(const struct kd_breakpoint *breakpoint, uint64_t address)
{
    return breakpoint->used && breakpoint->enabled && breakpoint->expression == NULL &&
           breakpoint->address == address &&
           (breakpoint->kind == KD_BREAK_SOFTWARE || breakpoint->watch.access == KD_WATCH_EXECUTE);
}

int kd_breakpoints_watch(struct kd *kd, uint64_t except)
{
    struct kd_watch list[KD_WATCHES];
    size_t count = 0;
    for (size_t i = 0; i < KD_BREAKPOINTS; i++) {
        struct kd_breakpoint *row = &kd->breakpoints->row[i];
        uint64_t directory;
        row->watch_slot = -1;
        if (!row->used || !row->enabled || row->kind != KD_BREAK_HARDWARE ||
            (except != 0 && kd_breakpoint_at_instruction(row, except)) ||
            !directory_of(kd, row, &directory)) {
            continue;
        }
        if (count == KD_WATCHES) {
            return -ENOSPC;
        }
        row->watch.process = row->process;
        row->watch.address = row->address;
        row->watch_slot = (int)count;
        list[count++] = row->watch;
    }
    if (count == 0 && !kd->breakpoints->watching) {
        return 0;
    }
    kd->breakpoints->watching = count != 0;
    return kd->target->ops->watch(kd->target, list, count);
}

void kd_breakpoints_rebind(struct kd *kd, uint64_t process)
{
    for (size_t i = 0; i < KD_BREAKPOINTS; i++) {
        struct kd_breakpoint *row = &kd->breakpoints->row[i];
        if (row->used && row->process != 0) {
            row->process = process;
            row->process_id = kd_field(kd, "_EPROCESS", process, "UniqueProcessId");
            row->thread = 0;
        }
    }
}

void kd_breakpoints_insert(struct kd *kd, uint64_t except)
{
    for (size_t i = 0; i < KD_BREAKPOINTS; i++) {
        struct kd_breakpoint *breakpoint = &kd->breakpoints->row[i];
        if (!breakpoint->used || !breakpoint->enabled || breakpoint->kind != KD_BREAK_SOFTWARE ||
            !resolve(kd, breakpoint)) {
            continue;
        }
        uint64_t directory;
        bool gone =
            !directory_of(kd, breakpoint, &directory); /* kept for bl, but nobody meets it */
        bool skip = gone || (except != 0 && breakpoint->address == except);
        if (!skip && !insert(kd, breakpoint)) {
            char text[KD_ADDRESS_TEXT];
            kd_printf(kd, "Breakpoint %zu at %s is not set: the page is not in memory\n", i,
                      kd_address_text(breakpoint->address, text));
        }
    }
}

/* Restore a byte, but only where our int3 still stands: the page may have become another. */
static void restore(struct kd *kd, uint64_t physical, uint8_t original)
{
    uint8_t byte;
    if (kd_read_physical(kd, physical, &byte, 1) && byte == INT3) {
        write_byte(kd, physical, original);
    }
}

void kd_breakpoints_remove(struct kd *kd)
{
    for (size_t i = 0; i < KD_BREAKPOINTS; i++) {
        struct kd_breakpoint *breakpoint = &kd->breakpoints->row[i];
        if (!breakpoint->inserted) {
            continue;
        }
        uint64_t directory, now;
        restore(kd, breakpoint->physical, breakpoint->original);
        if (directory_of(kd, breakpoint, &directory)) { /* copied elsewhere, int3 and all? */
            uint64_t before = kd_use_directory(kd, directory);
            if (kd_translate(kd, breakpoint->address, &now) && now != breakpoint->physical) {
                restore(kd, now, breakpoint->original);
            }
            kd_use_directory(kd, before);
        }
        breakpoint->inserted = false;
    }
}

static bool fits_process(const struct kd_breakpoint *breakpoint, uint64_t process)
{
    return breakpoint->process == 0 || breakpoint->process == process;
}

struct kd_breakpoint *kd_breakpoint_for(struct kd *kd, const struct kd_event *event)
{
    for (size_t i = KD_BREAKPOINTS; i-- > 0;) { /* the temporary one first */
        struct kd_breakpoint *row = &kd->breakpoints->row[i];
        bool met = event->kind == KD_EVENT_WATCH
                       ? row->used && row->watch_slot == (int)event->watch
                       : kd_breakpoint_at_instruction(row, event->address);
        if (met && fits_process(row, event->process) &&
            (row->thread == 0 || row->thread == event->thread)) {
            return row;
        }
    }
    return NULL;
}
