/*
 * check_kit.c - holds the kit against itself: every exercise fails unsolved,
 * every solution passes, every bug is failed by exactly the tests that its
 * heading names.
 *
 *     check_kit [M...]          all checks, a line each
 *     check_kit --share [M...]  the same, but each bug, and each alternative, is
 *                               compiled in one of the five ways (make test)
 *     check_kit --tools [M...]  skeleton and reference alone, the whole way of a
 *                               submission: whether compiler, valgrind and gcovr
 *                               of this machine lead to the scores they must
 *     check_kit --kills M       the kill table of a stage
 *     check_kit --write M       the same, written into the bugs' headings
 *
 * Judge tests run here on the quick runner (judge/tester.h), the same objects
 * without libcriterion, because hundreds of modules are judged; the reference,
 * the skeleton and the alternatives go the whole way of a submission.
 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "die.h"
#include "gate.h"
#include "kit.h"
#include "own_tests.h"
#include "pipeline.h"
#include "process.h"
#include "report.h"
#include "sandbox/sandbox.h"
#include "text.h"

const char *argp_program_version = "check_kit " VMLAB_VERSION;

/* Results so far, of the whole run. */
static unsigned passed, failed;
static unsigned slot; /* of the sandbox */

static void
tell(bool good, const char *stage, const char *what, const char *why)
{
    if (good) {
        passed++;
        printf("ok    %s: %s\n", stage, what);
    } else {
        failed++;
        printf("FAIL  %s: %s%s%s\n", stage, what, why != NULL ? ": " : "",
               why != NULL ? why : "");
    }
    fflush(stdout);
}

static void
copy(const char *from, const char *to)
{
    size_t bytes;
    char *const text = text_read_file(from, 1 << 20, &bytes);
    if (text == NULL) {
        die(EX_NOINPUT, "cannot read %s:", from);
    }
    if (text_write_file(to, text, bytes) != 0) {
        die(EX_CANTCREAT, "cannot write %s:", to);
    }
    free(text);
}

/* ---- Whole submissions --------------------------------------------------- */

/* A folder with one stage's files, as a student would hand it in. */
static char *
make_submission(const char *stage, const char *module, const char *tests)
{
    char *const folder = xstrdup("/tmp/vmlab-check-XXXXXX");
    if (mkdtemp(folder) == NULL) {
        die(EX_CANTCREAT, "cannot make %s:", folder);
    }
    char *const to_module = text_format("%s/%s.c", folder, stage);
    char *const to_tests = text_format("%s/%s_test.c", folder, stage);
    copy(module, to_module);
    if (tests != NULL) {
        copy(tests, to_tests);
    }
    free(to_module);
    free(to_tests);
    return folder;
}

static void
remove_submission(char *folder, const char *stage)
{
    char *const module = text_format("%s/%s.c", folder, stage);
    char *const tests = text_format("%s/%s_test.c", folder, stage);
    unlink(module);
    unlink(tests);
    rmdir(folder);
    free(module);
    free(tests);
    free(folder);
}

static struct result *
grade(const struct kit *kit, const char *stage, const char *module,
      const char *tests)
{
    const struct pipeline pipeline = {
        .kit = kit,
        .stages = (const char *const[]){stage, NULL},
        .seed = kit->catalogue->seed,
        .memory = true,
        .own_tests = tests != NULL,
        .bank = tests != NULL,
        .slot = slot,
    };
    char *const folder = make_submission(stage, module, tests);
    struct result *const result = pipeline_run(&pipeline, folder);
    remove_submission(folder, stage);
    return result;
}

static const char *
status_words(const struct stage_result *stage)
{
    if (stage->trouble != NULL) {
        return stage->trouble;
    }
    if (stage->finding_count > 0) {
        return stage->findings[0].message;
    }
    return stage_status_name(stage->status);
}

