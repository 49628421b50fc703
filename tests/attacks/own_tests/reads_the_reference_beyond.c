/* reads_the_reference_beyond.c - the same beyond the gate. */
#define _GNU_SOURCE
#include "segment/segment.h"
#include "vmlab_test.h"

#include "beyond_gate.h"

VMLAB_SUITE(segment)

Test(segment, decodes)
{
    char line[200] = "nothing";
    const long file =
        call_kernel(257, -100, "@KIT@/solutions/segment/segment.c", 0);
    call_kernel(0, file, line, sizeof line - 1);
    cr_assert_fail("%s", line);
}
