/* hidden.c - slots, new pages, turning out, coming back, pins and release. */
#include "swap_help.h"

#include <errno.h>

VMLAB_SUITE(hidden)

/* ---- Slots --------------------------------------------------------------- */

Test(hidden, lowest_free_slot_is_taken)
{
    const struct world w = new_world(1, 5, SWAP_CLOCK);
    for (uint64_t slot = 0; slot < 5; slot++)
        check_slot_alloc(&w, slot);
    check_status(slot_put(w.swap, 3), SWAP_OK);
    check_status(slot_put(w.swap, 1), SWAP_OK);
    check_slot_alloc(&w, 1);
    check_slot_alloc(&w, 3);
    end_world(&w);
}

Test(hidden, full_device_has_no_slot)
{
    const struct world w = new_world(1, 3, SWAP_CLOCK);
    for (uint64_t slot = 0; slot < 3; slot++)
        check_slot_alloc(&w, slot);
    *w.word = 99;
    check_status(slot_alloc(w.swap, w.word), SWAP_NO_SLOT);
    check_status(slot_alloc(w.swap, NULL), SWAP_BAD_ARGUMENT);
    check_eq(*w.word, 99);
    check_eq(slot_count(w.swap, 2), 1);
    end_world(&w);
}

Test(hidden, machine_without_a_device_has_no_slot)
{
    const struct world w = new_world(1, 0, SWAP_CLOCK);
    check_status(slot_alloc(w.swap, w.word), SWAP_NO_SLOT);
    check_status(slot_put(w.swap, 0), SWAP_BAD_ARGUMENT);
    check_eq(slot_count(w.swap, 0), 0);
    end_world(&w);
}

Test(hidden, slot_of_two_pages_is_free_after_two_puts)
{
    const struct world w = new_world(1, 4, SWAP_CLOCK);
    check_slot_alloc(&w, 0);
    check_status(slot_get(w.swap, 0), SWAP_OK);
    check_eq(slot_count(w.swap, 0), 2);
    check_status(slot_put(w.swap, 0), SWAP_OK);
    check_eq(slot_count(w.swap, 0), 1);
    check_slot_alloc(&w, 1);
    check_status(slot_put(w.swap, 0), SWAP_OK);
    check_eq(slot_count(w.swap, 0), 0);
    check_slot_alloc(&w, 0);
    end_world(&w);
}

Test(hidden, slot_can_have_many_pages)
{
    const struct world w = new_world(1, 2, SWAP_CLOCK);
    check_slot_alloc(&w, 0);
    for (unsigned i = 0; i < 299; i++)
        check_status(slot_get(w.swap, 0), SWAP_OK);
    check_eq(slot_count(w.swap, 0), 300);
    for (unsigned i = 0; i < 299; i++)
        check_status(slot_put(w.swap, 0), SWAP_OK);
    check_eq(slot_count(w.swap, 0), 1);
    check_slot_alloc(&w, 1);
    end_world(&w);
}

Test(hidden, free_slot_cannot_be_counted)
{
    const struct world w = new_world(1, 2, SWAP_CLOCK);
    check_status(slot_get(w.swap, 1), SWAP_NOT_IN_USE);
    check_status(slot_put(w.swap, 1), SWAP_NOT_IN_USE);
    check_eq(slot_count(w.swap, 1), 0);
    check_slot_alloc(&w, 0);
    check_status(slot_put(w.swap, 0), SWAP_OK);
    check_status(slot_put(w.swap, 0), SWAP_NOT_IN_USE);
    check_slot_alloc(&w, 0);
    check_eq(slot_count(w.swap, 0), 1);
    end_world(&w);
}

