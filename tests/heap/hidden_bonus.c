/* hidden_bonus.c - aligned blocks and the heap checker. */
#include "heap_help.h"

/* ---- heap_aligned ------------------------------------------------------ */

static void *
aligned(struct kmem *kmem, struct heap *heap, size_t alignment, size_t n)
{
    void *p = block(kmem, heap_aligned(heap, alignment, n), n);
    check(address(p) % alignment == 0, "%p is no multiple of %zu", p,
          alignment);
    return p;
}

Test(hidden, aligned_payload_is_a_multiple)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p[60];
    size_t n[60];
    unsigned count = 0;
    for (size_t alignment = 1; alignment <= 65536; alignment *= 2) {
        for (unsigned k = 0; k < 3; k++) {
            n[count] = k * 1300 + 7;
            p[count] = aligned(kmem, heap, alignment, n[count]);
            fill(p[count], usable(kmem, heap, p[count]), count);
            count++;
        }
    }
    for (unsigned i = 0; i < count; i++) {
        check_filled(p[i], usable(kmem, heap, p[i]), i);
        check(usable(kmem, heap, p[i]) <= n[i] + 96,
              "a request of %zu bytes has %llu", n[i],
              (unsigned long long)usable(kmem, heap, p[i]));
    }
    for (unsigned i = 0; i < count; i++)
        check_status(heap_free(heap, p[(i * 7) % count]), HEAP_OK);
    /* It is the request that counts, not what the alignment adds. */
    check(kmem_in_heap(kmem, aligned(kmem, heap, 2 * HEAP_THRESHOLD, 100)),
          "100 bytes are mapped");
}

Test(hidden, alignment_that_is_no_power_of_two_is_einval)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    static const size_t wrong[] = {0, 3, 24, 48, 4095, SIZE_MAX};
    for (unsigned i = 0; i < 6; i++) {
        check_context("an alignment of %zu", wrong[i]);
        check_null(heap_aligned(heap, wrong[i], 100), EINVAL);
    }
    check_null(heap_aligned(NULL, 64, 100), EINVAL);
}

Test(hidden, aligned_size_that_overflows_is_enomem)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    const struct kmem_counts before = kmem_counts(kmem);
    check_null(heap_aligned(heap, 64, SIZE_MAX - 8), ENOMEM);
    check_null(heap_aligned(heap, 4096, SIZE_MAX - 4096), ENOMEM);
    check_null(heap_aligned(heap, (size_t)1 << 63, 100), ENOMEM);
    check_null(heap_aligned(heap, (size_t)1 << 62, SIZE_MAX / 2), ENOMEM);
    check_unchanged(kmem, before);
}

Test(hidden, bytes_passed_over_can_be_had)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    for (unsigned i = 0; i < 40; i++)
        aligned(kmem, heap, 16384, 64);
    /* Between two of them there is room for two of these. */
    for (unsigned i = 0; i < 70; i++)
        check_no_growth(kmem, block(kmem, heap_malloc(heap, 7000), 7000));
}

Test(hidden, aligned_block_joins_when_it_is_freed)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p[200];
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 200; i++) {
            p[i] = aligned(kmem, heap, 4096, 3000);
            fill(p[i], 3000, i);
        }
        for (unsigned i = 0; i < 200; i++)
            check_filled(p[i], 3000, i);
        free_blocks(heap, p, 200);
        check_status(heap_free(heap, p[20]), HEAP_BAD_HEADER);
    }
    void *large = block(kmem, heap_malloc(heap, 100000), 100000);
    check_status(heap_free(heap, large), HEAP_OK);
    check(kmem_counts(kmem).heap_bytes <= HEAP_KEEP + 3 * PAGE,
          "%llu bytes are left of a heap without blocks",
          (unsigned long long)kmem_counts(kmem).heap_bytes);
}

