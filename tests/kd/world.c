/* tests/kd/world.c: see world.h. The live half is a processor that knows five instructions. */
#include "world.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kd/pdb.h"
#include "kd/symtab.h"
#include "nt/image.h"
#include "nt/layout.h"
#include "nt/mm.h"
#include "nt/ps.h"
#include "nt/se.h"

#define NT_PHYSICAL 0x800000ull
#define POOL_VA 0xFFFFFA8001000000ull
#define POOL_PHYSICAL 0x1000000ull
#define POOL_PAGES 16ull
#define FRAME(n) (0x1800000ull + (n)*0x1000ull)

/* Entry bits: Intel SDM volume 3, 4.5. */
#define VALID 1ull
#define WRITE 2ull
#define USER 4ull
#define ACCESSED 0x20ull
#define DIRTY 0x40ull
#define LARGE 0x80ull
#define GLOBAL 0x100ull
#define NX (1ull << 63)
#define TABLE (VALID | WRITE | ACCESSED | DIRTY)
#define KERNEL_PAGE (TABLE | GLOBAL)
#define USER_PAGE (TABLE | USER)

#define PUT(w, pa, type, member, value)                                                            \
    world_put((w), (pa) + offsetof(type, member), (value), sizeof(((type *)0)->member))

static void die(const char *what, const char *name)
{
    fprintf(stderr, "world: %s %s\n", what, name);
    exit(2);
}

void *world_physical(struct world *world, uint64_t pa)
{
    if (pa >= WORLD_RAM) {
        die("address", "outside of RAM");
    }
    return world->ram + pa;
}

void world_put(struct world *world, uint64_t pa, uint64_t value, unsigned size)
{
    memcpy(world_physical(world, pa), &value, size);
}

uint64_t world_pool(uint64_t va)
{
    return va - POOL_VA + POOL_PHYSICAL;
}

/* ---- page tables ------------------------------------------------------------------------------
 */

static uint64_t table_bits(uint64_t va)
{
    return va >> 47 != 0 ? TABLE : TABLE | USER;
}

/* The entry for `va` at `level` (1 PTE, 2 PDE), making the tables above it. */
static uint64_t *entry(struct world *world, uint64_t directory, uint64_t va, unsigned level)
{
    uint64_t table = directory;
    for (unsigned at = 4;; at--) {
        uint64_t *slot = (uint64_t *)world_physical(world, table) + (va >> (3 + 9 * at) & 0x1FF);
        if (at == level) {
            return slot;
        }
        if (*slot == 0) {
            *slot = world->next_table | table_bits(va);
            world->next_table += PAGE_SIZE;
        }
        table = *slot & 0xFFFFFFFFFF000ull;
    }
}

static void map(struct world *world, uint64_t directory, uint64_t va, uint64_t pte)
{
    *entry(world, directory, va, 1) = pte;
}

static void self_map(struct world *world, uint64_t directory)
{
    world_put(world, directory + 8 * PXE_SELFMAP_SLOT, directory | TABLE, 8);
}

static uint64_t new_directory(struct world *world)
{
    uint64_t directory = world->next_table;
    world->next_table += PAGE_SIZE;
    memcpy(world_physical(world, directory + 0x800),
           world_physical(world, MM_SYSTEM_PAGE_DIRECTORY + 0x800), 0x800);
    self_map(world, directory);
    return directory;
}

/* ---- nt ---------------------------------------------------------------------------------------
 */

static uint8_t *read_file(const char *folder, const char *name, size_t *size)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        die("cannot open", path);
    }
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = malloc(*size);
    if (bytes == NULL || fread(bytes, 1, *size, file) != *size) {
        die("cannot read", path);
    }
    fclose(file);
    return bytes;
}

