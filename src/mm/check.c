#include "mm/mi.h"
size_t mm_check(struct mm *mm)
{
    (void)mm;
    return 0;
}
