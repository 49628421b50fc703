/*
 * grade.c - `vmgrade grade PATH...`: submissions in, records and reports out.
 *
 * Several submissions are graded one after the other, each in a process of its
 * own: trouble of the machine then leaves one submission ungraded, and not all
 * that come behind it.
 */
#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commands/checks.h"
#include "commands/command.h"
#include "die.h"
#include "json.h"
#include "kit.h"
#include "pipeline.h"
#include "progress.h"
#include "report_files.h"
#include "sandbox/sandbox.h"
#include "scoreboard.h"
#include "terminal.h"
#include "text.h"
#include "tools.h"

static const char intro[] =
    "Grades each submission, and shows its report.\v"
    "A submission is a folder, a .tar, .tar.gz, .tar.xz, .tar.zst or .zip "
    "archive, or a single file M.c. Of each stage M it may hold M.c, the "
    "module, and M_test.c, the student's own tests; everything else is ignored "
    "and listed.\n"
    "\n"
    "With several submissions, or --scoreboard, a table with a line per "
    "submission and stage is shown instead of reports.\n"
    "\n"
    "Examples:\n"
    "  vmgrade grade alice.tar.gz\n"
    "  vmgrade grade --stage segment --json alice.json alice/\n"
    "  vmgrade grade --scoreboard submissions/*";

enum {
    KEY_STAGE = 's',
    KEY_JSON = 'j',
    KEY_SEED = 256,
    KEY_KEEP_WORK,
    KEY_SCOREBOARD,
    KEY_SHOW,
    KEY_FAIL_UNDER,
    KEY_WEAK,
    KEY_REPORTS,
    KEY_QUIET = 'q',
};

static const struct argp_option program_options[] = {
    {"stage", KEY_STAGE, "M", 0, "Grade stage M only; may be repeated", 0},
    {"json", KEY_JSON, "FILE", 0,
     "Write the record (vmlab.result/1) to FILE; with several submissions FILE "
     "is a folder that receives NAME.json of each",
     0},
    {"reports", KEY_REPORTS, "FOLDER", 0,
     "Write the report of each stage M that was submitted to FOLDER/M.txt, and "
     "what there is to say of the submission as a whole to "
     "FOLDER/submission.txt; one submission only",
     0},
    {"seed", KEY_SEED, "N", 0, "Seed of the course, instead of the catalogue's",
     0},
    {"show", KEY_SHOW, "WHAT", 0,
     "What the report shows of hidden tests: everything (default), inputs, "
     "title, nothing",
     0},
    {"scoreboard", KEY_SCOREBOARD, NULL, 0, "Show a table instead of reports",
     0},
    {"fail-under", KEY_FAIL_UNDER, "POINTS", 0,
     "Exit with 1 when a stage that was submitted has fewer points, or nothing "
     "of a submission could be graded",
     0},
    {"keep-work", KEY_KEEP_WORK, NULL, 0,
     "Leave the folder in which was worked, and say where it is", 0},
    {"allow-weak-sandbox", KEY_WEAK, NULL, 0,
     "Go on where this machine cannot keep a submission from doing harm", 0},
    {"quiet", KEY_QUIET, NULL, 0, "No progress", 0},
    {0},
};

struct arguments {
    struct strings stages;
    struct strings paths;
    const char *json;
    const char *reports;
    bool seed_given;
    uint64_t seed;
    bool keep_work, scoreboard, allow_weak, quiet;
    bool fail_under_given;
    double fail_under;
    enum visibility hidden;
};

