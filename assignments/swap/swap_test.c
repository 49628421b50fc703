/*
 * swap_test.c - your own tests: they are graded, too.
 *
 * They run on your module, on several right ones and on many wrong ones.  A
 * test counts when every right module passes it; a wrong module is caught when
 * such a test fails on it.  So test what swap.h says, and nothing that it
 * leaves open.
 */
#include "swap/swap.h"
#include "swap/swap_lab.h"
#include "vmlab_test.h"

VMLAB_SUITE(swap)

/* A worked example: a machine of 16 frames, of which frame 4 is for pages, a
 * device of 8 slots, a space, and one fault.
 *
 * It is right, but every module that comes close passes it: with one frame
 * there is nothing to choose, and memory is all zero in a new machine, so it
 * does not even show whether the frame was filled.  Put something there first
 * (mach_poke), or let another page leave it there. */
Test(swap, first_fault_is_served_in_the_first_frame)
{
    struct mach *mach = test_machine(16);
    check_eq(frame_alloc_run(mach, 5), 0); /* 0 to 4 are not for tables */
    test_swapdev(mach, 8);
    struct space *space = pw_create(mach, PW_TWO_LEVEL, PW_WP);
    struct swap_config *config = arena_object(struct swap_config);
    *config = (struct swap_config){4, 1, SWAP_CLOCK};
    struct swap *swap = swap_create(mach, config);
    struct swap_result *result = arena_object(struct swap_result);

    check_status(
        swap_fault(swap, space, 0x00400123, PW_WRITE | PW_USER, result),
        SWAP_OK);
    check_eq(result->kind, SWAP_ZEROED);
    check_eq(result->frame, 4);

    check_status(swap_destroy(swap), SWAP_OK);
}

/* How to go on.  The page tables are the reference's here: look at a leaf with
 * pw_entry, change rights with pw_protect.  lab_access (swap_lab.h) is a
 * processor: it walks, calls swap_fault when the page is missing, and tries
 * again, which sets A and D.  mach_peek looks into a frame, swapdev_peek into a
 * slot, swapdev_counts counts transfers, swapdev_fail_write_at lets one fail.
 */
