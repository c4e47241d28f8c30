/* src/kd/cmd/ssdt.c: !ssdt: the system service table.
 *
 *      KeServiceDescriptorTable.Base -> 32-bit entries: distance from Base << 4 | stack arguments
 *
 * An entry that leads anywhere else than into a kernel image would be a hook. The same by hand: `x
 * nt!kes*des*table*`, `dps` of what it shows, `dd` of its Base.
 */
#include <inttypes.h>

#include "kd/kdi.h"
#include "kd/symbols.h"
#include "kd/types.h"

#define SERVICES_MOST 0x1000u
#define ARGUMENT_BITS 4
#define ARGUMENT_MASK 15

static bool show_service(struct kd *kd, uint64_t base, uint64_t number)
{
    char text[KD_ADDRESS_TEXT], name[256] = "";
    uint32_t raw;
    if (!kd_read_u32(kd, base + number * sizeof raw, &raw)) {
        return kd_error(kd, "%4" PRIx64 "  ????????", number);
    }
    int32_t entry = (int32_t)raw;
    uint64_t target = base + (uint64_t)(int64_t)(entry >> ARGUMENT_BITS);
    const struct kd_module *module = kd_module_at(kd->symbols, target);
    kd_symbol_name(kd->symbols, target, name, sizeof name);
    kd_printf(kd, "%4" PRIx64 "  %08" PRIx32 "  %s  %2d stack arguments  %s%s\n", number, raw,
              kd_address_text(target, text), (int)(entry & ARGUMENT_MASK), name,
              module == NULL || !module->kernel ? "  *** outside of the kernel's images" : "");
    return true;
}

static bool cmd_ssdt(struct kd *kd, const char *args)
{
    uint64_t first = 0, base, limit;
    bool given;
    if (!kd_evaluate_optional(kd, &args, &first, &given) || !kd_need_symbols(kd)) {
        return false;
    }
    uint64_t table = kd_nt_address(kd, "KeServiceDescriptorTable");
    if (table == 0 || !kd_read_nt(kd, "_KSERVICE_TABLE_DESCRIPTOR", table, "Base", &base) ||
        !kd_read_nt(kd, "_KSERVICE_TABLE_DESCRIPTOR", table, "Limit", &limit)) {
        return kd_error(kd, "nt!KeServiceDescriptorTable cannot be read");
    }
    if (limit > SERVICES_MOST) {
        return kd_error(kd, "nt!KeServiceDescriptorTable is damaged: 0x%" PRIx64 " services",
                        limit);
    }
    if (given && first >= limit) {
        return kd_error(kd, "There are 0x%" PRIx64 " services", limit);
    }
    kd_printf(kd, "nt!KeServiceDescriptorTable: 0x%" PRIx64 " services at %016" PRIx64 "\n", limit,
              base);
    uint64_t end = given ? first + 1 : limit;
    for (uint64_t i = first; i < end && !kd_interrupted(kd); i++) {
        if (!show_service(kd, base, i)) {
            return false;
        }
    }
    return true;
}

const struct kd_command kd_commands_ssdt[] = {
    {"!ssdt", "!ssdt [NUMBER]", "system services and where they lead", cmd_ssdt, KD_NEEDS_MACHINE},
    {0},
};
