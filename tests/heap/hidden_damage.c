/* hidden_damage.c - pointers that are no blocks, and headers that somebody has
 * overwritten.  The tests write to headers of live blocks alone. */
#include "heap_help.h"

/* ---- Pointers ---------------------------------------------------------- */

Test(hidden, freeing_twice_is_found_out)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    static const size_t n[] = {1, 40, 300, 2000, 6000, 60000};
    for (unsigned i = 0; i < 6; i++) {
        void *p = block(kmem, heap_malloc(heap, n[i]), n[i]);
        block(kmem, heap_malloc(heap, n[i]), n[i]);
        check_context("a block of %zu bytes", n[i]);
        check_status(heap_free(heap, p), HEAP_OK);
        check_status(heap_free(heap, p), HEAP_BAD_HEADER);
        check_status(heap_free(heap, p), HEAP_BAD_HEADER);
    }
}

Test(hidden, freeing_twice_does_not_hand_out_twice)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    for (size_t n = 16; n < 20000; n = n * 3 + 16) {
        void *p = block(kmem, heap_malloc(heap, n), n);
        block(kmem, heap_malloc(heap, n), n);
        check_status(heap_free(heap, p), HEAP_OK);
        check_status(heap_free(heap, p), HEAP_BAD_HEADER);
        char *a = block(kmem, heap_malloc(heap, n), n);
        char *b = block(kmem, heap_malloc(heap, n), n);
        check(a >= b + n || b >= a + n,
              "two live blocks of %zu bytes overlap", n);
    }
}

Test(hidden, freeing_twice_is_found_out_after_joining)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    static const size_t n[] = {40, 700, 5000};
    for (unsigned i = 0; i < 3; i++) {
        void *p[12];
        heap_destroy(heap);
        heap = new_heap(kmem);
        row_of_blocks(kmem, heap, p, 12, n[i]);
        static const unsigned order[] = {3, 1, 2, 6, 5, 8, 9};
        for (unsigned k = 0; k < 7; k++) {
            check_status(heap_free(heap, p[order[k]]), HEAP_OK);
            for (unsigned j = 0; j <= k; j++) {
                check_context("blocks of %zu bytes, %u freed, number %u again",
                              n[i], k + 1, order[j]);
                check_status(heap_free(heap, p[order[j]]), HEAP_BAD_HEADER);
            }
        }
    }
}

Test(hidden, freeing_twice_is_found_out_after_small_blocks_joined)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p[40];
    row_of_blocks(kmem, heap, p, 40, 64);
    void *large = block(kmem, heap_malloc(heap, 8000), 8000);
    block(kmem, heap_malloc(heap, 100), 100);
    free_blocks(heap, p, 39);
    check_status(heap_free(heap, large), HEAP_OK);
    for (unsigned i = 0; i < 39; i++)
        check_status(heap_free(heap, p[i]), HEAP_BAD_HEADER);
    check_status(heap_free(heap, p[39]), HEAP_OK);
}

Test(hidden, mapped_block_freed_twice_is_outside)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p = block(kmem, heap_malloc(heap, 200000), 200000);
    void *q = block(kmem, heap_malloc(heap, 150000), 150000);
    check_status(heap_free(heap, p), HEAP_OK);
    check_status(heap_free(heap, p), HEAP_BAD_POINTER);
    check_null(heap_realloc(heap, p, 10), EINVAL);
    check_status(heap_free(heap, q), HEAP_OK);
    check_status(heap_free(heap, q), HEAP_BAD_POINTER);
}

Test(hidden, block_above_a_lowered_break_is_outside)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p[50];
    row_of_blocks(kmem, heap, p, 50, 16 * KIB);
    for (unsigned i = 50; i-- > 2;)
        check_status(heap_free(heap, p[i]), HEAP_OK);
    check(address(p[45]) > address(break_of(kmem)) + PAGE,
          "the break was not lowered");
    check_status(heap_free(heap, p[45]), HEAP_BAD_POINTER);
    errno = 0;
    check_eq(heap_usable(heap, p[47]), 0);
    check_eq(errno, EINVAL);
}

Test(hidden, pointer_that_is_no_multiple_of_16_is_refused)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    char *p = block(kmem, heap_malloc(heap, 100), 100);
    char *q = block(kmem, heap_malloc(heap, 200000), 200000);
    for (unsigned i = 1; i < 16; i++) {
        check_status(heap_free(heap, p + i), HEAP_BAD_POINTER);
        check_status(heap_free(heap, q + i), HEAP_BAD_POINTER);
        check_null(heap_realloc(heap, p + i, 50), EINVAL);
    }
    check_status(heap_free(heap, p), HEAP_OK);
    check_status(heap_free(heap, q), HEAP_OK);
}

