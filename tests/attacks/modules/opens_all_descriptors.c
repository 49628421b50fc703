/* opens_all_descriptors.c - duplicates descriptors until there are none. */
#include "segment/segment.h"

#include "beyond_gate.h"

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    while (call_kernel(32, 1) >= 0)
        ;
    return 77; /* no status */
}
