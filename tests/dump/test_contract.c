/* tests/dump/test_contract.c: what other people's tools need to find in our memory.
 *
 *      test_contract DUMP PDB
 *
 * Each rule is a row of a table and looks at the dump alone, without the debugger. Exit status 77
 * (skipped) without a dump. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dump/dump.h"
#include "hw/walk.h"
#include "kd/pdb.h"
#include "kd/symtab.h"
#include "nt/cm.h"
#include "nt/ex.h"
#include "nt/image.h"
#include "nt/kdbg.h"
#include "nt/mm.h"
#include "nt/peb.h"
#include "nt/ps.h"
#include "nt/se.h"
#include "pe/pe.h"

#define SKIPPED 77
#define DIRECTORY 0x187000u
#define SELF_SLOT 0x1EDu
#define MEGABYTE 0x100000u
#define MOST_LINKS 1000
#define MOST_HIVES 100
#define HIVE_SIGNATURE 0xBEE0BEE0u
#define SHARED_DATA 0xFFFFF78000000000ull
#define STILL_RUNNING 0x103

struct world {
    struct dump_file *file;
    const struct dump_info *info;
    struct pdb *pdb;
    uint64_t kernel;
    uint64_t entry[HW_ENTRIES]; /* of the System page directory */
    struct pe_image image;
};

/* ---- memory ---- */

static bool read_entry(void *context, hw_pa pa, uint64_t *value)
{
    return dump_read_physical(context, pa.value, value, sizeof *value) == 0;
}

static void walk(const struct world *w, uint64_t directory, uint64_t va, struct hw_walk *out)
{
    const struct hw_mmu mmu = {.cr3 = {directory},
                               .maxphyaddr = 52,
                               .nx = true,
                               .read_physical = read_entry,
                               .context = w->file};
    hw_walk(&mmu, (hw_va){va}, (struct hw_access){0}, out);
}

static bool get(const struct world *w, uint64_t va, void *buffer, size_t size)
{
    for (size_t done = 0; done < size;) {
        struct hw_walk step;
        size_t piece = HW_PAGE_SIZE - (va + done) % HW_PAGE_SIZE;
        piece = piece < size - done ? piece : size - done;
        walk(w, DIRECTORY, va + done, &step);
        if (!step.page_size ||
            dump_read_physical(w->file, step.pa.value, (char *)buffer + done, piece)) {
            return false;
        }
        done += piece;
    }
    return true;
}

static bool fetch(void *context, uint64_t offset, void *buffer, size_t size)
{
    return get(context, offset, buffer, size);
}

static uint64_t symbol(const struct world *w, const char *name)
{
    const struct pdb_symbol *found = symtab_find(pdb_symbols(w->pdb), name);
    return found ? w->kernel + found->rva : 0;
}

static bool text_is(const struct world *w, struct _UNICODE_STRING string, const char *text)
{
    uint16_t unit;
    size_t length = strlen(text);
    if (string.Length != 2 * length) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (!get(w, string.Buffer.va + 2 * i, &unit, 2) || unit != (unsigned char)text[i]) {
            return false;
        }
    }
    return true;
}

/* Call `check` for each process of the list; false as soon as it is, or the list is damaged. */
static bool each_process(const struct world *w, unsigned *count,
                         bool (*check)(const struct world *w, uint64_t at,
                                       const struct _EPROCESS *process))
{
    uint64_t head = symbol(w, "PsActiveProcessHead"), link;
    *count = 0;
    if (!get(w, head, &link, sizeof link)) {
        return false;
    }
    for (unsigned i = 0; link != head; i++) {
        struct _EPROCESS process;
        uint64_t at = link - offsetof(struct _EPROCESS, ActiveProcessLinks);
        if (i == MOST_LINKS || !get(w, at, &process, sizeof process) ||
            (check && !check(w, at, &process))) {
            return false;
        }
        ++*count;
        link = process.ActiveProcessLinks.Flink.va;
    }
    return *count > 0;
}

