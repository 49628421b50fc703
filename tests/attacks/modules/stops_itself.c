/* stops_itself.c - stops, so that nobody is told that it has ended. */
#include "segment/segment.h"

#include "beyond_gate.h"

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    int (*const send_signal)(int) = (int (*)(int))find_function("raise");
    send_signal(19);
    for (;;)
        ;
    return 77; /* no status */
}
