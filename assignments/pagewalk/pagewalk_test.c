/*
 * pagewalk_test.c - your own tests: they are graded, too.
 *
 * They run on your module, on several right ones and on many wrong ones.  A
 * test counts when every right module passes it; a wrong module is caught when
 * such a test fails on it.  So test what pagewalk.h says, and nothing that it
 * leaves open: which frame a table gets, for instance, nobody has promised.
 */
#include "pagewalk/pagewalk.h"
#include "vmlab_test.h"

VMLAB_SUITE(pagewalk)

/* A worked example: a page is mapped and read.
 *
 * It is right, but wrong modules pass it, too.  It does not look at the address
 * that came out (r->pa), at the frames that were given back, or at what must
 * not happen.  Choose addresses in which each bit counts; walk with every kind
 * of access; and look at the tables themselves: mach_peek shows the bytes at
 * pw_root(space) without counting. */
Test(pagewalk, mapped_page_is_read)
{
    struct mach *mach = test_machine(64);
    struct space *space = pw_create(mach, PW_TWO_LEVEL, 0);
    struct pw_result *r = arena_object(struct pw_result);
    check_status(pw_map(space, 0x00400000, 0x9000, 4096, PW_W | PW_U), PW_OK);
    check_status(pw_walk(space, 0x00400123, PW_READ | PW_USER, r), PW_OK);
    check_status(pw_destroy(space), PW_OK);
}

/* How to go on.  A test may fill in tables itself, so that pw_walk sees entries
 * that pw_map would never write (0x005 is present, of the user, read-only):
 *
 *     uint32_t entry = 0x7000 | 0x005;
 *     mach_poke(mach, pw_root(space) + 4 * index, &entry, sizeof entry);
 *
 * and make the k-th allocation of a frame fail:
 *
 *     frame_fail_at(mach, 2);
 */
