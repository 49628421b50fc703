/*
 * submissions_test.c - grades the sample submissions as an instructor does, and
 * compares what comes out with tests/submissions/expected.yaml, which its
 * README explains.
 *
 * Run from the top of the kit, after build/vmgrade and the kit were made.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "process.h"
#include "text.h"

#define COURSE   "tests/submissions/course/"
#define EXPECTED "tests/submissions/expected.yaml"
#define BEGINS   "- {submission: \""

/* ---- The line of a record ------------------------------------------------ */

static const char *
text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text == NULL ? "" : text;
}

static double
got_at(const json_t *score, const char *key)
{
    return json_number_value(
        json_object_get(json_object_get(score, key), "got"));
}

static json_int_t
integer_at(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static void
append(char **line, char *more)
{
    char *joined = text_format("%s%s", *line, more);

    free(*line);
    free(more);
    *line = joined;
}

static void
append_trouble(char **line, const json_t *intake)
{
    const char *trouble = text_at(intake, "trouble");

    if (trouble[0] == '\0')
        append(line, xstrdup(", trouble: ~"));
    else
        append(line, text_format(", trouble: \"%.*s\"",
                                 (int)strcspn(trouble, "."), trouble));
    append(line,
           text_format(", ignored: %zu",
                       json_array_size(json_object_get(intake, "ignored"))));
}

/* In the order of enum verdict, so that lines are comparable. */
static void
append_tests(char **line, const json_t *tests)
{
    static const char *const verdicts[] = {
        "ungraded",     "passed",         "failed",
        "crashed",      "timed out",      "out of memory",
        "exited early", "forbidden call", "not implemented",
    };
    const char *separator = "";
    size_t clean = 0, i;
    json_t *test;

    append(line, xstrdup(", verdicts: {"));
    for (size_t v = 0; v < sizeof verdicts / sizeof verdicts[0]; v++) {
        size_t count = 0;

        json_array_foreach(tests, i, test) count +=
            strcmp(text_at(test, "verdict"), verdicts[v]) == 0;
        if (count > 0) {
            append(line,
                   text_format("%s%s: %zu", separator, verdicts[v], count));
            separator = ", ";
        }
    }
    json_array_foreach(tests, i, test) clean +=
        json_is_true(json_object_get(json_object_get(test, "memory"), "clean"));
    append(line, text_format("}, clean: %zu", clean));
}

static void
append_own_tests(char **line, const json_t *stage)
{
    const json_t *bugs = json_object_get(stage, "bugs");
    const json_t *coverage = json_object_get(stage, "coverage");
    const json_t *tests =
        json_object_get(json_object_get(stage, "own_tests"), "tests");
    size_t valid = 0, i;
    json_t *test;

    json_array_foreach(tests, i, test) valid +=
        json_is_true(json_object_get(test, "valid"));
    append(line, text_format(", own: %zu/%zu", valid, json_array_size(tests)));
    append(
        line,
        text_format(", bugs: [%d, %d]",
                    (int)integer_at(json_object_get(bugs, "must"), "caught"),
                    (int)integer_at(json_object_get(bugs, "bonus"), "caught")));
    if (!json_is_object(coverage))
        append(line, xstrdup(", coverage: ~"));
    else
        append(line, text_format(", coverage: [%d/%d, %d/%d]",
                                 (int)integer_at(coverage, "lines_covered"),
                                 (int)integer_at(coverage, "lines"),
                                 (int)integer_at(coverage, "branches_covered"),
                                 (int)integer_at(coverage, "branches")));
}

static void
append_score(char **line, const json_t *stage)
{
    const json_t *score = json_object_get(stage, "score"), *bug;
    const char *separator = "";
    size_t i;

    append(line, text_format(", must: %.2f, bonus: %.2f, diagnosis: [",
                             got_at(score, "must"), got_at(score, "bonus")));
    json_array_foreach(json_object_get(stage, "diagnosis"), i, bug)
    {
        append(line, text_format("%s%s", separator, text_at(bug, "bug")));
        separator = ", ";
    }
    append(line, xstrdup("]}"));
}

static char *
line_of(const char *submission, const json_t *record)
{
    const json_t *stages = json_object_get(record, "stages"), *stage = NULL;
    char *line = text_format(BEGINS "%s\"", submission);
    json_t *each;
    size_t i;

    json_array_foreach(stages, i,
                       each) if (strcmp(text_at(each, "name"), "segment") == 0)
        stage = each;
    append_trouble(&line, json_object_get(record, "intake"));
    append(&line, text_format(", status: %s", text_at(stage, "status")));
    append_tests(&line, json_object_get(stage, "tests"));
    append_own_tests(&line, stage);
    append_score(&line, stage);
    return line;
}

/* ---- Grading ------------------------------------------------------------- */

/* Grades one submission as an instructor would, and returns its record. */
static json_t *
grade(const char *submission)
{
    char *path = text_format(COURSE "%s", submission);
    char folder[] = "/tmp/submissions.XXXXXX";
    char *file, *environment[] = {text_format("PATH=%s", getenv("PATH")), NULL};
    struct process_result result;
    json_error_t error;
    json_t *record;

    cr_assert_not_null(mkdtemp(folder));
    file = text_format("%s/record.json", folder);
    result = process_run(&(struct process){
        .argv = (char *[]){"build/vmgrade", "grade", "--scoreboard", "--quiet",
                           "--stage=segment", "--json", file, path, NULL},
        .environment = environment,
        .standard_input = -1,
        .wall_ms = 300000,
        .output_limit = 4096,
    });
    record = json_load_file(file, 0, &error);
    /* What holds nothing to grade has a status of its own, and a record. */
    const char *const status = json_string_value(json_object_get(
        json_array_get(json_object_get(record, "stages"), 0), "status"));
    const bool empty = status != NULL && strcmp(status, "not submitted") == 0;
    cr_assert(record != NULL && result.end == PROCESS_EXITED &&
                  result.code == (empty ? EX_DATAERR : 0),
              "%s: vmgrade ended with %d and this:\n%s", submission,
              result.code, result.output);
    unlink(file);
    rmdir(folder);
    process_result_free(&result);
    free(environment[0]);
    free(file);
    free(path);
    return record;
}

/* ---- The comparison ------------------------------------------------------ */

enum { MOST = 32, LINE = 512 };
static char (*lines)[LINE];

ParameterizedTestParameters(submissions, each_gets_what_its_line_says)
{
    FILE *file = fopen(EXPECTED, "re");
    size_t count = 0;

    lines = cr_malloc(sizeof *lines * MOST);
    while (file != NULL && count < MOST &&
           fgets(lines[count], sizeof *lines, file) != NULL)
        count += strncmp(lines[count], BEGINS, strlen(BEGINS)) == 0;
    if (file != NULL)
        fclose(file);
    return cr_make_param_array(char[LINE], lines, count, NULL);
}

ParameterizedTest(char (*expected)[LINE], submissions,
                  each_gets_what_its_line_says, .timeout = 600)
{
    char *name = xstrdup(*expected + strlen(BEGINS)), *line;
    json_t *record;

    (*expected)[strcspn(*expected, "\n")] = '\0';
    name[strcspn(name, "\"")] = '\0';
    record = grade(name);
    line = line_of(name, record);
    cr_assert_str_eq(line, *expected, "now:\n%s\nexpected:\n%s", line,
                     *expected);
    json_decref(record);
    free(line);
    free(name);
}

/* A file that cannot be read would else be a table without lines. */
Test(submissions, every_submission_has_a_line)
{
    size_t length;
    char *table = text_read_file(EXPECTED, 1 << 20, &length);
    struct process_result listing = process_run(&(struct process){
        .argv = (char *[]){"ls", COURSE, NULL},
        .environment = (char *[]){"PATH=/usr/bin:/bin", "LC_ALL=C", NULL},
        .standard_input = -1,
        .wall_ms = 10000,
        .output_limit = 4096,
    });
    const char *at = table;

    cr_assert_not_null(table);
    cr_assert_eq(listing.code, 0);
    for (char *name = strtok(listing.output, "\n"); name != NULL;
         name = strtok(NULL, "\n")) {
        char *begins = text_format("\n" BEGINS "%s\"", name);

        at = strstr(at, begins);
        cr_assert_not_null(at, "no line for %s, or not in order", name);
        free(begins);
        at++;
    }
    cr_assert_null(strstr(at + 1, "\n" BEGINS), "a line without a submission");
    process_result_free(&listing);
    free(table);
}
