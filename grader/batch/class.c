#include "batch/class.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "batch/kept.h"
#include "die.h"
#include "report_files.h"

enum { TRIES = 2, TICK_MS = 1000, LOG_BYTES = 1 << 20, WHY_BYTES = 300 };

/* ---- Tasks --------------------------------------------------------------- */

struct task *
tasks_add(struct task **tasks, size_t *count, const char *digest,
          const char *name)
{
    size_t i = 0;
    while (i < *count && strcmp((*tasks)[i].digest, digest) != 0) {
        i++;
    }
    if (i == *count) {
        *tasks = xrealloc(*tasks, (*count + 1) * sizeof **tasks);
        (*tasks)[(*count)++] = (struct task){.digest = xstrdup(digest)};
    }
    strings_add(&(*tasks)[i].names, name);
    return &(*tasks)[i];
}

void
tasks_free(struct task *tasks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(tasks[i].digest);
        strings_free(&tasks[i].names);
    }
    free(tasks);
}

/* ---- What is to be done -------------------------------------------------- */

/* A grading that waits, runs or is over. */
struct grading {
    const struct task *task;
    struct job job;
    unsigned tries;
};

struct course {
    struct gradebook *book;
    const struct class_options *options;
    struct board *board;
    struct workers *workers;
    struct grading *gradings; /* in the order in which they begin; one that   */
    size_t count, next;       /* is repeated is added at the end              */
    struct class_outcome outcome;
};

/* The stages of the submission that have no grade yet; none: an empty job. */
static struct job
job_for(const struct course *course, const char *digest)
{
    const struct class_options *const options = course->options;
    const bool again = options->again;
    struct job job =
        job_create(digest, options->seed,
                   again ? gradebook_again(course->book, digest) + 1 : 0);
    for (size_t i = 0; i < options->stages.count; i++) {
        const char *const stage = options->stages.item[i];
        const char *const kit = options->kits.item[i];
        if (again || !gradebook_use_grade(course->book, digest, stage, kit,
                                          options->seed)) {
            job_add_stage(&job, stage, kit);
        }
    }
    job_seal(&job);
    return job;
}

static void
add_grading(struct course *course, const struct task *task, struct job job,
            unsigned tries)
{
    course->gradings = xrealloc(course->gradings,
                                (course->count + 1) * sizeof *course->gradings);
    course->gradings[course->count++] = (struct grading){task, job, tries};
}

static void
plan(struct course *course, const struct task *tasks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct job job = job_for(course, tasks[i].digest);
        if (job.stages.count > 0) {
            add_grading(course, &tasks[i], job, 0);
        } else {
            job_free(&job);
            course->outcome.reused++;
        }
    }
}

/* ---- Beginning one ------------------------------------------------------- */

static void
show_rows(const struct course *course, const struct task *task)
{
    for (size_t i = 0; i < task->names.count; i++) {
        board_row(course->board, course->book, task->names.item[i],
                  task->digest);
    }
}

static void
is_ungraded(struct course *course, const struct grading *grading,
            const char *why)
{
    gradebook_note_trouble(course->book, &grading->job, why);
    course->outcome.ungraded++;
    board_step(course->board, false);
    show_rows(course, grading->task);
    board_say(course->board, "  %s: ungraded: %s", grading->task->names.item[0],
              why);
}

/* The stages of the job that the record, which may be NULL, does not have. */
static struct job
rest_of(const struct job *job, const json_t *record)
{
    struct job rest = job_create(job->digest, job->seed, job->again);
    for (size_t i = 0; i < job->stages.count; i++) {
        bool graded = false;
        const json_t *stage;
        size_t j;
        json_array_foreach(json_object_get(record, "stages"), j, stage)
        {
            const char *name, *status;
            graded =
                graded || (json_unpack((json_t *)stage, "{s:s, s:s}", "name",
                                       &name, "status", &status) == 0 &&
                           strcmp(name, job->stages.item[i]) == 0 &&
                           strcmp(status, "ungraded") != 0);
        }
        if (!graded) {
            job_add_stage(&rest, job->stages.item[i], job->kits.item[i]);
        }
    }
    job_seal(&rest);
    return rest;
}

/* Trouble that another try may not have; `why` is freed. */
static void
fails(struct course *course, size_t number, const json_t *record, char *why)
{
    const struct grading *const grading = &course->gradings[number];
    if (grading->tries + 1 < TRIES) {
        add_grading(course, grading->task, rest_of(&grading->job, record),
                    grading->tries + 1);
    } else {
        is_ungraded(course, grading, why);
    }
    free(why);
}

