/* src/kd/process_memory.c: which memory of a process its dump holds; process_parts.h.
 *
 *      full       whatever pages are there
 *      else       stacks from the stack pointer on, code around the instruction pointer
 *      p          PEB, loader's lists, parameters, environment; TEBs
 *      i          what words on the stacks point to
 *
 * Memory that is not there (never touched, or in a page file) is left out: nothing is made up, so
 * that the dump answers as the machine did. In the end the blocks are in order, apart from each
 * other, and each can be read as a whole.
 */
#include <stdlib.h>

#include "hw/bits.h"
#include "kd/kdi.h"
#include "kd/process_parts.h"
#include "kd/types.h"

#define HIGHEST_USER 0x7FFFFFFFFFFull
#define CODE_REACH 0x80u       /* bytes on both sides of an instruction pointer */
#define REFERENCED_BEFORE 256u /* bytes around what a word of the stack points to */
#define REFERENCED_BEHIND 768u
#define STRING_MOST 0x10000u
#define ENVIRONMENT_MOST 0x10000u
#define MODULES_MOST 0x10000u

static void add_block(struct kd_process_parts *parts, uint64_t va, uint64_t size)
{
    size_t count = parts->minidump.block_count;
    struct dump_block *last = count ? &parts->blocks[count - 1] : NULL;
    if (last != NULL && last->va + last->size == va) {
        last->size += size;
        return;
    }
    struct dump_block *block = KD_PARTS_APPEND(parts, block, block_count);
    if (block != NULL) {
        *block = (struct dump_block){va, size};
    }
}

/* What can be read of va..va + size. */
static void add_memory(struct kd_process_parts *parts, uint64_t va, uint64_t size)
{
    uint8_t page[HW_PAGE_SIZE];
    if (va == 0 || va > HIGHEST_USER || size > HIGHEST_USER - va) {
        return;
    }
    for (uint64_t at = va, end = va + size; at < end;) {
        uint64_t left = HW_PAGE_SIZE - at % HW_PAGE_SIZE;
        size_t piece = (size_t)(left < end - at ? left : end - at);
        size_t got = kd_read_virtual(parts->kd, at, page, piece);
        if (got != 0) {
            add_block(parts, at, got);
        }
        at += piece;
    }
}

static int by_address(const void *left, const void *right)
{
    const struct dump_block *a = left, *b = right;
    return a->va < b->va ? -1 : a->va > b->va;
}

/* In order, and none twice. */
static void merge_blocks(struct kd_process_parts *parts)
{
    struct dump_block *blocks = parts->blocks;
    size_t kept = 0;
    if (parts->minidump.block_count == 0) {
        return;
    }
    qsort(blocks, parts->minidump.block_count, sizeof *blocks, by_address);
    for (size_t i = 1; i < parts->minidump.block_count; i++) {
        uint64_t end = blocks[kept].va + blocks[kept].size;
        if (blocks[i].va > end) {
            blocks[++kept] = blocks[i];
        } else if (blocks[i].va + blocks[i].size > end) {
            blocks[kept].size = blocks[i].va + blocks[i].size - blocks[kept].va;
        }
    }
    parts->minidump.block_count = kept + 1;
}

static bool add_all_memory(struct kd_process_parts *parts)
{
    struct kd *kd = parts->kd;
    for (uint64_t va = 0; kd_next_present(kd, va, HIGHEST_USER, &va);) {
        uint64_t left = HW_PAGE_SIZE - va % HW_PAGE_SIZE;
        add_memory(parts, va, left);
        kd_progress(kd, va, HIGHEST_USER);
        va += left;
    }
    return !kd_interrupted(kd);
}

/* The text of the UNICODE_STRING member `path`. */
static void add_string(struct kd_process_parts *parts, const char *type, uint64_t va,
                       const char *path)
{
    char length[64], buffer[64];
    snprintf(length, sizeof length, "%s.Length", path);
    snprintf(buffer, sizeof buffer, "%s.Buffer", path);
    uint64_t size = kd_field(parts->kd, type, va, length);
    add_memory(parts, kd_field(parts->kd, type, va, buffer), size < STRING_MOST ? size : 0);
}

