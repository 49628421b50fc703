/* hidden_translate.c - accesses: when the tables are read, and what is kept of
 * what they say. */
#include "tlb_help.h"

/* ---- Hit and miss -------------------------------------------------------- */

Test(hidden, miss_walks_and_hit_does_not)
{
    struct world w = new_world(8, 2);
    for (uint64_t i = 0; i < 16; i++)
        map(w.space, BASE + i * PAGE, 0x00800000 + i * PAGE, RW);
    for (uint64_t i = 0; i < 16; i++)
        check_miss(&w, 1, BASE + i * PAGE, PW_READ | PW_USER,
                   0x00800000 + i * PAGE);
    for (uint64_t i = 0; i < 16; i++)
        check_hit(&w, 1, BASE + i * PAGE, PW_READ | PW_USER,
                  0x00800000 + i * PAGE);
    check_stats(w.tlb, .hits = 16, .misses = 16);
    end_world(&w);
}

Test(hidden, offset_is_added_by_hits_and_misses)
{
    struct world w = new_world(2, 2);
    map(w.space, 0x0804A000, 0x00033000, RW);
    check_miss(&w, 1, 0x0804ABCD, PW_READ, 0x00033BCD);
    check_hit(&w, 1, 0x0804A001, PW_READ, 0x00033001);
    check_hit(&w, 1, 0x0804AFFF, PW_READ, 0x00033FFF);
    check_hit(&w, 1, 0x0804A000, PW_READ, 0x00033000);
    end_world(&w);
}

Test(hidden, miss_costs_one_walk_in_every_format)
{
    static const struct {
        enum pw_format format;
        uint64_t reads;
    } formats[] = {{PW_FLAT, 1}, {PW_SEGMENTED, 2}, {PW_TWO_LEVEL, 2}};
    for (unsigned i = 0; i < 3; i++) {
        struct world w = new_world_of(formats[i].format, PW_WP, 4, 2);
        map(w.space, 0x0804A000, 0x00033000, RW);
        access_once(&w, 1, 0x0804A123, PW_READ, .reads = formats[i].reads,
                    .pa = 0x00033123, .hit = 0);
        check_hit(&w, 1, 0x0804A124, PW_READ, 0x00033124);
        access_once(&w, 1, 0x0804A125, PW_WRITE, .reads = formats[i].reads,
                    .pa = 0x00033125, .hit = 1);
        check_hit(&w, 1, 0x0804A126, PW_WRITE, 0x00033126);
        end_world(&w);
    }
}

Test(hidden, what_a_walk_finds_is_filled)
{
    for (unsigned bits = 0; bits < 16; bits++) {
        struct world w = new_world_of(PW_TWO_LEVEL, 0, 4, 2);
        const uint64_t rights = ((bits & 1) != 0 ? PW_W : 0) |
                                ((bits & 2) != 0 ? PW_U : 0) |
                                ((bits & 4) != 0 ? PW_G : 0);
        const uint32_t access = (bits & 8) != 0 ? PW_WRITE : PW_READ;
        map(w.space, 0x0804A000, 0x00033000, rights);
        check_miss(&w, 6, 0x0804A123, access, 0x00033123);
        struct tlb_entry *const e = arena_entry();
        check_status(tlb_probe(w.tlb, 6, 0x0804A000, e), TLB_OK);
        check_eq(e->asid, 6);
        check_eq(e->va, 0x0804A000);
        check_eq(e->pa, 0x00033000);
        check_eq(e->page_bytes, PAGE);
        check_eq(e->writable, bits & 1);
        check_eq(e->user, bits >> 1 & 1);
        check_eq(e->no_execute, 0);
        check_eq(e->global, bits >> 2 & 1);
        check_eq(e->dirty, bits >> 3 & 1);
        end_world(&w);
    }
}

Test(hidden, inserted_entry_serves_an_access)
{
    struct world w = new_world(4, 2);
    put(w.tlb, 1, 0x0804A000, 0x00033000);
    check_hit(&w, 1, 0x0804A800, PW_WRITE | PW_USER, 0x00033800);
    check_stats(w.tlb, .hits = 1);
    end_world(&w);
}

