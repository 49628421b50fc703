/* hidden_write.c - writes of a process and of the kernel, and rights. */
#include "cow_help.h"

/* ---- The fault ----------------------------------------------------------- */

Test(hidden, write_copies_the_page_for_the_writer_alone)
{
    for (uint64_t writer = 1; writer <= 2; writer++) {
        const struct world w = two_processes();
        const uint64_t other = 3 - writer;
        const uint64_t old = leaf(&w, 1, DATA);
        check_context("process %u writes", (unsigned)writer);
        check_status(cow_fault(w.cow, writer, DATA + 0x123, USER_WRITE),
                     COW_OK);
        check(frame(&w, writer, DATA) != old / PAGE, "it has no copy");
        check_eq(leaf(&w, other, DATA), old);
        check_eq(leaf(&w, writer, DATA) & PW_W, PW_W);
        check_status(user_write(&w, writer, DATA + 0x123, 0xEE), COW_OK);
        check_filled(&w, other, DATA, old / PAGE);
        end_world(&w);
    }
}

Test(hidden, copy_holds_all_4096_bytes)
{
    const struct world w = two_processes();
    const uint64_t number = frame(&w, 1, DATA);
    litter(w.mach);
    check_status(cow_fault(w.cow, 2, DATA + 0xFFF, USER_WRITE), COW_OK);
    check_filled(&w, 2, DATA, number);
    end_world(&w);
}

Test(hidden, copied_page_is_not_cow_any_more)
{
    const struct world w = two_processes();
    check_status(cow_fault(w.cow, 2, DATA, USER_WRITE), COW_OK);
    check_eq(leaf(&w, 2, DATA) & (PW_W | PW_COW), PW_W);
    check_status(cow_fork(w.cow, 2, 3), COW_OK);
    check_eq(leaf(&w, 2, DATA) & (PW_W | PW_COW), PW_COW);
    end_world(&w);
}

Test(hidden, copy_keeps_the_other_bits)
{
    const struct world w = two_processes();
    check_status(cow_fault(w.cow, 2, DATA, USER_WRITE), COW_OK);
    check_eq(bits(&w, 2, DATA), PW_P | PW_W | PW_U | PW_A | PW_D);
    check_status(cow_fault(w.cow, 1, HIDDEN, KERNEL_WRITE), COW_OK);
    check_eq(bits(&w, 1, HIDDEN), PW_P | PW_W | PW_G);
    end_world(&w);
}

Test(hidden, copy_lowers_the_count_of_the_old_frame)
{
    const struct world w = two_processes();
    const uint64_t number = frame(&w, 1, DATA);
    check_status(cow_fault(w.cow, 2, DATA, USER_WRITE), COW_OK);
    check_refs(&w, number, 1);
    check_refs(&w, frame(&w, 2, DATA), 1);
    end_world(&w);
}

Test(hidden, last_owner_does_not_copy)
{
    const struct world w = two_processes();
    const uint64_t number = frame(&w, 1, DATA);
    check_status(cow_fault(w.cow, 2, DATA, USER_WRITE), COW_OK);
    const uint64_t used = mach_counts(w.mach).frames_used;
    check_status(cow_fault(w.cow, 1, DATA, USER_WRITE), COW_OK);
    check_eq(frame(&w, 1, DATA), number);
    check_eq(bits(&w, 1, DATA), PW_P | PW_W | PW_U | PW_A | PW_D);
    check_frames_used(w.mach, used);
    check_refs(&w, number, 1);
    end_world(&w);
}

Test(hidden, last_owner_after_an_exit_does_not_copy)
{
    const struct world w = two_processes();
    const uint64_t number = frame(&w, 1, DATA);
    check_status(cow_exit(w.cow, 1), COW_OK);
    check_status(cow_fault(w.cow, 2, DATA, USER_WRITE), COW_OK);
    check_eq(frame(&w, 2, DATA), number);
    check_eq(leaf(&w, 2, DATA) & (PW_W | PW_COW), PW_W);
    end_world(&w);
}

