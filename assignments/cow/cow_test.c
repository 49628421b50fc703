/*
 * cow_test.c - your own tests: they are graded, too.
 *
 * They run on your module, on several right ones and on many wrong ones.  A
 * test counts when every right module passes it; a wrong module is caught when
 * such a test fails on it.  So test what cow.h says, and nothing that it leaves
 * open.
 */
#include "cow/cow.h"
#include "vmlab_test.h"

VMLAB_SUITE(cow)

/* A worked example.  A test makes the machine, an address space with one page
 * (pw_ functions are the reference's here) and a system, and hands the space
 * over.  What the module is given is in the arena, because the module is in
 * another process; a space and a machine are tokens and may be anywhere.
 *
 * It is right, but it asks little.  What is the page's count, and what does its
 * entry look like after a fork, in the parent and in the child?  And when one of
 * the two has written, what does the other read?
 */
Test(cow, spawned_process_has_its_space)
{
    struct mach *mach = test_machine(16);
    struct cow_config *config = arena_object(struct cow_config);
    *config = (struct cow_config){16, UINT64_C(1) << 32};
    struct cow *cow = cow_create(mach, config);
    check(cow != NULL, "cow_create returned NULL");

    struct space *space = pw_create(mach, PW_TWO_LEVEL, PW_WP);
    uint64_t frame = frame_alloc(mach);
    check_status(pw_map(space, 0x00401000, frame * 4096, 4096, PW_W | PW_U),
                 PW_OK);
    check_status(cow_spawn(cow, 1, space), COW_OK);
    check(cow_space(cow, 1) == space, "process 1 has another space");
    check_status(cow_destroy(cow), COW_OK);
}

/* How to go on.  An entry, and a byte of a page:
 *
 *     struct pw_leaf *leaf = arena_object(struct pw_leaf);
 *     check_status(pw_entry(cow_space(cow, 2), 0x00401000, leaf), PW_OK);
 *     check_eq(leaf->entry % 4096, PW_P | PW_U | PW_COW);
 *     phys_read8(mach, leaf->entry / 4096 * 4096 + 7);
 *
 * Memory that runs out at the second allocation from now on, and whether all
 * has been given back:
 *
 *     frame_fail_at(mach, 2);
 *     check_frames_used(mach, 0);
 *
 * What the processor was told: mach_invalidated in machine.h.  For the bonus, a
 * swap device of 8 slots, before cow_create: test_swapdev(mach, 8).
 */
