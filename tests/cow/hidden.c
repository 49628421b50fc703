/* hidden.c - processes, new pages, fork and exit. */
#include "cow_help.h"

#include <errno.h>

VMLAB_SUITE(hidden)

/* ---- Processes ----------------------------------------------------------- */

Test(hidden, create_refuses_what_is_no_configuration)
{
    struct mach *const mach = test_machine(4);
    struct cow_config *const config = arena_object(struct cow_config);
    static const struct cow_config bad[] = {
        {0, NO_KERNEL},        {4, 0},
        {4, 0xC0001000},       {4, 0xC0000001},
        {4, NO_KERNEL + 4096}, {4, NO_KERNEL + 0x400000},
    };
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        *config = bad[i];
        check_context("frames %u, kernel_base 0x%llx", (unsigned)bad[i].frames,
                      (unsigned long long)bad[i].kernel_base);
        check(cow_create(mach, config) == NULL, "it was accepted");
        check_eq(errno, EINVAL);
    }
    check_context("%s", "");
    *config = (struct cow_config){4, 0x400000};
    check(cow_create(NULL, config) == NULL && errno == EINVAL,
          "a NULL machine was accepted");
    check(cow_create(mach, NULL) == NULL && errno == EINVAL,
          "a NULL configuration was accepted");
    struct cow *const cow = cow_create(mach, config);
    check(cow != NULL, "kernel_base 4 MiB was refused");
    check_status(cow_destroy(cow), COW_OK);
    check_status(cow_destroy(NULL), COW_BAD_ARGUMENT);
}

Test(hidden, spawn_counts_every_page)
{
    const struct world w = one_process();
    static const uint64_t va[] = {DATA, TEXT, SHARED, HIDDEN};
    for (unsigned i = 0; i < 4; i++)
        check_refs(&w, frame(&w, 1, va[i]), 1);
    end_world(&w);
}

Test(hidden, spawn_changes_no_entry)
{
    const struct world w = one_process();
    check_eq(bits(&w, 1, DATA), PW_P | PW_W | PW_U | PW_A | PW_D);
    check_eq(bits(&w, 1, TEXT), PW_P | PW_U | PW_A);
    check_eq(bits(&w, 1, SHARED), PW_P | PW_W | PW_U | PW_SHARED);
    check_eq(bits(&w, 1, HIDDEN), PW_P | PW_W | PW_G);
    end_world(&w);
}

Test(hidden, spawn_counts_a_frame_in_two_spaces_twice)
{
    const struct world w = new_world();
    struct space *const one = new_space(&w);
    struct space *const two = new_space(&w);
    const uint64_t number = put_page(&w, one, SHARED, PW_W | PW_U | PW_SHARED);
    put_frame(&w, two, TEXT, number, PW_W | PW_U | PW_SHARED);
    put_frame(&w, two, DATA, number, PW_U | PW_SHARED);
    check_status(cow_spawn(w.cow, 1, one), COW_OK);
    check_status(cow_spawn(w.cow, 2, two), COW_OK);
    check_refs(&w, number, 3);
    check_status(cow_exit(w.cow, 2), COW_OK);
    check_refs(&w, number, 1);
    check_filled(&w, 1, SHARED, number);
    end_world(&w);
}

Test(hidden, pages_of_the_kernel_half_are_not_counted)
{
    const struct world w = one_process();
    for (uint64_t f = 0; f < w.kept; f++)
        check_refs(&w, f, 0);
    end_world(&w);
}

Test(hidden, free_and_absent_frames_have_count_0)
{
    const struct world w = one_process();
    check_refs(&w, FRAMES - 1, 0);
    check_refs(&w, FRAMES, 0);
    check_refs(&w, UINT64_C(1) << 32, 0);
    check_refs(&w, UINT64_MAX, 0);
    check_eq(cow_refs(NULL, 0), 0);
    end_world(&w);
}

