/* hidden_long.c - bonus: the four levels of x86-64. */
#include <errno.h>

#include "pw_help.h"

#define VA UINT64_C(0x00007ABCDE654321)

enum { LAST = 3 };

static struct path
new_long(uint32_t flags)
{
    return new_path(PW_FOUR_LEVEL, flags, VA, UINT64_C(0x1234567000));
}

static struct path
new_long_large(uint32_t flags, unsigned leaf, uint64_t pa)
{
    return new_path_to(PW_FOUR_LEVEL, flags, VA, leaf, pa);
}

/* ---- Finding the leaf --------------------------------------------------- */

Test(hidden, four_indexes_are_9_bits_each)
{
    static const uint64_t at[] = {0,
                                  UINT64_C(0x00007FFFFFFFFFFF),
                                  UINT64_C(0xFFFF800000000000),
                                  UINT64_C(0xFFFFFFFFFFFFFFFF),
                                  UINT64_C(0x0000123456789ABC),
                                  UINT64_C(0xFFFFEDCBA9876543)};
    for (unsigned i = 0; i < 6; i++) {
        const uint64_t pa = UINT64_C(0xFEDCBA9000) + i * 4096u;
        const struct path p = new_path(PW_FOUR_LEVEL, 0, at[i], pa);
        check_context("address 0x%016llx", (unsigned long long)at[i]);
        check_walk(&p, PW_READ, PW_OK);
        check_eq(p.r->pa, pa | (at[i] & 0xFFF));
        check_eq(p.r->entry_pa, p.at[LAST]);
        check_eq(p.r->reads, 4);
        end_path(&p);
    }
}

Test(hidden, long_tables_may_lie_above_4_gib)
{
    struct mach *const mach = test_machine(UINT64_C(5) << 18); /* 5 GiB */
    struct space *const space = new_space(mach, PW_FOUR_LEVEL, 0);
    struct pw_result *const r = new_result();
    const uint64_t table = UINT64_C(0x123456000); /* and again for each level */
    const uint64_t top = entry_at(PW_FOUR_LEVEL, 0, pw_root(space), VA);
    poke_entry(mach, PW_FOUR_LEVEL, top, table | OPEN);
    for (unsigned l = 1; l < LAST; l++)
        poke_entry(mach, PW_FOUR_LEVEL, entry_at(PW_FOUR_LEVEL, l, table, VA),
                   table | OPEN);
    poke_entry(mach, PW_FOUR_LEVEL, entry_at(PW_FOUR_LEVEL, LAST, table, VA),
               UINT64_C(0xFF00007000) | OPEN);
    check_pa(space, VA, PW_WRITE | PW_USER, r, UINT64_C(0xFF00007321));
    poke_entry(mach, PW_FOUR_LEVEL, top, 0);
    check_status(pw_destroy(space), PW_OK);
}

Test(hidden, software_bits_of_a_long_entry_mean_nothing)
{
    const struct path p = new_long(PW_NXE);
    for (unsigned l = 0; l <= LAST; l++)
        set_bits(&p, l, OPEN | UINT64_C(0x7FF) << 52 | 0xF18);
    check_walk(&p, PW_EXECUTE | PW_USER, PW_OK);
    check_eq(p.r->pa, UINT64_C(0x1234567321));
    check_eq(p.r->no_execute, 0);
    end_path(&p);
}

Test(hidden, page_of_2_mib_has_an_offset_of_21_bits)
{
    const struct path p = new_long_large(0, 2, UINT64_C(0xAB12200000));
    check_walk(&p, PW_WRITE, PW_OK);
    check_eq(p.r->pa, UINT64_C(0xAB12200000) + (VA & 0x1FFFFF));
    check_eq(p.r->page_bytes, 2 << 20);
    check_eq(p.r->entry_pa, p.at[2]);
    check_eq(p.r->reads, 3);
    check_eq(get_bits(&p, 2), OPEN | PW_PS | PW_A | PW_D);
    end_path(&p);
}

