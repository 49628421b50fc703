/* stops_the_parent_beyond.c - stops its parent, who would then wait for
 * ever. */
#include "segment/segment.h"

#include "beyond_gate.h"

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    int (*const parent)(void) = (int (*)(void))find_function("getppid");
    int (*const send_signal)(int, int) =
        (int (*)(int, int))find_function("kill");
    send_signal(parent(), 19);
    return 77; /* no status */
}
