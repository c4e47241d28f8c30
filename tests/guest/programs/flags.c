/* Every flag of the memory calls alone and in pairs, and every subset of those that have a meaning,
 * against the rule that the documentation gives. A call that succeeds is undone. */
#include "rows.h"

#define SERVICES(X)                                                                                \
    X(NtAllocateVirtualMemory)                                                                     \
    X(NtFreeVirtualMemory)                                                                         \
    X(NtProtectVirtualMemory)                                                                      \
    X(NtLockVirtualMemory)                                                                         \
    X(NtUnlockVirtualMemory)                                                                       \
    X(NtCreateSection)                                                                             \
    X(NtMapViewOfSection)                                                                          \
    X(NtUnmapViewOfSection)                                                                        \
    X(NtGetWriteWatch)                                                                             \
    X(NtClose)
#define POINTER(name) static status (*Sys_##name)();
SERVICES(POINTER)

#define SIZE 0x10000
#define RW PAGE_READWRITE
#define RESERVE_AND_COMMIT (MEM_RESERVE | MEM_COMMIT)

static word memory, view, section;

/* ---- which flags are tried ---- */

typedef ULONG rule(ULONG flags);
typedef status attempt(ULONG flags);

static unsigned wrong, tried;

static void try(const char *name, attempt *call, rule *expected, ULONG flags)
{
    ULONG got = call(flags), want = expected(flags);
    tried++;
    if (got != want && wrong++ < 20)
        printf("%s %08lx: %08lx, expected %08lx\n", name, flags, got, want);
}

/* All of one bit, all of two, and all subsets of `known`. */
static void try_all(const char *name, attempt *call, rule *expected, ULONG known)
{
    wrong = tried = 0;
    for (unsigned i = 0; i < 32; i++) {
        for (unsigned j = 0; j <= i; j++)
            try(name, call, expected, 1u << i | 1u << j);
    }
    ULONG subset = 0;
    do {
        try(name, call, expected, subset);
        subset = (subset - known) & known;
    } while (subset);
    printf("%s: %u combinations, %u wrong\n", name, tried, wrong);
}

static BOOL is_one_of(ULONG flags, ULONG several)
{
    return (flags & several) && !(flags & several & ((flags & several) - 1));
}

/* ---- allocation types: VirtualAlloc, NtAllocateVirtualMemory ---- */

/* Memory that is there already, for what reserves nothing. */
static status allocate_type(ULONG type)
{
    word base = type & MEM_RESERVE ? 0 : memory, size = SIZE;
    status s = Sys_NtAllocateVirtualMemory(SELF, &base, (word)0, &size, (word)type, (word)RW);
    if (s >= 0 && type & MEM_RESERVE) {
        size = 0;
        Sys_NtFreeVirtualMemory(SELF, &base, &size, (word)MEM_RELEASE);
    }
    return s;
}

static ULONG allocation_rule(ULONG type)
{
    const ULONG known = RESERVE_AND_COMMIT | MEM_RESET | MEM_TOP_DOWN | MEM_WRITE_WATCH |
                        MEM_PHYSICAL | MEM_LARGE_PAGES;
    if (type & ~known || !(type & (RESERVE_AND_COMMIT | MEM_RESET)))
        return INVALID_PARAMETER_5;
    if (type & MEM_RESET && type != MEM_RESET)
        return INVALID_PARAMETER_5;
    if (type & MEM_PHYSICAL && (type & ~MEM_TOP_DOWN) != (MEM_PHYSICAL | MEM_RESERVE))
        return INVALID_PARAMETER_5;
    if (type & MEM_WRITE_WATCH && (!(type & MEM_RESERVE) || type & MEM_LARGE_PAGES))
        return INVALID_PARAMETER_5;
    if (type & MEM_LARGE_PAGES && (type & RESERVE_AND_COMMIT) != RESERVE_AND_COMMIT)
        return INVALID_PARAMETER_5;
    return type & MEM_LARGE_PAGES ? PRIVILEGE_NOT_HELD : SUCCESS;
}

static status free_type(ULONG type)
{
    word base = 0x60000000, size = SIZE, whole = 0;
    Sys_NtAllocateVirtualMemory(SELF, &base, (word)0, &size, (word)RESERVE_AND_COMMIT, (word)RW);
    status s = Sys_NtFreeVirtualMemory(SELF, &base, &whole, (word)type);
    if (type != MEM_RELEASE) {
        whole = 0;
        Sys_NtFreeVirtualMemory(SELF, &base, &whole, (word)MEM_RELEASE);
    }
    return s;
}

static ULONG free_rule(ULONG type)
{
    return type == MEM_DECOMMIT || type == MEM_RELEASE ? SUCCESS : INVALID_PARAMETER_4;
}

/* ---- protections: memory protection constants ---- */

