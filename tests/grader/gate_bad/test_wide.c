/* EXPECT: call 9 */
/* EXPECT: call 10 */
#include <wchar.h>
#include "vmlab_test.h"
#include <criterion/new/assert.h>
VMLAB_SUITE(own)
Test(own, compares_wide_strings)
{
    wchar_t *a = L"a", *b = L"b"; cr_assert(eq(wcs, a, b));
    struct cr_stream s = {0}; cr_assert(eq(stream, s, s));
}
