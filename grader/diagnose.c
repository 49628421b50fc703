#include "diagnose.h"

#include <stdbool.h>
#include <stdlib.h>

#include "text.h"

/* A bonus that was not written says nothing about what was. */
static bool
is_left_aside(const struct test_result *test)
{
    return test->rubric->part == PART_BONUS &&
           test->verdict == VERDICT_NOT_IMPLEMENTED;
}

static bool
is_failure(const struct test_result *test)
{
    return test->rubric->suite == SUITE_HIDDEN &&
           test->verdict != VERDICT_PASSED && !is_left_aside(test);
}

/* No misconception of the bank ends a test so. */
static bool
says_nothing_of_the_rule(enum verdict verdict)
{
    return verdict == VERDICT_NONE || verdict == VERDICT_EXITED ||
           verdict == VERDICT_FORBIDDEN;
}

/* Whether there are failures, and all come from what the module computes. */
static bool
can_be_diagnosed(const struct stage_result *stage)
{
    bool any = false;
    for (size_t i = 0; i < stage->test_count; i++) {
        const struct test_result *test = &stage->tests[i];
        if (is_failure(test)) {
            if (says_nothing_of_the_rule(test->verdict)) {
                return false;
            }
            any = true;
        }
    }
    return any && stage->status == STAGE_GRADED;
}

static bool
fails_with(const struct bug *bug, const struct rubric_test *test)
{
    for (size_t i = 0; i < bug->fail_count; i++) {
        if (bug->fails[i] == test) {
            return true;
        }
    }
    return false;
}

/* Every test that is not left aside either fails in both or in none.  Each test
 * of the bug must have been met, so that a record that is short of some does
 * not match. */
static bool
fails_exactly(const struct bug *bug, const struct stage_result *stage)
{
    size_t met = 0;
    for (size_t i = 0; i < stage->test_count; i++) {
        const struct test_result *test = &stage->tests[i];
        const bool expected = fails_with(bug, test->rubric);
        met += expected;
        if (!is_left_aside(test) && expected != is_failure(test)) {
            return false;
        }
    }
    return met == bug->fail_count;
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