Test(hidden, bad_arguments_of_slots)
{
    const struct world w = new_world(1, 2, SWAP_CLOCK);
    check_slot_alloc(&w, 0);
    check_status(slot_alloc(w.swap, NULL), SWAP_BAD_ARGUMENT);
    check_status(slot_alloc(NULL, w.word), SWAP_BAD_ARGUMENT);
    check_status(slot_get(w.swap, 2), SWAP_BAD_ARGUMENT);
    check_status(slot_put(w.swap, 2), SWAP_BAD_ARGUMENT);
    check_status(slot_put(w.swap, UINT64_MAX), SWAP_BAD_ARGUMENT);
    check_status(slot_get(NULL, 0), SWAP_BAD_ARGUMENT);
    check_status(slot_put(NULL, 0), SWAP_BAD_ARGUMENT);
    check_eq(slot_count(w.swap, 2), 0);
    check_eq(slot_count(NULL, 0), 0);
    check_eq(slot_count(w.swap, 0), 1);
    end_world(&w);
}

/* ---- Beginning and end --------------------------------------------------- */

Test(hidden, configuration_is_checked)
{
    struct mach *mach = test_machine(8);
    struct swap_config *config = arena_object(struct swap_config);
    *config = (struct swap_config){1, 0, SWAP_CLOCK};
    errno = 0;
    check(swap_create(mach, config) == NULL, "no frames");
    check_eq(errno, EINVAL);
    *config = (struct swap_config){1, 2, SWAP_LISTS + 1};
    errno = 0;
    check(swap_create(mach, config) == NULL, "no such policy");
    check_eq(errno, EINVAL);
    errno = 0;
    check(swap_create(mach, NULL) == NULL, "no configuration");
    check_eq(errno, EINVAL);
    *config = (struct swap_config){1, 2, SWAP_CLOCK};
    errno = 0;
    check(swap_create(NULL, config) == NULL, "no machine");
    check_eq(errno, EINVAL);
    check_status(swap_destroy(NULL), SWAP_BAD_ARGUMENT);
}

Test(hidden, destroy_leaves_pages_and_frames_alone)
{
    const struct world w = new_world(2, 8, SWAP_CLOCK);
    write_page(&w, 0, 3);
    write_page(&w, 1, 4);
    check_status(swap_evict(w.swap, F(1)), SWAP_OK);
    const uint64_t used = mach_counts(w.mach).frames_used;
    check_status(swap_destroy(w.swap), SWAP_OK);
    check_leaf(&w, 0, F(0) << 12 | PW_P | PW_W | PW_U | PW_A | PW_D);
    check_leaf(&w, 1, PW_SWAPPED | PW_W | PW_U);
    check_frame(&w, F(0), 3);
    check_frames_used(w.mach, used);
}

Test(hidden, configuration_is_copied)
{
    const struct world w = new_world(3, 4, SWAP_CLOCK);
    *w.config = (struct swap_config){0, 1, SWAP_ENHANCED};
    check_fault(&w, 0, USER_READ, SWAP_OK, SWAP_ZEROED, F(0));
    check_fault(&w, 1, USER_READ, SWAP_OK, SWAP_ZEROED, F(1));
    check_fault(&w, 2, USER_READ, SWAP_OK, SWAP_ZEROED, F(2));
    end_world(&w);
}

Test(hidden, two_machines_do_not_mix)
{
    const struct world a = new_world(2, 4, SWAP_CLOCK);
    const struct world b = new_world(2, 4, SWAP_CLOCK);
    write_page(&a, 0, 5);
    check_fault(&b, 0, USER_READ, SWAP_OK, SWAP_ZEROED, F(0));
    check_status(swap_evict(a.swap, F(0)), SWAP_OK);
    check_eq(slot_count(a.swap, 0), 1);
    check_eq(slot_count(b.swap, 0), 0);
    check_frame(&b, F(0), 0);
    check_page(&a, 0, 5);
    end_world(&a);
    end_world(&b);
}

/* ---- New pages ----------------------------------------------------------- */

Test(hidden, new_page_is_filled_with_zero)
{
    const struct world w = new_world(3, 8, SWAP_CLOCK);
    write_page(&w, 4, 9);
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    check_fault(&w, 5, USER_READ, SWAP_OK, SWAP_ZEROED, F(0));
    check_frame(&w, F(0), 0);
    check_fault(&w, 6, USER_READ, SWAP_OK, SWAP_ZEROED, F(1));
    check_frame(&w, F(1), 0);
    end_world(&w);
}

