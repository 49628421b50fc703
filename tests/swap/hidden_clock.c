/* hidden_clock.c - the hand; faults in full memory; a device that is full,
 * absent or failing; the textbooks' strings. */
#include <string.h>

#include "swap_help.h"

/* ---- The hand ------------------------------------------------------------ */

/* Gives pages 0 to `count` - 1, in frames F(0), F(1), .., the A bits of a
 * string: "1101". */
static void
set_accessed(const struct world *w, const char *bits)
{
    for (unsigned page = 0; bits[page] != '\0'; page++)
        change_leaf(w, page, PW_A, bits[page] == '1' ? PW_A : 0);
}

/* Wants these A bits. */
static void
check_accessed(const struct world *w, const char *bits)
{
    for (unsigned page = 0; bits[page] != '\0'; page++) {
        const unsigned got = (leaf(w, page) & PW_A) != 0;
        check(got == (bits[page] == '1'),
              "page %u: A is %u, expected %c (all of them: %s)", page, got,
              bits[page], bits);
    }
}

/* A world whose frames hold pages 0 to 3 with those A bits. */
static struct world
four_pages(const char *bits)
{
    const struct world w = new_world(4, 8, SWAP_CLOCK);
    touch_all(&w, 0, 4, USER_READ);
    set_accessed(&w, bits);
    return w;
}

Test(hidden, page_that_was_not_accessed_is_the_victim)
{
    const struct world w = four_pages("0011");
    check_victim(&w, F(0));
    check_accessed(&w, "0011");
    const struct world v = four_pages("1101");
    check_victim(&v, F(2));
    check_accessed(&v, "0001");
    end_world(&w);
    end_world(&v);
}

Test(hidden, accessed_pages_get_a_second_chance_once)
{
    const struct world w = four_pages("1111");
    check_victim(&w, F(0));
    check_accessed(&w, "0000");
    check_victim(&w, F(1));
    check_victim(&w, F(2));
    end_world(&w);
}

Test(hidden, hand_stays_one_past_the_victim)
{
    const struct world w = four_pages("0000");
    check_victim(&w, F(0));
    check_victim(&w, F(1));
    set_accessed(&w, "0010");
    check_victim(&w, F(3));
    check_accessed(&w, "0000");
    check_victim(&w, F(0));
    end_world(&w);
}

Test(hidden, example_of_the_contract_comes_out)
{
    const struct world w = four_pages("0101");
    check_victim(&w, F(0));
    set_accessed(&w, "1101");
    check_victim(&w, F(2));
    check_accessed(&w, "1001");
    check_victim(&w, F(1));
    check_accessed(&w, "0000");
    check_victim(&w, F(2));
    end_world(&w);
}

Test(hidden, hand_goes_on_from_fault_to_fault)
{
    const struct world w = new_world(3, 16, SWAP_CLOCK);
    touch_all(&w, 0, 3, USER_WRITE);
    check_fault(&w, 3, USER_READ, SWAP_OK, SWAP_ZEROED, F(0));
    check_fault(&w, 4, USER_READ, SWAP_OK, SWAP_ZEROED, F(1));
    check_fault(&w, 5, USER_READ, SWAP_OK, SWAP_ZEROED, F(2));
    check_fault(&w, 6, USER_READ, SWAP_OK, SWAP_ZEROED, F(0));
    touch(&w, 4, USER_READ);
    check_fault(&w, 7, USER_READ, SWAP_OK, SWAP_ZEROED, F(2));
    end_world(&w);
}

Test(hidden, hand_stays_when_a_frame_is_free)
{
    const struct world w = four_pages("0000");
    check_victim(&w, F(0));
    check_status(swap_evict(w.swap, F(3)), SWAP_OK);
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    check_fault(&w, 8, USER_READ, SWAP_OK, SWAP_ZEROED, F(0));
    check_victim(&w, F(1));
    end_world(&w);
}

