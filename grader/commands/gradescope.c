/*
 * gradescope.c - vmgrade gradescope: grades one submission where Gradescope
 * has put it, and writes results.json.
 *
 *     this program ---- fork ---- the grading
 *
 * The grading is a process of its own, so that whatever ends it, an error of
 * ours, a full disk or the time, is known here and is not a score of 0.  Its
 * record comes back in a file in memory.
 */
#include <argp.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "commands/checks.h"
#include "commands/command.h"
#include "config.h"
#include "die.h"
#include "gradescope_results.h"
#include "json.h"
#include "kit.h"
#include "pipeline.h"
#include "sandbox/sandbox.h"
#include "text.h"
#include "tools.h"

enum { METADATA_LIMIT = 64 << 20, TRIES = 2 };

static const char intro[] =
    "Grades the submission in FOLDER and writes what Gradescope reads.\v"
    "Exit status:\n"
    "  0   graded, or the earlier result was repeated\n"
    "  70  not graded through trouble of the grader, and there is no earlier "
    "result: no results are written, which Gradescope shows as an autograder "
    "that failed\n"
    "  others as vmgrade's";

enum { KEY_METADATA = 'm', KEY_SETTINGS = 's', KEY_OUT = 'o' };

static const struct argp_option options[] = {
    {"metadata", KEY_METADATA, "FILE", 0,
     "Gradescope's submission_metadata.json", 0},
    {"settings", KEY_SETTINGS, "FILE", 0,
     "What the instructor says of the assignment; by default "
     "docker/gradescope/gradescope.yaml of the kit",
     0},
    {"out", KEY_OUT, "FILE", 0, "Where the results go (results.json)", 0},
    {0},
};

struct arguments {
    const char *folder, *metadata, *settings, *out;
};

static error_t
parse(int key, char *text, struct argp_state *state)
{
    struct arguments *const arguments = state->input;
    switch (key) {
    case KEY_METADATA:
        arguments->metadata = text;
        break;
    case KEY_SETTINGS:
        arguments->settings = text;
        break;
    case KEY_OUT:
        arguments->out = text;
        break;
    case ARGP_KEY_ARG:
        if (arguments->folder != NULL) {
            argp_error(state, "one FOLDER at a time");
        }
        arguments->folder = text;
        break;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "name the folder of the submission");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

/* ---- The grading, in its own process --------------------------------------- */

static _Noreturn void
grade(struct kit *kit, const struct gradescope_settings *settings,
      const char *folder, int record)
{
    /* It must not outlive who wants to know. */
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    tools_must_be_there(true, true);
    check_sandbox(kit, false);
    kit_make_reachable(kit, true);
    struct strings stages = {0};
    for (unsigned i = 0; i < settings->stages_count; i++) {
        strings_add(&stages, settings->stages[i]);
    }
    const struct pipeline pipeline = {
        .kit = kit,
        .stages = stages.count > 0 ? (const char *const *)stages.item : NULL,
        .seed = kit->catalogue->seed,
        .memory = true,
        .own_tests = true,
        .bank = true,
        .slot = sandbox_claim_slots(PIPELINE_SLOTS),
    };
    struct report_options report = {
        .kit_version = VMLAB_VERSION,
        .hidden = settings->show,
        .hint = report_hint,
    };
    struct result *const result = pipeline_run(&pipeline, folder);
    char *const text = result_to_json(result, &report);
    const size_t bytes = strlen(text);
    if (write(record, text, bytes) != (ssize_t)bytes) {
        die(EX_OSERR, "cannot hand over the record:");
    }
    exit(result_has_trouble(result) ? EX_SOFTWARE : EX_OK);
}

/* Waits for the process; false when the time, in CLOCK_MONOTONIC's seconds, is
 * over first, and it is killed then. */
static bool
wait_until(time_t end, pid_t pid, int *status)
{
    enum { REST_MS = 50 };
    for (;;) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        const pid_t ended = waitpid(pid, status, WNOHANG);
        if (ended == pid) {
            return true;
        }
        if (ended < 0 && errno != EINTR) {
            die(EX_OSERR, "cannot wait for the grading:");
        }
        if (now.tv_sec >= end) {
            kill(pid, SIGKILL);
            waitpid(pid, status, 0);
            return false;
        }
        poll(NULL, 0, REST_MS);
    }
}

