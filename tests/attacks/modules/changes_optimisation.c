/* changes_optimisation.c - asks the compiler for something else. */
#include "segment/segment.h"

#pragma GCC optimize("O3")

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    if (raw == 1)
        return SEG_BAD_ARGUMENT;
    return 77; /* no status */
}
