/* hidden_sizes.c - calloc, realloc, and what happens without memory. */
#include "heap_help.h"

/* ---- calloc ------------------------------------------------------------ */

Test(hidden, calloc_clears_memory_that_was_used)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    static const size_t n[] = {1, 8, 24, 100, 1000, 30000, 131071};
    for (unsigned i = 0; i < 7; i++) {
        for (unsigned round = 0; round < 3; round++) {
            void *p = block(kmem, heap_malloc(heap, n[i]), n[i]);
            fill(p, usable(kmem, heap, p), i);
            check_status(heap_free(heap, p), HEAP_OK);
            p = block(kmem, heap_calloc(heap, n[i], 1), n[i]);
            check_context("heap_calloc(heap, %zu, 1)", n[i]);
            check_zero(p, n[i]);
            fill(p, n[i], 5);
            if (round != 1)
                check_status(heap_free(heap, p), HEAP_OK);
        }
    }
}

Test(hidden, calloc_clears_what_the_break_left_behind)
{
    struct kmem *kmem = test_kmem(1000, 4 * MIB, MIB);
    struct heap *heap = new_heap(kmem);
    check_status(heap_set(heap, HEAP_SET_KEEP, 0), HEAP_OK);
    for (unsigned round = 0; round < 6; round++) {
        void *p[20];
        for (unsigned i = 0; i < 20; i++) {
            const size_t n = 5001 + 700 * round;
            p[i] = block(kmem, heap_calloc(heap, 1, n), n);
            check_zero(p[i], n);
            fill(p[i], usable(kmem, heap, p[i]), i);
        }
        free_blocks(heap, p, 20);
    }
    check(kmem_counts(kmem).brk_lowered > 0, "the break was never lowered");
}

Test(hidden, calloc_of_a_mapping_is_zero)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    for (unsigned round = 0; round < 3; round++) {
        void *p = block(kmem, heap_calloc(heap, 300, 1000), 300000);
        check_zero(p, 300000);
        fill(p, 300000, round);
        check_status(heap_free(heap, p), HEAP_OK);
    }
}

Test(hidden, product_that_overflows_is_enomem)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    const struct kmem_counts before = kmem_counts(kmem);
    check_null(heap_calloc(heap, SIZE_MAX / 2 + 1, 2), ENOMEM);
    check_null(heap_calloc(heap, SIZE_MAX / 16 + 2, 16), ENOMEM);
    check_null(heap_calloc(heap, SIZE_MAX, SIZE_MAX), ENOMEM);
    check_null(heap_calloc(heap, (size_t)3 << 32, (size_t)1 << 32), ENOMEM);
    check_unchanged(kmem, before);
}

Test(hidden, calloc_of_nothing_gets_a_block_of_its_own)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p = block(kmem, heap_calloc(heap, 0, 8), 0);
    void *q = block(kmem, heap_calloc(heap, 8, 0), 0);
    void *r = block(kmem, heap_calloc(heap, 0, SIZE_MAX), 0);
    check(p != q && q != r && p != r, "two requests got one block");
    check_status(heap_free(heap, q), HEAP_OK);
    check_status(heap_free(heap, p), HEAP_OK);
}

/* ---- realloc ----------------------------------------------------------- */

Test(hidden, realloc_of_null_is_malloc)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p = block(kmem, heap_realloc(heap, NULL, 100), 100);
    void *q = block(kmem, heap_realloc(heap, NULL, 0), 0);
    void *r = block(kmem, heap_realloc(heap, NULL, 131072), 131072);
    check(kmem_in_heap(kmem, p) && kmem_in_mapping(kmem, r),
          "the threshold does not hold for realloc of NULL");
    check_status(heap_free(heap, q), HEAP_OK);
    check_status(heap_free(heap, p), HEAP_OK);
}

Test(hidden, realloc_to_0_frees)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p = block(kmem, heap_malloc(heap, 3000), 3000);
    void *pin = block(kmem, heap_malloc(heap, 30), 30);
    check_null(heap_realloc(heap, p, 0), 0);
    check_status(heap_free(heap, p), HEAP_BAD_HEADER);
    void *q = block(kmem, heap_malloc(heap, 140000), 140000);
    check_null(heap_realloc(heap, q, 0), 0);
    check_eq(kmem_counts(kmem).mapped_bytes, 0);
    check_status(heap_free(heap, pin), HEAP_OK);
}

