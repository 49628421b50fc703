#include "commands/class_options.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch/class_page.h"
#include "batch/kit_digest.h"
#include "commands/checks.h"
#include "die.h"
#include "sandbox/sandbox.h"
#include "tools.h"

/* ---- Options ------------------------------------------------------------- */

enum {
    KEY_STAGE = 's',
    KEY_OUT = 'o',
    KEY_JOBS = 'j',
    KEY_QUIET = 'q',
    KEY_SEED = 512,
    KEY_ENGINE,
    KEY_IMAGE,
    KEY_WEAK,
    KEY_GRADER,
};
enum { MOST_JOBS = 256 };

static const struct argp_option options[] = {
    {"out", KEY_OUT, "DIR", 0,
     "The folder of the gradebook, of all submissions and of their records", 0},
    {"stage", KEY_STAGE, "M", 0, "Grade stage M only; may be repeated", 0},
    {"jobs", KEY_JOBS, "N", 0,
     "Gradings at one time (default: one per processor)", 0},
    {"engine", KEY_ENGINE, "WHAT", 0,
     "Where submissions are graded: local (default), or docker or podman, a "
     "container for each",
     0},
    {"image", KEY_IMAGE, "NAME", 0,
     "An image that is there already, instead of this kit's own", 0},
    {"seed", KEY_SEED, "N", 0, "Seed of the course, instead of the catalogue's",
     0},
    {"allow-weak-sandbox", KEY_WEAK, NULL, 0,
     "Go on where this machine cannot keep a submission from doing harm", 0},
    {"quiet", KEY_QUIET, NULL, 0, "No progress", 0},
    {"grader", KEY_GRADER, "PROGRAM", OPTION_HIDDEN, NULL, 0},
    {0},
};

