/* include/nt/file.h: constants and structures of the file calls.
 * Source: NtCreateFile, NtQueryDirectoryFile, NtQueryInformationFile and
 * NtQueryVolumeInformationFile documentation ([MS-FSCC] 2.4 and 2.5 for the structures). */
#pragma once

#include "nt/access.h"
#include "nt/io.h"
#include "nt/types.h"

/* Rights. */
#define FILE_READ_DATA 0x0001u
#define FILE_LIST_DIRECTORY 0x0001u
#define FILE_WRITE_DATA 0x0002u
#define FILE_ADD_FILE 0x0002u
#define FILE_APPEND_DATA 0x0004u
#define FILE_ADD_SUBDIRECTORY 0x0004u
#define FILE_READ_EA 0x0008u
#define FILE_WRITE_EA 0x0010u
#define FILE_EXECUTE 0x0020u
#define FILE_TRAVERSE 0x0020u
#define FILE_DELETE_CHILD 0x0040u
#define FILE_READ_ATTRIBUTES 0x0080u
#define FILE_WRITE_ATTRIBUTES 0x0100u
#define FILE_ALL_ACCESS (STANDARD_RIGHTS_REQUIRED | SYNCHRONIZE | 0x1FFu)
#define FILE_GENERIC_READ                                                                          \
    (READ_CONTROL | FILE_READ_DATA | FILE_READ_ATTRIBUTES | FILE_READ_EA | SYNCHRONIZE)
#define FILE_GENERIC_WRITE                                                                         \
    (READ_CONTROL | FILE_WRITE_DATA | FILE_WRITE_ATTRIBUTES | FILE_WRITE_EA | FILE_APPEND_DATA |   \
     SYNCHRONIZE)
#define FILE_GENERIC_EXECUTE (READ_CONTROL | FILE_READ_ATTRIBUTES | FILE_EXECUTE | SYNCHRONIZE)

#define FILE_SHARE_READ 0x1u
#define FILE_SHARE_WRITE 0x2u
#define FILE_SHARE_DELETE 0x4u
#define FILE_SHARE_VALID_FLAGS 0x7u

#define FILE_ATTRIBUTE_READONLY 0x0001u
#define FILE_ATTRIBUTE_HIDDEN 0x0002u
#define FILE_ATTRIBUTE_SYSTEM 0x0004u
#define FILE_ATTRIBUTE_DIRECTORY 0x0010u
#define FILE_ATTRIBUTE_ARCHIVE 0x0020u
#define FILE_ATTRIBUTE_DEVICE 0x0040u
#define FILE_ATTRIBUTE_NORMAL 0x0080u
#define FILE_ATTRIBUTE_TEMPORARY 0x0100u
#define FILE_ATTRIBUTE_VALID_SET_FLAGS 0x31A7u

/* CreateDisposition */
#define FILE_SUPERSEDE 0u
#define FILE_OPEN 1u
#define FILE_CREATE 2u
#define FILE_OPEN_IF 3u
#define FILE_OVERWRITE 4u
#define FILE_OVERWRITE_IF 5u
#define FILE_MAXIMUM_DISPOSITION 5u

/* CreateOptions */
#define FILE_DIRECTORY_FILE 0x00000001u
#define FILE_WRITE_THROUGH 0x00000002u
#define FILE_SEQUENTIAL_ONLY 0x00000004u
#define FILE_NO_INTERMEDIATE_BUFFERING 0x00000008u
#define FILE_SYNCHRONOUS_IO_ALERT 0x00000010u
#define FILE_SYNCHRONOUS_IO_NONALERT 0x00000020u
#define FILE_NON_DIRECTORY_FILE 0x00000040u
#define FILE_CREATE_TREE_CONNECTION 0x00000080u
#define FILE_COMPLETE_IF_OPLOCKED 0x00000100u
#define FILE_NO_EA_KNOWLEDGE 0x00000200u
#define FILE_OPEN_REMOTE_INSTANCE 0x00000400u
#define FILE_RANDOM_ACCESS 0x00000800u
#define FILE_DELETE_ON_CLOSE 0x00001000u
#define FILE_OPEN_BY_FILE_ID 0x00002000u
#define FILE_OPEN_FOR_BACKUP_INTENT 0x00004000u
#define FILE_NO_COMPRESSION 0x00008000u
#define FILE_RESERVE_OPFILTER 0x00100000u
#define FILE_OPEN_REPARSE_POINT 0x00200000u
#define FILE_OPEN_NO_RECALL 0x00400000u
#define FILE_OPEN_FOR_FREE_SPACE_QUERY 0x00800000u
#define FILE_VALID_OPTION_FLAGS 0x00FFFFFFu

