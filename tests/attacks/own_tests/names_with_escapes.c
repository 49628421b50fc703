/* names_with_escapes.c - a description of a test that is made by hand, with a
 * name that no macro would make. */
#include "segment/segment.h"
#include "vmlab_test.h"

VMLAB_SUITE(segment)

static void body(void);
static struct criterion_test_extra_data data = {
    .lang_ = CR_LANG_C, .file_ = "@ESC@[2J", .line_ = 1};
static struct criterion_test hostile = {body, "@ESC@[2J<b>=1+1@BAD@", "@RLO@",
                                        &data};
CR_SECTION_("cr_tst") struct criterion_test *hostile_test = &hostile;

static void
body(void)
{
}
