/* src/ke/ke.c: the kernel context, from empty to gone. */
#include "ke/ke.h"

#include <string.h>

void ke_init(struct ke *ke)
{
    memset(ke, 0, sizeof(*ke));
    kspace_init(&ke->ks);
    ke_lock_init(&ke->dispatcher_lock, KE_RANK_DISPATCHER);
    ke_lock_init(&ke->processors.lock, KE_RANK_PROCESSOR);
    ke_inside_init(&ke->processors.inside);
}

void ke_deinit(struct ke *ke)
{
    ke_stop_clock(ke);
}
