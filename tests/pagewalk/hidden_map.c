/* hidden_map.c - making, changing and freeing the tables that must be. */
#include "pw_help.h"

/* A space in a machine whose free frames hold litter, which shows a table that
 * was not cleared. */
static struct space *
littered(enum pw_format format, struct mach **mach)
{
    *mach = test_machine(format == PW_FLAT ? 1100 : 256);
    litter(*mach);
    return new_space(*mach, format, 0);
}

/* ---- Mapping ------------------------------------------------------------ */

Test(hidden, leaf_is_address_rights_and_present)
{
    static const uint64_t rights[] = {0,
                                      PW_W,
                                      PW_U,
                                      PW_G,
                                      PW_COW,
                                      PW_SHARED,
                                      PW_W | PW_U | PW_G | PW_COW | PW_SHARED};
    for
        EACH_FORMAT(i)
        {
            struct mach *mach;
            const enum pw_format format = must_formats[i];
            struct space *const space = littered(format, &mach);
            for (unsigned k = 0; k < 7; k++) {
                const uint64_t va = 0x00402000 + k * 0x1000u;
                check_context("%s, rights 0x%llx", format_name(format),
                              (unsigned long long)rights[k]);
                check_status(pw_map(space, va, 0x9000, 4096, rights[k]), PW_OK);
                check_eq(leaf_of(mach, space, format, va), 0x9001 | rights[k]);
            }
            check_end(mach, space, 0);
        }
}

Test(hidden, entry_of_a_table_is_open_to_all)
{
    for (unsigned i = 0; i < 3; i += 2) {
        struct mach *mach;
        struct space *const space = littered(must_formats[i], &mach);
        check_status(pw_map(space, 0x00402000, 0x9000, 4096, 0), PW_OK);
        const struct sight s =
            look(mach, space, must_formats[i], 0, 0x00402000);
        check_context("%s", format_name(must_formats[i]));
        check_eq(s.entry[0] & 0xFFF, OPEN);
        check(frame_in_use(mach, s.entry[0] >> 12),
              "the table's frame is free");
        check_end(mach, space, 0);
    }
}

Test(hidden, new_table_is_empty_whoever_had_the_frames)
{
    for (unsigned i = 0; i < 3; i += 2) {
        struct mach *mach;
        const enum pw_format format = must_formats[i];
        struct space *const space = littered(format, &mach);
        check_status(pw_map(space, 0x05003000, 0x9000, 4096, 0), PW_OK);
        const uint64_t table = leaf_at(mach, space, format, 0x05000000);
        for (uint64_t e = 0; e < UINT64_C(1) << shapes[format].bits[1]; e++)
            if (e != 3)
                check_eq(peek_entry(mach, format, table + e * 4), 0);
        check_end(mach, space, 0);
    }
}

Test(hidden, mapped_range_may_span_tables)
{
    static const uint64_t start[] = {0x003FE000, 0x7FFFE000, 0x00FFE000};
    for
        EACH_FORMAT(i)
        {
            struct mach *mach;
            const enum pw_format format = must_formats[i];
            struct space *const space = littered(format, &mach);
            check_context("%s", format_name(format));
            check_status(pw_map(space, start[i], 0x20000, 4 * 4096, PW_W),
                         PW_OK);
            for (unsigned k = 0; k < 4; k++)
                check_eq(leaf_of(mach, space, format, start[i] + k * 0x1000),
                         0x20003 + k * 0x1000);
            check_eq(leaf_of(mach, space, format, start[i] - 0x1000), 0);
            check_eq(leaf_of(mach, space, format, start[i] + 0x4000), 0);
            check_end(mach, space, 0);
        }
}

/* The entry that leads to the table has been used: its A stays. */
Test(hidden, mapping_into_a_table_changes_nothing_else)
{
    for
        EACH_FORMAT(i)
        {
            struct mach *mach;
            const enum pw_format format = must_formats[i];
            struct space *const space = littered(format, &mach);
            struct pw_result *const r = new_result();
            check_context("%s", format_name(format));
            check_status(pw_map(space, 0x00803000, 0x9000, 4096, PW_W), PW_OK);
            check_status(pw_walk(space, 0x00803000, PW_WRITE, r), PW_OK);
            const struct sight before =
                look(mach, space, format, 0, 0x00803000);
            check_status(pw_map(space, 0x00804000, 0xA000, 8192, PW_U), PW_OK);
            check_status(pw_unmap(space, 0x00805000, 4096), PW_OK);
            const struct sight after = look(mach, space, format, 0, 0x00803000);
            for (unsigned l = 0; l <= before.level; l++)
                check_eq(after.entry[l], before.entry[l]);
            check_end(mach, space, 0);
        }
}

Test(hidden, page_of_the_last_byte_is_mapped_whole)
{
    static const struct {
        uint64_t bytes, pages;
    } cases[] = {{1, 1},    {4095, 1},  {4096, 1},
                 {4097, 2}, {12288, 3}, {12289, 4}};
    struct mach *const mach = test_machine(16);
    struct space *const space = new_space(mach, PW_TWO_LEVEL, 0);
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_context("%u bytes", (unsigned)cases[i].bytes);
        check_status(pw_map(space, 0x10000, 0x20000, cases[i].bytes, 0), PW_OK);
        for (unsigned k = 0; k < 5; k++)
            check_eq(leaf_of(mach, space, PW_TWO_LEVEL, 0x10000 + k * 0x1000),
                     k < cases[i].pages ? 0x20001 + k * 0x1000 : 0);
        check_status(pw_unmap(space, 0x10000, cases[i].bytes), PW_OK);
        check_eq(pw_table_bytes(space), 4096);
    }
    check_end(mach, space, 0);
}

