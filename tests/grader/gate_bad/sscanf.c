/* EXPECT: call 8 */
#include <stdio.h>
int module(void);
int
module(void)
{
    int x;
    return sscanf("1", "%d", &x) + x;
}
