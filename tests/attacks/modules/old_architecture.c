/* old_architecture.c - makes the call by the numbers of another
 * architecture. */
#include "segment/segment.h"

#include "beyond_gate.h"

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    call_kernel(0x40000000 + 59, "/bin/true", 0, 0);
    return 77; /* no status */
}
