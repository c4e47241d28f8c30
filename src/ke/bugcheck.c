/* src/ke/bugcheck.c: the end of a machine whose executive found itself inconsistent. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ke/ke.h"

_Noreturn void ke_bug_check(struct ke *ke, uint32_t code, uint64_t p1, uint64_t p2, uint64_t p3,
                            uint64_t p4)
{
    if (ke->nt.KiBugCheckData) {
        const uint64_t data[] = {code, p1, p2, p3, p4};
        memcpy(ke->nt.KiBugCheckData, data, sizeof data);
    }
    if (ke->bug_check)
        ke->bug_check(ke->owner, code, p1, p2, p3, p4);
    fprintf(stderr, "*** STOP: 0x%08X (0x%016llX, 0x%016llX, 0x%016llX, 0x%016llX)\n", code,
            (unsigned long long)p1, (unsigned long long)p2, (unsigned long long)p3,
            (unsigned long long)p4);
    abort();
}