Test(hidden, space_of_a_process_is_the_one_that_was_handed_over)
{
    const struct world w = new_world();
    struct space *const one = four_pages(&w);
    struct space *const two = new_space(&w);
    check_status(cow_spawn(w.cow, 1, one), COW_OK);
    check_status(cow_spawn(w.cow, 32767, two), COW_OK);
    check(cow_space(w.cow, 1) == one, "cow_space(cow, 1) is another");
    check(cow_space(w.cow, 32767) == two, "cow_space(cow, 32767) is another");
    errno = 0;
    check(cow_space(w.cow, 2) == NULL, "process 2 does not exist");
    check_eq(errno, 0);
    check(cow_space(w.cow, 0) == NULL, "0 is no pid");
    check(cow_space(w.cow, 32768) == NULL, "32768 is no pid");
    check(cow_space(NULL, 1) == NULL, "cow_space(NULL, 1) is not NULL");
    end_world(&w);
}

Test(hidden, pid_in_use_is_refused)
{
    const struct world w = one_process();
    struct space *const space = new_space(&w);
    put_page(&w, space, DATA, PW_W | PW_U);
    check_refused(&w, cow_spawn(w.cow, 1, space), COW_EXISTS);
    check_status(pw_destroy(space), PW_OK);
    end_world(&w);
}

Test(hidden, pids_are_checked)
{
    const struct world w = one_process();
    struct space *const space = new_space(&w);
    static const uint64_t bad[] = {0, 32768, UINT64_C(0x100000001), UINT64_MAX};
    for (unsigned i = 0; i < 4; i++) {
        check_context("pid %llu", (unsigned long long)bad[i]);
        check_status(cow_spawn(w.cow, bad[i], space), COW_BAD_ARGUMENT);
        check_status(cow_map(w.cow, bad[i], 0, 0), COW_BAD_ARGUMENT);
        check_status(cow_fork(w.cow, 1, bad[i]), COW_BAD_ARGUMENT);
        check_status(cow_fork(w.cow, bad[i], 2), COW_BAD_ARGUMENT);
        check_status(cow_fault(w.cow, bad[i], DATA, USER_WRITE),
                     COW_BAD_ARGUMENT);
        check_status(cow_protect(w.cow, bad[i], DATA, 0), COW_BAD_ARGUMENT);
        check_status(cow_copy_out(w.cow, bad[i], DATA, w.from, 1, w.left),
                     COW_BAD_ARGUMENT);
        check_status(cow_exit(w.cow, bad[i]), COW_BAD_ARGUMENT);
    }
    check_context("%s", "");
    check_status(cow_spawn(w.cow, 2, NULL), COW_BAD_ARGUMENT);
    check_status(cow_spawn(NULL, 2, space), COW_BAD_ARGUMENT);
    check_status(cow_map(NULL, 1, 0, 0), COW_BAD_ARGUMENT);
    check_status(cow_fork(NULL, 1, 2), COW_BAD_ARGUMENT);
    check_status(cow_fault(NULL, 1, DATA, USER_WRITE), COW_BAD_ARGUMENT);
    check_status(cow_protect(NULL, 1, DATA, 0), COW_BAD_ARGUMENT);
    check_status(cow_exit(NULL, 1), COW_BAD_ARGUMENT);
    check_status(pw_destroy(space), PW_OK);
    end_world(&w);
}

Test(hidden, process_that_is_not_there_is_named)
{
    const struct world w = one_process();
    check_status(cow_map(w.cow, 9, DATA, 0), COW_NO_PROCESS);
    check_status(cow_fork(w.cow, 9, 1), COW_NO_PROCESS);
    check_status(cow_fault(w.cow, 9, NO_KERNEL, USER_WRITE), COW_NO_PROCESS);
    check_status(cow_protect(w.cow, 9, NO_KERNEL, 0), COW_NO_PROCESS);
    check_status(cow_copy_out(w.cow, 9, NO_KERNEL, w.from, 1, w.left),
                 COW_NO_PROCESS);
    check_eq(*w.left, UINT64_C(0xA5A5A5A5A5A5A5A5));
    check_status(cow_exit(w.cow, 9), COW_NO_PROCESS);
    end_world(&w);
}