Test(hidden, spaces_with_different_ids_do_not_mix)
{
    struct world w = new_world(4, 2);
    struct space *const other = new_space(w.mach, PW_TWO_LEVEL, PW_WP);
    map(w.space, BASE, 0x00011000, RW);
    map(other, BASE, 0x00022000, RW);
    check_miss(&w, 1, BASE + 1, PW_READ, 0x00011001);
    access_in(&w, other, 2, BASE + 1, PW_READ, .reads = 2, .pa = 0x00022001);
    check_hit(&w, 1, BASE + 2, PW_READ, 0x00011002);
    access_in(&w, other, 2, BASE + 2, PW_READ, .reads = 0, .pa = 0x00022002,
              .hit = 1);
    check_status(pw_destroy(other), PW_OK);
    end_world(&w);
}

Test(hidden, id_of_an_access_is_its_argument)
{
    struct world w = new_world(4, 2);
    map(w.space, BASE, 0x00011000, RW);
    check_status(tlb_switch(w.tlb, 2, TLB_SAME_ID), TLB_OK);
    check_miss(&w, 1, BASE, PW_READ, 0x00011000);
    check_status(tlb_switch(w.tlb, 3, TLB_SAME_ID), TLB_OK);
    check_hit(&w, 1, BASE, PW_READ, 0x00011000);
    check_miss(&w, 3, BASE, PW_READ, 0x00011000);
    end_world(&w);
}

Test(hidden, global_page_is_walked_once_for_all_ids)
{
    struct world w = new_world(4, 2);
    map(w.space, 0xC0105000, 0x00011000, PW_W | PW_G);
    check_miss(&w, 1, 0xC0105000, PW_WRITE, 0x00011000);
    check_hit(&w, 2, 0xC0105004, PW_READ, 0x00011004);
    check_hit(&w, 3, 0xC0105008, PW_WRITE, 0x00011008);
    check_stats(w.tlb, .hits = 2, .misses = 1);
    end_world(&w);
}

/* A leaf that nobody has said anything about. */
Test(hidden, hit_believes_its_entry)
{
    struct world w = new_world(4, 2);
    map(w.space, BASE, 0x00011000, RW);
    check_miss(&w, 1, BASE, PW_WRITE, 0x00011000);
    check_status(pw_protect(w.space, BASE, PAGE, 0), PW_OK);
    check_hit(&w, 1, BASE, PW_WRITE | PW_USER, 0x00011000);
    check_status(pw_unmap(w.space, BASE, PAGE), PW_OK);
    check_hit(&w, 1, BASE, PW_READ, 0x00011000);
    end_world(&w);
}

Test(hidden, every_allowed_access_can_hit)
{
    static const uint32_t accesses[] = {
        PW_READ,
        PW_WRITE,
        PW_EXECUTE,
        PW_READ | PW_USER,
        PW_WRITE | PW_USER,
        PW_EXECUTE | PW_USER,
        PW_READ | PW_STACK,
        PW_WRITE | PW_STACK,
        PW_WRITE | PW_STACK | PW_USER,
    };
    struct world w = new_world(4, 2);
    map(w.space, BASE, 0x00011000, RW);
    check_miss(&w, 1, BASE, PW_WRITE, 0x00011000);
    for (unsigned i = 0; i < sizeof accesses / sizeof *accesses; i++)
        check_hit(&w, 1, BASE + i, accesses[i], 0x00011000 + i);
    end_world(&w);
}

Test(hidden, access_that_does_not_exist_changes_nothing)
{
    static const uint32_t accesses[] = {
        PW_WRITE | PW_EXECUTE, PW_EXECUTE | PW_STACK, 16,
        PW_USER | 0x80000000,  PW_READ | 64,
    };
    struct world w = new_world(1, 1);
    map(w.space, BASE, 0x00011000, RW);
    map(w.space, BASE + PAGE, 0x00012000, RW);
    check_miss(&w, 1, BASE, PW_WRITE, 0x00011000);
    const uint64_t before = mach_counts(w.mach).reads;
    for (unsigned i = 0; i < sizeof accesses / sizeof *accesses; i++) {
        *w.r = untouched;
        check_status(tlb_translate(w.tlb, w.space, 1, BASE, accesses[i], w.r),
                     TLB_BAD_ARGUMENT);
        check_status(
            tlb_translate(w.tlb, w.space, 1, BASE + PAGE, accesses[i], w.r),
            TLB_BAD_ARGUMENT);
        check_bytes(w.r, &untouched, sizeof untouched);
    }
    check_eq(mach_counts(w.mach).reads, before);
    check_stats(w.tlb, .misses = 1);
    check_cached(w.tlb, 1, BASE, 0x00011000);
    end_world(&w);
}

/* ---- Faults -------------------------------------------------------------- */