Test(hidden, contents_stay_when_a_block_grows)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    for (unsigned i = 1; i < 60; i++) {
        const size_t n = i * i * 7, larger = n * 2 + 50;
        void *p = block(kmem, heap_malloc(heap, n), n);
        block(kmem, heap_malloc(heap, 16), 16);
        fill(p, n, i);
        void *q = block(kmem, heap_realloc(heap, p, larger), larger);
        check_context("from %zu to %zu bytes", n, larger);
        check_filled(q, n, i);
        fill(q, larger, i);
    }
}

Test(hidden, contents_stay_when_a_block_shrinks)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    for (unsigned i = 1; i < 60; i++) {
        const size_t n = i * i * 7, smaller = n / 3 + 1;
        void *p = block(kmem, heap_malloc(heap, n), n);
        fill(p, n, i);
        void *q = block(kmem, heap_realloc(heap, p, smaller), smaller);
        check_context("from %zu to %zu bytes", n, smaller);
        check_filled(q, smaller, i);
        block(kmem, heap_malloc(heap, n / 2), n / 2);
        check_filled(q, smaller, i);
    }
}

Test(hidden, neighbours_keep_their_contents)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p[50];
    for (unsigned i = 0; i < 50; i++) {
        p[i] = block(kmem, heap_malloc(heap, 200), 200);
        fill(p[i], usable(kmem, heap, p[i]), i);
    }
    for (unsigned i = 0; i < 50; i += 2) {
        const size_t n = i % 4 == 0 ? 40 : 900;
        p[i] = block(kmem, heap_realloc(heap, p[i], n), n);
        fill(p[i], usable(kmem, heap, p[i]), i);
    }
    for (unsigned i = 0; i < 50; i++)
        check_filled(p[i], usable(kmem, heap, p[i]), i);
}

Test(hidden, block_that_fits_stays_where_it_is)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p = block(kmem, heap_malloc(heap, 5000), 5000);
    block(kmem, heap_malloc(heap, 100), 100);
    static const size_t n[] = {5000, 4999, 3000, 3000, 200, 1};
    for (unsigned i = 0; i < 6; i++) {
        check_context("to %zu bytes", n[i]);
        check(heap_realloc(heap, p, n[i]) == p, "the block has moved");
    }
}

Test(hidden, tail_of_a_smaller_block_can_be_had)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p[30];
    for (unsigned i = 0; i < 30; i++) {
        p[i] = block(kmem, heap_malloc(heap, 30000), 30000);
        block(kmem, heap_malloc(heap, 24), 24);
    }
    for (unsigned i = 0; i < 30; i++)
        block(kmem, heap_realloc(heap, p[i], 1000), 1000);
    for (unsigned i = 0; i < 30; i++)
        check_no_growth(kmem, block(kmem, heap_malloc(heap, 28900), 28900));
}

Test(hidden, tail_joins_what_is_free_behind_it)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p[90];
    row_of_blocks(kmem, heap, p, 90, 10000);
    for (unsigned i = 1; i < 90; i += 3)
        check_status(heap_free(heap, p[i]), HEAP_OK);
    for (unsigned i = 0; i < 90; i += 3)
        block(kmem, heap_realloc(heap, p[i], 2000), 2000);
    for (unsigned i = 0; i < 29; i++)
        check_no_growth(kmem, block(kmem, heap_malloc(heap, 17900), 17900));
}

Test(hidden, block_grows_in_place_over_a_free_neighbour)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p[9];
    row_of_blocks(kmem, heap, p, 9, 3000);
    for (unsigned i = 0; i < 9; i++)
        fill(p[i], 3000, i);
    check_status(heap_free(heap, p[4]), HEAP_OK);
    check(heap_realloc(heap, p[3], 5900) == p[3], "the block has moved");
    check_filled(p[3], 3000, 3);
    fill(p[3], 5900, 3);
    for (unsigned i = 0; i < 9; i++) {
        if (i != 3 && i != 4)
            check_filled(p[i], 3000, i);
    }
    void *q = block(kmem, heap_realloc(heap, p[6], 9000), 9000);
    check_filled(q, 3000, 6);
    check_filled(p[7], 3000, 7);
}

Test(hidden, small_block_grows_over_one_just_freed)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p[9];
    row_of_blocks(kmem, heap, p, 9, 100);
    fill(p[2], 100, 2);
    check_status(heap_free(heap, p[3]), HEAP_OK);
    check(heap_realloc(heap, p[2], 160) == p[2], "the block has moved");
    check_filled(p[2], 100, 2);
}

