/* score_test.c - points, from the worst to the best submission. */
#include "score.h"
#include "files.h"
#include "sample.h"

static struct sample sample;

static void
begin(void)
{
    sample = make_sample();
}

static void
end(void)
{
    free_sample(&sample);
}

TestSuite(score, .init = begin, .fini = end);

/* Everything right: every test clean, every bug caught, full coverage. */
static void
make_perfect(void)
{
    struct stage_result *stage = sample.segment;
    for (size_t i = 0; i < stage->test_count; i++) {
        stage->tests[i].verdict = VERDICT_PASSED;
        stage->tests[i].memory_checked = stage->tests[i].memory_clean = true;
    }
    for (size_t i = 0; i < stage->bug_count; i++) {
        stage->bugs[i].caught = true;
    }
}

/* With a cost in the rubric; points of the bonus are then 10. */
static const struct cost_rules cost_rules = {
    .space = {.points = 1, .full = 1.5, .none = 2.5},
    .instructions = {.points = 3, .full = 1.5, .none = 2.5},
};

static struct points
bonus_with_cost(uint64_t footprint, uint64_t instructions)
{
    struct stage_result *const stage = sample.segment;
    stage->cost = (struct cost_result){
        .asked = true,
        .own = {1, footprint, instructions},
        .reference = {1, 100, 1000},
    };
    sample.rubric->cost = (struct cost_rules *)&cost_rules;
    judge_sample(&sample);
    sample.rubric->cost = NULL; /* it is not the rubric's to free */
    return stage->score.bonus;
}

#define SCORE(field) (sample.segment->score.field)

Test(score, of_the_sample_is_as_worked_out_by_hand)
{
    cr_expect_eq(SCORE(tests.got), 60 * (40.0 / 60)); /* 20 + 10 + 10       */
    cr_expect_eq(SCORE(memory.got), 10 * (2.0 / 4));  /* one is not clean   */
    cr_expect_eq(SCORE(bugs.got), 20 * (2.0 / 4));
    cr_expect_eq(SCORE(coverage.got), 10 * (3.0 / 4)); /* full, x passed    */
    cr_expect_eq(SCORE(must.got), 40 + 5 + 10 + 7.5);
    cr_expect_eq(SCORE(must.of), 100);
    cr_expect_eq(SCORE(bonus.got), 0);
    cr_expect_eq(SCORE(bonus.of), 6); /* a test of 5 points and a bug */
}

Test(score, of_a_perfect_stage_is_exactly_full)
{
    make_perfect();
    judge_sample(&sample);
    cr_expect_eq(SCORE(must.got), 100.0);
    cr_expect_eq(SCORE(bonus.got), 6.0);
}

Test(score, of_a_perfect_stage_is_exactly_full_with_uneven_points)
{
    make_perfect();
    sample.rubric->tests[THREE_PIECES].points = 0.1;
    sample.rubric->tests[PAGES].points = 0.2;
    sample.rubric->tests[LAST_BYTE].points = 59.4;
    sample.rubric->tests[WRAPS].points = 0.3;
    judge_sample(&sample);
    cr_expect_eq(SCORE(must.got), 100.0);
}

Test(score, of_an_untouched_skeleton_is_exactly_0)
{
    struct stage_result *stage = sample.segment;
    for (size_t i = 0; i < stage->test_count; i++) {
        stage->tests[i].verdict = VERDICT_NOT_IMPLEMENTED;
        stage->tests[i].memory_checked = stage->tests[i].memory_clean = false;
    }
    for (size_t i = 0; i < stage->bug_count; i++) {
        stage->bugs[i].caught = false;
    }
    judge_sample(&sample); /* its coverage is full */
    cr_expect_eq(SCORE(must.got), 0.0);
    cr_expect_eq(SCORE(must.of), 100);
    cr_expect(score_exists(&sample.segment->score));
}

Test(score, public_tests_never_count)
{
    const struct stage_score before = sample.segment->score;
    sample.segment->tests[FLAT_SEGMENT].verdict = VERDICT_FAILED;
    sample.segment->tests[FLAT_SEGMENT].memory_clean = false;
    judge_sample(&sample);
    cr_expect_eq(memcmp(&before, &sample.segment->score, sizeof before), 0);
}

Test(score, cost_of_the_reference_is_exactly_full)
{
    make_perfect();
    const struct points bonus = bonus_with_cost(100, 1000);
    cr_expect_eq(bonus.got, 10.0);
    cr_expect_eq(bonus.of, 10.0);
    cr_expect_eq(SCORE(must.of), 100.0);
}

Test(score, cost_is_shared_by_figure)
{
    make_perfect();
    cr_expect_eq(bonus_with_cost(200, 1000).got, 6 + 0.5 + 3);
    cr_expect_eq(SCORE(space.got), 0.5);
    cr_expect_eq(bonus_with_cost(100, 2000).got, 6 + 1 + 1.5);
    cr_expect_eq(SCORE(instructions.got), 1.5);
    /* Too many to count, and nothing at all. */
    cr_expect_eq(bonus_with_cost(100, 0).got, 6 + 1);
    cr_expect_eq(bonus_with_cost(0, 0).got, 6);
}

Test(score, cost_counts_for_what_is_right)
{
    /* 3 of 4 tests of the must part pass. */
    cr_expect_eq(bonus_with_cost(100, 1000).got, 4 * (3.0 / 4));
    for (size_t i = 0; i < sample.segment->test_count; i++) {
        sample.segment->tests[i].verdict = VERDICT_FAILED;
    }
    cr_expect_eq(bonus_with_cost(100, 1000).got, 0);
}

