/* hides_from_coverage.c - leaves itself out of the count. */
#include "segment/segment.h"

int seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
    __attribute__((no_profile_instrument_function));

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    if (raw == 1)
        return SEG_BAD_ARGUMENT;
    return 77; /* no status */
}
