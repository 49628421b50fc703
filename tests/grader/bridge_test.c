/*
 * bridge_test.c - the bridge against a module that misbehaves in every way:
 * each test of the toy's judge (tests/toy/public.c) must get the verdict that
 * its name begins with, plainly and under valgrind's eyes.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "judging.h"
#include "text.h"

static char work[] = "build/tests/work-bridge-XXXXXX";

/* The toy has no rubric: one is made from the names of its tests. */
static struct rubric *
toy_rubric(void)
{
    struct rubric *const rubric = xcalloc(1, sizeof *rubric);
    size_t bytes;
    char *const source =
        text_read_file("tests/toy/public.c", 1 << 20, &bytes);
    cr_assert(source != NULL, "run the tests in the kit's folder");
    rubric->tests = xcalloc(100, sizeof *rubric->tests);
    for (char *line = strtok(source, "\n"); line != NULL;
         line = strtok(NULL, "\n")) {
        char id[100];
        if ((sscanf(line, "Test(public, %99[a-z_])", id) == 1 ||
             sscanf(line, "SIN(%99[a-z_],", id) == 1) &&
            strcmp(id, "name") != 0) {
            rubric->tests[rubric->test_count].id = xstrdup(id);
            rubric->tests[rubric->test_count].suite = SUITE_PUBLIC;
            rubric->test_count++;
        }
    }
    free(source);
    return rubric;
}

static const char *
expected_verdict(const char *id)
{
    static const char *const verdicts[][2] = {
        {"passed_", "passed"},       {"failed_", "failed"},
        {"crashed_", "crashed"},     {"exited_", "exited early"},
        {"timed_out_", "timed out"}, {"forbidden_", "forbidden call"},
        {"out_of_memory", "out of memory"},
        {"not_implemented_", "not implemented"},
    };
    for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
        if (strncmp(id, verdicts[i][0], strlen(verdicts[i][0])) == 0) {
            return verdicts[i][1];
        }
    }
    return "?";
}

static struct judged *
judge_toy(bool unlimited_memory)
{
    const struct stage limits = {.cpu_ms = 300, .memory_mib = 128};
    const struct subject_request subject = {
        .argv = (char *[]){"build/kit/toy/modules/reference", NULL},
        .filtered = true,
        .filter = INNER_SUBJECT,
    };
    cr_assert(mkdtemp(work) != NULL);
    const struct judging judging = {
        .judge = "build/kit/toy/judge",
        .subject = &subject,
        .rubric = toy_rubric(),
        .stage = &limits,
        .seed = 7,
        .unlimited_memory = unlimited_memory,
        .work = work,
        .jobs = 2,
    };
    struct judged *const judged = judging_run(&judging);
    rmdir(work);
    return judged;
}

Test(bridge, every_misdeed_gets_its_verdict, .timeout = 120)
{
    const struct judged *const judged = judge_toy(false);
    cr_expect(judged->trouble == NULL, "%s", judged->trouble);
    cr_assert(judged->count > 30, "only %zu tests", judged->count);
    for (size_t i = 0; i < judged->count; i++) {
        const struct test_result *const test = &judged->tests[i].result;
        cr_expect(strcmp(verdict_name(test->verdict),
                         expected_verdict(test->rubric->id)) == 0,
                  "%s: %s after %.1f ms (%s)", test->rubric->id,
                  verdict_name(test->verdict), test->cpu_ms,
                  test->message != NULL ? test->message : "");
    }
}

static const struct test_result *
result_of(const struct judged *judged, const char *id)
{
    for (size_t i = 0; i < judged->count; i++) {
        if (strcmp(judged->tests[i].result.rubric->id, id) == 0) {
            return &judged->tests[i].result;
        }
    }
    cr_assert_fail("no test %s", id);
    abort();
}

static void
says(const struct judged *judged, const char *id, const char *words)
{
    const struct test_result *const test = result_of(judged, id);
    cr_expect(test->message != NULL && strstr(test->message, words) != NULL,
              "%s says: %s", id, test->message);
}

Test(bridge, messages_name_the_call_and_the_cause, .timeout = 120)
{
    const struct judged *const judged = judge_toy(false);
    says(judged, "crashed_null_write", "toy_sin crashed: Segmentation fault");
    says(judged, "crashed_null_write", "NULL pointer");
    says(judged, "crashed_wild_read", "0x123456789000");
    says(judged, "crashed_abort", "toy_sin called abort");
    says(judged, "exited_early", "toy_sin ended the program (exit status 0)");
    says(judged, "exited_early_as_if_by_the_bridge", "exit status 100");
    says(judged, "timed_out_spin", "endless loop");
    says(judged, "forbidden_call", "getppid");
    says(judged, "failed_local_variable_is_not_in_the_arena",
         "arena_object(struct toy_pair)");
    says(judged, "failed_write_behind_an_object", "object 1");
    says(judged, "failed_false_token", "never given");
    says(judged, "not_implemented_status", "toy_missing is not implemented");

    const struct test_result *const wrong =
        result_of(judged, "failed_wrong_value");
    cr_expect_str_eq(wrong->expected, "TOY_BAD");
    cr_expect_str_eq(wrong->got, "TOY_OK");
    cr_expect_str_eq(wrong->context, "round 3");
    cr_expect_str_eq(wrong->output, "line 0\n");
    cr_expect(strstr(wrong->call, "toy_swap(pair)") != NULL, "%s",
              wrong->call);
    cr_expect(strstr(wrong->trace, "toy_swap(&toy_pair) = TOY_OK") !=
                  NULL,
              "%s", wrong->trace);
}
