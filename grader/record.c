#include "record.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

/* ---- The kit ------------------------------------------------------------- */

struct record_kit
record_kit_open(const char *root, const struct catalogue *catalogue)
{
    struct record_kit kit = {.count = catalogue->stage_count};
    kit.stages = xcalloc(kit.count, sizeof *kit.stages);
    for (size_t i = 0; i < kit.count; i++) {
        const struct stage *const stage = &catalogue->stages[i];
        char *const rubric =
            text_format("%s/tests/%s/rubric.yaml", root, stage->name);
        char *const bank =
            text_format("%s/solutions/%s/bugs", root, stage->name);
        kit.stages[i].stage = stage;
        kit.stages[i].rubric = rubric_load(rubric, catalogue, stage);
        kit.stages[i].bank = bank_load(bank, kit.stages[i].rubric);
        free(rubric);
        free(bank);
    }
    return kit;
}

void
record_kit_free(struct record_kit *kit)
{
    for (size_t i = 0; i < kit->count; i++) {
        rubric_free(kit->stages[i].rubric);
        bank_free(kit->stages[i].bank);
    }
    free(kit->stages);
    *kit = (struct record_kit){0};
}

/* ---- Values -------------------------------------------------------------- */

/* What one reading shares; `why` is set by the first thing that is amiss. */
struct reading {
    const struct record_kit *kit;
    char *why;
};

static void
amiss(struct reading *reading, const char *what, const char *name)
{
    if (reading->why == NULL) {
        reading->why = text_format("this kit has no %s '%s'", what, name);
    }
}

