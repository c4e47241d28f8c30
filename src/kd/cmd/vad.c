/* src/kd/cmd/vad.c: !vad: the ranges of an address space.
 *
 * The tree is walked in order. In a sound tree each StartingVpn is above the EndingVpn before it,
 * so a loop or a stray pointer shows itself as a step back and ends the walk; depth and number of
 * nodes are bounded as well.
 *
 *      VAD             Level           Start             End          Commit
 *      fffffa80010b2e40    1           40000           40000               1 Private      READWRITE
 *
 * Source: debugger documentation, "!vad". */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hw/bits.h"
#include "kd/cmd/cmd.h"
#include "kd/kdi.h"
#include "kd/types.h"

#define DEPTH_LIMIT 64
#define PAGE_KB 4
#define NODE_LIMIT (1u << 20)
#define FAST_REF_BITS 15ull /* low bits of an EX_FAST_REF are a count */
#define COMMIT_BITS 51      /* all ones: no charge is kept */

enum vad_type {
    VAD_NONE,
    VAD_PHYSICAL,
    VAD_IMAGE,
    VAD_AWE,
    VAD_WRITE_WATCH,
    VAD_LARGE,
    VAD_ROTATE,
    VAD_LARGE_SECTION
};

struct tree {
    kd_vad_visit *visit;
    void *context;
    unsigned count;
    uint64_t next_vpn; /* the next node starts here or later */
    bool damaged, stopped;
};

struct totals {
    unsigned count, level_sum, depth;
    uint64_t private, shared; /* commit, in pages */
};

static uint64_t flag(struct kd *kd, uint64_t vad, const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "u.VadFlags.%s", name);
    return kd_field(kd, "_MMVAD_SHORT", vad, path);
}

static const char *kind_text(uint64_t type, bool private_memory)
{
    switch (type) {
    case VAD_IMAGE:
        return "Mapped  Exe  ";
    case VAD_PHYSICAL:
        return "Phys Mem     ";
    case VAD_AWE:
        return "Private AWE  ";
    case VAD_WRITE_WATCH:
        return "Private WrtWatch ";
    case VAD_LARGE:
        return "Private LargePg ";
    case VAD_ROTATE:
        return "Rotate Phys  ";
    case VAD_LARGE_SECTION:
        return "Mapped  LargePg ";
    default:
        return private_memory ? "Private      " : "Mapped       ";
    }
}

/* What a view shows: a file's name, or how much of the paging file its section may need, which is
 * also returned, in pages. */
static uint64_t section_text(struct kd *kd, uint64_t vad, char *out, size_t size)
{
    uint64_t area, file, name_offset, segment = 0, shared = 0;
    uint64_t subsection = kd_field(kd, "_MMVAD", vad, "Subsection");
    *out = '\0';
    if (subsection == 0 || !kd_read_nt(kd, "_SUBSECTION", subsection, "ControlArea", &area) ||
        !kd_read_nt(kd, "_CONTROL_AREA", area, "FilePointer", &file)) {
        return 0;
    }
    file &= ~FAST_REF_BITS;
    if (file == 0) {
        if (kd_read_nt(kd, "_CONTROL_AREA", area, "Segment", &segment)) {
            shared = kd_field(kd, "_SEGMENT", segment, "NumberOfCommittedPages");
        }
        snprintf(out, size, "Pagefile section, shared commit 0x%" PRIx64, shared);
    } else if (!kd_offset(kd, "_FILE_OBJECT", "FileName", &name_offset) ||
               !kd_read_unicode_string(kd->symbols, file + name_offset, out, size)) {
        *out = '\0';
    }
    return shared;
}

/* In pages; negative when none is kept. */
static int64_t commit_of(struct kd *kd, uint64_t vad)
{
    return (int64_t)(flag(kd, vad, "CommitCharge") << (64 - COMMIT_BITS)) >> (64 - COMMIT_BITS);
}

static void show_vad(struct kd *kd, uint64_t vad, unsigned level, struct totals *totals)
{
    char protection[48], file[512] = "";
    bool private_memory = flag(kd, vad, "PrivateMemory") != 0;
    int64_t commit = commit_of(kd, vad);
    if (!private_memory) {
        totals->shared += section_text(kd, vad, file, sizeof file);
    }
    totals->private += commit > 0 ? (uint64_t)commit : 0;
    kd_protection_text(flag(kd, vad, "Protection"), true, protection, sizeof protection);
    kd_printf(kd, "%016" PRIx64 " %4u %15" PRIx64 " %15" PRIx64 " %15" PRId64 " %s", vad, level,
              kd_field(kd, "_MMVAD_SHORT", vad, "StartingVpn"),
              kd_field(kd, "_MMVAD_SHORT", vad, "EndingVpn"), commit,
              kind_text(flag(kd, vad, "VadType"), private_memory));
    if (*file != '\0') {
        kd_printf(kd, "%-18s %s\n", protection, file);
    } else {
        kd_printf(kd, "%s\n", protection);
    }
}

