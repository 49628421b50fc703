/* hidden_bonus.c - the enhanced clock and the two lists. */
#include "swap_help.h"

/* Gives pages 0 to `count` - 1 the A and D of a string of pairs: "AD A- -D --".
 */
static void
set_bits(const struct world *w, const char *bits)
{
    for (unsigned page = 0; bits[0] != '\0'; page++) {
        const uint64_t set =
            (bits[0] == 'A' ? PW_A : 0) | (bits[1] == 'D' ? PW_D : 0);
        change_leaf(w, page, PW_A | PW_D, set);
        bits += bits[2] == ' ' ? 3 : 2;
    }
}

static void
check_bits(const struct world *w, const char *bits)
{
    const char *all = bits;
    for (unsigned page = 0; bits[0] != '\0'; page++) {
        const uint64_t want =
            (bits[0] == 'A' ? PW_A : 0) | (bits[1] == 'D' ? PW_D : 0);
        check((leaf(w, page) & (PW_A | PW_D)) == want,
              "A and D of page %u are %c%c, expected %.2s (all of them: %s)",
              page, leaf(w, page) & PW_A ? 'A' : '-',
              leaf(w, page) & PW_D ? 'D' : '-', bits, all);
        bits += bits[2] == ' ' ? 3 : 2;
    }
}

/* ---- The enhanced clock -------------------------------------------------- */

static struct world
enhanced(const char *bits)
{
    const struct world w = new_world(4, 8, SWAP_ENHANCED);
    touch_all(&w, 0, 4, USER_READ);
    set_bits(&w, bits);
    return w;
}

Test(hidden, enhanced_clock_prefers_the_clean_page_that_was_not_accessed)
{
    const struct world w = enhanced("AD -D A- --");
    check_victim(&w, F(3));
    check_bits(&w, "AD -D A- --");
    const struct world v = enhanced("-- -D -- A-");
    check_victim(&v, F(0));
    check_victim(&v, F(2));
    check_victim(&v, F(0));
    end_world(&w);
    end_world(&v);
}

Test(hidden, enhanced_clock_clears_a_only_in_its_second_turn)
{
    const struct world w = enhanced("AD A- -D A-");
    check_victim(&w, F(2));
    check_bits(&w, "-D -- -D A-");
    check_victim(&w, F(1));
    check_bits(&w, "-D -- -D A-");
    end_world(&w);
}

Test(hidden, enhanced_clock_finds_a_clean_page_in_its_third_turn)
{
    const struct world w = enhanced("AD A- AD A-");
    check_victim(&w, F(1));
    check_bits(&w, "-D -- -D --");
    check_victim(&w, F(3));
    end_world(&w);
}

Test(hidden, enhanced_clock_finds_a_dirty_page_in_its_fourth_turn)
{
    const struct world w = enhanced("AD AD AD AD");
    check_victim(&w, F(0));
    check_bits(&w, "-D -D -D -D");
    check_victim(&w, F(1));
    end_world(&w);
}

Test(hidden, turns_of_the_enhanced_clock_begin_at_the_hand)
{
    const struct world w = enhanced("-- -- -- --");
    check_victim(&w, F(0));
    check_victim(&w, F(1));
    set_bits(&w, "AD -D AD AD");
    check_victim(&w, F(1));
    check_bits(&w, "-D -D -D -D");
    check_victim(&w, F(2));
    set_bits(&w, "-- A- AD --");
    check_victim(&w, F(3));
    end_world(&w);
}

Test(hidden, enhanced_clock_leaves_pinned_frames_alone)
{
    const struct world w = enhanced("-- A- AD AD");
    check_status(swap_pin(w.swap, F(0), 1), SWAP_OK);
    check_status(swap_pin(w.swap, F(1), 1), SWAP_OK);
    check_victim(&w, F(2));
    check_bits(&w, "-- A- -D -D");
    check_status(swap_pin(w.swap, F(2), 1), SWAP_OK);
    check_status(swap_pin(w.swap, F(3), 1), SWAP_OK);
    check_no_victim(&w);
    check_bits(&w, "-- A- -D -D");
    end_world(&w);
}