Test(hidden, fault_of_the_walk_is_handed_over)
{
    struct world w = new_world(4, 2);
    map(w.space, BASE, 0x00011000, 0);
    access_once(&w, 1, BASE + 0x1234, PW_WRITE | PW_USER, .status = TLB_FAULT,
                .reads = 2, .walk = PW_NOT_PRESENT,
                .error_code = PW_FAULT_W | PW_FAULT_U);
    access_once(&w, 1, BASE + 0x234, PW_READ | PW_USER, .status = TLB_FAULT,
                .reads = 2, .walk = PW_RIGHTS,
                .error_code = PW_FAULT_P | PW_FAULT_U);
    access_once(&w, 1, 0x7FFF0000, PW_READ, .status = TLB_FAULT, .reads = 1,
                .walk = PW_NOT_PRESENT, .error_code = 0);
    check_stats(w.tlb, .misses = 3, .faults = 3);
    end_world(&w);
}

Test(hidden, absent_page_is_not_remembered)
{
    struct world w = new_world(4, 2);
    map(w.space, BASE, 0x00011000, RW);
    for (int i = 0; i < 2; i++)
        access_once(&w, 1, BASE + PAGE, PW_READ, .status = TLB_FAULT,
                    .reads = 2, .walk = PW_NOT_PRESENT, .error_code = 0);
    check_absent(w.tlb, 1, BASE + PAGE);
    map(w.space, BASE + PAGE, 0x00012000, RW);
    check_miss(&w, 1, BASE + PAGE, PW_READ, 0x00012000);
    end_world(&w);
}

Test(hidden, refused_access_is_not_remembered)
{
    struct world w = new_world(4, 2);
    map(w.space, BASE, 0x00011000, PW_W);
    for (int i = 0; i < 2; i++)
        access_once(&w, 1, BASE, PW_READ | PW_USER, .status = TLB_FAULT,
                    .reads = 2, .walk = PW_RIGHTS,
                    .error_code = PW_FAULT_P | PW_FAULT_U);
    check_absent(w.tlb, 1, BASE);
    check_miss(&w, 1, BASE, PW_READ, 0x00011000);
    end_world(&w);
}

Test(hidden, fault_evicts_nothing)
{
    struct world w = new_world(1, 2);
    map(w.space, BASE, 0x00011000, RW);
    map(w.space, BASE + PAGE, 0x00012000, RW);
    check_miss(&w, 1, BASE, PW_READ, 0x00011000);
    check_miss(&w, 1, BASE + PAGE, PW_READ, 0x00012000);
    access_once(&w, 1, BASE + 2 * PAGE, PW_READ, .status = TLB_FAULT,
                .reads = 2, .walk = PW_NOT_PRESENT, .error_code = 0);
    check_cached(w.tlb, 1, BASE, 0x00011000);
    check_cached(w.tlb, 1, BASE + PAGE, 0x00012000);
    check_stats(w.tlb, .misses = 3, .faults = 1, .evictions = 0);
    end_world(&w);
}

/* ---- Rights -------------------------------------------------------------- */

Test(hidden, page_of_the_supervisor_is_not_the_users)
{
    struct world w = new_world(4, 2);
    map(w.space, BASE, 0x00011000, PW_W);
    check_miss(&w, 1, BASE, PW_WRITE, 0x00011000);
    access_once(&w, 1, BASE, PW_READ | PW_USER, .status = TLB_FAULT, .reads = 2,
                .walk = PW_RIGHTS, .error_code = PW_FAULT_P | PW_FAULT_U);
    check_stats(w.tlb, .misses = 2, .faults = 1);
    end_world(&w);
}

Test(hidden, page_of_the_user_is_the_supervisors_too)
{
    struct world w = new_world(4, 2);
    map(w.space, BASE, 0x00011000, RW);
    check_miss(&w, 1, BASE, PW_WRITE | PW_USER, 0x00011000);
    check_hit(&w, 1, BASE, PW_WRITE, 0x00011000);
    check_hit(&w, 1, BASE, PW_EXECUTE, 0x00011000);
    end_world(&w);
}

Test(hidden, cached_page_does_not_become_writable)
{
    struct world w = new_world(4, 2);
    map(w.space, BASE, 0x00011000, PW_U);
    check_miss(&w, 1, BASE, PW_READ | PW_USER, 0x00011000);
    access_once(&w, 1, BASE, PW_WRITE | PW_USER, .status = TLB_FAULT,
                .reads = 2, .walk = PW_RIGHTS,
                .error_code = PW_FAULT_P | PW_FAULT_W | PW_FAULT_U);
    check_eq(leaf_of(w.space, BASE) & PW_D, 0);
    check_stats(w.tlb, .misses = 2, .faults = 1);
    end_world(&w);
}

