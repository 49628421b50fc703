/*
 * roster.h - who is in the course, as a CSV file says it.
 *
 * The first row names the columns, in any order and case; what is not known is
 * left alone:
 *
 *     student   what the gradebook calls the student; where it is absent, the
 *               e-mail address, school number or name stands for it
 *     name      also "full name", "student" in a sheet of Canvas
 *     email     also "email address"
 *     sid       also "sis user id", "id number", "student id"
 *     login     also "sis login id", "username"
 *     canvas    also "id" in a sheet of Canvas
 *     moodle    also "identifier" of Moodle ("Participant 1234567")
 *
 * So a sheet that was exported from Canvas or Moodle is a roster as it is.
 */
#ifndef VMLAB_ROSTER_H
#define VMLAB_ROSTER_H

#include "batch/downloads.h"
#include "batch/sheet.h"

struct roster {
    struct student *students;
    size_t count;
};

/* A file that cannot be read, or has no column of the above, is die(). */
struct roster *roster_read(const char *path);
void roster_free(struct roster *roster);

/* ---- A sheet, row by row ------------------------------------------------- */

enum field {
    FIELD_KEY,
    FIELD_NAME,
    FIELD_EMAIL,
    FIELD_SID,
    FIELD_LOGIN,
    FIELD_CANVAS,
    FIELD_MOODLE,
    FIELD_COUNT
};

struct roster_columns {
    int of[FIELD_COUNT]; /* -1: not in the sheet                              */
    size_t first;        /* row of a student                                  */
};

/* `path` is for the message when there is no column of the above: die(). */
struct roster_columns roster_columns(const struct sheet *sheet,
                                     const char *path);

/* The student in the row; the key is NULL when it is empty.  To be freed. */
struct student roster_row(const struct sheet *sheet,
                          const struct roster_columns *columns, size_t row);

/* ---- Finding ------------------------------------------------------------- */

/* The student of the roster that is meant: the first of key, school number,
 * e-mail, login, Canvas' and Moodle's number that two have in common decides,
 * and at last the name, unless two have it or a number says otherwise.  NULL
 * when there is none. */
const struct student *roster_find(const struct roster *roster,
                                  const struct student *student);

#endif
