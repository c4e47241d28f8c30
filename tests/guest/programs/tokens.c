/* Tokens: who the process is, its privileges, enabling one, copies, and what is refused. */
#include <windows.h>

#include <sddl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *query(HANDLE token, TOKEN_INFORMATION_CLASS class, DWORD *length)
{
    *length = 0;
    if (GetTokenInformation(token, class, NULL, 0, length) ||
        GetLastError() != ERROR_INSUFFICIENT_BUFFER) {
        printf("class %d: no length, error %lu\n", class, GetLastError());
        return NULL;
    }
    void *buffer = malloc(*length);
    DWORD again = *length;
    if (!GetTokenInformation(token, class, buffer, again, length))
        printf("class %d: error %lu\n", class, GetLastError());
    return buffer;
}

static void say_sid(const char *what, PSID sid, DWORD attributes)
{
    char *text;
    ConvertSidToStringSidA(sid, &text);
    if (strncmp(text, "S-1-5-21-", 9) == 0)
        printf("%s S-1-5-21-...%s %lx\n", what, strrchr(text, '-'), attributes);
    else if (strncmp(text, "S-1-5-5-", 8) == 0)
        printf("%s S-1-5-5-... %lx\n", what, attributes);
    else
        printf("%s %s %lx\n", what, text, attributes);
    LocalFree(text);
}

static void who(HANDLE token)
{
    DWORD length;
    TOKEN_USER *user = query(token, TokenUser, &length);
    say_sid("user", user->User.Sid, user->User.Attributes);
    TOKEN_GROUPS *groups = query(token, TokenGroups, &length);
    for (DWORD i = 0; i < groups->GroupCount; i++)
        say_sid("group", groups->Groups[i].Sid, groups->Groups[i].Attributes);
    TOKEN_OWNER *owner = query(token, TokenOwner, &length);
    say_sid("owner", owner->Owner, 0);
    TOKEN_PRIMARY_GROUP *group = query(token, TokenPrimaryGroup, &length);
    say_sid("primary group", group->PrimaryGroup, 0);
    TOKEN_MANDATORY_LABEL *label = query(token, TokenIntegrityLevel, &length);
    say_sid("label", label->Label.Sid, label->Label.Attributes);
    TOKEN_DEFAULT_DACL *dacl = query(token, TokenDefaultDacl, &length);
    printf("default DACL: revision %d, %d entries\n", dacl->DefaultDacl->AclRevision,
           dacl->DefaultDacl->AceCount);
    TOKEN_STATISTICS *statistics = query(token, TokenStatistics, &length);
    printf("type %d, %lu groups, %lu privileges\n", statistics->TokenType, statistics->GroupCount,
           statistics->PrivilegeCount);
    free(user), free(groups), free(owner), free(group), free(label), free(dacl), free(statistics);
}

static void privileges(HANDLE token)
{
    DWORD length;
    TOKEN_PRIVILEGES *have = query(token, TokenPrivileges, &length);
    for (DWORD i = 0; i < have->PrivilegeCount; i++) {
        char name[64];
        DWORD size = sizeof name;
        LookupPrivilegeNameA(NULL, &have->Privileges[i].Luid, name, &size);
        printf("%s %lu %lx\n", name, size, have->Privileges[i].Attributes);
    }
    free(have);
}

static BOOL has(HANDLE token, LUID luid)
{
    PRIVILEGE_SET set = {1, PRIVILEGE_SET_ALL_NECESSARY, {{luid, 0}}};
    BOOL result = 7;
    PrivilegeCheck(token, &set, &result);
    return result;
}

