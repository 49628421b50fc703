/* is_named_like_a_suppression.c - errors in a function of a name for which
 * valgrind says nothing. */
#include <stdlib.h>

#include "segment/segment.h"

int base_seg_decode(uint64_t raw, struct seg_descriptor *descriptor);

int _dl_relocate_object(const char *never_set);

__attribute__((noinline)) int
_dl_relocate_object(const char *never_set)
{
    volatile int seen = 0;
    if (never_set[1] == 5)
        seen = 7;
    return seen;
}

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    char *const block = malloc(8);
    const volatile int sum = _dl_relocate_object(block);
    (void)sum;
    free(block);
    return base_seg_decode(raw, descriptor);
}