Test(hidden, pointer_into_a_block_has_no_header)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    static const size_t n[] = {300, 9000, 200000};
    for (unsigned i = 0; i < 3; i++) {
        char *p = block(kmem, heap_malloc(heap, n[i]), n[i]);
        fill(p, n[i], i);
        for (size_t at = 16; at < n[i]; at = at * 2 + 16) {
            check_context("byte %zu of a payload of %zu", at, n[i]);
            check_status(heap_free(heap, p + at), HEAP_BAD_HEADER);
            check_null(heap_realloc(heap, p + at, 50), EINVAL);
        }
        /* The first byte of a mapping: there is nothing before it. */
        if (kmem_in_mapping(kmem, p)) {
            void *first = (void *)((uintptr_t)(p - HEADER) & ~(uintptr_t)4095);
            check_context("the first byte of the mapping");
            check_status(heap_free(heap, first), HEAP_BAD_HEADER);
            check_null(heap_realloc(heap, first, 50), EINVAL);
        }
        check_filled(p, n[i], i);
        check_status(heap_free(heap, p), HEAP_OK);
    }
}

Test(hidden, pointer_outside_of_the_heap_is_not_followed)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p = block(kmem, heap_malloc(heap, 100), 100);
    fill(p, 100, 1);
    const uint64_t wild[] = {
        16,
        4096,
        UINT64_C(0x0000700000000000),
        UINT64_MAX - 15,
        address(break_of(kmem)) + 15,
        address(break_of(kmem)) + 64 * KIB,
        address(break_of(kmem)) + 14 * MIB,
    };
    for (unsigned i = 0; i < sizeof wild / sizeof *wild; i++) {
        void *q = (void *)(uintptr_t)(wild[i] & ~UINT64_C(15));
        check_context("the pointer %p", q);
        check_status(heap_free(heap, q), HEAP_BAD_POINTER);
        check_null(heap_realloc(heap, q, 100), EINVAL);
        check_null(heap_realloc(heap, q, 0), EINVAL);
        errno = 0;
        check_eq(heap_usable(heap, q), 0);
        check_eq(errno, EINVAL);
    }
    check_filled(p, 100, 1);
    check_status(heap_free(heap, p), HEAP_OK);
}

Test(hidden, block_of_another_heap_is_outside)
{
    struct kmem *one = test_kmem(0, MIB, MIB), *two = test_kmem(0, MIB, MIB);
    struct heap *a = new_heap(one), *b = new_heap(two);
    void *p = block(one, heap_malloc(a, 100), 100);
    void *q = block(one, heap_malloc(a, 200000), 200000);
    check_status(heap_free(b, p), HEAP_BAD_POINTER);
    check_status(heap_free(b, q), HEAP_BAD_POINTER);
    check_status(heap_free(a, p), HEAP_OK);
    check_status(heap_free(a, q), HEAP_OK);
}

/* ---- Headers ----------------------------------------------------------- */

/* Every byte of a header in turn, each with one bit changed. */
static void
check_every_byte(size_t n)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    for (unsigned i = 0; i < HEADER; i++) {
        void *p[3];
        take_blocks(kmem, heap, p, 3, n);
        sort_blocks(p, 3);
        unsigned char *header = (unsigned char *)p[1] - HEADER;
        fill(p[1], n, i);
        header[i] ^= (unsigned char)(1U << (i * 5 % 8));
        const unsigned char changed = header[i];
        check_context("bit %u of the byte at p - %u was changed", i * 5 % 8,
                      HEADER - i);
        errno = 0;
        check_eq(heap_usable(heap, p[1]), 0);
        check_eq(errno, EINVAL);
        check_null(heap_realloc(heap, p[1], n + 100), EINVAL);
        check_status(heap_free(heap, p[1]), HEAP_BAD_HEADER);
        check_eq(header[i], changed);
        check_filled(p[1], n, i);
        check_status(heap_free(heap, p[0]), HEAP_OK);
        check_status(heap_free(heap, p[2]), HEAP_OK);
    }
}

Test(hidden, every_byte_of_a_header_is_watched)
{
    check_every_byte(24);
}

Test(hidden, every_byte_of_a_large_header_is_watched)
{
    check_every_byte(7000);
}

Test(hidden, every_byte_of_a_mapped_header_is_watched)
{
    check_every_byte(131072);
}

Test(hidden, every_bit_of_a_header_is_watched)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p[200];
    take_blocks(kmem, heap, p, 200, 100);
    for (unsigned bit = 0; bit < 8 * HEADER; bit++) {
        unsigned char *header = (unsigned char *)p[bit + 1] - HEADER;
        header[bit / 8] ^= (unsigned char)(1U << bit % 8);
        check_context("bit %u of the byte at p - %u was changed", bit % 8,
                      HEADER - bit / 8);
        check_status(heap_free(heap, p[bit + 1]), HEAP_BAD_HEADER);
    }
}

