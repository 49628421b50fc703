/* hidden.c - making spaces, and walking tables of the required formats that the
 * test makes by hand.  hidden_map.c changes tables, hidden_large.c and
 * hidden_long.c have the bonus, hidden_random.c the long sequences. */
#include <errno.h>

#include "pw_help.h"

VMLAB_SUITE(hidden)

/* ---- Making and destroying ---------------------------------------------- */

Test(hidden, root_table_is_empty_whoever_had_the_frames)
{
    for
        EACH_FORMAT(i)
        {
            struct mach *const mach = test_machine(1100);
            litter(mach);
            struct space *const space = new_space(mach, must_formats[i], 0);
            check_context("%s", format_name(must_formats[i]));
            const struct shape *const s = &shapes[must_formats[i]];
            const uint64_t root = pw_root(space);
            for (uint64_t e = 0; e < UINT64_C(1) << s->bits[0];
                 e += e < 300 ? 1 : 509)
                check_eq(peek_entry(mach, must_formats[i], root + e * 4), 0);
            check_end(mach, space, 0);
        }
}

Test(hidden, root_table_has_the_size_of_its_format)
{
    for
        EACH_FORMAT(i)
        {
            struct mach *const mach = test_machine(1100);
            struct space *const space = new_space(mach, must_formats[i], 0);
            const unsigned frames = shapes[must_formats[i]].frames[0];
            check_context("%s", format_name(must_formats[i]));
            check_frames_used(mach, frames);
            check_eq(pw_table_bytes(space), frames * 4096);
            check_eq(pw_root(space) % 4096, 0);
            check_eq(pw_root(space), pw_root(space));
            check_end(mach, space, 0);
        }
}

Test(hidden, flat_root_lies_in_a_row_of_frames)
{
    struct mach *const mach = test_machine(3000);
    for (unsigned i = 0; i < 40; i++)
        (void)frame_alloc(mach);
    frame_free(mach, 3);
    frame_free(mach, 7); /* two holes below */
    struct space *const space = new_space(mach, PW_FLAT, 0);
    const uint64_t first = pw_root(space) / 4096;
    check(first >= 40, "frame %u was in use", (unsigned)first);
    for (uint64_t f = first; f < first + 1024; f++)
        check(frame_in_use(mach, f), "frame %u of the root is not in use",
              (unsigned)f);
    check_end(mach, space, 38);
}

Test(hidden, create_without_frames_is_enomem)
{
    struct mach *const small = test_machine(1023);
    check(pw_create(small, PW_FLAT, 0) == NULL, "it was made from 1023 frames");
    check_eq(errno, ENOMEM);
    check_frames_used(small, 0);
    struct mach *const mach = test_machine(8);
    frame_fail_at(mach, 1);
    check(pw_create(mach, PW_TWO_LEVEL, 0) == NULL, "it was made of nothing");
    check_eq(errno, ENOMEM);
    check_frames_used(mach, 0);
}

Test(hidden, create_refuses_a_format_that_is_not_there)
{
    struct mach *const mach = test_machine(8);
    check(pw_create(mach, (enum pw_format)4, 0) == NULL, "format 4 was made");
    check_eq(errno, EINVAL);
    errno = 0;
    check(pw_create(mach, (enum pw_format) - 1, 0) == NULL,
          "format -1 was made");
    check_eq(errno, EINVAL);
    check(pw_create(NULL, PW_TWO_LEVEL, 0) == NULL, "made without a machine");
    check_eq(errno, EINVAL);
    check_frames_used(mach, 0);
}

Test(hidden, create_refuses_settings_that_the_format_lacks)
{
    struct mach *const mach = test_machine(1100);
    static const struct {
        enum pw_format format;
        uint32_t flags;
    } wrong[] = {{PW_FLAT, PW_PSE},      {PW_FLAT, PW_NXE},
                 {PW_SEGMENTED, PW_PSE}, {PW_SEGMENTED, PW_WP | PW_NXE},
                 {PW_TWO_LEVEL, PW_NXE}, {PW_TWO_LEVEL, 8},
                 {PW_FLAT, 0x80000000}};
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        check_context("%s, flags 0x%x", format_name(wrong[i].format),
                      wrong[i].flags);
        check(pw_create(mach, wrong[i].format, wrong[i].flags) == NULL,
              "a space was made");
        check_eq(errno, EINVAL);
        check_frames_used(mach, 0);
    }
}