#define PRIVATE_RIGHTS                                                                             \
    (PAGE_NOACCESS | PAGE_READONLY | PAGE_READWRITE | PAGE_EXECUTE | PAGE_EXECUTE_READ |           \
     PAGE_EXECUTE_READWRITE)
#define RIGHTS (PRIVATE_RIGHTS | PAGE_WRITECOPY | PAGE_EXECUTE_WRITECOPY)
#define EXECUTE_RIGHTS                                                                             \
    (PAGE_EXECUTE | PAGE_EXECUTE_READ | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY)
#define MODIFIERS (PAGE_GUARD | PAGE_NOCACHE | PAGE_WRITECOMBINE)

/* One right, at most one modifier, and none with PAGE_NOACCESS. */
static BOOL is_protection(ULONG protection, ULONG rights)
{
    if (protection & ~(rights | MODIFIERS) || !is_one_of(protection, rights))
        return FALSE;
    if (!(protection & MODIFIERS))
        return TRUE;
    return is_one_of(protection, MODIFIERS) && !(protection & PAGE_NOACCESS);
}

static ULONG private_rule(ULONG protection)
{
    return is_protection(protection, PRIVATE_RIGHTS) ? SUCCESS : INVALID_PAGE_PROTECTION;
}

static status allocate_as(ULONG type, ULONG protection)
{
    word base = 0, size = SIZE;
    status s =
        Sys_NtAllocateVirtualMemory(SELF, &base, (word)0, &size, (word)type, (word)protection);
    if (s >= 0) {
        size = 0;
        Sys_NtFreeVirtualMemory(SELF, &base, &size, (word)MEM_RELEASE);
    }
    return s;
}

static status allocate_protection(ULONG protection)
{
    return allocate_as(RESERVE_AND_COMMIT, protection);
}

static status reserve_protection(ULONG protection)
{
    return allocate_as(MEM_RESERVE, protection);
}

static status commit_protection(ULONG protection)
{
    word base = memory, size = SIZE;
    return Sys_NtAllocateVirtualMemory(SELF, &base, (word)0, &size, (word)MEM_COMMIT,
                                       (word)protection);
}

static status change_protection(word at, ULONG protection)
{
    word size = 0x1000;
    ULONG old;
    return Sys_NtProtectVirtualMemory(SELF, &at, &size, (word)protection, &old);
}

static status protect_private(ULONG protection)
{
    return change_protection(memory, protection);
}

static status protect_view(ULONG protection)
{
    return change_protection(view, protection);
}

/* A view that was mapped to be read and written may be so, copied when written or less; but not
 * run. How it is cached, only the section can say. */
static ULONG view_rule(ULONG protection)
{
    if (!is_protection(protection, RIGHTS) || protection & (PAGE_NOCACHE | PAGE_WRITECOMBINE))
        return INVALID_PAGE_PROTECTION;
    return protection & EXECUTE_RIGHTS ? SECTION_PROTECTION : SUCCESS;
}

/* ---- sections: CreateFileMapping, NtCreateSection, NtMapViewOfSection ---- */

static status create(ULONG protection, ULONG attributes)
{
    word handle = 0;
    LARGE_INTEGER size = {.QuadPart = SIZE};
    status s = Sys_NtCreateSection(&handle, (word)SECTION_ALL_ACCESS, (word)0, &size,
                                   (word)protection, (word)attributes, (word)0);
    if (s >= 0)
        Sys_NtClose(handle);
    return s;
}

static status section_protection(ULONG protection)
{
    return create(protection, SEC_COMMIT);
}

static ULONG section_rule(ULONG protection)
{
    const ULONG rights = RIGHTS & ~PAGE_NOACCESS;
    return !(protection & ~rights) && is_one_of(protection, rights) ? SUCCESS
                                                                    : INVALID_PAGE_PROTECTION;
}

static status section_attributes(ULONG attributes)
{
    return create(RW, attributes);
}

static ULONG attributes_rule(ULONG attributes)
{
    const ULONG kinds = SEC_COMMIT | SEC_RESERVE | SEC_IMAGE;
    const ULONG caching = SEC_NOCACHE | SEC_WRITECOMBINE;
    if (attributes & ~(kinds | caching | SEC_LARGE_PAGES) || !is_one_of(attributes, kinds))
        return INVALID_PARAMETER_6;
    if ((attributes & caching) == caching)
        return INVALID_PARAMETER_6;
    if (attributes & SEC_IMAGE) /* of no file, and goes with nothing */
        return attributes == SEC_IMAGE ? INVALID_FILE_FOR_SECTION : INVALID_PARAMETER_6;
    if (!(attributes & SEC_LARGE_PAGES))
        return SUCCESS;
    return attributes & SEC_COMMIT ? PRIVILEGE_NOT_HELD : INVALID_PARAMETER_6;
}

