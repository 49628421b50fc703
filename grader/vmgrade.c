/*
 * vmgrade.c - the instructor's program: submissions in, records and reports
 * out.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands/gradescope.h"
#include "die.h"
#include "json.h"
#include "kit.h"
#include "pipeline.h"
#include "progress.h"
#include "report.h"
#include "sandbox/sandbox.h"
#include "scoreboard.h"
#include "terminal.h"
#include "text.h"
#include "tools.h"

const char *argp_program_version = "vmgrade " VMLAB_VERSION;

static const char intro[] =
    "Grades submissions of the vmlab course.\v"
    "A submission is a folder, a .tar, .tar.gz, .tar.xz, .tar.zst or .zip "
    "archive, or a single file M.c. Of each stage M it may hold M.c, the "
    "module, and M_test.c, the student's own tests; everything else is ignored "
    "and listed.\n"
    "\n"
    "Commands:\n"
    "  grade PATH...     grade each, and show its report\n"
    "  gradescope FOLDER what an autograder of Gradescope runs; see its --help\n"
    "\n"
    "With several submissions, or --scoreboard, a table with a line per "
    "submission and stage is shown instead of reports.\n"
    "\n"
    "Exit status:\n"
    "  0   everything was graded\n"
    "  1   --fail-under was given, and a submission has less\n"
    "  64  usage: see above\n"
    "  65  no submission holds anything that could be graded\n"
    "  66  a submission is not there\n"
    "  69  a tool or a package is missing\n"
    "  70  a stage is ungraded through trouble of the grader: grade it again\n"
    "  71 to 77  the machine refuses something; the message says what\n"
    "  78  the catalogue, a rubric or a bug has an error\n"
    "\n"
    "Environment:\n"
    "  NO_COLOR   no colour, even on a terminal\n"
    "  TMPDIR     where work folders are made (/tmp)\n"
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
    KEY_QUIET = 'q',
};

static const struct argp_option program_options[] = {
    {"stage", KEY_STAGE, "M", 0, "Grade stage M only; may be repeated", 0},
    {"json", KEY_JSON, "FILE", 0,
     "Write the record (vmlab.result/1) to FILE; with several submissions FILE "
     "is a folder that receives NAME.json of each",
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
    const char *command;
    const char *json;
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
        if (arguments->command == NULL) {
            arguments->command = text;
        } else {
            strings_add(&arguments->paths, text);
        }
        break;
    case ARGP_KEY_END:
        if (arguments->command == NULL) {
            argp_error(state, "say what to do: vmgrade grade PATH");
        } else if (strcmp(arguments->command, "grade") != 0) {
            argp_error(state, "there is no command '%s'; there is: grade",
                       arguments->command);
        } else if (arguments->paths.count == 0) {
            argp_error(state, "name a submission: vmgrade grade PATH");
        }
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static void
check_stages(const struct kit *kit, const struct strings *stages)
{
    for (size_t i = 0; i < stages->count; i++) {
        if (kit_stage(kit, stages->item[i]) == NULL) {
            die(EX_USAGE, "there is no stage '%s' in grader/catalogue.yaml",
                stages->item[i]);
        }
    }
}

static void
check_sandbox(const struct kit *kit, bool allow_weak)
{
    struct strings missing = {0};
    char *const hidden = kit_path(kit, "solutions");
    char *const tests = kit_path(kit, "tests");
    sandbox_missing((const char *const[]){hidden, tests, NULL}, &missing);
    for (size_t i = 0; i < missing.count; i++) {
        warn_user("weak sandbox: a submission could %s", missing.item[i]);
    }
    if (missing.count > 0 && !allow_weak) {
        die(EX_UNAVAILABLE,
            "this machine cannot keep submissions from that; run as root, in "
            "the Docker image, or with --allow-weak-sandbox");
    }
    strings_free(&missing);
    free(hidden);
    free(tests);
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
    return text_format("build/vmgrade grade --stage %s --seed %llu '%s'",
                       stage->stage->name, (unsigned long long)again->seed,
                       again->path);
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

int
main(int argc, char **argv)
{
    struct arguments arguments = {.hidden = SHOW_EVERYTHING};
    const struct argp argp = {
        program_options, parse, "grade PATH...", intro, NULL, NULL, NULL};
    if (argc > 1 && strcmp(argv[1], "gradescope") == 0) {
        argv[1] = text_format("vmgrade gradescope");
        return command_gradescope(argc - 1, argv + 1);
    }
    argp_err_exit_status = EX_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);

    sandbox_protect_self();
    struct kit *const kit = kit_open();
    check_stages(kit, &arguments.stages);
    check_paths(&arguments);
    tools_must_be_there(true, true);
    check_sandbox(kit, arguments.allow_weak);
    kit_make_reachable(kit, true);

    const bool many = arguments.paths.count > 1;
    const bool table = many || arguments.scoreboard;
    struct report_options report = report_for_terminal(stdout);
    struct again again = {0};
    report.hidden = arguments.hidden;
    report.repeat = repeat_line;
    report.hint = report_hint;
    report.context = &again;
    struct progress progress = progress_on(stderr, arguments.quiet);
    struct pipeline pipeline = {
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
        .context = &progress,
    };
    bool trouble = false, under = false, nothing = true;
    if (table) {
        scoreboard_head(stdout, &report);
        fflush(stdout);
    }
    for (size_t i = 0; i < arguments.paths.count; i++) {
        const char *const path = arguments.paths.item[i];
        again = (struct again){path, pipeline.seed};
        progress_submission(&progress, path, i + 1, arguments.paths.count);
        struct result *const result = pipeline_run(&pipeline, path);
        progress_clear(&progress);
        if (table) {
            scoreboard_lines(stdout, result, &report);
            fflush(stdout);
        } else {
            terminal_report(stdout, result, &report);
        }
        if (arguments.json != NULL) {
            write_json(result, &report, arguments.json, many);
        }
        nothing = nothing && is_nothing(result);
        trouble = trouble || result_has_trouble(result);
        under = under || (arguments.fail_under_given &&
                          falls_under(result, arguments.fail_under));
        result_free(result);
    }
    kit_free(kit);
    strings_free(&arguments.paths);
    strings_free(&arguments.stages);
    if (trouble) {
        warn_user("a stage is ungraded through trouble of the grader: grade it "
                  "again");
        return EX_SOFTWARE;
    }
    return under ? 1 : nothing ? EX_DATAERR : EX_OK;
}
