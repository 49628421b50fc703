/*
 * module_lane.c - the steps of a module.
 *
 *     build ── gate ── plain subject ──── judge ── memory
 *                 ├─── replay program ─────────── cost
 *                 └─── coverage subject (own_lane.c)
 */
#include "lane.h"

#include <stdlib.h>
#include <string.h>

#include "cost.h"
#include "gate.h"
#include "judging.h"
#include "link.h"
#include "memory.h"
#include "sandbox/sandbox.h"

enum {
    MEMCHECK_PATIENCE = 50, /* valgrind's slowness, generously                */
    WARNINGS_SHOWN = 4096,
    JOBS = 2,
};

/* ---- Build and gate ------------------------------------------------------ */

/* Nothing of the module but the contract may meet what it is linked with.
 * Returns NULL, or what went wrong. */
static char *
localise(const struct lane *lane, const struct build_result *built)
{
    char *words = NULL;
    for (int variant = 0; words == NULL && variant < BUILD_VARIANTS;
         variant++) {
        if (built->object[variant] != NULL) {
            words = gate_localise(built->object[variant],
                                  names_of(&lane->grading->stage->functions),
                                  lane->slot);
        }
    }
    return words;
}

static bool
wants_cost(const struct lane *lane)
{
    return lane->grading->stage->rubric->cost != NULL &&
           !lane->grading->pipeline->public_only;
}

/* Links what the gate let through: a subject, one for coverage, a replayer.
 * Returns NULL, or what went wrong. */
static char *
link_programs(struct lane *lane, const struct build_result *built,
              const char *folder)
{
    struct grading *const grading = lane->grading;
    const char *const object = built->object[BUILD_PLAIN];
    char *const programs = lane_folder(lane, "programs");
    char *words;
    grading->plain = text_format("%s/plain", programs);
    words =
        link_subject(grading->stage, object, grading->plain, false, lane->slot);
    if (words == NULL && grading->pipeline->own_tests) {
        grading->coverage = text_format("%s/coverage", programs);
        grading->coverage_folder = text_format("%s/coverage", folder);
        words = link_subject(grading->stage, built->object[BUILD_COVERAGE],
                             grading->coverage, true, lane->slot);
    }
    if (words == NULL && wants_cost(lane)) {
        grading->replay = text_format("%s/replay", programs);
        words =
            link_replay(grading->stage, object, grading->replay, lane->slot);
    }
    free(programs);
    return words;
}

static void
compile_and_link(struct lane *lane)
{
    struct grading *const grading = lane->grading;
    struct stage_result *const result = grading->result;
    struct build_result built = {0};
    char *const folder = lane_folder(lane, "module");
    if (!lane_build(lane, grading->module, grading->source, folder,
                    grading->pipeline->own_tests, &built)) {
        result->status = STAGE_NOT_COMPILED;
        lane_take_trouble(lane, &built);
        lane_take_findings(&result->findings, &result->finding_count, &built);
    } else {
        const struct gate_request gate = {
            .kind = GATE_MODULE,
            .name = grading->source,
            .source = grading->module,
            .preprocessed = built.preprocessed,
            .object = built.object[BUILD_PLAIN],
            .counting = built.object[BUILD_COVERAGE],
            .defines = names_of(&grading->stage->functions),
            .serves = names_of(&grading->stage->served),
            .allow = names_of(&grading->stage->allow),
            .slot = lane->slot,
        };
        char *words =
            gate_check(&gate, &result->findings, &result->finding_count);
        result->status =
            result->finding_count == 0 ? STAGE_GRADED : STAGE_REFUSED;
        if (words == NULL && result->status == STAGE_GRADED) {
            grading->keeps_variables = gate_keeps_variables(gate.object);
            words = localise(lane, &built);
        }
        if (words == NULL && result->status == STAGE_GRADED) {
            words = link_programs(lane, &built, folder);
        }
        if (words != NULL) {
            lane_trouble(lane, words);
        }
    }
    if (built.compiled && built.output != NULL && built.output[0] != '\0') {
        result->warnings =
            text_clean(built.output, strlen(built.output), WARNINGS_SHOWN);
    }
    build_result_free(&built);
    free(folder);
}

void
module_lane_build(struct lane *lane)
{
    lane_begin(lane, "build");
    compile_and_link(lane);
    lane_end(lane, "build");
}

/* ---- Judge and memory ---------------------------------------------------- */

