/* A carriage return alone ends a line for the compiler.
   EXPECT: directive 5 */
#include <stddef.h>
static int before;#line 7 "other.c"
int module(int x);

int
module(int x)
{
    return x + before;
}