static void walk_tree(struct kd *kd, uint64_t vad, unsigned level, struct tree *tree)
{
    struct kd_vad node = {.address = vad, .level = level};
    uint64_t left, right;
    if (vad == 0 || tree->damaged || tree->stopped || kd_interrupted(kd)) {
        return;
    }
    if (level > DEPTH_LIMIT || tree->count == NODE_LIMIT) {
        tree->damaged = true;
        kd_error(kd, "The tree of VADs is damaged: too many below %016" PRIx64 ", or a circle",
                 vad);
        return;
    }
    if (!kd_read_nt(kd, "_MMVAD_SHORT", vad, "LeftChild", &left) ||
        !kd_read_nt(kd, "_MMVAD_SHORT", vad, "RightChild", &right) ||
        !kd_read_nt(kd, "_MMVAD_SHORT", vad, "StartingVpn", &node.start) ||
        !kd_read_nt(kd, "_MMVAD_SHORT", vad, "EndingVpn", &node.end)) {
        tree->damaged = true;
        kd_error(kd, "The tree of VADs is damaged: %016" PRIx64 " is not in memory", vad);
        return;
    }
    walk_tree(kd, left, level + 1, tree);
    if (tree->damaged || tree->stopped) {
        return;
    }
    if (node.start < tree->next_vpn || node.end < node.start) {
        tree->damaged = true;
        kd_error(kd, "The tree of VADs is damaged: %016" PRIx64 " is out of order", vad);
        return;
    }
    tree->stopped = !tree->visit(kd, &node, tree->context);
    tree->next_vpn = node.end + 1;
    tree->count++;
    walk_tree(kd, right, level + 1, tree);
}

bool kd_vads_each(struct kd *kd, uint64_t root, kd_vad_visit *visit, void *context)
{
    struct tree tree = {.visit = visit, .context = context};
    walk_tree(kd, root, 0, &tree);
    return !tree.damaged;
}

uint64_t kd_vad_root(struct kd *kd, uint64_t process)
{
    return kd_field(kd, "_EPROCESS", process, "VadRoot.BalancedRoot.RightChild");
}

static bool show_node(struct kd *kd, const struct kd_vad *vad, void *context)
{
    struct totals *totals = context;
    show_vad(kd, vad->address, vad->level, totals);
    totals->count++;
    totals->level_sum += vad->level;
    totals->depth = vad->level > totals->depth ? vad->level : totals->depth;
    return true;
}

/* The argument may be a process, or the root of a tree as !process shows it. */
static uint64_t root_of(struct kd *kd, uint64_t address)
{
    uint64_t type = kd_field(kd, "_EPROCESS", address, "Pcb.Header.Type");
    uint64_t directory = kd_field(kd, "_EPROCESS", address, "Pcb.DirectoryTableBase");
    if (type != KD_PROCESS_OBJECT || directory % 0x1000 != 0 || directory == 0) {
        return address;
    }
    return kd_vad_root(kd, address);
}

static const char *const flag_names[] = {"NoChange", "MemCommit", "PrivateMemory"};
static const char *const flag2_names[] = {"SecNoChange", "OneSecured",     "MultipleSecured",
                                          "LongVad",     "ExtendableFile", "Inherit",
                                          "CopyOnWrite"};

/* Whether there can be a VAD at `vad`: a range of user space is there. */
static bool is_vad(struct kd *kd, uint64_t vad)
{
    uint64_t start, end, highest = kd_nt_pointer(kd, "MmHighestUserAddress") >> HW_PAGE_SHIFT;
    return kd_read_nt(kd, "_MMVAD_SHORT", vad, "StartingVpn", &start) &&
           kd_read_nt(kd, "_MMVAD_SHORT", vad, "EndingVpn", &end) && start <= end && end <= highest;
}

