/* hidden_bonus.c - tree pseudo-LRU, large pages, four levels. */
#include "tlb_help.h"

/* ---- The tree ------------------------------------------------------------ */

/* Page number n, in a TLB of one set. */
static uint64_t
nth(uint64_t n)
{
    return BASE + n * PAGE;
}

static void
fill_ways(struct tlb *tlb, uint64_t ways)
{
    for (uint64_t n = 0; n < ways; n++)
        put(tlb, 1, nth(n), n << 12);
}

/* Inserts page `n` and wants page `victim` to be the only one that goes. */
static void
check_victim(struct tlb *tlb, uint64_t n, uint64_t victim)
{
    check_context("page %u is inserted, page %u must go", (unsigned)n,
                  (unsigned)victim);
    check_cached(tlb, 1, nth(victim), victim << 12);
    put(tlb, 1, nth(n), n << 12);
    check_absent(tlb, 1, nth(victim));
    check_cached(tlb, 1, nth(n), n << 12);
    check_context("%s", "");
}

/* A hit of page `n`; the space has no pages, so that nothing else could be. */
static void
touch_page(struct tlb *tlb, uint64_t n)
{
    static struct world w;
    if (w.mach == NULL) {
        w.mach = test_machine(4);
        w.space = new_space(w.mach, PW_TWO_LEVEL, 0);
        w.r = arena_object(struct tlb_result);
    }
    w.tlb = tlb;
    check_hit(&w, 1, nth(n), PW_READ, n << 12);
}

Test(hidden, tree_points_to_the_victim)
{
    struct tlb *const tlb = new_tlb(1, 4, TLB_PLRU);
    fill_ways(tlb, 4);
    check_victim(tlb, 4, 0);
    check_victim(tlb, 5, 2);
    check_victim(tlb, 6, 1);
    check_victim(tlb, 7, 3);
    check_stats(tlb, .evictions = 4);
    check_status(tlb_destroy(tlb), TLB_OK);
}

/* After hits of 2, 3 and 0 the least recent is 1, but the tree only knows that
 * the lower half was used last. */
Test(hidden, tree_forgets_what_true_lru_knows)
{
    struct tlb *const tlb = new_tlb(1, 4, TLB_PLRU);
    fill_ways(tlb, 4);
    touch_page(tlb, 2);
    touch_page(tlb, 3);
    touch_page(tlb, 0);
    check_victim(tlb, 8, 2);
    check_cached(tlb, 1, nth(1), 1 << 12);
    check_status(tlb_destroy(tlb), TLB_OK);
}

Test(hidden, touch_turns_the_bits_on_its_way_alone)
{
    for (uint64_t touched = 0; touched < 8; touched++) {
        struct tlb *const tlb = new_tlb(1, 8, TLB_PLRU);
        /* Filling 0 to 7 leaves every bit 0. */
        static const uint64_t next[] = {4, 4, 4, 4, 0, 0, 0, 0};
        fill_ways(tlb, 8);
        touch_page(tlb, touched);
        check_victim(tlb, 20, next[touched]);
        check_status(tlb_destroy(tlb), TLB_OK);
    }
}

Test(hidden, free_ways_come_before_the_tree)
{
    struct tlb *const tlb = new_tlb(1, 4, TLB_PLRU);
    fill_ways(tlb, 4);
    check_status(tlb_invalidate(tlb, 1, nth(3)), TLB_OK);
    check_status(tlb_invalidate(tlb, 1, nth(1)), TLB_OK);
    put(tlb, 1, nth(9), 9 << 12); /* into way 1: points to the upper half */
    check_cached(tlb, 1, nth(0), 0);
    check_cached(tlb, 1, nth(2), 2 << 12);
    put(tlb, 1, nth(10), 10 << 12); /* into way 3 */
    check_stats(tlb, .evictions = 0);
    check_victim(tlb, 11, 0);
    check_victim(tlb, 12, 2);
    check_victim(tlb, 13, 9);
    check_victim(tlb, 14, 10);
    check_status(tlb_destroy(tlb), TLB_OK);
}