/* ---- rules: page tables ---- */

static bool directory_place(const struct world *w)
{
    return w->info->directory_base == DIRECTORY;
}

static bool one_self_reference(const struct world *w)
{
    unsigned self = 0;
    for (unsigned i = 0; i < HW_ENTRIES; i++) {
        hw_entry entry = {w->entry[i]};
        self += hw_entry_present(entry) && hw_entry_pfn(entry) == DIRECTORY >> HW_PAGE_SHIFT;
    }
    hw_entry slot = {w->entry[SELF_SLOT]};
    return self == 1 && hw_entry_present(slot) && hw_entry_pfn(slot) == DIRECTORY >> HW_PAGE_SHIFT;
}

static bool targets_within(const struct world *w)
{
    for (unsigned i = 0; i < HW_ENTRIES; i++) {
        hw_entry entry = {w->entry[i]};
        if (hw_entry_present(entry) &&
            (hw_entry_large(entry) ||
             hw_entry_pfn(entry) >= w->info->physical_size >> HW_PAGE_SHIFT)) {
            return false;
        }
    }
    return true;
}

static bool kernel_entries(const struct world *w)
{
    unsigned kernel = 0, empty[2] = {0, 0};
    for (unsigned i = 0; i < HW_ENTRIES; i++) {
        hw_entry entry = {w->entry[i]};
        kernel += hw_entry_present(entry) && hw_entry_writable(entry) && !hw_entry_user(entry) &&
                  !hw_entry_large(entry) && !hw_entry_no_execute(entry);
        empty[i / (HW_ENTRIES / 2)] += entry.value == 0;
    }
    return kernel >= 6 && empty[0] > 64 && empty[1] > 64;
}

/* ---- rules: the kernel ---- */

static bool kdbg_in_data(const struct world *w)
{
    struct pe_section section;
    struct _KDDEBUGGER_DATA64 kdbg;
    uint64_t at = w->info->debugger_data;
    uint16_t magic;
    return at == symbol(w, "KdDebuggerDataBlock") && get(w, at, &kdbg, sizeof kdbg) &&
           kdbg.Header.OwnerTag == KDBG_TAG && get(w, kdbg.KernBase, &magic, sizeof magic) &&
           magic == IMAGE_DOS_SIGNATURE &&
           pe_find_section(&w->image, (uint32_t)(at - w->kernel), &section) == PE_OK &&
           strcmp(section.name, ".data") == 0 && section.virtual_size <= MEGABYTE;
}

static bool rsds_record(const struct world *w)
{
    struct pe_debug_id id;
    struct pdb_id mine = pdb_id(w->pdb);
    return pe_debug_id(&w->image, &id) == PE_OK && strcmp(id.pdb, "ntkrnlmp.pdb") == 0 &&
           memcmp(id.guid, mine.guid, sizeof mine.guid) == 0 && id.age == mine.age;
}

static bool headers(const struct world *w)
{
    static const char wanted[8] = {'P', 'O', 'O', 'L', 'C', 'O', 'D', 'E'};
    uint32_t e_lfanew;
    char page[HW_PAGE_SIZE];
    if (!get(w, w->kernel + 0x3C, &e_lfanew, 4) || e_lfanew > 0x800 ||
        !get(w, w->kernel, page, sizeof page)) {
        return false;
    }
    for (size_t i = 0; i < sizeof page; i += sizeof wanted) {
        if (memcmp(page + i, wanted, sizeof wanted) == 0) {
            return true;
        }
    }
    return false;
}

static bool exports(const struct world *w)
{
    char name[PE_NAME_MAX];
    struct pe_export found;
    return pe_export_module_name(&w->image, name, sizeof name) == PE_OK &&
           strcmp(name, "ntoskrnl.exe") == 0 &&
           pe_find_export(&w->image, "PsInitialSystemProcess", &found) == PE_OK &&
           pe_find_export(&w->image, "NtBuildNumber", &found) == PE_OK;
}

