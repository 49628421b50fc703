/* hidden_drop.c - invalidations, flushes and switches; which of them a change
 * needs; and what it all costs. */
#include "tlb_help.h"

/* ---- One page ------------------------------------------------------------ */

Test(hidden, any_address_in_the_page_invalidates_it)
{
    struct tlb *const tlb = new_tlb(4, 2, TLB_LRU);
    static const uint64_t offsets[] = {0, 1, 0x7F8, 0xFFF};
    for (unsigned i = 0; i < 4; i++) {
        put(tlb, 1, 0x0804A000, 0x00033000);
        check_status(tlb_invalidate(tlb, 1, 0x0804A000 + offsets[i]), TLB_OK);
        check_absent(tlb, 1, 0x0804A000);
    }
    check_status(tlb_destroy(tlb), TLB_OK);
}

Test(hidden, invalidation_leaves_other_pages)
{
    struct tlb *const tlb = new_tlb(2, 4, TLB_LRU);
    for (uint64_t i = 0; i < 8; i++)
        put(tlb, 1, BASE + i * PAGE, i << 16);
    check_status(tlb_invalidate(tlb, 1, BASE + 4 * PAGE), TLB_OK);
    for (uint64_t i = 0; i < 8; i++)
        if (i != 4)
            check_cached(tlb, 1, BASE + i * PAGE, i << 16);
    check_absent(tlb, 1, BASE + 4 * PAGE);
    check_status(tlb_destroy(tlb), TLB_OK);
}

Test(hidden, invalidation_leaves_the_page_of_other_ids)
{
    struct tlb *const tlb = new_tlb(2, 4, TLB_LRU);
    for (uint64_t asid = 1; asid <= 3; asid++)
        put(tlb, asid, BASE, asid << 16);
    check_status(tlb_invalidate(tlb, 2, BASE), TLB_OK);
    check_cached(tlb, 1, BASE, 0x10000);
    check_absent(tlb, 2, BASE);
    check_cached(tlb, 3, BASE, 0x30000);
    check_status(tlb_destroy(tlb), TLB_OK);
}

Test(hidden, invalidation_drops_global_entries_under_any_id)
{
    struct tlb *const tlb = new_tlb(2, 4, TLB_LRU);
    put_global(tlb, 1, 0xC0105000, 0x00011000);
    put_global(tlb, 1, 0xC0107000, 0x00012000);
    check_status(tlb_invalidate(tlb, 8, 0xC0105008), TLB_OK);
    check_absent(tlb, 1, 0xC0105000);
    check_cached(tlb, 8, 0xC0107000, 0x00012000);
    check_status(tlb_destroy(tlb), TLB_OK);
}

Test(hidden, page_that_is_not_cached_can_be_invalidated)
{
    struct tlb *const tlb = new_tlb(2, 2, TLB_LRU);
    check_status(tlb_invalidate(tlb, 1, 0x5000), TLB_OK);
    put(tlb, 1, 0x7000, 0x00011000);
    check_status(tlb_invalidate(tlb, 1, 0x5000), TLB_OK);
    check_status(tlb_invalidate(tlb, 1, UINT64_MAX), TLB_OK);
    check_cached(tlb, 1, 0x7000, 0x00011000);
    check_status(tlb_destroy(tlb), TLB_OK);
}

Test(hidden, lost_right_counts_after_the_invalidation)
{
    struct world w = new_world(4, 2);
    map(w.space, BASE, 0x00011000, RW);
    check_miss(&w, 1, BASE, PW_WRITE | PW_USER, 0x00011000);
    check_status(pw_protect(w.space, BASE, PAGE, PW_U), PW_OK);
    check_status(tlb_invalidate(w.tlb, 1, BASE + 0x10), TLB_OK);
    access_once(&w, 1, BASE, PW_WRITE | PW_USER, .status = TLB_FAULT,
                .reads = 2, .walk = PW_RIGHTS,
                .error_code = PW_FAULT_P | PW_FAULT_W | PW_FAULT_U);
    check_miss(&w, 1, BASE, PW_READ | PW_USER, 0x00011000);
    end_world(&w);
}

/* ---- Many pages ---------------------------------------------------------- */

