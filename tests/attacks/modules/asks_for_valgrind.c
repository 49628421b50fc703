/* asks_for_valgrind.c - behaves differently when memcheck looks. */
#include "segment/segment.h"

#include <valgrind/valgrind.h>

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    return RUNNING_ON_VALGRIND ? SEG_OK : SEG_BAD_ARGUMENT;
    return 77; /* no status */
}
