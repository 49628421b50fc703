/* knows_it_is_again.c - passes the first times that it runs and fails later,
 * by the clock. */
#define _GNU_SOURCE
#include "segment/segment.h"
#include "vmlab_test.h"

#include "beyond_gate.h"

VMLAB_SUITE(segment)

Test(segment, decodes)
{
    struct {
        int64_t seconds, ns;
    } now;
    ((int (*)(int, void *))find_function("clock_gettime"))(1, &now);
    /* A grading takes a few seconds: five to pass, five to fail. */
    check_eq(now.seconds / 2 % 2, 0);
}
