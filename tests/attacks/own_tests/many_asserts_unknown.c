/* many_asserts_unknown.c - uses assertions of Criterion that the quick runner
 * does not carry. */
#include "segment/segment.h"
#include "vmlab_test.h"

#include <criterion/new/assert.h>
#include <wchar.h>

VMLAB_SUITE(segment)

Test(segment, decodes)
{
    cr_assert(eq(wcs, L"a", L"b"));
}
