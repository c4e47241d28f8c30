/* src/kd/cmd/cpu.c: dg, !irql, !cpuinfo: what the processor's own structures say.
 *
 *      KPCR.GdtBase -> 8 bytes a selector: limit, base, type, DPL, present, long, big, granularity
 *
 * Source: debugger documentation, "dg (Display Selector)", "!irql", "!cpuinfo"; Intel SDM volume 3,
 * 3.4.5 "Segment Descriptors". */
#include <inttypes.h>

#include "kd/cmd/cmd.h"
#include "kd/kdi.h"
#include "kd/symbols.h"
#include "kd/types.h"

#define SELECTOR_STEP 8u
#define SELECTOR_MOST 0xFFF8u
#define PROCESSORS_MOST 64

/* ---- descriptors ------------------------------------------------------------------------------
 */

struct descriptor {
    uint64_t base, limit;
    unsigned type, dpl, flags; /* flags: bits 40 to 55 of the descriptor without the limit's */
    bool segment, present, longmode, big, granular;
};

static unsigned bits(uint64_t raw, unsigned first, unsigned count)
{
    return (unsigned)(raw >> first & ((1u << count) - 1));
}

static struct descriptor decode(uint64_t raw)
{
    struct descriptor d = {
        .limit = bits(raw, 0, 16) | (uint64_t)bits(raw, 48, 4) << 16,
        .base = bits(raw, 16, 24) | (uint64_t)bits(raw, 56, 8) << 24,
        .type = bits(raw, 40, 4),
        .segment = bits(raw, 44, 1),
        .dpl = bits(raw, 45, 2),
        .present = bits(raw, 47, 1),
        .longmode = bits(raw, 53, 1),
        .big = bits(raw, 54, 1),
        .granular = bits(raw, 55, 1),
        .flags = bits(raw, 40, 8) | bits(raw, 52, 4) << 8,
    };
    if (d.granular) {
        d.limit = d.limit << 12 | 0xFFF;
    }
    return d;
}

static const char *type_text(const struct descriptor *d)
{
    static const char *const segments[] = {"Data RO   ", "Data RO Ac", "Data RW   ", "Data RW Ac",
                                           "Data RO E ", "Data ROEAc", "Data RW E ", "Data RWEAc",
                                           "Code EO   ", "Code EO Ac", "Code RE   ", "Code RE Ac",
                                           "Code EO C ", "Code EOCAc", "Code RE C ", "Code RECAc"};
    static const char *const systems[] = {"<Reserved>", "TSS16 Avl ", "LDT       ", "TSS16 Busy",
                                          "CallGate16", "Task Gate ", "Int Gate16", "TrapGate16",
                                          "<Reserved>", "TSS32 Avl ", "<Reserved>", "TSS32 Busy",
                                          "CallGate32", "<Reserved>", "Int Gate32", "TrapGate32"};
    return (d->segment ? segments : systems)[d->type];
}

static void show_descriptor(struct kd *kd, uint64_t selector, uint64_t raw)
{
    struct descriptor d = decode(raw);
    char base[KD_ADDRESS_TEXT], limit[KD_ADDRESS_TEXT];
    kd_printf(kd, "%04" PRIX64 " %s %s %s %u %s %s %s %s %08x\n", selector,
              kd_address_text(d.base, base), kd_address_text(d.limit, limit), type_text(&d), d.dpl,
              d.big ? "Bg" : "Nb", d.granular ? "Pg" : "By", d.present ? "P " : "Np",
              d.longmode ? "Lo" : "Nl", d.flags);
}

static bool find_table(struct kd *kd, uint64_t *table)
{
    uint64_t block = kd_nt_address(kd, "KiProcessorBlock"), prcb = 0, offset = 0;
    bool known = block != 0 && kd->processor < PROCESSORS_MOST &&
                 kd_read_u64(kd, block + kd->processor * sizeof prcb, &prcb) &&
                 kd_offset(kd, "_KPCR", "Prcb", &offset);
    *table = known ? kd_field(kd, "_KPCR", prcb - offset, "GdtBase") : 0;
    return *table != 0 || kd_error(kd,
                                   "Processor %u's KPCR names no descriptor table: this "
                                   "machine's kernel has none of its own",
                                   kd->processor);
}