Test(hidden, bad_argument_comes_before_all_else)
{
    const struct world w = one_process();
    check_status(cow_spawn(w.cow, 1, NULL), COW_BAD_ARGUMENT);
    check_status(cow_fork(w.cow, 9, 0), COW_BAD_ARGUMENT);
    /* Neither the process nor the address is looked at before. */
    for (uint64_t pid = 1; pid <= 9; pid += 8) {
        check_context("pid %u, which is %s", (unsigned)pid,
                      pid == 1 ? "there" : "not there");
        check_status(cow_map(w.cow, pid, NO_KERNEL, PW_COW), COW_BAD_ARGUMENT);
        check_status(cow_fault(w.cow, pid, NO_KERNEL, PW_FAULT_R),
                     COW_BAD_ARGUMENT);
        check_status(cow_protect(w.cow, pid, NO_KERNEL, PW_COW),
                     COW_BAD_ARGUMENT);
        check_status(cow_copy_out(w.cow, pid, NO_KERNEL, w.from, 0, w.left),
                     COW_BAD_ARGUMENT);
        check_status(cow_copy_out(w.cow, pid, NO_KERNEL, NULL, 1, w.left),
                     COW_BAD_ARGUMENT);
    }
    check_status(cow_protect(w.cow, 1, HIDDEN + PAGE, PW_COW),
                 COW_BAD_ARGUMENT);
    end_world(&w);
}

/* ---- New pages ----------------------------------------------------------- */

Test(hidden, new_page_is_zero_and_counted)
{
    const struct world w = one_process();
    unsigned char bytes[PAGE], zero[PAGE] = {0};
    check_status(cow_map(w.cow, 1, 0x10000FFF, PW_W | PW_U), COW_OK);
    read_page(&w, 1, 0x10000000, bytes);
    check_bytes(bytes, zero, PAGE);
    check_refs(&w, frame(&w, 1, 0x10000000), 1);
    end_world(&w);
}

Test(hidden, new_page_has_the_rights_that_were_asked_for)
{
    const struct world w = one_process();
    unsigned char bytes[PAGE], zero[PAGE] = {0};
    static const uint64_t rights[] = {0, PW_W, PW_U, PW_W | PW_U | PW_SHARED};
    for (unsigned i = 0; i < 4; i++) {
        const uint64_t va = 0x10000000 + i * PAGE;
        check_status(cow_map(w.cow, 1, va, rights[i]), COW_OK);
        check_eq(bits(&w, 1, va), PW_P | rights[i]);
        read_page(&w, 1, va, bytes);
        check_bytes(bytes, zero, PAGE);
    }
    check_refused(&w, cow_map(w.cow, 1, 0x20000000, PW_COW), COW_BAD_ARGUMENT);
    check_refused(&w, cow_map(w.cow, 1, 0x20000000, PW_D), COW_BAD_ARGUMENT);
    end_world(&w);
}

Test(hidden, page_that_is_there_is_not_mapped_again)
{
    const struct world w = two_processes();
    check_refused(&w, cow_map(w.cow, 1, TEXT + 5, PW_W), COW_EXISTS);
    check_refused(&w, cow_map(w.cow, 2, DATA, PW_W | PW_U), COW_EXISTS);
    end_world(&w);
}

Test(hidden, page_of_the_kernel_half_is_not_mapped)
{
    const struct world w = one_process();
    check_refused(&w, cow_map(w.cow, 1, KERNEL_BASE, PW_W), COW_BAD_ADDRESS);
    check_refused(&w, cow_map(w.cow, 1, KERNEL_BASE + PAGE, PW_W),
                  COW_BAD_ADDRESS);
    check_refused(&w, cow_map(w.cow, 1, NO_KERNEL + DATA + 8 * PAGE, PW_W),
                  COW_BAD_ADDRESS);
    check_status(cow_map(w.cow, 1, KERNEL_BASE - 1, PW_W), COW_OK);
    end_world(&w);
}

Test(hidden, map_without_memory_changes_nothing)
{
    const struct world w = one_process();
    for (uint64_t k = 1; k <= 2; k++) {
        check_context("allocation %u fails", (unsigned)k);
        frame_fail_at(w.mach, k);
        check_refused(&w, cow_map(w.cow, 1, 0x30000000, PW_W | PW_U),
                      COW_NO_MEMORY);
    }
    check_status(cow_map(w.cow, 1, 0x30000000, PW_W | PW_U), COW_OK);
    end_world(&w);
}

/* ---- Fork ---------------------------------------------------------------- */

Test(hidden, fork_takes_the_right_to_write_from_the_parent)
{
    const struct world w = two_processes();
    check_eq(leaf(&w, 1, DATA) & (PW_W | PW_COW), PW_COW);
    check_eq(leaf(&w, 1, HIDDEN) & (PW_W | PW_COW), PW_COW);
    end_world(&w);
}