Test(hidden, no_table_is_made_that_is_not_needed)
{
    struct mach *const mach = test_machine(64);
    struct space *const space = new_space(mach, PW_TWO_LEVEL, 0);
    check_status(pw_map(space, 0x00400000, 0x9000, 4096, 0), PW_OK);
    check_frames_used(mach, 2);
    check_status(pw_map(space, 0x007FF000, 0x9000, 4096, 0), PW_OK);
    check_frames_used(mach, 2);
    check_status(pw_map(space, 0x007FE000, 0x9000, 4096, 0), PW_OK);
    check_frames_used(mach, 2);
    check_status(pw_map(space, 0x00BFF000, 0x9000, 8192, 0), PW_OK);
    check_frames_used(mach, 4);
    check_eq(pw_table_bytes(space), 4 * 4096);
    check_end(mach, space, 0);
}

Test(hidden, first_and_last_page_of_memory_can_be_mapped)
{
    for
        EACH_FORMAT(i)
        {
            struct mach *mach;
            const enum pw_format format = must_formats[i];
            struct space *const space = littered(format, &mach);
            struct pw_result *const r = new_result();
            check_context("%s", format_name(format));
            check_status(pw_map(space, 0xFFFFE000, 0xFFFFE000, 8192, PW_W),
                         PW_OK);
            check_status(pw_map(space, 0, 0, 4096, PW_W), PW_OK);
            check_pa(space, 0xFFFFFFFF, PW_READ, r, 0xFFFFFFFF);
            check_pa(space, 0xFFFFE000, PW_READ, r, 0xFFFFE000);
            check_pa(space, 0, PW_READ, r, 0);
            check_status(pw_unmap(space, 0xFFFFE000, 8192), PW_OK);
            check_eq(leaf_of(mach, space, format, 0xFFFFF000), 0);
            check_end(mach, space, 0);
        }
}

Test(hidden, page_need_not_be_a_frame_of_the_machine)
{
    struct mach *const mach = test_machine(4);
    struct space *const space = new_space(mach, PW_TWO_LEVEL, 0);
    struct pw_result *const r = new_result();
    check_status(pw_map(space, 0x1000, 0xFEC00000, 4096, PW_W), PW_OK);
    check_pa(space, 0x1010, PW_WRITE, r, 0xFEC00010);
    check_status(pw_unmap(space, 0x1000, 4096), PW_OK);
    check_end(mach, space, 0);
}

Test(hidden, one_frame_may_be_mapped_twice)
{
    struct mach *const mach = test_machine(16);
    struct space *const space = new_space(mach, PW_TWO_LEVEL, 0);
    struct pw_result *const r = new_result();
    check_status(pw_map(space, 0x1000, 0x5000, 4096, PW_W), PW_OK);
    check_status(pw_map(space, 0xC0000000, 0x5000, 4096, 0), PW_OK);
    check_pa(space, 0x1004, PW_READ, r, 0x5004);
    check_pa(space, 0xC0000008, PW_READ, r, 0x5008);
    check_end(mach, space, 0);
}

Test(hidden, page_in_use_cannot_be_mapped)
{
    for
        EACH_FORMAT(i)
        {
            struct mach *mach;
            struct space *const space = littered(must_formats[i], &mach);
            check_status(pw_map(space, 0x00803000, 0x9000, 4096, PW_W), PW_OK);
            check_context("%s", format_name(must_formats[i]));
            check_refused(mach, space,
                          pw_map(space, 0x00803000, 0x9000, 4096, PW_W),
                          PW_EXISTS);
            check_refused(mach, space,
                          pw_map(space, 0x00803000, 0x5000, 8192, 0),
                          PW_EXISTS);
            check_end(mach, space, 0);
        }
}

Test(hidden, page_in_use_at_the_end_refuses_the_whole_range)
{
    struct mach *mach;
    struct space *const space = littered(PW_TWO_LEVEL, &mach);
    check_status(pw_map(space, 0x00803000, 0x9000, 4096, PW_W), PW_OK);
    check_refused(mach, space, pw_map(space, 0x003FF000, 0, 0x405000, 0),
                  PW_EXISTS);
    check_refused(mach, space, pw_map(space, 0x00800000, 0, 0x4000, 0),
                  PW_EXISTS);
    check_end(mach, space, 0);
}

Test(hidden, swapped_page_cannot_be_mapped)
{
    struct mach *mach;
    struct space *const space = littered(PW_TWO_LEVEL, &mach);
    check_status(pw_map(space, 0x00803000, 0x9000, 8192, PW_W), PW_OK);
    poke_entry(mach, PW_TWO_LEVEL,
               leaf_at(mach, space, PW_TWO_LEVEL, 0x00803000), PW_SWAPPED);
    check_refused(mach, space, pw_map(space, 0x00803000, 0x9000, 4096, 0),
                  PW_EXISTS);
    check_end(mach, space, 0);
}

Test(hidden, page_in_use_counts_before_missing_frames)
{
    struct mach *const mach = test_machine(16);
    struct space *const space = new_space(mach, PW_TWO_LEVEL, 0);
    check_status(pw_map(space, 0x00803000, 0x9000, 4096, 0), PW_OK);
    frame_fail_at(mach, 1);
    check_refused(mach, space, pw_map(space, 0x003FF000, 0, 0x405000, 0),
                  PW_EXISTS);
    frame_fail_at(mach, 0);
    check_end(mach, space, 0);
}

