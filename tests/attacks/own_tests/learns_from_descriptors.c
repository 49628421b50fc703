/* learns_from_descriptors.c - tells runs apart by the numbers of its memory
 * files. */
#define _GNU_SOURCE
#include "segment/segment.h"
#include "vmlab_test.h"

#include "beyond_gate.h"

VMLAB_SUITE(segment)

Test(segment, decodes)
{
    struct {
        uint64_t device, inode;
        char rest[128];
    } status;
    unsigned long sum = 0;
    for (int file = 0; file < 64; file++)
        if (call_kernel(5, file, &status) == 0)
            sum += status.inode;
    cr_assert(sum % 4 != 0, "%lu", sum);
}
