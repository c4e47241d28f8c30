/* guest/advapi32/token.c: opening, asking and copying tokens. */
#include "advapi.h"

BOOL DllMain(void *module, ULONG reason, void *reserved)
{
    (void)module;
    (void)reason;
    (void)reserved;
    return TRUE;
}

BOOL fail_error(ULONG error)
{
    SetLastError(error);
    return FALSE;
}

BOOL done(NTSTATUS status)
{
    return NT_SUCCESS(status) ? TRUE : fail_error(RtlNtStatusToDosError(status));
}

BOOL OpenProcessToken(HANDLE process, ULONG access, HANDLE *token)
{
    return done(NtOpenProcessToken(process, access, token));
}

BOOL OpenThreadToken(HANDLE thread, ULONG access, BOOL as_self, HANDLE *token)
{
    return done(NtOpenThreadToken(thread, access, (BOOLEAN)(as_self != 0), token));
}

BOOL GetTokenInformation(HANDLE token, ULONG class, void *information, ULONG length,
                         ULONG *returned)
{
    return done(NtQueryInformationToken(token, class, information, length, returned));
}

BOOL DuplicateTokenEx(HANDLE token, ULONG access, const SECURITY_ATTRIBUTES *security, ULONG level,
                      ULONG type, HANDLE *copy)
{
    SECURITY_QUALITY_OF_SERVICE service = {
        .Length = sizeof service, .ImpersonationLevel = (SECURITY_IMPERSONATION_LEVEL)level};
    OBJECT_ATTRIBUTES attributes = {.Length = sizeof attributes,
                                    .Attributes =
                                        security && security->bInheritHandle ? OBJ_INHERIT : 0,
                                    .SecurityQualityOfService = &service};
    return done(NtDuplicateToken(token, access, &attributes, FALSE, type, copy));
}

BOOL DuplicateToken(HANDLE token, ULONG level, HANDLE *copy)
{
    return DuplicateTokenEx(token, TOKEN_IMPERSONATE | TOKEN_QUERY, NULL, level, TokenImpersonation,
                            copy);
}