Test(hidden, what_a_growing_block_leaves_over_stays_free)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p[60];
    row_of_blocks(kmem, heap, p, 60, 20000);
    for (unsigned i = 1; i < 60; i += 3)
        check_status(heap_free(heap, p[i]), HEAP_OK);
    for (unsigned i = 0; i < 60; i += 3)
        check(heap_realloc(heap, p[i], 25000) == p[i], "the block has moved");
    for (unsigned i = 0; i < 20; i++)
        check_no_growth(kmem, block(kmem, heap_malloc(heap, 14900), 14900));
}

Test(hidden, block_that_has_grown_joins_what_is_free_below)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p[60];
    row_of_blocks(kmem, heap, p, 60, 20000);
    block(kmem, heap_malloc(heap, 5000), 5000);
    for (unsigned i = 0; i < 60; i++) {
        if (i % 3 != 1)
            check_status(heap_free(heap, p[i]), HEAP_OK);
    }
    for (unsigned i = 1; i < 60; i += 3)
        check(heap_realloc(heap, p[i], 25000) == p[i], "the block has moved");
    for (unsigned i = 58; i < 60; i -= 3)
        check_status(heap_free(heap, p[i]), HEAP_OK);
    for (unsigned i = 0; i < 10; i++)
        check_no_growth(kmem, block(kmem, heap_malloc(heap, 100000), 100000));
}

Test(hidden, last_block_grows_with_the_break)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    check_status(heap_set(heap, HEAP_SET_THRESHOLD, 8 * MIB), HEAP_OK);
    void *p[3];
    row_of_blocks(kmem, heap, p, 3, 1000);
    fill(p[2], 1000, 1);
    const size_t n = 2 * MIB;
    check(heap_realloc(heap, p[2], n) == p[2], "the block has moved");
    check_memory(kmem, p[2], n);
    check_filled(p[2], 1000, 1);
    fill(p[2], n, 2);
    check(kmem_counts(kmem).heap_bytes <= n + 2 * HEAP_AHEAD + 5000,
          "the break went up further than needed");
}

Test(hidden, block_that_moves_is_free_where_it_was)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    for (size_t n = 24; n < 40000; n = n * 2 + 24) {
        void *p[3];
        take_blocks(kmem, heap, p, 3, n);
        fill(p[1], n, 1);
        void *q = block(kmem, heap_realloc(heap, p[1], 3 * n), 3 * n);
        check_filled(q, n, 1);
        if (q != p[1])
            check_status(heap_free(heap, p[1]), HEAP_BAD_HEADER);
    }
}

Test(hidden, block_that_moves_gives_its_old_place_back)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p = block(kmem, heap_malloc(heap, 100), 100);
    for (unsigned round = 0; round < 40; round++) {
        void *pin[7];
        unsigned pins = 0;
        for (size_t n = 1000; n <= 64000; n *= 2) {
            pin[pins++] = block(kmem, heap_malloc(heap, 500), 500);
            p = block(kmem, heap_realloc(heap, p, n), n);
            fill(p, n, round);
        }
        free_blocks(heap, pin, pins);
        p = block(kmem, heap_realloc(heap, p, 100), 100);
    }
    check(kmem_counts(kmem).peak_bytes < 700 * KIB,
          "one block of at most 64000 bytes took %llu",
          (unsigned long long)kmem_counts(kmem).peak_bytes);
}

Test(hidden, block_that_reaches_the_threshold_is_mapped)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p = block(kmem, heap_malloc(heap, 100000), 100000);
    void *pin = block(kmem, heap_malloc(heap, 100), 100);
    fill(p, 100000, 4);
    void *q = block(kmem, heap_realloc(heap, p, 131072), 131072);
    check(kmem_in_mapping(kmem, q), "131072 bytes lie in the heap");
    check_filled(q, 100000, 4);
    check_status(heap_free(heap, p), HEAP_BAD_HEADER);
    check_no_growth(kmem, block(kmem, heap_malloc(heap, 99900), 99900));
    check_status(heap_free(heap, pin), HEAP_OK);
}

