/* hidden.c - blocks, the two system calls, reuse and giving back.  The other
 * hidden_*.c have the rest of the suite. */
#include "heap_help.h"

VMLAB_SUITE(hidden)

/* ---- What a block is --------------------------------------------------- */

Test(hidden, payload_is_a_multiple_of_16)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    for (size_t n = 0; n < 100; n++)
        block(kmem, heap_malloc(heap, n), n);
    for (size_t n = 1000; n < 300000; n = n * 3 + 1)
        block(kmem, heap_malloc(heap, n), n);
}

Test(hidden, first_break_may_be_any_address)
{
    static const uint64_t first[] = {1, 8, 15, 4095};
    for (unsigned i = 0; i < 4; i++) {
        check_context("first break %llu bytes above a page",
                      (unsigned long long)first[i]);
        struct kmem *kmem = test_kmem(first[i], MIB, MIB);
        struct heap *heap = new_heap(kmem);
        void *p[20];
        for (unsigned k = 0; k < 20; k++) {
            p[k] = block(kmem, heap_malloc(heap, 10 + k * 50), 10 + k * 50);
            fill(p[k], 10 + k * 50, k);
        }
        for (unsigned k = 0; k < 20; k++)
            check_filled(p[k], 10 + k * 50, k);
        free_blocks(heap, p, 20);
        check_status(heap_destroy(heap), HEAP_OK);
        check_eq(kmem_counts(kmem).heap_bytes, 0);
    }
}

Test(hidden, all_usable_bytes_belong_to_the_caller)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p[120];
    for (unsigned i = 0; i < 120; i++) {
        p[i] = block(kmem, heap_malloc(heap, i), i);
        fill(p[i], usable(kmem, heap, p[i]), i);
    }
    for (unsigned i = 0; i < 120; i++)
        check_filled(p[i], usable(kmem, heap, p[i]), i);
}

Test(hidden, free_neighbours_leave_a_small_block_alone)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p[90];
    for (unsigned i = 0; i < 90; i++) {
        const size_t n = i % 3 == 1 ? 1 : 600;
        p[i] = block(kmem, heap_malloc(heap, n), n);
        fill(p[i], usable(kmem, heap, p[i]), i);
    }
    for (unsigned i = 0; i < 90; i++) {
        if (i % 3 != 1)
            check_status(heap_free(heap, p[i]), HEAP_OK);
    }
    for (unsigned i = 1; i < 90; i += 3)
        check_filled(p[i], usable(kmem, heap, p[i]), i);
    void *large = block(kmem, heap_malloc(heap, 100 * KIB), 100 * KIB);
    fill(large, 100 * KIB, 1);
    for (unsigned i = 1; i < 90; i += 3)
        check_filled(p[i], usable(kmem, heap, p[i]), i);
}

static void
check_size_word(struct kmem *kmem, struct heap *heap, size_t n)
{
    const unsigned char *p = block(kmem, heap_malloc(heap, n), n);
    uint64_t word;
    memcpy(&word, p - HEADER, sizeof word);
    check_context("heap_malloc(heap, %zu)", n);
    check_eq(word & ~(uint64_t)15, usable(kmem, heap, (void *)(uintptr_t)p) +
                                       HEADER);
}

Test(hidden, header_holds_the_size_of_the_block)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    for (size_t n = 0; n < 70; n++)
        check_size_word(kmem, heap, n);
    check_size_word(kmem, heap, 5000);
    check_size_word(kmem, heap, 131071);
}

Test(hidden, header_of_a_mapped_block_holds_its_size)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    check_size_word(kmem, heap, 131072);
    check_size_word(kmem, heap, 150000);
    check_size_word(kmem, heap, 200 * KIB - 16);
}

