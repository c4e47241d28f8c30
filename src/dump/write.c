/* src/dump/write.c: writing dumps of physical memory.
 *
 * One pass over the addresses finds which pages there are (a bit each), the second writes them:
 *
 *      full      header with runs, pages                      0x2000
 *      bitmap    header, SUMMARY_DUMP64, bitmap, pages        next multiple of a page
 *
 * Bytes of the header that mean nothing repeat PAGE. Other readers want the bitmap to be a multiple
 * of 64 bits, and both MxCsr of the CONTEXT to be equal. */
#include "dump/write.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dump/dump_int.h"

#define MACHINE_AMD64 0x8664u
#define PRODUCT_WORKSTATION 1u
#define BITS_MULTIPLE 64u
#define DEFAULT_MXCSR 0x1F80u
#define PROGRESS_PAGES 4096u
#define MOST_PAGES (1ull << 32) /* 16 TB: an address, not an amount of memory */

struct writer {
    const struct dump_info *info;
    const struct dump_source *source;
    FILE *file;
    uint8_t *bitmap;
    uint64_t bits, pages;
};

static bool has_page(const struct writer *w, uint64_t pfn)
{
    return w->bitmap[pfn / 8] >> pfn % 8 & 1;
}

static int find_pages(struct writer *w)
{
    uint8_t page[DUMP_PAGE_SIZE];
    uint64_t most = w->info->physical_size >> DUMP_PAGE_SHIFT, pa;
    const struct dump_source *source = w->source;
    if (most > MOST_PAGES) {
        return -E2BIG;
    }
    w->bits = (most + BITS_MULTIPLE - 1) / BITS_MULTIPLE * BITS_MULTIPLE;
    w->bitmap = calloc(w->bits / 8 + 1, 1);
    if (!w->bitmap) {
        return -ENOMEM;
    }
    for (uint64_t pfn = 0; pfn < most; pfn++) {
        if (source->next) {
            if (!source->next(source->context, pfn << DUMP_PAGE_SHIFT, &pa) ||
                (pfn = pa >> DUMP_PAGE_SHIFT) >= most) {
                break;
            }
        }
        if (source->read_page(source->context, pfn << DUMP_PAGE_SHIFT, page)) {
            w->bitmap[pfn / 8] |= (uint8_t)(1u << pfn % 8);
            w->pages++;
        }
    }
    return w->pages ? 0 : -EINVAL;
}

static int find_runs(const struct writer *w, struct _PHYSICAL_MEMORY_DESCRIPTOR64 *block)
{
    block->NumberOfRuns = 0;
    block->NumberOfPages = w->pages;
    for (uint64_t pfn = 0; pfn < w->bits; pfn++) {
        if (!has_page(w, pfn)) {
            continue;
        }
        if (pfn == 0 || !has_page(w, pfn - 1)) {
            if (block->NumberOfRuns == DUMP_MOST_RUNS) {
                return -E2BIG;
            }
            block->Run[block->NumberOfRuns++] = (struct _PHYSICAL_MEMORY_RUN64){pfn, 0};
        }
        block->Run[block->NumberOfRuns - 1].PageCount++;
    }
    return 0;
}

static void fill_unused(struct _DUMP_HEADER64 *header)
{
    const uint32_t filler = DUMP_SIGNATURE64;
    for (size_t i = 0; i < sizeof *header; i += sizeof filler) {
        memcpy((char *)header + i, &filler, sizeof filler);
    }
}

static void fill_context(struct _DUMP_HEADER64 *header, const struct dump_info *info)
{
    struct _CONTEXT context = info->context;
    if (context.MxCsr == 0) {
        context.MxCsr = DEFAULT_MXCSR;
    }
    context.FltSave.MxCsr = context.MxCsr;
    memset(header->ContextRecord, 0, sizeof header->ContextRecord);
    memcpy(header->ContextRecord, &context, sizeof context);
}

