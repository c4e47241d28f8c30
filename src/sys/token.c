/* src/sys/token.c: tokens: opening, asking, adjusting, copying.
 *
 * Nobody impersonates yet, so a thread has no token of its own (STATUS_NO_TOKEN), and who looks for
 * one falls back to the process's, as documented. Source of the argument order: documentation of
 * each service.
 */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "se/se.h"
#include "sys/sys.h"

#define PRIVILEGES_MOST 0x400u /* in one call; no token has more than 64 */

static NTSTATUS get_token(struct sys_call *call, uint64_t handle, uint32_t access, TOKEN **token)
{
    void *object;
    NTSTATUS status = sys_get_object(call, handle, access, call->sys->ps->se.token_type, &object);
    *token = object;
    return status;
}

/* ---- opening ---- */

static NTSTATUS open_process_token(struct sys_call *call, uint32_t attributes, uint64_t handle_va)
{
    struct se *se = &call->sys->ps->se;
    struct ob_caller caller = ps_caller(call->thread);
    struct ps_process *process;
    uint64_t handle = 0;
    NTSTATUS status = SYS_PUT(call, handle_va, handle);
    if (NT_SUCCESS(status)) {
        status = sys_get_process(call, call->arg[0], PROCESS_QUERY_INFORMATION, &process);
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    TOKEN *token = se_reference_primary_token(se, process->process);
    if (token) {
        status = ob_open_object_by_pointer(call->sys->ob, &caller, token, attributes,
                                           (uint32_t)call->arg[1], se->token_type, &handle);
        se_dereference_primary_token(se, process->process, token);
    } else {
        status = STATUS_NO_TOKEN;
    }
    ps_dereference_process(process);
    return NT_SUCCESS(status) ? sys_put_handle(call, handle_va, handle, status) : status;
}

/* NtOpenProcessToken(process, access, *handle) */
static NTSTATUS open_process(struct sys_call *call)
{
    return open_process_token(call, 0, call->arg[2]);
}

/* NtOpenProcessTokenEx(process, access, attributes, *handle) */
static NTSTATUS open_process_ex(struct sys_call *call)
{
    return open_process_token(call, (uint32_t)call->arg[2], call->arg[3]);
}

/* NtOpenThreadToken(thread, access, as self, *handle), NtOpenThreadTokenEx(thread, access, as self,
 * attributes, *handle) */
static NTSTATUS open_thread(struct sys_call *call)
{
    struct ps_thread *thread;
    NTSTATUS status = sys_get_thread(call, call->arg[0], THREAD_QUERY_INFORMATION, &thread);
    if (NT_SUCCESS(status)) {
        ps_dereference_thread(thread);
        status = STATUS_NO_TOKEN;
    }
    return status;
}

/* ---- asking ---- */

/* An answer under construction: it may be longer than what the caller has room for. */
struct answer {
    struct sys_call *call;
    uint64_t va;   /* of the caller's buffer, where pointers in it have to lead */
    uint8_t *data; /* room for `room` bytes */
    size_t room, size;
};

#define ANSWER_MOST 0x2000u

static void *add(struct answer *a, const void *bytes, size_t size)
{
    uint8_t *at = a->data + a->size;
    ASSERT(size <= a->room - a->size); /* tokens are ours: a few hundred bytes */
    if (bytes) {
        memcpy(at, bytes, size);
    } else {
        memset(at, 0, size);
    }
    a->size += size;
    return at;
}

/* => the caller's address of the copy */
static uint64_t add_sid(struct answer *a, const SID *sid)
{
    uint64_t va = a->va + a->size;
    add(a, sid, se_sid_size(sid));
    return va;
}

/* `count` entries of UserAndGroups from `first`, and their SIDs. */
static void add_groups(struct answer *a, const TOKEN *token, unsigned first, unsigned count)
{
    const struct kspace *ks = &a->call->sys->ke->ks;
    const SID_AND_ATTRIBUTES *from = k2h(ks, token->UserAndGroups);
    SID_AND_ATTRIBUTES *to = add(a, from + first, count * sizeof *to);
    for (unsigned i = 0; i < count; i++) {
        to[i].Sid.va = add_sid(a, kspace_host(ks, from[first + i].Sid.va));
    }
}

static void add_group_list(struct answer *a, const TOKEN *token, unsigned first, unsigned count)
{
    uint64_t counted = count; /* GroupCount, and room up to the alignment of what follows */
    add(a, &counted, sizeof counted);
    add_groups(a, token, first, count);
}

static void add_pointer_to_sid(struct answer *a, const SID *sid)
{
    uint64_t *pointer = add(a, NULL, sizeof *pointer);
    *pointer = add_sid(a, sid);
}

static void add_privileges(struct answer *a, const TOKEN *token)
{
    ULONG *count = add(a, NULL, sizeof *count);
    for (unsigned i = 0; i <= SE_PRIVILEGE_LAST; i++) {
        LUID_AND_ATTRIBUTES entry = {.Luid = {.LowPart = i}};
        uint32_t attributes;
        if (se_privilege_attributes(&a->call->sys->ps->se, token, entry.Luid, &attributes)) {
            entry.Attributes = attributes;
            add(a, &entry, sizeof entry);
            ++*count;
        }
    }
}

static void add_statistics(struct answer *a, const TOKEN *token)
{
    TOKEN_STATISTICS statistics = {
        .TokenId = token->TokenId,
        .AuthenticationId = token->AuthenticationId,
        .ExpirationTime = token->ExpirationTime,
        .TokenType = token->TokenType,
        .ImpersonationLevel = token->ImpersonationLevel,
        .DynamicCharged = token->DynamicCharged,
        .DynamicAvailable = token->DynamicAvailable,
        .GroupCount = token->UserAndGroupCount - 1,
        .PrivilegeCount = (ULONG)__builtin_popcountll(token->Privileges.Present),
        .ModifiedId = token->ModifiedId,
    };
    add(a, &statistics, sizeof statistics);
}

static void add_dacl(struct answer *a, const TOKEN *token)
{
    const ACL *acl = k2h(&a->call->sys->ke->ks, token->DefaultDacl);
    uint64_t *pointer = add(a, NULL, sizeof *pointer);
    *pointer = a->va + a->size;
    add(a, acl, acl->AclSize);
}

static void add_number(struct answer *a, ULONG number)
{
    add(a, &number, sizeof number);
}

static unsigned logon_group(const struct kspace *ks, const TOKEN *token)
{
    const SID_AND_ATTRIBUTES *entry = k2h(ks, token->UserAndGroups);
    for (unsigned i = 1; i < token->UserAndGroupCount; i++) {
        if ((entry[i].Attributes & SE_GROUP_LOGON_ID) == SE_GROUP_LOGON_ID) {
            return i;
        }
    }
    return 0;
}

/* The answer that consists of users and groups. => false: another class */
static bool describe_groups(struct answer *a, const TOKEN *token, uint64_t class, NTSTATUS *status)
{
    const struct kspace *ks = &a->call->sys->ke->ks;
    const SID_AND_ATTRIBUTES *entry = k2h(ks, token->UserAndGroups);
    unsigned logon;
    switch (class) {
    case TokenUserClass:
        add_groups(a, token, 0, 1);
        return true;
    case TokenGroupsClass:
        add_group_list(a, token, 1, token->UserAndGroupCount - 1);
        return true;
    case TokenRestrictedSidsClass:
        add_group_list(a, token, 0, 0);
        return true;
    case TokenIntegrityLevelClass:
        add_groups(a, token, token->IntegrityLevelIndex, 1);
        return true;
    case TokenLogonSidClass:
        logon = logon_group(ks, token);
        *status = logon ? STATUS_SUCCESS : STATUS_NOT_FOUND;
        if (logon) {
            add_group_list(a, token, logon, 1);
        }
        return true;
    case TokenOwnerClass:
        add_pointer_to_sid(a, kspace_host(ks, entry[token->DefaultOwnerIndex].Sid.va));
        return true;
    case TokenPrimaryGroupClass:
        add_pointer_to_sid(a, kspace_host(ks, token->PrimaryGroup.va));
        return true;
    default:
        return false;
    }
}

static NTSTATUS describe(struct answer *a, const TOKEN *token, uint64_t class)
{
    NTSTATUS status = STATUS_SUCCESS;
    if (describe_groups(a, token, class, &status)) {
        return status;
    }
    switch (class) {
    case TokenPrivilegesClass:
        add_privileges(a, token);
        break;
    case TokenDefaultDaclClass:
        add_dacl(a, token);
        break;
    case TokenSourceClass:
        add(a, &token->TokenSource, sizeof token->TokenSource);
        break;
    case TokenTypeClass:
        add_number(a, token->TokenType);
        break;
    case TokenImpersonationLevelClass:
        if (token->TokenType != TokenImpersonation) {
            return STATUS_INVALID_INFO_CLASS;
        }
        add_number(a, token->ImpersonationLevel);
        break;
    case TokenStatisticsClass:
        add_statistics(a, token);
        break;
    case TokenSessionIdClass:
        add_number(a, token->SessionId);
        break;
    case TokenElevationTypeClass:
        add_number(a, TokenElevationTypeDefault);
        break;
    case TokenElevationClass:
        add_number(a, 1); /* all of ours are administrators' or the system's */
        break;
    case TokenHasRestrictionsClass:
        add_number(a, token->RestrictedSidCount != 0);
        break;
    case TokenUIAccessClass:
        add_number(a, 0);
        break;
    case TokenMandatoryPolicyClass:
        add_number(a, token->MandatoryPolicy);
        break;
    default:
        return STATUS_INVALID_INFO_CLASS;
    }
    return STATUS_SUCCESS;
}

/* NtQueryInformationToken(token, class, buffer, length, *return length)
 * => STATUS_BUFFER_TOO_SMALL with the length needed */
static NTSTATUS query(struct sys_call *call)
{
    struct answer a = {.call = call, .va = call->arg[2], .room = ANSWER_MOST};
    TOKEN *token;
    NTSTATUS status =
        get_token(call, call->arg[0],
                  call->arg[1] == TokenSourceClass ? TOKEN_QUERY_SOURCE : TOKEN_QUERY, &token);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    a.data = malloc(a.room);
    status = a.data ? describe(&a, token, call->arg[1]) : STATUS_INSUFFICIENT_RESOURCES;
    ob_dereference_object(call->sys->ob, token);
    ULONG length = (ULONG)a.size;
    if (NT_SUCCESS(status)) {
        status = SYS_PUT(call, call->arg[4], length);
    }
    if (NT_SUCCESS(status)) {
        status = (uint32_t)call->arg[3] < a.size ? STATUS_BUFFER_TOO_SMALL
                                                 : sys_put(call, call->arg[2], a.data, a.size);
    }
    free(a.data);
    return status;
}

/* ---- adjusting ---- */

/* TOKEN_PRIVILEGES: a count and that many entries; free() them. */
static NTSTATUS get_privileges(struct sys_call *call, uint64_t va, ULONG *count,
                               LUID_AND_ATTRIBUTES **entries)
{
    NTSTATUS status = SYS_GET(call, *count, va);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    if (*count > PRIVILEGES_MOST) {
        return STATUS_INVALID_PARAMETER;
    }
    *entries = malloc((*count + 1) * sizeof **entries);
    if (!*entries) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    return sys_get(call, *entries, va + sizeof *count, *count * sizeof **entries);
}

/* Say what was there before, if the caller wants it. => STATUS_BUFFER_TOO_SMALL */
static NTSTATUS put_previous(struct sys_call *call, const LUID_AND_ATTRIBUTES *previous,
                             uint32_t count)
{
    uint64_t va = call->arg[4];
    ULONG size = (ULONG)(sizeof count + count * sizeof *previous);
    if (!va) {
        return STATUS_SUCCESS;
    }
    NTSTATUS status = SYS_PUT(call, call->arg[5], size);
    if (NT_SUCCESS(status) && (uint32_t)call->arg[3] < size) {
        status = STATUS_BUFFER_TOO_SMALL;
    }
    if (NT_SUCCESS(status)) {
        status = SYS_PUT(call, va, count);
    }
    return NT_SUCCESS(status) ? sys_put(call, va + sizeof count, previous, count * sizeof *previous)
                              : status;
}

/* NtAdjustPrivilegesToken(token, disable all, *new state, length, *previous state, *return length).
 * The answer is written before anything changes, so that who gets none can try again. */
static NTSTATUS adjust_privileges(struct sys_call *call)
{
    struct se *se = &call->sys->ps->se;
    bool disable_all = (uint8_t)call->arg[1];
    LUID_AND_ATTRIBUTES *wanted = NULL, previous[64];
    ULONG count = 0;
    uint32_t changed;
    TOKEN *token;
    if (!disable_all && !call->arg[2]) {
        return STATUS_INVALID_PARAMETER;
    }
    NTSTATUS status =
        disable_all ? STATUS_SUCCESS : get_privileges(call, call->arg[2], &count, &wanted);
    if (NT_SUCCESS(status)) {
        status = get_token(call, call->arg[0],
                           TOKEN_ADJUST_PRIVILEGES | (call->arg[4] ? TOKEN_QUERY : 0), &token);
    }
    if (NT_SUCCESS(status)) {
        status =
            se_adjust_privileges(se, token, disable_all, true, wanted, count, previous, &changed);
        NTSTATUS said = put_previous(call, previous, changed);
        status = NT_SUCCESS(said) ? se_adjust_privileges(se, token, disable_all, false, wanted,
                                                         count, previous, &changed)
                                  : said;
        ob_dereference_object(call->sys->ob, token);
    }
    free(wanted);
    return status;
}

/* NtPrivilegeCheck(token, *PRIVILEGE_SET, *result): a set is count, control, and entries. */
static NTSTATUS privilege_check(struct sys_call *call)
{
    const uint32_t used_for_access = 0x80000000u;
    struct {
        ULONG count, control;
    } set;
    LUID_AND_ATTRIBUTES entries[64];
    TOKEN *token;
    NTSTATUS status = SYS_GET(call, set, call->arg[1]);
    if (NT_SUCCESS(status) && set.count > sizeof entries / sizeof *entries) {
        status = STATUS_INVALID_PARAMETER;
    }
    if (NT_SUCCESS(status)) {
        status = sys_get(call, entries, call->arg[1] + sizeof set, set.count * sizeof *entries);
    }
    if (NT_SUCCESS(status)) {
        status = get_token(call, call->arg[0], TOKEN_QUERY, &token);
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    ULONG held = 0;
    for (ULONG i = 0; i < set.count; i++) {
        uint32_t attributes;
        if (se_privilege_attributes(&call->sys->ps->se, token, entries[i].Luid, &attributes) &&
            (attributes & SE_PRIVILEGE_ENABLED)) {
            entries[i].Attributes |= used_for_access;
            held++;
        }
    }
    ob_dereference_object(call->sys->ob, token);
    BOOLEAN result =
        set.control & PRIVILEGE_SET_ALL_NECESSARY ? held == set.count : held || !set.count;
    status = sys_put(call, call->arg[1] + sizeof set, entries, set.count * sizeof *entries);
    return NT_SUCCESS(status) ? SYS_PUT(call, call->arg[2], result) : status;
}

/* ---- copies ---- */

/* The level that OBJECT_ATTRIBUTES.SecurityQualityOfService asks for. */
static NTSTATUS get_level(struct sys_call *call, uint64_t va,
                          enum _SECURITY_IMPERSONATION_LEVEL *level)
{
    OBJECT_ATTRIBUTES attributes;
    SECURITY_QUALITY_OF_SERVICE service;
    *level = SecurityAnonymous;
    if (!va) {
        return STATUS_SUCCESS;
    }
    NTSTATUS status = SYS_GET(call, attributes, va);
    if (!NT_SUCCESS(status) || !attributes.SecurityQualityOfService.va) {
        return status;
    }
    status = SYS_GET(call, service, attributes.SecurityQualityOfService.va);
    if (NT_SUCCESS(status) && (unsigned)service.ImpersonationLevel > SecurityDelegation) {
        status = STATUS_BAD_IMPERSONATION_LEVEL;
    }
    if (NT_SUCCESS(status)) {
        *level = service.ImpersonationLevel;
    }
    return status;
}

/* NtDuplicateToken(token, access, *attributes, effective only, type, *new token) */
static NTSTATUS duplicate(struct sys_call *call)
{
    struct se_duplicate how = {.type = (enum _TOKEN_TYPE)call->arg[4],
                               .effective_only = (uint8_t)call->arg[3]};
    struct sys_attributes attributes;
    TOKEN *token, *copy;
    if (how.type != TokenPrimary && how.type != TokenImpersonation) {
        return STATUS_INVALID_PARAMETER;
    }
    NTSTATUS status = get_level(call, call->arg[2], &how.level);
    if (NT_SUCCESS(status)) {
        status = sys_get_attributes(call, call->arg[2], &attributes);
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = get_token(call, call->arg[0], TOKEN_DUPLICATE, &token);
    if (NT_SUCCESS(status)) {
        /* access 0: the same as the handle's; ours asks for what a copy is good for */
        uint32_t access = (uint32_t)call->arg[1] ? (uint32_t)call->arg[1] : TOKEN_ALL_ACCESS;
        struct ob_attributes named = sys_ob_attributes(&attributes);
        status = se_duplicate_token(&call->sys->ps->se, token, &how, &named, &copy);
        if (NT_SUCCESS(status)) {
            status = sys_insert(call, copy, &named, access, call->arg[5]);
        }
        ob_dereference_object(call->sys->ob, token);
    }
    sys_free_attributes(&attributes);
    return status;
}

/* NtAllocateLocallyUniqueId(*luid) */
static NTSTATUS allocate_luid(struct sys_call *call)
{
    LUID luid = se_allocate_luid(&call->sys->ps->se);
    return SYS_PUT(call, call->arg[0], luid);
}

static const struct sys_entry entries[] = {
    {SERVICE_NtOpenProcessToken, open_process},
    {SERVICE_NtOpenProcessTokenEx, open_process_ex},
    {SERVICE_NtOpenThreadToken, open_thread},
    {SERVICE_NtOpenThreadTokenEx, open_thread},
    {SERVICE_NtQueryInformationToken, query},
    {SERVICE_NtAdjustPrivilegesToken, adjust_privileges},
    {SERVICE_NtPrivilegeCheck, privilege_check},
    {SERVICE_NtDuplicateToken, duplicate},
    {SERVICE_NtAllocateLocallyUniqueId, allocate_luid},
};
const struct sys_family sys_token_family = {entries, sizeof entries / sizeof *entries};