Test(hidden, usable_is_the_request_and_little_more)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    static const size_t around[] = {0, 500, 4080, 65536, 131000};
    for (unsigned i = 0; i < 5; i++) {
        for (size_t n = around[i]; n < around[i] + 40; n++) {
            void *p = block(kmem, heap_malloc(heap, n), n);
            const uint64_t bytes = usable(kmem, heap, p);
            check(bytes >= n && bytes <= n + 96,
                  "a request of %zu bytes has %llu usable bytes", n,
                  (unsigned long long)bytes);
            check_status(heap_free(heap, p), HEAP_OK);
        }
    }
    void *p = block(kmem, heap_malloc(heap, 777777), 777777);
    check(usable(kmem, heap, p) <= 777777 + 2 * PAGE,
          "a mapped block has more than two pages too many");
    check_eq(heap_usable(heap, NULL), 0);
}

Test(hidden, request_of_0_gets_a_block_of_its_own)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p[10];
    take_blocks(kmem, heap, p, 10, 0);
    for (unsigned i = 0; i < 10; i++) {
        for (unsigned k = 0; k < i; k++)
            check(p[i] != p[k], "requests %u and %u got one block", i, k);
    }
    free_blocks(heap, p, 10);
    check_status(heap_free(heap, p[3]), HEAP_BAD_HEADER);
}

Test(hidden, free_of_null_does_nothing)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    const struct kmem_counts before = kmem_counts(kmem);
    check_status(heap_free(heap, NULL), HEAP_OK);
    check_unchanged(kmem, before);
    check_eq(kmem_counts(kmem).munmap_calls, 0);
}

Test(hidden, no_heap_is_a_bad_argument)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p = block(kmem, heap_malloc(heap, 10), 10);
    check_null((void *)heap_create(NULL), EINVAL);
    check_null(heap_malloc(NULL, 10), EINVAL);
    check_null(heap_calloc(NULL, 1, 10), EINVAL);
    check_null(heap_realloc(NULL, p, 10), EINVAL);
    check_status(heap_free(NULL, p), HEAP_BAD_ARGUMENT);
    /* Whatever the other arguments are. */
    check_null(heap_malloc(NULL, SIZE_MAX), EINVAL);
    check_null(heap_calloc(NULL, SIZE_MAX, 2), EINVAL);
    check_null(heap_realloc(NULL, NULL, 10), EINVAL);
    check_null(heap_realloc(NULL, p, 0), EINVAL);
    check_status(heap_free(NULL, NULL), HEAP_BAD_ARGUMENT);
    errno = 0;
    check_eq(heap_usable(NULL, NULL), 0);
    check_eq(errno, EINVAL);
    check_status(heap_destroy(NULL), HEAP_BAD_ARGUMENT);
    check_status(heap_set(NULL, HEAP_SET_KEEP, 1), HEAP_BAD_ARGUMENT);
    errno = 0;
    check_eq(heap_usable(NULL, p), 0);
    check_eq(errno, EINVAL);
}

Test(hidden, two_heaps_live_side_by_side)
{
    struct kmem *one = test_kmem(0, MIB, MIB), *two = test_kmem(8, MIB, MIB);
    struct heap *a = new_heap(one), *b = new_heap(two);
    void *p[40], *q[40];
    for (unsigned i = 0; i < 40; i++) {
        p[i] = block(one, heap_malloc(a, 300 + i), 300 + i);
        q[i] = block(two, heap_malloc(b, 300 + i), 300 + i);
        fill(p[i], 300 + i, i);
        fill(q[i], 300 + i, i + 100);
    }
    void *large = block(one, heap_malloc(a, 200 * KIB), 200 * KIB);
    fill(large, 200 * KIB, 7);
    check_status(heap_destroy(b), HEAP_OK);
    check_eq(kmem_counts(two).heap_bytes, 0);
    for (unsigned i = 0; i < 40; i++)
        check_filled(p[i], 300 + i, i);
    check_filled(large, 200 * KIB, 7);
    free_blocks(a, p, 40);
    check_status(heap_free(a, large), HEAP_OK);
    check_eq(kmem_counts(one).mapped_bytes, 0);
}