/* One range with all that its VAD says, its flags by name; those of views besides. */
static bool show_detail(struct kd *kd, uint64_t vad)
{
    char protection[48], name[512], path[64];
    uint64_t mask = flag(kd, vad, "Protection");
    if (!is_vad(kd, vad)) {
        return kd_error(kd, "%016" PRIx64 " is no VAD", vad);
    }
    bool view = !flag(kd, vad, "PrivateMemory");
    int64_t commit = commit_of(kd, vad);
    kd_printf(kd, "\nVAD @ %016" PRIx64 "\n  Start VPN %16" PRIx64 "  End VPN %16" PRIx64, vad,
              kd_field(kd, "_MMVAD_SHORT", vad, "StartingVpn"),
              kd_field(kd, "_MMVAD_SHORT", vad, "EndingVpn"));
    if (view) {
        uint64_t subsection = kd_field(kd, "_MMVAD", vad, "Subsection");
        kd_printf(kd,
                  "  Control Area %016" PRIx64 "\n  FirstProtoPte %016" PRIx64
                  "  LastPte %016" PRIx64 "  File Offset %" PRIx64,
                  subsection ? kd_field(kd, "_SUBSECTION", subsection, "ControlArea") : 0,
                  kd_field(kd, "_MMVAD", vad, "FirstPrototypePte"),
                  kd_field(kd, "_MMVAD", vad, "LastContiguousPte"),
                  kd_field(kd, "_MMVAD", vad, "u2.VadFlags2.FileOffset"));
    }
    kd_protection_text(mask, true, protection, sizeof protection);
    kd_printf(kd,
              "\n  Commit Charge %" PRIx64 " (%" PRId64 ".)\n  VadType %" PRIu64
              "  Protection %" PRIx64 " %s\n  Flags",
              commit > 0 ? (uint64_t)commit : 0, commit > 0 ? commit : 0, flag(kd, vad, "VadType"),
              mask, protection);
    for (size_t i = 0; i < sizeof flag_names / sizeof *flag_names; i++) {
        kd_printf(kd, "%s%s", flag(kd, vad, flag_names[i]) ? " " : "",
                  flag(kd, vad, flag_names[i]) ? flag_names[i] : "");
    }
    for (size_t i = 0; view && i < sizeof flag2_names / sizeof *flag2_names; i++) {
        snprintf(path, sizeof path, "u2.VadFlags2.%s", flag2_names[i]);
        bool set = kd_field(kd, "_MMVAD", vad, path) != 0;
        kd_printf(kd, "%s%s", set ? " " : "", set ? flag2_names[i] : "");
    }
    kd_printf(kd, "\n");
    if (view) {
        section_text(kd, vad, name, sizeof name);
        kd_printf(kd, "  %s\n", name);
    }
    return true;
}

static void show_totals(struct kd *kd, const struct totals *totals)
{
    kd_printf(kd, "\nTotal VADs: %u, average level: %u, maximum depth: %u\n", totals->count,
              totals->count > 0 ? totals->level_sum / totals->count + 1 : 0, totals->depth);
    kd_printf(kd, "Total private commit: 0x%" PRIx64 " pages (%" PRIu64 " KB)\n", totals->private,
              totals->private * PAGE_KB);
    kd_printf(kd, "Total shared commit:  0x%" PRIx64 " pages (%" PRIu64 " KB)\n", totals->shared,
              totals->shared * PAGE_KB);
}

static bool cmd_vad(struct kd *kd, const char *args)
{
    uint64_t address = 0, how = 0;
    bool given, flags_given;
    if (!kd_evaluate_optional(kd, &args, &address, &given) ||
        !kd_evaluate_optional(kd, &args, &how, &flags_given) || !kd_need_symbols(kd)) {
        return false;
    }
    if (!kd_at_end(args)) {
        return kd_error(kd, "Extra character error in '%s'", args);
    }
    if (how & 1) {
        return show_detail(kd, address);
    }
    if (!given || address == 0) {
        address = kd_current_process(kd);
    }
    uint64_t root = root_of(kd, address);
    if (root == address && !is_vad(kd, root)) {
        return kd_error(kd, "%016" PRIx64 " is neither a process nor a VAD", address);
    }
    struct totals totals = {0};
    kd_printf(kd, "%-16s%5s%16s%16s%16s\n", "VAD", "Level", "Start", "End", "Commit");
    bool sound = kd_vads_each(kd, root, show_node, &totals);
    if (sound) {
        show_totals(kd, &totals);
    }
    return sound;
}

const struct kd_command kd_commands_vad[] = {
    {"!vad", "!vad [ROOT|PROCESS|VAD 1]",
     "address ranges of a process; with 1, one range and its flags", cmd_vad, KD_NEEDS_MACHINE},
    {0},
};
