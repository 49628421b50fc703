/* jumps_out.c - jumps out of a crash. */
#include "segment/segment.h"

#include <setjmp.h>

static jmp_buf place;

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    if (setjmp(place) == 0)
        *(volatile int *)16 = 0;
    return 77; /* no status */
}