Test(hidden, last_owner_needs_no_memory)
{
    const struct world w = two_processes();
    check_status(cow_exit(w.cow, 2), COW_OK);
    frame_fail_at(w.mach, 1);
    check_status(cow_fault(w.cow, 1, DATA, USER_WRITE), COW_OK);
    check_eq(leaf(&w, 1, DATA) & (PW_W | PW_COW), PW_W);
    end_world(&w);
}

Test(hidden, three_sharers_need_two_copies)
{
    const struct world w = two_processes();
    check_status(cow_fork(w.cow, 1, 3), COW_OK);
    const uint64_t used = mach_counts(w.mach).frames_used;
    for (uint64_t pid = 1; pid <= 3; pid++) {
        check_status(user_write(&w, pid, DATA, (unsigned char)pid), COW_OK);
        check_status(user_write(&w, pid, DATA + 1, (unsigned char)pid), COW_OK);
    }
    check_frames_used(w.mach, used + 2);
    for (uint64_t pid = 1; pid <= 3; pid++) {
        unsigned char bytes[PAGE];
        read_page(&w, pid, DATA, bytes);
        check_eq(bytes[0], pid);
        check_eq(bytes[1], pid);
    }
    end_world(&w);
}

Test(hidden, only_the_page_that_is_written_is_copied)
{
    const struct world w = new_world();
    struct space *const space = new_space(&w);
    for (uint64_t i = 0; i < 4; i++)
        put_page(&w, space, DATA + i * PAGE, PW_W | PW_U);
    check_status(cow_spawn(w.cow, 1, space), COW_OK);
    check_status(cow_fork(w.cow, 1, 2), COW_OK);
    check_status(cow_fault(w.cow, 2, TEXT + 8, USER_WRITE), COW_OK);
    for (uint64_t i = 0; i < 4; i++) {
        const uint64_t va = DATA + i * PAGE;
        check_context("page 0x%llx", (unsigned long long)va);
        check_eq(frame(&w, 1, va) == frame(&w, 2, va), va != TEXT);
    }
    end_world(&w);
}

Test(hidden, write_to_a_read_only_page_is_refused)
{
    const struct world w = two_processes();
    check_refused(&w, cow_fault(w.cow, 1, TEXT, USER_WRITE), COW_RIGHTS);
    check_refused(&w, cow_fault(w.cow, 2, TEXT, KERNEL_WRITE), COW_RIGHTS);
    end_world(&w);
}

Test(hidden, write_to_a_lone_read_only_page_is_refused)
{
    const struct world w = one_process();
    check_refused(&w, cow_fault(w.cow, 1, TEXT + 7, USER_WRITE), COW_RIGHTS);
    end_world(&w);
}

Test(hidden, user_mode_needs_the_user_right)
{
    const struct world w = two_processes();
    check_refused(&w, cow_fault(w.cow, 2, HIDDEN, USER_WRITE), COW_RIGHTS);
    check_refused(&w, cow_fault(w.cow, 2, HIDDEN, USER_READ), COW_RIGHTS);
    end_world(&w);
}

Test(hidden, kernel_needs_no_user_right)
{
    const struct world w = two_processes();
    check_status(cow_fault(w.cow, 2, HIDDEN, KERNEL_WRITE), COW_OK);
    check(frame(&w, 1, HIDDEN) != frame(&w, 2, HIDDEN), "there is no copy");
    end_world(&w);
}

Test(hidden, fault_outside_of_the_user_half_is_refused)
{
    const struct world w = two_processes();
    static const uint64_t bad[] = {KERNEL_BASE, KERNEL_BASE + PAGE, 0xFFFFFFFF,
                                   NO_KERNEL,   NO_KERNEL + DATA,   UINT64_MAX};
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        check_context("at 0x%llx", (unsigned long long)bad[i]);
        check_refused(&w, cow_fault(w.cow, 1, bad[i], KERNEL_WRITE),
                      COW_BAD_ADDRESS);
        check_refused(&w, cow_fault(w.cow, 2, bad[i], USER_READ),
                      COW_BAD_ADDRESS);
    }
    end_world(&w);
}

