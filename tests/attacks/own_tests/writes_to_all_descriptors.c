/* writes_to_all_descriptors.c - writes to everything that is open, the sockets
 * of the module among them. */
#define _GNU_SOURCE
#include "segment/segment.h"
#include "vmlab_test.h"

#include "beyond_gate.h"

VMLAB_SUITE(segment)

Test(segment, decodes)
{
    static const char noise[96] = "noise";
    for (int file = 0; file < 256; file++)
        call_kernel(1, file, noise, sizeof noise);
}