static void add_type(struct kd_process_parts *parts, const char *type, uint64_t va)
{
    add_memory(parts, va, kd_type_size(parts->kd->symbols, "nt", type));
}

static bool add_loader_entry(struct kd *kd, uint64_t entry, void *context)
{
    struct kd_process_parts *parts = context;
    (void)kd;
    add_type(parts, "_LDR_DATA_TABLE_ENTRY", entry);
    add_string(parts, "_LDR_DATA_TABLE_ENTRY", entry, "FullDllName");
    return true;
}

/* PEB, loader lists, parameters, environment; TEBs. */
static void add_process_blocks(struct kd_process_parts *parts)
{
    static const char type[] = "_RTL_USER_PROCESS_PARAMETERS";
    static const char *const strings[] = {"CurrentDirectory.DosPath", "WindowTitle",
                                          "ImagePathName", "CommandLine", "DllPath"};
    struct kd *kd = parts->kd;
    uint64_t peb = kd_current_peb(kd), head, link;
    add_type(parts, "_PEB", peb);
    uint64_t ldr = kd_field(kd, "_PEB", peb, "Ldr");
    add_type(parts, "_PEB_LDR_DATA", ldr);
    if (ldr != 0 && kd_offset(kd, "_PEB_LDR_DATA", "InLoadOrderModuleList", &head) &&
        kd_offset(kd, "_LDR_DATA_TABLE_ENTRY", "InLoadOrderLinks", &link)) {
        kd_list_each(kd, ldr + head, link, MODULES_MOST, add_loader_entry, parts);
    }
    uint64_t parameters = kd_field(kd, "_PEB", peb, "ProcessParameters");
    add_type(parts, type, parameters);
    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++) {
        add_string(parts, type, parameters, strings[i]);
    }
    uint64_t size = kd_field(kd, type, parameters, "EnvironmentSize");
    add_memory(parts, kd_field(kd, type, parameters, "Environment"),
               size < ENVIRONMENT_MOST ? size : ENVIRONMENT_MOST);
    for (size_t i = 0; i < parts->minidump.thread_count; i++) {
        add_type(parts, "_TEB", parts->threads[i].thread.teb);
    }
}

static void add_referenced(struct kd_process_parts *parts, struct dump_block stack)
{
    for (uint64_t at = (stack.va + 7) & ~7ull; at + 8 <= stack.va + stack.size; at += 8) {
        uint64_t word;
        if (kd_read_u64(parts->kd, at, &word) && word >= HW_PAGE_SIZE && word <= HIGHEST_USER) {
            add_memory(parts, word - REFERENCED_BEFORE, REFERENCED_BEFORE + REFERENCED_BEHIND);
        }
    }
}

static bool add_some_memory(struct kd_process_parts *parts, const struct kd_process_wish *wish)
{
    for (size_t i = 0; i < parts->minidump.thread_count && !kd_interrupted(parts->kd); i++) {
        const struct dump_minidump_thread *t = &parts->threads[i];
        add_memory(parts, t->stack.va, t->stack.size);
        if (t->thread.has_context && t->thread.context.Rip > CODE_REACH) {
            add_memory(parts, t->thread.context.Rip - CODE_REACH, 2 * CODE_REACH);
        }
        if (wish->referenced) {
            add_referenced(parts, t->stack);
        }
    }
    if (wish->blocks) {
        add_process_blocks(parts);
    }
    return !kd_interrupted(parts->kd);
}

bool kd_process_parts_add_memory(struct kd_process_parts *parts, const struct kd_process_wish *wish)
{
    bool complete = wish->full ? add_all_memory(parts) : add_some_memory(parts, wish);
    merge_blocks(parts);
    return complete;
}
