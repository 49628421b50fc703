/*
 * vmgrade.c - the instructor's program: submissions in, records, a gradebook
 * and reports out.  What each command does is in commands/.
 */
#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "commands/command.h"
#include "die.h"
#include "text.h"

const char *argp_program_version = "vmgrade " VMLAB_VERSION;

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"grade", command_grade},     {"batch", command_batch},
    {"regrade", command_regrade}, {"explain", command_explain},
    {"export", command_export},   {"gradescope", command_gradescope},
};

static const char intro[] =
    "Grades submissions of the vmlab course.\v"
    "Commands (each has its own --help):\n"
    "  grade PATH...        grade submissions, and show their reports\n"
    "  batch FOLDER         grade a class into a gradebook\n"
    "  regrade              grade again what a change of the kit touches\n"
    "  explain STUDENT      one student's attempts, grades and reports\n"
    "  export               the gradebook as CSV, JSON, a page, or filled into "
    "a sheet of Canvas or Moodle\n"
    "  gradescope FOLDER    what an autograder of Gradescope runs\n"
    "\n"
    "Exit status:\n"
    "  0   everything was graded\n"
    "  1   --fail-under was given, and a submission has less\n"
    "  64  usage: see above\n"
    "  65  no submission holds anything that could be graded; or a roster or "
    "sheet is damaged\n"
    "  66  a submission, a folder, a student or a sheet is not there\n"
    "  69  a tool or a package is missing\n"
    "  70  something is ungraded through trouble of the grader: run the same "
    "again\n"
    "  71 to 77  the machine refuses something; the message says what\n"
    "  78  the catalogue, a rubric or a bug has an error\n"
    "\n"
    "Environment:\n"
    "  NO_COLOR   no colour, even on a terminal\n"
    "  TMPDIR     where work folders are made (/tmp)\n"
    "\n"
    "Examples:\n"
    "  vmgrade grade alice.tar.gz\n"
    "  vmgrade batch downloads/ --out course/ --roster roster.csv\n"
    "  vmgrade explain alice --out course/\n"
    "  vmgrade export --out course/ --format canvas --sheet grades.csv";

/* The first word ends the options of vmgrade itself. */
static error_t
parse(int key, char *text, struct argp_state *state)
{
    int *const at = state->input;
    (void)text;
    switch (key) {
    case ARGP_KEY_ARG:
        *at = state->next - 1;
        state->next = state->argc;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "say what to do: vmgrade grade PATH, or vmgrade "
                          "batch FOLDER");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static char *
list_commands(void)
{
    char *list = xstrdup("");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        char *const longer =
            text_format("%s%s%s", list, i > 0 ? ", " : "", commands[i].name);
        free(list);
        list = longer;
    }
    return list;
}

int
main(int argc, char **argv)
{
    const struct argp argp = {NULL, parse, "COMMAND [OPTION...]", intro, NULL,
                              NULL, NULL};
    int at = 0;
    argp_err_exit_status = EX_USAGE;
    argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &at);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(commands[i].name, argv[at]) == 0) {
            /* The name lives as long as the program. */
            argv[at] = text_format("vmgrade %s", commands[i].name);
            return commands[i].run(argc - at, argv + at);
        }
    }
    die(EX_USAGE, "there is no command '%s'; there are: %s", argv[at],
        list_commands());
}
