/* guest/kernel32/processes.h: looking at other processes, for Toolhelp and PSAPI. */
#pragma once

#include "k32.h"

/* The answer of NtQuerySystemInformation to a class of any length, of the heap; NULL with the last
 * error set. */
void *system_list(ULONG class, ULONG *length);
/* The list of SystemProcessInformation, likewise. */
SYSTEM_PROCESS_INFORMATION *process_list(void);
/* The entry after `p`; NULL at the end. */
const SYSTEM_PROCESS_INFORMATION *process_next(const SYSTEM_PROCESS_INFORMATION *p);

/* A walk over the modules of a process, in the order in which they were loaded. */
struct module_walk {
    HANDLE process;
    const LIST_ENTRY *head, *link; /* in that process */
    LDR_DATA_TABLE_ENTRY entry;    /* a copy of where the walk is */
    ULONG count;
};

/* Where the process's PEB is; NULL with the last error set. */
PEB *peb_of(HANDLE process);
BOOL read_remote(HANDLE process, const void *from, void *to, ULONG64 size);
/* => FALSE with the last error set: ERROR_PARTIAL_COPY before its loader has begun */
BOOL module_walk_init(struct module_walk *walk, HANDLE process);
/* => FALSE at the end */
BOOL module_walk_next(struct module_walk *walk);
/* One of the walk's entry's strings: characters, of which at most `size` - 1 were stored, and an
 * end. => 0 with the last error set */
ULONG module_walk_string(const struct module_walk *walk, const UNICODE_STRING *string, WCHAR *text,
                         ULONG size);