Test(hidden, page_of_1_gib_has_an_offset_of_30_bits)
{
    const struct path p = new_long_large(0, 1, UINT64_C(0xAB40000000));
    check_walk(&p, PW_READ, PW_OK);
    check_eq(p.r->pa, UINT64_C(0xAB40000000) + (VA & 0x3FFFFFFF));
    check_eq(p.r->page_bytes, 1 << 30);
    check_eq(p.r->entry_pa, p.at[1]);
    check_eq(p.r->reads, 2);
    end_path(&p);
}

Test(hidden, ps_in_a_long_page_table_is_no_size)
{
    const struct path p = new_long(0);
    set_bits(&p, LAST, OPEN | PW_PS);
    check_walk(&p, PW_READ, PW_OK);
    check_eq(p.r->page_bytes, 4096);
    check_eq(p.r->pa, UINT64_C(0x1234567321));
    end_path(&p);
}

/* ---- Canonical addresses ------------------------------------------------ */

static const uint64_t crooked[] = {
    UINT64_C(0x0000800000000000), UINT64_C(0xFFFF7FFFFFFFFFFF),
    UINT64_C(0x00017ABCDE654321), UINT64_C(0x80007ABCDE654321),
    UINT64_C(0xFFFE800000000000), UINT64_C(0x7FFFFFFFFFFFFFFF)};

Test(hidden, crooked_address_is_general_protection)
{
    const struct path p = new_long(0);
    struct pw_result *const untouched = new_result();
    for (unsigned i = 0; i < 6; i++) {
        check_context("address 0x%016llx", (unsigned long long)crooked[i]);
        memset(p.r, 0xA5, sizeof *p.r);
        check_status(pw_walk(p.space, crooked[i], PW_WRITE | PW_USER, p.r),
                     PW_NOT_CANONICAL);
        check_fault(p.r, FAULT_GP, 0, 0);
        check_status(pw_walk(p.space, crooked[i], PW_EXECUTE, p.r),
                     PW_NOT_CANONICAL);
        check_fault(p.r, FAULT_GP, 0, 0);
        check_bytes(p.r, untouched, offsetof(struct pw_result, fault));
    }
    end_path(&p);
}

Test(hidden, crooked_address_through_the_stack_is_a_stack_fault)
{
    const struct path p = new_long(0);
    for (unsigned i = 0; i < 6; i++) {
        check_status(pw_walk(p.space, crooked[i], PW_READ | PW_STACK, p.r),
                     PW_NOT_CANONICAL);
        check_fault(p.r, FAULT_SS, 0, 0);
    }
    set_bits(&p, LAST, 0); /* but a page fault is a page fault */
    check_walk(&p, PW_READ | PW_STACK, PW_NOT_PRESENT);
    check_fault(p.r, FAULT_PF, 0, VA);
    end_path(&p);
}

Test(hidden, crooked_address_is_not_looked_up)
{
    const struct path p = new_long(0);
    const uint64_t reads = mach_counts(p.mach).reads;
    check_status(pw_walk(p.space, VA | UINT64_C(1) << 63, PW_READ, p.r),
                 PW_NOT_CANONICAL);
    struct pw_leaf *const leaf = arena_object(struct pw_leaf);
    check_status(pw_entry(p.space, VA | UINT64_C(1) << 63, leaf),
                 PW_NOT_CANONICAL);
    check_eq(mach_counts(p.mach).reads, reads);
    end_path(&p);
}

/* ---- Rights ------------------------------------------------------------- */

