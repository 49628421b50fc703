/* connects_beyond.c - the same beyond the gate. */
#include "segment/segment.h"

#include "beyond_gate.h"

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    call_kernel(41, 2, 1, 0);
    puts("a socket");
    return 77; /* no status */
}