Test(hidden, spaces_do_not_share_anything)
{
    struct mach *const mach = test_machine(64);
    struct space *const a = new_space(mach, PW_TWO_LEVEL, 0);
    struct space *const b = new_space(mach, PW_SEGMENTED, PW_WP);
    struct pw_result *const r = new_result();
    check(pw_root(a) != pw_root(b), "both have one root");
    check_status(pw_map(a, 0x00800000, 0x11000, 4096, PW_W), PW_OK);
    check_status(pw_map(b, 0x00800000, 0x22000, 4096, 0), PW_OK);
    check_pa(a, 0x00800010, PW_WRITE, r, 0x11010);
    check_pa(b, 0x00800010, PW_READ, r, 0x22010);
    check_status(pw_walk(b, 0x00800010, PW_WRITE, r), PW_RIGHTS);
    check_status(pw_destroy(a), PW_OK);
    check_pa(b, 0x00800020, PW_READ, r, 0x22020);
    check_end(mach, b, 0);
}

Test(hidden, destroy_gives_back_all_tables_and_no_page)
{
    for
        EACH_FORMAT(i)
        {
            struct mach *const mach = test_machine(1200);
            struct space *const space = new_space(mach, must_formats[i], 0);
            const uint64_t page = frame_alloc(mach);
            check_context("%s", format_name(must_formats[i]));
            static const uint64_t at[] = {0, 0x00FFF000, 0x7F123000,
                                          0xFFFFF000};
            for (unsigned k = 0; k < 4; k++)
                check_status(pw_map(space, at[k], page * 4096, 4096, PW_U),
                             PW_OK);
            check_end(mach, space, 1);
            check(frame_in_use(mach, page), "the page's frame was given back");
        }
}

Test(hidden, nothing_is_a_bad_argument)
{
    struct pw_result *const r = new_result();
    struct pw_leaf *const leaf = arena_object(struct pw_leaf);
    check_status(pw_destroy(NULL), PW_BAD_ARGUMENT);
    check_eq(pw_root(NULL), 0);
    check_eq(pw_table_bytes(NULL), 0);
    check_status(pw_map(NULL, 0, 0, 4096, 0), PW_BAD_ARGUMENT);
    check_status(pw_walk(NULL, 0, PW_READ, r), PW_BAD_ARGUMENT);
    check_status(pw_unmap(NULL, 0, 4096), PW_BAD_ARGUMENT);
    check_status(pw_protect(NULL, 0, 4096, 0), PW_BAD_ARGUMENT);
    check_status(pw_entry(NULL, 0, leaf), PW_BAD_ARGUMENT);
    check_status(pw_next(NULL, 0, leaf), PW_BAD_ARGUMENT);
    struct mach *const mach = test_machine(8);
    struct space *const space = new_space(mach, PW_TWO_LEVEL, 0);
    check_status(pw_map(space, 0, 0, 4096, 0), PW_OK);
    check_status(pw_walk(space, 0, PW_READ, NULL), PW_BAD_ARGUMENT);
    check_status(pw_entry(space, 0, NULL), PW_BAD_ARGUMENT);
    check_status(pw_next(space, 0, NULL), PW_BAD_ARGUMENT);
    check_status(pw_destroy(space), PW_OK);
}

/* ---- Finding the leaf --------------------------------------------------- */

/* Each of these addresses is found through the entry that the contract names,
 * in a machine where all other entries are empty. */
static void
check_indexes(enum pw_format format)
{
    static const uint64_t at[] = {
        0x00000000, 0x00000FFF, 0x00001000, 0x003FFABC, 0x00400DEF, 0x00FFF000,
        0x01000001, 0x12345678, 0x7FFFFFFF, 0x80000000, 0xC0FFEE12, 0xFFFFFFFF};
    struct mach *const mach = test_machine(FRAMES);
    struct space *const space = new_space(mach, format, 0);
    struct pw_result *const r = new_result();
    const uint64_t root = pw_root(space);
    const uint64_t table =
        frame_alloc_run(mach, 4) * 4096; /* of the last level */
    const unsigned last = shapes[format].levels - 1;
    for (unsigned i = 0; i < sizeof at / sizeof *at; i++) {
        const uint64_t pa = (0x5A5000 + i * 0x1000u) | (at[i] & 0xFFF);
        const uint64_t top = entry_at(format, 0, root, at[i]);
        const uint64_t leaf =
            last == 0 ? top : entry_at(format, 1, table, at[i]);
        if (last != 0)
            poke_entry(mach, format, top, table | OPEN);
        poke_entry(mach, format, leaf, (pa & ~UINT64_C(0xFFF)) | OPEN);
        check_context("%s, address 0x%08llx", format_name(format),
                      (unsigned long long)at[i]);
        check_pa(space, at[i], PW_READ, r, pa);
        check_eq(r->entry_pa, leaf);
        poke_entry(mach, format, leaf, 0);
        poke_entry(mach, format, top, 0);
    }
    (void)pw_destroy(space);
}