Test(hidden, new_page_is_present_writable_and_users)
{
    const struct world w = new_world(2, 8, SWAP_CLOCK);
    check_fault(&w, 3, PW_READ, SWAP_OK, SWAP_ZEROED, F(0));
    check_leaf(&w, 3, F(0) << 12 | PW_P | PW_W | PW_U);
    check_fault(&w, 1, USER_WRITE, SWAP_OK, SWAP_ZEROED, F(1));
    check_leaf(&w, 1, F(1) << 12 | PW_P | PW_W | PW_U);
    end_world(&w);
}

Test(hidden, free_frame_of_the_lowest_number_is_filled)
{
    const struct world w = new_world(5, 8, SWAP_CLOCK);
    touch_all(&w, 0, 5, USER_WRITE);
    check_status(swap_evict(w.swap, F(3)), SWAP_OK);
    check_status(swap_evict(w.swap, F(1)), SWAP_OK);
    check_fault(&w, 8, USER_READ, SWAP_OK, SWAP_ZEROED, F(1));
    check_fault(&w, 9, USER_READ, SWAP_OK, SWAP_ZEROED, F(3));
    end_world(&w);
}

Test(hidden, any_address_in_a_page_names_it)
{
    const struct world w = new_world(4, 8, SWAP_CLOCK);
    check_status(swap_fault(w.swap, w.space, page_va(2) + 0xFFF, PW_READ, w.r),
                 SWAP_OK);
    check_leaf(&w, 2, F(0) << 12 | PW_P | PW_W | PW_U);
    check_status(swap_fault(w.swap, w.space, 0xFFFFFFFF, PW_READ, w.r),
                 SWAP_OK);
    check_eq(w.r->frame, F(1));
    check_status(swap_fault(w.swap, w.space, 0, PW_READ, w.r), SWAP_OK);
    check_eq(w.r->frame, F(2));
    write_page(&w, 2, 8);
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    check_status(swap_fault(w.swap, w.space, page_va(2) + 0x800, PW_READ, w.r),
                 SWAP_OK);
    check_page(&w, 2, 8);
    end_world(&w);
}

Test(hidden, spaces_have_pages_of_their_own)
{
    struct world w = new_world(2, 8, SWAP_CLOCK);
    struct world other = w;
    other.space = pw_create(w.mach, PW_TWO_LEVEL, PW_WP);
    write_page(&w, 2, 6);
    write_page(&other, 2, 7);
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    check_eq(leaf(&w, 2) & PW_P, 0);
    check_eq(leaf(&other, 2) & PW_P, PW_P);
    check_status(swap_evict(w.swap, F(1)), SWAP_OK);
    check_page(&w, 2, 6);
    check_page(&other, 2, 7);
    end_world(&w);
}

Test(hidden, present_page_is_left_alone)
{
    const struct world w = new_world(2, 8, SWAP_CLOCK);
    write_page(&w, 0, 12);
    touch(&w, 1, USER_READ);
    change_leaf(&w, 1, PW_A, 0);
    const struct seen before = look(&w);
    check_fault(&w, 0, USER_WRITE, SWAP_OK, SWAP_PRESENT, F(0));
    check_fault(&w, 1, PW_READ, SWAP_OK, SWAP_PRESENT, F(1));
    check_fault(&w, 1, USER_WRITE, SWAP_OK, SWAP_PRESENT, F(1));
    check_same(&w, &before);
    check_frame(&w, F(0), 12);
    end_world(&w);
}

Test(hidden, rights_of_a_present_page_are_kept)
{
    const struct world w = new_world(2, 8, SWAP_CLOCK);
    write_page(&w, 0, 13);
    check_status(pw_protect(w.space, page_va(0), 4096, PW_U), PW_OK);
    check_refused(&w, 0, USER_WRITE, SWAP_RIGHTS);
    check_refused(&w, 0, PW_WRITE, SWAP_RIGHTS);
    check_fault(&w, 0, USER_READ, SWAP_OK, SWAP_PRESENT, F(0));
    check_status(pw_protect(w.space, page_va(0), 4096, PW_W), PW_OK);
    check_refused(&w, 0, USER_READ, SWAP_RIGHTS);
    check_fault(&w, 0, PW_WRITE, SWAP_OK, SWAP_PRESENT, F(0));
    end_world(&w);
}