Test(hidden, passed_pages_are_invalidated)
{
    const struct world w = four_pages("1101");
    const uint64_t before = mach_counts(w.mach).invalidations;
    check_victim(&w, F(2));
    check(was_invalidated(&w, w.space, 0, before) &&
              was_invalidated(&w, w.space, 1, before),
          "A of pages 0 and 1 was cleared, but the processor was not told");
    end_world(&w);
}

Test(hidden, clearing_a_changes_nothing_else)
{
    const struct world w = new_world(3, 8, SWAP_CLOCK);
    write_page(&w, 0, 15);
    write_page(&w, 1, 16);
    touch(&w, 2, USER_READ);
    change_leaf(&w, 1, PW_W, PW_COW);
    check_victim(&w, F(0));
    check_leaf(&w, 0, F(0) << 12 | PW_P | PW_W | PW_U | PW_D);
    check_leaf(&w, 1, F(1) << 12 | PW_P | PW_U | PW_D | PW_COW);
    check_leaf(&w, 2, F(2) << 12 | PW_P | PW_W | PW_U);
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    check_slot(&w, 0, 15);
    end_world(&w);
}

Test(hidden, victim_is_not_turned_out)
{
    const struct world w = four_pages("0000");
    const struct seen before = look(&w);
    check_victim(&w, F(0));
    check_same(&w, &before);
    check_fault(&w, 0, USER_READ, SWAP_OK, SWAP_PRESENT, F(0));
    end_world(&w);
}

Test(hidden, free_frames_are_passed)
{
    const struct world w = four_pages("0000");
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    check_status(swap_evict(w.swap, F(2)), SWAP_OK);
    check_victim(&w, F(1));
    check_victim(&w, F(3));
    check_victim(&w, F(1));
    end_world(&w);
}

Test(hidden, pinned_frames_are_passed_and_left_alone)
{
    const struct world w = four_pages("1010");
    check_status(swap_pin(w.swap, F(0), 1), SWAP_OK);
    check_status(swap_pin(w.swap, F(1), 1), SWAP_OK);
    check_victim(&w, F(3));
    check_accessed(&w, "1000");
    check_victim(&w, F(2));
    check_accessed(&w, "1000");
    check_status(swap_pin(w.swap, F(1), 0), SWAP_OK);
    check_victim(&w, F(3));
    check_victim(&w, F(1));
    end_world(&w);
}

Test(hidden, one_frame_is_a_clock_too)
{
    const struct world w = new_world(1, 8, SWAP_CLOCK);
    write_page(&w, 0, 17);
    check_victim(&w, F(0));
    check_victim(&w, F(0));
    for (unsigned page = 1; page < 6; page++)
        write_page(&w, page, 17 + page);
    for (unsigned page = 0; page < 6; page++)
        check_page(&w, page, 17 + page);
    end_world(&w);
}

/* A hand that goes on until it finds a victim would never come back: this test
 * then runs out of time. */
Test(hidden, search_ends_when_all_frames_are_pinned)
{
    static const char *const accessed[] = {"1", "0", "11", "00", "01101"};
    for (unsigned i = 0; i < sizeof accessed / sizeof *accessed; i++) {
        const unsigned frames = (unsigned)strlen(accessed[i]);
        const struct world w = new_world(frames, 8, SWAP_CLOCK);
        touch_all(&w, 0, frames, USER_WRITE);
        set_accessed(&w, accessed[i]);
        for (unsigned f = 0; f < frames; f++)
            check_status(swap_pin(w.swap, F(f), 1), SWAP_OK);
        check_context("%u pinned frames, A is %s", frames, accessed[i]);
        check_no_victim(&w);
        check_refused(&w, frames, USER_READ, SWAP_NO_MEMORY);
        end_world(&w);
    }
}

