/*
 * regrade.c - `vmgrade regrade --out DIR`: after a test, a bug or a limit was
 * changed, what that touches is graded again, and what it changes is told.
 */
#include <stdlib.h>
#include <string.h>

#include "batch/standings.h"
#include "commands/class_options.h"
#include "commands/command.h"
#include "die.h"
#include "report.h"

static const char intro[] =
    "Grades kept submissions again, and shows which scores have changed.\v"
    "Every attempt of every student, or of those named, is held against the "
    "kit as it is now: a stage that was graded with another one is graded "
    "again. Stages whose tests, bugs and limits are as they were are left "
    "alone; --again grades them all the same. Grades that were before stay in "
    "the gradebook (vmgrade explain shows them).\n"
    "\n"
    "Examples:\n"
    "  make all && vmgrade regrade --out course/\n"
    "  vmgrade regrade alice --out course/ --stage tlb --again";

enum { KEY_AGAIN = 'a' };

static const struct argp_option options[] = {
    {"again", KEY_AGAIN, NULL, 0, "Also what this kit has graded already", 0},
    {0},
};

struct arguments {
    struct class_arguments class;
    struct strings students;
    bool again;
};

static error_t
parse(int key, char *text, struct argp_state *state)
{
    struct arguments *const arguments = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->class;
        break;
    case KEY_AGAIN:
        arguments->again = true;
        break;
    case ARGP_KEY_ARG:
        strings_add(&arguments->students, text);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

/* ---- Whose attempts ------------------------------------------------------ */

static void
add_tasks(struct gradebook *book, const struct standing *standing,
          struct task **tasks, size_t *count)
{
    sqlite3_stmt *const rows = gradebook_prepare(
        book, "SELECT DISTINCT digest FROM attempt WHERE student = ?", "t",
        standing->student.key);
    while (gradebook_row(book, rows)) {
        tasks_add(tasks, count, (const char *)sqlite3_column_text(rows, 0),
                  standing_name(standing));
    }
}

static void
find_tasks(struct gradebook *book, const struct standings *standings,
           const struct strings *students, struct task **tasks, size_t *count)
{
    for (size_t i = 0; i < students->count; i++) {
        bool several;
        const struct standing *const one =
            standings_find(standings, students->item[i], &several);
        if (one == NULL) {
            die(EX_NOINPUT,
                several ? "several students are called '%s'"
                        : "there is no student '%s' in the gradebook",
                students->item[i]);
        }
        add_tasks(book, one, tasks, count);
    }
    for (size_t i = 0; students->count == 0 && i < standings->count; i++) {
        add_tasks(book, &standings->students[i], tasks, count);
    }
}

/* ---- What has changed ---------------------------------------------------- */

static char *
score_of(const struct stage_standing *stage)
{
    if (stage->status == NULL) {
        return xstrdup("-");
    }
    if (strcmp(stage->status, "ungraded") == 0) {
        return xstrdup("ungraded");
    }
    char *const must = report_points(stage->must.got);
    char *const bonus = report_points(stage->bonus.got);
    char *const score = text_format("%s + %s", must, bonus);
    free(must);
    free(bonus);
    return score;
}

static const struct standing *
same_student(const struct standings *standings, const struct standing *one)
{
    for (size_t i = 0; i < standings->count; i++) {
        if (strcmp(standings->students[i].student.key, one->student.key) == 0) {
            return &standings->students[i];
        }
    }
    return NULL;
}

static size_t
show_changes(const struct standings *old, const struct standings *new)
{
    size_t changes = 0;
    for (size_t i = 0; i < new->count; i++) {
        const struct standing *const now = &new->students[i];
        const struct standing *const before = same_student(old, now);
        for (size_t s = 0; before != NULL && s < new->names.count; s++) {
            size_t was = 0;
            while (was < old->names.count &&
                   strcmp(old->names.item[was], new->names.item[s]) != 0) {
                was++;
            }
            char *const from = was < old->names.count
                                   ? score_of(&before->stages[was])
                                   : xstrdup("-");
            char *const to = score_of(&now->stages[s]);
            if (strcmp(from, to) != 0) {
                printf("  %s, %s: %s -> %s\n", standing_name(now),
                       new->names.item[s], from, to);
                changes++;
            }
            free(from);
            free(to);
        }
    }
    return changes;
}

/* ---- All ----------------------------------------------------------------- */

int
command_regrade(int argc, char **argv)
{
    struct arguments arguments = {0};
    const struct argp_child children[] = {{&class_argp, 0, NULL, 0}, {0}};
    const struct argp argp = {
        options, parse, "[STUDENT...] --out DIR", intro, children, NULL, NULL};
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    char *const out = realpath(arguments.class.out, NULL);
    if (out == NULL) {
        die(EX_NOINPUT, "there is no folder %s:", arguments.class.out);
    }
    arguments.class.out = out;
    struct class_run run;
    class_prepare(&run, &arguments.class, GRADEBOOK_WRITE);
    run.options.again = arguments.again;
    struct standings *const old = standings_read(run.book, WHICH_BEST);
    struct task *tasks = NULL;
    size_t count = 0;
    find_tasks(run.book, old, &arguments.students, &tasks, &count);
    strings_free(&arguments.students);
    const int status = class_finish(&run, tasks, count, 0);

    struct gradebook *const book = gradebook_open(out, GRADEBOOK_READ);
    struct standings *const new = standings_read(book, WHICH_BEST);
    printf("Scores that have changed (must + bonus):\n");
    printf("%zu changed.\n", show_changes(old, new));
    standings_free(old);
    standings_free(new);
    gradebook_close(book);
    free(out);
    return status;
}
