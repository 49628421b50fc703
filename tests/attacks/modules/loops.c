/* loops.c - a loop without end. */
#include "segment/segment.h"

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    for (;;)
        ;
    return 77; /* no status */
}
