/* messages_with_escapes.c - messages that aim at the terminal, the page and
 * the spreadsheet. */
#include "segment/segment.h"
#include "vmlab_test.h"

VMLAB_SUITE(segment)

Test(segment, decodes)
{
    cr_assert_fail("@ESC@[2J@ESC@]0;owned@BELL@ <script>alert(1)</script> =1+1 "
                   "@BAD@ @RLO@ %s",
                   "]]>");
}