Test(hidden, last_block_is_mapped_at_the_threshold_too)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p = block(kmem, heap_malloc(heap, 131000), 131000);
    fill(p, 131000, 4);
    p = block(kmem, heap_realloc(heap, p, 131071), 131071);
    check(kmem_in_heap(kmem, p), "131071 bytes are mapped");
    p = block(kmem, heap_realloc(heap, p, 200000), 200000);
    check(kmem_in_mapping(kmem, p), "200000 bytes lie in the heap");
    check_filled(p, 131000, 4);
}

Test(hidden, mapped_block_that_falls_below_the_threshold_moves_to_the_heap)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p = block(kmem, heap_malloc(heap, 200000), 200000);
    fill(p, 200000, 6);
    p = block(kmem, heap_realloc(heap, p, 131071), 131071);
    check(kmem_in_heap(kmem, p), "131071 bytes are mapped");
    check_filled(p, 131071, 6);
    check_eq(kmem_counts(kmem).mapped_bytes, 0);
    check_eq(kmem_counts(kmem).refused, 0);
}

Test(hidden, mapped_block_grows_and_shrinks)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    static const size_t n[] = {131072, 400000, 400001, 300000, 150000, 999999};
    size_t kept = 0;
    void *p = NULL;
    for (unsigned i = 0; i < 6; i++) {
        p = block(kmem, heap_realloc(heap, p, n[i]), n[i]);
        check_context("to %zu bytes", n[i]);
        check_filled(p, kept < n[i] ? kept : n[i], i);
        const struct kmem_counts counts = kmem_counts(kmem);
        check_eq(counts.mappings, 1);
        check(counts.mapped_bytes <= n[i] + 2 * PAGE, "%llu bytes are mapped",
              (unsigned long long)counts.mapped_bytes);
        fill(p, n[i], i + 1);
        kept = n[i];
    }
    check_status(heap_free(heap, p), HEAP_OK);
    check_eq(kmem_counts(kmem).mapped_bytes, 0);
    check_eq(kmem_counts(kmem).refused, 0);
}

/* ---- No memory --------------------------------------------------------- */

Test(hidden, sizes_that_no_block_can_have_are_enomem)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p = block(kmem, heap_malloc(heap, 200), 200);
    fill(p, 200, 1);
    const struct kmem_counts before = kmem_counts(kmem);
    for (size_t n = 0; n <= 64; n++) {
        check_context("SIZE_MAX - %zu", n);
        check_null(heap_malloc(heap, SIZE_MAX - n), ENOMEM);
        check_null(heap_realloc(heap, p, SIZE_MAX - n), ENOMEM);
    }
    check_null(heap_malloc(heap, SIZE_MAX - PAGE), ENOMEM);
    check_null(heap_malloc(heap, SIZE_MAX / 2), ENOMEM);
    check_null(heap_malloc(heap, (size_t)1 << 47), ENOMEM);
    check_unchanged(kmem, before);
    check_filled(p, 200, 1);
}

Test(hidden, sizes_of_more_than_32_bits_are_not_cut)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p = block(kmem, heap_malloc(heap, 200), 200);
    check_null(heap_malloc(heap, ((size_t)1 << 32) + 100), ENOMEM);
    check_null(heap_malloc(heap, ((size_t)1 << 31) + 100), ENOMEM);
    check_null(heap_calloc(heap, 1, ((size_t)1 << 32) + 8), ENOMEM);
    check_null(heap_realloc(heap, p, ((size_t)5 << 32) + 16), ENOMEM);
    check_status(heap_set(heap, HEAP_SET_THRESHOLD, (uint64_t)1 << 33),
                 HEAP_OK);
    check_null(heap_malloc(heap, ((size_t)1 << 32) + 100), ENOMEM);
    check(kmem_in_heap(kmem, block(kmem, heap_malloc(heap, 500000), 500000)),
          "500000 bytes are mapped, the threshold is 8 GiB");
}

Test(hidden, refused_break_is_enomem)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p[40];
    for (unsigned i = 0; i < 40; i++) {
        p[i] = block(kmem, heap_malloc(heap, 20000), 20000);
        fill(p[i], 20000, i);
    }
    /* Some request will have to raise the break; a heap that is refused may ask
     * once more, for less. */
    bool refused = false;
    for (unsigned i = 0; i < 20 && !refused; i++) {
        const struct kmem_counts before = kmem_counts(kmem);
        kmem_fail_at(kmem, 1);
        errno = 0;
        void *more = heap_malloc(heap, 20000);
        refused = kmem_counts(kmem).refused > before.refused;
        if (more == NULL) {
            check(errno == ENOMEM, "errno is %s, not ENOMEM",
                  errno_name(errno));
            check_unchanged(kmem, before);
        } else {
            fill(block(kmem, more, 20000), 20000, i);
        }
        kmem_fail_at(kmem, 0);
    }
    check(refused, "20 requests of 20000 bytes never raised the break");
    for (unsigned i = 0; i < 40; i++)
        check_filled(p[i], 20000, i);
    block(kmem, heap_malloc(heap, 20000), 20000);
    block(kmem, heap_malloc(heap, 120000), 120000);
    free_blocks(heap, p, 40);
}