void dump_fill_header(const struct dump_info *info, uint64_t size, struct _DUMP_HEADER64 *header)
{
    fill_unused(header);
    header->ValidDump = DUMP_VALID_DUMP64;
    header->MajorVersion = info->major;
    header->MinorVersion = info->build;
    header->DirectoryTableBase = info->directory_base;
    header->PfnDataBase = info->pfn_database;
    header->PsLoadedModuleList = info->loaded_modules;
    header->PsActiveProcessHead = info->active_processes;
    header->MachineImageType = MACHINE_AMD64;
    header->NumberProcessors = info->processors;
    header->BugCheckCode = info->bugcheck;
    memcpy(header->BugCheckParameter, info->bugcheck_parameter, sizeof info->bugcheck_parameter);
    memset(header->VersionUser, 0, sizeof header->VersionUser);
    header->KdDebuggerDataBlock = info->debugger_data;
    fill_context(header, info);
    header->Exception = info->exception;
    header->DumpType = info->type;
    header->RequiredDumpSpace = size;
    header->SystemTime = info->system_time;
    header->SystemUpTime = info->up_time;
    memset(header->Comment, 0, sizeof header->Comment);
    memcpy(header->Comment, info->comment, strnlen(info->comment, sizeof header->Comment - 1));
    header->ProductType = PRODUCT_WORKSTATION;
}

static bool put(struct writer *w, const void *bytes, size_t size)
{
    return fwrite(bytes, size, 1, w->file) == 1;
}

static bool put_bitmap(struct writer *w, uint64_t first_page)
{
    struct _SUMMARY_DUMP64 summary = {
        .Signature = DUMP_FULL_SIGNATURE,
        .ValidDump = DUMP_VALID_SUMMARY,
        .FirstPage = first_page,
        .TotalPresentPages = w->pages,
        .BitmapPages = w->bits,
    };
    return put(w, &summary, sizeof summary) && put(w, w->bitmap, w->bits / 8) &&
           fseeko(w->file, (off_t)first_page, SEEK_SET) == 0;
}

static int put_pages(struct writer *w)
{
    uint8_t page[DUMP_PAGE_SIZE];
    const struct dump_source *source = w->source;
    uint64_t done = 0;
    for (uint64_t pfn = 0; pfn < w->bits; pfn++) {
        if (!has_page(w, pfn)) {
            continue;
        }
        if (!source->read_page(source->context, pfn << DUMP_PAGE_SHIFT, page)) {
            return -EFAULT;
        }
        if (!put(w, page, sizeof page)) {
            return -EIO;
        }
        if (++done % PROGRESS_PAGES == 0 && source->go_on &&
            !source->go_on(source->context, done, w->pages)) {
            return -EINTR;
        }
    }
    return 0;
}

static int write_file(struct writer *w)
{
    bool bitmap = w->info->type == DUMP_TYPE_BITMAP_FULL;
    uint64_t first = DUMP_HEADER64_SIZE;
    if (bitmap) {
        first += sizeof(struct _SUMMARY_DUMP64) + w->bits / 8;
        first = (first + DUMP_PAGE_SIZE - 1) / DUMP_PAGE_SIZE * DUMP_PAGE_SIZE;
    }
    struct _DUMP_HEADER64 *header = malloc(sizeof *header);
    if (!header) {
        return -ENOMEM;
    }
    dump_fill_header(w->info, first + (w->pages << DUMP_PAGE_SHIFT), header);
    int error = w->info->type == DUMP_TYPE_FULL ? find_runs(w, &header->PhysicalMemoryBlock) : 0;
    if (!error && (!put(w, header, sizeof *header) || (bitmap && !put_bitmap(w, first)))) {
        error = -EIO;
    }
    free(header);
    return error ? error : put_pages(w);
}

int dump_write(const char *path, const struct dump_info *info, const struct dump_source *source)
{
    struct writer w = {.info = info, .source = source};
    if (info->type != DUMP_TYPE_FULL && info->type != DUMP_TYPE_BITMAP_FULL) {
        return -EINVAL;
    }
    int error = find_pages(&w);
    if (!error && !(w.file = dump_create_file(path))) {
        error = -errno;
    }
    if (w.file) {
        error = write_file(&w);
        if (fclose(w.file) && !error) {
            error = -EIO;
        }
        if (error) {
            dump_remove_file(path);
        }
    }
    free(w.bitmap);
    return error;
}
