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

/* ---- the registry: error codes are returned ---- */

typedef HANDLE HKEY;

/* regkey.c */
LONG RegOpenKeyExW(HKEY key, const WCHAR *name, ULONG options, ULONG access, HKEY *result);
LONG RegOpenKeyExA(HKEY key, const char *name, ULONG options, ULONG access, HKEY *result);
LONG RegOpenKeyW(HKEY key, const WCHAR *name, HKEY *result);
LONG RegOpenKeyA(HKEY key, const char *name, HKEY *result);
LONG RegCloseKey(HKEY key);
LONG RegFlushKey(HKEY key);
LONG RegCreateKeyExW(HKEY key, const WCHAR *name, ULONG reserved, WCHAR *class_name, ULONG options,
                     ULONG access, const SECURITY_ATTRIBUTES *security, HKEY *result,
                     ULONG *disposition);
LONG RegCreateKeyExA(HKEY key, const char *name, ULONG reserved, char *class_name, ULONG options,
                     ULONG access, const SECURITY_ATTRIBUTES *security, HKEY *result,
                     ULONG *disposition);
LONG RegCreateKeyW(HKEY key, const WCHAR *name, HKEY *result);
LONG RegCreateKeyA(HKEY key, const char *name, HKEY *result);
LONG RegDeleteKeyExW(HKEY key, const WCHAR *name, ULONG view, ULONG reserved);
LONG RegDeleteKeyExA(HKEY key, const char *name, ULONG view, ULONG reserved);
LONG RegDeleteKeyW(HKEY key, const WCHAR *name);
LONG RegDeleteKeyA(HKEY key, const char *name);

/* regvalue.c */
LONG RegQueryValueExW(HKEY key, const WCHAR *name, ULONG *reserved, ULONG *type, UCHAR *data,
                      ULONG *size);
LONG RegQueryValueExA(HKEY key, const char *name, ULONG *reserved, ULONG *type, UCHAR *data,
                      ULONG *size);
LONG RegSetValueExW(HKEY key, const WCHAR *name, ULONG reserved, ULONG type, const UCHAR *data,
                    ULONG size);
LONG RegSetValueExA(HKEY key, const char *name, ULONG reserved, ULONG type, const UCHAR *data,
                    ULONG size);
LONG RegDeleteValueW(HKEY key, const WCHAR *name);
LONG RegDeleteValueA(HKEY key, const char *name);

/* regenum.c */
LONG RegEnumKeyExW(HKEY key, ULONG index, WCHAR *name, ULONG *name_size, ULONG *reserved,
                   WCHAR *class_name, ULONG *class_size, FILETIME *time);
LONG RegEnumKeyExA(HKEY key, ULONG index, char *name, ULONG *name_size, ULONG *reserved,
                   char *class_name, ULONG *class_size, FILETIME *time);
LONG RegEnumKeyW(HKEY key, ULONG index, WCHAR *name, ULONG size);
LONG RegEnumKeyA(HKEY key, ULONG index, char *name, ULONG size);
LONG RegEnumValueW(HKEY key, ULONG index, WCHAR *name, ULONG *name_size, ULONG *reserved,
                   ULONG *type, UCHAR *data, ULONG *size);
LONG RegEnumValueA(HKEY key, ULONG index, char *name, ULONG *name_size, ULONG *reserved,
                   ULONG *type, UCHAR *data, ULONG *size);
LONG RegQueryInfoKeyW(HKEY key, WCHAR *class_name, ULONG *class_size, ULONG *reserved,
                      ULONG *subkeys, ULONG *longest_subkey, ULONG *longest_class, ULONG *values,
                      ULONG *longest_name, ULONG *longest_data, ULONG *descriptor, FILETIME *time);
LONG RegQueryInfoKeyA(HKEY key, char *class_name, ULONG *class_size, ULONG *reserved,
                      ULONG *subkeys, ULONG *longest_subkey, ULONG *longest_class, ULONG *values,
                      ULONG *longest_name, ULONG *longest_data, ULONG *descriptor, FILETIME *time);

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