Test(hidden, enhanced_clock_passes_dirty_frames_while_the_device_is_full)
{
    const struct world w = new_world(3, 1, SWAP_ENHANCED);
    check_slot_alloc(&w, 0);
    touch_all(&w, 0, 3, USER_READ);
    set_bits(&w, "-D AD A-");
    check_victim(&w, F(2));
    check_bits(&w, "-D AD --");
    end_world(&w);
}

Test(hidden, enhanced_clock_tells_the_processor)
{
    const struct world w = enhanced("AD A- -D A-");
    const uint64_t before = mach_counts(w.mach).invalidations;
    check_victim(&w, F(2));
    check(was_invalidated(&w, w.space, 0, before) &&
              was_invalidated(&w, w.space, 1, before),
          "A of pages 0 and 1 was cleared, but the processor was not told");
    end_world(&w);
}

Test(hidden, enhanced_clock_saves_writes)
{
    const struct world w = new_world(3, 8, SWAP_ENHANCED);
    write_page(&w, 0, 41);
    write_page(&w, 1, 42);
    for (unsigned page = 2; page < 10; page++)
        check_fault(&w, page, USER_READ, SWAP_OK, SWAP_ZEROED, F(2));
    check_eq(swapdev_counts(w.mach).writes, 0);
    check_page(&w, 0, 41);
    check_page(&w, 1, 42);
    end_world(&w);
}

/* ---- Two lists ----------------------------------------------------------- */

/* A world of `frames` frames with pages 0, 1, .. that were not accessed since:
 * all on the inactive list, page 0 last. */
static struct world
lists(unsigned frames)
{
    const struct world w = new_world(frames, 8, SWAP_LISTS);
    for (unsigned page = 0; page < frames; page++)
        check_fault(&w, page, USER_READ, SWAP_OK, SWAP_ZEROED, F(page));
    return w;
}

/* Turns out the victim, which must be that frame. */
#define check_out(w, frame)                                                    \
    do {                                                                       \
        check_victim(w, frame);                                                \
        check_status(swap_evict((w)->swap, frame), SWAP_OK);                   \
    } while (0)

Test(hidden, oldest_inactive_page_is_the_victim)
{
    const struct world w = lists(4);
    check_victim(&w, F(0));
    check_out(&w, F(0));
    check_out(&w, F(1));
    check_fault(&w, 9, USER_READ, SWAP_OK, SWAP_ZEROED, F(0));
    check_out(&w, F(2));
    check_out(&w, F(3));
    check_out(&w, F(0));
    check_no_victim(&w);
    end_world(&w);
}

Test(hidden, page_found_referenced_once_stays_inactive)
{
    const struct world w = lists(3);
    touch(&w, 0, USER_READ);
    check_out(&w, F(1));
    check_bits(&w, "--");
    check_out(&w, F(2));
    check_out(&w, F(0));
    end_world(&w);
}

Test(hidden, page_found_referenced_twice_becomes_active)
{
    const struct world w = lists(4);
    touch(&w, 0, USER_READ);
    check_out(&w, F(1));
    touch(&w, 0, USER_READ);
    touch(&w, 2, USER_READ);
    touch(&w, 3, USER_READ);
    /* Inactive 0 3 2: 2 and 3 are found once; 0, found twice, is active. */
    check_out(&w, F(2));
    check_eq(leaf(&w, 0) & PW_A, 0);
    check_fault(&w, 8, USER_READ, SWAP_OK, SWAP_ZEROED, F(1));
    check_fault(&w, 9, USER_READ, SWAP_OK, SWAP_ZEROED, F(2));
    check_out(&w, F(3));
    check_out(&w, F(1));
    check_out(&w, F(2));
    check_out(&w, F(0));
    end_world(&w);
}

Test(hidden, inactive_list_is_refilled_from_the_oldest_active_page)
{
    const struct world w = lists(4);
    for (unsigned i = 0; i < 2; i++) {
        touch(&w, 0, USER_READ);
        touch(&w, 1, USER_READ);
        touch(&w, 2, USER_READ);
        check_victim(&w, F(3));
    }
    /* 0, 1 and 2 were found once.  Found again they become active, until the
     * active list is the longer one: then 0 comes back first. */
    touch(&w, 1, USER_READ);
    check_out(&w, F(3));
    check_eq(leaf(&w, 1) & PW_A, PW_A);
    check_out(&w, F(0));
    check_eq(leaf(&w, 1) & PW_A, 0);
    check_out(&w, F(1));
    check_out(&w, F(2));
    end_world(&w);
}

