/*
 * stage_grading.c - the steps of one stage, in order.
 *
 *     build ── gate ── plain subject ──── judge ── memory ─┐
 *                 ├─── replay program ─────────── cost ────┤
 *                 └─── coverage subject ─┐                 ├── score, diagnosis
 *     build ── gate ── tester ───────────┴── own tests ────┘
 *
 * A step that finds fault with the submission writes it into the record and the
 * steps that need its product are left out.  A step in which the grader itself
 * fails calls trouble(): the stage is then ungraded, whatever else is known.
 */
#include "stage_grading.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "build.h"
#include "cost.h"
#include "coverage.h"
#include "diagnose.h"
#include "die.h"
#include "gate.h"
#include "judging.h"
#include "link.h"
#include "memory.h"
#include "own_tests.h"
#include "sandbox/sandbox.h"
#include "score.h"
#include "text.h"
#include "work.h"

enum {
    MEMCHECK_PATIENCE = 50, /* valgrind's slowness, generously                */
    WARNINGS_SHOWN = 4096,
    JOBS = 2,
};

/* What the steps of a stage share. */
struct grading {
    const struct pipeline *pipeline;
    const struct kit_stage *stage;
    const char *work, *records;
    struct stage_result *result;
    const char *module; /* the student's file, NULL when there is none        */
    char *source;       /* its name, "segment.c"                              */
    char *plain;      /* subject programs, NULL when there is none            */
    bool keeps_variables; /* of its own, from one call to the next            */
    char *coverage;
    char *coverage_folder;
    char *replay;
    char *tester;
    struct timespec step_began;
};

static void
trouble(struct grading *grading, char *why)
{
    if (grading->result->trouble == NULL) {
        grading->result->trouble = why;
    } else {
        free(why);
    }
    grading->result->status = STAGE_UNGRADED;
}

/* ---- Steps ---------------------------------------------------------------- */

static void
begin_step(struct grading *grading, const char *step)
{
    const struct pipeline *const pipeline = grading->pipeline;
    if (pipeline->step != NULL) {
        pipeline->step(grading->stage->stage->name, step, pipeline->context);
    }
    clock_gettime(CLOCK_MONOTONIC, &grading->step_began);
}

static void
end_step(struct grading *grading, const char *step)
{
    struct stage_result *const result = grading->result;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    result->times = xrealloc(result->times, (result->time_count + 1) *
                                                sizeof *result->times);
    result->times[result->time_count++] = (struct step_time){
        .step = step,
        .seconds = (double)(now.tv_sec - grading->step_began.tv_sec) +
                   (double)(now.tv_nsec - grading->step_began.tv_nsec) / 1e9,
    };
    /* At once: whoever has filled the disk may make room before the last one.
     * It is why everything else has gone wrong. */
    if (!work_has_room(grading->work)) {
        free(result->trouble);
        result->trouble = NULL;
        trouble(grading, text_format("the disk of %s is full; set TMPDIR to a "
                                     "folder with room",
                                     grading->work));
    }
}

/* ---- Folders ------------------------------------------------------------- */

static char *
make_folder(const struct grading *grading, const char *name)
{
    char *const folder = text_format("%s/%s", grading->work, name);
    if (mkdir(folder, 0711) != 0) {
        die(EX_CANTCREAT, "cannot make the work folder %s:", folder);
    }
    return folder;
}

/* ---- Build and gate ------------------------------------------------------ */

/* Moves the findings of a build to the list. */
static void
take_findings(struct finding **list, size_t *count, struct build_result *built)
{
    for (size_t i = 0; i < built->finding_count; i++) {
        findings_add(list, count, built->findings[i].line,
                     built->findings[i].rule, built->findings[i].message);
    }
}

/* The same with its trouble, where it has any. */
static void
take_trouble(struct grading *grading, struct build_result *built)
{
    if (built->trouble != NULL) {
        trouble(grading, built->trouble);
        built->trouble = NULL;
    }
}

