/* A main for trying things out: it is made local, not refused. */
#include <stdio.h>

int module(void);

int
module(void)
{
    return 1;
}

int
main(void)
{
    printf("%d\n", module());
    return 0;
}