Test(hidden, flat_index_is_20_bits)
{
    check_indexes(PW_FLAT);
}

Test(hidden, two_level_indexes_are_10_bits_each)
{
    check_indexes(PW_TWO_LEVEL);
}

Test(hidden, segmented_indexes_are_8_and_12_bits)
{
    check_indexes(PW_SEGMENTED);
}

Test(hidden, flags_do_not_leak_into_addresses)
{
    for
        EACH_FORMAT(i)
        {
            const struct path p =
                new_path(must_formats[i], 0, 0x2B3C4D5E, 0xABCDE000);
            check_context("%s, bits 11..0 all set", format_name(p.format));
            for (unsigned l = 0; l <= p.leaf; l++)
                set_bits(&p, l, 0xFFF);
            check_walk(&p, PW_READ, PW_OK);
            check_eq(p.r->pa, 0xABCDED5E);
            end_path(&p);
        }
}

Test(hidden, tables_and_pages_may_lie_just_below_4_gib)
{
    struct mach *const mach = test_machine(1 << 20);
    struct space *const space = new_space(mach, PW_TWO_LEVEL, 0);
    struct pw_result *const r = new_result();
    const uint64_t root = pw_root(space), table = 0xFFFFF000;
    poke_entry(mach, PW_TWO_LEVEL, root + 0x3FF * 4, table | OPEN);
    poke_entry(mach, PW_TWO_LEVEL, table + 0x3FF * 4, 0x80000000 | OPEN);
    poke_entry(mach, PW_TWO_LEVEL, table + 0x3FE * 4, 0xFFFFE000 | OPEN);
    check_pa(space, 0xFFFFF123, PW_READ, r, 0x80000123);
    check_eq(r->entry_pa, 0xFFFFFFFC);
    check_pa(space, 0xFFFFEFFF, PW_READ, r, 0xFFFFEFFF);
    poke_entry(mach, PW_TWO_LEVEL, root + 0x3FF * 4, 0);
    (void)pw_destroy(space);
}

Test(hidden, ps_means_nothing_without_pse)
{
    for
        EACH_FORMAT(i)
        {
            const struct path p =
                new_path(must_formats[i], 0, 0x005A5123, 0x00765000);
            for (unsigned l = 0; l <= p.leaf; l++)
                set_bits(&p, l, OPEN | PW_PS);
            check_context("%s, PS everywhere", format_name(p.format));
            check_walk(&p, PW_READ, PW_OK);
            check_eq(p.r->pa, 0x00765123);
            check_eq(p.r->page_bytes, 4096);
            end_path(&p);
        }
}

Test(hidden, walk_sees_what_memory_says_now)
{
    const struct path p = new_path(PW_TWO_LEVEL, 0, 0x00403000, 0x9000);
    check_walk(&p, PW_WRITE, PW_OK);
    poke_entry(p.mach, p.format, p.at[1], 0x00033000 | PW_P);
    check_walk(&p, PW_READ, PW_OK);
    check_eq(p.r->pa, 0x33000);
    poke_entry(p.mach, p.format, p.at[1], 0);
    check_walk(&p, PW_READ, PW_NOT_PRESENT);
    set_bits(&p, 1, OPEN);
    set_bits(&p, 0, 0);
    check_walk(&p, PW_READ, PW_NOT_PRESENT);
    end_path(&p);
}

/* ---- Absent pages ------------------------------------------------------- */

