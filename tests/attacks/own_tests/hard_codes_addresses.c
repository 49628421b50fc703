/* hard_codes_addresses.c - expects the reference's own answers where the
 * contract leaves them open. */
#include "segment/segment.h"
#include "vmlab_test.h"

VMLAB_SUITE(segment)

Test(segment, decodes)
{
    struct seg_descriptor *d = arena_object(struct seg_descriptor);
    d->base = 0x12345678;
    (void)seg_decode(0, NULL);
    check_eq((uintptr_t)place_create(UINT64_C(1) << 62), 0);
    check_eq(d->base, 0x12345678);
}
