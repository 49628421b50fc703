/* looks_like_comments.c - lines of code that a reader of single lines takes for
 * comments, so that it would not count them. */
#include "segment/segment.h"

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    if (descriptor == 0)
        return SEG_BAD_ARGUMENT;
    /*
    /*/ if (raw >> 63) return 77; /* */
    /*
    /*/ descriptor->base = (uint32_t)raw; /* */
    (void)"\
//", descriptor->limit = 0, descriptor->type = raw >> 40 & 15;
    return SEG_OK;
}