Test(hidden, refused_mapping_is_enomem)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    const struct kmem_counts before = kmem_counts(kmem);
    kmem_fail_at(kmem, 1);
    check_null(heap_malloc(heap, 131072), ENOMEM);
    check_unchanged(kmem, before);
    void *p = block(kmem, heap_malloc(heap, 131072), 131072);
    kmem_fail_at(kmem, 1);
    check_null(heap_calloc(heap, 1000, 1000), ENOMEM);
    check_status(heap_free(heap, p), HEAP_OK);
    check_eq(kmem_counts(kmem).mapped_bytes, 0);
}

Test(hidden, small_request_never_falls_back_on_a_mapping)
{
    struct kmem *kmem = test_kmem(0, 256 * KIB, 4 * MIB);
    struct heap *heap = new_heap(kmem);
    unsigned count = 0;
    while (heap_malloc(heap, 10000) != NULL && count < 100)
        count++;
    check_eq(errno, ENOMEM);
    check(count >= 10 && count < 27, "%u blocks of 10000 bytes in 256 KiB",
          count);
    check_eq(kmem_counts(kmem).mmap_calls, 0);
    block(kmem, heap_malloc(heap, 200000), 200000);
}

Test(hidden, heap_without_memory_is_not_created)
{
    struct kmem *none = test_kmem(24, 16, MIB);
    const void *first = break_of(none);
    check_null((void *)heap_create(none), ENOMEM);
    check(break_of(none) == first, "the break has moved");
    check_eq(kmem_counts(none).mapped_bytes, 0);

    /* Refused once, it may have asked again. */
    struct kmem *kmem = test_kmem(24, MIB, MIB);
    first = break_of(kmem);
    kmem_fail_at(kmem, 1);
    struct heap *heap = heap_create(kmem);
    if (heap == NULL) {
        check_eq(errno, ENOMEM);
        check(break_of(kmem) == first, "the break has moved");
        check_eq(kmem_counts(kmem).mapped_bytes, 0);
        heap = new_heap(kmem);
    }
    block(kmem, heap_malloc(heap, 100), 100);
}

Test(hidden, full_heap_works_again_when_blocks_are_freed)
{
    struct kmem *kmem = test_kmem(0, MIB, MIB);
    struct heap *heap = new_heap(kmem);
    void *p[100];
    unsigned count = 0;
    while (count < 100 && (p[count] = heap_malloc(heap, 16 * KIB)) != NULL) {
        block(kmem, p[count], 16 * KIB);
        fill(p[count], 16 * KIB, count);
        count++;
    }
    check(count >= 50 && count < 64, "%u blocks of 16 KiB in a MiB", count);
    for (unsigned i = 0; i < count; i++)
        check_filled(p[i], 16 * KIB, i);
    free_blocks(heap, p, count);
    for (unsigned i = 0; i < 7; i++)
        block(kmem, heap_malloc(heap, 100 * KIB), 100 * KIB);
}

Test(hidden, realloc_that_gets_no_memory_leaves_the_block)
{
    struct kmem *kmem = test_kmem(0, 512 * KIB, MIB);
    struct heap *heap = new_heap(kmem);
    void *p[3] = {0};
    for (unsigned i = 0; i < 3; i++) {
        p[i] = block(kmem, heap_malloc(heap, 100000), 100000);
        fill(p[i], 100000, i);
    }
    check_status(heap_set(heap, HEAP_SET_THRESHOLD, 8 * MIB), HEAP_OK);
    for (unsigned i = 0; i < 3; i++) {
        const struct kmem_counts before = kmem_counts(kmem);
        check_null(heap_realloc(heap, p[i], 450000), ENOMEM);
        check_unchanged(kmem, before);
        check_filled(p[i], 100000, i);
        check(heap_usable(heap, p[i]) >= 100000, "the block is smaller");
    }
    free_blocks(heap, p, 3);
}

