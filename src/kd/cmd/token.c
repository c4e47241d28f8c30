/* src/kd/cmd/token.c: !token: who a process is, and what it may do.
 *
 *      EPROCESS.Token (EX_FAST_REF) -> TOKEN -> UserAndGroups -> SID_AND_ATTRIBUTES[] -> SID
 *
 * Source: debugger documentation, "!token"; Windows Internals 6, part 1, ch. 6 "Tokens"; numbers of
 * privileges: documentation of SE_*_PRIVILEGE. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "kd/cmd/cmd.h"
#include "kd/kdi.h"
#include "kd/types.h"

#define SIDS_MOST 1024
#define SUB_AUTHORITIES_MOST 15
#define FAST_REF_BITS 15ull
#define SID_TEXT 256

static const char *const privileges[] = {
    [2] = "SeCreateTokenPrivilege",
    [3] = "SeAssignPrimaryTokenPrivilege",
    [4] = "SeLockMemoryPrivilege",
    [5] = "SeIncreaseQuotaPrivilege",
    [6] = "SeMachineAccountPrivilege",
    [7] = "SeTcbPrivilege",
    [8] = "SeSecurityPrivilege",
    [9] = "SeTakeOwnershipPrivilege",
    [10] = "SeLoadDriverPrivilege",
    [11] = "SeSystemProfilePrivilege",
    [12] = "SeSystemtimePrivilege",
    [13] = "SeProfileSingleProcessPrivilege",
    [14] = "SeIncreaseBasePriorityPrivilege",
    [15] = "SeCreatePagefilePrivilege",
    [16] = "SeCreatePermanentPrivilege",
    [17] = "SeBackupPrivilege",
    [18] = "SeRestorePrivilege",
    [19] = "SeShutdownPrivilege",
    [20] = "SeDebugPrivilege",
    [21] = "SeAuditPrivilege",
    [22] = "SeSystemEnvironmentPrivilege",
    [23] = "SeChangeNotifyPrivilege",
    [24] = "SeRemoteShutdownPrivilege",
    [25] = "SeUndockPrivilege",
    [26] = "SeSyncAgentPrivilege",
    [27] = "SeEnableDelegationPrivilege",
    [28] = "SeManageVolumePrivilege",
    [29] = "SeImpersonatePrivilege",
    [30] = "SeCreateGlobalPrivilege",
    [31] = "SeTrustedCredManAccessPrivilege",
    [32] = "SeRelabelPrivilege",
    [33] = "SeIncreaseWorkingSetPrivilege",
    [34] = "SeTimeZonePrivilege",
    [35] = "SeCreateSymbolicLinkPrivilege",
};

static const struct {
    uint32_t bit;
    const char *name;
} group_flags[] = {{0x01, "Mandatory "},        {0x02, "Default "},
                   {0x04, "Enabled "},          {0x08, "Owner "},
                   {0x10, "DenyOnly "},         {0x20, "GroupIntegrity "},
                   {0x40, "IntegrityEnabled "}, {0x20000000, "GroupResource "},
                   {0xC0000000, "LogonId "}};

/* S-1-5-32-544 */
static const char *sid_text(struct kd *kd, uint64_t sid, char out[SID_TEXT])
{
    uint8_t head[8]; /* revision, count, authority (big-endian) */
    if (!kd_read(kd, sid, head, sizeof head) || head[1] > SUB_AUTHORITIES_MOST) {
        return "????????";
    }
    uint64_t authority = 0;
    for (int i = 2; i < 8; i++) {
        authority = authority << 8 | head[i];
    }
    int length = snprintf(out, SID_TEXT, "S-%u-%" PRIu64, head[0], authority);
    for (unsigned i = 0; i < head[1]; i++) {
        uint32_t part;
        if (!kd_read_u32(kd, sid + sizeof head + i * sizeof part, &part)) {
            return "????????";
        }
        length += snprintf(out + length, (size_t)(SID_TEXT - length), "-%" PRIu32, part);
    }
    return out;
}

static void show_attributes(struct kd *kd, uint64_t attributes)
{
    kd_printf(kd, "    Attributes - ");
    for (size_t i = 0; i < sizeof group_flags / sizeof group_flags[0]; i++) {
        if ((attributes & group_flags[i].bit) == group_flags[i].bit) {
            kd_printf(kd, "%s", group_flags[i].name);
        }
    }
    kd_printf(kd, "\n");
}

/* The SIDs of an array from `first` on. */
static void show_sids(struct kd *kd, uint64_t array, uint64_t first, uint64_t count)
{
    const char type[] = "_SID_AND_ATTRIBUTES";
    uint64_t size = kd_type_size(kd->symbols, "nt", type), sid;
    char text[SID_TEXT];
    count = count < SIDS_MOST ? count : SIDS_MOST;
    for (uint64_t i = first; i < count && !kd_interrupted(kd); i++) {
        if (!kd_read_nt(kd, type, array + i * size, "Sid", &sid)) {
            kd_printf(kd, " %02" PRIu64 " ????????\n", i - first);
            return;
        }
        kd_printf(kd, " %02" PRIu64 " %s\n", i - first, sid_text(kd, sid, text));
        show_attributes(kd, kd_field(kd, type, array + i * size, "Attributes"));
    }
}

