/* src/kd/cmd/section.c: !ca: a control area: what section objects of one file or memory share.
 *
 *      CONTROL_AREA -> SEGMENT -> prototype PTEs
 *          `-------- SUBSECTION -> SUBSECTION ...   each with its part of the prototype PTEs
 *
 * The first subsection lies right behind the control area.
 *
 * Source: debugger documentation, "!ca"; Windows Internals 6, part 2, ch. 10 "Section Objects". */
#include <inttypes.h>
#include <stdio.h>

#include "kd/cmd/cmd.h"
#include "kd/kdi.h"
#include "kd/symbols.h"
#include "kd/types.h"

#define FAST_REF_BITS 15ull
#define PTES_MOST (1u << 20) /* counted of one subsection */

static uint64_t area_field(struct kd *kd, uint64_t area, const char *path)
{
    return kd_field(kd, "_CONTROL_AREA", area, path);
}

static const struct {
    const char *path, *name;
} flags[] = {
    {"u.Flags.BeingDeleted", "BeingDeleted"},
    {"u.Flags.BeingCreated", "BeingCreated"},
    {"u.Flags.BeingPurged", "BeingPurged"},
    {"u.Flags.NoModifiedWriting", "NoModifiedWriting"},
    {"u.Flags.FailAllIo", "FailAllIo"},
    {"u.Flags.Image", "Image"},
    {"u.Flags.Based", "Based"},
    {"u.Flags.File", "File"},
    {"u.Flags.Networked", "Networked"},
    {"u.Flags.Rom", "Rom"},
    {"u.Flags.PhysicalMemory", "PhysicalMemory"},
    {"u.Flags.CopyOnWrite", "CopyOnWrite"},
    {"u.Flags.Reserve", "Reserve"},
    {"u.Flags.Commit", "Commit"},
    {"u.Flags.Accessed", "Accessed"},
    {"u.Flags.WasPurged", "WasPurged"},
    {"u.Flags.UserReference", "UserReference"},
    {"u.Flags.GlobalMemory", "GlobalMemory"},
    {"u.Flags.DeleteOnClose", "DeleteOnClose"},
    {"u.Flags.FilePointerNull", "FilePointerNull"},
    {"u.Flags.UserWritable", "UserWritable"},
};

static void show_flags(struct kd *kd, uint64_t area)
{
    kd_printf(kd, "  Flags (%" PRIx64 ") ", area_field(kd, area, "u.LongFlags"));
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        kd_printf(kd, "%s", area_field(kd, area, flags[i].path) ? flags[i].name : "");
        kd_printf(kd, "%s", area_field(kd, area, flags[i].path) ? " " : "");
    }
    kd_printf(kd, "\n\n");
}

static void show_area(struct kd *kd, uint64_t area)
{
    uint64_t file = area_field(kd, area, "FilePointer.Object") & ~FAST_REF_BITS, offset;
    char name[512] = "";
    kd_printf(kd, "\nControlArea  @ %016" PRIx64 "\n", area);
    kd_printf(kd,
              "  Segment      %016" PRIx64 "  Flink      %016" PRIx64 "  Blink        %016" PRIx64
              "\n",
              area_field(kd, area, "Segment"), area_field(kd, area, "DereferenceList.Flink"),
              area_field(kd, area, "DereferenceList.Blink"));
    kd_printf(
        kd,
        "  Section Ref  %16" PRIx64 "  Pfn Ref    %16" PRIx64 "  Mapped Views %16" PRIx64
        "\n  User Ref     %16" PRIx64 "  WaitForDel %16" PRIx64 "  Flush Count  %16" PRIx64
        "\n  File Object  %016" PRIx64 "  ModWriteCount %13" PRIx64 "  System Views %16" PRIx64
        "\n  WritableRefs %16" PRIx64 "\n",
        area_field(kd, area, "NumberOfSectionReferences"),
        area_field(kd, area, "NumberOfPfnReferences"), area_field(kd, area, "NumberOfMappedViews"),
        area_field(kd, area, "NumberOfUserReferences"), area_field(kd, area, "WaitingForDeletion"),
        area_field(kd, area, "FlushInProgressCount"), file,
        area_field(kd, area, "ModifiedWriteCount"),
        area_field(kd, area, "u2.e2.NumberOfSystemCacheViews"),
        area_field(kd, area, "u2.e2.WritableUserReferences"));
    show_flags(kd, area);
    if (file == 0) {
        kd_printf(kd, "      Pagefile-backed section\n\n");
    } else if (kd_offset(kd, "_FILE_OBJECT", "FileName", &offset) &&
               kd_read_unicode_string(kd->symbols, file + offset, name, sizeof name)) {
        kd_printf(kd, "      %s\n\n", name);
    } else {
        kd_printf(kd, "      the name of the file is not in memory\n\n");
    }
}

