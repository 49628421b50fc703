/* counts_by_sysinfo_beyond.c - the same by what the kernel says of the whole
 * machine. */
#define _GNU_SOURCE
#include "segment/segment.h"
#include "vmlab_test.h"

#include "beyond_gate.h"

VMLAB_SUITE(segment)

Test(segment, decodes)
{
    struct {
        long uptime;
        unsigned long loads[3], memory[6];
        unsigned short processes;
        char rest[64];
    } info = {0};
    call_kernel(99, &info);
    cr_assert(info.processes == 0, "%u processes", info.processes);
}
