#include "batch/standings.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const names_of_which[] = {
    [WHICH_BEST] = "best",
    [WHICH_LAST] = "last",
};

bool
which_of_name(const char *name, enum which *which)
{
    for (int i = WHICH_BEST; i <= WHICH_LAST; i++) {
        if (strcmp(names_of_which[i], name) == 0) {
            *which = (enum which)i;
            return true;
        }
    }
    return false;
}

/* ---- Stages and students ------------------------------------------------- */

static void
read_stages(struct standings *standings, struct gradebook *book)
{
    sqlite3_stmt *const rows = gradebook_prepare(
        book,
        "SELECT name, title, weight FROM stage WHERE name IN (SELECT stage "
        "FROM grade UNION SELECT stage FROM trouble) ORDER BY position",
        "");
    while (gradebook_row(book, rows)) {
        const size_t count = standings->names.count;
        standings->weights = xrealloc(standings->weights,
                                      (count + 1) * sizeof *standings->weights);
        standings->weights[count] = sqlite3_column_double(rows, 2);
        strings_add(&standings->names,
                    (const char *)sqlite3_column_text(rows, 0));
        strings_add(&standings->titles,
                    (const char *)sqlite3_column_text(rows, 1));
    }
}

static void
read_students(struct standings *standings, struct gradebook *book)
{
    sqlite3_stmt *const rows = gradebook_prepare(
        book,
        "SELECT key, name, email, sid, login, canvas, moodle, (SELECT count(*) "
        "FROM attempt WHERE student = key) FROM student "
        "ORDER BY coalesce(name, key) COLLATE NOCASE, key",
        "");
    while (gradebook_row(book, rows)) {
        standings->students =
            xrealloc(standings->students,
                     (standings->count + 1) * sizeof *standings->students);
        standings->students[standings->count++] = (struct standing){
            .student =
                {
                    .key = gradebook_text(rows, 0),
                    .name = gradebook_text(rows, 1),
                    .email = gradebook_text(rows, 2),
                    .sid = gradebook_text(rows, 3),
                    .login = gradebook_text(rows, 4),
                    .canvas = gradebook_text(rows, 5),
                    .moodle = gradebook_text(rows, 6),
                },
            .attempts = (unsigned)sqlite3_column_int(rows, 7),
            .stages = xcalloc(standings->names.count + 1,
                              sizeof(struct stage_standing)),
        };
    }
}

/* ---- What counts --------------------------------------------------------- */

static void
free_stage(struct stage_standing *stage)
{
    free(stage->status);
    free(stage->digest);
    free(stage->job);
    *stage = (struct stage_standing){0};
}

/* Whether the attempt, which is later than the one that counts so far, counts
 * instead.  One that is ungraded may be better than all before. */
static bool
counts(const struct stage_standing *so_far,
       const struct stage_standing *attempt, enum which which)
{
    return so_far->status == NULL || which == WHICH_LAST ||
           strcmp(attempt->status, "ungraded") == 0 ||
           (strcmp(so_far->status, "ungraded") != 0 &&
            attempt->must.got >= so_far->must.got);
}