/* The record of a grading in which nothing is ungraded, or NULL with why. */
static json_t *
try_to_grade(struct kit *kit, const struct gradescope_settings *settings,
             const char *folder, time_t end, char **why)
{
    const int file = memfd_create("record", MFD_CLOEXEC);
    int status = 0;
    if (file < 0) {
        die(EX_OSERR, "cannot make a file in memory:");
    }
    fflush(NULL);
    const pid_t pid = fork();
    if (pid < 0) {
        die(EX_OSERR, "cannot start a process:");
    }
    if (pid == 0) {
        grade(kit, settings, folder, file);
    }
    free(*why);
    *why = NULL;
    json_t *record = NULL;
    if (!wait_until(end, pid, &status)) {
        *why = text_format("it was not done in %u minutes", settings->minutes);
    } else if (WIFSIGNALED(status)) {
        *why = text_format("the grader was ended: %s",
                           strsignal(WTERMSIG(status)));
    } else if (WEXITSTATUS(status) != EX_OK) {
        *why = text_format("the grader had trouble, status %d",
                           WEXITSTATUS(status));
    } else if (lseek(file, 0, SEEK_SET) != 0 ||
               (record = json_loadfd(file, 0, NULL)) == NULL) {
        *why = xstrdup("the grader left no whole record");
    }
    close(file);
    return record;
}

/* ---- The platform's files -------------------------------------------------- */

/* Metadata that cannot be read are trouble of the platform; the submission is
 * graded without. */
static json_t *
read_metadata(const char *path)
{
    json_error_t error;
    size_t bytes;
    if (path == NULL) {
        return NULL;
    }
    char *const text = text_read_file(path, METADATA_LIMIT, &bytes);
    json_t *const metadata =
        text != NULL ? json_loadb(text, bytes, 0, &error) : NULL;
    if (text == NULL) {
        warn_user("cannot read %s:", path);
    } else if (metadata == NULL) {
        warn_user("%s:%d: %s", path, error.line, error.text);
    }
    free(text);
    return metadata;
}

static void
write_results(json_t *results, const char *path)
{
    char *const text = json_dumps(results, JSON_INDENT(1));
    if (text == NULL || text_write_file(path, text, strlen(text)) != 0) {
        die(EX_CANTCREAT, "cannot write %s:", path);
    }
    free(text);
    json_decref(results);
}

int
command_gradescope(int argc, char **argv)
{
    const struct argp argp = {options, parse, "FOLDER", intro,
                              NULL,    NULL,  NULL};
    struct arguments arguments = {.out = "results.json"};
    struct strings errors = {0};
    char *why = NULL;
    argp_err_exit_status = EX_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);

    sandbox_protect_self();
    struct kit *const kit = kit_open(KIT_WHOLE);
    char *const path = arguments.settings != NULL
                           ? xstrdup(arguments.settings)
                           : kit_path(kit, "docker/gradescope/gradescope.yaml");
    struct gradescope_settings *const settings =
        gradescope_settings_read(path, kit->catalogue, &errors);
    if (settings == NULL) {
        config_die(&errors);
    }
    json_t *const metadata = read_metadata(arguments.metadata);
    json_t *record = NULL;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const time_t end = now.tv_sec + settings->minutes * 60L;
    for (unsigned i = 0; i < TRIES && record == NULL; i++) {
        record = try_to_grade(kit, settings, arguments.folder, end, &why);
    }
    json_t *const results = record != NULL
                                ? gradescope_results(record, metadata, settings)
                                : gradescope_earlier_results(metadata, why);
    if (record == NULL) {
        warn_user("not graded: %s", why);
    }
    if (results != NULL) {
        write_results(results, arguments.out);
    }
    const int status = results != NULL ? EX_OK : EX_SOFTWARE;
    json_decref(record);
    json_decref(metadata);
    gradescope_settings_free(settings);
    kit_free(kit);
    free(path);
    free(why);
    return status;
}
