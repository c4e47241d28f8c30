/* guest/msvcrt/pathname.c: file names; what narrow and wide ones share is pathname.inc. */
#include "crt.h"
#include "msvcrt.h"

#define TEXT char
#define PATH(name) _##name
#define PART part
#define CLEAR clear
#define NEXT_FOLDER next_folder
#define LENGTH strlen
#define FULL_PATH GetFullPathNameA
#define SEARCH getenv
#define CURRENT _getcwd
#include "pathname.inc"

#undef TEXT
#undef PATH
#undef PART
#undef CLEAR
#undef NEXT_FOLDER
#undef LENGTH
#undef FULL_PATH
#undef SEARCH
#undef CURRENT
#define TEXT WCHAR
#define PATH(name) _w##name
#define PART wide_part
#define CLEAR wide_clear
#define NEXT_FOLDER next_wide_folder
#define LENGTH wcslen
#define FULL_PATH GetFullPathNameW
#define SEARCH _wgetenv
#define CURRENT _wgetcwd
#include "pathname.inc"
