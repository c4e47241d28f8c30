/* tests/machine/snapshot.c: see snapshot.h. */
#include "snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hw/walk.h"
#include "nt/mm.h"
#include "nt/peb.h"
#include "nt/ps.h"

enum { MOST_SHOWN = 20, VAD_DEPTH_MOST = 40, VAD_IMAGE_MAP = 2, CLOCKS_MOST = 32 };
#define SHARED_DATA_VPN 0x7FFE0
#define FNV_OFFSET 0xCBF29CE484222325u
#define FNV_PRIME 0x100000001B3u

struct range { /* page numbers */
    uint64_t first, last;
};

struct snapshot {
    struct kd_target *target;
    FILE *out;
    uint64_t heap, image; /* page numbers */
    struct range clocks[CLOCKS_MOST];
    unsigned clock_count;
    bool failed;
};

/* ---- kernel memory ---- */

static bool read_entry(void *context, hw_pa pa, uint64_t *value)
{
    struct kd_target *target = context;
    return target->ops->read_physical(target, pa.value, value, sizeof *value) == 0;
}

/* `size` bytes, page by page. */
static void read_memory(struct snapshot *s, uint64_t directory, uint64_t va, void *buffer,
                        size_t size)
{
    const struct hw_mmu mmu = {.cr3 = {directory},
                               .maxphyaddr = s->target->maxphyaddr,
                               .nx = true,
                               .read_physical = read_entry,
                               .context = s->target};
    for (size_t done = 0; done < size;) {
        struct hw_walk walk;
        size_t here = HW_PAGE_SIZE - (va + done) % HW_PAGE_SIZE;
        here = here < size - done ? here : size - done;
        hw_walk(&mmu, (hw_va){va + done}, (struct hw_access){0}, &walk);
        if (walk.result != HW_OK ||
            s->target->ops->read_physical(s->target, walk.pa.value, (char *)buffer + done, here)) {
            memset((char *)buffer + done, 0, size - done);
            s->failed = true;
            return;
        }
        done += here;
    }
}

static void read_kernel(struct snapshot *s, uint64_t va, void *buffer, size_t size)
{
    read_memory(s, s->target->directory_base, va, buffer, size);
}

static void show_counts(struct snapshot *s, const EPROCESS *p)
{
    fprintf(s->out, "working set %u, private %u, peak %u, faults %u, commit %llu, peak %llu\n",
            p->Vm.WorkingSetSize, p->Vm.WorkingSetPrivateSize, p->Vm.PeakWorkingSetSize,
            p->Vm.PageFaultCount, (unsigned long long)p->CommitCharge,
            (unsigned long long)p->CommitChargePeak);
}

/* ---- VADs ---- */

static void add_clocks(struct snapshot *s, uint64_t first, uint64_t last)
{
    s->failed |= s->clock_count == CLOCKS_MOST;
    if (!s->failed) {
        s->clocks[s->clock_count++] = (struct range){first, last};
    }
}

/* Is it one of those whose contents depend on the time of day? */
static void note_clocks(struct snapshot *s, const MMVAD_SHORT *vad)
{
    bool image = vad->u.VadFlags.VadType == VAD_IMAGE_MAP && vad->StartingVpn != s->image;
    if (image || (vad->StartingVpn <= s->heap && s->heap <= vad->EndingVpn)) {
        add_clocks(s, vad->StartingVpn, vad->EndingVpn);
    }
}

static bool has_clocks(const struct snapshot *s, uint64_t va)
{
    uint64_t page = va >> HW_PAGE_SHIFT;
    for (unsigned i = 0; i < s->clock_count; i++) {
        if (s->clocks[i].first <= page && page <= s->clocks[i].last) {
            return true;
        }
    }
    return false;
}

static void show_vads(struct snapshot *s, uint64_t at, unsigned depth)
{
    MMVAD_SHORT vad;
    if (!at || s->failed) {
        return;
    }
    read_kernel(s, at, &vad, sizeof vad);
    note_clocks(s, &vad);
    s->failed |= depth > VAD_DEPTH_MOST;
    show_vads(s, vad.LeftChild.va, depth + 1);
    fprintf(s->out, "vad %llx-%llx depth %u balance %d flags %llx\n",
            (unsigned long long)vad.StartingVpn, (unsigned long long)vad.EndingVpn, depth,
            (int)vad.u1.Balance, (unsigned long long)vad.u.LongFlags);
    show_vads(s, vad.RightChild.va, depth + 1);
}

/* ---- page tables ---- */