static void load_nt(struct world *world, const char *guest)
{
    size_t size;
    uint8_t *file = read_file(guest, "ntoskrnl.exe", &size);
    const IMAGE_DOS_HEADER *dos = (const void *)file;
    const IMAGE_NT_HEADERS64 *nt = (const void *)(file + dos->e_lfanew);
    const IMAGE_SECTION_HEADER *section =
        (const void *)((const uint8_t *)&nt->OptionalHeader + nt->FileHeader.SizeOfOptionalHeader);
    memcpy(world_physical(world, NT_PHYSICAL), file, nt->OptionalHeader.SizeOfHeaders);
    for (unsigned i = 0; i < nt->FileHeader.NumberOfSections; i++) {
        memcpy(world_physical(world, NT_PHYSICAL + section[i].VirtualAddress),
               file + section[i].PointerToRawData, section[i].SizeOfRawData);
    }
    for (uint64_t at = 0; at < MM_BOOT_IMAGE_SIZE; at += 2u << 20) {
        *entry(world, MM_SYSTEM_PAGE_DIRECTORY, MM_BOOT_IMAGE_START + at, 2) =
            (NT_PHYSICAL + at) | KERNEL_PAGE | LARGE;
    }
    free(file);
}

static uint64_t global(struct pdb *pdb, const char *name)
{
    const struct pdb_symbol *symbol = symtab_find(pdb_symbols(pdb), name);
    if (symbol == NULL) {
        die("nt has no", name);
    }
    return symbol->rva;
}

static void link_list(struct world *world, uint64_t head_pa, uint64_t head_va, const uint64_t *va,
                      const uint64_t *pa, size_t count)
{
    for (size_t i = 0; i <= count; i++) {
        uint64_t at = i == 0 ? head_pa : pa[i - 1];
        uint64_t next = i == count ? head_va : va[i];
        uint64_t previous = i == 0   ? (count ? va[count - 1] : head_va)
                            : i == 1 ? head_va
                                     : va[i - 2];
        world_put(world, at, next, 8);
        world_put(world, at + 8, previous, 8);
    }
}

/* Processor 0: its KPCR, with a null descriptor, 64-bit kernel code, and 32-bit user data. */
static void make_processor(struct world *world, struct pdb *pdb)
{
    uint64_t pcr = global(pdb, "KiInitialPCR"), gdt = 0xFFFFFA800100C000;
    uint64_t prcb = MM_BOOT_IMAGE_START + pcr + offsetof(KPCR, Prcb);
    static const char vendor[] = "GenuineIntel";
    world_put(world, NT_PHYSICAL + global(pdb, "KiProcessorBlock"), prcb, 8);
    pcr += NT_PHYSICAL;
    PUT(world, pcr, KPCR, GdtBase, gdt);
    PUT(world, pcr, KPCR, Prcb.CurrentThread, WORLD_THREAD);
    PUT(world, pcr, KPCR, Prcb.DebuggerSavedIRQL, 2);
    PUT(world, pcr, KPCR, Prcb.CpuType, 6);
    PUT(world, pcr, KPCR, Prcb.CpuModel, 58);
    PUT(world, pcr, KPCR, Prcb.CpuStepping, 9);
    PUT(world, pcr, KPCR, Prcb.MHz, 2494);
    PUT(world, pcr, KPCR, Prcb.FeatureBits, 0x211B3DFE);
    memcpy(world_physical(world, pcr + offsetof(KPCR, Prcb.VendorString)), vendor, sizeof vendor);
    world_put(world, world_pool(gdt) + 0x10, 0x00209B0000000000, 8);
    world_put(world, world_pool(gdt) + 0x18, 0x00CFF3000000FFFF, 8);
}

static void set_globals(struct world *world, const char *guest)
{
    static const uint64_t processes[] = {WORLD_SYSTEM, WORLD_ALPHA, WORLD_BETA};
    char path[1024];
    struct pdb *pdb;
    snprintf(path, sizeof path, "%s/ntkrnlmp.pdb", guest);
    if (pdb_open(path, &pdb) != PDB_OK) {
        die("cannot open", path);
    }
    uint64_t va[3], pa[3], head = global(pdb, "PsActiveProcessHead");
    for (int i = 0; i < 3; i++) {
        va[i] = processes[i] + offsetof(EPROCESS, ActiveProcessLinks);
        pa[i] = world_pool(va[i]);
    }
    link_list(world, NT_PHYSICAL + head, MM_BOOT_IMAGE_START + head, va, pa, 3);
    uint64_t modules = global(pdb, "PsLoadedModuleList");
    link_list(world, NT_PHYSICAL + modules, MM_BOOT_IMAGE_START + modules, NULL, NULL, 0);
    world_put(world, NT_PHYSICAL + global(pdb, "PsInitialSystemProcess"), WORLD_SYSTEM, 8);
    world_put(world, NT_PHYSICAL + global(pdb, "MmPfnDatabase"), MM_PFN_DATABASE, 8);
    world_put(world, NT_PHYSICAL + global(pdb, "NtBuildNumber"), 0xF0001DB1, 4);
    make_processor(world, pdb);
    pdb_close(pdb);
}

