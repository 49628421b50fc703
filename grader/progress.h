/*
 * progress.h - one line on a terminal that says what is being done; nothing in
 * a pipe.
 */
#ifndef VMLAB_PROGRESS_H
#define VMLAB_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct progress {
    FILE *out; /* NULL: nobody is watching                                    */
    const char *submission;
    size_t number, count;
};

/* Progress on `out` when it is a terminal and not `quiet`. */
struct progress progress_on(FILE *out, bool quiet);

/* Which submission, of how many, is being worked on. */
void progress_submission(struct progress *progress, const char *name,
                         size_t number, size_t count);

/* A step begins: pipeline.h's callback; `context` is the struct progress. */
void progress_step(const char *stage, const char *step, void *context);

/* Takes the line away, before something else is printed.  A signal that ends the
 * program takes it away, too. */
void progress_clear(struct progress *progress);

#endif