/* Pages of ids 1 to 3 and of everybody, in each of eight sets. */
static struct tlb *
crowd(void)
{
    struct tlb *const tlb = new_tlb(8, 4, TLB_LRU);
    for (uint64_t set = 0; set < 8; set++) {
        for (uint64_t asid = 1; asid <= 3; asid++)
            put(tlb, asid, BASE + set * PAGE, asid << 20 | set << 12);
        put_global(tlb, 2, 0xC0000000 + set * PAGE, 0x900000 + set * PAGE);
    }
    return tlb;
}

/* Which of them are still there: one bit for each id, and bit 0 for the
 * global ones. */
static void
check_crowd(struct tlb *tlb, unsigned there)
{
    for (uint64_t set = 0; set < 8; set++) {
        for (uint64_t asid = 1; asid <= 3; asid++) {
            if ((there >> asid & 1) != 0)
                check_cached(tlb, asid, BASE + set * PAGE,
                             asid << 20 | set << 12);
            else
                check_absent(tlb, asid, BASE + set * PAGE);
        }
        if ((there & 1) != 0)
            check_cached(tlb, 3, 0xC0000000 + set * PAGE,
                         0x900000 + set * PAGE);
        else
            check_absent(tlb, 3, 0xC0000000 + set * PAGE);
    }
}

enum { GLOBAL = 1, ID1 = 2, ID2 = 4, ID3 = 8 };

Test(hidden, flush_of_all_drops_global_entries_too)
{
    struct tlb *const tlb = crowd();
    check_status(tlb_flush(tlb, TLB_ALL, 2), TLB_OK);
    check_crowd(tlb, 0);
    check_status(tlb_destroy(tlb), TLB_OK);
}

Test(hidden, flush_of_all_local_entries_keeps_global_ones)
{
    struct tlb *const tlb = crowd();
    check_status(tlb_flush(tlb, TLB_ALL_LOCAL, 2), TLB_OK);
    check_crowd(tlb, GLOBAL);
    check_status(tlb_destroy(tlb), TLB_OK);
}

Test(hidden, flush_of_one_id_keeps_the_others_and_global_ones)
{
    struct tlb *const tlb = crowd();
    check_status(tlb_flush(tlb, TLB_ASID_LOCAL, 2), TLB_OK);
    check_crowd(tlb, GLOBAL | ID1 | ID3);
    check_status(tlb_flush(tlb, TLB_ASID_LOCAL, 9), TLB_OK);
    check_crowd(tlb, GLOBAL | ID1 | ID3);
    check_status(tlb_destroy(tlb), TLB_OK);
}

Test(hidden, what_was_flushed_is_room_for_others)
{
    struct tlb *const tlb = crowd();
    check_status(tlb_flush(tlb, TLB_ASID_LOCAL, 1), TLB_OK);
    check_status(tlb_flush(tlb, TLB_ASID_LOCAL, 3), TLB_OK);
    for (uint64_t set = 0; set < 8; set++) {
        put(tlb, 4, BASE + set * PAGE, 0x40000);
        put(tlb, 5, BASE + set * PAGE, 0x50000);
    }
    check_crowd(tlb, GLOBAL | ID2);
    check_stats(tlb, .evictions = 0);
    check_status(tlb_destroy(tlb), TLB_OK);
}

Test(hidden, unknown_flush_or_switch_drops_nothing)
{
    struct tlb *const tlb = crowd();
    check_status(tlb_flush(tlb, (enum tlb_flush)3, 1), TLB_BAD_ARGUMENT);
    check_status(tlb_flush(tlb, (enum tlb_flush) - 1, 1), TLB_BAD_ARGUMENT);
    check_status(tlb_switch(tlb, 1, (enum tlb_switch)3), TLB_BAD_ARGUMENT);
    check_status(tlb_switch(tlb, 1, (enum tlb_switch) - 1), TLB_BAD_ARGUMENT);
    check_crowd(tlb, GLOBAL | ID1 | ID2 | ID3);
    check_status(tlb_destroy(tlb), TLB_OK);
}

/* ---- Switches ------------------------------------------------------------ */

Test(hidden, switch_without_ids_drops_all_but_global_entries)
{
    struct tlb *const tlb = crowd();
    check_status(tlb_switch(tlb, 2, TLB_NO_IDS), TLB_OK);
    check_crowd(tlb, GLOBAL);
    check_status(tlb_destroy(tlb), TLB_OK);
}