/* What is left of an entry when frame and pool addresses are taken out. */
static uint64_t normal_entry(uint64_t value)
{
    MMPTE pte = {.u.Long = value};
    if (pte.u.Hard.Valid) {
        pte.u.Hard.PageFrameNumber = 0;
    } else if (pte.u.Soft.Prototype) {
        pte.u.Proto.ProtoAddress = pte.u.Soft.PageFileHigh == UINT32_MAX; /* the VAD knows it */
    } else if (pte.u.Soft.Transition) {
        pte.u.Trans.PageFrameNumber = 0;
    }
    return pte.u.Long;
}

static uint64_t hash_frame(struct snapshot *s, uint64_t pfn)
{
    uint8_t bytes[HW_PAGE_SIZE];
    uint64_t hash = FNV_OFFSET;
    if (s->target->ops->read_physical(s->target, pfn << HW_PAGE_SHIFT, bytes, sizeof bytes)) {
        s->failed = true;
        return 0;
    }
    for (size_t i = 0; i < sizeof bytes; i++) {
        hash = (hash ^ bytes[i]) * FNV_PRIME;
    }
    return hash;
}

/* The table `pfn` at `level`, whose first entry is for `base`, and what is below it. */
static void show_table(struct snapshot *s, uint64_t pfn, unsigned level, uint64_t base)
{
    uint64_t table[HW_ENTRIES];
    if (s->target->ops->read_physical(s->target, pfn << HW_PAGE_SHIFT, table, sizeof table)) {
        s->failed = true;
        return;
    }
    unsigned shift = HW_PAGE_SHIFT + HW_INDEX_BITS * (level - 1);
    unsigned count = level == HW_LEVELS ? HW_ENTRIES / 2 : HW_ENTRIES; /* the user half */
    for (unsigned i = 0; i < count && !s->failed; i++) {
        hw_entry entry = {table[i]};
        uint64_t va = base | (uint64_t)i << shift;
        if (!entry.value) {
            continue;
        }
        fprintf(s->out, "%llx level %u %llx", (unsigned long long)va, level,
                (unsigned long long)normal_entry(entry.value));
        if (level == 1 && hw_entry_present(entry) && !has_clocks(s, va)) {
            fprintf(s->out, " content %llx",
                    (unsigned long long)hash_frame(s, hw_entry_pfn(entry)));
        }
        fputc('\n', s->out);
        if (level > 1 && hw_entry_present(entry)) {
            show_table(s, hw_entry_pfn(entry), level - 1, va);
        }
    }
}

char *snapshot_take(struct kd_target *target, uint64_t process)
{
    char *text = NULL;
    size_t size;
    struct snapshot s = {.target = target, .out = open_memstream(&text, &size)};
    if (!s.out) {
        return NULL;
    }
    EPROCESS p;
    PEB peb;
    read_kernel(&s, process, &p, sizeof p);
    read_memory(&s, p.Pcb.DirectoryTableBase, p.Peb.va, &peb, sizeof peb);
    s.heap = peb.ProcessHeap.va >> HW_PAGE_SHIFT;
    s.image = peb.ImageBaseAddress.va >> HW_PAGE_SHIFT;
    add_clocks(&s, SHARED_DATA_VPN, SHARED_DATA_VPN);
    show_counts(&s, &p);
    show_vads(&s, p.VadRoot.BalancedRoot.RightChild.va, 0);
    show_table(&s, p.Pcb.DirectoryTableBase >> HW_PAGE_SHIFT, HW_LEVELS, 0);
    if (fclose(s.out) != 0 || s.failed) {
        free(text);
        return NULL;
    }
    return text;
}

/* ---- comparing ---- */

static size_t line_length(const char *line)
{
    return strcspn(line, "\n");
}

static bool has_line(const char *text, const char *line, size_t length)
{
    for (; *text; text += line_length(text), text += *text == '\n') {
        if (line_length(text) == length && memcmp(text, line, length) == 0) {
            return true;
        }
    }
    return false;
}

static unsigned show_missing(const char *from, const char *in, char mark)
{
    unsigned count = 0;
    for (const char *at = from; *at; at += line_length(at), at += *at == '\n') {
        if (!has_line(in, at, line_length(at)) && count++ < MOST_SHOWN) {
            printf("%c %.*s\n", mark, (int)line_length(at), at);
        }
    }
    return count;
}

unsigned snapshot_compare(const char *a, const char *b)
{
    if (strcmp(a, b) == 0) {
        return 0;
    }
    unsigned differing = show_missing(a, b, '-') + show_missing(b, a, '+');
    return differing ? differing : 1; /* the same lines in another order */
}
