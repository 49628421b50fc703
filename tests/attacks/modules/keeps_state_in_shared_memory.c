/* keeps_state_in_shared_memory.c - counts tests in shared memory of System
 * V. */
#include "segment/segment.h"

#include "beyond_gate.h"

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    const long block = call_kernel(29, 0x766D6C, 4096, 01666);
    char *const memory = (char *)call_kernel(30, block, 0, 0);
    memory[0]++;
    return 77; /* no status */
}
