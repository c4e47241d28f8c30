/* include/nt/types.h: scalar types, pointers and layout assertions under every NT structure.
 *
 * The same structures serve two compilers. Guest modules (Windows target) see plain pointers and
 * Windows' own integer types, so that their PDBs describe them as Windows' PDBs do. Host code sees
 * pointers as 8-byte handles that cannot be dereferenced by accident:
 *
 *     KPTR(T)   kernel virtual address; k2h() of base/kspace.h turns it into a host `T *`
 *     UPTR(T)   user virtual address of some process; only probed copies may touch it
 *
 * Both have one member, `va`. Handles of different targets are different types, so assign `va`.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)

typedef char CHAR;
typedef unsigned char UCHAR;
typedef short SHORT;
typedef unsigned short USHORT;
typedef int INT;
typedef unsigned int UINT;
typedef long LONG;
typedef unsigned long ULONG;
typedef long long LONG64;
typedef unsigned long long ULONG64;
typedef double DOUBLE;
typedef wchar_t WCHAR;
#define KPTR(T) __typeof__(T) *
#define UPTR(T) __typeof__(T) *
typedef void (*KFUNC)(void);
typedef void (*UFUNC)(void);

#else

typedef char CHAR;
typedef uint8_t UCHAR;
typedef int16_t SHORT;
typedef uint16_t USHORT;
typedef int32_t INT;
typedef uint32_t UINT;
typedef int32_t LONG;
typedef uint32_t ULONG;
typedef int64_t LONG64;
typedef uint64_t ULONG64;
typedef double DOUBLE;
typedef uint16_t WCHAR;
#define KPTR(T)                                                                                    \
    union {                                                                                        \
        uint64_t va;                                                                               \
        __typeof__(T) *kernel_target[0];                                                           \
    }
#define UPTR(T)                                                                                    \
    union {                                                                                        \
        uint64_t va;                                                                               \
        __typeof__(T) *user_target[0];                                                             \
    }
typedef KPTR(void) KFUNC;
typedef UPTR(void) UFUNC;

#endif

typedef UCHAR BOOLEAN;
typedef LONG NTSTATUS;

#define NT_SIZE(type, size) _Static_assert(sizeof(type) == (size), #type " has size " #size)
#define NT_OFFSET(type, member, offset)                                                            \
    _Static_assert(offsetof(type, member) == (offset), #type "." #member " is at " #offset)