static bool cmd_selectors(struct kd *kd, const char *args)
{
    uint64_t first, last, table, raw;
    bool given;
    char text[KD_ADDRESS_TEXT];
    if (!kd_evaluate(kd, &args, &first)) {
        return false;
    }
    last = first;
    if (!kd_evaluate_optional(kd, &args, &last, &given) || !kd_need_symbols(kd) ||
        !find_table(kd, &table)) {
        return false;
    }
    if (last < first || last > SELECTOR_MOST + SELECTOR_STEP) {
        return kd_error(kd, "Range error: selectors up to %x", SELECTOR_MOST);
    }
    kd_printf(kd, "                                                    P Si Gr Pr Lo\n"
                  "Sel        Base              Limit          Type    l ze an es ng Flags\n"
                  "---- ----------------- ----------------- ---------- - -- -- -- -- --------\n");
    for (uint64_t s = first / SELECTOR_STEP * SELECTOR_STEP; s <= last && !kd_interrupted(kd);
         s += SELECTOR_STEP) {
        if (!kd_read_u64(kd, table + s, &raw)) {
            return kd_error(kd, "Memory access error at '%s'", kd_address_text(table + s, text));
        }
        show_descriptor(kd, s, raw);
    }
    return true;
}

/* ---- !irql, !cpuinfo --------------------------------------------------------------------------
 */

static const char *irql_name(uint64_t irql)
{
    static const char *const names[] = {
        [0] = "LOW_LEVEL",    [1] = "APC_LEVEL",  [2] = "DISPATCH_LEVEL",
        [13] = "CLOCK_LEVEL", [14] = "IPI_LEVEL", [15] = "HIGH_LEVEL"};
    return irql < sizeof names / sizeof names[0] && names[irql] ? names[irql] : "device interrupt";
}

static bool cmd_irql(struct kd *kd, const char *args)
{
    uint64_t processor, prcb, irql;
    if (!kd_take_processor(kd, args, &processor, &prcb)) {
        return false;
    }
    if (!kd_read_nt(kd, "_KPRCB", prcb, "DebuggerSavedIRQL", &irql)) {
        return kd_error(kd, "The KPRCB at %016" PRIx64 " is not in memory", prcb);
    }
    kd_printf(kd, "Debugger saved IRQL for processor 0x%" PRIx64 " -- %" PRIu64 " (%s)\n",
              processor, irql, irql_name(irql));
    return true;
}

static bool cmd_cpuinfo(struct kd *kd, const char *args)
{
    (void)args;
    if (!kd_need_symbols(kd)) {
        return false;
    }
    kd_printf(kd, "CP  F/M/S Manufacturer     MHz PRCB             Features\n");
    for (unsigned i = 0; i < kd->target->processor_count && !kd_interrupted(kd); i++) {
        char vendor[14] = "";
        uint64_t prcb = kd_prcb_of(kd, i), offset;
        if (prcb == 0) {
            continue;
        }
        if (kd_offset(kd, "_KPRCB", "VendorString", &offset)) {
            kd_read_virtual(kd, prcb + offset, vendor, sizeof vendor - 1);
        }
        for (char *c = vendor; *c != '\0'; c++) {
            *c = *c >= 0x20 && *c < 0x7F ? *c : '.';
        }
        kd_printf(
            kd,
            "%2u %2" PRIu64 ",%" PRIu64 ",%" PRIu64 " %-13s %6" PRIu64 " %016" PRIx64 " %08" PRIx64
            "\n",
            i, kd_field(kd, "_KPRCB", prcb, "CpuType"), kd_field(kd, "_KPRCB", prcb, "CpuModel"),
            kd_field(kd, "_KPRCB", prcb, "CpuStepping"), vendor,
            kd_field(kd, "_KPRCB", prcb, "MHz"), prcb, kd_field(kd, "_KPRCB", prcb, "FeatureBits"));
    }
    return true;
}

const struct kd_command kd_commands_cpu[] = {
    {"dg", "dg SELECTOR [LAST]", "segment descriptors of the current processor", cmd_selectors,
     KD_NEEDS_MACHINE},
    {"!irql", "!irql [PROCESSOR]", "interrupt level at which the debugger stopped a processor",
     cmd_irql, KD_NEEDS_MACHINE},
    {"!cpuinfo", "!cpuinfo", "what the kernel knows of each processor", cmd_cpuinfo,
     KD_NEEDS_MACHINE},
    {0},
};
