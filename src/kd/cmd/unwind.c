/* src/kd/cmd/unwind.c: .fnent: what the exception directory says of a function.
 *
 *      RUNTIME_FUNCTION { begin, end, unwind information } -> UNWIND_INFO { prolog, codes, handler
 * }
 *
 * Source: debugger documentation, ".fnent (Display Function Data)"; "x64 exception handling",
 * Microsoft's documentation of the unwind codes. */
#include <inttypes.h>

#include "kd/kdi.h"
#include "kd/symbols.h"
#include "pe/pe.h"

#define CHAIN_LIMIT 32 /* fragments of one function */

static const char *register_name(unsigned number)
{
    static const char *const names[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                        "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
    return names[number % (sizeof names / sizeof names[0])];
}

static const char *operation_name(unsigned operation)
{
    static const char *const names[] = {
        [UWOP_PUSH_NONVOL] = "UWOP_PUSH_NONVOL",
        [UWOP_ALLOC_LARGE] = "UWOP_ALLOC_LARGE",
        [UWOP_ALLOC_SMALL] = "UWOP_ALLOC_SMALL",
        [UWOP_SET_FPREG] = "UWOP_SET_FPREG",
        [UWOP_SAVE_NONVOL] = "UWOP_SAVE_NONVOL",
        [UWOP_SAVE_NONVOL_FAR] = "UWOP_SAVE_NONVOL_FAR",
        [UWOP_SAVE_XMM128] = "UWOP_SAVE_XMM128",
        [UWOP_SAVE_XMM128_FAR] = "UWOP_SAVE_XMM128_FAR",
        [UWOP_PUSH_MACHFRAME] = "UWOP_PUSH_MACHFRAME",
    };
    bool known = operation < sizeof names / sizeof names[0] && names[operation] != NULL;
    return known ? names[operation] : "unknown operation";
}

static void show_code(struct kd *kd, unsigned i, const struct pe_unwind *unwind)
{
    const struct pe_unwind_code *code = &unwind->code[i];
    kd_printf(kd, "    %02x: offs %02x, %s", i, code->prolog_offset,
              operation_name(code->operation));
    switch (code->operation) {
    case UWOP_PUSH_NONVOL:
        kd_printf(kd, " %s", register_name(code->info));
        break;
    case UWOP_ALLOC_LARGE:
    case UWOP_ALLOC_SMALL:
        kd_printf(kd, " 0x%" PRIx32 " bytes", code->operand);
        break;
    case UWOP_SET_FPREG:
        kd_printf(kd, " %s = rsp + 0x%" PRIx32, register_name(unwind->frame_register),
                  unwind->frame_offset);
        break;
    case UWOP_SAVE_NONVOL:
    case UWOP_SAVE_NONVOL_FAR:
        kd_printf(kd, " %s at rsp + 0x%" PRIx32, register_name(code->info), code->operand);
        break;
    case UWOP_SAVE_XMM128:
    case UWOP_SAVE_XMM128_FAR:
        kd_printf(kd, " xmm%u at rsp + 0x%" PRIx32, code->info, code->operand);
        break;
    default:
        break;
    }
    kd_printf(kd, "\n");
}

static void show_unwind(struct kd *kd, const struct kd_module *module,
                        const struct pe_unwind *unwind)
{
    char name[512];
    kd_printf(kd, "Unwind info: %02x, %02x, %02x, %02x (version, flags, prolog, codes)\n",
              unwind->version, unwind->flags, unwind->prolog_size, unwind->code_count);
    if (unwind->has_handler) {
        kd_symbol_name(kd->symbols, module->base + unwind->handler, name, sizeof name);
        kd_printf(kd, "  Handler routine: %s, data %" PRIx64 "\n", name,
                  module->base + unwind->handler_data);
    }
    for (unsigned i = 0; i < unwind->code_count; i++) {
        show_code(kd, i, unwind);
    }
}

static void show_entry(struct kd *kd, const struct kd_module *module,
                       const IMAGE_RUNTIME_FUNCTION_ENTRY *function)
{
    kd_printf(kd,
              "BeginAddress      = %016" PRIx64 "\nEndAddress        = %016" PRIx64
              "\nUnwindInfoAddress = %016" PRIx64 "\n\n",
              module->base + function->BeginAddress, module->base + function->EndAddress,
              module->base + function->UnwindInfoAddress);
}

static bool cmd_fnent(struct kd *kd, const char *args)
{
    uint64_t address;
    char name[512] = "", text[KD_ADDRESS_TEXT];
    struct pe_image image;
    struct pe_unwind unwind;
    IMAGE_RUNTIME_FUNCTION_ENTRY function;
    if (!kd_evaluate(kd, &args, &address)) {
        return false;
    }
    const struct kd_module *module = kd->symbols ? kd_module_at(kd->symbols, address) : NULL;
    if (module == NULL || !kd_module_image(kd->symbols, module, &image)) {
        return kd_error(kd, "%s is in no module whose headers can be read",
                        kd_address_text(address, text));
    }
    kd_symbol_name(kd->symbols, address, name, sizeof name);
    if (pe_find_function(&image, (uint32_t)(address - module->base), &function) != PE_OK) {
        return kd_error(kd, "No function entry for %s: a leaf function", name);
    }
    kd_printf(kd, "%s:\n", name);
    for (unsigned i = 0; i < CHAIN_LIMIT; i++) {
        show_entry(kd, module, &function);
        if (pe_read_unwind(&image, function.UnwindInfoAddress, &unwind) != PE_OK) {
            return kd_error(kd, "The unwind information cannot be read");
        }
        show_unwind(kd, module, &unwind);
        if (!unwind.chained) {
            return true;
        }
        kd_printf(kd, "\nChained to:\n");
        function = unwind.chain;
    }
    return kd_error(kd, "The unwind information leads from one entry to the next without end");
}

const struct kd_command kd_commands_unwind[] = {
    {".fnent", ".fnent ADDRESS", "function entry and unwind information of an address", cmd_fnent,
     KD_NEEDS_NOTHING},
    {0},
};