/* IO_STATUS_BLOCK.Information of a create */
#define FILE_SUPERSEDED 0u
#define FILE_OPENED 1u
#define FILE_CREATED 2u
#define FILE_OVERWRITTEN 3u
#define FILE_EXISTS 4u
#define FILE_DOES_NOT_EXIST 5u

/* Byte offsets with a meaning of their own. */
#define FILE_WRITE_TO_END_OF_FILE (-1ll)
#define FILE_USE_FILE_POINTER_POSITION (-2ll)

/* FILE_OBJECT.Flags */
#define FO_FILE_OPEN 0x00000001u
#define FO_SYNCHRONOUS_IO 0x00000002u
#define FO_ALERTABLE_IO 0x00000004u
#define FO_NO_INTERMEDIATE_BUFFERING 0x00000008u
#define FO_WRITE_THROUGH 0x00000010u
#define FO_SEQUENTIAL_ONLY 0x00000020u
#define FO_FILE_MODIFIED 0x00001000u
#define FO_CLEANUP_COMPLETE 0x00004000u
#define FO_HANDLE_CREATED 0x00040000u
#define FO_RANDOM_ACCESS 0x00100000u
#define FO_DELETE_ON_CLOSE 0x00010000u

/* Device types and characteristics */
#define FILE_DEVICE_DISK 0x07u
#define FILE_DEVICE_DISK_FILE_SYSTEM 0x08u
#define FILE_DEVICE_NAMED_PIPE 0x11u
#define FILE_DEVICE_NULL 0x15u
#define FILE_DEVICE_KSEC 0x39u
#define FILE_DEVICE_CONSOLE 0x50u
#define FILE_READ_ONLY_DEVICE 0x02u
#define FILE_DEVICE_IS_MOUNTED 0x20u

/* FILE_FS_ATTRIBUTE_INFORMATION.FileSystemAttributes */
#define FILE_CASE_SENSITIVE_SEARCH 0x1u
#define FILE_CASE_PRESERVED_NAMES 0x2u
#define FILE_UNICODE_ON_DISK 0x4u

#define IO_TYPE_DEVICE 3
#define IO_TYPE_DRIVER 4
#define IO_TYPE_FILE 5
#define IO_TYPE_VPB 10

#define IRP_MJ_CREATE 0
#define IRP_MJ_MAXIMUM_FUNCTION 27

/* ---- information buffers: a fixed part, then a name ---- */

typedef struct _FILE_INTERNAL_INFORMATION {
    LONG64 IndexNumber;
} FILE_INTERNAL_INFORMATION;

typedef struct _FILE_EA_INFORMATION {
    ULONG EaSize;
} FILE_EA_INFORMATION;

typedef struct _FILE_ACCESS_INFORMATION {
    ULONG AccessFlags;
} FILE_ACCESS_INFORMATION;

typedef struct _FILE_POSITION_INFORMATION {
    LONG64 CurrentByteOffset;
} FILE_POSITION_INFORMATION;

typedef struct _FILE_MODE_INFORMATION {
    ULONG Mode;
} FILE_MODE_INFORMATION;

typedef struct _FILE_ALIGNMENT_INFORMATION {
    ULONG AlignmentRequirement;
} FILE_ALIGNMENT_INFORMATION;

typedef struct _FILE_NAME_INFORMATION {
    ULONG FileNameLength; /* bytes */
    WCHAR FileName[];
} FILE_NAME_INFORMATION;
NT_SIZE(FILE_NAME_INFORMATION, 4);