Test(hidden, switch_to_an_id_in_use_drops_nothing)
{
    struct tlb *const tlb = crowd();
    check_status(tlb_switch(tlb, 2, TLB_SAME_ID), TLB_OK);
    check_status(tlb_switch(tlb, 3, TLB_SAME_ID), TLB_OK);
    check_crowd(tlb, GLOBAL | ID1 | ID2 | ID3);
    check_status(tlb_destroy(tlb), TLB_OK);
}

Test(hidden, switch_to_a_new_id_drops_what_its_last_owner_left)
{
    struct tlb *const tlb = crowd();
    check_status(tlb_switch(tlb, 2, TLB_NEW_ID), TLB_OK);
    check_crowd(tlb, GLOBAL | ID1 | ID3);
    check_status(tlb_destroy(tlb), TLB_OK);
}

Test(hidden, recycled_id_sees_the_new_space)
{
    struct world w = new_world(4, 2);
    struct space *const next = new_space(w.mach, PW_TWO_LEVEL, PW_WP);
    map(w.space, BASE, 0x00011000, RW);
    map(next, BASE, 0x00022000, RW);
    check_miss(&w, 1, BASE, PW_READ, 0x00011000);
    check_status(tlb_switch(w.tlb, 1, TLB_NEW_ID), TLB_OK);
    access_in(&w, next, 1, BASE, PW_READ, .reads = 2, .pa = 0x00022000);
    check_status(pw_destroy(next), PW_OK);
    end_world(&w);
}

/* ---- What a change needs ------------------------------------------------- */

enum {
    TABLE_LOCAL = TLB_REUSE + 1, /* what the tests below try, beside TLB_LEAF */
    TABLE_GLOBAL,
};

static void
check_needed(uint32_t kind, uint32_t global, uint64_t before, uint64_t after,
             uint32_t want)
{
    static const char *const kinds[] = {"TLB_LEAF", "TLB_TABLE", "TLB_REUSE"};
    static struct tlb_change *change;
    static uint32_t *action;
    if (change == NULL) {
        change = arena_object(struct tlb_change);
        action = arena_object(uint32_t);
    }
    *change = (struct tlb_change){kind, global, before, after};
    *action = 77;
    check_context("%s, global %u, from 0x%llx to 0x%llx", kinds[kind], global,
                  (unsigned long long)before, (unsigned long long)after);
    check_status(tlb_needed(change, action), TLB_OK);
    check_eq(*action, want);
    check_context("%s", "");
}

static void
check_harmful(uint64_t before, uint64_t after)
{
    check_needed(TLB_LEAF, 0, before, after, TLB_DO_PAGE);
}

static void
check_harmless(uint64_t before, uint64_t after)
{
    check_needed(TLB_LEAF, 0, before, after, TLB_DO_NOTHING);
}

enum { NORMAL = 0x9000 | PW_P | PW_W | PW_U | PW_A | PW_D };

Test(hidden, page_that_was_absent_needs_nothing)
{
    check_harmless(0, NORMAL);
    check_harmless(0x7000 | PW_SWAPPED | PW_W | PW_U, NORMAL);
    check_harmless(0x7000 | PW_A | PW_D | PW_W, 0);
    check_harmless(0, 0);
}

Test(hidden, page_that_was_never_accessed_needs_nothing)
{
    check_harmless(0x9000 | PW_P | PW_W | PW_U, 0);
    check_harmless(0x9000 | PW_P | PW_W | PW_U, 0x9000 | PW_P);
    check_harmless(0x9000 | PW_P | PW_W | PW_D, 0x5000 | PW_P | PW_W | PW_A);
}

Test(hidden, page_that_goes_away_needs_an_invalidation)
{
    check_harmful(NORMAL, 0);
    check_harmful(NORMAL, 0x7000 | PW_SWAPPED | PW_W | PW_U);
    check_harmful(NORMAL, NORMAL & ~PW_P);
}

Test(hidden, page_at_another_address_needs_an_invalidation)
{
    check_harmful(NORMAL, NORMAL + 0x1000);
    check_harmful(NORMAL, NORMAL | 0x80000000);
    check_harmful(NORMAL, NORMAL | UINT64_C(0x8000000000));
    check_harmless(NORMAL, NORMAL);
}

