/* EXPECT: call 7 */
#include <stdio.h>
int module(void);
int
module(void)
{
    FILE *file = fopen("/etc/passwd", "r");
    return file != NULL;
}