Test(hidden, drops_leave_the_tree)
{
    struct tlb *const tlb = new_tlb(1, 4, TLB_PLRU);
    fill_ways(tlb, 4);
    touch_page(tlb, 0); /* now the tree points to way 2 */
    check_status(tlb_invalidate(tlb, 1, nth(2)), TLB_OK);
    check_status(tlb_invalidate(tlb, 1, nth(3)), TLB_OK);
    put(tlb, 1, nth(12), 12 << 12); /* way 2: the tree points to 1 */
    put(tlb, 1, nth(13), 13 << 12); /* way 3: still to 1 */
    check_victim(tlb, 14, 1);
    check_status(tlb_flush(tlb, TLB_ALL, 0), TLB_OK);
    fill_ways(tlb, 4);
    check_victim(tlb, 15, 0);
    check_status(tlb_destroy(tlb), TLB_OK);

    /* So does a flush that leaves all but way 2. */
    struct tlb *const global = new_tlb(1, 4, TLB_PLRU);
    for (uint64_t n = 0; n < 4; n++) {
        if (n == 2)
            put(global, 1, nth(n), n << 12);
        else
            put_global(global, 1, nth(n), n << 12);
    }
    touch_page(global, 0);
    touch_page(global, 2); /* now the tree points to way 1 */
    check_status(tlb_flush(global, TLB_ALL_LOCAL, 0), TLB_OK);
    put(global, 1, nth(5), 5 << 12); /* way 2: still to 1 */
    check_victim(global, 6, 1);
    check_status(tlb_destroy(global), TLB_OK);
}

Test(hidden, tree_of_one_or_two_ways_is_lru)
{
    struct tlb *const one = new_tlb(1, 1, TLB_PLRU);
    fill_ways(one, 1);
    check_victim(one, 1, 0);
    check_victim(one, 2, 1);
    check_status(tlb_destroy(one), TLB_OK);
    struct tlb *const two = new_tlb(1, 2, TLB_PLRU);
    fill_ways(two, 2);
    touch_page(two, 0);
    check_victim(two, 2, 1);
    check_victim(two, 3, 0);
    check_status(tlb_destroy(two), TLB_OK);
}

Test(hidden, tree_of_64_ways_reaches_all)
{
    struct tlb *const tlb = new_tlb(1, 64, TLB_PLRU);
    fill_ways(tlb, 64);
    /* The victims are the numbers 0 to 63 with their six bits reversed. */
    for (uint64_t i = 0; i < 64; i++) {
        uint64_t victim = 0;
        for (unsigned bit = 0; bit < 6; bit++)
            victim |= (i >> bit & 1) << (5 - bit);
        check_victim(tlb, 64 + i, victim);
    }
    check_status(tlb_destroy(tlb), TLB_OK);
}

Test(hidden, each_set_has_a_tree_of_its_own)
{
    struct tlb *const tlb = new_tlb(2, 2, TLB_PLRU);
    fill_ways(tlb, 4); /* pages 0 and 2 in set 0, 1 and 3 in set 1 */
    touch_page(tlb, 0);
    touch_page(tlb, 3);
    check_victim(tlb, 4, 2);
    check_victim(tlb, 5, 1);
    check_status(tlb_destroy(tlb), TLB_OK);
}

Test(hidden, tree_needs_a_power_of_two)
{
    for (uint64_t ways = 1; ways <= 64; ways++) {
        errno = 0;
        struct tlb *const tlb = tlb_create(2, ways, TLB_PLRU);
        const bool power = (ways & (ways - 1)) == 0;
        check((tlb != NULL) == power, "tlb_create(2, %u, TLB_PLRU)",
              (unsigned)ways);
        if (tlb != NULL)
            check_status(tlb_destroy(tlb), TLB_OK);
        else
            check_eq(errno, EINVAL);
    }
}