/* ---- The two system calls ---------------------------------------------- */

Test(hidden, request_below_the_threshold_lies_in_the_heap)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    static const size_t n[] = {1, 65536, 126976, 131000, 131071};
    for (unsigned i = 0; i < 5; i++) {
        void *p = block(kmem, heap_malloc(heap, n[i]), n[i]);
        check(kmem_in_heap(kmem, p), "a block of %zu bytes is mapped", n[i]);
    }
    check_eq(kmem_counts(kmem).mmap_calls, 0);
}

Test(hidden, request_of_the_threshold_is_mapped)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    const uint64_t moved = kmem_counts(kmem).brk_calls;
    static const size_t n[] = {131072, 131073, 2000000};
    for (unsigned i = 0; i < 3; i++) {
        void *p = block(kmem, heap_malloc(heap, n[i]), n[i]);
        check(kmem_in_mapping(kmem, p), "a block of %zu bytes is in the heap",
              n[i]);
        check_eq(kmem_counts(kmem).mappings, i + 1);
        fill(p, n[i], i);
    }
    check_eq(kmem_counts(kmem).brk_calls, moved);
}

Test(hidden, it_is_the_request_that_counts_not_the_rounded_size)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    for (size_t n = 131072 - 40; n < 131072; n++) {
        void *p = block(kmem, heap_malloc(heap, n), n);
        check(kmem_in_heap(kmem, p), "a request of %zu bytes is mapped", n);
        check_status(heap_free(heap, p), HEAP_OK);
    }
}

Test(hidden, product_of_calloc_is_the_request)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p = block(kmem, heap_calloc(heap, 2, 65536), 131072);
    check(kmem_in_mapping(kmem, p), "2 x 65536 bytes are in the heap");
    check_zero(p, 131072);
    void *q = block(kmem, heap_calloc(heap, 131071, 1), 131071);
    check(kmem_in_heap(kmem, q), "131071 x 1 bytes are mapped");
}

Test(hidden, mapping_is_at_most_two_pages_larger)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    for (size_t n = 40 * PAGE - 40; n <= 40 * PAGE + 40; n += 8) {
        void *p = block(kmem, heap_malloc(heap, n), n);
        const uint64_t mapped = kmem_counts(kmem).mapped_bytes;
        check(mapped >= n + HEADER && mapped <= n + 2 * PAGE,
              "%llu bytes are mapped for a request of %zu",
              (unsigned long long)mapped, n);
        fill(p, n, 1);
        check_status(heap_free(heap, p), HEAP_OK);
    }
}

Test(hidden, mapped_block_is_unmapped_at_once)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    for (unsigned i = 0; i < 20; i++) {
        const size_t n = 131072 + i * 3000;
        void *p = block(kmem, heap_malloc(heap, n), n);
        fill(p, n, i);
        check_status(heap_free(heap, p), HEAP_OK);
        check_eq(kmem_counts(kmem).mapped_bytes, 0);
    }
    check_eq(kmem_counts(kmem).refused, 0);
}

Test(hidden, mapped_blocks_are_freed_in_any_order)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    static const unsigned order[8] = {3, 0, 7, 5, 1, 6, 2, 4};
    void *p[8];
    for (unsigned i = 0; i < 8; i++) {
        p[i] = block(kmem, heap_malloc(heap, 131072 + i * PAGE), 131072);
        fill(p[i], 131072, i);
    }
    for (unsigned i = 0; i < 8; i++) {
        check_filled(p[order[i]], 131072, order[i]);
        check_status(heap_free(heap, p[order[i]]), HEAP_OK);
        check_eq(kmem_counts(kmem).mappings, 7 - i);
    }
    check_eq(kmem_counts(kmem).mapped_bytes, 0);
}

