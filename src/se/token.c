/* src/se/token.c: making tokens, copying them, and the one that each process has. See se.h. */
#include <stdlib.h>
#include <string.h>

#include "ke/pushlock.h"
#include "se/sei.h"

#define TOKEN_DYNAMIC_TAG mm_tag("SeTd")
#define TOKEN_LOCK_TAG mm_tag("SeTl")
#define DYNAMIC_CHARGE 500u /* bytes that the quota of a token covers, more than it needs */

/* ---- the type ---- */

static void delete_token(struct ob *ob, void *object)
{
    TOKEN *token = object;
    void *dynamic = k2h(&ob_ke(ob)->ks, token->DynamicPart);
    ERESOURCE *lock = k2h(&ob_ke(ob)->ks, token->TokenLock);

    if (dynamic)
        ex_free_pool(ob_mm(ob), dynamic);
    if (lock) {
        ex_delete_resource(ob_mm(ob), lock);
        ex_free_pool(ob_mm(ob), lock);
    }
}

/* Generic rights. Source: access rights for access-token objects, documentation. */
static const struct ob_type_ops token_type = {
    .name = "Token",
    .body_size = sizeof(TOKEN),
    .mapping = {READ_CONTROL | TOKEN_QUERY | TOKEN_QUERY_SOURCE | TOKEN_DUPLICATE,
                READ_CONTROL | TOKEN_ADJUST_PRIVILEGES | TOKEN_ADJUST_GROUPS |
                    TOKEN_ADJUST_DEFAULT | TOKEN_ADJUST_SESSIONID,
                READ_CONTROL | TOKEN_IMPERSONATE | TOKEN_ASSIGN_PRIMARY, TOKEN_ALL_ACCESS},
    .valid_access = TOKEN_ALL_ACCESS,
    .wait_offset = -1,
    .delete = delete_token,
};

NTSTATUS se_init(struct se *se, struct ob *ob)
{
    *se = (struct se){.ke = ob_ke(ob), .mm = ob_mm(ob), .ob = ob, .token_ops = token_type};
    *se->ke->nt.ExpLuid = 0x3E9; /* those below are the logon sessions of the system */
    se->user_logon = se_allocate_luid(se);
    NTSTATUS status = ob_create_type(ob, &se->token_ops, &se->token_type);
    if (NT_SUCCESS(status))
        se->ke->nt.SeTokenObjectType->va = h2k(&se->ke->ks, se->token_type);
    return status;
}

LUID se_allocate_luid(struct se *se)
{
    uint64_t id = __atomic_fetch_add(se->ke->nt.ExpLuid, 1, __ATOMIC_RELAXED);

    return (LUID){.LowPart = (ULONG)id, .HighPart = (LONG)(id >> 32)};
}

static ERESOURCE *create_lock(struct se *se)
{
    ERESOURCE *lock = ex_allocate_pool(se->mm, NonPagedPool, sizeof *lock, TOKEN_LOCK_TAG);

    if (lock)
        ex_initialize_resource(se->mm, lock);
    return lock;
}

/* ---- SIDs ---- */

static size_t size_of(const struct sei_sid *sid)
{
    return offsetof(SID, SubAuthority) + sid->count * sizeof(ULONG);
}

/* => the byte behind it */
static uint8_t *put_sid(void *to, const struct sei_sid *sid)
{
    SID *out = to;

    out->Revision = 1;
    out->SubAuthorityCount = sid->count;
    memset(&out->IdentifierAuthority, 0, sizeof out->IdentifierAuthority);
    out->IdentifierAuthority.Value[sizeof out->IdentifierAuthority.Value - 1] = sid->authority;
    memcpy(out->SubAuthority, sid->sub, sid->count * sizeof(ULONG));
    return (uint8_t *)to + size_of(sid);
}

/* Bit i of a SID's two entries: a quick answer to "can it be among them?".
 * Source: RtlSidHashInitialize, as described for SID_AND_ATTRIBUTES_HASH: 32 entries, by the two
 * halves of the last subauthority's low byte. */
static void hash_sids(const struct kspace *ks, TOKEN *token)
{
    SID_AND_ATTRIBUTES_HASH *hash = &token->SidHash;
    const SID_AND_ATTRIBUTES *entry = k2h(ks, token->UserAndGroups);

    memset(hash, 0, sizeof *hash);
    hash->SidCount = token->UserAndGroupCount;
    hash->SidAttr.va = token->UserAndGroups.va;
    for (unsigned i = 0; i < token->UserAndGroupCount && i < 64; i++) {
        const SID *sid = kspace_host(ks, entry[i].Sid.va);
        unsigned last = sid->SubAuthority[sid->SubAuthorityCount - 1];
        hash->Hash[last % 16] |= 1ull << i;
        hash->Hash[16 + last / 16 % 16] |= 1ull << i;
    }
}

/* ---- a token's parts ---- */

/* The group as this token has it: that of the logon session is named after it. */
static struct sei_sid group_sid(const struct sei_group *group, LUID logon)
{
    struct sei_sid sid = group->sid;

