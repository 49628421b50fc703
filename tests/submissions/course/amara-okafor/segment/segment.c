/* segment.c - your module.  The contract is segment.h; hints are in the
 * handout. */
#include "segment/segment.h"

#include <errno.h>
#include <stdlib.h>

/* ---- The processor's half: seg_ -------------------------------------------
 */

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    /* TODO: take the descriptor apart; see seg_decode in segment.h */
    (void)raw, (void)descriptor;
    return SEG_NOT_IMPLEMENTED;
}

int
seg_load(struct seg_cpu *cpu, enum seg_reg reg, uint16_t selector,
         struct mach_fault *fault)
{
    /* TODO: check, then load; see seg_load in segment.h */
    (void)cpu, (void)reg, (void)selector, (void)fault;
    return SEG_NOT_IMPLEMENTED;
}

int
seg_translate(struct seg_cpu *cpu, enum seg_reg reg, uint32_t offset,
              uint32_t size, enum seg_access access, struct seg_result *result)
{
    /* TODO: check the access, then add; see seg_translate in segment.h */
    (void)cpu, (void)reg, (void)offset, (void)size, (void)access, (void)result;
    return SEG_NOT_IMPLEMENTED;
}

/* ---- The operating system's half: place_ ----------------------------------
 */

struct place {
    uint64_t bytes; /* and whatever else you need */
};

struct place *
place_create(uint64_t bytes)
{
    /* TODO: allocate a region; see place_create in segment.h */
    (void)bytes;
    errno = ENOSYS;
    return NULL;
}

int
place_destroy(struct place *place)
{
    /* TODO: free all of it; see place_destroy in segment.h */
    (void)place;
    return PLACE_NOT_IMPLEMENTED;
}

int
place_alloc(struct place *place, enum place_fit fit, uint64_t bytes,
            uint64_t *base)
{
    /* TODO: choose a hole and take its low end; see place_alloc in segment.h */
    (void)place, (void)fit, (void)bytes, (void)base;
    return PLACE_NOT_IMPLEMENTED;
}

int
place_free(struct place *place, uint64_t base)
{
    /* TODO: find the segment and join the holes; see place_free in segment.h */
    (void)place, (void)base;
    return PLACE_NOT_IMPLEMENTED;
}

int
place_stat(struct place *place, struct place_stat *stat)
{
    /* TODO: count; see place_stat in segment.h */
    (void)place, (void)stat;
    return PLACE_NOT_IMPLEMENTED;
}

int
place_compact(struct place *place, struct mach *mach, uint64_t *moved)
{
    /* TODO (bonus): slide all segments down; see place_compact in segment.h */
    (void)place, (void)mach, (void)moved;
    return PLACE_NOT_IMPLEMENTED;
}
