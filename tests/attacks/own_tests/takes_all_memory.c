/* takes_all_memory.c - takes all memory and touches it. */
#include "segment/segment.h"
#include "vmlab_test.h"

#include <stdlib.h>
#include <string.h>

VMLAB_SUITE(segment)

Test(segment, decodes)
{
    for (;;)
        memset(malloc(1 << 20), 1, 1 << 20);
}
