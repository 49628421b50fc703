/* bank_test.c - the bug bank: what it holds, and what is said when a bug is
 * wrong. */
#include <sys/stat.h>

#include "bank.h"
#include "files.h"
#include "sample.h"

static struct catalogue *course;
static struct rubric *rubric;

static void
begin(void)
{
    struct strings errors = no_errors();
    make_directory();
    course = catalogue_read(SAMPLE "catalogue.yaml", &errors);
    cr_assert_not_null(course);
    rubric =
        rubric_read(SAMPLE "rubric.yaml", course, &course->stages[0], &errors);
    cr_assert_not_null(rubric);
    cr_assert_eq(mkdir(path_of("bugs"), 0700), 0);
}

static void
end(void)
{
    rubric_free(rubric);
    catalogue_free(course);
    remove_directory();
}

TestSuite(bank, .init = begin, .fini = end);

#define GOOD SAMPLE "bugs/granularity_ignored.patch"

/* A bank of the one bug GOOD, with `old` replaced by `new`, is refused. */
static void
expect_refusal(const char *old, const char *new, const char *message)
{
    char *sample = read_text(GOOD);
    char *wrong = replaced(sample, old, new);
    write_text("bugs/a.patch", wrong);
    struct strings errors = no_errors();
    cr_expect_null(bank_read(path_of("bugs"), rubric, &errors));
    expect_error(&errors, "bugs/a.patch", message);
    free(sample);
    free(wrong);
}

Test(bank, holds_what_the_files_say)
{
    struct strings errors = no_errors();
    struct bank *bank = bank_read(SAMPLE "bugs", rubric, &errors);
    cr_assert_not_null(bank);
    cr_assert_eq(bank->bug_count, 5);

    const struct bug *bug = &bank->bugs[1];
    cr_expect_str_eq(bug->name, "granularity_ignored");
    cr_expect_str_eq(bug->title, "G is ignored");
    cr_expect_str_eq(bug->misconception,
                     "You read the limit in bytes even when the descriptor "
                     "counts it in pages.");
    cr_expect_str_eq(bug->clause,
                     "segment.h, seg_decode: with G the limit is in units of "
                     "4 KiB");
    cr_expect_str_eq(bug->handout, "segment.md, What a descriptor holds");
    cr_expect_str_eq(bug->patch, GOOD);
    cr_expect_eq(bug->part, PART_MUST);
    cr_assert_eq(bug->fail_count, 2);
    cr_expect_eq(bug->fails[0], &rubric->tests[PAGES]);
    cr_expect_eq(bug->fails[1], &rubric->tests[LAST_BYTE]);
    cr_expect_eq(bank->bugs[4].part, PART_BONUS);
    bank_free(bank);
}

Test(bank, is_sorted_by_name)
{
    struct strings errors = no_errors();
    struct bank *bank = bank_read(SAMPLE "bugs", rubric, &errors);
    cr_assert_not_null(bank);
    for (size_t i = 1; i < bank->bug_count; i++) {
        cr_expect_lt(strcmp(bank->bugs[i - 1].name, bank->bugs[i].name), 0);
    }
    bank_free(bank);
}

Test(bank, headings_are_known)
{
    expect_refusal("Clause:", "Link: here\nClause:",
                   ":3: unknown heading \"Link\"; known are Title, "
                   "Misconception, Clause, Handout, Part and Fails");
}

Test(bank, headings_come_once)
{
    expect_refusal("Clause:", "Title: again\nClause:",
                   ":3: \"Title\" stands already in line 1; keep one of them");
}

Test(bank, headings_are_complete)
{
    expect_refusal("Handout: segment.md, What a descriptor holds\n", "",
                   ":1: \"Handout\" is missing in the heading; add it");
    expect_refusal("Title: G is ignored",
                   "Title:", ":1: \"Title\" is empty; give it a text");
}

Test(bank, headings_are_not_folded)
{
    expect_refusal("in bytes even when", "in bytes\n  even when",
                   ":3: \"  even when the descriptor counts it in pages.\" is "
                   "not a heading; write \"Key: text\" in one line, and --- "
                   "alone below the last one");
}

Test(bank, the_heading_ends_before_the_diff)
{
    expect_refusal("---\n--- a", "--- a",
                   ":7: the diff starts here; put --- alone in the line above");
    expect_refusal("---\n--- a/segment.c\n+++ b/segment.c\n@@ -1,1 +1,1 @@\n"
                   "-right\n+wrong\n",
                   "",
                   ":7: the heading has no end; put --- alone below it, then "
                   "the diff");
}

Test(bank, the_diff_is_one_of_the_reference)
{
    expect_refusal("--- a/segment.c", "--- a/heap.c",
                   ":8: no unified diff of the reference starts here; its "
                   "first line is \"--- a/segment.c\"");
}

Test(bank, the_part_is_one_of_two)
{
    expect_refusal("Part: must", "Part: both",
                   ":5: \"Part\" is \"both\"; write must or bonus");
}