Test(hidden, fork_gives_the_child_no_right_to_write)
{
    const struct world w = two_processes();
    check_eq(leaf(&w, 2, DATA) & (PW_W | PW_COW), PW_COW);
    check_eq(leaf(&w, 2, HIDDEN) & (PW_W | PW_COW), PW_COW);
    end_world(&w);
}

Test(hidden, fork_copies_no_page)
{
    const struct world w = one_process();
    static const uint64_t va[] = {DATA, TEXT, SHARED, HIDDEN};
    uint64_t number[4];
    for (unsigned i = 0; i < 4; i++)
        number[i] = frame(&w, 1, va[i]);
    const uint64_t used = mach_counts(w.mach).frames_used;
    check_status(cow_fork(w.cow, 1, 2), COW_OK);
    for (unsigned i = 0; i < 4; i++) {
        check_eq(frame(&w, 1, va[i]), number[i]);
        check_eq(frame(&w, 2, va[i]), number[i]);
    }
    check_frames_used(w.mach, used + 3); /* a root and two tables */
    end_world(&w);
}

Test(hidden, fork_raises_the_count_of_every_page)
{
    const struct world w = two_processes();
    check_refs(&w, frame(&w, 1, DATA), 2);
    check_refs(&w, frame(&w, 1, TEXT), 2);
    check_refs(&w, frame(&w, 1, SHARED), 2);
    check_refs(&w, frame(&w, 1, HIDDEN), 2);
    end_world(&w);
}

Test(hidden, fork_of_a_cow_page_raises_its_count_again)
{
    const struct world w = two_processes();
    const uint64_t number = frame(&w, 1, DATA);
    check_status(cow_fork(w.cow, 2, 3), COW_OK);
    check_refs(&w, number, 3);
    check_eq(leaf(&w, 3, DATA), leaf(&w, 1, DATA));
    check_status(cow_fork(w.cow, 1, 4), COW_OK);
    check_refs(&w, number, 4);
    check_status(user_write(&w, 3, DATA, 1), COW_OK);
    check_refs(&w, number, 3);
    check_filled(&w, 1, DATA, number);
    check_filled(&w, 4, DATA, number);
    end_world(&w);
}

Test(hidden, fork_leaves_read_only_pages_read_only)
{
    const struct world w = two_processes();
    check_eq(bits(&w, 1, TEXT), PW_P | PW_U | PW_A);
    check_eq(bits(&w, 2, TEXT), PW_P | PW_U | PW_A);
    end_world(&w);
}

Test(hidden, fork_leaves_shared_pages_shared)
{
    const struct world w = two_processes();
    check_eq(bits(&w, 1, SHARED), PW_P | PW_W | PW_U | PW_SHARED);
    check_eq(bits(&w, 2, SHARED), PW_P | PW_W | PW_U | PW_SHARED);
    end_world(&w);
}

Test(hidden, fork_keeps_accessed_dirty_and_global)
{
    const struct world w = two_processes();
    for (uint64_t pid = 1; pid <= 2; pid++) {
        check_context("process %u", (unsigned)pid);
        check_eq(leaf(&w, pid, DATA) & (PW_A | PW_D | PW_G | PW_U),
                 PW_A | PW_D | PW_U);
        check_eq(leaf(&w, pid, HIDDEN) & (PW_A | PW_D | PW_G | PW_U), PW_G);
    }
    end_world(&w);
}

Test(hidden, child_has_tables_of_its_own)
{
    const struct world w = two_processes();
    static const uint64_t va[] = {DATA, SHARED};
    check(root_of(&w, 1) != root_of(&w, 2), "both have one root table");
    for (unsigned i = 0; i < 2; i++)
        check(leaf_at(w.mach, root_of(&w, 1), va[i]) !=
                  leaf_at(w.mach, root_of(&w, 2), va[i]),
              "both have one table for 0x%llx", (unsigned long long)va[i]);
    end_world(&w);
}

