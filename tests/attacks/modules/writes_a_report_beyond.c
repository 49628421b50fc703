/* writes_a_report_beyond.c - the same beyond the gate. */
#include "segment/segment.h"

#include "beyond_gate.h"

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    FILE *(*const open_file)(const char *, const char *) =
        (FILE * (*)(const char *, const char *)) find_function("fopen");
    FILE *const file = open_file("/tmp/@MARK@", "w");
    if (file)
        fputs("{\"schema\": \"vmlab.result/1\", \"score\": 100}", file);
    return 77; /* no status */
}
