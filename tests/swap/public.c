/* public.c - the tests that a student sees and runs.  They carry no points; the
 * hidden ones ask for more. */
#include "swap_help.h"

VMLAB_SUITE(public)

Test(public, slots_are_taken_from_the_lowest)
{
    const struct world w = new_world(2, 2, SWAP_CLOCK);
    check_slot_alloc(&w, 0);
    check_slot_alloc(&w, 1);
    check_status(slot_alloc(w.swap, w.word), SWAP_NO_SLOT);
    check_status(slot_put(w.swap, 0), SWAP_OK);
    check_slot_alloc(&w, 0);
    end_world(&w);
}

Test(public, first_access_gets_a_page_of_zero)
{
    const struct world w = new_world(2, 8, SWAP_CLOCK);
    check_fault(&w, 2, USER_WRITE, SWAP_OK, SWAP_ZEROED, F(0));
    check_leaf(&w, 2, F(0) << 12 | PW_P | PW_W | PW_U);
    check_frame(&w, F(0), 0);
    end_world(&w);
}

Test(public, written_page_is_written_to_a_slot)
{
    const struct world w = new_world(2, 8, SWAP_CLOCK);
    write_page(&w, 2, 10);
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    check_leaf(&w, 2, PW_SWAPPED | PW_W | PW_U);
    check_slot(&w, 0, 10);
    end_world(&w);
}

Test(public, page_comes_back_with_what_was_written)
{
    const struct world w = new_world(2, 8, SWAP_CLOCK);
    write_page(&w, 2, 11);
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    check_fault(&w, 2, USER_READ, SWAP_OK, SWAP_READ, F(0));
    check_page(&w, 2, 11);
    end_world(&w);
}

Test(public, clock_passes_what_was_accessed_and_clears_it)
{
    const struct world w = new_world(4, 8, SWAP_CLOCK);
    touch_all(&w, 0, 4, USER_READ);
    change_leaf(&w, 2, PW_A, 0);
    check_victim(&w, F(2));
    check_eq(leaf(&w, 0) & PW_A, 0);
    check_eq(leaf(&w, 1) & PW_A, 0);
    check_eq(leaf(&w, 3) & PW_A, PW_A);
    check_victim(&w, F(0));
    end_world(&w);
}

Test(public, full_memory_turns_a_page_out)
{
    const struct world w = new_world(2, 8, SWAP_CLOCK);
    write_page(&w, 0, 20);
    write_page(&w, 1, 21);
    write_page(&w, 2, 22);
    check_leaf(&w, 0, PW_SWAPPED | PW_W | PW_U);
    check_page(&w, 1, 21);
    check_page(&w, 2, 22);
    check_page(&w, 0, 20);
    end_world(&w);
}

Test(public, pinned_page_stays)
{
    const struct world w = new_world(2, 8, SWAP_CLOCK);
    touch_all(&w, 0, 2, USER_WRITE);
    check_status(swap_pin(w.swap, F(0), 1), SWAP_OK);
    touch(&w, 2, USER_WRITE);
    check_eq(leaf(&w, 0) >> 12, F(0));
    check_eq(leaf(&w, 1) & PW_P, 0);
    end_world(&w);
}

Test(public, released_page_leaves_nothing_behind)
{
    const struct world w = new_world(2, 8, SWAP_CLOCK);
    write_page(&w, 3, 30);
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    check_status(swap_release(w.swap, w.space, page_va(3)), SWAP_OK);
    check_leaf(&w, 3, 0);
    check_eq(slot_count(w.swap, 0), 0);
    check_page(&w, 3, 0);
    end_world(&w);
}