static error_t
parse(int key, char *text, struct argp_state *state)
{
    struct arguments *const arguments = state->input;
    char *end;
    switch (key) {
    case KEY_STAGE:
        strings_add(&arguments->stages, text);
        break;
    case KEY_JSON:
        arguments->json = text;
        break;
    case KEY_REPORTS:
        arguments->reports = text;
        break;
    case KEY_SEED:
        arguments->seed_given = true;
        if (!text_read_number(text, &arguments->seed)) {
            argp_error(state,
                       "--seed takes a whole number below 2^64, not "
                       "'%s'",
                       text);
        }
        break;
    case KEY_SHOW:
        if (!visibility_of_name(text, &arguments->hidden)) {
            argp_error(state,
                       "--show takes everything, inputs, title or "
                       "nothing, not '%s'",
                       text);
        }
        break;
    case KEY_SCOREBOARD:
        arguments->scoreboard = true;
        break;
    case KEY_FAIL_UNDER:
        arguments->fail_under_given = true;
        arguments->fail_under = strtod(text, &end);
        if (end == text || *end != '\0' ||
            !(arguments->fail_under >= 0 && arguments->fail_under <= 100)) {
            argp_error(state,
                       "--fail-under takes points from 0 to 100, not "
                       "'%s'",
                       text);
        }
        break;
    case KEY_KEEP_WORK:
        arguments->keep_work = true;
        break;
    case KEY_WEAK:
        arguments->allow_weak = true;
        break;
    case KEY_QUIET:
        arguments->quiet = true;
        break;
    case ARGP_KEY_ARG:
        strings_add(&arguments->paths, text);
        break;
    case ARGP_KEY_END:
        if (arguments->paths.count == 0) {
            argp_error(state, "name a submission: vmgrade grade PATH");
        } else if (arguments->paths.count > 1 && arguments->reports != NULL) {
            argp_error(state, "--reports takes one submission at a time");
        }
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

/* What would stop the run later stops it now. */
static void
check_paths(const struct arguments *arguments)
{
    const struct strings *const paths = &arguments->paths;
    const bool many = paths->count > 1;
    struct strings names = {0};
    for (size_t i = 0; i < paths->count; i++) {
        if (access(paths->item[i], F_OK) != 0) {
            die(EX_NOINPUT, "there is no submission %s:", paths->item[i]);
        }
        char *const name = pipeline_name(paths->item[i]);
        for (size_t j = 0; arguments->json != NULL && j < i; j++) {
            if (strcmp(names.item[j], name) == 0) {
                die(EX_USAGE, "%s and %s would both be written to %s/%s.json",
                    paths->item[j], paths->item[i], arguments->json, name);
            }
        }
        strings_add(&names, name);
        free(name);
    }
    if (arguments->json != NULL && many && mkdir(arguments->json, 0777) != 0 &&
        errno != EEXIST) {
        die(EX_CANTCREAT, "cannot make the folder %s:", arguments->json);
    }
    strings_free(&names);
}

static void
write_json(const struct result *result, const struct report_options *options,
           const char *to, bool many)
{
    char *const path =
        many ? text_format("%s/%s.json", to, result->submission) : xstrdup(to);
    if (result_write_json(result, options, path) != 0) {
        die(EX_CANTCREAT, "cannot write %s:", path);
    }
    free(path);
}

/* What the report says of how to see the same again. */
struct again {
    const char *path;
    uint64_t seed;
};

static char *
repeat_line(const struct stage_result *stage, const struct test_result *test,
            void *context)
{
    const struct again *const again = context;
    (void)test;
    char *const path = text_shell_word(again->path);
    char *const line =
        text_format("build/vmgrade grade --stage %s --seed %llu %s",
                    stage->stage->name, (unsigned long long)again->seed, path);
    free(path);
    return line;
}

/* Whether nothing of the submission could be graded: it is empty, broken, or
 * holds none of the files. */
static bool
is_nothing(const struct result *result)
{
    for (size_t i = 0; i < result->stage_count; i++) {
        if (result->stages[i].status != STAGE_NOT_SUBMITTED) {
            return false;
        }
    }
    return true;
}

static bool
falls_under(const struct result *result, double points)
{
    if (is_nothing(result)) {
        return true;
    }
    for (size_t i = 0; i < result->stage_count; i++) {
        const struct stage_result *const stage = &result->stages[i];
        if (stage->status != STAGE_NOT_SUBMITTED &&
            stage->score.must.got < points) {
            return true;
        }
    }
    return false;
}

/* ---- One submission ------------------------------------------------------ */

/* What a run of the command has, besides its arguments. */
struct run {
    const struct arguments *arguments;
    struct pipeline pipeline;
    struct report_options report;
    struct progress progress;
    bool many, table;
};

/* Grades and shows the submission; returns the exit status that it would have
 * alone. */
static int
grade_one(struct run *run, size_t number)
{
    const struct arguments *const arguments = run->arguments;
    const char *const path = arguments->paths.item[number];
    struct again again = {path, run->pipeline.seed};
    run->report.context = &again;
    progress_submission(&run->progress, path, number + 1,
                        arguments->paths.count);
    struct result *const result = pipeline_run(&run->pipeline, path);
    progress_clear(&run->progress);
    if (run->table) {
        scoreboard_lines(stdout, result, &run->report);
    } else {
        terminal_report(stdout, result, &run->report);
    }
    fflush(stdout);
    if (arguments->reports != NULL &&
        report_files_write(result, &run->report, arguments->reports) != 0) {
        die(EX_CANTCREAT, "cannot write to %s:", arguments->reports);
    }
    if (arguments->json != NULL) {
        write_json(result, &run->report, arguments->json, run->many);
    }
    const int status = result_has_trouble(result) ? EX_SOFTWARE
                       : arguments->fail_under_given &&
                               falls_under(result, arguments->fail_under)
                           ? 1
                       : is_nothing(result) ? EX_DATAERR
                                            : EX_OK;
    result_free(result);
    return status;
}

/* The same in a process of its own, which ends with this one. */
static int
grade_apart(struct run *run, size_t number)
{
    const char *const path = run->arguments->paths.item[number];
    const pid_t parent = getpid();
    int status;
    const pid_t child = fork();
    if (child < 0) {
        warn_user("cannot start a process:");
        return EX_OSERR;
    }
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        exit(getppid() == parent ? grade_one(run, number) : EX_SOFTWARE);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    progress_clear(&run->progress);
    if (WIFEXITED(status) && WEXITSTATUS(status) < EX_NOINPUT) {
        return WEXITSTATUS(status);
    }
    warn_user(WIFEXITED(status) ? "%s is ungraded: see above"
                                : "%s is ungraded: its grading was killed",
              path);
    return EX_SOFTWARE;
}

/* ---- All ----------------------------------------------------------------- */

static int
grade_all(struct run *run)
{
    const size_t count = run->arguments->paths.count;
    size_t trouble = 0, under = 0, nothing = 0;
    for (size_t i = 0; i < count; i++) {
        const int status = run->many ? grade_apart(run, i) : grade_one(run, i);
        trouble += status >= EX_NOINPUT;
        under += status == 1;
        nothing += status == EX_DATAERR;
    }
    if (trouble > 0) {
        warn_user("%zu of %zu submission%s ungraded through trouble of the "
                  "grader: grade %s again",
                  trouble, count, count == 1 ? " is" : "s are",
                  trouble == 1 ? "it" : "them");
        return EX_SOFTWARE;
    }
    return under > 0 ? 1 : nothing == count ? EX_DATAERR : EX_OK;
}

int
command_grade(int argc, char **argv)
{
    struct arguments arguments = {.hidden = SHOW_EVERYTHING};
    const struct argp argp = {
        program_options, parse, "PATH...", intro, NULL, NULL, NULL};
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);

    sandbox_protect_self();
    struct kit *const kit = kit_open(KIT_WHOLE);
    check_stages(kit->catalogue, &arguments.stages);
    check_paths(&arguments);
    tools_must_be_there(true, true);
    check_sandbox(kit, arguments.allow_weak);
    kit_make_reachable(kit, true);

    struct run run = {
        .arguments = &arguments,
        .report = report_for_terminal(stdout),
        .progress = progress_on(stderr, arguments.quiet),
        .many = arguments.paths.count > 1,
    };
    run.table = run.many || arguments.scoreboard;
    run.report.hidden = arguments.hidden;
    run.report.repeat = repeat_line;
    run.report.hint = report_hint;
    run.pipeline = (struct pipeline){
        .kit = kit,
        .stages = arguments.stages.count > 0
                      ? (const char *const *)arguments.stages.item
                      : NULL,
        .seed = arguments.seed_given ? arguments.seed : kit->catalogue->seed,
        .memory = true,
        .own_tests = true,
        .bank = true,
        .keep_work = arguments.keep_work,
        .slot = sandbox_claim_slots(PIPELINE_SLOTS),
        .step = progress_step,
        .context = &run.progress,
    };
    if (run.table) {
        scoreboard_head(stdout, &run.report);
        fflush(stdout);
    }
    const int status = grade_all(&run);
    kit_free(kit);
    strings_free(&arguments.paths);
    strings_free(&arguments.stages);
    return status;
}
