/* swap.c - your module.  The contract is swap.h; hints are in the handout. */
#include "swap/swap.h"

#include <errno.h>
#include <stdlib.h>

struct swap {
    struct mach *mach;         /* and whatever else you need */
    struct swap_config config; /* a copy */
};

struct swap *
swap_create(struct mach *mach, const struct swap_config *config)
{
    /* TODO: allocate the state; see swap_create in swap.h */
    (void)mach, (void)config;
    errno = ENOSYS;
    return NULL;
}

int
swap_destroy(struct swap *swap)
{
    /* TODO: free what you have allocated; see swap_destroy in swap.h */
    (void)swap;
    return SWAP_NOT_IMPLEMENTED;
}

/* ---- Slots ---- */

int
slot_alloc(struct swap *swap, uint64_t *slot)
{
    /* TODO: take the lowest free slot; see slot_alloc in swap.h */
    (void)swap, (void)slot;
    return SWAP_NOT_IMPLEMENTED;
}

int
slot_get(struct swap *swap, uint64_t slot)
{
    /* TODO: count one more; see slot_get in swap.h */
    (void)swap, (void)slot;
    return SWAP_NOT_IMPLEMENTED;
}

int
slot_put(struct swap *swap, uint64_t slot)
{
    /* TODO: count one fewer; see slot_put in swap.h */
    (void)swap, (void)slot;
    return SWAP_NOT_IMPLEMENTED;
}

uint64_t
slot_count(struct swap *swap, uint64_t slot)
{
    /* TODO: see slot_count in swap.h */
    (void)swap, (void)slot;
    return UINT64_MAX;
}

/* ---- Pages ---- */

int
swap_fault(struct swap *swap, struct space *space, uint64_t va, uint32_t access,
           struct swap_result *result)
{
    /* TODO: find a frame, then fill it; see swap_fault in swap.h */
    (void)swap, (void)space, (void)va, (void)access, (void)result;
    return SWAP_NOT_IMPLEMENTED;
}

int
swap_evict(struct swap *swap, uint64_t frame)
{
    /* TODO: turn the page out; see swap_evict in swap.h */
    (void)swap, (void)frame;
    return SWAP_NOT_IMPLEMENTED;
}

int
swap_victim(struct swap *swap, uint64_t *frame)
{
    /* TODO: turn the hand; see swap_victim in swap.h */
    (void)swap, (void)frame;
    return SWAP_NOT_IMPLEMENTED;
}

int
swap_pin(struct swap *swap, uint64_t frame, uint32_t on)
{
    /* TODO: remember it; see swap_pin in swap.h */
    (void)swap, (void)frame, (void)on;
    return SWAP_NOT_IMPLEMENTED;
}

int
swap_release(struct swap *swap, struct space *space, uint64_t va)
{
    /* TODO: give frame and slot back; see swap_release in swap.h */
    (void)swap, (void)space, (void)va;
    return SWAP_NOT_IMPLEMENTED;
}
