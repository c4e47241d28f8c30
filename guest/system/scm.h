/* guest/system/scm.h: the service control manager's database.
 *
 * A service is a record; records are linked both ways in the order of their numbers. A process that
 * hosts services has a record as well, to which those of its services point. Whoever has a service
 * open is a handle structure:
 *
 *      ServiceDatabase ─> sErv <──> sErv <──> sErv ...        serH ─> sErv
 *                           │ ServiceProcess
 *                           └─────────> process: image, id <──> process ...
 *
 * The layout is that of Windows 7 x64 as tools for the forensics of memory document it (Volatility
 * svcscan, MemProcFS): links, names, Order, signature, status, start type; what stands between the
 * members that they name is not known, and left 0.
 */
#pragma once

#include "ntdll.h"

enum {
    SCM_RECORD_TAG = 0x76724573, /* "sErv" */
    SCM_HANDLE_TAG = 0x48726573, /* "serH" */
};

/* SERVICE_STATUS. Source: its documentation. */
enum { SERVICE_STOPPED = 1, SERVICE_RUNNING = 4 };
enum { SERVICE_KERNEL_DRIVER = 1, SERVICE_FILE_SYSTEM_DRIVER = 2 };
enum { SERVICE_AUTO_START = 2 };
enum { SERVICE_ACCEPT_STOP = 1, SERVICE_ACCEPT_SHUTDOWN = 4 };
#define SERVICE_ALL_ACCESS 0xF01FFu
#define ERROR_SERVICE_NEVER_STARTED 1077u

typedef struct _SERVICE_STATUS {
    ULONG dwServiceType;
    ULONG dwCurrentState;
    ULONG dwControlsAccepted;
    ULONG dwWin32ExitCode;
    ULONG dwServiceSpecificExitCode;
    ULONG dwCheckPoint;
    ULONG dwWaitHint;
} SERVICE_STATUS;

typedef struct _SERVICE_PROCESS {
    struct _SERVICE_PROCESS *Prev, *Next; /* a ring */
    WCHAR *ImageName;                     /* the command line */
    ULONG ProcessId;
} SERVICE_PROCESS;
NT_OFFSET(SERVICE_PROCESS, ImageName, 0x10);
NT_OFFSET(SERVICE_PROCESS, ProcessId, 0x18);

typedef struct _SERVICE_RECORD {
    struct _SERVICE_RECORD *PrevEntry;
    WCHAR *ServiceName;
    WCHAR *DisplayName;
    ULONG Order;
    ULONG : 32;
    ULONG Tag;
    ULONG : 32;
    union {
        SERVICE_PROCESS *ServiceProcess; /* while it runs */
        WCHAR *DriverName;               /* a driver's object */
    };
    SERVICE_STATUS Status;
    ULONG Start;
    ULONG ErrorControl;
    ULONG : 32;
    WCHAR *ImagePath; /* the command line of its process; NULL: a driver's */
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    struct _SERVICE_RECORD *ListPrev, *ListNext;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
} SERVICE_RECORD;
NT_OFFSET(SERVICE_RECORD, Order, 0x18);
NT_OFFSET(SERVICE_RECORD, Tag, 0x20);
NT_OFFSET(SERVICE_RECORD, ServiceProcess, 0x28);
NT_OFFSET(SERVICE_RECORD, Status, 0x30);
NT_OFFSET(SERVICE_RECORD, Start, 0x4C);
NT_OFFSET(SERVICE_RECORD, ListPrev, 0x78);
NT_OFFSET(SERVICE_RECORD, ListNext, 0x80);
NT_SIZE(SERVICE_RECORD, 0xA0);

typedef struct _SERVICE_HANDLE {
    ULONG Tag;
    ULONG Flags;
    ULONG64 AccessGranted;
    SERVICE_RECORD *ServiceRecord;
} SERVICE_HANDLE;
NT_OFFSET(SERVICE_HANDLE, ServiceRecord, 0x10);

/* Tools find the ends of the list here, by this name. */
struct scm_database {
    ULONG64 Count;
    SERVICE_RECORD *First, *Last;
    SERVICE_PROCESS Processes; /* head of the ring */
    void *heap;
    HANDLE key; /* SYSTEM\CurrentControlSet\Services, open for good */
};
extern struct scm_database ServiceDatabase;

/* Read all services from the registry. A driver of this machine runs since boot; nothing else
 * does yet. => STATUS_NO_MEMORY, what the registry says */
NTSTATUS scm_load(void);
/* A copy in the database's heap; NULL: no memory. */
WCHAR *scm_copy(const WCHAR *text, ULONG bytes);
void *scm_allocate(ULONG64 size);

/* Look for the processes of services that do not run yet. => do all that start with the system? */
BOOLEAN scm_find_processes(void);