/* ---- Large pages --------------------------------------------------------- */

#define MIB4 (UINT64_C(1) << 22)
#define MIB2 (UINT64_C(1) << 21)
#define GIB1 (UINT64_C(1) << 30)

static struct tlb_entry
large(uint64_t asid, uint64_t va, uint64_t pa, uint64_t bytes)
{
    struct tlb_entry e = entry_of(asid, va, pa);
    e.page_bytes = bytes;
    return e;
}

static void
map_large(struct space *space, uint64_t va, uint64_t pa, uint64_t rights)
{
    const uint64_t bytes = (rights & PW_HUGE) != 0 ? GIB1 : MIB4;
    check_status(pw_map(space, va, pa, bytes, rights), PW_OK);
}

Test(hidden, large_page_is_one_entry)
{
    struct world w = new_world_of(PW_TWO_LEVEL, PW_WP | PW_PSE, 4, 2);
    map_large(w.space, 0x00800000, 0x00C00000, RW | PW_PS);
    access_once(&w, 1, 0x00812345, PW_READ, .reads = 1, .pa = 0x00C12345);
    check_hit(&w, 1, 0x00800000, PW_READ, 0x00C00000);
    check_hit(&w, 1, 0x00BFFFFF, PW_READ, 0x00FFFFFF);
    access_once(&w, 1, 0x00A00000, PW_WRITE, .reads = 1, .pa = 0x00E00000,
                .hit = 1);
    check_hit(&w, 1, 0x00B00000, PW_WRITE, 0x00F00000);
    check_cached(w.tlb, 1, 0x00912345, 0x00D12345);
    check_eq(arena_entry()->va, 0x00800000);
    check_absent(w.tlb, 1, 0x007FFFFF);
    check_absent(w.tlb, 1, 0x00C00000);
    end_world(&w);
}

Test(hidden, large_page_has_the_set_of_its_own_number)
{
    struct tlb *const tlb = new_tlb(4, 1, TLB_LRU);
    for (uint64_t i = 0; i < 4; i++)
        check_status(insert(tlb, large(1, i * MIB4, i * MIB4, MIB4)), TLB_OK);
    for (uint64_t i = 0; i < 4; i++)
        check_cached(tlb, 1, i * MIB4 + 0x3123, i * MIB4 + 0x3123);
    check_status(insert(tlb, large(1, 6 * MIB4, 0, MIB4)), TLB_OK);
    check_absent(tlb, 1, 2 * MIB4);
    check_cached(tlb, 1, 3 * MIB4, 3 * MIB4);
    put(tlb, 1, 0x40003000, 0x77000);
    check_absent(tlb, 1, 3 * MIB4);
    check_status(tlb_destroy(tlb), TLB_OK);
    struct tlb *const wide = new_tlb(8, 1, TLB_LRU);
    for (uint64_t i = 0; i < 8; i++) /* the upper half above 4 GiB */
        check_status(insert(wide, large(1, i * GIB1, i * GIB1, GIB1)), TLB_OK);
    for (uint64_t i = 0; i < 8; i++)
        check_cached(wide, 1, i * GIB1 + 0x3123, i * GIB1 + 0x3123);
    check_status(tlb_destroy(wide), TLB_OK);
}

Test(hidden, all_four_sizes_are_told_apart)
{
    struct tlb *const tlb = new_tlb(2, 4, TLB_LRU);
    static const uint64_t bytes[] = {4096, 1 << 21, 1 << 22, 1 << 30};
    for (unsigned i = 0; i < 4; i++) {
        const uint64_t va = (i + 1) * GIB1;
        check_status(insert(tlb, large(1, va, i * GIB1, bytes[i])), TLB_OK);
        check_cached(tlb, 1, va + bytes[i] - 1, i * GIB1 + bytes[i] - 1);
        check_eq(arena_entry()->va, va);
        check_eq(arena_entry()->page_bytes, bytes[i]);
        check_absent(tlb, 1, va + bytes[i]);
        check_status(insert(tlb, large(1, va + bytes[i] / 2, 0, bytes[i])),
                     TLB_BAD_ARGUMENT);
        check_status(insert(tlb, large(1, va, bytes[i] / 2, bytes[i])),
                     TLB_BAD_ARGUMENT);
    }
    check_status(tlb_destroy(tlb), TLB_OK);
}

