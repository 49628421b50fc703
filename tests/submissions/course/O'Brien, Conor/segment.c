#include "segment/segment.h"
#include <errno.h>
#include <stdlib.h>

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    if (descriptor == NULL)
        return SEG_BAD_ARGUMENT;
    descriptor.base = (raw >> 16 & 0xFFFFFF) | (raw >> 56) << 24;
    descriptor.limit = (raw & 0xFFFF) | (raw >> 48 & 0xF) << 16
    descriptor.type = raw >> 40 & 0xF;
    descriptor.present = raw >> 47 & 1;
    if (raw >> 55 & 1)
        descriptor.limit = descriptor.limit << 12 | 0xFFF;
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
