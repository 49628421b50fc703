/* overflows_the_stack.c - calls itself without end. */
#include "segment/segment.h"

static unsigned
deeper(volatile unsigned *depth)
{
    volatile unsigned room[1000];
    room[*depth % 1000] = *depth;
    ++*depth;
    return deeper(depth) + room[*depth % 1000];
}

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    volatile unsigned depth = (unsigned)raw;
    (void)descriptor;
    return (int)deeper(&depth);
}
