#include "json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "die.h"
#include "score.h"
#include "text.h"

/* ---- Setting values ------------------------------------------------------ */

/* jansson answers NULL for text that is not UTF-8; none gets into a record. */
static json_t *
checked(json_t *value)
{
    if (value == NULL) {
        die(EX_SOFTWARE, "the record holds a value that JSON cannot; this is a "
                         "defect of vmlab, please report it");
    }
    return value;
}

static void
set(json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, checked(value)) != 0) {
        die(EX_OSERR, "out of memory while writing a record");
    }
}

static void
append(json_t *array, json_t *value)
{
    if (json_array_append_new(array, checked(value)) != 0) {
        die(EX_OSERR, "out of memory while writing a record");
    }
}

/* Leaves the key out when there is no text. */
static void
set_text(json_t *object, const char *key, const char *text)
{
    if (text != NULL) {
        set(object, key, json_string(text));
    }
}

/* The same with a new text, which is freed. */
static void
set_new_text(json_t *object, const char *key, char *text)
{
    set_text(object, key, text);
    free(text);
}

static void
set_count(json_t *object, const char *key, size_t count)
{
    set(object, key, json_integer((json_int_t)count));
}

static void
set_seed(json_t *object, uint64_t seed)
{
    set_new_text(object, "seed", text_format("%llu", (unsigned long long)seed));
}

/* ---- Score --------------------------------------------------------------- */

static json_t *
points_to_json(const struct points *points)
{
    json_t *object = json_object();
    set(object, "got", json_real(points->got));
    set(object, "of", json_real(points->of));
    return object;
}

static json_t *
score_to_json(const struct stage_score *score)
{
    if (!score_exists(score)) {
        return json_null();
    }
    json_t *object = json_object();
    set(object, "must", points_to_json(&score->must));
    set(object, "bonus", points_to_json(&score->bonus));
    set(object, "tests", points_to_json(&score->tests));
    set(object, "memory", points_to_json(&score->memory));
    set(object, "bugs", points_to_json(&score->bugs));
    set(object, "coverage", points_to_json(&score->coverage));
    if (score->space.of + score->instructions.of > 0) {
        set(object, "space", points_to_json(&score->space));
        set(object, "instructions", points_to_json(&score->instructions));
    }
    return object;
}

static json_t *
course_score_to_json(const struct result *result)
{
    const struct points total = score_course(result);
    return total.of > 0 ? points_to_json(&total) : json_null();
}

/* ---- Judge tests --------------------------------------------------------- */

static json_t *
memory_to_json(const struct test_result *test, enum visibility shown)
{
    json_t *errors = json_array();
    for (size_t i = 0; i < test->error_count; i++) {
        const struct memory_error *error = &test->errors[i];
        json_t *object = json_object();
        set_text(object, "kind", error->kind);
        set_text(object, "what", error->what);
        set_text(object, "where", error->where);
        if (shown >= SHOW_INPUTS) {
            set_text(object, "call", error->call);
        }
        append(errors, object);
    }
    json_t *memory = json_object();
    set(memory, "clean", json_boolean(test->memory_clean));
    set(memory, "errors", errors);
    return memory;
}

/* How to go on from a test that did not pass. */
static void
set_ways_out(json_t *object, const struct report_options *options,
             const struct stage_result *stage, const struct test_result *test)
{
    if (options->repeat != NULL) {
        set_new_text(object, "repeat",
                     options->repeat(stage, test, options->context));
    }
    if (options->debug != NULL) {
        set_new_text(object, "debug",
                     options->debug(stage, test, options->context));
    }
    if (options->hint != NULL) {
        set_new_text(object, "hint",
                     options->hint(stage, test, options->context));
    }
}

static json_t *
test_to_json(const struct report_options *options,
             const struct stage_result *stage, const struct test_result *test)
{
    const struct rubric_test *rubric = test->rubric;
    const enum visibility shown = report_visibility(options, test);
    json_t *object = json_object();

    set_text(object, "id", rubric->id);
    set_text(object, "title", rubric->title);
    set_text(object, "suite", suite_name(rubric->suite));
    set_text(object, "group", rubric->group);
    set_text(object, "part", part_name(rubric->part));
    set(object, "points", json_real(rubric->points));
    set_text(object, "clause", rubric->clause);
    set_text(object, "verdict", verdict_name(test->verdict));
    if (shown >= SHOW_INPUTS) {
        set_text(object, "call", test->call);
        set_text(object, "context", test->context);
        set_text(object, "output", test->output);
        set_seed(object, test->seed);
    }
    if (shown >= SHOW_EVERYTHING) {
        set_text(object, "expected", test->expected);
        set_text(object, "got", test->got);
        set_text(object, "message", test->message);
        set_text(object, "trace", test->trace);
        set_text(object, "where", test->where);
        set(object, "cpu_ms", json_real(test->cpu_ms));
    }
    if (test->verdict != VERDICT_PASSED && test->verdict != VERDICT_NONE) {
        set_ways_out(object, options, stage, test);
    }
    if (test->memory_checked) {
        set(object, "memory", memory_to_json(test, shown));
    }
    return object;
}