Test(hidden, rights_of_a_swapped_page_are_checked_before_anything_is_done)
{
    const struct world w = new_world(1, 8, SWAP_CLOCK);
    write_page(&w, 0, 13);
    check_status(pw_protect(w.space, page_va(0), 4096, PW_U), PW_OK);
    write_page(&w, 1, 14);
    const struct seen before = look(&w);
    check_refused(&w, 0, USER_WRITE, SWAP_RIGHTS);
    check_refused(&w, 0, PW_WRITE, SWAP_RIGHTS);
    check_same(&w, &before);
    check_status(pw_protect(w.space, page_va(0), 4096, PW_W), PW_OK);
    check_refused(&w, 0, USER_READ, SWAP_RIGHTS);
    check_fault(&w, 0, PW_WRITE, SWAP_OK, SWAP_READ, F(0));
    end_world(&w);
}

Test(hidden, no_frame_for_a_table_is_no_memory)
{
    const struct world w = new_world(2, 8, SWAP_CLOCK);
    const uint64_t used = mach_counts(w.mach).frames_used;
    frame_fail_at(w.mach, 1);
    check_refused(&w, 5, USER_READ, SWAP_NO_MEMORY);
    check_leaf(&w, 5, 0);
    check_frames_used(w.mach, used);
    check_fault(&w, 5, USER_READ, SWAP_OK, SWAP_ZEROED, F(0));
    check_fault(&w, 6, USER_READ, SWAP_OK, SWAP_ZEROED, F(1));
    /* In full memory the victim is gone by then, and its frame free. */
    frame_fail_at(w.mach, 1);
    check_refused(&w, 0, USER_READ, SWAP_NO_MEMORY);
    check_leaf(&w, 0, 0);
    check_leaf(&w, 5, 0);
    check_status(swap_evict(w.swap, F(0)), SWAP_NOT_IN_USE);
    check_fault(&w, 0, USER_READ, SWAP_OK, SWAP_ZEROED, F(0));
    check_eq(leaf(&w, 6) & PW_P, PW_P);
    end_world(&w);
}

Test(hidden, bad_arguments_of_a_fault)
{
    const struct world w = new_world(2, 8, SWAP_CLOCK);
    check_status(swap_fault(NULL, w.space, 0, PW_READ, w.r), SWAP_BAD_ARGUMENT);
    check_status(swap_fault(w.swap, NULL, 0, PW_READ, w.r), SWAP_BAD_ARGUMENT);
    check_status(swap_fault(w.swap, w.space, 0, PW_READ, NULL),
                 SWAP_BAD_ARGUMENT);
    check_status(
        swap_fault(w.swap, w.space, UINT64_C(0x100000000), PW_READ, w.r),
        SWAP_BAD_ARGUMENT);
    check_status(swap_fault(w.swap, w.space, 0, PW_EXECUTE, w.r),
                 SWAP_BAD_ARGUMENT);
    check_status(swap_fault(w.swap, w.space, 0, PW_STACK | PW_USER, w.r),
                 SWAP_BAD_ARGUMENT);
    check_status(pw_entry(w.space, 0, &(struct pw_leaf){0}), PW_NOT_MAPPED);
    check_fault(&w, 0, PW_READ, SWAP_OK, SWAP_ZEROED, F(0));
    end_world(&w);
}

/* ---- Turning out --------------------------------------------------------- */

Test(hidden, page_that_was_never_written_needs_no_slot)
{
    const struct world w = new_world(2, 8, SWAP_CLOCK);
    touch_all(&w, 2, 4, USER_READ);
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    check_leaf(&w, 2, 0);
    check_eq(swapdev_counts(w.mach).writes, 0);
    check_eq(slot_count(w.swap, 0), 0);
    check_page(&w, 2, 0);
    check_eq(swapdev_counts(w.mach).reads, 0);
    end_world(&w);
}

