#include "batch/exports.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "batch/roster.h"
#include "die.h"

/* Digits behind the point; never rounded up, so that only a full score looks
 * full. */
enum { DECIMALS = 4, SCALE = 10000 };

static char *
exact(double points)
{
    char *const text =
        text_format("%.*f", DECIMALS, floor(points * SCALE + 1e-6) / SCALE);
    size_t length = strlen(text);
    while (text[length - 1] == '0') {
        text[--length] = '\0';
    }
    if (text[length - 1] == '.') {
        text[length - 1] = '\0';
    }
    return text;
}

/* ---- CSV ----------------------------------------------------------------- */

static void
put_text(FILE *out, const char *text)
{
    sheet_write_text(out, text != NULL ? text : "", ',');
    fputc(',', out);
}

static void
put_points(FILE *out, double points)
{
    char *const text = exact(points);
    fprintf(out, "%s,", text);
    free(text);
}

void
export_csv(FILE *out, const struct standings *standings)
{
    fputs("student,name,email,sid,login,canvas,moodle,attempts,", out);
    for (size_t i = 0; i < standings->names.count; i++) {
        const char *const name = standings->names.item[i];
        fprintf(out, "%s,%s bonus,%s status,%s attempt,%s late,", name, name,
                name, name, name);
    }
    fputs("total\r\n", out);
    for (size_t i = 0; i < standings->count; i++) {
        const struct standing *const one = &standings->students[i];
        put_text(out, one->student.key);
        put_text(out, one->student.name);
        put_text(out, one->student.email);
        put_text(out, one->student.sid);
        put_text(out, one->student.login);
        put_text(out, one->student.canvas);
        put_text(out, one->student.moodle);
        fprintf(out, "%u,", one->attempts);
        for (size_t s = 0; s < standings->names.count; s++) {
            const struct stage_standing *const stage = &one->stages[s];
            if (stage->status == NULL ||
                strcmp(stage->status, "ungraded") == 0) {
                fputs(",,", out);
            } else {
                put_points(out, stage->must.got);
                put_points(out, stage->bonus.got);
            }
            fprintf(out, "%s,",
                    stage->status != NULL ? stage->status : "not submitted");
            if (stage->status != NULL) {
                fprintf(out, "%u,%s,", stage->attempt,
                        stage->late ? "late" : "");
            } else {
                fputs(",,", out);
            }
        }
        char *const total = one->has_total ? exact(one->total) : xstrdup("");
        fprintf(out, "%s\r\n", total);
        free(total);
    }
}

/* ---- JSON ---------------------------------------------------------------- */

static void
set_text(json_t *object, const char *key, const char *text)
{
    if (text != NULL) {
        json_object_set_new(object, key, json_string(text));
    }
}

static json_t *
json_of_stage(const struct stage_standing *stage, const char *name)
{
    json_t *const json = json_pack("{s:s}", "stage", name);
    set_text(json, "status",
             stage->status != NULL ? stage->status : "not submitted");
    if (stage->status != NULL) {
        json_object_set_new(json, "attempt", json_integer(stage->attempt));
        json_object_set_new(json, "late", json_boolean(stage->late));
        set_text(json, "submission", stage->digest);
        set_text(json, "record", stage->job);
    }
    if (stage->must.of > 0 && strcmp(stage->status, "ungraded") != 0) {
        json_object_set_new(json, "must",
                            json_pack("{s:f, s:f}", "got", stage->must.got,
                                      "of", stage->must.of));
        json_object_set_new(json, "bonus",
                            json_pack("{s:f, s:f}", "got", stage->bonus.got,
                                      "of", stage->bonus.of));
    }
    return json;
}

static json_t *
json_of_student(const struct standings *standings, const struct standing *one)
{
    json_t *const json = json_object();
    json_t *const stages = json_array();
    set_text(json, "student", one->student.key);
    set_text(json, "name", one->student.name);
    set_text(json, "email", one->student.email);
    set_text(json, "sid", one->student.sid);
    set_text(json, "login", one->student.login);
    set_text(json, "canvas", one->student.canvas);
    set_text(json, "moodle", one->student.moodle);
    json_object_set_new(json, "attempts", json_integer(one->attempts));
    json_object_set_new(json, "total",
                        one->has_total ? json_real(one->total) : json_null());
    for (size_t i = 0; i < standings->names.count; i++) {
        json_array_append_new(
            stages, json_of_stage(&one->stages[i], standings->names.item[i]));
    }
    json_object_set_new(json, "stages", stages);
    return json;
}

void
export_json(FILE *out, const struct standings *standings)
{
    json_t *const students = json_array();
    for (size_t i = 0; i < standings->count; i++) {
        json_array_append_new(
            students, json_of_student(standings, &standings->students[i]));
    }
    json_t *const json = json_pack("{s:s, s:s, s:o}", "schema", "vmlab.class/1",
                                   "kit", VMLAB_VERSION, "students", students);
    json_dumpf(json, out, JSON_INDENT(2));
    fputc('\n', out);
    json_decref(json);
}

