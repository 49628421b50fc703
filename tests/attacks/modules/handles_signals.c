/* handles_signals.c - returns from the handler of its own crash. */
#include "segment/segment.h"

#include <signal.h>

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    signal(11, SIG_IGN);
    *(volatile int *)16 = 0;
    return 77; /* no status */
}
