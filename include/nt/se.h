/* include/nt/se.h: Security: tokens, descriptors.
 *
 * Layout of Windows 7 SP1 x64, build 7601.17514, asserted member by member.
 * Written by tools/gen_nt_headers.py; edit that, not this. */
#pragma once

#include "nt/ex.h"
#include "nt/ke.h"
#include "nt/rtl.h"
#include "nt/types.h"

struct _ACL;
struct _AUTHZBASEP_SECURITY_ATTRIBUTES_INFORMATION;
struct _ERESOURCE;
struct _OBJECT_NAME_INFORMATION;
struct _SEP_LOGON_SESSION_REFERENCES;
struct _SID_AND_ATTRIBUTES;

struct _TOKEN_AUDIT_POLICY {
    UCHAR PerUserPolicy[27];
};
typedef struct _TOKEN_AUDIT_POLICY TOKEN_AUDIT_POLICY;
NT_SIZE(struct _TOKEN_AUDIT_POLICY, 0x1b);
NT_OFFSET(struct _TOKEN_AUDIT_POLICY, PerUserPolicy, 0x0);

struct _SEP_AUDIT_POLICY {
    struct _TOKEN_AUDIT_POLICY AdtTokenPolicy;
    UCHAR PolicySetStatus;
};
typedef struct _SEP_AUDIT_POLICY SEP_AUDIT_POLICY;
NT_SIZE(struct _SEP_AUDIT_POLICY, 0x1c);
NT_OFFSET(struct _SEP_AUDIT_POLICY, AdtTokenPolicy, 0x0);
NT_OFFSET(struct _SEP_AUDIT_POLICY, PolicySetStatus, 0x1b);

enum _SECURITY_IMPERSONATION_LEVEL {
    SecurityAnonymous = 0,
    SecurityIdentification = 1,
    SecurityImpersonation = 2,
    SecurityDelegation = 3,
};
typedef enum _SECURITY_IMPERSONATION_LEVEL SECURITY_IMPERSONATION_LEVEL;

struct _SEP_TOKEN_PRIVILEGES {
    ULONG64 Present;
    ULONG64 Enabled;
    ULONG64 EnabledByDefault;
};
typedef struct _SEP_TOKEN_PRIVILEGES SEP_TOKEN_PRIVILEGES;
NT_SIZE(struct _SEP_TOKEN_PRIVILEGES, 0x18);
NT_OFFSET(struct _SEP_TOKEN_PRIVILEGES, Present, 0x0);
NT_OFFSET(struct _SEP_TOKEN_PRIVILEGES, Enabled, 0x8);
NT_OFFSET(struct _SEP_TOKEN_PRIVILEGES, EnabledByDefault, 0x10);

struct _SID_AND_ATTRIBUTES_HASH {
    ULONG SidCount;
    KPTR(struct _SID_AND_ATTRIBUTES) SidAttr;
    ULONG64 Hash[32];
};
typedef struct _SID_AND_ATTRIBUTES_HASH SID_AND_ATTRIBUTES_HASH;
NT_SIZE(struct _SID_AND_ATTRIBUTES_HASH, 0x110);
NT_OFFSET(struct _SID_AND_ATTRIBUTES_HASH, SidCount, 0x0);
NT_OFFSET(struct _SID_AND_ATTRIBUTES_HASH, SidAttr, 0x8);
NT_OFFSET(struct _SID_AND_ATTRIBUTES_HASH, Hash, 0x10);

struct _TOKEN_SOURCE {
    CHAR SourceName[8];
    struct _LUID SourceIdentifier;
};
typedef struct _TOKEN_SOURCE TOKEN_SOURCE;
NT_SIZE(struct _TOKEN_SOURCE, 0x10);
NT_OFFSET(struct _TOKEN_SOURCE, SourceName, 0x0);
NT_OFFSET(struct _TOKEN_SOURCE, SourceIdentifier, 0x8);

enum _TOKEN_TYPE {
    TokenPrimary = 1,
    TokenImpersonation = 2,
};
typedef enum _TOKEN_TYPE TOKEN_TYPE;