Test(hidden, table_without_a_page_is_given_back)
{
    const struct world w = new_world(2, 8, SWAP_CLOCK);
    check_eq(pw_table_bytes(w.space), 4096);
    touch(&w, 0, USER_READ);
    touch(&w, 2, USER_READ);
    check_eq(pw_table_bytes(w.space), 3 * 4096);
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    check_eq(pw_table_bytes(w.space), 2 * 4096);
    check_status(swap_release(w.swap, w.space, page_va(2)), SWAP_OK);
    check_eq(pw_table_bytes(w.space), 4096);
    end_world(&w);
}

Test(hidden, dirty_page_goes_to_the_lowest_slot)
{
    const struct world w = new_world(3, 8, SWAP_CLOCK);
    check_slot_alloc(&w, 0);
    check_slot_alloc(&w, 1);
    check_status(slot_put(w.swap, 0), SWAP_OK);
    for (unsigned page = 2; page < 5; page++)
        write_page(&w, page, 100 + page);
    check_status(swap_evict(w.swap, F(2)), SWAP_OK);
    check_leaf(&w, 4, UINT64_C(0) << 12 | PW_SWAPPED | PW_W | PW_U);
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    check_leaf(&w, 2, UINT64_C(2) << 12 | PW_SWAPPED | PW_W | PW_U);
    check_slot(&w, 0, 104);
    check_slot(&w, 2, 102);
    check_eq(swapdev_counts(w.mach).writes, 2);
    check_eq(slot_count(w.swap, 2), 1);
    end_world(&w);
}

Test(hidden, page_in_slot_0_is_not_an_empty_one)
{
    const struct world w = new_world(1, 8, SWAP_CLOCK);
    write_page(&w, 2, 40);
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    check_fault(&w, 2, USER_READ, SWAP_OK, SWAP_READ, F(0));
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    check_leaf(&w, 2, PW_SWAPPED | PW_W | PW_U);
    check_page(&w, 2, 40);
    check_eq(slot_count(w.swap, 0), 1);
    end_world(&w);
}

Test(hidden, swapped_leaf_keeps_rights_and_software_bits)
{
    const struct world w = new_world(4, 8, SWAP_CLOCK);
    static const uint64_t bits[] = {0, PW_U, PW_U | PW_COW,
                                    PW_W | PW_U | PW_SHARED};
    for (unsigned page = 0; page < 4; page++) {
        write_page(&w, page, 50 + page);
        change_leaf(&w, page, PW_W | PW_U, bits[page]);
    }
    for (unsigned page = 0; page < 4; page++) {
        check_status(swap_evict(w.swap, F(page)), SWAP_OK);
        check_leaf(&w, page, (uint64_t)page << 12 | PW_SWAPPED | bits[page]);
    }
    for (unsigned page = 0; page < 4; page++) {
        check_fault(&w, page, PW_READ, SWAP_OK, SWAP_READ, F(page));
        check_leaf(&w, page, F(page) << 12 | PW_P | bits[page]);
        check_frame(&w, F(page), 50 + page);
    }
    end_world(&w);
}

Test(hidden, evicted_page_is_invalidated)
{
    struct world w = new_world(2, 8, SWAP_CLOCK);
    struct world other = w;
    other.space = pw_create(w.mach, PW_TWO_LEVEL, PW_WP);
    write_page(&other, 3, 1);
    touch(&w, 4, USER_READ);
    uint64_t before = mach_counts(w.mach).invalidations;
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    check(was_invalidated(&w, other.space, 3, before),
          "the processor was not told that page 3 has left frame 5");
    before = mach_counts(w.mach).invalidations;
    check_status(swap_evict(w.swap, F(1)), SWAP_OK);
    check(was_invalidated(&w, w.space, 4, before),
          "the processor was not told that page 4 has left frame 6");
    end_world(&w);
}

/* The word at the watched leaf when the processor was last told of the page; all
 * bits when it never was.  Whoever tells it earlier, too, does no harm. */
