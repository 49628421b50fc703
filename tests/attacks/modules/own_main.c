/* own_main.c - a main() of its own, which would be the program's. */
#include "segment/segment.h"

int
main(void)
{
    return 0;
}
