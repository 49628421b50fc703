/*
 * export.c - `vmgrade export --out DIR --format WHAT`: the gradebook for other
 * programs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "batch/class_page.h"
#include "batch/exports.h"
#include "batch/reports.h"
#include "commands/checks.h"
#include "commands/command.h"
#include "die.h"
#include "kit.h"
#include "record.h"

static const char intro[] =
    "Writes what each student has to standard output.\v"
    "Formats:\n"
    "  csv      a row per student, for a spreadsheet\n"
    "  json     the same, with all numbers in full\n"
    "  html     the class on a page\n"
    "  reports  a text for each student, to be handed back, in the folder "
    "--output; --show says how much of hidden tests is in them\n"
    "  canvas   the sheet that Canvas exports, filled in: only columns named "
    "with --column are touched, and points are scaled to Points Possible\n"
    "  moodle   the grading worksheet of an assignment, filled in: column "
    "Grade, scaled to Maximum Grade\n"
    "\n"
    "A student who is ungraded, is excused or handed nothing in keeps the cell "
    "as it is.\n"
    "\n"
    "Examples:\n"
    "  vmgrade export --out course/ --format csv >class.csv\n"
    "  vmgrade export --out course/ --format canvas --sheet grades.csv "
    "--column "
    "'Page walk (98765)=pagewalk' --output filled.csv\n"
    "  vmgrade export --out course/ --format moodle --sheet worksheet.csv "
    "--column Grade=tlb --output filled.csv";

enum {
    KEY_OUT = 'o',
    KEY_FORMAT = 'f',
    KEY_SHEET = 's',
    KEY_COLUMN = 'c',
    KEY_OUTPUT = 512,
    KEY_ATTEMPT,
    KEY_ZEROS,
    KEY_SHOW,
};

static const struct argp_option options[] = {
    {"out", KEY_OUT, "DIR", 0, "The folder of the gradebook", 0},
    {"format", KEY_FORMAT, "WHAT", 0,
     "csv (default), json, html, reports, canvas, moodle", 0},
    {"sheet", KEY_SHEET, "FILE", 0,
     "The sheet that is to be filled in; it is not changed itself", 0},
    {"column", KEY_COLUMN, "TITLE[=M]", 0,
     "The column that gets the points of stage M, or the total; may be "
     "repeated",
     0},
    {"output", KEY_OUTPUT, "FILE", 0, "Write there, whole or not at all", 0},
    {"attempt", KEY_ATTEMPT, "WHICH", 0,
     "Of several attempts at a stage, best (default) or last", 0},
    {"show", KEY_SHOW, "WHAT", 0,
     "What reports show of hidden tests: everything, inputs, title (default), "
     "nothing",
     0},
    {"zeros", KEY_ZEROS, NULL, 0, "0 points to students who handed nothing in",
     0},
    {0},
};

enum format {
    FORMAT_CSV,
    FORMAT_JSON,
    FORMAT_HTML,
    FORMAT_REPORTS,
    FORMAT_CANVAS,
    FORMAT_MOODLE
};
static const char *const formats[] = {
    [FORMAT_CSV] = "csv",       [FORMAT_JSON] = "json",
    [FORMAT_HTML] = "html",     [FORMAT_REPORTS] = "reports",
    [FORMAT_CANVAS] = "canvas", [FORMAT_MOODLE] = "moodle",
};
enum { FORMATS = sizeof formats / sizeof *formats };

struct arguments {
    const char *out, *sheet, *output;
    struct strings columns;
    enum format format;
    enum which which;
    enum visibility hidden;
    bool zeros;
};

static bool
format_of_name(const char *name, enum format *format)
{
    for (int i = 0; i < FORMATS; i++) {
        if (strcmp(formats[i], name) == 0) {
            *format = (enum format)i;
            return true;
        }
    }
    return false;
}

static void
check(const struct arguments *arguments, struct argp_state *state)
{
    const bool fills = arguments->format == FORMAT_CANVAS ||
                       arguments->format == FORMAT_MOODLE;
    if (arguments->out == NULL) {
        argp_error(state, "say where the gradebook is: --out DIR");
    } else if (fills && arguments->sheet == NULL) {
        argp_error(state, "name the sheet that is to be filled in: --sheet "
                          "FILE");
    } else if (!fills && arguments->sheet != NULL) {
        argp_error(state, "--sheet is for the formats canvas and moodle");
    } else if (arguments->format == FORMAT_REPORTS &&
               arguments->output == NULL) {
        argp_error(state, "name the folder for the reports: --output FOLDER");
    } else if (arguments->format == FORMAT_CANVAS &&
               arguments->columns.count == 0) {
        argp_error(state, "name the column that is to be filled in: --column "
                          "'TITLE=STAGE'");
    }
}

static error_t
parse(int key, char *text, struct argp_state *state)
{
    struct arguments *const arguments = state->input;
    switch (key) {
    case KEY_OUT:
        arguments->out = text;
        break;
    case KEY_FORMAT:
        if (!format_of_name(text, &arguments->format)) {
            argp_error(state,
                       "--format takes csv, json, html, reports, canvas or "
                       "moodle, not "
                       "'%s'",
                       text);
        }
        break;
    case KEY_SHEET:
        arguments->sheet = text;
        break;
    case KEY_COLUMN:
        strings_add(&arguments->columns, text);
        break;
    case KEY_OUTPUT:
        arguments->output = text;
        break;
    case KEY_ATTEMPT:
        if (!which_of_name(text, &arguments->which)) {
            argp_error(state, "--attempt takes best or last, not '%s'", text);
        }
        break;
    case KEY_SHOW:
        if (!visibility_of_name(text, &arguments->hidden)) {
            argp_error(state,
                       "--show takes everything, inputs, title or nothing, not "
                       "'%s'",
                       text);
        }
        break;
    case KEY_ZEROS:
        arguments->zeros = true;
        break;
    case ARGP_KEY_ARG:
        argp_error(state, "there is nothing to do with '%s'", text);
        break;
    case ARGP_KEY_END:
        check(arguments, state);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

/* ---- Sheets -------------------------------------------------------------- */

