/* A heap that crashes when it is destroyed. */
#define heap_destroy right_destroy
#include "../../../solutions/heap/heap.c"
#undef heap_destroy

int
heap_destroy(struct heap *heap)
{
    *(volatile int *)heap = 0;
    heap->kmem = NULL;
    return right_destroy(heap);
}
