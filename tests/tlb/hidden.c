/* hidden.c - where an entry goes, who finds it, and which one is evicted. */
#include "tlb_help.h"

TestSuite(hidden, .init = vmlab_begin, .fini = vmlab_end, .timeout = 60);

/* ---- Making -------------------------------------------------------------- */

static void
check_refused(uint64_t sets, uint64_t ways, int policy)
{
    errno = 0;
    const struct tlb *const tlb =
        tlb_create(sets, ways, (enum tlb_policy)policy);
    check(tlb == NULL && errno == EINVAL,
          "tlb_create(%llu, %llu, %d) must be NULL with EINVAL, errno is %d",
          (unsigned long long)sets, (unsigned long long)ways, policy, errno);
}

Test(hidden, sizes_that_are_not_allowed_cannot_be_made)
{
    check_refused(0, 4, TLB_LRU);
    check_refused(3, 4, TLB_LRU);
    check_refused(12, 4, TLB_LRU);
    check_refused(2048, 4, TLB_LRU);
    check_refused(UINT64_C(1) << 32, 1, TLB_LRU);
    check_refused(4, 0, TLB_LRU);
    check_refused(4, 65, TLB_LRU);
    check_refused(4, (UINT64_C(1) << 32) + 1, TLB_LRU);
    check_refused(4, 4, 2);
    check_refused(4, 4, -1);
}

Test(hidden, smallest_and_largest_tlb_can_be_made)
{
    struct tlb *const one = new_tlb(1, 1, TLB_LRU);
    put(one, 1, 0x7000, 0x11000);
    put(one, 1, 0x8000, 0x12000);
    check_absent(one, 1, 0x7000);
    check_cached(one, 1, 0x8000, 0x12000);
    struct tlb *const all = new_tlb(1024, 64, TLB_LRU);
    for (uint64_t i = 0; i < 65; i++)
        put(all, 1, i << 22 | 1023 << 12, i << 12);
    check_absent(all, 1, 1023 << 12);
    for (uint64_t i = 1; i < 65; i++)
        check_cached(all, 1, i << 22 | 1023 << 12, i << 12);
    check_status(tlb_destroy(one), TLB_OK);
    check_status(tlb_destroy(all), TLB_OK);
}

Test(hidden, two_tlbs_know_nothing_of_each_other)
{
    struct tlb *const a = new_tlb(2, 2, TLB_LRU);
    struct tlb *const b = new_tlb(2, 2, TLB_LRU);
    put(a, 1, 0x3000, 0x51000);
    check_absent(b, 1, 0x3000);
    put(b, 1, 0x3000, 0x62000);
    check_status(tlb_flush(b, TLB_ALL, 0), TLB_OK);
    check_cached(a, 1, 0x3000, 0x51000);
    put(a, 1, 0x5000, 0x53000);
    put(a, 1, 0x7000, 0x57000);
    check_stats(a, .evictions = 1);
    check_stats(b, .evictions = 0);
    check_status(tlb_destroy(b), TLB_OK);
    check_cached(a, 1, 0x7000, 0x57000);
    check_status(tlb_destroy(a), TLB_OK);
}

Test(hidden, null_is_a_bad_argument)
{
    struct world w = new_world(2, 2);
    struct tlb_entry *const e = arena_entry();
    *e = entry_of(1, 0x3000, 0x4000);
    check_status(tlb_destroy(NULL), TLB_BAD_ARGUMENT);
    check_status(tlb_insert(NULL, e), TLB_BAD_ARGUMENT);
    check_status(tlb_insert(w.tlb, NULL), TLB_BAD_ARGUMENT);
    check_status(tlb_probe(NULL, 1, 0, e), TLB_BAD_ARGUMENT);
    check_status(tlb_probe(w.tlb, 1, 0, NULL), TLB_BAD_ARGUMENT);
    check_status(tlb_translate(NULL, w.space, 1, BASE, PW_READ, w.r),
                 TLB_BAD_ARGUMENT);
    check_status(tlb_translate(w.tlb, NULL, 1, BASE, PW_READ, w.r),
                 TLB_BAD_ARGUMENT);
    check_status(tlb_translate(w.tlb, w.space, 1, BASE, PW_READ, NULL),
                 TLB_BAD_ARGUMENT);
    check_status(tlb_stat(w.tlb, NULL), TLB_BAD_ARGUMENT);
    check_status(tlb_stat(NULL, arena_object(struct tlb_stats)),
                 TLB_BAD_ARGUMENT);
    check_status(tlb_invalidate(NULL, 1, 0), TLB_BAD_ARGUMENT);
    check_status(tlb_flush(NULL, TLB_ALL, 1), TLB_BAD_ARGUMENT);
    check_status(tlb_switch(NULL, 1, TLB_SAME_ID), TLB_BAD_ARGUMENT);
    check_stats(w.tlb, 0);
    end_world(&w);
}

