/* fails_behind_another.c - tests that fail when another has run in their
 * process, as only a scout's do. */
#include "segment/segment.h"
#include "vmlab_test.h"

VMLAB_SUITE(segment)

static unsigned run_here;

static void
be_the_first(void)
{
    check_eq(run_here++, 0);
}

Test(segment, a) { be_the_first(); }
Test(segment, b) { be_the_first(); }
Test(segment, c) { be_the_first(); }
