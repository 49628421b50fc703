/*
 * own_lane.c - the steps of a student's own tests.
 *
 *     coverage subject (module_lane.c) ─┐
 *     build ── gate ── tester ──────────┴─ own module ── right ones and bugs
 */
#include "lane.h"

#include <stdlib.h>
#include <string.h>

#include "coverage.h"
#include "gate.h"
#include "link.h"
#include "own_tests.h"
#include "sandbox/sandbox.h"

/* What the steps share. */
struct own {
    struct own_run run;
    struct sandbox sandbox;
    char *argv[2];
    struct strings names;
    struct own_need *need; /* the most of each test on a right module         */
};

/* ---- Build and gate ------------------------------------------------------ */

static void
compile_and_link(struct lane *lane)
{
    struct grading *const grading = lane->grading;
    struct stage_result *const result = grading->result;
    struct build_result built = {0};
    struct finding *findings = NULL;
    size_t count = 0;
    char *const name = text_format("%s_test.c", grading->stage->stage->name);
    char *const folder = lane_folder(lane, "tests");
    char *const programs = lane_folder(lane, "tester");
    bool good = lane_build(lane, grading->tests, name, folder, false, &built);
    if (!good) {
        lane_take_trouble(lane, &built);
        lane_take_findings(&findings, &count, &built);
    } else {
        const struct gate_request gate = {
            .kind = GATE_TESTS,
            .name = name,
            .source = grading->tests,
            .preprocessed = built.preprocessed,
            .object = built.object[BUILD_PLAIN],
            .defines = names_of(&grading->stage->functions),
            .serves = names_of(&grading->stage->served),
            .slot = lane->slot,
        };
        char *words = gate_check(&gate, &findings, &count);
        if (words == NULL && count == 0) {
            words = gate_localise(gate.object, NULL, gate.slot);
        }
        if (words != NULL) {
            lane_trouble(lane, words);
        }
        good = words == NULL && count == 0;
    }
    if (good) {
        grading->tester = text_format("%s/tester", programs);
        char *const words =
            link_tester(grading->stage, built.object[BUILD_PLAIN],
                        grading->tester, lane->slot);
        if (words != NULL) {
            lane_trouble(lane, words);
        }
    } else if (lane->trouble != NULL) {
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

void
own_lane_build(struct lane *lane)
{
    lane_begin(lane, "build own tests");
    compile_and_link(lane);
    lane_end(lane, "build own tests");
}

/* ---- On their own module ------------------------------------------------- */

static void
note_trouble_of_pairs(struct lane *lane, const struct own_outcome *outcomes,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (outcomes[i].verdict == VERDICT_NONE) {
            lane_trouble(lane, xstrdup("an own test did not run: the grader "
                                       "could not start its processes"));
        }
    }
}

static struct module_subject *
coverage_subject(const struct lane *lane)
{
    struct module_subject *const subject =
        lane_subject(lane, SANDBOX_COVERAGE, lane->grading->coverage);
    sandbox_allow(&subject->sandbox, lane->grading->coverage_folder,
                  SANDBOX_READ | SANDBOX_WRITE);
    strings_add(&subject->argv, lane->grading->coverage);
    subject->request.argv = subject->argv.item;
    subject->request.filtered = true;
    subject->request.filter = INNER_COVERAGE;
    return subject;
}

/* On the student's own module, for messages and coverage, whose folder the
 * compiler has had: from now on it is this lane's. */
static void
run_on_own_module(struct lane *lane, struct own *own)
{
    struct stage_result *const result = lane->grading->result;
    const size_t tests = own->names.count;
    struct own_outcome *const outcomes = xcalloc(tests + 1, sizeof *outcomes);
    struct module_subject *const subject = coverage_subject(lane);
    sandbox_give(&subject->sandbox, lane->grading->coverage_folder);
    const struct own_implementation module = {&subject->request, true};
    char *why = NULL;
    own_tests_matrix(&own->run, &module, 1, tests, NULL, outcomes);
    note_trouble_of_pairs(lane, outcomes, tests);
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
        struct sandbox sandbox = sandbox_for(SANDBOX_TOOL, lane->slot);
        sandbox_allow(&sandbox, lane->grading->coverage_folder,
                      SANDBOX_READ | SANDBOX_WRITE);
        if (!coverage_read(&result->coverage, lane->grading->coverage_folder,
                           lane->grading->source, lane->grading->module,
                           &sandbox, &why)) {
            lane_trouble(lane, why);
        }
    }
    lane_free_subject(subject);
    free(outcomes);
}