Test(hidden, kernel_half_of_the_child_is_the_parents)
{
    const struct world w = two_processes();
    check_status(cow_fork(w.cow, 2, 3), COW_OK);
    for (uint64_t i = KERNEL_BASE >> 22; i < 1024; i++) {
        check_context("root entry %u", (unsigned)i);
        const uint64_t entry = peek32(w.mach, pw_root(w.kernel) + i * 4);
        check_eq(peek32(w.mach, root_of(&w, 2) + i * 4), entry);
        check_eq(peek32(w.mach, root_of(&w, 3) + i * 4), entry);
    }
    check_eq(leaf(&w, 1, KERNEL_BASE) & (PW_W | PW_COW), PW_W);
    end_world(&w);
}

Test(hidden, first_and_last_page_of_the_user_half_are_forked)
{
    static const uint64_t base[] = {KERNEL_BASE, NO_KERNEL};
    for (unsigned i = 0; i < 2; i++) {
        const struct world w = new_world_of(32, base[i]);
        struct space *const space = new_space(&w);
        const uint64_t last = base[i] - PAGE;
        put_page(&w, space, 0, PW_W | PW_U);
        put_page(&w, space, last, PW_W | PW_U);
        check_status(cow_spawn(w.cow, 1, space), COW_OK);
        check_status(cow_fork(w.cow, 1, 2), COW_OK);
        check_context("kernel_base 0x%llx", (unsigned long long)base[i]);
        check_eq(bits(&w, 2, 0), PW_P | PW_U | PW_COW);
        check_eq(bits(&w, 2, last), PW_P | PW_U | PW_COW);
        check_refs(&w, frame(&w, 1, last), 2);
        check_status(user_write(&w, 2, base[i] - 1, 1), COW_OK);
        check_eq(bits(&w, 1, last) & (PW_W | PW_COW), PW_COW);
        end_world(&w);
        check_all_back(&w);
    }
}

Test(hidden, fork_tells_the_processor_of_the_parents_pages)
{
    const struct world w = one_process();
    const uint64_t before = mach_counts(w.mach).invalidations;
    check_status(cow_fork(w.cow, 1, 2), COW_OK);
    check_told(&w, before, 1, DATA);
    check_told(&w, before, 1, HIDDEN);
    end_world(&w);
}

Test(hidden, fork_needs_a_pid_that_is_free)
{
    const struct world w = two_processes();
    check_refused(&w, cow_fork(w.cow, 1, 2), COW_EXISTS);
    check_refused(&w, cow_fork(w.cow, 2, 1), COW_EXISTS);
    check_refused(&w, cow_fork(w.cow, 1, 1), COW_EXISTS);
    end_world(&w);
}

Test(hidden, failed_fork_is_undone)
{
    for (uint64_t k = 1; k <= 3; k++) {
        const struct world w = one_process();
        static const uint64_t va[] = {DATA, TEXT, SHARED, HIDDEN};
        uint64_t old[4];
        for (unsigned i = 0; i < 4; i++)
            old[i] = leaf(&w, 1, va[i]);
        const uint64_t used = mach_counts(w.mach).frames_used;
        const uint64_t before = mach_counts(w.mach).invalidations;
        check_context("allocation %u fails", (unsigned)k);
        frame_fail_at(w.mach, k);
        check_status(cow_fork(w.cow, 1, 2), COW_NO_MEMORY);
        check_frames_used(w.mach, used);
        check(cow_space(w.cow, 2) == NULL, "process 2 exists");
        for (unsigned i = 0; i < 4; i++) {
            const uint64_t now = leaf(&w, 1, va[i]);
            check_refs(&w, old[i] / PAGE, 1);
            if (now == old[i])
                continue;
            check_eq(now, (old[i] & ~PW_W) | PW_COW);
            check((old[i] & (PW_W | PW_SHARED)) == PW_W,
                  "the page at 0x%llx was no private page with W",
                  (unsigned long long)va[i]);
            check_told(&w, before, 1, va[i]);
        }
        check_status(cow_fork(w.cow, 1, 2), COW_OK);
        check_refs(&w, frame(&w, 2, DATA), 2);
        end_world(&w);
        check_all_back(&w);
    }
}

/* ---- Exit ---------------------------------------------------------------- */

Test(hidden, exit_gives_back_pages_and_tables)
{
    const struct world w = one_process();
    check_status(cow_map(w.cow, 1, 0x70000000, PW_W | PW_U), COW_OK);
    check_status(cow_exit(w.cow, 1), COW_OK);
    check_all_back(&w);
    check(cow_space(w.cow, 1) == NULL, "process 1 still exists");
    check_status(cow_exit(w.cow, 1), COW_NO_PROCESS);
    end_world(&w);
}