Test(hidden, fault_where_no_page_is_is_refused)
{
    const struct world w = two_processes();
    check_refused(&w, cow_fault(w.cow, 2, HIDDEN + PAGE, USER_WRITE),
                  COW_NOT_MAPPED);
    check_refused(&w, cow_fault(w.cow, 2, 0x10000000, PW_FAULT_U),
                  COW_NOT_MAPPED);
    end_world(&w);
}

Test(hidden, fault_of_an_access_that_is_allowed_changes_nothing)
{
    const struct world w = two_processes();
    check_refused(&w, cow_fault(w.cow, 1, SHARED, USER_WRITE), COW_OK);
    check_refused(&w, cow_fault(w.cow, 1, DATA, USER_READ), COW_OK);
    check_refused(&w, cow_fault(w.cow, 2, TEXT, PW_FAULT_U), COW_OK);
    check_refused(&w, cow_fault(w.cow, 2, HIDDEN, 0), COW_OK);
    check_status(cow_fault(w.cow, 2, DATA, USER_WRITE), COW_OK);
    check_refused(&w, cow_fault(w.cow, 2, DATA, USER_WRITE), COW_OK);
    end_world(&w);
}

Test(hidden, entry_decides_and_not_the_bit_of_the_code)
{
    const struct world w = two_processes();
    const uint64_t number = frame(&w, 1, DATA);
    check_status(cow_fault(w.cow, 2, DATA, PW_FAULT_W | PW_FAULT_U), COW_OK);
    check_filled(&w, 2, DATA, number);
    check(frame(&w, 2, DATA) != number, "there is no copy");
    end_world(&w);
}

Test(hidden, fault_codes_are_checked)
{
    const struct world w = two_processes();
    check_refused(&w, cow_fault(w.cow, 2, DATA, PW_FAULT_R | PW_FAULT_P),
                  COW_BAD_ARGUMENT);
    check_refused(&w, cow_fault(w.cow, 2, DATA, USER_WRITE | PW_FAULT_I),
                  COW_BAD_ARGUMENT);
    check_refused(&w, cow_fault(w.cow, 2, DATA, 0x80000007), COW_BAD_ARGUMENT);
    end_world(&w);
}

Test(hidden, fault_without_memory_changes_nothing)
{
    const struct world w = two_processes();
    frame_fail_at(w.mach, 1);
    check_refused(&w, cow_fault(w.cow, 2, DATA, USER_WRITE), COW_NO_MEMORY);
    check_status(cow_fault(w.cow, 2, DATA, USER_WRITE), COW_OK);
    end_world(&w);
}

Test(hidden, copy_tells_the_processor)
{
    const struct world w = two_processes();
    uint64_t before = mach_counts(w.mach).invalidations;
    check_status(cow_fault(w.cow, 2, DATA + 0x777, USER_WRITE), COW_OK);
    check_told(&w, before, 2, DATA);
    check_status(cow_fork(w.cow, 1, 3), COW_OK);
    before = mach_counts(w.mach).invalidations;
    check_status(cow_copy_out(w.cow, 1, DATA, w.from, 5, w.left), COW_OK);
    check_told(&w, before, 1, DATA);
    end_world(&w);
}

/* ---- Kernel writes ------------------------------------------------------- */

Test(hidden, kernel_write_copies_a_cow_page)
{
    const struct world w = two_processes();
    const uint64_t number = frame(&w, 1, DATA);
    unsigned char bytes[PAGE];
    check_status(cow_copy_out(w.cow, 2, DATA + 100, w.from, 200, w.left),
                 COW_OK);
    check_eq(*w.left, 0);
    check_filled(&w, 1, DATA, number);
    read_page(&w, 2, DATA, bytes);
    check_bytes(bytes + 100, w.from, 200);
    check_refs(&w, number, 1);
    check_eq(leaf(&w, 2, DATA) & (PW_W | PW_COW), PW_W);
    end_world(&w);
}