Test(hidden, threshold_can_be_set)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    check_status(heap_set(heap, HEAP_SET_THRESHOLD, 5000), HEAP_OK);
    check(kmem_in_heap(kmem, block(kmem, heap_malloc(heap, 4999), 4999)),
          "4999 bytes are mapped, the threshold is 5000");
    check(kmem_in_mapping(kmem, block(kmem, heap_malloc(heap, 5000), 5000)),
          "5000 bytes are in the heap, the threshold is 5000");
    check_status(heap_set(heap, HEAP_SET_THRESHOLD, 3 * MIB), HEAP_OK);
    check(kmem_in_heap(kmem, block(kmem, heap_malloc(heap, 2 * MIB), 2 * MIB)),
          "2 MiB are mapped, the threshold is 3 MiB");
    check_status(heap_set(heap, HEAP_SET_THRESHOLD, 1), HEAP_OK);
    check(kmem_in_mapping(kmem, block(kmem, heap_malloc(heap, 1), 1)),
          "1 byte is in the heap, the threshold is 1");
    check(kmem_in_heap(kmem, block(kmem, heap_malloc(heap, 0), 0)),
          "0 bytes are mapped, the threshold is 1");
    check_status(heap_set(heap, HEAP_SET_THRESHOLD, UINT64_MAX), HEAP_OK);
    check(kmem_in_heap(kmem, block(kmem, heap_malloc(heap, MIB), MIB)),
          "1 MiB is mapped, the threshold is 2^64 - 1");
}

Test(hidden, options_that_make_no_sense_are_refused)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    check_status(heap_set(heap, HEAP_SET_THRESHOLD, 0), HEAP_BAD_ARGUMENT);
    check_status(heap_set(heap, (enum heap_option)77, 5000),
                 HEAP_BAD_ARGUMENT);
    check(kmem_in_heap(kmem, block(kmem, heap_malloc(heap, 131071), 131071)),
          "a refused option changed the threshold");
    check(kmem_in_mapping(kmem, block(kmem, heap_malloc(heap, 131072), 131072)),
          "a refused option changed the threshold");
}

Test(hidden, live_blocks_do_not_mind_a_new_threshold)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *small = block(kmem, heap_malloc(heap, 9000), 9000);
    void *large = block(kmem, heap_malloc(heap, 140000), 140000);
    fill(small, 9000, 1);
    fill(large, 140000, 2);
    check_status(heap_set(heap, HEAP_SET_THRESHOLD, 4000), HEAP_OK);
    check_status(heap_free(heap, small), HEAP_OK);
    check_status(heap_set(heap, HEAP_SET_THRESHOLD, MIB), HEAP_OK);
    check_filled(large, 140000, 2);
    check_status(heap_free(heap, large), HEAP_OK);
    check_eq(kmem_counts(kmem).mapped_bytes, 0);
    check_eq(kmem_counts(kmem).refused, 0);
}

Test(hidden, new_threshold_counts_for_blocks_that_get_another_size)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p = block(kmem, heap_malloc(heap, 9000), 9000);
    fill(p, 9000, 1);
    check_status(heap_set(heap, HEAP_SET_THRESHOLD, 4000), HEAP_OK);
    p = block(kmem, heap_realloc(heap, p, 8000), 8000);
    check(kmem_in_mapping(kmem, p), "8000 bytes are in the heap, the "
                                    "threshold is 4000");
    check_filled(p, 8000, 1);
    void *q = block(kmem, heap_malloc(heap, 150000), 150000);
    fill(q, 150000, 2);
    check_status(heap_set(heap, HEAP_SET_THRESHOLD, MIB), HEAP_OK);
    q = block(kmem, heap_realloc(heap, q, 140000), 140000);
    check(kmem_in_heap(kmem, q), "140000 bytes are mapped, the threshold is "
                                 "1 MiB");
    check_filled(q, 140000, 2);
    p = block(kmem, heap_realloc(heap, p, 200000), 200000);
    check(kmem_in_heap(kmem, p), "200000 bytes are mapped, the threshold is "
                                 "1 MiB");
    check_filled(p, 8000, 1);
    check_eq(kmem_counts(kmem).mapped_bytes, 0);
}

