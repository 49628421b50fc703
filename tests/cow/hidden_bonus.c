/* hidden_bonus.c - pages in swap: what fork, writes and exit make of them. */
#include "cow_help.h"

enum { SLOTS = 6 };

/* ---- Worlds with a swap device ------------------------------------------- */

static struct world
one_process_over(uint64_t slots)
{
    const struct world w = new_world_with_swap(FRAMES, KERNEL_BASE, slots);
    spawn_four(&w, 1);
    return w;
}

/* Process 1 with its page DATA in slot 0, and what its frame was. */
static struct world
one_swapped(uint64_t *number)
{
    const struct world w = one_process_over(SLOTS);
    *number = frame(&w, 1, DATA);
    check_status(cow_evict(w.cow, 1, DATA + 5), COW_OK);
    return w;
}

/* And process 2, its child. */
static struct world
two_swapped(uint64_t *number)
{
    const struct world w = one_swapped(number);
    check_status(cow_fork(w.cow, 1, 2), COW_OK);
    return w;
}

/* What a failed call may not change, beside memory: see check_refused. */
struct device {
    uint64_t count[SLOTS];
};

static struct device
look_at_slots(const struct world *w)
{
    struct device d;
    for (unsigned i = 0; i < SLOTS; i++)
        d.count[i] = cow_slot_refs(w->cow, i);
    return d;
}

