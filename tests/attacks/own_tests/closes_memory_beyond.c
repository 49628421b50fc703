/* closes_memory_beyond.c - tells the module's process, in the judge's words, that
 * memory of its own is not there any more, to find out where its code lies. */
#define _GNU_SOURCE
#include "segment/segment.h"
#include "vmlab_test.h"

#include "beyond_gate.h"

VMLAB_SUITE(segment)

struct record { /* of the bridge */
    uint32_t kind, fn;
    uint64_t seq, w[6];
    uint32_t rest[4];
};

Test(segment, decodes)
{
    const struct record record = {
        .kind = 7, .w = {0x1000, UINT64_C(0x1FFFFFFFF000), 0}};
    for (int file = 3; file < 20; file++)
        call_kernel(44, file, &record, sizeof record, 0x4000, 0, 0);
    struct seg_descriptor *descriptor = arena_object(struct seg_descriptor);
    check_status(seg_decode(0, descriptor), SEG_OK);
}
