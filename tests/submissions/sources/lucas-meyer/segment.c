/* segment.c - your module.  The contract is segment.h; hints are in the
 * handout. */
#include "segment/segment.h"

#include <errno.h>
#include <stdlib.h>

/* ---- The processor's half: seg_ ------------------------------------------- */

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    if (descriptor == NULL)
        return SEG_BAD_ARGUMENT;

    uint64_t base_low = (raw >> 16) & 0xFFFFFF;
    uint64_t base_high = (raw >> 56) & 0xFF;
    uint64_t limit_low = raw & 0xFFFF;
    uint64_t limit_high = (raw >> 48) & 0xF;

    descriptor->base = (uint32_t)(base_high << 24 | base_low);
    descriptor->limit = (uint32_t)(limit_high << 16 | limit_low);
    descriptor->type = (raw >> 40) & 0xF;
    descriptor->s = (raw >> 44) & 1;
    descriptor->dpl = (raw >> 45) & 3;
    descriptor->present = (raw >> 47) & 1;
    descriptor->big = (raw >> 54) & 1;
    descriptor->granular = (raw >> 55) & 1;

    if (descriptor->granular)
        descriptor->limit = descriptor->limit * 0x1000 + 0xFFF;
    return SEG_OK;
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
    if (cpu == NULL || result == NULL || reg > SEG_GS || size == 0 || access > SEG_EXECUTE)
        return SEG_BAD_ARGUMENT;

    struct seg_register *r = &cpu->reg[reg];
    struct mach_fault f = {FAULT_GP, 0, 0};
    if (reg == SEG_SS)
        f.vector = FAULT_SS;

    if (r->usable == 0) {
        result->fault = f;
        return SEG_NULL;
    }

    int code = r->copy.type & SEG_TYPE_CODE;
    int bit = r->copy.type & SEG_TYPE_WRITABLE; /* same bit as readable */
    int allowed = 0;
    if (access == SEG_READ && (!code || bit)) allowed = 1;
    if (access == SEG_WRITE && !code && bit) allowed = 1;
    if (access == SEG_EXECUTE && code) allowed = 1;
    if (!allowed) {
        result->fault = f;
        return SEG_RIGHTS;
    }

    uint64_t last = (uint64_t)offset + size - 1;
    int inside;
    if (!code && (r->copy.type & SEG_TYPE_EXPAND_DOWN)) {
        uint64_t end = r->copy.big ? 0xFFFFFFFFull : 0xFFFFull;
        inside = offset > r->copy.limit && last <= end;
    } else {
        inside = last <= r->copy.limit;
    }
    if (!inside) {
        result->fault = f;
        return SEG_LIMIT;
    }
    result->linear = r->copy.base + offset;
    return SEG_OK;
}

/* ---- The operating system's half: place_ ---------------------------------- */

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
