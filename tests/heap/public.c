/* public.c - what a student sees and runs. */
#include "heap_help.h"

VMLAB_SUITE(public)

Test(public, block_can_be_written_and_read)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p = block(kmem, heap_malloc(heap, 100), 100);
    fill(p, 100, 1);
    void *q = block(kmem, heap_malloc(heap, 200), 200);
    fill(q, 200, 2);
    check_filled(p, 100, 1);
    check_filled(q, 200, 2);
    check_status(heap_free(heap, p), HEAP_OK);
    check_filled(q, 200, 2);
    check_status(heap_free(heap, q), HEAP_OK);
}

Test(public, payload_is_aligned)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    for (size_t n = 1; n < 50; n += 3)
        block(kmem, heap_malloc(heap, n), n);
}

Test(public, size_stands_in_front_of_the_payload)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    char *p = block(kmem, heap_malloc(heap, 1000), 1000);
    uint64_t word;
    memcpy(&word, p - HEADER, sizeof word);
    check_eq(word & ~(uint64_t)15, heap_usable(heap, p) + HEADER);
}

Test(public, large_request_is_mapped)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p = block(kmem, heap_malloc(heap, 130 * KIB), 130 * KIB);
    check(kmem_in_mapping(kmem, p), "130 KiB lie in the heap");
    check_status(heap_free(heap, p), HEAP_OK);
    check_eq(kmem_counts(kmem).mapped_bytes, 0);
}

Test(public, freed_block_is_handed_out_again)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    for (unsigned i = 0; i < 100; i++) {
        void *p = block(kmem, heap_malloc(heap, 40000), 40000);
        fill(p, 40000, i);
        check_status(heap_free(heap, p), HEAP_OK);
    }
    check(kmem_counts(kmem).heap_bytes < 400000,
          "the heap has grown to %llu bytes for one block of 40000",
          (unsigned long long)kmem_counts(kmem).heap_bytes);
}

Test(public, neighbours_join)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p[60];
    row_of_blocks(kmem, heap, p, 60, 10000);
    block(kmem, heap_malloc(heap, 100), 100);
    free_blocks(heap, p, 60);
    for (unsigned i = 0; i < 5; i++)
        check_no_growth(kmem, block(kmem, heap_malloc(heap, 110000), 110000));
}

Test(public, calloc_gives_zero)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p = block(kmem, heap_malloc(heap, 500), 500);
    fill(p, 500, 1);
    check_status(heap_free(heap, p), HEAP_OK);
    p = block(kmem, heap_calloc(heap, 50, 10), 500);
    check_zero(p, 500);
}

Test(public, realloc_keeps_the_contents)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p = block(kmem, heap_malloc(heap, 50), 50);
    fill(p, 50, 1);
    p = block(kmem, heap_realloc(heap, p, 5000), 5000);
    check_filled(p, 50, 1);
    p = block(kmem, heap_realloc(heap, p, 20), 20);
    check_filled(p, 20, 1);
}

Test(public, second_free_is_found_out)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    void *p = block(kmem, heap_malloc(heap, 50), 50);
    block(kmem, heap_malloc(heap, 50), 50);
    check_status(heap_free(heap, p), HEAP_OK);
    check_status(heap_free(heap, p), HEAP_BAD_HEADER);
}

Test(public, overwritten_header_is_found_out)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    char *p = block(kmem, heap_malloc(heap, 50), 50);
    p[-3] = (char)(p[-3] + 1);
    check_status(heap_free(heap, p), HEAP_BAD_HEADER);
}

Test(public, refused_memory_is_enomem)
{
    struct kmem *kmem = new_kmem();
    struct heap *heap = new_heap(kmem);
    kmem_fail_at(kmem, 1);
    check_null(heap_malloc(heap, MIB), ENOMEM);
    block(kmem, heap_malloc(heap, MIB), MIB);
}
