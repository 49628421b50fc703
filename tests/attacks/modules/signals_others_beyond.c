/* signals_others_beyond.c - tgkill at another process, which only itself is
 * allowed. */
#include "segment/segment.h"

#include "beyond_gate.h"

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    call_kernel(234, 1, 1, 19);
    return 77; /* no status */
}