Test(hidden, exit_keeps_what_others_count)
{
    const struct world w = two_processes();
    const uint64_t number = frame(&w, 2, DATA);
    const uint64_t used = mach_counts(w.mach).frames_used;
    check_status(cow_exit(w.cow, 1), COW_OK);
    check_frames_used(w.mach, used - 3); /* a root and two tables */
    check_refs(&w, number, 1);
    check_filled(&w, 2, DATA, number);
    check_status(cow_exit(w.cow, 2), COW_OK);
    check_refs(&w, number, 0);
    check_all_back(&w);
    end_world(&w);
}

Test(hidden, processes_exit_in_any_order)
{
    static const uint64_t order[6][3] = {{1, 2, 3}, {1, 3, 2}, {2, 1, 3},
                                         {2, 3, 1}, {3, 1, 2}, {3, 2, 1}};
    const struct world w = new_world();
    for (unsigned i = 0; i < 6; i++) {
        check_context("in the order %u, %u, %u", (unsigned)order[i][0],
                      (unsigned)order[i][1], (unsigned)order[i][2]);
        spawn_four(&w, 1);
        const uint64_t number = frame(&w, 1, TEXT);
        check_status(cow_fork(w.cow, 1, 2), COW_OK);
        check_status(user_write(&w, 2, DATA, 1), COW_OK);
        check_status(cow_fork(w.cow, 2, 3), COW_OK);
        for (unsigned j = 0; j < 3; j++) {
            check_refs(&w, number, 3 - j);
            check_status(cow_exit(w.cow, order[i][j]), COW_OK);
        }
        check_all_back(&w);
    }
    end_world(&w);
}

Test(hidden, exit_leaves_the_kernels_tables)
{
    const struct world w = two_processes();
    static const uint64_t va[] = {KERNEL_BASE, 0xFFFFF000};
    check_status(cow_exit(w.cow, 2), COW_OK);
    for (unsigned i = 0; i < 2; i++) {
        const uint64_t at = leaf_at(w.mach, root_of(&w, 1), va[i]);
        check(at != 0 && frame_in_use(w.mach, at / PAGE),
              "the kernel's table for 0x%llx was given back",
              (unsigned long long)va[i]);
        check_eq(leaf(&w, 1, va[i]) & PW_P, PW_P);
        check_filled(&w, 1, va[i], frame(&w, 1, va[i]));
    }
    check_status(cow_exit(w.cow, 1), COW_OK);
    check_all_back(&w);
    end_world(&w);
}

Test(hidden, exit_tells_the_processor)
{
    const struct world w = two_processes();
    uint64_t before = mach_counts(w.mach).invalidations;
    check_status(cow_exit(w.cow, 1), COW_OK);
    check_told(&w, before, 1, DATA);
    check_told(&w, before, 1, TEXT);
    check_told(&w, before, 1, SHARED);
    check_told(&w, before, 1, HIDDEN);
    before = mach_counts(w.mach).invalidations;
    check_status(cow_exit(w.cow, 2), COW_OK);
    check_told(&w, before, 2, TEXT);
    end_world(&w);
}

Test(hidden, pid_can_be_used_again)
{
    const struct world w = two_processes();
    check_status(cow_exit(w.cow, 1), COW_OK);
    check_status(cow_fork(w.cow, 2, 1), COW_OK);
    check_refs(&w, frame(&w, 1, DATA), 2);
    check_status(cow_exit(w.cow, 2), COW_OK);
    spawn_four(&w, 2);
    check(frame(&w, 1, DATA) != frame(&w, 2, DATA),
          "two spaces share a private page");
    end_world(&w);
}

Test(hidden, destroy_ends_all_processes)
{
    const struct world w = two_processes();
    check_status(cow_fork(w.cow, 2, 32767), COW_OK);
    check_status(user_write(&w, 32767, DATA, 1), COW_OK);
    const uint64_t before = mach_counts(w.mach).invalidations;
    check_status(cow_destroy(w.cow), COW_OK);
    check_all_back(&w);
    check_told(&w, before, 32767, DATA);
}
