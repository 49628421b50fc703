/*
 * gradescope_test.c - a record as Gradescope's results.json.  How the platform
 * is served as a whole is tested by tests/docker/gradescope.
 *
 * Run from the top of the kit.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "catalogue.h"
#include "gradescope_results.h"
#include "text.h"

/* ---- Records, metadata and settings ---------------------------------------- */

#define POINTS(got, of) "{\"got\": " got ", \"of\": " of "}"
#define TEST(id, suite, part, points, verdict, more)                           \
    "{\"id\": \"" id "\", \"title\": \"Title of " id "\", \"suite\": \"" suite \
    "\", \"part\": \"" part "\", \"points\": " points ", \"verdict\": "        \
    "\"" verdict "\", \"clause\": \"rule of " id "\"" more "}"
#define STAGE(name, status, score, tests, more)                                \
    "{\"name\": \"" name "\", \"weight\": 100, \"status\": \"" status          \
    "\", \"score\": " score ", \"tests\": [" tests "]" more "}"
#define RECORD(stages)                                                         \
    "{\"kit\": \"0.1\", \"digest\": \"d\", \"seed\": \"1\", \"sandbox\": "     \
    "[\"seccomp\"], \"intake\": {\"ignored\": []}, \"stages\": [" stages "]}"

/* A public test, three hidden ones of which one fails, one of the bonus. */
static const char half[] = RECORD(
    STAGE("tlb", "graded",
          "{\"must\": " POINTS("75", "100") ", \"tests\": " POINTS("45", "60") ", \"memory\": " POINTS(
              "7.5",
              "10") ", \"bugs\": " POINTS("20", "20") ", "
                                                      "\"cove"
                                                      "rage\""
                                                      ":"
                                                      " " POINTS(
                                                          "2.5",
                                                          "10") ", "
                                                                "\"bonus\":"
                                                                " " POINTS("2",
                                                                           "8") "}",
          TEST("p", "public", "must", "0", "passed", "") "," TEST(
              "a", "hidden", "must", "30", "passed",
              ", \"memory\": {\"clean\": false, \"errors\": [{\"what\": "
              "\"Invalid "
              "read\", \"where\": \"tlb.c:7\"}]}") "," TEST("b", "hidden",
                                                            "must", "15",
                                                            "crashed",
                                                            ", \"call\": "
                                                            "\"tlb_flush()\", "
                                                            "\"message\": "
                                                            "\"signal "
                                                            "11\"") "," TEST("c",
                                                                             "h"
                                                                             "i"
                                                                             "d"
                                                                             "d"
                                                                             "e"
                                                                             "n",
                                                                             "m"
                                                                             "u"
                                                                             "s"
                                                                             "t",
                                                                             "1"
                                                                             "5",
                                                                             "p"
                                                                             "a"
                                                                             "s"
                                                                             "s"
                                                                             "e"
                                                                             "d",
                                                                             "") "," TEST("x",
                                                                                          "hidden",
                                                                                          "bonus",
                                                                                          "2",
                                                                                          "passed",
                                                                                          ""),
          ", \"own_tests\": {\"submitted\": true, \"tests\": [{\"name\": "
          "\"mine/wrong\", \"valid\": false, \"rejects\": \"the "
          "reference\"}]}, "
          "\"bugs\": {\"must\": {\"caught\": 3, \"all\": 3}}, \"coverage\": "
          "{\"lines\": 10, \"lines_covered\": 4, \"branches\": 2, "
          "\"branches_covered\": 1, \"missed\": \"5-9\"}, \"diagnosis\": "
          "[{\"misconception\": \"You keep the old entry.\"}]"));

static const struct gradescope_settings usual = {
    .points = 100,
    .show = SHOW_TITLE,
    .visibility = {GRADESCOPE_VISIBLE, GRADESCOPE_AFTER_PUBLISHED,
                   GRADESCOPE_VISIBLE, GRADESCOPE_AFTER_DUE_DATE,
                   GRADESCOPE_VISIBLE},
};