/* All attempts of a student, from the first to the last. */
static void
read_attempts(struct standings *standings, struct gradebook *book,
              struct standing *standing, size_t stage, enum which which)
{
    sqlite3_stmt *const rows = gradebook_prepare(
        book,
        "SELECT CASE WHEN t.digest IS NULL THEN c.status ELSE 'ungraded' END, "
        "must_got, must_of, bonus_got, bonus_of, late, a.digest, c.job, c.id, "
        "(SELECT count(*) FROM attempt b WHERE b.student = a.student AND b.id "
        "<= a.id) FROM attempt a LEFT JOIN current c ON c.digest = a.digest "
        "AND c.stage = ?2 LEFT JOIN trouble t ON t.digest = a.digest AND "
        "t.stage = ?2 WHERE a.student = ?1 ORDER BY a.id",
        "tt", standing->student.key, standings->names.item[stage]);
    while (gradebook_row(book, rows)) {
        struct stage_standing attempt = {
            .status = gradebook_text(rows, 0),
            .must = {sqlite3_column_double(rows, 1),
                     sqlite3_column_double(rows, 2)},
            .bonus = {sqlite3_column_double(rows, 3),
                      sqlite3_column_double(rows, 4)},
            .late = sqlite3_column_int(rows, 5) != 0,
            .digest = gradebook_text(rows, 6),
            .job = gradebook_text(rows, 7),
            .grade = sqlite3_column_int64(rows, 8),
            .attempt = (unsigned)sqlite3_column_int(rows, 9),
        };
        struct stage_standing *const so_far = &standing->stages[stage];
        if (attempt.status != NULL &&
            strcmp(attempt.status, "not submitted") != 0 &&
            counts(so_far, &attempt, which)) {
            free_stage(so_far);
            *so_far = attempt;
        } else {
            free_stage(&attempt);
        }
    }
}

/* A stage that was not handed in is 0; one that is ungraded leaves no total. */
static void
add_up(const struct standings *standings, struct standing *standing)
{
    double got = 0, weights = 0;
    standing->has_total = standings->names.count > 0;
    for (size_t i = 0; i < standings->names.count; i++) {
        const struct stage_standing *const stage = &standing->stages[i];
        weights += standings->weights[i];
        if (stage->status != NULL && strcmp(stage->status, "ungraded") == 0) {
            standing->has_total = false;
        } else if (stage->must.of > 0) {
            got += standings->weights[i] * (stage->must.got / stage->must.of);
        }
    }
    standing->total = weights > 0 ? 100 * (got / weights) : 0;
}

struct standings *
standings_read(struct gradebook *book, enum which which)
{
    struct standings *const standings = xcalloc(1, sizeof *standings);
    read_stages(standings, book);
    read_students(standings, book);
    for (size_t i = 0; i < standings->count; i++) {
        for (size_t stage = 0; stage < standings->names.count; stage++) {
            read_attempts(standings, book, &standings->students[i], stage,
                          which);
        }
        add_up(standings, &standings->students[i]);
    }
    return standings;
}

void
standings_free(struct standings *standings)
{
    for (size_t i = 0; i < standings->count; i++) {
        for (size_t stage = 0; stage < standings->names.count; stage++) {
            free_stage(&standings->students[i].stages[stage]);
        }
        free(standings->students[i].stages);
        student_free(&standings->students[i].student);
    }
    free(standings->students);
    free(standings->weights);
    strings_free(&standings->names);
    strings_free(&standings->titles);
    free(standings);
}

/* ---- Finding ------------------------------------------------------------- */

const char *
standing_name(const struct standing *standing)
{
    return standing->student.name != NULL ? standing->student.name
                                          : standing->student.key;
}

static bool
is_called(const struct student *student, const char *text)
{
    const char *const all[] = {student->key,   student->email,  student->sid,
                               student->login, student->canvas, student->moodle,
                               student->name};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i] != NULL && strcasecmp(all[i], text) == 0) {
            return true;
        }
    }
    return false;
}

static bool
has_part(const struct student *student, const char *text)
{
    return strcasestr(student->key, text) != NULL ||
           (student->name != NULL && strcasestr(student->name, text) != NULL);
}

const struct standing *
standings_find(const struct standings *standings, const char *text,
               bool *several)
{
    const struct standing *found = NULL;
    size_t exact = 0, parts = 0;
    for (size_t i = 0; i < standings->count; i++) {
        const struct standing *const one = &standings->students[i];
        if (is_called(&one->student, text)) {
            found = exact++ == 0 ? one : found;
        } else if (exact == 0 && has_part(&one->student, text)) {
            found = one;
            parts++;
        }
    }
    *several = exact > 1 || (exact == 0 && parts > 1);
    return *several ? NULL : found;
}