/* Four private pages with these bits, forked from process 1 to process 2. */
static struct world
four_private(uint64_t leaf_bits)
{
    const struct world w = new_world();
    struct space *const space = new_space(&w);
    for (uint64_t i = 0; i < 4; i++)
        put_page(&w, space, DATA + i * PAGE, leaf_bits);
    check_status(cow_spawn(w.cow, 1, space), COW_OK);
    check_status(cow_fork(w.cow, 1, 2), COW_OK);
    return w;
}

Test(hidden, kernel_write_copies_every_page_that_it_crosses)
{
    const struct world w = four_private(PW_W | PW_U);
    uint64_t number[4];
    unsigned char bytes[4][PAGE];
    for (uint64_t i = 0; i < 4; i++)
        number[i] = frame(&w, 1, DATA + i * PAGE);
    check_status(cow_copy_out(w.cow, 2, DATA + PAGE - 3, w.from,
                              3 + 2 * PAGE + 5, w.left),
                 COW_OK);
    for (uint64_t i = 0; i < 4; i++) {
        check_context("page %u", (unsigned)i);
        check_filled(&w, 1, DATA + i * PAGE, number[i]);
        check(frame(&w, 2, DATA + i * PAGE) != number[i], "it has no copy");
        read_page(&w, 2, DATA + i * PAGE, bytes[i]);
    }
    check_context("%s", "");
    check_bytes(bytes[0] + PAGE - 3, w.from, 3 + 2 * PAGE + 5);
    end_world(&w);
}

Test(hidden, kernel_write_touches_no_byte_beside_its_range)
{
    const struct world w = one_process();
    const uint64_t number = frame(&w, 1, DATA);
    unsigned char want[PAGE], got[PAGE];
    static const struct {
        uint64_t at, bytes;
    } range[] = {{0, 1}, {1, 7}, {13, 8}, {101, 19}, {4095, 1}, {512, 2048}};
    fill_frame(w.mach, number, 9);
    read_page(&w, 1, DATA, want);
    for (unsigned i = 0; i < sizeof range / sizeof *range; i++) {
        check_context("%u bytes at %u", (unsigned)range[i].bytes,
                      (unsigned)range[i].at);
        check_status(cow_copy_out(w.cow, 1, DATA + range[i].at, w.from,
                                  range[i].bytes, w.left),
                     COW_OK);
        memcpy(want + range[i].at, w.from, range[i].bytes);
        read_page(&w, 1, DATA, got);
        check_bytes(got, want, PAGE);
    }
    end_world(&w);
}

Test(hidden, kernel_write_of_the_last_owner_does_not_copy)
{
    const struct world w = two_processes();
    const uint64_t number = frame(&w, 1, DATA);
    check_status(cow_exit(w.cow, 1), COW_OK);
    frame_fail_at(w.mach, 1);
    check_status(cow_copy_out(w.cow, 2, DATA, w.from, 9, w.left), COW_OK);
    check_eq(frame(&w, 2, DATA), number);
    end_world(&w);
}

Test(hidden, kernel_write_to_a_read_only_page_is_refused)
{
    const struct world w = two_processes();
    check_refused(&w, cow_copy_out(w.cow, 1, TEXT + 9, w.from, 10, w.left),
                  COW_RIGHTS);
    check_eq(*w.left, 10);
    end_world(&w);
}

Test(hidden, kernel_write_needs_the_user_right)
{
    const struct world w = two_processes();
    check_refused(&w, cow_copy_out(w.cow, 2, HIDDEN, w.from, 10, w.left),
                  COW_RIGHTS);
    check_eq(*w.left, 10);
    check_status(cow_map(w.cow, 2, HIDDEN + PAGE, PW_W), COW_OK);
    check_refused(&w, cow_copy_out(w.cow, 2, HIDDEN + PAGE, w.from, 7, w.left),
                  COW_RIGHTS);
    check_eq(*w.left, 7);
    end_world(&w);
}