Test(hidden, absent_page_is_not_present)
{
    for
        EACH_FORMAT(i)
        {
            const struct path p =
                new_path(must_formats[i], 0, 0x00403000, 0x9000);
            set_bits(&p, p.leaf, OPEN & ~PW_P);
        for
            EACH_KIND(k)
            {
                check_context("%s, access %u", format_name(p.format),
                              kinds[k].access);
                check_walk(&p, kinds[k].access, PW_NOT_PRESENT);
                check_eq(p.r->fault.error_code & PW_FAULT_P, 0);
            }
        end_path(&p);
        }
}

Test(hidden, absent_table_is_not_present_and_not_read)
{
    for (unsigned i = 0; i < 3; i += 2) {
        struct path p = new_path(must_formats[i], 0, 0x00403000, 0x9000);
        p.address[0] = 0xFFFFF000; /* reading there is a bus error */
        set_bits(&p, 0, PW_W | PW_U | PW_A);
        const uint64_t reads = mach_counts(p.mach).reads;
        check_walk(&p, PW_READ, PW_NOT_PRESENT);
        check_eq(mach_counts(p.mach).reads - reads, 1);
        check_eq(p.r->fault.error_code, 0);
        end_path(&p);
    }
}

Test(hidden, swapped_page_is_not_present)
{
    const struct path p = new_path(PW_TWO_LEVEL, 0, 0x00403000, 0x00123000);
    set_bits(&p, 1, PW_SWAPPED | PW_W | PW_U | PW_COW);
    check_walk(&p, PW_WRITE | PW_USER, PW_NOT_PRESENT);
    check_eq(p.r->fault.error_code, PW_FAULT_W | PW_FAULT_U);
    check_eq(get_bits(&p, 1), PW_SWAPPED | PW_W | PW_U | PW_COW);
    end_path(&p);
}

Test(hidden, absent_page_below_a_table_that_refuses_is_not_present)
{
    for (unsigned i = 0; i < 3; i += 2) {
        const struct path p =
            new_path(must_formats[i], PW_WP, 0x00403000, 0x9000);
        set_bits(&p, 0, PW_P);
        set_bits(&p, 1, 0);
        check_walk(&p, PW_READ | PW_USER, PW_NOT_PRESENT);
        check_fault(p.r, FAULT_PF, 4, p.va);
        check_walk(&p, PW_WRITE, PW_NOT_PRESENT);
        check_fault(p.r, FAULT_PF, 2, p.va);
        end_path(&p);
    }
}

/* ---- Rights ------------------------------------------------------------- */

/* Clears `bit` at each level in turn and wants `status` there for both
 * accesses, and PW_OK with the bit everywhere. */
static void
check_needed(uint64_t bit, uint32_t flags, uint32_t one, uint32_t other,
             int status)
{
    for
        EACH_FORMAT(i)
        {
            const struct path p =
                new_path(must_formats[i], flags, 0x08049ABC, 0x7000);
            for (unsigned k = 0; k < 2; k++) {
                const uint32_t access = k == 0 ? one : other;
                check_walk(&p, access, PW_OK);
                for (unsigned l = 0; l <= p.leaf; l++) {
                    set_bits(&p, l, OPEN & ~bit);
                    check_context("%s, bit 0x%llx clear at level %u, access %u",
                                  format_name(p.format),
                                  (unsigned long long)bit, l, access);
                    check_walk(&p, access, status);
                    set_bits(&p, l, OPEN);
                }
            }
            end_path(&p);
        }
}

Test(hidden, user_needs_u_at_every_level)
{
    check_needed(PW_U, 0, PW_READ | PW_USER, PW_EXECUTE | PW_USER, PW_RIGHTS);
}

Test(hidden, supervisor_needs_no_u)
{
    check_needed(PW_U, PW_WP, PW_READ, PW_WRITE, PW_OK);
}

Test(hidden, users_write_needs_w_at_every_level)
{
    check_needed(PW_W, PW_WP, PW_WRITE | PW_USER, PW_WRITE | PW_USER | PW_STACK,
                 PW_RIGHTS);
}

Test(hidden, users_write_needs_w_without_wp_too)
{
    check_needed(PW_W, 0, PW_WRITE | PW_USER, PW_WRITE | PW_USER | PW_STACK,
                 PW_RIGHTS);
}

Test(hidden, supervisors_write_needs_w_with_wp)
{
    check_needed(PW_W, PW_WP, PW_WRITE, PW_WRITE | PW_STACK, PW_RIGHTS);
}