/* ---- Using again ------------------------------------------------------- */

Test(hidden, freed_block_is_used_again)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    static const size_t n[] = {1, 100, 3000, 50000, 120000};
    for (unsigned i = 0; i < 5; i++) {
        void *p = block(kmem, heap_malloc(heap, n[i]), n[i]);
        check_status(heap_free(heap, p), HEAP_OK);
        for (unsigned round = 0; round < 200; round++) {
            check_context("round %u of malloc(%zu) and free", round, n[i]);
            check_no_growth(kmem,
                            p = block(kmem, heap_malloc(heap, n[i]), n[i]));
            check_status(heap_free(heap, p), HEAP_OK);
        }
    }
}

Test(hidden, holes_between_live_blocks_are_used_again)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *hole[200], *pin[200];
    for (unsigned i = 0; i < 200; i++) {
        hole[i] = block(kmem, heap_malloc(heap, 4000), 4000);
        pin[i] = block(kmem, heap_malloc(heap, 24), 24);
        fill(pin[i], 24, i);
    }
    free_blocks(heap, hole, 200);
    check_no_growth(kmem, take_blocks(kmem, heap, hole, 200, 4000));
    for (unsigned i = 0; i < 200; i++) {
        fill(hole[i], 4000, i);
        check_filled(pin[i], 24, i);
    }
}