struct _TOKEN {
    struct _TOKEN_SOURCE TokenSource;
    struct _LUID TokenId;
    struct _LUID AuthenticationId;
    struct _LUID ParentTokenId;
    union _LARGE_INTEGER ExpirationTime;
    KPTR(struct _ERESOURCE) TokenLock;
    struct _LUID ModifiedId;
    struct _SEP_TOKEN_PRIVILEGES Privileges;
    struct _SEP_AUDIT_POLICY AuditPolicy;
    ULONG SessionId;
    ULONG UserAndGroupCount;
    ULONG RestrictedSidCount;
    ULONG VariableLength;
    ULONG DynamicCharged;
    ULONG DynamicAvailable;
    ULONG DefaultOwnerIndex;
    KPTR(struct _SID_AND_ATTRIBUTES) UserAndGroups;
    KPTR(struct _SID_AND_ATTRIBUTES) RestrictedSids;
    KPTR(void) PrimaryGroup;
    KPTR(ULONG) DynamicPart;
    KPTR(struct _ACL) DefaultDacl;
    enum _TOKEN_TYPE TokenType;
    enum _SECURITY_IMPERSONATION_LEVEL ImpersonationLevel;
    ULONG TokenFlags;
    UCHAR TokenInUse;
    ULONG IntegrityLevelIndex;
    ULONG MandatoryPolicy;
    KPTR(struct _SEP_LOGON_SESSION_REFERENCES) LogonSession;
    struct _LUID OriginatingLogonSession;
    struct _SID_AND_ATTRIBUTES_HASH SidHash;
    struct _SID_AND_ATTRIBUTES_HASH RestrictedSidHash;
    KPTR(struct _AUTHZBASEP_SECURITY_ATTRIBUTES_INFORMATION) pSecurityAttributes;
    ULONG64 VariablePart;
};
typedef struct _TOKEN TOKEN;
NT_SIZE(struct _TOKEN, 0x310);
NT_OFFSET(struct _TOKEN, TokenSource, 0x0);
NT_OFFSET(struct _TOKEN, TokenId, 0x10);
NT_OFFSET(struct _TOKEN, AuthenticationId, 0x18);
NT_OFFSET(struct _TOKEN, ParentTokenId, 0x20);
NT_OFFSET(struct _TOKEN, ExpirationTime, 0x28);
NT_OFFSET(struct _TOKEN, TokenLock, 0x30);
NT_OFFSET(struct _TOKEN, ModifiedId, 0x38);
NT_OFFSET(struct _TOKEN, Privileges, 0x40);
NT_OFFSET(struct _TOKEN, AuditPolicy, 0x58);
NT_OFFSET(struct _TOKEN, SessionId, 0x74);
NT_OFFSET(struct _TOKEN, UserAndGroupCount, 0x78);
NT_OFFSET(struct _TOKEN, RestrictedSidCount, 0x7c);
NT_OFFSET(struct _TOKEN, VariableLength, 0x80);
NT_OFFSET(struct _TOKEN, DynamicCharged, 0x84);
NT_OFFSET(struct _TOKEN, DynamicAvailable, 0x88);
NT_OFFSET(struct _TOKEN, DefaultOwnerIndex, 0x8c);
NT_OFFSET(struct _TOKEN, UserAndGroups, 0x90);
NT_OFFSET(struct _TOKEN, RestrictedSids, 0x98);
NT_OFFSET(struct _TOKEN, PrimaryGroup, 0xa0);
NT_OFFSET(struct _TOKEN, DynamicPart, 0xa8);
NT_OFFSET(struct _TOKEN, DefaultDacl, 0xb0);
NT_OFFSET(struct _TOKEN, TokenType, 0xb8);
NT_OFFSET(struct _TOKEN, ImpersonationLevel, 0xbc);
NT_OFFSET(struct _TOKEN, TokenFlags, 0xc0);
NT_OFFSET(struct _TOKEN, TokenInUse, 0xc4);
NT_OFFSET(struct _TOKEN, IntegrityLevelIndex, 0xc8);
NT_OFFSET(struct _TOKEN, MandatoryPolicy, 0xcc);
NT_OFFSET(struct _TOKEN, LogonSession, 0xd0);
NT_OFFSET(struct _TOKEN, OriginatingLogonSession, 0xd8);
NT_OFFSET(struct _TOKEN, SidHash, 0xe0);
NT_OFFSET(struct _TOKEN, RestrictedSidHash, 0x1f0);
NT_OFFSET(struct _TOKEN, pSecurityAttributes, 0x300);
NT_OFFSET(struct _TOKEN, VariablePart, 0x308);

struct _SECURITY_DESCRIPTOR {
    UCHAR Revision;
    UCHAR Sbz1;
    USHORT Control;
    KPTR(void) Owner;
    KPTR(void) Group;
    KPTR(struct _ACL) Sacl;
    KPTR(struct _ACL) Dacl;
};
typedef struct _SECURITY_DESCRIPTOR SECURITY_DESCRIPTOR;
NT_SIZE(struct _SECURITY_DESCRIPTOR, 0x28);
NT_OFFSET(struct _SECURITY_DESCRIPTOR, Revision, 0x0);
NT_OFFSET(struct _SECURITY_DESCRIPTOR, Sbz1, 0x1);
NT_OFFSET(struct _SECURITY_DESCRIPTOR, Control, 0x2);
NT_OFFSET(struct _SECURITY_DESCRIPTOR, Owner, 0x8);
NT_OFFSET(struct _SECURITY_DESCRIPTOR, Group, 0x10);
NT_OFFSET(struct _SECURITY_DESCRIPTOR, Sacl, 0x18);
NT_OFFSET(struct _SECURITY_DESCRIPTOR, Dacl, 0x20);

