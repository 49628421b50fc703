/*
 * explain.c - `vmgrade explain STUDENT --out DIR`: what a student has, why, and
 * how to see it again.
 */
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>

#include "batch/standings.h"
#include "commands/checks.h"
#include "commands/command.h"
#include "die.h"
#include "page.h"
#include "report.h"

static const char intro[] =
    "Shows a student's attempts, the grades of each with all that they were "
    "before, the command that repeats a grading, and the reports.\v"
    "STUDENT is what the gradebook, the roster or the platform calls the "
    "student, or a part of the name that nobody else has.\n"
    "\n"
    "Examples:\n"
    "  vmgrade explain alice --out course/\n"
    "  vmgrade explain 4321 --out course/ --stage tlb";

enum { KEY_OUT = 'o', KEY_STAGE = 's', KEY_ATTEMPT = 512 };
enum { REPORT_BYTES = 4 << 20, NAMED = 16 };

static const struct argp_option options[] = {
    {"out", KEY_OUT, "DIR", 0, "The folder of the gradebook", 0},
    {"stage", KEY_STAGE, "M", 0, "Only stage M", 0},
    {"attempt", KEY_ATTEMPT, "WHICH", 0,
     "Of several attempts at a stage, best (default) or last", 0},
    {0},
};

struct arguments {
    const char *out, *stage, *student;
    enum which which;
};