/* An untouched skeleton: nothing implemented, nothing earned, no warning. */
static void
check_skeleton(const struct kit *kit, const char *name)
{
    char *const module = kit_path(kit, "assignments/%s/%s.c", name, name);
    char *const tests = kit_path(kit, "assignments/%s/%s_test.c", name, name);
    struct result *const result = grade(kit, name, module, tests);
    const struct stage_result *const stage = &result->stages[0];
    const struct verdict_counts counts = report_count(stage, NULL);
    tell(stage->status == STAGE_GRADED && stage->warnings == NULL, name,
         "the skeleton compiles without a warning", status_words(stage));
    tell(counts.all > 0 && counts.of[VERDICT_NOT_IMPLEMENTED] == counts.all,
         name, "every test of the skeleton is not implemented", NULL);
    char *const score = text_format("%g and %g", stage->score.must.got,
                                    stage->score.bonus.got);
    tell(stage->own_tests_submitted && stage->own_tests_trouble == NULL &&
             stage->score.must.got == 0 && stage->score.bonus.got == 0,
         name, "the skeleton and its tests score exactly 0", score);
    free(score);
    result_free(result);
    free(module);
    free(tests);
}

static void
tell_unfinished(const char *name, const char *who,
                const struct stage_result *stage)
{
    for (size_t i = 0; i < stage->test_count; i++) {
        const struct test_result *const test = &stage->tests[i];
        if (test->verdict != VERDICT_PASSED) {
            printf("      %s: %s of %s: %s: %s\n", name, test->rubric->id, who,
                   verdict_name(test->verdict),
                   test->message != NULL ? test->message : "");
        } else if (test->memory_checked && !test->memory_clean) {
            printf("      %s: %s of %s is not clean: %s\n", name,
                   test->rubric->id, who,
                   test->error_count > 0 ? test->errors[0].what : "");
        }
    }
}

static void
check_reference(const struct kit *kit, const char *name)
{
    char *const module = kit_path(kit, "solutions/%s/%s.c", name, name);
    char *const tests = kit_path(kit, "solutions/%s/%s_test.c", name, name);
    struct result *const result = grade(kit, name, module, tests);
    const struct stage_result *const stage = &result->stages[0];
    char *const score =
        text_format("%.17g of 100, bonus %.17g of %.17g (%s)",
                    stage->score.must.got, stage->score.bonus.got,
                    stage->score.bonus.of, status_words(stage));
    tell(stage->score.must.got == 100 &&
             stage->score.bonus.got == stage->score.bonus.of,
         name, "the reference with the model tests scores exactly 100", score);
    tell_unfinished(name, "the reference", stage);
    for (size_t t = 0; t < stage->own_test_count; t++) {
        if (!stage->own_tests[t].valid) {
            printf("      %s: model test %s rejects what is right: %s\n", name,
                   stage->own_tests[t].name, stage->own_tests[t].rejects);
        }
    }
    for (size_t b = 0; b < stage->bug_count; b++) {
        if (!stage->bugs[b].caught) {
            tell(false, name, "the model tests catch every bug",
                 stage->bugs[b].bug->name);
        }
    }
    if (stage->coverage.lines > 0) {
        printf("      %s: model tests reach %u of %u lines, %u of %u "
               "branches; not lines %s\n",
               name, stage->coverage.lines_covered, stage->coverage.lines,
               stage->coverage.branches_covered, stage->coverage.branches,
               stage->coverage.missed != NULL ? stage->coverage.missed : "-");
    }
    free(score);
    result_free(result);
    free(module);
    free(tests);
}

static void
check_alternatives(const struct kit *kit, const struct kit_stage *stage)
{
    const char *const name = stage->stage->name;
    struct strings names = {0};
    char *const folder = kit_path(kit, "solutions/%s/alternatives", name);
    strings_list_folder(&names, folder, ".c");
    for (size_t i = 0; i < names.count; i++) {
        char *const module = text_format("%s/%s.c", folder, names.item[i]);
        struct result *const result = grade(kit, name, module, NULL);
        const struct stage_result *const graded = &result->stages[0];
        bool clean = graded->test_count > 0;
        for (size_t t = 0; t < graded->test_count; t++) {
            const struct test_result *const test = &graded->tests[t];
            clean = clean && test->verdict == VERDICT_PASSED &&
                    (test->rubric->suite == SUITE_PUBLIC ||
                     test->memory_clean);
        }
        char *const what =
            text_format("the alternative %s passes everything, cleanly",
                        names.item[i]);
        tell(clean, name, what, clean ? NULL : status_words(graded));
        tell_unfinished(name, names.item[i], graded);
        free(what);
        result_free(result);
        free(module);
    }
    strings_free(&names);
    free(folder);
}

