/*
 * heap_test.c - model tests of the stage.
 *
 * How they are chosen: for each sentence of heap.h one asks what a module would
 * look like that breaks this sentence alone, and takes the smallest example on
 * which it answers differently.  What a heap does with its memory is seen from
 * outside in two ways: in what is still in other blocks, and in what the kernel
 * is asked for.
 */
#include "heap/heap.h"
#include "vmlab_test.h"

#include <errno.h>
#include <string.h>

VMLAB_SUITE(heap)

enum { KIB = 1 << 10, MIB = 1 << 20, PAGE = KMEM_PAGE_BYTES, HEADER = 16 };

static struct kmem *kmem;
static struct heap *heap;

static void
begin(uint64_t first_break)
{
    kmem = test_kmem(first_break, 8 * MIB, 8 * MIB);
    heap = heap_create(kmem);
    check(heap != NULL, "no heap");
}

/* A payload with n bytes, filled with a number. */
static char *
filled(void *p, size_t n, int with)
{
    check_memory(kmem, p, n);
    check_eq((uintptr_t)p % 16, 0);
    memset(p, with, n);
    return p;
}

static char *
take(size_t n, int with)
{
    return filled(heap_malloc(heap, n), n, with);
}

static void
check_all(const char *p, size_t n, int with)
{
    for (size_t i = 0; i < n; i++)
        check(p[i] == (char)with, "byte %zu of %zu is %d, not %d", i, n, p[i],
              with);
}

static void
give(void *p)
{
    check_status(heap_free(heap, p), HEAP_OK);
}

/* `count` equal blocks in the order in which they lie. */
static void
row(char **p, unsigned count, size_t n)
{
    for (unsigned i = 0; i < count; i++) {
        char *q = take(n, (int)i + 1);
        unsigned k = i;
        for (; k > 0 && p[k - 1] > q; k--)
            p[k] = p[k - 1];
        p[k] = q;
    }
    for (unsigned i = 0; i < count; i++)
        filled(p[i], n, (int)i + 1);
}

/* Requests that must not raise the break. */
static void
take_without_growth(unsigned count, size_t n)
{
    const uint64_t raised = kmem_counts(kmem).brk_raised;
    for (unsigned i = 0; i < count; i++)
        take(n, 9);
    check_eq(kmem_counts(kmem).brk_raised, raised);
}

static void
check_errno(void *p, int want)
{
    const int got = errno;
    check(p == NULL, "a pointer came back");
    check_eq(got, want);
}

/* ---- Blocks ------------------------------------------------------------ */

Test(heap, usable_bytes_are_the_callers)
{
    char *p[80];
    size_t n[80];
    begin(9);
    for (unsigned i = 0; i < 80; i++) {
        p[i] = take(i, 0);
        n[i] = heap_usable(heap, p[i]);
        check(n[i] >= i && n[i] <= i + 96, "%zu usable bytes of %u", n[i], i);
        filled(p[i], n[i], (int)i);
        uint64_t word;
        memcpy(&word, p[i] - HEADER, 8);
        check_eq(word & ~(uint64_t)15, n[i] + HEADER);
    }
    for (unsigned i = 0; i < 80; i += 2)
        give(p[i]);
    take(6000, 3);
    for (unsigned i = 1; i < 80; i += 2)
        check_all(p[i], n[i], (int)i);
}

Test(heap, nothing_and_null)
{
    begin(0);
    char *p[6];
    row(p, 6, 0);
    for (unsigned i = 0; i < 6; i++) {
        check(i == 0 || p[i] != p[i - 1], "two requests got one block");
        give(p[i]);
    }
    give(NULL);
    check_eq(heap_usable(heap, NULL), 0);
    check_errno(heap_malloc(NULL, 1), EINVAL);
    check_errno(heap_calloc(NULL, SIZE_MAX, 2), EINVAL);
    check_errno((void *)heap_create(NULL), EINVAL);
    check_errno(heap_aligned(NULL, 16, 1), EINVAL);
    check_status(heap_free(NULL, NULL), HEAP_BAD_ARGUMENT);
    check_status(heap_destroy(NULL), HEAP_BAD_ARGUMENT);
    check_status(heap_set(NULL, HEAP_SET_KEEP, 0), HEAP_BAD_ARGUMENT);
    check_eq(heap_usable(NULL, NULL), 0);
    check_status(heap_check(heap, NULL), HEAP_BAD_ARGUMENT);
    check_status(heap_check(NULL, NULL), HEAP_BAD_ARGUMENT);
}