static const char *
text_at(const json_t *object, const char *key)
{
    const char *const text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

/* A copy; NULL where the key is left out. */
static char *
copy_at(const json_t *object, const char *key)
{
    const char *const text = json_string_value(json_object_get(object, key));
    return text != NULL ? xstrdup(text) : NULL;
}

static size_t
count_at(const json_t *object, const char *key)
{
    const json_int_t count = json_integer_value(json_object_get(object, key));
    return count > 0 ? (size_t)count : 0;
}

static bool
truth_at(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

static struct points
points_at(const json_t *object, const char *key)
{
    const json_t *const points = json_object_get(object, key);
    return (struct points){
        json_number_value(json_object_get(points, "got")),
        json_number_value(json_object_get(points, "of")),
    };
}

/* Room for the elements of an array. */
static void *
make_room(const json_t *array, size_t bytes)
{
    return xcalloc(json_array_size(array) + 1, bytes);
}

/* ---- Tests --------------------------------------------------------------- */

static void
read_memory(struct test_result *test, const json_t *memory)
{
    const json_t *const errors = json_object_get(memory, "errors"), *error;
    size_t i;
    test->memory_checked = memory != NULL;
    test->memory_clean = truth_at(memory, "clean");
    test->errors = make_room(errors, sizeof *test->errors);
    json_array_foreach(errors, i, error)
    {
        test->errors[test->error_count++] = (struct memory_error){
            .kind = xstrdup(text_at(error, "kind")),
            .what = xstrdup(text_at(error, "what")),
            .where = xstrdup(text_at(error, "where")),
            .call = xstrdup(text_at(error, "call")),
        };
    }
}

static const struct rubric_test *
rubric_of(const struct record_stage *stage, const char *id)
{
    for (unsigned i = 0; i < stage->rubric->test_count; i++) {
        if (strcmp(stage->rubric->tests[i].id, id) == 0) {
            return &stage->rubric->tests[i];
        }
    }
    return NULL;
}

static void
read_tests(struct reading *reading, struct stage_result *result,
           const struct record_stage *stage, const json_t *tests)
{
    const json_t *json;
    size_t i;
    result->tests = make_room(tests, sizeof *result->tests);
    json_array_foreach(tests, i, json)
    {
        const struct rubric_test *const rubric =
            rubric_of(stage, text_at(json, "id"));
        if (rubric == NULL) {
            amiss(reading, "test", text_at(json, "id"));
            continue;
        }
        struct test_result *const test = &result->tests[result->test_count++];
        test->rubric = rubric;
        test->verdict = verdict_of_name(text_at(json, "verdict"));
        test->call = copy_at(json, "call");
        test->expected = copy_at(json, "expected");
        test->got = copy_at(json, "got");
        test->message = copy_at(json, "message");
        test->context = copy_at(json, "context");
        test->trace = copy_at(json, "trace");
        test->output = copy_at(json, "output");
        test->where = copy_at(json, "where");
        test->cpu_ms = json_number_value(json_object_get(json, "cpu_ms"));
        (void)text_read_number(text_at(json, "seed"), &test->seed);
        read_memory(test, json_object_get(json, "memory"));
    }
}

/* ---- Own tests and bugs -------------------------------------------------- */

static const struct bug *
bug_of(const struct record_stage *stage, const char *name)
{
    for (size_t i = 0; i < stage->bank->bug_count; i++) {
        if (strcmp(stage->bank->bugs[i].name, name) == 0) {
            return &stage->bank->bugs[i];
        }
    }
    return NULL;
}

static void
read_own_tests(struct stage_result *result, const json_t *own)
{
    const json_t *const tests = json_object_get(own, "tests"), *json;
    size_t i;
    result->own_tests_submitted = truth_at(own, "submitted");
    result->own_tests_trouble = copy_at(own, "trouble");
    result->own_tests = make_room(tests, sizeof *result->own_tests);
    json_array_foreach(tests, i, json)
    {
        result->own_tests[result->own_test_count++] = (struct own_test){
            .name = xstrdup(text_at(json, "name")),
            .on_own_module = verdict_of_name(text_at(json, "on_own_module")),
            .message = copy_at(json, "message"),
            .valid = truth_at(json, "valid"),
            .rejects = copy_at(json, "rejects"),
            .caught = count_at(json, "caught"),
        };
    }
}

/* The record names the bugs that were caught, and says of how many. */
static void
read_bugs(struct reading *reading, struct stage_result *result,
          const struct record_stage *stage, const json_t *bugs)
{
    const size_t all = count_at(json_object_get(bugs, "must"), "all") +
                       count_at(json_object_get(bugs, "bonus"), "all");
    const json_t *json;
    size_t i;
    if (all == 0) {
        return;
    }
    if (all != stage->bank->bug_count) {
        amiss(reading, "such bank of", stage->stage->name);
        return;
    }
    result->bugs = xcalloc(all, sizeof *result->bugs);
    result->bug_count = all;
    for (size_t bug = 0; bug < all; bug++) {
        result->bugs[bug].bug = &stage->bank->bugs[bug];
    }
    json_array_foreach(json_object_get(bugs, "list"), i, json)
    {
        const struct bug *const bug = bug_of(stage, text_at(json, "name"));
        if (bug == NULL) {
            amiss(reading, "bug", text_at(json, "name"));
        } else {
            struct bug_result *const one =
                &result->bugs[bug - stage->bank->bugs];
            one->caught = truth_at(json, "caught");
            one->by = copy_at(json, "by");
        }
    }
}

static void
read_diagnosis(struct reading *reading, struct stage_result *result,
               const struct record_stage *stage, const json_t *diagnosis)
{
    const json_t *json;
    size_t i;
    result->diagnosis = make_room(diagnosis, sizeof *result->diagnosis);
    json_array_foreach(diagnosis, i, json)
    {
        const struct bug *const bug = bug_of(stage, text_at(json, "bug"));
        if (bug == NULL) {
            amiss(reading, "bug", text_at(json, "bug"));
        } else {
            result->diagnosis[result->diagnosis_count++] = bug;
        }
    }
}

/* ---- What else a stage has ----------------------------------------------- */

static void
read_findings(struct stage_result *result, const json_t *findings)
{
    const json_t *json;
    size_t i;
    result->findings = make_room(findings, sizeof *result->findings);
    json_array_foreach(findings, i, json)
    {
        result->findings[result->finding_count++] = (struct finding){
            .line = (unsigned)count_at(json, "line"),
            .rule = xstrdup(text_at(json, "rule")),
            .message = xstrdup(text_at(json, "message")),
        };
    }
}

static void
read_coverage(struct coverage *coverage, const json_t *json)
{
    coverage->measured = json_is_object(json);
    coverage->lines = (unsigned)count_at(json, "lines");
    coverage->lines_covered = (unsigned)count_at(json, "lines_covered");
    coverage->branches = (unsigned)count_at(json, "branches");
    coverage->branches_covered = (unsigned)count_at(json, "branches_covered");
    coverage->missed = copy_at(json, "missed");
}

static struct cost
figures_of(const json_t *json)
{
    return (struct cost){
        .payload_bytes = count_at(json, "payload_bytes"),
        .footprint_bytes = count_at(json, "footprint_bytes"),
        .instructions = count_at(json, "instructions"),
    };
}

static void
read_cost(struct cost_result *cost, const json_t *json)
{
    cost->asked = json_is_object(json);
    cost->trouble = copy_at(json, "trouble");
    cost->reference = figures_of(json_object_get(json, "reference"));
    cost->own = figures_of(json_object_get(json, "own"));
}

static struct stage_score
score_of(const json_t *json)
{
    return (struct stage_score){
        .tests = points_at(json, "tests"),
        .memory = points_at(json, "memory"),
        .bugs = points_at(json, "bugs"),
        .coverage = points_at(json, "coverage"),
        .must = points_at(json, "must"),
        .bonus = points_at(json, "bonus"),
        .space = points_at(json, "space"),
        .instructions = points_at(json, "instructions"),
    };
}

static bool
read_status(struct stage_result *result, const char *name)
{
    for (int i = STAGE_NOT_SUBMITTED; i <= STAGE_UNGRADED; i++) {
        if (strcmp(stage_status_name((enum stage_status)i), name) == 0) {
            result->status = (enum stage_status)i;
            return true;
        }
    }
    return false;
}

static void
read_stage(struct reading *reading, struct stage_result *result,
           const struct record_stage *stage, const json_t *json)
{
    result->stage = stage->stage;
    if (!read_status(result, text_at(json, "status"))) {
        amiss(reading, "status", text_at(json, "status"));
    }
    result->score = score_of(json_object_get(json, "score"));
    result->warnings = copy_at(json, "warnings");
    read_findings(result, json_object_get(json, "findings"));
    read_tests(reading, result, stage, json_object_get(json, "tests"));
    read_own_tests(result, json_object_get(json, "own_tests"));
    read_bugs(reading, result, stage, json_object_get(json, "bugs"));
    read_coverage(&result->coverage, json_object_get(json, "coverage"));
    read_cost(&result->cost, json_object_get(json, "cost"));
    read_diagnosis(reading, result, stage, json_object_get(json, "diagnosis"));
}

/* ---- The whole ----------------------------------------------------------- */

static const struct record_stage *
stage_of(const struct record_kit *kit, const char *name)
{
    for (size_t i = 0; i < kit->count; i++) {
        if (strcmp(kit->stages[i].stage->name, name) == 0) {
            return &kit->stages[i];
        }
    }
    return NULL;
}

static void
read_stages(struct reading *reading, struct result *result, const json_t *json)
{
    const json_t *const stages = json_object_get(json, "stages"), *one;
    size_t i;
    result->stages = make_room(stages, sizeof *result->stages);
    json_array_foreach(stages, i, one)
    {
        const struct record_stage *const stage =
            stage_of(reading->kit, text_at(one, "name"));
        if (stage == NULL) {
            amiss(reading, "stage", text_at(one, "name"));
        } else {
            read_stage(reading, &result->stages[result->stage_count++], stage,
                       one);
        }
    }
}

static void
read_intake(struct result *result, const json_t *intake)
{
    const json_t *const ignored = json_object_get(intake, "ignored"), *json;
    size_t i;
    result->intake_trouble = copy_at(intake, "trouble");
    result->ignored = make_room(ignored, sizeof *result->ignored);
    json_array_foreach(ignored, i, json)
    {
        result->ignored[result->ignored_count++] = (struct ignored_file){
            .name = xstrdup(text_at(json, "name")),
            .why = xstrdup(text_at(json, "why")),
        };
    }
}

static void
read_strings(char ***list, size_t *count, const json_t *array)
{
    const json_t *text;
    size_t i;
    *list = make_room(array, sizeof **list);
    json_array_foreach(array, i, text)
    {
        const char *const value = json_string_value(text);
        (*list)[(*count)++] = xstrdup(value != NULL ? value : "");
    }
}

static void
read_trouble(struct result *result, const json_t *trouble)
{
    const json_t *json;
    size_t i;
    json_array_foreach(trouble, i, json)
    {
        for (size_t s = 0; s < result->stage_count; s++) {
            struct stage_result *const stage = &result->stages[s];
            if (strcmp(stage->stage->name, text_at(json, "stage")) == 0 &&
                stage->trouble == NULL) {
                stage->trouble = xstrdup(text_at(json, "message"));
            }
        }
    }
}

struct result *
record_read(const json_t *json, const struct record_kit *kit, char **why)
{
    struct reading reading = {.kit = kit};
    uint64_t seed = 0;
    if (strcmp(text_at(json, "schema"), "vmlab.result/1") != 0 ||
        !text_read_number(text_at(json, "seed"), &seed)) {
        *why = xstrdup("this is no record (vmlab.result/1)");
        return NULL;
    }
    struct result *const result =
        result_create(text_at(json, "submission"), seed);
    free(result->digest);
    result->digest = xstrdup(text_at(json, "digest"));
    read_strings(&result->sandbox, &result->sandbox_count,
                 json_object_get(json, "sandbox"));
    read_strings(&result->uncovered, &result->uncovered_count,
                 json_object_get(json, "weak_sandbox"));
    read_intake(result, json_object_get(json, "intake"));
    read_stages(&reading, result, json);
    read_trouble(result, json_object_get(json, "trouble"));
    *why = reading.why;
    if (reading.why != NULL) {
        result_free(result);
        return NULL;
    }
    return result;
}