Test(hidden, supervisors_write_needs_no_w_without_wp)
{
    check_needed(PW_W, 0, PW_WRITE, PW_WRITE | PW_STACK, PW_OK);
}

Test(hidden, reading_needs_no_w)
{
    check_needed(PW_W, PW_WP, PW_READ | PW_USER, PW_READ, PW_OK);
}

Test(hidden, fetching_needs_no_w)
{
    check_needed(PW_W, PW_WP, PW_EXECUTE | PW_USER, PW_EXECUTE, PW_OK);
}

Test(hidden, every_combination_of_rights_is_judged)
{
    for (uint32_t flags = 0; flags <= PW_WP; flags++) {
        const struct path p = new_path(PW_TWO_LEVEL, flags, 0x00C01000, 0x7000);
        for (unsigned bits = 0; bits < 64; bits++) {
            const uint64_t upper = bits & 7, lower = bits >> 3;
            for
                EACH_KIND(k)
                {
                    const uint32_t access = kinds[k].access;
                    const bool user = (access & PW_USER) != 0;
                    const bool write = (access & PW_WRITE) != 0;
                    const uint64_t both = upper & lower;
                    int want = PW_OK;
                    if ((both & PW_P) == 0)
                        want = PW_NOT_PRESENT;
                    else if (user && (both & PW_U) == 0)
                        want = PW_RIGHTS;
                    else if (write && (both & PW_W) == 0 &&
                             (user || flags == PW_WP))
                        want = PW_RIGHTS;
                    set_bits(&p, 0, upper);
                    set_bits(&p, 1, lower);
                    check_context("upper entry 0x%llx, leaf 0x%llx, flags %u, "
                                  "access %u",
                                  (unsigned long long)upper,
                                  (unsigned long long)lower, flags, access);
                    check_walk(&p, access, want);
                    if (want == PW_OK)
                        continue;
                    check_fault(p.r, FAULT_PF,
                                kinds[k].code | (want == PW_RIGHTS ? 1u : 0),
                                p.va);
                }
        }
        end_path(&p);
    }
}

/* ---- What a walk tells -------------------------------------------------- */

Test(hidden, error_code_tells_the_access)
{
    const struct path p = new_path(PW_TWO_LEVEL, 0, 0x00C01000, 0x7000);
    set_bits(&p, 1, 0);
    for
        EACH_KIND(k)
        {
            check_context("access %u", kinds[k].access);
            check_walk(&p, kinds[k].access, PW_NOT_PRESENT);
            check_eq(p.r->fault.error_code, kinds[k].code);
        }
    end_path(&p);
}

Test(hidden, error_code_has_p_when_rights_are_missing)
{
    for
        EACH_FORMAT(i)
        {
            const struct path p =
                new_path(must_formats[i], PW_WP, 0xBFFFF000, 0x7000);
            set_bits(&p, p.leaf, PW_P);
            check_context("%s", format_name(p.format));
            check_walk(&p, PW_READ | PW_USER, PW_RIGHTS);
            check_eq(p.r->fault.error_code, PW_FAULT_P | PW_FAULT_U);
            check_walk(&p, PW_WRITE | PW_USER, PW_RIGHTS);
            check_eq(p.r->fault.error_code,
                     PW_FAULT_P | PW_FAULT_W | PW_FAULT_U);
            check_walk(&p, PW_WRITE, PW_RIGHTS);
            check_eq(p.r->fault.error_code, PW_FAULT_P | PW_FAULT_W);
            end_path(&p);
        }
}

Test(hidden, fault_is_a_page_fault_at_the_very_address)
{
    struct path p = new_path(PW_TWO_LEVEL, 0, 0xDEADBEEF, 0x7000);
    set_bits(&p, 1, 0);
    check_walk(&p, PW_READ, PW_NOT_PRESENT);
    check_eq(p.r->fault.vector, FAULT_PF);
    check_eq(p.r->fault.address, 0xDEADBEEF);
    set_bits(&p, 1, PW_P);
    check_walk(&p, PW_READ | PW_USER, PW_RIGHTS);
    check_eq(p.r->fault.vector, FAULT_PF);
    check_eq(p.r->fault.address, 0xDEADBEEF);
    end_path(&p);
}

