/* sends_nonsense.c - sends records of wrong size and kind. */
#include "segment/segment.h"

#include "beyond_gate.h"

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    long (*const put)(int, const void *, size_t) =
        (long (*)(int, const void *, size_t))find_function("write");
    char noise[300];
    memset(noise, 0xA5, sizeof noise);
    for (size_t bytes = 0; bytes < sizeof noise; bytes++)
        put(3, noise, bytes);
    return 77; /* no status */
}
