/*
 * gradebook.h - who handed in what, and what it got: OUT/gradebook.db, SQLite.
 *
 *     student ──< attempt >── digest ──< grade ──< verdict
 *                                           └───< diagnosis
 *
 * An attempt is a submission of one student, named by its digest (kept.h);
 * equal submissions share their grades.  A grade is of one stage of one digest,
 * with one kit and one seed.  Nothing is ever overwritten or removed: grading
 * again adds a grade, and of those of one stage and digest the one that was
 * used last is current.
 *
 * Every write is a transaction.  One that fails (a full disk) has changed
 * nothing, is told, and is false; the program goes on, and the next run finds
 * in the records (job.h) what is missing here.
 */
#ifndef VMLAB_GRADEBOOK_H
#define VMLAB_GRADEBOOK_H

#include <sqlite3.h>
#include <stdbool.h>

#include "batch/downloads.h"
#include "batch/job.h"
#include "catalogue.h"

struct gradebook {
    sqlite3 *db;
    char *out;
    int lock; /* held by the one program that writes; -1                      */
};

enum gradebook_use {
    GRADEBOOK_READ,  /* must be there                                         */
    GRADEBOOK_WRITE, /* must be there; one program at a time                  */
    GRADEBOOK_MAKE,  /* the same, and made with its folder if it is not       */
};

/* Opens the gradebook in the folder, or die().  Before writing, records that
 * the gradebook does not have yet are taken into it. */
struct gradebook *gradebook_open(const char *out, enum gradebook_use use);
void gradebook_close(struct gradebook *book);

/* The stages of the course, as the catalogue has them now. */
bool gradebook_set_stages(struct gradebook *book,
                          const struct catalogue *catalogue);

/* Adds the student, or what was not known of the student yet. */
bool gradebook_add_student(struct gradebook *book,
                           const struct student *student);

/* Adds an attempt, unless it is the student's last one already. */
bool gradebook_add_attempt(struct gradebook *book, const char *student,
                           const char *digest, const struct handed_in *item);

/* Whether the stage was graded so; that grade is the current one then. */
bool gradebook_use_grade(struct gradebook *book, const char *digest,
                         const char *stage, const char *kit, uint64_t seed);

/* How often the submission was graded anew on purpose. */
unsigned gradebook_again(struct gradebook *book, const char *digest);

/* The job that last graded anything of the student's last attempt, to be freed;
 * or NULL. */
char *gradebook_last_job(struct gradebook *book, const char *student);

/* Takes in what a job has found out; its stages that are ungraded become
 * trouble. */
bool gradebook_take(struct gradebook *book, const struct job *job,
                    const json_t *record, double seconds);

/* Notes that the job has brought nothing, and why. */
bool gradebook_note_trouble(struct gradebook *book, const struct job *job,
                            const char *why);

/* ---- SQL ----------------------------------------------------------------- */

/* A statement with its values bound: a letter each, t for text (or NULL), i for
 * int64_t, d for double.  A mistake in it is die(). */
sqlite3_stmt *gradebook_prepare(struct gradebook *book, const char *sql,
                                const char *types, ...);

/* Steps to the next row; the statement is finished when there is none. */
bool gradebook_row(struct gradebook *book, sqlite3_stmt *statement);

/* Text of a column of the row, a copy; NULL stays NULL. */
char *gradebook_text(sqlite3_stmt *statement, int column);

#endif