Test(hidden, aligned_mapping_is_freed_whole)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    for (size_t alignment = 32; alignment <= MIB; alignment *= 2) {
        void *p = aligned(kmem, heap, alignment, 150000);
        check(kmem_in_mapping(kmem, p), "150000 bytes lie in the heap");
        check(kmem_counts(kmem).mapped_bytes <=
                  150000 + 2 * PAGE + alignment + 64,
              "%llu bytes are mapped for an alignment of %zu",
              (unsigned long long)kmem_counts(kmem).mapped_bytes, alignment);
        fill(p, 150000, 1);
        check_status(heap_free(heap, p), HEAP_OK);
        check_eq(kmem_counts(kmem).mapped_bytes, 0);
    }
    check_eq(kmem_counts(kmem).refused, 0);
}

Test(hidden, aligned_block_gets_another_size)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    for (size_t alignment = 16; alignment <= 16384; alignment *= 4) {
        void *p = aligned(kmem, heap, alignment, 3000);
        fill(p, 3000, 1);
        p = block(kmem, heap_realloc(heap, p, 9000), 9000);
        check_filled(p, 3000, 1);
        void *q = aligned(kmem, heap, alignment, 140000);
        fill(q, 140000, 2);
        q = block(kmem, heap_realloc(heap, q, 500000), 500000);
        check_filled(q, 140000, 2);
        q = block(kmem, heap_realloc(heap, q, 1000), 1000);
        check_filled(q, 1000, 2);
        check_status(heap_free(heap, p), HEAP_OK);
        check_status(heap_free(heap, q), HEAP_OK);
    }
    check_eq(kmem_counts(kmem).mapped_bytes, 0);
}

Test(hidden, aligned_request_that_is_refused_changes_nothing)
{
    struct kmem *kmem = test_kmem(0, 256 * KIB, 256 * KIB);
    struct heap *heap = new_heap(kmem);
    void *p = aligned(kmem, heap, 1024, 1000);
    fill(p, 1000, 1);
    const struct kmem_counts before = kmem_counts(kmem);
    check_null(heap_aligned(heap, MIB, 1000), ENOMEM);
    check_null(heap_aligned(heap, 32, 400000), ENOMEM);
    check_unchanged(kmem, before);
    check_filled(p, 1000, 1);
    check_status(heap_free(heap, p), HEAP_OK);
}

Test(hidden, headers_of_aligned_blocks_are_watched)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    for (unsigned i = 0; i < HEADER; i++) {
        unsigned char *p = aligned(kmem, heap, 512, 100);
        unsigned char *q = aligned(kmem, heap, 8192, 140000);
        p[(int)i - HEADER] ^= 0x04;
        q[(int)i - HEADER] ^= 0x40;
        check_status(heap_free(heap, p), HEAP_BAD_HEADER);
        check_status(heap_free(heap, q), HEAP_BAD_HEADER);
    }
}

/* ---- heap_check -------------------------------------------------------- */

/* A sound heap with these live blocks. */
static void
check_sound(struct kmem *kmem, struct heap *heap, void **p, unsigned count)
{
    struct heap_report *report = arena_object(struct heap_report);
    uint64_t blocks = 0, bytes = 0;
    for (unsigned i = 0; i < count; i++) {
        if (p[i] != NULL) {
            blocks++;
            bytes += usable(kmem, heap, p[i]);
        }
    }
    report->bad = kmem;
    check_status(heap_check(heap, report), HEAP_OK);
    check_eq(report->blocks, blocks);
    check_eq(report->bytes, bytes);
    check(report->bad == NULL, "a sound heap has a bad block");
}

Test(hidden, checker_counts_the_blocks_of_a_sound_heap)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p[60] = {0};
    check_sound(kmem, heap, p, 60);
    for (unsigned round = 0; round < 240; round++) {
        const unsigned i = (unsigned)test_random_below(60);
        const size_t n = test_random_below(10) == 0
                             ? 131072 + test_random_below(100000)
                             : test_random_below(4000);
        if (p[i] != NULL && n % 3 == 0) {
            p[i] = block(kmem, heap_realloc(heap, p[i], n + 1), n + 1);
        } else if (p[i] != NULL) {
            check_status(heap_free(heap, p[i]), HEAP_OK);
            p[i] = NULL;
        } else {
            p[i] = block(kmem, heap_malloc(heap, n), n);
        }
        if (round % 8 == 0)
            check_sound(kmem, heap, p, 60);
    }
    for (unsigned i = 0; i < 60; i++)
        check_status(heap_free(heap, p[i]), HEAP_OK);
    memset(p, 0, sizeof p);
    check_sound(kmem, heap, p, 60);
}

