/* Calls of the machine. */
#include <stdint.h>

#include "machine/machine.h"

int module(struct mach *mach, uint64_t va);

int
module(struct mach *mach, uint64_t va)
{
    const uint64_t frame = frame_alloc(mach);
    if (frame == FRAME_NONE)
        return 1;
    phys_zero_frame(mach, frame);
    phys_write64(mach, frame << 12, phys_read64(mach, va) | 1);
    return frame_free(mach, frame) + mach_invalidate(mach, 0, va);
}
