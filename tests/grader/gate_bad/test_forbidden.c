/* EXPECT: call 7 */
#include <unistd.h>
#include "vmlab_test.h"
VMLAB_SUITE(own)
Test(own, forks)
{
    cr_assert_eq(fork(), 0);
}
