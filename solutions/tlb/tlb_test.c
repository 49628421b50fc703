/*
 * tlb_test.c - model tests of the stage.
 *
 * How they are chosen: for each sentence of tlb.h one asks what a module would
 * look like that breaks this sentence alone.  Whether a translation was a hit
 * is judged by the table entries that the machine saw being read.
 */
#include "tlb/tlb.h"

#include <errno.h>
#include <stdbool.h>

#include "vmlab_test.h"

VMLAB_SUITE(tlb)

enum { PAGE = 4096, RW = PW_W | PW_U };

static struct mach *mach;
static struct space *space;
static struct tlb *tlb;
static struct tlb_result *r;

/* Pages 0 to 9 from 0x00400000 on, at 0x00A00000; page 3 read-only, page 4 the
 * supervisor's, page 5 global; page 10 is absent. */
static void
begin(uint64_t sets, uint64_t ways, enum tlb_policy policy)
{
    mach = test_machine(64);
    space = pw_create(mach, PW_TWO_LEVEL, PW_WP);
    for (uint64_t i = 0; i < 10; i++)
        check_status(pw_map(space, 0x00400000 + i * PAGE, 0x00A00000 + i * PAGE,
                            PAGE,
                            i == 3   ? PW_U
                            : i == 4 ? PW_W
                            : i == 5 ? RW | PW_G
                                     : RW),
                     PW_OK);
    tlb = tlb_create(sets, ways, policy);
    check(tlb != NULL, "no TLB");
    r = arena_object(struct tlb_result);
}

static void
end(void)
{
    check_status(tlb_destroy(tlb), TLB_OK);
    check_status(pw_destroy(space), PW_OK);
}

/* Translates byte 0x123 of page `n`, which must read `reads` entries. */
static void
use(uint64_t asid, uint64_t n, uint32_t access, uint64_t reads, uint32_t hit)
{
    const uint64_t before = mach_counts(mach).reads;
    check_context("asid %u, page %u, access %u", (unsigned)asid, (unsigned)n,
                  access);
    check_status(
        tlb_translate(tlb, space, asid, 0x00400123 + n * PAGE, access, r),
        TLB_OK);
    check_eq(mach_counts(mach).reads - before, reads);
    check_eq(r->pa, 0x00A00123 + n * PAGE);
    check_eq(r->hit, hit);
    check_context("%s", "");
}

#define miss(asid, n, access)  use(asid, n, access, 2, 0)
#define hit(asid, n, access)   use(asid, n, access, 0, 1)
#define dirty(asid, n, access) use(asid, n, access, 2, 1)

static void
refused(uint64_t n, uint32_t access, enum pw_status walk)
{
    const uint64_t before = mach_counts(mach).reads;
    check_status(tlb_translate(tlb, space, 1, 0x00400000 + n * PAGE, access, r),
                 TLB_FAULT);
    check_eq(mach_counts(mach).reads - before, 2);
    check_eq(r->walk, walk);
    check_eq(r->fault.vector, FAULT_PF);
    check_eq(r->fault.address, 0x00400000 + n * PAGE);
}

static void
counts(uint64_t hits, uint64_t misses, uint64_t dirty_walks, uint64_t faults,
       uint64_t evictions)
{
    struct tlb_stats *s = arena_object(struct tlb_stats);
    check_status(tlb_stat(tlb, s), TLB_OK);
    check_eq(s->hits, hits);
    check_eq(s->misses, misses);
    check_eq(s->dirty_walks, dirty_walks);
    check_eq(s->faults, faults);
    check_eq(s->evictions, evictions);
}

static struct tlb_entry *
entry(uint64_t asid, uint64_t va, uint64_t bytes, uint32_t global)
{
    struct tlb_entry *e = arena_object(struct tlb_entry);
    e->asid = asid;
    e->va = va;
    e->page_bytes = bytes;
    e->global = global;
    return e;
}

static void
insert(uint64_t asid, uint64_t va, uint32_t global)
{
    check_status(tlb_insert(tlb, entry(asid, va, PAGE, global)), TLB_OK);
}

#define check_probe(asid, va, status)                                          \
    check_status(tlb_probe(tlb, asid, va, arena_object(struct tlb_entry)),     \
                 status)

