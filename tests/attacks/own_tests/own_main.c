/* own_main.c - a main() that says that all went well. */
#include "segment/segment.h"
#include "vmlab_test.h"

#include <stdio.h>

VMLAB_SUITE(segment)

int
main(void)
{
    puts("segment/decodes");
    return 0;
}

Test(segment, decodes)
{
    check_eq(1, 1);
}
