/* json_test.c - the record: what stands in it, that its schema describes it,
 * and that the schema refuses what it should.  Needs python3-jsonschema. */
#include <errno.h>
#include <jansson.h>
#include <sys/wait.h>

#include "json.h"
#include "files.h"
#include "sample.h"

static struct sample sample;
static struct report_options options;

static void
begin(void)
{
    make_directory();
    sample = make_sample();
    options = sample_options();
}

static void
end(void)
{
    free_sample(&sample);
    remove_directory();
}

TestSuite(json, .init = begin, .fini = end);

/* ---- The schema ---------------------------------------------------------- */

/* Documents that are to be held against the schema: one start of the validator
 * for all of them. */
static struct strings documents;

static void
add_document(const char *text)
{
    char *name = text_format("document-%zu.json", documents.count);
    strings_add(&documents, write_text(name, text));
    free(name);
}

static void
add_record(void)
{
    char *text = result_to_json(sample.result, &options);
    add_document(text);
    free(text);
}

/* How many of them it refuses. */
static int
count_refused(void)
{
    char *command = xstrdup("/usr/bin/python3 tests/grader/validate.py "
                            "grader/schema/result-1.schema.json");
    for (size_t i = 0; i < documents.count; i++) {
        char *longer = text_format("%s %s", command, documents.item[i]);
        free(command);
        command = longer;
    }
    const int status = system(command);
    free(command);
    strings_free(&documents);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) < 120,
              "the schema cannot be checked; is python3-jsonschema there?");
    return WEXITSTATUS(status);
}

/* ---- Parts of a record --------------------------------------------------- */

/* The record, parsed. */
static json_t *
record(void)
{
    char *text = result_to_json(sample.result, &options);
    json_t *json = json_loads(text, 0, NULL);
    cr_assert_not_null(json);
    free(text);
    return json;
}

static json_t *
stage_of(json_t *json, size_t number)
{
    return json_array_get(json_object_get(json, "stages"), number);
}

static json_t *
test_of(json_t *json, size_t number)
{
    return json_array_get(json_object_get(stage_of(json, 0), "tests"), number);
}

static const char *
text_in(json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "(absent)";
}

Test(json, of_the_sample_is_golden)
{
    char *text = result_to_json(sample.result, &options);
    expect_golden("record.json", text);
    free(text);
}

Test(json, is_described_by_its_schema_whatever_is_shown)
{
    for (int shown = SHOW_NOTHING; shown <= SHOW_EVERYTHING; shown++) {
        options.hidden = (enum visibility)shown;
        options.uncaught_bugs = shown % 2 == 0;
        add_record();
    }
    cr_expect_eq(count_refused(), 0);
}

Test(json, is_described_by_its_schema_with_a_cost)
{
    struct cost_rules rules = {
        .space = {.points = 4, .full = 1.1, .none = 2},
        .instructions = {.points = 4, .full = 1.5, .none = 6},
    };
    struct cost_result *const cost = &sample.segment->cost;
    *cost = (struct cost_result){.asked = true,
                                 .own = {80, 100, 1000},
                                 .reference = {80, 100, 1000}};
    sample.rubric->cost = &rules;
    judge_sample(&sample);
    sample.rubric->cost = NULL; /* it is not the rubric's to free */
    json_t *json = record();
    json_t *const stage = stage_of(json, 0);
    json_t *const own =
        json_object_get(json_object_get(stage, "cost"), "own");
    cr_expect_eq(json_integer_value(json_object_get(own, "instructions")),
                 1000);
    json_t *const space =
        json_object_get(json_object_get(stage, "score"), "space");
    cr_expect_eq(json_real_value(json_object_get(space, "of")), 4);
    json_decref(json);
    add_record();
    cost->own.instructions = 0;
    add_record();
    cost->own = (struct cost){0};
    cost->trouble = xstrdup("it crashed while a trace was played");
    add_record();
    cr_expect_eq(count_refused(), 0);
}

Test(json, is_described_by_its_schema_whatever_happened)
{
    const enum stage_status statuses[] = {STAGE_NOT_COMPILED, STAGE_REFUSED,
                                          STAGE_UNGRADED, STAGE_GRADED};
    struct stage_result *stage = &sample.result->stages[1];
    stage->finding_count = 2;
    stage->findings = xcalloc(2, sizeof *stage->findings);
    stage->findings[0] =
        (struct finding){12, xstrdup("call"), xstrdup("fork is not available")};
    stage->findings[1] = (struct finding){0, xstrdup(""), xstrdup("message")};
    stage->warnings = xstrdup("unused variable");
    stage->trouble = xstrdup("no zygote");
    stage->own_tests_trouble = xstrdup("does not build");
    stage->time_count = 1;
    stage->times = xcalloc(1, sizeof *stage->times);
    stage->times[0] = (struct step_time){"build", 0.25};
    sample.result->intake_trouble = xstrdup("broken archive");
    for (int verdict = 0; verdict < VERDICT_COUNT; verdict++) {
        sample.segment->tests[WRAPS].verdict = (enum verdict)verdict;
        stage->status = statuses[verdict % 4];
        stage->score = (struct stage_score){0};
        judge_sample(&sample);
        add_record();
    }
    cr_expect_eq(count_refused(), 0);
}

Test(json, of_an_empty_record_is_described_too)
{
    struct result *empty = result_create("", 0);
    char *text = result_to_json(empty, &options);
    add_document(text);
    cr_expect_eq(count_refused(), 0);
    free(text);
    result_free(empty);
}

