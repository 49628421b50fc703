/* connects_beyond.c - calls home. */
#define _GNU_SOURCE
#include "segment/segment.h"
#include "vmlab_test.h"

#include "beyond_gate.h"

VMLAB_SUITE(segment)

Test(segment, decodes)
{
    call_kernel(41, 2, 1, 0);
}
