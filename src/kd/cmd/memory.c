/* src/kd/cmd/memory.c: looking at memory: d* for virtual, !d* for physical addresses.
 *
 * A dump is lines of units (lines.h); strings are string.c's.
 *
 * Source: debugger documentation, "d, da, db, dc, dd, dD, df, dp, dq, du, dw" and "!db, !dc, ...".
 */
#include <stdio.h>
#include <string.h>

#include "kd/cmd/cmd.h"
#include "kd/lines.h"

static void bits_header(struct kd *kd, const struct kd_line_format *format)
{
    if (format->unit == 4) {
        kd_printf(kd, "%19s%s\n", "", " 3          2          1          0");
        kd_printf(kd, "%19s%s\n", "", "10987654 32109876 54321098 76543210");
    } else {
        kd_printf(kd, "%19s%s\n", "", "76543210 76543210 76543210 76543210");
    }
    kd_printf(kd, "%19s%s\n", "", "-------- -------- -------- --------");
}

/* The range of a dump: as given, or the default count at the cursor. */
bool kd_dump_range(struct kd *kd, const char *args, uint64_t cursor, uint64_t count, unsigned unit,
                   struct kd_range *range)
{
    if (kd_at_end(args)) {
        *range = (struct kd_range){.start = cursor, .size = count * unit};
        if (cursor != 0 && range->size > -cursor) {
            range->size = -cursor;
        }
        return true;
    }
    if (!kd_evaluate_range(kd, &args, count, unit, range)) {
        return false;
    }
    return kd_at_end(args) || kd_error(kd, "Extra character error in '%s'", args);
}

static bool dump(struct kd *kd, const struct kd_line_format *format, const char *args,
                 bool physical)
{
    uint64_t *cursor = physical ? &kd->physical_cursor : &kd->dump_cursor;
    struct kd_range range;
    if (!kd_dump_range(kd, args, *cursor, format->default_count, format->unit, &range)) {
        return false;
    }
    if (!physical) {
        snprintf(kd->dump_format, sizeof kd->dump_format, "%s", format->name);
    }
    if (format->kind == KD_LINE_BITS) {
        bits_header(kd, format);
    }
    unsigned line_size = format->unit * format->per_line;
    /* Whole units only: an end address may fall into the middle of one. */
    uint64_t size = range.size / format->unit * format->unit;
    size = size == 0 && range.size != 0 ? format->unit : size;
    for (uint64_t done = 0; done < size && !kd_interrupted(kd);) {
        struct kd_line line = {.address = range.start + done};
        line.size = size - done < line_size ? (unsigned)(size - done) : line_size;
        kd_line_read(kd, physical, &line);
        kd_line_show(kd, format, &line, physical);
        done += line.size;
    }
    *cursor = range.start + size;
    return true;
}

/* ---- the table --------------------------------------------------------------------------------
 */

#define DUMP(name, format)                                                                         \
    static bool cmd_##name(struct kd *kd, const char *args)                                        \
    {                                                                                              \
        return dump(kd, &kd_line_formats[format], args, false);                                    \
    }
#define DUMP_PHYSICAL(name, format)                                                                \
    static bool cmd_physical_##name(struct kd *kd, const char *args)                               \
    {                                                                                              \
        return dump(kd, &kd_line_formats[format], args, true);                                     \
    }
DUMP(db, KD_DB)
DUMP(dw, KD_DW)
DUMP(dww, KD_DWW)
DUMP(dd, KD_DD)
DUMP(dc, KD_DC)
DUMP(dq, KD_DQ)
DUMP(df, KD_DF)
DUMP(ddouble, KD_DDBL)
DUMP(dyb, KD_DYB)
DUMP(dyd, KD_DYD)
DUMP(dds, KD_DDS)
DUMP(dps, KD_DQS)
DUMP(dpp, KD_DPP)
DUMP(dpa, KD_DPA)
DUMP(dpu, KD_DPU)
DUMP_PHYSICAL(db, KD_DB)
DUMP_PHYSICAL(dw, KD_DW)
DUMP_PHYSICAL(dd, KD_DD)
DUMP_PHYSICAL(dc, KD_DC)
DUMP_PHYSICAL(dq, KD_DQ)