/* ---- Sheets -------------------------------------------------------------- */

/* Where the maximum of a wished column stands: in a row of its own (Canvas) or
 * in a column (Moodle). */
struct target {
    int column;
    int maximum_row, maximum_column; /* one is -1                             */
    size_t stage;                    /* number, or SIZE_MAX for the total     */
};

static size_t
stage_number(const struct standings *standings, const char *name)
{
    for (size_t i = 0; name != NULL && i < standings->names.count; i++) {
        if (strcmp(standings->names.item[i], name) == 0) {
            return i;
        }
    }
    if (name != NULL) {
        die(EX_USAGE, "nobody was graded in a stage '%s'", name);
    }
    return SIZE_MAX;
}

/* A number in the manner of the sheet; `comma` says whether its point is one. */
static double
read_maximum(const char *text, bool *comma)
{
    char *const copy = xstrdup(text);
    char *const at = strchr(copy, ',');
    *comma = at != NULL;
    if (at != NULL) {
        *at = '.';
    }
    char *end;
    const double maximum = strtod(copy, &end);
    const bool is_number = end != copy && maximum > 0 && maximum < 1e6;
    free(copy);
    return is_number ? maximum : 100;
}

/* The share of what is possible; false when there is none to be given. */
static bool
share_of(const struct standing *one, size_t stage, bool zeros, double *share,
         bool *ungraded)
{
    const struct stage_standing *const of =
        stage != SIZE_MAX ? &one->stages[stage] : NULL;
    *ungraded = of != NULL
                    ? of->status != NULL && strcmp(of->status, "ungraded") == 0
                    : !one->has_total;
    if (*ungraded) {
        return false;
    }
    const bool nothing = of != NULL ? of->status == NULL : one->attempts == 0;
    *share = nothing      ? 0
             : of == NULL ? one->total / 100
                          : (of->must.of > 0 ? of->must.got / of->must.of : 0);
    return !nothing || zeros;
}

static void
fill_cell(struct sheet *sheet, size_t row, const struct target *target,
          double share)
{
    const char *const limit =
        target->maximum_row >= 0
            ? sheet_cell(sheet, (size_t)target->maximum_row, target->column)
            : sheet_cell(sheet, row, target->maximum_column);
    bool comma;
    const double maximum = read_maximum(limit, &comma);
    char *const text = exact(share * maximum);
    char *const point = strchr(text, '.');
    if (comma && point != NULL) {
        *point = ',';
    }
    sheet_set(sheet, row, target->column, text);
    free(text);
}

static bool
fill_row(struct sheet *sheet, size_t row, const struct target *targets,
         const struct standing *one, struct filling *filling)
{
    bool filled = false;
    for (size_t i = 0; i < filling->wish_count; i++) {
        double share;
        bool ungraded;
        if (strcasecmp(sheet_cell(sheet, row, targets[i].column), "EX") == 0) {
            continue; /* excused */
        }
        if (share_of(one, targets[i].stage, filling->zeros, &share,
                     &ungraded)) {
            fill_cell(sheet, row, &targets[i], share);
            filled = true;
        } else if (ungraded) {
            strings_add(&filling->ungraded, standing_name(one));
        }
    }
    return filled;
}

/* What a row without a student is called in a message. */
static char *
name_of_row(const struct student *student, size_t row)
{
    return student->name != NULL  ? xstrdup(student->name)
           : student->key != NULL ? xstrdup(student->key)
                                  : text_format("row %zu", row + 1);
}

/* Whose row is which, as numbers of the standings; SIZE_MAX: nobody's.  Two
 * rows that would be the same student's are nobody's. */
static size_t *
match_rows(const struct sheet *sheet, const struct roster_columns *columns,
           const struct standings *standings, size_t *rows_of)
{
    struct roster roster = {.count = standings->count};
    size_t *const student_of = xcalloc(sheet->row_count, sizeof *student_of);
    roster.students = xcalloc(standings->count, sizeof *roster.students);
    for (size_t i = 0; i < standings->count; i++) {
        roster.students[i] = standings->students[i].student;
    }
    for (size_t row = columns->first; row < sheet->row_count; row++) {
        struct student student = roster_row(sheet, columns, row);
        const struct student *const found =
            student.key != NULL ? roster_find(&roster, &student) : NULL;
        student_of[row] =
            found != NULL ? (size_t)(found - roster.students) : SIZE_MAX;
        if (found != NULL) {
            rows_of[student_of[row]]++;
        }
        student_free(&student);
    }
    for (size_t row = columns->first; row < sheet->row_count; row++) {
        if (student_of[row] != SIZE_MAX && rows_of[student_of[row]] > 1) {
            student_of[row] = SIZE_MAX;
        }
    }
    free(roster.students);
    return student_of;
}