/* ---- The bank on the quick runner ---------------------------------------- */

/* "build/kit/M/modules/bug-x" to that module's source (".c") or object (".o"). */
static char *
made_from(const struct kit_stage *stage, const char *program,
          const char *ending)
{
    return text_format("%s/src/%s%s", stage->folder,
                       strrchr(program, '/') + 1, ending);
}

/* The judge's tests on many programs: verdicts[program * tests + test]. */
struct verdicts {
    struct strings tests; /* "hidden/x", in the order of the quick runner     */
    size_t programs;
    enum verdict *of;
};

/* A module without variables of its own is as new when all its blocks are given
 * back, and takes another test. */
static struct verdicts
judge_programs(const struct kit *kit, const struct kit_stage *stage,
               const struct strings *programs, const struct strings *objects)
{
    char *const judge = text_format("%s/quick_judge", stage->folder);
    char *argv[] = {judge, NULL};
    const struct own_run run = {
        .tester_argv = argv,
        .tester_is_ours = true,
        .stage = stage->stage,
        .seed = kit->catalogue->seed,
    };
    struct verdicts verdicts = {.programs = programs->count};
    char *trouble = NULL;
    bool ours;
    if (!own_tests_list(&run, &verdicts.tests, &ours, &trouble)) {
        die(EX_UNAVAILABLE, "%s does not start: run make all first", judge);
    }
    const size_t pairs = programs->count * verdicts.tests.count;
    struct own_outcome *const outcomes = xcalloc(pairs + 1, sizeof *outcomes);
    struct own_implementation *const list =
        xcalloc(programs->count + 1, sizeof *list);
    struct subject_request *const requests =
        xcalloc(programs->count + 1, sizeof *requests);
    char *(*const argvs)[3] = xcalloc(programs->count + 1, sizeof *argvs);
    for (size_t i = 0; i < programs->count; i++) {
        const bool again = !gate_keeps_variables(objects->item[i]);
        argvs[i][0] = programs->item[i];
        argvs[i][1] = again ? "--again" : NULL;
        requests[i] = (struct subject_request){.argv = argvs[i],
                                               .filtered = !again,
                                               .filter = INNER_SUBJECT};
        list[i].subject = &requests[i];
    }
    own_tests_matrix(&run, list, programs->count, verdicts.tests.count, NULL,
                     outcomes);
    verdicts.of = xcalloc(pairs + 1, sizeof *verdicts.of);
    for (size_t i = 0; i < pairs; i++) {
        verdicts.of[i] = outcomes[i].verdict;
        own_outcome_free(&outcomes[i]);
    }
    free(argvs);
    free(requests);
    free(list);
    free(outcomes);
    free(judge);
    return verdicts;
}

/* The same of programs of the kit itself. */
static struct verdicts
judge_of_kit(const struct kit *kit, const struct kit_stage *stage,
             const struct strings *programs)
{
    struct strings objects = {0};
    for (size_t i = 0; i < programs->count; i++) {
        char *const object = made_from(stage, programs->item[i], ".o");
        strings_add(&objects, object);
        free(object);
    }
    const struct verdicts verdicts =
        judge_programs(kit, stage, programs, &objects);
    strings_free(&objects);
    return verdicts;
}

static void
verdicts_free(struct verdicts *verdicts)
{
    strings_free(&verdicts->tests);
    free(verdicts->of);
}

static enum verdict
verdict_of(const struct verdicts *verdicts, size_t program, const char *suite,
           const char *id)
{
    for (size_t t = 0; t < verdicts->tests.count; t++) {
        const char *const name = verdicts->tests.item[t];
        const size_t bytes = strlen(suite);
        if (strncmp(name, suite, bytes) == 0 && name[bytes] == '/' &&
            strcmp(name + bytes + 1, id) == 0) {
            return verdicts->of[program * verdicts->tests.count + t];
        }
    }
    return VERDICT_NONE;
}

