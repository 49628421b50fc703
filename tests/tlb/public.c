/* public.c - tests that a student sees and runs.  They carry no points. */
#include "tlb_help.h"

TestSuite(public, .init = vmlab_begin, .fini = vmlab_end, .timeout = 60);

Test(public, inserted_entry_is_found)
{
    struct tlb *const tlb = new_tlb(4, 2, TLB_LRU);
    check_absent(tlb, 1, 0x00005123);
    put(tlb, 1, 0x00005000, 0x00021000);
    check_cached(tlb, 1, 0x00005123, 0x00021123);
    check_absent(tlb, 1, 0x00006000);
    check_status(tlb_destroy(tlb), TLB_OK);
}

Test(public, pages_of_one_set_evict_each_other)
{
    struct tlb *const tlb = new_tlb(4, 1, TLB_LRU);
    put(tlb, 1, 0x00005000, 0x00021000);
    put(tlb, 1, 0x00006000, 0x00022000);
    put(tlb, 1, 0x00009000, 0x00023000);
    check_absent(tlb, 1, 0x00005000);
    check_cached(tlb, 1, 0x00006000, 0x00022000);
    check_cached(tlb, 1, 0x00009000, 0x00023000);
    check_status(tlb_destroy(tlb), TLB_OK);
}

Test(public, inserted_again_is_replaced)
{
    struct tlb *const tlb = new_tlb(1, 2, TLB_LRU);
    put(tlb, 1, 0x00005000, 0x00021000);
    put(tlb, 1, 0x00005000, 0x00037000);
    check_cached(tlb, 1, 0x00005000, 0x00037000);
    check_stats(tlb, .evictions = 0);
    check_status(tlb_destroy(tlb), TLB_OK);
}

Test(public, second_access_reads_no_table)
{
    struct world w = new_world(4, 2);
    map(w.space, BASE, 0x9000, RW);
    check_miss(&w, 1, BASE + 0x123, PW_READ, 0x9123);
    check_hit(&w, 1, BASE + 0xFFF, PW_READ, 0x9FFF);
    check_stats(w.tlb, .hits = 1, .misses = 1);
    end_world(&w);
}

Test(public, write_sets_dirty_in_the_table_once)
{
    struct world w = new_world(4, 2);
    map(w.space, BASE, 0x9000, RW);
    check_miss(&w, 1, BASE, PW_READ, 0x9000);
    check_dirty_walk(&w, 1, BASE + 4, PW_WRITE, 0x9004);
    check_eq(leaf_of(w.space, BASE) & PW_D, PW_D);
    check_hit(&w, 1, BASE + 8, PW_WRITE, 0x9008);
    end_world(&w);
}

Test(public, fault_is_reported_each_time)
{
    struct world w = new_world(4, 2);
    for (int i = 0; i < 2; i++)
        access_once(&w, 1, BASE + 0x10, PW_READ, .status = TLB_FAULT,
                    .reads = 1, .walk = PW_NOT_PRESENT, .error_code = 0);
    check_stats(w.tlb, .misses = 2, .faults = 2);
    end_world(&w);
}

Test(public, invalidated_page_is_walked_again)
{
    struct world w = new_world(4, 2);
    map(w.space, BASE, 0x9000, RW);
    check_miss(&w, 1, BASE, PW_READ, 0x9000);
    check_status(tlb_invalidate(w.tlb, 1, BASE + 0x800), TLB_OK);
    check_miss(&w, 1, BASE, PW_READ, 0x9000);
    end_world(&w);
}

Test(public, switch_without_ids_keeps_global_entries)
{
    struct tlb *const tlb = new_tlb(4, 2, TLB_LRU);
    put(tlb, 1, 0x00005000, 0x00021000);
    put_global(tlb, 1, 0xC0006000, 0x00022000);
    check_status(tlb_switch(tlb, 2, TLB_NO_IDS), TLB_OK);
    check_absent(tlb, 1, 0x00005000);
    check_cached(tlb, 2, 0xC0006000, 0x00022000);
    check_status(tlb_destroy(tlb), TLB_OK);
}

Test(public, lost_right_needs_an_invalidation)
{
    struct tlb_change *const change = arena_object(struct tlb_change);
    uint32_t *const action = arena_object(uint32_t);
    *change = (struct tlb_change){TLB_LEAF, 0, 0x9067, 0x9065};
    check_status(tlb_needed(change, action), TLB_OK);
    check_eq(*action, TLB_DO_PAGE);
    *change = (struct tlb_change){TLB_LEAF, 0, 0x9065, 0x9067};
    check_status(tlb_needed(change, action), TLB_OK);
    check_eq(*action, TLB_DO_NOTHING);
}

Test(public, time_of_a_hundred_accesses)
{
    struct tlb_stats *const stats = arena_object(struct tlb_stats);
    struct tlb_costs *const costs = arena_object(struct tlb_costs);
    uint64_t *const total = arena_object(uint64_t);
    *stats = (struct tlb_stats){.hits = 98, .misses = 2};
    *costs = (struct tlb_costs){.lookup = 1, .memory = 100, .walk_reads = 2};
    check_status(tlb_time(stats, costs, total), TLB_OK);
    check_eq(*total, 10500);
}