static json_t *
tests_to_json(const struct report_options *options,
              const struct stage_result *stage)
{
    json_t *array = json_array();
    for (size_t i = 0; i < stage->test_count; i++) {
        if (report_visibility(options, &stage->tests[i]) > SHOW_NOTHING) {
            append(array, test_to_json(options, stage, &stage->tests[i]));
        }
    }
    return array;
}

/* How many hidden tests there are, and what of them is left out. */
static json_t *
hidden_to_json(const struct report_options *options,
               const struct stage_result *stage)
{
    const enum suite hidden = SUITE_HIDDEN;
    const struct verdict_counts counts = report_count(stage, &hidden);
    json_t *object = json_object();
    set_count(object, "count", counts.all);
    if (options->hidden > SHOW_NOTHING) {
        set_count(object, "passed", counts.of[VERDICT_PASSED]);
    }
    set_text(object, "shown", visibility_name(options->hidden));
    set_new_text(object, "withheld", report_withheld(options, stage));
    return object;
}

/* ---- The student's own tests --------------------------------------------- */

static json_t *
own_tests_to_json(const struct stage_result *stage)
{
    json_t *array = json_array();
    for (size_t i = 0; i < stage->own_test_count; i++) {
        const struct own_test *test = &stage->own_tests[i];
        json_t *object = json_object();
        set_text(object, "name", test->name);
        set_text(object, "on_own_module", verdict_name(test->on_own_module));
        set_text(object, "message", test->message);
        set(object, "valid", json_boolean(test->valid));
        set_text(object, "rejects", test->rejects);
        set_count(object, "caught", test->caught);
        append(array, object);
    }
    json_t *object = json_object();
    set(object, "submitted", json_boolean(stage->own_tests_submitted));
    set_text(object, "trouble", stage->own_tests_trouble);
    set(object, "tests", array);
    return object;
}

static json_t *
bug_counts_to_json(const struct stage_result *stage, enum part part)
{
    const struct bug_counts counts = report_bugs(stage, part);
    json_t *object = json_object();
    set_count(object, "caught", counts.caught);
    set_count(object, "all", counts.all);
    return object;
}

static json_t *
bugs_to_json(const struct report_options *options,
             const struct stage_result *stage)
{
    json_t *array = json_array();
    for (size_t i = 0; i < stage->bug_count; i++) {
        const struct bug_result *bug = &stage->bugs[i];
        if (bug->caught || options->uncaught_bugs) {
            json_t *object = json_object();
            set_text(object, "name", bug->bug->name);
            set_text(object, "title", bug->bug->title);
            set_text(object, "part", part_name(bug->bug->part));
            set(object, "caught", json_boolean(bug->caught));
            set_text(object, "by", bug->by);
            append(array, object);
        }
    }
    json_t *object = json_object();
    set(object, "must", bug_counts_to_json(stage, PART_MUST));
    set(object, "bonus", bug_counts_to_json(stage, PART_BONUS));
    set(object, "uncaught_shown", json_boolean(options->uncaught_bugs));
    set(object, "list", array);
    return object;
}

static json_t *
coverage_to_json(const struct coverage *coverage)
{
    if (!coverage->measured) {
        return json_null();
    }
    json_t *object = json_object();
    set_count(object, "lines", coverage->lines);
    set_count(object, "lines_covered", coverage->lines_covered);
    set_count(object, "branches", coverage->branches);
    set_count(object, "branches_covered", coverage->branches_covered);
    set_text(object, "missed", coverage->missed);
    return object;
}

static json_t *
cost_figures_to_json(const struct cost *cost)
{
    json_t *object = json_object();
    set_count(object, "payload_bytes", cost->payload_bytes);
    set_count(object, "footprint_bytes", cost->footprint_bytes);
    if (cost->instructions > 0) {
        set_count(object, "instructions", cost->instructions);
    }
    return object;
}

static json_t *
cost_to_json(const struct cost_result *cost)
{
    json_t *object = json_object();
    set(object, "reference", cost_figures_to_json(&cost->reference));
    if (cost->own.footprint_bytes > 0) {
        set(object, "own", cost_figures_to_json(&cost->own));
    }
    set_text(object, "trouble", cost->trouble);
    return object;
}

/* ---- Stages
 * --------------------------------------------------------------------------------
 */

static json_t *
findings_to_json(const struct stage_result *stage)
{
    json_t *array = json_array();
    for (size_t i = 0; i < stage->finding_count; i++) {
        const struct finding *finding = &stage->findings[i];
        json_t *object = json_object();
        if (finding->line > 0) {
            set_count(object, "line", finding->line);
        }
        set_text(object, "rule", finding->rule);
        set_text(object, "message", finding->message);
        append(array, object);
    }
    return array;
}