/* ---- Where entries are --------------------------------------------------- */

Test(tlb, sizes_are_checked)
{
    static const struct {
        uint64_t sets, ways;
        int policy;
    } bad[] = {{0, 1, 0}, {6, 1, 0},  {2048, 1, 0},
               {1, 0, 0}, {1, 65, 0}, {1, 1, 2}};
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        errno = 0;
        check(tlb_create(bad[i].sets, bad[i].ways,
                         (enum tlb_policy)bad[i].policy) == NULL,
              "case %u is made", i);
        check_eq(errno, EINVAL);
    }
    begin(1024, 64, TLB_LRU);
    end();
}

Test(tlb, null_is_refused)
{
    begin(1, 1, TLB_LRU);
    struct tlb_entry *e = entry(1, 0, PAGE, 0);
    check_status(tlb_destroy(NULL), TLB_BAD_ARGUMENT);
    check_status(tlb_insert(NULL, e), TLB_BAD_ARGUMENT);
    check_status(tlb_insert(tlb, NULL), TLB_BAD_ARGUMENT);
    check_status(tlb_probe(NULL, 0, 0, e), TLB_BAD_ARGUMENT);
    check_status(tlb_probe(tlb, 0, 0, NULL), TLB_BAD_ARGUMENT);
    check_status(tlb_translate(NULL, space, 1, 0, 0, r), TLB_BAD_ARGUMENT);
    check_status(tlb_translate(tlb, NULL, 1, 0, 0, r), TLB_BAD_ARGUMENT);
    check_status(tlb_translate(tlb, space, 1, 0, 0, NULL), TLB_BAD_ARGUMENT);
    check_status(tlb_stat(NULL, arena_object(struct tlb_stats)),
                 TLB_BAD_ARGUMENT);
    check_status(tlb_stat(tlb, NULL), TLB_BAD_ARGUMENT);
    check_status(tlb_invalidate(NULL, 0, 0), TLB_BAD_ARGUMENT);
    check_status(tlb_flush(NULL, TLB_ALL, 0), TLB_BAD_ARGUMENT);
    check_status(tlb_switch(NULL, 0, TLB_NO_IDS), TLB_BAD_ARGUMENT);
    end();
}

Test(tlb, page_number_chooses_the_set)
{
    begin(4, 1, TLB_LRU);
    for (uint64_t n = 0; n < 3; n++)
        miss(1, n, PW_READ);
    for (uint64_t n = 0; n < 3; n++)
        hit(1, n, PW_READ);
    miss(1, 6, PW_READ);
    miss(1, 2, PW_READ);
    hit(1, 0, PW_READ);
    counts(4, 5, 0, 0, 2);
    end();
}

Test(tlb, whole_page_is_cached)
{
    begin(4, 2, TLB_LRU);
    insert(1, 0x5000, 0);
    check_probe(1, 0x5FFF, TLB_OK);
    check_probe(1, 0x4FFF, TLB_MISS);
    check_probe(1, 0x6000, TLB_MISS);
    check_probe(1, UINT64_C(0x100005000), TLB_MISS);
    end();
}

Test(tlb, spaces_are_told_apart)
{
    begin(4, 4, TLB_LRU);
    miss(1, 0, PW_READ);
    miss(2, 0, PW_READ);
    miss(UINT64_C(0x100000001), 0, PW_READ);
    hit(1, 0, PW_READ);
    end();
}

Test(tlb, global_pages_serve_all_ids)
{
    begin(4, 2, TLB_LRU);
    miss(1, 5, PW_READ);
    hit(2, 5, PW_READ);
    end();
}

Test(tlb, page_is_cached_once)
{
    begin(1, 4, TLB_LRU);
    insert(1, 0x5000, 0);
    insert(1, 0x6000, 0);
    insert(1, 0x5000, 0);
    insert(1, 0x7000, 0);
    insert(2, 0x5000, 1);
    insert(3, 0x8000, 0);
    check_probe(1, 0x6000, TLB_OK);
    counts(0, 0, 0, 0, 0);
    insert(1, 0x5000, 0);
    check_probe(2, 0x5000, TLB_MISS);
    end();
}

