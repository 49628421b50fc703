/* invents_a_machine.c - hands the judge pointers that it was never given. */
#include "segment/segment.h"

int
seg_load(struct seg_cpu *cpu, enum seg_reg reg, uint16_t selector,
         struct mach_fault *fault)
{
    (void)reg, (void)fault;
    phys_write64((struct mach *)(uintptr_t)(0x400000 + selector), 0, 1);
    phys_write64((struct mach *)cpu, UINT64_MAX - 3, 1);
    return SEG_OK;
}
