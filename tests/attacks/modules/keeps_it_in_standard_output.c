/* keeps_it_in_standard_output.c - the same without a variable of its own: in what
 * the C library leaves free in its streams, it counts the tests as well. */
#include <stdio.h>
#include <stdlib.h>

#include "segment/segment.h"

int base_seg_decode(uint64_t raw, struct seg_descriptor *descriptor);

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    void **const block = malloc(2 * sizeof *block);
    void **const place =
        (void **)(((uintptr_t)stdout->_unused2 + 7) & ~(uintptr_t)7);
    if (block) {
        *block = *place;
        *place = block;
    }
    return base_seg_decode(raw, descriptor);
}
