/* src/base/kspace.c: the windows through which the host sees kernel memory. See kspace.h. */
#include "base/kspace.h"

#include "base/assert.h"

/* Added to a kernel address (FFFF8000`00000000 up), this stays non-canonical. */
#define NO_WINDOW 0x7000000000000000ull

void kspace_init(struct kspace *ks)
{
    for (size_t i = 0; i < KSPACE_SLOTS; i++) {
        ks->delta[i] = NO_WINDOW;
    }
    ks->window_count = 0;
}

void kspace_add_window(struct kspace *ks, uint64_t start, uint64_t size, void *host)
{
    ASSERT(ks->window_count < KSPACE_WINDOWS);
    ASSERT(size > 0 && start >> KSPACE_SLOT_SHIFT == (start + size - 1) >> KSPACE_SLOT_SHIFT);
    ks->window[ks->window_count++] = (struct kspace_window){start, size, host};
    ks->delta[(start >> KSPACE_SLOT_SHIFT) % KSPACE_SLOTS] = (uint64_t)host - start;
}

uint64_t h2k(const struct kspace *ks, const void *host)
{
    for (size_t i = 0; i < ks->window_count; i++) {
        const struct kspace_window *w = &ks->window[i];
        uint64_t offset = (uint64_t)host - (uint64_t)w->host;
        if (offset < w->size) {
            return w->start + offset;
        }
    }
    return 0;
}