static void adjust(HANDLE token)
{
    TOKEN_PRIVILEGES one = {1}, before = {0};
    DWORD length = 0;
    LookupPrivilegeValueA(NULL, "selockmemoryprivilege", &one.Privileges[0].Luid);
    printf("lock memory is %lu, held %d\n", one.Privileges[0].Luid.LowPart,
           has(token, one.Privileges[0].Luid));
    one.Privileges[0].Attributes = SE_PRIVILEGE_ENABLED;
    BOOL done = AdjustTokenPrivileges(token, FALSE, &one, 4, &before, &length);
    printf("no room: %d, error %lu, length %lu, held %d\n", done, GetLastError(), length,
           has(token, one.Privileges[0].Luid));
    done = AdjustTokenPrivileges(token, FALSE, &one, sizeof before, &before, &length);
    printf("enabled: %d, error %lu, held %d; before: %lu of %lx\n", done, GetLastError(),
           has(token, one.Privileges[0].Luid), before.PrivilegeCount,
           before.Privileges[0].Attributes);
    done = AdjustTokenPrivileges(token, FALSE, &before, 0, NULL, NULL);
    printf("put back: %d, held %d\n", done, has(token, one.Privileges[0].Luid));
    LookupPrivilegeValueW(NULL, L"SeCreateTokenPrivilege", &one.Privileges[0].Luid);
    done = AdjustTokenPrivileges(token, FALSE, &one, 0, NULL, NULL);
    printf("not ours: %d, error %lu\n", done, GetLastError());
    LookupPrivilegeValueA(NULL, SE_SHUTDOWN_NAME, &one.Privileges[0].Luid);
    one.Privileges[0].Attributes = SE_PRIVILEGE_REMOVED;
    AdjustTokenPrivileges(token, FALSE, &one, 0, NULL, NULL);
    one.Privileges[0].Attributes = SE_PRIVILEGE_ENABLED;
    done = AdjustTokenPrivileges(token, FALSE, &one, 0, NULL, NULL);
    printf("removed: %d, error %lu\n", done, GetLastError());
    AdjustTokenPrivileges(token, TRUE, NULL, 0, NULL, NULL);
    LookupPrivilegeValueA(NULL, SE_CHANGE_NOTIFY_NAME, &one.Privileges[0].Luid);
    printf("all disabled, change notify held %d\n", has(token, one.Privileges[0].Luid));
}

static void copies(HANDLE token)
{
    HANDLE copy = NULL, lower = NULL;
    DWORD length;
    SECURITY_IMPERSONATION_LEVEL level;
    BOOL done = DuplicateTokenEx(token, TOKEN_ALL_ACCESS, NULL, SecurityIdentification,
                                 TokenImpersonation, &copy);
    GetTokenInformation(copy, TokenImpersonationLevel, &level, sizeof level, &length);
    printf("copy: %d, level %d\n", done, level);
    done = DuplicateTokenEx(copy, TOKEN_ALL_ACCESS, NULL, SecurityImpersonation, TokenImpersonation,
                            &lower);
    printf("higher level: %d, error %lu\n", done, GetLastError());
    done = DuplicateTokenEx(copy, TOKEN_ALL_ACCESS, NULL, 0, TokenPrimary, &lower);
    printf("primary from identification: %d, error %lu\n", done, GetLastError());
    CloseHandle(copy);
    if (GetTokenInformation(token, TokenImpersonationLevel, &level, sizeof level, &length))
        printf("a primary token has a level\n");
    printf("level of a primary token: error %lu\n", GetLastError());
}

static void refused(void)
{
    HANDLE token;
    DWORD length, type;
    printf("thread token: %d,", OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token));
    printf(" error %lu\n", GetLastError());
    OpenProcessToken(GetCurrentProcess(), TOKEN_DUPLICATE, &token);
    BOOL done = GetTokenInformation(token, TokenType, &type, sizeof type, &length);
    printf("without the right: %d, error %lu\n", done, GetLastError());
    CloseHandle(token);
    done = GetTokenInformation(GetStdHandle(STD_OUTPUT_HANDLE), TokenType, &type, sizeof type,
                               &length);
    printf("no token: %d, error %lu\n", done, GetLastError());
    LUID luid;
    done = LookupPrivilegeValueA(NULL, "SeNothing", &luid);
    printf("no privilege: %d, error %lu\n", done, GetLastError());
}

int main(void)
{
    HANDLE token;
    if (!OpenProcessToken(GetCurrentProcess(),
                          TOKEN_QUERY | TOKEN_ADJUST_PRIVILEGES | TOKEN_DUPLICATE, &token))
        return 1;
    who(token);
    privileges(token);
    adjust(token);
    copies(token);
    refused();
    CloseHandle(token);
    return 0;
}
