/* brings_its_own_module.c - defines the function under test, so that what it
 * tests is always the same. */
#include "segment/segment.h"
#include "vmlab_test.h"

VMLAB_SUITE(segment)

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    return SEG_OK;
}

Test(segment, decodes)
{
    struct seg_descriptor *d = arena_object(struct seg_descriptor);
    check_status(seg_decode(1, d), SEG_OK);
}
