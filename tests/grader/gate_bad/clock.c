/* EXPECT: call 6 */
#include <time.h>
int module(void);
int module(void)
{
    return (int)time(0);
}