static error_t
parse(int key, char *text, struct argp_state *state)
{
    struct class_arguments *const arguments = state->input;
    uint64_t number;
    switch (key) {
    case KEY_OUT:
        arguments->out = text;
        break;
    case KEY_STAGE:
        strings_add(&arguments->stages, text);
        break;
    case KEY_JOBS:
        if (!text_read_number(text, &number) || number < 1 ||
            number > MOST_JOBS) {
            argp_error(state, "--jobs takes a number from 1 to %d, not '%s'",
                       MOST_JOBS, text);
        }
        arguments->jobs = number;
        break;
    case KEY_ENGINE:
        if (!engine_of_name(text, &arguments->engine)) {
            argp_error(state,
                       "--engine takes local, docker or podman, not '%s'",
                       text);
        }
        break;
    case KEY_IMAGE:
        arguments->image = text;
        break;
    case KEY_SEED:
        arguments->seed_given = true;
        if (!text_read_number(text, &arguments->seed)) {
            argp_error(state,
                       "--seed takes a whole number below 2^64, not '%s'",
                       text);
        }
        break;
    case KEY_WEAK:
        arguments->allow_weak = true;
        break;
    case KEY_QUIET:
        arguments->quiet = true;
        break;
    case KEY_GRADER:
        arguments->grader = text;
        break;
    case ARGP_KEY_END:
        if (arguments->out == NULL) {
            argp_error(state, "say where the gradebook is: --out DIR");
        }
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

const struct argp class_argp = {options, parse, NULL, NULL, NULL, NULL, NULL};

/* ---- Before -------------------------------------------------------------- */

static bool
is_wanted(const struct strings *stages, const char *name)
{
    for (size_t i = 0; i < stages->count; i++) {
        if (strcmp(stages->item[i], name) == 0) {
            return true;
        }
    }
    return stages->count == 0;
}

static char *
own_program(void)
{
    char path[PATH_MAX];
    const ssize_t bytes = readlink("/proc/self/exe", path, sizeof path - 1);
    if (bytes < 0) {
        die(EX_OSERR, "cannot find out where this program is:");
    }
    path[bytes] = '\0';
    return xstrdup(path);
}

/* The stages in the catalogue's order, each with the kit that grades it. */
static void
prepare_local(struct class_run *run, const struct class_arguments *arguments)
{
    struct kit *const kit = kit_open(KIT_WHOLE);
    tools_must_be_there(true, true);
    check_sandbox(kit, arguments->allow_weak);
    for (size_t i = 0; i < kit->stage_count; i++) {
        const char *const name = kit->stages[i].stage->name;
        if (is_wanted(&arguments->stages, name)) {
            char *const digest = kit_digest(kit, &kit->stages[i]);
            strings_add(&run->options.stages, name);
            strings_add(&run->options.kits, digest);
            free(digest);
        }
    }
    kit_free(kit);
}

/* In a container every stage is graded with the image's kit. */
static void
prepare_container(struct class_run *run,
                  const struct class_arguments *arguments)
{
    struct engine_options *const engine = &run->options.engine;
    char *const root = kit_find_root();
    engine->program = arguments->grader != NULL
                          ? arguments->grader
                          : text_format("%s/docker/grade", root);
    engine->image =
        arguments->image != NULL ? arguments->image : engine_make_image(engine);
    char *const image = engine_image_id(engine);
    for (unsigned i = 0; i < run->catalogue->stage_count; i++) {
        if (is_wanted(&arguments->stages, run->catalogue->stages[i].name)) {
            strings_add(&run->options.stages, run->catalogue->stages[i].name);
            strings_add(&run->options.kits, image);
        }
    }
    run->options.reports = record_kit_open(root, run->catalogue);
    free(image);
    free(root);
}

void
class_prepare(struct class_run *run, const struct class_arguments *arguments,
              enum gradebook_use use)
{
    *run = (struct class_run){.catalogue = open_catalogue()};
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    run->options = (struct class_options){
        .engine =
            {
                .engine = arguments->engine,
                .program = arguments->grader != NULL ? arguments->grader
                                                     : own_program(),
                .allow_weak = arguments->allow_weak,
            },
        .seed = arguments->seed_given ? arguments->seed : run->catalogue->seed,
        .jobs = arguments->jobs > 0 ? arguments->jobs
                : processors > 0    ? (size_t)processors
                                    : 1,
    };
    check_stages(run->catalogue, &arguments->stages);
    if (arguments->engine == ENGINE_LOCAL) {
        prepare_local(run, arguments);
    } else {
        prepare_container(run, arguments);
    }
    run->book = gradebook_open(arguments->out, use);
    gradebook_set_stages(run->book, run->catalogue);
    run->board =
        board_on(stdout, stderr, arguments->quiet, &run->options.stages);
}

/* ---- After --------------------------------------------------------------- */

static void
say_time(const struct class_run *run, const struct class_outcome *outcome)
{
    if (outcome->gradings > 0) {
        printf("%.0f s, %.1f s a grading, %zu at one time.\n", outcome->seconds,
               outcome->seconds / (double)outcome->gradings, run->options.jobs);
    }
}

static int
say_outcome(const struct class_run *run, const struct class_outcome *outcome,
            size_t count, size_t not_taken)
{
    printf("%zu submission%s: %zu graded, %zu graded before, %zu ungraded.\n",
           count + not_taken, count + not_taken == 1 ? "" : "s",
           outcome->graded, outcome->reused, outcome->ungraded + not_taken);
    say_time(run, outcome);
    fflush(stdout);
    if (outcome->ungraded + not_taken > 0) {
        warn_user("%zu ungraded through trouble of the grader: run the same "
                  "again",
                  outcome->ungraded + not_taken);
        return EX_SOFTWARE;
    }
    return EX_OK;
}

int
class_finish(struct class_run *run, struct task *tasks, size_t count,
             size_t not_taken)
{
    run->workers = workers_create(run->options.jobs);
    const struct class_outcome outcome = class_grade(
        run->book, tasks, count, &run->options, &run->workers, &run->board);
    int status = EX_OK;
    if (outcome.stopped) {
        fflush(stdout);
        warn_user("stopped; %zu of %zu submissions are graded. Run the same "
                  "again to go on",
                  outcome.graded + outcome.reused, count + not_taken);
    } else {
        status = say_outcome(run, &outcome, count, not_taken);
        char *const page = text_format("%s/class.html", run->book->out);
        if (class_page_write(run->book, page) != 0) {
            warn_user("cannot write %s:", page);
            status = EX_CANTCREAT;
        } else {
            printf("The class: %s\n", page);
        }
        free(page);
    }
    tasks_free(tasks, count);
    gradebook_close(run->book);
    record_kit_free(&run->options.reports);
    catalogue_free(run->catalogue);
    strings_free(&run->options.stages);
    strings_free(&run->options.kits);
    workers_finish(&run->workers);
    return status;
}
