/*
 * vmlab.c - the learner's program: check what has been written, see what is
 * missing.
 *
 * `check` is the grader's pipeline with the public tests; the sandbox is what
 * the machine offers, and the program never stops for want of it.
 */
#include <argp.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "debugging.h"
#include "die.h"
#include "kit.h"
#include "pipeline.h"
#include "progress.h"
#include "report.h"
#include "sandbox/sandbox.h"
#include "terminal.h"
#include "text.h"
#include "tools.h"

const char *argp_program_version = "vmlab " VMLAB_VERSION;

static const char intro[] =
    "Build virtual memory, one module at a time.\v"
    "Commands:\n"
    "  check [M...]      compile assignments/M/M.c, run public and own "
    "tests\n"
    "  status            where you are in the course\n"
    "  debug M TEST      stop in your code, in gdb, when the test calls it\n"
    "\n"
    "Without a stage, check looks at the first one whose public tests do not "
    "all pass.\n"
    "\n"
    "Exit status:\n"
    "  0   all tests that ran have passed\n"
    "  1   something of yours fails\n"
    "  64  usage: see above\n"
    "  66  the file to check is not there\n"
    "  69  a tool or a package is missing\n"
    "  70  trouble of the kit: try again\n"
    "  71 to 77  the machine refuses something; the message says what\n"
    "  78  the catalogue, a rubric or a bug has an error\n"
    "\n"
    "Environment:\n"
    "  NO_COLOR       no colour, even on a terminal\n"
    "  TMPDIR         where work folders are made (/tmp)\n"
    "  VMLAB_EVENTS   a file that receives every call between tests and "
    "module,\n"
    "                 as JSON lines\n"
    "\n"
    "Examples:\n"
    "  vmlab check segment\n"
    "  vmlab check segment --test decode_takes_a_descriptor_apart\n"
    "  vmlab check segment --memory";

enum { KEY_TEST = 't', KEY_MEMORY = 'm', KEY_SEED = 256, KEY_FOLDER = 'C' };

static const struct argp_option program_options[] = {
    {"test", KEY_TEST, "NAME", 0, "Run this public test alone", 0},
    {"memory", KEY_MEMORY, NULL, 0,
     "Run the tests that passed again under valgrind's memcheck", 0},
    {"seed", KEY_SEED, "N", 0,
     "Seed of the random tests, instead of the course's", 0},
    {"folder", KEY_FOLDER, "DIR", 0,
     "Where your files M.c and M_test.c are, instead of assignments/M", 0},
    {0},
};

struct arguments {
    const char *command;
    struct strings words; /* behind the command                               */
    const char *test;
    const char *folder;
    bool memory, seed_given;
    uint64_t seed;
};

/* Whether the command is one, with as many words behind it as it takes. */
static void
check_words(const struct arguments *arguments, const struct argp_state *state)
{
    const char *const command = arguments->command;
    if (command == NULL) {
        argp_error(state, "say what to do: check, status or debug");
    } else if (strcmp(command, "debug") == 0) {
        if (arguments->words.count != 2) {
            argp_error(state, "debug takes a stage and a public test: vmlab "
                              "debug segment NAME");
        }
    } else if (strcmp(command, "status") == 0) {
        if (arguments->words.count != 0) {
            argp_error(state, "status takes no stage: it shows all");
        }
    } else if (strcmp(command, "check") != 0) {
        argp_error(state,
                   "there is no command '%s'; there are: check, status, "
                   "debug",
                   command);
    }
}