/* The region of 2 MB pages around nt: more than 4 and less than 24 MB. */
static bool large_pages(const struct world *w)
{
    const uint64_t large = 2 * MEGABYTE;
    uint64_t low = w->kernel & ~(large - 1), high = low;
    struct hw_walk step;
    for (walk(w, DIRECTORY, high, &step); step.page_size == large && high - low < 64 * MEGABYTE;
         walk(w, DIRECTORY, high, &step)) {
        high += large;
    }
    for (walk(w, DIRECTORY, low - large, &step);
         step.page_size == large && high - low < 64 * MEGABYTE;
         walk(w, DIRECTORY, low - large, &step)) {
        low -= large;
    }
    return high - low > 4 * MEGABYTE && high - low < 24 * MEGABYTE;
}

static bool image_size(const struct world *w)
{
    return w->info->physical_size >= 16 * MEGABYTE;
}

static bool kernel_in_list(const struct world *w)
{
    uint64_t link;
    struct _LDR_DATA_TABLE_ENTRY entry;
    return get(w, w->info->loaded_modules, &link, sizeof link) &&
           get(w, link, &entry, sizeof entry) && text_is(w, entry.BaseDllName, "ntoskrnl.exe") &&
           text_is(w, entry.FullDllName, "\\SystemRoot\\system32\\ntoskrnl.exe");
}

static bool symbols(const struct world *w)
{
    static const char *const names[] = {
        "KdDebuggerDataBlock",  "KdVersionBlock",
        "KdCopyDataBlock",      "NtBuildLab",
        "NtBuildNumber",        "CmNtCSDVersion",
        "KeNumberProcessors",   "PsActiveProcessHead",
        "PsLoadedModuleList",   "PsInitialSystemProcess",
        "MmProtectToValue",     "ObTypeIndexTable",
        "ObpInfoMaskToOffset",  "KiServiceTable",
        "KiServiceLimit",       "PoolBigPageTable",
        "PoolBigPageTableSize", "CmpHiveListHead",
    };
    bool all = true;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!symbol(w, names[i])) {
            printf("    no nt!%s\n", names[i]);
            all = false;
        }
    }
    return all && !symbol(w, "ObHeaderCookie") && !symbol(w, "MiVisibleState");
}

/* Each is one, and in front of what a file of it would begin with. */
static bool hives(const struct world *w)
{
    uint64_t head = symbol(w, "CmpHiveListHead"), entry;
    unsigned count = 0;
    bool sound = get(w, head, &entry, sizeof entry);
    for (; sound && entry != head && count < MOST_HIVES; count++) {
        struct _CMHIVE hive;
        char regf[4];
        sound = get(w, entry - offsetof(struct _CMHIVE, HiveList), &hive, sizeof hive) &&
                hive.Hive.Signature == HIVE_SIGNATURE &&
                get(w, hive.Hive.BaseBlock.va, regf, sizeof regf) &&
                memcmp(regf, "regf", sizeof regf) == 0;
        entry = hive.HiveList.Flink.va;
    }
    return sound && count > 1 && count < MOST_HIVES;
}

static bool shared_data(const struct world *w)
{
    struct _KUSER_SHARED_DATA data;
    return get(w, SHARED_DATA, &data, sizeof data) && data.NtMajorVersion == 6 &&
           data.NtMinorVersion == 1 && data.NtProductType == 1 && data.SystemTime.LowPart != 0 &&
           data.NtSystemRoot[0] == 'C' && data.NtSystemRoot[1] == ':';
}

/* ---- rules: processes ---- */

static bool system_process(const struct world *w)
{
    struct _EPROCESS process;
    uint64_t at;
    uint32_t zero;
    return get(w, symbol(w, "PsInitialSystemProcess"), &at, sizeof at) &&
           get(w, at, &process, sizeof process) && get(w, at + 4, &zero, sizeof zero) &&
           zero == 0 && process.Pcb.DirectoryTableBase == DIRECTORY && process.Peb.va == 0 &&
           strcmp((const char *)process.ImageFileName, "System") == 0;
}

