/*
 * score.h - points of a stage, from what is known of it.
 *
 * Nothing here measures, rounds or remembers: the same result gives the same
 * score.  With the rules of the catalogue (their defaults in brackets):
 *
 *   tests     [60]  x points of passed tests / points of all tests
 *   memory    [10]  x tests passed and clean under memcheck / all tests
 *   bugs      [20]  x bugs caught by own tests / all bugs
 *   coverage  [10]  x quality x tests passed / all tests
 *
 *   quality = 1/2 min(1, lines % / full_lines) +
 *             1/2 min(1, branches % / full_branches)
 *
 * where "tests" are hidden tests and "bugs" bugs, both of the must part.  What
 * "all" is comes from the rubric and the bank, never from the result, so that a
 * record that is missing cannot raise a score.  A module without branches has
 * covered them all; coverage that was not measured is 0.  Public tests never
 * count.
 *
 * The bonus part has points of its own: those of its hidden tests that passed,
 * one for each of its bugs that own tests catch, and, where the rubric has a
 * cost, for space and for instructions the rubric's points x the share that the
 * figure deserves (cost.h) x tests of the must part passed / all of them.
 */
#ifndef VMLAB_SCORE_H
#define VMLAB_SCORE_H

#include <stdbool.h>

#include "bank.h"
#include "catalogue.h"
#include "result.h"
#include "rubric.h"

/* The score of a stage.  An ungraded stage, or one with a hidden test that has
 * no verdict, has none: all fields are zero, the maxima too. */
struct stage_score score_stage(const struct stage_result *stage,
                               const struct catalogue *catalogue,
                               const struct rubric *rubric,
                               const struct bank *bank);

/* Whether there is one. */
bool score_exists(const struct stage_score *score);

/* The score of a course: that of the must parts, weighted, of 100.  None when a
 * stage has none. */
struct points score_course(const struct result *result);

/* From 0 to 1: how far own tests reach into the module. */
double score_coverage(const struct coverage *coverage,
                      const struct score_rules *rules);

#endif
