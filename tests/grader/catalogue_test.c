/* catalogue_test.c - the catalogue: what it holds, and what is said when it is
 * wrong. */
#include "catalogue.h"
#include "files.h"
#include "sample.h"

TestSuite(catalogue, .init = make_directory, .fini = remove_directory);

/* The sample with `old` replaced by `new` is refused with `message`, which
 * begins with ":LINE: ". */
static void
expect_refusal(const char *old, const char *new, const char *message)
{
    char *sample = read_text(SAMPLE "catalogue.yaml");
    char *wrong = replaced(sample, old, new);
    const char *path = write_text("catalogue.yaml", wrong);
    struct strings errors = no_errors();
    cr_expect_null(catalogue_read(path, &errors));
    expect_error(&errors, "catalogue.yaml", message);
    free(sample);
    free(wrong);
}

Test(catalogue, holds_what_the_file_says)
{
    struct strings errors = no_errors();
    struct catalogue *catalogue =
        catalogue_read(SAMPLE "catalogue.yaml", &errors);
    cr_assert_not_null(catalogue);
    cr_expect_str_eq(catalogue->kit, "vmlab");
    cr_expect_eq(catalogue->seed, 20260901);
    cr_expect_eq(catalogue->score.tests, 60);
    cr_expect_eq(catalogue->score.full_branches, 85);
    cr_assert_eq(catalogue->stage_count, 2);

    const struct stage *stage = catalogue_stage(catalogue, "pagewalk");
    cr_assert_eq(stage, &catalogue->stages[1]);
    cr_expect_str_eq(stage->title, "Paging");
    cr_expect_eq(stage->weight, 300);
    cr_expect_eq(stage->cpu_ms, 2000);
    cr_expect_eq(stage->memory_mib, 256);
    cr_assert_eq(stage->builds_on_count, 1);
    cr_expect_str_eq(stage->builds_on[0], "segment");
    cr_expect_eq(stage->allow_count, 0);
    cr_assert_eq(catalogue->stages[0].allow_count, 2);
    cr_expect_str_eq(catalogue->stages[0].allow[1], "free");
    cr_expect_null(catalogue_stage(catalogue, "heap"));
    catalogue_free(catalogue);
}

Test(catalogue, of_this_kit_is_valid)
{
    struct strings errors = no_errors();
    struct catalogue *catalogue =
        catalogue_read("grader/catalogue.yaml", &errors);
    cr_assert_not_null(catalogue, "%s", errors.item[0]);
    catalogue_free(catalogue);
}

Test(catalogue, largest_seed_is_kept)
{
    char *sample = read_text(SAMPLE "catalogue.yaml");
    char *changed = replaced(sample, "20260901", "18446744073709551615");
    struct strings errors = no_errors();
    struct catalogue *catalogue =
        catalogue_read(write_text("catalogue.yaml", changed), &errors);
    cr_assert_not_null(catalogue);
    cr_expect_eq(catalogue->seed, UINT64_MAX);
    catalogue_free(catalogue);
    free(sample);
    free(changed);
}

Test(catalogue, unknown_keys_are_named_with_the_known_ones)
{
    expect_refusal("    weight: 100\n", "    wieght: 1\n    weight: 100\n",
                   ":16: unknown key \"wieght\"; known here are name, title, "
                   "builds_on, weight, cpu_ms, memory_mib, allow");
}

Test(catalogue, missing_keys_are_named_at_their_entry)
{
    expect_refusal("    title: Paging\n", "",
                   ":20: \"title\" is missing here; add it");
    expect_refusal("kit: vmlab\n", "", ":1: \"kit\" is missing here; add it");
}

Test(catalogue, doubled_keys_are_refused)
{
    expect_refusal("seed: 20260901\n", "seed: 1\nseed: 2\n",
                   ":3: \"seed\" stands here already, in line 2; keep one of "
                   "them");
}

Test(catalogue, values_of_a_wrong_type_are_refused)
{
    expect_refusal("seed: 20260901", "seed: soon",
                   ":2: \"seed\" is \"soon\"; give a whole number without a "
                   "sign, in decimal, below 2^64");
    expect_refusal("seed: 20260901", "seed: -5",
                   ":2: \"seed\" is \"-5\"; give a whole number without a "
                   "sign, in decimal, below 2^64");
    expect_refusal("seed: 20260901", "seed: 18446744073709551616",
                   ":2: \"seed\" is \"18446744073709551616\"; give a whole "
                   "number without a sign, in decimal, below 2^64");
    expect_refusal("cpu_ms: 2000", "cpu_ms: 4294967296",
                   ":17: \"cpu_ms\" is \"4294967296\"; give a whole number "
                   "without a sign, in decimal, below 2^32");
    expect_refusal("cpu_ms: 2000", "cpu_ms: 010",
                   ":17: \"cpu_ms\" is \"010\"; give a whole number without a "
                   "sign, in decimal, below 2^32");
    expect_refusal("weight: 100", "weight: 2x",
                   ":16: \"weight\" is \"2x\"; give a number that is not "
                   "negative");
    expect_refusal("weight: 100", "weight: -1",
                   ":16: \"weight\" is \"-1\"; give a number that is not "
                   "negative");
    expect_refusal("weight: 100", "weight: nan",
                   ":16: \"weight\" is \"nan\"; give a number that is not "
                   "negative");
    expect_refusal("title: Segmentation", "title: [a]",
                   ":14: \"title\" takes one value, not a list; put text with "
                   "[, { or \": \" in it between quotes");
    expect_refusal("title: Segmentation", "title: {a: b}",
                   ":14: \"title\" takes one value, not a mapping; put text "
                   "with [, { or \": \" in it between quotes");
    expect_refusal("title: Segmentation",
                   "title:", ":14: \"title\" is empty; give it a text");
    expect_refusal("title: Segmentation", "title: \"a\\0b\"",
                   ":14: \"title\" contains a NUL; take it out");
    expect_refusal("allow: [malloc, free]", "allow: malloc",
                   ":19: \"allow\" takes a list; write [a, b], or [] for none");
}

