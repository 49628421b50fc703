/*
 * class_options.h - what `vmgrade batch` and `vmgrade regrade` have in common:
 * their options, the preparation and the closing lines.
 */
#ifndef VMLAB_CLASS_OPTIONS_H
#define VMLAB_CLASS_OPTIONS_H

#include <argp.h>

#include "batch/class.h"
#include "catalogue.h"

struct class_arguments {
    const char *out;
    struct strings stages;
    size_t jobs;
    bool seed_given, allow_weak, quiet;
    uint64_t seed;
    enum engine engine;
    const char *image;
    const char *grader; /* tests name another one                             */
};

/* A child parser whose input is a struct class_arguments. */
extern const struct argp class_argp;

/* Everything a run needs; fields that are not named here are for class.h. */
struct class_run {
    struct catalogue *catalogue;
    struct gradebook *book;
    struct class_options options;
    struct workers workers;
    struct board board;
};

/* Looks at the kit and the machine, and opens the gradebook; or die().  The run
 * stays where it is. */
void class_prepare(struct class_run *run,
                   const struct class_arguments *arguments,
                   enum gradebook_use use);

/* Grades the tasks, says what came of it, writes the page of the class, and
 * returns the exit status.  A signal that stopped it ends the program. */
int class_finish(struct class_run *run, struct task *tasks, size_t count,
                 size_t not_taken);

#endif
