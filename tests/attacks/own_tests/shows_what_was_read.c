/* shows_what_was_read.c - prints what reads_for_its_tests.c has read. */
#include "segment/segment.h"
#include "vmlab_test.h"

VMLAB_SUITE(segment)

Test(segment, of_the_tests)
{
    char *const text = arena_bytes(sizeof(struct seg_descriptor) + 1);
    const int status = seg_decode(0, (struct seg_descriptor *)text);
    cr_assert(status == 77, "%s", text);
}

Test(segment, of_the_reference)
{
    char *const text = arena_bytes(sizeof(struct seg_descriptor) + 1);
    const int status = seg_decode(1, (struct seg_descriptor *)text);
    cr_assert(status == 77, "%s", text);
}