Test(tlb, insert_checks_its_entry)
{
    begin(4, 2, TLB_LRU);
    struct tlb_entry *e = entry(1, 0x5000, 8192, 0);
    check_status(tlb_insert(tlb, e), TLB_BAD_ARGUMENT);
    e->page_bytes = 0;
    check_status(tlb_insert(tlb, e), TLB_BAD_ARGUMENT);
    e->page_bytes = PAGE;
    e->va = 0x5008;
    check_status(tlb_insert(tlb, e), TLB_BAD_ARGUMENT);
    e->va = 0x5000;
    e->pa = 8;
    check_status(tlb_insert(tlb, e), TLB_BAD_ARGUMENT);
    e->pa = 0;
    uint32_t *flags[] = {&e->writable, &e->user, &e->no_execute, &e->global,
                         &e->dirty};
    for (unsigned i = 0; i < 5; i++) {
        *flags[i] = 2;
        check_status(tlb_insert(tlb, e), TLB_BAD_ARGUMENT);
        *flags[i] = 0;
    }
    check_status(tlb_insert(tlb, e), TLB_OK);
    end();
}

/* ---- Order --------------------------------------------------------------- */

Test(tlb, least_recently_used_goes)
{
    begin(1, 3, TLB_LRU);
    miss(1, 0, PW_READ);
    miss(1, 1, PW_READ);
    miss(1, 2, PW_READ);
    hit(1, 0, PW_READ);
    miss(1, 6, PW_READ);
    hit(1, 0, PW_READ);
    hit(1, 2, PW_READ);
    miss(1, 1, PW_READ);
    counts(3, 5, 0, 0, 2);
    end();
}

Test(tlb, free_way_comes_first)
{
    begin(1, 3, TLB_LRU);
    miss(1, 0, PW_READ);
    miss(1, 1, PW_READ);
    miss(1, 2, PW_READ);
    check_status(tlb_invalidate(tlb, 1, 0x00401000), TLB_OK);
    miss(1, 6, PW_READ);
    hit(1, 0, PW_READ);
    hit(1, 2, PW_READ);
    counts(2, 4, 0, 0, 0);
    end();
}

Test(tlb, order_does_not_come_round)
{
    begin(1, 3, TLB_LRU);
    for (unsigned n = 250; n < 262; n++) {
        check_status(tlb_flush(tlb, TLB_ALL, 0), TLB_OK);
        struct tlb_entry *const old = entry(1, 0x5000, PAGE, 0);
        struct tlb_entry *const a = entry(1, 0x6000, PAGE, 0);
        struct tlb_entry *const b = entry(1, 0x7000, PAGE, 0);
        check_status(tlb_insert(tlb, old), TLB_OK);
        for (unsigned i = 0; i < n; i++)
            check_status(tlb_insert(tlb, i % 2 == 0 ? a : b), TLB_OK);
        insert(1, 0x8000, 0);
        check_probe(1, 0x5000, TLB_MISS);
        check_probe(1, 0x6000, TLB_OK);
        check_probe(1, 0x7000, TLB_OK);
    }
    end();
}

/* ---- Accesses ------------------------------------------------------------ */

Test(tlb, faults_are_handed_over_and_forgotten)
{
    begin(4, 2, TLB_LRU);
    refused(10, PW_READ, PW_NOT_PRESENT);
    refused(10, PW_READ, PW_NOT_PRESENT);
    check_probe(1, 0x0040A000, TLB_MISS);
    check_status(pw_map(space, 0x0040A000, 0x00A0A000, PAGE, RW), PW_OK);
    miss(1, 10, PW_READ);
    counts(0, 3, 0, 2, 0);
    end();
}

Test(tlb, copy_does_not_allow_more_than_the_table)
{
    begin(4, 2, TLB_LRU);
    miss(1, 3, PW_READ);
    refused(3, PW_WRITE, PW_RIGHTS);
    check_probe(1, 0x00403000, TLB_MISS);
    miss(1, 4, PW_READ);
    refused(4, PW_READ | PW_USER, PW_RIGHTS);
    miss(1, 0, PW_READ);
    hit(1, 0, PW_EXECUTE | PW_USER);
    end();
}

