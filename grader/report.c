#include "report.h"

#include <string.h>

#include "page.h"
#include "text.h"

static const char *const visibilities[] = {
    [SHOW_NOTHING] = "nothing",
    [SHOW_TITLE] = "title",
    [SHOW_INPUTS] = "inputs",
    [SHOW_EVERYTHING] = "everything",
};

const char *
visibility_name(enum visibility visibility)
{
    return visibilities[visibility];
}

bool
visibility_of_name(const char *name, enum visibility *visibility)
{
    for (int i = SHOW_NOTHING; i <= SHOW_EVERYTHING; i++) {
        if (strcmp(visibilities[i], name) == 0) {
            *visibility = (enum visibility)i;
            return true;
        }
    }
    return false;
}

enum visibility
report_visibility(const struct report_options *options,
                  const struct test_result *test)
{
    return test->rubric->suite == SUITE_PUBLIC ? SHOW_EVERYTHING
                                               : options->hidden;
}

const struct test_result *
report_first_failure(const struct report_options *options,
                     const struct stage_result *stage)
{
    for (size_t i = 0; i < stage->test_count; i++) {
        const struct test_result *test = &stage->tests[i];
        if (test->verdict != VERDICT_PASSED && test->verdict != VERDICT_NONE &&
            report_visibility(options, test) > SHOW_NOTHING) {
            return test;
        }
    }
    return NULL;
}

struct verdict_counts
report_count(const struct stage_result *stage, const enum suite *suite)
{
    struct verdict_counts counts = {0};
    for (size_t i = 0; i < stage->test_count; i++) {
        const struct test_result *test = &stage->tests[i];
        if (suite == NULL || test->rubric->suite == *suite) {
            counts.of[test->verdict]++;
            counts.all++;
        }
    }
    return counts;
}

struct bug_counts
report_bugs(const struct stage_result *stage, enum part part)
{
    struct bug_counts counts = {0};
    for (size_t i = 0; i < stage->bug_count; i++) {
        if (stage->bugs[i].bug->part == part) {
            counts.caught += stage->bugs[i].caught;
            counts.all++;
        }
    }
    return counts;
}

char *
report_withheld(const struct report_options *options,
                const struct stage_result *stage)
{
    static const char *const sentences[] = {
        [SHOW_NOTHING] = "%zu hidden test%s also ran; they count, but nothing "
                         "of them is shown in this course.",
        [SHOW_TITLE] = "%zu hidden test%s ran; this course shows their titles "
                       "and verdicts. What they call and expect is recorded, "
                       "but not shown.",
        [SHOW_INPUTS] = "%zu hidden test%s ran; this course shows what they "
                        "call. What they expect and got is recorded, but not "
                        "shown.",
    };
    const enum suite hidden = SUITE_HIDDEN;
    const size_t count = report_count(stage, &hidden).all;
    if (count == 0 || options->hidden == SHOW_EVERYTHING) {
        return NULL;
    }
    return text_format(sentences[options->hidden], count,
                       count == 1 ? "" : "s");
}

char *
report_points(double points)
{
    /* What is short of a tenth by less than a millionth is a tenth that binary
     * fractions cannot hold. */
    const unsigned long long tenths = (unsigned long long)(points * 10 + 1e-6);
    return tenths % 10 == 0
               ? text_format("%llu", tenths / 10)
               : text_format("%llu.%llu", tenths / 10, tenths % 10);
}

struct report_options
report_for_terminal(FILE *out)
{
    return (struct report_options){
        .kit_version = VMLAB_VERSION,
        .hidden = SHOW_EVERYTHING,
        .colour = page_wants_colour(out),
        .width = page_width(out),
    };
}

char *
report_hint(const struct stage_result *stage, const struct test_result *test,
            void *context)
{
    (void)context;
    return text_format("handouts/en/%s.md, Hints, \"%s\"", stage->stage->name,
                       test->rubric->in->title);
}

bool
report_leaves_out(const struct result *result, const struct stage_result *stage)
{
    bool another = false;
    for (size_t i = 0; i < result->stage_count; i++) {
        another =
            another || result->stages[i].status != STAGE_NOT_SUBMITTED;
    }
    return another && stage->status == STAGE_NOT_SUBMITTED &&
           stage->own_test_count == 0;
}
