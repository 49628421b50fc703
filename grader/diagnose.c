#include "diagnose.h"

#include <stdbool.h>
#include <stdlib.h>

#include "text.h"

static bool
is_hidden_failure(const struct test_result *test)
{
    return test->rubric->suite == SUITE_HIDDEN &&
           test->verdict != VERDICT_PASSED;
}

/* Whether the failures are known and there are any. */
static bool
can_be_diagnosed(const struct stage_result *stage)
{
    bool any = false;
    for (size_t i = 0; i < stage->test_count; i++) {
        const struct test_result *test = &stage->tests[i];
        if (is_hidden_failure(test)) {
            if (test->verdict == VERDICT_NONE) {
                return false;
            }
            any = true;
        }
    }
    return any && stage->status == STAGE_GRADED;
}

/* Tests and failures of a bug both stand in the rubric's order, so that equal
 * sets are equal lists. */
static bool
fails_exactly(const struct bug *bug, const struct stage_result *stage)
{
    size_t seen = 0;
    for (size_t i = 0; i < stage->test_count; i++) {
        if (!is_hidden_failure(&stage->tests[i])) {
            continue;
        }
        if (seen == bug->fail_count ||
            bug->fails[seen] != stage->tests[i].rubric) {
            return false;
        }
        seen++;
    }
    return seen == bug->fail_count;
}

void
diagnose_stage(struct stage_result *stage, const struct bank *bank)
{
    free(stage->diagnosis);
    stage->diagnosis = NULL;
    stage->diagnosis_count = 0;
    if (!can_be_diagnosed(stage)) {
        return;
    }
    stage->diagnosis = xcalloc(bank->bug_count, sizeof *stage->diagnosis);
    for (size_t i = 0; i < bank->bug_count; i++) {
        if (fails_exactly(&bank->bugs[i], stage)) {
            stage->diagnosis[stage->diagnosis_count++] = &bank->bugs[i];
        }
    }
}