Test(hidden, kernel_write_stops_at_the_first_page_that_refuses)
{
    const struct world w = two_processes();
    const uint64_t text = frame(&w, 2, TEXT), shared = frame(&w, 2, SHARED);
    unsigned char bytes[PAGE];
    check_status(
        cow_copy_out(w.cow, 2, TEXT - 6, w.from, 6 + PAGE + 10, w.left),
        COW_RIGHTS);
    check_eq(*w.left, PAGE + 10);
    read_page(&w, 2, DATA, bytes);
    check_bytes(bytes + PAGE - 6, w.from, 6);
    check_filled(&w, 2, TEXT, text);
    check_filled(&w, 2, SHARED, shared);
    end_world(&w);
}

Test(hidden, kernel_write_stops_where_no_page_is)
{
    const struct world w = new_world();
    struct space *const space = new_space(&w);
    put_page(&w, space, DATA, PW_W | PW_U);
    check_status(cow_spawn(w.cow, 1, space), COW_OK);
    unsigned char bytes[PAGE];
    check_status(cow_copy_out(w.cow, 1, TEXT - 2, w.from, 5, w.left),
                 COW_NOT_MAPPED);
    check_eq(*w.left, 3);
    read_page(&w, 1, DATA, bytes);
    check_bytes(bytes + PAGE - 2, w.from, 2);
    end_world(&w);
}

Test(hidden, kernel_write_outside_of_the_user_half_writes_nothing)
{
    const struct world w = new_world();
    struct space *const space = new_space(&w);
    put_page(&w, space, KERNEL_BASE - PAGE, PW_W | PW_U);
    check_status(cow_spawn(w.cow, 1, space), COW_OK);
    static const struct {
        uint64_t va, bytes;
    } bad[] = {{KERNEL_BASE, 1},
               {KERNEL_BASE - 4, 5},
               {NO_KERNEL + DATA, 1},
               {KERNEL_BASE - 4, UINT64_MAX},
               {KERNEL_BASE - PAGE, UINT64_C(0) - KERNEL_BASE + PAGE},
               {UINT64_MAX, 1}};
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        check_context("0x%llx bytes at 0x%llx",
                      (unsigned long long)bad[i].bytes,
                      (unsigned long long)bad[i].va);
        check_refused(
            &w, cow_copy_out(w.cow, 1, bad[i].va, w.from, bad[i].bytes, w.left),
            COW_BAD_ADDRESS);
        check_eq(*w.left, UINT64_C(0xA5A5A5A5A5A5A5A5));
    }
    check_context("%s", "");
    check_status(cow_copy_out(w.cow, 1, KERNEL_BASE - 4, w.from, 4, w.left),
                 COW_OK);
    end_world(&w);
}

Test(hidden, kernel_write_checks_its_arguments)
{
    const struct world w = one_process();
    check_refused(&w, cow_copy_out(w.cow, 1, DATA, w.from, 0, w.left),
                  COW_BAD_ARGUMENT);
    check_refused(&w, cow_copy_out(w.cow, 1, DATA, NULL, 1, w.left),
                  COW_BAD_ARGUMENT);
    check_refused(&w, cow_copy_out(w.cow, 1, DATA, w.from, 1, NULL),
                  COW_BAD_ARGUMENT);
    check_refused(&w, cow_copy_out(NULL, 1, DATA, w.from, 1, w.left),
                  COW_BAD_ARGUMENT);
    check_eq(*w.left, UINT64_C(0xA5A5A5A5A5A5A5A5));
    end_world(&w);
}

