/* guest/msvcrt/numbers.c: numbers as text where the room is known, and floating-point numbers as
 * digits. Source: _itoa_s, _ecvt, _fcvt, _gcvt and their kin, documentation. */
#include "crt.h"
#include "msvcrt.h"

#define LONGEST_INTEGER 66 /* 64 binary digits, a sign, the end */

/* Hand `text` over. => ERANGE with an empty string when it does not fit */
static errno_t hand_over(const char *text, char *buffer, size_t room)
{
    size_t size = strlen(text) + 1;
    if (size > room) {
        *buffer = 0;
        return crt_invalid_parameter(ERANGE);
    }
    memcpy(buffer, text, size);
    return 0;
}

static errno_t hand_over_wide(const char *text, WCHAR *buffer, size_t room)
{
    size_t size = strlen(text) + 1;
    if (size > room) {
        *buffer = 0;
        return crt_invalid_parameter(ERANGE);
    }
    for (size_t i = 0; i < size; i++)
        buffer[i] = (UCHAR)text[i];
    return 0;
}

#define DEFINE_TO_TEXT(name, type, TEXT, convert, hand)                                            \
    errno_t name(type value, TEXT *buffer, size_t room, int radix)                                 \
    {                                                                                              \
        char text[LONGEST_INTEGER + 1];                                                            \
        if (buffer && room)                                                                        \
            *buffer = 0;                                                                           \
        if (!buffer || !room || radix < 2 || radix > 36)                                           \
            return crt_invalid_parameter(EINVAL);                                                  \
        return hand(convert(value, text, radix), buffer, room);                                    \
    }

DEFINE_TO_TEXT(_itoa_s, int, char, _itoa, hand_over)
DEFINE_TO_TEXT(_ltoa_s, LONG, char, _ltoa, hand_over)
DEFINE_TO_TEXT(_ultoa_s, ULONG, char, _ultoa, hand_over)
DEFINE_TO_TEXT(_i64toa_s, LONG64, char, _i64toa, hand_over)
DEFINE_TO_TEXT(_ui64toa_s, ULONG64, char, _ui64toa, hand_over)
DEFINE_TO_TEXT(_itow_s, int, WCHAR, _itoa, hand_over_wide)
DEFINE_TO_TEXT(_ltow_s, LONG, WCHAR, _ltoa, hand_over_wide)
DEFINE_TO_TEXT(_ultow_s, ULONG, WCHAR, _ultoa, hand_over_wide)
DEFINE_TO_TEXT(_i64tow_s, LONG64, WCHAR, _i64toa, hand_over_wide)
DEFINE_TO_TEXT(_ui64tow_s, ULONG64, WCHAR, _ui64toa, hand_over_wide)

/* ---- digits ---- */

#define DTOA_SIGNIFICANT 2
#define DTOA_FRACTION 3
#define MOST_DIGITS 340

/* `count` digits of a value (significant ones, or behind the point), zeros where there are none.
 * => how many were put */
static int put_digits(double value, int mode, int count, int *point, int *negative, char *out)
{
    char *digits = crt_dtoa(value, mode, count, point, negative);
    int wanted = mode == DTOA_SIGNIFICANT ? count : *point + count, n = 0;
    if (!digits)
        return 0;
    if (value == 0)
        *point = 0, wanted = count;
    if (wanted > MOST_DIGITS)
        wanted = MOST_DIGITS;
    while (n < wanted && digits[n])
        out[n] = digits[n], n++;
    while (n < wanted)
        out[n++] = '0';
    out[n] = 0;
    __freedtoa(digits);
    return n;
}

static errno_t digits_s(char *buffer, size_t room, double value, int mode, int count, int *point,
                        int *negative)
{
    char text[MOST_DIGITS + 1];
    if (buffer && room)
        *buffer = 0;
    if (!buffer || !room || !point || !negative)
        return crt_invalid_parameter(EINVAL);
    put_digits(value, mode, count < 0 ? 0 : count, point, negative, text);
    return hand_over(text, buffer, room);
}

errno_t _ecvt_s(char *buffer, size_t room, double value, int count, int *point, int *negative)
{
    return digits_s(buffer, room, value, DTOA_SIGNIFICANT, count, point, negative);
}

errno_t _fcvt_s(char *buffer, size_t room, double value, int count, int *point, int *negative)
{
    return digits_s(buffer, room, value, DTOA_FRACTION, count, point, negative);
}

char *_ecvt(double value, int count, int *point, int *negative)
{
    char *text = crt_thread()->digits;
    return _ecvt_s(text, sizeof crt_thread()->digits, value, count, point, negative) ? NULL : text;
}

char *_fcvt(double value, int count, int *point, int *negative)
{
    char *text = crt_thread()->digits;
    return _fcvt_s(text, sizeof crt_thread()->digits, value, count, point, negative) ? NULL : text;
}

/* As %g, but the point stays: "1.", "1.e+020". */
errno_t _gcvt_s(char *buffer, size_t room, double value, int count)
{
    char text[MOST_DIGITS + 16];
    if (buffer && room)
        *buffer = 0;
    if (!buffer || !room)
        return crt_invalid_parameter(EINVAL);
    if (count < 0 || (size_t)count >= room || count > MOST_DIGITS)
        return crt_invalid_parameter(ERANGE);
    _snprintf(text, sizeof text, "%.*g", count, value);
    if (!strchr(text, '.')) {
        char *exponent = strpbrk(text, "e");
        char *at = exponent ? exponent : text + strlen(text);
        memmove(at + 1, at, strlen(at) + 1);
        *at = '.';
    }
    return hand_over(text, buffer, room);
}

char *_gcvt(double value, int count, char *buffer)
{
    return _gcvt_s(buffer, MOST_DIGITS, value, count) ? NULL : buffer;
}