/* ---- Finding ------------------------------------------------------------- */

Test(hidden, entry_is_found_from_every_byte_of_its_page_alone)
{
    struct tlb *const tlb = new_tlb(4, 2, TLB_LRU);
    put(tlb, 7, 0x0804A000, 0x00033000);
    check_cached(tlb, 7, 0x0804A000, 0x00033000);
    check_cached(tlb, 7, 0x0804A7FF, 0x000337FF);
    check_cached(tlb, 7, 0x0804AFFF, 0x00033FFF);
    check_absent(tlb, 7, 0x08049FFF);
    check_absent(tlb, 7, 0x0804B000);
    check_status(tlb_destroy(tlb), TLB_OK);
}

Test(hidden, probe_gives_the_entry_as_it_was_filled)
{
    struct tlb *const tlb = new_tlb(1, 8, TLB_LRU);
    for (uint32_t bits = 0; bits < 32; bits++) {
        struct tlb_entry *const e = arena_entry();
        const struct tlb_entry given = {
            .asid = 0x100 + bits,
            .va = UINT64_C(0x00007FFFFFFFE000),
            .pa = UINT64_C(0xFFFFFFF000),
            .page_bytes = PAGE,
            .writable = bits & 1,
            .user = bits >> 1 & 1,
            .no_execute = bits >> 2 & 1,
            .global = bits >> 3 & 1,
            .dirty = bits >> 4 & 1,
        };
        check_status(insert(tlb, given), TLB_OK);
        memset(e, 0xA5, sizeof *e);
        check_status(tlb_probe(tlb, 0x100 + bits, given.va + 1, e), TLB_OK);
        check_eq(e->asid, given.asid);
        check_eq(e->va, given.va);
        check_eq(e->pa, given.pa);
        check_eq(e->page_bytes, PAGE);
        check_eq(e->writable, given.writable);
        check_eq(e->user, given.user);
        check_eq(e->no_execute, given.no_execute);
        check_eq(e->global, given.global);
        check_eq(e->dirty, given.dirty);
    }
    check_status(tlb_destroy(tlb), TLB_OK);
}

Test(hidden, probe_that_misses_leaves_the_entry_untouched)
{
    struct tlb *const tlb = new_tlb(2, 2, TLB_LRU);
    put(tlb, 1, 0x5000, 0x6000);
    struct tlb_entry *const e = arena_entry();
    struct tlb_entry before;
    memset(e, 0xA5, sizeof *e);
    before = *e;
    check_status(tlb_probe(tlb, 1, 0x7000, e), TLB_MISS);
    check_bytes(e, &before, sizeof *e);
    check_status(tlb_probe(tlb, 2, 0x5000, e), TLB_MISS);
    check_bytes(e, &before, sizeof *e);
    check_status(tlb_destroy(tlb), TLB_OK);
}

Test(hidden, set_is_the_page_number_modulo_sets)
{
    struct tlb *const tlb = new_tlb(8, 1, TLB_LRU);
    for (uint64_t i = 0; i < 8; i++)
        put(tlb, 1, BASE + i * PAGE, i << 16);
    for (uint64_t i = 0; i < 8; i++)
        check_cached(tlb, 1, BASE + i * PAGE, i << 16);
    put(tlb, 1, BASE + 11 * PAGE, 0x77000);
    for (uint64_t i = 0; i < 8; i++)
        if (i != 3)
            check_cached(tlb, 1, BASE + i * PAGE, i << 16);
    check_absent(tlb, 1, BASE + 3 * PAGE);
    check_status(tlb_destroy(tlb), TLB_OK);
}