static error_t
parse(int key, char *text, struct argp_state *state)
{
    struct arguments *const arguments = state->input;
    switch (key) {
    case KEY_TEST:
        arguments->test = text;
        break;
    case KEY_MEMORY:
        arguments->memory = true;
        break;
    case KEY_FOLDER:
        arguments->folder = text;
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
    case ARGP_KEY_ARG:
        if (arguments->command == NULL) {
            arguments->command = text;
        } else {
            strings_add(&arguments->words, text);
        }
        break;
    case ARGP_KEY_END:
        check_words(arguments, state);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

/* ---- Lines of the report that name this program's commands --------------- */

static char *
repeat_line(const struct stage_result *stage, const struct test_result *test,
            void *context)
{
    const struct pipeline *const pipeline = context;
    if (test->rubric->suite != SUITE_PUBLIC) {
        return NULL;
    }
    return text_format("build/vmlab check %s --test %s --seed %llu",
                       stage->stage->name, test->rubric->id,
                       (unsigned long long)pipeline->seed);
}

static char *
debug_line(const struct stage_result *stage, const struct test_result *test,
           void *context)
{
    (void)context;
    return test->rubric->suite == SUITE_PUBLIC
               ? text_format("build/vmlab debug %s %s", stage->stage->name,
                             test->rubric->id)
               : NULL;
}

/* ---- Progress that outlives the program ---------------------------------- */

/* What the last check of a stage found. */
struct standing {
    bool known;
    char digest[65];
    unsigned passed, all, own, own_passed;
};

static char *
standing_path(const struct kit *kit, const char *stage)
{
    return kit_path(kit, "build/progress/%s.json", stage);
}

static void
save_standing(const struct kit *kit, const struct result *result)
{
    const struct stage_result *const stage = &result->stages[0];
    const struct verdict_counts counts = report_count(stage, NULL);
    unsigned own_passed = 0;
    for (size_t i = 0; i < stage->own_test_count; i++) {
        own_passed += stage->own_tests[i].on_own_module == VERDICT_PASSED;
    }
    json_t *const standing = json_pack(
        "{s:s, s:i, s:i, s:i, s:i}", "digest", result->digest, "passed",
        (int)counts.of[VERDICT_PASSED], "all", (int)counts.all, "own",
        (int)stage->own_test_count, "own_passed", (int)own_passed);
    char *const folder = kit_path(kit, "build/progress");
    char *const path = standing_path(kit, stage->stage->name);
    char *const text = json_dumps(standing, JSON_INDENT(1));
    if ((mkdir(folder, 0755) != 0 && errno != EEXIST) || text == NULL ||
        text_write_file(path, text, strlen(text)) != 0) {
        warn_user("cannot remember the result in %s:", path);
    }
    free(text);
    free(path);
    free(folder);
    json_decref(standing);
}

static unsigned
count_in(const json_t *object, const char *key)
{
    return (unsigned)json_integer_value(json_object_get(object, key));
}

static struct standing
load_standing(const struct kit *kit, const char *stage)
{
    struct standing standing = {0};
    char *const path = standing_path(kit, stage);
    json_t *const saved = json_load_file(path, 0, NULL);
    if (saved != NULL) {
        const char *const digest =
            json_string_value(json_object_get(saved, "digest"));
        standing.known = true;
        snprintf(standing.digest, sizeof standing.digest, "%s",
                 digest != NULL ? digest : "");
        standing.passed = count_in(saved, "passed");
        standing.all = count_in(saved, "all");
        standing.own = count_in(saved, "own");
        standing.own_passed = count_in(saved, "own_passed");
    }
    json_decref(saved);
    free(path);
    return standing;
}

static bool
is_finished(const struct standing *standing)
{
    return standing->known && standing->all > 0 &&
           standing->passed == standing->all;
}

/* ---- Commands ------------------------------------------------------------ */

static char *
folder_of(const struct kit *kit, const struct arguments *arguments,
          const char *stage)
{
    return arguments->folder != NULL ? xstrdup(arguments->folder)
                                     : kit_path(kit, "assignments/%s", stage);
}

static bool
all_passed(const struct stage_result *stage)
{
    const struct verdict_counts counts = report_count(stage, NULL);
    bool good = stage->status == STAGE_GRADED && counts.all > 0 &&
                counts.of[VERDICT_PASSED] == counts.all &&
                stage->own_tests_trouble == NULL;
    for (size_t i = 0; i < stage->own_test_count; i++) {
        good = good && stage->own_tests[i].on_own_module == VERDICT_PASSED;
    }
    for (size_t i = 0; i < stage->test_count; i++) {
        good = good && (!stage->tests[i].memory_checked ||
                        stage->tests[i].memory_clean);
    }
    return good;
}

/* Returns the exit status. */
static int
check_stage(const struct kit *kit, const struct arguments *arguments,
            const char *name)
{
    struct progress progress = progress_on(stderr, false);
    struct pipeline pipeline = {
        .kit = kit,
        .stages = (const char *const[]){name, NULL},
        .seed = arguments->seed_given ? arguments->seed : kit->catalogue->seed,
        .only = arguments->test,
        .public_only = true,
        .memory = arguments->memory,
        .own_tests = arguments->test == NULL,
        .hide_ignored = true,
        .slot = sandbox_claim_slots(PIPELINE_SLOTS),
        .step = progress_step,
        .context = &progress,
    };
    struct report_options report = report_for_terminal(stdout);
    report.repeat = repeat_line;
    report.debug = debug_line;
    report.hint = report_hint;
    report.context = &pipeline;
    char *const folder = folder_of(kit, arguments, name);
    struct result *const result = pipeline_run(&pipeline, folder);
    const struct stage_result *const stage = &result->stages[0];
    progress_clear(&progress);
    terminal_report(stdout, result, &report);
    if (arguments->test == NULL && arguments->folder == NULL &&
        stage->trouble == NULL && result->digest != NULL) {
        save_standing(kit, result);
    }
    const int status = result_has_trouble(result) ? EX_SOFTWARE
                       : all_passed(stage)        ? EX_OK
                                                  : 1;
    result_free(result);
    free(folder);
    return status;
}

/* Ends the program with a message and what could have been meant. */
static noreturn void
die_with_choice(char *message, struct strings *choice)
{
    for (size_t i = 0; i < choice->count; i++) {
        char *const longer = text_format("%s\n  %s", message, choice->item[i]);
        free(message);
        message = longer;
    }
    die(EX_USAGE, "%s", message);
}

static void
must_be_public_test(const struct kit_stage *stage, const char *test)
{
    const struct rubric_test *const found = rubric_find(stage->rubric, test);
    struct strings choice = {0};
    if (found != NULL && found->suite == SUITE_PUBLIC) {
        return;
    }
    for (unsigned i = 0; i < stage->rubric->test_count; i++) {
        if (stage->rubric->tests[i].suite == SUITE_PUBLIC) {
            strings_add(&choice, stage->rubric->tests[i].id);
        }
    }
    die_with_choice(text_format("stage %s has no public test '%s'; there are:",
                                stage->stage->name, test),
                    &choice);
}

static const struct kit_stage *
stage_named(const struct kit *kit, const char *name)
{
    const struct kit_stage *const stage = kit_stage(kit, name);
    struct strings choice = {0};
    if (stage != NULL) {
        return stage;
    }
    for (size_t i = 0; i < kit->stage_count; i++) {
        strings_add(&choice, kit->stages[i].stage->name);
    }
    die_with_choice(text_format("there is no stage '%s'; there are:", name),
                    &choice);
}

static int
check(struct kit *kit, const struct arguments *arguments)
{
    struct strings names = {0};
    int status = EX_OK;
    tools_must_be_there(arguments->memory, arguments->test == NULL);
    for (size_t i = 0; i < arguments->words.count; i++) {
        strings_add(&names,
                    stage_named(kit, arguments->words.item[i])->stage->name);
    }
    for (size_t i = 0; names.count == 0 && i < kit->stage_count; i++) {
        const char *const name = kit->stages[i].stage->name;
        const struct standing standing = load_standing(kit, name);
        if (!is_finished(&standing) || i + 1 == kit->stage_count) {
            strings_add(&names, name);
        }
    }
    for (size_t i = 0; arguments->test != NULL && i < names.count; i++) {
        must_be_public_test(kit_stage(kit, names.item[i]), arguments->test);
    }
    kit_make_reachable(kit, false);
    for (size_t i = 0; i < names.count; i++) {
        const int one = check_stage(kit, arguments, names.item[i]);
        status = one > status ? one : status;
    }
    strings_free(&names);
    return status;
}

static int
show_status(const struct kit *kit)
{
    printf("%-10s %-30s %s\n", "stage", "title", "public tests at last check");
    for (size_t i = 0; i < kit->stage_count; i++) {
        const struct stage *const stage = kit->stages[i].stage;
        const struct standing standing = load_standing(kit, stage->name);
        printf("%-10s %-30s ", stage->name, stage->title);
        if (!standing.known) {
            printf("not checked: build/vmlab check %s\n", stage->name);
        } else {
            printf("%u of %u pass%s; own tests: %u of %u\n", standing.passed,
                   standing.all, is_finished(&standing) ? ", done" : "",
                   standing.own_passed, standing.own);
        }
    }
    return EX_OK;
}

static int
debug(const struct kit *kit, const struct arguments *arguments)
{
    const struct kit_stage *const stage =
        stage_named(kit, arguments->words.item[0]);
    must_be_public_test(stage, arguments->words.item[1]);
    char *const folder = folder_of(kit, arguments, stage->stage->name);
    debug_module(kit, stage, folder, arguments->words.item[1],
                 arguments->seed_given ? arguments->seed
                                       : kit->catalogue->seed);
    free(folder);
    return EX_OK;
}

int
main(int argc, char **argv)
{
    struct arguments arguments = {0};
    const struct argp argp = {program_options,
                              parse,
                              "check [M...]\nstatus\ndebug M TEST",
                              intro,
                              NULL,
                              NULL,
                              NULL};
    argp_err_exit_status = EX_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    struct kit *const kit = kit_open(KIT_PUBLIC);
    int status;
    if (strcmp(arguments.command, "check") == 0) {
        status = check(kit, &arguments);
    } else if (strcmp(arguments.command, "status") == 0) {
        status = show_status(kit);
    } else {
        status = debug(kit, &arguments);
    }
    kit_free(kit);
    strings_free(&arguments.words);
    return status;
}