Test(json, schema_refuses_what_is_not_in_it)
{
    char *text = result_to_json(sample.result, &options);
    static const char *const wrong[][2] = {
        {"\"vmlab.result/1\"", "\"vmlab.result/2\""},
        {"\"seed\": \"20260901\"", "\"seed\": 20260901"},
        {"\"verdict\": \"passed\"", "\"verdict\": \"fine\""},
        {"\"status\": \"graded\"", "\"status\": \"lost\""},
        {"\"got\": 10.0", "\"got\": -1"},
        {"\"trouble\": []", "\"troubles\": []"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char *changed = replaced(text, wrong[i][0], wrong[i][1]);
        add_document(changed);
        free(changed);
    }
    cr_expect_eq(count_refused(), sizeof wrong / sizeof wrong[0]);
    free(text);
}

Test(json, keeps_all_64_bits_of_a_seed)
{
    json_t *json = record();
    cr_expect_str_eq(text_in(test_of(json, 0), "seed"), "18446744073709551615");
    json_decref(json);
}

Test(json, an_ungraded_stage_has_no_score_and_its_trouble_stands_apart)
{
    sample.segment->status = STAGE_UNGRADED;
    sample.segment->trouble = xstrdup("the judge ended");
    judge_sample(&sample);
    json_t *json = record();
    cr_expect(json_is_null(json_object_get(stage_of(json, 0), "score")));
    cr_expect(json_is_null(json_object_get(json, "score")));
    json_t *trouble = json_array_get(json_object_get(json, "trouble"), 0);
    cr_expect_str_eq(text_in(trouble, "stage"), "segment");
    cr_expect_str_eq(text_in(trouble, "message"), "the judge ended");
    json_decref(json);
}

/* Which of these keys the failed hidden test has. */
static void
expect_keys(enum visibility shown, const char *keys)
{
    static const char *const all[] = {
        "title",    "clause", "call",    "context", "seed", "output",
        "expected", "got",    "message", "trace",   "where"};
    options.hidden = shown;
    json_t *json = record();
    json_t *test = test_of(json, LAST_BYTE);
    char *got = xstrdup("");
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (json_object_get(test, all[i]) != NULL) {
            char *longer = text_format("%s %s", got, all[i]);
            free(got);
            got = longer;
        }
    }
    cr_expect_str_eq(got, keys);
    free(got);
    json_decref(json);
}

Test(json, shows_of_hidden_tests_what_the_course_allows)
{
    expect_keys(SHOW_TITLE, " title clause");
    expect_keys(SHOW_INPUTS, " title clause call context seed output");
    expect_keys(SHOW_EVERYTHING, " title clause call context seed output "
                                 "expected got message trace where");
}

Test(json, nothing_means_that_no_word_of_a_hidden_test_is_there)
{
    options.hidden = SHOW_NOTHING;
    options.repeat = NULL;
    char *text = result_to_json(sample.result, &options);
    for (unsigned i = THREE_PIECES; i < SAMPLE_TESTS; i++) {
        cr_expect_null(strstr(text, sample.rubric->tests[i].id));
        cr_expect_null(strstr(text, sample.rubric->tests[i].title));
        cr_expect_null(strstr(text, sample.rubric->tests[i].clause));
    }
    cr_expect_null(strstr(text, "segment.c:41"));
    free(text);
}

Test(json, says_always_that_more_exists)
{
    for (int shown = SHOW_NOTHING; shown < SHOW_EVERYTHING; shown++) {
        options.hidden = (enum visibility)shown;
        json_t *json = record();
        json_t *hidden = json_object_get(stage_of(json, 0), "hidden");
        cr_expect_eq(json_integer_value(json_object_get(hidden, "count")), 5);
        cr_expect_str_eq(text_in(hidden, "shown"),
                         visibility_name((enum visibility)shown));
        cr_expect_not_null(json_object_get(hidden, "withheld"));
        json_decref(json);
    }
    options.hidden = SHOW_EVERYTHING;
    json_t *json = record();
    cr_expect_null(json_object_get(json_object_get(stage_of(json, 0), "hidden"),
                                   "withheld"));
    json_decref(json);
}

Test(json, names_uncaught_bugs_only_when_asked)
{
    char *text = result_to_json(sample.result, &options);
    cr_expect_null(strstr(text, "worst_fit_takes_the_first"));
    free(text);
    options.uncaught_bugs = true;
    text = result_to_json(sample.result, &options);
    cr_expect_not_null(strstr(text, "worst_fit_takes_the_first"));
    free(text);
}

Test(json, hostile_names_stay_text)
{
    static const char hostile[] = "\"},\n{\\u0000</script>\xFF\033[2J =1+1";
    free(sample.result->submission);
    sample.result->submission = text_clean(hostile, sizeof hostile - 1, 1000);
    add_record();
    cr_expect_eq(count_refused(), 0);
    json_t *json = record();
    cr_expect_str_eq(text_in(json, "submission"),
                     "\"},\n{\\u0000</script>\uFFFD\uFFFD[2J =1+1");
    json_decref(json);
}

Test(json, file_is_written_whole_or_not_at_all)
{
    const char *path = path_of("result.json");
    cr_assert_eq(result_write_json(sample.result, &options, path), 0);
    char *text = read_text(path);
    char *expected = result_to_json(sample.result, &options);
    cr_expect_str_eq(text, expected);
    free(text);
    free(expected);
    cr_expect_eq(
        result_write_json(sample.result, &options, path_of("none/result.json")),
        -1);
    cr_expect_eq(errno, ENOENT);
}
