/* calls_where_counted.c - code that the optimiser removes from the object that is
 * looked at, and not from the one whose lines are counted. */
#include <fcntl.h>
#include <unistd.h>

#include "segment/segment.h"

static void
write_counts(void)
{
    int file = open("segment.gcda", O_WRONLY);
    int known = 1;
    if (!__builtin_constant_p(known)) {
        pwrite(file, "", 1, 100);
    }
}

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    int known = 1;
    if (!__builtin_constant_p(known)) {
        write_counts();
    }
    return SEG_BAD_ARGUMENT;
}