static json_t *
diagnosis_to_json(const struct report_options *options,
                  const struct stage_result *stage)
{
    json_t *array = json_array();
    if (options->hidden == SHOW_NOTHING) {
        return array;
    }
    for (size_t i = 0; i < stage->diagnosis_count; i++) {
        const struct bug *bug = stage->diagnosis[i];
        json_t *object = json_object();
        set_text(object, "bug", bug->name);
        set_text(object, "title", bug->title);
        set_text(object, "misconception", bug->misconception);
        set_text(object, "clause", bug->clause);
        set_text(object, "handout", bug->handout);
        append(array, object);
    }
    return array;
}

static json_t *
times_to_json(const struct stage_result *stage)
{
    json_t *array = json_array();
    for (size_t i = 0; i < stage->time_count; i++) {
        json_t *object = json_object();
        set_text(object, "step", stage->times[i].step);
        set(object, "seconds", json_real(stage->times[i].seconds));
        append(array, object);
    }
    return array;
}

static json_t *
stage_to_json(const struct report_options *options,
              const struct stage_result *stage)
{
    json_t *object = json_object();
    set_text(object, "name", stage->stage->name);
    set_text(object, "title", stage->stage->title);
    set(object, "weight", json_real(stage->stage->weight));
    set_text(object, "status", stage_status_name(stage->status));
    set(object, "score", score_to_json(&stage->score));
    set(object, "findings", findings_to_json(stage));
    set_text(object, "warnings", stage->warnings);
    set(object, "hidden", hidden_to_json(options, stage));
    set(object, "tests", tests_to_json(options, stage));
    set(object, "diagnosis", diagnosis_to_json(options, stage));
    set(object, "own_tests", own_tests_to_json(stage));
    set(object, "bugs", bugs_to_json(options, stage));
    set(object, "coverage", coverage_to_json(&stage->coverage));
    if (stage->cost.asked) {
        set(object, "cost", cost_to_json(&stage->cost));
    }
    set(object, "times", times_to_json(stage));
    return object;
}

/* ---- The whole
 * --------------------------------------------------------------------------------
 */

static json_t *
intake_to_json(const struct result *result)
{
    json_t *ignored = json_array();
    for (size_t i = 0; i < result->ignored_count; i++) {
        json_t *object = json_object();
        set_text(object, "name", result->ignored[i].name);
        set_text(object, "why", result->ignored[i].why);
        append(ignored, object);
    }
    json_t *object = json_object();
    set_text(object, "trouble", result->intake_trouble);
    set(object, "ignored", ignored);
    return object;
}

static json_t *
strings_to_json(char *const *texts, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) {
        append(array, json_string(texts[i]));
    }
    return array;
}

/* Trouble of the grader stands apart from all that the submission did. */
static json_t *
trouble_to_json(const struct result *result)
{
    json_t *array = json_array();
    for (size_t i = 0; i < result->stage_count; i++) {
        const struct stage_result *stage = &result->stages[i];
        if (stage->status == STAGE_UNGRADED) {
            json_t *object = json_object();
            set_text(object, "stage", stage->stage->name);
            set_text(object, "message",
                     stage->trouble != NULL ? stage->trouble : "");
            append(array, object);
        }
    }
    return array;
}

char *
result_to_json(const struct result *result,
               const struct report_options *options)
{
    json_t *stages = json_array();
    for (size_t i = 0; i < result->stage_count; i++) {
        append(stages, stage_to_json(options, &result->stages[i]));
    }
    json_t *object = json_object();
    set_text(object, "schema", "vmlab.result/1");
    set_text(object, "kit", options->kit_version);
    set_text(object, "submission", result->submission);
    set_text(object, "digest", result->digest);
    set_seed(object, result->seed);
    set(object, "sandbox",
        strings_to_json(result->sandbox, result->sandbox_count));
    if (result->uncovered_count > 0) {
        set(object, "weak_sandbox",
            strings_to_json(result->uncovered, result->uncovered_count));
    }
    set(object, "intake", intake_to_json(result));
    set(object, "score", course_score_to_json(result));
    set(object, "stages", stages);
    set(object, "trouble", trouble_to_json(result));

    char *text = json_dumps(object, JSON_INDENT(2));
    json_decref(object);
    if (text == NULL) {
        die(EX_OSERR, "out of memory while writing a record");
    }
    char *with_newline = text_format("%s\n", text);
    free(text);
    return with_newline;
}

int
result_write_json(const struct result *result,
                  const struct report_options *options, const char *path)
{
    char *text = result_to_json(result, options);
    const int failed = text_write_file(path, text, strlen(text));
    free(text);
    return failed;
}
