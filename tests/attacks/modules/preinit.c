/* preinit.c - a pointer in .preinit_array, which runs even earlier. */
#include "segment/segment.h"

static void
first(void)
{
    *(volatile int *)16 = 0;
}

__attribute__((section(".preinit_array"),
               used)) static void (*start)(void) = first;