Test(hidden, long_rights_are_needed_at_every_level)
{
    const struct path p = new_long(PW_WP);
    for (unsigned l = 0; l <= LAST; l++) {
        check_context("level %u", l);
        set_bits(&p, l, PW_P | PW_W);
        check_walk(&p, PW_READ | PW_USER, PW_RIGHTS);
        check_fault(p.r, FAULT_PF, 5, VA);
        check_walk(&p, PW_WRITE, PW_OK);
        check_eq(p.r->user, 0);
        set_bits(&p, l, PW_P | PW_U);
        check_walk(&p, PW_WRITE | PW_USER, PW_RIGHTS);
        check_walk(&p, PW_WRITE, PW_RIGHTS);
        check_walk(&p, PW_READ | PW_USER, PW_OK);
        check_eq(p.r->writable, 0);
        set_bits(&p, l, PW_W | PW_U);
        check_walk(&p, PW_READ, PW_NOT_PRESENT);
        check_fault(p.r, FAULT_PF, 0, VA);
        set_bits(&p, l, OPEN);
    }
    end_path(&p);
}

Test(hidden, nx_at_any_level_forbids_fetching)
{
    const struct path p = new_long(PW_NXE);
    for (unsigned l = 0; l <= LAST; l++) {
        check_context("level %u", l);
        set_bits(&p, l, OPEN | PW_NX);
        check_walk(&p, PW_EXECUTE | PW_USER, PW_RIGHTS);
        check_fault(p.r, FAULT_PF, 0x15, VA);
        check_walk(&p, PW_EXECUTE, PW_RIGHTS);
        check_fault(p.r, FAULT_PF, 0x11, VA);
        check_walk(&p, PW_WRITE | PW_USER, PW_OK);
        check_eq(p.r->no_execute, 1);
        check_eq(p.r->pa, UINT64_C(0x1234567321));
        set_bits(&p, l, OPEN);
    }
    check_walk(&p, PW_EXECUTE | PW_USER, PW_OK);
    check_eq(p.r->no_execute, 0);
    end_path(&p);
}

Test(hidden, nx_of_a_large_page_forbids_fetching)
{
    for (unsigned leaf = 1; leaf <= 2; leaf++) {
        const struct path p = new_long_large(PW_NXE, leaf, 0x40000000);
        set_bits(&p, leaf, OPEN | PW_PS | PW_NX);
        check_walk(&p, PW_EXECUTE, PW_RIGHTS);
        check_walk(&p, PW_READ, PW_OK);
        check_eq(p.r->no_execute, 1);
        check_eq(p.r->pa, 0x40000000 + (VA & (p.r->page_bytes - 1)));
        end_path(&p);
    }
}

Test(hidden, nx_is_reserved_without_nxe)
{
    const struct path p = new_long(0);
    for (unsigned l = 0; l <= LAST; l++) {
        check_context("level %u", l);
        set_bits(&p, l, OPEN | PW_NX);
        check_walk(&p, PW_READ, PW_RESERVED);
        check_fault(p.r, FAULT_PF, 9, VA);
        check_walk(&p, PW_EXECUTE | PW_USER, PW_RESERVED);
        check_fault(p.r, FAULT_PF, 0x0D, VA); /* no I: NX is not enabled */
        set_bits(&p, l, OPEN);
    }
    end_path(&p);
}

Test(hidden, fetch_is_told_with_nxe_alone)
{
    for (uint32_t flags = 0; flags <= PW_NXE; flags += PW_NXE) {
        const struct path p = new_long(flags);
        set_bits(&p, LAST, 0);
        check_walk(&p, PW_EXECUTE | PW_USER, PW_NOT_PRESENT);
        check_eq(p.r->fault.error_code, flags == 0 ? 4 : 0x14);
        check_walk(&p, PW_WRITE, PW_NOT_PRESENT);
        check_eq(p.r->fault.error_code, 2);
        end_path(&p);
    }
}

/* ---- Reserved bits ------------------------------------------------------ */