static status map(ULONG inherit, ULONG type, ULONG protection)
{
    word base = 0, size = 0;
    status s = Sys_NtMapViewOfSection(section, SELF, &base, (word)0, (word)0, (word)0, &size,
                                      (word)inherit, (word)type, (word)protection);
    if (s >= 0)
        Sys_NtUnmapViewOfSection(SELF, base);
    return s;
}

static status map_protection(ULONG protection)
{
    return map(2, 0, protection);
}

static ULONG map_rule(ULONG protection)
{
    if (protection & ~RIGHTS || !is_one_of(protection, RIGHTS))
        return INVALID_PAGE_PROTECTION;
    return protection & EXECUTE_RIGHTS ? SECTION_PROTECTION : SUCCESS;
}

static status map_type(ULONG type)
{
    return map(2, type, RW);
}

static ULONG map_type_rule(ULONG type)
{
    return type & ~(MEM_RESERVE | MEM_TOP_DOWN | MEM_LARGE_PAGES) ? INVALID_PARAMETER_9 : SUCCESS;
}

static status map_inherit(ULONG inherit)
{
    return map(inherit, 0, RW);
}

static ULONG inherit_rule(ULONG inherit)
{
    return inherit == 1 || inherit == 2 ? SUCCESS : INVALID_PARAMETER_8;
}

/* ---- locks and write watches ---- */

static status lock_type(ULONG type)
{
    word base = memory, size = 0x1000;
    status s = Sys_NtLockVirtualMemory(SELF, &base, &size, (word)type);
    if (s >= 0)
        Sys_NtUnlockVirtualMemory(SELF, &base, &size, (word)type);
    return s;
}

static ULONG lock_rule(ULONG type)
{
    if (type == 0 || type & ~3u)
        return INVALID_PARAMETER;
    return type == 1 ? SUCCESS : PRIVILEGE_NOT_HELD;
}

static status watch_flags(ULONG flags)
{
    static word watched;
    word pages[16], count = 16;
    ULONG granularity;
    if (!watched)
        watched = (word)VirtualAlloc(NULL, SIZE, RESERVE_AND_COMMIT | MEM_WRITE_WATCH, RW);
    return Sys_NtGetWriteWatch(SELF, (word)flags, watched, (word)SIZE, pages, &count, &granularity);
}

static ULONG watch_rule(ULONG flags)
{
    return flags & ~WRITE_WATCH_FLAG_RESET ? INVALID_PARAMETER_2 : SUCCESS;
}

int main(void)
{
#define FIND(name) Sys_##name = (void *)GetProcAddress(GetModuleHandleA("ntdll"), #name);
    SERVICES(FIND)
    LARGE_INTEGER size = {.QuadPart = SIZE};
    memory = (word)VirtualAlloc(NULL, SIZE, RESERVE_AND_COMMIT, RW);
    Sys_NtCreateSection(&section, (word)SECTION_ALL_ACCESS, (word)0, &size, (word)RW,
                        (word)SEC_COMMIT, (word)0);
    view = (word)MapViewOfFile((HANDLE)section, FILE_MAP_WRITE, 0, 0, 0);
    if (!memory || !section || !view)
        printf("nothing to try with\n");
    try_all("allocation type", allocate_type, allocation_rule,
            RESERVE_AND_COMMIT | MEM_RESET | MEM_TOP_DOWN | MEM_WRITE_WATCH | MEM_PHYSICAL);
    try_all("free type", free_type, free_rule, MEM_DECOMMIT | MEM_RELEASE);
    try_all("protection, reserve and commit", allocate_protection, private_rule,
            RIGHTS | MODIFIERS);
    try_all("protection, reserve", reserve_protection, private_rule, MODIFIERS);
    try_all("protection, commit", commit_protection, private_rule, MODIFIERS);
    try_all("protection, private memory", protect_private, private_rule, RIGHTS | MODIFIERS);
    change_protection(memory, RW);
    try_all("protection, view", protect_view, view_rule, RIGHTS | MODIFIERS);
    try_all("protection, section", section_protection, section_rule, RIGHTS);
    try_all("section attributes", section_attributes, attributes_rule,
            SEC_COMMIT | SEC_RESERVE | SEC_IMAGE | SEC_NOCACHE | SEC_WRITECOMBINE);
    try_all("protection, map", map_protection, map_rule, RIGHTS);
    try_all("map type", map_type, map_type_rule, MEM_RESERVE | MEM_TOP_DOWN);
    try_all("inheritance", map_inherit, inherit_rule, 3);
    try_all("lock type", lock_type, lock_rule, 3);
    try_all("write watch flags", watch_flags, watch_rule, WRITE_WATCH_FLAG_RESET);
    return 0;
}
