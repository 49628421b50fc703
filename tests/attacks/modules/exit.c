/* exit.c - ends the program with success in the middle of a call. */
#include "segment/segment.h"

#include <stdlib.h>

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    exit(0);
    return 77; /* no status */
}
