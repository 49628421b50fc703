#include "batch/gradebook.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "die.h"

enum { BUSY_MS = 10000, VERSION = 1 };

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS stage("
    "  name TEXT PRIMARY KEY, position INT, title TEXT, weight REAL);"
    "CREATE TABLE IF NOT EXISTS student("
    "  key TEXT PRIMARY KEY, name TEXT, email TEXT, sid TEXT, login TEXT,"
    "  canvas TEXT, moodle TEXT);"
    "CREATE TABLE IF NOT EXISTS attempt("
    "  id INTEGER PRIMARY KEY, student TEXT NOT NULL REFERENCES student,"
    "  digest TEXT NOT NULL, source TEXT, time TEXT, late INT,"
    "  seen TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ')));"
    "CREATE INDEX IF NOT EXISTS attempt_of ON attempt(student);"
    "CREATE TABLE IF NOT EXISTS grade("
    "  id INTEGER PRIMARY KEY, digest TEXT NOT NULL, stage TEXT NOT NULL,"
    "  kit TEXT NOT NULL, seed TEXT NOT NULL, job TEXT NOT NULL, again INT,"
    "  used INT NOT NULL, status TEXT NOT NULL, must_got REAL, must_of REAL,"
    "  bonus_got REAL, bonus_of REAL, seconds REAL,"
    "  ended TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ')),"
    "  UNIQUE(job, stage));"
    "CREATE INDEX IF NOT EXISTS grade_of ON grade(digest, stage, used);"
    "CREATE TABLE IF NOT EXISTS verdict("
    "  grade INT NOT NULL REFERENCES grade, test TEXT NOT NULL,"
    "  verdict TEXT NOT NULL, PRIMARY KEY(grade, test)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS diagnosis("
    "  grade INT NOT NULL REFERENCES grade, bug TEXT NOT NULL, title TEXT,"
    "  PRIMARY KEY(grade, bug)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS test("
    "  stage TEXT NOT NULL, id TEXT NOT NULL, position INT, title TEXT,"
    "  suite TEXT, part TEXT, PRIMARY KEY(stage, id)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS trouble("
    "  digest TEXT NOT NULL, stage TEXT NOT NULL, job TEXT, message TEXT,"
    "  ended TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ')),"
    "  PRIMARY KEY(digest, stage)) WITHOUT ROWID;"
    "CREATE VIEW IF NOT EXISTS current AS SELECT * FROM grade g"
    "  WHERE used = (SELECT max(used) FROM grade h"
    "    WHERE h.digest = g.digest AND h.stage = g.stage);"
    "PRAGMA user_version = 1;";

/* ---- SQL ----------------------------------------------------------------- */

sqlite3_stmt *
gradebook_prepare(struct gradebook *book, const char *sql, const char *types,
                  ...)
{
    sqlite3_stmt *statement;
    va_list values;
    if (sqlite3_prepare_v2(book->db, sql, -1, &statement, NULL) != SQLITE_OK) {
        die(EX_SOFTWARE, "%s/gradebook.db: %s", book->out,
            sqlite3_errmsg(book->db));
    }
    va_start(values, types);
    for (int i = 0; types[i] != '\0'; i++) {
        switch (types[i]) {
        case 't':
            sqlite3_bind_text(statement, i + 1, va_arg(values, const char *),
                              -1, SQLITE_TRANSIENT);
            break;
        case 'i':
            sqlite3_bind_int64(statement, i + 1, va_arg(values, int64_t));
            break;
        default:
            sqlite3_bind_double(statement, i + 1, va_arg(values, double));
        }
    }
    va_end(values);
    return statement;
}

static void
tell_trouble(const struct gradebook *book)
{
    warn_user("%s/gradebook.db: %s", book->out, sqlite3_errmsg(book->db));
}

bool
gradebook_row(struct gradebook *book, sqlite3_stmt *statement)
{
    const int status = sqlite3_step(statement);
    if (status == SQLITE_ROW) {
        return true;
    }
    if (status != SQLITE_DONE) {
        tell_trouble(book);
    }
    sqlite3_finalize(statement);
    return false;
}

char *
gradebook_text(sqlite3_stmt *statement, int column)
{
    const char *const text =
        (const char *)sqlite3_column_text(statement, column);
    return text != NULL ? xstrdup(text) : NULL;
}

/* A statement that answers with no row. */
static bool
run(sqlite3_stmt *statement)
{
    const int status = sqlite3_step(statement);
    sqlite3_finalize(statement);
    return status == SQLITE_DONE || status == SQLITE_ROW;
}

static bool
begin(struct gradebook *book)
{
    if (sqlite3_exec(book->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) ==
        SQLITE_OK) {
        return true;
    }
    tell_trouble(book);
    return false;
}

/* Ends the transaction; whether all of it is there to stay. */
static bool
end(struct gradebook *book, bool well)
{
    if (well &&
        sqlite3_exec(book->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK) {
        return true;
    }
    tell_trouble(book);
    sqlite3_exec(book->db, "ROLLBACK", NULL, NULL, NULL);
    return false;
}

/* ---- Course and students ------------------------------------------------- */

bool
gradebook_set_stages(struct gradebook *book, const struct catalogue *catalogue)
{
    bool well = begin(book);
    if (!well) {
        return false;
    }
    for (unsigned i = 0; i < catalogue->stage_count && well; i++) {
        const struct stage *const stage = &catalogue->stages[i];
        well = run(gradebook_prepare(
            book,
            "INSERT OR REPLACE INTO stage(name, position, "
            "title, weight) VALUES(?, ?, ?, ?)",
            "titd", stage->name, (int64_t)i, stage->title, stage->weight));
    }
    return end(book, well);
}

bool
gradebook_add_student(struct gradebook *book, const struct student *student)
{
    const bool well = run(gradebook_prepare(
        book,
        "INSERT INTO student(key, name, email, sid, login, canvas, moodle) "
        "VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT(key) DO UPDATE SET "
        "name = coalesce(excluded.name, name), "
        "email = coalesce(excluded.email, email), "
        "sid = coalesce(excluded.sid, sid), "
        "login = coalesce(excluded.login, login), "
        "canvas = coalesce(excluded.canvas, canvas), "
        "moodle = coalesce(excluded.moodle, moodle)",
        "ttttttt", student->key, student->name, student->email, student->sid,
        student->login, student->canvas, student->moodle));
    if (!well) {
        tell_trouble(book);
    }
    return well;
}

bool
gradebook_add_attempt(struct gradebook *book, const char *student,
                      const char *digest, const struct handed_in *item)
{
    const bool well = run(gradebook_prepare(
        book,
        "INSERT INTO attempt(student, digest, source, time, late) "
        "SELECT ?1, ?2, ?3, ?4, ?5 WHERE ?2 IS NOT "
        "(SELECT digest FROM attempt WHERE student = ?1 "
        "ORDER BY id DESC LIMIT 1)",
        "tttti", student, digest, item->source, item->time,
        (int64_t)item->late));
    if (!well) {
        tell_trouble(book);
    }
    return well;
}

/* ---- Grades -------------------------------------------------------------- */

bool
gradebook_use_grade(struct gradebook *book, const char *digest,
                    const char *stage, const char *kit, uint64_t seed)
{
    char *const number = text_format("%llu", (unsigned long long)seed);
    sqlite3_stmt *const find = gradebook_prepare(
        book,
        "SELECT id, used, (SELECT max(used) FROM grade WHERE digest = ?1 AND "
        "stage = ?2) FROM grade WHERE digest = ?1 AND stage = ?2 AND kit = ?3 "
        "AND seed = ?4 ORDER BY used DESC LIMIT 1",
        "tttt", digest, stage, kit, number);
    const bool found = sqlite3_step(find) == SQLITE_ROW;
    const int64_t id = sqlite3_column_int64(find, 0);
    const bool current =
        sqlite3_column_int64(find, 1) == sqlite3_column_int64(find, 2);
    sqlite3_finalize(find);
    free(number);
    if (found && !current &&
        !run(gradebook_prepare(book,
                               "UPDATE grade SET used = 1 + (SELECT "
                               "max(used) FROM grade) WHERE id = ?",
                               "i", id))) {
        tell_trouble(book);
    }
    return found;
}

unsigned
gradebook_again(struct gradebook *book, const char *digest)
{
    sqlite3_stmt *const find = gradebook_prepare(
        book, "SELECT coalesce(max(again), 0) FROM grade WHERE digest = ?", "t",
        digest);
    sqlite3_step(find);
    const unsigned again = (unsigned)sqlite3_column_int(find, 0);
    sqlite3_finalize(find);
    return again;
}

char *
gradebook_last_job(struct gradebook *book, const char *student)
{
    sqlite3_stmt *const find = gradebook_prepare(
        book,
        "SELECT (SELECT job FROM grade g WHERE g.digest = a.digest ORDER BY "
        "used DESC LIMIT 1) FROM attempt a WHERE student = ? ORDER BY id DESC "
        "LIMIT 1",
        "t", student);
    sqlite3_step(find);
    char *const job = gradebook_text(find, 0);
    sqlite3_finalize(find);
    return job;
}

static double
points(const json_t *stage, const char *part, const char *which)
{
    return json_number_value(json_object_get(
        json_object_get(json_object_get(stage, "score"), part), which));
}

static const char *
text(const json_t *object, const char *key)
{
    const char *const value = json_string_value(json_object_get(object, key));
    return value != NULL ? value : "";
}

static bool
add_verdicts(struct gradebook *book, const json_t *stage, int64_t grade)
{
    const json_t *test;
    size_t i;
    bool well = true;
    json_array_foreach(json_object_get(stage, "tests"), i, test)
    {
        well = well &&
               run(gradebook_prepare(
                   book,
                   "INSERT OR REPLACE INTO test(stage, id, position, "
                   "title, suite, part) VALUES(?, ?, ?, ?, ?, ?)",
                   "ttittt", text(stage, "name"), text(test, "id"), (int64_t)i,
                   text(test, "title"), text(test, "suite"),
                   text(test, "part"))) &&
               run(gradebook_prepare(
                   book,
                   "INSERT INTO verdict(grade, test, verdict) "
                   "VALUES(?, ?, ?)",
                   "itt", grade, text(test, "id"), text(test, "verdict")));
    }
    json_array_foreach(json_object_get(stage, "diagnosis"), i, test)
    {
        well = well &&
               run(gradebook_prepare(book,
                                     "INSERT INTO diagnosis(grade, bug, title) "
                                     "VALUES(?, ?, ?)",
                                     "itt", grade, text(test, "bug"),
                                     text(test, "title")));
    }
    return well;
}

static bool
add_grade(struct gradebook *book, const struct job *job, const json_t *stage,
          double seconds)
{
    const char *const name = text(stage, "name");
    char *const seed = text_format("%llu", (unsigned long long)job->seed);
    const bool well = run(gradebook_prepare(
        book,
        "INSERT INTO grade(digest, stage, kit, seed, job, again, used, "
        "status, must_got, must_of, bonus_got, bonus_of, seconds) "
        "VALUES(?, ?, ?, ?, ?, ?, 1 + coalesce((SELECT max(used) FROM "
        "grade), 0), ?, ?, ?, ?, ?, ?)",
        "tttttitddddd", job->digest, name, job_kit(job, name), seed, job->key,
        (int64_t)job->again, text(stage, "status"),
        points(stage, "must", "got"), points(stage, "must", "of"),
        points(stage, "bonus", "got"), points(stage, "bonus", "of"), seconds));
    free(seed);
    return well &&
           add_verdicts(book, stage, sqlite3_last_insert_rowid(book->db)) &&
           run(gradebook_prepare(
               book, "DELETE FROM trouble WHERE digest = ? AND stage = ?", "tt",
               job->digest, name));
}

static bool
add_trouble(struct gradebook *book, const struct job *job, const char *stage,
            const char *why)
{
    return run(
        gradebook_prepare(book,
                          "INSERT OR REPLACE INTO trouble(digest, stage, job, "
                          "message) VALUES(?, ?, ?, ?)",
                          "tttt", job->digest, stage, job->key, why));
}

/* Why the record says that the stage is ungraded. */
static const char *
trouble_of(const json_t *record, const char *stage)
{
    const json_t *each;
    size_t i;
    json_array_foreach(json_object_get(record, "trouble"), i, each)
    {
        if (strcmp(text(each, "stage"), stage) == 0) {
            return text(each, "message");
        }
    }
    return "";
}

static bool
take(struct gradebook *book, const struct job *job, const json_t *record,
     double seconds, bool with_trouble)
{
    const json_t *stage;
    size_t i;
    bool well = begin(book);
    if (!well) {
        return false;
    }
    json_array_foreach(json_object_get(record, "stages"), i, stage)
    {
        const char *const name = text(stage, "name");
        if (!well || job_kit(job, name) == NULL) {
            continue;
        }
        if (strcmp(text(stage, "status"), "ungraded") != 0) {
            well = add_grade(book, job, stage, seconds);
        } else if (with_trouble) {
            well = add_trouble(book, job, name, trouble_of(record, name));
        }
    }
    return end(book, well);
}

bool
gradebook_take(struct gradebook *book, const struct job *job,
               const json_t *record, double seconds)
{
    return take(book, job, record, seconds, true);
}

bool
gradebook_note_trouble(struct gradebook *book, const struct job *job,
                       const char *why)
{
    bool well = begin(book);
    for (size_t i = 0; i < job->stages.count && well; i++) {
        well = add_trouble(book, job, job->stages.item[i], why);
    }
    return well && end(book, well);
}

/* ---- Opening ------------------------------------------------------------- */

static void
make_folder(const char *path, mode_t mode)
{
    if (mkdir(path, mode) != 0 && errno != EEXIST) {
        die(EX_CANTCREAT, "cannot make the folder %s:", path);
    }
}

/* Grades and names are nobody else's business: the folder is closed. */
static void
make_folders(const char *out)
{
    char *const records = text_format("%s/records", out);
    char *const submissions = text_format("%s/submissions", out);
    make_folder(out, 0700);
    make_folder(records, 0700);
    make_folder(submissions, 0700);
    free(records);
    free(submissions);
}

static int
take_lock(const char *out)
{
    char *const path = text_format("%s/.lock", out);
    const int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0) {
        die(EX_CANTCREAT, "cannot write %s:", path);
    }
    if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
        die(EX_TEMPFAIL,
            "another vmgrade is working in %s; wait for it, or stop it", out);
    }
    free(path);
    return lock;
}