Test(hidden, address_bits_above_40_are_reserved)
{
    const struct path p = new_long(PW_NXE);
    for (unsigned l = 0; l <= LAST; l++) {
        for (unsigned bit = 40; bit < 52; bit++) {
            check_context("level %u, bit %u", l, bit);
            set_bits(&p, l, OPEN | UINT64_C(1) << bit);
            check_walk(&p, PW_WRITE | PW_USER, PW_RESERVED);
            check_fault(p.r, FAULT_PF, 0x0F, VA);
        }
        set_bits(&p, l, OPEN);
    }
    end_path(&p);
}

Test(hidden, ps_in_the_root_is_reserved)
{
    const struct path p = new_long(0);
    set_bits(&p, 0, OPEN | PW_PS);
    check_walk(&p, PW_READ, PW_RESERVED);
    check_fault(p.r, FAULT_PF, 9, VA);
    end_path(&p);
}

Test(hidden, bits_below_a_large_pages_address_are_reserved)
{
    for (unsigned leaf = 1; leaf <= 2; leaf++) {
        const struct path p = new_long_large(0, leaf, 0x40000000);
        for (unsigned bit = 12; bit < (leaf == 1 ? 30 : 21); bit++) {
            check_context("level %u, bit %u", leaf, bit);
            set_bits(&p, leaf, OPEN | PW_PS | UINT64_C(1) << bit);
            check_walk(&p, PW_READ, bit == 12 ? PW_OK : PW_RESERVED);
            if (bit == 12)
                check_eq(p.r->pa, 0x40000000 + (VA & (p.r->page_bytes - 1)));
        }
        end_path(&p);
    }
}

Test(hidden, first_entry_that_is_wrong_decides)
{
    const struct path p = new_long(0);
    set_bits(&p, 1, OPEN | UINT64_C(1) << 45);
    set_bits(&p, 2, 0);
    check_walk(&p, PW_READ, PW_RESERVED);
    const uint64_t reads = mach_counts(p.mach).reads;
    check_walk(&p, PW_READ, PW_RESERVED);
    check_eq(mach_counts(p.mach).reads - reads, 2);
    set_bits(&p, 0, 0);
    check_walk(&p, PW_READ, PW_NOT_PRESENT);
    set_bits(&p, 0, OPEN);
    set_bits(&p, 1, UINT64_C(1) << 45); /* absent: nothing is reserved */
    check_walk(&p, PW_READ, PW_NOT_PRESENT);
    check_fault(p.r, FAULT_PF, 0, VA);
    end_path(&p);
}

Test(hidden, reserved_bit_counts_before_rights)
{
    const struct path p = new_long(PW_WP);
    set_bits(&p, 0, PW_P);
    set_bits(&p, LAST, PW_P | UINT64_C(1) << 50);
    check_walk(&p, PW_WRITE | PW_USER, PW_RESERVED);
    check_fault(p.r, FAULT_PF, 0x0F, VA);
    check_eq(get_bits(&p, LAST), PW_P | UINT64_C(1) << 50);
    end_path(&p);
}

/* ---- What a walk leaves ------------------------------------------------- */

Test(hidden, four_entries_are_read_once_and_marked)
{
    const struct path p = new_long(0);
    struct mach_counts before = mach_counts(p.mach);
    check_walk(&p, PW_WRITE, PW_OK);
    check_eq(mach_counts(p.mach).reads - before.reads, 4);
    for (unsigned l = 0; l < LAST; l++)
        check_eq(get_bits(&p, l), OPEN | PW_A);
    check_eq(get_bits(&p, LAST), OPEN | PW_A | PW_D);
    before = mach_counts(p.mach);
    check_walk(&p, PW_WRITE, PW_OK);
    check_eq(mach_counts(p.mach).reads - before.reads, 4);
    check_eq(mach_counts(p.mach).writes - before.writes, 0);
    end_path(&p);
}

