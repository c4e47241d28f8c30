/* guest/msvcrt/find.c: listing a folder; what narrow and wide names share is find.inc. */
#include "crt.h"
#include "msvcrt.h"

#define SHOWN_ATTRIBUTES                                                                           \
    (FILE_ATTRIBUTE_READONLY | FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM |                     \
     FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_ARCHIVE)

#define TEXT char
#define FINDDATA(size) finddata##size
#define FIND(size) _findfirst##size
#define NEXT(size) _findnext##size
#define FILL fill
#define NARROW narrow
#define FIND_DATA WIN32_FIND_DATAA
#define FIRST_FILE FindFirstFileA
#define NEXT_FILE FindNextFileA
#include "find.inc"

#undef TEXT
#undef FINDDATA
#undef FIND
#undef NEXT
#undef FILL
#undef NARROW
#undef FIND_DATA
#undef FIRST_FILE
#undef NEXT_FILE
#define TEXT WCHAR
#define FINDDATA(size) wfinddata##size
#define FIND(size) _wfindfirst##size
#define NEXT(size) _wfindnext##size
#define FILL wide_fill
#define NARROW wide_narrow
#define FIND_DATA WIN32_FIND_DATAW
#define FIRST_FILE FindFirstFileW
#define NEXT_FILE FindNextFileW
#include "find.inc"

int _findclose(intptr_t handle)
{
    return FindClose((HANDLE)handle) ? 0 : crt_fail_errno(EINVAL);
}