/* Whatever order they were freed in, each request fits into one hole alone. */
Test(hidden, holes_of_like_sizes_are_told_apart)
{
    static const unsigned order[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                         {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    static const size_t size[] = {7200, 7550, 7900};
    struct kmem *kmem = test_kmem(0, 512 * KIB, MIB);
    for (unsigned o = 0; o < 6; o++) {
        struct heap *heap = new_heap(kmem);
        void *hole[3];
        for (unsigned i = 0; i < 3; i++) {
            hole[i] = block(kmem, heap_malloc(heap, size[i]), size[i]);
            block(kmem, heap_malloc(heap, 24), 24);
        }
        /* Nothing else is left. */
        for (size_t n = 4096; n >= 16; n /= 4)
            while (heap_malloc(heap, n) != NULL)
                continue;
        for (unsigned i = 0; i < 3; i++)
            check_status(heap_free(heap, hole[order[o][i]]), HEAP_OK);
        for (unsigned i = 3; i-- > 0;) {
            check_context("hole of %zu bytes, freed in order %u", size[i], o);
            block(kmem, heap_malloc(heap, size[i] - 150), size[i] - 150);
        }
        check_status(heap_destroy(heap), HEAP_OK);
    }
}

/* Free bytes in the middle of the heap, made of blocks of n bytes that are
 * freed in an order; requests of 100 KiB must find room there.  All of them are
 * far more than the last growth may have asked for in advance. */
enum order { UPWARD, DOWNWARD, ODD_THEN_EVEN, SHUFFLED };

static void
check_joined(enum order order, size_t n, size_t bytes)
{
    enum { MOST = 2000 };
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p[MOST];
    const unsigned count = (unsigned)(bytes / (n + HEADER));
    check(count > 0 && count <= MOST, "the test asks for too many blocks");
    row_of_blocks(kmem, heap, p, count, n);
    void *pin = block(kmem, heap_malloc(heap, 4000), 4000);
    for (unsigned i = 0; i < count; i++) {
        unsigned at = i;
        if (order == DOWNWARD)
            at = count - 1 - i;
        else if (order == ODD_THEN_EVEN)
            at = i < count / 2 ? 2 * i + 1 : 2 * (i - count / 2);
        else if (order == SHUFFLED)
            at = (unsigned)(((uint64_t)i * 7919 + 13) % count);
        check_status(heap_free(heap, p[at]), HEAP_OK);
    }
    for (unsigned i = 0; i < (bytes - HEAP_AHEAD / 2) / (100 * KIB); i++) {
        void *q = NULL;
        check_context("request %u of 100 KiB in %zu free bytes", i + 1, bytes);
        check_no_growth(kmem, q = block(kmem, heap_malloc(heap, 100 * KIB),
                                        100 * KIB));
        fill(q, 100 * KIB, i);
    }
    check(kmem_in_heap(kmem, pin), "the heap has shrunk below a live block");
}

Test(hidden, block_joins_what_is_free_below)
{
    check_joined(UPWARD, 8000, MIB);
}

Test(hidden, block_joins_what_is_free_above)
{
    check_joined(DOWNWARD, 8000, MIB);
}

Test(hidden, block_joins_what_is_free_on_both_sides)
{
    check_joined(ODD_THEN_EVEN, 8000, MIB);
}

Test(hidden, blocks_join_in_any_order)
{
    check_joined(SHUFFLED, 5000, MIB);
}

Test(hidden, small_blocks_join_before_the_break_moves)
{
    check_joined(UPWARD, 384, 600 * KIB);
    check_joined(SHUFFLED, 496, 600 * KIB);
}

Test(hidden, large_free_block_is_split)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    check_status(heap_set(heap, HEAP_SET_THRESHOLD, 4 * MIB), HEAP_OK);
    void *p = block(kmem, heap_malloc(heap, MIB), MIB);
    block(kmem, heap_malloc(heap, 100), 100);
    check_status(heap_free(heap, p), HEAP_OK);
    const size_t n = 1000;
    for (unsigned i = 0; i < MIB / (n + HEADER + 16); i++) {
        void *q = NULL;
        check_no_growth(kmem, q = block(kmem, heap_malloc(heap, n), n));
        fill(q, usable(kmem, heap, q), i);
    }
}

Test(hidden, rest_of_a_split_can_be_had)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *hole[80];
    for (unsigned i = 0; i < 80; i++) {
        hole[i] = block(kmem, heap_malloc(heap, 10000), 10000);
        block(kmem, heap_malloc(heap, 24), 24);
    }
    free_blocks(heap, hole, 80);
    for (unsigned i = 0; i < 80; i++) {
        check_no_growth(kmem, block(kmem, heap_malloc(heap, 5120), 5120));
        check_no_growth(kmem, block(kmem, heap_malloc(heap, 4784), 4784));
    }
}

Test(hidden, bytes_free_at_the_top_are_used_before_growing)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *pin = block(kmem, heap_malloc(heap, 100), 100);
    void *p = block(kmem, heap_malloc(heap, 120000), 120000);
    check_status(heap_free(heap, p), HEAP_OK);
    check_status(heap_set(heap, HEAP_SET_THRESHOLD, 4 * MIB), HEAP_OK);
    p = block(kmem, heap_malloc(heap, MIB), MIB);
    fill(p, MIB, 3);
    const uint64_t above = above_block(kmem, heap, pin);
    check(above <= MIB + HEADER + HEAP_AHEAD + SPARE + EDGE,
          "above a block there is one of 1 MiB, and the break lies %llu bytes "
          "above it",
          (unsigned long long)above);
}

Test(hidden, growth_asks_for_at_most_128_kib_in_advance)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    check(kmem_counts(kmem).heap_bytes <= HEAP_AHEAD,
          "heap_create asked for more than HEAP_AHEAD");
    for (unsigned i = 0; i < 60; i++) {
        const struct kmem_counts before = kmem_counts(kmem);
        const size_t n = 20000 + 1000 * i;
        block(kmem, heap_malloc(heap, n), n);
        const struct kmem_counts after = kmem_counts(kmem);
        check(after.heap_bytes - before.heap_bytes <=
                  n + HEADER + HEAP_AHEAD + SPARE + EDGE,
              "a request of %zu bytes raised the break by %llu", n,
              (unsigned long long)(after.heap_bytes - before.heap_bytes));
        check(after.brk_raised - before.brk_raised <= 1,
              "one request raised the break more than once");
    }
}

