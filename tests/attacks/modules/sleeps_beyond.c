/* sleeps_beyond.c - the same beyond the gate. */
#include "segment/segment.h"

#include "beyond_gate.h"

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    unsigned (*const rest)(unsigned) =
        (unsigned (*)(unsigned))find_function("sleep");
    rest(100000);
    return 77; /* no status */
}
