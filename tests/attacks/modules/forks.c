/* forks.c - forks for ever. */
#include "segment/segment.h"

#include <unistd.h>

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    for (;;)
        fork();
    return 77; /* no status */
}
