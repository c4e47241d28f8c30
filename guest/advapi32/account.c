/* guest/advapi32/account.c: the name of who runs the thread.
 *
 * There is no account database: the local system, whose SID is well known, has its own name;
 * anybody else is the user whom the environment of the session names. */
#include "advapi.h"

#define NAME_CHARS 257u /* UNLEN + 1 */

/* Is the effective user the local system, S-1-5-18? */
static BOOL is_local_system(BOOL *answer)
{
    static const UCHAR system_sid[] = {1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0};
    union {
        SID_AND_ATTRIBUTES user;
        UCHAR room[128];
    } buffer;
    HANDLE token;
    ULONG length;
    NTSTATUS status = NtOpenThreadToken(CURRENT_THREAD, TOKEN_QUERY, TRUE, &token);
    if (status == STATUS_NO_TOKEN)
        status = NtOpenProcessToken(CURRENT_PROCESS, TOKEN_QUERY, &token);
    if (!NT_SUCCESS(status))
        return done(status);
    status = NtQueryInformationToken(token, TokenUserClass, &buffer, sizeof buffer, &length);
    NtClose(token);
    if (!NT_SUCCESS(status))
        return done(status);
    const SID *sid = buffer.user.Sid;
    *answer = GetLengthSid(sid) == sizeof system_sid &&
              __builtin_memcmp(sid, system_sid, sizeof system_sid) == 0;
    return TRUE;
}

static ULONG find_name(WCHAR name[NAME_CHARS])
{
    static const WCHAR system_name[] = u"SYSTEM";
    BOOL local_system;
    if (!is_local_system(&local_system))
        return 0;
    if (local_system) {
        __builtin_memcpy(name, system_name, sizeof system_name);
        return sizeof system_name / sizeof *system_name - 1;
    }
    ULONG length = GetEnvironmentVariableW(u"USERNAME", name, NAME_CHARS);
    if (!length || length >= NAME_CHARS) {
        fail_error(ERROR_NONE_MAPPED);
        return 0;
    }
    return length;
}

/* *size counts characters with the terminator, before and after. */
BOOL GetUserNameW(WCHAR *buffer, ULONG *size)
{
    WCHAR name[NAME_CHARS];
    ULONG length = find_name(name), room = *size;
    if (!length)
        return FALSE;
    *size = length + 1;
    if (!buffer || room <= length)
        return fail_error(ERROR_INSUFFICIENT_BUFFER);
    __builtin_memcpy(buffer, name, (length + 1) * sizeof *buffer);
    return TRUE;
}

BOOL GetUserNameA(char *buffer, ULONG *size)
{
    WCHAR name[NAME_CHARS];
    ULONG room = *size;
    if (!find_name(name))
        return FALSE;
    *size = (ULONG)WideCharToMultiByte(CP_ACP, 0, name, -1, NULL, 0, NULL, NULL);
    if (!buffer || room < *size)
        return fail_error(ERROR_INSUFFICIENT_BUFFER);
    WideCharToMultiByte(CP_ACP, 0, name, -1, buffer, (int)room, NULL, NULL);
    return TRUE;
}
