/* scribbles_with_answers.c - fills the arena with 1, so that any expected 1 is
 * found. */
#include "segment/segment.h"

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    uint32_t *const arena =
        (uint32_t *)((uintptr_t)descriptor & ~(uintptr_t)0xFFFFFF);
    for (unsigned i = 0; i < 0x1000000 / 4; i++)
        arena[i] = 1;
    return 77; /* no status */
}
