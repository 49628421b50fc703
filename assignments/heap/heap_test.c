/*
 * heap_test.c - your own tests: they are graded, too.
 *
 * They run on your module, on several right ones and on many wrong ones.  A
 * test counts when every right module passes it; a wrong module is caught when
 * such a test fails on it.  So test what heap.h says, and nothing that it
 * leaves open: where a block lies, for instance.
 */
#include "heap/heap.h"
#include "vmlab_test.h"

#include <string.h>

VMLAB_SUITE(heap)

/* A worked example: what is written into a block is in it afterwards.
 * check_memory comes before the first byte is touched: it fails the test when
 * what the module returned is no memory that the kernel has handed out.
 *
 * It is right, but every module that comes close passes it.  What would show
 * that a block which was freed is never used again?  That two free neighbours
 * were not joined?  That a request of exactly the threshold goes astray? */
Test(heap, block_keeps_what_is_written)
{
    struct kmem *kmem = test_kmem(0, 1 << 20, 1 << 20);
    struct heap *heap = heap_create(kmem);
    char *p = heap_malloc(heap, 96);
    check_memory(kmem, p, 96);
    memset(p, 1, 96);
    check_eq(p[0], 1);
    check_eq(p[95], 1);
}

/* How to go on.  kmem_counts(kmem) says what the module has asked the kernel
 * for: check_eq(kmem_counts(kmem).mappings, 1) after a large request.
 * kmem_fail_at(kmem, 1) makes the next request for memory fail.  A header is
 * damaged by writing to it: p[-1] ^= 1, and then heap_free(heap, p) must be
 * HEAP_BAD_HEADER. */
