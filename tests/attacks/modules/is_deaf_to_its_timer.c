/* is_deaf_to_its_timer.c - switches the timer off and blocks every signal. */
#include "segment/segment.h"

#include "beyond_gate.h"

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    static const uint64_t all = UINT64_MAX;
    call_kernel(14, 0, &all, 0, 8);
    static const uint64_t never[4];
    call_kernel(38, 2, never, 0);
    for (;;)
        ;
    return 77; /* no status */
}
