/* public.c - what a student sees and runs while working on the stage. */
#include "pw_help.h"

VMLAB_SUITE(public)

Test(public, new_space_has_an_empty_root)
{
    struct mach *const mach = test_machine(64);
    litter(mach);
    struct space *const space = new_space(mach, PW_TWO_LEVEL, 0);
    for (unsigned i = 0; i < 1024; i++)
        check_eq(peek_entry(mach, PW_TWO_LEVEL, pw_root(space) + i * 4), 0);
    check_eq(pw_table_bytes(space), 4096);
    check_end(mach, space, 0);
}

Test(public, two_levels_are_walked)
{
    const struct path p = new_path(PW_TWO_LEVEL, 0, 0x0804A6F8, 0x00013000);
    check_walk(&p, PW_READ | PW_USER, PW_OK);
    check_eq(p.r->pa, 0x000136F8);
    check_eq(p.r->reads, 2);
    end_path(&p);
}

Test(public, one_level_is_walked)
{
    const struct path p = new_path(PW_FLAT, 0, 0x0804A6F8, 0x00013000);
    check_walk(&p, PW_READ | PW_USER, PW_OK);
    check_eq(p.r->pa, 0x000136F8);
    check_eq(p.r->reads, 1);
    end_path(&p);
}

Test(public, segments_with_their_own_tables_are_walked)
{
    const struct path p = new_path(PW_SEGMENTED, 0, 0x0804A6F8, 0x00013000);
    check_walk(&p, PW_READ | PW_USER, PW_OK);
    check_eq(p.r->pa, 0x000136F8);
    end_path(&p);
}

Test(public, page_that_is_not_there_is_a_page_fault)
{
    struct mach *const mach = test_machine(64);
    struct space *const space = new_space(mach, PW_TWO_LEVEL, 0);
    struct pw_result *const r = new_result();
    check_status(pw_walk(space, 0x0804A6F8, PW_READ | PW_USER, r),
                 PW_NOT_PRESENT);
    check_fault(r, FAULT_PF, PW_FAULT_U, 0x0804A6F8);
    check_end(mach, space, 0);
}

Test(public, write_to_a_read_only_page_is_denied)
{
    const struct path p = new_path(PW_TWO_LEVEL, 0, 0x08050000, 0x00013000);
    set_bits(&p, 1, PW_P | PW_U);
    check_walk(&p, PW_READ | PW_USER, PW_OK);
    check_walk(&p, PW_WRITE | PW_USER, PW_RIGHTS);
    check_fault(p.r, FAULT_PF, PW_FAULT_P | PW_FAULT_W | PW_FAULT_U, p.va);
    end_path(&p);
}

Test(public, walk_leaves_its_marks)
{
    const struct path p = new_path(PW_TWO_LEVEL, 0, 0x08050000, 0x00013000);
    check_walk(&p, PW_READ, PW_OK);
    check_eq(get_bits(&p, 0), OPEN | PW_A);
    check_eq(get_bits(&p, 1), OPEN | PW_A);
    check_walk(&p, PW_WRITE, PW_OK);
    check_eq(get_bits(&p, 0), OPEN | PW_A);
    check_eq(get_bits(&p, 1), OPEN | PW_A | PW_D);
    end_path(&p);
}

Test(public, mapped_pages_are_translated)
{
    struct mach *const mach = test_machine(64);
    struct space *const space = new_space(mach, PW_TWO_LEVEL, 0);
    struct pw_result *const r = new_result();
    check_status(pw_map(space, 0x00400000, 0x9000, 4097, PW_W | PW_U), PW_OK);
    check_pa(space, 0x00401234, PW_WRITE | PW_USER, r, 0xA234);
    check_eq(pw_table_bytes(space), 8192);
    check_eq(leaf_of(mach, space, PW_TWO_LEVEL, 0x00400000), 0x9007);
    check_status(pw_map(space, 0x00401000, 0x5000, 1, 0), PW_EXISTS);
    check_end(mach, space, 0);
}

Test(public, unmapping_gives_the_table_back)
{
    struct mach *const mach = test_machine(64);
    struct space *const space = new_space(mach, PW_TWO_LEVEL, 0);
    check_status(pw_map(space, 0xBFFFE000, 0x9000, 8192, PW_W), PW_OK);
    check_status(pw_unmap(space, 0xBFFFE000, 4096), PW_OK);
    check_frames_used(mach, 2);
    check_status(pw_unmap(space, 0xBFFFF000, 4096), PW_OK);
    check_frames_used(mach, 1);
    check_end(mach, space, 0);
}

Test(public, protected_page_keeps_its_frame)
{
    struct mach *const mach = test_machine(64);
    struct space *const space = new_space(mach, PW_TWO_LEVEL, 0);
    check_status(pw_map(space, 0x10000, 0x9000, 4096, PW_W | PW_U), PW_OK);
    check_status(pw_protect(space, 0x10000, 4096, PW_U), PW_OK);
    check_eq(leaf_of(mach, space, PW_TWO_LEVEL, 0x10000), 0x9005);
    check_end(mach, space, 0);
}

Test(public, next_finds_the_pages_in_order)
{
    struct mach *const mach = test_machine(64);
    struct space *const space = new_space(mach, PW_TWO_LEVEL, 0);
    struct pw_leaf *const leaf = arena_object(struct pw_leaf);
    check_status(pw_map(space, 0x10000, 0x9000, 4096, 0), PW_OK);
    check_status(pw_map(space, 0x40000000, 0xA000, 4096, 0), PW_OK);
    check_status(pw_next(space, 0, leaf), PW_OK);
    check_eq(leaf->va, 0x10000);
    check_status(pw_next(space, 0x11000, leaf), PW_OK);
    check_eq(leaf->va, 0x40000000);
    check_status(pw_next(space, 0x40001000, leaf), PW_NOT_MAPPED);
    check_end(mach, space, 0);
}

Test(public, failed_mapping_leaves_no_table_behind)
{
    struct mach *const mach = test_machine(64);
    struct space *const space = new_space(mach, PW_TWO_LEVEL, 0);
    frame_fail_at(mach, 2);
    check_refused(mach, space, pw_map(space, 0x3FF000, 0, 8192, PW_W),
                  PW_NO_MEMORY);
    check_end(mach, space, 0);
}
