/* heap.c - your module.  The contract is heap.h; hints are in the handout.
 * Write the functions in the order in which they stand. */
#include "heap/heap.h"

#include <errno.h>

struct heap {
    struct kmem *kmem;
    /* TODO: what a heap has to remember; it lies in memory from kmem_brk. */
};

struct heap *
heap_create(struct kmem *kmem)
{
    /* TODO: see heap_create in heap.h */
    (void)kmem;
    errno = ENOSYS;
    return NULL;
}

int
heap_destroy(struct heap *heap)
{
    /* TODO: see heap_destroy in heap.h */
    (void)heap;
    return HEAP_NOT_IMPLEMENTED;
}

void *
heap_malloc(struct heap *heap, size_t n)
{
    /* TODO: see heap_malloc in heap.h */
    (void)heap;
    (void)n;
    errno = ENOSYS;
    return NULL;
}

int
heap_free(struct heap *heap, void *p)
{
    /* TODO: see heap_free in heap.h */
    (void)heap;
    (void)p;
    return HEAP_NOT_IMPLEMENTED;
}

void *
heap_calloc(struct heap *heap, size_t count, size_t size)
{
    /* TODO: see heap_calloc in heap.h */
    (void)heap;
    (void)count;
    (void)size;
    errno = ENOSYS;
    return NULL;
}

void *
heap_realloc(struct heap *heap, void *p, size_t n)
{
    /* TODO: see heap_realloc in heap.h */
    (void)heap;
    (void)p;
    (void)n;
    errno = ENOSYS;
    return NULL;
}

uint64_t
heap_usable(struct heap *heap, void *p)
{
    /* TODO: see heap_usable in heap.h */
    (void)heap;
    (void)p;
    return UINT64_MAX;
}

int
heap_set(struct heap *heap, enum heap_option option, uint64_t value)
{
    /* TODO: see heap_set in heap.h */
    (void)heap;
    (void)option;
    (void)value;
    return HEAP_NOT_IMPLEMENTED;
}

/* ---- BONUS ------------------------------------------------------------- */

void *
heap_aligned(struct heap *heap, size_t alignment, size_t n)
{
    /* TODO: see heap_aligned in heap.h */
    (void)heap;
    (void)alignment;
    (void)n;
    errno = ENOSYS;
    return NULL;
}

int
heap_check(struct heap *heap, struct heap_report *report)
{
    /* TODO: see heap_check in heap.h */
    (void)heap;
    (void)report;
    return HEAP_NOT_IMPLEMENTED;
}
