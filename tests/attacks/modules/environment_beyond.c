/* environment_beyond.c - the same beyond the gate, and sets what Criterion
 * reads. */
#include "segment/segment.h"

#include "beyond_gate.h"

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    char **const variables = *(char ***)find_function("environ");
    int (*const set)(const char *, const char *, int) =
        (int (*)(const char *, const char *, int))find_function("setenv");
    for (char **at = variables; at && *at; at++)
        puts(*at);
    set("CRITERION_TEST_PATTERN", "nothing/*", 1);
    set("CRITERION_ALWAYS_SUCCEED", "1", 1);
    set("GCOV_PREFIX", "/tmp/@MARK@", 1);
    set("LD_PRELOAD", "/tmp/@MARK@", 1);
    return 77; /* no status */
}
