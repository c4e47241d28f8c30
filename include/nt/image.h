/* include/nt/image.h: the PE format: executable images of 64-bit Windows.
 * Source: "PE Format" and "x64 exception handling", documentation; winnt.h names. */
#pragma once

#include "nt/types.h"

#define IMAGE_DOS_SIGNATURE 0x5A4Du    /* MZ */
#define IMAGE_OS2_SIGNATURE 0x454Eu    /* NE */
#define IMAGE_OS2_SIGNATURE_LE 0x454Cu /* LE */
#define IMAGE_NT_SIGNATURE 0x00004550u /* PE\0\0 */

#define IMAGE_FILE_MACHINE_I386 0x014Cu
#define IMAGE_FILE_MACHINE_AMD64 0x8664u

#define IMAGE_FILE_RELOCS_STRIPPED 0x0001u
#define IMAGE_FILE_EXECUTABLE_IMAGE 0x0002u
#define IMAGE_FILE_LARGE_ADDRESS_AWARE 0x0020u
#define IMAGE_FILE_DLL 0x2000u

#define IMAGE_NT_OPTIONAL_HDR32_MAGIC 0x010Bu
#define IMAGE_NT_OPTIONAL_HDR64_MAGIC 0x020Bu

#define IMAGE_SUBSYSTEM_NATIVE 1u
#define IMAGE_SUBSYSTEM_WINDOWS_GUI 2u
#define IMAGE_SUBSYSTEM_WINDOWS_CUI 3u

#define IMAGE_DLLCHARACTERISTICS_HIGH_ENTROPY_VA 0x0020u
#define IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE 0x0040u
#define IMAGE_DLLCHARACTERISTICS_FORCE_INTEGRITY 0x0080u
#define IMAGE_DLLCHARACTERISTICS_NX_COMPAT 0x0100u
#define IMAGE_DLLCHARACTERISTICS_NO_ISOLATION 0x0200u
#define IMAGE_DLLCHARACTERISTICS_NO_SEH 0x0400u
#define IMAGE_DLLCHARACTERISTICS_NO_BIND 0x0800u
#define IMAGE_DLLCHARACTERISTICS_TERMINAL_SERVER_AWARE 0x8000u

#define IMAGE_SCN_CNT_CODE 0x00000020u
#define IMAGE_SCN_CNT_INITIALIZED_DATA 0x00000040u
#define IMAGE_SCN_CNT_UNINITIALIZED_DATA 0x00000080u
#define IMAGE_SCN_MEM_DISCARDABLE 0x02000000u
#define IMAGE_SCN_MEM_NOT_CACHED 0x04000000u
#define IMAGE_SCN_MEM_NOT_PAGED 0x08000000u
#define IMAGE_SCN_MEM_SHARED 0x10000000u
#define IMAGE_SCN_MEM_EXECUTE 0x20000000u
#define IMAGE_SCN_MEM_READ 0x40000000u
#define IMAGE_SCN_MEM_WRITE 0x80000000u

#define IMAGE_NUMBEROF_DIRECTORY_ENTRIES 16
#define IMAGE_DIRECTORY_ENTRY_EXPORT 0
#define IMAGE_DIRECTORY_ENTRY_IMPORT 1
#define IMAGE_DIRECTORY_ENTRY_RESOURCE 2
#define IMAGE_DIRECTORY_ENTRY_EXCEPTION 3
#define IMAGE_DIRECTORY_ENTRY_SECURITY 4
#define IMAGE_DIRECTORY_ENTRY_BASERELOC 5
#define IMAGE_DIRECTORY_ENTRY_DEBUG 6
#define IMAGE_DIRECTORY_ENTRY_ARCHITECTURE 7
#define IMAGE_DIRECTORY_ENTRY_GLOBALPTR 8
#define IMAGE_DIRECTORY_ENTRY_TLS 9
#define IMAGE_DIRECTORY_ENTRY_LOAD_CONFIG 10
#define IMAGE_DIRECTORY_ENTRY_BOUND_IMPORT 11
#define IMAGE_DIRECTORY_ENTRY_IAT 12
#define IMAGE_DIRECTORY_ENTRY_DELAY_IMPORT 13
#define IMAGE_DIRECTORY_ENTRY_COM_DESCRIPTOR 14