Test(hidden, right_that_is_taken_away_needs_an_invalidation)
{
    check_harmful(NORMAL, NORMAL & ~PW_W);
    check_harmful(NORMAL, NORMAL & ~PW_U);
    check_harmful(NORMAL, NORMAL | PW_NX);
    check_harmful(NORMAL & ~PW_W, (NORMAL | PW_W) & ~PW_U);
    check_harmful(NORMAL, (NORMAL & ~PW_W) | PW_COW);
}

Test(hidden, right_that_is_added_needs_nothing)
{
    check_harmless(NORMAL & ~PW_W, NORMAL);
    check_harmless(NORMAL & ~PW_U, NORMAL);
    check_harmless(NORMAL | PW_NX, NORMAL);
    check_harmless((NORMAL & ~PW_W) | PW_COW, NORMAL);
}

Test(hidden, cleared_accessed_or_dirty_needs_an_invalidation)
{
    check_harmful(NORMAL, NORMAL & ~PW_A);
    check_harmful(NORMAL, NORMAL & ~PW_D);
    check_harmless(NORMAL & ~PW_D, NORMAL);
    check_harmless(NORMAL & ~PW_A, NORMAL);
}

Test(hidden, page_that_is_global_no_longer_needs_an_invalidation)
{
    check_harmful(NORMAL | PW_G, NORMAL);
    check_harmless(NORMAL, NORMAL | PW_G);
    check_needed(TLB_LEAF, 0, NORMAL | PW_G, 0, TLB_DO_PAGE);
}

Test(hidden, bits_of_software_need_nothing)
{
    check_harmless(NORMAL, NORMAL | PW_COW | PW_SHARED);
    check_harmless(NORMAL | PW_COW | PW_SHARED, NORMAL);
    check_harmless(NORMAL, NORMAL | PW_SWAPPED);
}

Test(hidden, change_above_pages_needs_a_flush)
{
    check_needed(TLB_TABLE, 0, NORMAL, 0, TLB_DO_ASID);
    check_needed(TLB_TABLE, 0, NORMAL, NORMAL + 0x3000, TLB_DO_ASID);
    check_needed(TLB_TABLE, 0, NORMAL, NORMAL & ~PW_W, TLB_DO_ASID);
    check_needed(TLB_TABLE, 0, NORMAL, NORMAL & ~PW_A, TLB_DO_ASID);
    check_needed(TLB_TABLE, 0, NORMAL, NORMAL | PW_NX, TLB_DO_ASID);
    check_needed(TLB_TABLE, 0, 0, NORMAL, TLB_DO_NOTHING);
    check_needed(TLB_TABLE, 0, NORMAL & ~PW_W, NORMAL, TLB_DO_NOTHING);
    check_needed(TLB_TABLE, 0, NORMAL & ~PW_A, 0, TLB_DO_NOTHING);
}

Test(hidden, change_above_global_pages_needs_a_flush_of_all)
{
    check_needed(TLB_TABLE, 1, NORMAL, 0, TLB_DO_ALL);
    check_needed(TLB_TABLE, 1, NORMAL, NORMAL & ~PW_U, TLB_DO_ALL);
    check_needed(TLB_TABLE, 1, 0, NORMAL, TLB_DO_NOTHING);
    check_needed(TLB_TABLE, 1, NORMAL, NORMAL, TLB_DO_NOTHING);
}

Test(hidden, dirty_and_global_mean_nothing_above_the_leaf)
{
    check_needed(TLB_TABLE, 0, NORMAL | PW_D, NORMAL & ~PW_D, TLB_DO_NOTHING);
    check_needed(TLB_TABLE, 0, NORMAL | PW_G, NORMAL, TLB_DO_NOTHING);
    check_needed(TLB_TABLE, 1, NORMAL | PW_D | PW_G, NORMAL & ~PW_D,
                 TLB_DO_NOTHING);
}

Test(hidden, id_that_changes_hands_needs_a_flush_of_it)
{
    check_needed(TLB_REUSE, 0, 0, 0, TLB_DO_ASID);
    check_needed(TLB_REUSE, 1, NORMAL, NORMAL, TLB_DO_ASID);
}