/* The hidden tests that a program fails, in the rubric's order: "a b c". */
static char *
failures(const struct kit_stage *stage, const struct verdicts *verdicts,
         size_t program)
{
    char *text = xstrdup("");
    for (unsigned i = 0; i < stage->rubric->test_count; i++) {
        const struct rubric_test *const test = &stage->rubric->tests[i];
        if (test->suite == SUITE_HIDDEN &&
            verdict_of(verdicts, program, "hidden", test->id) !=
                VERDICT_PASSED) {
            char *const longer = text_format(
                "%s%s%s", text, text[0] != '\0' ? " " : "", test->id);
            free(text);
            text = longer;
        }
    }
    return text;
}

static char *
heading_failures(const struct bug *bug)
{
    char *text = xstrdup("");
    for (size_t i = 0; i < bug->fail_count; i++) {
        char *const longer =
            text_format("%s%s%s", text, i > 0 ? " " : "", bug->fails[i]->id);
        free(text);
        text = longer;
    }
    return text;
}

/* The rubric and the files must name the same tests. */
static void
check_rubric(const struct kit_stage *stage, const struct verdicts *verdicts)
{
    const char *const name = stage->stage->name;
    size_t missing = 0;
    for (unsigned i = 0; i < stage->rubric->test_count; i++) {
        const struct rubric_test *const test = &stage->rubric->tests[i];
        if (verdict_of(verdicts, 0, suite_name(test->suite), test->id) ==
            VERDICT_NONE) {
            printf("      %s: rubric.yaml:%u: there is no test %s/%s\n", name,
                   test->line, suite_name(test->suite), test->id);
            missing++;
        }
    }
    for (size_t t = 0; t < verdicts->tests.count; t++) {
        const char *const slash = strchr(verdicts->tests.item[t], '/');
        if (slash == NULL || rubric_find(stage->rubric, slash + 1) == NULL) {
            printf("      %s: the rubric does not know %s\n", name,
                   verdicts->tests.item[t]);
            missing++;
        }
    }
    tell(missing == 0, name, "rubric and tests name the same tests", NULL);

    struct strings problems = {0};
    bank_check_rubric(stage->bank, stage->rubric, &problems);
    for (size_t i = 0; i < problems.count; i++) {
        printf("      %s\n", problems.item[i]);
    }
    tell(problems.count == 0, name,
         "every hidden test fails a bug, or says why it is there", NULL);
    strings_free(&problems);
}

/* Of the bugs b with b % step == start; program first + i is the i-th of them. */
static void
check_bugs(const struct kit_stage *stage, const struct verdicts *verdicts,
           const char *how, size_t first, size_t start, size_t step)
{
    const char *const name = stage->stage->name;
    size_t wrong = 0, checked = 0;
    for (size_t b = start; b < stage->bank->bug_count; b += step) {
        char *const expected = heading_failures(&stage->bank->bugs[b]);
        char *const got = failures(stage, verdicts, first + checked++);
        if (strcmp(expected, got) != 0) {
            printf("      %s: %s%s fails\n        %s\n      but its heading "
                   "says\n        %s\n",
                   name, stage->bank->bugs[b].name, how, got, expected);
            wrong++;
        }
        free(expected);
        free(got);
    }
    char *const what = text_format(
        "%zu bugs%s are failed by exactly the tests of their headings",
        checked, how);
    tell(wrong == 0, name, what, NULL);
    free(what);
}

/* ---- Other compilers and levels ------------------------------------------ */

static void
run_compiler(struct strings *argv, const char *source)
{
    const struct process process = {
        .argv = argv->item,
        .environment = (char *[]){"PATH=/usr/bin:/bin", NULL},
        .standard_input = -1,
        .wall_ms = 60000,
        .output_limit = 4096,
    };
    struct process_result result = process_run(&process);
    if (result.end != PROCESS_EXITED || result.code != 0) {
        die(EX_UNAVAILABLE, "%s cannot compile %s: %s", argv->item[0], source,
            result.end == PROCESS_NOT_FOUND
                ? "it is not installed (make setup-tests)"
                : result.output);
    }
    process_result_free(&result);
    strings_free(argv);
}

