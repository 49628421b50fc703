/* takes_memory_files_beyond.c - memory that no limit of the address space
 * counts. */
#define _GNU_SOURCE
#include "segment/segment.h"
#include "vmlab_test.h"

#include "beyond_gate.h"

VMLAB_SUITE(segment)

Test(segment, decodes)
{
    static char page[4096];
    for (int i = 0; i < 100000; i++) {
        const long file = call_kernel(319, "@MARK@", 0);
        if (file < 0)
            cr_assert_fail("%d memory files of 4 MiB", i);
        for (long at = 0; at < 4 << 20; at += sizeof page)
            call_kernel(18, file, page, sizeof page, at);
    }
}