static bool check_running(const struct world *w, uint64_t at, const struct _EPROCESS *process)
{
    struct hw_walk step;
    (void)at;
    walk(w, process->Pcb.DirectoryTableBase, process->Peb.va, &step);
    return process->ExitStatus == STILL_RUNNING && process->Peb.va % HW_PAGE_SIZE == 0 &&
           (process->Peb.va == 0 || step.page_size != 0);
}

static bool running(const struct world *w)
{
    unsigned count;
    return each_process(w, &count, check_running);
}

static bool check_audit(const struct world *w, uint64_t at, const struct _EPROCESS *process)
{
    static const char wanted[] = "\\Device\\";
    struct _UNICODE_STRING name;
    uint64_t info = process->SeAuditProcessCreationInfo.ImageFileName.va;
    (void)at;
    if (process->Peb.va == 0) {
        return true; /* System has no image */
    }
    if (!get(w, info, &name, sizeof name) || name.Buffer.va != info + sizeof name ||
        name.Length >= name.MaximumLength || name.Length < 2 * (sizeof wanted - 1)) {
        return false;
    }
    name.Length = 2 * (sizeof wanted - 1);
    return text_is(w, name, wanted);
}

static bool audit_names(const struct world *w)
{
    unsigned count;
    return each_process(w, &count, check_audit);
}

static bool tag_is(const struct world *w, uint64_t block, const char *tag)
{
    char there[4];
    return get(w, block - sizeof(struct _POOL_HEADER) + offsetof(struct _POOL_HEADER, PoolTag),
               there, sizeof there) &&
           memcmp(there, tag, sizeof there) == 0;
}

static bool check_handles(const struct world *w, uint64_t at, const struct _EPROCESS *process)
{
    (void)at;
    return tag_is(w, process->ObjectTable.va, "Obtb");
}

static bool handle_tables(const struct world *w)
{
    unsigned count;
    return each_process(w, &count, check_handles);
}

static bool enough_processes(const struct world *w)
{
    unsigned count;
    struct _EPROCESS process;
    uint64_t link;
    return each_process(w, &count, NULL) && count >= 11 &&
           get(w, symbol(w, "PsInitialSystemProcess"), &link, sizeof link) &&
           get(w, link, &process, sizeof process) &&
           get(w,
               process.ActiveProcessLinks.Flink.va - offsetof(struct _EPROCESS, ActiveProcessLinks),
               &process, sizeof process) &&
           strcmp((const char *)process.ImageFileName, "smss.exe") == 0;
}

/* ---- rules: VADs ---- */

/* Count the nodes below `node`; false when one has no VAD's pool tag. */
static bool count_vads(const struct world *w, uint64_t node, uint64_t *count)
{
    static const char *const tags[] = {"VadS", "VadF", "Vad ", "Vadl", "Vadm"};
    struct _MMADDRESS_NODE links;
    if (node == 0) {
        return true;
    }
    bool tagged = false;
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        tagged = tagged || tag_is(w, node, tags[i]);
    }
    return tagged && ++*count < MOST_LINKS && get(w, node, &links, sizeof links) &&
           count_vads(w, links.LeftChild.va, count) && count_vads(w, links.RightChild.va, count);
}

static bool check_vads(const struct world *w, uint64_t at, const struct _EPROCESS *process)
{
    const struct _MM_AVL_TABLE *root = &process->VadRoot;
    uint64_t count = 0, self = at + offsetof(struct _EPROCESS, VadRoot);
    return (root->BalancedRoot.u1.Parent.va & ~3ull) == self &&
           count_vads(w, root->BalancedRoot.RightChild.va, &count) &&
           count == root->NumberGenericTableElements;
}

static bool vads(const struct world *w)
{
    unsigned count;
    return each_process(w, &count, check_vads);
}

