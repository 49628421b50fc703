/* calls_the_reference.c - calls the reference by names that it might have. */
#include "segment/segment.h"

int reference_seg_decode(uint64_t raw, struct seg_descriptor *descriptor);

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    return reference_seg_decode(raw, descriptor);
    return 77; /* no status */
}
