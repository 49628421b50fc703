/* rubric_test.c - rubrics: what they hold, and what is said when one is
 * wrong. */
#include "rubric.h"
#include "files.h"
#include "sample.h"

static struct catalogue *course;

static void
begin(void)
{
    struct strings errors = no_errors();
    make_directory();
    course = catalogue_read(SAMPLE "catalogue.yaml", &errors);
    cr_assert_not_null(course);
}

static void
end(void)
{
    catalogue_free(course);
    remove_directory();
}

TestSuite(rubric, .init = begin, .fini = end);

static void
expect_refusal(const char *old, const char *new, const char *message)
{
    char *sample = read_text(SAMPLE "rubric.yaml");
    char *wrong = replaced(sample, old, new);
    const char *path = write_text("rubric.yaml", wrong);
    struct strings errors = no_errors();
    cr_expect_null(rubric_read(path, course, &course->stages[0], &errors));
    expect_error(&errors, "rubric.yaml", message);
    free(sample);
    free(wrong);
}

Test(rubric, holds_what_the_file_says)
{
    struct strings errors = no_errors();
    struct rubric *rubric =
        rubric_read(SAMPLE "rubric.yaml", course, &course->stages[0], &errors);
    cr_assert_not_null(rubric);
    cr_expect_str_eq(rubric->stage, "segment");
    cr_assert_eq(rubric->group_count, 3);
    cr_expect_str_eq(rubric->groups[1].handout, "The limit");
    cr_assert_eq(rubric->test_count, SAMPLE_TESTS);

    const struct rubric_test *test = &rubric->tests[WRAPS];
    cr_expect_eq(rubric_find(rubric, "an_access_that_wraps_is_refused"), test);
    cr_expect_eq(test->suite, SUITE_HIDDEN);
    cr_expect_eq(test->part, PART_MUST);
    cr_expect_eq(test->points, 10);
    cr_expect_eq(test->in, &rubric->groups[1]);
    cr_expect_str_eq(test->title, "An access that wraps at 4 GiB is refused");
    cr_expect_str_eq(test->clause,
                     "segment.h, seg_translate: an access that wraps faults");
    cr_expect_str_eq(test->why, "guards against sums in 32 bits");
    cr_expect_eq(test->line, 41);
    cr_expect(rubric_counts(test));
    cr_expect_null(rubric->tests[LAST_BYTE].why);
    cr_expect_not(rubric_counts(&rubric->tests[FLAT_SEGMENT]));
    cr_expect_not(rubric_counts(&rubric->tests[WORST_FIT]));
    cr_expect_null(rubric_find(rubric, "no_such_test"));
    rubric_free(rubric);
}

Test(rubric, unknown_and_missing_keys_are_refused)
{
    expect_refusal("    why: ", "    reason: ",
                   ":48: unknown key \"reason\"; known here are id, suite, "
                   "group, part, points, title, clause, why");
    expect_refusal("    handout: Holes\n", "",
                   ":9: \"handout\" is missing here; add it");
}

Test(rubric, cost_has_points_and_an_order)
{
    expect_refusal("tests:\n",
                   "cost:\n  traces: [a]\n"
                   "  space: {points: 1, full: 2, none: 2}\n"
                   "  instructions: {points: 1, full: 1, none: 2}\n"
                   "tests:\n",
                   ":12: the cost of space needs points above 0, a \"full\" of "
                   "1 or more, and a \"none\" above it");
}

Test(rubric, suite_and_part_are_one_of_two)
{
    expect_refusal("suite: public", "suite: secret",
                   ":14: \"suite\" is \"secret\"; write public or hidden");
    expect_refusal("part: bonus", "part: extra",
                   ":52: \"part\" is \"extra\"; write must or bonus");
}

Test(rubric, tests_are_unique)
{
    expect_refusal("id: last_byte_of_a_segment_is_inside",
                   "id: a_flat_segment_is_read",
                   ":34: test \"a_flat_segment_is_read\" stands already in "
                   "line 13; names are unique within a stage");
}

Test(rubric, tests_are_named_like_functions)
{
    expect_refusal("id: last_byte_of_a_segment_is_inside", "id: Last byte",
                   ":34: \"Last byte\" cannot name a test; use a-z, 0-9 and _, "
                   "a letter first");
}

Test(rubric, groups_are_known_unique_and_not_empty)
{
    expect_refusal("group: place", "group: decode",
                   ":9: group \"place\" has no test; remove it or put one in");
    expect_refusal("  - id: place\n",
                   "  - id: place\n    title: a\n    handout: b\n"
                   "  - id: place\n",
                   ":12: group \"place\" stands already in line 9; rename or "
                   "remove one of them");
}

Test(rubric, groups_of_tests_are_among_the_groups)
{
    expect_refusal("    group: decode", "    group: decoding",
                   ":15: group \"decoding\" is not among the groups; add it "
                   "there or correct its name");
}

Test(rubric, only_hidden_tests_carry_points)
{
    expect_refusal("points: 0", "points: 1",
                   ":17: public tests carry no points; write 0, or make it "
                   "hidden");
    expect_refusal("points: 5", "points: 0",
                   ":53: a hidden test without points changes no score; give "
                   "it some, or make it public");
}

Test(rubric, points_are_numbers)
{
    expect_refusal("points: 5", "points: five",
                   ":53: \"points\" is \"five\"; give a number that is not "
                   "negative");
}

Test(rubric, points_of_the_must_part_sum_to_the_catalogues)
{
    expect_refusal("points: 10", "points: 12.5",
                   ":12: the hidden tests of the must part have 62.5 points; "
                   "change them so that they sum to 60, as in the catalogue");
}

Test(rubric, a_public_test_needs_no_reason)
{
    expect_refusal("    points: 0\n", "    points: 0\n    why: nice\n",
                   ":18: \"why\" is for hidden tests that no bug fails; remove "
                   "it from a public one");
}

Test(rubric, belongs_to_its_stage)
{
    expect_refusal("stage: segment", "stage: heap",
                   ":1: this is the rubric of stage segment, but says "
                   "\"heap\"; correct the name or move the file");
}

Test(rubric, loading_a_wrong_one_ends_the_program, .exit_code = 78)
{
    remove_directory(); /* nothing runs behind the exit */
    rubric_load(path_of("none.yaml"), course, &course->stages[0]);
}
