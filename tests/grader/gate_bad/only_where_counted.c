/* Code that the plain object does not have, and that for coverage has.
   EXPECT: call 12 */
#include <stdlib.h>

int module(int x);

int
module(int x)
{
    int known = 5;
    if (!__builtin_constant_p(known))
        exit(x);
    return x;
}
