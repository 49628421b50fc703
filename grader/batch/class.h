/*
 * class.h - grades what the gradebook does not have yet of a class.
 *
 * What is graded is a list of submissions; which stages of each need to be is
 * found out here.  Each grading is one job (job.h) in one process (engine.h);
 * several run beside each other (workers.h).  A grading that fails through
 * trouble of the grader is repeated once, after all the others.
 *
 * Killed at any moment, nothing that was finished is lost or done again: a
 * record is there whole or not at all, and the gradebook either has it or finds
 * it when it is opened next.
 */
#ifndef VMLAB_CLASS_H
#define VMLAB_CLASS_H

#include "batch/board.h"
#include "batch/engine.h"
#include "batch/gradebook.h"
#include "batch/workers.h"
#include "record.h"

/* One submission, of one student or several with the same work. */
struct task {
    char *digest;
    struct strings names; /* of the students, fit to be shown                 */
};

/* What grades, the same for all. */
struct class_options {
    struct engine_options engine;
    struct strings stages; /* to be graded                                    */
    struct strings kits;   /* with which kit, each                            */
    uint64_t seed;
    /* Where gradings leave a record alone: with what reports are made of it. */
    struct record_kit reports;
    size_t jobs; /* at one time                                              */
    bool again;  /* even what is graded already                              */
};

struct class_outcome {
    size_t graded;   /* submissions, in this run                              */
    size_t reused;   /* that the gradebook had                                */
    size_t ungraded; /* through trouble of the grader                         */
    size_t gradings; /* processes that were started                           */
    bool stopped;    /* by a signal: workers_finish() dies of it              */
    double seconds;
};

/* The task of that digest, made if there is none yet, for one more student. */
struct task *tasks_add(struct task **tasks, size_t *count, const char *digest,
                       const char *name);
void tasks_free(struct task *tasks, size_t count);

/* Grades.  `workers` is made by the caller, who finishes it when everything is
 * put in order. */
struct class_outcome class_grade(struct gradebook *book, struct task *tasks,
                                 size_t count,
                                 const struct class_options *options,
                                 struct workers *workers, struct board *board);

#endif
