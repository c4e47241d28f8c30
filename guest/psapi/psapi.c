/* guest/psapi/psapi.c: psapi.dll has no code of its own; psapi.def forwards to kernel32. */
#include "nt/types.h"