Test(hidden, right_that_the_table_gives_by_now_is_found)
{
    struct world w = new_world(4, 2);
    map(w.space, BASE, 0x00011000, PW_U);
    check_miss(&w, 1, BASE, PW_READ | PW_USER, 0x00011000);
    check_status(pw_protect(w.space, BASE, PAGE, RW), PW_OK);
    check_miss(&w, 1, BASE, PW_WRITE | PW_USER, 0x00011000);
    check_hit(&w, 1, BASE, PW_WRITE | PW_USER, 0x00011000);
    check_stats(w.tlb, .hits = 1, .misses = 2, .evictions = 0);
    end_world(&w);
}

Test(hidden, entry_that_does_not_suffice_is_dropped)
{
    struct world w = new_world(4, 2);
    map(w.space, BASE, 0x00011000, PW_U);
    check_miss(&w, 1, BASE, PW_READ, 0x00011000);
    access_once(&w, 1, BASE, PW_WRITE, .status = TLB_FAULT, .reads = 2,
                .walk = PW_RIGHTS, .error_code = PW_FAULT_P | PW_FAULT_W);
    check_absent(w.tlb, 1, BASE);
    check_miss(&w, 1, BASE, PW_READ, 0x00011000);
    end_world(&w);
}

Test(hidden, supervisor_writes_need_a_writable_entry_too)
{
    struct world w = new_world_of(PW_TWO_LEVEL, 0, 4, 2);
    map(w.space, BASE, 0x00011000, PW_U);
    check_miss(&w, 1, BASE, PW_READ, 0x00011000);
    check_miss(&w, 1, BASE, PW_WRITE, 0x00011000);
    check_miss(&w, 1, BASE, PW_WRITE, 0x00011000);
    check_hit(&w, 1, BASE, PW_READ | PW_USER, 0x00011000);
    check_stats(w.tlb, .hits = 1, .misses = 3, .dirty_walks = 0);
    end_world(&w);
}

Test(hidden, fetch_needs_an_entry_without_no_execute)
{
    struct world w = new_world(4, 2);
    map(w.space, BASE, 0x00011000, RW);
    struct tlb_entry e = entry_of(1, BASE, 0x00011000);
    e.no_execute = 1;
    check_status(insert(w.tlb, e), TLB_OK);
    check_hit(&w, 1, BASE, PW_READ | PW_USER, 0x00011000);
    check_hit(&w, 1, BASE, PW_WRITE | PW_USER, 0x00011000);
    check_miss(&w, 1, BASE, PW_EXECUTE | PW_USER, 0x00011000);
    check_hit(&w, 1, BASE, PW_EXECUTE | PW_USER, 0x00011000);
    end_world(&w);
}

/* ---- Dirty --------------------------------------------------------------- */

Test(hidden, first_write_to_a_clean_entry_reaches_the_table)
{
    struct world w = new_world(4, 2);
    map(w.space, BASE, 0x00011000, RW);
    check_miss(&w, 1, BASE, PW_READ, 0x00011000);
    check_eq(leaf_of(w.space, BASE) & (PW_A | PW_D), PW_A);
    check_dirty_walk(&w, 1, BASE + 4, PW_WRITE, 0x00011004);
    check_eq(leaf_of(w.space, BASE) & (PW_A | PW_D), PW_A | PW_D);
    check_stats(w.tlb, .hits = 1, .misses = 1, .dirty_walks = 1);
    end_world(&w);
}

Test(hidden, writes_after_the_first_need_no_table)
{
    struct world w = new_world(4, 2);
    map(w.space, BASE, 0x00011000, RW);
    check_miss(&w, 1, BASE, PW_READ, 0x00011000);
    check_dirty_walk(&w, 1, BASE, PW_WRITE | PW_USER, 0x00011000);
    check_hit(&w, 1, BASE + 8, PW_WRITE | PW_USER, 0x00011008);
    check_hit(&w, 1, BASE + 9, PW_WRITE, 0x00011009);
    check_stats(w.tlb, .hits = 3, .misses = 1, .dirty_walks = 1);
    end_world(&w);
}

