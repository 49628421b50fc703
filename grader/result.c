#include "result.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"

/* ---- Names --------------------------------------------------------------- */

const char *
stage_status_name(enum stage_status status)
{
    static const char *const names[] = {
        [STAGE_NOT_SUBMITTED] = "not submitted",
        [STAGE_NOT_COMPILED] = "does not compile",
        [STAGE_REFUSED] = "refused",
        [STAGE_GRADED] = "graded",
        [STAGE_UNGRADED] = "ungraded",
    };
    return names[status];
}

/* ---- The record ---------------------------------------------------------- */

struct result *
result_create(const char *submission, uint64_t seed)
{
    struct result *result = xcalloc(1, sizeof *result);
    result->submission = xstrdup(submission);
    result->digest = xstrdup("");
    result->seed = seed;
    return result;
}

static void
free_test(struct test_result *test)
{
    for (size_t i = 0; i < test->error_count; i++) {
        free(test->errors[i].kind);
        free(test->errors[i].what);
        free(test->errors[i].where);
        free(test->errors[i].call);
    }
    free(test->errors);
    free(test->call);
    free(test->expected);
    free(test->got);
    free(test->message);
    free(test->context);
    free(test->trace);
    free(test->output);
    free(test->where);
}

static void
free_own_tests(struct stage_result *stage)
{
    for (size_t i = 0; i < stage->own_test_count; i++) {
        free(stage->own_tests[i].name);
        free(stage->own_tests[i].message);
        free(stage->own_tests[i].rejects);
    }
    for (size_t i = 0; i < stage->bug_count; i++) {
        free(stage->bugs[i].by);
    }
    free(stage->own_tests_trouble);
    free(stage->own_tests);
    free(stage->bugs);
    free(stage->coverage.missed);
    free(stage->cost.trouble);
}

static void
free_stage(struct stage_result *stage)
{
    for (size_t i = 0; i < stage->finding_count; i++) {
        free(stage->findings[i].rule);
        free(stage->findings[i].message);
    }
    for (size_t i = 0; i < stage->test_count; i++) {
        free_test(&stage->tests[i]);
    }
    free_own_tests(stage);
    free(stage->trouble);
    free(stage->findings);
    free(stage->warnings);
    free(stage->tests);
    free(stage->diagnosis);
    free(stage->times);
}

void
result_free(struct result *result)
{
    if (result == NULL) {
        return;
    }
    for (size_t i = 0; i < result->stage_count; i++) {
        free_stage(&result->stages[i]);
    }
    for (size_t i = 0; i < result->ignored_count; i++) {
        free(result->ignored[i].name);
        free(result->ignored[i].why);
    }
    for (size_t i = 0; i < result->sandbox_count; i++) {
        free(result->sandbox[i]);
    }
    for (size_t i = 0; i < result->uncovered_count; i++) {
        free(result->uncovered[i]);
    }
    free(result->uncovered);
    free(result->submission);
    free(result->digest);
    free(result->intake_trouble);
    free(result->ignored);
    free(result->sandbox);
    free(result->stages);
    free(result);
}

bool
result_has_trouble(const struct result *result)
{
    for (size_t i = 0; i < result->stage_count; i++) {
        if (result->stages[i].status == STAGE_UNGRADED) {
            return true;
        }
    }
    return false;
}