/* "TITLE=STAGE": what stands behind the last = must be a stage, or "total". */
static struct column_wish
wish_of(char *text, const struct standings *standings)
{
    char *const sign = strrchr(text, '=');
    struct column_wish wish = {text, NULL};
    for (size_t i = 0; sign != NULL && i < standings->names.count; i++) {
        if (strcmp(sign + 1, standings->names.item[i]) == 0) {
            wish.stage = sign + 1;
        }
    }
    if (sign != NULL &&
        (wish.stage != NULL || strcmp(sign + 1, "total") == 0)) {
        *sign = '\0';
    }
    return wish;
}

static void
tell(const char *what, const struct strings *names)
{
    if (names->count > 0) {
        warn_user("%zu %s:", names->count, what);
        for (size_t i = 0; i < names->count; i++) {
            fprintf(stderr, "  %s\n", names->item[i]);
        }
    }
}

static int
fill(FILE *out, const struct arguments *arguments,
     const struct standings *standings)
{
    static char grade[] = "Grade";
    struct strings columns = arguments->columns;
    char *standard[] = {grade, NULL};
    if (columns.count == 0) {
        columns = (struct strings){standard, 1};
    }
    struct column_wish *const wishes = xcalloc(columns.count, sizeof *wishes);
    for (size_t i = 0; i < columns.count; i++) {
        wishes[i] = wish_of(columns.item[i], standings);
    }
    struct filling filling = {
        .wishes = wishes,
        .wish_count = columns.count,
        .zeros = arguments->zeros,
    };
    struct sheet *const sheet = sheet_read(arguments->sheet);
    (arguments->format == FORMAT_CANVAS ? fill_canvas : fill_moodle)(
        sheet, standings, &filling, arguments->sheet);
    sheet_write(out, sheet);
    tell("students of the gradebook are not in the sheet", &filling.absent);
    tell("rows of the sheet are nobody in the gradebook", &filling.unknown);
    tell("cells were left as they are: ungraded", &filling.ungraded);
    warn_user("%zu rows filled in", filling.filled);
    const int status = filling.ungraded.count > 0 ? EX_SOFTWARE : EX_OK;
    filling_free(&filling);
    sheet_free(sheet);
    free(wishes);
    return status;
}

/* ---- Reports ------------------------------------------------------------- */

static int
write_reports(const struct arguments *arguments, struct gradebook *book,
              const struct catalogue *catalogue)
{
    struct standings *const standings = standings_read(book, arguments->which);
    char *const root = kit_find_root();
    struct record_kit kit = record_kit_open(root, catalogue);
    struct strings trouble = {0};
    if (mkdir(arguments->output, 0700) != 0 && errno != EEXIST) {
        die(EX_CANTCREAT, "cannot make the folder %s:", arguments->output);
    }
    const size_t written = reports_write(
        book, standings, &kit, arguments->hidden, arguments->output, &trouble);
    tell("students have no report; vmgrade regrade, then again", &trouble);
    warn_user("%zu reports written to %s", written, arguments->output);
    const int status = trouble.count > 0 ? EX_SOFTWARE : EX_OK;
    strings_free(&trouble);
    record_kit_free(&kit);
    standings_free(standings);
    free(root);
    return status;
}

/* ---- All ----------------------------------------------------------------- */

static int
write_to(FILE *out, const struct arguments *arguments, struct gradebook *book)
{
    struct standings *const standings = standings_read(book, arguments->which);
    int status = EX_OK;
    switch (arguments->format) {
    case FORMAT_CSV:
        export_csv(out, standings);
        break;
    case FORMAT_JSON:
        export_json(out, standings);
        break;
    case FORMAT_HTML:
        class_page_print(book, out);
        break;
    case FORMAT_REPORTS: /* not to a stream */
        break;
    case FORMAT_CANVAS:
    case FORMAT_MOODLE:
        status = fill(out, arguments, standings);
    }
    standings_free(standings);
    return status;
}

int
command_export(int argc, char **argv)
{
    struct arguments arguments = {.which = WHICH_BEST, .hidden = SHOW_TITLE};
    const struct argp argp = {
        options, parse, "--out DIR --format WHAT", intro, NULL, NULL, NULL};
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    struct gradebook *const book =
        gradebook_open(arguments.out, GRADEBOOK_READ);
    struct catalogue *const catalogue = open_catalogue();
    gradebook_set_stages(book, catalogue); /* weights may have changed */
    if (arguments.format == FORMAT_REPORTS) {
        const int reported = write_reports(&arguments, book, catalogue);
        catalogue_free(catalogue);
        gradebook_close(book);
        return reported;
    }
    catalogue_free(catalogue);
    char *text = NULL;
    size_t bytes = 0;
    FILE *const out = open_memstream(&text, &bytes);
    if (out == NULL) {
        die(EX_OSERR, "out of memory");
    }
    const int status = write_to(out, &arguments, book);
    if (fclose(out) != 0) {
        die(EX_OSERR, "out of memory");
    }
    if (arguments.output != NULL) {
        if (text_write_file(arguments.output, text, bytes) != 0) {
            die(EX_CANTCREAT, "cannot write %s:", arguments.output);
        }
    } else if (fwrite(text, 1, bytes, stdout) != bytes || fflush(stdout) != 0) {
        die(EX_IOERR, "cannot write:");
    }
    free(text);
    gradebook_close(book);
    strings_free(&arguments.columns);
    return status;
}