/* ---- processes --------------------------------------------------------------------------------
 */

static void make_process(struct world *world, uint64_t va, const char *name, uint64_t id,
                         uint64_t directory, uint64_t peb)
{
    uint64_t pa = world_pool(va), threads = va + offsetof(EPROCESS, ThreadListHead);
    PUT(world, pa, EPROCESS, Pcb.Header.Type, 3);
    PUT(world, pa, EPROCESS, Pcb.DirectoryTableBase, directory);
    PUT(world, pa, EPROCESS, Pcb.BasePriority, 8);
    PUT(world, pa, EPROCESS, UniqueProcessId, id);
    PUT(world, pa, EPROCESS, InheritedFromUniqueProcessId, id == 4 ? 0 : 4);
    PUT(world, pa, EPROCESS, Peb, peb);
    PUT(world, pa, EPROCESS, Vm.WorkingSetSize, 10);
    PUT(world, pa, EPROCESS, VirtualSize, 3u << 20);
    PUT(world, pa, EPROCESS, CommitCharge, 7);
    memcpy(world_physical(world, pa + offsetof(EPROCESS, ImageFileName)), name, strlen(name));
    link_list(world, world_pool(threads), threads, NULL, NULL, 0);
}

static void make_thread(struct world *world)
{
    uint64_t pa = world_pool(WORLD_THREAD);
    uint64_t head = WORLD_ALPHA + offsetof(EPROCESS, ThreadListHead);
    uint64_t link = WORLD_THREAD + offsetof(ETHREAD, ThreadListEntry), link_pa = world_pool(link);
    PUT(world, pa, ETHREAD, Tcb.Header.Type, 6);
    PUT(world, pa, ETHREAD, Tcb.State, 5);      /* waiting */
    PUT(world, pa, ETHREAD, Tcb.WaitReason, 6); /* UserRequest */
    PUT(world, pa, ETHREAD, Tcb.WaitMode, 1);
    PUT(world, pa, ETHREAD, Tcb.Process, WORLD_ALPHA);
    PUT(world, pa, ETHREAD, Tcb.Teb, 0x7FFFFFDE000);
    PUT(world, pa, ETHREAD, Tcb.Priority, 10);
    PUT(world, pa, ETHREAD, Cid.UniqueProcess, 0x84);
    PUT(world, pa, ETHREAD, Cid.UniqueThread, 0x88);
    link_list(world, world_pool(head), head, &link, &link_pa, 1);
}

#define VAD(n) (0xFFFFFA8001004000ull + 0x100 * (n))

static void make_vad(struct world *world, unsigned n, uint64_t first, uint64_t last, uint64_t flags,
                     uint64_t left, uint64_t right)
{
    uint64_t pa = world_pool(VAD(n));
    PUT(world, pa, MMVAD_SHORT, StartingVpn, first);
    PUT(world, pa, MMVAD_SHORT, EndingVpn, last);
    PUT(world, pa, MMVAD_SHORT, u.LongFlags, flags);
    PUT(world, pa, MMVAD_SHORT, LeftChild, left);
    PUT(world, pa, MMVAD_SHORT, RightChild, right);
}

/* CommitCharge 0..50, VadType 52..54, Protection 56..60, PrivateMemory 63. */
#define VAD_FLAGS(commit, type, protection, is_private)                                            \
    ((uint64_t)(commit) | (uint64_t)(type) << 52 | (uint64_t)(protection) << 56 |                  \
     (uint64_t)(is_private) << 63)