static json_t *
parsed(const char *text)
{
    json_error_t error;
    json_t *const value = json_loads(text, 0, &error);
    cr_assert_not_null(value, "%d:%d: %s", error.line, error.column,
                       error.text);
    return value;
}

static json_t *
results_of(const char *record, const char *metadata,
           const struct gradescope_settings *settings)
{
    return gradescope_results(
        parsed(record), metadata != NULL ? parsed(metadata) : NULL, settings);
}

static const char *
text_at(const json_t *object, const char *key)
{
    const char *const text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static double
number_at(const json_t *object, const char *key)
{
    const json_t *const value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static const json_t *
entry(const json_t *results, size_t number)
{
    return json_array_get(json_object_get(results, "tests"), number);
}

static void
is_entry(const json_t *results, size_t number, const char *name, double score,
         double of, const char *status, const char *visibility)
{
    const json_t *const it = entry(results, number);
    char *const label = text_format("1.%zu", number + 1);
    cr_expect_str_eq(text_at(it, "number"), label);
    cr_expect_str_eq(text_at(it, "name"), name);
    cr_expect(fabs(number_at(it, "score") - score) < 1e-12 ||
                  (isnan(score) && json_object_get(it, "score") == NULL),
              "%s: %g", name, number_at(it, "score"));
    cr_expect(number_at(it, "max_score") == of ||
                  (isnan(of) && json_object_get(it, "max_score") == NULL),
              "%s: of %g", name, number_at(it, "max_score"));
    cr_expect_str_eq(text_at(it, "status"), status, "%s", name);
    cr_expect_str_eq(text_at(it, "visibility"), visibility, "%s", name);
    free(label);
}

/* ---- Tests, points, order, visibility -------------------------------------- */

Test(gradescope, entries_have_points_order_and_visibility)
{
    json_t *const results = results_of(half, NULL, &usual);
    is_entry(results, 0, "tlb: Title of p", NAN, NAN, "passed", "visible");
    is_entry(results, 1, "tlb: Title of a", 30, 30, "passed",
             "after_published");
    is_entry(results, 2, "tlb: Title of b", 0, 15, "failed", "after_published");
    is_entry(results, 3, "tlb: Title of c", 15, 15, "passed",
             "after_published");
    is_entry(results, 4, "tlb: memory", 7.5, 10, "failed", "visible");
    is_entry(results, 5, "tlb: bugs that your tests catch", 20, 20, "passed",
             "after_due_date");
    is_entry(results, 6, "tlb: coverage by your tests", 2.5, 10, "failed",
             "after_due_date");
    is_entry(results, 7, "tlb: bonus", NAN, NAN, "", "visible");
    cr_assert_null(entry(results, 8));
    cr_assert_eq(number_at(results, "score"), 75);
    cr_assert_str_eq(text_at(results, "stdout_visibility"), "hidden");
}

Test(gradescope, entries_say_what_was_found)
{
    json_t *const results = results_of(half, NULL, &usual);
    cr_assert_str_eq(text_at(entry(results, 1), "output"), "passed\n");
    const char *const failure = text_at(entry(results, 2), "output");
    cr_assert(strstr(failure, "crashed\n") == failure);
    cr_assert(strstr(failure, "tlb_flush()"));
    cr_assert(strstr(failure, "rule of b"));
    cr_assert(strstr(text_at(entry(results, 4), "output"),
                     "Title of a: Invalid read, at tlb.c:7"));
    cr_assert(strstr(text_at(entry(results, 5), "output"), "3 of 3 bugs"));
    cr_assert(strstr(text_at(entry(results, 5), "output"), "mine/wrong"));
    cr_assert(strstr(text_at(entry(results, 6), "output"), "5-9"));
    cr_assert(strstr(text_at(entry(results, 7), "output"), "2 of 8"));
    cr_assert(strstr(text_at(results, "output"), "You keep the old entry."));
}

Test(gradescope, tests_of_which_nothing_is_shown_are_one_entry)
{
    json_t *const results = results_of(
        RECORD(STAGE("tlb", "graded",
                     "{\"must\": " POINTS("45", "100") ", \"tests\": " POINTS(
                         "45", "60") "}",
                     TEST("p", "public", "must", "0", "passed", ""),
                     ", \"hidden\": {\"withheld\": \"7 hidden tests ran\"}")),
        NULL, &usual);
    is_entry(results, 1, "tlb: hidden tests", 45, 60, "failed",
             "after_published");
    cr_assert_str_eq(text_at(entry(results, 1), "output"),
                     "7 hidden tests ran");
}

Test(gradescope, stage_that_was_not_graded_says_why)
{
    json_t *const results = results_of(
        RECORD(STAGE(
            "tlb", "does not compile", "{\"must\": " POINTS("0", "100") "}", "",
            ", \"findings\": [{\"line\": 3, \"message\": "
            "\"no ;\"}]") "," STAGE("heap", "not submitted", "null", "", "")),
        NULL, &usual);
    is_entry(results, 0, "tlb: does not compile", 0, 50, "failed", "visible");
    cr_assert_str_eq(text_at(entry(results, 0), "output"), "tlb.c:3: no ;\n");
    cr_assert_str_eq(text_at(entry(results, 1), "name"), "heap: not submitted");
    cr_assert_str_eq(text_at(entry(results, 1), "number"), "2.1");
    cr_assert_eq(number_at(results, "score"), 0);
}

Test(gradescope, bonus_counts_when_it_has_points)
{
    struct gradescope_settings settings = usual;
    settings.bonus_points = 10;
    json_t *const results = results_of(half, NULL, &settings);
    is_entry(results, 7, "tlb: bonus", 2.5, 0, "passed", "visible");
    cr_assert_eq(number_at(results, "score"), 77.5);
}

/* ---- The platform's metadata ------------------------------------------------ */

static void
scores(const char *assignment, double points, double expected)
{
    struct gradescope_settings settings = usual;
    settings.points = points;
    json_t *const results = results_of(half, assignment, &settings);
    cr_expect_eq(number_at(results, "score"), expected, "%s: %g", assignment,
                 number_at(results, "score"));
}

Test(gradescope, points_are_those_of_the_assignment)
{
    scores("{\"assignment\": {\"total_points\": \"20.0\"}}", 0, 15);
    scores("{\"assignment\": {\"total_points\": 40}}", 0, 30);
    scores("{\"assignment\": {\"total_points\": \"20.0\"}}", 8, 6);
    scores("{\"assignment\": {\"total_points\": \"inf\"}}", 0, 75);
    scores("{\"assignment\": {\"total_points\": \"-4\"}}", 0, 75);
    scores("{}", 0, 75);
    scores("[]", 0, 75);
}

static void
is_late(const char *created, const char *due, double score, const char *words)
{
    struct gradescope_settings settings = usual;
    settings.late_percent_per_day = 20;
    char *const metadata =
        text_format("{\"created_at\": %s, \"assignment\": {\"due_date\": %s}}",
                    created, due);
    json_t *const results = results_of(half, metadata, &settings);
    cr_expect_eq(number_at(results, "score"), score, "%s: %g", metadata,
                 number_at(results, "score"));
    cr_expect(strstr(text_at(results, "output"), words), "%s: %s", metadata,
              text_at(results, "output"));
    cr_expect((strstr(text_at(results, "output"), "after the due date") !=
               NULL) == (score < 75));
    free(metadata);
}

Test(gradescope, lateness_is_counted_across_time_zones)
{
    is_late("\"2026-03-01T10:00:00.5-07:00\"", "\"2026-03-01T17:00:00.5Z\"", 75,
            "Attempt 1");
    is_late("\"2026-03-01T10:00:01-07:00\"", "\"2026-03-01T17:00:00+00:00\"",
            60, "1 minute after the due date: 20 %");
    is_late("\"2026-03-02T20:00:00Z\"", "\"2026-03-01T17:00:00Z\"", 45,
            "1 day 3 hours after the due date: 40 %");
    is_late("\"2026-04-01T20:00:00Z\"", "\"2026-03-01T17:00:00Z\"", 0, "100 %");
    is_late("\"2026-04-01T20:00:00Z\"", "null", 75, "Attempt 1");
    is_late("\"yesterday\"", "\"2026-03-01T17:00:00Z\"", 75, "Attempt 1");
}

Test(gradescope, attempts_are_counted)
{
    json_t *const results =
        results_of(half, "{\"previous_submissions\": [{}, {}]}", &usual);
    cr_assert(strstr(text_at(results, "output"), "Attempt 3."));
}

/* ---- Limits ----------------------------------------------------------------- */

Test(gradescope, output_is_bounded_and_stays_text)
{
    enum { LONG = 300000, TESTS = 200 };
    json_t *const record = parsed(half);
    json_t *const tests = json_object_get(
        json_array_get(json_object_get(record, "stages"), 0), "tests");
    char *const filler = xcalloc(LONG + 1, 1);
    for (size_t i = 0; i + 3 <= LONG; i += 3) {
        memcpy(filler + i, "\xe2\x82\xac", 3);
    }
    for (size_t i = 0; i < TESTS; i++) {
        json_t *const test = json_deep_copy(json_array_get(tests, 2));
        json_object_set_new(test, "trace", json_string(filler));
        json_array_append_new(tests, test);
    }
    json_t *const results = gradescope_results(record, NULL, &usual);
    size_t all = 0, index;
    json_t *it;
    json_array_foreach(json_object_get(results, "tests"), index, it)
    {
        const size_t bytes = strlen(text_at(it, "output"));
        cr_assert_leq(bytes, (size_t)GRADESCOPE_OUTPUT_BYTES);
        all += bytes;
    }
    cr_assert_geq(index, (size_t)TESTS);
    cr_assert_leq(all, (size_t)GRADESCOPE_ALL_BYTES + GRADESCOPE_OUTPUT_BYTES +
                           TESTS * GRADESCOPE_SHORT_BYTES);
    char *const text = json_dumps(results, 0);
    cr_assert_not_null(text, "the text is not UTF-8");
    parsed(text);
}

/* ---- Trouble of the grader --------------------------------------------------- */

#define EARLIER(when, score, more)                                             \
    "{\"submission_time\": \"2026-03-0" when                                   \
    "T10:00:00Z\", \"score\": " score more "}"
#define BEFORE(list) "{\"previous_submissions\": [" list "]}"

Test(gradescope, trouble_keeps_the_latest_result_that_was_graded)
{
    json_t *const metadata =
        parsed(BEFORE(EARLIER(
            "3", "41.5",
            ", \"autograder_error\": false, \"results\": "
            "{\"score\": 41.5, \"output\": \"Attempt 2.\", "
            "\"tests\": [{\"score\": 41.5}]}") "," EARLIER("1", "90",
                                                           "") "," EARLIER("4",
                                                                           "0",
                                                                           ", "
                                                                           "\"a"
                                                                           "uto"
                                                                           "g"
                                                                           "rad"
                                                                           "er_"
                                                                           "err"
                                                                           "or"
                                                                           "\""
                                                                           ": "
                                                                           "tru"
                                                                           "e") "," EARLIER("5",
                                                                                            "null",
                                                                                            "")));
    json_t *const results = gradescope_earlier_results(metadata, "no room");
    cr_assert_eq(number_at(results, "score"), 41.5);
    cr_assert_eq(json_array_size(json_object_get(results, "tests")), 1);
    cr_assert(strstr(text_at(results, "output"), "could not be graded"));
    cr_assert(strstr(text_at(results, "output"), "no room"));
    cr_assert(strstr(text_at(results, "output"), "Attempt 2."));
    cr_assert(json_is_true(json_object_get(
        json_object_get(results, "extra_data"), "earlier_result")));
    cr_assert_str_eq(text_at(json_object_get(results, "extra_data"), "trouble"),
                     "no room");

    /* Trouble again does not say it twice. */
    json_t *const next = parsed(BEFORE(EARLIER("6", "41.5", "")));
    json_object_set(
        json_array_get(json_object_get(next, "previous_submissions"), 0),
        "results", results);
    json_t *const again = gradescope_earlier_results(next, "no room");
    cr_assert_str_eq(text_at(again, "output"), text_at(results, "output"));
    cr_assert_eq(number_at(again, "score"), 41.5);
}

Test(gradescope, trouble_keeps_a_score_without_results)
{
    json_t *const results = gradescope_earlier_results(
        parsed(BEFORE(EARLIER("1", "12", ""))), "no room");
    cr_assert_eq(number_at(results, "score"), 12);
    cr_assert(json_is_array(json_object_get(results, "tests")));
}

Test(gradescope, trouble_of_a_first_attempt_is_no_result)
{
    cr_assert_null(gradescope_earlier_results(NULL, "no room"));
    cr_assert_null(gradescope_earlier_results(parsed("{}"), "no room"));
    cr_assert_null(gradescope_earlier_results(
        parsed(BEFORE(EARLIER("1", "0", ", \"autograder_error\": true"))),
        "no room"));
}

/* ---- Settings ----------------------------------------------------------------- */

static struct gradescope_settings *
settings_with(const char *edit, struct strings *errors)
{
    char path[] = "/tmp/vmlab-settings-XXXXXX";
    const int file = mkstemp(path);
    cr_assert_geq(file, 0);
    close(file);
    char *const command = text_format(
        "sed '%s' docker/gradescope/gradescope.yaml > %s", edit, path);
    cr_assert_eq(system(command), 0);
    struct catalogue *const catalogue = catalogue_load("grader/catalogue.yaml");
    struct gradescope_settings *const settings =
        gradescope_settings_read(path, catalogue, errors);
    unlink(path);
    free(command);
    return settings;
}

static void
is_wrong(const char *edit, const char *words)
{
    struct strings errors = {0};
    cr_expect_null(settings_with(edit, &errors), "%s", edit);
    cr_expect(errors.count > 0 && strstr(errors.item[0], words), "%s: %s", edit,
              errors.count > 0 ? errors.item[0] : "no error");
    strings_free(&errors);
}

Test(gradescope, settings_are_read_and_checked)
{
    struct strings errors = {0};
    struct gradescope_settings *const settings = settings_with(
        "s/^stages:.*/stages: [tlb]/; s/hidden_tests: .*/hidden_tests: hidden/",
        &errors);
    cr_assert_not_null(settings, "%s", errors.count ? errors.item[0] : "");
    cr_assert_eq(settings->stages_count, 1);
    cr_assert_str_eq(settings->stages[0], "tlb");
    cr_assert_eq(settings->show, SHOW_TITLE);
    cr_assert_eq(settings->visibility.hidden_tests, GRADESCOPE_HIDDEN);
    cr_assert_eq(settings->visibility.memory, GRADESCOPE_VISIBLE);
    gradescope_settings_free(settings);

    is_wrong("s/^stages:.*/stages: [sgement]/", "no stage \"sgement\"");
    is_wrong("s/^show:.*/show: all/", "show");
    is_wrong("s/memory:.*/memory: shown/", "memory");
    is_wrong("s/^minutes:.*/minutes: 0/", "minutes is from 1");
    is_wrong("s/^points:.*/points: -1/", "points");
    is_wrong("s/^late_percent_per_day:.*/late_percent_per_day: 101/", "to 100");
}