typedef struct _FILE_ALL_INFORMATION {
    FILE_BASIC_INFORMATION BasicInformation;
    FILE_STANDARD_INFORMATION StandardInformation;
    FILE_INTERNAL_INFORMATION InternalInformation;
    FILE_EA_INFORMATION EaInformation;
    FILE_ACCESS_INFORMATION AccessInformation;
    FILE_POSITION_INFORMATION PositionInformation;
    FILE_MODE_INFORMATION ModeInformation;
    FILE_ALIGNMENT_INFORMATION AlignmentInformation;
    FILE_NAME_INFORMATION NameInformation;
} FILE_ALL_INFORMATION;
NT_OFFSET(FILE_ALL_INFORMATION, NameInformation, 0x60);

typedef struct _FILE_ATTRIBUTE_TAG_INFORMATION {
    ULONG FileAttributes;
    ULONG ReparseTag;
} FILE_ATTRIBUTE_TAG_INFORMATION;

typedef struct _FILE_DISPOSITION_INFORMATION {
    UCHAR DeleteFile;
} FILE_DISPOSITION_INFORMATION;

typedef struct _FILE_END_OF_FILE_INFORMATION {
    LONG64 EndOfFile;
} FILE_END_OF_FILE_INFORMATION;

typedef struct _FILE_ALLOCATION_INFORMATION {
    LONG64 AllocationSize;
} FILE_ALLOCATION_INFORMATION;

typedef struct _FILE_RENAME_INFORMATION {
    UCHAR ReplaceIfExists;
    UPTR(void) RootDirectory;
    ULONG FileNameLength;
    WCHAR FileName[];
} FILE_RENAME_INFORMATION;
NT_OFFSET(FILE_RENAME_INFORMATION, FileName, 0x14);

typedef struct _FILE_DIRECTORY_INFORMATION {
    ULONG NextEntryOffset;
    ULONG FileIndex;
    LONG64 CreationTime;
    LONG64 LastAccessTime;
    LONG64 LastWriteTime;
    LONG64 ChangeTime;
    LONG64 EndOfFile;
    LONG64 AllocationSize;
    ULONG FileAttributes;
    ULONG FileNameLength;
    WCHAR FileName[];
} FILE_DIRECTORY_INFORMATION;
NT_OFFSET(FILE_DIRECTORY_INFORMATION, FileName, 0x40);

typedef struct _FILE_FULL_DIR_INFORMATION {
    ULONG NextEntryOffset;
    ULONG FileIndex;
    LONG64 CreationTime;
    LONG64 LastAccessTime;
    LONG64 LastWriteTime;
    LONG64 ChangeTime;
    LONG64 EndOfFile;
    LONG64 AllocationSize;
    ULONG FileAttributes;
    ULONG FileNameLength;
    ULONG EaSize;
    WCHAR FileName[];
} FILE_FULL_DIR_INFORMATION;
NT_OFFSET(FILE_FULL_DIR_INFORMATION, FileName, 0x44);

typedef struct _FILE_BOTH_DIR_INFORMATION {
    ULONG NextEntryOffset;
    ULONG FileIndex;
    LONG64 CreationTime;
    LONG64 LastAccessTime;
    LONG64 LastWriteTime;
    LONG64 ChangeTime;
    LONG64 EndOfFile;
    LONG64 AllocationSize;
    ULONG FileAttributes;
    ULONG FileNameLength;
    ULONG EaSize;
    CHAR ShortNameLength;
    WCHAR ShortName[12];
    WCHAR FileName[];
} FILE_BOTH_DIR_INFORMATION;
NT_OFFSET(FILE_BOTH_DIR_INFORMATION, FileName, 0x5E);

typedef struct _FILE_ID_BOTH_DIR_INFORMATION {
    ULONG NextEntryOffset;
    ULONG FileIndex;
    LONG64 CreationTime;
    LONG64 LastAccessTime;
    LONG64 LastWriteTime;
    LONG64 ChangeTime;
    LONG64 EndOfFile;
    LONG64 AllocationSize;
    ULONG FileAttributes;
    ULONG FileNameLength;
    ULONG EaSize;
    CHAR ShortNameLength;
    WCHAR ShortName[12];
    LONG64 FileId;
    WCHAR FileName[];
} FILE_ID_BOTH_DIR_INFORMATION;
NT_OFFSET(FILE_ID_BOTH_DIR_INFORMATION, FileName, 0x68);