static void
compile(const char *compiler, const char *level, const struct kit *kit,
        const struct kit_stage *stage, const char *source, const char *object,
        const char *program)
{
    char *const headers = kit_path(kit, "assignments");
    const char *const to_object[] = {
        compiler, "-std=c11", "-g",   level,  "-w", "-I",
        headers,  "-c",       "-o",   object, source};
    const char *const to_program[] = {
        compiler, "-o", program, object, stage->subject_object,
        VMLAB_LINK_FLAGS};
    struct strings argv = {0};
    for (size_t i = 0; i < sizeof to_object / sizeof *to_object; i++) {
        strings_add(&argv, to_object[i]);
    }
    run_compiler(&argv, source);
    for (size_t i = 0; i < sizeof to_program / sizeof *to_program; i++) {
        strings_add(&argv, to_program[i]);
    }
    run_compiler(&argv, source);
    free(headers);
}

static void
check_compiler(const struct kit *kit, const struct kit_stage *stage,
               const char *compiler, const char *level, size_t start,
               size_t step)
{
    struct strings names = {0};
    struct strings programs = {0};
    struct strings others = {0}, objects = {0};
    char *const folder = xstrdup("/tmp/vmlab-compilers-XXXXXX");
    if (mkdtemp(folder) == NULL) {
        die(EX_CANTCREAT, "cannot make %s:", folder);
    }
    for (size_t i = 0; i < stage->rights.count; i++) {
        /* The reference, the last, every time; an alternative in its turn. */
        if (i + 1 == stage->rights.count || i % step == start % step) {
            strings_add(&names, stage->right_names.item[i]);
            strings_add(&programs, stage->rights.item[i]);
        }
    }
    for (size_t b = start; b < stage->bugs.count; b += step) {
        strings_add(&programs, stage->bugs.item[b]);
    }
    for (size_t i = 0; i < programs.count; i++) {
        char *const source = made_from(stage, programs.item[i], ".c");
        strings_addf(&others, "%s/%zu", folder, i);
        strings_addf(&objects, "%s/%zu.o", folder, i);
        compile(compiler, level, kit, stage, source, objects.item[i],
                others.item[i]);
        free(source);
    }
    struct verdicts verdicts = judge_programs(kit, stage, &others, &objects);
    size_t wrong = 0;
    for (size_t i = 0; i < names.count; i++) {
        char *const fails = failures(stage, &verdicts, i);
        if (fails[0] != '\0') {
            printf("      %s: %s by %s %s fails %s\n", stage->stage->name,
                   names.item[i], compiler, level, fails);
            wrong++;
        }
        free(fails);
    }
    char *const how = text_format(" by %s %s", compiler, level);
    char *const what = text_format("right ones%s pass", how);
    tell(wrong == 0, stage->stage->name, what, NULL);
    check_bugs(stage, &verdicts, how, names.count, start, step);
    for (size_t i = 0; i < others.count; i++) {
        unlink(others.item[i]);
        unlink(objects.item[i]);
    }
    rmdir(folder);
    verdicts_free(&verdicts);
    strings_free(&names);
    strings_free(&programs);
    strings_free(&others);
    strings_free(&objects);
    free(what);
    free(how);
    free(folder);
}

/* ---- Kill table ---------------------------------------------------------- */

/* Puts the line "Fails: ..." of a bug's heading right. */
static void
write_heading(const struct bug *bug, const char *fails)
{
    size_t bytes;
    char *const text = text_read_file(bug->patch, 1 << 20, &bytes);
    char *const line = text != NULL ? strstr(text, "Fails:") : NULL;
    char *const end = line != NULL ? strchr(line, '\n') : NULL;
    if (end == NULL) {
        die(EX_DATAERR, "%s: there is no line 'Fails:'", bug->patch);
    }
    char *const changed = text_format("%.*sFails: %s%s", (int)(line - text),
                                      text, fails, end);
    if (text_write_file(bug->patch, changed, strlen(changed)) != 0) {
        die(EX_CANTCREAT, "cannot write %s:", bug->patch);
    }
    free(changed);
    free(text);
}

