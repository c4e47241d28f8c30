/* Tables of calls and the statuses that they return: one table per call; a row is a status and the
 * call's arguments, and what is not as it says is printed. */
#pragma once

#include <stdio.h>
#include <string.h>
#include <windows.h>
#include <winternl.h>

typedef ULONG_PTR word;
typedef LONG status;

#define SUCCESS 0x00000000
#define PARTIAL_COPY 0x8000000D
#define BUFFER_OVERFLOW 0x80000005
#define INVALID_INFO_CLASS 0xC0000003
#define INFO_LENGTH_MISMATCH 0xC0000004
#define ACCESS_VIOLATION 0xC0000005
#define INVALID_HANDLE 0xC0000008
#define INVALID_PARAMETER 0xC000000D
#define NO_MEMORY 0xC0000017
#define CONFLICTING_ADDRESSES 0xC0000018
#define NOT_MAPPED_VIEW 0xC0000019
#define UNABLE_TO_FREE_VM 0xC000001A
#define UNABLE_TO_DELETE_SECTION 0xC000001B
#define INVALID_VIEW_SIZE 0xC000001F
#define INVALID_FILE_FOR_SECTION 0xC0000020
#define ALREADY_COMMITTED 0xC0000021
#define ACCESS_DENIED 0xC0000022
#define OBJECT_TYPE_MISMATCH 0xC0000024
#define NOT_COMMITTED 0xC000002D
#define OBJECT_NAME_NOT_FOUND 0xC0000034
#define OBJECT_NAME_COLLISION 0xC0000035
#define OBJECT_PATH_NOT_FOUND 0xC000003A
#define OBJECT_PATH_SYNTAX_BAD 0xC000003B
#define SECTION_TOO_BIG 0xC0000040
#define INVALID_PAGE_PROTECTION 0xC0000045
#define SECTION_NOT_IMAGE 0xC0000049
#define SECTION_PROTECTION 0xC000004E
#define PRIVILEGE_NOT_HELD 0xC0000061
#define SECTION_NOT_EXTENDED 0xC0000087
#define NOT_MAPPED_DATA 0xC0000088
#define FILE_INVALID 0xC0000098
#define FREE_VM_NOT_AT_BASE 0xC000009F
#define MEMORY_NOT_ALLOCATED 0xC00000A0
#define NOT_SAME_DEVICE 0xC00000D4
#define INVALID_PARAMETER_1 0xC00000EF
#define INVALID_PARAMETER_2 0xC00000F0
#define INVALID_PARAMETER_3 0xC00000F1
#define INVALID_PARAMETER_4 0xC00000F2
#define INVALID_PARAMETER_5 0xC00000F3
#define INVALID_PARAMETER_6 0xC00000F4
#define INVALID_PARAMETER_8 0xC00000F6
#define INVALID_PARAMETER_9 0xC00000F7
#define PROCESS_IS_TERMINATING 0xC000010A
#define MAPPED_FILE_SIZE_ZERO 0xC000011E
#define COMMITMENT_LIMIT 0xC000012D
#define INVALID_IMAGE_NOT_MZ 0xC000012F
#define INVALID_ADDRESS 0xC0000141
#define USER_MAPPED_FILE 0xC0000243
#define MAPPED_ALIGNMENT 0xC0000220
#define CHANGED 0xBAD00001 /* failed, but base or size is not what it was */

#define SELF ((word)-1)
#define CLOSED 0x7FF0 /* never a handle here */
#define KERNEL 0xFFFFF80000000000
#define BAD_POINTER 0x7777777777 /* as a value behind a pointer: the pointer itself is bad */
#define INTO KERNEL

struct row {
    int line;
    ULONG expected;
    word v[10];
};
#define ROW(expected, ...)                                                                         \
    {                                                                                              \
        __LINE__, expected,                                                                        \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

static void check(const char *name, status (*call)(const word *v), const struct row *rows,
                  size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ULONG got = call(rows[i].v);
        if (got != rows[i].expected)
            printf("%s, line %d: %08lx, expected %08lx\n", name, rows[i].line, got,
                   rows[i].expected);
    }
    printf("%s: %u rows\n", name, (unsigned)count);
}
#define CHECK(call, rows) check(#call, call, rows, sizeof rows / sizeof *rows)

static void *pointer(word *value)
{
    return *value == BAD_POINTER ? (void *)INTO : value;
}

static status unchanged(status s, word was_base, word base, word was_size, word size)
{
    return s < 0 && (was_base != base || was_size != size) ? (status)CHANGED : s;
}

/* ---- what calls are about ---- */

/* The same object with other rights. */
static inline word copy_of(word handle, ULONG access)
{
    HANDLE copy = NULL;
    DuplicateHandle(GetCurrentProcess(), (HANDLE)handle, GetCurrentProcess(), &copy, access, FALSE,
                    0);
    return (word)copy;
}

/* A process that is over, but for this handle: the program itself, run with an argument. */
static inline word end_process(const char *self)
{
    STARTUPINFOA startup = {.cb = sizeof startup};
    PROCESS_INFORMATION info = {0};
    char line[MAX_PATH + 8];
    snprintf(line, sizeof line, "%s end", self);
    CreateProcessA(NULL, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &info);
    WaitForSingleObject(info.hProcess, INFINITE);
    CloseHandle(info.hThread);
    return (word)info.hProcess;
}