static void show_privileges(struct kd *kd, uint64_t token)
{
    uint64_t present = kd_field(kd, "_TOKEN", token, "Privileges.Present");
    uint64_t enabled = kd_field(kd, "_TOKEN", token, "Privileges.Enabled");
    uint64_t at_start = kd_field(kd, "_TOKEN", token, "Privileges.EnabledByDefault");
    kd_printf(kd, "Privs: \n");
    for (unsigned i = 0; i < 64; i++) {
        if (present >> i & 1) {
            bool known = i < sizeof privileges / sizeof privileges[0] && privileges[i];
            kd_printf(kd, " %02u 0x%09" PRIx64 " %-32s  Attributes - %s%s\n", i, (uint64_t)i,
                      known ? privileges[i] : "Unknown Privilege",
                      enabled >> i & 1 ? "Enabled " : "", at_start >> i & 1 ? "Default " : "");
        }
    }
}

static uint64_t luid_high(struct kd *kd, uint64_t token, const char *member)
{
    char path[64];
    snprintf(path, sizeof path, "%s.HighPart", member);
    return kd_field(kd, "_TOKEN", token, path);
}

static uint64_t luid_low(struct kd *kd, uint64_t token, const char *member)
{
    char path[64];
    snprintf(path, sizeof path, "%s.LowPart", member);
    return kd_field(kd, "_TOKEN", token, path);
}

static void show_rest(struct kd *kd, uint64_t token)
{
    static const char *const levels[] = {"Anonymous", "Identification", "Impersonation",
                                         "Delegation"};
    uint64_t type = kd_field(kd, "_TOKEN", token, "TokenType"), offset = 0;
    uint64_t level = kd_field(kd, "_TOKEN", token, "ImpersonationLevel");
    char source[9] = "";
    if (kd_offset(kd, "_TOKEN", "TokenSource.SourceName", &offset)) {
        kd_read_virtual(kd, token + offset, source, sizeof source - 1);
    }
    for (char *c = source; *c != '\0'; c++) {
        *c = *c >= 0x20 && *c < 0x7F ? *c : '.';
    }
    kd_printf(kd, "Authentication ID:         (%" PRIx64 ",%" PRIx64 ")\n",
              luid_high(kd, token, "AuthenticationId"), luid_low(kd, token, "AuthenticationId"));
    kd_printf(kd, "Impersonation Level:       %s\n", level < 4 ? levels[level] : "????????");
    kd_printf(kd, "TokenType:                 %s\n",
              type == 1   ? "Primary"
              : type == 2 ? "Impersonation"
                          : "????????");
    kd_printf(kd, "Source: %-18s TokenFlags: 0x%" PRIx64 "%s\n", source,
              kd_field(kd, "_TOKEN", token, "TokenFlags"),
              kd_field(kd, "_TOKEN", token, "TokenInUse") ? " ( Token in use )" : "");
    kd_printf(kd, "Token ID: %-16" PRIx64 " ParentToken ID: %" PRIx64 "\n",
              luid_low(kd, token, "TokenId"), luid_low(kd, token, "ParentTokenId"));
    kd_printf(kd, "Modified ID:               (%" PRIx64 ", %" PRIx64 ")\n",
              luid_high(kd, token, "ModifiedId"), luid_low(kd, token, "ModifiedId"));
    kd_printf(kd, "RestrictedSidCount: %-6" PRIu64 " RestrictedSids: %016" PRIx64 "\n",
              kd_field(kd, "_TOKEN", token, "RestrictedSidCount"),
              kd_field(kd, "_TOKEN", token, "RestrictedSids"));
    kd_printf(kd, "OriginatingLogonSession: %" PRIx64 "\n",
              luid_low(kd, token, "OriginatingLogonSession"));
}

static void show_token(struct kd *kd, uint64_t token)
{
    uint64_t sids = kd_field(kd, "_TOKEN", token, "UserAndGroups");
    uint64_t count = kd_field(kd, "_TOKEN", token, "UserAndGroupCount"), user = 0;
    char text[SID_TEXT];
    kd_read_nt(kd, "_SID_AND_ATTRIBUTES", sids, "Sid", &user);
    kd_printf(kd, "_TOKEN %016" PRIx64 "\nTS Session ID: 0x%" PRIx64 "\nUser: %s\nGroups: \n",
              token, kd_field(kd, "_TOKEN", token, "SessionId"), sid_text(kd, user, text));
    show_sids(kd, sids, 1, count);
    kd_printf(kd, "Primary Group: %s\n",
              sid_text(kd, kd_field(kd, "_TOKEN", token, "PrimaryGroup"), text));
    show_privileges(kd, token);
    show_rest(kd, token);
}

/* A token's address, or nothing: that of the current process. */
static bool cmd_token(struct kd *kd, const char *args)
{
    uint64_t token = 0, session;
    bool given;
    if (!kd_evaluate_optional(kd, &args, &token, &given) || !kd_need_symbols(kd)) {
        return false;
    }
    if (!given) {
        uint64_t process = kd_current_process(kd);
        token = kd_field(kd, "_EPROCESS", process, "Token.Object") & ~FAST_REF_BITS;
        if (token == 0) {
            return kd_error(kd, "Process %016" PRIx64 " has no token", process);
        }
    }
    token &= ~FAST_REF_BITS;
    if (!kd_read_nt(kd, "_TOKEN", token, "SessionId", &session)) {
        return kd_error(kd, "The token at %016" PRIx64 " is not in memory", token);
    }
    show_token(kd, token);
    return true;
}

const struct kd_command kd_commands_token[] = {
    {"!token", "!token [ADDRESS]", "who a process is and what it may do", cmd_token,
     KD_NEEDS_MACHINE},
    {0},
};