static bool
has_submission(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

static void
begin(struct course *course, size_t number)
{
    const struct class_options *const options = course->options;
    const struct grading *const grading = &course->gradings[number];
    const char *const out = course->book->out;
    char *const submission =
        text_format("%s/submissions/%s", out, grading->job.digest);
    char *const folder = job_folder(out, grading->job.key);
    char *const log = text_format("%s/log.txt", folder);
    char *const record = text_format("%s/result.json", folder);
    char *const output = engine_prints_record(options->engine.engine)
                             ? text_format("%s/output.json", folder)
                             : NULL;
    struct strings argv = {0};
    /* One that is there says that the grader had trouble with all of it. */
    (void)unlink(record);
    if (!has_submission(submission)) {
        fails(course, number, NULL,
              text_format("cannot read %s: %s", submission, strerror(errno)));
    } else if (job_write(&grading->job, out) != 0) {
        fails(course, number, NULL,
              text_format("cannot write to %s: %s", folder, strerror(errno)));
    } else {
        engine_command(&options->engine, &grading->job, submission, folder,
                       &argv);
        if (workers_start(course->workers, argv.item, log, output, number)) {
            course->outcome.gradings++;
        } else {
            fails(course, number, NULL,
                  text_format("cannot start a process: %s", strerror(errno)));
        }
    }
    strings_free(&argv);
    free(submission);
    free(folder);
    free(log);
    free(record);
    free(output);
}

/* ---- Ending one ---------------------------------------------------------- */

/* The last line of the log that is not empty, or "". */
static char *
last_words(const char *out, const struct job *job)
{
    char *const folder = job_folder(out, job->key);
    char *const path = text_format("%s/log.txt", folder);
    size_t length = 0;
    char *const log = text_read_file(path, LOG_BYTES, &length);
    while (length > 0 && (log[length - 1] == '\n' || log[length - 1] == ' ')) {
        log[--length] = '\0';
    }
    const char *const line = log == NULL ? ""
                             : strrchr(log, '\n') != NULL
                                 ? strrchr(log, '\n') + 1
                                 : log;
    char *const words = text_clean(line, strlen(line), WHY_BYTES);
    free(log);
    free(path);
    free(folder);
    return words;
}

static char *
why_no_record(const struct course *course, const struct grading *grading,
              const struct ended *ended)
{
    char *const words = last_words(course->book->out, &grading->job);
    const char *const says = words[0] != '\0' ? ": " : "";
    char *const why =
        ended->timed_out
            ? text_format("the grader did not come to an end%s%s", says, words)
        : WIFSIGNALED(ended->status)
            ? text_format("the grader was killed by signal %d%s%s",
                          WTERMSIG(ended->status), says, words)
            : text_format("the grader left no record (status %d)%s%s",
                          WEXITSTATUS(ended->status), says, words);
    free(words);
    return why;
}

/* The first trouble that a record speaks of. */
static char *
why_in_record(const json_t *record)
{
    const char *stage, *message;
    const json_t *const first =
        json_array_get(json_object_get(record, "trouble"), 0);
    if (json_unpack((json_t *)first, "{s:s, s:s}", "stage", &stage, "message",
                    &message) != 0) {
        return xstrdup("the record does not have every stage");
    }
    return text_format("%s: %s", stage, message);
}

/* What a grading on this machine writes itself.  A record that this kit cannot
 * read, for the image is of another, has the report in log.txt alone. */
static void
write_reports(const struct course *course, const struct job *job,
              const json_t *record)
{
    const struct report_options options = {
        .kit_version = VMLAB_VERSION,
        .hidden = SHOW_EVERYTHING,
        .hint = report_hint,
    };
    char *why = NULL;
    char *const folder = job_folder(course->book->out, job->key);
    struct result *const result =
        record_read(record, &course->options->reports, &why);
    if (result != NULL && report_files_write(result, &options, folder) != 0) {
        warn_user("cannot write reports to %s:", folder);
    }
    result_free(result);
    free(folder);
    free(why);
}

static void
end(struct course *course, const struct ended *ended)
{
    const size_t number = ended->job;
    const struct grading *const grading = &course->gradings[number];
    if (engine_prints_record(course->options->engine.engine)) {
        job_accept_output(course->book->out, grading->job.key);
    }
    json_t *const record = job_record(course->book->out, grading->job.key);
    if (record == NULL) {
        fails(course, number, NULL, why_no_record(course, grading, ended));
        return;
    }
    if (engine_prints_record(course->options->engine.engine)) {
        write_reports(course, &grading->job, record);
    }
    if (!gradebook_take(course->book, &grading->job, record, ended->seconds)) {
        /* The record is there: the next run takes it in. */
        is_ungraded(course, grading,
                    "the gradebook cannot be written; the record is kept, run "
                    "the same again");
    } else {
        struct job rest = rest_of(&grading->job, record);
        if (rest.stages.count > 0) {
            fails(course, number, record, why_in_record(record));
        } else {
            course->outcome.graded++;
            board_step(course->board, true);
            show_rows(course, grading->task);
        }
        job_free(&rest);
    }
    json_decref(record);
}

/* ---- All ----------------------------------------------------------------- */

static void
work(struct course *course)
{
    struct workers *const workers = course->workers;
    while (course->next < course->count || workers->busy > 0) {
        while (course->next < course->count && workers->busy < workers->count) {
            begin(course, course->next++);
        }
        struct ended ended;
        switch (workers_wait(workers, TICK_MS, &ended)) {
        case WORKERS_ENDED:
            end(course, &ended);
            break;
        case WORKERS_TICK:
            break;
        case WORKERS_SIGNAL:
            course->outcome.stopped = true;
            return;
        }
        board_bar(course->board);
    }
}

struct class_outcome
class_grade(struct gradebook *book, struct task *tasks, size_t count,
            const struct class_options *options, struct workers *workers,
            struct board *board)
{
    struct course course = {
        .book = book,
        .options = options,
        .board = board,
        .workers = workers,
    };
    const double began = workers_now();
    plan(&course, tasks, count);
    if (course.count > 0) {
        board_begin(board, course.count);
    }
    work(&course);
    board_clear(board);
    if (course.outcome.stopped) {
        workers_stop(workers);
    }
    for (size_t i = 0; i < course.count; i++) {
        job_free(&course.gradings[i].job);
    }
    free(course.gradings);
    course.outcome.seconds = workers_now() - began;
    return course.outcome;
}