/* In one set, too, none takes the place of another. */
Test(hidden, smallest_page_that_matches_counts)
{
    for (uint64_t sets = 1; sets <= 4; sets += 3) {
        struct tlb *const tlb = new_tlb(sets, 4, TLB_LRU);
        check_status(insert(tlb, large(1, 0, GIB1, GIB1)), TLB_OK);
        check_status(insert(tlb, large(1, MIB4, 0x30000000, MIB4)), TLB_OK);
        check_status(insert(tlb, large(1, MIB4, 0x20000000, MIB2)), TLB_OK);
        put(tlb, 1, MIB4, 0x10000000);
        check_cached(tlb, 1, MIB4 + 0x10, 0x10000010);
        check_cached(tlb, 1, MIB4 + 0x6010, 0x20006010);
        check_cached(tlb, 1, MIB4 + MIB2, 0x30000000 + MIB2);
        check_cached(tlb, 1, 2 * MIB4, GIB1 + 2 * MIB4);
        check_stats(tlb, .evictions = 0);
        check_status(tlb_destroy(tlb), TLB_OK);
    }
}

/* Of two entries that match, the small one forbids the access and the large one
 * allows it: the walk decides, of which there is nothing to find. */
Test(hidden, small_page_decides_though_a_large_one_allows_more)
{
    struct world w = new_world_of(PW_TWO_LEVEL, PW_WP | PW_PSE, 4, 4);
    struct tlb_entry small = entry_of(1, MIB4 + 0x5000, 0x10000000);
    small.writable = 0;
    check_status(insert(w.tlb, large(1, MIB4, 0x20000000, MIB4)), TLB_OK);
    check_status(insert(w.tlb, small), TLB_OK);
    check_hit(&w, 1, MIB4 + 0x5010, PW_READ, 0x10000010);
    access_once(&w, 1, MIB4 + 0x5010, PW_WRITE, .status = TLB_FAULT, .reads = 1,
                .walk = PW_NOT_PRESENT, .error_code = PW_FAULT_W);
    check_hit(&w, 1, MIB4 + 0x5010, PW_WRITE, 0x20005010);
    check_stats(w.tlb, .hits = 2, .misses = 1, .faults = 1);
    end_world(&w);
}

Test(hidden, any_address_in_a_large_page_invalidates_it)
{
    struct tlb *const tlb = new_tlb(4, 2, TLB_LRU);
    check_status(insert(tlb, large(1, 2 * MIB4, 0, MIB4)), TLB_OK);
    check_status(tlb_invalidate(tlb, 1, 3 * MIB4), TLB_OK);
    check_status(tlb_invalidate(tlb, 2, 2 * MIB4), TLB_OK);
    check_cached(tlb, 1, 2 * MIB4, 0);
    check_status(tlb_invalidate(tlb, 1, 3 * MIB4 - 1), TLB_OK);
    check_absent(tlb, 1, 2 * MIB4);
    check_status(tlb_destroy(tlb), TLB_OK);
}