Test(hidden, all_bits_of_the_page_number_are_compared)
{
    struct tlb *const tlb = new_tlb(2, 2, TLB_LRU);
    put(tlb, 1, 0x00001000, 0x44000);
    for (unsigned bit = 13; bit < 64; bit++) {
        check_context("bit %u of the address differs", bit);
        check_absent(tlb, 1, 0x00001000 | UINT64_C(1) << bit);
    }
    check_context("%s", "");
    check_cached(tlb, 1, 0x00001000, 0x44000);
    put(tlb, 1, UINT64_C(0x100001000), 0x55000);
    check_cached(tlb, 1, 0x00001000, 0x44000);
    check_cached(tlb, 1, UINT64_C(0x100001000), 0x55000);
    check_status(tlb_destroy(tlb), TLB_OK);
}

/* Behind its last byte comes address 0. */
Test(hidden, last_page_of_64_bits_is_like_all_others)
{
    struct tlb *const tlb = new_tlb(4, 2, TLB_LRU);
    put(tlb, 1, UINT64_MAX - 0xFFF, 0x44000);
    check_cached(tlb, 1, UINT64_MAX, 0x44FFF);
    check_cached(tlb, 1, UINT64_MAX - 0xFFF, 0x44000);
    check_absent(tlb, 1, 0);
    check_absent(tlb, 1, UINT64_MAX - 0x1000);
    check_status(tlb_invalidate(tlb, 1, UINT64_MAX), TLB_OK);
    check_absent(tlb, 1, UINT64_MAX - 0xFFF);
    check_status(tlb_destroy(tlb), TLB_OK);
}

Test(hidden, id_tells_pages_of_two_spaces_apart)
{
    struct tlb *const tlb = new_tlb(4, 2, TLB_LRU);
    put(tlb, 1, 0x0804A000, 0x00011000);
    check_absent(tlb, 2, 0x0804A000);
    put(tlb, 2, 0x0804A000, 0x00022000);
    check_cached(tlb, 1, 0x0804A010, 0x00011010);
    check_cached(tlb, 2, 0x0804A010, 0x00022010);
    check_status(tlb_destroy(tlb), TLB_OK);
}

Test(hidden, ids_have_64_bits)
{
    struct tlb *const tlb = new_tlb(1, 64, TLB_LRU);
    put(tlb, 5, 0x0804A000, 0x00011000);
    for (unsigned bit = 3; bit < 64; bit++) {
        check_context("bit %u of the id differs", bit);
        check_absent(tlb, 5 | UINT64_C(1) << bit, 0x0804A000);
    }
    check_context("%s", "");
    put(tlb, UINT64_MAX, 0x0804A000, 0x00022000);
    check_cached(tlb, UINT64_MAX, 0x0804A000, 0x00022000);
    check_cached(tlb, 5, 0x0804A000, 0x00011000);
    static const uint64_t others[] = {0x105, 0x10005, UINT64_C(0x100000005)};
    for (unsigned i = 0; i < 3; i++)
        put(tlb, others[i], 0x0804A000, (i + 3) << 16);
    check_cached(tlb, 5, 0x0804A000, 0x00011000);
    check_status(tlb_flush(tlb, TLB_ASID_LOCAL, 5), TLB_OK);
    check_absent(tlb, 5, 0x0804A000);
    for (unsigned i = 0; i < 3; i++)
        check_cached(tlb, others[i], 0x0804A000, (i + 3) << 16);
    check_status(tlb_switch(tlb, others[2], TLB_NEW_ID), TLB_OK);
    check_cached(tlb, others[0], 0x0804A000, 3 << 16);
    check_cached(tlb, others[1], 0x0804A000, 4 << 16);
    check_absent(tlb, others[2], 0x0804A000);
    check_status(tlb_destroy(tlb), TLB_OK);
}

Test(hidden, id_0_and_page_0_are_like_all_others)
{
    struct tlb *const tlb = new_tlb(2, 2, TLB_LRU);
    check_absent(tlb, 0, 0);
    const struct tlb_entry zero = {.page_bytes = PAGE};
    check_status(insert(tlb, zero), TLB_OK);
    check_cached(tlb, 0, 0x123, 0x123);
    check_absent(tlb, 1, 0);
    check_status(tlb_invalidate(tlb, 0, 0), TLB_OK);
    check_absent(tlb, 0, 0);
    check_status(tlb_destroy(tlb), TLB_OK);
}