#define IMAGE_REL_BASED_ABSOLUTE 0
#define IMAGE_REL_BASED_HIGH 1
#define IMAGE_REL_BASED_LOW 2
#define IMAGE_REL_BASED_HIGHLOW 3
#define IMAGE_REL_BASED_HIGHADJ 4
#define IMAGE_REL_BASED_DIR64 10

#define IMAGE_DEBUG_TYPE_CODEVIEW 2
#define IMAGE_ORDINAL_FLAG64 0x8000000000000000ull

typedef struct _IMAGE_DOS_HEADER {
    USHORT e_magic;
    USHORT e_cblp;
    USHORT e_cp;
    USHORT e_crlc;
    USHORT e_cparhdr;
    USHORT e_minalloc;
    USHORT e_maxalloc;
    USHORT e_ss;
    USHORT e_sp;
    USHORT e_csum;
    USHORT e_ip;
    USHORT e_cs;
    USHORT e_lfarlc;
    USHORT e_ovno;
    USHORT e_res[4];
    USHORT e_oemid;
    USHORT e_oeminfo;
    USHORT e_res2[10];
    LONG e_lfanew;
} IMAGE_DOS_HEADER;
NT_SIZE(IMAGE_DOS_HEADER, 0x40);

typedef struct _IMAGE_FILE_HEADER {
    USHORT Machine;
    USHORT NumberOfSections;
    ULONG TimeDateStamp;
    ULONG PointerToSymbolTable;
    ULONG NumberOfSymbols;
    USHORT SizeOfOptionalHeader;
    USHORT Characteristics;
} IMAGE_FILE_HEADER;
NT_SIZE(IMAGE_FILE_HEADER, 0x14);

typedef struct _IMAGE_DATA_DIRECTORY {
    ULONG VirtualAddress;
    ULONG Size;
} IMAGE_DATA_DIRECTORY;
NT_SIZE(IMAGE_DATA_DIRECTORY, 0x8);

typedef struct _IMAGE_OPTIONAL_HEADER64 {
    USHORT Magic;
    UCHAR MajorLinkerVersion;
    UCHAR MinorLinkerVersion;
    ULONG SizeOfCode;
    ULONG SizeOfInitializedData;
    ULONG SizeOfUninitializedData;
    ULONG AddressOfEntryPoint;
    ULONG BaseOfCode;
    ULONG64 ImageBase;
    ULONG SectionAlignment;
    ULONG FileAlignment;
    USHORT MajorOperatingSystemVersion;
    USHORT MinorOperatingSystemVersion;
    USHORT MajorImageVersion;
    USHORT MinorImageVersion;
    USHORT MajorSubsystemVersion;
    USHORT MinorSubsystemVersion;
    ULONG Win32VersionValue;
    ULONG SizeOfImage;
    ULONG SizeOfHeaders;
    ULONG CheckSum;
    USHORT Subsystem;
    USHORT DllCharacteristics;
    ULONG64 SizeOfStackReserve;
    ULONG64 SizeOfStackCommit;
    ULONG64 SizeOfHeapReserve;
    ULONG64 SizeOfHeapCommit;
    ULONG LoaderFlags;
    ULONG NumberOfRvaAndSizes;
    IMAGE_DATA_DIRECTORY DataDirectory[IMAGE_NUMBEROF_DIRECTORY_ENTRIES];
} IMAGE_OPTIONAL_HEADER64;
NT_SIZE(IMAGE_OPTIONAL_HEADER64, 0xF0);
NT_OFFSET(IMAGE_OPTIONAL_HEADER64, ImageBase, 0x18);
NT_OFFSET(IMAGE_OPTIONAL_HEADER64, SizeOfImage, 0x38);
NT_OFFSET(IMAGE_OPTIONAL_HEADER64, SizeOfStackReserve, 0x48);
NT_OFFSET(IMAGE_OPTIONAL_HEADER64, DataDirectory, 0x70);

typedef struct _IMAGE_NT_HEADERS64 {
    ULONG Signature;
    IMAGE_FILE_HEADER FileHeader;
    IMAGE_OPTIONAL_HEADER64 OptionalHeader;
} IMAGE_NT_HEADERS64;
NT_SIZE(IMAGE_NT_HEADERS64, 0x108);

