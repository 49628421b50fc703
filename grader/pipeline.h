/*
 * pipeline.h - the way of a submission: intake, then for each stage build,
 * gate, subjects, judge, memory, own tests, score (GRADING in the README).
 *
 * One direction: each step fills in its part of the record (result.h) and no
 * step calls back.  vmgrade and `vmlab check` are the same pipeline with other
 * options.
 */
#ifndef VMLAB_PIPELINE_H
#define VMLAB_PIPELINE_H

#include <stdbool.h>

#include "kit.h"
#include "result.h"

/* Module and own tests run at one time and must not reach each other. */
enum { PIPELINE_SLOTS = 3 };

struct pipeline {
    const struct kit *kit;
    const char *const *stages; /* names, NULL-terminated; NULL: all           */
    uint64_t seed;             /* the course's                                */
    const char *only;          /* one judge test by its id, or NULL           */
    bool public_only;          /* leave hidden tests alone                    */
    bool memory;               /* the tests that passed again under memcheck  */
    bool own_tests;            /* run them on their own module, with coverage */
    bool bank;                 /* ... and on the right ones and the bugs      */
    bool hide_ignored;         /* do not list what the intake left out        */
    bool keep_work;            /* leave the work folder, and say where        */
    unsigned slot;             /* the first of PIPELINE_SLOTS (sandbox.h)     */
    /* Told when a step begins, for progress; may be NULL. */
    void (*step)(const char *stage, const char *step, void *context);
    void *context;
};

/* What a submission goes by: "alice" of "/x/alice.tar.gz", of "alice/", and of
 * "." in a folder alice.  To be freed. */
char *pipeline_name(const char *path);

/* Whether the name ends as that of an archive does. */
bool pipeline_is_archive(const char *name);

/* Grades what is at `submission`: a folder, an archive or a file M.c.  What is
 * wrong with it is in the record; trouble of the host is die(). */
struct result *pipeline_run(const struct pipeline *pipeline,
                            const char *submission);

#endif
