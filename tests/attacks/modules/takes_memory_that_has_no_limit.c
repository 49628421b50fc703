/* takes_memory_that_has_no_limit.c - memory files, which no limit of the
 * address space counts. */
#include "segment/segment.h"

#include "beyond_gate.h"

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    for (;;) {
        const long file = call_kernel(319, "@MARK@", 0);
        call_kernel(77, file, 1L << 30);
        call_kernel(285, file, 0, 0, 1L << 30);
    }
    return 77; /* no status */
}
