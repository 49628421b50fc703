#include "batch/roster.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "batch/sheet.h"
#include "die.h"

enum { SHOWN = 200, HEAD_ROWS = 4 };

static const char *const headers[FIELD_COUNT][4] = {
    [FIELD_KEY] = {"student"},
    [FIELD_NAME] = {"name", "full name"},
    [FIELD_EMAIL] = {"email", "email address", "e-mail"},
    [FIELD_SID] = {"sid", "sis user id", "id number", "student id"},
    [FIELD_LOGIN] = {"login", "sis login id", "username"},
    [FIELD_CANVAS] = {"canvas"},
    [FIELD_MOODLE] = {"moodle", "identifier"},
};

struct roster_columns
roster_columns(const struct sheet *sheet, const char *path)
{
    struct roster_columns columns = {.first = 1};
    bool any = false;
    for (int field = 0; field < FIELD_COUNT; field++) {
        columns.of[field] = -1;
        for (size_t i = 0;
             i < 4 && headers[field][i] != NULL && columns.of[field] < 0; i++) {
            columns.of[field] = sheet_column(sheet, headers[field][i]);
        }
        any = any || columns.of[field] >= 0;
    }
    if (!any) {
        die(EX_DATAERR,
            "%s has no column named student, name, email, sid, login, canvas "
            "or moodle; name one in its first row",
            path);
    }
    /* Canvas: "Student" is the name, "ID" Canvas' own number. */
    if (columns.of[FIELD_KEY] == 0 && sheet_column(sheet, "id") == 1) {
        columns.of[FIELD_NAME] = columns.of[FIELD_KEY];
        columns.of[FIELD_CANVAS] = 1;
        columns.of[FIELD_KEY] = -1;
        for (size_t row = 1; row < HEAD_ROWS && row < sheet->row_count; row++) {
            if (strstr(sheet_cell(sheet, row, 0), "Points Possible") != NULL) {
                columns.first = row + 1;
            }
        }
    }
    return columns;
}

static char *
text_at(const struct sheet *sheet, size_t row, int column)
{
    const char *text = sheet_cell(sheet, row, column);
    text += strspn(text, " \t");
    return *text == '\0' ? NULL : text_clean(text, strlen(text), SHOWN);
}

/* "Participant 1234567" is participant 1234567. */
static char *
number_at_end(char *text)
{
    size_t at = text != NULL ? strlen(text) : 0;
    while (at > 0 && isdigit((unsigned char)text[at - 1])) {
        at--;
    }
    char *const number =
        text != NULL && text[at] != '\0' ? xstrdup(text + at) : NULL;
    free(text);
    return number;
}

struct student
roster_row(const struct sheet *sheet, const struct roster_columns *columns,
           size_t row)
{
    struct student student = {
        .key = text_at(sheet, row, columns->of[FIELD_KEY]),
        .name = text_at(sheet, row, columns->of[FIELD_NAME]),
        .email = text_at(sheet, row, columns->of[FIELD_EMAIL]),
        .sid = text_at(sheet, row, columns->of[FIELD_SID]),
        .login = text_at(sheet, row, columns->of[FIELD_LOGIN]),
        .canvas = text_at(sheet, row, columns->of[FIELD_CANVAS]),
        .moodle = number_at_end(text_at(sheet, row, columns->of[FIELD_MOODLE])),
    };
    const char *const stand_ins[] = {student.email,  student.sid,
                                     student.login,  student.canvas,
                                     student.moodle, student.name};
    for (size_t i = 0;
         student.key == NULL && i < sizeof stand_ins / sizeof *stand_ins; i++) {
        student.key = stand_ins[i] != NULL ? xstrdup(stand_ins[i]) : NULL;
    }
    return student;
}

