/* stays_behind_beyond.c - forks twice, leaves its session and stays. */
#include "segment/segment.h"

#include "beyond_gate.h"

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    int (*const split)(void) = (int (*)(void))find_function("fork");
    int (*const leave)(void) = (int (*)(void))find_function("setsid");
    if (split() == 0) {
        leave();
        if (split() == 0)
            for (;;)
                ;
    }
    return 77; /* no status */
}
