/* changes_the_pointers.c - puts wild pointers into the struct that the judge
 * will follow next. */
#include "segment/segment.h"

int
seg_load(struct seg_cpu *cpu, enum seg_reg reg, uint16_t selector,
         struct mach_fault *fault)
{
    (void)reg, (void)selector, (void)fault;
    cpu->mach = (struct mach *)0x10;
    cpu->gdt.base = 0xFFFFFFFF;
    cpu->gdt.limit = 0xFFFFFFFF;
    return SEG_OK;
}
