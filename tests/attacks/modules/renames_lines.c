/* renames_lines.c - gives its lines to another file. */
#include "segment/segment.h"

#line 1 "other.h"

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    if (raw == 1)
        return SEG_BAD_ARGUMENT;
    return 77; /* no status */
}
