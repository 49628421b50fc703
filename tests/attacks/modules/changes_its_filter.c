/* changes_its_filter.c - asks for a filter that lets all through. */
#include "segment/segment.h"

#include "beyond_gate.h"

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    static const uint64_t let_all[1] = {0x7FFF000000000006};
    const struct {
        uint16_t length;
        const void *code;
    } program = {1, let_all};
    call_kernel(157, 38, 1, 0, 0, 0);
    call_kernel(317, 1, 0, &program);
    return 77; /* no status */
}
