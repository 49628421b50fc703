/* waits_for_the_judge.c - waits for a message that never comes, which needs no
 * call that a module is not allowed. */
#include "segment/segment.h"

#include "beyond_gate.h"

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    long (*const get)(int, void *, size_t, int) =
        (long (*)(int, void *, size_t, int))find_function("recv");
    char nothing[200];
    for (;;)
        get(3, nothing, sizeof nothing, 0);
    return 77; /* no status */
}