Test(hidden, entry_filled_by_a_write_is_dirty)
{
    struct world w = new_world(4, 2);
    map(w.space, BASE, 0x00011000, RW);
    check_miss(&w, 1, BASE, PW_WRITE, 0x00011000);
    check_hit(&w, 1, BASE, PW_WRITE, 0x00011000);
    check_stats(w.tlb, .hits = 1, .misses = 1, .dirty_walks = 0);
    end_world(&w);
}

Test(hidden, entry_filled_by_a_read_is_as_dirty_as_the_page)
{
    struct world w = new_world(4, 2);
    map(w.space, BASE, 0x00011000, RW);
    check_miss(&w, 1, BASE, PW_WRITE, 0x00011000);
    check_status(tlb_flush(w.tlb, TLB_ALL, 0), TLB_OK);
    check_miss(&w, 1, BASE, PW_READ, 0x00011000);
    check_hit(&w, 1, BASE, PW_WRITE, 0x00011000);
    end_world(&w);
}

Test(hidden, dirty_walk_takes_what_the_table_says_now)
{
    struct world w = new_world(4, 2);
    map(w.space, BASE, 0x00011000, RW);
    check_miss(&w, 1, BASE, PW_READ, 0x00011000);
    check_status(pw_unmap(w.space, BASE, PAGE), PW_OK);
    map(w.space, BASE, 0x00055000, RW);
    check_dirty_walk(&w, 1, BASE + 4, PW_WRITE, 0x00055004);
    check_hit(&w, 1, BASE + 4, PW_READ, 0x00055004);
    end_world(&w);
}

Test(hidden, dirty_walk_that_faults_drops_the_entry)
{
    struct world w = new_world(4, 2);
    map(w.space, BASE, 0x00011000, RW);
    map(w.space, BASE + PAGE, 0x00012000, RW);
    check_miss(&w, 1, BASE, PW_READ, 0x00011000);
    check_status(pw_protect(w.space, BASE, PAGE, PW_U), PW_OK);
    access_once(&w, 1, BASE, PW_WRITE, .status = TLB_FAULT, .reads = 2,
                .walk = PW_RIGHTS, .error_code = PW_FAULT_P | PW_FAULT_W);
    check_absent(w.tlb, 1, BASE);
    check_stats(w.tlb, .hits = 1, .misses = 1, .dirty_walks = 1, .faults = 1);
    end_world(&w);
}

Test(hidden, dirty_walk_evicts_nothing)
{
    struct world w = new_world(1, 2);
    map(w.space, BASE, 0x00011000, RW);
    map(w.space, BASE + PAGE, 0x00012000, RW);
    check_miss(&w, 1, BASE, PW_READ, 0x00011000);
    check_miss(&w, 1, BASE + PAGE, PW_READ, 0x00012000);
    check_dirty_walk(&w, 1, BASE, PW_WRITE, 0x00011000);
    check_dirty_walk(&w, 1, BASE + PAGE, PW_WRITE, 0x00012000);
    check_hit(&w, 1, BASE, PW_WRITE, 0x00011000);
    check_hit(&w, 1, BASE + PAGE, PW_WRITE, 0x00012000);
    check_stats(w.tlb, .hits = 4, .misses = 2, .dirty_walks = 2,
                .evictions = 0);
    end_world(&w);
}

/* ---- Counting ------------------------------------------------------------ */

Test(hidden, counts_are_of_translations)
{
    struct world w = new_world(4, 2);
    check_stats(w.tlb, 0);
    map(w.space, BASE, 0x00011000, RW);
    map(w.space, BASE + PAGE, 0x00012000, PW_U);
    check_miss(&w, 1, BASE, PW_READ, 0x00011000);
    check_stats(w.tlb, .misses = 1);
    check_hit(&w, 1, BASE, PW_READ, 0x00011000);
    check_stats(w.tlb, .hits = 1, .misses = 1);
    check_miss(&w, 1, BASE + PAGE, PW_READ, 0x00012000);
    check_hit(&w, 1, BASE + PAGE, PW_READ, 0x00012000);
    check_cached(w.tlb, 1, BASE, 0x00011000);
    check_absent(w.tlb, 1, BASE + 5 * PAGE);
    put(w.tlb, 1, BASE + 3 * PAGE, 0x00077000);
    check_status(tlb_invalidate(w.tlb, 1, BASE), TLB_OK);
    check_status(tlb_switch(w.tlb, 1, TLB_NO_IDS), TLB_OK);
    check_stats(w.tlb, .hits = 2, .misses = 2);
    end_world(&w);
}
