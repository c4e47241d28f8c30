/* include/nt/security.h: rights of tokens, privileges, attributes of groups, token information.
 * Source: access rights for access-token objects, privilege constants, TOKEN_INFORMATION_CLASS,
 * TOKEN_GROUPS, TOKEN_PRIVILEGES, documentation. */
#pragma once

#include "nt/se.h"
#include "nt/types.h"

#define TOKEN_ASSIGN_PRIMARY 0x0001u
#define TOKEN_DUPLICATE 0x0002u
#define TOKEN_IMPERSONATE 0x0004u
#define TOKEN_QUERY 0x0008u
#define TOKEN_QUERY_SOURCE 0x0010u
#define TOKEN_ADJUST_PRIVILEGES 0x0020u
#define TOKEN_ADJUST_GROUPS 0x0040u
#define TOKEN_ADJUST_DEFAULT 0x0080u
#define TOKEN_ADJUST_SESSIONID 0x0100u
#define TOKEN_ALL_ACCESS 0x000F01FFu

/* Privileges, by the low part of their LUIDs. */
#define SE_CREATE_TOKEN_PRIVILEGE 2u
#define SE_ASSIGNPRIMARYTOKEN_PRIVILEGE 3u
#define SE_LOCK_MEMORY_PRIVILEGE 4u
#define SE_INCREASE_QUOTA_PRIVILEGE 5u
#define SE_MACHINE_ACCOUNT_PRIVILEGE 6u
#define SE_TCB_PRIVILEGE 7u
#define SE_SECURITY_PRIVILEGE 8u
#define SE_TAKE_OWNERSHIP_PRIVILEGE 9u
#define SE_LOAD_DRIVER_PRIVILEGE 10u
#define SE_SYSTEM_PROFILE_PRIVILEGE 11u
#define SE_SYSTEMTIME_PRIVILEGE 12u
#define SE_PROF_SINGLE_PROCESS_PRIVILEGE 13u
#define SE_INC_BASE_PRIORITY_PRIVILEGE 14u
#define SE_CREATE_PAGEFILE_PRIVILEGE 15u
#define SE_CREATE_PERMANENT_PRIVILEGE 16u
#define SE_BACKUP_PRIVILEGE 17u
#define SE_RESTORE_PRIVILEGE 18u
#define SE_SHUTDOWN_PRIVILEGE 19u
#define SE_DEBUG_PRIVILEGE 20u
#define SE_AUDIT_PRIVILEGE 21u
#define SE_SYSTEM_ENVIRONMENT_PRIVILEGE 22u
#define SE_CHANGE_NOTIFY_PRIVILEGE 23u
#define SE_REMOTE_SHUTDOWN_PRIVILEGE 24u
#define SE_UNDOCK_PRIVILEGE 25u
#define SE_SYNC_AGENT_PRIVILEGE 26u
#define SE_ENABLE_DELEGATION_PRIVILEGE 27u
#define SE_MANAGE_VOLUME_PRIVILEGE 28u
#define SE_IMPERSONATE_PRIVILEGE 29u
#define SE_CREATE_GLOBAL_PRIVILEGE 30u
#define SE_TRUSTED_CREDMAN_ACCESS_PRIVILEGE 31u
#define SE_RELABEL_PRIVILEGE 32u
#define SE_INC_WORKING_SET_PRIVILEGE 33u
#define SE_TIME_ZONE_PRIVILEGE 34u
#define SE_CREATE_SYMBOLIC_LINK_PRIVILEGE 35u
#define SE_PRIVILEGE_LAST SE_CREATE_SYMBOLIC_LINK_PRIVILEGE

#define SE_PRIVILEGE_ENABLED_BY_DEFAULT 0x1u
#define SE_PRIVILEGE_ENABLED 0x2u
#define SE_PRIVILEGE_REMOVED 0x4u

#define PRIVILEGE_SET_ALL_NECESSARY 0x1u

#define SE_GROUP_MANDATORY 0x01u
#define SE_GROUP_ENABLED_BY_DEFAULT 0x02u
#define SE_GROUP_ENABLED 0x04u
#define SE_GROUP_OWNER 0x08u
#define SE_GROUP_INTEGRITY 0x20u
#define SE_GROUP_INTEGRITY_ENABLED 0x40u
#define SE_GROUP_LOGON_ID 0xC0000000u

#define TOKEN_MANDATORY_POLICY_NO_WRITE_UP 0x1u
#define TOKEN_MANDATORY_POLICY_NEW_PROCESS_MIN 0x2u

/* _TOKEN.TokenFlags. Source: ntifs.h. */
#define TOKEN_HAS_TRAVERSE_PRIVILEGE 0x01u
#define TOKEN_HAS_BACKUP_PRIVILEGE 0x02u
#define TOKEN_HAS_RESTORE_PRIVILEGE 0x04u
#define TOKEN_HAS_IMPERSONATE_PRIVILEGE 0x80u

#define ACL_REVISION 2u
#define ACCESS_ALLOWED_ACE_TYPE 0u

typedef struct _ACCESS_ALLOWED_ACE {
    UCHAR AceType;
    UCHAR AceFlags;
    USHORT AceSize;
    ULONG Mask;
    ULONG SidStart;
} ACCESS_ALLOWED_ACE;
NT_SIZE(ACCESS_ALLOWED_ACE, 0xc);

enum { /* TOKEN_INFORMATION_CLASS */
       TokenUserClass = 1,
       TokenGroupsClass = 2,
       TokenPrivilegesClass = 3,
       TokenOwnerClass = 4,
       TokenPrimaryGroupClass = 5,
       TokenDefaultDaclClass = 6,
       TokenSourceClass = 7,
       TokenTypeClass = 8,
       TokenImpersonationLevelClass = 9,
       TokenStatisticsClass = 10,
       TokenRestrictedSidsClass = 11,
       TokenSessionIdClass = 12,
       TokenElevationTypeClass = 18,
       TokenElevationClass = 20,
       TokenHasRestrictionsClass = 21,
       TokenIntegrityLevelClass = 25,
       TokenUIAccessClass = 26,
       TokenMandatoryPolicyClass = 27,
       TokenLogonSidClass = 28,
};

enum { TokenElevationTypeDefault = 1 }; /* the user's token is not split */

typedef struct _TOKEN_STATISTICS {
    LUID TokenId;
    LUID AuthenticationId;
    LARGE_INTEGER ExpirationTime;
    ULONG TokenType;
    ULONG ImpersonationLevel;
    ULONG DynamicCharged;
    ULONG DynamicAvailable;
    ULONG GroupCount;
    ULONG PrivilegeCount;
    LUID ModifiedId;
} TOKEN_STATISTICS;
NT_SIZE(TOKEN_STATISTICS, 0x38);
