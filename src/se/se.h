/* src/se/se.h: the security reference monitor's tokens: who a process is, and what it may do.
 *
 * A token is an object of the type Token: a _TOKEN in paged pool whose variable part holds the
 * user, the groups and their SIDs, and whose dynamic part (a block of its own) holds the primary
 * group and the default DACL.
 *
 *      _TOKEN | UserAndGroups[] | SID SID SID ...        DynamicPart --> SID | ACL | ACE ACE ...
 *                 0 the user, 1.. groups, the integrity level among them
 *
 * Privileges are three masks by the low part of a privilege's LUID: present in the token, enabled,
 * enabled by default. A process keeps its primary token in EPROCESS.Token, a fast reference.
 *
 * Objects carry no security descriptors yet, so nobody is denied an object for who he is; what the
 * executive asks of a token are its privileges.
 *
 * Lock: TOKEN.TokenLock, an ERESOURCE, for the masks and TokenFlags; nothing is called with it
 * held. Source: Windows Internals 6, part 1, ch. 6 "Access Tokens"; token documentation.
 */
#pragma once

#include "nt/se.h"
#include "nt/security.h"
#include "ob/ob.h"

struct se {
    struct ke *ke;
    struct mm *mm;
    struct ob *ob;
    struct ob_type_ops token_ops;
    OBJECT_TYPE *token_type;
    LUID user_logon; /* the logon session of who sits in front of the machine */
};

/* Who somebody can be without logging on: there is one user, an administrator whose token is not
 * filtered, and the accounts of the system itself. */
enum se_identity { SE_USER, SE_SYSTEM, SE_LOCAL_SERVICE, SE_NETWORK_SERVICE, SE_IDENTITY_COUNT };

/* Make the type. => STATUS_INSUFFICIENT_RESOURCES */
NTSTATUS se_init(struct se *se, struct ob *ob);

/* A locally unique identifier. Source: NtAllocateLocallyUniqueId: never the same twice. */
LUID se_allocate_luid(struct se *se);

/* A primary token of `identity` in session `session`, referenced. => STATUS_INSUFFICIENT_RESOURCES
 */
NTSTATUS se_create_token(struct se *se, enum se_identity identity, uint32_t session, TOKEN **out);

struct se_duplicate {
    enum _TOKEN_TYPE type;
    enum _SECURITY_IMPERSONATION_LEVEL level; /* of an impersonation token */
    bool effective_only;                      /* privileges that are not enabled are left out */
};
/* A copy, referenced, that nobody knows yet; `named` as for ob_create_object.
 * => STATUS_BAD_IMPERSONATION_LEVEL  a level above the impersonation token's it is made from, or
 *                                    a primary token from one that may not impersonate
 *    STATUS_INSUFFICIENT_RESOURCES
 * Source: DuplicateTokenEx, documentation. */
NTSTATUS se_duplicate_token(struct se *se, TOKEN *from, const struct se_duplicate *how,
                            const struct ob_attributes *named, TOKEN **out);

/* ---- a process's token ---- */

/* Make `token` the primary token of a process that has none; the reference is used up. */
void se_assign_primary_token(struct se *se, EPROCESS *process, TOKEN *token);
/* The primary token, referenced; NULL: the process has none. */
TOKEN *se_reference_primary_token(struct se *se, EPROCESS *process);
void se_dereference_primary_token(struct se *se, EPROCESS *process, TOKEN *token);
/* The process is deleted; it may have none. */
void se_drop_primary_token(struct se *se, EPROCESS *process);

/* ---- privileges ---- */

/* Whether `privilege` (SE_*_PRIVILEGE) is enabled. */
bool se_has_privilege(struct se *se, const TOKEN *token, unsigned privilege);
/* The same for the primary token of a process. */
bool se_process_has_privilege(struct se *se, EPROCESS *process, unsigned privilege);
/* Attributes of a privilege, as LUID_AND_ATTRIBUTES has them; false: not in the token. */
bool se_privilege_attributes(struct se *se, const TOKEN *token, LUID luid, uint32_t *attributes);

/* Set the attributes of `count` privileges, or with `disable_all` disable all. What changed, as it
 * was before, goes to `previous` (room for 64), counted in *previous_count. With `only_look`
 * nothing changes.
 * => STATUS_SUCCESS, STATUS_NOT_ALL_ASSIGNED (a success: the token lacks some)
 * Source: AdjustTokenPrivileges, documentation. */
NTSTATUS se_adjust_privileges(struct se *se, TOKEN *token, bool disable_all, bool only_look,
                              const LUID_AND_ATTRIBUTES *wanted, size_t count,
                              LUID_AND_ATTRIBUTES *previous, uint32_t *previous_count);

/* ---- SIDs ---- */

/* Size in bytes of a SID in guest memory. */
static inline size_t se_sid_size(const SID *sid)
{
    return offsetof(SID, SubAuthority) + sid->SubAuthorityCount * sizeof(ULONG);
}