/* The record's test of that rubric entry. */
static struct test_result *
test_in(struct stage_result *result, const struct rubric_test *rubric)
{
    for (size_t i = 0; i < result->test_count; i++) {
        if (result->tests[i].rubric == rubric) {
            return &result->tests[i];
        }
    }
    return NULL;
}

static struct judging
judging_of(const struct lane *lane)
{
    return (struct judging){
        .judge = lane->grading->stage->judge,
        .rubric = lane->grading->stage->rubric,
        .stage = lane->grading->stage->stage,
        .public_only = lane->grading->pipeline->public_only,
        .only = lane->grading->pipeline->only,
        .seed = lane->grading->pipeline->seed,
        .work = lane->grading->records,
        .jobs = JOBS,
    };
}

/* Moves what was judged into the record. */
static void
take_verdicts(struct lane *lane, struct judged *judged)
{
    struct stage_result *const result = lane->grading->result;
    result->tests = xcalloc(judged->count + 1, sizeof *result->tests);
    for (size_t i = 0; i < judged->count; i++) {
        if (judged->tests[i].asked) {
            result->tests[result->test_count++] = judged->tests[i].result;
            judged->tests[i].result = (struct test_result){0};
        }
    }
    if (judged->trouble != NULL) {
        lane_trouble(lane, xstrdup(judged->trouble));
    }
}

static void
judge(struct lane *lane)
{
    struct module_subject *const subject =
        lane_plain_subject(lane, lane->grading->plain);
    struct judging judging = judging_of(lane);
    judging.subject = &subject->request;
    struct judged *const judged = judging_run(&judging);
    take_verdicts(lane, judged);
    judged_free(judged);
    lane_free_subject(subject);
}

static struct module_subject *
memcheck_subject(const struct lane *lane, const char *folder, bool again)
{
    struct module_subject *const subject =
        lane_subject(lane, SANDBOX_VALGRIND, lane->grading->plain);
    sandbox_allow(&subject->sandbox, folder, SANDBOX_READ | SANDBOX_WRITE);
    sandbox_give(&subject->sandbox, folder);
    sandbox_allow(&subject->sandbox, MEMORY_VALGRIND,
                  SANDBOX_READ | SANDBOX_EXECUTE);
    sandbox_allow(&subject->sandbox, MEMORY_VALGRIND_TOOLS,
                  SANDBOX_READ | SANDBOX_EXECUTE);
    memory_command(&subject->argv, folder, lane->grading->plain, again);
    strings_add(&subject->environment, "PATH=/usr/bin:/bin");
    strings_addf(&subject->environment, "TMPDIR=%s", folder);
    subject->request.argv = subject->argv.item;
    subject->request.environment = subject->environment.item;
    return subject;
}

/* The call that memcheck counted errors in goes to those that have a place in
 * the student's file; leaks are found after all calls. */
static void
name_calls(struct test_result *test, const char *call)
{
    for (size_t i = 0; i < test->error_count && call != NULL; i++) {
        struct memory_error *const error = &test->errors[i];
        if (strncmp(error->kind, "Leak_", 5) != 0) {
            free(error->call);
            error->call = xstrdup(call);
        }
    }
}

static void
take_memory(struct lane *lane, const struct judged_test *judged,
            const char *folder)
{
    struct test_result *const test =
        test_in(lane->grading->result, judged->result.rubric);
    char *why = NULL;
    if (judged->result.verdict == VERDICT_NONE) {
        return; /* told by judged->trouble */
    }
    /* A process that lives on is as new, and has written no report. */
    if (judged->result.child != 0 &&
        !memory_read(test, folder, judged->result.child, lane->grading->source,
                     &why)) {
        lane_trouble(lane, why);
        return;
    }
    name_calls(test, judged->memcheck_call);
    test->memory_checked = true;
    test->memory_clean = test->error_count == 0 &&
                         judged->memcheck_errors == 0 &&
                         judged->result.verdict == VERDICT_PASSED;
    if (test->error_count == 0 && !test->memory_clean) {
        test->errors = xcalloc(1, sizeof *test->errors);
        test->error_count = 1;
        test->errors[0] = (struct memory_error){
            .kind = xstrdup("OtherAnswer"),
            .what = text_format("under memcheck the test does not pass: %s",
                                judged->result.message != NULL
                                    ? judged->result.message
                                    : "other answers"),
            .where = xstrdup(""),
            .call =
                xstrdup(judged->result.call != NULL ? judged->result.call : ""),
        };
    }
}