/* The last block could grow with the break, which does not move. */
Test(hidden, last_block_stays_when_the_break_does)
{
    struct kmem *kmem = test_kmem(0, 256 * KIB, MIB);
    struct heap *heap = new_heap(kmem);
    void *p = block(kmem, heap_malloc(heap, 1000), 1000), *last = p;
    while ((p = heap_malloc(heap, 1000)) != NULL)
        last = p;
    fill(last, 1000, 1);
    const uint64_t room = heap_usable(heap, last);
    for (size_t n = 2000; n < 100000; n *= 3) {
        check_context("realloc of the last block to %zu bytes", n);
        check_null(heap_realloc(heap, last, n), ENOMEM);
        check_filled(last, 1000, 1);
        check_eq(heap_usable(heap, last), room);
    }
    check_status(heap_free(heap, last), HEAP_OK);
    block(kmem, heap_malloc(heap, 900), 900);
}

Test(hidden, realloc_that_gets_no_mapping_leaves_the_block)
{
    struct kmem *kmem = test_kmem(0, MIB, 256 * KIB);
    struct heap *heap = new_heap(kmem);
    void *p = block(kmem, heap_malloc(heap, 100000), 100000);
    void *q = block(kmem, heap_malloc(heap, 131072), 131072);
    fill(p, 100000, 1);
    fill(q, 131072, 2);
    const struct kmem_counts before = kmem_counts(kmem);
    check_null(heap_realloc(heap, p, 300000), ENOMEM);
    check_null(heap_realloc(heap, q, 300000), ENOMEM);
    check_unchanged(kmem, before);
    check_filled(p, 100000, 1);
    check_filled(q, 131072, 2);
    check_status(heap_free(heap, p), HEAP_OK);
    check_status(heap_free(heap, q), HEAP_OK);
}

Test(hidden, mapped_block_stays_when_the_heap_has_no_room_for_it)
{
    struct kmem *kmem = test_kmem(0, 64 * KIB, MIB);
    struct heap *heap = new_heap(kmem);
    void *p = block(kmem, heap_malloc(heap, 200000), 200000);
    fill(p, 200000, 1);
    const struct kmem_counts before = kmem_counts(kmem);
    check_null(heap_realloc(heap, p, 100000), ENOMEM);
    check_unchanged(kmem, before);
    check_filled(p, 200000, 1);
    check_status(heap_free(heap, p), HEAP_OK);
    check_eq(kmem_counts(kmem).mapped_bytes, 0);
}

/* The same few calls, with the k-th request for memory refused. */
static bool
run_with_refusal(struct kmem *kmem, uint64_t k)
{
    struct heap *heap = new_heap(kmem);
    kmem_fail_at(kmem, k);
    const uint64_t refused = kmem_counts(kmem).refused;
    void *p[12] = {0};
    size_t n[12] = {0};
    for (unsigned i = 0; i < 36; i++) {
        const unsigned at = i % 12;
        const size_t want = i % 5 == 4 ? 140000 : 9000 * (i % 7) + 40;
        if (i < 12 || i % 3 == 0) {
            void *q = heap_realloc(heap, p[at], want);
            if (q != NULL) {
                block(kmem, q, want);
                check_filled(q, n[at] < want ? n[at] : want, at);
                p[at] = q;
                n[at] = want;
            }
            if (p[at] != NULL)
                fill(p[at], n[at], at);
        } else {
            if (p[at] != NULL)
                check_filled(p[at], n[at], at);
            check_status(heap_free(heap, p[at]), HEAP_OK);
            p[at] = NULL;
            n[at] = 0;
        }
    }
    for (unsigned at = 0; at < 12; at++) {
        if (p[at] != NULL)
            check_filled(p[at], n[at], at);
    }
    const bool was_refused = kmem_counts(kmem).refused != refused;
    kmem_fail_at(kmem, 0);
    check_status(heap_destroy(heap), HEAP_OK);
    check_eq(kmem_counts(kmem).heap_bytes + kmem_counts(kmem).mapped_bytes, 0);
    return was_refused;
}

Test(hidden, every_single_refusal_is_survived)
{
    struct kmem *kmem = new_kmem();
    uint64_t k = 1;
    while (run_with_refusal(kmem, k) && k < 100) {
        check_context("the %lluth request for memory is refused",
                      (unsigned long long)++k);
    }
    check(k > 5, "hardly any memory was asked for");
}