static bool
build(const struct grading *grading, const char *source, const char *name,
      const char *folder, bool coverage, struct build_result *built)
{
    const struct build_request request = {
        .source = source,
        .name = name,
        .include = (const char *const[]){grading->pipeline->kit->headers, NULL},
        .folder = folder,
        .compiler = VMLAB_CC,
        .wanted = {[BUILD_PLAIN] = true, [BUILD_COVERAGE] = coverage},
        .slot = grading->pipeline->slot,
    };
    return build_module(&request, built);
}

static const char *const *
names_of(const struct strings *list)
{
    return (const char *const *)list->item;
}

/* Nothing of the module but the contract may meet what it is linked with. */
static void
localise(const struct grading *grading, const struct build_result *built)
{
    for (int variant = 0; variant < BUILD_VARIANTS; variant++) {
        if (built->object[variant] != NULL) {
            gate_localise(built->object[variant],
                          names_of(&grading->stage->functions),
                          grading->pipeline->slot);
        }
    }
}

static bool
wants_cost(const struct grading *grading)
{
    return grading->stage->rubric->cost != NULL &&
           !grading->pipeline->public_only;
}

static void
build_the_module(struct grading *grading)
{
    struct stage_result *const result = grading->result;
    const bool with_coverage = grading->pipeline->own_tests;
    struct build_result built = {0};
    char *const folder = make_folder(grading, "module");
    char *const programs = make_folder(grading, "programs");
    if (!build(grading, grading->module, grading->source, folder, with_coverage,
               &built)) {
        result->status = STAGE_NOT_COMPILED;
        take_trouble(grading, &built);
        take_findings(&result->findings, &result->finding_count, &built);
    } else {
        const struct gate_request gate = {
            .kind = GATE_MODULE,
            .name = grading->source,
            .source = grading->module,
            .preprocessed = built.preprocessed,
            .object = built.object[BUILD_PLAIN],
            .defines = names_of(&grading->stage->functions),
            .serves = names_of(&grading->stage->served),
            .allow = names_of(&grading->stage->allow),
            .slot = grading->pipeline->slot,
        };
        if (gate_check(&gate, &result->findings, &result->finding_count) ==
            0) {
            localise(grading, &built);
            result->status = STAGE_GRADED;
            grading->keeps_variables =
                gate_keeps_variables(built.object[BUILD_PLAIN]);
            grading->plain = text_format("%s/plain", programs);
            char *words =
                link_subject(grading->stage, built.object[BUILD_PLAIN],
                             grading->plain, false, grading->pipeline->slot);
            if (words == NULL && with_coverage) {
                grading->coverage = text_format("%s/coverage", programs);
                grading->coverage_folder = text_format("%s/coverage", folder);
                words = link_subject(
                    grading->stage, built.object[BUILD_COVERAGE],
                    grading->coverage, true, grading->pipeline->slot);
            }
            if (words == NULL && wants_cost(grading)) {
                grading->replay = text_format("%s/replay", programs);
                words = link_replay(grading->stage, built.object[BUILD_PLAIN],
                                    grading->replay, grading->pipeline->slot);
            }
            if (words != NULL) {
                trouble(grading, words);
            }
        } else {
            result->status = STAGE_REFUSED;
        }
    }
    if (built.compiled && built.output != NULL && built.output[0] != '\0') {
        result->warnings =
            text_clean(built.output, strlen(built.output), WARNINGS_SHOWN);
    }
    build_result_free(&built);
    free(folder);
    free(programs);
}