Test(hidden, marks_keep_the_upper_half_of_an_entry)
{
    const struct path p = new_long(PW_NXE);
    for (unsigned l = 0; l <= LAST; l++)
        set_bits(&p, l, OPEN | PW_NX | UINT64_C(0x5A5) << 52);
    check_walk(&p, PW_WRITE, PW_OK);
    for (unsigned l = 0; l <= LAST; l++)
        check_eq(get_bits(&p, l), OPEN | PW_NX | UINT64_C(0x5A5) << 52 | PW_A |
                                      (l == LAST ? PW_D : 0));
    check_eq(p.r->entry, UINT64_C(0x1234567000) | get_bits(&p, LAST));
    end_path(&p);
}

/* ---- Changing tables ---------------------------------------------------- */

Test(hidden, long_page_needs_three_tables)
{
    struct mach *const mach = test_machine(64);
    litter(mach);
    struct space *const space = new_space(mach, PW_FOUR_LEVEL, PW_NXE);
    check_eq(pw_table_bytes(space), 4096);
    check_status(pw_map(space, VA & ~UINT64_C(0xFFF), UINT64_C(0xAB00005000),
                        4096, PW_W | PW_NX | PW_G),
                 PW_OK);
    check_eq(pw_table_bytes(space), 4 * 4096);
    check_frames_used(mach, 4);
    const struct sight s = look(mach, space, PW_FOUR_LEVEL, 0, VA);
    check_eq(s.level, LAST);
    for (unsigned l = 0; l < LAST; l++) {
        check_eq(s.entry[l] & ~UINT64_C(0xFFFFFFF000), OPEN);
        /* The rest of each table is empty. */
        check_eq(peek_entry(mach, PW_FOUR_LEVEL, s.at[l] ^ 8), 0);
    }
    check_eq(s.entry[LAST],
             UINT64_C(0xAB00005000) | PW_P | PW_W | PW_NX | PW_G);
    check_end(mach, space, 0);
}

Test(hidden, long_failure_leaves_everything_as_it_was)
{
    struct mach *const mach = test_machine(64);
    struct space *const space = new_space(mach, PW_FOUR_LEVEL, 0);
    /* The last page below a new table at every level, and the first in it. */
    const uint64_t va = UINT64_C(0x8000000000) - 4096;
    for (unsigned round = 0; round < 2; round++) {
        for (uint64_t k = 1; k <= (round == 0 ? 6u : 3u); k++) {
            check_context("round %u, allocation %u fails", round, (unsigned)k);
            frame_fail_at(mach, k);
            check_refused(mach, space, pw_map(space, va, 0, 8192, PW_W),
                          PW_NO_MEMORY);
        }
        frame_fail_at(mach, 0);
        if (round == 0)
            check_status(pw_map(space, va - 4096, 0, 4096, PW_W), PW_OK);
    }
    check_status(pw_map(space, va, 0, 8192, PW_W), PW_OK);
    check_frames_used(mach, 7);
    check_end(mach, space, 0);
}

Test(hidden, long_tables_go_with_their_last_page)
{
    struct mach *const mach = test_machine(64);
    struct space *const space = new_space(mach, PW_FOUR_LEVEL, 0);
    const uint64_t va = UINT64_C(0x7F0000000000);
    check_status(pw_map(space, va, 0, 4096, 0), PW_OK);
    check_status(pw_map(space, va + (UINT64_C(1) << 21), 0, 4096, 0), PW_OK);
    check_status(pw_map(space, va + (UINT64_C(1) << 30), 0, 4096, 0), PW_OK);
    check_frames_used(mach, 7);
    check_status(pw_unmap(space, va, 4096), PW_OK);
    check_frames_used(mach, 6);
    check_status(pw_unmap(space, va + (UINT64_C(1) << 30), 4096), PW_OK);
    check_frames_used(mach, 4);
    check_status(pw_unmap(space, va + (UINT64_C(1) << 21), 4096), PW_OK);
    check_frames_used(mach, 1);
    check_eq(look(mach, space, PW_FOUR_LEVEL, 0, va).entry[0], 0);
    check_end(mach, space, 0);
}

