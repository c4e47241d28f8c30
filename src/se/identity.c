/* src/se/identity.c: who there is.
 *
 * One user, an administrator, and the accounts under which Windows runs its own processes. The
 * tokens of the accounts have the groups and privileges of a Windows 7 as installed. The user's is
 * that of an elevated administrator: there is no consent dialog that could raise a filtered one. It
 * also has SeLockMemoryPrivilege, which Windows gives to nobody until a policy says so: large pages
 * and physical pages of one's own are there to be tried here. As on Windows it has to be enabled.
 *
 * Source: "Well-known SIDs" and "Privilege constants", documentation; Windows Internals 6, part 1,
 * ch. 6, tables of privileges.
 */
#include "se/sei.h"

#define P(name) (1ull << SE_##name##_PRIVILEGE)

#define ALWAYS (SE_GROUP_MANDATORY | SE_GROUP_ENABLED_BY_DEFAULT | SE_GROUP_ENABLED)
#define LABEL (SE_GROUP_INTEGRITY | SE_GROUP_INTEGRITY_ENABLED)

/* The identifier that setup gave to this machine, and the user's number on it. */
#define MACHINE 21, 3623811015, 3361044348, 30300820
#define FIRST_USER 1000
#define NOBODY_GROUP 513 /* "None" of a machine without a domain */

#define EVERYONE                                                                                   \
    {                                                                                              \
        {1, 1, {0}}, ALWAYS                                                                        \
    }
#define CONSOLE_LOGON                                                                              \
    {                                                                                              \
        {2, 1, {1}}, ALWAYS                                                                        \
    }
#define LOCAL                                                                                      \
    {                                                                                              \
        {2, 1, {0}}, ALWAYS                                                                        \
    }
#define INTERACTIVE                                                                                \
    {                                                                                              \
        {5, 1, {4}}, ALWAYS                                                                        \
    }
#define SERVICE                                                                                    \
    {                                                                                              \
        {5, 1, {6}}, ALWAYS                                                                        \
    }
#define AUTHENTICATED_USERS                                                                        \
    {                                                                                              \
        {5, 1, {11}}, ALWAYS                                                                       \
    }
#define THIS_ORGANIZATION                                                                          \
    {                                                                                              \
        {5, 1, {15}}, ALWAYS                                                                       \
    }
#define NTLM                                                                                       \
    {                                                                                              \
        {5, 2, {64, 10}}, ALWAYS                                                                   \
    }
#define USERS                                                                                      \
    {                                                                                              \
        {5, 2, {32, 545}}, ALWAYS                                                                  \
    }
#define ADMINISTRATORS(more)                                                                       \
    {                                                                                              \
        {5, 2, {32, 544}}, (more) | SE_GROUP_OWNER                                                 \
    }
#define LOGON_SESSION                                                                              \
    {                                                                                              \
        {5, 3, {5, 0, 0}}, ALWAYS | SE_GROUP_LOGON_ID                                              \
    }
#define INTEGRITY(level)                                                                           \
    {                                                                                              \
        {16, 1, {level}}, LABEL                                                                    \
    }

#define INTEGRITY_HIGH 0x3000
#define INTEGRITY_SYSTEM 0x4000

static const struct sei_group user_groups[] = {
    {{5, 5, {MACHINE, NOBODY_GROUP}}, ALWAYS},
    EVERYONE,
    ADMINISTRATORS(ALWAYS),
    USERS,
    INTERACTIVE,
    CONSOLE_LOGON,
    AUTHENTICATED_USERS,
    THIS_ORGANIZATION,
    LOGON_SESSION,
    LOCAL,
    NTLM,
    INTEGRITY(INTEGRITY_HIGH),
};

static const struct sei_group system_groups[] = {
    ADMINISTRATORS(SE_GROUP_ENABLED_BY_DEFAULT | SE_GROUP_ENABLED),
    EVERYONE,
    AUTHENTICATED_USERS,
    INTEGRITY(INTEGRITY_SYSTEM),
};

static const struct sei_group service_groups[] = {
    EVERYONE,          USERS,         SERVICE,
    CONSOLE_LOGON,     LOGON_SESSION, AUTHENTICATED_USERS,
    THIS_ORGANIZATION, LOCAL,         INTEGRITY(INTEGRITY_SYSTEM),
};

#define GROUPS(of) .groups = of, .group_count = sizeof of / sizeof *of