static error_t
parse(int key, char *text, struct argp_state *state)
{
    struct arguments *const arguments = state->input;
    switch (key) {
    case KEY_OUT:
        arguments->out = text;
        break;
    case KEY_STAGE:
        arguments->stage = text;
        break;
    case KEY_ATTEMPT:
        if (!which_of_name(text, &arguments->which)) {
            argp_error(state, "--attempt takes best or last, not '%s'", text);
        }
        break;
    case ARGP_KEY_ARG:
        if (arguments->student != NULL) {
            argp_error(state, "name one student, not '%s' as well", text);
        }
        arguments->student = text;
        break;
    case ARGP_KEY_END:
        if (arguments->student == NULL) {
            argp_error(state, "name a student: vmgrade explain STUDENT --out "
                              "DIR");
        } else if (arguments->out == NULL) {
            argp_error(state, "say where the gradebook is: --out DIR");
        }
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

/* ---- Attempts ------------------------------------------------------------ */

static void
show_student(const struct page *page, const struct standing *standing)
{
    const struct student *const student = &standing->student;
    const char *const more[] = {student->email, student->sid, student->login};
    page_text(page, STYLE_STRONG, standing_name(standing));
    fprintf(page->out, "  (%s", student->key);
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        if (more[i] != NULL && strcmp(more[i], student->key) != 0) {
            fprintf(page->out, ", %s", more[i]);
        }
    }
    fputs(")\n", page->out);
}

static void
show_attempts(const struct page *page, struct gradebook *book,
              const struct standing *standing)
{
    sqlite3_stmt *const rows = gradebook_prepare(
        book,
        "SELECT coalesce(time, seen), source, late, digest FROM attempt WHERE "
        "student = ? ORDER BY id",
        "t", standing->student.key);
    unsigned number = 0;
    while (gradebook_row(book, rows)) {
        fprintf(page->out,
                "  attempt %u  %.19s  %s%s\n             %s/"
                "submissions/%s\n",
                ++number, (const char *)sqlite3_column_text(rows, 0),
                (const char *)sqlite3_column_text(rows, 1),
                sqlite3_column_int(rows, 2) != 0 ? "  late" : "", book->out,
                (const char *)sqlite3_column_text(rows, 3));
    }
    if (number == 0) {
        fputs("  no attempt\n", page->out);
    }
}

/* ---- Grades -------------------------------------------------------------- */

/* The digits of a digest: of a kit, or of an image, "sha256:..." */
static const char *
digits_of(const char *digest)
{
    const char *const colon = strchr(digest, ':');
    return colon != NULL ? colon + 1 : digest;
}

/* Every grade that the stage ever had, the current one last. */
static void
show_grades(const struct page *page, struct gradebook *book,
            const struct stage_standing *stage, const char *name)
{
    sqlite3_stmt *const rows = gradebook_prepare(
        book,
        "SELECT status, must_got, must_of, bonus_got, bonus_of, ended, kit, "
        "seed FROM grade WHERE digest = ? AND stage = ? ORDER BY used",
        "tt", stage->digest, name);
    while (gradebook_row(book, rows)) {
        char *const points = report_points(sqlite3_column_double(rows, 1));
        char *const of = report_points(sqlite3_column_double(rows, 2));
        char *const bonus = report_points(sqlite3_column_double(rows, 3));
        fprintf(page->out, "  %s: %s of %s, bonus %s; %s, kit %.8s, seed %s\n",
                (const char *)sqlite3_column_text(rows, 0), points, of, bonus,
                (const char *)sqlite3_column_text(rows, 5),
                digits_of((const char *)sqlite3_column_text(rows, 6)),
                (const char *)sqlite3_column_text(rows, 7));
        free(points);
        free(of);
        free(bonus);
    }
}

static void
show_trouble(const struct page *page, struct gradebook *book,
             const struct stage_standing *stage, const char *name)
{
    sqlite3_stmt *const rows = gradebook_prepare(
        book, "SELECT message FROM trouble WHERE digest = ? AND stage = ?",
        "tt", stage->digest, name);
    while (gradebook_row(book, rows)) {
        char *const text =
            text_format("ungraded through trouble of the grader: %s",
                        (const char *)sqlite3_column_text(rows, 0));
        page_wrap(page, STYLE_WARN, text, 0, 2);
        free(text);
    }
}

static void
show_file(const struct page *page, const char *out, const char *job,
          const char *name)
{
    char *const report = job_report(out, job, name);
    char *const path = text_format("%s/%s", out, report);
    char *const text = text_read_file(path, REPORT_BYTES, NULL);
    if (text != NULL) {
        page_newline(page);
        fputs(text, page->out);
    }
    free(text);
    free(path);
    free(report);
}

static char *
seed_of(struct gradebook *book, int64_t grade)
{
    sqlite3_stmt *const row = gradebook_prepare(
        book, "SELECT seed FROM grade WHERE id = ?", "i", grade);
    sqlite3_step(row);
    char *const seed = gradebook_text(row, 0);
    sqlite3_finalize(row);
    return seed;
}

static void
show_stage(const struct page *page, struct gradebook *book,
           const struct stage_standing *stage, const char *name)
{
    page_newline(page);
    page_rule(page);
    page_text(page, STYLE_STRONG, name);
    if (stage->status == NULL) {
        fputs(": nothing was handed in\n", page->out);
        return;
    }
    fprintf(page->out, ", attempt %u%s\n", stage->attempt,
            stage->late ? ", late" : "");
    show_grades(page, book, stage, name);
    show_trouble(page, book, stage, name);
    char *const seed = seed_of(book, stage->grade);
    if (seed != NULL) {
        char *const path =
            text_format("%s/submissions/%s", book->out, stage->digest);
        char *const word = text_shell_word(path);
        fprintf(page->out,
                "  repeat: build/vmgrade grade --stage %s --seed %s %s\n", name,
                seed, word);
        free(word);
        free(path);
        show_file(page, book->out, stage->job, name);
    }
    free(seed);
}

/* What the last attempt has to say besides its stages: what was left out of it,
 * or why it could not be read. */
static void
show_submission(const struct page *page, struct gradebook *book,
                const struct standing *standing)
{
    char *const job = gradebook_last_job(book, standing->student.key);
    if (job != NULL) {
        page_newline(page);
        page_rule(page);
        page_text(page, STYLE_STRONG, "the last attempt as a whole");
        page_newline(page);
        show_file(page, book->out, job, "submission");
    }
    free(job);
}

/* ---- All ----------------------------------------------------------------- */

static noreturn void
die_unfound(const struct standings *standings, const char *text, bool several)
{
    size_t named = 0;
    for (size_t i = 0; several && i < standings->count && named < NAMED; i++) {
        const struct standing *const one = &standings->students[i];
        if (strcasestr(one->student.key, text) != NULL ||
            strcasestr(standing_name(one), text) != NULL) {
            fprintf(stderr, "  %s  (%s)\n", standing_name(one),
                    one->student.key);
            named++;
        }
    }
    die(EX_NOINPUT,
        several ? "several students are called '%s'; give more of the name, or "
                  "the key in brackets"
                : "there is no student '%s' in the gradebook",
        text);
}

int
command_explain(int argc, char **argv)
{
    struct arguments arguments = {.which = WHICH_BEST};
    const struct argp argp = {options, parse, "STUDENT --out DIR", intro, NULL,
                              NULL,    NULL};
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    struct gradebook *const book =
        gradebook_open(arguments.out, GRADEBOOK_READ);
    struct catalogue *const catalogue = open_catalogue();
    gradebook_set_stages(book, catalogue);
    struct standings *const standings = standings_read(book, arguments.which);
    bool several;
    const struct standing *const standing =
        standings_find(standings, arguments.student, &several);
    if (standing == NULL) {
        die_unfound(standings, arguments.student, several);
    }
    const struct page page = {stdout, page_wants_colour(stdout),
                              page_width(stdout)};
    show_student(&page, standing);
    show_attempts(&page, book, standing);
    bool shown = false;
    for (size_t i = 0; i < standings->names.count; i++) {
        const char *const name = standings->names.item[i];
        if (arguments.stage == NULL || strcmp(arguments.stage, name) == 0) {
            show_stage(&page, book, &standing->stages[i], name);
            shown = true;
        }
    }
    if (arguments.stage != NULL && !shown) {
        die(EX_USAGE, "nobody was graded in a stage '%s'", arguments.stage);
    }
    if (arguments.stage == NULL) {
        show_submission(&page, book, standing);
    }
    standings_free(standings);
    catalogue_free(catalogue);
    gradebook_close(book);
    return EX_OK;
}