struct _ACL {
    UCHAR AclRevision;
    UCHAR Sbz1;
    USHORT AclSize;
    USHORT AceCount;
    USHORT Sbz2;
};
typedef struct _ACL ACL;
NT_SIZE(struct _ACL, 0x8);
NT_OFFSET(struct _ACL, AclRevision, 0x0);
NT_OFFSET(struct _ACL, Sbz1, 0x1);
NT_OFFSET(struct _ACL, AclSize, 0x2);
NT_OFFSET(struct _ACL, AceCount, 0x4);
NT_OFFSET(struct _ACL, Sbz2, 0x6);

struct _SID_IDENTIFIER_AUTHORITY {
    UCHAR Value[6];
};
typedef struct _SID_IDENTIFIER_AUTHORITY SID_IDENTIFIER_AUTHORITY;
NT_SIZE(struct _SID_IDENTIFIER_AUTHORITY, 0x6);
NT_OFFSET(struct _SID_IDENTIFIER_AUTHORITY, Value, 0x0);

struct _SID {
    UCHAR Revision;
    UCHAR SubAuthorityCount;
    struct _SID_IDENTIFIER_AUTHORITY IdentifierAuthority;
    ULONG SubAuthority[1];
};
typedef struct _SID SID;
NT_SIZE(struct _SID, 0xc);
NT_OFFSET(struct _SID, Revision, 0x0);
NT_OFFSET(struct _SID, SubAuthorityCount, 0x1);
NT_OFFSET(struct _SID, IdentifierAuthority, 0x2);
NT_OFFSET(struct _SID, SubAuthority, 0x8);

struct _SE_AUDIT_PROCESS_CREATION_INFO {
    KPTR(struct _OBJECT_NAME_INFORMATION) ImageFileName;
};
typedef struct _SE_AUDIT_PROCESS_CREATION_INFO SE_AUDIT_PROCESS_CREATION_INFO;
NT_SIZE(struct _SE_AUDIT_PROCESS_CREATION_INFO, 0x8);
NT_OFFSET(struct _SE_AUDIT_PROCESS_CREATION_INFO, ImageFileName, 0x0);

struct _OBJECT_NAME_INFORMATION {
    struct _UNICODE_STRING Name;
};
typedef struct _OBJECT_NAME_INFORMATION OBJECT_NAME_INFORMATION;
NT_SIZE(struct _OBJECT_NAME_INFORMATION, 0x10);
NT_OFFSET(struct _OBJECT_NAME_INFORMATION, Name, 0x0);

struct _SECURITY_QUALITY_OF_SERVICE {
    ULONG Length;
    enum _SECURITY_IMPERSONATION_LEVEL ImpersonationLevel;
    UCHAR ContextTrackingMode;
    UCHAR EffectiveOnly;
};
typedef struct _SECURITY_QUALITY_OF_SERVICE SECURITY_QUALITY_OF_SERVICE;
NT_SIZE(struct _SECURITY_QUALITY_OF_SERVICE, 0xc);
NT_OFFSET(struct _SECURITY_QUALITY_OF_SERVICE, Length, 0x0);
NT_OFFSET(struct _SECURITY_QUALITY_OF_SERVICE, ImpersonationLevel, 0x4);
NT_OFFSET(struct _SECURITY_QUALITY_OF_SERVICE, ContextTrackingMode, 0x8);
NT_OFFSET(struct _SECURITY_QUALITY_OF_SERVICE, EffectiveOnly, 0x9);

struct _LUID_AND_ATTRIBUTES {
    struct _LUID Luid;
    ULONG Attributes;
};
typedef struct _LUID_AND_ATTRIBUTES LUID_AND_ATTRIBUTES;
NT_SIZE(struct _LUID_AND_ATTRIBUTES, 0xc);
NT_OFFSET(struct _LUID_AND_ATTRIBUTES, Luid, 0x0);
NT_OFFSET(struct _LUID_AND_ATTRIBUTES, Attributes, 0x8);

struct _SID_AND_ATTRIBUTES {
    KPTR(void) Sid;
    ULONG Attributes;
};
typedef struct _SID_AND_ATTRIBUTES SID_AND_ATTRIBUTES;
NT_SIZE(struct _SID_AND_ATTRIBUTES, 0x10);
NT_OFFSET(struct _SID_AND_ATTRIBUTES, Sid, 0x0);
NT_OFFSET(struct _SID_AND_ATTRIBUTES, Attributes, 0x8);