Test(hidden, failed_table_leaves_everything_as_it_was)
{
    for (unsigned i = 0; i < 3; i += 2) {
        struct mach *mach;
        const enum pw_format format = must_formats[i];
        struct space *const space = littered(format, &mach);
        const uint64_t va = 0x08000000 - 2 * 4096; /* two tables */
        for (uint64_t k = 1; k <= 2; k++) {
            check_context("%s, allocation %u fails", format_name(format),
                          (unsigned)k);
            frame_fail_at(mach, k);
            check_refused(mach, space, pw_map(space, va, 0, 4 * 4096, PW_W),
                          PW_NO_MEMORY);
        }
        frame_fail_at(mach, 0);
        check_status(pw_map(space, va, 0, 4 * 4096, PW_W), PW_OK);
        check_end(mach, space, 0);
    }
}

Test(hidden, failed_table_leaves_pages_beside_it)
{
    for (unsigned i = 0; i < 3; i += 2) {
        struct mach *mach;
        const enum pw_format format = must_formats[i];
        struct space *const space = littered(format, &mach);
        const uint64_t va = 0x08000000 - 2 * 4096;
        check_context("%s", format_name(format));
        check_status(pw_map(space, va - 4096, 0x5000, 4096, PW_U), PW_OK);
        frame_fail_at(mach, 1);
        check_refused(mach, space, pw_map(space, va, 0, 4 * 4096, PW_W),
                      PW_NO_MEMORY);
        check_eq(leaf_of(mach, space, format, va - 4096), 0x5005);
        check_eq(leaf_of(mach, space, format, va), 0);
        check_end(mach, space, 0);
    }
}

Test(hidden, full_memory_leaves_everything_as_it_was)
{
    struct mach *const mach = test_machine(3);
    struct space *const space = new_space(mach, PW_TWO_LEVEL, 0);
    check_status(pw_map(space, 0, 0x9000, 4096, PW_W), PW_OK);
    check_refused(mach, space, pw_map(space, 0x007FF000, 0, 8192, PW_W),
                  PW_NO_MEMORY);
    check_status(pw_map(space, 0x007FF000, 0, 4096, PW_W), PW_OK);
    check_refused(mach, space, pw_map(space, 0x00C00000, 0, 1, 0),
                  PW_NO_MEMORY);
    check_eq(pw_table_bytes(space), 3 * 4096);
    check_end(mach, space, 0);
}

Test(hidden, map_refuses_what_is_not_whole_pages)
{
    struct mach *const mach = test_machine(16);
    struct space *const space = new_space(mach, PW_TWO_LEVEL, 0);
    check_refused(mach, space, pw_map(space, 0x1001, 0x1000, 4096, 0),
                  PW_BAD_ARGUMENT);
    check_refused(mach, space, pw_map(space, 0x1800, 0x1000, 4096, 0),
                  PW_BAD_ARGUMENT);
    check_refused(mach, space, pw_map(space, 0x1000, 0x1FFF, 4096, 0),
                  PW_BAD_ARGUMENT);
    check_refused(mach, space, pw_map(space, 0x1000, 0x1000, 0, 0),
                  PW_BAD_ARGUMENT);
    check_end(mach, space, 0);
}

Test(hidden, map_refuses_what_reaches_beyond_4_gib)
{
    static const struct {
        uint64_t va, pa, bytes;
    } wrong[] = {
        {0xFFFFF000, 0, 4097},
        {0, 0xFFFFF000, 4097},
        {UINT64_C(0x100000000), 0, 4096},
        {0, UINT64_C(0x100000000), 4096},
        {0, 0, UINT64_C(0x100000001)},
        {0x1000, 0x1000, UINT64_MAX},
        {0x1000, 0x1000, UINT64_MAX - 4094},
        {0x1000, 0, UINT64_C(0xFFFFFFFFFFFFF000)},
        {UINT64_C(0xFFFFFFFFFFFFF000), 0, 4096},
    };
    for
        EACH_FORMAT(i)
        {
            struct mach *const mach = test_machine(1100);
            struct space *const space = new_space(mach, must_formats[i], 0);
            for (unsigned k = 0; k < sizeof wrong / sizeof *wrong; k++) {
                check_context("%s, va 0x%llx, pa 0x%llx, %llu bytes",
                              format_name(must_formats[i]),
                              (unsigned long long)wrong[k].va,
                              (unsigned long long)wrong[k].pa,
                              (unsigned long long)wrong[k].bytes);
                check_status(
                    pw_map(space, wrong[k].va, wrong[k].pa, wrong[k].bytes, 0),
                    PW_BAD_ARGUMENT);
            }
            check_eq(pw_table_bytes(space),
                     shapes[must_formats[i]].frames[0] * 4096);
            check_end(mach, space, 0);
        }
}

/* What is in use, and what is not, would be refused for another reason. */
Test(hidden, bad_argument_counts_before_what_is_mapped)
{
    struct mach *const mach = test_machine(16);
    struct space *const space = new_space(mach, PW_TWO_LEVEL, 0);
    check_status(pw_map(space, 0x1000, 0x9000, 4096, PW_W), PW_OK);
    check_status(pw_map(space, 0xFFFFF000, 0x9000, 4096, PW_W), PW_OK);
    check_refused(mach, space, pw_map(space, 0xFFFFF000, 0, 8192, 0),
                  PW_BAD_ARGUMENT);
    check_refused(mach, space, pw_map(space, 0x1000, 0xFFFFF000, 8192, 0),
                  PW_BAD_ARGUMENT);
    check_refused(mach, space, pw_map(space, 0x1000, 0x1800, 4096, 0),
                  PW_BAD_ARGUMENT);
    check_refused(mach, space, pw_map(space, 0x1000, 0x9000, 4096, PW_P),
                  PW_BAD_ARGUMENT);
    check_refused(mach, space, pw_unmap(space, 0xFFFFE000, 0x3000),
                  PW_BAD_ARGUMENT);
    check_refused(mach, space, pw_unmap(space, 0x5800, 4096), PW_BAD_ARGUMENT);
    check_refused(mach, space, pw_protect(space, 0xFFFFE000, 0x3000, PW_U),
                  PW_BAD_ARGUMENT);
    check_refused(mach, space, pw_protect(space, 0x5000, 4096, PW_P),
                  PW_BAD_ARGUMENT);
    frame_fail_at(mach, 1);
    check_refused(mach, space, pw_map(space, 0x00800000, 0x9001, 4096, 0),
                  PW_BAD_ARGUMENT);
    frame_fail_at(mach, 0);
    check_end(mach, space, 0);
}

