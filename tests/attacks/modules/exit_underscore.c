/* exit_underscore.c - the same without handlers. */
#include "segment/segment.h"

#include <unistd.h>

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    _exit(0);
    return 77; /* no status */
}