Test(hidden, all_pinned_is_no_memory_and_changes_nothing)
{
    const struct world w = new_world(3, 8, SWAP_CLOCK);
    touch_all(&w, 0, 3, USER_READ);
    set_accessed(&w, "000");
    check_victim(&w, F(0));
    set_accessed(&w, "001");
    for (unsigned i = 0; i < 3; i++)
        check_status(swap_pin(w.swap, F(i), 1), SWAP_OK);
    const struct seen before = look(&w);
    check_no_victim(&w);
    check_refused(&w, 3, USER_WRITE, SWAP_NO_MEMORY);
    check_same(&w, &before);
    for (unsigned i = 0; i < 3; i++)
        check_status(swap_pin(w.swap, F(i), 0), SWAP_OK);
    check_victim(&w, F(1));
    end_world(&w);
}

Test(hidden, empty_memory_has_no_victim)
{
    const struct world w = new_world(2, 8, SWAP_CLOCK);
    check_no_victim(&w);
    touch(&w, 2, USER_WRITE);
    check_status(swap_release(w.swap, w.space, page_va(2)), SWAP_OK);
    check_no_victim(&w);
    check_status(swap_victim(w.swap, NULL), SWAP_BAD_ARGUMENT);
    check_status(swap_victim(NULL, w.word), SWAP_BAD_ARGUMENT);
    end_world(&w);
}

/* ---- Faults in full memory ----------------------------------------------- */

Test(hidden, fault_in_full_memory_takes_the_victims_frame)
{
    const struct world w = new_world(3, 8, SWAP_CLOCK);
    for (unsigned page = 0; page < 3; page++)
        write_page(&w, page, 30 + page);
    set_accessed(&w, "101");
    check_fault(&w, 3, USER_WRITE, SWAP_OK, SWAP_ZEROED, F(1));
    check_leaf(&w, 1, PW_SWAPPED | PW_W | PW_U);
    check_leaf(&w, 3, F(1) << 12 | PW_P | PW_W | PW_U);
    check_frame(&w, F(1), 0);
    check_slot(&w, 0, 31);
    check_eq(swapdev_counts(w.mach).writes, 1);
    check_accessed(&w, "0010");
    end_world(&w);
}

Test(hidden, frame_belongs_to_the_page_that_came_last)
{
    const struct world w = new_world(1, 8, SWAP_CLOCK);
    write_page(&w, 0, 33);
    write_page(&w, 3, 34);
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    check_leaf(&w, 0, PW_SWAPPED | PW_W | PW_U);
    check_leaf(&w, 3, UINT64_C(1) << 12 | PW_SWAPPED | PW_W | PW_U);
    check_slot(&w, 0, 33);
    check_slot(&w, 1, 34);
    end_world(&w);
}

Test(hidden, two_pages_can_change_places)
{
    const struct world w = new_world(1, 8, SWAP_CLOCK);
    write_page(&w, 0, 35);
    write_page(&w, 1, 36);
    for (unsigned i = 0; i < 3; i++) {
        check_page(&w, 0, 35);
        check_page(&w, 1, 36);
    }
    check_eq(swapdev_counts(w.mach).writes, 2);
    check_eq(swapdev_counts(w.mach).reads, 6);
    end_world(&w);
}

/* ---- A device that is full or absent ------------------------------------- */

Test(hidden, dirty_page_without_a_slot_to_go_to_is_not_evicted)
{
    const struct world w = new_world(2, 1, SWAP_CLOCK);
    write_page(&w, 2, 20);
    write_page(&w, 3, 21);
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    const struct seen before = look(&w);
    check_status(swap_evict(w.swap, F(1)), SWAP_NO_SLOT);
    check_same(&w, &before);
    check_frame(&w, F(1), 21);
    end_world(&w);
}

Test(hidden, full_device_still_takes_a_page_into_its_own_slot)
{
    const struct world w = new_world(2, 1, SWAP_CLOCK);
    write_page(&w, 2, 22);
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    write_page(&w, 2, 23);
    check_victim(&w, F(0));
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    check_slot(&w, 0, 23);
    check_page(&w, 2, 23);
    end_world(&w);
}