static void make_vads(struct world *world)
{
    static const char name[] = "\\work\\alpha.exe";
    uint64_t area = VAD(9), file = VAD(10), text = VAD(12), segment = VAD(14);
    uint64_t subsection = area + sizeof(CONTROL_AREA);
    make_vad(world, 0, 0x40000, 0x40000, VAD_FLAGS(1, 0, 4, 1), VAD(1), VAD(2));
    make_vad(world, 1, 0x400, 0x402, VAD_FLAGS(2, 2, 7, 0), 0, 0);
    make_vad(world, 2, 0x60000, 0x60003, VAD_FLAGS(4, 0, 4, 1), 0, 0);
    PUT(world, world_pool(VAD(1)), MMVAD, Subsection, subsection);
    PUT(world, world_pool(subsection), SUBSECTION, ControlArea, area);
    PUT(world, world_pool(subsection), SUBSECTION, SubsectionBase, segment + 0x60);
    PUT(world, world_pool(subsection), SUBSECTION, PtesInSubsection, 3);
    world_put(world, world_pool(segment) + 0x60, FRAME(4) | VALID | USER | ACCESSED, 8);
    world_put(world, world_pool(segment) + 0x68, FRAME(6) | 1 << 11 | 3 << 5, 8); /* transition */
    world_put(world, world_pool(segment) + 0x70, subsection << 16 | 1 << 10 | 7 << 5, 8); /* file */
    PUT(world, world_pool(segment), SEGMENT, ControlArea, area);
    PUT(world, world_pool(segment), SEGMENT, TotalNumberOfPtes, 3);
    PUT(world, world_pool(segment), SEGMENT, SizeOfSegment, 0x3000);
    PUT(world, world_pool(area), CONTROL_AREA, Segment, segment);
    PUT(world, world_pool(area), CONTROL_AREA, NumberOfMappedViews, 1);
    world_put(world, world_pool(area) + offsetof(CONTROL_AREA, u), 1 << 5 | 1 << 7, 4);
    PUT(world, world_pool(area), CONTROL_AREA, FilePointer, file | 7);
    PUT(world, world_pool(file), FILE_OBJECT, FileName.Length, 2 * (sizeof name - 1));
    PUT(world, world_pool(file), FILE_OBJECT, FileName.MaximumLength, 2 * sizeof name);
    PUT(world, world_pool(file), FILE_OBJECT, FileName.Buffer, text);
    for (size_t i = 0; i < sizeof name; i++) {
        world_put(world, world_pool(text) + 2 * i, (uint8_t)name[i], 2);
    }
    uint64_t alpha = world_pool(WORLD_ALPHA);
    PUT(world, alpha, EPROCESS, VadRoot.BalancedRoot.RightChild, VAD(0));
    world_put(world, alpha + offsetof(EPROCESS, VadRoot) + 0x28, 3 << 8, 8);
}

/* One handle (4) of alpha.exe: an event without a type in the table and without a name. */
static void make_handles(struct world *world)
{
    uint64_t table = 0xFFFFFA8001006000, entries = 0xFFFFFA8001007000, header = 0xFFFFFA8001008000;
    PUT(world, world_pool(WORLD_ALPHA), EPROCESS, ObjectTable, table);
    PUT(world, world_pool(table), HANDLE_TABLE, TableCode, entries);
    PUT(world, world_pool(table), HANDLE_TABLE, HandleCount, 1);
    world_put(world, world_pool(entries) + 0x10, header | 1, 8);
    world_put(world, world_pool(entries) + 0x18, 0x1F0003, 4);
    PUT(world, world_pool(header), OBJECT_HEADER, PointerCount, 2);
    PUT(world, world_pool(header), OBJECT_HEADER, HandleCount, 1);
}

