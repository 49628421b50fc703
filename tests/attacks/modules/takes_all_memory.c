/* takes_all_memory.c - takes all memory and touches it. */
#include "segment/segment.h"

#include <stdlib.h>
#include <string.h>

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    for (;;) {
        char *const block = malloc(1 << 20);
        if (!block)
            *(volatile int *)16 = 0;
        memset(block, 1, 1 << 20);
    }
    return 77; /* no status */
}