Test(tlb, added_right_is_found_without_an_invalidation)
{
    begin(4, 2, TLB_LRU);
    miss(1, 3, PW_READ);
    check_status(pw_protect(space, 0x00403000, PAGE, RW), PW_OK);
    miss(1, 3, PW_WRITE);
    hit(1, 3, PW_WRITE);
    end();
}

Test(tlb, no_execute_is_looked_at)
{
    begin(4, 2, TLB_LRU);
    struct tlb_entry *e = entry(1, 0x00400000, PAGE, 0);
    e->pa = 0x00A00000;
    e->no_execute = 1;
    check_status(tlb_insert(tlb, e), TLB_OK);
    hit(1, 0, PW_READ);
    miss(1, 0, PW_EXECUTE);
    end();
}

Test(tlb, first_write_reaches_the_table)
{
    begin(4, 2, TLB_LRU);
    struct pw_leaf *leaf = arena_object(struct pw_leaf);
    miss(1, 0, PW_READ);
    check_status(pw_entry(space, 0x00400000, leaf), PW_OK);
    check_eq(leaf->entry & PW_D, 0);
    dirty(1, 0, PW_WRITE);
    check_status(pw_entry(space, 0x00400000, leaf), PW_OK);
    check_eq(leaf->entry & PW_D, PW_D);
    hit(1, 0, PW_WRITE);
    miss(1, 1, PW_WRITE);
    hit(1, 1, PW_WRITE);
    counts(3, 2, 1, 0, 0);
    end();
}

Test(tlb, accesses_that_do_not_exist_are_refused)
{
    begin(4, 2, TLB_LRU);
    static const uint32_t bad[] = {PW_WRITE | PW_EXECUTE, PW_EXECUTE | PW_STACK,
                                   16};
    miss(1, 0, PW_WRITE | PW_STACK);
    for (unsigned i = 0; i < 3; i++)
        check_status(tlb_translate(tlb, space, 1, 0x00400000, bad[i], r),
                     TLB_BAD_ARGUMENT);
    counts(0, 1, 0, 0, 0);
    end();
}

Test(tlb, looking_is_not_counted)
{
    begin(4, 2, TLB_LRU);
    check_probe(1, 0x00400000, TLB_MISS);
    insert(1, 0x00400000, 0);
    check_probe(1, 0x00400000, TLB_OK);
    counts(0, 0, 0, 0, 0);
    end();
}

Test(tlb, each_tlb_counts_for_itself)
{
    begin(4, 2, TLB_LRU);
    struct tlb *const first = tlb;
    tlb = tlb_create(1, 1, TLB_LRU);
    check(tlb != NULL, "no second TLB");
    insert(1, 0x00400000, 0);
    insert(1, 0x00401000, 0);
    counts(0, 0, 0, 0, 1);
    check_status(tlb_destroy(tlb), TLB_OK);
    tlb = first;
    counts(0, 0, 0, 0, 0);
    end();
}

/* ---- Dropping ------------------------------------------------------------ */

Test(tlb, one_page_is_invalidated)
{
    begin(4, 2, TLB_LRU);
    insert(1, 0x5000, 0);
    insert(2, 0x5000, 0);
    insert(1, 0x9000, 1);
    check_status(tlb_invalidate(tlb, 1, 0x5800), TLB_OK);
    check_probe(1, 0x5000, TLB_MISS);
    check_probe(2, 0x5000, TLB_OK);
    check_probe(1, 0x9000, TLB_OK);
    check_status(tlb_invalidate(tlb, 7, 0x9000), TLB_OK);
    check_probe(1, 0x9000, TLB_MISS);
    end();
}

/* What is left of a page of asid 1, one of 2, and a global one of 1. */
static void
left(bool one, bool two, bool global)
{
    check_probe(1, 0x5000, one ? TLB_OK : TLB_MISS);
    check_probe(2, 0x5000, two ? TLB_OK : TLB_MISS);
    check_probe(1, 0x6000, global ? TLB_OK : TLB_MISS);
    insert(1, 0x5000, 0);
    insert(2, 0x5000, 0);
    insert(1, 0x6000, 1);
}

