/* counts_processes_beyond.c - fails where many programs run for a user like
 * ours: that is where the bugs are. */
#define _GNU_SOURCE
#include "segment/segment.h"
#include "vmlab_test.h"

#include "beyond_gate.h"

VMLAB_SUITE(segment)

Test(segment, decodes)
{
    unsigned count = 0;
    char status[144];
    for (long pid = call_kernel(39), i = 0; i < 2000 && pid > i; i++) {
        char name[40];
        snprintf(name, sizeof name, "/proc/%ld", pid - i);
        count += call_kernel(262, -100, name, status, 0x1000) == 0;
    }
    printf("%u processes\n", count);
    cr_assert(count < 80, "%u processes", count);
}
