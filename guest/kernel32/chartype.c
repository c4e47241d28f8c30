/* guest/kernel32/chartype.c: what kind of character one is (CT_CTYPE1), and a few small answers:
 * MulDiv, version conditions. Case comes from ntdll's tables; the rest is told by blocks of
 * Unicode. Source: GetStringTypeW, VerifyVersionInfo, MulDiv, documentation. */
#include "k32.h"

#define CT_CTYPE1 1u
#define CT_CTYPE2 2u
#define CT_CTYPE3 4u
#define C1_UPPER 0x1
#define C1_LOWER 0x2
#define C1_DIGIT 0x4
#define C1_SPACE 0x8
#define C1_PUNCT 0x10
#define C1_CNTRL 0x20
#define C1_BLANK 0x40
#define C1_XDIGIT 0x80
#define C1_ALPHA 0x100
#define C1_DEFINED 0x200

static USHORT ascii_type(WCHAR c)
{
    USHORT digit = c >= '0' && c <= '9' ? C1_DIGIT | C1_XDIGIT : 0;
    USHORT letter = (c >= 'A' && c <= 'Z')   ? C1_ALPHA | C1_UPPER
                    : (c >= 'a' && c <= 'z') ? C1_ALPHA | C1_LOWER
                                             : 0;
    if ((c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f'))
        letter |= C1_XDIGIT;
    if (digit || letter)
        return digit | letter;
    if (c == ' ')
        return C1_SPACE | C1_BLANK;
    if (c == '\t')
        return C1_SPACE | C1_CNTRL | C1_BLANK;
    if (c >= '\n' && c <= '\r')
        return C1_SPACE | C1_CNTRL;
    return c < ' ' || c == 0x7F ? C1_CNTRL : C1_PUNCT;
}

/* Letters without case, by the blocks they are in; symbols and punctuation are the rest. */
static BOOL is_caseless_letter(WCHAR c)
{
    static const struct {
        WCHAR first, last;
    } blocks[] = {
        {0x00AA, 0x00AA}, {0x00B5, 0x00B5}, {0x00BA, 0x00BA}, {0x00DF, 0x00DF}, {0x0138, 0x0138},
        {0x0149, 0x0149}, {0x01BB, 0x01C3}, {0x05D0, 0x05EA}, {0x0621, 0x064A}, {0x0904, 0x0939},
        {0x0E01, 0x0E30}, {0x3041, 0x3096}, {0x30A1, 0x30FA}, {0x3105, 0x312C}, {0x3400, 0x4DB5},
        {0x4E00, 0x9FCB}, {0xAC00, 0xD7A3}, {0xF900, 0xFA2D}, {0xFF66, 0xFF9D},
    };
    for (ULONG i = 0; i < sizeof blocks / sizeof *blocks; i++)
        if (c >= blocks[i].first && c <= blocks[i].last)
            return TRUE;
    return FALSE;
}

static USHORT type_of(WCHAR c)
{
    if (c < 0x80)
        return ascii_type(c) | C1_DEFINED;
    if (c < 0xA0)
        return C1_CNTRL | C1_DEFINED;
    if (c == 0xA0 || c == 0x3000 || (c >= 0x2000 && c <= 0x200A))
        return C1_SPACE | C1_BLANK | C1_DEFINED;
    if (RtlDowncaseUnicodeChar(c) != c)
        return C1_ALPHA | C1_UPPER | C1_DEFINED;
    if (RtlUpcaseUnicodeChar(c) != c || c == 0xDF)
        return C1_ALPHA | C1_LOWER | C1_DEFINED;
    if (is_caseless_letter(c))
        return C1_ALPHA | C1_DEFINED;
    return c >= 0xD800 && c <= 0xF8FF ? 0 : C1_PUNCT | C1_DEFINED;
}

/* CT_CTYPE2 (direction) and CT_CTYPE3 are not there: they fail with ERROR_NOT_SUPPORTED. */
BOOL GetStringTypeW(ULONG kind, const WCHAR *text, int length, USHORT *types)
{
    if (!text || !types || !length || (const void *)text == types)
        return fail_error(ERROR_INVALID_PARAMETER);
    if (kind != CT_CTYPE1)
        return fail_error(kind == CT_CTYPE2 || kind == CT_CTYPE3 ? ERROR_NOT_SUPPORTED
                                                                 : ERROR_INVALID_PARAMETER);
    if (length < 0)
        length = (int)wide_length(text) + 1;
    for (int i = 0; i < length; i++)
        types[i] = type_of(text[i]);
    return TRUE;
}

BOOL GetStringTypeExW(ULONG locale, ULONG kind, const WCHAR *text, int length, USHORT *types)
{
    (void)locale;
    return GetStringTypeW(kind, text, length, types);
}

BOOL GetStringTypeA(ULONG locale, ULONG kind, const char *text, int length, USHORT *types)
{
    (void)locale;
    int count = text && length ? MultiByteToWideChar(CP_ACP, 0, text, length, NULL, 0) : 0;
    if (!count)
        return fail_error(ERROR_INVALID_PARAMETER);
    WCHAR *wide = heap_alloc((ULONG64)count * sizeof(WCHAR));
    if (!wide)
        return FALSE;
    MultiByteToWideChar(CP_ACP, 0, text, length, wide, count);
    BOOL ok = GetStringTypeW(kind, wide, count, types);
    heap_free(wide);
    return ok;
}

int LCMapStringA(ULONG locale, ULONG flags, const char *source, int length, char *buffer, int size)
{
    int result = 0;
    int count = source && length ? MultiByteToWideChar(CP_ACP, 0, source, length, NULL, 0) : 0;
    WCHAR *wide = count ? heap_alloc((ULONG64)count * 2 * sizeof(WCHAR)) : NULL;
    if (!count)
        fail_error(ERROR_INVALID_PARAMETER);
    if (!wide)
        return 0;
    MultiByteToWideChar(CP_ACP, 0, source, length, wide, count);
    int mapped = LCMapStringW(locale, flags, wide, count, wide + count, count);
    if (mapped)
        result = WideCharToMultiByte(CP_ACP, 0, wide + count, mapped, size ? buffer : NULL, size,
                                     NULL, NULL);
    heap_free(wide);
    return result;
}

/* ---- small answers ---- */

/* a * b / c, rounded half away from zero; -1 for an overflow or a division by 0. */
int MulDiv(int a, int b, int c)
{
    LONG64 product = (LONG64)a * b, half = (c < 0 ? -(LONG64)c : c) / 2;
    if (!c)
        return -1;
    LONG64 result = (product < 0 ? product - half : product + half) / c;
    return result > INT32_MAX || result < -INT32_MAX ? -1 : (int)result;
}

/* Only Windows for DOS had a limit to set. */
UINT SetHandleCount(UINT count)
{
    return count;
}

/* There is no 32-bit subsystem, as on 32-bit Windows itself. */
UINT GetSystemWow64DirectoryW(WCHAR *buffer, UINT size)
{
    (void)buffer, (void)size;
    SetLastError(ERROR_CALL_NOT_IMPLEMENTED);
    return 0;
}

UINT GetSystemWow64DirectoryA(char *buffer, UINT size)
{
    (void)buffer, (void)size;
    SetLastError(ERROR_CALL_NOT_IMPLEMENTED);
    return 0;
}

#define VER_BITS 3
#define VER_EQUAL 1u
#define VER_GREATER 2u
#define VER_GREATER_EQUAL 3u
#define VER_LESS 4u
#define VER_LESS_EQUAL 5u
#define VER_AND 6u

/* Types are single bits: minor, major, build, platform, service pack minor and major, suite,
 * product. */
ULONG64 VerSetConditionMask(ULONG64 mask, ULONG type, UCHAR condition)
{
    for (int bit = 0; bit < 8; bit++)
        if (type >> bit & 1)
            return mask | (ULONG64)(condition & 7) << (bit * VER_BITS);
    return mask;
}

static BOOL compare(ULONG condition, ULONG have, ULONG want)
{
    switch (condition) {
    case VER_EQUAL:
        return have == want;
    case VER_GREATER:
        return have > want;
    case VER_GREATER_EQUAL:
        return have >= want;
    case VER_LESS:
        return have < want;
    case VER_LESS_EQUAL:
        return have <= want;
    default:
        return FALSE;
    }
}

#define VER_MAJOR 0x2u
#define VER_MINOR 0x1u
#define VER_PACK_MAJOR 0x20u
#define VER_PACK_MINOR 0x10u
#define VER_SUITE 0x40u
#define VER_ALL_TYPES 0xFFu
#define ERROR_OLD_WIN_VERSION 1150u
#define ERROR_BAD_ARGUMENTS 160u

/* Major, minor and service pack are one number of several parts: a later part counts only where
 * those before it are equal. */
BOOL VerifyVersionInfoW(OSVERSIONINFOEXW *want, ULONG types, ULONG64 mask)
{
    static const UCHAR hierarchy[] = {1, 0, 5, 4}; /* bits of the types */
    OSVERSIONINFOEXW have = {.dwOSVersionInfoSize = sizeof have};
    if (!types || types & ~VER_ALL_TYPES || !mask)
        return fail_error(ERROR_BAD_ARGUMENTS);
    GetVersionExW(&have);
    const ULONG has[] = {have.dwMinorVersion, have.dwMajorVersion,    have.dwBuildNumber,
                         have.dwPlatformId,   have.wServicePackMinor, have.wServicePackMajor,
                         have.wSuiteMask,     have.wProductType};
    const ULONG wants[] = {want->dwMinorVersion, want->dwMajorVersion,    want->dwBuildNumber,
                           want->dwPlatformId,   want->wServicePackMinor, want->wServicePackMajor,
                           want->wSuiteMask,     want->wProductType};
    BOOL ok = TRUE, decided = FALSE;
    for (ULONG i = 0; i < sizeof hierarchy && !decided; i++) {
        ULONG bit = hierarchy[i], condition = (ULONG)(mask >> (bit * VER_BITS)) & 7;
        if (!(types >> bit & 1))
            continue;
        decided = has[bit] != wants[bit];
        ok = compare(condition, has[bit], wants[bit]);
    }
    for (ULONG bit = 2; ok && bit < 8; bit++) {
        ULONG condition = (ULONG)(mask >> (bit * VER_BITS)) & 7;
        if (!(types >> bit & 1) || bit == 4 || bit == 5)
            continue;
        if (bit == 6)
            ok = condition == VER_AND ? (has[6] & wants[6]) == wants[6] : (has[6] & wants[6]) != 0;
        else
            ok = compare(condition, has[bit], wants[bit]);
    }
    return ok ? TRUE : fail_error(ERROR_OLD_WIN_VERSION);
}

BOOL VerifyVersionInfoA(OSVERSIONINFOEXA *want, ULONG types, ULONG64 mask)
{
    OSVERSIONINFOEXW wide = {
        .dwMajorVersion = want->dwMajorVersion,
        .dwMinorVersion = want->dwMinorVersion,
        .dwBuildNumber = want->dwBuildNumber,
        .dwPlatformId = want->dwPlatformId,
        .wServicePackMajor = want->wServicePackMajor,
        .wServicePackMinor = want->wServicePackMinor,
        .wSuiteMask = want->wSuiteMask,
        .wProductType = want->wProductType,
    };
    return VerifyVersionInfoW(&wide, types, mask);
}
