/*
 * catalogue.h - the stages of the course: order, prerequisites, weights and
 * limits, as grader/catalogue.yaml gives them.
 *
 * The catalogue is the one place for a number that a course may want to change;
 * everything else of the grader is handed the struct.
 */
#ifndef VMLAB_CATALOGUE_H
#define VMLAB_CATALOGUE_H

#include <stddef.h>
#include <stdint.h>

#include "text.h"

/* Points of the must part of a stage, which sum to 100, and from what percent
 * on coverage is full. */
struct score_rules {
    double tests;
    double memory;
    double bugs;
    double coverage;
    double full_lines;
    double full_branches;
};

struct stage {
    char *name; /* folder, file name and key: [a-z][a-z0-9_]*           */
    char *title;
    char **builds_on; /* names of earlier stages, served by references     */
    unsigned builds_on_count;
    double weight;       /* of this stage in the course's total            */
    unsigned cpu_ms;     /* processor time of one test                     */
    unsigned memory_mib; /* address space of the module                    */
    char **allow;        /* symbols that its object may leave undefined    */
    unsigned allow_count;
};

struct catalogue {
    char *kit;
    uint64_t seed;
    struct score_rules score;
    struct stage *stages; /* in the order in which they are learnt */
    unsigned stage_count;
};

/* Reads and checks the catalogue.  A valid one is returned, to be freed with
 * catalogue_free; otherwise NULL, with every problem added to `errors` as
 * "PATH:LINE: what to do". */
struct catalogue *catalogue_read(const char *path, struct strings *errors);

/* The same, but problems are printed and end the program (EX_CONFIG). */
struct catalogue *catalogue_load(const char *path);

void catalogue_free(struct catalogue *catalogue);

/* The stage of that name, or NULL. */
const struct stage *catalogue_stage(const struct catalogue *catalogue,
                                    const char *name);

#endif
