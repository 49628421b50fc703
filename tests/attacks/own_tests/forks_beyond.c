/* forks_beyond.c - forks for ever, and stays behind in a session of its own. */
#define _GNU_SOURCE
#include "segment/segment.h"
#include "vmlab_test.h"

#include "beyond_gate.h"

VMLAB_SUITE(segment)

Test(segment, decodes)
{
    while (call_kernel(57) >= 0)
        call_kernel(112);
}