typedef struct _FILE_ID_FULL_DIR_INFORMATION {
    ULONG NextEntryOffset;
    ULONG FileIndex;
    LONG64 CreationTime;
    LONG64 LastAccessTime;
    LONG64 LastWriteTime;
    LONG64 ChangeTime;
    LONG64 EndOfFile;
    LONG64 AllocationSize;
    ULONG FileAttributes;
    ULONG FileNameLength;
    ULONG EaSize;
    LONG64 FileId;
    WCHAR FileName[];
} FILE_ID_FULL_DIR_INFORMATION;
NT_OFFSET(FILE_ID_FULL_DIR_INFORMATION, FileName, 0x50);

typedef struct _FILE_NAMES_INFORMATION {
    ULONG NextEntryOffset;
    ULONG FileIndex;
    ULONG FileNameLength;
    WCHAR FileName[];
} FILE_NAMES_INFORMATION;
NT_OFFSET(FILE_NAMES_INFORMATION, FileName, 0xC);

typedef struct _FILE_FS_DEVICE_INFORMATION {
    ULONG DeviceType;
    ULONG Characteristics;
} FILE_FS_DEVICE_INFORMATION;

typedef struct _FILE_FS_SIZE_INFORMATION {
    LONG64 TotalAllocationUnits;
    LONG64 AvailableAllocationUnits;
    ULONG SectorsPerAllocationUnit;
    ULONG BytesPerSector;
} FILE_FS_SIZE_INFORMATION;

typedef struct _FILE_FS_FULL_SIZE_INFORMATION {
    LONG64 TotalAllocationUnits;
    LONG64 CallerAvailableAllocationUnits;
    LONG64 ActualAvailableAllocationUnits;
    ULONG SectorsPerAllocationUnit;
    ULONG BytesPerSector;
} FILE_FS_FULL_SIZE_INFORMATION;

typedef struct _FILE_FS_ATTRIBUTE_INFORMATION {
    ULONG FileSystemAttributes;
    LONG MaximumComponentNameLength;
    ULONG FileSystemNameLength;
    WCHAR FileSystemName[];
} FILE_FS_ATTRIBUTE_INFORMATION;
NT_OFFSET(FILE_FS_ATTRIBUTE_INFORMATION, FileSystemName, 0xC);

typedef struct _FILE_FS_VOLUME_INFORMATION {
    LONG64 VolumeCreationTime;
    ULONG VolumeSerialNumber;
    ULONG VolumeLabelLength;
    UCHAR SupportsObjects;
    WCHAR VolumeLabel[];
} FILE_FS_VOLUME_INFORMATION;
NT_OFFSET(FILE_FS_VOLUME_INFORMATION, VolumeLabel, 0x12);

/* FSCTL_PIPE_PEEK answers with this. */
#define FSCTL_PIPE_PEEK 0x11400Cu
#define FILE_PIPE_LISTENING_STATE 2u
#define FILE_PIPE_CONNECTED_STATE 3u
#define FILE_PIPE_BYTE_STREAM_TYPE 0u
typedef struct _FILE_PIPE_PEEK_BUFFER {
    ULONG NamedPipeState;
    ULONG ReadDataAvailable;
    ULONG NumberOfMessages;
    ULONG MessageLength;
    CHAR Data[];
} FILE_PIPE_PEEK_BUFFER;
NT_OFFSET(FILE_PIPE_PEEK_BUFFER, Data, 0x10);

typedef struct _FILE_FS_OBJECTID_INFORMATION {
    UCHAR ObjectId[16];
    UCHAR ExtendedInfo[48];
} FILE_FS_OBJECTID_INFORMATION;
NT_SIZE(FILE_FS_OBJECTID_INFORMATION, 0x40);
