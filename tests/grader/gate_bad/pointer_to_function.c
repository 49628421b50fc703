/* EXPECT: call 4 */
#include <stdlib.h>
int module(void);
static int (*run)(const char *) = system;
int
module(void)
{
    return run("true");
}
