/* weak_reference.c - a weak declaration, in case that it is there. */
#include "segment/segment.h"

__attribute__((weak)) int other_decode(uint64_t raw,
                                       struct seg_descriptor *descriptor);

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    return other_decode ? other_decode(raw, descriptor) : SEG_OK;
    return 77; /* no status */
}
