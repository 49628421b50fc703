/*
 * standings.h - what each student has now: of all attempts the best, or the
 * last.
 */
#ifndef VMLAB_STANDINGS_H
#define VMLAB_STANDINGS_H

#include "batch/gradebook.h"
#include "result.h"

enum which {
    WHICH_BEST, /* of each stage, the attempt with the most points            */
    WHICH_LAST, /* of each stage, the last attempt that holds it              */
};
/* Returns whether there is one of that name. */
bool which_of_name(const char *name, enum which *which);

struct stage_standing {
    char *status; /* "graded", "refused", ...; "ungraded": trouble of the     */
                  /* grader; NULL: nothing was handed in                      */
    struct points must, bonus;
    unsigned attempt; /* that counts, from 1                                  */
    bool late;        /* ... says the platform                                */
    char *digest;     /* of that attempt                                      */
    char *job;        /* whose record has it                                  */
    int64_t grade;    /* row of the gradebook; 0: none                        */
};

struct standing {
    struct student student;
    unsigned attempts;
    struct stage_standing *stages;
    bool has_total; /* nothing that counts is ungraded                        */
    double total;   /* of 100, weighted                                       */
};

struct standings {
    struct strings names, titles; /* of the stages                            */
    double *weights;
    struct standing *students; /* by name, or key where there is none         */
    size_t count;
};

/* Stages that nobody was ever graded in are left out. */
struct standings *standings_read(struct gradebook *book, enum which which);
void standings_free(struct standings *standings);

/* What the student is called in lists: the name, or the key. */
const char *standing_name(const struct standing *standing);

/* The student that is meant: by key, e-mail, numbers, name, or a part of key or
 * name that only one has.  NULL when there is none; `*several` says whether
 * there are too many. */
const struct standing *standings_find(const struct standings *standings,
                                      const char *text, bool *several);

#endif