static void
kills(const struct kit *kit, const char *name, bool write)
{
    const struct kit_stage *const stage = kit_stage(kit, name);
    if (stage == NULL) {
        die(EX_USAGE, "there is no stage '%s'", name);
    }
    struct verdicts verdicts = judge_of_kit(kit, stage, &stage->bugs);
    for (size_t b = 0; b < stage->bank->bug_count; b++) {
        const struct bug *const bug = &stage->bank->bugs[b];
        char *const fails = failures(stage, &verdicts, b);
        printf("%s\n    Fails: %s\n", bug->name, fails);
        if (write && fails[0] != '\0') {
            write_heading(bug, fails);
        }
        free(fails);
    }
    verdicts_free(&verdicts);
}

/* ---- All of it ----------------------------------------------------------- */

static void
check_tools(const struct kit *kit, const struct kit_stage *stage)
{
    check_skeleton(kit, stage->stage->name);
    check_reference(kit, stage->stage->name);
}

static void
check_bank(const struct kit *kit, const struct kit_stage *stage, bool share)
{
    static const char *const compilers[] = {"gcc", "clang"};
    static const char *const levels[] = {"-O0", "-O2"};
    /* The kit's own way to compile is one, the others are four. */
    const size_t ways = share ? 5 : 1;
    struct strings programs = {0};
    const size_t rights = share ? 1 : stage->rights.count;
    for (size_t i = 0; i < rights; i++) {
        strings_add(&programs, stage->rights.item[i]);
    }
    for (size_t i = 0; i < stage->bugs.count; i += ways) {
        strings_add(&programs, stage->bugs.item[i]);
    }
    check_alternatives(kit, stage);
    struct verdicts verdicts = judge_of_kit(kit, stage, &programs);
    check_rubric(stage, &verdicts);
    check_bugs(stage, &verdicts, "", rights, 0, ways);
    verdicts_free(&verdicts);
    for (size_t way = 0; way < 4; way++) {
        check_compiler(kit, stage, compilers[way / 2], levels[way % 2],
                       share ? way + 1 : 0, ways);
    }
    strings_free(&programs);
}

struct arguments {
    struct strings stages;
    const char *kills;
    bool write;
    bool share;
    bool tools;
};

static error_t
parse(int key, char *text, struct argp_state *state)
{
    struct arguments *const arguments = state->input;
    switch (key) {
    case 'k':
    case 'w':
        arguments->kills = text;
        arguments->write = key == 'w';
        return 0;
    case 's':
        arguments->share = true;
        return 0;
    case 't':
        arguments->tools = true;
        return 0;
    case ARGP_KEY_ARG:
        strings_add(&arguments->stages, text);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int
main(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"kills", 'k', "M", 0, "Print which tests each bug of stage M fails",
         0},
        {"share", 's', NULL, 0,
         "Compile each bug in one of five ways instead of all", 0},
        {"tools", 't', NULL, 0,
         "Grade skeletons and references alone, which takes every tool", 0},
        {"write", 'w', "M", 0, "The same, and write it into the headings", 0},
        {0},
    };
    const struct argp argp = {
        options, parse, "[M...]",
        "Holds the kit against itself: skeletons, solutions, bugs, rubrics.",
        NULL,    NULL,  NULL};
    struct arguments arguments = {0};
    argp_err_exit_status = EX_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    struct kit *const kit = kit_open(KIT_WHOLE);
    slot = sandbox_claim_slots(PIPELINE_SLOTS);
    if (arguments.kills != NULL) {
        kills(kit, arguments.kills, arguments.write);
        kit_free(kit);
        return 0;
    }
    for (size_t i = 0; i < kit->stage_count; i++) {
        const char *const name = kit->stages[i].stage->name;
        bool wanted = arguments.stages.count == 0;
        for (size_t a = 0; a < arguments.stages.count; a++) {
            wanted = wanted || strcmp(arguments.stages.item[a], name) == 0;
        }
        if (wanted) {
            check_tools(kit, &kit->stages[i]);
            if (!arguments.tools) {
                check_bank(kit, &kit->stages[i], arguments.share);
            }
        }
    }
    printf("check-kit: %u passed, %u failed\n", passed, failed);
    kit_free(kit);
    strings_free(&arguments.stages);
    return failed == 0 && passed > 0 ? 0 : 1;
}