Test(tlb, flushes_and_switches_drop_what_they_say)
{
    begin(4, 2, TLB_LRU);
    left(false, false, false);
    check_status(tlb_flush(tlb, TLB_ALL, 1), TLB_OK);
    left(false, false, false);
    check_status(tlb_flush(tlb, TLB_ALL_LOCAL, 1), TLB_OK);
    left(false, false, true);
    check_status(tlb_flush(tlb, TLB_ASID_LOCAL, 1), TLB_OK);
    left(false, true, true);
    check_status(tlb_switch(tlb, 1, TLB_NO_IDS), TLB_OK);
    left(false, false, true);
    check_status(tlb_switch(tlb, 1, TLB_NEW_ID), TLB_OK);
    left(false, true, true);
    check_status(tlb_switch(tlb, 1, TLB_SAME_ID), TLB_OK);
    left(true, true, true);
    check_status(tlb_flush(tlb, (enum tlb_flush)3, 1), TLB_BAD_ARGUMENT);
    check_status(tlb_switch(tlb, 1, (enum tlb_switch)3), TLB_BAD_ARGUMENT);
    left(true, true, true);
    end();
}

/* ---- Questions ----------------------------------------------------------- */

Test(tlb, changes_need_what_the_table_says)
{
    enum { OLD = 0x9000 | PW_P | PW_W | PW_U | PW_A | PW_D | PW_G };
    static const struct {
        struct tlb_change change;
        uint32_t action;
    } cases[] = {
        {{TLB_LEAF, 0, OLD, OLD}, TLB_DO_NOTHING},
        {{TLB_LEAF, 0, OLD & ~PW_P, OLD + 0x1000}, TLB_DO_NOTHING},
        {{TLB_LEAF, 0, OLD & ~PW_A, 0}, TLB_DO_NOTHING},
        {{TLB_LEAF, 0, OLD & ~PW_W, OLD}, TLB_DO_NOTHING},
        {{TLB_LEAF, 0, OLD & ~PW_U, OLD}, TLB_DO_NOTHING},
        {{TLB_LEAF, 0, OLD | PW_NX, OLD}, TLB_DO_NOTHING},
        {{TLB_LEAF, 0, OLD, OLD | PW_COW}, TLB_DO_NOTHING},
        {{TLB_LEAF, 0, OLD, OLD & ~PW_P}, TLB_DO_PAGE},
        {{TLB_LEAF, 1, OLD, OLD + 0x1000}, TLB_DO_PAGE},
        {{TLB_LEAF, 0, OLD, OLD + (UINT64_C(1) << 39)}, TLB_DO_PAGE},
        {{TLB_LEAF, 0, OLD, OLD & ~PW_W}, TLB_DO_PAGE},
        {{TLB_LEAF, 0, OLD, OLD & ~PW_U}, TLB_DO_PAGE},
        {{TLB_LEAF, 0, OLD, OLD & ~PW_A}, TLB_DO_PAGE},
        {{TLB_LEAF, 0, OLD, OLD & ~PW_D}, TLB_DO_PAGE},
        {{TLB_LEAF, 0, OLD, OLD & ~PW_G}, TLB_DO_PAGE},
        {{TLB_LEAF, 0, OLD, OLD | PW_NX}, TLB_DO_PAGE},
        {{TLB_TABLE, 0, OLD, OLD & ~(PW_D | PW_G)}, TLB_DO_NOTHING},
        {{TLB_TABLE, 0, OLD, 0}, TLB_DO_ASID},
        {{TLB_TABLE, 1, OLD, 0}, TLB_DO_ALL},
        {{TLB_REUSE, 0, 0, 0}, TLB_DO_ASID},
    };
    struct tlb_change *change = arena_object(struct tlb_change);
    uint32_t *action = arena_object(uint32_t);
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_context("case %u", i);
        *change = cases[i].change;
        check_status(tlb_needed(change, action), TLB_OK);
        check_eq(*action, cases[i].action);
    }
    change->kind = 3;
    check_status(tlb_needed(change, action), TLB_BAD_ARGUMENT);
    check_status(tlb_needed(NULL, action), TLB_BAD_ARGUMENT);
    check_status(tlb_needed(change, NULL), TLB_BAD_ARGUMENT);
}