#define USER_ENABLED (P(CHANGE_NOTIFY) | P(IMPERSONATE) | P(CREATE_GLOBAL))
#define SYSTEM_ENABLED                                                                             \
    (P(LOCK_MEMORY) | P(TCB) | P(SYSTEM_PROFILE) | P(PROF_SINGLE_PROCESS) | P(INC_BASE_PRIORITY) | \
     P(CREATE_PAGEFILE) | P(CREATE_PERMANENT) | P(DEBUG) | P(AUDIT) | P(CHANGE_NOTIFY) |           \
     P(IMPERSONATE) | P(CREATE_GLOBAL) | P(INC_WORKING_SET) | P(TIME_ZONE) |                       \
     P(CREATE_SYMBOLIC_LINK))
#define SERVICE_ENABLED (P(CHANGE_NOTIFY) | P(IMPERSONATE) | P(CREATE_GLOBAL))

static const struct sei_identity identities[SE_IDENTITY_COUNT] = {
    [SE_USER] = {.source = "User32 ",
                 .user = {5, 5, {MACHINE, FIRST_USER}},
                 GROUPS(user_groups),
                 .default_owner = 3, /* Administrators, as for every member of them */
                 .primary_group = {5, 5, {MACHINE, NOBODY_GROUP}},
                 .privileges = USER_ENABLED | P(LOCK_MEMORY) | P(INCREASE_QUOTA) | P(SECURITY) |
                               P(TAKE_OWNERSHIP) | P(LOAD_DRIVER) | P(SYSTEM_PROFILE) |
                               P(SYSTEMTIME) | P(PROF_SINGLE_PROCESS) | P(INC_BASE_PRIORITY) |
                               P(CREATE_PAGEFILE) | P(BACKUP) | P(RESTORE) | P(SHUTDOWN) |
                               P(DEBUG) | P(SYSTEM_ENVIRONMENT) | P(REMOTE_SHUTDOWN) | P(UNDOCK) |
                               P(MANAGE_VOLUME) | P(INC_WORKING_SET) | P(TIME_ZONE) |
                               P(CREATE_SYMBOLIC_LINK),
                 .enabled = USER_ENABLED},
    [SE_SYSTEM] = {.source = "*SYSTEM*",
                   .user = {5, 1, {18}},
                   GROUPS(system_groups),
                   .default_owner = 1,
                   .primary_group = {5, 1, {18}},
                   .logon = {.LowPart = 0x3E7},
                   .privileges = SYSTEM_ENABLED | P(CREATE_TOKEN) | P(ASSIGNPRIMARYTOKEN) |
                                 P(INCREASE_QUOTA) | P(SECURITY) | P(TAKE_OWNERSHIP) |
                                 P(LOAD_DRIVER) | P(SYSTEMTIME) | P(BACKUP) | P(RESTORE) |
                                 P(SHUTDOWN) | P(SYSTEM_ENVIRONMENT) | P(UNDOCK) |
                                 P(MANAGE_VOLUME) | P(TRUSTED_CREDMAN_ACCESS) | P(RELABEL),
                   .enabled = SYSTEM_ENABLED},
    [SE_LOCAL_SERVICE] = {.source = "Advapi  ",
                          .user = {5, 1, {19}},
                          GROUPS(service_groups),
                          .primary_group = {5, 1, {19}},
                          .logon = {.LowPart = 0x3E5},
                          .privileges = SERVICE_ENABLED | P(ASSIGNPRIMARYTOKEN) |
                                        P(INCREASE_QUOTA) | P(SYSTEMTIME) | P(SHUTDOWN) | P(AUDIT) |
                                        P(UNDOCK) | P(INC_WORKING_SET) | P(TIME_ZONE),
                          .enabled = SERVICE_ENABLED},
    [SE_NETWORK_SERVICE] = {.source = "Advapi  ",
                            .user = {5, 1, {20}},
                            GROUPS(service_groups),
                            .primary_group = {5, 1, {20}},
                            .logon = {.LowPart = 0x3E4},
                            .privileges = SERVICE_ENABLED | P(ASSIGNPRIMARYTOKEN) |
                                          P(INCREASE_QUOTA) | P(SHUTDOWN) | P(AUDIT) | P(UNDOCK) |
                                          P(INC_WORKING_SET) | P(TIME_ZONE),
                            .enabled = SERVICE_ENABLED},
};

const struct sei_identity *sei_identity(enum se_identity identity)
{
    return &identities[identity];
}