Test(hidden, overrun_of_the_block_below_is_found_out)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    static const int with[] = {0, 0xFF, 'A', 0x10, 0x21};
    for (unsigned i = 0; i < 5; i++) {
        for (size_t bytes = 8; bytes <= HEADER; bytes += 8) {
            void *p = block(kmem, heap_malloc(heap, 500), 500);
            memset((char *)p - HEADER, with[i], bytes);
            check_context("%zu bytes at p - 16 were set to 0x%02x", bytes,
                          with[i]);
            check_status(heap_free(heap, p), HEAP_BAD_HEADER);
        }
    }
}

Test(hidden, header_of_another_block_does_not_fit)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p[8];
    take_blocks(kmem, heap, p, 8, 320);
    for (unsigned i = 1; i < 7; i++) {
        memcpy((char *)p[i] - HEADER, (char *)p[7] - HEADER, HEADER);
        check_status(heap_free(heap, p[i]), HEAP_BAD_HEADER);
    }
    check_status(heap_free(heap, p[7]), HEAP_OK);
}

Test(hidden, size_that_was_made_larger_is_found_out)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p[20];
    take_blocks(kmem, heap, p, 20, 1000);
    for (unsigned i = 1; i < 19; i++) {
        uint64_t word;
        memcpy(&word, (char *)p[i] - HEADER, sizeof word);
        word += i < 10 ? 16 * i : (uint64_t)1 << (3 * i);
        memcpy((char *)p[i] - HEADER, &word, sizeof word);
        check_status(heap_free(heap, p[i]), HEAP_BAD_HEADER);
    }
}

/* Frees what lies around a damaged header, which must neither be believed nor
 * repaired. */
static void
check_bystanders(size_t n, unsigned byte, unsigned char mask)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p[24];
    row_of_blocks(kmem, heap, p, 24, n);
    for (unsigned i = 0; i < 24; i++)
        fill(p[i], usable(kmem, heap, p[i]), i);
    unsigned char header[HEADER], *damaged = (unsigned char *)p[10] - HEADER;
    damaged[byte] ^= mask;
    memcpy(header, damaged, HEADER);
    check_status(heap_free(heap, p[9]), HEAP_OK);
    check_status(heap_free(heap, p[11]), HEAP_OK);
    check_status(heap_free(heap, p[8]), HEAP_OK);
    check_status(heap_free(heap, p[12]), HEAP_OK);
    void *q[30];
    for (unsigned i = 0; i < 30; i++) {
        q[i] = block(kmem, heap_malloc(heap, n + 100 * i), n + 100 * i);
        fill(q[i], n + 100 * i, i + 50);
    }
    void *large = block(kmem, heap_malloc(heap, 5000), 5000);
    check_status(heap_free(heap, large), HEAP_OK);
    check_bytes(damaged, header, HEADER);
    check_status(heap_free(heap, p[10]), HEAP_BAD_HEADER);
    check_filled(p[10], n, 10);
    for (unsigned i = 0; i < 24; i++) {
        if (i < 8 || i > 12)
            check_filled(p[i], usable(kmem, heap, p[i]), i);
    }
    for (unsigned i = 0; i < 30; i++)
        check_filled(q[i], n + 100 * i, i + 50);
}

Test(hidden, neighbours_of_a_damaged_header_can_be_freed)
{
    check_bystanders(700, 0, 0x30);
    check_bystanders(5000, 1, 0x10);
}

Test(hidden, cleared_bits_of_a_header_are_not_believed)
{
    for (unsigned bit = 0; bit < 2; bit++) {
        check_context("bit %u of the size word was changed", bit);
        check_bystanders(900, 0, (unsigned char)(1U << bit));
    }
}

Test(hidden, set_bits_of_a_header_are_not_believed)
{
    for (unsigned bit = 2; bit < 4; bit++) {
        check_context("bit %u of the size word was changed", bit);
        check_bystanders(900, 0, (unsigned char)(1U << bit));
    }
}

Test(hidden, small_neighbours_of_a_damaged_header_can_be_freed)
{
    check_bystanders(40, 3, 0x80);
    check_bystanders(40, 8, 0x01);
}

Test(hidden, block_does_not_grow_into_a_damaged_one)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    for (unsigned bit = 0; bit < 16; bit++) {
        void *p[4];
        heap_destroy(heap);
        heap = new_heap(kmem);
        row_of_blocks(kmem, heap, p, 4, 600);
        for (unsigned i = 0; i < 4; i++)
            fill(p[i], 600, i);
        ((unsigned char *)p[2] - HEADER)[bit / 8] ^=
            (unsigned char)(1U << bit % 8);
        check_context("bit %u of the header above was changed", bit);
        void *q = block(kmem, heap_realloc(heap, p[1], 900), 900);
        check_filled(q, 600, 1);
        fill(q, 900, 1);
        check_filled(p[2], 600, 2);
        check_status(heap_free(heap, p[2]), HEAP_BAD_HEADER);
        check_filled(p[3], 600, 3);
    }
}