Test(hidden, map_refuses_bits_that_are_no_rights)
{
    static const uint64_t wrong[] = {PW_P,
                                     PW_A,
                                     PW_D,
                                     PW_SWAPPED,
                                     8,
                                     16,
                                     0x1000,
                                     PW_NX,
                                     PW_PS,
                                     PW_HUGE,
                                     PW_PS | PW_HUGE,
                                     PW_W | PW_A,
                                     UINT64_C(1) << 32};
    struct mach *const mach = test_machine(16);
    struct space *const space = new_space(mach, PW_TWO_LEVEL, 0);
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        check_context("rights 0x%llx", (unsigned long long)wrong[i]);
        check_refused(
            mach, space,
            pw_map(space, 0x00400000, 0x00400000, 0x00400000, wrong[i]),
            PW_BAD_ARGUMENT);
    }
    check_end(mach, space, 0);
}

/* ---- Finding pages ------------------------------------------------------ */

Test(hidden, entry_is_found_without_an_access)
{
    for
        EACH_FORMAT(i)
        {
            struct mach *mach;
            const enum pw_format format = must_formats[i];
            struct space *const space = littered(format, &mach);
            struct pw_leaf *const leaf = arena_object(struct pw_leaf);
            check_status(pw_map(space, 0x00803000, 0x9000, 4096, PW_G), PW_OK);
            const uint64_t before = digest(mach);
            check_context("%s", format_name(format));
            check_status(pw_entry(space, 0x00803FFF, leaf), PW_OK);
            check_eq(leaf->va, 0x00803000);
            check_eq(leaf->page_bytes, 4096);
            check_eq(leaf->entry_pa, leaf_at(mach, space, format, 0x00803000));
            check_eq(leaf->entry, 0x9000 | PW_G | PW_P);
            check(digest(mach) == before, "pw_entry has changed memory");
            check_end(mach, space, 0);
        }
}

Test(hidden, entry_that_is_empty_is_not_found)
{
    struct mach *mach;
    struct space *const space = littered(PW_TWO_LEVEL, &mach);
    struct pw_leaf *const leaf = arena_object(struct pw_leaf);
    leaf->entry = 0xA5A5;
    check_status(pw_map(space, 0x00803000, 0x9000, 4096, PW_G), PW_OK);
    check_status(pw_entry(space, 0x00804000, leaf), PW_NOT_MAPPED);
    check_status(pw_entry(space, 0x00802FFF, leaf), PW_NOT_MAPPED);
    check_status(pw_entry(space, 0x00C03000, leaf), PW_NOT_MAPPED);
    check_eq(leaf->entry, 0xA5A5);
    check_end(mach, space, 0);
}

Test(hidden, entry_of_a_swapped_page_is_found)
{
    struct mach *mach;
    struct space *const space = littered(PW_TWO_LEVEL, &mach);
    struct pw_leaf *const leaf = arena_object(struct pw_leaf);
    check_status(pw_map(space, 0x00803000, 0x9000, 4096, PW_W), PW_OK);
    poke_entry(mach, PW_TWO_LEVEL,
               leaf_at(mach, space, PW_TWO_LEVEL, 0x00803000), PW_SWAPPED);
    check_status(pw_entry(space, 0x00803010, leaf), PW_OK);
    check_eq(leaf->entry, PW_SWAPPED);
    check_end(mach, space, 0);
}

Test(hidden, next_is_the_page_itself_or_the_first_above)
{
    for
        EACH_FORMAT(i)
        {
            struct mach *mach;
            const enum pw_format format = must_formats[i];
            struct space *const space = littered(format, &mach);
            struct pw_leaf *const leaf = arena_object(struct pw_leaf);
            check_status(pw_map(space, 0x00803000, 0x9000, 4096, PW_W), PW_OK);
            check_status(pw_map(space, 0x01000000, 0xA000, 4096, 0), PW_OK);
            static const struct {
                uint64_t from, at;
            } cases[] = {{0x00700000, 0x00803000}, {0x00802FFF, 0x00803000},
                         {0x00803000, 0x00803000}, {0x00803FFF, 0x00803000},
                         {0x00804000, 0x01000000}, {0x00FFFFFF, 0x01000000},
                         {0x01000FFF, 0x01000000}};
            for (unsigned k = 0; k < sizeof cases / sizeof *cases; k++) {
                check_context("%s, from 0x%llx", format_name(format),
                              (unsigned long long)cases[k].from);
                check_status(pw_next(space, cases[k].from, leaf), PW_OK);
                check_eq(leaf->va, cases[k].at);
                check_eq(leaf->page_bytes, 4096);
                check_eq(leaf->entry_pa,
                         leaf_at(mach, space, format, cases[k].at));
                check_eq(leaf->entry,
                         leaf_of(mach, space, format, cases[k].at));
            }
            check_end(mach, space, 0);
        }
}

