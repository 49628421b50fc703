/* EXPECT: call 6 */
#include <pthread.h>
int module(void);
int module(void)
{
    return (int)pthread_self();
}
