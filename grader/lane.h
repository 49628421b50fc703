/*
 * lane.h - what the steps of a stage share.
 *
 * A stage has two lanes that run side by side, because a machine has more than
 * one processor and a step rarely has work for all of them all the time: that of
 * the module (module_lane.c) and that of the student's own tests (own_lane.c).
 * Each writes fields of the record that the other leaves alone, runs its
 * programs as users of its own, and keeps its trouble to itself until both are
 * over.
 */
#ifndef VMLAB_LANE_H
#define VMLAB_LANE_H

#include <time.h>

#include "build.h"
#include "pipeline.h"
#include "subjects.h"
#include "text.h"

/* One stage of one submission. */
struct grading {
    const struct pipeline *pipeline;
    const struct kit_stage *stage;
    const char *work;    /* a folder of this stage's own                      */
    const char *records; /* one that no step can reach                        */
    struct stage_result *result;
    const char *module, *tests; /* the student's files, or NULL               */
    char *source;               /* the module's name, "segment.c"             */

    /* What the builds make, and no step changes; NULL: there is none. */
    char *plain;    /* a subject program                                      */
    char *coverage; /* the same, which counts its lines into the folder       */
    char *coverage_folder;
    char *replay;
    bool keeps_variables; /* of its own, from one call to the next            */
    char *tester;         /* the program of own tests                         */
};

struct lane {
    struct grading *grading;
    unsigned slot; /* of its steps (sandbox/sandbox.h)                        */
    char *trouble; /* of the grader, or NULL                                  */
    struct step_time *times;
    size_t time_count;
    struct timespec step_began;
};

/* A step in which the grader itself fails: the stage is then ungraded, whatever
 * else is known.  `why` is taken over. */
void lane_trouble(struct lane *lane, char *why);

/* Around a step. */
void lane_begin(struct lane *lane, const char *step);
void lane_end(struct lane *lane, const char *step);

/* Makes a folder for a step; returns its path, to be freed. */
char *lane_folder(const struct lane *lane, const char *name);

/* Compiles a file of the student's; false: it does not compile. */
bool lane_build(const struct lane *lane, const char *source, const char *name,
                const char *folder, bool coverage, struct build_result *built);

/* Moves the findings of a build to the list, or its trouble to the lane. */
void lane_take_findings(struct finding **list, size_t *count,
                        struct build_result *built);
void lane_take_trouble(struct lane *lane, struct build_result *built);

const char *const *names_of(const struct strings *list);

/* ---- Subjects ------------------------------------------------------------ */

/* A request together with what it points to. */
struct module_subject {
    struct subject_request request;
    struct sandbox sandbox;
    struct strings argv;
    struct strings environment;
};

/* A program that may be run in the step's sandbox; the caller adds the rest. */
struct module_subject *lane_subject(const struct lane *lane,
                                    enum sandbox_step step,
                                    const char *program);
/* A program as it is, under the filter of subjects. */
struct module_subject *lane_plain_subject(const struct lane *lane,
                                          const char *program);
void lane_free_subject(struct module_subject *subject);

/* ---- The lanes ----------------------------------------------------------- */

/* Build the student's file; its programs are then in the grading, or the record
 * says why not. */
void module_lane_build(struct lane *lane);
void own_lane_build(struct lane *lane);

/* When both are built.  Judges the module, checks its memory, measures its
 * cost. */
void module_lane_run(struct lane *lane);
/* Runs own tests on the module, on right ones and on bugs. */
void own_lane_run(struct lane *lane);

#endif
