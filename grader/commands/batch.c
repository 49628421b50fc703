/*
 * batch.c - `vmgrade batch FOLDER --out DIR`: a class is graded.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "batch/downloads.h"
#include "batch/kept.h"
#include "batch/roster.h"
#include "batch/standings.h"
#include "commands/class_options.h"
#include "commands/command.h"
#include "die.h"

static const char intro[] =
    "Grades every submission in FOLDER into the gradebook of a course.\v"
    "FOLDER holds a folder or archive per student, named after the student; or "
    "it is what Gradescope (export of submissions), Canvas or Moodle (download "
    "of all submissions) gives, unpacked. Nothing that was graded before, with "
    "the same kit and seed, is graded again: after an interruption, and when "
    "submissions have come in, run the same once more.\n"
    "\n"
    "In DIR:\n"
    "  gradebook.db    every student, attempt and grade (SQLite)\n"
    "  class.html      the class on a page\n"
    "  records/        of each grading the record and the reports\n"
    "  submissions/    every submission as it was handed in\n"
    "\n"
    "Examples:\n"
    "  vmgrade batch week1/ --out course/ --stage segment\n"
    "  vmgrade batch week1/ --out course/ --engine docker --jobs 4\n"
    "  vmgrade batch submissions/ --out course/ --roster canvas.csv";

enum { KEY_ROSTER = 'r', KEY_LAYOUT = 600 };

static const struct argp_option options[] = {
    {"roster", KEY_ROSTER, "FILE", 0,
     "Who is in the course: CSV with any of the columns student, name, email, "
     "sid, login, canvas, moodle; a sheet exported from Canvas or Moodle will "
     "do",
     0},
    {"layout", KEY_LAYOUT, "WHAT", 0,
     "What FOLDER is: folders, gradescope, canvas or moodle (default: seen "
     "from the names)",
     0},
    {0},
};

struct arguments {
    struct class_arguments class;
    const char *folder;
    const char *roster;
    enum layout layout;
};

static error_t
parse(int key, char *text, struct argp_state *state)
{
    struct arguments *const arguments = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->class;
        break;
    case KEY_ROSTER:
        arguments->roster = text;
        break;
    case KEY_LAYOUT:
        arguments->layout = layout_of_name(text);
        if (arguments->layout == LAYOUT_UNKNOWN) {
            argp_error(state,
                       "--layout takes folders, gradescope, canvas or moodle, "
                       "not '%s'",
                       text);
        }
        break;
    case ARGP_KEY_ARG:
        if (arguments->folder != NULL) {
            argp_error(state, "name one folder, not '%s' as well", text);
        }
        arguments->folder = text;
        break;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "name the folder of the submissions: vmgrade batch "
                          "FOLDER --out DIR");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

/* ---- Who handed in what -------------------------------------------------- */

/* The students that the gradebook has; they belong to the standings. */
static struct roster
students_of(const struct standings *standings)
{
    struct roster roster = {.count = standings->count};
    roster.students = xcalloc(standings->count + 1, sizeof *roster.students);
    for (size_t i = 0; i < standings->count; i++) {
        roster.students[i] = standings->students[i].student;
    }
    return roster;
}

/* Enters the student, under the key that the student has already. */
static const char *
enter_student(struct gradebook *book, const struct roster *known,
              const struct student *student)
{
    const struct student *const one = roster_find(known, student);
    struct student entry = *student;
    if (one != NULL) {
        entry.key = one->key;
        /* The roster's spelling stands. */
        entry.name = one->name != NULL ? one->name : student->name;
    }
    gradebook_add_student(book, &entry);
    return entry.key;
}

static void
enter_roster(struct gradebook *book, const char *path)
{
    struct roster *const roster = roster_read(path);
    struct standings *const standings = standings_read(book, WHICH_BEST);
    struct roster known = students_of(standings);
    for (size_t i = 0; i < roster->count; i++) {
        struct student entry = roster->students[i];
        const struct student *const one = roster_find(&known, &entry);
        entry.key = one != NULL ? one->key : entry.key;
        gradebook_add_student(book, &entry);
    }
    free(known.students);
    standings_free(standings);
    roster_free(roster);
}

struct intake_of_class {
    struct task *tasks;
    size_t count;
    size_t not_taken;
};

static void
enter_item(struct class_run *run, const struct roster *known,
           const struct handed_in *item, struct intake_of_class *all)
{
    char *const kept = text_format("%s/submissions", run->book->out);
    char *trouble = NULL;
    char *const digest = kept_take(item, kept, &trouble);
    if (digest == NULL) {
        warn_user("%s is ungraded: %s", item->source, trouble);
        all->not_taken++;
    }
    for (size_t i = 0; i < item->student_count; i++) {
        const struct student *const student = &item->students[i];
        const char *const key = enter_student(run->book, known, student);
        if (digest != NULL) {
            gradebook_add_attempt(run->book, key, digest, item);
            tasks_add(&all->tasks, &all->count, digest,
                      student->name != NULL ? student->name : key);
        }
    }
    free(kept);
    free(digest);
    free(trouble);
}

static void
must_be_folder(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        die(EX_NOINPUT, "there is no folder %s:", path);
    }
    if (!S_ISDIR(status.st_mode)) {
        die(EX_NOINPUT, "%s is no folder; unpack the download first", path);
    }
}

/* The gradebook needs absolute paths: containers and records speak of them. */
static const char *
make_absolute(const char *out)
{
    if (mkdir(out, 0700) != 0 && access(out, F_OK) != 0) {
        die(EX_CANTCREAT, "cannot make the folder %s:", out);
    }
    char *const whole = realpath(out, NULL);
    if (whole == NULL) {
        die(EX_CANTCREAT, "cannot open the folder %s:", out);
    }
    return whole;
}

int
command_batch(int argc, char **argv)
{
    struct arguments arguments = {0};
    const struct argp_child children[] = {{&class_argp, 0, NULL, 0}, {0}};
    const struct argp argp = {
        options, parse, "FOLDER --out DIR", intro, children, NULL, NULL};
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    must_be_folder(arguments.folder);
    if (arguments.roster != NULL) { /* a damaged one is told at once */
        roster_free(roster_read(arguments.roster));
    }
    struct download *const download =
        download_read(arguments.folder, arguments.layout);
    if (download->count == 0) {
        die(EX_DATAERR, "there is no submission in %s", arguments.folder);
    }
    arguments.class.out = make_absolute(arguments.class.out);
    struct class_run run;
    class_prepare(&run, &arguments.class, GRADEBOOK_MAKE);

    struct intake_of_class all = {0};
    for (size_t i = 0; i < download->left_out.count; i++) {
        warn_user("left out: %s", download->left_out.item[i]);
    }
    if (arguments.roster != NULL) {
        enter_roster(run.book, arguments.roster);
    }
    struct standings *const before = standings_read(run.book, WHICH_BEST);
    struct roster known = students_of(before);
    for (size_t i = 0; i < download->count; i++) {
        enter_item(&run, &known, &download->items[i], &all);
    }
    printf("%zu submissions in %s (%s), %zu different.\n", download->count,
           arguments.folder, layout_name(download->layout), all.count);
    fflush(stdout);
    download_free(download);
    free(known.students);
    standings_free(before);
    return class_finish(&run, all.tasks, all.count, all.not_taken);
}