Test(hidden, global_entry_matches_every_id)
{
    struct tlb *const tlb = new_tlb(4, 2, TLB_LRU);
    put_global(tlb, 3, 0xC0105000, 0x00011000);
    check_cached(tlb, 3, 0xC0105008, 0x00011008);
    check_cached(tlb, 4, 0xC0105008, 0x00011008);
    check_cached(tlb, 0, 0xC0105008, 0x00011008);
    check_eq(arena_entry()->asid, 3);
    check_absent(tlb, 4, 0xC0106000);
    check_status(tlb_destroy(tlb), TLB_OK);
}

/* ---- Filling ------------------------------------------------------------- */

Test(hidden, page_that_is_cached_already_is_replaced)
{
    struct tlb *const tlb = new_tlb(1, 3, TLB_LRU);
    put(tlb, 1, 0x5000, 0x11000);
    put(tlb, 1, 0x6000, 0x12000);
    for (uint64_t i = 0; i < 5; i++)
        put(tlb, 1, 0x5000, 0x20000 + i * PAGE);
    check_cached(tlb, 1, 0x5000, 0x24000);
    put(tlb, 1, 0x7000, 0x13000);
    check_cached(tlb, 1, 0x5000, 0x24000);
    check_cached(tlb, 1, 0x6000, 0x12000);
    check_cached(tlb, 1, 0x7000, 0x13000);
    check_stats(tlb, .evictions = 0);
    check_status(tlb_invalidate(tlb, 1, 0x5000), TLB_OK);
    check_absent(tlb, 1, 0x5000);
    check_status(tlb_destroy(tlb), TLB_OK);
}

Test(hidden, replaced_page_is_the_most_recent)
{
    struct tlb *const tlb = new_tlb(1, 3, TLB_LRU);
    put(tlb, 1, 0x5000, 0x11000);
    put(tlb, 1, 0x6000, 0x12000);
    put(tlb, 1, 0x7000, 0x13000);
    put(tlb, 1, 0x5000, 0x14000);
    put(tlb, 1, 0x8000, 0x15000);
    check_absent(tlb, 1, 0x6000);
    check_cached(tlb, 1, 0x5000, 0x14000);
    check_status(tlb_destroy(tlb), TLB_OK);
}

Test(hidden, same_page_of_another_id_stays)
{
    struct tlb *const tlb = new_tlb(1, 4, TLB_LRU);
    for (uint64_t asid = 1; asid <= 4; asid++)
        put(tlb, asid, 0x5000, asid << 16);
    put(tlb, 2, 0x5000, 0x99000);
    check_cached(tlb, 1, 0x5000, 0x10000);
    check_cached(tlb, 2, 0x5000, 0x99000);
    check_cached(tlb, 3, 0x5000, 0x30000);
    check_cached(tlb, 4, 0x5000, 0x40000);
    check_status(tlb_destroy(tlb), TLB_OK);
}

Test(hidden, global_page_replaces_that_of_every_id)
{
    struct tlb *const tlb = new_tlb(1, 4, TLB_LRU);
    put(tlb, 1, 0x5000, 0x11000);
    put(tlb, 2, 0x5000, 0x12000);
    put(tlb, 1, 0x6000, 0x13000);
    put_global(tlb, 3, 0x5000, 0x77000);
    for (uint64_t asid = 0; asid < 5; asid++)
        check_cached(tlb, asid, 0x5000, 0x77000);
    check_cached(tlb, 1, 0x6000, 0x13000);
    check_status(tlb_invalidate(tlb, 9, 0x5000), TLB_OK);
    for (uint64_t asid = 0; asid < 5; asid++)
        check_absent(tlb, asid, 0x5000);
    check_status(tlb_destroy(tlb), TLB_OK);
}

Test(hidden, page_of_one_id_replaces_a_global_one)
{
    struct tlb *const tlb = new_tlb(1, 4, TLB_LRU);
    put_global(tlb, 3, 0x5000, 0x77000);
    put(tlb, 1, 0x5000, 0x11000);
    check_cached(tlb, 1, 0x5000, 0x11000);
    check_absent(tlb, 3, 0x5000);
    check_absent(tlb, 2, 0x5000);
    check_status(tlb_destroy(tlb), TLB_OK);
}