Test(score, bonus_never_counts_in_the_must_part)
{
    const double before = SCORE(must.got);
    sample.segment->tests[WORST_FIT].verdict = VERDICT_PASSED;
    sample.segment->tests[WORST_FIT].memory_checked = true;
    sample.segment->tests[WORST_FIT].memory_clean = true;
    sample.segment->bugs[4].caught = true; /* worst_fit_takes_the_first */
    judge_sample(&sample);
    cr_expect_eq(SCORE(must.got), before);
    cr_expect_eq(SCORE(bonus.got), 6);
}

Test(score, a_missing_record_raises_nothing)
{
    sample.segment->test_count = WRAPS; /* without the last two */
    sample.segment->bug_count = 2;      /* both caught          */
    judge_sample(&sample);
    cr_expect_eq(SCORE(tests.got), 60 * (30.0 / 60));
    cr_expect_eq(SCORE(memory.got), 10 * (1.0 / 4));
    cr_expect_eq(SCORE(bugs.got), 20 * (2.0 / 4));
    sample.segment->test_count = SAMPLE_TESTS; /* to be freed */
    sample.segment->bug_count = 5;
}

Test(score, memory_needs_a_check_and_a_clean_one)
{
    sample.segment->tests[WRAPS].memory_checked = false;
    judge_sample(&sample);
    cr_expect_eq(SCORE(memory.got), 10 * (1.0 / 4));
}

Test(score, a_failed_test_is_not_clean_whatever_memcheck_says)
{
    sample.segment->tests[LAST_BYTE].memory_checked = true;
    sample.segment->tests[LAST_BYTE].memory_clean = true;
    judge_sample(&sample);
    cr_expect_eq(SCORE(memory.got), 10 * (2.0 / 4));
}

Test(score, an_ungraded_stage_has_none)
{
    sample.segment->status = STAGE_UNGRADED;
    judge_sample(&sample);
    cr_expect_not(score_exists(&sample.segment->score));
    cr_expect_eq(SCORE(must.got), 0);
    cr_expect_eq(score_course(sample.result).of, 0);
}

Test(score, a_hidden_test_without_a_verdict_leaves_none)
{
    sample.segment->tests[WORST_FIT].verdict = VERDICT_NONE;
    judge_sample(&sample);
    cr_expect_not(score_exists(&sample.segment->score));
}

Test(score, what_was_not_judged_has_0_points)
{
    const enum stage_status statuses[] = {STAGE_NOT_SUBMITTED,
                                          STAGE_NOT_COMPILED, STAGE_REFUSED};
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        struct stage_result empty = {.stage = sample.segment->stage,
                                     .status = statuses[i]};
        const struct stage_score score =
            score_stage(&empty, sample.catalogue, sample.rubric, sample.bank);
        cr_expect(score_exists(&score));
        cr_expect_eq(score.must.got, 0);
        cr_expect_eq(score.must.of, 100);
        cr_expect_eq(score.bonus.of, 6);
    }
}

/* Quality of `lines` of 100 lines and `branches` of `all` branches. */
static double
quality(unsigned lines, unsigned branches, unsigned all)
{
    const struct coverage coverage = {.measured = true,
                                      .lines = 100,
                                      .lines_covered = lines,
                                      .branches = all,
                                      .branches_covered = branches};
    return score_coverage(&coverage, &sample.catalogue->score);
}

Test(score, coverage_is_full_from_the_catalogues_marks_on)
{
    cr_expect_eq(quality(100, 100, 100), 1);
    cr_expect_eq(quality(95, 85, 100), 1);
    cr_expect_lt(quality(94, 85, 100), 1);
    cr_expect_lt(quality(95, 84, 100), 1);
    cr_expect_eq(quality(0, 0, 100), 0);
    cr_expect_eq(quality(19, 0, 100), 0.5 * 0.2);
    cr_expect_eq(quality(0, 17, 100), 0.5 * 0.2);
}

Test(score, a_module_without_branches_has_covered_them)
{
    cr_expect_eq(quality(95, 0, 0), 1);
    cr_expect_eq(quality(0, 0, 0), 0.5);
}

Test(score, coverage_that_was_not_measured_is_0)
{
    sample.segment->coverage.measured = false;
    judge_sample(&sample);
    cr_expect_eq(SCORE(coverage.got), 0);
    cr_expect_eq(SCORE(coverage.of), 10);
}

Test(score, of_a_course_is_weighted)
{
    /* Weights 100 and 300; the second stage was not submitted. */
    const struct points total = score_course(sample.result);
    cr_expect_float_eq(total.got, SCORE(must.got) / 4, 1e-12);
    cr_expect_eq(total.of, 100);
}

/* Expects what people see of so many points. */
static void
expect_shown(double points, const char *text)
{
    char *shown = report_points(points);
    cr_expect_str_eq(shown, text, "%.17g is shown as %s, not %s", points, shown,
                     text);
    free(shown);
}

Test(score, only_a_full_score_looks_full)
{
    expect_shown(100, "100");
    expect_shown(99.99, "99.9");
    expect_shown(0.04, "0");
    expect_shown(59.3, "59.3"); /* a little less in binary */
    expect_shown(7.5, "7.5");
    expect_shown(60 * (1.0 / 3), "20");
}
