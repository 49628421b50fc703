#include "score.h"

#include "cost.h"

/* A share of nothing is nothing.  Divides first, so that all of it is exactly
 * 1 whatever the points are. */
static double
share(double part, double whole)
{
    return whole > 0 ? part / whole : 0;
}

static double
at_most_one(double value)
{
    return value < 1 ? value : 1;
}

/* Tests of one part: how many there are and passed, and their points. */
struct tally {
    double count, passed, clean;
    double points, passed_points;
};

static struct tally
tally_tests(const struct stage_result *stage, const struct rubric *rubric,
            enum part part)
{
    struct tally tally = {0};
    for (unsigned i = 0; i < rubric->test_count; i++) {
        const struct rubric_test *test = &rubric->tests[i];
        if (test->suite == SUITE_HIDDEN && test->part == part) {
            tally.count++;
            tally.points += test->points;
        }
    }
    for (size_t i = 0; i < stage->test_count; i++) {
        const struct test_result *test = &stage->tests[i];
        if (test->rubric->suite == SUITE_HIDDEN && test->rubric->part == part &&
            test->verdict == VERDICT_PASSED) {
            tally.passed++;
            tally.passed_points += test->rubric->points;
            tally.clean += test->memory_checked && test->memory_clean;
        }
    }
    return tally;
}

static struct points
tally_bugs(const struct stage_result *stage, const struct bank *bank,
           enum part part)
{
    struct points bugs = {0, 0};
    for (size_t i = 0; i < bank->bug_count; i++) {
        bugs.of += bank->bugs[i].part == part;
    }
    for (size_t i = 0; i < stage->bug_count; i++) {
        bugs.got += stage->bugs[i].bug->part == part && stage->bugs[i].caught;
    }
    return bugs;
}

static bool
is_graded(const struct stage_result *stage)
{
    for (size_t i = 0; i < stage->test_count; i++) {
        if (stage->tests[i].rubric->suite == SUITE_HIDDEN &&
            stage->tests[i].verdict == VERDICT_NONE) {
            return false;
        }
    }
    return stage->status != STAGE_UNGRADED;
}

double
score_coverage(const struct coverage *coverage, const struct score_rules *rules)
{
    if (!coverage->measured) {
        return 0;
    }
    const double lines = 100 * share(coverage->lines_covered, coverage->lines);
    const double branches =
        coverage->branches == 0
            ? 100
            : 100 * share(coverage->branches_covered, coverage->branches);
    return 0.5 * at_most_one(lines / rules->full_lines) +
           0.5 * at_most_one(branches / rules->full_branches);
}

/* For one figure of the cost; `passed` is the share of the must part's tests. */
static struct points
score_cost(const struct cost_rule *rule, uint64_t own, uint64_t reference,
           double passed)
{
    /* 0 stands for what could not be had. */
    const double quality = own > 0 ? cost_share(rule, own, reference) : 0;
    return (struct points){rule->points * quality * passed, rule->points};
}

struct stage_score
score_stage(const struct stage_result *stage, const struct catalogue *catalogue,
            const struct rubric *rubric, const struct bank *bank)
{
    struct stage_score score = {0};
    if (!is_graded(stage)) {
        return score;
    }
    const struct score_rules *rules = &catalogue->score;
    const struct tally must = tally_tests(stage, rubric, PART_MUST);
    const struct tally bonus = tally_tests(stage, rubric, PART_BONUS);
    const struct points bugs = tally_bugs(stage, bank, PART_MUST);
    const struct points bonus_bugs = tally_bugs(stage, bank, PART_BONUS);
    const double quality = score_coverage(&stage->coverage, rules);

    score.tests.of = rules->tests;
    score.tests.got = rules->tests * share(must.passed_points, must.points);
    score.memory.of = rules->memory;
    score.memory.got = rules->memory * share(must.clean, must.count);
    score.bugs.of = rules->bugs;
    score.bugs.got = rules->bugs * share(bugs.got, bugs.of);
    score.coverage.of = rules->coverage;
    score.coverage.got =
        rules->coverage * quality * share(must.passed, must.count);

    score.must.of =
        score.tests.of + score.memory.of + score.bugs.of + score.coverage.of;
    score.must.got = score.tests.got + score.memory.got + score.bugs.got +
                     score.coverage.got;
    score.bonus.of = bonus.points + bonus_bugs.of;
    score.bonus.got = bonus.passed_points + bonus_bugs.got;
    if (rubric->cost != NULL) {
        const struct cost_result *const cost = &stage->cost;
        const double passed = share(must.passed, must.count);
        score.space =
            score_cost(&rubric->cost->space, cost->own.footprint_bytes,
                       cost->reference.footprint_bytes, passed);
        score.instructions =
            score_cost(&rubric->cost->instructions, cost->own.instructions,
                       cost->reference.instructions, passed);
        score.bonus.of += score.space.of + score.instructions.of;
        score.bonus.got += score.space.got + score.instructions.got;
    }
    return score;
}

bool
score_exists(const struct stage_score *score)
{
    return score->must.of > 0;
}

struct points
score_course(const struct result *result)
{
    double got = 0;
    double weights = 0;
    for (size_t i = 0; i < result->stage_count; i++) {
        const struct stage_result *stage = &result->stages[i];
        if (!score_exists(&stage->score)) {
            return (struct points){0, 0};
        }
        got += stage->stage->weight *
               share(stage->score.must.got, stage->score.must.of);
        weights += stage->stage->weight;
    }
    return (struct points){100 * share(got, weights), weights > 0 ? 100 : 0};
}
