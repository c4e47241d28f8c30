/* guest/ntdll/image.c: finding one's way in a mapped image. */
#include "ntdllp.h"

/* => NULL: `base` is not the start of a 64-bit image */
IMAGE_NT_HEADERS64 *RtlImageNtHeader(void *base)
{
    const IMAGE_DOS_HEADER *dos = base;
    if (!base || base == INVALID_HANDLE_VALUE || dos->e_magic != IMAGE_DOS_SIGNATURE ||
        (ULONG)dos->e_lfanew > 0x10000000) {
        return NULL;
    }
    IMAGE_NT_HEADERS64 *headers = (IMAGE_NT_HEADERS64 *)((char *)base + dos->e_lfanew);
    if (headers->Signature != IMAGE_NT_SIGNATURE ||
        headers->OptionalHeader.Magic != IMAGE_NT_OPTIONAL_HDR64_MAGIC) {
        return NULL;
    }
    return headers;
}

static ULONG file_offset(const IMAGE_NT_HEADERS64 *headers, ULONG rva)
{
    const IMAGE_SECTION_HEADER *section =
        (const IMAGE_SECTION_HEADER *)((const char *)&headers->OptionalHeader +
                                       headers->FileHeader.SizeOfOptionalHeader);
    for (ULONG i = 0; i < headers->FileHeader.NumberOfSections; i++, section++) {
        if (rva - section->VirtualAddress < section->SizeOfRawData) {
            return rva - section->VirtualAddress + section->PointerToRawData;
        }
    }
    return 0;
}

/* Start and size of a data directory; `mapped` 0: the image is a plain copy of the file. A base
 * with bit 0 set is such a copy, too. */
void *RtlImageDirectoryEntryToData(void *base, BOOLEAN mapped, USHORT entry, ULONG *size)
{
    if ((ULONG64)base & 1) {
        base = (char *)base - 1;
        mapped = 0;
    }
    IMAGE_NT_HEADERS64 *headers = RtlImageNtHeader(base);
    if (!headers || entry >= headers->OptionalHeader.NumberOfRvaAndSizes ||
        entry >= IMAGE_NUMBEROF_DIRECTORY_ENTRIES) {
        return NULL;
    }
    const IMAGE_DATA_DIRECTORY *directory = &headers->OptionalHeader.DataDirectory[entry];
    if (!directory->VirtualAddress) {
        return NULL;
    }
    ULONG offset = directory->VirtualAddress;
    if (!mapped && offset >= headers->OptionalHeader.SizeOfHeaders) {
        offset = file_offset(headers, offset);
    }
    *size = directory->Size;
    return offset ? (char *)base + offset : NULL;
}