    if (sei_is_logon_group(group)) {
        sid.sub[1] = (uint32_t)logon.HighPart;
        sid.sub[2] = logon.LowPart;
    }
    return sid;
}

static size_t variable_size(const struct sei_identity *who)
{
    size_t size = (1 + who->group_count) * sizeof(SID_AND_ATTRIBUTES) + size_of(&who->user);

    for (unsigned i = 0; i < who->group_count; i++)
        size += size_of(&who->groups[i].sid);
    return size;
}

static void put_groups(struct se *se, TOKEN *token, const struct sei_identity *who)
{
    const struct kspace *ks = &se->ke->ks;
    SID_AND_ATTRIBUTES *entry = (SID_AND_ATTRIBUTES *)&token->VariablePart;
    uint8_t *at = (uint8_t *)(entry + 1 + who->group_count);

    token->VariableLength = (ULONG)variable_size(who);
    token->UserAndGroups.va = h2k(ks, entry);
    token->UserAndGroupCount = 1 + who->group_count;
    token->IntegrityLevelIndex = who->group_count;
    entry[0].Sid.va = h2k(ks, at);
    at = put_sid(at, &who->user);
    for (unsigned i = 0; i < who->group_count; i++) {
        struct sei_sid sid = group_sid(&who->groups[i], token->AuthenticationId);
        entry[1 + i] = (SID_AND_ATTRIBUTES){.Attributes = who->groups[i].attributes};
        entry[1 + i].Sid.va = h2k(ks, at);
        at = put_sid(at, &sid);
    }
    hash_sids(ks, token);
}

/* Objects that its owner makes without saying who may use them: the owner and the system. */
static uint8_t *put_dacl(uint8_t *at, const struct sei_sid *owner)
{
    static const struct sei_sid system = {5, 1, {18}};
    const struct sei_sid *allowed[] = {owner, &system};
    ACL *acl = (ACL *)at;

    at += sizeof *acl;
    for (unsigned i = 0; i < sizeof allowed / sizeof *allowed; i++) {
        ACCESS_ALLOWED_ACE *ace = (ACCESS_ALLOWED_ACE *)at;
        *ace = (ACCESS_ALLOWED_ACE){
            .AceType = ACCESS_ALLOWED_ACE_TYPE,
            .AceSize = (USHORT)(offsetof(ACCESS_ALLOWED_ACE, SidStart) + size_of(allowed[i])),
            .Mask = GENERIC_ALL};
        at = put_sid(&ace->SidStart, allowed[i]);
    }
    *acl = (ACL){.AclRevision = ACL_REVISION,
                 .AclSize = (USHORT)(at - (uint8_t *)acl),
                 .AceCount = sizeof allowed / sizeof *allowed};
    return at;
}

static NTSTATUS put_dynamic(struct se *se, TOKEN *token, const struct sei_identity *who)
{
    const struct kspace *ks = &se->ke->ks;
    uint8_t *dynamic = ex_allocate_pool(se->mm, PagedPool, DYNAMIC_CHARGE, TOKEN_DYNAMIC_TAG);

    if (!dynamic)
        return STATUS_INSUFFICIENT_RESOURCES;
    const struct sei_sid *owner =
        who->default_owner ? &who->groups[who->default_owner - 1].sid : &who->user;
    uint8_t *acl = put_sid(dynamic, &who->primary_group);
    uint8_t *end = put_dacl(acl, owner);
    token->DynamicPart.va = token->PrimaryGroup.va = h2k(ks, dynamic);
    token->DefaultDacl.va = h2k(ks, acl);
    token->DefaultOwnerIndex = who->default_owner;
    token->DynamicCharged = DYNAMIC_CHARGE;
    token->DynamicAvailable = DYNAMIC_CHARGE - (ULONG)(end - dynamic);
    return STATUS_SUCCESS;
}