Test(hidden, refilled_page_must_be_found_twice_again)
{
    const struct world w = lists(2);
    for (unsigned i = 0; i < 2; i++) {
        touch(&w, 0, USER_READ);
        check_victim(&w, F(1));
    }
    check_out(&w, F(1));
    touch(&w, 0, USER_READ);
    const uint64_t before = mach_counts(w.mach).invalidations;
    check_victim(&w, F(0));
    check_eq(leaf(&w, 0) & PW_A, 0);
    check(was_invalidated(&w, w.space, 0, before),
          "A of page 0 was cleared, but the processor was not told");
    check_fault(&w, 5, USER_READ, SWAP_OK, SWAP_ZEROED, F(1));
    touch(&w, 0, USER_READ);
    check_victim(&w, F(1));
    check_out(&w, F(1));
    check_out(&w, F(0));
    end_world(&w);
}

Test(hidden, lists_leave_pinned_frames_alone)
{
    const struct world w = lists(3);
    touch(&w, 0, USER_READ);
    check_status(swap_pin(w.swap, F(0), 1), SWAP_OK);
    check_out(&w, F(1));
    check_eq(leaf(&w, 0) & PW_A, PW_A);
    check_status(swap_pin(w.swap, F(0), 0), SWAP_OK);
    check_out(&w, F(2));
    check_eq(leaf(&w, 0) & PW_A, PW_A);
    check_status(swap_pin(w.swap, F(0), 1), SWAP_OK);
    check_no_victim(&w);
    check_eq(leaf(&w, 0) & PW_A, PW_A);
    end_world(&w);
}

Test(hidden, refill_leaves_a_pinned_page_its_a)
{
    const struct world w = lists(3);
    touch(&w, 0, USER_READ);
    check_out(&w, F(1));
    check_out(&w, F(2));
    touch(&w, 0, USER_READ);
    check_fault(&w, 5, USER_READ, SWAP_OK, SWAP_ZEROED, F(1));
    check_victim(&w, F(1));
    /* Page 0 is active, page 5 not yet. */
    touch(&w, 5, USER_READ);
    check_victim(&w, F(1));
    touch(&w, 5, USER_READ);
    check_fault(&w, 6, USER_READ, SWAP_OK, SWAP_ZEROED, F(2));
    touch(&w, 0, USER_READ);
    check_status(swap_pin(w.swap, F(0), 1), SWAP_OK);
    /* Page 5 becomes active, too, and page 0 comes back. */
    check_victim(&w, F(2));
    check_eq(leaf(&w, 5) & PW_A, 0);
    check_eq(leaf(&w, 0) & PW_A, PW_A);
    end_world(&w);
}

Test(hidden, pinned_inactive_pages_do_not_hide_the_active_ones)
{
    const struct world w = lists(3);
    for (unsigned i = 0; i < 2; i++) {
        touch(&w, 0, USER_READ);
        check_victim(&w, F(1));
    }
    check_status(swap_pin(w.swap, F(1), 1), SWAP_OK);
    check_status(swap_pin(w.swap, F(2), 1), SWAP_OK);
    check_out(&w, F(0));
    end_world(&w);
}

Test(hidden, page_that_left_is_on_no_list)
{
    const struct world w = lists(3);
    check_status(swap_release(w.swap, w.space, page_va(0)), SWAP_OK);
    check_out(&w, F(1));
    check_fault(&w, 7, USER_READ, SWAP_OK, SWAP_ZEROED, F(0));
    check_out(&w, F(2));
    check_out(&w, F(0));
    end_world(&w);
}

Test(hidden, contents_survive_under_two_lists)
{
    const struct world w = new_world(4, 16, SWAP_LISTS);
    uint64_t value[10] = {0};
    for (unsigned i = 0; i < 800; i++) {
        const unsigned page =
            (unsigned)test_random_below(test_random_below(3) == 0 ? 10 : 3);
        if (test_random_below(3) == 0)
            write_page(&w, page, value[page] = i + 1);
        else
            check_page(&w, page, value[page]);
    }
    end_world(&w);
}
