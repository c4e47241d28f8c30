/* src/base/kspace.h: kernel virtual addresses as the host sees them.
 *
 * Kernel structures live in guest memory at NT's addresses, and point at each other with those
 * addresses. Host code reaches them through windows: one stretch of host address space per region
 * of DESIGN's table, in which the memory manager maps guest pages as their PTEs become valid. No
 * two regions share a 128 GB slot of the kernel half, so one table look-up and one addition
 * translate an address, without a search and without a lock.
 *
 *      kernel half:   ... | slot n: system PTEs | ... | slot m: PFN database, nonpaged pool | ...
 *                                  | delta[n]                      | delta[m]
 *      host:              [ window ]                     [      window      ]
 *
 * Only addresses that the kernel itself stored may be translated; an address of a slot without a
 * window comes out non-canonical and faults at once.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define KSPACE_SLOT_SHIFT 37
#define KSPACE_SLOTS 1024
#define KSPACE_WINDOWS 8

struct kspace_window {
    uint64_t start; /* kernel address */
    uint64_t size;  /* bytes */
    char *host;
};

struct kspace {
    uint64_t delta[KSPACE_SLOTS]; /* host address minus kernel address, modulo 2^64 */
    struct kspace_window window[KSPACE_WINDOWS];
    size_t window_count;
};

static inline void *kspace_host(const struct kspace *ks, uint64_t va)
{
    return (void *)(va + ks->delta[(va >> KSPACE_SLOT_SHIFT) % KSPACE_SLOTS]);
}

/* KPTR(T) to host `T *`; a null handle gives NULL. */
#define k2h(ks, ptr)                                                                               \
    ((__typeof__((ptr).kernel_target[0]))((ptr).va ? kspace_host((ks), (ptr).va) : NULL))

/* Set up an empty kspace: every address translates to a faulting one. */
void kspace_init(struct kspace *ks);

/* Add the window for kernel addresses start .. start + size, seen by the host at `host`. */
void kspace_add_window(struct kspace *ks, uint64_t start, uint64_t size, void *host);

/* The kernel address of a host pointer into one of the windows; 0 when it is in none. */
uint64_t h2k(const struct kspace *ks, const void *host);