static bool cmd_physical_du(struct kd *kd, const char *args)
{
    return kd_dump_string(kd, "du", args, true);
}

/* A bare `d` repeats the kind of the last one. */
static bool cmd_d(struct kd *kd, const char *args)
{
    if (strcmp(kd->dump_format, "da") == 0 || strcmp(kd->dump_format, "du") == 0) {
        return kd_dump_string(kd, kd->dump_format, args, false);
    }
    for (size_t i = 0; i < KD_LINE_FORMATS; i++) {
        if (strcmp(kd->dump_format, kd_line_formats[i].name) == 0) {
            return dump(kd, &kd_line_formats[i], args, false);
        }
    }
    return dump(kd, &kd_line_formats[KD_DB], args, false);
}

const struct kd_command kd_commands_memory[] = {
    {"d", "d [RANGE]", "memory, in the format of the last d command", cmd_d, KD_NEEDS_NOTHING},
    {"db", "db [RANGE]", "bytes and characters", cmd_db, KD_NEEDS_NOTHING},
    {"dc", "dc [RANGE]", "dwords and characters", cmd_dc, KD_NEEDS_NOTHING},
    {"dd", "dd [RANGE]", "dwords (4 bytes)", cmd_dd, KD_NEEDS_NOTHING},
    {"dD", "dD [RANGE]", "double-precision numbers", cmd_ddouble, KD_NEEDS_NOTHING},
    {"df", "df [RANGE]", "single-precision numbers", cmd_df, KD_NEEDS_NOTHING},
    {"dp", "dp [RANGE]", "pointers, as dq", cmd_dq, KD_NEEDS_NOTHING},
    {"dq", "dq [RANGE]", "quadwords (8 bytes)", cmd_dq, KD_NEEDS_NOTHING},
    {"dw", "dw [RANGE]", "words (2 bytes)", cmd_dw, KD_NEEDS_NOTHING},
    {"dW", "dW [RANGE]", "words and characters", cmd_dww, KD_NEEDS_NOTHING},
    {"dyb", "dyb [RANGE]", "bits of bytes", cmd_dyb, KD_NEEDS_NOTHING},
    {"dyd", "dyd [RANGE]", "bits of dwords", cmd_dyd, KD_NEEDS_NOTHING},
    {"dds", "dds [RANGE]", "dwords with the symbols that they are", cmd_dds, KD_NEEDS_NOTHING},
    {"dps", "dps [RANGE]", "pointers with the symbols that they point at", cmd_dps,
     KD_NEEDS_NOTHING},
    {"dqs", "dqs [RANGE]", "quadwords with the symbols that they are", cmd_dps, KD_NEEDS_NOTHING},
    {"dpp", "dpp [RANGE]", "pointers, what they point at, and its symbol", cmd_dpp,
     KD_NEEDS_NOTHING},
    {"dpa", "dpa [RANGE]", "pointers to strings of 8-bit characters", cmd_dpa, KD_NEEDS_NOTHING},
    {"dpu", "dpu [RANGE]", "pointers to strings of 16-bit characters", cmd_dpu, KD_NEEDS_NOTHING},
    {"!db", "!db [RANGE]", "physical memory: bytes and characters", cmd_physical_db,
     KD_NEEDS_PHYSICAL},
    {"!dc", "!dc [RANGE]", "physical memory: dwords and characters", cmd_physical_dc,
     KD_NEEDS_PHYSICAL},
    {"!dd", "!dd [RANGE]", "physical memory: dwords", cmd_physical_dd, KD_NEEDS_PHYSICAL},
    {"!dq", "!dq [RANGE]", "physical memory: quadwords", cmd_physical_dq, KD_NEEDS_PHYSICAL},
    {"!dp", "!dp [RANGE]", "physical memory: pointers, as !dq", cmd_physical_dq, KD_NEEDS_PHYSICAL},
    {"!du", "!du [RANGE]", "physical memory: string of 16-bit characters", cmd_physical_du,
     KD_NEEDS_PHYSICAL},
    {"!dw", "!dw [RANGE]", "physical memory: words", cmd_physical_dw, KD_NEEDS_PHYSICAL},
    {0},
};