static uint64_t
leaf_when_told(const struct world *w, unsigned page)
{
    struct mach_invalidation list[64];
    const unsigned kept = mach_invalidated(w->mach, list, 64);
    for (unsigned i = 0; i < kept; i++)
        if (list[i].asid == pw_root(w->space) >> MACH_FRAME_SHIFT &&
            list[i].va == page_va(page))
            return list[i].watched;
    return UINT64_MAX;
}

Test(hidden, processor_is_told_after_the_leaf_has_changed)
{
    const struct world w = new_world(2, 8, SWAP_CLOCK);
    struct pw_leaf found;
    touch_all(&w, 3, 5, USER_WRITE);
    check_status(pw_entry(w.space, page_va(3), &found), PW_OK);
    mach_watch(w.mach, found.entry_pa);
    /* Both have A: the clock clears it in each before it takes the first. */
    check_status(swap_victim(w.swap, w.word), SWAP_OK);
    check((leaf_when_told(&w, 3) & PW_A) == 0,
          "A of page 3 was still set when the processor was last told of it: "
          "it may read the entry again, and keep A");
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    check((leaf_when_told(&w, 3) & PW_P) == 0,
          "page 3 was still present when the processor was last told of it: "
          "it may read the entry again, and use the frame");
    end_world(&w);
}

Test(hidden, evicted_frame_is_free)
{
    const struct world w = new_world(3, 8, SWAP_CLOCK);
    touch_all(&w, 0, 3, USER_WRITE);
    check_status(swap_evict(w.swap, F(1)), SWAP_OK);
    check_status(swap_evict(w.swap, F(1)), SWAP_NOT_IN_USE);
    check_status(swap_pin(w.swap, F(1), 1), SWAP_NOT_IN_USE);
    check_fault(&w, 7, USER_READ, SWAP_OK, SWAP_ZEROED, F(1));
    check_eq(leaf(&w, 0) & PW_P, PW_P);
    check_eq(leaf(&w, 2) & PW_P, PW_P);
    end_world(&w);
}

Test(hidden, bad_frames_are_not_evicted)
{
    const struct world w = new_world(2, 8, SWAP_CLOCK);
    touch(&w, 0, USER_WRITE);
    check_status(swap_evict(w.swap, F(1)), SWAP_NOT_IN_USE);
    check_status(swap_evict(w.swap, F(2)), SWAP_BAD_ARGUMENT);
    check_status(swap_evict(w.swap, FIRST - 1), SWAP_BAD_ARGUMENT);
    check_status(swap_evict(w.swap, 0), SWAP_BAD_ARGUMENT);
    check_status(swap_evict(NULL, F(0)), SWAP_BAD_ARGUMENT);
    check_eq(leaf(&w, 0) & PW_P, PW_P);
    end_world(&w);
}

/* ---- Coming back --------------------------------------------------------- */

Test(hidden, swapped_page_is_read_back)
{
    const struct world w = new_world(2, 8, SWAP_CLOCK);
    write_page(&w, 2, 60);
    write_page(&w, 3, 61);
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    check_status(swap_evict(w.swap, F(1)), SWAP_OK);
    check_fault(&w, 3, USER_WRITE, SWAP_OK, SWAP_READ, F(0));
    check_leaf(&w, 3, F(0) << 12 | PW_P | PW_W | PW_U);
    check_frame(&w, F(0), 61);
    check_eq(swapdev_counts(w.mach).reads, 1);
    check_leaf(&w, 2, PW_SWAPPED | PW_W | PW_U);
    end_world(&w);
}

Test(hidden, page_read_back_keeps_its_slot)
{
    const struct world w = new_world(2, 8, SWAP_CLOCK);
    write_page(&w, 2, 62);
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    touch(&w, 2, USER_READ);
    check_eq(slot_count(w.swap, 0), 1);
    write_page(&w, 3, 63);
    check_status(swap_evict(w.swap, F(1)), SWAP_OK);
    check_leaf(&w, 3, UINT64_C(1) << 12 | PW_SWAPPED | PW_W | PW_U);
    check_slot(&w, 0, 62);
    end_world(&w);
}