Test(hidden, heap_grows_as_often_as_it_must)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p[100];
    for (unsigned i = 0; i < 100; i++) {
        p[i] = block(kmem, heap_malloc(heap, 100000), 100000);
        fill(p[i], 100000, i);
    }
    for (unsigned i = 0; i < 100; i++)
        check_filled(p[i], 100000, i);
    free_blocks(heap, p, 100);
}

/* ---- Giving back ------------------------------------------------------- */

/* `keep` bytes at the top stay, give or take the page and the edge. */
static void
check_kept(struct kmem *kmem, uint64_t above, uint64_t keep)
{
    (void)kmem;
    check(above <= keep + PAGE + EDGE,
          "%llu free bytes were left at the top, of which %llu stay",
          (unsigned long long)above, (unsigned long long)keep);
    check(above + EDGE >= keep,
          "only %llu free bytes were left at the top, of which %llu stay",
          (unsigned long long)above, (unsigned long long)keep);
}

Test(hidden, break_goes_down_when_much_is_free_at_the_top)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p[40];
    row_of_blocks(kmem, heap, p, 40, 16 * KIB);
    for (unsigned i = 40; i-- > 3;)
        check_status(heap_free(heap, p[i]), HEAP_OK);
    check(kmem_counts(kmem).brk_lowered > 0, "the break was never lowered");
    check_kept(kmem, above_block(kmem, heap, p[2]), HEAP_KEEP);
    /* The smallest blocks that join at once. */
    void *q[90];
    heap_destroy(heap);
    heap = new_heap(kmem);
    row_of_blocks(kmem, heap, q, 90, 4096 - HEADER);
    for (unsigned i = 90; i-- > 3;)
        check_status(heap_free(heap, q[i]), HEAP_OK);
    check_kept(kmem, above_block(kmem, heap, q[2]), HEAP_KEEP);
}

Test(hidden, break_goes_down_when_a_large_free_row_forms)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p[60];
    row_of_blocks(kmem, heap, p, 60, 16 * KIB);
    for (unsigned i = 1; i < 59; i++)
        check_status(heap_free(heap, p[i]), HEAP_OK);
    check_eq(kmem_counts(kmem).brk_lowered, 0);
    check_status(heap_free(heap, p[59]), HEAP_OK);
    check_kept(kmem, above_block(kmem, heap, p[0]), HEAP_KEEP);
}

Test(hidden, little_free_at_the_top_stays)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p[30];
    row_of_blocks(kmem, heap, p, 30, 10 * KIB);
    for (unsigned i = 30; i-- > 0;) {
        const uint64_t lowered = kmem_counts(kmem).brk_lowered;
        /* What will be free: the block with its header, and all above. */
        const uint64_t free_bytes = address(break_of(kmem)) - address(p[i]) +
                                    HEADER;
        if (free_bytes > HEAP_KEEP - EDGE)
            break;
        check_status(heap_free(heap, p[i]), HEAP_OK);
        check(kmem_counts(kmem).brk_lowered == lowered,
              "the break went down with %llu free bytes at the top",
              (unsigned long long)free_bytes);
    }
    /* Never below what stays, whatever is freed. */
    for (unsigned i = 0; i < 30; i++) {
        const uint64_t lowered = kmem_counts(kmem).brk_lowered;
        void *q = block(kmem, heap_malloc(heap, 100 * KIB), 100 * KIB);
        check_status(heap_free(heap, q), HEAP_OK);
        if (kmem_counts(kmem).brk_lowered != lowered) {
            check(address(break_of(kmem)) + EDGE >= address(p[0]) + HEAP_KEEP,
                  "less than HEAP_KEEP bytes stayed at the top");
        }
    }
}