Test(hidden, kernel_write_without_memory_stops)
{
    const struct world w = four_private(PW_W | PW_U);
    uint64_t number[4];
    for (uint64_t i = 0; i < 4; i++)
        number[i] = frame(&w, 1, DATA + i * PAGE);
    frame_fail_at(w.mach, 2);
    check_status(cow_copy_out(w.cow, 2, DATA + 96, w.from, 3 * PAGE, w.left),
                 COW_NO_MEMORY);
    check_eq(*w.left, 3 * PAGE - (PAGE - 96));
    unsigned char bytes[PAGE];
    read_page(&w, 2, DATA, bytes);
    check_bytes(bytes + 96, w.from, PAGE - 96);
    for (uint64_t i = 0; i < 4; i++) {
        check_filled(&w, 1, DATA + i * PAGE, number[i]);
        check_eq(frame(&w, 2, DATA + i * PAGE) == number[i], i > 0);
        check_refs(&w, number[i], i > 0 ? 2 : 1);
    }
    end_world(&w);
}

Test(hidden, kernel_write_sets_accessed_and_dirty)
{
    const struct world w = four_private(PW_W | PW_U);
    check_status(cow_copy_out(w.cow, 2, DATA, w.from, 1, w.left), COW_OK);
    check_eq(leaf(&w, 2, DATA) & (PW_A | PW_D), PW_A | PW_D);
    check_eq(leaf(&w, 1, DATA) & (PW_A | PW_D), 0);
    check_eq(leaf(&w, 2, TEXT) & (PW_A | PW_D), 0);
    check_status(cow_map(w.cow, 2, 0x10000000, PW_W | PW_U), COW_OK);
    check_status(cow_copy_out(w.cow, 2, 0x10000000, w.from, 1, w.left), COW_OK);
    check_eq(leaf(&w, 2, 0x10000000) & (PW_A | PW_D), PW_A | PW_D);
    end_world(&w);
}

Test(hidden, kernel_write_to_a_shared_page_is_seen_by_all)
{
    const struct world w = two_processes();
    unsigned char bytes[PAGE];
    check_status(cow_copy_out(w.cow, 2, SHARED + 64, w.from, 32, w.left),
                 COW_OK);
    check_eq(frame(&w, 1, SHARED), frame(&w, 2, SHARED));
    read_page(&w, 1, SHARED, bytes);
    check_bytes(bytes + 64, w.from, 32);
    end_world(&w);
}

/* ---- Changing rights ----------------------------------------------------- */

Test(hidden, right_to_write_a_frame_of_several_is_cow)
{
    const struct world w = two_processes();
    const uint64_t number = frame(&w, 1, TEXT);
    check_status(cow_protect(w.cow, 2, TEXT, PW_W | PW_U), COW_OK);
    check_eq(bits(&w, 2, TEXT), PW_P | PW_U | PW_A | PW_COW);
    check_eq(bits(&w, 1, TEXT), PW_P | PW_U | PW_A);
    check_status(user_write(&w, 2, TEXT, 1), COW_OK);
    check_filled(&w, 1, TEXT, number);
    end_world(&w);
}

Test(hidden, page_beside_it_in_its_process_counts_the_frame_too)
{
    const struct world w = new_world();
    struct space *const space = new_space(&w);
    const uint64_t number = put_page(&w, space, TEXT, PW_U);
    put_frame(&w, space, DATA, number, PW_U);
    check_status(cow_spawn(w.cow, 1, space), COW_OK);
    check_status(cow_protect(w.cow, 1, DATA, PW_W | PW_U), COW_OK);
    check_eq(leaf(&w, 1, DATA), number * PAGE | PW_P | PW_U | PW_COW);
    check_status(user_write(&w, 1, DATA, 1), COW_OK);
    check_filled(&w, 1, TEXT, number);
    check_refs(&w, number, 1);
    check_status(cow_protect(w.cow, 1, TEXT, PW_W | PW_U), COW_OK);
    check_eq(leaf(&w, 1, TEXT), number * PAGE | PW_P | PW_U | PW_W);
    end_world(&w);
}

