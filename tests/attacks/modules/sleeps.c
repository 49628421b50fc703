/* sleeps.c - waits instead of working. */
#include "segment/segment.h"

#include <unistd.h>

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    sleep(100000);
    return 77; /* no status */
}