/* alpha.exe's token: LocalSystem and Administrators, two privileges; a job with alpha.exe in it. */
static void make_security(struct world *world)
{
    const uint64_t token = 0xFFFFFA800100D000, groups = token + 0x400, sid = token + 0x500;
    const uint64_t job = 0xFFFFFA800100E000, alpha = world_pool(WORLD_ALPHA);
    uint64_t pa = world_pool(token);
    PUT(world, alpha, EPROCESS, Token, token | 5);
    PUT(world, pa, TOKEN, SessionId, 1);
    PUT(world, pa, TOKEN, UserAndGroups, groups);
    PUT(world, pa, TOKEN, UserAndGroupCount, 2);
    PUT(world, pa, TOKEN, PrimaryGroup, sid);
    PUT(world, pa, TOKEN, TokenType, 1);
    PUT(world, pa, TOKEN, AuthenticationId, 0x3E7);
    PUT(world, pa, TOKEN, Privileges.Present, 1 << 20 | 1 << 23);
    PUT(world, pa, TOKEN, Privileges.Enabled, 1 << 23);
    world_put(world, world_pool(groups), sid, 8);
    world_put(world, world_pool(groups) + 16, sid + 0x40, 8);
    world_put(world, world_pool(groups) + 24, 0xE, 4);
    world_put(world, world_pool(sid), 0x0500000000000101, 8); /* S-1-5-18 */
    world_put(world, world_pool(sid) + 8, 18, 4);
    world_put(world, world_pool(sid) + 0x40, 0x0500000000000201, 8); /* S-1-5-32-544 */
    world_put(world, world_pool(sid) + 0x48, 32, 4);
    world_put(world, world_pool(sid) + 0x4C, 544, 4);

    uint64_t link = WORLD_ALPHA + offsetof(EPROCESS, JobLinks), link_pa = world_pool(link);
    uint64_t head = job + offsetof(EJOB, ProcessListHead);
    PUT(world, alpha, EPROCESS, Job, job);
    PUT(world, world_pool(job), EJOB, TotalProcesses, 1);
    PUT(world, world_pool(job), EJOB, ActiveProcesses, 1);
    PUT(world, world_pool(job), EJOB, LimitFlags, 0x2008);
    PUT(world, world_pool(job), EJOB, ActiveProcessLimit, 4);
    link_list(world, world_pool(head), head, &link, &link_pa, 1);
}

/* ---- alpha.exe's and beta.exe's pages ---------------------------------------------------------
 */

static void make_alpha_pages(struct world *world)
{
    uint64_t d = world->alpha_directory;
    static const char crossing[] = "crosspage";
    map(world, d, 0x40000000, FRAME(1) | USER_PAGE | NX);
    memset(world_physical(world, FRAME(1)), 'a', PAGE_SIZE);
    map(world, d, 0x26E000, FRAME(3) | USER_PAGE | NX);
    for (unsigned i = 0; i < 10; i++) {
        world_put(world, FRAME(3) + 0x7B0 + 2 * i, (uint8_t) "helloworld"[i], 2);
    }
    map(world, d, WORLD_CODE, FRAME(4) | VALID | USER | ACCESSED);
    map(world, d, 0x50000000, FRAME(5) | USER_PAGE | NX); /* neighbours in reverse order */
    map(world, d, 0x50001000, FRAME(2) | USER_PAGE | NX);
    memcpy(world_physical(world, FRAME(5) + PAGE_SIZE - 4), crossing, 4);
    memcpy(world_physical(world, FRAME(2)), crossing + 4, 6);
    map(world, d, 0x60000000, FRAME(6) | 1 << 11 | 4 << 5); /* transition */
    memset(world_physical(world, FRAME(6)), 't', PAGE_SIZE);
    map(world, d, 0x60001000, 4 << 5);                                     /* demand zero */
    map(world, d, 0x60002000, 0x1234ull << 32 | 4 << 5 | 1 << 1);          /* page file 1 */
    map(world, d, 0x60003000, 0xFFFFFFFF0000ull << 16 | 1 << 10 | 1 << 5); /* prototype, VAD */
}

static void make_pfns(struct world *world)
{
    uint64_t pfn = FRAME(1) >> PAGE_SHIFT, at = MM_PFN_DATABASE + pfn * sizeof(MMPFN);
    uint64_t pa = FRAME(8) + at % PAGE_SIZE;
    map(world, MM_SYSTEM_PAGE_DIRECTORY, at & ~(PAGE_SIZE - 1), FRAME(8) | KERNEL_PAGE | NX);
    map(world, MM_SYSTEM_PAGE_DIRECTORY, (at | (PAGE_SIZE - 1)) + 1, FRAME(9) | KERNEL_PAGE | NX);
    PUT(world, pa, MMPFN, u2.ShareCount, 1);
    PUT(world, pa, MMPFN, PteAddress, PTE_BASE + (0x40000000 >> 9));
    PUT(world, pa, MMPFN, OriginalPte, 4 << 5);
    world_put(world, pa + 0x18, 1, 2);                            /* ReferenceCount */
    world_put(world, pa + 0x1A, 6 | 1 << 4 | 1 << 6 | 5 << 8, 2); /* active, modified, cached, 5 */
    world_put(world, pa + 0x28, 0x191, 8);
}

