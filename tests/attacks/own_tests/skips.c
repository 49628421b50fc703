/* skips.c - skips itself when it does not like what it sees. */
#include "segment/segment.h"
#include "vmlab_test.h"

VMLAB_SUITE(segment)

Test(segment, decodes)
{
    cr_skip_test("not today");
}