Test(heap, two_heaps)
{
    begin(0);
    struct kmem *const other = test_kmem(0, MIB, MIB);
    struct heap *const second = heap_create(other);
    char *p = take(200 * KIB, 1);
    check_status(heap_free(second, p), HEAP_BAD_POINTER);
    check_status(heap_destroy(second), HEAP_OK);
    give(p);
    check_eq(kmem_counts(kmem).mappings, 0);
}

/* ---- The threshold ----------------------------------------------------- */

Test(heap, threshold)
{
    begin(0);
    check(kmem_in_heap(kmem, take(131071, 1)), "131071 is below");
    check(kmem_in_heap(kmem, heap_calloc(heap, 131071, 1)), "so is calloc");
    check_eq(kmem_counts(kmem).mmap_calls, 0);
    char *p = take(131072, 2), *q = take(33 * PAGE - 16, 3);
    char *r = heap_calloc(heap, 2, 65536);
    check_eq(kmem_counts(kmem).mappings, 3);
    check_all(r, 131072, 0);
    check(kmem_counts(kmem).mapped_bytes <= 3 * 35 * PAGE, "too much mapped");
    check(heap_usable(heap, q) >= 33 * PAGE - 16, "too little usable");
    give(q);
    give(p);
    give(r);
    check_eq(kmem_counts(kmem).mapped_bytes, 0);
    check_eq(kmem_counts(kmem).refused, 0);
}

Test(heap, threshold_can_be_set)
{
    begin(0);
    char *p = take(6000, 1), *q = take(131072, 2);
    check_status(heap_set(heap, HEAP_SET_THRESHOLD, 0), HEAP_BAD_ARGUMENT);
    check_status(heap_set(heap, (enum heap_option)9, 1), HEAP_BAD_ARGUMENT);
    check(kmem_in_heap(kmem, take(100, 1)), "a refused option was set");
    check_status(heap_set(heap, HEAP_SET_THRESHOLD, 5000), HEAP_OK);
    check(kmem_in_heap(kmem, take(4999, 1)), "4999 is below 5000");
    check(kmem_in_mapping(kmem, take(5000, 1)), "5000 is not");
    give(p);
    check_status(heap_set(heap, HEAP_SET_THRESHOLD, MIB), HEAP_OK);
    check(kmem_in_heap(kmem, take(MIB - 1, 1)), "MIB - 1 is below a MIB");
    give(q);
    check_eq(kmem_counts(kmem).mappings, 1);
    check_eq(kmem_counts(kmem).refused, 0);
}

/* ---- Using again ------------------------------------------------------- */

/* Frees all of a row in an order, and wants it to be one. */
static void
join(unsigned first, unsigned step, size_t n)
{
    static char *p[1400];
    const unsigned count = (unsigned)(600 * KIB / (n + HEADER));
    begin(0);
    row(p, count, n);
    take(5000, 1);
    for (unsigned i = 0; i < count; i++)
        give(p[(first + (uint64_t)i * step) % count]);
    for (unsigned i = 0; i < count; i++)
        check_status(heap_free(heap, p[i]), HEAP_BAD_HEADER);
    take_without_growth(5, 100000);
}

Test(heap, rows_join_upward)
{
    join(0, 1, 8000);
}

Test(heap, rows_join_downward)
{
    join(75, 75, 8000); /* of 76 blocks */
}

Test(heap, rows_join_in_any_order)
{
    join(3, 31, 10000);
}

Test(heap, small_blocks_join)
{
    join(0, 1, 440);
}