/* Records that were complete when a run was killed before it had noted them.
 * What they say of trouble is old: another run may have graded it since. */
static void
take_orphans(struct gradebook *book)
{
    char *const folder = text_format("%s/records", book->out);
    struct dirent **found;
    const int count = scandir(folder, &found, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        const char *const key = found[i]->d_name;
        sqlite3_stmt *const known = gradebook_prepare(
            book, "SELECT 1 FROM grade WHERE job = ?", "t", key);
        const bool is_known = sqlite3_step(known) == SQLITE_ROW;
        sqlite3_finalize(known);
        struct job job;
        if (!is_known && key[0] != '.' && job_read(&job, book->out, key)) {
            job_accept_output(book->out, key);
            json_t *const record = job_record(book->out, key);
            if (record != NULL) {
                take(book, &job, record, 0, false);
                json_decref(record);
            }
            job_free(&job);
        }
        free(found[i]);
    }
    if (count >= 0) {
        free(found);
    }
    free(folder);
}

struct gradebook *
gradebook_open(const char *out, enum gradebook_use use)
{
    struct gradebook *const book = xcalloc(1, sizeof *book);
    char *const path = text_format("%s/gradebook.db", out);
    book->out = xstrdup(out);
    book->lock = -1;
    if (use == GRADEBOOK_MAKE) {
        make_folders(out);
    } else if (access(path, R_OK) != 0) {
        die(EX_NOINPUT,
            "there is no gradebook in %s; vmgrade batch FOLDER --out %s makes "
            "one:",
            out, out);
    }
    if (use != GRADEBOOK_READ) {
        book->lock = take_lock(out);
    }
    /* Reading needs to write, too: what a killed run left is put in order. */
    if (sqlite3_open_v2(path, &book->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                        NULL) != SQLITE_OK ||
        sqlite3_busy_timeout(book->db, BUSY_MS) != SQLITE_OK ||
        sqlite3_exec(book->db,
                     "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;",
                     NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(book->db, schema, NULL, NULL, NULL) != SQLITE_OK) {
        die(EX_CANTCREAT, "%s: %s", path, sqlite3_errmsg(book->db));
    }
    if (use != GRADEBOOK_READ) {
        take_orphans(book);
    }
    free(path);
    return book;
}

void
gradebook_close(struct gradebook *book)
{
    sqlite3_close(book->db);
    if (book->lock >= 0) {
        close(book->lock);
    }
    free(book->out);
    free(book);
}