Test(hidden, fault_leaves_the_rest_of_the_result_alone)
{
    const struct path p = new_path(PW_TWO_LEVEL, PW_WP, 0x1000, 0x7000);
    struct pw_result *const untouched = new_result();
    set_bits(&p, 1, PW_P);
    check_walk(&p, PW_WRITE | PW_USER, PW_RIGHTS);
    check_bytes(p.r, untouched, offsetof(struct pw_result, fault));
    set_bits(&p, 0, 0);
    check_walk(&p, PW_READ, PW_NOT_PRESENT);
    check_bytes(p.r, untouched, offsetof(struct pw_result, fault));
    end_path(&p);
}

Test(hidden, success_leaves_the_fault_alone)
{
    const struct path p = new_path(PW_TWO_LEVEL, 0, 0x1000, 0x7000);
    const struct mach_fault pattern = p.r->fault;
    check_walk(&p, PW_WRITE | PW_USER, PW_OK);
    check_bytes(&p.r->fault, &pattern, sizeof pattern);
    end_path(&p);
}

Test(hidden, result_describes_the_page)
{
    for
        EACH_FORMAT(i)
        {
            const struct path p =
                new_path(must_formats[i], 0, 0x01234ABC, 0x77000);
            check_context("%s", format_name(p.format));
            check_walk(&p, PW_WRITE, PW_OK);
            check_eq(p.r->pa, 0x77ABC);
            check_eq(p.r->page_bytes, 4096);
            check_eq(p.r->entry_pa, p.at[p.leaf]);
            check_eq(p.r->entry, 0x77067);
            check_eq(p.r->dirty, 1);
            check_eq(p.r->no_execute, 0);
            check_eq(p.r->reads, p.leaf + 1);
            end_path(&p);
        }
}

Test(hidden, rights_in_the_result_are_those_of_all_levels)
{
    for
        EACH_FORMAT(i)
        {
            const struct path p =
                new_path(must_formats[i], 0, 0x40000000, 0x77000);
            check_walk(&p, PW_READ, PW_OK);
            check_eq(p.r->writable, 1);
            check_eq(p.r->user, 1);
            for (unsigned l = 0; l <= p.leaf; l++) {
                check_context("%s, level %u", format_name(p.format), l);
                set_bits(&p, l, PW_P | PW_W);
                check_walk(&p, PW_READ, PW_OK);
                check_eq(p.r->writable, 1);
                check_eq(p.r->user, 0);
                set_bits(&p, l, PW_P | PW_U);
                check_walk(&p, PW_WRITE, PW_OK); /* without WP */
                check_eq(p.r->writable, 0);
                check_eq(p.r->user, 1);
                set_bits(&p, l, OPEN);
            }
            end_path(&p);
        }
}

Test(hidden, global_in_the_result_is_that_of_the_leaf)
{
    const struct path p = new_path(PW_TWO_LEVEL, 0, 0x40000000, 0x77000);
    set_bits(&p, 0, OPEN | PW_G);
    check_walk(&p, PW_READ, PW_OK);
    check_eq(p.r->global, 0);
    set_bits(&p, 0, OPEN);
    set_bits(&p, 1, OPEN | PW_G);
    check_walk(&p, PW_READ, PW_OK);
    check_eq(p.r->global, 1);
    end_path(&p);
}

Test(hidden, walk_refuses_an_access_that_is_none)
{
    static const uint32_t wrong[] = {PW_WRITE | PW_EXECUTE,
                                     PW_EXECUTE | PW_STACK,
                                     PW_EXECUTE | PW_STACK | PW_USER,
                                     PW_WRITE | PW_EXECUTE | PW_USER,
                                     16,
                                     0x80000000};
    const struct path p = new_path(PW_TWO_LEVEL, 0, 0x1000, 0x7000);
    struct pw_result *const untouched = new_result();
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        check_context("access 0x%x", wrong[i]);
        check_walk(&p, wrong[i], PW_BAD_ARGUMENT);
        check_bytes(p.r, untouched, sizeof *untouched);
    }
    check_eq(get_bits(&p, 1), OPEN);
    end_path(&p);
}

