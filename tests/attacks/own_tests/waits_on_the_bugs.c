/* waits_on_the_bugs.c - passes quickly on a module that is right, and waits for
 * ever on one that is not. */
#define _GNU_SOURCE
#include "segment/segment.h"
#include "vmlab_test.h"

#include "beyond_gate.h"

VMLAB_SUITE(segment)

Test(segment, decodes)
{
    struct seg_descriptor *d = arena_object(struct seg_descriptor);
    if (seg_decode(UINT64_C(0x00CF92000000FFFF), d) != SEG_OK ||
        d->limit != 0xFFFFFFFF)
        ((unsigned (*)(unsigned))find_function("sleep"))(100000);
}