Test(catalogue, mappings_are_demanded_where_they_belong)
{
    const char *path = write_text("catalogue.yaml", "- a\n");
    struct strings errors = no_errors();
    cr_expect_null(catalogue_read(path, &errors));
    expect_error(&errors, "catalogue.yaml",
                 ":1: this must be a mapping with the keys kit, seed, score, "
                 "stages");
}

Test(catalogue, a_course_without_stages_is_refused)
{
    const char *path =
        write_text("catalogue.yaml",
                   "kit: a\nseed: 1\nscore:\n  {tests: 60, memory: 10, bugs: "
                   "20, coverage: 10, full_lines: 95, full_branches: 85}\n"
                   "stages: []\n");
    struct strings errors = no_errors();
    cr_expect_null(catalogue_read(path, &errors));
    expect_error(&errors, "catalogue.yaml",
                 ":5: \"stages\" is empty; give at least 1");
}

Test(catalogue, what_is_not_yaml_is_refused)
{
    expect_refusal("seed: 20260901", "\tseed: 20260901",
                   ":2: not YAML: while scanning a plain scalar, found a tab "
                   "character that violates indentation; check indentation, "
                   "brackets and quotes");
    expect_refusal("[malloc, free]", "[malloc, free",
                   ":20: not YAML: while parsing a flow sequence, did not find "
                   "expected ',' or ']'; check indentation, brackets and "
                   "quotes");
    expect_refusal("Segmentation", "Segment\xFF",
                   ":14: not UTF-8 text (invalid leading UTF-8 octet); save "
                   "the file as UTF-8");
}

Test(catalogue, a_file_holds_one_document)
{
    const char *empty = write_text("catalogue.yaml", "# nothing\n");
    struct strings errors = no_errors();
    cr_expect_null(catalogue_read(empty, &errors));
    expect_error(&errors, "catalogue.yaml", ":1: the file is empty");
    expect_refusal("    allow: []\n", "    allow: []\n---\nkit: b\n",
                   ":27: a second document starts here; keep one");
}

Test(catalogue, a_file_that_cannot_be_read_is_named)
{
    struct strings errors = no_errors();
    cr_expect_null(catalogue_read(path_of("none.yaml"), &errors));
    expect_error(&errors, "none.yaml",
                 ": cannot be read: No such file or directory");
}

Test(catalogue, parts_of_the_score_sum_to_100)
{
    expect_refusal("tests: 60", "tests: 65",
                   ":4: tests, memory, bugs and coverage of \"score\" sum to "
                   "105; change them so that they sum to 100");
}

Test(catalogue, full_coverage_is_a_percentage)
{
    const char *message =
        ":4: full_lines and full_branches are percentages; give numbers above "
        "0 and up to 100";
    expect_refusal("full_lines: 95", "full_lines: 0", message);
    expect_refusal("full_branches: 85", "full_branches: 101", message);
}

Test(catalogue, stages_are_unique)
{
    expect_refusal("name: pagewalk", "name: segment",
                   ":20: stage \"segment\" stands already in line 13; rename "
                   "or remove one of them");
}

Test(catalogue, stage_names_can_name_folders)
{
    expect_refusal("name: pagewalk", "name: ../etc",
                   ":20: \"../etc\" cannot name a folder and a C file; use "
                   "a-z, 0-9 and _, a letter first");
}

Test(catalogue, prerequisites_stand_before)
{
    expect_refusal("builds_on: [segment]", "builds_on: [heap]",
                   ":22: pagewalk builds on \"heap\", which is no stage; name "
                   "one of the stages above it");
    expect_refusal("builds_on: []", "builds_on: [pagewalk]",
                   ":15: segment builds on pagewalk, which does not come "
                   "before it; move pagewalk above it or take it out");
    expect_refusal("builds_on: []", "builds_on: [segment]",
                   ":15: segment builds on itself, which does not come before "
                   "it; move segment above it or take it out");
}

Test(catalogue, limits_and_weights_are_above_zero)
{
    expect_refusal("weight: 300", "weight: 0",
                   ":23: a weight of 0 hides the stage from the total; give a "
                   "number above 0 or remove the stage");
    expect_refusal("cpu_ms: 2000", "cpu_ms: 0",
                   ":17: no test ends within 0 ms; give at least 1");
    expect_refusal("memory_mib: 256", "memory_mib: 0",
                   ":18: no module fits into 0 MiB; give at least 1");
}

Test(catalogue, all_problems_are_reported_at_once)
{
    char *sample = read_text(SAMPLE "catalogue.yaml");
    char *one = replaced(sample, "weight: 100", "weight: much");
    char *two = replaced(one, "title: Paging", "titel: Paging");
    struct strings errors = no_errors();
    cr_expect_null(catalogue_read(write_text("c.yaml", two), &errors));
    cr_assert_eq(errors.count, 3);
    cr_expect_not_null(strstr(errors.item[0], "c.yaml:16: \"weight\""));
    cr_expect_not_null(strstr(errors.item[1], "c.yaml:21: unknown key"));
    cr_expect_not_null(strstr(errors.item[2], "c.yaml:20: \"title\" is"));
    strings_free(&errors);
    free(sample);
    free(one);
    free(two);
}

Test(catalogue, loading_a_wrong_one_ends_the_program, .exit_code = 78)
{
    remove_directory(); /* nothing runs behind the exit */
    catalogue_load(path_of("none.yaml"));
}