Test(hidden, dirty_frames_are_passed_while_the_device_is_full)
{
    const struct world w = new_world(4, 1, SWAP_CLOCK);
    check_slot_alloc(&w, 0);
    touch_all(&w, 0, 4, USER_READ);
    touch(&w, 0, USER_WRITE);
    touch(&w, 1, USER_WRITE);
    set_accessed(&w, "1011");
    check_victim(&w, F(2));
    check_accessed(&w, "1000");
    check_victim(&w, F(3));
    check_victim(&w, F(2));
    check_accessed(&w, "1000");
    check_status(slot_put(w.swap, 0), SWAP_OK);
    check_victim(&w, F(3));
    check_victim(&w, F(1));
    end_world(&w);
}

Test(hidden, clean_pages_make_room_without_a_device)
{
    const struct world w = new_world(2, 0, SWAP_CLOCK);
    write_page(&w, 0, 24);
    touch(&w, 1, USER_READ);
    check_fault(&w, 2, USER_READ, SWAP_OK, SWAP_ZEROED, F(1));
    check_leaf(&w, 1, 0);
    check_fault(&w, 3, USER_READ, SWAP_OK, SWAP_ZEROED, F(1));
    check_page(&w, 0, 24);
    end_world(&w);
}

Test(hidden, all_dirty_without_a_device_is_no_memory)
{
    const struct world w = new_world(3, 0, SWAP_CLOCK);
    for (unsigned page = 0; page < 3; page++)
        write_page(&w, page, 25 + page);
    const struct seen before = look(&w);
    check_no_victim(&w);
    check_refused(&w, 3, USER_READ, SWAP_NO_MEMORY);
    check_same(&w, &before);
    check_status(swap_release(w.swap, w.space, page_va(1)), SWAP_OK);
    check_fault(&w, 3, USER_READ, SWAP_OK, SWAP_ZEROED, F(1));
    check_page(&w, 0, 25);
    end_world(&w);
}

Test(hidden, page_in_a_shared_slot_is_stuck_while_the_device_is_full)
{
    const struct world w = new_world(1, 1, SWAP_CLOCK);
    write_page(&w, 2, 28);
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    check_status(slot_get(w.swap, 0), SWAP_OK);
    write_page(&w, 2, 29);
    check_no_victim(&w);
    check_status(swap_evict(w.swap, F(0)), SWAP_NO_SLOT);
    check_eq(slot_count(w.swap, 0), 2);
    check_slot(&w, 0, 28);
    check_status(slot_put(w.swap, 0), SWAP_OK);
    check_victim(&w, F(0));
    end_world(&w);
}

/* ---- A device that fails ------------------------------------------------- */

Test(hidden, page_that_cannot_be_written_stays)
{
    const struct world w = new_world(2, 8, SWAP_CLOCK);
    write_page(&w, 2, 90);
    swapdev_fail_write_at(w.mach, 1, 0);
    check_status(swap_evict(w.swap, F(0)), SWAP_WRITE_ERROR);
    check_leaf(&w, 2, F(0) << 12 | PW_P | PW_W | PW_U | PW_A | PW_D);
    check_frame(&w, F(0), 90);
    check_eq(slot_count(w.swap, 0), 0);
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    check_page(&w, 2, 90);
    end_world(&w);
}

Test(hidden, page_keeps_its_slot_when_it_cannot_be_written)
{
    const struct world w = new_world(1, 8, SWAP_CLOCK);
    write_page(&w, 2, 91);
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    write_page(&w, 2, 92);
    swapdev_fail_write_at(w.mach, 1, 0);
    check_status(swap_evict(w.swap, F(0)), SWAP_WRITE_ERROR);
    check_eq(slot_count(w.swap, 0), 1);
    check_eq(slot_count(w.swap, 1), 0);
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    check_leaf(&w, 2, PW_SWAPPED | PW_W | PW_U);
    check_page(&w, 2, 92);
    /* A slot that it shares, too. */
    check_status(slot_get(w.swap, 0), SWAP_OK);
    write_page(&w, 2, 93);
    swapdev_fail_write_at(w.mach, 1, 0);
    check_status(swap_evict(w.swap, F(0)), SWAP_WRITE_ERROR);
    check_eq(slot_count(w.swap, 0), 2);
    check_eq(slot_count(w.swap, 1), 0);
    check_slot(&w, 0, 92);
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    check_eq(slot_count(w.swap, 0), 1);
    check_leaf(&w, 2, UINT64_C(1) << 12 | PW_SWAPPED | PW_W | PW_U);
    end_world(&w);
}

