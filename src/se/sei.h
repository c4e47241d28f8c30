/* src/se/sei.h: shared by the files of se. */
#pragma once

#include "mm/resource.h"
#include "se/se.h"

/* A token's lock, for who reads the masks and for who changes them. */
static inline ERESOURCE *sei_token_lock(const struct se *se, const TOKEN *token)
{
    return k2h(&se->ke->ks, token->TokenLock);
}

static inline void sei_lock_shared(struct se *se, const TOKEN *token)
{
    ex_acquire_resource_shared(se->mm, sei_token_lock(se, token), KE_RANK_TOKEN);
}

static inline void sei_lock_exclusive(struct se *se, const TOKEN *token)
{
    ex_acquire_resource_exclusive(se->mm, sei_token_lock(se, token), KE_RANK_TOKEN);
}

static inline void sei_unlock(struct se *se, const TOKEN *token)
{
    ex_release_resource(se->mm, sei_token_lock(se, token), KE_RANK_TOKEN);
}

/* A SID as tables write it. */
struct sei_sid {
    uint8_t authority, count;
    uint32_t sub[6];
};

struct sei_group {
    struct sei_sid sid;
    uint32_t attributes;
};

/* What the token of somebody is made from. */
struct sei_identity {
    const char *source; /* 8 characters */
    struct sei_sid user;
    const struct sei_group *groups; /* the integrity level is the last */
    unsigned group_count;
    unsigned default_owner; /* index into UserAndGroups: 0 the user */
    struct sei_sid primary_group;
    LUID logon; /* zero: the user's */
    uint64_t privileges, enabled;
};

const struct sei_identity *sei_identity(enum se_identity identity);

/* Attributes that say: this group stands for the logon session, S-1-5-5-high-low. */
static inline bool sei_is_logon_group(const struct sei_group *group)
{
    return (group->attributes & SE_GROUP_LOGON_ID) == SE_GROUP_LOGON_ID;
}

/* Whether `privilege` is one of a mask's. */
static inline bool sei_mask_has(uint64_t mask, unsigned privilege)
{
    return privilege <= SE_PRIVILEGE_LAST && mask >> privilege & 1;
}

/* TokenFlags as the enabled privileges want them. => token locked, or nobody else knows it */
void sei_update_flags(TOKEN *token);
