/* A heap whose realloc changes a byte of the contents. */
#define heap_realloc right_realloc
#include "../../../solutions/heap/heap.c"
#undef heap_realloc

void *
heap_realloc(struct heap *heap, void *p, size_t n)
{
    unsigned char *const moved = right_realloc(heap, p, n);
    if (moved != NULL)
        moved[0] ^= 1;
    return moved;
}
