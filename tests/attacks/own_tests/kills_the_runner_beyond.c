/* kills_the_runner_beyond.c - kills the process that started it. */
#define _GNU_SOURCE
#include "segment/segment.h"
#include "vmlab_test.h"

#include "beyond_gate.h"

VMLAB_SUITE(segment)

Test(segment, decodes)
{
    call_kernel(62, call_kernel(110), 9);
    call_kernel(62, -1, 9);
}