Test(heap, free_blocks_are_split_and_used_again)
{
    char *p[60];
    begin(0);
    for (unsigned i = 0; i < 60; i++) {
        p[i] = take(10000, 1);
        take(20, 2);
    }
    for (unsigned i = 0; i < 60; i++)
        give(p[i]);
    take_without_growth(60, 5120);
    take_without_growth(60, 4784);
    for (unsigned i = 0; i < 300; i++) {
        char *q = take(2000, 1);
        give(q);
    }
    check(kmem_counts(kmem).heap_bytes < MIB, "freed blocks are not used");
}

Test(heap, sizes_of_one_list_are_told_apart)
{
    char *p[40];
    begin(0);
    for (unsigned i = 0; i < 40; i++) {
        p[i] = take(2050 + 10 * i, 1);
        take(20, 2);
    }
    for (unsigned i = 0; i < 40; i++)
        give(p[i]);
    for (unsigned i = 0; i < 40; i++) {
        char *q = take(2440 - 10 * i, 3);
        check(heap_usable(heap, q) >= 2440 - 10 * i, "it is too small");
    }
}

Test(heap, larger_ones_behind_smaller_ones_are_found)
{
    char *p[60];
    begin(0);
    for (unsigned i = 0; i < 60; i++) {
        p[i] = take(i < 30 ? 7900 : 7300, 1);
        take(20, 2);
    }
    for (unsigned i = 0; i < 60; i++)
        give(p[i]);
    take_without_growth(30, 7800);
    take_without_growth(30, 7200);
}

Test(heap, rests_that_are_no_block_stay_with_it)
{
    char *p[200];
    begin(0);
    row(p, 200, 1000);
    for (unsigned i = 0; i < 199; i++) {
        give(p[i]);
        p[i] = take(1000 - 16 * (i % 4), (int)i);
    }
    for (unsigned i = 0; i < 199; i++)
        check_all(p[i], 1000 - 16 * (i % 4), (int)i);
    for (unsigned i = 0; i < 200; i++)
        give(p[i]);
    take(8000, 1);
    take_without_growth(1, 100000);
}

Test(heap, growth_is_moderate)
{
    begin(0);
    const uint64_t before = kmem_counts(kmem).heap_bytes;
    check(before <= HEAP_AHEAD, "too much at once");
    char *low = take(10, 1);
    give(take(120000, 1));
    check_status(heap_set(heap, HEAP_SET_THRESHOLD, 2 * MIB), HEAP_OK);
    const uint64_t raised = kmem_counts(kmem).brk_raised;
    take(MIB, 1);
    check_eq(kmem_counts(kmem).brk_raised, raised + 1);
    const char *end = kmem_brk(kmem, NULL);
    check((size_t)(end - low) < MIB + HEAP_AHEAD + 300, "too much");
}

/* ---- Giving back ------------------------------------------------------- */

Test(heap, top_is_given_back)
{
    char *p[40], *small[100];
    begin(0);
    check_status(heap_set(heap, HEAP_SET_KEEP, 40 * KIB), HEAP_OK);
    check_status(heap_set(heap, HEAP_SET_KEEP, HEAP_KEEP), HEAP_OK);
    row(p, 40, 10000);
    for (unsigned i = 0; i < 100; i++)
        small[i] = take(300, 1);
    char *last = take(6000, 1);
    for (unsigned i = 1; i < 40; i++)
        give(p[i]);
    for (unsigned i = 0; i < 100; i++)
        give(small[i]);
    check_eq(kmem_counts(kmem).brk_lowered, 0);
    give(last);
    const char *end = kmem_brk(kmem, NULL);
    const size_t left = (size_t)(end - p[0]) - heap_usable(heap, p[0]);
    check(left + 64 >= HEAP_KEEP && left <= HEAP_KEEP + PAGE + 64,
          "%zu bytes stay at the top", left);
    check_status(heap_free(heap, p[39]), HEAP_BAD_POINTER);
    const uint64_t lowered = kmem_counts(kmem).brk_lowered;
    give(take(50000, 1));
    check_eq(kmem_counts(kmem).brk_lowered, lowered);
    check_status(heap_set(heap, HEAP_SET_KEEP, 0), HEAP_OK);
    give(p[0]);
    end = kmem_brk(kmem, NULL);
    check((size_t)(end - p[0]) <= 10016 + PAGE + 64, "the top stays");
}

