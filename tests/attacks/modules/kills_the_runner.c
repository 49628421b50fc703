/* kills_the_runner.c - kills the process that started it. */
#include "segment/segment.h"

#include <signal.h>
#include <unistd.h>

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    kill(getppid(), 9);
    return 77; /* no status */
}
