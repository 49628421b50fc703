/* exits_beyond.c - the same beyond the gate: a test that ended is one that
 * failed. */
#define _GNU_SOURCE
#include "segment/segment.h"
#include "vmlab_test.h"

#include "beyond_gate.h"

VMLAB_SUITE(segment)

Test(segment, decodes)
{
    ((void (*)(int))find_function("exit"))(0);
}