Test(heap, destroy_gives_all_back)
{
    begin(1);
    take(1000, 1);
    take(MIB, 1);
    take(MIB, 1);
    check_status(heap_destroy(heap), HEAP_OK);
    check_eq(kmem_counts(kmem).heap_bytes, 0);
    check_eq(kmem_counts(kmem).mapped_bytes, 0);
}

/* ---- calloc ------------------------------------------------------------ */

Test(heap, calloc_is_zero)
{
    begin(0);
    for (size_t n = 10; n < 100000; n *= 3) {
        char *p = take(n, 7);
        give(p);
        p = heap_calloc(heap, n / 10, 10);
        check_memory(kmem, p, n / 10 * 10);
        check_all(p, n / 10 * 10, 0);
    }
    check_errno(heap_calloc(heap, SIZE_MAX / 2 + 1, 2), ENOMEM);
    check(heap_calloc(heap, 0, 8) != NULL, "0 x 8 bytes");
}

/* ---- realloc ----------------------------------------------------------- */

Test(heap, realloc_of_nothing_and_to_nothing)
{
    begin(0);
    char *p = filled(heap_realloc(heap, NULL, 50), 50, 1);
    take(50, 1);
    errno = 0;
    check_errno(heap_realloc(heap, p, 0), 0);
    check_status(heap_free(heap, p), HEAP_BAD_HEADER);
}

Test(heap, realloc_keeps_contents_and_frees_the_old_place)
{
    begin(0);
    for (size_t n = 24; n < 40000; n = n * 2 + 24) {
        char *p[3];
        row(p, 3, n);
        char *q = heap_realloc(heap, p[1], 3 * n);
        check_memory(kmem, q, 3 * n);
        check_all(q, n, 2);
        memset(q, 5, 3 * n);
        check_all(p[2], n, 3);
        if (q != p[1])
            check_status(heap_free(heap, p[1]), HEAP_BAD_HEADER);
    }
}

Test(heap, realloc_in_place)
{
    char *p[60];
    begin(0);
    row(p, 60, 20000);
    take(5000, 1);
    for (unsigned i = 0; i < 60; i++) {
        if (i % 3 != 1)
            give(p[i]);
    }
    for (unsigned i = 58; i < 60; i -= 3) {
        check(heap_realloc(heap, p[i], 25000) == p[i], "it has moved");
        check_all(p[i], 20000, (int)i + 1);
    }
    take_without_growth(15, 14900);
    for (unsigned i = 1; i < 60; i += 3)
        check(heap_realloc(heap, p[i], 1000) == p[i], "it has moved");
    take_without_growth(15, 23900);
    begin(0);
    row(p, 60, 20000);
    take(5000, 1);
    for (unsigned i = 0; i < 60; i++) {
        if (i % 3 != 1)
            give(p[i]);
    }
    for (unsigned i = 1; i < 60; i += 3)
        check(heap_realloc(heap, p[i], 25000) == p[i], "it has moved");
    for (unsigned i = 58; i < 60; i -= 3)
        give(p[i]);
    take_without_growth(10, 100000);
}

Test(heap, tails_join)
{
    char *p[60];
    begin(0);
    row(p, 60, 10000);
    for (unsigned i = 1; i < 60; i += 3)
        give(p[i]);
    for (unsigned i = 0; i < 60; i += 3)
        check(heap_realloc(heap, p[i], 2000) == p[i], "it has moved");
    take_without_growth(19, 17900);
}

Test(heap, small_neighbour_just_freed)
{
    char *p[5];
    begin(0);
    row(p, 5, 100);
    give(p[3]);
    check(heap_realloc(heap, p[2], 160) == p[2], "it has moved");
    check_all(p[2], 100, 3);
}