NTSTATUS se_create_token(struct se *se, enum se_identity identity, uint32_t session, TOKEN **out)
{
    const struct sei_identity *who = sei_identity(identity);
    void *object;
    NTSTATUS status = ob_create_object(se->ob, NULL, se->token_type,
                                       offsetof(TOKEN, VariablePart) + variable_size(who), &object);
    if (!NT_SUCCESS(status))
        return status;
    TOKEN *token = object;
    ERESOURCE *lock = create_lock(se);
    if (!lock) {
        ob_dereference_object(se->ob, token);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    token->TokenLock.va = h2k(&se->ke->ks, lock);
    memcpy(token->TokenSource.SourceName, who->source, sizeof token->TokenSource.SourceName);
    token->TokenId = token->ModifiedId = se_allocate_luid(se);
    token->AuthenticationId = who->logon.LowPart ? who->logon : se->user_logon;
    token->OriginatingLogonSession = sei_identity(SE_SYSTEM)->logon;
    token->ExpirationTime.QuadPart = INT64_MAX; /* never */
    token->SessionId = session;
    token->TokenType = TokenPrimary;
    token->ImpersonationLevel = SecurityAnonymous;
    token->MandatoryPolicy =
        TOKEN_MANDATORY_POLICY_NO_WRITE_UP | TOKEN_MANDATORY_POLICY_NEW_PROCESS_MIN;
    token->Privileges = (SEP_TOKEN_PRIVILEGES){
        .Present = who->privileges, .Enabled = who->enabled, .EnabledByDefault = who->enabled};
    sei_update_flags(token);
    put_groups(se, token, who);
    status = put_dynamic(se, token, who);
    if (!NT_SUCCESS(status)) {
        ob_dereference_object(se->ob, token);
        return status;
    }
    *out = token;
    return STATUS_SUCCESS;
}

/* ---- copies ---- */

/* Pointers into the variable and dynamic part of `from`, moved to those of `token`. */
static void move_pointers(const struct kspace *ks, TOKEN *token, const TOKEN *from,
                          uint64_t dynamic)
{
    uint64_t variable_moved = h2k(ks, &token->VariablePart) - h2k(ks, &from->VariablePart);
    uint64_t dynamic_moved = dynamic - from->DynamicPart.va;
    SID_AND_ATTRIBUTES *entry = (SID_AND_ATTRIBUTES *)&token->VariablePart;

    token->UserAndGroups.va += variable_moved;
    for (unsigned i = 0; i < token->UserAndGroupCount; i++)
        entry[i].Sid.va += variable_moved;
    token->DynamicPart.va += dynamic_moved;
    token->PrimaryGroup.va += dynamic_moved;
    token->DefaultDacl.va += dynamic_moved;
    hash_sids(ks, token);
}

static NTSTATUS check_level(const TOKEN *from, const struct se_duplicate *how)
{
    if (from->TokenType != TokenImpersonation)
        return STATUS_SUCCESS;
    bool refused = how->type == TokenPrimary ? from->ImpersonationLevel < SecurityImpersonation
                                             : how->level > from->ImpersonationLevel;
    return refused ? STATUS_BAD_IMPERSONATION_LEVEL : STATUS_SUCCESS;
}

NTSTATUS se_duplicate_token(struct se *se, TOKEN *from, const struct se_duplicate *how,
                            const struct ob_attributes *named, TOKEN **out)
{
    const struct kspace *ks = &se->ke->ks;
    size_t size = offsetof(TOKEN, VariablePart) + from->VariableLength;
    void *object;
    NTSTATUS status = check_level(from, how);
    if (!NT_SUCCESS(status))
        return status;
    uint8_t *dynamic = ex_allocate_pool(se->mm, PagedPool, DYNAMIC_CHARGE, TOKEN_DYNAMIC_TAG);
    status = dynamic ? ob_create_object(se->ob, named, se->token_type, size, &object)
                     : STATUS_INSUFFICIENT_RESOURCES;
    if (!NT_SUCCESS(status)) {
        if (dynamic)
            ex_free_pool(se->mm, dynamic);
        return status;
    }
    TOKEN *token = object;
    ERESOURCE *lock = create_lock(se);
    if (!lock) {
        ex_free_pool(se->mm, dynamic);
        ob_dereference_object(se->ob, token);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    sei_lock_shared(se, from); /* the masks; all else never changes */
    memcpy(token, from, size);
    sei_unlock(se, from);
    token->TokenLock.va = h2k(ks, lock);
    memcpy(dynamic, kspace_host(ks, from->DynamicPart.va), DYNAMIC_CHARGE);
    move_pointers(ks, token, from, h2k(ks, dynamic));
    token->ParentTokenId = from->TokenId;
    token->TokenId = se_allocate_luid(se);
    token->TokenType = how->type;
    token->ImpersonationLevel = how->type == TokenPrimary ? SecurityAnonymous : how->level;
    token->TokenInUse = 0;
    if (how->effective_only) {
        token->Privileges.Present &= token->Privileges.Enabled;
        token->Privileges.EnabledByDefault &= token->Privileges.Enabled;
    }
    *out = token;
    return STATUS_SUCCESS;
}

/* ---- a process's token ---- */

void se_assign_primary_token(struct se *se, EPROCESS *process, TOKEN *token)
{
    for (unsigned i = 0; i < EX_FAST_REF_MAX; i++)
        ob_reference_object(se->ob, token);
    token->TokenInUse = 1;
    ex_initialize_fast_reference(&process->Token, h2k(&se->ke->ks, token));
}

TOKEN *se_reference_primary_token(struct se *se, EPROCESS *process)
{
    unsigned cached;
    uint64_t va = ex_fast_reference(&process->Token, &cached);
    TOKEN *token = va ? kspace_host(&se->ke->ks, va) : NULL;

    if (token && cached == 0)
        ob_reference_object(se->ob, token); /* the pointer's own keeps it: it is never changed */
    return token;
}

void se_dereference_primary_token(struct se *se, EPROCESS *process, TOKEN *token)
{
    if (!ex_fast_dereference(&process->Token, h2k(&se->ke->ks, token)))
        ob_dereference_object(se->ob, token);
}

void se_drop_primary_token(struct se *se, EPROCESS *process)
{
    unsigned unused;
    uint64_t va = ex_swap_fast_reference(&process->Token, 0, &unused);

    for (unsigned i = 0; va && i < unused + 1; i++)
        ob_dereference_object(se->ob, kspace_host(&se->ke->ks, va));
}