static void
fill_rows(struct sheet *sheet, const struct target *targets,
          const struct standings *standings, struct filling *filling,
          const char *path)
{
    const struct roster_columns columns = roster_columns(sheet, path);
    size_t *const rows_of = xcalloc(standings->count, sizeof *rows_of);
    size_t *const student_of = match_rows(sheet, &columns, standings, rows_of);
    for (size_t row = columns.first; row < sheet->row_count; row++) {
        if (student_of[row] != SIZE_MAX) {
            filling->filled +=
                fill_row(sheet, row, targets,
                         &standings->students[student_of[row]], filling);
            continue;
        }
        struct student student = roster_row(sheet, &columns, row);
        if (student.key != NULL) {
            char *const name = name_of_row(&student, row);
            strings_add(&filling->unknown, name);
            free(name);
        }
        student_free(&student);
    }
    for (size_t i = 0; i < standings->count; i++) {
        if (rows_of[i] != 1) {
            strings_add(&filling->absent,
                        standing_name(&standings->students[i]));
        }
    }
    free(rows_of);
    free(student_of);
}

/* ---- Canvas -------------------------------------------------------------- */

/* "Page walk (98765)" is called so, or "Page walk", or "98765". */
static bool
is_assignment(const char *header, const char *title)
{
    const char *const bracket = strrchr(header, '(');
    const size_t wished = strlen(title);
    if (strcmp(header, title) == 0) {
        return true;
    }
    if (bracket == NULL || bracket == header) {
        return false;
    }
    const size_t digits = strspn(bracket + 1, "0123456789");
    return digits > 0 && strcmp(bracket + 1 + digits, ")") == 0 &&
           ((wished == digits && strncmp(bracket + 1, title, digits) == 0) ||
            (wished == (size_t)(bracket - header) - 1 &&
             strncmp(header, title, wished) == 0));
}

static int
find_assignment(const struct sheet *sheet, const char *title, const char *path)
{
    const struct strings *const header = &sheet->rows[0];
    int found = -1;
    for (size_t i = 2; i < header->count; i++) {
        if (is_assignment(header->item[i], title)) {
            if (found >= 0) {
                die(EX_USAGE,
                    "%s has two columns '%s'; name one by its number in "
                    "brackets",
                    path, title);
            }
            found = (int)i;
        }
    }
    if (found < 0) {
        char *list = xstrdup("");
        for (size_t i = 2; i < header->count; i++) {
            if (strrchr(header->item[i], '(') != NULL) {
                char *const longer =
                    text_format("%s\n  %s", list, header->item[i]);
                free(list);
                list = longer;
            }
        }
        die(EX_USAGE, "%s has no column '%s'; there are:%s", path, title, list);
    }
    return found;
}

void
fill_canvas(struct sheet *sheet, const struct standings *standings,
            struct filling *filling, const char *path)
{
    struct target *const targets =
        xcalloc(filling->wish_count, sizeof *targets);
    if (strstr(sheet_cell(sheet, 0, 0), "Student") == NULL ||
        strstr(sheet_cell(sheet, 0, 1), "ID") == NULL) {
        die(EX_DATAERR,
            "%s is no gradebook of Canvas: its first columns are not Student "
            "and ID",
            path);
    }
    const struct roster_columns columns = roster_columns(sheet, path);
    for (size_t i = 0; i < filling->wish_count; i++) {
        targets[i] = (struct target){
            .column = find_assignment(sheet, filling->wishes[i].title, path),
            .maximum_row = columns.first > 1 ? (int)columns.first - 1 : -1,
            .maximum_column = -1,
            .stage = stage_number(standings, filling->wishes[i].stage),
        };
    }
    fill_rows(sheet, targets, standings, filling, path);
    free(targets);
}

/* ---- Moodle -------------------------------------------------------------- */

void
fill_moodle(struct sheet *sheet, const struct standings *standings,
            struct filling *filling, const char *path)
{
    struct target *const targets =
        xcalloc(filling->wish_count, sizeof *targets);
    for (size_t i = 0; i < filling->wish_count; i++) {
        targets[i] = (struct target){
            .column = sheet_column(sheet, filling->wishes[i].title),
            .maximum_row = -1,
            .maximum_column = sheet_column(sheet, "Maximum Grade"),
            .stage = stage_number(standings, filling->wishes[i].stage),
        };
        if (targets[i].column < 0) {
            die(EX_USAGE,
                "%s has no column '%s'; name the one for grades with --column",
                path, filling->wishes[i].title);
        }
    }
    fill_rows(sheet, targets, standings, filling, path);
    free(targets);
}

void
filling_free(struct filling *filling)
{
    strings_free(&filling->unknown);
    strings_free(&filling->absent);
    strings_free(&filling->ungraded);
}
