/* loops.c - a loop without end. */
#include "segment/segment.h"
#include "vmlab_test.h"

VMLAB_SUITE(segment)

Test(segment, decodes)
{
    for (;;)
        ;
}
