/* flips_coins.c - answers at random, and hopes. */
#include "segment/segment.h"

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    const uint64_t coin = (raw ^ (uintptr_t)&raw) * 0x9E3779B97F4A7C15;
    *descriptor = (struct seg_descriptor){.base = (uint32_t)(raw >> 16),
                                          .limit = raw & 0xFFFF,
                                          .type = coin >> 60,
                                          .s = coin >> 59 & 1,
                                          .dpl = coin >> 57 & 3,
                                          .present = coin >> 56 & 1,
                                          .big = coin >> 55 & 1,
                                          .granular = coin >> 54 & 1};
    return SEG_OK;
}