Test(hidden, block_at_the_top_pins_all_that_is_below)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p[50];
    row_of_blocks(kmem, heap, p, 50, 20 * KIB);
    void *low = p[0], *high = p[49];
    for (unsigned i = 1; i < 49; i++)
        check_status(heap_free(heap, p[i]), HEAP_OK);
    check_eq(kmem_counts(kmem).brk_lowered, 0);
    check(kmem_counts(kmem).heap_bytes > 980 * KIB, "the heap has shrunk");
    check_status(heap_free(heap, high), HEAP_OK);
    check_kept(kmem, above_block(kmem, heap, low), HEAP_KEEP);
}

Test(hidden, small_blocks_join_when_a_large_one_is_freed)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *low = block(kmem, heap_malloc(heap, 1000), 1000);
    static void *p[1000];
    take_blocks(kmem, heap, p, 1000, 200);
    void *large = block(kmem, heap_malloc(heap, 5000), 5000);
    free_blocks(heap, p, 1000);
    check_status(heap_free(heap, large), HEAP_OK);
    check_kept(kmem, above_block(kmem, heap, low), HEAP_KEEP);
}

Test(hidden, what_stays_at_the_top_can_be_set)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p[40];
    row_of_blocks(kmem, heap, p, 40, 16 * KIB);
    check_status(heap_set(heap, HEAP_SET_KEEP, UINT64_MAX), HEAP_OK);
    for (unsigned i = 40; i-- > 20;)
        check_status(heap_free(heap, p[i]), HEAP_OK);
    check_eq(kmem_counts(kmem).brk_lowered, 0);
    check_status(heap_set(heap, HEAP_SET_KEEP, 400 * KIB), HEAP_OK);
    for (unsigned i = 20; i-- > 5;)
        check_status(heap_free(heap, p[i]), HEAP_OK);
    check_kept(kmem, above_block(kmem, heap, p[4]), 400 * KIB);
    const uint64_t lowered = kmem_counts(kmem).brk_lowered;
    check_status(heap_set(heap, HEAP_SET_KEEP, 0), HEAP_OK);
    check(kmem_counts(kmem).brk_lowered == lowered,
          "heap_set has lowered the break: it counts at the next heap_free");
    check_status(heap_free(heap, p[4]), HEAP_OK);
    check_kept(kmem, above_block(kmem, heap, p[3]), 0);
}

Test(hidden, heap_grows_again_after_giving_back)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p[60], *pin = block(kmem, heap_malloc(heap, 333), 333);
    fill(pin, 333, 99);
    for (unsigned round = 0; round < 4; round++) {
        for (unsigned i = 0; i < 60; i++) {
            p[i] = block(kmem, heap_malloc(heap, 30000), 30000);
            fill(p[i], 30000, i);
        }
        for (unsigned i = 0; i < 60; i++) {
            check_filled(p[i], 30000, i);
            check_status(heap_free(heap, p[i]), HEAP_OK);
        }
    }
    check_filled(pin, 333, 99);
    check(kmem_counts(kmem).brk_lowered >= 4, "the break was not lowered");
}

Test(hidden, destroy_gives_everything_back)
{
    struct kmem *kmem = test_kmem(77, 2 * MIB, 2 * MIB);
    const void *first = break_of(kmem);
    struct heap *heap = new_heap(kmem);
    void *p[100];
    take_blocks(kmem, heap, p, 100, 5000);
    block(kmem, heap_malloc(heap, 150000), 150000);
    block(kmem, heap_malloc(heap, 250000), 250000);
    block(kmem, heap_malloc(heap, 350000), 350000);
    free_blocks(heap, p, 50);
    check_status(heap_destroy(heap), HEAP_OK);
    check(break_of(kmem) == first, "the break is not the first break again");
    check_eq(kmem_counts(kmem).mappings, 0);
    check_eq(kmem_counts(kmem).refused, 0);
}