/* Compiles own tests into a tester, or says why not. */
static void
build_the_tests(struct grading *grading, const char *source)
{
    struct stage_result *const result = grading->result;
    struct build_result built = {0};
    struct finding *findings = NULL;
    size_t count = 0;
    char *const name = text_format("%s_test.c", grading->stage->stage->name);
    char *const folder = make_folder(grading, "tests");
    char *const programs = make_folder(grading, "tester");
    bool good = build(grading, source, name, folder, false, &built);
    if (!good) {
        take_trouble(grading, &built);
        take_findings(&findings, &count, &built);
    } else {
        const struct gate_request gate = {
            .kind = GATE_TESTS,
            .name = name,
            .source = source,
            .preprocessed = built.preprocessed,
            .object = built.object[BUILD_PLAIN],
            .defines = names_of(&grading->stage->functions),
            .serves = names_of(&grading->stage->served),
            .slot = grading->pipeline->slot,
        };
        good = gate_check(&gate, &findings, &count) == 0;
        if (good) {
            gate_localise(gate.object, NULL, gate.slot);
        }
    }
    if (good) {
        grading->tester = text_format("%s/tester", programs);
        char *const words =
            link_tester(grading->stage, built.object[BUILD_PLAIN],
                        grading->tester, grading->pipeline->slot);
        if (words != NULL) {
            trouble(grading, words);
        }
    } else if (result->trouble != NULL) {
        /* Of the grader; nothing is known of the tests. */
    } else if (count > 0) {
        result->own_tests_trouble =
            findings[0].line != 0
                ? text_format("%s:%u: %s", name, findings[0].line,
                              findings[0].message)
                : text_format("%s: %s", name, findings[0].message);
    } else {
        result->own_tests_trouble = text_format("%s does not compile", name);
    }
    findings_free(findings, count);
    build_result_free(&built);
    free(name);
    free(folder);
    free(programs);
}

/* ---- Subjects ------------------------------------------------------------ */

/* A request together with what it points to. */
struct module_subject {
    struct subject_request request;
    struct sandbox sandbox;
    struct strings argv;
    struct strings environment;
};

static struct module_subject *
new_subject(const struct grading *grading, enum sandbox_step step,
            const char *program)
{
    struct module_subject *const subject = xcalloc(1, sizeof *subject);
    subject->sandbox = sandbox_for(step, grading->pipeline->slot);
    sandbox_allow(&subject->sandbox, program, SANDBOX_READ | SANDBOX_EXECUTE);
    subject->request.sandbox = &subject->sandbox;
    return subject;
}

static struct module_subject *
plain_subject(const struct grading *grading, const char *program)
{
    struct module_subject *const subject =
        new_subject(grading, SANDBOX_SUBJECT, program);
    strings_add(&subject->argv, program);
    subject->request.argv = subject->argv.item;
    subject->request.filtered = true;
    subject->request.filter = INNER_SUBJECT;
    return subject;
}

static struct module_subject *
memcheck_subject(const struct grading *grading, const char *folder, bool again)
{
    struct module_subject *const subject =
        new_subject(grading, SANDBOX_VALGRIND, grading->plain);
    sandbox_allow(&subject->sandbox, folder, SANDBOX_READ | SANDBOX_WRITE);
    sandbox_give(&subject->sandbox, folder);
    sandbox_allow(&subject->sandbox, MEMORY_VALGRIND,
                  SANDBOX_READ | SANDBOX_EXECUTE);
    sandbox_allow(&subject->sandbox, MEMORY_VALGRIND_TOOLS,
                  SANDBOX_READ | SANDBOX_EXECUTE);
    memory_command(&subject->argv, folder, grading->plain, again);
    strings_add(&subject->environment, "PATH=/usr/bin:/bin");
    strings_addf(&subject->environment, "TMPDIR=%s", folder);
    subject->request.argv = subject->argv.item;
    subject->request.environment = subject->environment.item;
    return subject;
}

static struct module_subject *
coverage_subject(const struct grading *grading)
{
    struct module_subject *const subject =
        new_subject(grading, SANDBOX_COVERAGE, grading->coverage);
    sandbox_allow(&subject->sandbox, grading->coverage_folder,
                  SANDBOX_READ | SANDBOX_WRITE);
    strings_add(&subject->argv, grading->coverage);
    subject->request.argv = subject->argv.item;
    subject->request.filtered = true;
    subject->request.filter = INNER_COVERAGE;
    return subject;
}

