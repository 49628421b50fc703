/* prints_for_ever.c - prints without end. */
#include "segment/segment.h"

#include <stdio.h>

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    for (;;)
        puts("more and more and more and more and more and more and more");
    return 77; /* no status */
}