Test(hidden, next_above_the_last_page_is_not_there)
{
    struct mach *mach;
    struct space *const space = littered(PW_TWO_LEVEL, &mach);
    struct pw_leaf *const leaf = arena_object(struct pw_leaf);
    leaf->va = 0xA5A5;
    check_status(pw_next(space, 0, leaf), PW_NOT_MAPPED);
    check_status(pw_map(space, 0xFFBFE000, 0x9000, 4096, 0), PW_OK);
    check_status(pw_next(space, 0xFFBFF000, leaf), PW_NOT_MAPPED);
    check_status(pw_next(space, 0xFFFFFFFF, leaf), PW_NOT_MAPPED);
    check_eq(leaf->va, 0xA5A5);
    check_status(pw_map(space, 0xFFFFF000, 0x9000, 4096, 0), PW_OK);
    check_status(pw_next(space, 0xFFBFF000, leaf), PW_OK);
    check_eq(leaf->va, 0xFFFFF000);
    check_end(mach, space, 0);
}

Test(hidden, next_visits_present_and_swapped_pages_in_order)
{
    static const uint64_t at[] = {0x00000000, 0x00001000, 0x003FF000,
                                  0x00400000, 0x12345000, 0x80000000,
                                  0xFFFFF000};
    struct mach *mach;
    struct space *const space = littered(PW_TWO_LEVEL, &mach);
    struct pw_leaf *const leaf = arena_object(struct pw_leaf);
    for (unsigned k = 7; k-- > 0;)
        check_status(pw_map(space, at[k], 0x9000, 4096, PW_W), PW_OK);
    poke_entry(mach, PW_TWO_LEVEL, leaf_at(mach, space, PW_TWO_LEVEL, at[3]),
               0x00077000 | PW_SWAPPED | PW_W);
    const uint64_t before = digest(mach);
    unsigned seen = 0;
    for (uint64_t va = 0; va <= UINT32_MAX && seen < 7;
         va = leaf->va + leaf->page_bytes, seen++) {
        check_status(pw_next(space, va, leaf), PW_OK);
        check_eq(leaf->va, at[seen]);
    }
    check_eq(seen, 7);
    check(digest(mach) == before, "pw_next has changed memory");
    check_end(mach, space, 0);
}

/* ---- Unmapping ---------------------------------------------------------- */

Test(hidden, unmapped_leaf_is_empty_and_its_neighbours_stay)
{
    for
        EACH_FORMAT(i)
        {
            struct mach *mach;
            const enum pw_format format = must_formats[i];
            struct space *const space = littered(format, &mach);
            struct pw_result *const r = new_result();
            check_context("%s", format_name(format));
            check_status(
                pw_map(space, 0x00803000, 0x9000, 5 * 4096, PW_W | PW_U),
                PW_OK);
            check_status(pw_walk(space, 0x00805000, PW_WRITE, r), PW_OK);
            check_status(pw_unmap(space, 0x00804000, 3 * 4096), PW_OK);
            for (unsigned k = 1; k < 4; k++)
                check_eq(leaf_of(mach, space, format, 0x00803000 + k * 0x1000),
                         0);
            check_eq(leaf_of(mach, space, format, 0x00803000), 0x9007);
            check_eq(leaf_of(mach, space, format, 0x00807000), 0xD007);
            check_status(pw_walk(space, 0x00805000, PW_READ, r),
                         PW_NOT_PRESENT);
            check_end(mach, space, 0);
        }
}

Test(hidden, table_goes_with_its_last_page)
{
    for (unsigned i = 0; i < 3; i += 2) {
        struct mach *mach;
        const enum pw_format format = must_formats[i];
        struct space *const space = littered(format, &mach);
        check_context("%s", format_name(format));
        check_status(pw_map(space, 0x08003000, 0x9000, 8192, 0), PW_OK);
        const struct sight s = look(mach, space, format, 0, 0x08003000);
        check_frames_used(mach, 1 + shapes[format].frames[1]);
        check_status(pw_unmap(space, 0x08004000, 4096), PW_OK);
        check_frames_used(mach, 1 + shapes[format].frames[1]);
        check_status(pw_unmap(space, 0x08003000, 4096), PW_OK);
        check_frames_used(mach, 1);
        check_eq(peek_entry(mach, format, s.at[0]), 0);
        check_eq(pw_table_bytes(space), 4096);
        check_end(mach, space, 0);
    }
}

Test(hidden, table_with_one_page_stays_wherever_it_is)
{
    static const uint64_t stays[] = {0x00400000, 0x007FF000, 0x00401000,
                                     0x007FE000};
    struct mach *mach;
    struct space *const space = littered(PW_TWO_LEVEL, &mach);
    for (unsigned i = 0; i < 4; i++) {
        check_context("the page at 0x%llx stays", (unsigned long long)stays[i]);
        check_status(pw_map(space, stays[i], 0x5000, 4096, PW_W), PW_OK);
        check_status(pw_map(space, 0x00500000, 0x9000, 8192, 0), PW_OK);
        check_status(pw_unmap(space, 0x00500000, 8192), PW_OK);
        check_frames_used(mach, 2);
        check_eq(leaf_of(mach, space, PW_TWO_LEVEL, stays[i]), 0x5003);
        check_status(pw_unmap(space, stays[i], 4096), PW_OK);
        check_frames_used(mach, 1);
    }
    check_end(mach, space, 0);
}