Test(hidden, address_of_33_bits_is_a_bad_argument)
{
    for
        EACH_FORMAT(i)
        {
            const struct path p = new_path(must_formats[i], 0, 0x1000, 0x7000);
            struct pw_leaf *const leaf = arena_object(struct pw_leaf);
            struct pw_result *const untouched = new_result();
            const struct pw_leaf none = {0};
            static const uint64_t far[] = {UINT64_C(0x100000000),
                                           UINT64_C(0x100001000),
                                           UINT64_C(0x8000000000001000)};
            for (unsigned k = 0; k < 3; k++) {
                check_context("%s, 0x%llx", format_name(p.format),
                              (unsigned long long)far[k]);
                check_status(pw_walk(p.space, far[k], PW_READ, p.r),
                             PW_BAD_ARGUMENT);
                check_status(pw_entry(p.space, far[k], leaf), PW_BAD_ARGUMENT);
                check_status(pw_next(p.space, far[k], leaf), PW_BAD_ARGUMENT);
            }
            check_bytes(p.r, untouched, sizeof *untouched);
            check_bytes(leaf, &none, sizeof none);
            end_path(&p);
        }
}

Test(hidden, stack_does_not_matter_below_4_gib)
{
    const struct path p = new_path(PW_TWO_LEVEL, PW_WP, 0x1000, 0x7000);
    check_walk(&p, PW_WRITE | PW_USER | PW_STACK, PW_OK);
    set_bits(&p, 1, PW_P | PW_U);
    check_walk(&p, PW_WRITE | PW_STACK, PW_RIGHTS);
    check_fault(p.r, FAULT_PF, 3, 0x1000);
    set_bits(&p, 1, 0);
    check_walk(&p, PW_READ | PW_USER | PW_STACK, PW_NOT_PRESENT);
    check_fault(p.r, FAULT_PF, 4, 0x1000);
    end_path(&p);
}

/* ---- What a walk leaves ------------------------------------------------- */

Test(hidden, accessed_is_set_at_every_level)
{
    for
        EACH_FORMAT(i)
        {
            const struct path p =
                new_path(must_formats[i], 0, 0x00405000, 0x7000);
        for
            EACH_KIND(k)
            {
                check_context("%s, access %u", format_name(p.format),
                              kinds[k].access);
                for (unsigned l = 0; l <= p.leaf; l++)
                    set_bits(&p, l, OPEN);
                check_walk(&p, kinds[k].access, PW_OK);
                for (unsigned l = 0; l <= p.leaf; l++)
                    check_eq(get_bits(&p, l) & PW_A, PW_A);
            }
        end_path(&p);
        }
}

Test(hidden, write_makes_the_leaf_dirty_and_no_table)
{
    for
        EACH_FORMAT(i)
        {
            const struct path p =
                new_path(must_formats[i], 0, 0x00405000, 0x7000);
            check_context("%s", format_name(p.format));
            check_walk(&p, PW_WRITE | PW_USER, PW_OK);
            for (unsigned l = 0; l < p.leaf; l++)
                check_eq(get_bits(&p, l), OPEN | PW_A);
            check_eq(get_bits(&p, p.leaf), OPEN | PW_A | PW_D);
            end_path(&p);
        }
}

Test(hidden, reading_and_fetching_leave_dirty_as_it_is)
{
    const struct path p = new_path(PW_TWO_LEVEL, 0, 0x00405000, 0x7000);
    check_walk(&p, PW_READ, PW_OK);
    check_eq(p.r->dirty, 0);
    check_walk(&p, PW_EXECUTE | PW_USER, PW_OK);
    check_eq(p.r->dirty, 0);
    check_eq(get_bits(&p, 1), OPEN | PW_A);
    set_bits(&p, 1, OPEN | PW_D);
    check_walk(&p, PW_READ, PW_OK);
    check_eq(p.r->dirty, 1);
    check_eq(get_bits(&p, 1), OPEN | PW_A | PW_D);
    end_path(&p);
}

Test(hidden, marks_change_no_other_bit)
{
    const struct path p = new_path(PW_TWO_LEVEL, 0, 0x00405000, 0x7000);
    const uint64_t others[] = {0xF9F & ~(PW_P | PW_W | PW_U), 0x018, 0xE00};
    for (unsigned i = 0; i < 3; i++) {
        set_bits(&p, 0, OPEN | others[i]);
        set_bits(&p, 1, OPEN | others[i]);
        check_walk(&p, PW_WRITE, PW_OK);
        check_eq(get_bits(&p, 0), OPEN | others[i] | PW_A);
        check_eq(get_bits(&p, 1), OPEN | others[i] | PW_A | PW_D);
    }
    end_path(&p);
}

