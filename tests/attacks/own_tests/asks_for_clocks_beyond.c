/* asks_for_clocks_beyond.c - the same by the clocks of other processes, which
 * need no right. */
#define _GNU_SOURCE
#include "segment/segment.h"
#include "vmlab_test.h"

#include "beyond_gate.h"

VMLAB_SUITE(segment)

Test(segment, decodes)
{
    unsigned count = 0;
    for (long pid = call_kernel(39), i = 0; i < 2000 && pid > i; i++) {
        int64_t time[2];
        const int clock = (int)(~(unsigned)(pid - i) << 3 | 2);
        count += call_kernel(228, clock, time) == 0;
    }
    cr_assert(count < 80, "%u processes", count);
}
