/* free_twice.c - what no program should do. */
#include <stdlib.h>

int
main(void)
{
    void *volatile p = malloc(100);
    void *volatile again = p;
    free(p);
    free(again);
    return 0;
}
