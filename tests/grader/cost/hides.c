/* A heap with a function named as that in which callgrind collects: going into
 * it would end the collecting. */
#define heap_malloc real_malloc
#include "../../../solutions/heap/heap.c"
#undef heap_malloc

__attribute__((noinline)) static void *
replay_serve(struct heap *heap, size_t n)
{
    return real_malloc(heap, n);
}

void *
heap_malloc(struct heap *heap, size_t n)
{
    return replay_serve(heap, n);
}