struct roster *
roster_read(const char *path)
{
    struct sheet *const sheet = sheet_read(path);
    const struct roster_columns columns = roster_columns(sheet, path);
    struct roster *const roster = xcalloc(1, sizeof *roster);
    roster->students = xcalloc(sheet->row_count, sizeof *roster->students);
    for (size_t row = columns.first; row < sheet->row_count; row++) {
        struct student student = roster_row(sheet, &columns, row);
        if (student.key == NULL) {
            student_free(&student); /* an empty row */
        } else {
            roster->students[roster->count++] = student;
        }
    }
    sheet_free(sheet);
    return roster;
}

void
roster_free(struct roster *roster)
{
    for (size_t i = 0; i < roster->count; i++) {
        student_free(&roster->students[i]);
    }
    free(roster->students);
    free(roster);
}

/* ---- Finding ------------------------------------------------------------- */

static const char *
field_of(const struct student *student, enum field field)
{
    switch (field) {
    case FIELD_KEY:
        return student->key;
    case FIELD_SID:
        return student->sid;
    case FIELD_EMAIL:
        return student->email;
    case FIELD_LOGIN:
        return student->login;
    case FIELD_CANVAS:
        return student->canvas;
    case FIELD_MOODLE:
        return student->moodle;
    default:
        return student->name;
    }
}

/* The same name, whatever the case; "Doe, Jane" is Jane Doe. */
static bool
is_same_name(const char *a, const char *b)
{
    const char *const comma = strstr(a, ", ");
    if (strcasecmp(a, b) == 0) {
        return true;
    }
    if (comma == NULL) {
        return strstr(b, ", ") != NULL && is_same_name(b, a);
    }
    char *const turned = text_format("%s %.*s", comma + 2, (int)(comma - a), a);
    const bool same = strcasecmp(turned, b) == 0;
    free(turned);
    return same;
}

/* The only one with that text in the field, or NULL. */
static const struct student *
only_one(const struct roster *roster, enum field field, const char *text)
{
    const struct student *found = NULL;
    for (size_t i = 0; i < roster->count; i++) {
        const char *const other = field_of(&roster->students[i], field);
        if (other != NULL &&
            (field == FIELD_NAME ? is_same_name(other, text)
                                 : strcasecmp(other, text) == 0)) {
            if (found != NULL) {
                return NULL;
            }
            found = &roster->students[i];
        }
    }
    return found;
}

/* Two who have different numbers or addresses are not the same, whatever they
 * are called. */
static bool
contradict(const struct student *a, const struct student *b)
{
    static const enum field fields[] = {FIELD_SID, FIELD_EMAIL, FIELD_LOGIN,
                                        FIELD_CANVAS, FIELD_MOODLE};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const char *const one = field_of(a, fields[i]);
        const char *const other = field_of(b, fields[i]);
        if (one != NULL && other != NULL && strcasecmp(one, other) != 0) {
            return true;
        }
    }
    return false;
}

const struct student *
roster_find(const struct roster *roster, const struct student *student)
{
    static const enum field order[] = {FIELD_KEY,   FIELD_SID,    FIELD_EMAIL,
                                       FIELD_LOGIN, FIELD_CANVAS, FIELD_MOODLE};
    const struct student *found = NULL;
    for (size_t i = 0; found == NULL && i < sizeof order / sizeof *order; i++) {
        const char *const text = field_of(student, order[i]);
        found = text != NULL ? only_one(roster, order[i], text) : NULL;
    }
    if (found != NULL) {
        return found;
    }
    /* A folder is often named after something else than the key. */
    static const enum field names[] = {FIELD_EMAIL, FIELD_LOGIN, FIELD_SID,
                                       FIELD_NAME};
    for (size_t i = 0; found == NULL && i < sizeof names / sizeof *names; i++) {
        const char *const text = field_of(student, names[i]);
        found = only_one(roster, names[i], student->key);
        if (found == NULL && text != NULL) {
            found = only_one(roster, FIELD_KEY, text);
        }
    }
    if (found == NULL && student->name != NULL) {
        found = only_one(roster, FIELD_NAME, student->name);
    }
    return found != NULL && !contradict(found, student) ? found : NULL;
}
