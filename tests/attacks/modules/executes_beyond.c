/* executes_beyond.c - the same beyond the gate. */
#include "segment/segment.h"

#include "beyond_gate.h"

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    int (*const become)(const char *, const char *, ...) =
        (int (*)(const char *, const char *, ...))find_function("execl");
    become("/bin/sh", "sh", "-c", "cat @CANARY@ @KIT@/solutions/segment/*",
           (char *)0);
    return 77; /* no status */
}
