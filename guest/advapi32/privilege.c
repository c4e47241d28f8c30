/* guest/advapi32/privilege.c: privileges by name, and enabling them.
 * Source: "Privilege Constants", AdjustTokenPrivileges, documentation. */
#include "advapi.h"

static const WCHAR *const names[SE_PRIVILEGE_LAST + 1] = {
    [SE_CREATE_TOKEN_PRIVILEGE] = u"SeCreateTokenPrivilege",
    [SE_ASSIGNPRIMARYTOKEN_PRIVILEGE] = u"SeAssignPrimaryTokenPrivilege",
    [SE_LOCK_MEMORY_PRIVILEGE] = u"SeLockMemoryPrivilege",
    [SE_INCREASE_QUOTA_PRIVILEGE] = u"SeIncreaseQuotaPrivilege",
    [SE_MACHINE_ACCOUNT_PRIVILEGE] = u"SeMachineAccountPrivilege",
    [SE_TCB_PRIVILEGE] = u"SeTcbPrivilege",
    [SE_SECURITY_PRIVILEGE] = u"SeSecurityPrivilege",
    [SE_TAKE_OWNERSHIP_PRIVILEGE] = u"SeTakeOwnershipPrivilege",
    [SE_LOAD_DRIVER_PRIVILEGE] = u"SeLoadDriverPrivilege",
    [SE_SYSTEM_PROFILE_PRIVILEGE] = u"SeSystemProfilePrivilege",
    [SE_SYSTEMTIME_PRIVILEGE] = u"SeSystemtimePrivilege",
    [SE_PROF_SINGLE_PROCESS_PRIVILEGE] = u"SeProfileSingleProcessPrivilege",
    [SE_INC_BASE_PRIORITY_PRIVILEGE] = u"SeIncreaseBasePriorityPrivilege",
    [SE_CREATE_PAGEFILE_PRIVILEGE] = u"SeCreatePagefilePrivilege",
    [SE_CREATE_PERMANENT_PRIVILEGE] = u"SeCreatePermanentPrivilege",
    [SE_BACKUP_PRIVILEGE] = u"SeBackupPrivilege",
    [SE_RESTORE_PRIVILEGE] = u"SeRestorePrivilege",
    [SE_SHUTDOWN_PRIVILEGE] = u"SeShutdownPrivilege",
    [SE_DEBUG_PRIVILEGE] = u"SeDebugPrivilege",
    [SE_AUDIT_PRIVILEGE] = u"SeAuditPrivilege",
    [SE_SYSTEM_ENVIRONMENT_PRIVILEGE] = u"SeSystemEnvironmentPrivilege",
    [SE_CHANGE_NOTIFY_PRIVILEGE] = u"SeChangeNotifyPrivilege",
    [SE_REMOTE_SHUTDOWN_PRIVILEGE] = u"SeRemoteShutdownPrivilege",
    [SE_UNDOCK_PRIVILEGE] = u"SeUndockPrivilege",
    [SE_SYNC_AGENT_PRIVILEGE] = u"SeSyncAgentPrivilege",
    [SE_ENABLE_DELEGATION_PRIVILEGE] = u"SeEnableDelegationPrivilege",
    [SE_MANAGE_VOLUME_PRIVILEGE] = u"SeManageVolumePrivilege",
    [SE_IMPERSONATE_PRIVILEGE] = u"SeImpersonatePrivilege",
    [SE_CREATE_GLOBAL_PRIVILEGE] = u"SeCreateGlobalPrivilege",
    [SE_TRUSTED_CREDMAN_ACCESS_PRIVILEGE] = u"SeTrustedCredManAccessPrivilege",
    [SE_RELABEL_PRIVILEGE] = u"SeRelabelPrivilege",
    [SE_INC_WORKING_SET_PRIVILEGE] = u"SeIncreaseWorkingSetPrivilege",
    [SE_TIME_ZONE_PRIVILEGE] = u"SeTimeZonePrivilege",
    [SE_CREATE_SYMBOLIC_LINK_PRIVILEGE] = u"SeCreateSymbolicLinkPrivilege",
};