Test(hidden, pages_of_2_mib_and_1_gib_are_mapped)
{
    const uint64_t mib = UINT64_C(1) << 20, gib = UINT64_C(1) << 30;
    struct mach *const mach = test_machine(64);
    struct space *const space = new_space(mach, PW_FOUR_LEVEL, PW_NXE);
    struct pw_leaf *const leaf = arena_object(struct pw_leaf);
    check_status(pw_map(space, 2 * mib, 6 * mib, 4 * mib, PW_PS | PW_W), PW_OK);
    check_frames_used(mach, 3);
    check_status(pw_map(space, gib, 9 * gib, gib, PW_HUGE | PW_NX), PW_OK);
    check_frames_used(mach, 3);
    check_status(pw_entry(space, 5 * mib, leaf), PW_OK);
    check_eq(leaf->va, 4 * mib);
    check_eq(leaf->page_bytes, 2 * mib);
    check_eq(leaf->entry, 8 * mib | PW_PS | PW_W | PW_P);
    check_status(pw_entry(space, 2 * gib - 1, leaf), PW_OK);
    check_eq(leaf->va, gib);
    check_eq(leaf->page_bytes, gib);
    check_eq(leaf->entry, 9 * gib | PW_PS | PW_NX | PW_P);
    check_end(mach, space, 0);
}

Test(hidden, long_pages_of_different_sizes_conflict)
{
    const uint64_t mib = UINT64_C(1) << 20, gib = UINT64_C(1) << 30;
    struct mach *const mach = test_machine(64);
    struct space *const space = new_space(mach, PW_FOUR_LEVEL, 0);
    check_status(pw_map(space, gib, 0, gib, PW_HUGE), PW_OK);
    check_status(pw_map(space, 2 * mib, 0, 2 * mib, PW_PS), PW_OK);
    check_refused(mach, space, pw_map(space, gib, 0, 4096, 0), PW_CONFLICT);
    check_refused(mach, space, pw_map(space, gib, 0, 2 * mib, PW_PS),
                  PW_CONFLICT);
    check_refused(mach, space, pw_map(space, gib, 0, gib, PW_HUGE), PW_EXISTS);
    check_refused(mach, space, pw_map(space, 0, 0, gib, PW_HUGE), PW_CONFLICT);
    check_refused(mach, space, pw_map(space, 3 * mib, 0, 4096, 0), PW_CONFLICT);
    check_refused(mach, space, pw_unmap(space, gib, gib - 4096), PW_CONFLICT);
    check_refused(mach, space, pw_unmap(space, 3 * mib, mib), PW_CONFLICT);
    check_refused(mach, space, pw_map(space, 0, 0, gib, PW_HUGE | PW_PS),
                  PW_BAD_ARGUMENT);
    check_refused(mach, space, pw_map(space, 4 * mib, mib, 2 * mib, PW_PS),
                  PW_BAD_ARGUMENT);
    check_refused(mach, space, pw_map(space, 4 * mib, 0, 2 * mib, PW_HUGE),
                  PW_BAD_ARGUMENT);
    check_status(pw_unmap(space, gib, gib), PW_OK);
    check_status(pw_unmap(space, 2 * mib, 2 * mib), PW_OK);
    check_frames_used(mach, 1);
    check_end(mach, space, 0);
}