Test(hidden, fault_tries_another_victim_after_a_write_error)
{
    const struct world w = new_world(3, 8, SWAP_CLOCK);
    for (unsigned page = 0; page < 3; page++)
        write_page(&w, page, 93 + page);
    swapdev_fail_write_at(w.mach, 1, 0);
    check_fault(&w, 3, USER_READ, SWAP_OK, SWAP_ZEROED, F(1));
    check_eq(leaf(&w, 0) >> 12, F(0));
    check_leaf(&w, 1, PW_SWAPPED | PW_W | PW_U);
    check_eq(swapdev_counts(w.mach).writes, 2);
    check_slot(&w, 0, 94);
    check_victim(&w, F(2));
    check_victim(&w, F(0));
    for (unsigned page = 0; page < 3; page++)
        check_page(&w, page, 93 + page);
    end_world(&w);
}

Test(hidden, every_victim_is_tried_once_in_a_fault)
{
    const struct world w = new_world(3, 8, SWAP_CLOCK);
    for (unsigned page = 0; page < 3; page++)
        write_page(&w, page, 96 + page);
    swapdev_fail_write_at(w.mach, 1, 1);
    check_refused(&w, 3, USER_READ, SWAP_WRITE_ERROR);
    check_eq(swapdev_counts(w.mach).writes, 3);
    for (uint64_t slot = 0; slot < 8; slot++)
        check_eq(slot_count(w.swap, slot), 0);
    for (unsigned page = 0; page < 3; page++) {
        check_leaf(&w, page, F(page) << 12 | PW_P | PW_W | PW_U | PW_D);
        check_frame(&w, F(page), 96 + page);
    }
    check_leaf(&w, 3, 0);
    check_refused(&w, 3, USER_READ, SWAP_WRITE_ERROR);
    check_eq(swapdev_counts(w.mach).writes, 6);
    swapdev_fail_write_at(w.mach, 0, 0);
    check_fault(&w, 3, USER_READ, SWAP_OK, SWAP_ZEROED, F(0));
    end_world(&w);
}

Test(hidden, clean_page_makes_room_when_the_device_cannot_write)
{
    const struct world w = new_world(3, 8, SWAP_CLOCK);
    write_page(&w, 0, 99);
    touch(&w, 1, USER_READ);
    write_page(&w, 2, 100);
    swapdev_fail_write_at(w.mach, 1, 1);
    check_fault(&w, 3, USER_READ, SWAP_OK, SWAP_ZEROED, F(1));
    check_leaf(&w, 1, 0);
    check_eq(swapdev_counts(w.mach).writes, 1);
    check_page(&w, 0, 99);
    check_page(&w, 2, 100);
    end_world(&w);
}

Test(hidden, page_that_cannot_be_read_stays_swapped)
{
    const struct world w = new_world(2, 8, SWAP_CLOCK);
    write_page(&w, 2, 101);
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    swapdev_fail_read_at(w.mach, 1, 0);
    check_refused(&w, 2, USER_READ, SWAP_READ_ERROR);
    check_leaf(&w, 2, PW_SWAPPED | PW_W | PW_U);
    check_eq(slot_count(w.swap, 0), 1);
    check_fault(&w, 2, USER_READ, SWAP_OK, SWAP_READ, F(0));
    check_page(&w, 2, 101);
    end_world(&w);
}