/* ---- target -----------------------------------------------------------------------------------
 */

static struct world *of(struct kd_target *target)
{
    return (struct world *)target;
}

static int read_physical(struct kd_target *target, uint64_t pa, void *buffer, size_t size)
{
    if (pa > WORLD_RAM || size > WORLD_RAM - pa) {
        return -EFAULT;
    }
    memcpy(buffer, of(target)->ram + pa, size);
    return 0;
}

static int write_physical(struct kd_target *target, uint64_t pa, const void *buffer, size_t size)
{
    if (pa > WORLD_RAM || size > WORLD_RAM - pa) {
        return -EFAULT;
    }
    memcpy(of(target)->ram + pa, buffer, size);
    return 0;
}

static int get_registers(struct kd_target *target, unsigned processor, struct kd_registers *out)
{
    (void)processor;
    *out = of(target)->registers;
    return 0;
}

static int set_registers(struct kd_target *target, unsigned processor,
                         const struct kd_registers *registers)
{
    (void)processor;
    of(target)->registers = *registers;
    return 0;
}

/* Execute one instruction of alpha's code page: nop, call rel32, ret, int3, hlt (the end). */
static enum kd_event_kind execute(struct world *world)
{
    struct kd_registers *r = &world->registers;
    uint8_t *code = world_physical(world, FRAME(4) + r->rip % PAGE_SIZE);
    uint64_t *stack = world_physical(world, FRAME(1));
    int32_t displacement;
    switch (*code) {
    case 0x90:
        r->rip++;
        return KD_EVENT_NONE;
    case 0xE8:
        memcpy(&displacement, code + 1, 4);
        r->gpr[KD_RSP] -= 8;
        world->accessed = r->gpr[KD_RSP];
        world->access_is_write = true;
        stack[r->gpr[KD_RSP] % PAGE_SIZE / 8] = r->rip + 5;
        r->rip += 5 + (uint64_t)(int64_t)displacement;
        return KD_EVENT_NONE;
    case 0xC3:
        world->accessed = r->gpr[KD_RSP];
        r->rip = stack[r->gpr[KD_RSP] % PAGE_SIZE / 8];
        r->gpr[KD_RSP] += 8;
        return KD_EVENT_NONE;
    case 0xCC:
        return KD_EVENT_BREAKPOINT;
    default:
        return KD_EVENT_ENDED;
    }
}

static int watch(struct kd_target *target, const struct kd_watch *watches, size_t count)
{
    struct world *world = of(target);
    if (world->no_watches && count != 0) {
        return -ENODEV;
    }
    memcpy(world->watch, watches, count * sizeof *watches);
    world->watch_count = count;
    return 0;
}

/* Which watch the next instruction (`before`), or the last one's access to its stack, is met by. */
static bool watched(const struct world *world, bool before, unsigned *index)
{
    for (unsigned i = 0; i < world->watch_count; i++) {
        const struct kd_watch *w = &world->watch[i];
        bool execute = w->access == KD_WATCH_EXECUTE;
        uint64_t at = execute ? world->registers.rip : world->accessed;
        bool met = at < w->address + w->length && at + (execute ? 1 : 8) > w->address && at != 0;
        bool kind =
            execute ? before : !before && (w->access == KD_WATCH_ACCESS || world->access_is_write);
        if (met && kind) {
            *index = i;
            return true;
        }
    }
    return false;
}

static enum kd_event_kind execute_watched(struct world *world, unsigned *index)
{
    world->accessed = world->access_is_write = 0;
    if (watched(world, true, index)) {
        return KD_EVENT_WATCH;
    }
    enum kd_event_kind kind = execute(world);
    return kind == KD_EVENT_NONE && watched(world, false, index) ? KD_EVENT_WATCH : kind;
}

