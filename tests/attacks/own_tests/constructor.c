/* constructor.c - runs before the runner. */
#include "segment/segment.h"
#include "vmlab_test.h"

#include <stdio.h>

VMLAB_SUITE(segment)

__attribute__((constructor)) static void
first(void)
{
    puts("segment/everything_is_fine");
}
