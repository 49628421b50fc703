/* public.c - what a student sees and runs while working on the stage. */
#include "pagewalk/pagewalk.h"
#include "vmlab_test.h"

VMLAB_SUITE(public)

Test(public, mapped_page_is_translated)
{
    struct mach *const mach = test_machine(64);
    struct space *const space = pw_create(mach, PW_TWO_LEVEL, 0);
    struct pw_result *const r = arena_object(struct pw_result);
    check_status(pw_map(space, 0x00400000, 0x9000, 4097, PW_W | PW_U), PW_OK);
    check_status(pw_walk(space, 0x00401234, PW_WRITE | PW_USER, r), PW_OK);
    check_eq(r->pa, 0xA234);
    check_status(pw_destroy(space), PW_OK);
    check_frames_used(mach, 0);
}