Test(hidden, checker_finds_every_damage)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    struct heap_report *report = arena_object(struct heap_report);
    void *p[40];
    for (unsigned i = 0; i < 40; i++)
        p[i] = block(kmem, heap_malloc(heap, 10 + i * i * 3), 10);
    for (unsigned i = 0; i < 40; i += 3) {
        check_status(heap_free(heap, p[i]), HEAP_OK);
        p[i] = NULL;
    }
    for (unsigned i = 0; i < 40; i++) {
        if (p[i] == NULL)
            continue;
        for (unsigned byte = 0; byte < HEADER; byte++) {
            unsigned char *at = (unsigned char *)p[i] - HEADER + byte;
            const unsigned char mask = (unsigned char)(1U << (i + byte) % 8);
            *at ^= mask;
            check_context("block %u, the byte at p - %u was changed", i,
                          HEADER - byte);
            report->bad = NULL;
            check_status(heap_check(heap, report), HEAP_BAD_HEADER);
            check_eq(address(report->bad), address(p[i]));
            *at ^= mask; /* nothing else has been called meanwhile */
        }
    }
    check_sound(kmem, heap, p, 40);
}

Test(hidden, checker_finds_damage_of_mapped_blocks)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    struct heap_report *report = arena_object(struct heap_report);
    void *p[5];
    take_blocks(kmem, heap, p, 5, 150000);
    for (unsigned i = 0; i < 5; i++) {
        for (unsigned byte = 0; byte < HEADER; byte++) {
            unsigned char *at = (unsigned char *)p[i] - HEADER + byte;
            *at ^= 0x11;
            check_status(heap_check(heap, report), HEAP_BAD_HEADER);
            check_eq(address(report->bad), address(p[i]));
            *at ^= 0x11;
        }
    }
    check_sound(kmem, heap, p, 5);
}

Test(hidden, checker_believes_no_size_of_a_damaged_header)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    struct heap_report *report = arena_object(struct heap_report);
    void *p[10];
    take_blocks(kmem, heap, p, 10, 300);
    static const uint64_t word[] = {0, 1, 17, UINT64_MAX, 0x10000000001, 15};
    for (unsigned i = 0; i < 6; i++) {
        uint64_t old;
        memcpy(&old, (char *)p[4] - HEADER, sizeof old);
        memcpy((char *)p[4] - HEADER, &word[i], sizeof old);
        check_status(heap_check(heap, report), HEAP_BAD_HEADER);
        check_eq(address(report->bad), address(p[4]));
        memcpy((char *)p[4] - HEADER, &old, sizeof old);
    }
    check_sound(kmem, heap, p, 10);
}

Test(hidden, checker_changes_nothing)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    struct heap_report *report = arena_object(struct heap_report);
    void *p[30];
    for (unsigned i = 0; i < 30; i++) {
        p[i] = block(kmem, heap_malloc(heap, 50 + 40 * i), 50);
        fill(p[i], usable(kmem, heap, p[i]), i);
    }
    for (unsigned i = 0; i < 30; i += 2)
        check_status(heap_free(heap, p[i]), HEAP_OK);
    const struct kmem_counts before = kmem_counts(kmem);
    const uint64_t bytes = before.heap_bytes;
    static unsigned char copy[MIB];
    const char *first = (char *)break_of(kmem) - bytes;
    check(bytes <= sizeof copy, "the heap is larger than a MiB");
    memcpy(copy, first, bytes);
    check_status(heap_check(heap, report), HEAP_OK);
    check_bytes(first, copy, bytes);
    check_eq(kmem_counts(kmem).brk_calls, before.brk_calls);
}

Test(hidden, checker_without_a_heap_or_a_report_is_a_bad_argument)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    struct heap_report *report = arena_object(struct heap_report);
    report->blocks = 77;
    check_status(heap_check(NULL, report), HEAP_BAD_ARGUMENT);
    check_eq(report->blocks, 77);
    check_status(heap_check(heap, NULL), HEAP_BAD_ARGUMENT);
}