Test(hidden, invalidation_drops_entries_of_every_size)
{
    struct tlb *const tlb = new_tlb(4, 4, TLB_LRU);
    check_status(insert(tlb, large(1, 0, GIB1, GIB1)), TLB_OK);
    check_status(insert(tlb, large(1, MIB4, 0x30000000, MIB4)), TLB_OK);
    check_status(insert(tlb, large(1, MIB4, 0x20000000, MIB2)), TLB_OK);
    put(tlb, 1, MIB4 + 0x5000, 0x10000000);
    check_status(tlb_invalidate(tlb, 1, MIB4 + 0x5000), TLB_OK);
    check_absent(tlb, 1, MIB4 + 0x5000);
    check_absent(tlb, 1, MIB4 + 0x6000);
    check_absent(tlb, 1, 2 * MIB4);
    check_status(tlb_destroy(tlb), TLB_OK);
}

Test(hidden, four_levels_have_pages_of_2_mib_and_1_gib)
{
    struct world w = new_world_of(PW_FOUR_LEVEL, PW_WP | PW_NXE, 4, 4);
    const uint64_t va = UINT64_C(0x00007F0000000000);
    map(w.space, va, 0x00033000, RW);
    check_status(pw_map(w.space, va + MIB2, 0x00400000, MIB2, RW | PW_PS),
                 PW_OK);
    map_large(w.space, va + GIB1, 2 * GIB1, RW | PW_HUGE);
    access_once(&w, 1, va + 1, PW_READ, .reads = 4, .pa = 0x00033001);
    access_once(&w, 1, va + MIB2 + 0x12345, PW_READ, .reads = 3,
                .pa = 0x00412345);
    access_once(&w, 1, va + GIB1 + 0x1234567, PW_READ, .reads = 2,
                .pa = 2 * GIB1 + 0x1234567);
    check_hit(&w, 1, va + 2, PW_READ, 0x00033002);
    check_hit(&w, 1, va + MIB2 + 0x1FFFFF, PW_READ, 0x005FFFFF);
    check_hit(&w, 1, va + 2 * GIB1 - 1, PW_READ, 3 * GIB1 - 1);
    end_world(&w);
}

Test(hidden, no_execute_is_kept_and_judged)
{
    struct world w = new_world_of(PW_FOUR_LEVEL, PW_WP | PW_NXE, 4, 4);
    map(w.space, BASE, 0x00033000, RW | PW_NX);
    access_once(&w, 1, BASE, PW_READ, .reads = 4, .pa = 0x00033000);
    access_once(&w, 1, BASE, PW_EXECUTE, .status = TLB_FAULT, .reads = 4,
                .walk = PW_RIGHTS, .error_code = PW_FAULT_P | PW_FAULT_I);
    check_absent(w.tlb, 1, BASE);
    check_status(pw_protect(w.space, BASE, PAGE, RW), PW_OK);
    access_once(&w, 1, BASE, PW_EXECUTE, .reads = 4, .pa = 0x00033000);
    check_hit(&w, 1, BASE, PW_EXECUTE, 0x00033000);
    end_world(&w);
}

Test(hidden, address_that_is_not_canonical_is_not_cached)
{
    struct world w = new_world_of(PW_FOUR_LEVEL, PW_WP | PW_NXE, 4, 4);
    const uint64_t va = UINT64_C(0x0000800000000000);
    for (int i = 0; i < 2; i++) {
        *w.r = untouched;
        check_status(tlb_translate(w.tlb, w.space, 1, va,
                                   PW_READ | (i ? PW_STACK : 0), w.r),
                     TLB_FAULT);
        check_eq(w.r->walk, PW_NOT_CANONICAL);
        check_eq(w.r->fault.vector, i ? FAULT_SS : FAULT_GP);
        check_eq(w.r->fault.address, 0);
    }
    check_eq(mach_counts(w.mach).reads, 0);
    map(w.space, UINT64_C(0xFFFF800000000000), 0x00033000, RW);
    access_once(&w, 1, UINT64_C(0xFFFF800000000000), PW_READ, .reads = 4,
                .pa = 0x00033000);
    check_absent(w.tlb, 1, va);
    check_stats(w.tlb, .misses = 3, .faults = 2);
    end_world(&w);
}
