/* guest/kernel32/toolhelp.h: what Toolhelp gives out. Source: tlhelp32.h, documentation. */
#pragma once

#include "k32.h"

#define MAX_MODULE_NAME32 255

typedef struct tagPROCESSENTRY32W {
    ULONG dwSize;
    ULONG cntUsage;
    ULONG th32ProcessID;
    ULONG64 th32DefaultHeapID;
    ULONG th32ModuleID;
    ULONG cntThreads;
    ULONG th32ParentProcessID;
    LONG pcPriClassBase;
    ULONG dwFlags;
    WCHAR szExeFile[MAX_PATH];
} PROCESSENTRY32W;
NT_SIZE(PROCESSENTRY32W, 0x238);

typedef struct tagPROCESSENTRY32 {
    ULONG dwSize;
    ULONG cntUsage;
    ULONG th32ProcessID;
    ULONG64 th32DefaultHeapID;
    ULONG th32ModuleID;
    ULONG cntThreads;
    ULONG th32ParentProcessID;
    LONG pcPriClassBase;
    ULONG dwFlags;
    char szExeFile[MAX_PATH];
} PROCESSENTRY32;
NT_SIZE(PROCESSENTRY32, 0x130);

typedef struct tagTHREADENTRY32 {
    ULONG dwSize;
    ULONG cntUsage;
    ULONG th32ThreadID;
    ULONG th32OwnerProcessID;
    LONG tpBasePri;
    LONG tpDeltaPri;
    ULONG dwFlags;
} THREADENTRY32;
NT_SIZE(THREADENTRY32, 0x1C);

typedef struct tagMODULEENTRY32W {
    ULONG dwSize;
    ULONG th32ModuleID;
    ULONG th32ProcessID;
    ULONG GlblcntUsage;
    ULONG ProccntUsage;
    UCHAR *modBaseAddr;
    ULONG modBaseSize;
    HANDLE hModule;
    WCHAR szModule[MAX_MODULE_NAME32 + 1];
    WCHAR szExePath[MAX_PATH];
} MODULEENTRY32W;
NT_SIZE(MODULEENTRY32W, 0x438);

typedef struct tagMODULEENTRY32 {
    ULONG dwSize;
    ULONG th32ModuleID;
    ULONG th32ProcessID;
    ULONG GlblcntUsage;
    ULONG ProccntUsage;
    UCHAR *modBaseAddr;
    ULONG modBaseSize;
    HANDLE hModule;
    char szModule[MAX_MODULE_NAME32 + 1];
    char szExePath[MAX_PATH];
} MODULEENTRY32;
NT_SIZE(MODULEENTRY32, 0x238);

typedef struct tagHEAPLIST32 {
    ULONG64 dwSize;
    ULONG th32ProcessID;
    ULONG64 th32HeapID;
    ULONG dwFlags;
} HEAPLIST32;
NT_SIZE(HEAPLIST32, 0x20);

HANDLE CreateToolhelp32Snapshot(ULONG flags, ULONG id);
BOOL Process32FirstW(HANDLE snapshot, PROCESSENTRY32W *entry);
BOOL Process32NextW(HANDLE snapshot, PROCESSENTRY32W *entry);
BOOL Process32First(HANDLE snapshot, PROCESSENTRY32 *entry);
BOOL Process32Next(HANDLE snapshot, PROCESSENTRY32 *entry);
BOOL Thread32First(HANDLE snapshot, THREADENTRY32 *entry);
BOOL Thread32Next(HANDLE snapshot, THREADENTRY32 *entry);
BOOL Module32FirstW(HANDLE snapshot, MODULEENTRY32W *entry);
BOOL Module32NextW(HANDLE snapshot, MODULEENTRY32W *entry);
BOOL Module32First(HANDLE snapshot, MODULEENTRY32 *entry);
BOOL Module32Next(HANDLE snapshot, MODULEENTRY32 *entry);
BOOL Heap32ListFirst(HANDLE snapshot, HEAPLIST32 *entry);
BOOL Heap32ListNext(HANDLE snapshot, HEAPLIST32 *entry);
