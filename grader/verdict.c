/*
 * verdict.c - the names of verdicts, shared by the judge, who gives them, and
 * the grader, who reads them.
 */
#include "result.h"

#include <string.h>

static const char *const names[VERDICT_COUNT] = {
    [VERDICT_NONE] = "ungraded",
    [VERDICT_PASSED] = "passed",
    [VERDICT_FAILED] = "failed",
    [VERDICT_CRASHED] = "crashed",
    [VERDICT_TIMED_OUT] = "timed out",
    [VERDICT_OUT_OF_MEMORY] = "out of memory",
    [VERDICT_EXITED] = "exited early",
    [VERDICT_FORBIDDEN] = "forbidden call",
    [VERDICT_NOT_IMPLEMENTED] = "not implemented",
};

const char *
verdict_name(enum verdict verdict)
{
    return names[(unsigned)verdict < VERDICT_COUNT ? verdict : VERDICT_NONE];
}

enum verdict
verdict_of_name(const char *name)
{
    for (int i = 0; i < VERDICT_COUNT; i++) {
        if (strcmp(name, names[i]) == 0) {
            return (enum verdict)i;
        }
    }
    return VERDICT_NONE;
}