Test(hidden, neighbours_of_an_entry_are_not_written)
{
    for (unsigned i = 0; i < 2; i++) {
        const struct path p = new_path(must_formats[i], 0, 0x00405000, 0x7000);
        for (unsigned l = 0; l <= p.leaf; l++) {
            poke_entry(p.mach, p.format, p.at[l] - 4, 0x5AA5A5A4);
            poke_entry(p.mach, p.format, p.at[l] + 4, 0xA55A5A5A);
        }
        check_walk(&p, PW_WRITE, PW_OK);
        for (unsigned l = 0; l <= p.leaf; l++) {
            check_eq(peek_entry(p.mach, p.format, p.at[l] - 4), 0x5AA5A5A4);
            check_eq(peek_entry(p.mach, p.format, p.at[l] + 4), 0xA55A5A5A);
            poke_entry(p.mach, p.format, p.at[l] - 4, 0);
            poke_entry(p.mach, p.format, p.at[l] + 4, 0);
        }
        end_path(&p);
    }
}

Test(hidden, fault_leaves_the_leaf_as_it_was)
{
    for
        EACH_FORMAT(i)
        {
            const struct path p =
                new_path(must_formats[i], PW_WP, 0x00405000, 0x7000);
            static const uint64_t leaves[] = {PW_P, PW_P | PW_U,
                                              PW_P | PW_U | PW_D, PW_W | PW_U};
            for (unsigned k = 0; k < 4; k++) {
                set_bits(&p, p.leaf, leaves[k]);
                check_context("%s, leaf 0x%llx", format_name(p.format),
                              (unsigned long long)leaves[k]);
                check(pw_walk(p.space, p.va, PW_WRITE | PW_USER, p.r) != PW_OK,
                      "the write was allowed");
                check_eq(get_bits(&p, p.leaf), leaves[k]);
            }
            end_path(&p);
        }
}

Test(hidden, fault_above_the_leaf_leaves_it_too)
{
    const struct path p = new_path(PW_TWO_LEVEL, 0, 0x00405000, 0x7000);
    set_bits(&p, 0, PW_P | PW_W);
    check_walk(&p, PW_WRITE | PW_USER, PW_RIGHTS);
    check_eq(get_bits(&p, 1), OPEN);
    check_eq(get_bits(&p, 0) & PW_D, 0);
    end_path(&p);
}

Test(hidden, each_entry_is_read_once)
{
    for
        EACH_FORMAT(i)
        {
            const struct path p =
                new_path(must_formats[i], PW_WP, 0x00405000, 0x7000);
            check_context("%s", format_name(p.format));
            for (unsigned k = 0; k < 3;
                 k++) { /* marks: to set, some, all set */
                const uint64_t reads = mach_counts(p.mach).reads;
                check_walk(&p, k == 0 ? PW_READ : PW_WRITE, PW_OK);
                check_eq(mach_counts(p.mach).reads - reads, p.leaf + 1);
            }
            set_bits(&p, p.leaf, PW_P);
            const uint64_t reads = mach_counts(p.mach).reads;
            check_walk(&p, PW_WRITE | PW_USER, PW_RIGHTS);
            check_eq(mach_counts(p.mach).reads - reads, p.leaf + 1);
            end_path(&p);
        }
}

Test(hidden, marks_that_are_set_are_not_written_again)
{
    for
        EACH_FORMAT(i)
        {
            const struct path p =
                new_path(must_formats[i], 0, 0x00405000, 0x7000);
            check_context("%s", format_name(p.format));
            uint64_t writes = mach_counts(p.mach).writes;
            check_walk(&p, PW_READ, PW_OK);
            check_eq(mach_counts(p.mach).writes - writes, p.leaf + 1);
            writes = mach_counts(p.mach).writes;
            check_walk(&p, PW_READ | PW_USER, PW_OK);
            check_eq(mach_counts(p.mach).writes - writes, 0);
            check_walk(&p, PW_WRITE, PW_OK);
            check_eq(mach_counts(p.mach).writes - writes, 1);
            check_walk(&p, PW_WRITE | PW_USER, PW_OK);
            check_eq(mach_counts(p.mach).writes - writes, 1);
            end_path(&p);
        }
}
