/* floods_the_judge.c - asks the machine for something, without end. */
#include "segment/segment.h"

int
seg_load(struct seg_cpu *cpu, enum seg_reg reg, uint16_t selector,
         struct mach_fault *fault)
{
    (void)reg, (void)selector, (void)fault;
    for (;;)
        phys_write64(cpu->mach, 0, 1);
}
