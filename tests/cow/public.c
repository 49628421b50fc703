/* public.c - what a student sees and runs while working on the stage. */
#include "cow_help.h"

VMLAB_SUITE(public)

/* A process with one page, for the public tests. */
static struct world
one_page(uint64_t leaf_bits)
{
    const struct world w = new_world_of(32, NO_KERNEL);
    struct space *const space = new_space(&w);
    put_page(&w, space, 0x00801000, leaf_bits);
    check_status(cow_spawn(w.cow, 5, space), COW_OK);
    return w;
}

Test(public, page_of_a_new_process_is_counted)
{
    const struct world w = one_page(PW_W | PW_U);
    check_refs(&w, frame(&w, 5, 0x00801000), 1);
    end_world(&w);
}

Test(public, new_page_can_be_mapped)
{
    const struct world w = one_page(PW_W | PW_U);
    check_status(cow_map(w.cow, 5, 0x00900123, PW_U), COW_OK);
    check_eq(bits(&w, 5, 0x00900000), PW_P | PW_U);
    end_world(&w);
}

Test(public, fork_shares_the_frame)
{
    const struct world w = one_page(PW_W | PW_U);
    const uint64_t number = frame(&w, 5, 0x00801000);
    check_status(cow_fork(w.cow, 5, 6), COW_OK);
    check_eq(frame(&w, 6, 0x00801000), number);
    check_refs(&w, number, 2);
    check_eq(bits(&w, 5, 0x00801000), PW_P | PW_U | PW_COW);
    check_eq(bits(&w, 6, 0x00801000), PW_P | PW_U | PW_COW);
    end_world(&w);
}

Test(public, write_after_fork_goes_to_a_copy)
{
    const struct world w = one_page(PW_W | PW_U);
    const uint64_t number = frame(&w, 5, 0x00801000);
    check_status(cow_fork(w.cow, 5, 6), COW_OK);
    check_status(cow_fault(w.cow, 6, 0x00801234, USER_WRITE), COW_OK);
    check(frame(&w, 6, 0x00801000) != number, "process 6 has no copy");
    check_eq(frame(&w, 5, 0x00801000), number);
    check_filled(&w, 6, 0x00801000, number);
    end_world(&w);
}

Test(public, read_only_page_still_faults)
{
    const struct world w = one_page(PW_U);
    check_status(cow_fork(w.cow, 5, 6), COW_OK);
    check_status(cow_fault(w.cow, 6, 0x00801000, USER_WRITE), COW_RIGHTS);
    end_world(&w);
}

Test(public, page_can_be_made_read_only)
{
    const struct world w = one_page(PW_W | PW_U);
    check_status(cow_protect(w.cow, 5, 0x00801000, PW_U), COW_OK);
    check_eq(bits(&w, 5, 0x00801000), PW_P | PW_U);
    end_world(&w);
}

Test(public, kernel_writes_where_the_process_would)
{
    const struct world w = one_page(PW_W | PW_U);
    unsigned char bytes[PAGE];
    check_status(cow_copy_out(w.cow, 5, 0x00801010, w.from, 20, w.left),
                 COW_OK);
    check_eq(*w.left, 0);
    read_page(&w, 5, 0x00801000, bytes);
    check_bytes(bytes + 0x10, w.from, 20);
    end_world(&w);
}

Test(public, exit_gives_a_lone_process_back)
{
    const struct world w = one_page(PW_W | PW_U);
    check_status(cow_exit(w.cow, 5), COW_OK);
    check_all_back(&w);
    end_world(&w);
}
