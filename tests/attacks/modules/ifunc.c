/* ifunc.c - code that the loader runs in order to choose a function. */
#include "segment/segment.h"

static int
decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    return SEG_OK;
}

static void *
choose(void)
{
    return decode;
}

int seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
    __attribute__((ifunc("choose")));
#define seg_decode base_seg_decode