Test(heap, last_block_grows_with_the_break)
{
    char *p[2];
    begin(0);
    check_status(heap_set(heap, HEAP_SET_THRESHOLD, 2 * MIB), HEAP_OK);
    row(p, 2, 1000);
    check(heap_realloc(heap, p[1], MIB) == p[1], "it has moved");
    check_all(p[1], 1000, 2);
    check_status(heap_set(heap, HEAP_SET_THRESHOLD, 20 * MIB), HEAP_OK);
    check_errno(heap_realloc(heap, p[1], 8 * MIB), ENOMEM);
    check_all(p[1], 1000, 2);
}

Test(heap, realloc_across_the_threshold)
{
    begin(0);
    char *p = take(131000, 1);
    p = heap_realloc(heap, p, 300000);
    check(kmem_in_mapping(kmem, p), "300000 bytes are mapped");
    check_all(p, 131000, 1);
    p = heap_realloc(heap, p, 150000);
    check(kmem_counts(kmem).mapped_bytes <= 150000 + 2 * PAGE, "too much");
    check_all(p, 131000, 1);
    kmem_fail_at(kmem, 1);
    check_errno(heap_realloc(heap, p, 400000), ENOMEM);
    check_all(p, 131000, 1);
    p = heap_realloc(heap, p, 100000);
    check(kmem_in_heap(kmem, p), "100000 bytes are not");
    check_all(p, 100000, 1);
    check_eq(kmem_counts(kmem).mapped_bytes, 0);
    check_status(heap_set(heap, HEAP_SET_THRESHOLD, 5000), HEAP_OK);
    p = heap_realloc(heap, p, 9000);
    check(kmem_in_mapping(kmem, p), "9000 bytes are in the heap");
    check_all(p, 9000, 1);
}

/* ---- No memory --------------------------------------------------------- */

Test(heap, sizes_that_cannot_be)
{
    begin(0);
    char *p = take(100, 1);
    for (size_t n = 0; n < 40; n++) {
        check_errno(heap_malloc(heap, SIZE_MAX - n), ENOMEM);
        check_errno(heap_realloc(heap, p, SIZE_MAX - n), ENOMEM);
    }
    check_errno(heap_malloc(heap, ((size_t)1 << 32) + 8), ENOMEM);
    check_errno(heap_aligned(heap, 64, SIZE_MAX - 30), ENOMEM);
    check_all(p, 100, 1);
}

Test(heap, refusals)
{
    begin(0);
    check_status(heap_set(heap, HEAP_SET_THRESHOLD, 2 * MIB), HEAP_OK);
    const uint64_t bytes = kmem_counts(kmem).heap_bytes;
    kmem_fail_at(kmem, 1);
    check_errno(heap_malloc(heap, MIB), ENOMEM);
    kmem_fail_at(kmem, 1);
    check_errno(heap_aligned(heap, 64, MIB), ENOMEM);
    kmem_fail_at(kmem, 1);
    check_errno(heap_malloc(heap, 2 * MIB), ENOMEM);
    check_eq(kmem_counts(kmem).heap_bytes, bytes);
    check_eq(kmem_counts(kmem).mapped_bytes, 0);
    take(MIB, 1);
    struct kmem *const poor = test_kmem(0, MIB, MIB);
    kmem_fail_at(poor, 1);
    check_errno((void *)heap_create(poor), ENOMEM);
}

/* ---- Damage ------------------------------------------------------------ */

Test(heap, wild_pointers)
{
    begin(0);
    char *p = take(100, 1), *q = take(200000, 1);
    check_status(heap_free(heap, p + 8), HEAP_BAD_POINTER);
    check_status(heap_free(heap, (void *)64), HEAP_BAD_POINTER);
    check_status(heap_free(heap, p + 7 * MIB), HEAP_BAD_POINTER);
    check_errno(heap_realloc(heap, p + 1, 5), EINVAL);
    check_status(heap_free(heap, q + 160), HEAP_BAD_HEADER);
    give(q);
    check_status(heap_free(heap, q), HEAP_BAD_POINTER);
}

Test(heap, freed_twice)
{
    char *p[8];
    begin(0);
    for (size_t n = 40; n < 9000; n *= 4) {
        row(p, 8, n);
        give(p[2]);
        check_status(heap_free(heap, p[2]), HEAP_BAD_HEADER);
        give(p[4]);
        give(p[3]);
        for (unsigned i = 2; i < 5; i++)
            check_status(heap_free(heap, p[i]), HEAP_BAD_HEADER);
    }
}

