/* guest/include/advapi32.h: the functions that advapi32 exports.
 *
 * Names and behaviour are documented by the Windows SDK; types are spelled as in win32.h. */
#pragma once

#include "nt/security.h"
#include "win32.h"

/* token.c */
BOOL OpenProcessToken(HANDLE process, ULONG access, HANDLE *token);
BOOL OpenThreadToken(HANDLE thread, ULONG access, BOOL as_self, HANDLE *token);
BOOL GetTokenInformation(HANDLE token, ULONG class, void *information, ULONG length,
                         ULONG *returned);
BOOL DuplicateTokenEx(HANDLE token, ULONG access, const SECURITY_ATTRIBUTES *security, ULONG level,
                      ULONG type, HANDLE *copy);
BOOL DuplicateToken(HANDLE token, ULONG level, HANDLE *copy);

/* privilege.c */
BOOL LookupPrivilegeValueW(const WCHAR *system, const WCHAR *name, LUID *luid);
BOOL LookupPrivilegeValueA(const char *system, const char *name, LUID *luid);
BOOL LookupPrivilegeNameW(const WCHAR *system, const LUID *luid, WCHAR *name, ULONG *size);
BOOL LookupPrivilegeNameA(const char *system, const LUID *luid, char *name, ULONG *size);
BOOL AdjustTokenPrivileges(HANDLE token, BOOL disable_all, void *state, ULONG length,
                           void *previous, ULONG *returned);
BOOL PrivilegeCheck(HANDLE token, void *privileges, BOOL *result);
BOOL AllocateLocallyUniqueId(LUID *luid);

/* sid.c */
ULONG GetSidLengthRequired(UCHAR count);
BOOL IsValidSid(const SID *sid);
ULONG GetLengthSid(const SID *sid);
BOOL EqualSid(const SID *a, const SID *b);
BOOL CopySid(ULONG size, SID *to, const SID *from);
BOOL InitializeSid(SID *sid, const SID_IDENTIFIER_AUTHORITY *authority, UCHAR count);
BOOL AllocateAndInitializeSid(const SID_IDENTIFIER_AUTHORITY *authority, UCHAR count, ULONG a,
                              ULONG b, ULONG c, ULONG d, ULONG e, ULONG f, ULONG g, ULONG h,
                              SID **sid);
void *FreeSid(SID *sid);
SID_IDENTIFIER_AUTHORITY *GetSidIdentifierAuthority(SID *sid);
UCHAR *GetSidSubAuthorityCount(SID *sid);
ULONG *GetSidSubAuthority(SID *sid, ULONG index);
BOOL ConvertSidToStringSidW(const SID *sid, WCHAR **out);
BOOL ConvertSidToStringSidA(const SID *sid, char **out);

/* account.c */
BOOL GetUserNameW(WCHAR *buffer, ULONG *size);
BOOL GetUserNameA(char *buffer, ULONG *size);

/* random.c */
BOOLEAN SystemFunction036(void *buffer, ULONG size);
BOOL CryptAcquireContextW(ULONG64 *out, const WCHAR *container, const WCHAR *name, ULONG type,
                          ULONG flags);
BOOL CryptAcquireContextA(ULONG64 *out, const char *container, const char *name, ULONG type,
                          ULONG flags);
BOOL CryptContextAddRef(ULONG64 handle, ULONG *reserved, ULONG flags);
BOOL CryptReleaseContext(ULONG64 handle, ULONG flags);
BOOL CryptGenRandom(ULONG64 handle, ULONG size, UCHAR *buffer);
