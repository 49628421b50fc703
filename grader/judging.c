/*
 * judging.c - see judging.h.  A judge that dies, or a test without a record,
 * is repeated once, with the missing tests alone.
 */
#include "judging.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "die.h"
#include "text.h"

enum {
    RECORDS_LIMIT = 256 << 20,
    JUDGE_OUTPUT_KEPT = 1 << 16,
    WALL_FACTOR = 20, /* wall time of a test, in its processor time           */
    PATIENT_FACTOR = 4, /* the same under valgrind, whose time is ample       */
    LEAST_WALL_MS = 20000,
    MOST_WALL_MS = 90000, /* else Criterion ends the test (vmlab_test.h)      */
    JUDGE_WALL_MS = 30 * 60 * 1000,
};

/* ---- What is asked of the judge ------------------------------------------ */

static bool
is_asked(const struct judging *judging, unsigned number)
{
    const struct rubric_test *const test = &judging->rubric->tests[number];
    return (judging->chosen == NULL || judging->chosen[number]) &&
           (judging->only == NULL || strcmp(test->id, judging->only) == 0) &&
           (!judging->public_only || test->suite == SUITE_PUBLIC);
}

/* Writes the names of the tests that are asked for and have no verdict yet into
 * a file that the judge reads; returns its path. */
static char *
list_tests(const struct judging *judging, const struct judged *judged)
{
    char *const path = text_format("%s/tests", judging->work);
    FILE *const list = fopen(path, "we");
    if (list == NULL) {
        die(EX_CANTCREAT, "cannot write in the work folder, %s:", path);
    }
    for (size_t i = 0; i < judged->count; i++) {
        const struct judged_test *const test = &judged->tests[i];
        if (test->asked && test->result.verdict == VERDICT_NONE) {
            const struct rubric_test *const of = &judging->rubric->tests[i];
            fprintf(list, "%s/%s\n", suite_name(of->suite), of->id);
        }
    }
    if (fclose(list) != 0) {
        die(EX_IOERR, "cannot write %s:", path);
    }
    return path;
}

static void
run_judge(const struct judging *judging, const struct judged *judged,
          const char *records)
{
    const unsigned patience = judging->patience != 0 ? judging->patience : 1;
    const unsigned cpu_ms = judging->stage->cpu_ms * patience;
    const unsigned factor = patience > 1 ? PATIENT_FACTOR : WALL_FACTOR;
    const unsigned wished_ms =
        cpu_ms * factor > LEAST_WALL_MS ? cpu_ms * factor : LEAST_WALL_MS;
    const unsigned wall_ms =
        wished_ms < MOST_WALL_MS ? wished_ms : MOST_WALL_MS;
    struct strings environment = {0};
    struct strings argv = {0};
    char *const tests = list_tests(judging, judged);
    strings_addf(&environment, "VMLAB_TESTS=%s", tests);
    strings_addf(&environment, "VMLAB_RECORDS=%s", records);
    strings_addf(&environment, "VMLAB_SEED=%llu",
                 (unsigned long long)judging->seed);
    strings_addf(&environment, "VMLAB_CPU_MS=%u", cpu_ms);
    strings_addf(&environment, "VMLAB_WALL_MS=%u", wall_ms);
    strings_addf(&environment, "VMLAB_MEMORY_MIB=%u",
                 judging->unlimited_memory ? 0 : judging->stage->memory_mib);
    strings_addf(&environment, "VMLAB_DIRECT=%d", judging->direct);
    strings_addf(&environment, "PATH=/usr/bin:/bin");
    strings_addf(&environment, "TMPDIR=%s", judging->work);
    if (getenv("VMLAB_EVENTS") != NULL) {
        strings_addf(&environment, "VMLAB_EVENTS=%s", getenv("VMLAB_EVENTS"));
    }
    strings_add(&argv, judging->judge);
    strings_addf(&argv, "-j%u", judging->jobs != 0 ? judging->jobs : 1);
    strings_addf(&argv, "--quiet");

    struct subject subject = subject_start(judging->subject);
    const struct process process = {
        .argv = argv.item,
        .environment = environment.item,
        .standard_input = subject.control,
        /* Shared memory with which Criterion starts a worker. */
        .leavings = "/dev/shm/bxfi_",
        .wall_ms = JUDGE_WALL_MS,
        .output_limit = JUDGE_OUTPUT_KEPT,
    };
    struct process_result result = process_run(&process);
    if (result.end == PROCESS_NOT_FOUND) {
        errno = result.code;
        die(EX_UNAVAILABLE, "cannot run the judge %s (make builds it):",
            judging->judge);
    }
    if (getenv("VMLAB_VERBOSE") != NULL) {
        char said[4096];
        const ssize_t bytes =
            pread(subject.output, said, sizeof said - 1, 0);
        said[bytes > 0 ? bytes : 0] = '\0';
        warn_user("judge: %s", result.output);
        warn_user("module's process: %s", said);
    }
    process_result_free(&result);
    subject_stop(&subject);
    strings_free(&argv);
    strings_free(&environment);
    unlink(tests);
    free(tests);
}

/* ---- What it left -------------------------------------------------------- */

static char *
text_of(const json_t *record, const char *key)
{
    const char *const text = json_string_value(json_object_get(record, key));
    return text != NULL ? xstrdup(text) : NULL;
}