BOOL LookupPrivilegeValueW(const WCHAR *system, const WCHAR *name, LUID *luid)
{
    if (system && *system)
        return fail_error(ERROR_NOT_SUPPORTED); /* there is no other machine */
    for (unsigned i = 0; name && i <= SE_PRIVILEGE_LAST; i++) {
        if (names[i] && CompareStringOrdinal(name, -1, names[i], -1, TRUE) == CSTR_EQUAL) {
            *luid = (LUID){.LowPart = i};
            return TRUE;
        }
    }
    return fail_error(name ? ERROR_NO_SUCH_PRIVILEGE : ERROR_INVALID_PARAMETER);
}

BOOL LookupPrivilegeValueA(const char *system, const char *name, LUID *luid)
{
    WCHAR wide[MAX_PATH];

    if (system && *system)
        return fail_error(ERROR_NOT_SUPPORTED);
    if (!name || !MultiByteToWideChar(CP_ACP, 0, name, -1, wide, MAX_PATH))
        return fail_error(name ? ERROR_NO_SUCH_PRIVILEGE : ERROR_INVALID_PARAMETER);
    return LookupPrivilegeValueW(NULL, wide, luid);
}

static const WCHAR *name_of(const LUID *luid)
{
    return luid->HighPart == 0 && luid->LowPart <= SE_PRIVILEGE_LAST ? names[luid->LowPart] : NULL;
}

static ULONG length_of(const WCHAR *text)
{
    ULONG length = 0;

    while (text[length])
        length++;
    return length;
}

/* *size counts characters: with the terminator when it does not fit, without it when it does. */
BOOL LookupPrivilegeNameW(const WCHAR *system, const LUID *luid, WCHAR *name, ULONG *size)
{
    const WCHAR *found = name_of(luid);

    if (system && *system)
        return fail_error(ERROR_NOT_SUPPORTED);
    if (!found)
        return fail_error(ERROR_NO_SUCH_PRIVILEGE);
    ULONG length = length_of(found);
    if (*size <= length) {
        *size = length + 1;
        return fail_error(ERROR_INSUFFICIENT_BUFFER);
    }
    __builtin_memcpy(name, found, (length + 1) * sizeof *name);
    *size = length;
    return TRUE;
}

BOOL LookupPrivilegeNameA(const char *system, const LUID *luid, char *name, ULONG *size)
{
    WCHAR wide[MAX_PATH];
    ULONG room = MAX_PATH;

    if (system && *system)
        return fail_error(ERROR_NOT_SUPPORTED);
    if (!LookupPrivilegeNameW(NULL, luid, wide, &room))
        return FALSE;
    if (*size <= room) {
        *size = room + 1;
        return fail_error(ERROR_INSUFFICIENT_BUFFER);
    }
    WideCharToMultiByte(CP_ACP, 0, wide, (int)room + 1, name, (int)*size, NULL, NULL);
    *size = room;
    return TRUE;
}

/* TRUE also when the token lacks some: the last error then says ERROR_NOT_ALL_ASSIGNED. */
BOOL AdjustTokenPrivileges(HANDLE token, BOOL disable_all, void *state, ULONG length,
                           void *previous, ULONG *returned)
{
    NTSTATUS status = NtAdjustPrivilegesToken(token, (BOOLEAN)(disable_all != 0), state, length,
                                              previous, returned);
    SetLastError(RtlNtStatusToDosError(status));
    return NT_SUCCESS(status);
}

BOOL PrivilegeCheck(HANDLE token, void *privileges, BOOL *result)
{
    BOOLEAN held = FALSE;
    NTSTATUS status = NtPrivilegeCheck(token, privileges, &held);

    *result = held;
    return done(status);
}

BOOL AllocateLocallyUniqueId(LUID *luid)
{
    return done(NtAllocateLocallyUniqueId(luid));
}
