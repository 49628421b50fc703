/* diagnose_test.c - misconceptions are named when the failures are exactly
 * those of a known bug. */
#include "diagnose.h"
#include "files.h"
#include "sample.h"

static struct sample sample;

/* All tests pass to begin with. */
static void
begin(void)
{
    sample = make_sample();
    for (unsigned i = 0; i < SAMPLE_TESTS; i++) {
        sample.segment->tests[i].verdict = VERDICT_PASSED;
    }
}

static void
end(void)
{
    free_sample(&sample);
}

TestSuite(diagnose, .init = begin, .fini = end);

static void
set_verdict(unsigned test, enum verdict verdict)
{
    sample.segment->tests[test].verdict = verdict;
}

static void
expect_bugs(const char *names)
{
    diagnose_stage(sample.segment, sample.bank);
    char *got = xstrdup("");
    for (size_t i = 0; i < sample.segment->diagnosis_count; i++) {
        char *longer = text_format("%s%s%s", got, i > 0 ? " " : "",
                                   sample.segment->diagnosis[i]->name);
        free(got);
        got = longer;
    }
    cr_expect_str_eq(got, names);
    free(got);
}

Test(diagnose, nothing_fails_nothing_is_said)
{
    expect_bugs("");
}

Test(diagnose, one_bug_has_exactly_these_failures)
{
    set_verdict(PAGES, VERDICT_FAILED);
    set_verdict(LAST_BYTE, VERDICT_FAILED);
    expect_bugs("granularity_ignored");
}

Test(diagnose, several_bugs_with_these_failures_are_all_named)
{
    set_verdict(LAST_BYTE, VERDICT_FAILED);
    expect_bugs("last_byte_not_counted limit_is_a_size");
}

Test(diagnose, every_way_of_not_passing_is_a_failure)
{
    set_verdict(PAGES, VERDICT_CRASHED);
    set_verdict(LAST_BYTE, VERDICT_TIMED_OUT);
    expect_bugs("granularity_ignored");
}

Test(diagnose, exit_or_forbidden_call_is_no_misconception)
{
    set_verdict(PAGES, VERDICT_FAILED);
    set_verdict(LAST_BYTE, VERDICT_EXITED);
    expect_bugs("");
    set_verdict(LAST_BYTE, VERDICT_FORBIDDEN);
    expect_bugs("");
}

Test(diagnose, one_failure_more_is_no_match)
{
    set_verdict(PAGES, VERDICT_FAILED);
    set_verdict(LAST_BYTE, VERDICT_FAILED);
    set_verdict(WRAPS, VERDICT_FAILED);
    expect_bugs("");
}

Test(diagnose, one_failure_less_is_no_match)
{
    set_verdict(PAGES, VERDICT_FAILED);
    expect_bugs("");
}

Test(diagnose, bonus_tests_belong_to_the_set)
{
    set_verdict(LAST_BYTE, VERDICT_FAILED);
    set_verdict(WORST_FIT, VERDICT_FAILED);
    expect_bugs("");
}

Test(diagnose, a_bonus_that_was_not_written_is_left_aside)
{
    set_verdict(WORST_FIT, VERDICT_NOT_IMPLEMENTED);
    expect_bugs("");
    set_verdict(LAST_BYTE, VERDICT_FAILED);
    expect_bugs("last_byte_not_counted limit_is_a_size");
}

Test(diagnose, a_must_part_that_was_not_written_is_not)
{
    set_verdict(WRAPS, VERDICT_NOT_IMPLEMENTED);
    set_verdict(LAST_BYTE, VERDICT_FAILED);
    expect_bugs("");
}

Test(diagnose, a_record_without_all_tests_does_not_match)
{
    set_verdict(PAGES, VERDICT_FAILED);
    sample.segment->test_count = LAST_BYTE; /* without what also fails */
    expect_bugs("");
    sample.segment->test_count = SAMPLE_TESTS; /* to be freed */
}

Test(diagnose, public_tests_do_not)
{
    set_verdict(FLAT_SEGMENT, VERDICT_FAILED);
    expect_bugs("");
    set_verdict(PAGES, VERDICT_FAILED);
    set_verdict(LAST_BYTE, VERDICT_FAILED);
    expect_bugs("granularity_ignored");
}

Test(diagnose, a_test_without_a_verdict_leaves_all_open)
{
    set_verdict(PAGES, VERDICT_FAILED);
    set_verdict(LAST_BYTE, VERDICT_FAILED);
    set_verdict(WRAPS, VERDICT_NONE);
    expect_bugs("");
}

Test(diagnose, only_graded_stages_are_diagnosed)
{
    set_verdict(LAST_BYTE, VERDICT_FAILED);
    sample.segment->status = STAGE_UNGRADED;
    expect_bugs("");
}

Test(diagnose, an_earlier_diagnosis_is_replaced)
{
    set_verdict(LAST_BYTE, VERDICT_FAILED);
    expect_bugs("last_byte_not_counted limit_is_a_size");
    set_verdict(LAST_BYTE, VERDICT_PASSED);
    expect_bugs("");
}