Test(bank, failing_tests_are_in_the_rubric)
{
    char *message = text_format(
        ":6: \"Fails\" names \"nothing\", which is not in %s; run `make kills "
        "STAGE=segment` and copy its list",
        SAMPLE "rubric.yaml");
    expect_refusal("Fails: limit_counts_pages_when_granular", "Fails: nothing",
                   message);
    free(message);
}

Test(bank, failing_tests_are_hidden)
{
    expect_refusal("Fails: limit_counts_pages_when_granular",
                   "Fails: a_flat_segment_is_read",
                   ":6: \"Fails\" names \"a_flat_segment_is_read\", which is "
                   "public; name hidden tests only");
}

Test(bank, failing_tests_stand_in_the_rubrics_order)
{
    expect_refusal("last_byte_of_a_segment_is_inside",
                   "base_is_joined_from_three_pieces",
                   ":6: \"Fails\" names \"base_is_joined_from_three_pieces\" "
                   "too late; keep the order of the rubric");
    expect_refusal("last_byte_of_a_segment_is_inside",
                   "limit_counts_pages_when_granular",
                   ":6: \"Fails\" names \"limit_counts_pages_when_granular\" "
                   "twice");
}

Test(bank, a_bug_of_the_must_part_fails_a_test_of_it)
{
    expect_refusal("Fails: limit_counts_pages_when_granular "
                   "last_byte_of_a_segment_is_inside",
                   "Fails: worst_fit_takes_the_largest_hole",
                   ":6: a bug of the must part fails at least one test of that "
                   "part; add a test or write \"Part: bonus\"");
}

Test(bank, files_are_named_like_functions)
{
    char *sample = read_text(GOOD);
    write_text("bugs/Not a name.patch", sample);
    struct strings errors = no_errors();
    cr_expect_null(bank_read(path_of("bugs"), rubric, &errors));
    expect_error(&errors, "bugs/Not a name.patch",
                 ":1: \"Not a name\" cannot name a bug; use a-z, 0-9 and _, a "
                 "letter first");
    free(sample);
}

Test(bank, other_files_have_no_place_in_it)
{
    char *sample = read_text(GOOD);
    write_text("bugs/a.patch", sample);
    write_text("bugs/a.patch.orig", sample);
    write_text("bugs/.hidden", sample);
    struct strings errors = no_errors();
    cr_expect_null(bank_read(path_of("bugs"), rubric, &errors));
    expect_error(&errors, "bugs/a.patch.orig",
                 ": is no .patch; move it elsewhere");
    free(sample);
}

Test(bank, an_empty_one_is_refused)
{
    struct strings errors = no_errors();
    cr_expect_null(bank_read(path_of("bugs"), rubric, &errors));
    expect_error(&errors, "bugs",
                 ": no bug of the must part, so own tests could earn nothing; "
                 "add one");
    cr_expect_null(bank_read(path_of("none"), rubric, &errors));
    expect_error(&errors, "none",
                 ": cannot be read: No such file or directory");
}

Test(bank, fits_the_rubric)
{
    struct strings errors = no_errors();
    struct bank *bank = bank_read(SAMPLE "bugs", rubric, &errors);
    cr_assert_not_null(bank);
    bank_check_rubric(bank, rubric, &errors);
    cr_expect_eq(errors.count, 0);
    bank_free(bank);
}

Test(bank, every_hidden_test_has_a_bug_or_a_reason)
{
    char *sample = read_text(GOOD);
    write_text("bugs/granularity_ignored.patch", sample);
    struct strings errors = no_errors();
    struct bank *bank = bank_read(path_of("bugs"), rubric, &errors);
    cr_assert_not_null(bank);
    bank_check_rubric(bank, rubric, &errors);
    cr_assert_eq(errors.count, 2);
    cr_expect_str_eq(errors.item[0],
                     SAMPLE "rubric.yaml:20: no bug fails "
                            "base_is_joined_from_three_pieces; add a bug, or "
                            "say in \"why\" what the test guards against");
    bank_free(bank);
    strings_free(&errors);

    rubric->tests[PAGES].why = rubric->tests[WRAPS].why;
    bank = bank_read(SAMPLE "bugs", rubric, &errors);
    bank_check_rubric(bank, rubric, &errors);
    rubric->tests[PAGES].why = NULL;
    cr_assert_eq(errors.count, 1);
    cr_expect_str_eq(errors.item[0],
                     SAMPLE "rubric.yaml:27: limit_counts_pages_when_granular "
                            "says why it is there although no bug fails it, "
                            "but granularity_ignored does; remove \"why\"");
    bank_free(bank);
    strings_free(&errors);
    free(sample);
}

Test(bank, loading_a_wrong_one_ends_the_program, .exit_code = 78)
{
    remove_directory(); /* nothing runs behind the exit */
    bank_load(path_of("none"), rubric);
}