static void
free_subject(struct module_subject *subject)
{
    strings_free(&subject->argv);
    strings_free(&subject->environment);
    free(subject);
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
judging_of(const struct grading *grading)
{
    return (struct judging){
        .judge = grading->stage->judge,
        .rubric = grading->stage->rubric,
        .stage = grading->stage->stage,
        .public_only = grading->pipeline->public_only,
        .only = grading->pipeline->only,
        .seed = grading->pipeline->seed,
        .work = grading->records,
        .jobs = JOBS,
    };
}

/* Moves what was judged into the record. */
static void
take_verdicts(struct grading *grading, struct judged *judged)
{
    struct stage_result *const result = grading->result;
    result->tests = xcalloc(judged->count + 1, sizeof *result->tests);
    for (size_t i = 0; i < judged->count; i++) {
        if (judged->tests[i].asked) {
            result->tests[result->test_count++] = judged->tests[i].result;
            judged->tests[i].result = (struct test_result){0};
        }
    }
    if (judged->trouble != NULL) {
        trouble(grading, xstrdup(judged->trouble));
    }
}

static void
judge(struct grading *grading)
{
    struct module_subject *const subject =
        plain_subject(grading, grading->plain);
    struct judging judging = judging_of(grading);
    judging.subject = &subject->request;
    struct judged *const judged = judging_run(&judging);
    take_verdicts(grading, judged);
    judged_free(judged);
    free_subject(subject);
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
take_memory(struct grading *grading, const struct judged_test *judged,
            const char *folder)
{
    struct test_result *const test =
        test_in(grading->result, judged->result.rubric);
    char *why = NULL;
    if (judged->result.verdict == VERDICT_NONE) {
        return; /* told by judged->trouble */
    }
    /* A process that lives on is as new, and has written no report. */
    if (judged->result.child != 0 &&
        !memory_read(test, folder, judged->result.child, grading->source,
                     &why)) {
        trouble(grading, why);
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
            .what = text_format(
                "under memcheck the test does not pass: %s",
                judged->result.message != NULL ? judged->result.message
                                               : "other answers"),
            .where = xstrdup(""),
            .call = xstrdup(judged->result.call != NULL ? judged->result.call
                                                        : ""),
        };
    }
}

static bool
any(const bool *chosen, size_t count)
{
    return count > 0 && memchr(chosen, true, count) != NULL;
}

/* Runs the chosen tests under memcheck and takes what was found; a test is then
 * chosen no longer.  With `again` a process may serve several tests: one that is
 * not as new after a test, and was not at its start, leaves it chosen, for a
 * process of its own. */
static void
run_under_memcheck(struct grading *grading, const char *folder, bool *chosen,
                   bool again)
{
    struct module_subject *const subject =
        memcheck_subject(grading, folder, again);
    struct judging judging = judging_of(grading);
    judging.subject = &subject->request;
    judging.chosen = chosen;
    judging.patience = MEMCHECK_PATIENCE;
    judging.unlimited_memory = true;
    struct judged *const judged = judging_run(&judging);
    for (size_t i = 0; i < judged->count; i++) {
        const struct judged_test *const test = &judged->tests[i];
        if (test->asked && !(test->used && test->result.child != 0)) {
            take_memory(grading, test, folder);
            chosen[i] = false;
        }
    }
    if (judged->trouble != NULL) {
        trouble(grading, text_format("under valgrind: %s", judged->trouble));
    }
    judged_free(judged);
    free_subject(subject);
}

/* Tests that passed plainly run again; of those of a full grading only hidden
 * ones, because public tests carry no points. */
static void
check_memory(struct grading *grading)
{
    const struct rubric *const rubric = grading->stage->rubric;
    char *const folder = make_folder(grading, "memcheck");
    bool *const chosen = xcalloc(rubric->test_count, sizeof *chosen);
    for (size_t i = 0; i < grading->result->test_count; i++) {
        const struct test_result *const test = &grading->result->tests[i];
        if (test->verdict == VERDICT_PASSED &&
            (grading->pipeline->public_only ||
             test->rubric->suite == SUITE_HIDDEN)) {
            chosen[test->rubric - rubric->tests] = true;
        }
    }
    if (!grading->keeps_variables && any(chosen, rubric->test_count)) {
        run_under_memcheck(grading, folder, chosen, true);
    }
    if (grading->result->trouble == NULL && any(chosen, rubric->test_count)) {
        run_under_memcheck(grading, folder, chosen, false);
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
measure_cost(struct grading *grading)
{
    struct cost_result *const cost = &grading->result->cost;
    const struct cost_base *const base = &grading->stage->cost_base;
    char *const folder = make_folder(grading, "cost");
    const struct cost_request request = {
        .replay = grading->replay,
        .traces = names_of(&grading->stage->traces),
        .work = folder,
        .sandboxed = true,
        .slot = grading->pipeline->slot,
    };
    char *why;
    cost->asked = true;
    cost->reference = base->reference;
    if (cost_measure(&request, base->replay_instructions, &cost->own, &why) ==
        COST_TROUBLE) {
        trouble(grading, text_format("the cost: %s", why));
        free(why);
    } else {
        cost->trouble = why;
    }
    free(folder);
}

/* ---- Own tests ----------------------------------------------------------- */

struct own {
    struct own_run run;
    struct sandbox sandbox;
    char *argv[2];
    struct strings names;
    struct own_need *need; /* the most of each test on a right module         */
};

static void
note_trouble_of_pairs(struct grading *grading,
                      const struct own_outcome *outcomes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (outcomes[i].verdict == VERDICT_NONE) {
            trouble(grading, xstrdup("an own test did not run: the grader "
                                     "could not start its processes"));
        }
    }
}

/* On the student's own module, for messages and coverage. */
static void
run_on_own_module(struct grading *grading, struct own *own)
{
    struct stage_result *const result = grading->result;
    const size_t tests = own->names.count;
    struct own_outcome *const outcomes = xcalloc(tests + 1, sizeof *outcomes);
    struct module_subject *const subject = coverage_subject(grading);
    const struct own_implementation module = {&subject->request, true};
    char *why = NULL;
    own_tests_matrix(&own->run, &module, 1, tests, NULL, outcomes);
    note_trouble_of_pairs(grading, outcomes, tests);
    for (size_t t = 0; t < tests; t++) {
        result->own_tests[t].on_own_module = outcomes[t].verdict;
        if (outcomes[t].slept) {
            /* It would do so again, before every other module. */
            result->own_tests[t].valid = false;
            result->own_tests[t].rejects =
                xstrdup("as it would any: it does not end");
        }
        if (outcomes[t].message != NULL) {
            result->own_tests[t].message =
                outcomes[t].where != NULL && outcomes[t].where[0] != '\0'
                    ? text_format("%s: %s", outcomes[t].where,
                                  outcomes[t].message)
                    : xstrdup(outcomes[t].message);
        }
        own_outcome_free(&outcomes[t]);
    }
    if (tests > 0) {
        struct sandbox sandbox =
            sandbox_for(SANDBOX_TOOL, grading->pipeline->slot);
        sandbox_allow(&sandbox, grading->coverage_folder,
                      SANDBOX_READ | SANDBOX_WRITE);
        if (!coverage_read(&result->coverage, grading->coverage_folder,
                           grading->source, grading->module, &sandbox,
                           &why)) {
            trouble(grading, why);
        }
    }
    free_subject(subject);
    free(outcomes);
}

/* The programs of a list as implementations. */
static struct own_implementation *
implementations(const struct grading *grading, const struct strings *programs,
                struct module_subject ***subjects)
{
    struct own_implementation *const list =
        xcalloc(programs->count + 1, sizeof *list);
    *subjects = xcalloc(programs->count + 1, sizeof **subjects);
    for (size_t i = 0; i < programs->count; i++) {
        (*subjects)[i] = plain_subject(grading, programs->item[i]);
        list[i].subject = &(*subjects)[i]->request;
    }
    return list;
}

static void
free_implementations(struct own_implementation *list,
                     struct module_subject **subjects, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free_subject(subjects[i]);
    }
    free(subjects);
    free(list);
}

/* Which own tests are valid as far as is known; to be freed. */
static bool *
chosen_tests(const struct stage_result *result)
{
    bool *const chosen = xcalloc(result->own_test_count + 1, sizeof *chosen);
    for (size_t t = 0; t < result->own_test_count; t++) {
        chosen[t] = result->own_tests[t].valid;
    }
    return chosen;
}

static void
grow_need(struct own_need *need, const struct own_need *other)
{
    need->calls = other->calls > need->calls ? other->calls : need->calls;
    need->cpu_ms = other->cpu_ms > need->cpu_ms ? other->cpu_ms : need->cpu_ms;
}

/* A test that fails on any right implementation is set aside. */
static void
find_valid(struct grading *grading, struct own *own)
{
    struct stage_result *const result = grading->result;
    const struct strings *const rights = &grading->stage->rights;
    const size_t tests = own->names.count;
    struct module_subject **subjects;
    struct own_implementation *const list =
        implementations(grading, rights, &subjects);
    struct own_outcome *const outcomes =
        xcalloc(rights->count * tests + 1, sizeof *outcomes);
    bool *const chosen = chosen_tests(result);
    own_tests_matrix(&own->run, list, rights->count, tests, chosen, outcomes);
    for (size_t t = 0; t < tests; t++) {
        struct own_test *const test = &result->own_tests[t];
        for (size_t i = 0; chosen[t] && i < rights->count; i++) {
            note_trouble_of_pairs(grading, &outcomes[i * tests + t], 1);
        }
        for (size_t i = 0; i < rights->count; i++) {
            struct own_outcome *const outcome = &outcomes[i * tests + t];
            grow_need(&own->need[t], &outcome->need);
            if (test->valid && outcome->verdict != VERDICT_PASSED) {
                test->valid = false;
                test->rejects = text_format(
                    "%s%s%s",
                    outcome->where != NULL && outcome->where[0] != '\0'
                        ? outcome->where
                        : verdict_name(outcome->verdict),
                    ": ",
                    outcome->message != NULL ? outcome->message
                                             : "no message");
            }
            own_outcome_free(outcome);
        }
    }
    free(chosen);
    free(outcomes);
    free_implementations(list, subjects, rights->count);
}

/* A bug is caught when a valid test fails on it, again and again, and passes on
 * right modules in between.  A test that does not is set aside after all. */
static void
hunt_bugs(struct grading *grading, struct own *own)
{
    struct stage_result *const result = grading->result;
    const struct bank *const bank = grading->stage->bank;
    const size_t tests = own->names.count;
    struct module_subject **subjects;
    struct own_implementation *const list =
        implementations(grading, &grading->stage->bugs, &subjects);
    struct module_subject **right_subjects;
    struct own_implementation *const rights = implementations(
        grading, &grading->stage->rights, &right_subjects);
    const struct own_prey prey = {
        .bugs = list,
        .bug_count = bank->bug_count,
        .rights = rights,
        .right_count = grading->stage->rights.count,
    };
    int *const caught_by = xcalloc(bank->bug_count + 1, sizeof *caught_by);
    bool *const valid = chosen_tests(result);
    if (!own_tests_hunt(&own->run, &prey, tests, own->need, valid, caught_by)) {
        trouble(grading, xstrdup("an own test did not run: the grader could "
                                 "not start its processes"));
    }
    for (size_t t = 0; t < tests; t++) {
        struct own_test *const test = &result->own_tests[t];
        if (test->valid && !valid[t]) {
            test->valid = false;
            test->rejects = xstrdup(
                "but not always: it must depend on "
                "nothing but the module (no chance, clock or address)");
        }
    }
    result->bugs = xcalloc(bank->bug_count + 1, sizeof *result->bugs);
    result->bug_count = bank->bug_count;
    for (size_t b = 0; b < bank->bug_count; b++) {
        result->bugs[b].bug = &bank->bugs[b];
        if (caught_by[b] >= 0) {
            result->bugs[b].caught = true;
            result->bugs[b].by = xstrdup(own->names.item[caught_by[b]]);
            result->own_tests[caught_by[b]].caught++;
        }
    }
    free(caught_by);
    free(valid);
    free_implementations(rights, right_subjects, prey.right_count);
    free_implementations(list, subjects, bank->bug_count);
}

static void
run_own_tests(struct grading *grading)
{
    struct stage_result *const result = grading->result;
    struct own own = {
        .sandbox =
            sandbox_for(SANDBOX_QUICK_TESTER, grading->pipeline->slot + 1),
        .argv = {grading->tester, NULL},
    };
    sandbox_allow(&own.sandbox, grading->tester,
                  SANDBOX_READ | SANDBOX_EXECUTE);
    own.run = (struct own_run){
        .tester_argv = own.argv,
        .tester_sandbox = &own.sandbox,
        .stage = grading->stage->stage,
        .seed = grading->pipeline->seed,
    };
    bool ours;
    char *why;
    if (!own_tests_list(&own.run, &own.names, &ours, &why)) {
        if (ours) {
            trouble(grading, why);
        } else {
            result->own_tests_trouble = why;
        }
        return;
    }
    result->own_test_count = own.names.count;
    result->own_tests = xcalloc(own.names.count + 1, sizeof *result->own_tests);
    for (size_t t = 0; t < own.names.count; t++) {
        result->own_tests[t].name = xstrdup(own.names.item[t]);
        result->own_tests[t].valid = true; /* until a right one says no */
    }
    if (grading->coverage != NULL) {
        begin_step(grading, "own tests on the module");
        run_on_own_module(grading, &own);
        end_step(grading, "own tests on the module");
    }
    if (grading->pipeline->bank) {
        begin_step(grading, "own tests on right ones and bugs");
        own.need = xcalloc(own.names.count + 1, sizeof *own.need);
        find_valid(grading, &own);
        hunt_bugs(grading, &own);
        end_step(grading, "own tests on right ones and bugs");
    }
    free(own.need);
    strings_free(&own.names);
}

/* ---- The stage ----------------------------------------------------------- */

void
stage_grade(const struct pipeline *pipeline, const struct kit_stage *stage,
            const char *module, const char *tests, const char *work,
            const char *records, struct stage_result *result)
{
    struct grading grading = {
        .pipeline = pipeline,
        .stage = stage,
        .work = work,
        .records = records,
        .result = result,
        .module = module,
        .source = text_format("%s.c", stage->stage->name),
    };
    if (module != NULL) {
        begin_step(&grading, "build");
        build_the_module(&grading);
        end_step(&grading, "build");
    }
    if (grading.plain != NULL && result->trouble == NULL) {
        begin_step(&grading, "tests");
        judge(&grading);
        end_step(&grading, "tests");
    }
    if (grading.plain != NULL && pipeline->memory && result->trouble == NULL) {
        begin_step(&grading, "memory");
        check_memory(&grading);
        end_step(&grading, "memory");
    }
    if (grading.replay != NULL && result->trouble == NULL &&
        passes_anything(result)) {
        begin_step(&grading, "cost");
        measure_cost(&grading);
        end_step(&grading, "cost");
    }
    if (tests != NULL && pipeline->own_tests && result->trouble == NULL) {
        result->own_tests_submitted = true;
        begin_step(&grading, "build own tests");
        build_the_tests(&grading, tests);
        end_step(&grading, "build own tests");
        if (grading.tester != NULL && result->trouble == NULL) {
            run_own_tests(&grading);
        }
    }
    /* Public tests alone are no grading: they carry no points. */
    if (result->trouble == NULL && !pipeline->public_only) {
        result->score = score_stage(result, pipeline->kit->catalogue,
                                    stage->rubric, stage->bank);
        diagnose_stage(result, stage->bank);
    }
    free(grading.source);
    free(grading.plain);
    free(grading.coverage);
    free(grading.coverage_folder);
    free(grading.replay);
    free(grading.tester);
}
