/* reads_the_tests_beyond.c - the same beyond the gate. */
#include "segment/segment.h"

#include "beyond_gate.h"

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    (void)raw, (void)descriptor;
    FILE *(*const open_file)(const char *, const char *) =
        (FILE * (*)(const char *, const char *)) find_function("fopen");
    char *(*const read_line)(char *, int, FILE *) =
        (char *(*)(char *, int, FILE *))find_function("fgets");
    char line[200];
    FILE *const file = open_file("@CANARY@", "r");
    while (file && read_line(line, sizeof line, file))
        fputs(line, stdout);
    return 77; /* no status */
}