/* ---- On right ones and bugs ---------------------------------------------- */

/* The programs of a list as implementations. */
static struct own_implementation *
implementations(const struct lane *lane, const struct strings *programs,
                struct module_subject ***subjects)
{
    struct own_implementation *const list =
        xcalloc(programs->count + 1, sizeof *list);
    *subjects = xcalloc(programs->count + 1, sizeof **subjects);
    for (size_t i = 0; i < programs->count; i++) {
        (*subjects)[i] = lane_plain_subject(lane, programs->item[i]);
        list[i].subject = &(*subjects)[i]->request;
    }
    return list;
}

static void
free_implementations(struct own_implementation *list,
                     struct module_subject **subjects, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        lane_free_subject(subjects[i]);
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
find_valid(struct lane *lane, struct own *own)
{
    struct stage_result *const result = lane->grading->result;
    const struct strings *const rights = &lane->grading->stage->rights;
    const size_t tests = own->names.count;
    struct module_subject **subjects;
    struct own_implementation *const list =
        implementations(lane, rights, &subjects);
    struct own_outcome *const outcomes =
        xcalloc(rights->count * tests + 1, sizeof *outcomes);
    bool *const chosen = chosen_tests(result);
    own_tests_matrix(&own->run, list, rights->count, tests, chosen, outcomes);
    for (size_t t = 0; t < tests; t++) {
        struct own_test *const test = &result->own_tests[t];
        for (size_t i = 0; chosen[t] && i < rights->count; i++) {
            note_trouble_of_pairs(lane, &outcomes[i * tests + t], 1);
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
                    outcome->message != NULL ? outcome->message : "no message");
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
hunt_bugs(struct lane *lane, struct own *own)
{
    struct stage_result *const result = lane->grading->result;
    const struct bank *const bank = lane->grading->stage->bank;
    const size_t tests = own->names.count;
    struct module_subject **subjects;
    struct own_implementation *const list =
        implementations(lane, &lane->grading->stage->bugs, &subjects);
    struct module_subject **right_subjects;
    struct own_implementation *const rights =
        implementations(lane, &lane->grading->stage->rights, &right_subjects);
    const struct own_prey prey = {
        .bugs = list,
        .bug_count = bank->bug_count,
        .rights = rights,
        .right_count = lane->grading->stage->rights.count,
    };
    int *const caught_by = xcalloc(bank->bug_count + 1, sizeof *caught_by);
    bool *const valid = chosen_tests(result);
    if (!own_tests_hunt(&own->run, &prey, tests, own->need, valid, caught_by)) {
        lane_trouble(lane, xstrdup("an own test did not run: the grader could "
                                   "not start its processes"));
    }
    for (size_t t = 0; t < tests; t++) {
        struct own_test *const test = &result->own_tests[t];
        if (test->valid && !valid[t]) {
            test->valid = false;
            test->rejects =
                xstrdup("but not always, or not in time: it must depend on "
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

/* ---- The lane ------------------------------------------------------------ */

void
own_lane_run(struct lane *lane)
{
    const struct grading *const grading = lane->grading;
    struct stage_result *const result = grading->result;
    struct own own = {
        .sandbox = sandbox_for(SANDBOX_QUICK_TESTER, lane->slot + 1),
        .argv = {grading->tester, NULL},
    };
    if (grading->tester == NULL) {
        return;
    }
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
            lane_trouble(lane, why);
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
        lane_begin(lane, "own tests on the module");
        run_on_own_module(lane, &own);
        lane_end(lane, "own tests on the module");
    }
    if (grading->pipeline->bank) {
        lane_begin(lane, "own tests on right ones and bugs");
        own.need = xcalloc(own.names.count + 1, sizeof *own.need);
        find_valid(lane, &own);
        hunt_bugs(lane, &own);
        lane_end(lane, "own tests on right ones and bugs");
    }
    free(own.need);
    strings_free(&own.names);
}
