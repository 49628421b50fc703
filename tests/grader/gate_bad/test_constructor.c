/* EXPECT: attribute 6
   EXPECT: section 0 */
#include "vmlab_test.h"
VMLAB_SUITE(own)
int started;
__attribute__((constructor)) static void before(void) { started = 1; }
Test(own, nothing)
{
    cr_assert(1);
}
