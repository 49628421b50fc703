/* EXPECT: asm 6
   EXPECT: code 0 */
#include <valgrind/valgrind.h>
int module(void);
int
module(void) { return (int)RUNNING_ON_VALGRIND; }