static bool
any(const bool *chosen, size_t count)
{
    return count > 0 && memchr(chosen, true, count) != NULL;
}

/* Runs the chosen tests under memcheck and takes what was found; a test is then
 * chosen no longer.  `quick`: a process may serve several tests, and it reaches
 * the memory of machines without a call, which is dear under valgrind.
 * One that is not as new after a test, and was not at its start, leaves it
 * chosen, for a process of its own; so does all trouble, which a module could
 * have made there that it can make nowhere else. */
static void
run_under_memcheck(struct lane *lane, const char *folder, bool *chosen,
                   bool quick)
{
    struct module_subject *const subject =
        memcheck_subject(lane, folder, quick && !lane->grading->keeps_variables);
    struct judging judging = judging_of(lane);
    judging.subject = &subject->request;
    judging.chosen = chosen;
    judging.patience = MEMCHECK_PATIENCE;
    judging.unlimited_memory = true;
    judging.direct = quick;
    struct judged *const judged = judging_run(&judging);
    for (size_t i = 0; i < judged->count; i++) {
        const struct judged_test *const test = &judged->tests[i];
        const bool leftover = test->used && test->result.child != 0;
        const bool trouble = test->result.verdict == VERDICT_NONE;
        if (test->asked && !leftover && !(quick && trouble)) {
            take_memory(lane, test, folder);
            chosen[i] = false;
        }
    }
    if (judged->trouble != NULL && !quick) {
        lane_trouble(lane, text_format("under valgrind: %s", judged->trouble));
    }
    judged_free(judged);
    lane_free_subject(subject);
}

/* Tests that passed plainly run again; of those of a full grading only hidden
 * ones, because public tests carry no points. */
static void
check_memory(struct lane *lane)
{
    const struct rubric *const rubric = lane->grading->stage->rubric;
    char *const folder = lane_folder(lane, "memcheck");
    bool *const chosen = xcalloc(rubric->test_count, sizeof *chosen);
    for (size_t i = 0; i < lane->grading->result->test_count; i++) {
        const struct test_result *const test = &lane->grading->result->tests[i];
        if (test->verdict == VERDICT_PASSED &&
            (lane->grading->pipeline->public_only ||
             test->rubric->suite == SUITE_HIDDEN)) {
            chosen[test->rubric - rubric->tests] = true;
        }
    }
    if (any(chosen, rubric->test_count)) {
        run_under_memcheck(lane, folder, chosen, true);
    }
    if (lane->grading->result->trouble == NULL &&
        any(chosen, rubric->test_count)) {
        run_under_memcheck(lane, folder, chosen, false);
    }
    free(chosen);
    free(folder);
}

/* ---- Cost ---------------------------------------------------------------- */

/* A module that passes nothing would do for no trace. */
static bool
passes_anything(const struct stage_result *result)
{
    for (size_t i = 0; i < result->test_count; i++) {
        if (result->tests[i].verdict == VERDICT_PASSED &&
            result->tests[i].rubric->suite == SUITE_HIDDEN) {
            return true;
        }
    }
    return false;
}

static void
measure_cost(struct lane *lane)
{
    struct cost_result *const cost = &lane->grading->result->cost;
    const struct cost_base *const base = &lane->grading->stage->cost_base;
    char *const folder = lane_folder(lane, "cost");
    const struct cost_request request = {
        .replay = lane->grading->replay,
        .traces = names_of(&lane->grading->stage->traces),
        .work = folder,
        .sandboxed = true,
        .slot = lane->slot,
    };
    char *why;
    cost->asked = true;
    cost->reference = base->reference;
    if (cost_measure(&request, base->replay_instructions, &cost->own, &why) ==
        COST_TROUBLE) {
        lane_trouble(lane, text_format("the cost: %s", why));
        free(why);
    } else {
        cost->trouble = why;
    }
    free(folder);
}

/* ---- The lane ------------------------------------------------------------ */

void
module_lane_run(struct lane *lane)
{
    const struct grading *const grading = lane->grading;
    if (grading->plain == NULL) {
        return;
    }
    lane_begin(lane, "tests");
    judge(lane);
    lane_end(lane, "tests");
    if (grading->pipeline->memory && lane->trouble == NULL) {
        lane_begin(lane, "memory");
        check_memory(lane);
        lane_end(lane, "memory");
    }
    if (grading->replay != NULL && lane->trouble == NULL &&
        passes_anything(grading->result)) {
        lane_begin(lane, "cost");
        measure_cost(lane);
        lane_end(lane, "cost");
    }
}
