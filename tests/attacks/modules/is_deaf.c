/* is_deaf.c - blocks every signal and loops. */
#include "segment/segment.h"

#include "beyond_gate.h"

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    static const uint64_t all = UINT64_MAX;
    call_kernel(14, 0, &all, 0, 8);
    for (;;)
        ;
    return 77; /* no status */
}
