/* EXPECT: call 7 */
#include <criterion/redirect.h>
#include "vmlab_test.h"
VMLAB_SUITE(own)
Test(own, redirects_its_output)
{
    cr_redirect_stdout();
}