Test(hidden, long_range_stays_in_its_half)
{
    struct mach *const mach = test_machine(64);
    struct space *const space = new_space(mach, PW_FOUR_LEVEL, 0);
    static const struct {
        uint64_t va, pa, bytes;
    } wrong[] = {{UINT64_C(0x00007FFFFFFFF000), 0, 4097},
                 {UINT64_C(0x0000800000000000), 0, 4096},
                 {UINT64_C(0xFFFF7FFFFFFFF000), 0, 4096},
                 {UINT64_C(0xFFFFFFFFFFFFF000), 0, 4097},
                 {0, UINT64_C(0xFFFFFFF000), 4097},
                 {0, UINT64_C(0x10000000000), 4096},
                 {0, 0, UINT64_MAX}};
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        check_context("va 0x%llx, pa 0x%llx", (unsigned long long)wrong[i].va,
                      (unsigned long long)wrong[i].pa);
        check_refused(
            mach, space,
            pw_map(space, wrong[i].va, wrong[i].pa, wrong[i].bytes, 0),
            PW_BAD_ARGUMENT);
    }
    check_status(pw_map(space, UINT64_C(0xFFFFFFFFFFFFE000),
                        UINT64_C(0xFFFFFFE000), 8192, 0),
                 PW_OK);
    check_status(pw_map(space, UINT64_C(0x00007FFFFFFFE000), 0, 8192, 0),
                 PW_OK);
    check_status(pw_unmap(space, UINT64_C(0xFFFFFFFFFFFFE000), 8192), PW_OK);
    check_frames_used(mach, 4);
    check_end(mach, space, 0);
}

Test(hidden, nx_is_a_right_with_nxe_alone)
{
    struct mach *const mach = test_machine(64);
    struct space *const with = new_space(mach, PW_FOUR_LEVEL, PW_NXE);
    struct space *const without = new_space(mach, PW_FOUR_LEVEL, 0);
    check_status(pw_map(with, 0x1000, 0x5000, 4096, PW_NX | PW_U), PW_OK);
    check_status(pw_protect(with, 0x1000, 4096, PW_W), PW_OK);
    check_eq(leaf_of(mach, with, PW_FOUR_LEVEL, 0x1000), 0x5000 | PW_P | PW_W);
    check_status(pw_protect(with, 0x1000, 4096, PW_NX), PW_OK);
    check_eq(leaf_of(mach, with, PW_FOUR_LEVEL, 0x1000), 0x5000 | PW_P | PW_NX);
    check_status(pw_map(without, 0x1000, 0x5000, 4096, PW_NX), PW_BAD_ARGUMENT);
    check_status(pw_map(without, 0x1000, 0x5000, 4096, PW_U), PW_OK);
    check_status(pw_protect(without, 0x1000, 4096, PW_NX), PW_BAD_ARGUMENT);
    check_eq(leaf_of(mach, without, PW_FOUR_LEVEL, 0x1000),
             0x5000 | PW_P | PW_U);
    check(pw_create(mach, PW_FOUR_LEVEL, PW_PSE) == NULL, "PSE is no setting");
    check_eq(errno, EINVAL);
    check_status(pw_destroy(without), PW_OK);
    check_end(mach, with, 0);
}

Test(hidden, next_passes_over_the_hole_between_the_halves)
{
    struct mach *const mach = test_machine(64);
    struct space *const space = new_space(mach, PW_FOUR_LEVEL, 0);
    struct pw_leaf *const leaf = arena_object(struct pw_leaf);
    const uint64_t top = UINT64_C(0xFFFFFFFFFFFFF000);
    check_status(pw_next(space, 0, leaf), PW_NOT_MAPPED);
    check_status(pw_map(space, UINT64_C(0x00007FFFFFFFF000), 0, 4096, 0),
                 PW_OK);
    check_status(pw_next(space, UINT64_C(0x0000800000000000), leaf),
                 PW_NOT_MAPPED);
    check_status(pw_map(space, top, 0x9000, 4096, 0), PW_OK);
    check_status(pw_next(space, 0, leaf), PW_OK);
    check_eq(leaf->va, UINT64_C(0x00007FFFFFFFF000));
    check_status(pw_next(space, UINT64_C(0x0000800000000000), leaf), PW_OK);
    check_eq(leaf->va, top);
    check_status(pw_next(space, UINT64_C(0x1234567812345678), leaf), PW_OK);
    check_eq(leaf->va, top);
    check_eq(leaf->entry, 0x9001);
    check_status(pw_next(space, UINT64_MAX, leaf), PW_OK);
    check_eq(leaf->va, top);
    check_end(mach, space, 0);
}
