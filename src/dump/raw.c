/* src/dump/raw.c: images of memory that say nothing about themselves.
 *
 * The file offset is the physical address. The System page directory is found by what only a page
 * directory of Windows has: exactly one present entry that leads back to the very page (the
 * self-map, in the kernel's half), and several entries for the kernel's page tables. System's is
 * the lowest of them; a machine of this project has it at 0x187000. The kernel itself is then found
 * through it, by the debugger. */
#include "dump/dump_int.h"

#include "hw/bits.h"

#define USUAL_DIRECTORY 0x187000ull
#define SEARCH_END (256ull << 20)
#define LEAST_TABLES 6u
#define FIRST_KERNEL_ENTRY (HW_ENTRIES / 2)

static bool is_kernel_table(hw_entry entry)
{
    return hw_entry_present(entry) && hw_entry_writable(entry) && !hw_entry_user(entry) &&
           !hw_entry_large(entry) && !hw_entry_no_execute(entry);
}

static bool is_directory(const struct dump_file *file, uint64_t pa)
{
    hw_entry entry[HW_ENTRIES];
    unsigned self = 0, tables = 0;
    uint64_t pfn = pa >> DUMP_PAGE_SHIFT;
    if (dump_copy(file, pa, entry, sizeof entry) != sizeof entry) {
        return false;
    }
    for (unsigned i = 0; i < HW_ENTRIES; i++) {
        if (!hw_entry_present(entry[i])) {
            continue;
        }
        if (hw_entry_large(entry[i]) ||
            hw_entry_pfn(entry[i]) >= file->info.physical_size >> DUMP_PAGE_SHIFT) {
            return false;
        }
        if (hw_entry_pfn(entry[i]) == pfn) {
            self++;
            if (i < FIRST_KERNEL_ENTRY) {
                return false;
            }
        }
        tables += i >= FIRST_KERNEL_ENTRY && is_kernel_table(entry[i]);
    }
    return self == 1 && tables >= LEAST_TABLES;
}

void dump_find_directory(struct dump_file *file)
{
    if (is_directory(file, USUAL_DIRECTORY)) {
        file->info.directory_base = USUAL_DIRECTORY;
        return;
    }
    for (uint64_t pa = 0; pa < SEARCH_END && pa < file->info.physical_size; pa += DUMP_PAGE_SIZE) {
        if (is_directory(file, pa)) {
            file->info.directory_base = pa;
            return;
        }
    }
}

static bool claims(const struct dump_file *file)
{
    return file->info.type == 0 && file->reader.size % DUMP_PAGE_SIZE == 0;
}

static int open_raw(struct dump_file *file)
{
    int error = dump_add_range(file, 0, file->reader.size, 0);
    if (error == 0) {
        error = dump_sort_ranges(file, false);
    }
    if (error) {
        return error;
    }
    dump_find_directory(file);
    if (file->info.directory_base == 0) {
        return dump_damaged(file, "not a dump: no known signature, and as a raw image it has no "
                                  "page directory of Windows");
    }
    return 0;
}

const struct dump_format dump_format_raw = {
    .name = "raw",
    .claims = claims,
    .open = open_raw,
    .locate = dump_locate_range,
};
