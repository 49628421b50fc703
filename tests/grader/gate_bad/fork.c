/* EXPECT: call 8 */
#include <unistd.h>

int module(void);
int
module(void)
{
    return fork();
}