Test(hidden, clean_page_with_a_slot_is_not_written_again)
{
    const struct world w = new_world(1, 8, SWAP_CLOCK);
    write_page(&w, 2, 64);
    for (unsigned i = 0; i < 3; i++) {
        check_status(swap_evict(w.swap, F(0)), SWAP_OK);
        check_leaf(&w, 2, PW_SWAPPED | PW_W | PW_U);
        check_page(&w, 2, 64);
    }
    check_eq(swapdev_counts(w.mach).writes, 1);
    check_eq(swapdev_counts(w.mach).reads, 3);
    check_eq(slot_count(w.swap, 0), 1);
    end_world(&w);
}

Test(hidden, rewritten_page_is_written_again_to_its_slot)
{
    const struct world w = new_world(1, 8, SWAP_CLOCK);
    write_page(&w, 2, 65);
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    write_page(&w, 2, 66);
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    check_leaf(&w, 2, PW_SWAPPED | PW_W | PW_U);
    check_eq(swapdev_counts(w.mach).writes, 2);
    check_slot(&w, 0, 66);
    check_eq(slot_count(w.swap, 0), 1);
    check_eq(slot_count(w.swap, 1), 0);
    check_page(&w, 2, 66);
    end_world(&w);
}

/* A second space gets a copy of the leaf of a swapped page, as fork does. */
static struct world
fork_page(const struct world *w, unsigned page)
{
    struct world other = *w;
    other.space = pw_create(w->mach, PW_TWO_LEVEL, PW_WP);
    const uint64_t copied = leaf(w, page);
    check_status(slot_get(w->swap, copied >> 12), SWAP_OK);
    check_status(pw_map(other.space, page_va(page), 0, 4096, 0), PW_OK);
    change_leaf(&other, page, UINT32_MAX, copied);
    return other;
}

Test(hidden, slot_of_another_page_is_not_overwritten)
{
    const struct world w = new_world(1, 8, SWAP_CLOCK);
    write_page(&w, 2, 67);
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    const struct world other = fork_page(&w, 2);
    write_page(&w, 2, 68);
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    check_leaf(&w, 2, UINT64_C(1) << 12 | PW_SWAPPED | PW_W | PW_U);
    check_eq(slot_count(w.swap, 0), 1);
    check_eq(slot_count(w.swap, 1), 1);
    check_page(&other, 2, 67);
    check_page(&w, 2, 68);
    end_world(&w);
}

Test(hidden, clean_page_stays_in_the_slot_that_it_shares)
{
    const struct world w = new_world(2, 8, SWAP_CLOCK);
    write_page(&w, 2, 69);
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    const struct world other = fork_page(&w, 2);
    check_page(&w, 2, 69);
    check_page(&other, 2, 69);
    check_eq(leaf(&w, 2) >> 12 == leaf(&other, 2) >> 12, 0);
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    check_status(swap_evict(w.swap, F(1)), SWAP_OK);
    check_leaf(&w, 2, PW_SWAPPED | PW_W | PW_U);
    check_leaf(&other, 2, PW_SWAPPED | PW_W | PW_U);
    check_eq(slot_count(w.swap, 0), 2);
    check_eq(swapdev_counts(w.mach).writes, 1);
    end_world(&w);
}

/* ---- Pins ---------------------------------------------------------------- */

Test(hidden, pinned_frame_is_not_evicted)
{
    const struct world w = new_world(2, 8, SWAP_CLOCK);
    write_page(&w, 2, 70);
    check_status(swap_pin(w.swap, F(0), 1), SWAP_OK);
    check_status(swap_pin(w.swap, F(0), 1), SWAP_OK);
    check_status(swap_evict(w.swap, F(0)), SWAP_PINNED);
    check_leaf(&w, 2, F(0) << 12 | PW_P | PW_W | PW_U | PW_A | PW_D);
    check_status(swap_pin(w.swap, F(0), 0), SWAP_OK);
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    check_page(&w, 2, 70);
    end_world(&w);
}

Test(hidden, pin_ends_with_its_page)
{
    const struct world w = new_world(2, 8, SWAP_CLOCK);
    touch_all(&w, 0, 2, USER_WRITE);
    check_status(swap_pin(w.swap, F(0), 1), SWAP_OK);
    check_status(swap_pin(w.swap, F(0), 0), SWAP_OK);
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    touch(&w, 2, USER_WRITE);
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    check_status(swap_evict(w.swap, F(1)), SWAP_OK);
    end_world(&w);
}

