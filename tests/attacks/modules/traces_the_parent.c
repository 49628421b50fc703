/* traces_the_parent.c - attaches to its parent as a debugger. */
#include "segment/segment.h"

#include <sys/ptrace.h>
#include <unistd.h>

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    ptrace(16, getppid(), 0, 0);
    return 77; /* no status */
}
