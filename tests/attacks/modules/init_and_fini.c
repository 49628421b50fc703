/* init_and_fini.c - _init and _fini, which start-up code once called. */
#include "segment/segment.h"

#include <stdio.h>

void _init(void);
void _fini(void);

void
_init(void)
{
    puts("started first");
}

void
_fini(void)
{
    puts("ended last");
}
