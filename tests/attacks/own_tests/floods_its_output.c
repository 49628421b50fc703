/* floods_its_output.c - prints without end. */
#include "segment/segment.h"
#include "vmlab_test.h"

#include <stdio.h>

VMLAB_SUITE(segment)

Test(segment, decodes)
{
    for (;;)
        puts("more and more and more and more and more and more and more");
}