Test(hidden, free_way_is_taken_before_anything_is_evicted)
{
    struct tlb *const tlb = new_tlb(1, 4, TLB_LRU);
    for (uint64_t i = 0; i < 4; i++)
        put(tlb, 1, 0x5000 + i * PAGE, i << 16);
    for (uint64_t gone = 0; gone < 4; gone++) {
        check_status(tlb_invalidate(tlb, 1, 0x5000 + gone * PAGE), TLB_OK);
        put(tlb, 1, 0x5000 + gone * PAGE, gone << 16 | 0x1000);
    }
    check_status(tlb_invalidate(tlb, 1, 0x7000), TLB_OK);
    put(tlb, 1, 0x9000, 0x99000);
    check_cached(tlb, 1, 0x5000, 0x01000);
    check_cached(tlb, 1, 0x6000, 0x11000);
    check_cached(tlb, 1, 0x8000, 0x31000);
    check_cached(tlb, 1, 0x9000, 0x99000);
    check_stats(tlb, .evictions = 0);
    check_status(tlb_destroy(tlb), TLB_OK);
}

Test(hidden, full_set_evicts_although_another_has_room)
{
    struct tlb *const tlb = new_tlb(4, 2, TLB_LRU);
    put(tlb, 1, 0x01000, 0x11000);
    put(tlb, 1, 0x05000, 0x12000);
    put(tlb, 1, 0x02000, 0x13000);
    put(tlb, 1, 0x09000, 0x14000);
    check_absent(tlb, 1, 0x01000);
    check_cached(tlb, 1, 0x05000, 0x12000);
    check_cached(tlb, 1, 0x02000, 0x13000);
    check_cached(tlb, 1, 0x09000, 0x14000);
    check_stats(tlb, .evictions = 1);
    check_status(tlb_destroy(tlb), TLB_OK);
}

Test(hidden, insert_refuses_what_no_walk_could_find)
{
    struct tlb *const tlb = new_tlb(2, 1, TLB_LRU);
    put(tlb, 1, 0x5000, 0x11000);
    struct tlb_entry e = entry_of(1, 0x7010, 0x2000);
    check_status(insert(tlb, e), TLB_BAD_ARGUMENT);
    e = entry_of(1, 0x7000, 0x2800);
    check_status(insert(tlb, e), TLB_BAD_ARGUMENT);
    static const uint64_t sizes[] = {0, 1, 2048, 8192, 5000, 1 << 20};
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        e = entry_of(1, 0, 0);
        e.page_bytes = sizes[i];
        check_status(insert(tlb, e), TLB_BAD_ARGUMENT);
    }
    for (unsigned i = 0; i < 5; i++) {
        e = entry_of(1, 0x7000, 0x2000);
        *(i == 0   ? &e.writable
          : i == 1 ? &e.user
          : i == 2 ? &e.no_execute
          : i == 3 ? &e.global
                   : &e.dirty) = 2;
        check_status(insert(tlb, e), TLB_BAD_ARGUMENT);
    }
    check_cached(tlb, 1, 0x5000, 0x11000);
    check_absent(tlb, 1, 0x7000);
    check_stats(tlb, .evictions = 0);
    check_status(tlb_destroy(tlb), TLB_OK);
}

/* ---- Recency: a set of four ways, pages A to F --------------------------- */

enum {
    A = 0x00400000,
    B = 0x00401000,
    C = 0x00402000,
    D = 0x00403000,
    E = 0x00404000,
    F = 0x00405000,
};

static struct world
four_ways(void)
{
    struct world w = new_world(1, 4);
    for (uint64_t va = A; va <= F; va += PAGE)
        map(w.space, va, 0x01000000 + va, RW);
    static const uint64_t first[] = {A, B, C, D};
    for (unsigned i = 0; i < 4; i++)
        check_miss(&w, 1, first[i], PW_READ, 0x01000000 + first[i]);
    return w;
}

static void
use(struct world *w, uint64_t va)
{
    check_hit(w, 1, va, PW_READ, 0x01000000 + va);
}

static void
bring(struct world *w, uint64_t va)
{
    check_miss(w, 1, va, PW_READ, 0x01000000 + va);
}

Test(hidden, victim_is_the_one_filled_first_when_none_was_used_again)
{
    struct world w = four_ways();
    bring(&w, E);
    check_absent(w.tlb, 1, A);
    bring(&w, F);
    check_absent(w.tlb, 1, B);
    check_cached(w.tlb, 1, C, 0x01000000 + C);
    check_cached(w.tlb, 1, D, 0x01000000 + D);
    end_world(&w);
}