static int resume(struct kd_target *target, enum kd_resume how, struct kd_event *event)
{
    struct world *world = of(target);
    enum kd_event_kind kind = KD_EVENT_NONE;
    unsigned index = 0;
    world->resumes++;
    if (target->last_event.kind == KD_EVENT_ENDED) {
        return -ESHUTDOWN;
    }
    for (unsigned i = 0; i < 10000 && kind == KD_EVENT_NONE; i++) {
        kind = execute_watched(world, &index);
        if (how == KD_RESUME_STEP && kind == KD_EVENT_NONE) {
            kind = KD_EVENT_SINGLE_STEP;
        }
    }
    *event = (struct kd_event){.kind = kind == KD_EVENT_NONE ? KD_EVENT_BREAK_IN : kind,
                               .process = WORLD_ALPHA,
                               .thread = WORLD_THREAD,
                               .address = world->registers.rip,
                               .watch = index,
                               .code = 3};
    return 0;
}

static int break_request(struct kd_target *target)
{
    of(target)->break_requested = true;
    return 0;
}

static struct kd_target_ops ops = {
    .name = "test",
    .read_physical = read_physical,
    .write_physical = write_physical,
    .get_registers = get_registers,
    .set_registers = set_registers,
    .resume = resume,
    .break_request = break_request,
    .watch = watch,
};

struct world *world_create(const char *guest)
{
    struct world *world = calloc(1, sizeof *world);
    if (world == NULL || (world->ram = calloc(1, WORLD_RAM)) == NULL) {
        die("out of", "memory");
    }
    world->next_table = MM_SYSTEM_PAGE_DIRECTORY + PAGE_SIZE;
    self_map(world, MM_SYSTEM_PAGE_DIRECTORY);
    load_nt(world, guest);
    for (uint64_t i = 0; i < POOL_PAGES; i++) {
        map(world, MM_SYSTEM_PAGE_DIRECTORY, POOL_VA + i * PAGE_SIZE,
            (POOL_PHYSICAL + i * PAGE_SIZE) | KERNEL_PAGE | NX);
    }
    map(world, MM_SYSTEM_PAGE_DIRECTORY, KI_USER_SHARED_DATA, FRAME(7) | KERNEL_PAGE | NX);
    make_pfns(world);
    world->alpha_directory = new_directory(world);
    world->beta_directory = new_directory(world);
    make_process(world, WORLD_SYSTEM, "System", 4, MM_SYSTEM_PAGE_DIRECTORY, 0);
    make_process(world, WORLD_ALPHA, "alpha.exe", 0x84, world->alpha_directory, 0);
    make_process(world, WORLD_BETA, "beta.exe", 0x90, world->beta_directory, 0);
    make_thread(world);
    make_vads(world);
    make_handles(world);
    make_security(world);
    make_alpha_pages(world);
    map(world, world->beta_directory, 0x40000000, FRAME(10) | USER_PAGE | NX);
    memset(world_physical(world, FRAME(10)), 'b', PAGE_SIZE);
    set_globals(world, guest);
    kd_target_complete(&ops);
    world->registers = (struct kd_registers){
        .gpr = {[KD_RAX] = 1, [KD_RSP] = 0x40000F00, [KD_R15] = 0x15},
        .rip = WORLD_CODE,
        .rflags = 0x246,
        .cs = 0x33,
        .ss = 0x2B,
        .ds = 0x2B,
        .es = 0x2B,
        .fs = 0x53,
        .gs = 0x2B,
        .cr3 = world->alpha_directory,
    };
    world->target = (struct kd_target){
        .ops = &ops,
        .processor_count = 2,
        .maxphyaddr = 40,
        .directory_base = MM_SYSTEM_PAGE_DIRECTORY,
        .kernel_base = MM_BOOT_IMAGE_START,
        .physical_size = WORLD_RAM,
        .symbol_path = guest,
        .last_event = {.kind = KD_EVENT_INITIAL, .process = WORLD_ALPHA, .thread = WORLD_THREAD},
    };
    return world;
}

void world_destroy(struct world *world)
{
    free(world->ram);
    free(world);
}