Test(heap, every_bit_of_a_header)
{
    static const size_t n[] = {40, 2000, 140000};
    begin(0);
    for (unsigned i = 0; i < 128; i++) {
        char *p = take(n[i % 3], 1);
        p[(int)i / 8 - HEADER] ^= (char)(1 << i % 8);
        check_status(heap_free(heap, p), HEAP_BAD_HEADER);
        errno = 0;
        check_eq(heap_usable(heap, p), 0);
        check_errno(heap_realloc(heap, p, 10), EINVAL);
        p[(int)i / 8 - HEADER] ^= (char)(1 << i % 8);
        give(p);
    }
    char *p = take(500, 1), *q = take(500, 1);
    memcpy(p - HEADER, q - HEADER, HEADER);
    check_status(heap_free(heap, p), HEAP_BAD_HEADER);
}

Test(heap, neighbours_of_damage)
{
    for (unsigned bit = 0; bit < 6; bit++) {
        char *p[8], header[HEADER];
        if (bit == 0)
            begin(0);
        row(p, 8, 900);
        p[3][-HEADER] ^= (char)(1 << bit);
        memcpy(header, p[3] - HEADER, HEADER);
        give(p[2]);
        give(p[4]);
        char *q = heap_realloc(heap, p[1], 2000);
        check_memory(kmem, q, 2000);
        check_all(q, 900, 2);
        memset(q, 8, 2000);
        for (unsigned i = 0; i < 5; i++)
            take(700 + 200 * i, 7);
        check_bytes(p[3] - HEADER, header, HEADER);
        check_status(heap_free(heap, p[3]), HEAP_BAD_HEADER);
        check_all(p[3], 900, 4);
        check_all(p[5], 900, 6);
    }
}

/* ---- Bonus ------------------------------------------------------------- */

Test(heap, aligned_blocks)
{
    begin(0);
    check_errno(heap_aligned(heap, 0, 1), EINVAL);
    check_errno(heap_aligned(heap, 48, 1), EINVAL);
    char *p[60];
    for (unsigned i = 0; i < 60; i++) {
        const size_t alignment = (size_t)1 << i % 15;
        p[i] = filled(heap_aligned(heap, alignment, 100), 100, (int)i);
        check_eq((uintptr_t)p[i] % alignment, 0);
        check(heap_usable(heap, p[i]) <= 196, "too much is usable");
    }
    for (unsigned i = 0; i < 60; i++) {
        check_all(p[i], 100, (int)i);
        give(p[i]);
    }
    for (unsigned i = 0; i < 40; i++)
        filled(heap_aligned(heap, 16384, 64), 64, 1);
    take_without_growth(70, 7000);
    char *q = filled(heap_aligned(heap, 65536, 200000), 200000, 1);
    check_eq((uintptr_t)q % 65536, 0);
    give(q);
    check_eq(kmem_counts(kmem).mapped_bytes, 0);
}

Test(heap, checker)
{
    struct heap_report *report = arena_object(struct heap_report);
    char *p[12];
    uint64_t bytes = 0;
    begin(0);
    for (unsigned i = 0; i < 12; i++) {
        p[i] = take(i % 4 == 3 ? 140000 : 100 * i, 1);
        bytes += heap_usable(heap, p[i]);
    }
    bytes -= heap_usable(heap, p[1]) + heap_usable(heap, p[10]);
    give(p[1]);
    give(p[10]);
    check_status(heap_check(heap, report), HEAP_OK);
    check_eq(report->blocks, 10);
    check_eq(report->bytes, bytes);
    for (unsigned i = 2; i < 10; i++) {
        for (int byte = 1; byte <= HEADER; byte++) {
            p[i][-byte] ^= 0x24;
            check_status(heap_check(heap, report), HEAP_BAD_HEADER);
            check(report->bad == p[i], "another block is named");
            p[i][-byte] ^= 0x24;
        }
    }
}