static void show_segment(struct kd *kd, uint64_t segment)
{
    const char type[] = "_SEGMENT";
    char protection[48];
    uint64_t mask = kd_field(kd, type, segment, "SegmentFlags.DefaultProtectionMask");
    kd_printf(kd,
              "Segment @ %016" PRIx64 "\n  ControlArea     %016" PRIx64
              "  BasedAddress  %016" PRIx64 "\n  Total Ptes      %16" PRIx64
              "  Committed     %16" PRIx64 "\n  Segment Size    %16" PRIx64
              "  ProtoPtes     %016" PRIx64 "\n  Protection mask %16" PRIx64 "  %s\n\n",
              segment, kd_field(kd, type, segment, "ControlArea"),
              kd_field(kd, type, segment, "BasedAddress"),
              kd_field(kd, type, segment, "TotalNumberOfPtes"),
              kd_field(kd, type, segment, "NumberOfCommittedPages"),
              kd_field(kd, type, segment, "SizeOfSegment"),
              kd_field(kd, type, segment, "PrototypePte"), mask,
              kd_protection_text(mask, false, protection, sizeof protection));
}

/* How many prototype PTEs of a subsection are valid, and how many in transition. */
static void count_pages(struct kd *kd, uint64_t ptes, uint64_t count, uint64_t *valid,
                        uint64_t *transition)
{
    *valid = *transition = 0;
    count = count < PTES_MOST ? count : PTES_MOST;
    for (uint64_t i = 0; i < count && !kd_interrupted(kd); i++) {
        uint64_t pte;
        if (kd_read_u64(kd, ptes + i * sizeof pte, &pte)) {
            bool present = kd_bits(kd, "_MMPTE_TRANSITION", "Valid", pte) != 0;
            *valid += present;
            *transition += !present && kd_bits(kd, "_MMPTE_TRANSITION", "Prototype", pte) == 0 &&
                           kd_bits(kd, "_MMPTE_TRANSITION", "Transition", pte) != 0;
        }
    }
}

static bool show_subsection(struct kd *kd, uint64_t subsection, void *context)
{
    unsigned *number = context;
    const char type[] = "_SUBSECTION";
    char protection[48];
    uint64_t base = kd_field(kd, type, subsection, "SubsectionBase"), valid, transition;
    uint64_t count = kd_field(kd, type, subsection, "PtesInSubsection");
    uint64_t mask = kd_field(kd, type, subsection, "u.SubsectionFlags.Protection");
    count_pages(kd, base, count, &valid, &transition);
    kd_printf(kd,
              "Subsection %u @ %016" PRIx64 "\n  ControlArea  %016" PRIx64
              "  Starting Sector %8" PRIx64 "  Number Of Sectors %8" PRIx64
              "\n  Base Pte     %016" PRIx64 "  Ptes In Subsect %8" PRIx64
              "  Unused Ptes       %8" PRIx64 "\n  Protection   %16" PRIx64
              "  %s\n  Pages        %" PRIu64 " valid, %" PRIu64 " in transition\n\n",
              ++*number, subsection, kd_field(kd, type, subsection, "ControlArea"),
              kd_field(kd, type, subsection, "StartingSector"),
              kd_field(kd, type, subsection, "NumberOfFullSectors"), base, count,
              kd_field(kd, type, subsection, "UnusedPtes"), mask,
              kd_protection_text(mask, false, protection, sizeof protection), valid, transition);
    return true;
}

bool kd_subsections_each(struct kd *kd, uint64_t area, kd_element_visit *visit, void *context)
{
    uint64_t at = area + kd_type_size(kd->symbols, "nt", "_CONTROL_AREA"), mark = 0;
    for (uint64_t i = 0; at != 0 && !kd_interrupted(kd); i++) {
        if (kd_field(kd, "_SUBSECTION", at, "ControlArea") != area) {
            return kd_error(
                kd, "The subsection at %016" PRIx64 " is of another control area: damaged", at);
        }
        if (at == mark) {
            return kd_error(kd, "The subsections of %016" PRIx64 " run in a circle: damaged", area);
        }
        if ((i & (i + 1)) == 0) {
            mark = at; /* moved at powers of two, so it is in the circle sooner or later */
        }
        if (!visit(kd, at, context)) {
            break;
        }
        at = kd_field(kd, "_SUBSECTION", at, "NextSubsection");
    }
    return true;
}

static bool cmd_area(struct kd *kd, const char *args)
{
    uint64_t area, segment;
    unsigned subsections = 0;
    if (!kd_evaluate(kd, &args, &area) || !kd_need_symbols(kd)) {
        return false;
    }
    if (!kd_at_end(args)) {
        return kd_error(kd, "Extra character error in '%s'", args);
    }
    if (!kd_read_nt(kd, "_CONTROL_AREA", area, "Segment", &segment) ||
        kd_field(kd, "_SEGMENT", segment, "ControlArea") != area) {
        return kd_error(kd, "%016" PRIx64 " is no control area", area);
    }
    show_area(kd, area);
    show_segment(kd, segment);
    return kd_subsections_each(kd, area, show_subsection, &subsections);
}

const struct kd_command kd_commands_section[] = {
    {"!ca", "!ca ADDRESS", "a control area, its segment and its subsections", cmd_area,
     KD_NEEDS_MACHINE},
    {0},
};