#define check_nothing_changed(w, call, expected)                               \
    do {                                                                       \
        const struct device slots_ = look_at_slots(w);                         \
        check_refused((w), call, expected);                                    \
        const struct device now_ = look_at_slots(w);                           \
        check(memcmp(&slots_, &now_, sizeof now_) == 0,                        \
              "%s has changed counts of slots", #call);                        \
    } while (0)

#define check_slot_refs(w, slot, expected)                                     \
    check_eq(cow_slot_refs((w)->cow, (slot)), expected)

#define check_transfers(w, read, written)                                      \
    do {                                                                       \
        check_eq(swapdev_counts((w)->mach).reads, read);                       \
        check_eq(swapdev_counts((w)->mach).writes, written);                   \
    } while (0)

/* A slot holds what fill_frame(seed) wrote. */
static void
check_slot(const struct world *w, uint64_t slot, uint64_t seed)
{
    unsigned char got[PAGE], want[PAGE];
    check(swapdev_peek(w->mach, slot, got) == 0, "there is no slot %u",
          (unsigned)slot);
    for (unsigned i = 0; i < PAGE; i++)
        want[i] = (unsigned char)((unsigned)seed * 37 + i * 7 + i / 256);
    check_bytes(got, want, PAGE);
}

/* ---- Out ----------------------------------------------------------------- */

Test(hidden, evicted_page_lies_in_the_lowest_free_slot)
{
    const struct world w = one_process_over(SLOTS);
    const uint64_t data = frame(&w, 1, DATA), hidden = frame(&w, 1, HIDDEN);
    const uint64_t used = mach_counts(w.mach).frames_used;
    check_status(cow_evict(w.cow, 1, DATA + 0xFFF), COW_OK);
    check_status(cow_evict(w.cow, 1, HIDDEN), COW_OK);
    check_eq(leaf(&w, 1, DATA), PW_SWAPPED | PW_W | PW_U);
    check_eq(leaf(&w, 1, HIDDEN), 0x1000 | PW_SWAPPED | PW_W);
    check_slot(&w, 0, data);
    check_slot(&w, 1, hidden);
    check_refs(&w, data, 0);
    check_frames_used(w.mach, used - 2);
    check_slot_refs(&w, 0, 1);
    check_slot_refs(&w, 1, 1);
    check_transfers(&w, 0, 2);
    end_world(&w);
}

Test(hidden, evicted_page_may_be_clean_and_never_written)
{
    const struct world w = one_process_over(SLOTS);
    const uint64_t text = frame(&w, 1, TEXT);
    check_status(cow_evict(w.cow, 1, TEXT), COW_OK);
    check_eq(leaf(&w, 1, TEXT), PW_SWAPPED | PW_U);
    check_slot(&w, 0, text);
    unsigned char bytes[PAGE], zero[PAGE] = {0};
    check_status(cow_map(w.cow, 1, 0x10000000, PW_W | PW_U), COW_OK);
    check_status(cow_evict(w.cow, 1, 0x10000000), COW_OK);
    litter(w.mach);
    check_status(cow_fault(w.cow, 1, 0x10000000, PW_FAULT_U), COW_OK);
    read_page(&w, 1, 0x10000000, bytes);
    check_bytes(bytes, zero, PAGE);
    end_world(&w);
}

Test(hidden, cow_page_is_cow_in_swap_and_after_it)
{
    const struct world w = one_process_over(SLOTS);
    check_status(cow_fork(w.cow, 1, 2), COW_OK);
    check_status(cow_fault(w.cow, 2, DATA, USER_WRITE), COW_OK);
    check_status(cow_evict(w.cow, 1, DATA), COW_OK);
    check_eq(leaf(&w, 1, DATA), PW_SWAPPED | PW_COW | PW_U);
    check_status(cow_fault(w.cow, 1, DATA, PW_FAULT_U), COW_OK);
    check_eq(bits(&w, 1, DATA), PW_P | PW_COW | PW_U);
    end_world(&w);
}

Test(hidden, eviction_tells_the_processor)
{
    const struct world w = one_process_over(SLOTS);
    const uint64_t before = mach_counts(w.mach).invalidations;
    check_status(cow_evict(w.cow, 1, DATA), COW_OK);
    check_told(&w, before, 1, DATA);
    end_world(&w);
}

Test(hidden, frame_of_several_is_pinned)
{
    const struct world w = one_process_over(SLOTS);
    check_status(cow_fork(w.cow, 1, 2), COW_OK);
    check_nothing_changed(&w, cow_evict(w.cow, 1, DATA), COW_PINNED);
    check_nothing_changed(&w, cow_evict(w.cow, 2, TEXT), COW_PINNED);
    check_transfers(&w, 0, 0);
    check_status(cow_exit(w.cow, 1), COW_OK);
    check_status(cow_evict(w.cow, 2, DATA), COW_OK);
    end_world(&w);
}

Test(hidden, shared_page_is_pinned)
{
    const struct world w = one_process_over(SLOTS);
    check_nothing_changed(&w, cow_evict(w.cow, 1, SHARED), COW_PINNED);
    end_world(&w);
}

Test(hidden, eviction_of_a_swapped_page_changes_nothing)
{
    uint64_t number;
    const struct world w = two_swapped(&number);
    check_nothing_changed(&w, cow_evict(w.cow, 1, DATA), COW_OK);
    check_nothing_changed(&w, cow_evict(w.cow, 2, DATA + 9), COW_OK);
    check_transfers(&w, 0, 1);
    end_world(&w);
}

Test(hidden, eviction_checks_its_arguments)
{
    const struct world w = one_process_over(SLOTS);
    check_nothing_changed(&w, cow_evict(NULL, 1, DATA), COW_BAD_ARGUMENT);
    check_nothing_changed(&w, cow_evict(w.cow, 0, DATA), COW_BAD_ARGUMENT);
    check_nothing_changed(&w, cow_evict(w.cow, 32768, DATA), COW_BAD_ARGUMENT);
    check_nothing_changed(&w, cow_evict(w.cow, 2, NO_KERNEL), COW_NO_PROCESS);
    check_nothing_changed(&w, cow_evict(w.cow, 1, KERNEL_BASE),
                          COW_BAD_ADDRESS);
    check_nothing_changed(&w, cow_evict(w.cow, 1, NO_KERNEL + DATA),
                          COW_BAD_ADDRESS);
    check_nothing_changed(&w, cow_evict(w.cow, 1, HIDDEN + PAGE),
                          COW_NOT_MAPPED);
    check_transfers(&w, 0, 0);
    end_world(&w);
}

Test(hidden, free_and_absent_slots_have_count_0)
{
    uint64_t number;
    const struct world w = one_swapped(&number);
    check_slot_refs(&w, 0, 1);
    check_slot_refs(&w, SLOTS - 1, 0);
    check_slot_refs(&w, SLOTS, 0);
    check_slot_refs(&w, UINT64_C(1) << 32, 0);
    check_slot_refs(&w, UINT64_MAX, 0);
    check_eq(cow_slot_refs(NULL, 0), 0);
    end_world(&w);
}

Test(hidden, full_device_takes_no_new_page)
{
    const struct world w = one_process_over(1);
    const struct world none = one_process_over(0);
    check_refused(&none, cow_evict(none.cow, 1, DATA), COW_NO_SLOT);
    check_status(cow_evict(w.cow, 1, TEXT), COW_OK);
    check_nothing_changed(&w, cow_evict(w.cow, 1, DATA), COW_NO_SLOT);
    check_nothing_changed(&w, cow_evict(w.cow, 1, SHARED), COW_PINNED);
    /* A page with a slot needs no other: clean, and written. */
    check_status(cow_fault(w.cow, 1, TEXT, USER_READ), COW_OK);
    check_status(cow_evict(w.cow, 1, TEXT), COW_OK);
    check_status(cow_protect(w.cow, 1, TEXT, PW_W | PW_U), COW_OK);
    check_status(user_write(&w, 1, TEXT, 3), COW_OK);
    check_status(cow_evict(w.cow, 1, TEXT), COW_OK);
    check_slot_refs(&w, 0, 1);
    end_world(&none);
    end_world(&w);
}

/* ---- And back ------------------------------------------------------------ */

Test(hidden, swapped_page_is_read_back)
{
    uint64_t number;
    const struct world w = one_swapped(&number);
    litter(w.mach);
    check_status(cow_fault(w.cow, 1, DATA + 0x321, PW_FAULT_U), COW_OK);
    check_filled(&w, 1, DATA, number);
    check_eq(bits(&w, 1, DATA), PW_P | PW_W | PW_U);
    check_refs(&w, frame(&w, 1, DATA), 1);
    check_slot_refs(&w, 0, 1);
    check_transfers(&w, 1, 1);
    end_world(&w);
}

Test(hidden, page_that_was_read_back_is_dropped_without_a_write)
{
    uint64_t number;
    const struct world w = one_swapped(&number);
    for (unsigned i = 1; i <= 3; i++) {
        check_status(cow_fault(w.cow, 1, DATA, PW_FAULT_U), COW_OK);
        check_filled(&w, 1, DATA, number);
        check_status(cow_evict(w.cow, 1, DATA), COW_OK);
        check_eq(leaf(&w, 1, DATA), PW_SWAPPED | PW_W | PW_U);
        check_transfers(&w, i, 1);
    }
    end_world(&w);
}

Test(hidden, written_page_is_written_to_its_slot_again)
{
    uint64_t number;
    const struct world w = one_swapped(&number);
    unsigned char bytes[PAGE];
    check_status(user_write(&w, 1, DATA + 77, 0xC3), COW_OK);
    check_status(cow_evict(w.cow, 1, DATA), COW_OK);
    check_eq(leaf(&w, 1, DATA), PW_SWAPPED | PW_W | PW_U);
    check_transfers(&w, 1, 2);
    (void)swapdev_peek(w.mach, 0, bytes);
    check_eq(bytes[77], 0xC3);
    check_slot_refs(&w, 0, 1);
    end_world(&w);
}

Test(hidden, fault_of_a_swapped_page_asks_for_its_rights)
{
    const struct world w = one_process_over(SLOTS);
    check_status(cow_evict(w.cow, 1, TEXT), COW_OK);
    check_status(cow_evict(w.cow, 1, HIDDEN), COW_OK);
    check_nothing_changed(&w, cow_fault(w.cow, 1, TEXT, USER_WRITE),
                          COW_RIGHTS);
    check_nothing_changed(&w, cow_fault(w.cow, 1, TEXT, PW_FAULT_W),
                          COW_RIGHTS);
    check_nothing_changed(&w, cow_fault(w.cow, 1, HIDDEN, PW_FAULT_U),
                          COW_RIGHTS);
    check_transfers(&w, 0, 2);
    check_status(cow_fault(w.cow, 1, HIDDEN, 0), COW_OK);
    check_eq(bits(&w, 1, HIDDEN), PW_P | PW_W);
    end_world(&w);
}

Test(hidden, swapped_page_without_a_frame_stays_swapped)
{
    uint64_t number;
    const struct world w = two_swapped(&number);
    frame_fail_at(w.mach, 1);
    check_nothing_changed(&w, cow_fault(w.cow, 2, DATA, USER_WRITE),
                          COW_NO_MEMORY);
    check_transfers(&w, 0, 1);
    check_status(cow_fault(w.cow, 2, DATA, USER_WRITE), COW_OK);
    check_filled(&w, 2, DATA, number);
    end_world(&w);
}

Test(hidden, read_error_leaves_the_page_swapped)
{
    uint64_t number;
    const struct world w = two_swapped(&number);
    swapdev_fail_read_at(w.mach, 1, 0);
    const uint64_t entry = leaf(&w, 2, DATA);
    const uint64_t used = mach_counts(w.mach).frames_used;
    check_status(cow_fault(w.cow, 2, DATA, PW_FAULT_U), COW_READ_ERROR);
    check_eq(leaf(&w, 2, DATA), entry);
    check_frames_used(w.mach, used);
    check_slot_refs(&w, 0, 2);
    check_status(cow_fault(w.cow, 2, DATA, PW_FAULT_U), COW_OK);
    check_filled(&w, 2, DATA, number);
    end_world(&w);
}

Test(hidden, write_error_leaves_the_page_in_its_frame)
{
    const struct world w = one_process_over(SLOTS);
    const uint64_t number = frame(&w, 1, DATA);
    swapdev_fail_write_at(w.mach, 1, 0);
    check_nothing_changed(&w, cow_evict(w.cow, 1, DATA), COW_WRITE_ERROR);
    check_slot_refs(&w, 0, 0);
    check_status(cow_evict(w.cow, 1, DATA), COW_OK);
    check_slot(&w, 0, number);
    /* To its own slot, half of which is new then. */
    check_status(user_write(&w, 1, DATA + 4000, 0x77), COW_OK);
    swapdev_fail_write_at(w.mach, 1, 0);
    check_nothing_changed(&w, cow_evict(w.cow, 1, DATA), COW_WRITE_ERROR);
    check_slot_refs(&w, 0, 1);
    check_status(cow_evict(w.cow, 1, DATA), COW_OK);
    check_status(cow_fault(w.cow, 1, DATA, PW_FAULT_U), COW_OK);
    unsigned char bytes[PAGE];
    read_page(&w, 1, DATA, bytes);
    check_eq(bytes[4000], 0x77);
    /* It keeps a slot that others count, too. */
    check_status(cow_evict(w.cow, 1, DATA), COW_OK);
    check_status(cow_fork(w.cow, 1, 2), COW_OK);
    check_status(user_write(&w, 2, DATA, 0x78), COW_OK);
    swapdev_fail_write_at(w.mach, 1, 0);
    check_nothing_changed(&w, cow_evict(w.cow, 2, DATA), COW_WRITE_ERROR);
    check_slot_refs(&w, 0, 2);
    check_status(cow_evict(w.cow, 2, DATA), COW_OK);
    check_slot_refs(&w, 0, 1);
    check_slot_refs(&w, 1, 1);
    end_world(&w);
}

Test(hidden, swapped_page_is_not_mapped_again)
{
    uint64_t number;
    const struct world w = one_swapped(&number);
    check_nothing_changed(&w, cow_map(w.cow, 1, DATA, PW_W), COW_EXISTS);
    end_world(&w);
}

/* ---- Fork ---------------------------------------------------------------- */

Test(hidden, fork_counts_the_slots_of_swapped_pages)
{
    const struct world w = one_process_over(SLOTS);
    check_status(cow_evict(w.cow, 1, DATA), COW_OK);
    check_status(cow_evict(w.cow, 1, TEXT), COW_OK);
    check_status(cow_fork(w.cow, 1, 2), COW_OK);
    for (uint64_t pid = 1; pid <= 2; pid++) {
        check_context("process %u", (unsigned)pid);
        check_eq(leaf(&w, pid, DATA), PW_SWAPPED | PW_COW | PW_U);
        check_eq(leaf(&w, pid, TEXT), 0x1000 | PW_SWAPPED | PW_U);
    }
    check_context("%s", "");
    check_slot_refs(&w, 0, 2);
    check_slot_refs(&w, 1, 2);
    check_status(cow_fork(w.cow, 2, 3), COW_OK);
    check_slot_refs(&w, 0, 3);
    check_transfers(&w, 0, 2);
    end_world(&w);
}

Test(hidden, fork_counts_the_slots_of_resident_pages)
{
    uint64_t number;
    const struct world w = one_swapped(&number);
    check_status(cow_fault(w.cow, 1, DATA, PW_FAULT_U), COW_OK);
    check_status(cow_fork(w.cow, 1, 2), COW_OK);
    check_refs(&w, frame(&w, 1, DATA), 2);
    check_slot_refs(&w, 0, 2);
    check_status(cow_exit(w.cow, 1), COW_OK);
    check_slot_refs(&w, 0, 1);
    check_status(cow_evict(w.cow, 2, DATA), COW_OK);
    check_transfers(&w, 1, 1);
    check_slot(&w, 0, number);
    end_world(&w);
}

Test(hidden, each_process_reads_a_frame_of_its_own)
{
    uint64_t number;
    const struct world w = two_swapped(&number);
    check_status(cow_fault(w.cow, 1, DATA, PW_FAULT_U), COW_OK);
    check_status(cow_fault(w.cow, 2, DATA, PW_FAULT_U), COW_OK);
    check(frame(&w, 1, DATA) != frame(&w, 2, DATA), "both have one frame");
    for (uint64_t pid = 1; pid <= 2; pid++) {
        check_filled(&w, pid, DATA, number);
        check_refs(&w, frame(&w, pid, DATA), 1);
    }
    check_slot_refs(&w, 0, 2);
    end_world(&w);
}

Test(hidden, write_to_a_swapped_cow_page_needs_no_copy)
{
    uint64_t number;
    const struct world w = two_swapped(&number);
    const uint64_t used = mach_counts(w.mach).frames_used;
    frame_fail_at(w.mach, 2);
    check_status(cow_fault(w.cow, 2, DATA, USER_WRITE), COW_OK);
    check_frames_used(w.mach, used + 1);
    check_eq(bits(&w, 2, DATA), PW_P | PW_W | PW_U);
    check_filled(&w, 2, DATA, number);
    check_eq(leaf(&w, 1, DATA), PW_SWAPPED | PW_COW | PW_U);
    check_slot_refs(&w, 0, 2);
    end_world(&w);
}

Test(hidden, written_page_leaves_the_slot_to_the_others)
{
    uint64_t number;
    const struct world w = two_swapped(&number);
    unsigned char bytes[PAGE];
    check_status(user_write(&w, 2, DATA + 1, 0x99), COW_OK);
    check_status(cow_evict(w.cow, 2, DATA), COW_OK);
    check_eq(leaf(&w, 2, DATA), 0x1000 | PW_SWAPPED | PW_W | PW_U);
    check_slot_refs(&w, 0, 1);
    check_slot_refs(&w, 1, 1);
    check_slot(&w, 0, number);
    check_status(cow_fault(w.cow, 1, DATA, PW_FAULT_U), COW_OK);
    check_filled(&w, 1, DATA, number);
    check_status(cow_fault(w.cow, 2, DATA, PW_FAULT_U), COW_OK);
    read_page(&w, 2, DATA, bytes);
    check_eq(bytes[1], 0x99);
    end_world(&w);
}

Test(hidden, page_that_was_written_before_the_fork_is_written_for_the_child)
{
    uint64_t number;
    const struct world w = one_swapped(&number);
    unsigned char bytes[PAGE];
    check_status(user_write(&w, 1, DATA + 1, 0x99), COW_OK);
    check_status(cow_fork(w.cow, 1, 2), COW_OK);
    check_status(cow_exit(w.cow, 1), COW_OK);
    /* Its D says that slot 0 is stale. */
    check_status(cow_evict(w.cow, 2, DATA), COW_OK);
    (void)swapdev_peek(w.mach, leaf(&w, 2, DATA) / PAGE, bytes);
    check_eq(bytes[1], 0x99);
    end_world(&w);
}

Test(hidden, copied_page_has_no_slot)
{
    uint64_t number;
    const struct world w = one_swapped(&number);
    check_status(cow_fault(w.cow, 1, DATA, PW_FAULT_U), COW_OK);
    check_status(cow_fork(w.cow, 1, 2), COW_OK);
    check_status(cow_fault(w.cow, 2, DATA, USER_WRITE), COW_OK);
    check_slot_refs(&w, 0, 1);
    check_status(cow_evict(w.cow, 2, DATA), COW_OK);
    check_eq(leaf(&w, 2, DATA), 0x1000 | PW_SWAPPED | PW_W | PW_U);
    check_slot(&w, 1, number);
    check_transfers(&w, 1, 2);
    end_world(&w);
}

Test(hidden, no_slot_is_free_for_a_page_whose_slot_others_count)
{
    const struct world w = one_process_over(1);
    check_status(cow_evict(w.cow, 1, DATA), COW_OK);
    check_status(cow_fork(w.cow, 1, 2), COW_OK);
    check_status(user_write(&w, 2, DATA, 0x42), COW_OK);
    check_nothing_changed(&w, cow_evict(w.cow, 2, DATA), COW_NO_SLOT);
    check_status(cow_exit(w.cow, 1), COW_OK);
    check_status(cow_evict(w.cow, 2, DATA), COW_OK);
    check_eq(leaf(&w, 2, DATA), PW_SWAPPED | PW_W | PW_U);
    end_world(&w);
}

Test(hidden, failed_fork_puts_slots_back)
{
    for (uint64_t k = 1; k <= 3; k++) {
        const struct world w = one_process_over(SLOTS);
        check_status(cow_evict(w.cow, 1, DATA), COW_OK);
        check_status(cow_evict(w.cow, 1, HIDDEN), COW_OK);
        check_status(cow_evict(w.cow, 1, TEXT), COW_OK);
        check_status(cow_fault(w.cow, 1, TEXT, PW_FAULT_U), COW_OK);
        const uint64_t used = mach_counts(w.mach).frames_used;
        check_context("allocation %u fails", (unsigned)k);
        frame_fail_at(w.mach, k);
        check_status(cow_fork(w.cow, 1, 2), COW_NO_MEMORY);
        check_frames_used(w.mach, used);
        for (uint64_t slot = 0; slot < 3; slot++)
            check_slot_refs(&w, slot, 1);
        check_status(cow_fork(w.cow, 1, 2), COW_OK);
        for (uint64_t slot = 0; slot < 3; slot++)
            check_slot_refs(&w, slot, 2);
        end_world(&w);
    }
}

/* ---- Kernel writes, rights, exit ----------------------------------------- */

Test(hidden, kernel_write_reads_a_swapped_page_back)
{
    const struct world w = one_process_over(SLOTS);
    unsigned char bytes[PAGE];
    check_status(cow_map(w.cow, 1, DATA - PAGE, PW_W | PW_U), COW_OK);
    check_status(cow_evict(w.cow, 1, DATA), COW_OK);
    check_status(cow_fork(w.cow, 1, 2), COW_OK);
    check_status(cow_copy_out(w.cow, 2, DATA - 3, w.from, 8, w.left), COW_OK);
    check_eq(*w.left, 0);
    read_page(&w, 2, DATA, bytes);
    check_bytes(bytes, w.from + 3, 5);
    check_eq(bits(&w, 2, DATA), PW_P | PW_W | PW_U | PW_A | PW_D);
    check_eq(leaf(&w, 1, DATA), PW_SWAPPED | PW_COW | PW_U);
    end_world(&w);
}

Test(hidden, kernel_write_stops_where_a_page_cannot_be_read)
{
    const struct world w = one_process_over(SLOTS);
    unsigned char bytes[PAGE];
    check_status(cow_map(w.cow, 1, DATA - PAGE, PW_W | PW_U), COW_OK);
    check_status(cow_evict(w.cow, 1, DATA), COW_OK);
    swapdev_fail_read_at(w.mach, 1, 0);
    check_status(cow_copy_out(w.cow, 1, DATA - 3, w.from, 8, w.left),
                 COW_READ_ERROR);
    check_eq(*w.left, 5);
    read_page(&w, 1, DATA - PAGE, bytes);
    check_bytes(bytes + PAGE - 3, w.from, 3);
    check_eq(leaf(&w, 1, DATA), PW_SWAPPED | PW_W | PW_U);
    end_world(&w);
}

Test(hidden, right_to_write_a_slot_of_several_is_cow)
{
    const struct world w = one_process_over(SLOTS);
    check_status(cow_evict(w.cow, 1, TEXT), COW_OK);
    check_status(cow_fork(w.cow, 1, 2), COW_OK);
    check_status(cow_protect(w.cow, 2, TEXT, PW_W), COW_OK);
    check_eq(leaf(&w, 2, TEXT), PW_SWAPPED | PW_COW);
    check_eq(leaf(&w, 1, TEXT), PW_SWAPPED | PW_U);
    check_status(cow_exit(w.cow, 1), COW_OK);
    check_status(cow_protect(w.cow, 2, TEXT, PW_W | PW_U), COW_OK);
    check_eq(leaf(&w, 2, TEXT), PW_SWAPPED | PW_W | PW_U);
    check_status(cow_protect(w.cow, 2, TEXT, PW_U), COW_OK);
    check_eq(leaf(&w, 2, TEXT), PW_SWAPPED | PW_U);
    check_transfers(&w, 0, 1);
    end_world(&w);
}

Test(hidden, exit_puts_slots_back)
{
    uint64_t number;
    const struct world w = two_swapped(&number);
    check_status(cow_evict(w.cow, 1, HIDDEN), COW_PINNED);
    check_status(cow_fault(w.cow, 2, DATA, PW_FAULT_U), COW_OK);
    check_status(cow_exit(w.cow, 2), COW_OK);
    check_slot_refs(&w, 0, 1);
    check_status(cow_evict(w.cow, 1, HIDDEN), COW_OK);
    check_slot_refs(&w, 1, 1);
    check_status(cow_exit(w.cow, 1), COW_OK);
    check_slot_refs(&w, 0, 0);
    check_slot_refs(&w, 1, 0);
    check_all_back(&w);
    end_world(&w);
}