Test(hidden, right_to_write_a_cow_page_leaves_it_cow)
{
    const struct world w = two_processes();
    const uint64_t entry = leaf(&w, 1, DATA);
    check_status(cow_protect(w.cow, 1, DATA, PW_W | PW_U), COW_OK);
    check_eq(leaf(&w, 1, DATA), entry);
    end_world(&w);
}

Test(hidden, right_to_write_a_frame_of_its_own_is_w)
{
    const struct world w = two_processes();
    const uint64_t number = frame(&w, 1, DATA);
    check_status(cow_exit(w.cow, 2), COW_OK);
    check_status(cow_protect(w.cow, 1, TEXT + 4, PW_W | PW_U), COW_OK);
    check_eq(bits(&w, 1, TEXT), PW_P | PW_W | PW_U | PW_A);
    check_status(cow_protect(w.cow, 1, DATA, PW_W | PW_U), COW_OK);
    check_eq(bits(&w, 1, DATA), PW_P | PW_W | PW_U | PW_A | PW_D);
    check_eq(frame(&w, 1, DATA), number);
    end_world(&w);
}

Test(hidden, page_without_the_right_to_write_is_not_cow)
{
    const struct world w = two_processes();
    check_status(cow_protect(w.cow, 2, DATA, PW_U), COW_OK);
    check_eq(bits(&w, 2, DATA), PW_P | PW_U | PW_A | PW_D);
    check_refused(&w, cow_fault(w.cow, 2, DATA, USER_WRITE), COW_RIGHTS);
    check_eq(leaf(&w, 1, DATA) & (PW_W | PW_COW), PW_COW);
    end_world(&w);
}

Test(hidden, shared_page_gets_and_loses_w)
{
    const struct world w = two_processes();
    check_status(cow_protect(w.cow, 2, SHARED, PW_U), COW_OK);
    check_eq(bits(&w, 2, SHARED), PW_P | PW_U | PW_SHARED);
    check_status(cow_protect(w.cow, 2, SHARED, PW_U | PW_W), COW_OK);
    check_eq(bits(&w, 2, SHARED), PW_P | PW_W | PW_U | PW_SHARED);
    check_eq(bits(&w, 1, SHARED), PW_P | PW_W | PW_U | PW_SHARED);
    end_world(&w);
}

Test(hidden, protect_gives_and_takes_the_user_right)
{
    const struct world w = two_processes();
    check_status(cow_protect(w.cow, 2, TEXT, 0), COW_OK);
    check_eq(bits(&w, 2, TEXT), PW_P | PW_A);
    check_status(cow_protect(w.cow, 2, HIDDEN, PW_U | PW_W), COW_OK);
    check_eq(bits(&w, 2, HIDDEN), PW_P | PW_U | PW_COW | PW_G);
    end_world(&w);
}

Test(hidden, protect_tells_the_processor)
{
    const struct world w = one_process();
    uint64_t before = mach_counts(w.mach).invalidations;
    check_status(cow_protect(w.cow, 1, DATA, PW_U), COW_OK);
    check_told(&w, before, 1, DATA);
    before = mach_counts(w.mach).invalidations;
    check_status(cow_protect(w.cow, 1, TEXT, 0), COW_OK);
    check_told(&w, before, 1, TEXT);
    end_world(&w);
}

Test(hidden, protect_checks_its_arguments)
{
    const struct world w = two_processes();
    check_refused(&w, cow_protect(w.cow, 1, DATA, PW_SHARED), COW_BAD_ARGUMENT);
    check_refused(&w, cow_protect(w.cow, 1, DATA, PW_COW), COW_BAD_ARGUMENT);
    check_refused(&w, cow_protect(w.cow, 1, KERNEL_BASE, PW_W),
                  COW_BAD_ADDRESS);
    check_refused(&w, cow_protect(w.cow, 1, NO_KERNEL + DATA, PW_W),
                  COW_BAD_ADDRESS);
    check_refused(&w, cow_protect(w.cow, 1, HIDDEN + PAGE, PW_W),
                  COW_NOT_MAPPED);
    end_world(&w);
}