Test(hidden, unknown_change_is_a_bad_argument)
{
    struct tlb_change *const change = arena_object(struct tlb_change);
    uint32_t *const action = arena_object(uint32_t);
    *action = 77;
    *change = (struct tlb_change){3, 0, NORMAL, 0};
    check_status(tlb_needed(change, action), TLB_BAD_ARGUMENT);
    change->kind = UINT32_MAX;
    check_status(tlb_needed(change, action), TLB_BAD_ARGUMENT);
    change->kind = TLB_LEAF;
    check_status(tlb_needed(change, NULL), TLB_BAD_ARGUMENT);
    check_status(tlb_needed(NULL, action), TLB_BAD_ARGUMENT);
    check_eq(*action, 77);
}

/* Bit by bit, each with what it means. */
static uint32_t
needed(uint32_t kind, uint32_t global, uint64_t before, uint64_t after)
{
    bool harmful = false;
    for (unsigned bit = 0; bit < 64; bit++) {
        const bool was = (before >> bit & 1) != 0, is = (after >> bit & 1) != 0;
        const bool cleared = was && !is, set = is && !was;
        const bool leaf = kind == TLB_LEAF;
        switch (bit) {
        case 0:
        case 1:
        case 2:
        case 5:
            harmful |= cleared;
            break;
        case 6:
        case 8:
            harmful |= cleared && leaf;
            break;
        case 63:
            harmful |= set;
            break;
        default:
            harmful |= bit >= 12 && bit < 40 && (set || cleared);
        }
    }
    if ((before & PW_P) == 0 || (before & PW_A) == 0)
        harmful = false;
    /* An absent entry has nothing but its absence. */
    if (!harmful)
        return TLB_DO_NOTHING;
    return kind == TLB_LEAF ? TLB_DO_PAGE : global ? TLB_DO_ALL : TLB_DO_ASID;
}

Test(hidden, random_changes_agree_with_a_look_at_every_bit)
{
    static const uint64_t bits[] = {
        PW_P,      PW_W,      PW_U,  PW_A,   PW_D,    PW_G,
        PW_COW,    PW_SHARED, PW_NX, 0x1000, 0x40000, UINT64_C(0x4000000000),
        PW_SWAPPED};
    enum { BITS = sizeof bits / sizeof *bits };
    for (int i = 0; i < 1500; i++) {
        uint64_t before = PW_P | PW_A;
        for (unsigned b = 0; b < BITS; b++)
            if (test_random_below(3) == 0)
                before ^= bits[b];
        uint64_t after = before;
        for (uint64_t n = test_random_below(3); n > 0; n--)
            after ^= bits[test_random_below(BITS)];
        const uint32_t kind = test_random_below(2) == 0 ? TLB_LEAF : TLB_TABLE;
        const uint32_t global = (uint32_t)test_random_below(2);
        check_needed(kind, global, before, after,
                     needed(kind, global, before, after));
    }
}

/* ---- Time ---------------------------------------------------------------- */

static int
time_of(struct tlb_stats stats, struct tlb_costs costs, uint64_t *total)
{
    static struct tlb_stats *s;
    static struct tlb_costs *c;
    static uint64_t *t;
    if (s == NULL) {
        s = arena_object(struct tlb_stats);
        c = arena_object(struct tlb_costs);
        t = arena_object(uint64_t);
    }
    *s = stats;
    *c = costs;
    *t = 0xA5A5;
    const int status = tlb_time(s, c, t);
    *total = *t;
    return status;
}

#define check_time(stats, costs, want)                                         \
    do {                                                                       \
        uint64_t total;                                                        \
        check_status(time_of(stats, costs, &total), TLB_OK);                   \
        check_eq(total, want);                                                 \
    } while (0)

#define STATS(...)     ((struct tlb_stats){__VA_ARGS__})
#define COSTS(l, m, r) ((struct tlb_costs){l, m, r})

Test(hidden, hits_cost_a_lookup_and_the_access)
{
    check_time(STATS(.hits = 1000), COSTS(2, 70, 2), 1000 * (2 + 70));
    check_time(STATS(.hits = 1000), COSTS(0, 70, 4), 1000 * 70);
    check_time(STATS(0), COSTS(2, 70, 2), 0);
}