Test(hidden, table_with_a_swapped_page_stays)
{
    for (unsigned i = 0; i < 3; i += 2) {
        struct mach *mach;
        const enum pw_format format = must_formats[i];
        struct space *const space = littered(format, &mach);
        check_context("%s", format_name(format));
        check_status(pw_map(space, 0x00500000, 0x9000, 8192, PW_W), PW_OK);
        const uint64_t at = leaf_at(mach, space, format, 0x00501000);
        poke_entry(mach, format, at, PW_SWAPPED); /* slot 0 */
        check_status(pw_unmap(space, 0x00500000, 4096), PW_OK);
        check_frames_used(mach, 1 + shapes[format].frames[1]);
        check_eq(peek_entry(mach, format, at), PW_SWAPPED);
        check_end(mach, space, 0);
    }
}

Test(hidden, swapped_page_is_unmapped_like_any_other)
{
    struct mach *mach;
    struct space *const space = littered(PW_TWO_LEVEL, &mach);
    check_status(pw_map(space, 0x00500000, 0x9000, 8192, PW_W), PW_OK);
    poke_entry(mach, PW_TWO_LEVEL,
               leaf_at(mach, space, PW_TWO_LEVEL, 0x00501000),
               0x00033000 | PW_SWAPPED | PW_W);
    check_status(pw_unmap(space, 0x00501000, 4096), PW_OK);
    check_eq(leaf_of(mach, space, PW_TWO_LEVEL, 0x00501000), 0);
    check_status(pw_unmap(space, 0x00500000, 4096), PW_OK);
    check_frames_used(mach, 1);
    check_end(mach, space, 0);
}

Test(hidden, pages_that_others_put_into_a_table_count)
{
    struct mach *mach;
    struct space *const space = littered(PW_TWO_LEVEL, &mach);
    struct pw_result *const r = new_result();
    check_status(pw_map(space, 0x00500000, 0x9000, 4096, PW_W), PW_OK);
    const uint64_t at = leaf_at(mach, space, PW_TWO_LEVEL, 0x00733000);
    poke_entry(mach, PW_TWO_LEVEL, at, 0x5007);
    check_status(pw_unmap(space, 0x00500000, 4096), PW_OK);
    check_pa(space, 0x00733010, PW_READ, r, 0x5010);
    check_refused(mach, space, pw_map(space, 0x00733000, 0x9000, 1, 0),
                  PW_EXISTS);
    check_status(pw_unmap(space, 0x00733000, 4096), PW_OK);
    check_frames_used(mach, 1);
    check_end(mach, space, 0);
}

Test(hidden, unmapped_range_may_span_tables)
{
    static const uint64_t start[] = {0x003FE000, 0x7FFFE000, 0x00FFE000};
    for
        EACH_FORMAT(i)
        {
            struct mach *mach;
            const enum pw_format format = must_formats[i];
            struct space *const space = littered(format, &mach);
            const uint64_t empty = pw_table_bytes(space);
            check_context("%s", format_name(format));
            check_status(pw_map(space, start[i], 0x20000, 4 * 4096, PW_W),
                         PW_OK);
            check_status(pw_unmap(space, start[i] + 4096, 2 * 4096), PW_OK);
            check_eq(leaf_of(mach, space, format, start[i]), 0x20003);
            check_eq(leaf_of(mach, space, format, start[i] + 0x1000), 0);
            check_eq(leaf_of(mach, space, format, start[i] + 0x2000), 0);
            check_eq(leaf_of(mach, space, format, start[i] + 0x3000), 0x23003);
            check_status(pw_map(space, start[i] + 4096, 0x20000, 8192, 0),
                         PW_OK);
            check_status(pw_unmap(space, start[i], 4 * 4096), PW_OK);
            check_eq(pw_table_bytes(space), empty);
            check_end(mach, space, 0);
        }
}

Test(hidden, hole_refuses_the_whole_unmapping)
{
    for
        EACH_FORMAT(i)
        {
            struct mach *mach;
            struct space *const space = littered(must_formats[i], &mach);
            check_context("%s", format_name(must_formats[i]));
            check_status(pw_map(space, 0x003FE000, 0x9000, 8192, PW_W), PW_OK);
            check_refused(mach, space, pw_unmap(space, 0x003FE000, 8193),
                          PW_NOT_MAPPED);
            check_refused(mach, space, pw_unmap(space, 0x003FD000, 8192),
                          PW_NOT_MAPPED);
            check_refused(mach, space, pw_unmap(space, 0x80000000, 1),
                          PW_NOT_MAPPED);
            check_status(pw_map(space, 0x00401000, 0x9000, 4096, PW_W), PW_OK);
            check_refused(mach, space, pw_unmap(space, 0x003FE000, 4 * 4096),
                          PW_NOT_MAPPED);
            check_end(mach, space, 0);
        }
}

Test(hidden, unmap_gives_no_page_back)
{
    struct mach *const mach = test_machine(16);
    const uint64_t frame = frame_alloc(mach);
    struct space *const space = new_space(mach, PW_TWO_LEVEL, 0);
    check_status(pw_map(space, 0x1000, frame * 4096, 4096, 0), PW_OK);
    check_status(pw_unmap(space, 0x1000, 4096), PW_OK);
    check(frame_in_use(mach, frame), "the page's frame was given back");
    check_end(mach, space, 1);
}

Test(hidden, range_can_be_mapped_and_unmapped_again_and_again)
{
    struct mach *const mach = test_machine(4);
    struct space *const space = new_space(mach, PW_TWO_LEVEL, 0);
    for (unsigned k = 0; k < 6; k++) {
        check_context("round %u", k);
        check_status(pw_map(space, 0x3FF000, k * 0x2000u, 8192, PW_W), PW_OK);
        check_eq(pw_table_bytes(space), 3 * 4096);
        check_eq(leaf_of(mach, space, PW_TWO_LEVEL, 0x400000),
                 k * 0x2000u + 0x1003);
        check_status(pw_unmap(space, 0x3FF000, 8192), PW_OK);
        check_frames_used(mach, 1);
    }
    check_end(mach, space, 0);
}