typedef struct _IMAGE_SECTION_HEADER {
    UCHAR Name[8];
    union {
        ULONG PhysicalAddress;
        ULONG VirtualSize;
    } Misc;
    ULONG VirtualAddress;
    ULONG SizeOfRawData;
    ULONG PointerToRawData;
    ULONG PointerToRelocations;
    ULONG PointerToLinenumbers;
    USHORT NumberOfRelocations;
    USHORT NumberOfLinenumbers;
    ULONG Characteristics;
} IMAGE_SECTION_HEADER;
NT_SIZE(IMAGE_SECTION_HEADER, 0x28);
NT_OFFSET(IMAGE_SECTION_HEADER, Characteristics, 0x24);

typedef struct _IMAGE_EXPORT_DIRECTORY {
    ULONG Characteristics;
    ULONG TimeDateStamp;
    USHORT MajorVersion;
    USHORT MinorVersion;
    ULONG Name;
    ULONG Base;
    ULONG NumberOfFunctions;
    ULONG NumberOfNames;
    ULONG AddressOfFunctions;
    ULONG AddressOfNames;
    ULONG AddressOfNameOrdinals;
} IMAGE_EXPORT_DIRECTORY;
NT_SIZE(IMAGE_EXPORT_DIRECTORY, 0x28);

typedef struct _IMAGE_IMPORT_DESCRIPTOR {
    ULONG OriginalFirstThunk;
    ULONG TimeDateStamp;
    ULONG ForwarderChain;
    ULONG Name;
    ULONG FirstThunk;
} IMAGE_IMPORT_DESCRIPTOR;
NT_SIZE(IMAGE_IMPORT_DESCRIPTOR, 0x14);

typedef struct _IMAGE_BASE_RELOCATION {
    ULONG VirtualAddress;
    ULONG SizeOfBlock;
} IMAGE_BASE_RELOCATION;
NT_SIZE(IMAGE_BASE_RELOCATION, 0x8);

typedef struct _IMAGE_DEBUG_DIRECTORY {
    ULONG Characteristics;
    ULONG TimeDateStamp;
    USHORT MajorVersion;
    USHORT MinorVersion;
    ULONG Type;
    ULONG SizeOfData;
    ULONG AddressOfRawData;
    ULONG PointerToRawData;
} IMAGE_DEBUG_DIRECTORY;
NT_SIZE(IMAGE_DEBUG_DIRECTORY, 0x1C);

typedef struct _IMAGE_TLS_DIRECTORY64 {
    ULONG64 StartAddressOfRawData;
    ULONG64 EndAddressOfRawData;
    ULONG64 AddressOfIndex;
    ULONG64 AddressOfCallBacks;
    ULONG SizeOfZeroFill;
    ULONG Characteristics;
} IMAGE_TLS_DIRECTORY64;
NT_SIZE(IMAGE_TLS_DIRECTORY64, 0x28);

/* One function of the exception directory; all three are RVAs. */
typedef struct _IMAGE_RUNTIME_FUNCTION_ENTRY {
    ULONG BeginAddress;
    ULONG EndAddress;
    ULONG UnwindInfoAddress;
} IMAGE_RUNTIME_FUNCTION_ENTRY;
NT_SIZE(IMAGE_RUNTIME_FUNCTION_ENTRY, 0xC);

#define UNW_FLAG_NHANDLER 0x0u
#define UNW_FLAG_EHANDLER 0x1u
#define UNW_FLAG_UHANDLER 0x2u
#define UNW_FLAG_CHAININFO 0x4u

enum {
    UWOP_PUSH_NONVOL = 0,
    UWOP_ALLOC_LARGE = 1,
    UWOP_ALLOC_SMALL = 2,
    UWOP_SET_FPREG = 3,
    UWOP_SAVE_NONVOL = 4,
    UWOP_SAVE_NONVOL_FAR = 5,
    UWOP_SAVE_XMM128 = 8,
    UWOP_SAVE_XMM128_FAR = 9,
    UWOP_PUSH_MACHFRAME = 10
};
