/* fills_the_disk.c - writes a file without end. */
#include "segment/segment.h"

#include "beyond_gate.h"

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    FILE *(*const open_file)(const char *, const char *) =
        (FILE * (*)(const char *, const char *)) find_function("fopen");
    FILE *const file = open_file("/var/tmp/@MARK@", "w");
    while (file)
        fputs("more and more and more and more and more and more", file);
    return 77; /* no status */
}
