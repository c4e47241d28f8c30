/* src/kd/cmd/registers.c: r.
 *
 *      r               all, then the instruction at rip
 *      r rax,@$proc    some
 *      r rax=1, $t0=2  change
 *
 * Source: debugger documentation, "r (Registers)". */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "kd/kdi.h"

#define NAME_SIZE 32

/* Two letters for set and clear. */
static const struct {
    unsigned bit;
    const char *set, *clear;
} flags[] = {{11, "ov", "nv"}, {10, "dn", "up"}, {9, "ei", "di"}, {7, "ng", "pl"},
             {6, "zr", "nz"},  {4, "ac", "na"},  {2, "pe", "po"}, {0, "cy", "nc"}};

static void show_general(struct kd *kd, const struct kd_registers *r)
{
    const uint64_t *g = r->gpr;
    const struct {
        const char *name;
        uint64_t value;
    } order[] = {{"rax", g[KD_RAX]}, {"rbx", g[KD_RBX]}, {"rcx", g[KD_RCX]}, {"rdx", g[KD_RDX]},
                 {"rsi", g[KD_RSI]}, {"rdi", g[KD_RDI]}, {"rip", r->rip},    {"rsp", g[KD_RSP]},
                 {"rbp", g[KD_RBP]}, {"r8", g[KD_R8]},   {"r9", g[KD_R9]},   {"r10", g[KD_R10]},
                 {"r11", g[KD_R11]}, {"r12", g[KD_R12]}, {"r13", g[KD_R13]}, {"r14", g[KD_R14]},
                 {"r15", g[KD_R15]}};
    size_t count = sizeof order / sizeof order[0];
    for (size_t i = 0; i < count; i++) {
        bool last = i % 3 == 2 || i + 1 == count;
        kd_printf(kd, "%3s=%016" PRIx64 "%s", order[i].name, order[i].value, last ? "\n" : " ");
    }
}

static bool show_all(struct kd *kd)
{
    struct kd_registers r;
    if (!kd_get_registers(kd, &r)) {
        return kd_error(kd, "This target has no registers");
    }
    show_general(kd, &r);
    kd_printf(kd, "iopl=%u        ", (unsigned)(r.rflags >> 12 & 3));
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        kd_printf(kd, " %s", r.rflags >> flags[i].bit & 1 ? flags[i].set : flags[i].clear);
    }
    kd_printf(kd,
              "\ncs=%04x  ss=%04x  ds=%04x  es=%04x  fs=%04x  gs=%04x             efl=%08" PRIx32
              "\n",
              r.cs, r.ss, r.ds, r.es, r.fs, r.gs, (uint32_t)r.rflags);
    kd_show_location(kd);
    return true;
}

static bool take_name(const char **args, char name[NAME_SIZE])
{
    const char *at = kd_skip(*args);
    at += *at == '@';
    size_t length = 0;
    while (isalnum((unsigned char)at[length]) || at[length] == '$') {
        length++;
    }
    if (length == 0 || length >= NAME_SIZE) {
        return false;
    }
    memcpy(name, at, length);
    name[length] = '\0';
    *args = kd_skip(at + length);
    return true;
}

static bool show_one(struct kd *kd, const char *name)
{
    uint64_t value;
    if (!kd_register_value(kd, name, &value)) {
        return kd_error(kd, "Bad register error: '%s'", name);
    }
    bool narrow = strlen(name) == 2 && name[1] == 's'; /* segment registers */
    kd_printf(kd, "%s=%0*" PRIx64 "\n", name, narrow ? 4 : 16, value);
    return true;
}

static bool cmd_registers(struct kd *kd, const char *args)
{
    if (*args == '\0') {
        return show_all(kd);
    }
    while (*args != '\0') {
        char name[NAME_SIZE];
        uint64_t value;
        if (!take_name(&args, name)) {
            return kd_error(kd, "Bad register error at '%s'", args);
        }
        if (*args == '=') {
            args++;
            if (!kd_evaluate(kd, &args, &value) || !kd_register_assign(kd, name, value)) {
                return false;
            }
        } else if (!show_one(kd, name)) {
            return false;
        }
        args += strspn(args, " \t,");
    }
    return true;
}

const struct kd_command kd_commands_registers[] = {
    {"r", "r [NAME[=VALUE], ...]", "registers: show or change", cmd_registers, KD_NEEDS_NOTHING},
    {0},
};