/* ---- rules: the file ---- */

static bool context_of_dump(const struct world *w)
{
    return w->info->has_context && w->info->context.MxCsr == w->info->context.FltSave.MxCsr &&
           w->info->context.MxCsr != 0 && w->info->context.Rip != 0;
}

static bool header(const struct world *w)
{
    return w->info->major == 15 && w->info->build == 7601 && w->info->system_time != 0 &&
           w->info->loaded_modules == symbol(w, "PsLoadedModuleList") &&
           w->info->active_processes == symbol(w, "PsActiveProcessHead") &&
           w->info->pfn_database == symbol(w, "MmPfnDatabase");
}

static const struct rule {
    const char *what;
    bool (*holds)(const struct world *w);
} rules[] = {
    {"the System page directory lies at 0x187000", directory_place},
    {"its one self-reference is slot 0x1ED", one_self_reference},
    {"its entries lead to tables inside the image", targets_within},
    {"6 kernel entries; more than 64 zero entries in each half", kernel_entries},
    {"KDBG lies in .data and names the kernel's base", kdbg_in_data},
    {"RSDS names ntkrnlmp.pdb with our GUID and age", rsds_record},
    {"e_lfanew at most 0x800, POOLCODE in the first page", headers},
    {"exports of ntoskrnl.exe", exports},
    {"nt lies in 4 to 24 MB of 2 MB pages", large_pages},
    {"the image has at least 16 MB", image_size},
    {"PsLoadedModuleList begins with ntoskrnl.exe", kernel_in_list},
    {"symbols that are read exist; those of newer systems do not", symbols},
    {"CmpHiveListHead leads to hives with base blocks", hives},
    {"KUSER_SHARED_DATA tells the version, root and time", shared_data},
    {"System: type, directory, name, no PEB", system_process},
    {"processes run and have a mapped PEB", running},
    {"SeAuditProcessCreationInfo begins with \\Device\\", audit_names},
    {"handle tables are tagged Obtb", handle_tables},
    {"at least 11 processes, smss.exe after System", enough_processes},
    {"VAD trees: tags, count, root that is its own parent", vads},
    {"the CONTEXT's two MxCsr agree", context_of_dump},
    {"header: version, time, the kernel's lists", header},
};

static bool prepare(struct world *w, const char *dump, const char *pdb)
{
    struct _KDDEBUGGER_DATA64 kdbg;
    char reason[DUMP_REASON_SIZE];
    if (dump_open(dump, &w->file, reason)) {
        printf("%s: %s\n", dump, reason);
        return false;
    }
    w->info = dump_get_info(w->file);
    if (pdb_open(pdb, &w->pdb) != PDB_OK ||
        dump_read_physical(w->file, DIRECTORY, w->entry, sizeof w->entry) ||
        !get(w, w->info->debugger_data, &kdbg, sizeof kdbg)) {
        printf("no PDB, page directory or KDBG\n");
        return false;
    }
    w->kernel = kdbg.KernBase;
    struct byte_reader reader = reader_of_source(fetch, w, w->kernel, 64 * MEGABYTE);
    return pe_open_reader(&w->image, reader, PE_LAYOUT_MAPPED) == PE_OK;
}

int main(int argc, char **argv)
{
    struct world w = {0};
    unsigned wrong = 0;
    if (argc != 3) {
        fprintf(stderr, "usage: test_contract DUMP PDB\n");
        return 2;
    }
    FILE *there = fopen(argv[1], "rb");
    if (!there) {
        printf("skipped: no dump\n");
        return SKIPPED;
    }
    fclose(there);
    if (!prepare(&w, argv[1], argv[2])) {
        return 1;
    }
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        bool holds = rules[i].holds(&w);
        printf("%-6s %s\n", holds ? "holds" : "BROKEN", rules[i].what);
        wrong += !holds;
    }
    pdb_close(w.pdb);
    dump_close(w.file);
    return wrong ? 1 : 0;
}
