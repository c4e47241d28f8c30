/* guest/advapi32/sid.c: security identifiers, S-1-authority-sub-sub-...
 * Source: SID, AllocateAndInitializeSid, ConvertSidToStringSid, documentation. */
#include "advapi.h"

#define SUBAUTHORITIES_MOST 15u
#define STRING_MOST 192u /* "S-1-0x" 12 digits, 15 times "-" and 10 digits, 0 */

ULONG GetSidLengthRequired(UCHAR count)
{
    return (ULONG)(__builtin_offsetof(SID, SubAuthority) + count * sizeof(ULONG));
}

BOOL IsValidSid(const SID *sid)
{
    return sid && sid->Revision == 1 && sid->SubAuthorityCount <= SUBAUTHORITIES_MOST;
}

ULONG GetLengthSid(const SID *sid)
{
    return GetSidLengthRequired(sid->SubAuthorityCount);
}

BOOL EqualSid(const SID *a, const SID *b)
{
    SetLastError(ERROR_SUCCESS);
    return a->Revision == b->Revision && a->SubAuthorityCount == b->SubAuthorityCount &&
           __builtin_memcmp(a, b, GetLengthSid(a)) == 0;
}

BOOL CopySid(ULONG size, SID *to, const SID *from)
{
    ULONG length = GetLengthSid(from);

    if (size < length)
        return fail_error(ERROR_INSUFFICIENT_BUFFER);
    __builtin_memcpy(to, from, length);
    return TRUE;
}

BOOL InitializeSid(SID *sid, const SID_IDENTIFIER_AUTHORITY *authority, UCHAR count)
{
    if (count > SUBAUTHORITIES_MOST)
        return fail_error(ERROR_INVALID_PARAMETER);
    sid->Revision = 1;
    sid->SubAuthorityCount = count;
    sid->IdentifierAuthority = *authority;
    return TRUE;
}

BOOL AllocateAndInitializeSid(const SID_IDENTIFIER_AUTHORITY *authority, UCHAR count, ULONG a,
                              ULONG b, ULONG c, ULONG d, ULONG e, ULONG f, ULONG g, ULONG h,
                              SID **sid)
{
    const ULONG parts[] = {a, b, c, d, e, f, g, h};

    if (count > sizeof parts / sizeof *parts)
        return fail_error(ERROR_INVALID_PARAMETER);
    SID *made = RtlAllocateHeap(current_peb()->ProcessHeap, 0, GetSidLengthRequired(count));
    if (!made)
        return fail_error(ERROR_NOT_ENOUGH_MEMORY);
    InitializeSid(made, authority, count);
    __builtin_memcpy(made->SubAuthority, parts, count * sizeof *parts);
    *sid = made;
    return TRUE;
}

void *FreeSid(SID *sid)
{
    RtlFreeHeap(current_peb()->ProcessHeap, 0, sid);
    return NULL;
}

SID_IDENTIFIER_AUTHORITY *GetSidIdentifierAuthority(SID *sid)
{
    return &sid->IdentifierAuthority;
}

UCHAR *GetSidSubAuthorityCount(SID *sid)
{
    return &sid->SubAuthorityCount;
}

ULONG *GetSidSubAuthority(SID *sid, ULONG index)
{
    return &sid->SubAuthority[index];
}

/* The authority, 48 bits, is hexadecimal when it does not fit into 32. => characters written */
static int print_authority(WCHAR *text, const SID *sid)
{
    ULONG64 value = 0;

    for (unsigned i = 0; i < sizeof sid->IdentifierAuthority.Value; i++)
        value = value << 8 | sid->IdentifierAuthority.Value[i];
    return value >> 32 ? _snwprintf(text, STRING_MOST, u"S-1-0x%I64x", value)
                       : _snwprintf(text, STRING_MOST, u"S-1-%I64u", value);
}

static BOOL print_sid(const SID *sid, WCHAR *text, int *length)
{
    if (!IsValidSid(sid))
        return fail_error(ERROR_INVALID_SID);
    *length = print_authority(text, sid);
    for (unsigned i = 0; i < sid->SubAuthorityCount; i++)
        *length += _snwprintf(text + *length, STRING_MOST - (unsigned)*length, u"-%u",
                              sid->SubAuthority[i]);
    return TRUE;
}

/* The text is the caller's, to be freed with LocalFree. */
BOOL ConvertSidToStringSidW(const SID *sid, WCHAR **out)
{
    WCHAR text[STRING_MOST];
    int length;

    if (!out)
        return fail_error(ERROR_INVALID_PARAMETER);
    if (!print_sid(sid, text, &length))
        return FALSE;
    *out = LocalAlloc(0, ((ULONG64)length + 1) * sizeof(WCHAR));
    if (!*out)
        return FALSE;
    __builtin_memcpy(*out, text, ((ULONG64)length + 1) * sizeof(WCHAR));
    return TRUE;
}

BOOL ConvertSidToStringSidA(const SID *sid, char **out)
{
    WCHAR text[STRING_MOST];
    int length;

    if (!out)
        return fail_error(ERROR_INVALID_PARAMETER);
    if (!print_sid(sid, text, &length))
        return FALSE;
    *out = LocalAlloc(0, (ULONG64)length + 1);
    if (!*out)
        return FALSE;
    for (int i = 0; i <= length; i++)
        (*out)[i] = (char)text[i];
    return TRUE;
}
