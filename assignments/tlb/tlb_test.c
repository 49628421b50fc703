/*
 * tlb_test.c - your own tests: they are graded, too.
 *
 * They run on your module, on several right ones and on many wrong ones.  A
 * test counts when every right module passes it; a wrong module is caught when
 * such a test fails on it.  So test what tlb.h says, and nothing that it leaves
 * open.
 */
#include "tlb/tlb.h"
#include "vmlab_test.h"

VMLAB_SUITE(tlb)

/* A worked example: nearly the first two lines of tlb_translate in tlb.h.  The
 * tables are made by a right pw_map, and walked by a right pw_walk.  How many
 * entries were read is counted by the machine, so that a module cannot be wrong
 * about it.
 *
 * It is right, but nearly every module passes it.  Which would still pass if
 * the second access came from another address space, or were a write? */
Test(tlb, second_read_of_a_page_reads_no_table)
{
    struct mach *mach = test_machine(64);
    struct space *space = pw_create(mach, PW_TWO_LEVEL, PW_WP);
    check_status(pw_map(space, 0x00400000, 0x9000, 4096, PW_W | PW_U), PW_OK);
    struct tlb *tlb = tlb_create(4, 2, TLB_LRU);
    check(tlb != NULL, "no TLB");
    struct tlb_result *r = arena_object(struct tlb_result);

    check_status(tlb_translate(tlb, space, 1, 0x00400120, PW_READ, r), TLB_OK);
    check_eq(r->pa, 0x9120);
    check_eq(r->hit, 0);
    const uint64_t reads = mach_counts(mach).reads;
    check_status(tlb_translate(tlb, space, 1, 0x00400FF0, PW_READ, r), TLB_OK);
    check_eq(r->pa, 0x9FF0);
    check_eq(r->hit, 1);
    check_eq(mach_counts(mach).reads, reads);

    check_status(tlb_destroy(tlb), TLB_OK);
    check_status(pw_destroy(space), PW_OK);
}