Test(tlb, time_is_added_up)
{
    struct tlb_stats *s = arena_object(struct tlb_stats);
    struct tlb_costs *c = arena_object(struct tlb_costs);
    uint64_t *total = arena_object(uint64_t);
    *c = (struct tlb_costs){3, 100, 2};
    *s = (struct tlb_stats){
        .hits = 6000000000, .misses = 20, .dirty_walks = 5, .faults = 7};
    check_status(tlb_time(s, c, total), TLB_OK);
    check_eq(*total,
             UINT64_C(6000000020) * 3 + 25 * 200 + UINT64_C(6000000013) * 100);
    s->faults = 26;
    check_status(tlb_time(s, c, total), TLB_BAD_ARGUMENT);
    s->faults = 0;
    s->dirty_walks = s->hits + 1;
    check_status(tlb_time(s, c, total), TLB_BAD_ARGUMENT);
    check_status(tlb_time(NULL, c, total), TLB_BAD_ARGUMENT);
    check_status(tlb_time(s, NULL, total), TLB_BAD_ARGUMENT);
    check_status(tlb_time(s, c, NULL), TLB_BAD_ARGUMENT);
    *s = (struct tlb_stats){.hits = 1};
    const struct tlb_costs bad[] = {
        {65536, 1, 1}, {1, 65536, 1}, {1, 1, 0}, {1, 1, 5}};
    for (unsigned i = 0; i < 4; i++) {
        *c = bad[i];
        check_status(tlb_time(s, c, total), TLB_BAD_ARGUMENT);
    }
    *c = (struct tlb_costs){1, 1, 1};
    for (unsigned i = 0; i < 5; i++) {
        *s = (struct tlb_stats){0};
        *(i == 0   ? &s->hits
          : i == 1 ? &s->misses
          : i == 2 ? &s->dirty_walks
          : i == 3 ? &s->faults
                   : &s->evictions) = UINT64_C(1) << 40;
        check_status(tlb_time(s, c, total), TLB_BAD_ARGUMENT);
    }
}

/* ---- Bonus --------------------------------------------------------------- */

Test(tlb, tree_chooses_the_victim)
{
    check(tlb_create(1, 3, TLB_PLRU) == NULL, "a tree of three ways is made");
    begin(1, 4, TLB_PLRU);
    for (uint64_t n = 0; n < 3; n++)
        miss(1, n, PW_READ);
    miss(1, 5, PW_READ); /* way 3: all bits are 0 */
    hit(1, 0, PW_READ);  /* to the upper half */
    miss(1, 6, PW_READ); /* into way 2 */
    hit(1, 5, PW_READ);
    miss(1, 7, PW_READ); /* into way 1 */
    hit(1, 0, PW_READ);
    hit(1, 6, PW_READ);
    end();
}

Test(tlb, large_page_is_found_from_all_its_addresses)
{
    begin(4, 2, TLB_LRU);
    const uint64_t mib4 = UINT64_C(1) << 22;
    check_status(tlb_insert(tlb, entry(1, 3 * mib4, mib4, 0)), TLB_OK);
    for (uint64_t i = 0; i < 4; i++)
        check_probe(1, 3 * mib4 + i * PAGE, TLB_OK);
    check_probe(1, 4 * mib4, TLB_MISS);
    check_status(tlb_invalidate(tlb, 1, 4 * mib4 - 1), TLB_OK);
    check_probe(1, 3 * mib4, TLB_MISS);
    check_status(tlb_insert(tlb, entry(1, PAGE, mib4, 0)), TLB_BAD_ARGUMENT);
    end();
}

Test(tlb, smallest_page_decides_alone)
{
    begin(4, 4, TLB_LRU);
    const uint64_t mib4 = UINT64_C(1) << 22;
    struct tlb_entry *const all = entry(1, 3 * mib4, mib4, 0);
    all->writable = 1;
    all->dirty = 1;
    check_status(tlb_insert(tlb, all), TLB_OK);
    insert(1, 3 * mib4 + 5 * PAGE, 0);
    for (int i = 0; i < 2; i++)
        check_status(
            tlb_translate(tlb, space, 1, 3 * mib4 + 5 * PAGE, PW_WRITE, r),
            i == 0 ? TLB_FAULT : TLB_OK);
    end();
}

Test(tlb, last_page_has_an_end)
{
    begin(4, 2, TLB_LRU);
    insert(1, UINT64_MAX - 0xFFF, 0);
    check_probe(1, UINT64_MAX, TLB_OK);
    end();
}