Test(hidden, unmap_and_protect_refuse_a_range_that_is_none)
{
    static const struct {
        uint64_t va, bytes;
    } wrong[] = {{0x1001, 4096},       {0x1000, 0},
                 {0xFFFFF000, 4097},   {UINT64_C(0x100001000), 4096},
                 {0x1000, UINT64_MAX}, {0x1000, UINT64_MAX - 4094}};
    struct mach *const mach = test_machine(16);
    struct space *const space = new_space(mach, PW_TWO_LEVEL, 0);
    check_status(pw_map(space, 0x1000, 0x9000, 8192, PW_W), PW_OK);
    check_status(pw_map(space, 0xFFFFF000, 0x9000, 4096, PW_W), PW_OK);
    check_status(pw_map(space, 0, 0x9000, 4096, PW_W), PW_OK);
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        check_context("0x%llx, %llu bytes", (unsigned long long)wrong[i].va,
                      (unsigned long long)wrong[i].bytes);
        check_refused(mach, space, pw_unmap(space, wrong[i].va, wrong[i].bytes),
                      PW_BAD_ARGUMENT);
        check_refused(mach, space,
                      pw_protect(space, wrong[i].va, wrong[i].bytes, 0),
                      PW_BAD_ARGUMENT);
    }
    check_end(mach, space, 0);
}

/* ---- Changing rights ---------------------------------------------------- */

Test(hidden, protect_gives_and_takes_w_and_u)
{
    static const uint64_t rights[] = {0, PW_W, PW_U, PW_W | PW_U};
    for
        EACH_FORMAT(i)
        {
            struct mach *mach;
            const enum pw_format format = must_formats[i];
            struct space *const space = littered(format, &mach);
            check_status(pw_map(space, 0x00803000, 0x9000, 4096, 0), PW_OK);
            for (unsigned k = 0; k < 16; k++) {
                check_context("%s, from 0x%llx to 0x%llx", format_name(format),
                              (unsigned long long)rights[k / 4],
                              (unsigned long long)rights[k % 4]);
                check_status(pw_protect(space, 0x00803000, 4096, rights[k / 4]),
                             PW_OK);
                check_status(pw_protect(space, 0x00803000, 1, rights[k % 4]),
                             PW_OK);
                check_eq(leaf_of(mach, space, format, 0x00803000),
                         0x9001 | rights[k % 4]);
            }
            check_end(mach, space, 0);
        }
}

Test(hidden, protect_keeps_all_other_bits)
{
    struct mach *mach;
    struct space *const space = littered(PW_TWO_LEVEL, &mach);
    check_status(pw_map(space, 0x00803000, 0x9000, 4096, 0), PW_OK);
    const uint64_t at = leaf_at(mach, space, PW_TWO_LEVEL, 0x00803000);
    const uint64_t kept[] = {
        PW_A,      PW_D,       PW_G,
        PW_SHARED, 0xFFFFF000, PW_A | PW_D | PW_G | PW_SHARED | PW_PS | 0x18};
    for (unsigned k = 0; k < sizeof kept / sizeof *kept; k++) {
        poke_entry(mach, PW_TWO_LEVEL, at, kept[k] | PW_P | PW_W);
        check_context("leaf 0x%llx", (unsigned long long)(kept[k] | 3));
        check_status(pw_protect(space, 0x00803000, 4096, PW_U), PW_OK);
        check_eq(peek_entry(mach, PW_TWO_LEVEL, at), kept[k] | PW_P | PW_U);
    }
    check_end(mach, space, 0);
}

Test(hidden, protect_leaves_entries_above_alone)
{
    for (unsigned i = 0; i < 3; i += 2) {
        struct mach *mach;
        struct space *const space = littered(must_formats[i], &mach);
        check_status(pw_map(space, 0x00803000, 0x9000, 8192, PW_W | PW_U),
                     PW_OK);
        const struct sight s =
            look(mach, space, must_formats[i], 0, 0x00803000);
        check_status(pw_protect(space, 0x00803000, 4096, 0), PW_OK);
        check_eq(peek_entry(mach, must_formats[i], s.at[0]), s.entry[0]);
        check_eq(leaf_of(mach, space, must_formats[i], 0x00804000), 0xA007);
        check_end(mach, space, 0);
    }
}

Test(hidden, protected_range_may_span_tables)
{
    struct mach *mach;
    struct space *const space = littered(PW_TWO_LEVEL, &mach);
    check_status(pw_map(space, 0x003FD000, 0x20000, 6 * 4096, PW_W), PW_OK);
    check_status(pw_protect(space, 0x003FE000, 4 * 4096, PW_U), PW_OK);
    for (unsigned k = 0; k < 6; k++)
        check_eq(leaf_of(mach, space, PW_TWO_LEVEL, 0x003FD000 + k * 0x1000),
                 (0x20001 + k * 0x1000) | (k == 0 || k == 5 ? PW_W : PW_U));
    check_end(mach, space, 0);
}

Test(hidden, page_to_be_copied_does_not_become_writable)
{
    struct mach *mach;
    struct space *const space = littered(PW_TWO_LEVEL, &mach);
    check_status(pw_map(space, 0x00803000, 0x9000, 4096, PW_U | PW_COW), PW_OK);
    check_status(pw_map(space, 0x00804000, 0xA000, 4096, PW_U), PW_OK);
    check_status(pw_protect(space, 0x00803000, 8192, PW_W | PW_U), PW_OK);
    check_eq(leaf_of(mach, space, PW_TWO_LEVEL, 0x00803000),
             0x9000 | PW_P | PW_U | PW_COW);
    check_eq(leaf_of(mach, space, PW_TWO_LEVEL, 0x00804000), 0xA007);
    check_status(pw_protect(space, 0x00803000, 4096, 0), PW_OK);
    check_eq(leaf_of(mach, space, PW_TWO_LEVEL, 0x00803000),
             0x9000 | PW_P | PW_COW);
    check_end(mach, space, 0);
}

