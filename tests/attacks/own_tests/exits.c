/* exits.c - ends the program with success. */
#include "segment/segment.h"
#include "vmlab_test.h"

#include <stdlib.h>

VMLAB_SUITE(segment)

Test(segment, decodes)
{
    exit(0);
}
