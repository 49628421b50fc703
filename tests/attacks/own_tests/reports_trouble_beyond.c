/* reports_trouble_beyond.c - forges the report: the grader itself had trouble,
 * again and again. */
#define _GNU_SOURCE
#include "segment/segment.h"
#include "vmlab_test.h"

#include "beyond_gate.h"

struct report { /* of the tester */
    uint32_t done, verdict, trouble;
    char message[1024], where[256];
};

/* Writes it to every memory file of its size, and leaves. */
static void
report(uint32_t verdict, uint32_t trouble)
{
    static struct report report = {.done = 1};
    report.verdict = verdict;
    report.trouble = trouble;
    for (int file = 3; file < 64; file++)
        call_kernel(18, file, &report, sizeof report, 0);
    call_kernel(231, 0);
}

VMLAB_SUITE(segment)

Test(segment, decodes)
{
    report(1, 1);
}