/* "suite/test" to the rubric's entry. */
static struct judged_test *
test_of(const struct judging *judging, struct judged *judged,
        const json_t *record)
{
    const char *const name =
        json_string_value(json_object_get(record, "test"));
    const char *const slash = name != NULL ? strchr(name, '/') : NULL;
    if (slash == NULL) {
        return NULL;
    }
    const struct rubric_test *const test =
        rubric_find(judging->rubric, slash + 1);
    return test != NULL ? &judged->tests[test - judging->rubric->tests] : NULL;
}

static void
take_trouble(struct judged *judged, char *trouble)
{
    if (judged->trouble == NULL) {
        judged->trouble = trouble;
    } else {
        free(trouble);
    }
}

static void
take_test_record(struct judged_test *test, const json_t *record)
{
    struct test_result *const result = &test->result;
    const char *const verdict =
        json_string_value(json_object_get(record, "verdict"));
    if (verdict == NULL || result->verdict != VERDICT_NONE) {
        return;
    }
    result->verdict = verdict_of_name(verdict);
    result->call = text_of(record, "call");
    result->expected = text_of(record, "expected");
    result->got = text_of(record, "got");
    result->message = text_of(record, "message");
    result->context = text_of(record, "context");
    result->trace = text_of(record, "trace");
    result->output = text_of(record, "output");
    result->where = text_of(record, "where");
    char *const seed = text_of(record, "seed");
    result->seed = seed != NULL ? strtoull(seed, NULL, 10) : 0;
    free(seed);
    result->cpu_ms = json_number_value(json_object_get(record, "cpu_ms"));
    result->child = (int)json_integer_value(json_object_get(record, "child"));
    test->used = json_is_true(json_object_get(record, "used"));

    size_t index;
    json_t *call;
    json_array_foreach(json_object_get(record, "memcheck"), index, call) {
        if (test->memcheck_call == NULL) {
            test->memcheck_call = text_of(call, "call");
        }
        test->memcheck_errors +=
            (unsigned)json_integer_value(json_object_get(call, "errors"));
    }
}

static void
take_record(const struct judging *judging, struct judged *judged,
            const json_t *record)
{
    const char *const kind =
        json_string_value(json_object_get(record, "kind"));
    struct judged_test *const test = test_of(judging, judged, record);
    if (kind == NULL || test == NULL || !test->asked) {
        return;
    }
    if (strcmp(kind, "test") == 0) {
        take_test_record(test, record);
    } else if (strcmp(kind, "trouble") == 0) {
        const char *const message =
            json_string_value(json_object_get(record, "message"));
        take_trouble(judged, text_format("%s: %s", test->result.rubric->id,
                                         message != NULL ? message : "?"));
    } else if (strcmp(kind, "criterion") == 0) {
        const char *const status =
            json_string_value(json_object_get(record, "status"));
        if (test->result.verdict == VERDICT_PASSED && status != NULL &&
            strcmp(status, "passed") != 0) {
            test->result.verdict = VERDICT_NONE;
            take_trouble(judged,
                         text_format("%s: Criterion and the record of the test "
                                     "disagree",
                                     test->result.rubric->id));
        }
    }
}

static void
read_records(const struct judging *judging, struct judged *judged,
             const char *path)
{
    size_t bytes;
    char *const text = text_read_file(path, RECORDS_LIMIT, &bytes);
    if (text == NULL) {
        die(EX_IOERR, "cannot read the records of the judge, %s:", path);
    }
    char *rest = text;
    for (char *line = strsep(&rest, "\n"); line != NULL;
         line = strsep(&rest, "\n")) {
        json_t *const record = json_loads(line, 0, NULL);
        if (record != NULL) {
            take_record(judging, judged, record);
            json_decref(record);
        }
    }
    free(text);
}

static bool
anything_missing(const struct judged *judged)
{
    for (size_t i = 0; i < judged->count; i++) {
        if (judged->tests[i].asked &&
            judged->tests[i].result.verdict == VERDICT_NONE) {
            return true;
        }
    }
    return false;
}

struct judged *
judging_run(const struct judging *judging)
{
    struct judged *const judged = xcalloc(1, sizeof *judged);
    judged->count = judging->rubric->test_count;
    judged->tests = xcalloc(judged->count, sizeof *judged->tests);
    for (unsigned i = 0; i < judged->count; i++) {
        judged->tests[i].asked = is_asked(judging, i);
        judged->tests[i].result.rubric = &judging->rubric->tests[i];
    }
    for (int round = 0; round < 2 && anything_missing(judged); round++) {
        char *const records =
            text_format("%s/records-%d.jsonl", judging->work, round);
        const int file = open(records, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                              0600);
        if (file < 0) {
            die(EX_CANTCREAT, "cannot write in the work folder, %s:", records);
        }
        close(file);
        run_judge(judging, judged, records);
        read_records(judging, judged, records);
        unlink(records);
        free(records);
    }
    if (anything_missing(judged)) {
        take_trouble(judged,
                     xstrdup("the judge ended without a record of every test"));
    } else {
        free(judged->trouble); /* the second try has settled it */
        judged->trouble = NULL;
    }
    return judged;
}

static void
free_test(struct test_result *test)
{
    char *const texts[] = {test->call,  test->expected, test->got,
                           test->message, test->context, test->trace,
                           test->output, test->where};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        free(texts[i]);
    }
}

void
judged_free(struct judged *judged)
{
    for (size_t i = 0; i < judged->count; i++) {
        free_test(&judged->tests[i].result);
        free(judged->tests[i].memcheck_call);
    }
    free(judged->tests);
    free(judged->trouble);
    free(judged);
}