Test(hidden, frame_is_free_after_a_read_error)
{
    const struct world w = new_world(2, 8, SWAP_CLOCK);
    write_page(&w, 0, 102);
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    write_page(&w, 1, 103);
    write_page(&w, 2, 104);
    swapdev_fail_read_at(w.mach, 1, 0);
    check_refused(&w, 0, USER_READ, SWAP_READ_ERROR);
    check_eq(leaf(&w, 1) & PW_P, 0);
    check_status(swap_evict(w.swap, F(0)), SWAP_NOT_IN_USE);
    check_fault(&w, 3, USER_READ, SWAP_OK, SWAP_ZEROED, F(0));
    check_frame(&w, F(0), 0);
    check_page(&w, 0, 102);
    check_page(&w, 1, 103);
    check_page(&w, 2, 104);
    end_world(&w);
}

/* ---- The textbooks' strings ---------------------------------------------- */

/* Faults of the module's clock on a reference string of reads. */
static unsigned
clock_faults(const unsigned *string, unsigned length, uint64_t frames)
{
    const struct world w = new_world(frames, 8, SWAP_CLOCK);
    unsigned faults = 0;
    for (unsigned i = 0; i < length; i++) {
        faults += leaf(&w, string[i]) == 0;
        touch(&w, string[i], USER_READ);
    }
    end_world(&w);
    return faults;
}

#define LENGTH(string) ((unsigned)(sizeof(string) / sizeof *(string)))

/* Wants the fault counts of FIFO, LRU, OPT and the clock, in this order. */
#define check_faults(string, frames, fifo, lru, opt, clock)                    \
    do {                                                                       \
        check_eq(lab_faults(LAB_FIFO, string, LENGTH(string), frames), fifo);  \
        check_eq(lab_faults(LAB_LRU, string, LENGTH(string), frames), lru);    \
        check_eq(lab_faults(LAB_OPT, string, LENGTH(string), frames), opt);    \
        check_eq(clock_faults(string, LENGTH(string), frames), clock);         \
    } while (0)

/* W. Stallings, Operating Systems: Internals and Design Principles, section
 * 8.2, "Behavior of four page replacement algorithms".  The book counts from
 * where all frames are full: 3, 4, 6 and 5. */
Test(hidden, string_of_stallings_faults_8_times)
{
    static const unsigned string[] = {2, 3, 2, 1, 5, 2, 4, 5, 3, 2, 5, 2};
    check_faults(string, 3, 9, 7, 6, 8);
}

/* A. Silberschatz, P. B. Galvin, G. Gagne, Operating System Concepts, 9th
 * edition, section 9.4: FIFO 15, OPT 9, LRU 12. */
Test(hidden, string_of_silberschatz_faults_14_times)
{
    static const unsigned string[] = {7, 0, 1, 2, 0, 3, 0, 4, 2, 3,
                                      0, 3, 2, 1, 2, 0, 1, 7, 0, 1};
    check_faults(string, 3, 15, 12, 9, 14);
}

/* A. S. Tanenbaum, Modern Operating Systems, problems of chapter 3: FIFO 6, LRU
 * 7. */
Test(hidden, string_of_tanenbaum_faults_6_times)
{
    static const unsigned string[] = {0, 1, 7, 2, 3, 2, 7, 1, 0, 3};
    check_faults(string, 4, 6, 7, 6, 6);
}

/* L. A. Belady, R. A. Nelson, G. S. Shedler, An anomaly in space-time
 * characteristics of certain programs running in a paging machine,
 * Communications of the ACM 12 (1969) 6: 9 faults with three frames, 10 with
 * four. */
Test(hidden, more_memory_can_mean_more_faults)
{
    static const unsigned string[] = {1, 2, 3, 4, 1, 2, 5, 1, 2, 3, 4, 5};
    check_faults(string, 3, 9, 10, 7, 9);
    check_faults(string, 4, 10, 8, 6, 10);
    check_faults(string, 5, 5, 5, 5, 5);
}

/* The shortest string on which the clock loses with three frames: page 1 has
 * its second chance, so page 2 goes, which comes next but one. */
Test(hidden, clock_can_lose_to_fifo)
{
    static const unsigned string[] = {0, 1, 2, 3, 1, 0, 2};
    check_faults(string, 3, 5, 6, 5, 6);
}
