/* src/se/privilege.c: privileges are bits; having one and having it enabled are two things. */
#include "se/sei.h"

static bool is_privilege(LUID luid)
{
    return luid.HighPart == 0 && luid.LowPart <= SE_PRIVILEGE_LAST;
}

static uint64_t bit(unsigned privilege)
{
    return 1ull << privilege;
}

/* Attributes of a privilege that is present. => token locked */
static uint32_t attributes_of(const TOKEN *token, unsigned privilege)
{
    return (token->Privileges.EnabledByDefault & bit(privilege) ? SE_PRIVILEGE_ENABLED_BY_DEFAULT
                                                                : 0) |
           (token->Privileges.Enabled & bit(privilege) ? SE_PRIVILEGE_ENABLED : 0);
}

void sei_update_flags(TOKEN *token)
{
    static const struct {
        unsigned privilege;
        uint32_t flag;
    } shown[] = {{SE_CHANGE_NOTIFY_PRIVILEGE, TOKEN_HAS_TRAVERSE_PRIVILEGE},
                 {SE_BACKUP_PRIVILEGE, TOKEN_HAS_BACKUP_PRIVILEGE},
                 {SE_RESTORE_PRIVILEGE, TOKEN_HAS_RESTORE_PRIVILEGE},
                 {SE_IMPERSONATE_PRIVILEGE, TOKEN_HAS_IMPERSONATE_PRIVILEGE}};

    for (unsigned i = 0; i < sizeof shown / sizeof *shown; i++) {
        token->TokenFlags &= ~shown[i].flag;
        if (sei_mask_has(token->Privileges.Enabled, shown[i].privilege))
            token->TokenFlags |= shown[i].flag;
    }
}

bool se_has_privilege(struct se *se, const TOKEN *token, unsigned privilege)
{
    sei_lock_shared(se, token);
    bool enabled = sei_mask_has(token->Privileges.Enabled, privilege);
    sei_unlock(se, token);
    return enabled;
}

bool se_process_has_privilege(struct se *se, EPROCESS *process, unsigned privilege)
{
    TOKEN *token = se_reference_primary_token(se, process);
    bool enabled = token && se_has_privilege(se, token, privilege);

    if (token)
        se_dereference_primary_token(se, process, token);
    return enabled;
}

bool se_privilege_attributes(struct se *se, const TOKEN *token, LUID luid, uint32_t *attributes)
{
    sei_lock_shared(se, token);
    bool present = is_privilege(luid) && sei_mask_has(token->Privileges.Present, luid.LowPart);
    if (present)
        *attributes = attributes_of(token, luid.LowPart);
    sei_unlock(se, token);
    return present;
}

struct adjustment {
    TOKEN *token;
    bool only_look;
    LUID_AND_ATTRIBUTES *previous;
    uint32_t *previous_count;
};

/* => token locked */
static void adjust(struct adjustment *a, unsigned privilege, uint32_t wanted)
{
    SEP_TOKEN_PRIVILEGES *have = &a->token->Privileges;
    uint32_t before = attributes_of(a->token, privilege);
    bool enable = !(wanted & SE_PRIVILEGE_REMOVED) && (wanted & SE_PRIVILEGE_ENABLED);

    if (!(wanted & SE_PRIVILEGE_REMOVED) && enable == !!(before & SE_PRIVILEGE_ENABLED))
        return;
    a->previous[(*a->previous_count)++] =
        (LUID_AND_ATTRIBUTES){.Luid = {.LowPart = privilege}, .Attributes = before};
    if (a->only_look)
        return;
    have->Enabled = enable ? have->Enabled | bit(privilege) : have->Enabled & ~bit(privilege);
    if (wanted & SE_PRIVILEGE_REMOVED) {
        have->Present &= ~bit(privilege);
        have->EnabledByDefault &= ~bit(privilege);
    }
}

NTSTATUS se_adjust_privileges(struct se *se, TOKEN *token, bool disable_all, bool only_look,
                              const LUID_AND_ATTRIBUTES *wanted, size_t count,
                              LUID_AND_ATTRIBUTES *previous, uint32_t *previous_count)
{
    struct adjustment a = {.token = token,
                           .only_look = only_look,
                           .previous = previous,
                           .previous_count = previous_count};
    uint64_t seen = 0; /* one that is named twice counts once: the first time */
    bool all = true;

    *previous_count = 0;
    sei_lock_exclusive(se, token);
    for (unsigned p = 0; disable_all && p <= SE_PRIVILEGE_LAST; p++) {
        if (sei_mask_has(token->Privileges.Present, p))
            adjust(&a, p, 0);
    }
    for (size_t i = 0; !disable_all && i < count; i++) {
        unsigned privilege = wanted[i].Luid.LowPart;
        if (!is_privilege(wanted[i].Luid) || !sei_mask_has(token->Privileges.Present, privilege)) {
            all = all && is_privilege(wanted[i].Luid) && sei_mask_has(seen, privilege);
        } else if (!sei_mask_has(seen, privilege)) {
            adjust(&a, privilege, wanted[i].Attributes);
            seen |= bit(privilege);
        }
    }
    if (*previous_count > 0 && !only_look) {
        token->ModifiedId = se_allocate_luid(se);
        sei_update_flags(token);
    }
    sei_unlock(se, token);
    return all ? STATUS_SUCCESS : STATUS_NOT_ALL_ASSIGNED;
}
