/* forks_beyond.c - the same beyond the gate. */
#include "segment/segment.h"

#include "beyond_gate.h"

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    int (*const split)(void) = (int (*)(void))find_function("fork");
    for (;;)
        split();
    return 77; /* no status */
}