Test(hidden, misses_cost_the_walk_beside)
{
    check_time(STATS(.misses = 10), COSTS(2, 70, 2), 10 * (2 + 3 * 70));
    check_time(STATS(.hits = 90, .misses = 10), COSTS(1, 100, 4),
               90 * 101 + 10 * (1 + 500));
    check_time(STATS(.hits = 90, .misses = 10, .evictions = 8),
               COSTS(1, 100, 1), 90 * 101 + 10 * 201);
}

Test(hidden, dirty_walks_cost_a_walk_beside)
{
    check_time(STATS(.hits = 10, .dirty_walks = 3), COSTS(1, 100, 2),
               10 * 101 + 3 * 200);
}

Test(hidden, faults_cost_the_walk_and_no_access)
{
    check_time(STATS(.misses = 10, .faults = 4), COSTS(1, 100, 2),
               10 * 1 + 10 * 200 + 6 * 100);
    check_time(STATS(.hits = 5, .dirty_walks = 5, .faults = 5),
               COSTS(3, 100, 2), 5 * 3 + 5 * 200);
}

Test(hidden, time_has_64_bits)
{
    const uint64_t most = (UINT64_C(1) << 40) - 1;
    check_time(STATS(.hits = 5000000000, .misses = 1), COSTS(1, 100, 2),
               UINT64_C(505000000000) + 301);
    check_time(STATS(.hits = most, .misses = most, .dirty_walks = most),
               COSTS(65535, 65535, 4),
               2 * most * 65535 + 65535 * (2 * most * 4 + 2 * most));
}

Test(hidden, time_of_what_cannot_be_is_refused)
{
    const uint64_t end = UINT64_C(1) << 40;
    const struct {
        struct tlb_stats stats;
        struct tlb_costs costs;
    } cases[] = {
        {STATS(.hits = end), COSTS(1, 1, 2)},
        {STATS(.misses = end), COSTS(1, 1, 2)},
        {STATS(.hits = 1, .evictions = end), COSTS(1, 1, 2)},
        {STATS(.hits = 4, .misses = end - 1, .dirty_walks = 4, .faults = end),
         COSTS(1, 1, 2)},
        {STATS(.hits = end + 5), COSTS(1, 1, 2)},
        {STATS(.misses = UINT64_MAX), COSTS(1, 1, 2)},
        {STATS(.hits = 1, .evictions = UINT64_MAX), COSTS(1, 1, 2)},
        {STATS(.hits = 4, .misses = end - 1, .dirty_walks = 4,
               .faults = end + 1),
         COSTS(1, 1, 2)},
        {STATS(.hits = 4), COSTS(65536, 1, 2)},
        {STATS(.hits = 4), COSTS(1, 65536, 2)},
        {STATS(.hits = 4), COSTS(1, 1, 0)},
        {STATS(.hits = 4), COSTS(1, 1, 5)},
        {STATS(.hits = 4, .dirty_walks = 5), COSTS(1, 1, 2)},
        {STATS(.misses = 4, .dirty_walks = 1), COSTS(1, 1, 2)},
        {STATS(.hits = 4, .misses = 2, .dirty_walks = 1, .faults = 4),
         COSTS(1, 1, 2)},
    };
    uint64_t kept;
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_context("case %u", i);
        check_status(time_of(cases[i].stats, cases[i].costs, &kept),
                     TLB_BAD_ARGUMENT);
        check_eq(kept, 0xA5A5);
    }
    check_time(STATS(.hits = 4, .misses = 2, .dirty_walks = 1, .faults = 3),
               COSTS(1, 1, 2), 6 + 6 + 3);
    struct tlb_stats *const s = arena_object(struct tlb_stats);
    struct tlb_costs *const c = arena_object(struct tlb_costs);
    *c = COSTS(1, 1, 1);
    check_status(tlb_time(NULL, c, arena_object(uint64_t)), TLB_BAD_ARGUMENT);
    check_status(tlb_time(s, NULL, arena_object(uint64_t)), TLB_BAD_ARGUMENT);
    check_status(tlb_time(s, c, NULL), TLB_BAD_ARGUMENT);
}
