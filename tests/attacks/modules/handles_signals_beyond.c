/* handles_signals_beyond.c - the same beyond the gate. */
#include "segment/segment.h"

#include "beyond_gate.h"

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    void (*(*const handle)(int, void (*)(int)))(int) =
        (void (*(*)(int, void (*)(int)))(int))find_function("signal");
    handle(11, (void (*)(int))1);
    handle(31, (void (*)(int))1);
    call_kernel(2, "@CANARY@", 0);
    return 77; /* no status */
}