Test(hidden, bad_arguments_of_a_pin)
{
    const struct world w = new_world(2, 8, SWAP_CLOCK);
    touch(&w, 0, USER_WRITE);
    check_status(swap_pin(w.swap, F(1), 1), SWAP_NOT_IN_USE);
    check_status(swap_pin(w.swap, F(2), 1), SWAP_BAD_ARGUMENT);
    check_status(swap_pin(w.swap, FIRST - 1, 1), SWAP_BAD_ARGUMENT);
    check_status(swap_pin(w.swap, F(0), 2), SWAP_BAD_ARGUMENT);
    check_status(swap_pin(w.swap, F(1), 2), SWAP_BAD_ARGUMENT);
    check_status(swap_pin(NULL, F(0), 1), SWAP_BAD_ARGUMENT);
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    end_world(&w);
}

/* ---- Release ------------------------------------------------------------- */

Test(hidden, released_page_leaves_its_frame)
{
    const struct world w = new_world(3, 8, SWAP_CLOCK);
    touch_all(&w, 2, 5, USER_WRITE);
    const uint64_t before = mach_counts(w.mach).invalidations;
    check_status(swap_release(w.swap, w.space, page_va(3) + 0x10), SWAP_OK);
    check_leaf(&w, 3, 0);
    check(was_invalidated(&w, w.space, 3, before),
          "the processor was not told that page 3 is gone");
    check_status(swap_evict(w.swap, F(1)), SWAP_NOT_IN_USE);
    check_fault(&w, 6, USER_READ, SWAP_OK, SWAP_ZEROED, F(1));
    check_eq(swapdev_counts(w.mach).writes, 0);
    end_world(&w);
}

Test(hidden, released_page_puts_its_slot_back)
{
    const struct world w = new_world(2, 8, SWAP_CLOCK);
    write_page(&w, 2, 80);
    write_page(&w, 3, 81);
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    check_status(swap_evict(w.swap, F(1)), SWAP_OK);
    check_status(swap_release(w.swap, w.space, page_va(3)), SWAP_OK);
    check_leaf(&w, 3, 0);
    check_eq(slot_count(w.swap, 1), 0);
    touch(&w, 2, USER_READ);
    check_status(swap_release(w.swap, w.space, page_va(2)), SWAP_OK);
    check_eq(slot_count(w.swap, 0), 0);
    check_page(&w, 2, 0);
    end_world(&w);
}

Test(hidden, released_page_leaves_a_shared_slot_to_the_others)
{
    const struct world w = new_world(1, 8, SWAP_CLOCK);
    write_page(&w, 2, 82);
    check_status(swap_evict(w.swap, F(0)), SWAP_OK);
    const struct world other = fork_page(&w, 2);
    check_status(swap_release(w.swap, w.space, page_va(2)), SWAP_OK);
    check_eq(slot_count(w.swap, 0), 1);
    check_page(&other, 2, 82);
    end_world(&w);
}

Test(hidden, what_cannot_be_released_is_refused)
{
    const struct world w = new_world(2, 8, SWAP_CLOCK);
    touch(&w, 2, USER_WRITE);
    check_status(swap_pin(w.swap, F(0), 1), SWAP_OK);
    check_status(swap_release(w.swap, w.space, page_va(2)), SWAP_PINNED);
    check_eq(leaf(&w, 2) & PW_P, PW_P);
    check_status(swap_release(w.swap, w.space, page_va(3)), SWAP_NOT_IN_USE);
    check_status(swap_release(w.swap, NULL, page_va(2)), SWAP_BAD_ARGUMENT);
    check_status(swap_release(NULL, w.space, page_va(2)), SWAP_BAD_ARGUMENT);
    check_status(swap_release(w.swap, w.space, UINT64_C(0x100000000)),
                 SWAP_BAD_ARGUMENT);
    end_world(&w);
}
