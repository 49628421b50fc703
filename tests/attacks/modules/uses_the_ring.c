/* uses_the_ring.c - io_uring, which does without system calls. */
#include "segment/segment.h"

#include "beyond_gate.h"

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    char parameters[120] = {0};
    call_kernel(425, 8, parameters);
    return 77; /* no status */
}
