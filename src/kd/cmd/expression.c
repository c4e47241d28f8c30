/* src/kd/cmd/expression.c: ? and .formats.
 *
 * Times are shown in UTC: what a session prints must not depend on where it ran. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "kd/kdi.h"

/* 100 ns units from 1601 to 1970, and per second. Source: FILETIME documentation. */
#define FILETIME_TO_1970 116444736000000000ll
#define FILETIME_SECOND 10000000ll
#define FILETIME_MOST 0x7FFF35F4F06C58F0ll /* end of the year 30827 */

static bool whole_expression(struct kd *kd, const char *args, uint64_t *value)
{
    if (!kd_evaluate(kd, &args, value)) {
        return false;
    }
    return kd_at_end(args) || kd_error(kd, "Extra character error in '%s'", args);
}

static bool cmd_evaluate(struct kd *kd, const char *args)
{
    uint64_t value;
    char text[KD_ADDRESS_TEXT];
    if (!whole_expression(kd, args, &value)) {
        return false;
    }
    kd_printf(kd, "Evaluate expression: %" PRId64 " = %s\n", (int64_t)value,
              kd_address_text(value, text));
    return true;
}

static void show_binary(struct kd *kd, uint64_t value)
{
    kd_printf(kd, "  Binary: ");
    for (unsigned bit = 64; bit-- > 0;) {
        kd_printf(kd, "%s%u", bit % 8 == 7 ? " " : "", (unsigned)(value >> bit & 1));
    }
    kd_printf(kd, "\n  Chars:   ");
    for (unsigned byte = 8; byte-- > 0;) {
        unsigned c = value >> (8 * byte) & UINT8_MAX;
        kd_printf(kd, "%c", c >= 0x20 && c < 0x7F ? (int)c : '.');
    }
    kd_printf(kd, "\n");
}

/* 32-bit values are seconds since 1970, others FILETIMEs. */
static void show_time(struct kd *kd, uint64_t value)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    bool seconds_only = value <= UINT32_MAX;
    int64_t since_1970 = ((int64_t)value - FILETIME_TO_1970) / FILETIME_SECOND;
    time_t when = seconds_only ? (time_t)value : (time_t)since_1970;
    struct tm tm;
    if ((!seconds_only && value > FILETIME_MOST) || gmtime_r(&when, &tm) == NULL) {
        kd_printf(kd, "  Time:    ***** Invalid FILETIME\n");
        return;
    }
    kd_printf(kd, "  Time:    %s %s %2d %02d:%02d:%02d", days[tm.tm_wday], months[tm.tm_mon],
              tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
    if (!seconds_only) {
        int64_t rest = ((int64_t)value % FILETIME_SECOND) / 10000;
        kd_printf(kd, ".%03d", (int)rest);
    }
    kd_printf(kd, " %d%s\n", tm.tm_year + 1900, seconds_only ? "" : " (UTC + 0:00)");
}

/* As the debugger prints %g: with its names for what is no number, and exponents of at least three
 * digits. */
static void float_text(double number, char *out, size_t size)
{
    if (!isfinite(number)) {
        snprintf(out, size, "%s1.#%s", signbit(number) ? "-" : "", isinf(number) ? "INF" : "QNAN");
        return;
    }
    snprintf(out, size, "%g", number);
    char *exponent = strchr(out, 'e');
    if (exponent != NULL && strlen(exponent) == 4 && strlen(out) + 2 <= size) {
        memmove(exponent + 3, exponent + 2, 3);
        exponent[2] = '0';
    }
}

static void show_floats(struct kd *kd, uint64_t value)
{
    char low_text[40], high_text[40], double_text[40];
    uint32_t low_bits = (uint32_t)value, high_bits = (uint32_t)(value >> 32);
    float low, high;
    double number;
    memcpy(&low, &low_bits, sizeof low);
    memcpy(&high, &high_bits, sizeof high);
    memcpy(&number, &value, sizeof number);
    float_text((double)low, low_text, sizeof low_text);
    float_text((double)high, high_text, sizeof high_text);
    float_text(number, double_text, sizeof double_text);
    kd_printf(kd, "  Float:   low %s high %s\n  Double:  %s\n", low_text, high_text, double_text);
}

static bool cmd_formats(struct kd *kd, const char *args)
{
    uint64_t value;
    char text[KD_ADDRESS_TEXT];
    if (!whole_expression(kd, args, &value)) {
        return false;
    }
    kd_printf(kd, "Evaluate expression:\n  Hex:     %s\n", kd_address_text(value, text));
    kd_printf(kd, "  Decimal: %" PRId64 "\n  Octal:   %022" PRIo64 "\n", (int64_t)value, value);
    show_binary(kd, value);
    show_time(kd, value);
    show_floats(kd, value);
    return true;
}

const struct kd_command kd_commands_expression[] = {
    {"?", "? EXPRESSION", "value of an expression, decimal and hexadecimal", cmd_evaluate,
     KD_NEEDS_NOTHING},
    {".formats", ".formats EXPRESSION", "value of an expression in every format", cmd_formats,
     KD_NEEDS_NOTHING},
    {0},
};
