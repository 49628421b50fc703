/* scribbles_over_the_arena.c - writes over everything that it shares with the
 * judge. */
#include "segment/segment.h"

#include <string.h>

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    unsigned char *const arena =
        (unsigned char *)((uintptr_t)descriptor & ~(uintptr_t)0xFFFFFF);
    memset(arena, 0xFF, 0x1000000);
    return 77; /* no status */
}
