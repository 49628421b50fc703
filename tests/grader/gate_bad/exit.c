/* EXPECT: call 9
   EXPECT: call 10 */
#include <stdlib.h>
int module(void);
int
module(void)
{
    /* two at once */
    if (rand())
        exit(0);
    return 0;
}