Test(hidden, rights_of_a_swapped_page_are_kept_for_its_return)
{
    struct mach *mach;
    struct space *const space = littered(PW_TWO_LEVEL, &mach);
    check_status(pw_map(space, 0x00803000, 0x9000, 4096, PW_U), PW_OK);
    const uint64_t at = leaf_at(mach, space, PW_TWO_LEVEL, 0x00803000);
    poke_entry(mach, PW_TWO_LEVEL, at, 0x00044000 | PW_SWAPPED | PW_U);
    check_status(pw_protect(space, 0x00803000, 4096, PW_W), PW_OK);
    check_eq(peek_entry(mach, PW_TWO_LEVEL, at),
             0x00044000 | PW_SWAPPED | PW_W);
    poke_entry(mach, PW_TWO_LEVEL, at, PW_SWAPPED | PW_COW | PW_U);
    check_status(pw_protect(space, 0x00803000, 4096, PW_W | PW_U), PW_OK);
    check_eq(peek_entry(mach, PW_TWO_LEVEL, at), PW_SWAPPED | PW_COW | PW_U);
    check_end(mach, space, 0);
}

Test(hidden, hole_refuses_the_whole_protection)
{
    for
        EACH_FORMAT(i)
        {
            struct mach *mach;
            struct space *const space = littered(must_formats[i], &mach);
            check_context("%s", format_name(must_formats[i]));
            check_status(pw_map(space, 0x003FE000, 0x9000, 8192, PW_W), PW_OK);
            check_status(pw_map(space, 0x00401000, 0x9000, 4096, PW_W), PW_OK);
            check_refused(mach, space,
                          pw_protect(space, 0x003FE000, 8193, PW_U),
                          PW_NOT_MAPPED);
            check_refused(mach, space,
                          pw_protect(space, 0x003FE000, 0x4000, PW_U),
                          PW_NOT_MAPPED);
            check_refused(mach, space, pw_protect(space, 0xC0000000, 1, PW_U),
                          PW_NOT_MAPPED);
            check_end(mach, space, 0);
        }
}

Test(hidden, protect_refuses_bits_that_are_no_rights)
{
    static const uint64_t wrong[] = {PW_P,  PW_A,    PW_D,      PW_PS,
                                     PW_G,  PW_COW,  PW_SHARED, PW_SWAPPED,
                                     PW_NX, PW_HUGE, 0x1000,    8};
    struct mach *const mach = test_machine(16);
    struct space *const space = new_space(mach, PW_TWO_LEVEL, 0);
    check_status(pw_map(space, 0x1000, 0x9000, 8192, PW_W), PW_OK);
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        check_context("rights 0x%llx", (unsigned long long)wrong[i]);
        check_refused(mach, space, pw_protect(space, 0x1000, 4096, wrong[i]),
                      PW_BAD_ARGUMENT);
    }
    check_end(mach, space, 0);
}

/* ---- What tables cost --------------------------------------------------- */

Test(hidden, flat_table_costs_4_mib_per_space)
{
    struct mach *const mach = test_machine(5000);
    struct space *space[4];
    for (unsigned i = 0; i < 4; i++) {
        space[i] = new_space(mach, PW_FLAT, 0);
        check_status(pw_map(space[i], i << 28, 0, 4096, 0), PW_OK);
        check_eq(pw_table_bytes(space[i]), 4 << 20);
        check_frames_used(mach, (i + 1) * 1024u); /* so 100 cost 400 MiB */
    }
    for (unsigned i = 0; i < 4; i++)
        check_status(pw_destroy(space[i]), PW_OK);
    check_frames_used(mach, 0);
}

Test(hidden, tiny_process_costs_8_kib_in_two_levels)
{
    struct mach *const mach = test_machine(64);
    struct space *const space = new_space(mach, PW_TWO_LEVEL, 0);
    check_status(pw_map(space, 0x08048000, 0, 12 * 4096, PW_W | PW_U), PW_OK);
    check_eq(pw_table_bytes(space), 8192);
    check_frames_used(mach, 2);
    check_end(mach, space, 0);
}

Test(hidden, full_two_level_tables_cost_4_mib_and_4_kib)
{
    struct mach *const mach = test_machine(1100);
    struct space *const space = new_space(mach, PW_TWO_LEVEL, 0);
    for (uint64_t i = 0; i < 1024; i++)
        check_status(pw_map(space, i << 22, 0, 1, 0), PW_OK);
    check_eq(pw_table_bytes(space), (4 << 20) + 4096);
    check_frames_used(mach, 1025);
    check_end(mach, space, 0);
}

Test(hidden, segment_costs_16_kib_of_tables)
{
    struct mach *const mach = test_machine(64);
    struct space *const space = new_space(mach, PW_SEGMENTED, 0);
    for (uint64_t i = 0; i < 3; i++) {
        check_eq(pw_table_bytes(space), 4096 + i * 16384);
        check_status(pw_map(space, i << 30, 0, 4096, 0), PW_OK);
    }
    check_frames_used(mach, 13);
    check_status(pw_unmap(space, UINT64_C(1) << 30, 4096), PW_OK);
    check_eq(pw_table_bytes(space), 4096 + 2 * 16384);
    check_end(mach, space, 0);
}
