/* executes_beyond.c - becomes a shell that reads the reference. */
#define _GNU_SOURCE
#include "segment/segment.h"
#include "vmlab_test.h"

#include "beyond_gate.h"

VMLAB_SUITE(segment)

Test(segment, decodes)
{
    static char *const argv[] = {(char *)"sh", (char *)"-c",
                                 (char *)"cat @KIT@/solutions/segment/*", NULL};
    call_kernel(59, "/bin/sh", argv, NULL);
}
