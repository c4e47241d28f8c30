/* include/nt/registry.h: what is said about the registry across the system call.
 *
 * Source: documentation of NtCreateKey, NtQueryKey, NtQueryValueKey and their kin; registry value
 * types; KEY_*_INFORMATION. */
#pragma once

#include "nt/rtl.h"
#include "nt/types.h"

/* Types of values. */
#define REG_NONE 0u
#define REG_SZ 1u
#define REG_EXPAND_SZ 2u
#define REG_BINARY 3u
#define REG_DWORD 4u
#define REG_DWORD_BIG_ENDIAN 5u
#define REG_LINK 6u
#define REG_MULTI_SZ 7u
#define REG_QWORD 11u

/* Options of NtCreateKey and NtOpenKeyEx. */
#define REG_OPTION_VOLATILE 0x1u
#define REG_OPTION_CREATE_LINK 0x2u
#define REG_OPTION_BACKUP_RESTORE 0x4u
#define REG_OPTION_OPEN_LINK 0x8u
#define REG_CREATE_OPTIONS 0xFu

/* What NtCreateKey did. */
#define REG_CREATED_NEW_KEY 1u
#define REG_OPENED_EXISTING_KEY 2u

/* NtQueryKey and NtEnumerateKey. */
enum {
    KeyBasicInformation = 0,
    KeyNodeInformation = 1,
    KeyFullInformation = 2,
    KeyNameInformation = 3,
    KeyCachedInformation = 4,
};

/* Variable parts begin at the last member; sizes are up to there. */
typedef struct _KEY_BASIC_INFORMATION {
    LARGE_INTEGER LastWriteTime;
    ULONG TitleIndex;
    ULONG NameLength;
    WCHAR Name[1];
} KEY_BASIC_INFORMATION;
NT_OFFSET(KEY_BASIC_INFORMATION, Name, 0x10);

typedef struct _KEY_NODE_INFORMATION {
    LARGE_INTEGER LastWriteTime;
    ULONG TitleIndex;
    ULONG ClassOffset;
    ULONG ClassLength;
    ULONG NameLength;
    WCHAR Name[1];
} KEY_NODE_INFORMATION;
NT_OFFSET(KEY_NODE_INFORMATION, Name, 0x18);

typedef struct _KEY_FULL_INFORMATION {
    LARGE_INTEGER LastWriteTime;
    ULONG TitleIndex;
    ULONG ClassOffset;
    ULONG ClassLength;
    ULONG SubKeys;
    ULONG MaxNameLen;
    ULONG MaxClassLen;
    ULONG Values;
    ULONG MaxValueNameLen;
    ULONG MaxValueDataLen;
    WCHAR Class[1];
} KEY_FULL_INFORMATION;
NT_OFFSET(KEY_FULL_INFORMATION, Class, 0x2C);

typedef struct _KEY_NAME_INFORMATION {
    ULONG NameLength;
    WCHAR Name[1];
} KEY_NAME_INFORMATION;
NT_OFFSET(KEY_NAME_INFORMATION, Name, 0x4);

typedef struct _KEY_CACHED_INFORMATION {
    LARGE_INTEGER LastWriteTime;
    ULONG TitleIndex;
    ULONG SubKeys;
    ULONG MaxNameLen;
    ULONG Values;
    ULONG MaxValueNameLen;
    ULONG MaxValueDataLen;
    ULONG NameLength;
} KEY_CACHED_INFORMATION;
NT_SIZE(KEY_CACHED_INFORMATION, 0x28);

/* NtQueryValueKey and NtEnumerateValueKey. */
enum {
    KeyValueBasicInformation = 0,
    KeyValueFullInformation = 1,
    KeyValuePartialInformation = 2,
};

typedef struct _KEY_VALUE_BASIC_INFORMATION {
    ULONG TitleIndex;
    ULONG Type;
    ULONG NameLength;
    WCHAR Name[1];
} KEY_VALUE_BASIC_INFORMATION;
NT_OFFSET(KEY_VALUE_BASIC_INFORMATION, Name, 0xC);

typedef struct _KEY_VALUE_FULL_INFORMATION {
    ULONG TitleIndex;
    ULONG Type;
    ULONG DataOffset;
    ULONG DataLength;
    ULONG NameLength;
    WCHAR Name[1];
} KEY_VALUE_FULL_INFORMATION;
NT_OFFSET(KEY_VALUE_FULL_INFORMATION, Name, 0x14);

typedef struct _KEY_VALUE_PARTIAL_INFORMATION {
    ULONG TitleIndex;
    ULONG Type;
    ULONG DataLength;
    UCHAR Data[1];
} KEY_VALUE_PARTIAL_INFORMATION;
NT_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Data, 0xC);