Test(hidden, hit_makes_an_entry_the_most_recent)
{
    struct world w = four_ways();
    use(&w, A);
    use(&w, C);
    bring(&w, E);
    check_absent(w.tlb, 1, B);
    bring(&w, F);
    check_absent(w.tlb, 1, D);
    bring(&w, B);
    check_absent(w.tlb, 1, A);
    end_world(&w);
}

Test(hidden, dirty_walk_makes_an_entry_the_most_recent)
{
    struct world w = four_ways();
    check_dirty_walk(&w, 1, A, PW_WRITE, 0x01000000 + A);
    bring(&w, E);
    check_absent(w.tlb, 1, B);
    check_cached(w.tlb, 1, A, 0x01000000 + A);
    end_world(&w);
}

Test(hidden, victim_is_not_the_one_used_least_often)
{
    struct world w = four_ways();
    for (int i = 0; i < 20; i++)
        use(&w, A);
    use(&w, B);
    use(&w, C);
    use(&w, D);
    bring(&w, E);
    check_absent(w.tlb, 1, A);
    end_world(&w);
}

Test(hidden, probe_touches_nothing)
{
    struct world w = four_ways();
    check_cached(w.tlb, 1, A, 0x01000000 + A);
    bring(&w, E);
    check_absent(w.tlb, 1, A);
    check_stats(w.tlb, .misses = 5, .evictions = 1);
    end_world(&w);
}

Test(hidden, dropped_entry_leaves_the_order_of_the_others)
{
    struct world w = four_ways();
    use(&w, A);
    check_status(tlb_invalidate(w.tlb, 1, C), TLB_OK);
    bring(&w, E);
    bring(&w, F);
    check_absent(w.tlb, 1, B);
    bring(&w, B);
    check_absent(w.tlb, 1, D);
    bring(&w, C);
    check_absent(w.tlb, 1, A);
    end_world(&w);
}

Test(hidden, each_set_has_an_order_of_its_own)
{
    struct world w = new_world(2, 2);
    for (uint64_t va = A; va <= F; va += PAGE)
        map(w.space, va, 0x01000000 + va, RW);
    bring(&w, A);
    bring(&w, B);
    bring(&w, C);
    bring(&w, D);
    use(&w, A);
    use(&w, B);
    use(&w, D);
    bring(&w, E);
    check_absent(w.tlb, 1, C);
    bring(&w, F);
    check_absent(w.tlb, 1, B);
    check_cached(w.tlb, 1, A, 0x01000000 + A);
    end_world(&w);
}

/* A counter of 8 bits has come round after 256 touches. */
Test(hidden, order_survives_hundreds_of_touches)
{
    struct tlb *const tlb = new_tlb(1, 4, TLB_LRU);
    for (unsigned touches = 248; touches <= 264; touches++) {
        check_context("after %u touches of three pages", touches);
        check_status(tlb_flush(tlb, TLB_ALL, 0), TLB_OK);
        put(tlb, 1, A, 0x1000);
        for (unsigned i = 0; i < touches; i++)
            put(tlb, 1, B + i % 3 * PAGE, 0x2000);
        put(tlb, 1, E, 0x3000);
        check_absent(tlb, 1, A);
        check_cached(tlb, 1, B, 0x2000);
        check_cached(tlb, 1, C, 0x2000);
        check_cached(tlb, 1, D, 0x2000);
    }
    check_context("%s", "");
    check_status(tlb_destroy(tlb), TLB_OK);
}

Test(hidden, ways_need_not_be_a_power_of_two)
{
    struct tlb *const tlb = new_tlb(2, 5, TLB_LRU);
    for (uint64_t i = 0; i < 12; i++)
        put(tlb, 1, i * PAGE, i << 16);
    check_absent(tlb, 1, 0);
    check_absent(tlb, 1, PAGE);
    for (uint64_t i = 2; i < 12; i++)
        check_cached(tlb, 1, i * PAGE, i << 16);
    check_status(tlb_destroy(tlb), TLB_OK);
}

/* True LRU is at its worst in a loop that is one page too long. */
Test(hidden, loop_over_one_page_too_many_never_hits)
{
    struct world w = four_ways();
    for (int round = 0; round < 3; round++) {
        bring(&w, E);
        bring(&w, A);
        bring(&w, B);
        bring(&w, C);
        bring(&w, D);
    }
    check_stats(w.tlb, .misses = 19, .evictions = 15);
    end_world(&w);
}
