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
#include "memory.h"
#include "text.h"

static char work[] = "build/tests/work-bridge-XXXXXX";

/* The toy has no rubric: one is made from the names of its tests. */
static struct rubric *
toy_rubric(void)
{
    struct rubric *const rubric = xcalloc(1, sizeof *rubric);
    size_t bytes;
    char *const source = text_read_file("tests/toy/public.c", 1 << 20, &bytes);
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
        {"passed_", "passed"},
        {"failed_", "failed"},
        {"crashed_", "crashed"},
        {"exited_", "exited early"},
        {"timed_out_", "timed out"},
        {"forbidden_", "forbidden call"},
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

static const struct subject_request plain = {
    .argv = (char *[]){"build/kit/toy/modules/reference", NULL},
    .filtered = true,
    .filter = INNER_SUBJECT,
};

/* With the judge of that path; `only` names one test, or is NULL. */
static struct judged *
judge_with(const char *judge, const struct subject_request *subject,
           const char *only)
{
    const struct stage limits = {.cpu_ms = 300, .memory_mib = 128};
    cr_assert(mkdtemp(work) != NULL);
    const struct judging judging = {
        .judge = judge,
        .subject = subject,
        .rubric = toy_rubric(),
        .stage = &limits,
        .seed = 7,
        .only = only,
        .work = work,
        .jobs = 2,
    };
    struct judged *const judged = judging_run(&judging);
    rmdir(work);
    return judged;
}

static struct judged *
judge_toy(void)
{
    return judge_with("build/kit/toy/judge", &plain, NULL);
}

Test(bridge, every_misdeed_gets_its_verdict, .timeout = 120)
{
    const struct judged *const judged = judge_toy();
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
    const struct judged *const judged = judge_toy();
    says(judged, "crashed_null_write", "toy_sin crashed: Segmentation fault");
    says(judged, "crashed_null_write", "NULL pointer");
    says(judged, "failed_use_of_a_destroyed_thing",
         "destroyed the struct toy_thing * that the test goes on with in "
         "toy_thing_value");
    says(judged, "failed_destroyed_thing_is_handed_over", "in toy_break");
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
    cr_expect(strstr(wrong->call, "toy_swap(pair)") != NULL, "%s", wrong->call);
    cr_expect(strstr(wrong->trace, "toy_swap(&toy_pair) = TOY_OK") != NULL,
              "%s", wrong->trace);
}

Test(bridge, child_without_filter_that_is_deaf_to_its_timer_is_killed,
     .timeout = 120)
{
    const struct subject_request unfiltered = {.argv = plain.argv};
    const struct judged *const judged = judge_with(
        "build/kit/toy/judge", &unfiltered, "forbidden_ignoring_signals");
    const struct test_result *const test =
        result_of(judged, "forbidden_ignoring_signals");
    cr_expect(judged->trouble == NULL, "%s", judged->trouble);
    cr_expect(test->verdict == VERDICT_TIMED_OUT, "%s (%s)",
              verdict_name(test->verdict), test->message);
    cr_expect(test->cpu_ms >= 300, "%g ms", test->cpu_ms);
}

/* ---- Who judges may die, too --------------------------------------------- */

/* A program that starts another one and kills it in the middle of the tests,
 * of which those that time out alone take longer than that. */
static char *
write_killer(const char *victim)
{
    char *const path = text_format("%s.killer", work);
    char *const script =
        text_format("#!/bin/sh\n%s \"$@\" <&0 &\nsleep 0.2\nkill -KILL $!\n"
                    "wait\n",
                    victim);
    cr_assert(text_write_file(path, script, strlen(script)) == 0);
    cr_assert(chmod(path, 0755) == 0);
    free(script);
    return path;
}

/* There is trouble, and no test has a verdict that it does not deserve. */
static void
nobody_is_blamed(const struct judged *judged)
{
    size_t without = 0;
    cr_expect(judged->trouble != NULL);
    for (size_t i = 0; i < judged->count; i++) {
        const struct test_result *const test = &judged->tests[i].result;
        without += test->verdict == VERDICT_NONE;
        cr_expect(test->verdict == VERDICT_NONE ||
                      strcmp(verdict_name(test->verdict),
                             expected_verdict(test->rubric->id)) == 0,
                  "%s: %s (%s)", test->rubric->id, verdict_name(test->verdict),
                  test->message);
    }
    cr_expect(without > 0, "nothing was killed in time");
}

Test(bridge, killed_judge_is_trouble_and_blames_nobody, .timeout = 120)
{
    char *const killer = write_killer("build/kit/toy/judge");
    nobody_is_blamed(judge_with(killer, &plain, NULL));
    unlink(killer);
}

Test(bridge, killed_zygote_is_trouble_and_blames_nobody, .timeout = 120)
{
    char *const killer = write_killer("build/kit/toy/modules/reference");
    struct subject_request subject = plain;
    subject.argv = (char *[]){killer, NULL};
    subject.environment = (char *[]){"PATH=/usr/bin:/bin", NULL};
    nobody_is_blamed(judge_with("build/kit/toy/judge", &subject, NULL));
    unlink(killer);
}

/* ---- What memcheck sees -------------------------------------------------- */

/* The line of the toy's source that holds the words. */
static unsigned
line_of(const char *words)
{
    unsigned line = 1;
    char *const source = text_read_file("tests/toy/toy.c", 1 << 20, NULL);
    const char *const at = strstr(source, words);
    cr_assert(at != NULL, "tests/toy/toy.c does not say %s", words);
    for (const char *c = source; c < at; c++) {
        line += *c == '\n';
    }
    free(source);
    return line;
}

static void
expect_error(const struct judged_test *judged, struct test_result *test,
             const char *kind, const char *words)
{
    char *const where =
        words != NULL
            ? text_format("reference.c:%u (misuse_memory)", line_of(words))
            : xstrdup("");
    cr_expect(test->error_count == 1, "%s: %zu errors", test->rubric->id,
              test->error_count);
    if (test->error_count > 0) {
        cr_expect_str_eq(test->errors[0].kind, kind);
        cr_expect_str_eq(test->errors[0].where, where);
    }
    if (strncmp(kind, "Leak_", 5) != 0) {
        cr_expect(judged->memcheck_errors == 1);
        cr_expect(judged->memcheck_call != NULL &&
                      strncmp(judged->memcheck_call, "toy_sin", 7) == 0,
                  "%s", judged->memcheck_call);
    }
    free(where);
}

static const struct misuse {
    const char *test, *kind, *words;
} misuses[] = {
    {"passed_leak", "Leak_DefinitelyLost", "block = malloc(32)"},
    {"passed_read_of_freed_memory", "InvalidRead", "block[0] == 77"},
    /* Compiled without a branch: seen when the result is carried. */
    {"passed_use_of_unset_memory", "ClientCheck", NULL},
    {"passed_unset_value_for_the_machine", "ClientCheck", "phys_write8(mach"},
    {"passed_unset_address_for_the_machine", "ClientCheck",
     "(void)phys_read32(mach"},
    {"passed_look_around_in_the_arena", "InvalidRead", "(volatile char *)0x2"},
};

static const struct misuse *
misuse_of(const char *id)
{
    for (size_t i = 0; i < sizeof misuses / sizeof *misuses; i++) {
        if (strcmp(misuses[i].test, id) == 0) {
            return &misuses[i];
        }
    }
    return NULL;
}

/* As the memory step of a grading does it, with tests that pass plainly; with
 * `again` in processes that take another test as long as they are as new, with
 * `direct` where they reach the memory of machines. */
static void
expect_misuses(bool again, bool direct)
{
    const struct stage limits = {.cpu_ms = 300};
    struct rubric *const rubric = toy_rubric();
    bool *const chosen = xcalloc(rubric->test_count, sizeof *chosen);
    struct strings argv = {0};
    size_t misused = 0, used = 0;
    cr_assert(mkdtemp(work) != NULL);
    char *const folder = realpath(work, NULL);
    char *const temporary = text_format("TMPDIR=%s", folder);
    memory_command(&argv, folder, "build/kit/toy/modules/reference", again);
    for (unsigned i = 0; i < rubric->test_count; i++) {
        chosen[i] = strncmp(rubric->tests[i].id, "passed_", 7) == 0;
    }
    const struct subject_request subject = {
        .argv = argv.item,
        .environment = (char *[]){"PATH=/usr/bin:/bin", temporary, NULL},
    };
    const struct judging judging = {
        .judge = "build/kit/toy/judge",
        .subject = &subject,
        .rubric = rubric,
        .stage = &limits,
        .chosen = chosen,
        .patience = 50,
        .seed = 7,
        .unlimited_memory = true,
        .direct = direct,
        .work = folder,
    };
    struct judged *const judged = judging_run(&judging);
    cr_expect(judged->trouble == NULL, "%s", judged->trouble);
    for (size_t i = 0; i < judged->count; i++) {
        struct test_result *const test = &judged->tests[i].result;
        const struct misuse *const misuse = misuse_of(test->rubric->id);
        char *trouble = NULL;
        if (!chosen[i]) {
            continue;
        }
        cr_expect(test->verdict == VERDICT_PASSED, "%s: %s", test->rubric->id,
                  verdict_name(test->verdict));
        used += judged->tests[i].used;
        cr_expect(again || (test->child != 0 && !judged->tests[i].used), "%s",
                  test->rubric->id);
        cr_expect(test->child == 0 || memory_read(test, folder, test->child,
                                                  "reference.c", &trouble),
                  "%s", trouble);
        if (misuse != NULL) {
            cr_expect(test->child != 0, "%s leaves its process as new",
                      test->rubric->id);
            misused++;
            expect_error(&judged->tests[i], test, misuse->kind, misuse->words);
        } else {
            cr_expect(test->error_count == 0 &&
                          judged->tests[i].memcheck_errors == 0,
                      "%s: %s at %s", test->rubric->id,
                      test->error_count > 0 ? test->errors[0].what : "",
                      test->error_count > 0 ? test->errors[0].where : "");
        }
    }
    cr_expect(misused == sizeof misuses / sizeof *misuses);
    cr_expect((used > 0) == again, "%zu tests met a used process", used);
    char *const clean = text_format("rm -r %s", folder);
    cr_expect(system(clean) == 0);
}

Test(bridge, memcheck_names_each_misuse_and_nothing_else, .timeout = 300)
{
    expect_misuses(false, false);
}

Test(bridge, memcheck_does_so_in_processes_that_are_used_again, .timeout = 300)
{
    expect_misuses(true, false);
}

Test(bridge, memcheck_does_so_where_machines_are_reached, .timeout = 300)
{
    expect_misuses(true, true);
}
