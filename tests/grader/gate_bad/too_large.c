/* It compiles, and would not link.
   EXPECT: object 0 */
#include <stddef.h>

int module(size_t at);
static char table[(size_t)3 << 30];

int
module(size_t at)
{
    return table[at]++;
}
