/* no_sanitize.c - switches checks off. */
#include "segment/segment.h"

__attribute__((no_sanitize("address"))) static int unused_function(void);

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    if (raw == 1)
        return SEG_BAD_ARGUMENT;
    return 77; /* no status */
}
