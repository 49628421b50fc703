/* is_disabled.c - a test that never runs, and one that expects a crash. */
#include "segment/segment.h"
#include "vmlab_test.h"

VMLAB_SUITE(segment)

Test(segment, off, .disabled = true)
{
    check_eq(1, 2);
}

Test(segment, wants_a_crash, .signal = 11)
{
    *(volatile int *)16 = 0;
}

Test(segment, wants_a_status, .exit_code = 3)
{
    check_eq(1, 1);
}
