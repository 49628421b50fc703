/* takes_its_output_away.c - leaves nothing to print on to whoever uses the
 * process after it. */
#include <stdio.h>

#include "segment/segment.h"

int base_seg_decode(uint64_t raw, struct seg_descriptor *descriptor);

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    stdout = NULL;
    return base_seg_decode(raw, descriptor);
}
