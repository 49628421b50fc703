/*
 * record_test.c - a record that is read back is rendered as it was before.
 */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "json.h"
#include "record.h"
#include "sample.h"
#include "scoreboard.h"
#include "terminal.h"

static struct sample sample;
static struct report_options options;
static struct record_stage stages[2];
static struct record_kit kit = {stages, 2};

static void
begin(void)
{
    sample = make_sample();
    options = sample_options();
    options.hidden = SHOW_EVERYTHING;
    for (size_t i = 0; i < 2; i++) {
        stages[i] = (struct record_stage){
            &sample.catalogue->stages[i],
            sample.rubric,
            sample.bank,
        };
    }
}

static void
end(void)
{
    free_sample(&sample);
}

TestSuite(record, .init = begin, .fini = end, .timeout = 30);

static char *
report_of(const struct result *result)
{
    char *text;
    size_t length;
    FILE *const out = open_memstream(&text, &length);
    terminal_report(out, result, &options);
    scoreboard_lines(out, result, &options);
    fclose(out);
    return text;
}

static json_t *
json_of(const struct result *result)
{
    char *const text = result_to_json(result, &options);
    json_t *const json = json_loads(text, 0, NULL);
    cr_assert_not_null(json);
    free(text);
    return json;
}

/* Whatever is shown, the record and what it came from look the same. */
static void
expect_same_reports(void)
{
    json_t *const json = json_of(sample.result);
    char *why;
    struct result *const back = record_read(json, &kit, &why);
    cr_assert_not_null(back, "%s", why);
    for (int shown = SHOW_NOTHING; shown <= SHOW_EVERYTHING; shown++) {
        options.hidden = (enum visibility)shown;
        char *const before = report_of(sample.result);
        char *const after = report_of(back);
        cr_expect_str_eq(before, after, "before:\n%s\nafter:\n%s", before,
                         after);
        free(before);
        free(after);
    }
    options.hidden = SHOW_EVERYTHING;
    result_free(back);
    json_decref(json);
}

Test(record, report_of_the_sample_comes_back)
{
    expect_same_reports();
}

Test(record, uncaught_bugs_come_back)
{
    options.uncaught_bugs = true;
    expect_same_reports();
}

Test(record, weak_sandbox_comes_back)
{
    sample.result->uncovered = xcalloc(2, sizeof(char *));
    sample.result->uncovered[0] = xstrdup("read files");
    sample.result->uncovered_count = 1;
    char *const report = report_of(sample.result);
    cr_assert(strstr(report, "read files") != NULL);
    free(report);
    expect_same_reports();
}

Test(record, every_verdict_comes_back)
{
    for (int verdict = VERDICT_NONE; verdict < VERDICT_COUNT; verdict++) {
        sample.segment->tests[LAST_BYTE].verdict = (enum verdict)verdict;
        expect_same_reports();
    }
}

Test(record, every_status_comes_back)
{
    struct stage_result *const other = &sample.result->stages[1];
    other->findings = xcalloc(1, sizeof *other->findings);
    other->findings[0] =
        (struct finding){7, xstrdup("asm"), xstrdup("asm is not available")};
    other->finding_count = 1;
    for (int status = STAGE_NOT_SUBMITTED; status <= STAGE_UNGRADED; status++) {
        other->status = (enum stage_status)status;
        free(other->trouble);
        other->trouble = status == STAGE_UNGRADED ? xstrdup("no zygote") : NULL;
        expect_same_reports();
    }
}

/* ---- Records that this kit cannot read ------------------------------------- */

static void
expect_refused(json_t *json, const char *words)
{
    char *why = NULL;
    cr_expect_null(record_read(json, &kit, &why));
    cr_assert_not_null(why);
    cr_expect(strstr(why, words) != NULL, "%s", why);
    json_decref(json);
}

Test(record, test_that_the_kit_does_not_have_is_told)
{
    json_t *const json = json_of(sample.result);
    json_t *const test = json_array_get(
        json_object_get(json_array_get(json_object_get(json, "stages"), 0),
                        "tests"),
        0);
    json_object_set_new(test, "id", json_string("other"));
    expect_refused(json, "no test 'other'");
}

Test(record, bank_of_another_size_is_told)
{
    json_t *const json = json_of(sample.result);
    json_t *const must = json_object_get(
        json_object_get(json_array_get(json_object_get(json, "stages"), 0),
                        "bugs"),
        "must");
    json_object_set_new(must, "all", json_integer(77));
    expect_refused(json, "no such bank");
}

Test(record, what_is_no_record_is_told)
{
    expect_refused(json_object(), "no record");
    expect_refused(
        json_pack("{s:s, s:s}", "schema", "vmlab.result/2", "seed", "1"),
        "no record");
}
